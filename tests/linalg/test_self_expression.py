"""Self-expression: gradients by finite differences, closed form, both forms alike."""

import numpy as np
import pytest
from scipy.optimize import minimize

from skspace.linalg._self_expression import (
    align,
    align_backward,
    distance_pattern,
    effective_rank,
    regress_on_others,
    self_expression,
    structured_norm,
)


def slope(f, x, direction, h=1e-6):
    """Central difference of f at x along a direction."""
    return (f(x + h * direction) - f(x - h * direction)) / (2 * h)


def check_gradient(f, x, gradient, rng, tol=1e-6):
    for _ in range(5):
        direction = rng.standard_normal(x.shape)
        expected = slope(f, x, direction)
        assert np.sum(gradient * direction) == pytest.approx(expected, rel=tol)


def loss_by_loops(C, layers, ridge):
    """Every sample rebuilt from the others, one at a time."""
    total = 0.0
    for i in range(len(C)):
        others = [j for j in range(len(C)) if j != i]
        for V in layers:
            total += np.sum((V[i] - sum(C[i, j] * V[j] for j in others)) ** 2)
        total += ridge * np.sum(C[i, others] ** 2)
    return total


@pytest.mark.parametrize("widths", [(3, 2), (7, 9)])  # below and above n columns
def test_loss_is_that_of_the_definition(rng, widths):
    layers = [rng.standard_normal((8, d)) for d in widths]
    C = rng.standard_normal((8, 8))
    found = self_expression(C, layers, ridge=0.3)
    assert found.value == pytest.approx(loss_by_loops(C, layers, 0.3))


@pytest.mark.parametrize("widths", [(3, 2), (7, 9)])
def test_gradients_are_those_of_finite_differences(rng, widths):
    layers = [rng.standard_normal((8, d)) for d in widths]
    C = rng.standard_normal((8, 8))
    found = self_expression(C, layers, ridge=0.3, n_fixed=1)
    assert found.layers[0] is None
    check_gradient(
        lambda c: self_expression(c, layers, ridge=0.3).value,
        C, found.coefficients, rng,
    )  # fmt: skip
    check_gradient(
        lambda v: self_expression(C, [layers[0], v], ridge=0.3).value,
        layers[1], found.layers[1], rng,
    )  # fmt: skip


def test_both_forms_agree(rng):
    """Columns of zeros change nothing but the form that is taken."""
    V = rng.standard_normal((8, 5))
    C = rng.standard_normal((8, 8))
    wide = np.hstack([V, np.zeros((8, 20))])
    direct, gram = self_expression(C, [V]), self_expression(C, [wide])
    assert direct.value == pytest.approx(gram.value, rel=1e-10)
    np.testing.assert_allclose(direct.coefficients, gram.coefficients, rtol=1e-10)
    np.testing.assert_allclose(direct.layers[0], gram.layers[0][:, :5], rtol=1e-10)


def test_known_gram_matrix_replaces_fixed_tables(rng):
    layers = [rng.standard_normal((8, d)) for d in (7, 9)]
    C = rng.standard_normal((8, 8))
    plain = self_expression(C, layers, n_fixed=1)
    known = self_expression(C, layers, n_fixed=1, fixed_gram=layers[0] @ layers[0].T)
    assert known.value == pytest.approx(plain.value)
    np.testing.assert_allclose(known.coefficients, plain.coefficients)


def test_diagonal_counts_for_nothing(rng):
    layers = [rng.standard_normal((6, 4))]
    C = rng.standard_normal((6, 6))
    a, b = self_expression(C, layers), self_expression(C + 5 * np.eye(6), layers)
    assert a.value == b.value
    assert np.all(np.diag(a.coefficients) == 0)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_closed_form_is_where_long_descent_ends(rng, dtype):
    layers = [align(rng.standard_normal((20, d)))[0] for d in (15, 30)]
    K = sum(V @ V.T for V in layers)
    C = regress_on_others(K.astype(dtype), 0.5)
    assert C.dtype == dtype

    def loss(c):
        found = self_expression(c.reshape(20, 20), layers, ridge=0.5)
        return found.value, found.coefficients.ravel()

    options = {"maxiter": 10_000, "ftol": 0, "gtol": 1e-10}
    end = minimize(loss, np.zeros(400), jac=True, method="L-BFGS-B", options=options)
    tol = 1e-6 if dtype == np.float64 else 1e-5
    np.testing.assert_allclose(C, end.x.reshape(20, 20), atol=tol)


def test_closed_form_in_every_library(rng, library):
    V = rng.standard_normal((700, 40))
    K = V @ V.T
    P = np.linalg.inv(K + np.eye(700))
    expected = -P / np.diag(P)[:, None]
    np.fill_diagonal(expected, 0)
    found = regress_on_others(library.asarray(K), 1.0)
    np.testing.assert_allclose(library.to_numpy(found), expected, atol=1e-9)


def test_losses_in_every_library(rng, library):
    C, V = rng.standard_normal((9, 9)), rng.standard_normal((9, 12))
    X, labels = rng.standard_normal((9, 5)), np.repeat([0, 1, 2], 3)
    xC, xV, xX = (library.asarray(a) for a in (C, V, X))
    rows, lengths = align(V)
    xrows, xlengths = align(xV)
    same = np.testing.assert_allclose
    same(library.to_numpy(xrows), rows)
    same(
        library.to_numpy(align_backward(xV, xrows, xlengths)),
        align_backward(V, rows, lengths),
    )
    ours, theirs = self_expression(C, [V]), self_expression(xC, [xV])
    assert theirs.value == pytest.approx(ours.value)
    same(library.to_numpy(theirs.coefficients), ours.coefficients)
    same(library.to_numpy(theirs.layers[0]), ours.layers[0])
    for ours, theirs in (
        (structured_norm(C, labels), structured_norm(xC, labels)),
        (distance_pattern(X, V), distance_pattern(xX, xV)),
    ):
        assert theirs[0] == pytest.approx(ours[0])
        same(library.to_numpy(theirs[1]), ours[1])
    assert effective_rank(xV) == pytest.approx(effective_rank(V))


def test_alignment_and_its_gradient(rng):
    V, weights = rng.standard_normal((7, 4)), rng.standard_normal((7, 4))
    rows, lengths = align(V)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1)
    np.testing.assert_allclose(rows * lengths, V - V.mean(axis=0))
    gradient = align_backward(weights, rows, lengths)
    check_gradient(lambda v: np.sum(align(v)[0] * weights), V, gradient, rng)


def test_alignment_does_not_see_scale_or_offset(rng):
    V = rng.standard_normal((7, 4))
    np.testing.assert_allclose(align(3 * V + 5)[0], align(V)[0])


def test_equal_rows_align_to_zero():
    rows, lengths = align(np.full((4, 3), 0.1))
    assert not rows.any()
    assert not align_backward(np.ones((4, 3)), rows, lengths).any()
    assert effective_rank(np.full((4, 3), 0.1)) == 0


def test_structured_norm_counts_pairs_across_clusters(rng):
    C, labels = rng.standard_normal((6, 6)), np.array([0, 0, 1, 1, 2, 2])
    expected = sum(
        (abs(C[i, j]) + abs(C[j, i])) ** 0.5
        for i in range(6) for j in range(6) if labels[i] != labels[j]
    )  # fmt: skip
    value, gradient = structured_norm(C, labels, smoothing=0.0)
    assert value == pytest.approx(expected)
    check_gradient(lambda c: structured_norm(c, labels)[0], C, gradient, rng, 1e-5)


def test_structured_norm_has_finite_slope_at_zero():
    value, gradient = structured_norm(np.zeros((4, 4)), np.array([0, 0, 1, 1]))
    assert np.isfinite(value)
    assert not gradient.any()


def test_distance_pattern_does_not_see_scale_and_has_its_gradient(rng):
    X, V = rng.standard_normal((7, 5)), rng.standard_normal((7, 3))
    assert distance_pattern(X, 4 * X + 1)[0] == pytest.approx(0, abs=1e-14)
    assert distance_pattern(X, np.zeros((7, 3)))[0] == 1
    value, gradient = distance_pattern(X, V)
    assert value > 0
    check_gradient(lambda v: distance_pattern(X, v)[0], V, gradient, rng)


def test_effective_rank_of_equal_and_unequal_directions(rng):
    Q = rng.standard_normal((40, 6))
    Q = np.linalg.qr(Q - Q.mean(axis=0))[0]
    assert effective_rank(Q[:, :4]) == pytest.approx(4)
    assert effective_rank(Q * [1, 1e-8, 0, 0, 0, 0]) == pytest.approx(1)


@pytest.mark.parametrize("unit", [2.0**-700, 2.0**700])
def test_effective_rank_has_no_unit(rng, unit):
    V = rng.standard_normal((9, 4))
    assert effective_rank(unit * V) == pytest.approx(effective_rank(V))
