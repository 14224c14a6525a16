"""Mutual information of normal variables, and of normal copulas."""

from __future__ import annotations

import math
from numbers import Real

import numpy as np
from sklearn.covariance import ledoit_wolf

from .._sklearn import Interval, StrOptions
from ._base import BaseMutualInfo
from ._canonical_pairs import (
    canonical_pairs,
    corrected_information,
    independence_p_value,
    is_unbounded,
    kurtosis_p_value,
)
from ._docs import shared_docs
from ._result import Estimate

__all__ = ["GaussianCopulaMutualInfo", "GaussianMutualInfo"]

NORMALITY = 0.01
"""Level of the test of normality."""


def shrunken_information(X, Y, shrinkage):
    """Information of the correlation matrix (1 - s) C + s I, in nats.

    Returns
    -------
    information : float
        Eigenvalues within rounding of 0 count as that far from it, so that it is
        finite.
    shrinkage : float
        The weight s, that of Ledoit and Wolf for "auto".
    unbounded : bool
        Whether there are more such eigenvalues than X and Y have by themselves.
    """
    Z = np.concatenate([X, Y], axis=1)
    Z = Z - np.mean(Z, axis=0)
    deviation = np.std(Z, axis=0)
    Z = Z[:, deviation > 0] / deviation[deviation > 0]
    dx = int(np.sum(deviation[: X.shape[1]] > 0))
    if shrinkage == "auto":
        shrinkage = float(ledoit_wolf(Z, assume_centered=True)[1])
    C = (1 - shrinkage) * (Z.T @ Z) / len(Z) + shrinkage * np.eye(Z.shape[1])
    least = 8 * np.finfo(np.float64).eps * len(C)
    spectra = [np.linalg.eigvalsh(M) for M in (C[:dx, :dx], C[dx:, dx:], C)]
    of_x, of_y, of_all = (np.sum(np.log(np.maximum(s, least))) for s in spectra)
    lost_x, lost_y, lost = (int(np.sum(s < least)) for s in spectra)
    return float(of_x + of_y - of_all) / 2, shrinkage, lost > lost_x + lost_y


class _GaussianBase(BaseMutualInfo):
    """What the two Gaussian estimators share: all but the map of the columns."""

    marginals = "standard"  # for the range of numbers alone: changes no correlation

    _parameter_constraints = {
        **BaseMutualInfo._parameter_constraints,
        "shrinkage": [
            Interval(Real, 0, 1, closed="right"),
            StrOptions({"auto"}),
            None,
        ],
    }

    def __init__(
        self,
        *,
        shrinkage=None,
        n_permutations=0,
        confidence_level=0.95,
        units="nats",
        n_jobs=None,
        random_state=None,
    ):
        self.shrinkage = shrinkage
        self.n_permutations = n_permutations
        self.confidence_level = confidence_level
        self.units = units
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _min_samples(self, dx, dy):
        return 4 if self.shrinkage is not None else dx + dy + 2

    def _check_size(self, X, Y):
        columns = X.shape[1] + Y.shape[1]
        if self.shrinkage is None and len(X) <= columns + 1:
            raise ValueError(
                f"{type(self).__name__} needs more than {columns + 1} samples for "
                f"{X.shape[1]} + {Y.shape[1]} columns, got n_samples={len(X)}: some "
                "combination of columns correlates perfectly by chance. Set "
                "shrinkage='auto', or pass fewer columns."
            )
        super()._check_size(X, Y)

    def _replicate(self, X, Y, rng):
        X, Y = (Z[:, np.any(Z[:1] != Z, axis=0)] for Z in (X, Y))
        if 0 in (X.shape[1], Y.shape[1]):  # in a chunk of rows
            return 0.0
        if self.shrinkage is not None:
            return shrunken_information(X, Y, self.shrinkage)[0]
        return corrected_information(canonical_pairs(X, Y))[0]

    def _estimate(self, X, Y, rng, n_jobs=None):
        if self.shrinkage is not None:
            value, used, unbounded = shrunken_information(X, Y, self.shrinkage)
            flags = ("unbounded",) if unbounded else ()
            return Estimate(value, flags, details={"shrinkage_used": used})
        pairs = canonical_pairs(X, Y)
        value, bias = corrected_information(pairs)
        normality = kurtosis_p_value(np.concatenate([pairs.x, pairs.y], axis=1))
        flags = []
        if is_unbounded(pairs.correlations):
            flags.append("unbounded")
        elif normality < NORMALITY:
            flags.append("not_gaussian")
        return Estimate(
            value,
            tuple(flags),
            details={
                "bias": bias,
                "normality_p_value": normality,
                "canonical_correlations": pairs.correlations,
            },
            se=math.sqrt(float(np.sum(pairs.correlations**2)) / pairs.n),
            p_value=independence_p_value(pairs),
        )


COMMON = """shrinkage : float in (0, 1], "auto" or None, default=None
    Weight s in the correlation matrix (1 - s) C + s I; "auto" is the estimate of
    Ledoit and Wolf. For columns as many as samples, or nearly so. The value is low
    then, by an amount that is not known: neither its bias nor a p-value without
    permutations is."""

DETAILS = """The information is -½ Σ log(1 - ρ²) over the canonical correlations ρ, less
its exact mean error ½ [A(dx) + A(dy) - A(dx + dy)] with
A(d) = Σ_{j=1..d} ψ((n - j) / 2), about dx dy / (2 n) (the mean of the log-determinant
of a Wishart matrix). ``se_`` is not less than √(Σ ρ² / n), that of normal variables.
``p_value_`` without permutations is Bartlett's. Flag
"not_gaussian": Mardia's kurtosis of the canonical variates refutes normality at level
0.01. Flag "unbounded": a correlation is 1 but for rounding; what is reported is what
rounding leaves of an infinite value.

Cost O(n (dx + dy)²)."""

P_VALUE = "0 gives Bartlett's chi-squared test, free of cost."


@shared_docs(
    own={"common": COMMON, "details": DETAILS},
    cost="nine more estimates",
    p_value=P_VALUE,
)
class GaussianMutualInfo(_GaussianBase):
    """Mutual information of two samples that are jointly normal.

    Exact for normal variables, of any dimensions, and in an instant. For others it is
    neither an upper nor a lower bound: it sees linear relations only, and heavy tails
    pass for information.

    Parameters
    ----------
    {common}
    {parameters}

    Attributes
    ----------
    {attributes}

    Raises
    ------
    ValueError
        Without shrinkage, if there are no more than dx + dy + 1 samples; if lengths
        differ, or values are not finite.

    See Also
    --------
    GaussianCopulaMutualInfo : The same after normal scores, for any marginals.
    CanonicalMutualInfo : Nearest neighbours on the canonical variates.

    Notes
    -----
    {details}

    References
    ----------
    T. W. Anderson, "An introduction to multivariate statistical analysis", 3rd edition,
    Wiley (2003), chapters 7 and 12.

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.information import GaussianMutualInfo
    >>> x, e = np.random.RandomState(0).standard_normal((2, 2000, 1))
    >>> y = 0.75 * x + np.sqrt(1 - 0.75**2) * e  # -log(1 - 0.75²) / 2 = 0.413
    >>> round(GaussianMutualInfo().fit(x, y).mi_, 1)
    0.4
    """


@shared_docs(
    own={"common": COMMON, "details": DETAILS},
    cost="nine more estimates",
    p_value=P_VALUE,
)
class GaussianCopulaMutualInfo(_GaussianBase):
    """Mutual information of two samples that are normal but for a map of each column.

    Columns are replaced by their normal scores, then taken as jointly normal. Any
    increasing maps of the columns leave the value as it is. Exact where the copula is
    Gaussian; elsewhere neither an upper nor a lower bound, and low as a rule.

    Parameters
    ----------
    {common}
    {parameters}

    Attributes
    ----------
    {attributes}

    Raises
    ------
    ValueError
        Without shrinkage, if there are no more than dx + dy + 1 samples; if lengths
        differ, or values are not finite.

    See Also
    --------
    GaussianMutualInfo : Without normal scores.
    CanonicalMutualInfo : Nearest neighbours on the canonical variates.

    Notes
    -----
    {details}

    Normal scores of finite samples lie closer together than normal variables: at
    strong dependence the value is low by a little (0.02 of 4 nats at 5000 samples).
    Tied values share their mean rank.

    References
    ----------
    R. A. A. Ince, B. L. Giordano, C. Kayser, G. A. Rousselet, J. Gross and P. G.
    Schyns, "A statistical framework for neuroimaging data analysis based on mutual
    information estimated via a Gaussian copula", Human Brain Mapping 38 (2017).
    :doi:`10.1002/hbm.23471`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.information import GaussianCopulaMutualInfo
    >>> x, e = np.random.RandomState(0).standard_normal((2, 2000, 1))
    >>> y = 0.75 * x + np.sqrt(1 - 0.75**2) * e  # -log(1 - 0.75²) / 2 = 0.413
    >>> round(GaussianCopulaMutualInfo().fit(np.exp(x), y**3).mi_, 1)
    0.4
    """

    marginals = "normal_score"
