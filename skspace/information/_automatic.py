"""Which estimator to take: what the data refute, and what is left."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ._base import BaseMutualInfo
from ._canonical import CanonicalMutualInfo, farther_value, scan_pairs
from ._canonical_pairs import corrected_information, kurtosis_p_value
from ._gaussian import NORMALITY, GaussianCopulaMutualInfo, GaussianMutualInfo
from ._ksg import KSGMutualInfo
from ._marginals import tied_share
from ._mixed import mixed_terms
from ._neural import NeuralMutualInfo
from ._result import UNITS, Estimate

__all__ = ["ESTIMATORS", "Choice", "choose"]

ESTIMATORS = {
    "gaussian": GaussianMutualInfo,
    "copula": GaussianCopulaMutualInfo,
    "canonical": CanonicalMutualInfo,
    "ksg": KSGMutualInfo,
    "mixed": partial(KSGMutualInfo, method="mixed"),
    "neural": NeuralMutualInfo,
}
"""Estimators by the names that results and users give them."""

N_NEIGHBORS = 3

TIES = 0.01
"""Share of tied values from which formulas for continuous variables are biased."""

EXCESS = 3.0
"""Standard errors by which neighbours must see more than the copula to refute it."""


class Choice(NamedTuple):
    """An estimate, what it is from and why.

    Attributes
    ----------
    method : {"mixed", "copula", "canonical", "ksg"}
    value : float
        In nats.
    reason : str
    candidates : dict of str to float
        All that were considered.
    table : dict or None
        Values by number of canonical pairs.
    flags : tuple of str
    se, checks
        As in :class:`Estimate`.
    """

    method: str
    value: float
    reason: str
    candidates: dict
    table: Any = None
    flags: tuple = ()
    se: float | None = None
    checks: dict = {}


def choose(X, Y, n_jobs=None, *, check=False):
    """Estimate by whatever the data do not refute.

    Parameters
    ----------
    X, Y : ndarray of shape (n, dx) and (n, dy)
        Normal scores.
    n_jobs : int or None
    check : bool, default=False
        Whether to compare with more neighbours.

    Returns
    -------
    Choice
    """
    share = max(tied_share(X), tied_share(Y))
    if share > TIES:
        value = float(np.mean(mixed_terms([X, Y], N_NEIGHBORS, n_jobs=n_jobs)))
        reason = (
            f"{share:.0%} of the values of a column occur more than once: neighbours "
            "for mixtures of discrete and continuous variables"
        )
        return Choice("mixed", value, reason, {"mixed": value}, None, ("ties",))
    scan = scan_pairs(X, Y, N_NEIGHBORS, n_jobs=n_jobs)
    candidates = {"ksg": scan.plain}
    if scan.pairs is None:
        reason = (
            f"{X.shape[1]} + {Y.shape[1]} columns leave no room for correlations of "
            f"{len(X)} samples: neighbours on all columns"
        )
        flags = ("too_few_samples",)
        return Choice("ksg", scan.plain, reason, candidates, None, flags)
    copula = corrected_information(scan.pairs)[0]
    candidates |= {"canonical": float(np.max(scan.values)), "copula": copula}
    table = {"dimension": np.array(scan.numbers), "value": scan.values}
    # of all pairs, those that do not correlate too: a copula is more than correlations
    normality = kurtosis_p_value(np.concatenate([scan.pairs.x, scan.pairs.y], axis=1))
    excess = (scan.value - copula) / scan.error if scan.error > 0 else math.inf
    if normality >= NORMALITY and excess <= EXCESS:
        reason = (
            f"normal scores look jointly normal (kurtosis: p {normality:.2g}), and "
            "neighbours see no more than the Gaussian copula, which has no bias then"
        )
        se = math.sqrt(float(np.sum(scan.pairs.correlations**2)) / len(X))
        return Choice("copula", copula, reason, candidates, table, se=se)
    why = (
        f"kurtosis refutes a Gaussian copula (p {normality:.2g})"
        if normality < NORMALITY
        else f"neighbours see {excess:.1f} standard errors more than a Gaussian copula"
    )
    checks = farther_value(X, Y, scan, N_NEIGHBORS, n_jobs=n_jobs) if check else {}
    if scan.n_pairs:
        why += f": neighbours on {scan.n_pairs} canonical pairs, which see most"
        return Choice("canonical", scan.value, why, candidates, table, checks=checks)
    why += ": neighbours on all columns, which see no less than canonical pairs"
    return Choice("ksg", scan.value, why, candidates, table, checks=checks)


class _AutomaticMutualInfo(BaseMutualInfo):
    """The choice as an estimator: its p-value repeats it, its chunks do not."""

    marginals = "normal_score"

    def __init__(
        self,
        *,
        n_permutations=0,
        confidence_level=0.95,
        units="nats",
        n_jobs=None,
        random_state=None,
    ):
        self.n_permutations = n_permutations
        self.confidence_level = confidence_level
        self.units = units
        self.n_jobs = n_jobs
        self.random_state = random_state

    # until the data are seen, and where no column varies
    _choice = Choice("none", 0.0, "one side holds one value only", {})

    def _min_samples(self, dx, dy):
        return N_NEIGHBORS + 2

    def _estimate(self, X, Y, rng, n_jobs=None):
        self._choice = choice = choose(
            X, Y, n_jobs, check=self.confidence_level is not None
        )
        curves = {} if choice.table is None else {"dimension": choice.table}
        return Estimate(
            choice.value, choice.flags, curves, se=choice.se, checks=choice.checks
        )

    def _replicate(self, X, Y, rng):
        return choose(X, Y).value

    def _subsample(self, X, Y, value, rng):
        """Chunks by the method chosen: a choice among fewer rows is another one."""
        chosen = ESTIMATORS[self._choice.method](n_jobs=self.n_jobs)
        return chosen._subsample(X, Y, value, rng)

    def _set_attributes(self):
        """Add to ``result_`` what was chosen, from what, and why."""
        choice, factor = self._choice, UNITS[self.units]
        reason = choice.reason
        if {"subsample_drift", "neighbor_drift"} & set(self.result_.flags):
            reason += "; as the value has not settled, compare estimator='neural'"
        self.result_ = replace(
            self.result_,
            method=choice.method,
            reason=reason,
            candidates={k: v * factor for k, v in choice.candidates.items()},
        )
        return super()._set_attributes()
