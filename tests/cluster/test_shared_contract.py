"""What all subspace clusterers promise, one test a promise, over all of them."""

import inspect
import pickle
import warnings
from functools import partial, update_wrapper

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, InconsistentVersionWarning
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skspace.cluster
from skspace.cluster import (
    LeastSquaresSubspaceClustering,
    OMPSubspaceClustering,
    SparseSubspaceClustering,
    ThresholdingSubspaceClustering,
)
from skspace.cluster._base import SubspaceClusterer
from skspace.datasets import make_union_of_subspaces
from skspace.exceptions import DegenerateDataWarning, DisconnectedAffinityWarning
from skspace.metrics import clustering_accuracy

SMALLER = {
    "MCR2Clustering": {"hidden_layer_sizes": (128,), "n_networks": 1, "max_steps": 5}
}
"""A network that learns these few samples as well, in a fraction of the time."""

CLUSTERERS = [
    update_wrapper(partial(thing, **SMALLER.get(name, {})), thing, updated=())
    for name in skspace.cluster.__all__
    if inspect.isclass(thing := getattr(skspace.cluster, name))
    and issubclass(thing, SubspaceClusterer)
]
every_clusterer = pytest.mark.parametrize(
    "cls", CLUSTERERS, ids=lambda cls: cls.__name__
)


def every_clusterer_with(parameter):
    """Those that have the parameter: networks know no flats and run by BLAS threads."""
    having = [c for c in CLUSTERERS if parameter in inspect.signature(c).parameters]
    return pytest.mark.parametrize("cls", having, ids=lambda cls: cls.__name__)


every_clusterer_in_input_space = pytest.mark.parametrize(
    "cls",
    [cls for cls in CLUSTERERS if cls.__name__ != "MCR2Clustering"],
    ids=lambda cls: cls.__name__,
)
"""MCR2Clustering has its subspaces among the features of a network: test_mcr2.py."""

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def union():
    """Five subspaces of dimension 4 in 30, noise .01, and fresh samples of them."""
    X, y = make_union_of_subspaces(600, noise=0.01, random_state=0)
    return X[:300], y[:300], X[300:], y[300:]


@pytest.fixture(scope="module")
def three():
    """Samples of three subspaces only."""
    return make_union_of_subspaces(120, n_subspaces=3, noise=0.05, random_state=0)[0]


@every_clusterer
def test_union_of_subspaces_is_found_and_predicted(cls, union):
    X, y, X_new, y_new = union
    model = cls(n_clusters=5, random_state=0).fit(X)
    assert clustering_accuracy(y, model.labels_) == 1.0
    both = np.r_[model.labels_, model.predict(X_new)]
    assert clustering_accuracy(np.r_[y, y_new], both) >= 0.99
    assert_array_equal(model.predict(X), model.labels_)


@every_clusterer_with("affine")
def test_affine_finds_flats_that_miss_the_origin(cls):
    X, y = make_union_of_subspaces(
        240, 12, n_subspaces=3, subspace_dim=2, affine=True, noise=0.01, random_state=1
    )
    model = cls(n_clusters=3, affine=True, subspace_dim=2, center=False, random_state=0)
    assert clustering_accuracy(y, model.fit_predict(X)) >= 0.9


@every_clusterer_in_input_space
def test_transform_is_the_sine_of_the_angle_to_the_subspace(cls, union):
    X, *_ = union
    model = cls(n_clusters=5, random_state=0).fit(X)
    V = X - model.mean_
    V /= np.linalg.norm(V, axis=1, keepdims=True)
    expected = [
        np.linalg.norm(V - V @ basis.T @ basis, axis=1)
        for basis in model.subspace_components_
    ]
    assert_allclose(model.transform(X), np.stack(expected, axis=1), atol=1e-12)
    assert_array_equal(model.predict(X), np.argmin(model.transform(X), axis=1))


@every_clusterer
def test_units_of_the_data_do_not_matter(cls, three):
    X = three
    model = cls(n_clusters=3, random_state=0).fit(X)
    for scale in (1e-200, 2.0**20, 1e200):
        other = clone(model).fit(scale * X)
        assert adjusted_rand_score(model.labels_, other.labels_) == 1.0
        assert adjusted_rand_score(other.predict(scale * X), model.predict(X)) == 1.0
        # a density changes by the Jacobian of the change of units, and no more
        assert_allclose(
            other.score(scale * X),
            model.score(X) - 30 * np.log(scale),
            rtol=1e-6,
        )


@every_clusterer_in_input_space
def test_rotating_space_rotates_the_subspaces(cls, union):
    X, *_ = union
    Q = np.linalg.qr(np.random.RandomState(1).standard_normal((30, 30)))[0]
    one = cls(n_clusters=5, random_state=0).fit(X)
    other = cls(n_clusters=5, random_state=0).fit(X @ Q)
    assert adjusted_rand_score(one.labels_, other.labels_) == 1.0
    assert_allclose(
        np.sort(other.transform(X @ Q), axis=1), np.sort(one.transform(X), axis=1),
        atol=1e-6,
    )  # fmt: skip
    assert_allclose(other.score(X @ Q), one.score(X), rtol=1e-6)


@every_clusterer_with("n_jobs")
def test_threads_do_not_change_results(cls, union):
    X, *_ = union
    one = cls(n_clusters=5, random_state=0, n_jobs=1).fit(X)
    two = cls(n_clusters=5, random_state=0, n_jobs=2).fit(X)
    assert_array_equal(one.labels_, two.labels_)
    assert_allclose(one.subspace_components_, two.subspace_components_, atol=1e-12)


@every_clusterer
def test_copies_of_a_sample_share_its_label(cls, union):
    X, y, *_ = union
    twice = np.concatenate([X, X[::3], X[:1]])
    model = cls(n_clusters=5, random_state=0).fit(twice)
    assert_array_equal(model.labels_[300:400], model.labels_[:300:3])
    assert clustering_accuracy(y, model.labels_[:300]) == 1.0


@every_clusterer
def test_max_samples_fits_some_and_predicts_the_rest(cls, union):
    X, y, *_ = union
    model = cls(n_clusters=5, max_samples=200, random_state=0).fit(X)
    assert clustering_accuracy(y, model.labels_) >= 0.99
    if hasattr(model, "representation_matrix_"):
        used = np.flatnonzero(np.diff(model.affinity_matrix_.tocsr().indptr))
        assert len(used) <= 200


@every_clusterer
@pytest.mark.parametrize("factor", [1.7, -1.0, 1 + 1e-15])
def test_copies_up_to_a_factor_do_no_harm(cls, three, factor):
    """A sample written as its own copy would leave the graph in pairs."""
    alone = cls(n_clusters=3, random_state=0).fit(three)
    model = cls(n_clusters=3, random_state=0, center=False)
    labels = model.fit_predict(np.r_[three, factor * three])
    assert_array_equal(labels[120:], labels[:120])
    assert adjusted_rand_score(labels[:120], alone.labels_) >= 0.9


@every_clusterer
@pytest.mark.filterwarnings("ignore::skspace.exceptions.DisconnectedAffinityWarning")
def test_copies_share_labels_where_nothing_else_would_make_them(cls, rng):
    X = rng.standard_normal((60, 6))
    labels = cls(n_clusters=3, random_state=0).fit_predict(np.r_[X, X[::2]])
    assert_array_equal(labels[60:], labels[:60:2])


@every_clusterer
def test_zero_rows_are_named_and_go_to_the_largest_cluster(cls):
    X, _ = make_union_of_subspaces([40, 40, 80], noise=0.05, random_state=0)
    X[[3, 70]] = 0
    model = cls(n_clusters=3, center=False, random_state=0)
    with pytest.warns(DegenerateDataWarning, match="2 of 160 rows are zero") as seen:
        model.fit(X)
    assert seen[0].filename == __file__  # points at the caller, not into a library
    largest = np.argmax(np.bincount(np.delete(model.labels_, [3, 70])))
    assert_array_equal(model.labels_[[3, 70]], largest)
    assert model.predict(np.zeros((1, 30)))[0] == largest


@every_clusterer
def test_matrices_stand_at_the_samples_they_speak_of(cls, three):
    """Left-out rows shift nothing: a zero row before the others changes no entry."""
    model = cls(n_clusters=3, center=False, random_state=0).fit(three)
    if not hasattr(model, "representation_matrix_"):
        pytest.skip("no representation matrix")
    with pytest.warns(DegenerateDataWarning):
        other = clone(model).fit(np.r_[np.zeros((1, 30)), three])
    for name in ("representation_matrix_", "affinity_matrix_"):
        moved = getattr(other, name).toarray()
        assert_array_equal(moved[0], 0)
        assert_array_equal(moved[:, 0], 0)
        assert_allclose(moved[1:, 1:], getattr(model, name).toarray(), atol=1e-9)


@every_clusterer
def test_samples_are_drawn_at_random(cls, three):
    drawn = []
    for seed in range(2):
        model = cls(n_clusters=3, max_samples=90, random_state=seed).fit(three)
        if not hasattr(model, "affinity_matrix_"):
            pytest.skip("no affinity matrix to see the draw in")
        drawn.append(np.flatnonzero(np.diff(model.affinity_matrix_.indptr)))
    assert drawn[0].max() > 95
    assert not np.array_equal(*drawn)


@every_clusterer_in_input_space
def test_subspaces_have_the_dimension_of_the_data(cls, union):
    """Also with an offset, which would hold nearly all of the plain energy."""
    X, *_ = union
    assert cls(5, random_state=0).fit(X).subspace_components_.shape == (5, 4, 30)
    flat = np.c_[X, np.full((300, 2), 7.0)]
    model = cls(5, center=False, random_state=0, subspace_dim="auto").fit(flat)
    assert 4 <= model.subspace_components_.shape[1] <= 9
    assert np.mean(model.predict(flat) == model.labels_) >= 0.9


@every_clusterer_with("affine")
def test_affine_adds_its_dimension(cls, three):
    model = cls(3, subspace_dim=2, affine=True, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DisconnectedAffinityWarning)
        model.fit(three)
    assert model.subspace_components_.shape == (3, 3, 31)


@every_clusterer
def test_density_is_that_of_the_predicted_labels(cls, rng):
    X, _ = make_union_of_subspaces(
        150, 12, n_subspaces=3, subspace_dim=3, noise=0.3, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DisconnectedAffinityWarning)
        model = cls(n_clusters=3, random_state=0).fit(X)
    shares = np.bincount(model.predict(X), minlength=3) / 150
    assert_allclose(np.exp(model.mixture_log_weights_), shares)


def test_no_neighbours_at_all_is_refused_with_a_sentence():
    for model in (
        OMPSubspaceClustering(3),
        SparseSubspaceClustering(3),
        LeastSquaresSubspaceClustering(3, center=False),
    ):
        with pytest.raises(ValueError, match=r"No two of the 40 samples are joined"):
            model.fit(np.eye(40))


def test_data_on_one_line_are_one_direction():
    X = np.outer(np.arange(1.0, 51), np.arange(1.0, 8))
    with pytest.raises(ValueError, match=r"1 distinct directions .* affine=True"):
        ThresholdingSubspaceClustering(2).fit(X)


@every_clusterer
def test_one_cluster(cls, union):
    X, *_ = union
    model = cls(n_clusters=1).fit(X)
    assert_array_equal(model.labels_, 0)
    assert_array_equal(model.predict(X), 0)
    assert np.isfinite(model.score(X))
    assert model.transform(X).shape == (300, 1)


@every_clusterer
def test_constant_data_in_one_cluster(cls):
    """Where centring leaves nothing, one cluster is still an answer."""
    X = np.ones((10, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateDataWarning)
        model = cls(n_clusters=1, center=True).fit(X)
    assert_array_equal(model.labels_, 0)
    assert np.isfinite(model.score(X))
    assert np.isfinite(model.transform(X)).all()


@every_clusterer
@pytest.mark.parametrize(
    ("X", "parameters", "message"),
    [
        (np.ones((30, 4)), {"center": True}, "0 distinct directions .* n_clusters=3"),
        (np.ones((30, 4)), {"center": False}, "1 distinct directions .* n_clusters=3"),
        (np.arange(1.0, 31)[:, None], {}, "distinct directions .* fewer clusters"),
        (np.eye(3)[:2], {}, "n_samples=2 should be >= n_clusters=3"),
        (np.eye(40), {"max_samples": 2}, "max_samples=2 should be >= n_clusters=3"),
        (np.eye(4)[:1], {"n_clusters": 1}, "1 sample.* minimum of 2"),
    ],
)
@pytest.mark.filterwarnings("ignore::skspace.exceptions.DegenerateDataWarning")
def test_bad_data_is_refused_with_a_sentence(cls, X, parameters, message):
    with pytest.raises(ValueError, match=message):
        cls(**{"n_clusters": 3, **parameters}).fit(X)


@every_clusterer
def test_advice_names_only_parameters_there_are(cls):
    with pytest.raises(ValueError, match="distinct directions") as refusal:
        cls(3).fit(np.arange(1.0, 31)[:, None])
    assert ("affine=True" in str(refusal.value)) == ("affine" in cls().get_params())


@every_clusterer
def test_dask_is_refused_not_loaded(cls):
    class Collection:
        def __array__(self, *_, **__):
            raise AssertionError("loaded into memory")

    Collection.__module__ = "dask.array.core"
    with pytest.raises(ValueError, match=r"Dask collection.*compute\(\)"):
        cls().fit(Collection())


@every_clusterer
def test_failure_leaves_the_estimator_as_it_was(cls, union):
    X, *_ = union
    model = cls(n_clusters=5, random_state=0)
    broken = np.where(np.arange(300)[:, None] == 7, np.nan, X)
    with pytest.raises(ValueError, match="NaN"):
        model.fit(broken)
    assert not [name for name in vars(model) if name.endswith("_")]
    model.fit(X)
    before = {k: v for k, v in vars(model).items() if k != "n_clusters"}
    with pytest.raises(ValueError, match="n_samples=300"):
        model.set_params(n_clusters=500).fit(X)
    for name, value in before.items():
        assert getattr(model, name) is value


@every_clusterer
def test_pickles_of_another_version_say_so(cls, three, monkeypatch):
    model = cls(n_clusters=3, random_state=0).fit(three)
    with monkeypatch.context() as patch:
        patch.setattr("skspace._estimator.__version__", "0.0.1")
        stored = pickle.dumps(model)
    with pytest.warns(InconsistentVersionWarning, match=r"pickled by skspace 0\.0\.1"):
        pickle.loads(stored)


@every_clusterer
def test_interrupt_then_refit_equals_a_fresh_fit(cls, union, monkeypatch):
    X, *_ = union

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    model = cls(n_clusters=5, random_state=0)
    with monkeypatch.context() as patch:
        patch.setattr("skspace.cluster._base.fit_subspaces", interrupt)
        with pytest.raises(KeyboardInterrupt):
            model.fit(X)
    assert not hasattr(model, "labels_")
    assert_array_equal(
        model.fit(X).labels_, cls(n_clusters=5, random_state=0).fit(X).labels_
    )


@every_clusterer
def test_data_are_left_alone_and_globals_too(cls, union):
    X = union[0].copy()
    kept, state, errors = X.copy(), np.random.get_state()[1].copy(), np.geterr()
    cls(n_clusters=5, random_state=0).fit(X).predict(X)
    assert_array_equal(X, kept)
    assert_array_equal(np.random.get_state()[1], state)
    assert np.geterr() == errors


@every_clusterer
@pytest.mark.parametrize(
    "convert",
    [
        np.asfortranarray,
        lambda X: X.tolist(),
        lambda X: X.astype(object),
        lambda X: pytest.importorskip("pandas").DataFrame(X),
        lambda X: pytest.importorskip("polars").DataFrame(X),
    ],
    ids=["fortran", "list", "object", "pandas", "polars"],
)
def test_kinds_of_tables_agree(cls, three, convert):
    X = three
    expected = cls(n_clusters=3, random_state=0).fit(X)
    found = cls(n_clusters=3, random_state=0).fit(convert(X))
    assert_array_equal(found.labels_, expected.labels_)


@every_clusterer
@pytest.mark.parametrize("dtype", [np.int32, bool, np.float16, np.float32])
def test_kinds_of_numbers(cls, three, dtype):
    X = (three > 0) if dtype is bool else (8 * three).astype(dtype)
    model = cls(n_clusters=3, random_state=0).fit(X)
    expected = np.float32 if dtype == np.float32 else np.float64
    assert model.transform(X).dtype == expected
    assert model.subspace_components_.dtype == expected
    assert model.labels_.dtype == np.int64


@every_clusterer
def test_memmapped_files_can_be_clustered(cls, three, tmp_path):
    joblib.dump(three, tmp_path / "X.joblib")
    X = joblib.load(tmp_path / "X.joblib", mmap_mode="r")
    cls(n_clusters=3, random_state=0).fit(X).predict(X)


@every_clusterer
def test_pickles_predict_the_same(cls, union):
    X, _, X_new, _ = union
    model = cls(n_clusters=5, random_state=0).fit(X)
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(again.predict(X_new), model.predict(X_new))
    assert again.score(X_new) == model.score(X_new)


@every_clusterer
def test_skops_round_trip(cls, union):
    skops = pytest.importorskip("skops.io")
    X, _, X_new, _ = union
    model = cls(n_clusters=5, random_state=0).fit(X)
    stored = skops.dumps(model)
    strange = skops.get_untrusted_types(data=stored)
    assert all(name.startswith(("skspace.", "scipy.sparse.")) for name in strange)
    again = skops.loads(stored, trusted=strange)
    assert_array_equal(again.predict(X_new), model.predict(X_new))


@every_clusterer
def test_html_repr_links_to_our_pages(cls):
    page = f"/api/generated/skspace.cluster.{cls.__name__}.html"
    assert page in cls()._repr_html_()


@every_clusterer
def test_silent_unless_asked(cls, union, capsys):
    X, *_ = union
    cls(n_clusters=5, random_state=0).fit(X)
    assert capsys.readouterr() == ("", "")
    cls(n_clusters=5, random_state=0, verbose=1).fit(X)
    assert f"[{cls.__name__}]" in capsys.readouterr().out


@every_clusterer
def test_swaps_for_kmeans_in_a_pipeline(cls, union):
    """Change one name: fit_predict, predict, transform, score, column names."""
    X, y, X_new, _ = union
    pipe = make_pipeline(StandardScaler(), cls(n_clusters=5, random_state=0))
    assert clustering_accuracy(y, pipe.fit_predict(X)) >= 0.99
    assert pipe.predict(X_new).shape == (300,)
    assert isinstance(pipe.score(X_new), float)
    pipe[-1].set_output(transform="pandas")
    frame = pipe.transform(X_new)
    assert list(frame.columns) == [f"{cls.__name__.lower()}{i}" for i in range(5)]


@every_clusterer
def test_grid_search_with_labels_is_finite(cls, union):
    X, y, *_ = union
    search = GridSearchCV(
        cls(random_state=0), {"n_clusters": [3, 5]}, scoring="adjusted_rand_score", cv=2
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DisconnectedAffinityWarning)
        search.fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_params_ == {"n_clusters": 5}


@pytest.mark.parametrize("noise", [0.01, 0.1, 0.2])
def test_score_finds_number_and_dimension_without_labels(noise):
    X, _ = make_union_of_subspaces(300, noise=noise, random_state=1)
    grid = {"n_clusters": [4, 5, 6], "subspace_dim": [2, 3, 4, 5, 7]}
    search = GridSearchCV(
        LeastSquaresSubspaceClustering(random_state=0, n_init=5), grid, cv=3
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DisconnectedAffinityWarning)
        search.fit(X)
    assert search.best_params_["n_clusters"] == 5
    assert abs(search.best_params_["subspace_dim"] - 4) <= 2


def test_more_components_than_clusters_is_said(union):
    X, *_ = union
    model = LeastSquaresSubspaceClustering(n_clusters=3, random_state=0)
    with pytest.warns(DisconnectedAffinityWarning, match="more than n_clusters=3") as w:
        model.fit(X)
    assert model.n_connected_components_ == 5
    two_smallest = np.sort(np.bincount(union[1]))[:2].sum()
    assert f"the {two_smallest} samples" in str(w[0].message)
    assert w[0].filename == __file__
    assert np.diff(model.representation_matrix_.indptr).max() <= 6
    assert set(model.labels_) == {0, 1, 2}


def test_named_warnings_are_no_convergence_warnings():
    assert not issubclass(DisconnectedAffinityWarning, ConvergenceWarning)
