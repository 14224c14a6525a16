"""Kernel matrices against the formulas on whitened rows, and their eigen-step."""

import numpy as np
import pytest

from skspace.linalg._inverse_moments import (
    average_variance_kernel,
    directional_kernel,
    inverse_regression_factor,
    leading_directions,
    leading_directions_of_factor,
    settle_ties,
    whitened_moments,
)
from skspace.linalg._moments import slice_moments, total_moments
from skspace.linalg._whitening import whiten


def by_rows(W, labels):
    """Return the three kernel matrices, from whitened rows, slice by slice."""
    n, r = W.shape
    eye = W.T @ W / n  # the identity, but for shrinkage
    B, save, second = np.zeros((r, r)), np.zeros((r, r)), np.zeros((r, r))
    for h in np.unique(labels):
        part = W[labels == h]
        share, m = len(part) / n, part.mean(axis=0)
        U = part.T @ part / len(part)
        V = U - np.outer(m, m)
        B += share * np.outer(m, m)
        save += share * (eye - V) @ (eye - V)
        second += share * (U - eye) @ (U - eye)
    return B, save, 2 * second + 2 * B @ B + 2 * np.trace(B) * B


@pytest.mark.parametrize("shrinkage", [0.0, 0.4])
def test_kernels_equal_the_formulas_on_rows(library, rng, shrinkage):
    X = rng.standard_normal((80, 5)) @ rng.standard_normal((5, 5)) + 2
    labels = rng.randint(0, 4, 80)
    moments = slice_moments(library.asarray(X), labels, 4, per_slice=True)
    total = total_moments(moments)
    whitening = whiten(total.mean, total.covariance, shrinkage=shrinkage)
    found = whitened_moments(moments, whitening)
    W = (X - X.mean(axis=0)) @ library.to_numpy(whitening.forward)
    B, save, dr = by_rows(W, labels)
    F = library.to_numpy(inverse_regression_factor(found))
    np.testing.assert_allclose(F @ F.T, B, atol=1e-12)
    kernel = library.to_numpy(average_variance_kernel(found))
    np.testing.assert_allclose(kernel, save, atol=1e-12)
    kernel = library.to_numpy(directional_kernel(found))
    np.testing.assert_allclose(kernel, dr, atol=1e-12)


def test_factor_and_kernel_have_one_spectrum(library, rng):
    F = rng.standard_normal((6, 3))
    whitening = whiten(np.zeros(6), np.eye(6))
    a = leading_directions_of_factor(F, whitening)
    b = leading_directions(F @ F.T, whitening)
    np.testing.assert_allclose(a.eigenvalues, b.eigenvalues[:3], atol=1e-12)
    np.testing.assert_allclose(
        np.abs(np.diag(a.vectors.T @ b.vectors[:, :3])), 1, atol=1e-12
    )


def test_large_negative_eigenvalues_come_first():
    whitening = whiten(np.zeros(3), np.eye(3))
    found = leading_directions(np.diag([1.0, -3.0, 2.0]), whitening)
    np.testing.assert_allclose(found.eigenvalues, [-3, 2, 1])


def test_ties_are_settled_by_the_variance_of_the_data(rng):
    """Any rotation within an eigenspace gives the same directions."""
    covariance = np.diag([1.0, 4.0, 9.0, 0.1])
    whitening = whiten(np.zeros(4), covariance)
    eigenvalues = np.array([2.0, 1.0, 1.0, 1.0])
    settled = []
    for _ in range(2):
        Q = np.linalg.qr(rng.standard_normal((3, 3)))[0]
        G = np.eye(4)
        G[1:, 1:] = Q
        G = settle_ties(eigenvalues, G[::-1], whitening)
        raw = whitening.forward @ G[:, 1:]
        assert np.all(np.diff(np.linalg.norm(raw, axis=0)) > 0)
        settled.append(np.abs(raw))
    np.testing.assert_allclose(*settled, atol=1e-12)
