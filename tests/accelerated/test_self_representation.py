"""Kernels of sparse self-representation: optimality, and greedy loops."""

import numpy as np
import oracles
import pytest
from kernel_cases import prepared

from skspace.cluster import _blocks, _sparse
from skspace.cluster._omp import omp_self_representation
from skspace.cluster._sparse import kkt_residual, sparse_self_representation


@pytest.fixture(params=["whole", "blocks"])
def memory(request, monkeypatch):
    """With and without room for all inner products."""
    if request.param == "blocks":
        monkeypatch.setattr(_blocks, "GRAM_BYTES", 0)
        monkeypatch.setattr(_sparse, "N_CANDIDATES", 4)


def tables(rng):
    X = rng.standard_normal(size=(9, 5))
    yield X
    yield np.repeat(X[:4], 2, axis=0)
    yield np.repeat(X[:3], 2, axis=0) + 1e-8 * rng.standard_normal(size=(6, 5))
    yield np.concatenate([X, np.zeros((1, 5))])
    yield X[:1]
    yield rng.randint(-1, 2, size=(12, 3)).astype(float)


@pytest.mark.parametrize("n_nonzero", [1, 3, 8])
def test_omp_kernels_equal_the_oracle(rng, memory, n_nonzero):
    for X in tables(rng):
        C = omp_self_representation(X, n_nonzero_coefs=n_nonzero).toarray()
        expected = oracles.orthogonal_matching_pursuit(X, n_nonzero)
        np.testing.assert_allclose(C, expected, atol=1e-8)


def test_omp_kernels_on_dictionaries(rng, memory):
    X = rng.standard_normal(size=(10, 6))
    C = omp_self_representation(X, dropout=0.4, n_dropouts=1, random_state=0)
    atoms = set(np.random.RandomState(0).permutation(10)[:6])
    expected = oracles.orthogonal_matching_pursuit(X, 5, dictionary=atoms)
    np.testing.assert_allclose(C.toarray(), expected, atol=1e-8)


@pytest.mark.parametrize(("gamma", "l1_ratio"), [(10.0, 1.0), (1e3, 1.0), (50.0, 0.5)])
def test_elastic_net_kernels_are_optimal(rng, memory, gamma, l1_ratio):
    for X in tables(rng):
        C = sparse_self_representation(X, gamma=gamma, l1_ratio=l1_ratio)
        assert np.max(kkt_residual(X, C, gamma, l1_ratio)) < 1.01e-8


def test_elastic_net_kernels_equal_coordinate_descent(rng, memory):
    X = rng.standard_normal(size=(7, 20))
    C = sparse_self_representation(X, gamma=20, l1_ratio=0.8).toarray()
    expected = oracles.elastic_net_self_representation(X, 20, 0.8, 100)
    np.testing.assert_allclose(C, expected, atol=1e-7)


def test_elastic_net_kernels_outgrow_their_arrays(rng, memory):
    X = rng.standard_normal(size=(45, 4))
    C = sparse_self_representation(X, gamma=1e3, l1_ratio=0.02)
    assert np.max(np.diff(C.indptr)) > 32
    assert np.max(kkt_residual(X, C, 1e3, 0.02)) < 1.01e-8


@pytest.mark.parametrize(("order", "writeable"), [("C", False), ("F", True)])
def test_kernels_take_any_layout(rng, order, writeable):
    from skspace._numba.elastic_net import elastic_net_gram, elastic_net_working
    from skspace._numba.omp import omp_gram, omp_step

    X = rng.standard_normal(size=(6, 4))
    n, atoms, square = 6, np.arange(6), np.sum(X * X, axis=1)
    X, G, atoms, square = prepared(
        (X, X @ X.T, atoms, square), np.float64, order, writeable
    )
    support, coefs = omp_gram(G, atoms, atoms, square, 0, n, 2, -1.0)
    C = np.zeros((n, n))
    np.put_along_axis(C, support, coefs, axis=1)
    expected = oracles.orthogonal_matching_pursuit(np.asarray(X), 2)
    np.testing.assert_allclose(C, expected, atol=1e-10)

    size, left = np.zeros(n, np.int64), square.copy()
    support, coefs = np.full((n, 1), -1), np.zeros((n, 1))
    z, L = np.zeros((n, 1)), np.zeros((n, 1, 1))
    residuals = omp_step(
        X, atoms, atoms, square, 0, X @ X.T, -1.0, size, left, support, coefs, L, z
    )
    np.testing.assert_allclose(residuals, X - coefs * X[support[:, 0]], atol=1e-12)

    count, indices, coefs, _ = elastic_net_gram(G, 0, n, 20.0, 0.9, 1e-10, 50)
    C = np.zeros((n, n))
    C[np.repeat(np.arange(n), count), indices] = coefs
    W = np.stack([np.delete(np.arange(n), i) for i in range(n)])
    lam1 = np.max(np.abs(X @ X.T - np.diag(square)), axis=1) / 20
    ones = np.ones(n)
    coefs, residuals, violation = elastic_net_working(
        X, atoms, W, ones, lam1, lam1 * 0.1 / 0.9, 1e-10, 50
    )
    np.testing.assert_allclose(np.take_along_axis(C, W, axis=1), coefs, atol=1e-8)
    np.testing.assert_allclose(residuals, X - C @ X, atol=1e-8)
    assert np.max(violation) < 1e-10
