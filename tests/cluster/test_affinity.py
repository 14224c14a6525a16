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


@pytest.mark.parametrize("bad", [np.ones((2, 3)), np.ones(4), [[1.0, np.nan], [0, 0]]])
def test_bad_matrices_are_refused_with_a_sentence(bad):
    with pytest.raises(ValueError, match=r"C (must be a square|contains NaN)"):
        subspace_affinity(bad)
