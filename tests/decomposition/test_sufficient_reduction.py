"""What every sufficient dimension reducer keeps: equivariance, weights, chunks, input.

Properties over the list of methods; a new method joins with one line.
"""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skspace.decomposition import (
    DirectionalRegression,
    PrincipalFittedComponents,
    PrincipalHessianDirections,
    SlicedAverageVarianceEstimation,
    SlicedInverseRegression,
)
from skspace.exceptions import DegenerateDataWarning
from skspace.linalg import subspace_distance

MOMENTS = [
    SlicedInverseRegression,
    SlicedAverageVarianceEstimation,
    DirectionalRegression,
    PrincipalFittedComponents,
]
ALL = [*MOMENTS, PrincipalHessianDirections]

every = pytest.mark.parametrize("Reducer", ALL, ids=lambda c: c.__name__)
every_mergeable = pytest.mark.parametrize("Reducer", MOMENTS, ids=lambda c: c.__name__)


def regression(rng, n=300, p=5):
    X = rng.standard_normal((n, p)) @ rng.standard_normal((p, p))
    W = (X - X.mean(axis=0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(X.T)).T)
    y = np.exp(W[:, 0] / 2) + W[:, 1] ** 2 + 0.2 * rng.standard_normal(n)
    return X, y


def classes(rng, n=240, p=4):
    y = rng.randint(0, 3, n)
    X = rng.standard_normal((n, p)) * (1 + (y == 1))[:, None]
    return X + 2 * np.eye(3, p)[y], np.array(["low", "mid", "high"])[y]


def assert_same_map(a, b, rtol=1e-7):
    np.testing.assert_allclose(a.components_, b.components_, rtol=rtol, atol=rtol)
    np.testing.assert_allclose(a.eigenvalues_, b.eigenvalues_, rtol=rtol, atol=rtol)
    np.testing.assert_allclose(a.mean_, b.mean_, rtol=rtol, atol=rtol)


@every
def test_directions_are_unit_rows_with_a_fixed_sign(Reducer, rng):
    model = Reducer(2).fit(*regression(rng))
    np.testing.assert_allclose(np.linalg.norm(model.components_, axis=1), 1)
    largest = np.argmax(np.abs(model.components_), axis=1)
    assert np.all(model.components_[np.arange(2), largest] > 0)


@every
def test_affine_maps_of_the_features_do_not_change_the_scores(Reducer, rng):
    X, y = regression(rng)
    T, shift = rng.standard_normal((5, 5)) + 2 * np.eye(5), rng.standard_normal(5)
    a, b = (Reducer(2, scale="whitened").fit(Z, y) for Z in (X, X @ T + shift))
    scores, others = a.transform(X), b.transform(X @ T + shift)
    signs = np.sign(np.sum(scores * others, axis=0))
    np.testing.assert_allclose(others * signs, scores, atol=1e-6)
    np.testing.assert_allclose(a.eigenvalues_, b.eigenvalues_, rtol=1e-6, atol=1e-9)


@every
def test_the_order_of_rows_does_not_matter(Reducer, rng):
    X, y = regression(rng)
    order = rng.permutation(len(X))
    assert_same_map(Reducer(2).fit(X, y), Reducer(2).fit(X[order], y[order]))


@pytest.mark.parametrize("Reducer", MOMENTS[:3], ids=lambda c: c.__name__)
def test_only_the_order_of_the_response_counts(Reducer, rng):
    X, y = regression(rng)
    assert_same_map(Reducer(2).fit(X, y), Reducer(2).fit(X, np.argsort(np.argsort(y))))


@every
def test_whitened_scores_are_uncorrelated_with_unit_variance(Reducer, rng):
    X, y = regression(rng)
    model = Reducer(scale="whitened").fit(X, y)
    Z = model.transform(X)
    np.testing.assert_allclose(Z.T @ Z / len(X), np.eye(Z.shape[1]), atol=1e-8)


@every
@pytest.mark.parametrize("scale", ["raw", "whitened"])
def test_inverse_transform_is_the_least_squares_prediction(Reducer, scale, rng):
    X, y = regression(rng)
    model = Reducer(2, scale=scale).fit(X, y)
    Z = model.transform(X)
    design = np.column_stack([np.ones(len(X)), Z])
    expected = design @ np.linalg.lstsq(design, X, rcond=None)[0]
    np.testing.assert_allclose(model.inverse_transform(Z), expected, atol=1e-8)
    np.testing.assert_allclose(model.transform(expected), Z, atol=1e-8)


@every
@pytest.mark.parametrize("data", [regression, classes])
@pytest.mark.parametrize("shrinkage", [None, "auto"])
def test_weights_equal_repetition(Reducer, data, shrinkage, rng):
    X, y = data(rng)
    times = rng.randint(0, 4, len(X))
    model = Reducer(2, shrinkage=shrinkage)
    weighted = clone(model).fit(X, y, sample_weight=times)
    repeated = clone(model).fit(np.repeat(X, times, axis=0), np.repeat(y, times))
    assert_same_map(weighted, repeated)


@every
@pytest.mark.parametrize("data", [regression, classes])
def test_scaled_weights_change_nothing(Reducer, data, rng):
    X, y = data(rng)
    weights = rng.uniform(0.5, 1, len(X))
    a, b = (Reducer(2).fit(X, y, sample_weight=w) for w in (weights, weights / 1e4))
    assert_same_map(a, b)


@every
def test_sparse_equals_dense(Reducer, rng):
    X, y = regression(rng)
    X[np.abs(X) < 0.5] = 0
    dense, sparse = (
        Reducer(2, shrinkage="auto").fit(T, y) for T in (X, sp.csr_array(X))
    )
    assert_same_map(dense, sparse)
    np.testing.assert_allclose(
        sparse.transform(sp.csc_array(X)), dense.transform(X), atol=1e-8
    )


@every
def test_float32_stays_float32(Reducer, rng):
    X, y = regression(rng)
    model = Reducer(2).fit(X.astype(np.float32), y)
    assert model.transform(X.astype(np.float32)).dtype == np.float32
    assert model.components_.dtype == np.float32
    double = Reducer(2).fit(X, y)
    np.testing.assert_allclose(model.components_, double.components_, atol=1e-4)


@every_mergeable
@pytest.mark.parametrize(("offset", "rtol"), [(0.0, 1e-10), (1e6, 1e-8)])
@pytest.mark.parametrize("shrinkage", [None, "auto"])
def test_chunks_in_any_order_equal_the_batch(Reducer, offset, rtol, shrinkage, rng):
    X, y = regression(rng)
    X = X + offset
    edges = np.quantile(y, [0.2, 0.4, 0.6, 0.8])
    weights = rng.randint(0, 3, len(X))
    model = Reducer(2, n_slices=edges, shrinkage=shrinkage)
    batch = clone(model).fit(X, y, sample_weight=weights)
    reference = batch.transform(X)
    for order in (np.arange(6), rng.permutation(6)):
        chunked = clone(model)
        for i in order:
            rows = slice(50 * i, 50 * (i + 1))
            chunked.partial_fit(X[rows], y[rows], sample_weight=weights[rows])
        np.testing.assert_allclose(chunked.components_, batch.components_, atol=rtol)
        np.testing.assert_allclose(chunked.eigenvalues_, batch.eigenvalues_, atol=rtol)
        np.testing.assert_allclose(chunked.transform(X), reference, atol=10 * rtol)


@every_mergeable
def test_chunks_of_classes_equal_the_batch(Reducer, rng):
    X, y = classes(rng)
    order = np.argsort(y)  # the first chunk shows one class only
    X, y = X[order], y[order]
    chunked = Reducer(2)
    with pytest.warns(DegenerateDataWarning, match="Not fitted yet"):
        chunked.partial_fit(X[:20], y[:20], classes=np.unique(y))
    with pytest.raises(NotFittedError):
        chunked.transform(X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateDataWarning)
        for a in range(20, len(X), 50):
            chunked.partial_fit(X[a : a + 50], y[a : a + 50])
    assert_same_map(chunked, Reducer(2).fit(X, y), rtol=1e-9)


@every_mergeable
def test_partial_fit_goes_on_where_fit_ended(Reducer, rng):
    X, y = regression(rng)
    model = Reducer(2, n_slices=[0.5, 1.5, 2.5])
    both = clone(model).fit(X[:200], y[:200]).partial_fit(X[200:], y[200:])
    assert_same_map(both, clone(model).fit(X, y), rtol=1e-9)


def test_a_new_class_is_refused_and_changes_nothing(rng):
    X, y = classes(rng)
    model = SlicedInverseRegression().partial_fit(X, y)
    before = model.components_
    with pytest.raises(ValueError, match="classes="):
        model.partial_fit(X[:5], ["new"] * 5)
    assert model.components_ is before
    model.partial_fit(X, y)
    assert_same_map(model, SlicedInverseRegression().fit(X, y), rtol=1e-9)


@every
def test_names_of_classes_do_not_matter(Reducer, rng):
    X, y = classes(rng)
    codes = np.array([7, 1, 3])[np.unique(y, return_inverse=True)[1]]
    assert_same_map(
        Reducer(2).fit(X, y), Reducer(2, target_type="discrete").fit(X, codes)
    )


@every
def test_multi_output_finds_what_each_output_depends_on(Reducer, rng):
    X = rng.standard_normal((3000, 5))
    Y = X[:, :2] + X[:, :2] ** 2 + 0.2 * rng.standard_normal((3000, 2))
    model = Reducer(2).fit(X, Y)
    assert subspace_distance(model, np.eye(5)[:, :2], "chordal") < 0.2


@every
def test_dependent_and_constant_features(Reducer, rng):
    X, y = regression(rng)
    wide = np.column_stack([X, X[:, 0] + X[:, 1], np.full(len(X), 0.1)])
    a, b = (Reducer(2, scale="whitened").fit(T, y) for T in (X, wide))
    assert b.rank_ == 5
    np.testing.assert_allclose(
        np.abs(np.sum(a.transform(X) * b.transform(wide), axis=0)) / len(X),
        1,
        atol=1e-6,
    )


@every
def test_more_features_than_samples_warns_and_shrinkage_cures(Reducer, rng):
    X = rng.standard_normal((40, 60))
    X[:, 0] *= 10  # the direction of y stands out, so shrinkage finds it
    y = X[:, 0] + 0.01 * rng.standard_normal(40) + X[:, 0] ** 2
    with pytest.warns(DegenerateDataWarning, match="shrinkage"):
        Reducer(1, n_slices=4).fit(X, y)
    model = Reducer(1, n_slices=4, shrinkage="auto").fit(X, y)
    assert np.all(np.isfinite(model.components_))


@every
def test_constant_response_is_refused(Reducer, rng):
    with pytest.raises(ValueError, match="single value"):
        Reducer().fit(rng.standard_normal((30, 3)), np.ones(30))


@every
def test_constant_features_are_refused(Reducer, rng):
    with pytest.raises(ValueError, match="Every feature is constant"):
        Reducer().fit(np.full((30, 3), 0.1), rng.standard_normal(30))


@every
def test_more_components_than_directions_are_refused(Reducer, rng):
    X, y = regression(rng)
    with pytest.raises(ValueError, match="n_components=6"):
        Reducer(6).fit(X, y)


@every
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_missing_values_are_refused(Reducer, bad, rng):
    X, y = regression(rng)
    y[3] = bad
    with pytest.raises(ValueError, match="Input y contains"):
        Reducer().fit(X, y)
    X[3, 1] = bad
    with pytest.raises(ValueError, match="Input X contains"):
        Reducer().fit(X, y)


@every
def test_missing_response_names_the_requirement(Reducer, rng):
    with pytest.raises(ValueError, match="requires y to be passed"):
        Reducer().fit(rng.standard_normal((30, 3)), None)


@pytest.mark.parametrize("Reducer", MOMENTS, ids=lambda c: c.__name__)
def test_a_class_with_one_member_is_pooled_with_a_warning(Reducer, rng):
    X, y = classes(rng)
    y[0] = "rare"
    with pytest.warns(DegenerateDataWarning, match="fewer than min_slice=5 samples: 1"):
        model = Reducer().fit(X, y)
    assert model.n_slices_ == 4
    assert np.all(np.isfinite(model.components_))


@every
def test_pipeline_runs_after_changing_one_name(Reducer):
    X, y = load_iris(return_X_y=True)
    pipe = make_pipeline(StandardScaler(), PCA(), LogisticRegression())
    pipe.set_params(pca=Reducer())
    assert np.mean(cross_val_score(pipe, X, y)) > 0.8


@every
def test_names_of_the_outputs(Reducer, rng):
    model = Reducer(2).fit(*regression(rng))
    names = model.get_feature_names_out()
    assert list(names) == [f"{Reducer.__name__.lower()}{i}" for i in range(2)]


@pytest.mark.parametrize("kind", ["object", "series", "categorical", "list"])
def test_classes_of_any_container(kind, rng):
    pandas = pytest.importorskip("pandas")
    X, y = classes(rng)
    given = {
        "object": lambda: y.astype(object),
        "series": lambda: pandas.Series(y),
        "categorical": lambda: pandas.Series(y).astype("category"),
        "list": y.tolist,
    }[kind]()
    for Reducer in ALL:
        assert_same_map(Reducer(2).fit(X, given), Reducer(2).fit(X, y))


def test_numbers_in_objects_are_numbers(rng):
    X, y = regression(rng)
    for Reducer in ALL:
        assert_same_map(Reducer(2).fit(X, y.astype(object)), Reducer(2).fit(X, y))


def test_too_many_features_for_one_matrix_per_slice(rng):
    X, y = rng.standard_normal((60, 6000)), rng.standard_normal(60)
    with pytest.raises(ValueError, match=r"each slice needs 2\.9 GB"):
        DirectionalRegression().fit(X, y)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (-np.ones(300), "Negative"),
        (np.zeros(300), "non-zero"),
        (np.ones(7), "shape"),
        (np.full(300, np.nan), "NaN"),
    ],
)
def test_impossible_weights_are_refused(weights, message, rng):
    X, y = regression(rng)
    with pytest.raises(ValueError, match=message):
        SlicedInverseRegression().fit(X, y, sample_weight=weights)


@every
def test_scores_of_another_width_are_refused(Reducer, rng):
    model = Reducer(2).fit(*regression(rng))
    with pytest.raises(ValueError, match="2 scores per row"):
        model.inverse_transform(np.ones((3, 5)))


def test_a_response_mostly_of_one_value(rng):
    """Half of the rows share a value: they are one slice, the others the rest."""
    X = rng.standard_normal((2000, 5))
    y = np.maximum(X[:, 0], 0)
    model = SlicedInverseRegression(1).fit(X, y)
    assert model.n_slices_ == 6
    assert subspace_distance(model, np.eye(5)[:, :1]) < 0.1


@every_mergeable
def test_a_refused_first_chunk_leaves_nothing_behind(Reducer, rng):
    X, y = regression(rng)
    model = Reducer(n_slices=[1.5])
    with pytest.raises(ValueError, match="must be numeric"):
        model.set_params(target_type="continuous").partial_fit(X, ["a", "b", "c"] * 100)
    assert not hasattr(model, "n_features_in_")
    model.partial_fit(X[:, :3], y)
    assert model.n_features_in_ == 3


def test_features_whose_units_float32_cannot_undo_are_refused(rng):
    X = rng.standard_normal((60, 3))
    tiny = (1e-39 * X).astype(np.float32)
    with pytest.raises(ValueError, match=r"beyond the range of float32; rescale"):
        SlicedInverseRegression(1).fit(tiny, X[:, 0])
