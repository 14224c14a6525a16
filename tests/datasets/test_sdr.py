"""Generated responses depend on the directions they are said to depend on."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skspace.datasets import make_sdr_regression

MODELS = {
    "cubic": (1, 0.5, lambda u, v: u + u**3 / 3),
    "symmetric": (1, 0.5, lambda u, v: u**2),
    "rational": (2, 0.25, lambda u, v: u / (0.5 + (v + 1.5) ** 2)),
    "mixed": (2, 0.4, lambda u, v: u + v**2),
}


@pytest.mark.parametrize("model", MODELS)
def test_response_is_the_formula_of_the_first_eight_features(model):
    _, _, formula = MODELS[model]
    X, y = make_sdr_regression(200, 12, model=model, noise=0, random_state=3)
    u = (X[:, 0] + X[:, 1] + X[:, 2] + X[:, 3]) / 2
    v = (X[:, 4] - X[:, 5] + X[:, 6] - X[:, 7]) / 2
    assert_allclose(y, formula(u, v), atol=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_basis_is_orthonormal_and_carries_the_response(model):
    n_directions, _, formula = MODELS[model]
    X, y, basis = make_sdr_regression(
        100, 11, model=model, noise=0, random_state=0, return_basis=True
    )
    assert basis.shape == (11, n_directions)
    assert_allclose(basis.T @ basis, np.eye(n_directions), atol=1e-15)
    scores = X @ basis
    assert_allclose(y, formula(scores[:, 0], scores[:, -1]), atol=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_default_noise_is_that_of_the_model(model):
    _, sigma, _ = MODELS[model]
    X, noisy = make_sdr_regression(5000, model=model, random_state=1)
    same, clean = make_sdr_regression(5000, model=model, noise=0, random_state=1)
    _, louder = make_sdr_regression(5000, model=model, noise=3 * sigma, random_state=1)
    assert_array_equal(X, same)
    e = noisy - clean
    assert abs(e.mean()) < 5 * sigma / np.sqrt(5000)
    assert abs(e.std() / sigma - 1) < 5 / np.sqrt(2 * 5000)
    assert_allclose(louder - clean, 3 * e, atol=1e-12)
    # it has nothing to do with the features
    assert np.max(np.abs(X.T @ e)) / 5000 < 5 * sigma / np.sqrt(5000)


def test_features_are_standard_normal_whatever_the_model():
    tables = [make_sdr_regression(20000, model=m, random_state=0)[0] for m in MODELS]
    for X in tables[1:]:
        assert_array_equal(X, tables[0])
    X = tables[0]
    assert_allclose(X.mean(axis=0), 0, atol=5 / np.sqrt(20000))
    assert_allclose(np.cov(X.T), np.eye(10), atol=5 * np.sqrt(2 / 20000))


def test_defaults_are_500_rows_of_10_features():
    X, y = make_sdr_regression(random_state=0)
    assert X.shape == (500, 10)
    assert y.shape == (500,)
    assert X.dtype == y.dtype == np.float64
    mixed = make_sdr_regression(model="mixed", random_state=0)[1]
    assert_array_equal(y, mixed)


def test_one_seed_gives_the_same_data():
    X, y = make_sdr_regression(random_state=4)
    again, y_again = make_sdr_regression(random_state=np.random.RandomState(4))
    assert_array_equal(again, X)
    assert_array_equal(y_again, y)
    other, _ = make_sdr_regression(random_state=5)
    assert np.any(other != X)


@pytest.mark.parametrize(("model", "fewest"), [("cubic", 4), ("rational", 8)])
def test_directions_that_do_not_fit_are_refused(model, fewest):
    X, _ = make_sdr_regression(5, fewest, model=model, random_state=0)
    assert X.shape == (5, fewest)
    with pytest.raises(ValueError, match="n_features"):
        make_sdr_regression(5, fewest - 1, model=model)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_samples", 0),
        ("n_samples", 2.5),
        ("n_features", 3),
        ("model", "quartic"),
        ("noise", -1),
        ("random_state", "seed"),
        ("return_basis", "yes"),
    ],
)
def test_parameters_out_of_range_are_named(name, value):
    with pytest.raises(ValueError, match=name):
        make_sdr_regression(**{name: value})
