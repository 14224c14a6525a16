"""Moments of slices: against loops, under merging, weights, offsets and sparsity."""

from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.covariance import ledoit_wolf_shrinkage as peer_shrinkage

from skspace.linalg import _moments
from skspace.linalg._moments import (
    merge_moments,
    pool_moments,
    slice_moments,
    total_moments,
)
from skspace.linalg._whitening import ledoit_wolf_shrinkage


def by_loops(X, labels, n_slices, weights):
    """Weight, mean and scatter of each slice, one row after the other."""
    p = X.shape[1]
    weight, mean = np.zeros(n_slices), np.zeros((n_slices, p))
    scatter = np.zeros((n_slices, p, p))
    for h in range(n_slices):
        rows = [i for i in range(len(X)) if labels[i] == h and weights[i] > 0]
        weight[h] = sum(weights[i] for i in rows)
        for i in rows:
            mean[h] += weights[i] * X[i] / weight[h]
        for i in rows:
            d = X[i] - mean[h]
            scatter[h] += weights[i] * np.outer(d, d)
    return weight, mean, scatter


def table(rng, n=60, p=4, n_slices=3):
    X = rng.standard_normal((n, p)) @ rng.standard_normal((p, p))
    return X, rng.randint(0, n_slices, n), rng.randint(0, 3, n).astype(float)


def assert_close(a, b, atol=1e-10):
    for mine, other in zip(a[:3], b[:3], strict=True):
        np.testing.assert_allclose(mine, other, atol=atol)
    assert a.n_rows == b.n_rows


@pytest.mark.parametrize("per_slice", [True, False])
def test_moments_equal_loops(library, rng, monkeypatch, per_slice):
    monkeypatch.setattr(_moments, "BLOCK_BYTES", 8 * 4 * 16)  # several blocks
    X, labels, weights = table(rng)
    weight, mean, scatter = by_loops(X, labels, 4, weights)
    moments = slice_moments(
        library.asarray(X), labels, 4, weights=weights, per_slice=per_slice
    )
    found = [library.to_numpy(m) for m in moments[:3]]
    np.testing.assert_allclose(found[0], weight)
    np.testing.assert_allclose(found[1], mean, atol=1e-12)
    expected = scatter if per_slice else scatter.sum(axis=0)
    np.testing.assert_allclose(found[2], expected, atol=1e-11)
    total = total_moments(moments)
    np.testing.assert_allclose(
        library.to_numpy(total.covariance),
        np.cov(X.T, aweights=weights, bias=True),
        atol=1e-12,
    )


@pytest.mark.parametrize("per_slice", [True, False])
@pytest.mark.parametrize("interface", [sp.csr_array, sp.csc_matrix])
def test_sparse_equals_dense(rng, per_slice, interface):
    X, labels, weights = table(rng)
    X[np.abs(X) < 1] = 0
    for fourth in (0, 3):
        dense, sparse = (
            slice_moments(
                T, labels, 4, weights=weights, per_slice=per_slice, fourth=fourth
            )
            for T in (X, interface(X))
        )
        assert_close(dense, sparse)
    np.testing.assert_allclose(dense.fourth.quartic, sparse.fourth.quartic)
    np.testing.assert_allclose(dense.fourth.cubic, sparse.fourth.cubic)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**16),
    st.lists(st.integers(1, 30), min_size=1, max_size=6),
    st.booleans(),
    st.sampled_from([0.0, 1e3, 1e6]),
)
def test_chunks_in_any_order_equal_the_whole(seed, sizes, per_slice, offset):
    rng = np.random.RandomState(seed)
    X, labels, weights = table(rng, n=sum(sizes))
    weights[rng.randint(len(weights))] = 1.0
    X = X + offset
    kind = {"per_slice": per_slice, "fourth": 4}
    whole = slice_moments(X, labels, 3, weights=weights, **kind)
    ends = np.cumsum([0, *sizes])
    parts = [
        slice_moments(X[a:b], labels[a:b], 3, weights=weights[a:b], **kind)
        for a, b in pairwise(ends)
    ]
    merged = parts[0]
    order = [parts[i] for i in rng.permutation(len(parts))]
    shuffled = order[0]
    for part, other in zip(parts[1:], order[1:], strict=True):
        merged, shuffled = merge_moments(merged, part), merge_moments(shuffled, other)
    atol = 1e-10 if offset < 1e6 else 1e-8
    # Means carry the rounding of the offset itself.
    for found in (merged, shuffled):
        np.testing.assert_allclose(found.scatter, whole.scatter, rtol=1e-8, atol=atol)
        np.testing.assert_allclose(found.mean, whole.mean, rtol=1e-14, atol=1e-12)
        np.testing.assert_allclose(
            found.fourth.quartic, whole.fourth.quartic, rtol=1e-7, atol=1e-6
        )
        np.testing.assert_allclose(
            found.fourth.cubic, whole.fourth.cubic, rtol=1e-7, atol=1e-5
        )


@pytest.mark.parametrize("per_slice", [True, False])
def test_pooled_slices_are_the_moments_of_the_union(rng, per_slice):
    X, labels, weights = table(rng, n_slices=4)
    X += 1e4
    labels[labels == 2] = 1  # slice 2 is empty
    groups = np.array([1, 0, -1, 1])
    kind = {"weights": weights, "per_slice": per_slice}
    pooled = pool_moments(slice_moments(X, labels, 4, **kind), groups, 2)
    assert_close(pooled, slice_moments(X, groups[labels], 2, **kind), atol=1e-8)


def test_weights_equal_repetition(rng):
    X, labels, weights = table(rng)
    times = weights.astype(int)
    weighted = slice_moments(X, labels, 3, weights=weights, per_slice=True)
    repeated = slice_moments(
        np.repeat(X, times, axis=0), np.repeat(labels, times), 3, per_slice=True
    )
    for a, b in zip(weighted[:3], repeated[:3], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-10)
    assert weighted.n_samples == repeated.n_samples


def test_rows_of_weight_zero_are_not_counted(rng):
    X, labels, weights = table(rng)
    weights[5:] = 0
    weights[:5] = 0.1
    moments = slice_moments(X, labels, 3, weights=weights, per_slice=False)
    assert moments.n_rows == moments.n_samples == 5


def test_offset_costs_no_digits(rng):
    X, labels, _ = table(rng, n=400)
    near, far = (
        total_moments(slice_moments(T, labels, 3, per_slice=False)).covariance
        for T in (X, X + 2.0**20)
    )
    np.testing.assert_allclose(far, near, atol=1e-9)


def test_float32_is_summed_in_float64(rng):
    X, labels, _ = table(rng, n=3000)
    X = (X + 100).astype(np.float32)
    moments = slice_moments(X, labels, 3, per_slice=True)
    expected = slice_moments(X.astype(float), labels, 3, per_slice=True)
    assert_close(moments, expected, atol=1e-12)


@pytest.mark.parametrize("shape", [(30, 8), (15, 40), (500, 3)])
def test_ledoit_wolf_equals_scikit_learn(rng, shape):
    X = rng.standard_normal(shape) * (1 + rng.uniform(size=shape[1])) + 3
    labels = rng.randint(0, 3, shape[0])
    moments = slice_moments(X, labels, 3, per_slice=False, fourth=shape[1])
    found = ledoit_wolf_shrinkage(moments, total_moments(moments))
    np.testing.assert_allclose(found, peer_shrinkage(X), rtol=1e-10)


def test_moments_of_different_kinds_do_not_merge(rng):
    X, labels, _ = table(rng)
    one = slice_moments(X, labels, 3, per_slice=True)
    for other in (
        slice_moments(X, labels, 3, per_slice=False),
        slice_moments(X, labels, 4, per_slice=True),
        slice_moments(X, labels, 3, per_slice=True, fourth=4),
    ):
        for pair in ((one, other), (other, one)):
            with pytest.raises(ValueError, match="summed for other parameters"):
                merge_moments(*pair)


@pytest.mark.parametrize("per_slice", [True, False])
def test_squares_that_overflow_are_refused(rng, per_slice):
    """In the rows, by the weights they are divided by, and between chunks."""
    X, labels, weights = table(rng)

    def moments(factor, shift=0.0, unit=1.0):
        rows = factor * X + shift
        return slice_moments(
            rows, labels, 3, weights=unit * weights, per_slice=per_slice
        )

    for factor, unit in ((1e160, 1.0), (1e140, 1e60), (1e160, 1e-60)):
        with pytest.raises(ValueError, match="overflow float64"):
            moments(factor, unit=unit)
    with pytest.raises(ValueError, match="overflow float64"):
        merge_moments(moments(1.0), moments(1.0, shift=1e160))
    assert np.all(np.isfinite(moments(1e140, unit=1e-60).scatter))


@pytest.mark.parametrize("unit", [1e-90, 1e90])
def test_fourth_powers_that_leave_the_range_are_refused(rng, unit):
    X, labels, _ = table(rng)
    moments = slice_moments(unit * X, labels, 3, per_slice=False, fourth=4)
    with pytest.raises(ValueError, match="fourth powers of the features"):
        ledoit_wolf_shrinkage(moments, total_moments(moments))


@pytest.mark.parametrize("per_slice", [True, False])
@pytest.mark.parametrize("n_away", [3, 300, 390])
def test_rows_of_weight_zero_may_be_far_away(library, rng, per_slice, n_away):
    X, labels, _ = table(rng, n=400)
    weights = (np.arange(400) >= n_away) * 1.0
    X[:n_away] = 1e12
    kind = {"per_slice": per_slice, "fourth": 4}
    found = slice_moments(library.asarray(X), labels, 3, weights=weights, **kind)
    alone = slice_moments(X[n_away:], labels[n_away:], 3, **kind)
    for mine, other in zip(found[:3], alone[:3], strict=True):
        np.testing.assert_allclose(library.to_numpy(mine), other, atol=1e-10)
    for mine, other in zip(found.fourth, alone.fourth, strict=True):
        np.testing.assert_allclose(library.to_numpy(mine), other, rtol=1e-9, atol=1e-8)


@pytest.mark.parametrize("unit", [1e-300, 1e300])
def test_moments_do_not_depend_on_the_unit_of_weights(rng, unit):
    X, labels, weights = table(rng)
    plain, other = (
        slice_moments(X, labels, 3, weights=w, per_slice=True)
        for w in (weights, unit * weights)
    )
    np.testing.assert_allclose(other.mean, plain.mean, atol=1e-12)
    np.testing.assert_allclose(other.scatter / unit, plain.scatter, atol=1e-10)


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e200, -1e300])
@pytest.mark.parametrize("weighted", [True, False])
def test_constant_columns_have_no_scatter_at_all(library, rng, value, weighted):
    X, labels, weights = table(rng, n=700)
    X[:, 1] = value
    moments = slice_moments(
        library.asarray(X),
        labels,
        3,
        weights=weights if weighted else None,
        per_slice=True,
    )
    assert np.all(library.to_numpy(moments.mean)[:, 1] == value)
    assert not np.any(library.to_numpy(moments.scatter)[:, 1, :])


def test_covariances_that_overflow_are_refused(rng):
    """Also where it is that of means of slices alone."""
    X, labels, _ = table(rng)
    X[:, 0] = 1e200 * labels
    with pytest.raises(ValueError, match="overflow float64"):
        slice_moments(X, labels, 3, per_slice=True)
    one, other = (
        slice_moments(X[labels == h], labels[labels == h], 3, per_slice=False)
        for h in (0, 1)
    )
    with pytest.raises(ValueError, match="overflow float64"):
        merge_moments(one, other)
