"""Self-representation by the elastic net."""

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from self_representation_cases import unit_rows
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNet

from skspace.cluster import sparse_self_representation
from skspace.cluster._sparse import kkt_residual

SETTINGS = [(10.0, 1.0), (50.0, 0.9), (200.0, 0.3)]


@pytest.mark.parametrize(("gamma", "l1_ratio"), SETTINGS)
def test_coefficients_equal_coordinate_descent(rng, memory, gamma, l1_ratio):
    X = unit_rows(rng, 10, 30)  # well conditioned, or the descent takes for ever
    C = sparse_self_representation(X, gamma=gamma, l1_ratio=l1_ratio).toarray()
    expected = oracles.elastic_net_self_representation(X, gamma, l1_ratio)
    np.testing.assert_allclose(C, expected, atol=1e-7)


def test_coefficients_equal_scikit_learn_row_by_row(rng, memory):
    X = unit_rows(rng, 15, 40)
    gamma, tau = 20.0, 0.8
    C = sparse_self_representation(X, gamma=gamma, l1_ratio=tau).toarray()
    for i in range(15):
        others = np.delete(np.arange(15), i)
        weight = gamma * tau / np.max(np.abs(X[others] @ X[i]))
        peer = ElasticNet(
            alpha=1 / (weight * 40), l1_ratio=tau, fit_intercept=False, tol=1e-13
        ).fit(X[others].T, X[i])
        np.testing.assert_allclose(C[i, others], peer.coef_, atol=1e-6)


@pytest.mark.parametrize(("gamma", "l1_ratio"), [*SETTINGS, (1e4, 1.0), (1e4, 0.5)])
@pytest.mark.parametrize("shape", [(60, 30), (60, 5), (30, 60), (40, 1)])
def test_optimality_conditions_hold(rng, memory, gamma, l1_ratio, shape):
    X = unit_rows(rng, *shape)
    C = sparse_self_representation(X, gamma=gamma, l1_ratio=l1_ratio)
    assert np.max(kkt_residual(X, C, gamma, l1_ratio)) < 1.01e-8
    assert not np.any(C.diagonal())


def test_kkt_residual_sees_what_is_wrong(rng):
    X = unit_rows(rng, 20, 8)
    C = sparse_self_representation(X, gamma=10, l1_ratio=0.9)
    wrong = C.copy()
    wrong.data[0] += 1e-3  # one coefficient off
    np.testing.assert_allclose(np.max(kkt_residual(X, wrong, 10, 0.9)), 1e-3, rtol=0.2)
    assert kkt_residual(X, wrong, 10, 0.9)[0] > 1e-4
    empty = 0 * C  # nothing found: the largest correlation exceeds α₀/gamma
    alpha0 = np.max(np.abs(X @ X.T - np.eye(20)), axis=1)
    np.testing.assert_allclose(kkt_residual(X, empty, 10, 0.9), 0.9 * alpha0)
    own = C.copy().tolil()
    own[3, 3] = 0.5  # a sample that represents itself
    assert kkt_residual(X, own.tocsr(), 10, 0.9)[3] >= 0.5


def test_objective_is_least_among_perturbations(rng, memory):
    X = unit_rows(rng, 15, 6)
    C = sparse_self_representation(X, gamma=30, l1_ratio=0.7).toarray()
    best = oracles.elastic_net_objective(X, C, 30, 0.7)
    for _ in range(20):
        D = C + 1e-3 * rng.standard_normal(size=C.shape)
        np.fill_diagonal(D, 0)
        assert np.all(oracles.elastic_net_objective(X, D, 30, 0.7) > best)


def test_solution_leaves_zero_just_above_gamma_one(rng, memory):
    X = unit_rows(rng, 20, 6)
    C = sparse_self_representation(X, gamma=1 + 1e-6, l1_ratio=0.9).toarray()
    G = np.abs(X @ X.T) - np.eye(20)
    np.testing.assert_array_equal(np.sum(C != 0, axis=1), 1)
    np.testing.assert_array_equal(np.argmax(C != 0, axis=1), np.argmax(G, axis=1))
    assert np.max(np.abs(C)) < 1e-5


def test_two_samples_in_closed_form(memory):
    X = np.array([[1.0, 0.0], [0.6, 0.8]])
    gamma, tau = 5.0, 0.8
    C = sparse_self_representation(X, gamma=gamma, l1_ratio=tau).toarray()
    weight = gamma * tau / 0.6
    c = (weight * 0.6 - tau) / (weight + 1 - tau)
    np.testing.assert_allclose(C, [[0, c], [c, 0]], rtol=1e-14)


@pytest.mark.parametrize(("gamma", "l1_ratio"), SETTINGS)
def test_duplicates_and_zero_rows_converge(rng, memory, gamma, l1_ratio):
    X = np.repeat(unit_rows(rng, 8, 4), 3, axis=0)
    X[4] = 0.0
    C = sparse_self_representation(X, gamma=gamma, l1_ratio=l1_ratio)
    assert np.all(np.isfinite(C.data))
    assert np.max(kkt_residual(X, C, gamma, l1_ratio)) < 1e-8
    dense = C.toarray()
    assert not np.any(dense[4])
    assert not np.any(dense[:, 4])


def test_identical_samples_share_an_elastic_net_and_not_a_lasso(memory):
    X = np.repeat(np.eye(3), [3, 1, 1], axis=0)
    net = sparse_self_representation(X, gamma=10, l1_ratio=0.5).toarray()
    np.testing.assert_allclose(net[0, 1], net[0, 2])
    lasso = sparse_self_representation(X, gamma=10, l1_ratio=1.0).toarray()
    np.testing.assert_allclose(lasso[:3, :3], [[0, 0.9, 0], [0.9, 0, 0], [0.9, 0, 0]])


def test_uncorrelated_samples_get_zero_coefficients(memory):
    assert sparse_self_representation(np.eye(5)).nnz == 0


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 12),
    st.integers(1, 5),
    st.sampled_from([*SETTINGS, (1e3, 1.0)]),
    st.integers(0, 10**6),
)
def test_small_integer_tables_are_solved(n_samples, n_features, setting, seed):
    """Integers bring dependent atoms, zero rows and duplicates."""
    X = np.random.RandomState(seed).randint(-2, 3, size=(n_samples, n_features))
    gamma, l1_ratio = setting
    C = sparse_self_representation(X, gamma=gamma, l1_ratio=l1_ratio)
    assert np.max(kkt_residual(X, C, gamma, l1_ratio)) < 1.01e-8


def test_samples_of_independent_subspaces_choose_their_own(rng, memory):
    bases = np.linalg.qr(rng.standard_normal(size=(12, 9)))[0].T.reshape(3, 3, 12)
    X = np.concatenate([rng.standard_normal(size=(15, 3)) @ basis for basis in bases])
    y = np.repeat(np.arange(3), 15)
    C = sparse_self_representation(X, gamma=50, l1_ratio=1.0).toarray()
    assert not np.any(C[y[:, None] != y])
    assert np.all(np.any(C != 0, axis=1))


def test_rows_that_stop_early_are_reported(rng, memory):
    X = unit_rows(rng, 30, 20)
    with pytest.warns(
        ConvergenceWarning, match=r"\d+ of 30 .* max_iter=2 .*; lower gamma \(or"
    ):
        C = sparse_self_representation(X, gamma=100, max_iter=2)
    assert np.all(np.isfinite(C.data))
    assert np.max(np.diff(C.indptr)) <= 4


def test_one_sample_has_nothing_to_choose(memory):
    assert sparse_self_representation([[1.0, 2.0]]).nnz == 0


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"gamma": 1.0}, "gamma"),
        ({"l1_ratio": 0.0}, "l1_ratio"),
        ({"l1_ratio": 1.1}, "l1_ratio"),
        ({"tol": 0.0}, "tol"),
        ({"max_iter": 0}, "max_iter"),
    ],
)
def test_parameters_out_of_range_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        sparse_self_representation(np.eye(3), **parameters)


@pytest.mark.data
@pytest.mark.parametrize(("gamma", "l1_ratio"), [(10.0, 1.0), (50.0, 0.9)])
@pytest.mark.parametrize("name", ["orl", "yaleb10", "coil20"])
def test_images_are_solved_on_every_row(data_folder, name, gamma, l1_ratio):
    with np.load(f"{data_folder}/images/{name}_32x32.npz") as file:
        X = file["X"] / 255
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    C = sparse_self_representation(X, gamma=gamma, l1_ratio=l1_ratio)
    assert np.max(kkt_residual(X, C, gamma, l1_ratio)) <= 1e-6


@pytest.mark.parametrize("factor", [1e170, 1e-170])
@pytest.mark.parametrize("l1_ratio", [0.9, 1.0])
def test_rows_of_very_different_length(rng, memory, factor, l1_ratio):
    X = unit_rows(rng, 20, 5)
    X[5] *= factor
    C = sparse_self_representation(X, l1_ratio=l1_ratio)
    assert np.all(np.isfinite(C.data))
    if factor < 1:  # one row is as good as zero
        X[5] = 0.0
        expected = sparse_self_representation(X, l1_ratio=l1_ratio)
        np.testing.assert_array_equal(C.toarray(), expected.toarray())
