"""Selection of features that tell much of the target and little of each other."""

from __future__ import annotations

import warnings
from numbers import Integral

import numpy as np
from sklearn.feature_selection import SelectorMixin
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from .._estimator import Estimator
from .._sklearn import Interval, RealNotInt, StrOptions, fit_context
from .._validation import discrete_mask, refuse_dask
from ..exceptions import TiedValuesWarning
from ._marginals import on_host
from ._screening import mutual_info_classif, mutual_info_regression

__all__ = ["MinRedundancyMaxRelevance"]

LEAST_REDUNDANCY = 1e-3
"""Nats below which a redundancy is noise, and no divisor."""

SCHEMES = {
    "difference": lambda relevance, redundancy: relevance - redundancy,
    "quotient": lambda relevance, redundancy: (
        relevance / np.maximum(redundancy, LEAST_REDUNDANCY)
    ),
}


def select(relevance, information_with, n_features, scheme):
    """Choose features one by one, each the best beside those chosen before.

    Parameters
    ----------
    relevance : ndarray of shape (p,)
        Information about the target.
    information_with : callable
        ``information_with(candidates, j)`` gives the information that each of the
        candidates, an array of numbers of features, shares with feature j.
    n_features : int
        How many to choose.
    scheme : {"difference", "quotient"}

    Returns
    -------
    order : ndarray of shape (n_features,)
        Those chosen, the first one first.
    scores, redundancy : ndarray of shape (p,)
        Of those chosen when they were, of the others beside all but the last of them.
    """
    combine = SCHEMES[scheme]
    left = np.arange(len(relevance))
    scores, redundancy = relevance.copy(), np.zeros(len(relevance))
    order = [int(np.argmax(relevance))]
    for n_chosen in range(1, n_features):
        left = left[left != order[-1]]
        shared = information_with(left, order[-1])
        redundancy[left] += (shared - redundancy[left]) / n_chosen
        scores[left] = combine(relevance[left], redundancy[left])
        order.append(int(left[np.argmax(scores[left])]))
    return np.array(order), scores, redundancy


class MinRedundancyMaxRelevance(SelectorMixin, Estimator):
    """Select features with much information on the target and little on each other.

    The most relevant features are often copies of each other. Here features are chosen
    one by one: each has the largest information about the target, less the mean of the
    information it shares with the features chosen before.

    Parameters
    ----------
    n_features_to_select : int or float, default=None
        How many features to keep, or which share of them. None keeps a half.
    scheme : {"difference", "quotient"}, default="difference"
        How relevance and redundancy make a score. "quotient" divides, by 0.001 nats at
        least; it forgives redundancy where relevance is large.
    target_type : {"auto", "continuous", "discrete"}, default="auto"
        What `y` is. "auto" decides as :func:`sklearn.utils.multiclass.type_of_target`
        does: strings, booleans and whole numbers are classes. Pass "continuous" for
        counts.
    discrete_features : "auto", bool or array-like of shape (n_features,) or \
(n_discrete,), default="auto"
        Which features are discrete: all, none, a mask or their numbers. "auto" is none.
    n_neighbors : int, default=3
        Neighbours of the estimates of mutual information.
    n_jobs : int, default=None
        Threads over features. Results do not depend on it; nothing is random.

    Attributes
    ----------
    support_ : ndarray of shape (n_features_in_,), bool
        Features kept.
    ranking_ : ndarray of shape (n_features_in_,)
        1 for the feature chosen first, and so on; those not kept follow by their
        scores.
    scores_ : ndarray of shape (n_features_in_,)
        Score of each feature when it was chosen; of the others beside all features kept
        but the last. Of the first one, its relevance.
    relevance_ : ndarray of shape (n_features_in_,)
        Mutual information with the target in nats.
    redundancy_ : ndarray of shape (n_features_in_,)
        Mean mutual information with the features it was compared with, in nats.
    n_features_ : int
        Number of features kept.
    target_type_ : {"continuous", "discrete"}
        As what `y` was taken.
    n_features_in_ : int
        Number of features of X in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where X has names.

    Warns
    -----
    TiedValuesWarning
        Where more than 5 % of the values of a continuous column repeat.
    DegenerateDataWarning
        Where features are constant: their scores are 0.

    See Also
    --------
    mutual_info_regression : Relevance alone, for ``SelectKBest``.
    mutual_info_classif : The same for classes.

    Notes
    -----
    With I(x; y) the relevance and S the features chosen, the next feature x maximises
    ``I(x; y) - mean_{s in S} I(x; s)``, or the quotient of the two [1]_. Information
    with a feature is estimated once it is chosen and for those still left: for k of p
    features that is 1 + (k - 1) times one column against many, and never the whole
    p x p matrix.

    A feature that matters only together with another one, as in an exclusive or, has no
    relevance by itself and is not found.

    References
    ----------
    .. [1] H. Peng, F. Long and C. Ding, "Feature selection based on mutual information:
       criteria of max-dependency, max-relevance, and min-redundancy", IEEE Transactions
       on Pattern Analysis and Machine Intelligence 27 (2005).
       :doi:`10.1109/TPAMI.2005.159`

    Examples
    --------
    Of three features the second repeats the first, and the third is weaker but new:

    >>> import numpy as np
    >>> from skspace.information import MinRedundancyMaxRelevance
    >>> rng = np.random.RandomState(0)
    >>> a, b, e = rng.standard_normal((3, 500))
    >>> X = np.stack([a, a + 0.3 * e, b], axis=1)
    >>> y = 1.5 * a + b
    >>> selector = MinRedundancyMaxRelevance(n_features_to_select=2).fit(X, y)
    >>> selector.get_support()
    array([ True, False,  True])
    >>> selector.relevance_.round(1)
    array([0.6, 0.5, 0.2])
    """

    _parameter_constraints = {
        "n_features_to_select": [
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="neither"),
            None,
        ],
        "scheme": [StrOptions(set(SCHEMES))],
        "target_type": [StrOptions({"auto", "continuous", "discrete"})],
        "discrete_features": [StrOptions({"auto"}), "boolean", "array-like"],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        n_features_to_select=None,
        *,
        scheme="difference",
        target_type="auto",
        discrete_features="auto",
        n_neighbors=3,
        n_jobs=None,
    ):
        self.n_features_to_select = n_features_to_select
        self.scheme = scheme
        self.target_type = target_type
        self.discrete_features = discrete_features
        self.n_neighbors = n_neighbors
        self.n_jobs = n_jobs

    @fit_context
    def fit(self, X, y):
        """Choose the features.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,)
            Target: numbers or classes.

        Returns
        -------
        self : MinRedundancyMaxRelevance
            The fitted selector.
        """
        refuse_dask(self, X)
        X, y = validate_data(
            self,
            on_host(X),
            on_host(y),
            dtype=np.float64,
            multi_output=True,
            ensure_min_samples=2,
        )
        y, self.target_type_ = self._target(y)
        n_features = X.shape[1]
        self.n_features_ = self._number(n_features)
        discrete = discrete_mask(self.discrete_features, n_features)
        varies = np.any(X[:1] != X, axis=0)

        def information(candidates, target, target_is_discrete):
            estimate = mutual_info_regression
            if target_is_discrete:
                estimate = mutual_info_classif
            return estimate(
                X[:, candidates],
                target,
                discrete_features=discrete[candidates],
                n_neighbors=self.n_neighbors,
                n_jobs=self.n_jobs,
            )

        def information_with(candidates, j):
            shared = np.zeros(len(candidates))
            vary = varies[candidates]
            if varies[j] and np.any(vary):
                target = X[:, j]
                if discrete[j]:
                    target = np.unique(target, return_inverse=True)[1]
                with warnings.catch_warnings():  # given with the relevance
                    warnings.simplefilter("ignore", TiedValuesWarning)
                    shared[vary] = information(candidates[vary], target, discrete[j])
            return shared

        self.relevance_ = information(
            np.arange(n_features), y, self.target_type_ == "discrete"
        )
        order, self.scores_, self.redundancy_ = select(
            self.relevance_, information_with, self.n_features_, self.scheme
        )
        self.support_ = np.zeros(n_features, dtype=bool)
        self.support_[order] = True
        rest = np.flatnonzero(~self.support_)
        rest = rest[np.argsort(-self.scores_[rest], kind="stable")]
        self.ranking_ = np.empty(n_features, dtype=np.int64)
        self.ranking_[np.concatenate([order, rest])] = np.arange(1, n_features + 1)
        return self

    def _target(self, y):
        """Return the target as numbers, and what it is."""
        y = column_or_1d(y, warn=True)
        kind = self.target_type
        if kind == "auto":
            with np.errstate(invalid="ignore"):  # large y become no integers
                found = type_of_target(y, input_name="y")
            kind = "discrete" if found in ("binary", "multiclass") else "continuous"
        if kind == "discrete":
            return np.unique(y, return_inverse=True)[1], kind
        try:
            return y.astype(np.float64), kind
        except ValueError:
            raise ValueError(
                f"A continuous y must be numeric, got dtype {y.dtype}; use "
                "target_type='discrete'."
            ) from None

    def _number(self, n_features):
        """Return how many features to keep."""
        wanted = self.n_features_to_select
        if wanted is None:
            return max(1, n_features // 2)
        if isinstance(wanted, Integral):
            if wanted > n_features:
                raise ValueError(
                    f"n_features_to_select={wanted} must be at most the number of "
                    f"features, {n_features}."
                )
            return int(wanted)
        return max(1, int(wanted * n_features))

    def _get_support_mask(self):
        check_is_fitted(self)
        return self.support_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags
