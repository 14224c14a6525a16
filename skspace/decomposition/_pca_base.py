"""What replacements of principal component analysis share."""

from __future__ import annotations

import math
from abc import ABCMeta, abstractmethod
from numbers import Integral

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin

from .._array import array_namespace
from .._estimator import Estimator
from .._sklearn import Interval, RealNotInt

NUMBERS = [
    Interval(Integral, 1, None, closed="left"),
    Interval(RealNotInt, 0, 1, closed="neither"),
    None,
]
"""What ``n_components`` may be in every one of them."""


class PrincipalComponents(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, Estimator, metaclass=ABCMeta
):
    """A map to principal components, which a concrete class finds in its own way."""

    @abstractmethod
    def fit(self, X, y=None):
        """Find components."""

    @property
    def _n_features_out(self):
        return self.n_components_

    def _scale(self, n_samples):
        """Return standard deviations of the coordinates, 1 where they do not vary."""
        xp = array_namespace(self.singular_values_)
        deviation = self.singular_values_ / math.sqrt(n_samples - 1)
        return xp.where(deviation > 0, deviation, xp.ones_like(deviation))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.array_api_support = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def check_number(n_components, n_samples, n_features):
    """Refuse more components than a table of this shape has."""
    most = min(n_samples, n_features)
    if isinstance(n_components, Integral) and n_components > most:
        raise ValueError(
            f"n_components={n_components} must be at most "
            f"min(n_samples, n_features)={most}; ask for fewer."
        )


def fewest(variances, total, share):
    """Count the first of the variances that hold more than a share of their total.

    As in PCA: the first that exceeds the share is kept too.
    """
    shares = np.cumsum(variances) / total
    return min(int(np.searchsorted(shares, share, side="right")) + 1, len(variances))
