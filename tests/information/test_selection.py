"""Minimal redundancy, maximal relevance: against a loop, and what it is for."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_iris
from sklearn.feature_selection import SelectKBest
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline

from skspace.exceptions import DegenerateDataWarning, TiedValuesWarning
from skspace.information import (
    MinRedundancyMaxRelevance,
    mutual_info_classif,
    mutual_info_regression,
)
from skspace.information import _selection as module


def by_definition(relevance, shared, n_features, scheme):
    """Greedy search that looks at every pair, written to be read."""
    chosen, scores = [], {}
    while len(chosen) < n_features:
        scores = {}
        for j in range(len(relevance)):
            if j in chosen:
                continue
            scores[j] = relevance[j]
            if chosen:
                mean = np.mean([shared[j, i] for i in chosen])
                if scheme == "difference":
                    scores[j] = relevance[j] - mean
                else:
                    scores[j] = relevance[j] / max(mean, 1e-3)
        chosen.append(max(scores, key=scores.get))
    return chosen


@pytest.mark.parametrize("scheme", ["difference", "quotient"])
def test_choice_is_that_of_the_definition(rng, scheme):
    relevance = rng.uniform(size=9)
    shared = rng.uniform(size=(9, 9)) * (rng.uniform(size=(9, 9)) > 0.3)
    shared += shared.T
    for n_features in (1, 4, 9):
        order, scores, redundancy = module.select(
            relevance, lambda left, j: shared[left, j], n_features, scheme
        )
        expected = by_definition(relevance, shared, n_features, scheme)
        assert_array_equal(order, expected)
        rest = np.setdiff1d(np.arange(9), order)
        against = order[:-1]
        if len(against):
            assert_allclose(
                redundancy[rest], shared[np.ix_(rest, against)].mean(axis=1)
            )
        assert scores[order[0]] == relevance[order[0]]


def table(rng, n=400):
    """Three signals of falling strength, a copy of the first, and noise."""
    a, b, c, e, noise = rng.standard_normal((5, n))
    X = np.stack([noise, a, a + 0.2 * e, b, c], axis=1)
    return X, 2 * a + 1.5 * b + 0.8 * c


@pytest.mark.parametrize("scheme", ["difference", "quotient"])
def test_a_copy_is_left_out(rng, scheme):
    X, y = table(rng)
    best = SelectKBest(mutual_info_regression, k=2).fit(X, y).get_support()
    assert_array_equal(best, [False, True, True, False, False])
    selector = MinRedundancyMaxRelevance(2, scheme=scheme).fit(X, y)
    assert_array_equal(selector.get_support(), [False, True, False, True, False])
    assert_array_equal(selector.ranking_[[1, 3]], [1, 2])


def test_attributes_are_what_they_are_said_to_be(rng):
    X, y = table(rng)
    selector = MinRedundancyMaxRelevance(3).fit(X, y)
    assert_allclose(selector.relevance_, mutual_info_regression(X, y))
    shared = np.stack([mutual_info_regression(X, x) for x in X.T])
    order = np.argsort(selector.ranking_)
    assert_array_equal(
        order[:3], by_definition(selector.relevance_, shared, 3, "difference")
    )
    for place, j in enumerate(order):
        others = order[: min(place, 2)]
        expected = shared[others, j].mean() if len(others) else 0.0
        assert selector.redundancy_[j] == pytest.approx(expected, abs=1e-12)
        assert selector.scores_[j] == pytest.approx(
            selector.relevance_[j] - expected, abs=1e-12
        )
    assert np.all(np.diff(selector.scores_[order[3:]]) <= 0)
    assert_array_equal(np.flatnonzero(selector.support_), np.sort(order[:3]))
    assert selector.n_features_ == 3
    assert selector.transform(X).shape == (400, 3)


def test_information_among_features_is_taken_only_as_needed(rng, monkeypatch):
    widths = []
    original = mutual_info_regression

    def counted(X, y, **settings):
        widths.append(X.shape[1])
        return original(X, y, **settings)

    monkeypatch.setattr(module, "mutual_info_regression", counted)
    X, y = table(rng, 50)
    MinRedundancyMaxRelevance(3).fit(X, y)
    assert widths == [5, 4, 3]
    widths.clear()
    MinRedundancyMaxRelevance(1).fit(X, y)
    assert widths == [5]


def test_classes_are_recognised():
    X, y = load_iris(return_X_y=True)
    names = np.array(["a", "b", "c"])[y]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TiedValuesWarning)
        selectors = [
            MinRedundancyMaxRelevance(2, target_type=kind).fit(X, target)
            for kind, target in (("auto", y), ("discrete", y), ("auto", names))
        ]
        expected = mutual_info_classif(X, y)
        continuous = MinRedundancyMaxRelevance(target_type="continuous").fit(X, y)
    for selector in selectors:
        assert selector.target_type_ == "discrete"
        assert_allclose(selector.relevance_, expected)
    assert continuous.target_type_ == "continuous"
    assert np.any(continuous.relevance_ != expected)


@pytest.mark.parametrize("discrete", [[1], [False, True, False], np.array([1])])
def test_discrete_features_are_named(rng, discrete):
    x, e, y = rng.standard_normal((3, 200))
    X = np.stack([x, np.round(x) / 2, e], axis=1)
    y = y + x
    selector = MinRedundancyMaxRelevance(2, discrete_features=discrete).fit(X, y)
    expected = mutual_info_regression(X, y, discrete_features=[1])
    assert_allclose(selector.relevance_, expected)
    everything = MinRedundancyMaxRelevance(discrete_features=True).fit(np.round(X), y)
    assert_allclose(
        everything.relevance_,
        mutual_info_regression(np.round(X), y, discrete_features=True),
    )


@pytest.mark.parametrize(
    ("wanted", "kept"), [(None, 2), (1, 1), (5, 5), (0.6, 3), (0.01, 1)]
)
def test_number_of_features(rng, wanted, kept):
    X, y = table(rng, 40)
    selector = MinRedundancyMaxRelevance(wanted).fit(X, y)
    assert selector.n_features_ == kept == selector.get_support().sum()


def test_constant_features_come_last(rng):
    X, y = table(rng, 60)
    X = np.concatenate([np.ones((60, 1)), X, np.zeros((60, 1))], axis=1)
    with pytest.warns(DegenerateDataWarning):
        selector = MinRedundancyMaxRelevance(7).fit(X, y)
    assert selector.relevance_[0] == selector.relevance_[-1] == 0
    assert selector.redundancy_[0] == selector.redundancy_[-1] == 0
    assert np.all(np.isfinite(selector.scores_))
    assert_array_equal(np.sort(selector.ranking_), np.arange(1, 8))


def test_ties_are_named_once(rng):
    X, y = table(rng, 100)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        MinRedundancyMaxRelevance(4).fit(np.round(X), y)
    assert [w.category for w in caught] == [TiedValuesWarning]


def test_number_of_jobs_plays_no_part(rng):
    X, y = table(rng, 80)
    one, two = (MinRedundancyMaxRelevance(3, n_jobs=j).fit(X, y) for j in (1, 2))
    assert_array_equal(one.scores_, two.scores_)


def test_serves_in_a_pipeline(rng):
    X, y = table(rng, 120)
    model = make_pipeline(MinRedundancyMaxRelevance(), KNeighborsRegressor())
    search = GridSearchCV(
        model, {"minredundancymaxrelevance__n_features_to_select": [1, 3]}, cv=3
    ).fit(X, y)
    best = search.best_estimator_[0]
    assert best.n_features_to_select == 3
    names = best.get_feature_names_out(list("nacbd"))
    assert_array_equal(names, np.array(list("nacbd"))[best.get_support()])


@pytest.mark.parametrize(
    ("settings", "y", "message"),
    [
        ({"n_features_to_select": 6}, None, "at most the number of features, 5"),
        ({"n_features_to_select": 0}, None, "n_features_to_select"),
        ({"scheme": "ratio"}, None, "'scheme'"),
        ({"discrete_features": [True]}, None, "each of the 5 features"),
        ({"discrete_features": [5]}, None, "indices below 5"),
        ({"target_type": "continuous"}, ["a", "b"] * 20, "must be numeric"),
        ({}, np.zeros((40, 2)), "1d array"),
    ],
)
def test_bad_input_is_named(rng, settings, y, message):
    X, target = table(rng, 40)
    with pytest.raises(ValueError, match=message):
        MinRedundancyMaxRelevance(**settings).fit(X, target if y is None else y)
