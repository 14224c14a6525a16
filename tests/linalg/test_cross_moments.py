"""Moments of two tables side by side, and room for more columns."""

import numpy as np
from numpy.testing import assert_allclose

from skspace.linalg._cross_moments import cross_moments, widen_columns, widen_slices
from skspace.linalg._moments import merge_moments, slice_moments, total_moments


def test_tables_side_by_side_are_one_table(library, rng, monkeypatch):
    X, others = rng.standard_normal((50, 3)) + 7, rng.standard_normal((50, 2))
    w = rng.uniform(size=50)
    for size in (2**22, 100):  # one block, and many
        monkeypatch.setattr("skspace.linalg._cross_moments.BLOCK_BYTES", size)
        found = total_moments(cross_moments(library.asarray(X), others, weights=w))
        table = np.hstack([X, others])
        mean = library.to_numpy(found.mean)
        assert_allclose(mean, np.average(table, axis=0, weights=w))
        expected = np.cov(table.T, aweights=w, bias=True)
        assert_allclose(library.to_numpy(found.covariance), expected, atol=1e-12)


def test_columns_of_zeros_that_come_late(rng):
    X, others = rng.standard_normal((40, 2)), np.eye(2)[rng.randint(2, size=40)]
    late = np.column_stack([others[:, 0], np.zeros(40), others[:, 1]])
    one = widen_columns(cross_moments(X, others), np.array([0, 1, 2, 4]), 5)
    two = cross_moments(X, late)
    assert_allclose(one.mean, two.mean)
    assert_allclose(one.scatter, two.scatter, atol=1e-12)
    merged, twice = (
        merge_moments(one, two),
        cross_moments(*(np.tile(a, (2, 1)) for a in (X, late))),
    )
    assert_allclose(merged.scatter, twice.scatter, atol=1e-12)


def test_slices_without_rows(rng):
    X, labels = rng.standard_normal((40, 2)), rng.randint(2, size=40)
    few = slice_moments(X, labels, 2, per_slice=True)
    one = widen_slices(few, np.array([0, 2]), 3)
    two = slice_moments(X, 2 * labels, 3, per_slice=True)
    assert_allclose(one.weight, two.weight)
    assert_allclose(one.mean, two.mean)
    assert_allclose(one.scatter, two.scatter, atol=1e-12)
