"""Patches of a cloud, and which of its points tell more than most."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skspace.registration import PointToPlaneICP, TargetIndex
from skspace.registration._alignment import Alignment, Stage
from skspace.registration._motion import moved
from skspace.registration._pairs import Pairs, Side
from skspace.registration._patches import patches, split
from skspace.registration._settings import rules_of
from skspace.registration._target import make_level


def told(scene, name, seed=0):
    """The target of a scene, a mark of what tells, and the planes at its points."""
    cloud = scene(name, 20_000, seed)[1]
    offset = cloud.mean(axis=0)
    level = make_level(cloud - offset)[0]
    telling, flat, found, patch_of = split(level)
    planes = [part[patch_of] for part in found[1:4]]
    both = np.concatenate([telling, flat])
    rows = {tuple(point): i for i, point in enumerate(both)}
    place = np.array([rows[tuple(point)] for point in level.points])
    assert sorted(place) == list(range(len(cloud)))  # every point is in one of them
    return level.points + offset, place < len(telling), planes


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_points_on_faces_across_a_corridor_tell(scene, seed):
    points, telling, _ = told(scene, "corridor", seed)
    assert np.mean(telling) < 0.2
    # faces of the pillars towards both ends, away from their edges
    x, y, z = points.T
    faces = np.zeros(len(points), dtype=bool)
    for center, side in ((-7.0, 1.0), (4.0, -1.0)):
        near = np.abs(np.abs(x - center) - 0.125) < 0.02
        faces |= near & (np.abs(side * y - 1.375) < 0.08) & (np.abs(z) < 1)
    assert np.sum(faces) > 20
    assert np.mean(telling[faces]) > 0.9
    # walls between them, away from floor and ceiling
    walls = (np.abs(x + 1.5) < 3) & (np.abs(np.abs(y) - 1.5) < 0.05) & (np.abs(z) < 0.7)
    assert np.sum(walls) > 500
    assert np.mean(telling[walls]) < 0.05


def test_planes_of_flat_patches_lie_in_their_surface(scene):
    points, telling, planes = told(scene, "corridor")
    offset = points.mean(axis=0)
    centroids, normals, trust = planes
    assert np.all(trust[telling] == 0)
    assert np.all(trust[~telling] > 0)
    centroids, normals = centroids[~telling] + offset, normals[~telling]
    surfaces = np.stack(
        [
            np.abs(np.abs(centroids[:, 1]) - 1.5),
            np.abs(centroids[:, 2] + 1.2),
            np.abs(centroids[:, 2] - 1.4),
        ]
    )
    near = np.min(surfaces, axis=0) < 0.02
    assert np.mean(near) > 0.97
    axis = np.where(np.argmin(surfaces, axis=0) == 0, 1, 2)[near]
    along = np.abs(normals[near, axis])
    assert np.median(along) > 0.999
    assert np.mean(along > 0.97) > 0.99


def test_a_patch_for_every_eight_to_sixteen_neighbours(rng):
    level = make_level(rng.standard_normal((1000, 3)) * [5, 5, 0.01])[0]
    found = patches(level)
    assert found.counts.sum() == 1000
    assert found.counts.min() >= 8
    assert found.counts.max() <= 16
    stop = np.cumsum(found.counts)
    for j in (0, 17, len(stop) - 1):
        part = level.points[stop[j] - found.counts[j] : stop[j]]
        assert_allclose(found.centroids[j], part.mean(axis=0), atol=1e-12)
        off = (part - found.centroids[j]) @ found.normals[j]
        assert_allclose(found.thickness[j], np.mean(off**2))


def test_an_exact_plane_has_nothing_that_tells(rng):
    square = rng.uniform(-5, 5, size=(1500, 2))
    cloud = np.pad(square, [(0, 0), (0, 1)])
    Q = np.linalg.qr(np.vander([1.0, 2, 4]))[0]
    for turn in (np.eye(3), Q):
        telling, _, planes, _ = split(make_level(cloud @ turn)[0])
        # the border and the corners, at most: there a tilt has its longest lever
        assert telling.shape[0] < 500
        assert_allclose(np.abs(planes.normals @ turn.T[:, 2]), 1, atol=1e-9)


@pytest.fixture
def levels(scene):
    """Source and target of a corridor, about their centroids."""
    clouds = scene("corridor", 3000)[:2]
    return [make_level(cloud - cloud.mean(axis=0))[0] for cloud in clouds]


def test_what_tells_has_twice_the_mean_leverage_or_is_not_flat(levels):
    found = patches(levels[1])
    J = np.concatenate(
        [np.cross(found.centroids, found.normals), found.normals], axis=1
    )
    rows = np.repeat(J * np.sqrt(found.trust)[:, None], found.counts, axis=0)
    hat = np.sum(np.linalg.qr(rows)[0] ** 2, axis=1)
    thick = np.repeat(found.thickness > 4 * np.median(found.thickness), found.counts)
    expected = (hat > 2 * np.mean(hat)) | thick
    telling, flat, planes, patch_of = split(levels[1])
    assert_array_equal(planes.trust[patch_of] == 0, expected)
    assert_array_equal(telling, levels[1].points[expected])
    assert_array_equal(flat, levels[1].points[~expected])


def test_points_are_measured_against_the_patch_of_their_nearest(levels, rng):
    points, level = levels[0].points[::7], levels[1]
    _, _, planes, patch_of = split(level)
    side = Side(points, level, patches=(planes, patch_of))
    pose = np.eye(4)[:3]
    for limit in (0.2, 1.0):
        pose = moved(pose, 0.01 * rng.standard_normal(6), "SO3xR3")
        side.associate(pose, limit)
        off = (points @ pose[:, :3].T + pose[:, 3])[:, None] - level.points
        squares = np.sum(off**2, axis=2)
        expected = patch_of[np.argmin(squares, axis=1)]
        near = np.min(squares, axis=1) < limit**2
        assert_array_equal(side.index, np.where(near, expected, -1))
        assert np.sum(near) > 0


def test_rows_of_both_clouds_count_half_and_fitness_all_of_the_source(scene):
    source, target, _ = scene("corridor", 3000)
    index, icp = TargetIndex(target), PointToPlaneICP()
    points = source - source.mean(axis=0)
    pose = np.eye(4)[:3]
    alignment = Alignment(icp, points, np.ones(3000), index, pose, rules_of(icp))
    stage = Stage(0.0, 0.3, local=True, both=True, most=500, last=True)
    sides = alignment._sides(stage)
    # each cloud is measured against planes of the other, what tells point by point
    clouds = {tuple(p) for p in points}, {tuple(p) for p in index.level(0).points}
    for side in sides:
        assert tuple(side.points[0]) in clouds[side.reverse]
        assert tuple(side.level.points[0]) in clouds[not side.reverse]
        assert (side.points.shape[0] <= 500) == (side.k is None)
        own = index.level(0) if side.reverse else make_level(points)[0]
        if side.k is not None:
            assert_array_equal(side.points, split(own)[0])
        else:
            means = patches(side.level).centroids
            assert_array_equal(side.planes[0], means)
            assert side.patch_of.shape[0] == side.level.points.shape[0]
    assert sorted(side.reverse for side in sides) == [False, False, True, True]

    pairs = Pairs(sides, None, None)
    sums = pairs.update(pose, 0.3)
    parts = [side.accumulate(pose, 0, 1.0) for side in sides]
    assert_allclose(sums.hessian, sum(H for H, _, _ in parts) / 2)
    assert_allclose(sums.gradient, sum(g for _, g, _ in parts) / 2)
    J = pairs.rows(pose)
    assert_allclose(J.T @ J, sums.hessian, atol=1e-9 * np.max(sums.hessian))
    forward = [side for side in sides if not side.reverse]
    with_partner = sum(np.sum(side.index >= 0) for side in forward)
    assert sums.fitness == with_partner / sum(len(side.points) for side in forward)
    assert 0 < sums.fitness < 1
