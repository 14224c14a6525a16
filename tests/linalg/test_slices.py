"""Slices: quantiles that weights and repetition agree upon, classes, pooling."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skspace.linalg._slices import (
    assign_slices,
    pool_small_slices,
    slice_response,
)


def labels_of(y, *args, **kwargs):
    return assign_slices(slice_response(y, *args, **kwargs), y)


def test_slices_of_distinct_numbers_are_equal(rng):
    y = rng.standard_normal(500)
    np.testing.assert_array_equal(np.bincount(labels_of(y, 10)), np.full(10, 50))


def test_slices_follow_the_order_of_y(rng):
    y = rng.standard_normal(103)
    assert np.all(np.diff(labels_of(y, 7)[np.argsort(y)]) >= 0)
    assert np.max(np.abs(np.bincount(labels_of(y, 7)) - 103 / 7)) <= 1


@given(st.lists(st.integers(0, 30), min_size=12, max_size=60), st.integers(2, 6))
def test_equal_values_share_a_slice(values, n_slices):
    y = np.array(values, dtype=float)
    labels = labels_of(y, n_slices, "continuous", min_slice=1)
    for value in np.unique(y):
        assert len(np.unique(labels[y == value])) == 1


@given(
    st.lists(
        st.tuples(st.integers(0, 20), st.integers(0, 4)), min_size=6, max_size=40
    ).filter(lambda rows: sum(w for _, w in rows) > 0),
    st.integers(2, 6),
)
def test_weights_equal_repetition(rows, n_slices):
    y, weights = np.array(rows, dtype=float).T
    repeated = np.repeat(y, weights.astype(int))
    ours = slice_response(y, n_slices, weights=weights)
    theirs = slice_response(repeated, n_slices)
    assert ours.discrete == theirs.discrete
    for name in ("classes", "edges"):
        mine, other = (getattr(s.columns[0], name) for s in (ours, theirs))
        assert (mine is None) == (other is None)
        if mine is not None:
            np.testing.assert_allclose(mine, other)


@given(st.lists(st.integers(0, 9), min_size=10, max_size=60), st.integers(2, 6))
def test_no_slice_is_empty(values, n_slices):
    """Even where one value holds most of the rows."""
    y = np.array([0.0] * 20 + values)
    slicing = slice_response(y, n_slices, "continuous", min_slice=1)
    counts = np.bincount(assign_slices(slicing, y), minlength=slicing.n_slices)
    assert np.all(counts > 0)
    assert slicing.n_slices >= min(2, len(np.unique(y)))


def test_small_samples_get_fewer_slices(rng):
    assert slice_response(rng.standard_normal(23), 10, min_slice=5).n_slices == 4


def test_weights_below_one_count_rows(rng):
    y = rng.standard_normal(100)
    shares = np.full(100, 0.01)
    assert slice_response(y, 10, weights=shares).n_slices == 10


@pytest.mark.parametrize(
    ("y", "discrete"),
    [
        (np.arange(30.0), False),
        (np.arange(30) % 4, True),
        (np.array(["a", "b"] * 10), True),
        (np.array([True, False] * 10), True),
        (np.array([f"{i}" for i in range(30)]), True),
    ],
)
def test_kind_is_found(y, discrete):
    assert slice_response(y, 10).discrete == discrete


def test_given_edges_belong_to_the_slice_above():
    y = np.array([0.0, 1.0, 1.5, 2.0, 3.0])
    labels = labels_of(y, [1.0, 2.0], "continuous")
    np.testing.assert_array_equal(labels, [0, 1, 1, 2, 2])


def test_slices_of_two_columns_are_their_combinations(rng):
    y = rng.standard_normal((90, 2))
    slicing = slice_response(y, 9)
    first, second = (labels_of(column, 3) for column in y.T)
    np.testing.assert_array_equal(assign_slices(slicing, y), 3 * first + second)
    assert slicing.n_slices == 9


def test_unknown_class_names_the_remedy():
    slicing = slice_response(np.array(["a", "b"]))
    with pytest.raises(ValueError, match=r"class 'c'.*classes="):
        assign_slices(slicing, np.array(["a", "c"]))


@pytest.mark.parametrize(
    ("y", "args", "message"),
    [
        (np.arange(20.0), ([2.0, 1.0],), "rising"),
        (np.array(list("ab") * 5), ([2.0], "discrete"), "continuous"),
        (np.array(list("ab") * 5), (5, "continuous"), "must be numeric"),
        (np.ones((20, 2)), ([0.5],), "one column"),
        (np.random.RandomState(0).standard_normal((50, 11)), (10,), "combinations"),
    ],
)
def test_impossible_slices_are_refused(y, args, message):
    with pytest.raises(ValueError, match=message):
        slice_response(y, *args)


def test_small_numbered_classes_join_the_lighter_neighbour():
    slicing = slice_response(np.arange(5))
    pooling = pool_small_slices(slicing, np.array([20.0, 2, 9, 0, 30]), 5)
    np.testing.assert_array_equal(pooling.groups, [0, 1, 1, -1, 2])
    assert (pooling.n_slices, pooling.n_small) == (3, 1)


def test_small_named_classes_join_each_other():
    slicing = slice_response(np.array(list("abcde")))
    pooling = pool_small_slices(slicing, np.array([20.0, 2, 9, 3, 0]), 5)
    np.testing.assert_array_equal(pooling.groups, [0, 2, 1, 2, -1])


def test_two_slices_remain():
    numbers = slice_response(np.arange(3))
    assert pool_small_slices(numbers, np.array([1.0, 1, 1]), 5).n_slices == 2
    names = slice_response(np.array(list("abc")))
    assert pool_small_slices(names, np.array([1.0, 1, 1]), 5).n_slices == 3
