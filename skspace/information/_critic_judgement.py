"""What a trained critic is worth: its value, the error of that, and flags."""

from __future__ import annotations

import math

from ._base import DISAGREEMENT
from ._result import Estimate

__all__ = ["judge", "value_of"]

CEILING = 0.9
"""Share of the largest value of InfoNCE from which on it is near."""

GAP = 0.5
"""Share of the training value that held-out rows may lack."""

MISSED = 0.1
"""Share of the value that neighbours must see beyond a critic to refute it; they can
read a few hundredths high between single columns."""

EXCESS, UNEXPLAINED = 3.0, 4.0
"""Standard errors by which they must see more than the value, and than in rows that the
critic paired; the latter error is known from twenty draws alone."""

EARLY = 2
"""Epochs of training that are hardly any."""

STILL_RISING = 0.01
"""Share of its height that the curve may rise in the last fifth of training."""


def value_of(reading):
    """Bound on the training rows; 0 where held-out rows never showed anything."""
    if reading.curves["smoothed"][reading.best] <= 0:
        return 0.0
    return reading.value


def judge(reading, bound, max_iter, excess=(0.0, 0.0), unexplained=(0.0, 0.0)):
    """Estimate with its error and flags.

    Parameters
    ----------
    reading : Reading
    bound : {"infonce", "smile", "nwj"}
    max_iter : int
        Passes that training might have taken.
    excess, unexplained : tuple of (float, float)
        How much more nearest neighbours see than the value, and than in rows that the
        critic paired; each with its standard error.

    Returns
    -------
    Estimate
    """
    value = value_of(reading)
    gap = reading.train - reading.test
    errors = (reading.sampling_error, gap / 2, reading.test_error)
    se = math.sqrt(sum(error**2 for error in errors))
    flags = []
    if value <= 0 or reading.test < 2 * reading.test_error:
        flags.append("no_signal")
    elif gap > GAP * reading.train:
        flags.append("train_test_gap")
    if bound == "infonce" and value >= CEILING * math.log(reading.n_scored):
        flags.append("ceiling")
    contradictions = (
        abs(reading.other - reading.value) > max(DISAGREEMENT * abs(value), 2 * se),
        excess[0] > max(MISSED * abs(value), EXCESS * excess[1]),
        unexplained[0] > max(MISSED * abs(value), UNEXPLAINED * unexplained[1]),
    )
    if any(contradictions):
        flags.append("estimator_disagreement")
    if peaked_early(reading, max_iter):
        flags.append("early_peak")
    details = {
        "best_epoch": reading.best,
        "train_value": reading.train,
        "test_value": reading.test,
        "other_bound": reading.other,
        "neighbor_excess": excess[0],
        "unexplained": unexplained[0],
        "n_scored": reading.n_scored,
        "n_canonical_pairs": len(reading.fitted.ratio.correlations),
    }
    return Estimate(value, tuple(flags), {"training": reading.curves}, details, se)


def peaked_early(reading, max_iter):
    """Whether training was best after hardly any of it, or rises to its end."""
    smoothed, best = reading.curves["smoothed"], reading.best
    if 0 < best <= EARLY:
        return True
    late = smoothed[max(0, len(smoothed) - 1 - max_iter // 5)]
    return best >= max_iter - 1 and smoothed[-1] - late > STILL_RISING * smoothed[-1]
