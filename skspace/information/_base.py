"""Base of the estimators of mutual information: checks, error, flags, result."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from numbers import Integral, Real

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_random_state
from sklearn.utils.validation import validate_data

from .._estimator import Estimator
from .._intervals import ConfidenceInterval
from .._sklearn import Interval, StrOptions, fit_context
from .._validation import refuse_dask
from ._marginals import (
    MARGINALS,
    drop_constant_columns,
    on_host,
    transform_marginals,
)
from ._resampling import confidence_radius, permutation_p_value, subsample
from ._result import (
    UNITS,
    Estimate,
    MIResult,
    in_units,
    is_reliable,
)

__all__ = ["BaseMutualInfo", "check_pair"]

MARGINALS_CONSTRAINT = {"marginals": [StrOptions(set(MARGINALS))]}

LEVELS = tuple(range(2, 11))
"""Numbers of chunks from which the standard error comes."""

DRIFT_LEVELS = 5
"""The value must not move between this many chunks and one."""

DISAGREEMENT = 0.15
"""Share of the value by which a second estimator or bound may differ from it."""

SIGNIFICANCE = 0.05
"""Larger p-values are no signal; the smallest that 19 permutations give is not."""

NOTHING_VARIES = Estimate(0.0, ("no_signal",), se=0.0, p_value=1.0)
"""Where one side is constant: its information is zero, and nothing is learnt."""


def check_pair(estimator, X, y, *, reset=True):
    """Validate two samples of the same observations.

    Parameters
    ----------
    estimator : estimator
        Whose ``n_features_in_`` is set.
    X : array-like of shape (n, dx)
        Arrays of other libraries are copied to the host.
    y : array-like of shape (n,) or (n, dy)
        Numbers.
    reset : bool, default=True
        False in methods after `fit`, which check ``n_features_in_``.

    Returns
    -------
    X, Y : ndarray of shape (n, dx) and (n, dy), float64

    Raises
    ------
    ValueError
        If lengths differ, or either holds anything but finite real numbers.
    TypeError
        If either is sparse.
    """
    refuse_dask(estimator, X)
    X, y = on_host(X), on_host(y)
    if issparse(y):
        raise TypeError("y must be dense, got a sparse table; pass y.toarray().")
    if holds_text(np.asarray(y)):
        raise ValueError(
            "y must hold numbers, got text; encode classes as numbers, for "
            "KSGMutualInfo(discrete_target=True), or use mutual_info_classif."
        )
    with np.errstate(over="ignore"):  # long double; infinity is refused
        X, y = validate_data(
            estimator,
            X,
            y,
            reset=reset,
            dtype=np.float64,
            multi_output=True,
            y_numeric=True,
        )
    return X, np.asarray(y, dtype=np.float64).reshape(len(y), -1)


def holds_text(y):
    """Whether there is text in an array, also among objects, as pandas keeps it."""
    if y.dtype.kind == "O":
        return any(isinstance(value, str) for value in y.flat)
    return y.dtype.kind in "US"


class BaseMutualInfo(Estimator, ABC):
    """Base of estimators of the mutual information of two samples.

    A subclass stores the shared parameters under their names and defines
    :meth:`_estimate`; it may override :meth:`_min_samples`. Its columns are mapped by
    `marginals`, a parameter of its own (``MARGINALS_CONSTRAINT``) or a constant.
    """

    marginals = "none"

    _parameter_constraints = {
        "n_permutations": [Interval(Integral, 0, None, closed="left")],
        "confidence_level": [Interval(Real, 0, 1, closed="neither"), None],
        "units": [StrOptions(set(UNITS))],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    @abstractmethod
    def _estimate(self, X, Y, rng, n_jobs=None):
        """Estimate once, in nats.

        Parameters
        ----------
        X, Y : ndarray of shape (n, dx) and (n, dy), float64
            Finite, after the map of `marginals`; a chunk may hold constant columns.
        rng : RandomState
            For whatever is drawn.
        n_jobs : int or None
            Threads for this evaluation alone.

        Returns
        -------
        Estimate
        """

    def _min_samples(self, dx, dy):
        """Fewest rows that can be evaluated."""
        return 4

    def _method(self):
        """Name of the estimator in its result."""
        return type(self).__name__.removesuffix("MutualInfo")

    def _replicate(self, X, Y, rng):
        """Value of one permutation or chunk; override it where it is cheaper alone."""
        return self._estimate(X, Y, rng).value

    def _chunk_value(self, X, Y, rng):
        """Value of some of the rows, from before the map of the columns."""
        return self._replicate(
            transform_marginals(X, self.marginals),
            transform_marginals(Y, self.marginals),
            rng,
        )

    @fit_context
    def fit(self, X, y):
        """Estimate the mutual information of two samples.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            First sample.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Second sample: numbers, row i belonging to row i of `X`.

        Returns
        -------
        self : estimator
            With ``mi_`` and ``result_``.
        """
        return self._fit(X, y)

    def _fit(self, X, y):
        X, Y = check_pair(self, X, y)
        self._check_size(X, Y)
        X, lost_x = drop_constant_columns(X, "X")
        Y, lost_y = drop_constant_columns(Y, "y")
        notes = ("constant_columns",) if lost_x or lost_y else ()
        found, sample = NOTHING_VARIES, None
        if X.shape[1] and Y.shape[1]:
            rng = check_random_state(self.random_state)
            found, sample = self._evaluate(X, Y, rng)
        return self._store(found, len(X), notes, sample)

    def _evaluate(self, X, Y, rng):
        """Return the estimate with its p-value, and subsamples or None."""
        mapped_x = transform_marginals(X, self.marginals)
        mapped_y = transform_marginals(Y, self.marginals)
        found = self._estimate(mapped_x, mapped_y, rng, self.n_jobs)
        if self.n_permutations:
            p_value = permutation_p_value(
                self._replicate,  # a permutation changes no mapped column
                mapped_x,
                mapped_y,
                found.value,
                self.n_permutations,
                rng,
                self.n_jobs,
            )
            found = found._replace(p_value=p_value)
        if self.confidence_level is None:
            return found, None
        return found, self._subsample(X, Y, found.value, rng)

    def _check_size(self, X, Y):
        least = self._min_samples(X.shape[1], Y.shape[1])
        if len(X) < least:
            name = type(self).__name__.lstrip("_")
            raise ValueError(
                f"{name} needs at least {least} samples of "
                f"{X.shape[1]} + {Y.shape[1]} columns, got n_samples={len(X)}; pass "
                "more samples or fewer columns."
            )

    def _subsample(self, X, Y, value, rng):
        """Values on chunks; None where not even two chunks are large enough."""
        least = self._min_samples(X.shape[1], Y.shape[1])
        levels = [m for m in LEVELS if len(X) // m >= least]
        if not levels:
            return None
        return subsample(self._chunk_value, X, Y, value, levels, rng, self.n_jobs)

    def _store(self, found, n, notes, sample):
        """Set the attributes from an estimate in nats and its subsamples."""
        factor = UNITS[self.units]
        flags, curves = [*notes, *found.flags], dict(found.curves)
        se, ci = found.se, None
        if found.p_value is not None and found.p_value > SIGNIFICANCE:
            flags.append("no_signal")
        if sample is not None:
            curves["subsamples"] = sample.table()
            se = max(se or 0.0, math.sqrt(sample.variance))
            if drifts(sample, se):
                flags.append("subsample_drift")
        reach = math.inf if se is None else 2 * se
        for name, other in found.checks.items():
            if abs(other - found.value) > reach:
                flags.append(name)
        if self.confidence_level is not None:
            if se is None:
                flags.append("no_interval")
            else:
                degrees = found.degrees if sample is None else sample.degrees
                radius = confidence_radius(se, degrees, self.confidence_level)
                ci = interval(found.value, radius, self.confidence_level, factor)
        flags = tuple(dict.fromkeys(flags))
        own = self.get_params(deep=False)
        self.result_ = MIResult(
            estimate=max(0.0, found.value) * factor,
            raw=found.value * factor,
            ci=ci,
            p_value=found.p_value,
            se=None if se is None else se * factor,
            n=n,
            method=self._method(),
            params={**own, **found.details},
            flags=flags,
            reliable=is_reliable(flags),
            curves={name: in_units(t, factor) for name, t in curves.items()},
            units=self.units,
        )
        return self._set_attributes()

    def _set_attributes(self):
        """Show the parts of ``result_`` as attributes."""
        result = self.result_
        self.mi_, self.raw_ = result.estimate, result.raw
        self.ci_, self.se_, self.p_value_ = result.ci, result.se, result.p_value
        self.flags_, self.reliable_ = result.flags, result.reliable
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = True
        return tags


def interval(value, radius, level, factor):
    """Interval around a value, within what information can be."""
    low, high = max(0.0, value - radius), max(0.0, value + radius)
    return ConfidenceInterval(low * factor, high * factor, level)


def drifts(sample, se):
    """Whether values of few large chunks and of more small ones differ.

    The mean of every level has about the variance of the value itself: a change
    beyond twice the standard error is no noise.
    """
    levels, means, _ = sample.means()
    means = means[levels <= DRIFT_LEVELS]
    return bool(abs(means[-1] - means[0]) > 2 * se)
