"""What sufficient dimension reducers share: maps, validation, moments, fitting."""

from __future__ import annotations

import warnings
from abc import ABCMeta, abstractmethod
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .._array import array_namespace, asarray_like, device, to_numpy
from .._estimator import Estimator
from .._sklearn import Interval, StrOptions, fit_context, partial_fit_context
from .._validation import as_table, check_memory, check_same_place, validate_X
from .._warnings import DegenerateDataWarning
from ..linalg._basis import fix_signs
from ..linalg._inverse_moments import whitened_moments
from ..linalg._moments import (
    merge_moments,
    pool_moments,
    slice_moments,
    total_moments,
)
from ..linalg._slices import assign_slices, pool_small_slices, slice_response
from ..linalg._whitening import (
    Whitening,
    ledoit_wolf_shrinkage,
    whiten,
    whiten_rows,
)
from ._rank import (
    N_BOOTSTRAP,
    NotEnoughYetError,
    Spectrum,
    choose_rank,
    constraints,
)
from ._response import TARGET_TYPES, check_response, check_weights

ILL_CONDITIONED = 1e10
"""Above this ratio of eigenvalues whitening goes back to the rows."""


class SDRTransformer(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, Estimator, metaclass=ABCMeta
):
    """A linear map found from a response; a concrete class says how (`fit`).

    `fit` ends in :meth:`_keep`, which sets all that the other methods use.
    """

    _parameter_constraints: dict = {
        "scale": [StrOptions({"raw", "whitened"})],
        "rcond": [Interval(Real, 0, 1, closed="left")],
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
        X, _ = validate_X(
            self,
            X,
            reset=reset,
            y=None if y is None else "no_validation",
            accept_sparse=("csr", "csc"),
            ensure_min_samples=2 if reset else 1,
        )
        return X, check_response(y, X), check_weights(sample_weight, X)

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
        raw = xp.matrix_transpose(whitening.forward @ vectors)
        length = xp.linalg.vector_norm(raw, axis=1)
        rows = fix_signs(raw / length[:, None])
        turned = xp.sign(xp.sum(rows * raw, axis=1))
        loadings = xp.matrix_transpose(whitening.inverse @ vectors) * turned[:, None]
        dtype = X.dtype
        self.mean_ = xp.astype(whitening.mean, dtype)
        self.components_ = xp.astype(rows, dtype)
        self.component_scales_ = xp.astype(length, dtype)
        self.loadings_ = xp.astype(loadings, dtype)
        self.eigenvalues_ = xp.astype(eigenvalues, dtype)
        self.n_components_ = self._n_features_out = vectors.shape[1]
        self.rank_ = whitening.rank

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
        X, xp = validate_X(
            self,
            X,
            reset=False,
            fitted=self.components_,
            method="transform",
            accept_sparse=("csr", "csc"),
        )
        components = xp.astype(self.components_, X.dtype)
        if self.scale == "whitened":
            scales = xp.astype(self.component_scales_, X.dtype)
            components = components * scales[:, None]
        mean = xp.astype(self.mean_, X.dtype)
        if sp.issparse(X):
            return X @ components.T - components @ mean
        return (X - mean) @ xp.matrix_transpose(components)

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
        check_is_fitted(self, "components_")
        X = as_table(X)
        check_same_place(self, X, self.components_, "inverse_transform")
        if X.shape[1] != self.n_components_:
            raise ValueError(
                f"X has {X.shape[1]} features, but {type(self).__name__} gives "
                f"{self.n_components_} scores per row."
            )
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
        """Whitened coordinates by ``rcond`` and ``shrinkage``."""
        total = total_moments(moments)
        shrinkage = self.shrinkage or 0.0
        if shrinkage == "auto":
            shrinkage = ledoit_wolf_shrinkage(moments, total)
        try:
            whitening = whiten(
                total.mean, total.covariance, rcond=self.rcond, shrinkage=shrinkage
            )
        except ValueError as error:
            raise NotEnoughYetError(str(error)) from None
        if warn and not shrinkage and whitening.rank >= moments.n_samples - 1:
            warnings.warn(
                f"{whitening.rank} independent features of {moments.n_samples:g} "
                "samples: whitened samples are all equally far apart, and the "
                "directions fit these samples only. Pass shrinkage='auto', or reduce "
                "the features first.",
                DegenerateDataWarning,
                stacklevel=2,
            )
        return whitening


class Solution(NamedTuple):
    """Whitened coordinates, directions in them, and what the rank rule looks at."""

    whitening: Any
    directions: Any
    spectrum: Spectrum


class MomentSDR(SDRTransformer):
    """A reducer whose directions are a function of the moments of slices.

    A concrete class turns them into directions (`_directions`) and says which it
    needs (`_second_order`, `_first_order_rank`).
    """

    _parameter_constraints: dict = {
        **SDRTransformer._parameter_constraints,
        "n_components": constraints("gap", "bic", "ladle"),
        "n_slices": [Interval(Integral, 2, None, closed="left"), "array-like"],
        "target_type": [StrOptions(TARGET_TYPES)],
        "min_slice": [Interval(Integral, 1, None, closed="left")],
    }
    _second_order = True

    @abstractmethod
    def _directions(self, moments, whitening):
        """Directions from :class:`WhitenedMoments`."""

    @fit_context
    def fit(self, X, y, sample_weight=None):
        """Find the directions along which X depends on y.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Numbers, or classes of any kind.
        sample_weight : array-like of shape (n_samples,), default=None
            How often each row counts.

        Returns
        -------
        self
        """
        X, y, weights = self._validate(X, y, sample_weight)
        rule = self._rule(y, weights)
        moments = self._summarise(X, y, weights, rule)
        self._finish(X, moments, rule, y=y, weights=weights)
        return self

    @partial_fit_context
    def partial_fit(self, X, y, *, classes=None, sample_weight=None):
        """Take in more rows; the result is that of all rows at once.

        The first call fixes the slices. A continuous response is cut at the
        quantiles of the first chunk, unless ``n_slices`` gives the edges; chunks
        then merge to exactly what `fit` finds with these edges, in any order.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            More training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their responses.
        classes : array-like of shape (n_classes,), default=None
            All classes that will ever come, where the first chunk need not show
            them. Read in the first call.
        sample_weight : array-like of shape (n_samples,), default=None
            How often each row counts.

        Returns
        -------
        self
            Not yet fitted (with a warning) while the rows so far show fewer than two
            slices, or fewer directions than ``n_components``.
        """
        if self.n_components == "ladle":
            raise ValueError(
                "n_components='ladle' resamples rows, which partial_fit does not "
                "keep; choose 'bic' or a number."
            )
        first = getattr(self, "_moments", None) is None
        X, y, weights = self._validate(X, y, sample_weight, reset=first)
        rule = self._rule(y, weights, classes) if first else self._slicing
        moments = self._summarise(X, y, weights, rule)
        if not first:
            moments = merge_moments(self._moments, moments)
        try:
            self._finish(X, moments, rule)
        except NotEnoughYetError as error:
            warnings.warn(
                f"Not fitted yet: {error}", DegenerateDataWarning, stacklevel=2
            )
        self._moments, self._slicing = moments, rule
        return self

    def _rule(self, y, weights, classes=None):
        return slice_response(
            y,
            self.n_slices,
            self.target_type,
            min_slice=self.min_slice,
            weights=weights,
            classes=classes,
        )

    def _summarise(self, X, y, weights, rule):
        """Moments of the rows; all that is kept of them."""
        if self._second_order:
            check_memory(
                8 * rule.n_slices * X.shape[1] ** 2,
                what=f"One {X.shape[1]} x {X.shape[1]} matrix for each slice",
                remedy="reduce the features or the slices",
            )
        return slice_moments(
            X,
            assign_slices(rule, y),
            rule.n_slices,
            weights=weights,
            per_slice=self._second_order,
            fourth=self.shrinkage == "auto",
        )

    def _finish(self, X, moments, rule, *, y=None, weights=None):
        """Solve, choose the rank, and store everything."""
        rows = None if y is None or sp.issparse(X) else (X, y, weights)
        solution = self._solve(moments, rule, rows=rows, warn=True)
        whitening, directions, spectrum = solution

        def bootstrap(k):
            return self._bootstrap(X, y, weights, rule, solution, k)

        n_components, evidence = choose_rank(
            self.n_components, spectrum, bootstrap=bootstrap
        )
        self._keep(
            X, whitening, directions.vectors[:, :n_components], directions.eigenvalues
        )
        self.n_slices_ = spectrum.n_slices
        self.slice_edges_ = self._edges(rule, X)
        if evidence is not None:
            self.rank_evidence_ = evidence
        self._moments, self._slicing = moments, rule

    def _edges(self, rule, X):
        edges = rule.columns[0].edges
        if len(rule.columns) > 1 or edges is None:
            return None
        return asarray_like(edges, self.mean_)

    def _solve(self, moments, rule, *, rows=None, warn=False):
        pooled = self._pooled(moments, rule, warn=warn)
        whitening = self._whiten(pooled, warn=warn)
        if whitening.condition > ILL_CONDITIONED and rows is not None:
            whitening, whitened = self._from_rows(whitening, rule, rows)
        else:
            whitened = whitened_moments(pooled, whitening)
        directions = self._directions(whitened, whitening)
        n_slices = pooled.mean.shape[0]
        return Solution(
            whitening,
            directions,
            Spectrum(
                np.abs(to_numpy(directions.eigenvalues)),
                whitening.rank,
                self._most_directions(whitening.rank, n_slices),
                pooled.n_samples,
                n_slices,
                not self._second_order,
            ),
        )

    def _pooled(self, moments, rule, *, warn):
        """Moments without empty and small slices."""
        weight = to_numpy(moments.weight)
        scale = moments.n_samples / np.sum(weight)
        pooling = pool_small_slices(rule, weight * scale, self.min_slice)
        if pooling.n_slices < 2:
            raise NotEnoughYetError(
                "y has a single value (or all of it lies in one slice): there is "
                "nothing X could depend on. Pass a response that varies."
            )
        if warn and pooling.n_small and rule.discrete:
            how = "neighbours" if rule.ordered else "each other"
            warnings.warn(
                f"{pooling.n_small} classes have fewer than min_slice="
                f"{self.min_slice} samples. They are pooled with {how} as far as two "
                f"slices remain; {pooling.n_slices} slices are left.",
                DegenerateDataWarning,
                stacklevel=2,
            )
        return pool_moments(moments, pooling.groups, pooling.n_slices)

    def _from_rows(self, whitening, rule, rows):
        """Whiten by QR, and take moments of whitened rows, which keeps all digits."""
        X, y, weights = rows
        xp = array_namespace(X)
        D = xp.astype(X, xp.float64) - whitening.mean
        if weights is not None:
            w = asarray_like(weights, D)
        else:
            w = xp.ones_like(D[:, 0])
        variance = (w @ (D * D)) / xp.sum(w)
        whitening = whiten_rows(
            X, whitening.mean, variance, weights=w, rcond=self.rcond
        )
        W = D @ whitening.forward
        identity = xp.eye(whitening.rank, dtype=xp.float64, device=device(W))
        moments = self._pooled(self._summarise(W, y, weights, rule), rule, warn=False)
        own = Whitening(xp.zeros_like(W[0, :]), identity, identity, identity[0, :])
        return whitening, whitened_moments(moments, own)

    def _bootstrap(self, X, y, weights, rule, solution, k):
        """Yield the agreement of the first k directions with those of resamples."""
        rng = check_random_state(self.random_state)
        n_rows = X.shape[0]
        vectors = solution.directions.vectors[:, :k]
        xp = array_namespace(vectors)
        for _ in range(N_BOOTSTRAP):
            counts = rng.multinomial(n_rows, np.full(n_rows, 1 / n_rows))
            drawn = counts * (1.0 if weights is None else weights)
            other = self._solve(self._summarise(X, y, drawn, rule), rule)
            raw = other.whitening.forward @ other.directions.vectors[:, :k]
            Q, _ = xp.linalg.qr(xp.matrix_transpose(solution.whitening.inverse) @ raw)
            product = np.zeros((k, k))
            product[:, : Q.shape[1]] = to_numpy(xp.matrix_transpose(vectors) @ Q)
            yield product

    def _most_directions(self, rank, n_slices):
        """How many directions the method can tell from chance at most."""
        return rank
