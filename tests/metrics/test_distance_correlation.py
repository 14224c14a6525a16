"""Distance correlation against its definition, closed forms and invariances."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from skspace.metrics import _distance_correlation, distance_correlation


def distances(X):
    X = np.asarray(X, dtype=float).reshape(len(X), -1)
    return np.array([[np.linalg.norm(a - b) for b in X] for a in X])


def by_definition(X, Y):
    """Means of products of doubly centred distances (Székely et al. 2007)."""

    def centred(D):
        return D - D.mean(axis=0) - D.mean(axis=1, keepdims=True) + D.mean()

    A, B = centred(distances(X)), centred(distances(Y))
    scale = np.sqrt(np.mean(A * A) * np.mean(B * B))
    return np.sqrt(np.mean(A * B) / scale) if scale > 1e-15 else 0.0


def by_unbiased_definition(X, Y):
    """U-centred distances without their diagonal (Székely and Rizzo 2014)."""

    def centred(D):
        n = len(D)
        U = D - D.sum(axis=0) / (n - 2) - D.sum(axis=1, keepdims=True) / (n - 2)
        U = U + D.sum() / ((n - 1) * (n - 2))
        np.fill_diagonal(U, 0)
        return U

    A, B = centred(distances(X)), centred(distances(Y))
    scale = np.sqrt(np.sum(A * A) * np.sum(B * B))
    return np.sum(A * B) / scale if scale > 1e-10 else 0.0


@pytest.fixture(params=["whole", "blocks"])
def memory(request, monkeypatch):
    if request.param == "blocks":
        monkeypatch.setattr(_distance_correlation, "BLOCK_BYTES", 1000)


@pytest.mark.parametrize("columns", [(1, 1), (1, 3), (2, 1), (4, 2)])
def test_equals_the_definition(rng, memory, columns):
    X = rng.standard_normal(size=(40, columns[0]))
    Y = rng.standard_normal(size=(40, columns[1])) + X[:, :1] ** 2
    assert distance_correlation(X, Y) == pytest.approx(by_definition(X, Y), rel=1e-10)
    assert distance_correlation(X, Y, bias_corrected=True) == pytest.approx(
        by_unbiased_definition(X, Y), rel=1e-10
    )


@settings(max_examples=80, deadline=None)
@given(
    pairs=st.lists(
        st.tuples(st.integers(-2, 2), st.integers(-2, 2)), min_size=4, max_size=25
    )
)
def test_ties_equal_the_definition(pairs):
    """Few integers bring ties on either side, constants and equal pairs."""
    x, y = np.array(pairs, dtype=float).T
    for X, Y in ((x, y), (x[:, None], np.stack([y, y], axis=1))):
        got = distance_correlation(X, Y)
        assert got == pytest.approx(by_definition(X, Y), abs=1e-6)
        assert got**2 == pytest.approx(by_definition(X, Y) ** 2, abs=1e-11)
        assert distance_correlation(X, Y, bias_corrected=True) == pytest.approx(
            by_unbiased_definition(X, Y), abs=1e-9
        )


@pytest.mark.parametrize("n_samples", [1, 2, 3, 7, 64, 100, 257])
def test_merge_sort_equals_all_pairs(rng, n_samples):
    from skspace._numba.distance_covariance import univariate_sums

    x, y = rng.standard_normal(size=(2, n_samples))
    y = np.round(x * y, 1)
    total, rows_x, rows_y = univariate_sums(x, y)
    a, b = np.abs(x[:, None] - x), np.abs(y[:, None] - y)
    assert_allclose(total, np.sum(a * b), rtol=1e-12, atol=1e-12)
    assert_allclose(rows_x, a.sum(axis=1), rtol=1e-11, atol=1e-12)
    assert_allclose(rows_y, b.sum(axis=1), rtol=1e-11, atol=1e-12)


def test_two_columns_take_the_fast_way(rng, monkeypatch):
    def no_pairs(*_):
        raise AssertionError("all pairs were visited")

    monkeypatch.setattr(_distance_correlation, "distance_sums", no_pairs)
    x, y = rng.standard_normal(size=(2, 50))
    assert distance_correlation(x, y[:, None]) == pytest.approx(by_definition(x, y))


def test_a_column_as_a_table_is_the_same(rng):
    x, y = rng.standard_normal(size=(2, 60))
    zeros = np.zeros(60)
    slow = distance_correlation(np.stack([x, zeros], axis=1), y)
    assert distance_correlation(x, y) == pytest.approx(slow, rel=1e-12)


@pytest.mark.parametrize("n_columns", [1, 3])
def test_one_for_similar_samples(rng, n_columns):
    """Moved, rotated and scaled by one factor: the distances are proportional."""
    X = rng.standard_normal(size=(50, n_columns))
    turn = np.linalg.qr(rng.standard_normal(size=(n_columns, n_columns)))[0]
    Y = 7 - 0.3 * X @ turn
    assert distance_correlation(X, Y) == pytest.approx(1, abs=1e-7)
    assert distance_correlation(X, Y, bias_corrected=True) == pytest.approx(1)


def test_closed_form_of_a_table_of_two_by_two():
    """For two binary variables R equals the absolute phi coefficient."""
    counts = np.array([[7, 2], [3, 8]])
    x, y = np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], counts.ravel(), axis=0).T
    phi = np.corrcoef(x, y)[0, 1]
    assert distance_correlation(x, y) == pytest.approx(abs(phi), rel=1e-10)


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_normal_pairs_have_the_known_correlation(rho):
    """Theorem 7 of Székely et al. (2007), of the population."""
    x, e = np.random.RandomState(1).standard_normal(size=(2, 100_000))
    y = rho * x + np.sqrt(1 - rho**2) * e
    arcs = rho * np.arcsin(rho) + np.sqrt(1 - rho**2)
    half = rho * np.arcsin(rho / 2) + np.sqrt(4 - rho**2)
    expected = (arcs - half + 1) / (1 + np.pi / 3 - np.sqrt(3))
    got = distance_correlation(x, y, bias_corrected=True)
    assert got == pytest.approx(expected, abs=0.01)
    assert distance_correlation(x, y) ** 2 == pytest.approx(expected, abs=0.01)


def test_bias_corrected_is_centred_on_zero_where_the_plain_one_is_not():
    rng = np.random.RandomState(0)
    corrected, plain = [], []
    for _ in range(100):
        X, Y = rng.standard_normal(size=(2, 30, 10))
        corrected.append(distance_correlation(X, Y, bias_corrected=True))
        plain.append(distance_correlation(X, Y))
    assert abs(np.mean(corrected)) < 4 * np.std(corrected) / np.sqrt(100)
    assert min(plain) > 0.4


def test_moving_rotating_and_scaling_change_nothing(rng):
    X = rng.standard_normal(size=(30, 3))
    y = X[:, 0] * X[:, 1]
    expected = distance_correlation(X, y)
    turn = np.linalg.qr(rng.standard_normal(size=(3, 3)))[0]
    assert distance_correlation(1e6 + X @ turn, y) == pytest.approx(expected, rel=1e-8)
    for scale in (1e-200, 1e-3, 1e200, 1e307):
        got = distance_correlation(scale * X, -scale * y)
        assert got == pytest.approx(expected, rel=1e-12)
    assert distance_correlation(y, X) == pytest.approx(expected, rel=1e-12)
    order = rng.permutation(30)
    assert distance_correlation(X[order], y[order]) == pytest.approx(expected)


@pytest.mark.parametrize("bias_corrected", [False, True])
def test_a_side_that_does_not_vary_gives_zero(rng, bias_corrected):
    X = rng.standard_normal(size=(10, 2))
    for constant in (np.zeros(10), np.full(10, 0.1), np.tile([0.1, 1e9], (10, 1))):
        for pair in ((X, constant), (constant, X[:, 0]), (constant, constant)):
            assert distance_correlation(*pair, bias_corrected=bias_corrected) == 0.0


def test_a_single_odd_value_leaves_no_unbiased_variance():
    x = np.arange(8.0)
    y = np.eye(8)[3]
    assert distance_correlation(x, y, bias_corrected=True) == 0.0
    assert distance_correlation(x, y) == pytest.approx(by_definition(x, y))


@pytest.mark.parametrize("columns", [1, 3])
def test_runs_on_every_array_library(library, rng, columns):
    X, y = rng.standard_normal(size=(25, columns)), rng.standard_normal(size=25)
    expected = distance_correlation(X, y)
    for Z in (X, X.astype(np.float32)):
        got = distance_correlation(library.asarray(Z), library.asarray(y))
        assert got == pytest.approx(expected, rel=1e-6)
        assert isinstance(got, float)
    for other in (list(y), y):  # follows X
        got = distance_correlation(library.asarray(X), other)
        assert got == pytest.approx(expected)
    assert distance_correlation(X, library.asarray(y)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ([1.0, 2.0], [1.0], "2 and 1 rows"),
        ([1.0], [1.0], "at least 2 samples"),
        ([1.0, np.nan], [1.0, 2.0], "NaN or infinity"),
        ([1.0, 2.0], [np.inf, 2.0], "NaN or infinity"),
        (["a", "b"], [1.0, 2.0], "real numbers"),
        (np.zeros((2, 2, 2)), [1.0, 2.0], "shape"),
        (np.zeros((2, 0)), [1.0, 2.0], "shape"),
        (1.0, 2.0, "shape"),
    ],
)
def test_bad_samples_are_named(X, y, message):
    with pytest.raises(ValueError, match=message):
        distance_correlation(X, y)


def test_without_bias_four_samples_are_needed():
    with pytest.raises(ValueError, match="at least 4 samples"):
        distance_correlation([1.0, 2.0, 4.0], [1.0, 2.0, 3.0], bias_corrected=True)
