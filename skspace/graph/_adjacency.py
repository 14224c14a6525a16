"""Adjacency matrices from the forms in which users hold graphs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from .._array import to_numpy

__all__ = ["SymmetricAdjacency", "as_adjacency", "as_weights", "symmetrize"]


def as_adjacency(graph):
    """Bring a graph to a CSR array of finite, non-negative weights.

    Parameters
    ----------
    graph : sparse matrix or array, 2-D array-like, VertexGraph or networkx graph
        Entry (i, j) is the weight of the edge from i to j. Of a networkx graph
        (anything with `nodes`, `edges` and `is_directed`), vertices come in the order
        of `nodes`, weights from the edge attribute "weight" where there is one, else
        they are 1.

    Returns
    -------
    csr_array of shape (n, n)
        float32 stays, all else becomes float64. Parallel edges are added up, rows
        are sorted, zeros are not stored. It may share memory with the input: leave
        it as it is.

    Raises
    ------
    ValueError
        If `graph` is not square or has negative or non-finite weights.
    """
    if hasattr(graph, "nodes") and hasattr(graph, "edges"):
        graph = _from_edges(graph)
    elif not hasattr(graph, "tocsr"):
        graph = _from_table(graph)
    if len(graph.shape) != 2 or graph.shape[0] != graph.shape[1]:
        raise ValueError(
            f"The adjacency must be square, (n_vertices, n_vertices), got shape "
            f"{tuple(graph.shape)}. Entry (i, j) is the weight between vertices i "
            "and j; a table of edges has to be turned into such a matrix first."
        )
    return as_weights(graph)


def as_weights(table):
    """As :func:`as_adjacency`, for weights between two sets of vertices."""
    if not hasattr(table, "tocsr"):
        table = _from_table(table)
    A = table.tocsr()
    if A.dtype.kind not in "biuf":
        raise ValueError(
            f"Weights of the adjacency must be real numbers, got dtype {A.dtype}."
        )
    dtype = np.float32 if A.dtype == np.float32 else np.float64
    data = A.data.astype(dtype, copy=False)
    if not np.isfinite(data).all():
        raise ValueError(
            "The adjacency has non-finite weights (NaN or infinity); remove those "
            "edges or give them a weight."
        )
    if data.size and data.min() < 0:
        raise ValueError(
            f"The adjacency has negative weights (the least is {data.min():.3g}); "
            "take their absolute values or leave those edges out."
        )
    # A new object, so that flags and memory of the user's stay as they are.
    canonical = A.has_canonical_format and (data != 0).all()
    A = sp.csr_array((data, A.indices, A.indptr), shape=A.shape, copy=not canonical)
    if not canonical:
        A.sum_duplicates()
        A.eliminate_zeros()
    with np.errstate(over="ignore"):
        total = A.data.sum(dtype=np.float64)
    if not total < np.finfo(dtype).max:
        raise ValueError(
            f"Weights of the adjacency add up to {total:.3g}, too large for "
            f"{np.dtype(dtype).name}; divide them by a common factor."
        )
    return A


def _from_table(graph):
    """Dense matrix to sparse."""
    table = np.asarray(to_numpy(graph))
    if table.dtype == np.float16:  # unknown to SciPy's sparse arrays
        table = table.astype(np.float64)
    if table.dtype.kind in "OUS":
        try:
            table = table.astype(np.float64)
        except (TypeError, ValueError):
            raise ValueError(
                "The adjacency must be a sparse or dense matrix, a VertexGraph or a "
                f"networkx graph, got {type(graph).__name__}."
            ) from None
    if table.ndim != 2:
        raise ValueError(
            "The adjacency must be square, (n_vertices, n_vertices), got shape "
            f"{table.shape}."
        )
    return sp.csr_array(table)


def _from_edges(graph):
    """Read a networkx-like graph, without importing networkx."""
    number = {vertex: i for i, vertex in enumerate(graph.nodes)}
    edges = [
        (number[u], number[v], weight)
        for u, v, weight in graph.edges(data="weight", default=1)
    ]
    rows = np.array([u for u, _, _ in edges], dtype=np.int64)
    columns = np.array([v for _, v, _ in edges], dtype=np.int64)
    try:
        weights = np.array([w for _, _, w in edges], dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(
            "The edge attribute 'weight' of the graph must hold numbers only."
        ) from None
    if not graph.is_directed():
        loops = rows == columns
        rows, columns, weights = (
            np.concatenate([rows, columns[~loops]]),
            np.concatenate([columns, rows[~loops]]),
            np.concatenate([weights, weights[~loops]]),
        )
    n = len(number)
    return sp.coo_array((weights, (rows, columns)), shape=(n, n))


class SymmetricAdjacency(NamedTuple):
    """A symmetric adjacency matrix and whether it was so before."""

    matrix: sp.csr_array
    was_asymmetric: bool


def symmetrize(A):
    """Average an adjacency matrix with its transpose where they differ.

    Parameters
    ----------
    A : csr_array of shape (n, n)
        As :func:`as_adjacency` returns it.

    Returns
    -------
    SymmetricAdjacency
        `matrix` is `A` itself where it is symmetric. `was_asymmetric` is False also
        where weights differ by rounding only.
    """
    T = A.T.tocsr()
    T.sort_indices()
    same_edges = np.array_equal(A.indptr, T.indptr) and np.array_equal(
        A.indices, T.indices
    )
    if same_edges and np.array_equal(A.data, T.data):
        return SymmetricAdjacency(A, False)
    matrix = sp.csr_array(A * A.dtype.type(0.5) + T * A.dtype.type(0.5))
    close = same_edges and np.allclose(
        A.data, T.data, rtol=16 * np.finfo(A.dtype).eps, atol=0
    )
    return SymmetricAdjacency(matrix, not close)
