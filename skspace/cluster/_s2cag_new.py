"""New vertices for a fitted S2CAG: embedding, labels, modularity."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.base import TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .._array import array_namespace, asarray_like, to_numpy
from .._validation import validate_X
from ..graph import modularity
from ..graph._propagation import Propagation, horner
from ..graph._similarity import similarity_rows, weight_attributes
from ..graph._smoothed import SmoothedAttributes
from ..graph._sparse_dense import scale_rows
from ._s2cag_graph import graph_for_new, neighbors
from ._s2cag_search import Setting
from ._s2cag_solve import scale_from_lengths, scale_from_sums


class KnownVertices(NamedTuple):
    """What new vertices need of the fitted ones, on the host."""

    idf: np.ndarray | None  # (d,), column weights
    column_sums: np.ndarray  # (d,), of the weighted attributes
    vertices: np.ndarray  # (n,), numbers in the graph that was sliced
    degree: np.ndarray  # (n,)
    projected: np.ndarray  # (n, n_dims), embedding before rows are scaled
    measure: np.ndarray | None  # (n,), sums or lengths that scale rows
    offsets: np.ndarray | None = None  # (n_clusters,), of the decision rule


class EmbedsNewVertices(TransformerMixin):
    """The methods of S2CAG that take new samples."""

    def _embed_new(self, X, adjacency, method):
        """Embed new samples, with the edges that are known of them."""
        check_is_fitted(self)
        X, _ = validate_X(
            self,
            X,
            accept_sparse="csr",
            reset=False,
            fitted=self.components_,
            method=method,
        )
        edges = graph_for_new(adjacency, X.shape[0], self._known.vertices)
        known, setting = self._known, Setting(**self.setting_)
        weighted = weight_attributes(X, self.attribute_weighting_, idf=known.idf)
        rows = similarity_rows(weighted.rows, known.column_sums).rows
        return X, edges, embed_new(rows, self.components_, known, edges, setting)

    def transform(self, X, *, adjacency=None):
        """Embed samples.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Attributes.
        adjacency : None, matrix or VertexGraph, default=None
            Edges, as in :meth:`predict`. Without them samples are embedded by their
            attributes alone, so ``transform`` of the training samples is not
            ``embedding_`` unless their graph is given too.

        Returns
        -------
        embedding : array of shape (n_samples, n_dims)
            For ``row_scaling="l2"`` with edges to fitted samples, lengths by which
            rows are divided are averages of lengths.

        Raises
        ------
        ValueError
            An adjacency of another shape.
        """
        return self._embed_new(X, adjacency, "transform")[2]

    def fit_transform(self, X, y=None, *, adjacency=None):
        """Fit and embed the same samples with the same graph.

        Parameters
        ----------
        X, y, adjacency : as in fit

        Returns
        -------
        embedding : array of shape (n_samples, n_dims)
            ``fit(X, adjacency=adjacency).transform(X, adjacency=adjacency)``: with an
            adjacency, ``embedding_`` up to rounding.

        Raises
        ------
        ValueError
            As `fit` does.
        """
        self.fit(X, adjacency=adjacency)
        return self.transform(X, adjacency=adjacency)

    def predict(self, X, *, adjacency=None):
        """Predict the clusters of samples.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Attributes.
        adjacency : None, matrix or VertexGraph, default=None
            Edges of these samples, to the fitted ones, of shape (n_samples,
            n_fitted), or among themselves, of shape (n_samples, n_samples); a slice of
            the :class:`~skspace.graph.VertexGraph` that was fitted knows both. A square
            matrix of as many samples as were fitted counts as edges among them. None
            predicts from attributes alone.

        Returns
        -------
        labels : array of shape (n_samples,), int64
            For the training samples and their graph, these are ``labels_`` of
            ``assign_labels="snem"``, up to rows between two clusters. Other ways to
            assign labels are not rules for single rows, and may differ at more of them.

        Raises
        ------
        ValueError
            An adjacency of another shape.
        """
        return self._nearest(self._embed_new(X, adjacency, "predict")[2])

    def _nearest(self, U):
        xp = array_namespace(U)
        scores = U @ self.cluster_directions_.T
        scores = scores - asarray_like(self._known.offsets, scores)[None, :]
        labels = xp.argmax(scores, axis=1)
        return xp.astype(labels, xp.int64)

    def score(self, X, y=None, *, adjacency=None):
        """Modularity of the predicted labels on the graph given.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Attributes.
        y : Ignored
            Present for pipelines.
        adjacency : None, matrix of shape (n_samples, n_samples) or VertexGraph, \
default=None
            Graph of these samples. None takes their nearest neighbours.

        Returns
        -------
        score : float
            In [-1/2, 1); 0 for a graph without edges.

        Raises
        ------
        ValueError
            An adjacency that is not that of a graph of these samples.
        """
        X, edges, U = self._embed_new(X, adjacency, "score")
        graph = edges.among
        if graph is None:
            if adjacency is not None:
                raise ValueError(
                    "score needs the graph among the samples, to evaluate modularity "
                    "on; edges to fitted samples alone are not enough. Pass a square "
                    "adjacency or a VertexGraph."
                )
            graph = neighbors(X, self.n_neighbors, self.n_jobs)
        labels = to_numpy(self._nearest(U))
        return modularity(graph, labels) if graph.nnz else 0.0


def embed_new(rows, components, known, edges, setting):
    """Embed new samples.

    Parameters
    ----------
    rows : array or csr_array of shape (m, d)
        Attributes divided by roots of similarity degrees.
    components : array of shape (d, n_dims)
    known : KnownVertices
    edges : NewEdges
    setting : Setting

    Returns
    -------
    array of shape (m, n_dims)
    """
    walk = (edges, known.degree, setting.order, setting.alpha)
    U = smooth_new(rows @ components, known.projected, *walk)
    if setting.objective == "conductance":
        return U
    m = rows.shape[0]
    among = sp.csr_array((m, m)) if edges.among is None else edges.among
    walks_alone = edges.among is not None and edges.to_fitted is None
    alone = SmoothedAttributes(
        Propagation.from_adjacency(among),
        rows,
        setting.order if walks_alone else 0,
        setting.alpha,
    )
    by_sum = setting.row_scaling == "sum"
    sizes = alone.row_sums() if by_sum else alone.row_lengths()
    if edges.to_fitted is not None:
        sizes = smooth_new(sizes[:, None], known.measure[:, None], *walk)[:, 0]
    return scale_rows(U, (scale_from_sums if by_sum else scale_from_lengths)(sizes))


def smooth_new(values, fitted, edges, degree, order, alpha):
    """Smooth values of new vertices, while those of fitted ones stay as they are.

    Parameters
    ----------
    values : array of shape (m, q)
        Of the new vertices, before smoothing.
    fitted : ndarray of shape (n, q)
        Smoothed values of the fitted vertices.
    edges : NewEdges
    degree : ndarray of shape (n,)
        Degrees of the fitted vertices.
    order, alpha : int, float
        Of the filter.

    Returns
    -------
    array of shape (m, q)
    """
    if edges.to_fitted is None:
        if edges.among is None:
            return values
        return Propagation.from_adjacency(edges.among).smooth(values, order, alpha)
    m = values.shape[0]
    among = sp.csr_array((m, m)) if edges.among is None else edges.among
    own = 1 + edges.to_fitted.sum(axis=1) + among.sum(axis=1)
    left, right = 1 / np.sqrt(own), 1 / np.sqrt(1 + degree)
    outside = sp.diags_array(left) @ edges.to_fitted @ sp.diags_array(right)
    inside = sp.diags_array(left) @ (among + sp.eye_array(m)) @ sp.diags_array(left)
    inside = inside + sp.eye_array(m)
    total = 1 / (outside.sum(axis=1) + inside.sum(axis=1))
    start = to_numpy(values).astype(np.float64)
    incoming = total[:, None] * (outside @ fitted)
    inside = sp.csr_array(sp.diags_array(total) @ inside)
    result = start
    for a, b, _, _ in horner(order, alpha):
        result = a * (inside @ result + incoming) + b * start
    return asarray_like(result, values)
