"""Kernels of distances in a learned metric, and gradients of functions made of them.

A function is ``f(x) = Σ_i k(|x - u_i|_M) a_i`` with ``|d|_M² = d' M d`` and M = R R'.
Tables hold the mapped rows ``Z = X R`` throughout, so that distances are plain ones.
"""

from __future__ import annotations

import math

import numpy as np

BLOCK_BYTES = 32 * 1024**2
"""Bytes of a block of kernel values."""
COINCIDENT = 1e-12
"""Squared distances below this share of the squared lengths are zero."""


def metric_root(M):
    """Symmetric R with M = R R', for M positive semi-definite up to rounding."""
    values, vectors = np.linalg.eigh((M + M.T) / 2)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T


def squared_distances(Z, U):
    """Squared distances (n, m) between rows of two tables, exactly zero at none.

    Infinite where squares of a row of Z overflow.
    """
    z, u = np.sum(Z * Z, axis=1)[:, None], np.sum(U * U, axis=1)
    squares = z + u
    least = COINCIDENT * squares
    squares -= 2 * (Z @ U.T)
    return np.where((squares > least) | ~np.isfinite(z), squares, 0.0)


def kernel_values(squares, scale, kernel):
    """Kernel of squared distances.

    ``exp(-d / scale)`` ("laplace") or ``exp(-d² / (2 scale²))`` ("gaussian").
    """
    if kernel == "laplace":
        return np.exp(np.sqrt(squares) / -scale)
    return np.exp(squares / (-2 * scale**2))


def _slope_values(squares, scale, kernel):
    """Divide the derivative of the kernel by minus the distance."""
    values = kernel_values(squares, scale, kernel)
    if kernel == "gaussian":
        return values / scale**2
    apart = squares > 0
    # A peak has no slope.
    return np.where(apart, values, 0.0) / (scale * np.sqrt(np.where(apart, squares, 1)))


def row_blocks(n_rows, n_columns):
    """Slices of rows whose kernel values fill a block."""
    step = max(1, BLOCK_BYTES // (8 * n_columns))
    return [slice(i, min(i + step, n_rows)) for i in range(0, n_rows, step)]


def function_values(Z, U, coef, scale, kernel):
    """Values (n, q) of functions with coefficients (m, q)."""
    values = [
        kernel_values(squared_distances(Z[rows], U), scale, kernel) @ coef
        for rows in row_blocks(len(Z), len(U))
    ]
    return np.concatenate(values)


def function_gradients(Z, U, coef, scale, kernel, root):
    """Gradients (n, q, p) by the rows before they were mapped by `root`."""
    parts = []
    for rows in row_blocks(len(Z), len(U)):
        slopes = _slope_values(squared_distances(Z[rows], U), scale, kernel)
        each = []
        for a in coef.T:
            A = slopes * a
            each.append(A @ U - np.sum(A, axis=1)[:, None] * Z[rows])
        parts.append(np.stack(each, axis=1) @ root.T)
    return np.concatenate(parts)


def average_outer(Z, U, weights, coef, scale, kernel, root):
    """Mean over rows Z of the outer products of gradients, summed over outputs.

    Cost O(n m (p + q) + n q p²) time and a block of memory besides n q p numbers.
    """
    G = function_gradients(Z, U, coef, scale, kernel, root)
    p = Z.shape[1]
    flat = np.reshape(np.sqrt(weights)[:, None, None] * G, (-1, p))
    return flat.T @ flat / np.sum(weights)


def mean_distance(squares, weights):
    """Weighted mean distance over all pairs of rows, each with itself included."""
    share = weights / np.sum(weights)
    mean = float(share @ np.sqrt(squares) @ share)
    return mean if mean > 0 and math.isfinite(mean) else 1.0
