"""InductiveClusterer: labels for new samples, and a score that compares models."""

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from scipy.stats import multivariate_normal
from sklearn.cluster import (
    DBSCAN,
    HDBSCAN,
    AgglomerativeClustering,
    KMeans,
    SpectralClustering,
)
from sklearn.datasets import make_blobs, make_moons
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import NearestCentroid
from sklearn.utils.estimator_checks import parametrize_with_checks

from skspace.datasets import make_union_of_subspaces
from skspace.model_selection import InductiveClusterer
from skspace.model_selection._inductive import fit_mixture


@parametrize_with_checks(
    [
        InductiveClusterer(AgglomerativeClustering(n_clusters=3)),
        InductiveClusterer(KMeans(n_clusters=3, random_state=0)),
        InductiveClusterer(DBSCAN(), classifier=NearestCentroid()),
    ],
    xfail_strict=True,
)
def test_scikit_learn_contract(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "clusterer",
    [
        AgglomerativeClustering(2, linkage="single"),
        SpectralClustering(2, gamma=30, random_state=0),
        DBSCAN(eps=0.2),
        HDBSCAN(copy=True),
    ],
    ids=lambda c: type(c).__name__,
)
def test_new_samples_get_the_label_of_their_moon(clusterer):
    X, y = make_moons(300, noise=0.05, random_state=0)
    X_new, y_new = make_moons(300, noise=0.05, random_state=1)
    model = InductiveClusterer(clusterer).fit(X)
    assert adjusted_rand_score(y, model.labels_) == 1
    assert adjusted_rand_score(y_new, model.predict(X_new)) > 0.98


def test_distinct_training_samples_keep_their_labels(rng):
    X = rng.standard_normal((100, 3))
    model = InductiveClusterer(AgglomerativeClustering(12)).fit(X)
    assert_array_equal(model.predict(X), model.labels_)


def test_noise_stays_noise(rng):
    X = np.concatenate([0.1 * rng.standard_normal((50, 2)), [[50.0, 50], [51, 60]]])
    model = InductiveClusterer(DBSCAN(eps=0.5)).fit(X)
    assert set(model.labels_[-2:]) == {-1}
    assert_array_equal(model.predict([[0.0, 0.1], [50, 50]]), [0, -1])


@pytest.mark.parametrize("classifier", [None, LogisticRegression()])
def test_single_label_is_predicted_everywhere(rng, classifier):
    X = rng.standard_normal((30, 2))
    for clusterer, label in ((KMeans(1), 0), (DBSCAN(eps=1e-9), -1)):
        model = InductiveClusterer(clusterer, classifier=classifier).fit(X)
        assert set(model.predict(X)) == {label}
        assert np.isfinite(model.score(X))


def test_any_classifier_decides():
    X, _ = make_blobs(90, random_state=0)
    model = InductiveClusterer(
        AgglomerativeClustering(3), classifier=LogisticRegression()
    ).fit(X)
    direct = LogisticRegression().fit(X, model.labels_)
    assert_array_equal(model.predict(X + 1), direct.predict(X + 1))


def test_clusterer_without_labels_attribute():
    X, y = make_blobs(90, centers=[[0, 0], [9, 9]], random_state=0)
    model = InductiveClusterer(GaussianMixture(2, random_state=0)).fit(X)
    assert adjusted_rand_score(y, model.predict(X)) == 1


@pytest.mark.parametrize("subspace_dim", [0, 1, 3])
def test_score_is_the_mean_log_density_of_the_mixture(rng, subspace_dim):
    X, _ = make_blobs(120, n_features=4, random_state=0)
    X_new = X[:20] + 0.1 * rng.standard_normal((20, 4))
    model = InductiveClusterer(
        AgglomerativeClustering(3), subspace_dim=subspace_dim
    ).fit(X)
    density = 0
    for c in range(3):
        members = X[model.labels_ == c]
        values, vectors = np.linalg.eigh(np.cov(members.T))
        rest = model.mixture_.noise_variances[c] * model.mixture_.scale**2
        values[: 4 - subspace_dim] = rest
        density += (len(members) / len(X)) * multivariate_normal(
            members.mean(axis=0), (vectors * values) @ vectors.T
        ).pdf(X_new)
    assert_allclose(model.score(X_new), np.mean(np.log(density)), rtol=1e-10)


def test_noise_takes_no_part_in_the_mixture(rng):
    X, y = make_blobs(120, n_features=4, random_state=0)
    outliers = 9 * rng.standard_normal((10, 4))
    _, clean = fit_mixture(X, y, 2)
    _, noisy = fit_mixture(
        np.concatenate([X, outliers]), np.concatenate([y, np.full(10, -1)]), 2
    )
    for name in ("log_weights", "components"):
        assert_allclose(getattr(noisy, name), getattr(clean, name), atol=1e-12)
    assert_allclose(noisy.means * noisy.scale, clean.means * clean.scale)


@pytest.mark.parametrize("subspace_dim", [0, 2, 5])
def test_dimension_of_the_mixture_is_found(subspace_dim):
    X, y = make_union_of_subspaces(
        300, subspace_dim=max(subspace_dim, 1), noise=0.02, random_state=0
    )
    if subspace_dim == 0:
        X, y = make_blobs(300, n_features=10, random_state=0)
    assert fit_mixture(X, y)[0] == subspace_dim


def test_dimension_is_that_of_the_space_at_most(rng):
    X = rng.standard_normal((40, 3))
    model = InductiveClusterer(AgglomerativeClustering(2), subspace_dim=9).fit(X)
    assert model.subspace_dim_ == 3
    assert model.mixture_.components.shape == (2, 3, 3)


def test_score_alone_finds_the_number_of_blobs():
    X, _ = make_blobs(300, n_features=5, centers=5, random_state=0)
    search = GridSearchCV(
        InductiveClusterer(AgglomerativeClustering()),
        {"estimator__n_clusters": range(2, 10)},
    ).fit(X)
    assert search.best_params_ == {"estimator__n_clusters": 5}


def test_search_with_true_labels_is_finite_only_when_wrapped():
    X, y = make_blobs(120, centers=4, random_state=0)
    wrapped = GridSearchCV(
        InductiveClusterer(SpectralClustering(random_state=0, gamma=0.1)),
        {"estimator__n_clusters": [2, 4]},
        scoring="adjusted_rand_score",
    ).fit(X, y)
    assert np.all(np.isfinite(wrapped.cv_results_["mean_test_score"]))
    assert wrapped.best_params_ == {"estimator__n_clusters": 4}

    bare = GridSearchCV(
        SpectralClustering(random_state=0, gamma=0.1),
        {"n_clusters": [2, 4]},
        scoring="adjusted_rand_score",
        refit=False,
    )
    with pytest.warns(UserWarning, match=r"Scoring failed|non-finite"):
        bare.fit(X, y)
    assert np.all(np.isnan(bare.cv_results_["mean_test_score"]))


def test_frames_keep_their_names():
    pd = pytest.importorskip("pandas")
    X, _ = make_blobs(60, random_state=0)
    frame = pd.DataFrame(X, columns=["a", "b"])
    model = InductiveClusterer(AgglomerativeClustering(3)).fit(frame)
    assert_array_equal(model.feature_names_in_, ["a", "b"])
    model.predict(frame)
    model.score(frame)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame.rename(columns={"a": "c"}))


def test_sparse_samples_are_clustered_and_not_scored():
    X, y = make_blobs(60, centers=[[0, 0], [30, 30]], random_state=0)
    model = InductiveClusterer(DBSCAN(eps=4)).fit(csr_array(X))
    assert adjusted_rand_score(y, model.predict(csr_array(X))) == 1
    with pytest.raises(ValueError, match=r"needs dense samples.*toarray"):
        model.score(X)
    with pytest.raises(TypeError, match="Sparse data was passed"):
        InductiveClusterer(AgglomerativeClustering(2)).fit(csr_array(X))


def test_parameters_of_the_parts_are_reachable():
    model = InductiveClusterer(KMeans(3), classifier=LogisticRegression())
    model.set_params(estimator__n_clusters=5, classifier__C=2.0)
    assert model.get_params()["estimator__n_clusters"] == 5
    assert model.classifier.C == 2.0


def test_fit_leaves_the_parts_unfitted():
    X, _ = make_blobs(60, random_state=0)
    model = InductiveClusterer(KMeans(3), classifier=LogisticRegression()).fit(X)
    assert not hasattr(model.estimator, "labels_")
    assert not hasattr(model.classifier, "classes_")
    assert hasattr(model.estimator_, "labels_")


@pytest.mark.parametrize("routing", [False, True])
def test_sample_weight_reaches_the_clusterer(routing):
    X = np.array([[0.0], [0.1], [9.0], [9.1]])
    weight = np.array([9.0, 9.0, 1.0, 1.0])
    with sklearn.config_context(enable_metadata_routing=routing):
        clusterer = DBSCAN(eps=0.5, min_samples=10)
        if routing:
            clusterer.set_fit_request(sample_weight=True)
        model = InductiveClusterer(clusterer).fit(X, sample_weight=weight)
    assert_array_equal(model.labels_, [0, 0, -1, -1])


def test_precomputed_affinities_are_refused():
    model = InductiveClusterer(SpectralClustering(affinity="precomputed"))
    with pytest.raises(ValueError, match=r"precomputed affinities.*of features"):
        model.fit(np.eye(9))


def test_a_fit_that_fails_leaves_the_earlier_one():
    X, _ = make_blobs(60, random_state=0)
    model = InductiveClusterer(AgglomerativeClustering(3)).fit(X)
    labels = model.labels_
    model.set_params(estimator__n_clusters=100)
    with pytest.raises(ValueError, match="100"):
        model.fit(X)
    assert model.labels_ is labels


@pytest.mark.parametrize("where", ["fit", "predict"])
def test_rows_whose_distances_overflow_are_refused(where, rng):
    """Neighbours at infinite distances are all alike."""
    X = rng.standard_normal((30, 3))
    model = InductiveClusterer(AgglomerativeClustering(2)).fit(X)
    with pytest.raises(ValueError, match="squared distance of rows is inf"):
        getattr(model, where)(X * 1e160)
