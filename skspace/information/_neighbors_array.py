"""The definition of neighbour counts in the array API, by blocks of rows."""

from __future__ import annotations

from .._array import array_namespace, device

__all__ = ["METRICS", "RULES", "count_by_blocks"]

RULES = ("strict", "mixed", "rectangle")
"""What is counted; see :func:`skspace.information._neighbors.neighbor_counts`."""
METRICS = ("chebyshev", "euclidean")
BLOCK_BYTES = 64 * 1024**2
"""Bytes of distances at a time."""


def count_by_blocks(variables, k, groups, rule, metric):
    """Do what `neighbor_counts` says, in the library of the variables.

    Returns
    -------
    radius, counts, n_joint
        As in :class:`skspace.information._neighbors.NeighborCounts`.
    """
    xp = array_namespace(*variables)
    variables = [xp.astype(x, xp.float64) for x in variables]
    n = variables[0].shape[0]
    step = max(1, BLOCK_BYTES // (8 * n * (len(variables) + 2)))
    parts = [
        _count_block(xp, variables, slice(a, min(a + step, n)), k, groups, rule, metric)
        for a in range(0, n, step)
    ]
    return tuple(xp.concat(part) for part in zip(*parts, strict=True))


def _count_block(xp, variables, rows, k, groups, rule, metric):
    """Serve some of the rows."""
    n = variables[0].shape[0]
    own = xp.arange(n, device=device(variables[0]))
    other = own[rows, None] != own[None, :]
    apart = [_distances(xp, x[rows, :], x, metric) for x in variables]
    joint = _largest(xp, apart)
    # the row itself is no neighbour: behind all others
    beyond = xp.full_like(joint, xp.inf)
    ranked = xp.sort(xp.where(other, joint, beyond), axis=1)
    radius = ranked[:, k - 1]
    r = radius[:, None]
    at_zero = (r == 0) & (rule == "mixed")
    counts = []
    for group in groups:
        d = _largest(xp, [apart[v] for v in group])
        if rule == "rectangle":
            inside = other & (joint <= r)
            extent = xp.max(xp.where(inside, d, xp.zeros_like(d)), axis=1)
            near = d <= extent[:, None]
        else:
            near = (d < r) | (at_zero & (d == 0))
        counts.append(_count(xp, near & other))
    together = 1 + _count(xp, (joint == 0) & other)
    n_joint = xp.where(at_zero[:, 0], together, xp.full_like(together, k))
    if not counts:
        none = xp.zeros((radius.shape[0], 0), dtype=xp.int64, device=device(radius))
        return radius, none, n_joint
    return radius, xp.stack(counts, axis=1), n_joint


def _count(xp, condition):
    return xp.sum(xp.astype(condition, xp.int64), axis=1)


def _largest(xp, distances):
    largest = distances[0]
    for d in distances[1:]:
        largest = xp.maximum(largest, d)
    return largest


def _distances(xp, rows, X, metric):
    """Distances of some rows to all, in the arithmetic of the compiled engines."""
    gaps = (xp.abs(rows[:, c, None] - X[None, :, c]) for c in range(X.shape[1]))
    if metric == "chebyshev" or X.shape[1] == 1:
        return _largest(xp, list(gaps))
    square = 0.0
    for gap in gaps:
        square = square + gap * gap
    return xp.sqrt(square)
