"""From a table and what is known of a function at its rows to gradients there."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import has_fit_parameter

from .._array import array_namespace, asarray_like, to_numpy
from .._response import response_columns
from ..exceptions import DegenerateDataWarning
from ..linalg._conditioning import power_of_two
from ._gradients import GlobalPolynomial, LocalPlanes

CONSTANT = 1e-12
"""Standard deviations of y below this share of its magnitude are roundings."""


class Rescaled(NamedTuple):
    """An estimate in other units: gradients are multiplied by `units` (q, p)."""

    field: Any
    units: Any

    @property
    def gradients(self):
        """Gradients (n, q, p)."""
        return self.field.gradients * self.units

    @property
    def residuals(self):
        """Residuals, in the units of the fit."""
        return self.field.residuals

    def shift(self, rows, noise):
        """Change of gradients (m, B, q, p)."""
        return self.field.shift(rows, noise) * self.units


class DistinctRows(NamedTuple):
    """Rows that differ, on the host, in lexical order."""

    index: Any
    """Number of the first row of each."""
    Y: Any
    """Mean outputs."""
    weights: Any


def fitted_model(estimator, X, y, weights):
    """Clone and fit an estimator; a frozen one is given back."""
    model = clone(estimator)
    if isinstance(model, FrozenEstimator):
        return model
    arguments = {}
    if weights is not None:
        if not has_fit_parameter(model, "sample_weight"):
            raise ValueError(
                f"{type(model).__name__}.fit takes no sample_weight; fit it beforehand "
                "and pass FrozenEstimator(model)."
            )
        arguments["sample_weight"] = weights
    return model.fit(X, y, **arguments)


def standard_deviations(table, weights):
    """Weighted standard deviations of columns; exactly zero where one is constant."""
    return means_and_deviations(table, weights)[1]


def means_and_deviations(table, weights):
    """Weighted means of columns, and :func:`standard_deviations`."""
    seen = table[weights > 0]
    constant = np.all(seen == seen[:1], axis=0)
    size = power_of_two(np.max(np.abs(seen), axis=0))  # squares stay in range
    seen, w = seen / size, weights[weights > 0]
    mean = np.average(seen, axis=0, weights=w)
    spread = np.sqrt(np.average((seen - mean) ** 2, axis=0, weights=w))
    return mean * size, np.where(constant, 0.0, spread * size)


def distinct_rows(X, Y, weights):
    """Group equal rows: weights add up, outputs are averaged.

    Rows of weight zero are left out, so that weights equal repetitions.
    """
    seen = np.flatnonzero(weights > 0)
    _, first, group = np.unique(X[seen], axis=0, return_index=True, return_inverse=True)
    group = group.reshape(-1)
    w = np.bincount(group, weights[seen])
    share = weights[seen] / w[group]
    Y = np.stack([np.bincount(group, share * y) for y in Y[seen].T], axis=1)
    return DistinctRows(seen[first], Y, w)


def estimate_gradients(X, y, weights, *, method, n_neighbors, standardize):
    """Estimate gradients from values, at the distinct rows.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
    weights : ndarray of shape (n_samples,)
    method : {"local_linear", "linear", "quadratic"}
    n_neighbors : int or "auto"
    standardize : bool
        Whether features count in their standard deviations.

    Returns
    -------
    X : array of shape (n_distinct, n_features), float64
    field : Rescaled
        Gradients in units of X and y.
    weights : array of shape (n_distinct,), float64
    """
    xp = array_namespace(X)
    X = xp.astype(X, xp.float64)
    Y = response_columns(y, "continuous", 0, weights)
    rows = distinct_rows(to_numpy(X), Y, weights)
    weights, Y = rows.weights, rows.Y
    spread = standard_deviations(Y, weights) if Y.size else np.zeros(0)
    varies = spread > CONSTANT * np.max(np.abs(Y), axis=0, initial=0.0)
    if not np.any(varies):
        raise ValueError(
            "y has a single value (to rounding): it depends on nothing. Pass a "
            "response that varies."
        )
    Y, spread = Y[:, varies], spread[varies]
    share = weights / np.sum(weights)
    Y = (Y - share @ Y) / spread
    X = xp.take(X, asarray_like(rows.index, X), axis=0)
    _check_determined(method, *X.shape)
    host = to_numpy(X)
    scale = standard_deviations(host, weights)
    if not standardize:
        scale = np.full_like(scale, np.max(scale))
    scale = np.where(scale > 0, scale, 1.0)
    Z = asarray_like((host - share @ host) / scale, X)
    w, Y = asarray_like(weights / np.mean(weights), X), asarray_like(Y, X)
    if method == "local_linear":
        field = LocalPlanes(Z, Y, w, check_neighbors(n_neighbors, *X.shape))
    else:
        field = GlobalPolynomial(Z, Y, w, {"linear": 1, "quadratic": 2}[method])
    with np.errstate(over="ignore"):
        units = spread[:, None] / scale[None, :]
    if not np.isfinite(units).all():
        raise ValueError(
            "Gradients are beyond 1e308: a feature is that small beside y; multiply it "
            "by a constant."
        )
    units = asarray_like(units, X)
    return X, Rescaled(field, units), asarray_like(weights, X)


def check_neighbors(asked, n, p):
    """Return the number of neighbours of a plane, where there are enough."""
    asked = 2 * p + 1 if asked == "auto" else asked
    if asked < p + 1:
        raise ValueError(
            f"n_neighbors={asked} do not determine a plane in {p} features; take at "
            f"least {p + 1}."
        )
    return min(n, asked)


def _check_determined(method, n, p):
    """Refuse a single row, and warn where rows do not determine the fit."""
    if n < 2:
        raise ValueError(
            "Gradients are estimated from distinct samples, got n_samples = 1 (equal "
            "rows count as one). Pass rows that differ."
        )
    needed = 1 + p + (p * (p + 1) // 2 if method == "quadratic" else 0)
    if n < needed:
        remedy = "method='linear', " if method == "quadratic" else ""
        warnings.warn(
            f"method={method!r} fits {needed} coefficients to {n} distinct samples: "
            "the smallest gradients that fit are taken. Pass more rows, reduce the "
            f"features, or take {remedy}estimator=... or gradients=...",
            DegenerateDataWarning,
            stacklevel=2,
        )
