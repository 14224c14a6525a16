"""Few weighted rows in place of many; sensors of unknown gain."""

from __future__ import annotations

import numpy as np

from ...calibration import blind_gain_calibration
from ...linear_model import LpRegression
from ...sampling import LpRowSampler
from .._table import Column

ORDER = 60

METHODS = {
    "uniform": "uniform",
    "leverage": "leverage",
    "root leverage": "root_leverage",
    "Lewis weights (default)": "lewis",
}

COLUMNS = (
    Column("rows", None, 0),
    Column("distortion", "low", 2),
    Column("excess", "low", 4),
    Column("seconds", "low", 3),
)

CALIBRATION = (
    Column("steps", "low", 0),
    Column("error", "low", 6),
    Column("seconds", "low", 3),
)


def run(stage):
    """Draw rows by four scores and calibrate sensors by two solvers."""
    _sample(stage)
    stage.line()
    _calibrate(stage)


def hidden_rows(n_rows, n_features=10, n_hidden=100, seed=0):
    """Draw a table whose first columns have one gross row each, which hides others."""
    rng = np.random.RandomState(seed)
    X, size, half = np.zeros((n_rows, n_features)), n_hidden + 1, n_features // 2
    for j in range(half):
        X[size * j : size * (j + 1), j] = rng.choice([-1, 1], size)
        X[size * j, j] *= 100
    rest = n_rows - size * half
    X[size * half :, half:] = rng.standard_normal((rest, n_features - half))
    return X, X @ np.ones(n_features) + 0.1 * rng.standard_t(1.5, size=n_rows)


def _sample(stage):
    """Compare scores at one number of drawn rows."""
    n_rows, n_drawn = (3000, 200) if stage.quick else (20_000, 200)
    X, y = hidden_rows(n_rows)
    best, all_seconds = stage.timed("LpRegression", lambda: LpRegression().fit(X, y))
    directions = np.column_stack(
        [np.eye(10), np.random.RandomState(1).standard_normal((10, 300))]
    )
    F = np.abs(X @ directions)
    stage.announce(f"{n_drawn} of {n_rows} rows by {len(METHODS)} scores")
    rows = [("all rows", (n_rows, 0.0, 0.0, all_seconds))]
    for name, method in METHODS.items():
        sampler = LpRowSampler(
            method=method, n_samples=n_drawn, fit_intercept=False, random_state=0
        )

        def fit(sampler=sampler):
            X_s, y_s = sampler.fit_resample(X, y)
            return LpRegression().fit(X_s, y_s, sampler.sample_weight_)

        model, seconds = stage.timed(name, fit)
        kept, weight = sampler.indices_, sampler.sample_weight_
        worst = np.max(np.abs(weight @ F[kept] / F.sum(axis=0) - 1))
        excess = np.sum(np.abs(y - model.predict(X))) / best.objective_ - 1
        rows.append((name, (len(kept), worst, excess, seconds)))
    stage.table(
        f"Least absolute deviations, {n_rows} x 10, gross rows that hide others",
        COLUMNS,
        rows,
    )
    found = {name: f"{values[1]:.2f}" for name, values in rows}
    stage.say(
        "Read: sums of absolute values are off by "
        f"{found['Lewis weights (default)']} at most with Lewis weights, by "
        f"{found['leverage']} with leverage, which looks at squares, where gross rows "
        "hide the others. Excess is that of the sum of absolute residuals over all "
        "rows, relative to the least."
    )


def _calibrate(stage):
    """Recover gains of sensors by both solvers."""
    p, m, n = 4, 32, 32
    rng = np.random.RandomState(0)
    A, signal = rng.standard_normal((p, m, n)), rng.standard_normal(n)
    gains = rng.uniform(0.5, 1.5, m)
    gains /= gains.mean()
    y = gains * (A @ signal)
    stage.announce(f"{m} sensors of unknown gain, {p} snapshots")
    rows = []
    for name, solver in {
        "variable projection": "accelerated",
        "projected gradient": "pgd",
    }.items():
        found, seconds = stage.timed(
            name, lambda solver=solver: blind_gain_calibration(A, y, solver=solver)
        )
        error = np.linalg.norm(found.gains - gains) / np.linalg.norm(gains)
        rows.append((name, (found.n_iter, error, seconds)))
    stage.table(
        f"Blind calibration, {m} sensors, {p} snapshots of a signal of length {n}",
        CALIBRATION,
        rows,
    )
    fast, slow = (values[0] for _, values in rows)
    stage.say(
        f"Read: {fast} steps in place of {slow}; a step of the first solves {n} "
        "equations."
    )
