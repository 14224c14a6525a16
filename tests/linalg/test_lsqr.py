"""The operator of a regression and Krylov solvers against dense least squares."""

from itertools import islice

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.sparse.linalg import aslinearoperator

from skspace.linalg import _design
from skspace.linalg._design import Design
from skspace.linalg._lsqr import conjugate_gradients, lsmr, lsqr
from skspace.linalg._preconditioners import Diagonal, Identity, Triangular

KINDS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "csr": sp.csr_matrix,
    "operator": aslinearoperator,
}


@pytest.fixture(params=KINDS)
def kind(request, monkeypatch):
    monkeypatch.setattr(_design, "BLOCK_BYTES", 1)  # several blocks of 64 rows
    return KINDS[request.param]


def setting(rng, kind=np.asarray, *, weighted=True, alpha=0.3, n=200, p=5):
    """A Design and the matrix that it stands for."""
    X = rng.standard_normal((n, p)) * np.geomspace(1, 1e-2, p)
    weights = rng.uniform(0.5, 2, size=n) if weighted else None
    scale = np.exp2(rng.randint(-3, 3, size=p + 1))
    design = Design(kind(X), intercept=True, weights=weights, alpha=alpha, scale=scale)
    A = np.column_stack([X, np.ones(n)])
    if weighted:
        A = np.sqrt(weights)[:, None] * A
    if alpha:
        A = np.concatenate([A, np.sqrt(alpha) * np.eye(p, p + 1)])
    return design, A / scale


@pytest.mark.parametrize("alpha", [0.0, 0.3])
@pytest.mark.parametrize("weighted", [False, True])
def test_design_is_the_matrix(kind, weighted, alpha, rng):
    design, A = setting(rng, kind, weighted=weighted, alpha=alpha)
    assert design.shape == A.shape
    V, U = rng.standard_normal((A.shape[1], 2)), rng.standard_normal((len(A), 2))
    shift = np.array([0.5, -2.0])
    np.testing.assert_allclose(design.product(V), A @ V, atol=1e-12)
    np.testing.assert_allclose(design.adjoint(U), A.T @ U, atol=1e-12)
    np.testing.assert_allclose(design.gram(V), A.T @ (A @ V), atol=1e-10)
    after = U.copy()
    Z = design.step(V, after, shift)
    np.testing.assert_allclose(after, A @ V - shift * U, atol=1e-12)
    np.testing.assert_allclose(Z, A.T @ after, atol=1e-10)
    if kind is not aslinearoperator:
        np.testing.assert_allclose(
            design.column_norms(), np.linalg.norm(A, axis=0), rtol=1e-12
        )
        blocks = np.concatenate(list(design.dense_blocks(n_bytes=1)))
        np.testing.assert_allclose(blocks, A, rtol=1e-14)
        some = np.concatenate(list(design.dense_blocks(np.array([5, 1]))))
        np.testing.assert_allclose(some, A[:, [5, 1]], rtol=1e-14)


def preconditioners(A):
    yield Identity()
    yield Diagonal(np.linalg.norm(A, axis=0))
    yield Triangular(np.linalg.qr(A, mode="r"))


@pytest.mark.parametrize("solver", [lsqr, lsmr, conjugate_gradients])
def test_solvers_find_least_squares_of_every_response(solver, rng):
    design, A = setting(rng)
    b = rng.standard_normal((len(A), 3)) * [1, 1e5, 0]  # the last has nothing to solve
    expected = np.linalg.lstsq(A, b, rcond=None)[0]
    for right in preconditioners(A):
        start = design.adjoint(b) if solver is conjugate_gradients else b.copy()
        for state in islice(solver(design, right, start), 40):
            if state.change < 1e-14:
                break
        error = np.linalg.norm(A @ (state.solution - expected), axis=0)
        assert np.all(error <= 1e-11 * np.linalg.norm(b, axis=0))
        assert np.all(state.solution[:, 2] == 0)


@pytest.mark.parametrize("solver", [lsqr, lsmr])
def test_residuals_and_backward_errors_are_what_they_say(solver, rng):
    design, A = setting(rng)
    b = rng.standard_normal((len(A), 1))
    norm = np.linalg.norm(A)
    for state in islice(solver(design, Identity(), b.copy()), 4):
        r = b - A @ state.solution
        np.testing.assert_allclose(state.residual, np.linalg.norm(r, axis=0), rtol=1e-9)
        gradient = np.linalg.norm(A.T @ r) / np.linalg.norm(r)
        assert state.change >= min(0.99 * gradient / norm, 0.3)


@pytest.mark.parametrize("solver", [lsqr, lsmr])
def test_lsqr_minimises_residuals_and_lsmr_gradients(solver, rng):
    """Each over the Krylov space of AᵀA and Aᵀb, by definition."""
    design, A = setting(rng)
    b = rng.standard_normal((len(A), 1))
    K = A.T @ b
    for state in islice(solver(design, Identity(), b.copy()), 3):
        Q = np.linalg.qr(K)[0]
        if solver is lsqr:
            best = Q @ np.linalg.lstsq(A @ Q, b, rcond=None)[0]
        else:
            best = Q @ np.linalg.lstsq(A.T @ A @ Q, A.T @ b, rcond=None)[0]
        np.testing.assert_allclose(state.solution, best, rtol=1e-7, atol=1e-9)
        K = np.column_stack([K, A.T @ (A @ K[:, -1])])


@pytest.mark.parametrize("solver", [lsqr, conjugate_gradients])
def test_spectrum_is_found_from_within(solver, rng):
    design, A = setting(rng)
    s = np.linalg.svd(A, compute_uv=False)
    b = rng.standard_normal((len(A), 1))
    b = design.adjoint(b) if solver is conjugate_gradients else b
    for state in islice(solver(design, Identity(), b), len(s)):
        high, low = state.spectrum()
        assert s[-1] * (1 - 1e-6) <= low <= high <= s[0] * (1 + 1e-6)
    np.testing.assert_allclose([high, low], s[[0, -1]], rtol=1e-6)


def test_columns_do_not_disturb_each_other(rng):
    design, A = setting(rng)
    right = Diagonal(np.linalg.norm(A, axis=0))
    b = rng.standard_normal((len(A), 2)) * [1, 1e-8]
    *_, both = islice(lsqr(design, right, b.copy()), 3)
    for k in range(2):
        *_, one = islice(lsqr(design, right, b[:, [k]].copy()), 3)
        np.testing.assert_allclose(both.solution[:, [k]], one.solution, rtol=1e-9)


def test_conjugate_gradients_end_where_directions_are_rounding(rng):
    """Steps along them would grow for as long as one iterates."""
    U = np.linalg.qr(rng.standard_normal((30, 3)))[0]
    V = np.linalg.qr(rng.standard_normal((9, 3)))[0]
    X = U * [3.0, 2.0, 1.0] @ V.T
    b = rng.standard_normal((30, 2)) * [1.0, 0.0]
    states = list(islice(conjugate_gradients(Design(X), Identity(), X.T @ b), 200))
    assert len(states) < 10
    expected = np.linalg.lstsq(X, b, rcond=1e-10)[0]
    np.testing.assert_allclose(states[-1].solution, expected, atol=1e-12)
    assert states[-1].spectrum()[0] == pytest.approx(3)
