"""Doubly stochastic affinity: optimality, feasibility for every graph, invariances."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning

from skspace.cluster import subspace_affinity
from skspace.cluster._doubly_stochastic import doubly_stochastic


def random_graph(rng, n, density=1.0):
    K = rng.uniform(size=(n, n)) * (rng.uniform(size=(n, n)) < density)
    np.fill_diagonal(K, 0)
    return K


def penalty(K, spread):
    K = (K + K.T) / 2
    peak = K.max(axis=1)
    return spread * peak[peak > 0].mean()


def oracle(K, spread, *, exact):
    """The quadratic programme over all entries, by a general solver."""
    n, eta = len(K), penalty(K, spread)
    K = (K + K.T) / 2
    bounds = [(0, 0 if i == j else None) for i in range(n) for j in range(n)]
    sums = [
        {
            "type": "eq" if exact else "ineq",
            "fun": lambda a, axis=axis: 1 - a.reshape(n, n).sum(axis=axis),
        }
        for axis in (0, 1)
    ][: 1 if exact else 2]
    if exact:  # the last column sum follows from the others
        sums.append(
            {"type": "eq", "fun": lambda a: 1 - a.reshape(n, n).sum(axis=1)[:-1]}
        )
    found = minimize(
        lambda a: eta / 2 * a @ a - K.ravel() @ a,
        np.full(n * n, 0.5 / n),
        jac=lambda a: eta * a - K.ravel(),
        bounds=bounds,
        constraints=sums,
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    return found.x.reshape(n, n)


@pytest.mark.parametrize("density", [1.0, 0.5])
@pytest.mark.parametrize("spread", [0.5, 3.0])
def test_equals_a_general_quadratic_programme(rng, density, spread):
    K = random_graph(rng, 6, density)
    A = doubly_stochastic(sp.csr_array(K), spread=spread).toarray()
    np.testing.assert_allclose(A, oracle(K, spread, exact=False), atol=1e-5)


def test_equals_the_problem_with_exact_sums_where_all_sums_are_one(rng):
    K = random_graph(rng, 6)
    A = doubly_stochastic(sp.csr_array(K), spread=1.0).toarray()
    np.testing.assert_allclose(A.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(A, oracle(K, 1.0, exact=True), atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 40), st.floats(0.05, 1), st.floats(0.3, 9))
def test_optimality_conditions(seed, n, density, spread):
    """A solves it when (K - eta A)_ij = u_i + u_j on A > 0 and is less elsewhere."""
    K = random_graph(np.random.RandomState(seed), n, density)
    A = doubly_stochastic(sp.csr_array(K), spread=spread).toarray()
    np.testing.assert_allclose(A, A.T, atol=1e-12)
    assert A.min() >= 0
    assert not np.any((A > 0) & (K + K.T == 0))
    assert A.sum(axis=1).max(initial=0) <= 1 + 1e-5
    if not K.any():
        return
    eta = penalty(K, spread)
    excess = (K + K.T) / 2 - eta * A
    # u by least squares on the support, zero where a row sum is below one
    i, j = np.nonzero(A > 1e-9)
    design = np.zeros((len(i), n))
    design[np.arange(len(i)), i] += 1
    design[np.arange(len(i)), j] += 1
    design[:, A.sum(axis=1) < 1 - 1e-5] = 0
    u = np.linalg.lstsq(design, excess[i, j], rcond=None)[0]
    np.testing.assert_allclose(design @ u, excess[i, j], atol=1e-5 * eta)


def test_scale_of_the_coefficients_does_not_matter(rng):
    K = sp.csr_array(random_graph(rng, 30, 0.3))
    A = doubly_stochastic(K).toarray()
    for scale in (1e-200, 1e-5, 1e200):
        np.testing.assert_allclose(doubly_stochastic(K * scale).toarray(), A, atol=1e-6)


def test_permuting_samples_permutes_the_result(rng):
    K, order = random_graph(rng, 30, 0.3), rng.permutation(30)
    A = doubly_stochastic(sp.csr_array(K)).toarray()
    B = doubly_stochastic(sp.csr_array(K[np.ix_(order, order)])).toarray()
    np.testing.assert_allclose(B, A[np.ix_(order, order)], atol=1e-6)


def test_ring_of_equal_links_gives_each_half():
    ring = np.roll(np.eye(5), 1, axis=1)
    A = doubly_stochastic(sp.csr_array(ring), spread=0.5).toarray()
    np.testing.assert_allclose(A, (ring + ring.T) / 2, atol=1e-6)


def test_leaves_of_a_star_share_its_centre():
    star = np.zeros((5, 5))
    star[0, 1:] = 1
    A = doubly_stochastic(sp.csr_array(star), spread=0.1).toarray()
    np.testing.assert_allclose(A[0], [0, 0.25, 0.25, 0.25, 0.25], atol=1e-6)
    assert np.all(A[1:, 1:] == 0)


def test_rows_without_entries_stay_empty(rng):
    K = random_graph(rng, 8)
    K[3], K[:, 3] = 0, 0
    A = doubly_stochastic(sp.csr_array(K)).toarray()
    assert not A[3].any()
    assert not doubly_stochastic(sp.csr_array((4, 4))).nnz


def test_first_guess_of_the_support_does_not_matter(rng, monkeypatch):
    K = sp.csr_array(random_graph(rng, 40))
    A = doubly_stochastic(K).toarray()
    for share in (0.0, 0.9):
        monkeypatch.setattr("skspace.cluster._doubly_stochastic.FIRST_ENTRIES", share)
        np.testing.assert_allclose(doubly_stochastic(K).toarray(), A, atol=1e-6)


def test_too_few_iterations_are_said(rng):
    K = sp.csr_array(random_graph(rng, 40))
    with pytest.warns(ConvergenceWarning, match="Row sums"):
        doubly_stochastic(K, spread=0.3, max_iter=2)


def test_affinity_option(rng):
    C = rng.standard_normal((25, 25))
    A = subspace_affinity(C, method="doubly_stochastic")
    np.testing.assert_allclose(A.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(A.toarray(), A.toarray().T, atol=1e-12)
    assert not A.diagonal().any()
