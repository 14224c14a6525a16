"""A kd-tree over points in space: halves at medians down to buckets of a few points.

The tree is implicit. Node k has children 2k + 1 and 2k + 2, the points of a node are
a run of the reordered array, and the run is halved at (start + stop) // 2, so that
two arrays of splits are all there is. Searches prune by the distance to a node's cell,
kept per axis on the way down (Arya and Mount, 1993), and are exact.
"""

import numpy as np
from numba import njit

from .halving import BUCKET, DEPTH, select, widest


@njit(cache=True, nogil=True)
def build(points):
    """Build the tree.

    Parameters
    ----------
    points : (m, 3) float64
        At least one.

    Returns
    -------
    order : (m,) int64
        Row of `points` that stands at each place of the tree.
    sorted : (m, 3) float64
        ``points[order]``.
    axes : (n_nodes,) int64
    splits : (n_nodes,) float64
        Of the inner nodes.
    """
    m = points.shape[0]
    levels = 0
    while (m >> levels) >= BUCKET:
        levels += 1
    n_nodes = (1 << levels) - 1
    axes = np.zeros(n_nodes, dtype=np.int64)
    splits = np.zeros(n_nodes)
    order = np.arange(m)
    out = np.empty((m, 3))
    for i in range(m):
        out[i, 0], out[i, 1], out[i, 2] = points[i, 0], points[i, 1], points[i, 2]
    starts = np.zeros(2 * n_nodes + 1, dtype=np.int64)
    stops = np.full(2 * n_nodes + 1, m)
    for node in range(n_nodes):
        start, stop = starts[node], stops[node]
        middle = (start + stop) // 2
        axis = widest(out, start, stop)
        select(out, order, start, stop, middle, axis)
        axes[node] = axis
        splits[node] = out[middle, axis]
        starts[2 * node + 1], stops[2 * node + 1] = start, middle
        starts[2 * node + 2], stops[2 * node + 2] = middle, stop
    return order, out, axes, splits


@njit(cache=True, nogil=True)
def leaf_edges(m):
    """Return where leaves of a tree of m points start, and m itself, (leaves + 1,)."""
    levels = 0
    while (m >> levels) >= BUCKET:
        levels += 1
    edges = np.empty((1 << levels) + 1, dtype=np.int64)
    edges[0], edges[-1] = 0, m
    step = 1 << levels
    while step > 1:
        for i in range(0, edges.shape[0] - 1, step):
            edges[i + step // 2] = (edges[i] + edges[i + step]) // 2
        step //= 2
    return edges


@njit(cache=True, nogil=True)
def _next_leaf(axes, splits, x, y, z, bound, size, nodes, runs, gaps):
    """Go down to a leaf nearer than the bound; what is passed on the way waits.

    Parameters
    ----------
    size : int
        Nodes that wait, the nearest ones last.

    Returns
    -------
    start, stop : int
        Run of the leaf.
    size : int
        Nodes that wait now, -1 where there is no such leaf.
    """
    while size > 0 and gaps[size - 1, 3] >= bound:
        size -= 1
    if size == 0:
        return 0, 0, -1
    size -= 1
    n_inner = axes.shape[0]
    node, start, stop = nodes[size], runs[size, 0], runs[size, 1]
    gx, gy, gz, near = gaps[size, 0], gaps[size, 1], gaps[size, 2], gaps[size, 3]
    while node < n_inner:
        axis = axes[node]
        middle = (start + stop) >> 1
        if axis == 0:
            delta = x - splits[node]
            far = near - gx + delta * delta
        elif axis == 1:
            delta = y - splits[node]
            far = near - gy + delta * delta
        else:
            delta = z - splits[node]
            far = near - gz + delta * delta
        left = 2 * node + 1
        if far < bound:
            gaps[size, 0], gaps[size, 1], gaps[size, 2] = gx, gy, gz
            gaps[size, axis] = delta * delta
            gaps[size, 3] = far
            if delta < 0:
                nodes[size], runs[size, 0], runs[size, 1] = left + 1, middle, stop
            else:
                nodes[size], runs[size, 0], runs[size, 1] = left, start, middle
            size += 1
        if delta < 0:
            node, stop = left, middle
        else:
            node, start = left + 1, middle
    return start, stop, size


@njit(cache=True, nogil=True)
def _all_wait(m, nodes, runs, gaps):
    """Let the whole tree wait; return the number of nodes that do."""
    nodes[0], runs[0, 0], runs[0, 1] = 0, 0, m
    gaps[0] = 0.0
    return 1


@njit(cache=True, nogil=True)
def nearest_two(points, axes, splits, x, y, z, bound, nodes, runs, gaps):
    """Find the nearest point within a bound, and how far the next one is.

    Parameters
    ----------
    points, axes, splits
        The tree.
    x, y, z : float
    bound : float
        Squared distance beyond which nothing is of interest.
    nodes : (DEPTH,) int64
    runs : (DEPTH, 2) int64
    gaps : (DEPTH, 4) float64
        Working space.

    Returns
    -------
    index : int
        Place in the tree, -1 for none.
    first, second : float
        Squared distances, `bound` where there is none.
    """
    best, first, second = -1, bound, bound
    size = _all_wait(points.shape[0], nodes, runs, gaps)
    while True:
        start, stop, size = _next_leaf(
            axes, splits, x, y, z, second, size, nodes, runs, gaps
        )
        if size < 0:
            return best, first, second
        for i in range(start, stop):
            dx, dy, dz = x - points[i, 0], y - points[i, 1], z - points[i, 2]
            d = dx * dx + dy * dy + dz * dz
            if d < second:
                if d < first:
                    second = first
                    first, best = d, i
                else:
                    second = d


@njit(cache=True, nogil=True)
def nearest_k(
    points, axes, splits, x, y, z, bound, k, found, squares, nodes, runs, gaps
):
    """Find the k nearest points within a bound, nearest first.

    As :func:`nearest_two`; `found` (k,) int64 and `squares` (k,) float64 are written,
    places without a point hold -1 and `bound`. Returns how many points there are.
    """
    for j in range(k):
        found[j], squares[j] = -1, bound
    last = k - 1
    count = 0
    size = _all_wait(points.shape[0], nodes, runs, gaps)
    while True:
        start, stop, size = _next_leaf(
            axes, splits, x, y, z, squares[last], size, nodes, runs, gaps
        )
        if size < 0:
            return count
        for i in range(start, stop):
            dx, dy, dz = x - points[i, 0], y - points[i, 1], z - points[i, 2]
            d = dx * dx + dy * dy + dz * dz
            if d < squares[last]:
                j = last
                while j > 0 and squares[j - 1] > d:
                    found[j], squares[j] = found[j - 1], squares[j - 1]
                    j -= 1
                found[j], squares[j] = i, d
                count += count < k


@njit(cache=True, nogil=True)
def neighbor_distances(points, axes, splits, k, stride):
    """Return the distance of every `stride`-th point to its k-th neighbour."""
    nodes = np.empty(DEPTH, dtype=np.int64)
    runs = np.empty((DEPTH, 2), dtype=np.int64)
    gaps = np.empty((DEPTH, 4))
    found, squares = np.empty(k + 1, dtype=np.int64), np.empty(k + 1)
    out = np.empty((points.shape[0] + stride - 1) // stride)
    for i in range(out.shape[0]):
        x, y, z = points[i * stride]
        nearest_k(
            points,
            axes,
            splits,
            x,
            y,
            z,
            np.inf,
            k + 1,
            found,
            squares,
            nodes,
            runs,
            gaps,
        )
        out[i] = np.sqrt(squares[k])
    return out
