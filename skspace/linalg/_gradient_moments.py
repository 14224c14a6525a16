"""Mergeable second moments of gradients, and the subspaces they define.

The moments of a table of gradients are sums over its rows, so those of two tables
merge to those of both. The spread of the features goes along, which is what turns
gradients in the units of the features into gradients per standard deviation.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._array import array_namespace, asarray_like, to_numpy
from ._basis import fix_column_signs

MOST_CANDIDATES = 20
"""Most dimensions for which the error of a subspace is measured."""
LARGEST = 1e140
"""Largest derivative, in units of rows, that can be squared and summed."""


class GradientMoments(NamedTuple):
    """Sums over rows, float64, in units that keep squares in range.

    Features count in `unit`, a power of two for each of them, so that going over to
    other units is exact.
    """

    weight: Any
    """Sum of the weights."""
    unit: Any
    """(p,) powers of two, on the host."""
    mean: Any
    """(p,) mean of the features."""
    scatter: Any
    """(p,) sums of squares about it."""
    outer: Any
    """(p, p) sum of the outer products of gradients."""


class MeanOuter(NamedTuple):
    """Mean outer product of gradients and the units it is in."""

    matrix: Any
    """(p, p), gradients per `scale`."""
    mean: Any
    """(p,) in the units of the table."""
    scale: Any
    """(p,) standard deviations, or ones."""


def gradient_moments(X, gradients, weights):
    """Moments of one table.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
    gradients : array of shape (n_samples, n_outputs, n_features)
        In units of the outputs per unit of X; outputs are added up.
    weights : array of shape (n_samples,)
        Not negative, and not all zero.

    Returns
    -------
    GradientMoments

    Raises
    ------
    ValueError
        If squares of the gradients would overflow.
    """
    xp = array_namespace(X)
    kept = np.flatnonzero(to_numpy(weights))
    if len(kept) < X.shape[0]:  # rows that do not count decide neither origin nor unit
        kept = asarray_like(kept, X)
        X, gradients, weights = (
            xp.take(x, kept, axis=0) for x in (X, gradients, weights)
        )
    X, gradients = (xp.astype(x, xp.float64, copy=False) for x in (X, gradients))
    unit = powers_of_two(X)
    u = asarray_like(unit, X)
    weight = xp.sum(weights)
    origin = X[:1, :] / u  # exact for constant columns, wherever they lie
    X, gradients = X / u - origin, gradients * u
    mean = weights @ X / weight
    away = X - mean
    flat = xp.reshape(gradients, (X.shape[0], -1))
    flat = xp.reshape(xp.sqrt(weights)[:, None] * flat, (-1, X.shape[1]))
    if float(xp.max(xp.abs(flat))) > LARGEST:
        raise ValueError(
            "Squares of the gradients, in half-ranges of the features, overflow; "
            "divide the function by a constant."
        )
    return GradientMoments(
        weight,
        unit,
        mean + origin[0, :],
        weights @ (away * away),
        xp.matrix_transpose(flat) @ flat,
    )


def powers_of_two(X):
    """Powers of two near the half-range of each column, on the host."""
    xp = array_namespace(X)
    low, high = to_numpy(xp.min(X, axis=0)), to_numpy(xp.max(X, axis=0))
    half = high / 2 - low / 2
    half = np.where(half > 0, half, 0.5)
    return np.ldexp(1.0, np.minimum(np.frexp(half)[1], 1023).astype(int))


def merge_gradient_moments(a, b):
    """Moments of two tables as if they were one.

    The order of merging changes nothing but rounding.
    """
    unit = np.maximum(a.unit, b.unit)
    a, b = _in_units(a, unit), _in_units(b, unit)
    weight = a.weight + b.weight
    delta = b.mean - a.mean
    share = b.weight / weight
    return GradientMoments(
        weight,
        unit,
        a.mean + share * delta,
        a.scatter + b.scatter + a.weight * share * delta * delta,
        a.outer + b.outer,
    )


def _in_units(moments, unit):
    """Express moments in other units."""
    r = asarray_like(moments.unit / unit, moments.mean)
    return moments._replace(
        unit=unit,
        mean=moments.mean * r,
        scatter=moments.scatter * r * r,
        outer=moments.outer / r[:, None] / r[None, :],
    )


def mean_outer(moments, *, standardize):
    """Mean outer product of gradients, per standard deviation or per unit of X.

    Raises
    ------
    ValueError
        If it is beyond the range of numbers.
    """
    xp = array_namespace(moments.mean)
    unit = asarray_like(moments.unit, moments.mean)
    spread = xp.sqrt(moments.scatter / moments.weight)
    factor = spread if standardize else 1 / unit
    with np.errstate(over="ignore", invalid="ignore"):
        matrix = moments.outer / moments.weight
        matrix = (matrix + xp.matrix_transpose(matrix)) / 2
        matrix = factor[:, None] * matrix * factor[None, :]
    if not bool(xp.all(xp.isfinite(matrix))):
        remedy = "divide the function by a constant"
        if not standardize:
            remedy = "multiply small features by a constant, or set standardize=True"
        raise ValueError(f"Squares of gradients are beyond 1e308; {remedy}.")
    scale = spread * unit if standardize else xp.ones_like(unit)
    return MeanOuter(matrix, moments.mean * unit, scale)


def leading_axes(matrix):
    """Eigenvalues, never below zero and falling, and eigenvectors with fixed signs."""
    xp = array_namespace(matrix)
    values, vectors = xp.linalg.eigh(matrix)
    values = xp.flip(values, axis=-1)
    vectors = fix_column_signs(xp.flip(vectors, axis=-1))
    return xp.maximum(values, xp.zeros_like(values)), vectors


def activity_scores(values, vectors):
    """Share of each feature in the eigenvalues given: Σ_k λ_k v_jk², summing to one.

    `values` is (k,), `vectors` (p, k), the eigenvectors in columns.
    """
    xp = array_namespace(values)
    scores = (vectors * vectors) @ values
    return scores / xp.sum(scores)


def subspace_errors(V, others, most=MOST_CANDIDATES):
    """Largest sine between spans of leading eigenvectors and those of resamples.

    Parameters
    ----------
    V : ndarray of shape (p, p)
    others : ndarray of shape (n_resamples, p, p)
    most : int

    Returns
    -------
    errors : ndarray of shape (n_resamples, min(p - 1, most))
        Column k - 1: ``||V_k V_k' - V*_k V*_k'||_2`` of the first k.
    """
    p = V.shape[0]
    across = V.T @ others
    columns = [
        np.linalg.norm(across[:, k:, :k], ord=2, axis=(1, 2))
        for k in range(1, min(p - 1, most) + 1)
    ]
    return np.stack(columns, axis=1) if columns else np.zeros((len(others), 0))
