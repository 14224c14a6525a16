"""S2CAG on new vertices: predict, transform, score, slices of graphs, searches."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from s2cag_cases import GIVEN, OBJECTIVES, model
from sklearn import config_context
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from skspace.cluster import S2CAG
from skspace.cluster._s2cag_graph import NewEdges
from skspace.cluster._s2cag_new import smooth_new
from skspace.datasets import make_attributed_graph
from skspace.graph import VertexGraph, knn_graph, modularity

GRAPH = make_attributed_graph(400, 240, 4, average_degree=12, random_state=0)
X, A, Y = GRAPH.data, GRAPH.adjacency, GRAPH.target
TRAIN, TEST = np.arange(300), np.arange(300, 400)


class Edges:
    """What networkx graphs look like, without networkx."""

    def __init__(self, A):
        self.nodes = range(A.shape[0])
        upper = sp.triu(A).tocoo()
        self._edges = list(zip(upper.row, upper.col, upper.data, strict=True))

    def edges(self, data, default):
        assert (data, default) == ("weight", 1)
        return self._edges

    def is_directed(self):
        return False


# The vertices that were fitted


@pytest.mark.parametrize("parameters", [{}, *[{**GIVEN, **o} for o in OBJECTIVES]])
@pytest.mark.parametrize("form", [np.asarray, sp.csr_array])
def test_training_vertices_get_their_labels_back(parameters, form):
    words = form(X.toarray())
    fitted = S2CAG(4, **{"random_state": 0, **parameters}).fit(words, adjacency=A)
    assert_array_equal(fitted.predict(words, adjacency=A), fitted.labels_)
    assert_array_equal(fitted.predict(words, adjacency=VertexGraph(A)), fitted.labels_)
    embedded = fitted.transform(words, adjacency=A)
    assert_allclose(embedded, fitted.embedding_, atol=1e-6)
    assert_allclose(fitted.score(words, adjacency=A), fitted.modularity_)


@pytest.mark.parametrize("assign", ["kmeans", "cluster_qr", "discretize"])
def test_other_roundings_come_close(assign):
    fitted = model(assign_labels=assign).fit(X, adjacency=A)
    assert np.mean(fitted.predict(X, adjacency=A) == fitted.labels_) > 0.97


def test_fit_transform_embeds_with_the_graph_given():
    for objective in OBJECTIVES:
        fitted = model(**objective)
        embedded = fitted.fit_transform(X, adjacency=A)
        assert_allclose(embedded, fitted.embedding_, atol=1e-6)
    assert_allclose(model().fit_transform(X), model().fit(X).transform(X), atol=1e-12)
    labels = model().fit_predict(X, adjacency=A)
    assert_array_equal(labels, model().fit(X, adjacency=A).labels_)


def test_reordered_training_vertices():
    graph, perm = VertexGraph(A), np.random.RandomState(0).permutation(400)
    fitted = model().fit(X, adjacency=graph)
    found = fitted.predict(X[perm], adjacency=graph[perm])
    assert_array_equal(found, fitted.labels_[perm])


# New vertices


def test_every_form_of_graph():
    fitted = model().fit(X, adjacency=A)
    for graph in (A, A.toarray(), A.toarray().tolist(), A.tocoo(), Edges(A)):
        other = model().fit(X, adjacency=graph)
        assert_array_equal(other.labels_, fitted.labels_)
        assert_array_equal(other.predict(X, adjacency=graph), fitted.labels_)
    to_fitted = A[:50].toarray()
    expected = fitted.predict(X[:50], adjacency=to_fitted)
    for graph in (A[:50].tocoo(), to_fitted.tolist(), to_fitted.astype(np.float16)):
        assert_array_equal(fitted.predict(X[:50], adjacency=graph), expected)
    nx = pytest.importorskip("networkx")
    other = model().fit(X, adjacency=nx.from_scipy_sparse_array(A))
    assert_array_equal(other.labels_, fitted.labels_)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_new_vertices_are_recognised(objective):
    """Edges to fitted vertices help, and those among the new ones help further."""
    graph = VertexGraph(A)
    fitted = model(**objective).fit(X[TRAIN], adjacency=graph[TRAIN])
    reference = S2CAG(4, **{**GIVEN, **objective}).fit(X, adjacency=A).labels_

    def agreement(adjacency):
        found = fitted.predict(X[TEST], adjacency=adjacency)
        assert found.dtype == np.int64
        return adjusted_rand_score(reference[TEST], found)

    alone, among = agreement(None), agreement(A[TEST][:, TEST])
    to_fitted, both = agreement(A[TEST][:, TRAIN]), agreement(graph[TEST])
    assert alone > 0.1
    assert among > alone + 0.2
    assert to_fitted > alone + 0.5
    assert both > alone + 0.5


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_edges_alone_are_enough(objective):
    """For vertices without attributes."""
    fitted = model(**objective).fit(X[TRAIN], adjacency=A[TRAIN][:, TRAIN])
    nothing = sp.csr_array((100, X.shape[1]))
    found = fitted.predict(nothing, adjacency=A[TEST][:, TRAIN])
    assert adjusted_rand_score(Y[TEST], found) > 0.6


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_one_vertex_at_a_time(objective):
    """Without edges among them, new vertices do not see each other."""
    fitted = model(**objective).fit(X[TRAIN], adjacency=A[TRAIN][:, TRAIN])
    edges = A[TEST][:, TRAIN]
    together = fitted.transform(X[TEST], adjacency=edges)
    for i in (0, 7):
        alone = fitted.transform(X[TEST][[i]], adjacency=edges[[i]])
        assert_allclose(alone[0], together[i], atol=1e-12)
    dense = fitted.transform(X[TEST].toarray(), adjacency=edges.toarray())
    assert_allclose(dense, together, atol=1e-12)


def test_new_values_are_the_fixed_walk():
    """Walks that stop at fitted vertices, by the recursion over the stacked graph."""
    rng = np.random.RandomState(0)
    m, n, order, alpha = 6, 9, 5, 0.8
    B = (rng.random_sample((m, n)) < 0.5) * rng.random_sample((m, n))
    C = np.triu((rng.random_sample((m, m)) < 0.5) * 1.0, 1)
    C = C + C.T
    degree = 3 + rng.random_sample(n)
    start, fitted = rng.standard_normal((m, 2)), rng.standard_normal((n, 2))
    own = 1 + B.sum(axis=1) + C.sum(axis=1)
    S = np.zeros((m, m + n))
    for i in range(m):
        for j in range(m):
            loop = float(i == j)
            S[i, j] = (C[i, j] + loop) / np.sqrt(own[i] * own[j]) + loop
        for j in range(n):
            S[i, m + j] = B[i, j] / np.sqrt(own[i] * (1 + degree[j]))
    P = S / S.sum(axis=1, keepdims=True)
    Z, r = start, 1.0
    for _ in range(order):
        r = r / (r + alpha)
        Z = (1 - r) * P @ np.vstack([Z, fitted]) + r * start
    edges = NewEdges(sp.csr_array(C), sp.csr_array(B))
    assert_allclose(
        smooth_new(start, fitted, edges, degree, order, alpha), Z, atol=1e-13
    )


def test_attributes_of_new_samples_are_weighed_as_the_fitted_ones():
    fitted = model().fit(X, adjacency=A)
    alone = fitted.transform(X[:1])
    assert_allclose(fitted.transform(X)[:1], alone, atol=1e-13)


def test_vertices_without_anything_are_still_predicted():
    fitted = model().fit(X[TRAIN], adjacency=A[TRAIN][:, TRAIN])
    nothing = sp.csr_array((3, X.shape[1]))
    for edges in (None, sp.csr_array((3, 300)), sp.csr_array((3, 3))):
        assert_array_equal(fitted.predict(nothing, adjacency=edges), 0)
        assert not fitted.transform(nothing, adjacency=edges).any()


def test_score_is_modularity():
    fitted = model().fit(X[TRAIN], adjacency=A[TRAIN][:, TRAIN])
    square = A[TEST][:, TEST]
    labels = fitted.predict(X[TEST], adjacency=square)
    assert_allclose(fitted.score(X[TEST], adjacency=square), modularity(square, labels))
    sliced = VertexGraph(A)[TEST]
    known = model().fit(X[TRAIN], adjacency=VertexGraph(A)[TRAIN])
    labels = known.predict(X[TEST], adjacency=sliced)
    assert_allclose(known.score(X[TEST], adjacency=sliced), modularity(square, labels))
    labels = fitted.predict(X[TEST])
    expected = modularity(knn_graph(X[TEST], 10), labels)
    assert_allclose(fitted.score(X[TEST], Y[TEST]), expected)
    assert fitted.score(X[TEST], adjacency=sp.csr_array((100, 100))) == 0


@pytest.mark.parametrize("method", ["predict", "transform", "score"])
@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (A[:50], r"\(50, 400\); for 100 new samples it should be \(100, 300\)"),
        (A[TEST][:, :77], r"\(100, 77\).*or a VertexGraph"),
        (-A[TEST][:, TRAIN], "negative"),
        (A[TEST][:, TRAIN] * np.inf, "non-finite"),
        (A[TEST][:, TRAIN] * 1j, "real numbers"),
        (np.full((100, 300), 1e307), "too large"),
        (-A[TEST][:, TEST], "negative"),
        (VertexGraph(A), "400 vertices, but X has 100"),
        (VertexGraph(A[TEST][:, TEST]), "lacks some of the fitted vertices"),
        (np.ones(100), "it should be"),
    ],
    ids=str,
)
def test_graphs_of_other_vertices_are_refused(method, graph, message):
    fitted = model().fit(X[TRAIN], adjacency=VertexGraph(A)[TRAIN])
    with pytest.raises(ValueError, match=message):
        getattr(fitted, method)(X[TEST], adjacency=graph)


def test_score_needs_the_graph_among_the_samples():
    fitted = model().fit(X[TRAIN], adjacency=A[TRAIN][:, TRAIN])
    with pytest.raises(ValueError, match="square adjacency or a VertexGraph"):
        fitted.score(X[TEST], adjacency=A[TEST][:, TRAIN])


def test_new_samples_need_the_fitted_features():
    fitted = model().fit(X, adjacency=A)
    with pytest.raises(ValueError, match="features"):
        fitted.predict(X[:, :9])


# Cross-validation


def test_a_slice_is_fitted_as_its_matrix():
    part = np.random.RandomState(0).permutation(400)[:250]
    sliced = model().fit(X[part], adjacency=VertexGraph(A)[part])
    plain = model().fit(X[part], adjacency=A[part][:, part])
    assert_array_equal(sliced.labels_, plain.labels_)
    assert_allclose(sliced.modularity_, plain.modularity_)


def test_sliced_matrices_are_refused_with_the_remedy():
    with pytest.raises(ValueError, match=r"skspace\.graph\.VertexGraph"):
        cross_validate(model(), X, params={"adjacency": A}, cv=3, error_score="raise")


CV = KFold(3, shuffle=True, random_state=0)


def test_cross_validation_without_routing():
    params = {"adjacency": VertexGraph(A)}
    found = cross_validate(
        model(), X, cv=CV, params=params, error_score="raise", return_estimator=True
    )
    for (train, test), fitted, score in zip(
        CV.split(X), found["estimator"], found["test_score"], strict=True
    ):
        alone = model().fit(X[train], adjacency=A[train][:, train])
        assert_array_equal(fitted.labels_, alone.labels_)
        assert_allclose(score, alone.score(X[test]))  # the graph is not passed on


def test_cross_validation_with_routing():
    with config_context(enable_metadata_routing=True):
        estimator = model().set_fit_request(adjacency=True)
        estimator = estimator.set_score_request(adjacency=True)
        found = cross_validate(
            estimator,
            X,
            cv=CV,
            params={"adjacency": VertexGraph(A)},
            error_score="raise",
        )
    for (train, test), score in zip(CV.split(X), found["test_score"], strict=True):
        graph = VertexGraph(A)
        fitted = model().fit(X[train], adjacency=graph[train])
        assert_allclose(score, fitted.score(X[test], adjacency=graph[test]))


@pytest.mark.parametrize("routing", [False, True])
def test_search_without_labels(routing):
    grid = {"n_clusters": [2, 4]}
    with config_context(enable_metadata_routing=routing):
        estimator = model()
        if routing:
            estimator = estimator.set_fit_request(adjacency=True)
            estimator = estimator.set_score_request(adjacency=True)
        search = GridSearchCV(estimator, grid, cv=CV, error_score="raise")
        search.fit(X, adjacency=VertexGraph(A))
    best = search.best_estimator_
    assert best.labels_.shape == (400,)
    if routing:
        assert search.best_params_ == {"n_clusters": 4}
        assert adjusted_rand_score(Y, best.labels_) > 0.9


@pytest.mark.parametrize("routing", [False, True])
def test_pipelines_pass_the_graph_on(routing):
    expected = model().fit(MaxAbsScaler().fit_transform(X), adjacency=A).labels_
    with config_context(enable_metadata_routing=routing):
        estimator = model()
        if routing:
            estimator = estimator.set_fit_request(adjacency=True)
        pipeline = make_pipeline(MaxAbsScaler(), estimator)
        name = "adjacency" if routing else "s2cag__adjacency"
        pipeline.fit(X, **{name: A})
    assert_array_equal(pipeline[-1].labels_, expected)


@pytest.mark.parametrize("parameters", [{}, *[{**GIVEN, **o} for o in OBJECTIVES]])
def test_other_array_libraries(library, dispatch, parameters):
    """Attributes in any library, the graph on the host."""
    words, graph = X.toarray(), VertexGraph(A)
    parameters = {"random_state": 0, **parameters}
    here = S2CAG(4, **parameters).fit(words[TRAIN], adjacency=graph[TRAIN])
    there = S2CAG(4, **parameters)
    there.fit(library.asarray(words[TRAIN]), adjacency=graph[TRAIN])
    assert isinstance(there.embedding_, type(library.asarray(words)))
    back = library.to_numpy
    assert_allclose(back(there.embedding_), here.embedding_, atol=1e-6)
    assert_array_equal(back(there.labels_), here.labels_)
    new = library.asarray(words[TEST])
    found = back(there.predict(new, adjacency=graph[TEST]))
    assert_array_equal(found, here.predict(words[TEST], adjacency=graph[TEST]))
    score = here.score(words[TEST], adjacency=graph[TEST])
    assert_allclose(there.score(new, adjacency=graph[TEST]), score)
