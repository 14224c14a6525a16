"""Leading eigenvalues with a certified remainder, against all eigenvalues."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skspace.linalg import _psd_spectrum
from skspace.linalg._psd_spectrum import dense_spectrum, leading_spectrum


def psd(values, rng):
    """Symmetric matrix with given eigenvalues and random eigenvectors."""
    n = len(values)
    Q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    K = (Q * values) @ Q.T
    return (K + K.T) / 2


@pytest.mark.parametrize("rate", [0.3, 0.6])
def test_values_are_those_of_the_matrix_up_to_the_tail(library, rng, rate):
    truth = rate ** np.arange(300.0)
    K = psd(truth, rng)
    tail = 1e-7
    found = library.to_numpy(leading_spectrum(library.asarray(K), truth.sum(), tail))
    assert len(found) <= 100
    found = np.sort(found)[::-1]
    differences = truth[: len(found)] - found
    assert np.all(differences > -1e-11)  # from below
    missing = differences.sum() + truth[len(found) :].sum()
    assert missing <= tail + 1e-11


def test_a_small_tail_takes_more_columns(rng):
    truth = 0.8 ** np.arange(400.0)
    K = psd(truth, rng)
    sizes = [len(leading_spectrum(K, truth.sum(), tail)) for tail in (1e-2, 1e-8)]
    assert sizes[0] < sizes[1]


def test_exact_rank_is_found(rng):
    A = rng.standard_normal((300, 5))
    K = A @ A.T
    K /= np.linalg.eigvalsh(K)[-1]
    found = leading_spectrum(K, np.trace(K), 1e-9)
    expected = np.linalg.eigvalsh(K)[-5:]
    assert_allclose(np.sort(found)[-5:], expected, atol=1e-11)
    assert np.max(np.sort(found)[:-5]) < 1e-11


@pytest.mark.parametrize(
    "values",
    [np.ones(300), 1 / np.arange(1.0, 301.0), np.r_[np.ones(150), np.zeros(150)]],
    ids=["flat", "slow", "half"],
)
def test_spectra_that_do_not_fall_are_left_to_the_dense_solver(rng, values):
    assert leading_spectrum(psd(values, rng), values.sum(), 1e-8) is None


def test_small_matrices_are_left_to_the_dense_solver(rng):
    K = psd(0.1 ** np.arange(50.0), rng)
    assert leading_spectrum(K, np.trace(K), 1e-3) is None


def test_giving_up_comes_early(rng, monkeypatch):
    """A hopeless spectrum costs two small sketches."""
    ranks = []
    original = _psd_spectrum.lower_inverse
    monkeypatch.setattr(
        _psd_spectrum, "lower_inverse", lambda L: ranks.append(len(L)) or original(L)
    )
    assert leading_spectrum(psd(np.ones(600), rng), 600.0, 1e-8) is None
    assert ranks == [16, 32]


def test_dense_spectrum_equals_that_of_a_copy(library, rng):
    K = psd(rng.uniform(size=40), rng)
    expected = np.linalg.eigvalsh(K)
    found = dense_spectrum(library.asarray(K))
    if library.name == "numpy-readonly":
        assert_allclose(library.to_numpy(found), expected, atol=1e-14)
    assert_allclose(library.to_numpy(found), expected, atol=1e-13)
