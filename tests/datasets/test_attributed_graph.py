"""Generated graphs have the edges, the communities and the attributes asked for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.cluster import KMeans

from skspace.datasets import make_attributed_graph
from skspace.metrics import clustering_accuracy


def homophily(graph):
    tail, head = graph.adjacency.nonzero()
    return np.mean(graph.target[tail] == graph.target[head])


def same(A, B):
    return A.shape == B.shape and (A != B).nnz == 0


@settings(max_examples=30, deadline=None)
@given(
    n=st.integers(60, 200),
    k=st.integers(1, 5),
    degree=st.floats(0, 6),
    share=st.floats(0, 1),
    exponent=st.none() | st.floats(2.1, 4),
    n_nonzero=st.integers(0, 15),
    seed=st.integers(0, 100),
)
def test_counts_are_exact(n, k, degree, share, exponent, n_nonzero, seed):
    graph = make_attributed_graph(
        n,
        30,
        k,
        average_degree=degree,
        homophily=share,
        degree_exponent=exponent,
        n_nonzero=n_nonzero,
        random_state=seed,
    )
    A, X, y = graph.adjacency, graph.data, graph.target
    assert same(A, A.T)
    assert not A.diagonal().any()
    assert A.has_canonical_format
    n_edges = round(n * degree / 2)
    assert_array_equal(A.data, np.ones(2 * n_edges))
    if k > 1 and n_edges:
        assert homophily(graph) * n_edges == pytest.approx(round(share * n_edges))
    assert X.shape == (n, 30)
    assert X.has_canonical_format
    assert_array_equal(X.data, np.ones(n * n_nonzero))
    assert_array_equal(np.diff(X.indptr), np.full(n, n_nonzero))
    assert np.ptp(np.bincount(y, minlength=k)) <= 1
    assert (A.dtype, X.dtype, y.dtype) == (np.float64, np.float64, np.int64)


def test_degrees_vary_as_edges_drawn_at_random_do():
    graph = make_attributed_graph(20000, random_state=0, n_nonzero=0)
    degree = graph.adjacency.sum(axis=1)
    assert degree.mean() == 10
    assert degree.var() == pytest.approx(10, rel=0.1)  # Poisson


def test_degrees_do_not_depend_on_the_cluster():
    graph = make_attributed_graph(
        30000, n_clusters=2, proportions=[1, 5], random_state=0, n_nonzero=0
    )
    degree, y = graph.adjacency.sum(axis=1), graph.target
    assert_array_equal(np.bincount(y), [5000, 25000])
    # inside: 8 each; across: every edge has one end in each cluster
    assert degree[y == 0].mean() == pytest.approx(8 + 2 * 3, rel=0.02)
    assert degree[y == 1].mean() == pytest.approx(8 + 2 * 3 / 5, rel=0.02)


def test_edges_inside_follow_no_order():
    """Neighbours of a vertex are spread over its cluster, not near to it."""
    graph = make_attributed_graph(3000, n_clusters=3, random_state=0, n_nonzero=0)
    rank = np.empty(3000)
    for c in range(3):
        rank[graph.target == c] = np.linspace(0, 1, 1000)
    tail, head = graph.adjacency.nonzero()
    assert abs(np.corrcoef(rank[tail], rank[head])[0, 1]) < 5 / np.sqrt(len(tail) / 2)


@pytest.mark.parametrize("exponent", [2.5, 3.0])
def test_tail_of_degrees_has_the_exponent(exponent):
    graph = make_attributed_graph(
        50000, average_degree=20, degree_exponent=exponent, random_state=0, n_nonzero=0
    )
    degree = graph.adjacency.sum(axis=1)
    large = degree[(degree > 50) & (degree < 400)]  # below the bound
    # Hill's estimate for a tail that is cut off at 400, by bisection on its score
    low, high = 1.1, 6.0
    for _ in range(60):
        g = (low + high) / 2
        a, b = 50.5 ** (1 - g), 400 ** (1 - g)
        mean = (a * np.log(50.5) - b * np.log(400)) / (a - b) + 1 / (g - 1)
        low, high = (g, high) if mean > np.log(large).mean() else (low, g)
    assert g == pytest.approx(exponent, abs=0.3)


def test_one_seed_gives_one_graph():
    first, second, other = (
        make_attributed_graph(random_state=seed, degree_exponent=2.5)
        for seed in (3, 3, 4)
    )
    assert same(first.adjacency, second.adjacency)
    assert same(first.data, second.data)
    assert_array_equal(first.target, second.target)
    assert not same(first.adjacency, other.adjacency)
    assert not same(first.data, other.data)


def test_edges_and_attributes_are_drawn_apart():
    base = make_attributed_graph(random_state=0)
    words = make_attributed_graph(random_state=0, n_nonzero=5, attribute_signal=0.9)
    edges = make_attributed_graph(random_state=0, average_degree=3, degree_exponent=3)
    assert same(base.adjacency, words.adjacency)
    assert same(base.data, edges.data)
    assert_array_equal(base.target, edges.target)


def test_attributes_belong_to_clusters_as_the_signal_says():
    graph = make_attributed_graph(
        5000, 400, 4, n_nonzero=10, attribute_signal=0.3, random_state=0
    )
    cluster_of_attribute = np.arange(400) // 100
    row, column = graph.data.nonzero()
    own = np.mean(cluster_of_attribute[column] == graph.target[row])
    assert own == pytest.approx(0.3 + 0.7 / 4, abs=0.015)
    # without signal every attribute is as frequent as any other
    graph = make_attributed_graph(5000, 40, 4, attribute_signal=0, random_state=0)
    frequency = graph.data.mean(axis=0)
    assert np.max(np.abs(frequency - 0.5)) < 5 * 0.5 / np.sqrt(5000)


def test_signal_is_what_clustering_needs():
    accuracy = []
    for signal in (0.0, 0.1, 0.6):
        graph = make_attributed_graph(600, attribute_signal=signal, random_state=0)
        labels = KMeans(5, n_init=3, random_state=0).fit_predict(graph.data)
        accuracy.append(clustering_accuracy(graph.target, labels))
    assert accuracy[0] < 0.3
    assert accuracy[0] + 0.1 < accuracy[1] + 0.1 < accuracy[2]
    assert accuracy[2] > 0.95


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_samples": 3, "n_clusters": 5}, "without a vertex"),
        ({"n_features": 30, "n_nonzero": 16}, "more than half of n_features"),
        ({"n_features": 3, "n_clusters": 4, "n_nonzero": 1}, "cannot be shared out"),
        ({"n_samples": 20, "average_degree": 15}, "lower it, or raise n_samples"),
        ({"homophily": 0.0, "n_clusters": 2, "n_samples": 9}, "edges across"),
        ({"proportions": [1, 2]}, "one entry for each of the 5"),
        ({"proportions": [1, 2, 3, 4, -5]}, "positive numbers"),
        ({"proportions": [1, 2, 3, 4, np.nan]}, "positive numbers"),
    ],
)
def test_impossible_graphs_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_attributed_graph(**arguments)
