"""Generated scans lie on the surfaces of their scene, after the motion they state."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skspace.datasets import make_corridor

SCENES = ["corridor", "tunnel", "plane", "room"]


def in_scene(source, motion):
    return source @ motion[:3, :3].T + motion[:3, 3]


def near(value, *places):
    """Whether numbers are at one of some places."""
    return np.any([np.abs(value - place) < 1e-9 for place in places], axis=0)


def on_box(points, center, size):
    """Whether points are on the surface of an upright box."""
    off = np.abs(points - np.asarray(center)) - np.asarray(size) / 2
    inside = np.all(off < 1e-9, axis=1)
    return inside & np.any(np.abs(off) < 1e-9, axis=1)


def on_corridor(points):
    x, y, z = points.T
    shell = (np.abs(x) <= 15) & (near(y, -1.5, 1.5) | near(z, -1.2, 1.4))
    left = on_box(points, [-7, 1.375, 0.1], [0.25, 0.25, 2.6])
    right = on_box(points, [4, -1.375, 0.1], [0.25, 0.25, 2.6])
    return shell | left | right


def on_tunnel(points):
    x, y, z = points.T
    radius, floor = np.hypot(y, z), -2.5 / np.sqrt(2)
    tube = near(radius, 2.5) & (z >= floor - 1e-9)
    ground = near(z, floor) & (radius <= 2.5 + 1e-9)
    ribs = near(x, -9, 2, 11) & (radius >= 2.35) & (radius <= 2.5) & (z >= 0)
    return (np.abs(x) <= 20) & (tube | ground | ribs)


def on_plane(points):
    ground = np.all(np.abs(points[:, :2]) <= 10, axis=1) & near(points[:, 2], -1.5)
    long = on_box(points, [3, 2, -1.44], [4, 0.4, 0.12])
    return ground | long | on_box(points, [-4, -3, -1.44], [0.4, 3, 0.12])


def on_room(points):
    boxes = [
        ([0, 0, 0], [8, 6, 2.8]),
        ([1.5, 1.2, -1.0], [1.2, 0.8, 0.8]),
        ([-2.5, -1.8, -0.6], [0.6, 1.5, 1.6]),
        ([3.2, -2.0, -0.9], [0.8, 0.8, 1.0]),
    ]
    return np.any([on_box(points, *box) for box in boxes], axis=0)


ON = {"corridor": on_corridor, "tunnel": on_tunnel, "plane": on_plane, "room": on_room}


@pytest.mark.parametrize("scene", SCENES)
def test_without_noise_both_clouds_lie_on_the_surfaces(scene):
    source, target, motion = make_corridor(scene, 3000, noise=0, random_state=1)
    assert np.all(ON[scene](target))
    assert np.all(ON[scene](in_scene(source, motion)))


@pytest.mark.parametrize("scene", SCENES)
def test_motion_is_rigid_and_of_the_stated_size(scene):
    _, _, motion = make_corridor(scene, 10, random_state=2)
    R = motion[:3, :3]
    assert_allclose(R @ R.T, np.eye(3), atol=1e-15)
    assert_array_equal(motion[3], [0, 0, 0, 1])
    angle = np.arccos((np.trace(R) - 1) / 2)
    assert_allclose(np.rad2deg(angle), np.sqrt(0.5**2 + 0.5**2 + 2**2), rtol=1e-9)
    assert_allclose(np.abs(motion[:3, 3]), [0.2, 0.15, 0.1])
    axis = np.array([R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1]])
    turn = np.abs(axis) / (2 * np.sin(angle)) * np.rad2deg(angle)
    assert_allclose(turn, [0.5, 0.5, 2], rtol=1e-9)


def test_points_are_even_by_area():
    source, target, motion = make_corridor("room", 40_000, noise=0, random_state=3)
    faces = 2 * (8 * 6 + 8 * 2.8 + 6 * 2.8)
    inner = 2 * (1.2 * 0.8 + 1.2 * 0.8 + 0.8**2)
    inner += 2 * (0.6 * 1.5 + 0.6 * 1.6 + 1.5 * 1.6) + 2 * (0.8**2 + 0.8 + 0.8)
    share = 48 / (faces + inner)
    for points in (target, in_scene(source, motion)):
        ceiling = points[near(points[:, 2], 1.4)]
        error = np.sqrt(share * (1 - share) / 40_000)
        assert abs(len(ceiling) / 40_000 - share) < 5 * error
        counts = np.histogram2d(ceiling[:, 0], ceiling[:, 1], bins=4)[0]
        mean = len(ceiling) / 16
        assert np.max(np.abs(counts - mean)) < 5 * np.sqrt(mean)


@pytest.mark.parametrize("scene", SCENES)
def test_clouds_are_independent_samples(scene):
    source, target, motion = make_corridor(scene, 500, noise=0, random_state=0)
    moved = in_scene(source, motion)
    gaps = np.linalg.norm(moved[:, None] - target, axis=2).min(axis=1)
    assert np.mean(gaps > 1e-3) > 0.99


def test_noise_scales_the_same_errors():
    clean, still, _ = make_corridor(n_samples=5000, noise=0, random_state=5)
    source, target, _ = make_corridor(n_samples=5000, noise=0.02, random_state=5)
    louder, _, _ = make_corridor(n_samples=5000, noise=0.06, random_state=5)
    errors = source - clean
    assert_allclose(louder - clean, 3 * errors, atol=1e-12)
    for e in (errors, target - still):
        assert abs(e.std() / 0.02 - 1) < 5 / np.sqrt(2 * e.size)
    assert abs(np.sum(errors * (target - still))) < 5 * 0.02**2 * np.sqrt(errors.size)


def test_defaults_are_20000_points_of_a_corridor():
    source, target, motion = make_corridor(random_state=0)
    assert source.shape == target.shape == (20_000, 3)
    assert source.dtype == target.dtype == motion.dtype == np.float64
    again = make_corridor("corridor", random_state=np.random.RandomState(0))
    for ours, theirs in zip((source, target, motion), again, strict=True):
        assert_array_equal(ours, theirs)
    assert np.any(make_corridor(random_state=1)[1] != target)


def test_one_point_is_enough():
    source, target, _ = make_corridor("tunnel", 1, random_state=0)
    assert source.shape == target.shape == (1, 3)


@pytest.mark.parametrize(
    ("name", "value"),
    [("scene", "cave"), ("n_samples", 0), ("noise", -1), ("random_state", "seed")],
)
def test_parameters_out_of_range_are_named(name, value):
    with pytest.raises(ValueError, match=name):
        make_corridor(**{name: value})
