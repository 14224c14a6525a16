"""S2CAG: embeddings against dense decompositions, invariances, bad input."""

import pickle
import warnings

import numpy as np
import oracles
import pytest
import scipy.linalg as sl
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score

from skspace._warnings import DegenerateDataWarning
from skspace.cluster import S2CAG
from skspace.cluster._s2cag_solve import _with_constant
from skspace.datasets import make_attributed_graph
from skspace.graph import conductance, knn_graph, modularity
from skspace.graph._similarity import weight_attributes

GRAPH = make_attributed_graph(300, 240, 4, random_state=0)
X, A, Y = GRAPH.data, GRAPH.adjacency, GRAPH.target
GIVEN = {"objective": "conductance", "order": 8, "alpha": 0.9, "random_state": 0}
OBJECTIVES = [
    {"objective": "conductance"},
    {"objective": "modularity"},
    {"objective": "modularity", "row_scaling": "l2"},
]


def model(n_clusters=4, **parameters):
    return S2CAG(n_clusters, **{**GIVEN, **parameters})


def dense_embedding(X, A, k, setting, weighting="tfidf"):
    """The embedding by its definition, as a basis of the subspace."""
    F = weight_attributes(sp.csr_array(X), weighting).rows.toarray()
    Z = oracles.smoothed_attributes(F, A.toarray(), setting["order"], setting["alpha"])
    if setting["objective"] == "conductance":
        return np.linalg.svd(Z)[0][:, 1 : k + 1]
    if setting["row_scaling"] == "sum":
        Z = Z * np.sqrt(Z.sum(axis=1, keepdims=True))
    else:
        Z = Z / np.linalg.norm(Z, axis=1, keepdims=True)
    M = oracles.modularity_matrix(Z, setting["resolution"])
    return np.linalg.eigh(M)[1][:, -k:]


def angle(U, V):
    U = sl.orth(np.asarray(U, dtype=float))
    return np.linalg.norm(U - V @ (V.T @ U), 2)


@pytest.mark.parametrize("solver", ["auto", "krylov", "exact", "randomized"])
@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_embedding_spans_the_true_subspace(solver, objective, dtype):
    fitted = model(solver=solver, **objective, order=6).fit(
        X.astype(dtype), adjacency=A
    )
    U = dense_embedding(X, A, 4, fitted.setting_)
    tolerance = 1e-6 if dtype == np.float64 else 2e-3
    # Seven power iterations leave the last vector inexact: its gap is narrow.
    assert angle(fitted.embedding_, U) < (0.3 if solver == "randomized" else tolerance)
    assert fitted.embedding_.dtype == fitted.components_.dtype == dtype
    identity = fitted.embedding_.T @ fitted.embedding_
    assert_allclose(identity, np.eye(4), atol=1e-5 if dtype == np.float32 else 1e-10)
    peaks = np.argmax(np.abs(fitted.embedding_), axis=0)
    assert np.all(fitted.embedding_[peaks, np.arange(4)] > 0)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_resolution_enters_the_modularity_only(objective):
    low, high = (
        model(**objective, resolution=r, order=6).fit(X, adjacency=A)
        for r in (0.1, 1.0)
    )
    assert angle(low.embedding_, dense_embedding(X, A, 4, low.setting_)) < 1e-6
    assert angle(high.embedding_, dense_embedding(X, A, 4, high.setting_)) < 1e-6
    same = np.allclose(low.embedding_, high.embedding_)
    assert same == (objective["objective"] == "conductance")


def test_default_embedding_is_that_of_the_setting_it_chose():
    fitted = S2CAG(4, random_state=0).fit(X, adjacency=A)
    assert angle(fitted.embedding_, dense_embedding(X, A, 4, fitted.setting_)) < 1e-6


@pytest.mark.parametrize("weighting", ["tfidf", "l2", None])
def test_weighting_of_attributes(weighting):
    fitted = model(attribute_weighting=weighting).fit(X, adjacency=A)
    assert fitted.attribute_weighting_ == weighting
    U = dense_embedding(X, A, 4, fitted.setting_, weighting)
    assert angle(fitted.embedding_, U) < 1e-6
    assert model().fit(X, adjacency=A).attribute_weighting_ == "tfidf"
    assert model().fit(X.toarray() + 1, adjacency=A).attribute_weighting_ == "l2"


def test_one_start_rounds_as_published():
    fitted = model(n_init=1).fit(X, adjacency=A)
    assert_array_equal(fitted.labels_, oracles.snem(fitted.embedding_, 4))


@pytest.mark.parametrize("assign", ["snem", "kmeans", "cluster_qr", "discretize"])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_rounding_finds_planted_clusters(assign, objective):
    fitted = model(assign_labels=assign, **objective).fit(X, adjacency=A)
    assert adjusted_rand_score(Y, fitted.labels_) > 0.85


def test_constant_direction_is_added_once():
    """To k - 1 directions without it; k that contain it already are left alone."""
    Q = np.linalg.qr(np.c_[np.ones(20), np.random.RandomState(0).randn(20, 4)])[0]
    U = _with_constant(Q[:, 1:])
    assert_allclose(U.T @ U, np.eye(4), atol=1e-12)
    assert_allclose(np.abs(U[:, 0]), 20**-0.5)
    assert_array_equal(U[:, 1:], Q[:, 1:4])
    assert_array_equal(_with_constant(Q), Q)


@pytest.mark.parametrize("seed", range(3))
def test_planted_clusters_are_found_without_settings(seed):
    graph = make_attributed_graph(600, 300, 5, random_state=seed)
    fitted = S2CAG(5, random_state=0).fit(graph.data, adjacency=graph.adjacency)
    assert adjusted_rand_score(graph.target, fitted.labels_) > 0.93


@pytest.mark.parametrize("seed", range(3))
def test_rounding_some_vertices_finds_the_setting_of_all(seed, monkeypatch):
    graph = make_attributed_graph(900, 300, 5, random_state=seed)
    X, A = graph.data, graph.adjacency
    of_all = S2CAG(5, random_state=0).fit(X, adjacency=A).search_results_
    monkeypatch.setattr("skspace.cluster._s2cag_search.N_ROUNDED", 300)
    fitted = S2CAG(5, random_state=0).fit(X, adjacency=A)
    assert adjusted_rand_score(graph.target, fitted.labels_) > 0.93
    of_some = fitted.search_results_
    n = min(len(of_some["order"]), len(of_all["order"]))
    assert_array_equal(of_some["order"][:n], of_all["order"][:n])
    assert_allclose(of_some["agreement"][:n], of_all["agreement"][:n], atol=0.1)
    perm = np.random.RandomState(1).permutation(900)
    moved = S2CAG(5, random_state=0).fit(X[perm], adjacency=A[perm][:, perm])
    assert adjusted_rand_score(moved.labels_, fitted.labels_[perm]) == 1


def test_either_source_is_enough():
    """The other is noise, and the criterion has to see that."""
    by_edges = make_attributed_graph(
        800, 300, 4, attribute_signal=0.0, average_degree=20, random_state=0
    )
    fitted = S2CAG(4, random_state=0).fit(by_edges.data, adjacency=by_edges.adjacency)
    assert adjusted_rand_score(by_edges.target, fitted.labels_) > 0.7
    by_words = make_attributed_graph(
        800, 300, 4, attribute_signal=0.6, homophily=0.25, random_state=0
    )
    fitted = S2CAG(4, random_state=0).fit(by_words.data, adjacency=by_words.adjacency)
    assert adjusted_rand_score(by_words.target, fitted.labels_) > 0.7


def test_what_is_reported_is_so():
    fitted = model().fit(X, adjacency=A)
    U, labels = fitted.embedding_, fitted.labels_
    means = [U[labels == j].mean(axis=0) for j in range(4)]
    expected = np.sum(np.sum(np.square(means), axis=1) * np.bincount(labels))
    assert_allclose(fitted.objective_, expected)
    assert_allclose(fitted.modularity_, modularity(A, labels))
    assert_allclose(fitted.conductance_, conductance(A, labels))
    assert np.all(np.diff(fitted.eigenvalues_) <= 0)
    assert set(labels) == set(range(4))
    assert labels.dtype == np.int64
    assert isinstance(fitted.n_iter_, int)
    assert not hasattr(fitted, "affinity_matrix_")
    names = fitted.get_feature_names_out()
    assert list(names) == [f"s2cag{i}" for i in range(4)]


# Search


def test_search_results_have_one_row_for_each_setting():
    fitted = S2CAG(4, random_state=0).fit(X, adjacency=A)
    results = fitted.search_results_
    assert set(results) == {
        "objective",
        "row_scaling",
        "order",
        "alpha",
        "resolution",
        "agreement",
    }
    lengths = {len(column) for column in results.values()}
    assert len(lengths) == 1
    assert lengths.pop() >= 9
    assert np.isfinite(results["agreement"]).all()
    assert {s for s in results["row_scaling"] if s} == {"sum", "l2"}
    assert set(results["alpha"]) == {1.0}
    assert fitted.order_ in results["order"]
    assert fitted.setting_["order"] == fitted.order_
    best = results["agreement"] >= results["agreement"].max() - 0.011
    assert fitted.order_ in results["order"][best]


@pytest.mark.parametrize(
    ("given", "varied"),
    [
        ({"order": 7}, {"objective", "row_scaling", "alpha"}),
        ({"alpha": 0.9}, {"objective", "row_scaling", "order"}),
        ({"order": 7, "alpha": 0.9}, {"objective", "row_scaling"}),
        ({"objective": "conductance"}, {"order"}),
        ({"objective": "conductance", "order": 7}, {"alpha"}),
        (
            {"objective": "modularity", "order": 7, "alpha": 1.1, "resolution": "auto"},
            {"resolution"},
        ),
    ],
)
def test_what_is_given_is_not_searched(given, varied):
    fitted = S2CAG(4, random_state=0, **given).fit(X, adjacency=A)
    results = fitted.search_results_
    found = {
        name
        for name in ("objective", "row_scaling", "order", "alpha", "resolution")
        if len(set(results[name])) > 1
    }
    assert found == varied
    for name, value in given.items():
        if value != "auto":
            assert fitted.setting_[name] == value


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_nothing_is_searched_where_all_is_given(objective, monkeypatch):
    monkeypatch.setattr("skspace.cluster._s2cag_search.search", None)
    fitted = model(**objective).fit(X, adjacency=A)
    assert fitted.search_results_ == {}
    assert (fitted.order_, fitted.alpha_) == (8, 0.9)
    with_resolution = model(objective="conductance", resolution="auto")
    assert with_resolution.fit(X, adjacency=A).resolution_ == 1.0


# Invariances


@pytest.mark.parametrize("parameters", [{}, GIVEN, {**GIVEN, **OBJECTIVES[2]}])
@pytest.mark.parametrize("assign_labels", ["snem", "cluster_qr"])
def test_reordering_vertices_reorders_labels(parameters, assign_labels):
    parameters = {"random_state": 0, **parameters, "assign_labels": assign_labels}
    perm = np.random.RandomState(1).permutation(300)
    labels = S2CAG(4, **parameters).fit(X, adjacency=A).labels_
    other = S2CAG(4, **parameters).fit(X[perm], adjacency=A[perm][:, perm])
    assert adjusted_rand_score(labels[perm], other.labels_) == 1


@pytest.mark.parametrize("parameters", [{}, {**GIVEN, "solver": "krylov"}])
def test_threads_change_nothing(parameters, monkeypatch):
    monkeypatch.setattr("skspace.graph._propagation.THREAD_WORK", 1)
    fits = [
        S2CAG(4, **{"random_state": 0, **parameters}, n_jobs=n_jobs).fit(X, adjacency=A)
        for n_jobs in (1, 2)
    ]
    assert_array_equal(fits[0].labels_, fits[1].labels_)
    assert_array_equal(fits[0].embedding_, fits[1].embedding_)


@pytest.mark.parametrize("solver", ["krylov", "randomized", "exact"])
@pytest.mark.parametrize("assign", ["snem", "kmeans", "cluster_qr", "discretize"])
def test_random_state_fixes_everything(solver, assign):
    fits = [
        model(solver=solver, assign_labels=assign, random_state=3).fit(X, adjacency=A)
        for _ in range(2)
    ]
    assert_array_equal(fits[0].labels_, fits[1].labels_)
    assert_array_equal(fits[0].embedding_, fits[1].embedding_)
    assert adjusted_rand_score(Y, fits[0].labels_) > 0.85


def test_the_generator_of_the_user_advances():
    rng = np.random.RandomState(0)
    model(random_state=rng).fit(X, adjacency=A)
    assert rng.randint(10**9) != np.random.RandomState(0).randint(10**9)


def test_labels_are_never_looked_at():
    fitted = S2CAG(4, random_state=0).fit(X, adjacency=A)
    for y in (Y, np.random.RandomState(0).permutation(Y), np.full(300, np.nan)):
        other = S2CAG(4, random_state=0).fit(X, y, adjacency=A)
        assert_array_equal(other.labels_, fitted.labels_)
        assert_array_equal(other.embedding_, fitted.embedding_)


@pytest.mark.parametrize("parameters", [{}, *[{**GIVEN, **o} for o in OBJECTIVES]])
def test_sparse_and_dense_attributes_agree(parameters):
    parameters = {"random_state": 0, **parameters}
    sparse = S2CAG(4, **parameters).fit(X, adjacency=A)
    dense = S2CAG(4, **parameters).fit(X.toarray(), adjacency=A.toarray())
    assert sparse.setting_ == dense.setting_
    # Both are this near to the truth; a dense decomposition leaves rounding only.
    assert_allclose(sparse.embedding_, dense.embedding_, atol=1e-6)
    assert_array_equal(sparse.labels_, dense.labels_)
    parameters = {**sparse.setting_, "solver": "exact", "random_state": 0}
    if parameters["row_scaling"] is None:
        del parameters["row_scaling"]
    sparse = S2CAG(4, **parameters).fit(X, adjacency=A)
    dense = S2CAG(4, **parameters).fit(X.toarray(), adjacency=A)
    assert_allclose(sparse.embedding_, dense.embedding_, atol=1e-8)


@pytest.mark.parametrize("convert", [sp.csc_array, sp.coo_array, sp.csr_matrix])
def test_forms_of_sparse_matrices(convert):
    labels = model().fit(X, adjacency=A).labels_
    assert_array_equal(model().fit(convert(X), adjacency=convert(A)).labels_, labels)


def test_wide_indices():
    def widen(M):
        M = M.copy()
        M.indices, M.indptr = M.indices.astype(np.int64), M.indptr.astype(np.int64)
        return M

    labels = model().fit(X, adjacency=A).labels_
    assert_array_equal(model().fit(widen(X), adjacency=widen(A)).labels_, labels)


@pytest.mark.parametrize("dtype", [np.int64, np.int8, bool, np.float32])
def test_types_of_numbers(dtype):
    expected = model().fit(X, adjacency=A)
    fitted = model().fit(X.astype(dtype), adjacency=A.astype(dtype))
    assert fitted.embedding_.dtype == (dtype if dtype == np.float32 else np.float64)
    assert_array_equal(fitted.labels_, expected.labels_)


@pytest.mark.parametrize("solver", ["krylov", "exact", "randomized"])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_float32_stays(solver, objective):
    single, double = X.astype(np.float32), X
    fitted = model(solver=solver, **objective).fit(single, adjacency=A)
    for name in ("embedding_", "components_", "cluster_directions_", "eigenvalues_"):
        assert getattr(fitted, name).dtype == np.float32, name
    assert fitted.transform(single, adjacency=A).dtype == np.float32
    other = model(solver=solver, **objective).fit(double, adjacency=A)
    assert adjusted_rand_score(fitted.labels_, other.labels_) > 0.97


def test_input_stays_as_it_is():
    """Read-only arrays are enough; rows of sparse ones need not be sorted."""

    def read_only(M):
        for part in (M.data, M.indices, M.indptr) if sp.issparse(M) else (M,):
            part.flags.writeable = False
        return M

    unsorted = [X[:, ::-1].tocsr(), A[::-1, ::-1].tocsr()]
    before = [(M.data.copy(), M.indices.copy()) for M in unsorted]
    words, graph = (read_only(M) for M in unsorted)
    for W, G in [(words, graph), (read_only(X.toarray()), read_only(A.toarray()))]:
        fitted = S2CAG(4, random_state=0).fit(W, adjacency=G)
        fitted.predict(W, adjacency=G)
    for M, (data, indices) in zip(unsorted, before, strict=True):
        assert_array_equal(M.data, data)
        assert_array_equal(M.indices, indices)


def test_data_frames():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X.toarray(), columns=[f"word{j}" for j in range(X.shape[1])])
    fitted = model().fit(frame, adjacency=pd.DataFrame(A.toarray()))
    assert_array_equal(fitted.labels_, model().fit(X, adjacency=A).labels_)
    assert fitted.feature_names_in_[3] == "word3"
    sparse = pd.DataFrame.sparse.from_spmatrix(X)
    sparse.columns = frame.columns
    assert_array_equal(model().fit(sparse, adjacency=A).labels_, fitted.labels_)


def test_size_of_attributes_does_not_matter():
    labels = model().fit(X, adjacency=A).labels_
    for size in (1e-150, 1e150):
        assert_array_equal(model().fit(X * size, adjacency=A).labels_, labels)


def test_copies_are_the_same():
    fitted = S2CAG(4, random_state=0).fit(X, adjacency=A)
    again = clone(fitted).fit(X, adjacency=A)
    assert_array_equal(again.labels_, fitted.labels_)
    stored = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(stored.predict(X, adjacency=A), fitted.predict(X, adjacency=A))
    assert_array_equal(stored.transform(X), fitted.transform(X))


def test_a_failed_fit_leaves_no_trace():
    estimator = model()
    with pytest.raises(ValueError, match="negative"):
        estimator.fit(X, adjacency=-A)
    assert_array_equal(
        estimator.fit(X, adjacency=A).labels_, model().fit(X, adjacency=A).labels_
    )
    small = estimator.fit(X[:100, :50], adjacency=A[:100, :100])
    assert small.labels_.shape == (100,)
    assert small.n_features_in_ == 50


# Degenerate graphs and attributes


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
    import functools

    from skspace.cluster import _s2cag_solve
    from skspace.graph._leading import krylov

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


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_few_samples_of_many_attributes(dtype, monkeypatch):
    """The search works on inner products of samples; nothing wide is made dense."""
    monkeypatch.setattr("skspace.cluster._s2cag_solve.HELD_BYTES", 0)
    graph = make_attributed_graph(40, 90, 3, average_degree=4, random_state=0)
    wide = sp.csr_array(sp.hstack([graph.data, sp.csr_array((40, 10**5))]))
    fitted = S2CAG(3, random_state=0).fit(wide.astype(dtype), adjacency=graph.adjacency)
    narrow = S2CAG(3, random_state=0, **fitted.setting_ | {"row_scaling": "sum"})
    if fitted.setting_["row_scaling"] == "l2":
        narrow.set_params(row_scaling="l2")
    narrow.fit(graph.data, adjacency=graph.adjacency)
    assert adjusted_rand_score(narrow.labels_, fitted.labels_) == 1
    assert adjusted_rand_score(graph.target, fitted.labels_) > 0.7
