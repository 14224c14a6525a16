"""Principal angles, distances and overlaps: closed forms and invariances."""

import math

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from skspace.linalg import (
    expected_overlap,
    principal_angles,
    subspace_distance,
    subspace_overlap,
)

METRICS = (
    "geodesic",
    "chordal",
    "projection",
    "binet-cauchy",
    "procrustes",
    "martin",
    "asimov",
)


def rotation(rng, n):
    Q, R = np.linalg.qr(rng.standard_normal((n, n)))
    return Q * np.sign(np.diag(R))


def pair(angles, n_features, rng=None):
    """Two subspaces with the given principal angles, in a random position."""
    angles = np.asarray(angles)
    k = angles.shape[0]
    A = np.eye(n_features)[:, :k]
    B = A * np.cos(angles) + np.eye(n_features)[:, k : 2 * k] * np.sin(angles)
    turn = np.eye(n_features) if rng is None else rotation(rng, n_features)
    return turn @ A, turn @ B


HARD = [0.0, 1e-12, 1e-9, 1e-4, 0.3, 1.0, np.pi / 2 - 1e-9, np.pi / 2]


@pytest.mark.parametrize("angle", HARD)
def test_one_known_angle_to_twelve_digits(angle, rng):
    A, B = pair([angle], 5, rng)
    np.testing.assert_allclose(principal_angles(A, B), [angle], atol=1e-14)


def test_small_and_right_angles_together_to_twelve_digits(rng):
    A, B = pair(HARD, 20, rng)
    np.testing.assert_allclose(principal_angles(A, B), HARD, rtol=0, atol=1e-14)


@settings(max_examples=60, deadline=None)
@given(
    angles=st.lists(st.floats(0, np.pi / 2), min_size=1, max_size=5),
    extra=st.integers(0, 3),
    seed=st.integers(0, 1000),
)
def test_angles_are_found_in_any_basis_and_dimension(angles, extra, seed):
    """Random bases, random position; extra dimensions add right angles only."""
    rng = np.random.RandomState(seed)
    k, n = len(angles), 2 * len(angles) + extra
    A, B = pair(angles, n)
    A = np.hstack([A, np.eye(n)[:, 2 * k :]])  # orthogonal to B
    turn = rotation(rng, n)
    A = turn @ A @ rotation(rng, k + extra)
    B = turn @ B @ (rotation(rng, k) * rng.uniform(0.5, 2, k))
    expected = np.sort(angles)
    np.testing.assert_allclose(principal_angles(A, B), expected, atol=1e-13)
    np.testing.assert_allclose(principal_angles(B, A), expected, atol=1e-13)


def test_agrees_with_scipy(rng):
    A, B = rng.standard_normal((9, 4)), rng.standard_normal((9, 3))
    expected = scipy.linalg.subspace_angles(A, B)[::-1]
    np.testing.assert_allclose(principal_angles(A, B), expected, atol=1e-14)


def test_subspaces_that_must_meet_have_zero_angles(rng):
    """In R^5 a 4- and a 3-dimensional subspace share at least a plane."""
    angles = principal_angles(rng.standard_normal((5, 4)), rng.standard_normal((5, 3)))
    np.testing.assert_allclose(angles[:2], 0, atol=1e-14)
    assert angles[2] > 1e-3


def test_whole_space_contains_everything(rng):
    angles = principal_angles(np.eye(4), rng.standard_normal((4, 2)))
    np.testing.assert_allclose(angles, 0, atol=1e-14)


def test_dependent_columns_span_less(rng):
    A, B = pair([0.2, 0.7], 6, rng)
    doubled = np.hstack([A, A @ [[1.0], [2.0]], np.zeros((6, 1))])
    np.testing.assert_allclose(principal_angles(doubled, B), [0.2, 0.7], atol=1e-14)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_scale_of_columns_does_not_matter(scale, rng):
    A, B = pair([0.2, 0.7], 6, rng)
    A = A * np.array([1.0, scale])
    np.testing.assert_allclose(principal_angles(A, B), [0.2, 0.7], atol=1e-14)


def test_estimators_and_their_components_agree(rng):
    X = rng.standard_normal((40, 6))
    first, second = PCA(2).fit(X[:20]), PCA(3).fit(X[20:])
    np.testing.assert_allclose(
        principal_angles(first, second),
        principal_angles(first.components_.T, second.components_.T),
    )


def test_every_library_and_precision(library, rng):
    A, B = pair([1e-9, 0.5, np.pi / 2 - 1e-9], 8, rng)
    got = principal_angles(library.asarray(A), library.asarray(B))
    expected = [1e-9, 0.5, np.pi / 2 - 1e-9]
    np.testing.assert_allclose(library.to_numpy(got), expected, atol=1e-14)

    A, B = A.astype(np.float32), B.astype(np.float32)
    got = library.to_numpy(principal_angles(library.asarray(A), library.asarray(B)))
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, expected, atol=2e-6)
    for metric in METRICS:
        got = subspace_distance(library.asarray(A), library.asarray(B), metric)
        if metric == "martin":  # this near to a right angle it is infinite in float32
            assert got > 4
        else:
            wide = subspace_distance(A.astype(float), B.astype(float), metric)
            assert got == pytest.approx(wide, abs=1e-5)


def test_mixed_precision_is_promoted(library, rng):
    A, B = pair([0.25], 3, rng)
    got = principal_angles(library.asarray(A.astype(np.float32)), library.asarray(B))
    assert library.to_numpy(got).dtype == np.float64


def test_different_spaces_are_refused(rng):
    with pytest.raises(ValueError, match="4 and 5 features"):
        principal_angles(np.eye(4), np.eye(5))


def definition(A, B, metric):
    """The table of the docstring, term by term, for orthonormal A and B."""
    c = np.clip(scipy.linalg.svdvals(A.T @ B), 0, 1)
    theta = np.arccos(c)
    return {
        "geodesic": np.sqrt(np.sum(theta**2)),
        "chordal": np.sqrt(np.sum(np.sin(theta) ** 2)),
        "projection": np.linalg.norm(A @ A.T - B @ B.T),
        "binet-cauchy": np.sqrt(1 - np.prod(c**2)),
        "procrustes": 2 * np.sqrt(np.sum(np.sin(theta / 2) ** 2)),
        "martin": np.sqrt(-np.sum(np.log(c**2))),
        "asimov": theta.max(),
    }[metric]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("dims", [(2, 2), (4, 2), (1, 3)])
def test_distances_follow_their_definitions(metric, dims, rng):
    A, B = (np.linalg.qr(rng.standard_normal((7, k)))[0] for k in dims)
    expected = definition(A, B, metric)
    assert subspace_distance(A, B, metric) == pytest.approx(expected, rel=1e-10)
    assert isinstance(subspace_distance(A, B, metric), float)


@pytest.mark.parametrize("metric", METRICS)
def test_distances_are_metrics_between_equal_dimensions(metric):
    rng = np.random.RandomState(3)
    for _ in range(20):
        A, B, C = (rng.standard_normal((6, 2)) for _ in range(3))
        ab, bc, ac = (
            subspace_distance(P, Q, metric) for P, Q in ((A, B), (B, C), (A, C))
        )
        assert ab == pytest.approx(subspace_distance(B, A, metric), rel=1e-12)
        assert ab > 0
        if metric != "martin":  # the one without a triangle inequality
            assert ac <= ab + bc + 1e-12
    assert subspace_distance(A, A @ rotation(rng, 2), metric) < 1e-7


@pytest.mark.parametrize("metric", METRICS)
def test_tiny_distances_keep_their_digits(metric, rng):
    """All distances are linear in a tiny angle, with these factors."""
    angle = 1e-9
    factor = {"projection": math.sqrt(2)}.get(metric, 1.0)
    A, B = pair([angle], 4)
    got = subspace_distance(A, B, metric)
    assert got == pytest.approx(factor * angle, rel=1e-12)


def test_orthogonal_subspaces(rng):
    A, B = pair([np.pi / 2, np.pi / 2], 5, rng)
    assert subspace_distance(A, B, "martin") == math.inf
    assert subspace_distance(A, B, "binet-cauchy") == 1
    assert subspace_distance(A, B, "asimov") == pytest.approx(np.pi / 2, rel=1e-14)
    assert subspace_distance(A, B, "projection") == pytest.approx(2, rel=1e-14)


def test_unknown_metric_lists_the_known():
    with pytest.raises(ValueError, match="geodesic, chordal"):
        subspace_distance(np.eye(2), np.eye(2), "euclid")


def test_overlap_of_contained_and_orthogonal_subspaces(rng):
    A = np.eye(5)[:, :3]
    assert subspace_overlap(A, A[:, :1]) == pytest.approx(1)
    assert subspace_overlap(A, np.eye(5)[:, 3:]) == 0
    half, other = pair([0.0, np.pi / 2], 5, rng)
    assert subspace_overlap(half, other) == pytest.approx(0.5)


def test_mean_overlap_of_random_subspaces_is_the_expected_one(rng):
    overlaps = [
        subspace_overlap(rng.standard_normal((10, 3)), rng.standard_normal((10, 2)))
        for _ in range(2000)
    ]
    error = np.std(overlaps) / np.sqrt(len(overlaps))
    assert np.mean(overlaps) == pytest.approx(expected_overlap(10, 3, 2), abs=4 * error)
    assert error < 0.01


@pytest.mark.parametrize("dims", [(0, 1), (1, 6), (2.5, 3)])
def test_impossible_dimensions_are_refused(dims):
    with pytest.raises(ValueError, match=r"dimension in 1, …, 5"):
        expected_overlap(5, *dims)
