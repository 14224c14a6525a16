"""Thresholding subspace clustering: nearest neighbours by angle."""

from __future__ import annotations

import math
from numbers import Integral

from .._array import array_namespace
from .._sklearn import Interval, StrOptions
from ._dense_rows import collect_rows, unit_length, zero_own_column
from ._docs import shared_docs
from ._self_expressive import SelfExpressiveClusterer


def angle_affinity(V, n_neighbors, n_jobs=None):
    """Join every unit row to those at the smallest angle, sign ignored.

    Parameters
    ----------
    V : array of shape (n_samples, n_features)
        Rows of unit length.
    n_neighbors : int
        Neighbours per row.
    n_jobs : int, optional
        Threads over row blocks.

    Returns
    -------
    csr_array of shape (n_samples, n_samples)
        Weights ``exp(-2 arccos |v_i · v_j|)``, in [exp(-pi), 1].
    """

    def rows(start, stop):
        return zero_own_column(angle_weights(V[start:stop, :] @ V.T), start)

    return collect_rows(rows, V, n_neighbors, n_jobs)


def angle_weights(cosine):
    """Weights ``exp(-2 angle)`` of the angle between lines, from its cosine."""
    xp = array_namespace(cosine)
    return xp.exp(-2.0 * xp.acos(xp.clip(xp.abs(cosine), max=1.0)))


@shared_docs(center="False", affinity="symmetrize")
class ThresholdingSubspaceClustering(SelfExpressiveClusterer):
    """Subspace clustering on the graph of nearest neighbours by angle (TSC).

    Samples of one subspace tend to make small angles, so each is joined to the
    `n_neighbors` others most parallel or antiparallel to it. The cheapest method of
    the family, good where clusters are densely sampled (images of an object that
    turns), and poor where a subspace holds samples at right angles to each other
    (faces under light from all sides).

    Parameters
    ----------
    n_clusters : int, default=8
        Number of subspaces.
    n_neighbors : int or "auto", default="auto"
        Neighbours per sample; "auto" is ``max(3, ceil(n / (20 n_clusters)))``.
    {shared}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    LeastSquaresSubspaceClustering : Uses all samples at once to represent each.

    Notes
    -----
    Cost: O(n² d) for the angles, in row blocks; memory O(n (d + n_neighbors)) beyond
    one block. Runs on NumPy, CuPy and PyTorch arrays under scikit-learn's array API
    dispatch; the graph, being sparse, is cut on the host.

    Rows are scaled to unit length for the angles also with ``normalize=False``.

    References
    ----------
    Heckel & Bölcskei (2015). Robust subspace clustering via thresholding. IEEE
    Transactions on Information Theory 61(11). :doi:`10.1109/TIT.2015.2472520`

    Examples
    --------
    >>> from skspace.cluster import ThresholdingSubspaceClustering
    >>> from skspace.datasets import make_union_of_subspaces
    >>> X, y = make_union_of_subspaces(300, noise=0.01, random_state=0)
    >>> model = ThresholdingSubspaceClustering(n_clusters=5, random_state=0).fit(X)
    >>> from skspace.metrics import clustering_accuracy
    >>> clustering_accuracy(y, model.labels_)
    1.0
    """

    _parameter_constraints: dict = {
        **SelfExpressiveClusterer._parameter_constraints,
        "n_neighbors": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
    }

    def __init__(
        self,
        n_clusters=8,
        *,
        n_neighbors="auto",
        subspace_dim="auto",
        affine=False,
        center=False,
        normalize=True,
        affinity="symmetrize",
        assign_labels="kmeans",
        max_samples=None,
        n_init=20,
        n_jobs=None,
        random_state=None,
        verbose=0,
    ):
        self.n_clusters = n_clusters
        self.n_neighbors = n_neighbors
        self.subspace_dim = subspace_dim
        self.affine = affine
        self.center = center
        self.normalize = normalize
        self.affinity = affinity
        self.assign_labels = assign_labels
        self.max_samples = max_samples
        self.n_init = n_init
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def _represent(self, V, n_keep, rng):
        n_neighbors = self.n_neighbors
        if n_neighbors == "auto":
            n_neighbors = max(3, math.ceil(V.shape[0] / (20 * self.n_clusters)))
        return angle_affinity(unit_length(V), n_neighbors, self.n_jobs)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.array_api_support = True
        return tags
