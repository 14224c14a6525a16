"""Planes through neighbours in a cloud: least eigenvectors of 3 x 3 covariances."""

import math

import numpy as np
from numba import njit

from .kd_tree import DEPTH, nearest_k

TINY = 1e-70
"""Scatter below which points are in one place: its fourth power vanishes."""
LINE = 0.5
"""Ratio of scatters across and along below which points begin to be a line."""


@njit(cache=True, nogil=True)
def least_eigenvector(a, b, c, d, e, f):
    """Return the two least eigenvalues of a symmetric matrix and a vector of the least.

    Parameters
    ----------
    a, b, c, d, e, f : float
        The matrix is ((a, d, e), (d, b, f), (e, f, c)).

    Returns
    -------
    least, middle, x, y, z : float
        Values and a unit vector. Of a double least eigenvalue, one of its vectors.

    Notes
    -----
    Roots of the characteristic polynomial by cosines; the vector is the longest cross
    product of two rows of the matrix less its eigenvalue.
    """
    mean = (a + b + c) / 3
    a, b, c = a - mean, b - mean, c - mean
    p = math.sqrt((a * a + b * b + c * c + 2 * (d * d + e * e + f * f)) / 6)
    if p <= TINY:
        return mean, mean, 0.0, 0.0, 1.0
    half = a * (b * c - f * f) - d * (d * c - f * e) + e * (d * f - b * e)
    half = min(1.0, max(-1.0, half / (2 * p * p * p)))
    angle = math.acos(half) / 3
    low = 2 * p * math.cos(angle + 2 * math.pi / 3)
    high = 2 * p * math.cos(angle)
    middle = -low - high
    a, b, c = a - low, b - low, c - low
    # rows (a, d, e), (d, b, f), (e, f, c)
    ux, uy, uz = d * f - e * b, e * d - a * f, a * b - d * d
    vx, vy, vz = d * c - e * f, e * e - a * c, a * f - d * e
    wx, wy, wz = b * c - f * f, f * e - d * c, d * f - b * e
    u = ux * ux + uy * uy + uz * uz
    v = vx * vx + vy * vy + vz * vz
    w = wx * wx + wy * wy + wz * wz
    if u >= v and u >= w:
        x, y, z, square = ux, uy, uz, u
    elif v >= w:
        x, y, z, square = vx, vy, vz, v
    else:
        x, y, z, square = wx, wy, wz, w
    if square > 1e-20 * p * p * p * p:
        length = math.sqrt(square)
        return mean + low, mean + middle, x / length, y / length, z / length
    # a double eigenvalue: anything across the longest row will do
    u, v, w = a * a + d * d + e * e, d * d + b * b + f * f, e * e + f * f + c * c
    if u >= v and u >= w:
        x, y, z = a, d, e
    elif v >= w:
        x, y, z = d, b, f
    else:
        x, y, z = e, f, c
    if abs(x) <= abs(y) and abs(x) <= abs(z):
        x, y, z = 0.0, z, -y
    elif abs(y) <= abs(z):
        x, y, z = -z, 0.0, x
    else:
        x, y, z = y, -x, 0.0
    length = math.sqrt(x * x + y * y + z * z)
    return mean + low, mean + middle, x / length, y / length, z / length


@njit(cache=True, nogil=True)
def plane_through(points, found, count):
    """Fit a plane to some points.

    Parameters
    ----------
    points : (m, 3) float64
    found : (>= count,) int64
        Their rows.
    count : int

    Returns
    -------
    cx, cy, cz, nx, ny, nz, trust : float
        Centroid, unit normal, and how well the points say what it is, from the
        eigenvalues λ₀ <= λ₁ <= λ₂ of their scatter: (1 - λ₀/λ₁) min(1, 2 λ₁/λ₂). It
        vanishes for points without a plane, and for points on a line, about which a
        plane could turn freely (one ring of a scan, say).
    """
    cx = cy = cz = 0.0
    for j in range(count):
        i = found[j]
        cx += points[i, 0]
        cy += points[i, 1]
        cz += points[i, 2]
    cx, cy, cz = cx / count, cy / count, cz / count
    a = b = c = d = e = f = 0.0
    for j in range(count):
        i = found[j]
        x, y, z = points[i, 0] - cx, points[i, 1] - cy, points[i, 2] - cz
        a += x * x
        b += y * y
        c += z * z
        d += x * y
        e += x * z
        f += y * z
    low, middle, x, y, z = least_eigenvector(a, b, c, d, e, f)
    trust = 0.0
    high = a + b + c - low - middle
    # equal roots come with half the digits
    if middle > 1e-7 * high:
        trust = (1.0 - max(low, 0.0) / middle) * min(1.0, middle / (LINE * high))
    return cx, cy, cz, x, y, z, trust


@njit(cache=True, nogil=True)
def fit_normals(points, axes, splits, k, wanted, normals, trust):
    """Fit a plane to the k nearest neighbours (itself among them) of some points.

    Parameters
    ----------
    points, axes, splits
        The tree.
    k : int
    wanted : (n,) int64
        Places in the tree; -1 is passed over.
    normals : (m, 3) float64
        Updated: unit vectors of either sign.
    trust : (m,) float64
        Updated: as in :func:`plane_through`. Only points where it is negative are
        fitted; the others are already.
    """
    k = min(k, points.shape[0])
    found, squares = np.empty(k, dtype=np.int64), np.empty(k)
    nodes = np.empty(DEPTH, dtype=np.int64)
    runs = np.empty((DEPTH, 2), dtype=np.int64)
    gaps = np.empty((DEPTH, 4))
    for j in range(wanted.shape[0]):
        i = wanted[j]
        if i < 0 or trust[i] >= 0.0:
            continue
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        count = nearest_k(
            points, axes, splits, x, y, z, np.inf, k, found, squares, nodes, runs, gaps
        )
        plane = plane_through(points, found, count)
        normals[i, 0], normals[i, 1], normals[i, 2] = plane[3], plane[4], plane[5]
        trust[i] = plane[6]


@njit(cache=True, nogil=True)
def planes_of_runs(points, edges, centroids, normals, trust, thickness):
    """Fit a plane to every run of points.

    Parameters
    ----------
    points : (m, 3) float64
    edges : (r + 1,) int64
        Run j is ``points[edges[j]:edges[j + 1]]``; none is empty.
    centroids, normals : (r, 3) float64
    trust : (r,) float64
        Written: as in :func:`plane_through`.
    thickness : (r,) float64
        Written: mean squared distance to the plane.
    """
    found = np.arange(points.shape[0])
    for j in range(edges.shape[0] - 1):
        start, stop = edges[j], edges[j + 1]
        cx, cy, cz, nx, ny, nz, good = plane_through(
            points, found[start:stop], stop - start
        )
        square = 0.0
        for i in range(start, stop):
            x, y, z = points[i, 0] - cx, points[i, 1] - cy, points[i, 2] - cz
            off = nx * x + ny * y + nz * z
            square += off * off
        centroids[j, 0], centroids[j, 1], centroids[j, 2] = cx, cy, cz
        normals[j, 0], normals[j, 1], normals[j, 2] = nx, ny, nz
        trust[j], thickness[j] = good, square / (stop - start)
