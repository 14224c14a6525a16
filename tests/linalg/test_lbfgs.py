"""L-BFGS finds minima, never rises, and says when no step helps."""

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der

from skspace.linalg._lbfgs import lbfgs


def iterate(function, x, most=200, **keywords):
    states = []
    for state in lbfgs(function, x, **keywords):
        states.append(state)
        if len(states) == most:
            break
    return states


def test_quadratic_is_solved(rng):
    A = rng.standard_normal((12, 8))
    H, b = A.T @ A + 0.1 * np.eye(8), rng.standard_normal(8)
    states = iterate(lambda x: (x @ H @ x / 2 - b @ x, H @ x - b), np.zeros(8))
    np.testing.assert_allclose(states[-1].x, np.linalg.solve(H, b), atol=1e-6)


@pytest.mark.parametrize("memory", [1, 5, 20])
def test_curved_valley_is_followed_downhill(memory):
    states = iterate(
        lambda x: (rosen(x), rosen_der(x)), np.full(6, -1.5), 1000, memory=memory
    )
    values = [state.objective for state in states]
    assert values == sorted(values, reverse=True)
    assert min(values) < 1e-12
    assert all(state.change >= 0 for state in states)


def test_no_iterate_from_a_minimum():
    assert not iterate(lambda x: (x @ x, 2 * x), np.zeros(3))


def test_walls_of_infinity_are_kept_away_from():
    def barrier(x):
        if x[0] <= 0:
            return np.inf, np.array([np.nan])
        return x[0] - np.log(x[0]), np.array([1 - 1 / x[0]])

    assert iterate(barrier, np.array([1e-3]))[-1].x[0] == pytest.approx(1)


def test_rotated_problems_give_rotated_iterates(rng):
    A, x = rng.standard_normal((5, 5)), rng.standard_normal(5)
    Q, _ = np.linalg.qr(rng.standard_normal((5, 5)))

    def bowl(x):
        return float(np.sum(np.cosh(A @ x))), A.T @ np.sinh(A @ x)

    def turned(z):
        value, gradient = bowl(Q @ z)
        return value, Q.T @ gradient

    ours, theirs = iterate(bowl, x, 8), iterate(turned, Q.T @ x, 8)
    np.testing.assert_allclose(ours[-1].x, Q @ theirs[-1].x, atol=1e-8)


def test_start_that_is_not_finite_is_named():
    with pytest.raises(ValueError, match="at the start"):
        next(lbfgs(lambda x: (np.nan, x), np.zeros(2)))
