"""Gaussian basis functions against their formulas, loops and finite differences."""

import numpy as np
import pytest
from oracles import central_differences

from skspace.linalg import _rbf
from skspace.linalg._rbf import (
    Basis,
    Slopes,
    basis_gradient,
    basis_moments,
    centred,
    gaussian,
    input_gradients,
    kernel_gradient,
    weigh,
)


@pytest.fixture
def problem(rng):
    X, C = rng.standard_normal((23, 4)), rng.standard_normal((5, 4))
    return X, 0.5 * rng.standard_normal((4, 3)), C, rng.uniform(0.5, 2, 23)


def loop(X, L, C):
    P = L @ L.T
    return np.array([[np.exp(-(x - c) @ P @ (x - c) / 2) for c in C] for x in X])


def test_basis_functions_follow_their_formula(problem, library):
    X, L, C, _ = problem
    Phi = gaussian(library.asarray(X @ L), library.asarray(C @ L))
    np.testing.assert_allclose(library.to_numpy(Phi), loop(X, L, C), rtol=1e-12)


def test_a_row_at_a_centre_gives_one(rng):
    Z = 1e6 * rng.standard_normal((6, 3))
    assert np.all(gaussian(Z, Z) <= 1)
    np.testing.assert_allclose(np.diagonal(gaussian(Z / 1e6, Z / 1e6)), 1)


def test_weigh_multiplies_and_adds_up(problem, library):
    X, L, C, weights = problem
    Phi = loop(X, L, C)
    E, offset, residuals, coef = np.sin(7 * Phi), C[:, 0], X[:, :2], C[:, :2]
    parts = (E, Phi, offset, residuals, coef, weights)
    A, rows, columns = weigh(*map(library.asarray, parts))
    expected = weights[:, None] * (E - offset + residuals @ coef.T) * Phi
    np.testing.assert_allclose(library.to_numpy(A), expected)
    np.testing.assert_allclose(library.to_numpy(rows), expected.sum(axis=1))
    np.testing.assert_allclose(library.to_numpy(columns), expected.sum(axis=0))


@pytest.mark.parametrize("cached", [0, 10**6])
def test_blocks_change_nothing(problem, cached, monkeypatch, library):
    X, L, C, weights = problem
    monkeypatch.setattr(_rbf, "BLOCK", 5 * 64)
    monkeypatch.setattr(_rbf, "BLOCK_ELSEWHERE", 5 * 64)
    monkeypatch.setattr(_rbf, "CACHED", cached)
    X, weights = np.tile(X, (7, 1)), np.tile(weights, 7)
    Y = np.sin(X[:, :2])
    basis = Basis(*map(library.asarray, (X, L, C)))
    assert len(basis.slices) > 1
    moments = basis_moments(
        basis, library.asarray(weights), float(weights.sum()), library.asarray(Y)
    )
    Phi = loop(X, L, C)
    mean = weights @ Phi / weights.sum()
    for found, expected in (
        (moments.first, mean),
        (moments.second, (weights[:, None] * Phi).T @ Phi),
        (moments.response, (weights[:, None] * Phi).T @ Y),
        (centred(moments), (weights[:, None] * (Phi - mean)).T @ (Phi - mean)),
        (basis.project(library.asarray(Y)), Phi.T @ Y),
        (basis.predict(library.asarray(C[:, :2]), 3.0), Phi @ C[:, :2] + 3),
    ):
        np.testing.assert_allclose(library.to_numpy(found), expected, rtol=1e-10)


def test_gradient_by_metric_and_centres(problem, library):
    """Any function of the basis functions, by central differences (tolerance 1e-7)."""
    X, L, C, weights = problem
    rng = np.random.RandomState(1)
    R, w = rng.standard_normal((23, 2)), rng.standard_normal((5, 2))
    H = rng.standard_normal((5, 5))
    H, c = H + H.T, rng.standard_normal(5)

    def objective(L, C):
        Phi = loop(X, L, C)
        quadratic = np.sum((Phi @ H) * Phi, axis=1) / 2 - Phi @ c
        return weights @ (np.sum(R * (Phi @ w), axis=1) + quadratic)

    basis = Basis(*map(library.asarray, (X, L, C)))
    slopes = Slopes(*map(library.asarray, (R, w, H, c)))
    by_L, by_C = basis_gradient(basis, slopes, library.asarray(weights))
    for found, expected in (
        (by_L, central_differences(lambda L: objective(L, C), L)),
        (by_C, central_differences(lambda C: objective(L, C), C)),
    ):
        np.testing.assert_allclose(library.to_numpy(found), expected, atol=1e-6)


def test_gradient_of_the_kernel_of_the_centres(problem, library):
    _, L, C, _ = problem
    H = np.random.RandomState(1).standard_normal((5, 5))
    H = H + H.T
    K = loop(C, L, C)
    found = kernel_gradient(*map(library.asarray, (C, L, C @ L, H, K)))
    expected = (
        central_differences(lambda L: np.sum(H * loop(C, L, C)), L),
        central_differences(lambda C: np.sum(H * loop(C, L, C)), C),
    )
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(library.to_numpy(ours), theirs, atol=1e-7)


def test_gradient_by_the_inputs(problem, library):
    X, L, C, _ = problem
    w = np.random.RandomState(1).standard_normal((5, 2))
    found = input_gradients(*map(library.asarray, (X @ L, C @ L, L, w)))
    for k, gradients in enumerate(found):
        expected = central_differences(
            lambda X, k=k: np.sum(loop(X, L, C) @ w[:, k]), X
        )
        np.testing.assert_allclose(library.to_numpy(gradients), expected, atol=1e-8)


def test_input_gradients_stay_in_the_range_of_the_metric(problem):
    X, _, C, _ = problem
    L = np.array([[1.0], [2.0], [0.0], [0.0]])
    (gradients,) = input_gradients(X @ L, C @ L, L, C[:, :1])
    np.testing.assert_allclose(gradients @ [2.0, -1.0, 0.0, 0.0], 0, atol=1e-12)
    np.testing.assert_array_equal(gradients[:, 2:], 0)
