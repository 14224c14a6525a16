"""Coding rates: slow sums, closed forms, and gradients by differences."""

import numpy as np
import pytest
from oracles import central_differences

from skspace.linalg import _coding_rate
from skspace.linalg._coding_rate import (
    cluster_volumes,
    log_volume,
    rate_of_parts,
    rate_of_whole,
)

EPS2 = 0.1


def unit(Z):
    return Z / np.linalg.norm(Z, axis=1, keepdims=True)


def a_problem(rng, n=9, d=4, parts=5):
    return unit(rng.standard_normal((n, d))), rng.uniform(size=(n, parts))


def slow_rate_of_parts(Z, membership, eps2):
    """Determinant by determinant, as it is written."""
    n, d = Z.shape
    total = 0.0
    for column in membership.T:
        t = column.sum()
        M = np.eye(d) + d / (t * eps2) * Z.T @ np.diag(column) @ Z
        total += t * np.linalg.slogdet(M)[1]
    return total / (2 * n)


def assert_close(ours, theirs):
    assert np.linalg.norm(ours - theirs) <= 1e-6 * np.linalg.norm(theirs)


def test_rates_are_those_of_the_definition(library, rng):
    Z, membership = a_problem(rng)
    part = rate_of_parts(library.asarray(Z), library.asarray(membership), EPS2)
    np.testing.assert_allclose(
        part.value, slow_rate_of_parts(Z, membership, EPS2), rtol=1e-12
    )
    whole = rate_of_whole(library.asarray(Z), EPS2)
    one = np.ones((len(Z), 1))
    np.testing.assert_allclose(
        whole.value, slow_rate_of_parts(Z, one, EPS2), rtol=1e-12
    )


def test_gradients_are_differences(library, rng):
    Z, membership = a_problem(rng)
    whole = rate_of_whole(library.asarray(Z), EPS2)
    part = rate_of_parts(library.asarray(Z), library.asarray(membership), EPS2)
    assert_close(
        library.to_numpy(whole.by_features),
        central_differences(lambda z: rate_of_whole(z, EPS2).value, Z),
    )
    assert_close(
        library.to_numpy(part.by_features),
        central_differences(lambda z: rate_of_parts(z, membership, EPS2).value, Z),
    )
    assert_close(
        library.to_numpy(part.by_membership),
        central_differences(lambda m: rate_of_parts(Z, m, EPS2).value, membership),
    )


def test_float32_stays_and_is_near(library, rng):
    Z, membership = a_problem(rng, 40, 16, 40)
    wide = rate_of_parts(Z, membership, EPS2)
    narrow = rate_of_parts(
        library.asarray(Z.astype(np.float32)),
        library.asarray(membership.astype(np.float32)),
        EPS2,
    )
    assert narrow.value == pytest.approx(wide.value, rel=1e-5)
    for name in ("by_features", "by_membership"):
        found = library.to_numpy(getattr(narrow, name))
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, getattr(wide, name), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(("bound", "value"), [("TABLE_BOUND", 31), ("BLOCK_BOUND", 33)])
def test_the_size_of_blocks_changes_nothing(bound, value, rng, monkeypatch):
    torch = pytest.importorskip("torch")
    problem = a_problem(rng)
    expected = rate_of_parts(*problem, EPS2)
    monkeypatch.setattr(_coding_rate, bound, value)
    for found in (
        rate_of_parts(*problem, EPS2),
        rate_of_parts(*map(torch.tensor, problem), EPS2),
    ):
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)


def test_the_smaller_gram_matrix_gives_the_same_volume(rng):
    """Sylvester's identity, by which each part also is a determinant of order n."""
    Z, membership = a_problem(rng, n=6, d=11)
    K = Z @ Z.T
    for column in membership.T:
        root = np.sqrt(column)
        s = Z.shape[1] / (column.sum() * EPS2)
        by_rows = np.linalg.slogdet(np.eye(6) + s * root[:, None] * K * root)[1]
        np.testing.assert_allclose(
            log_volume(Z * root[:, None], s), by_rows, rtol=1e-11
        )
        np.testing.assert_allclose(
            log_volume((Z * root[:, None]).T, s), by_rows, rtol=1e-11
        )


def test_empty_parts_cost_nothing(rng):
    Z, membership = a_problem(rng)
    padded = np.concatenate([membership, np.zeros((len(Z), 2))], axis=1)
    expected, found = rate_of_parts(Z, membership, EPS2), rate_of_parts(Z, padded, EPS2)
    assert found.value == pytest.approx(expected.value, rel=1e-12)
    np.testing.assert_allclose(found.by_features, expected.by_features, rtol=1e-12)
    assert np.all(np.isfinite(found.by_membership))


def orthogonal_subspaces(rng, k=4, dim=3, d=16, size=50):
    """Clusters that fill subspaces at right angles evenly."""
    basis = np.linalg.qr(rng.standard_normal((d, d)))[0].T
    rows = []
    for c in range(k):
        # an exactly even filling: rows of an orthonormal frame
        frame = np.linalg.qr(rng.standard_normal((size, dim)))[0]
        frame = frame * np.sqrt(size / dim)
        rows.append(frame @ basis[c * dim : (c + 1) * dim])
    return np.concatenate(rows), np.repeat(np.eye(k), size, axis=0)


def test_orthogonal_subspaces_have_the_known_rates(rng):
    Z, labels = orthogonal_subspaces(rng)
    n, d, dim, k = len(Z), 16, 3, 4
    whole = dim * k / 2 * np.log1p(d / (n * EPS2) * (n / k) / dim)
    parts = dim / 2 * np.log1p(d / EPS2 / dim)
    assert rate_of_whole(Z, EPS2).value == pytest.approx(whole, rel=1e-12)
    found = rate_of_parts(Z, labels, EPS2)
    assert found.value == pytest.approx(parts, rel=1e-12)
    sizes, volumes = cluster_volumes(Z, np.argmax(labels, axis=1), EPS2)
    assert sizes @ volumes / (2 * n) == pytest.approx(parts, rel=1e-12)


def test_evenly_filled_orthogonal_subspaces_are_a_critical_point(rng):
    """No direction along the product of spheres changes the reduction."""
    basis = np.linalg.qr(rng.standard_normal((16, 16)))[0].T
    # unit rows: coordinate axes of each subspace, with both signs
    axes = np.concatenate([np.eye(3), -np.eye(3)] * 8)
    Z = np.concatenate([axes @ basis[3 * c : 3 * c + 3] for c in range(4)])
    labels = np.repeat(np.eye(4), len(axes), axis=0)
    gradient = (
        rate_of_whole(Z, EPS2).by_features - rate_of_parts(Z, labels, EPS2).by_features
    )
    tangent = gradient - Z * np.sum(Z * gradient, axis=1, keepdims=True)
    assert np.max(np.abs(tangent)) < 1e-6 * np.max(np.abs(gradient))
