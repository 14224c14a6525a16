"""Affine maps that erase a concept, from covariances.

Every eraser here has the form r(x) = x - U Dᵀ (x - mean): U spans what is taken away,
the columns of D (the duals) say how much of it a row has. With S the cross-covariance
of the features and the concept, U an orthonormal basis of its columns, and any D with
Dᵀ U = I, the cross-covariance after erasure is S - U Dᵀ S = 0. The metric M in
D = M U (Uᵀ M U)⁻¹ only decides how far rows are moved.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from .._array import array_namespace, device
from ._basis import fix_column_signs
from ._inverse_moments import symmetric

UNCORRELATED = 0.75
"""Correlations up to this power of the rounding unit are none."""

BLOCK = 2**17
"""Entries of a block of rows."""

SAME_DIRECTION = 1e-6
"""Sine of the angle between concept and target below which both are one direction."""


class Eraser(NamedTuple):
    """Directions taken away and their duals, in columns; both of shape (p, k)."""

    directions: Any
    duals: Any


def _inverse(scale):
    xp = array_namespace(scale)
    positive = scale > 0
    return xp.where(positive, 1 / xp.where(positive, scale, scale + 1), 0 * scale)


def covarying_directions(cross, scale, scale_of_concept, eps):
    """Orthonormal basis of the columns of a cross-covariance.

    Parameters
    ----------
    cross : array of shape (p, q)
        Covariance of features and concept columns.
    scale : array of shape (p,)
        Standard deviations of the features, 0 for constant ones.
    scale_of_concept : array of shape (q,)
    eps : float
        Rounding unit of the data.

    Returns
    -------
    array of shape (p, k)
        By falling covariance, the entry of largest magnitude positive. The rank k is
        that of the correlations, which do not know the units.
    """
    xp = array_namespace(cross)
    correlation = _inverse(scale)[:, None] * cross * _inverse(scale_of_concept)
    left, s, _ = xp.linalg.svd(correlation, full_matrices=False)
    # Rounding leaves some correlation after an erasure, in directions that say nothing.
    rank = int(xp.sum(xp.astype(s > eps**UNCORRELATED, xp.int64)))
    if rank == 0:
        return left[:, :0]
    raw = scale[:, None] * left[:, :rank] * s[:rank]
    U, _, _ = xp.linalg.svd(raw, full_matrices=False)
    return fix_column_signs(U)


def inverse_root(covariance, scale, *, rcond, shrinkage=0.0):
    """Return L with L Lᵀ the inverse of a covariance, small eigenvalues raised.

    Parameters
    ----------
    covariance : array of shape (p, p)
    scale : array of shape (p,)
        Standard deviations of the features, 0 for constant ones.
    rcond : float
        Eigenvalues of the correlation matrix below this share of the largest are
        raised to it. Nothing is lost where they are zero, since no feature covaries
        with anything along such directions.
    shrinkage : float, default=0.0
        Weight ρ in the covariance (1 - ρ) Σ + ρ trace(Σ)/p I.

    Returns
    -------
    array of shape (p, p)
        Zero for constant features.
    """
    xp = array_namespace(covariance)
    eps = float(xp.finfo(xp.float64).eps)
    diagonal = xp.linalg.diagonal(covariance)
    varies = xp.astype(scale > 0, xp.float64)
    level = shrinkage * float(xp.sum(diagonal)) / diagonal.shape[0]
    shrunken = (1 - shrinkage) * diagonal + level
    by = varies * _inverse(xp.sqrt(xp.abs(shrunken)))
    correlation = (1 - shrinkage) * by[:, None] * covariance * by
    on_diagonal = xp.eye(by.shape[0], dtype=xp.float64, device=device(by))
    correlation = correlation + on_diagonal * (level * by * by)
    values, V = xp.linalg.eigh(symmetric(correlation))
    floor = max(rcond, eps) * values[-1]
    raised = xp.where(values > floor, values, 0 * values + floor)
    raised = xp.where(raised > 0, raised, raised + 1)  # zero where no feature varies
    return by[:, None] * V / xp.sqrt(raised)


def least_squares_duals(directions, root):
    """Duals that move rows least in the metric L Lᵀ (and, for LEACE, in any).

    Parameters
    ----------
    directions : array of shape (p, k)
        Orthonormal U.
    root : array of shape (p, r)
        L; the identity gives U itself, the orthogonal projector.

    Returns
    -------
    array of shape (p, k)
        M U (Uᵀ M U)⁻¹ with M = L Lᵀ.
    """
    xp = array_namespace(directions)
    if directions.shape[1] == 0:
        return directions
    Q, R = xp.linalg.qr(xp.matrix_transpose(root) @ directions)
    return root @ _divided(Q, R)


def _divided(Q, R):
    """Return Q R⁻ᵀ."""
    xp = array_namespace(Q)
    return xp.matrix_transpose(xp.linalg.solve(R, xp.matrix_transpose(Q)))


def sparing_duals(directions, spared, root):
    """Duals that move rows least among those that spare other directions.

    Parameters
    ----------
    directions : array of shape (p, k)
        Orthonormal U, to be taken away.
    spared : array of shape (p, m)
        Orthonormal V with Dᵀ V = 0: what covaries with the target stays.
    root : array of shape (p, r)

    Returns
    -------
    duals : array of shape (p, k)
    cosines : array of shape (min(k, m),)
        Canonical correlations of what is taken away and what is spared, falling. At 1
        there is no such map; next to it rows are moved by 1 / sin.

    Raises
    ------
    ValueError
        If a direction is to be taken away and spared.
    """
    xp = array_namespace(directions)
    if 0 in (directions.shape[1], spared.shape[1]):
        none = xp.zeros_like(root[0, :0])
        return least_squares_duals(directions, root), none
    turn = xp.matrix_transpose(root)
    Qu, Ru = xp.linalg.qr(turn @ directions)
    Qv, _ = xp.linalg.qr(turn @ spared)
    cosines = xp.linalg.svdvals(xp.matrix_transpose(Qv) @ Qu)
    rest = Qu - Qv @ (xp.matrix_transpose(Qv) @ Qu)
    rest = rest - Qv @ (xp.matrix_transpose(Qv) @ rest)
    if float(xp.min(xp.linalg.svdvals(rest))) < SAME_DIRECTION:
        raise ValueError(
            "A direction in which the features covary with the concept is one in which "
            "they covary with the target alone: what is to be erased is to be spared."
        )
    Q, R = xp.linalg.qr(rest)
    return root @ _divided(Q, R @ Ru), xp.clip(cosines, 0.0, 1.0)


def erase(X, mean, directions, duals):
    """Return ``X - (X - mean) @ duals.T @ directions``, block by block.

    Parameters
    ----------
    X : array of shape (n, p)
    mean : array of shape (p,)
    directions, duals : array of shape (k, p)

    Returns
    -------
    array of shape (n, p)
        Intermediate tables stay small enough to be read again from the cache.
    """
    xp = array_namespace(X)
    size = max(BLOCK // max(X.shape[1], 1), 1)
    blocks = []
    for start in range(0, X.shape[0], size):
        rows = X[start : min(start + size, X.shape[0]), :]
        moved = (rows - mean) @ xp.matrix_transpose(duals)
        blocks.append(rows - moved @ directions)
    return blocks[0] if len(blocks) == 1 else xp.concat(blocks)


def spectral_weights(energies, alpha):
    """Weights of directions by their share r of the energy: α r / ((α - 1) r + 1).

    Parameters
    ----------
    energies : array of shape (k,)
        Squared singular values, falling. Those below p roundings of the largest are
        zero.
    alpha : float
        1 keeps the shares, 0 gives none any weight, inf gives all the weight 1.

    Returns
    -------
    array of shape (k,)
        In [0, 1].
    """
    xp = array_namespace(energies)
    eps = float(xp.finfo(xp.float64).eps)
    floor = max(energies.shape[0], 1) * eps * energies[0]
    there = energies > floor
    share = xp.where(there, energies, 0 * energies)
    share = share / xp.sum(share)
    if math.isinf(alpha):
        return xp.astype(there, xp.float64)
    return alpha * share / (alpha * share + (1 - share))


def soft_projector(second_moment, alpha):
    """Directions of rows and the weights of a soft projector V diag(weights) Vᵀ.

    Parameters
    ----------
    second_moment : array of shape (p, p)
        Sum or mean of x xᵀ over the rows; not zero.
    alpha : float
        See :func:`spectral_weights`.

    Returns
    -------
    V : array of shape (p, k)
        Orthonormal columns of positive weight, by falling energy.
    weights : array of shape (k,)
    """
    xp = array_namespace(second_moment)
    energies, V = xp.linalg.eigh(symmetric(second_moment))
    energies, V = xp.flip(energies), xp.flip(V, axis=1)
    weights = spectral_weights(energies, alpha)
    rank = int(xp.sum(xp.astype(weights > 0, xp.int64)))
    return fix_column_signs(V[:, :rank]), weights[:rank]


def spectral_eraser(forget, retain, alpha_forget, alpha_retain):
    """Take away soft directions of one set of rows, but for those of another.

    Parameters
    ----------
    forget : array of shape (p, p)
        Second moment of the rows to be forgotten; not zero.
    retain : array of shape (p, p)
        That of the rows to be retained.
    alpha_forget, alpha_retain : float
        See :func:`spectral_weights`.

    Returns
    -------
    Eraser
        For I - M_f + M_f M_r with soft projectors M_f = V diag(w) Vᵀ and M_r:
        directions V and duals (I - M_r) V diag(w).
    """
    xp = array_namespace(forget)
    V, weights = soft_projector(forget, alpha_forget)
    kept = V
    if alpha_retain > 0 and float(xp.max(xp.abs(retain))) > 0:
        V_r, w_r = soft_projector(retain, alpha_retain)
        kept = V - (V_r * w_r) @ (xp.matrix_transpose(V_r) @ V)
    return Eraser(V, kept * weights)
