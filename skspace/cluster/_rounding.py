"""From an affinity graph to labels: the one spectral rounding of the suite."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from ..exceptions import DisconnectedAffinityWarning
from ..graph._spectral import cluster_qr, discretize, spectral_embedding, unit_rows

ASSIGN_LABELS = ("kmeans", "cluster_qr", "discretize")


class Rounding(NamedTuple):
    """Labels of an affinity graph."""

    labels: np.ndarray  # (n,), -1 where the graph says nothing
    n_connected: int  # connected components with more than one vertex


def spectral_labels(affinity, n_clusters, *, assign_labels, n_init, rng):
    """Cluster the vertices of an affinity graph by its leading eigenvectors.

    Parameters
    ----------
    affinity : sparse array of shape (n, n)
        Symmetric and nonnegative.
    n_clusters : int
    assign_labels : {"kmeans", "cluster_qr", "discretize"}
    n_init : int
        Starts of k-means.
    rng : RandomState

    Returns
    -------
    Rounding
        Label -1: a vertex without an edge, or one in a component too small to be a
        cluster of its own. The caller places these by their subspace.

    Raises
    ------
    ValueError
        When the graph has no edge.

    Warns
    -----
    DisconnectedAffinityWarning
        When there are more connected components than clusters.
    """
    n = affinity.shape[0]
    embedding = spectral_embedding(affinity, n_clusters)
    if embedding.n_connected > n_clusters:
        left = n - len(embedding.vertices) - embedding.n_isolated
        warnings.warn(
            f"The affinity graph has {embedding.n_connected} connected components, "
            f"more than n_clusters={n_clusters}: the largest became the clusters, and "
            f"the {left} samples of the others went to their nearest subspace. Let "
            "each sample use more neighbours (more coefficients, a smaller penalty, a "
            "larger subspace_dim), or ask for more clusters.",
            DisconnectedAffinityWarning,
            stacklevel=6,  # the caller of fit, past two decorators
        )
    n_supported = embedding.vectors.shape[1]
    if not n_supported:
        raise ValueError(
            f"No two of the {n} samples are joined: none found a neighbour it can be "
            "written with, so there is no graph to cut. Rows at right angles to each "
            "other (one-hot rows, identity matrices) have no subspaces in common; "
            "otherwise weaken the penalty or allow more coefficients."
        )
    if n_supported < n_clusters:
        warnings.warn(
            f"The affinity graph supports {n_supported} clusters, fewer than "
            f"n_clusters={n_clusters}: most samples found no neighbour. Weaken the "
            "penalty, allow more coefficients, or ask for fewer clusters.",
            ConvergenceWarning,
            stacklevel=6,
        )
    labels = np.full(n, -1, dtype=np.int64)
    labels[embedding.vertices] = assign_rows(
        embedding.vectors, assign_labels, n_init, rng
    )
    return Rounding(labels, embedding.n_connected)


def assign_rows(vectors, assign_labels, n_init, rng):
    """Labels from 0 without gaps for rows of leading eigenvectors."""
    if assign_labels == "cluster_qr":
        labels = cluster_qr(vectors)
    elif assign_labels == "discretize":
        labels = discretize(vectors, rng)
    else:
        kmeans = KMeans(
            vectors.shape[1], n_init=n_init, max_iter=1000, random_state=rng
        )
        labels = kmeans.fit_predict(unit_rows(vectors))
    return np.unique(labels, return_inverse=True)[1]
