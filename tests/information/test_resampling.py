"""Permutations and subsamples: what they count and pool, and that jobs play no part."""

import numpy as np
import pytest
from scipy.stats import kstest

from skspace.information._resampling import (
    confidence_radius,
    cut,
    permutation_p_value,
    pooled_variance,
    subsample,
)


def covariance(X, Y, rng):
    return float(np.mean(X * Y))


def test_p_value_counts_values_not_below_the_observed_one():
    def statistic(X, Y, rng):
        return float(rng.randint(1000))

    values = [
        np.random.RandomState(seed)
        for seed in np.random.RandomState(3).randint(2**31 - 1, size=20)
    ]
    drawn = []
    for own in values:
        own.permutation(5)
        drawn.append(own.randint(1000))
    X = np.zeros((5, 1))
    p = permutation_p_value(
        statistic, X, X, sorted(drawn)[-3], 20, np.random.RandomState(3)
    )
    assert p == 4 / 21


@pytest.mark.parametrize("observed", [np.inf, -np.inf])
def test_extreme_values_have_extreme_p_values(rng, observed):
    X = rng.standard_normal((10, 1))
    p = permutation_p_value(covariance, X, X, observed, 19, rng)
    assert p == (0.05 if observed > 0 else 1.0)


@pytest.mark.parametrize("observed", [0.0, 0.3, -2e6])
def test_rounding_makes_no_value_lower(observed, rng):
    def jitter(X, Y, own):
        return observed * (1 - 1e-14) - 1e-13

    X = rng.standard_normal((8, 1))
    assert permutation_p_value(jitter, X, X, observed, 19, rng) == 1.0


def test_p_values_are_uniform_under_independence(rng):
    p = []
    for _ in range(200):
        X, Y = rng.standard_normal((2, 20, 1))
        found = permutation_p_value(covariance, X, Y, covariance(X, Y, None), 19, rng)
        p.append(found - rng.uniform() / 20)  # anywhere within its step
    assert kstest(p, "uniform").pvalue > 0.01


@pytest.mark.parametrize("n_jobs", [2, -1])
def test_results_do_not_depend_on_jobs(rng, n_jobs):
    X, Y = rng.standard_normal((2, 60, 1))

    def noisy(X, Y, own):
        return covariance(X, Y, own) + own.standard_normal()

    def run(jobs):
        own = np.random.RandomState(0)
        p = permutation_p_value(noisy, X, Y, 0.1, 30, own, jobs)
        sample = subsample(noisy, X, Y, 0.1, [2, 3], own, jobs)
        return p, sample.values

    (p, values), (q, others) = run(None), run(n_jobs)
    assert p == q
    assert np.array_equal(values, others)


def test_chunks_of_a_level_are_disjoint_and_cover_all_rows(rng):
    levels, tasks = cut(23, [2, 5], rng)
    assert levels.tolist() == [2, 2, 5, 5, 5, 5, 5]
    for m in (2, 5):
        rows = [
            rows for level, (rows, _) in zip(levels, tasks, strict=True) if level == m
        ]
        assert sorted(np.concatenate(rows)) == list(range(23))
        assert max(map(len, rows)) - min(map(len, rows)) <= 1


def test_variance_pools_levels_by_their_numbers():
    levels, values = np.array([1, 2, 2, 3, 3, 3]), np.array([9.0, 0, 2, 1, 2, 6])
    variance, degrees = pooled_variance(levels, values, 30)
    b2, b3 = 30 * 2 / 2, 30 * 7 / 3  # n s² / m
    assert degrees == 2  # levels share their rows
    assert variance == pytest.approx((b2 + 2 * b3) / 3 / 30)


def test_variance_of_a_mean_is_its_own(rng):
    """For a mean the truth is known: var(x) / n."""
    found = []
    for _ in range(30):
        X = rng.standard_normal((500, 1)) * 2
        sample = subsample(lambda X, Y, r: X.mean(), X, X, X.mean(), range(2, 11), rng)
        found.append(sample.variance)
    assert np.mean(found) == pytest.approx(4 / 500, rel=0.2)


def test_radius_is_that_of_student():
    assert confidence_radius(1.0, np.inf, 0.95) == pytest.approx(1.959964)
    assert confidence_radius(2.0, 1, 0.5) == pytest.approx(2.0)
