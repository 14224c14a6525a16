"""S2CAG: embeddings against dense decompositions, search, invariances."""

import pickle

import numpy as np
import oracles
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from s2cag_cases import GIVEN, OBJECTIVES, A, X, Y, angle, dense_embedding, model
from sklearn.base import clone
from sklearn.metrics import adjusted_rand_score

from skspace.cluster import S2CAG
from skspace.cluster._s2cag_solve import _with_constant
from skspace.datasets import make_attributed_graph
from skspace.graph import conductance, modularity


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
