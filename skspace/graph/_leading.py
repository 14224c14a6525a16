"""Leading eigenvectors of the Gram matrix of smoothed attributes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._array import array_namespace, asarray_like, standard_normal, to_numpy

__all__ = [
    "LeadingVectors",
    "dense_leading",
    "fix_signs",
    "krylov",
    "randomized",
    "right_directions",
]

MAX_BLOCKS = 12
"""Blocks of a Krylov basis before it is condensed to its best vectors."""


class LeadingVectors(NamedTuple):
    """Leading eigenvectors, by decreasing eigenvalue."""

    vectors: Any  # (n, k), orthonormal columns
    values: np.ndarray  # (k,), float64 on the host
    n_iter: int  # products with the matrix
    angle: float  # bound on the largest angle to the true subspace, nan if unknown
    converged: bool = True


def krylov(
    gram, n_vectors, *, start=None, n_oversamples=4, tol=1e-6, max_iter=60, rng=None
):
    r"""Eigenvectors of largest eigenvalue, from a block Krylov basis.

    Every block is orthonormalised against all before it, twice. The iteration stops
    when the residuals, divided by the gap behind the last wanted eigenvalue, bound the
    angle between the subspaces by `tol`, or when they are rounding errors.

    Parameters
    ----------
    gram : ScaledGram
        The matrix.
    n_vectors : int
        Eigenvectors wanted.
    start : array of shape (n, q), optional
        First block; by default a Gaussian one of `n_vectors` + `n_oversamples`
        columns in the range of the matrix, drawn for the attributes, so that
        reordering vertices reorders the result.
    tol : float, default=1e-6
        Bound on the sine of the angle.
    max_iter : int, default=60
        Products with the matrix.

    Returns
    -------
    LeadingVectors
    """
    if start is None:
        start = gram.factor(first_block(gram, n_vectors + n_oversamples, rng))
    xp = array_namespace(start)
    eps = float(xp.finfo(start.dtype).eps)
    basis, halves = [orthonormal(start)], []
    n_iter = 0
    while True:
        halves.append(gram.factor_adjoint(basis[-1]))
        block = gram.finish(halves[-1], basis[-1])
        n_iter += 1
        values, rotation = project(gram, basis, halves)
        width = sum(B.shape[1] for B in basis)
        block, coupling = extend(basis, block)
        # The residual of a Ritz vector lies in the new block only.
        last_rows = rotation[width - basis[-1].shape[1] :, :n_vectors]
        residual = float(np.linalg.norm(coupling @ last_rows))
        gap = values[n_vectors - 1] - values[n_vectors] if width > n_vectors else 0.0
        scale = abs(values[0]) or 1.0
        angle = residual / gap if gap > 0 else np.inf
        rounding = 30 * eps * scale
        converged = residual <= max(tol * gap, rounding)
        if converged or n_iter >= max_iter:
            break
        if len(basis) == MAX_BLOCKS or width + block.shape[1] > start.shape[0]:
            kept = combine(basis, rotation[:, : start.shape[1]])
            basis, halves = [orthonormal(kept)], []
            continue
        basis.append(block)
    vectors = combine(basis, rotation[:, :n_vectors])
    return LeadingVectors(vectors, values[:n_vectors], n_iter, angle, converged)


def randomized(gram, n_vectors, *, n_iter=7, n_oversamples=10, rng=None):
    """Eigenvectors from `n_iter` power iterations, orthonormalised in each.

    Parameters and result are those of :func:`krylov`; nothing bounds the error.
    """
    start = gram.factor(first_block(gram, n_vectors + n_oversamples, rng))
    Q = orthonormal(start)
    for _ in range(n_iter):
        Q = orthonormal(gram.finish(gram.factor_adjoint(Q), Q))
    values, rotation = project(gram, [Q], [gram.factor_adjoint(Q)])
    vectors = combine([Q], rotation[:, :n_vectors])
    return LeadingVectors(vectors, values[:n_vectors], n_iter + 1, np.nan)


def right_directions(gram, width, n_blocks, rng):
    """Orthonormal basis of the directions of attributes that matter most.

    Parameters
    ----------
    gram : ScaledGram
        Without a modularity term.
    width : int
        Columns of a block.
    n_blocks : int
        Blocks of the Krylov basis.
    rng : RandomState

    Returns
    -------
    array of shape (d, n_blocks * width)
    """
    basis = [orthonormal(gram.factor(first_block(gram, width, rng)))]
    halves = [gram.factor_adjoint(basis[0])]
    while len(halves) < n_blocks:
        basis.append(extend(basis, gram.factor(halves[-1]))[0])
        halves.append(gram.factor_adjoint(basis[-1]))
    return orthonormal(array_namespace(basis[0]).concat(halves, axis=1))


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
        return LeadingVectors(vectors, values[:k], 1, 0.0)
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
    return LeadingVectors(vectors, values[:k], 1, 0.0)


def first_block(gram, width, rng):
    """Gaussian block for the attributes."""
    shape = (gram.Z.shape[1], min(width, *gram.Z.shape))
    return standard_normal(rng, shape, gram.Z.like)


def orthonormal(block):
    """Orthonormal columns that span those of `block`."""
    return array_namespace(block).linalg.qr(block, mode="reduced")[0]


def extend(basis, block):
    """Orthonormalise a block against the basis; returns it and its coupling."""
    xp = array_namespace(block)
    for _ in range(2):
        for B in basis:
            block = block - B @ (B.T @ block)
    Q, R = xp.linalg.qr(block, mode="reduced")
    return Q, to_numpy(R).astype(np.float64)


def project(gram, basis, halves):
    """Eigenpairs of the matrix within the span of the basis."""
    xp = array_namespace(basis[0])
    W = xp.concat(halves, axis=1)
    M = to_numpy(W.T @ W).astype(np.float64)
    if gram.degrees is not None:
        c = np.concatenate([to_numpy(B.T @ gram.degrees) for B in basis])
        c = c.astype(np.float64)
        M -= gram.weight * (c @ c.T)
    values, rotation = np.linalg.eigh((M + M.T) / 2)
    return values[::-1], rotation[:, ::-1]


def combine(basis, rotation):
    """Linear combinations of the columns of all blocks."""
    start, total = 0, 0
    for B in basis:
        stop = start + B.shape[1]
        total = total + B @ asarray_like(rotation[start:stop, :], B)
        start = stop
    return total


def fix_signs(U):
    """Flip columns so that the entry of largest magnitude is positive.

    Returns the flipped columns and the signs, float64 on the host.
    """
    xp = array_namespace(U)
    flip = -xp.min(U, axis=0) > xp.max(U, axis=0)
    signs = np.where(to_numpy(flip), -1.0, 1.0)
    return U * asarray_like(signs, U), signs
