"""Neighbour counts: every engine gives the integers of the definition."""

import itertools

import numpy as np
import oracles
import pytest

from skspace.information import _neighbors
from skspace.information._neighbors import (
    SortedColumn,
    count_within,
    nearest_distances,
    neighbor_counts,
)
from skspace.information._neighbors_array import METRICS, RULES

ENGINES = ("tree", "scan")


def drawn(rng, n, widths):
    return [rng.standard_normal((n, d)) for d in widths]


KINDS = {
    "continuous": lambda rng, V: V,
    "grid": lambda rng, V: [np.round(2 * x) for x in V],
    "tenths": lambda rng, V: [np.round(x, 1) for x in V],
    "far from zero": lambda rng, V: [x + 1e9 for x in V],
    "duplicates": lambda rng, V: [x[np.arange(len(x)) // 3] for x in V],
    "half zeros": lambda rng, V: [np.where(rng.rand(*x.shape) < 0.5, 0, x) for x in V],
    "signed zeros": lambda rng, V: [np.copysign(0.0, x) for x in V],
    "heavy tails": lambda rng, V: [x / rng.rand(len(x), 1) ** 4 for x in V],
    "unlike scales": lambda rng, V: [
        x * 10.0 ** rng.randint(-8, 8, x.shape[1]) for x in V
    ],
    "tiny": lambda rng, V: [x * 2.0**-600 for x in V],
    "huge": lambda rng, V: [x * 2.0**600 for x in V],
    "neighbouring floats": lambda rng, V: [
        1 + np.finfo(float).eps * np.round(4 * x) for x in V
    ],
    "single precision": lambda rng, V: [x.astype(np.float32) for x in V],
}
"""Samples where rounding or ties decide."""

GROUPS = {2: [[0], [1]], 3: [[0, 2], [1, 2], [2]]}


def check(found, expected):
    radii, counts, piles = expected
    np.testing.assert_array_equal(found.radius, radii)
    np.testing.assert_array_equal(found.counts, counts)
    np.testing.assert_array_equal(found.n_joint, piles)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("widths", [(1, 1), (2, 1), (1, 2, 1)])
def test_engines_count_as_loops_do(widths, kind, rng):
    V = KINDS[kind](rng, drawn(rng, 25, widths))
    for k, rule, metric in itertools.product((1, 3), RULES, METRICS):
        groups = [[v] for v in range(len(V))] if rule == RULES[2] else GROUPS[len(V)]
        own = None if rule == RULES[2] else groups
        if metric == "euclidean":
            # the oracle has no protection against squares beyond float64
            scaled = [x.astype(float) * {"tiny": 2.0**600}.get(kind, 1) for x in V]
            scaled = [x * {"huge": 2.0**-600}.get(kind, 1) for x in scaled]
        else:
            scaled = [x.astype(float) for x in V]
        radii, *rest = oracles.neighbor_counts(scaled, k, groups, rule, metric)
        if metric == "euclidean":
            radii = np.array(radii) * {"tiny": 2.0**-600, "huge": 2.0**600}.get(kind, 1)
        for engine in ENGINES:
            settings = {"rule": rule, "metric": metric, "engine": engine}
            check(neighbor_counts(V, k, groups=own, **settings), (radii, *rest))


@pytest.mark.parametrize("kind", ["continuous", "tenths", "heavy tails", "duplicates"])
@pytest.mark.parametrize(
    ("n", "widths"), [(1100, (1, 1)), (400, (3, 2)), (200, (9, 6))]
)
def test_engines_agree_on_larger_samples(n, widths, kind, rng):
    """Many leaves, many tiles, columns in fours and left over."""
    V = KINDS[kind](rng, drawn(rng, n, widths))
    for rule, metric in itertools.product(RULES, METRICS):
        tree, scan = (
            neighbor_counts(V, 3, rule=rule, metric=metric, engine=engine)
            for engine in ENGINES
        )
        check(tree, scan)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("rule", RULES)
def test_definition_on_every_library(rule, metric, library, rng, monkeypatch):
    monkeypatch.setattr("skspace.information._neighbors_array.BLOCK_BYTES", 4000)
    kinds = ["continuous", "far from zero", "tiny"]
    rounded = library.name != "torch" or metric == "chebyshev"
    if rounded:  # roots of torch on a CPU may miss the last bit: no ties with them
        kinds += ["grid", "duplicates"]
    for kind in kinds:
        V = KINDS[kind](rng, drawn(rng, 36, (2, 1, 1)))
        groups = None if rule == "rectangle" else GROUPS[3]
        settings = {"groups": groups, "rule": rule, "metric": metric}
        found = neighbor_counts([library.asarray(x) for x in V], 3, **settings)
        radius, *rest = (library.to_numpy(x) for x in found)
        assert [x.dtype for x in (radius, *rest)] == [np.float64, np.int64, np.int64]
        compiled = neighbor_counts(V, 3, **settings, engine="scan")
        if not rounded:
            np.testing.assert_allclose(radius, compiled.radius, rtol=1e-15)
            radius = compiled.radius
        check(compiled, (radius, *rest))


@pytest.mark.parametrize("engine", ENGINES)
def test_threads_change_nothing(engine, rng):
    V = drawn(rng, 500, (2, 2))
    for rule in RULES:
        alone = neighbor_counts(V, 3, rule=rule, engine=engine)
        check(neighbor_counts(V, 3, rule=rule, engine=engine, n_jobs=3), alone)


@pytest.mark.parametrize("engine", ENGINES)
def test_rows_may_come_in_any_order_and_layout(engine, rng):
    V = KINDS["tenths"](rng, drawn(rng, 200, (2, 1)))
    found = neighbor_counts(V, 3, rule="mixed", engine=engine)
    order = rng.permutation(200)
    shuffled = [np.asfortranarray(x[order]) for x in V]
    for x in shuffled:
        x.flags.writeable = False
    turned = neighbor_counts(shuffled, 3, rule="mixed", engine=engine)
    check(turned, [x[order] for x in found])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("k", [1, 3, 7, 11])
def test_as_many_neighbours_as_there_are(k, engine, rng):
    V = drawn(rng, 12, (1, 1))
    found = neighbor_counts(V, k, engine=engine)
    check(found, oracles.neighbor_counts(V, k, [[0], [1]], "strict", "chebyshev"))


def test_the_engine_is_chosen_by_rows_and_columns(monkeypatch):
    taken = []
    for name in ("_by_tree", "_by_scan"):
        monkeypatch.setattr(_neighbors, name, lambda *_, name=name: taken.append(name))
    for n, d in ((50, 2), (5000, 2), (5000, 6), (40_000, 6), (5000, 50)):
        neighbor_counts([np.zeros((n, d // 2)), np.zeros((n, d - d // 2))], 3)
    expected = ["_by_scan", "_by_tree", "_by_scan", "_by_tree", "_by_scan"]
    assert taken == expected


def test_sorted_columns_may_be_passed(rng):
    V = drawn(rng, 300, (1, 1))
    ranks = {v: SortedColumn.of(V[v][:, 0]) for v in (0, 1)}
    check(neighbor_counts(V, 3, ranks=ranks), neighbor_counts(V, 3))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("d", [1, 2, 3])
def test_counts_within_given_radii(d, metric, rng):
    X = np.round(rng.standard_normal((80, d)), 1)
    radius = np.round(rng.rand(80), 1)
    gaps = np.abs(X[:, None] - X)
    if metric == "euclidean" and d > 1:
        apart = np.sqrt(np.cumsum(gaps**2, axis=2)[:, :, -1])
    else:
        apart = np.max(gaps, axis=2)
    expected = np.sum(apart <= radius[:, None], axis=1) - 1
    np.testing.assert_array_equal(count_within(X, radius, metric=metric), expected)
    nearest = np.sort(apart, axis=1)[:, 4]  # the row itself is first
    np.testing.assert_array_equal(nearest_distances(X, 4, metric=metric), nearest)
