"""Neighbour counts by walking outwards from a row's own rank in a sorted column.

Differences of sorted numbers grow with the distance in rank, also after rounding, so
that what lies within a radius is a run of ranks whose ends bisection finds. The test
is on the rounded difference itself: ``x_j < x_i + r`` would let others in. Where there
are further columns, the rows of the run are tried one by one, many in an instruction.
"""

import numpy as np
from numba import njit

BLOCK = 256
"""Ranks whose radii are fetched at a time."""


@njit(cache=True, nogil=True)
def _reach(values, rank, radius, step, guess):
    """Return how many ranks on one side differ by at most the radius.

    Steps that double lead from the guess to the other side of the end, which bisection
    then finds.
    """
    a = values[rank]
    room = values.shape[0] - 1 - rank if step > 0 else rank
    low, high = 0, room + 1  # the first is within the radius, the second is not
    probe = min(max(guess, 1), room)
    stride = 1 + (probe >> 4)
    if probe > 0 and abs(values[rank + step * probe] - a) <= radius:
        while probe <= room and abs(values[rank + step * probe] - a) <= radius:
            low = probe
            probe += stride
            stride *= 2
        high = min(probe, high)
    else:
        while probe > 0 and abs(values[rank + step * probe] - a) > radius:
            high = probe
            probe -= stride
            stride *= 2
        low = max(probe, 0)
    while high - low > 1:
        middle = (low + high) // 2
        if abs(values[rank + step * middle] - a) <= radius:
            low = middle
        else:
            high = middle
    return low


@njit(cache=True, nogil=True)
def _guess(density, radius, room):
    """Ranks within a radius at so many per radius, if that is a number."""
    return int(min(density * radius, float(room))) if radius > 0 else 1


@njit(cache=True, nogil=True)
def count_ranks(values, order, radii, first, last, counts):
    """Count the other rows no farther than each row's radius.

    Parameters
    ----------
    values : (n,) float64
        The column, sorted.
    order : (n,) int64
        Row of each rank.
    radii : (n,) float64
        By rows. Below zero nothing is counted.
    first, last : int
        Ranks to count for.
    counts : (n,) int64
        By rows; written.
    """
    own, found = np.empty(BLOCK), np.empty(BLOCK, dtype=np.int64)
    room = values.shape[0]
    below = above = 0.0  # ranks per radius where the last one was
    for start in range(first, last, BLOCK):
        stop = min(start + BLOCK, last)
        # reads and writes all over memory, apart from what depends on comparisons
        for rank in range(start, stop):
            own[rank - start] = radii[order[rank]]
        for rank in range(start, stop):
            radius = own[rank - start]
            found[rank - start] = 0
            if radius >= 0:
                m = _reach(values, rank, radius, -1, _guess(below, radius, room))
                n = _reach(values, rank, radius, 1, _guess(above, radius, room))
                if radius > 0:
                    below, above = m / radius, n / radius
                found[rank - start] = m + n
        for rank in range(start, stop):
            counts[order[rank]] = found[rank - start]


@njit(cache=True, nogil=True)
def _within(columns, rank, low, high, sorted_column, radius):
    """Count the ranks from `low` to `high` within the radius in every column."""
    total = np.int32(0)
    d = columns.shape[0]
    if d == 2:
        x = columns[1 - sorted_column, low:high]
        a = columns[1 - sorted_column, rank]
        for j in range(x.shape[0]):
            total = np.int32(total + (abs(x[j] - a) <= radius))
        return total
    inside = np.empty(high - low, dtype=np.bool_)
    inside[:] = True
    for c in range(d):
        if c != sorted_column:
            x, a = columns[c, low:high], columns[c, rank]
            for j in range(inside.shape[0]):
                inside[j] &= abs(x[j] - a) <= radius
    for j in range(inside.shape[0]):
        total = np.int32(total + inside[j])
    return total


@njit(cache=True, nogil=True)
def _euclidean_within(columns, rank, low, high, starts, radius):
    """As :func:`_within`, for Euclidean distances in each variable."""
    inside = np.empty(high - low, dtype=np.bool_)
    inside[:] = True
    square = np.empty(high - low)
    for v in range(starts.shape[0] - 1):
        square[:] = 0.0
        for c in range(starts[v], starts[v + 1]):
            x, a = columns[c, low:high], columns[c, rank]
            for j in range(square.shape[0]):
                square[j] += (x[j] - a) * (x[j] - a)
        if starts[v + 1] - starts[v] == 1:  # a root of a square is rounded
            x, a = columns[starts[v], low:high], columns[starts[v], rank]
            for j in range(square.shape[0]):
                inside[j] &= abs(x[j] - a) <= radius
        else:
            for j in range(square.shape[0]):
                inside[j] &= np.sqrt(square[j]) <= radius
    total = np.int32(0)
    for j in range(inside.shape[0]):
        total = np.int32(total + inside[j])
    return total


@njit(cache=True, nogil=True)
def count_slab(
    columns, order, sorted_column, starts, euclidean, radii, first, last, counts
):
    """Count the other rows no farther than each row's radius, in several columns.

    Parameters
    ----------
    columns : (d, n) float64
        The columns, all in the order that sorts one of them.
    order : (n,) int64
        Row of each rank.
    sorted_column : int
    starts : (n_variables + 1,) int64
        First column of each variable, and the number of columns.
    euclidean : bool
        Whether distances within a variable are Euclidean.
    radii : (n,) float64
        By rows. Below zero nothing is counted.
    first, last : int
        Ranks to count for.
    counts : (n,) int64
        By rows; written.
    """
    values = columns[sorted_column]
    for rank in range(first, last):
        i = order[rank]
        radius = radii[i]
        if radius < 0:
            counts[i] = 0
            continue
        low = rank - _reach(values, rank, radius, -1, 1)
        high = rank + _reach(values, rank, radius, 1, 1) + 1
        if euclidean:
            total = _euclidean_within(columns, rank, low, high, starts, radius)
        else:
            total = _within(columns, rank, low, high, sorted_column, radius)
        counts[i] = total - 1  # the row itself


@njit(cache=True, nogil=True)
def nearest_ranks(values, k, radii):
    """Write the distance of each sorted number to its k-th neighbour, k < n.

    The k nearest are a run of ranks around the number; the run moves up while the
    number above is nearer than the lowest of it.
    """
    n = values.shape[0]
    low = 0
    for rank in range(n):
        low = max(low, rank - k)
        while (
            low + k + 1 < n
            and low < rank
            and (values[low + k + 1] - values[rank] < values[rank] - values[low])
        ):
            low += 1
        radii[rank] = max(values[rank] - values[low], values[low + k] - values[rank])
