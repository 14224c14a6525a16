"""Tables that are of low rank but for few gross errors, and rows that may hold some."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .._array import array_namespace, asarray_like, to_numpy
from ._basis import fix_signs

HUBER = 1.345
"""Threshold over standard deviation: 95 % efficient where errors are normal."""

MAD = 1.4826
"""Standard deviation over median magnitude of a normal law."""

RELAXATION = 1.6
"""Of the alternating direction method: steps of 1 to 1.8 are customary."""

BLOCK = 2**22
"""Numbers held at once in the normal equations of a block of rows."""


class DecompositionState(NamedTuple):
    """One iterate of `low_rank_plus_sparse`: X = low_rank + sparse, nearly."""

    low_rank: Any  # (n_samples, n_features)
    sparse: Any  # the same
    multiplier: Any  # the same; a subgradient of both norms at the solution
    objective: float
    change: float  # misfit and last step, relative to low-rank part and multiplier
    rank: int


class LowRankSummary(NamedTuple):
    """What is kept of the low-rank part L of all rows seen, minus `location`."""

    rows: Any  # (rank, n_features), with the same product rowsᵀ rows as L
    row_sum: Any  # (n_features,), sum of the rows of L
    n_samples: int
    location: Any  # (n_features,)


def low_rank_plus_sparse(X, alpha, n_exact=0):
    r"""Split X by :math:`\min \|L\|_* + \alpha \|S\|_1, L + S = X` (ADMM).

    Parameters
    ----------
    X : array of shape (n_samples, n_features), float64, not zero
    alpha : float
    n_exact : int
        So many leading rows hold no errors: S is zero there.

    Yields
    ------
    DecompositionState
    """
    xp = array_namespace(X)
    largest = float(xp.max(xp.abs(X)))
    X = X / largest
    size = _norm(X)
    prices = xp.full_like(X[:, :1], alpha)
    if n_exact:
        free = xp.full_like(X[:n_exact, :1], math.inf)
        prices = xp.concat([free, prices[n_exact:, :]])
    mu = X.shape[0] * X.shape[1] / (4.0 * float(xp.sum(xp.abs(X))))
    S, Y = xp.zeros_like(X), xp.zeros_like(X)  # Y is the multiplier over mu
    n_iter, balance_at = 0, 5
    while True:
        L, nuclear, rank = shrink_singular_values(X - S + Y, 1.0 / mu)
        before, ahead = S, RELAXATION * L + (1.0 - RELAXATION) * (X - S)
        S = soft_threshold(X - ahead + Y, prices / mu)
        Y = Y + (X - ahead - S)
        primal, step = _norm(X - L - S), _norm(S - before)
        objective = nuclear + alpha * float(xp.sum(xp.abs(S)))
        # step over the multiplier: how far it is from a subgradient of the norm of L
        dual = step / (_norm(Y) or size)
        change = max(max(primal, step) / (_norm(L) or size), dual)
        yield DecompositionState(
            L * largest, S * largest, Y * mu, objective * largest, change, rank
        )
        n_iter += 1
        if n_iter == balance_at:
            factor = min(5.0, max(0.2, math.sqrt(primal / max(step, 1e-300))))
            mu, Y = mu * factor, Y / factor
            # ever more rarely: changes that go on could keep it from converging
            balance_at += 5 if n_iter < 200 else n_iter // 4


def extend(summary, low_rank, negligible):
    """Add rows of low rank; directions below a share of the largest are left out."""
    xp = array_namespace(low_rank)
    both = xp.concat([summary.rows, low_rank], axis=0)
    _, s, V = xp.linalg.svd(both, full_matrices=False)
    rounding = max(negligible, float(xp.finfo(s.dtype).eps) * max(both.shape))
    rank = int(xp.sum(xp.astype(s > rounding * s[0], xp.int64)))
    return LowRankSummary(
        s[:rank, None] * V[:rank, :],
        summary.row_sum + xp.sum(low_rank, axis=0),
        summary.n_samples + low_rank.shape[0],
        summary.location,
    )


def principal_part(summary, negligible):
    """Singular values (on the host), axes and mean of the centred low-rank part.

    Values of at most `negligible` times the largest are errors of the solution.
    """
    xp = array_namespace(summary.rows)
    offset = summary.row_sum / summary.n_samples
    mean = summary.location + offset
    if summary.rows.shape[0] == 0:
        return np.zeros(1), summary.rows, mean
    s = xp.linalg.vector_norm(summary.rows, axis=1)
    V = summary.rows / s[:, None]
    shift = math.sqrt(summary.n_samples) * (V @ offset)
    squares = asarray_like(np.diag(to_numpy(s) ** 2), s)
    energy, R = xp.linalg.eigh(squares - shift[:, None] * shift[None, :])
    values = np.sqrt(np.clip(to_numpy(energy)[::-1], 0.0, None))
    # squares lose half of the digits
    rounding = 1e-7 * float(xp.max(s))
    rank = int(np.sum(values > max(negligible * values[0], rounding)))
    if rank == 0:
        return np.zeros(1), summary.rows, mean
    axes = xp.flip(R.T, axis=0)[:rank, :] @ V
    return values[:rank], fix_signs(axes), mean


def soft_threshold(X, threshold):
    """Bring every entry nearer to zero by `threshold`, and not beyond."""
    xp = array_namespace(X)
    return xp.sign(X) * xp.clip(xp.abs(X) - threshold, min=0.0)


def shrink_singular_values(M, threshold):
    """Soft-threshold singular values; also their sum and number afterwards.

    Through the smaller of MᵀM and MMᵀ: its rounding concerns singular values far
    below the threshold only, and those become zero.
    """
    xp = array_namespace(M)
    wide = M.shape[0] < M.shape[1]
    A = M.T if wide else M
    energy, R = xp.linalg.eigh(A.T @ A)
    values = xp.sqrt(xp.clip(energy, min=0.0))
    kept = xp.clip(values - threshold, min=0.0)
    rank = int(xp.sum(xp.astype(kept > 0, xp.int64)))
    first = kept.shape[0] - rank  # eigenvalues rise
    R = R[:, first:]
    A = ((A @ R) * (kept[first:] / values[first:])) @ R.T
    return (A.T if wide else A), float(xp.sum(kept)), rank


def fit_rows(X, components, threshold, *, tol=1e-9, max_iter=100):
    """Coordinates z of the rows x for which x - zV is small but for a few entries.

    Minimises Huber's function of the residuals, quadratic up to `threshold`, linear
    beyond; this is min ‖x - zV - s‖² / 2 + threshold ‖s‖₁ over z and s. With threshold
    0 the sum of magnitudes.

    Reweighted least squares, then Newton steps; a row whose objective a step does not
    lower returns to reweighting. Each row stops by itself, when a step moves no entry
    by more than `tol` times its largest.
    """
    xp = array_namespace(X)
    k = components.shape[0]
    n_block = max(1, BLOCK // (k * X.shape[1]))
    blocks = []
    for start in range(0, X.shape[0], n_block):
        rows = X[start : min(start + n_block, X.shape[0]), :]
        blocks.append(_fit_block(rows, components, threshold, tol, max_iter))
    return xp.concat(blocks, axis=0)


def residual_scale(X, components, *, max_iter=200):
    """Return the standard deviation of the residuals of a self-scaling Huber fit.

    Of each row as many of the smallest residuals are left out as coordinates are
    fitted, which could make so many vanish. The median magnitude of the others, times
    what it takes for a normal law; 0 when more than half of them vanish.
    """
    xp = array_namespace(X)
    k, n_features = components.shape
    largest = float(xp.max(xp.abs(X)))
    if k >= n_features or largest == 0.0:
        return 0.0
    residual = X - (X @ components.T) @ components
    scale = math.inf
    for _ in range(max_iter):
        before = scale
        scale = MAD * median(xp.sort(xp.abs(residual), axis=1)[:, k:])
        if scale <= 1e-10 * largest:
            return 0.0
        if abs(before - scale) <= 1e-3 * scale:
            break
        width = xp.full_like(X[:, :1], HUBER * scale)
        weights = 1.0 / xp.maximum(xp.abs(residual), width)
        step = _solve(weights, residual / width, width, components)
        residual = residual - step @ components
    return scale


def median(x):
    """Median of all entries."""
    xp = array_namespace(x)
    x = xp.sort(xp.reshape(x, (-1,)))
    middle = x.shape[0] // 2
    return float(x[middle] if x.shape[0] % 2 else (x[middle - 1] + x[middle]) / 2)


def column_medians(X):
    """Median of each column."""
    xp = array_namespace(X)
    X = xp.sort(X, axis=0)
    middle = X.shape[0] // 2
    return X[middle, :] if X.shape[0] % 2 else (X[middle - 1, :] + X[middle, :]) / 2


def _fit_block(X, V, threshold, tol, max_iter):
    xp = array_namespace(X)
    scale = xp.max(xp.abs(X), axis=1, keepdims=True)
    scale = xp.where(scale > 0, scale, xp.ones_like(scale))
    width = xp.clip(1e-10 * scale, min=max(float(threshold), 1e-300))  # to divide by
    Z = X @ V.T
    residual = X - Z @ V
    cost = _huber(residual, width)
    done = xp.zeros_like(scale, dtype=xp.bool)
    reweight = xp.ones_like(done)
    for n_iter in range(1, max_iter + 1):
        size = xp.abs(residual)
        weights = 1.0 / xp.maximum(size, width)
        # Newton's matrix leaves entries beyond the threshold out; a little of them
        # keeps it regular
        newton = xp.where(size > width, 0.01 * weights, weights)
        step = _solve(xp.where(reweight, weights, newton), residual / width, width, V)
        moved = step @ V
        lower = _huber(residual - moved, width)
        better = (lower <= cost) & ~done
        Z = xp.where(better, Z + step, Z)
        residual = xp.where(better, residual - moved, residual)
        cost = xp.where(better, lower, cost)
        small = xp.max(xp.abs(moved), axis=1, keepdims=True) <= tol * scale
        done = done | (small & (better | reweight))
        if bool(xp.all(done)):
            break
        if n_iter >= 5:
            reweight = ~better
    return Z


def _huber(residual, width):
    xp = array_namespace(residual)
    size = xp.abs(residual)
    quadratic = 0.5 * size * size / width
    cost = xp.where(size <= width, quadratic, size - 0.5 * width)
    return xp.sum(cost, axis=1, keepdims=True)


def _solve(weights, relative, width, V):
    """Solve Σ w v vᵀ step = Σ clip(r / width) v for every row."""
    xp = array_namespace(weights)
    n, (k, n_features) = weights.shape[0], V.shape
    weights = weights * width  # at most 1, whatever the units
    weighted = xp.reshape(weights[:, None, :] * V[None, :, :], (n * k, n_features))
    matrices = xp.reshape(weighted @ V.T, (n, k, k))
    slopes = (xp.clip(relative, -1.0, 1.0) @ V.T) * width
    return xp.linalg.solve(matrices, slopes[:, :, None])[:, :, 0]


def _norm(X):
    xp = array_namespace(X)
    return math.sqrt(float(xp.sum(X * X)))
