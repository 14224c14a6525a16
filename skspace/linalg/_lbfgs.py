"""L-BFGS as a generator of iterates, for a function that gives value and gradient."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

SUFFICIENT = 1e-4
"""Share of the expected decrease that a step must bring (Armijo)."""
CURVATURE = 0.9
"""Share of the slope that may be left after a step (Wolfe)."""
N_TRIALS = 25
"""Most evaluations of one line search."""


class Iterate(NamedTuple):
    """Where a minimisation stands."""

    x: Any  # (n,), on the host
    objective: float
    gradient: Any
    change: float  # by how much the objective fell
    n_evaluations: int


def lbfgs(function, x, *, memory=20):
    """Minimise a smooth function; one iterate a step, until no step decreases it.

    Parameters
    ----------
    function : callable
        ``function(x) -> (float, ndarray)``: value and gradient. A value that is not
        finite counts as worse than any other.
    x : ndarray of shape (n,), float64
        Where to start; the function must be finite there.
    memory : int, default=20
        Steps that shape the metric.

    Yields
    ------
    Iterate
        The objective falls from each to the next.

    Raises
    ------
    ValueError
        If the function or its gradient is not finite at the start.

    References
    ----------
    J. Nocedal and S. Wright, "Numerical Optimization" (2006), algorithms 7.4 and 3.5.
    :doi:`10.1007/978-0-387-40065-5`
    """
    x = np.array(x, dtype=np.float64)
    value, gradient = function(x)
    if not (math.isfinite(value) and np.all(np.isfinite(gradient))):
        raise ValueError(f"The objective is {value} at the start.")
    pairs, n_evaluations = [], 1
    while True:
        direction = -_metric(pairs, gradient)
        slope = float(direction @ gradient)
        if not slope < 0:
            if not pairs:
                return
            pairs = []
            continue
        # Without a metric the length of a step is unknown: at most one unit.
        start = 1.0 if pairs else min(1.0, 1 / float(np.linalg.norm(gradient)))
        found, n_trials = _search(function, x, direction, value, slope, start)
        n_evaluations += n_trials
        if found is None:
            if not pairs:
                return
            pairs = []
            continue
        length, new_value, new_gradient = found
        step, turn = length * direction, new_gradient - gradient
        with np.errstate(over="ignore"):
            along, size = float(step @ turn), float(turn @ turn)
        if size > 0 and along > 1e-12 * size:
            pairs = [*pairs, (step, turn)][-memory:]
        x = x + step
        change, value, gradient = value - new_value, new_value, new_gradient
        yield Iterate(x, value, gradient, change, n_evaluations)


def _metric(pairs, vector):
    """Inverse Hessian, as the last steps saw it, times a vector (two loops)."""
    vector = np.array(vector)
    shares = []
    for step, turn in reversed(pairs):
        share = (step @ vector) / (step @ turn)
        shares.append(share)
        vector -= share * turn
    if pairs:
        step, turn = pairs[-1]
        vector *= (step @ turn) / (turn @ turn)
    for (step, turn), share in zip(pairs, reversed(shares), strict=True):
        vector += (share - (turn @ vector) / (step @ turn)) * step
    return vector


class _Trial(NamedTuple):
    length: float
    value: float
    slope: float
    gradient: Any


def _search(function, x, direction, value, slope, length):
    """Length that satisfies the strong Wolfe conditions, or the best one tried."""
    low, high = _Trial(0.0, value, slope, None), None
    for n_trials in range(1, N_TRIALS + 1):
        new, gradient = function(x + length * direction)
        finite = math.isfinite(new) and bool(np.all(np.isfinite(gradient)))
        trial = _Trial(
            length,
            new if finite else math.inf,
            float(gradient @ direction) if finite else math.nan,
            gradient,
        )
        if trial.value > value + SUFFICIENT * length * slope or (
            trial.value >= low.value and low.length > 0
        ):
            high = trial
        else:
            if abs(trial.slope) <= -CURVATURE * slope:
                return (length, trial.value, gradient), n_trials
            away = 1.0 if high is None else high.length - low.length
            if trial.slope * away >= 0:
                high = low
            low = trial
        if high is None:
            length = 2 * low.length if low.length > 0 else 2 * length
        else:
            length = _between(low, high)
            if abs(high.length - low.length) <= 1e-14 * max(high.length, low.length):
                break
    if low.length > 0:
        return (low.length, low.value, low.gradient), n_trials
    return None, n_trials


def _between(low, high):
    """Minimum of the parabola through two trials, kept away from both."""
    width = high.length - low.length
    if math.isfinite(high.value):
        bend = high.value - low.value - low.slope * width
        share = -low.slope * width / (2 * bend) if bend > 0 else 0.5
        share = min(0.9, max(0.1, share))
    else:
        share = 0.1
    return low.length + share * width
