"""S2CAG: spectral subspace clustering of graphs whose vertices have attributes."""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from time import perf_counter

import numpy as np
import scipy.sparse as sp
from sklearn.base import ClassNamePrefixFeaturesOutMixin, ClusterMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from .._array import array_namespace, asarray_like, to_numpy
from .._estimator import Estimator
from .._loop import log
from .._sklearn import Interval, StrOptions, fit_context
from .._validation import check_enough_samples, sparse_output, validate_X
from ..exceptions import DegenerateDataWarning
from ..graph import conductance, modularity
from ..graph._agreement import Agreement
from ..graph._propagation import Propagation
from ..graph._similarity import choose_weighting, similarity_rows, weight_attributes
from ._s2cag_graph import graph_for_fit
from ._s2cag_new import EmbedsNewVertices, KnownVertices
from ._s2cag_search import as_columns, choose_settings
from ._s2cag_solve import decision_rule, solve, to_host


class S2CAG(
    ClassNamePrefixFeaturesOutMixin, EmbedsNewVertices, ClusterMixin, Estimator
):
    r"""Cluster the vertices of a graph by their edges and attributes (S2CAG, M-S2CAG).

    Attributes are averaged over short random walks on the graph, and the leading
    singular vectors of the result embed the vertices: the low-rank self-representation
    of the averaged attributes, whose n x n matrix is never formed. Everything is
    products of sparse matrices with narrow blocks. Without labels, and unless told
    otherwise, it chooses how far the walks go and which of two objectives it relaxes.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters.
    objective : {"auto", "conductance", "modularity"}, default="auto"
        What the embedding relaxes, on the graph of inner products of averaged
        attributes: total conductance (S2CAG) or modularity (M-S2CAG). "auto" tries
        both, the latter with both row scalings, and compares the partitions.
    order : int or "auto", default="auto"
        Steps of the longest walk. More steps trust the graph more, and attributes
        less. "auto" tries 2 to 180 and stops where longer walks do not help.
    alpha : float or "auto", default="auto"
        Weight of each step relative to the one before; below 1 near vertices count
        more. "auto" is 1 where `order` is chosen too, since the two trade off against
        each other, and is else chosen from 0.8 to 1.5.
    resolution : float or "auto", default=1.0
        Of modularity; larger values favour smaller clusters. "auto" tries 0.8, 1, 1.2.
    row_scaling : {"sum", "l2"}, default="sum"
        How rows of averaged attributes are scaled for ``objective="modularity"``: by
        the root of their sum, as the published program does, or to unit length. The
        lengths cost as much as averaging all attributes.
    attribute_weighting : {"auto", "tfidf", "l2"} or None, default="auto"
        "tfidf" weighs columns by how few rows have them and scales rows to length
        one, "l2" only scales rows, None does neither. "auto" takes "tfidf" for
        non-negative attributes of which half or more are zero.
    solver : {"auto", "exact", "krylov", "randomized"}, default="auto"
        Of the singular vectors: a dense decomposition; a block Krylov basis, until the
        angle to the true subspace is below 1e-6, or eigenvalues stand still, or for 60
        products, with a warning above 1e-3; or seven power iterations. "auto" is
        "exact" where n_samples or n_features is small and else "krylov".
    n_init : int, default=20
        Starts of the rounding by ``assign_labels="snem"`` or "kmeans"; the one with
        the largest objective is kept. ``n_init=1`` is the published procedure, in which
        clusters may get lost; with more they are repaired.
    assign_labels : {"snem", "kmeans", "cluster_qr", "discretize"}, default="snem"
        How the embedding becomes labels: the published alternating assignment, or as
        in :class:`~sklearn.cluster.SpectralClustering`. "cluster_qr" has no starts,
        and is less accurate than "snem".
    n_neighbors : int, default=10
        Neighbours that make a graph where none is given.
    n_jobs : int, default=None
        Threads over vertices. Results do not depend on it.
    random_state : int, RandomState instance or None, default=None
        Fixes the starts of solvers and of the rounding.
    verbose : int, default=0
        Print the time of each step.

    Attributes
    ----------
    labels_ : array of shape (n_samples,), int64
        Cluster of each vertex, from 0 without gaps.
    embedding_ : array of shape (n_samples, n_dims)
        Orthonormal columns; `n_clusters` of them, or as many as the rank of the
        averaged attributes where that is too low, with a warning. The entry of largest
        magnitude of each is positive.
    eigenvalues_ : array of shape (n_dims,)
        Of the matrix whose eigenvectors these are, decreasing.
    components_ : array of shape (n_features, n_dims)
        Averaged attributes times these embed a vertex, up to its row scaling.
    cluster_directions_ : array of shape (n_found, n_dims)
        One for each cluster that was found. A new sample belongs to the direction of
        largest inner product with its embedding; to the nearest mean where the
        embedding has too few dimensions.
    objective_ : float
        What the rounding maximised: the sum over clusters of their size times the
        squared length of their mean in the embedding.
    modularity_ : float
        Of the labels on the graph; 0 without edges.
    conductance_ : float
        Of the labels on the graph, mean over clusters; 0 without edges.
    order_, alpha_, resolution_ : int, float, float
        Those used.
    setting_ : dict
        Those and the objective and row scaling used.
    search_results_ : dict of ndarray
        Settings that were compared, with the agreement of their partition with edges
        and attributes; empty if nothing was left to choose.
    attribute_weighting_ : {"tfidf", "l2"} or None
        The one used.
    affinity_matrix_ : sparse matrix of shape (n_samples, n_samples)
        Nearest-neighbour graph, where no adjacency was given.
    n_iter_ : int
        Rounds of the rounding.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of features seen in `fit`, where they are all strings.

    See Also
    --------
    sklearn.cluster.SpectralClustering : Uses a graph or attributes, not both.
    skspace.graph.VertexGraph : Lets cross-validation slice graphs.

    Notes
    -----
    *Walks.* The transition matrix P puts loops on every vertex twice; averaged
    attributes are :math:`\sum_t w_t P^t \hat X` with :math:`w_t \propto \alpha^t`,
    t up to `order`, and :math:`\hat X` the weighted attributes divided by the roots of
    their similarity degrees. The first singular vector is trivial and dropped for
    "conductance".

    *Choice of settings.* Longer walks raise the modularity Q of the clusters on the
    graph and lower K, the variance of the attributes they explain. Chosen is the
    setting of largest :math:`(Q + Q_0)(K + K_0)`, with constants about as large as
    what the best partition of pure noise reaches, so that a source without
    information weighs little in the choice. It still takes part in the averages: where
    edges or attributes are meaningless, cluster by the other alone. The search runs on
    attributes reduced to few columns and takes about as long as a few fits with given
    settings. This rule is ours; the published settings were chosen with labels.

    *Differences from the published program.* Weights are those of the formula also
    where the program departs from it; blocks are orthonormalised in every iteration;
    several starts, repaired clusters; attributes stay sparse. Details that the paper
    leaves open follow the program.

    *Degenerate vertices.* One without edges keeps its attributes, one without
    attributes gets the average of its neighbours, one with neither has a zero row
    and lands in cluster 0, with a warning.

    *Cost.* With m edges, z non-zero attributes and s about 10: O(s (m `order` + z) k)
    for given settings, O(n k²) a round; memory O(m + z + n k) beyond the input.

    References
    ----------
    X. Lin, R. Yang, H. Zheng, X. Ke, "Spectral subspace clustering for attributed
    graphs", KDD 2025. :doi:`10.48550/arXiv.2411.11074`

    Examples
    --------
    >>> from skspace.cluster import S2CAG
    >>> from skspace.datasets import make_attributed_graph
    >>> graph = make_attributed_graph(500, n_clusters=4, random_state=0)
    >>> model = S2CAG(n_clusters=4, random_state=0)
    >>> labels = model.fit_predict(graph.data, adjacency=graph.adjacency)
    >>> from skspace.metrics import clustering_accuracy
    >>> clustering_accuracy(graph.target, labels) > 0.9
    True
    """

    _parameter_constraints: dict = {
        "n_clusters": [Interval(Integral, 1, None, closed="left")],
        "objective": [StrOptions({"auto", "conductance", "modularity"})],
        "order": [Interval(Integral, 0, None, closed="left"), StrOptions({"auto"})],
        "alpha": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
        "resolution": [Interval(Real, 0, None, closed="left"), StrOptions({"auto"})],
        "row_scaling": [StrOptions({"sum", "l2"})],
        "attribute_weighting": [StrOptions({"auto", "tfidf", "l2"}), None],
        "solver": [StrOptions({"auto", "exact", "krylov", "randomized"})],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "assign_labels": [StrOptions({"snem", "kmeans", "cluster_qr", "discretize"})],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        n_clusters=8,
        *,
        objective="auto",
        order="auto",
        alpha="auto",
        resolution=1.0,
        row_scaling="sum",
        attribute_weighting="auto",
        solver="auto",
        n_init=20,
        assign_labels="snem",
        n_neighbors=10,
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
        self.n_clusters = n_clusters
        self.objective = objective
        self.order = order
        self.alpha = alpha
        self.resolution = resolution
        self.row_scaling = row_scaling
        self.attribute_weighting = attribute_weighting
        self.solver = solver
        self.n_init = n_init
        self.assign_labels = assign_labels
        self.n_neighbors = n_neighbors
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @fit_context
    def fit(self, X, y=None, *, adjacency=None):
        """Cluster the vertices of a graph.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Attributes of the vertices. Sparse ones stay sparse; their averages are
            made dense where that saves time and takes no more than 512 MiB.
        y : Ignored
            Present for pipelines.
        adjacency : sparse or dense matrix, VertexGraph or networkx graph, \
default=None
            Graph of the n_samples vertices, with non-negative weights. None takes
            the nearest neighbours of X.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            An adjacency that is not square or not of n_samples vertices, negative or
            non-finite weights, NaN in X, fewer samples than clusters, attributes that
            are all zero, matrices that would not fit into memory.
        """
        X, _ = validate_X(self, X, accept_sparse="csr", ensure_min_samples=2)
        n, k = X.shape[0], self.n_clusters
        check_enough_samples(n, k)
        rng = check_random_state(self.random_state)

        start = perf_counter()
        weighting = self.attribute_weighting
        self.attribute_weighting_ = (
            choose_weighting(X) if weighting == "auto" else weighting
        )
        weighted = weight_attributes(X, self.attribute_weighting_)
        graph = graph_for_fit(X, adjacency, self.n_neighbors, self.n_jobs)
        propagation = Propagation.from_adjacency(
            graph.matrix, dtype=np.float32 if "float32" in str(X.dtype) else np.float64
        )
        similarity = similarity_rows(weighted.rows)
        if similarity.n_empty == n:
            raise ValueError(
                "All attributes are zero, so there is nothing to average over the "
                "graph. To cluster by edges alone, give every vertex an attribute of "
                "its own: X=scipy.sparse.eye_array(n_samples)."
            )
        _warn_of_degenerate(similarity, graph.matrix)
        log(self, "graph and attributes", perf_counter() - start)

        start = perf_counter()
        agreement = Agreement(graph.matrix, weighted.rows, k)
        wanted, tried = choose_settings(
            propagation,
            similarity.rows,
            agreement,
            k,
            objective=self.objective,
            row_scaling=self.row_scaling,
            order=self.order,
            alpha=self.alpha,
            resolution=self.resolution,
            rng=rng,
            n_jobs=self.n_jobs,
        )
        log(self, f"search among {len(tried)} settings", perf_counter() - start)

        start = perf_counter()
        best, best_rank = None, None
        for setting in wanted:
            solution = solve(
                propagation,
                similarity.rows,
                setting,
                n_clusters=k,
                solver=self.solver,
                n_init=self.n_init,
                assign=self.assign_labels,
                rng=rng,
                n_jobs=self.n_jobs,
            )
            partition = solution.partition
            value = agreement(partition.labels) if len(wanted) > 1 else 0.0
            if best is None or (partition.n_found, value) > best_rank:
                best, best_rank = solution, (partition.n_found, value)
        log(self, "embedding and labels", perf_counter() - start)

        self._known = KnownVertices(
            weighted.idf,
            similarity.column_sums,
            graph.vertices,
            agreement.degree,
            to_host(best.projected),
            best.measure,
        )
        self._store(best, tried, graph, X)
        return self

    def _store(self, solution, tried, graph, X):
        setting, partition = solution.setting, solution.partition
        if partition.n_found < self.n_clusters:
            warnings.warn(
                f"S2CAG found {partition.n_found} of n_clusters={self.n_clusters} "
                "clusters. More starts (n_init) repair clusters that are lost; or ask "
                "for fewer.",
                ConvergenceWarning,
                stacklevel=5,
            )
        like = X.data if sp.issparse(X) else X
        labels = np.unique(partition.labels, return_inverse=True)[1]
        U = to_host(solution.embedding)
        directions, offsets = decision_rule(U, solution.values, labels, self.n_clusters)
        self._known = self._known._replace(offsets=offsets)
        self.setting_ = setting._asdict()
        self.order_, self.alpha_ = setting.order, setting.alpha
        self.resolution_ = setting.resolution
        self.search_results_ = as_columns(tried)
        self.labels_ = asarray_like(labels.astype(np.int64), like)
        self.embedding_ = solution.embedding
        self.components_ = solution.components
        self.eigenvalues_ = asarray_like(solution.values, like)
        self.cluster_directions_ = asarray_like(directions, like)
        self.objective_ = partition.objective
        self.n_iter_ = partition.n_iter
        has_edges = graph.matrix.nnz > 0
        self.modularity_ = modularity(graph.matrix, labels) if has_edges else 0.0
        self.conductance_ = conductance(graph.matrix, labels) if has_edges else 0.0
        if graph.was_built:
            self.affinity_matrix_ = sparse_output(graph.matrix)
        self._n_features_out = self.embedding_.shape[1]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.array_api_support = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _warn_of_degenerate(similarity, graph):
    if similarity.n_not_positive:
        warnings.warn(
            f"{similarity.n_not_positive} samples have attributes whose inner products "
            "with all others add up to nothing or less; their similarity degree was "
            "set to one.",
            DegenerateDataWarning,
            stacklevel=5,
        )
    if similarity.n_empty:
        loops = graph.diagonal() != 0
        isolated = np.diff(graph.indptr) == loops
        F = similarity.rows
        empty = (
            np.diff(F.indptr) == 0
            if sp.issparse(F)
            else to_numpy(array_namespace(F).all(F == 0, axis=1))
        )
        n_lost = int(np.sum(isolated & empty))
        if n_lost:
            warnings.warn(
                f"{n_lost} samples have neither attributes nor edges; nothing is known "
                "of them, and they were put into the first cluster.",
                DegenerateDataWarning,
                stacklevel=5,
            )
