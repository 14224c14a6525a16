"""Kernel matrices of sufficient dimension reduction, in whitened coordinates.

Each is a function of the moments of slices; their leading eigenvectors span the
directions along which the distribution of x changes with y.

Notation: p_h share, m_h mean, V_h covariance and U_h = V_h + m_h m_hᵀ second moment
of slice h; K the covariance of all (the identity, but for a shrunken covariance);
B = Σ p_h m_h m_hᵀ.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from .._array import array_namespace, to_numpy
from ._moments import total_moments

TIE = 1e-10
"""Eigenvalues closer than this share of the largest are one eigenvalue."""


class WhitenedMoments(NamedTuple):
    """Moments of slices in whitened coordinates, about the overall mean."""

    share: Any  # (n_slices,)
    mean: Any  # (n_slices, r)
    covariance: Any  # (n_slices, r, r), or None where only means were kept
    total: Any  # (r, r)

    @property
    def second_moment(self):
        """Mean of w wᵀ in each slice, shape (n_slices, r, r)."""
        return self.covariance + self.mean[:, :, None] * self.mean[:, None, :]


def whitened_moments(moments, whitening):
    """Moments of w = Aᵀ (x - mean) from those of x; no row is touched.

    Cost O(H p² r): p x p matrices are transformed in the place of data.
    """
    xp = array_namespace(moments.weight)
    share = moments.weight / xp.sum(moments.weight)
    A = whitening.forward
    mean = (moments.mean - whitening.mean) @ A
    covariance = None
    if moments.per_slice:
        inner = moments.scatter / moments.weight[:, None, None]
        covariance = symmetric(xp.matrix_transpose(A) @ inner @ A)
    total = symmetric(xp.matrix_transpose(A) @ total_moments(moments).covariance @ A)
    return WhitenedMoments(share, mean, covariance, total)


def symmetric(M):
    """Symmetric part of each matrix."""
    return (M + array_namespace(M).matrix_transpose(M)) / 2


def inverse_regression_factor(moments):
    """Return F with B = F Fᵀ: columns √p_h m_h, shape (r, n_slices)."""
    xp = array_namespace(moments.mean)
    return xp.matrix_transpose(xp.sqrt(moments.share)[:, None] * moments.mean)


def inverse_regression_kernel(moments):
    """Return B."""
    F = inverse_regression_factor(moments)
    return F @ array_namespace(F).matrix_transpose(F)


def average_variance_kernel(moments):
    """Return Σ p_h (K - V_h)²."""
    D = moments.total - moments.covariance
    return _mean_square(D, moments.share)


def directional_kernel(moments):
    """Return 2 Σ p_h (U_h - K)² + 2 B² + 2 tr(B) B."""
    xp = array_namespace(moments.mean)
    F = inverse_regression_factor(moments)
    B = F @ xp.matrix_transpose(F)
    trace = xp.sum(xp.linalg.diagonal(B))
    second = _mean_square(moments.second_moment - moments.total, moments.share)
    return 2 * (second + B @ B + trace * B)


def _mean_square(D, share):
    """Return Σ p_h D_h² of symmetric D_h, one product of size (r, H r)."""
    xp = array_namespace(D)
    n_slices, rank, _ = D.shape
    rows = xp.reshape(xp.sqrt(share)[:, None, None] * D, (n_slices * rank, rank))
    return xp.matrix_transpose(rows) @ rows


class Directions(NamedTuple):
    """Eigenvalues, largest first, and whitened directions in columns."""

    eigenvalues: Any
    vectors: Any


def leading_directions(kernel, whitening):
    """Eigenvectors of a kernel matrix, by falling magnitude of the eigenvalues.

    Parameters
    ----------
    kernel : array of shape (r, r)
        Symmetric.
    whitening : Whitening
        Decides among directions of one eigenvalue.

    Returns
    -------
    Directions
        r of them.
    """
    xp = array_namespace(kernel)
    eigenvalues, G = xp.linalg.eigh(kernel)
    order = xp.argsort(xp.abs(eigenvalues), descending=True, stable=True)
    eigenvalues, G = xp.take(eigenvalues, order), xp.take(G, order, axis=1)
    return Directions(eigenvalues, settle_ties(eigenvalues, G, whitening))


def leading_directions_of_factor(factor, whitening):
    """Eigenvectors of F Fᵀ from a thin singular value decomposition of F.

    Cost O(r H²) for H columns; no r x r matrix is built.

    Returns
    -------
    Directions
        min(r, H) of them.
    """
    xp = array_namespace(factor)
    G, s, _ = xp.linalg.svd(factor, full_matrices=False)
    return Directions(s * s, settle_ties(s * s, G, whitening))


def settle_ties(eigenvalues, G, whitening):
    """Choose directions within eigenspaces of several dimensions.

    A kernel matrix does not tell them apart. Those come first along which the data
    vary most for the size of their coefficients, so that the answer is one.
    """

    def size(part):
        raw = whitening.forward @ part
        xp = array_namespace(raw)
        raw = raw / xp.max(xp.abs(raw))  # whose squares may overflow
        return symmetric(xp.matrix_transpose(raw) @ raw)

    return order_ties(array_namespace(G).abs(eigenvalues), G, size)


def order_ties(eigenvalues, G, rule):
    """Turn directions of one eigenvalue to the eigenvectors of another matrix.

    ``rule(part)`` is that matrix between columns of G; the smallest come first.
    """
    xp = array_namespace(G)
    size = np.abs(to_numpy(eigenvalues))
    if len(size) < 2:
        return G
    apart = np.abs(np.diff(to_numpy(eigenvalues))) > TIE * np.max(size)
    ends = [0, *(np.flatnonzero(apart) + 1).tolist(), len(size)]
    if len(ends) == len(size) + 1:
        return G
    parts = []
    for a, b in pairwise(ends):
        part = G[:, a:b]
        if b - a > 1:
            part = part @ xp.linalg.eigh(rule(part))[1]
        parts.append(part)
    return xp.concat(parts, axis=1)
