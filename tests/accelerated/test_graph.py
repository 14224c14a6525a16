"""Kernels of graphs: products with blocks, rows of attributes, hints to read ahead."""

import numpy as np
import pytest
from kernel_cases import prepared


@pytest.mark.parametrize("writeable", [True, False])
@pytest.mark.parametrize("integers", [np.int32, np.int64])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_propagation_kernel_is_a_product_and_a_sum(dtype, integers, writeable, rng):
    from skspace._numba.propagate import propagate_rows

    n_neighbors = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 13, 17, 20])
    A = np.array([rng.permutation(20) < k for k in n_neighbors])
    A = A * rng.uniform(1, 2, size=A.shape)
    indptr = np.concatenate([[0], np.cumsum(n_neighbors)]).astype(integers)
    parts = (indptr, np.nonzero(A)[1].astype(integers), A[A > 0])
    for width in (0, 1, 5, 18):
        Q, M = rng.standard_normal((20, width)), rng.standard_normal((13, width))
        *csr, Q_, M_ = prepared((*parts, Q, M), dtype, "C", writeable)
        tolerance = 200 * np.finfo(dtype).eps
        for c in (0, -0.4):
            out = np.full((13, width), np.nan, dtype=dtype)
            step = np.array([0.7, 0.3, c, 0], dtype=dtype)
            propagate_rows(*csr, step, Q_, M_, out, 2, 12)
            expected = np.full((13, width), np.nan)
            expected[2:12] = (0.7 * A @ Q + 0.3 * M + c * Q[:13])[2:12]
            np.testing.assert_allclose(out, expected, atol=tolerance)
        step = np.array([0.7, 0.3, -0.4, 2], dtype=dtype)
        propagate_rows(*csr, step, Q_, M_, out, 2, 12)
        expected = 0.7 * A @ Q + 0.3 * M - 0.4 * Q[:13] + 2 * expected
        np.testing.assert_allclose(out, expected, atol=4 * tolerance)


@pytest.mark.parametrize("n_steps", [0, 1, 2, 5])
def test_propagation_takes_all_its_steps(n_steps, rng):
    from skspace._numba.propagate import propagate

    A = rng.uniform(size=(6, 6))
    parts = np.arange(0, 37, 6), np.tile(np.arange(6), 6), A.ravel()
    M, steps = rng.standard_normal((6, 3)), rng.standard_normal((n_steps, 4))
    steps[:2, 3] = 0
    buffers = [M, np.full((6, 3), np.nan), np.full((6, 3), np.nan)]
    Q, older = M, 0 * M
    for a, b, c, d in steps:
        Q, older = a * A @ Q + b * M + c * Q + d * older, Q
    found = buffers[propagate(*parts, steps, *buffers)]
    np.testing.assert_allclose(found, Q, rtol=1e-10)


@pytest.mark.parametrize("writeable", [True, False])
@pytest.mark.parametrize("order", ["C", "F", "strided"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_scaling_kernel_multiplies_rows(dtype, order, writeable, rng):
    from skspace._numba.propagate import scale_into

    for width in (0, 1, 5):
        M, scale = rng.standard_normal((7, width)), rng.random_sample(7)
        (M_,) = prepared((M,), dtype, order, writeable)
        out = np.full((7, width), np.nan, dtype=dtype)
        scale_into(M_, scale, out)
        tolerance = 8 * np.finfo(dtype).eps
        np.testing.assert_allclose(out, M * scale[:, None], atol=tolerance)
        scale_into(out, 1 / scale, out)
        np.testing.assert_allclose(out, M, atol=tolerance)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_row_kernels_of_attributes(dtype, rng):
    from skspace._numba.similarity import count_and_sum, divide_rows, weigh_rows

    X = rng.standard_normal((9, 6)) * (rng.random_sample((9, 6)) < 0.5)
    X[3] = 0
    X = X.astype(dtype)
    indptr = np.concatenate([[0], np.cumsum((X != 0).sum(axis=1))])
    rows, indices = np.nonzero(X)
    data = X[rows, indices]
    weights = rng.uniform(1, 3, size=6)
    tolerance = 8 * np.finfo(dtype).eps
    for column_weights in (weights, np.empty(0)):
        W = X * column_weights if column_weights.size else X.astype(float)
        length = np.linalg.norm(W, axis=1, keepdims=True)
        expected = (W / np.where(length > 0, length, 1))[rows, indices]
        out = np.full_like(data, np.nan)
        weigh_rows(indptr, indices, data, column_weights, out)
        np.testing.assert_allclose(out, expected, rtol=tolerance)
    size = rng.uniform(1, 2, size=9)
    divide_rows(indptr, data, size, out)
    np.testing.assert_allclose(out, (X / size[:, None])[rows, indices], rtol=tolerance)
    counts, sums = count_and_sum(indices, data, 7)
    assert counts.tolist() == [*(X != 0).sum(axis=0), 0]
    np.testing.assert_allclose(sums[:6], X.sum(axis=0, dtype=float), atol=1e-12)


def test_asking_ahead_changes_nothing():
    from numba import njit

    from skspace._numba.prefetch import prefetch

    @njit
    def ask(values):
        for i in range(-8, len(values) + 8):  # a hint may point anywhere
            prefetch(values, i)
        return values.sum()

    for values in (np.arange(5.0), np.arange(5, dtype=np.float32)):
        assert ask(values) == 10
