"""Preparation of rows: order of steps, invariances, rows without direction."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skspace.cluster._geometry import distinct_directions, find_geometry, prepare


def prepared(X, *, center=False, normalize=True, affine=False):
    return prepare(
        X, find_geometry(X, center=center, normalize=normalize, affine=affine)
    )


def test_columns_are_centred_before_rows_are_scaled(rng):
    X = rng.standard_normal((20, 5)) + 3
    Z = X - X.mean(axis=0)
    V, lost = prepared(X, center=True)
    assert_allclose(V, Z / np.linalg.norm(Z, axis=1, keepdims=True), rtol=1e-12)
    assert not lost.any()


@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize("center", [False, True])
@pytest.mark.parametrize("scale", [1e-200, 1e-3, 1e200])
def test_the_unit_of_the_data_does_not_matter(rng, affine, center, scale):
    X = rng.standard_normal((20, 5)) + 1
    V0, _ = prepared(X, affine=affine, center=center)
    V1, _ = prepared(scale * X, affine=affine, center=center)
    assert_allclose(V1, V0, rtol=1e-10, atol=1e-12)
    assert_allclose(np.linalg.norm(V1, axis=1), 1)


def test_affine_makes_flats_linear(rng):
    """Points on a line that misses the origin span two dimensions once lifted."""
    X = np.outer(rng.standard_normal(30), rng.standard_normal(6)) + 5
    assert np.linalg.matrix_rank(prepared(X, affine=True)[0]) == 2
    V, _ = prepared(X, affine=True)
    assert V.shape == (30, 7)
    assert (V[:, -1] > 0).all()


def test_without_normalising_rows_keep_their_ratios(rng):
    X = rng.standard_normal((20, 5))
    V, _ = prepared(X, normalize=False)
    assert_allclose(V / X, (V / X)[0, 0])
    assert_allclose(np.mean(np.sum(V**2, axis=1)), 1)


def test_rows_of_very_different_lengths_keep_their_direction():
    X = np.array([[1e150, 0.0], [3e-150, 4e-150], [0.0, 0.0]])
    V, lost = prepared(X)
    assert_allclose(V, [[1, 0], [0.6, 0.8], [0, 0]])
    assert_array_equal(lost, [False, False, True])


def test_a_row_equal_to_the_mean_has_no_direction(rng):
    X = rng.standard_normal((11, 4)) + 1e3
    X[-1] = X[:-1].mean(axis=0)
    V, lost = prepared(X, center=True)
    assert_array_equal(np.flatnonzero(lost), [10])
    assert_array_equal(V[-1], 0)


def test_new_rows_use_the_geometry_of_the_training_rows(rng):
    X = rng.standard_normal((20, 5)) + 3
    geometry = find_geometry(X, center=True, normalize=True, affine=True)
    one = prepare(X[:1], geometry)[0]
    assert_allclose(one, prepare(X, geometry)[0][:1], rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_library(library, rng, dtype):
    X = (rng.standard_normal((12, 4)) + 1).astype(dtype)
    A = library.asarray(X)
    for center in (False, True):
        for affine in (False, True):
            V, _ = prepared(A, center=center, affine=affine)
            expected, _ = prepared(X, center=center, affine=affine)
            assert library.to_numpy(V).dtype == dtype
            assert_allclose(library.to_numpy(V), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("factor", [1.7, -1.0, -2.0, 1 + 1e-15])
def test_copies_up_to_a_factor_are_one_direction(rng, factor):
    V = rng.standard_normal((40, 6))
    first, copy_of = distinct_directions(np.r_[V, factor * V])
    assert_array_equal(first, np.arange(40))
    assert_array_equal(copy_of, np.r_[np.arange(40), np.arange(40)])


def test_distinct_directions_name_the_first_copy():
    V = np.array([[1.0, 2], [0, 1], [1, 2], [-0.0, 1], [3, 3], [0, 0], [0, 0]])
    first, copy_of = distinct_directions(V)
    assert_array_equal(first, [0, 1, 4, 5])
    assert_array_equal(copy_of, [0, 1, 0, 1, 2, 3, 3])


def test_close_directions_stay_apart(rng):
    V = rng.standard_normal((40, 6))
    first, _ = distinct_directions(np.r_[V, V + 1e-6 * rng.standard_normal(V.shape)])
    assert len(first) == 80


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_new_rows_may_be_of_another_size(rng, dtype):
    """Neither overflow nor underflow makes a direction vanish."""
    X = rng.standard_normal((20, 5)).astype(dtype)
    big = dtype(1e30 if dtype == np.float32 else 1e200)
    expected, _ = prepared(X)
    for fitted, new in [(X / big, X * big), (X * big, X / big)]:
        geometry = find_geometry(fitted, center=False, normalize=True, affine=False)
        V, lost = prepare(new, geometry)
        assert not lost.any()
        assert_allclose(V, expected, rtol=1e-4 if dtype == np.float32 else 1e-12)
    for affine in (False, True):
        geometry = find_geometry(X / big, center=True, normalize=True, affine=affine)
        V, _ = prepare(X * big, geometry)
        assert_allclose(V[:, :5], expected, rtol=1e-4 if dtype == np.float32 else 1e-12)


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_without_normalising_extreme_rows_stay_finite(rng):
    X = rng.standard_normal((20, 5))
    X[3] *= 1e170
    V, lost = prepared(X, normalize=False)
    assert np.isfinite(V @ V.T).all()
    assert_array_equal(np.flatnonzero(~lost), [3])


def test_float32_means_of_long_tables_are_right(rng):
    X = (97.3 + 0.97 * rng.standard_normal((300_000, 2))).astype(np.float32)
    geometry = find_geometry(X, center=True, normalize=True, affine=False)
    assert_allclose(geometry.mean, X.mean(axis=0, dtype=np.float64), atol=1e-3)
