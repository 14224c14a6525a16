"""What erasure leaves uncorrelated, what it spares, and that nothing moves less."""

import numpy as np
import pytest
from concept_cases import (
    columns,
    concepts,
    correlation,
    covariance,
    draw,
    exact,
    fitted,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.preprocessing import StandardScaler

from skspace.erasure import SubspaceEraser
from skspace.exceptions import IllConditionedErasureWarning
from skspace.fairness import FairSDR


@concepts
@exact
def test_no_feature_is_correlated_with_the_concept_afterwards(method, kind):
    X, z, y = draw(kind)
    erased = fitted(method, X, z, y).transform(X)
    left = correlation(erased, columns(z)) / X.std(axis=0)[:, None]
    assert np.max(np.abs(left)) < 1e-10


@exact
def test_guarantee_holds_under_weights(method):
    X, z, y = draw("classes")
    w = np.random.RandomState(1).uniform(size=len(X))
    eraser = SubspaceEraser(method).fit(X, y, concept=z, sample_weight=w)
    left = covariance(eraser.transform(X), columns(z), w) / X.std(axis=0)[:, None]
    assert np.max(np.abs(left)) < 1e-10


@pytest.mark.filterwarnings("ignore::skspace.exceptions.IllConditionedErasureWarning")
@pytest.mark.parametrize("shrinkage", [None, 0.3, "auto", 1.0])
@exact
def test_guarantee_holds_without_full_rank(method, shrinkage):
    """Dependent, constant, all but dependent features; more features than rows."""
    X, z, y = draw("classes", n=60)
    rng = np.random.RandomState(0)
    block = np.eye(5)[rng.randint(5, size=60)]
    close = X[:, :1] + 1e-9 * rng.standard_normal((60, 1))
    X = np.hstack([X, X @ rng.standard_normal((7, 3)), block, block[:, :1] * 0 + 3])
    X = np.hstack([X, close, rng.standard_normal((60, 60))])
    y = X[:, 2] + 20 * rng.standard_normal(60)  # not what the concept is
    erased = fitted(method, X, z, y, shrinkage=shrinkage).transform(X)
    assert np.all(np.isfinite(erased))
    scale = np.where(X.std(axis=0) > 1e-12, X.std(axis=0), 1)[:, None]
    assert np.max(np.abs(correlation(erased, columns(z)) / scale)) < 1e-10
    assert_allclose(erased[:, 15], 3)


@concepts
def test_leace_is_the_formula_of_its_paper(kind):
    """x - W⁺ P W (x - mean), W the symmetric whitening, P onto the columns of W S."""
    X, z, _ = draw(kind)
    values, V = np.linalg.eigh(np.cov(X.T, bias=True))
    W, back = V / np.sqrt(values) @ V.T, V * np.sqrt(values) @ V.T
    left, s, _ = np.linalg.svd(W @ covariance(X, columns(z)), full_matrices=False)
    U = left[:, s > 1e-10]
    expected = X - (X - X.mean(axis=0)) @ (back @ U @ U.T @ W).T
    eraser = SubspaceEraser().fit(X, z)
    assert eraser.n_components_ == U.shape[1]
    assert_allclose(eraser.transform(X), expected, atol=1e-8 * np.max(np.abs(X)))


def test_leace_solves_the_constrained_least_squares_problem():
    """Minimise ||C (I - E)||² subject to E S = 0, by its normal equations."""
    X, z, _ = draw("classes", p=4)
    C, S = X - X.mean(axis=0), covariance(X, columns(z))[:, :3]
    sigma, p, q = C.T @ C / len(X), 4, 3
    # for each row e of E: [[Σ, S], [Sᵀ, 0]] [e; λ] = [Σ row of I; 0]
    K = np.block([[sigma, S], [S.T, np.zeros((q, q))]])
    scale = 1 / np.sqrt(np.abs(np.diag(K)) + (np.diag(K) == 0))
    right = np.vstack([sigma, np.zeros((q, p))])
    E = (
        scale[:p, None]
        * np.linalg.lstsq(
            scale[:, None] * K * scale, scale[:, None] * right, rcond=1e-13
        )[0][:p]
    )
    found = SubspaceEraser().fit(X, z).operator_
    units = X.std(axis=0)
    assert_allclose(
        found * units / units[:, None], (E.T * units) / units[:, None], atol=1e-7
    )


@pytest.mark.parametrize("method", ["leace", "oblique"])
def test_no_other_eraser_moves_rows_less_in_any_norm(method):
    """Feasible alternatives: duals moved by what vanishes on U (and on V)."""
    X, z, y = draw("classes")
    eraser = fitted(method, X, z, y)
    U, D = eraser.components_.T, eraser.duals_.T
    held = U
    if method == "oblique":
        held = np.hstack([U, covariance(X, columns(y))[:, :1]])
    Q = np.linalg.qr(held)[0]
    rng = np.random.RandomState(0)
    C = X - X.mean(axis=0)
    for trial in range(20):
        change = rng.standard_normal(D.shape) * np.abs(D).max() * 10.0 ** -(trial % 4)
        other = D + change - Q @ (Q.T @ change)
        root = rng.standard_normal((7, 7)) if trial else np.eye(7)
        least = np.linalg.norm(C @ D @ U.T @ root)
        assert_allclose(U.T @ other, np.eye(3), atol=1e-6)
        assert least <= np.linalg.norm(C @ other @ U.T @ root)


@concepts
def test_oblique_leaves_the_covariance_with_the_target(kind):
    X, z, y = draw(kind)
    for target in (y, X @ [1, 0, 2, 0, 0, 0, 0], np.digitize(X[:, 3], [4, 6])):
        erased = fitted("oblique", X, z, target).transform(X)
        Y = columns(target)
        scale = X.std(axis=0)[:, None] * Y.std(axis=0)
        change = covariance(erased, Y) - covariance(X, Y)
        assert np.max(np.abs(change / scale)) < 1e-10


def test_oblique_of_one_direction_each_is_the_closed_form():
    """I - a vᵀ, v = (a - c b) / (1 - c²), in whitened coordinates."""
    X, z, y = draw()
    eraser = fitted("oblique", X, z, y)
    values, V = np.linalg.eigh(np.cov(X.T, bias=True))
    W, back = V / np.sqrt(values) @ V.T, V * np.sqrt(values) @ V.T
    a = W @ covariance(X, columns(z))[:, 1]
    b = W @ covariance(X, columns(y))[:, 1]
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    c = a @ b
    v = (a - c * b) / (1 - c**2)
    expected = np.eye(7) - back @ np.outer(a, v) @ W
    units = X.std(axis=0)
    assert_allclose(
        eraser.operator_ * units / units[:, None],
        expected * units / units[:, None],
        atol=1e-8,
    )
    assert_allclose(eraser.canonical_cosines_, [abs(c)])


def test_orthogonal_is_a_projector_on_what_is_no_mean_difference():
    X, z, _ = draw("classes")
    eraser = SubspaceEraser("orthogonal").fit(X, z)
    E = eraser.operator_
    assert_allclose(E, E.T, atol=1e-14)
    assert_allclose(E @ E, E, atol=1e-12)
    differences = np.stack(
        [X[z == k].mean(axis=0) - X[z == 0].mean(axis=0) for k in (1, 2, 3)]
    )
    assert_allclose(E @ differences.T, 0, atol=1e-10)
    assert np.linalg.matrix_rank(E) == 4
    assert eraser.n_components_ == 3


def test_full_shrinkage_makes_leace_orthogonal():
    X, z, _ = draw("classes")
    a = SubspaceEraser(shrinkage=1.0).fit(X, z)
    b = SubspaceEraser("orthogonal").fit(X, z)
    assert_allclose(a.operator_, b.operator_, atol=1e-10)


def test_leace_follows_any_change_of_coordinates_and_orthogonal_rotations():
    X, z, y = draw("classes")
    X = StandardScaler().fit_transform(X)
    A = np.eye(7) + 0.2 * np.random.RandomState(0).standard_normal((7, 7))
    Q, _ = np.linalg.qr(A)
    for method, change in (("leace", A), ("oblique", A), ("orthogonal", Q)):
        one = fitted(method, X, z, y).transform(X) @ change
        two = fitted(method, X @ change, z, y).transform(X @ change)
        assert_allclose(one, two, atol=1e-9)


@exact
def test_erasing_twice_is_erasing_once(method):
    """Of features of one size: projectors cancel digits of a small one by a large."""
    X, z, y = draw("classes")
    X = X / X.std(axis=0)
    erased = fitted(method, X, z, y).transform(X)
    again = SubspaceEraser().fit(erased, z)
    assert again.n_components_ == 0
    assert_allclose(again.operator_, np.eye(7))
    assert_array_equal(again.transform(erased), erased)


def test_models_without_penalty_see_the_span_only():
    X, z, y = draw("classes", n=400)
    X = StandardScaler().fit_transform(X)
    scores = []
    for method in ("leace", "orthogonal"):
        erased = fitted(method, X, z, y).transform(X)
        design = np.column_stack([np.ones(400), erased])
        scores.append(design @ np.linalg.lstsq(design, y * 1.0, rcond=1e-8)[0])
    assert_allclose(*scores, atol=1e-8)


def test_fair_decomposition_without_a_penalty_predicts_the_same():
    """Level 0 of FairSDR leaves the span that LEACE leaves, in other coordinates."""
    X, z, y = draw("classes", n=400)
    scores = []
    for reduced in (
        SubspaceEraser().fit(X, y, concept=z).transform(X),
        FairSDR().fit(X, y, sensitive_features=z).transform(X),
    ):
        reduced = StandardScaler().fit_transform(reduced)
        design = np.column_stack([np.ones(400), reduced])
        scores.append(design @ np.linalg.lstsq(design, y * 1.0, rcond=1e-8)[0])
    assert_allclose(*scores, atol=1e-8)


@settings(max_examples=50, deadline=None)
@given(
    n=st.integers(3, 40),
    p=st.integers(1, 12),
    n_classes=st.integers(2, 5),
    decimals=st.integers(0, 3),
    method=st.sampled_from(["leace", "orthogonal"]),
    seed=st.integers(0, 2**16),
)
def test_guarantee_holds_for_any_table(n, p, n_classes, decimals, method, seed):
    """Also few rows, and rounded features that repeat or depend on each other."""
    rng = np.random.RandomState(seed)
    X = np.round(rng.standard_normal((n, p)), decimals) + 10
    z = rng.randint(n_classes, size=n)
    z[:2] = 0, 1
    erased = SubspaceEraser(method).fit_transform(X, z)
    assert np.max(np.abs(covariance(erased, columns(z)))) < 1e-10


def test_strength_scales_what_is_taken():
    X, z, _ = draw("classes")
    full, none, half = (
        SubspaceEraser(strength=s).fit(X, z).transform(X) for s in (1.0, 0.0, 0.5)
    )
    assert_allclose(none, X)
    assert_allclose(half, (full + X) / 2)
    left, all_of_it = (covariance(T, columns(z)) for T in (half, X))
    assert_allclose(left, all_of_it / 2, atol=1e-12)


@exact
def test_constant_features_stay(method):
    y, z = np.arange(20) // 10, np.arange(20) % 2
    X = np.full((20, 3), 2.5)
    eraser = SubspaceEraser(method).fit(X, y, concept=z)
    assert eraser.n_components_ == 0
    assert_array_equal(eraser.transform(X), X)
    assert_array_equal(eraser.operator_, np.eye(3))


def test_sparing_what_nearly_is_the_concept_warns():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((500, 3))
    z = X[:, 0] + 0.1 * rng.standard_normal(500)
    y = z + 0.1 * X[:, 1]
    with pytest.warns(IllConditionedErasureWarning, match="canonical correlation 0.99"):
        eraser = SubspaceEraser("oblique").fit(X, y, concept=z)
    erased = eraser.transform(X)
    assert np.max(np.abs(covariance(erased, z[:, None]))) < 1e-10
    assert_allclose(
        covariance(erased, y[:, None]), covariance(X, y[:, None]), atol=1e-10
    )
