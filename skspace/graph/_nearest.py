"""Graphs of nearest neighbours."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.spatial import cKDTree

from .._array import is_array_api_obj, to_numpy
from ._threads import count_threads, thread_map
from ._top_k import row_top_k

__all__ = ["knn_graph"]

TREE_FEATURES = 15
"""Above so many features trees visit most points, and products win."""

BLOCK_BYTES = 4 * 1024**2
"""Memory of a block of distances, one for each thread: they are gone through often."""


def knn_graph(X, n_neighbors=10, *, n_jobs=None):
    """Join every sample to its nearest neighbours.

    With K the matrix that has a one for each sample and each of its `n_neighbors`
    nearest, itself among them, the graph is ``(K + K.T) / 2``: what
    :class:`~sklearn.cluster.SpectralClustering` builds for
    ``affinity="nearest_neighbors"``.

    Parameters
    ----------
    X : array-like or sparse array of shape (n_samples, n_features)
        Samples, compared by Euclidean distance.
    n_neighbors : int, default=10
        Neighbours of a sample, of which it is the first itself; all samples where
        there are fewer.
    n_jobs : int, default=None
        Threads over samples. The result does not depend on it.

    Returns
    -------
    graph : csr_array of shape (n_samples, n_samples)
        Symmetric, with entries 1 where the choice is mutual and 0.5 where it is not;
        the diagonal is 1. float32 for float32 `X`, else float64.

    Raises
    ------
    ValueError
        If `X` is not a finite table with at least one row and column, or `n_neighbors`
        is below 1.

    See Also
    --------
    sklearn.neighbors.kneighbors_graph : The directed graph K, and other metrics.

    Notes
    -----
    Among neighbours at equal distance the choice is arbitrary, but the sample itself
    always counts, duplicates or not.

    *Cost.* A k-d tree for dense `X` of at most 15 features, about O(n log n) time;
    beyond that all distances through inner products, O(n² d) time, or as many
    operations as a product of `X` with its transpose takes where `X` is sparse, in
    blocks of 4 MiB for each thread. `X` is never made dense as a whole.

    Examples
    --------
    >>> from skspace.graph import knn_graph
    >>> knn_graph([[0.0], [1.0], [3.0]], n_neighbors=2).toarray()
    array([[1. , 1. , 0. ],
           [1. , 1. , 0.5],
           [0. , 0.5, 1. ]])
    """
    if not (n_neighbors >= 1 and int(n_neighbors) == n_neighbors):
        raise ValueError(f"n_neighbors must be an integer >= 1, got {n_neighbors!r}.")
    X, dtype = _as_table(X)
    n = X.shape[0]
    k = min(int(n_neighbors), n)
    n_threads = count_threads(n_jobs)
    if sp.issparse(X) or X.shape[1] > TREE_FEATURES:
        neighbors = _by_products(X, k, n_threads)
    else:
        neighbors = cKDTree(X).query(X, k, workers=n_threads)[1].reshape(n, k)
    neighbors = _with_self(neighbors)
    indptr = np.arange(n + 1) * k
    half = np.full(n * k, 0.5, dtype=dtype)
    K = sp.csr_array((half, neighbors.ravel(), indptr), shape=(n, n))
    graph = sp.csr_array(K + K.T)
    graph.sort_indices()
    return graph


def _as_table(X):
    """Finite float64 rows of moderate size, and the dtype in which results are due."""
    if not sp.issparse(X):
        X = to_numpy(X) if is_array_api_obj(X) else np.asarray(X)
    if X.ndim != 2 or min(X.shape) == 0:
        raise ValueError(
            "X must be a table of shape (n_samples, n_features) with at least one row "
            f"and column, got shape {X.shape}."
        )
    if X.dtype.kind not in "biuf":
        raise ValueError(f"X must hold real numbers, got dtype {X.dtype}.")
    dtype = np.float32 if X.dtype == np.float32 else np.float64
    X = X.tocsr() if sp.issparse(X) else X
    values = X.data if sp.issparse(X) else X
    if not np.isfinite(values).all():
        raise ValueError("X has NaN or infinite entries; remove or impute them.")
    # Divided by a power of two: squares of what is huge would overflow.
    exponent = int(np.frexp(np.max(np.abs(values), initial=0.0))[1])
    X = X.astype(np.float64)
    scaled = np.ldexp(X.data if sp.issparse(X) else X, -exponent)
    if sp.issparse(X):
        return sp.csr_array((scaled, X.indices, X.indptr), shape=X.shape), dtype
    return scaled - scaled.mean(axis=0), dtype


def _by_products(X, k, n_threads):
    """Nearest rows from squared distances, block by block."""
    n = X.shape[0]
    right = X.T.tocsr() if sp.issparse(X) else X.T
    squares = (X * X).sum(axis=1)
    step = max(1, min(n, BLOCK_BYTES // (8 * n)))

    def nearest(start):
        products = X[start : start + step] @ right
        if sp.issparse(products):
            products = products.toarray()
        products *= 2
        products -= squares  # minus squared distance, up to a constant for the row
        # The largest magnitudes are asked for, so all become positive.
        products -= products.min(axis=1, keepdims=True)
        rows = np.arange(len(products))
        products[rows, start + rows] = 8.0 * X.shape[1] + 1  # above all: d² <= 4 d
        return row_top_k(products, k)[1]

    with thread_map(n_threads) as each:
        return np.concatenate(each(nearest, range(0, n, step)))


def _with_self(neighbors):
    """Put each sample in for its last neighbour where duplicates crowd it out."""
    own = np.arange(len(neighbors))
    crowded = ~(neighbors == own[:, None]).any(axis=1)
    neighbors[crowded, -1] = own[crowded]
    return neighbors
