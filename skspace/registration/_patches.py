"""Leaves of a cloud's tree as patches of surface, and which of them tell most."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ._step import direct

TELLING = 2.0
"""Leverage, in means, above which a patch is measured point by point."""
FLAT = 4.0
"""Thickness, in medians, up to which a patch is flat."""


class Patches(NamedTuple):
    """A plane for every leaf of a tree: 8 to 16 points that are neighbours."""

    counts: Any
    """(r,) points of each."""
    centroids: Any
    """(r, 3)."""
    normals: Any
    """(r, 3)."""
    trust: Any
    """(r,): how well the points say what their plane is."""
    thickness: Any
    """(r,): mean squared distance of the points to it."""


def patches(level):
    """Fit a plane to each leaf, which takes no search."""
    from .._numba.kd_tree import leaf_edges
    from .._numba.planes import planes_of_runs

    edges = leaf_edges(level.points.shape[0])
    n = edges.shape[0] - 1
    planes = np.empty((n, 3)), np.empty((n, 3)), np.empty(n), np.empty(n)
    planes_of_runs(level.points, edges, *planes)
    return Patches(np.diff(edges), *planes)


def split(level):
    """Tell points that motions hinge on from points of which there are many alike.

    A row of the equations matters by its leverage, its share in what is known of the
    direction it speaks of. In a corridor the walls have little each, and the faces of a
    pillar nearly all that is known of the way along. Patches that are not flat (edges,
    mostly) go with them, since their plane is none.

    Returns
    -------
    telling, flat : arrays of shape (n, 3)
        The points of the two.
    planes : Patches
        Trust is zero where not flat.
    patch_of : array of shape (m,)
        The patch of every point of `level`.
    """
    found = patches(level)
    J = np.concatenate(
        [np.cross(found.centroids, found.normals), found.normals], axis=1
    )
    weights = found.trust * found.counts
    leverage = np.sum(J * direct((J.T * weights) @ J, J.T).T, axis=1) * found.trust
    mean = (leverage @ found.counts) / level.points.shape[0]
    limit = max(
        FLAT * float(np.median(found.thickness)), 1e-18 * float(np.max(level.points**2))
    )
    telling = (leverage > TELLING * mean) | (found.thickness > limit)
    patch_of = np.repeat(np.arange(telling.shape[0]), found.counts)
    each = telling[patch_of]
    planes = found._replace(trust=np.where(telling, 0.0, found.trust))
    return level.points[each], level.points[~each], planes, patch_of
