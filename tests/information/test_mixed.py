"""The estimator for mixed variables against its definition and its limits."""

import math

import numpy as np
import oracles
import pytest
from scipy.special import digamma
from sklearn.metrics import mutual_info_score

from skspace.information._ksg import ksg
from skspace.information._mixed import mixed_terms


def samples(rng, n):
    x, y = rng.standard_normal((2, n, 1))
    yield [x, y]
    yield [np.round(x), np.round(x + y)]
    yield [np.maximum(x, 0), np.maximum(x + y, 0)]
    yield [np.round(x), x + y, np.round(3 * y)]


def test_terms_are_those_of_the_authors(rng):
    for V in samples(rng, 50):
        n, m, k = 50, len(V), 3
        groups = [[v] for v in range(m)]
        _, counts, piles = oracles.neighbor_counts(V, k, groups, "mixed", "chebyshev")
        expected = [
            digamma(pile) + (m - 1) * math.log(n) - sum(digamma(c + 1) for c in row)
            for pile, row in zip(piles, counts, strict=True)
        ]
        np.testing.assert_allclose(mixed_terms(V, k), expected, atol=1e-12)


def test_without_ties_it_is_kraskovs_but_for_a_constant(rng):
    x, y = rng.standard_normal((2, 300, 1))
    shift = math.log(300) - digamma(300)
    found = np.mean(mixed_terms([x, x + y], 4))
    assert found == pytest.approx(ksg(x, x + y, 4) + shift, abs=1e-12)


@pytest.mark.parametrize("metric", ["chebyshev", "euclidean"])
def test_discrete_variables_tend_to_the_plug_in_estimate(metric, rng):
    x = rng.randint(3, size=3000)
    y = (x + (rng.rand(3000) < 0.3)) % 3
    found = np.mean(mixed_terms([x[:, None], y[:, None]], 5, metric=metric))
    assert found == pytest.approx(mutual_info_score(x, y), abs=3e-3)


def test_half_discrete_half_continuous_pair(rng):
    """X and Y equal with probability 1/2, else independent, on four values and more."""
    n = 4000
    x = np.where(rng.rand(n) < 0.5, rng.randint(2, size=n), rng.uniform(2, 3, n))
    y = x.copy()
    y[x < 2] = (x[x < 2] + (rng.rand(np.sum(x < 2)) < 0.2)) % 2
    continuous = x >= 2
    y[continuous] = rng.uniform(2, 3, np.sum(continuous))
    # which half is log 2; within the discrete half a binary symmetric channel
    flip = -0.2 * math.log(0.2) - 0.8 * math.log(0.8)
    truth = math.log(2) + 0.5 * (math.log(2) - flip)
    found = np.mean(mixed_terms([x[:, None], y[:, None]], 3))
    assert found == pytest.approx(truth, abs=0.03)
