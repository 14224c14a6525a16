"""Filters against dense powers of the transition matrix, and what they preserve."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skspace._numba.propagate import NEAR
from skspace.graph import _propagation
from skspace.graph._propagation import Propagation, filter_weights, on_cache_lines


def graph(n, seed, density=0.2):
    """Weighted, with some loops, some vertices without edges, and a hub."""
    rng = np.random.RandomState(seed)
    A = np.where(rng.random_sample((n, n)) < density / 2, rng.random_sample((n, n)), 0)
    A = A + A.T
    A[:, 0] = A[0] = 1
    alone = rng.random_sample(n) < 0.1
    A[alone] = A[:, alone] = 0
    return sp.csr_array(A)


def transition(A):
    """P by its definition, with loops added twice."""
    A1 = A.toarray() + np.eye(A.shape[0])
    root = np.sqrt(A1.sum(axis=1))
    S = A1 / root / root[:, None] + np.eye(len(A1))
    return S / S.sum(axis=1, keepdims=True)


def filtered(P, M, weights):
    """Sum of weighted powers, by their definition."""
    return sum(w * np.linalg.matrix_power(P, t) @ M for t, w in enumerate(weights))


def weights_by_definition(order, alpha):
    w = np.array([float(alpha) ** t for t in range(order + 1)])
    return w / w.sum()


settings_of_filters = given(
    n=st.integers(1, 30),
    width=st.integers(1, 20),
    order=st.integers(0, 12),
    alpha=st.floats(0.1, 3),
    seed=st.integers(0, 50),
)


@settings(max_examples=40, deadline=None)
@settings_of_filters
def test_filters_are_sums_of_dense_powers(n, width, order, alpha, seed):
    A = graph(n, seed)
    M = np.random.RandomState(seed).standard_normal((n, width))
    P, propagation = transition(A), Propagation.from_adjacency(A)
    w = weights_by_definition(order, alpha)
    assert_allclose(filter_weights(order, alpha), w, rtol=1e-12)
    expected = filtered(P, M, w)
    assert_allclose(propagation.smooth(M, order, alpha), expected, atol=1e-12)
    assert_allclose(
        propagation.smooth(M[:, 0], order, alpha), expected[:, 0], atol=1e-12
    )
    assert_allclose(
        propagation.smooth(sp.coo_array(M), order, alpha), expected, atol=1e-12
    )
    adjoint = propagation.smooth_adjoint(M, order, alpha)
    assert_allclose(adjoint, filtered(P.T, M, w), atol=1e-11)


@settings(max_examples=25, deadline=None)
@settings_of_filters
def test_sweeps_agree_with_single_filters(n, width, order, alpha, seed):
    A = graph(n, seed)
    M = np.random.RandomState(seed).standard_normal((n, width))
    propagation = Propagation.from_adjacency(A)
    orders = {order, order // 2, 0}
    found = dict(propagation.smooth_orders(M, [order, *orders], alpha))
    assert set(found) == orders
    for t, Z in found.items():
        assert_allclose(Z, propagation.smooth(M, t, alpha), atol=1e-13)


@pytest.mark.parametrize("order", [2, 3, 20, 60, 175, 5000])
@pytest.mark.parametrize("alpha", [0.5, 0.8, 1.0, 1.8])
def test_chebyshev_series_is_the_filter_in_fewer_steps(order, alpha):
    A = graph(40, order)
    M = np.random.RandomState(order).standard_normal((40, 3))
    propagation = Propagation.from_adjacency(A)
    eigenvalues, V = np.linalg.eigh(propagation.matrix.toarray())
    h = np.polynomial.polynomial.polyval(eigenvalues, filter_weights(order, alpha))
    expected = V @ (h[:, None] * (V.T @ (propagation.scale[:, None] * M)))
    expected = expected / propagation.scale[:, None]
    assert_allclose(propagation.smooth(M, order, alpha), expected, atol=1e-12)
    series = _propagation.chebyshev(order, alpha, 1e-13)
    *_, Z = propagation._iterate(M, propagation.scale, series, None)
    assert_allclose(Z / propagation.scale[:, None], expected, atol=1e-12)
    taken = len(_propagation.shortest(order, alpha, "float64"))
    assert taken <= (order if order < 175 else order / 2)


@settings(max_examples=25, deadline=None)
@settings_of_filters
def test_adjoint_identity(n, width, order, alpha, seed):
    rng = np.random.RandomState(seed)
    propagation = Propagation.from_adjacency(graph(n, seed))
    M, Q = rng.standard_normal((2, n, width))
    left = np.vdot(propagation.smooth(M, order, alpha), Q)
    right = np.vdot(M, propagation.smooth_adjoint(Q, order, alpha))
    assert left == pytest.approx(right, abs=1e-11 * n * width)


def test_matrix_is_symmetric_with_the_spectrum_of_the_transition():
    A = graph(40, 0)
    propagation = Propagation.from_adjacency(A)
    N = propagation.matrix.toarray()
    assert_array_equal(N, N.T)
    P = transition(A)
    assert_allclose(N / propagation.scale[:, None] * propagation.scale, P, atol=1e-14)
    assert np.linalg.eigvalsh(N)[-1] == pytest.approx(1)


def test_constants_stay_and_mass_stays_under_the_adjoint():
    rng = np.random.RandomState(0)
    propagation = Propagation.from_adjacency(graph(50, 1))
    ones = np.ones(50)
    assert_allclose(propagation.smooth(ones, 30, 1.3), ones, rtol=1e-13)
    M = rng.standard_normal((50, 3))
    total = propagation.smooth_adjoint(M, 30, 1.3).sum(axis=0)
    assert_allclose(total, M.sum(axis=0), atol=1e-12)


def test_values_stay_within_their_range():
    M = np.random.RandomState(0).random_sample((50, 4))
    Z = Propagation.from_adjacency(graph(50, 2)).smooth(M, 9, 0.7)
    assert_array_equal(np.clip(Z, M.min(axis=0) - 1e-13, M.max(axis=0) + 1e-13), Z)


def test_vertices_without_edges_keep_their_values():
    A = sp.block_diag([np.ones((3, 3)), np.zeros((2, 2))], format="csr")
    M = np.random.RandomState(0).standard_normal((5, 2))
    Z = Propagation.from_adjacency(sp.csr_array(A)).smooth(M, 20, 1.5)
    assert_allclose(Z[3:], M[3:], rtol=1e-13)
    assert_allclose(Z[:3], np.tile(M[:3].mean(axis=0), (3, 1)), atol=1e-2)


def test_closed_form_on_a_pair():
    """Two vertices: D1 = 2, P = [[3, 1], [1, 3]] / 4, second eigenvalue 1/2."""
    propagation = Propagation.from_adjacency(sp.csr_array([[0.0, 1.0], [1.0, 0.0]]))
    Z = propagation.smooth(np.array([1.0, -1.0]), 3, 2.0)
    share = (1 + 2 / 2 + 4 / 4 + 8 / 8) / (1 + 2 + 4 + 8)
    assert_allclose(Z, [share, -share], rtol=1e-14)


@settings(max_examples=20, deadline=None)
@given(n=st.integers(2, 40), seed=st.integers(0, 50))
def test_renumbered_vertices_give_renumbered_results(n, seed):
    rng = np.random.RandomState(seed)
    A, M, order = graph(n, seed), rng.standard_normal((n, 3)), rng.permutation(n)
    Z = Propagation.from_adjacency(A).smooth(M, 6, 0.9)
    renumbered = Propagation.from_adjacency(A[order][:, order])
    assert_allclose(renumbered.smooth(M[order], 6, 0.9), Z[order], atol=1e-13)


@pytest.mark.parametrize(("order", "alpha"), [(175, 1.8), (1000, 50.0), (60, 1e-200)])
def test_float32_neither_overflows_nor_loses_its_type(order, alpha):
    A = graph(60, 3).astype(np.float32)
    M = np.random.RandomState(0).standard_normal((60, 5)).astype(np.float32)
    propagation = Propagation.from_adjacency(A)
    assert propagation.matrix.dtype == np.float32
    for smooth in (propagation.smooth, propagation.smooth_adjoint):
        assert smooth(M, order, alpha).dtype == np.float32
    double = Propagation.from_adjacency(graph(60, 3)).smooth(
        M.astype(np.float64), order, alpha
    )
    assert_allclose(propagation.smooth(M, order, alpha), double, atol=1e-4)


def test_integers_and_the_type_of_the_block_decide():
    propagation = Propagation.from_adjacency(graph(20, 0).astype(np.float32))
    M = np.arange(40).reshape(20, 2)
    assert propagation.smooth(M, 3, 1.0).dtype == np.float64
    assert propagation.smooth(sp.csr_array(M), 3, 1.0).dtype == np.float64
    assert propagation.smooth(M.astype(np.float32), 3, 1.0).dtype == np.float32


def test_array_libraries_agree_with_numpy(library):
    propagation = Propagation.from_adjacency(graph(30, 4))
    M = np.random.RandomState(0).standard_normal((30, 5))
    theirs = library.asarray(M)
    for ours, result in [
        (propagation.smooth(M, 6, 0.9), propagation.smooth(theirs, 6, 0.9)),
        (
            propagation.smooth_adjoint(M[:, 0], 6, 0.9),
            propagation.smooth_adjoint(theirs[:, 0], 6, 0.9),
        ),
        (propagation.smooth(M, 90, 0.9), propagation.smooth(theirs, 90, 0.9)),
    ]:
        assert type(result) is type(theirs)
        assert_allclose(library.to_numpy(result), ours, atol=1e-13)
    single = library.asarray(M.astype(np.float32))
    assert propagation.smooth(single, 6, 0.9).dtype == single.dtype
    assert_array_equal(library.to_numpy(theirs), M)


@pytest.mark.parametrize("width", [1, 18, 300])
def test_threads_change_nothing(width, monkeypatch):
    monkeypatch.setattr(_propagation, "THREAD_WORK", 0)
    propagation = Propagation.from_adjacency(graph(200, 5))
    M = np.random.RandomState(0).standard_normal((200, width))
    one, *others = (
        propagation.smooth(M, 5, 0.9, n_jobs=n_jobs) for n_jobs in (None, 2, 3)
    )
    for other in others:
        assert_array_equal(one, other)


@pytest.mark.parametrize("form", [np.asarray, np.asfortranarray, sp.csr_array])
def test_panels_of_columns_change_nothing(form, monkeypatch):
    propagation = Propagation.from_adjacency(graph(50, 6))
    M = np.random.RandomState(0).standard_normal((50, 41))
    whole = propagation.smooth(M, 5, 0.9)
    monkeypatch.setattr(_propagation, "CACHE_BYTES", 0)
    monkeypatch.setattr(_propagation, "PANEL_WIDTH", 7)
    assert_allclose(propagation.smooth(form(M), 5, 0.9), whole, atol=1e-14)


def test_wide_indices_are_narrowed_and_input_stays(monkeypatch):
    A = graph(30, 7)
    A.indices, A.indptr = A.indices.astype(np.int64), A.indptr.astype(np.int64)
    A.data.flags.writeable = False
    before = A.copy()
    propagation = Propagation.from_adjacency(A)
    assert propagation.matrix.indices.dtype == np.int32
    assert (before != A).nnz == 0
    M = np.random.RandomState(0).standard_normal((30, 2))
    M.flags.writeable = False
    copy = M.copy()
    propagation.smooth(M, 3, 0.9)
    assert_array_equal(M, copy)


def test_results_are_new_arrays():
    propagation = Propagation.from_adjacency(graph(30, 7))
    M = np.random.RandomState(0).standard_normal((30, 8))
    results = [Z for _, Z in propagation.smooth_orders(M, range(5), 0.9)]
    results += [propagation.smooth(M, 0, 1.0), propagation.smooth(M, 3, 1.0), M]
    for i, Z in enumerate(results):
        assert not any(np.shares_memory(Z, other) for other in results[:i])


@pytest.mark.parametrize("shape", [(1000, 16), (3, 5), (0, 4)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_buffers_begin_with_a_cache_line(shape, dtype):
    buffer = on_cache_lines(shape, np.dtype(dtype))
    assert buffer.ctypes.data % 64 == 0 or buffer.size == 0
    assert buffer.shape == shape
    assert buffer.dtype == dtype
    assert buffer.flags.c_contiguous
    assert buffer.flags.writeable


@pytest.mark.parametrize("width", [5, 16])
def test_rows_asked_for_ahead_change_nothing(width, rng):
    """Blocks too large for the near cache, vertices of few edges and of many."""
    n = 2 * NEAR // (8 * width)
    ends = rng.randint(n, size=(2, 3 * n))
    ends[0, :100] = 7
    A = sp.coo_array((np.ones(3 * n), ends), shape=(n, n)).tocsr()
    A = (A + A.T).tocsr()
    propagation = Propagation.from_adjacency(A)
    M = rng.standard_normal((n, width))
    scale = propagation.scale[:, None]
    expected = (M + propagation.matrix @ (M * scale) / scale) / 2
    assert_allclose(propagation.smooth(M, 1, 1.0), expected, atol=1e-12)


def test_pickle_leaves_moved_copies_behind():
    torch = pytest.importorskip("torch")
    propagation = Propagation.from_adjacency(graph(30, 7))
    M = np.random.RandomState(0).standard_normal((30, 8))
    Z = propagation.smooth(torch.asarray(M), 3, 0.9)
    copy = pickle.loads(pickle.dumps(propagation))
    assert_allclose(copy.smooth(M, 3, 0.9), Z.numpy(), atol=1e-13)


def test_empty_graphs_and_blocks():
    propagation = Propagation.from_adjacency(sp.csr_array((0, 0), dtype=np.float64))
    assert propagation.smooth(np.empty((0, 3)), 4, 0.9).shape == (0, 3)
    propagation = Propagation.from_adjacency(sp.csr_array((4, 4), dtype=np.float64))
    assert propagation.smooth(np.empty((4, 0)), 4, 0.9).shape == (4, 0)
    assert_allclose(propagation.smooth(np.arange(4.0), 4, 0.9), np.arange(4.0))


@pytest.mark.parametrize(
    ("shape", "order", "alpha", "message"),
    [
        ((4, 2), 3, 0.9, r"5 vertices .* \(4, 2\)"),
        ((5, 2), -1, 0.9, "order must be"),
        ((5, 2), 1.5, 0.9, "order must be"),
        ((5, 2), 3, 0.0, "alpha must be"),
        ((5, 2), 3, np.inf, "alpha must be"),
        ((5, 2), 3, np.nan, "alpha must be"),
    ],
)
def test_wrong_input_is_refused(shape, order, alpha, message):
    propagation = Propagation.from_adjacency(graph(5, 0))
    with pytest.raises(ValueError, match=message):
        propagation.smooth(np.ones(shape), order, alpha)
