"""Kernels of optimisers: one step by their formulas."""

import numpy as np
import pytest


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n", [0, 1, 37])
def test_optimizer_kernels_take_their_step(n, dtype, rng):
    from skspace._numba.optimizers import adam, sgd

    p, g, m = rng.standard_normal((3, n)).astype(dtype)
    v = rng.uniform(size=n).astype(dtype)
    gradient = 0.5 * g + 0.1 * p
    tolerance = 64 * np.finfo(dtype).eps

    mean, square = 0.9 * m + 0.1 * gradient, 0.99 * v + 0.01 * gradient**2
    expected = 0.98 * p - 0.03 * mean / (1.5 * np.sqrt(square) + 1e-3)
    found = p.copy(), m.copy(), v.copy()
    factors = [0.5, 0.1, 0.98, 0.03, 1.5, 1e-3, 0.9, 0.1, 0.99, 0.01]
    adam(found[0], g, *found[1:], np.array(factors, dtype))
    for ours, theirs in zip(found, (expected, mean, square), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)

    velocity = 0.9 * m + gradient
    found = p.copy(), m.copy()
    sgd(found[0], g, found[1], np.array([0.5, 0.1, 0.98, 0.03, 0.9], dtype))
    for ours, theirs in zip(found, (0.98 * p - 0.03 * velocity, velocity), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)
