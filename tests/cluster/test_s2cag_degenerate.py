"""S2CAG on degenerate graphs and attributes, and input that it refuses."""

import functools
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from s2cag_cases import GIVEN, OBJECTIVES, A, X, Y, angle, dense_embedding, model
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score

from skspace.cluster import S2CAG, _s2cag_solve
from skspace.datasets import make_attributed_graph
from skspace.exceptions import DegenerateDataWarning
from skspace.graph import knn_graph, modularity
from skspace.graph._leading import krylov


def fit_quietly(estimator, X, A=None):
    """Fit with warnings recorded; all of them point here."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator.fit(X, adjacency=A)
    assert all(w.filename == __file__ for w in caught), [str(w) for w in caught]
    for name in ("embedding_", "components_", "eigenvalues_", "cluster_directions_"):
        assert np.isfinite(getattr(estimator, name)).all(), name
    assert np.isfinite([estimator.objective_, estimator.modularity_]).all()
    assert set(estimator.labels_) == set(range(estimator.labels_.max() + 1))
    return [(w.category, str(w.message)) for w in caught]


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_long_walks_do_not_overflow(objective, dtype):
    """On so small a graph they average everything away, and that is said."""
    estimator = model(**objective, alpha=1.8, order=175)
    told = fit_quietly(estimator, X.astype(dtype), A)
    assert DegenerateDataWarning in [category for category, _ in told]
    assert any("shorter walks" in text for _, text in told)


def test_long_walks_on_a_long_graph():
    """Where walks take long to mix nothing is lost, also not in float32."""
    n = 400
    path = sp.diags_array([np.ones(n - 1)] * 2, offsets=[-1, 1], shape=(n, n))
    words = np.kron(np.eye(8), np.ones((n // 8, 25)))
    words *= np.random.RandomState(0).random_sample(words.shape) < 0.3
    for dtype in (np.float32, np.float64):
        estimator = model(8, alpha=1.8, order=175, solver="krylov")
        assert fit_quietly(estimator, words.astype(dtype), path) == []
        score = adjusted_rand_score(np.repeat(np.arange(8), n // 8), estimator.labels_)
        assert score > 0.8


@pytest.mark.parametrize("parameters", [{}, GIVEN])
@pytest.mark.parametrize("graph", [sp.csr_array((300, 300)), sp.eye_array(300)])
def test_graphs_without_edges_leave_the_attributes(parameters, graph):
    estimator = S2CAG(4, **{"random_state": 0, **parameters})
    assert fit_quietly(estimator, X, graph) == []
    if graph.nnz == 0:
        assert estimator.modularity_ == estimator.conductance_ == 0
    assert estimator.score(X, adjacency=graph) == estimator.modularity_


@pytest.mark.parametrize("parameters", [{}, GIVEN])
def test_one_hub(parameters):
    hub = A.tolil()
    hub[0, :] = hub[:, 0] = 1
    estimator = S2CAG(4, **{"random_state": 0, **parameters})
    assert fit_quietly(estimator, X, hub.tocsr()) == []
    assert adjusted_rand_score(Y, estimator.labels_) > 0.8


def test_disconnected_graphs():
    parts = [
        make_attributed_graph(100, 60, 2, n_nonzero=10, random_state=i)
        for i in range(3)
    ]
    words = sp.block_diag([p.data for p in parts]).tocsr()
    graph = sp.block_diag([p.adjacency for p in parts]).tocsr()
    estimator = S2CAG(3, random_state=0)
    assert fit_quietly(estimator, words, graph) == []
    assert adjusted_rand_score(np.repeat([0, 1, 2], 100), estimator.labels_) == 1


def test_more_clusters_than_vertices_with_edges():
    few = A.tolil()
    few[10:] = few[:, 10:] = 0
    estimator = S2CAG(20, random_state=0)
    fit_quietly(estimator, X, few.tocsr())
    assert len(set(estimator.labels_)) == 20


def test_isolated_vertices_and_vertices_without_attributes():
    lonely, silent = [5, 17], [9, 17]
    graph, words = A.tolil(), X.tolil()
    for i in lonely:
        graph[i] = 0
        graph[:, i] = 0
    words[silent] = 0
    estimator = model(order=6)
    told = fit_quietly(estimator, words.tocsr(), graph.tocsr())
    assert len(told) == 1
    assert told[0][0] is DegenerateDataWarning
    assert "1 samples have neither" in told[0][1]
    assert not estimator.embedding_[17].any()
    assert estimator.labels_[17] == 0
    assert estimator.embedding_[9].any()  # from its neighbours
    dense = fit_quietly(model(order=6), words.toarray(), graph.toarray())
    assert dense == told
    U = dense_embedding(words.tocsr(), graph.tocsr(), 4, estimator.setting_)
    assert angle(estimator.embedding_, U) < 1e-6


def test_no_attributes_at_all():
    for nothing in (np.zeros((300, 5)), sp.csr_array((300, 5))):
        with pytest.raises(ValueError, match="All attributes are zero"):
            model().fit(nothing, adjacency=A)


def test_the_remedy_for_no_attributes():
    graph = make_attributed_graph(300, 50, 3, average_degree=20, random_state=0)
    names = sp.eye_array(300, format="csr")
    fitted = S2CAG(3, random_state=0).fit(names, adjacency=graph.adjacency)
    assert adjusted_rand_score(graph.target, fitted.labels_) > 0.8


def test_negative_attributes():
    rng = np.random.RandomState(0)
    embedded = np.eye(4)[Y] @ rng.standard_normal((4, 30)) + rng.standard_normal(
        (300, 30)
    )
    embedded -= embedded.mean(axis=0)
    estimator = S2CAG(4, random_state=0, objective="modularity", row_scaling="l2")
    told = fit_quietly(estimator, embedded, A)
    assert [category for category, _ in told] == [DegenerateDataWarning]
    assert "similarity degree was set to one" in told[0][1]
    assert estimator.attribute_weighting_ == "l2"
    assert adjusted_rand_score(Y, estimator.labels_) > 0.9
    estimator = model(objective="modularity", row_scaling="sum")
    told = fit_quietly(estimator, embedded, A)
    assert "row_scaling='l2'" in told[-1][1]


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("solver", ["krylov", "exact", "randomized", "auto"])
def test_too_few_attributes(objective, solver):
    """Fewer dimensions than clusters: k-means, and a warning."""
    rng = np.random.RandomState(0)
    place = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])[Y] + 0.1 * rng.rand(300, 2)
    estimator = model(**objective, solver=solver, attribute_weighting=None)
    told = fit_quietly(estimator, place + 1, A)
    assert told[0][0] is DegenerateDataWarning
    assert "k-means" in told[0][1]
    rank = 2 if objective["objective"] == "conductance" else 1
    assert estimator.embedding_.shape == (300, rank)
    assert set(estimator.labels_) == set(range(4))
    assert_array_equal(estimator.predict(place + 1, adjacency=A), estimator.labels_)


@pytest.mark.parametrize("solver", ["krylov", "exact", "randomized"])
@pytest.mark.parametrize("d", [200, 20])
def test_low_rank_is_seen_in_wide_tables(solver, d):
    """Rounding errors are no embedding."""
    rng = np.random.RandomState(0)
    table = rng.random_sample((300, 2)) @ rng.random_sample((2, d))
    estimator = model(solver=solver)
    told = fit_quietly(estimator, table, A)
    assert "rank 2" in told[0][1]
    assert estimator.embedding_.shape == (300, 2)
    assert np.mean(estimator.predict(table, adjacency=A) == estimator.labels_) > 0.99


@pytest.mark.parametrize("parameters", [{}, {"solver": "krylov"}, *OBJECTIVES])
@pytest.mark.parametrize("d", [1, 200])
@pytest.mark.parametrize("graph", [A, None])
def test_equal_rows_are_one_cluster(parameters, d, graph):
    estimator = S2CAG(3, random_state=0, **parameters)
    told = fit_quietly(estimator, np.ones((300, d)), graph)
    assert [c for c, _ in told] == [DegenerateDataWarning, ConvergenceWarning]
    assert not estimator.labels_.any()


def test_one_attribute():
    estimator = S2CAG(3, random_state=0)
    told = fit_quietly(estimator, np.arange(300.0)[:, None], A)
    assert "k-means" in told[0][1]
    signed = S2CAG(2, random_state=0)
    fit_quietly(signed, np.where(Y < 2, -1.0, 1.0)[:, None], A)
    assert len(set(signed.labels_)) == 2


def test_duplicates():
    words = sp.csr_array(sp.vstack([X] * 2))
    graph = sp.block_diag([A] * 2).tocsr()
    estimator = model()
    assert fit_quietly(estimator, words, graph) == []
    assert_array_equal(estimator.labels_[:300], estimator.labels_[300:])


@pytest.mark.parametrize("parameters", [{}, GIVEN, {**GIVEN, **OBJECTIVES[1]}])
def test_one_cluster(parameters):
    estimator = S2CAG(1, **{"random_state": 0, **parameters})
    assert fit_quietly(estimator, X, A) == []
    assert not estimator.labels_.any()
    assert estimator.embedding_.shape == (300, 1)
    assert not estimator.predict(X).any()


@pytest.mark.parametrize("n", [2, 3, 7])
def test_as_many_clusters_as_vertices(n):
    estimator = S2CAG(n, random_state=0)
    fit_quietly(estimator, np.eye(n), np.ones((n, n)))
    assert len(set(estimator.labels_)) == n


def test_many_clusters():
    estimator = S2CAG(100, random_state=0, n_init=2)
    assert fit_quietly(estimator, X, A) == []
    assert len(set(estimator.labels_)) == 100


def test_lost_clusters_with_one_start():
    """Clusters asked for that are not there get lost, and found by a second start."""
    lost = []
    for seed in range(8):
        graph = make_attributed_graph(100, 60, 4, random_state=seed)
        one = model(8, n_init=1, order=60)
        told = fit_quietly(one, graph.data, graph.adjacency)
        n_found = len(set(one.labels_))
        if n_found < 8:
            lost.append(n_found)
            assert [category for category, _ in told] == [ConvergenceWarning]
            assert f"found {n_found} of n_clusters=8" in told[0][1]
            assert one.cluster_directions_.shape[0] == n_found
        else:
            assert told == []
        two = model(8, n_init=2, order=60)
        assert fit_quietly(two, graph.data, graph.adjacency) == []
        assert len(set(two.labels_)) == 8
    assert lost


def test_slow_convergence_is_said(monkeypatch):
    monkeypatch.setattr(_s2cag_solve, "krylov", functools.partial(krylov, max_iter=1))
    told = fit_quietly(model(solver="krylov", order=0), X, A)
    assert told[0][0] is ConvergenceWarning
    assert "solver='exact'" in told[0][1]


# Graphs that are built, and input that is refused


def test_nearest_neighbours_make_the_graph():
    points = np.repeat([[0.0, 5.0], [5.0, 0.0], [4.0, 4.0]], 30, axis=0)
    points = points + np.random.RandomState(0).random_sample((90, 2))
    estimator = S2CAG(3, random_state=0)
    fit_quietly(estimator, points)
    G = knn_graph(points, 10)
    assert_array_equal(estimator.affinity_matrix_.toarray(), G.toarray())
    assert_allclose(estimator.modularity_, modularity(G, estimator.labels_))
    assert adjusted_rand_score(np.repeat([0, 1, 2], 30), estimator.labels_) == 1
    few = S2CAG(2, n_neighbors=50, random_state=0)
    fit_quietly(few, points[:20])
    assert few.affinity_matrix_.shape == (20, 20)


def test_a_graph_passed_as_attributes_is_suspected():
    told = fit_quietly(S2CAG(4, random_state=0), A)
    assert told[0][0] is DegenerateDataWarning
    assert "pass it as adjacency=" in told[0][1]
    assert "pass it as" not in str(fit_quietly(S2CAG(4, random_state=0), A, A))


def test_asymmetric_graphs_are_averaged_with_one_warning():
    arrows = A.copy()
    arrows.data = np.random.RandomState(0).random_sample(A.nnz)
    estimator = model()
    told = fit_quietly(estimator, X, arrows)
    assert [category for category, _ in told] == [DegenerateDataWarning]
    assert "(A + A.T) / 2" in told[0][1]
    symmetric = sp.csr_array((arrows + arrows.T) / 2)
    assert_array_equal(model().fit(X, adjacency=symmetric).labels_, estimator.labels_)


@pytest.mark.parametrize(
    ("words", "graph", "message"),
    [
        (X[:200], A, r"\(300, 300\), but X has 200 samples.*row i and column i"),
        (X, A[:200, :200], r"\(200, 200\), but X has 300 samples"),
        (X[:200], A[:200], r"\(200, 300\).*skspace.graph.VertexGraph"),
        (X, A[:, :200], r"\(300, 200\).*row i and column i"),
        (X, np.ones(300), r"shape \(300,\)"),
        (X, np.ones((300, 2)), r"\(300, 2\).*row i and column i"),
        (X, -A, "negative weights"),
        (X, A * np.inf, "non-finite"),
        (X, np.full((300, 300), np.nan), "non-finite"),
        (X, A.astype(complex), "real numbers"),
        (X, "graph", "adjacency has shape"),
        (X * np.nan, A, "NaN"),
        (X[:, :0], A, "0 feature"),
        (X[:3], A[:3, :3], "n_samples=3 should be >= n_clusters=4"),
        (X.toarray()[0], A, "2D array"),
    ],
    ids=str,
)
def test_bad_input_is_refused(words, graph, message):
    with pytest.raises(ValueError, match=message):
        model().fit(words, adjacency=graph)


@pytest.mark.parametrize(
    "parameters",
    [
        {"alpha": 0},
        {"alpha": np.inf},
        {"alpha": np.nan},
        {"alpha": -1.0},
        {"order": -1},
        {"order": 2.5},
        {"resolution": -0.1},
        {"resolution": np.inf},
        {"n_clusters": 0},
        {"n_init": 0},
        {"objective": "cut"},
        {"row_scaling": None},
        {"n_neighbors": 0},
    ],
)
def test_parameters_out_of_range(parameters):
    with pytest.raises(ValueError, match="parameter of S2CAG must be"):
        S2CAG(**parameters).fit(X, adjacency=A)


@pytest.mark.parametrize(("order", "alpha"), [(0, 1.0), (5, 1e-300), (5, 1e300)])
def test_extreme_walks(order, alpha):
    estimator = model(order=order, alpha=alpha)
    assert fit_quietly(estimator, X, A) == []
    if alpha != 1e300:  # nobody moves
        alone = model(order=order, alpha=alpha).fit(
            X, adjacency=sp.csr_array((300, 300))
        )
        assert_allclose(estimator.embedding_, alone.embedding_, atol=1e-8)


def test_matrices_beyond_memory_are_refused(monkeypatch):
    monkeypatch.setattr("skspace._validation.MEMORY_BOUND", 10**5)
    with pytest.raises(ValueError, match="use solver='krylov'"):
        model(solver="exact").fit(X, adjacency=A)
    model(solver="krylov").fit(X, adjacency=A)


def test_verbose_names_the_steps(capsys):
    model(verbose=1).fit(X, adjacency=A)
    assert "embedding and labels" in capsys.readouterr().out
