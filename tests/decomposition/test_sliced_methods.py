"""SIR, SAVE and DR: what they find, what they cannot see, and closed forms."""

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from skspace.decomposition import (
    DirectionalRegression,
    SlicedAverageVarianceEstimation,
    SlicedInverseRegression,
)
from skspace.linalg import subspace_distance

ALL = [SlicedInverseRegression, SlicedAverageVarianceEstimation, DirectionalRegression]


def model(name, n=2000, p=20, seed=0):
    """Return X, y and the basis of the central subspace."""
    rng = np.random.RandomState(seed)
    X, e = rng.standard_normal((n, p)), rng.standard_normal(n)
    b1, b2 = np.zeros(p), np.zeros(p)
    b1[:4], b2[4:8] = 0.5, [0.5, -0.5, 0.5, -0.5]
    u, v = X @ b1, X @ b2
    if name == "cubic":
        return X, u + u**3 / 3 + 0.5 * e, b1[:, None]
    if name == "symmetric":
        return X, u**2 + 0.5 * e, b1[:, None]
    return X, u + v**2 + 0.4 * e, np.column_stack([b1, b2])


def error(Reducer, name, seed, n=2000, p=20):
    X, y, basis = model(name, n, p, seed)
    d = basis.shape[1]
    found = Reducer(n_components=d).fit(X, y)
    return subspace_distance(found, basis, "projection") / np.sqrt(2 * d)


@pytest.mark.parametrize(
    ("Reducer", "name", "bar"),
    [
        (SlicedInverseRegression, "cubic", 0.042),
        (SlicedAverageVarianceEstimation, "symmetric", 0.125),
        (DirectionalRegression, "mixed", 0.135),
    ],
)
def test_subspaces_are_found(Reducer, name, bar):
    assert np.mean([error(Reducer, name, seed) for seed in range(20)]) <= bar


def test_sir_does_not_see_symmetric_relations_and_dr_does():
    assert error(SlicedInverseRegression, "symmetric", 0) > 0.7
    assert error(DirectionalRegression, "symmetric", 0) < 0.2


def test_save_is_poor_on_monotone_relations_with_few_samples():
    """A ratio of two linear functions, n=500: means say more than variances."""
    errors = {Reducer: [] for Reducer in ALL}
    for seed in range(5):
        rng = np.random.RandomState(seed)
        X = rng.standard_normal((500, 10))
        y = X[:, 0] / (0.5 + (X[:, 1] + 1.5) ** 2) + 0.25 * rng.standard_normal(500)
        for Reducer in ALL:
            found = Reducer(n_components=2).fit(X, y)
            distance = subspace_distance(found, np.eye(10)[:, :2], "projection")
            errors[Reducer].append(distance / 2)
    sir, save, dr = (np.mean(errors[Reducer]) for Reducer in ALL)
    assert save > 2 * sir
    assert dr < 0.6 * save


def test_sir_of_classes_is_linear_discriminant_analysis():
    X, y = load_wine(return_X_y=True)
    sir = SlicedInverseRegression().fit(X, y)
    lda = LinearDiscriminantAnalysis(solver="svd").fit(X, y)
    distance = subspace_distance(sir.components_.T, lda.scalings_[:, :2])
    assert sir.n_components_ == 2
    assert distance < 1e-6
    # The share of between-class variance b is λ / (1 + λ) of Fisher's ratio.
    share = sir.eigenvalues_[:2] / (1 - sir.eigenvalues_[:2])
    np.testing.assert_allclose(
        share / share.sum(), lda.explained_variance_ratio_, rtol=1e-6
    )


def test_closed_form_of_two_shifted_classes():
    """Means ±a, unit spread inside: one direction with b = a² / (1 + a²)."""
    square = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    a = 2.0
    shift = np.array([a, 0.0])
    X = np.concatenate([square + shift, square - shift])
    y = np.repeat([0, 1], 4)
    sir = SlicedInverseRegression(min_slice=1).fit(X, y)
    np.testing.assert_allclose(sir.components_, [[1, 0]], atol=1e-12)
    np.testing.assert_allclose(sir.eigenvalues_[0], a**2 / (1 + a**2))
    # V_h = diag(1 / (1 + a²), 1): only the first coordinate differs from I.
    save = SlicedAverageVarianceEstimation(min_slice=1).fit(X, y)
    np.testing.assert_allclose(
        save.eigenvalues_, [(a**2 / (1 + a**2)) ** 2, 0], atol=1e-12
    )
    # U_h = I, B = diag(b, 0): the kernel is 2 b² + 2 b².
    dr = DirectionalRegression(min_slice=1).fit(X, y)
    b = a**2 / (1 + a**2)
    np.testing.assert_allclose(dr.eigenvalues_, [4 * b**2, 0], atol=1e-12)


def test_closed_form_of_two_spreads():
    """Spreads s and t along the first axis, equal means: SIR is blind, SAVE exact."""
    square = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    s, t = 1.0, 3.0
    X = np.concatenate([square * [s, 1], square * [t, 1]])
    y = np.repeat(["a", "b"], 4)
    v = np.array([s, t]) ** 2 / ((s**2 + t**2) / 2)
    expected = np.mean((1 - v) ** 2)
    save = SlicedAverageVarianceEstimation(1, min_slice=1).fit(X, y)
    np.testing.assert_allclose(save.eigenvalues_, [expected, 0], atol=1e-12)
    np.testing.assert_allclose(save.components_, [[1, 0]], atol=1e-12)
    dr = DirectionalRegression(1, min_slice=1).fit(X, y)
    np.testing.assert_allclose(dr.eigenvalues_, [2 * expected, 0], atol=1e-12)
    sir = SlicedInverseRegression(1, min_slice=1).fit(X, y)
    np.testing.assert_allclose(sir.eigenvalues_, 0, atol=1e-12)


@pytest.mark.parametrize("Reducer", ALL, ids=lambda c: c.__name__)
def test_features_that_nearly_agree_keep_their_difference(Reducer):
    """Below the digits of a covariance the rows themselves are factored."""
    rng = np.random.RandomState(0)
    Z = rng.standard_normal((600, 3))
    y = Z[:, 1] + Z[:, 1] ** 2 + 0.1 * rng.standard_normal(600)
    T = np.array([[1.0, 1.0, 0.0], [0.0, 1e-6, 0.0], [0.0, 0.0, 1.0]])
    near = Reducer(1, whiten_rcond=0.0, scale="whitened").fit(Z @ T, y).transform(Z @ T)
    plain = Reducer(1, scale="whitened").fit(Z, y).transform(Z)
    assert abs(np.corrcoef(near[:, 0], plain[:, 0])[0, 1]) > 1 - 1e-9
