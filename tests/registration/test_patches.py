"""Patches of a cloud, and which of its points tell more than most."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skspace.registration._patches import patches, split
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
