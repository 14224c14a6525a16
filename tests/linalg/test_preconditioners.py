"""Preconditioners: their definitions and the spectra they promise."""

import numpy as np
import pytest
import scipy.sparse as sp

from skspace.linalg import _preconditioners
from skspace.linalg._design import Design
from skspace.linalg._preconditioners import (
    Diagonal,
    Identity,
    Matrix,
    Triangular,
    block_jacobi,
    nystrom,
    sketch_design,
    sketch_size,
)
from skspace.linalg._schur_blocks import analyze_schur_blocks, right_preconditioner


def correlated(rng, n=300, p=(2, 3), c=0.95):
    """Two groups of columns with largest canonical correlation c, badly scaled."""
    Q = np.linalg.qr(rng.standard_normal((n, sum(p))))[0]
    A, B = Q[:, : p[0]], Q[:, p[0] :].copy()
    B[:, 0] = c * A[:, 0] + np.sqrt(1 - c**2) * B[:, 0]
    mix = [rng.standard_normal((k, k)) for k in p]
    X = np.hstack([A @ mix[0], 1e4 * B @ mix[1]])
    return X, [np.arange(p[0]), np.arange(p[0], sum(p))]


def spectrum(A, right):
    """Eigenvalues of LᵀAᵀAL."""
    return np.linalg.svd(right.adjoint(A.T), compute_uv=False) ** 2


@pytest.mark.parametrize("c", [0.0, 0.5, 0.999])
def test_whitened_blocks_have_the_predicted_spectrum(c, rng):
    X, groups = correlated(rng, c=c)
    values = spectrum(X, block_jacobi(Design(X), groups))
    np.testing.assert_allclose(values, [1 + c, 1, 1, 1, 1 - c], atol=1e-9)


def test_schur_complements_condition_no_better_than_blocks(rng):
    """Unclamped: values 1 / (1 ∓ c), the same ratio; clamped: a larger one."""
    c = 0.95
    X, groups = correlated(rng, c=c)
    predicted = (1 + c) / (1 - c)
    R = np.linalg.qr(X, mode="r")
    blocks, _ = analyze_schur_blocks(R, groups, degeneracy_threshold=1e15)
    values = spectrum(X, Matrix(right_preconditioner(blocks)))
    np.testing.assert_allclose(values[0] / values[-1], predicted, rtol=1e-6)
    np.testing.assert_allclose(values[[0, -1]], [1 / (1 - c), 1 / (1 + c)], rtol=1e-6)
    clamped, _ = analyze_schur_blocks(R, groups)
    values = spectrum(X, Matrix(right_preconditioner(clamped)))
    assert values[0] / values[-1] > predicted


def test_blocks_take_weights_constant_and_ridge(rng):
    X, groups = correlated(rng)
    design = Design(X, intercept=True, weights=rng.uniform(1, 2, len(X)), alpha=0.1)
    A = np.concatenate(list(design.dense_blocks()))
    groups = [*groups, np.array([5])]
    L = block_jacobi(design, groups).L
    for group in groups:
        part = A[:, group] @ L[np.ix_(group, group)]
        np.testing.assert_allclose(part.T @ part, np.eye(len(group)), atol=1e-9)
    assert np.count_nonzero(L) <= sum(len(group) ** 2 for group in groups)


def test_blocks_with_dependent_or_zero_columns_stay_finite(rng):
    X = rng.standard_normal((20, 4))
    X[:, 1], X[:, 3] = X[:, 0], 0
    right = block_jacobi(Design(X), [np.arange(2), np.array([2]), np.array([3])])
    assert np.all(np.isfinite(right.L))
    assert np.all(right.L[3] == 0)


@pytest.mark.parametrize("n_columns", [20, 129])
@pytest.mark.parametrize("sparse", [False, True])
def test_sketched_factor_whitens(sparse, n_columns, rng, monkeypatch):
    """Singular values within 1 ± 3 √(p / m), on rows of very unequal length."""
    monkeypatch.setattr(_preconditioners, "SKETCH_BLOCK", 1000)
    p = n_columns - 1
    X = rng.standard_t(2, size=(4500, p)) * np.geomspace(1, 1e-6, p)
    design = Design(
        sp.csr_matrix(X) if sparse else np.asfortranarray(X),
        intercept=True,
        weights=rng.uniform(0.5, 2, size=len(X)),
        alpha=1e-3,
    )
    b = design.right_hand_side(X @ np.ones((p, 1)))
    sketch = sketch_design(design, b, rng)
    m, _ = sketch_size(n_columns)
    assert len(sketch.A) == m + p  # ridge rows below
    R = np.linalg.qr(sketch.A, mode="r")
    A = np.concatenate(list(design.dense_blocks()))
    s = np.sqrt(spectrum(A, Triangular(R)))
    spread = 3 * np.sqrt(n_columns / m)
    assert 1 / (1 + spread) < s[-1] < s[0] < 1 / (1 - min(spread, 0.8))
    # b = A (1, …, 1, 0) but for the ridge rows, and sketches are linear
    ones = np.r_[np.ones(p), 0]
    np.testing.assert_allclose(
        sketch.b[:m, 0], sketch.A[:m] @ ones, atol=1e-9 * np.abs(sketch.b).max()
    )


def test_sketch_is_unbiased(rng):
    X = rng.standard_normal((50, 3))
    design, b = Design(X), np.zeros((50, 1))
    mean = np.mean(
        [
            (S := sketch_design(design, b, np.random.RandomState(i)).A).T @ S
            for i in range(300)
        ],
        axis=0,
    )
    np.testing.assert_allclose(mean, X.T @ X, atol=3)


@pytest.mark.parametrize("alpha", [1e-6, 1e-2])
@pytest.mark.parametrize("intercept", [False, True])
def test_nystrom_bounds_the_condition_number(intercept, alpha, rng):
    """By 28 in expectation at twice the effective dimension, whatever cond(X)."""
    n, p = 200, 60
    U = np.linalg.qr(rng.standard_normal((n, p)))[0]
    V = np.linalg.qr(rng.standard_normal((p, p)))[0]
    X = U * np.geomspace(10, 1e-10, p) @ V.T
    design = Design(X, alpha=alpha, intercept=intercept)
    right = nystrom(design, rng)
    A = np.concatenate(list(design.dense_blocks()))
    values = spectrum(A, right)
    assert values[0] / values[-1] < 28
    assert right.U.shape[1] <= p // 2
    assert np.linalg.cond(A) ** 2 > 1e3


@pytest.mark.parametrize("unit", [2.0**-450, 2.0**450])
def test_nystrom_does_not_depend_on_units(unit, rng):
    X, scale = rng.standard_normal((50, 8)), np.full(8, unit)
    plain = nystrom(Design(X, alpha=0.1), np.random.RandomState(0))
    design = Design(unit * X, alpha=0.1 * unit * unit, scale=scale)
    np.testing.assert_array_equal(nystrom(design, np.random.RandomState(0)).d, plain.d)


def test_nystrom_of_a_ridge_that_vanishes_beside_the_table(rng):
    X, scale = rng.standard_normal((50, 8)), np.full(8, 2.0**900)
    found = nystrom(Design(2.0**900 * X, alpha=0.1, scale=scale), rng)
    assert np.all((found.d > 0) & (found.d <= 1))


@pytest.mark.parametrize("n_columns", [1, 4])
def test_adjoints_are_adjoint(n_columns, rng):
    p = 4
    Q = np.linalg.qr(rng.standard_normal((p, 2)))[0]
    for right in (
        Identity(),
        Diagonal(np.arange(1.0, 5)),
        Triangular(np.triu(rng.standard_normal((p, p))) + 4 * np.eye(p)),
        Matrix(rng.standard_normal((p, p))),
        _preconditioners.Spectral(Q, np.array([0.1, 0.5])),
    ):
        z, g = rng.standard_normal((2, p, n_columns))
        np.testing.assert_allclose(
            g.T @ right.forward(z), right.adjoint(g).T @ z, atol=1e-12
        )
