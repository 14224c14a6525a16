"""Self-representation by orthogonal matching pursuit."""

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from self_representation_cases import unit_rows
from sklearn.linear_model import orthogonal_mp

from skspace.cluster import omp_self_representation


def union(rng):
    """Fifteen samples in each of three orthogonal subspaces of dimension 3."""
    bases = np.linalg.qr(rng.standard_normal(size=(12, 9)))[0].T.reshape(3, 3, 12)
    X = np.concatenate([unit_rows(rng, 15, 3) @ basis for basis in bases])
    return X, np.repeat(np.arange(3), 15)


@pytest.mark.parametrize("n_nonzero", [1, 3, 7])
def test_coefficients_equal_the_oracle(rng, memory, n_nonzero):
    X = unit_rows(rng, 40, 15)
    C = omp_self_representation(X, n_nonzero_coefs=n_nonzero).toarray()
    np.testing.assert_allclose(
        C, oracles.orthogonal_matching_pursuit(X, n_nonzero), atol=1e-10
    )


def test_coefficients_equal_scikit_learn_row_by_row(rng, memory):
    X = unit_rows(rng, 30, 20)
    C = omp_self_representation(X, n_nonzero_coefs=4).toarray()
    for i in range(30):
        others = np.delete(np.arange(30), i)
        peer = orthogonal_mp(X[others].T, X[i], n_nonzero_coefs=4)
        np.testing.assert_allclose(C[i, others], peer, atol=1e-10)


def test_residual_is_orthogonal_to_the_atoms_taken(rng, memory):
    X = unit_rows(rng, 50, 20)
    C = omp_self_representation(X, n_nonzero_coefs=6)
    products = (X - C @ X) @ X.T
    assert np.max(np.abs(products[C.toarray() != 0])) < 1e-13
    assert np.all(np.diff(C.indptr) == 6)


def test_squared_residual_reaches_tol(rng, memory):
    X = unit_rows(rng, 40, 10)
    tol = 0.2
    C = omp_self_representation(X, n_nonzero_coefs=9, tol=tol).toarray()
    np.testing.assert_allclose(
        C, oracles.orthogonal_matching_pursuit(X, 9, tol), atol=1e-10
    )
    assert np.all(np.sum((X - C @ X) ** 2, axis=1) <= tol)
    # in the units of X: rows ten times as long have a hundredfold squared residual
    longer = omp_self_representation(10 * X, n_nonzero_coefs=9, tol=100 * tol)
    np.testing.assert_allclose(longer.toarray(), C, atol=1e-12)


def test_noise_free_subspaces_stop_at_their_dimension(rng, memory):
    X, y = union(rng)
    C = omp_self_representation(X, n_nonzero_coefs=8).toarray()
    np.testing.assert_allclose(C @ X, X, atol=1e-6)
    assert np.max(np.sum(C != 0, axis=1)) == 3
    assert not np.any(C[y[:, None] != y])


def test_duplicates_and_zero_rows_give_finite_coefficients(rng, memory):
    X = np.repeat(unit_rows(rng, 6, 4), 3, axis=0)
    X[4] = 0.0
    C = omp_self_representation(X, n_nonzero_coefs=10).toarray()
    np.testing.assert_allclose(
        C, oracles.orthogonal_matching_pursuit(X, 10), atol=1e-10
    )
    assert not np.any(C[4])
    assert not np.any(C[:, 4])
    # each sample is its own first copy, the lowest index among the others
    np.testing.assert_allclose(C[[0, 1, 2], [1, 0, 0]], 1.0)


def test_ties_go_to_the_lowest_index(memory):
    X = np.eye(4)[[0, 1, 0, 1]] + np.eye(4)[[2, 2, 3, 3]]
    C = omp_self_representation(X, n_nonzero_coefs=1).toarray()
    np.testing.assert_array_equal(np.argmax(C != 0, axis=1), [1, 0, 0, 1])


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 14), st.integers(1, 6), st.integers(1, 8), st.integers(0, 10**6))
def test_small_integer_tables_equal_the_oracle(n_samples, n_features, k, seed):
    """Integers bring exact ties, dependent atoms, zero rows and duplicates."""
    X = np.random.RandomState(seed).randint(-1, 2, size=(n_samples, n_features))
    X = X.astype(float)
    C = omp_self_representation(X, n_nonzero_coefs=k).toarray()
    expected = oracles.orthogonal_matching_pursuit(X, k)
    np.testing.assert_allclose(C, expected, atol=1e-8)


def test_number_of_threads_does_not_matter(rng, memory):
    X = unit_rows(rng, 600, 5)
    dropout = {"dropout": 0.3, "n_dropouts": 2, "random_state": 0}
    one = omp_self_representation(X, n_jobs=1, **dropout)
    two = omp_self_representation(X, n_jobs=2, **dropout)
    np.testing.assert_array_equal(one.toarray(), two.toarray())


def test_dropout_is_the_mean_over_dictionaries(rng, memory):
    X = unit_rows(rng, 25, 8)
    C = omp_self_representation(
        X, n_nonzero_coefs=3, dropout=0.4, n_dropouts=4, random_state=5
    )
    draws = np.random.RandomState(5)
    expected = np.mean(
        [
            oracles.orthogonal_matching_pursuit(
                X, 3, dictionary=set(draws.permutation(25)[:15])
            )
            for _ in range(4)
        ],
        axis=0,
    )
    np.testing.assert_allclose(C.toarray(), expected, atol=1e-10)


def test_dropout_connects_more_samples(rng):
    X, y = union(rng)
    plain = omp_self_representation(X, n_nonzero_coefs=3)
    consensus = omp_self_representation(
        X, n_nonzero_coefs=3, dropout=0.3, random_state=0
    )
    assert consensus.nnz > 2 * plain.nnz
    assert not np.any(consensus.toarray()[y[:, None] != y])
    np.testing.assert_allclose(consensus @ X, X, atol=1e-6)


def test_one_and_two_samples():
    assert omp_self_representation([[1.0, 2.0]]).nnz == 0
    C = omp_self_representation([[1.0, 0.0], [2.0, 0.0]], dropout=0.5)
    np.testing.assert_allclose(C.toarray(), [[0, 0.5], [2, 0]])


def test_result_is_canonical_csr(rng):
    C = omp_self_representation(unit_rows(rng, 20, 6), dropout=0.5, random_state=0)
    assert C.format == "csr"
    assert C.has_sorted_indices
    assert C.shape == (20, 20)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_nonzero_coefs": 0}, "n_nonzero_coefs"),
        ({"tol": -1.0}, "tol"),
        ({"dropout": 1.0}, "dropout"),
        ({"n_dropouts": 0}, "n_dropouts"),
    ],
)
def test_parameters_out_of_range_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        omp_self_representation(np.eye(3), **parameters)


@pytest.mark.data
def test_faces_equal_the_oracle(data_folder):
    with np.load(f"{data_folder}/images/yaleb10_32x32.npz") as file:
        X = file["X"][::16] / 255
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    C = omp_self_representation(X).toarray()
    np.testing.assert_allclose(C, oracles.orthogonal_matching_pursuit(X, 5), atol=1e-8)
