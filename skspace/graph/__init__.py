"""Graphs: slicing by vertices, quality of partitions, spectral embedding, filters."""

from ._quality import conductance, modularity
from ._vertex_graph import VertexGraph

__all__ = ["VertexGraph", "conductance", "modularity"]
