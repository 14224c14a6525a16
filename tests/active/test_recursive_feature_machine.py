import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.spatial.distance import cdist
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.feature_selection import SelectFromModel
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV

import skspace._validation
from skspace.active import (
    ActiveSubspace,
    RecursiveFeatureMachineClassifier,
    RecursiveFeatureMachineRegressor,
)
from skspace.active._rfm_rounds import KernelRows, learn


@pytest.fixture
def table(rng):
    X = rng.standard_normal((150, 5))
    return X, np.sin(X[:, 0] + X[:, 1]) + 0.05 * rng.standard_normal(150)


def oracle(X, y, n_rounds, bandwidth, alpha):
    """Laplace machine, one loop per gradient: returns the metric and a predictor."""
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    mean, M = y.mean(), np.eye(X.shape[1])
    for i in range(n_rounds + 1):
        D = cdist(X, X, "mahalanobis", VI=M)
        s = bandwidth * D.mean()
        a = np.linalg.solve(np.exp(-D / s) + alpha * np.eye(len(X)), y - mean)
        used = M
        if i == n_rounds:
            break
        C = 0
        for j, x in enumerate(X):
            g = 0
            for u, c, d in zip(X, a, D[j], strict=True):
                if d > 0:
                    g = g - c * M @ (x - u) * np.exp(-d / s) / (s * d)
            C = C + np.outer(g, g)
        M = C / np.max(np.diag(C))
    return used, mean + np.exp(-D / s) @ a


@pytest.mark.parametrize("n_rounds", [0, 1, 2])
def test_rounds_are_those_of_the_definition(table, monkeypatch, n_rounds):
    X, y = table
    machine = RecursiveFeatureMachineRegressor(n_rounds, bandwidth=2.0, alpha=0.1)
    from skspace.active import _rfm_base as module

    def last_round(*args):
        choice = choose(*args)
        return choice._replace(best_round=n_rounds)

    choose = module.choose
    monkeypatch.setattr(module, "choose", last_round)
    machine.fit(X, y)
    M, fitted = oracle(X, y, n_rounds, 2.0, 0.1)
    assert_allclose(machine.feature_matrix_, M, rtol=1e-5, atol=1e-7)
    assert_allclose(machine.predict(X), fitted, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("kernel", ["laplace", "gaussian"])
def test_gradients_are_those_of_the_predictions(table, rng, kernel):
    X, y = table
    X = X * [1, 10, 1, 1, 0.1] + 3
    machine = RecursiveFeatureMachineRegressor(2, kernel=kernel, random_state=0)
    machine.fit(X, y)
    at = X[:6] + 0.05 * rng.standard_normal((6, 5))
    G = machine.input_gradients(at)
    assert G.shape == (6, 1, 5)
    for j in range(5):
        step = np.zeros(5)
        step[j] = 1e-6 * machine.scale_[j]
        change = machine.predict(at + step) - machine.predict(at - step)
        assert_allclose(G[:, 0, j], change / (2 * step[j]), rtol=1e-4, atol=1e-6)
    C = machine.input_gradients(X)[:, 0] * machine.scale_
    assert_allclose(machine.gradient_covariance_, C.T @ C / len(X), rtol=1e-8)


def test_irrelevant_features_fade_and_the_direction_is_found(rng):
    X = rng.standard_normal((400, 15))
    y = np.sin(X[:, 0] + X[:, 1])
    machine = RecursiveFeatureMachineRegressor(random_state=0).fit(X[:300], y[:300])
    assert machine.best_round_ > 0
    assert set(np.argsort(-machine.feature_importances_)[:2]) == {0, 1}
    assert np.sum(machine.feature_importances_[2:]) < 0.05
    assert abs(machine.components_[0, :2].sum()) / np.sqrt(2) > 0.98
    plain = RecursiveFeatureMachineRegressor(0, random_state=0).fit(X[:300], y[:300])
    assert plain.score(X[300:], y[300:]) < machine.score(X[300:], y[300:]) - 0.1
    # Directions of the function, by anyone who asks it.
    active = ActiveSubspace(1, estimator=FrozenEstimator(machine)).fit(X[:300])
    assert_allclose(
        np.abs(active.components_), np.abs(machine.components_[:1]), atol=1e-3
    )


def test_weight_equals_repetition(table, rng):
    X, y = table
    counts = rng.randint(0, 3, len(X))
    order = rng.permutation(np.sum(counts))
    for cls, target in (
        (RecursiveFeatureMachineRegressor, y),
        (RecursiveFeatureMachineClassifier, y > 0),
    ):
        weighted = cls(2, random_state=0).fit(X, target, sample_weight=counts)
        repeated = cls(2, random_state=0).fit(
            np.repeat(X, counts, axis=0)[order], np.repeat(target, counts)[order]
        )
        assert_allclose(
            weighted.feature_importances_, repeated.feature_importances_, rtol=1e-6
        )
        assert_allclose(weighted.transform(X), repeated.transform(X), atol=1e-6)


def test_units_and_order_do_not_matter(table, rng):
    X, y = table
    machine = RecursiveFeatureMachineRegressor(2, random_state=0).fit(X, y)
    units = np.array([1e100, 1e-100, 60.0, 1, 1])
    order = rng.permutation(len(X))
    other = RecursiveFeatureMachineRegressor(2, random_state=0)
    other.fit((X * units)[order], 1e6 * y[order] + 5)
    assert_allclose(other.predict(X * units), 1e6 * machine.predict(X) + 5, rtol=1e-5)
    assert_allclose(other.feature_importances_, machine.feature_importances_, rtol=1e-4)


def test_outputs_are_fitted_together(table):
    X, y = table
    Y = np.stack([y, 100 * X[:, 2]], axis=1)
    machine = RecursiveFeatureMachineRegressor(1, random_state=0).fit(X, Y)
    assert machine.predict(X).shape == (150, 2)
    assert machine.score(X, Y) > 0.9
    assert machine.input_gradients(X).shape == (150, 2, 5)


def test_kept_round_is_the_best_on_validation_rows(table):
    machine = RecursiveFeatureMachineRegressor(4, random_state=0).fit(*table)
    assert machine.best_round_ == np.argmin(machine.validation_errors_)
    assert len(machine.validation_errors_) == 5


def test_probabilities_are_calibrated_and_agree_with_predictions():
    X, y = load_breast_cancer(return_X_y=True)
    machine = RecursiveFeatureMachineClassifier(2, random_state=0).fit(X[:400], y[:400])
    chances = machine.predict_proba(X[400:])
    assert_allclose(chances.sum(axis=1), 1)
    assert machine.score(X[400:], y[400:]) > 0.95
    assert log_loss(y[400:], chances) < 0.15
    margin = machine.decision_function(X[400:])
    assert np.all((margin > 0) == (machine.predict(X[400:]) == machine.classes_[1]))


def test_classes_keep_their_names(table):
    X, y = table
    names = np.array(["low", "mid", "top"])[np.digitize(y, [-0.5, 0.5])]
    machine = RecursiveFeatureMachineClassifier(1, random_state=0).fit(X, names)
    assert list(machine.classes_) == ["low", "mid", "top"]
    assert machine.decision_function(X).shape == (150, 3)
    assert machine.score(X, names) > 0.9


def test_it_works_in_searches_and_selectors():
    X, y = load_diabetes(return_X_y=True)
    X, y = X[:150], y[:150]
    search = GridSearchCV(
        RecursiveFeatureMachineRegressor(1, alpha=1.0, random_state=0),
        {"kernel": ["laplace", "gaussian"]},
        cv=3,
    ).fit(X, y)
    assert search.best_score_ > 0.3
    selector = SelectFromModel(search.best_estimator_, max_features=3)
    assert selector.fit(X, y).get_support()[[2, 8]].all()  # bmi and s5


def test_a_sample_is_fitted_where_memory_ends(table, monkeypatch):
    X, y = table
    monkeypatch.setattr(skspace._validation, "MEMORY_BOUND", 8 * 100**2)
    with pytest.raises(ValueError, match=r"150 rows.*max_samples"):
        RecursiveFeatureMachineRegressor(1).fit(X, y)
    machine = RecursiveFeatureMachineRegressor(1, max_samples=90, random_state=0)
    assert machine.fit(X, y).score(X, y) > 0.7


def test_bad_input(table):
    X, y = table
    with pytest.raises(ValueError, match="single value"):
        RecursiveFeatureMachineRegressor().fit(X, np.ones(150))
    with pytest.raises(ValueError, match="one class"):
        RecursiveFeatureMachineClassifier().fit(X, np.ones(150))
    with pytest.raises(ValueError, match="NaN"):
        RecursiveFeatureMachineRegressor().fit(X, np.where(y > 1, np.nan, y))
    with pytest.raises(ValueError, match="n_samples = 1"):
        RecursiveFeatureMachineRegressor().fit(np.ones((4, 2)), np.arange(4))
    with pytest.raises(ValueError, match="more than the"):
        RecursiveFeatureMachineRegressor(1, n_components=9).fit(X, y)
    for size in (1e300, 1e-200):
        with pytest.raises(ValueError, match="multiply y by a constant"):
            RecursiveFeatureMachineRegressor(1).fit(X, size * y)
        for cls in MACHINES:
            with pytest.raises(ValueError, match="set standardize=True, or multiply X"):
                cls(1, standardize=False).fit(size * X, y > 0)


@pytest.mark.parametrize("kernel", ["laplace", "gaussian"])
def test_weights_solve_the_regression_of_repeated_rows(table, rng, kernel):
    X, y = (part[:40] for part in table)
    counts = rng.randint(1, 4, size=40)
    (machine,) = learn(
        KernelRows(X, y[:, None], counts * 1.0), np.eye(5), 1.0, [0.1], kernel
    )
    X_all, y_all = np.repeat(X, counts, axis=0), np.repeat(y, counts)
    D = cdist(X_all, X_all)
    s = np.mean(D)
    K = np.exp(-D / s) if kernel == "laplace" else np.exp(-(D**2) / (2 * s**2))
    mean = np.mean(y_all)
    left = np.linalg.solve(K + 0.1 * np.eye(len(K)), y_all - mean)
    assert_allclose(machine.values(X_all)[:, 0], K @ left + mean, atol=1e-8)


def test_float32_holds_squares_of_large_slopes(table):
    X, y = table
    machine = RecursiveFeatureMachineRegressor(1, random_state=0)
    values = machine.fit(X.astype(np.float32), y).eigenvalues_
    large = machine.fit(X.astype(np.float32), y * 1e30).eigenvalues_
    assert_allclose(large, values * 1e60, rtol=1e-4, atol=1e50)


MACHINES = [RecursiveFeatureMachineRegressor, RecursiveFeatureMachineClassifier]


@pytest.mark.parametrize("kernel", ["laplace", "gaussian"])
def test_far_away_the_function_is_its_mean(table, kernel):
    X, y = table
    machine = RecursiveFeatureMachineRegressor(1, kernel=kernel, random_state=0)
    machine.fit(X, y)
    for size in (1e10, 1e160, 1e300):
        assert_allclose(machine.predict(size * X[:3]), np.mean(y))
        assert_allclose(machine.input_gradients(size * X[:3]), 0, atol=1e-12)


@pytest.mark.parametrize("cls", MACHINES)
def test_rows_beyond_the_range_of_numbers_are_refused(table, cls):
    X, y = table
    machine = cls(1, random_state=0).fit(
        1e-9 * X, y if "Reg" in cls.__name__ else y > 0
    )
    asked = {"predict", "predict_proba", "decision_function", "input_gradients"}
    for method in filter(lambda name: hasattr(cls, name), asked):
        with pytest.raises(ValueError, match=rf"{method} leads beyond the range"):
            getattr(machine, method)(1e305 * X)


@pytest.mark.parametrize("cls", MACHINES)
def test_single_precision_in_and_out(table, cls):
    X, y = table
    X, y = X.astype(np.float32), y > 0
    machine = cls(1, random_state=0).fit(X, y)
    for method in ("predict_proba", "decision_function", "input_gradients"):
        if hasattr(cls, method):
            assert getattr(machine, method)(X).dtype == np.float32
    if cls is RecursiveFeatureMachineRegressor:
        assert machine.predict(X).dtype == np.float32


@pytest.mark.usefixtures("dispatch")
@pytest.mark.parametrize("cls", MACHINES)
def test_arrays_of_other_libraries_are_computed_with_on_the_host(table, library, cls):
    X, y = table[0], (table[1] > 0).astype(np.int64)
    expected = cls(1, random_state=0).fit(X, y)
    machine = cls(1, random_state=0).fit(library.asarray(X), library.asarray(y))
    assert_allclose(machine.predict(library.asarray(X)), expected.predict(X))
    assert_allclose(machine.transform(library.asarray(X)), expected.transform(X))


def test_a_single_column_of_responses_stays_one(table):
    X, y = table
    machine = RecursiveFeatureMachineRegressor(1, random_state=0).fit(X, y[:, None])
    assert machine.predict(X).shape == (150, 1)


def test_units_near_the_ends_of_the_range_change_nothing(rng):
    X = rng.standard_normal((60, 3))
    weights = np.full(60, 2.0**30)
    far = [
        RecursiveFeatureMachineRegressor(random_state=0)
        .fit(unit * X, X[:, 0], sample_weight=weights)
        .predict(unit * X)
        for unit in (1.0, 2.0**990)
    ]
    assert_allclose(*far, rtol=1e-9, atol=1e-9)
