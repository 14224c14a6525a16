"""Kernels of linear systems: exact residuals, conjugate gradients."""

import numpy as np
import pytest


@pytest.mark.parametrize("writeable", [True, False])
@pytest.mark.parametrize("shape", [(0, 3), (1, 1), (5, 2), (70, 3), (300, 2), (4, 0)])
def test_double_double_kernels_are_exact_to_thirty_digits(shape, writeable, rng):
    from fractions import Fraction

    from skspace._numba.double_double import (
        inner_products,
        subtract_product,
        subtract_product_csr,
    )

    n, p = shape
    exact = np.vectorize(Fraction, otypes=[object])
    A = np.asfortranarray(rng.standard_normal((n, p)))
    x, b = rng.standard_normal(p), rng.standard_normal(n)
    tail = 1e-17 * x
    A.flags.writeable = x.flags.writeable = writeable
    high, low = b.copy(), np.zeros(n)
    subtract_product(A, x, tail, high, low)
    expected = exact(b) if n else b
    if n and p:
        expected = expected - exact(A) @ (exact(x) + exact(tail))
        left = exact(high) + exact(low) - expected
        assert np.max(np.abs(left.astype(float))) < 1e-29
        g = inner_products(A, high, low)
        sums = (exact(A).T @ (exact(high) + exact(low))).astype(float)
        np.testing.assert_allclose(g, sums, rtol=3e-16)
        indptr, indices = np.arange(0, n * p + 1, p), np.tile(np.arange(p), n)
        rows = b.copy(), np.zeros(n)
        subtract_product_csr(indptr, indices, A.ravel(), x, tail, *rows)
        left = exact(rows[0]) + exact(rows[1]) - expected
        assert np.max(np.abs(left.astype(float))) < 1e-29
    else:
        np.testing.assert_array_equal(high, b)
        np.testing.assert_array_equal(inner_products(A, high, low), np.zeros(p))


@pytest.mark.parametrize("p", [1, 3, 6])
def test_conjugate_gradients_solve(p, rng):
    from skspace._numba.pcg import conjugate_gradient

    A = rng.standard_normal((p + 4, p)) * 10.0 ** rng.uniform(-2, 2, p)
    H, b = A.T @ A, rng.standard_normal(p)
    exact = np.linalg.solve(H, b)
    P = np.diag(1 / np.diag(H))
    x, n_iter, residual, finite = conjugate_gradient(H, b, P, 1e-13, 4 * p)
    np.testing.assert_allclose(x, exact, rtol=1e-8)
    assert finite
    assert n_iter <= 4 * p
    assert residual <= 1e-10
    x, n_iter, _, _ = conjugate_gradient(H, b, np.linalg.inv(H), 1e-8, 4 * p)
    np.testing.assert_allclose(x, exact, rtol=1e-8)
    assert n_iter == 1
    x, n_iter, residual, finite = conjugate_gradient(H, 0 * b, P, 1e-8, 4)
    assert (list(x), n_iter, residual, finite) == ([0.0] * p, 0, 0.0, True)
    assert not conjugate_gradient(-H, b, P, 1e-8, 4)[-1]
    assert not conjugate_gradient(np.nan * H, b, P, 1e-8, 4)[-1]
    stopped = conjugate_gradient(H, b, P, 0.0, 1)
    step = (b @ P @ b) / (b @ P @ H @ P @ b)
    np.testing.assert_allclose(stopped[0], step * P @ b, rtol=1e-12)
    assert stopped[1] == 1
