"""Rows, normal equations and their blocks, against definitions and differences."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skspace.registration import analyze_blocks
from skspace.registration._motion import (
    check_motion,
    cross_matrix,
    left_jacobian,
    moved,
    orthonormal,
    rotation_exp,
    rotation_log,
)
from skspace.registration._pairs import LOSSES, Pairs, Side, jacobian
from skspace.registration._target import TargetIndex, make_level


def series(A, n_terms=40):
    """Exponential of a matrix by its definition."""
    total = term = np.eye(len(A))
    for k in range(1, n_terms):
        term = term @ A / k
        total = total + term
    return total


def a_pose(rng, angle=0.3):
    w = rng.standard_normal(3)
    R = rotation_exp(angle * w / np.linalg.norm(w))
    return np.concatenate([R, rng.uniform(-0.2, 0.2, size=(3, 1))], axis=1)


def some_planes(rng, n=40):
    normals = rng.standard_normal((n, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    index = rng.randint(-1, n, size=n)
    return index, rng.standard_normal((n, 3)), normals, rng.uniform(0.1, 1, size=n)


@pytest.mark.parametrize("angle", [0.0, 1e-12, 1e-9, 1e-6, 1e-3, 0.5, 3.0])
def test_exponentials_are_their_series(rng, angle):
    w, v = rng.standard_normal((2, 3))
    w *= angle / np.linalg.norm(w)
    assert_allclose(rotation_exp(w), series(cross_matrix(w)), atol=1e-14)
    screw = np.zeros((4, 4))
    screw[:3, :3], screw[:3, 3] = cross_matrix(w), v
    pose = np.eye(4)[:3]
    step = np.concatenate([w, v])
    assert_allclose(moved(pose, step, "SE3"), series(screw)[:3], atol=1e-13)
    assert_allclose(left_jacobian(w) @ v, series(screw)[:3, 3], atol=1e-13)
    assert_allclose(moved(pose, step, "SO3xR3")[:, 3], v)


@pytest.mark.parametrize("angle", [0.0, 1e-11, 1e-3, 1.0, 3.0, np.pi - 1e-6])
def test_logarithm_undoes_the_exponential(rng, angle):
    for axis in [*np.eye(3), *-np.eye(3), *rng.standard_normal((10, 3))]:
        w = angle * axis / np.linalg.norm(axis)
        assert_allclose(rotation_log(rotation_exp(w)), w, atol=1e-12, rtol=1e-8)


def test_orthonormal_is_the_nearest_rotation(rng):
    R = a_pose(rng)[:, :3]
    assert_allclose(orthonormal(R), R, atol=1e-15)
    near = R + 1e-3 * rng.standard_normal((3, 3))
    found = orthonormal(near)
    assert_allclose(found @ found.T, np.eye(3), atol=1e-15)
    assert np.linalg.det(found) > 0
    # no rotation close by is nearer
    for w in 1e-3 * rng.standard_normal((20, 3)):
        other = found @ rotation_exp(w)
        assert np.linalg.norm(other - near) >= np.linalg.norm(found - near)
    mirror = np.diag([1.0, 1.0, -1.0])
    assert np.linalg.det(orthonormal(mirror)) > 0
    T = np.eye(4)
    T[:3, :3] = R + 1e-5
    assert_allclose(check_motion(T, "T")[:3, :3], orthonormal(R + 1e-5), atol=1e-15)


@pytest.mark.parametrize("chart", ["SO3xR3", "SE3"])
@pytest.mark.parametrize("reverse", [False, True])
def test_rows_are_the_derivative_of_the_residuals(rng, chart, reverse):
    points, planes, pose = rng.standard_normal((40, 3)), some_planes(rng), a_pose(rng)
    J, r, trust = jacobian(points, pose, *planes, reverse)
    used = planes[0] >= 0
    assert J.shape == (used.sum(), 6)
    assert_allclose(trust, planes[3][planes[0][used]])
    h = 1e-5
    for j, step in enumerate(h * np.eye(6)):
        ahead = jacobian(points, moved(pose, step, chart), *planes, reverse)[1]
        behind = jacobian(points, moved(pose, -step, chart), *planes, reverse)[1]
        assert_allclose(J[:, j], (ahead - behind) / (2 * h), atol=1e-6)
    # the residual itself: signed distance of the moved point to the plane
    R, t = pose[:, :3], pose[:, 3]
    p, c, n = points[used], planes[1][planes[0][used]], planes[2][planes[0][used]]
    if reverse:  # planes of the source move with it
        c, n = c @ R.T + t, n @ R.T
        assert_allclose(r, np.sum(n * (c - p), axis=1), atol=1e-14)
    else:
        assert_allclose(r, np.sum(n * (p @ R.T + t - c), axis=1), atol=1e-14)


@pytest.fixture
def sides(scene):
    """Both directions of a corridor, points about their centroids."""
    source, target, _ = scene("corridor", 1500)
    clouds = [cloud - cloud.mean(axis=0) for cloud in (source, target)]
    levels = [make_level(cloud)[0] for cloud in clouds]
    return [
        Side(levels[0].points, levels[1], 5),
        Side(levels[1].points, levels[0], 5, reverse=True),
    ]


@pytest.mark.parametrize("robust", LOSSES)
def test_normal_equations_are_the_sums_over_rows(rng, sides, robust):
    pairs = Pairs(sides, robust, None)
    pose = a_pose(rng, 0.01)
    sums = pairs.update(pose, 3.0)
    J, r = [], []
    for side in sides:
        rows, residuals, _ = jacobian(
            side.points, pose, side.index, *side.planes, side.reverse
        )
        weighted = side.rows(pose, LOSSES[robust], pairs.scale)
        length = np.linalg.norm(weighted, axis=1) / np.linalg.norm(rows, axis=1)
        J.append(np.sqrt(0.5) * weighted)
        r.append(np.sqrt(0.5) * length * residuals)
    H, g = sum(A.T @ A for A in J), -sum(A.T @ b for A, b in zip(J, r, strict=True))
    assert_allclose(sums.hessian, H, rtol=1e-9, atol=1e-9 * np.max(H))
    assert_allclose(sums.gradient, g, atol=1e-9 * np.max(np.abs(g)))
    assert np.array_equal(sums.hessian, sums.hessian.T)
    assert np.linalg.eigvalsh(sums.hessian)[0] > 0
    assert_allclose(pairs.rows(pose), np.concatenate(J), atol=1e-12)
    assert 0 < sums.fitness <= 1
    assert sums.n_pairs <= sides[0].points.shape[0]


@pytest.mark.parametrize("robust", ["huber", "tukey", "gm", "linear"])
def test_robust_weights_are_what_their_losses_say(robust):
    from skspace._numba.point_to_plane import weight_of

    formula = {
        "huber": lambda r: 1.0 if r <= 1 else np.sqrt(1 / r),
        "tukey": lambda r: max(1 - r**2, 0.0),
        "gm": lambda r: 1 / (1 + r**2),
        "linear": lambda r: 1 - 0.9 * r if 1 - 0.9 * r > 0.1 else 0.0,
    }[robust]
    for r in np.linspace(-3, 3, 41):
        weight = weight_of(0.2 * r, LOSSES[robust], 0.2)
        assert_allclose(weight, formula(abs(r)), atol=1e-12)


def test_searches_that_are_skipped_would_have_found_the_same(rng, scene):
    source, target, _ = scene("room", 2000)
    offset = target.mean(axis=0)
    index = TargetIndex(target, voxel_size=None)
    for k in (None, 5):
        kept = Side(source - offset, index.level(0), k)
        pose = np.eye(4)[:3]
        for _ in range(6):
            pose = moved(pose, 0.004 * rng.standard_normal(6), "SO3xR3")
            searches = kept.associate(pose, 1.0)
            fresh = Side(source - offset, index.level(0), k)
            assert fresh.associate(pose, 1.0) == 2000
            np.testing.assert_array_equal(kept.index, fresh.index)
            kept_r, fresh_r = kept.residuals(pose), fresh.residuals(pose)
            assert_allclose(kept_r, fresh_r, atol=1e-12)
        assert searches < 1900


# The facts that the analysis rests on, for the rows of a scan of a corridor.


@pytest.fixture
def rows(sides, rng):
    pairs = Pairs(sides[:1], None, None)
    pose = a_pose(rng, 0.01)
    pairs.update(pose, 3.0)
    return pairs.rows(pose)


def schur(H):
    S = H[:3, :3] - H[:3, 3:] @ np.linalg.solve(H[3:, 3:], H[3:, :3])
    return S, H[3:, 3:] - H[3:, :3] @ np.linalg.solve(H[:3, :3], H[:3, 3:])


def complements(report):
    return [
        block.basis @ np.diag(block.eigenvalues) @ block.basis.T
        for block in report.blocks
    ]


def assert_close(found, expected, tolerance=1e-10):
    assert_allclose(found, expected, atol=tolerance * np.max(np.abs(expected)))


def test_the_report_holds_schur_complements(rows):
    for report in (analyze_blocks(rows), analyze_blocks(rows.T @ rows)):
        for found, expected in zip(
            complements(report), schur(rows.T @ rows), strict=True
        ):
            assert_close(found, expected)


def test_they_are_what_the_other_block_cannot_imitate(rows):
    for k, found in enumerate(complements(analyze_blocks(rows))):
        own, other = (rows[:, :3], rows[:, 3:])[:: 1 - 2 * k]
        Q = np.linalg.qr(other)[0]
        left = own - Q @ (Q.T @ own)
        assert_close(found, left.T @ left)


def test_mixing_or_scaling_translation_leaves_the_rotation_evidence(rows, rng):
    before = analyze_blocks(rows)
    mixing = np.eye(6)
    mixing[3:, 3:] = rng.standard_normal((3, 3))
    found = complements(analyze_blocks(rows @ mixing))[0]
    assert_close(found, complements(before)[0])
    mixing = np.eye(6)
    mixing[:3, :3] = rng.standard_normal((3, 3))
    assert_close(complements(analyze_blocks(rows @ mixing))[1], complements(before)[1])
    for unit in (1e-3, 1e3):
        report = analyze_blocks(rows * np.repeat([1, unit], 3))
        assert report.mask == before.mask
        assert_allclose(report.kappa, before.kappa, rtol=1e-10)


def test_their_inverses_are_marginal_covariances(rows):
    report = analyze_blocks(rows, sigma=0.1)
    covariance = 0.01 * np.linalg.inv(rows.T @ rows)
    for k, (block, S) in enumerate(
        zip(report.blocks, complements(report), strict=True)
    ):
        part = covariance[3 * k : 3 * k + 3, 3 * k : 3 * k + 3]
        assert_close(0.01 * np.linalg.inv(S), part)
        along = np.diag(block.basis.T @ part @ block.basis)
        assert_allclose(block.stds, np.sqrt(along), rtol=1e-9)


def test_rotation_evidence_knows_no_centre_and_translation_evidence_does(rows, rng):
    rotation, translation = complements(analyze_blocks(rows))
    # rows about another centre: (p - c) x m = p x m - c x m
    c = np.array([3.0, -2.0, 5.0])
    other = rows.copy()
    other[:, :3] -= np.cross(c, rows[:, 3:])
    found = complements(analyze_blocks(other))
    assert_close(found[0], rotation)
    assert np.max(np.abs(found[1] - translation)) > 0.1 * np.max(translation)
