"""Differential entropy by distances to k-th neighbours (Kozachenko and Leonenko)."""

from __future__ import annotations

import math
from numbers import Integral

from scipy.special import digamma, gammaln

from .._array import array_namespace
from .._sklearn import Interval, StrOptions, validate_params
from .._validation import as_table
from ._ksg import check_neighbors
from ._marginals import as_columns
from ._neighbors import nearest_distances
from ._neighbors_array import METRICS
from ._result import UNITS

__all__ = ["differential_entropy"]


@validate_params(
    {
        "X": ["array-like"],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "metric": [StrOptions(set(METRICS))],
        "units": [StrOptions(set(UNITS))],
        "n_jobs": [Integral, None],
    },
    prefer_skip_nested_validation=True,
)
def differential_entropy(
    X, *, n_neighbors=3, metric="chebyshev", units="nats", n_jobs=None
):
    """Differential entropy of a continuous sample.

    Parameters
    ----------
    X : array-like of shape (n_samples,) or (n_samples, n_features)
        Sample. Features should have like scales: neighbours are judged by all of them.
    n_neighbors : int, default=3
        Number k. More have less variance and more bias.
    metric : {"chebyshev", "euclidean"}, default="chebyshev"
        Distance of rows.
    units : {"nats", "bits"}, default="nats"
        Of the entropy.
    n_jobs : int or None, default=None
        Threads, by joblib. The result does not depend on it.

    Returns
    -------
    entropy : float
        May be negative, and changes with the units of X: multiplying a feature by a
        adds the logarithm of its size.

    Raises
    ------
    ValueError
        If X has NaN or infinite entries, `n_neighbors` is not less than n_samples - 1,
        or a row occurs more than k times: the entropy is minus infinity then.

    Notes
    -----
    ψ(n) - ψ(k) + log c + (d / n) Σ log ε_i with ε_i the distance of row i to its k-th
    neighbour and c the volume of a ball of radius one, 2ᵈ or π^(d/2) / Γ(d/2 + 1)
    [1]_. Cost as of :class:`KSGMutualInfo`.

    References
    ----------
    .. [1] L. F. Kozachenko and N. N. Leonenko, "Sample estimate of the entropy of a
       random vector", Problems of Information Transmission 23 (1987).

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.information import differential_entropy
    >>> X = np.random.RandomState(0).uniform(0, 4, size=2000)
    >>> bool(abs(differential_entropy(X) - np.log(4)) < 0.05)
    True
    """
    X = as_table(as_columns(X))
    n, d = X.shape
    check_neighbors(n_neighbors, n)
    radius = nearest_distances(X, n_neighbors, metric=metric, n_jobs=n_jobs)
    xp = array_namespace(radius)
    if float(xp.min(radius)) == 0:
        raise ValueError(
            f"A row occurs more than n_neighbors={n_neighbors} times: X is not "
            "continuous, and its differential entropy is minus infinity. Raise "
            "n_neighbors, or count values (scipy.stats.entropy) where they repeat."
        )
    if metric == "chebyshev":
        log_ball = d * math.log(2)
    else:
        log_ball = d / 2 * math.log(math.pi) - float(gammaln(d / 2 + 1))
    known = float(digamma(n) - digamma(n_neighbors)) + log_ball
    return (known + d * float(xp.mean(xp.log(radius)))) * UNITS[units]
