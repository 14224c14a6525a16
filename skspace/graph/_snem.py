"""Rounding of an embedding to clusters by alternating normalised assignments."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .._array import accelerated, array_namespace, device
from ._spectral import cluster_qr

__all__ = ["Partition", "partition_of", "round_embedding", "snem_round"]

MAX_ROUNDS = 100
MAX_REPAIRS = 20

ROUNDING = 1e-9
"""Gain, relative to the objective, below which two starts are the same partition."""


class Partition(NamedTuple):
    """A partition of the rows of an embedding."""

    labels: np.ndarray  # (n,), int64
    objective: float  # sum over clusters of n_j ||mean of the rows||^2
    n_found: int  # clusters with members
    n_iter: int  # rounds of the start it came from


@accelerated("skspace._numba.snem:snem_round")
def snem_round(U, directions):
    """Assign each row to the direction of largest inner product.

    Parameters
    ----------
    U : array of shape (n, r)
        Rows to assign.
    directions : array of shape (k, r), float64
        One for each cluster.

    Returns
    -------
    labels : array of shape (n,), int64
        The first of the best directions.
    sums : array of shape (k, r), float64
        Sum of the rows that each direction got.
    counts : array of shape (k,), int64
        Their number.
    """
    xp = array_namespace(U, directions)
    U = xp.astype(U, xp.float64)
    labels = xp.argmax(U @ directions.T, axis=1)
    clusters = xp.arange(directions.shape[0], dtype=labels.dtype, device=device(labels))
    members = xp.astype(labels[:, None] == clusters[None, :], xp.float64)
    counts = xp.astype(xp.sum(members, axis=0), xp.int64)
    return xp.astype(labels, xp.int64), members.T @ U, counts


def round_embedding(U, n_clusters, n_init, rng, *, rows=None):
    r"""Partition of largest :math:`\sum_j n_j \|\bar u_j\|^2` over several starts.

    Rounds alternate between the directions :math:`r_j = \sum_{i \in j} u_i /
    \sqrt{n_j}` and the assignment of each row to the direction of largest inner
    product. The first start takes the largest entry of each row, the second the
    clusters of a pivoted QR decomposition, the others flip signs of columns at random.

    Parameters
    ----------
    U : ndarray of shape (n, n_clusters)
        Orthonormal columns with fixed signs.
    n_clusters : int
        Clusters wanted.
    n_init : int
        Starts. With one start a cluster that loses all its rows stays lost, as in the
        published procedure. With several, the most spread cluster is cut in two and
        the rounds go on, and among partitions with all clusters the best one is kept.
    rng : RandomState
        Draws signs.
    rows : ndarray of int, optional
        Rows to find the directions with; the others then go to the best of them.

    Returns
    -------
    Partition

    Notes
    -----
    *Cost.* O(n n_clusters^2) a round, with n the number of `rows` but for the last;
    5 to 40 rounds a start, at most 100.
    """
    best = None
    some = U if rows is None else U[rows]
    for start in _starts(some, n_init, rng):
        partition = _iterate(some, start, n_clusters)
        if n_init > 1 and partition.n_found < n_clusters:
            partition = _repair(some, partition, n_clusters)
        if best is None or _is_better(partition, best):
            best = partition
    if rows is None:
        return best
    sums, counts = cluster_sums(some, best.labels, n_clusters)
    sizes = np.sqrt(np.maximum(counts, 1))[:, None]
    return _evaluate(*snem_round(U, sums / sizes), best.n_iter)


def _is_better(partition, best):
    """Whether it is another, better partition, and not the same one, renumbered."""
    if partition.n_found != best.n_found:
        return partition.n_found > best.n_found
    return partition.objective > best.objective * (1 + ROUNDING)


def _starts(U, n_init, rng):
    yield np.argmax(U, axis=1)
    if n_init > 1:
        yield cluster_qr(U)
    for _ in range(n_init - 2):
        yield np.argmax(U * rng.choice([-1.0, 1.0], U.shape[1]), axis=1)


def _iterate(U, labels, k):
    """Alternate until no label changes."""
    sums, counts = cluster_sums(U, labels, k)
    n_iter, done = 0, False
    while not done and n_iter < MAX_ROUNDS:
        n_iter += 1
        directions = sums / np.sqrt(np.maximum(counts, 1))[:, None]
        previous = labels
        labels, sums, counts = snem_round(U, directions)
        done = np.array_equal(labels, previous)
    return _evaluate(labels, sums, counts, n_iter)


def cluster_sums(U, labels, k):
    """Sum the rows of each cluster in float64, and count them."""
    sums = np.empty((k, U.shape[1]))
    for c in range(U.shape[1]):
        sums[:, c] = np.bincount(labels, weights=U[:, c], minlength=k)
    return sums, np.bincount(labels, minlength=k)


def _repair(U, partition, k):
    """Give each lost cluster half of the most spread one, and go on from there."""
    for _ in range(MAX_REPAIRS):
        labels = _split(U, partition.labels, k)
        if labels is None:
            return partition
        split = partition_of(U, labels, k, partition.n_iter)
        partition = _iterate(U, labels, k)
        if partition.n_found == k:
            return partition
    return split  # it dies again and again: keep the halves as they were cut


def partition_of(U, labels, k, n_iter=1):
    """Evaluate the objective of given labels."""
    labels = np.asarray(labels, dtype=np.int64)
    return _evaluate(labels, *cluster_sums(U, labels, k), n_iter)


def _evaluate(labels, sums, counts, n_iter):
    objective = float(np.sum(np.sum(sums**2, axis=1) / np.maximum(counts, 1)))
    return Partition(labels, objective, int(np.sum(counts > 0)), n_iter)


def _split(U, labels, k):
    """Cut the most spread clusters along their longest direction."""
    sums, counts = cluster_sums(U, labels, k)
    means = sums / np.maximum(counts, 1)[:, None]
    spread = np.bincount(
        labels, weights=np.sum((U - means[labels]) ** 2, axis=1), minlength=k
    )
    lost = np.flatnonzero(counts == 0)
    candidates = [c for c in np.argsort(-spread, kind="stable") if spread[c] > 0]
    labels = labels.copy()
    n_cut = 0
    for label, cluster in zip(lost, candidates, strict=False):
        members = np.flatnonzero(labels == cluster)
        deviation = np.asarray(U[members] - means[cluster], dtype=np.float64)
        axis = np.linalg.eigh(deviation.T @ deviation)[1][:, -1]
        axis = axis * np.sign(axis[np.argmax(np.abs(axis))])
        half = members[deviation @ axis > 0]
        if 0 < len(half) < len(members):
            labels[half] = label
            n_cut += 1
    return labels if n_cut else None
