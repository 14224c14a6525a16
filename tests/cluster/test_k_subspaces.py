"""K-subspaces: descent, fixed points, empty clusters, starts and their consensus."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import config_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score

from skspace._sklearn import HAS_CALLBACKS
from skspace.callback import ObjectiveMonitor
from skspace.cluster import KSubspaces
from skspace.cluster._k_subspaces_fit import (
    co_association,
    k_subspaces_iterations,
    span_of_neighbours,
    span_of_random_rows,
)
from skspace.datasets import make_union_of_subspaces
from skspace.metrics import clustering_accuracy


def mean_squared_distance(V, labels, components):
    """Projected one by one."""
    total = 0.0
    for v, label in zip(V, labels, strict=True):
        total += np.sum((v - components[label].T @ (components[label] @ v)) ** 2)
    return total / len(V)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 4))
def test_objective_never_rises(seed, n_clusters, n_dims):
    rng = np.random.RandomState(seed)
    V = rng.standard_normal((40, 6))
    start = span_of_random_rows(V, n_clusters, n_dims, rng)
    states = list(itertools.islice(k_subspaces_iterations(V, start), 15))
    objectives = np.array([state.objective for state in states])
    assert np.all(np.diff(objectives) <= 1e-12)
    for state in states:
        expected = mean_squared_distance(V, state.labels, state.components)
        np.testing.assert_allclose(state.objective, expected, atol=1e-12)
        assert len(np.unique(state.labels)) == n_clusters


def test_end_is_a_fixed_point(rng):
    """Every sample is at its nearest subspace, every subspace the best of its own."""
    V = rng.standard_normal((80, 6))
    states = k_subspaces_iterations(V, span_of_random_rows(V, 4, 2, rng))
    state = next(state for state in states if state.change == 0)
    rest = V[:, None, :] - np.einsum(
        "nd,kqd,kqe->nke", V, state.components, state.components
    )
    np.testing.assert_array_equal(
        np.argmin(np.linalg.norm(rest, axis=2), axis=1), state.labels
    )
    for k in range(4):
        members = V[state.labels == k]
        leading = np.linalg.svd(members)[2][:2]
        B = state.components[k]
        np.testing.assert_allclose(B.T @ B, leading.T @ leading, atol=1e-10)


def test_change_is_the_relative_decrease(rng):
    V = rng.standard_normal((60, 6))
    states = k_subspaces_iterations(V, span_of_random_rows(V, 4, 2, rng))
    first, second, third = itertools.islice(states, 3)
    assert first.change == 1
    np.testing.assert_allclose(second.change, 1 - second.objective / first.objective)
    np.testing.assert_allclose(third.change, 1 - third.objective / second.objective)


def test_iterations_agree_in_every_library(library, rng):
    V = rng.standard_normal((50, 6))
    start = span_of_random_rows(V, 3, 2, np.random.RandomState(1))
    here = library.asarray(V)
    ours = k_subspaces_iterations(
        here, span_of_random_rows(here, 3, 2, np.random.RandomState(1))
    )
    numpy = k_subspaces_iterations(V, start)
    for state, expected in itertools.islice(zip(ours, numpy, strict=True), 6):
        np.testing.assert_array_equal(state.labels, expected.labels)
        np.testing.assert_allclose(
            np.abs(library.to_numpy(state.components)),
            np.abs(expected.components),
            atol=1e-9,
        )
        np.testing.assert_allclose(state.objective, expected.objective)


def test_empty_clusters_take_the_worst_samples(rng):
    """Equal subspaces leave all but the first empty."""
    V = np.vstack([np.eye(4), [[3.0, 0, 0, 0]], [[0, 2.0, 0, 0]]])
    start = np.tile(np.eye(4)[None, :1], (3, 1, 1))
    state = next(k_subspaces_iterations(V, start))
    # the farthest from the first axis: row 5 at distance 2, then row 1 at 1
    np.testing.assert_array_equal(state.labels, [0, 2, 0, 0, 0, 1])


def test_a_lone_member_is_not_taken_from_its_cluster():
    V = np.array([[1.0, 0, 0], [0.9, 0.1, 0], [0, 0, 1.0]])
    start = np.array([[[1.0, 0, 0]], [[0, 1.0, 0]], [[0, 1.0, 0]]])
    state = next(k_subspaces_iterations(V, start))
    assert sorted(state.labels) == [0, 1, 2]


def test_starts_are_orthonormal_bases_of_rows(library, rng):
    V = rng.standard_normal((30, 6))
    for draw in (span_of_random_rows, span_of_neighbours):
        B = library.to_numpy(draw(library.asarray(V), 4, 3, np.random.RandomState(0)))
        assert B.shape == (4, 3, 6)
        np.testing.assert_allclose(
            B @ B.transpose(0, 2, 1), np.tile(np.eye(3), (4, 1, 1)), atol=1e-10
        )


def test_neighbours_start_finds_clean_subspaces_at_once():
    """Seeds avoid the subspaces found before them, as far as those are pure."""
    axes = np.repeat(np.eye(5), 6, axis=0) * np.linspace(1, 2, 30)[:, None]
    for seed in range(10):
        B = span_of_neighbours(axes, 5, 1, np.random.RandomState(seed))
        np.testing.assert_allclose(np.abs(B[:, 0]).sum(axis=0), 1, atol=1e-12)


def test_co_association_counts_shared_clusters(rng):
    labelings = rng.randint(3, size=(7, 20))
    C = co_association(labelings, 19).toarray()
    expected = np.zeros((20, 20))
    for labels in labelings:
        expected += labels[:, None] == labels[None, :]
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(C, expected / 7)
    kept = co_association(labelings, 4).toarray()
    fourth = -np.sort(-expected, axis=1)[:, 3]
    assert np.all((kept > 0).sum(axis=1) <= 4)
    assert np.all(expected[kept > 0] >= np.repeat(fourth, (kept > 0).sum(axis=1)))


@pytest.mark.parametrize(
    "parameters", [{"subspace_dim": 4}, {}, {"consensus": True, "n_init": 30}]
)
def test_union_of_subspaces_is_found(parameters):
    X, y = make_union_of_subspaces(400, noise=0.01, random_state=0)
    model = KSubspaces(5, random_state=0, **parameters).fit(X[::2])
    assert clustering_accuracy(y[::2], model.labels_) >= 0.99
    assert clustering_accuracy(y[1::2], model.predict(X[1::2])) >= 0.99


def test_affine_subspaces_are_found(rng):
    lines = [
        c + rng.standard_normal((40, 1)) @ rng.standard_normal((1, 6))
        for c in 10 * rng.standard_normal((3, 6))
    ]
    y = np.repeat(np.arange(3), 40)
    model = KSubspaces(3, subspace_dim=1, affine=True, random_state=0)
    assert clustering_accuracy(y, model.fit(np.vstack(lines)).labels_) == 1.0
    assert model.objective_ < 1e-12


def test_more_starts_are_never_worse(rng):
    X = rng.standard_normal((80, 6))

    def objective(n_init):
        model = KSubspaces(4, subspace_dim=2, n_init=n_init, tol=0, random_state=3)
        return model.fit(X).objective_

    objectives = [objective(n_init) for n_init in (1, 3, 9)]
    assert objectives == sorted(objectives, reverse=True)
    assert objectives[2] < objectives[0]


def test_threads_change_nothing(rng):
    X = rng.standard_normal((60, 6))
    model = KSubspaces(3, consensus=True, n_init=10, random_state=0)
    one = model.fit(X).labels_
    np.testing.assert_array_equal(one, model.set_params(n_jobs=2).fit(X).labels_)


def test_consensus_keeps_its_graph(rng):
    X = rng.standard_normal((60, 6))
    model = KSubspaces(3, consensus=True, n_init=10, random_state=0).fit(X)
    A = model.affinity_matrix_.toarray()
    np.testing.assert_array_equal(A, A.T)
    assert A.max() <= 1
    assert not A.diagonal().any()
    assert not hasattr(KSubspaces(3, random_state=0).fit(X), "affinity_matrix_")


def test_stopping_early_is_said_once(rng):
    X = rng.standard_normal((80, 6))
    with pytest.warns(ConvergenceWarning, match="max_iter=1 with change") as seen:
        KSubspaces(4, max_iter=1, n_init=5, random_state=0).fit(X)
    assert len(seen) == 1


def test_one_cluster(rng):
    model = KSubspaces(1).fit(rng.standard_normal((10, 4)))
    assert not model.labels_.any()
    assert model.n_iter_ == 1


@pytest.mark.parametrize("shape", [(60, 6), (5, 9)])
def test_objective_of_one_cluster_is_its_mean_squared_distance(rng, shape):
    X = rng.standard_normal(shape)
    model = KSubspaces(1, subspace_dim=2).fit(X)
    distances = model.transform(X)[:, 0]
    np.testing.assert_allclose(model.objective_, np.mean(distances**2))
    assert model.objective_ > 0.01


def test_one_cluster_of_a_consensus_has_a_graph(rng):
    model = KSubspaces(1, consensus=True).fit(rng.standard_normal((10, 4)))
    assert model.affinity_matrix_.shape == (10, 10)


def test_nothing_of_an_earlier_fit_remains(rng):
    model = KSubspaces(3, consensus=True, n_init=10, random_state=0)
    model.fit(rng.standard_normal((60, 6)))
    model.set_params(consensus=False).fit(rng.standard_normal((40, 6)))
    assert not hasattr(model, "affinity_matrix_")


def test_starts_do_not_depend_on_lengths(rng):
    V = rng.standard_normal((40, 6))
    scales = 10.0 ** np.linspace(-170, 0, 40)[:, None]
    bases = span_of_neighbours(V * scales, 3, 2, np.random.RandomState(0))
    assert np.all(np.isfinite(bases))


@pytest.mark.skipif(not HAS_CALLBACKS, reason="callbacks came with scikit-learn 1.9")
def test_callbacks_see_every_start(rng):
    monitor = ObjectiveMonitor()
    model = KSubspaces(3, n_init=4, random_state=0).set_callbacks(monitor)
    model.fit(rng.standard_normal((60, 6)))
    runs = dict.fromkeys(row["run"] for row in monitor.get_logs())
    assert list(runs) == ["start 1", "start 2", "start 3", "start 4"]


@pytest.mark.parametrize("consensus", [False, True])
def test_dispatch_gives_numpys_clusters(dispatch, library, consensus):
    X, _ = make_union_of_subspaces(100, noise=0.01, random_state=0)
    model = KSubspaces(5, consensus=consensus, n_init=20, random_state=0)
    expected = model.fit(X).labels_
    with config_context(array_api_dispatch=True):
        ours = library.to_numpy(model.fit(library.asarray(X)).labels_)
    assert adjusted_rand_score(ours, expected) == 1.0
    if not consensus:  # a graph of counts may differ by one, and so name clusters anew
        np.testing.assert_array_equal(ours, expected)
