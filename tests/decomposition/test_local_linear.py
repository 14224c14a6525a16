"""Moments of windows, slopes and steps against loops, least squares and differences."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skspace._array import asarray_like
from skspace.decomposition import _local_linear as local


@pytest.fixture
def problem(rng):
    """Features, two responses, weights, a basis of two directions and centres."""
    X = rng.standard_normal(size=(60, 5))
    basis = np.linalg.qr(rng.standard_normal(size=(5, 2)))[0]
    U = X @ basis
    Y = np.stack([np.sin(U[:, 0]), U[:, 0] * U[:, 1]], axis=1)
    Y = Y + 0.1 * rng.standard_normal(size=Y.shape)
    weights = rng.uniform(0.5, 2.0, size=60)
    return X, Y, weights, basis, np.arange(0, 60, 4)


@pytest.fixture(params=["whole", "blocks"])
def memory(request, monkeypatch):
    if request.param == "blocks":
        monkeypatch.setattr(local, "BLOCK_BYTES", 2000)


def window(X, weights, basis, bandwidth, j):
    """Weights around row j, by the definition."""
    gaps = (X - X[j]) @ basis / bandwidth
    return weights * np.exp(-np.sum(gaps**2, axis=1) / 2)


def loss(X, Y, weights, windows, centers, basis, rho, ridge):
    """Local variance that ridge planes leave, one least squares at a time."""
    total = 0.0
    for w, j, share, shrink in zip(windows, centers, rho, ridge, strict=True):
        w = w / w.sum()
        U = (X - X[j]) @ basis
        U, V = U - w @ U, Y - w @ Y
        top = np.sqrt(w)[:, None]
        A = np.concatenate([top * U, np.sqrt(shrink) * np.eye(basis.shape[1])])
        B = np.concatenate([top * V, np.zeros((basis.shape[1], V.shape[1]))])
        b = np.linalg.lstsq(A, B, rcond=None)[0]
        total += share * np.sum((B - A @ b) ** 2)
    return total


def test_moments_equal_loops(problem, memory):
    X, Y, weights, basis, centers = problem
    hoods = local.neighbourhoods(X, Y, weights, basis, 0.5, centers)
    for k, j in enumerate(centers):
        w = window(X, weights, basis, 0.5, j)
        assert_allclose(
            hoods.size[k], w.sum() ** 2 / np.sum(w * w / weights), rtol=1e-10
        )
        both = np.cov(np.concatenate([X, Y], axis=1).T, aweights=w, ddof=0)
        assert_allclose(hoods.xx[k], both[:5, :5], atol=1e-12)
        assert_allclose(hoods.xy[k], both[:5, 5:], atol=1e-12)
        assert_allclose(hoods.yy[k], np.trace(both[5:, 5:]), atol=1e-12)
    sizes = local.window_sizes(X, weights, basis, 0.5, centers)
    assert_allclose(sizes, hoods.size, rtol=1e-12)


def test_repetition_is_weight(problem):
    X, Y, _, basis, centers = problem
    times = np.arange(60) % 3 + 1
    weighted = local.neighbourhoods(X, Y, times * 1.0, basis, 0.5, centers)
    rows = np.repeat(np.arange(60), times)
    where = np.searchsorted(rows, centers)
    ones = np.ones(len(rows))
    repeated = local.neighbourhoods(X[rows], Y[rows], ones, basis, 0.5, where)
    for ours, theirs in zip(weighted, repeated, strict=True):
        assert_allclose(ours, theirs, atol=1e-11)


def test_slopes_equal_weighted_least_squares(problem):
    """In all features and in the subspace, with next to no ridge."""
    X, Y, weights, basis, centers = problem
    hoods = local.neighbourhoods(X, Y, weights, basis, 0.8, centers)
    ridge = np.full(len(centers), 1e-14)
    full, _, _ = local.local_slopes(hoods, None, ridge)
    inside, _, _ = local.local_slopes(hoods, basis, ridge)
    for k, j in enumerate(centers):
        root = np.sqrt(window(X, weights, basis, 0.8, j))[:, None]
        for slopes, F in ((full[k], X - X[j]), (inside[k], (X - X[j]) @ basis)):
            A = root * np.concatenate([np.ones((60, 1)), F], axis=1)
            expected = np.linalg.lstsq(A, root * Y, rcond=None)[0][1:]
            assert_allclose(slopes, expected, rtol=1e-6, atol=1e-8)


def test_outer_products_are_a_weighted_mean(rng):
    slopes, rho = rng.standard_normal(size=(4, 3, 2)), np.array([0.1, 0.2, 0.3, 0.4])
    expected = sum(r * b @ b.T for r, b in zip(rho, slopes, strict=True))
    assert_allclose(local.outer_products(slopes, rho), expected, atol=1e-14)


def test_step_lowers_the_objective_down_to_a_stationary_point(problem):
    """The objective is that of explicit planes, and its slope vanishes at the end."""
    X, Y, weights, basis, centers = problem
    rng = np.random.RandomState(1)
    start = np.linalg.qr(basis + 0.4 * rng.standard_normal(size=(5, 2)))[0]
    hoods, rho, h = local.observe(X, Y, weights, start, 0.6, centers, 3)
    windows = [window(X, weights, start, h, j) for j in centers]
    ridge = 0.03 / hoods.size

    def explicit(B):
        return loss(X, Y, weights, windows, centers, B, rho, ridge)

    seen, B = [explicit(start)], start
    for _ in range(40):
        B, objective, move = local.gauss_newton_step(hoods, B, rho, ridge)
        assert objective == pytest.approx(explicit(B), rel=1e-9)
        assert_allclose(B.T @ B, np.eye(2), atol=1e-12)
        seen.append(objective)
        if move < 1e-9:
            break
    assert np.all(np.diff(seen) <= 1e-14)
    assert seen[-1] < 0.8 * seen[0]
    step = 1e-5
    for i in range(5):
        for k in range(2):
            E = np.zeros((5, 2))
            E[i, k] = step
            E = E - B @ (B.T @ E)
            slope = (explicit(B + E) - explicit(B - E)) / (2 * step)
            assert abs(slope) < 1e-5


def test_gauss_newton_finds_a_linear_direction_in_one_step(rng):
    """For an exactly linear response the best step ends at the truth."""
    X = rng.standard_normal(size=(80, 4))
    truth = np.array([[2.0, -1.0, 0.5, 1.0]]).T / 2.5
    weights, centers = np.ones(80), np.arange(80)
    start = np.eye(4)[:, :1]
    hoods = local.neighbourhoods(X, X @ truth, weights, start, 0.5, centers)
    rho, ridge = np.full(80, 1 / 80), np.full(80, 1e-12)
    B = start
    for _ in range(6):
        B, objective, _ = local.gauss_newton_step(hoods, B, rho, ridge)
    assert abs(B[:, 0] @ truth[:, 0] / np.linalg.norm(truth)) > 1 - 1e-8
    assert objective < 1e-10


def test_mave_objective_never_rises(problem):
    X, Y, weights, _, centers = problem
    rng = np.random.RandomState(3)
    for _ in range(5):
        start = np.linalg.qr(rng.standard_normal(size=(5, 2)))[0]
        states = local.mave_iterations(X, Y, weights, centers, start, 0.5)
        seen = [state.objective for state, _ in zip(states, range(15), strict=False)]
        assert len(seen) > 1
        assert np.all(np.diff(seen) < 0)


def test_far_outlier_and_tiny_windows_leave_finite_directions(rng):
    X = rng.standard_normal(size=(30, 3))
    X[0] = 1e4
    Y = X[:, :1] ** 2
    weights, centers = np.ones(30), np.arange(30)
    states = local.opg_iterations(X, Y, weights, centers, lambda _: 1, lambda _: 1e-6)
    for state, _ in zip(states, range(6), strict=False):
        assert np.all(np.isfinite(state.basis))
        assert np.isfinite(state.objective)
    states = local.mave_iterations(X, Y, weights, centers, state.basis[:, :1], 1e-6)
    for state, _ in zip(states, range(6), strict=False):
        assert np.all(np.isfinite(state.basis))


def test_windows_widen_until_planes_rest_on_enough_samples(rng):
    X = rng.standard_normal(size=(200, 3))
    weights, centers = np.ones(200), np.arange(200)
    hoods, rho, h = local.observe(X, X[:, :1], weights, np.eye(3), 1e-3, centers, 4)
    assert h > 0.1
    assert np.mean(hoods.size / (hoods.size + 4)) >= local.ENOUGH
    assert_allclose(rho.sum(), 1)
    narrower = local.window_sizes(X, weights, np.eye(3), h / local.WIDEN, centers)
    assert np.mean(narrower / (narrower + 4)) < local.ENOUGH


@pytest.mark.parametrize("weight", [1e20, 1e141])
def test_rows_of_large_weight_are_no_neighbours_of_themselves(rng, weight):
    """Alone in its window a row tells of no slope, however many samples it is."""
    X = rng.standard_normal(size=(10, 9))
    Y, weights, centers = X[:, :1] ** 2, np.full(10, weight), np.arange(10)
    hoods, _, h = local.observe(X, Y, weights, np.eye(9), 1e-9, centers, 10)
    assert np.any(np.trace(hoods.xx, axis1=1, axis2=2) > local.blur(X, centers))
    assert h > 1e-3
    states = local.opg_iterations(X, Y, weights, centers, lambda _: 1, lambda _: 1e-9)
    for state, _ in zip(states, range(6), strict=False):
        assert np.all(np.isfinite(state.eigenvalues))
        assert np.max(state.eigenvalues) < 1e8


@pytest.mark.parametrize(
    ("eigenvalues", "n_directions"),
    [
        ([5.0, 0.01, 0.01, 0.009], 1),
        ([0.9, 0.3, 0.002, 0.0004, 0.0003, 0.00001], 2),
        ([1.0, 0.8, 0.6, 0.001], 3),
        ([1.0, 0.0, 0.0], 1),
        ([2.0], 1),
        ([0.0, 0.0], 1),
    ],
)
def test_leading_directions_end_at_the_largest_ratio(eigenvalues, n_directions):
    assert local.n_leading(np.array(eigenvalues)) == n_directions


def test_silvermans_bandwidth():
    """In one dimension the well-known 1.06 n^(-1/5)."""
    assert local.default_bandwidth(1000, 1) == pytest.approx(
        (4 / 3) ** 0.2 * 1000**-0.2
    )
    assert local.default_bandwidth(500, 2) == pytest.approx(500 ** (-1 / 6))


@pytest.mark.parametrize("bandwidth", [0.5, 1e-3])
def test_iterations_run_on_every_array_library(library, problem, bandwidth):
    X, Y, weights, basis, centers = problem
    ours = [library.asarray(x) for x in (X, Y, weights)]
    at = asarray_like(centers, ours[0])
    args = (lambda _: 2, lambda _: bandwidth)
    opg = local.opg_iterations(*ours, at, *args)
    expected = local.opg_iterations(X, Y, weights, centers, *args)
    for theirs, state, _ in zip(opg, expected, range(3), strict=False):
        assert theirs.objective == pytest.approx(state.objective, rel=1e-8)
    mave = local.mave_iterations(*ours, at, library.asarray(basis), bandwidth)
    expected = local.mave_iterations(X, Y, weights, centers, basis, bandwidth)
    for theirs, state, _ in zip(mave, expected, range(3), strict=False):
        assert theirs.objective == pytest.approx(state.objective, rel=1e-8)
        got = library.to_numpy(theirs.basis)
        assert_allclose(got @ got.T, state.basis @ state.basis.T, atol=1e-6)
