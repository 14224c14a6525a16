"""K-subspaces: the k-means of subspaces, and its ensemble."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
import scipy.sparse as sp

from .._array import array_namespace
from .._loop import close_task, open_task, run, warn_not_converged
from .._sklearn import Interval, StrOptions
from .._validation import sparse_output
from ._affinity import subspace_affinity
from ._base import AUTO_DIM, SubspaceClusterer, kept_per_row, place_among
from ._docs import shared_docs
from ._k_subspaces_fit import (
    co_association,
    in_own_span,
    k_subspaces_iterations,
    leading_directions,
    span_of_neighbours,
    span_of_random_rows,
)
from ._rounding import ASSIGN_LABELS, spectral_labels

N_STARTS = 10
"""Starts under ``n_init="auto"``; the best one counts."""

N_STARTS_CONSENSUS = 100
"""The same with ``consensus=True``, where all of them count."""

ITERATIONS_CONSENSUS = 3
"""Iterations of each start of an ensemble: later ones make the starts alike."""

ROUNDING_STARTS = 20
"""Starts of k-means on the eigenvectors of the co-association graph."""


@shared_docs(
    center="False",
    omit=(
        "subspace_dim",
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
        of taking the best start. `assign_labels` and `n_jobs` concern it alone.
    max_iter : int, default=100
        Iterations at most, of each start. With `consensus` each makes three or as
        many as this allows.
    tol : float, default=1e-4
        A start has converged when the objective falls by no more than this share.
    n_init : int or "auto", default="auto"
        Starts. "auto" makes 10, with `consensus` 100.
    subspace_dim : int or "auto", default="auto"
        Dimension of the subspaces; "auto" is explained below. Never more than the
        space has, less one. With `consensus` also the number of links kept per
        sample, there at least six.
    {shared}
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
    LeastSquaresSubspaceClustering : In closed form, and better on images.

    Notes
    -----
    During iterations all subspaces have one dimension: `subspace_dim`, or, for "auto",
    nine, but no more than half of the features or a fifth of the samples a
    cluster has on average. For new samples "auto" then gives each final cluster the
    fewest dimensions that hold 98 % of its energy, up to nine.

    Starts: a single best clustering begins with subspaces of neighbouring samples far
    from each other, after k-means++; an ensemble with those of samples drawn at
    random, since it lives by differences. Draws are made on the host, by position: the
    same samples in another order give other starts, and may give another result. An
    empty cluster takes the sample farthest from its subspace.

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
        max_iter=100,
        tol=1e-4,
        n_init="auto",
        subspace_dim="auto",
        affine=False,
        center=False,
        normalize=True,
        assign_labels="kmeans",
        max_samples=None,
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
        self.n_clusters = n_clusters
        self.consensus = consensus
        self.max_iter = max_iter
        self.tol = tol
        self.n_init = n_init
        self.subspace_dim = subspace_dim
        self.affine = affine
        self.center = center
        self.normalize = normalize
        self.assign_labels = assign_labels
        self.max_samples = max_samples
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def _find_labels(self, V, rows, n_samples, rng):
        own = in_own_span(V)
        outcomes = self._run_starts(own, self._common_dim(V), rng)
        # The first of those that differ by rounding, for one answer everywhere.
        lowest = min(outcome.state.objective for outcome in outcomes)
        limit = lowest * (1 + 1e-9) + 1e-15
        best = next(o for o in outcomes if o.state.objective <= limit)
        self.objective_, self.n_iter_ = best.state.objective, best.n_iter
        if not self.consensus:
            if not best.converged:
                warn_not_converged(
                    self, best.n_iter, best.state.change, self.tol, "increase max_iter"
                )
            return best.state.labels
        n_keep = kept_per_row(self.subspace_dim)
        labelings = np.stack([outcome.state.labels for outcome in outcomes])
        affinity = subspace_affinity(co_association(labelings, n_keep, self.n_jobs))
        self.affinity_matrix_ = place_among(affinity, rows, n_samples)
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
            n_dims = min(AUTO_DIM, width // 2, n // (5 * self.n_clusters))
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

    def _find_nothing(self, V):
        n, own = V.shape[0], in_own_span(V)
        basis = leading_directions(own, self._common_dim(V))
        rest = own - (own @ basis.T) @ basis
        xp = array_namespace(own)
        self.objective_, self.n_iter_ = float(xp.sum(rest * rest)) / n, 1
        if self.consensus:
            self.affinity_matrix_ = sparse_output(sp.csr_array((n, n)))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.array_api_support = True
        return tags
