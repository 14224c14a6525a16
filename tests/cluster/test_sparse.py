"""Self-representation by the elastic net."""

import signal

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNet

from skspace.cluster import (
    SparseSubspaceClustering,
    _blocks,
    _sparse,
    omp_self_representation,
)
from skspace.cluster._sparse import kkt_residual, sparse_self_representation

SETTINGS = [(10.0, 1.0), (50.0, 0.9), (200.0, 0.3)]


@pytest.fixture(params=["whole", "working-sets"])
def memory(request, monkeypatch):
    """With and without room for all inner products."""
    if request.param == "working-sets":
        monkeypatch.setattr(_blocks, "GRAM_BYTES", 0)
        monkeypatch.setattr(_sparse, "N_CANDIDATES", 3)
    return request.param


def unit_rows(rng, n_samples, n_features):
    X = rng.standard_normal(size=(n_samples, n_features))
    return X / np.linalg.norm(X, axis=1, keepdims=True)


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


@pytest.mark.parametrize("scale", [1e-200, 1e-3, 1e200])
def test_scale_of_the_data_does_not_matter(rng, memory, scale):
    X = unit_rows(rng, 20, 8)
    C = sparse_self_representation(X).toarray()
    scaled = sparse_self_representation(scale * X).toarray()
    np.testing.assert_allclose(scaled, C, atol=1e-10)


def test_permuting_samples_permutes_coefficients(rng, memory):
    X = unit_rows(rng, 30, 10)
    order = rng.permutation(30)
    C = sparse_self_representation(X).toarray()
    permuted = sparse_self_representation(X[order]).toarray()
    np.testing.assert_allclose(permuted, C[np.ix_(order, order)], atol=1e-7)


def test_samples_of_independent_subspaces_choose_their_own(rng, memory):
    bases = np.linalg.qr(rng.standard_normal(size=(12, 9)))[0].T.reshape(3, 3, 12)
    X = np.concatenate([rng.standard_normal(size=(15, 3)) @ basis for basis in bases])
    y = np.repeat(np.arange(3), 15)
    C = sparse_self_representation(X, gamma=50, l1_ratio=1.0).toarray()
    assert not np.any(C[y[:, None] != y])
    assert np.all(np.any(C != 0, axis=1))


def test_float32_stays_and_is_summed_in_float64(rng, memory):
    X = unit_rows(rng, 30, 10).astype(np.float32)
    C = sparse_self_representation(X)
    assert C.dtype == np.float32
    exact = sparse_self_representation(X.astype(np.float64)).astype(np.float32)
    np.testing.assert_array_equal(C.toarray(), exact.toarray())
    assert np.max(kkt_residual(X, C, 50, 0.9)) < 1e-6


def test_number_of_threads_does_not_matter(rng, memory):
    X = unit_rows(rng, 600, 5)
    one = sparse_self_representation(X, n_jobs=1)
    two = sparse_self_representation(X, n_jobs=2)
    np.testing.assert_array_equal(one.toarray(), two.toarray())


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


def test_infinite_data_are_refused():
    with pytest.raises(ValueError, match="infinity"):
        sparse_self_representation([[1.0, np.inf], [0.0, 1.0]])


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


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers on Windows")
@pytest.mark.parametrize(
    "code",
    [
        sparse_self_representation,
        omp_self_representation,
        SparseSubspaceClustering(3, n_init=1, random_state=0).fit,
    ],
)
def test_interrupt_inside_compiled_code_is_an_interrupt(rng, code):
    X = rng.standard_normal((400, 30))
    code(X[:30])  # compiled
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        for delay in (0.02, 0.05, 0.08):
            with pytest.raises(KeyboardInterrupt):  # noqa: PT012
                signal.setitimer(signal.ITIMER_REAL, delay)
                for _ in range(1000):
                    code(X)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
