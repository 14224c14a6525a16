"""PreconditionedRegression: digits, weights, ranks, inputs, and its report."""

import warnings

import numpy as np
import oracles
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.linalg import aslinearoperator
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, Ridge

from skspace._warnings import RankDeficientWarning
from skspace.datasets import fetch_ill_conditioned, get_ill_conditioned_names
from skspace.linear_model import PreconditionedRegression

ITERATIVE = ["none", "jacobi", "block", "schur", "sketch"]


def digits(found, truth):
    """Correct digits of the worst coefficient."""
    with np.errstate(divide="ignore"):
        return np.min(-np.log10(np.abs(np.asarray(found) / truth - 1)))


def both(model):
    """Constant and coefficients."""
    return np.r_[model.intercept_, model.coef_]


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


@pytest.mark.parametrize("kind", ["qr", *ITERATIVE, "nystrom"])
@pytest.mark.parametrize("solver", ["lsqr", "lsmr", "cg"])
@pytest.mark.parametrize("alpha", [0.0, 0.5])
def test_every_way_leads_to_the_same_solution(kind, solver, alpha, rng):
    if kind == "nystrom" and alpha == 0:
        pytest.skip("needs a ridge")
    X = rng.standard_normal((150, 6)) * np.geomspace(1, 10, 6)
    Y = rng.standard_normal((150, 2)) + X[:, :2]
    weights = rng.randint(0, 3, size=150)
    model = PreconditionedRegression(
        alpha,
        preconditioner=kind,
        solver=solver,
        groups=[0, 0, 1, 1, 1, 1],
        tol=1e-13,
        random_state=0,
    ).fit(X, Y, weights)
    peer = PreconditionedRegression(alpha, refine=False).fit(X, Y, weights)
    np.testing.assert_allclose(model.coef_, peer.coef_, atol=1e-8)
    np.testing.assert_allclose(model.intercept_, peer.intercept_, atol=1e-8)
    assert model.preconditioner_ == kind
    assert model.converged_


@pytest.mark.parametrize("kind", ITERATIVE)
def test_refinement_takes_any_preconditioner(kind, rng):
    X = rng.standard_normal((80, 4)) * [1, 1e-3, 1, 1e3]
    X[:, 2] += X[:, 0]
    y, weights = rng.standard_normal(80), rng.uniform(0.5, 2, size=80)
    model = PreconditionedRegression(
        0.1, preconditioner=kind, refine=True, groups=[[0, 2], [1, 3]], random_state=0
    ).fit(X, y, weights)
    truth = oracles.exact_least_squares(
        np.c_[np.ones(80), X], y, weights, ridge=[0] + [0.1] * 4
    )[:, 0]
    assert digits(both(model), truth) > (15 if kind != "none" else 12)
    assert model.conditioning_.n_refinements >= 1


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


# -- rank ------------------------------------------------------------------------------


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


@pytest.mark.parametrize("solver", ["lsqr", "lsmr", "cg"])
@pytest.mark.parametrize("x", [1e-290, 1e-200, 1e200, 1e299])
def test_without_a_constant_one_unit_serves_all_columns(solver, x, rng):
    X = rng.standard_normal((50, 4))
    y = X @ [1.0, 2.0, 3.0, 4.0] + rng.standard_normal(50)
    model = PreconditionedRegression(
        preconditioner="none", solver=solver, fit_intercept=False
    )
    expected = np.linalg.lstsq(X, y, rcond=None)[0]
    np.testing.assert_allclose(model.fit(x * X, y).coef_ * x, expected, rtol=1e-9)


@pytest.mark.parametrize("x", [1e-150, 1e-100, 1e100, 1e150])
def test_nystrom_takes_a_ridge_in_any_units(x, rng):
    X, y = rng.standard_normal((50, 4)), rng.standard_normal(50)
    settings = {"preconditioner": "nystrom", "fit_intercept": False, "random_state": 0}
    expected = PreconditionedRegression(2.0, **settings).fit(X, y).coef_
    found = PreconditionedRegression(2.0 * x * x, **settings).fit(x * X, y).coef_ * x
    np.testing.assert_allclose(found, expected, rtol=1e-9)


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


@pytest.mark.parametrize("unit", [1e-120, 1e120])
def test_nystrom_takes_any_unit(unit, rng):
    X, y = rng.standard_normal((50, 4)), rng.standard_normal(50)
    settings = {"preconditioner": "nystrom", "fit_intercept": False}
    model = PreconditionedRegression(2.0, **settings).fit(X, y)
    scaled = PreconditionedRegression(2.0 * unit**2, **settings).fit(unit * X, y)
    np.testing.assert_allclose(scaled.coef_ * unit, model.coef_, rtol=1e-10)


def test_zero_columns_get_zero(rng):
    X = rng.standard_normal((10, 3))
    X[:, 1] = 0
    with pytest.warns(RankDeficientWarning, match="x1"):
        model = PreconditionedRegression().fit(X, X[:, 0])
    np.testing.assert_allclose(both(model), [0, 1, 0, 0], atol=1e-14)


# -- report ----------------------------------------------------------------------------


def test_report_names_weak_directions_and_foretells_digits(rng):
    import pandas as pd

    X = rng.standard_normal((50, 3))
    X[:, 2] = X[:, 0] + 1e-7 * X[:, 2]
    X = pd.DataFrame(X * [1, 1, 100], columns=["height", "age", "height in cm"])
    y = X.sum(axis=1) + rng.standard_normal(50)
    report = PreconditionedRegression().fit(X, y).conditioning_
    assert set(report.weak_directions[0].features) == {"height", "height in cm"}
    assert 1e6 < report.condition_number_scaled < 1e8
    A = np.c_[X, np.ones(50)]
    np.testing.assert_allclose(report.condition_number, np.linalg.cond(A), rtol=1e-5)
    assert report.n_refinements == len(report.change_history) == report.n_iter
    truth = oracles.exact_least_squares(A, y.to_numpy())[:, 0]
    plain = PreconditionedRegression(refine=False).fit(X, y)
    found = digits(np.r_[plain.coef_, plain.intercept_], truth)
    assert report.expected_digits_unrefined < found + 0.5
    assert plain.conditioning_.expected_digits < found + 0.5
    with pytest.raises(AttributeError):
        report.n_iter = 3


def test_large_residuals_cost_plain_solutions_digits_and_are_foretold(rng):
    X = np.linspace(0, 1, 100)[:, None] ** np.arange(8)
    Q = np.linalg.qr(X)[0]
    noise = rng.standard_normal(100)
    noise -= Q @ (Q.T @ noise)
    foretold = []
    for size in [0.0, 1e4]:
        y = X @ np.ones(8) + size * noise
        exact = PreconditionedRegression(fit_intercept=False).fit(X, y)
        plain = PreconditionedRegression(fit_intercept=False, refine=False).fit(X, y)
        error = np.max(np.abs(plain.coef_ / exact.coef_ - 1))
        foretold.append(plain.conditioning_.expected_digits)
        assert foretold[-1] <= -np.log10(error + 1e-17)
    # beside the condition number its square counts, times the residual
    assert foretold[1] < foretold[0] - 4


def test_condition_after_preconditioning(rng):
    X = rng.standard_normal((400, 5)) * np.geomspace(1, 1e-6, 5)
    y = rng.standard_normal(400)
    models = {
        kind: PreconditionedRegression(
            preconditioner=kind, fit_intercept=False, random_state=0
        ).fit(X, y)
        for kind in ("none", "jacobi", "sketch", "qr")
    }
    after = {
        kind: model.conditioning_.condition_number_preconditioned
        for kind, model in models.items()
    }
    unit = np.linalg.cond(X / np.linalg.norm(X, axis=0))
    np.testing.assert_allclose(after["jacobi"], unit, rtol=1e-6)
    assert after["none"] > 1e5
    assert after["sketch"] < 2
    assert after["qr"] == 1
    assert models["sketch"].n_iter_ <= 25


# -- linear operators and bad input ----------------------------------------------------


@pytest.mark.parametrize("solver", ["lsqr", "lsmr", "cg"])
def test_linear_operators_are_solved_and_predict(solver, rng):
    X, y = rng.standard_normal((50, 4)), rng.standard_normal(50)
    weights = rng.uniform(0, 2, size=50)
    model = PreconditionedRegression(0.3, solver=solver)
    model.fit(aslinearoperator(X), y, weights)
    peer = clone(model).fit(X, y, weights)
    np.testing.assert_allclose(both(model), both(peer), atol=1e-8)
    np.testing.assert_allclose(
        model.predict(aslinearoperator(X)), peer.predict(X), atol=1e-8
    )
    with pytest.raises(ValueError, match="expecting 4 features"):
        model.predict(aslinearoperator(X[:, :3]))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"preconditioner": "schur"}, "needs groups"),
        ({"preconditioner": "block"}, "needs groups"),
        ({"preconditioner": "nystrom"}, "alpha > 0"),
        ({"preconditioner": "block", "groups": [[0, 1], [1, 2]]}, "overlap"),
        ({"preconditioner": "block", "groups": [[0, 1]]}, "miss columns"),
        ({"preconditioner": "block", "groups": [0, 1]}, "2 labels for 3"),
        ({"preconditioner": "block", "groups": [["a"], [1, 2]]}, "'a'"),
        ({"preconditioner": "block", "groups": [0.5, 1, 2]}, "integers"),
    ],
)
def test_settings_that_do_not_fit_say_what_does(settings, message, rng):
    X, y = rng.standard_normal((10, 3)), rng.standard_normal(10)
    with pytest.raises(ValueError, match=message):
        PreconditionedRegression(**settings).fit(X, y)


def test_complex_operators_are_refused(rng):
    X = aslinearoperator(rng.standard_normal((9, 2)) + 1j)
    with pytest.raises(ValueError, match="Complex data not supported"):
        PreconditionedRegression().fit(X, np.arange(9.0))


def test_operators_refuse_what_needs_entries(rng):
    X, y = aslinearoperator(rng.standard_normal((10, 3))), rng.standard_normal(10)
    with pytest.raises(ValueError, match="only products"):
        PreconditionedRegression(preconditioner="jacobi").fit(X, y)
    with pytest.raises(ValueError, match="needs a table"):
        PreconditionedRegression(refine=True).fit(X, y)


def test_schur_complements_demand_full_rank(rng):
    X, y = rng.standard_normal((20, 4)), rng.standard_normal(20)
    X[:, 3] = X[:, 0]
    model = PreconditionedRegression(preconditioner="schur", groups=[0, 0, 1, 1])
    with pytest.raises(ValueError, match="alpha > 0"):
        model.fit(X, y)
    model.set_params(alpha=0.1).fit(X, y)
    np.testing.assert_allclose(model.coef_, Ridge(0.1).fit(X, y).coef_, atol=1e-8)


@pytest.mark.parametrize("y", [["a", "b", "c"], [1.0, np.nan, 2.0], [1.0, 2.0]])
def test_responses_must_be_numbers_one_a_row(y):
    with pytest.raises(ValueError, match=r"y|NaN|inconsistent"):
        PreconditionedRegression().fit(np.eye(3), y)


def test_running_out_of_iterations_is_told(rng):
    X = rng.standard_normal((50, 8)) * np.geomspace(1, 1e-5, 8)
    model = PreconditionedRegression(preconditioner="none", max_iter=3)
    with pytest.warns(ConvergenceWarning, match="max_iter=3"):
        model.fit(X, rng.standard_normal(50))
    assert not model.converged_


@pytest.mark.parametrize("offset", [1e10, 1e12])
def test_refinement_claims_no_digits_that_iterations_cannot_see(offset, rng):
    X = rng.standard_normal((25, 4))
    y = X @ np.ones(4) + rng.standard_normal(25)
    X = X + offset
    exact = PreconditionedRegression().fit(X, y)
    model = PreconditionedRegression(preconditioner="jacobi", refine=True)
    with pytest.warns(ConvergenceWarning, match="refinement stopped"):
        model.fit(X, y)
    assert not model.converged_
    assert np.max(np.abs(model.coef_ / exact.coef_ - 1)) > 1e-12
    assert np.isnan(model.conditioning_.expected_digits)


def test_refinement_beyond_reach_is_told(rng):
    turn = np.linalg.qr(rng.standard_normal((10, 10)))[0]
    X = rng.standard_normal((50, 10)) * np.geomspace(1, 1e-12, 10) @ turn
    model = PreconditionedRegression(
        preconditioner="none", refine=True, max_iter=20, tol=1e-6, fit_intercept=False
    )
    with pytest.warns(ConvergenceWarning, match="refinement stopped"):
        model.fit(X, rng.standard_normal(50))
    assert not model.converged_


@pytest.mark.parametrize("kind", ["qr", *ITERATIVE, "nystrom"])
@pytest.mark.parametrize("refine", [False, True])
@pytest.mark.parametrize("noise", [0.0, 1.0])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_digits_are_foretold_by_a_factor_or_not_at_all(kind, refine, noise, rng):
    """Without noise, iterations stop before they have seen the weak direction."""
    for condition in (1e4, 1e8, 1e11):
        X = rng.standard_normal((60, 5))
        X[:, 1] = X[:, 0] + X[:, 1] / condition
        y = X.sum(axis=1) + noise * rng.standard_normal(60)
        alpha = 1e-3 if kind == "nystrom" else 0.0
        model = PreconditionedRegression(
            alpha,
            preconditioner=kind,
            refine=refine,
            groups=[0, 0, 1, 1, 1],
            fit_intercept=False,
            random_state=0,
        ).fit(X, y)
        report = model.conditioning_
        told = report.expected_digits, report.expected_digits_unrefined
        if kind in {"qr", "sketch", "schur"}:
            truth = oracles.exact_least_squares(X, y)[:, 0]
            assert max(told[0], 0) < digits(model.coef_, truth) + 1
            assert 0 <= told[1] < 16
        else:
            assert np.isnan(told).all()


@pytest.mark.parametrize(
    ("shape", "kind"),
    [((100, 5), "qr"), ((300_000, 70), "sketch"), ((20_000, 2000), "qr")],
)
def test_auto_goes_by_shape(shape, kind):
    from skspace.linear_model._choice import choose

    X = np.broadcast_to(0.0, shape)
    assert choose("auto", X, alpha=0, groups=None) == kind


def test_auto_for_sparse_data_goes_by_shape():
    from skspace.linear_model._choice import choose

    for shape, kind in (
        ((1000, 50), "qr"),
        ((10**7, 100), "sketch"),
        ((10**5, 10**4), "jacobi"),
        ((10**5, 1999), "jacobi"),
    ):
        assert choose("auto", sp.csr_matrix(shape), alpha=0, groups=None) == kind


@pytest.mark.parametrize("solver", ["lsqr", "lsmr"])
@pytest.mark.parametrize("condition", [1e4, 1e12])
def test_the_sketch_is_backward_stable(solver, condition, rng):
    """The least change of X that makes the solution exact, after Karlson and Waldén."""
    V = np.linalg.qr(rng.standard_normal((20, 20)))[0]
    X = rng.standard_normal((3000, 20)) * np.geomspace(1, 1 / condition, 20) @ V
    y = X @ rng.standard_normal(20)
    y += 1e-2 * np.std(y) * rng.standard_normal(3000)
    model = PreconditionedRegression(
        preconditioner="sketch", solver=solver, fit_intercept=False, random_state=0
    ).fit(X, y)
    r = y - X @ model.coef_
    _, s, Vt = np.linalg.svd(X, full_matrices=False)
    size = np.hypot(np.linalg.norm(model.coef_) * s, np.linalg.norm(r))
    error = np.linalg.norm(Vt @ (X.T @ r) / size) / np.linalg.norm(s)
    assert error < 1e-16
    assert model.n_iter_ < 30


def test_the_sketch_depends_on_the_seed_alone(rng):
    X, y = rng.standard_normal((500, 4)), rng.standard_normal(500)
    model = PreconditionedRegression(preconditioner="sketch", random_state=3)
    one, two = model.fit(X, y).coef_, clone(model).fit(X, y).coef_
    np.testing.assert_array_equal(one, two)
    wide = clone(model).fit(np.asfortranarray(X), y).coef_
    np.testing.assert_allclose(wide, one, rtol=1e-12)


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
