"""Fits of Gaussian-RBF models: solvers, starts and stops, weights, units, bad input."""

import warnings

import numpy as np
import pytest
from active_cases import split, two_moons
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import mean_squared_error

from skspace.active import GaussianRBFClassifier, GaussianRBFRegressor
from skspace.callback import ObjectiveMonitor
from skspace.datasets import make_active_subspace
from skspace.exceptions import FewerCentersWarning

SOLVERS = [
    {},
    {"alpha_weights": 1e-4},
    {"solver": "lbfgs"},
    {"solver": "lbfgs", "penalty": "norm"},
    {"solver": "adam", "max_iter": 40},
]


@pytest.mark.parametrize("parameters", SOLVERS, ids=str)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_every_solver_learns(parameters):
    X, y = make_active_subspace(200, 3, random_state=0)
    rbf = GaussianRBFRegressor(12, random_state=0, **parameters).fit(X, y)
    assert rbf.score(X, y) > 0.9
    X, y = two_moons()
    rbf = GaussianRBFClassifier(12, random_state=0, **parameters).fit(X, y)
    assert rbf.score(X, y) > 0.9


def test_eliminated_weights_reach_what_joint_ones_do():
    """The same penalised loss, minimised in two ways."""
    X, y = make_active_subspace(150, 3, random_state=0)
    common = {"alpha_precision": 1e-2, "alpha_weights": 1e-2, "tol": 1e-9}
    for solver in ("varpro", "lbfgs"):
        rbf = GaussianRBFRegressor(6, solver=solver, max_iter=3000, **common).fit(X, y)
        if solver == "varpro":
            least = rbf.objective_
    assert least <= rbf.objective_ + 1e-4


@pytest.mark.parametrize("scale", [1e-150, 1e150])
def test_units_do_not_matter(scale):
    X, y = make_active_subspace(100, 3, random_state=0)
    one = GaussianRBFRegressor().fit(X, y)
    other = GaussianRBFRegressor().fit(scale * X, scale * y)
    np.testing.assert_allclose(
        other.predict(scale * X) / scale, one.predict(X), atol=1e-5
    )
    np.testing.assert_allclose(
        other.feature_importances_, one.feature_importances_, atol=1e-5
    )
    X, y = two_moons()
    one = GaussianRBFClassifier().fit(X, y).predict_proba(X)
    other = GaussianRBFClassifier().fit(scale * X, y).predict_proba(scale * X)
    np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.parametrize("scale", [1e-90, 1e-3, 1e3, 1e90])
def test_common_unit_does_not_matter_without_scaling(scale):
    X, y = make_active_subspace(100, 3, random_state=0)
    one = GaussianRBFRegressor(standardize=False).fit(X, y)
    other = GaussianRBFRegressor(standardize=False).fit(scale * X, y)
    assert one.score(X, y) > 0.9
    np.testing.assert_allclose(other.predict(scale * X), one.predict(X), atol=1e-5)
    np.testing.assert_allclose(other.precision_ * scale**2, one.precision_, atol=1e-5)
    np.testing.assert_allclose(
        other.gradient_covariance_ * scale**2, one.gradient_covariance_, atol=1e-5
    )
    np.testing.assert_allclose(
        other.transform(scale * X) / scale, one.transform(X), atol=1e-5
    )
    np.testing.assert_allclose(one.scale_, 1)
    Z = (X - one.centers_[0]) @ one.cholesky_
    difference = X - one.centers_[0]
    distances = np.sum(difference @ one.precision_ * difference, axis=1)
    np.testing.assert_allclose(np.sum(Z * Z, axis=1), distances, rtol=1e-9)


def test_order_of_rows_does_not_matter():
    X, y = make_active_subspace(100, 3, random_state=0)
    order = np.random.RandomState(0).permutation(100)
    one = GaussianRBFRegressor().fit(X, y)
    other = GaussianRBFRegressor().fit(X[order], y[order])
    np.testing.assert_array_equal(one.predict(X), other.predict(X))


@pytest.mark.parametrize(
    "parameters", [{}, {"early_stopping": True, "random_state": 0}], ids=str
)
@pytest.mark.parametrize("estimator", [GaussianRBFRegressor, GaussianRBFClassifier])
def test_weight_equals_repetition_after_optimisation(estimator, parameters):
    X, y = two_moons(80)
    y = y if estimator is GaussianRBFClassifier else X[:, 0] ** 2 + X[:, 1]
    counts = np.random.RandomState(0).randint(0, 4, size=80)
    model = estimator(**parameters)
    one = clone(model).fit(X, y, sample_weight=counts)
    rows = np.repeat(np.arange(80), counts)
    other = clone(model).fit(X[rows], y[rows])
    np.testing.assert_allclose(one.precision_, other.precision_, rtol=1e-9)
    np.testing.assert_allclose(one.centers_, other.centers_, rtol=1e-9)


def test_class_weight_multiplies_the_weights_of_rows():
    X, y = two_moons()
    weights = np.where(y == 1, 3.0, 1.0)
    one = GaussianRBFClassifier(class_weight={0: 1, 1: 3}).fit(X, y)
    other = GaussianRBFClassifier().fit(X, y, sample_weight=weights)
    np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X))
    some = 1.0 + np.arange(len(y)) % 3
    one = clone(one).fit(X, y, sample_weight=some)
    other = clone(other).fit(X, y, sample_weight=some * weights)
    np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X))
    rare = (y == 0) | (np.arange(len(y)) % 4 == 0)
    plain = GaussianRBFClassifier().fit(X[rare], y[rare])
    even = GaussianRBFClassifier(class_weight="balanced").fit(X[rare], y[rare])
    assert np.mean(even.predict(X)) > np.mean(plain.predict(X))


def test_centers_of_many_rows_follow_the_weights():
    X = np.random.RandomState(0).uniform(-1, 1, (900, 1))
    weights = np.where(X[:, 0] < 0, 1000.0, 1.0)
    rbf = GaussianRBFRegressor(1, learn_centers=False)
    assert rbf.fit(X, X[:, 0], sample_weight=weights).centers_[0, 0] < -0.4


def test_centers_stay_where_they_are_told_to():
    X, y = make_active_subspace(80, 3, random_state=0)
    rbf = GaussianRBFRegressor(centers=X[:9], learn_centers=False).fit(X, y)
    np.testing.assert_allclose(rbf.centers_, X[:9], atol=1e-12)
    drawn = GaussianRBFRegressor(
        7, centers="random", learn_centers=False, random_state=0
    ).fit(X, y)
    rows = np.argmin(np.abs(drawn.centers_[:, None] - X[None]).sum(axis=2), axis=1)
    np.testing.assert_allclose(drawn.centers_, X[rows], atol=1e-12)


def test_duplicate_centers_do_no_harm():
    X, y = make_active_subspace(80, 2, random_state=0)
    rbf = GaussianRBFRegressor(centers=np.tile(X[:4], (5, 1))).fit(X, y)
    assert np.all(np.isfinite(rbf.predict(X)))
    assert rbf.score(X, y) > 0.5


def test_too_many_centers_are_reduced_with_a_warning():
    X, y = make_active_subspace(20, 2, random_state=0)
    with pytest.warns(FewerCentersWarning, match="20 different rows"):
        rbf = GaussianRBFRegressor(50).fit(X, y)
    assert rbf.centers_.shape == (20, 2)
    with pytest.warns(FewerCentersWarning, match="5 different rows"):
        GaussianRBFRegressor(20).fit(np.tile(X[:5], (4, 1)), y)


def test_restarts_keep_the_best():
    X, y = make_active_subspace(120, 4, model="bowl", random_state=0)
    one = GaussianRBFRegressor(random_state=0).fit(X, y)
    best = GaussianRBFRegressor(n_restarts=3, random_state=0).fit(X, y)
    assert best.objective_ <= one.objective_
    X, y = make_active_subspace(60, 4, model="bowl", random_state=4)
    one = GaussianRBFRegressor(4, rank=1, random_state=0).fit(X, y)
    best = clone(one).set_params(n_restarts=4).fit(X, y)
    assert best.objective_ < one.objective_ - 0.3


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_early_stopping_saves_an_unpenalised_fit():
    """Hardly any penalty: without held-out rows diabetes ends far above 60."""
    X, y = load_diabetes(return_X_y=True)
    X_train, X_test, y_train, y_test = split(X, y, 0)
    common = {"alpha_precision": 1e-6, "alpha_weights": 1e-6, "tol": 1e-5}
    errors = {}
    for early in (False, True):
        rbf = GaussianRBFRegressor(
            32, early_stopping=early, random_state=0, **common
        ).fit(X_train, y_train)
        errors[early] = mean_squared_error(y_test, rbf.predict(X_test)) ** 0.5
    assert errors[True] < 65 < errors[False]


@pytest.mark.parametrize("n_classes", [2, 3])
def test_early_stopping_keeps_a_row_of_each_class(n_classes):
    X = np.random.RandomState(0).standard_normal((12, 3))
    y = np.maximum(np.arange(12) - 12 + n_classes, 0)  # the last ones are alone
    for seed in range(8):
        rbf = GaussianRBFClassifier(
            early_stopping=True, validation_fraction=0.5, random_state=seed
        ).fit(X, y)
        assert np.all(np.isfinite(rbf.predict_proba(X)))
    rbf.set_params(validation_fraction=0.8)
    with pytest.raises(ValueError, match="none of some of the 12 classes"):
        rbf.fit(X, np.arange(12))


def test_warm_start_goes_on():
    X, y = make_active_subspace(150, 4, random_state=0)
    rbf = GaussianRBFRegressor(warm_start=True).fit(X, y)
    cold = rbf.n_iter_
    rbf.fit(1e3 * X + 7, y)
    assert rbf.n_iter_ < cold
    rbf.fit(X[:, :2], y)  # other features: a cold start
    assert rbf.n_features_in_ == 2
    for n_centers in (12, 20):
        rbf.set_params(n_centers=n_centers).fit(X[:, :2], y)
        assert len(rbf.centers_) == n_centers
    assert len(rbf.set_params(centers=X[:5, :2]).fit(X[:, :2], y).centers_) == 5


def test_stopping_short_is_said():
    X, y = make_active_subspace(100, 3, random_state=0)
    with pytest.warns(ConvergenceWarning, match="max_iter=2"):
        rbf = GaussianRBFRegressor(max_iter=2).fit(X, y)
    assert rbf.n_iter_ == 2
    assert not rbf.converged_
    assert len(rbf.loss_curve_) == 2


def test_start_that_is_a_minimum_has_an_objective():
    X = np.random.RandomState(0).standard_normal((40, 3))
    rbf = GaussianRBFRegressor(
        centers=X[:2] + 1e9,  # so far away that no function changes
        learn_centers=False,
        alpha_weights=1e-3,
        alpha_precision=0,
    ).fit(X, X[:, 0])
    np.testing.assert_allclose(rbf.objective_, 1)  # the variance of y


def test_progress_is_seen(capsys):
    X, y = make_active_subspace(60, 2, random_state=0)
    rbf = GaussianRBFRegressor(verbose=1)
    monitor = ObjectiveMonitor()
    if hasattr(rbf, "set_callbacks"):
        rbf.set_callbacks(monitor)
    rbf.fit(X, y)
    assert f"iteration {rbf.n_iter_}: objective" in capsys.readouterr().out


def test_constant_and_copied_features_do_no_harm():
    X, y = make_active_subspace(120, 3, random_state=0)
    one = GaussianRBFRegressor().fit(X, y)
    wide = np.column_stack([X, np.full(120, 7.0)])
    other = GaussianRBFRegressor().fit(wide, y)
    assert other.feature_importances_[3] == 0
    np.testing.assert_allclose(other.predict(wide), one.predict(X), atol=1e-5)
    copied = np.column_stack([X, X[:, 0], X[:, 0] + X[:, 1]])
    assert GaussianRBFRegressor().fit(copied, y).score(copied, y) > 0.9


@pytest.mark.parametrize("parameters", SOLVERS, ids=str)
def test_constant_response_is_predicted(parameters):
    X, _ = make_active_subspace(40, 2, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        rbf = GaussianRBFRegressor(5, random_state=0, **parameters)
        rbf.fit(X, np.full(40, 3.5))
    np.testing.assert_allclose(rbf.predict(X), 3.5, atol=1e-6)


def test_all_features_constant():
    y = np.arange(10.0)
    rbf = GaussianRBFRegressor().fit(np.ones((10, 2)), y)
    np.testing.assert_allclose(rbf.predict(np.ones((3, 2))), 4.5)
    assert np.all(rbf.feature_importances_ == 0)


def test_one_class_is_refused():
    X, y = two_moons(20)
    with pytest.raises(ValueError, match="one class"):
        GaussianRBFClassifier().fit(X, np.zeros(20))
    with pytest.raises(ValueError, match="one class"):
        GaussianRBFClassifier().fit(X, y, sample_weight=y * 1.0)


@pytest.mark.parametrize("weight", [0, -1, np.nan, np.inf])
def test_class_weight_is_positive(weight):
    X, y = two_moons()
    with pytest.raises(ValueError, match="positive finite"):
        GaussianRBFClassifier(class_weight={0: weight, 1: 1}).fit(X, y)


def test_bad_settings_are_named():
    X, y = make_active_subspace(30, 2, random_state=0)
    for parameters, match in (
        ({"penalty": "norm"}, "closed form"),
        ({"centers": np.ones((3, 5))}, "rows of X"),
        ({"centers": np.full((3, 2), np.nan)}, "NaN"),
        ({"centers": np.full((3, 2), 1e200)}, "centers are too far"),
        ({"n_components": 3}, "n_components=3"),
        ({"early_stopping": True, "validation_fraction": 0.99}, "too few"),
    ):
        with pytest.raises(ValueError, match=match):
            GaussianRBFRegressor(**parameters).fit(X, y)


def test_sizes_whose_squares_overflow_are_refused():
    X, y = make_active_subspace(30, 2, random_state=0)
    for size in (1e200, 1e-200):
        with pytest.raises(ValueError, match="standardize"):
            GaussianRBFRegressor(standardize=False).fit(size * X, y)
    with pytest.raises(ValueError, match="square overflows"):
        GaussianRBFRegressor().fit(X, 1e300 * y)
