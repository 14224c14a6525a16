"""What an eraser reads and refuses, weights it edits, and scikit-learn's contract."""

from unittest import SkipTest

import numpy as np
import pytest
from concept_cases import EXACT, columns, covariance, draw, exact, fitted
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

from skspace._array import is_array_api_obj, to_numpy
from skspace.erasure import SubspaceEraser


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


@pytest.mark.parametrize(
    ("coef", "intercept", "message"),
    [
        (np.ones((2, 3)), 0.0, "one column for each of the 7"),
        (np.ones((2, 7)), np.ones(3), "one for each of the 2 outputs"),
        (np.full((2, 7), np.nan), 0.0, "Input coef contains NaN"),
        (np.ones(7), np.inf, "Input intercept contains infinity"),
        (np.full((1, 7), 1e308), 0.0, "leave the range of float64"),
        ([["a"] * 7], 0.0, "could not convert string to float"),
    ],
)
def test_weights_that_cannot_be_edited_are_refused(coef, intercept, message):
    X, z, _ = draw()
    eraser = SubspaceEraser().fit(StandardScaler().fit_transform(X) + 10, z)
    with pytest.raises(ValueError, match=message):
        eraser.edit_weights(coef, intercept)


@exact
def test_rows_that_lead_beyond_the_range_of_numbers_are_refused(method):
    X, z, y = draw()
    eraser = fitted(method, X, z, y)
    with pytest.raises(ValueError, match="beyond the range of float64"):
        eraser.transform(np.sign(X - X.mean(axis=0)) * 1.7e308)


def test_an_eraser_beyond_the_range_of_float32_is_refused():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((50, 2)).astype(np.float32) * [1e-30, 1e30]
    X[:, 1] += 1e30 * (X[:, 0] > 0)
    with pytest.raises(ValueError, match="beyond the range of float32"):
        SubspaceEraser().fit(X.astype(np.float32), X[:, 0] > 0)


def test_a_strength_set_after_the_fit_waits_for_the_next_one():
    X, z, _ = draw()
    eraser = SubspaceEraser().fit(X, z).set_params(strength=0.0)
    expected = eraser.mean_ + (X - eraser.mean_) @ eraser.operator_.T
    assert_allclose(eraser.transform(X), expected)


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


@pytest.mark.filterwarnings("ignore::skspace.exceptions.SkspaceWarning")
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
        for coef in (np.ones((2, 7)), [[1] * 7] * 2):  # from the host, and a number
            there, _ = found.edit_weights(coef, 1)
            assert_allclose(library.to_numpy(there), library.to_numpy(edited))
