"""Eigenvalues of a positive semi-definite matrix, few of them where few matter."""

from __future__ import annotations

import math

import numpy as np
from scipy.linalg import eigvalsh

from .._array import array_namespace, cholesky, is_numpy_array, standard_normal
from ._triangular import lower_inverse

__all__ = ["dense_spectrum", "leading_spectrum"]

SMALLEST = 200
"""Rows from which a sketch can pay."""
FIRST_RANK = 16
"""Columns of the first sketch."""
LARGEST_SHARE = 1 / 3
"""Share of the rows beyond which a sketch costs as much as all eigenvalues."""
MARGIN = 1.08
"""Columns to take for one that the last rate asks for: rates fall."""
SHIFT = 1e-13
"""Added to the spectrum of the sketch, so that its factor exists in spite of rounding;
taken off again, it leaves an error of this size."""


def dense_spectrum(K):
    """All eigenvalues of a symmetric matrix, in rising order; NumPy's K is used up."""
    if is_numpy_array(K):
        return eigvalsh(K.T, overwrite_a=True, check_finite=False, driver="evd")
    return array_namespace(K).linalg.eigvalsh(K)


def leading_spectrum(K, trace, tail):
    """Eigenvalues of K up to a remainder of known size, or None where all are needed.

    Parameters
    ----------
    K : array of shape (n, n)
        Symmetric, positive semi-definite, largest eigenvalue about 1.
    trace : float
        Sum of its eigenvalues.
    tail : float
        Largest remainder allowed: the trace less the sum of the values returned.

    Returns
    -------
    values : array of shape (m,) or None
        In rising order. Each is at most the eigenvalue of K it stands for, and all
        differences, those of the eigenvalues left out included, sum to at most `tail`.

    Notes
    -----
    Nyström approximation ``K Ω (Ω' K Ω)⁻¹ Ω' K`` with Gaussian Ω: it lies below K in
    the order of positive semi-definite matrices, so that the remainder is the trace of
    a positive semi-definite matrix and bounds everything. The draws are fixed: another
    Ω would move a value by less than `tail`. The rank grows, at most twofold, to where
    the remainder will be small enough if it goes on falling at its last rate; where
    that is beyond a third of n, all eigenvalues cost hardly more.

    Cost O(n² m + n m²) for m columns, by products of matrices alone, against 4/3 n³ for
    all eigenvalues, half of it bound by memory.

    References
    ----------
    J. A. Tropp, A. Yurtsever, M. Udell and V. Cevher, "Fixed-rank approximation of a
    positive-semidefinite matrix from streaming data", NIPS 2017.
    https://doi.org/10.48550/arXiv.1706.05736
    """
    xp = array_namespace(K)
    n = K.shape[0]
    if n < SMALLEST:
        return None
    rng = np.random.RandomState(0)
    most = int(LARGEST_SHARE * n)
    rank, before = FIRST_RANK, None
    omega = standard_normal(rng, (n, rank), K)
    Y = K @ omega + SHIFT * omega
    while True:
        core = omega.T @ Y
        L = cholesky((core + core.T) / 2)
        B = Y @ lower_inverse(L).T
        left = trace - float(xp.sum(B * B)) + SHIFT * rank
        if left <= tail:
            values = xp.linalg.eigvalsh(B.T @ B) - SHIFT
            return xp.maximum(values, xp.zeros_like(values))
        wanted = 2 * rank
        if before is not None:
            needed = _rank_needed(left, rank, *before, tail)
            if needed > most or rank == most:
                return None
            wanted = min(wanted, max(needed, rank + rank // 4))
        before = left, rank
        more = standard_normal(rng, (n, min(wanted, most) - rank), K)
        omega = xp.concat([omega, more], axis=1)
        Y = xp.concat([Y, K @ more + SHIFT * more], axis=1)
        rank = omega.shape[1]


def _rank_needed(left, rank, left_before, rank_before, tail):
    """Rank at which a remainder that goes on falling as it did gets to `tail`."""
    if left >= left_before:
        return math.inf
    rate = math.log(left_before / left) / (rank - rank_before)
    return rank + math.ceil(MARGIN * math.log(left / tail) / rate)
