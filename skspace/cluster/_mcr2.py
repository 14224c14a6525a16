"""Clustering by maximal coding rate reduction with a doubly stochastic membership."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np

from .._array import asarray_like
from .._rows import take_rows
from .._sklearn import Interval, StrOptions
from ._base import SubspaceClusterer
from ._docs import shared_docs
from ._mcr2_fit import find_labels, find_nothing, layer_sizes, scaled
from ._mcr2_labels import energy_rank
from ._mcr2_training import TwoHeads

NOT_HERE = {"affine", "affinity", "assign_labels", "n_jobs"}
NOT_HERE |= {"affinity_matrix_", "representation_matrix_", "n_connected_components_"}


@shared_docs(center="False", omit=NOT_HERE)
class MCR2Clustering(SubspaceClusterer):
    r"""Subspace clustering in features learnt by maximal coding rate reduction (MLC).

    A network maps samples to the unit sphere so that all features together spread
    over as many directions as possible while every soft neighbourhood fills as few as
    possible: clusters on curved manifolds become subspaces at right angles. Who is
    neighbour of whom is learnt along, as a doubly stochastic membership whose
    eigenvectors give the labels.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters.
    n_components : int, default=64
        Dimension of the features.
    hidden_layer_sizes : tuple of int, default=(512, 512)
        Widths of the layers below both heads.
    n_networks : int, default=3
        Networks trained from different starts. Labels are what they agree on: a cut
        of the graph of how often two samples were put together.
    eps2 : float, default=0.1
        Squared precision of the coding rates, for rows of unit length.
    eta : float or "auto", default="auto"
        Weight of the entropy of the membership; small values make neighbourhoods
        small. "auto" chooses it once, after the warm-up: the mean effective number of
        neighbours is then that of a cluster, n / n_clusters.
    membership_reg : float, default=0.0
        Half the weight of the squared Frobenius norm of the membership, against
        neighbourhoods of a single sample.
    warmup_steps : int, default=60
        Steps that only spread the features.
    max_steps : int, default=100
        Steps of the whole objective, at most.
    batch_size : int, default=1024
        Samples of a step; incomplete batches are dropped.
    compression_columns : int, default=None
        Estimate the rate of the parts from so many random columns of the membership,
        without bias; None uses all of them.
    n_views : int, default=1
        Noisy or augmented copies of a batch that have to agree.
    noise_scale : float, default=0.0
        Standard deviation of the noise added to a view, in units of that of the
        prepared samples.
    augment : callable, default=None
        ``augment(X, rng)`` gives another view of prepared rows in place of noise.
    optimizer : {"adam", "sgd"}, default="adam"
        Adam, or gradient descent with momentum 0.9.
    learning_rate : float, default=3e-4
        Of the optimizer, the same for all parameters.
    tol : float, default=1e-3
        Stop when the objective changes by less over ten steps, relative to it.
    restore_best : bool, default=True
        Keep the parameters of each network whose labels save most rate **on the
        input**, looked at every ten steps, rather than those of the last step; see the
        notes.
    max_spectral : int, default=10000
        Most samples whose membership is cut; the others go to their nearest subspace
        of features.
    sinkhorn_max_iter : int, default=50
        Most Sinkhorn iterations.
    sinkhorn_tol : float, default=1e-6
        Largest error of a row sum of the membership.
    {shared}

    Attributes
    ----------
    {attributes}
    embedding_ : array of shape (n_samples, n_components)
        Features of the training samples, rows of unit length. This and all below are
        of the one network that is kept.
    membership_ : array of shape (n_samples, n_samples) or None
        Doubly stochastic; None above 5000 samples, or where not all were cut.
    eta_ : float
        Weight of the entropy used.
    training_curves_ : dict of str to ndarray
        By ``"step"``: ``"rate"`` of all features and ``"rate_of_parts"`` of the batch,
        ``"perplexity"`` of the membership; every ten steps ``"input_reduction"`` and
        ``"eigengap"``, NaN between.
    kept_step_ : int
        Step whose parameters were kept; 0 is the warm-up.
    checkpoint_labels_ : dict of int to ndarray
        Labels of the rows that were cut, by step. With several networks `labels_` need
        not be among them.
    cluster_ranks_ : array of shape (n_clusters,), int64
        Dimensions that hold 95 % of the energy of the features of each cluster.
    feature_rank_ : int
        The same of all features.
    weights_ : dict of str to array
        Parameters of the network.
    n_iter_ : int
        Steps after the warm-up.

    See Also
    --------
    LeastSquaresSubspaceClustering : Try it first: no network and no steps.
    skspace.inspection.TrainingCurvesDisplay : Draws the curves.

    Notes
    -----
    With unit features Z and unit rows C of a second head, n of each,

    .. math:: \max \; \tfrac{1}{2} \log\det(I + \tfrac{d}{n ε²} Z^T Z) - \tfrac{1}{2n}
              \sum_j \log\det(I + \tfrac{d}{ε²} Z^T \mathrm{diag}(γ_j) Z), \quad
              Γ = \mathrm{Sinkhorn}_η(|C C^T|).

    *Training goes too far.* The objective keeps rising after the labels were best: the
    network learns to give every small group a subspace of its own. No quantity of the
    features tells, neither the objective nor the eigengap of Γ. The input does, which
    the network cannot change: labels that cut through a cluster save less rate
    there. So every ten steps the labels are judged by
    :func:`~skspace.metrics.rate_reduction` of the prepared samples, centred and scaled
    to unit length once more, and the best are kept; so are the best of three ways to
    round eigenvectors (k-means, cluster-QR, discretisation). No truth enters. The
    reduction prefers clusters of about one size, and subspaces: where clusters are
    neither, look at ``training_curves_`` and ``checkpoint_labels_``.

    *Networks err differently.* One merges two clusters, another splits a third; what
    most of `n_networks` put together is right more often than any of them. Features,
    curves and `predict` are those of the network whose labels agree best with the
    result (adjusted Rand index).

    *Cost* of a step with b samples in the batch: 3 b² d(d + 1) operations for the
    rates, as matrix products, b factorisations of order d, and the network. Every
    ten steps the membership of all samples, n² d and about thirty products of it with
    a vector. Memory: 16 n² bytes in float64 for up to `max_spectral` samples, half of
    it in float32, and (3 b d²/2 + 6 b²) numbers for a step. All this `n_networks`
    times, one after another.

    *Differences from the paper.* A perceptron on the given features instead of a
    residual network on images; a symmetric Sinkhorn iteration run to convergence and
    differentiated implicitly instead of five unrolled half-steps; Adam without weight
    decay; eta by perplexity; `restore_best`; several networks; labels of all samples
    instead of single batches; `predict` by subspaces of features.

    References
    ----------
    .. [1] T. Ding, S. Tong, K. H. R. Chan, X. Dai, Y. Ma and B. D. Haeffele,
       "Unsupervised manifold linearizing and clustering", ICCV 2023.
       :doi:`10.1109/ICCV51070.2023.00502`
    .. [2] T. Chu, S. Tong, T. Ding, X. Dai, B. D. Haeffele, R. Vidal and Y. Ma, "Image
       clustering via the principle of rate reduction in the age of pretrained models",
       ICLR 2024. :doi:`10.48550/arXiv.2306.05272`

    Examples
    --------
    >>> from skspace.cluster import MCR2Clustering
    >>> from skspace.datasets import make_union_of_subspaces
    >>> from skspace.metrics import clustering_accuracy
    >>> X, y = make_union_of_subspaces(
    ...     150, n_subspaces=3, n_features=20, subspace_dim=2, random_state=0
    ... )
    >>> model = MCR2Clustering(
    ...     3, hidden_layer_sizes=(64, 64), n_components=16, random_state=0
    ... )
    >>> clustering_accuracy(y, model.fit_predict(X)) > 0.9
    True
    >>> model.embed(X[:2]).shape
    (2, 16)
    """

    affine = False  # the network has biases: what misses the origin, it moves

    _parameter_constraints: dict = {
        **{
            name: allowed
            for name, allowed in SubspaceClusterer._parameter_constraints.items()
            if name not in {"affine", "n_jobs"}
        },
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "hidden_layer_sizes": ["array-like"],
        "n_networks": [Interval(Integral, 1, None, closed="left")],
        "eps2": [Interval(Real, 0, None, closed="neither")],
        "eta": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
        "membership_reg": [Interval(Real, 0, None, closed="left")],
        "warmup_steps": [Interval(Integral, 0, None, closed="left")],
        "max_steps": [Interval(Integral, 0, None, closed="left")],
        "batch_size": [Interval(Integral, 2, None, closed="left")],
        "compression_columns": [Interval(Integral, 1, None, closed="left"), None],
        "n_views": [Interval(Integral, 1, None, closed="left")],
        "noise_scale": [Interval(Real, 0, None, closed="left")],
        "augment": [callable, None],
        "optimizer": [StrOptions({"adam", "sgd"})],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "restore_best": ["boolean"],
        "max_spectral": [Interval(Integral, 2, None, closed="left")],
        "sinkhorn_max_iter": [Interval(Integral, 1, None, closed="left")],
        "sinkhorn_tol": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        n_clusters=8,
        *,
        n_components=64,
        hidden_layer_sizes=(512, 512),
        n_networks=3,
        eps2=0.1,
        eta="auto",
        membership_reg=0.0,
        warmup_steps=60,
        max_steps=100,
        batch_size=1024,
        compression_columns=None,
        n_views=1,
        noise_scale=0.0,
        augment=None,
        optimizer="adam",
        learning_rate=3e-4,
        tol=1e-3,
        restore_best=True,
        max_spectral=10000,
        sinkhorn_max_iter=50,
        sinkhorn_tol=1e-6,
        subspace_dim="auto",
        center=False,
        normalize=True,
        max_samples=None,
        n_init=20,
        random_state=None,
        verbose=0,
    ):
        self.n_clusters = n_clusters
        self.n_components = n_components
        self.hidden_layer_sizes = hidden_layer_sizes
        self.n_networks = n_networks
        self.eps2 = eps2
        self.eta = eta
        self.membership_reg = membership_reg
        self.warmup_steps = warmup_steps
        self.max_steps = max_steps
        self.batch_size = batch_size
        self.compression_columns = compression_columns
        self.n_views = n_views
        self.noise_scale = noise_scale
        self.augment = augment
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.tol = tol
        self.restore_best = restore_best
        self.max_spectral = max_spectral
        self.sinkhorn_max_iter = sinkhorn_max_iter
        self.sinkhorn_tol = sinkhorn_tol
        self.subspace_dim = subspace_dim
        self.center = center
        self.normalize = normalize
        self.max_samples = max_samples
        self.n_init = n_init
        self.random_state = random_state
        self.verbose = verbose

    def _find_labels(self, V, rows, n_samples, rng):
        return find_labels(self, V, n_samples, rng)

    def _find_nothing(self, V):
        find_nothing(self)

    def _features(self, V):
        if not self.weights_:
            return V
        network = TwoHeads(V.shape[1], layer_sizes(self), self.n_components)
        return network.apply(self.weights_, scaled(V))

    def _store_subspaces(self, V, labels, n_found):
        Z = self._features(V)
        super()._store_subspaces(Z, labels, n_found)
        self.embedding_ = Z
        self.feature_rank_ = energy_rank(Z)
        members = (np.flatnonzero(labels == k) for k in range(n_found))
        ranks = np.array([energy_rank(take_rows(Z, rows)) for rows in members])
        self.cluster_ranks_ = asarray_like(ranks, Z)

    def _residuals(self, V):
        return super()._residuals(self._features(V))

    def embed(self, X):
        """Map samples to features, on the unit sphere.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        Z : array of shape (n_samples, n_components)
            Rows of unit length.
        """
        return self._features(self._prepare_new(X, "embed"))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.array_api_support = True
        return tags
