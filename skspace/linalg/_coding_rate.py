"""Coding rates of features as a whole and in parts, with gradients by hand.

Rows of `Z` are features. A part is a column of nonnegative weights over the rows: one
column a cluster, or one a sample. All parts are coded together: their second moments
are one matrix product with the table of products of two features.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._array import accelerated, array_namespace, asarray_like, cholesky, device

__all__ = [
    "PartsRate",
    "WholeRate",
    "cluster_volumes",
    "factorise",
    "log_volume",
    "rate_of_parts",
    "rate_of_whole",
]

TABLE_BOUND = 2**24
"""Numbers in the largest table of products formed at a time."""

BLOCK_BOUND = 2**20
"""Numbers in one block of moment matrices, which are factorised while in cache."""


class WholeRate(NamedTuple):
    """Coding rate and its derivative."""

    value: float
    by_features: Any  # (n_samples, n_features)


class PartsRate(NamedTuple):
    """Coding rate of the parts and its derivatives."""

    value: float
    by_features: Any  # (n_samples, n_features)
    by_membership: Any  # (n_samples, n_parts)


def log_volume(Z, scale):
    """``log det(I + scale * Z.T @ Z)``, by the smaller of the two Gram matrices.

    Parameters
    ----------
    Z : array of shape (n_samples, n_features)
    scale : float

    Returns
    -------
    float
        Computed in float64.

    Notes
    -----
    By a Cholesky factor; by singular values where `scale` is so large that the identity
    is lost in rounding.
    """
    xp = array_namespace(Z)
    Z = xp.astype(Z, xp.float64, copy=False)
    n, d = Z.shape
    gram = Z @ Z.T if n < d else Z.T @ Z
    M = _eye(gram.shape[0], Z) + scale * gram
    try:
        return float(_log_determinants(cholesky(M)))
    except np.linalg.LinAlgError:
        s = xp.linalg.svdvals(Z)
        return float(xp.sum(xp.log1p(scale * s * s)))


def rate_of_whole(Z, eps2):
    r"""Half the log-volume of all features, in balls of radius ε.

    Parameters
    ----------
    Z : array of shape (n_samples, n_features)
    eps2 : float
        ε², the squared precision.

    Returns
    -------
    WholeRate
        :math:`R = ½ \log\det(I + s Z^T Z)` and :math:`s Z P`, with
        :math:`s = d / (n ε²)` and P the inverse of that matrix.

    Notes
    -----
    O(n d² + d³). The logarithm is summed in float64.
    """
    xp = array_namespace(Z)
    n, d = Z.shape
    s = d / (n * eps2)
    M = _eye(d, Z) + s * (Z.T @ Z)
    value = float(_log_determinants(cholesky(M))) / 2
    return WholeRate(value, s * (Z @ xp.linalg.inv(M)))


def cluster_volumes(Z, labels, eps2):
    """Size and log-volume of every cluster of a partition.

    Parameters
    ----------
    Z : array of shape (n_samples, n_features)
    labels : ndarray of shape (n_samples,)
        On the host.
    eps2 : float
        ε², the squared precision.

    Returns
    -------
    sizes : ndarray of shape (n_clusters,), int64
    volumes : ndarray of shape (n_clusters,), float64
        ``log det(I + d / (size eps2) Z_k.T @ Z_k)``. O(n d min(n, d)) in all.
    """
    xp = array_namespace(Z)
    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    volumes = [
        log_volume(
            xp.take(Z, asarray_like(rows, Z), axis=0), Z.shape[1] / (len(rows) * eps2)
        )
        for rows in members
    ]
    return np.array([len(rows) for rows in members]), np.array(volumes)


def rate_of_parts(Z, membership, eps2):
    r"""Mean rate at which the parts of a soft partition are coded, each on its own.

    Parameters
    ----------
    Z : array of shape (n_samples, n_features)
    membership : array of shape (n_samples, n_parts)
        γ, nonnegative. Parts of weight zero cost nothing.
    eps2 : float
        ε², the squared precision.

    Returns
    -------
    PartsRate
        :math:`R_c = \frac{1}{2n} \sum_j t_j \log\det(I + s_j Z^T \mathrm{diag}(γ_j)
        Z)` with :math:`t_j = \sum_i γ_{ij}` and :math:`s_j = d / (t_j ε²)`; its
        derivatives :math:`\frac{d}{nε²} \sum_j γ_{ij} P_j z_i` and
        :math:`\frac{d}{2nε²} z_i^T P_j z_i + \frac{1}{2n} (\log\det P_j^{-1} - d +
        \mathrm{tr} P_j)`.

    Notes
    -----
    With T the table of the d(d + 1)/2 products of two features of each row, the
    moments of all parts are :math:`γ^T T`, and both derivatives are products with T
    or γ of the table of inverses: three products of n · n_parts · d(d + 1) operations
    and n_parts factorisations of order d. T is formed in blocks of rows. Memory is
    (2 n_parts + n) d(d + 1)/2 numbers beside the derivatives.
    """
    xp = array_namespace(Z, membership)
    n, d = Z.shape
    pairs = Pairs(d, Z)
    weight = xp.sum(membership, axis=0)
    some = weight > 0
    scale = xp.where(some, d / (eps2 * xp.where(some, weight, 1.0)), 0.0)
    blocks = list(_blocks(n, TABLE_BOUND // pairs.size))

    moments = 0.0
    for rows in blocks:
        table = pairs.products(Z[rows, :])
        moments = moments + membership[rows, :].T @ table
    logs, inverses, traces = factorise(moments, scale, d)
    value = float(xp.sum(weight * logs, dtype=xp.float64)) / (2 * n)

    doubled = inverses * pairs.multiplicity
    through_weight = (logs - d + traces) / (2 * n)
    by_features, by_membership = [], []
    for rows in blocks:
        if len(blocks) > 1:
            table = pairs.products(Z[rows, :])
        quadratic = table @ doubled.T
        by_membership.append((d / (2 * n * eps2)) * quadratic + through_weight)
        of_row = membership[rows, :] @ inverses
        by_features.append((d / (n * eps2)) * pairs.apply(of_row, Z[rows, :]))
    return PartsRate(
        value, xp.concat(by_features, axis=0), xp.concat(by_membership, axis=0)
    )


@accelerated("skspace._numba.coding_rate:factorise")
def factorise(moments, scale, d):
    """Log-determinant, inverse and its trace of each I + scale * moment.

    Parameters
    ----------
    moments : array of shape (n_parts, d (d + 1) / 2)
        Positive semi-definite matrices by their upper triangles, row after row.
    scale : array of shape (n_parts,)
        Nonnegative.
    d : int
        Order of the matrices.

    Returns
    -------
    logs : array of shape (n_parts,)
        Summed in float64.
    inverses : array of shape (n_parts, d (d + 1) / 2)
    traces : array of shape (n_parts,)
        Of the inverses, summed in float64.
    """
    xp = array_namespace(moments, scale)
    pairs = Pairs(d, moments)
    eye = _eye(d, moments)
    logs, inverses, traces = [], [], []
    for of_block in _blocks(moments.shape[0], BLOCK_BOUND // (d * d)):
        M = pairs.full(moments[of_block, :] * scale[of_block][:, None]) + eye
        logs.append(_log_determinants(cholesky(M)))
        P = xp.linalg.inv(M)
        traces.append(xp.linalg.trace(P, dtype=xp.float64))
        P = xp.reshape(P, (P.shape[0], d * d))
        inverses.append(xp.take(P, pairs.upper, axis=1))
    logs, traces = (xp.astype(xp.concat(x), moments.dtype) for x in (logs, traces))
    return logs, xp.concat(inverses, axis=0), traces


class Pairs:
    """Symmetric matrices of order d as rows of their d (d + 1) / 2 upper entries."""

    def __init__(self, d, like):
        self.d, self.size = d, d * (d + 1) // 2
        self._xp = array_namespace(like)
        rows, columns = np.triu_indices(d)
        places = np.empty((d, d), dtype=np.int64)
        places[rows, columns] = places[columns, rows] = np.arange(self.size)
        self.places = asarray_like(np.ravel(places), like)
        self.upper = asarray_like(rows * d + columns, like)
        self.multiplicity = asarray_like(np.where(rows == columns, 1.0, 2.0), like)

    def products(self, Z):
        """Products of two features of each row, (n, size)."""
        columns = range(self.d)
        return self._xp.concat([Z[:, a : a + 1] * Z[:, a:] for a in columns], axis=1)

    def full(self, packed):
        """Matrices of shape (n, d, d) from rows of upper entries."""
        full = self._xp.take(packed, self.places, axis=1)
        return self._xp.reshape(full, (packed.shape[0], self.d, self.d))

    def apply(self, packed, Z):
        """Product of each row's matrix with its features."""
        parts = [
            (self.full(packed[rows, :]) @ Z[rows, :, None])[:, :, 0]
            for rows in _blocks(Z.shape[0], BLOCK_BOUND // (self.d * self.d))
        ]
        return self._xp.concat(parts, axis=0)


def _blocks(n, height):
    """Slices of at most `height` rows; one that is empty where there are none."""
    height = max(1, height)
    for start in range(0, max(1, n), height):
        yield slice(start, min(start + height, n))


def _log_determinants(L):
    """Log-determinants of matrices from their Cholesky factors, in float64."""
    xp = array_namespace(L)
    diagonal = xp.astype(xp.linalg.diagonal(L), xp.float64)
    return 2 * xp.sum(xp.log(diagonal), axis=-1)


def _eye(d, like):
    return array_namespace(like).eye(d, dtype=like.dtype, device=device(like))
