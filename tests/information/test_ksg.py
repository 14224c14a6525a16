"""KSG: the definition, closed forms, invariances, refusals."""

import math

import numpy as np
import oracles
import pytest
from sklearn.feature_selection import mutual_info_regression as of_sklearn

from skspace.datasets import fetch_mi_task, get_mi_task_names
from skspace.exceptions import DegenerateDataWarning, TiedValuesWarning
from skspace.information import KSGMutualInfo
from skspace.information._ksg import ksg, ksg_terms


def normal_pair(rng, n, r, d=1):
    X = rng.standard_normal((n, d))
    return X, r * X + math.sqrt(1 - r * r) * rng.standard_normal((n, d))


@pytest.mark.parametrize("name", get_mi_task_names())
def test_estimate_is_the_definition_on_every_task(name, data_folder):
    X, y = fetch_mi_task(name, data_home=data_folder, return_X_y=True)
    X, Y = (np.asarray(Z[:250], float).reshape(250, -1) for Z in (X, y))
    X, Y = ((Z - Z.mean(axis=0)) / Z.std(axis=0) for Z in (X, Y))
    for k in (3, 5):
        assert ksg(X, Y, k) == pytest.approx(oracles.ksg(X, Y, k), abs=1e-10)


@pytest.mark.parametrize("k", [1, 3, 10])
def test_two_columns_give_what_scikit_learn_gives(k, rng):
    X, Y = normal_pair(rng, 700, 0.8)
    theirs = of_sklearn(X / X.std(), Y[:, 0], n_neighbors=k, random_state=0)[0]
    assert ksg(X / X.std(), Y / Y.std(), k) == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize("method", ["ksg1", "ksg2"])
@pytest.mark.parametrize("metric", ["chebyshev", "euclidean"])
@pytest.mark.parametrize(("r", "d"), [(0.0, 1), (0.9, 1), (0.6, 2)])
def test_estimates_are_near_the_truth_of_normal_pairs(r, d, metric, method, rng):
    truth = -0.5 * d * math.log(1 - r * r)
    found = [
        ksg(*normal_pair(rng, 600, r, d), method=method, metric=metric)
        for _ in range(8)
    ]
    error = np.std(found) / math.sqrt(8)
    assert abs(np.mean(found) - truth) < 4 * error + 0.02 * d * (r > 0)


def test_second_estimator_counts_in_the_rectangle_of_the_neighbours(rng):
    n, k = 60, 3
    V = [rng.standard_normal((n, d)) for d in (1, 2, 1)]
    _, counts, _ = oracles.neighbor_counts(
        V, k, [[0], [1], [2]], "rectangle", "chebyshev"
    )

    def psi(m):  # of a natural number
        return sum(1 / i for i in range(1, m)) - np.euler_gamma

    expected = [
        psi(k) - 2 / k + 2 * psi(n) - sum(psi(m) for m in row) for row in counts
    ]
    np.testing.assert_allclose(ksg_terms(V, k, method="ksg2"), expected, atol=1e-12)


@pytest.mark.parametrize("method", ["ksg1", "ksg2", "mixed", "lnc"])
def test_sides_rows_and_units_may_change(method, rng):
    X, Y = normal_pair(rng, 200, 0.7)
    model = KSGMutualInfo(method=method, marginals="none", confidence_level=None)
    value = model.fit(X, Y).raw_
    order = rng.permutation(200)
    assert model.fit(X[order], Y[order]).raw_ == pytest.approx(value, abs=1e-9)
    assert model.fit(Y, X).raw_ == pytest.approx(value, abs=1e-9)
    assert model.fit(4 * X, 4 * Y).raw_ == pytest.approx(value, abs=1e-9)
    bits = model.set_params(units="bits").fit(X, Y).raw_
    assert bits == pytest.approx(value / math.log(2), abs=1e-9)


def test_normal_scores_take_out_increasing_maps(rng):
    X, Y = normal_pair(rng, 300, 0.8)
    model = KSGMutualInfo(confidence_level=None)
    value = model.fit(X, Y[:, 0]).mi_
    assert model.fit(np.exp(X), Y[:, 0] ** 3).mi_ == value
    assert model.result_.params["method_used"] == "ksg1"


def test_correction_for_non_uniformity_helps_where_dependence_is_strong(rng):
    x = rng.standard_normal((800, 1))
    y = x + 1e-4 * rng.standard_normal((800, 1))
    truth = 0.5 * math.log(1 + 1e8)
    settings = {"confidence_level": None, "marginals": "standard"}
    plain = KSGMutualInfo(5, **settings).fit(x, y).mi_
    corrected = KSGMutualInfo(5, method="lnc", **settings).fit(x, y).mi_
    assert abs(corrected - truth) < 0.5 * abs(plain - truth)


def test_correction_needs_more_neighbours_than_columns(rng):
    X = rng.standard_normal((50, 3))
    with pytest.raises(ValueError, match="set n_neighbors=5 or more"):
        KSGMutualInfo(4, method="lnc").fit(X, X[:, 0])


def test_interval_and_p_value_do_not_depend_on_jobs(rng):
    X, Y = normal_pair(rng, 300, 0.8)
    settings = {"n_permutations": 9, "random_state": 0}
    alone = KSGMutualInfo(**settings).fit(X, Y)
    together = KSGMutualInfo(**settings, n_jobs=2).fit(X, Y)
    for name in ("mi_", "ci_", "p_value_", "se_"):
        assert getattr(alone, name) == getattr(together, name)
    assert alone.p_value_ == 0.1
    assert alone.ci_.low < -0.5 * math.log(0.36) < alone.ci_.high


def test_repeated_values_change_the_estimator_with_a_warning(rng):
    X, Y = normal_pair(rng, 400, 0.8)
    X = np.round(X)
    with pytest.warns(TiedValuesWarning, match="of method='mixed'"):
        switched = KSGMutualInfo(confidence_level=None).fit(X, Y)
    asked = KSGMutualInfo(method="mixed", confidence_level=None).fit(X, Y)
    assert switched.mi_ == asked.mi_
    assert "ties" in switched.flags_
    assert "ties" not in asked.flags_
    kept = KSGMutualInfo(ties="ignore", confidence_level=None).fit(X, Y)
    assert kept.result_.params["method_used"] == "ksg1"
    assert kept.raw_ != asked.raw_


def test_few_repeated_values_pass(rng):
    X, Y = normal_pair(rng, 400, 0.8)
    X[:8] = X[8:16]
    model = KSGMutualInfo(confidence_level=None, marginals="none").fit(X, Y)
    assert model.raw_ == ksg(X, Y)


def test_classes_may_be_the_target(rng):
    X = rng.standard_normal((500, 2))
    y = (X[:, 0] > 0).astype(int)
    model = KSGMutualInfo(discrete_target=True, confidence_level=None).fit(X, y)
    assert model.mi_ == pytest.approx(math.log(2), abs=0.05)
    renamed = model.fit(X, 7 - 3 * y).mi_
    assert renamed == model.mi_


def test_more_neighbours_than_rows_are_refused(rng):
    X = rng.standard_normal((10, 1))
    with pytest.raises(ValueError, match="n_neighbors=9 needs at least 11 samples"):
        KSGMutualInfo(9).fit(X, X[:, 0])


def test_bad_input_is_refused(rng):
    X, Y = normal_pair(rng, 50, 0.5)
    with pytest.raises(ValueError, match="inconsistent numbers"):
        KSGMutualInfo().fit(X, Y[:-1])
    X[3] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        KSGMutualInfo().fit(X, Y)


def test_constant_columns_are_left_out_with_a_warning(rng):
    X, Y = normal_pair(rng, 100, 0.5)
    value = KSGMutualInfo(confidence_level=None).fit(X, Y).raw_
    wide = np.concatenate([X, np.ones((100, 1))], axis=1)
    model = KSGMutualInfo(confidence_level=None)
    with pytest.warns(DegenerateDataWarning, match="1 of 2 columns of X"):
        assert model.fit(wide, Y).raw_ == value
    with pytest.warns(DegenerateDataWarning):
        assert model.fit(np.ones((100, 1)), Y).mi_ == 0.0


def test_arrays_of_other_libraries(library, rng):
    X, Y = normal_pair(rng, 80, 0.7, 2)
    found = ksg(library.asarray(X), library.asarray(Y))
    assert found == ksg(X, Y)
