"""
Papers by their words, their citations, or both
===============================================

Papers have words, and they cite one another. Which of the two tells their topic?

Each by itself is weak: two papers of one topic share few words, and most papers cite
two or three others. Averaging words over short walks along citations joins the two
[1]_: a paper is then described by the words of its neighbourhood.

.. [1] Lin, Yang, Zheng & Ke (2025). Spectral subspace clustering for attributed graphs.
   KDD. :arxiv:`2411.11074`
"""

# %%
# Cora is used where it is installed (see :func:`skspace.datasets.fetch_cora`);
# otherwise a graph of the same kind is generated: communities with a few highly cited
# papers, and words of which three in ten belong to the community.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics.cluster import contingency_matrix

from skspace.datasets import DatasetNotFoundError, fetch_cora, make_attributed_graph

try:
    graph = fetch_cora()
except DatasetNotFoundError:
    graph = make_attributed_graph(
        1500,
        n_features=1000,
        n_clusters=7,
        average_degree=6,
        homophily=0.75,
        degree_exponent=2.5,
        attribute_signal=0.3,
        random_state=0,
    )
X, A, topic = graph.data, graph.adjacency, graph.target
print(f"{len(topic)} papers, {A.nnz // 2} citations, {X.nnz // len(topic)} words each")

# %%
# Words alone go to KMeans, weighted as usual for words; citations alone to
# SpectralClustering. S2CAG takes both. It is told the number of topics and nothing
# else: how far to walk, and what to optimise, it chooses without labels.

import warnings

from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans, SpectralClustering
from sklearn.feature_extraction.text import TfidfTransformer

from skspace.cluster import S2CAG
from skspace.metrics import clustering_accuracy

words = TfidfTransformer().fit_transform(X)
model = S2CAG(n_clusters=7, random_state=0)
with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "Graph is not fully connected")
    found = {
        "words: KMeans": KMeans(7, n_init=10, random_state=0).fit_predict(words),
        "citations: SpectralClustering": SpectralClustering(
            7, affinity="precomputed", random_state=0
        ).fit_predict(A),
        "both: S2CAG": model.fit_predict(X, adjacency=A),
    }

fig, axes = plt.subplots(1, 3, figsize=(10, 3.6), layout="constrained", sharey=True)
for (name, labels), ax in zip(found.items(), axes, strict=True):
    counts = contingency_matrix(topic, labels)
    _, order = linear_sum_assignment(counts, maximize=True)
    rest = np.setdiff1d(np.arange(counts.shape[1]), order)
    share = counts[:, [*order, *rest]] / counts.sum(axis=1, keepdims=True)
    image = ax.imshow(share, cmap="Blues", vmin=0, vmax=1)
    accuracy = clustering_accuracy(topic, labels)
    ax.set(title=f"{name}\naccuracy {accuracy:.0%}", xlabel="cluster")
    ax.set(xticks=[], yticks=[])
axes[0].set_ylabel("topic")
_ = fig.colorbar(image, ax=axes, label="share of the topic's papers", shrink=0.8)

# %%
# Each row is a topic, and shows over which clusters its papers are spread. The graph
# of citations falls into pieces, most of them tiny; SpectralClustering spends clusters
# on those, and few are left for the rest. Words hold such pieces in place.
#
# How was the length of walks chosen? Longer walks raise the modularity of the clusters
# and lower how much of the words they explain; the *agreement* multiplies both, and
# needs no topics. Topics only serve to check it:

tried = model.search_results_
chosen = tried["objective"] == model.setting_["objective"]
chosen &= tried["row_scaling"] == model.setting_["row_scaling"]
orders, agreement = tried["order"][chosen], tried["agreement"][chosen]
accuracy = [
    clustering_accuracy(
        topic,
        S2CAG(
            7,
            objective=model.setting_["objective"],
            row_scaling=model.setting_["row_scaling"] or "sum",
            order=int(order),
            alpha=1.0,
            random_state=0,
        ).fit_predict(X, adjacency=A),
    )
    for order in orders
]

fig, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
ax.plot(orders, agreement, "o-", color="tab:blue")
ax.axvline(model.order_, color="0.6", linestyle="--")
ax.set(xlabel="longest walk", xscale="log", xticks=orders, xticklabels=orders)
ax.minorticks_off()
ax.set_ylabel("agreement, without topics", color="tab:blue")
right = ax.twinx()
right.plot(orders, accuracy, "s-", color="tab:orange")
right.set_ylabel("accuracy", color="tab:orange")
_ = ax.set_title("Agreement and accuracy; the line is what was chosen")
# sphinx_gallery_thumbnail_number = 1

# %%
# New papers find their topic without a new fit, by their words and by whom they cite:

from skspace.graph import VertexGraph

citations = VertexGraph(A)
known = np.arange(len(topic)) % 5 > 0
model = S2CAG(n_clusters=7, random_state=0).fit(X[known], adjacency=citations[known])
for name, edges in {
    "words alone": None,
    "words and citations": citations[~known],
}.items():
    labels = model.predict(X[~known], adjacency=edges)
    print(f"new papers by {name}: {clustering_accuracy(topic[~known], labels):.0%}")
