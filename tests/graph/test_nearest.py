"""Nearest-neighbour graphs against scikit-learn's and against sorted distances."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_array_equal
from sklearn.cluster import SpectralClustering

from skspace.graph import _nearest, knn_graph


def sparse_rows(rng, n, d):
    """Rows without ties between distances."""
    X = rng.standard_normal((n, d)) * (rng.random_sample((n, d)) < 0.3)
    X[:, 0] += rng.random_sample(n)
    return sp.csr_array(X)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_features", [1, 3, 15, 16, 60])
def test_graph_is_that_of_spectral_clustering(rng, n_features, dtype):
    X = rng.standard_normal((120, n_features)).astype(dtype)
    model = SpectralClustering(3, affinity="nearest_neighbors", n_neighbors=7)
    graph = knn_graph(X, 7)
    assert_array_equal(graph.toarray(), model.fit(X).affinity_matrix_.toarray())
    assert graph.dtype == dtype
    assert graph.has_canonical_format


@pytest.mark.parametrize("form", [sp.csr_array, sp.csc_matrix, sp.coo_array])
def test_sparse_samples_give_the_graph_of_dense_ones(rng, form):
    X = sparse_rows(rng, 90, 40)
    assert (knn_graph(form(X), 6) != knn_graph(X.toarray(), 6)).nnz == 0


@pytest.mark.parametrize("n_features", [2, 20])
@pytest.mark.parametrize("n_neighbors", [1, 2, 30, 99])
def test_neighbours_are_the_nearest(rng, n_features, n_neighbors):
    X = rng.standard_normal((30, n_features))
    distance = np.linalg.norm(X[:, None] - X, axis=2)
    K = np.argsort(np.argsort(distance, axis=1), axis=1) < n_neighbors
    expected = (K.astype(float) + K.T) / 2
    assert_array_equal(knn_graph(X, n_neighbors).toarray(), expected)


@pytest.mark.parametrize("n_features", [2, 20])
def test_a_sample_is_its_own_neighbour_among_duplicates(n_features):
    X = np.repeat(np.arange(3.0), 6)[:, None] * np.ones(n_features)
    for table in (X, sp.csr_array(X)):
        graph = knn_graph(table, 3).toarray()
        assert_array_equal(np.diag(graph), np.ones(18))
        assert_array_equal(graph, graph.T)
        assert_array_equal(graph * (X[:, :1] != X[:, 0]), np.zeros((18, 18)))


@pytest.mark.parametrize("n_features", [3, 20])
@pytest.mark.parametrize("offset", [0.0, 1e6])
@pytest.mark.parametrize("size", [1.0, 1e-250, 1e250])
def test_origin_and_unit_do_not_matter(rng, n_features, offset, size):
    X = np.round(rng.standard_normal((40, n_features)) * 2**10) / 2**10
    expected = knn_graph(X, 5)
    assert (knn_graph((X + offset) * size, 5) != expected).nnz == 0


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("n_features", [3, 40])
def test_blocks_and_threads_change_nothing(rng, n_features, sparse, monkeypatch):
    X = sparse_rows(rng, 90, n_features)
    X = X if sparse else X.toarray()
    before, expected = X.copy(), knn_graph(X, 6)
    assert (knn_graph(X, 6, n_jobs=2) != expected).nnz == 0
    monkeypatch.setattr(_nearest, "BLOCK_BYTES", 8 * 90 * 7)
    for n_jobs in (None, 2, -1):
        assert (knn_graph(X, 6, n_jobs=n_jobs) != expected).nnz == 0
    assert abs(before - X).max() == 0


def test_tables_of_any_library_and_kind(rng, library):
    X = rng.randint(-50, 50, size=(25, 30))
    expected = knn_graph(X.astype(float), 4)
    assert (knn_graph(library.asarray(X), 4) != expected).nnz == 0
    assert (knn_graph(X.tolist(), 4) != expected).nnz == 0
    assert knn_graph([[1.0, 2.0]]).toarray() == 1


@pytest.mark.parametrize(
    ("X", "n_neighbors", "message"),
    [
        (np.ones((3, 2)), 0, "n_neighbors must be an integer >= 1, got 0"),
        (np.ones((3, 2)), 1.5, "n_neighbors"),
        (np.ones(3), 1, r"got shape \(3,\)"),
        (np.ones((0, 3)), 1, r"got shape \(0, 3\)"),
        (np.ones((3, 0)), 1, r"got shape \(3, 0\)"),
        (np.array([[1.0], [np.nan]]), 1, "NaN or infinite"),
        (sp.csr_array([[1.0], [np.inf]]), 1, "NaN or infinite"),
        (np.array([["a"]]), 1, "real numbers"),
    ],
)
def test_wrong_input_is_refused(X, n_neighbors, message):
    with pytest.raises(ValueError, match=message):
        knn_graph(X, n_neighbors)
