"""Influence on fitted components: finite differences, leave-one-out, invariances."""

import numpy as np
import pytest
import scipy.sparse as sp
from oracles import projector
from sklearn.base import clone

from skspace.datasets import make_sdr_regression
from skspace.decomposition import (
    DirectionalRegression,
    PrincipalHessianDirections,
    SlicedAverageVarianceEstimation,
    SlicedInverseRegression,
    sdr_influence,
)

CASES = [
    (SlicedInverseRegression, "cubic", 1),
    (SlicedAverageVarianceEstimation, "symmetric", 1),
    (DirectionalRegression, "mixed", 2),
]
cases = pytest.mark.parametrize(
    ("Reducer", "model", "d"), CASES, ids=["SIR", "SAVE", "DR"]
)


def fitted(Reducer, model, d, seed=1, n=500, p=8):
    """Fit a model whose slices stay, to correlated features of several units."""
    X, y = make_sdr_regression(n, p, model=model, random_state=seed)
    rng = np.random.RandomState(seed)
    X = X @ (np.eye(p) + 0.3 * rng.standard_normal((p, p))) * np.logspace(-1, 1, p) + 3
    edges = Reducer(n_components=d).fit(X, y).slice_edges_
    return Reducer(n_components=d, n_slices=edges).fit(X, y), X, y


@cases
def test_components_move_as_finite_differences_say(Reducer, model, d):
    reducer, X, y = fitted(Reducer, model, d)
    found = sdr_influence(reducer, X, y, return_components=True)
    n, eps = len(y), 1e-5
    for row in range(4):
        ends = []
        for step in (eps, -eps):
            weights = np.full(n, 1 - step)
            weights[row] += n * step
            ends.append(clone(reducer).fit(X, y, sample_weight=weights))
        expected = (ends[0].components_ - ends[1].components_) / (2 * eps)
        error = np.linalg.norm(found.components[row] - expected)
        assert error < 1e-4 * np.linalg.norm(expected)
        P = [projector(end.components_.T) for end in ends]
        expected = np.linalg.norm(P[0] - P[1]) / (2 * eps)
        np.testing.assert_allclose(found.original_scores[row], expected, rtol=1e-4)


@cases
def test_refits_without_one_row_are_predicted(Reducer, model, d):
    """The span in the coordinates of the features; n = 500, p = 5, every 4th row."""
    rng = np.random.RandomState(3)
    X = rng.standard_normal((500, 5)) @ (np.eye(5) + 0.3)
    u, v = X[:, 0], X[:, 1]
    y = {"cubic": u + u**3 / 3, "symmetric": u**2, "mixed": u + v**2}[model]
    y = y + 0.5 * rng.standard_normal(500)
    edges = Reducer(n_components=d).fit(X, y).slice_edges_
    reducer = Reducer(n_components=d, n_slices=edges).fit(X, y)
    found = sdr_influence(reducer, X, y, return_components=True)
    exact, predicted = [], []
    for row in range(0, 500, 4):
        weights = np.ones(500)
        weights[row] = 0
        other = clone(reducer).fit(X, y, sample_weight=weights)
        exact.append(-499 * (other.components_ - reducer.components_))
        predicted.append(found.components[row])
    assert np.corrcoef(np.ravel(exact), np.ravel(predicted))[0, 1] >= 0.98


@cases
def test_influence_averages_to_zero_and_gives_the_standard_error(Reducer, model, d):
    reducer, X, y = fitted(Reducer, model, d)
    found = sdr_influence(reducer, X, y, return_components=True)
    scale = np.abs(found.components).mean()
    assert np.abs(found.components.mean(axis=0)).max() < 1e-8 * scale
    expected = np.sqrt(np.mean(found.components**2, axis=0) / len(y))
    np.testing.assert_allclose(found.standard_error, expected)


@cases
def test_whitened_scores_do_not_know_the_units(Reducer, model, d):
    reducer, X, y = fitted(Reducer, model, d)
    Z = X @ np.random.RandomState(0).standard_normal((8, 8)) - 7
    other = clone(reducer).fit(Z, y)
    a, b = sdr_influence(reducer, X, y), sdr_influence(other, Z, y)
    np.testing.assert_allclose(a.scores, b.scores, rtol=1e-6)
    np.testing.assert_allclose(a.distances, b.distances, rtol=1e-6)
    np.testing.assert_allclose(np.mean(a.distances**2), 8)


def test_scores_are_those_of_the_whitened_projector():
    """G Gᵀ moves by dG Gᵀ + G dGᵀ, where turning within the span cancels."""
    reducer, X, y = fitted(*CASES[2])
    found = sdr_influence(reducer, X, y, return_components=True)
    W = (X - X.mean(axis=0)) @ found.whitening
    np.testing.assert_allclose(W.T @ W / len(W), np.eye(8), atol=1e-10)
    np.testing.assert_allclose(found.distances, np.linalg.norm(W, axis=1))
    scores = (X - X.mean(axis=0)) @ reducer.components_.T * reducer.component_scales_
    G = W.T @ scores / len(W)
    half = np.einsum("nar,sa->nrs", found.directions, G)
    moved = half + half.transpose(0, 2, 1)
    np.testing.assert_allclose(found.scores, np.linalg.norm(moved, axis=(1, 2)))


def test_integer_weight_is_repetition():
    X, y = data()
    counts = np.random.RandomState(0).randint(1, 4, len(y))
    kwargs = {"n_components": 1, "n_slices": np.linspace(-1.5, 1.5, 5)}
    a = SlicedInverseRegression(**kwargs).fit(X, y, sample_weight=counts)
    X2, y2 = np.repeat(X, counts, axis=0), np.repeat(y, counts)
    b = SlicedInverseRegression(**kwargs).fit(X2, y2)
    one = sdr_influence(a, X, y, sample_weight=counts)
    two = sdr_influence(b, X2, y2)
    np.testing.assert_allclose(np.repeat(one.scores, counts), two.scores)
    np.testing.assert_allclose(one.standard_error, two.standard_error)


def data(n=150, p=5, seed=0):
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n, p))
    return X, X[:, 0] + 0.5 * rng.standard_normal(n)


def test_chunks_sparse_rows_and_blocks_change_nothing(monkeypatch):
    X, y = data()
    X[np.abs(X) < 0.5] = 0
    sir = SlicedInverseRegression(1).fit(X, y)
    whole = sdr_influence(sir, X, y)
    other = SlicedInverseRegression(1, n_slices=sir.slice_edges_)
    for rows in np.array_split(np.arange(150), 3):
        other.partial_fit(X[rows], y[rows])
    chunk = sdr_influence(other, X[40:90], y[40:90])
    np.testing.assert_allclose(chunk.scores, whole.scores[40:90], rtol=1e-8)
    sparse = SlicedInverseRegression(1).fit(sp.csr_array(X), y)
    sparse = sdr_influence(sparse, sp.csr_array(X), y)
    np.testing.assert_allclose(sparse.original_scores, whole.original_scores)
    monkeypatch.setattr("skspace.decomposition._influence.BLOCK_BYTES", 2000)
    blocks = sdr_influence(sir, X, y)
    np.testing.assert_allclose(blocks.scores, whole.scores)
    np.testing.assert_allclose(blocks.standard_error, whole.standard_error)


def test_pooled_classes_are_one_slice():
    X, y = data(200)
    classes = np.array(["a", "b", "c", "d"])[np.searchsorted([-1, 0, 1], y)]
    classes[:3], classes[3:6] = "x", "y"
    with pytest.warns(UserWarning, match="pooled"):
        reducer = SlicedInverseRegression(1).fit(X, classes)
    pooled = np.where(np.isin(classes, ["x", "y"]), "z", classes)
    other = SlicedInverseRegression(1).fit(X, pooled)
    a, b = sdr_influence(reducer, X, classes), sdr_influence(other, X, pooled)
    np.testing.assert_allclose(a.scores, b.scores)


def three_symmetric_classes():
    """Classes at the corners of a triangle, alike in all else: one eigenvalue."""
    angles = 2 * np.pi * np.arange(3) / 3
    corners = np.column_stack([np.cos(angles), np.sin(angles)])
    cloud = np.column_stack([corners, 0 * angles])
    cloud = 0.3 * np.vstack([cloud, -cloud, np.eye(3)[2:], -np.eye(3)[2:]])
    X = np.vstack([np.append(c, 0.0) + cloud for c in corners])
    return X, np.repeat([0, 1, 2], len(cloud))


def test_directions_of_one_eigenvalue_have_a_span_only():
    X, y = three_symmetric_classes()
    sir = SlicedInverseRegression(2).fit(X, y)
    np.testing.assert_allclose(*sir.eigenvalues_[:2])
    signs = sdr_influence(sir, X, y)
    turned = sdr_influence(sir, X, y, align="rotation", return_components=True)
    assert np.all(np.isinf(signs.standard_error))
    assert np.all(np.isfinite(turned.standard_error))
    np.testing.assert_allclose(signs.scores, turned.scores)
    with pytest.raises(ValueError, match="align='rotation'"):
        sdr_influence(sir, X, y, return_components=True)
    one = SlicedInverseRegression(1).fit(X, y)
    with pytest.raises(ValueError, match="Eigenvalues 1 and 2 are equal"):
        sdr_influence(one, X, y)


def test_one_direction_cannot_turn():
    X, y = data()
    sir = SlicedInverseRegression(1).fit(X, y)
    a = sdr_influence(sir, X, y, align="rotation", return_components=True)
    b = sdr_influence(sir, X, y, return_components=True)
    np.testing.assert_allclose(a.components, b.components)


@cases
def test_array_libraries_agree(library, dispatch, Reducer, model, d):
    X, y = make_sdr_regression(120, 8, model=model, random_state=0)
    expected = sdr_influence(Reducer(d).fit(X, y), X, y, return_components=True)
    X = library.asarray(X)
    found = sdr_influence(Reducer(d).fit(X, y), X, y, return_components=True)
    for name, values in vars(found).items():
        assert type(values) is type(X)
        if name in ("directions", "whitening"):  # up to signs of the coordinates
            continue
        np.testing.assert_allclose(
            library.to_numpy(values), getattr(expected, name), rtol=1e-6, atol=1e-8
        )


def test_float32_stays():
    X, y = data()
    X = X.astype(np.float32)
    found = sdr_influence(SlicedInverseRegression(1).fit(X, y), X, y)
    assert found.scores.dtype == found.standard_error.dtype == np.float32


def test_what_is_refused():
    X, y = data()
    with pytest.raises(ValueError, match="got PrincipalHessianDirections"):
        sdr_influence(PrincipalHessianDirections(1).fit(X, y), X, y)
    with pytest.raises(ValueError, match="not fitted"):
        sdr_influence(SlicedInverseRegression(1), X, y)
    with pytest.raises(ValueError, match=r"shrinkage=0\.1"):
        sdr_influence(SlicedInverseRegression(1, shrinkage=0.1).fit(X, y), X, y)
    with pytest.raises(ValueError, match="All 5 directions"):
        sdr_influence(DirectionalRegression().fit(X, y), X, y)
    sir = SlicedInverseRegression(1).fit(X, y)
    with pytest.raises(ValueError, match="4 features"):
        sdr_influence(sir, X[:, :4], y)
    with pytest.raises(ValueError, match="inconsistent"):
        sdr_influence(sir, X, y[:-1])
    sir = SlicedInverseRegression(1, n_slices=[0, 100]).fit(X, y)
    with pytest.raises(ValueError, match="Row 1 has a response in a slice"):
        sdr_influence(sir, X[:2], [0.0, 101.0])
    X[:, 1] = X[:, 0] + 1e-7 * X[:, 1]
    sir = SlicedInverseRegression(1, whiten_rcond=0).fit(X, y)
    with pytest.raises(ValueError, match="all but dependent"):
        sdr_influence(sir, X, y)


def test_repr_names_the_largest():
    X, y = data()
    found = sdr_influence(SlicedInverseRegression(1).fit(X, y), X, y)
    assert f"of {np.argmax(found.scores)}," in repr(found)
