"""Distances to k-th neighbours and numbers of rows within them, on every engine.

This is all that estimators by nearest neighbours ask of the data. Three engines give
the same integers: a kd-tree with counts in sorted columns where columns are few, a
screened comparison of all pairs where they are many (both compiled, for NumPy), and
:mod:`skspace.information._neighbors_array` for every other array library.
"""

from __future__ import annotations

import itertools
import math
from typing import Any, NamedTuple

import numpy as np
from scipy.special import digamma

from .._array import array_namespace, is_numpy_array
from ..graph._threads import count_threads, thread_map
from ._neighbors_array import RULES, count_by_blocks

__all__ = [
    "NeighborCounts",
    "SortedColumn",
    "count_within",
    "digamma_table",
    "nearest_distances",
    "nearest_in_order",
    "neighbor_counts",
]

TREE_ROWS = {1: 64, 2: 128, 3: 500, 4: 2000, 6: 30_000}
"""Rows from which the tree is faster than comparing all pairs, by columns."""
PAIRS_PER_TASK = 2e9
"""Of comparisons between two looks at whether the user has interrupted."""


class NeighborCounts(NamedTuple):
    """What the k-th neighbour of every row is, and how many rows are nearer.

    Attributes
    ----------
    radius : array of shape (n,), float64
        Joint distance to the k-th other row.
    counts : array of shape (n, n_groups), int64
        Numbers of other rows in each group of variables.
    n_joint : array of shape (n,), int64
        k; under the rule "mixed", where the radius is 0, 1 + the number of other rows
        at the same place.
    """

    radius: Any
    counts: Any
    n_joint: Any


class SortedColumn(NamedTuple):
    """A column in order, to be sorted once and counted in often."""

    values: Any
    order: Any

    @classmethod
    def of(cls, x):
        """Sort a column."""
        order = np.argsort(x)
        return cls(np.ascontiguousarray(x[order], dtype=np.float64), order)


def neighbor_counts(
    variables,
    n_neighbors,
    *,
    groups=None,
    rule="strict",
    metric="chebyshev",
    n_jobs=None,
    ranks=None,
    engine="auto",
):
    """Find k-th neighbours over all variables and count rows within their distance.

    Parameters
    ----------
    variables : sequence of array of shape (n, d_v)
        Rows are observations. The distance of two rows is the largest of their
        distances in each variable.
    n_neighbors : int
        k, from 1 to n - 1.
    groups : sequence of sequence of int, default=None
        Variables in which to count; None counts in each variable alone.
    rule : {"strict", "mixed", "rectangle"}, default="strict"
        What is counted, with r the distance of the k-th neighbour of a row: the other
        rows at less than r; the same, and where r = 0 those at 0; those that are in
        each variable no farther than any of the rows within r (with `groups` None).
    metric : {"chebyshev", "euclidean"}, default="chebyshev"
        Distance within a variable.
    n_jobs : int or None, default=None
        Threads, by joblib. Results do not depend on it.
    ranks : dict of int -> SortedColumn, default=None
        Variables of one column that are known in order.
    engine : {"auto", "tree", "scan"}, default="auto"
        Of NumPy arrays. "auto" takes the tree where measurements found it faster.

    Returns
    -------
    NeighborCounts
        Of the library of the variables.

    Notes
    -----
    All distances are differences ``x_j - x_i`` in float64, and roots of sums of their
    squares in the order of the columns; every comparison is between numbers that come
    from this arithmetic, so that the k-th neighbour itself is never within its own
    distance. ``x_j < x_i + r`` would sometimes let it in.

    Cost: tree O(n log n) for one or two columns, and about O(n^1.5) for a few; scan
    O(n² d) at several comparisons in an instruction. Memory O(n d).
    """
    variables = list(variables)
    if groups is None:
        groups = [[v] for v in range(len(variables))]
    if metric == "euclidean":
        variables, unit = _without_overflow(variables)
    else:
        unit = 1.0
    if not all(map(is_numpy_array, variables)):
        found = count_by_blocks(variables, n_neighbors, groups, rule, metric)
        return NeighborCounts(found[0] * unit, *found[1:])
    problem = _Problem(variables, groups, metric == "euclidean", ranks or {})
    if engine == "auto":
        engine = "tree" if prefers_tree(*problem.rows.shape) else "scan"
    solve = _by_tree if engine == "tree" else _by_scan
    n_threads = count_threads(n_jobs)
    n_tasks = 1 if n_threads == 1 else 4 * n_threads
    with thread_map(n_threads) as threads:
        found = solve(problem, n_neighbors, rule, threads, n_tasks)
    return found if unit == 1.0 else found._replace(radius=found.radius * unit)


def _without_overflow(variables):
    """Divide by a power of two, exactly, so that squares stay within float64."""
    xp = array_namespace(*variables)
    largest = max(float(xp.max(xp.abs(x))) for x in variables)
    unit = 2.0 ** min(max(math.frexp(largest)[1], -1000), 1000)
    return [xp.astype(x, xp.float64) / unit for x in variables], unit


def nearest_distances(X, n_neighbors, *, metric="chebyshev", n_jobs=None):
    """Return the distance of every row to its k-th other row; see `neighbor_counts`."""
    return neighbor_counts(
        [X], n_neighbors, groups=[], metric=metric, n_jobs=n_jobs
    ).radius


def nearest_in_order(values, n_neighbors):
    """Return the distance of every number of a sorted column to its k-th other one."""
    from .._numba.neighbor_ranks import nearest_ranks

    radius = np.empty(len(values))
    nearest_ranks(np.ascontiguousarray(values, dtype=np.float64), n_neighbors, radius)
    return radius


def count_within(X, radius, *, metric="chebyshev", n_jobs=None, ranks=None):
    """Count the other rows no farther than a radius of each row, that is not negative.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    radius : ndarray of shape (n,)
    metric : {"chebyshev", "euclidean"}, default="chebyshev"
    n_jobs : int or None, default=None
    ranks : SortedColumn, default=None
        X in order, where it is one column and known.

    Returns
    -------
    counts : ndarray of shape (n,), int64
    """
    problem = _Problem([X], [[0]], metric == "euclidean", {0: ranks})
    with thread_map(count_threads(n_jobs)) as threads:
        return _count_in_group(problem, [0], radius, threads, 4)


def digamma_table(n):
    """Return ψ(0), ..., ψ(n): a look-up in place of a function of every row."""
    table = digamma(np.arange(n + 1, dtype=np.float64))
    table[0] = -np.inf
    return table


def prefers_tree(n, d):
    """Whether the tree is faster for n rows of d columns."""
    return n >= TREE_ROWS.get(d, np.inf)


class _Problem:
    """Variables side by side."""

    def __init__(self, variables, groups, euclidean, ranks):
        widths = [x.shape[1] for x in variables]
        self.starts = np.concatenate([[0], np.cumsum(widths)]).astype(np.int64)
        # A zero has one sign from here on; equal rows have equal bytes.
        self.rows = np.concatenate(variables, axis=1, dtype=np.float64) + 0.0
        self.groups, self.ranks = groups, ranks
        self.euclidean = euclidean and max(widths) > 1

    def columns_of(self, group):
        """Columns of a group, and where its variables start among them."""
        widths = [self.starts[v + 1] - self.starts[v] for v in group]
        columns = [np.arange(self.starts[v], self.starts[v + 1]) for v in group]
        return np.concatenate(columns), np.concatenate([[0], np.cumsum(widths)])


def _by_scan(problem, k, rule, threads, n_tasks):
    """Compare all pairs."""
    from .._numba.neighbor_scan import count_rows

    rows = problem.rows
    n, d = rows.shape
    columns, scale = _for_screening(rows)
    groups = np.zeros((len(problem.groups), len(problem.starts) - 1), dtype=bool)
    for g, group in enumerate(problem.groups):
        groups[g, group] = True
    radius = np.empty(n)
    counts = np.empty((n, len(groups)), dtype=np.int64)
    n_joint = np.empty(n, dtype=np.int64)

    def serve(block):
        count_rows(
            columns, rows, scale, problem.starts, groups, k, RULES.index(rule),
            problem.euclidean, *block, radius, counts, n_joint,
        )  # fmt: skip

    n_tasks = max(n_tasks, int(n * n * d / PAIRS_PER_TASK))
    threads(serve, _blocks(n, n_tasks))
    return NeighborCounts(radius, counts, n_joint)


def _for_screening(rows):
    """Columns in float32 about their middles, and the power of two they are times."""
    middle = np.median(rows, axis=0)
    centred = rows - middle
    exponent = int(np.clip(np.frexp(np.max(np.abs(centred)))[1], -1000, 1000))
    columns = np.ldexp(centred, -exponent).T
    return np.ascontiguousarray(columns, dtype=np.float32), float(2.0**-exponent)


def _by_tree(problem, k, rule, threads, n_tasks):
    """Search a kd-tree, then count in sorted columns."""
    from .._numba.neighbor_tree import build, extend, nearest

    rows, starts, euclidean = problem.rows, problem.starts, problem.euclidean
    n = len(rows)
    tree = build(np.ascontiguousarray(rows))  # one order, one compilation
    leaves = _blocks(len(tree[2]) // 2 + 1, n_tasks)
    radius, n_joint = np.empty(n), np.full(n, k, dtype=np.int64)
    threads(lambda b: nearest(*tree, starts, euclidean, k, *b, radius), leaves)
    # what is at less than r is within the number below r, in the same arithmetic
    within = np.nextafter(radius, -1.0)
    if rule == "mixed":
        within = np.where(radius == 0, 0.0, within)
        if np.any(radius == 0):
            n_joint = np.where(radius == 0, _multiplicity(rows), k)
    if rule == "rectangle":
        extents = np.empty((n, len(starts) - 1))
        threads(lambda b: extend(*tree, starts, euclidean, radius, *b, extents), leaves)
    counts = np.empty((n, len(problem.groups)), dtype=np.int64)
    for g, group in enumerate(problem.groups):
        reach = extents[:, g] if rule == "rectangle" else within
        counts[:, g] = _count_in_group(problem, group, reach, threads, n_tasks)
    return NeighborCounts(radius, counts, n_joint)


def _multiplicity(rows):
    """How often each row occurs."""
    _, inverse, number = np.unique(
        rows, axis=0, return_inverse=True, return_counts=True
    )
    return number[inverse.reshape(-1)]


def _count_in_group(problem, group, radius, threads, n_tasks):
    """Count the other rows no farther than each row's radius, in a group."""
    from .._numba.neighbor_ranks import count_ranks, count_slab

    columns, starts = problem.columns_of(group)
    n = len(problem.rows)
    counts = np.empty(n, dtype=np.int64)
    radius = np.ascontiguousarray(radius)
    if len(columns) == 1:
        ranks = problem.ranks.get(group[0])
        values, order = ranks or SortedColumn.of(problem.rows[:, columns[0]])

        def serve(block):
            count_ranks(values, order, radius, *block, counts)
    else:
        table = problem.rows[:, columns]
        spread = np.subtract(*np.quantile(table, [0.75, 0.25], axis=0))
        widest = int(np.argmax(spread))  # the shortest runs
        order = np.argsort(table[:, widest])
        table = np.ascontiguousarray(table[order].T)

        def serve(block):
            count_slab(
                table, order, widest, starts, problem.euclidean, radius, *block, counts
            )

    threads(serve, _blocks(n, n_tasks))
    return counts


def _blocks(n, n_blocks):
    """Cut ``range(n)`` into runs of about one length."""
    n_blocks = min(n_blocks, n)
    edges = [n * i // n_blocks for i in range(n_blocks + 1)]
    return list(itertools.pairwise(edges))
