"""Principal fitted components: the generalised eigenproblem, bases, their limits."""

import numpy as np
import pytest
from scipy.linalg import eigh

from skspace.decomposition import PrincipalFittedComponents, SlicedInverseRegression
from skspace.linalg import subspace_distance


def curve(rng, n=400):
    y = rng.uniform(-1, 2, n)
    X = 0.5 * rng.standard_normal((n, 5))
    X[:, 0] += y
    X[:, 1] += y**2
    return X, y


@pytest.mark.parametrize("weighted", [False, True])
def test_directions_solve_the_generalised_eigenproblem(rng, weighted):
    X, y = curve(rng)
    w = rng.uniform(0.5, 2, len(y)) if weighted else np.ones(len(y))
    F = np.column_stack([np.ones(len(y)), y, y**2, y**3])
    root = np.sqrt(w)[:, None]
    fitted = F @ np.linalg.lstsq(root * F, root * X, rcond=None)[0]
    cov_fit = np.cov(fitted.T, aweights=w, bias=True)
    cov_res = np.cov(X.T, aweights=w, bias=True) - cov_fit
    values, vectors = eigh(cov_fit, cov_res)
    model = PrincipalFittedComponents(2).fit(X, y, sample_weight=w)
    b = model.eigenvalues_[:3]
    np.testing.assert_allclose(b / (1 - b), values[::-1][:3], rtol=1e-7, atol=1e-10)
    for row, v in zip(model.components_, vectors[:, ::-1].T, strict=False):
        cosine = row @ v / np.linalg.norm(v)
        np.testing.assert_allclose(abs(cosine), 1, atol=1e-9)


def test_powers_do_not_depend_on_location_and_unit_of_y(rng):
    X, y = curve(rng)
    a, b = (PrincipalFittedComponents(2).fit(X, t) for t in (y, 1e4 + 1e3 * y))
    np.testing.assert_allclose(a.components_, b.components_, atol=1e-6)


@pytest.mark.parametrize("y_kind", ["classes", "numbers"])
def test_slices_give_sliced_inverse_regression(rng, y_kind):
    X, y = curve(rng)
    if y_kind == "classes":
        y = np.array(["a", "b", "c", "d"])[(y * 1.3 + 1.3).astype(int)]
    a = PrincipalFittedComponents(2, basis="slices").fit(X, y)
    b = SlicedInverseRegression(2).fit(X, y)
    np.testing.assert_allclose(a.components_, b.components_, atol=1e-10)


def test_classes_take_indicators(rng):
    X, y = curve(rng)
    names = np.array(["a", "b", "c", "d"])[(y * 1.3 + 1.3).astype(int)]
    a = PrincipalFittedComponents(2).fit(X, names)
    b = PrincipalFittedComponents(2, basis="slices").fit(X, names)
    np.testing.assert_array_equal(a.components_, b.components_)


def test_numbers_beside_classes(rng):
    X, y = curve(rng)
    group = rng.randint(0, 2, len(y))
    X[:, 2] += 2 * group
    Y = np.column_stack([y, group])
    found = PrincipalFittedComponents(3).fit(X, Y)
    assert subspace_distance(found, np.eye(5)[:, :3]) < 0.5
    assert found.eigenvalues_.shape == (4,)


def test_degree_limits_the_directions(rng):
    X, y = curve(rng)
    assert PrincipalFittedComponents(degree=2).fit(X, y).n_components_ == 2
    with pytest.raises(ValueError, match="n_components=3"):
        PrincipalFittedComponents(3, degree=2).fit(X, y)


def test_even_relations_are_a_blind_spot(rng):
    X = rng.standard_normal((2000, 6))
    found = PrincipalFittedComponents(1).fit(X, X[:, 0] ** 2)
    assert found.eigenvalues_[0] < 0.02


def test_powers_of_a_constant_are_refused(rng):
    model = PrincipalFittedComponents(basis="polynomial")
    with pytest.raises(ValueError, match="single value"):
        model.fit(rng.standard_normal((30, 3)), np.ones(30))
