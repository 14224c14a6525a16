"""Marchenko-Pastur edges and the spike map against formulas and simulation."""

import numpy as np
import pytest

from skspace.linalg import mp_edges, spike_debias


def test_edges_hold_a_simulated_spectrum(rng):
    n, d, sigma2 = 1600, 400, 2.5
    X = rng.standard_normal((n, d)) * np.sqrt(sigma2)
    values = np.linalg.eigvalsh(X.T @ X / n)
    lower, upper = mp_edges(d / n, sigma2)
    # fluctuations at the edges are of order n^(-2/3), relatively more at the lower
    assert values.min() == pytest.approx(lower, rel=0.1)
    assert values.max() == pytest.approx(upper, rel=0.05)


def test_edges_bound_the_non_zero_values_when_features_outnumber_samples(rng):
    n, d = 300, 900
    X = rng.standard_normal((n, d))
    values = np.linalg.eigvalsh(X @ X.T / n)  # the non-zero ones
    lower, upper = mp_edges(d / n)
    assert values.min() == pytest.approx(lower, rel=0.1)
    assert values.max() == pytest.approx(upper, rel=0.05)


def forward(variance, gamma, sigma2):
    return (variance + sigma2) * (1 + gamma * sigma2 / variance)


@pytest.mark.parametrize("gamma", [0.01, 0.5, 1.0, 4.0])
@pytest.mark.parametrize("sigma2", [1e-8, 1.0, 1e5])
def test_debiasing_inverts_the_forward_map(gamma, sigma2):
    edge = sigma2 * np.sqrt(gamma)  # below it a spike hides in the bulk
    variance = edge * np.array([1.01, 1.5, 3.0, 100.0, 1e12])
    lam = forward(variance, gamma, sigma2)
    got = spike_debias(lam, gamma, sigma2)
    np.testing.assert_allclose(got.signal_variance, variance, rtol=1e-10)
    r = sigma2 / variance
    np.testing.assert_allclose(
        got.squared_cosine, (1 - gamma * r**2) / (1 + gamma * r), rtol=1e-9
    )
    assert (np.diff(got.squared_cosine) > 0).all()


def test_nothing_is_left_at_and_below_the_edge():
    upper = mp_edges(0.3, 2.0).upper
    got = spike_debias([0.0, 1.0, upper], 0.3, 2.0)
    np.testing.assert_array_equal(got.signal_variance, 0)
    np.testing.assert_array_equal(got.squared_cosine, 0)
    just_above = spike_debias([upper * (1 + 1e-12)], 0.3, 2.0)
    assert just_above.signal_variance == pytest.approx(2 * np.sqrt(0.3), rel=1e-5)
    assert just_above.squared_cosine == pytest.approx(0, abs=1e-5)


def test_without_noise_eigenvalues_are_the_signal():
    got = spike_debias([0.0, 4.0], 0.5, 0.0)
    np.testing.assert_array_equal(got.signal_variance, [0, 4])
    np.testing.assert_array_equal(got.squared_cosine, [0, 1])


def test_large_eigenvalues_do_not_overflow():
    got = spike_debias([1e300], 0.5)
    assert got.signal_variance == pytest.approx(1e300)
    assert got.squared_cosine == pytest.approx(1)


def test_spike_recovered_from_a_simulation(rng):
    n, d, variance = 2000, 1000, 5.0
    direction = np.eye(d)[0]
    signal = rng.standard_normal((n, 1)) * np.sqrt(variance) * direction
    X = signal + rng.standard_normal((n, d))
    values, vectors = np.linalg.eigh(X.T @ X / n)
    got = spike_debias(values[-1:], d / n)
    # the sample variance of the signal itself varies by √(2/n), 3 percent
    assert got.signal_variance == pytest.approx(variance, rel=0.12)
    assert got.squared_cosine == pytest.approx(vectors[0, -1] ** 2, abs=0.03)
    assert values[-1] > 1.3 * variance  # what it would be taken for


def test_every_library_and_precision(library):
    lam = np.array([0.5, 4.0, 9.0])
    expected = spike_debias(lam, 0.25)
    for dtype in (np.float64, np.float32):
        got = spike_debias(library.asarray(lam.astype(dtype)), 0.25)
        for ours, theirs in zip(got, expected, strict=True):
            assert library.to_numpy(ours).dtype == dtype
            np.testing.assert_allclose(library.to_numpy(ours), theirs, rtol=1e-6)


@pytest.mark.parametrize("arguments", [(-0.1,), (np.inf,), (0.5, -1.0), (0.5, np.nan)])
def test_impossible_ratios_and_variances_are_refused(arguments):
    with pytest.raises(ValueError, match="must be finite and >= 0"):
        mp_edges(*arguments)


def test_negative_eigenvalues_are_refused():
    with pytest.raises(ValueError, match="negative"):
        spike_debias([-1.0], 0.5)


@pytest.mark.parametrize("unit", [2.0**-1000, 2.0**1000])
def test_units_of_the_data_stay_out_of_the_way(unit):
    lam = np.array([0.5, 2.0, 3.0, 5.625, 100.0])
    plain, other = spike_debias(lam, 0.5), spike_debias(lam * unit, 0.5, unit)
    np.testing.assert_array_equal(other.signal_variance, plain.signal_variance * unit)
    np.testing.assert_array_equal(other.squared_cosine, plain.squared_cosine)


@pytest.mark.parametrize("sigma2", [0.0, 1e-320, 1e-60, 1e60, 1e308])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_beside_any_noise_the_answer_is_finite(library, dtype, sigma2):
    top = float(np.finfo(dtype).max)
    lam = library.asarray(np.array([0.0, 1.0, top], dtype))
    for gamma in (0.0, 0.5, 1e200):
        variance, cosine = map(library.to_numpy, spike_debias(lam, gamma, sigma2))
        assert variance.dtype == cosine.dtype == dtype
        assert np.all((variance >= 0) & (variance <= top))
        assert np.all((cosine >= 0) & (cosine <= 1))
        if sigma2 < 1e-50 and gamma < 1:
            np.testing.assert_allclose(variance[1:], [1, top])


def test_no_eigenvalues_say_nothing(library):
    found = spike_debias(library.asarray(np.zeros(0)), 0.5)
    assert found.signal_variance.shape == found.squared_cosine.shape == (0,)
