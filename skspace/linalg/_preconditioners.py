"""Right preconditioners of least squares: x = L z, with A L well conditioned.

Each has ``forward(z) = L z`` and ``adjoint(g) = Lᵀ g`` for (p, k) arrays.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.linalg import solve_triangular

from ._conditioning import EPS, factor_of_design

__all__ = [
    "Diagonal",
    "Identity",
    "Matrix",
    "Sketch",
    "Spectral",
    "Triangular",
    "block_jacobi",
    "nystrom",
    "sketch_design",
]

SMALLEST_RIDGE = 1e-40
"""Ridge below which its own share of a spectrum of order one is far below rounding."""
SKETCH_BLOCK = 2**17
"""Rows sketched at a time."""


class Identity:
    """L = I."""

    def forward(self, z):
        """Return L z."""
        return z

    def adjoint(self, g):
        """Return Lᵀ g."""
        return g


class Diagonal(NamedTuple):
    """L = diag(1 / length): columns of A at unit length."""

    length: Any

    def forward(self, z):
        """Return L z."""
        return z / self.length[:, None]

    adjoint = forward


class Triangular(NamedTuple):
    """L = R⁻¹ for a triangular factor R of A, or of a sketch of it."""

    R: Any

    def forward(self, z):
        """Return L z."""
        return solve_triangular(self.R, z)

    def adjoint(self, g):
        """Return Lᵀ g."""
        return solve_triangular(self.R, g, trans="T")


class Matrix(NamedTuple):
    """L given as a (p, q) array."""

    L: Any

    def forward(self, z):
        """Return L z."""
        return self.L @ z

    def adjoint(self, g):
        """Return Lᵀ g."""
        return self.L.T @ g


class Spectral(NamedTuple):
    """L = U diag(d) Uᵀ + (I - U Uᵀ) for orthonormal U (p, l): symmetric."""

    U: Any
    d: Any

    def forward(self, z):
        """Return L z."""
        return z + self.U @ ((self.d[:, None] - 1.0) * (self.U.T @ z))

    adjoint = forward


class Sketch(NamedTuple):
    """A few random combinations of the rows of A and b."""

    A: Any
    b: Any


def sketch_size(n_columns):
    """Rows of a sketch and nonzeros a row of A gets in it.

    One nonzero (CountSketch) embeds p dimensions in about p² rows whatever the data;
    where that is too many, four nonzeros do with 16 p. Larger sketches cost the same
    pass over A and save iterations: their error falls by about √(p / m) each.
    """
    if n_columns <= 128:
        return max(n_columns**2, 32 * n_columns), 1
    return 16 * n_columns, 4


def sketch_design(design, b, rng):
    """Sketch A and b by random signs at random rows: one pass over the data.

    Parameters
    ----------
    design : Design
        Its ridge rows are appended as they are.
    b : (rows, k) array
    rng : RandomState

    Returns
    -------
    Sketch
        With ``E (SA)ᵀ(SA) = AᵀA``.
    """
    X, n, p = design.X, design.n_rows, design.n_columns
    n_sketch, n_nonzeros = sketch_size(design.shape[1])
    S_A, S_b = np.zeros((n_sketch, design.shape[1])), np.zeros((n_sketch, b.shape[1]))
    for start in range(0, n, SKETCH_BLOCK):
        rows = slice(start, min(start + SKETCH_BLOCK, n))
        size = rows.stop - start
        signs = (2.0 * rng.randint(2, size=(size, n_nonzeros)) - 1.0) / np.sqrt(
            n_nonzeros
        )
        places = rng.randint(n_sketch, size=(size, n_nonzeros))
        S_b += _columns(places, signs, n_sketch) @ b[rows]  # b has its weights already
        if design.roots is not None:
            signs = signs * design.roots[rows]
        S = _columns(places, signs, n_sketch)
        block = X[rows]
        if sp.issparse(block):
            S_A[:, :p] += (S @ block).toarray()
        else:
            S_A[:, :p] += S @ np.asarray(block, dtype=np.float64)
        if design.intercept:
            S_A[:, p] += S.sum(axis=1)
    if design.alpha:
        S_A = np.concatenate([S_A, np.sqrt(design.alpha) * np.eye(p, S_A.shape[1])])
        S_b = np.concatenate([S_b, np.zeros((p, b.shape[1]))])
    return Sketch(S_A / design.scale, S_b)


def _columns(places, signs, n_sketch):
    """CSC array with `signs` at row `places` of each column."""
    size, n_nonzeros = places.shape
    indptr = np.arange(0, places.size + 1, n_nonzeros)
    return sp.csc_array((signs.ravel(), places.ravel(), indptr), shape=(n_sketch, size))


def block_jacobi(design, groups):
    """Whiten each group of columns by its own triangular factor.

    Parameters
    ----------
    design : Design
    groups : list of index arrays
        Of columns of `design`, each in one.

    Returns
    -------
    Matrix

    Notes
    -----
    For two groups with largest canonical correlation c, A L has singular values
    √(1 ± c), so cond²(A L) = (1 + c) / (1 - c). No clamped Schur complement improves
    on that. Columns dependent within their group share a clamped direction.
    """
    p = sum(len(group) for group in groups)
    L = np.zeros((p, p))
    for group in groups:
        R = factor_of_design(design.dense_blocks(group))
        _, s, Vt = np.linalg.svd(R, full_matrices=False)
        if s[0] == 0:
            continue
        s = np.maximum(s, 4 * len(group) * EPS * s[0])
        L[np.ix_(group, group[: s.size])] = Vt.T / s
    return Matrix(L)


def nystrom(design, rng, *, n_columns=10):
    """Precondition H = XᵀX + alpha I by a random low-rank approximation of XᵀX.

    Parameters
    ----------
    design : Design
        With alpha > 0, all its columns over one scale, of the size of the entries or
        of √alpha, whichever is larger.
    rng : RandomState
    n_columns : int, default=10
        Rank to begin with; it doubles until the smallest eigenvalue found is at most
        the ridge (so that cond(P⁻¹H) is a small constant) or a half of all columns.

    Returns
    -------
    Spectral
        P = L Lᵀ, of rank l where l >= 2 ⌈1.5 d_eff⌉ + 1 gives cond < 28 in
        expectation.

    References
    ----------
    Frangella, Tropp & Udell (2023), Randomized Nyström preconditioning.
    :doi:`10.1137/21M1466244`
    """
    p = design.shape[1]
    ridge = design.alpha / design.scale[0] / design.scale[0]
    mu = max(ridge, SMALLEST_RIDGE)
    most = max(1, p // 2)
    rank = min(n_columns, most)
    while True:
        omega = np.linalg.qr(rng.standard_normal((p, rank)))[0]
        Y = design.gram(omega)
        Y[: design.n_columns] -= ridge * omega[: design.n_columns]
        top = max(np.max(np.abs(Y)), mu)  # also where X is zero or its squares large
        shift = EPS * top * np.linalg.norm(Y / top) * np.sqrt(p) + EPS * mu
        Y = Y + shift * omega
        C = np.linalg.cholesky(_symmetric(omega.T @ Y))
        U, s, _ = np.linalg.svd(
            solve_triangular(C, Y.T, lower=True).T, full_matrices=False
        )
        values = np.maximum(s**2 - shift, 0.0)
        if values[-1] <= mu or rank == most:
            return Spectral(U, np.sqrt((values[-1] + mu) / (values + mu)))
        rank = min(2 * rank, most)


def _symmetric(M):
    return (M + M.T) / 2
