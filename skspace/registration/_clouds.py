"""Clouds as input: checks, and thinning to the cells of a grid."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils.validation import check_array

from .._array import is_array_api_obj, to_numpy

N_POINTS = 16_000
"""Points that the automatic cell leaves of a cloud."""
FEWEST = 10
"""Points and pairs below which no motion is estimated."""
LONGEST = 2**20
"""Cells along one axis that their numbers have room for."""


class Cloud(NamedTuple):
    """A cloud about its own centroid."""

    points: Any
    """(n, 3) float64."""
    offset: Any
    """(3,) float64: the centroid, taken off the points."""


def check_cloud(X, name):
    """Validate a cloud of points in space and centre it.

    Raises
    ------
    ValueError
        When it is not a finite table of three columns, or has fewer than ten points.
    """
    if is_array_api_obj(X):
        X = to_numpy(X)
    X = check_array(X, dtype=[np.float64, np.float32], input_name=name)
    if X.shape[1] != 3:
        raise ValueError(
            f"{name} must have three columns x, y, z, got shape {X.shape}"
            f"{'; pass its transpose' if X.shape[0] == 3 else ''}."
        )
    if X.shape[0] < FEWEST:
        raise ValueError(
            f"{name} has {X.shape[0]} points, and at least {FEWEST} are needed for the "
            "six unknowns of a motion."
        )
    X = np.asarray(X, dtype=np.float64, order="C")
    # a product: reductions along the long axis of three columns are slow
    offset = np.full(X.shape[0], 1 / X.shape[0]) @ X
    return Cloud(X - offset, offset)


def automatic_cell(points):
    """Return the side of cells that leave about 16,000 points; 0.0 where all may stay.

    Found to 10 % of the count, which takes about four passes over the cloud.
    """
    from .._numba.voxels import bounds, count_voxels

    if points.shape[0] <= 1.25 * N_POINTS:
        return 0.0
    box = bounds(points)
    low, high = 0.0, extent(box)
    cell = high / math.sqrt(N_POINTS)
    for _ in range(30):
        count = count_voxels(points, _corner(box, cell), cell, 2 * N_POINTS)
        if abs(count / N_POINTS - 1) <= 0.1:
            break
        low, high = (cell, high) if count > N_POINTS else (low, cell)
        # numbers of cells fall with a power of their side between 1 and 2
        guess = cell * (count / N_POINTS) ** 0.7
        cell = guess if low < guess < high else (low + high) / 2
    return cell


def thin(points, cell, weights=None):
    """Return centroids of the occupied cells, and how many points each stands for.

    Their order is along a curve that fills space, whatever that of the points was.
    """
    from .._numba.voxels import bounds, morton_codes, voxel_centroids

    if weights is None:
        weights = np.ones(points.shape[0])
    if cell > 0:
        box = bounds(points)
        if extent(box) > (LONGEST - 4) * cell:
            raise ValueError(
                f"Cells of {cell:g} are too small for a cloud that extends over "
                f"{extent(box):.3g}; enlarge voxel_size, or set it to None for no "
                "thinning."
            )
        points, weights = voxel_centroids(
            points, weights, _corner(box, cell), float(cell)
        )
    order = np.argsort(morton_codes(points))
    return points[order], weights[order]


def extent(box):
    """Length of the longest side of a box, given by its least and largest corner."""
    return float(np.max(box[1] - box[0]))


def _corner(box, cell):
    """Corner of a grid that has the origin, the centroid, as one of its nodes.

    The grid moves with the cloud then, and no point of it lies on a face because it is
    the lowest one.
    """
    return (np.floor(box[0] / cell) - 1) * cell
