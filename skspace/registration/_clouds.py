"""Clouds as input: checks, and thinning to the cells of a grid."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .._array import is_array_api_obj, to_numpy
from .._validation import as_table

N_POINTS = 16_000
"""Points that the automatic cell leaves of a cloud."""
FEWEST = 10
"""Points and pairs below which no motion is estimated."""
BITS = 3
"""One cell of 2**BITS is counted where their number is judged."""
LONGEST = 2**20
"""Cells along one axis that their numbers have room for."""
LARGEST, SMALLEST = 1e30, 1e-20
"""Coordinate and extent of clouds whose eighth powers stay in range."""


class Cloud(NamedTuple):
    """A cloud as it was given, and its centroid."""

    points: Any
    """(n, 3) float64 or float32."""
    offset: Any
    """(3,) float64: the centroid, to be taken off the points."""


def check_cloud(X, name):
    """Validate a cloud of points in space and find its centroid.

    Raises
    ------
    ValueError
        When it is not a finite table of three columns, has fewer than ten points, or
        numbers so large or small that their powers leave the range of doubles.
    """
    from .._numba.voxels import bounds, centroid

    X = as_points(X, name, ensure_all_finite=False)
    if X.shape[0] < FEWEST:
        raise ValueError(
            f"{name} has {X.shape[0]} points, and at least {FEWEST} are needed for the "
            "six unknowns of a motion."
        )
    X = np.ascontiguousarray(X)
    offset = centroid(X)
    if not np.all(np.isfinite(offset)):  # some point is not, or their sum
        as_table(X, input_name=name)
    box = bounds(X)
    check_size(box, name)
    if 0 < extent(box) < SMALLEST:
        raise ValueError(
            f"{name} extends over {extent(box):.0e}, whose powers underflow; pass the "
            "clouds in a smaller unit."
        )
    return Cloud(X, offset)


def as_points(X, name, **check):
    """Return a table of three columns of the host, float64 or float32."""
    X = as_table(to_numpy(X) if is_array_api_obj(X) else X, input_name=name, **check)
    if X.shape[1] != 3:
        raise ValueError(
            f"{name} must have three columns x, y, z, got shape {X.shape}"
            f"{'; pass its transpose' if X.shape[0] == 3 else ''}."
        )
    return X


def check_size(points, name):
    """Refuse coordinates whose powers leave the range of doubles."""
    largest = float(np.max(np.abs(points)))
    if largest > LARGEST:
        raise ValueError(
            f"{name} has coordinates of {largest:.0e}, whose powers overflow; pass the "
            "clouds in a larger unit."
        )


def automatic_cell(points, offset):
    """Return the side of cells that leave about 16,000 points; 0.0 where all may stay.

    Found to 10 % of the count, judged by an eighth of the cells in some passes.
    """
    from .._numba.voxels import bounds, count_voxels

    if points.shape[0] <= 1.25 * N_POINTS:
        return 0.0
    box = bounds(points) - offset
    low, high = 0.0, extent(box)
    cell = high / math.sqrt(N_POINTS)
    wanted, before = _wanted(points, offset, box), None
    if wanted < FEWEST:
        return 0.0
    power = 1.4  # numbers of cells fall with a power of their side between 1 and 2
    for _ in range(30):
        count = count_voxels(
            points, _corner(box, cell) + offset, cell, 3 * wanted, BITS
        )
        if abs(count / wanted - 1) <= 0.1:
            break
        low, high = (cell, high) if count > wanted else (low, cell)
        if before is not None and 0 < count <= 3 * wanted:
            fallen = math.log(before[1] / count) / math.log(cell / before[0])
            power = min(max(fallen, 0.5), 3.0)
        before = (cell, count) if 0 < count <= 3 * wanted else None
        guess = cell * (count / wanted) ** (1 / power)
        cell = guess if low < guess < high else (low + high) / 2
    return cell


def _wanted(points, offset, box):
    """How many cells to look for, of one in eight: fewer where points share places.

    Of points that repeat (or are rounded to a raster) no cell, however small, leaves as
    many; two thirds of their places are then asked for.
    """
    from .._numba.voxels import count_voxels

    wanted = N_POINTS >> BITS
    enough, finest = 3 * wanted // 2, extent(box) / (LONGEST - 8)
    if finest == 0:
        return 0

    def occupied(cell, bits=0):
        corner = _corner(box, cell) + offset
        return count_voxels(points, corner, cell, enough << BITS >> bits, bits)

    if occupied(finest, BITS) > enough:  # ends early where points differ
        return wanted
    places = occupied(finest)
    # where coarser cells merge them, a few points far off made the cells wide
    if occupied(16 * finest) < 0.5 * places:
        return wanted
    return min(wanted, places * 2 // 3 >> BITS)


def thin(points, cell, weights=None, offset=0.0):
    """Return centroids of the occupied cells, and how many points each stands for.

    They are about `offset`, which becomes a node of the grid, and their order is along
    a curve that fills space, whatever that of the points was.
    """
    from .._numba.voxels import bounds, morton_codes, voxel_centroids

    if weights is None:
        weights = np.broadcast_to(1.0, points.shape[0])
    if cell > 0:
        box = bounds(points) - offset
        if extent(box) > (LONGEST - 4) * cell:
            raise ValueError(
                f"Cells of {cell:g} are too small for a cloud that extends over "
                f"{extent(box):.3g}; enlarge voxel_size, or remove points that stand "
                "far from all others."
            )
        points, weights = voxel_centroids(
            points, weights, _corner(box, cell) + offset, float(cell)
        )
    points = points - offset
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
