"""Graphs of every layer of random encoders, weighted without labels."""

from __future__ import annotations

from sklearn.cluster import KMeans
from sklearn.datasets import load_digits

from ...cluster import DeepSubspaceClustering, LeastSquaresSubspaceClustering
from ...metrics import clustering_accuracy
from .._table import Column

ORDER = 11

COLUMNS = (
    Column("accuracy", "high"),
    Column("seconds", "low", 2),
)


def prepare(stage):
    """Compile kernels."""
    X, _ = load_digits(return_X_y=True)
    stage.warm_up({"DeepSubspaceClustering": lambda: _deep(3).fit(X[:50])})


def _deep(n_clusters):
    return DeepSubspaceClustering(n_clusters, image_shape=(8, 8), random_state=0)


def run(stage):
    """Cluster digits, and show which graphs the deep method cut by."""
    prepare(stage)
    X, y = load_digits(return_X_y=True)
    X, y = (X[:200], y[:200]) if stage.quick else (X[:600], y[:600])
    deep = _deep(10)
    methods = {
        "KMeans(n_init=10)": KMeans(10, n_init=10, random_state=0),
        "LeastSquaresSubspaceClustering": LeastSquaresSubspaceClustering(
            10, random_state=0
        ),
        "DeepSubspaceClustering": deep,
    }
    rows = []
    for name, method in methods.items():
        model, seconds = stage.timed(name, lambda method=method: method.fit(X))
        rows.append((name, (clustering_accuracy(y, model.labels_), seconds)))
    stage.table(f"Handwritten digits ({len(X)} x {X.shape[1]})", COLUMNS, rows)
    best = max(deep.view_weights_, key=deep.view_weights_.get)
    stage.say(
        f"Read: {len(deep.view_weights_)} graphs were cut as one; the most weight, "
        f"{deep.view_weights_[best]:.2f}, has {best!r}."
    )
