"""Affinities: symmetry, what is kept, and the similarity of rows."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context

from skspace.cluster import subspace_affinity
from skspace.cluster._affinity import AFFINITIES


@pytest.fixture
def C(rng):
    C = rng.standard_normal((25, 25)) * (rng.uniform(size=(25, 25)) < 0.4)
    np.fill_diagonal(C, 7.0)  # ignored
    return C


@pytest.mark.parametrize("method", AFFINITIES)
@pytest.mark.parametrize("form", [np.asarray, sp.csr_matrix, sp.csc_array, list])
def test_symmetric_nonnegative_and_hollow(C, method, form):
    A = subspace_affinity(form(C.tolist() if form is list else C), method=method)
    assert sp.issparse(A)
    dense = A.toarray()
    assert_array_equal(dense, dense.T)
    assert (dense >= 0).all()
    assert_array_equal(np.diag(dense), 0)
    assert_allclose(dense, subspace_affinity(C, method=method).toarray())


@pytest.mark.parametrize("method", AFFINITIES)
def test_relabelling_samples_relabels_the_graph(C, method, rng):
    order = rng.permutation(25)
    A = subspace_affinity(C, method=method).toarray()
    B = subspace_affinity(C[order][:, order], method=method).toarray()
    assert_allclose(B, A[order][:, order], atol=1e-8)


def test_symmetrize_is_the_mean_of_both_directions(C):
    np.fill_diagonal(C, 0)
    expected = (np.abs(C) + np.abs(C).T) / 2
    assert_allclose(subspace_affinity(C).toarray(), expected)


def test_top_k_keeps_the_largest_of_each_row(C):
    np.fill_diagonal(C, 0)
    kept = np.zeros_like(C)
    for i, row in enumerate(np.abs(C)):
        for j in sorted(range(25), key=lambda j: (-row[j], j))[:3]:
            kept[i, j] = row[j]
    found = subspace_affinity(C, method="topk", n_neighbors=3).toarray()
    assert_allclose(found, (kept + kept.T) / 2)


def test_of_equal_entries_the_first_are_kept():
    C = np.ones((4, 4))
    found = subspace_affinity(C, method="topk", n_neighbors=1).toarray()
    kept = np.zeros((4, 4))
    kept[[0, 1, 2, 3], [1, 0, 0, 0]] = 1
    assert_allclose(found, (kept + kept.T) / 2)


def test_nearest_neighbors_joins_parallel_rows(C):
    np.fill_diagonal(C, 0)
    unit = np.abs(C) / np.linalg.norm(C, axis=1, keepdims=True)
    similarity = unit @ unit.T
    np.fill_diagonal(similarity, -1)
    joined = np.zeros_like(C)
    for i, row in enumerate(similarity):
        joined[i, np.argsort(-row, kind="stable")[:2]] = 1
    found = subspace_affinity(C, method="nearest_neighbors", n_neighbors=2)
    assert_allclose(found.toarray(), (joined + joined.T) / 2)


@pytest.mark.parametrize("method", AFFINITIES)
def test_empty_rows_stay_empty(C, method):
    np.fill_diagonal(C, 0)
    C[4], C[:, 4] = 0, 0
    A = subspace_affinity(C, method=method).toarray()
    assert_array_equal(A[4], 0)
    assert np.isfinite(A).all()
    assert subspace_affinity(np.zeros((3, 3)), method=method).nnz == 0


@pytest.mark.parametrize(
    ("interface", "kind"), [("sparray", sp.sparray), ("spmatrix", sp.spmatrix)]
)
def test_kind_of_sparse_result_follows_scikit_learn(C, interface, kind):
    with config_context(sparse_interface=interface):
        assert isinstance(subspace_affinity(C), kind)


@pytest.mark.parametrize("method", AFFINITIES)
@pytest.mark.parametrize(
    "bad", [np.ones((2, 3)), np.ones(4), np.ones((0, 0)), [[1.0, np.nan], [0, 0]]]
)
def test_bad_matrices_are_refused_with_a_sentence(bad, method):
    with pytest.raises(ValueError, match=r"C (must be a square|contains NaN)"):
        subspace_affinity(bad, method=method)


@pytest.mark.parametrize("form", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("method", AFFINITIES)
@pytest.mark.parametrize("scale", [2.0**1020, 2.0**-1030])
def test_size_of_entries_does_not_matter(C, form, method, scale):
    C = np.round(4 * C / np.abs(C).max(), 2)  # times scale: below the largest number
    C = np.round(C * 2**10) / 2**10  # and exact above the smallest
    A = subspace_affinity(form(C), method=method).toarray()
    B = subspace_affinity(form(C * scale), method=method).toarray()
    unit = 1.0 if method in ("nearest_neighbors", "doubly_stochastic") else scale
    assert_allclose(B / unit, A, rtol=1e-6, atol=1e-6)
    assert np.isfinite(B).all()


def test_largest_numbers_have_a_mean():
    C = np.array([[0.0, 1.7e308], [1.7e308, 0.0]])
    for form in (C, np.pad(C, 50)):  # a dense table and a sparse one
        assert subspace_affinity(form).max() == 1.7e308


def test_nearest_neighbors_of_rows_of_any_size(C):
    scales = 10.0 ** np.linspace(-200, 200, 25)[:, None]
    A = subspace_affinity(C, method="nearest_neighbors", n_neighbors=2)
    B = subspace_affinity(C * scales, method="nearest_neighbors", n_neighbors=2)
    assert_array_equal(A.toarray(), B.toarray())


@pytest.mark.parametrize("n_neighbors", [2, 7])
def test_nearest_neighbors_by_dense_and_sparse_products(C, monkeypatch, n_neighbors):
    def joined():
        return subspace_affinity(
            C, method="nearest_neighbors", n_neighbors=n_neighbors
        ).toarray()

    dense = joined()
    monkeypatch.setattr("skspace.cluster._affinity.DENSE", 1.0)
    assert_array_equal(joined(), dense)


def test_full_tables_are_multiplied_as_tables(rng, monkeypatch):
    """Sparse products of full matrices take many times as long."""
    monkeypatch.setattr("skspace.cluster._affinity.keep_largest", None)
    subspace_affinity(rng.standard_normal((30, 30)), method="nearest_neighbors")


@pytest.mark.parametrize(
    "bad", [np.eye(3) * 1j, np.eye(3).astype(str), sp.csr_array(np.eye(3) * 1j)]
)
@pytest.mark.parametrize("method", AFFINITIES)
def test_only_real_numbers_have_a_magnitude_here(bad, method):
    with pytest.raises(ValueError, match="C must hold real numbers, got dtype"):
        subspace_affinity(bad, method=method)


def test_matrix_is_left_as_it_was(C):
    for form in (sp.csr_array, sp.coo_array):
        given = form(C)
        if form is sp.csr_array:
            given.data.flags.writeable = False
        for method in AFFINITIES:
            subspace_affinity(given, method=method)
        assert_array_equal(given.toarray(), C)
