"""Reducers whose directions are a function of the mergeable moments of slices."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from functools import partial
from numbers import Integral

import numpy as np
import scipy.sparse as sp

from .._array import array_namespace, asarray_like, device, to_numpy
from .._rank import NotEnoughYetError, Spectrum, constraints
from .._response import TARGET_TYPES, check_response, check_weights
from .._sklearn import Interval, StrOptions, fit_context, partial_fit_context
from .._slice_moments import ILL_CONDITIONED, pool_slices
from .._validation import check_memory
from ..exceptions import DegenerateDataWarning
from ..linalg._inverse_moments import whitened_moments
from ..linalg._moments import merge_moments, pool_moments, slice_moments
from ..linalg._slices import assign_slices, slice_response
from ..linalg._whitening import Whitening, whiten_rows
from ._sdr_base import NO_DEPENDENCE, SDRTransformer, Solution


class MomentSDR(SDRTransformer):
    """A reducer whose directions are a function of the moments of slices.

    A concrete class turns them into directions (`_directions`), says whether it needs
    the covariances of slices or their means only (`_second_order`), and how many
    directions it can tell (`_most_directions`).
    """

    _parameter_constraints: dict = {
        **SDRTransformer._parameter_constraints,
        "n_components": constraints("gap", "bic", "ladle"),
        "n_slices": [Interval(Integral, 2, None, closed="left"), "array-like"],
        "target_type": [StrOptions(TARGET_TYPES)],
        "min_slice": [Interval(Integral, 1, None, closed="left")],
    }
    _second_order = True

    def __init__(
        self,
        n_components=None,
        *,
        n_slices=10,
        target_type="auto",
        min_slice=5,
        scale="raw",
        whiten_rcond=1e-6,
        shrinkage=None,
        random_state=None,
    ):
        self.n_components = n_components
        self.n_slices = n_slices
        self.target_type = target_type
        self.min_slice = min_slice
        self.scale = scale
        self.whiten_rcond = whiten_rcond
        self.shrinkage = shrinkage
        self.random_state = random_state

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
        self._check_one_pass()
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

    def _fit_blocks(self, rows, y, *, sample_weight=None):
        """Fit to :class:`Rows`."""
        self._check_one_pass()
        y, weights = check_response(y, rows), check_weights(sample_weight, rows)
        rule = self._rule(y, weights)
        summarise = partial(self._summarise, rule=rule)
        self._finish(rows.head, rows.reduce(summarise, merge_moments, y, weights), rule)

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
        labels = np.zeros(X.shape[0], dtype=np.int64)
        seen = slice(None) if weights is None else weights > 0
        labels[seen] = assign_slices(rule, y[seen])
        return slice_moments(
            X,
            labels,
            rule.n_slices,
            weights=weights,
            per_slice=self._second_order,
            fourth=X.shape[1] if self.shrinkage == "auto" else 0,
        )

    def _finish(self, X, moments, rule, *, y=None, weights=None):
        """Solve, choose the rank, and store everything."""
        rows = None if y is None or sp.issparse(X) else (X, y, weights)

        def resolve(counts):
            drawn = counts if weights is None else counts * weights
            return self._solve(self._summarise(X, y, drawn, rule), rule)

        solution = self._solve(moments, rule, rows=rows, warn=True)
        self._conclude(X, solution, resolve)
        self._describe(solution, rule)
        self._moments, self._slicing = moments, rule

    def _describe(self, solution, rule):
        """Store what the slices were."""
        self.n_slices_ = solution.spectrum.n_slices
        edges = rule.columns[0].edges if len(rule.columns) == 1 else None
        self.slice_edges_ = None if edges is None else asarray_like(edges, self.mean_)

    def _solve(self, moments, rule, *, rows=None, warn=False):
        pooled = self._pooled(moments, rule, warn=warn)
        whitening = self._whiten(pooled, warn=warn)
        squared_away = not self.shrinkage and whitening.condition > ILL_CONDITIONED
        if squared_away and rows is not None:
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
        pooling = pool_slices(
            moments.weight,
            moments.n_samples,
            rule,
            self.min_slice,
            constant=NO_DEPENDENCE,
            warn=warn,
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
            X, whitening.mean, variance, weights=w, rcond=self.whiten_rcond
        )
        W = D @ whitening.forward
        identity = xp.eye(whitening.rank, dtype=xp.float64, device=device(W))
        moments = self._pooled(self._summarise(W, y, weights, rule), rule, warn=False)
        ones = xp.ones_like(W[0, :])
        own = Whitening(0 * ones, identity, identity, ones)
        return whitening, whitened_moments(moments, own)

    def _most_directions(self, rank, n_slices):
        """How many directions the method can tell from chance at most."""
        return rank
