"""Information of every feature about one target, with scikit-learn's signatures."""

from __future__ import annotations

from numbers import Integral

import numpy as np
import scipy.sparse as sp
from sklearn.metrics import mutual_info_score
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_X_y

from .._sklearn import Interval, StrOptions, validate_params
from .._validation import discrete_mask
from ..graph._threads import count_threads, thread_map
from ._discrete import discrete_terms
from ._ksg import TIED, check_neighbors, ksg_terms, warn_of_ties
from ._marginals import drop_constant_columns, in_range, on_host, tied_share
from ._mixed import mixed_terms
from ._neighbors import SortedColumn

__all__ = ["mutual_info_classif", "mutual_info_regression"]

CONSTRAINTS = {
    "X": ["array-like", "sparse matrix"],
    "y": ["array-like"],
    "discrete_features": [StrOptions({"auto"}), "boolean", "array-like"],
    "n_neighbors": [Interval(Integral, 1, None, closed="left")],
    "copy": ["boolean"],
    "random_state": ["random_state"],
    "n_jobs": [Integral, None],
}


@validate_params(CONSTRAINTS, prefer_skip_nested_validation=True)
def mutual_info_regression(
    X,
    y,
    *,
    discrete_features="auto",
    n_neighbors=3,
    copy=True,
    random_state=None,
    n_jobs=None,
):
    """Mutual information of every feature and a continuous target.

    Takes the place of :func:`sklearn.feature_selection.mutual_info_regression`, whose
    values it gives on continuous columns, several times faster; where values repeat it
    takes an estimator that allows for it in place of random noise.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Features; a sparse matrix holds discrete ones only.
    y : array-like of shape (n_samples,)
        Target, continuous.
    discrete_features : {"auto", bool, array-like}, default="auto"
        Whether all features are discrete, or which: a mask or their indices. "auto"
        takes those of dense X as continuous and those of sparse X as discrete.
    n_neighbors : int, default=3
        Neighbours for continuous variables. More have less variance and more bias.
    copy : bool, default=True
        No effect: X is never written to.
    random_state : int, RandomState instance or None, default=None
        No effect: nothing is random.
    n_jobs : int or None, default=None
        Threads over features, by joblib. Results do not depend on it.

    Returns
    -------
    information : ndarray of shape (n_features,), float64
        In nats, at least 0; that of constant features is 0.

    Raises
    ------
    ValueError
        If lengths differ, there are NaN or infinite entries, a sparse X is to hold
        continuous features, `discrete_features` does not fit the features, or
        `n_neighbors` is not less than n_samples - 1.

    Warns
    -----
    TiedValuesWarning
        Where more than 5 % of the values of a continuous column repeat.
    DegenerateDataWarning
        Where features are constant, or y is: all information is 0 then.

    See Also
    --------
    KSGMutualInfo : Two samples of several columns, with intervals.
    mutual_info_classif : The same for classes.

    Notes
    -----
    Columns are divided by their standard deviations. Kraskov's first estimator for
    continuous features, that of Ross for discrete ones; where values repeat, that of
    Gao and others (see :class:`KSGMutualInfo` for the references).

    Cost O(n_features n log n): y is sorted once, every feature once.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.feature_selection import SelectKBest
    >>> from skspace.information import mutual_info_regression
    >>> X = np.random.RandomState(0).uniform(-1, 1, size=(500, 3))
    >>> y = X[:, 2] ** 2
    >>> SelectKBest(mutual_info_regression, k=1).fit(X, y).get_support()
    array([False, False,  True])
    """
    X, y = check_X_y(on_host(X), on_host(y), accept_sparse="csc", y_numeric=True)
    discrete = _which_discrete(discrete_features, X)
    check_neighbors(n_neighbors, len(y))
    constant = drop_constant_columns(y[:, None], "y")[1]
    target = _scaled(y)
    tied = tied_share(y[:, None]) > TIED
    ranks = SortedColumn.of(target)
    repeating = []

    def one(j):
        x = _column(X, j)
        if constant or np.all(x == x[0]):
            return 0.0
        if discrete[j]:
            terms = discrete_terms(target, _codes(x), n_neighbors, ranks=ranks)
            return _mean(terms)
        pair = [_scaled(x)[:, None], target[:, None]]
        terms_of = ksg_terms
        if tied or tied_share(x[:, None]) > TIED:
            repeating.append(j)
            terms_of = mixed_terms
        return _mean(terms_of(pair, n_neighbors, ranks={1: ranks}))

    return _all_features(one, X, repeating, n_jobs)


@validate_params(CONSTRAINTS, prefer_skip_nested_validation=True)
def mutual_info_classif(
    X,
    y,
    *,
    discrete_features="auto",
    n_neighbors=3,
    copy=True,
    random_state=None,
    n_jobs=None,
):
    """Mutual information of every feature and classes.

    Takes the place of :func:`sklearn.feature_selection.mutual_info_classif`, whose
    values it gives on continuous and on discrete columns.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Features; a sparse matrix holds discrete ones only.
    y : array-like of shape (n_samples,)
        Classes. Rows whose class occurs once are left out for continuous features.
    discrete_features : {"auto", bool, array-like}, default="auto"
        Whether all features are discrete, or which: a mask or their indices. "auto"
        takes those of dense X as continuous and those of sparse X as discrete.
    n_neighbors : int, default=3
        Neighbours within the class; fewer where the class has no more.
    copy : bool, default=True
        No effect: X is never written to.
    random_state : int, RandomState instance or None, default=None
        No effect: nothing is random.
    n_jobs : int or None, default=None
        Threads over features, by joblib. Results do not depend on it.

    Returns
    -------
    information : ndarray of shape (n_features,), float64
        In nats, at least 0; that of constant features is 0.

    Raises
    ------
    ValueError
        If lengths differ, there are NaN or infinite entries, a sparse X is to hold
        continuous features, `discrete_features` does not fit the features, or y does
        not hold classes.

    Warns
    -----
    TiedValuesWarning
        Where more than 5 % of the values of a continuous feature repeat.
    DegenerateDataWarning
        Where features are constant.

    See Also
    --------
    KSGMutualInfo : With ``discrete_target=True``: several columns, with intervals.
    mutual_info_regression : The same for a continuous target.

    Notes
    -----
    The estimator of Ross for continuous features: neighbours within the class against
    those in all. Where a row and its k-th neighbour have one value, rows with that
    value are counted instead, which for discrete columns is the plug-in estimate up to
    ψ for log. For discrete features, the plug-in estimate itself.

    Cost O(n_features n log n).

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.information import mutual_info_classif
    >>> X = np.random.RandomState(0).standard_normal((600, 2))
    >>> y = np.abs(X[:, 1]) > 0.7
    >>> mutual_info_classif(X, y).round(1)
    array([0. , 0.7])
    """
    X, y = on_host(X), on_host(y)
    with np.errstate(invalid="ignore"):  # large y become no integers
        check_classification_targets(y)
    X, y = check_X_y(X, y, accept_sparse="csc")
    discrete = _which_discrete(discrete_features, X)
    labels = _codes(y)
    repeating = []

    def one(j):
        x = _column(X, j)
        if np.all(x == x[0]):
            return 0.0
        if discrete[j]:
            return float(mutual_info_score(_codes(x), labels))
        if tied_share(x[:, None]) > TIED:
            repeating.append(j)
        x = _scaled(x)
        return _mean(discrete_terms(x, labels, n_neighbors, ranks=SortedColumn.of(x)))

    return _all_features(one, X, repeating, n_jobs)


def _all_features(one, X, repeating, n_jobs):
    """Information of every feature, then a warning of what was met."""
    n_features = X.shape[1]
    with thread_map(count_threads(n_jobs)) as threads:
        values = threads(one, range(n_features))
    if not sp.issparse(X):  # most features of sparse tables may well be empty
        drop_constant_columns(X, "X")  # for its warning
    if repeating:
        warn_of_ties(
            f"More than 5 % of the values repeat in {len(repeating)} of {n_features} "
            "features, or in y: their information is that of an estimator for mixed "
            "variables. Name features that are discrete in discrete_features."
        )
    return np.maximum(np.asarray(values, dtype=np.float64), 0.0)


def _mean(terms):
    return float(np.mean(terms)) if len(terms) else 0.0


def _scaled(x):
    """Divide by the standard deviation, as scikit-learn does."""
    x = in_range(np.asarray(x, dtype=np.float64))
    deviation = np.std(x)
    return x / deviation if deviation > 0 else x


def _codes(x):
    """Give every value its number."""
    return np.unique(x, return_inverse=True)[1]


def _column(X, j):
    return X[:, [j]].toarray()[:, 0] if sp.issparse(X) else X[:, j]


def _which_discrete(discrete_features, X):
    """Return the mask of the discrete features, which those of sparse X have to be."""
    mask = discrete_mask(discrete_features, X.shape[1], auto=sp.issparse(X))
    if sp.issparse(X) and not np.all(mask):
        raise ValueError(
            "Sparse X can't have continuous features: most of their values would be "
            "the same. Pass X.toarray(), or discrete_features=True."
        )
    return mask
