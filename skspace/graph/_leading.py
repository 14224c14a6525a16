"""Leading eigenvectors of the Gram matrix of smoothed attributes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._array import array_namespace, asarray_like, standard_normal, to_numpy
from ._krylov_basis import Subspace, orthonormal
from ._smoothed import ScaledGram

__all__ = [
    "LeadingVectors",
    "dense_leading",
    "krylov",
    "randomized",
    "right_directions",
]

MAX_BLOCKS = 16
"""Blocks of a Krylov basis before it is condensed to its best vectors."""

SAFETY = 2
"""Factor on the angle that is extrapolated."""

SLOW_MOVES, SLOW_RATE = 5, 0.42
"""Moves that are looked at, and how little they shrink each time, for a standstill."""

SEEN_MOVES = 2
"""Moves that are looked at where there was a standstill in single precision."""

FIRST_TEST = 6
"""Blocks before the first test for convergence; fewer never were enough."""

ROUGH = 1e-4
"""Sine of the angle up to which single precision leads the way."""

SMALL = 1000
"""Rows below which it is not worth a copy."""


class LeadingVectors(NamedTuple):
    """Leading eigenvectors, by decreasing eigenvalue."""

    vectors: Any  # (n, k), orthonormal columns
    adjoint: Any  # (d, k), Z^T D times these
    values: np.ndarray  # (k,), float64 on the host
    n_iter: int  # products with the matrix
    angle: float  # bound on the largest angle to the true subspace, nan if unknown
    converged: bool = True


def krylov(gram, n_vectors, *, n_oversamples=2, tol=1e-6, max_iter=60, rng=None):
    r"""Eigenvectors of largest eigenvalue, from a block Krylov basis.

    Every block is orthonormalised against all before it. The iteration stops when the
    angle to the true subspace is below `tol`: by the bound that residuals and the gap
    behind the last wanted eigenvalue give, which may be a hundred times too large, or
    by extrapolating how far the subspace still moves. It also stops when residuals are
    rounding errors, and when eigenvalues no longer change but the subspace still turns
    slowly: then the last of them lie among others so close that noise in the data
    would turn it further.

    Parameters
    ----------
    gram : ScaledGram
        The matrix.
    n_vectors : int
        Eigenvectors wanted.
    n_oversamples : int, default=2
        Columns of a block beyond those, at least. The first block is Gaussian and
        drawn for the attributes, so that reordering vertices reorders the result.
    tol : float, default=1e-6
        Sine of the angle.
    max_iter : int, default=60
        Products with the matrix.
    rng : RandomState

    Returns
    -------
    LeadingVectors
    """
    width = 4 * -(-(n_vectors + n_oversamples) // 4)  # kernels like multiples of four
    rough = in_single_precision(gram)
    block = orthonormal(rough.factor(first_block(rough, width, rng)))
    n_rough, first_test, n_moves = 0, FIRST_TEST, SLOW_MOVES
    if rough is not gram:
        found, within, rotation = grow(
            rough, block, n_vectors, FIRST_TEST, ROUGH, max(1, max_iter // 2)
        )
        if within.size > width:
            block = within.combine(rotation[:, :width])
        del within  # as large as the next basis
        if found.converged and found.angle > ROUGH:
            n_moves = SEEN_MOVES
        xp, n_rough, first_test = array_namespace(block), found.n_iter, 2
        block = orthonormal(xp.astype(block, xp.float64))
    n_left = max(1, max_iter - n_rough)
    leading, *_ = grow(gram, block, n_vectors, first_test, tol, n_left, n_moves)
    return leading._replace(n_iter=leading.n_iter + n_rough)


def in_single_precision(gram):
    """Copy that leads the way; the matrix itself where that would not pay.

    A modularity term cancels what is largest, and with it most of the digits.
    """
    Z = gram.Z
    single = array_namespace(Z.like).float32
    if gram.degrees is not None or Z.shape[0] < SMALL or Z.like.dtype == single:
        return gram
    return ScaledGram(Z.single())


def grow(gram, block, n_vectors, first_test, tol, max_iter, n_moves=SLOW_MOVES):
    """Krylov iteration from a block; also returns its basis and rotation."""
    xp, (n, width) = array_namespace(block), block.shape
    eps = float(xp.finfo(block.dtype).eps)
    within, progress = Subspace(gram, block, MAX_BLOCKS), Progress(n_moves)
    for n_iter in range(1, max_iter + 1):
        half = within.add(block)
        last = block.shape[1]
        block, coupling = within.extend(gram.finish(half, block))
        size = within.size
        full = size + width > min(n, MAX_BLOCKS * width)
        exhausted = block.shape[1] == 0
        if n_iter < first_test and not full and not exhausted and n_iter < max_iter:
            continue
        values, rotation = within.eigenpairs()
        # The residual of a Ritz vector lies in the new block only.
        residual = float(np.linalg.norm(coupling @ rotation[-last:, :n_vectors]))
        gap = values[n_vectors - 1] - values[n_vectors] if size > n_vectors else 0.0
        angle = residual / gap if gap > 0 else np.inf
        angle = min(angle, SAFETY * progress.estimate(rotation[:, :n_vectors]))
        rounding = 30 * eps * (abs(values[0]) or 1.0)
        settled = progress.has_settled(values[:n_vectors])
        converged = angle <= tol or residual <= rounding or settled
        if converged:
            break
        if full and n_iter < max_iter:  # go on from the best vectors
            block = orthonormal(within.combine(rotation[:, :width]))
            within, progress = Subspace(gram, block, MAX_BLOCKS), Progress(n_moves)
    leading = leading_of(
        within, values, rotation[:, :n_vectors], n_iter, angle, converged
    )
    return leading, within, rotation


def leading_of(within, values, rotation, n_iter, angle, converged=True):
    """Turn Ritz vectors, which are coordinates in a basis, into vectors."""
    return LeadingVectors(
        within.combine(rotation),
        within.combine_halves(rotation),
        values[: rotation.shape[1]],
        n_iter,
        angle,
        converged,
    )


class Progress:
    """What the last moves of a subspace tell of those to come."""

    def __init__(self, n_moves):
        self.n_moves = n_moves  # looked at for a standstill
        self.previous, self.moves, self.values = None, [], []

    def estimate(self, rotation):
        """Extrapolate the sine of the angle to the limit.

        Coordinates are those in a basis that only grows.
        """
        previous, self.previous = self.previous, rotation
        if previous is None:
            return np.inf
        # P - R R^T P, where P is the previous subspace in the new coordinates
        here = rotation[: len(previous), :]
        inside = here.T @ previous
        moved = np.concatenate(
            [previous - here @ inside, -rotation[len(previous) :, :] @ inside]
        )
        self.moves.append(float(np.linalg.norm(moved, 2)))
        if len(self.moves) < 2 or not self.moves[-1] < self.moves[-2]:
            return np.inf
        rate = self.moves[-1] / self.moves[-2]
        return self.moves[-1] * rate / (1 - rate)

    def has_settled(self, values):
        """Whether only the subspace moves, and hardly slows down."""
        self.values.append(values)
        n = self.n_moves
        if len(self.moves) < n or not self.moves[-n] > 0:
            return False
        rate = (self.moves[-1] / self.moves[-n]) ** (1 / (n - 1))
        change = np.abs(self.values[-1] - self.values[-2])
        return rate > SLOW_RATE and np.all(change <= 1e-3 * np.abs(self.values[-1]))


def randomized(gram, n_vectors, *, n_iter=7, n_oversamples=10, rng=None):
    """Eigenvectors from `n_iter` power iterations, orthonormalised in each.

    Parameters and result are those of :func:`krylov`; nothing bounds the error.
    """
    start = gram.factor(first_block(gram, n_vectors + n_oversamples, rng))
    Q = orthonormal(start)
    for _ in range(n_iter):
        Q = orthonormal(gram.finish(gram.factor_adjoint(Q), Q))
    within = Subspace(gram, Q, 1)
    within.add(Q)
    values, rotation = within.eigenpairs()
    return leading_of(within, values, rotation[:, :n_vectors], n_iter + 1, np.nan)


def right_directions(gram, width, n_blocks, rng):
    """Orthonormal basis of the directions of attributes that matter most.

    Parameters
    ----------
    gram : ScaledGram
        Without a modularity term.
    width : int
        Columns of a block, at least.
    n_blocks : int
        Blocks of the Krylov basis.
    rng : RandomState

    Returns
    -------
    array of shape (d, m)
    """
    width = 4 * -(-width // 4)
    block = orthonormal(gram.factor(first_block(gram, width, rng)))
    within = Subspace(gram, block, n_blocks)
    for i in range(n_blocks):
        half = within.add(block)
        if i < n_blocks - 1:
            block, _ = within.extend(gram.factor(half))
        if block.shape[1] == 0:
            break
    return orthonormal(within.halves.T)


def dense_leading(Y, n_vectors, *, resolution=None):
    r"""Leading eigenvectors of :math:`Y Y^T` or of its modularity matrix, densely.

    Parameters
    ----------
    Y : array of shape (n, m)
        Factor; rows already scaled.
    n_vectors : int
        Eigenvectors wanted; fewer are returned where the rank of Y is less.
    resolution : float, optional
        Where given, :math:`Y Y^T - \gamma \omega \omega^T / 1^T \omega` is decomposed,
        with ω the row sums of :math:`Y Y^T`.

    Returns
    -------
    LeadingVectors

    Notes
    -----
    *Cost.* O(n m min(n, m)), from the smaller Gram matrix.
    """
    xp = array_namespace(Y)
    n, m = Y.shape
    eps = float(xp.finfo(Y.dtype).eps)
    if n < m:
        M = to_numpy(Y @ Y.T).astype(np.float64)
        if resolution is not None:
            degrees = M.sum(axis=1)
            total = degrees.sum()
            M = M - (resolution / total if total > 0 else 0) * np.outer(
                degrees, degrees
            )
        values, vectors = np.linalg.eigh((M + M.T) / 2)
        values, vectors = values[::-1], vectors[:, ::-1]
        size = np.abs(values).max(initial=0)
        rank = int(np.sum(np.abs(values) > n * eps * size))
        k = min(n_vectors, rank)
        vectors = asarray_like(vectors[:, :k], Y)
        return LeadingVectors(vectors, Y.T @ vectors, values[:k], 1, 0.0)
    G = to_numpy(Y.T @ Y).astype(np.float64)
    values, V = np.linalg.eigh((G + G.T) / 2)
    values, V = values[::-1], V[:, ::-1]
    kept = values > m * eps * max(values[0], 0)
    values, V = values[kept], V[:, kept]
    rotation = V / np.sqrt(values)
    if resolution is not None and len(values):
        sums = to_numpy(xp.sum(Y, axis=0, dtype=xp.float64))
        total = float(sums @ sums)
        c = np.sqrt(values) * (V.T @ sums)
        M = np.diag(values)
        if total > 0:
            M -= resolution / total * np.outer(c, c)
        values, W = np.linalg.eigh(M)
        values, rotation = values[::-1], rotation @ W[:, ::-1]
    k = min(n_vectors, len(values))
    vectors = Y @ asarray_like(rotation[:, :k], Y)
    return LeadingVectors(vectors, Y.T @ vectors, values[:k], 1, 0.0)


def first_block(gram, width, rng):
    """Gaussian block for the attributes."""
    shape = (gram.Z.shape[1], min(width, *gram.Z.shape))
    return standard_normal(rng, shape, gram.Z.like)
