"""Mutual information by distances to k-th neighbours: Kraskov's and its relatives."""

from __future__ import annotations

import warnings
from functools import partial
from numbers import Integral

import numpy as np

from .._array import to_numpy
from .._sklearn import Interval, StrOptions
from ..exceptions import TiedValuesWarning
from ._base import MARGINALS_CONSTRAINT, BaseMutualInfo
from ._discrete import discrete_terms, encode_rows
from ._docs import shared_docs
from ._local_nonuniformity import nonuniformity_terms
from ._marginals import tied_share
from ._mixed import mixed_terms
from ._neighbors import digamma_table, neighbor_counts
from ._neighbors_array import METRICS
from ._result import Estimate

__all__ = [
    "TIED",
    "KSGMutualInfo",
    "check_neighbors",
    "ksg",
    "ksg_terms",
    "warn_of_ties",
]

TIED = 0.05
"""Share of tied values from which formulas for continuous variables are not used."""


def check_neighbors(n_neighbors, n):
    """Refuse more neighbours than there can be."""
    if n_neighbors >= n - 1:
        raise ValueError(
            f"n_neighbors={n_neighbors} needs at least {n_neighbors + 2} samples, got "
            f"n_samples={n}; pass more samples or fewer neighbours."
        )


def warn_of_ties(message):
    """Say that values repeat, under the name by which it can be silenced."""
    warnings.warn(message, TiedValuesWarning, stacklevel=2)


def ksg_terms(
    variables,
    n_neighbors=3,
    *,
    method="ksg1",
    metric="chebyshev",
    n_jobs=None,
    **known,
):
    """Terms of every row whose mean is the information that variables share, in nats.

    Parameters
    ----------
    variables : sequence of array of shape (n,) or (n, d_v)
        Two or more; rows are observations.
    n_neighbors : int, default=3
        k, less than n.
    method : {"ksg1", "ksg2"}, default="ksg1"
    metric : {"chebyshev", "euclidean"}, default="chebyshev"
        Distance within a variable; the joint one is the largest over the variables.
    n_jobs : int or None, default=None
        Threads, by joblib.
    **known
        Passed on to :func:`skspace.information._neighbors.neighbor_counts`.

    Returns
    -------
    terms : ndarray of shape (n,), float64

    Notes
    -----
    With m variables, "ksg1" is ψ(k) + (m - 1) ψ(n) - Σ_v ψ(n_v + 1), n_v the number of
    other rows that are in variable v nearer than the k-th neighbour is jointly.
    "ksg2" is ψ(k) - (m - 1) / k + (m - 1) ψ(n) - Σ_v ψ(n_v), n_v the number of those
    in variable v no farther than any of the k nearest (all that are tied for the k-th
    place count as nearest). Kraskov, Stögbauer and Grassberger (2004),
    :doi:`10.1103/PhysRevE.69.066138`.
    """
    variables = [x[:, None] if x.ndim == 1 else x for x in variables]
    n, m, k = variables[0].shape[0], len(variables), n_neighbors
    rule = "rectangle" if method == "ksg2" else "strict"
    found = neighbor_counts(
        variables, k, rule=rule, metric=metric, n_jobs=n_jobs, **known
    )
    counts = to_numpy(found.counts)
    psi = digamma_table(n)
    known = psi[k] + (m - 1) * psi[n]
    if method == "ksg2":
        return known - (m - 1) / k - np.sum(psi[counts], axis=1)
    return known - np.sum(psi[counts + 1], axis=1)


def ksg(X, y, n_neighbors=3, *, method="ksg1", metric="chebyshev", n_jobs=None):
    """Mutual information of two continuous samples, in nats; see :func:`ksg_terms`.

    Parameters
    ----------
    X : array of shape (n,) or (n, dx)
    y : array of shape (n,) or (n, dy)
        Of one array library; their relative scales matter.
    n_neighbors, method, metric, n_jobs
        As in :func:`ksg_terms`.

    Returns
    -------
    information : float
        May be negative.
    """
    terms = ksg_terms([X, y], n_neighbors, method=method, metric=metric, n_jobs=n_jobs)
    return float(np.mean(terms))


METHODS = ("ksg1", "ksg2", "mixed", "lnc")

NEIGHBOR_TERMS = {
    "ksg1": ksg_terms,
    "ksg2": partial(ksg_terms, method="ksg2"),
    "mixed": mixed_terms,
}
"""Terms that a check with more neighbours is made of."""

FARTHER = 4
"""Factor of the neighbours at which a value should be the same: the bias of nearest
neighbours grows with k / n, so that one that moves has not settled, as if it moved with
a fourth of the rows, and the comparison has less noise."""


@shared_docs()
class KSGMutualInfo(BaseMutualInfo):
    """Mutual information by distances to k-th neighbours.

    The standard for continuous variables in few dimensions: no model, no training, and
    no bias where the variables are independent. It reads low where information is
    large or columns are many (25 + 25 columns: 0.13 of 1.02 nats from 5000 rows), and
    then more neighbours make it worse.

    Parameters
    ----------
    n_neighbors : int, default=3
        Number k. Fewer have less bias, more have less variance.
    method : {"ksg1", "ksg2", "mixed", "lnc"}, default="ksg1"
        Kraskov's first or second estimator [1]_; the one of [2]_, for variables that
        are discrete, continuous or both; the first with the correction of [3]_ for
        strong dependence in few dimensions, which needs n_neighbors > dx + dy.
    metric : {"chebyshev", "euclidean"}, default="chebyshev"
        Distance within X and within y: largest difference of a column, or Euclidean.
        The joint distance is the larger of the two.
    discrete_target : bool, default=False
        Whether the rows of y are classes; the estimator is that of [4]_ then, and
        `method` plays no part.
    ties : {"auto", "ignore"}, default="auto"
        Whether to take "mixed", with a warning, where more than 5 % of the values of a
        column repeat. Noise is never added.
    {marginals}
    {parameters}

    Attributes
    ----------
    {attributes}

    Raises
    ------
    ValueError
        If there are not more than k + 1 samples, with "lnc" if k is not more than
        dx + dy; if lengths differ, or values are not finite.

    Warns
    -----
    TiedValuesWarning
        Where values repeat and "mixed" is taken.
    DegenerateDataWarning
        Where columns are constant; they are left out.

    See Also
    --------
    mutual_info_regression : Every column of X against one y, in one call.

    Notes
    -----
    The value is ψ(k) + ψ(n) minus the mean of ψ(n_x + 1) + ψ(n_y + 1), where n_x counts
    the rows that are nearer in X than the k-th neighbour is in both (X, y). The k-th
    neighbour itself is not counted, also after rounding: distances are compared with
    distances.

    Flag "neighbor_drift": four times as many neighbours move the value by more than two
    standard errors.

    The correction "lnc" is for samples that are close to a curve or surface; elsewhere
    it takes chance for such and reads high: independent normal columns by 0.01 nats in
    1 + 1 and 0.04 in 3 + 3 from 5000 rows, by up to 0.1 from 1000.

    Cost: O(n log n) for one column on either side; O(n² (dx + dy)) from 7 columns in
    all, or few rows, by instructions that compare many numbers at once; in between a
    kd-tree and sorted columns. Memory O(n (dx + dy)).

    References
    ----------
    .. [1] A. Kraskov, H. Stögbauer and P. Grassberger, "Estimating mutual
       information", Physical Review E 69 (2004). :doi:`10.1103/PhysRevE.69.066138`
    .. [2] W. Gao, S. Kannan, S. Oh and P. Viswanath, "Estimating mutual information for
       discrete-continuous mixtures", NeurIPS 30 (2017). :arxiv:`1709.06212`
    .. [3] S. Gao, G. Ver Steeg and A. Galstyan, "Efficient estimation of mutual
       information for strongly dependent variables", AISTATS (2015).
       :arxiv:`1411.2003`
    .. [4] B. C. Ross, "Mutual information between discrete and continuous data sets",
       PLoS ONE 9 (2014). :doi:`10.1371/journal.pone.0087357`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.information import KSGMutualInfo
    >>> rng = np.random.RandomState(0)
    >>> X = rng.standard_normal((1000, 2))
    >>> y = np.sin(3 * X[:, 0]) + 0.1 * rng.standard_normal(1000)
    >>> found = KSGMutualInfo(random_state=0).fit(X, y)
    >>> 1 < found.mi_ < 2
    True
    """

    _parameter_constraints = {
        **BaseMutualInfo._parameter_constraints,
        **MARGINALS_CONSTRAINT,
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "method": [StrOptions(set(METHODS))],
        "metric": [StrOptions(set(METRICS))],
        "discrete_target": ["boolean"],
        "ties": [StrOptions({"auto", "ignore"})],
    }

    def __init__(
        self,
        n_neighbors=3,
        *,
        method="ksg1",
        metric="chebyshev",
        discrete_target=False,
        ties="auto",
        marginals="normal_score",
        n_permutations=0,
        confidence_level=0.95,
        units="nats",
        n_jobs=None,
        random_state=None,
    ):
        self.n_neighbors = n_neighbors
        self.method = method
        self.metric = metric
        self.discrete_target = discrete_target
        self.ties = ties
        self.marginals = marginals
        self.n_permutations = n_permutations
        self.confidence_level = confidence_level
        self.units = units
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _min_samples(self, dx, dy):
        return self.n_neighbors + 2

    def _check_size(self, X, Y):
        check_neighbors(self.n_neighbors, len(X))
        d = X.shape[1] + Y.shape[1]
        if self.method == "lnc" and not self.discrete_target and self.n_neighbors <= d:
            raise ValueError(
                f"method='lnc' needs more neighbours than columns, got n_neighbors="
                f"{self.n_neighbors} for {X.shape[1]} + {Y.shape[1]} columns; set "
                f"n_neighbors={d + 1} or more."
            )

    def _used_method(self, X, Y):
        """Return the method, as ties allow."""
        if self.discrete_target:
            return "discrete"
        if self.ties == "ignore" or self.method == "mixed":
            return self.method
        return "mixed" if max(tied_share(X), tied_share(Y)) > TIED else self.method

    def _estimate(self, X, Y, rng, n_jobs=None):
        used = self._used_method(X, Y)
        switched = used == "mixed" and self.method != "mixed"
        if switched:
            share = max(tied_share(X), tied_share(Y))
            warn_of_ties(
                f"{share:.0%} of the values of a column occur more than once, and "
                f"method={self.method!r} is for continuous variables: the estimate is "
                "that of method='mixed'. Set it to silence this, discrete_target=True "
                "for classes in y, or ties='ignore'."
            )
        return Estimate(
            self._value(used, X, Y, n_jobs),
            ("ties",) if switched else (),
            details={"method_used": used},
            checks=self._checks(used, X, Y, n_jobs),
        )

    def _checks(self, used, X, Y, n_jobs):
        """Value with more neighbours, which has settled where it is the same."""
        k = FARTHER * self.n_neighbors
        if used not in NEIGHBOR_TERMS or self.confidence_level is None or k >= len(X):
            return {}
        more = NEIGHBOR_TERMS[used]([X, Y], k, metric=self.metric, n_jobs=n_jobs)
        return {"neighbor_drift": float(np.mean(more))}

    def _replicate(self, X, Y, rng):
        return self._value(self._used_method(X, Y), X, Y, None)

    def _value(self, used, X, Y, n_jobs):
        k, settings = self.n_neighbors, {"metric": self.metric, "n_jobs": n_jobs}
        if used == "discrete":
            terms = discrete_terms(X, encode_rows(Y), k, **settings)
            return float(np.mean(terms)) if len(terms) else 0.0
        if used == "mixed":
            return float(np.mean(mixed_terms([X, Y], k, **settings)))
        if used == "lnc":
            corrections = nonuniformity_terms(np.concatenate([X, Y], axis=1), k)
            return float(np.mean(ksg_terms([X, Y], k, **settings) - corrections))
        return ksg(X, Y, k, method=used, **settings)
