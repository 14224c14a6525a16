"""Schur complements of column blocks: what each block knows that no other imitates.

A least-squares problem ``min |J x - b|`` has columns in groups (rotation and
translation, say). The Schur complement of group k in H = JᵀJ,

    S_k = J_kᵀ (I - P) J_k,    P the projector on the range of all other columns,

is the evidence on x_k once the others are free to move, and its inverse is block k
of H⁻¹: the marginal covariance up to σ². Eigenvectors of S_k with small eigenvalues
are the combinations of x_k which the data leave open.

Everything here is p x p at most and runs on the host in float64. Start from a
triangular factor R with RᵀR = H: :func:`factor_of_rows` or :func:`factor_of_hessian`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import lapack, solve_triangular
from scipy.optimize import linear_sum_assignment

FULL_RANK = 1e-13
"""Reciprocal condition of R, its columns at unit length, below which it is singular."""
FLOOR = 1e-12
"""Eigenvalues count as this share of their block's largest at least."""
AMBIGUOUS = 1.05
"""Eigenvalues nearer to each other than this ratio have no directions of their own."""


class BlockSpectrum(NamedTuple):
    """One block's Schur complement, eigenvectors matched to its coordinates.

    Column j of `basis` is the eigenvector that belongs to coordinate j of the block,
    and every other field is in the same order.
    """

    indices: Any
    """(p_k,) columns of the block in the whole problem."""
    eigenvalues: Any
    """(p_k,) of the Schur complement."""
    basis: Any
    """(p_k, p_k) orthonormal eigenvectors as columns, diagonal entries >= 0."""
    ratios: Any
    """(p_k,) largest eigenvalue of the block over each; 1e12 at most, or infinite."""
    stds: Any
    """(p_k,) marginal standard deviations σ / √λ; infinite where λ is zero."""
    weak: Any
    """(p_k,) booleans: directions the data leave open."""
    ambiguous: Any
    """(p_k,) booleans: directions that share an eigenvalue with another."""
    clamped: Any
    """(p_k,) eigenvalues with weak ones raised to the largest over `kappa_target`."""

    @property
    def contributions(self):
        """(p_k, p_k) share of each coordinate (row) in each direction (column)."""
        return self.basis**2


def check_groups(groups, n_columns):
    """Return the groups as index arrays; together they must be every column once.

    Raises
    ------
    ValueError
        When a group is empty, or columns are missing, repeated or out of range.
    """
    groups = [np.atleast_1d(np.asarray(group)) for group in groups]
    for k, group in enumerate(groups):
        if group.ndim != 1 or group.size == 0 or group.dtype.kind not in "iu":
            raise ValueError(f"groups[{k}] must list column numbers, got {group!r}.")
    every = np.concatenate(groups) if groups else np.empty(0, dtype=int)
    if every.size and not (every.min() >= 0 and every.max() < n_columns):
        raise ValueError(
            f"groups name columns {every.min()} to {every.max()}; there are columns "
            f"0 to {n_columns - 1}."
        )
    count = np.bincount(every, minlength=n_columns)
    if np.any(count > 1):
        raise ValueError(
            f"groups overlap: columns {np.flatnonzero(count > 1).tolist()} are in more "
            "than one; give each column to one group."
        )
    if np.any(count == 0):
        raise ValueError(
            f"groups miss columns {np.flatnonzero(count == 0).tolist()}; add them to a "
            "group, or as a group of their own."
        )
    return groups


def factor_of_rows(J):
    """Return the triangular factor R of a QR of the rows `J`, so that RᵀR = JᵀJ.

    Digits of H are not lost as they are by forming it: needed for cond(J) > 1e6.
    Cost O(n p²).
    """
    return np.linalg.qr(np.asarray(J, dtype=np.float64), mode="r")


def factor_of_hessian(H):
    """Return R with RᵀR = `H`, by Cholesky; by eigenvectors where H is singular.

    Raises
    ------
    ValueError
        When `H` has an eigenvalue that is negative beyond rounding.
    """
    H = np.asarray(H, dtype=np.float64)
    scale = np.sqrt(np.maximum(np.diag(H), 0))
    scale[scale == 0] = 1.0
    # Unit diagonal first: units of the columns then change nothing but R's columns.
    unit = H / scale / scale[:, None]
    R, info = lapack.dpotrf(unit, lower=0, clean=1)
    if info == 0:
        return R * scale
    values, vectors = np.linalg.eigh(unit)
    if values[0] < -1e-8 * max(values[-1], 1.0):
        raise ValueError(
            "H must be positive semi-definite; its smallest eigenvalue over its "
            f"largest, at unit diagonal, is {values[0] / max(values[-1], 1e-300):.2g}."
        )
    return (np.sqrt(np.maximum(values, 0))[:, None] * vectors.T) * scale


def schur_factors(R, groups, *, alpha=0.0):
    """Return a factor F_k with F_kᵀ F_k = S_k for every group.

    Parameters
    ----------
    R : (r, p) array
        RᵀR = H, with any number of rows.
    groups : list of index arrays
        As :func:`check_groups` returns them.
    alpha : float, default=0.0
        Analyse H + alpha I.

    Returns
    -------
    factors : list of (p_k, p_k) or (r, p_k) arrays
    singular : bool
        Whether H has no inverse. S_k is then what the definition by projectors
        says, which needs none.

    Notes
    -----
    With R invertible, S_k⁻¹ = Z Zᵀ where Z are the rows k of R⁻¹; a QR of Zᵀ gives
    the factor, and neither H nor S_k is formed or inverted. Cost O(p³).
    """
    R = np.asarray(R, dtype=np.float64)
    p = R.shape[1]
    if alpha > 0:
        R = np.concatenate([R, np.sqrt(alpha) * np.eye(p)])
    length = np.sqrt(np.sum(R * R, axis=0))
    unit = R / np.where(length > 0, length, 1.0)
    T = np.linalg.qr(unit, mode="r")
    square = T.shape[0] == p
    singular = not square or lapack.dtrcon(T, norm="1", uplo="U")[0] <= FULL_RANK
    if singular:
        return [_projected(unit, group, length) for group in groups], True
    inverse = solve_triangular(T, np.eye(p))
    factors = []
    for group in groups:
        Q = np.linalg.qr(inverse[group].T, mode="r")
        eye = np.eye(len(group))
        factors.append(solve_triangular(Q, eye, trans="T") * length[group])
    return factors, False


def _projected(unit, group, length):
    """Columns of `group` less their part in the range of all others."""
    others = np.delete(unit, group, axis=1)
    if others.size:
        U, s, _ = np.linalg.svd(others, full_matrices=False)
        U = U[:, s > 1e-10 * max(s[0], 1e-300)]
        own = unit[:, group] - U @ (U.T @ unit[:, group])
        own -= U @ (U.T @ own)  # twice is enough for full digits
    else:
        own = unit[:, group]
    # what is left of a column that the others hold altogether is rounding
    own = np.where(np.abs(own) < 1e-14, 0.0, own)
    return own * length[group]


def block_spectrum(
    factor,
    indices,
    *,
    degeneracy_threshold=10.0,
    kappa_target=10.0,
    criterion="ratio",
    sigma=None,
    max_std=None,
):
    """Analyse one Schur complement given by its factor.

    Parameters
    ----------
    factor : (r, p_k) array
        S = factorᵀ factor.
    indices : (p_k,) array of int
        Columns of the block in the whole problem.
    degeneracy_threshold : float, default=10.0
        A direction is weak by "ratio" when the block's largest eigenvalue is more
        than this many times its own.
    kappa_target : float, default=10.0
        Ratio to which weak eigenvalues are clamped.
    criterion : {"ratio", "std", "both"}, default="ratio"
        "std" calls a direction weak when its marginal standard deviation is above
        `max_std`; "both" when both tests do.
    sigma : float, default=None
        Standard deviation of the residuals. None leaves `stds` as they are for 1.
    max_std : float, default=None
        Needed by "std" and "both".

    Returns
    -------
    BlockSpectrum
    """
    _, s, Vt = np.linalg.svd(factor, full_matrices=False)
    n_missing = factor.shape[1] - s.size
    if n_missing:  # fewer rows than columns: complete the basis
        _, s, Vt = np.linalg.svd(factor, full_matrices=True)
        s = np.concatenate([s, np.zeros(n_missing)])
    values, vectors = s[::-1] ** 2, Vt[::-1].T
    values, basis, ambiguous = align(values, vectors)

    largest = values.max(initial=0.0)
    if largest > 0:
        ratios = largest / np.maximum(values, FLOOR * largest)
    else:
        ratios = np.full(values.shape, np.inf)
    # no evidence leaves a direction open even where the residuals are all zero
    stds = np.full(values.shape, np.inf)
    seen = values > 0
    with np.errstate(over="ignore"):
        stds[seen] = (1.0 if sigma is None else sigma) / np.sqrt(values[seen])
    weak = ratios > degeneracy_threshold
    if criterion != "ratio":
        above = stds > max_std
        weak = above if criterion == "std" else weak & above
    floor = largest / kappa_target if largest > 0 else 1.0
    # raised, never lowered: a direction may be weak by its deviation alone
    floors = np.where(weak, floor, FLOOR * floor)
    clamped = np.maximum(values, floors)
    return BlockSpectrum(
        np.asarray(indices), values, basis, ratios, stds, weak, ambiguous, clamped
    )


def align(values, vectors):
    """Match eigenvectors to coordinates: one each, in the best total agreement.

    Parameters
    ----------
    values : (p,) array
        Rising eigenvalues.
    vectors : (p, p) array
        Eigenvectors as columns.

    Returns
    -------
    values, vectors : arrays
        In the order of the coordinates, each vector with its own coordinate positive.
    ambiguous : (p,) array of bool
        Eigenvalues that run together (ratio below 1.05) share one eigenspace, in
        which any basis is as good: it is turned to the coordinates and marked here.

    Notes
    -----
    The assignment maximises the sum of ``|vectors[a, j]|``, for which the order of the
    eigenvectors is of no consequence.
    """
    p = values.size
    apart = values[1:] > AMBIGUOUS * np.maximum(values[:-1], FLOOR * values[-1])
    starts = np.concatenate([[0], np.flatnonzero(apart) + 1, [p]])
    agreement = np.empty((p, p))
    for a, b in pairwise(starts):
        share = np.sqrt(np.sum(vectors[:, a:b] ** 2, axis=1))
        agreement[:, a:b] = share[:, None]
    rows, columns = linear_sum_assignment(-agreement)
    axis_of = np.empty(p, dtype=np.int64)
    axis_of[columns] = rows
    aligned, basis = np.empty(p), np.empty((p, p))
    ambiguous = np.zeros(p, dtype=bool)
    for a, b in pairwise(starts):
        axes = np.sort(axis_of[a:b])
        V = vectors[:, a:b]
        U, _, Wt = np.linalg.svd(V[axes].T)
        basis[:, axes] = V @ U @ Wt  # nearest orthonormal basis; a sign for one vector
        aligned[axes] = values[a:b]
        ambiguous[axes] = b - a > 1
    return aligned, basis, ambiguous


def analyze_schur_blocks(R, groups, *, alpha=0.0, sigma=None, max_std=None, **rules):
    """Analyse every group's Schur complement.

    Parameters
    ----------
    R : (r, p) array
        RᵀR = H.
    groups : list of index arrays
        As :func:`check_groups` returns them.
    alpha : float, default=0.0
        Analyse H + alpha I.
    sigma : float, default=None
        Standard deviation of the residuals.
    max_std : list of float, default=None
        Largest standard deviation of each group.
    **rules
        Passed on to :func:`block_spectrum`.

    Returns
    -------
    blocks : list of BlockSpectrum
    singular : bool
        Whether H (+ alpha I) has no inverse.
    """
    factors, singular = schur_factors(R, groups, alpha=alpha)
    limits = [None] * len(groups) if max_std is None else max_std
    return [
        block_spectrum(factor, group, sigma=sigma, max_std=limit, **rules)
        for factor, group, limit in zip(factors, groups, limits, strict=True)
    ], singular


def preconditioner(blocks):
    """Return P ≈ H⁻¹ of shape (p, p): the clamped blocks, inverted."""
    L = right_preconditioner(blocks)
    return L @ L.T


def right_preconditioner(blocks):
    """Return the block-diagonal L of shape (p, p) with P = L Lᵀ.

    For ``min |J x - b|`` put x = L z and solve for z: the columns of J L are those of
    J with every block whitened by what the other blocks leave of it.
    """
    p = sum(len(block.indices) for block in blocks)
    L = np.zeros((p, p))
    for block in blocks:
        rows = np.asarray(block.indices)
        L[np.ix_(rows, rows)] = block.basis / np.sqrt(block.clamped)
    return L
