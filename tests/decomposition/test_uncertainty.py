"""Resampling of directions: against refits, theory, and repeated samples."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone

from skspace._rank import rank_evidence
from skspace.decomposition import (
    DirectionalRegression,
    OuterProductGradients,
    PrincipalFittedComponents,
    PrincipalHessianDirections,
    SlicedAverageVarianceEstimation,
    SlicedInverseRegression,
    sdr_bootstrap,
    sdr_influence,
)
from skspace.exceptions import DegenerateDataWarning
from skspace.linalg import subspace_distance

REDUCERS = [
    SlicedInverseRegression(2, min_slice=1),
    SlicedAverageVarianceEstimation(2, min_slice=1),
    DirectionalRegression(2, min_slice=1),
    PrincipalFittedComponents(2),
    PrincipalHessianDirections(2),
]
reducers = pytest.mark.parametrize("reducer", REDUCERS, ids=lambda r: type(r).__name__)


def data(n=200, p=4, seed=0):
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n, p)) @ (np.eye(p) + 0.3)
    return X, X[:, 0] + (X[:, 1] + 1) ** 2 + 0.5 * rng.standard_normal(n)


def same_edges(reducer, X, y):
    """Give sliced methods the edges that all rows have."""
    if not hasattr(reducer, "min_slice") or hasattr(reducer, "basis"):
        return reducer
    edges = clone(reducer).fit(X, y).slice_edges_
    return clone(reducer).set_params(n_slices=edges)


@reducers
def test_each_draw_is_a_fit_to_repeated_rows(reducer):
    X, y = data()
    reducer = same_edges(reducer, X, y)
    result = sdr_bootstrap(reducer, X, y, n_resamples=3, random_state=7)
    seeds = np.random.RandomState(7).randint(np.iinfo(np.int32).max, size=3)
    for k, seed in enumerate(seeds):
        counts = np.random.RandomState(seed).multinomial(200, np.full(200, 1 / 200))
        rows = np.repeat(np.arange(200), counts)
        refit = clone(reducer).fit(X[rows], y[rows])
        drawn = result.bootstrap_distribution[k]
        signs = np.sign(np.sum(drawn * refit.components_, axis=1))
        np.testing.assert_allclose(signs[:, None] * drawn, refit.components_, atol=1e-7)
        fitted = clone(reducer).fit(X, y)
        distance = subspace_distance(refit, fitted, "projection") / 2
        np.testing.assert_allclose(result.distances[k], distance, rtol=1e-6)


@reducers
def test_threads_change_nothing(reducer):
    X, y = data()
    one = sdr_bootstrap(reducer, X, y, n_resamples=8, random_state=0)
    two = sdr_bootstrap(reducer, X, y, n_resamples=8, random_state=0, n_jobs=2)
    assert np.array_equal(one.bootstrap_distribution, two.bootstrap_distribution)
    assert np.array_equal(one.rank_frequencies, two.rank_frequencies)
    assert np.array_equal(one.ladle.criterion, two.ladle.criterion)


def test_zero_weight_equals_absence():
    X, y = data()
    weights = np.ones(200)
    weights[::5] = 0
    kept = weights > 0
    sir = same_edges(REDUCERS[0], X[kept], y[kept])
    a = sdr_bootstrap(sir, X, y, sample_weight=weights, n_resamples=5, random_state=0)
    b = sdr_bootstrap(sir, X[kept], y[kept], n_resamples=5, random_state=0)
    np.testing.assert_allclose(a.bootstrap_distribution, b.bootstrap_distribution)
    np.testing.assert_allclose(a.asymptotic_standard_error, b.asymptotic_standard_error)


def test_weights_count_as_rows():
    """Rows that count twice: standard errors of twice as many samples."""
    X, y = data()
    sir = same_edges(SlicedInverseRegression(1), X, y)
    once = sdr_bootstrap(sir, X, y, n_resamples=300, random_state=0)
    twice = sdr_bootstrap(
        sir, X, y, sample_weight=np.full(200, 2), n_resamples=300, random_state=0
    )
    ratio = once.standard_error / twice.standard_error
    np.testing.assert_allclose(ratio, np.sqrt(2), rtol=0.25)
    np.testing.assert_allclose(np.mean(ratio), np.sqrt(2), rtol=0.1)
    ratio = once.asymptotic_standard_error / twice.asymptotic_standard_error
    np.testing.assert_allclose(ratio, np.sqrt(2))


def monotone(seed, n=300, p=5):
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n, p))
    beta = np.array([3.0, -2.0, 1.0, 0.0, 0.0])[:p] / np.sqrt(14)
    u = X @ beta
    return X, u + u**3 / 3 + 0.5 * rng.standard_normal(n), beta


def test_standard_errors_are_those_of_repeated_samples():
    """Influence, bootstrap and 200 samples, slices cut anew in each."""
    sir = SlicedInverseRegression(1)
    found, asymptotic = [], []
    for seed in range(200):
        X, y, beta = monotone(seed)
        model = clone(sir).fit(X, y)
        found.append(model.components_[0] - beta)
        if seed % 10 == 0:
            asymptotic.append(sdr_influence(model, X, y).standard_error[0])
    truth = np.sqrt(np.mean(np.square(found), axis=0))
    np.testing.assert_allclose(np.mean(asymptotic, axis=0), truth, rtol=0.2)
    X, y, _ = monotone(0)
    result = sdr_bootstrap(sir, X, y, n_resamples=300, random_state=0)
    np.testing.assert_allclose(
        result.standard_error, result.asymptotic_standard_error, rtol=0.25
    )


def test_intervals_of_influence_cover():
    inside = []
    for seed in range(150):
        X, y, beta = monotone(seed)
        model = SlicedInverseRegression(1).fit(X, y)
        error = sdr_influence(model, X, y).standard_error[0]
        inside.append(np.abs(model.components_[0] - beta) <= 1.96 * error)
    assert 0.92 <= np.mean(inside) <= 0.98


def test_intervals_and_radius_of_the_bootstrap_cover():
    """Errors wrong by a factor of √2 would hold 0.83 or 0.99 of the coefficients."""
    inside, near = [], []
    for seed in range(40):
        X, y, beta = monotone(seed)
        result = sdr_bootstrap(
            SlicedInverseRegression(1), X, y, n_resamples=60, random_state=seed
        )
        low, high, _ = result.confidence_interval
        inside.append((low[0] <= beta) & (beta <= high[0]))
        sine = np.sqrt(1 - (result.components[0] @ beta) ** 2)
        near.append(sine <= result.radius)
    assert 0.86 <= np.mean(inside) <= 0.97
    assert 0.88 <= np.mean(near) <= 1.0


def test_turning_together_takes_the_turning_out():
    """Means of classes in a near regular triangle: the plane is sure, its axes not."""
    rng, y = np.random.RandomState(0), np.repeat([0, 1, 2], 50)
    corners = np.array([[1, 0, 0, 0], [-0.5, 0.87, 0, 0], [-0.5, -0.87, 0, 0]])
    X = 2 * corners[y] + rng.standard_normal((150, 4))
    results = [
        sdr_bootstrap(
            SlicedInverseRegression(2),
            X,
            y,
            n_resamples=150,
            random_state=0,
            align=align,
        )
        for align in ("sign", "rotation")
    ]
    signs, turned = results
    within = turned.standard_error[:, :2] / signs.standard_error[:, :2]
    assert np.all(within < 0.2)
    np.testing.assert_allclose(
        turned.standard_error, turned.asymptotic_standard_error, rtol=0.35
    )
    np.testing.assert_allclose(signs.distances, turned.distances)


def test_quantiles_are_what_fields_say():
    X, y = data()
    result = sdr_bootstrap(
        REDUCERS[0], X, y, n_resamples=40, confidence_level=0.8, random_state=0
    )
    low, high, level = result.confidence_interval
    assert level == 0.8
    sample = result.bootstrap_distribution
    assert np.all(np.mean((low <= sample) & (sample <= high), axis=0) == 0.8)
    assert np.mean(result.distances <= result.radius) == 0.8
    np.testing.assert_allclose(np.linalg.norm(sample, axis=2), 1)
    np.testing.assert_allclose(result.standard_error, sample.std(axis=0, ddof=1))
    np.testing.assert_allclose(result.rank_frequencies.sum(), 1)
    assert len(result.rank_frequencies) == 5


def test_number_of_directions_is_as_firm_as_it_seems():
    """A rule that is right on all rows is right in most resamples, the tests too."""
    X, y, _ = monotone(1)
    for rule in ("chi2", "gap"):
        result = sdr_bootstrap(
            SlicedInverseRegression(1),
            X,
            y,
            n_resamples=150,
            rank_rule=rule,
            random_state=0,
        )
        assert result.rank == 1
        assert result.rank_frequencies[1] > 0.75
    assert result.ladle.n_components == 1


def test_the_rule_is_the_one_of_the_estimator():
    X, y = data()
    for n_components, rule in [
        ("gap", "gap"),
        (0.9, 0.9),
        (2, "chi2"),
        (None, "chi2"),
        ("ladle", "chi2"),
    ]:
        sir = SlicedInverseRegression(n_components, random_state=0)
        result = sdr_bootstrap(sir, X, y, n_resamples=4, random_state=0)
        assert result.rank_rule == rule
    fitted = clone(sir).fit(X, y)
    spectrum = fitted._solve(fitted._moments, fitted._slicing).spectrum
    assert result.rank == rank_evidence("chi2", spectrum).n_components
    pfc = sdr_bootstrap(PrincipalFittedComponents(1), X, y, n_resamples=4)
    assert pfc.rank_rule == "bic"


def test_all_directions_may_be_kept():
    """A frame of everything turns, but its span stays."""
    X, y = data()
    result = sdr_bootstrap(
        DirectionalRegression(), X, y, n_resamples=20, random_state=0
    )
    assert result.components.shape == (4, 4)
    np.testing.assert_allclose(result.distances, 0, atol=1e-12)
    assert np.all(np.isfinite(result.asymptotic_standard_error))


def test_sparse_rows_and_frames():
    pd = pytest.importorskip("pandas")
    X, y = data()
    expected = sdr_bootstrap(REDUCERS[0], X, y, n_resamples=4, random_state=0)
    frame = pd.DataFrame(X, columns=["age", "mass", "height", "dose"])
    for table in (sp.csc_array(X), frame):
        found = sdr_bootstrap(REDUCERS[0], table, y, n_resamples=4, random_state=0)
        np.testing.assert_allclose(
            found.bootstrap_distribution, expected.bootstrap_distribution
        )
    assert "age" in repr(found)
    assert "x0" in repr(expected)


def test_array_libraries_agree(library, dispatch):
    X, y = data()
    weights = np.r_[0, np.ones(199)]
    kwargs = {"sample_weight": weights, "n_resamples": 3, "random_state": 0}
    expected = sdr_bootstrap(REDUCERS[2], X, y, **kwargs)
    for align in ("sign", "rotation"):
        found = sdr_bootstrap(REDUCERS[2], library.asarray(X), y, align=align, **kwargs)
        assert type(found.standard_error) is np.ndarray
        np.testing.assert_allclose(found.distances, expected.distances, rtol=1e-6)
        np.testing.assert_allclose(
            np.abs(found.components), np.abs(expected.components)
        )


def test_the_estimator_stays_unfitted():
    X, y = data()
    sir = SlicedInverseRegression(1)
    sdr_bootstrap(sir, X, y, n_resamples=2)
    assert not hasattr(sir, "components_")


@pytest.mark.filterwarnings("ignore:Classes with fewer")
def test_pooled_classes_stay_pooled():
    X, y = data()
    classes = np.array(["a", "b", "c"])[np.searchsorted([0, 2], y)]
    classes[:3], classes[3:6] = "Z", "Y"
    pooled = np.where(np.isin(classes, ["Y", "Z"]), "Z", classes)
    sir = SlicedInverseRegression(2)
    a, b = (
        sdr_bootstrap(sir, X, z, n_resamples=5, random_state=0)
        for z in (classes, pooled)
    )
    np.testing.assert_allclose(a.bootstrap_distribution, b.bootstrap_distribution)


def test_resamples_without_a_class_are_left_out():
    X, y = data()
    classes = (y > np.median(y)).astype(int)
    classes[0] = 2
    sir = SlicedInverseRegression(2, min_slice=1)
    with pytest.warns(DegenerateDataWarning, match="fewer than 2 directions"):
        result = sdr_bootstrap(sir, X, classes, n_resamples=30, random_state=0)
    assert 2 <= len(result.distances) < 30
    assert np.all(np.isfinite(result.standard_error))


def test_what_is_refused():
    X, y = data()
    with pytest.raises(ValueError, match="got OuterProductGradients"):
        sdr_bootstrap(OuterProductGradients(), X, y)
    with pytest.raises(ValueError, match="test of SlicedInverseRegression"):
        sdr_bootstrap(DirectionalRegression(), X, y, rank_rule="chi2")
    with pytest.raises(ValueError, match="'n_resamples' parameter"):
        sdr_bootstrap(DirectionalRegression(), X, y, n_resamples=1)
    with pytest.raises(ValueError, match="'confidence_level' parameter"):
        sdr_bootstrap(DirectionalRegression(), X, y, confidence_level=95)


def test_repr_is_a_table():
    X, y, _ = monotone(0)
    text = repr(sdr_bootstrap(SlicedInverseRegression(1), X, y, n_resamples=50))
    lines = text.splitlines()
    assert lines[0].startswith("SDRBootstrapResult: 50 resamples, level 0.95")
    assert lines[3].split()[2:] == ["coef", "se", "asymptotic", "low", "high"]
    assert [line.split()[0] for line in lines[4:7]] == ["x0", "x1", "x2"]


def test_weights_of_any_size_are_resampled():
    X, y = data()
    for size in (1e-100, 1e100):
        weights = np.full(len(y), size)
        result = sdr_bootstrap(REDUCERS[0], X, y, sample_weight=weights, n_resamples=5)
        assert np.all(np.isfinite(result.distances))
