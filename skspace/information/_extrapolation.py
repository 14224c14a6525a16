"""A line in the number of chunks, its intercept, and whether it is a line at all."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = [
    "FEWEST_LEVELS",
    "Extrapolation",
    "extrapolate",
    "is_monotone",
    "weighted_fit",
]

FEWEST_LEVELS = 5
"""Levels a line needs; fewer are no evidence for one."""

CURVED = 2.0
"""Standard errors by which a quadratic term counts as present."""

ANCHOR = 0.2
"""Share of the intercept by which it may move without its first point."""

SLOWER = (0.5, 0.25)
"""Powers of γ as which biases may grow that fall more slowly than 1/n."""

REFUTED = 4.0
"""Rise of the sum of squares, over the noise variance, that refutes a law: 2 errors."""

MOVED = 0.05
"""Share of the value by which an intercept may leave points that rise and fall."""


class Fit(NamedTuple):
    """Coefficients of 1, γ, γ², … and their standard errors."""

    coefficients: Any
    errors: Any
    degrees: int


class Extrapolation(NamedTuple):
    """What a line through the values on chunks says.

    Attributes
    ----------
    intercept, slope : float
        The line; its value at γ = 0 is the estimate at infinitely many samples.
    se : float
        Standard error of the intercept, of the fit alone.
    degrees : int
        Points less two.
    last : int
        Largest level kept.
    curved : bool
        Whether even the fewest levels are no line, or there are not as many.
    without_first : float
        Intercept of the line without the first point.
    slowest : float
        Intercept of a slower law that the values do not refute, the most distant one.
    """

    intercept: float
    slope: float
    se: float
    degrees: int
    last: int
    curved: bool
    without_first: float
    slowest: float


def weighted_fit(levels, values, order, power=1.0):
    """Fit a polynomial by least squares, each level with total weight one.

    Parameters
    ----------
    levels : ndarray of shape (m,)
        Number of chunks γ that each value is one of. The variance of a value grows
        with it.
    values : ndarray of shape (m,)
    order : int
        Degree.
    power : float, default=1.0
        Of the levels, in a polynomial of which the values are fitted.

    Returns
    -------
    Fit
    """
    root = 1 / np.sqrt(levels)
    A = np.vander(levels**power, order + 1, increasing=True) * root[:, None]
    Q, R = np.linalg.qr(A)
    target = values * root
    coefficients = np.linalg.solve(R, Q.T @ target)
    residual = target - A @ coefficients
    degrees = len(values) - order - 1
    variance = residual @ residual / max(degrees, 1)
    errors = np.sqrt(variance) * np.linalg.norm(np.linalg.inv(R), axis=1)
    return Fit(coefficients, errors, degrees)


def extrapolate(levels, values):
    """Find the longest run of levels on a line, and extend the line to none.

    Parameters
    ----------
    levels : ndarray of shape (m,)
        Number of chunks γ that each value is one of: at least 1 and 2.
    values : ndarray of shape (m,)

    Returns
    -------
    Extrapolation

    Notes
    -----
    A chunk has n/γ rows, so that a bias of a/n shows as a slope in γ. The largest
    level is dropped as long as the quadratic term exceeds two standard errors and more
    than five levels are left.
    """
    levels = np.asarray(levels, dtype=np.float64)
    last = available = int(levels.max())
    bent = available >= 3
    while bent:
        kept = levels <= last
        quadratic = weighted_fit(levels[kept], values[kept], 2)
        bent = abs(quadratic.coefficients[2]) > CURVED * quadratic.errors[2]
        if last <= FEWEST_LEVELS or not bent:
            break
        last -= 1
    kept = levels <= last
    line = weighted_fit(levels[kept], values[kept], 1)
    others = kept & (levels > 1)
    intercept = float(line.coefficients[0])
    without = intercept
    if len(np.unique(levels[others])) > 1:
        without = float(weighted_fit(levels[others], values[others], 1).coefficients[0])
    return Extrapolation(
        intercept,
        float(line.coefficients[1]),
        float(line.errors[0]),
        line.degrees,
        last,
        bool(bent) or available < FEWEST_LEVELS,
        without,
        slowest_intercept(levels, values, intercept),
    )


def slowest_intercept(levels, values, intercept):
    """Extend laws of slower decay than 1/n, and return what differs most.

    A bias of order n^-α shows as γ^α. Over a range of ten to one such laws look alike,
    and yet lead to different values at infinitely many samples.
    """
    powers = (1.0, *SLOWER)
    root = 1 / np.sqrt(levels)
    found = []
    for power in powers:
        fit = weighted_fit(levels, values, 1, power)
        shape = fit.coefficients[0] + fit.coefficients[1] * levels**power
        found.append((fit.coefficients[0], np.sum(((values - shape) * root) ** 2)))
    least = min(squares for _, squares in found)
    most = least * (1 + REFUTED / max(len(values) - 2, 1))
    ends = [float(end) for end, squares in found[1:] if squares <= most]
    return max([intercept, *ends], key=lambda end: abs(end - intercept))


def is_monotone(means):
    """Whether a sequence only rises, or only falls."""
    steps = np.diff(means)
    return bool(np.all(steps >= 0) or np.all(steps <= 0))


def extrapolation_flags(line, value, means, se):
    """Find what speaks against an extrapolation.

    Parameters
    ----------
    line : Extrapolation
    value : float
        Estimate on all rows.
    means : ndarray
        Mean of each level kept, from the first on.
    se : float
        Standard error of the intercept for the population.
    """
    flags = []
    if line.curved:
        flags.append("curved_extrapolation")
    moved = abs(line.without_first - line.intercept)
    if moved > max(ANCHOR * abs(line.intercept), se):
        flags.append("anchor_dependent")
    if abs(line.slowest - line.intercept) > 2 * se:
        flags.append("slow_convergence")
    moved = abs(line.intercept - value)
    if moved > max(MOVED * abs(value), 2 * se) and not is_monotone(means):
        flags.append("extrapolation_moves")
    return tuple(flags)
