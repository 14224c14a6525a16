"""What every estimator of skspace is: versioned pickles, links, callbacks."""

from __future__ import annotations

import warnings

from sklearn.base import BaseEstimator
from sklearn.exceptions import InconsistentVersionWarning

from ._sklearn import CallbackSupportMixin
from ._version import __version__


class SkspaceVersionWarning(InconsistentVersionWarning):
    """An estimator was pickled by another version of skspace."""

    def __init__(self, *, estimator_name, current_version, original_version):
        self.current_version = current_version
        self.original_version = original_version
        super().__init__(
            estimator_name=estimator_name,
            current_sklearn_version=current_version,
            original_sklearn_version=original_version,
        )

    def __str__(self):
        return (
            f"{self.estimator_name} was pickled by skspace {self.original_version} and "
            f"is loaded by skspace {self.current_version}. Attributes may have "
            "changed their meaning in between; fit it again with this version."
        )


class Estimator(CallbackSupportMixin, BaseEstimator):
    """Base of all skspace estimators (put mixins to its left)."""

    _doc_link_module = "skspace"
    _doc_link_template = (
        "https://skspace.readthedocs.io/en/stable/api/generated/"
        "{estimator_module}.{estimator_name}.html"
    )

    def __getstate__(self):
        return {**super().__getstate__(), "_skspace_version": __version__}

    def __setstate__(self, state):
        state = dict(state)
        original = state.pop("_skspace_version", "unknown")
        if original != __version__:
            warnings.warn(
                SkspaceVersionWarning(
                    estimator_name=type(self).__name__,
                    current_version=__version__,
                    original_version=original,
                ),
                stacklevel=2,
            )
        super().__setstate__(state)
