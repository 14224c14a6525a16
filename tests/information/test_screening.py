"""Screening of features: scikit-learn's values, its signatures, and its mistakes."""

import inspect

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn import feature_selection
from sklearn.feature_selection import SelectKBest
from sklearn.metrics import mutual_info_score
from sklearn.model_selection import cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from skspace.exceptions import DegenerateDataWarning, TiedValuesWarning
from skspace.information import (
    MinRedundancyMaxRelevance,
    mutual_info_classif,
    mutual_info_regression,
)
from skspace.information._mixed import mixed_terms

BOTH = {
    "mutual_info_regression": mutual_info_regression,
    "mutual_info_classif": mutual_info_classif,
}


def table(rng, n=500):
    """Features, the last two discrete; a continuous target and classes."""
    X = rng.standard_normal((n, 5))
    X[:, 3:] = rng.randint(4, size=(n, 2))
    y = X[:, 0] + X[:, 1] ** 2 + X[:, 3] + 0.5 * rng.standard_normal(n)
    return X, y, np.digitize(y, [0, 1.5])


@pytest.mark.parametrize("name", BOTH)
def test_signatures_are_those_of_scikit_learn(name):
    theirs = inspect.signature(getattr(feature_selection, name))
    assert inspect.signature(BOTH[name]) == theirs


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("k", [1, 3, 6])
def test_values_are_those_of_scikit_learn(k, name, rng):
    X, y, classes = table(rng)
    target = y if name.endswith("regression") else classes
    theirs = getattr(feature_selection, name)
    for discrete in ([False, False, False, True, True], np.array([3, 4])):
        settings = {"discrete_features": discrete, "n_neighbors": k}
        expected = theirs(X, target, random_state=0, **settings)
        found = BOTH[name](X, target, **settings)
        np.testing.assert_allclose(found, expected, atol=1e-6)
        np.testing.assert_array_equal(
            BOTH[name](X, target, n_jobs=2, **settings), found
        )


def test_sparse_features_are_discrete(rng):
    X, y, classes = table(rng, 300)
    S = sp.csr_array(np.where(X[:, 3:] > 1, X[:, 3:], 0))
    expected = [mutual_info_score(c, classes) for c in S.toarray().T]
    np.testing.assert_allclose(mutual_info_classif(S, classes), expected, atol=1e-12)
    expected = feature_selection.mutual_info_regression(S, y, random_state=0)
    np.testing.assert_allclose(mutual_info_regression(S, y), expected, atol=1e-6)
    with pytest.raises(ValueError, match="can't have continuous features"):
        mutual_info_classif(S, classes, discrete_features=False)


def test_select_k_best_takes_them(rng):
    X, y, classes = table(rng)
    mask = [False] * 3 + [True] * 2

    def score(X, y):
        return mutual_info_regression(X, y, discrete_features=mask)

    chosen = SelectKBest(score, k=3).fit(X, y).get_support(indices=True)
    assert chosen.tolist() == [0, 1, 3]
    pipeline = make_pipeline(SelectKBest(mutual_info_classif, k=2), GaussianNB())
    assert np.mean(cross_val_score(pipeline, X[:, :3], classes, cv=3)) > 0.5


def test_repeated_values_are_named_and_allowed_for(rng):
    X, y, classes = table(rng)
    X = X[:, [0, 3]]
    with pytest.warns(TiedValuesWarning, match="in 1 of 2 features"):
        found = mutual_info_regression(X, y)
    pair = [X[:, 1:] / X[:, 1].std(), y[:, None] / y.std()]
    assert found[1] == pytest.approx(np.mean(mixed_terms(pair)), abs=1e-12)
    with pytest.warns(TiedValuesWarning):
        found = mutual_info_classif(X, classes)
    assert found[1] == pytest.approx(mutual_info_score(X[:, 1], classes), abs=0.02)
    with pytest.warns(TiedValuesWarning, match="in 2 of 2"):
        mutual_info_regression(X, np.round(y))


def test_constant_features_tell_nothing(rng):
    X, y, classes = table(rng, 100)
    X[:, 1] = 3.0
    for function, target in (
        (mutual_info_regression, y),
        (mutual_info_classif, classes),
    ):
        with pytest.warns(DegenerateDataWarning, match=r"1 of 3 columns of X"):
            assert function(X[:, :3], target)[1] == 0.0


def test_data_stay_as_they_are(rng):
    X, y, _ = table(rng, 100)
    X = X[:, :3]
    before = X.copy()
    mutual_info_regression(X, y, copy=False)
    np.testing.assert_array_equal(X, before)


def test_bad_input_is_refused(rng):
    X, y, classes = table(rng, 30)
    with pytest.raises(ValueError, match="inconsistent numbers"):
        mutual_info_regression(X, y[:-1])
    with pytest.raises(ValueError, match="NaN"):
        mutual_info_classif(np.where(X > 1, np.nan, X), classes)
    with pytest.raises(ValueError, match="n_neighbors=40 needs at least 42"):
        mutual_info_regression(X, y, n_neighbors=40)
    for wrong in ([True, False], [5], [-6], [0.5], [[True] * 5]):
        with pytest.raises(ValueError, match="each of the 5 features"):
            mutual_info_regression(X, y, discrete_features=wrong)
    with pytest.raises(ValueError, match="Unknown label type"):
        mutual_info_classif(X, y)


@pytest.mark.parametrize("unit", [1e-310, 1e-200, 1e200, 1e307])
def test_units_change_nothing(unit, rng):
    X, y, classes = table(rng, 100)
    X = X[:, :3]
    exact = 1e-12 if unit > 1e-300 else 0.05  # few digits are left
    for scaled, target in ((unit * X, y), (X, unit * y)):
        np.testing.assert_allclose(
            mutual_info_regression(scaled, target),
            mutual_info_regression(X, y),
            atol=exact,
        )
    np.testing.assert_allclose(
        mutual_info_classif(unit * X, classes),
        mutual_info_classif(X, classes),
        atol=exact,
    )


def test_a_constant_target_tells_nothing(rng):
    X = table(rng, 30)[0]
    with pytest.warns(DegenerateDataWarning, match="columns of y"):
        found = mutual_info_regression(X[:, :3], np.full(30, 2.5))
    np.testing.assert_array_equal(found, 0.0)


def test_discrete_features_may_be_any_numbers(rng):
    """Neither halves nor integers beyond the digits of float64 are mistaken."""
    _, y, classes = table(rng, 60)
    kinds = rng.randint(3, size=60)
    expected = mutual_info_score(kinds, classes)
    for values in (kinds + 0.5, kinds - 7, 2**60 + kinds):
        found = mutual_info_classif(values[:, None], classes, discrete_features=True)
        np.testing.assert_allclose(found, expected)
    last = mutual_info_classif(
        np.stack([y, kinds], axis=1), classes, discrete_features=[-1]
    )
    np.testing.assert_allclose(last[1], expected)
    none = mutual_info_regression(y[:, None] ** 2, y, discrete_features=[])
    np.testing.assert_array_equal(none, mutual_info_regression(y[:, None] ** 2, y))


@pytest.mark.usefixtures("dispatch")
def test_arrays_of_other_libraries_are_copied_to_the_host(library, rng):
    X, y, classes = table(rng, 60)
    for function, target in zip(BOTH.values(), (y, classes), strict=True):
        found = function(library.asarray(X[:, :3]), library.asarray(target))
        np.testing.assert_array_equal(found, function(X[:, :3], target))
    ranks = [
        MinRedundancyMaxRelevance(2).fit(convert(X[:, :3]), convert(y)).ranking_
        for convert in (np.asarray, library.asarray)
    ]
    np.testing.assert_array_equal(*ranks)
