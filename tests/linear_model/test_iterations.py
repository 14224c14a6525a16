"""PreconditionedRegression without a QR: preconditioners, solvers, operators."""

import numpy as np
import oracles
import pytest
import scipy.sparse as sp
from regression_cases import ITERATIVE, both, digits
from scipy.sparse.linalg import aslinearoperator
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge

from skspace.linear_model import PreconditionedRegression
from skspace.linear_model._choice import choose


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


def test_running_out_of_iterations_is_told(rng):
    X = rng.standard_normal((50, 8)) * np.geomspace(1, 1e-5, 8)
    model = PreconditionedRegression(preconditioner="none", max_iter=3)
    with pytest.warns(ConvergenceWarning, match="max_iter=3"):
        model.fit(X, rng.standard_normal(50))
    assert not model.converged_


@pytest.mark.parametrize(
    ("shape", "kind"),
    [((100, 5), "qr"), ((300_000, 70), "sketch"), ((20_000, 2000), "qr")],
)
def test_auto_goes_by_shape(shape, kind):
    X = np.broadcast_to(0.0, shape)
    assert choose("auto", X, alpha=0, groups=None) == kind


def test_auto_for_sparse_data_goes_by_shape():
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
