"""Objectives of Gaussian-RBF models: closed forms, bounds, and their gradients."""

import numpy as np
import pytest
from oracles import central_differences
from scipy.special import expit
from scipy.stats import multivariate_normal

from skspace.active import _evidence, _losses
from skspace.active._evidence import Evidence, StandardRows
from skspace.active._losses import LogisticLoss, SquaredLoss
from skspace.active._penalised import Penalty, ReducedLoss, joint_value

KINDS = ["numbers", "two outputs", "two classes", "three classes"]


def draw(kind, n=40, seed=0):
    """Rows, loss and a point (L, C)."""
    rng = np.random.RandomState(seed)
    X, weights = rng.standard_normal((n, 3)), rng.uniform(0.5, 2, n)
    if kind in ("numbers", "two outputs"):
        K = 1 if kind == "numbers" else 2
        Y = np.sin(X[:, :K]) + 0.1 * rng.standard_normal((n, K))
        Y, loss = Y - weights @ Y / weights.sum(), SquaredLoss(K)
    elif kind == "two classes":
        noise = 0.3 * rng.standard_normal(n)
        Y = (X[:, 0] * X[:, 1] + noise > 0)[:, None] * 1.0
        loss = LogisticLoss(1)
    else:
        Y, loss = np.eye(3)[rng.randint(3, size=n)], LogisticLoss(3)
    rows = StandardRows(X, Y, weights, float(weights.sum()))
    return rows, loss, 0.5 * rng.standard_normal((3, 2)), rng.standard_normal((5, 3))


def basis(X, L, C):
    Z, U = X @ L, C @ L
    return np.exp(-np.sum((Z[:, None] - U[None]) ** 2, axis=2) / 2)


def on(library, rows):
    return StandardRows(*(library.asarray(part) for part in rows[:3]), rows.total)


@pytest.mark.parametrize("objective", ["evidence", "reduced"])
@pytest.mark.parametrize("kind", KINDS)
def test_gradient_equals_central_differences(kind, objective, library, monkeypatch):
    monkeypatch.setattr(_losses, "SETTLED", 1e-16)  # differences magnify what is left
    rows, loss, L, C = draw(kind)
    shapes = L.size, L.size + C.size
    make = {
        "evidence": lambda rows: Evidence(rows, loss, 0.02),
        "reduced": lambda rows: ReducedLoss(rows, loss, Penalty(0.01, 0.02, 0.03)),
    }[objective]
    f = make(rows)
    x = np.concatenate([L.ravel(), C.ravel(), [-1.0]])

    def value(x):
        L = x[: shapes[0]].reshape(3, 2)
        return f.value(L, x[shapes[0] : shapes[1]].reshape(5, 3), x[-1]).objective

    here = make(on(library, rows))
    found = here.value(library.asarray(L), library.asarray(C), -1.0)
    gradient = np.concatenate(
        [
            library.to_numpy(found.by_precision).ravel(),
            library.to_numpy(found.by_centers).ravel(),
            [found.by_ratio],
        ]
    )
    np.testing.assert_allclose(gradient, central_differences(value, x), atol=1e-6)


@pytest.mark.parametrize("penalty", ["squared", "norm"])
@pytest.mark.parametrize("kind", KINDS)
def test_joint_gradient_equals_central_differences(kind, penalty, rng):
    rows, loss, L, C = draw(kind)
    K = rows.Y.shape[1]
    shapes = [(3, 2), (5, 3), (5, K), (K,)]
    cuts = np.cumsum([np.prod(shape) for shape in shapes])[:-1]
    x = np.concatenate([L.ravel(), C.ravel(), rng.standard_normal(6 * K)])
    penalty = Penalty(0.01, 0.02, 0.03, penalty)

    def value(x):
        parts = np.split(x, cuts)
        parts = [p.reshape(shape) for p, shape in zip(parts, shapes, strict=True)]
        return joint_value(rows, loss, penalty, *parts)

    gradient = np.concatenate([np.ravel(part) for part in value(x)[1:]])
    expected = central_differences(lambda x: value(x).objective, x)
    np.testing.assert_allclose(gradient, expected, atol=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_reduced_gradient_is_the_joint_one_at_the_best_weights(kind):
    rows, loss, L, C = draw(kind)
    penalty = Penalty(0.01, 0.02, 0.03)
    reduced = ReducedLoss(rows, loss, penalty)
    fit, value = reduced.fit(L, C), reduced.value(L, C)
    joint = joint_value(rows, loss, penalty, L, C, fit.coef, fit.intercept)
    assert value.objective == pytest.approx(joint.objective, rel=1e-9)
    np.testing.assert_allclose(value.by_precision, joint.by_precision, atol=1e-9)
    np.testing.assert_allclose(value.by_centers, joint.by_centers, atol=1e-9)
    np.testing.assert_allclose(joint.by_coef, 0, atol=1e-5)  # Newton has converged
    np.testing.assert_allclose(joint.by_intercept, 0, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_objective_does_not_see_rotations(kind, rng):
    rows, loss, L, C = draw(kind)
    Q, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    turned = rows._replace(X=rows.X @ Q)
    for make in (
        lambda rows: Evidence(rows, loss, 0.1),
        lambda rows: ReducedLoss(rows, loss, Penalty(0.01, 0.02, 0.03)),
    ):
        one, other = (
            make(rows).value(L, C, 0.0),
            make(turned).value(Q.T @ L, C @ Q, 0.0),
        )
        assert one.objective == pytest.approx(other.objective, rel=1e-9)
        np.testing.assert_allclose(
            Q.T @ one.by_precision, other.by_precision, atol=1e-8
        )
        np.testing.assert_allclose(one.by_centers @ Q, other.by_centers, atol=1e-8)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("evidence", [True, False])
def test_weight_equals_repetition(kind, evidence):
    rows, loss, L, C = draw(kind)
    counts = np.random.RandomState(1).randint(1, 4, size=40)
    Y = rows.Y - counts @ rows.Y / counts.sum() if "classes" not in kind else rows.Y
    weighted = StandardRows(rows.X, Y, counts * 1.0, float(counts.sum()))
    repeated = StandardRows(
        np.repeat(rows.X, counts, axis=0),
        np.repeat(Y, counts, axis=0),
        np.ones(counts.sum()),
        float(counts.sum()),
    )

    def value(rows):
        if evidence:
            return Evidence(rows, loss, 0.1).value(L, C, 0.0)
        return ReducedLoss(rows, loss, Penalty(0.01, 0.02, 0.03)).value(L, C)

    one, other = value(weighted), value(repeated)
    assert one.objective == pytest.approx(other.objective, rel=1e-10)
    np.testing.assert_allclose(one.by_precision, other.by_precision, atol=1e-8)


def test_kernel_ridge_limit():
    """Centres at the rows: weights solve the ridge system; the limit interpolates."""
    rows, loss, L, _ = draw("numbers")
    L = np.concatenate([3 * L, np.eye(3)], axis=1)
    Phi = basis(rows.X, L, rows.X)
    share = rows.weights / rows.total
    P, T = Phi - share @ Phi, rows.Y
    for alpha in (1e-1, 1e-3):
        fit = ReducedLoss(rows, loss, Penalty(0, alpha, 0)).fit(L, rows.X)
        system = P.T @ (share[:, None] * P) + alpha * np.eye(40)
        expected = np.linalg.solve(system, P.T @ (share[:, None] * T))
        np.testing.assert_allclose(fit.coef, expected, rtol=1e-6, atol=1e-9)
    fit = ReducedLoss(rows, loss, Penalty(0, 1e-12, 0)).fit(L, rows.X)
    np.testing.assert_allclose(Phi @ fit.coef + fit.intercept, T, atol=1e-4)


def test_evidence_is_exact_where_every_row_is_a_centre(monkeypatch):
    """Nothing is missed then: the bound is the marginal likelihood of the process.

    The intercept has a flat prior and the noise is at its best value, where the
    penalised squared error by the number of rows is the noise variance.
    """
    monkeypatch.setattr(_evidence, "SIGNAL_RATE", 0.0)
    monkeypatch.setattr(_evidence, "JITTER", 1e-10)
    rows, loss, L, _ = draw("numbers", n=12)
    rows = rows._replace(weights=np.ones(12), total=12.0)
    rows = rows._replace(Y=rows.Y - rows.Y.mean())
    L = np.concatenate([3 * L, np.eye(3)], axis=1)
    objective = Evidence(rows, loss, 0.0)
    ratio = objective.ratio(-1.0)
    K = basis(rows.X, L, rows.X)
    # y without its mean, in an orthonormal frame that leaves the intercept out
    frame = np.linalg.svd(np.eye(12) - 1 / 12)[0][:, :11]
    covariance = frame.T @ (K / ratio + np.eye(12)) @ frame
    t = frame.T @ rows.Y[:, 0]
    noise = t @ np.linalg.solve(covariance, t) / 12
    exact = -multivariate_normal(np.zeros(11), noise * covariance).logpdf(t)
    constant = 6 - np.log(noise) / 2 + 11 / 2 * np.log(2 * np.pi)
    ours = 12 * objective.value(L, rows.X, -1.0).objective
    assert ours == pytest.approx(exact - constant, abs=1e-4)


def test_evidence_of_classes_bounds_the_marginal_likelihood(monkeypatch, rng):
    """Against the integral over functions and intercept, by Monte Carlo and a grid."""
    monkeypatch.setattr(_evidence, "LOGIT_RATE", 0.0)
    rows, loss, L, C = draw("two classes", n=8)
    rows = rows._replace(weights=np.ones(8), total=8.0)
    assert 0 < rows.Y.sum() < 8
    signs, shifts = 2 * rows.Y[:, 0] - 1, np.linspace(-30, 30, 121)
    normals = rng.standard_normal((10_000, 8))
    for log_ratio, slack in ((0.0, 1.0), (2.0, 0.5)):
        objective = Evidence(rows, loss, 0.0)
        variance = 1 / (loss.curvature * objective.ratio(log_ratio))
        K = variance * (basis(rows.X, L, rows.X) + 1e-9 * np.eye(8))
        f = normals @ np.linalg.cholesky(K).T
        means = [np.mean(np.prod(expit(signs * (f + b)), axis=1)) for b in shifts]
        exact = -np.log(np.sum(means) * (shifts[1] - shifts[0]))
        flat = np.log(2 * np.pi / (8 * loss.curvature)) / 2  # the intercept's share
        for centers in (C, rows.X):
            found = Evidence(rows, loss, 0.0).value(L, centers, log_ratio)
            bound = 8 * found.objective - flat
            assert bound > exact - 0.02
        assert bound < exact + slack  # every row a centre: nothing else is missed


def test_newton_finds_the_best_weights():
    """Against a general minimiser of the same penalised likelihood."""
    from scipy.optimize import minimize

    for kind in ("two classes", "three classes"):
        rows, loss, L, C = draw(kind)
        K, Phi = rows.Y.shape[1], basis(rows.X, L, C)

        def value(x, rows=rows, loss=loss, K=K, Phi=Phi):
            w, b = x[: 5 * K].reshape(5, K), x[5 * K :]
            likelihood = loss.value(Phi @ w + b, rows.Y, rows.weights)
            return likelihood / rows.total + 0.02 * np.sum(w**2)

        fit = ReducedLoss(rows, loss, Penalty(0, 0.02, 0)).fit(L, C)
        peer = minimize(value, np.zeros(6 * K), options={"gtol": 1e-8})
        ours = value(np.concatenate([fit.coef.ravel(), fit.intercept]))
        assert ours <= peer.fun + 1e-9


@pytest.mark.parametrize("factor", [1.0, 1e3])
def test_logistic_loss_holds_at_large_outputs(factor):
    loss = LogisticLoss(1)
    F = factor * np.array([[-1.0], [1.0]])
    Y, ones = np.array([[0.0], [0.0]]), np.ones(2)
    assert loss.value(F, Y, ones) == pytest.approx(np.sum(np.logaddexp(0, F)))
    np.testing.assert_allclose(loss.slopes(F, Y), expit(F))
    both = LogisticLoss(2)
    F2 = np.concatenate([np.zeros_like(F), F], axis=1)
    Y2 = np.array([[1.0, 0.0], [1.0, 0.0]])
    assert both.value(F2, Y2, ones) == pytest.approx(float(loss.value(F, Y, ones)))


def test_derivative_of_a_norm_is_zero_at_zero():
    assert np.all(Penalty(1, 1, 1, "norm").by(1.0, np.zeros((2, 2))) == 0)
