"""Weighted rows of a regression, with its constant and its penalties, and their QR.

A penalty ``d (uᵀβ - t)²`` is one more row u with weight d and response t, so that ridge
and prior knowledge enter the refinement like data and cost no digits.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.linalg import solve_triangular

from ..linalg._conditioning import (
    factor_of_design,
    independent_columns,
    power_of_two,
    rank_tolerance,
    singular_spectrum,
)
from ..linalg._extended_precision import ExtendedRows

__all__ = [
    "Factor",
    "Penalty",
    "ScaledRows",
    "column_scale",
    "factorise",
    "response_scale",
    "stack",
    "stack_with_ridge",
]

QR_BYTES = 2**25
"""Rows taken into the QR at a time."""


class Penalty(NamedTuple):
    """Rows that are not data: ``Σ weights (rows β - targets)²``."""

    rows: Any
    """(q, p) array."""
    weights: Any
    """(q,) positive."""
    targets: Any
    """(q, k) array."""


class ScaledRows(NamedTuple):
    """All rows: data over penalties, columns over powers of two."""

    A: Any
    """(n + q, columns) array in column order or CSR, [X 1; U 0] over `scale`."""
    b: Any
    """(n + q, k) responses over `response_scale`."""
    weights: Any
    """(n + q,) array, or None for ones."""
    scale: Any
    """(columns,) powers of two."""
    response_scale: Any
    """(k,) powers of two."""

    def to_data(self, coefs):
        """Coefficients (columns, k) of these rows in the units of the data.

        Raises
        ------
        ValueError
            If one is beyond the range of numbers.
        """
        with np.errstate(over="ignore"):
            coefs = np.ldexp(coefs, self._exponents())
        if not np.isfinite(coefs).all():
            raise ValueError(
                "A coefficient is beyond 1e308: a feature is that small beside the "
                "response; multiply it by a constant."
            )
        return coefs

    def from_data(self, coefs):
        """Undo :meth:`to_data`."""
        return np.ldexp(coefs, -self._exponents())

    def _exponents(self):
        # not by factors, which may leave the range where what they scale does not
        response, column = np.frexp(self.response_scale)[1], np.frexp(self.scale)[1]
        return response - column[:, None]


class Factor(NamedTuple):
    """Triangular factor of the rows and what it says of them."""

    R: Any
    """(r, columns) of √W A."""
    length: Any
    """(columns,) lengths of its columns, ones for zero."""
    spectrum: Any
    """Spectrum of its columns at unit length."""
    columns: Any
    """(rank,) columns that are independent."""
    triangle: Any
    """(rank, rank) factor of these."""
    null: Any
    """(columns, columns - rank) null space of A, in the units of A."""
    plain: Any
    """(columns, k) least squares in plain doubles, zero at dependent columns."""
    residual: Any
    """(k,) lengths of the residuals of √W A."""

    @property
    def rank(self):
        """Number of independent columns."""
        return len(self.columns)


def column_scale(X, fit_intercept):
    """Powers of two near the largest magnitude of each column, the constant last."""
    if sp.issparse(X):
        largest = abs(X).max(axis=0).toarray().ravel()
    else:
        largest = np.maximum(X.max(axis=0), -X.min(axis=0))
    return power_of_two(np.r_[largest, 1.0] if fit_intercept else largest)


def response_scale(Y):
    """Powers of two near the largest magnitude of each response."""
    return power_of_two(np.max(np.abs(Y), axis=0))


def stack(X, Y, weights, *, fit_intercept, penalty=None):
    """Put data, constant and penalties in one table of moderate numbers.

    Nothing is rounded: columns, responses and weights are divided by powers of two.

    Parameters
    ----------
    X : (n, p) array or sparse matrix
    Y : (n, k) array
    weights : (n,) positive array or None
    fit_intercept : bool
    penalty : Penalty, optional
    """
    n, p = X.shape
    q = 0 if penalty is None else len(penalty.weights)
    scale = column_scale(X, fit_intercept)
    if q and np.max(np.abs(penalty.rows), initial=0.0) > 1e150 * np.min(scale):
        raise ValueError(
            f"A feature is of the size {np.min(scale):.0g}: beside the penalty nothing "
            "is left of it. Multiply it by a constant."
        )
    if sp.issparse(X):
        A = sp.csr_array(X, dtype=np.float64) @ sp.diags_array(1.0 / scale[:p])
        if fit_intercept:
            constant = np.full((n, 1), 1.0 / scale[p])
            A = sp.hstack([A, sp.csr_array(constant)], format="csr")
        if q:
            extra = np.zeros((q, len(scale)))
            extra[:, :p] = penalty.rows / scale[:p]
            A = sp.vstack([A, sp.csr_array(extra)], format="csr")
    else:
        A = np.zeros((n + q, len(scale)), order="F")
        np.divide(X, scale[:p], out=A[:n, :p])
        if fit_intercept:
            A[:n, p] = 1.0 / scale[p]
        if q:
            A[n:, :p] = penalty.rows / scale[:p]
    unit = response_scale(Y)
    b = np.zeros((n + q, Y.shape[1]), order="F")
    b[:n] = Y / unit
    all_weights = None
    if weights is not None or q:
        all_weights = np.ones(n + q)
        if weights is not None:
            all_weights[:n] = weights
        if q:
            b[n:] = penalty.targets / unit
            all_weights[n:] = penalty.weights
        all_weights /= power_of_two(np.max(all_weights))
    return ScaledRows(A, b, all_weights, scale, unit)


def stack_with_ridge(data, alpha, *, fit_intercept):
    """Stack data, with a ridge on every coefficient but the constant."""
    penalty, p = None, data.X.shape[1]
    if alpha > 0:
        targets = np.zeros((p, data.Y.shape[1]))
        penalty = Penalty(np.eye(p), np.full(p, alpha), targets)
    return stack(
        data.X, data.Y, data.weights, fit_intercept=fit_intercept, penalty=penalty
    )


def factorise(rows):
    """Compute R of √W A by QR, never by normal equations, and find the rank."""
    p = rows.A.shape[1]
    R = factor_of_design(_weighted_blocks(rows))
    # b went along as more columns: z = Qᵀ b, and what is below is the residual
    R, z, rest = R[:p, :p], R[:p, p:], R[p:, p:]
    length = np.sqrt(np.einsum("ij,ij->j", R, R))
    length[length == 0] = 1.0
    unit = R / length
    spectrum = singular_spectrum(unit)
    columns, triangle, null = np.arange(p), R, np.zeros((p, 0))
    rank = int(np.sum(spectrum.values > rank_tolerance(p) * spectrum.values[0]))
    if rank < min(p, len(spectrum.values)):
        columns, triangle, null = independent_columns(unit, rank)
        triangle = triangle * length[columns]
        null = null / length[:, None]
    plain = np.zeros((p, z.shape[1]))
    Q, T = np.linalg.qr(R[:, columns])
    plain[columns] = solve_triangular(T, Q.T @ z)
    residual = np.linalg.norm(rest, axis=0)
    return Factor(R, length, spectrum, columns, triangle, null, plain, residual)


def _weighted_blocks(rows):
    """√W [A b], some rows at a time."""
    A, weights = rows.A, rows.weights
    n, p = A.shape
    size = max(8 * p, QR_BYTES // (8 * max(p, 1)))
    for start in range(0, n, size):
        take = slice(start, start + size)
        block = A[take].toarray() if sp.issparse(A) else A[take]
        block = np.concatenate([block, rows.b[take]], axis=1)
        yield block if weights is None else np.sqrt(weights[take])[:, None] * block


def extended(rows, columns=None):
    """Products of the rows, or of some of their columns, in extended precision."""
    A = rows.A
    if columns is not None and len(columns) < A.shape[1]:
        A = A[:, columns]
    return ExtendedRows(A)
