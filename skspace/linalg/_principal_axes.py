"""Eigenvalues and vectors of a sample covariance, by three roads."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .._array import array_namespace, standard_normal, to_numpy
from ._basis import fix_signs

N_OVERSAMPLES = 10
N_POWER_ITERATIONS = 7


class PrincipalAxes(NamedTuple):
    """Eigenvalues of a sample covariance, falling, and their vectors in rows."""

    eigenvalues: Any  # (n_axes,), on the host in float64
    vectors: Any  # (n_axes, n_features), where the data are
    total: float  # trace of the covariance


def check_squares(table, dtype, size=None):
    """Refuse a table whose squares leave the range of `dtype`.

    `size` is the number of entries that `table` stands for, if not its own.

    Raises
    ------
    ValueError
        If the sum of squares may overflow, or every square underflows.
    """
    xp = array_namespace(table)
    limits = xp.finfo(dtype)
    largest = float(xp.max(xp.abs(table)))
    if largest > math.sqrt(float(limits.max) / (size or math.prod(table.shape))):
        what = "overflow"
    elif 0.0 < largest < math.sqrt(float(limits.smallest_normal)):
        what = "underflow"
    else:
        return
    raise ValueError(
        f"Squares of the entries of X {what} {dtype}; divide X by its largest entry, "
        f"about {largest:.0e} from the centre."
    )


def principal_axes(centered, *, solver, n_axes, rng):
    """Eigenvalues and vectors of the covariance of a centred table.

    `n_axes` and `rng` are for the randomized solver, which finds no more axes.
    """
    xp = array_namespace(centered)
    n_free = centered.shape[0] - 1
    total = float(xp.sum(centered * centered)) / n_free
    # What is rounding must not pass for signal in noise-free data.
    rounding = float(xp.finfo(centered.dtype).eps) * max(centered.shape)
    if solver == "covariance_eigh":
        return _of_covariance(centered.T @ centered / n_free, n_free, total, rounding)
    if solver == "full":
        return _of_table(centered, n_free, total, rounding)
    left = _range(centered, min(n_axes + N_OVERSAMPLES, *centered.shape), rng)
    axes = _of_table(left.T @ centered, n_free, total, rounding)
    return axes._replace(
        eigenvalues=axes.eigenvalues[:n_axes], vectors=axes.vectors[:n_axes, :]
    )


def axes_of_spread(spread):
    """Eigenvalues and vectors of the covariance of a table known by its spread.

    Parameters
    ----------
    spread : TableSpread
    """
    xp = array_namespace(spread.mean)
    n_free = spread.n_rows - 1
    rounding = float(xp.finfo(xp.float64).eps) * max(spread.n_rows, *spread.mean.shape)
    if not spread.triangular:
        covariance = spread.spread / n_free
        total = float(xp.sum(xp.linalg.diagonal(covariance)))
        return _of_covariance(covariance, n_free, total, rounding)
    total = float(xp.sum(spread.spread**2)) / n_free
    axes = _of_table(spread.spread, n_free, total, rounding)
    n_axes = min(spread.n_rows, *spread.mean.shape)
    return axes._replace(
        eigenvalues=axes.eigenvalues[:n_axes], vectors=axes.vectors[:n_axes, :]
    )


def _of_covariance(covariance, n_free, total, rounding):
    """Axes of a covariance, whose eigenvalues carry the rounding of its entries."""
    xp = array_namespace(covariance)
    values, vectors = xp.linalg.eigh(covariance)
    size = min(n_free + 1, covariance.shape[0])
    values = to_numpy(values)[: -size - 1 : -1].astype(float)
    rows = xp.flip(vectors.T, axis=0)[:size, :]
    values = np.where(values > rounding * max(values[0], 0.0), values, 0.0)
    return PrincipalAxes(values, fix_signs(rows), total)


def _of_table(table, n_free, total, rounding):
    """Axes of a table, whose singular values carry its rounding: squares its square."""
    xp = array_namespace(table)
    _, s, rows = xp.linalg.svd(table, full_matrices=False)
    values = to_numpy(s).astype(float) ** 2 / n_free
    values = np.where(values > rounding**2 * values[0], values, 0.0)
    return PrincipalAxes(values, fix_signs(rows), total)


def _range(X, n_columns, rng):
    """Orthonormal columns close to the leading left singular vectors of X."""
    xp = array_namespace(X)
    Q, _ = xp.linalg.qr(X @ standard_normal(rng, (X.shape[1], n_columns), X))
    for _ in range(N_POWER_ITERATIONS):
        P, _ = xp.linalg.qr(X.T @ Q)
        Q, _ = xp.linalg.qr(X @ P)
    return Q
