"""Choosing without labels: how many clusters, of which dimension."""

from __future__ import annotations

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from sklearn.model_selection import GridSearchCV, KFold, RepeatedKFold

from ...cluster import LeastSquaresSubspaceClustering
from ...metrics import clustering_accuracy
from ...model_selection import PredictionStrengthScorer
from .._data import make_union
from .._peers import find_ours, warm_up
from .._table import Column

ORDER = 20

N_SUBSPACES, DIM = 5, 4

COLUMNS = (
    Column("clusters", None, 0),
    Column("dim", None, 0),
    Column("accuracy", "high"),
    Column("fits", None, 0),
    Column("seconds", "low", 1),
)


def run(stage):
    """Search the number of clusters, and the dimension where there is one."""
    data = make_union(stage.quick, n_subspaces=N_SUBSPACES)
    k = [4, 5, 6] if stage.quick else [2, 3, 4, 5, 6, 7, 8]
    dims = [4] if stage.quick else [2, 3, 4, 5, 6]
    kmeans = KMeans(n_init=10, random_state=0)
    ours = LeastSquaresSubspaceClustering(random_state=0)
    folds = KFold(3, shuffle=True, random_state=0)
    halves = RepeatedKFold(n_splits=2, n_repeats=3, random_state=0)
    both = {"n_clusters": k, "subspace_dim": dims}
    searches = {
        "KMeans, its own score": GridSearchCV(kmeans, {"n_clusters": k}, cv=folds),
        "KMeans, silhouette": GridSearchCV(
            kmeans, {"n_clusters": k}, cv=folds, scoring=_silhouette
        ),
        "LeastSquares, its own score": GridSearchCV(ours, both, cv=folds),
        "LeastSquares, prediction strength": GridSearchCV(
            ours, {"n_clusters": k}, cv=halves, scoring=PredictionStrengthScorer()
        ),
    }
    warm_up(stage, [peer for peer in find_ours() if peer.name == type(ours).__name__])
    stage.announce(f"{len(searches)} searches on {data.name}")
    rows = []
    for name, search in searches.items():
        _, seconds = stage.timed(name, lambda search=search: search.fit(data.X))
        found = (
            search.best_params_["n_clusters"],
            search.best_params_.get("subspace_dim"),
            clustering_accuracy(data.y, search.best_estimator_.labels_),
            len(search.cv_results_["params"]) * search.n_splits_,
            seconds,
        )
        rows.append((name, found))
    stage.table(data.describe(), COLUMNS, rows)
    stage.say(f"Read: {verdict(rows)}")
    stage.line()
    stage.say(
        "GridSearchCV without labels: its own score is the mean log-likelihood of "
        "held-out samples under the fitted subspaces, for KMeans minus the inertia. "
        "SpectralClustering has neither predict nor score, so nothing can be searched."
    )
    stage.figure(
        "model-selection",
        lambda figure: _draw(figure, searches["LeastSquares, its own score"], both),
        size=(5.2, 3.8),
    )


def _silhouette(estimator, X, y=None):
    return silhouette_score(X, estimator.predict(X))


def verdict(rows):
    """Say which searches found the truth."""
    right = [name for name, values in rows if values[0] == N_SUBSPACES]
    wrong = [f"{name} ({v[0]})" for name, v in rows if v[0] != N_SUBSPACES]
    text = f"the {N_SUBSPACES} clusters were found by "
    text += ", and by ".join(right) if right else "none"
    if wrong:
        text += f"; not by {', nor by '.join(wrong)}"
    text += "."
    for name, values in rows:
        if values[1] is not None:
            text += f" {name} chose dimension {values[1]}; the true one is {DIM}."
    return text


def _draw(figure, search, grid):
    """Mean held-out log-likelihood over the grid."""
    scores = np.empty((len(grid["subspace_dim"]), len(grid["n_clusters"])))
    for params, score in zip(
        search.cv_results_["params"],
        search.cv_results_["mean_test_score"],
        strict=True,
    ):
        row = grid["subspace_dim"].index(params["subspace_dim"])
        scores[row, grid["n_clusters"].index(params["n_clusters"])] = score
    axes = figure.subplots()
    # a hopeless corner would flatten the differences that matter
    image = axes.imshow(
        scores,
        cmap="cividis",
        origin="lower",
        aspect="auto",
        vmin=float(np.quantile(scores, 0.25)),
    )
    figure.colorbar(
        image, label="held-out log-likelihood (nats a sample)", extend="min"
    )
    axes.set_xticks(range(scores.shape[1]), grid["n_clusters"])
    axes.set_yticks(range(scores.shape[0]), grid["subspace_dim"])
    best = search.best_params_
    axes.plot(
        grid["n_clusters"].index(best["n_clusters"]),
        grid["subspace_dim"].index(best["subspace_dim"]),
        "*",
        color="#D55E00",
        markersize=18,
        label="chosen",
    )
    axes.plot(
        grid["n_clusters"].index(N_SUBSPACES),
        grid["subspace_dim"].index(DIM),
        "o",
        markersize=24,
        markerfacecolor="none",
        markeredgecolor="white",
        label="true",
    )
    axes.set(xlabel="n_clusters", ylabel="subspace_dim")
    axes.set_title("Chosen (star) and true (circle)", fontsize=10)
