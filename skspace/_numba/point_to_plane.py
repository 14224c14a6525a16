"""Iterations of point-to-plane registration: associations, planes and sums.

An association is searched anew only where it may have changed. A search also finds
how far the next candidate is; as long as the point has moved by less than half the
difference, the nearest one is still the nearest, which is exact and needs no search.
"""

import math

import numpy as np
from numba import njit

from .kd_tree import DEPTH, nearest_k, nearest_two
from .planes import plane_through

NONE, HUBER, TUKEY, GEMAN_MCCLURE, LINEAR = 0, 1, 2, 3, 4


@njit(cache=True, nogil=True)
def _moved(pose, points, i):
    """Return where a point is taken to."""
    u, v, w = points[i, 0], points[i, 1], points[i, 2]
    return (
        pose[0, 0] * u + pose[0, 1] * v + pose[0, 2] * w + pose[0, 3],
        pose[1, 0] * u + pose[1, 1] * v + pose[1, 2] * w + pose[1, 3],
        pose[2, 0] * u + pose[2, 1] * v + pose[2, 2] * w + pose[2, 3],
    )


@njit(cache=True, nogil=True)
def _settled(x, y, z, seen, margin):
    """Whether a point is so near to where it was searched that the answer stands."""
    if not margin > 0:
        return False
    dx, dy, dz = x - seen[0], y - seen[1], z - seen[2]
    return dx * dx + dy * dy + dz * dz < margin * margin


@njit(cache=True, nogil=True)
def associate(points, axes, splits, source, pose, limit, index, seen, margin):
    """Find the nearest target point of every source point.

    Parameters
    ----------
    points, axes, splits
        Tree of the target.
    source : (n, 3) float64
    pose : (3, 4) float64
        Rotation and translation.
    limit : float
        Pairs farther apart are none.
    index : (n,) int64
        Written: place in the tree, -1 for none.
    seen : (n, 3) float64
        Where each point stood when it was searched last; updated.
    margin : (n,) float64
        How far it may move from there with its answer unchanged; updated. Negative
        numbers ask for a search.

    Returns
    -------
    int
        Number of searches.
    """
    nodes = np.empty(DEPTH, dtype=np.int64)
    runs = np.empty((DEPTH, 2), dtype=np.int64)
    gaps = np.empty((DEPTH, 4))
    searches = 0
    square = limit * limit
    for i in range(source.shape[0]):
        x, y, z = _moved(pose, source, i)
        if _settled(x, y, z, seen[i], margin[i]):
            continue
        searches += 1
        best, first, second = nearest_two(
            points, axes, splits, x, y, z, square, nodes, runs, gaps
        )
        index[i] = best
        seen[i, 0], seen[i, 1], seen[i, 2] = x, y, z
        if best >= 0:
            margin[i] = 0.5 * (math.sqrt(second) - math.sqrt(first))
        else:
            margin[i] = 0.0
    return searches


@njit(cache=True, nogil=True)
def associate_planes(
    points,
    axes,
    splits,
    source,
    pose,
    k,
    radius,
    thickness,
    index,
    centroids,
    normals,
    trust,
    seen,
    margin,
    pool,
    pooled,
    reach,
):
    """Fit a plane to the k nearest target points of every source point.

    As :func:`associate`; a plane is fitted anew only where its points may have changed,
    and first among a pool of points kept from the last search.

    Parameters
    ----------
    k : int
    radius : float
        All k points must lie within.
    thickness : float
        No point may lie farther from the plane.
    index : (n,) int64
        Written: the row itself, -1 without a plane.
    centroids, normals : (n, 3) float64
        Updated: the planes.
    trust : (n,) float64
        Updated: how well their points say what they are.
    pool : (n, > k) int64
        Updated: the points nearest to where the last search was, -1 for none.
    pooled : (n, 3) float64
        Updated: where that was.
    reach : (n,) float64
        Updated: distance from there of any other point, at least. Negative numbers ask
        for a search.

    Returns
    -------
    int
        Number of searches.
    """
    nodes = np.empty(DEPTH, dtype=np.int64)
    runs = np.empty((DEPTH, 2), dtype=np.int64)
    gaps = np.empty((DEPTH, 4))
    size = pool.shape[1]
    found, squares = np.empty(size, dtype=np.int64), np.empty(size)
    searches = 0
    for i in range(source.shape[0]):
        x, y, z = _moved(pose, source, i)
        if _settled(x, y, z, seen[i], margin[i]):
            continue
        others = -1.0  # distance of points that are not in the pool
        if reach[i] >= 0:
            dx, dy, dz = x - pooled[i, 0], y - pooled[i, 1], z - pooled[i, 2]
            others = reach[i] - math.sqrt(dx * dx + dy * dy + dz * dz)
        if others > 0:
            _rank(points, pool[i], x, y, z, k + 1, found, squares)
        if others <= 0 or squares[k - 1] >= others * others:
            searches += 1
            nearest_k(
                points,
                axes,
                splits,
                x,
                y,
                z,
                radius * radius,
                size,
                found,
                squares,
                nodes,
                runs,
                gaps,
            )
            for j in range(size):
                pool[i, j] = found[j]
            pooled[i, 0], pooled[i, 1], pooled[i, 2] = x, y, z
            reach[i] = others = math.sqrt(squares[size - 1])
        seen[i, 0], seen[i, 1], seen[i, 2] = x, y, z
        last = math.sqrt(squares[k - 1])
        index[i], margin[i] = -1, 0.0
        if found[k - 1] < 0 or last >= radius:
            continue
        margin[i] = 0.5 * (min(math.sqrt(squares[k]), others, radius) - last)
        cx, cy, cz, a, b, c, good = plane_through(points, found, k)
        thin = True
        for j in range(k):
            p = found[j]
            off = (a * (points[p, 0] - cx) + b * (points[p, 1] - cy)) + c * (
                points[p, 2] - cz
            )
            if abs(off) >= thickness:
                thin = False
        if thin:
            index[i] = i
            trust[i] = good
            centroids[i, 0], centroids[i, 1], centroids[i, 2] = cx, cy, cz
            normals[i, 0], normals[i, 1], normals[i, 2] = a, b, c
    return searches


@njit(cache=True, nogil=True)
def _rank(points, pool, x, y, z, k, found, squares):
    """Write the k points of the pool that are nearest, as a search would."""
    for j in range(k):
        found[j], squares[j] = -1, np.inf
    for p in pool:
        if p < 0:
            break
        dx, dy, dz = x - points[p, 0], y - points[p, 1], z - points[p, 2]
        d = dx * dx + dy * dy + dz * dz
        if d < squares[k - 1]:
            j = k - 1
            while j > 0 and squares[j - 1] > d:
                found[j], squares[j] = found[j - 1], squares[j - 1]
                j -= 1
            found[j], squares[j] = p, d


@njit(cache=True, nogil=True)
def residuals(source, pose, index, centroids, normals, out):
    """Write the signed distances to the planes; zero for points without one.

    Parameters
    ----------
    source : (n, 3) float64
    pose : (3, 4) float64
    index : (n,) int64
        Row of each point's plane, -1 for none.
    centroids, normals : (m, 3) float64
        Planes.
    out : (n,) float64
    """
    for i in range(source.shape[0]):
        j = index[i]
        if j < 0:
            out[i] = 0.0
            continue
        x, y, z = _moved(pose, source, i)
        out[i] = (
            normals[j, 0] * (x - centroids[j, 0])
            + normals[j, 1] * (y - centroids[j, 1])
            + normals[j, 2] * (z - centroids[j, 2])
        )


@njit(cache=True, nogil=True)
def weight_of(residual, kind, scale):
    """Weight w of a residual r in Σ (w r)², of a robust loss."""
    r = abs(residual) / scale
    if kind == NONE:
        return 1.0
    if kind == HUBER:
        return 1.0 if r <= 1.0 else math.sqrt(1.0 / r)
    if kind == TUKEY:
        return 1.0 - r * r if r < 1.0 else 0.0
    if kind == GEMAN_MCCLURE:
        return 1.0 / (1.0 + r * r)
    w = 1.0 - 0.9 * r
    return w if w > 0.1 else 0.0


@njit(cache=True, nogil=True)
def accumulate(
    source,
    pose,
    index,
    centroids,
    normals,
    trust,
    kind,
    scale,
    reverse,
    hessian,
    gradient,
    sums,
):
    """Add rows to the normal equations of a step in the body frame, rotation first.

    The row of a point p with residual r and normal m, both in the frame of the source,
    is (p x m, m); none is kept.

    Parameters
    ----------
    source : (n, 3) float64
    pose : (3, 4) float64
    index, centroids, normals
        As in :func:`residuals`.
    trust : (m,) float64
        Factors of the planes' weights.
    kind : int
        Of the robust weights.
    scale : float
        Of the residuals, in the weights.
    reverse : bool
        Whether the points are the target's and the planes the source's: points are
        then carried into the frame of the source, and planes move with it.
    hessian : (6, 6) float64
        Updated: Σ w² JᵀJ.
    gradient : (6,) float64
        Updated: -Σ w² r Jᵀ.
    sums : (3,) float64
        Updated: number of rows, Σ r² and Σ (w r)².
    """
    h = np.zeros(21)
    g = np.zeros(6)
    squares = weighted = 0.0
    used = 0
    r00, r01, r02, tx = pose[0, 0], pose[0, 1], pose[0, 2], pose[0, 3]
    r10, r11, r12, ty = pose[1, 0], pose[1, 1], pose[1, 2], pose[1, 3]
    r20, r21, r22, tz = pose[2, 0], pose[2, 1], pose[2, 2], pose[2, 3]
    for i in range(source.shape[0]):
        j = index[i]
        if j < 0:
            continue
        u, v, w = source[i, 0], source[i, 1], source[i, 2]
        nx, ny, nz = normals[j, 0], normals[j, 1], normals[j, 2]
        if reverse:
            x, y, z = u - tx, v - ty, w - tz
            u = r00 * x + r10 * y + r20 * z
            v = r01 * x + r11 * y + r21 * z
            w = r02 * x + r12 * y + r22 * z
            d, e, f = nx, ny, nz
            r = -(
                nx * (u - centroids[j, 0])
                + ny * (v - centroids[j, 1])
                + nz * (w - centroids[j, 2])
            )
        else:
            x = r00 * u + r01 * v + r02 * w + tx - centroids[j, 0]
            y = r10 * u + r11 * v + r12 * w + ty - centroids[j, 1]
            z = r20 * u + r21 * v + r22 * w + tz - centroids[j, 2]
            r = nx * x + ny * y + nz * z
            d = r00 * nx + r10 * ny + r20 * nz
            e = r01 * nx + r11 * ny + r21 * nz
            f = r02 * nx + r12 * ny + r22 * nz
        squared = trust[j]
        if kind != NONE:
            weight = weight_of(r, kind, scale)
            squared *= weight * weight
        if squared <= 0.0:
            continue
        used += 1
        squares += r * r
        weighted += squared * r * r
        a, b, c = v * f - w * e, w * d - u * f, u * e - v * d
        sa, sb, sc = squared * a, squared * b, squared * c
        sd, se, sf = squared * d, squared * e, squared * f
        h[0] += sa * a
        h[1] += sa * b
        h[2] += sa * c
        h[3] += sa * d
        h[4] += sa * e
        h[5] += sa * f
        h[6] += sb * b
        h[7] += sb * c
        h[8] += sb * d
        h[9] += sb * e
        h[10] += sb * f
        h[11] += sc * c
        h[12] += sc * d
        h[13] += sc * e
        h[14] += sc * f
        h[15] += sd * d
        h[16] += sd * e
        h[17] += sd * f
        h[18] += se * e
        h[19] += se * f
        h[20] += sf * f
        g[0] -= sa * r
        g[1] -= sb * r
        g[2] -= sc * r
        g[3] -= sd * r
        g[4] -= se * r
        g[5] -= sf * r
    sums[0] += used
    sums[1] += squares
    sums[2] += weighted
    at = 0
    for p in range(6):
        gradient[p] += g[p]
        for q in range(p, 6):
            hessian[p, q] += h[at]
            if q > p:
                hessian[q, p] += h[at]
            at += 1
