"""Refinement reaches the exact solution from any rough solver, or stops."""

from itertools import islice

import numpy as np
import oracles
import pytest
from scipy.linalg import solve_triangular

from skspace.linalg._extended_precision import ExtendedRows
from skspace.linalg._refinement import is_refined, refinement


def problem(rng, condition=1e9, n=30, p=6):
    U = np.linalg.qr(rng.standard_normal((n, p)))[0]
    V = np.linalg.qr(rng.standard_normal((p, p)))[0]
    A = U * np.geomspace(1, 1 / condition, p) @ V.T
    return A, A @ rng.standard_normal(p) + rng.standard_normal(n)


def solver(A, weights=None):
    root = 1.0 if weights is None else np.sqrt(weights)[:, None]
    R = np.linalg.qr(root * A, mode="r")
    return lambda c: solve_triangular(R, solve_triangular(R, c, trans="T"))


def passes(states, most=30):
    for state in islice(states, most):
        yield state
        if is_refined([state._asdict()]):
            return


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("condition", [1e2, 1e6, 1e10])
def test_every_digit_is_right(condition, weighted, rng):
    A, b = problem(rng, condition)
    weights = rng.uniform(0.1, 10, size=len(b)) if weighted else None
    *_, last = passes(
        refinement(ExtendedRows(A), b, solver(A, weights), weights=weights)
    )
    expected = oracles.exact_least_squares(A, b, weights)[:, 0]
    np.testing.assert_allclose(last.solution.value, expected, rtol=4e-16)


def test_the_tail_of_the_solution_holds_further_digits(rng):
    A, b = problem(rng, 1e3)
    *_, last = islice(refinement(ExtendedRows(A), b, solver(A)), 4)
    from fractions import Fraction

    exact = np.vectorize(Fraction, otypes=[object])
    x = exact(last.solution.high) + exact(last.solution.low)
    gradient = exact(A).T @ (exact(b) - exact(A) @ x)
    assert np.max(np.abs(gradient.astype(float))) < 1e-27


def test_errors_foretold_are_the_errors_found(rng):
    A, b = problem(rng, 1e9)
    expected = oracles.exact_least_squares(A, b)[:, 0]
    states = list(passes(refinement(ExtendedRows(A), b, solver(A), rate=1e-6)))
    assert len(states) > 2
    for state in states[:-1]:
        found = np.max(np.abs(state.solution.value / expected - 1))
        assert found < 10 * max(state.error, 1e-15)


@pytest.mark.parametrize("factor", [0.7, 1.3])
def test_a_rough_solver_needs_more_passes_and_gets_there(factor, rng):
    A, b = problem(rng, 1e6)
    exact_solve = solver(A)
    states = list(
        passes(
            refinement(ExtendedRows(A), b, lambda c: factor * exact_solve(c), rate=0.3),
            most=60,
        )
    )
    expected = oracles.exact_least_squares(A, b)[:, 0]
    assert len(states) > 20  # 0.3 to the power of 30 is 1e-16
    np.testing.assert_allclose(states[-1].solution.value, expected, rtol=4e-16)


def test_a_useless_solver_ends_it(rng):
    A, b = problem(rng, 10)
    exact_solve = solver(A)
    states = list(
        islice(refinement(ExtendedRows(A), b, lambda c: 2.5 * exact_solve(c)), 100)
    )
    assert len(states) < 5
    assert states[-1].error > 0.1


def test_zero_response_is_solved_at_once(rng):
    A, _ = problem(rng)
    *_, last = passes(refinement(ExtendedRows(A), np.zeros(len(A)), solver(A)))
    np.testing.assert_array_equal(last.solution.value, 0)
    assert last.error == 0
