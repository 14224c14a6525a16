"""K-subspaces on arrays: iterations, the subspaces they start from, and consensus."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from .._array import array_namespace, to_numpy
from .._rows import take_rows
from ._dense_rows import collect_rows, unit_length, zero_own_column


class KSubspacesState(NamedTuple):
    """One iterate of `k_subspaces_iterations`."""

    labels: np.ndarray  # (n_samples,), on the host, every cluster has a member
    components: Any  # (n_clusters, n_dims, n_features)
    objective: float  # mean squared distance of samples to the subspace of their label
    change: float  # relative decrease of the objective; 0 when no label changed


def k_subspaces_iterations(V, components):
    """Alternate nearest subspaces and leading singular vectors of their members.

    Neither half of an iteration raises the objective, nor does the repair of an
    empty cluster.

    Parameters
    ----------
    V : array of shape (n_samples, n_features), float64
    components : array of shape (n_clusters, n_dims, n_features)
        Subspaces to start from: orthonormal rows, or zero.

    Yields
    ------
    KSubspacesState
    """
    xp = array_namespace(V)
    squares = xp.sum(V * V, axis=1)
    n_clusters, n_dims, _ = components.shape
    labels, objective = None, math.inf
    while True:
        before, largest = labels, objective
        labels = _nearest(V, squares, components)
        subspaces, rest = [], 0.0
        for k in range(n_clusters):
            members = take_rows(V, np.flatnonzero(labels == k))
            basis = leading_directions(members, n_dims)
            rest += float(xp.sum((members - (members @ basis.T) @ basis) ** 2))
            subspaces.append(basis)
        components = xp.stack(subspaces)
        objective = rest / V.shape[0]
        if before is not None and np.array_equal(labels, before):
            change = 0.0
        else:
            change = 1.0 - objective / largest if largest > 0 else 0.0
        yield KSubspacesState(labels, components, objective, change)


def _nearest(V, squares, components):
    """Label of the nearest subspace; no cluster is left empty.

    An empty cluster takes the sample farthest from its own subspace, the first of
    equal ones, out of a cluster that keeps another member.
    """
    xp = array_namespace(V)
    n_clusters, n_dims, width = components.shape
    inside = (V @ xp.reshape(components, (-1, width)).T) ** 2
    inside = xp.sum(xp.reshape(inside, (-1, n_clusters, n_dims)), axis=2)
    labels = np.array(to_numpy(xp.argmax(inside, axis=1)), dtype=np.int64)
    own = np.array(to_numpy(squares - xp.max(inside, axis=1)))
    sizes = np.bincount(labels, minlength=n_clusters)
    for empty in np.flatnonzero(sizes == 0):
        moved = int(np.argmax(np.where(sizes[labels] > 1, own, -np.inf)))
        sizes[labels[moved]] -= 1
        labels[moved], own[moved], sizes[empty] = empty, -1.0, 1
    return labels


def leading_directions(M, n_dims):
    """Leading right singular vectors of M as rows, zero beyond its rank.

    Through the smaller of the two products of M with itself, many times faster than
    a decomposition of M; directions with less than 1e-10 of the leading energy, which
    lose their digits that way, count for nothing in the objective and are dropped.
    """
    xp = array_namespace(M)
    wide = M.shape[0] < M.shape[1]
    energy, Q = xp.linalg.eigh(M @ M.T if wide else M.T @ M)
    kept = min(n_dims, energy.shape[0])
    energy, Q = xp.flip(energy)[:kept], xp.flip(Q, axis=1)[:, :kept]
    usable = energy > 1e-10 * energy[0]
    if wide:
        Q = M.T @ (Q / xp.sqrt(xp.where(usable, energy, xp.ones_like(energy))))
    basis = xp.where(usable[:, None], Q.T, xp.zeros_like(Q.T))
    missing = xp.zeros_like(M[:1, :]) * xp.zeros_like(M[:1, :1])
    return xp.concat([basis, *[missing] * (n_dims - kept)], axis=0)


def span_of_random_rows(V, n_clusters, n_dims, rng):
    """Subspaces spanned by rows drawn at random, apart while there are enough rows.

    A row in two spans would be at no distance from either, and rounding would decide.
    """
    size = min(n_dims, V.shape[0])
    drawn = np.resize(rng.permutation(V.shape[0]), (n_clusters, size))
    bases = [leading_directions(take_rows(V, rows), n_dims) for rows in drawn]
    return array_namespace(V).stack(bases)


def span_of_neighbours(V, n_clusters, n_dims, rng):
    """Subspaces of the rows around one row each, far from the subspaces before.

    The rows are drawn with probability proportional to their squared distance to the
    nearest subspace so far, as k-means++ does with centres; to each come the rows at
    the smallest angles to it, twice as many as there are dimensions.
    """
    xp = array_namespace(V)
    unit = unit_length(V)
    squared = np.ones(V.shape[0])
    bases = []
    for _ in range(n_clusters):
        total = np.cumsum(squared)
        seed = int(np.searchsorted(total, rng.uniform() * total[-1], side="right"))
        seed = min(seed, V.shape[0] - 1)
        cosines = np.abs(to_numpy(unit @ unit[seed, :]))
        rows = np.argsort(-cosines, kind="stable")[: 2 * n_dims]
        bases.append(leading_directions(take_rows(V, rows), n_dims))
        inside = xp.sum((unit @ bases[-1].T) ** 2, axis=1)
        squared = np.minimum(squared, np.maximum(1.0 - to_numpy(inside), 0.0))
    return xp.stack(bases)


def co_association(labelings, n_keep, n_jobs=None):
    """Share of labelings that put two samples together, the largest of each row.

    Parameters
    ----------
    labelings : ndarray of shape (n_labelings, n_samples)
    n_keep : int
        Entries kept per row.
    n_jobs : int, optional
        Threads over row blocks.

    Returns
    -------
    csr_array of shape (n_samples, n_samples), empty diagonal
    """
    n_labelings, n = labelings.shape
    n_clusters = int(labelings.max()) + 1
    column = labelings + n_clusters * np.arange(n_labelings)[:, None]
    indptr = np.arange(n + 1) * n_labelings
    member = sp.csr_array(
        (np.ones(n * n_labelings), column.T.ravel(), indptr),
        shape=(n, n_clusters * n_labelings),
    )
    samples_of = sp.csr_array(member.T)

    def rows(start, stop):
        counts = (member[start:stop] @ samples_of).toarray()
        return zero_own_column(counts / n_labelings, start)

    return collect_rows(rows, np.empty((n, 0)), n_keep, n_jobs)


def in_own_span(V):
    """Rows in float64, in coordinates of the space they span where that is smaller."""
    xp = array_namespace(V)
    V = xp.astype(V, xp.float64)
    if V.shape[0] >= V.shape[1]:
        return V
    U, s, _ = xp.linalg.svd(V, full_matrices=False)
    return U * s
