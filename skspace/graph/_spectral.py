"""Spectral embedding of a sparse affinity graph and its rounding to labels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.linalg as sl
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh, lobpcg

__all__ = ["SpectralEmbedding", "cluster_qr", "discretize", "spectral_embedding"]

DENSE_BELOW = 600
"""Components smaller than this are decomposed densely: exact, and faster there."""


class SpectralEmbedding(NamedTuple):
    """Leading eigenvectors of the normalised affinity on the vertices they cover."""

    vectors: np.ndarray  # (len(vertices), n_components), orthonormal columns
    eigenvalues: np.ndarray  # (n_components,), decreasing, in [-1, 1]
    vertices: np.ndarray  # those that are embedded, increasing
    n_connected: int  # connected components with at least one edge
    n_isolated: int  # vertices without an edge


def spectral_embedding(affinity, n_components):
    """Leading eigenvectors of ``D^{-1/2} A D^{-1/2}``, component by component.

    A graph with several connected components has a repeated leading eigenvalue,
    of which Lanczos iterations find too few copies (this alone costs ten points of
    accuracy on nearest-neighbour graphs of images). So each component is decomposed
    on its own and the leading pairs of all are merged, which is exact.

    Vertices without an edge are not embedded. Neither are the smallest components
    where there are more components than `n_components`: the leading eigenvectors
    are then not unique and say nothing about them. The caller places those vertices
    by other means.

    Parameters
    ----------
    affinity : sparse array of shape (n, n)
        Symmetric and nonnegative.
    n_components : int
        Number of eigenvectors.

    Returns
    -------
    SpectralEmbedding
        The sign of each eigenvector makes its largest entry positive.

    Notes
    -----
    Dense below 600 vertices a component, ``O(m**3)``; above, Lanczos iterations from
    a fixed start vector, ``O(nnz + m * n_components)`` each, or LOBPCG where these do
    not converge.
    """
    affinity = sp.csr_array(affinity, dtype=np.float64, copy=True)
    affinity.eliminate_zeros()  # a stored zero is no edge
    n_labels, component = connected_components(affinity, directed=False)
    sizes = np.bincount(component, minlength=n_labels)
    by_size = np.argsort(-sizes, kind="stable")
    connected = by_size[sizes[by_size] > 1]
    kept = connected[:n_components]

    pairs = []
    for label in kept:
        members = np.flatnonzero(component == label)
        block = affinity[members][:, members]
        values, vectors = _leading(
            block, min(n_components - len(kept) + 1, len(members))
        )
        pairs += [(w, members, v) for w, v in zip(values, vectors.T, strict=True)]
    pairs.sort(key=lambda pair: -pair[0])
    pairs = pairs[:n_components]

    vertices = np.flatnonzero(np.isin(component, kept))
    vectors = np.zeros((affinity.shape[0], len(pairs)))
    for column, (_, members, vector) in enumerate(pairs):
        vectors[members, column] = vector * np.sign(vector[np.argmax(np.abs(vector))])
    return SpectralEmbedding(
        vectors[vertices],
        np.array([w for w, _, _ in pairs]),
        vertices,
        len(connected),
        int(np.sum(sizes == 1)),
    )


def _leading(affinity, k):
    """Largest eigenpairs of the normalised affinity of one connected component."""
    m = affinity.shape[0]
    scale = 1.0 / np.sqrt(np.asarray(affinity.sum(axis=1)).ravel())
    normalised = sp.diags_array(scale) @ affinity @ sp.diags_array(scale)
    if m <= max(DENSE_BELOW, 3 * k):
        dense = normalised.toarray()
        return sl.eigh((dense + dense.T) / 2, subset_by_index=(m - k, m - 1))
    # I + N is positive semi-definite with the same vectors; the leading one is known,
    # so it is moved out of the way and Lanczos spends its basis on the others.
    top = (1.0 / scale) / np.linalg.norm(1.0 / scale)
    if k == 1:
        return np.ones(1), top[:, None]

    def deflated(x):
        column = top if x.ndim == 1 else top[:, None]
        return x + normalised @ x - 2.0 * column * (top @ x)

    operator = LinearOperator(
        (m, m), matvec=deflated, matmat=deflated, dtype=np.float64
    )
    rng = np.random.RandomState(0)
    try:
        values, vectors = eigsh(
            operator,
            k=k - 1,
            which="LA",
            v0=rng.uniform(-1.0, 1.0, size=m),
            ncv=min(m - 1, max(3 * k, 40)),
        )
    except ArpackNoConvergence:
        start = rng.standard_normal((m, k - 1))
        values, vectors = lobpcg(operator, start, largest=True, maxiter=500, tol=1e-8)
    return np.r_[values - 1.0, 1.0], np.column_stack([vectors, top])


def unit_rows(V):
    """Scale rows to unit length; zero rows stay zero."""
    length = np.linalg.norm(V, axis=1, keepdims=True)
    return V / np.where(length > 0, length, 1.0)


def cluster_qr(V):
    """Labels from an embedding by column-pivoted QR, with no starts and no tuning.

    Damle, Minden & Ying (2019), Information and Inference 8(1), 181-203,
    doi:10.1093/imaiai/iay008.

    Parameters
    ----------
    V : ndarray of shape (n, k)
        Orthonormal eigenvectors.

    Returns
    -------
    labels : ndarray of shape (n,)
    """
    k = V.shape[1]
    pivots = sl.qr(V.T, pivoting=True, mode="r")[1][:k]
    U, _, Wt = sl.svd(V[pivots].T)
    return np.argmax(np.abs(V @ U @ Wt), axis=1)


def discretize(V, rng, *, max_iter=30, n_starts=5):
    """Labels from the partition matrix closest to a rotation of the embedding.

    Yu & Shi (2003), ICCV, doi:10.1109/ICCV.2003.1238361: alternate between the
    nearest discrete partition and the nearest rotation.

    Parameters
    ----------
    V : ndarray of shape (n, k)
        Eigenvectors; rows are scaled to unit length here.
    rng : RandomState
        Draws the first row of each start.
    max_iter : int, default=30
        Alternations at most.
    n_starts : int, default=5
        Starts; the partition nearest to a rotation of the embedding is kept.

    Returns
    -------
    labels : ndarray of shape (n,)
    """
    V = unit_rows(V)
    n, k = V.shape
    best, labels = -np.inf, np.zeros(n, dtype=np.intp)
    for _ in range(n_starts):
        rotation = _spread_rows(V, rng)
        previous = -np.inf
        for _ in range(max_iter):
            candidate = np.argmax(V @ rotation, axis=1)
            partition = np.eye(k)[candidate]
            U, s, Wt = np.linalg.svd(partition.T @ V)
            if s.sum() - previous <= np.finfo(float).eps * n:
                break
            previous, rotation = s.sum(), (U @ Wt).T
        if previous > best:
            best, labels = previous, candidate
    return labels


def _spread_rows(V, rng):
    """Choose k rows of V, as orthogonal as greed makes them, as columns."""
    n, k = V.shape
    columns = [V[rng.randint(n)]]
    overlap = np.zeros(n)
    for _ in range(k - 1):
        overlap += np.abs(V @ columns[-1])
        columns.append(V[np.argmin(overlap)])
    return np.stack(columns, axis=1)
