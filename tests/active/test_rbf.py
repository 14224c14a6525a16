"""Gaussian-RBF regressor and classifier: truths they find, contracts, bad input."""

import pickle
import warnings

import numpy as np
import pytest
from scipy.stats import ortho_group
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import RFE, SelectFromModel
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler

from skspace._warnings import FewerCentersWarning
from skspace.active import (
    ActiveSubspace,
    GaussianRBFClassifier,
    GaussianRBFRegressor,
)
from skspace.callback import ObjectiveMonitor
from skspace.datasets import fetch_concrete, make_active_subspace
from skspace.linalg import subspace_distance

SOLVERS = [
    {},
    {"alpha_weights": 1e-4},
    {"solver": "lbfgs"},
    {"solver": "lbfgs", "penalty": "norm"},
    {"solver": "adam", "max_iter": 40},
]


def split(X, y, seed):
    return train_test_split(X, y, test_size=0.2, random_state=seed)


def two_moons(n=120, seed=0):
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n, 3))
    return X, (X[:, 0] ** 2 + X[:, 1] + 0.1 * rng.standard_normal(n) > 0.5).astype(int)


# -- what is found --------------------------------------------------------------------


@pytest.mark.parametrize("n_features", [10, 20])
def test_known_direction_is_found(n_features):
    X, y, basis = make_active_subspace(
        500, n_features, random_state=0, return_basis=True
    )
    rbf = GaussianRBFRegressor(n_components=1).fit(X, y)
    direction = rbf.components_[0] / np.linalg.norm(rbf.components_[0])
    assert abs(direction @ basis[:, 0]) > 0.98
    assert rbf.explained_precision_ratio_[0] > 0.9
    assert rbf.noise_variance_[0] == pytest.approx(0.05**2, rel=0.5)


@pytest.mark.parametrize("importance", ["eigen", "diagonal", "gradient"])
def test_irrelevant_features_are_unimportant(importance):
    for seed in range(3):
        X, y = make_active_subspace(
            500, 20, model="interaction", aligned=True, random_state=seed
        )
        rbf = GaussianRBFRegressor(importance=importance, n_components=3).fit(X, y)
        assert set(np.argsort(-rbf.feature_importances_)[:3]) == {0, 1, 2}
        assert np.sum(rbf.feature_importances_) == pytest.approx(1)


def test_defaults_do_not_overfit_little_noisy_data():
    """Diabetes, where fitting without a suitable penalty ends near 85."""
    X, y = load_diabetes(return_X_y=True)
    errors = []
    for seed in range(10, 13):
        X_train, X_test, y_train, y_test = split(X, y, seed)
        rbf = GaussianRBFRegressor().fit(X_train, y_train)
        errors.append(mean_squared_error(y_test, rbf.predict(X_test)) ** 0.5)
    assert np.mean(errors) < 57.5


@pytest.mark.data
def test_defaults_do_not_underfit_either(data_folder):
    X, y = fetch_concrete(data_home=data_folder, return_X_y=True)
    errors = []
    for seed in range(10, 15):
        X_train, X_test, y_train, y_test = split(X, y, seed)
        rbf = GaussianRBFRegressor().fit(X_train, y_train)
        errors.append(mean_squared_error(y_test, rbf.predict(X_test)) ** 0.5)
    assert np.mean(errors) < 5.5


def test_pure_noise_is_left_alone():
    rng = np.random.RandomState(0)
    X, y = rng.standard_normal((200, 8)), rng.standard_normal(200)
    rbf = GaussianRBFRegressor().fit(X[:100], y[:100])
    assert np.std(rbf.predict(X[100:])) < 0.3


@pytest.mark.parametrize(("load", "bar"), [(load_wine, 0.975), (load_digits, 0.985)])
def test_classes_are_told_apart(load, bar):
    X, y = load(return_X_y=True)
    if load is load_digits:
        X, y = X[(y == 3) | (y == 8)], y[(y == 3) | (y == 8)]
    scores = []
    for seed in range(10, 15):
        X_train, X_test, y_train, y_test = split(X, y, seed)
        scores.append(
            GaussianRBFClassifier().fit(X_train, y_train).score(X_test, y_test)
        )
    assert np.mean(scores) >= bar


def test_two_directions_tell_three_wines_apart():
    rbf = GaussianRBFClassifier(n_components="gap").fit(*load_wine(return_X_y=True))
    assert rbf.n_components_ == 2
    assert rbf.rank_evidence_.rule == "gap"
    assert np.sum(rbf.explained_precision_ratio_) > 0.9


def test_fit_turns_with_the_features():
    """Without scaling, X Q gives the precision matrix Q'PQ and the same predictions."""
    X, y = make_active_subspace(150, 4, random_state=0)
    Q = ortho_group.rvs(4, random_state=0)
    rbf = GaussianRBFRegressor(standardize=False, max_iter=8, tol=0, centers=X[:20])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        one = clone(rbf).fit(X, y)
        other = clone(rbf).set_params(centers=X[:20] @ Q).fit(X @ Q, y)
    np.testing.assert_allclose(Q.T @ one.precision_ @ Q, other.precision_, atol=1e-6)
    np.testing.assert_allclose(one.predict(X), other.predict(X @ Q), atol=1e-6)


# -- what is fitted -------------------------------------------------------------------


@pytest.fixture(scope="module")
def fitted():
    X, y = make_active_subspace(150, 4, model="bowl", random_state=0)
    return GaussianRBFRegressor().fit(X, y), X, y


def test_attributes_describe_one_model(fitted):
    rbf, X, _ = fitted
    np.testing.assert_allclose(
        rbf.cholesky_ @ rbf.cholesky_.T, rbf.precision_, atol=1e-12
    )
    np.testing.assert_array_equal(np.triu(rbf.cholesky_, 1), 0)
    assert np.all(np.diagonal(rbf.cholesky_) >= 0)
    V = (rbf.components_ * rbf.scale_).T
    np.testing.assert_allclose(V.T @ V, np.eye(rbf.n_components_), atol=1e-10)
    kept = rbf.eigenvalues_[: rbf.n_components_]
    np.testing.assert_allclose(rbf.precision_ @ V, V * kept, atol=1e-10)
    # the formula of the model, in words of the attributes
    D = (X[:, None] - rbf.centers_[None]) / rbf.scale_
    Phi = np.exp(-np.einsum("nmi,ij,nmj->nm", D, rbf.precision_, D) / 2)
    np.testing.assert_allclose(
        Phi @ rbf.dual_coef_[:, 0] + rbf.intercept_, rbf.predict(X), atol=1e-7
    )


def test_gradient_covariance_is_that_of_finite_differences(fitted):
    rbf, X, y = fitted
    gradients = np.empty_like(X)
    for j, step in enumerate(1e-5 * rbf.scale_):
        shift = step * np.eye(X.shape[1])[j]
        gradients[:, j] = (rbf.predict(X + shift) - rbf.predict(X - shift)) / 2e-5
    np.testing.assert_allclose(
        rbf.input_gradients(X)[:, 0], gradients / rbf.scale_, atol=1e-4
    )
    expected = gradients.T @ gradients / len(X) / np.var(y)
    np.testing.assert_allclose(rbf.gradient_covariance_, expected, atol=1e-4)


def test_active_subspace_takes_the_gradients_of_the_model():
    X, y = make_active_subspace(150, 3, random_state=0)
    Y = np.stack([y, X[:, 0]], axis=1)
    rbf = GaussianRBFRegressor().fit(X, Y)
    assert rbf.input_gradients(X[:5]).shape == (5, 2, 3)
    model = GaussianRBFRegressor().fit(X, y)
    active = ActiveSubspace(1, estimator=FrozenEstimator(model), random_state=0).fit(X)
    one = active.components_[0] / np.linalg.norm(active.components_[0])
    other = model.components_[0] / np.linalg.norm(model.components_[0])
    assert abs(one @ other) > 0.99


def test_scores_come_back(fitted):
    rbf, X, _ = fitted
    scores = rbf.transform(X)
    np.testing.assert_allclose(scores, (X - rbf.mean_) @ rbf.components_.T)
    back = rbf.inverse_transform(scores)
    np.testing.assert_allclose(rbf.transform(back), scores, atol=1e-10)
    with pytest.raises(ValueError, match="scores per row"):
        rbf.inverse_transform(X[:, :1].repeat(7, axis=1))


def test_directions_left_out_hardly_change_the_prediction():
    X, y = make_active_subspace(300, 6, random_state=0)
    rbf = GaussianRBFRegressor(n_components=1).fit(X, y)
    back = rbf.inverse_transform(rbf.transform(X))
    assert np.corrcoef(rbf.predict(back), rbf.predict(X))[0, 1] > 0.99


def test_rank_limits_the_metric():
    X, y, basis = make_active_subspace(
        300, 12, model="bowl", random_state=0, return_basis=True
    )
    rbf = GaussianRBFRegressor(rank=2, n_components=2).fit(X, y)
    assert rbf.cholesky_.shape == (12, 2)
    assert np.sum(rbf.eigenvalues_ > 1e-10) == 2
    assert subspace_distance(rbf.components_.T, basis) < 0.2
    assert rbf.score(X, y) > 0.95


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


def test_outputs_are_fitted_together():
    X, y = make_active_subspace(200, 3, random_state=0)
    Y = np.stack([y, 1e3 * X[:, 0] ** 2], axis=1)
    rbf = GaussianRBFRegressor().fit(X, Y)
    assert rbf.predict(X).shape == Y.shape
    assert rbf.dual_coef_.shape[1] == rbf.intercept_.shape[0] == 2
    assert rbf.score(X, Y) > 0.9
    assert rbf.noise_variance_.shape == (2,)


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


def test_gradient_importances_are_of_the_directions_kept(fitted):
    _, X, y = fitted
    rbf = GaussianRBFRegressor(importance="gradient", n_components=1).fit(X, y)
    axis = np.linalg.eigh(rbf.gradient_covariance_)[1][:, -1]
    np.testing.assert_allclose(rbf.feature_importances_, axis**2, atol=1e-9)


def test_probabilities_sum_to_one_and_follow_the_logits():
    X, y = load_wine(return_X_y=True)
    rbf = GaussianRBFClassifier().fit(X, np.array(["a", "b", "c"])[y])
    P = rbf.predict_proba(X)
    np.testing.assert_allclose(P.sum(axis=1), 1)
    np.testing.assert_array_equal(
        np.argmax(rbf.decision_function(X), axis=1), P.argmax(1)
    )
    assert set(rbf.predict(X)) <= {"a", "b", "c"}


# -- how it is fitted -----------------------------------------------------------------


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


def test_centers_stay_where_they_are_told_to():
    X, y = make_active_subspace(80, 3, random_state=0)
    rbf = GaussianRBFRegressor(centers=X[:9], learn_centers=False).fit(X, y)
    np.testing.assert_allclose(rbf.centers_, X[:9], atol=1e-12)
    drawn = GaussianRBFRegressor(
        7, centers="random", learn_centers=False, random_state=0
    ).fit(X, y)
    rows = np.argmin(np.abs(drawn.centers_[:, None] - X[None]).sum(axis=2), axis=1)
    np.testing.assert_allclose(drawn.centers_, X[rows], atol=1e-12)


def test_stopping_short_is_said():
    X, y = make_active_subspace(100, 3, random_state=0)
    with pytest.warns(ConvergenceWarning, match="max_iter=2"):
        rbf = GaussianRBFRegressor(max_iter=2).fit(X, y)
    assert rbf.n_iter_ == 2
    assert not rbf.converged_
    assert len(rbf.loss_curve_) == 2


def test_progress_is_seen(capsys):
    X, y = make_active_subspace(60, 2, random_state=0)
    rbf = GaussianRBFRegressor(verbose=1)
    monitor = ObjectiveMonitor()
    if hasattr(rbf, "set_callbacks"):
        rbf.set_callbacks(monitor)
    rbf.fit(X, y)
    assert f"iteration {rbf.n_iter_}: objective" in capsys.readouterr().out


def test_pickles_predict_alike(fitted):
    rbf, X, _ = fitted
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(rbf)).predict(X), rbf.predict(X)
    )


def test_single_precision_in_and_out(fitted):
    rbf, X, y = fitted
    single = GaussianRBFRegressor().fit(X.astype(np.float32), y)
    assert single.predict(X.astype(np.float32)).dtype == np.float32
    assert single.transform(X.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(
        single.predict(X.astype(np.float32)), rbf.predict(X), atol=0.05
    )


# -- in pipelines ---------------------------------------------------------------------


def test_in_pipelines():
    X, y = make_active_subspace(
        150, 6, model="interaction", aligned=True, random_state=0
    )
    rbf = GaussianRBFRegressor(20)
    chosen = SelectFromModel(rbf, max_features=3, threshold=-np.inf).fit(X, y)
    assert chosen.get_support().tolist() == [True] * 3 + [False] * 3
    assert RFE(rbf, n_features_to_select=3).fit(X, y).support_[:3].all()
    search = GridSearchCV(
        make_pipeline(StandardScaler(), rbf),
        {"gaussianrbfregressor__rank": [1, None]},
        cv=2,
    ).fit(X, y)
    assert search.best_params_ == {"gaussianrbfregressor__rank": None}
    reduce = make_pipeline(GaussianRBFRegressor(n_components=3), LinearRegression())
    assert reduce.fit(X, y).score(X, y) > 0.3
    both = FeatureUnion([("rbf", rbf), ("scaled", StandardScaler())]).fit(X, y)
    assert both.transform(X).shape[1] == both.transformer_list[0][1].n_components_ + 6
    X, y = two_moons()
    pipe = make_pipeline(GaussianRBFClassifier(n_components=2), LogisticRegression())
    assert cross_val_score(pipe, X, y, cv=3).mean() > 0.6


def test_frames_come_out_as_frames():
    pd = pytest.importorskip("pandas")
    X, y = make_active_subspace(60, 3, random_state=0)
    frame = pd.DataFrame(X, columns=["a", "b", "c"], index=range(5, 65))
    rbf = GaussianRBFRegressor(n_components=2).set_output(transform="pandas")
    out = rbf.fit(frame, y).transform(frame)
    assert out.columns.tolist() == ["gaussianrbfregressor0", "gaussianrbfregressor1"]
    assert out.index.equals(frame.index)
    assert rbf.feature_names_in_.tolist() == ["a", "b", "c"]


# -- bad input ------------------------------------------------------------------------


def test_too_many_centers_are_reduced_with_a_warning():
    X, y = make_active_subspace(20, 2, random_state=0)
    with pytest.warns(FewerCentersWarning, match="20 different rows"):
        rbf = GaussianRBFRegressor(50).fit(X, y)
    assert rbf.centers_.shape == (20, 2)
    with pytest.warns(FewerCentersWarning, match="5 different rows"):
        GaussianRBFRegressor(20).fit(np.tile(X[:5], (4, 1)), y)


def test_duplicate_centers_do_no_harm():
    X, y = make_active_subspace(80, 2, random_state=0)
    rbf = GaussianRBFRegressor(centers=np.tile(X[:4], (5, 1))).fit(X, y)
    assert np.all(np.isfinite(rbf.predict(X)))
    assert rbf.score(X, y) > 0.5


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


@pytest.mark.parametrize("cls", [GaussianRBFRegressor, GaussianRBFClassifier])
def test_rows_beyond_the_range_of_numbers_are_refused(cls):
    X, y = two_moons(40)
    rbf = cls(5).fit(1e-9 * X, y)
    far = rbf.predict(1e200 * X)  # no bump reaches there: the intercept is left
    assert np.all(far == (rbf.intercept_ if cls is GaussianRBFRegressor else far[0]))
    for method in ("predict", "predict_proba", "decision_function", "input_gradients"):
        if hasattr(cls, method):
            with pytest.raises(ValueError, match=f"{method} leads beyond the range"):
                getattr(rbf, method)(1e305 * X)


def test_one_class_is_refused():
    X, y = two_moons(20)
    with pytest.raises(ValueError, match="one class"):
        GaussianRBFClassifier().fit(X, np.zeros(20))
    with pytest.raises(ValueError, match="one class"):
        GaussianRBFClassifier().fit(X, y, sample_weight=y * 1.0)


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


@pytest.mark.parametrize("weight", [0, -1, np.nan, np.inf])
def test_class_weight_is_positive(weight):
    X, y = two_moons()
    with pytest.raises(ValueError, match="positive finite"):
        GaussianRBFClassifier(class_weight={0: weight, 1: 1}).fit(X, y)


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


def test_start_that_is_a_minimum_has_an_objective():
    X = np.random.RandomState(0).standard_normal((40, 3))
    rbf = GaussianRBFRegressor(
        centers=X[:2] + 1e9,  # so far away that no function changes
        learn_centers=False,
        alpha_weights=1e-3,
        alpha_precision=0,
    ).fit(X, X[:, 0])
    np.testing.assert_allclose(rbf.objective_, 1)  # the variance of y


def test_bad_settings_are_named():
    X, y = make_active_subspace(30, 2, random_state=0)
    for parameters, match in (
        ({"penalty": "norm"}, "closed form"),
        ({"centers": np.ones((3, 5))}, "rows of X"),
        ({"centers": np.full((3, 2), np.nan)}, "NaN"),
        ({"centers": np.full((3, 2), 1e200)}, "centers are too far"),
        ({"n_components": 3}, "n_components=3"),
        ({"early_stopping": True, "validation_fraction": 0.99}, "too few"),
        ({"standardize": False}, None),
    ):
        rbf = GaussianRBFRegressor(**parameters)
        if match is None:
            with pytest.raises(ValueError, match="standardize"):
                rbf.fit(1e200 * X, y)
            with pytest.raises(ValueError, match="standardize"):
                rbf.fit(1e-200 * X, y)
            with pytest.raises(ValueError, match="square overflows"):
                GaussianRBFRegressor().fit(X, 1e300 * y)
        else:
            with pytest.raises(ValueError, match=match):
                rbf.fit(X, y)


@pytest.mark.usefixtures("dispatch")
@pytest.mark.parametrize("name", ["torch", "array_api_strict"])
def test_other_libraries_agree(name):
    xp = pytest.importorskip(name)
    X, y = make_active_subspace(90, 3, random_state=0)
    expected = GaussianRBFRegressor().fit(X, y)
    found = GaussianRBFRegressor().fit(xp.asarray(X), xp.asarray(y))
    predicted = np.asarray(found.predict(xp.asarray(X)))
    np.testing.assert_allclose(predicted, expected.predict(X), atol=1e-5)
