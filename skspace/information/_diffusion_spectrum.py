"""The random walk on the rows of a table, its spectrum and the entropy of that."""

from __future__ import annotations

import math

import numpy as np
from scipy.spatial.distance import pdist

from .._array import array_namespace, is_numpy_array
from ..linalg._psd_spectrum import dense_spectrum, leading_spectrum
from ..linalg._rbf import gaussian
from ..metrics._distance_correlation import distances

__all__ = [
    "bandwidth",
    "diffusion_matrix",
    "entropy_of_rows",
    "spectral_entropy",
    "tail_allowed",
]

EPS = 2.22e-16
"""Added to every share before its logarithm, as the reference does."""
ERROR = 5e-7
"""Bits of error that leaving small eigenvalues out may bring."""
ROUNDING = float(np.finfo(np.float64).eps)
"""Of the trace, which is at least 1."""
LARGEST_RADIUS = 500.0
"""Lengths of rows, in units of sigma, beyond which squared distances from products of
rows would carry a visible rounding."""
LARGEST_ENTRY = 1e150
"""In units of sigma, so that squares stay in range."""


def diffusion_matrix(Z, normalization):
    """Symmetric matrix with the spectrum of a random walk on the rows of Z.

    Neighbours at distance d are joined by ``exp(-d² / 2)``.
    """
    xp = array_namespace(Z)
    length = math.sqrt(float(xp.max(xp.sum(Z * Z, axis=1))))
    if length <= LARGEST_RADIUS:
        K = gaussian(Z, Z)
    else:
        d = distances(Z, Z)
        K = xp.exp(d * d / -2)
    for _ in range(1 if normalization == "random_walk" else 2):
        scale = 1 / xp.sqrt(xp.sum(K, axis=1))
        K *= scale[:, None]
        K *= scale[None, :]
    return K


def spectral_entropy(K, t):
    """Entropy in bits of the shares of ``|eigenvalue| ** t``; NumPy's K is used up."""
    xp = array_namespace(K)
    n = K.shape[0]
    trace, tail = float(xp.linalg.trace(K)), tail_allowed(n, t)
    # the trace is not known to more digits than it has
    values = leading_spectrum(K, trace, tail) if tail > ROUNDING else None
    values = dense_spectrum(K) if values is None else values
    power = xp.abs(values) ** t
    share = power / xp.sum(power) + EPS
    return max(0.0, -float(xp.sum(share * xp.log2(share))))


def tail_allowed(n, t):
    """Sum of eigenvalues that may be left out for an error of at most ``ERROR``.

    Eigenvalues lie in [0, 1] and the largest is 1. Lowering them by a total of r lowers
    the sum of their powers, which is at least 1, by at most ``t r`` (t >= 1) or
    ``n**(1 - t) r**t``. Shares then move by no more than that, v, in total variation,
    and the entropy by ``v log2(n) + h(v)``, h the entropy of a coin [1]_.

    References
    ----------
    .. [1] K. M. R. Audenaert, "A sharp continuity estimate for the von Neumann
       entropy", Journal of Physics A 40 (2007). :doi:`10.1088/1751-8113/40/28/S18`
    """
    v = ERROR / (math.log2(n) + 2 * math.log2(1 / ERROR))
    return v / t if t >= 1 else (v / n ** (1 - t)) ** (1 / t)


def bandwidth(X, sigma):
    """Resolve sigma: the median distance between two rows where it is "median"."""
    if sigma != "median":
        return float(sigma)
    if X.shape[0] < 2:
        return 1.0
    if is_numpy_array(X):
        median = float(np.median(pdist(X), overwrite_input=True))
    else:
        xp, n = array_namespace(X), X.shape[0]
        # each pair twice, after the n zeros of the diagonal
        each = xp.sort(xp.reshape(distances(X, X), (-1,)))[n:]
        middle = each.shape[0] // 2
        median = float(each[middle - 1] + each[middle]) / 2
    if not median > 0:
        raise ValueError(
            "sigma='median' is 0: half of all pairs of rows or more are equal. Pass "
            "sigma as a number."
        )
    return median


def entropy_of_rows(X, sigma, t, normalization):
    """Diffusion spectral entropy of a float64 table that is small enough."""
    if X.shape[0] < 2:
        return 0.0
    xp = array_namespace(X)
    if float(xp.max(xp.abs(X))) / sigma > LARGEST_ENTRY:
        raise ValueError(
            f"Entries of X are too large for sigma={sigma:g}; pass a larger sigma, or "
            "sigma='median'."
        )
    Z = X / sigma
    return spectral_entropy(diffusion_matrix(Z - xp.mean(Z, axis=0), normalization), t)
