"""Labels for new samples: fit on four fifths, predict the rest."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.metrics.cluster import contingency_matrix
from sklearn.model_selection import train_test_split

from ...model_selection import InductiveClusterer
from .._data import get_digits, get_images, make_union
from .._peers import THEIRS, Peer, find_ours, fit, warm_up
from .._table import Column

ORDER = 30

COLUMNS = (
    Column("fitted", "high"),
    Column("new", "high"),
    Column("difference", None),
    Column("seconds", "low", 3),
)


def run(stage):
    """Hold out a fifth of each data set."""
    peers = tuple(_inductive(peer) for peer in THEIRS) + find_ours()
    warm_up(stage, peers)
    data_sets = [
        *get_images(stage, names=("Yale B",)),
        make_union(stage.quick),
        get_digits(stage.quick),
    ]
    for data in data_sets:
        stage.announce(f"{len(peers)} methods on four fifths of {data.name}")
        rows = [(peer.name, _hold_out(stage, peer, data)) for peer in peers]
        stage.table(data.describe(), COLUMNS, rows)
        ours = [
            (name, values)
            for (name, values), peer in zip(rows, peers, strict=True)
            if peer.ours and values[0] is not None
        ]
        stage.say(f"Read: {verdict(ours)}")
    stage.line()
    stage.say(
        "Fitted and new are accuracies on either part, with the matching of clusters "
        "and classes found on the fitted one; seconds are those of predict. "
        "SpectralClustering has no predict; here it borrows one from "
        "skspace.model_selection.InductiveClusterer."
    )


def _inductive(peer):
    """Wrap a clusterer that cannot predict."""
    if hasattr(peer.make(2), "predict"):
        return peer
    name = peer.name.replace("SpectralClustering", "Inductive(Spectral)")
    return Peer(name, peer.ours, lambda k: InductiveClusterer(peer.make(k)))


def _hold_out(stage, peer, data):
    X, X_new, y, y_new = train_test_split(
        data.X, data.y, test_size=0.2, stratify=data.y, random_state=0
    )
    model, _ = fit(stage, peer, X, data.n_classes)
    if model is None:
        return (None,) * len(COLUMNS)
    labels, seconds = stage.timed(peer.name, lambda: model.predict(X_new))
    counts = contingency_matrix(y, model.labels_)
    classes, clusters = linear_sum_assignment(counts, maximize=True)
    class_of = np.full(data.n_classes, -1)
    class_of[clusters] = np.unique(y)[classes]
    fitted = float(np.mean(class_of[model.labels_] == y))
    new = float(np.mean(class_of[labels] == y_new))
    return fitted, new, new - fitted, seconds


def verdict(rows):
    """Say what the worst loss from fitted to new samples is."""
    name, (fitted, new, *_) = min(rows, key=lambda row: row[1][2])
    n_kept = sum(values[2] >= -0.03 for _, values in rows)
    text = (
        f"{n_kept} of {len(rows)} skspace methods label new samples as well as fitted "
        "ones (within 0.03)"
    )
    if n_kept < len(rows):
        text += f"; the largest loss is {name}'s, {fitted:.3f} to {new:.3f}"
    return f"{text}."
