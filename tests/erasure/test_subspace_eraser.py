"""Concept erasure: what vanishes, what stays, and that nothing moves rows less."""

import warnings
from unittest import SkipTest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

from skspace._array import is_array_api_obj, to_numpy
from skspace._warnings import DegenerateDataWarning, IllConditionedErasureWarning
from skspace.erasure import SubspaceEraser
from skspace.fairness import FairSDR

EXACT = ["leace", "oblique", "orthogonal"]
exact = pytest.mark.parametrize("method", EXACT)

CONCEPTS = ["binary", "classes", "text", "numbers", "columns", "mixed"]
concepts = pytest.mark.parametrize("kind", CONCEPTS)


def draw(kind="binary", n=200, p=7, seed=0):
    """Correlated features of several units, a concept in them, and a target."""
    rng = np.random.RandomState(seed)
    A = rng.standard_normal((p, p)) * np.logspace(-2, 2, p)
    W = rng.standard_normal((n, p))
    score = W[:, 0] + 0.5 * rng.standard_normal(n)
    other = W[:, 1] + rng.standard_normal(n)
    classes = np.digitize(score, [-0.7, 0.2, 1.0])
    z = {
        "binary": score > 0.3,
        "classes": classes,
        "text": np.array(["a", "b", "c", "d"])[classes],
        "numbers": score,
        "columns": np.column_stack([score, other]),
        "mixed": np.array([classes.astype(object), other.astype(object)]).T,
    }[kind]
    y = W[:, 2] - W[:, 1] + 0.3 * W[:, 0] > 0
    return W @ A + 5, z, y


def columns(z):
    """Indicators of classes and numbers, by a loop."""
    table = z[:, None] if z.ndim == 1 else z
    found = []
    for column in table.T:
        try:
            numbers = column.astype(float)
        except ValueError:
            numbers = None
        whole = numbers is not None and np.all(numbers == np.round(numbers))
        if numbers is None or whole:
            found += [(column == v) * 1.0 for v in sorted(set(column.tolist()))]
        else:
            found.append(numbers)
    return np.column_stack(found)


def covariance(A, B, w=None):
    w = np.full(len(A), 1.0) if w is None else w
    A = A - np.average(A, axis=0, weights=w)
    B = B - np.average(B, axis=0, weights=w)
    return (A * w[:, None]).T @ B / w.sum()


def correlation(A, B, w=None):
    """Covariance over the deviations of B and of the rows before erasure."""
    return covariance(A, B, w) / B.std(axis=0)


def fitted(method, X, z, y, **kwargs):
    return SubspaceEraser(method, **kwargs).fit(X, y, concept=z)


# -- theorems -------------------------------------------------------------------------


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


@pytest.mark.filterwarnings("ignore::skspace._warnings.IllConditionedErasureWarning")
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
    X, z, y = draw("classes")
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


# -- the spectral eraser --------------------------------------------------------------


def soft(rows, alpha):
    """Soft projector from a singular value decomposition of rows."""
    _, s, Vt = np.linalg.svd(rows, full_matrices=False)
    r = s**2 / np.sum(s**2)
    w = (r > 1e-14) * 1.0 if np.isinf(alpha) else alpha * r / ((alpha - 1) * r + 1)
    return Vt.T * w @ Vt


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize(
    "alphas", [(30, 1), (1, 1), (5, 0), (np.inf, 0.1), (2, np.inf)]
)
def test_spectral_is_its_formula(alphas, center):
    X, z, _ = draw(n=80)
    X = StandardScaler().fit_transform(X) + 1
    X[z] = X[z] @ np.diag([1, 1, 1, 1, 0, 0, 0]) + center * X.mean(axis=0)
    forget, retain = alphas
    eraser = SubspaceEraser(
        "spectral", alpha_forget=forget, alpha_retain=retain, center=center
    ).fit(X, z)
    C = X - X.mean(axis=0) * center
    M_f, M_r = soft(C[z], forget), soft(C[~z], retain) if retain else 0 * np.eye(7)
    expected = np.eye(7) - M_f + M_f @ M_r
    assert_allclose(eraser.operator_, expected, atol=1e-9)
    erased = X.mean(axis=0) * center + C @ expected.T
    assert_allclose(eraser.transform(X), erased, atol=1e-9)
    assert_allclose(
        eraser.components_ @ eraser.components_.T,
        np.eye(eraser.n_components_),
        atol=1e-12,
    )


def test_hard_spectral_without_retention_removes_the_rows():
    X = np.random.RandomState(0).standard_normal((60, 6))
    z = np.repeat([0, 1], 30)
    X[z == 1, 3:] = 0
    eraser = SubspaceEraser(
        "spectral", alpha_forget=np.inf, alpha_retain=0, center=False
    )
    erased = eraser.fit_transform(X, z)
    assert_allclose(erased[z == 1], 0, atol=1e-12)
    assert_allclose(eraser.operator_, np.diag([0, 0, 0, 1, 1, 1]), atol=1e-12)
    spared = eraser.set_params(alpha_retain=np.inf).fit_transform(X, z)
    assert_allclose(spared, X, atol=1e-12)  # the others lie everywhere


def test_spectral_needs_to_know_what_to_forget():
    X, z, _ = draw("classes")
    with pytest.raises(ValueError, match=r"4 classes.*forget=\["):
        SubspaceEraser("spectral").fit(X, z)
    one = SubspaceEraser("spectral", forget=[2, 3]).fit(X, z)
    two = SubspaceEraser("spectral").fit(X, z >= 2)
    assert_allclose(one.operator_, two.operator_)
    with pytest.raises(ValueError, match="needs a concept of one column"):
        SubspaceEraser("spectral").fit(X, draw("numbers")[1])


# -- what is asked --------------------------------------------------------------------


def test_concept_is_erased_where_it_is_given_and_y_elsewhere():
    X, z, y = draw("classes")
    assert_allclose(
        SubspaceEraser().fit(X, y, concept=z).operator_,
        SubspaceEraser().fit(X, z).operator_,
    )
    assert_allclose(
        SubspaceEraser().fit(X, concept=z).operator_,
        SubspaceEraser().fit(X, z).operator_,
    )


def test_forgotten_classes_are_one_concept_against_the_rest():
    X, z, _ = draw("text")
    one = SubspaceEraser(forget=["a", "c"]).fit(X, z)
    two = SubspaceEraser().fit(X, np.isin(z, ["a", "c"]))
    assert one.n_components_ == 1
    assert_allclose(one.operator_, two.operator_)


def test_numbers_and_classes_are_told_apart():
    X, z, _ = draw("classes")
    assert SubspaceEraser().fit(X, z).n_components_ == 3
    assert SubspaceEraser().fit(X, z.astype(float)).n_components_ == 3
    assert SubspaceEraser(concept_type="continuous").fit(X, z).n_components_ == 1
    ages = np.random.RandomState(0).randint(17, 90, len(X))
    assert SubspaceEraser().fit(X, ages).n_components_ == 1
    assert SubspaceEraser(concept_type="discrete").fit(X, ages).n_components_ == 7
    with pytest.raises(ValueError, match="continuous concept must be numeric"):
        SubspaceEraser(concept_type="continuous").fit(X, draw("text")[1])


def test_edited_weights_are_the_model_on_erased_rows():
    X, z, y = draw()
    X = StandardScaler().fit_transform(X)
    model = LogisticRegression().fit(X, y)
    for method in ("leace", "spectral", "oblique"):
        eraser = fitted(method, X, z, y, strength=0.7)
        coef, intercept = eraser.edit_weights(model.coef_, model.intercept_)
        expected = model.decision_function(eraser.transform(X))
        assert_allclose((X @ coef.T + intercept)[:, 0], expected)
        coef, intercept = eraser.edit_weights(model.coef_[0])
        assert_allclose(X @ coef + intercept + model.intercept_, expected)
    with pytest.raises(ValueError, match="one column for each of the 7"):
        eraser.edit_weights(np.ones((2, 3)))


# -- merging --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["classes", "text", "mixed", "numbers"])
@exact
def test_chunks_in_any_order_give_the_fit_of_all_rows(method, kind):
    """Also where a class comes late, and rows are far from the origin."""
    X, z, y = draw(kind, n=300)
    X = X + 1e4
    order = np.argsort(columns(z)[:, 0], kind="stable")
    X, z, y = X[order], z[order], y[order]
    w = np.random.RandomState(2).randint(0, 3, len(X))
    whole = SubspaceEraser(method).fit(X, y, concept=z, sample_weight=w)
    units = X.std(axis=0)
    for parts in (np.arange(300).reshape(3, 100), np.arange(300).reshape(3, 100)[::-1]):
        eraser = SubspaceEraser(method)
        for rows in parts:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DegenerateDataWarning)
                eraser.partial_fit(
                    X[rows], y[rows], concept=z[rows], sample_weight=w[rows]
                )
        assert_allclose(
            eraser.operator_ * units / units[:, None],
            whole.operator_ * units / units[:, None],
            atol=1e-8,
        )
        sums, other = eraser._summary.moments, whole._summary.moments
        scale = np.sqrt(np.diag(other.scatter[:7, :7]))
        assert_allclose(
            sums.scatter[:7, :7] / scale, other.scatter[:7, :7] / scale, atol=1e-10
        )
        assert_allclose(
            sums.scatter[:7, 7:] / scale[:, None],
            other.scatter[:7, 7:] / scale[:, None],
            atol=1e-10,
        )


def test_chunks_of_the_spectral_eraser():
    X, z, _ = draw()
    order = np.argsort(z, kind="stable")[::-1]
    eraser = SubspaceEraser("spectral")
    with pytest.warns(DegenerateDataWarning, match="Not fitted yet: The concept has"):
        eraser.partial_fit(X[order[:50]], z[order[:50]])
    eraser.partial_fit(X[order[50:]], z[order[50:]])
    assert_allclose(
        eraser.operator_, SubspaceEraser("spectral").fit(X, z).operator_, atol=1e-9
    )


def test_weight_is_repetition():
    X, z, y = draw("classes")
    X = StandardScaler().fit_transform(X)
    w = np.random.RandomState(0).randint(0, 4, len(X))
    for method in (*EXACT, "spectral"):
        kwargs = {"shrinkage": "auto", "forget": [3] if method == "spectral" else None}
        one = SubspaceEraser(method, **kwargs).fit(X, y, concept=z, sample_weight=w)
        X2, z2, y2 = (np.repeat(a, w, axis=0) for a in (X, z, y))
        two = SubspaceEraser(method, **kwargs).fit(X2, y2, concept=z2)
        assert_allclose(one.operator_, two.operator_, atol=1e-7)


def test_chunks_must_hold_one_kind():
    X, z, _ = draw("classes")
    eraser = SubspaceEraser().partial_fit(X, z)
    before = eraser.operator_
    for other, message in (
        (z + 0.5, "say in the first call what they are"),
        (draw("text")[1], "values of one kind"),
        (np.column_stack([z, z]), "has 2 columns, it had 1"),
    ):
        with pytest.raises(ValueError, match=message):
            eraser.partial_fit(X, other)
    assert_array_equal(eraser.operator_, before)
    two = np.minimum(z, 1)
    for change in ({"shrinkage": "auto"}, {"method": "spectral"}):
        stream = SubspaceEraser().partial_fit(X, two).set_params(**change)
        with pytest.raises(ValueError, match="summed for other parameters"):
            stream.partial_fit(X, two)
    eraser = SubspaceEraser().partial_fit(X, z + 0.25)
    eraser.partial_fit(X, z)  # numbers stay numbers
    assert eraser.n_components_ == 1


# -- bad input ------------------------------------------------------------------------


def test_bad_input_is_refused_in_a_sentence():
    X, z, y = draw("classes")
    for eraser, args, kwargs, message in (
        (SubspaceEraser(), (X, np.ones(200)), {}, "concept has one value"),
        (SubspaceEraser(), (X,), {}, "requires y"),
        (SubspaceEraser(), (X, z[:50]), {}, "inconsistent numbers"),
        (
            SubspaceEraser(),
            (X, y),
            {"concept": np.where(z, z, np.nan)},
            "concept contains NaN",
        ),
        (SubspaceEraser("oblique"), (X, y), {}, "but concept is None"),
        (SubspaceEraser("oblique"), (X,), {"concept": z}, "the target y is None"),
        (SubspaceEraser("oblique"), (X, z), {"concept": z}, "is to be spared"),
        (
            SubspaceEraser("oblique"),
            (X, z * 0),
            {"concept": z},
            "target y has one value",
        ),
        (SubspaceEraser(forget=[9]), (X, z), {}, "No row belongs"),
        (SubspaceEraser(forget=[0, 1, 2, 3]), (X, z), {}, "no others"),
        (SubspaceEraser(forget=[1]), (X, draw("columns")[1]), {}, "got 2 columns"),
        (SubspaceEraser(), (np.where(X > 90, np.inf, X), z), {}, "infinity"),
        (SubspaceEraser(), (X, z), {"sample_weight": np.zeros(200)}, "non-zero"),
    ):
        with pytest.raises(ValueError, match=message):
            eraser.fit(*args, **kwargs)


@pytest.mark.parametrize("method", ["leace", "orthogonal", "oblique"])
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


def test_zero_weight_hides_a_class():
    X, z, _ = draw("text")
    there = z != "b"
    one = SubspaceEraser().fit(X, z, sample_weight=there * 1.0)
    two = SubspaceEraser().fit(X[there], z[there])
    assert one.n_components_ == 2
    assert_allclose(one.operator_, two.operator_, atol=1e-9)


# -- scikit-learn ---------------------------------------------------------------------


class _WithConcept(SubspaceEraser):
    """Reads the concept off the first feature, for checks that pass X and y alone."""

    def fit(self, X, y=None, *, sample_weight=None):
        return super().fit(X, y, concept=_digits(X), sample_weight=sample_weight)

    def partial_fit(self, X, y=None, *, sample_weight=None):
        concept = _digits(X)
        return super().partial_fit(X, y, concept=concept, sample_weight=sample_weight)


def _digits(X):
    """A concept of each row alone, so that weights and chunks do not change it."""
    try:
        X = to_numpy(X) if is_array_api_obj(X) else X
        first = np.asarray(X, dtype=float)[:, 0]
    except (TypeError, ValueError, IndexError):
        return [0, 1, 0]  # X is refused before the concept is looked at
    return np.floor(7.3 * np.nan_to_num(first, posinf=0.0, neginf=0.0)) % 2 == 1


@pytest.mark.filterwarnings("ignore::skspace._warnings.SkspaceWarning")
@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")
@pytest.mark.parametrize("method", ["oblique", "spectral"])
def test_scikit_learns_contract_of_methods_that_need_a_concept(method):
    passed = 0
    for estimator, check in estimator_checks_generator(_WithConcept(method), mark=None):
        try:
            check(estimator)
        except SkipTest:
            continue
        except (
            ValueError,
            AssertionError,
        ) as error:  # two features cannot spare three classes
            if method == "oblique" and "is to be spared" in str(error):
                continue
            raise
        passed += 1
    assert passed > 40


@pytest.mark.parametrize("routing", [True, False])
def test_concept_is_routed_through_pipelines_and_searches(routing):
    X, z, y = draw("classes", n=240)
    with config_context(enable_metadata_routing=routing):
        eraser = SubspaceEraser()
        if routing:
            eraser.set_fit_request(concept=True)
            params = {"concept": z}
        else:
            params = {"subspaceeraser__concept": z}
        pipe = make_pipeline(StandardScaler(), eraser, LogisticRegression())
        pipe.fit(X, y, **params)
        expected = SubspaceEraser().fit(StandardScaler().fit_transform(X), z)
        assert_allclose(pipe[1].operator_, expected.operator_, atol=1e-9)
        grid = {"subspaceeraser__method": ["leace", "oblique"]}
        search = GridSearchCV(pipe, grid, cv=3, error_score="raise").fit(X, y, **params)
        assert np.all(np.isfinite(search.cv_results_["mean_test_score"]))
        folds = cross_validate(
            pipe, X, y, cv=3, params=params, return_estimator=True, return_indices=True
        )
        for fold, rows in zip(
            folds["estimator"], folds["indices"]["train"], strict=True
        ):
            erased = fold[:2].transform(X[rows])
            assert np.max(np.abs(covariance(erased, columns(z[rows])))) < 1e-10


def test_frames_keep_their_columns():
    pd = pytest.importorskip("pandas")
    X, z, _ = draw("text")
    frame = pd.DataFrame(X, columns=list("abcdefg"), index=np.arange(200)[::-1])
    eraser = SubspaceEraser().set_output(transform="pandas").fit(frame, pd.Series(z))
    out = eraser.transform(frame)
    assert list(out.columns) == list("abcdefg")
    assert_array_equal(out.index, frame.index)
    assert not hasattr(eraser, "inverse_transform")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_array_libraries_agree(library, dispatch, dtype):
    X, z, y = draw("classes")
    X = StandardScaler().fit_transform(X).astype(dtype)
    for method in (*EXACT, "spectral"):
        forget = [2] if method == "spectral" else None
        kwargs = {"forget": forget, "shrinkage": "auto"}
        expected = fitted(method, X, z, y, **kwargs)
        there = library.asarray(X)
        found = fitted(method, there, library.asarray(z), library.asarray(y), **kwargs)
        erased = found.transform(there)
        assert erased.dtype == there.dtype
        assert type(erased) is type(there)
        tol = 1e-9 if dtype == "float64" else 1e-4
        assert_allclose(library.to_numpy(erased), expected.transform(X), atol=tol)
        coef = library.asarray(np.ones((2, 7), dtype))
        edited, shift = found.edit_weights(coef, library.asarray(np.ones(2, dtype)))
        assert_allclose(
            library.to_numpy(edited), np.ones((2, 7)) @ expected.operator_, atol=tol
        )
        assert shift.shape == (2,)
