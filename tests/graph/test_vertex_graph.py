"""Slices of graphs, alone and inside scikit-learn's cross-validation."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, ClusterMixin, clone
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    cross_val_predict,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skspace.graph import VertexGraph
from skspace.graph._adjacency import as_adjacency


def table(n=7, seed=0):
    """Asymmetric, so that rows and columns cannot be mixed up."""
    rng = np.random.RandomState(seed)
    return np.where(rng.random_sample((n, n)) < 0.5, rng.randint(1, 9, (n, n)), 0.0)


MASK = np.array([True, False, True, True, False, False, True])


@pytest.mark.parametrize(
    "rows",
    [
        slice(2, 5),
        slice(None, None, -2),
        [4, 1, 1],
        np.array([6, 0, -2]),
        np.array([3], dtype=np.int32),
        MASK,
        MASK.tolist(),
        [],
        slice(0, 0),
    ],
)
def test_a_slice_is_the_graph_among_its_vertices(rows):
    A = table()
    part = VertexGraph(A)[rows]
    ids = np.arange(7)[rows if isinstance(rows, slice) or len(rows) else slice(0)]
    assert_array_equal(part.vertices, ids)
    assert part.shape == (len(ids), len(ids))
    assert len(part) == len(ids)
    assert_array_equal(part.tocsr().toarray(), A[ids][:, ids])
    assert_array_equal(as_adjacency(part).toarray(), A[ids][:, ids])
    assert part.tocsr().has_sorted_indices


def test_slices_of_slices_compose():
    A = table(12)
    part = VertexGraph(A)[[11, 3, 5, 7, 1, 0]][1:][np.array([1, 0, 1, 0, 1]) > 0]
    assert_array_equal(part.vertices, [3, 7, 0])
    assert_array_equal(part.tocsr().toarray(), A[np.ix_([3, 7, 0], [3, 7, 0])])


def test_edges_to_other_vertices_come_from_the_whole_graph():
    A = table(12)
    graph = VertexGraph(A)
    train, test = graph[2:9], graph[[11, 0, 9]]
    block = test.edges_to(train.vertices)
    assert isinstance(block, sp.csr_array)
    assert_array_equal(block.toarray(), A[[11, 0, 9], 2:9])
    back = train.edges_to(test.vertices).toarray()
    assert_array_equal(back, A[2:9][:, [11, 0, 9]])
    with pytest.raises(IndexError):
        test.edges_to([12])
    assert test.edges_to([]).shape == (3, 0)
    for mask in (MASK, [0.5]):
        with pytest.raises(TypeError, match="numbers of vertices"):
            test.edges_to(mask)


def test_the_whole_graph_is_not_copied():
    A = sp.csr_array(table())
    graph = VertexGraph(A)
    assert np.shares_memory(graph.tocsr().data, A.data)
    assert graph[:].tocsr() is graph.tocsr()


@pytest.mark.parametrize("key", [3, (0, 1), np.eye(7) > 0, [0.5], "a", (slice(2), 1)])
def test_entries_and_columns_are_not_slices(key):
    with pytest.raises(TypeError, match="tocsr"):
        VertexGraph(table())[key]


def test_no_vertex_beyond_the_last():
    with pytest.raises(IndexError):
        VertexGraph(table())[[7]]
    with pytest.raises(TypeError, match="iterate"):
        list(VertexGraph(table()))
    with pytest.raises(ValueError, match="square"):
        VertexGraph(np.ones((2, 3)))


def test_copies_and_representation():
    graph = VertexGraph(table())[[4, 2]]
    assert repr(graph) == "VertexGraph(2 of 7 vertices)"
    assert repr(VertexGraph(table())) == "VertexGraph(7 vertices)"
    for copy in (pickle.loads(pickle.dumps(graph)), clone(graph, safe=False)):
        assert_array_equal(copy.vertices, graph.vertices)
        assert_array_equal(copy.tocsr().toarray(), graph.tocsr().toarray())
        assert_array_equal(
            copy.edges_to([0, 6]).toarray(), graph.edges_to([0, 6]).toarray()
        )


class Recorder(ClusterMixin, BaseEstimator):
    """Checks that the graph it gets belongs to the rows it gets."""

    def __init__(self, shift=0):
        self.shift = shift

    def fit(self, X, y=None, *, adjacency=None):
        A = as_adjacency(adjacency).toarray()
        rows = X[:, 0].astype(int) - self.shift
        assert_array_equal(A, table(20)[np.ix_(rows, rows)])
        self.fitted_ = adjacency.vertices
        return self

    def predict(self, X):
        return np.zeros(len(X), dtype=int)

    def score(self, X, y=None):
        return float(len(self.fitted_))


X = np.column_stack([np.arange(20), np.random.RandomState(0).standard_normal(20)])
CV = KFold(4, shuffle=True, random_state=0)


def test_cross_validation_without_routing():
    params = {"adjacency": VertexGraph(table(20))}
    scores = cross_validate(Recorder(), X, cv=CV, params=params, error_score="raise")
    assert_array_equal(scores["test_score"], [15] * 4)
    search = GridSearchCV(Recorder(), {"shift": [0]}, cv=CV, error_score="raise")
    search.fit(X, adjacency=params["adjacency"])
    assert search.best_score_ == 15
    assert_array_equal(search.best_estimator_.fitted_, np.arange(20))
    labels = cross_val_predict(Recorder(), X, cv=CV, params=params)
    assert len(labels) == 20


def test_cross_validation_with_routing():
    with config_context(enable_metadata_routing=True):
        model = Recorder().set_fit_request(adjacency=True)
        params = {"adjacency": VertexGraph(table(20))}
        scores = cross_validate(model, X, cv=CV, params=params, error_score="raise")
        assert_array_equal(scores["test_score"], [15] * 4)
        search = GridSearchCV(model, {"shift": [0]}, cv=CV, error_score="raise")
        search.fit(X, **params)
        assert search.best_score_ == 15


def test_pipelines_hand_it_on():
    scaler = StandardScaler(with_mean=False, with_std=False)
    pipe = make_pipeline(scaler, Recorder())
    params = {"recorder__adjacency": VertexGraph(table(20))}
    scores = cross_validate(pipe, X, cv=CV, params=params, error_score="raise")
    assert_array_equal(scores["test_score"], [15] * 4)
