"""Graphs whose vertices have attributes: beside attributes alone and edges alone."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.cluster import KMeans, SpectralClustering
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.model_selection import train_test_split

from ...cluster import S2CAG
from ...datasets import DatasetNotFoundError, fetch_cora, make_attributed_graph
from ...graph import VertexGraph, modularity
from ...metrics import clustering_accuracy
from .._table import Column

ORDER = 15

COLUMNS = (
    Column("accuracy", "high"),
    Column("NMI", "high"),
    Column("ARI", "high"),
    Column("modularity", None),
    Column("seconds", "low", 2),
)

NEW_COLUMNS = (Column("accuracy", None), Column("seconds", None, 3))


class Graph(NamedTuple):
    """Vertices with attributes and known classes."""

    name: str
    story: str
    X: Any
    A: sp.csr_array
    y: np.ndarray

    @property
    def n_classes(self):
        """Number of classes, the number of clusters that methods are told."""
        return len(np.unique(self.y))

    def describe(self):
        """One line for the heading of a table."""
        n, d = self.X.shape
        return (
            f"{self.name}: {self.story} ({n} x {d}, {self.A.nnz // 2} edges, "
            f"{self.n_classes} classes)"
        )


def prepare(stage):
    """Compile kernels."""
    tiny = _generate(120, 3)
    stage.warm_up({"S2CAG": lambda: _label_new(stage, tiny)})


def run(stage):
    """Cluster one graph by its attributes, its edges, and both."""
    prepare(stage)
    graph = get_graph(stage)
    stage.announce(f"{len(WAYS)} methods on {graph.name}")
    rows = [(name, _judge(stage, name, way, graph)) for name, way in WAYS.items()]
    stage.table(graph.describe(), COLUMNS, rows)
    stage.say(f"Read: {verdict(rows)}")
    rows = _label_new(stage, graph)
    stage.table(
        f"{graph.name}: fitted to four fifths of the vertices", NEW_COLUMNS, rows
    )
    stage.say(
        "Read: new vertices bring attributes, and edges where there are any; seconds "
        "are those of fit and of predict."
    )


def get_graph(stage):
    """Read Cora from the data folder, else generate a graph."""
    if stage.data:
        try:
            cora = fetch_cora(data_home=stage.data)
        except (DatasetNotFoundError, ValueError, ImportError) as error:
            stage.say(f"Cora is left out: {error}")
        else:
            A = sp.csr_array(cora.adjacency)
            return Graph("Cora", "papers, words, citations", cora.data, A, cora.target)
    return _generate(500 if stage.quick else 1500, 5 if stage.quick else 7)


def _generate(n, n_classes):
    graph = make_attributed_graph(
        n,
        1000,
        n_classes,
        average_degree=6,
        homophily=0.75,
        degree_exponent=2.5,
        attribute_signal=0.3,
        random_state=0,
    )
    story = "communities and their words"
    return Graph("Generated", story, graph.data, graph.adjacency, graph.target)


# -- three ways to the labels ---------------------------------------------------------


def _by_attributes(graph):
    words = TfidfTransformer().fit_transform(graph.X)
    return KMeans(graph.n_classes, n_init=10, random_state=0).fit_predict(words)


def _by_edges(graph):
    model = SpectralClustering(graph.n_classes, affinity="precomputed", random_state=0)
    return model.fit_predict(graph.A)


def _by_both(graph):
    model = S2CAG(graph.n_classes, random_state=0)
    return model.fit_predict(graph.X, adjacency=graph.A)


WAYS = {
    "KMeans on attributes": _by_attributes,
    "SpectralClustering on edges": _by_edges,
    "S2CAG on both": _by_both,
}


def _judge(stage, name, way, graph):
    labels, seconds = stage.timed(name, lambda: way(graph))
    return (
        clustering_accuracy(graph.y, labels),
        normalized_mutual_info_score(graph.y, labels),
        adjusted_rand_score(graph.y, labels),
        modularity(graph.A, labels),
        seconds,
    )


def verdict(rows):
    """Say what the second source of information brings."""
    *single, (both, values) = rows
    name, best = max(single, key=lambda row: row[1][0])
    gain = values[0] - best[0]
    if gain > 0:
        return f"{both} gains {gain:.2f} over the better single source, {name}."
    return (
        f"{name} is ahead of {both} by {-gain:.2f}: where one source says it all, the "
        "other one is noise."
    )


# -- vertices that come later ---------------------------------------------------------


def _label_new(stage, graph):
    fitted, new = train_test_split(
        np.arange(len(graph.y)), test_size=0.2, stratify=graph.y, random_state=0
    )
    edges = VertexGraph(graph.A)
    model = S2CAG(graph.n_classes, random_state=0)
    name = "fitted vertices"
    _, seconds = stage.timed(
        name, lambda: model.fit(graph.X[fitted], adjacency=edges[fitted])
    )
    rows = [(name, (clustering_accuracy(graph.y[fitted], model.labels_), seconds))]
    for name, known in {
        "new ones, attributes and edges": edges[new],
        "new ones, attributes alone": None,
    }.items():
        labels, seconds = stage.timed(
            name, lambda known=known: model.predict(graph.X[new], adjacency=known)
        )
        rows.append((name, (clustering_accuracy(graph.y[new], labels), seconds)))
    return rows
