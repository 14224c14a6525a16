"""Centred data as a triangle; penalties of weak directions, and how each is judged.

Everything is in coordinates of columns centred and at unit length, where answers do not
depend on units.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.linalg import solve_triangular

from ..linalg._conditioning import factor_of_design, power_of_two, rank_tolerance
from ..linalg._design import Design
from ._rows import column_scale, response_scale

__all__ = ["Centred", "Clamp", "centre", "gcv_error", "loo_error", "solve", "weak"]

N_GRID = 41
LEAST_SHARE = 1e-12
"""Weak eigenvalues count as this share of their group's largest at least."""


class Centred(NamedTuple):
    """Data without the constant, columns at unit length, reduced to a triangle."""

    R: Any
    """(r, p)"""
    z: Any
    """(r, k) the part of the responses in the range of X."""
    rest: Any
    """(k,) lengths of the other part."""
    length: Any
    """(p,) of the columns of X, centred and weighted."""
    n: float
    """Sum of weights."""
    unit: float
    """Unit of z and rest, a power of two: their squares stay in range."""
    constant: int
    """1 with a constant, else 0."""


class Clamp(NamedTuple):
    """Eigenvalues of weak directions and the largest of their groups."""

    values: Any
    largest: Any

    def penalties(self, kappa):
        """λ̃ - λ for the target ratio `kappa`."""
        raised = self.largest / kappa - self.values
        return np.where(raised > 1e-9 * self.values, raised, 0.0)  # no rounding

    def grid(self):
        """Ratios from 1 to that of the weakest direction, which is no penalty."""
        if not len(self.values):
            return np.array([1.0])
        values = np.maximum(self.values, LEAST_SHARE * self.largest)
        return np.geomspace(1.0, np.max(self.largest / values), N_GRID)


def centre(data, fit_intercept):
    """Reduce [1 X y] to a triangle and drop what belongs to the constant."""
    p, constant = data.X.shape[1], int(fit_intercept)
    scale = column_scale(data.X, fit_intercept)
    design = Design(data.X, intercept=fit_intercept, weights=data.weights, scale=scale)
    order = np.r_[p, np.arange(p)] if constant else np.arange(p)
    unit = float(np.max(response_scale(data.Y)))
    b = design.right_hand_side(data.Y / unit)
    T = factor_of_design(_with_responses(design, order, b))
    whole = np.linalg.norm(T[:, constant : p + constant], axis=0)
    T = T[constant:, constant:]
    R = T[:p, :p]
    length = np.linalg.norm(R, axis=0)
    # a constant column less its mean is rounding: without evidence
    flat = length <= rank_tolerance(p + 1) * whole
    R = np.where(flat, 0.0, R)
    length = np.where(flat, whole, length)
    length[length == 0] = 1.0
    n = data.X.shape[0] if data.weights is None else np.sum(data.weights)
    rest = np.linalg.norm(T[p:, p:], axis=0)
    R, length = R / length, length * scale[:p]
    return Centred(R, T[:p, p:], rest, length, float(n), unit, constant)


def _with_responses(design, columns, b):
    """Blocks of dense rows with the responses appended."""
    start = 0
    for block in design.dense_blocks(columns):
        stop = start + len(block)
        yield np.concatenate([block, b[start:stop]], axis=1)
        start = stop


def weak(blocks, p):
    """Weak directions as columns of (p, q) and their clamp."""
    columns, values, largest = [], [], []
    for block in blocks:
        top = block.eigenvalues.max()
        for j in np.flatnonzero(block.weak):
            u = np.zeros(p)
            u[block.indices] = block.basis[:, j]
            columns.append(u)
            values.append(block.eigenvalues[j])
            largest.append(top if top > 0 else 1.0)
    U = np.stack(columns, axis=1) if columns else np.zeros((p, 0))
    return U, Clamp(np.array(values), np.array(largest))


def solve(centred, ridge, U, penalties, targets):
    """Triangular factor of the penalised normal matrix, and the coefficients."""
    p, roots = centred.R.shape[1], np.sqrt(penalties)
    A = [centred.R, (U * roots).T]
    b = [centred.z, roots[:, None] * targets]
    if np.any(ridge):
        A.append(np.diag(ridge))
        b.append(np.zeros((p, b[0].shape[1])))
    T = np.linalg.qr(np.hstack([np.concatenate(A), np.concatenate(b)]), mode="r")
    R, z = T[:p, :p], T[:p, p:]
    return R, solve_triangular(R, z)


def hat_trace(centred, T):
    """Trace of the hat matrix of a penalised solve with the factor T."""
    return np.sum(solve_triangular(T, centred.R.T, trans="T") ** 2) + centred.constant


def gcv_error(data, centred, T, beta):
    """Generalised cross-validation error of a penalised solve, in units of rest²."""
    n = centred.n
    rss = np.sum((centred.R @ beta - centred.z) ** 2) + np.sum(centred.rest**2)
    left = max(n - hat_trace(centred, T), 1e-8 * n)
    return (n / left) * (rss / left)


def loo_error(data, centred, T, beta):
    """Mean squared error of each row by the fit without it (once)."""
    if np.min(centred.length) < 1e-300:
        raise ValueError(
            "A feature is too near zero for errors of rows left out; multiply it "
            "by a constant, or use another kappa_target."
        )
    w = np.ones(len(data.Y)) if data.weights is None else data.weights
    beta = beta / centred.length[:, None]
    mean = np.zeros(data.X.shape[1])
    intercept, own = 0.0, 0.0
    if centred.constant:
        mean = np.asarray(w @ data.X) / centred.n
        intercept = (w @ (data.Y / centred.unit)) / centred.n - mean @ beta
        own = 1.0 / centred.n
    turn = solve_triangular(T, np.diag(1.0 / centred.length), trans="T").T
    unit = power_of_two(np.max(w))  # sums of weights may leave the range
    total, size = 0.0, 8192
    for start in range(0, len(w), size):
        rows = slice(start, start + size)
        X = data.X[rows]
        X = X.toarray() if sp.issparse(X) else X
        residual = data.Y[rows] / centred.unit - X @ beta - intercept
        leverage = own + np.sum(((X - mean) @ turn) ** 2, axis=1)
        left = np.maximum(1.0 - leverage, 1e-8)[:, None]
        total += np.sum(w[rows, None] / unit * (residual / left) ** 2)
    return total / (centred.n / unit)
