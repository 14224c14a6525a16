"""The target of registrations: thinned clouds, their trees and their normals."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils.parallel import Parallel, delayed

from .._sklearn import interruptible
from ._clouds import FEWEST, automatic_cell, check_cloud, thin

__all__ = ["TargetIndex"]


class Level(NamedTuple):
    """A cloud at one resolution: its points in the order of their tree."""

    points: Any
    """(m, 3) float64."""
    axes: Any
    splits: Any
    """The tree."""
    normals: Any
    """(m, 3) float64."""
    trust: Any
    """(m,) float64: how well neighbours determine each normal; -1 where not fitted."""

    def fit_normals(self, n_neighbors, wanted):
        """Fit the normals at some places of the tree that have none yet."""
        from .._numba.planes import fit_normals

        fit_normals(*self[:3], n_neighbors, wanted, self.normals, self.trust)


def make_level(points, weights=None):
    """Build the tree of a cloud.

    Returns
    -------
    level : Level
        Without normals so far.
    weights : array
        Reordered as the points are.
    """
    from .._numba.kd_tree import build

    order, points, axes, splits = build(points)
    weights = None if weights is None else weights[order]
    m = points.shape[0]
    return Level(points, axes, splits, np.zeros((m, 3)), np.full(m, -1.0)), weights


class TargetIndex:
    """A target cloud made ready once, for many scans to be aligned with.

    Holds the thinned cloud, a kd-tree and normals, at every resolution a fit asked for
    so far. Pass it as `y` to :meth:`PointToPlaneICP.fit`.

    Parameters
    ----------
    points : array-like of shape (m, 3)
        The target, in any unit of length; at least ten finite points.
    voxel_size : float, "auto" or None, default="auto"
        Side of the cells whose points are replaced by their centroid, in the unit of
        the cloud. "auto" leaves about 16,000 points, and all of them where there are
        no more than 20,000; None leaves all.
    n_neighbors : int, default=10
        Points to which the plane at each point is fitted.

    Attributes
    ----------
    voxel_size_ : float or None
        The side used; None where nothing was thinned.
    spacing_ : float
        `voxel_size_`, or what it would be for a surface as dense as this cloud: the
        length by which distances of a coarse-to-fine schedule are measured.
    n_points_ : int
        Points left at the finest resolution.

    Raises
    ------
    ValueError
        For fewer than ten points, not-finite ones, other than three columns, a unit
        that takes coordinates beyond 1e30 or the extent below 1e-20, more than half of
        the points in one place with five others, a cell so small that cells cannot be
        numbered, or so large that fewer than ten are occupied.

    See Also
    --------
    PointToPlaneICP : The estimator.

    Notes
    -----
    Cost O(m) for thinning, O(m log m) for the tree and the normals. Cells are aligned
    with the axes and have a node at the centroid, so a shifted cloud is thinned alike
    and a turned one is not.

    Examples
    --------
    >>> from skspace.datasets import make_corridor
    >>> from skspace.registration import TargetIndex
    >>> source, target, motion = make_corridor("room", 3000, random_state=0)
    >>> index = TargetIndex(target)
    >>> index
    TargetIndex(3000 points, spacing 0.24)
    >>> first, second = index.align([source, source[::2]])
    >>> bool(abs(first.translation_ - second.translation_).max() < 0.02)
    True
    """

    def __init__(self, points, *, voxel_size="auto", n_neighbors=10, _private=False):
        cloud = check_cloud(points, "points")
        check_voxel_size(voxel_size)
        if not (isinstance(n_neighbors, Integral) and n_neighbors >= 3):
            raise ValueError(
                "n_neighbors must be an integer of at least 3, the points of a plane; "
                f"got {n_neighbors!r}."
            )
        self.voxel_size = voxel_size
        self.n_neighbors = n_neighbors
        with interruptible():
            cell = automatic_cell(*cloud) if voxel_size == "auto" else voxel_size
            self.offset_ = cloud.offset
            self.voxel_size_ = float(cell) if cell else None
            points, weights = thin(cloud.points, cell or 0.0, offset=cloud.offset)
            check_left(points, "the target", cell)
            self._finest, self._weights = make_level(points, weights)
            self._private = _private
            self._levels = {0.0: self._ready(self._finest)}
        self.n_points_ = points.shape[0]
        self.spacing_ = self.voxel_size_ or spacing(self._finest)

    def __repr__(self):
        return (
            f"{type(self).__name__}({self.n_points_} points, spacing "
            f"{self.spacing_:.2g})"
        )

    def level(self, cell):
        """Return the cloud thinned to cells of that side, made on first use.

        Parameters
        ----------
        cell : float
            Side of the cells; 0 for the finest resolution.

        Returns
        -------
        level : Level
            Points (about the centroid `offset_`), tree, normals and their trust. In the
            private index of a fit, normals are fitted when a pair asks for them.
        """
        key = round(cell, 12)
        # two threads may both do this work; they do the same
        if key not in self._levels:
            points, weights = thin(self._finest.points, cell, self._weights)
            self._levels[key] = self._ready(make_level(points, weights)[0])
        return self._levels[key]

    def _ready(self, level):
        """Fit all normals of an index that threads may share."""
        if not self._private:
            level.fit_normals(self.n_neighbors, np.arange(level.points.shape[0]))
        return level

    def align(self, scans, *, estimator=None, init=None, n_jobs=None):
        """Align many scans with this target.

        Parameters
        ----------
        scans : iterable of array-likes of shape (n_i, 3)
            The sources.
        estimator : PointToPlaneICP, default=None
            How to align them; it is cloned for each. None takes the defaults.
        init : iterable of array-likes of shape (4, 4), default=None
            Where each starts, in place of the `init` of the estimator.
        n_jobs : int, default=None
            Threads over scans. No result depends on it.

        Returns
        -------
        fitted : list of PointToPlaneICP
            One fitted estimator a scan, in their order.
        """
        from sklearn.base import clone

        from ._icp import PointToPlaneICP

        scans = list(scans)
        template = PointToPlaneICP() if estimator is None else estimator
        estimators = [clone(template) for _ in scans]
        if init is not None:
            starts = list(init)
            if len(starts) != len(scans):
                raise ValueError(
                    f"init has {len(starts)} motions for {len(scans)} scans; give one "
                    "for each."
                )
            for each, start in zip(estimators, starts, strict=True):
                each.set_params(init=start)
        return Parallel(n_jobs=n_jobs, prefer="threads")(
            delayed(each.fit)(scan, self)
            for each, scan in zip(estimators, scans, strict=True)
        )


def check_voxel_size(voxel_size):
    """Refuse what is neither a positive number nor "auto" nor None."""
    if voxel_size is None or (isinstance(voxel_size, str) and voxel_size == "auto"):
        return
    number = isinstance(voxel_size, Real) and math.isfinite(voxel_size)
    if not (number and voxel_size > 0):
        raise ValueError(
            f"voxel_size must be a positive number, 'auto' or None; got {voxel_size!r}."
        )


def check_left(points, name, cell):
    """Refuse a cloud of which thinning left next to nothing."""
    if points.shape[0] < FEWEST:
        raise ValueError(
            f"Thinning {name} to cells of {cell:g} left {points.shape[0]} points of "
            "it. Make voxel_size smaller; if the clouds differ in unit (metres and "
            "millimetres, say), convert one."
        )


def thin_alike(cloud, index):
    """Thin a source as the target was, about its centroid; see :func:`thin`."""
    cell = index.voxel_size_ or 0.0
    if index.voxel_size == "auto" and cell == 0:
        cell = automatic_cell(*cloud)
    points, weights = thin(cloud.points, cell, offset=cloud.offset)
    check_left(points, "the source", cell)
    return points, weights


def spacing(level):
    """Return the side of the square that one point of a surface has to itself.

    From the distance to the fifth neighbour of some 2,000 points: a circle about a
    point holds π r² / s² others.
    """
    from .._numba.kd_tree import neighbor_distances

    points = level.points
    k = min(5, points.shape[0] - 1)
    stride = max(1, points.shape[0] // 2000)
    r = np.median(neighbor_distances(*level[:3], k, stride))
    if r > 0:
        return float(r * math.sqrt(math.pi / k))
    raise ValueError(
        "More than half of the points stand in one place with five others; remove "
        "duplicates, or set voxel_size."
    )
