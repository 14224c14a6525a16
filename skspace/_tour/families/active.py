"""Active subspaces: a network that shows which directions its prediction needs."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.ensemble import RandomForestRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ...active import GaussianRBFRegressor
from ...datasets import make_active_subspace
from .._table import Column

ORDER = 45

COLUMNS = (
    Column("R2", "high"),
    Column("irrelevant", "low"),
    Column("seconds", "low", 3),
)
HELD_OUT = (Column("error", "low", 1), Column("seconds", "low", 3))


def models(n_features):
    """Regressors by name: ours with defaults, and scikit-learn's."""
    kernel = ConstantKernel() * RBF(np.ones(n_features)) + WhiteKernel()
    return {
        "GaussianRBFRegressor": GaussianRBFRegressor(),
        "Gaussian process, ARD": GaussianProcessRegressor(kernel, normalize_y=True),
        "random forest": RandomForestRegressor(100, random_state=0),
    }


def run(stage):
    """Predict from three of many features, and from little noisy data."""
    X, y = make_active_subspace(60, 4, random_state=0)
    stage.warm_up({"GaussianRBFRegressor": lambda: GaussianRBFRegressor().fit(X, y)})
    shares = _irrelevant(stage)
    _diabetes(stage)
    stage.line()
    stage.say(
        "R2 and error are those of held-out rows. Irrelevant is the share of "
        "importance that goes to features without any; the process counts by squared "
        "inverse length scales, one a feature, which suits features that matter each "
        "by itself."
    )
    stage.figure("active", lambda figure: _draw(figure, shares), size=(7.5, 2.6))


def _irrelevant(stage):
    """Three of the features matter; returns importances by name."""
    n_samples, n_features = (300, 10) if stage.quick else (400, 12)
    X, y = make_active_subspace(
        n_samples, n_features, model="interaction", aligned=True, random_state=0
    )
    X, X_new, y, y_new = train_test_split(X, y, test_size=0.2, random_state=0)
    stage.announce(f"three of {n_features} features")
    rows, shares = [], {}
    for name, model in models(n_features).items():
        _, seconds = stage.timed(name, lambda model=model: model.fit(X, y))
        if hasattr(model, "feature_importances_"):
            share = model.feature_importances_
        else:
            share = model.kernel_.k1.k2.length_scale**-2.0
            share = share / np.sum(share)
        shares[name] = share
        rows.append((name, (model.score(X_new, y_new), np.sum(share[3:]), seconds)))
    stage.table(
        f"y = x1 x2 + x3 + noise, {len(X)} x {n_features}, the rest irrelevant",
        COLUMNS,
        rows,
    )
    least = min(rows, key=lambda row: row[1][1])
    stage.say(f"Read: {least[0]} gives the irrelevant features the least.")
    return shares


def _diabetes(stage):
    """Little noisy data, where a network that follows it overfits."""
    X, y = load_diabetes(return_X_y=True)
    stage.announce("diabetes")
    rows = []
    for name, model in models(X.shape[1]).items():
        errors, seconds = [], []
        for seed in range(1 if stage.quick else 3):
            X_, X_new, y_, y_new = train_test_split(
                X, y, test_size=0.2, random_state=seed
            )
            pipe = make_pipeline(StandardScaler(), model)
            _, took = stage.timed(
                name, lambda pipe=pipe, X_=X_, y_=y_: pipe.fit(X_, y_)
            )
            errors.append(np.mean((y_new - pipe.predict(X_new)) ** 2) ** 0.5)
            seconds.append(took)
        rows.append((name, (np.mean(errors), np.median(seconds))))
    stage.table(f"Diabetes, {X.shape[0]} x {X.shape[1]}", HELD_OUT, rows)
    best = min(rows, key=lambda row: row[1][0])
    stage.say(f"Read: {best[0]} has the least error; nothing was tuned.")


def _draw(figure, shares):
    """Draw the importances of features by model."""
    all_axes = figure.subplots(1, len(shares), sharey=True)
    for axes, (name, share) in zip(all_axes, shares.items(), strict=True):
        axes.bar(np.arange(1, len(share) + 1), share, color="C0")
        axes.set_title(name, fontsize=9)
        axes.set_xlabel("feature")
    all_axes[0].set_ylabel("importance")
