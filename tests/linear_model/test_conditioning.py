"""What a fit foretells of its digits, its condition and its weak directions."""

import numpy as np
import oracles
import pytest
from regression_cases import ITERATIVE, digits
from sklearn.exceptions import ConvergenceWarning

from skspace.linear_model import PreconditionedRegression


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
