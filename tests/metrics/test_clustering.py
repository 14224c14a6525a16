"""Clustering accuracy and subspace recovery against counting by hand."""

from itertools import permutations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from skspace.metrics import clustering_accuracy, subspace_recovery_error

small_labels = st.lists(st.integers(0, 3), min_size=1, max_size=12)


def accuracy_by_trying_all(y_true, y_pred):
    """Every way to rename four clusters to four classes."""
    return max(
        np.mean([names[p] == t for t, p in zip(y_true, y_pred, strict=True)])
        for names in permutations(range(4))
    )


@settings(max_examples=80, deadline=None)
@given(pairs=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1))
def test_accuracy_is_the_best_over_all_renamings(pairs):
    y_true, y_pred = map(list, zip(*pairs, strict=True))
    got = clustering_accuracy(y_true, y_pred)
    assert got == pytest.approx(accuracy_by_trying_all(y_true, y_pred))
    assert got == clustering_accuracy(y_pred, y_true)


@settings(max_examples=40, deadline=None)
@given(labels=small_labels, names=st.permutations(["a", "b", "c", "d"]))
def test_renaming_costs_nothing(labels, names):
    assert clustering_accuracy(labels, [names[label] for label in labels]) == 1


def test_unequal_numbers_of_clusters():
    assert clustering_accuracy([0] * 6, range(6)) == pytest.approx(1 / 6)
    assert clustering_accuracy([0, 0, 1, 1, 2, 2], [0, 0, 0, 0, 1, 1]) == pytest.approx(
        4 / 6
    )


def test_minus_one_is_a_label_like_any_other():
    assert clustering_accuracy([0, 0, 1], [-1, -1, 3]) == 1
    assert clustering_accuracy([0, 0, 1], [-1, 2, 3]) == pytest.approx(2 / 3)


def test_kinds_of_labels(library):
    integers = library.asarray([0, 0, 1, 2])
    for other in (["x", "x", "y", "z"], [0.5, 0.5, 1.5, 2.5], np.array([7, 7, 8, 9])):
        assert clustering_accuracy(integers, other) == 1
    assert isinstance(clustering_accuracy(integers, integers), float)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 1], [0]), "2 and 1 labels"),
        (([], []), "not empty"),
        (([[0], [1]], [0, 1]), "one-dimensional"),
        (([0.0, np.nan], [0, 1]), "NaN"),
        ((np.array(["a", None], dtype=object), [0, 1]), "one type"),
    ],
)
def test_labels_that_cannot_be_compared_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        clustering_accuracy(*arguments)


def error_by_counting(C, labels):
    shares = []
    for i, row in enumerate(C):
        outside = sum(abs(c) for j, c in enumerate(row) if labels[j] != labels[i])
        if np.abs(row).sum() > 0:
            shares.append(outside / np.abs(row).sum())
    return np.mean(shares)


def test_recovery_error_by_counting(library, rng):
    C = rng.standard_normal((9, 9)) * (rng.uniform(size=(9, 9)) < 0.5)
    C[4] = 0
    labels = np.array(list("aabbbccca"))
    expected = error_by_counting(C, labels)
    assert subspace_recovery_error(library.asarray(C), labels) == pytest.approx(
        expected
    )
    for make in (sp.csr_array, sp.csc_array, sp.coo_array, sp.csr_matrix):
        assert subspace_recovery_error(make(C), labels) == pytest.approx(expected)


def test_recovery_of_block_and_of_off_block_representations():
    labels = [0, 0, 1, 1]
    block = np.kron(np.eye(2), np.ones((2, 2)))
    assert subspace_recovery_error(block, labels) == 0
    assert subspace_recovery_error(1 - block, labels) == 1
    assert subspace_recovery_error(np.ones((4, 4)), labels) == 0.5


def test_rows_count_equally_whatever_their_scale(rng):
    C, labels = rng.standard_normal((6, 6)), np.arange(6) % 2
    expected = subspace_recovery_error(C, labels)
    scales = np.array([1e-300, 1.0, 1e300, 1e3, 1.0, 1e-5])[:, None]
    for make in (np.asarray, sp.csr_array):
        got = subspace_recovery_error(make(C * scales), labels)
        assert got == pytest.approx(expected, rel=1e-12)


def test_duplicate_entries_of_a_sparse_matrix_are_summed():
    C = sp.coo_array(([1.0, 1.0, -1.0, 2.0], ([0, 0, 0, 1], [1, 1, 2, 0])), (3, 3))
    labels = [0, 0, 1]
    assert subspace_recovery_error(C, labels) == pytest.approx(
        error_by_counting(C.toarray(), labels)
    )


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
def test_bad_representations_are_refused(make):
    with pytest.raises(ValueError, match="each of the 2 labels"):
        subspace_recovery_error(make(np.ones((3, 3))), [0, 1])
    with pytest.raises(ValueError, match="no row has coefficients"):
        subspace_recovery_error(make(np.zeros((2, 2))), [0, 1])
    with pytest.raises(ValueError, match="NaN or infinity"):
        subspace_recovery_error(make([[0.0, np.nan], [1.0, 0.0]]), [0, 1])
    with pytest.raises(ValueError, match="NaN or infinity"):
        subspace_recovery_error(make([[0.0, np.inf], [1.0, 0.0]]), [0, 1])
    with pytest.raises(ValueError, match="real numbers, got dtype complex128"):
        subspace_recovery_error(make([[0.0, 1j], [1.0, 0.0]]), [0, 1])
