"""Motions of spans against finite differences along curves of matrices."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from oracles import projector

from skspace.linalg._downstream_influence import fit_linear
from skspace.linalg._fair_blocks import order_shared
from skspace.linalg._span_influence import (
    MovingSpan,
    leading_span,
    leading_span_within,
    moved_vector,
    span_beyond,
    span_of_moving_columns,
    span_without,
    sum_of_spans,
)
from skspace.linalg._whitening import Whitening

R, EPS = 6, 1e-6
IDENTITY = Whitening(np.zeros(R), np.eye(R), np.eye(R), np.ones(R))


def curve(rng, shape=(R, R), symmetric=True):
    """Value at 0, and what it moves by: M + t D."""
    M, D = rng.standard_normal(shape), rng.standard_normal(shape)
    return (M + M.T, D + D.T) if symmetric else (M, D)


def assert_moves(span, P_at, u):
    expected = (P_at(EPS) - P_at(-EPS)) @ u / (2 * EPS)
    assert_allclose(projector(span.basis), P_at(0), atol=1e-10)
    assert_allclose(moved_vector(span, u)[0], expected, atol=1e-6)


def towards(D):
    return lambda left, right: (left.T @ D @ right)[None]


def eigenvectors(M, d):
    values, G = np.linalg.eigh(M)
    return G[:, np.argsort(-np.abs(values))[:d]]


@pytest.fixture
def u(rng):
    return rng.standard_normal(R)


def test_columns_that_move(rng, u):
    Y, dY = curve(rng, (R, 3), symmetric=False)
    span = span_of_moving_columns(Y, dY[None])
    assert_moves(span, lambda t: projector(Y + t * dY), u)


def test_leading_eigenvectors(rng, u):
    M, D = curve(rng)
    span = leading_span(M, towards(D), 2, IDENTITY)
    assert_moves(span, lambda t: projector(eigenvectors(M + t * D, 2)), u)


def test_eigenvectors_beyond_a_span(rng, u):
    M, D = curve(rng)
    Y, dY = curve(rng, (R, 2), symmetric=False)

    def P_at(t):
        first = projector(Y + t * dY)
        rest = np.eye(R) - first
        return first + projector(eigenvectors(rest @ (M + t * D) @ rest, 2))

    first = span_of_moving_columns(Y, dY[None])
    assert_moves(span_beyond(first, M, towards(D), 2, IDENTITY), P_at, u)


def test_sums_and_differences(rng, u):
    (Y, dY), (Z, dZ) = (curve(rng, (R, 2), symmetric=False) for _ in range(2))
    one, two = (span_of_moving_columns(a, b[None]) for a, b in ((Y, dY), (Z, dZ)))
    assert_moves(
        sum_of_spans([one, two]),
        lambda t: projector(np.hstack([Y + t * dY, Z + t * dZ])),
        u,
    )

    def left(t):
        rest = np.eye(R) - projector(Z + t * dZ)
        return projector(rest @ (Y + t * dY))

    assert_moves(span_without(one, two), left, u)


@pytest.mark.parametrize("order", ["utility", "ratio"])
def test_order_within_a_span(rng, u, order):
    (a, da), (Y, dY) = curve(rng), curve(rng, (R, 4), symmetric=False)
    B, dB = curve(rng, symmetric=False)

    def P_at(t):
        b = (B + t * dB) @ (B + t * dB).T
        G = np.linalg.qr(Y + t * dY)[0]
        return projector(order_shared(G, a + t * da, b, IDENTITY, order=order)[:, :2])

    b, db = B @ B.T, dB @ B.T + B @ dB.T
    relative = (b, towards(db)) if order == "ratio" else None
    span = span_of_moving_columns(Y, dY[None])
    assert_moves(leading_span_within(span, (a, towards(da)), relative, 2), P_at, u)


def test_equal_eigenvalues_leave_spans_undetermined(rng):
    with pytest.raises(ValueError, match="Eigenvalues 1 and 2 are equal"):
        leading_span(np.eye(R), towards(np.eye(R)), 1, IDENTITY)


def test_how_a_basis_turns_does_not_matter(rng, u):
    Y, dY = curve(rng, (R, 3), symmetric=False)
    span = span_of_moving_columns(Y, dY[None])
    Q = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    turned = MovingSpan(span.basis @ Q, span.motion @ Q)
    assert_allclose(moved_vector(turned, u), moved_vector(span, u))


def test_logistic_fit_solves_its_equations(library, rng):
    W, share = rng.standard_normal((200, R)), rng.uniform(size=200)
    y = (2 * W[:, 0] + rng.logistic(size=200) > 3) * 1.0
    share, basis = share / share.sum(), np.linalg.qr(rng.standard_normal((R, 3)))[0]
    arrays = map(library.asarray, (W, y, share, basis))
    fit = fit_linear(*arrays, logistic=True)
    coef = library.to_numpy(fit.coef)
    mean = 1 / (1 + np.exp(-(float(fit.intercept) + W @ coef)))
    assert_allclose(library.to_numpy(fit.mean), mean)
    assert_allclose(basis @ (basis.T @ coef), coef, atol=1e-10)
    assert_allclose(share @ (mean - y), 0, atol=1e-10)
    assert_allclose((share * (mean - y)) @ W @ basis, 0, atol=1e-10)


def test_logistic_fit_is_exact_to_rounding():
    """A last step that rounding makes look no better is taken all the same."""
    for seed in range(100):
        rng = np.random.RandomState(seed)
        W, share = rng.standard_normal((100, 3)), np.full(100, 0.01)
        y = (W[:, 0] + rng.logistic(size=100) > 0) * 1.0
        fit = fit_linear(W, y, share, np.eye(3), logistic=True)
        gradient = (share * (fit.mean - y)) @ np.column_stack([np.ones(100), W])
        assert np.max(np.abs(gradient)) < 1e-11
