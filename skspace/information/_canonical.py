"""Nearest neighbours on the few pairs of directions that correlate."""

from __future__ import annotations

import math
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np

from .._sklearn import Interval, StrOptions
from ._base import MARGINALS_CONSTRAINT, BaseMutualInfo
from ._canonical_pairs import canonical_pairs, n_significant_pairs
from ._docs import shared_docs
from ._ksg import FARTHER, TIED, ksg_terms, warn_of_ties
from ._marginals import tied_share
from ._mixed import mixed_terms
from ._result import Estimate

__all__ = ["CanonicalMutualInfo"]

GRID = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
"""Numbers of pairs that are tried."""

MARGIN = 3.0
"""Standard errors by which fewer dimensions must gain to be taken."""


class CanonicalScan(NamedTuple):
    """Values on all columns, and on the first pairs.

    Attributes
    ----------
    plain : float
        On all columns.
    numbers : list of int
        Of pairs.
    values : ndarray
        On so many pairs.
    gain : float
        Largest of them less the plain value, in standard errors of the difference.
    error : float
        Standard error of the value, from the spread of its terms.
    pairs : CanonicalPairs or None
        None where there are not enough rows for them.
    """

    plain: float
    numbers: Any
    values: Any
    gain: float
    error: float
    pairs: Any

    @property
    def n_pairs(self):
        """Number of pairs that the value is from; 0 for all columns."""
        return self.numbers[int(np.argmax(self.values))] if self.gain > MARGIN else 0

    @property
    def value(self):
        """Value on the pairs, where they gain enough, or else on all columns."""
        return float(np.max(self.values)) if self.n_pairs else self.plain


def terms_for(X, Y):
    """Choose terms of mixtures where values repeat, or else of continuous variables."""
    return mixed_terms if max(tied_share(X), tied_share(Y)) > TIED else ksg_terms


def farther_value(X, Y, scan, n_neighbors, *, terms_of=ksg_terms, n_jobs=None):
    """Value of a scan with more neighbours, as the check of :class:`KSGMutualInfo`."""
    k = FARTHER * n_neighbors
    if k >= len(X):
        return {}
    r = scan.n_pairs
    chosen = [scan.pairs.x[:, :r], scan.pairs.y[:, :r]] if r else [X, Y]
    return {"neighbor_drift": float(np.mean(terms_of(chosen, k, n_jobs=n_jobs)))}


def scan_pairs(
    X, Y, n_neighbors, n_components="auto", *, terms_of=ksg_terms, n_jobs=None
):
    """Estimate on all columns and on the leading canonical pairs.

    Parameters
    ----------
    X, Y : ndarray of shape (n, dx) and (n, dy)
    n_neighbors : int
    n_components : int or "auto"
        Number of pairs; "auto" tries a grid up to the number that is significant.
    terms_of : callable
        Gives the terms of every row.
    n_jobs : int or None

    Returns
    -------
    CanonicalScan
    """
    root = math.sqrt(len(X))
    plain = terms_of([X, Y], n_neighbors, n_jobs=n_jobs)
    varies_x, varies_y = (np.any(Z[:1] != Z, axis=0) for Z in (X, Y))
    X, Y = X[:, varies_x], Y[:, varies_y]
    if 0 in (X.shape[1], Y.shape[1]) or len(X) <= X.shape[1] + Y.shape[1] + 1:
        value, error = float(np.mean(plain)), float(np.std(plain)) / root
        return CanonicalScan(value, [], np.array([]), -math.inf, error, None)
    pairs = canonical_pairs(X, Y)
    if n_components == "auto":
        most = max(1, n_significant_pairs(pairs))
        numbers = [r for r in GRID if r < most] + [most]
    else:
        numbers = [min(n_components, pairs.correlations.shape[0])]
    terms = [
        terms_of([pairs.x[:, :r], pairs.y[:, :r]], n_neighbors, n_jobs=n_jobs)
        for r in numbers
    ]
    values = np.array([np.mean(t) for t in terms])
    best = terms[int(np.argmax(values))]
    # Both look at the same rows, so that terms are compared row by row.
    spread = float(np.std(best - plain)) / root
    gain = float(np.mean(best - plain)) / spread if spread > 0 else -math.inf
    error = float(np.std(best if gain > MARGIN else plain)) / root
    return CanonicalScan(float(np.mean(plain)), numbers, values, gain, error, pairs)


@shared_docs()
class CanonicalMutualInfo(BaseMutualInfo):
    """Mutual information by nearest neighbours on canonical variates.

    Estimates by nearest neighbours collapse where most columns carry nothing: of 25 +
    25 columns with an information of 1.02 nats they see 0.13. Projected on the few
    pairs of directions that correlate, they see it all. Any projection can only lose
    information, so that the larger one of the projected and the plain estimate is
    reported, where the difference is no noise.

    Parameters
    ----------
    n_neighbors : int, default=3
        Neighbours k.
    n_components : int or "auto", default="auto"
        Pairs of canonical variates. "auto" tries 1, 2, 3, 4, 6, 8, 12, ... up to the
        number that is significant, and takes that of the largest estimate.
    {marginals}
    {parameters}

    Attributes
    ----------
    {attributes}
    n_components_ : int
        Pairs that the estimate is from; 0 where it is from all columns.

    Raises
    ------
    ValueError
        If there are not more than k + 1 samples, if lengths differ, or values are not
        finite.

    See Also
    --------
    KSGMutualInfo : Nearest neighbours on all columns.
    GaussianCopulaMutualInfo : Exact, and more precise, where copulas are Gaussian.
    skspace.inspection.MIDimensionDisplay : Picture of the values by number of pairs.

    Notes
    -----
    Columns are mapped to normal scores, orthonormal bases Qx and Qy of either side are
    found, and the singular vectors of QxᵀQy give pairs of variates of unit variance.
    The number of significant pairs is that of Bartlett's sequential test at level 1e-3,
    at least one. The estimator is the first one of Kraskov, Stögbauer and Grassberger.
    The projected value is taken where it exceeds the plain one by three standard errors
    of their difference, which is paired row by row; permutations repeat the choice.
    Flag "neighbor_drift": four times as many neighbours move the value by more than two
    standard errors.

    Blind spot: dependence without linear trace (after the map of the columns) leaves
    the projection blind, and the plain estimate is what remains. With dx + dy + 1
    samples or fewer there is no projection (flag "too_few_samples").
    Where more than 5 % of the values of a column repeat, the estimator by neighbours is
    the one for mixtures, with a warning.

    Cost: that of one estimate by neighbours for all columns and one for each number of
    pairs.

    References
    ----------
    A. Kraskov, H. Stögbauer and P. Grassberger, "Estimating mutual information",
    Physical Review E 69 (2004). :doi:`10.1103/PhysRevE.69.066138`

    M. S. Bartlett, "The statistical significance of canonical correlations",
    Biometrika 32 (1941). :doi:`10.1093/biomet/32.1.29`

    Examples
    --------
    Ten columns on either side, two of which belong together:

    >>> import numpy as np
    >>> from skspace.information import CanonicalMutualInfo
    >>> rng = np.random.RandomState(0)
    >>> X, Y = rng.standard_normal((2, 1000, 10))
    >>> Y[:, 0] = 0.9 * X[:, 0] + np.sqrt(1 - 0.9**2) * Y[:, 0]  # 0.83 nats
    >>> model = CanonicalMutualInfo(random_state=0).fit(X, Y)
    >>> round(model.mi_, 1), model.n_components_
    (0.8, 1)
    """

    _parameter_constraints = {
        **BaseMutualInfo._parameter_constraints,
        **MARGINALS_CONSTRAINT,
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "n_components": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
    }

    def __init__(
        self,
        n_neighbors=3,
        *,
        n_components="auto",
        marginals="normal_score",
        n_permutations=0,
        confidence_level=0.95,
        units="nats",
        n_jobs=None,
        random_state=None,
    ):
        self.n_neighbors = n_neighbors
        self.n_components = n_components
        self.marginals = marginals
        self.n_permutations = n_permutations
        self.confidence_level = confidence_level
        self.units = units
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _min_samples(self, dx, dy):
        return self.n_neighbors + 2

    def _replicate(self, X, Y, rng):
        return self._scan(X, Y).value

    def _scan(self, X, Y, n_jobs=None):
        return scan_pairs(
            X,
            Y,
            self.n_neighbors,
            self.n_components,
            terms_of=terms_for(X, Y),
            n_jobs=n_jobs,
        )

    def _estimate(self, X, Y, rng, n_jobs=None):
        share = max(tied_share(X), tied_share(Y))
        flags = ["ties"] if share > TIED else []
        if flags:
            warn_of_ties(
                f"{share:.0%} of the values of a column occur more than once; the "
                "estimator is the one for mixtures of discrete and continuous "
                "variables, as that of KSGMutualInfo(method='mixed')."
            )
        scan = self._scan(X, Y, n_jobs)
        found = Estimate(
            scan.value,
            tuple(flags),
            details={"plain": scan.plain, "n_pairs": scan.n_pairs},
        )
        if self.confidence_level is not None:
            checks = farther_value(
                X, Y, scan, self.n_neighbors, terms_of=terms_for(X, Y), n_jobs=n_jobs
            )
            found = found._replace(checks=checks)
        if scan.pairs is None:
            return found._replace(flags=(*flags, "too_few_samples"))
        table = {"dimension": np.array(scan.numbers), "value": scan.values}
        details = found.details | {"projected": float(np.max(scan.values))}
        return found._replace(curves={"dimension": table}, details=details)

    def _set_attributes(self):
        self.n_components_ = self.result_.params.get("n_pairs", 0)
        return super()._set_attributes()
