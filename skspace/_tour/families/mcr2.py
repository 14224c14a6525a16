"""Clusters on curves: features that straighten them, and when to stop learning."""

from __future__ import annotations

import numpy as np
from sklearn.cluster import KMeans

from ...cluster import LeastSquaresSubspaceClustering, MCR2Clustering
from ...metrics import clustering_accuracy
from .._table import Column

ORDER = 12

COLUMNS = (
    Column("accuracy", "high"),
    Column("seconds", "low", 2),
)


def run(stage):
    """Cluster closed curves, and show what becomes of the labels in training."""
    X, y = closed_curves(20 if stage.quick else 40)
    learnt = MCR2Clustering(
        4, hidden_layer_sizes=(64, 64), n_components=24, tol=0, random_state=0
    )
    methods = {
        "KMeans(n_init=10)": KMeans(4, n_init=10, random_state=0),
        "LeastSquaresSubspaceClustering": LeastSquaresSubspaceClustering(
            4, random_state=0
        ),
        "MCR2Clustering": learnt,
    }
    rows = []
    for name, method in methods.items():
        model, seconds = stage.timed(name, lambda method=method: method.fit(X))
        rows.append((name, (clustering_accuracy(y, model.labels_), seconds)))
    rows.append(
        ("KMeans on its features", _on_features(stage, methods, learnt.embedding_, y))
    )
    stage.table(f"four closed curves, {len(X)} x {X.shape[1]}", COLUMNS, rows)
    looks = learnt.checkpoint_labels_
    over_steps = {step: clustering_accuracy(y, looks[step]) for step in looks}
    last = max(over_steps)
    stage.say(
        f"Read: step {learnt.kept_step_} was kept without labels, with accuracy "
        f"{over_steps[learnt.kept_step_]:.2f}; the last step, {last}, has "
        f"{over_steps[last]:.2f} and the best look {max(over_steps.values()):.2f}."
    )


def _on_features(stage, methods, Z, y):
    kmeans = methods["KMeans(n_init=10)"]
    labels, seconds = stage.timed("features", lambda: kmeans.fit_predict(Z))
    return clustering_accuracy(y, labels), seconds


def closed_curves(n_points, seed=0):
    """Draw four closed curves of three frequencies in thirty dimensions."""
    rng = np.random.RandomState(seed)
    angle = np.linspace(0, 2 * np.pi, n_points, endpoint=False)
    waves = [wave(k * angle) for k in (1, 2, 3) for wave in (np.cos, np.sin)]
    turns = [np.stack(waves, axis=1) @ rng.standard_normal((6, 30)) for _ in range(4)]
    X = np.concatenate(turns)
    return X + 0.3 * rng.standard_normal(X.shape), np.repeat(np.arange(4), n_points)
