"""Whitening: unit covariance, inverse, rank, units of the columns, shrinkage."""

import numpy as np
import pytest

from skspace.linalg._whitening import deviations, whiten, whiten_rows


def table(rng, n=200, p=5):
    return rng.standard_normal((n, p)) @ rng.standard_normal((p, p)) + 3


def moments(X):
    return X.mean(axis=0), np.cov(X.T, bias=True)


def test_whitened_rows_have_unit_covariance(library, rng):
    X = table(rng)
    mean, covariance = (library.asarray(m) for m in moments(X))
    found = whiten(mean, covariance)
    A, Ai = library.to_numpy(found.forward), library.to_numpy(found.inverse)
    np.testing.assert_allclose(A.T @ moments(X)[1] @ A, np.eye(5), atol=1e-10)
    np.testing.assert_allclose(Ai.T @ A, np.eye(5), atol=1e-10)
    np.testing.assert_allclose(Ai, moments(X)[1] @ A, atol=1e-10)


def test_dependent_and_constant_columns_are_left_out(rng):
    X = table(rng)
    X = np.column_stack([X, X[:, 0] - 2 * X[:, 1], np.full(200, 0.1)])
    found = whiten(*moments(X))
    assert found.rank == 5
    W = (X - X.mean(axis=0)) @ found.forward
    np.testing.assert_allclose(W.T @ W / 200, np.eye(5), atol=1e-8)
    np.testing.assert_allclose(W @ found.inverse.T + X.mean(axis=0), X, atol=1e-8)


def test_rank_does_not_depend_on_units(rng):
    X = table(rng)
    units = 10.0 ** np.array([-9, -4, 0, 5, 8])
    a, b = whiten(*moments(X)), whiten(*moments(X * units))
    assert a.rank == b.rank == 5
    np.testing.assert_allclose(b.eigenvalues, a.eigenvalues, rtol=1e-8)


def test_signs_do_not_depend_on_who_found_the_eigenvectors(library, rng):
    mean, covariance = moments(table(rng))
    for shrinkage in (0.0, 0.3):
        found = whiten(
            library.asarray(mean), library.asarray(covariance), shrinkage=shrinkage
        )
        # entries of the eigenvectors, up to lengths of rows and columns
        V = library.to_numpy(found.forward)
        if not shrinkage:
            V = V * np.sqrt(np.diag(covariance))[:, None]
        assert (V.max(axis=0) > -V.min(axis=0)).all()


def test_rows_keep_digits_that_squares_lose(rng):
    """Columns that agree to 1e-7 leave nothing of their difference in a covariance."""
    Z = np.linalg.qr(rng.standard_normal((300, 3)))[0] * np.sqrt(300)
    Z -= Z.mean(axis=0)
    X = Z @ np.array([[1.0, 1.0, 0.0], [0.0, 1e-7, 0.0], [0.0, 0.0, 1.0]])
    mean, covariance = moments(X)
    found = whiten_rows(X, mean, np.diag(covariance), rcond=1e-20)
    W = (X - mean) @ found.forward
    np.testing.assert_allclose(W.T @ W / 300, np.eye(3), atol=1e-6)
    assert 1e14 < found.condition < 1e15


def test_rows_and_covariance_agree(rng):
    X = table(rng)
    weights = rng.uniform(size=200)
    mean = np.average(X, axis=0, weights=weights)
    covariance = np.cov(X.T, aweights=weights, bias=True)
    a = whiten(mean, covariance)
    b = whiten_rows(X, mean, np.diag(covariance), weights=weights)
    np.testing.assert_allclose(
        a.forward @ a.forward.T, b.forward @ b.forward.T, rtol=1e-8
    )


def test_shrinkage_is_the_named_covariance(rng):
    X = table(rng, n=8)
    mean, covariance = moments(X)
    found = whiten(mean, covariance, shrinkage=0.3)
    expected = 0.7 * covariance + 0.3 * np.trace(covariance) / 5 * np.eye(5)
    assert found.rank == 5
    np.testing.assert_allclose(
        found.forward @ found.forward.T, np.linalg.inv(expected), rtol=1e-8
    )


def test_shrinkage_stays_where_rows_are(rng):
    """Three rows about their mean span two dimensions, shrunken or not."""
    X = table(rng, n=3)
    found = whiten(*moments(X), shrinkage=0.5)
    assert found.rank == 2
    D = X - X.mean(axis=0)
    np.testing.assert_allclose(D @ found.forward @ found.inverse.T, D, atol=1e-10)


def test_nothing_varies():
    with pytest.raises(ValueError, match="constant"):
        whiten(np.full(3, 0.3), np.full((3, 3), 1e-34))


def test_constant_columns_have_no_deviation(library):
    mean = np.array([1.0, 3.0, 1e6, 1e300, 1e300])
    variance = np.array([4.0, 0.0, 1e-20, 0.0, 1e308])
    found = deviations(library.asarray(mean), library.asarray(variance))
    np.testing.assert_allclose(library.to_numpy(found), [2, 0, 0, 0, 0])
