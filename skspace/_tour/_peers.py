"""Who is compared: skspace's subspace clusterers and scikit-learn's defaults."""

from __future__ import annotations

import inspect
from typing import Any, NamedTuple

from sklearn.base import ClusterMixin
from sklearn.cluster import KMeans, SpectralClustering

from .. import cluster
from ..datasets import make_union_of_subspaces

PATIENCE = 8.0
"""Seconds that one fit may take; longer ones are left out, if they are also ..."""

SLOWNESS = 10.0
"""... so many times slower than KMeans, or a busy computer would empty the tables."""


class Peer(NamedTuple):
    """A clusterer with a name for the table; `make(n_clusters)` gives a fresh one."""

    name: str
    ours: bool
    make: Any


THEIRS = (
    Peer("KMeans(n_init=10)", False, lambda k: KMeans(k, n_init=10, random_state=0)),
    Peer("SpectralClustering", False, lambda k: SpectralClustering(k, random_state=0)),
    Peer(
        "SpectralClustering, neighbours",
        False,
        lambda k: SpectralClustering(k, affinity="nearest_neighbors", random_state=0),
    ),
)
"""The defaults; more than one start for KMeans and a better graph, for fairness."""


def find_ours():
    """Clusterers of `skspace.cluster` that share the keywords of linear subspaces.

    `affine` is the keyword that only they have; methods that learn features or
    cluster graphs do without, and answer other questions.
    """
    found = []
    for name in cluster.__all__:
        kind = getattr(cluster, name)
        if not (inspect.isclass(kind) and issubclass(kind, ClusterMixin)):
            continue
        if {"n_clusters", "affine", "random_state"} <= set(kind().get_params()):
            found.append(Peer(name, True, lambda k, kind=kind: kind(k, random_state=0)))
    return tuple(found)


def warm_up(stage, peers):
    """Let every peer fit and predict a tiny problem once."""
    X, _ = make_union_of_subspaces(60, 12, subspace_dim=2, noise=0.1, random_state=0)

    def fit_and_predict(peer):
        model = peer.make(5).fit(X)
        if hasattr(model, "predict"):
            model.predict(X)

    stage.warm_up(
        {peer.name: lambda peer=peer: fit_and_predict(peer) for peer in peers}
    )


def fit(stage, peer, X, n_clusters):
    """Fit a peer, unless it would take longer than anybody's patience.

    Returns
    -------
    model : fitted clusterer or None
        None where it was left out; the next table says so.
    seconds : float
        Time of ``fit``.
    """
    expected = stage.expected(peer.name, X.size)
    if expected > max(PATIENCE, SLOWNESS * stage.expected(THEIRS[0].name, X.size)):
        stage.note(
            peer.name,
            f"left out, it would take about {expected:.0f} s here, judged by the "
            "largest data before",
        )
        return None, 0.0
    model = peer.make(n_clusters)
    _, seconds = stage.timed(peer.name, lambda: model.fit(X), size=X.size)
    return model, seconds
