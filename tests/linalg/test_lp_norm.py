"""Least ℓp norms: certificates, optimality, and the limits of precision."""

import numpy as np
import pytest
from scipy.optimize import linprog

from skspace.linalg._lp_norm import lp_norm, lp_residual_steps
from skspace.linalg._row_scores import row_coordinates


def solve(X, y, p, weights=None, tol=1e-10, max_iter=100):
    """Coefficients in the units of X, the last state, and the number of states."""
    weights = np.ones(len(y)) if weights is None else weights
    root = np.sqrt(weights)[:, None]
    rows, forward = row_coordinates(root * X)
    for n, state in enumerate(lp_residual_steps(rows / root, y, p, weights), 1):
        if state.change <= tol or n == max_iter:
            return forward @ state.coef, state, n


def least_l1(X, y, weights):
    """The dual linear program."""
    found = linprog(
        -weights * y,
        A_eq=(weights[:, None] * X).T,
        b_eq=np.zeros(X.shape[1]),
        bounds=(-1, 1),
        method="highs",
    )
    return -found.fun


def heavy(rng, n, d):
    X = rng.standard_normal((n, d))
    return X, X @ rng.standard_normal(d) + rng.standard_t(1.5, size=n)


DESIGNS = {
    "tall": lambda rng: heavy(rng, 300, 6),
    "all but square": lambda rng: heavy(rng, 40, 30),
    "gross rows": lambda rng: (
        rng.standard_t(1.2, size=(200, 4)),
        rng.standard_cauchy(200),
    ),
    "ties": lambda rng: (
        rng.randint(-3, 4, (200, 4)) * 1.0,
        rng.randint(0, 5, 200) * 1.0,
    ),
    "few errors": lambda rng: (
        rng.standard_normal((200, 5)),
        (rng.uniform(size=200) < 0.2) * rng.standard_normal(200),
    ),
    "repeated rows": lambda rng: (
        np.repeat(rng.standard_normal((20, 9)), 3, axis=0),
        np.repeat(rng.standard_normal(20), 3),
    ),
    "one column": lambda rng: (np.ones((40, 1)), np.arange(40.0)),
}


@pytest.mark.parametrize("design", DESIGNS)
def test_least_absolute_deviations_are_those_of_a_linear_program(rng, design):
    X, y = DESIGNS[design](rng)
    weights = rng.uniform(0.5, 2, len(y))
    coef, state, n = solve(X, y, 1, weights)
    reached = np.sum(weights * np.abs(y - X @ coef))
    assert reached == pytest.approx(least_l1(X, y, weights), rel=1e-9)
    assert state.objective == pytest.approx(reached, rel=1e-12)
    assert n <= 20


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("p", [1, 1.1, 1.5, 2, 3, 8, 32])
def test_no_step_lowers_the_norm(rng, design, p):
    X, y = DESIGNS[design](rng)
    weights = rng.uniform(0.5, 2, len(y))
    coef, state, n = solve(X, y, p, weights)
    assert state.change <= 1e-10
    assert n <= 50
    for size in np.logspace(-8, 0, 9):
        steps = size * np.max(np.abs(coef)) * rng.standard_normal((8, len(coef)))
        for other in coef + steps:
            longer = lp_norm(y - X @ other, p, weights)
            assert longer >= state.objective * (1 - 1e-10)


@pytest.mark.parametrize("p", [1.5, 2, 3, 8, 32])
def test_gradient_vanishes_where_the_norm_is_smooth(rng, p):
    X, y = DESIGNS["tall"](rng)
    weights = rng.uniform(0.5, 2, len(y))
    coef, _, _ = solve(X, y, p, weights, tol=1e-14)
    r = (y - X @ coef) / np.max(np.abs(y - X @ coef))
    pull = weights * np.sign(r) * np.abs(r) ** (p - 1)
    gradient = np.abs(X.T @ pull) / (np.abs(X).T @ np.abs(pull))
    assert gradient.max() < 1e-6


@pytest.mark.parametrize("p", [1, 1.5, 3, 8])
def test_gap_bounds_the_excess_in_every_state(rng, p):
    X, y = DESIGNS["gross rows"](rng)
    rows, _ = row_coordinates(X)
    _, best, _ = solve(X, y, p, tol=1e-13)
    for state, _ in zip(
        lp_residual_steps(rows, y, p, np.ones(len(y))), range(30), strict=False
    ):
        assert state.objective * (1 - state.change) <= best.objective * (1 + 1e-12)
        assert state.objective >= best.objective * (1 - 1e-12)


@pytest.mark.parametrize("p", [1, 1.5, 4])
def test_integer_weight_equals_repetition_step_by_step(rng, p):
    X, y = heavy(rng, 30, 3)
    times = rng.randint(1, 4, 30)
    weighted = solve(X, y, p, times * 1.0, tol=1e-8)
    repeated = solve(np.repeat(X, times, axis=0), np.repeat(y, times), p, tol=1e-8)
    np.testing.assert_allclose(weighted[0], repeated[0], rtol=1e-8)
    assert weighted[2] == repeated[2]


@pytest.mark.parametrize("p", [1, 1.3, 2, 5])
def test_fit_without_residual_ends_at_once(rng, p):
    X = rng.standard_normal((20, 3))
    coef, state, n = solve(X, X @ [1.0, -2.0, 1e-3], p)
    np.testing.assert_allclose(coef, [1, -2, 1e-3], atol=1e-12)
    assert n == 1
    assert state.change == 0


@pytest.mark.parametrize("p", [1, 1.5, 3])
@pytest.mark.parametrize("unit", [1e-150, 1e150])
def test_units_of_the_response_change_nothing_else(rng, p, unit):
    X, y = heavy(rng, 50, 3)
    coef, _, n = solve(X, y, p)
    scaled, _, n_scaled = solve(X, unit * y, p)
    np.testing.assert_allclose(scaled / unit, coef, rtol=1e-8)
    assert n == n_scaled


@pytest.mark.parametrize("p", [1, 1.5, 3])
def test_other_libraries_take_the_same_steps(library, p):
    rng = np.random.RandomState(0)
    X, y = heavy(rng, 60, 4)
    weights = rng.uniform(0.5, 2, 60)
    coef, _, _ = solve(X, y, p, weights)
    rows, forward = row_coordinates(library.asarray(np.sqrt(weights)[:, None] * X))
    rows = rows / library.asarray(np.sqrt(weights))[:, None]
    for state in lp_residual_steps(
        rows, library.asarray(y), p, library.asarray(weights)
    ):
        if state.change <= 1e-10:
            break
    np.testing.assert_allclose(library.to_numpy(forward @ state.coef), coef, rtol=1e-6)


def test_norms_neither_overflow_nor_underflow():
    r = np.array([3.0, -4.0]) * 1e-200
    assert lp_norm(r, 2, np.ones(2)) == pytest.approx(5e-200)
    assert lp_norm(1e300 * np.ones(4), 1, np.full(4, 0.5)) == pytest.approx(2e300)
    assert lp_norm(0 * r, 3, np.ones(2)) == 0
