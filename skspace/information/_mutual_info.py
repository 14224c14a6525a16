"""Mutual information in one call, by the estimator that suits the data."""

from __future__ import annotations

from sklearn.base import clone

from .._sklearn import HasMethods, StrOptions, validate_params
from ._automatic import ESTIMATORS, _AutomaticMutualInfo
from ._marginals import as_columns
from ._result import UNITS

__all__ = ["mutual_info"]


@validate_params(
    {
        "estimator": [StrOptions({"auto", *ESTIMATORS}), HasMethods(["fit"])],
        "units": [StrOptions(set(UNITS))],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=False,  # parameters of the estimator are the user's
)
def mutual_info(X, y, *, estimator="auto", units="nats", random_state=None, **params):
    """Estimate the mutual information of two samples, with its error and its flags.

    Parameters
    ----------
    X : array-like of shape (n_samples,) or (n_samples, n_features)
        First sample.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Second sample: numbers, row i belonging to row i of `X`.
    estimator : str or estimator, default="auto"
        A name, or an instance, which is cloned:

        - "gaussian": :class:`GaussianMutualInfo`, for jointly normal variables;
        - "copula": :class:`GaussianCopulaMutualInfo`, the same for any marginals;
        - "ksg": :class:`KSGMutualInfo`, nearest neighbours;
        - "mixed": the same for variables with repeated values;
        - "canonical": :class:`CanonicalMutualInfo`, nearest neighbours on canonical
          variates;
        - "neural": :class:`NeuralMutualInfo`, a trained critic: slow, and the best
          where many columns depend in a way that bends;
        - "auto": "mixed", "copula", "canonical" or "ksg", see Notes.
    units : {"nats", "bits"}, default="nats"
        Of the result.
    random_state : int, RandomState instance or None, default=None
        Draws chunks, permutations and networks.
    **params
        Other parameters of the estimator. All, "auto" included, take
        `confidence_level` (default 0.95; None saves the time for the interval),
        `n_permutations` (default 0: no p-value where it is not free) and `n_jobs`.

    Returns
    -------
    result : MIResult
        ``result.estimate``, ``result.ci``, ``result.reliable``, ``result.flags``;
        ``result.explain()`` says what flags mean, and why "auto" chose what it chose.

    Raises
    ------
    ValueError
        If lengths differ, values are not finite numbers, samples are too few for the
        estimator, or it has no such parameter.

    See Also
    --------
    ReliableMutualInfo : Tries harder to refute an estimate.
    mutual_info_regression : Every column of X against y, for feature selection.
    skspace.metrics.distance_correlation : A measure of dependence without units.

    Notes
    -----
    "auto" works on normal scores, and excludes one estimator after another:

    1. If more than 1 % of the values of a column repeat: "mixed".
    2. If Mardia's kurtosis of the canonical variates does not refute joint normality
       at level 0.01, and neighbours do not see more than the Gaussian copula by three
       standard errors: "copula", which has no bias then and the smallest error.
    3. Otherwise nearest neighbours, on the leading canonical pairs ("canonical") where
       these see more than all columns do by three standard errors of the difference, or
       else on all columns ("ksg"). Both are low rather than high.

    With few samples a test refutes little: the copula is taken more often. A p-value by
    permutations repeats the choice. The interval is that of the method chosen. Neural
    critics are never chosen, for the time they take; where the value still moves with
    the number of samples the reason recommends them.

    Cost: about three estimates by neighbours, see :class:`KSGMutualInfo`, and the
    interval twice to nine times the estimate chosen.

    References
    ----------
    A. Kraskov, H. Stögbauer and P. Grassberger, "Estimating mutual information",
    Physical Review E 69 (2004). :doi:`10.1103/PhysRevE.69.066138`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.information import mutual_info
    >>> x, e = np.random.RandomState(0).standard_normal((2, 2000))
    >>> result = mutual_info(x, x + e, random_state=0)  # log(2) / 2 = 0.347
    >>> result.method, result.ci.low < 0.347 < result.ci.high
    ('copula', True)
    >>> mutual_info(x, np.cos(2 * x) + 0.3 * e, random_state=0).method
    'ksg'
    """
    if isinstance(estimator, str):
        made = _AutomaticMutualInfo if estimator == "auto" else ESTIMATORS[estimator]
        model = made(units=units)
    else:
        model = clone(estimator).set_params(units=units)
    if random_state is not None:
        params = params | {"random_state": random_state}
    model.set_params(**params)
    return model.fit(as_columns(X), y).result_
