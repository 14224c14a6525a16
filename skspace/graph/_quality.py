"""How good a partition of a graph is, without known labels."""

from __future__ import annotations

import numpy as np

from .._array import is_array_api_obj, to_numpy
from ._adjacency import as_adjacency, symmetrize
from ._threads import row_ranges

__all__ = ["conductance", "modularity"]

BLOCK_ENTRIES = 2**20
"""Edges looked at together: temporary arrays have this length."""


def modularity(adjacency, labels, *, resolution=1.0):
    r"""Weight within clusters beyond what degrees alone make one expect.

    .. math:: Q = \sum_c \left[\frac{W_c}{W}
              - \gamma \left(\frac{d_c}{W}\right)^2\right]

    where W is the sum of all entries of the adjacency matrix A, :math:`W_c` that of the
    entries inside cluster c, :math:`d_c` the sum of the degrees in c and γ the
    `resolution`.

    Parameters
    ----------
    adjacency : sparse or dense matrix, VertexGraph or networkx graph, of n vertices
        Non-negative weights. Directed graphs count as their symmetric part.
    labels : array-like of shape (n,) or (n, n_clusters)
        Cluster of each vertex, of any sortable kind; or its shares in the clusters,
        non-negative with sum one in every row.
    resolution : float, default=1.0
        Weight γ of the expectation, at least 0; larger values favour smaller clusters.

    Returns
    -------
    modularity : float
        At most 1; 0 for a single cluster at resolution 1.

    Raises
    ------
    ValueError
        If the graph has no edges, which leaves modularity undefined, is not square or
        has negative weights, or if the labels do not fit it.

    See Also
    --------
    conductance : Share of the weight at a cluster that leaves it.

    Notes
    -----
    The degree of a vertex is its row sum, so a loop, an entry on the diagonal, counts
    once. For the convention of networkx, where a loop counts twice in the degree,
    double the diagonal.

    Shares U generalise the sums to :math:`W_c = u_c^T A u_c` and
    :math:`d_c = u_c^T A 1`.

    *Cost.* O(nnz + n log n) for labels, O(nnz n_clusters) for shares.

    References
    ----------
    M. E. J. Newman, M. Girvan, "Finding and evaluating community structure in
    networks", Physical Review E 69 (2004). :doi:`10.1103/PhysRevE.69.026113`

    J. Reichardt, S. Bornholdt, "Statistical mechanics of community detection",
    Physical Review E 74 (2006). :doi:`10.1103/PhysRevE.74.016110`

    Examples
    --------
    Two triangles joined by an edge:

    >>> import numpy as np
    >>> from skspace.graph import modularity
    >>> A = np.zeros((6, 6))
    >>> for i, j in [(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5), (2, 3)]:
    ...     A[i, j] = A[j, i] = 1
    >>> round(modularity(A, [0, 0, 0, 1, 1, 1]), 4)
    0.3571
    """
    if not 0 <= resolution < np.inf:
        raise ValueError(f"resolution must be finite and >= 0, got {resolution!r}.")
    inside, volume = _inside_and_volume(adjacency, labels)
    total = volume.sum()
    return float(np.sum(inside / total - resolution * (volume / total) ** 2))


def conductance(adjacency, labels):
    r"""Share of the weight at a cluster that leaves it, averaged over clusters.

    .. math:: \frac{1}{k} \sum_c \frac{d_c - W_c}{d_c}

    where :math:`d_c` is the sum of the degrees in cluster c and :math:`W_c` the sum of
    the entries of the adjacency matrix inside it: k-way normalised cut over k.

    Parameters
    ----------
    adjacency : sparse or dense matrix, VertexGraph or networkx graph, of n vertices
        Non-negative weights. Directed graphs count as their symmetric part.
    labels : array-like of shape (n,) or (n, n_clusters)
        Cluster of each vertex, of any sortable kind; or its shares in the clusters,
        non-negative with sum one in every row.

    Returns
    -------
    conductance : float
        Between 0, no edge between clusters, and 1, none inside them.

    Raises
    ------
    ValueError
        If the graph has no edges, which leaves conductance undefined, is not square or
        has negative weights, or if the labels do not fit it.

    See Also
    --------
    modularity : Weight within clusters beyond expectation.

    Notes
    -----
    The volume of a cluster stands below the bar, as in studies of communities [1]_,
    not the smaller of it and the volume of all others, as for cuts in two; the two
    differ for a cluster with more than half of the volume. A cluster of vertices
    without edges has no conductance and is left out of the mean. Loops count as weight
    inside. A single cluster has conductance 0, so compare only partitions into equally
    many.

    *Cost.* O(nnz + n log n) for labels, O(nnz n_clusters) for shares.

    References
    ----------
    .. [1] J. Yang, J. Leskovec, "Defining and evaluating network communities based on
       ground-truth", Knowledge and Information Systems 42 (2015).
       :doi:`10.1007/s10115-013-0693-z`

    Examples
    --------
    Two triangles joined by an edge: one in seven ends of edges at each leaves it.

    >>> import numpy as np
    >>> from skspace.graph import conductance
    >>> A = np.zeros((6, 6))
    >>> for i, j in [(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5), (2, 3)]:
    ...     A[i, j] = A[j, i] = 1
    >>> round(conductance(A, [0, 0, 0, 1, 1, 1]), 4)
    0.1429
    """
    inside, volume = _inside_and_volume(adjacency, labels)
    inside, volume = inside[volume > 0], volume[volume > 0]
    return float(np.mean(np.clip(1 - inside / volume, 0, 1)))


def _inside_and_volume(adjacency, labels):
    """Weight inside every cluster and sum of its degrees."""
    A, _ = symmetrize(as_adjacency(adjacency))
    degree = A.sum(axis=1, dtype=np.float64)
    if not degree.any():
        raise ValueError(
            "The graph has no edges, so no partition is better than another: "
            "modularity and conductance are undefined."
        )
    labels = to_numpy(labels) if is_array_api_obj(labels) else np.asarray(labels)
    if labels.ndim not in (1, 2) or labels.shape[0] != A.shape[0]:
        raise ValueError(
            f"A graph of {A.shape[0]} vertices needs labels of shape "
            f"({A.shape[0]},) or ({A.shape[0]}, n_clusters), got {labels.shape}."
        )
    if labels.ndim == 2:
        shares = _check_shares(labels)
        return np.sum(shares * (A @ shares), axis=0), shares.T @ degree
    if labels.dtype.kind == "f" and np.isnan(labels).any():
        raise ValueError("labels contain NaN; give every vertex a label.")
    names, codes = np.unique(labels, return_inverse=True)
    volume = np.bincount(codes, weights=degree)
    inside = np.zeros(len(names))
    for start, stop in row_ranges(A.indptr, -(-A.nnz // BLOCK_ENTRIES)):
        here = slice(A.indptr[start], A.indptr[stop])
        own = np.repeat(codes[start:stop], np.diff(A.indptr[start : stop + 1]))
        kept = own == codes[A.indices[here]]
        inside += np.bincount(
            own[kept], weights=A.data[here][kept], minlength=len(names)
        )
    return inside, volume


def _check_shares(labels):
    """Memberships as float64, refused where rows are not shares of one."""
    if labels.dtype.kind not in "biuf":
        raise ValueError(f"Shares in clusters must be numbers, got {labels.dtype}.")
    shares = labels.astype(np.float64)
    rounding = 1e-4 if labels.dtype == np.float32 else 1e-6
    if not (np.all(shares >= 0) and np.allclose(shares.sum(axis=1), 1, atol=rounding)):
        raise ValueError(
            "Rows of a two-dimensional `labels` are shares in the clusters: they must "
            "be non-negative and add up to one. Pass labels.argmax(axis=1) where they "
            "are scores."
        )
    return shares
