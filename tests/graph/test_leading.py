"""Leading eigenvectors against dense decompositions."""

import numpy as np
import oracles
import pytest
import scipy.linalg as sl
import scipy.sparse as sp
from numpy.testing import assert_allclose

from skspace.datasets import make_attributed_graph
from skspace.graph import _leading
from skspace.graph._leading import (
    dense_leading,
    krylov,
    randomized,
    right_directions,
)
from skspace.graph._propagation import Propagation
from skspace.graph._similarity import similarity_rows, weight_attributes
from skspace.graph._smoothed import ScaledGram, SmoothedAttributes
from skspace.linalg._basis import fix_column_signs

TOLERANCE = {np.float64: 1e-6, np.float32: 2e-3}


def gram_of(
    seed=0, n=250, d=180, *, order=6, alpha=0.9, dtype=np.float64, resolution=None
):
    """Gram matrix of a generated graph, and the same densely, in float64."""
    size = {"n_nonzero": min(20, d // 4), "average_degree": min(10, n // 10)}
    graph = make_attributed_graph(n, d, 4, **size, random_state=seed)
    F = weight_attributes(graph.data, "tfidf").rows
    Y = oracles.smoothed_attributes(
        F.toarray(), graph.adjacency.toarray(), order, alpha
    )
    rows = similarity_rows(F.astype(dtype)).rows
    propagation = Propagation.from_adjacency(graph.adjacency, dtype=dtype)
    Z = SmoothedAttributes(propagation, rows, order, alpha)
    if resolution is None:
        return ScaledGram(Z), Y @ Y.T
    scale = np.sqrt(Y.sum(axis=1))
    gram = ScaledGram(Z, scale, resolution)
    return gram, oracles.modularity_matrix(scale[:, None] * Y, resolution)


def leading(method, gram, k, resolution):
    if method == "dense":
        return dense_leading(gram.dense_factor(), k, resolution=resolution)
    solver = {"krylov": krylov, "randomized": randomized}[method]
    return solver(gram, k, rng=np.random.RandomState(0))


def angle(U, V):
    """Sine of the largest principal angle, also where it is tiny."""
    U, V = sl.orth(np.asarray(U, dtype=float)), sl.orth(V)
    return np.linalg.norm(U - V @ (V.T @ U), 2)


@pytest.mark.parametrize("method", ["krylov", "dense"])
@pytest.mark.parametrize("resolution", [None, 0.5, 1.0, 1.5])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("n", "d", "k"), [(250, 180, 5), (120, 300, 4)])
def test_subspace_is_that_of_a_dense_decomposition(method, resolution, dtype, n, d, k):
    for seed in range(3):
        gram, M = gram_of(seed, n, d, dtype=dtype, resolution=resolution)
        found = leading(method, gram, k, resolution)
        values, vectors = np.linalg.eigh(M)
        values, vectors = values[::-1][:k], vectors[:, ::-1][:, :k]
        assert found.vectors.shape == (n, k)
        assert found.vectors.dtype == dtype
        assert found.values.dtype == np.float64
        gap = (values[0] / (values[k - 1] - np.linalg.eigvalsh(M)[-k - 1])) ** 0.5
        assert angle(found.vectors, vectors) < TOLERANCE[dtype] * max(1, gap / 10)
        eps = np.finfo(dtype).eps
        error = max(1e-12, 30 * eps)  # the square of the angle, or rounding
        assert_allclose(found.values, values, rtol=0, atol=error * values[0])
        identity = found.vectors.T @ found.vectors
        assert_allclose(identity, np.eye(k), atol=3e3 * eps)
        adjoint = gram.factor_adjoint(found.vectors)
        assert_allclose(found.adjoint, adjoint, atol=100 * eps * values[0] ** 0.5)


@pytest.mark.parametrize("resolution", [None, 1.0])
def test_published_power_iterations_come_close(resolution):
    gram, M = gram_of(order=15, resolution=resolution)
    found = randomized(gram, 4, rng=np.random.RandomState(0))
    vectors = np.linalg.eigh(M)[1][:, -4:]
    assert angle(found.vectors[:, :3], vectors) < 1e-2
    assert found.n_iter == 8


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("tol", [1e-2, 1e-6])
def test_the_bound_on_the_angle_holds(seed, tol):
    gram, M = gram_of(seed)
    found = krylov(gram, 4, tol=tol, rng=np.random.RandomState(seed))
    assert found.converged
    assert found.angle <= tol
    true = angle(found.vectors, np.linalg.eigh(M)[1][:, -4:])
    assert true <= found.angle + 1e-12


def test_no_convergence_is_said():
    gram, _ = gram_of(order=0)
    found = krylov(gram, 6, max_iter=1, rng=np.random.RandomState(0))
    assert not found.converged
    assert found.n_iter == 1
    assert found.angle > 1e-6


def test_condensed_bases_converge_too(monkeypatch):
    monkeypatch.setattr(_leading, "MAX_BLOCKS", 3)
    gram, M = gram_of(order=1)
    found = krylov(gram, 5, max_iter=300, rng=np.random.RandomState(0))
    assert found.converged
    assert found.n_iter > 3
    assert angle(found.vectors, np.linalg.eigh(M)[1][:, -5:]) < 1e-6


@pytest.mark.parametrize("resolution", [None, 1.0])
@pytest.mark.parametrize(("n", "d"), [(30, 200), (200, 25), (25, 25)])
def test_all_vectors_that_there_are(n, d, resolution):
    gram, M = gram_of(n=n, d=d, order=2, resolution=resolution)
    k = min(n, d) - 1
    found = krylov(gram, k, rng=np.random.RandomState(0))
    vectors = np.linalg.eigh(M)[1]
    assert angle(found.vectors, vectors[:, -k:]) < 1e-6


@pytest.mark.parametrize("method", ["krylov", "randomized", "dense"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("rank", [1, 2, 5])
def test_what_the_rank_allows_is_exact_and_the_rest_is_nothing(method, dtype, rank):
    """Blocks of rounding errors must not spoil the basis."""
    rng = np.random.RandomState(0)
    F = rng.random_sample((200, rank)) @ rng.random_sample((rank, 150))
    graph = make_attributed_graph(200, 10, 4, n_nonzero=5, random_state=0)
    propagation = Propagation.from_adjacency(graph.adjacency, dtype=dtype)
    Z = SmoothedAttributes(propagation, similarity_rows(F.astype(dtype)).rows, 5, 0.9)
    found = leading(method, ScaledGram(Z), 8, None)
    Y = oracles.smoothed_attributes(F, graph.adjacency.toarray(), 5, 0.9)
    left, singular, _ = np.linalg.svd(Y)
    eps = np.finfo(dtype).eps
    error = 100 * eps * (singular[0] / singular[rank - 1]) ** 2
    assert angle(found.vectors[:, :rank], left[:, :rank]) < error
    assert np.all(np.abs(found.values[rank:]) < 30 * eps * found.values[0])


def test_equal_rows_have_one_direction():
    """Where noise lives on a few rows only, no block of it is a new direction."""
    A = np.zeros((120, 120))
    A[:10] = 1
    A = np.maximum(A, A.T)
    propagation = Propagation.from_adjacency(sp.csr_array(A))
    rows = similarity_rows(np.ones((120, 200))).rows
    gram = ScaledGram(SmoothedAttributes(propagation, rows, 10, 1.0))
    found = krylov(gram, 4, rng=np.random.RandomState(0))
    assert_allclose(np.abs(found.vectors[:, 0]), 120**-0.5, rtol=1e-12)
    assert np.all(found.values[1:] < 1e-14 * found.values[0])


@pytest.mark.parametrize("method", ["krylov", "randomized"])
def test_reordering_vertices_reorders_the_vectors(method):
    graph = make_attributed_graph(200, 150, 4, random_state=0)
    perm = np.random.RandomState(1).permutation(200)
    found = []
    for X, A in [
        (graph.data, graph.adjacency),
        (graph.data[perm], graph.adjacency[perm][:, perm]),
    ]:
        Z = SmoothedAttributes(
            Propagation.from_adjacency(sp.csr_array(A)),
            similarity_rows(sp.csr_array(X)).rows,
            5,
            0.9,
        )
        found.append(leading(method, ScaledGram(Z), 4, None).vectors)
    assert_allclose(
        fix_column_signs(found[1]), fix_column_signs(found[0])[perm], atol=1e-8
    )


@pytest.mark.parametrize("resolution", [None, 0.9])
@pytest.mark.parametrize("method", ["krylov", "randomized", "dense"])
def test_array_libraries_agree_with_numpy(library, method, resolution):
    rng = np.random.RandomState(0)
    rows = rng.random_sample((60, 40)) ** 4
    A = make_attributed_graph(60, 8, 3, n_nonzero=2, random_state=0).adjacency
    scale = None if resolution is None else 1 + rng.random_sample(60)
    vectors = []
    for F in (rows, library.asarray(rows)):
        Z = SmoothedAttributes(Propagation.from_adjacency(A), F, 3, 0.9)
        gram = ScaledGram(Z, scale, resolution)
        found = leading(method, gram, 3, resolution)
        assert isinstance(found.vectors, type(F))
        vectors.append(library.to_numpy(fix_column_signs(found.vectors)))
    assert_allclose(vectors[1], vectors[0], atol=1e-6)


def test_right_directions_hold_the_leading_ones():
    gram, _ = gram_of(order=10)
    basis = right_directions(gram, 9, 4, np.random.RandomState(0))
    assert_allclose(basis.T @ basis, np.eye(basis.shape[1]), atol=1e-12)
    right = np.linalg.svd(gram.Z.formed())[2][:4].T
    assert np.linalg.norm(right - basis @ (basis.T @ right), 2) < 2e-2


def test_dense_rank_is_that_of_the_factor():
    Y = np.outer(np.arange(1.0, 9), [1.0, 2, 3])
    assert dense_leading(Y, 3).vectors.shape == (8, 1)
    assert dense_leading(Y.T, 3).vectors.shape == (3, 1)
    assert dense_leading(0 * Y, 3).vectors.shape == (8, 0)
