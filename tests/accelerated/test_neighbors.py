"""Kernels of neighbour counts: all pairs, a tree of any columns, sorted columns."""

import numpy as np
import oracles
import pytest
from kernel_cases import prepared


def information_samples(rng):
    """Rows of two variables, where rounding and ties decide; leaves and tiles."""
    for n, d in ((4, 2), (34, 2), (19, 5)):
        Z = rng.standard_normal((n, d))
        yield from (Z, np.round(Z, 1), Z[np.arange(n) // 3], Z + 1e9)


@pytest.mark.parametrize("metric", ["chebyshev", "euclidean"])
@pytest.mark.parametrize("rule", ["strict", "mixed", "rectangle"])
def test_scan_of_all_pairs_counts_as_loops_do(rule, metric, rng):
    from skspace._numba.neighbor_scan import count_rows
    from skspace.information._neighbors_array import RULES

    for Z in information_samples(rng):
        n, d = Z.shape
        starts, groups = np.array([0, d // 2, d]), np.eye(2, dtype=bool)
        screen = np.ascontiguousarray((Z - Z.mean(axis=0)).T / 8, dtype=np.float32)
        found = np.empty(n), np.empty((n, 2), np.int64), np.empty(n, np.int64)
        for first, last in ((0, 2), (2, n)):
            count_rows(
                screen, Z, 1 / 8, starts, groups, 2, RULES.index(rule),
                metric == "euclidean", first, last, *found,
            )  # fmt: skip
        V = [Z[:, : d // 2], Z[:, d // 2 :]]
        expected = oracles.neighbor_counts(V, 2, [[0], [1]], rule, metric)
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("order", ["C", "F", "strided"])
@pytest.mark.parametrize("metric", ["chebyshev", "euclidean"])
def test_leaves_find_the_neighbours_of_their_rows(metric, order, rng):
    from skspace._numba.neighbor_tree import build, extend, nearest

    for Z in information_samples(rng):
        n, d = Z.shape
        (given,) = prepared((Z,), np.float64, order, False)
        tree = build(given)
        np.testing.assert_array_equal(tree[1], Z[tree[0]])
        starts, leaves = np.array([0, d // 2, d]), len(tree[2]) // 2 + 1
        euclidean = metric == "euclidean" and d > 2
        V = [Z[:, : d // 2], Z[:, d // 2 :]]
        for k in (2, 3):
            expected, counts, _ = oracles.neighbor_counts(
                V, k, [[0], [1]], "rectangle", metric
            )
            radii, extents = np.full(n, np.nan), np.full((n, 2), np.nan)
            for first, last in ((0, 1), (1, leaves)):
                nearest(*tree, starts, euclidean, k, first, last, radii)
                extend(*tree, starts, euclidean, radii, first, last, extents)
            np.testing.assert_array_equal(radii, expected)
            for v, x in enumerate(V):
                gaps = np.abs(x[:, None] - x)
                if metric == "euclidean" and x.shape[1] > 1:
                    apart = np.sqrt(np.cumsum(gaps**2, axis=2)[:, :, -1])
                else:
                    apart = np.max(gaps, axis=2)
                near = np.sum(apart <= extents[:, v : v + 1], axis=1) - 1
                np.testing.assert_array_equal(near, np.array(counts)[:, v])


def test_neighbours_in_order_are_those_of_differences(rng):
    from skspace._numba.neighbor_ranks import nearest_ranks

    for Z in information_samples(rng):
        x = np.sort(Z[:, 0])
        apart = np.sort(np.abs(x[:, None] - x), axis=1)  # the number itself is first
        for k in range(1, min(len(x), 9)):
            found = np.full(len(x), np.nan)
            nearest_ranks(x, k, found)
            np.testing.assert_array_equal(found, apart[:, k])


def test_counts_by_rank_are_those_of_differences(rng):
    from skspace._numba.neighbor_ranks import count_ranks, count_slab

    for Z in information_samples(rng):
        n, d = Z.shape
        radii = np.abs(np.round(rng.standard_normal(n), 1))
        radii[0] = -1.0
        for c in range(2):
            order = np.argsort(Z[:, c])
            found = np.full(n, -1)
            for first, last in ((0, 1), (1, n)):
                count_ranks(Z[order, c], order, radii, first, last, found)
            apart = np.abs(Z[:, None, c] - Z[:, c])
            expected = np.sum(apart <= radii[:, None], axis=1) - 1
            expected[0] = 0
            np.testing.assert_array_equal(found, expected)
            table = np.ascontiguousarray(Z[order].T)
            gaps = np.abs(Z[:, None] - Z)
            first_of = np.array([0, 1, d])
            for euclidean in (False, True):
                apart = np.max(gaps, axis=2)
                if euclidean and d > 2:
                    own = np.sqrt(np.cumsum(gaps[:, :, 1:] ** 2, axis=2)[:, :, -1])
                    apart = np.maximum(gaps[:, :, 0], own)
                expected = np.sum(apart <= radii[:, None], axis=1) - 1
                expected[0] = 0
                count_slab(table, order, c, first_of, euclidean, radii, 0, n, found)
                np.testing.assert_array_equal(found, expected)
