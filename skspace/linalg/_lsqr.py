"""LSQR, LSMR and conjugate gradients: generators of states, one pass over A each.

All solve ``min |A x - b|`` with right preconditioner L (x = L z, B = A L), for several
right-hand sides at a time, each with its own recurrences. LSQR and LSMR share the
bidiagonalisation of Golub and Kahan; both of its products are taken in one pass over
the rows (:meth:`Design.step`), since a row's part of u is known when the row is read.

References
----------
Paige & Saunders (1982), LSQR. :doi:`10.1145/355984.355989`
Fong & Saunders (2011), LSMR. :doi:`10.1137/10079687X`
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import eigh_tridiagonal, svdvals

from ._conditioning import EPS

__all__ = ["KrylovState", "conjugate_gradients", "lsmr", "lsqr"]


class KrylovState(NamedTuple):
    """One iteration."""

    solution: Any
    """(p, k) x = L z."""
    change: float
    """Least of ``|Bᵀr| / |B||r|`` and ``|r| / (|b| + |B||z|)``, the worst column."""
    spectrum: Any
    """() -> estimated largest and smallest singular value of B, from within."""
    residual: Any
    """(k,) estimated ``|b - A x|``; NaN for conjugate gradients."""


class _Bidiagonalisation:
    """B V_k = U_{k+1} B_k, column by column; U is kept unnormalised."""

    def __init__(self, design, right, b):
        self.design, self.right = design, right
        self.U = b
        self.beta = np.linalg.norm(b, axis=0)
        self.first = self.beta
        Z = right.adjoint(design.adjoint(self.U))
        v = Z / _positive(self.beta)
        self.alpha = np.linalg.norm(v, axis=0)
        self.v = v / _positive(self.alpha)
        self.diagonal, self.below = [self.alpha], []

    def advance(self):
        shift = self.alpha / _positive(self.beta)
        Z = self.design.step(self.right.forward(self.v), self.U, shift)
        self.beta = np.linalg.norm(self.U, axis=0)
        v = self.right.adjoint(Z) / _positive(self.beta) - self.beta * self.v
        self.alpha = np.linalg.norm(v, axis=0)
        self.v = v / _positive(self.alpha)
        self.diagonal.append(self.alpha)
        self.below.append(self.beta)

    def spectrum(self):
        """Extreme singular values of the bidiagonal matrix of the first column."""
        d = np.array([a[0] for a in self.diagonal[: len(self.below)]])
        e = np.array([b[0] for b in self.below])
        if d.size == 0 or d[0] == 0:
            return np.nan, np.nan
        B = np.zeros((d.size + 1, d.size))
        np.fill_diagonal(B, d)
        np.fill_diagonal(B[1:], e)
        values = svdvals(B)
        return values[0], values[-1]


def _positive(x):
    """Replace zeros by one, where what is divided is zero as well."""
    return np.where(x > 0, x, 1.0)


def lsqr(design, right, b):
    """Iterate LSQR from zero; `b` (rows, k) is overwritten."""
    basis = _Bidiagonalisation(design, right, b)
    w = basis.v
    z = np.zeros_like(w)
    phi_bar, rho_bar = basis.beta, basis.alpha
    square = rho_bar**2  # of |B| in the Frobenius norm, from below
    while True:
        basis.advance()
        alpha, beta = basis.alpha, basis.beta
        rho = _positive(np.hypot(rho_bar, beta))
        c, s = rho_bar / rho, beta / rho
        theta, rho_bar = s * alpha, -c * alpha
        phi, phi_bar = c * phi_bar, s * phi_bar
        z = z + phi / rho * w
        w = basis.v - theta / rho * w
        square = square + beta**2
        test = _test(phi_bar, np.abs(phi_bar * rho_bar), square, basis.first, z)
        square = square + alpha**2
        yield KrylovState(right.forward(z), test, basis.spectrum, np.abs(phi_bar))


def lsmr(design, right, b):
    """Iterate LSMR from zero: like LSQR, with |Bᵀr| falling steadily."""
    basis = _Bidiagonalisation(design, right, b)
    h, h_bar = basis.v, np.zeros_like(basis.v)
    z = np.zeros_like(h)
    alpha_bar, zeta_bar = basis.alpha, basis.alpha * basis.beta
    rho = rho_bar = c_bar = np.ones_like(basis.alpha)
    s_bar = np.zeros_like(rho)
    square = basis.alpha**2
    # of the residual: |r| after the second rotation
    beta_dd, beta_d = basis.beta, np.zeros_like(rho)
    rho_d_old = np.ones_like(rho)
    tau_old, theta_tilde, zeta = (np.zeros_like(rho) for _ in range(3))
    while True:
        basis.advance()
        alpha, beta = basis.alpha, basis.beta
        rho_old, rho = rho, _positive(np.hypot(alpha_bar, beta))
        c, s = alpha_bar / rho, beta / rho
        theta_new, alpha_bar = s * alpha, c * alpha
        rho_bar_old, zeta_old = rho_bar, zeta
        theta_bar = s_bar * rho
        rho_bar = _positive(np.hypot(c_bar * rho, theta_new))
        c_bar, s_bar = c_bar * rho / rho_bar, theta_new / rho_bar
        zeta, zeta_bar = c_bar * zeta_bar, -s_bar * zeta_bar
        h_bar = h - theta_bar * rho / (rho_old * rho_bar_old) * h_bar
        z = z + zeta / (rho * rho_bar) * h_bar
        h = basis.v - theta_new / rho * h

        beta_hat, beta_dd = c * beta_dd, -s * beta_dd
        theta_tilde_old = theta_tilde
        rho_tilde_old = _positive(np.hypot(rho_d_old, theta_bar))
        c_tilde, s_tilde = rho_d_old / rho_tilde_old, theta_bar / rho_tilde_old
        theta_tilde, rho_d_old = s_tilde * rho_bar, c_tilde * rho_bar
        beta_d = -s_tilde * beta_d + c_tilde * beta_hat
        tau_old = (zeta_old - theta_tilde_old * tau_old) / rho_tilde_old
        tau_d = (zeta - theta_tilde * tau_old) / _positive(rho_d_old)
        length = np.hypot(beta_d - tau_d, beta_dd)
        square = square + beta**2
        test = _test(length, np.abs(zeta_bar), square, basis.first, z)
        square = square + alpha**2
        yield KrylovState(right.forward(z), test, basis.spectrum, length)


def conjugate_gradients(design, right, g):
    """Iterate conjugate gradients on BᵀB z = Lᵀ g from zero.

    Nothing of the length of the rows is kept, but accuracy ends at eps cond(B)². The
    change is ``|Bᵀr| / |Lᵀg|``. A direction in which B is zero but for rounding is the
    last one: steps along it would grow without end.
    """
    r = right.adjoint(g)
    first = np.linalg.norm(r, axis=0)
    z, p, square = np.zeros_like(r), r, first**2
    diagonal, beside = [], []
    past, largest, seen = None, 0.0, True
    while np.any(seen):
        q = right.adjoint(design.gram(right.forward(p)))
        curvature, length = np.sum(p * q, axis=0), np.sum(p * p, axis=0)
        largest = np.maximum(largest, curvature / _positive(length))
        seen = seen & (curvature > EPS * largest * length)
        alpha = np.where(seen, square / _positive(curvature), 0.0)
        z, r = z + alpha * p, r - alpha * q
        new = np.sum(r * r, axis=0)
        beta = new / _positive(square)
        a, b = _positive(alpha)[0], beta[0]
        if past is None or alpha[0] > 0:
            diagonal.append(1 / a + (0.0 if past is None else past[1] / past[0]))
            beside.append(np.sqrt(b) / a)
            past = a, b
        p, square = r + beta * p, new
        test = float(np.max(np.sqrt(new) / _positive(first), initial=0.0))
        yield KrylovState(
            right.forward(z),
            test,
            partial(_tridiagonal_spectrum, diagonal, beside),
            np.full_like(new, np.nan),
        )


def _tridiagonal_spectrum(diagonal, beside):
    """Extreme singular values of B, from the Lanczos matrix of BᵀB so far."""
    values = eigh_tridiagonal(diagonal, beside[:-1], eigvals_only=True)
    return np.sqrt(values[-1]), np.sqrt(max(values[0], 0.0))


def _test(residual, normal, square, first, z):
    """Backward errors of the least-squares and of the consistent problem."""
    norm = _positive(np.sqrt(square))
    inconsistent = normal / _positive(norm * residual)
    consistent = residual / _positive(first + norm * np.linalg.norm(z, axis=0))
    return float(np.max(np.minimum(inconsistent, consistent), initial=0.0))
