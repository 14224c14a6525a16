"""Gaps between groups: parity, equalised odds, and distributions of scores."""

from __future__ import annotations

import numpy as np

from .._array import is_array_api_obj, to_numpy
from ..linalg._slices import assign_slices, numbers_if_all, slice_response

__all__ = [
    "demographic_parity_difference",
    "equalized_odds_difference",
    "kolmogorov_smirnov_difference",
]

MOST_GROUPS = 10
"""Numbers with more distinct values than this are a continuous attribute."""
LARGEST = 1e290
"""Largest score."""
METHODS = ("between_groups", "to_overall")


def demographic_parity_difference(
    y_true, y_pred, *, sensitive_features, sample_weight=None, method="between_groups"
):
    """Largest difference between groups in the mean prediction.

    With predictions 0 and 1 that is the difference of selection rates, 0 where the
    share of positive predictions is the same in each group.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Not used but for its length; scorers pass it.
    y_pred : array-like of shape (n_samples,)
        Decisions 0 and 1 (or -1 and 1, booleans), or scores.
    sensitive_features : array-like of shape (n_samples,) or (n_samples, n_attributes)
        Group of each sample. Groups of several attributes are the combinations of
        their groups. Numbers with more than 10 distinct values are cut at quartiles.
    sample_weight : array-like of shape (n_samples,), default=None
        How often each sample counts.
    method : {"between_groups", "to_overall"}, default="between_groups"
        Largest difference between two groups, or between a group and all samples.

    Returns
    -------
    difference : float
        In [0, 1] for decisions, in the units of the scores otherwise. 0.0 where there
        is one group only.

    Raises
    ------
    ValueError
        If lengths disagree, an input is empty or holds missing values, predictions
        are no real numbers below 1e290, weights are negative or all zero, or `method`
        is unknown.

    See Also
    --------
    equalized_odds_difference : The same within each true class.
    kolmogorov_smirnov_difference : Whole distributions of scores, not means.

    Notes
    -----
    The value is that of fairlearn's function of this name for decisions in {0, 1} or
    {-1, 1} and attributes of at most 10 values. It differs for other predictions,
    where fairlearn takes the share of predictions that equal 1, and for attributes of
    many numbers, each of which fairlearn makes a group. Cost O(n log n).

    References
    ----------
    C. Dwork, M. Hardt, T. Pitassi, O. Reingold and R. Zemel, "Fairness through
    awareness", ITCS (2012). :doi:`10.1145/2090236.2090255`

    Examples
    --------
    >>> from skspace.metrics import demographic_parity_difference
    >>> sex = ["f", "f", "f", "f", "m", "m", "m", "m"]
    >>> y_true = [1, 0, 1, 0, 1, 1, 0, 0]
    >>> y_pred = [1, 0, 0, 0, 1, 1, 1, 0]
    >>> demographic_parity_difference(y_true, y_pred, sensitive_features=sex)
    0.5
    """
    _, y_pred, groups, weights = _check(
        y_true, y_pred, sensitive_features, sample_weight, method
    )
    return _spread(y_pred, groups, weights, method)


def equalized_odds_difference(
    y_true, y_pred, *, sensitive_features, sample_weight=None, method="between_groups"
):
    """Largest difference between groups in the mean prediction within a true class.

    With two classes and predictions 0 and 1 that is the larger of the differences of
    true and of false positive rates.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True classes, of any sortable kind.
    y_pred : array-like of shape (n_samples,)
        Decisions 0 and 1 (or -1 and 1, booleans), or scores.
    sensitive_features : array-like of shape (n_samples,) or (n_samples, n_attributes)
        Group of each sample. Groups of several attributes are the combinations of
        their groups. Numbers with more than 10 distinct values are cut at quartiles.
    sample_weight : array-like of shape (n_samples,), default=None
        How often each sample counts.
    method : {"between_groups", "to_overall"}, default="between_groups"
        Largest difference between two groups, or between a group and all samples of
        the class.

    Returns
    -------
    difference : float
        In [0, 1] for decisions, in the units of the scores otherwise. A group without
        samples of a class plays no part there; 0.0 where no class has two groups.

    Raises
    ------
    ValueError
        As :func:`demographic_parity_difference`, and where `y_true` has more than 10
        distinct numbers, which are no classes.

    See Also
    --------
    demographic_parity_difference : Without regard to the true class.

    Notes
    -----
    The value is that of fairlearn's function of this name, under the conditions named
    in :func:`demographic_parity_difference`, where each group has samples of both
    classes; fairlearn counts the rate of a group without any as 0. Cost O(n log n).

    References
    ----------
    M. Hardt, E. Price and N. Srebro, "Equality of opportunity in supervised learning",
    Advances in Neural Information Processing Systems 29 (2016). :arxiv:`1610.02413`

    Examples
    --------
    >>> from skspace.metrics import equalized_odds_difference
    >>> sex = ["f", "f", "f", "f", "m", "m", "m", "m"]
    >>> y_true = [1, 0, 1, 0, 1, 1, 0, 0]
    >>> y_pred = [1, 0, 0, 0, 1, 1, 1, 0]
    >>> equalized_odds_difference(y_true, y_pred, sensitive_features=sex)
    0.5
    """
    y_true, y_pred, groups, weights = _check(
        y_true, y_pred, sensitive_features, sample_weight, method
    )
    classes, codes = np.unique(y_true, return_inverse=True)
    if y_true.dtype.kind in "iuf" and len(classes) > MOST_GROUPS:
        raise ValueError(
            f"y_true has {len(classes)} distinct numbers; equalised odds are a "
            "statement about classes. Bin it first, or use "
            "demographic_parity_difference."
        )
    parts = [codes == c for c in range(len(classes))]
    return max(_spread(y_pred[i], groups[i], weights[i], method) for i in parts)


def kolmogorov_smirnov_difference(
    y_true, y_pred, *, sensitive_features, sample_weight=None
):
    """Largest Kolmogorov-Smirnov distance between the scores of two groups.

    Parity of means at one threshold can hide differences at others; this is the
    largest parity gap that *any* threshold on the scores would have.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Not used but for its length; scorers pass it.
    y_pred : array-like of shape (n_samples,)
        Scores.
    sensitive_features : array-like of shape (n_samples,) or (n_samples, n_attributes)
        Group of each sample. Groups of several attributes are the combinations of
        their groups. Numbers with more than 10 distinct values are cut at quartiles.
    sample_weight : array-like of shape (n_samples,), default=None
        How often each sample counts.

    Returns
    -------
    distance : float
        In [0, 1]; 0 for equal distributions, 1 where a threshold separates two
        groups, 0.0 where there is one group only.

    Raises
    ------
    ValueError
        As :func:`demographic_parity_difference`.

    Notes
    -----
    Cost O(n log n + n g) for g groups.

    Examples
    --------
    >>> from skspace.metrics import kolmogorov_smirnov_difference
    >>> kolmogorov_smirnov_difference(
    ...     [0, 1, 0, 1], [0.1, 0.7, 0.2, 0.9], sensitive_features=["a", "a", "b", "b"]
    ... )
    0.5
    """
    _, y_pred, groups, weights = _check(
        y_true, y_pred, sensitive_features, sample_weight, METHODS[0]
    )
    order = np.argsort(y_pred, kind="stable")
    y_pred, groups, weights = y_pred[order], groups[order], weights[order]
    last = np.append(y_pred[1:] != y_pred[:-1], True)  # equal scores step together
    highest, lowest = np.zeros(last.sum()), np.ones(last.sum())
    for g in np.unique(groups):
        own = np.where(groups == g, weights, 0.0)
        below = np.cumsum(own)[last] / own.sum()
        highest, lowest = np.maximum(highest, below), np.minimum(lowest, below)
    return float(np.max(highest - lowest))


def _spread(y_pred, groups, weights, method):
    """Difference of the means of groups; groups without samples are not there."""
    total = np.bincount(groups, weights)
    present = total > 0
    if np.count_nonzero(present) < 2:
        return 0.0
    means = np.bincount(groups, weights * y_pred)[present] / total[present]
    if method == "to_overall":
        overall = weights @ y_pred / weights.sum()
        return float(np.max(np.abs(means - overall)))
    return float(np.max(means) - np.min(means))


def _check(y_true, y_pred, sensitive_features, sample_weight, method):
    """Host arrays of the samples whose weight is not zero; groups are numbers."""
    if method not in METHODS:
        raise ValueError(
            f"method must be 'between_groups' or 'to_overall', got {method!r}."
        )
    y_true, y_pred = _column(y_true, "y_true"), _column(y_pred, "y_pred")
    if y_pred.dtype.kind not in "biuf":
        raise ValueError(
            f"y_pred must be decisions 0 and 1, or scores, got dtype {y_pred.dtype}; "
            "encode classes as 0 and 1 first."
        )
    y_pred = y_pred.astype(np.float64)
    if np.all(np.abs(y_pred) == 1):  # decisions -1 and 1
        y_pred = (y_pred > 0).astype(np.float64)
    attribute = _host(sensitive_features, "sensitive_features")
    weights = np.ones(len(y_pred))
    if sample_weight is not None:
        weights = _column(sample_weight, "sample_weight").astype(np.float64)
    for name, values in (
        ("y_true", y_true),
        ("sensitive_features", attribute),
        ("sample_weight", weights),
    ):
        if len(values) != len(y_pred):
            raise ValueError(
                f"{name} and y_pred must describe the same samples, got {len(values)} "
                f"and {len(y_pred)} rows."
            )
    if np.any(weights < 0) or not np.any(weights > 0):
        raise ValueError("sample_weight must not be negative, nor zero throughout.")
    if np.max(np.abs(y_pred)) > LARGEST:
        raise ValueError(
            f"y_pred has entries beyond {LARGEST:g}, whose sums overflow; divide the "
            "scores by a constant."
        )
    seen, weights = weights > 0, weights / np.max(weights)
    groups = _groups(attribute[seen], weights[seen])
    return y_true[seen], y_pred[seen], groups, weights[seen]


def _groups(attribute, weights):
    """Give each sample the number of its group, among all combinations."""
    table = attribute[:, None] if attribute.ndim == 1 else attribute
    codes = np.zeros(len(table), dtype=np.int64)
    for column in table.T:
        column = numbers_if_all(column)
        many = column.dtype.kind in "iuf" and len(np.unique(column)) > MOST_GROUPS
        rule = slice_response(
            column,
            4,
            "continuous" if many else "discrete",
            min_slice=1,
            weights=weights if many else None,
        )
        codes = codes * rule.n_slices + assign_slices(rule, column)
        codes = np.unique(codes, return_inverse=True)[1]  # numbers stay small
    return codes


def _column(x, name):
    x = _host(x, name)
    if x.ndim == 2 and x.shape[1] == 1:
        x = x[:, 0]
    if x.ndim != 1:
        raise ValueError(f"{name} must have shape (n_samples,), got {x.shape}.")
    return x


def _host(x, name):
    """Array on the host without missing values."""
    x = to_numpy(x) if is_array_api_obj(x) else np.asarray(x)
    x = numbers_if_all(x)
    if x.ndim not in (1, 2) or 0 in x.shape:
        raise ValueError(f"{name} is empty or has shape {x.shape}.")
    if x.dtype.kind == "O":
        missing = any(v is None or _is_nan(v) for v in x.ravel())
    else:
        missing = x.dtype.kind == "f" and not np.all(np.isfinite(x))
    if missing:
        raise ValueError(
            f"{name} contains missing values or infinity; leave these samples out, or "
            "make missing values a group of their own."
        )
    if x.dtype.kind == "O":
        for column in x.reshape(len(x), -1).T:
            try:
                np.unique(column)
            except TypeError:
                kinds = ", ".join(sorted({type(v).__name__ for v in column}))
                raise ValueError(
                    f"{name} mixes values of types {kinds}, which cannot be ordered; "
                    "convert them to one type, for example to str."
                ) from None
    return x


def _is_nan(value):
    try:
        return bool(value != value)
    except TypeError:  # pandas' NA is neither
        return True
