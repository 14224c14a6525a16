"""Fewer features: what a response depends on, and PCA amid noise and errors."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.cross_decomposition import PLSRegression
from sklearn.datasets import load_digits, load_wine
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ...datasets import DatasetNotFoundError, fetch_concrete, make_sdr_regression
from ...decomposition import (
    DirectionalRegression,
    OuterProductGradients,
    RobustPCA,
    SlicedAverageVarianceEstimation,
    SlicedInverseRegression,
    SpikedPCA,
)
from ...linalg import subspace_distance
from .._table import Column

ORDER = 40

COLUMNS = (Column("k-NN score", "high"), Column("seconds", "low", 3))
DISTANCE = Column("distance", "low")
GIVEN_BACK = (Column("error", "low", 4), Column("rank", None, 0), Column("seconds"))
EVEN = 0.01
"""Differences in scores below this are called none."""


class _PLS(TransformerMixin, BaseEstimator):
    """Scores of partial least squares as a step of a pipeline."""

    def __init__(self, n_components=2):
        self.n_components = n_components

    def fit(self, X, y):
        """Fit; `transform` gives scores alone, where `fit_transform` gives a pair."""
        self.pls_ = PLSRegression(self.n_components).fit(X, y)
        self.components_ = self.pls_.x_rotations_.T
        return self

    def transform(self, X):
        """Scores of X."""
        return self.pls_.transform(X)


def reducers(n_components, *, classes=False):
    """Reducers by name: whether they are ours, and what makes one."""
    peer = (
        ("LinearDiscriminantAnalysis", LinearDiscriminantAnalysis)
        if classes
        else ("PLSRegression", _PLS)
    )
    named = {
        "PCA": (False, PCA),
        peer[0]: (False, peer[1]),
        "SlicedInverseRegression": (True, SlicedInverseRegression),
        "SlicedAverageVariance": (True, SlicedAverageVarianceEstimation),
        "DirectionalRegression": (True, DirectionalRegression),
        "OuterProductGradients": (True, OuterProductGradients),
    }
    return {
        name: (ours, lambda make=make: make(n_components=n_components))
        for name, (ours, make) in named.items()
    }


def run(stage):
    """Compare reducers on a known truth and on tables; then PCA's replacements."""
    X, y, _ = _draw(100, 8)
    stage.warm_up(
        {
            name: lambda make=make: make().fit(X, y)
            for name, (_, make) in reducers(2).items()
        }
    )
    planes = _known_truth(stage)
    for name, story, classes, X, y in _tables(stage):
        stage.announce(f"2 scores of {name}")
        rows, wins = [], {}
        for reducer, (ours, make) in reducers(2, classes=classes).items():
            score, seconds, _ = _held_out(stage, reducer, make, X, y, classes)
            rows.append((reducer, (score, seconds)))
            wins[reducer] = ours, score
        title = f"{name}: {story} ({X.shape[0]} x {X.shape[1]})"
        stage.table(title, COLUMNS, rows)
        stage.say(f"Read: {verdict(wins)}")
    _given_back(stage)
    stage.line()
    stage.say(
        "The k-NN score is that of five neighbours on two scores of held-out rows: R2 "
        "for numbers, accuracy for classes. Distance is that of two planes to the "
        "true one, from 0 to 1; error the root mean square of what rows given back "
        "by inverse_transform miss of the clean ones."
    )
    stage.figure(
        "decomposition",
        lambda figure: _draw_scores(figure, planes),
        size=(2.4 * len(planes) + 0.8, 2.8),
    )


def _draw(n_samples, n_features=20):
    return make_sdr_regression(
        n_samples, n_features, model="mixed", random_state=0, return_basis=True
    )


def _known_truth(stage):
    """Print distances to a known plane; returns scores for the figure."""
    X, y, basis = _draw(400 if stage.quick else 2000)
    stage.announce("two directions that are known")
    rows, wins, planes = [], {}, {}
    for name, (ours, make) in reducers(2).items():
        score, seconds, pipe = _held_out(stage, name, make, X, y, classes=False)
        directions = pipe[-1].components_ / pipe[0].scale_
        apart = subspace_distance(directions.T, basis, "projection") / 2
        rows.append((name, (apart, score, seconds)))
        wins[name] = ours, score
        planes[name] = pipe.transform(X), y
    title = f"Mixed model: y = u + v^2 + noise, u and v of {X.shape[1]} features"
    stage.table(f"{title} ({len(X)} rows)", (DISTANCE, *COLUMNS), rows)
    stage.say(f"Read: {verdict(wins)}")
    return planes


def _tables(stage):
    """Real tables: name, story, whether the response holds classes, X and y."""
    yield "Wine", "three growers", True, *load_wine(return_X_y=True)
    if not stage.data:
        return
    try:
        X, y = fetch_concrete(data_home=stage.data, return_X_y=True, as_frame=False)
    except (DatasetNotFoundError, ValueError) as error:
        stage.say(f"Concrete is left out: {error}")
    else:
        keep = slice(None, None, 3 if stage.quick else 1)
        yield "Concrete", "compressive strength", False, X[keep], y[keep]


def _held_out(stage, name, make, X, y, classes):
    """Score of neighbours on new rows, seconds of the reducer, and the pipeline."""
    X, X_new, y, y_new = train_test_split(
        X, y, test_size=0.3, stratify=y if classes else None, random_state=0
    )
    pipe = make_pipeline(StandardScaler(), make())
    _, seconds = stage.timed(name, lambda: pipe.fit(X, y))
    neighbours = KNeighborsClassifier() if classes else KNeighborsRegressor()
    neighbours.fit(pipe.transform(X), y)
    return neighbours.score(pipe.transform(X_new), y_new), seconds, pipe


def verdict(scores):
    """Say who is ahead: the best of ours or the best of scikit-learn's.

    Parameters
    ----------
    scores : dict of name to (ours, score)
    """
    best = {}
    for name, (ours, score) in scores.items():
        if ours not in best or score > best[ours][1]:
            best[ours] = name, score
    (ours, high), (theirs, low) = best[True], best[False]
    numbers = f"{ours} {high:.3f} against {theirs} {low:.3f}"
    if abs(high - low) < EVEN:
        text = f"no difference between the best of both, {numbers}."
    elif high > low:
        text = f"skspace is ahead by {high - low:.2f}, {numbers}."
    else:
        text = f"scikit-learn is ahead by {low - high:.2f}, {numbers}."
    worse = [
        f"{name} ({score:.3f})"
        for name, (mine, score) in scores.items()
        if mine and score < low - EVEN
    ]
    return text + (f" Behind {theirs}: {', '.join(worse)}." if worse else "")


# -- PCA's replacements ---------------------------------------------------------------


def _given_back(stage):
    """Noise everywhere, and gross errors in few entries."""
    rng = np.random.RandomState(0)
    X = load_digits().data[: 600 if stage.quick else None] / 16
    noisy = X + 0.3 * rng.standard_normal(X.shape)
    n, p, rank = (200, 80, 5) if stage.quick else (500, 200, 5)
    clean = rng.standard_normal((n, rank)) @ rng.standard_normal((rank, p))
    wrong = np.where(rng.uniform(size=(n, p)) < 0.1, 20 * rng.uniform(-1, 1, (n, p)), 0)
    best = {"PCA(0.9)": PCA(0.9), "PCA('mle')": PCA("mle"), "SpikedPCA": SpikedPCA()}
    exact = {"PCA, true rank": PCA(rank), "RobustPCA": RobustPCA()}
    for title, models, seen, truth in (
        ("Digits with noise in every pixel", best, noisy, X),
        ("Rank 5 with gross errors in a tenth", exact, clean + wrong, clean),
    ):
        stage.announce(title)
        rows = []
        for name, model in models.items():
            back, seconds = stage.timed(
                name,
                lambda model=model, seen=seen: model.inverse_transform(
                    model.fit_transform(seen)
                ),
            )
            error = float(np.sqrt(np.mean((back - truth) ** 2)))
            rows.append((name, (error, model.n_components_, seconds)))
        stage.table(f"{title} ({seen.shape[0]} x {seen.shape[1]})", GIVEN_BACK, rows)
        least = min(rows, key=lambda row: row[1][0])
        stage.say(f"Read: {least[0]} comes nearest to the clean rows.")


# -- figure ---------------------------------------------------------------------------


def _draw_scores(figure, planes):
    """Two scores of each reducer, coloured by the response."""
    all_axes = figure.subplots(1, len(planes), squeeze=False)[0]
    for axes, (name, (scores, y)) in zip(all_axes, planes.items(), strict=True):
        ranks = np.argsort(np.argsort(y)) / len(y)
        dots = axes.scatter(*scores.T, c=ranks, s=4, cmap="viridis")
        axes.set(xticks=[], yticks=[])
        axes.set_title(name, fontsize=9)
    figure.colorbar(dots, ax=all_axes, label="share of smaller responses")
