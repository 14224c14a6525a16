"""Eigenvalues of a positive semi-definite matrix, few of them where few matter."""

from __future__ import annotations

import math

import numpy as np
from scipy.linalg import eigvalsh

from .._array import array_namespace, is_numpy_array, standard_normal
from ._triangular import lower_inverse

__all__ = ["dense_spectrum", "leading_spectrum"]

SMALLEST = 200
"""Rows from which a sketch can pay."""
FIRST_RANK = 16
"""Columns of the first sketch; they double."""
LARGEST_SHARE = 1 / 3
"""Share of the rows beyond which a sketch costs as much as all eigenvalues."""
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
    Ω would move a value by less than `tail`. The rank doubles until the remainder is
    small enough. It stops where a remainder that went on falling at the last rate would
    not get there within a third of n.

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
        L = xp.linalg.cholesky((core + core.T) / 2)
        B = Y @ lower_inverse(L).T
        left = trace - float(xp.sum(B * B)) + SHIFT * rank
        if left <= tail:
            values = xp.linalg.eigvalsh(B.T @ B) - SHIFT
            return xp.maximum(values, xp.zeros_like(values))
        if before is not None and not _reaches(left, before, rank, most, tail):
            return None
        more = standard_normal(rng, (n, min(rank, most - rank)), K)
        omega = xp.concat([omega, more], axis=1)
        Y = xp.concat([Y, K @ more + SHIFT * more], axis=1)
        rank, before = omega.shape[1], left


def _reaches(left, before, rank, most, tail):
    """Whether a remainder that goes on falling as it did may reach `tail` in time.

    `before` was left at half the rank.
    """
    if rank >= most or left >= before:
        return False
    rate = math.log(before / left) / (rank / 2)
    return math.log(left / tail) <= rate * (most - rank)
