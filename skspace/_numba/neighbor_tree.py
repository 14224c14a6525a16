"""Distances to k-th neighbours of all rows, by a kd-tree whose leaves ask together.

The tree is implicit, as that of :mod:`skspace._numba.kd_tree`, but its columns are any
number, its distances are largest over variables (see
:mod:`skspace._numba.neighbor_scan`), and its nodes have boxes, the smallest around
their points: every row is a query, and the rows of a leaf share one walk, which starts
next to the leaf and climbs. Gaps to boxes are computed as distances to points are, and
rounding is monotone: a box that seems too far holds no point that does not.
"""

import numpy as np
from numba import njit

from .halving import BUCKET, DEPTH, select, widest
from .neighbor_scan import variable_distance


@njit(cache=True, nogil=True)
def build(rows):
    """Build the tree.

    Parameters
    ----------
    rows : (n, d) float64
        At least one.

    Returns
    -------
    order : (n,) int64
        Row that stands at each place of the tree.
    points : (n, d) float64
        ``rows[order]``.
    edges : (n_nodes, 2) int64
        Run of places of each node; node k has the children 2k + 1 and 2k + 2, and all
        leaves are on one level.
    boxes : (n_nodes, 2, d) float64
        Lowest and highest entries of each node.
    """
    n, d = rows.shape
    levels = 0
    while (n >> levels) >= BUCKET:
        levels += 1
    n_inner = (1 << levels) - 1
    order = np.arange(n)
    points = rows.copy()
    edges = np.empty((2 * n_inner + 1, 2), dtype=np.int64)
    edges[0, 0], edges[0, 1] = 0, n
    boxes = np.empty((2 * n_inner + 1, 2, d))
    for node in range(n_inner):
        start, stop = edges[node, 0], edges[node, 1]
        middle = (start + stop) // 2
        select(points, order, start, stop, middle, widest(points, start, stop))
        edges[2 * node + 1, 0], edges[2 * node + 1, 1] = start, middle
        edges[2 * node + 2, 0], edges[2 * node + 2, 1] = middle, stop
    for node in range(2 * n_inner, -1, -1):
        for c in range(d):
            if node < n_inner:
                low = min(boxes[2 * node + 1, 0, c], boxes[2 * node + 2, 0, c])
                high = max(boxes[2 * node + 1, 1, c], boxes[2 * node + 2, 1, c])
            else:
                low = high = points[edges[node, 0], c]
                for i in range(edges[node, 0] + 1, edges[node, 1]):
                    low, high = min(low, points[i, c]), max(high, points[i, c])
            boxes[node, 0, c], boxes[node, 1, c] = low, high
    return order, points, edges, boxes


@njit(cache=True, nogil=True)
def _distance(points, p, q, starts, euclidean):
    """Joint distance of two points."""
    largest = 0.0
    if not euclidean:
        for c in range(points.shape[1]):
            gap = abs(points[p, c] - points[q, c])
            largest = gap if gap > largest else largest
        return largest
    for v in range(starts.shape[0] - 1):
        d = variable_distance(points, p, q, starts[v], starts[v + 1], euclidean)
        largest = max(largest, d)
    return largest


@njit(cache=True, nogil=True)
def _least(boxes, a, b, starts, euclidean):
    """Least distance between points of two nodes."""
    largest = 0.0
    for v in range(starts.shape[0] - 1):
        alone = not euclidean or starts[v + 1] - starts[v] == 1
        square = 0.0
        for c in range(starts[v], starts[v + 1]):
            gap = max(boxes[a, 0, c] - boxes[b, 1, c], boxes[b, 0, c] - boxes[a, 1, c])
            if gap > 0:
                if alone:
                    largest = gap if gap > largest else largest
                else:
                    square += gap * gap
        if not alone:
            largest = max(largest, np.sqrt(square))
    return largest


@njit(cache=True, nogil=True)
def _least_of_point(points, q, boxes, b, starts, euclidean):
    """Least distance between a point and those of a node."""
    largest = 0.0
    for v in range(starts.shape[0] - 1):
        alone = not euclidean or starts[v + 1] - starts[v] == 1
        square = 0.0
        for c in range(starts[v], starts[v + 1]):
            gap = max(boxes[b, 0, c] - points[q, c], points[q, c] - boxes[b, 1, c])
            if gap > 0:
                if alone:
                    largest = gap if gap > largest else largest
                else:
                    square += gap * gap
        if not alone:
            largest = max(largest, np.sqrt(square))
    return largest


@njit(cache=True, nogil=True)
def _insert(best, q, d):
    """Put a distance among the smallest of a query, which are in order."""
    j = best.shape[1] - 1
    while j > 0 and best[q, j - 1] > d:
        best[q, j] = best[q, j - 1]
        j -= 1
    best[q, j] = d


@njit(cache=True, nogil=True)
def _meet(points, s, e, low, high, boxes, node, starts, euclidean, best):
    """Offer the points of a leaf to the queries from `s` to `e`.

    Returns the largest distance that a query still looks within.
    """
    last = best.shape[1] - 1
    reach = 0.0
    for q in range(s, e):
        limit = best[q - s, last]
        if _least_of_point(points, q, boxes, node, starts, euclidean) < limit:
            for p in range(low, high):
                d = _distance(points, p, q, starts, euclidean)
                if d < limit and p != q:
                    _insert(best, q - s, d)
                    limit = best[q - s, last]
        reach = limit if limit > reach else reach
    return reach


@njit(cache=True, nogil=True)
def _meet_in_plane(points, s, e, low, high, boxes, node, best):
    """As :func:`_meet`, for two columns: most uses by far."""
    last = best.shape[1] - 1
    x_low, x_high = boxes[node, 0, 0], boxes[node, 1, 0]
    y_low, y_high = boxes[node, 0, 1], boxes[node, 1, 1]
    reach = 0.0
    for q in range(s, e):
        x, y = points[q, 0], points[q, 1]
        limit = best[q - s, last]
        if (
            x_low - x < limit
            and x - x_high < limit
            and y_low - y < limit
            and y - y_high < limit
        ):
            if last == 2:  # no branches: they would be guessed wrong
                b0, b1, b2 = best[q - s, 0], best[q - s, 1], limit
                for p in range(low, high):
                    d, gap = abs(points[p, 0] - x), abs(points[p, 1] - y)
                    d = gap if gap > d else d
                    d = np.inf if p == q else d
                    larger = b0 if b0 > d else d
                    b0 = d if d < b0 else b0
                    largest = b1 if b1 > larger else larger
                    b1 = larger if larger < b1 else b1
                    b2 = largest if largest < b2 else b2
                best[q - s, 0], best[q - s, 1], best[q - s, 2] = b0, b1, b2
                limit = b2
            else:
                for p in range(low, high):
                    d, gap = abs(points[p, 0] - x), abs(points[p, 1] - y)
                    d = gap if gap > d else d
                    if d < limit and p != q:
                        _insert(best, q - s, d)
                        limit = best[q - s, last]
        reach = limit if limit > reach else reach
    return reach


@njit(cache=True, nogil=True)
def nearest(order, points, edges, boxes, starts, euclidean, k, first, last, radii):
    """Write the distance of rows to their k-th other row.

    Parameters
    ----------
    order, points, edges, boxes
        The tree.
    starts : (n_variables + 1,) int64
        First column of each variable, and the number of columns.
    euclidean : bool
        Whether distances within a variable are Euclidean.
    k : int
        Less than n.
    first, last : int
        Leaves whose rows are served, counted from zero.
    radii : (n,) float64
        By rows; written.
    """
    n_inner = edges.shape[0] // 2
    plane = points.shape[1] == 2 and not euclidean
    best = np.empty((BUCKET, k))
    nodes = np.empty(DEPTH, dtype=np.int64)
    for leaf in range(n_inner + first, n_inner + last):
        s, e = edges[leaf, 0], edges[leaf, 1]
        for q in range(e - s):
            for j in range(k):
                best[q, j] = np.inf
        if plane:
            reach = _meet_in_plane(points, s, e, s, e, boxes, leaf, best)
        else:
            reach = _meet(points, s, e, s, e, boxes, leaf, starts, euclidean, best)
        climbed = leaf
        while climbed > 0:
            nodes[0] = climbed + 1 if climbed % 2 == 1 else climbed - 1
            climbed = (climbed - 1) // 2
            size = 1
            while size > 0:
                size -= 1
                node = nodes[size]
                if _least(boxes, leaf, node, starts, euclidean) >= reach:
                    continue
                if node >= n_inner:
                    low, high = edges[node, 0], edges[node, 1]
                    if plane:
                        reach = _meet_in_plane(
                            points, s, e, low, high, boxes, node, best
                        )
                    else:
                        reach = _meet(
                            points, s, e, low, high, boxes, node, starts, euclidean,
                            best,
                        )  # fmt: skip
                else:
                    nodes[size], nodes[size + 1] = 2 * node + 1, 2 * node + 2
                    size += 2
        for q in range(s, e):
            radii[order[q]] = best[q - s, k - 1]


@njit(cache=True, nogil=True)
def extend(order, points, edges, boxes, starts, euclidean, radii, first, last, extents):
    """Write the largest distance in each variable among the rows within the radius.

    As :func:`nearest`; `radii` (n,) are read and `extents` (n, n_variables) float64
    written, both by rows.
    """
    n_inner, m = edges.shape[0] // 2, starts.shape[0] - 1
    nodes = np.empty(DEPTH, dtype=np.int64)
    for leaf in range(n_inner + first, n_inner + last):
        s, e = edges[leaf, 0], edges[leaf, 1]
        most = 0.0
        for q in range(s, e):
            most = max(most, radii[order[q]])
            for v in range(m):
                extents[order[q], v] = 0.0
        nodes[0], size = 0, 1
        while size > 0:
            size -= 1
            node = nodes[size]
            if _least(boxes, leaf, node, starts, euclidean) > most:
                continue
            if node < n_inner:
                nodes[size], nodes[size + 1] = 2 * node + 1, 2 * node + 2
                size += 2
                continue
            for q in range(s, e):
                i = order[q]
                for p in range(edges[node, 0], edges[node, 1]):
                    if _distance(points, p, q, starts, euclidean) <= radii[i]:
                        for v in range(m):
                            d = variable_distance(
                                points, p, q, starts[v], starts[v + 1], euclidean
                            )
                            extents[i, v] = max(extents[i, v], d)
