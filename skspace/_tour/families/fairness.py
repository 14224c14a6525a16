"""Accuracy and parity: what groups share with a target, left out or put back."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from ...datasets import DatasetNotFoundError, fetch_adult
from ...fairness import FairPCA, FairSDR
from ...metrics import demographic_parity_difference, equalized_odds_difference
from .._table import Column

ORDER = 45

COLUMNS = (
    Column("accuracy", "high"),
    Column("parity gap", "low"),
    Column("odds gap", "low"),
    Column("seconds", "low", 3),
)
UNTREATED = "untreated"
LEVEL_ZERO = "FairSDR, level 0"
EVERYTHING = "FairSDR, everything"


def run(stage):
    """Compare representations under one logistic regression, on held-out rows."""
    name, X, y, z = get_table(stage)
    stage.warm_up(
        {
            "fairness": lambda: [
                model.fit(X[:50], y[:50], sensitive_features=np.arange(50) % 2)
                for model in (FairPCA(), FairSDR(shrinkage=0.5))
            ]
        }
    )
    stage.announce(name)
    rows = judge(stage, X, y, z)
    title = f"{name} ({X.shape[0]} x {X.shape[1]}, {len(np.unique(z))} groups)"
    stage.table(title, COLUMNS, rows)
    stage.say(f"Read: {verdict(rows)}")
    stage.line()
    stage.say(
        "The parity gap is the largest difference between groups in the share of "
        "positive decisions, the odds gap that within a true class: 0 is fair by that "
        "criterion, and one does not bring the other."
    )
    stage.figure("fairness", lambda figure: _draw(figure, rows), size=(5, 3.6))


def get_table(stage):
    """Return name, features, target and groups: Adult, or a table of the same kind."""
    if stage.data:
        try:
            census = fetch_adult(data_home=stage.data, as_frame=False)
        except (DatasetNotFoundError, ValueError) as error:
            stage.say(f"Adult is left out: {error}")
        else:
            return "Adult: income, men and women", *_encode(census, stage.quick)
    n = 1500 if stage.quick else 6000
    rng = np.random.RandomState(0)
    X, z = rng.standard_normal((n, 10)), rng.randint(0, 4, n)
    for group in (1, 2, 3):
        X[z == group, group - 1] += 0.8
    score = X @ [1.0, 0.6, 0.2, 1.0, 0.8, 0.5, 0, 0, 0, 0] - 0.5
    y = score + rng.standard_normal(n) > 0
    return "Generated: four groups, of which three features tell", X, y * 1, z


def _encode(census, quick):
    """Dummy-code Adult without the columns of which others say the same."""
    rows = np.random.RandomState(0).permutation(len(census.target))
    rows = rows[: 4000 if quick else 15_000]
    columns, z = [], None
    for name, column in zip(census.feature_names, census.data[rows].T, strict=True):
        if name == "sex":
            z = column.astype(str)
        elif name not in ("fnlwgt", "education"):
            if isinstance(column[0], str):
                columns += [(column == value) * 1.0 for value in np.unique(column)]
            else:
                columns.append(column.astype(float))
    return np.stack(columns, axis=1), census.target[rows], z


def judge(stage, X, y, z):
    """Measure every representation: rows of the table."""
    strata = [f"{a}{b}" for a, b in zip(y, z, strict=True)]
    X, X_new, y, y_new, z, z_new = train_test_split(
        X, y, z, test_size=0.3, stratify=strata, random_state=0
    )
    scaler = StandardScaler().fit(X)
    X, X_new = scaler.transform(X), scaler.transform(X_new)

    def measure(R, R_new):
        model = LogisticRegression(max_iter=300).fit(R, y)
        decided = model.predict(R_new)
        return (
            float(np.mean(decided == y_new)),
            demographic_parity_difference(y_new, decided, sensitive_features=z_new),
            equalized_odds_difference(y_new, decided, sensitive_features=z_new),
        )

    rows = [(UNTREATED, (*measure(X, X_new), None))]
    n_components = max(1, X.shape[1] // 4)
    models = {
        f"FairPCA, {n_components} components": FairPCA(n_components),
        LEVEL_ZERO: FairSDR(),
        "FairSDR, target alone": FairSDR(base="target"),
    }
    for name, model in models.items():
        fitted, seconds = stage.timed(
            name, lambda model=model: model.fit(X, y, sensitive_features=z)
        )
        found = measure(fitted.transform(X), fitted.transform(X_new))
        rows.append((name, (*found, seconds)))
    whole = models[LEVEL_ZERO].at_level("all")
    rows.append((EVERYTHING, (*measure(*map(whole.transform, (X, X_new))), None)))
    return rows


def verdict(rows):
    """Say what parity cost, and what became of the other criterion."""
    found = dict(rows)
    before, after = found[UNTREATED], found[LEVEL_ZERO]
    odds = "rose" if after[2] > before[2] else "fell"
    return (
        f"the parity gap goes from {before[1]:.3f} to {after[1]:.3f} and accuracy from "
        f"{before[0]:.3f} to {after[0]:.3f}; the odds gap {odds} from {before[2]:.3f} "
        f"to {after[2]:.3f}."
    )


def _draw(figure, rows):
    """Accuracy against parity gap of every representation."""
    axes = figure.subplots()
    for (name, (accuracy, gap, _, _)), marker in zip(rows, "os^vx", strict=True):
        axes.plot(gap, accuracy, marker, label=name, fillstyle="none", markersize=9)
    axes.legend(loc="lower right", fontsize=8)
    axes.set(xlabel="parity gap", ylabel="accuracy")
