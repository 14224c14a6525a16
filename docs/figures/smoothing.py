"""Attributes of a graph in two dimensions, averaged over walks of growing length."""

import matplotlib.pyplot as plt

from skspace.cluster import S2CAG
from skspace.datasets import make_attributed_graph
from skspace.inspection import EmbeddingDisplay
from skspace.metrics import clustering_accuracy

graph = make_attributed_graph(
    900, n_clusters=3, homophily=0.8, attribute_signal=0.2, random_state=0
)
fig, axes = plt.subplots(1, 3, figsize=(9, 3.2))
for ax, order in zip(axes, (0, 2, 10), strict=True):
    model = S2CAG(3, objective="conductance", order=order, alpha=1.0, random_state=0)
    model.fit(graph.data, adjacency=graph.adjacency)
    EmbeddingDisplay.from_points(
        model.embedding_[:, :2], labels=graph.target, n_components=2, ax=ax
    )
    ax.get_legend().remove()
    accuracy = clustering_accuracy(graph.target, model.labels_)
    name = "attributes as they are" if order == 0 else f"walks of up to {order} steps"
    ax.set(title=f"{name}\naccuracy {accuracy:.0%}", xticks=[], yticks=[])
    ax.set(xlabel="", ylabel="")
