"""Clusters that are subspaces: beside KMeans and SpectralClustering."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from ...metrics import clustering_accuracy
from .._data import get_digits, get_images, make_union
from .._peers import THEIRS, find_ours, fit, warm_up
from .._table import Column

ORDER = 10

COLUMNS = (
    Column("accuracy", "high"),
    Column("NMI", "high"),
    Column("ARI", "high"),
    Column("predict", None),
    Column("seconds", "low", 2),
)

EVEN = 0.01
"""Differences in accuracy below this are called none."""


class Result(NamedTuple):
    """How one method did on one data set."""

    name: str
    ours: bool
    accuracy: float
    nmi: float
    ari: float
    agreement: float | None
    seconds: float


def run(stage):
    """Fit every method to every data set."""
    peers = THEIRS + find_ours()
    warm_up(stage, peers)
    data_sets = [*get_images(stage), make_union(stage.quick), get_digits(stage.quick)]
    results, graphs = {}, {}
    for data in data_sets:
        stage.announce(f"{len(peers)} methods on {data.name}")
        results[data.name], graphs[data.name] = _compare(stage, peers, data)
        done = {r.name: r[2:] for r in results[data.name]}
        nothing = (None,) * len(COLUMNS)
        rows = [(peer.name, done.get(peer.name, nothing)) for peer in peers]
        stage.table(data.describe(), COLUMNS, rows)
        stage.say(f"Read: {verdict(results[data.name])}")
    stage.line()
    stage.say(
        "Seconds are those of fit, without compilation. Predict is the share of "
        "training samples that predict gives the label of fit."
    )
    stage.say(f"Read: {summary(results)}")
    stage.figure(
        "cluster-accuracy",
        lambda figure: _draw_accuracy(figure, results, peers),
        size=(2.6 + 2.2 * len(results), 0.8 + 0.32 * len(peers)),
    )
    stage.figure(
        "cluster-affinity",
        lambda figure: _draw_graphs(figure, graphs, data_sets),
        size=(0.6 + 2.6 * len(data_sets), 5.8),
    )


def _compare(stage, peers, data):
    results, graphs = [], {}
    for peer in peers:
        model, seconds = fit(stage, peer, data.X, data.n_classes)
        if model is None:
            continue
        agreement = None
        if hasattr(model, "predict"):
            agreement = float(np.mean(model.predict(data.X) == model.labels_))
        results.append(
            Result(
                peer.name,
                peer.ours,
                clustering_accuracy(data.y, model.labels_),
                normalized_mutual_info_score(data.y, model.labels_),
                adjusted_rand_score(data.y, model.labels_),
                agreement,
                seconds,
            )
        )
        if hasattr(model, "affinity_matrix_"):
            graphs[peer.name] = sp.csr_array(model.affinity_matrix_)
    return results, graphs


# -- what to read from the numbers ----------------------------------------------------


def verdict(results):
    """Say who is ahead on one data set, and which of ours KMeans beats."""
    ours, theirs = _best(results, ours=True), _best(results, ours=False)
    gap = ours.accuracy - theirs.accuracy
    numbers = (
        f"{ours.name} {ours.accuracy:.3f} against {theirs.name} {theirs.accuracy:.3f}"
    )
    if abs(gap) < EVEN:
        text = f"no difference between the best of both, {numbers}."
    elif gap > 0:
        text = f"skspace is ahead by {gap:.2f}, {numbers}."
    else:
        text = f"scikit-learn is ahead by {-gap:.2f}, {numbers}."
    kmeans = next(r for r in results if r.name == THEIRS[0].name)
    below = [
        f"{r.name} ({r.accuracy:.3f})"
        for r in results
        if r.ours and r.accuracy < kmeans.accuracy
    ]
    if below:
        text += (
            f" KMeans ({kmeans.accuracy:.3f}) beats {len(below)} of "
            f"{sum(r.ours for r in results)}: {', '.join(below)}."
        )
    return text


def summary(results):
    """Say on how many data sets each of ours beats all of scikit-learn's."""
    wins = {}
    for table in results.values():
        bar = _best(table, ours=False).accuracy
        for r in table:
            if r.ours:
                wins.setdefault(r.name, []).append(r.accuracy > bar)
    counts = ", ".join(
        f"{name} {sum(won)} of {len(won)}"
        for name, won in sorted(wins.items(), key=lambda item: -sum(item[1]))
    )
    return (
        f"data sets on which a method beats every scikit-learn row: {counts}. Compare "
        f"one method throughout: which of {len(wins)} is best on a data set is known "
        "only with its labels."
    )


def _best(results, *, ours):
    return max((r for r in results if r.ours is ours), key=lambda r: r.accuracy)


# -- figures --------------------------------------------------------------------------


def _draw_accuracy(figure, results, peers):
    all_axes = figure.subplots(1, len(results), sharey=True, squeeze=False)[0]
    for axes, (name, table) in zip(all_axes, results.items(), strict=True):
        done = {r.name: r.accuracy for r in table}
        values = [done.get(peer.name, 0.0) for peer in peers]
        colors = ["#0072B2" if peer.ours else "0.65" for peer in peers]
        bars = axes.barh([peer.name for peer in peers], values, color=colors)
        labels = [
            f"{done[peer.name]:.2f}" if peer.name in done else "left out"
            for peer in peers
        ]
        axes.bar_label(bars, labels, padding=2, fontsize=8)
        axes.set(title=name, xlim=(0, 1.18), xticks=(0, 0.5, 1))
        axes.tick_params(axis="y", length=0)
        axes.spines[["top", "right", "left"]].set_visible(False)
    all_axes[0].invert_yaxis()
    figure.supxlabel("accuracy (blue: skspace, grey: scikit-learn)", fontsize=9)


def _draw_graphs(figure, graphs, data_sets):
    """Graphs sorted by the true classes: neighbours in space, and on subspaces."""
    from ...inspection import AffinityDisplay

    names = [THEIRS[-1].name, "LeastSquaresSubspaceClustering"]
    all_axes = figure.subplots(len(names), len(data_sets), squeeze=False)
    for column, data in zip(all_axes.T, data_sets, strict=True):
        for axes, name in zip(column, names, strict=True):
            if name not in graphs[data.name]:
                axes.set(xticks=[], yticks=[], title="left out")
                continue
            display = AffinityDisplay.from_matrix(
                graphs[data.name][name], labels=data.y, ax=axes
            )
            axes.set(xlabel="", ylabel="", xticks=[], yticks=[])
            for border in axes.lines:
                border.set(linewidth=min(0.7, 5 / data.n_classes), alpha=0.4)
            axes.set_title(f"{display.within:.0%} within classes", fontsize=9)
        column[0].set_title(f"{data.name}\n{column[0].get_title()}", fontsize=9)
    for axes, name in zip(all_axes[:, 0], names, strict=True):
        axes.set_ylabel(name.replace("SubspaceC", "\nSubspaceC"), fontsize=9)
