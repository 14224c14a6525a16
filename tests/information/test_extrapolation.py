"""Lines in the number of chunks: exact cases, least squares, curvature, flags."""

import numpy as np
import pytest

from skspace.information._extrapolation import (
    Extrapolation,
    extrapolate,
    extrapolation_flags,
    is_monotone,
    weighted_fit,
)

LEVELS = np.repeat(np.arange(1, 11), np.arange(1, 11))


def test_fit_is_weighted_least_squares(rng):
    values = rng.standard_normal(len(LEVELS))
    fit = weighted_fit(LEVELS.astype(float), values, 2)
    expected, covariance = np.polyfit(
        LEVELS, values, 2, w=1 / np.sqrt(LEVELS), cov=True
    )
    np.testing.assert_allclose(fit.coefficients, expected[::-1])
    np.testing.assert_allclose(fit.errors, np.sqrt(np.diag(covariance))[::-1])


def test_a_line_is_followed_to_its_end(rng):
    noise = 1e-3 * rng.standard_normal(len(LEVELS)) * np.sqrt(LEVELS)
    line = extrapolate(LEVELS, 1.5 - 0.2 * LEVELS + noise)
    assert line.last >= 5
    assert line.intercept == pytest.approx(1.5, abs=4 * line.se)
    assert line.slope == pytest.approx(-0.2, abs=1e-3)


def test_error_covers_the_intercept(rng):
    z = []
    for _ in range(200):
        noise = 0.1 * rng.standard_normal(len(LEVELS)) * np.sqrt(LEVELS)
        line = extrapolate(LEVELS, 1 - 0.05 * LEVELS + noise)
        z.append((line.intercept - 1) / line.se)
    assert 0.8 < np.std(z) < 1.4  # dropping levels by a test widens it a little


def test_levels_that_bend_are_dropped(rng):
    noise = 1e-4 * rng.standard_normal(len(LEVELS))
    values = 1 - 0.01 * LEVELS - 0.05 * np.maximum(LEVELS - 6, 0) ** 2 + noise
    line = extrapolate(LEVELS, values)
    assert line.last in (5, 6)
    assert line.intercept == pytest.approx(1, abs=1e-2)


def test_a_curve_is_called_one(rng):
    noise = 1e-4 * rng.standard_normal(len(LEVELS))
    line = extrapolate(LEVELS, 1 / LEVELS + noise)
    assert line.curved
    assert line.last == 5


def test_few_levels_are_no_evidence_for_a_line():
    levels = LEVELS[LEVELS <= 3]
    line = extrapolate(levels, 2.0 - levels)
    assert line.curved
    assert line.intercept == pytest.approx(2)
    assert extrapolate(levels[levels <= 2], np.ones(3)).intercept == pytest.approx(1)


@pytest.mark.parametrize("power", [0.5, 0.25])
def test_slower_laws_are_found_where_they_hold(rng, power):
    noise = 1e-3 * rng.standard_normal(len(LEVELS)) * np.sqrt(LEVELS)
    found = extrapolate(LEVELS, 1 - 0.2 * LEVELS**power + noise)
    assert found.slowest == pytest.approx(1, abs=0.05)
    assert abs(found.intercept - 1) > 0.05


def test_slower_laws_are_refuted_by_a_clear_line(rng):
    noise = 1e-3 * rng.standard_normal(len(LEVELS)) * np.sqrt(LEVELS)
    found = extrapolate(LEVELS, 1 - 0.2 * LEVELS + noise)
    assert found.slowest == found.intercept


def line(**changes):
    whole = Extrapolation(1.0, -0.1, 0.01, 50, 10, False, 1.0, 1.0)
    return whole._replace(**changes)


@pytest.mark.parametrize(
    ("found", "value", "means", "flags"),
    [
        (line(), 0.9, [0.9, 0.8, 0.7], ()),
        (line(curved=True), 0.9, [0.9, 0.8], ("curved_extrapolation",)),
        (line(without_first=1.3), 0.9, [0.9, 0.8], ("anchor_dependent",)),
        (line(without_first=1.1), 0.9, [0.9, 0.8], ()),
        (line(slowest=1.05), 0.9, [0.9, 0.8], ("slow_convergence",)),
        (line(slowest=1.03), 0.9, [0.9, 0.8], ()),
        (line(), 0.8, [0.8, 0.9, 0.7], ("extrapolation_moves",)),
        (line(), 0.8, [0.8, 0.7, 0.6], ()),
        (line(), 0.96, [0.96, 0.97, 0.9], ()),
    ],
)
def test_flags_follow_their_rules(found, value, means, flags):
    assert extrapolation_flags(found, value, np.array(means), 0.02) == flags


def test_monotone_means_one_direction():
    assert is_monotone([1, 2, 2, 3])
    assert is_monotone([3, 1])
    assert not is_monotone([1, 3, 2])
