"""Kernels in a learned metric: values and gradients against their definition."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skspace.linalg import _metric_kernels as mk


@pytest.fixture
def function(rng):
    p, m, q = 4, 12, 2
    A = rng.standard_normal((p, p))
    M = A @ A.T
    return rng.standard_normal((m, p)), rng.standard_normal((m, q)), M


def slow(x, U, coef, M, scale, kernel):
    """Read it off the definition."""
    total = 0
    for u, a in zip(U, coef, strict=True):
        square = (x - u) @ M @ (x - u)
        if kernel == "laplace":
            total = total + a * np.exp(-np.sqrt(square) / scale)
        else:
            total = total + a * np.exp(-square / (2 * scale**2))
    return total


@pytest.mark.parametrize("kernel", ["laplace", "gaussian"])
def test_values_and_gradients_are_those_of_the_definition(rng, function, kernel):
    U, coef, M = function
    R = mk.metric_root(M)
    assert_allclose(R @ R.T, M, rtol=1e-9, atol=1e-9)
    X = rng.standard_normal((5, 4))
    values = mk.function_values(X @ R, U @ R, coef, 1.7, kernel)
    assert_allclose(values, [slow(x, U, coef, M, 1.7, kernel) for x in X], rtol=1e-9)
    G = mk.function_gradients(X @ R, U @ R, coef, 1.7, kernel, R)
    h = 1e-5
    for i, x in enumerate(X):
        for j, e in enumerate(np.eye(4)):
            ends = [slow(x + s * h * e, U, coef, M, 1.7, kernel) for s in (1, -1)]
            assert_allclose(G[i, :, j], (ends[0] - ends[1]) / (2 * h), atol=1e-6)


def test_a_peak_has_no_slope_of_its_own(function):
    U, coef, M = function
    R = mk.metric_root(M)
    at = slice(3, 4)
    G = mk.function_gradients(U[at] @ R, U @ R, coef, 1.0, "laplace", R)
    others = np.delete(np.arange(len(U)), 3)
    expected = mk.function_gradients(
        U[at] @ R, U[others] @ R, coef[others], 1.0, "laplace", R
    )
    assert_allclose(G, expected, rtol=1e-9)


def test_blocks_change_nothing(rng, function, monkeypatch):
    U, coef, _ = function
    X = rng.standard_normal((7, 4))
    args = X, U, coef, 1.0, "laplace"
    values = mk.function_values(*args)
    gradients = mk.function_gradients(*args, np.eye(4))
    monkeypatch.setattr(mk, "BLOCK_BYTES", 1)
    assert_allclose(mk.function_values(*args), values, rtol=1e-12)
    assert_allclose(mk.function_gradients(*args, np.eye(4)), gradients, rtol=1e-10)


def test_average_outer_is_the_weighted_mean(rng, function):
    U, coef, M = function
    R, w = mk.metric_root(M), rng.uniform(size=len(U))
    G = mk.function_gradients(U @ R, U @ R, coef, 1.0, "gaussian", R)
    expected = sum(w[i] * G[i].T @ G[i] for i in range(len(U))) / np.sum(w)
    found = mk.average_outer(U @ R, U @ R, w, coef, 1.0, "gaussian", R)
    assert_allclose(found, expected, rtol=1e-9)


def test_mean_distance_counts_repetitions(rng):
    Z = rng.standard_normal((6, 2))
    counts = np.array([1, 2, 3, 1, 1, 2])
    many = np.repeat(Z, counts, axis=0)
    assert mk.mean_distance(mk.squared_distances(Z, Z), counts) == pytest.approx(
        mk.mean_distance(mk.squared_distances(many, many), np.ones(len(many)))
    )
    assert mk.mean_distance(np.zeros((3, 3)), np.ones(3)) == 1.0
