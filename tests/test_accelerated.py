"""Every compiled twin against its definition, every other kernel against an oracle.

Problems are tiny, so that this file also runs with NUMBA_DISABLE_JIT=1 (coverage of
the kernels' lines) and with NUMBA_BOUNDSCHECK=1 (their indices).
"""

import importlib
import itertools
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
    "skspace._numba.halving",
    "skspace._numba.kd_tree",
    "skspace._numba.neighbor_ranks",
    "skspace._numba.neighbor_scan",
    "skspace._numba.neighbor_tree",
    "skspace._numba.omp",
    "skspace._numba.optimizers",
    "skspace._numba.pcg",
    "skspace._numba.planes",
    "skspace._numba.point_to_plane",
    "skspace._numba.prefetch",
    "skspace._numba.propagate",
    "skspace._numba.similarity",
    "skspace._numba.voxels",
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


# Registration: searches, planes, sums and voxels.


def lattice_and_clouds(rng):
    """Clouds with ties, duplicates and without; sizes around those of a leaf."""
    for n in (1, 5, 16, 17, 60):
        yield rng.standard_normal((n, 3))
    yield np.stack(np.meshgrid(*[np.arange(4.0)] * 3), axis=-1).reshape(-1, 3)
    yield np.repeat(rng.standard_normal((9, 3)), 7, axis=0)
    yield np.ones((40, 3))
    yield np.sort(rng.standard_normal((50, 3)), axis=0)
    yield rng.standard_normal((50, 3)) * [1.0, 0.0, 0.0]
    # deep enough for every axis to be halved twice on the way down
    yield rng.standard_normal((700, 3))


def search_space():
    from skspace._numba.kd_tree import DEPTH

    return (
        np.empty(DEPTH, np.int64),
        np.empty((DEPTH, 2), np.int64),
        np.empty((DEPTH, 4)),
    )


@pytest.mark.parametrize("writeable", [True, False])
@pytest.mark.parametrize("order", ["C", "F", "strided"])
def test_kd_tree_finds_what_trying_all_points_finds(order, writeable, rng):
    from skspace._numba.kd_tree import (
        build,
        nearest_k,
        nearest_two,
        neighbor_distances,
    )

    space = search_space()
    for X in lattice_and_clouds(rng):
        m = len(X)
        (given,) = prepared((X,), np.float64, order, writeable)
        places, points, axes, splits = build(given)
        assert sorted(places) == list(range(m))
        np.testing.assert_array_equal(points, X[places])
        queries = np.concatenate([X[:6], X[:6] + 0.5, 2 * rng.standard_normal((6, 3))])
        for q in queries:
            squares = np.sum((points - q) ** 2, axis=1)
            ranked = np.sort(squares)
            for bound in (np.inf, 1.0, 1e-3):
                inside = ranked[ranked < bound]
                best, first, second = nearest_two(
                    points, axes, splits, *q, bound, *space
                )
                full = np.concatenate([inside, [bound, bound]])
                np.testing.assert_allclose([first, second], full[:2], rtol=1e-14)
                assert (best < 0) == (inside.size == 0)
                if best >= 0:
                    np.testing.assert_allclose(squares[best], ranked[0], rtol=1e-14)
                for k in (1, 4, 20):
                    found, near = np.empty(k, np.int64), np.empty(k)
                    count = nearest_k(
                        points, axes, splits, *q, bound, k, found, near, *space
                    )
                    assert count == min(k, inside.size)
                    np.testing.assert_allclose(
                        near[:count], inside[:count], rtol=1e-14, atol=1e-300
                    )
                    assert len(set(found[:count])) == count
                    np.testing.assert_allclose(
                        squares[found[:count]], near[:count], rtol=1e-14, atol=1e-300
                    )
                    assert np.all(found[count:] == -1)
                    assert np.all(near[count:] == bound)
        if m > 5:
            gaps = np.sum((points[:, None] - points) ** 2, axis=2)
            np.testing.assert_allclose(
                neighbor_distances(points, axes, splits, 5, 3),
                np.sqrt(np.sort(gaps, axis=1)[::3, 5]),
                atol=1e-12,
            )


def symmetric_matrices(rng):
    for _ in range(20):
        Q = np.linalg.qr(rng.standard_normal((3, 3)))[0]
        for values in ([1, 2, 3], [0, 1, 1], [1, 1, 2], [0, 1e-9, 1], [-1, 0, 1]):
            yield Q * np.array(values, dtype=float) @ Q.T
    for values in ([0, 0, 0], [2, 2, 2], [3, 1, 2], [0, 0, 1], [1, 0, 1]):
        yield np.diag(np.array(values, dtype=float))
    yield 1e-12 * np.diag([1.0, 2, 3])
    yield 1e12 * np.array([[2.0, 1, 0], [1, 2, 0], [0, 0, 5]])


def test_least_eigenvector_is_that_of_the_matrix(rng):
    from skspace._numba.planes import least_eigenvector

    for A in symmetric_matrices(rng):
        values, vectors = np.linalg.eigh(A)
        least, middle, *v = least_eigenvector(
            A[0, 0], A[1, 1], A[2, 2], A[0, 1], A[0, 2], A[1, 2]
        )
        size = max(np.max(np.abs(values)), 1e-300)
        # half the digits where roots of a polynomial are double
        np.testing.assert_allclose([least, middle], values[:2], atol=4e-8 * size)
        np.testing.assert_allclose(np.linalg.norm(v), 1, rtol=1e-12)
        # minimal, whichever vector of an eigenspace it is
        assert np.dot(v, A @ v) - values[0] <= 1e-7 * size
        if values[1] - values[0] > 0.1 * size:
            assert abs(vectors[:, 0] @ v) > 1 - 1e-9


def test_planes_are_principal_components_of_neighbours(rng):
    from skspace._numba.kd_tree import build
    from skspace._numba.planes import fit_normals, plane_through

    X = rng.standard_normal((70, 3)) * [3, 2, 0.2]
    _, points, axes, splits = build(X)
    normals, trust = np.zeros((70, 3)), np.full(70, -1.0)
    fit_normals(points, axes, splits, 8, np.arange(-1, 60), normals, trust)
    for i in range(60):
        near = np.argsort(np.sum((points - points[i]) ** 2, axis=1))[:8]
        values, vectors = np.linalg.eigh(np.cov(points[near].T))
        assert abs(vectors[:, 0] @ normals[i]) > 1 - 1e-7
        share = (1 - values[0] / values[1]) * min(1, 2 * values[1] / values[2])
        np.testing.assert_allclose(trust[i], share, atol=1e-7)
        *center, _, _, _, _ = plane_through(points, near, 8)
        np.testing.assert_allclose(center, points[near].mean(axis=0), atol=1e-12)
    assert np.all(trust[60:] == -1)  # not asked for
    before = normals.copy()
    normals[:60] *= -1
    fit_normals(points, axes, splits, 8, np.arange(70), normals, trust)
    np.testing.assert_array_equal(normals[:60], -before[:60])  # not fitted again
    assert np.all(trust >= 0)
    fit_normals(points, axes, splits, 500, np.arange(70), normals, np.full(70, -1.0))
    assert abs(np.linalg.eigh(np.cov(X.T))[1][:, 0] @ normals[3]) > 1 - 1e-9
    # points on a line or in one place have no plane
    for cloud in (np.outer(np.arange(9.0), [1, 2, 3]), np.ones((9, 3))):
        assert plane_through(cloud, np.arange(9), 9)[-1] == 0


@pytest.mark.parametrize("m", [1, 15, 16, 17, 100, 1000])
def test_leaves_of_a_tree_are_its_halves_of_halves(m, rng):
    from skspace._numba.kd_tree import build, leaf_edges
    from skspace._numba.planes import planes_of_runs

    _, points, axes, _ = build(rng.standard_normal((m, 3)) * [3, 2, 0.2])
    edges = [0, m]
    while len(edges) - 2 < len(axes):  # a tree has one leaf more than inner nodes
        middles = [(a + b) // 2 for a, b in itertools.pairwise(edges)]
        edges = sorted(edges + middles)
    np.testing.assert_array_equal(leaf_edges(m), edges)
    r = len(edges) - 1
    planes = np.empty((r, 3)), np.empty((r, 3)), np.empty(r), np.empty(r)
    planes_of_runs(points, np.array(edges), *planes)
    for j, (a, b) in enumerate(itertools.pairwise(edges)):
        centroid, normal, trust, thickness = (part[j] for part in planes)
        np.testing.assert_allclose(centroid, points[a:b].mean(axis=0), atol=1e-12)
        if m == 1:
            assert trust == thickness == 0
            continue
        values, vectors = np.linalg.eigh(np.cov(points[a:b].T, bias=True))
        assert abs(normal @ vectors[:, 0]) > 1 - 1e-7
        np.testing.assert_allclose(thickness, values[0], atol=1e-7 * values[2])
        share = (1 - values[0] / values[1]) * min(1, 2 * values[1] / values[2])
        np.testing.assert_allclose(trust, share, atol=1e-6)


def a_pose(rng, size):
    from scipy.spatial.transform import Rotation

    R = Rotation.from_rotvec(size * rng.standard_normal(3)).as_matrix()
    return np.concatenate([R, size * rng.standard_normal((3, 1))], axis=1)


@pytest.mark.parametrize("writeable", [True, False])
def test_associations_are_nearest_points_however_often_they_are_kept(writeable, rng):
    from skspace._numba.kd_tree import build
    from skspace._numba.point_to_plane import associate

    X, source = rng.standard_normal((2, 60, 3))
    _, points, axes, splits = build(X)
    points, source = prepared((points, source), np.float64, "C", writeable)
    index, seen, margin = np.full(60, -1), np.zeros((60, 3)), np.full(60, -1.0)
    pose, searches = np.eye(4)[:3], []
    for _ in range(6):
        pose = pose + a_pose(rng, 1e-3) - np.eye(4)[:3]
        searches.append(
            associate(points, axes, splits, source, pose, 0.9, index, seen, margin)
        )
        moved = source @ pose[:, :3].T + pose[:, 3]
        gaps = np.sum((moved[:, None] - points) ** 2, axis=2)
        nearest = np.argmin(gaps, axis=1)
        nearest[np.min(gaps, axis=1) >= 0.81] = -1
        np.testing.assert_array_equal(index, nearest)
    assert np.any(index < 0)
    assert searches[0] == 60
    assert max(searches[1:]) < 60


def a_problem(rng, n=25):
    source, centroids, normals = rng.standard_normal((3, n, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return source, a_pose(rng, 0.2), rng.randint(-1, n, n), centroids, normals


@pytest.mark.parametrize("writeable", [True, False])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("kind", range(5))
def test_sums_are_over_derivatives_of_residuals(kind, reverse, writeable, rng):
    from scipy.spatial.transform import Rotation

    from skspace._numba.point_to_plane import accumulate, residuals, weight_of

    problem = a_problem(rng)
    trust, scale = rng.uniform(0.1, 1, 25), 0.8
    source, pose, index, centroids, normals, trust = prepared(
        (*problem, trust), np.float64, "C", writeable
    )

    def signed(step):
        """Residuals after a step in the body frame, by the other kernel."""
        R = pose[:, :3] @ Rotation.from_rotvec(step[:3]).as_matrix()
        t = pose[:, 3] + pose[:, :3] @ step[3:]
        out = np.full(25, np.nan)
        if reverse:  # points of the target against planes of the source
            back = np.concatenate([R.T, -(R.T @ t)[:, None]], axis=1)
            residuals(source, back, index, centroids, normals, out)
            return -out
        there = np.concatenate([R, t[:, None]], axis=1)
        residuals(source, there, index, centroids, normals, out)
        return out

    h = 1e-5
    J = np.stack([(signed(e) - signed(-e)) / (2 * h) for e in h * np.eye(6)], axis=1)
    r = signed(np.zeros(6))
    assert np.all(r[index < 0] == 0)
    w = trust[index] * np.array([weight_of(x, kind, scale) for x in r]) ** 2
    w[index < 0] = 0
    hessian, gradient, sums = np.zeros((6, 6)), np.zeros(6), np.zeros(3)
    for _ in range(2):  # they add up
        accumulate(
            source, pose, index, centroids, normals, trust, kind, scale, reverse,
            hessian, gradient, sums,
        )  # fmt: skip
    np.testing.assert_allclose(hessian, 2 * J.T @ (w[:, None] * J), atol=1e-6)
    np.testing.assert_allclose(gradient, -2 * J.T @ (w * r), atol=1e-6)
    expected = [2 * np.sum(w > 0), 2 * np.sum(r[w > 0] ** 2), 2 * np.sum(w * r**2)]
    np.testing.assert_allclose(sums, expected, rtol=1e-9)


@pytest.mark.parametrize("p", [1, 3, 6])
def test_conjugate_gradients_solve(p, rng):
    from skspace._numba.pcg import conjugate_gradient

    A = rng.standard_normal((p + 4, p)) * 10.0 ** rng.uniform(-2, 2, p)
    H, b = A.T @ A, rng.standard_normal(p)
    exact = np.linalg.solve(H, b)
    P = np.diag(1 / np.diag(H))
    x, n_iter, residual, finite = conjugate_gradient(H, b, P, 1e-13, 4 * p)
    np.testing.assert_allclose(x, exact, rtol=1e-8)
    assert finite
    assert n_iter <= 4 * p
    assert residual <= 1e-10
    x, n_iter, _, _ = conjugate_gradient(H, b, np.linalg.inv(H), 1e-8, 4 * p)
    np.testing.assert_allclose(x, exact, rtol=1e-8)
    assert n_iter == 1
    x, n_iter, residual, finite = conjugate_gradient(H, 0 * b, P, 1e-8, 4)
    assert (list(x), n_iter, residual, finite) == ([0.0] * p, 0, 0.0, True)
    assert not conjugate_gradient(-H, b, P, 1e-8, 4)[-1]
    assert not conjugate_gradient(np.nan * H, b, P, 1e-8, 4)[-1]
    stopped = conjugate_gradient(H, b, P, 0.0, 1)
    step = (b @ P @ b) / (b @ P @ H @ P @ b)
    np.testing.assert_allclose(stopped[0], step * P @ b, rtol=1e-12)
    assert stopped[1] == 1


# hashes wrap around, which NumPy remarks on where nothing is compiled
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
@pytest.mark.parametrize("writeable", [True, False])
@pytest.mark.parametrize("order", ["C", "F", "strided"])
def test_voxels_are_those_of_a_dictionary(order, writeable, rng):
    from skspace._numba.voxels import (
        bounds,
        centroid,
        count_voxels,
        voxel_centroids,
    )

    for n, cell in ((1, 1.0), (80, 0.7), (80, 0.01), (1500, 0.4)):
        X, weights = rng.standard_normal((n, 3)), rng.uniform(1, 3, n)
        low = X.min(axis=0) - 0.3
        X_, weights_ = prepared((X, weights), np.float64, order, writeable)
        np.testing.assert_array_equal(bounds(X_), [X.min(axis=0), X.max(axis=0)])
        np.testing.assert_allclose(centroid(X_), X.mean(axis=0), atol=1e-14)
        cells = {}
        for i, key in enumerate(map(tuple, np.floor((X - low) / cell))):
            cells.setdefault(key, []).append(i)
        centroids, counts = voxel_centroids(X_, weights_, low, cell)
        expected = [
            np.average(X[c], axis=0, weights=weights[c]) for c in cells.values()
        ]
        np.testing.assert_allclose(centroids, expected, atol=1e-12)
        np.testing.assert_allclose(counts, [weights[c].sum() for c in cells.values()])
        assert count_voxels(X_, low, cell, 5000) == len(cells)
        if len(cells) > 3:
            assert count_voxels(X_, low, cell, 3) == 4
        # cells of one in eight by their hash: about as many, each of them whole
        some = count_voxels(X_, low, cell, 5000, 3)
        assert abs(8 * some - len(cells)) <= 8 * 4 * np.sqrt(len(cells) / 8 + 1)
        mixed = rng.permutation(n)
        again, _ = voxel_centroids(X[mixed], weights[mixed], low, cell)
        places = np.lexsort(again.T), np.lexsort(centroids.T)
        np.testing.assert_allclose(again[places[0]], centroids[places[1]], atol=1e-12)


def test_morton_codes_interleave_bits(rng):
    from skspace._numba.voxels import morton_codes

    X = rng.uniform(-1, 3, (60, 3)) * [1, 2, 0.5]
    codes = morton_codes(X)
    low, side = X.min(axis=0), np.max(np.ptp(X, axis=0))
    whole = ((X - low) * (2097151.0 / side)).astype(int)
    for code, cell in zip(codes, whole, strict=True):
        bits = "".join(
            "".join(str(int(cell[a]) >> b & 1) for a in (2, 1, 0))
            for b in range(20, -1, -1)
        )
        assert int(code) == int(bits, 2)
    assert not np.any(morton_codes(np.ones((3, 3))))


def test_local_planes_are_fitted_to_the_nearest_points(rng):
    from skspace.registration._pairs import Side
    from skspace.registration._target import make_level

    level, _ = make_level(rng.uniform(-1, 1, (70, 3)) * [1, 1, 0.1])
    source, points, k = rng.uniform(-1, 1, (30, 3)), level.points, 5
    for radius, thickness in ((0.5, np.inf), (5.0, 0.04), (0.05, np.inf)):
        side, pose = Side(source, level, k, thickness), a_pose(rng, 0.05)
        for _ in range(4):  # planes that are kept are right, too
            pose = pose + a_pose(rng, 3e-3) - np.eye(4)[:3]
            side.associate(pose, radius)
            moved = source @ pose[:, :3].T + pose[:, 3]
            gaps = np.sum((moved[:, None] - points) ** 2, axis=2)
            for i in range(30):
                near = np.argsort(gaps[i])[:k]
                center = points[near].mean(axis=0)
                values, vectors = np.linalg.eigh(np.cov(points[near].T))
                off = np.abs((points[near] - center) @ vectors[:, 0])
                inside = gaps[i, near[-1]] < radius**2
                assert side.index[i] == (
                    i if inside and np.all(off < thickness) else -1
                )
                if side.index[i] >= 0:
                    centroids, normals, trust = side.planes
                    np.testing.assert_allclose(centroids[i], center, atol=1e-12)
                    np.testing.assert_allclose(
                        abs(normals[i] @ vectors[:, 0]), 1, atol=1e-6
                    )
                    share = (1 - values[0] / values[1]) * min(
                        1, 2 * values[1] / values[2]
                    )
                    np.testing.assert_allclose(trust[i], share, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n", [0, 1, 37])
def test_optimizer_kernels_take_their_step(n, dtype, rng):
    from skspace._numba.optimizers import adam, sgd

    p, g, m = rng.standard_normal((3, n)).astype(dtype)
    v = rng.uniform(size=n).astype(dtype)
    gradient = 0.5 * g + 0.1 * p
    tolerance = 64 * np.finfo(dtype).eps

    mean, square = 0.9 * m + 0.1 * gradient, 0.99 * v + 0.01 * gradient**2
    expected = 0.98 * p - 0.03 * mean / (1.5 * np.sqrt(square) + 1e-3)
    found = p.copy(), m.copy(), v.copy()
    factors = [0.5, 0.1, 0.98, 0.03, 1.5, 1e-3, 0.9, 0.1, 0.99, 0.01]
    adam(found[0], g, *found[1:], np.array(factors, dtype))
    for ours, theirs in zip(found, (expected, mean, square), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)

    velocity = 0.9 * m + gradient
    found = p.copy(), m.copy()
    sgd(found[0], g, found[1], np.array([0.5, 0.1, 0.98, 0.03, 0.9], dtype))
    for ours, theirs in zip(found, (0.98 * p - 0.03 * velocity, velocity), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


# Neighbour counts: all pairs, a tree of any columns, sorted columns.


def information_samples(rng):
    """Rows of two variables, where rounding and ties decide; leaves and tiles."""
    for n, d in ((4, 2), (34, 2), (19, 5)):
        Z = rng.standard_normal((n, d))
        yield from (Z, np.round(Z, 1), Z[np.arange(n) // 3], Z + 1e9)


@pytest.mark.parametrize("metric", ["chebyshev", "euclidean"])
@pytest.mark.parametrize("rule", ["strict", "mixed", "rectangle"])
def test_scan_of_all_pairs_counts_as_loops_do(rule, metric, rng):
    from skspace._numba.neighbor_scan import count_rows
    from skspace.information._neighbors_array import RULES

    for Z in information_samples(rng):
        n, d = Z.shape
        starts, groups = np.array([0, d // 2, d]), np.eye(2, dtype=bool)
        screen = np.ascontiguousarray((Z - Z.mean(axis=0)).T / 8, dtype=np.float32)
        found = np.empty(n), np.empty((n, 2), np.int64), np.empty(n, np.int64)
        for first, last in ((0, 2), (2, n)):
            count_rows(
                screen, Z, 1 / 8, starts, groups, 2, RULES.index(rule),
                metric == "euclidean", first, last, *found,
            )  # fmt: skip
        V = [Z[:, : d // 2], Z[:, d // 2 :]]
        expected = oracles.neighbor_counts(V, 2, [[0], [1]], rule, metric)
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("order", ["C", "F", "strided"])
@pytest.mark.parametrize("metric", ["chebyshev", "euclidean"])
def test_leaves_find_the_neighbours_of_their_rows(metric, order, rng):
    from skspace._numba.neighbor_tree import build, extend, nearest

    for Z in information_samples(rng):
        n, d = Z.shape
        (given,) = prepared((Z,), np.float64, order, False)
        tree = build(given)
        np.testing.assert_array_equal(tree[1], Z[tree[0]])
        starts, leaves = np.array([0, d // 2, d]), len(tree[2]) // 2 + 1
        euclidean = metric == "euclidean" and d > 2
        V = [Z[:, : d // 2], Z[:, d // 2 :]]
        for k in (2, 3):
            expected, counts, _ = oracles.neighbor_counts(
                V, k, [[0], [1]], "rectangle", metric
            )
            radii, extents = np.full(n, np.nan), np.full((n, 2), np.nan)
            for first, last in ((0, 1), (1, leaves)):
                nearest(*tree, starts, euclidean, k, first, last, radii)
                extend(*tree, starts, euclidean, radii, first, last, extents)
            np.testing.assert_array_equal(radii, expected)
            for v, x in enumerate(V):
                gaps = np.abs(x[:, None] - x)
                if metric == "euclidean" and x.shape[1] > 1:
                    apart = np.sqrt(np.cumsum(gaps**2, axis=2)[:, :, -1])
                else:
                    apart = np.max(gaps, axis=2)
                near = np.sum(apart <= extents[:, v : v + 1], axis=1) - 1
                np.testing.assert_array_equal(near, np.array(counts)[:, v])


def test_neighbours_in_order_are_those_of_differences(rng):
    from skspace._numba.neighbor_ranks import nearest_ranks

    for Z in information_samples(rng):
        x = np.sort(Z[:, 0])
        apart = np.sort(np.abs(x[:, None] - x), axis=1)  # the number itself is first
        for k in range(1, min(len(x), 9)):
            found = np.full(len(x), np.nan)
            nearest_ranks(x, k, found)
            np.testing.assert_array_equal(found, apart[:, k])


def test_counts_by_rank_are_those_of_differences(rng):
    from skspace._numba.neighbor_ranks import count_ranks, count_slab

    for Z in information_samples(rng):
        n, d = Z.shape
        radii = np.abs(np.round(rng.standard_normal(n), 1))
        radii[0] = -1.0
        for c in range(2):
            order = np.argsort(Z[:, c])
            found = np.full(n, -1)
            for first, last in ((0, 1), (1, n)):
                count_ranks(Z[order, c], order, radii, first, last, found)
            apart = np.abs(Z[:, None, c] - Z[:, c])
            expected = np.sum(apart <= radii[:, None], axis=1) - 1
            expected[0] = 0
            np.testing.assert_array_equal(found, expected)
            table = np.ascontiguousarray(Z[order].T)
            gaps = np.abs(Z[:, None] - Z)
            first_of = np.array([0, 1, d])
            for euclidean in (False, True):
                apart = np.max(gaps, axis=2)
                if euclidean and d > 2:
                    own = np.sqrt(np.cumsum(gaps[:, :, 1:] ** 2, axis=2)[:, :, -1])
                    apart = np.maximum(gaps[:, :, 0], own)
                expected = np.sum(apart <= radii[:, None], axis=1) - 1
                expected[0] = 0
                count_slab(table, order, c, first_of, euclidean, radii, 0, n, found)
                np.testing.assert_array_equal(found, expected)


def test_asking_ahead_changes_nothing():
    from numba import njit

    from skspace._numba.prefetch import prefetch

    @njit
    def ask(values):
        for i in range(-8, len(values) + 8):  # a hint may point anywhere
            prefetch(values, i)
        return values.sum()

    for values in (np.arange(5.0), np.arange(5, dtype=np.float32)):
        assert ask(values) == 10
