"""Spectral embedding against dense eigenvectors, also where eigenvalues repeat."""

import numpy as np
import pytest
import scipy.linalg as sl
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse.linalg import ArpackNoConvergence
from sklearn.metrics import adjusted_rand_score

from skspace.graph import _spectral
from skspace.graph._spectral import (
    cluster_qr,
    discretize,
    spectral_embedding,
    unit_rows,
)
from skspace.linalg import principal_angles


def random_graph(rng, n, density=0.05):
    """A connected graph: a random one and a path through all vertices."""
    A = sp.random_array((n, n), density=density, random_state=rng).tocsr()
    A = A + sp.diags_array(0.1 + rng.uniform(size=n - 1), offsets=1, shape=(n, n))
    return sp.csr_array(A + A.T)


def normalised(A):
    A = A.toarray()
    scale = 1 / np.sqrt(A.sum(axis=1))
    return scale[:, None] * A * scale


@pytest.mark.parametrize("dense_below", [10_000, 0])
@pytest.mark.parametrize("n_components", [1, 4])
def test_vectors_are_the_leading_eigenvectors(
    rng, monkeypatch, dense_below, n_components
):
    monkeypatch.setattr(_spectral, "DENSE_BELOW", dense_below)
    A = random_graph(rng, 200)
    found = spectral_embedding(A, n_components)
    N = normalised(A)
    values, vectors = sl.eigh(N)
    expected = vectors[:, ::-1][:, :n_components]
    assert_allclose(found.eigenvalues, values[::-1][:n_components], atol=1e-10)
    assert_allclose(N @ found.vectors, found.vectors * found.eigenvalues, atol=1e-8)
    assert principal_angles(found.vectors, expected).max() < 1e-6
    assert found.n_connected == 1
    assert found.n_isolated == 0


@pytest.mark.parametrize("dense_below", [10_000, 0])
def test_every_copy_of_a_repeated_eigenvalue_is_found(rng, monkeypatch, dense_below):
    """Seven equal components: Lanczos on the whole graph finds fewer."""
    monkeypatch.setattr(_spectral, "DENSE_BELOW", dense_below)
    block = random_graph(rng, 80)
    order = rng.permutation(7 * 80)
    A = sp.csr_array(sp.block_diag([block] * 7))[order][:, order]
    found = spectral_embedding(A, 9)
    assert_allclose(found.eigenvalues[:7], 1, atol=1e-12)
    assert_allclose(found.vectors.T @ found.vectors, np.eye(9), atol=1e-8)
    N = normalised(A)
    assert_allclose(N @ found.vectors, found.vectors * found.eigenvalues, atol=1e-8)
    assert_allclose(found.eigenvalues, sl.eigvalsh(N)[::-1][:9], atol=1e-9)
    assert found.n_connected == 7


def test_lobpcg_takes_over_where_lanczos_does_not_converge(rng, monkeypatch):
    def fail(*_, **__):
        raise ArpackNoConvergence("no", np.empty(0), np.empty((0, 0)))

    monkeypatch.setattr(_spectral, "DENSE_BELOW", 0)
    A = random_graph(rng, 200)
    expected = spectral_embedding(A, 4)
    monkeypatch.setattr(_spectral, "eigsh", fail)
    found = spectral_embedding(A, 4)
    assert_allclose(found.eigenvalues, expected.eigenvalues, atol=1e-7)
    assert principal_angles(found.vectors, expected.vectors).max() < 1e-4


def test_isolated_and_smallest_components_are_left_to_the_caller(rng):
    sizes = [30, 5, 20, 2]
    A = sp.block_diag([random_graph(rng, s, 0.3) for s in sizes] + [np.zeros((3, 3))])
    found = spectral_embedding(sp.csr_array(A), 2)
    assert (found.n_connected, found.n_isolated) == (4, 3)
    assert_array_equal(found.vertices, np.r_[0:30, 35:55])
    # one column a component, constant sign on it, zero off it
    assert_allclose(np.sort(np.abs(found.vectors) > 0, axis=1), [[False, True]] * 50)


def test_a_graph_without_edges_embeds_nothing():
    found = spectral_embedding(sp.csr_array((4, 4)), 2)
    assert found.vectors.shape == (0, 0)
    assert found.n_isolated == 4


def test_scaling_the_affinity_changes_nothing(rng):
    A = random_graph(rng, 60)
    one, other = spectral_embedding(A, 3), spectral_embedding(1e-8 * A, 3)
    assert_allclose(one.vectors, other.vectors, atol=1e-9)


@pytest.mark.parametrize("rounding", [cluster_qr, "discretize"])
def test_rounding_finds_planted_blocks(rng, rounding):
    truth = np.repeat(np.arange(4), 30)
    P = np.where(truth[:, None] == truth, 0.7, 0.05)
    A = np.triu(rng.uniform(size=P.shape) < P, 1).astype(float)
    vectors = spectral_embedding(sp.csr_array(A + A.T), 4).vectors
    if rounding == "discretize":
        labels = discretize(vectors, np.random.RandomState(0))
    else:
        labels = cluster_qr(vectors)
    assert adjusted_rand_score(truth, labels) == 1.0


def test_cluster_qr_ignores_rotations_of_the_embedding(rng):
    vectors = spectral_embedding(random_graph(rng, 80, 0.1), 4).vectors
    rotation = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    assert_array_equal(
        adjusted_rand_score(cluster_qr(vectors), cluster_qr(vectors @ rotation)), 1.0
    )


def test_discretize_is_stationary(rng):
    """Neither the rotation nor the partition can be improved on its own."""
    V = unit_rows(spectral_embedding(random_graph(rng, 90, 0.08), 3).vectors)
    labels = discretize(V, np.random.RandomState(0))
    U, _, Wt = np.linalg.svd(np.eye(3)[labels].T @ V)
    assert_array_equal(np.argmax(V @ (U @ Wt).T, axis=1), labels)


def test_unit_rows_keep_zero_rows():
    assert_allclose(unit_rows(np.array([[3.0, 4.0], [0, 0]])), [[0.6, 0.8], [0, 0]])
