"""Whitening: coordinates in which a covariance is the identity."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from .._array import array_namespace
from ._basis import fix_column_signs, fix_signs

SQUARE_RANGE = 1e-145, 1e145
"""Numbers whose squares float64 holds, many of them added up too."""

CONSTANT = 64.0
"""A column whose deviation is below this many roundings of its mean is constant."""


class Whitening(NamedTuple):
    """The map w = forwardᵀ (x - mean) and its inverse x - mean = inverse w.

    `eigenvalues` are those of the correlations (of the shrunken covariance) that were
    kept, falling.
    """

    mean: Any
    forward: Any
    inverse: Any
    eigenvalues: Any

    @property
    def rank(self):
        """Number of whitened coordinates."""
        return self.forward.shape[1]

    @property
    def condition(self):
        """Ratio of the largest to the smallest correlation eigenvalue kept."""
        smallest = float(self.eigenvalues[-1])
        return float(self.eigenvalues[0]) / smallest if smallest > 0 else math.inf


def whiten(mean, covariance, *, rcond=1e-6, shrinkage=0.0):
    """Find whitened coordinates of a distribution.

    Parameters
    ----------
    mean : array of shape (p,)
    covariance : array of shape (p, p)
        Symmetric, positive semi-definite but for rounding.
    rcond : float, default=1e-6
        Directions whose eigenvalue of the correlation matrix is at most this share
        of the largest are left out.
    shrinkage : float, default=0.0
        Weight ρ of ``trace(Σ)/p I`` in the covariance: (1-ρ) Σ + ρ trace(Σ)/p I.

    Returns
    -------
    Whitening

    Raises
    ------
    ValueError
        If no column varies.

    Notes
    -----
    The cut is made on correlations, so it does not depend on the units of the
    columns; columns without variance are left out. With shrinkage, which does depend
    on units, no cut is needed and `rcond` is not used. Cost O(p³).
    """
    xp = array_namespace(covariance)
    deviation = deviations(mean, xp.linalg.diagonal(covariance))
    varies = deviation > 0
    if not bool(xp.any(varies)):
        raise ValueError("Every feature is constant: there is nothing to reduce.")
    if shrinkage > 0:
        return _whiten_shrunken(mean, covariance, varies, shrinkage)
    scale = xp.where(varies, deviation, xp.ones_like(deviation))
    inverse_scale = xp.astype(varies, xp.float64) / scale
    correlation = inverse_scale[:, None] * covariance * inverse_scale
    eigenvalues, V = xp.linalg.eigh(correlation)
    return _from_spectrum(
        mean, xp.flip(eigenvalues), xp.flip(V, axis=1), inverse_scale, scale, rcond
    )


def deviations(mean, variance):
    """Take standard deviations of columns, 0 for those that are constant.

    A deviation of at most 64 roundings of the mean is none.
    """
    xp = array_namespace(variance)
    eps = float(xp.finfo(xp.float64).eps)
    deviation = xp.sqrt(xp.maximum(variance, xp.zeros_like(variance)))
    constant = deviation <= CONSTANT * eps * xp.abs(mean)
    return xp.where(constant, xp.zeros_like(deviation), deviation)


def _whiten_shrunken(mean, covariance, varies, shrinkage):
    """Whiten by (1-ρ) Σ + ρ trace(Σ)/p I, within the range of Σ.

    Outside that range no row ever differs from the mean. Small eigenvalues need no
    cut, since shrinkage raises them.
    """
    xp = array_namespace(covariance)
    n_features = covariance.shape[0]
    keep = xp.astype(varies, xp.float64)
    values, V = xp.linalg.eigh(keep[:, None] * covariance * keep)
    values, V = xp.flip(values), xp.flip(V, axis=1)
    eps = float(xp.finfo(xp.float64).eps)
    rank = int(xp.sum(xp.astype(values > n_features * eps * values[0], xp.int64)))
    values, V = values[:rank], fix_column_signs(V[:, :rank])
    values = (1 - shrinkage) * values + shrinkage * xp.sum(values) / n_features
    root = xp.sqrt(values)
    return Whitening(mean, V / root, V * root, values)


def whiten_rows(X, mean, variance, *, weights=None, rcond=0.0):
    """As :func:`whiten`, from rows: no digits are lost by squaring.

    Parameters
    ----------
    X : array of shape (n, p)
    mean : array of shape (p,)
    variance : array of shape (p,)
        Of the columns.
    weights : array of shape (n,), optional
    rcond : float, default=0.0

    Returns
    -------
    Whitening

    Notes
    -----
    QR of the centred, scaled rows, then a singular value decomposition of the
    factor. Cost O(n p²) and a copy of the rows.
    """
    xp = array_namespace(X)
    eps = float(xp.finfo(xp.float64).eps)
    deviation = deviations(mean, variance)
    varies = deviation > 0
    scale = xp.where(varies, deviation, xp.ones_like(deviation))
    inverse_scale = xp.astype(varies, xp.float64) / scale
    D = (xp.astype(X, xp.float64) - mean) * inverse_scale
    total = X.shape[0]
    if weights is not None:
        D, total = D * xp.sqrt(weights)[:, None], xp.sum(weights)
    R = xp.linalg.qr(D, mode="reduced")[1]
    _, s, Vt = xp.linalg.svd(R, full_matrices=False)
    # The squares of singular values carry twice the digits that eigenvalues have.
    rcond = max(rcond, (max(X.shape) * eps) ** 2)
    V = xp.matrix_transpose(Vt)
    return _from_spectrum(mean, s * s / total, V, inverse_scale, scale, rcond)


def _from_spectrum(mean, eigenvalues, V, inverse_scale, scale, rcond):
    """Cut at the rank; V holds eigenvectors in columns, eigenvalues fall."""
    xp = array_namespace(V)
    eps = float(xp.finfo(xp.float64).eps)
    floor = max(rcond, 0.0) * eigenvalues[0]
    kept = eigenvalues > xp.maximum(floor, eps**2 * eigenvalues[0])
    rank = int(xp.sum(xp.astype(kept, xp.int64)))
    eigenvalues, V = eigenvalues[:rank], fix_column_signs(V[:, :rank])
    root = xp.sqrt(eigenvalues)
    return Whitening(
        mean, inverse_scale[:, None] * V / root, scale[:, None] * V * root, eigenvalues
    )


class LinearMap(NamedTuple):
    """The map ``(x - mean) componentsᵀ * scales`` to scores of unit variance.

    `components` are rows of unit length, the entry of largest magnitude positive;
    `loadings` are the covariances of the features with the scores.
    """

    components: Any
    scales: Any
    loadings: Any


def linear_map(whitening, vectors):
    """Map of whitened orthonormal `vectors`, shape (r, k), in input coordinates."""
    xp = array_namespace(vectors)
    raw = xp.matrix_transpose(whitening.forward @ vectors)
    size = xp.max(xp.abs(raw), axis=1)  # whose squares may overflow
    length = size * xp.linalg.vector_norm(raw / size[:, None], axis=1)
    rows = fix_signs(raw / length[:, None])
    turned = xp.sign(xp.sum(rows * raw, axis=1))
    loadings = xp.matrix_transpose(whitening.inverse @ vectors) * turned[:, None]
    return LinearMap(rows, length, loadings)


def ledoit_wolf_shrinkage(moments, total):
    """Weight of ``trace(Σ)/p I`` that minimises the expected squared error.

    Parameters
    ----------
    moments : SliceMoments
        With fourth moments.
    total : Total

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    ValueError
        If fourth powers of the features leave the range of float64.

    References
    ----------
    O. Ledoit and M. Wolf, "A well-conditioned estimator for large-dimensional
    covariance matrices", Journal of Multivariate Analysis 88 (2004).
    :doi:`10.1016/S0047-259X(03)00096-4`
    """
    xp = array_namespace(total.covariance)
    n_features = total.covariance.shape[0]
    largest = float(xp.max(xp.abs(total.covariance)))
    within = largest == 0 or SQUARE_RANGE[0] < largest < SQUARE_RANGE[1]
    if not (within and math.isfinite(float(moments.fourth.quartic))):
        raise ValueError(
            "shrinkage='auto' takes fourth powers of the features, which leave the "
            f"range of float64: the largest variance is {largest:.0e}. Divide the "
            "features by their largest entry, or pass a number as shrinkage."
        )
    square = float(xp.sum(total.covariance**2))
    mu = float(xp.sum(xp.linalg.diagonal(total.covariance))) / n_features
    spread = square - n_features * mu**2
    quartic = float(moments.fourth.quartic) / float(total.weight)
    noise = (quartic - square) / moments.n_samples
    if spread <= 0:
        return 1.0
    return min(max(noise / spread, 0.0), 1.0)
