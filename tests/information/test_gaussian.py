"""Gaussian information: closed forms, exact bias, null, invariance, refusals."""

import math

import numpy as np
import pytest
from scipy.special import digamma
from scipy.stats import chi2, kstest

from skspace.information import GaussianCopulaMutualInfo, GaussianMutualInfo
from skspace.information._canonical_pairs import (
    canonical_pairs,
    corrected_information,
    gaussian_bias,
    gaussian_information,
    independence_p_value,
    kurtosis_p_value,
    n_significant_pairs,
)
from skspace.information._gaussian import shrunken_information

QUICK = {"confidence_level": None}


def normal_pairs(rng, n, correlations, dx, dy):
    """Normal samples with these canonical correlations, truth -½ Σ log(1 - ρ²)."""
    X, Y = rng.standard_normal((n, dx)), rng.standard_normal((n, dy))
    r = np.asarray(correlations)
    k = len(r)
    Y[:, :k] = r * X[:, :k] + np.sqrt(1 - r**2) * Y[:, :k]
    return X, Y, -0.5 * float(np.sum(np.log(1 - r**2)))


def test_canonical_correlations_solve_the_eigenvalue_problem(library, rng):
    X, Y, _ = normal_pairs(rng, 80, [0.8, 0.3], 3, 4)
    pairs = canonical_pairs(library.asarray(X), library.asarray(Y))
    C = np.cov(X.T, Y.T)
    A, B, D = C[:3, :3], C[:3, 3:], C[3:, 3:]
    M = np.linalg.solve(A, B) @ np.linalg.solve(D, B.T)
    squares = np.sort(np.linalg.eigvals(M).real)[::-1]
    correlations = library.to_numpy(pairs.correlations)
    np.testing.assert_allclose(correlations**2, squares, atol=1e-12)
    u, v = library.to_numpy(pairs.x), library.to_numpy(pairs.y)
    np.testing.assert_allclose(u.T @ u / 80, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(u.T @ v / 80, np.diag(correlations), atol=1e-12)


def test_information_equals_the_log_determinants(library, rng):
    X, Y, _ = normal_pairs(rng, 50, [0.9], 2, 2)
    pairs = canonical_pairs(library.asarray(X), library.asarray(Y))
    C = np.cov(X.T, Y.T)
    logdet = [np.linalg.slogdet(M)[1] for M in (C[:2, :2], C[2:, 2:], C)]
    expected = (logdet[0] + logdet[1] - logdet[2]) / 2
    np.testing.assert_allclose(
        gaussian_information(pairs.correlations), expected, rtol=1e-10
    )


def test_dependent_columns_change_nothing(rng):
    X, Y, _ = normal_pairs(rng, 60, [0.7], 2, 2)
    twice = np.concatenate([X, X @ [[1.0], [2.0]]], axis=1)
    assert canonical_pairs(twice, Y).rank_x == 2
    a, b = (GaussianMutualInfo(**QUICK).fit(Z, Y).mi_ for Z in (X, twice))
    np.testing.assert_allclose(a, b, rtol=1e-10)


def test_invertible_linear_maps_change_nothing(rng):
    X, Y, _ = normal_pairs(rng, 100, [0.7, 0.4], 3, 2)
    moved = X @ rng.standard_normal((3, 3)) + 5
    a, b = (GaussianMutualInfo(**QUICK).fit(Z, Y).raw_ for Z in (X, moved))
    np.testing.assert_allclose(a, b, rtol=1e-9)


def test_increasing_maps_of_columns_change_no_copula(rng):
    X, Y, _ = normal_pairs(rng, 100, [0.7, 0.4], 3, 2)
    estimator = GaussianCopulaMutualInfo(**QUICK)
    a = estimator.fit(X, Y).raw_
    assert estimator.fit(np.exp(X), Y**3).raw_ == a


def test_bias_is_removed_exactly(rng):
    """The plug-in is 40 % too high here; the corrected mean is the truth."""
    values, plug_in = [], []
    for _ in range(1500):
        X, Y, truth = normal_pairs(rng, 60, [0.6, 0.6], 4, 5)
        value, bias = corrected_information(canonical_pairs(X, Y))
        values.append(value)
        plug_in.append(value + bias)
    error = 3 * np.std(values) / math.sqrt(len(values))
    assert truth == pytest.approx(0.4463, abs=1e-4)
    assert np.mean(values) == pytest.approx(truth, abs=error)
    assert np.mean(plug_in) > truth + 0.15


@pytest.mark.parametrize(("n", "dx", "dy"), [(4, 1, 1), (9, 2, 3), (12, 4, 1)])
def test_bias_is_that_of_independent_normal_samples(n, dx, dy):
    """Wilks: there, Π (1 - ρ²) is a product of independent beta variables."""
    i = np.arange(1, dx + 1)
    logarithms = digamma((n - dy - i) / 2) - digamma((n - i) / 2)
    assert gaussian_bias(n, dx, dy) == pytest.approx(-np.sum(logarithms) / 2)


def test_bias_is_that_of_its_leading_order():
    assert gaussian_bias(10**6, 3, 4) == pytest.approx(12 / (2 * 10**6), rel=1e-4)


def test_null_distribution_is_uniform(rng):
    p = [
        independence_p_value(canonical_pairs(*normal_pairs(rng, 80, [], 3, 2)[:2]))
        for _ in range(400)
    ]
    assert kstest(p, "uniform").pvalue > 0.01


@pytest.mark.parametrize("first", [0, 1])
def test_p_value_is_that_of_bartlett(first, rng):
    """17 - 1 - (3 + 2 + 1) / 2 = 13 times what is left, of (3 - i) (2 - i) degrees."""
    pairs = canonical_pairs(rng.standard_normal((17, 3)), rng.standard_normal((17, 2)))
    rest = -13 * np.sum(np.log(1 - pairs.correlations[first:] ** 2))
    expected = chi2.sf(rest, (3 - first) * (2 - first))
    assert independence_p_value(pairs, first) == pytest.approx(expected)


def test_as_many_pairs_are_significant_as_there_are(rng):
    X, Y, _ = normal_pairs(rng, 1000, [0.8, 0.5], 6, 7)
    assert n_significant_pairs(canonical_pairs(X, Y)) == 2
    assert (
        n_significant_pairs(canonical_pairs(*normal_pairs(rng, 1000, [], 6, 7)[:2]))
        == 0
    )


def test_kurtosis_of_normal_rows_is_no_evidence(library, rng):
    p = [
        kurtosis_p_value(library.asarray(rng.standard_normal((500, 3))))
        for _ in range(60)
    ]
    assert 0.2 < np.mean(np.asarray(p) < 0.5) < 0.8
    heavy = rng.standard_t(3, size=(500, 3))
    assert kurtosis_p_value(library.asarray(heavy)) < 1e-6


def test_kurtosis_equals_the_sum_over_rows(rng):
    Z = rng.standard_normal((40, 2))
    centred = Z - Z.mean(0)
    S = np.linalg.inv(centred.T @ centred / 40)
    b = np.mean([(z @ S @ z) ** 2 for z in centred])
    z = (b - 8 * 39 / 41) / math.sqrt(64 / 40)
    assert kurtosis_p_value(Z) == pytest.approx(math.erfc(abs(z) / math.sqrt(2)))


def test_dependence_without_normality_is_flagged(rng):
    x = rng.standard_normal(1000)
    y = x * rng.choice([-1, 1], size=1000) + 0.1 * rng.standard_normal(1000)
    model = GaussianCopulaMutualInfo(**QUICK).fit(x[:, None], y)
    assert "not_gaussian" in model.flags_
    assert not model.reliable_


def test_interval_covers_the_truth(rng):
    hits = 0
    for seed in range(40):
        X, Y, truth = normal_pairs(rng, 400, [0.7, 0.5], 2, 3)
        ci = GaussianMutualInfo(random_state=seed).fit(X, Y).ci_
        hits += ci.low <= truth <= ci.high
    assert hits >= 34  # 95 % of 40 are 38, and 34 has a probability below 2 %


def test_deterministic_relation_is_flagged_and_finite(rng):
    X = rng.standard_normal((100, 2))
    model = GaussianMutualInfo(**QUICK).fit(X, X @ [1.0, 2.0])
    assert model.flags_ == ("unbounded",)
    assert 10 < model.mi_ < 20


@pytest.mark.parametrize("n", [6, 7])
def test_columns_as_many_as_samples_are_refused_with_the_remedy(rng, n):
    X, Y = rng.standard_normal((n, 3)), rng.standard_normal((n, 3))
    with pytest.raises(ValueError, match="shrinkage='auto'"):
        GaussianMutualInfo(**QUICK).fit(X, Y)
    assert GaussianMutualInfo(shrinkage="auto", **QUICK).fit(X, Y).mi_ >= 0


def test_shrinkage_moves_from_the_plug_in_to_zero(rng):
    X, Y, _ = normal_pairs(rng, 200, [0.7, 0.5], 2, 3)
    plug_in = gaussian_information(canonical_pairs(X, Y).correlations)
    values = [shrunken_information(X, Y, s)[0] for s in (1e-12, 0.3, 0.8, 1.0)]
    np.testing.assert_allclose(values[0], plug_in, rtol=1e-6)
    assert values[0] > values[1] > values[2] > values[3] - 1e-12
    assert values[3] == pytest.approx(0, abs=1e-12)
    assert 0 < shrunken_information(X, Y, "auto")[1] < 0.2


def test_shrunken_information_is_that_of_the_determinants(rng):
    X, Y, _ = normal_pairs(rng, 50, [0.7], 2, 2)
    C = 0.7 * np.corrcoef(X.T, Y.T) + 0.3 * np.eye(4)
    logdet = [np.linalg.slogdet(M)[1] for M in (C[:2, :2], C[2:, 2:], C)]
    expected = (logdet[0] + logdet[1] - logdet[2]) / 2
    found = shrunken_information(X, Y, 0.3)
    assert found == (pytest.approx(expected), 0.3, False)


def test_a_shrinkage_of_nothing_is_finite_and_flagged():
    """Of two values in equal numbers, Ledoit and Wolf find nothing to shrink."""
    x = np.repeat([-1.0, 1.0], 50)[:, None]
    model = GaussianMutualInfo(shrinkage="auto", n_permutations=19, random_state=0)
    model.fit(np.concatenate([x, -x], axis=1), x)
    assert 10 < model.mi_ < 20
    assert "unbounded" in model.flags_
    assert np.isfinite(model.se_)
    assert model.p_value_ == 0.05


@pytest.mark.parametrize("shrinkage", [None, 0.1, "auto"])
@pytest.mark.parametrize("unit", [1e-300, 1e-160, 1e160, 1e307])
def test_units_of_a_column_change_nothing(shrinkage, unit, rng):
    X, Y, _ = normal_pairs(rng, 300, [0.7, 0.5], 2, 3)
    model = GaussianMutualInfo(shrinkage=shrinkage, random_state=0)
    first = model.fit(X, Y).result_
    other = model.fit(X * np.array([unit, 1]), unit * Y).result_
    assert other.raw == pytest.approx(first.raw, rel=1e-9)
    assert other.ci == pytest.approx(first.ci, rel=1e-9)


@pytest.mark.parametrize("estimator", [GaussianMutualInfo, GaussianCopulaMutualInfo])
def test_permutations_that_give_the_same_table_are_ties(estimator):
    """Rounding depends on the order of the rows; what is counted must not."""
    x = np.repeat([0.0, 1.0], 10)
    y = np.roll(x, 5)  # exactly no association: every permutation does as well
    model = estimator(n_permutations=99, random_state=0, **QUICK)
    assert model.fit(x[:, None], y).p_value_ == 1.0
    y = np.roll(x, 1)
    p = model.fit(x[:, None], y).p_value_
    rng = np.random.RandomState(1)
    odds = np.array([abs(x @ rng.permutation(y) - 5) for _ in range(4000)])
    assert p == pytest.approx(np.mean(odds >= abs(x @ y - 5)), abs=0.04)
