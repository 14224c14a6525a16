"""Graphs of the same samples seen through different layers, and their consensus.

A *view* is one or several tables of features; its Gram matrix gives two graphs: who
represents whom (ridge, in closed form), and who is at a small angle to whom. How well
a graph falls into clusters is measured without labels; good graphs get weight.
"""

from __future__ import annotations

import math
import warnings
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from .._array import array_namespace, device
from ..linalg._self_expression import align_by, align_to, regress_on_others
from ._affinity import mean_of_directions
from ._deep_encoder import local_contrast
from ._dense_rows import collect_rows, zero_own_column
from ._rounding import spectral_labels
from ._thresholding import angle_weights

ALPHA = 1.0
"""Ridge of the self-expression, in units of the mean squared length of rows."""

SHARPNESS = 20.0
"""How fast the weight of a graph falls with its normalised cut over the smallest."""

KEPT_SUM = 4096
"""Samples up to which a second Gram matrix is kept."""

BLOCK_BYTES = 64 * 1024**2
"""Size of one block of inner products."""


class Graph(NamedTuple):
    """One graph of the samples and how it was cut."""

    view: str
    kind: str  # "self-expression" or "neighbors"
    affinity: sp.csr_array
    coefficients: sp.csr_array | None = None
    association: float = math.nan


def view_names(n_layers, image_shape):
    """Names of the views, from shallow to deep."""
    contrast = ["local contrast"] if image_shape is not None else []
    depths = [f"layer {depth}" for depth in range(1, n_layers + 1)]
    return ["input", *contrast, *depths, "all layers"]


class Views:
    """Tables of a view, for training samples and new ones.

    Parameters
    ----------
    encoders : Encoders
    image_shape : tuple of int or None
    center : bool
        Whether column means are subtracted before rows are scaled.
    """

    def __init__(self, encoders, image_shape, center):
        self.encoders = encoders
        self.image_shape = image_shape
        self.center = center
        self.names = view_names(encoders.n_layers, image_shape)
        self.means = {}

    def tables(self, name, V, inputs, *, fit=False):
        """Yield the tables of a view with rows of unit length.

        Parameters
        ----------
        name : str
        V : array of shape (n_samples, n_features)
            Prepared rows: the table of the view "input".
        inputs : array of shape (n_samples, n_features)
            What encoders and local contrast see.
        fit : bool
            Whether column means are found here or are those found before.
        """
        if name == "input":
            yield V
        elif name == "local contrast":
            yield self._aligned(name, local_contrast(inputs, self.image_shape), fit)
        else:
            depth = int(name.removeprefix("layer "))
            for i in range(len(self.encoders.encoders)):
                F = self.encoders.layer(i, depth, inputs)
                yield self._aligned(f"{name} of {i}", F, fit)

    def features(self, name, V, inputs):
        """Tables of a view, of the first encoder, side by side."""
        xp = array_namespace(V)
        tables = [next(self.tables(part, V, inputs)) for part in self.parts(name)]
        return xp.concat(tables, axis=1) / math.sqrt(len(tables))

    def n_tables(self, part):
        """Count the tables of a single view."""
        return len(self.encoders.encoders) if part.startswith("layer ") else 1

    def parts(self, name):
        """Single views a view consists of."""
        if name == "all layers":
            depths = range(1, self.encoders.n_layers + 1)
            return ["input", *(f"layer {d}" for d in depths)]
        return [name]

    def _aligned(self, key, F, fit):
        if fit:
            mean, peak = align_by(F)
            self.means[key] = (mean if self.center else 0 * mean), peak
        return align_to(F, *self.means[key])[0]


def view_graphs(views, V, inputs, n_keep):
    """Yield the two graphs of every view, from shallow to deep.

    One matrix of n x n numbers at the peak, two below 4096 samples.

    Parameters
    ----------
    views : Views
    V, inputs : arrays of shape (n_samples, n_features)
        As :meth:`Views.tables` takes them.
    n_keep : int
        Largest entries kept per row.

    Yields
    ------
    Graph
        Not judged yet.
    """
    xp = array_namespace(V)
    # The sum over layers is kept while it is cheap, and formed again where not.
    every = None
    if V.shape[0] <= KEPT_SUM:
        every = view_gram(views, "input", V, inputs)
    for name in views.names:
        if name == "all layers" and every is not None:
            K, every = every, None
        elif name == "input" and every is not None:
            K = xp.asarray(every, copy=True)
        else:
            K = view_gram(views, name, V, inputs)
            if name.startswith("layer ") and every is not None:
                every += K
        yield from _two_graphs(name, K, n_keep)
        del K  # before the next one is made


def _two_graphs(name, K, n_keep):
    """Cut two graphs out of a Gram matrix, which is used up."""
    xp = array_namespace(K)
    mean = float(xp.sum(xp.linalg.diagonal(K))) / K.shape[0]
    if mean == 0:
        return

    def neighbors(start, stop):
        cosine = K[start:stop, :] / mean
        weights = angle_weights(cosine)
        # Rows without a direction are at no angle to any other.
        weights = xp.where(cosine == 0, xp.zeros_like(weights), weights)
        return zero_own_column(weights, start)

    weights = collect_rows(neighbors, K, n_keep)
    yield Graph(name, "neighbors", mean_of_directions(weights))
    K /= mean
    yield graph_of(name, affine_coefficients(K), n_keep)


def affine_coefficients(K):
    """Coefficients of each row on the others, from a Gram matrix of mean diagonal 1.

    Rows get a constant of their own length first: combinations of samples of one
    cluster then cost less than those that cancel. The matrix is used up.
    """
    K += 1.0
    return regress_on_others(K, ALPHA)


def graph_of(name, C, n_keep):
    """Graph of the positive part of ``sqrt(C_ij C_ji)``, largest of each row.

    In closed form these are the partial correlations of samples i and j given all
    others. Samples that represent each other with a minus are opposite, not alike.
    """
    xp = array_namespace(C)

    def positive(start, stop):
        forth = xp.clip(C[start:stop, :], min=0.0)
        back = xp.clip(C[:, start:stop].T, min=0.0)
        return xp.sqrt(forth) * xp.sqrt(back)

    affinity = mean_of_directions(collect_rows(positive, C, n_keep))
    kept = collect_rows(lambda start, stop: C[start:stop, :], C, n_keep)
    return Graph(name, "self-expression", affinity, kept)


def view_gram(views, name, V, inputs):
    """Mean of the Gram matrices of the tables of a view; their means are found.

    For "all layers" the sum over its parts.
    """
    xp = array_namespace(V)
    n = V.shape[0]
    step = max(64, BLOCK_BYTES // (8 * n))
    every = xp.zeros((n, n), dtype=V.dtype, device=device(V))
    for part in views.parts(name):
        share = views.n_tables(part) ** -0.5
        for table in views.tables(part, V, inputs, fit=True):
            table = share * table
            for start in range(0, n, step):
                rows = slice(start, min(start + step, n))
                every[rows, :] += table[rows, :] @ table.T
    return every


def normalized_association(affinity, labels, n_clusters):
    """Mean share of the weight of a cluster that stays inside, times coverage.

    One minus the normalised cut over the number of clusters. A cluster that was not
    found counts as 0, and samples without a label count against all.

    Parameters
    ----------
    affinity : csr_array of shape (n, n)
    labels : ndarray of shape (n,)
        -1 where the graph says nothing.
    n_clusters : int

    Returns
    -------
    association : float
        In [0, 1].
    """
    rows = np.flatnonzero(labels >= 0)
    member = sp.csr_array(
        (np.ones(len(rows)), (rows, labels[rows])), shape=(len(labels), n_clusters)
    )
    inside = np.asarray((member * (affinity @ member)).sum(axis=0)).ravel()
    volume = np.asarray(affinity.sum(axis=1)).ravel() @ member
    share = inside / np.where(volume > 0, volume, 1.0)
    return float(share.sum() / n_clusters * len(rows) / len(labels))


def judge(graph, n_clusters, n_init, rng):
    """Cut a graph and measure the cut.

    A graph that falls into too many pieces is not an error here: it gets a low mark.
    """
    if graph.affinity.nnz == 0:
        return graph._replace(association=0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rounding = spectral_labels(
            graph.affinity, n_clusters, assign_labels="kmeans", n_init=n_init, rng=rng
        )
    association = normalized_association(graph.affinity, rounding.labels, n_clusters)
    return graph._replace(association=association)


def consensus(graphs):
    r"""Weighted mean of graphs by how well each falls into clusters.

    With :math:`c_g` one minus the association of graph g, weights are
    :math:`\exp(-20 (c_g / \min_h c_h - 1))` on graphs of equal total weight.

    Parameters
    ----------
    graphs : list of Graph

    Returns
    -------
    affinity : csr_array of shape (n, n)
    weights : ndarray of shape (len(graphs),)
        Sum 1.
    """
    cuts = np.array([1.0 - g.association for g in graphs])
    # Below this a cut is as good as none; two such graphs are equally good.
    cuts = np.maximum(cuts, 1e-6)
    weights = np.exp(-SHARPNESS * (cuts / cuts.min() - 1.0))
    weights[[g.affinity.nnz == 0 for g in graphs]] = 0.0
    weights = weights / max(weights.sum(), np.finfo(float).tiny)
    affinity = graphs[int(np.argmax(weights))].affinity * 0.0
    for weight, graph in zip(weights, graphs, strict=True):
        if weight > 1e-6:
            affinity = affinity + graph.affinity * (weight / graph.affinity.sum())
    affinity = sp.csr_array(affinity * len(cuts))
    affinity.eliminate_zeros()
    return affinity, weights
