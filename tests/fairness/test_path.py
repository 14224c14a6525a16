"""Levels by cross-validation: what is measured at each, and who beats whom."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from skspace.fairness import FairSDR, fairness_utility_path
from skspace.fairness._path import pareto_optimal
from skspace.metrics import demographic_parity_difference


def data(n=600, seed=0):
    rng = np.random.RandomState(seed)
    X, z = rng.standard_normal((n, 6)), rng.randint(0, 4, n)
    for group in (1, 2, 3):
        X[z == group, group - 1] += group
    score = X[:, 0] + X[:, 1] - X[:, 4] + rng.standard_normal(n)
    return X, score, z


PIPE = make_pipeline(StandardScaler(), FairSDR(2), LogisticRegression())


def test_it_is_cross_validation_at_each_level():
    X, score, z = data()
    y = score > 0
    cv = StratifiedKFold(3)
    path = fairness_utility_path(PIPE, X, y, z, cv=cv)
    np.testing.assert_array_equal(path.k, [0, 1, 2, 3])
    for k in range(4):
        for fold, (train, test) in enumerate(cv.split(X, y)):
            pipe = PIPE.set_params(fairsdr__n_shared=k)
            pipe.fit(X[train], y[train], fairsdr__sensitive_features=z[train])
            predicted = pipe.predict(X[test])
            assert path.utility[fold, k] == np.mean(predicted == y[test])
            assert path.gap[fold, k] == demographic_parity_difference(
                y[test], predicted, sensitive_features=z[test]
            )
    PIPE.set_params(fairsdr__n_shared=0)
    np.testing.assert_allclose(path.utility_mean, path.utility.mean(axis=0))
    assert np.all(np.diff(path.explained_sensitive) >= 0)
    assert np.all(np.diff(path.dcor_mean) > 0)
    assert path.gap_mean[0] < path.gap_mean[-1]


def test_lists_are_arrays():
    X, score, z = data(n=200)
    y = (score > 0).astype(int)
    arrays = fairness_utility_path(PIPE, X, y, z, cv=2)
    lists = fairness_utility_path(PIPE, X.tolist(), y.tolist(), z.tolist(), cv=2)
    np.testing.assert_array_equal(lists.utility, arrays.utility)
    np.testing.assert_array_equal(lists.dcor_mean, arrays.dcor_mean)


def test_prices_of_directions_add_up():
    X, score, z = data()
    pipe = make_pipeline(FairSDR(2), LinearRegression())
    path = fairness_utility_path(pipe, X, score, z, cv=KFold(3), fairness=_no_gap)
    ends = fairness_utility_path(
        pipe, X, score, z, cv=KFold(3), ks=[0, 3], fairness=_no_gap
    )
    assert path.delta_utility.shape == (3,)
    assert path.delta_utility.sum() == pytest.approx(ends.delta_utility[0])
    errors = fairness_utility_path(
        pipe,
        X,
        score,
        z,
        cv=KFold(3),
        scoring="neg_mean_squared_error",
        fairness=_no_gap,
    )
    np.testing.assert_allclose(path.delta_utility, np.diff(errors.utility_mean))
    assert errors.scoring == "neg_mean_squared_error"
    assert errors.fairness == "_no_gap"


def _no_gap(y_true, y_pred, *, sensitive_features):
    return 0.0


def test_squared_error_of_two_classes_is_that_of_their_probability():
    X, score, z = data()
    y = np.array(["no", "yes"])[(score > 0) * 1]
    path = fairness_utility_path(PIPE, X, y, z, cv=3, fairness=_no_gap)
    brier = fairness_utility_path(
        PIPE, X, score > 0, z, cv=3, scoring="neg_brier_score"
    )
    np.testing.assert_allclose(path.delta_utility, np.diff(brier.utility_mean))


def test_levels_between_are_interpolations_for_penalised_models():
    X, score, z = data()
    pipe = make_pipeline(FairSDR(2), Ridge(100.0))
    options = {"cv": KFold(3), "ks": [0, 0.2, 0.6, 1]}
    path = fairness_utility_path(pipe, X, score, z, **options)
    assert path.interpolated.tolist() == [False, True, True, False]
    assert np.all(np.diff(path.utility_mean) > 0)
    plain = make_pipeline(FairSDR(2), LinearRegression())
    path = fairness_utility_path(plain, X, score, z, **options)
    np.testing.assert_allclose(path.utility_mean[1:], path.utility_mean[-1])


def test_the_attribute_may_be_a_column():
    pd = pytest.importorskip("pandas")
    X, score, z = data()
    frame = pd.DataFrame(X).rename(columns=str).assign(group=z)
    pipe = make_pipeline(FairSDR(2, sensitive_columns="group"), LogisticRegression())
    inside = fairness_utility_path(pipe, frame, score > 0, cv=3)
    outside = fairness_utility_path(
        make_pipeline(FairSDR(2), LogisticRegression()), X, score > 0, z, cv=3
    )
    np.testing.assert_allclose(inside.gap, outside.gap)
    np.testing.assert_allclose(inside.dcor_mean, outside.dcor_mean)


def test_features_and_models_without_probabilities():
    X, score, z = data()
    pipe = make_pipeline(FairSDR(2, output="features"), StandardScaler(), LinearSVC())
    path = fairness_utility_path(pipe, X, score > 0, z, cv=3, fairness="equalized_odds")
    assert path.utility.shape == (3, 4)
    with pytest.raises(ValueError, match="output='scores'"):
        fairness_utility_path(pipe, X, score > 0, z, cv=3, ks=[0.5])


def test_pareto_marks_what_nothing_beats():
    utility = np.array([0.5, 0.6, 0.55, 0.9, 0.9])
    gap = np.array([0.0, 0.1, 0.2, 0.3, 0.4])
    assert pareto_optimal(utility, gap).tolist() == [True, True, False, True, False]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"estimator": LogisticRegression()}, "must be a Pipeline with a FairSDR"),
        ({"estimator": make_pipeline(StandardScaler(), FairSDR())}, "the steps Standa"),
        ({"ks": [1, 0]}, "rising levels"),
        ({"ks": [0, np.nan]}, "rising levels"),
        ({"ks": [0, 9]}, "between 0 and the 3 shared"),
        (
            {"estimator": make_pipeline(FairSDR(), StandardScaler())},
            "followed by a predictor",
        ),
        ({"fairness": "happiness"}, "'fairness' parameter"),
        ({"sensitive_features": None}, "needs a sensitive attribute"),
    ],
)
def test_what_is_refused(change, message):
    X, score, z = data(200)
    given = {
        "estimator": PIPE,
        "X": X,
        "y": score > 0,
        "sensitive_features": z,
        "cv": 2,
        **change,
    }
    with pytest.raises(ValueError, match=message):
        fairness_utility_path(**given)
