"""Intervals of active subspaces: they cover, shrink, and keep to their range."""

import numpy as np
import pytest
from active_cases import ridge_function
from numpy.testing import assert_allclose

from skspace.active import ActiveSubspace
from skspace.active._resampling import interval


def test_intervals_hold_what_was_found_and_shrink_with_rows(rng):
    widths = []
    for n in (100, 1600):
        X, y, _ = ridge_function(rng, n, 4, noise=0.3)
        active = ActiveSubspace(1, random_state=0).fit(X, y)
        low, high = active.direction_intervals_
        assert np.all(low <= high)
        v = active.components_[0]
        assert np.all((low - 0.1 <= v) & (v <= high + 0.1))
        widths.append(np.mean(high - low))
        low, high = active.feature_importance_intervals_
        assert np.all((low >= 0) & (high <= 1))
        assert np.all(active.eigenvalue_intervals_ >= 0)
    assert widths[1] < widths[0] / 2


def test_intervals_for_given_gradients_cover_at_their_level():
    """The truth is in closed form: gradients (2 + e1, 1 + e2), e standard normal."""
    truth = np.array([[5.0, 2.0], [2.0, 2.0]])
    values, axes = np.linalg.eigh(truth)
    top, v = values[1], axes[:, 1] * np.sign(axes[0, 1])
    held = []
    for seed in range(120):
        rng = np.random.RandomState(seed)
        X = rng.standard_normal((150, 2))
        G = rng.standard_normal((150, 2)) + np.array([2.0, 1.0])
        active = ActiveSubspace(1, standardize=False, random_state=0)
        active.fit(X, gradients=G)
        low, high = active.eigenvalue_intervals_[:, 0]
        inside = [low <= top <= high]
        low, high = active.direction_intervals_
        inside += list((low <= v) & (v <= high))
        inside.append(
            np.arccos(min(1, abs(active.components_[0] @ v))) <= active.direction_angle_
        )
        held.append(inside)
    # Two standard errors of 120 draws, and the small-sample loss of a bootstrap.
    assert np.all(np.mean(held, axis=0) > 0.88)


def test_intervals_from_values_cover_at_their_level():
    """Noise of the response moves the direction: the wild bootstrap must see it."""
    a = np.array([1.0, 2.0, -2.0]) / 3
    held = []
    for seed in range(60):
        rng = np.random.RandomState(seed)
        X = rng.standard_normal((250, 3))
        y = X @ a + 0.3 * (X @ a) ** 2 + 0.7 * rng.standard_normal(250)
        active = ActiveSubspace(1, standardize=False, random_state=0).fit(X, y)
        v = a * np.sign(active.components_[0] @ a)
        low, high = active.direction_intervals_
        held.append((low <= v) & (v <= high))
    assert 0.85 < np.mean(held) <= 1


@pytest.mark.parametrize("factor", [1e-140, 1e25, 1e139])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sizes_of_gradients_change_no_interval(quadratic, factor, dtype):
    X, _, G, _ = quadratic
    X = X.astype(dtype)
    active = ActiveSubspace(random_state=0).fit(X, gradients=G / 1e2)
    other = ActiveSubspace(random_state=0).fit(X, gradients=G / 1e2 * factor)
    for name, power in (
        ("eigenvalues_", 2),
        ("eigenvalue_intervals_", 2),
        ("direction_intervals_", 0),
        ("feature_importance_intervals_", 0),
    ):
        expected = getattr(active, name)
        found = getattr(other, name) / factor ** (power / 2) / factor ** (power / 2)
        assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_middle_of_an_interval_has_the_bias_of_resamples_taken_off():
    draws = np.array([[3.0], [5.0]])
    for unbias, middle in ((False, 2.0), (True, 0.0)):
        low, high = interval(np.array([2.0]), draws, 0.95, unbias=unbias)
        reach = 1.959964 * np.sqrt(2)
        assert_allclose([low[0], high[0]], [middle - reach, middle + reach], rtol=1e-6)


def test_huge_weights_are_many_repetitions(quadratic):
    X, _, G, _ = quadratic
    weights = np.full(len(X), 1e150)
    active = ActiveSubspace(random_state=0).fit(X, gradients=G, sample_weight=weights)
    assert active.direction_angle_ < 1e-5
    low, high = active.eigenvalue_intervals_
    assert_allclose(low, high, rtol=1e-5)


def test_without_resamples_there_are_no_intervals(quadratic):
    X, _, G, _ = quadratic
    active = ActiveSubspace(n_resamples=0).fit(X, gradients=G)
    assert not hasattr(active, "eigenvalue_intervals_")
    with pytest.raises(ValueError, match="n_resamples > 0"):
        active.set_params(n_components="bootstrap").fit(X, gradients=G)
    with pytest.raises(ValueError, match="does not keep"):
        active.partial_fit(X, gradients=G)
