"""Triangular products and inverses against full ones."""

import numpy as np
import pytest

from skspace.linalg._triangular import congruence, lower_gram, lower_inverse


@pytest.fixture
def matrices(rng):
    return np.tril(rng.standard_normal((6, 6))) + 4 * np.eye(6), rng.standard_normal(
        (6, 6)
    )


@pytest.mark.parametrize("order", ["C", "F"])
def test_they_equal_full_products(matrices, order, library):
    T, A = (np.array(matrix, order=order) for matrix in matrices)
    before = T.copy(), A.copy()
    ours = [library.asarray(T), library.asarray(A)]
    for found, expected in (
        (lower_inverse(ours[0]), np.linalg.inv(T)),
        (lower_gram(ours[0]), T.T @ T),
        (congruence(*ours), T @ A @ T.T),
        (congruence(*ours, transpose=True), T.T @ A @ T),
    ):
        np.testing.assert_allclose(library.to_numpy(found), expected, atol=1e-12)
    np.testing.assert_array_equal(T, before[0])
    np.testing.assert_array_equal(A, before[1])
