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


def check_squares(table, dtype):
    """Refuse a table whose squares leave the range of `dtype`.

    Raises
    ------
    ValueError
        If the sum of squares may overflow, or every square underflows.
    """
    xp = array_namespace(table)
    limits = xp.finfo(dtype)
    largest = float(xp.max(xp.abs(table)))
    if largest > math.sqrt(float(limits.max) / math.prod(table.shape)):
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
    size = min(centered.shape)
    if solver == "covariance_eigh":
        values, vectors = xp.linalg.eigh(centered.T @ centered / n_free)
        order = slice(None, -size - 1, -1)
        values = to_numpy(values)[order].astype(float)
        rows = xp.flip(vectors.T, axis=0)[:size, :]
    else:
        table, left = centered, None
        if solver == "randomized":
            left = _range(centered, min(n_axes + N_OVERSAMPLES, size), rng)
            table = left.T @ centered
        _, s, rows = xp.linalg.svd(table, full_matrices=False)
        values = to_numpy(s).astype(float) ** 2 / n_free
    total = float(xp.sum(centered * centered)) / n_free
    # What is rounding must not pass for signal in noise-free data. Eigenvalues of a
    # product carry the rounding of its entries, squares of singular values that of
    # the table, squared.
    rounding = float(xp.finfo(centered.dtype).eps) * max(centered.shape)
    if solver != "covariance_eigh":
        rounding = rounding**2
    values = np.where(values > rounding * max(values[0], 0.0), values, 0.0)
    if solver == "randomized":
        values, rows = values[:n_axes], rows[:n_axes, :]
    return PrincipalAxes(values, fix_signs(rows), total)


def _range(X, n_columns, rng):
    """Orthonormal columns close to the leading left singular vectors of X."""
    xp = array_namespace(X)
    Q, _ = xp.linalg.qr(X @ standard_normal(rng, (X.shape[1], n_columns), X))
    for _ in range(N_POWER_ITERATIONS):
        P, _ = xp.linalg.qr(X.T @ Q)
        Q, _ = xp.linalg.qr(X @ P)
    return Q
