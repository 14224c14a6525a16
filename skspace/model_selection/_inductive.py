"""Labels for new samples, and a held-out score, from any clusterer."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from scipy.sparse import issparse
from sklearn import get_config
from sklearn.base import ClusterMixin, clone
from sklearn.dummy import DummyClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.validation import check_is_fitted

from .._estimator import Estimator
from .._sklearn import HasMethods, Interval, fit_context_of_meta_estimator
from .._validation import check_range, validate_X
from ..linalg._mixture import fit_probabilistic_subspaces, log_likelihood

__all__ = ["InductiveClusterer", "cluster_labels"]


def cluster_labels(clusterer, X, **params):
    """Fit `clusterer` in place and return the labels of the rows of `X`."""
    if hasattr(clusterer, "fit_predict"):
        return np.asarray(clusterer.fit_predict(X, **params))
    clusterer.fit(X, **params)
    if hasattr(clusterer, "labels_"):
        return np.asarray(clusterer.labels_)
    if hasattr(clusterer, "predict"):
        return np.asarray(clusterer.predict(X))
    raise ValueError(
        "A clusterer with fit_predict, labels_ or predict is needed, got "
        f"{type(clusterer).__name__}, which has none of them; pass a clusterer, or a "
        "pipeline that ends in one."
    )


def mixture_labels(labels):
    """Renumber the clusters from 0 for the mixture; noise alone is one cluster."""
    if np.all(labels == -1):
        return np.zeros(labels.shape, dtype=np.int64)
    names, numbers = np.unique(labels, return_inverse=True)
    return numbers - int(names[0] == -1)


def fit_mixture(X, labels, n_dims=None):
    """Fit a mixture of subspaces to labelled samples, and choose its dimension.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Samples.
    labels : integer array of shape (n_samples,)
        From 0 without gaps; -1 takes no part.
    n_dims : int or None, default=None
        None climbs from 0 to the first local maximum of the Bayesian information
        criterion, below n_features (where the mixture is one of general normal
        distributions).

    Returns
    -------
    n_dims : int
    mixture : ProbabilisticSubspaces
    """
    n_clusters = int(labels.max()) + 1
    if n_dims is not None:
        n_dims = min(n_dims, X.shape[1])
        return n_dims, fit_probabilistic_subspaces(X, labels, n_clusters, n_dims)
    clustered = X[labels >= 0]
    n_samples, n_features = clustered.shape
    best = -np.inf, 0, None
    for d in range(n_features):
        mixture = fit_probabilistic_subspaces(X, labels, n_clusters, d)
        # mean, noise variance, and d orthonormal directions with a variance each
        per_cluster = n_features + 1 + d * n_features - d * (d - 1) // 2
        n_parameters = n_clusters * (per_cluster + 1) - 1
        fit = float(np.sum(log_likelihood(clustered, mixture), dtype=np.float64))
        bic = fit - n_parameters / 2 * np.log(n_samples)
        if bic <= best[0]:
            break
        best = bic, d, mixture
    return best[1:]


class InductiveClusterer(ClusterMixin, Estimator):
    """Give any clusterer ``predict`` for new samples and a held-out ``score``.

    SpectralClustering, HDBSCAN, DBSCAN, AgglomerativeClustering and others label the
    samples they were fitted on and no others, so cross-validation cannot score
    them. This estimator clusters, then fits a classifier to the labels found and
    lets it label new samples.

    Parameters
    ----------
    estimator : clusterer
        With ``fit_predict``, or ``fit`` and ``labels_``. Is cloned. One that has its
        own ``predict`` may be given; the classifier replaces it.
    classifier : classifier or None, default=None
        Learns the labels. None is the five nearest training samples, weighted by
        1 / distance, which follows clusters of any shape and gives distinct training
        samples their own labels back. Use
        :class:`~sklearn.neighbors.NearestCentroid` for round clusters, or any other
        classifier. Noise (label -1) is a class like the others: ``predict`` may
        answer -1.
    subspace_dim : int or None, default=None
        Dimension of the subspaces in the mixture behind ``score``; 0 makes the clusters
        spheres. None increases it from 0 as long as the Bayesian information
        criterion of the training samples improves. ``predict`` does not use it.

    Attributes
    ----------
    estimator_ : clusterer
        The fitted clone of `estimator`.
    classifier_ : classifier
        Fitted to ``labels_``. A constant
        :class:`~sklearn.dummy.DummyClassifier` where there is only one label.
    labels_ : array of shape (n_samples,)
        Labels of the training samples; -1 is noise.
    subspace_dim_ : int
        Dimension of the subspaces in the mixture (dense X only).
    mixture_ : ProbabilisticSubspaces
        Mixture of probabilistic subspaces behind ``score``, one per cluster (dense X
        only).
    n_features_in_ : int
        Number of features seen in ``fit``.
    feature_names_in_ : array of shape (n_features_in_,)
        Names of the features, where X in ``fit`` had any.

    Raises
    ------
    ValueError
        Where `estimator` works on precomputed affinities, since new samples cannot be
        classified without features.

    See Also
    --------
    PredictionStrengthScorer : Chooses parameters without labels.

    Notes
    -----
    ``GridSearchCV(SpectralClustering(), ..., scoring="adjusted_rand_score")`` gives
    NaN for every candidate, because nothing predicts the held-out labels; wrapped in
    this class it gives numbers. Parameters of the clusterer are then named
    ``estimator__n_clusters`` and so on.

    Whether the classifier's label of a new sample is the one the clusterer would have
    given is an assumption: the classifier must suit the shape of the clusters.

    Cost: that of `estimator`, of the classifier, and for the mixture one singular
    value decomposition per cluster and dimension tried, together O(n d min(n, d)) for
    each dimension (n samples, d features).

    Examples
    --------
    >>> from sklearn.cluster import SpectralClustering
    >>> from sklearn.datasets import make_moons
    >>> from sklearn.metrics import adjusted_rand_score
    >>> from skspace.model_selection import InductiveClusterer
    >>> X, _ = make_moons(200, noise=0.05, random_state=0)
    >>> X_new, y_new = make_moons(200, noise=0.05, random_state=1)
    >>> spectral = SpectralClustering(2, gamma=30, random_state=0)
    >>> model = InductiveClusterer(spectral).fit(X)
    >>> adjusted_rand_score(y_new, model.predict(X_new))
    1.0
    """

    _parameter_constraints = {
        "estimator": [HasMethods(["fit"])],
        "classifier": [HasMethods(["fit", "predict"]), None],
        "subspace_dim": [Interval(Integral, 0, None, closed="left"), None],
    }

    def __init__(self, estimator, *, classifier=None, subspace_dim=None):
        self.estimator = estimator
        self.classifier = classifier
        self.subspace_dim = subspace_dim

    @fit_context_of_meta_estimator
    def fit(self, X, y=None, **fit_params):
        """Cluster `X`, then learn the labels found.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training samples; sparse where both parts accept it.
        y : Ignored
            Present by scikit-learn's convention.
        **fit_params : dict
            Passed to the ``fit`` of `estimator`; routed where metadata routing is on.

        Returns
        -------
        self : InductiveClusterer
            The fitted estimator.
        """
        if get_tags(self.estimator).input_tags.pairwise:
            raise ValueError(
                f"InductiveClusterer got {self.estimator!r}, which works on "
                "precomputed affinities; new samples cannot be classified without "
                "features. Give it a clusterer of features instead, for instance "
                "affinity='rbf' or metric='euclidean'."
            )
        X = self._validated(X, reset=True)
        if get_config()["enable_metadata_routing"]:
            params = process_routing(self, "fit", **fit_params).estimator.fit_predict
        else:
            params = fit_params
        self.estimator_ = clone(self.estimator)
        self.labels_ = cluster_labels(self.estimator_, X, **params)
        with np.errstate(over="ignore", invalid="ignore"):  # sums of finite numbers
            self.classifier_ = self._classifier().fit(X, self.labels_)
        if not issparse(X):
            labels = mixture_labels(self.labels_)
            self.subspace_dim_, self.mixture_ = fit_mixture(
                X, labels, self.subspace_dim
            )
        return self

    def predict(self, X):
        """Label new samples by the classifier.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            New samples.

        Returns
        -------
        labels : array of shape (n_samples,)
            Labels as in ``labels_``; -1 where the classifier answers noise.
        """
        check_is_fitted(self)
        X = self._validated(X, reset=False)
        with np.errstate(over="ignore", invalid="ignore"):
            return self.classifier_.predict(X)

    def score(self, X, y=None):
        """Mean log-likelihood of `X` under a mixture of subspaces, one per cluster.

        A density in the space of the features, so values for different numbers of
        clusters compare, and held-out samples punish clusters that are not there.
        Noise takes no part in fitting the mixture (where all training samples are
        noise, they form one cluster), yet held-out samples far from every cluster
        cost likelihood.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Dense samples, best held out from ``fit``.
        y : Ignored
            Present by scikit-learn's convention.

        Returns
        -------
        score : float
            Nats per sample; larger is better.
        """
        check_is_fitted(self)
        if not hasattr(self, "mixture_"):
            raise ValueError(
                "InductiveClusterer.score needs dense samples, and was fitted on "
                "sparse ones; fit it on X.toarray(), or score with "
                "PredictionStrengthScorer."
            )
        X, xp = validate_X(self, X, reset=False)
        return float(xp.mean(log_likelihood(X, self.mixture_)))

    def get_metadata_routing(self):
        """Route what ``fit`` receives to the clusterer.

        Returns
        -------
        routing : MetadataRouter
            ``fit`` here calls ``fit_predict`` there.
        """
        mapping = MethodMapping().add(caller="fit", callee="fit_predict")
        return MetadataRouter(owner=self).add(
            estimator=self.estimator, method_mapping=mapping
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        parts = [self.estimator]
        if self.classifier is not None:
            parts.append(self.classifier)
        tags.input_tags.sparse = all(get_tags(p).input_tags.sparse for p in parts)
        return tags

    def _validated(self, X, *, reset):
        sparse = "csr" if get_tags(self).input_tags.sparse else False
        X = validate_X(self, X, reset=reset, accept_sparse=sparse)[0]
        if self.classifier is None:
            entries = X.data if issparse(X) else X
            largest = np.max(np.abs(entries), initial=0.0).astype(np.float64)
            with np.errstate(over="ignore"):
                square = 4.0 * X.shape[1] * largest**2
            check_range(square, square.dtype, "The squared distance of rows")
        return X

    def _classifier(self):
        if np.unique(self.labels_).size == 1:
            return DummyClassifier(strategy="most_frequent")
        if self.classifier is not None:
            return clone(self.classifier)
        return KNeighborsClassifier(
            n_neighbors=min(5, self.labels_.size), weights="distance"
        )
