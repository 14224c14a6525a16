"""Graph fetchers: symmetric sparse adjacency, sparse attributes, classes."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from skspace import datasets

# name, vertices, edges without loops, self-loops, attributes, classes, homophily, parts
GRAPHS = [
    ("cora", 2708, 5278, 0, 1433, 7, 0.810, 78),
    ("citeseer", 3327, 4552, 124, 3703, 6, 0.736, 438),
    ("acm", 3025, 13128, 3025, 1870, 3, 0.821, 717),
    ("wiki", 2405, 11596, 1165, 4973, 17, 0.610, 45),
]
NAMES = [row[0] for row in GRAPHS]


@pytest.fixture
def fake_graphs(fake_folder):
    """A path of three vertices, heavy enough to overflow the int8 of the files."""
    A = csr_array(np.array([[0, 100, 0], [100, 0, 100], [0, 100, 1]], dtype=np.int8))
    X = csr_array(np.array([[1, 0], [0, 0], [1, 1]], dtype=np.int8))
    parts = {}
    for key, matrix in (("adj", A), ("attr", X)):
        parts[f"{key}_data"] = matrix.data
        parts[f"{key}_indices"] = matrix.indices
        parts[f"{key}_indptr"] = matrix.indptr
        parts[f"{key}_shape"] = np.array(matrix.shape)
    for name in NAMES:
        labels = np.array([0, 1, 1], dtype=np.int32)
        fake_folder(f"graphs/{name}.npz", labels=labels, **parts)
    return A.toarray().astype(float), X.toarray().astype(float)


@pytest.mark.parametrize("name", NAMES)
def test_graph_is_what_the_file_holds_in_float64(name, fake_graphs):
    A, X = fake_graphs
    bunch = getattr(datasets, f"fetch_{name}")()
    for got, expected in ((bunch.adjacency, A), (bunch.data, X)):
        assert isinstance(got, csr_array)
        assert got.dtype == np.float64
        assert_array_equal(got.toarray(), expected)
    assert_array_equal(bunch.adjacency.sum(axis=1), [100, 200, 101])
    assert bunch.target.dtype == np.int64
    assert_array_equal(bunch.target, [0, 1, 1])
    assert bunch.feature_names == ["attribute_0", "attribute_1"]
    assert bunch.frame is None


def test_pair_leaves_the_adjacency_out(fake_graphs):
    X, y = datasets.fetch_cora(return_X_y=True)
    assert_array_equal(X.toarray(), fake_graphs[1])
    assert_array_equal(y, [0, 1, 1])


def test_as_frame_has_sparse_columns(fake_graphs):
    pytest.importorskip("pandas")
    bunch = datasets.fetch_cora(as_frame=True)
    assert_array_equal(bunch.data.sparse.to_dense(), fake_graphs[1])
    assert isinstance(bunch.adjacency, csr_array)
    assert list(bunch.frame.columns) == ["attribute_0", "attribute_1", "target"]


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "n", "edges", "loops", "d", "k", "homophily", "parts"), GRAPHS
)
def test_real_graphs(name, n, edges, loops, d, k, homophily, parts, data_folder):
    bunch = getattr(datasets, f"fetch_{name}")()
    A, y = bunch.adjacency, bunch.target
    assert A.shape == (n, n)
    assert bunch.data.shape == (n, d)
    assert abs(A - A.T).max() == 0
    assert (A.diagonal() > 0).sum() == loops
    rows, columns = A.nonzero()
    rows, columns = rows[rows != columns], columns[rows != columns]
    assert len(rows) == 2 * edges
    assert round((y[rows] == y[columns]).mean(), 3) == homophily
    assert_array_equal(np.unique(y), np.arange(k))
    assert connected_components(A, directed=False)[0] == parts
    assert bunch.data.data.min() > 0
    assert (name == "wiki") == bool(np.any(bunch.data.data != 1))
