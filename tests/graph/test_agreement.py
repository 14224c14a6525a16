"""The criterion that chooses settings: closed forms and what it must not see."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose
from sklearn.cluster import KMeans

from skspace.datasets import make_attributed_graph
from skspace.graph import _agreement, modularity
from skspace.graph._agreement import Agreement


def cliques(n_cliques=3, size=4):
    return sp.csr_array(np.kron(np.eye(n_cliques), np.ones((size, size))))


def graph_and_attributes(seed=0, n=120):
    graph = make_attributed_graph(n, 40, 4, n_nonzero=8, random_state=seed)
    return graph.adjacency, graph.data, graph.target


def terms(agreement, labels):
    return agreement.graph_term(labels), agreement.attribute_term(labels)


def test_graph_term_is_modularity(monkeypatch):
    A, X, _ = graph_and_attributes()
    A = A.copy()
    A.data = np.random.RandomState(0).random_sample(A.nnz)
    A = sp.csr_array(A + A.T)
    labels = np.random.RandomState(1).randint(5, size=120)
    expected = modularity(A, labels)
    assert_allclose(Agreement(A, X, 5).graph_term(labels), expected, atol=1e-14)
    monkeypatch.setattr(_agreement, "EDGE_BLOCK", 50)
    assert_allclose(Agreement(A, X, 5).graph_term(labels), expected, atol=1e-14)


@pytest.mark.parametrize("form", [np.asarray, sp.csr_array])
def test_attribute_term_by_its_definition(form):
    rng = np.random.RandomState(0)
    F = rng.random_sample((60, 7)) * (rng.random_sample((60, 7)) < 0.5)
    labels = rng.randint(4, size=60)
    centred = F - F.mean(axis=0)
    sums = [np.sum(centred[labels == c], axis=0) for c in range(4)]
    expected = np.sum(np.square(sums)) / (np.sum(centred**2) * 60 / 4)
    agreement = Agreement(cliques(15), form(F), 4)
    assert_allclose(agreement.attribute_term(labels), expected, rtol=1e-12)
    assert_allclose(agreement.variance, np.sum(centred**2), rtol=1e-12)
    assert_allclose(agreement.mean, F.mean(axis=0), rtol=1e-12)


def test_equal_clusters_that_explain_everything_have_one():
    labels = np.repeat([0, 1, 2], 4)
    agreement = Agreement(cliques(), np.eye(3)[labels], 3)
    assert_allclose(agreement.attribute_term(labels), 1)
    assert_allclose(agreement.graph_term(labels), 1 - 1 / 3)
    assert_allclose(agreement.attribute_term(np.zeros(12, dtype=int)), 0, atol=1e-12)
    assert_allclose(agreement.graph_term(np.zeros(12, dtype=int)), 0, atol=1e-12)


def test_noise_levels():
    """Of a random graph by its mean degree; of isotropic noise by its eigenvalues."""
    A, _, _ = graph_and_attributes()  # ten edges at a vertex
    n, d, k = 3000, 50, 5
    noise = np.random.RandomState(0).standard_normal((n, d))
    agreement = Agreement(A, noise[:120], k)
    assert_allclose(agreement.graph_noise, 0.97 / np.sqrt(10))
    agreement = Agreement(sp.csr_array((n, n)), noise, k)
    expected = (k - 1) / d * (1 + np.sqrt(d / n)) ** 2
    assert_allclose(agreement.attribute_noise, expected, rtol=0.1)
    # The best partition of noise comes near, not beyond.
    labels = KMeans(k, n_init=3, random_state=0).fit_predict(noise)
    reached = agreement.attribute_term(labels)
    assert 0.3 * expected < reached < 1.2 * expected


def test_effective_rank_is_that_of_equal_eigenvalues():
    Q = np.linalg.qr(np.random.RandomState(0).standard_normal((400, 12)))[0]
    Q = Q - Q.mean(axis=0)
    agreement = Agreement(sp.csr_array((400, 400)), Q, 3)
    assert 10 < agreement._effective_rank() < 14


def test_the_value_is_the_sum_of_logarithms():
    A, X, y = graph_and_attributes()
    agreement = Agreement(A, X, 4)
    Q, K = terms(agreement, y)
    expected = np.log(Q + agreement.graph_noise) + np.log(K + agreement.attribute_noise)
    assert_allclose(agreement(y), expected, atol=1e-8)


def test_numbering_of_clusters_does_not_matter():
    A, X, y = graph_and_attributes()
    agreement = Agreement(A, X, 4)
    renumbered = np.array([2, 0, 3, 1])[y]
    assert agreement(renumbered) == agreement(y)


def test_reordering_vertices_does_not_matter():
    A, X, y = graph_and_attributes()
    perm = np.random.RandomState(0).permutation(len(y))
    other = Agreement(sp.csr_array(A[perm][:, perm]), sp.csr_array(X[perm]), 4)
    assert_allclose(other(y[perm]), Agreement(A, X, 4)(y), rtol=1e-6)


def test_planted_clusters_beat_others():
    A, X, y = graph_and_attributes(n=400)
    agreement, rng = Agreement(A, X, 4), np.random.RandomState(0)
    for _ in range(20):
        worse = np.where(rng.random_sample(400) < 0.2, rng.randint(4, size=400), y)
        assert agreement(worse) < agreement(y)


def some_partitions(y, rng):
    """From the planted one to a random one."""
    for share in (0.0, 0.2, 0.5, 1.0):
        yield np.where(
            rng.random_sample(len(y)) < share, rng.randint(4, size=len(y)), y
        )


def test_a_source_without_information_is_flat(rng):
    A, X, y = graph_and_attributes(n=400)
    empty = sp.csr_array((400, 400))
    partitions = list(some_partitions(y, rng))
    by_attributes = Agreement(empty, X, 4)
    for labels in partitions:
        assert by_attributes.graph_term(labels) == 0
    by_edges = Agreement(A, np.ones((400, 3)), 4)
    for labels in partitions:
        assert by_edges.attribute_term(labels) == 0
    # Noise counts for little beside the other source.
    noise = Agreement(A, rng.standard_normal((400, 40)), 4)
    factors = [
        np.log(noise.attribute_term(p) + noise.attribute_noise) for p in partitions
    ]
    others = [np.log(noise.graph_term(p) + noise.graph_noise) for p in partitions]
    assert np.ptp(factors) < 0.1 * np.ptp(others)


@pytest.mark.parametrize("labels", [[0, 1] * 6, [0] * 12, list(range(12))])
@pytest.mark.parametrize(
    "attributes", [np.zeros((12, 2)), np.ones((12, 1)), np.eye(12)]
)
@pytest.mark.parametrize("A", [sp.csr_array((12, 12)), cliques(), sp.eye_array(12)])
def test_always_finite(labels, attributes, A):
    labels = np.array(labels)
    agreement = Agreement(sp.csr_array(A), attributes, labels.max() + 1)
    assert np.isfinite(agreement(labels))


def test_array_libraries_agree_with_numpy(library):
    A, X, y = graph_and_attributes()
    expected = Agreement(A, X.toarray(), 4)(y)
    found = Agreement(A, library.asarray(X.toarray()), 4)(y)
    assert_allclose(found, expected, atol=1e-8)
