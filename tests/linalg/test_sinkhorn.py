"""Sinkhorn: its defining equations, limits, invariances, and gradients."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import central_differences, relative_error

from skspace.linalg import sinkhorn
from skspace.linalg._sinkhorn import (
    eta_of_perplexity,
    mean_perplexity,
    symmetric_sinkhorn,
)
from skspace.linalg._sinkhorn_gradient import sinkhorn_gradient


def similarities(rng, n=12, d=5):
    """Magnitudes of inner products of unit rows, as the method makes them."""
    C = rng.standard_normal((n, d))
    C /= np.linalg.norm(C, axis=1, keepdims=True)
    return np.abs(C @ C.T)


def slow_log_domain(S, eta, n_iter=5000):
    """Rows and columns in turn, as it is written."""
    f, g = np.zeros(len(S)), np.zeros(len(S))
    for _ in range(n_iter):
        f = -eta * np.logaddexp.reduce((S + g) / eta, axis=1)
        g = -eta * np.logaddexp.reduce((S.T + f) / eta, axis=1)
    return np.exp((S + f[:, None] + g) / eta)


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("eta", [0.1, 0.3, 2.0])
def test_it_is_the_fixed_point_of_the_log_domain(library, eta, symmetric, rng):
    S = similarities(rng) if symmetric else rng.standard_normal((12, 12)) / 3
    found = sinkhorn(library.asarray(S), eta, tol=1e-10, max_iter=5000)
    plan = library.to_numpy(found.plan)
    np.testing.assert_allclose(plan, slow_log_domain(S, eta), atol=1e-8)
    np.testing.assert_allclose(plan.sum(axis=0), 1, atol=1e-9)
    np.testing.assert_allclose(plan.sum(axis=1), 1, atol=1e-9)
    f, g = map(library.to_numpy, (found.row_potential, found.column_potential))
    np.testing.assert_allclose(plan, np.exp((S + f[:, None] + g) / eta), rtol=1e-9)
    if symmetric:
        np.testing.assert_array_equal(f, g)
        np.testing.assert_allclose(plan, plan.T, rtol=1e-14)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 9),
    log_eta=st.floats(-3, 2),
    size=st.floats(-2, 2),
)
def test_sums_are_one_or_the_error_says_so(seed, n, log_eta, size):
    S = 10**size * np.random.RandomState(seed).standard_normal((n, n))
    for table in (S, S + S.T):
        found = sinkhorn(table, 10**log_eta, max_iter=300)
        plan = found.plan
        assert np.all(plan >= 0)
        assert np.all(np.isfinite(plan))
        off = max(np.abs(plan.sum(axis=a) - 1).max() for a in (0, 1))
        assert off <= found.error + 1e-9
        assert found.error <= 1e-6 or found.n_iter == 300


def test_iterations_are_those_of_the_paper(rng):
    """Keeping the exponentials is a way to compute, not another iteration."""
    S, eta = similarities(rng, 30), 0.07
    f = -(eta / 2) * np.logaddexp.reduce(S / eta, axis=1)
    for n_iter in range(6):
        found = symmetric_sinkhorn(S, eta, max_iter=n_iter, tol=0.0)
        np.testing.assert_allclose(found.row_potential, f, atol=1e-13)
        f = 0.5 * (f - eta * np.logaddexp.reduce((S + f) / eta, axis=1))


def test_factors_out_of_range_are_taken_into_the_exponents(rng, monkeypatch):
    from skspace.linalg import _sinkhorn

    S = similarities(rng)
    skew = rng.standard_normal((12, 12))
    expected = [sinkhorn(T, 0.1, tol=1e-9, max_iter=5000).plan for T in (S, skew)]
    monkeypatch.setattr(_sinkhorn, "FAR", 1.001)
    for T, plan in zip((S, skew), expected, strict=True):
        found = sinkhorn(T, 0.1, tol=1e-9, max_iter=5000).plan
        np.testing.assert_allclose(found, plan, atol=1e-8)


def test_similarities_in_blocks_give_the_same_plan(library, rng, monkeypatch):
    from skspace.linalg import _sinkhorn

    S = library.asarray(similarities(rng))
    expected = library.to_numpy(symmetric_sinkhorn(S, 0.1, max_iter=50, tol=1e-9).plan)
    monkeypatch.setattr(_sinkhorn, "ROWS_BOUND", 0)
    monkeypatch.setattr(_sinkhorn, "LEAST_ROWS", 5)
    found = symmetric_sinkhorn(S, 0.1, max_iter=50, tol=1e-9).plan
    np.testing.assert_allclose(library.to_numpy(found), expected, rtol=1e-12)


@pytest.mark.parametrize("place", [(100, 3), (3, 100), (129, 128)])
def test_one_entry_makes_a_large_table_unsymmetric(place, rng):
    """Tables are compared with their transpose in strips."""
    S = similarities(rng, n=130)
    same = sinkhorn(S, 0.3)
    np.testing.assert_array_equal(same.row_potential, same.column_potential)
    S[place] += 0.5
    other = sinkhorn(S, 0.3)
    assert other.row_potential[place[0]] != other.column_potential[place[0]]
    np.testing.assert_allclose(other.plan.sum(axis=0), 1, atol=1e-5)
    np.testing.assert_allclose(other.plan.sum(axis=1), 1, atol=1e-5)


def test_a_large_eta_gives_the_constant(rng):
    np.testing.assert_allclose(
        sinkhorn(similarities(rng), 1e6).plan, np.full((12, 12), 1 / 12), rtol=1e-5
    )


def test_a_permutation_permutes(rng):
    S, order = similarities(rng), rng.permutation(12)
    plan = sinkhorn(S, 0.1).plan
    moved = sinkhorn(S[order][:, order], 0.1).plan
    np.testing.assert_allclose(moved, plan[order][:, order], atol=1e-6)


def test_float32_stays(library, rng):
    S = similarities(rng, 200)
    found = sinkhorn(library.asarray(S.astype(np.float32)), 0.1)
    plan = library.to_numpy(found.plan)
    assert plan.dtype == np.float32
    np.testing.assert_allclose(plan, sinkhorn(S, 0.1).plan, atol=1e-5)
    assert found.error < 1e-4


def test_what_is_refused():
    with pytest.raises(ValueError, match="square table"):
        sinkhorn(np.ones((2, 3)), 0.1)
    with pytest.raises(ValueError, match="NaN or infinity"):
        sinkhorn(np.array([[np.nan]]), 0.1)
    with pytest.raises(ValueError, match="eta must be a positive number, got 0"):
        sinkhorn(np.eye(2), 0)
    with pytest.raises(ValueError, match="real numbers, got dtype complex128"):
        sinkhorn(1j * np.eye(2), 0.1)


@pytest.mark.parametrize("skew", [0, 1])
@pytest.mark.parametrize(
    ("size", "eta"), [(1.0, 1e-320), (1e-10, 5e-318), (1.7e308, 1e308), (1.0, 1e308)]
)
def test_numbers_out_of_range_are_refused(skew, size, eta):
    S = size * np.array([[1.0, -1.0 + skew], [-1.0, 1.0]])
    with pytest.raises(ValueError, match="S / eta must stay in the range of float64"):
        sinkhorn(S, eta)


@pytest.mark.parametrize("dtype", [int, bool, np.float16])
def test_other_numbers_become_float64(dtype):
    S = np.eye(2, dtype=dtype)
    expected = sinkhorn(np.eye(2), 1.0).plan
    np.testing.assert_array_equal(sinkhorn(S, 1.0).plan, expected)
    np.testing.assert_array_equal(sinkhorn(S.tolist(), 1.0).plan, expected)


@pytest.mark.parametrize("symmetric", [True, False])
def test_the_gradient_is_that_of_differences(library, symmetric, rng):
    S = similarities(rng, 6) if symmetric else rng.standard_normal((6, 6)) / 3
    eta, weights = 0.3, rng.standard_normal((6, 6))

    def objective(T):
        if symmetric:  # S moves within the symmetric matrices
            T = (T + T.T) / 2
        plan = sinkhorn(T, eta, tol=1e-13, max_iter=5000).plan
        return np.sum(weights * plan**2)

    plan = sinkhorn(S, eta, tol=1e-13, max_iter=5000).plan
    gradient = sinkhorn_gradient(
        library.asarray(plan),
        library.asarray(2 * weights * plan),
        eta,
        symmetric=symmetric,
    )
    expected = central_differences(objective, S, step=1e-5)
    assert relative_error(library.to_numpy(gradient), expected) < 1e-6


def test_perplexity_counts_neighbours_and_rises_with_eta(rng):
    blocks = np.kron(np.eye(3), np.full((4, 4), 0.25))
    assert mean_perplexity(blocks) == pytest.approx(4)
    assert mean_perplexity(np.eye(5)) == pytest.approx(1)
    S = similarities(rng, 40)
    plans = [sinkhorn(S, eta).plan for eta in (0.02, 0.1, 0.5, 2.0)]
    assert np.all(np.diff([mean_perplexity(plan) for plan in plans]) > 0)


def test_eta_meets_its_perplexity(library, rng):
    S = similarities(rng, 40)
    eta = eta_of_perplexity(library.asarray(S), 12.0)
    assert mean_perplexity(sinkhorn(S, eta).plan) == pytest.approx(12, abs=0.05)
    assert eta_of_perplexity(S, 1e9) == pytest.approx(10, rel=1e-3)
