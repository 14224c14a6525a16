"""Correction for non-uniform neighbourhoods: volumes, threshold, tail."""

import math

import numpy as np
import pytest

from skspace.information._local_nonuniformity import (
    _log_volume_ratios,
    nonuniformity_terms,
    volume_ratio_threshold,
)


def test_a_ridge_has_the_volume_of_its_own_box():
    """Points at ±(a, a) ± b (1, -1): a box of sides 2√2 a and 2√2 b, turned."""
    a, b = 3.0, 0.01
    along, across = np.array([a, a]), np.array([b, -b])
    points = np.stack(
        [along + across, along - across, -along + across, -along - across]
    )
    expected = math.log(8 * a * b) - 2 * math.log(2 * (a + b))
    np.testing.assert_allclose(_log_volume_ratios(points[None]), expected, rtol=1e-9)


def test_ratios_do_not_depend_on_scale(rng):
    offsets = rng.standard_normal((20, 6, 3))
    ratios = _log_volume_ratios(offsets)
    np.testing.assert_allclose(_log_volume_ratios(1e-200 * offsets), ratios, rtol=1e-6)
    assert np.all(np.isfinite(_log_volume_ratios(np.zeros((2, 4, 2)))))


@pytest.mark.parametrize(("k", "d"), [(5, 2), (8, 4)])
def test_uniform_neighbourhoods_are_rarely_corrected(k, d):
    draws = np.random.RandomState(7).uniform(-1, 1, size=(20_000, k, d))
    share = np.mean(_log_volume_ratios(draws) < math.log(volume_ratio_threshold(k, d)))
    # 100 draws are in the tail on either side: three standard deviations
    assert share == pytest.approx(1 / 200, rel=0.42)


def test_terms_sum_corrections_below_the_threshold(rng, monkeypatch):
    x = rng.standard_normal((60, 1))
    Z = np.concatenate([x, x + 1e-3 * rng.standard_normal((60, 1))], axis=1)
    k = 4
    expected = []
    for i in range(60):
        far = np.max(np.abs(Z - Z[i]), axis=1)
        near = np.argsort(far)[1 : k + 1]
        ratio = _log_volume_ratios((Z[near] - Z[i])[None])[0]
        expected.append(ratio if ratio < math.log(volume_ratio_threshold(k, 2)) else 0)
    np.testing.assert_allclose(nonuniformity_terms(Z, k), expected, atol=1e-9)
    monkeypatch.setattr("skspace.information._local_nonuniformity.BLOCK_BYTES", 1000)
    np.testing.assert_allclose(nonuniformity_terms(Z, k), expected, atol=1e-9)
