"""Adjacency matrices from what users hold, and what is refused."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_array_equal

from skspace.graph import VertexGraph
from skspace.graph._adjacency import as_adjacency, symmetrize


class Edges:
    """What is used of a networkx graph: nodes, weighted edges, direction."""

    def __init__(self, nodes, edges, directed=False):
        self.nodes, self._edges, self._directed = nodes, edges, directed

    def edges(self, data, default):
        return [(u, v, w.get(data, default)) for u, v, w in self._edges]

    def is_directed(self):
        return self._directed


A = np.array([[0, 2, 0], [2, 1, 0.5], [0, 0.5, 0]])


@pytest.mark.parametrize(
    "form",
    [
        np.asarray,
        np.asfortranarray,
        lambda a: a.tolist(),
        sp.csr_array,
        sp.csr_matrix,
        sp.csc_array,
        sp.coo_matrix,
        sp.lil_array,
        sp.dia_array,
        VertexGraph,
        lambda a: Edges(
            range(3), [(i, j, {"weight": a[i, j]}) for i, j in ((0, 1), (1, 1), (2, 1))]
        ),
    ],
)
def test_every_form_gives_the_same_matrix(form):
    result = as_adjacency(form(A))
    assert isinstance(result, sp.csr_array)
    assert result.has_canonical_format
    assert result.nnz == 5
    assert_array_equal(result.toarray(), A)


def test_array_libraries_are_read(library):
    assert_array_equal(as_adjacency(library.asarray(A)).toarray(), A)


@pytest.mark.parametrize("dtype", [bool, np.int8, np.int64, np.float16, np.float32])
def test_float32_stays_and_all_else_becomes_float64(dtype):
    result = as_adjacency(A.astype(dtype))
    assert result.dtype == (np.float32 if dtype == np.float32 else np.float64)
    assert_array_equal(result.toarray(), A.astype(dtype))


@pytest.mark.parametrize("integers", [np.int32, np.int64])
@pytest.mark.parametrize("writeable", [True, False])
def test_input_is_left_alone(integers, writeable):
    # unsorted, with a duplicate and a stored zero
    data = np.array([1.0, 1.0, 1.0, 0.0, 3.0])
    indices = np.array([1, 0, 1, 2, 0], dtype=integers)
    indptr = np.array([0, 3, 4, 5], dtype=integers)
    for x in (data, indices, indptr):
        x.flags.writeable = writeable
    M = sp.csr_array((data, indices, indptr), shape=(3, 3))
    before = [x.copy() for x in (M.data, M.indices, M.indptr)]
    result = as_adjacency(M)
    assert_array_equal(result.toarray(), [[1, 2, 0], [0, 0, 0], [3, 0, 0]])
    assert result.nnz == 3
    assert result.has_canonical_format
    for x, y in zip(before, (M.data, M.indices, M.indptr), strict=True):
        assert_array_equal(x, y)
        assert x.dtype == y.dtype


def test_canonical_matrices_are_not_copied():
    M = sp.csr_array(A)
    assert np.shares_memory(as_adjacency(M).data, M.data)


def test_vertices_keep_their_order_and_edges_their_direction():
    edges = [("a", "b", {"weight": 2}), ("c", "c", {})]
    expected = np.array([[1, 0, 0], [0, 0, 2], [0, 2, 0]])
    assert_array_equal(as_adjacency(Edges("cab", edges)).toarray(), expected)
    arrows = as_adjacency(Edges("cab", edges, directed=True))
    assert_array_equal(arrows.toarray(), np.triu(expected))
    parallel = as_adjacency(Edges("cab", [*edges, ("b", "a", {})]))
    assert parallel.toarray()[1, 2] == parallel.toarray()[2, 1] == 3
    assert as_adjacency(Edges("abc", [])).shape == (3, 3)


def test_networkx_graphs_are_read():
    nx = pytest.importorskip("networkx")
    for kind in (nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph):
        graph = kind([("a", "b"), ("b", "a"), ("c", "c")])
        graph.add_edge("c", "a", weight=2.5)
        assert_array_equal(as_adjacency(graph).toarray(), nx.to_numpy_array(graph))


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (np.ones((2, 3)), r"square.*\(2, 3\)"),
        (np.ones(3), r"square.*\(3,\)"),
        (sp.csr_array(np.ones((3, 2))), r"square.*\(3, 2\)"),
        (-A, "negative weights .*least is -2"),
        (np.where(A == 2, np.nan, A), "non-finite"),
        (sp.csr_array(np.where(A == 2, np.inf, A)), "non-finite"),
        (A * 1j, "real numbers, got dtype complex128"),
        (A * 5e307, "divide them by a common factor"),
        (object(), "networkx graph, got object"),
        ([["a", "b"], ["c", "d"]], "networkx graph, got list"),
        (Edges("ab", [("a", "b", {"weight": "heavy"})]), "numbers only"),
    ],
)
def test_what_is_no_graph_is_refused(graph, message):
    with pytest.raises(ValueError, match=message):
        as_adjacency(graph)


def test_symmetric_graphs_stay_themselves():
    M = as_adjacency(A)
    matrix, was_asymmetric = symmetrize(M)
    assert matrix is M
    assert not was_asymmetric


def test_asymmetric_graphs_are_averaged_and_said_to_be():
    for B in (np.triu(A), A * [[1, 1, 1], [3, 1, 1], [1, 1, 1]]):
        matrix, was_asymmetric = symmetrize(as_adjacency(B))
        assert was_asymmetric
        assert_array_equal(matrix.toarray(), (B + B.T) / 2)


def test_rounding_is_no_asymmetry():
    B = A.copy()
    B[0, 1] *= 1 + 4e-16
    matrix, was_asymmetric = symmetrize(as_adjacency(B))
    assert not was_asymmetric
    assert_array_equal(matrix.toarray(), matrix.toarray().T)
