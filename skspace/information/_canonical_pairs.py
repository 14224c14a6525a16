"""Canonical pairs of two samples, their information, and whether they are normal."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from scipy.special import digamma
from scipy.stats import chi2, norm

from .._array import array_namespace
from ..linalg import as_basis

__all__ = [
    "CanonicalPairs",
    "canonical_pairs",
    "corrected_information",
    "gaussian_bias",
    "gaussian_information",
    "independence_p_value",
    "is_unbounded",
    "kurtosis_p_value",
    "n_significant_pairs",
]


class CanonicalPairs(NamedTuple):
    """Directions of X and Y that correlate most, one pair after another.

    Attributes
    ----------
    correlations : array of shape (min(rank_x, rank_y),)
        Falling, in [0, 1].
    x, y : array of shape (n, min(rank_x, rank_y))
        Scores of mean 0 and variance 1.
    rank_x, rank_y : int
        Numbers of independent columns.
    """

    correlations: Any
    x: Any
    y: Any
    rank_x: int
    rank_y: int

    @property
    def n(self):
        """Number of samples."""
        return self.x.shape[0]


def canonical_pairs(X, Y):
    """Canonical correlations and variates by orthonormal bases and an SVD.

    Parameters
    ----------
    X, Y : array of shape (n, dx) and (n, dy)
        Each with a column that varies.

    Returns
    -------
    CanonicalPairs

    Notes
    -----
    No covariance is inverted: singular values of QxᵀQy for bases Qx and Qy of the
    centred columns, which keeps all digits where n is not far above the number of
    columns. Cost O(n (dx² + dy²)).
    """
    xp = array_namespace(X, Y)
    A = as_basis(X - xp.mean(X, axis=0))
    B = as_basis(Y - xp.mean(Y, axis=0))
    U, s, Vt = xp.linalg.svd(xp.matrix_transpose(A) @ B, full_matrices=False)
    root = math.sqrt(X.shape[0])
    return CanonicalPairs(
        xp.clip(s, 0.0, 1.0),
        root * (A @ U),
        root * (B @ xp.matrix_transpose(Vt)),
        A.shape[1],
        B.shape[1],
    )


def gaussian_information(correlations):
    """Information -½ Σ log(1 - ρ²) of normal variables, in nats.

    Parameters
    ----------
    correlations : array of shape (r,)
        Canonical correlations. Those within rounding of 1 count as that far from it,
        so that the value is finite.

    Returns
    -------
    information : float
    """
    xp = array_namespace(correlations)
    least = 8 * float(xp.finfo(correlations.dtype).eps)
    rest = xp.clip((1 - correlations) * (1 + correlations), least, 1.0)
    return -0.5 * float(xp.sum(xp.log(rest)))


def is_unbounded(correlations):
    """Whether a correlation is 1 but for rounding."""
    xp = array_namespace(correlations)
    return float(xp.max(correlations)) > 1 - 8 * float(xp.finfo(correlations.dtype).eps)


def gaussian_bias(n, dx, dy):
    """Mean error of -½ Σ log(1 - ρ²) on n normal samples, exactly.

    Notes
    -----
    ½ [A(dx) + A(dy) - A(dx + dy)] with A(d) = Σ_{j=1..d} ψ((n - j) / 2), from the mean
    of the log-determinant of a Wishart matrix; about dx dy / (2 n). It does not depend
    on the correlations.
    """

    def mean_log_determinant(d):
        return float(np.sum(digamma((n - np.arange(1, d + 1)) / 2)))

    both = mean_log_determinant(dx) + mean_log_determinant(dy)
    return (both - mean_log_determinant(dx + dy)) / 2


def corrected_information(pairs):
    """Return the information less its mean error, and that mean error."""
    bias = gaussian_bias(pairs.n, pairs.rank_x, pairs.rank_y)
    return gaussian_information(pairs.correlations) - bias, bias


def independence_p_value(pairs, first=0):
    """Probability of so much correlation beyond the first pairs, if there were none.

    Bartlett's approximation: -(n - 1 - (dx + dy + 1) / 2) Σ log(1 - ρ²) over the
    others has a chi-squared distribution of (dx - first) (dy - first) degrees of
    freedom.
    """
    rest = gaussian_information(pairs.correlations[first:])
    factor = pairs.n - 1 - (pairs.rank_x + pairs.rank_y + 1) / 2
    degrees = (pairs.rank_x - first) * (pairs.rank_y - first)
    return float(chi2.sf(max(factor, 0.0) * 2 * rest, degrees))


def n_significant_pairs(pairs, level=1e-3):
    """Count the pairs that Bartlett's sequential test finds."""
    r = pairs.correlations.shape[0]
    for first in range(r):
        if independence_p_value(pairs, first) >= level:
            return first
    return r


def kurtosis_p_value(scores):
    """Probability of Mardia's kurtosis if the rows were normal.

    Parameters
    ----------
    scores : array of shape (n, p)
        Rows; each column varies.

    Returns
    -------
    p_value : float
        Of both tails.

    Notes
    -----
    The mean of (zᵀ Σ⁻¹ z)² over rows has mean p (p + 2) (n - 1) / (n + 1) and a
    variance of about 8 p (p + 2) / n under normality [1]_. Columns that are normal
    scores have a kurtosis that is fixed in part, which makes the test cautious. Cost
    O(n p²).

    References
    ----------
    .. [1] K. V. Mardia, "Measures of multivariate skewness and kurtosis with
       applications", Biometrika 57 (1970). :doi:`10.1093/biomet/57.3.519`
    """
    xp = array_namespace(scores)
    Q = as_basis(scores - xp.mean(scores, axis=0))
    n, p = Q.shape
    square = n * xp.sum(Q * Q, axis=1)
    centre = p * (p + 2) * (n - 1) / (n + 1)
    z = (float(xp.mean(square * square)) - centre) / math.sqrt(8 * p * (p + 2) / n)
    return float(2 * norm.sf(abs(z)))
