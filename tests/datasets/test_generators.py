"""Generated unions of subspaces are what they say they are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skspace.datasets import make_union_of_subspaces


def residuals(X, y, bases, offsets=None):
    """Distance of every inlier from its own subspace, by the definition."""
    distances = []
    for x, label in zip(X, y, strict=True):
        if label >= 0:
            x = x if offsets is None else x - offsets[label]
            basis = bases[label]
            distances.append(np.linalg.norm(x - basis @ (basis.T @ x)))
    return np.array(distances)


@settings(max_examples=40, deadline=None)
@given(
    dims=st.lists(st.integers(1, 6), min_size=1, max_size=5),
    affine=st.booleans(),
    spare=st.integers(1, 5),
    seed=st.integers(0, 100),
)
def test_points_lie_on_their_subspace(dims, affine, spare, seed):
    n_features = max(dims) + spare
    X, y, bases, *offsets = make_union_of_subspaces(
        12 * len(dims),
        n_features,
        subspace_dim=dims,
        affine=affine,
        random_state=seed,
        return_bases=True,
    )
    assert residuals(X, y, bases, *offsets).max() < 1e-12
    assert [basis.shape for basis in bases] == [(n_features, k) for k in dims]
    for basis in bases:
        assert_allclose(basis.T @ basis, np.eye(basis.shape[1]), atol=1e-13)
    for label, basis in enumerate(bases):
        members = X[y == label] - (offsets[0][label] if affine else 0)
        assert np.linalg.matrix_rank(members, tol=1e-9) == basis.shape[1]


def test_coefficients_are_standard_normal():
    X, y, bases = make_union_of_subspaces(20000, random_state=0, return_bases=True)
    z = np.concatenate([X[y == k] @ basis for k, basis in enumerate(bases)])
    assert abs(z.mean()) < 5 / np.sqrt(z.size)
    assert abs(z.var() - 1) < 5 * np.sqrt(2 / z.size)
    assert abs((z**4).mean() - 3) < 5 * np.sqrt(96 / z.size)


def test_defaults_are_five_subspaces_of_dimension_four_in_thirty():
    X, y = make_union_of_subspaces(random_state=0)
    assert X.shape == (500, 30)
    assert X.dtype == np.float64
    assert y.dtype == np.int64
    assert_array_equal(np.bincount(y), [100] * 5)


def test_subspaces_and_points_are_uniform():
    """Projectors average to k/d I; coefficients have no preferred direction."""
    projector, moment, n_draws = np.zeros((6, 6)), np.zeros((6, 6)), 400
    for seed in range(n_draws):
        X, _, (basis,) = make_union_of_subspaces(
            20, 6, n_subspaces=1, subspace_dim=2, random_state=seed, return_bases=True
        )
        projector += basis @ basis.T / n_draws
        moment += X.T @ X / 20 / n_draws
    # entries of one projector have standard deviation below 0.3
    assert_allclose(projector, np.eye(6) * 2 / 6, atol=5 * 0.3 / np.sqrt(n_draws))
    assert_allclose(moment, np.eye(6) * 2 / 6, atol=5 * 0.4 / np.sqrt(n_draws))


@pytest.mark.parametrize("affine", [False, True])
def test_noise_is_gaussian_per_coordinate_added_to_points(affine):
    draw = {"n_samples": 2000, "affine": affine, "random_state": 3, "outliers": 50}
    X0, y0 = make_union_of_subspaces(**draw)
    X, y = make_union_of_subspaces(**draw, noise=0.05)
    assert_array_equal(y, y0)
    error = (X - X0)[y >= 0] / 0.05
    n = error.size
    assert abs(error.mean()) < 5 / np.sqrt(n)
    assert abs(error.std() - 1) < 5 / np.sqrt(2 * n)
    assert abs((error**4).mean() - 3) < 5 * np.sqrt(96 / n)
    # the same in every coordinate
    assert np.abs(error.std(axis=0) - 1).max() < 6 / np.sqrt(2 * len(error))
    # outliers have none
    assert_array_equal(X[y == -1], X0[y == -1])


def test_noise_leaves_the_subspace():
    X, y, bases = make_union_of_subspaces(
        1000, noise=0.1, random_state=0, return_bases=True
    )
    expected = 0.1 * np.sqrt(30 - 4)
    assert_allclose(np.sqrt((residuals(X, y, bases) ** 2).mean()), expected, rtol=0.03)


@pytest.mark.parametrize(("outliers", "expected"), [(7, 7), (0.1, 20), (0.5, 100)])
def test_outliers_come_on_top_with_label_minus_one(outliers, expected):
    X, y, bases = make_union_of_subspaces(
        200, 12, outliers=outliers, random_state=0, return_bases=True
    )
    assert len(X) == len(y) == 200 + expected
    assert (y == -1).sum() == expected
    strangers = X[y == -1]
    lengths = np.linalg.norm(X[y >= 0], axis=1)
    for stranger in strangers:
        assert np.abs(lengths - np.linalg.norm(stranger)).min() < 1e-12
    for basis in bases:
        away = np.linalg.norm(strangers - strangers @ basis @ basis.T, axis=1)
        assert away.min() > 1e-3
    assert residuals(X, y, bases).max() < 1e-12


def test_outliers_point_everywhere():
    X, y = make_union_of_subspaces(5, 4, subspace_dim=1, outliers=4000, random_state=0)
    strangers = X[y == -1]
    strangers /= np.linalg.norm(strangers, axis=1, keepdims=True)
    assert_allclose(strangers.mean(axis=0), 0, atol=5 * 0.5 / np.sqrt(4000))
    assert_allclose(strangers.T @ strangers / 4000, np.eye(4) / 4, atol=0.02)


def test_affine_offsets_are_nearest_points_to_the_origin():
    _, y, bases, offsets = make_union_of_subspaces(
        300, 9, affine=True, outliers=20, random_state=0, return_bases=True
    )
    assert_allclose(np.linalg.norm(offsets, axis=1), 2, rtol=1e-14)
    for basis, offset in zip(bases, offsets, strict=True):
        assert_allclose(basis.T @ offset, 0, atol=1e-14)
    assert (y == -1).sum() == 20


def test_affine_works_where_one_direction_is_left():
    *_, bases, offsets = make_union_of_subspaces(
        10, 5, subspace_dim=4, affine=True, random_state=0, return_bases=True
    )
    for basis, offset in zip(bases, offsets, strict=True):
        assert_allclose(basis.T @ offset, 0, atol=1e-14)


def test_same_seed_same_points():
    X1, y1 = make_union_of_subspaces(random_state=5, noise=0.1, outliers=3)
    X2, y2 = make_union_of_subspaces(
        random_state=np.random.RandomState(5), noise=0.1, outliers=3
    )
    assert_array_equal(X1, X2)
    assert_array_equal(y1, y2)
    X3, _ = make_union_of_subspaces(random_state=6, noise=0.1, outliers=3)
    assert not np.allclose(X1, X3)


def test_global_random_state_is_left_alone():
    before = np.random.get_state()[1].copy()
    make_union_of_subspaces(random_state=0)
    assert_array_equal(np.random.get_state()[1], before)


def test_shuffle_only_permutes_rows():
    draw = {"n_samples": 60, "noise": 0.1, "outliers": 6, "random_state": 0}
    X, y = make_union_of_subspaces(**draw)
    X0, y0 = make_union_of_subspaces(**draw, shuffle=False)
    assert_array_equal(y0, np.r_[np.repeat(np.arange(5), 12), [-1] * 6])
    assert not np.array_equal(y, y0)
    rows, rows0 = np.lexsort(X.T), np.lexsort(X0.T)
    assert_array_equal(X[rows], X0[rows0])
    assert_array_equal(y[rows], y0[rows0])


def test_outliers_leave_the_other_points_alone():
    draw = {"n_samples": 60, "noise": 0.1, "shuffle": False, "random_state": 0}
    X, _ = make_union_of_subspaces(**draw)
    more, _ = make_union_of_subspaces(**draw, outliers=10)
    assert_array_equal(more[:60], X)


@pytest.mark.parametrize(
    ("n_samples", "n_subspaces", "counts"),
    [
        (11, 3, [4, 4, 3]),
        ([3, 1, 5], None, [3, 1, 5]),
        (np.array([2, 2]), 2, [2, 2]),
        (7, 1, [7]),
    ],
)
def test_samples_per_subspace(n_samples, n_subspaces, counts):
    _, y = make_union_of_subspaces(n_samples, n_subspaces=n_subspaces, random_state=0)
    assert_array_equal(np.bincount(y), counts)


def test_number_of_subspaces_follows_the_dimensions():
    _, y = make_union_of_subspaces(30, subspace_dim=(1, 2, 3), random_state=0)
    assert_array_equal(np.bincount(y), [10, 10, 10])


def test_a_subspace_may_fill_the_space():
    X, _ = make_union_of_subspaces(20, 4, subspace_dim=4, random_state=0)
    assert X.shape == (20, 4)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_features": 3}, r"subspace_dim=4 does not fit.*n_features=3.*<= 3"),
        ({"n_features": 4, "affine": True}, r"n_features=4 and affine=True.*<= 3"),
        ({"n_samples": 3}, r"n_samples=3 leaves some of the 5 subspaces without"),
        (
            {"subspace_dim": [2, 3], "n_subspaces": 3},
            r"subspace_dim has 2 entries for 3",
        ),
        ({"n_samples": [5, 5], "n_subspaces": 3}, r"n_samples has 2 entries for 3"),
        ({"n_samples": [5, 5], "subspace_dim": [1, 1, 1]}, r"has 3 entries for 2"),
        ({"n_samples": [5, 0]}, r"n_samples=\[5, 0\] must be a positive integer"),
        ({"subspace_dim": [1.5, 2]}, r"subspace_dim=\[1.5, 2\] must be a positive"),
        ({"subspace_dim": []}, r"subspace_dim=\[\] must be a positive"),
        ({"subspace_dim": np.float64(2)}, r"'subspace_dim' parameter"),
        ({"subspace_dim": 2.0}, r"'subspace_dim' parameter"),
        ({"n_samples": [[5, 5]]}, r"must be a positive integer or a sequence"),
        ({"n_samples": 0}, r"'n_samples' parameter of make_union_of_subspaces"),
        ({"noise": -1}, r"'noise' parameter"),
        ({"noise": float("nan")}, r"'noise' parameter"),
        ({"noise": float("inf")}, r"'noise' parameter"),
        ({"outliers": -1}, r"'outliers' parameter"),
        ({"outliers": 1.5}, r"'outliers' parameter"),
        ({"random_state": "no"}, r"'random_state' parameter"),
    ],
)
def test_bad_parameters_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        make_union_of_subspaces(**parameters)
