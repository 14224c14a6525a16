"""Losses of Gaussian-RBF models: values, slopes, curvature, and the best weights."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._array import array_namespace, cholesky, device
from ..linalg._rbf import centred
from ..linalg._triangular import congruence, lower_inverse

MAX_NEWTON = 30
MAX_CG = 30
SETTLED = 1e-11
"""Newton decrement, per unit of weight, at which weights count as the best."""
HALVINGS = 25


class Fit(NamedTuple):
    """Weights of the basis functions for given L and C, and what they leave."""

    coef: Any  # (M, K)
    intercept: Any  # (K,)
    loss: Any  # (K,) weighted squared errors; or () minus the log-likelihood
    slopes: Any  # (n, K) derivative of the loss of each row by its outputs


class SquaredLoss:
    """Sum of squared errors, each output on its own scale.

    Responses are centred; the intercept is eliminated with the weights.
    """

    curvature = None
    """The noise is not known beforehand, so no curvature is."""

    def __init__(self, n_outputs):
        self.multiplicity = n_outputs

    def value(self, F, Y, weights):
        """Weighted loss of the outputs F."""
        xp = array_namespace(F)
        return xp.sum(weights[:, None] * (F - Y) ** 2)

    def slopes(self, F, Y):
        """Differentiate the loss of each row by its outputs."""
        return 2 * (F - Y)


class LogisticLoss:
    """Minus the log-likelihood of two classes (one output) or more (one each).

    Second derivatives by the outputs are at most 1/4 for two classes (I/4) and, by
    Böhning's bound, ``(I - 11'/K) / 2`` for more.
    """

    def __init__(self, n_outputs):
        self.binary = n_outputs == 1
        self.multiplicity = 1 if self.binary else n_outputs - 1
        self.curvature = 0.25 if self.binary else 0.5

    def value(self, F, Y, weights):
        """Weighted loss of the outputs F; Y holds 0 and 1."""
        xp = array_namespace(F)
        if self.binary:
            each = xp.maximum(F, xp.zeros_like(F)) + xp.log1p(xp.exp(-xp.abs(F)))
            return xp.sum(weights * (each - F * Y)[:, 0])
        top = xp.max(F, axis=1, keepdims=True)
        each = xp.log(xp.sum(xp.exp(F - top), axis=1)) + top[:, 0]
        return xp.sum(weights * (each - xp.sum(F * Y, axis=1)))

    def probabilities(self, F):
        """Probabilities of the outputs."""
        xp = array_namespace(F)
        if self.binary:
            small = xp.exp(-xp.abs(F))
            return xp.where(F >= 0, 1 / (1 + small), small / (1 + small))
        exponentials = xp.exp(F - xp.max(F, axis=1, keepdims=True))
        return exponentials / xp.sum(exponentials, axis=1, keepdims=True)

    def slopes(self, F, Y):
        """Differentiate the loss of each row by its outputs."""
        return self.probabilities(F) - Y

    def hessian(self, P, D):
        """Second derivative at the probabilities P, times D."""
        xp = array_namespace(P)
        if self.binary:
            return P * (1 - P) * D
        return P * (D - xp.sum(P * D, axis=1, keepdims=True))


class Whitened(NamedTuple):
    """Centred second moments in coordinates where the penalty is |v|²."""

    inverse: Any  # (M, M): R^-1 for the penalty K = R R'
    gram: Any  # (M, M): R^-1 Phi_c' Phi_c R^-T
    factor: Any  # (M, M): inverse of the Cholesky factor of gram + ridge I
    logdet: Any  # of gram + ridge I


def whitened(moments, inverse, ridge):
    """Return moments in the coordinates of the penalty, with their factor."""
    xp = array_namespace(moments.second)
    gram = centred(moments)
    if inverse is not None:
        gram = congruence(inverse, gram)
    identity = xp.eye(gram.shape[0], dtype=gram.dtype, device=device(gram))
    factor = cholesky(gram + ridge * identity)
    logdet = 2 * xp.sum(xp.log(xp.linalg.diagonal(factor)))
    return Whitened(inverse, gram, lower_inverse(factor), logdet)


def _from_white(white, v):
    return v if white.inverse is None else white.inverse.T @ v


def _to_white(white, w):
    return w if white.inverse is None else white.inverse @ w


def least_squares(moments, white, Y, weights, basis):
    """Weights that minimise the squared errors and the penalty ``ridge |v|²``.

    Returns
    -------
    fit : Fit
        Its loss holds ``Y'Y - Y'Phi w``, which is error and penalty together.
    v : array of shape (M, K), whitened weights
    """
    xp = array_namespace(Y)
    right = white.factor @ _to_white(white, moments.response)
    v = white.factor.T @ right
    coef = _from_white(white, v)
    total = xp.sum(weights[:, None] * Y * Y, axis=0)
    left = xp.maximum(total - xp.sum(right * right, axis=0), xp.zeros_like(total))
    intercept = -(moments.first @ coef)
    residuals = basis.predict(coef, intercept) - Y
    return Fit(coef, intercept, left, residuals), v


def newton(loss, moments, white, ridge, Y, weights, basis, start=None):
    """Weights of a classifier: Newton's method, its systems by conjugate gradients.

    Minimises ``loss + ridge / 2 |v|²`` over whitened weights v and the intercept.
    Systems are preconditioned by Böhning's bound of the Hessian, whose factor the
    evidence needs anyway.

    Parameters
    ----------
    ridge : float
        `white` holds the factor of ``gram + ridge / curvature I``.
    start : pair of arrays, optional
        Whitened weights and intercept to start from.

    Returns
    -------
    fit : Fit
    v : array of shape (M, K), whitened weights
    """
    xp = array_namespace(Y)
    total = moments.weight
    if start is None:
        shape = moments.first.shape[0], Y.shape[1]
        v = xp.zeros(shape, dtype=Y.dtype, device=device(Y))
        b = _start_intercept(loss, Y, weights, total)
    else:
        v, b = start

    def outputs(v, b):
        coef = _from_white(white, v)
        return basis.predict(coef, b - moments.first @ coef)

    def project(G):
        G = weights[:, None] * G
        sums = xp.sum(G, axis=0)
        by_coef = basis.project(G) - moments.first[:, None] * sums
        return _to_white(white, by_coef), sums

    def precondition(r, s):
        r = white.factor.T @ (white.factor @ r) / loss.curvature
        return r, s / (loss.curvature * total)

    F = outputs(v, b)
    value = loss.value(F, Y, weights) + ridge / 2 * xp.sum(v * v)
    for _ in range(MAX_NEWTON):
        G = loss.slopes(F, Y)
        r, s = project(G)
        r = r + ridge * v
        dv, db, decrement = _solve(
            loss, F, r, s, ridge, weights, outputs, project, precondition
        )
        if decrement <= SETTLED * total:
            break
        shift = outputs(dv, db)
        length = 1.0
        for _ in range(HALVINGS):
            trial = loss.value(F - length * shift, Y, weights)
            trial = trial + ridge / 2 * xp.sum((v - length * dv) ** 2)
            if float(trial) <= float(value) - 1e-4 * length * decrement:
                break
            length /= 2
        else:
            break
        v, b, F, value = v - length * dv, b - length * db, F - length * shift, trial
    coef = _from_white(white, v)
    fit = Fit(coef, b - moments.first @ coef, value, loss.slopes(F, Y))
    return fit, (v, b)


def _solve(loss, F, r, s, ridge, weights, outputs, project, precondition):
    """Newton step and its decrement, by preconditioned conjugate gradients."""
    xp = array_namespace(F)
    P = loss.probabilities(F)
    dv, db = xp.zeros_like(r), xp.zeros_like(s)
    zr, zs = precondition(r, s)
    pv, pb = zr, zs
    rho = first = float(xp.sum(r * zr) + xp.sum(s * zs))
    # Systems are solved the better, the nearer the weights are to the best.
    enough = min(0.1, first**0.5) ** 2 * first
    right = r, s
    for _ in range(MAX_CG):
        if rho <= enough or rho <= 0:
            break
        hv, hb = project(loss.hessian(P, outputs(pv, pb)))
        hv = hv + ridge * pv
        step = rho / float(xp.sum(pv * hv) + xp.sum(pb * hb))
        dv, db = dv + step * pv, db + step * pb
        r, s = r - step * hv, s - step * hb
        zr, zs = precondition(r, s)
        rho, old = float(xp.sum(r * zr) + xp.sum(s * zs)), rho
        pv, pb = zr + rho / old * pv, zs + rho / old * pb
    return dv, db, float(xp.sum(right[0] * dv) + xp.sum(right[1] * db))


def _start_intercept(loss, Y, weights, total):
    """Find the outputs that give every class its share."""
    xp = array_namespace(Y)
    share = xp.sum(weights[:, None] * Y, axis=0) / total
    if loss.binary:
        return xp.log(share / (1 - share))
    return xp.log(share)
