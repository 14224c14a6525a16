"""What the Gaussian-RBF regressor and classifier share, but for the fit."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from numbers import Integral, Real

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .._array import array_namespace
from .._estimator import Estimator
from .._rank import constraints
from .._sklearn import Interval, StrOptions
from .._validation import (
    check_overflow,
    refuses_overflow,
    validate_scores,
    validate_X,
)
from ..linalg._rbf import gaussian, input_gradients, row_blocks
from ._preparation import Scales


class GaussianRBF(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, Estimator, metaclass=ABCMeta
):
    """A network of Gaussian basis functions that share a learned precision matrix.

    A concrete class says what the outputs are, and with which loss they are fitted.
    """

    _parameter_constraints: dict = {
        "n_centers": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "centers": [StrOptions({"kmeans", "random"}), "array-like"],
        "learn_centers": ["boolean"],
        "rank": [Interval(Integral, 1, None, closed="left"), None],
        "alpha_precision": [
            Interval(Real, 0, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "alpha_weights": [
            Interval(Real, 0, None, closed="neither"),
            StrOptions({"auto"}),
        ],
        "alpha_centers": [Interval(Real, 0, None, closed="left")],
        "penalty": [StrOptions({"squared", "norm"})],
        "solver": [StrOptions({"varpro", "lbfgs", "adam"})],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "n_restarts": [Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "n_components": constraints("gap"),
        "importance": [StrOptions({"eigen", "diagonal", "gradient"})],
        "standardize": ["boolean"],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    @abstractmethod
    def _loss(self, n_outputs):
        """Loss of so many outputs."""

    def _output_scales(self, grouped):
        """Scales in which the loss takes the responses."""
        n_outputs = grouped.Y.shape[1]
        return Scales(np.zeros(n_outputs), np.ones(n_outputs), None)

    def _needed(self, Y):
        """Numbers of rows that a fit cannot do without."""
        return np.zeros(0, dtype=np.int64)

    def _outputs(self, X, method):
        """Evaluate the network at rows as users pass them, in float64."""
        check_is_fitted(self, "centers_")
        X, xp = validate_X(self, X, reset=False, fitted=self.centers_, method=method)
        U = self._standardised(self.centers_) @ self.cholesky_
        parts = []
        with np.errstate(over="ignore", invalid="ignore"):
            for block in row_blocks(X.shape[0], U.shape[0], X):
                rows = self._standardised(xp.astype(X[block, :], xp.float64))
                Phi = gaussian(rows @ self.cholesky_, U)
                parts.append(Phi @ self.dual_coef_ + self.intercept_)
        return check_overflow(xp.concat(parts, axis=0), self, method), X

    def _standardised(self, X):
        return X / self.scale_ - self.mean_ / self.scale_

    @refuses_overflow
    def input_gradients(self, X):
        """Differentiate the outputs by the features.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Where, in the array library of the training data.

        Returns
        -------
        gradients : array of shape (n_samples, n_outputs, n_features)
            In units of the outputs (logits, for classes) per unit of X.
        """
        check_is_fitted(self, "centers_")
        X, xp = validate_X(
            self, X, reset=False, fitted=self.centers_, method="input_gradients"
        )
        U = self._standardised(self.centers_) @ self.cholesky_
        parts = []
        for block in row_blocks(X.shape[0], U.shape[0], X):
            Z = self._standardised(xp.astype(X[block, :], xp.float64)) @ self.cholesky_
            each = input_gradients(Z, U, self.cholesky_, self.dual_coef_)
            parts.append(xp.stack([g / self.scale_ for g in each], axis=1))
        return xp.astype(xp.concat(parts, axis=0), X.dtype)

    @refuses_overflow
    def transform(self, X):
        """Project rows on the active subspace.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, in the array library of the training data.

        Returns
        -------
        X_new : array of shape (n_samples, n_components)
            ``(X - mean_) @ components_.T``.
        """
        check_is_fitted(self, "components_")
        X, xp = validate_X(
            self, X, reset=False, fitted=self.components_, method="transform"
        )
        scores = (xp.astype(X, xp.float64) - self.mean_) @ self.components_.T
        return xp.astype(scores, X.dtype)

    @refuses_overflow
    def inverse_transform(self, X):
        """Rows with given scores, and nothing in the directions left out.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components)
            Scores, as `transform` gives them.

        Returns
        -------
        X_original : array of shape (n_samples, n_features)
            Scores of the result are `X` again.
        """
        X = validate_scores(self, X)
        xp = array_namespace(X)
        rows = xp.astype(X, xp.float64) @ (self.components_ * self.scale_)
        return xp.astype(rows * self.scale_ + self.mean_, X.dtype)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.array_api_support = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
