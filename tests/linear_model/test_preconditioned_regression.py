"""PreconditionedRegression: digits, weights, ranks, units, and kinds of input."""

import warnings

import numpy as np
import oracles
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from regression_cases import ITERATIVE, both, digits
from sklearn.linear_model import LinearRegression, Ridge

from skspace.datasets import fetch_ill_conditioned, get_ill_conditioned_names
from skspace.exceptions import RankDeficientWarning
from skspace.linear_model import PreconditionedRegression


def problems():
    rng = np.random.RandomState(0)
    t = np.linspace(0, 1, 25)
    yield "vandermonde", (t + 1)[:, None] ** np.arange(1, 9), 1.0
    yield "hilbert", 1 / (np.arange(14)[:, None] + np.arange(7) + 2), 1.0
    yield "years", (1950.0 + np.arange(30))[:, None] ** np.arange(1, 4), 1.0
    yield "consistent", (t + 1)[:, None] ** np.arange(1, 9), 0.0
    U = np.linalg.qr(rng.standard_normal((30, 5)))[0]
    V = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    yield "random", U * np.geomspace(1, 1e-10, 5) @ V.T, 1.0
    yield "units", rng.standard_normal((20, 4)) * [1e-200, 1, 1e80, 1e200], 1.0
    X = rng.standard_normal((20, 3))
    yield "duplicate", np.c_[X, X[:, 0] + 1e-11 * rng.standard_normal(20)], 1.0


@pytest.mark.parametrize(("name", "X", "noise"), list(problems()))
def test_every_digit_is_right_with_defaults(name, X, noise, rng):
    scale = np.max(np.abs(X), axis=0)
    y = (X / scale).sum(axis=1) + noise * rng.standard_normal(len(X))
    A = np.c_[np.ones(len(X)), X]
    truth = oracles.exact_least_squares(A, y)[:, 0]
    fitted = PreconditionedRegression().fit(X, y)
    given = PreconditionedRegression(fit_intercept=False).fit(A, y)
    for found, model in ((both(fitted), fitted), (given.coef_, given)):
        assert digits(found, truth) > 15
        assert model.converged_
        assert model.conditioning_.expected_digits > 15


@pytest.mark.parametrize("name", get_ill_conditioned_names())
def test_public_problems_have_every_digit(name, data_folder):
    data = fetch_ill_conditioned(name)
    X, y = data.data, data.target
    model = PreconditionedRegression(fit_intercept=False).fit(X, y)
    assert digits(model.coef_, data.coef) > 14.5
    if np.all(X[:, 0] == 1):
        model = PreconditionedRegression().fit(X[:, 1:], y)
        assert digits(both(model), data.coef) > 14.5


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_integer_problems_have_every_digit(seed):
    rng = np.random.RandomState(seed)
    n, p = rng.randint(6, 12), rng.randint(1, 5)
    X, y = rng.randint(-9, 10, size=(n, p)), rng.randint(-9, 10, size=n)
    weights = rng.randint(1, 4, size=n)
    A = np.c_[np.ones(n), X]
    if np.linalg.matrix_rank(A) < p + 1:
        return
    truth = oracles.exact_least_squares(A, y, weights)[:, 0]
    model = PreconditionedRegression().fit(X, y, weights)
    atol = 1e-15 * np.max(np.abs(truth))  # of those that are zero
    np.testing.assert_allclose(both(model), truth, rtol=4e-16, atol=atol)


@pytest.mark.parametrize("alpha", [1e-9, 1e-3, 10.0])
def test_ridge_has_every_digit_and_leaves_the_constant_alone(alpha, rng):
    t = np.linspace(0, 1, 20)
    X, y = (t + 1)[:, None] ** np.arange(1, 7), rng.standard_normal(20)
    weights = rng.uniform(0.1, 3, size=20)
    truth = oracles.exact_least_squares(
        np.c_[np.ones(20), X], y, weights, ridge=[0] + [alpha] * 6
    )[:, 0]
    model = PreconditionedRegression(alpha).fit(X, y, weights)
    assert digits(both(model), truth) > 15
    peer = Ridge(alpha, solver="svd").fit(X, y, weights)
    np.testing.assert_allclose(model.predict(X), peer.predict(X), rtol=1e-3, atol=1e-3)


def test_weights_cost_no_digits(rng):
    """Rows scaled by rounded square roots would be other rows."""
    t = np.linspace(1, 2, 30)
    X, y = t[:, None] ** np.arange(9), rng.standard_normal(30)
    weights = rng.randint(0, 4, size=30)
    assert np.any(weights == 0)
    model = PreconditionedRegression(fit_intercept=False).fit(X, y, weights)
    truth = oracles.exact_least_squares(X, y, weights)[:, 0]
    assert digits(model.coef_, truth) > 15
    repeated = PreconditionedRegression(fit_intercept=False).fit(
        X.repeat(weights, axis=0), y.repeat(weights)
    )
    np.testing.assert_allclose(model.coef_, repeated.coef_, rtol=3e-16)


@pytest.mark.parametrize("kind", ["auto", "qr", "sketch", "jacobi", "block"])
@pytest.mark.parametrize("container", [sp.csr_matrix, sp.csc_array, sp.coo_array])
def test_sparse_equals_dense(container, kind, rng):
    X = rng.standard_normal((200, 5)) * (rng.random_sample((200, 5)) < 0.4)
    y, weights = rng.standard_normal(200), rng.randint(0, 3, size=200)
    settings = {"preconditioner": kind, "groups": [0, 0, 1, 1, 1], "random_state": 0}
    dense = PreconditionedRegression(**settings).fit(X, y, weights)
    sparse = PreconditionedRegression(**settings).fit(container(X), y, weights)
    rtol = 1e-14 if kind in {"auto", "qr"} else 1e-9
    np.testing.assert_allclose(both(sparse), both(dense), rtol=rtol)
    np.testing.assert_allclose(
        sparse.predict(container(X)), dense.predict(X), atol=1e-9
    )


def test_several_responses_equal_single_ones(rng):
    X = rng.standard_normal((60, 4))
    Y = rng.standard_normal((60, 3)) * [1, 1e-9, 1e9]
    for kind in ("qr", "jacobi"):
        model = PreconditionedRegression(preconditioner=kind).fit(X, Y)
        assert model.coef_.shape == (3, 4)
        assert model.intercept_.shape == (3,)
        for k in range(3):
            one = PreconditionedRegression(preconditioner=kind).fit(X, Y[:, k])
            np.testing.assert_allclose(model.coef_[k], one.coef_, rtol=1e-9)
            assert np.isscalar(one.intercept_)
        np.testing.assert_allclose(
            model.predict(X), X @ model.coef_.T + model.intercept_
        )


def test_single_precision_is_solved_in_double_and_rounded(rng):
    t = np.linspace(1, 2, 30, dtype=np.float32)
    X = t[:, None] ** np.arange(1, 6, dtype=np.float32)
    y = rng.standard_normal(30).astype(np.float32)
    model = PreconditionedRegression().fit(X, y)
    truth = oracles.exact_least_squares(np.c_[np.ones(30), X], y)[:, 0]
    assert model.coef_.dtype == np.float32
    assert model.predict(X).dtype == np.float32
    np.testing.assert_array_equal(model.coef_, truth[1:].astype(np.float32))


def least_norm(X, y):
    """Among all least-squares solutions with a constant, the shortest."""
    mean = X.mean(axis=0)
    coef = np.linalg.pinv(X - mean, rcond=1e-10) @ (y - y.mean())
    return np.r_[y.mean() - mean @ coef, coef]


def deficient(rng):
    X = rng.standard_normal((40, 5)) + 3
    X[:, 3] = X[:, 0] - 2 * X[:, 1]
    X[:, 4] = 7.0  # with the constant
    return X, rng.standard_normal(40)


@pytest.mark.parametrize("kind", ["qr", "sketch"])
def test_dependent_columns_are_named_and_the_least_norm_returned(kind, rng):
    X, y = deficient(rng)
    model = PreconditionedRegression(preconditioner=kind, random_state=0)
    with pytest.warns(RankDeficientWarning, match=r"rank 4 with 6 columns") as seen:
        model.fit(X, y)
    text = str(seen[0].message)
    assert all(name in text for name in ("x0", "x1", "x3", "x4", "intercept"))
    assert model.rank_ == 4
    np.testing.assert_allclose(both(model), least_norm(X, y), rtol=1e-8, atol=1e-10)
    assert model.conditioning_.condition_number_scaled > 1e14


def test_units_do_not_decide_on_the_rank(rng):
    X, y = rng.standard_normal((30, 3)), rng.standard_normal(30)
    scale = np.array([1e-30, 1, 1e30])
    model = PreconditionedRegression().fit(X * scale, y)
    assert model.rank_ == 4
    plain = PreconditionedRegression().fit(X, y)
    np.testing.assert_allclose(model.coef_ * scale, plain.coef_, rtol=1e-12)


def test_fewer_samples_than_columns_interpolate_with_least_norm(rng):
    X, y = rng.standard_normal((5, 9)), rng.standard_normal(5)
    with pytest.warns(RankDeficientWarning):
        model = PreconditionedRegression().fit(X, y)
    np.testing.assert_allclose(model.predict(X), y, atol=1e-12)
    peer = LinearRegression().fit(X, y)
    np.testing.assert_allclose(model.coef_, peer.coef_, atol=1e-10)


def test_a_ridge_makes_any_rank_unique(rng):
    X, y = deficient(rng)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = PreconditionedRegression(alpha=0.1).fit(X, y)
    peer = Ridge(0.1).fit(X, y)
    np.testing.assert_allclose(model.coef_, peer.coef_, atol=1e-9)


@pytest.mark.parametrize("kind", ["qr", "sketch", *ITERATIVE])
@pytest.mark.parametrize(("x", "y"), [(1e300, 1.0), (1e-300, 1.0), (1.0, 1e300)])
def test_units_change_the_coefficients_alone(kind, x, y, rng):
    X = rng.standard_normal((50, 4))
    target = X @ [1.0, 2.0, 3.0, 4.0] + rng.standard_normal(50)
    settings = {"preconditioner": kind, "groups": [[0, 1], [2, 3]], "random_state": 0}
    model = PreconditionedRegression(**settings).fit(X, target)
    x = 1.0 if kind == "none" else x  # which leaves the constant as it is
    scaled = PreconditionedRegression(**settings).fit(x * X, y * target)
    np.testing.assert_allclose(scaled.coef_ * (x / y), model.coef_, rtol=1e-11)


def test_coefficients_out_of_range_are_refused(rng):
    X, y = rng.standard_normal((50, 4)), rng.standard_normal(50)
    with (
        np.errstate(over="ignore"),
        pytest.raises(ValueError, match="beyond 1e308"),
    ):
        PreconditionedRegression().fit(1e-300 * X, 1e300 * y)
    with pytest.raises(ValueError, match="beyond the range of float32"):
        PreconditionedRegression().fit((1e-30 * X).astype(np.float32), 1e30 * y)


@pytest.mark.parametrize("kind", ["qr", "sketch"])
def test_dependent_columns_of_any_unit_share_in_the_least_norm(kind, rng):
    X, y = rng.standard_normal((50, 3)), rng.standard_normal(50)
    whole = np.column_stack([X, 1e-200 * X[:, 0]])
    settings = {"preconditioner": kind, "random_state": 0}
    with pytest.warns(RankDeficientWarning, match="x0, x3"):
        model = PreconditionedRegression(**settings).fit(whole, y)
    without = PreconditionedRegression(**settings).fit(X, y)
    np.testing.assert_allclose(model.coef_[:3], without.coef_, rtol=1e-11)
    assert abs(model.coef_[3]) < 1e-150


def test_zeros_explain_nothing():
    with pytest.warns(RankDeficientWarning, match="rank 0 with 3 columns"):
        model = PreconditionedRegression(fit_intercept=False).fit(
            np.zeros((9, 3)), np.arange(9.0)
        )
    assert not np.any(model.coef_)
    ridge = PreconditionedRegression(
        1.0, preconditioner="nystrom", fit_intercept=False
    ).fit(np.zeros((9, 3)), np.arange(9.0))
    assert not np.any(ridge.coef_)


def test_zero_columns_get_zero(rng):
    X = rng.standard_normal((10, 3))
    X[:, 1] = 0
    with pytest.warns(RankDeficientWarning, match="x1"):
        model = PreconditionedRegression().fit(X, X[:, 0])
    np.testing.assert_allclose(both(model), [0, 1, 0, 0], atol=1e-14)


@pytest.mark.parametrize("y", [["a", "b", "c"], [1.0, np.nan, 2.0], [1.0, 2.0]])
def test_responses_must_be_numbers_one_a_row(y):
    with pytest.raises(ValueError, match=r"y|NaN|inconsistent"):
        PreconditionedRegression().fit(np.eye(3), y)


@pytest.mark.parametrize("n_targets", [1, 2])
def test_arrays_of_other_libraries_come_back_as_such(n_targets, library, dispatch, rng):
    """Solved on the host, which is why no array support is claimed."""
    X, Y = rng.standard_normal((30, 3)), rng.standard_normal((30, n_targets))
    Y = Y[:, 0] if n_targets == 1 else Y
    theirs = PreconditionedRegression().fit(library.asarray(X), library.asarray(Y))
    ours = PreconditionedRegression().fit(X, Y)
    np.testing.assert_array_equal(library.to_numpy(theirs.coef_), ours.coef_)
    predicted = library.to_numpy(theirs.predict(library.asarray(X)))
    np.testing.assert_allclose(predicted, ours.predict(X), rtol=1e-12)
