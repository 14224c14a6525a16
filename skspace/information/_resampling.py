"""Permutations and subsamples: p-values, standard errors, drift."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from joblib import effective_n_jobs
from scipy.stats import t as student
from sklearn.utils.parallel import Parallel, delayed

__all__ = [
    "Subsamples",
    "confidence_radius",
    "permutation_p_value",
    "subsample",
]

MOST_SEEDS = 2**31 - 1

ROUNDING = 1e-10
"""Values that differ by less are equal: ties count against the data."""


def run_replicates(function, tasks, n_jobs):
    """Values of ``function(*task)`` in the order of the tasks, on joblib threads."""
    if effective_n_jobs(n_jobs) == 1:  # a dispatch takes longer than many an estimate
        return [function(*task) for task in tasks]
    return Parallel(n_jobs=n_jobs, prefer="threads")(
        delayed(function)(*task) for task in tasks
    )


def permutation_p_value(statistic, X, Y, observed, n_permutations, rng, n_jobs=None):
    """Probability of so large a value if X and Y were independent.

    Parameters
    ----------
    statistic : callable
        ``statistic(X, Y, rng)`` gives a number; whatever it selects, it selects anew.
    X, Y : ndarray of shape (n, dx) and (n, dy)
    observed : float
        Its value on the data.
    n_permutations : int
        Of the rows of Y.
    rng : RandomState
        Draws one seed for each permutation, so that the number of jobs plays no part.
    n_jobs : int or None

    Returns
    -------
    p_value : float
        ``(1 + number of values not below the observed one) / (1 + n_permutations)``,
        uniform under independence but for its steps. Values that differ by rounding
        alone, as those of discrete samples do, are no lower.
    """

    def value(seed):
        own = np.random.RandomState(seed)
        return statistic(X, Y[own.permutation(len(Y))], own)

    seeds = rng.randint(MOST_SEEDS, size=n_permutations)
    values = run_replicates(value, [(seed,) for seed in seeds], n_jobs)
    least = observed - ROUNDING * max(1.0, abs(observed))
    return float(1 + np.sum(np.asarray(values) >= least)) / (1 + n_permutations)


class Subsamples(NamedTuple):
    """Values on disjoint chunks of one permutation of the rows.

    Attributes
    ----------
    levels : ndarray of int
        Into how many chunks, of each value.
    values : ndarray
    variance : float
        Of the value at full size; NaN where there are too few levels.
    degrees : int
        Degrees of freedom behind the variance.
    n : int
        Rows in all.
    """

    levels: Any
    values: Any
    variance: float
    degrees: int
    n: int

    def means(self):
        """Levels, and the mean and standard deviation of the values of each."""
        levels = np.unique(self.levels)
        values = [self.values[self.levels == m] for m in levels]
        sd = [np.std(v, ddof=1) if len(v) > 1 else np.nan for v in values]
        return levels, np.array([np.mean(v) for v in values]), np.array(sd)

    def table(self):
        """Curve of a result: one row for each level."""
        levels, mean, sd = self.means()
        return {"n_chunks": levels, "n": self.n // levels, "mean": mean, "sd": sd}


def subsample(statistic, X, Y, observed, levels, rng, n_jobs=None):
    """Evaluate a statistic on disjoint chunks, at several chunk sizes.

    Parameters
    ----------
    statistic : callable
        ``statistic(X, Y, rng)`` gives a number.
    X, Y : ndarray of shape (n, dx) and (n, dy)
    observed : float
        Value on all rows, the only one of level 1.
    levels : sequence of int
        Numbers of chunks, of at least 2.
    rng : RandomState
        Draws one permutation of the rows, and one seed for each chunk.
    n_jobs : int or None

    Returns
    -------
    Subsamples

    Notes
    -----
    The variance at n/m rows is about B m / n. Each level m estimates B by n s² / m,
    of m - 1 degrees of freedom, and they are averaged with these weights [1]_.

    References
    ----------
    .. [1] C. M. Holmes and I. Nemenman, "Estimation of mutual information for
       real-valued data with error bars and controlled bias", Physical Review E 100
       (2019). :doi:`10.1103/PhysRevE.100.022404`
    """
    level, tasks = cut(len(X), levels, rng)

    def value(rows, seed):
        return statistic(X[rows], Y[rows], np.random.RandomState(seed))

    values = run_replicates(value, tasks, n_jobs)
    return summarise(
        np.concatenate([[1], level]), np.concatenate([[observed], values]), len(X)
    )


def cut(n, levels, rng):
    """Cut one permutation of n rows into chunks, level after level.

    Returns
    -------
    levels : ndarray of int
        Level of each chunk.
    tasks : list of (rows, seed)
        Rows of each chunk, rising, and a seed.
    """
    order = rng.permutation(n)
    chunks = [np.sort(rows) for m in levels for rows in np.array_split(order, m)]
    seeds = rng.randint(MOST_SEEDS, size=len(chunks))
    return np.repeat(levels, levels), list(zip(chunks, seeds, strict=True))


def summarise(levels, values, n):
    """Pool the spread of values on the chunks of n rows."""
    values = np.asarray(values, dtype=np.float64)
    return Subsamples(levels, values, *pooled_variance(levels, values, n), n)


def pooled_variance(levels, values, n):
    """Variance at n rows from values on chunks, and its degrees of freedom.

    Level m estimates B = n s² / m; see :func:`subsample`. All levels cut up the same
    rows, so that together they are hardly worth more than the largest one alone, whose
    degrees are returned.
    """
    levels, values = np.asarray(levels), np.asarray(values)
    total, weight, degrees = 0.0, 0, 0
    for m in np.unique(levels[levels > 1]):
        total += (m - 1) * n / m * float(np.var(values[levels == m], ddof=1))
        weight += int(m) - 1
        degrees = int(m) - 1
    return (total / weight / n if weight else math.nan), degrees


def confidence_radius(se, degrees, level):
    """Half the length of an interval by Student's distribution."""
    return float(student.ppf((1 + level) / 2, degrees)) * se
