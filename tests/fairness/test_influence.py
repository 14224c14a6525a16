"""Influence on models of fair scores: numerical derivatives, leave-one-out, errors."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose
from sklearn.linear_model import LinearRegression, LogisticRegression

from skspace._array import asarray_like
from skspace.decomposition import (
    DirectionalRegression,
    PrincipalHessianDirections,
    SlicedAverageVarianceEstimation,
    SlicedInverseRegression,
)
from skspace.fairness import FairSDR, fairness_influence


def draw(kind="binary", classes=False, n=500, p=5, seed=1):
    """Correlated features of several units, a target, and attributes of a kind."""
    rng = np.random.RandomState(seed)
    W = rng.standard_normal((n, p))
    X = W @ (np.eye(p) + 0.3 * rng.standard_normal((p, p))) * np.logspace(-1, 1, p) + 3
    W = (X - X.mean(axis=0)) / X.std(axis=0)
    y = W[:, 0] + W[:, 1] + 0.3 * rng.standard_normal(n)
    score = W[:, 1] + W[:, 2] + 0.3 * rng.standard_normal(n)
    other = W[:, 3] - 0.5 * W[:, 1] + 0.5 * rng.standard_normal(n)
    three = np.digitize(score + 0.3 * other**2, [-0.5, 0.7])
    attributes = {
        "binary": score > 0,
        "classes": np.array(["a", "b", "c"])[three],
        "two": np.column_stack([score > 0, np.digitize(other, [-0.5, 0.5])]),
        "numbers": score,
    }
    if classes:
        y = np.where(y + 0.7 * rng.logistic(size=n) > 0, "yes", "no")
    return X, y, attributes[kind]


class HeldSlices(FairSDR):
    """Takes its slices from another fit, as influence does."""

    held = None

    def _cross(self, *args, **kwargs):
        return self.held


def refit(fair, X, y, z, weights):
    other = HeldSlices(**fair.get_params())
    other.held = fair._slicing
    other.fit(X, y, sensitive_features=z, sample_weight=weights)
    return fairness_influence(other, X, y, sensitive_features=z, sample_weight=weights)


LEVELS = [
    ({}, "binary", False),
    ({}, "binary", True),
    ({"n_shared": "all"}, "binary", True),
    ({"base": "target"}, "binary", False),
    ({"base": "target", "n_target": 2}, "binary", True),
    (
        {"base": "target", "n_target": 3, "target_method": "sir+save"},
        "classes",
        False,
    ),
    ({"base": "target", "n_shared": "all"}, "classes", True),
    ({"n_shared": 1}, "classes", True),
    ({"n_shared": 1, "order": "utility"}, "classes", False),
    ({"n_shared": 1, "order": "sensitivity"}, "classes", False),
    ({"n_sensitive_second_order": 1}, "binary", True),
    ({"n_sensitive_second_order": 2, "n_shared": 2, "n_target": 3}, "classes", False),
    (
        {"sensitive_method": "sir+save", "n_sensitive_second_order": 1, "n_shared": 1},
        "classes",
        True,
    ),
    ({}, "two", True),
    ({"n_shared": 2, "base": "target"}, "two", False),
    ({"combine": "intersection", "n_shared": 2}, "two", False),
    ({"n_sensitive": 2, "n_shared": 1}, "numbers", False),
    ({"n_sensitive": 1}, "two", False),
]


@pytest.mark.parametrize(("parameters", "kind", "classes"), LEVELS, ids=str)
def test_influence_is_the_derivative_towards_a_row(parameters, kind, classes):
    X, y, z = draw(kind, classes, p=8 if "combine" in parameters else 5)
    fair = FairSDR(**parameters).fit(X, y, sensitive_features=z)
    found = fairness_influence(fair, X, y, sensitive_features=z)
    n, eps = len(y), 1e-5
    for row in (3,):
        ends = []
        for step in (eps, -eps):
            weights = np.full(n, 1 - step)
            weights[row] += n * step
            ends.append(refit(fair, X, y, z, weights))
        for name, influence in (
            ("coef", found.coef_influence),
            ("intercept", found.intercept_influence),
            ("group_means", found.group_influence),
        ):
            if influence is None:
                assert kind == "numbers"
                continue
            expected = (getattr(ends[0], name) - getattr(ends[1], name)) / (2 * eps)
            error = np.linalg.norm(influence[row] - expected)
            assert error < 1e-4 * np.linalg.norm(expected)


REDUCERS = [
    SlicedInverseRegression,
    SlicedAverageVarianceEstimation,
    DirectionalRegression,
]


@pytest.mark.parametrize("Reducer", REDUCERS)
def test_influence_through_other_reducers(Reducer):
    X, y, z = draw()
    y = y**2 if Reducer is SlicedAverageVarianceEstimation else y
    edges = Reducer(n_components=1).fit(X, y).slice_edges_
    reducer = Reducer(n_components=1, n_slices=edges).fit(X, y)
    found = fairness_influence(reducer, X, y, sensitive_features=z)
    n, eps = len(y), 1e-5
    ends = []
    for step in (eps, -eps):
        weights = np.full(n, 1 - step)
        weights[2] += n * step
        reducer.fit(X, y, sample_weight=weights)
        ends.append(
            fairness_influence(
                reducer, X, y, sensitive_features=z, sample_weight=weights
            )
        )
    for name, influence in (
        ("coef", found.coef_influence),
        ("group_means", found.group_influence),
    ):
        expected = (getattr(ends[0], name) - getattr(ends[1], name)) / (2 * eps)
        error = np.linalg.norm(influence[2] - expected)
        assert error < 1e-4 * np.linalg.norm(expected)


def synthetic(seed, classes, n=500, p=5):
    """Target of features 1 and 2, attribute of features 2 and 3."""
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n, p))
    y = X[:, 0] + X[:, 1] + 0.3 * rng.standard_normal(n)
    z = X[:, 1] + X[:, 2] + 0.3 * rng.standard_normal(n) > 0
    if classes:
        y = y + rng.logistic(size=n) > 0
    return X, y, z


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    ("parameters", "classes"),
    [
        ({}, True),
        ({}, False),
        ({"base": "target"}, False),
        ({"base": "target", "n_target": 2}, True),
    ],
    ids=str,
)
def test_refits_without_one_row_are_predicted(parameters, classes, seed):
    """n = 500, p = 5, every 20th row: coefficients each for itself, and the gap."""
    X, y, z = synthetic(seed, classes)
    fair = FairSDR(**parameters).fit(X, y, sensitive_features=z)
    found = fairness_influence(fair, X, y, sensitive_features=z)
    high, low = np.argmax(found.group_means), np.argmin(found.group_means)
    exact, predicted = [], []
    for row in range(0, 500, 20):
        weights = np.ones(500)
        weights[row] = 0
        other = refit(fair, X, y, z, weights)
        gap = other.group_means[high] - other.group_means[low]
        moved = np.append(other.coef - found.coef, gap - found.gap)
        exact.append(-499 * moved)
        predicted.append(np.append(found.coef_influence[row], found.gap_influence[row]))
    pairs = list(zip(np.transpose(exact), np.transpose(predicted), strict=True))
    if not classes and parameters.get("n_shared") != "all":
        one, other = pairs.pop()  # group means of a linear model are equal, always
        assert np.max(np.abs(np.append(one, other))) < 1e-8
    for one, other in pairs:
        assert np.corrcoef(one, other)[0, 1] >= 0.98


def test_model_is_that_of_scikit_learn_on_the_scores():
    X, y, z = draw("classes", classes=True)
    for level in (0, 1, "all"):
        fair = FairSDR(n_shared=level).fit(X, y, sensitive_features=z)
        found = fairness_influence(fair, X, y, sensitive_features=z)
        model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000)
        R = fair.transform(X)
        expected = model.fit(R, y).decision_function(R)
        assert_allclose(X @ found.coef + found.intercept, expected, atol=1e-4)
        means = [model.predict_proba(R)[z == g, 1].mean() for g in found.groups]
        assert_allclose(found.group_means, means, atol=1e-5)
        assert_allclose(found.gap, np.ptp(means), atol=1e-5)
        found = fairness_influence(fair, X, y, sensitive_features=z, model="linear")
        expected = LinearRegression().fit(R, y == "yes").predict(R)
        assert_allclose(X @ found.coef + found.intercept, expected)


def test_all_shared_directions_give_the_influence_of_least_squares():
    """Nothing of the span moves: (XᵀX / n)⁻¹ x (y - prediction)."""
    X, y, z = draw("classes")
    fair = FairSDR(n_shared="all").fit(X, y, sensitive_features=z)
    found = fairness_influence(fair, X, y, sensitive_features=z)
    design = np.column_stack([np.ones(len(X)), X])
    theta = np.linalg.lstsq(design, y)[0]
    expected = np.linalg.solve(
        design.T @ design / len(X), (design * (y - design @ theta)[:, None]).T
    ).T
    assert_allclose(found.coef_influence, expected[:, 1:], rtol=1e-6, atol=1e-9)
    assert_allclose(found.intercept_influence, expected[:, 0], rtol=1e-6, atol=1e-8)


def test_influence_averages_to_zero_and_gives_standard_errors():
    X, y, z = draw("classes", classes=True)
    fair = FairSDR(n_shared=1).fit(X, y, sensitive_features=z)
    found = fairness_influence(fair, X, y, sensitive_features=z)
    for influence, error in (
        (found.coef_influence, found.coef_standard_error),
        (found.intercept_influence, found.intercept_standard_error),
        (found.gap_influence, found.gap_standard_error),
    ):
        scale = np.abs(influence).mean()
        assert np.max(np.abs(influence.mean(axis=0))) < 1e-8 * scale
        assert_allclose(error, np.sqrt(np.mean(influence**2, axis=0) / len(y)))
    change = found.intercept_influence[:, None] + found.coef_influence @ X.T
    assert_allclose(found.scores, np.sqrt(np.mean(change**2, axis=1)))
    assert_allclose(np.mean(found.distances**2), 5)


def test_standard_errors_are_those_of_repeated_draws():
    coefs, errors, gaps, gap_errors = [], [], [], []
    for seed in range(80):
        X, y, z = synthetic(seed, classes=True, n=400)
        fair = FairSDR(base="target").fit(X, y, sensitive_features=z)
        found = fairness_influence(fair, X, y, sensitive_features=z)
        coefs.append(found.coef)
        errors.append(found.coef_standard_error)
        gaps.append(found.group_means[1] - found.group_means[0])
        gap_errors.append(found.gap_standard_error)
    assert_allclose(np.mean(errors, axis=0), np.std(coefs, axis=0), rtol=0.25)
    assert_allclose(np.mean(gap_errors), np.std(gaps), rtol=0.25)


def test_integer_weight_is_repetition():
    X, y, z = draw("binary", classes=True, n=150)
    counts = np.random.RandomState(0).randint(1, 4, len(y))
    fair = FairSDR().fit(X, y, sensitive_features=z, sample_weight=counts)
    one = fairness_influence(fair, X, y, sensitive_features=z, sample_weight=counts)
    X, y, z = (np.repeat(a, counts, axis=0) for a in (X, y, z))
    fair = FairSDR().fit(X, y, sensitive_features=z)
    two = fairness_influence(fair, X, y, sensitive_features=z)
    assert_allclose(np.repeat(one.scores, counts), two.scores)
    assert_allclose(np.repeat(one.gap_influence, counts), two.gap_influence)
    assert_allclose(one.coef_standard_error, two.coef_standard_error)


def test_blocks_sparse_rows_and_chunks_change_nothing(monkeypatch):
    X, y, z = draw("classes", classes=True)
    X = np.where(np.abs(X - 3) < 0.1, 0, X)
    fair = FairSDR(n_shared=1).fit(X, y, sensitive_features=z)
    whole = fairness_influence(fair, X, y, sensitive_features=z)
    chunks = FairSDR(n_shared=1)
    for rows in np.array_split(np.arange(500), 3):
        chunks.partial_fit(X[rows], y[rows], sensitive_features=z[rows])
    other = fairness_influence(chunks, X, y, sensitive_features=z)
    assert_allclose(other.scores, whole.scores, rtol=1e-6)
    sparse = FairSDR(n_shared=1).fit(sp.csr_array(X), y, sensitive_features=z)
    sparse = fairness_influence(sparse, sp.csr_array(X), y, sensitive_features=z)
    assert_allclose(sparse.gap_influence, whole.gap_influence, rtol=1e-5, atol=1e-8)
    monkeypatch.setattr("skspace.fairness._influence.BLOCK_BYTES", 2000)
    blocks = fairness_influence(fair, X, y, sensitive_features=z)
    assert_allclose(blocks.coef_influence, whole.coef_influence)
    assert_allclose(blocks.group_influence, whole.group_influence)


def test_sensitive_columns_are_read_from_the_table():
    X, y, z = draw("binary", classes=True)
    table = np.column_stack([z, X])
    inside = FairSDR(sensitive_columns=[0]).fit(table, y)
    one = fairness_influence(inside, table, y)
    outside = FairSDR().fit(X, y, sensitive_features=z)
    two = fairness_influence(outside, X, y, sensitive_features=z)
    assert one.coef.shape == (5,)
    assert_allclose(one.gap_influence, two.gap_influence)
    assert "gap" in repr(one)


def test_without_a_target_in_the_fit():
    X, y, z = draw()
    fair = FairSDR().fit(X, sensitive_features=z)
    one = fairness_influence(fair, X, y, sensitive_features=z)
    two = fairness_influence(
        FairSDR().fit(X, y, sensitive_features=z), X, y, sensitive_features=z
    )
    assert_allclose(one.coef_influence, two.coef_influence, atol=1e-9)


def test_array_libraries_agree(library, dispatch):
    X, y, z = draw("classes", classes=True, n=200)
    fair = FairSDR(n_shared=1).fit(X, y, sensitive_features=z)
    expected = fairness_influence(fair, X, y, sensitive_features=z)
    there = library.asarray(X)
    fair = FairSDR(n_shared=1).fit(there, y, sensitive_features=z)
    found = fairness_influence(fair, there, y, sensitive_features=z)
    for name in ("scores", "coef_influence", "gap_influence", "coef_standard_error"):
        value = getattr(found, name)
        assert type(value) is type(asarray_like(X, there))
        assert_allclose(
            library.to_numpy(value) + 0.0,
            getattr(expected, name) + 0.0,
            rtol=1e-6,
            atol=1e-9,
        )


def test_float32_stays():
    X, y, z = draw("binary", classes=True)
    fair = FairSDR().fit(X.astype(np.float32), y, sensitive_features=z)
    found = fairness_influence(fair, X.astype(np.float32), y, sensitive_features=z)
    assert found.coef_influence.dtype == np.float32
    assert found.gap_influence.dtype == np.float32


def test_what_is_not_covered_is_refused_in_a_sentence():
    X, y, z = draw("classes")
    three = np.digitize(y, [-0.5, 0.5]).astype(str)

    def refused(match, fair, X=X, y=y, z=z, **kwargs):
        with pytest.raises(ValueError, match=match):
            fairness_influence(fair, X, y, sensitive_features=z, **kwargs)

    fair = FairSDR().fit(X, y, sensitive_features=z)
    refused("must be those of the fit", fair, X[:100], y[:100], z[:100])
    refused("must be those of the fit", fair, z=z[::-1])
    refused("must be those of the fit", fair, X=X[::-1])
    refused("two classes, got 500", fair, model="logistic")
    of_classes = FairSDR().fit(X, three, sensitive_features=z)
    refused("3 classes", of_classes, y=three)
    both = np.column_stack([y, y])
    refused("one column", FairSDR().fit(X, both, sensitive_features=z), y=both)
    refused("needs y", fair, y=None)
    shrunken = FairSDR(shrinkage=0.1).fit(X, y, sensitive_features=z)
    refused("shrinkage", shrunken)
    by_dcov = FairSDR(n_shared=1, order="dcov").fit(X, y, sensitive_features=z)
    refused("dcov", by_dcov)
    separated = X[:, 0] > 3
    fair = FairSDR(n_shared="all").fit(X, separated, sensitive_features=z)
    refused("separate the two classes", fair, y=separated)
    phd = PrincipalHessianDirections(n_components=1).fit(X, y)
    refused("PrincipalHessianDirections", phd)
    sir = SlicedInverseRegression(n_components=1).fit(X, y)
    refused("single value", sir, z=np.ones(500))
    assert fairness_influence(sir, X, y).gap is None
