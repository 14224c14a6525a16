"""How kd-trees halve a run of points: along which column, and at the median."""

from numba import njit

BUCKET = 16
"""A leaf has at most so many points, and at least half as many."""
SAMPLE = 64
"""Points by which the extent of a node is judged."""
DEPTH = 64
"""Room for the nodes that wait during a search."""


@njit(cache=True, nogil=True)
def widest(points, start, stop):
    """Return the column along which the run extends farthest, by a sample of it."""
    stride = max(1, (stop - start) // SAMPLE)
    axis, extent = 0, -1.0
    for c in range(points.shape[1]):
        low = high = points[start, c]
        for i in range(start + stride, stop, stride):
            low, high = min(low, points[i, c]), max(high, points[i, c])
        if high - low > extent:
            axis, extent = c, high - low
    return axis


@njit(cache=True, nogil=True)
def select(points, order, start, stop, middle, axis):
    """Reorder the run so that its `middle` holds what sorting would put there."""
    left, right = start, stop - 1
    while left < right:
        # the median of three guards against sorted input
        a = points[left, axis]
        b = points[(left + right) // 2, axis]
        c = points[right, axis]
        pivot = max(min(a, b), min(max(a, b), c))
        i, j = left, right
        while i <= j:
            while points[i, axis] < pivot:
                i += 1
            while points[j, axis] > pivot:
                j -= 1
            if i <= j:
                for c in range(points.shape[1]):
                    points[i, c], points[j, c] = points[j, c], points[i, c]
                order[i], order[j] = order[j], order[i]
                i += 1
                j -= 1
        if middle <= j:
            right = j
        elif middle >= i:
            left = i
        else:
            return
