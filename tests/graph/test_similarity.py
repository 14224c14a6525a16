"""Attribute weights and similarity degrees against their definitions."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.feature_extraction.text import TfidfTransformer

from skspace.graph._similarity import (
    choose_weighting,
    similarity_rows,
    weight_attributes,
)


def words(rng, n=30, d=12):
    """Counts with a row and a column of zeros."""
    X = rng.poisson(0.4, size=(n, d)).astype(float)
    X[3], X[:, 5] = 0, 0
    return X


def dense(x):
    return x.toarray() if sp.issparse(x) else x


@pytest.mark.parametrize("form", [sp.csr_array, sp.csc_matrix, np.asarray])
def test_term_weights_are_those_of_scikit_learn(rng, form):
    X = words(rng)
    model = TfidfTransformer().fit(X)
    rows, idf = weight_attributes(form(X), "tfidf")
    assert_allclose(idf, model.idf_, rtol=1e-14)
    assert_allclose(dense(rows), model.transform(X).toarray(), atol=1e-15)
    new = words(np.random.RandomState(1), n=5)
    rows, again = weight_attributes(form(new), "tfidf", idf=idf)
    assert again is idf
    assert_allclose(dense(rows), model.transform(new).toarray(), atol=1e-15)


@pytest.mark.parametrize("size", [1.0, 1e-200, 1e200])
@pytest.mark.parametrize("form", [sp.csr_array, np.asarray])
def test_rows_have_unit_length(rng, form, size):
    X = words(rng) * rng.standard_normal(12)
    rows, idf = weight_attributes(form(X * size), "l2")
    assert idf is None
    length = np.linalg.norm(X, axis=1, keepdims=True)
    length[3] = 1
    assert_allclose(dense(rows), X / length, atol=1e-15)


@pytest.mark.parametrize("form", [sp.csr_array, np.asarray])
def test_term_weights_of_the_largest_numbers_do_not_overflow(rng, form):
    X = np.sign(words(rng))
    expected = weight_attributes(form(X), "tfidf").rows
    rows = weight_attributes(form(X * 1.7e308), "tfidf").rows
    assert_allclose(dense(rows), dense(expected), rtol=1e-15)


def test_without_weighting_attributes_stay(rng):
    X = sp.csr_array(words(rng))
    rows, idf = weight_attributes(X, None)
    assert idf is None
    assert (rows != X).nnz == 0


@pytest.mark.parametrize("weighting", ["tfidf", "l2", None])
def test_sparse_structure_is_shared_and_input_left_alone(rng, weighting):
    X = sp.csr_array(words(rng))
    before = X.copy()
    for x in (X.data, X.indices, X.indptr):
        x.flags.writeable = False
    rows, _ = weight_attributes(X, weighting)
    assert np.shares_memory(rows.indices, X.indices)
    assert np.shares_memory(similarity_rows(rows).rows.indices, X.indices)
    assert (before != X).nnz == 0


def test_duplicates_count_as_their_sum():
    X = sp.csr_array(([1.0, 2.0, 4.0], [1, 1, 0], [0, 3]), shape=(1, 2))
    rows, idf = weight_attributes(X, "tfidf")
    assert_allclose(rows.toarray(), [[0.8, 0.6]])
    assert_allclose(idf, [1, 1])
    assert X.nnz == 3


def test_stored_zeros_are_no_occurrence():
    X = sp.csr_array(([0.0, 1.0, 1.0], [0, 0, 1], [0, 1, 3]), shape=(2, 2))
    _, idf = weight_attributes(X, "tfidf")
    assert_allclose(idf, np.log(3 / 2) + np.ones(2))


@pytest.mark.parametrize("weighting", ["tfidf", "l2", None])
def test_libraries_and_types_agree(rng, library, weighting):
    X = words(rng)
    expected = similarity_rows(weight_attributes(X, weighting).rows)
    for dtype in (np.float64, np.float32):
        table = library.asarray(X.astype(dtype))
        rows, _ = weight_attributes(table, weighting)
        result = similarity_rows(rows)
        assert result.rows.dtype == table.dtype
        tolerance = 20 * np.finfo(dtype).eps
        assert_allclose(library.to_numpy(result.rows), expected.rows, atol=tolerance)
        assert_allclose(result.degree, expected.degree, rtol=10 * tolerance)
        assert_allclose(result.column_sums, expected.column_sums, rtol=tolerance)
        assert result[3:] == expected[3:]
        sparse = similarity_rows(sp.csr_array(X.astype(dtype)))
        assert sparse.rows.dtype == dtype
    counts = library.asarray(X.astype(np.int64))
    rows, _ = weight_attributes(counts, weighting)
    assert library.to_numpy(rows).dtype == np.float64


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(1, 20),
    d=st.integers(0, 8),
    signed=st.booleans(),
    seed=st.integers(0, 99),
)
def test_degrees_are_sums_of_inner_products(n, d, signed, seed):
    rng = np.random.RandomState(seed)
    F = rng.standard_normal((n, d)) * (rng.random_sample((n, d)) < 0.5)
    F = F if signed else np.abs(F)
    delta = (F @ F.T).sum(axis=1)
    positive = delta > 1e-12
    expected = F / np.sqrt(np.where(positive, delta, 1))[:, None]
    empty = ~F.any(axis=1)
    for table in (F, sp.csr_array(F)):
        result = similarity_rows(table)
        assert_allclose(dense(result.rows), expected, atol=1e-10)
        assert_allclose(result.degree, np.where(positive, delta, 1), atol=1e-10)
        assert result.n_empty == empty.sum()
        assert result.n_not_positive == np.sum(~positive & ~empty)


def test_rows_normalise_their_affinity():
    """The largest eigenvalue of the normalised inner products is one."""
    F = np.abs(np.random.RandomState(0).standard_normal((20, 6)))
    rows = similarity_rows(F).rows
    assert np.linalg.norm(rows, 2) == pytest.approx(1)


def test_new_rows_use_the_sums_of_others(rng):
    F, new = rng.random_sample((2, 10, 4))
    sums = similarity_rows(F).column_sums
    expected = new / np.sqrt((new @ F.T).sum(axis=1, keepdims=True))
    assert_allclose(similarity_rows(new, sums).rows, expected, rtol=1e-13)
    assert_allclose(
        similarity_rows(sp.csr_array(new), sums).rows.toarray(), expected, rtol=1e-13
    )
    assert similarity_rows(-new, sums).n_not_positive == 10


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_centred_attributes_have_no_degree_at_all(rng, dtype):
    """Their column sums are rounding errors, whose sign means nothing."""
    F = rng.standard_normal((500, 6)).astype(dtype)
    F -= F.mean(axis=0)
    for table in (F, sp.csr_array(F)):
        result = similarity_rows(table)
        assert result.n_not_positive == 500
        assert_array_equal(dense(result.rows), F)


@pytest.mark.parametrize("size", [1e300, 1e-300, 2.0**-1000])
def test_size_of_attributes_does_not_matter(rng, size):
    F = rng.random_sample((20, 5))
    expected = similarity_rows(F).rows
    assert_allclose(similarity_rows(F * size).rows, expected, rtol=1e-12)
    assert_allclose(
        similarity_rows(sp.csr_array(F * size)).rows.toarray(), expected, rtol=1e-12
    )


def test_choice_of_weighting(rng, library):
    X = words(rng)
    cases = [(X, "tfidf"), (-X, "l2"), (X + 1, "l2"), (np.eye(2), "tfidf")]
    for table, expected in cases:
        assert choose_weighting(library.asarray(table)) == expected
        assert choose_weighting(sp.csr_array(table)) == expected
