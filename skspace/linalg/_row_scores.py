"""Importance of the rows of a table: orthonormal coordinates and Lewis weights."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .._array import array_namespace

SAFE_CONDITION = 1e8
"""Largest ratio of eigenvalues of a Gram matrix whose small ones are trusted."""


class RowCoordinates(NamedTuple):
    """Rows in an orthonormal basis of the columns: ``A @ forward == rows``.

    `rows` has shape (n, r) with orthonormal columns, r the rank, and `forward` shape
    (d, r); both are float64.
    """

    rows: Any
    forward: Any


class LewisState(NamedTuple):
    """Weights after a pass: the p-th powers of the lengths of ``rows @ forward``."""

    weights: Any
    forward: Any
    change: float


def row_coordinates(A):
    """Find orthonormal coordinates of the rows of a table.

    Parameters
    ----------
    A : array of shape (n, d), float64 or float32
        Finite.

    Returns
    -------
    RowCoordinates
        Squared lengths of its rows are the leverage scores. Of dependent columns
        only the directions above ``max(n, d) * eps`` times the largest count, after
        columns were brought to one length. A table of zeros has rank 0.

    Raises
    ------
    ValueError
        If all entries of a column are too small for its inverse.

    Notes
    -----
    By the Gram matrix, and by QR of the rows where its condition would cost half of
    the digits. Cost O(n d²).
    """
    xp = array_namespace(A)
    scale = xp.astype(xp.max(xp.abs(A), axis=0), xp.float64)
    scale = xp.where(scale > 0, scale, xp.ones_like(scale))
    least = float(xp.min(scale))
    too_small = least < float(xp.finfo(xp.float64).smallest_normal)
    A = xp.astype(A, xp.float64) / scale
    length = xp.linalg.vector_norm(A, axis=0)
    length = xp.where(length > 0, length, xp.ones_like(length))
    A, scale = A / length, scale * length
    rows, forward = _orthonormalise(A)
    with np.errstate(over="ignore"):
        forward = forward / scale[:, None]
    if too_small or not bool(xp.all(xp.isfinite(forward))):
        raise ValueError(
            f"A feature has no entry above {least:.0e}, where digits are lost; "
            "multiply the features by a constant."
        )
    return RowCoordinates(rows, forward)


def _orthonormalise(A):
    """Return ``A @ forward``, with orthonormal columns that span A, and `forward`."""
    xp = array_namespace(A)
    values, V = xp.linalg.eigh(xp.matrix_transpose(A) @ A)
    if float(values[-1]) == 0:
        return A[:, :0], V[:, :0]
    if float(values[0]) * SAFE_CONDITION > float(values[-1]):
        forward = V / xp.sqrt(values)
        return A @ forward, forward
    Q, R = xp.linalg.qr(A)
    U, s, Vt = xp.linalg.svd(R, full_matrices=False)
    cut = max(A.shape) * float(xp.finfo(xp.float64).eps) * float(s[0])
    rank = int(xp.sum(xp.astype(s > cut, xp.int64)))
    return Q @ U[:, :rank], xp.matrix_transpose(Vt[:rank, :]) / s[:rank]


def squared_lengths(rows):
    """Sum of squares of each row."""
    return array_namespace(rows).sum(rows * rows, axis=1)


def lewis_passes(rows, p):
    """Iterate towards the ℓp Lewis weights of orthonormal rows, one pass a state.

    The weights solve w_i = |forwardᵀ a_i|^p with
    ``forward @ forwardᵀ = (Aᵀ W^(1 - 2/p) A)⁻¹``. In v = log w this is a fixed point
    v = T(v) whose derivative has its eigenvalues between 0 and 1 - p/2, everywhere.
    The passes are a second-order Richardson iteration for that interval:

        v ← v + α (T(v) - v) + β (v - v_before),

    of rate (√b - √a) / (√b + √a) with a = min(1, p/2) and b = max(1, p/2): 0.17 a
    pass for p = 1, where T alone has 1/2, and it converges where T alone, from p = 4,
    does not.

    Parameters
    ----------
    rows : array of shape (n, r), float64
        With orthonormal columns.
    p : float
        Above 0.

    Returns
    -------
    iterator of LewisState
        `change` is the largest |T(v) - v|.
    """

    def inverse_root(factor):
        return _inverse_root(factor[:, None] * rows)

    def lengths(forward):
        return squared_lengths(rows @ forward)

    return lewis_steps(lengths, inverse_root, squared_lengths(rows), rows.shape[1], p)


def lewis_steps(lengths, inverse_root, leverage, rank, p):
    """Iterate as :func:`lewis_passes` does, for rows that need not be here.

    Parameters
    ----------
    lengths : callable
        ``lengths(forward)`` is the squared length of each row times `forward`.
    inverse_root : callable
        ``inverse_root(factor)`` is the F of which F Fᵀ inverts the Gram matrix of the
        rows, each times its factor.
    leverage : array of shape (n,), float64
    rank : int
    p : float

    Yields
    ------
    LewisState
    """
    xp = array_namespace(leverage)
    # Rows of zeros have weight zero and no logarithm.
    present = leverage > float(xp.finfo(xp.float64).smallest_normal)
    one = xp.ones_like(leverage)
    log_leverage = xp.log(xp.where(present, leverage, one))
    # For p > 2 powers of leverage would leave all weight to few rows at first.
    start = xp.where(present, xp.exp(min(1.0, p / 2) * log_leverage), 0 * leverage)
    v = min(1.0, p / 2) * log_leverage + xp.log(rank / xp.sum(start))
    low, high = math.sqrt(min(1.0, p / 2)), math.sqrt(max(1.0, p / 2))
    step = 4 / (low + high) ** 2
    momentum = ((high - low) / (high + low)) ** 2
    before = v
    while True:
        factor = xp.where(present, xp.exp((0.5 - 1 / p) * v), 0 * v)
        forward = inverse_root(factor)
        length = lengths(forward)
        target = (p / 2) * xp.log(xp.where(present, length, one))
        weights = xp.where(present, xp.exp(target), 0 * target)
        moved = xp.where(present, target - v, 0 * v)
        yield LewisState(weights, forward, float(xp.max(xp.abs(moved))))
        v, before = v + step * moved + momentum * (v - before), v


def _inverse_root(A):
    """Return F with F Fᵀ = (AᵀA)⁻¹, for columns known to be independent."""
    xp = array_namespace(A)
    values, V = xp.linalg.eigh(xp.matrix_transpose(A) @ A)
    if float(values[0]) * SAFE_CONDITION > float(values[-1]):
        return V / xp.sqrt(values)
    return inverse_root_of_triangle(xp.linalg.qr(A)[1])


def inverse_root_of_triangle(R):
    """Return F with F Fᵀ = (RᵀR)⁻¹, for columns known to be independent."""
    xp = array_namespace(R)
    s, Vt = xp.linalg.svd(R, full_matrices=False)[1:]
    tiny = R.shape[1] * float(xp.finfo(xp.float64).eps) * float(s[0])
    return xp.matrix_transpose(Vt) / xp.maximum(s, xp.full_like(s, tiny))


def inclusion_probabilities(scores, n_samples):
    """Probabilities min(1, c score) whose sum is `n_samples`.

    Rows of score zero share what is left when all others are certain.

    Parameters
    ----------
    scores : ndarray of shape (n,), float64
        Not negative.
    n_samples : int
        At most n.

    Returns
    -------
    ndarray of shape (n,)
    """
    falling = np.sort(scores / np.max(scores))[::-1]
    tail = np.cumsum(falling[::-1])[::-1]
    left = n_samples - np.arange(len(scores))
    # With the k largest certain, c is left[k] / tail[k]: the least k it suits.
    fits = left * falling <= tail
    k = int(np.argmax(fits)) if np.any(fits[:n_samples]) else n_samples
    if k < n_samples and tail[k] > 0:
        share = left[k] / (tail[k] / falling[k])  # of a row with the k-th score
        with np.errstate(over="ignore"):
            return np.minimum(1.0, scores / np.max(scores) / falling[k] * share)
    present = scores / np.max(scores) > 0
    n_zero = len(scores) - np.count_nonzero(present)
    share = (n_samples - (len(scores) - n_zero)) / max(n_zero, 1)
    return np.where(present, 1.0, share)


def draw_fixed_size(probabilities, n_samples, rng):
    """Draw exactly `n_samples` rows with given probabilities, none twice.

    Systematic sampling in a random order: a comb of teeth one apart is laid on the
    sums of the probabilities, so that each row is hit with its own.

    Parameters
    ----------
    probabilities : ndarray of shape (n,)
        At most 1, with sum `n_samples`.
    n_samples : int
    rng : RandomState

    Returns
    -------
    ndarray of shape (n_samples,), int64
        Rising.
    """
    order = rng.permutation(len(probabilities))
    offset = rng.uniform()
    sums = np.cumsum(probabilities[order])
    sums *= n_samples / sums[-1]
    teeth = np.searchsorted(sums, np.arange(n_samples) + offset, side="right")
    return np.sort(order[np.minimum(teeth, len(order) - 1)])
