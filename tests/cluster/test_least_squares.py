"""Ridge self-representation: optimality, leave-one-out oracle, blocks, libraries."""

import re
import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import Ridge

from skspace.cluster import (
    LeastSquaresSubspaceClustering,
    LowRankSubspaceClustering,
    _dense_rows,
    least_squares_self_representation,
)

SHAPES = [(12, 30), (30, 12), (20, 20), (2, 3)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("alpha", [1e-4, 1.0, 100.0])
def test_each_row_is_the_ridge_regression_on_all_others(rng, shape, alpha):
    X = rng.standard_normal(shape)
    C = least_squares_self_representation(X, alpha=alpha)
    for i, row in enumerate(C):
        others = np.delete(np.arange(len(X)), i)
        ridge = Ridge(alpha=alpha, fit_intercept=False, solver="svd")
        expected = ridge.fit(X[others].T, X[i]).coef_
        assert_allclose(row[others], expected, rtol=1e-7, atol=1e-10)
        assert row[i] == 0


@pytest.mark.parametrize("shape", SHAPES)
def test_gradient_vanishes_off_the_diagonal(rng, shape):
    X = rng.standard_normal(shape)
    C = least_squares_self_representation(X, alpha=0.7)
    gradient = (C @ X - X) @ X.T + 0.7 * C
    np.fill_diagonal(gradient, 0)
    assert_allclose(gradient, 0, atol=1e-10)


@pytest.mark.parametrize("shape", [(40, 50), (50, 8)])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_kept_coefficients_are_the_largest_of_the_full_matrix(
    rng, monkeypatch, shape, n_jobs
):
    monkeypatch.setattr(_dense_rows, "BLOCK_BYTES", 1)  # blocks of sixteen rows
    X = rng.standard_normal(shape)
    C = least_squares_self_representation(X)
    kept = np.zeros_like(C)
    for i, row in enumerate(np.abs(C)):
        largest = np.argsort(-row, kind="stable")[:4]
        kept[i, largest] = C[i, largest]
    found = least_squares_self_representation(X, n_nonzero_coefs=4, n_jobs=n_jobs)
    assert_allclose(found.toarray(), kept, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("alpha", [1e-3, 1e-9, 1e-12])
def test_small_alpha_on_dependent_features(rng, alpha):
    """Thirty samples of a plane in six dimensions: the inverse would lose all digits.

    On coordinates in the plane the problem is the same, and well conditioned.
    """
    plane, basis = rng.standard_normal((30, 2)), rng.standard_normal((2, 6))
    basis = np.linalg.qr(basis.T)[0].T
    C = least_squares_self_representation(plane @ basis, alpha=alpha)
    expected = least_squares_self_representation(plane, alpha=alpha)
    assert_allclose(C, expected, atol=1e-7)


@pytest.mark.parametrize("shape", [(12, 30), (30, 12)])
@pytest.mark.parametrize("unit", [1e-200, 1e200])
def test_units_of_alpha_are_the_squares_of_those_of_samples(rng, shape, unit):
    X = rng.standard_normal(shape)
    C = least_squares_self_representation(X, alpha=1.0)
    if unit < 1:  # 1e-400 is no number, and 1 is endless beside such samples
        assert_allclose(least_squares_self_representation(unit * X), 0, atol=1e-100)
    half = unit**0.5
    found = least_squares_self_representation(half * X, alpha=unit)
    assert_allclose(found, C, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("shape", [(12, 30), (30, 12)])
@pytest.mark.parametrize(("unit", "dtype"), [(1, "f8"), (1, "f4"), (1e200, "f8")])
def test_alpha_lost_in_rounding_errors_is_refused_with_the_remedy(
    rng, shape, unit, dtype
):
    X = (unit * rng.standard_normal(shape)).astype(dtype)
    with pytest.raises(ValueError, match="rounding errors of inner") as error:
        least_squares_self_representation(X, alpha=1e-30)
    share = float(re.search(r"use (\S+) times", str(error.value))[1])
    X = X / np.linalg.norm(X / unit) / unit
    least_squares_self_representation(X, alpha=1.1 * share)


def test_identical_rows_share_the_work():
    X = np.repeat(np.eye(2), 3, axis=0)
    C = least_squares_self_representation(X, alpha=1.0)
    assert_allclose(C[0], [0, 1 / 3, 1 / 3, 0, 0, 0])


def test_a_zero_row_represents_nobody(rng):
    X = rng.standard_normal((10, 4))
    X[3] = 0
    C = least_squares_self_representation(X)
    assert_allclose(C[3], 0, atol=1e-15)
    assert_allclose(C[:, 3], 0, atol=1e-15)


@pytest.mark.parametrize("shape", [(12, 30), (30, 12)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_library(library, dispatch, rng, shape, dtype):
    X = rng.standard_normal(shape).astype(dtype)
    expected = least_squares_self_representation(X)
    assert expected.dtype == dtype
    tolerance = {"rtol": 1e-4, "atol": 1e-5} if dtype == np.float32 else {"rtol": 1e-9}
    A = library.asarray(X)
    found = least_squares_self_representation(A)
    sparse = least_squares_self_representation(A, n_nonzero_coefs=3)
    assert library.to_numpy(found).dtype == dtype
    assert_allclose(library.to_numpy(found), expected, **tolerance)
    assert sparse.dtype == dtype
    assert (np.diff(sparse.indptr) == 3).all()


def test_what_cannot_fit_is_refused_with_figure_and_remedy():
    X = np.zeros((40_000, 2))
    X[:, 0] = 1
    with pytest.raises(ValueError, match=r"needs 27\.2 GB.*n_nonzero_coefs.*fewer"):
        least_squares_self_representation(X)


def test_remedies_of_the_refusal_work(rng, monkeypatch):
    monkeypatch.setattr("skspace._validation.MEMORY_BOUND", 100 * 100 * 80)
    X = rng.standard_normal((120, 6))
    everything = LeastSquaresSubspaceClustering(3, affinity="symmetrize")
    with pytest.raises(ValueError, match="max_samples"):
        everything.fit(X)
    everything.set_params(max_samples=90).fit(X)
    LeastSquaresSubspaceClustering(3, affinity="topk").fit(X)


def peak_memory(function, *args, **kwargs):
    """Bytes held at once at most."""
    tracemalloc.start()
    try:
        function(*args, **kwargs)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.fixture
def charged(monkeypatch):
    """Bytes that the memory bound was asked for."""
    asked = []

    def ask(n_bytes, **_):
        asked.append(n_bytes)

    monkeypatch.setattr("skspace.cluster._least_squares.check_memory", ask)
    monkeypatch.setattr("skspace.cluster._dense_rows.check_memory", ask)
    return asked


@pytest.mark.parametrize("shape", [(700, 10), (500, 600)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_function_is_charged_what_it_takes(rng, charged, shape, dtype):
    X = rng.standard_normal(shape).astype(dtype)
    taken = peak_memory(least_squares_self_representation, X)
    assert taken <= 1.1 * charged[0]
    assert charged[0] <= 2 * taken


@pytest.mark.parametrize("affinity", ["symmetrize", "doubly_stochastic"])
@pytest.mark.parametrize(
    "cls", [LeastSquaresSubspaceClustering, LowRankSubspaceClustering]
)
def test_clusterers_are_charged_what_they_take(rng, charged, cls, affinity):
    X = rng.standard_normal((700, 10))
    model = cls(3, affinity=affinity, n_init=1, random_state=0)
    model.fit(X[:50])  # loads what is compiled
    charged.clear()
    taken = peak_memory(model.fit, X)
    assert taken <= 1.05 * max(charged)
    assert max(charged) <= 1.5 * taken


@pytest.mark.parametrize("bad", [{"alpha": 0}, {"alpha": -1}, {"n_nonzero_coefs": 0}])
def test_bad_parameters_are_named(bad):
    with pytest.raises(ValueError, match=f"The '{next(iter(bad))}' parameter"):
        least_squares_self_representation(np.eye(3), **bad)
