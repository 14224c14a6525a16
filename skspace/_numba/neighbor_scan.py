"""Neighbour counts by looking at every pair: screened in float32, decided in float64.

Notation: the columns of a table belong to variables, variable v has those from
``starts[v]`` to ``starts[v + 1]``. The distance of two rows in a variable is the
largest difference of a column, or the Euclidean one; in a group of variables it is
the largest over them, and the joint one that over all. The screen runs over `columns`,
float32 copies of which one instruction takes many rows. With t a distance and f its
screened value, ``|f - t| <= slack`` wherever either is near the limit it is compared
with, so that only rows within the slack of a limit are looked up in `rows`, in float64.
"""

import numpy as np
from numba import njit

TILE = 1024
"""Rows that are screened at a time: their distances stay in the fastest cache."""
STRIDE = 128
"""Rows among which hits are counted before they are looked for one by one."""
ROUNDING = 2.0**-22
"""Slack per size: four roundings of float32, twice what a difference of two meets."""
UNDERFLOW = 1e-18
"""Slack for squares below what float32 holds, where the largest entry is one."""
STRICT, MIXED, RECTANGLE = 0, 1, 2
"""How the radius of a count follows from the k-th neighbour; see `count_rows`."""


@njit(cache=True, nogil=True)
def variable_distance(rows, i, j, start, stop, euclidean):
    """Distance of two rows in one variable, in the arithmetic all engines share."""
    if not euclidean or stop - start == 1:
        largest = 0.0
        for c in range(start, stop):
            largest = max(largest, abs(rows[j, c] - rows[i, c]))
        return largest
    square = 0.0
    for c in range(start, stop):
        gap = rows[j, c] - rows[i, c]
        square += gap * gap
    return np.sqrt(square)


@njit(cache=True, nogil=True)
def _distance(rows, i, j, starts, group, euclidean):
    largest = 0.0
    for v in range(group.shape[0]):
        if group[v]:
            d = variable_distance(rows, i, j, starts[v], starts[v + 1], euclidean)
            largest = max(largest, d)
    return largest


@njit(cache=True, nogil=True)
def _fill(x, a, out):
    for j in range(out.shape[0]):
        out[j] = abs(x[j] - a)


@njit(cache=True, nogil=True)
def _fill_by_four(x0, x1, x2, x3, a0, a1, a2, a3, out):
    for j in range(out.shape[0]):
        d0, d1 = abs(x0[j] - a0), abs(x1[j] - a1)
        d2, d3 = abs(x2[j] - a2), abs(x3[j] - a3)
        d0 = d0 if d0 > d1 else d1
        d2 = d2 if d2 > d3 else d3
        out[j] = d0 if d0 > d2 else d2


@njit(cache=True, nogil=True)
def _raise_by_four(x0, x1, x2, x3, a0, a1, a2, a3, before, out):
    """Never in place: compilers turn that into masked writes, which reads wait for."""
    for j in range(out.shape[0]):
        d0, d1 = abs(x0[j] - a0), abs(x1[j] - a1)
        d2, d3 = abs(x2[j] - a2), abs(x3[j] - a3)
        d0 = d0 if d0 > d1 else d1
        d2 = d2 if d2 > d3 else d3
        d0 = d0 if d0 > d2 else d2
        out[j] = d0 if d0 > before[j] else before[j]


@njit(cache=True, nogil=True)
def _fill_squares(x, a, out):
    for j in range(out.shape[0]):
        d = x[j] - a
        out[j] = d * d


@njit(cache=True, nogil=True)
def _add_squares(x, a, out):
    for j in range(out.shape[0]):
        d = x[j] - a
        out[j] += d * d


@njit(cache=True, nogil=True)
def _screen(columns, a, first, last, start, stop, euclidean, spare, out):
    """Write distances from `a` in one variable (their squares where Euclidean)."""
    if euclidean:
        _fill_squares(columns[first, start:stop], a[first], out)
        for c in range(first + 1, last):
            _add_squares(columns[c, start:stop], a[c], out)
        return
    if last - first == 1:
        _fill(columns[first, start:stop], a[first], out)
        return
    # Four at a time; the first of them again where the number is no multiple.
    c = first + (last - first - 1) % 4 + 1
    p, q, r = min(first + 1, c - 1), min(first + 2, c - 1), c - 1
    turns = (last - c) // 4  # they write alternately; the last one to `out`
    spare = spare[: stop - start]
    before, after = (spare, out) if turns % 2 == 1 else (out, spare)
    _fill_by_four(
        columns[first, start:stop],
        columns[p, start:stop],
        columns[q, start:stop],
        columns[r, start:stop],
        a[first],
        a[p],
        a[q],
        a[r],
        before,
    )
    while c < last:
        _raise_by_four(
            columns[c, start:stop],
            columns[c + 1, start:stop],
            columns[c + 2, start:stop],
            columns[c + 3, start:stop],
            a[c],
            a[c + 1],
            a[c + 2],
            a[c + 3],
            before,
            after,
        )
        before, after = after, before
        c += 4


@njit(cache=True, nogil=True)
def _larger(x, y, out):
    for j in range(out.shape[0]):
        out[j] = x[j] if x[j] > y[j] else y[j]


@njit(cache=True, nogil=True)
def _count(x, limit):
    n = np.int32(0)
    for j in range(x.shape[0]):
        n = np.int32(n + (x[j] <= limit))
    return n


@njit(cache=True, nogil=True)
def _insert(best, d):
    """Put a distance among the smallest, which are in order."""
    j = best.shape[0] - 1
    while j > 0 and best[j - 1] > d:
        best[j] = best[j - 1]
        j -= 1
    best[j] = d


@njit(cache=True, nogil=True)
def _limit(radius, slack, euclidean):
    """Screened value at a radius (of squares where Euclidean), not below zero."""
    reach = radius + slack
    if reach < 0:
        return np.float32(-1)
    return np.float32(reach * reach if euclidean else reach)


@njit(cache=True, nogil=True)
def _count_within(screened, rows, i, starts, group, euclidean, radius, inside, outside):
    """Count the other rows no farther than the radius.

    Those screened below `inside` are, those above `outside` are not.
    """
    n = screened.shape[0]
    total = 0
    for start in range(0, n, TILE):
        x = screened[start : min(start + TILE, n)]
        sure, possible = _count(x, inside), _count(x, outside)
        total += sure
        if sure == possible:
            continue
        for j in range(x.shape[0]):
            if inside < x[j] <= outside:
                d = _distance(rows, i, start + j, starts, group, euclidean)
                total += d <= radius
    return total - 1  # the row itself


@njit(cache=True, nogil=True)
def _extend(near, rows, i, starts, everything, euclidean, radius, outside, extents):
    """Write the largest distance in each variable among rows within the radius."""
    extents[:] = 0.0
    for j in range(near.shape[0]):
        if near[j] > outside or j == i:
            continue
        if _distance(rows, i, j, starts, everything, euclidean) <= radius:
            for v in range(extents.shape[0]):
                d = variable_distance(rows, i, j, starts[v], starts[v + 1], euclidean)
                extents[v] = max(extents[v], d)


@njit(cache=True, nogil=True)
def count_rows(
    columns,
    rows,
    scale,
    starts,
    groups,
    k,
    rule,
    euclidean,
    first,
    last,
    radii,
    counts,
    n_joint,
):
    """Find the k-th neighbours of rows, and count what is within their distance.

    Parameters
    ----------
    columns : (d, n) float32
        The columns, each moved to its middle, times `scale`; no entry beyond one or so.
    rows : (n, d) float64
    scale : float
    starts : (n_variables + 1,) int64
        First column of each variable, and the number of columns.
    groups : (n_groups, n_variables) bool
        Variables in which rows are counted; each has at least one.
    k : int
        Less than n.
    rule : int
        With the joint distance r to the k-th neighbour, counted are the other rows at
        less than r (STRICT); the same, at 0 where r is 0 (MIXED); those that are in
        each variable no farther than any of those within r (RECTANGLE; the groups are
        the variables then).
    euclidean : bool
        Whether distances within a variable are Euclidean.
    first, last : int
        Rows to serve.
    radii : (n,) float64
        Distances to the k-th neighbour; written.
    counts : (n, n_groups) int64
        Written.
    n_joint : (n,) int64
        k, or 1 + the number of others at 0 where MIXED meets r = 0; written.
    """
    m, n, d = starts.shape[0] - 1, rows.shape[0], columns.shape[0]
    everything = np.ones(m, dtype=np.bool_)
    screened = np.empty((m, n), dtype=np.float32)
    joint = np.empty(n, dtype=np.float32)
    spare = np.empty(TILE, dtype=np.float32)
    best, a = np.empty(k), np.empty(d, dtype=np.float32)
    extents = np.empty(m)
    factor = ROUNDING * (1 + d / 4 if euclidean else 1)
    for i in range(first, last):
        size = 0.0
        for c in range(d):
            a[c] = columns[c, i]
            entry = abs(float(a[c]))
            size = size + entry * entry if euclidean else max(size, entry)
        if euclidean:
            size = np.sqrt(size)
        best[:] = np.inf
        limit = np.float32(np.inf)
        for start in range(0, n, TILE):
            stop = min(start + TILE, n)
            for v in range(m):
                _screen(
                    columns,
                    a,
                    starts[v],
                    starts[v + 1],
                    start,
                    stop,
                    euclidean,
                    spare,
                    screened[v, start:stop],
                )
            near = joint[start:stop]
            _larger(screened[0, start:stop], screened[m - 1, start:stop], near)
            for v in range(1, m - 1):
                _larger(screened[v, start:stop], near, near)
            for low in range(0, stop - start, STRIDE):
                part = near[low : low + STRIDE]
                if _count(part, limit) == 0:
                    continue
                for j in range(part.shape[0]):
                    o = start + low + j
                    if part[j] <= limit and o != i:
                        gap = _distance(rows, i, o, starts, everything, euclidean)
                        if gap < best[k - 1]:
                            _insert(best, gap)
                            reach = best[k - 1] * scale
                            slack = factor * (size + reach) + UNDERFLOW
                            limit = _limit(reach, slack, euclidean)
        radius = best[k - 1]
        radii[i] = radius
        n_joint[i] = k
        slack = factor * (size + radius * scale) + UNDERFLOW
        outside = _limit(radius * scale, slack, euclidean)
        within = np.nextafter(radius, -1.0)
        if rule == MIXED and radius == 0:
            within = 0.0
            n_joint[i] = 1 + _count_within(
                joint, rows, i, starts, everything, euclidean, 0.0,
                np.float32(-1), outside,
            )  # fmt: skip
        if rule == RECTANGLE:
            _extend(
                joint, rows, i, starts, everything, euclidean, radius, outside, extents
            )
        for g in range(groups.shape[0]):
            alone, n_in = 0, 0
            for v in range(m):
                if groups[g, v]:
                    alone, n_in = v, n_in + 1
            if rule == RECTANGLE:
                within = extents[g]
            if within < 0:
                counts[i, g] = 0
                continue
            if n_in == 1:
                x = screened[alone]
            else:
                x = joint  # it has served
                _larger(screened[alone], screened[alone], x)
                for v in range(alone):
                    if groups[g, v]:
                        _larger(screened[v], x, x)
            reach = within * scale
            slack = factor * (size + reach) + UNDERFLOW
            counts[i, g] = _count_within(
                x, rows, i, starts, groups[g], euclidean, within,
                _limit(reach, -slack, euclidean), _limit(reach, slack, euclidean),
            )  # fmt: skip
