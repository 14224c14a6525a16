"""Moments of gradients against sums over rows, merged, in any units."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skspace.linalg._gradient_moments import (
    activity_scores,
    gradient_moments,
    leading_axes,
    mean_outer,
    merge_gradient_moments,
    subspace_errors,
)


@pytest.fixture
def table(rng):
    X = rng.standard_normal((60, 4)) * [1.0, 1e-3, 1e3, 5.0] + [0, 1.0, -1e4, 3]
    return X, rng.standard_normal((60, 2, 4)), rng.uniform(0, 3, 60)


def test_it_is_the_weighted_mean_of_outer_products(table, library):
    X, G, w = table
    moments = gradient_moments(*map(library.asarray, (X, G, w)))
    raw = mean_outer(moments, standardize=False)
    expected = sum(
        w[i] * np.outer(G[i, k], G[i, k]) for i in range(60) for k in range(2)
    ) / np.sum(w)
    assert_allclose(library.to_numpy(raw.matrix), expected, rtol=1e-12)
    mean = np.average(X, axis=0, weights=w)
    scale = np.sqrt(np.average((X - mean) ** 2, axis=0, weights=w))
    found = mean_outer(moments, standardize=True)
    assert_allclose(library.to_numpy(found.mean), mean, rtol=1e-12)
    assert_allclose(library.to_numpy(found.scale), scale, rtol=1e-9)
    assert_allclose(
        library.to_numpy(found.matrix), expected * np.outer(scale, scale), rtol=1e-9
    )


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_merged_in_any_order_it_is_that_of_all_rows(table, order):
    X, G, w = table
    whole = mean_outer(gradient_moments(X, G, w), standardize=True)
    parts = [
        gradient_moments(X[rows], G[rows], w[rows])
        for rows in (slice(0, 5), slice(5, 40), slice(40, 60))
    ]
    a, b, c = (parts[i] for i in order)
    for merged in (
        merge_gradient_moments(merge_gradient_moments(a, b), c),
        merge_gradient_moments(a, merge_gradient_moments(b, c)),
    ):
        found = mean_outer(merged, standardize=True)
        for x, y in zip(found, whole, strict=True):
            assert_allclose(x, y, rtol=1e-10, atol=1e-14)


def test_rows_of_weight_zero_may_be_far_away(table, library):
    X, G, w = table
    X, w = X.copy(), w.copy()
    X[:5], w[:5] = 1e12, 0.0
    found = gradient_moments(*map(library.asarray, (X, G, w)))
    alone = gradient_moments(X[5:], G[5:], w[5:])
    for x, y in zip(
        mean_outer(found, standardize=True),
        mean_outer(alone, standardize=True),
        strict=True,
    ):
        assert_allclose(library.to_numpy(x), y, rtol=1e-12)


def test_extreme_units_stay_in_range(table):
    X, G, w = table
    units = np.array([1e150, 1e-150, 1.0, 1e100])
    plain = mean_outer(gradient_moments(X, G, w), standardize=True)
    scaled = mean_outer(gradient_moments(X * units, G / units, w), standardize=True)
    assert_allclose(scaled.matrix, plain.matrix, rtol=1e-9)
    assert_allclose(scaled.scale, plain.scale * units, rtol=1e-9)


def test_leading_axes_and_scores_in_closed_form(library):
    matrix = library.asarray(np.diag([1.0, 4.0, 0.0]))
    values, axes = leading_axes(matrix)
    assert_allclose(library.to_numpy(values), [4, 1, 0])
    scores = activity_scores(values[:2], axes[:, :2])
    assert_allclose(library.to_numpy(scores), [0.2, 0.8, 0])


def test_error_of_a_turned_plane_is_the_sine():
    angle = 0.3
    turn = np.eye(3)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    # The first direction turns, the plane of the first two stays.
    errors = subspace_errors(np.eye(3), turn[None])
    assert_allclose(errors, [[np.sin(angle), 0]], atol=1e-12)
    assert subspace_errors(np.eye(1), np.eye(1)[None]).shape == (1, 0)
