"""Iterative refinement of weighted least squares, residuals in twice the digits.

``min Σ w_i (b_i - a_iᵀx)²`` is solved from any approximate solver of its normal
equations: with the residual r = b - A x and the gradient Aᵀ W r computed in about 32
digits, every pass x <- x + M Aᵀ W r, M ≈ (AᵀWA)⁻¹, lowers the error by a factor of
about eps cond(A) for M from a triangular factor of √W A. The weights enter as they are:
rows scaled by their square roots would be other rows, which costs cond(A) eps.

This is refinement of the augmented system for (r, x) with r eliminated: r is formed
anew from x, carried as a pair, so that nothing of it is lost to rounding and no
orthogonal factor is needed.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ._conditioning import EPS
from ._extended_precision import Pair, add, as_pair, multiply

__all__ = ["RefinementState", "is_refined", "refinement"]

STALLED = 0.5
"""Corrections that shrink by less than this factor a pass no longer help."""


class RefinementState(NamedTuple):
    """One pass."""

    solution: Pair
    """(p,) x with its tail."""
    change: float
    """Largest relative correction of a coefficient."""
    error: float
    """Largest relative error left, extrapolated from the rate."""
    rate: float
    """Factor by which this correction is shorter than the one before."""


def refinement(rows, b, solve, *, weights=None, start=None, rate=EPS):
    """Improve a least-squares solution pass by pass.

    Parameters
    ----------
    rows : ExtendedRows of shape (n, p)
    b : (n,) array
        Right-hand side.
    solve : callable
        ``solve(c) ≈ (AᵀWA)⁻¹ c``.
    weights : (n,) array, optional
        Positive.
    start : (p,) array, optional
        Zero without it; the first pass is then the plain solve.
    rate : float
        What is expected of it at first: about eps cond(A).

    Yields
    ------
    RefinementState
        The generator ends when corrections shrink no more.

    Notes
    -----
    A pass costs two products with A in pairs, 50 operations an entry.
    """
    x = as_pair(np.zeros(rows.shape[1]) if start is None else start)
    r = as_pair(b) if start is None else rows.residual(b, x)
    length = None
    while True:
        if weights is not None:
            r = multiply(r, weights)
        c = rows.correlate(r)
        dx = solve(c)
        before, length = length, math.sqrt(max(float(dx @ c), 0.0))  # |√W A dx|
        stalled = False
        if before is not None:
            rate = length / before if before > 0 else 0.0
            stalled = rate > STALLED
        if stalled and rate > 1.0 / STALLED:
            return  # the correction is worse than what it corrects
        x = add(x, dx)
        errors = np.abs(dx) * min(rate / (1.0 - min(rate, STALLED)), 1.0)
        size = np.maximum(np.abs(x.high), EPS * np.max(np.abs(x.high), initial=0.0))
        size[size == 0] = 1.0
        yield RefinementState(
            x,
            change=float(np.max(np.abs(dx) / size, initial=0.0)),
            error=float(np.max(errors / size, initial=0.0)),
            rate=rate,
        )
        if stalled:
            return
        r = rows.residual(b, x)


def is_refined(history):
    """Whether what is left is less than the rounding of the result."""
    return history[-1]["error"] <= EPS / 8
