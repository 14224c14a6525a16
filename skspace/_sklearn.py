"""The only file of skspace that imports private scikit-learn names.

Each of them is scikit-learn's own house style with no public spelling yet. When
one moves upstream, this is the file to mend.
"""

from __future__ import annotations

import contextlib
import functools

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    InvalidParameterError,
    RealNotInt,
    StrOptions,
    validate_parameter_constraints,
    validate_params,
)
from sklearn.utils.validation import _check_feature_names_in as check_feature_names_in

try:  # scikit-learn >= 1.9
    from sklearn.callback import CallbackSupportMixin

    HAS_CALLBACKS = True
except ImportError:  # pragma: no cover - exercised by the oldest-versions job

    class CallbackSupportMixin:
        """Stand-in before scikit-learn 1.9, which brought callbacks."""

    HAS_CALLBACKS = False


def callback_transport():
    """Return what carries messages of callbacks out of worker processes (1.9).

    A module with ``open_listener``, ``can_reuse_listener`` and ``send``.
    """
    from sklearn.callback import _transport

    return _transport


__all__ = [
    "HAS_CALLBACKS",
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "InvalidParameterError",
    "RealNotInt",
    "StrOptions",
    "callback_transport",
    "check_feature_names_in",
    "fit_context",
    "fit_context_of_meta_estimator",
    "interruptible",
    "partial_fit_context",
    "safe_indexing",
    "validate_parameter_constraints",
    "validate_params",
]


@contextlib.contextmanager
def interruptible():
    """Let Ctrl-C leave compiled code as what it is.

    Numba notices it as an exception that is set when a kernel returns, and raises
    SystemError with the KeyboardInterrupt behind it.
    """
    try:
        yield
    except SystemError as error:
        behind = error
        while behind is not None and not isinstance(behind, KeyboardInterrupt):
            behind = behind.__cause__ or behind.__context__
        if behind is None:
            raise
        raise KeyboardInterrupt from error


@contextlib.contextmanager
def refused_in_words():
    """Say of arithmetic that failed what it means: numbers no sum was made for."""
    try:
        yield
    except (ArithmeticError, np.linalg.LinAlgError) as error:
        raise ValueError(
            f"These numbers could not be computed with ({error}): they are too large, "
            "too small, or too different in size. Bring features to similar units, "
            "for example by StandardScaler, and y and weights to moderate ones."
        ) from error


def _transactional(fit, *, afresh=True):
    """Undo a fit that fails, and start it without what an earlier one found.

    An exception or Ctrl-C in the middle leaves an unfitted estimator unfitted and
    a fitted one as it was; either can be fitted again. A fit `afresh` that finishes
    leaves nothing of the fit before, whose attributes it need not set itself.
    """

    @functools.wraps(fit)
    def transaction(self, *args, **kwargs):
        before = dict(vars(self))
        try:
            for name in before if afresh else ():
                if name.endswith("_") and not name.startswith("_"):
                    del vars(self)[name]
            with interruptible(), refused_in_words():
                return fit(self, *args, **kwargs)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    return transaction


def fit_context(fit):
    """Validate parameters, tear callbacks down, and keep fits apart.

    Nothing of an earlier fit remains after a fit, nor anything of one that fails.
    """
    return _transactional(_fit_context(prefer_skip_nested_validation=True)(fit))


def partial_fit_context(partial_fit):
    """As :func:`fit_context`, for a method that builds on what earlier calls found."""
    validated = _fit_context(prefer_skip_nested_validation=True)(partial_fit)
    return _transactional(validated, afresh=False)


def fit_context_of_meta_estimator(fit):
    """As :func:`fit_context`, for estimators that hold other estimators."""
    return _transactional(_fit_context(prefer_skip_nested_validation=False)(fit))
