"""Blocks of whitened space: what they span, how they come, and cells of slices."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skspace.linalg._cross_slices import CrossSlicing, check_number_of_cells
from skspace.linalg._fair_blocks import (
    by_kernel,
    complement,
    fair_blocks,
    greedy_order,
    order_shared,
    span_of,
)
from skspace.linalg._moments import slice_moments
from skspace.linalg._slices import pool_small_slices, slice_response
from skspace.linalg._whitening import whiten


def orthonormal(rng, r, k):
    return np.linalg.qr(rng.standard_normal((r, k)))[0]


def positive(rng, r, rank=None):
    A = rng.standard_normal((r, rank or r))
    return A @ A.T / r


def setting(seed, r=7, d_y=2, d_z=3):
    rng = np.random.RandomState(seed)
    whitening = whiten(np.zeros(r), positive(rng, r) + 0.1 * np.eye(r))
    kernels = positive(rng, r), positive(rng, r)
    return orthonormal(rng, r, d_y), orthonormal(rng, r, d_z), *kernels, whitening


@given(
    seed=st.integers(0, 10_000),
    d_y=st.integers(1, 6),
    d_z=st.integers(0, 7),
    tol=st.sampled_from([0.0, 0.5]),
)
@settings(deadline=None, max_examples=60)
def test_blocks_are_orthonormal_and_span_everything(seed, d_y, d_z, tol):
    G_y, G_z, M, _, whitening = setting(seed, d_y=d_y, d_z=d_z)
    blocks = fair_blocks(G_y, G_z, M, whitening, shared_tol=tol)
    stacked = np.concatenate(blocks[:4], axis=1)
    assert stacked.shape == (7, 7)
    np.testing.assert_allclose(stacked.T @ stacked, np.eye(7), atol=1e-10)
    np.testing.assert_allclose(G_z.T @ blocks.target, 0, atol=1e-10)
    np.testing.assert_allclose(G_z.T @ blocks.residual, 0, atol=1e-10)
    np.testing.assert_allclose(G_y.T @ blocks.residual, 0, atol=1e-10)
    if tol == 0:
        both = np.concatenate([blocks.target, blocks.shared], axis=1)
        np.testing.assert_allclose(both @ (both.T @ G_y), G_y, atol=1e-10)


def test_cosines_are_those_of_principal_angles(rng):
    from scipy.linalg import subspace_angles

    G_y, G_z, M, _, whitening = setting(0)
    blocks = fair_blocks(G_y, G_z, M, whitening)
    expected = np.sort(np.cos(subspace_angles(G_y, G_z)))[::-1]
    np.testing.assert_allclose(blocks.cosines, expected, atol=1e-12)


def test_small_angles_leave_nothing_of_the_attribute_in_the_target():
    rng = np.random.RandomState(0)
    _, G_z, M, _, whitening = setting(0)
    G_y = np.linalg.qr(G_z[:, :2] + 1e-6 * rng.standard_normal((7, 2)))[0]
    blocks = fair_blocks(G_y, G_z, M, whitening)
    assert blocks.target.shape[1] == 2
    np.testing.assert_allclose(G_z.T @ blocks.target, 0, atol=1e-14)


def test_a_target_within_the_attribute_has_no_block():
    _, G_z, M, _, whitening = setting(0)
    blocks = fair_blocks(G_z[:, :1], G_z, M, whitening)
    assert blocks.target.shape == (7, 0)
    assert blocks.residual.shape == (7, 4)
    np.testing.assert_allclose(blocks.cosines, [1.0])


def test_the_target_block_comes_by_information():
    G_y, G_z, M, _, whitening = setting(0, d_y=4)
    T = fair_blocks(G_y, G_z, M, whitening).target
    information = np.diag(T.T @ M @ T)
    assert np.all(np.diff(information) <= 0)


def test_only_angles_above_the_tolerance_are_shared():
    G_z = np.eye(6)[:, :3]
    G_y = np.eye(6)[:, [0, 3]].copy()
    G_y[:, 1] = np.eye(6)[1] * 0.3 + np.eye(6)[3] * np.sqrt(1 - 0.09)
    _, _, M, _, whitening = setting(0, r=6)
    for tol, expected in ((0.0, 3), (0.2, 2), (0.5, 1)):
        blocks = fair_blocks(G_y, G_z, M, whitening, shared_tol=tol)
        assert blocks.shared.shape[1] == expected
        assert blocks.sensitive.shape[1] == 3 - expected


@pytest.mark.parametrize("unit", [2.0**-600, 2.0**600])
def test_units_of_the_data_change_nothing(unit):
    G_y, G_z, M, _, whitening = setting(0, d_y=4)
    scaled = whitening._replace(
        forward=whitening.forward / unit, inverse=whitening.inverse * unit
    )
    for found, expected in zip(
        fair_blocks(G_y, G_z, M, scaled),
        fair_blocks(G_y, G_z, M, whitening),
        strict=True,
    ):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("order", ["ratio", "utility", "sensitivity"])
def test_the_basis_given_does_not_matter(order):
    _, G_z, a, b, whitening = setting(3)
    turned = G_z @ np.linalg.qr(np.random.RandomState(1).standard_normal((3, 3)))[0]
    one = order_shared(G_z, a, b, whitening, order=order)
    other = order_shared(turned, a, b, whitening, order=order)
    np.testing.assert_allclose(np.abs(one.T @ other), np.eye(3), atol=1e-9)


def test_orders_do_what_they_say():
    from scipy.linalg import eigh

    _, G_z, a, b, whitening = setting(5)
    C = order_shared(G_z, a, b, whitening, order="utility")
    np.testing.assert_allclose(
        np.diag(C.T @ a @ C), eigh(G_z.T @ a @ G_z)[0][::-1], atol=1e-12
    )
    C = order_shared(G_z, a, b, whitening, order="sensitivity")
    np.testing.assert_allclose(np.diag(C.T @ b @ C), eigh(G_z.T @ b @ G_z)[0])
    C = order_shared(G_z, a, b, whitening, order="ratio")
    inner_b = G_z.T @ b @ G_z
    ridge = 1e-3 * np.trace(inner_b) * np.eye(3)
    _, V = eigh(G_z.T @ a @ G_z, inner_b + ridge)
    for k in (1, 2, 3):  # spans of the leading generalised eigenvectors
        Q = np.linalg.qr(G_z @ V[:, ::-1][:, :k])[0]
        np.testing.assert_allclose(Q @ Q.T, C[:, :k] @ C[:, :k].T, atol=1e-8)


@pytest.mark.parametrize("order", ["ratio", "utility"])
def test_directions_without_target_information_come_by_least_sensitivity(order):
    rng = np.random.RandomState(0)
    _, G_z, _, _, whitening = setting(0)
    a = np.outer(G_z[:, 1], G_z[:, 1])  # one direction knows all
    b = G_z @ np.diag([3.0, 2.0, 1.0]) @ G_z.T
    turned = G_z @ np.linalg.qr(rng.standard_normal((3, 3)))[0]
    C = order_shared(turned, a, b, whitening, order=order)
    np.testing.assert_allclose(np.diag(C.T @ b @ C), [2, 1, 3], atol=0.02)


def test_functions_run_in_every_library(library):
    G_y, G_z, a, b, whitening = setting(2)
    moved = type(whitening)(*[library.asarray(x) for x in whitening])
    arrays = [library.asarray(x) for x in (G_y, G_z, a, b)]
    for order in ("ratio", "utility", "sensitivity"):
        C = order_shared(arrays[1], *arrays[2:], moved, order=order)
        expected = order_shared(G_z, a, b, whitening, order=order)
        inner = expected.T @ library.to_numpy(C)
        np.testing.assert_allclose(np.abs(inner), np.eye(3), atol=1e-8)
    blocks = fair_blocks(arrays[0], arrays[1], arrays[2], moved)
    expected = fair_blocks(G_y, G_z, a, whitening)
    for found, wanted in zip(blocks[:4], expected[:4], strict=True):
        inner = wanted.T @ library.to_numpy(found)
        np.testing.assert_allclose(np.abs(inner), np.eye(wanted.shape[1]), atol=1e-8)


def test_spans_and_complements(rng):
    A, B = orthonormal(rng, 6, 2), orthonormal(rng, 6, 2)
    both = span_of([A, np.concatenate([A[:, :1], B[:, :1]], axis=1)])
    assert both.shape == (6, 3)
    np.testing.assert_allclose(both @ (both.T @ A), A, atol=1e-12)
    rest = complement(both)
    np.testing.assert_allclose(rest.T @ both, 0, atol=1e-12)
    np.testing.assert_allclose(complement(A[:, :0]), np.eye(6))


def test_ties_of_a_kernel_go_to_the_last_matrix(rng):
    basis, last = orthonormal(rng, 5, 3), np.diag([1.0, 2, 3, 4, 5])
    found = by_kernel(basis, np.eye(5), last)  # a kernel of ties alone
    np.testing.assert_allclose(found.T @ found, np.eye(3), atol=1e-12)
    size = np.diag(found.T @ last @ found)
    assert np.all(np.diff(size) > 0)


def test_greedy_order_makes_each_prefix_cheap():
    cost = {0: 5, 1: 1, 2: 3}
    assert greedy_order(3, lambda chosen: sum(cost[i] for i in chosen)) == [1, 2, 0]


def test_cells_add_up_to_the_slices_of_each_variable(rng):
    X = rng.standard_normal((200, 3))
    variables = [
        rng.randint(0, 3, 200),
        rng.standard_normal(200),
        np.array(list("ab"))[rng.randint(0, 2, 200)],
    ]
    rules = tuple(slice_response(v, 4) for v in variables)
    cross = CrossSlicing(rules)
    assert cross.n_cells == 3 * 4 * 2
    names = [("y", "classes")] * 3
    assigned = cross.assign(variables, names)
    cells = slice_moments(X, assigned, cross.n_cells, per_slice=True)
    for i, (rule, values) in enumerate(zip(rules, variables, strict=True)):
        labels = CrossSlicing((rule,)).assign([values], names[:1])
        expected = slice_moments(X, labels, rule.n_slices, per_slice=True)
        np.testing.assert_allclose(cross.weight_of(i, cells.weight), expected.weight)
        pooling = pool_small_slices(rule, expected.weight, 1)
        found = cross.moments_of(i, cells, pooling)
        np.testing.assert_allclose(found.mean, expected.mean, atol=1e-12)
        np.testing.assert_allclose(found.scatter, expected.scatter, atol=1e-10)


def test_too_many_cells_are_refused():
    rules = [slice_response(np.arange(200), 100, min_slice=1)] * 2
    with pytest.raises(ValueError, match="100 x 100 = 10000 cells"):
        check_number_of_cells(CrossSlicing(tuple(rules)))
