"""Mutual information, and when not to believe it."""

from __future__ import annotations

import numpy as np

from ...datasets import make_correlated_gaussian, make_correlated_student
from ...information import (
    GaussianCopulaMutualInfo,
    GaussianMutualInfo,
    KSGMutualInfo,
    ReliableMutualInfo,
    mutual_info,
)
from .._table import Column

ORDER = 65

ESTIMATORS = ("gaussian", "copula", "ksg", "canonical", "auto")

COLUMNS = (
    Column("truth", None),
    *(Column(name, None) for name in ESTIMATORS),
)


def samples(n):
    """Pairs of samples with known information, harder from one to the next."""
    gaussian = make_correlated_gaussian
    yield "line", gaussian(n, correlation=0.75, random_state=0)
    yield (
        "2 of 15 columns",
        gaussian(n, 15, 15, correlation=0.8, n_pairs=2, random_state=0),
    )
    yield (
        "long tails",
        gaussian(n, 3, 3, mutual_info=1, transform="half_cube", random_state=0),
    )
    yield "common scale", make_correlated_student(n, random_state=0)
    yield (
        "swiss roll",
        gaussian(
            n, correlation=0.75, transform=("normal_cdf", "swiss_roll"), random_state=0
        ),
    )
    yield "spiral", gaussian(n, 3, 3, mutual_info=1, transform="spiral", random_state=0)


def prepare(stage):
    """Compile kernels, which differ for one column, few and many."""
    calls = {
        f"{estimator} on {name}": lambda X=X, y=y, e=estimator: mutual_info(
            X, y, estimator=e, random_state=0
        )
        for name, (X, y, _) in samples(600)
        for estimator in ("ksg", "canonical")
    }
    stage.warm_up(calls)


def run(stage):
    """Estimate by five estimators, and extrapolate one of them."""
    n = 600 if stage.quick else 3000
    prepare(stage)
    rows, flagged = [], []
    for name, (X, y, truth) in samples(n):
        values = [truth]
        stage.announce(f"{name}: {len(ESTIMATORS)} estimators on {n} rows")
        for estimator in ESTIMATORS:
            result, _ = stage.timed(
                f"{estimator} on {name}",
                lambda e=estimator, X=X, y=y: mutual_info(
                    X, y, estimator=e, random_state=0
                ),
            )
            mark = "" if result.reliable else "!"
            values.append(f"{float(result):.3f}{mark}")
            if mark and estimator == "auto":
                flagged.append(f"{name} ({', '.join(result.flags)})")
        rows.append((name, tuple(values)))
    stage.table(f"Mutual information in nats, {n} rows; ! is flagged", COLUMNS, rows)
    doubts = "; ".join(flagged) or "nothing"
    stage.say(
        "Read: each estimator is right somewhere, and 'auto' tells where. A flag is "
        f"what remains where none is; flagged with 'auto': {doubts}."
    )
    _extrapolate(stage, n)


def _extrapolate(stage, n):
    """Draw values on chunks for an estimator that has settled and one that has not."""
    X, y, truth = make_correlated_gaussian(
        n, 3, 3, mutual_info=2, transform="wiggly", random_state=0
    )
    models = {
        "copula": GaussianCopulaMutualInfo(),
        "linear": GaussianMutualInfo(),
        "neighbours": KSGMutualInfo(),
    }
    found = {}
    for name, estimator in models.items():
        model = ReliableMutualInfo(
            estimator, n_permutations=0, min_chunk_size=n // 12, random_state=0
        )
        found[name], _ = stage.timed(f"chunks for {name}", lambda m=model: m.fit(X, y))
    words = ", ".join(
        f"{name} {model.mi_:.2f}" + ("" if model.reliable_ else " (flagged)")
        for name, model in found.items()
    )
    stage.say(
        f"Read: extended to infinitely many rows, of {truth:.2f} nats: {words}. A line "
        "through values on chunks shows a bias that shrinks, and none that stays."
    )

    def draw(figure):
        from ...inspection import MIExtrapolationDisplay

        axes = figure.subplots(1, len(found), sharey=True)
        for ax, (name, model) in zip(np.atleast_1d(axes), found.items(), strict=True):
            MIExtrapolationDisplay.from_estimator(model, ax=ax)
            ax.axhline(truth, color="0.5", linestyle=":")
            ax.set_title(f"{name}: {ax.get_title()}", fontsize="small")

    stage.figure("information", draw, size=(11, 3.6))
