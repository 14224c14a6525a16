"""Grassmann and Stiefel steps: inverse maps, geodesics, first-order agreement."""

import numpy as np
import pytest
import scipy.linalg

from skspace.linalg import (
    grassmann_exp,
    grassmann_log,
    grassmann_mean,
    principal_angles,
    stiefel_retract,
    stiefel_tangent,
    subspace_distance,
)


def frame(rng, n, k):
    return np.linalg.qr(rng.standard_normal((n, k)))[0]


def horizontal(rng, Y, angles):
    """A tangent at Y whose singular values are the given angles."""
    n, k = Y.shape
    out = rng.standard_normal((n, k))
    U = np.linalg.qr(out - Y @ (Y.T @ out))[0]
    return (U * np.asarray(angles)) @ frame(rng, k, k)


CASES = [
    [0.0, 0.0, 0.0],
    [1e-9, 1e-9, 0.5],
    [0.3, 0.3, 0.3],
    [1e-12, 0.7, np.pi / 2 - 1e-6],
    [np.pi / 2 - 1e-9, np.pi / 2 - 2e-6, np.pi / 2 - 1e-6],
]


@pytest.mark.parametrize("angles", CASES)
def test_log_inverts_exp(angles, rng):
    Y = frame(rng, 8, 3)
    G = horizontal(rng, Y, angles)
    # close to a right angle the turn towards Y is known to eps / cos θ only
    tolerance = 1e-14 / max(np.cos(max(angles)), 1e-9)
    np.testing.assert_allclose(
        grassmann_log(Y, grassmann_exp(Y, G)), G, atol=max(tolerance, 1e-13)
    )


@pytest.mark.parametrize("angles", [*CASES, [0.1, np.pi / 2, np.pi / 2]])
def test_exp_of_log_arrives(angles, rng):
    Y = frame(rng, 8, 3)
    X = grassmann_exp(Y, horizontal(rng, Y, angles)) @ frame(rng, 3, 3)
    G = grassmann_log(Y, X)
    assert abs(Y.T @ G).max() < 1e-14
    np.testing.assert_allclose(
        np.sort(np.linalg.svd(G, compute_uv=False)), principal_angles(Y, X), atol=1e-13
    )
    assert subspace_distance(grassmann_exp(Y, G), X) < 1e-13


def test_subspaces_that_must_meet(rng):
    """k > n/2: some angles are zero whatever the subspaces."""
    Y, X = frame(rng, 5, 4), frame(rng, 5, 4)
    assert subspace_distance(grassmann_exp(Y, grassmann_log(Y, X)), X) < 1e-13
    np.testing.assert_allclose(grassmann_log(np.eye(3), np.eye(3)), 0, atol=0)


def test_exp_stays_orthonormal_and_moves_at_constant_speed(rng):
    Y = frame(rng, 9, 3)
    G = horizontal(rng, Y, [0.2, 0.5, 1.1])
    for t in (-1.0, 0.0, 0.3, 1.0):
        Q = grassmann_exp(Y, G, t)
        np.testing.assert_allclose(Q.T @ Q, np.eye(3), atol=1e-14)
        np.testing.assert_allclose(
            principal_angles(Y, Q), abs(t) * np.array([0.2, 0.5, 1.1]), atol=1e-14
        )


def test_exp_ignores_turns_within_the_subspace(rng):
    Y = frame(rng, 6, 2)
    G = horizontal(rng, Y, [0.2, 0.5])
    turned = G + Y @ rng.standard_normal((2, 2))
    np.testing.assert_allclose(
        grassmann_exp(Y, turned), grassmann_exp(Y, G), atol=1e-14
    )


def test_exp_is_the_geodesic_of_the_projectors(rng):
    """Independent formula: rotate by the exponential of the skew block GYᵀ - YGᵀ."""
    Y = frame(rng, 6, 2)
    G = horizontal(rng, Y, [0.4, 1.3])
    expected = scipy.linalg.expm(G @ Y.T - Y @ G.T) @ Y
    np.testing.assert_allclose(grassmann_exp(Y, G), expected, atol=1e-13)


def test_mean_of_two_is_the_midpoint(rng):
    Y = frame(rng, 7, 3)
    G = horizontal(rng, Y, [0.1, 0.6, 1.2])
    mean = grassmann_mean([Y, grassmann_exp(Y, G) @ frame(rng, 3, 3)])
    assert subspace_distance(mean, grassmann_exp(Y, G, 0.5)) < 1e-13
    np.testing.assert_allclose(mean.T @ mean, np.eye(3), atol=1e-14)


def test_mean_is_where_the_tangents_cancel_and_moves_with_the_points(rng):
    """Optimality and equivariance; the chordal mean would fail the first."""
    center = frame(rng, 6, 2)
    points = [
        grassmann_exp(center, horizontal(rng, center, rng.uniform(0, 0.7, 2)))
        for _ in range(5)
    ]
    mean = grassmann_mean(np.stack(points))
    tangents = [grassmann_log(mean, point) for point in points]
    assert abs(sum(tangents)).max() < 1e-13
    turn = frame(rng, 6, 6)
    moved = grassmann_mean([turn @ point for point in points])
    assert subspace_distance(moved, turn @ mean) < 1e-12


def test_mean_of_one_and_of_equal_subspaces(rng):
    Y = frame(rng, 5, 2)
    assert subspace_distance(grassmann_mean([Y]), Y) < 1e-14
    assert subspace_distance(grassmann_mean([Y, 3 * Y, Y[:, ::-1]]), Y) < 1e-14
    whole = frame(rng, 3, 3)
    assert subspace_distance(grassmann_mean([whole, np.eye(3)]), np.eye(3)) < 1e-14


def test_spread_without_a_mean_is_refused():
    lines = [np.eye(2)[:, :1], np.eye(2)[:, 1:]]
    with pytest.raises(ValueError, match="spread too widely"):
        grassmann_mean(lines)


def test_mean_of_unequal_dimensions_is_refused(rng):
    with pytest.raises(ValueError, match=r"\(4, 1\), \(4, 2\)"):
        grassmann_mean([np.eye(4)[:, :1], np.eye(4)[:, :2]])
    with pytest.raises(ValueError, match="at least one subspace"):
        grassmann_mean([])


def test_stiefel_tangent_is_the_nearest_skew_direction(rng):
    Y, G = frame(rng, 7, 3), rng.standard_normal((7, 3))
    D = stiefel_tangent(Y, G)
    np.testing.assert_allclose(Y.T @ D + D.T @ Y, 0, atol=1e-14)
    np.testing.assert_allclose(stiefel_tangent(Y, D), D, atol=1e-14)
    # what was taken out is orthogonal to every tangent
    other = stiefel_tangent(Y, rng.standard_normal((7, 3)))
    assert abs(np.sum((G - D) * other)) < 1e-13


@pytest.mark.parametrize("kind", ["polar", "qr", "exp"])
@pytest.mark.parametrize("shape", [(7, 3), (3, 3), (5, 4)])
def test_retraction_is_orthonormal_and_agrees_to_first_order(kind, shape, rng):
    Y = frame(rng, *shape)
    D = stiefel_tangent(Y, rng.standard_normal(shape))
    moved = stiefel_retract(Y, D, kind)
    np.testing.assert_allclose(moved.T @ moved, np.eye(shape[1]), atol=1e-14)
    np.testing.assert_allclose(stiefel_retract(Y, 0 * D, kind), Y, atol=1e-14)
    errors = [
        np.linalg.norm(stiefel_retract(Y, t * D, kind) - Y - t * D)
        for t in (1e-3, 1e-4)
    ]
    assert errors[0] / errors[1] == pytest.approx(100, rel=0.05)


def test_exp_retraction_follows_the_canonical_geodesic(rng):
    """Formula in the full space: exp(DYᵀ - YDᵀ - Y(YᵀD)Yᵀ) Y, n x n, for reading."""
    Y = frame(rng, 6, 2)
    D = stiefel_tangent(Y, rng.standard_normal((6, 2)))
    K = D @ Y.T - Y @ D.T - Y @ (Y.T @ D) @ Y.T
    expected = scipy.linalg.expm(K) @ Y
    np.testing.assert_allclose(stiefel_retract(Y, D, "exp"), expected, atol=1e-13)


def test_polar_retraction_is_the_nearest_frame(rng):
    Y = frame(rng, 6, 2)
    D = stiefel_tangent(Y, rng.standard_normal((6, 2)))
    best = np.linalg.norm(stiefel_retract(Y, D) - Y - D)
    for other in (stiefel_retract(Y, D, "qr"), stiefel_retract(Y, D, "exp")):
        assert np.linalg.norm(other - Y - D) > best
    for _ in range(20):
        assert np.linalg.norm(frame(rng, 6, 2) - Y - D) > best


def test_every_direction_is_admissible(rng):
    """Y + D = 0 has no polar factor; its tangent part, 0, has."""
    Y = frame(rng, 5, 2)
    for kind in ("polar", "qr", "exp"):
        np.testing.assert_allclose(stiefel_retract(Y, -Y, kind), Y, atol=1e-14)


def test_every_library(library, rng):
    Y = frame(rng, 7, 3)
    G = horizontal(rng, Y, [1e-9, 0.4, 1.0])
    other = grassmann_exp(Y, G)
    Y_in, G_in, other_in = map(library.asarray, (Y, G, other))
    pairs = [
        (grassmann_exp(Y_in, G_in), other),
        (grassmann_log(Y_in, other_in), G),
        (stiefel_tangent(Y_in, other_in), stiefel_tangent(Y, other)),
    ]
    for kind in ("polar", "qr", "exp"):
        pairs.append((stiefel_retract(Y_in, G_in, kind), stiefel_retract(Y, G, kind)))
    for got, expected in pairs:
        assert type(got) is type(Y_in)
        np.testing.assert_allclose(library.to_numpy(got), expected, atol=1e-13)
    mean = library.to_numpy(grassmann_mean([Y_in, other_in]))
    assert subspace_distance(mean, grassmann_exp(Y, G, 0.5)) < 1e-13


def test_float32_stays(library, rng):
    Y = frame(rng, 7, 3).astype(np.float32)
    G = horizontal(rng, Y, [0.1, 0.4, 1.0]).astype(np.float32)
    Y_in, G_in = library.asarray(Y), library.asarray(G)
    end = grassmann_exp(Y_in, G_in)
    for got in (
        end,
        grassmann_exp(Y_in, G_in, np.float64(0.5)),
        grassmann_log(Y_in, end),
        grassmann_mean([Y_in, end]),
        stiefel_retract(Y_in, G_in, "exp"),
    ):
        got = library.to_numpy(got)
        assert got.dtype == np.float32
        assert np.isfinite(got).all()
    np.testing.assert_allclose(library.to_numpy(grassmann_log(Y_in, end)), G, atol=1e-5)


@pytest.mark.parametrize(
    "call", [grassmann_exp, grassmann_log, stiefel_tangent, stiefel_retract]
)
def test_bases_that_are_not_orthonormal_are_refused(call):
    with pytest.raises(ValueError, match="must be orthonormal"):
        call(2 * np.eye(3)[:, :2], np.eye(3)[:, :2])
    with pytest.raises(ValueError, match="one shape"):
        call(np.eye(3)[:, :2], np.eye(3)[:, :1])
    if call is not grassmann_log:
        with pytest.raises(ValueError, match="k of at least 1"):
            call(np.zeros((3, 0)), np.zeros((3, 0)))


@pytest.mark.parametrize("t", [np.nan, np.inf, 1e308])
def test_times_that_are_none_are_refused(t):
    basis = np.eye(3)[:, :1]
    with pytest.raises(ValueError, match="t times the velocity must be finite"):
        grassmann_exp(basis, 9 * np.eye(3)[:, 1:2], t)


def test_unknown_retraction_is_refused():
    with pytest.raises(ValueError, match="'polar', 'qr' or 'exp'"):
        stiefel_retract(np.eye(2), np.eye(2), "cayley")
