"""Input that reducers refuse in a sentence, or take in their stride."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skspace.decomposition import (
    DirectionalRegression,
    OuterProductGradients,
    PrincipalFittedComponents,
    PrincipalHessianDirections,
    RobustPCA,
    SlicedAverageVarianceEstimation,
    SlicedInverseRegression,
    SpikedPCA,
)
from skspace.linalg import spike_debias

MOMENTS = [
    SlicedInverseRegression,
    SlicedAverageVarianceEstimation,
    DirectionalRegression,
    PrincipalFittedComponents,
]
SUPERVISED = [*MOMENTS, PrincipalHessianDirections, OuterProductGradients]

moments = pytest.mark.parametrize("Reducer", MOMENTS, ids=lambda c: c.__name__)
supervised = pytest.mark.parametrize("Reducer", SUPERVISED, ids=lambda c: c.__name__)


@pytest.fixture
def X(rng):
    return rng.standard_normal((90, 4))


@pytest.fixture
def classes(X):
    return np.where(X[:, 0] > 0.5, "a", np.where(X[:, 1] > 0, "b", "c"))


# -- a weight of zero equals absence, also of a class ---------------------------------


@supervised
def test_a_class_of_weight_zero_is_not_there(Reducer, X, classes):
    there = classes != "b"
    weighted = Reducer(1).fit(X, classes, sample_weight=there * 1.0)
    without = Reducer(1).fit(X[there], classes[there])
    assert_allclose(weighted.components_, without.components_, atol=1e-6)


@moments
def test_a_chunk_may_hold_an_unknown_class_of_weight_zero(Reducer, X, classes):
    known = classes != "b"
    first = np.arange(90) < 45
    weighted = Reducer(1).partial_fit(X[first & known], classes[first & known])
    weighted.partial_fit(X[~first], classes[~first], sample_weight=known[~first] * 1.0)
    without = Reducer(1).fit(X[known], classes[known])
    assert_allclose(weighted.components_, without.components_, atol=1e-8)


@supervised
def test_the_number_in_a_row_of_weight_zero_does_not_matter(Reducer, X):
    y = X[:, 0] + 0.1 * X[:, 1] ** 2
    weights = np.arange(90) % 3 * 1.0
    wild = np.where(weights > 0, y, 1e300)
    a, b = (Reducer(1).fit(X, v, weights) for v in (y, wild))
    assert_array_equal(a.components_, b.components_)


# -- responses ------------------------------------------------------------------------


@supervised
@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.array(["a", None, "b"] * 30, dtype=object), "y contains None"),
        (np.array(["a", 1, "b"] * 30, dtype=object), r"types int, str.*astype\(str\)"),
        (np.arange(90).astype("datetime64[D]"), r"dates or durations \(datetime64"),
    ],
    ids=["None", "mixed", "dates"],
)
def test_responses_that_are_no_classes(Reducer, X, y, message):
    with pytest.raises(ValueError, match=message):
        Reducer().fit(X, y)


@supervised
def test_numbers_beside_text_stay_numbers(Reducer, X, classes, rng):
    """A table of a number and a text becomes objects on its way."""
    y = X[:, 0] + 0.1 * rng.standard_normal(90)
    table = np.empty((90, 2), dtype=object)
    table[:, 0], table[:, 1] = y, np.where(X[:, 1] > 0, "b", "c")
    coded = np.column_stack([y, X[:, 1] > 0])
    a, b = Reducer(2).fit(X, table), Reducer(2).fit(X, coded)
    assert_allclose(a.components_, b.components_, atol=1e-6)


@moments
def test_a_stream_does_not_change_from_numbers_to_classes(Reducer, X, classes):
    y = X[:, 0]
    with pytest.raises(ValueError, match="in place of the numbers"):
        Reducer(1, n_slices=[0.0]).partial_fit(X, y).partial_fit(X, classes)
    with pytest.raises(ValueError, match="for which there is no slice"):
        Reducer(1).partial_fit(X, classes).partial_fit(X, y > 0)


@moments
@pytest.mark.parametrize("edges", [[np.nan], [0.0, np.inf], [1.0, 0.0]])
def test_edges_are_finite_and_rise(Reducer, X, edges):
    with pytest.raises(ValueError, match="finite values that separate"):
        Reducer(n_slices=edges).fit(X, X[:, 0])


def test_a_response_that_varies_by_roundings_only_is_named(X):
    y = 1e15 + X[:, 0]
    with pytest.raises(ValueError, match="y has a single value"):
        OuterProductGradients().fit(X, y)


# -- scales ---------------------------------------------------------------------------


@supervised
@pytest.mark.parametrize("size", [1e-140, 1e-30, 1e30, 1e140])
def test_units_do_not_matter(Reducer, X, size):
    y = X[:, 0] + X[:, 1] ** 2
    expected = Reducer(2).fit(X, y)
    found = Reducer(2).fit(X * size, y)
    assert_allclose(found.components_, expected.components_, atol=1e-7)


@supervised
def test_squares_that_overflow_are_refused(Reducer, X):
    with pytest.raises(ValueError, match=r"Squares of the features.*overflow"):
        Reducer().fit(X * 1e200, X[:, 0])


@supervised
def test_a_response_of_any_size_is_answered_or_refused(Reducer, X):
    """The largest numbers have no sum; slices need none."""
    y = np.sign(X[:, 0]) * np.linspace(0.5, 1, 90)
    expected = Reducer(1).fit(X, y).components_
    for size in (1e-308, 1e200, 2.0**1010):
        assert_allclose(Reducer(1).fit(X, size * y).components_, expected, atol=1e-6)
    if hasattr(Reducer, "_directions") and Reducer is not PrincipalFittedComponents:
        found = Reducer(1).fit(X, 1.7e308 * y)
        assert_allclose(found.components_, expected, atol=1e-8)
    else:
        with pytest.raises(ValueError, match="sums overflow float64; divide y"):
            Reducer(1).fit(X, 1.7e308 * y)


def test_powers_of_a_later_chunk_that_overflow_are_refused(X):
    model = PrincipalFittedComponents(1).partial_fit(X, X[:, 0])
    with pytest.raises(ValueError, match="powers overflow"):
        model.partial_fit(X, 1e200 * X[:, 0])


@moments
def test_a_chunk_that_overflows_leaves_no_trace(Reducer, X):
    y = X[:, 0]
    model = Reducer(1).partial_fit(X, y)
    before = model.components_.copy()
    with pytest.raises(ValueError, match="overflow"):
        model.partial_fit(X * 1e200, y)
    assert_array_equal(model.components_, before)
    model.partial_fit(X, y)
    assert np.all(np.isfinite(model.components_))


@pytest.mark.parametrize("Reducer", [SpikedPCA, RobustPCA])
@pytest.mark.parametrize(("size", "what"), [(1e200, "overflow"), (1e-200, "underflow")])
def test_components_of_extreme_numbers_are_refused(Reducer, X, size, what):
    with pytest.raises(ValueError, match=f"Squares of the entries of X {what}"):
        Reducer().fit(X * size)


@pytest.mark.parametrize("Reducer", [SpikedPCA, RobustPCA])
@pytest.mark.parametrize("size", [1e-140, 1e140])
def test_components_do_not_depend_on_units(Reducer, X, size):
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        found = Reducer(2).fit(X * size)
    expected = Reducer(2).fit(X)
    assert_allclose(found.components_, expected.components_, atol=1e-7)
    assert_allclose(found.explained_variance_ratio_, expected.explained_variance_ratio_)


def test_single_precision_has_its_own_range(X):
    with pytest.raises(ValueError, match=r"overflow .*float32"):
        SpikedPCA().fit((X * 1e30).astype(np.float32))


def test_noise_of_any_size_is_debiased_without_overflow():
    variance, cosine = spike_debias(np.array([1e300, 9e300]), 0.5, 1e300)
    expected = spike_debias(np.array([1.0, 9.0]), 0.5, 1.0)
    assert_allclose(variance / 1e300, expected[0])
    assert_allclose(cosine, expected[1])


@pytest.mark.parametrize("Reducer", [*SUPERVISED, SpikedPCA, RobustPCA])
def test_scores_beyond_the_range_of_numbers_are_refused(Reducer, X):
    whitened = {"scale": "whitened"} if Reducer in SUPERVISED else {"whiten": True}
    X = X * [9, 1, 1, 1]
    model = Reducer(1, **whitened).fit(X * 1e-100, X[:, 0])
    with pytest.raises(ValueError, match="beyond the range of float64"):
        model.transform(X * 1e250)
    with pytest.raises(ValueError, match="beyond the range of float64"):
        Reducer(1, **whitened).fit(X * 1e100, X[:, 0]).inverse_transform([[1e250]])
