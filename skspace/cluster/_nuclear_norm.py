"""Minimise a nuclear norm plus the lengths of the rows that it leaves over."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._array import array_namespace
from ._row_space import count


class LowRankState(NamedTuple):
    """One iterate of `low_rank_iterations`. C = coefficients @ vectors.T."""

    coefficients: Any  # (n_samples, rank)
    objective: float  # of these coefficients
    change: float  # relative duality gap: objective at most this above the minimum
    rank: int  # of the coefficients


def low_rank_iterations(space, alpha):
    r"""Minimise :math:`\|W\|_* + \alpha \|(U - W) S\|_{2,1}` over W by ADMM.

    Parameters
    ----------
    space : RowSpace
        U and S of the samples, float64, of full numerical rank.
    alpha : float

    Yields
    ------
    LowRankState
    """
    U, s, _ = space
    xp = array_namespace(U)
    largest = float(s[0])
    mean_square = float(xp.sum((s / largest) ** 2)) / U.shape[0]
    unit = largest * mean_square**0.5  # root mean square length of a row
    s, alpha = s / unit, alpha * unit
    T = U * s
    if alpha <= smallest_alpha(U, s):
        lengths = xp.linalg.vector_norm(T, axis=1)
        yield LowRankState(xp.zeros_like(T), alpha * float(xp.sum(lengths)), 0.0, 0)
        return

    # E = T - W S and J = W are split off; Y and Z are their multipliers over mu.
    W, Y, Z, mu = xp.zeros_like(T), xp.zeros_like(T), xp.zeros_like(T), 1.0
    n_iter = 0
    while True:
        J, nuclear, rank = _shrink_singular_values(W + Z, 1.0 / mu)
        E = _shrink_rows(T - W * s + Y, alpha / mu)
        before = W
        W = ((T - E + Y) * s + J - Z) / (s * s + 1.0)
        Y = Y + (T - W * s - E)
        Z = Z + (W - J)

        # mu Y bounds the minimum from below once it is scaled into the dual set:
        # rows of length alpha at most, and (mu Y) S of spectral norm 1 at most.
        dual = mu * Y
        scale = max(
            1.0,
            float(xp.max(xp.linalg.vector_norm(dual, axis=1))) / alpha,
            _spectral_norm(dual * s),
        )
        misfit = xp.linalg.vector_norm(T - J * s, axis=1)
        objective = nuclear + alpha * float(xp.sum(misfit))
        gap = 1.0 - float(xp.sum(T * dual)) / (scale * objective)
        yield LowRankState(J, objective, gap, rank)

        n_iter += 1
        if n_iter % 5 == 0 and n_iter <= 200:  # changes must end for convergence
            primal = _norm(T - W * s - E, W - J) / _norm(T, J)
            moved = _norm((W - before) * s, W - before) / _norm(Y, Z)
            factor = min(5.0, max(0.2, (primal / max(moved, 1e-300)) ** 0.5))
            mu, Y, Z = mu * factor, Y / factor, Z / factor


def smallest_alpha(U, s):
    """Largest alpha for which C = 0 is optimal."""
    xp = array_namespace(U)
    T = U * s
    length = xp.linalg.vector_norm(T, axis=1, keepdims=True)
    directions = T / xp.where(length > 0, length, xp.ones_like(length))
    return 1.0 / _spectral_norm(directions * s)


def _shrink_singular_values(M, threshold):
    """Soft-threshold singular values; also their sum and number afterwards.

    Through the small matrix MᵀM: its rounding error concerns singular values far
    below the threshold only, and those become zero.
    """
    xp = array_namespace(M)
    energy, R = xp.linalg.eigh(M.T @ M)
    values = xp.sqrt(xp.clip(energy, min=0.0))
    kept = xp.clip(values - threshold, min=0.0)
    factor = kept / xp.where(values > 0, values, xp.ones_like(values))
    return M @ ((R * factor) @ R.T), float(xp.sum(kept)), count(kept > 0)


def _shrink_rows(M, threshold):
    xp = array_namespace(M)
    length = xp.linalg.vector_norm(M, axis=1, keepdims=True)
    kept = xp.clip(length - threshold, min=0.0)
    return M * (kept / xp.where(length > 0, length, xp.ones_like(length)))


def _spectral_norm(M):
    xp = array_namespace(M)
    return max(0.0, float(xp.linalg.eigvalsh(M.T @ M)[-1])) ** 0.5


def _norm(*arrays):
    xp = array_namespace(*arrays)
    return sum(float(xp.sum(a * a)) for a in arrays) ** 0.5
