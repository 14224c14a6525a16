"""Pairs of scans of built scenes, some of which leave motions open."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation
from sklearn.utils import check_random_state

from .._sklearn import Interval, StrOptions, validate_params

__all__ = ["make_corridor"]


class _Surface(NamedTuple):
    """A piece of surface and how two numbers in [0, 1) name a point of it."""

    area: float
    point: Any


def _patch(corner, width, height):
    """Parallelogram spanned by two vectors at a corner."""
    corner, sides = np.asarray(corner), np.array([width, height])
    area = np.linalg.norm(np.cross(*sides))
    return _Surface(float(area), lambda u: corner + u @ sides)


def _box(center, size):
    """Six faces of an upright box."""
    center, edges = np.asarray(center), np.diag(size)
    low = center - edges.sum(axis=0) / 2
    for axis in range(3):
        width, height = np.delete(edges, axis, axis=0)
        yield _patch(low, width, height)
        yield _patch(low + edges[axis], width, height)


def _tube(radius, length, start, stop):
    """Mantle of a cylinder about the x axis, between two angles from the y axis."""

    def point(u):
        x, angle = length * (u[:, 0] - 0.5), start + (stop - start) * u[:, 1]
        return np.stack([x, radius * np.cos(angle), radius * np.sin(angle)], axis=1)

    return _Surface(length * radius * (stop - start), point)


def _rib(x, radius, depth):
    """Upper half of a flat ring across the tube, inside its mantle."""

    def point(u):
        r, angle = radius - depth * u[:, 0], np.pi * u[:, 1]
        return np.stack(
            [np.full_like(r, x), r * np.cos(angle), r * np.sin(angle)], axis=1
        )

    return _Surface(np.pi * depth * (radius - depth / 2), point)


def _corridor():
    length, width, height, bottom, side = 30.0, 3.0, 2.6, -1.2, 0.25
    along, across, up = np.diag([length, width, height])
    corner = np.array([-length / 2, -width / 2, bottom])
    yield _patch(corner, along, up)
    yield _patch(corner + across, along, up)
    yield _patch(corner, along, across)
    yield _patch(corner + up, along, across)
    to_wall = (width - side) / 2
    for x, y in ((-7.0, to_wall), (4.0, -to_wall)):
        yield from _box([x, y, bottom + height / 2], [side, side, height])


def _tunnel():
    radius, length, half = 2.5, 40.0, 2.5 * np.sqrt(0.5)
    yield _tube(radius, length, -np.pi / 4, 5 * np.pi / 4)
    yield _patch([-length / 2, -half, -half], [length, 0, 0], [0, 2 * half, 0])
    for x in (-9.0, 2.0, 11.0):
        yield _rib(x, radius, 0.15)


def _plane():
    bottom, height = -1.5, 0.12
    yield _patch([-10, -10, bottom], [20, 0, 0], [0, 20, 0])
    yield from _box([3, 2, bottom + height / 2], [4, 0.4, height])
    yield from _box([-4, -3, bottom + height / 2], [0.4, 3, height])


def _room():
    yield from _box([0, 0, 0], [8, 6, 2.8])
    yield from _box([1.5, 1.2, -1.0], [1.2, 0.8, 0.8])
    yield from _box([-2.5, -1.8, -0.6], [0.6, 1.5, 1.6])
    yield from _box([3.2, -2.0, -0.9], [0.8, 0.8, 1.0])


_SCENES = {"corridor": _corridor, "tunnel": _tunnel, "plane": _plane, "room": _room}
_TURN = np.deg2rad([0.5, 0.5, 2.0])
_SHIFT = np.array([0.2, 0.15, 0.1])


@validate_params(
    {
        "scene": [StrOptions(set(_SCENES))],
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "noise": [Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_corridor(scene="corridor", n_samples=20_000, *, noise=0.01, random_state=None):
    """Generate two scans of a scene and the motion between them.

    Both clouds are samples of the same surfaces, drawn independently and evenly by
    area, so that no point has an exact partner. What the surfaces do not show of the
    motion, no registration can find:

    ========== =============================================== =======================
    scene      surfaces                                        hardly seen
    ========== =============================================== =======================
    "corridor" 30 m long, 3 m wide, 2.6 m high; two pillars    x; roll, beside yaw
    "tunnel"   tube of 2.5 m radius, 40 m long; floor, 3 ribs  x; roll, beside yaw
    "plane"    20 m square of ground with two kerbs of 12 cm   x, y, yaw
    "room"     closed box of 8 x 6 x 2.8 m with three boxes    nothing
    ========== =============================================== =======================

    Parameters
    ----------
    scene : {"corridor", "tunnel", "plane", "room"}, default="corridor"
        Which of the scenes above; the x axis runs along corridor and tunnel, z points
        up, and the origin is in the middle.
    n_samples : int, default=20000
        Points of each cloud.
    noise : float, default=0.01
        Standard deviation, in metres, of the Gaussian error of each coordinate.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same clouds at every call. With one seed, changing `noise`
        scales the same errors.

    Returns
    -------
    source : ndarray of shape (n_samples, 3), float64
        The cloud to be moved, in metres, surface by surface.
    target : ndarray of shape (n_samples, 3), float64
        The other cloud, in the frame of the scene.
    transformation : ndarray of shape (4, 4), float64
        The motion ``[[R, t], [0, 1]]`` with ``x_target = R @ x_source + t``: a turn by
        the vector (0.5, 0.5, 2) degrees and a shift by (0.2, 0.15, 0.1) metres, each
        component of a random sign.

    See Also
    --------
    fetch_corridor : One such pair, from a file.
    skspace.registration.PointToPlaneICP : Finds the motion, and what is hardly seen.

    Notes
    -----
    Cost O(n_samples).

    Examples
    --------
    >>> from skspace.datasets import make_corridor
    >>> source, target, motion = make_corridor("room", 500, random_state=0)
    >>> source.shape, target.shape
    ((500, 3), (500, 3))
    >>> moved = source @ motion[:3, :3].T + motion[:3, 3]
    >>> bool(abs(moved).max() < 4.1)
    True
    """
    rng = check_random_state(random_state)
    surfaces = list(_SCENES[scene]())
    target = _sample(surfaces, n_samples, rng)
    scanned = _sample(surfaces, n_samples, rng)
    signs = rng.choice([-1.0, 1.0], size=6)
    motion = np.eye(4)
    motion[:3, :3] = Rotation.from_rotvec(signs[:3] * _TURN).as_matrix()
    motion[:3, 3] = signs[3:] * _SHIFT
    # drawn last and always, so that one seed gives the same points at every level
    target = target + noise * rng.standard_normal(target.shape)
    scanned = scanned + noise * rng.standard_normal(scanned.shape)
    return (scanned - motion[:3, 3]) @ motion[:3, :3], target, motion


def _sample(surfaces, n_samples, rng):
    """Draw points evenly over all surfaces."""
    area = np.array([surface.area for surface in surfaces])
    counts = rng.multinomial(n_samples, area / area.sum())
    return np.concatenate(
        [
            surface.point(rng.random_sample((count, 2)))
            for surface, count in zip(surfaces, counts, strict=True)
        ]
    )
