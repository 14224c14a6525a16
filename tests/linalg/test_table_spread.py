"""Spread of a table: that of the whole, however it is merged."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skspace.linalg._table_spread import merge_spreads, table_spread


@pytest.mark.parametrize("triangular", [True, False])
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 0, 2)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_merged_in_any_order_it_is_that_of_all_rows(library, triangular, order, dtype):
    """Rows fewer than columns, a single one, and means far from the spread."""
    rng = np.random.RandomState(0)
    X = (rng.standard_normal((30, 5)) * [1, 1e-3, 1e3, 1, 0] + 1e2).astype(dtype)
    parts = [library.asarray(part) for part in np.split(X, [1, 4, 20])]
    first, *others = (table_spread(parts[i], triangular=triangular) for i in order)
    for other in others:
        first = merge_spreads(first, other)
    X = X.astype(float)
    found = [library.to_numpy(x) for x in first[1:5]]
    assert first.n_rows == 30
    assert_allclose(found[0], X.mean(axis=0), rtol=1e-14)
    assert_array_equal(found[1], X.min(axis=0))
    assert_array_equal(found[2], X.max(axis=0))
    spread = found[3].T @ found[3] if triangular else found[3]
    away = X - X.mean(axis=0)
    scale = np.outer(*[np.linalg.norm(away, axis=0) + 1e-12] * 2)
    assert_allclose(spread / scale, away.T @ away / scale, atol=1e-9)


def test_a_triangle_holds_what_squares_lose(rng):
    X = rng.standard_normal((40, 3)) @ np.diag([1.0, 1.0, 1e-12])
    X = X @ np.linalg.qr(rng.standard_normal((3, 3)))[0]
    halves = (table_spread(part, triangular=True) for part in (X[:17], X[17:]))
    found = np.linalg.svd(merge_spreads(*halves).spread, compute_uv=False)
    expected = np.linalg.svd(X - X.mean(axis=0), compute_uv=False)
    assert_allclose(found, expected, rtol=1e-3)
