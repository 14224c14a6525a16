"""Linear models: digits that are right, and columns that are confounded."""

from __future__ import annotations

from functools import partial

import numpy as np
from sklearn.linear_model import LinearRegression, Ridge, RidgeCV

from ...datasets import DatasetNotFoundError, fetch_ill_conditioned
from ...linear_model import DecoupledRidge, PreconditionedRegression
from .._table import Column

ORDER = 60

DIGITS = (Column("right digits", "high", 1), Column("seconds", "low", 4))
ERRORS = (
    Column("well determined", "low", 4),
    Column("confounded", "low", 3),
    Column("seconds", "low", 4),
)
GROUPS = [0] * 5 + [1] * 5


def run(stage):
    """Count right digits of coefficients, then tell confounded columns apart."""
    solvers = {
        "LinearRegression": LinearRegression(),
        "Ridge(1e-12)": Ridge(1e-12),
        "PreconditionedRegression": PreconditionedRegression(),
    }
    models = {
        "LinearRegression": LinearRegression(tol=1e-15),
        "RidgeCV": RidgeCV(np.logspace(-4, 4, 41)),
        "DecoupledRidge": DecoupledRidge(GROUPS),
    }
    X, y, _, _ = _confounded(0)
    stage.warm_up(
        {
            name: lambda model=model: model.fit(X, y)
            for name, model in (*solvers.items(), *models.items())
        }
    )
    for title, X, y, truth in _problems(stage):
        stage.announce(title)
        rows = []
        for name, model in solvers.items():
            _, seconds = stage.timed(name, partial(model.fit, X, y))
            found = np.r_[model.intercept_, model.coef_]
            rows.append((name, (_right_digits(found, truth), seconds)))
        stage.table(f"{title} ({X.shape[0]} x {X.shape[1]})", DIGITS, rows)
    stage.say(
        "Right digits are those of the worst coefficient, of 15, against the exact "
        "solution for the same numbers. Read: "
        "polynomials and trends leave solvers in double precision few digits or none; "
        "refinement with residuals in twice the digits has them all."
    )
    _tell_apart(stage, models)


def _right_digits(found, truth):
    with np.errstate(divide="ignore"):
        return float(np.clip(np.min(-np.log10(np.abs(found / truth - 1))), 0, 15))


def _problems(stage):
    """Title, X without its constant column, y, and exact coefficients."""
    t = 1950.0 + np.arange(60)
    X = t[:, None] ** np.arange(1, 4)
    yield "Cubic in calendar years, coefficients 1", X, 1 + X.sum(axis=1), np.ones(4)
    if not stage.data:
        return
    for name in ("longley", "filip"):
        try:
            data = fetch_ill_conditioned(name, data_home=stage.data)
        except (DatasetNotFoundError, ValueError) as error:
            stage.say(f"{name.capitalize()} is left out: {error}")
        else:
            title = f"{name.capitalize()}, a test problem of NIST"
            yield title, data.data[:, 1:], data.target, data.coef


def _confounded(seed, n=120):
    """Two groups of five columns; two directions of one nearly those of the other."""
    rng = np.random.RandomState(seed)
    A, B = rng.standard_normal((2, n, 5))
    B[:, 0] = A[:, 0] + 0.03 * B[:, 0]
    B[:, 1] = (A[:, 1] + A[:, 2]) / np.sqrt(2) + 0.03 * B[:, 1]
    X, coef, well = np.hstack([A, B]), rng.standard_normal(10), [3, 4, 7, 8, 9]
    coef[well] *= 30
    return X, X @ coef + rng.standard_normal(n), coef, well


def _tell_apart(stage, models):
    stage.announce("two confounded groups")
    n_draws = 10 if stage.quick else 50
    draws = [_confounded(seed) for seed in range(n_draws)]
    rows = []
    for name, model in models.items():

        def every(model=model):
            return [model.fit(X, y).coef_ for X, y, _, _ in draws]

        coefs, seconds = stage.timed(name, every)
        well = [
            np.mean((found - coef)[chosen] ** 2)
            for found, (_, _, coef, chosen) in zip(coefs, draws, strict=True)
        ]
        rest = [
            np.mean(np.delete(found - coef, chosen) ** 2)
            for found, (_, _, coef, chosen) in zip(coefs, draws, strict=True)
        ]
        rows.append((name, (np.mean(well), np.mean(rest), seconds / n_draws)))
    title = f"Two groups of columns that imitate each other (120 x 10, {n_draws} draws)"
    stage.table(title, ERRORS, rows)
    report = models["DecoupledRidge"].report_
    stage.say(
        "Mean squared errors of coefficients. DecoupledRidge shrinks only what the "
        "data leave open, and names it. Of the last draw:"
    )
    for sentence in str(report).splitlines():
        stage.say(sentence)
