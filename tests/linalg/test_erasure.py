"""Erasers as matrices: defining identities and limits."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skspace.linalg._erasure import (
    covarying_directions,
    inverse_root,
    least_squares_duals,
    soft_projector,
    sparing_duals,
    spectral_eraser,
    spectral_weights,
)


@pytest.fixture
def covariance(rng):
    A = rng.standard_normal((6, 6))
    return A @ A.T


def directions(rng, k, p=6):
    return np.linalg.qr(rng.standard_normal((p, k)))[0]


def test_root_is_that_of_the_inverse(library, covariance):
    scale = np.sqrt(np.diag(covariance))
    root = inverse_root(
        library.asarray(covariance), library.asarray(scale), rcond=1e-12
    )
    root = library.to_numpy(root)
    assert_allclose(root @ root.T, np.linalg.inv(covariance), rtol=1e-7)


def test_shrunken_root(library, covariance):
    scale = np.sqrt(np.diag(covariance))
    root = inverse_root(
        library.asarray(covariance), library.asarray(scale), rcond=0.0, shrinkage=0.4
    )
    root = library.to_numpy(root)
    shrunken = 0.6 * covariance + 0.4 * np.trace(covariance) / 6 * np.eye(6)
    assert_allclose(root @ root.T, np.linalg.inv(shrunken), rtol=1e-7)


def test_small_eigenvalues_are_raised(rng):
    """Correlations (1, r; r, 1) have the eigenvalues 1 ± r."""
    r = 1 - 1e-9
    root = inverse_root(np.array([[1, r], [r, 1]]), np.ones(2), rcond=1e-4)
    values = np.linalg.eigvalsh(root @ root.T)
    assert_allclose(values, [1 / (1 + r), 1 / (1e-4 * (1 + r))])


def test_covarying_directions_do_not_know_units(library, rng):
    cross = rng.standard_normal((6, 2)) @ rng.standard_normal((2, 4))
    cross[3] *= 1e-9
    scale = np.array([1, 1, 1, 1e-9, 1, 1])
    U = covarying_directions(
        library.asarray(cross),
        library.asarray(scale),
        library.asarray(np.ones(4)),
        1e-16,
    )
    U = library.to_numpy(U)
    assert U.shape == (6, 2)
    assert_allclose(U.T @ U, np.eye(2), atol=1e-12)
    assert_allclose(U @ (U.T @ cross), cross, atol=1e-12)


def test_duals_are_dual_and_conjugate(library, rng, covariance):
    """Dᵀ U = I, and rows of I - U Dᵀ are orthogonal to U in the metric."""
    U, root = directions(rng, 2), np.linalg.cholesky(covariance)
    D = library.to_numpy(least_squares_duals(library.asarray(U), library.asarray(root)))
    assert_allclose(D.T @ U, np.eye(2), atol=1e-12)
    M = root @ root.T
    E = np.eye(6) - U @ D.T
    assert_allclose(E.T @ M @ U, 0, atol=1e-9)


def test_sparing_duals_vanish_on_what_is_spared(library, rng, covariance):
    basis = directions(rng, 4)
    U, V = basis[:, :2], directions(rng, 3)
    root = np.linalg.cholesky(covariance)
    D, cosines = sparing_duals(*map(library.asarray, (U, V, root)))
    D = library.to_numpy(D)
    assert_allclose(D.T @ U, np.eye(2), atol=1e-10)
    assert_allclose(D.T @ V, 0, atol=1e-10)
    one, two = (np.linalg.qr(root.T @ B)[0] for B in (U, V))
    expected = np.linalg.svd(one.T @ two, compute_uv=False)
    assert_allclose(library.to_numpy(cosines), expected)


def test_nothing_to_spare_or_to_take(rng, covariance):
    U, root = directions(rng, 2), np.linalg.cholesky(covariance)
    D, cosines = sparing_duals(U, U[:, :0], root)
    assert_allclose(D, least_squares_duals(U, root))
    assert cosines.shape == (0,)
    assert sparing_duals(U[:, :0], U, root)[0].shape == (6, 0)
    with pytest.raises(ValueError, match="is to be spared"):
        sparing_duals(U, U @ [[1.0], [2.0]], root)


@pytest.mark.parametrize(("alpha", "expected"), [(0, [0, 0]), (1, [0.8, 0.2])])
def test_weights_of_shares(alpha, expected):
    assert_allclose(spectral_weights(np.array([4.0, 1.0]), alpha), expected)


@pytest.mark.parametrize("alpha", [1e-300, 1e-20, 1e300])
def test_a_single_direction_has_all_the_weight(alpha):
    assert_allclose(spectral_weights(np.array([4.0, 0.0]), alpha), [1, 0])


def test_weights_rise_with_alpha_up_to_one(library):
    energies = library.asarray(np.array([5.0, 1.0, 0.1, 1e-17]))
    alphas = [0.1, 1, 10, 1e3, 1e9, np.inf]
    table = np.stack([library.to_numpy(spectral_weights(energies, a)) for a in alphas])
    assert np.all(np.diff(table[:, :3], axis=0) > 0)
    assert_allclose(table[-1], [1, 1, 1, 0])
    assert_allclose(table[-2, :3], 1, atol=1e-6)


def test_hard_soft_projector_is_the_projector_on_the_rows(library, rng):
    rows = rng.standard_normal((3, 6))
    V, w = soft_projector(library.asarray(rows.T @ rows), np.inf)
    V, w = library.to_numpy(V), library.to_numpy(w)
    assert_allclose(V * w @ V.T, np.linalg.pinv(rows) @ rows, atol=1e-10)


def test_hard_spectral_eraser_of_orthogonal_sets_takes_one_and_keeps_the_other(rng):
    basis = directions(rng, 4)
    forget, retain = (
        B @ np.diag([2.0, 1.0]) @ B.T for B in (basis[:, :2], basis[:, 2:])
    )
    eraser = spectral_eraser(forget, retain, np.inf, np.inf)
    E = np.eye(6) - eraser.directions @ eraser.duals.T
    assert_allclose(E @ basis[:, :2], 0, atol=1e-10)
    assert_allclose(E @ basis[:, 2:], basis[:, 2:], atol=1e-10)
