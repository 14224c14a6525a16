"""Rank rules: their formulas, what they find, and what they refuse."""

import numpy as np
import pytest
from scipy.stats import chi2

from skspace._rank import Spectrum, choose_rank
from skspace.decomposition import (
    DirectionalRegression,
    PrincipalHessianDirections,
    SlicedInverseRegression,
)
from skspace.exceptions import DegenerateDataWarning


def spectrum(values, *, rank=6, most=5, n=200, n_slices=6, first_order=True):
    return Spectrum(np.array(values), rank, most, n, n_slices, first_order)


SIX = [0.7, 0.4, 0.05, 0.03, 0.02, 0.0]


def two_directions(n=1500, p=6, seed=0):
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n, p))
    return X, X[:, 0] + 0.7 * X[:, 1] ** 2 + 0.2 * rng.standard_normal(n)


def test_none_keeps_all_and_an_int_itself():
    assert choose_rank(None, spectrum(SIX)) == (5, None)
    assert choose_rank(3, spectrum(SIX)) == (3, None)


def test_share_is_the_fewest_that_reach_it():
    total = 1.2
    for d, share in enumerate(np.cumsum([0.7, 0.4, 0.05]) / total, start=1):
        assert choose_rank(float(share), spectrum(SIX))[0] == d
        assert choose_rank(float(share) + 1e-6, spectrum(SIX))[0] == d + 1


def test_gap_is_the_largest_drop():
    d, evidence = choose_rank("gap", spectrum(SIX))
    assert d == 2
    np.testing.assert_allclose(evidence.criterion, -np.diff(SIX))


def test_chi2_equals_the_formula():
    d, evidence = choose_rank("chi2", spectrum(SIX))
    for k in range(5):
        statistic = 200 * sum(SIX[j] for j in range(k, 5))
        p_value = chi2.sf(statistic, (6 - k) * (6 - k - 1))
        np.testing.assert_allclose(evidence.criterion[k], p_value)
    assert d == next(k for k in range(5) if evidence.criterion[k] > 0.05) == 2


@pytest.mark.parametrize("first_order", [True, False])
def test_bic_equals_the_formula(first_order):
    n, r = 40_000, 6
    d, evidence = choose_rank("bic", spectrum(SIX, n=n, first_order=first_order))
    unit = np.log(n) if first_order else np.sqrt(n)
    tau = sum(v > 0 for v in SIX)
    for k in range(6):
        left = sum(np.log(1 + SIX[j]) + 1 - (1 + SIX[j]) for j in range(min(tau, k), r))
        expected = n / 2 * left - unit * k * (2 * r - k + 1) / 2
        np.testing.assert_allclose(evidence.criterion[k], expected)
    assert d == max(1, np.argmax(evidence.criterion))


def test_ladle_equals_the_formula(rng):
    draws = [np.linalg.qr(rng.standard_normal((5, 5)))[0] for _ in range(100)]
    _, evidence = choose_rank("ladle", spectrum(SIX), bootstrap=lambda k: draws)
    moved = np.array(
        [0.0]
        + [
            np.mean([1 - abs(np.linalg.det(Q[:k, :k])) for Q in draws])
            for k in range(1, 6)
        ]
    )
    expected = moved / (1 + moved.sum()) + np.array(SIX) / (1 + np.sum(SIX))
    np.testing.assert_allclose(evidence.criterion, expected)


@pytest.mark.parametrize("rule", ["bic", "ladle"])
def test_directional_regression_finds_two(rule):
    X, y = two_directions()
    model = DirectionalRegression(rule, random_state=0).fit(X, y)
    assert model.n_components_ == 2
    assert model.rank_evidence_.rule == rule
    assert model.rank_evidence_.n_components == 2


@pytest.mark.parametrize("rule", ["gap", "chi2", "bic", "ladle"])
def test_sir_finds_one(rule, rng):
    X = rng.standard_normal((800, 6))
    y = np.exp(X[:, 0]) + 0.2 * rng.standard_normal(800)
    model = SlicedInverseRegression(rule, random_state=0).fit(X, y)
    assert model.n_components_ == 1


def test_chi2_level_holds_where_nothing_depends():
    """Under independence the first test rejects in about one run of twenty."""
    p_values = []
    for seed in range(200):
        rng = np.random.RandomState(seed)
        X, y = rng.standard_normal((300, 4)), rng.standard_normal(300)
        found = SlicedInverseRegression("gap", n_slices=6).fit(X, y)
        values = found.eigenvalues_[:4]
        p_values.append(chi2.sf(300 * values.sum(), 4 * 5))
    assert 0.01 <= np.mean(np.array(p_values) < 0.05) <= 0.1


def test_no_dependence_keeps_one_with_a_warning(rng):
    X, y = rng.standard_normal((300, 4)), rng.standard_normal(300)
    with pytest.warns(DegenerateDataWarning, match="finds no direction"):
        model = SlicedInverseRegression("bic").fit(X, y)
    assert model.n_components_ == 1
    assert model.rank_evidence_.n_components == 0


def test_ladle_draws_are_fixed_by_the_seed():
    X, y = two_directions(300)
    a, b = (
        PrincipalHessianDirections("ladle", random_state=3).fit(X, y).rank_evidence_
        for _ in range(2)
    )
    np.testing.assert_array_equal(a.criterion, b.criterion)


def test_rules_without_rows_or_theory_are_refused(rng):
    X, y = two_directions(100)
    with pytest.raises(ValueError, match="resamples rows"):
        DirectionalRegression("ladle").partial_fit(X, y)
    with pytest.raises(ValueError, match="chi2"):
        DirectionalRegression("chi2").fit(X, y)


def test_evidence_of_an_earlier_fit_is_gone():
    X, y = two_directions(200)
    model = DirectionalRegression("gap").fit(X, y)
    assert hasattr(model, "rank_evidence_")
    assert not hasattr(model.set_params(n_components=2).fit(X, y), "rank_evidence_")


def test_one_feature_leaves_the_ladle_nothing_to_choose(rng):
    """No warning that there is no direction, and no fits to see it move."""
    X = rng.standard_normal((60, 1))
    model = SlicedInverseRegression("ladle").fit(X, X[:, 0])
    assert model.n_components_ == model.rank_evidence_.n_components == 1
