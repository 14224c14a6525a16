"""Rows paired as a critic has it: their distribution, and what is unexplained."""

import itertools
import math

import numpy as np
import pytest

from skspace.information._critic_check import rearrange, unexplained_information
from skspace.information._critics import GaussianRatio
from skspace.information._ksg import ksg


def test_pairings_have_the_probability_of_their_scores(rng):
    S = rng.standard_normal((4, 4))
    orders = list(itertools.permutations(range(4)))
    weights = np.exp([S[range(4), order].sum() for order in orders])
    counts = dict.fromkeys(orders, 0)
    partners = np.arange(4)
    for _ in range(6000):
        partners = rearrange(S, partners, rng, 3)
        counts[tuple(partners)] += 1
    share = weights / weights.sum()
    found = np.array([counts[order] for order in orders]) / 6000
    # neighbouring draws are alike: twice the deviation of independent ones, at most
    assert np.all(np.abs(found - share) < 8 * np.sqrt(share / 6000))


@pytest.mark.parametrize("n", [1, 2, 7])
def test_every_row_keeps_one_partner(rng, n):
    start = rng.permutation(n)
    before = start.copy()
    found = rearrange(rng.standard_normal((n, n)), start, rng, 5)
    assert sorted(found) == list(range(n))
    np.testing.assert_array_equal(start, before)


def test_terms_of_one_side_alone_play_no_part(rng):
    S = rng.standard_normal((30, 30))
    more = S + rng.standard_normal((30, 1)) + rng.standard_normal(30)
    a, b = (
        rearrange(scores, np.arange(30), np.random.RandomState(0), 50)
        for scores in (S, more)
    )
    np.testing.assert_array_equal(a, b)


def normal_pairs(rng, n, d, rho):
    x, e = rng.standard_normal((2, n, d))
    return x, rho * x + math.sqrt(1 - rho**2) * e


def true_scores(x, y, rho):
    """Log density ratio of independent normal pairs."""
    d, eye = x.shape[1], np.eye(x.shape[1])
    zero, same = np.zeros(d), np.full(d, rho)
    a, b = GaussianRatio(zero, eye, zero, eye, same).features(x, y)
    return a @ b.T


@pytest.mark.parametrize("d", [1, 6])
def test_the_true_ratio_explains_what_neighbours_see(rng, d):
    """Also in columns in which they are half blind."""
    z = []
    for _ in range(8):
        x, y = normal_pairs(rng, 300, d, 0.7)
        excess, deviation = unexplained_information(true_scores(x, y, 0.7), x, y)
        z.append(excess / deviation)
    assert abs(np.mean(z)) < 4 / math.sqrt(8)
    assert np.max(np.abs(z)) < 4


@pytest.mark.parametrize("n_known", [0, 1])
def test_columns_that_a_ratio_does_not_know_are_unexplained(rng, n_known):
    x, y = normal_pairs(rng, 400, 3, 0.7)
    scores = true_scores(x[:, :n_known], y[:, :n_known], 0.7)
    excess, deviation = unexplained_information(scores, x, y)
    assert excess > 6 * deviation
    if not n_known:  # pairings at random have no information
        assert excess == pytest.approx(ksg(x, y), abs=3 * deviation)


def test_the_answer_is_always_the_same(rng):
    x, y = normal_pairs(rng, 100, 2, 0.5)
    a, b = (unexplained_information(np.zeros((100, 100)), x, y) for _ in range(2))
    assert a == b
