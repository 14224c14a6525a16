"""What the least-squares regressors share: reading data, refining, predicting."""

from __future__ import annotations

import warnings
from abc import ABCMeta, abstractmethod
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.linalg import solve_triangular
from scipy.sparse.linalg import LinearOperator
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from .._array import array_namespace, asarray_like, to_numpy
from .._estimator import Estimator
from .._loop import run
from .._response import check_numbers, check_weights
from .._validation import refuses_overflow, validate_X
from ..exceptions import RankDeficientWarning
from ..linalg._conditioning import dependencies, power_of_two
from ..linalg._refinement import EPS, is_refined, refinement
from ._rows import extended

MOST_PASSES = 50
UNKNOWN_RATE = 1e-3
"""Expected of an iterative solver before the second pass has measured it."""
GOOD = 1e-8
"""Relative error above which a refined solution counts as failed."""


class Data(NamedTuple):
    """Validated input, rows of weight zero left out."""

    X: Any
    Y: Any
    weights: Any
    flat: bool
    """Whether y had one dimension."""
    like: Any
    """An array whose library and dtype the results take."""


class Refined(NamedTuple):
    """Least-squares coefficients and how good they are."""

    coefs: Any
    """(columns, k) in the units of the data."""
    history: list
    """Dicts of the numbers of every pass, of every response."""
    digits: float
    converged: bool


class LeastSquaresRegressor(
    MultiOutputMixin, RegressorMixin, Estimator, metaclass=ABCMeta
):
    """Base of regressors that minimise squared residuals."""

    @abstractmethod
    def fit(self, X, y, sample_weight=None):
        """Find coefficients."""

    def _read(self, X, y, sample_weight):
        """Validate a table, its responses and weights."""
        X, _ = validate_X(self, X, accept_sparse="csr")
        like = X.data if sp.issparse(X) else X
        y = check_numbers(y, X)
        weights = check_weights(sample_weight, X, any_size=True)
        flat, Y = y.ndim == 1, y.reshape(X.shape[0], -1)
        if not sp.issparse(X):
            X = to_numpy(X)
        if weights is not None:
            kept = weights > 0
            X, Y, weights = X[kept], Y[kept], weights[kept]
        return Data(X, Y, weights, flat, like)

    def _names(self):
        """Names of columns for reports, the constant last."""
        names = getattr(self, "feature_names_in_", None)
        if names is None:
            names = [f"x{j}" for j in range(self.n_features_in_)]
        return [*map(str, names), "intercept"]

    def _store(self, coefs, data):
        """Set ``coef_`` and ``intercept_`` from coefficients (columns, k)."""
        p = self.n_features_in_
        coef, last = coefs[:p].T, coefs[p] if self.fit_intercept else None
        if last is None:
            last = np.zeros(coefs.shape[1])
        if data.flat:
            coef, last = coef[0], last[0]
        with np.errstate(over="ignore"):
            self.coef_ = asarray_like(coef, data.like)
        if not np.all(np.isfinite(to_numpy(self.coef_))):
            raise ValueError(
                f"Coefficients are beyond the range of {data.like.dtype}: y is too "
                "large, or columns of X are too small; change their units."
            )
        self.intercept_ = (
            float(last)
            if data.flat and isinstance(data.like, np.ndarray)
            else asarray_like(last, data.like)
        )

    @refuses_overflow
    def predict(self, X):
        """Predict the response.

        Parameters
        ----------
        X : array-like, sparse matrix or LinearOperator of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        y : array of shape (n_samples,) or (n_samples, n_targets)
        """
        check_is_fitted(self)
        if isinstance(X, LinearOperator):
            if X.shape[1] != self.n_features_in_:
                raise ValueError(
                    f"X has {X.shape[1]} features, but {type(self).__name__} is "
                    f"expecting {self.n_features_in_} features as input."
                )
            return X @ self.coef_.T + self.intercept_
        X, _ = validate_X(
            self,
            X,
            reset=False,
            accept_sparse="csr",
            fitted=self.coef_,
            method="predict",
        )
        coef = self.coef_
        if not sp.issparse(X):
            xp = array_namespace(X)
            coef = xp.astype(coef, X.dtype, copy=False)
        return X @ (coef if coef.ndim == 1 else coef.T) + self.intercept_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _refine(self, rows, factor, task, *, solve=None, start=None, X=None):
        """Refine every response; dependent columns get zero (see `_least`).

        ``solve`` and ``start`` stand in for the factor where there is none.
        """
        columns = None if factor is None else factor.columns
        taken = slice(None) if columns is None else columns
        table = extended(rows, columns)
        rate = UNKNOWN_RATE
        if factor is not None:
            rate = min(EPS * _condition(factor.spectrum, factor.rank), 0.1)
            R = factor.triangle

            def solve(c):
                return solve_triangular(R, solve_triangular(R, c, trans="T"))

        coefs = np.zeros((rows.A.shape[1], rows.b.shape[1]))
        history, digits, converged = [], np.inf, True
        for k in range(rows.b.shape[1]):
            passes = []

            def settled(past, passes=passes):
                passes.append(past[-1])
                return is_refined(past)

            outcome = run(
                self,
                refinement(
                    table,
                    rows.b[:, k],
                    solve,
                    weights=rows.weights,
                    start=None if start is None else start[:, k],
                    rate=rate,
                ),
                X=X,
                max_iter=MOST_PASSES,
                tol=0.0,
                converged=settled,
                task=task,
                name=f"refinement of response {k}",
                warn=False,
            )
            coefs[taken, k] = outcome.state.solution.value
            history.append(passes)
            digits = min(digits, -np.log10(max(outcome.state.error, EPS / 2)))
            converged = converged and outcome.state.error < GOOD
        return Refined(rows.to_data(coefs), history, digits, converged)

    def _least_norm(self, coefs, null, length, scale):
        """Choose among all solutions that of least norm, and say so.

        `null` (columns, m) is a basis of the null space for columns of A, which are
        those of the data over `scale` and have the lengths `length`.
        """
        if null.shape[1] == 0:
            return coefs
        n = len(coefs)
        unit = null * length[:, None]
        which = "; ".join(map(", ".join, dependencies(unit, self._names()[:n])))
        warnings.warn(
            f"X has rank {n - null.shape[1]} with {n} columns"
            f"{', the constant included' if self.fit_intercept else ''}: these depend "
            f"on each other: [{which}]. The coefficients of least norm are returned; "
            "drop columns, or set alpha > 0, for a unique solution.",
            RankDeficientWarning,
            stacklevel=2,
        )
        # a vector may have any length: that at which none of its entries overflows
        exponents = np.log2(scale)[:, None]
        least = np.min(np.where(null != 0, exponents, np.inf), axis=0)
        null = np.ldexp(null, (least - exponents).astype(int))
        return least_norm(coefs, null, self.n_features_in_)


def _condition(spectrum, rank):
    if rank == 0:
        return 1.0
    return spectrum.values[0] / spectrum.values[min(rank, len(spectrum.values)) - 1]


def least_norm(coefs, null, n_features):
    """Move along the null space (columns, m) to the coefficients of least norm.

    The constant does not count.
    """
    null = null / power_of_two(np.max(np.abs(null), axis=0))  # squares stay in range
    N = null[:n_features]
    length = np.linalg.norm(N, axis=0)
    length[length == 0] = 1.0
    t = np.linalg.lstsq(N / length, coefs[:n_features], rcond=None)[0]
    return coefs - (null / length) @ t
