"""OPG and MAVE: exactness, invariances, what they see and what they refuse."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from oracles import projector
from sklearn.base import clone
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.exceptions import ConvergenceWarning

from skspace import _validation
from skspace.datasets import make_sdr_regression
from skspace.decomposition import (
    DirectionalRegression,
    OuterProductGradients,
    SlicedAverageVarianceEstimation,
    SlicedInverseRegression,
)
from skspace.exceptions import DegenerateDataWarning
from skspace.linalg import subspace_distance

REFINE = pytest.mark.parametrize("refine", [False, True], ids=["opg", "mave"])


def scores_span(model, X):
    """Projector on the scores of the training rows, which no map of X changes."""
    return projector(model.transform(X))


@REFINE
def test_linear_response_gives_the_direction_of_least_squares(rng, refine):
    X = rng.standard_normal((150, 6)) @ rng.standard_normal((6, 6)) + 3
    slope = rng.standard_normal(6)
    model = OuterProductGradients(1, refine=refine).fit(X, 2 + X @ slope)
    cosine = model.components_[0] @ slope / np.linalg.norm(slope)
    assert abs(cosine) == pytest.approx(1, abs=1e-10)


@REFINE
def test_linear_responses_give_the_span_of_their_slopes(rng, refine):
    X = rng.standard_normal((200, 5))
    slopes = rng.standard_normal((5, 2))
    model = OuterProductGradients(2, refine=refine).fit(X, X @ slopes)
    assert subspace_distance(model.components_.T, slopes) < 1e-5


@pytest.mark.parametrize("model", ["cubic", "symmetric", "rational", "mixed"])
def test_beats_the_best_of_the_sliced_methods(model):
    """Two seeds at a fifth of the size of the measured table."""
    ours, theirs = [], []
    for seed in range(2):
        X, y, basis = make_sdr_regression(
            400, 10, model=model, random_state=seed, return_basis=True
        )
        d = basis.shape[1]
        ours.append(subspace_distance(OuterProductGradients(d).fit(X, y), basis))
        theirs.append(
            [
                subspace_distance(method(d).fit(X, y), basis)
                for method in (
                    SlicedInverseRegression,
                    SlicedAverageVarianceEstimation,
                    DirectionalRegression,
                )
            ]
        )
    assert np.mean(ours) < 0.9 * np.min(np.mean(theirs, axis=0))


def test_refinement_improves_on_outer_products():
    plain, refined = [], []
    for seed in range(3):
        X, y, basis = make_sdr_regression(
            300, 10, model="rational", random_state=seed, return_basis=True
        )
        for found, refine in ((plain, False), (refined, True)):
            model = OuterProductGradients(2, refine=refine).fit(X, y)
            found.append(subspace_distance(model, basis))
    assert np.mean(refined) < np.mean(plain)


@REFINE
def test_affine_maps_of_features_change_nothing_but_coordinates(rng, refine):
    X, y = make_sdr_regression(200, 8, random_state=0)
    A = rng.standard_normal((8, 8))
    model = OuterProductGradients(2, refine=refine, tol=1e-8, max_iter=200)
    expected = scores_span(clone(model).fit(X, y), X)
    moved = X @ A + 100
    got = scores_span(clone(model).fit(moved, y), moved)
    assert_allclose(got, expected, atol=1e-5)


@REFINE
def test_units_of_the_response_do_not_matter(refine):
    X, y = make_sdr_regression(200, 8, random_state=0)
    model = OuterProductGradients(2, refine=refine)
    expected = clone(model).fit(X, y).components_
    for other in (5 - 1e-3 * y, 1e6 * y, 1e200 * y):
        assert_allclose(clone(model).fit(X, other).components_, expected, atol=1e-6)


def test_linear_maps_of_several_responses_do_not_matter(rng):
    X = rng.standard_normal((250, 6))
    Y = np.stack([np.sin(X[:, 0]), X[:, 1] ** 2], axis=1)
    expected = OuterProductGradients(2).fit(X, Y)
    turned = OuterProductGradients(2).fit(X, Y @ np.array([[2.0, 1.0], [0.0, 5.0]]))
    assert_allclose(turned.components_, expected.components_, atol=1e-6)
    assert subspace_distance(expected, np.eye(6)[:, :2]) < 0.05


def test_classes_are_a_response(rng):
    X = rng.standard_normal((400, 6))
    inside = X[:, 0] ** 2 + X[:, 1] ** 2 < 1.4
    names = np.where(inside, "in", np.where(X[:, 0] > 0, "right", "left"))
    by_name = OuterProductGradients(2).fit(X, names)
    assert subspace_distance(by_name, np.eye(6)[:, :2]) < 0.15
    # any other names, in any order: the indicators are whitened
    codes = np.unique(names, return_inverse=True)[1]
    for other in (codes, 2 - codes, np.array(["z", "b", "q"])[codes]):
        again = OuterProductGradients(2).fit(X, other)
        assert_allclose(again.components_, by_name.components_, atol=1e-6)
    two = OuterProductGradients(2).fit(X, inside)
    assert_allclose(
        two.components_, OuterProductGradients(2).fit(X, 1 - inside).components_
    )


@REFINE
def test_integer_weight_is_repetition(rng, refine):
    X, y = make_sdr_regression(150, 8, model="rational", random_state=1)
    times = rng.randint(0, 4, size=150)
    model = OuterProductGradients(refine=refine)
    weighted = clone(model).fit(X, y, sample_weight=times)
    order = rng.permutation(np.repeat(np.arange(150), times))
    repeated = clone(model).fit(X[order], y[order])
    assert_allclose(weighted.components_, repeated.components_, atol=1e-7)
    assert_allclose(weighted.eigenvalues_, repeated.eigenvalues_, atol=1e-9)


def test_shares_in_place_of_weights_do_not_matter():
    X, y = make_sdr_regression(150, 8, random_state=1)
    expected = OuterProductGradients(2).fit(X, y).components_
    shares = np.full(150, 1 / 150)
    got = OuterProductGradients(2).fit(X, y, sample_weight=shares).components_
    assert_allclose(got, expected, atol=1e-8)


def test_objective_falls_from_iteration_to_iteration(capsys):
    X, y = make_sdr_regression(200, 10, model="rational", random_state=2)
    model = OuterProductGradients(2, verbose=1).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    seen = [
        float(line.partition("objective ")[2].partition(",")[0])
        for line in lines
        if "refinement" in line
    ]
    assert len(seen) == model.n_iter_ > 1
    assert np.all(np.diff(seen) <= 0)
    assert model.objective_ == pytest.approx(seen[-1], rel=1e-5)
    assert any("gradients" in line for line in lines)


def test_all_directions_are_kept_by_default_the_refined_ones_first():
    X, y, basis = make_sdr_regression(400, random_state=0, return_basis=True)
    every = OuterProductGradients().fit(X, y)
    two = OuterProductGradients(2).fit(X, y)
    assert every.components_.shape == (10, 10)
    assert_allclose(every.components_[:2], two.components_, atol=1e-8)
    Z = every.set_params(scale="whitened").transform(X)
    assert_allclose(np.cov(Z.T, ddof=0), np.eye(10), atol=1e-9)
    assert subspace_distance(every.components_[:2].T, basis) < 0.1


def test_rules_leave_their_evidence():
    X, y = make_sdr_regression(400, random_state=0)
    share = OuterProductGradients(0.95).fit(X, y)
    assert share.n_components_ == 2
    assert share.rank_evidence_.criterion[1] >= 0.95
    X, y = make_sdr_regression(400, model="symmetric", random_state=0)
    gap = OuterProductGradients("gap").fit(X, y)
    assert gap.n_components_ == 1
    assert gap.rank_evidence_.rule == "gap"
    assert not hasattr(OuterProductGradients(1).fit(X, y), "rank_evidence_")


def test_a_sample_of_centres_costs_little_accuracy():
    X, y, basis = make_sdr_regression(800, random_state=0, return_basis=True)
    some = OuterProductGradients(2, max_samples=200, random_state=0).fit(X, y)
    again = OuterProductGradients(2, max_samples=200, random_state=0).fit(X, y)
    assert_allclose(some.components_, again.components_, atol=0)
    whole = OuterProductGradients(2, max_samples=None).fit(X, y)
    assert np.any(some.components_ != whole.components_)
    best = subspace_distance(whole, basis)
    assert subspace_distance(some, basis) < best + 0.03


def test_float32_stays_and_agrees():
    X, y = make_sdr_regression(200, 8, random_state=0)
    double = OuterProductGradients(2).fit(X, y)
    single = OuterProductGradients(2).fit(X.astype(np.float32), y.astype(np.float32))
    assert single.components_.dtype == np.float32
    assert single.transform(X.astype(np.float32)).dtype == np.float32
    assert subspace_distance(single.components_.T, double.components_.T) < 1e-3


def test_redundant_features_are_left_out():
    X, y = make_sdr_regression(200, 8, random_state=0)
    wide = np.concatenate([X, X[:, :2] + X[:, 2:4], np.ones((200, 1))], axis=1)
    narrow = OuterProductGradients(2).fit(X, y)
    model = OuterProductGradients(2).fit(wide, y)
    assert model.rank_ == 8
    assert_allclose(scores_span(model, wide), scores_span(narrow, X), atol=1e-4)


def test_shrinkage_is_for_more_features_than_samples(rng):
    X = rng.standard_normal((30, 60))
    y = X[:, 0]
    with pytest.warns(DegenerateDataWarning, match="equally far apart"):
        OuterProductGradients(1).fit(X, y)
    automatic = OuterProductGradients(1, shrinkage="auto").fit(X, y)
    given = OuterProductGradients(1, shrinkage=ledoit_wolf_shrinkage(X)).fit(X, y)
    assert_allclose(automatic.components_, given.components_, atol=1e-8)


def test_scores_come_back_from_what_they_rebuild():
    X, y = make_sdr_regression(200, 8, random_state=0)
    model = OuterProductGradients(3).fit(X, y)
    Z = model.transform(X)
    assert_allclose(model.transform(model.inverse_transform(Z)), Z, atol=1e-9)
    assert list(model.get_feature_names_out()) == [
        f"outerproductgradients{i}" for i in range(3)
    ]


@REFINE
def test_running_out_of_iterations_is_said(refine):
    X, y = make_sdr_regression(100, 8, model="rational", random_state=0)
    model = OuterProductGradients(2, refine=refine, max_iter=1)
    with pytest.warns(ConvergenceWarning, match="max_iter=1"):
        model.fit(X, y)
    assert model.n_iter_ == 1


def test_bandwidth_is_used_as_given():
    X, y = make_sdr_regression(500, 8, random_state=0)
    assert OuterProductGradients(2, bandwidth=0.7).fit(X, y).bandwidth_ == 0.7
    automatic = OuterProductGradients(2).fit(X, y)
    assert automatic.bandwidth_ == pytest.approx(500 ** (-1 / 6))


@pytest.mark.parametrize(
    ("parameters", "y", "message"),
    [
        ({"n_components": 5}, np.arange(20.0), "more than the 4 independent"),
        ({}, np.full(20, 0.1), "single value"),
        ({}, np.array(["a"] * 20), "single value"),
        ({}, np.append(np.arange(19.0), np.nan), "NaN"),
        ({}, np.arange(19.0), "inconsistent"),
        ({"bandwidth": 0}, np.arange(20.0), "bandwidth"),
        ({"n_components": "chi2"}, np.arange(20.0), "n_components"),
        ({"max_samples": 0}, np.arange(20.0), "max_samples"),
    ],
)
def test_what_cannot_be_fitted_is_refused(rng, parameters, y, message):
    X = rng.standard_normal((20, 4))
    with pytest.raises(ValueError, match=message):
        OuterProductGradients(**parameters).fit(X, y)


def test_covariances_that_do_not_fit_are_refused_with_the_remedy(rng, monkeypatch):
    monkeypatch.setattr(_validation, "MEMORY_BOUND", 16 * 50 * 9 - 1)
    X = rng.standard_normal((50, 3))
    with pytest.raises(ValueError, match="lower max_samples"):
        OuterProductGradients().fit(X, X[:, 0])
    OuterProductGradients(max_samples=49, random_state=0).fit(X, X[:, 0])
