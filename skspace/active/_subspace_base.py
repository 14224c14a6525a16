"""What estimators share that find the axes of a mean outer product of gradients."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .._array import array_namespace, to_numpy
from .._estimator import Estimator
from .._validation import refuses_overflow, validate_scores, validate_X
from ..linalg._gradient_moments import activity_scores, leading_axes

RANK = 1e-12
"""Eigenvalues below this share of the largest are zero."""


def axes_and_rank(matrix):
    """Eigenvalues, eigenvectors, and the numerical rank."""
    values, axes = leading_axes(matrix)
    host = to_numpy(values)
    return values, axes, int(np.sum(host > RANK * host[0]))


class SubspaceTransformer(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, Estimator, metaclass=ABCMeta
):
    """Scores along axes that a fit stores with :meth:`_keep_axes`."""

    @abstractmethod
    def fit(self, X, y):
        """Find axes."""

    def _keep_axes(self, dtype, found, values, axes, kept):
        """Store the first `kept` axes, and importances of the features by them.

        Parameters
        ----------
        dtype : dtype
            Of what is stored, but for eigenvalues and their matrix.
        found : MeanOuter
        values : array of shape (n_features,)
        axes : array of shape (n_features, n_features)
        kept : int

        Returns
        -------
        importances : array of shape (n_features,), float64
        """
        xp = array_namespace(values)
        V = axes[:, :kept]
        scale = xp.where(found.scale > 0, found.scale, xp.ones_like(found.scale))
        shares = activity_scores(values[:kept], V)
        self.components_ = xp.astype(xp.matrix_transpose(V), dtype)
        self.scale_ = xp.astype(scale, dtype)
        self.mean_ = xp.astype(found.mean, dtype)
        # Squares of slopes leave the range of float32.
        self.eigenvalues_, self.gradient_covariance_ = values, found.matrix
        self.feature_importances_ = xp.astype(shares, dtype)
        self.n_components_ = self._n_features_out = kept
        return shares

    @refuses_overflow
    def transform(self, X):
        """Project rows on the directions.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, in the array library of the training data.

        Returns
        -------
        X_new : array of shape (n_samples, n_components)
            ``(X - mean_) / scale_ @ components_.T``.
        """
        check_is_fitted(self, "components_")
        X, xp = validate_X(
            self, X, reset=False, fitted=self.components_, method="transform"
        )
        mean, scale, components = (
            xp.astype(a, X.dtype) for a in (self.mean_, self.scale_, self.components_)
        )
        return (X - mean) / scale @ xp.matrix_transpose(components)

    @refuses_overflow
    def inverse_transform(self, X):
        """Place scores in the space of the features, inactive directions at the mean.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components)
            Scores.

        Returns
        -------
        X_original : array of shape (n_samples, n_features)
            Rows whose scores are `X` again.
        """
        X = validate_scores(self, X)
        xp = array_namespace(X)
        mean, scale, components = (
            xp.astype(a, X.dtype) for a in (self.mean_, self.scale_, self.components_)
        )
        return (X @ components) * scale + mean

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
