"""Information given a third sample, and of more than two samples, by neighbours."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.utils.validation import check_consistent_length

from .._array import array_namespace, asarray_like, is_numpy_array, to_numpy
from .._sklearn import Interval, StrOptions, validate_params
from .._validation import as_table
from ._ksg import TIED, check_neighbors, ksg_terms, warn_of_ties
from ._marginals import (
    MARGINALS,
    as_columns,
    drop_constant_columns,
    tied_share,
    transform_marginals,
)
from ._mixed import mixed_terms
from ._neighbors import digamma_table, neighbor_counts
from ._neighbors_array import METRICS
from ._result import UNITS, MIResult, is_reliable

__all__ = ["conditional_mutual_info", "multi_information"]

CONSTRAINTS = {
    "n_neighbors": [Interval(Integral, 1, None, closed="left")],
    "metric": [StrOptions(set(METRICS))],
    "marginals": [StrOptions(set(MARGINALS))],
    "units": [StrOptions(set(UNITS))],
    "n_jobs": [Integral, None],
}


@validate_params(
    {"X": ["array-like"], "y": ["array-like"], "z": ["array-like"], **CONSTRAINTS},
    prefer_skip_nested_validation=True,
)
def conditional_mutual_info(
    X,
    y,
    z,
    *,
    n_neighbors=3,
    metric="chebyshev",
    marginals="normal_score",
    units="nats",
    n_jobs=None,
):
    """Mutual information of two samples that a third one does not explain.

    Parameters
    ----------
    X : array-like of shape (n_samples,) or (n_samples, n_features)
        First sample.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Second sample.
    z : array-like of shape (n_samples,) or (n_samples, n_conditions)
        What is known: the information of X and y given z.
    n_neighbors : int, default=3
        Number k. More have less variance and more bias.
    metric : {"chebyshev", "euclidean"}, default="chebyshev"
        Distance within each of the three; the joint one is the largest of them.
    marginals : {"none", "standard", "normal_score", "rank"}, default="normal_score"
        Map of every column, as in :class:`KSGMutualInfo`.
    units : {"nats", "bits"}, default="nats"
        Of the result.
    n_jobs : int or None, default=None
        Threads, by joblib. The result does not depend on it.

    Returns
    -------
    result : MIResult
        Without interval and p-value.

    Raises
    ------
    ValueError
        If lengths differ, there are NaN or infinite entries, or `n_neighbors` is not
        less than n_samples - 1.

    Warns
    -----
    TiedValuesWarning
        Where more than 5 % of the values of a column repeat, and a formula for mixed
        variables is used.
    DegenerateDataWarning
        Where columns are constant; they are left out.

    Notes
    -----
    ψ(k) minus the mean of ψ(n_xz + 1) + ψ(n_yz + 1) - ψ(n_z + 1), with n the numbers of
    rows nearer in (X, z), (y, z) and z than the k-th neighbour is in all three [1]_.
    Where the k-th neighbour is at the same place, k and n are numbers of rows there
    [2]_. The estimate is drawn towards zero when z has many columns. Cost as of
    :class:`KSGMutualInfo`.

    References
    ----------
    .. [1] S. Frenzel and B. Pompe, "Partial mutual information for coupling analysis of
       multivariate time series", Physical Review Letters 99 (2007).
       :doi:`10.1103/PhysRevLett.99.204101`
    .. [2] O. C. Mesner and C. R. Shalizi, "Conditional mutual information estimation
       for mixed, discrete and continuous data", IEEE Transactions on Information
       Theory 67 (2021). :doi:`10.1109/TIT.2020.3024886`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.information import conditional_mutual_info
    >>> rng = np.random.RandomState(0)
    >>> z = rng.standard_normal(2000)
    >>> X, y = z + rng.standard_normal((2, 2000))  # related by z alone
    >>> float(conditional_mutual_info(X, y, z)) < 0.05
    True
    """
    samples, tied, notes = _prepare({"X": X, "y": y, "z": z}, marginals, n_neighbors)
    X, y, z = samples
    n, k = X.shape[0], n_neighbors
    settings = {"metric": metric, "n_jobs": n_jobs}
    if 0 in (X.shape[1], y.shape[1]):
        terms, notes = np.zeros(n), (*notes, "no_signal")
    elif z.shape[1] == 0:
        terms = (mixed_terms if tied else ksg_terms)([X, y], k, **settings)
    else:
        found = neighbor_counts(
            [X, y, z],
            k,
            groups=[[0, 2], [1, 2], [2]],
            rule="mixed" if tied else "strict",
            **settings,
        )
        psi = digamma_table(n)
        in_xz, in_yz, in_z = psi[to_numpy(found.counts) + 1].T
        terms = psi[to_numpy(found.n_joint)] - in_xz - in_yz + in_z
    params = {"n_neighbors": k, "metric": metric, "marginals": marginals}
    return _result(terms, "ConditionalKSG", params, notes, units)


@validate_params(
    {
        "variables": ["array-like"],
        **CONSTRAINTS,
        "method": [StrOptions({"ksg1", "ksg2"})],
    },
    prefer_skip_nested_validation=True,
)
def multi_information(
    variables,
    *,
    n_neighbors=3,
    method="ksg1",
    metric="chebyshev",
    marginals="normal_score",
    units="nats",
    n_jobs=None,
):
    """Multi-information (total correlation) of two or more samples.

    How far the joint distribution is from independence of the samples: the sum of their
    entropies less the joint entropy; for two samples, their mutual information.

    Parameters
    ----------
    variables : list of array-like, or array-like of shape (n_samples, n_features)
        A list or tuple of samples of the same observations, of shape (n_samples,) or
        (n_samples, d_v) each; or one table, whose columns are the variables.
    n_neighbors : int, default=3
        Number k. More have less variance and more bias.
    method : {"ksg1", "ksg2"}, default="ksg1"
        Kraskov's first or second estimator.
    metric : {"chebyshev", "euclidean"}, default="chebyshev"
        Distance within each sample; the joint one is the largest of them.
    marginals : {"none", "standard", "normal_score", "rank"}, default="normal_score"
        Map of every column, as in :class:`KSGMutualInfo`.
    units : {"nats", "bits"}, default="nats"
        Of the result.
    n_jobs : int or None, default=None
        Threads, by joblib. The result does not depend on it.

    Returns
    -------
    result : MIResult
        Without interval and p-value.

    Raises
    ------
    ValueError
        If there are less than two variables, lengths differ, there are NaN or infinite
        entries, an array has not two dimensions, or `n_neighbors` is not less than
        n_samples - 1.

    Warns
    -----
    TiedValuesWarning
        Where more than 5 % of the values of a column repeat, and a formula for mixed
        variables is used.
    DegenerateDataWarning
        Where columns are constant; they are left out.

    Notes
    -----
    With m samples, ψ(k) + (m - 1) ψ(n) minus the mean of Σ_v ψ(n_v + 1), n_v the number
    of rows nearer in sample v than the k-th neighbour is in all [1]_. Cost as of
    :class:`KSGMutualInfo`.

    References
    ----------
    .. [1] A. Kraskov, H. Stögbauer and P. Grassberger, "Estimating mutual
       information", Physical Review E 69 (2004). :doi:`10.1103/PhysRevE.69.066138`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.information import multi_information
    >>> x, y, z = np.random.RandomState(0).standard_normal((3, 2000))
    >>> float(multi_information([x, y, z])) < 0.05
    True
    >>> table = np.column_stack([x, y, x + z])
    >>> float(multi_information(table)) > 0.25  # log(2) / 2 = 0.35
    True
    """
    if not isinstance(variables, (list, tuple)):
        table = as_table(variables)
        variables = [table[:, v] for v in range(table.shape[1])]
    if len(variables) < 2:
        raise ValueError(
            f"multi_information needs two variables or more, got {len(variables)}."
        )
    named = {f"variables[{v}]": x for v, x in enumerate(variables)}
    samples, tied, notes = _prepare(named, marginals, n_neighbors)
    n = samples[0].shape[0]
    samples = [x for x in samples if x.shape[1]]
    settings = {"metric": metric, "n_jobs": n_jobs}
    if len(samples) < 2:
        terms, notes = np.zeros(n), (*notes, "no_signal")
    elif tied:
        terms = mixed_terms(samples, n_neighbors, **settings)
    else:
        terms = ksg_terms(samples, n_neighbors, method=method, **settings)
    params = {"n_neighbors": n_neighbors, "method": method}
    params |= {"metric": metric, "marginals": marginals}
    return _result(terms, "KSG", params, notes, units)


def _prepare(named, marginals, n_neighbors):
    """Validate samples and map their columns, on the host; bring them back.

    Returns
    -------
    samples : list of array of shape (n, d_v), float64
        Without constant columns.
    tied : bool
        Whether a formula for mixed variables is called for.
    notes : tuple of str
    """
    tables = [as_table(as_columns(x)) for x in named.values()]
    check_consistent_length(*tables)
    check_neighbors(n_neighbors, tables[0].shape[0])
    samples, notes, share = [], [], 0.0
    for name, table in zip(named, tables, strict=True):
        x, lost = drop_constant_columns(to_numpy(table), name)
        if lost:
            notes.append("constant_columns")
        if x.shape[1]:
            share = max(share, tied_share(x))
            x = transform_marginals(x, marginals)
        if not is_numpy_array(table):
            x = asarray_like(x, table, dtype=array_namespace(table).float64)
        samples.append(x)
    if share > TIED:
        notes.append("ties")
        warn_of_ties(
            f"{share:.0%} of the values of a column occur more than once: the "
            "estimate is one for discrete, continuous and mixed variables."
        )
    return samples, share > TIED, tuple(dict.fromkeys(notes))


def _result(terms, method, params, notes, units):
    value = float(np.mean(terms)) * UNITS[units]
    return MIResult(
        estimate=max(0.0, value),
        raw=value,
        n=len(terms),
        method=method,
        params=params,
        flags=notes,
        reliable=is_reliable(notes),
        units=units,
    )
