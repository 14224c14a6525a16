"""How well a partition agrees with both the edges and the attributes of a graph."""

from __future__ import annotations

import functools
import itertools

import numpy as np
import scipy.sparse as sp

from .._array import array_namespace, asarray_like, to_numpy

__all__ = ["Agreement"]

N_PROBES = 64
"""Random vectors for the effective rank of the attributes."""

EDGE_BLOCK = 2**22


class Agreement:
    r"""Criterion :math:`\log(Q + Q_0) + \log(K + K_0)` that compares partitions.

    Q is the modularity of the partition on the graph. K is its counterpart for the
    attributes f: the sum over clusters of :math:`\|\sum_{i \in c} (f_i - \bar f)\|^2`,
    in units in which a partition into equal clusters that explains all variance
    has one. Longer walks raise Q and lower K, so their product has a maximum.

    :math:`Q_0` and :math:`K_0` are about what the best partition of pure noise
    reaches: :math:`0.97 / \sqrt{\bar d}` on random graphs of mean degree
    :math:`\bar d` (Reichardt and Bornholdt 2006), and :math:`(k - 1) (1 +
    \sqrt{r / n})^2 / r`, the share of variance of k - 1 eigenvalues at the edge of
    the Marchenko-Pastur law, for noise of effective rank r. Where a source says
    nothing, its factor is thus nearly flat, and mostly the other decides.

    Parameters
    ----------
    adjacency : csr_array of shape (n, n)
        Symmetric.
    attributes : array or csr_array of shape (n, d)
        Weighted attributes.
    n_clusters : int
        Clusters of the partitions to be compared.
    """

    def __init__(self, adjacency, attributes, n_clusters):
        self.adjacency, self.attributes = adjacency, attributes
        n = attributes.shape[0]
        self.n_clusters = n_clusters
        self.degree = np.asarray(adjacency.sum(axis=1), dtype=np.float64).ravel()
        self.graph_noise = 0.97 / np.sqrt(max(adjacency.nnz / n, 1.0))

    @functools.cached_property
    def mean(self):
        """Mean of the attributes, float64 on the host."""
        return _column_means(self.attributes)

    @functools.cached_property
    def variance(self):
        """Sum of squared deviations from it."""
        F = self.attributes
        squares = (
            float(np.sum(np.square(F.data, dtype=np.float64)))
            if sp.issparse(F)
            else float(to_numpy(array_namespace(F).sum(F**2)))
        )
        return max(squares - F.shape[0] * float(self.mean @ self.mean), 0.0)

    @functools.cached_property
    def attribute_noise(self):
        """K of the best partition of noise."""
        n, r = self.attributes.shape[0], self._effective_rank()
        return (self.n_clusters - 1) / r * (1 + np.sqrt(r / n)) ** 2

    def _effective_rank(self):
        """Squared trace over squared Frobenius norm of the covariance."""
        n, d = self.attributes.shape
        probes = np.random.RandomState(0).choice([-1.0, 1.0], size=(d, N_PROBES))
        trace = squared = 0.0  # few probes at a time: each has n entries
        for some in np.split(probes, N_PROBES // 8, axis=1):
            block = _times(self.attributes, some) - self.mean @ some
            back = _times(self.attributes.T, block) - np.outer(self.mean, block.sum(0))
            trace += np.sum(block**2) / N_PROBES
            squared += np.sum(back**2) / N_PROBES
        return float(np.clip(trace**2 / squared, 1, min(n, d))) if squared > 0 else 1.0

    def __call__(self, labels):
        """Agreement of a partition, to be maximised."""
        Q, K = self.graph_term(labels), self.attribute_term(labels)
        # Worse than noise is as good as noise: the logarithm has to exist.
        Q = max(Q + self.graph_noise, 1e-3 * self.graph_noise)
        value = np.log(Q) + np.log(max(K + self.attribute_noise, 1e-300))
        return round(float(value), 9)  # a partition renumbered is as good, no better

    def graph_term(self, labels):
        """Modularity; 0 for a graph without edges."""
        total = self.degree.sum()
        if not total > 0:
            return 0.0
        A = self.adjacency
        inside = 0.0
        n_blocks = max(1, A.nnz // EDGE_BLOCK)
        bounds = np.linspace(0, A.shape[0], n_blocks + 1).astype(int)
        for start, stop in itertools.pairwise(bounds):
            entries = slice(A.indptr[start], A.indptr[stop])
            row = np.repeat(labels[start:stop], np.diff(A.indptr[start : stop + 1]))
            same = labels[A.indices[entries]] == row
            inside += float(np.sum(A.data[entries], where=same, dtype=np.float64))
        volume = np.bincount(labels, weights=self.degree)
        return inside / total - float(np.sum((volume / total) ** 2))

    def attribute_term(self, labels):
        """K; 0 for attributes without variance."""
        if not self.variance > 0:
            return 0.0
        n, k = len(labels), int(labels.max()) + 1
        members = sp.csr_array((np.ones(n), labels, np.arange(n + 1)), shape=(n, k))
        sums = (
            # both by rows, or SciPy copies the attributes by columns
            (members.T.tocsr() @ self.attributes).toarray()
            if sp.issparse(self.attributes)
            else _times(self.attributes.T, members.toarray()).T
        )
        sums = sums - np.outer(np.bincount(labels, minlength=k), self.mean)
        return float(np.sum(sums**2)) / (self.variance * n / self.n_clusters)


def _column_means(F):
    if sp.issparse(F):
        sums = np.bincount(F.indices, weights=F.data, minlength=F.shape[1])
        return sums / F.shape[0]
    xp = array_namespace(F)
    return to_numpy(xp.mean(F, axis=0)).astype(np.float64)


def _times(F, block):
    """Product with a host block, as a host block."""
    if sp.issparse(F):
        return F @ block
    return to_numpy(F @ asarray_like(block, F)).astype(np.float64)
