"""Prediction strength and the scorer that maximises what it confirms."""

import math
import pickle
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joblib import parallel_config
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, clone
from sklearn.cluster import DBSCAN, AgglomerativeClustering, KMeans, SpectralClustering
from sklearn.datasets import make_blobs
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    RepeatedKFold,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skspace._sklearn import InvalidParameterError
from skspace.cluster import LeastSquaresSubspaceClustering
from skspace.datasets import make_union_of_subspaces
from skspace.model_selection import (
    InductiveClusterer,
    PredictionStrengthScorer,
    prediction_strength,
)
from skspace.model_selection._prediction_strength import (
    Comparison,
    compare_labels,
    confirmed_information,
)

HALVES = RepeatedKFold(n_splits=2, n_repeats=2, random_state=0)

labellings = st.integers(1, 12).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(-1, 3), min_size=n, max_size=n),
        st.lists(st.integers(-1, 3), min_size=n, max_size=n),
    )
)


def blobs(n_clusters, *, n_samples=40, seed=0, spread=1.0):
    """Round clusters on a circle of radius 20: separated by many widths."""
    angles = 2 * np.pi * np.arange(n_clusters) / n_clusters
    centers = 20 * np.column_stack([np.cos(angles), np.sin(angles)])
    return make_blobs(
        n_samples * n_clusters, centers=centers, cluster_std=spread, random_state=seed
    )


def strength_over_pairs(labels, predicted):
    """Tibshirani and Walther's definition, pair by pair."""
    strengths = []
    for cluster in set(labels) - {-1}:
        members = [
            p for label, p in zip(labels, predicted, strict=True) if label == cluster
        ]
        pairs = list(combinations(members, 2))
        together = [a == b != -1 for a, b in pairs]
        strengths.append(sum(together) / len(pairs) if pairs else 0.0)
    return min(strengths, default=0.0)


class NoPredict(BaseEstimator):
    """The least a clusterer may be: fit and labels_."""

    def fit(self, X, y=None):
        self.labels_ = (np.asarray(X)[:, 0] > 0).astype(int)
        return self


# ---------------------------------------------------------------- the comparison


@given(labellings)
def test_strength_equals_its_definition_over_pairs(both):
    assert compare_labels(*both).strength == pytest.approx(strength_over_pairs(*both))


@given(labellings, st.permutations(range(4)), st.permutations(range(4)))
def test_permuting_labels_changes_nothing(both, first, second):
    renamed = [
        [-1 if label == -1 else names[label] for label in labels]
        for labels, names in zip(both, (first, second), strict=True)
    ]
    assert compare_labels(*renamed) == pytest.approx(compare_labels(*both))


@given(labellings)
def test_chance_is_the_share_of_all_pairs_put_together(both):
    predicted = [p for label, p in zip(*both, strict=True) if label != -1]
    pairs = list(combinations(predicted, 2))
    share = sum(a == b != -1 for a, b in pairs) / max(len(pairs), 1)
    assert compare_labels(*both).chance == pytest.approx(share)


@given(labellings)
def test_score_is_finite_and_within_its_range(both):
    found = compare_labels(*both)
    assert 0 <= found.strength <= 1
    assert 0 <= confirmed_information(found, 0.8) <= math.log(4)


def test_cluster_of_one_sample_is_not_confirmed():
    assert compare_labels([0, 0, 1], [0, 0, 1]).strength == 0


def test_held_out_noise_is_left_out_and_lowers_coverage():
    found = compare_labels([0, 0, 1, 1, -1, -1], [0, 0, 1, 1, 0, 1])
    assert found == (1, pytest.approx(1 / 3), pytest.approx(2 / 3), 2, 2)


def test_predicted_noise_is_together_with_nobody():
    assert compare_labels([0, 0], [-1, -1]).strength == 0


@pytest.mark.parametrize("n_clusters", [2, 3, 10])
def test_confirmed_clusters_carry_log_k_nats(n_clusters):
    labels = np.repeat(np.arange(n_clusters), 5)
    score = confirmed_information(compare_labels(labels, labels), 0.8)
    assert score == pytest.approx(math.log(n_clusters))


def test_merging_two_clusters_loses_information_though_strength_stays_one():
    labels = np.repeat(np.arange(4), 10)
    merged = np.minimum(labels, 2)
    found = compare_labels(merged, merged)
    assert found.strength == 1
    assert confirmed_information(found, 0.8) < math.log(4)


def test_halving_a_cluster_at_random_loses_information():
    labels = np.repeat(np.arange(4), 20)
    one, other = labels.copy(), labels.copy()
    one[:10] = 4  # two independent halvings of cluster 0
    other[:20:2] = 4
    assert confirmed_information(compare_labels(one, other), 0.8) < math.log(4)


def test_one_cluster_equals_two_equal_ones_at_the_threshold():
    threshold = 0.9
    single = Comparison(1.0, 1.0, 1.0, 1, 1)
    double = Comparison(threshold, 0.5, 1.0, 2, 2)
    assert confirmed_information(single, threshold) == pytest.approx(
        confirmed_information(double, threshold)
    )


def test_disagreement_about_a_second_cluster_confirms_nothing():
    assert confirmed_information(compare_labels([0, 0, 1, 1], [0, 0, 0, 0]), 0.8) == 0
    assert confirmed_information(compare_labels([0, 0, 0, 0], [0, 0, 1, 1]), 0.8) == 0


# ---------------------------------------------------------------- prediction_strength


@pytest.mark.parametrize(
    "estimator",
    [
        KMeans(3, n_init=3),
        AgglomerativeClustering(3),
        SpectralClustering(3, gamma=0.1),
        make_pipeline(StandardScaler(), KMeans(3, n_init=3)),
        make_pipeline(StandardScaler(), AgglomerativeClustering(3)),
    ],
    ids=lambda e: type(e).__name__,
)
def test_separated_clusters_have_strength_one(estimator):
    X, _ = blobs(3)
    before = repr(estimator)
    result = prediction_strength(estimator, X, random_state=0)
    assert result.mean == float(result) == 1
    assert result.std == 0
    assert result.splits.shape == (10,)
    assert repr(estimator) == before
    assert not hasattr(estimator, "labels_")


def test_least_clusterer_is_wrapped():
    X, _ = blobs(2)
    assert prediction_strength(NoPredict(), X, random_state=0).mean == 1


def test_too_many_clusters_are_not_confirmed():
    X, _ = blobs(3)
    assert prediction_strength(KMeans(6, n_init=3), X, random_state=0).mean < 0.7


def test_result_depends_on_the_seed_alone_and_not_on_n_jobs():
    X, _ = blobs(3)
    with parallel_config("threading"):  # processes: test_jobs_do_not_change_scores
        alone, together = (
            prediction_strength(KMeans(5, n_init=1), X, cv=3, n_jobs=n, random_state=1)
            for n in (1, 2)
        )
    assert_array_equal(alone.splits, together.splits)
    other = prediction_strength(KMeans(5, n_init=1), X, cv=3, random_state=2)
    assert np.any(other.splits != alone.splits)


def test_integer_cv_shuffles_sorted_rows():
    X, y = blobs(3)
    X = X[np.argsort(y)]
    assert prediction_strength(KMeans(3, n_init=3), X, cv=3, random_state=0).mean == 1
    unshuffled = prediction_strength(
        KMeans(3, n_init=3), X, cv=KFold(3), random_state=0
    )
    assert unshuffled.mean < 1


def test_errors_of_the_clusterer_surface():
    X, _ = blobs(2, n_samples=4)
    with pytest.raises(ValueError, match="n_samples=4 should be >= n_clusters=5"):
        prediction_strength(KMeans(5, n_init=1), X, random_state=0)
    with pytest.raises(ValueError, match=r"precomputed affinities.*features instead"):
        prediction_strength(SpectralClustering(affinity="precomputed"), X @ X.T)
    with pytest.raises(ValueError, match=r"got StandardScaler.*pass a clusterer"):
        prediction_strength(StandardScaler(), X)


# ---------------------------------------------------------------- the scorer


@pytest.mark.parametrize("n_clusters", [1, 2, 3, 6])
def test_search_finds_the_number_of_blobs(n_clusters):
    X, _ = blobs(n_clusters)
    search = GridSearchCV(
        KMeans(n_init=3, random_state=0),
        {"n_clusters": range(1, 9)},
        scoring=PredictionStrengthScorer(),
        cv=HALVES,
    ).fit(X)
    assert search.best_params_ == {"n_clusters": n_clusters}


def test_one_normal_cloud_is_one_cluster(rng):
    search = GridSearchCV(
        KMeans(n_init=3, random_state=0),
        {"n_clusters": range(1, 7)},
        scoring=PredictionStrengthScorer(),
        cv=HALVES,
    ).fit(rng.standard_normal((200, 10)))
    assert search.best_params_ == {"n_clusters": 1}


# Asked for fewer clusters than the graph has parts, the clusterer says so.
@pytest.mark.filterwarnings("ignore:The affinity graph has")
@pytest.mark.parametrize("noise", [0.01, 0.1, 0.2])
def test_search_finds_the_number_of_subspaces(noise):
    search = GridSearchCV(
        LeastSquaresSubspaceClustering(n_init=2, random_state=0),
        {"n_clusters": range(3, 8)},
        scoring=PredictionStrengthScorer(),
        cv=KFold(2, shuffle=True, random_state=0),
        error_score="raise",
    ).fit(make_union_of_subspaces(500, noise=noise, random_state=0)[0])
    assert search.best_params_ == {"n_clusters": 5}


def test_search_over_another_parameter_in_a_pipeline():
    X, _ = blobs(4)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), InductiveClusterer(DBSCAN())),
        {"inductiveclusterer__estimator__eps": [1e-3, 0.3, 100.0]},
        scoring=PredictionStrengthScorer(),
        cv=HALVES,
        error_score="raise",
    ).fit(X)
    assert search.best_params_ == {"inductiveclusterer__estimator__eps": 0.3}
    assert np.all(np.isfinite(search.cv_results_["mean_test_score"]))


def test_clone_of_the_scorer_is_seeded():
    X, _ = blobs(3)
    fitted = KMeans(5, n_init=1, init="random").fit(X)
    scorer = PredictionStrengthScorer(criterion="strength", random_state=3)
    assert len({scorer(fitted, X) for _ in range(5)}) == 1


def test_jobs_do_not_change_scores():
    X, _ = blobs(3)
    one, two = (
        cross_val_score(
            KMeans(5, n_init=1, random_state=0),
            X,
            scoring=PredictionStrengthScorer(),
            cv=HALVES,
            n_jobs=n_jobs,
        )
        for n_jobs in (1, 2)
    )
    assert_array_equal(one, two)


def test_scorer_pickles_clones_and_compares():
    scorer = PredictionStrengthScorer(threshold=0.9, random_state=None)
    assert pickle.loads(pickle.dumps(scorer)) == clone(scorer) == scorer
    assert "threshold=0.9" in repr(scorer)
    search = clone(GridSearchCV(KMeans(), {}, scoring=scorer))
    assert search.scoring == scorer


@pytest.mark.parametrize(
    "parameters",
    [{"threshold": 0.3}, {"criterion": "stability"}, {"random_state": 1.5}],
    ids=str,
)
def test_bad_parameters_are_refused(parameters):
    (name,) = parameters
    with pytest.raises(InvalidParameterError, match=f"'{name}' parameter of Predict"):
        PredictionStrengthScorer(**parameters)


def test_clusterer_without_predict_is_refused_with_the_remedy():
    X, _ = blobs(2)
    with pytest.raises(ValueError, match=r"Agglomer.*search over InductiveClusterer"):
        PredictionStrengthScorer()(AgglomerativeClustering(2).fit(X), X)
