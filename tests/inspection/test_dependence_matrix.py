"""Dependence of all pairs of columns: values, kinds of columns, the picture."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal

from skspace.datasets import make_correlated_gaussian
from skspace.information import mutual_info_classif, mutual_info_regression
from skspace.inspection import DependenceMatrixDisplay
from skspace.inspection import _dependence_matrix as module


def test_coefficient_is_the_correlation_of_normal_columns():
    X, y, mi = make_correlated_gaussian(5000, correlation=-0.8, random_state=0)
    exact = DependenceMatrixDisplay.from_matrix([[np.inf, mi], [mi, np.inf]])
    assert_allclose(exact.coefficients, [[1, 0.8], [0.8, 1]], atol=1e-12)
    X = np.column_stack([X, y])
    estimated = DependenceMatrixDisplay.from_data(X, n_neighbors=5)
    assert_allclose(estimated.coefficients, exact.coefficients, atol=0.02)


def test_every_pair_is_what_screening_says(rng):
    X = rng.standard_normal((150, 4))
    X[:, 2] += X[:, 0]
    display = DependenceMatrixDisplay.from_data(X, n_neighbors=4)
    for i in range(4):
        others = np.delete(np.arange(4), i)
        expected = mutual_info_regression(X[:, others], X[:, i], n_neighbors=4)
        assert_allclose(display.information[i, others], expected, atol=1e-12)
        assert display.information[i, i] == np.inf
    assert_array_equal(display.coefficients, display.coefficients.T)


def test_pairs_are_estimated_once(rng, monkeypatch):
    widths = []

    def counted(X, y, **_):
        widths.append(X.shape[1])
        return np.zeros(X.shape[1])

    monkeypatch.setattr(module, "mutual_info_regression", counted)
    DependenceMatrixDisplay.from_data(rng.standard_normal((20, 5)))
    assert widths == [4, 3, 2, 1]


def test_frames_with_classes(rng):
    pd = pytest.importorskip("pandas")
    name = np.array(["a", "b", "c"])[rng.randint(0, 3, size=200)]
    flag = rng.uniform(size=200) > 0.5
    number = rng.standard_normal(200) + 2.0 * flag
    frame = pd.DataFrame(
        {"number": number, "name": name, "flag": flag, 7: pd.Categorical(name)}
    )
    display = DependenceMatrixDisplay.from_data(frame)
    assert display.names == ["number", "name", "flag", "7"]
    expected = mutual_info_classif(number[:, None], flag)[0]
    assert display.information[0, 2] == pytest.approx(expected)
    shares = np.unique(name, return_counts=True)[1] / 200
    entropy = -np.sum(shares * np.log(shares))
    assert display.information[1, 3] == pytest.approx(entropy)
    codes = np.column_stack([number, np.unique(name, return_inverse=True)[1], flag])
    for named in ([False, True, True], [1, 2]):
        same = DependenceMatrixDisplay.from_data(codes, discrete_features=named)
        assert_allclose(same.information, display.information[:3, :3])


def test_polars_frames_keep_their_names(rng):
    pl = pytest.importorskip("polars")
    X = rng.standard_normal((30, 2))
    display = DependenceMatrixDisplay.from_data(pl.DataFrame(X, schema=["a", "b"]))
    assert display.names == ["a", "b"]


def test_constant_columns_tell_nothing(rng):
    X = rng.standard_normal((30, 3))
    X[:, 1] = 4.0
    display = DependenceMatrixDisplay.from_data(X)
    assert_array_equal(display.coefficients[1], 0)
    assert_array_equal(np.diagonal(display.coefficients), [1, 0, 1])


def test_repeated_values_raise_no_alarm(rng):
    X = rng.randint(0, 4, size=(60, 2)).astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        DependenceMatrixDisplay.from_data(X)


def test_picture_shows_values_and_names(rng):
    display = DependenceMatrixDisplay.from_matrix(
        [[np.inf, 0.5, 0], [0.5, np.inf, 0], [0, 0, np.inf]], names=["a", "b", "c"]
    )
    assert_allclose(display.image_.get_array(), display.coefficients)
    assert display.image_.get_clim() == (0, 1)
    assert [t.get_text() for t in display.ax_.get_xticklabels()] == ["a", "b", "c"]
    texts = [t.get_text() for t in display.ax_.texts]
    assert texts[:3] == ["1.00", "0.80", "0.00"]
    again = display.plot(ax=display.ax_)
    assert again.figure_ is display.figure_


def test_large_pictures_leave_numbers_and_names_out():
    n = 2 * module.MOST_NAMES + 1
    display = DependenceMatrixDisplay.from_matrix(np.zeros((n, n)))
    assert len(display.ax_.texts) == 0
    assert 0 < len(display.ax_.get_xticks()) <= module.MOST_NAMES


@pytest.mark.parametrize(
    ("X", "settings", "message"),
    [
        (np.zeros(4), {}, "got \\(4,\\)"),
        (np.zeros((4, 1)), {}, "at least 2 columns, got 1"),
        (np.zeros((0, 2)), {}, "no rows"),
        (sp.csr_array((4, 2)), {}, "X is sparse"),
        ([[1.0, np.nan], [2.0, 1.0]], {}, "Column x1 misses 1 values"),
        (np.array([["a", None], ["b", "c"]], object), {}, "Column x1 misses 1"),
        (np.array([["a", 1], ["b", 2]], object), {"discrete_features": False}, "x0"),
        (np.zeros((4, 2)), {"discrete_features": [2]}, "indices below 2"),
        (np.zeros((4, 2)), {"discrete_features": "all"}, "must be 'auto'"),
    ],
)
def test_bad_tables_are_named(X, settings, message):
    with pytest.raises(ValueError, match=message):
        DependenceMatrixDisplay.from_data(X, **settings)


def test_pandas_missing_values_are_named():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": pd.array([1, None], dtype="Int64")})
    with pytest.raises(ValueError, match="Column b misses 1 values"):
        DependenceMatrixDisplay.from_data(frame)


@pytest.mark.parametrize(
    ("matrix", "names", "message"),
    [
        (np.zeros((2, 3)), None, "square"),
        ([[0, 1], [2, 0]], None, "symmetric"),
        ([[0, np.nan], [np.nan, 0]], None, "without NaN"),
        (np.zeros((2, 2)), ["a"], "one name for each of the 2"),
    ],
)
def test_bad_matrices_are_named(matrix, names, message):
    with pytest.raises(ValueError, match=message):
        DependenceMatrixDisplay.from_matrix(matrix, names=names)
