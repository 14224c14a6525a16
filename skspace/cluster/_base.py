"""What all subspace clusterers share: preparation, subspaces, new samples, score."""

from __future__ import annotations

import warnings
from abc import ABCMeta, abstractmethod
from numbers import Integral

import numpy as np
import scipy.sparse as sp
from sklearn.base import (
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    TransformerMixin,
)
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .._array import array_namespace, asarray_like, to_numpy
from .._estimator import Estimator
from .._rows import take_rows
from .._sklearn import Interval, StrOptions, fit_context
from .._validation import check_enough_samples, sparse_output, validate_X
from ..exceptions import DegenerateDataWarning
from ..linalg._mixture import (
    ProbabilisticSubspaces,
    fit_probabilistic_subspaces,
    fit_subspaces,
    log_likelihood,
    subspace_residuals,
)
from ._geometry import distinct_directions, find_geometry, prepare

AUTO_KEPT = 6
"""Entries per row that a graph keeps at least; fewer cut it up."""

AUTO_DIM = 9
"""Largest dimension ``subspace_dim="auto"`` takes; faces under any light need nine."""

AUTO_ENERGY = 0.98
"""Share of the energy of its cluster that an automatic subspace holds."""


class SubspaceClusterer(
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    ClusterMixin,
    Estimator,
    metaclass=ABCMeta,
):
    """A clusterer whose clusters are subspaces.

    A concrete class says how labels are found (`_find_labels`); everything before
    (preparing rows) and after it (subspaces, new samples, likelihood) is here.
    """

    _parameter_constraints: dict = {
        "n_clusters": [Interval(Integral, 1, None, closed="left")],
        "subspace_dim": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "affine": ["boolean"],
        "center": ["boolean"],
        "normalize": ["boolean"],
        "max_samples": [Interval(Integral, 1, None, closed="left"), None],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    @abstractmethod
    def _find_labels(self, V, rows, n_samples, rng):
        """Cluster prepared, pairwise distinct rows.

        Parameters
        ----------
        V : array of shape (n_rows, n_prepared_features)
        rows : ndarray of shape (n_rows,)
            Where these rows stand among the training samples.
        n_samples : int
            Number of training samples.
        rng : RandomState

        Returns
        -------
        labels : ndarray of shape (n_rows,)
            From 0 without gaps; -1 for rows to be placed by their subspace.
        """

    @fit_context
    def fit(self, X, y=None):
        """Cluster the rows of X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples. float32 stays float32; everything else becomes float64.
        y : Ignored
            Present for pipelines.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            NaN or infinite entries; fewer samples, or fewer distinct directions,
            than clusters; a matrix that would not fit into memory.
        """
        X, _ = validate_X(self, X, ensure_min_samples=2)
        n = X.shape[0]
        check_enough_samples(n, self.n_clusters)
        rng = check_random_state(self.random_state)

        geometry = find_geometry(
            X, center=self.center, normalize=self.normalize, affine=self.affine
        )
        V, directionless = prepare(X, geometry)
        rows, copy_of = self._choose_rows(V, to_numpy(directionless), rng)

        if self.n_clusters == 1:
            labels = np.zeros(n, dtype=np.int64)
            self._find_nothing(V)
        else:
            labels = np.full(n, -1, dtype=np.int64)
            labels[rows] = self._find_labels(take_rows(V, rows), rows, n, rng)
            labels = np.where(copy_of >= 0, labels[copy_of], -1)
        n_found = int(labels.max()) + 1

        self._store_geometry(geometry)
        self._store_subspaces(V, labels, n_found)
        lost = np.flatnonzero(labels < 0)
        if len(lost):
            labels[lost] = to_numpy(self._nearest(take_rows(V, lost)))
        self._store_mixture(X, to_numpy(self._nearest(V)), n_found)
        self.labels_ = asarray_like(labels, X)
        self._n_features_out = n_found
        return self

    def _choose_rows(self, V, directionless, rng):
        """Rows to cluster: distinct, with a direction, at most `max_samples`.

        Also returns, for every sample, the row whose label it shares (-1: none).
        """
        first, copy_of = distinct_directions(V)
        rows = first[~directionless[first]]
        if len(rows) < self.n_clusters and self.n_clusters > 1:
            advice = "ask for fewer clusters"
            if not self.get_params(deep=False).get("affine", True):
                advice = (
                    "set affine=True where samples differ in more than direction, or "
                    f"{advice}"
                )
            raise ValueError(
                f"X has {len(rows)} distinct directions (rows after preparation), "
                f"fewer than n_clusters={self.n_clusters}; {advice}."
            )
        n_lost = int(np.sum(directionless))
        if n_lost:
            warnings.warn(
                f"{n_lost} of {len(directionless)} rows are zero "
                f"{'after centring ' if self.center else ''}and lie in every subspace; "
                "they were put into the largest cluster.",
                DegenerateDataWarning,
                stacklevel=5,  # the caller of fit, past two decorators
            )
        source = first[copy_of]
        source[directionless] = -1
        if self.max_samples is not None and self.max_samples < len(rows):
            if self.max_samples < self.n_clusters:
                raise ValueError(
                    f"max_samples={self.max_samples} should be >= "
                    f"n_clusters={self.n_clusters}."
                )
            rows = np.sort(rng.choice(rows, self.max_samples, replace=False))
            source[~np.isin(source, rows)] = -1
        return rows, source

    def _find_nothing(self, V):
        """Set what `_find_labels` would, when one cluster leaves nothing to find."""

    # -- after the labels -----------------------------------------------------------

    def _store_geometry(self, geometry):
        self.mean_ = geometry.mean
        self._geometry = geometry._replace(mean=None)

    def _geometry_of_fit(self):
        return self._geometry._replace(mean=self.mean_)

    def _store_subspaces(self, V, labels, n_found):
        """Fit one subspace per cluster to prepared rows."""
        width = V.shape[1]
        if self.subspace_dim == "auto":
            wanted = AUTO_DIM
        else:
            wanted = self.subspace_dim + bool(self.affine)
        # A subspace as large as the space would contain every sample.
        wanted = max(1, min(wanted, width - 1))
        placed = np.flatnonzero(labels >= 0)
        V, labels = take_rows(V, placed), labels[placed]
        _, components = fit_subspaces(V, labels, n_found, wanted, affine=False)
        if self.subspace_dim == "auto":
            components = _cut_by_energy(V, labels, components)
        self.subspace_components_ = components
        self._largest_cluster = int(np.argmax(np.bincount(labels)))

    def _store_mixture(self, X, labels, n_found):
        """Fit the mixture of probabilistic PCAs in input space that `score` uses.

        With the labels of `predict`, as new samples will be scored: a few samples in
        the wrong cluster would otherwise buy themselves dimensions.
        """
        n_dims = (
            self.subspace_components_.shape[1]
            if self.subspace_dim == "auto"
            else self.subspace_dim
        )
        n_dims = max(1, min(n_dims, X.shape[1] - 1))
        mixture = fit_probabilistic_subspaces(X, labels, n_found, n_dims)
        for field, value in mixture._asdict().items():
            setattr(self, f"mixture_{field}_", value)

    def _nearest(self, V):
        """Label of the subspace nearest to each prepared row."""
        xp = array_namespace(V)
        nearest = xp.argmin(self._residuals(V), axis=1)
        largest = xp.full_like(nearest, self._largest_cluster)
        return xp.where(xp.all(V == 0, axis=1), largest, nearest)

    def _residuals(self, V):
        components = self.subspace_components_
        xp = array_namespace(components)
        return subspace_residuals(V, xp.zeros_like(components[:, 0, :]), components)

    # -- new samples ----------------------------------------------------------------

    def _prepare_new(self, X, method):
        check_is_fitted(self)
        X, _ = validate_X(
            self, X, reset=False, fitted=self.subspace_components_, method=method
        )
        return prepare(X, self._geometry_of_fit())[0]

    def predict(self, X):
        """Label of the subspace nearest to each sample.

        On training samples it need not equal ``labels_``, which come from the whole
        affinity graph.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            New samples.

        Returns
        -------
        labels : array of shape (n_samples,), int64
            A sample without a direction (zero, or equal to the subtracted mean) lies
            in every subspace and goes to the largest cluster.
        """
        return self._nearest(self._prepare_new(X, "predict"))

    def transform(self, X):
        """Distance of each sample to each subspace.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            New samples.

        Returns
        -------
        residuals : array of shape (n_samples, n_clusters)
            Length of the part of the prepared sample outside the subspace: with
            ``normalize=True`` the sine of the angle between them, in [0, 1].
        """
        return self._residuals(self._prepare_new(X, "transform"))

    def score(self, X, y=None):
        """Mean log-likelihood under a mixture of probabilistic subspaces.

        One probabilistic PCA is fitted to the training samples nearest to each
        subspace, in input space, whatever the preparation. So values compare across
        all parameters of all clusterers, and a search without labels can maximise
        it. (A residual could not: it always prefers the largest dimension.)

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.
        y : Ignored
            Present for pipelines.

        Returns
        -------
        score : float
            In nats per sample.
        """
        check_is_fitted(self)
        X, xp = validate_X(
            self, X, reset=False, fitted=self.subspace_components_, method="score"
        )
        mixture = ProbabilisticSubspaces(
            *(getattr(self, f"mixture_{f}_") for f in ProbabilisticSubspaces._fields)
        )
        return float(xp.mean(log_likelihood(X, mixture)))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def kept_per_row(subspace_dim):
    """Entries per row that a graph of the largest ones keeps."""
    return AUTO_KEPT if subspace_dim == "auto" else max(AUTO_KEPT, subspace_dim)


def place_among(matrix, rows, n):
    """Place a matrix over some rows among all n samples; the others stay empty."""
    if len(rows) == n:
        return sparse_output(matrix)
    matrix = sp.coo_array(matrix)
    return sparse_output(
        sp.csr_array((matrix.data, (rows[matrix.row], rows[matrix.col])), shape=(n, n))
    )


def _cut_by_energy(V, labels, components):
    """Zero the components beyond the energy share `AUTO_ENERGY`, cluster by cluster.

    Energy is that of deviations from the mean of the cluster: an offset would
    otherwise hold nearly all of it and leave one dimension.
    """
    xp = array_namespace(V)
    kept = []
    for k in range(components.shape[0]):
        members = take_rows(V, np.flatnonzero(labels == k))
        members = members - xp.mean(members, axis=0)
        basis = components[k, ...]
        energy = xp.sum((members @ basis.T) ** 2, axis=0)
        before = xp.cumulative_sum(energy) - energy
        needed = before < AUTO_ENERGY * xp.sum(members * members)
        needed = needed | (xp.cumulative_sum(xp.ones_like(energy)) == 1)
        kept.append(xp.where(needed[:, None], basis, xp.zeros_like(basis)))
    components = xp.stack(kept)
    used = xp.astype(xp.any(components != 0, axis=2), xp.int64)
    return components[:, : max(1, int(xp.max(xp.sum(used, axis=1)))), :]
