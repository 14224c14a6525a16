"""DecoupledRidge: what it penalises, what it leaves alone, what it reports."""

import numpy as np
import oracles
import pytest
import scipy.sparse as sp
from sklearn.linear_model import LinearRegression, Ridge

from skspace.datasets import fetch_ill_conditioned
from skspace.linear_model import DecoupledRidge, PreconditionedRegression

GROUPS = [[0, 1, 2], [3, 4, 5]]


def confounded(rng, n=80, gap=0.01, noise=1.0):
    """Column 3 nearly is column 0; the others are free."""
    X = rng.standard_normal((n, 6)) * [1, 10, 1, 5, 1, 0.1] + 3
    X[:, 3] = 5 * (X[:, 0] + gap * rng.standard_normal(n))
    return X, X @ [1, 0.1, 1, 0.2, 1, 10] + 4 + noise * rng.standard_normal(n)


def both(model):
    return np.r_[model.coef_, model.intercept_]


def by_definition(X, y, weights, groups, kappa, threshold, prior, alpha=0.0):
    """The minimiser, by forming every matrix the definition names."""
    w = np.ones(len(X)) if weights is None else weights
    mean, y_mean = w @ X / w.sum(), w @ y / w.sum()
    C = X - mean
    length = np.sqrt(w @ C**2)
    Z = np.sqrt(w)[:, None] * C / length
    H = Z.T @ Z + np.diag(alpha / length**2)
    penalty = np.zeros_like(H)
    for group in groups:
        S = np.linalg.inv(np.linalg.inv(H)[np.ix_(group, group)])
        values, vectors = np.linalg.eigh(S)
        for value, v in zip(values, vectors.T, strict=True):
            if values[-1] / value > threshold:
                raised = max(values[-1] / kappa, value)
                penalty[np.ix_(group, group)] += (raised - value) * np.outer(v, v)
    right = Z.T @ (np.sqrt(w) * (y - y_mean)) + penalty @ (length * prior)
    coef = np.linalg.solve(H + penalty, right) / length
    freedom = np.trace(np.linalg.solve(H + penalty, Z.T @ Z)) + 1
    return coef, y_mean - mean @ coef, freedom


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kappa", [1.0, 30.0, 1000.0])
@pytest.mark.parametrize("alpha", [0.0, 2.0])
def test_solution_is_the_minimiser_of_the_definition(kappa, weighted, alpha, rng):
    X, y = confounded(rng)
    weights = rng.uniform(0.5, 2, size=len(X)) if weighted else None
    prior = rng.standard_normal(6)
    model = DecoupledRidge(
        GROUPS, kappa_target=kappa, coef_prior=prior, alpha=alpha
    ).fit(X, y, weights)
    coef, intercept, freedom = by_definition(
        X, y, weights, GROUPS, kappa, 10, prior, alpha
    )
    np.testing.assert_allclose(both(model), np.r_[coef, intercept], rtol=1e-7)
    np.testing.assert_allclose(model.degrees_of_freedom_, freedom, rtol=1e-7)


def test_without_weak_directions_it_is_least_squares_with_every_digit(rng):
    X, y = rng.standard_normal((40, 4)), rng.standard_normal(40)
    model = DecoupledRidge([0, 0, 1, 1]).fit(X, y)
    truth = oracles.exact_least_squares(np.c_[X, np.ones(40)], y)[:, 0]
    np.testing.assert_allclose(both(model), truth, rtol=4e-16)
    assert model.kappa_target_ == np.inf
    assert model.report_.directions == ()
    assert "well determined" in str(model.report_)
    np.testing.assert_allclose(model.degrees_of_freedom_, 5)


def test_strong_directions_keep_their_least_squares_values(rng):
    """Large coefficients beside a weak pair: ridge shrinks them, this does not."""
    X, y = confounded(rng, noise=0.1)
    y = y + 100 * X[:, 2]
    plain = LinearRegression(tol=1e-12).fit(X, y)
    model = DecoupledRidge(GROUPS, kappa_target=10.0).fit(X, y)
    free = [1, 2, 4, 5]
    np.testing.assert_allclose(model.coef_[free], plain.coef_[free], rtol=0.05)
    # the same penalty in the same units, on all directions
    length = np.linalg.norm(X - X.mean(axis=0), axis=0)
    ridge = Ridge(alpha=model.report_.directions[0].penalty).fit(X / length, y)
    assert abs(model.coef_[2] - 101) < 0.1 * abs(ridge.coef_[2] / length[2] - 101)
    # what was open is shared by the pair; their sum is known
    assert abs(model.coef_[0] + 5 * model.coef_[3] - 2) < 0.2


def test_report_names_the_confounded_columns(rng):
    import pandas as pd

    X, y = confounded(rng)
    X = pd.DataFrame(X, columns=list("abcdef"))
    model = DecoupledRidge([["a", "b", "c"], ["d", "e", "f"]]).fit(X, y)
    one, two = model.report_.directions
    assert {(one.features, one.imitated_by), (two.features, two.imitated_by)} == {
        (("a",), ("d",)),
        (("d",), ("a",)),
    }
    assert one.ratio > 1000
    assert "a is hardly told apart from d" in str(model.report_)
    # the combination it gives is nearly zero, columns centred and at unit length
    Z = X.to_numpy() - X.to_numpy().mean(axis=0)
    Z /= np.linalg.norm(Z, axis=0)
    assert np.linalg.norm(Z @ one.loadings) < 0.02
    np.testing.assert_allclose(np.sum(one.loadings[GROUPS[one.group]] ** 2), 1)


def test_standard_deviations_are_those_of_the_coefficients(rng):
    X, _ = confounded(rng)
    Z = X - X.mean(axis=0)
    length = np.linalg.norm(Z, axis=0)
    y = rng.standard_normal(len(X))
    model = DecoupledRidge(GROUPS).fit(X, y)
    rss = np.sum((y - LinearRegression(tol=1e-12).fit(X, y).predict(X)) ** 2)
    covariance = np.linalg.inv(Z.T @ Z) * rss / (len(X) - 7)
    for one in model.report_.directions:
        v = np.zeros(6)
        v[GROUPS[one.group]] = one.loadings[GROUPS[one.group]]
        expected = np.sqrt((v * length) @ covariance @ (v * length))
        np.testing.assert_allclose(one.std, expected, rtol=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("criterion", ["gcv", "loo"])
def test_scores_are_cross_validation_errors(criterion, weighted, rng):
    X, y = confounded(rng, n=25)
    weights = rng.randint(1, 3, size=25) if weighted else np.ones(25, int)
    model = DecoupledRidge(GROUPS, kappa_target=criterion).fit(X, y, weights)
    report = model.report_
    assert report.scores.argmin() == np.searchsorted(
        report.kappa_grid, min(model.kappa_target_, report.kappa_grid[-1])
    )
    X, y = X.repeat(weights, axis=0), y.repeat(weights)
    A, n = np.c_[X, np.ones(len(X))], len(X)
    for at in (0, 20):
        kappa = report.kappa_grid[at]
        fixed = DecoupledRidge(GROUPS, kappa_target=kappa).fit(X, y)
        # penalties as they are on all rows: the hat matrix from unit responses
        hat = np.stack(
            [
                DecoupledRidge(GROUPS, kappa_target=kappa).fit(X, e).predict(X)
                for e in np.eye(n)
            ],
            axis=1,
        )
        assert A.shape[1] == 7
        residual = y - fixed.predict(X)
        if criterion == "gcv":
            expected = n * np.sum(residual**2) / (n - np.trace(hat)) ** 2
        else:
            expected = np.mean((residual / (1 - np.diag(hat))) ** 2)
        np.testing.assert_allclose(report.scores[at], expected, rtol=1e-8)


def test_units_of_columns_do_not_matter(rng):
    X, y = confounded(rng)
    scale = np.array([1e-9, 1, 1e7, 3, 0.1, 1e100])
    one = DecoupledRidge(GROUPS).fit(X, y)
    two = DecoupledRidge(GROUPS).fit(X * scale, y)
    np.testing.assert_allclose(two.coef_ * scale, one.coef_, rtol=1e-8)
    np.testing.assert_allclose(two.kappa_target_, one.kappa_target_, rtol=1e-8)


@pytest.mark.parametrize("criterion", ["gcv", "loo"])
@pytest.mark.parametrize("unit", [1e-300, 1e-160, 1e160, 1e300])
def test_units_of_the_response_change_the_coefficients_alone(criterion, unit, rng):
    X = rng.standard_normal((60, 4))
    X[:, 3] = X[:, 0] + 0.03 * X[:, 3]
    y = X @ [1.0, 2.0, 3.0, 1.0] + rng.standard_normal(60)
    settings = {"kappa_target": criterion, "degeneracy_threshold": 1.5}
    prior = np.ones(4)
    model = DecoupledRidge(coef_prior=prior, **settings).fit(X, y)
    scaled = DecoupledRidge(coef_prior=prior * unit, **settings).fit(X, y * unit)
    assert 1 < model.kappa_target_ < np.inf
    assert scaled.kappa_target_ == pytest.approx(model.kappa_target_, rel=1e-9)
    np.testing.assert_allclose(scaled.coef_ / unit, model.coef_, rtol=1e-9)
    for one, other in zip(
        scaled.report_.directions, model.report_.directions, strict=True
    ):
        assert one.std / unit == pytest.approx(other.std, rel=1e-9)


@pytest.mark.parametrize("criterion", ["gcv", "loo"])
def test_weights_of_any_size_choose_a_penalty(criterion, rng):
    X = rng.standard_normal((60, 4))
    X[:, 3] = X[:, 0] + 0.03 * X[:, 3]
    y = X @ [1.0, 2.0, 3.0, 1.0] + rng.standard_normal(60)
    settings = {"kappa_target": criterion, "degeneracy_threshold": 1.5}
    many = DecoupledRidge(**settings).fit(X, y, np.full(60, 1e12))
    most = DecoupledRidge(**settings).fit(X, y, np.full(60, 1e300))
    assert most.kappa_target_ == pytest.approx(many.kappa_target_, rel=1e-9)
    np.testing.assert_allclose(most.coef_, many.coef_, rtol=1e-9)


def test_arithmetic_that_leaves_the_range_is_refused_in_words(rng):
    X, y = 1e300 * rng.standard_normal((30, 4)), rng.standard_normal(30)
    with pytest.raises(ValueError, match="could not be computed with"):
        DecoupledRidge().fit(X, y, np.full(30, 1e300))
    X = np.abs(X[:, :1]) / 1e300
    with pytest.raises(ValueError, match="could not be computed with"):
        DecoupledRidge(kappa_target="loo").fit(X, 1e-100 * y, np.full(30, 5e-324))


def test_weights_equal_repetition_and_zero_absence(rng):
    X, y = confounded(rng)
    weights = rng.randint(0, 3, size=len(X))
    for criterion in ("gcv", "loo"):
        model = DecoupledRidge(GROUPS, kappa_target=criterion)
        one = both(model.fit(X, y, weights))
        two = both(model.fit(X.repeat(weights, axis=0), y.repeat(weights)))
        np.testing.assert_allclose(one, two, rtol=1e-9)


def test_sparse_and_several_responses(rng):
    X, y = confounded(rng)
    Y = np.c_[y, rng.standard_normal(len(X))]
    for criterion in ("gcv", "loo"):
        model = DecoupledRidge(GROUPS, kappa_target=criterion)
        dense = model.fit(X, Y).coef_
        sparse = model.fit(sp.csc_matrix(X), Y).coef_
        np.testing.assert_allclose(sparse, dense, rtol=1e-10)
    fixed = DecoupledRidge(GROUPS, kappa_target=50.0)
    coef = fixed.fit(X, Y).coef_
    for k in range(2):
        np.testing.assert_allclose(coef[k], fixed.fit(X, Y[:, k]).coef_, rtol=1e-12)


def test_prior_is_kept_where_nothing_is_known(rng):
    X, y = rng.standard_normal((30, 3)), rng.standard_normal(30)
    X[:, 2] = 5.0  # no evidence beside the constant
    prior = np.array([0.0, 0.0, 2.5])
    model = DecoupledRidge(coef_prior=prior).fit(X, y)
    np.testing.assert_allclose(model.coef_[2], 2.5)
    assert model.report_.directions[0].features == ("x2",)
    assert model.report_.directions[0].std == np.inf


@pytest.mark.parametrize("criterion", ["gcv", "loo"])
def test_prior_is_a_shift_of_the_coefficients(criterion, rng):
    X = rng.standard_normal((60, 4))
    X[:, 3] = X[:, 0] + 0.03 * X[:, 3]
    y = X @ [1.0, 2.0, 3.0, 1.0] + rng.standard_normal(60)
    prior = np.array([5.0, -3.0, 2.0, -4.0])
    settings = {"kappa_target": criterion, "degeneracy_threshold": 1.5}
    model = DecoupledRidge(coef_prior=prior, **settings).fit(X, y)
    shifted = DecoupledRidge(**settings).fit(X, y - X @ prior)
    np.testing.assert_allclose(model.report_.scores, shifted.report_.scores, rtol=1e-9)
    np.testing.assert_allclose(model.coef_, shifted.coef_ + prior, rtol=1e-9)


def test_grid_ends_without_penalty(rng):
    X = rng.standard_normal((60, 4))
    X[:, 3] = X[:, 0] + 0.03 * X[:, 3]
    report = DecoupledRidge().fit(X, X @ np.ones(4)).report_
    assert report.kappa_grid[0] == 1
    assert report.kappa_grid[-1] == pytest.approx(report.directions[0].ratio)


def test_fewer_samples_than_columns_in_one_group(rng):
    X = rng.standard_normal((12, 20))
    y = X[:, 0] + 0.1 * rng.standard_normal(12)
    model = DecoupledRidge().fit(X, y)
    assert np.all(np.isfinite(model.coef_))
    assert 1 < model.degrees_of_freedom_ <= 12


def test_groups_that_cannot_be_told_apart_demand_a_ridge(rng):
    X, y = confounded(rng, gap=0.0)
    with pytest.raises(ValueError, match=r"(x0, x3|x3, x0)\].*alpha > 0"):
        DecoupledRidge(GROUPS).fit(X, y)
    model = DecoupledRidge(GROUPS, alpha=1e-3, kappa_target=20.0).fit(X, y)
    coef, *_ = by_definition(X, y, None, GROUPS, 20.0, 10, np.zeros(6), 1e-3)
    np.testing.assert_allclose(model.coef_, coef, rtol=1e-5)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([[0, 1], [1, 2, 3, 4, 5]], "overlap"),
        ([[0, 1], [3, 4, 5]], "miss columns"),
        ([[0, 1, 2], [3, 4, 5, 6]], "columns 0 to 6"),
        ([[0, 1, 2], ["x3", "x4", "z"]], "'z'"),
        ([[0, 1, 2], []], r"groups\[1\]"),
        (["x0", "x1"], "labels for 6"),
        ([0, 1, 1], "3 labels for 6"),
    ],
)
def test_groups_must_hold_every_column_once(groups, message, rng):
    X, y = confounded(rng)
    with pytest.raises(ValueError, match=message):
        DecoupledRidge(groups).fit(X, y)


def test_groups_as_labels_positions_and_names_agree(rng):
    X, y = confounded(rng)
    ways = ([7, 7, 7, 2, 2, 2], [[3, 4, 5], [0, 1, 2]], np.array([1, 1, 1, 0, 0, 0]))
    coefs = [DecoupledRidge(groups).fit(X, y).coef_ for groups in ways]
    for coef in coefs[1:]:
        np.testing.assert_allclose(coef, coefs[0], rtol=1e-12)


@pytest.mark.parametrize("prior", [np.zeros(5), [np.nan] * 6, np.zeros((3, 6))])
def test_priors_must_fit(prior, rng):
    X, y = confounded(rng)
    with pytest.raises(ValueError, match="coef_prior"):
        DecoupledRidge(coef_prior=prior).fit(X, y)


def test_two_block_problem(data_folder):
    """Its two couplings are found; without a penalty all digits are."""
    data = fetch_ill_conditioned("two_block")
    model = DecoupledRidge(data.groups, fit_intercept=False).fit(data.data, data.target)
    found = {
        frozenset(one.features) for one in model.report_.directions if one.group == 0
    }
    assert found == {frozenset({"x1", "x4"}), frozenset({"x0", "x2", "x3"})}
    plain = PreconditionedRegression(fit_intercept=False).fit(data.data, data.target)
    free = DecoupledRidge(
        data.groups, fit_intercept=False, degeneracy_threshold=1e15
    ).fit(data.data, data.target)
    np.testing.assert_allclose(free.coef_, plain.coef_, rtol=4e-16)


def test_sentences_say_what_kind_of_weakness_it_is(rng):
    X = rng.standard_normal((50, 3))
    X[:, 2] = X[:, 0] + X[:, 1] + 1e-3 * X[:, 2]
    model = DecoupledRidge().fit(X, X[:, 0])
    assert "a combination of x2, " in str(model.report_)
    assert "hardly varies (ratio" in str(model.report_)
    X[:, 2] = 1.0
    assert "x2 hardly varies beside" in str(DecoupledRidge().fit(X, X[:, 0]).report_)
