"""Gaussian-RBF regressor and classifier: truths they find, what a fitted one is."""

import pickle
import warnings

import numpy as np
import pytest
from active_cases import split, two_moons
from scipy.stats import ortho_group
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import RFE, SelectFromModel
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler

from skspace.active import (
    ActiveSubspace,
    GaussianRBFClassifier,
    GaussianRBFRegressor,
)
from skspace.datasets import fetch_concrete, make_active_subspace
from skspace.linalg import subspace_distance

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
    for seed in range(10, 12):
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


def test_outputs_are_fitted_together():
    X, y = make_active_subspace(200, 3, random_state=0)
    Y = np.stack([y, 1e3 * X[:, 0] ** 2], axis=1)
    rbf = GaussianRBFRegressor().fit(X, Y)
    assert rbf.predict(X).shape == Y.shape
    assert rbf.dual_coef_.shape[1] == rbf.intercept_.shape[0] == 2
    assert rbf.score(X, Y) > 0.9
    assert rbf.noise_variance_.shape == (2,)


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


@pytest.mark.usefixtures("dispatch")
def test_other_libraries_agree(library):
    X, y = make_active_subspace(90, 3, random_state=0)
    expected = GaussianRBFRegressor().fit(X, y).predict(X)
    there = library.asarray(X)
    found = GaussianRBFRegressor().fit(there, library.asarray(y)).predict(there)
    np.testing.assert_allclose(library.to_numpy(found), expected, atol=1e-5)


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
