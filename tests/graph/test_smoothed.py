"""Smoothed attributes and their Gram matrix against dense ones."""

import numpy as np
import oracles
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skspace.graph import _smoothed
from skspace.graph._propagation import Propagation
from skspace.graph._similarity import similarity_rows
from skspace.graph._smoothed import ScaledGram, SmoothedAttributes


def problem(n, d, seed, *, signed=False):
    """Weighted graph with a loop and a vertex without edges; sparse attributes."""
    rng = np.random.RandomState(seed)
    A = np.where(rng.random_sample((n, n)) < 0.15, rng.random_sample((n, n)), 0)
    A = A + A.T
    A[n // 2] = A[:, n // 2] = 0
    A[0, 0] = 2
    F = np.where(rng.random_sample((n, d)) < 0.3, rng.random_sample((n, d)), 0)
    F[n // 3] = 0
    if signed:
        F = rng.standard_normal((n, d))
    return F, A


def smoothed(F, A, order, alpha, **options):
    """The class under test, and the dense matrix it stands for."""
    rows = similarity_rows(sp.csr_array(F) if options.pop("sparse", True) else F).rows
    propagation = Propagation.from_adjacency(sp.csr_array(A), dtype=F.dtype)
    return SmoothedAttributes(propagation, rows, order, alpha, **options)


@settings(max_examples=30, deadline=None)
@given(
    n=st.integers(4, 25),
    d=st.integers(1, 30),
    width=st.integers(1, 20),
    order=st.integers(0, 9),
    alpha=st.floats(0.2, 2.5),
    hold=st.booleans(),
    sparse=st.booleans(),
    seed=st.integers(0, 99),
)
def test_products_are_those_of_the_dense_matrix(
    n, d, width, order, alpha, hold, sparse, seed
):
    F, A = problem(n, d, seed)
    Z = smoothed(F, A, order, alpha, hold=hold, sparse=sparse)
    dense = oracles.smoothed_attributes(F, A, order, alpha)
    rng = np.random.RandomState(seed)
    right, left = rng.standard_normal((d, width)), rng.standard_normal((n, width))
    assert_allclose(Z @ right, dense @ right, atol=1e-12)
    assert_allclose(Z.adjoint(left), dense.T @ left, atol=1e-12)
    assert_allclose(Z.formed(), dense, atol=1e-13)
    assert_allclose(Z.row_sums(), dense.sum(axis=1), atol=1e-12)
    assert_allclose(Z.row_lengths(), np.linalg.norm(dense, axis=1), atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("order", "alpha"), [(3, 0.9), (60, 0.8), (175, 1.8)])
def test_both_strategies_agree(dtype, order, alpha):
    F, A = problem(60, 80, 0)
    F = F.astype(dtype)
    block = np.random.RandomState(1).standard_normal((80, 7)).astype(dtype)
    left = np.random.RandomState(2).standard_normal((60, 7)).astype(dtype)
    held, flying = (smoothed(F, A, order, alpha, hold=hold) for hold in (True, False))
    tolerance = 1e-12 if dtype == np.float64 else 1e-5
    for one, other in [
        (held @ block, flying @ block),
        (held.adjoint(left), flying.adjoint(left)),
    ]:
        assert one.dtype == other.dtype == dtype
        assert np.isfinite(one).all()
        assert_allclose(one, other, atol=tolerance * np.abs(one).max())
    assert_allclose(held.row_sums(), flying.row_sums(), rtol=10 * tolerance)
    assert_allclose(held.row_lengths(), flying.row_lengths(), rtol=10 * tolerance)


@pytest.mark.parametrize("sparse", [True, False])
def test_lengths_come_in_panels(sparse, monkeypatch):
    F, A = problem(30, 200, 0)
    monkeypatch.setattr(_smoothed, "HELD_BYTES", 0)
    Z = smoothed(F, A, 4, 0.9, sparse=sparse)
    dense = oracles.smoothed_attributes(F, A, 4, 0.9)
    assert Z._held is None
    assert_allclose(Z.row_lengths(), np.linalg.norm(dense, axis=1), atol=1e-13)


def test_the_cheaper_strategy_is_taken(monkeypatch):
    F, A = problem(100, 6, 0)
    assert smoothed(F, A, 50, 0.9, width=20)._held is not None  # few columns
    F, A = problem(100, 900, 0)
    assert smoothed(F, A, 50, 0.9, width=3)._held is None  # many
    monkeypatch.setattr(_smoothed, "HELD_BYTES", 100)
    F, A = problem(100, 6, 0)
    assert smoothed(F, A, 50, 0.9, width=20)._held is None  # no room


def test_threads_change_nothing():
    F, A = problem(80, 120, 0)
    one, two = (smoothed(F, A, 9, 1.1, hold=False, n_jobs=j) for j in (1, 2))
    block = np.random.RandomState(0).standard_normal((120, 24))
    assert_array_equal(one @ block, two @ block)
    left = np.random.RandomState(0).standard_normal((80, 24))
    assert_array_equal(one.adjoint(left), two.adjoint(left))


@pytest.mark.parametrize("hold", [True, False])
def test_array_libraries_agree_with_numpy(library, hold):
    F, A = problem(20, 12, 0, signed=True)
    rows = similarity_rows(F).rows
    propagation = Propagation.from_adjacency(sp.csr_array(A))
    block = np.random.RandomState(0).standard_normal((12, 5))
    here = SmoothedAttributes(propagation, rows, 4, 0.9, hold=hold)
    there = SmoothedAttributes(propagation, library.asarray(rows), 4, 0.9, hold=hold)
    product = there @ library.asarray(block)
    assert isinstance(product, type(library.asarray(block)))
    assert_allclose(library.to_numpy(product), here @ block, atol=1e-13)
    back = library.to_numpy(there.adjoint(product))
    assert_allclose(back, here.adjoint(here @ block), atol=1e-13)
    assert_allclose(there.row_lengths(), here.row_lengths(), atol=1e-13)
    scale = np.random.RandomState(1).random_sample(20)
    gram, expected = ScaledGram(there, scale, 0.9), ScaledGram(here, scale, 0.9)
    left = np.random.RandomState(2).standard_normal((20, 3))
    applied = gram.finish(
        gram.factor_adjoint(library.asarray(left)), library.asarray(left)
    )
    assert_allclose(
        library.to_numpy(applied),
        expected.finish(expected.factor_adjoint(left), left),
        atol=1e-13,
    )


@pytest.mark.parametrize("resolution", [0.0, 0.7, 1.0, 1.6])
@pytest.mark.parametrize("hold", [True, False])
def test_gram_is_the_modularity_matrix(resolution, hold):
    F, A = problem(30, 20, 3)
    scale = np.random.RandomState(0).random_sample(30)
    scale[4] = 0
    Z = smoothed(F, A, 5, 0.9, hold=hold)
    Y = scale[:, None] * oracles.smoothed_attributes(F, A, 5, 0.9)
    M = oracles.modularity_matrix(Y, resolution)
    gram = ScaledGram(Z, scale, resolution)
    block = np.random.RandomState(1).standard_normal((30, 4))
    product = gram.finish(gram.factor_adjoint(block), block)
    assert_allclose(product, M @ block, atol=1e-12)
    assert_allclose(gram.dense_factor(), Y, atol=1e-13)
    if resolution == 1:  # rows of a modularity matrix have sum zero
        ones = np.ones((30, 1))
        nothing = gram.finish(gram.factor_adjoint(ones), ones)
        assert_allclose(nothing, 0, atol=1e-12)


def test_gram_without_scale_is_plain():
    F, A = problem(30, 20, 3)
    Z = smoothed(F, A, 5, 0.9)
    Y = oracles.smoothed_attributes(F, A, 5, 0.9)
    gram = ScaledGram(Z)
    block = np.random.RandomState(1).standard_normal((30, 4))
    product = gram.finish(gram.factor_adjoint(block), block)
    assert_allclose(product, Y @ (Y.T @ block), atol=1e-12)


def test_rows_scaled_to_nothing_have_no_modularity_term():
    F, A = problem(10, 5, 0)
    gram = ScaledGram(smoothed(F, A, 2, 0.9), np.zeros(10))
    block = np.ones((10, 2))
    assert not gram.finish(gram.factor_adjoint(block), block).any()
