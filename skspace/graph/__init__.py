"""Graphs: nearest neighbours, slicing by vertices, quality of partitions, filters."""

from ._nearest import knn_graph
from ._quality import conductance, modularity
from ._vertex_graph import VertexGraph

__all__ = ["VertexGraph", "conductance", "knn_graph", "modularity"]
