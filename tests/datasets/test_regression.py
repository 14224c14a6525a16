"""Ill-conditioned problems: the solution given is exact, in rational arithmetic."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles import exact_least_squares

from skspace.datasets import fetch_ill_conditioned, get_ill_conditioned_names

CONDITION = {
    "longley": 4.9e9,
    "filip": 1.8e15,
    "wampler1": 6.4e6,
    "wampler4": 6.4e6,
    "hilbert_poly9": 3.9e6,
    "two_block": 8.0e10,
}


@pytest.fixture
def fake_problem(fake_folder):
    arrays = {
        "X": np.array([[1.0, 0], [1, 1], [1, 2]]),
        "y": np.array([1.0, 2, 3]),
        "coef_certified": np.array([1.0, 1]),
        "coef_float64_exact": np.array([1.0, 2]),
        "groups": np.array([0, 1]),
    }
    fake_folder("regression/filip.npz", **arrays)
    return arrays


def test_problem_is_what_the_file_holds(fake_problem):
    problem = fetch_ill_conditioned("filip")
    assert_array_equal(problem.data, fake_problem["X"])
    assert_array_equal(problem.target, fake_problem["y"])
    assert_array_equal(problem.coef, [1, 2])
    assert_array_equal(problem.coef_certified, [1, 1])
    assert_array_equal(problem.groups, [0, 1])
    X, y = fetch_ill_conditioned("filip", return_X_y=True)
    assert_array_equal(X, problem.data)
    assert_array_equal(y, problem.target)


def test_frame_holds_data_and_target(fake_problem):
    pytest.importorskip("pandas")
    problem = fetch_ill_conditioned("filip", as_frame=True)
    assert list(problem.frame.columns) == ["x0", "x1", "y"]
    assert_array_equal(problem.frame["x1"], [0, 1, 2])


def test_unknown_name_is_answered_with_those_that_exist():
    with pytest.raises(ValueError, match="wampler4"):
        fetch_ill_conditioned("boston")


@pytest.mark.data
@pytest.mark.parametrize("name", get_ill_conditioned_names())
def test_real_solution_is_exact(name, data_folder):
    problem = fetch_ill_conditioned(name)
    exact = exact_least_squares(problem.data, problem.target)[:, 0]
    assert_allclose(problem.coef, exact, rtol=3e-16)
    assert_allclose(problem.coef_certified, exact, rtol=2e-8)
    assert len(problem.groups) == problem.data.shape[1]
    # for filip the condition number itself is known to about a tenth
    condition = np.linalg.cond(problem.data)
    assert_allclose(condition, CONDITION[name], rtol=0.1)
