"""Modularity and conductance against double loops and closed forms."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from skspace.graph import VertexGraph, _quality, conductance, modularity


def modularity_by_loops(A, shares, resolution):
    n, total, degree = len(A), A.sum(), A.sum(axis=1)
    Q = 0.0
    for i in range(n):
        for j in range(n):
            together = shares[i] @ shares[j]
            Q += (A[i, j] - resolution * degree[i] * degree[j] / total) * together
    return Q / total


def conductance_by_loops(A, shares):
    values = []
    for u in shares.T:
        cut = volume = 0.0
        for i, x in enumerate(u):
            for j, y in enumerate(u):
                cut += A[i, j] * x * (1 - y)
                volume += A[i, j] * x
        if volume > 0:
            values.append(cut / volume)
    return np.mean(values)


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(2, 12),
    k=st.integers(1, 5),
    resolution=st.floats(0, 2),
    seed=st.integers(0, 99),
)
def test_values_are_those_of_double_loops(n, k, resolution, seed):
    rng = np.random.RandomState(seed)
    A = np.where(rng.random_sample((n, n)) < 0.4, rng.random_sample((n, n)), 0)
    A = A + A.T  # loops included
    A[0, 1] = A[1, 0] = 1
    labels = rng.randint(k, size=n)
    hard, soft = np.eye(k)[labels], rng.dirichlet(np.ones(k), size=n)
    for given_labels, shares in ((labels, hard), (hard, hard), (soft, soft)):
        expected = modularity_by_loops(A, shares, resolution)
        Q = modularity(A, given_labels, resolution=resolution)
        assert pytest.approx(expected, abs=1e-12) == Q
        expected = conductance_by_loops(A, shares)
        assert conductance(A, given_labels) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("k", "m"), [(2, 3), (4, 5), (7, 3)])
def test_ring_of_cliques(k, m):
    """k cliques of m vertices, each joined to the next by an edge."""
    A = np.kron(np.eye(k), np.ones((m, m)) - np.eye(m))
    for c in range(k):
        i, j = c * m, ((c + 1) % k) * m + 1
        A[i, j] = A[j, i] = 1
    labels = np.repeat(np.arange(k), m)
    inside, volume = m * (m - 1), m * (m - 1) + 2
    assert modularity(A, labels) == pytest.approx(inside / volume - 1 / k)
    assert modularity(A, labels, resolution=0) == pytest.approx(inside / volume)
    assert conductance(A, labels) == pytest.approx(2 / volume)


def test_networkx_agrees_on_weighted_graphs():
    nx = pytest.importorskip("networkx")
    graph = nx.karate_club_graph()
    labels = [graph.nodes[v]["club"] for v in graph]
    clubs = [{v for v in graph if labels[v] == club} for club in set(labels)]
    for resolution in (0.7, 1.0):
        theirs = nx.community.modularity(graph, clubs, resolution=resolution)
        assert modularity(graph, labels, resolution=resolution) == pytest.approx(theirs)
    halves = [
        nx.cut_size(graph, club, weight="weight") / nx.volume(graph, club, "weight")
        for club in clubs
    ]
    assert conductance(graph, labels) == pytest.approx(np.mean(halves))
    # loops, where networkx counts them twice in the degree
    graph.add_edge(0, 0, weight=4)
    A = nx.to_numpy_array(graph)
    A[0, 0] *= 2
    theirs = nx.community.modularity(graph, clubs)
    assert modularity(A, labels) == pytest.approx(theirs)


def two_triangles():
    A = np.kron(np.eye(2), np.ones((3, 3)) - np.eye(3))
    A[2, 3] = A[3, 2] = 1
    return A


def test_names_order_form_and_scale_do_not_matter(monkeypatch):
    A, labels = two_triangles(), np.array([0, 0, 1, 1, 1, 1])
    names = np.array(["b", "a"])[labels]
    order = np.random.RandomState(0).permutation(6)
    for score in (modularity, conductance):
        value = score(A, labels)
        assert score(VertexGraph(A), names) == pytest.approx(value)
        assert score(sp.coo_matrix(A * 7), list(labels)) == pytest.approx(value)
        assert score(A[order][:, order], labels[order] - 1) == pytest.approx(value)
        assert score(np.triu(A), labels) == pytest.approx(value)  # either direction
        assert score(A.astype(np.float32), labels) == pytest.approx(value)
        monkeypatch.setattr(_quality, "BLOCK_ENTRIES", 2)
        assert score(A, labels) == pytest.approx(value)


def test_labels_of_any_library(library):
    A, labels = two_triangles(), np.array([0, 0, 1, 1, 1, 1])
    shares = np.eye(2)[labels]
    for score in (modularity, conductance):
        value = score(A, labels)
        assert score(library.asarray(A), library.asarray(labels)) == value
        assert score(A, library.asarray(shares)) == pytest.approx(value)


def test_extremes():
    A = two_triangles()
    one, apart = np.zeros(6), np.arange(6)
    assert modularity(A, one) == pytest.approx(0)
    assert conductance(A, one) == 0
    assert conductance(A, apart) == 1
    assert modularity(A, apart) == pytest.approx(-np.sum((A.sum(axis=1) / 14) ** 2))
    assert conductance(A - two_triangles() + np.eye(6), apart) == 0  # loops are inside


def test_clusters_without_volume_are_left_out():
    A = np.zeros((8, 8))
    A[:6, :6] = two_triangles()
    labels = np.array([0, 0, 0, 1, 1, 1])
    padded = np.append(labels, [2, 2])
    assert conductance(A, padded) == conductance(two_triangles(), labels)
    assert modularity(A, padded) == modularity(two_triangles(), labels)
    empty_column = np.eye(4)[padded]
    assert conductance(A, empty_column) == conductance(A, padded)


@pytest.mark.parametrize("score", [modularity, conductance])
@pytest.mark.parametrize(
    ("A", "labels", "message"),
    [
        (np.zeros((3, 3)), [0, 1, 1], "no edges"),
        (np.ones((3, 2)), [0, 1, 1], "must be square"),
        (-np.ones((2, 2)), [0, 1], "negative weights"),
        (np.ones((3, 3)), [0, 1], r"\(3,\) or \(3, n_clusters\), got \(2,\)"),
        (np.ones((2, 2)), 3, r"got \(\)"),
        (np.ones((2, 2)), [0, np.nan], "NaN"),
        (np.ones((2, 2)), [[0.5, 0.4], [1, 0]], "add up to one"),
        (np.ones((2, 2)), [[1.5, -0.5], [1, 0]], "non-negative"),
        (np.ones((2, 2)), [["a", "b"], ["a", "b"]], "must be numbers"),
    ],
)
def test_undefined_values_are_refused(score, A, labels, message):
    with pytest.raises(ValueError, match=message):
        score(A, labels)


@pytest.mark.parametrize("resolution", [-1, np.nan, np.inf])
def test_resolution_is_checked(resolution):
    with pytest.raises(ValueError, match="resolution"):
        modularity(np.ones((2, 2)), [0, 1], resolution=resolution)
