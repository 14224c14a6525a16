"""Which plane each point is measured against, and the sums over all of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ._motion import inverse

LOSSES = {None: 0, "huber": 1, "tukey": 2, "gm": 3, "linear": 4}
TUNING = {"huber": 1.345, "tukey": 4.685, "gm": 3.0}
"""Robust scales in standard deviations; the first two keep 95 % efficiency."""


class Sums(NamedTuple):
    """The normal equations at a pose, and what they were summed over."""

    hessian: Any
    gradient: Any
    n_pairs: int
    fitness: float
    rmse: float
    sigma: float
    """Standard deviation of the weighted residuals, six unknowns taken off."""


class Side:
    """Points of one cloud against planes of the other.

    Parameters
    ----------
    points : (n, 3) array
        Those that are measured.
    level : Level
        The cloud that has the planes.
    k : int or None
        Fit a plane to the k points nearest to each measured one; None takes the one
        point nearest, and its normal.
    thickness : float
        Planes with a point farther off are left out.
    reverse : bool
        Whether the planes are the source's.
    n_neighbors : int
        Points behind each normal that is still to be fitted.
    patches : tuple of Patches and (m,) array, optional
        Planes in place of the normals of `level`, and the one that each of its points
        belongs to.
    """

    def __init__(
        self,
        points,
        level,
        k=None,
        thickness=np.inf,
        reverse=False,
        n_neighbors=10,
        patches=None,
    ):
        n = points.shape[0]
        self.points, self.level, self.k = points, level, k
        self.thickness, self.reverse = thickness, reverse
        self.n_neighbors = n_neighbors
        self.limit = None
        self.index = np.full(n, -1)
        self.seen, self.margin = np.zeros((n, 3)), np.full(n, -1.0)
        self.place, self.patch_of = self.index, None
        if patches is not None:
            planes, self.patch_of = patches
            self.planes = planes.centroids, planes.normals, planes.trust
            self.place = np.full(n, -1)
        elif k is None:
            self.planes = level.points, level.normals, level.trust
        else:
            self.planes = np.zeros((n, 3)), np.zeros((n, 3)), np.zeros(n)
            pool = np.empty((n, 2 * k + 1), dtype=np.int64)
            self.pool = pool, np.zeros((n, 3)), np.full(n, -1.0)

    def associate(self, pose, limit):
        """Find the planes at `pose`; only where they may have changed."""
        from .._numba.point_to_plane import associate, associate_planes

        if limit != self.limit:
            self.margin[:] = -1.0
            if self.k is not None:
                self.pool[2][:] = -1.0
            self.limit = limit
        if self.reverse:
            pose = inverse(pose)
        tree = self.level[:3]
        state = self.seen, self.margin
        if self.k is None:
            count = associate(*tree, self.points, pose, limit, self.place, *state)
            if self.patch_of is None:
                self.level.fit_normals(self.n_neighbors, self.index)
            else:
                self.index = np.where(self.place < 0, -1, self.patch_of[self.place])
            return count
        return associate_planes(
            *tree,
            self.points,
            pose,
            self.k,
            limit,
            self.thickness,
            self.index,
            *self.planes,
            *state,
            *self.pool,
        )

    def residuals(self, pose):
        """Signed distances to the planes, of the points that have one."""
        from .._numba.point_to_plane import residuals

        if self.reverse:
            pose = inverse(pose)
        out = np.empty(self.points.shape[0])
        residuals(self.points, pose, self.index, *self.planes[:2], out)
        return out[self.index >= 0]

    def accumulate(self, pose, kind, scale):
        """Return Hessian, gradient and sums (rows, Σ r², Σ (w r)²)."""
        from .._numba.point_to_plane import accumulate

        hessian, gradient, sums = np.zeros((6, 6)), np.zeros(6), np.zeros(3)
        accumulate(
            self.points,
            pose,
            self.index,
            *self.planes,
            kind,
            scale,
            self.reverse,
            hessian,
            gradient,
            sums,
        )
        return hessian, gradient, sums

    def rows(self, pose, kind, scale):
        """Weighted rows w J, for what forming the Hessian would lose."""
        from .._numba.point_to_plane import weight_of

        J, residuals, trust = jacobian(
            self.points, pose, self.index, *self.planes, self.reverse
        )
        weights = np.array([weight_of(r, kind, scale) for r in residuals])
        return J * (weights * np.sqrt(trust))[:, None]


def jacobian(points, pose, index, centroids, normals, trust, reverse=False):
    """Return the rows J, the residuals and the trust of all points with a plane.

    A row is the derivative of the residual by a step (ω, v) in the body frame,
    (p x m, m), with the point p and the normal m in the frame of the source.
    """
    used = index >= 0
    p, c = points[used], centroids[index[used]]
    n, R, t = normals[index[used]], pose[:, :3], pose[:, 3]
    if reverse:
        p, m = (p - t) @ R, n
        residuals = -np.sum(n * (p - c), axis=1)
    else:
        m = n @ R
        residuals = np.sum(n * (p @ R.T + t - c), axis=1)
    J = np.concatenate([np.cross(p, m), m], axis=1)
    return J, residuals, trust[index[used]]


class Pairs:
    """All rows of a stage, from one side or from both.

    Where both clouds are measured, each row counts half.
    """

    def __init__(self, sides, robust, robust_scale):
        self.sides, self.robust, self.robust_scale = sides, robust, robust_scale
        self.share = 1 / len({side.reverse for side in sides})
        self.n_points = sum(side.points.shape[0] for side in sides if not side.reverse)
        self.scale = 1.0

    def update(self, pose, limit):
        """Associate at `pose` and sum.

        Returns
        -------
        Sums
        """
        for side in self.sides:
            side.associate(pose, limit)
        kind = LOSSES[self.robust]
        self.scale = self._scale(pose)
        hessian, gradient, total = np.zeros((6, 6)), np.zeros(6), np.zeros(3)
        forward, partners = np.zeros(3), 0
        for side in self.sides:
            H, g, sums = side.accumulate(pose, kind, self.scale)
            hessian += self.share * H
            gradient += self.share * g
            total += self.share * sums
            if not side.reverse:
                forward += sums
                partners += int(np.count_nonzero(side.index >= 0))
        n_pairs = int(forward[0])
        return Sums(
            hessian,
            gradient,
            n_pairs,
            partners / max(self.n_points, 1),
            float(np.sqrt(forward[1] / max(n_pairs, 1))),
            float(np.sqrt(total[2] / max(total[0] - 6, 1))),
        )

    def rows(self, pose):
        """Rows of J, weighted as in the Hessian."""
        kind, share = LOSSES[self.robust], np.sqrt(self.share)
        return np.concatenate(
            [share * side.rows(pose, kind, self.scale) for side in self.sides]
        )

    def _scale(self, pose):
        """Residual at which the robust loss bends."""
        if self.robust is None:
            return 1.0
        if self.robust_scale is not None:
            return float(self.robust_scale)
        if self.robust == "linear":
            return 1.0
        r = np.concatenate([np.abs(side.residuals(pose)) for side in self.sides])
        if r.size == 0:
            return 1.0
        # the deviation of normal numbers is 1.4826 medians; a perfect fit has none
        return max(TUNING[self.robust] * 1.4826 * float(np.median(r)), 1e-12)
