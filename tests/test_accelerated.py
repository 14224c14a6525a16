"""Every compiled twin against its definition, every other kernel against an oracle.

Problems are tiny, so that this file also runs with NUMBA_DISABLE_JIT=1 (coverage of
the kernels' lines) and with NUMBA_BOUNDSCHECK=1 (their indices).
"""

import importlib
import pkgutil

import numpy as np
import oracles
import pytest

import skspace
from skspace import _array, _numba
from skspace.cluster import _blocks, _sparse
from skspace.cluster._omp import omp_self_representation
from skspace.cluster._sparse import kkt_residual, sparse_self_representation

for module in pkgutil.walk_packages(skspace.__path__, "skspace."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)

TWINS = sorted(_array.TWINS)

KERNELS_WITH_ORACLES = {
    "skspace._numba.double_double",
    "skspace._numba.elastic_net",
    "skspace._numba.omp",
    "skspace._numba.propagate",
    "skspace._numba.similarity",
}
"""Modules without definitions; the tests at the end of this file run them."""


def public(key):
    """Return the dispatching function users call."""
    module, _, name = key.rpartition(".")
    return getattr(importlib.import_module(module), name)


def cases_of(key):
    twin = _array.TWINS[key]
    module = importlib.import_module(twin.module)
    assert twin.name in getattr(module, "cases", {}), (
        f"{twin.module}.{twin.name} accelerates {key} and has no entry in `cases`"
    )
    return module.cases[twin.name]


def in_order(x, order):
    """Lay a table out in memory in one of the ways a user may pass it."""
    if order == "F":
        return np.asfortranarray(x)
    if order == "strided":
        wide = np.zeros([2 * size for size in x.shape], dtype=x.dtype)
        view = wide[tuple(slice(None, None, 2) for _ in x.shape)]
        view[...] = x
        return view
    return np.ascontiguousarray(x)


def prepared(args, dtype, order, writeable):
    for x in args:
        if isinstance(x, np.ndarray):
            y = x.astype(dtype) if x.dtype.kind == "f" else x
            y = in_order(y, order)
            y.flags.writeable = writeable
            yield y
        else:
            yield x


def as_tuple(result):
    return result if isinstance(result, tuple) else (result,)


def assert_same(result, expected):
    result, expected = as_tuple(result), as_tuple(expected)
    assert len(result) == len(expected)
    for ours, theirs in zip(result, expected, strict=True):
        ours, theirs = np.asarray(ours), np.asarray(theirs)
        assert ours.dtype == theirs.dtype
        assert ours.shape == theirs.shape
        scale = np.max(np.abs(theirs), initial=1.0)
        eps = np.finfo(theirs.dtype).eps if theirs.dtype.kind == "f" else 0.0
        np.testing.assert_allclose(ours, theirs, rtol=64 * eps, atol=64 * eps * scale)


def test_there_are_twins():
    assert TWINS


def test_every_compiled_module_is_tested_here():
    found = {
        f"{_numba.__name__}.{module.name}"
        for module in pkgutil.iter_modules(_numba.__path__)
    }
    twins = {twin.module for twin in _array.TWINS.values()}
    assert found == twins | KERNELS_WITH_ORACLES


@pytest.mark.parametrize("key", TWINS)
def test_twin_has_cases(key, rng):
    for n_rows in (0, 1, 5):
        assert cases_of(key)(rng, n_rows)


@pytest.mark.parametrize("n_rows", [0, 1, 6])
@pytest.mark.parametrize("writeable", [True, False], ids=["writeable", "read-only"])
@pytest.mark.parametrize("order", ["C", "F", "strided"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("key", TWINS)
def test_twin_equals_definition(key, dtype, order, writeable, n_rows, rng):
    twin = _array.TWINS[key]
    for args in cases_of(key)(rng, n_rows):
        args = list(prepared(args, dtype, order, writeable))
        before = [np.copy(x) for x in args if isinstance(x, np.ndarray)]
        assert_same(twin.load()(*args), twin.definition(*args))
        after = [x for x in args if isinstance(x, np.ndarray)]
        for x, y in zip(before, after, strict=True):
            np.testing.assert_array_equal(x, y)  # inputs are left alone


@pytest.mark.parametrize("key", TWINS)
def test_numpy_input_goes_to_the_twin(key, rng, monkeypatch):
    twin = _array.TWINS[key]
    compiled, calls = twin.load(), []

    def spy(*args, **kwargs):
        calls.append(args)
        return compiled(*args, **kwargs)

    monkeypatch.setattr(importlib.import_module(twin.module), twin.name, spy)
    args = cases_of(key)(rng, 4)[0]
    public(key)(*args)
    assert len(calls) == 1


@pytest.mark.parametrize("key", TWINS)
def test_definition_runs_on_other_libraries(key, rng, library):
    for n_rows in (0, 1, 5):
        for args in cases_of(key)(rng, n_rows):
            theirs = [
                library.asarray(x) if isinstance(x, np.ndarray) else x for x in args
            ]
            result = as_tuple(public(key)(*theirs))
            expected = _array.TWINS[key].load()(*args)
            assert_same(tuple(map(library.to_numpy, result)), expected)


# Kernels without a definition. Sizes make every line run: full working arrays,
# dependent atoms, dropped atoms, rows that are done early.


@pytest.fixture(params=["whole", "blocks"])
def memory(request, monkeypatch):
    """With and without room for all inner products."""
    if request.param == "blocks":
        monkeypatch.setattr(_blocks, "GRAM_BYTES", 0)
        monkeypatch.setattr(_sparse, "N_CANDIDATES", 4)


def tables(rng):
    X = rng.standard_normal(size=(9, 5))
    yield X
    yield np.repeat(X[:4], 2, axis=0)
    yield np.repeat(X[:3], 2, axis=0) + 1e-8 * rng.standard_normal(size=(6, 5))
    yield np.concatenate([X, np.zeros((1, 5))])
    yield X[:1]
    yield rng.randint(-1, 2, size=(12, 3)).astype(float)


@pytest.mark.parametrize("n_nonzero", [1, 3, 8])
def test_omp_kernels_equal_the_oracle(rng, memory, n_nonzero):
    for X in tables(rng):
        C = omp_self_representation(X, n_nonzero_coefs=n_nonzero).toarray()
        expected = oracles.orthogonal_matching_pursuit(X, n_nonzero)
        np.testing.assert_allclose(C, expected, atol=1e-8)


def test_omp_kernels_on_dictionaries(rng, memory):
    X = rng.standard_normal(size=(10, 6))
    C = omp_self_representation(X, dropout=0.4, n_dropouts=1, random_state=0)
    atoms = set(np.random.RandomState(0).permutation(10)[:6])
    expected = oracles.orthogonal_matching_pursuit(X, 5, dictionary=atoms)
    np.testing.assert_allclose(C.toarray(), expected, atol=1e-8)


@pytest.mark.parametrize(("gamma", "l1_ratio"), [(10.0, 1.0), (1e3, 1.0), (50.0, 0.5)])
def test_elastic_net_kernels_are_optimal(rng, memory, gamma, l1_ratio):
    for X in tables(rng):
        C = sparse_self_representation(X, gamma=gamma, l1_ratio=l1_ratio)
        assert np.max(kkt_residual(X, C, gamma, l1_ratio)) < 1.01e-8


def test_elastic_net_kernels_equal_coordinate_descent(rng, memory):
    X = rng.standard_normal(size=(7, 20))
    C = sparse_self_representation(X, gamma=20, l1_ratio=0.8).toarray()
    expected = oracles.elastic_net_self_representation(X, 20, 0.8, 100)
    np.testing.assert_allclose(C, expected, atol=1e-7)


def test_elastic_net_kernels_outgrow_their_arrays(rng, memory):
    X = rng.standard_normal(size=(45, 4))
    C = sparse_self_representation(X, gamma=1e3, l1_ratio=0.02)
    assert np.max(np.diff(C.indptr)) > 32
    assert np.max(kkt_residual(X, C, 1e3, 0.02)) < 1.01e-8


@pytest.mark.parametrize(("order", "writeable"), [("C", False), ("F", True)])
def test_kernels_take_any_layout(rng, order, writeable):
    from skspace._numba.elastic_net import elastic_net_gram, elastic_net_working
    from skspace._numba.omp import omp_gram, omp_step

    X = rng.standard_normal(size=(6, 4))
    n, atoms, square = 6, np.arange(6), np.sum(X * X, axis=1)
    X, G, atoms, square = prepared(
        (X, X @ X.T, atoms, square), np.float64, order, writeable
    )
    support, coefs = omp_gram(G, atoms, atoms, square, 0, n, 2, -1.0)
    C = np.zeros((n, n))
    np.put_along_axis(C, support, coefs, axis=1)
    expected = oracles.orthogonal_matching_pursuit(np.asarray(X), 2)
    np.testing.assert_allclose(C, expected, atol=1e-10)

    size, left = np.zeros(n, np.int64), square.copy()
    support, coefs = np.full((n, 1), -1), np.zeros((n, 1))
    z, L = np.zeros((n, 1)), np.zeros((n, 1, 1))
    residuals = omp_step(
        X, atoms, atoms, square, 0, X @ X.T, -1.0, size, left, support, coefs, L, z
    )
    np.testing.assert_allclose(residuals, X - coefs * X[support[:, 0]], atol=1e-12)

    count, indices, coefs, _ = elastic_net_gram(G, 0, n, 20.0, 0.9, 1e-10, 50)
    C = np.zeros((n, n))
    C[np.repeat(np.arange(n), count), indices] = coefs
    W = np.stack([np.delete(np.arange(n), i) for i in range(n)])
    lam1 = np.max(np.abs(X @ X.T - np.diag(square)), axis=1) / 20
    ones = np.ones(n)
    coefs, residuals, violation = elastic_net_working(
        X, atoms, W, ones, lam1, lam1 * 0.1 / 0.9, 1e-10, 50
    )
    np.testing.assert_allclose(np.take_along_axis(C, W, axis=1), coefs, atol=1e-8)
    np.testing.assert_allclose(residuals, X - C @ X, atol=1e-8)
    assert np.max(violation) < 1e-10


@pytest.mark.parametrize("writeable", [True, False])
@pytest.mark.parametrize("integers", [np.int32, np.int64])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_propagation_kernel_is_a_product_and_a_sum(dtype, integers, writeable, rng):
    from skspace._numba.propagate import propagate_rows

    n_neighbors = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 13, 17, 20])
    A = np.array([rng.permutation(20) < k for k in n_neighbors])
    A = A * rng.uniform(1, 2, size=A.shape)
    indptr = np.concatenate([[0], np.cumsum(n_neighbors)]).astype(integers)
    parts = (indptr, np.nonzero(A)[1].astype(integers), A[A > 0])
    for width in (0, 1, 5, 18):
        Q, M = rng.standard_normal((20, width)), rng.standard_normal((13, width))
        *csr, Q_, M_ = prepared((*parts, Q, M), dtype, "C", writeable)
        tolerance = 200 * np.finfo(dtype).eps
        for c in (0, -0.4):
            out = np.full((13, width), np.nan, dtype=dtype)
            step = np.array([0.7, 0.3, c, 0], dtype=dtype)
            propagate_rows(*csr, step, Q_, M_, out, 2, 12)
            expected = np.full((13, width), np.nan)
            expected[2:12] = (0.7 * A @ Q + 0.3 * M + c * Q[:13])[2:12]
            np.testing.assert_allclose(out, expected, atol=tolerance)
        step = np.array([0.7, 0.3, -0.4, 2], dtype=dtype)
        propagate_rows(*csr, step, Q_, M_, out, 2, 12)
        expected = 0.7 * A @ Q + 0.3 * M - 0.4 * Q[:13] + 2 * expected
        np.testing.assert_allclose(out, expected, atol=4 * tolerance)


@pytest.mark.parametrize("n_steps", [0, 1, 2, 5])
def test_propagation_takes_all_its_steps(n_steps, rng):
    from skspace._numba.propagate import propagate

    A = rng.uniform(size=(6, 6))
    parts = np.arange(0, 37, 6), np.tile(np.arange(6), 6), A.ravel()
    M, steps = rng.standard_normal((6, 3)), rng.standard_normal((n_steps, 4))
    steps[:2, 3] = 0
    buffers = [M, np.full((6, 3), np.nan), np.full((6, 3), np.nan)]
    Q, older = M, 0 * M
    for a, b, c, d in steps:
        Q, older = a * A @ Q + b * M + c * Q + d * older, Q
    found = buffers[propagate(*parts, steps, *buffers)]
    np.testing.assert_allclose(found, Q, rtol=1e-10)


@pytest.mark.parametrize("writeable", [True, False])
@pytest.mark.parametrize("order", ["C", "F", "strided"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_scaling_kernel_multiplies_rows(dtype, order, writeable, rng):
    from skspace._numba.propagate import scale_into

    for width in (0, 1, 5):
        M, scale = rng.standard_normal((7, width)), rng.random_sample(7)
        (M_,) = prepared((M,), dtype, order, writeable)
        out = np.full((7, width), np.nan, dtype=dtype)
        scale_into(M_, scale, out)
        tolerance = 8 * np.finfo(dtype).eps
        np.testing.assert_allclose(out, M * scale[:, None], atol=tolerance)
        scale_into(out, 1 / scale, out)
        np.testing.assert_allclose(out, M, atol=tolerance)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_row_kernels_of_attributes(dtype, rng):
    from skspace._numba.similarity import count_and_sum, divide_rows, weigh_rows

    X = rng.standard_normal((9, 6)) * (rng.random_sample((9, 6)) < 0.5)
    X[3] = 0
    X = X.astype(dtype)
    indptr = np.concatenate([[0], np.cumsum((X != 0).sum(axis=1))])
    rows, indices = np.nonzero(X)
    data = X[rows, indices]
    weights = rng.uniform(1, 3, size=6)
    tolerance = 8 * np.finfo(dtype).eps
    for column_weights in (weights, np.empty(0)):
        W = X * column_weights if column_weights.size else X.astype(float)
        length = np.linalg.norm(W, axis=1, keepdims=True)
        expected = (W / np.where(length > 0, length, 1))[rows, indices]
        out = np.full_like(data, np.nan)
        weigh_rows(indptr, indices, data, column_weights, out)
        np.testing.assert_allclose(out, expected, rtol=tolerance)
    size = rng.uniform(1, 2, size=9)
    divide_rows(indptr, data, size, out)
    np.testing.assert_allclose(out, (X / size[:, None])[rows, indices], rtol=tolerance)
    counts, sums = count_and_sum(indices, data, 7)
    assert counts.tolist() == [*(X != 0).sum(axis=0), 0]
    np.testing.assert_allclose(sums[:6], X.sum(axis=0, dtype=float), atol=1e-12)


@pytest.mark.parametrize("writeable", [True, False])
@pytest.mark.parametrize("shape", [(0, 3), (1, 1), (5, 2), (70, 3), (300, 2), (4, 0)])
def test_double_double_kernels_are_exact_to_thirty_digits(shape, writeable, rng):
    from fractions import Fraction

    from skspace._numba.double_double import (
        inner_products,
        subtract_product,
        subtract_product_csr,
    )

    n, p = shape
    exact = np.vectorize(Fraction, otypes=[object])
    A = np.asfortranarray(rng.standard_normal((n, p)))
    x, b = rng.standard_normal(p), rng.standard_normal(n)
    tail = 1e-17 * x
    A.flags.writeable = x.flags.writeable = writeable
    high, low = b.copy(), np.zeros(n)
    subtract_product(A, x, tail, high, low)
    expected = exact(b) if n else b
    if n and p:
        expected = expected - exact(A) @ (exact(x) + exact(tail))
        left = exact(high) + exact(low) - expected
        assert np.max(np.abs(left.astype(float))) < 1e-29
        g = inner_products(A, high, low)
        sums = (exact(A).T @ (exact(high) + exact(low))).astype(float)
        np.testing.assert_allclose(g, sums, rtol=3e-16)
        indptr, indices = np.arange(0, n * p + 1, p), np.tile(np.arange(p), n)
        rows = b.copy(), np.zeros(n)
        subtract_product_csr(indptr, indices, A.ravel(), x, tail, *rows)
        left = exact(rows[0]) + exact(rows[1]) - expected
        assert np.max(np.abs(left.astype(float))) < 1e-29
    else:
        np.testing.assert_array_equal(high, b)
        np.testing.assert_array_equal(inner_products(A, high, low), np.zeros(p))
