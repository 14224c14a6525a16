"""The normal law that principal components and a noise level stand for."""

from __future__ import annotations

import math

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._array import array_namespace, asarray_like
from .._validation import validate_X


class NormalModel:
    """Covariance, precision and likelihood of a fitted principal component analysis.

    Reads ``components_``, ``explained_variance_``, ``noise_variance_``, ``mean_`` and
    ``n_components_``.
    """

    def get_covariance(self):
        """Estimated covariance: variances along the components, noise elsewhere.

        Returns
        -------
        covariance : array of shape (n_features, n_features)
            In squared units of X. The optimal one for the loss of ``shrinkage``.
        """
        check_is_fitted(self)
        V = self.components_
        beyond = self._variances() - self.noise_variance_
        return (V.T * beyond) @ V + self.noise_variance_ * self._identity()

    def get_precision(self):
        """Inverse of the estimated covariance.

        Returns
        -------
        precision : array of shape (n_features, n_features)
            In inverse squared units of X.

        Raises
        ------
        ValueError
            If the estimated covariance is singular: no noise, and directions without
            variance.
        """
        check_is_fitted(self)
        V, variances = self.components_, self._variances()
        self._check_regular(variances)
        if self.noise_variance_ == 0.0:
            return (V.T / variances) @ V
        lacking = 1.0 / self.noise_variance_ - 1.0 / variances
        return self._identity() / self.noise_variance_ - (V.T * lacking) @ V

    def score_samples(self, X):
        """Log-likelihood of each row under the normal law fitted.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows to judge.

        Returns
        -------
        log_likelihood : array of shape (n_samples,)
            With mean ``mean_`` and covariance ``get_covariance()``.

        Raises
        ------
        ValueError
            If the estimated covariance is singular.
        """
        check_is_fitted(self)
        X, xp = validate_X(
            self, X, reset=False, fitted=self.components_, method="score_samples"
        )
        variances = self._variances()
        self._check_regular(variances)
        centered = X - self.mean_
        coordinates = centered @ self.components_.T
        distance = xp.sum(coordinates * coordinates / variances, axis=1)
        log_det = float(xp.sum(xp.log(variances)))
        n_features = X.shape[1]
        n_rest = n_features - self.n_components_
        if n_rest:
            rest = centered - coordinates @ self.components_
            distance = distance + xp.sum(rest * rest, axis=1) / self.noise_variance_
            log_det += n_rest * math.log(self.noise_variance_)
        return -0.5 * (distance + n_features * math.log(2 * math.pi) + log_det)

    def score(self, X, y=None):
        """Mean log-likelihood of the rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows to judge.
        y : Ignored
            Not used, present for scikit-learn's conventions.

        Returns
        -------
        log_likelihood : float
            Mean of ``score_samples(X)``.
        """
        log_likelihood = self.score_samples(X)
        return float(array_namespace(log_likelihood).mean(log_likelihood))

    def _variances(self):
        """Variances along the components, nowhere less than the noise."""
        xp = array_namespace(self.explained_variance_)
        return xp.clip(self.explained_variance_, min=self.noise_variance_)

    def _identity(self):
        like = self.components_
        return asarray_like(np.eye(like.shape[1]), like)

    def _check_regular(self, variances):
        xp = array_namespace(variances)
        rest = self.components_.shape[1] - self.n_components_
        if (rest and self.noise_variance_ == 0.0) or not float(xp.min(variances)) > 0:
            raise ValueError(
                "The estimated covariance is singular: the noise variance is 0 and "
                "some directions have no variance. Pass noise_variance > 0."
            )
