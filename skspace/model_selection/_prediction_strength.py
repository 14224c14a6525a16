"""Prediction strength: choosing clusterings by what a second sample confirms."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import KFold, RepeatedKFold, check_cv, cross_validate
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state, get_tags

from .._sklearn import (
    HasMethods,
    Interval,
    StrOptions,
    validate_parameter_constraints,
    validate_params,
)
from ._inductive import InductiveClusterer, cluster_labels

__all__ = ["PredictionStrength", "PredictionStrengthScorer", "prediction_strength"]


class PredictionStrength(NamedTuple):
    """Prediction strength over the splits; ``float(result)`` is the mean."""

    mean: float
    std: float
    splits: np.ndarray

    def __float__(self):
        return self.mean


class Comparison(NamedTuple):
    """How far a clustering of held-out samples confirms predicted labels."""

    strength: float
    chance: float
    coverage: float
    n_clusters: int
    n_predicted: int


def compare_labels(labels, predicted):
    """Compare the clustering of held-out samples with their predicted labels.

    Parameters
    ----------
    labels : array of shape (n_samples,)
        Clustering of the held-out samples themselves; -1 is noise.
    predicted : array of shape (n_samples,)
        Labels the clustering of other samples predicts for them; -1 is noise.

    Returns
    -------
    Comparison
        ``strength``: the smallest, over the clusters of `labels`, of the share of
        pairs within the cluster that `predicted` puts together too (0 for a cluster
        of one sample, and where there is no cluster at all); ``chance``: the share
        of all pairs that `predicted` puts together; ``coverage``: the share of
        samples that are not noise in `labels`; and the two numbers of clusters.

    Notes
    -----
    Pairs are counted on the contingency table, in O(n) instead of O(n²).
    """
    labels, predicted = np.asarray(labels), np.asarray(predicted)
    clustered = labels != -1
    coverage = float(np.mean(clustered))
    _, i = np.unique(labels[clustered], return_inverse=True)
    names, j = np.unique(predicted[clustered], return_inverse=True)
    if i.size == 0:
        return Comparison(0.0, 0.0, 0.0, 0, 0)
    shape = int(i.max()) + 1, names.size
    table = np.bincount(i * shape[1] + j, minlength=shape[0] * shape[1])
    table = table.reshape(shape)[:, names != -1]  # noise is together with nobody
    sizes = np.bincount(i)
    together = np.sum(table * (table - 1), axis=1)
    strengths = together / np.maximum(sizes * (sizes - 1), 1)
    columns = np.sum(table, axis=0)
    chance = np.sum(columns * (columns - 1)) / max(i.size * (i.size - 1), 1)
    return Comparison(
        float(np.min(strengths)), float(chance), coverage, shape[0], table.shape[1]
    )


def confirmed_information(found, threshold):
    """Nats of label per held-out sample that the held-out samples confirm.

    ``coverage * log(k) * max(0, (strength - chance) / (1 - chance))`` where both
    clusterings have at least two clusters and k is the smaller of their numbers.
    One cluster always confirms itself: it is scored as two equal clusters (chance
    one half) of strength `threshold`.
    """
    k = min(found.n_clusters, found.n_predicted)
    if found.n_clusters == found.n_predicted == 1:
        nats = found.strength * np.log(2) * (2 * threshold - 1)
    elif k < 2 or found.chance >= 1:
        nats = 0.0
    else:
        lift = (found.strength - found.chance) / (1 - found.chance)
        nats = np.log(k) * max(lift, 0.0)
    return float(found.coverage * nats)


def seeded(estimator, random_state):
    """Clone `estimator`, with a seed wherever its random_state is None."""
    rng = check_random_state(random_state)
    seeds = {
        name: int(rng.randint(np.iinfo(np.int32).max))
        for name, value in sorted(estimator.get_params(deep=True).items())
        if name.rpartition("__")[2] == "random_state" and value is None
    }
    return clone(estimator).set_params(**seeds)


def with_predict(estimator):
    """Wrap a clusterer that has no predict, at the end of a pipeline too."""
    if hasattr(estimator, "predict"):
        return estimator
    if isinstance(estimator, Pipeline):
        name, last = estimator.steps[-1]
        return clone(estimator).set_params(**{name: InductiveClusterer(last)})
    return InductiveClusterer(estimator)


@dataclass(frozen=True, kw_only=True)
class PredictionStrengthScorer:
    """Label-free scorer: what a clustering of the held-out samples confirms.

    For ``scoring=`` in :class:`~sklearn.model_selection.GridSearchCV`,
    :func:`~sklearn.model_selection.cross_val_score` and their kin, where no true
    labels exist. The estimator arrives fitted on the training part of a split. The
    scorer clusters the held-out part anew with a clone and compares that clustering
    with ``estimator.predict``. It may choose the number of clusters or any other
    parameter, of a clusterer or of a pipeline that ends in one.

    Parameters
    ----------
    criterion : {"information", "strength"}, default="information"
        What is returned, and so maximised.

        - "information": confirmed information per sample in nats,
          ``log(k) * (strength - chance) / (1 - chance)``, never below 0. See Notes.
        - "strength": the prediction strength itself, in [0, 1]. Its maximum is *not*
          the best number of clusters (one cluster always has strength 1): use it with
          ``refit=`` as in the Examples.

    threshold : float in [0.5, 1], default=0.8
        Strength that two equal clusters must reach before they are preferred to a
        single one. Matters only where candidates with one cluster are in the grid.
    random_state : int or None, default=0
        Seeds the clone wherever its own ``random_state`` is None, so that the score
        is a function of the fitted estimator and the data. None leaves the clone as
        it is. Set ``random_state`` of the searched estimator too: its training part
        is fitted before the scorer sees it.

    See Also
    --------
    prediction_strength : The strength of one estimator, with its spread.
    InductiveClusterer : Gives ``predict`` to clusterers that have none.

    Notes
    -----
    The prediction strength [1]_ of a split is the share of pairs within a held-out
    cluster that the training clustering also puts together, in the worst cluster.
    Its rule, "the largest k with mean strength above 0.8 to 0.9", cannot be the
    maximum of an average over splits, and it stays silent where noise keeps every
    strength below the threshold. What a search maximises here follows the same idea
    without a cliff. A label among k clusters carries log k nats; the strength,
    corrected for the share of pairs that would agree by chance, says which part
    of them a second sample confirms. So a clustering into k confirmed clusters
    beats every coarser one, while splitting a cluster at random brings the strength
    to one half and loses more than ``log((k + 1) / k)`` gains. Held-out noise
    (label -1) confirms nothing, so the score is multiplied by the share of
    clustered samples. k is the smaller of the two numbers of clusters found.

    Cost: one further fit, on the held-out part, for each score.

    Differences from the paper: the criterion above; each split is scored in one
    direction, the one scikit-learn fitted; a held-out cluster of one sample holds no
    pair, so nothing confirms it and the strength of the split is 0.

    The held-out part must be large enough to be clustered by itself: prefer few, large,
    repeated parts, ``cv=RepeatedKFold(n_splits=2, n_repeats=3, random_state=0)``, over
    five folds. Unshuffled folds of rows sorted by cluster hold different clusters.
    Where clusters fade into one another without a gap (an evenly filled square), a
    tiling of it is truly reproducible and may win over one cluster.

    References
    ----------
    .. [1] R. Tibshirani and G. Walther, "Cluster validation by prediction strength",
       Journal of Computational and Graphical Statistics 14 (2005) 511-528,
       :doi:`10.1198/106186005X59243`.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from sklearn.datasets import make_blobs
    >>> from sklearn.model_selection import GridSearchCV, RepeatedKFold
    >>> from skspace.model_selection import PredictionStrengthScorer
    >>> X, _ = make_blobs(150, centers=4, n_features=5, random_state=0)
    >>> halves = RepeatedKFold(n_splits=2, n_repeats=3, random_state=0)
    >>> search = GridSearchCV(
    ...     KMeans(n_init=5, random_state=0),
    ...     {"n_clusters": [1, 2, 3, 4, 5, 6]},
    ...     scoring=PredictionStrengthScorer(),
    ...     cv=halves,
    ... ).fit(X)
    >>> search.best_params_
    {'n_clusters': 4}

    The classic rule, the last (largest) candidate whose mean strength reaches 0.8:

    >>> import numpy as np
    >>> search.set_params(
    ...     scoring=PredictionStrengthScorer(criterion="strength"),
    ...     refit=lambda cv: np.flatnonzero(cv["mean_test_score"] >= 0.8)[-1],
    ... ).fit(X).best_params_
    {'n_clusters': 4}
    """

    criterion: str = "information"
    threshold: float = 0.8
    random_state: int | None = 0

    def __post_init__(self):
        validate_parameter_constraints(
            {
                "criterion": [StrOptions({"information", "strength"})],
                "threshold": [Interval(Real, 0.5, 1, closed="both")],
                "random_state": [Interval(Integral, 0, 2**32 - 1, closed="both"), None],
            },
            vars(self),
            caller_name=type(self).__name__,
        )

    def __sklearn_clone__(self):
        return self  # frozen, hence its own clone

    def __call__(self, estimator, X, y=None):
        """Score a fitted clusterer on held-out samples.

        Parameters
        ----------
        estimator : clusterer or pipeline with ``predict``
            Fitted on other samples.
        X : array-like of shape (n_samples, n_features)
            Held-out samples.
        y : Ignored
            Present by scikit-learn's convention.

        Returns
        -------
        score : float
            Finite, never negative; larger is better.

        Raises
        ------
        ValueError
            Where `estimator` has no ``predict`` or takes precomputed affinities.
        """
        name = type(estimator).__name__
        if not hasattr(estimator, "predict"):
            raise ValueError(
                "PredictionStrengthScorer needs a clusterer with predict, got "
                f"{name}, which cannot label new samples; search over "
                f"InductiveClusterer({name}(...)) from skspace.model_selection "
                "instead (its parameters are then named estimator__...)."
            )
        if get_tags(estimator).input_tags.pairwise:
            raise ValueError(
                f"PredictionStrengthScorer cannot use {name} on precomputed "
                "affinities: the held-out rows contain none among themselves. Fit on "
                "features instead."
            )
        predicted = estimator.predict(X)
        if self.random_state is None:
            again = clone(estimator)
        else:
            again = seeded(estimator, self.random_state)
        found = compare_labels(cluster_labels(again, X), predicted)
        if self.criterion == "strength":
            return found.strength
        return confirmed_information(found, self.threshold)


@validate_params(
    {
        "estimator": [HasMethods(["fit", "get_params"])],
        "X": ["array-like", "sparse matrix"],
        "cv": ["cv_object"],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=False,
)
def prediction_strength(estimator, X, *, cv=None, n_jobs=None, random_state=None):
    """Prediction strength of a clusterer, over random splits of the data.

    The training part and the held-out part of each split are clustered separately.
    For each held-out cluster, count the share of its pairs of samples that the
    training clustering, through ``predict``, puts together too. The strength of the
    split is the smallest share. Near 1, every cluster exists in both samples; with k
    arbitrary clusters of equal size it is near 1 / k.

    Parameters
    ----------
    estimator : clusterer, or pipeline that ends in one
        Is cloned, never fitted itself. One without ``predict`` (SpectralClustering,
        HDBSCAN, …) is wrapped in :class:`InductiveClusterer` first.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Samples; sparse where the estimator accepts it.
    cv : int, splitter, iterable or None, default=None
        None halves the data at random five times and uses each half once for training
        and once held out (ten splits). An int is that many shuffled folds.
    n_jobs : int or None, default=None
        Splits run in parallel; the result does not depend on it.
    random_state : int, RandomState instance or None, default=None
        Draws the splits, and seeds the estimator wherever its own ``random_state``
        is None.

    Returns
    -------
    result : PredictionStrength
        Named tuple of ``mean`` (float), ``std`` (float, over the splits) and
        ``splits`` (array of shape (n_splits,)). ``float(result)`` is the mean.

    Raises
    ------
    ValueError
        Where the estimator takes precomputed affinities, and what it raises
        itself, for instance where a part has fewer samples than clusters.

    See Also
    --------
    PredictionStrengthScorer : Chooses parameters by it in GridSearchCV.

    Notes
    -----
    The classic rule takes the largest number of clusters whose mean strength is at
    least 0.8 to 0.9. A held-out cluster of one sample contains no pair that could
    confirm it and counts as strength 0. Noise (label -1) is not a cluster: held-out
    noise is left out, and a sample predicted as noise is together with no other.

    Cost: two fits per split; the comparison itself is linear in n.

    References
    ----------
    .. [1] R. Tibshirani and G. Walther, "Cluster validation by prediction strength",
       Journal of Computational and Graphical Statistics 14 (2005) 511-528,
       :doi:`10.1198/106186005X59243`.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from sklearn.datasets import make_blobs
    >>> from skspace.model_selection import prediction_strength
    >>> X, _ = make_blobs(150, centers=4, n_features=5, random_state=0)
    >>> for k in (3, 4, 5):
    ...     result = prediction_strength(KMeans(k, n_init=5), X, random_state=0)
    ...     print(k, round(result.mean, 1))
    3 1.0
    4 1.0
    5 0.6
    """
    rng = check_random_state(random_state)
    seed, split_seed = (int(s) for s in rng.randint(np.iinfo(np.int32).max, size=2))
    if cv is None:
        cv = RepeatedKFold(n_splits=2, n_repeats=5, random_state=split_seed)
    elif isinstance(cv, Integral):
        cv = KFold(int(cv), shuffle=True, random_state=split_seed)
    splits = cross_validate(
        seeded(with_predict(estimator), seed),
        X,
        scoring=PredictionStrengthScorer(criterion="strength", random_state=seed),
        cv=check_cv(cv),
        n_jobs=n_jobs,
        error_score="raise",
    )["test_score"]
    return PredictionStrength(float(splits.mean()), float(splits.std()), splits)
