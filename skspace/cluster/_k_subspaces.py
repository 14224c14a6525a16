"""K-subspaces: the k-means of subspaces, and its ensemble."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from .._array import array_namespace, to_numpy
from .._loop import close_task, open_task, run, warn_not_converged
from .._sklearn import Interval, StrOptions
from ..linalg._mixture import fit_subspaces, subspace_residuals
from ._affinity import subspace_affinity
from ._base import AUTO_DIM, AUTO_KEPT, SubspaceClusterer, _spread
from ._dense_rows import collect_rows, zero_own_column
from ._docs import shared_docs
from ._geometry import take_rows
from ._rounding import ASSIGN_LABELS, spectral_labels

N_STARTS = 10
"""Starts under ``n_init="auto"``; the best one counts."""

N_STARTS_CONSENSUS = 100
"""The same with ``consensus=True``, where all of them count."""

ITERATIONS_CONSENSUS = 3
"""Iterations of each start of an ensemble: later ones make the starts alike."""

ROUNDING_STARTS = 20
"""Starts of k-means on the eigenvectors of the co-association graph."""


class KSubspacesState(NamedTuple):
    """One iterate of `k_subspaces_iterations`."""

    labels: np.ndarray  # (n_samples,), on the host, every cluster has a member
    components: Any  # (n_clusters, n_dims, n_features)
    objective: float  # mean squared distance of samples to the subspace of their label
    change: float  # relative decrease of the objective; 0 when no label changed


def k_subspaces_iterations(V, components):
    """Alternate nearest subspaces and leading singular vectors of their members.

    Neither half of an iteration raises the objective, nor does the repair of an
    empty cluster.

    Parameters
    ----------
    V : array of shape (n_samples, n_features)
    components : array of shape (n_clusters, n_dims, n_features)
        Subspaces to start from: orthonormal rows, or zero.

    Yields
    ------
    KSubspacesState
    """
    xp = array_namespace(V)
    n_clusters, n_dims, _ = components.shape
    labels, objective = None, math.inf
    while True:
        before, largest = labels, objective
        labels = _nearest(V, components)
        _, components = fit_subspaces(V, labels, n_clusters, n_dims, affine=False)
        rest = 0.0
        for k in range(n_clusters):
            members = take_rows(V, np.flatnonzero(labels == k))
            basis = components[k, ...]
            rest += float(xp.sum((members - (members @ basis.T) @ basis) ** 2))
        objective = rest / V.shape[0]
        if before is not None and np.array_equal(labels, before):
            change = 0.0
        else:
            change = 1.0 - objective / largest if largest > 0 else 0.0
        yield KSubspacesState(labels, components, objective, change)


def _nearest(V, components):
    """Label of the nearest subspace; no cluster is left empty.

    An empty cluster takes the sample farthest from its own subspace, the first of
    equal ones, out of a cluster that keeps another member.
    """
    xp = array_namespace(V)
    residuals = subspace_residuals(V, xp.zeros_like(components[:, 0, :]), components)
    labels = to_numpy(xp.argmin(residuals, axis=1))
    own = np.array(to_numpy(xp.min(residuals, axis=1)), dtype=np.float64)
    labels = np.array(labels, dtype=np.int64)
    sizes = np.bincount(labels, minlength=components.shape[0])
    for empty in np.flatnonzero(sizes == 0):
        moved = int(np.argmax(np.where(sizes[labels] > 1, own, -1.0)))
        sizes[labels[moved]] -= 1
        labels[moved], own[moved], sizes[empty] = empty, 0.0, 1
    return labels


def span_of_random_rows(V, n_clusters, n_dims, rng):
    """Subspaces spanned by rows drawn at random."""
    xp = array_namespace(V)
    size = min(n_dims, V.shape[0])
    drawn = [rng.choice(V.shape[0], size, replace=False) for _ in range(n_clusters)]
    return xp.concat([_subspace(V, rows, n_dims) for rows in drawn], axis=0)


def span_of_neighbours(V, n_clusters, n_dims, rng):
    """Subspaces of the rows around one row each, far from the subspaces before.

    The rows are drawn with probability proportional to their squared distance to the
    nearest subspace so far, as k-means++ does with centres; to each come the rows at
    the smallest angles to it, twice as many as there are dimensions.
    """
    xp = array_namespace(V)
    unit = V / xp.linalg.vector_norm(V, axis=1, keepdims=True)
    nothing = xp.zeros_like(V[:1, :])
    squared = np.ones(V.shape[0])
    subspaces = []
    for _ in range(n_clusters):
        total = np.cumsum(squared)
        seed = int(np.searchsorted(total, rng.uniform() * total[-1], side="right"))
        seed = min(seed, V.shape[0] - 1)
        cosines = np.abs(to_numpy(unit @ unit[seed, :]))
        rows = np.argsort(-cosines, kind="stable")[: 2 * n_dims]
        subspaces.append(_subspace(V, rows, n_dims))
        residual = to_numpy(subspace_residuals(unit, nothing, subspaces[-1]))[:, 0]
        squared = np.minimum(squared, residual.astype(np.float64) ** 2)
    return xp.concat(subspaces, axis=0)


def _subspace(V, rows, n_dims):
    alone = np.zeros(len(rows), dtype=np.int64)
    return fit_subspaces(take_rows(V, rows), alone, 1, n_dims, affine=False)[1]


def co_association(labelings, n_keep, n_jobs=None):
    """Share of labelings that put two samples together, the largest of each row.

    Parameters
    ----------
    labelings : ndarray of shape (n_labelings, n_samples)
    n_keep : int
        Entries kept per row.
    n_jobs : int, optional
        Threads over row blocks.

    Returns
    -------
    csr_array of shape (n_samples, n_samples), empty diagonal
    """
    n_labelings, n = labelings.shape
    n_clusters = int(labelings.max()) + 1
    column = labelings + n_clusters * np.arange(n_labelings)[:, None]
    indptr = np.arange(n + 1) * n_labelings
    member = sp.csr_array(
        (np.full(n * n_labelings, 1.0 / n_labelings), column.T.ravel(), indptr),
        shape=(n, n_clusters * n_labelings),
    )
    together = sp.csr_array(member.T) * n_labelings

    def rows(start, stop):
        return zero_own_column((member[start:stop] @ together).toarray(), start)

    return collect_rows(rows, np.empty((n, 0)), n_keep, n_jobs)


@shared_docs(
    center="False",
    omit=(
        "affinity",
        "n_init",
        "random_state",
        "verbose",
        "representation_matrix_",
        "affinity_matrix_",
        "n_connected_components_",
    ),
)
class KSubspaces(SubspaceClusterer):
    """The k-means of subspaces: nearest subspace, best subspace, and again.

    Each sample goes to the nearest of `n_clusters` subspaces, each subspace turns to
    its samples, and so on until nothing moves, from several starts. Cheap in samples
    and free of any n x n matrix, but caught in local minima where subspaces come
    close to each other. ``consensus=True`` counts how often two samples end together
    over many starts, and cuts the graph of these counts: slower, and on images far
    better.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of subspaces.
    consensus : bool, default=False
        Whether to cluster the graph of co-associations of all starts (EKSS) in place
        of taking the best start.
    {shared}
    max_iter : int, default=100
        Iterations at most, of each start. With `consensus` each makes three or as
        many as this allows.
    tol : float, default=1e-4
        A start has converged when the objective falls by no more than this share.
    n_init : int or "auto", default="auto"
        Starts. "auto" makes 10, with `consensus` 100.
    random_state : int, RandomState instance or None, default=None
        Fixes the starts, the choice of `max_samples`, and k-means on eigenvectors.
    verbose : int, default=0
        Print the objective of every iteration.

    Attributes
    ----------
    {attributes}
    objective_ : float
        Mean squared distance of prepared samples to the subspace of their cluster:
        with ``normalize=True`` the mean squared sine of the angle between them. Of
        the subspaces of common dimension iterated on, and the best start.
    n_iter_ : int
        Iterations of the best start.
    affinity_matrix_ : sparse matrix of shape (n_samples, n_samples)
        With `consensus`, the graph that was cut: of the shares of starts in which two
        samples shared a cluster the largest of each row, at least six, symmetrised.

    See Also
    --------
    LeastSquaresSubspaceClustering : Deterministic, and better on images.

    Notes
    -----
    During iterations all subspaces have one dimension: `subspace_dim`, or, for "auto",
    nine, but no more than half of the features or a third of the samples a
    cluster has on average. Subspaces for new samples are then fitted to the
    final clusters as described under `subspace_dim`.

    Starts: a single best clustering begins with subspaces of neighbouring samples far
    from each other, after k-means++; an ensemble with those of samples drawn at
    random, since it lives by differences. Draws are made on the host. An empty cluster
    takes the sample farthest from its subspace.

    Cost: O(n d subspace_dim n_clusters) an iteration and start, plus the singular
    value decompositions O(n d min(n / n_clusters, d)); with `consensus` O(n² n_init)
    more for the counts, in row blocks. Runs on NumPy, CuPy and PyTorch arrays under
    scikit-learn's array API dispatch; the graph, being sparse, is cut on the host.

    Differences from the papers: Bradley and Mangasarian alternate on affine flats
    (``affine=True`` here); the ensemble of Lipor et al. starts from random subspaces
    and runs 1000 times.

    References
    ----------
    Bradley & Mangasarian (2000). k-plane clustering. Journal of Global Optimization
    16(1). :doi:`10.1023/A:1008324625522`

    Lipor, Hong, Tan & Balzano (2021). Subspace clustering using ensembles of
    K-subspaces. Information and Inference 10(1). :doi:`10.1093/imaiai/iaaa031`

    Examples
    --------
    >>> from skspace.cluster import KSubspaces
    >>> from skspace.datasets import make_union_of_subspaces
    >>> X, y = make_union_of_subspaces(300, noise=0.01, random_state=0)
    >>> model = KSubspaces(n_clusters=5, subspace_dim=4, random_state=0).fit(X)
    >>> from skspace.metrics import clustering_accuracy
    >>> clustering_accuracy(y, model.labels_)
    1.0
    """

    _parameter_constraints: dict = {
        **SubspaceClusterer._parameter_constraints,
        "consensus": ["boolean"],
        "assign_labels": [StrOptions(set(ASSIGN_LABELS))],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "n_init": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
    }

    def __init__(
        self,
        n_clusters=8,
        *,
        consensus=False,
        subspace_dim="auto",
        affine=False,
        center=False,
        normalize=True,
        assign_labels="kmeans",
        max_samples=None,
        max_iter=100,
        tol=1e-4,
        n_init="auto",
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
        self.n_clusters = n_clusters
        self.consensus = consensus
        self.subspace_dim = subspace_dim
        self.affine = affine
        self.center = center
        self.normalize = normalize
        self.assign_labels = assign_labels
        self.max_samples = max_samples
        self.max_iter = max_iter
        self.tol = tol
        self.n_init = n_init
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def _find_labels(self, V, rows, n_samples, rng):
        outcomes = self._run_starts(_in_own_span(V), self._common_dim(V), rng)
        best = min(outcomes, key=lambda outcome: outcome.state.objective)
        self.objective_, self.n_iter_ = best.state.objective, best.n_iter
        if not self.consensus:
            if not best.converged:
                warn_not_converged(
                    self, best.n_iter, best.state.change, self.tol, "increase max_iter"
                )
            return best.state.labels
        n_keep = AUTO_KEPT
        if self.subspace_dim != "auto":
            n_keep = max(n_keep, self.subspace_dim)
        labelings = np.stack([outcome.state.labels for outcome in outcomes])
        affinity = subspace_affinity(co_association(labelings, n_keep, self.n_jobs))
        self.affinity_matrix_ = _spread(affinity, rows, n_samples)
        return spectral_labels(
            affinity,
            self.n_clusters,
            assign_labels=self.assign_labels,
            n_init=ROUNDING_STARTS,
            rng=rng,
        ).labels

    def _common_dim(self, V):
        n, width = V.shape
        if self.subspace_dim == "auto":
            n_dims = min(AUTO_DIM, width // 2, n // (3 * self.n_clusters))
        else:
            n_dims = self.subspace_dim + bool(self.affine)
        return max(1, min(n_dims, width - 1))

    def _run_starts(self, V, n_dims, rng):
        n_starts, max_iter = self.n_init, self.max_iter
        if n_starts == "auto":
            n_starts = N_STARTS_CONSENSUS if self.consensus else N_STARTS
        if self.consensus:
            max_iter = min(max_iter, ITERATIONS_CONSENSUS)
        draw = span_of_random_rows if self.consensus else span_of_neighbours
        task = open_task(self, n_runs=n_starts, X=V)
        outcomes = []
        for start in range(n_starts):
            components = draw(V, self.n_clusters, n_dims, rng)
            outcome = run(
                self,
                k_subspaces_iterations(V, components),
                X=V,
                max_iter=max_iter,
                task=task,
                name=f"start {start + 1}",
                warn=False,
            )
            outcomes.append(outcome)
        close_task(task, self, X=V)
        return outcomes

    def _find_nothing(self, n_samples):
        self.objective_, self.n_iter_ = 0.0, 1

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.array_api_support = True
        return tags


def _in_own_span(V):
    """Coordinates of rows in the space they span, where that is smaller."""
    n, width = V.shape
    if n >= width:
        return V
    U, s, _ = array_namespace(V).linalg.svd(V, full_matrices=False)
    return U * s
