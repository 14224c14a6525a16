"""Influence of one sample on kernel matrices and on their leading directions.

The influence of an observation is the derivative of a quantity when the distribution
moves towards that observation: with (1 - ε) F + ε δ in the place of F, d/dε at 0.
Slices stay where they are. Coordinates are whitened, w = Aᵀ (x - mean), and the moved
distribution is whitened again by the symmetric root of its covariance in these
coordinates.

Notation, beside that of :mod:`._inverse_moments`: E = w wᵀ - I, D_k = I - V_k or
U_k - I, h the slice of the observation, c = w - m_h, sym(M) = M + Mᵀ.
"""

from __future__ import annotations

import math

from .._array import array_namespace, device
from ._inverse_moments import (
    average_variance_kernel,
    inverse_regression_kernel,
)


def inverse_regression_influence(moments, W, labels, left, right):
    """Influence on B = Σ p_h m_h m_hᵀ: sym(w tᵀ) - m_h m_hᵀ, t = m_h - B w / 2.

    Parameters
    ----------
    moments : WhitenedMoments
        Unshrunken: their total is the identity.
    W : array of shape (n, r)
        Observations in whitened coordinates, float64.
    labels : array of shape (n,), int64
        Slice of each.
    left : array of shape (r, q)
    right : array of shape (r, d)

    Returns
    -------
    array of shape (n, q, d)
        ``leftᵀ IF(M) right`` for every observation. Cost O(n r (q + d) + n q d) once B
        is multiplied with; nothing of size r x r is made for an observation.
    """
    m, t = _mean_and_pull(moments, W, labels)
    return _symmetric_outer(W, t, left, right) - _outer(m, m, left, right)


def average_variance_influence(moments, W, labels, left, right):
    """Influence on M = Σ p_h (I - V_h)²; see :func:`inverse_regression_influence`.

    2 D_h - D_h² - 2 B + M - sym(D_h c cᵀ) + sym((B - M/2) w wᵀ) - Σ p_k D_k w (D_k w)ᵀ,
    with D_k = I - V_k. Cost O(n H r²) for H slices.
    """
    xp = array_namespace(W)
    D = moments.total - moments.covariance
    M, B = average_variance_kernel(moments), inverse_regression_kernel(moments)
    found = _by_slice(2 * D - D @ D - 2 * B + M, labels, left, right)
    found = found + _symmetric_outer(W @ (B - M / 2), W, left, right)
    own = xp.zeros_like(W)
    for k in range(D.shape[0]):
        y = W @ D[k, :, :]
        found = found - moments.share[k] * _outer(y, y, left, right)
        own = xp.where((labels == k)[:, None], y - moments.mean[k, :] @ D[k, :, :], own)
    c = W - xp.take(moments.mean, labels, axis=0)
    return found - _symmetric_outer(own, c, left, right)


def directional_influence(moments, W, labels, left, right):
    """Influence on M = 2 Σ p_h (U_h - I)² + 2 B² + 2 tr(B) B.

    See :func:`inverse_regression_influence`. The first term contributes twice
    S + B - D_h² - 2 D_h + sym((D_h w - S w / 2 - v) wᵀ) - Σ p_k y_k y_kᵀ, with
    D_k = U_k - I, S = Σ p_k D_k², v = Σ p_k D_k m_k, y_k = D_k w + m_k; the others
    follow from IF(B). Cost O(n H r²) for H slices.
    """
    xp = array_namespace(W)
    share = moments.share[:, None, None]
    D = moments.second_moment - moments.total
    S, B = xp.sum(share * (D @ D), axis=0), inverse_regression_kernel(moments)
    v = xp.sum(share * (D @ moments.mean[:, :, None]), axis=0)[:, 0]
    found = _by_slice(S + B - D @ D - 2 * D, labels, left, right)
    own = xp.zeros_like(W)
    for k in range(D.shape[0]):
        moved = W @ D[k, :, :]
        y = moved + moments.mean[k, :]
        found = found - moments.share[k] * _outer(y, y, left, right)
        own = xp.where((labels == k)[:, None], moved, own)
    found = found + _symmetric_outer(own - W @ S / 2 - v, W, left, right)

    m, t = _mean_and_pull(moments, W, labels)
    dB = _symmetric_outer(W, t, left, right) - _outer(m, m, left, right)
    B_dB = _symmetric_outer(W @ B, t, left, right)  # sym(B IF(B)) in two parts
    B_dB = B_dB + _symmetric_outer(t @ B, W, left, right)
    B_dB = B_dB - _symmetric_outer(m @ B, m, left, right)
    trace = xp.sum(2 * W * t - m * m, axis=1)[:, None, None]
    of_means = B_dB + trace * (xp.matrix_transpose(left) @ B @ right)
    return 2 * (found + of_means + xp.sum(xp.linalg.diagonal(B)) * dB)


def eigenvector_influence(influence, eigenvalues, *, rotate=True):
    """Influence on the leading eigenvectors, in the basis of all eigenvectors.

    Parameters
    ----------
    influence : array of shape (n, r, d)
        ``g_bᵀ IF(M) g_a`` for the leading d of the r eigenvectors g.
    eigenvalues : array of shape (r,)
        Falling; those compared must differ.
    rotate : bool, default=True
        Whether the leading eigenvectors turn within their span. Without it they move
        as a frame that is always turned to fit its start best.

    Returns
    -------
    C : array of shape (n, r, d)
        ``IF(g_a) = Σ_b C[b, a] g_b`` with ``C[b, a] = g_bᵀ IF(M) g_a / (λ_a - λ_b)``,
        and no part along g_a itself. The projector on the leading d moves by
        ``Σ C[b, a] (g_b g_aᵀ + g_a g_bᵀ)`` over b > d, whatever `rotate` is.
    """
    xp = array_namespace(influence)
    d = influence.shape[2]
    gap = eigenvalues[None, :d] - eigenvalues[:, None]
    fixed = xp.eye(gap.shape[0], d, dtype=xp.bool, device=device(gap))
    if not rotate:
        rows = xp.arange(gap.shape[0], device=device(gap))
        fixed = xp.broadcast_to((rows < d)[:, None], gap.shape)
    gap = xp.where(fixed, xp.ones_like(gap), gap)
    return xp.where(fixed, xp.zeros_like(influence), influence / gap)


def frame_influence(coefficients, Z):
    """Influence on S^(-1/2) G: eigenvectors seen from coordinates that stay.

    New observations change the whitening too. In the whitened coordinates of the
    start, directions of unit variance move by ``IF(G) - E G / 2``.

    Parameters
    ----------
    coefficients : array of shape (n, r, d)
        From :func:`eigenvector_influence`.
    Z : array of shape (n, r)
        Observations in the basis of all eigenvectors.

    Returns
    -------
    array of shape (n, r, d)
        In the basis of all eigenvectors.
    """
    xp = array_namespace(Z)
    d = coefficients.shape[2]
    eye = xp.eye(Z.shape[1], d, dtype=Z.dtype, device=device(Z))
    return coefficients - (Z[:, :, None] * Z[:, None, :d] - eye) / 2


def projector_score(coefficients):
    """Frobenius norm of the influence on the projector on the leading directions.

    √2 times the norm of what moves out of their span, shape (n,).
    """
    xp = array_namespace(coefficients)
    d = coefficients.shape[2]
    outside = coefficients[:, d:, :]
    return math.sqrt(2) * xp.sqrt(xp.sum(outside * outside, axis=(1, 2)))


def _mean_and_pull(moments, W, labels):
    """m_h and t = m_h - B w / 2 of each observation."""
    m = array_namespace(W).take(moments.mean, labels, axis=0)
    return m, m - W @ inverse_regression_kernel(moments) / 2


def _by_slice(matrices, labels, left, right):
    xp = array_namespace(matrices)
    return xp.take(xp.matrix_transpose(left) @ matrices @ right, labels, axis=0)


def _outer(u, v, left, right):
    """Return leftᵀ u vᵀ right for each row u, v."""
    return (u @ left)[:, :, None] * (v @ right)[:, None, :]


def _symmetric_outer(u, v, left, right):
    return _outer(u, v, left, right) + _outer(v, u, left, right)
