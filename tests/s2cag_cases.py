"""A small attributed graph, and the embedding of S2CAG by its definition."""

import numpy as np
import oracles
import scipy.linalg as sl
import scipy.sparse as sp

from skspace.cluster import S2CAG
from skspace.datasets import make_attributed_graph
from skspace.graph._similarity import weight_attributes

GRAPH = make_attributed_graph(300, 240, 4, random_state=0)
X, A, Y = GRAPH.data, GRAPH.adjacency, GRAPH.target
GIVEN = {"objective": "conductance", "order": 8, "alpha": 0.9, "random_state": 0}
OBJECTIVES = [
    {"objective": "conductance"},
    {"objective": "modularity"},
    {"objective": "modularity", "row_scaling": "l2"},
]


def model(n_clusters=4, **parameters):
    """S2CAG with all settings given."""
    return S2CAG(n_clusters, **{**GIVEN, **parameters})


def dense_embedding(X, A, k, setting, weighting="tfidf"):
    """The embedding by its definition, as a basis of the subspace."""
    F = weight_attributes(sp.csr_array(X), weighting).rows.toarray()
    Z = oracles.smoothed_attributes(F, A.toarray(), setting["order"], setting["alpha"])
    if setting["objective"] == "conductance":
        return np.linalg.svd(Z)[0][:, 1 : k + 1]
    if setting["row_scaling"] == "sum":
        Z = Z * np.sqrt(Z.sum(axis=1, keepdims=True))
    else:
        Z = Z / np.linalg.norm(Z, axis=1, keepdims=True)
    M = oracles.modularity_matrix(Z, setting["resolution"])
    return np.linalg.eigh(M)[1][:, -k:]


def angle(U, V):
    U = sl.orth(np.asarray(U, dtype=float))
    return np.linalg.norm(U - V @ (V.T @ U), 2)
