"""Active subspaces: closed forms, invariances, models, contract, bad input."""

import warnings

import numpy as np
import pandas as pd
import pytest
from active_cases import Analytic, Quadratic, cosine, ridge_function
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestRegressor
from sklearn.feature_selection import RFE, SelectFromModel
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline

from skspace.active import ActiveSubspace
from skspace.active._estimates import estimate_gradients
from skspace.exceptions import DegenerateDataWarning


class Short(Quadratic):
    def predict(self, X):
        return np.zeros(1)


class Broken(Quadratic):
    def predict(self, X):
        return np.full(len(X), np.nan)


def closed_form(X, H, b):
    mean = X.mean(axis=0)
    g = H @ mean + b
    return H @ np.cov(X.T, bias=True) @ H + np.outer(g, g)


@pytest.mark.parametrize("source", ["given", "quadratic", "differences", "analytic"])
def test_quadratic_function_has_its_matrix_in_closed_form(quadratic, source):
    X, y, G, (H, b) = quadratic
    active = ActiveSubspace(standardize=False, n_resamples=0)
    if source == "given":
        active.fit(X, gradients=G)
    elif source == "quadratic":
        active.set_params(method="quadratic").fit(X, y)
    else:
        model = {"differences": Quadratic, "analytic": Analytic}[source](H, b)
        active.set_params(estimator=FrozenEstimator(model)).fit(X)
    expected = closed_form(X, H, b)
    assert_allclose(active.gradient_covariance_, expected, rtol=1e-7, atol=1e-7)
    values = np.linalg.eigvalsh(expected)[::-1]
    assert_allclose(active.eigenvalues_, values, rtol=1e-6, atol=1e-7)
    assert_allclose(active.components_ @ active.components_.T, np.eye(4), atol=1e-12)
    # With all directions the activity scores are the mean squared derivatives.
    assert_allclose(
        active.feature_importances_, np.diag(expected) / np.trace(expected), rtol=1e-6
    )
    v, lam = active.components_[:2], values[:2]
    two = active.set_params(n_components=2)
    two.fit(X, y, gradients=G)
    scores = (v**2).T @ lam
    assert_allclose(two.feature_importances_, scores / scores.sum(), rtol=1e-6)


@pytest.mark.parametrize("method", ["local_linear", "linear", "quadratic"])
def test_linear_function_is_found_exactly(rng, method):
    X = rng.standard_normal((60, 5))
    a = np.array([3.0, -1, 0, 0, 2])
    active = ActiveSubspace(method=method, standardize=False).fit(X, X @ a)
    assert active.n_components_ == 1
    assert_allclose(active.eigenvalues_[0], a @ a, rtol=1e-6)
    assert cosine(active, a) == pytest.approx(1, abs=1e-10)
    assert active.direction_angle_ < 1e-5


def test_direction_of_a_sine_is_found_from_values(rng):
    X, y, a = ridge_function(rng, 2000, 10)
    active = ActiveSubspace("gap", n_resamples=20, random_state=0).fit(X, y)
    assert active.n_components_ == 1
    assert cosine(active, a) > 0.99


def test_irrelevant_columns_have_next_to_no_importance(rng):
    X = rng.standard_normal((1500, 10))
    y = X[:, 0] * X[:, 1] + X[:, 2]
    shares = ActiveSubspace(2, n_resamples=0).fit(X, y).feature_importances_
    assert set(np.argsort(-shares)[:3]) == {0, 1, 2}
    assert np.sum(shares[3:]) < 0.1
    exact = ActiveSubspace(method="quadratic", n_resamples=0).fit(X, y)
    assert_allclose(exact.feature_importances_[3:], 0, atol=1e-12)


def test_rotation_turns_the_directions_along(rng):
    X, y, _ = ridge_function(rng, 300, 4)
    Q = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    active = ActiveSubspace(standardize=False, random_state=0).fit(X, y)
    turned = ActiveSubspace(standardize=False, random_state=0).fit(X @ Q, y)
    assert_allclose(turned.eigenvalues_, active.eigenvalues_, rtol=1e-6)
    assert_allclose(
        turned.gradient_covariance_,
        Q.T @ active.gradient_covariance_ @ Q,
        rtol=1e-6,
        atol=1e-9,
    )


@pytest.mark.parametrize("method", ["local_linear", "quadratic"])
def test_units_of_the_features_do_not_matter(rng, method):
    X, y, _ = ridge_function(rng, 300, 4)
    units = np.array([1e150, 1e-150, 1.0, 60.0])
    active = ActiveSubspace(method=method, random_state=0).fit(X, y)
    scaled = ActiveSubspace(method=method, random_state=0).fit(X * units + units, y)
    for name in ("eigenvalues_", "feature_importances_", "direction_intervals_"):
        assert_allclose(
            getattr(scaled, name), getattr(active, name), rtol=1e-6, atol=1e-7
        )
    assert_allclose(scaled.transform(X * units + units), active.transform(X), rtol=1e-6)


def test_features_may_reach_to_the_ends_of_the_range(rng):
    X, y, _ = ridge_function(rng, 100, 3)
    X /= np.max(np.abs(X))
    found, far = (ActiveSubspace(random_state=0).fit(s * X, y) for s in (1, 1.7e308))
    assert_allclose(far.eigenvalues_, found.eigenvalues_, rtol=1e-6)


@pytest.mark.parametrize("method", ["local_linear", "linear", "quadratic"])
def test_weight_equals_repetition(rng, method):
    X, y, _ = ridge_function(rng, 80, 3, noise=0.5)
    counts = rng.randint(0, 4, 80)
    active = ActiveSubspace(method=method, n_resamples=0)
    active.fit(X, y, sample_weight=counts)
    repeated = ActiveSubspace(method=method, n_resamples=0)
    order = rng.permutation(np.sum(counts))
    repeated.fit(np.repeat(X, counts, axis=0)[order], np.repeat(y, counts)[order])
    for name in ("mean_", "scale_", "gradient_covariance_", "components_"):
        assert_allclose(
            getattr(active, name), getattr(repeated, name), rtol=1e-7, atol=1e-10
        )


def test_scores_go_back_and_forth(quadratic):
    X, y, _, _ = quadratic
    active = ActiveSubspace(2, method="quadratic").fit(X, y)
    scores = active.transform(X)
    standardised = (X - active.mean_) / active.scale_
    assert_allclose(scores, standardised @ active.components_.T, atol=1e-12)
    assert_allclose(active.transform(active.inverse_transform(scores)), scores)
    V = active.components_
    assert_allclose(V @ V.T, np.eye(2), atol=1e-12)
    everything = ActiveSubspace(method="quadratic").fit(X, y)
    assert_allclose(everything.inverse_transform(everything.transform(X)), X)
    with pytest.raises(ValueError, match="gives 2 scores"):
        active.inverse_transform(X)


def test_outputs_add_up(quadratic):
    X, y, G, _ = quadratic
    other = np.stack([G, -2 * G], axis=1)
    one = ActiveSubspace().fit(X, gradients=G)
    two = ActiveSubspace().fit(X, gradients=other)
    assert_allclose(two.eigenvalues_, 5 * one.eigenvalues_)
    values = ActiveSubspace(method="quadratic", random_state=0)
    single = values.fit(X, y).gradient_covariance_
    double = values.fit(X, np.stack([y, -2 * y, 0 * y], axis=1)).gradient_covariance_
    assert_allclose(double, 5 * single, rtol=1e-8)


def test_constant_features_have_no_part(rng):
    X, y, _ = ridge_function(rng, 200, 3)
    X = np.insert(X, 1, 7.0, axis=1)
    for method in ("local_linear", "quadratic"):
        active = ActiveSubspace(method=method).fit(X, y)
        assert active.feature_importances_[1] == pytest.approx(0, abs=1e-12)
        assert np.all(np.isfinite(active.components_))


def test_equal_features_share_their_slope(rng):
    X, y, _ = ridge_function(rng, 300, 2)
    active = ActiveSubspace(1).fit(X[:, [0, 1, 1]], y)
    v = active.components_[0]
    assert v[1] == pytest.approx(v[2], rel=1e-4)


def test_models_are_fitted_frozen_or_asked_for_probabilities(rng):
    X, y, a = ridge_function(rng, 300, 3)
    linear = ActiveSubspace(estimator=LinearRegression()).fit(X, y)
    assert linear.n_components_ == 1
    coef = linear.estimator_.coef_
    assert cosine(linear, coef) == pytest.approx(1, abs=1e-9)
    forest = RandomForestRegressor(50, random_state=0)
    rough = ActiveSubspace(1, estimator=forest, step=0.5).fit(X, y)
    assert cosine(rough, a) > 0.8
    iris = load_iris()
    soft = ActiveSubspace(estimator=LogisticRegression(max_iter=500))
    soft.fit(iris.data, iris.target)
    # Probabilities of three classes sum to one: two directions, but for the step.
    assert soft.eigenvalues_[2] < 1e-4 * soft.eigenvalues_[0]
    assert set(np.argsort(-soft.feature_importances_)[:2]) == {2, 3}


def test_models_that_saw_names_are_shown_names(rng):
    X, y, _ = ridge_function(rng, 300, 3)
    frame = pd.DataFrame(X, columns=list("abc"))
    model = FrozenEstimator(LinearRegression().fit(frame, y))
    for table in (frame, X):
        active = ActiveSubspace(estimator=model).fit(table)
        assert cosine(active, model.coef_) == pytest.approx(1, abs=1e-9)


def test_classes_count_by_their_indicators():
    X, y = load_iris(return_X_y=True)
    names = load_iris().target_names[y]
    active = ActiveSubspace(2, random_state=0).fit(X, names)
    assert set(np.argsort(-active.feature_importances_)[:2]) == {2, 3}


def test_rules_choose_the_dimension_and_keep_their_evidence(rng):
    X = rng.standard_normal((400, 5))
    G = np.zeros((400, 5))
    G[:, 0], G[:, 1] = 3 * np.cos(X[:, 0]), 2.5 * X[:, 1]
    G += 0.05 * rng.standard_normal(G.shape)
    for rule in ("gap", "bootstrap", 0.95):
        active = ActiveSubspace(rule, random_state=0).fit(X, gradients=G)
        assert active.n_components_ == 2
        assert len(active.rank_evidence_.criterion) >= 2
    errors = active.subspace_errors_
    assert np.argmin(errors) == 1
    assert errors[1] < 0.1
    assert ActiveSubspace().fit(X, gradients=G).n_components_ == 5


def test_noise_is_not_taken_for_slope(rng):
    X = rng.standard_normal((200, 5))
    y = X[:, 0] + rng.standard_normal(200)
    active = ActiveSubspace(n_resamples=0).fit(X, y)
    assert np.sum(active.eigenvalues_) < 1.5  # without ridge about 5


def test_residuals_have_the_variance_of_the_noise(rng):
    X = rng.standard_normal((1000, 3))
    y = X @ [1.0, -1.0, 0.5] + 0.5 * rng.standard_normal(1000)
    _, field, _ = estimate_gradients(
        X,
        y,
        np.ones(1000),
        method="local_linear",
        n_neighbors="auto",
        standardize=True,
    )
    assert np.var(field.residuals) * np.var(y) == pytest.approx(0.25, rel=0.15)


def test_differences_are_divided_by_the_step_that_was_made(rng):
    X = (1000 + rng.standard_normal((60, 3))).astype(np.float32)
    b = np.array([1.0, -2.0, 0.5])
    active = ActiveSubspace(
        standardize=False, n_resamples=0, estimator=Quadratic(np.zeros((3, 3)), b)
    ).fit(X, X @ b)
    assert_allclose(active.gradient_covariance_, np.outer(b, b), rtol=1e-7)


@pytest.mark.parametrize("method", ["local_linear", "quadratic"])
def test_equal_rows_count_as_one_with_their_mean(quadratic, method):
    X, y, _, _ = quadratic
    weights = np.ones(len(X))
    weights[0] = 4
    expected = ActiveSubspace(method=method, n_resamples=0)
    expected.fit(X, y, sample_weight=weights)
    apart = np.r_[y[0] + 1, y[1:], y[0] - 3]  # of weights 3 and 1
    weights[0] = 3
    active = clone(expected)
    active.fit(np.r_[X, X[:1]], apart, sample_weight=np.r_[weights, 1])
    assert_allclose(active.eigenvalues_, expected.eigenvalues_, rtol=1e-9)


@pytest.mark.parametrize("method", ["local_linear", "linear", "quadratic"])
def test_one_result_in_every_library(rng, library, dispatch, method):
    X, y, _ = ridge_function(rng, 120, 3)
    expected = ActiveSubspace(1, method=method, random_state=0).fit(X, y)
    active = ActiveSubspace(1, method=method, random_state=0)
    active.fit(library.asarray(X), library.asarray(y))
    for name in ("components_", "eigenvalues_", "feature_importance_intervals_"):
        assert_allclose(
            library.to_numpy(getattr(active, name)),
            getattr(expected, name),
            rtol=1e-7,
            atol=1e-9,
        )


def test_it_works_in_pipelines_and_selectors(rng):
    X, y, a = ridge_function(rng, 300, 5)
    frame = pd.DataFrame(X, columns=list("abcde"))
    pipe = make_pipeline(ActiveSubspace("gap"), KNeighborsRegressor())
    assert pipe.fit(frame, y).score(frame, y) > 0.9
    active = ActiveSubspace(2).set_output(transform="pandas").fit(frame, y)
    names = ["activesubspace0", "activesubspace1"]
    assert list(active.transform(frame).columns) == names
    selector = SelectFromModel(ActiveSubspace(), max_features=2, threshold=-np.inf)
    strongest = np.argmax(np.abs(a))
    assert selector.fit(X, y).get_support()[strongest]
    assert RFE(ActiveSubspace(n_resamples=0), n_features_to_select=2).fit(X, y)


class TestBadInput:
    def test_nothing_to_differentiate(self, rng):
        X = rng.standard_normal((30, 2))
        with pytest.raises(ValueError, match="requires y to be passed"):
            ActiveSubspace().fit(X)
        with pytest.raises(ValueError, match="single value"):
            ActiveSubspace().fit(X, np.full(30, 0.1))
        with pytest.raises(ValueError, match="single value"):
            ActiveSubspace().fit(X, np.full(30, "a"))
        with pytest.raises(ValueError, match="depends on no feature"):
            ActiveSubspace().fit(X, gradients=np.zeros((30, 2)))

    def test_gradients(self, rng):
        X = rng.standard_normal((30, 2))
        G = np.ones((30, 2))
        empty = np.ones((30, 0, 2))
        for wrong in (G[:5], G[:, :1], G[:, 0], np.ones((30, 2, 2, 2)), empty):
            with pytest.raises(ValueError, match=r"shape \(30, 2\)"):
                ActiveSubspace().fit(X, gradients=wrong)
        G[3, 1] = np.nan
        with pytest.raises(ValueError, match="NaN or infinity"):
            ActiveSubspace().fit(X, gradients=G)
        with pytest.raises(ValueError, match="complex"):
            ActiveSubspace().fit(X, gradients=1j * np.ones((30, 2)))
        with pytest.raises(ValueError, match="overflow"):
            ActiveSubspace().fit(X, gradients=np.full((30, 2), 1e200))
        few = np.full(30, 1e-149)  # the mean of squares overflows, their sum does not
        for standardize, remedy in ((True, "divide"), (False, "standardize=True")):
            active = ActiveSubspace(standardize=standardize)
            with pytest.raises(ValueError, match=f"1e308; .*{remedy}"):
                active.fit(X, gradients=np.full((30, 2), 1e200), sample_weight=few)

    def test_one_resample_has_no_spread(self, rng):
        with pytest.raises(ValueError, match="n_resamples"):
            ActiveSubspace(n_resamples=1).fit(np.ones((30, 2)), np.arange(30))

    def test_too_few_rows_warn_and_answer(self, rng):
        X = rng.standard_normal((4, 6))
        y = X @ np.ones(6)
        for method in ("local_linear", "linear", "quadratic"):
            active = ActiveSubspace(method=method)
            with pytest.warns(DegenerateDataWarning, match="4 distinct samples"):
                active.fit(X, y)
            assert np.all(np.isfinite(active.components_))
        with pytest.raises(ValueError, match=r"single value|n_samples = 1 "):
            ActiveSubspace().fit(np.ones((5, 2)), np.arange(5))

    def test_neighbours(self, rng):
        X, y, _ = ridge_function(rng, 40, 5)
        with pytest.raises(ValueError, match="at least 6"):
            ActiveSubspace(n_neighbors=3).fit(X, y)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            ActiveSubspace(n_neighbors=400).fit(X, y)

    def test_too_many_directions(self, rng):
        X = rng.standard_normal((40, 3))
        with pytest.raises(ValueError, match="more than the 1"):
            ActiveSubspace(2, method="linear").fit(X, X[:, 0])

    def test_models(self, quadratic):
        X, y, _, (H, b) = quadratic
        with pytest.raises(ValueError, match="NaN or infinity"):
            ActiveSubspace(estimator=Broken(H, b)).fit(X, y)
        with pytest.raises(ValueError, match="1 predictions for 200 rows"):
            ActiveSubspace(estimator=Short(H, b)).fit(X, y)
        with pytest.raises(ValueError, match="takes no sample_weight"):
            ActiveSubspace(estimator=Quadratic(H, b)).fit(X, y, sample_weight=y * 0 + 1)
        with pytest.raises(ValueError, match="requires y to be passed"):
            ActiveSubspace(estimator=Quadratic(H, b)).fit(X)

    def test_weights(self, quadratic):
        X, y, _, _ = quadratic
        with pytest.raises(ValueError, match="Negative values"):
            ActiveSubspace().fit(X, y, sample_weight=-np.ones(len(X)))
