"""Voxels: clouds thinned to the centroids of the cells of a grid, by hashing."""

import numpy as np
from numba import njit

EMPTY = np.int64(-1)
SHIFT = 21
"""Bits of a cell's number along one axis."""


@njit(cache=True, nogil=True)
def bounds(points):
    """Return the least and the largest coordinates, (2, 3) float64.

    A pass over rows; reductions along the long axis of three columns are slow.
    """
    lx = hx = points[0, 0]
    ly = hy = points[0, 1]
    lz = hz = points[0, 2]
    for i in range(1, points.shape[0]):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        lx, hx = min(lx, x), max(hx, x)
        ly, hy = min(ly, y), max(hy, y)
        lz, hz = min(lz, z), max(hz, z)
    return np.array([[lx, ly, lz], [hx, hy, hz]])


@njit(cache=True, nogil=True)
def centroid(points):
    """Return the mean of the points, (3,) float64, in one pass over rows."""
    x = y = z = 0.0
    n = points.shape[0]
    for i in range(n):
        x += points[i, 0]
        y += points[i, 1]
        z += points[i, 2]
    return np.array([x / n, y / n, z / n])


@njit(cache=True, nogil=True)
def _spread(x):
    """Put two zeros between any two of the low 21 bits."""
    x &= 0x1FFFFF
    x = (x | (x << 32)) & 0x1F00000000FFFF
    x = (x | (x << 16)) & 0x1F0000FF0000FF
    x = (x | (x << 8)) & 0x100F00F00F00F00F
    x = (x | (x << 4)) & 0x10C30C30C30C30C3
    return (x | (x << 2)) & 0x1249249249249249


@njit(cache=True, nogil=True)
def morton_codes(points):
    """Return numbers by which points sort along a curve that fills their box.

    Neighbours on the curve are neighbours in space, and every k-th point is a sample
    spread as the cloud is. Cells of the curve are 2**-21 of the box: points with one
    number are all but one point.
    """
    low, high = bounds(points)
    side = max(high[0] - low[0], high[1] - low[1], high[2] - low[2])
    scale = 2097151.0 / side if side > 0 else 0.0
    out = np.empty(points.shape[0], dtype=np.int64)
    for i in range(points.shape[0]):
        x = np.int64((points[i, 0] - low[0]) * scale)
        y = np.int64((points[i, 1] - low[1]) * scale)
        z = np.int64((points[i, 2] - low[2]) * scale)
        out[i] = _spread(x) | (_spread(y) << 1) | (_spread(z) << 2)
    return out


@njit(cache=True, nogil=True)
def _slot(key):
    """Scatter a key over 32 bits, of which each depends on all three axes.

    Of one product the high bits do. They are folded onto the low ones, and multiplied
    again: tables and samples take the low bits of what is returned.
    """
    h = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    h = (h ^ (h >> np.uint64(32))) * np.uint64(0x9E3779B97F4A7C15)
    return np.int64(h >> np.uint64(32))


@njit(cache=True, nogil=True)
def _table_size(n):
    """Return the size of a table with room for n keys at half load."""
    size = 1024
    while size < 2 * n:
        size *= 2
    return size


@njit(cache=True, nogil=True)
def count_voxels(points, low, voxel, stop, bits=0):
    """Count the occupied cells; give up beyond `stop` of them.

    Parameters
    ----------
    points : (n, 3)
    low : (3,) float64
        Corner of the grid, below all points.
    voxel : float
        Side of a cell.
    stop : int
    bits : int, default=0
        Count one cell of 2**bits, as scattered as hashes are.

    Returns
    -------
    int
        At most ``stop + 1``.
    """
    table = np.full(_table_size(min(points.shape[0], stop + 1)), EMPTY)
    mask = table.shape[0] - 1
    scale = 1.0 / voxel
    rest = (np.int64(1) << bits) - 1
    count = 0
    last = EMPTY
    for i in range(points.shape[0]):
        key = np.int64((points[i, 0] - low[0]) * scale)
        key = (key << SHIFT) | np.int64((points[i, 1] - low[1]) * scale)
        key = (key << SHIFT) | np.int64((points[i, 2] - low[2]) * scale)
        if key == last:  # scans come in rows
            continue
        last = key
        slot = _slot(key)
        if slot & rest:
            continue
        slot = (slot >> bits) & mask
        while table[slot] != key and table[slot] != EMPTY:
            slot = (slot + 1) & mask
        if table[slot] == EMPTY:
            table[slot] = key
            count += 1
            if count > stop:
                break
    return count


@njit(cache=True, nogil=True)
def voxel_centroids(points, weights, low, voxel):
    """Return the centroid of the points in each occupied cell.

    Parameters
    ----------
    points : (n, 3)
    weights : (n,) float64
        How many points each stands for.
    low : (3,) float64
        Corner of the grid, below all points.
    voxel : float

    Returns
    -------
    centroids : (m, 3) float64
        In the order in which cells are first met.
    counts : (m,) float64
        Sums of the weights.
    """
    n = points.shape[0]
    # places of the cells met so far: half the size of their keys
    table = np.full(_table_size(n), -1, dtype=np.int32)
    mask = table.shape[0] - 1
    keys, sums = np.empty(n, dtype=np.int64), np.empty((n, 4))
    scale = 1.0 / voxel
    m, j = 0, -1
    for i in range(n):
        x, y, z, w = points[i, 0], points[i, 1], points[i, 2], weights[i]
        key = np.int64((x - low[0]) * scale)
        key = (key << SHIFT) | np.int64((y - low[1]) * scale)
        key = (key << SHIFT) | np.int64((z - low[2]) * scale)
        if j < 0 or keys[j] != key:  # scans come in rows
            slot = _slot(key) & mask
            j = table[slot]
            while j >= 0 and keys[j] != key:
                slot = (slot + 1) & mask
                j = table[slot]
            if j < 0:
                j, table[slot], keys[m] = m, m, key
                sums[m, 0] = sums[m, 1] = sums[m, 2] = sums[m, 3] = 0.0
                m += 1
        sums[j, 0] += w * x
        sums[j, 1] += w * y
        sums[j, 2] += w * z
        sums[j, 3] += w
    centroids, counts = np.empty((m, 3)), np.empty(m)
    for j in range(m):
        counts[j] = sums[j, 3]
        for a in range(3):
            centroids[j, a] = sums[j, a] / sums[j, 3]
    return centroids, counts
