"""Differential entropy: closed forms, units, refusals."""

import math

import numpy as np
import pytest
from scipy.special import digamma
from scipy.stats import multivariate_normal

from skspace.information import differential_entropy


def test_value_on_a_lattice_is_the_formula():
    """The second neighbour of inner points of a line is one step away."""
    n = 100
    x = np.arange(n, dtype=float)
    radii = np.ones(n)
    radii[[0, -1]] = 2
    expected = digamma(n) - digamma(2) + math.log(2) + np.mean(np.log(radii))
    assert differential_entropy(x, n_neighbors=2) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("metric", ["chebyshev", "euclidean"])
@pytest.mark.parametrize("d", [1, 2, 3])
def test_normal_samples_have_their_entropy(d, metric, rng):
    A = np.eye(d) + 0.3
    found = [
        differential_entropy(rng.standard_normal((1500, d)) @ A, metric=metric)
        for _ in range(6)
    ]
    truth = multivariate_normal(cov=A.T @ A).entropy()
    tolerance = 4 * np.std(found) / math.sqrt(6) + 0.02 * d
    assert np.mean(found) == pytest.approx(truth, abs=tolerance)


@pytest.mark.parametrize("metric", ["chebyshev", "euclidean"])
def test_scale_adds_its_logarithm_and_place_nothing(metric, rng):
    X = rng.standard_normal((200, 3))
    value = differential_entropy(X, metric=metric)
    wide = differential_entropy(8 * X, metric=metric)
    assert wide == pytest.approx(value + 3 * math.log(8), abs=1e-9)
    assert differential_entropy(X + 5, metric=metric) == pytest.approx(value, abs=1e-9)
    bits = differential_entropy(X, metric=metric, units="bits")
    assert bits == pytest.approx(value / math.log(2), abs=1e-9)


def test_repeated_rows_are_refused(rng):
    x = np.round(rng.standard_normal(100))
    with pytest.raises(ValueError, match="minus infinity"):
        differential_entropy(x)
    with pytest.raises(ValueError, match="n_neighbors=99 needs at least"):
        differential_entropy(x, n_neighbors=99)


@pytest.mark.usefixtures("dispatch")
def test_arrays_of_other_libraries(library, rng):
    X = rng.standard_normal((50, 2))
    for metric in ("chebyshev", "euclidean"):
        found = differential_entropy(library.asarray(X), metric=metric)
        assert found == pytest.approx(differential_entropy(X, metric=metric), abs=1e-12)
    expected = differential_entropy(X[:, 0])
    found = differential_entropy(library.asarray(X[:, 0]))
    assert found == pytest.approx(expected, abs=1e-12)
