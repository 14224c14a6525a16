"""What sufficient dimension reducers share: maps, validation, moments, fitting."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .._array import array_namespace, to_numpy
from .._estimator import Estimator
from .._rank import N_BOOTSTRAP, Spectrum, choose_rank
from .._response import check_response, check_weights
from .._sklearn import Interval, StrOptions
from .._slice_moments import whiten_moments
from .._validation import check_range, refuses_overflow, validate_scores, validate_X
from ..linalg._centred import linear_scores
from ..linalg._whitening import linear_map

NO_DEPENDENCE = (
    "y has a single value (to rounding), or all of it lies in one slice: there is "
    "nothing it could depend on. Pass a response that varies."
)


class Solution(NamedTuple):
    """Whitened coordinates, directions in them, and what the rank rule looks at."""

    whitening: Any
    directions: Any
    spectrum: Spectrum


class SDRTransformer(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, Estimator, metaclass=ABCMeta
):
    """A linear map found from a response; a concrete class says how (`fit`).

    `fit` ends in :meth:`_keep`, which sets all that the other methods use.
    """

    _parameter_constraints: dict = {
        "scale": [StrOptions({"raw", "whitened"})],
        "whiten_rcond": [Interval(Real, 0, 1, closed="left")],
        "shrinkage": [Interval(Real, 0, 1, closed="both"), StrOptions({"auto"}), None],
        "random_state": ["random_state"],
    }

    @abstractmethod
    def fit(self, X, y, sample_weight=None):
        """Find directions."""

    def _validate(self, X, y, sample_weight, *, reset=True):
        """Validate what a fit gets.

        Returns
        -------
        X : array or sparse matrix
        y : ndarray, on the host
        weights : ndarray or None, on the host
        """
        X = self._validate_rows(X, y, reset=reset)
        return X, check_response(y, X), check_weights(sample_weight, X)

    def _validate_rows(self, X, y, *, reset):
        """Validate the table a fit gets; of `y` only that there is one."""
        X, _ = validate_X(
            self,
            X,
            reset=reset,
            y=None if y is None else "no_validation",
            accept_sparse=("csr", "csc"),
            ensure_min_samples=2 if reset else 1,
        )
        return X

    def _read_block(self, X, *, reset=False):
        return self._validate_rows(X, "given", reset=reset)

    def _check_one_pass(self):
        if self.n_components == "ladle":
            raise ValueError(
                "n_components='ladle' resamples rows, which a fit in blocks does not "
                "keep; choose 'bic' or a number."
            )

    def _keep(self, X, whitening, vectors, eigenvalues):
        """Store the map of whitened orthonormal `vectors` (columns), as `X` has it.

        Parameters
        ----------
        X : array or sparse matrix
            Training rows, for their dtype and place.
        whitening : Whitening
        vectors : array of shape (r, n_components), float64
        eigenvalues : array
            All that the method found.
        """
        xp = array_namespace(vectors)
        rows, scales, loadings = linear_map(whitening, vectors)
        dtype = X.dtype
        largest = np.max(to_numpy(scales), initial=0.0)
        check_range(largest, dtype, "One over the deviation of a score")
        self.mean_ = xp.astype(whitening.mean, dtype)
        self.components_ = xp.astype(rows, dtype)
        self.component_scales_ = xp.astype(scales, dtype)
        self.loadings_ = xp.astype(loadings, dtype)
        self.eigenvalues_ = xp.astype(eigenvalues, dtype)
        self.n_components_ = self._n_features_out = vectors.shape[1]
        self.rank_ = whitening.rank

    def _conclude(self, X, solution, resolve):
        """Choose the number of directions and store them.

        Parameters
        ----------
        X : array or sparse matrix
        solution : Solution
        resolve : callable
            ``resolve(counts)`` is the solution of rows drawn so many times.
        """

        def bootstrap(k):
            """Yield the agreement of the first k directions with those of draws."""
            rng = check_random_state(self.random_state)
            n_rows = X.shape[0]
            vectors = solution.directions.vectors[:, :k]
            xp = array_namespace(vectors)
            frame = xp.matrix_transpose(solution.whitening.inverse)
            for _ in range(N_BOOTSTRAP):
                counts = rng.multinomial(n_rows, np.full(n_rows, 1 / n_rows))
                other = resolve(counts.astype(np.float64))
                k_other = min(k, other.directions.vectors.shape[1])
                raw = other.whitening.forward @ other.directions.vectors[:, :k_other]
                Q, _ = xp.linalg.qr(frame @ raw)
                product = np.zeros((k, k))
                product[:, :k_other] = to_numpy(xp.matrix_transpose(vectors) @ Q)
                yield product

        n_components, evidence = choose_rank(
            self.n_components, solution.spectrum, bootstrap=bootstrap
        )
        directions = solution.directions
        self._keep(
            X,
            solution.whitening,
            directions.vectors[:, :n_components],
            directions.eigenvalues,
        )
        if evidence is not None:
            self.rank_evidence_ = evidence

    @refuses_overflow
    def transform(self, X):
        """Project rows on the directions.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Rows, in the array library of the training data.

        Returns
        -------
        X_new : array of shape (n_samples, n_components)
            ``(X - mean_) @ components_.T``; with ``scale="whitened"`` times
            ``component_scales_``, so that scores have unit variance.
        """
        check_is_fitted(self, "components_")
        X, _ = validate_X(
            self,
            X,
            reset=False,
            fitted=self.components_,
            method="transform",
            accept_sparse=("csr", "csc"),
        )
        components = self.components_
        if self.scale == "whitened":
            components = components * self.component_scales_[:, None]
        return linear_scores(X, self.mean_, components)

    @refuses_overflow
    def inverse_transform(self, X):
        """Rebuild rows from scores, as well as a linear map can.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components)
            Scores, as `transform` gives them.

        Returns
        -------
        X_original : array of shape (n_samples, n_features)
            The best linear prediction of the features from the scores; scores of
            the result are `X` again.
        """
        X = validate_scores(self, X)
        xp = array_namespace(X)
        if self.scale == "raw":
            X = X * xp.astype(self.component_scales_, X.dtype)
        return X @ xp.astype(self.loadings_, X.dtype) + xp.astype(self.mean_, X.dtype)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.input_tags.sparse = True
        tags.array_api_support = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _whiten(self, moments, *, warn=True):
        """Whitened coordinates by `whiten_rcond` and `shrinkage`."""
        return whiten_moments(
            moments, rcond=self.whiten_rcond, shrinkage=self.shrinkage, warn=warn
        )
