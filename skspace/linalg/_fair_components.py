"""Principal components in which groups do not differ, from moments of the groups."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._array import array_namespace
from ._fair_blocks import NEGLIGIBLE, complement
from ._inverse_moments import symmetric


class Components(NamedTuple):
    """Directions in columns, the variance along each, and what was excluded."""

    vectors: Any
    variance: Any
    n_excluded: int


class Part(NamedTuple):
    """One attribute: moments of its groups; its covariances where it holds numbers."""

    moments: Any
    covariance: Any


def mean_differences(parts, total):
    """Orthonormal basis of what group means, or covariances with numbers, span.

    Differences below 1e-8 standard deviations of their feature are rounding.
    """
    xp = array_namespace(total.covariance)
    variance = xp.linalg.diagonal(total.covariance)
    varies = variance > 0
    scale = xp.sqrt(xp.where(varies, variance, xp.ones_like(variance)))
    factors = []
    for groups, covariance in parts:
        if covariance is None:
            share = groups.weight / total.weight
            apart = xp.sqrt(share)[:, None] * (groups.mean - total.mean)
            covariance = xp.matrix_transpose(apart)
        factors.append(covariance)
    D = xp.concat(factors, axis=1) / scale[:, None]
    U, s, _ = xp.linalg.svd(D, full_matrices=False)
    U = U[:, : int(xp.sum(xp.astype(s > NEGLIGIBLE, xp.int64)))] * scale[:, None]
    return xp.linalg.qr(U)[0] if U.shape[1] else U


def covariance_differences(parts, basis, unit):
    """Σ p_h (V_h - V)² within a basis, in a unit: V_h of slices, V their mean."""
    xp = array_namespace(basis)
    kernel = xp.zeros_like(xp.matrix_transpose(basis) @ basis)
    for part, _ in parts:
        share = part.weight / xp.sum(part.weight)
        within = part.scatter / part.weight[:, None, None] / unit
        within = xp.matrix_transpose(basis) @ within @ basis
        apart = within - xp.sum(share[:, None, None] * within, axis=0)
        kernel = kernel + xp.sum(share[:, None, None] * (apart @ apart), axis=0)
    return symmetric(kernel)


def fair_components(parts, total, *, share, fewest):
    """Principal components within the null space of differences between groups.

    Parameters
    ----------
    parts : list of Part
    total : Total
    share : float or None
        Share of the null space to keep, where covariances differ least.
    fewest : int
        Directions to keep at least.

    Returns
    -------
    Components
        Along all of which the data vary.
    """
    xp = array_namespace(total.covariance)
    excluded = mean_differences(parts, total)
    basis = complement(excluded)
    if share is not None and basis.shape[1]:
        kept = max(int(np.ceil(share * basis.shape[1])), fewest)
        unit = xp.max(xp.linalg.diagonal(total.covariance))  # squares stay in range
        unit = xp.where(unit > 0, unit, xp.ones_like(unit))
        _, Q = xp.linalg.eigh(covariance_differences(parts, basis, unit))
        basis = basis @ Q[:, :kept]
    inner = xp.matrix_transpose(basis) @ total.covariance @ basis
    if basis.shape[1] == 0:
        return Components(basis, basis[0, :], excluded.shape[1])
    values, Q = xp.linalg.eigh(symmetric(inner))
    values, vectors = xp.flip(values), basis @ xp.flip(Q, axis=1)
    eps = float(xp.finfo(values.dtype).eps)
    floor = total.covariance.shape[0] * eps * xp.max(xp.abs(total.covariance))
    rank = int(xp.sum(xp.astype(values > floor, xp.int64)))
    return Components(vectors[:, :rank], values[:rank], excluded.shape[1])
