"""LpRegression: known special cases, equivariance, weights, bad input."""

import numpy as np
import pytest
from scipy.optimize import linprog
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV

from skspace.linear_model import LpRegression
from skspace.sampling import LpRowSampler


@pytest.fixture
def problem(rng):
    X = rng.standard_normal((80, 4)) + 5
    return X, X @ [1.0, -2.0, 0.5, 0.0] + 3 + rng.standard_t(1.5, size=80)


def test_two_is_least_squares(problem):
    X, y = problem
    ours, theirs = LpRegression(2).fit(X, y), LinearRegression().fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-9)
    assert ours.intercept_ == pytest.approx(theirs.intercept_, rel=1e-9)
    assert ours.n_iter_ == 1


def test_one_is_the_linear_program(problem):
    X, y = problem
    model = LpRegression().fit(X, y)
    A = np.column_stack([np.ones(80), X])
    found = linprog(-y, A_eq=A.T, b_eq=np.zeros(5), bounds=(-1, 1), method="highs")
    assert model.objective_ == pytest.approx(-found.fun, rel=1e-9)
    assert np.sum(np.abs(y - model.predict(X))) == pytest.approx(-found.fun, rel=1e-9)
    # A vertex passes through as many points as there are coefficients.
    assert np.sum(np.abs(y - model.predict(X)) < 1e-6) == 5


@pytest.mark.parametrize(("p", "centre"), [(1, 2.0), (2, 22.0), (32, 47.3)])
def test_constant_is_a_centre_of_the_responses(p, centre):
    """The median, the mean, and all but the middle of the range."""
    y = np.array([0.0, 1.0, 2.0, 7.0, 100.0])
    model = LpRegression(p).fit(np.zeros((5, 1)), y)
    assert model.intercept_ == pytest.approx(centre, abs=3.0 if p == 32 else 1e-8)
    assert model.coef_ == [0]
    assert model.rank_ == 1


@pytest.mark.parametrize("p", [1, 1.5, 4])
def test_coefficients_follow_units_shifts_and_trends(problem, p):
    X, y = problem
    model = LpRegression(p).fit(X, y)
    moved = LpRegression(p).fit(1e3 * X + 1e5, -2 * y + X @ [1, 1, 1, 1] + 7)
    np.testing.assert_allclose(
        moved.coef_, (-2 * model.coef_ + 1) / 1e3, rtol=1e-5, atol=1e-9
    )
    assert moved.predict(1e3 * X + 1e5) == pytest.approx(
        -2 * model.predict(X) + X.sum(axis=1) + 7, abs=1e-4
    )


@pytest.mark.parametrize("p", [1, 1.5, 4])
def test_zero_weight_equals_absence(problem, rng, p):
    X, y = problem
    weights = rng.randint(0, 3, 80) * 0.7
    spoiled = np.where((weights > 0)[:, None], X, 1e12)
    kept = weights > 0
    ours = LpRegression(p).fit(spoiled, y, weights)
    without = LpRegression(p).fit(X[kept], y[kept], weights[kept])
    np.testing.assert_array_equal(ours.coef_, without.coef_)
    assert ours.objective_ == without.objective_


@pytest.mark.parametrize("unit", [1e-300, 1e300])
def test_unit_of_the_weights_changes_the_norm_alone(problem, rng, unit):
    X, y = problem
    weights = rng.uniform(0.5, 2, 80)
    model = LpRegression(1.5).fit(X, y, weights)
    scaled = LpRegression(1.5).fit(X, y, unit * weights)
    np.testing.assert_allclose(scaled.coef_, model.coef_, rtol=1e-9)
    assert scaled.objective_ == pytest.approx(model.objective_ * unit ** (1 / 1.5))


@pytest.mark.parametrize("p", [1, 3])
def test_weights_too_small_beside_others_are_none(problem, p):
    X, y = problem
    weights = np.where(np.arange(80) < 40, 1e300, 1e-300)
    few = LpRegression(p).fit(X, y, weights)
    none = LpRegression(p).fit(X[:40], y[:40])
    np.testing.assert_allclose(few.coef_, none.coef_, rtol=1e-9)


@pytest.mark.parametrize("p", [1, 1.5, 3])
@pytest.mark.parametrize("unit", [1e-300, 1e305])
def test_units_of_the_response_scale_the_coefficients(problem, p, unit):
    X, y = problem
    y = y / np.max(np.abs(y))
    model = LpRegression(p).fit(X, y)
    with np.errstate(invalid="ignore"):  # scikit-learn's own check sums y
        scaled = LpRegression(p).fit(X, y * unit)
    np.testing.assert_allclose(scaled.coef_ / unit, model.coef_, rtol=1e-6)


@pytest.mark.parametrize("p", [1, 1.5, 3])
@pytest.mark.parametrize("constant", [0.1, 1e8 / 3, -1e-200 / 7])
def test_constant_features_belong_to_the_intercept(problem, rng, p, constant):
    X, y = problem
    weights = rng.uniform(0.5, 2, 80)
    whole = np.column_stack([X, np.full(80, constant), np.full(80, 7 * constant)])
    model = LpRegression(p).fit(whole, y, weights)
    without = LpRegression(p).fit(X, y, weights)
    assert model.rank_ == without.rank_
    np.testing.assert_allclose(model.coef_[:4], without.coef_, rtol=1e-6)
    assert not np.any(model.coef_[4:])
    np.testing.assert_allclose(model.predict(whole), without.predict(X), atol=1e-9)


def test_gross_errors_do_not_move_least_absolute_deviations(rng):
    X = rng.standard_normal((200, 3))
    y = X @ [1.0, 2.0, 3.0]
    y[:60] += 1e6 * rng.uniform(size=60)
    np.testing.assert_allclose(LpRegression().fit(X, y).coef_, [1, 2, 3], atol=1e-4)
    assert np.abs(LinearRegression().fit(X, y).coef_ - [1, 2, 3]).max() > 1e3


def test_outputs_are_fitted_each_for_itself(problem):
    X, y = problem
    Y = np.column_stack([y, np.exp(-y / 10), -y, 1e-200 * y, 1e200 * y])
    model = LpRegression(1.5).fit(X, Y)
    assert model.predict(X).shape == (80, 5)
    for k in range(5):
        one = LpRegression(1.5).fit(X, Y[:, k])
        np.testing.assert_array_equal(model.coef_[k], one.coef_)
        assert model.objective_[k] == one.objective_
        assert model.duality_gap_[k] == one.duality_gap_ <= 1e-10


@pytest.mark.parametrize("p", [1, 1.5, 3])
def test_dependent_features_share_a_coefficient(problem, p):
    X, y = problem
    double = LpRegression(p).fit(np.column_stack([X, X[:, 0]]), y)
    single = LpRegression(p).fit(X, y)
    assert double.rank_ == single.rank_ == 5
    np.testing.assert_allclose(
        double.coef_[[0, 4]], single.coef_[0] / 2, rtol=1e-4, atol=1e-7
    )


def test_more_features_than_rows_interpolate(rng):
    X, y = rng.standard_normal((5, 9)), rng.standard_normal(5)
    model = LpRegression().fit(X, y)
    np.testing.assert_allclose(model.predict(X), y, atol=1e-12)
    assert model.duality_gap_ == 0


def test_single_precision_stays(problem):
    X, y = problem
    model = LpRegression().fit(X.astype(np.float32), y)
    assert model.coef_.dtype == np.float32
    assert model.predict(X.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(model.coef_, LpRegression().fit(X, y).coef_, atol=1e-4)


def test_too_few_iterations_are_told_with_the_gap(problem):
    X, y = problem
    with pytest.warns(ConvergenceWarning, match="at max_iter=2 with change .*at most"):
        model = LpRegression(max_iter=2).fit(X, y)
    assert model.duality_gap_ > 1e-10
    best = LpRegression().fit(X, y).objective_
    assert model.objective_ * (1 - model.duality_gap_) <= best


def test_exponent_is_found_by_cross_validation(rng):
    X = rng.standard_normal((300, 3))
    y = X.sum(axis=1) + rng.standard_t(1.1, size=300)
    search = GridSearchCV(
        LpRegression(), {"p": [1, 1.5, 2, 4]}, scoring="neg_median_absolute_error"
    )
    assert search.fit(X, y).best_params_["p"] < 2


@pytest.mark.parametrize("p", [1, 1.5])
def test_fit_on_drawn_rows_is_near_the_fit_on_all(rng, p):
    """Relative error of the norm within eps, as the sample was asked for."""
    X = rng.standard_t(2.5, size=(20_000, 8))
    y = X @ np.arange(8) + 2 + rng.standard_t(1.5, size=20_000)
    best = LpRegression(p).fit(X, y).objective_
    for seed in range(3):
        sampler = LpRowSampler(p, eps=0.3, random_state=seed)
        X_s, y_s = sampler.fit_resample(X, y)
        assert len(y_s) < 2000
        model = LpRegression(p).fit(X_s, y_s, sampler.sample_weight_)
        reached = np.sum(np.abs(y - model.predict(X)) ** p) ** (1 / p)
        assert best * (1 - 1e-9) <= reached <= 1.05 * best


@pytest.mark.parametrize(
    ("parameters", "y", "weights", "message"),
    [
        ({"p": 0.5}, None, None, "range \\[1.0, 32.0\\]"),
        ({"p": np.inf}, None, None, "range \\[1.0, 32.0\\]"),
        ({"tol": 0}, None, None, "tol"),
        ({}, np.array(list("ab") * 40), None, "y must hold numbers"),
        ({}, np.r_[np.nan, np.ones(79)], None, "NaN"),
        ({}, np.ones(79), None, "inconsistent numbers of samples"),
        ({}, None, -np.ones(80), "Negative values in sample_weight"),
        ({}, None, np.zeros(80), "at least one non-zero"),
        ({}, None, np.ones(3), "shape \\(80,\\)"),
    ],
)
def test_bad_input_is_named(problem, parameters, y, weights, message):
    X, good = problem
    with pytest.raises(ValueError, match=message):
        LpRegression(**parameters).fit(X, good if y is None else y, weights)


def test_what_float32_cannot_hold_is_refused(problem):
    X, y = problem
    small = (1e-30 * X).astype(np.float32)
    with pytest.raises(ValueError, match="beyond the range of float32"):
        LpRegression().fit(small, 1e20 * y)
    model = LpRegression().fit(1e-30 * X, 1e20 * y)
    with pytest.raises(ValueError, match="predict leads beyond the range of float32"):
        model.predict(small)


def test_a_norm_that_numbers_cannot_hold_is_refused(problem):
    X, y = problem
    with pytest.raises(ValueError, match="norm of the residuals, are beyond the range"):
        LpRegression().fit(X, y * 1e300, np.full(80, 1e100))


def test_long_doubles_beyond_the_range_are_refused(problem):
    X, _ = problem
    largest = np.finfo(np.longdouble).max
    if largest == np.finfo(np.float64).max:
        pytest.skip("long double is double here")
    with pytest.raises(ValueError, match="range of float64"):
        LpRegression().fit(X, np.full(80, largest))
