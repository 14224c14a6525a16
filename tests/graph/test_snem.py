"""Rounding by alternating normalised assignments: fixed points, starts, repairs."""

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import adjusted_rand_score

from skspace.graph._snem import (
    MAX_ROUNDS,
    cluster_sums,
    partition_of,
    round_embedding,
    snem_round,
)


def embedding(n, k, seed, spread=1.0, n_true=None):
    """Orthonormal columns with clusters, and the clusters."""
    rng = np.random.RandomState(seed)
    y = rng.randint(n_true or k, size=n)
    centers = 3 * np.linalg.qr(rng.standard_normal((max(k, y.max() + 1), k)))[0]
    return np.linalg.qr(centers[y] + spread * rng.standard_normal((n, k)))[0], y


def start_of(seed):
    return np.random.RandomState(seed)


problems = given(n=st.integers(12, 60), k=st.integers(1, 6), seed=st.integers(0, 10**6))


@settings(max_examples=40, deadline=None)
@problems
def test_one_start_is_the_published_procedure(n, k, seed):
    U, _ = embedding(n, k, seed)
    assert_array_equal(round_embedding(U, k, 1, start_of(0)).labels, oracles.snem(U, k))


@settings(max_examples=40, deadline=None)
@problems
def test_objective_is_what_k_means_inertia_leaves(n, k, seed):
    U, _ = embedding(n, k, seed)
    found = round_embedding(U, k, 5, start_of(0))
    inertia = sum(
        np.sum((U[found.labels == j] - U[found.labels == j].mean(axis=0)) ** 2)
        for j in np.unique(found.labels)
    )
    assert_allclose(found.objective, np.sum(U**2) - inertia, atol=1e-12)
    assert found.objective <= k + 1e-12  # trace of a projection of rank k
    assert found.n_found == len(np.unique(found.labels))
    evaluated = partition_of(U, found.labels, k)
    assert_allclose(evaluated.objective, found.objective, atol=1e-13)
    assert evaluated.n_found == found.n_found


@settings(max_examples=40, deadline=None)
@problems
def test_what_converges_is_a_fixed_point(n, k, seed):
    U, _ = embedding(n, k, seed)
    found = round_embedding(U, k, 1, start_of(0))
    if found.n_iter < MAX_ROUNDS:
        sums, counts = cluster_sums(U, found.labels, k)
        directions = sums / np.sqrt(np.maximum(counts, 1))[:, None]
        assert_array_equal(snem_round(U, directions)[0], found.labels)


@settings(max_examples=40, deadline=None)
@problems
def test_several_starts_are_no_worse_and_find_all_clusters(n, k, seed):
    U, _ = embedding(n, k, seed, spread=2.0)
    one = round_embedding(U, k, 1, start_of(0))
    ten = round_embedding(U, k, 10, start_of(0))
    assert ten.n_found == k
    if one.n_found == k:
        assert ten.objective >= one.objective * (1 - 1e-9)


def test_lost_clusters_stay_lost_with_one_start_and_are_repaired_with_two():
    n_lost = 0
    for seed in range(60):
        U, _ = embedding(50, 6, seed, spread=0.3, n_true=4)
        one = round_embedding(U, 6, 1, start_of(0))
        n_lost += one.n_found < 6
        assert round_embedding(U, 6, 2, start_of(0)).n_found == 6
    assert n_lost > 5


def test_duplicates_cannot_be_repaired():
    U = np.repeat(np.eye(3)[:, :2], 4, axis=0) / 2
    found = round_embedding(np.column_stack([U, np.zeros(12)]), 5, 5, start_of(0))
    assert found.n_found == 3


@pytest.mark.parametrize("seed", range(5))
def test_separate_clusters_are_found_exactly(seed):
    U, y = embedding(200, 4, seed, spread=0.05)
    assert adjusted_rand_score(y, round_embedding(U, 4, 10, start_of(0)).labels) == 1


@pytest.mark.parametrize("n_init", [1, 2, 8])
def test_reordering_rows_reorders_labels(n_init):
    U, _ = embedding(80, 4, 0, spread=2.0)
    perm = np.random.RandomState(1).permutation(80)
    labels = round_embedding(U, 4, n_init, start_of(0)).labels
    assert_array_equal(
        round_embedding(U[perm], 4, n_init, start_of(0)).labels, labels[perm]
    )


def test_rounding_errors_do_not_renumber_clusters():
    """Starts that reach one partition, renumbered, are no better than the first."""
    for seed in range(20):
        U, _ = embedding(100, 3, seed, spread=0.5)
        noise = 1e-14 * np.random.RandomState(0).standard_normal(U.shape)
        labels = round_embedding(U, 3, 20, start_of(0)).labels
        assert_array_equal(
            round_embedding(U + noise, 3, 20, start_of(0)).labels, labels
        )


def test_one_cluster():
    U, _ = embedding(20, 1, 0)
    found = round_embedding(U, 1, 3, start_of(0))
    assert not found.labels.any()


def test_as_many_clusters_as_rows():
    found = round_embedding(np.eye(7), 7, 3, start_of(0))
    assert found.n_found == 7
    assert_allclose(found.objective, 7)


def test_float32_is_summed_in_float64():
    U, _ = embedding(300, 4, 0)
    found = round_embedding(U.astype(np.float32), 4, 1, start_of(0))
    assert_allclose(found.objective, round_embedding(U, 4, 1, start_of(0)).objective)


@settings(max_examples=40, deadline=None)
@problems
def test_directions_found_on_some_rows_divide_all(n, k, seed):
    U, _ = embedding(n, k, seed)
    rows = np.arange(0, n, 2)
    some = round_embedding(U[rows], k, 4, start_of(0))
    found = round_embedding(U, k, 4, start_of(0), rows=rows)
    sums, counts = cluster_sums(U[rows], some.labels, k)
    directions = sums / np.sqrt(np.maximum(counts, 1))[:, None]
    inner = U @ directions.T
    assert_allclose(inner[np.arange(n), found.labels], inner.max(axis=1))
    evaluated = partition_of(U, found.labels, k)
    assert_allclose(found.objective, evaluated.objective)
    assert found.n_found == evaluated.n_found


def test_all_rows_are_some_rows():
    U, y = embedding(90, 3, 0, spread=0.1)
    found = round_embedding(U, 3, 4, start_of(0), rows=np.arange(90))
    assert adjusted_rand_score(y, found.labels) == 1
    assert_array_equal(found.labels, round_embedding(U, 3, 4, start_of(0)).labels)
