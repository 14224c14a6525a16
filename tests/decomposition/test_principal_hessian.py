"""Principal Hessian directions: the kernel on rows, curvature, blind spots."""

import numpy as np
import pytest

from skspace.decomposition import PrincipalHessianDirections
from skspace.exceptions import DegenerateDataWarning
from skspace.linalg import subspace_distance


@pytest.mark.parametrize("response", ["residual", "y"])
def test_eigenvalues_are_those_of_the_mean_of_e_w_w(rng, response):
    X = rng.standard_normal((200, 4)) @ rng.standard_normal((4, 4)) + 5
    y = X[:, 0] ** 2 - X[:, 1]
    D = X - X.mean(axis=0)
    W = D @ np.linalg.inv(np.linalg.cholesky(D.T @ D / 200)).T
    e = y - y.mean()
    if response == "residual":
        e = e - W @ (W.T @ e) / 200
    e /= e.std()
    expected = np.linalg.eigvalsh(sum(e[i] * np.outer(W[i], W[i]) for i in range(200)))
    model = PrincipalHessianDirections(response=response).fit(X, y)
    order = np.argsort(-np.abs(expected))
    np.testing.assert_allclose(model.eigenvalues_, expected[order] / 200, atol=1e-10)


def test_signs_tell_which_way_the_regression_bends(rng):
    X = rng.standard_normal((4000, 3))
    y = 2 * X[:, 0] ** 2 - X[:, 1] ** 2
    model = PrincipalHessianDirections(2).fit(X, y)
    assert model.eigenvalues_[0] > 0 > model.eigenvalues_[1]
    np.testing.assert_allclose(np.abs(model.components_), np.eye(3)[:2], atol=0.1)


def test_residuals_do_not_see_linear_trends(rng):
    X = rng.standard_normal((3000, 4))
    y = X[:, 0] ** 2 + 5 * X[:, 1]
    found = PrincipalHessianDirections(1).fit(X, y)
    assert subspace_distance(found, np.eye(4)[:, :1]) < 0.15


def test_odd_functions_are_a_blind_spot(rng):
    X = rng.standard_normal((2000, 10))
    y = X[:, 0] ** 3
    found = PrincipalHessianDirections(1).fit(X, y)
    assert np.abs(found.eigenvalues_[0]) < 0.6  # 0 but for the tails of u³
    y = X[:, 0] ** 2
    found = PrincipalHessianDirections(1).fit(X, y)
    assert found.eigenvalues_[0] > 1.2  # √2 for a square of a normal


def test_classes_with_different_spreads(rng):
    y = rng.randint(0, 3, 3000)
    X = rng.standard_normal((3000, 4))
    X[:, 0] *= np.array([0.3, 1.0, 3.0])[y]
    names = np.array(["a", "b", "c"])[y]
    found = PrincipalHessianDirections(1).fit(X, names)
    assert subspace_distance(found, np.eye(4)[:, :1]) < 0.1


def test_an_exact_linear_fit_leaves_the_response_itself(rng):
    X = rng.standard_normal((12, 20))
    y = rng.standard_normal(12)
    with pytest.warns(DegenerateDataWarning, match="12 samples"):
        a = PrincipalHessianDirections(1).fit(X, y)
    with pytest.warns(DegenerateDataWarning):
        b = PrincipalHessianDirections(1, response="y").fit(X, y)
    np.testing.assert_allclose(a.components_, b.components_, atol=1e-8)
