"""Rank, condition and weak directions by their definitions."""

import numpy as np
import oracles
import pytest

from skspace.linalg import _conditioning
from skspace.linalg._conditioning import (
    factor_of_design,
    independent_columns,
    plain_error,
    power_of_two,
    singular_spectrum,
    weak_directions,
)

NAMES = list("abcdefgh")


def test_powers_of_two_are_near_and_exact(rng):
    length = 10.0 ** rng.uniform(-200, 200, size=100)
    scale = power_of_two(length)
    assert np.all(np.frexp(scale)[0] == 0.5)
    assert np.all((length / scale < 1.5) & (length / scale > 0.7))
    assert power_of_two(0.0) == 1.0
    assert power_of_two(np.finfo(float).max) == 2.0**1023


def test_factor_of_blocks_is_that_of_the_whole(rng):
    A = rng.standard_normal((50, 4)) * [1, 1e-6, 1e3, 1]
    R = factor_of_design(A[i : i + 7] for i in range(0, 50, 7))
    scale = np.linalg.norm(A, axis=0)
    np.testing.assert_allclose(
        R.T @ R / scale / scale[:, None], A.T @ A / scale / scale[:, None], atol=1e-13
    )
    np.testing.assert_array_equal(R, np.triu(R))


def test_spectrum_of_many_columns_has_the_right_ends(rng, monkeypatch):
    R = np.linalg.qr(rng.standard_normal((60, 12)) @ rng.standard_normal((12, 12)))[1]
    whole = singular_spectrum(R)
    monkeypatch.setattr(_conditioning, "SVD_COLUMNS", 5)
    ends = singular_spectrum(R)
    np.testing.assert_allclose(ends.values[0], whole.values[0], rtol=1e-2)
    np.testing.assert_allclose(ends.values[-3:], whole.values[-3:], rtol=1e-6)
    np.testing.assert_allclose(
        np.abs(ends.vectors[-1] @ whole.vectors[-1]), 1, atol=1e-6
    )


def test_spectrum_of_a_wide_table_counts_what_is_missing(rng):
    values, vectors = singular_spectrum(rng.standard_normal((2, 5)))
    assert values.shape == (5,)
    np.testing.assert_array_equal(values[2:], 0)
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(5), atol=1e-12)


def test_weak_directions_name_their_columns(rng):
    X = rng.standard_normal((100, 5))
    X[:, 3] = X[:, 1] + 1e-6 * X[:, 3]
    X[:, 4] = (X[:, 0] + X[:, 2]) / np.sqrt(2) + 1e-3 * X[:, 4]
    R = np.linalg.qr(X / np.linalg.norm(X, axis=0), mode="r")
    first, second = weak_directions(singular_spectrum(R), NAMES)
    assert set(first.features) == {"b", "d"}
    assert set(second.features) == {"a", "c", "e"}
    assert first.condition_index > 1e5 > 1e4 > second.condition_index > 1e2
    np.testing.assert_allclose(first.condition_index, 1.4 * np.sqrt(2) * 1e6, rtol=0.5)
    np.testing.assert_allclose(np.sum(first.loadings**2), 1)
    assert weak_directions(singular_spectrum(np.eye(5)), NAMES) == ()


def test_dependent_columns_and_their_null_space(rng):
    X = rng.standard_normal((30, 6))
    X[:, 2], X[:, 5] = X[:, 0] - X[:, 1], 2 * X[:, 3]
    X /= np.linalg.norm(X, axis=0)
    R = np.linalg.qr(X, mode="r")
    columns, factor, null = independent_columns(R, 4)
    assert np.linalg.matrix_rank(X[:, columns]) == 4
    np.testing.assert_allclose(
        factor.T @ factor, X[:, columns].T @ X[:, columns], atol=1e-13
    )
    np.testing.assert_allclose(X @ null, 0, atol=1e-13)
    assert np.linalg.matrix_rank(null) == 2


@pytest.mark.parametrize("noise", [0.0, 1.0])
@pytest.mark.parametrize("condition", [1e3, 1e7])
def test_errors_of_plain_qr_are_bounded(condition, noise, rng):
    U = np.linalg.qr(rng.standard_normal((40, 5)))[0]
    V = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    A = U * np.geomspace(1, 1 / condition, 5) @ V.T
    b = A @ np.ones((5, 1)) + noise * rng.standard_normal((40, 1))
    Q, R = np.linalg.qr(A)
    x = np.linalg.solve(R, Q.T @ b)
    truth = oracles.exact_least_squares(A, b)
    residual = np.linalg.norm(b - A @ truth, axis=0)
    length = np.linalg.norm(A, axis=0)
    estimate = plain_error(R / length, truth * length[:, None], residual)
    error = np.abs(x - truth) * length[:, None]
    assert np.max(error) < 3 * np.max(estimate)
    if not noise:  # with residuals the bound is met by few data
        assert np.max(error) > np.max(estimate) / 300
