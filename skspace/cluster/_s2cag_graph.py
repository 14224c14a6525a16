"""Graphs that S2CAG is given with samples: at fit, and with new samples."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from .._array import to_numpy
from ..exceptions import DegenerateDataWarning
from ..graph import VertexGraph, knn_graph
from ..graph._adjacency import as_adjacency, as_weights, symmetrize

__all__ = [
    "FittedGraph",
    "NewEdges",
    "graph_for_fit",
    "graph_for_new",
    "neighbors",
]


class FittedGraph(NamedTuple):
    """The graph that was clustered."""

    matrix: sp.csr_array  # (n, n), symmetric
    vertices: np.ndarray  # (n,), their numbers in the graph that was sliced
    was_built: bool  # from nearest neighbours


class NewEdges(NamedTuple):
    """Edges of new samples; None where nothing is known of them."""

    among: sp.csr_array | None  # (m, m), symmetric
    to_fitted: sp.csr_array | None  # (m, n)


def graph_for_fit(X, adjacency, n_neighbors, n_jobs):
    """Graph of the training samples.

    Raises
    ------
    ValueError
        If it has not one vertex for each sample, naming what slices graphs right.
    """
    n = X.shape[0]
    if adjacency is None:
        if sp.issparse(X) and _looks_like_a_graph(X):
            warnings.warn(
                f"X is a symmetric sparse matrix of shape {X.shape} and no adjacency "
                "was given: X is taken for attributes of samples. If it is a graph, "
                "pass it as adjacency=, with the attributes of its vertices as X.",
                DegenerateDataWarning,
                stacklevel=5,  # the caller of fit, past two decorators
            )
        return FittedGraph(neighbors(X, n_neighbors, n_jobs), np.arange(n), True)
    shape = _shape(adjacency)
    if shape is not None and shape != (n, n):
        sliced = len(shape) == 2 and shape[0] == n < shape[1]
        remedy = (
            "cross-validation has sliced its rows: pass skspace.graph.VertexGraph"
            "(adjacency) instead, which is sliced to the graph among the training "
            "samples"
            if sliced
            else "row i and column i belong to sample i"
        )
        raise ValueError(
            f"adjacency has shape {shape}, but X has {n} samples, so it should be "
            f"({n}, {n}); {remedy}."
        )
    matrix, was_asymmetric = symmetrize(as_adjacency(adjacency))
    if was_asymmetric:
        warnings.warn(
            "The adjacency is not symmetric; (A + A.T) / 2 was taken.",
            DegenerateDataWarning,
            stacklevel=5,
        )
    if isinstance(adjacency, VertexGraph):
        return FittedGraph(matrix, adjacency.vertices, False)
    return FittedGraph(matrix, np.arange(n), False)


def neighbors(X, n_neighbors, n_jobs):
    """Nearest-neighbour graph of samples, on the host."""
    X = X if sp.issparse(X) else to_numpy(X)
    return knn_graph(X, min(n_neighbors, max(1, X.shape[0] - 1)), n_jobs=n_jobs)


def _shape(adjacency):
    """Shape, where the object has one or is a graph or a nested list."""
    if hasattr(adjacency, "nodes") and hasattr(adjacency, "edges"):
        size = len(adjacency.nodes)
        return (size, size)
    shape = getattr(adjacency, "shape", None)
    return np.shape(adjacency) if shape is None else tuple(shape)


def _looks_like_a_graph(X):
    n, d = X.shape
    return n == d and n > 2 and abs(X - X.T).max() == 0


def graph_for_new(adjacency, n_new, vertices):
    """Edges of new samples, from any of the forms in which they may be given.

    Parameters
    ----------
    adjacency : None, VertexGraph, or matrix of shape (n_new, n_new) or (n_new, n)
        A square one of n_new vertices is the graph among the new samples.
    n_new : int
        Number of new samples.
    vertices : ndarray of shape (n,)
        Numbers of the fitted vertices in the whole graph.
    """
    if adjacency is None:
        return NewEdges(None, None)
    shape, n = _shape(adjacency), len(vertices)
    if isinstance(adjacency, VertexGraph):
        if shape[0] != n_new:
            raise ValueError(
                f"adjacency has {shape[0]} vertices, but X has {n_new} samples."
            )
        among = symmetrize(adjacency.tocsr()).matrix
        if np.array_equal(np.sort(adjacency.vertices), np.sort(vertices)):
            return NewEdges(among, None)  # the fitted vertices themselves
        try:
            return NewEdges(among, adjacency.edges_to(vertices))
        except IndexError:
            raise ValueError(
                "The graph given with new samples lacks some of the fitted vertices: "
                "fit and predict need slices of one VertexGraph."
            ) from None
    if shape == (n_new, n_new):
        return NewEdges(symmetrize(as_adjacency(adjacency)).matrix, None)
    if shape == (n_new, n):
        return NewEdges(None, as_weights(adjacency))
    raise ValueError(
        f"adjacency has shape {shape}; for {n_new} new samples it should be "
        f"({n_new}, {n}), their edges to the {n} fitted samples, or "
        f"({n_new}, {n_new}), those among themselves, or a VertexGraph, which "
        "knows both."
    )
