"""Features that straighten curves, and when to stop learning them."""

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


def prepare(stage):
    """Compile kernels."""
    X, _ = arc_and_blob(20)
    brief = MCR2Clustering(
        2, hidden_layer_sizes=(8,), n_components=4, max_steps=2, random_state=0
    )
    stage.warm_up({"MCR2Clustering": lambda: brief.fit(X)})


def run(stage):
    """Cluster an arc and a blob, and show what becomes of the labels in training."""
    prepare(stage)
    X, y = arc_and_blob(50 if stage.quick else 100)
    learnt = MCR2Clustering(
        2,
        hidden_layer_sizes=(64, 64),
        n_components=24,
        n_networks=1,  # curves over steps are those of one network
        tol=0,
        random_state=0,
    )
    methods = {
        "KMeans(n_init=10)": KMeans(2, n_init=10, random_state=0),
        "LeastSquaresSubspaceClustering": LeastSquaresSubspaceClustering(
            2, random_state=0
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
    stage.table(f"An arc and a blob ({len(X)} x {X.shape[1]})", COLUMNS, rows)
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


def arc_and_blob(n_points, seed=0):
    """Draw an arc of a sine and a small blob in thirty dimensions."""
    rng = np.random.RandomState(seed)
    axes = np.linalg.qr(rng.standard_normal((30, 30)))[0]
    t = np.linspace(-1, 1, n_points)
    arc = np.stack([t, np.sin(2 * t), np.ones(n_points)], axis=1) @ axes[:3]
    blob = 2 * axes[5] + 0.15 * rng.standard_normal((n_points, 30))
    return np.concatenate([arc, blob]), np.repeat([0, 1], n_points)
