"""What Gaussian-RBF models minimise by default: a bound of the evidence.

A function of L, C and the ratio of noise to signal. Weights and intercept are
eliminated; by the envelope theorem the gradient is that at fixed weights.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from .._array import array_namespace, cholesky, device
from ..linalg._rbf import (
    Basis,
    Slopes,
    basis_gradient,
    basis_moments,
    gaussian,
    kernel_gradient,
)
from ..linalg._triangular import congruence, lower_gram, lower_inverse
from ._losses import SquaredLoss, least_squares, newton, whitened

JITTER = 1e-6
"""Added to the diagonal of the kernel matrix of the centres, whose entries are 1."""
FLOOR = 1e-8
"""Least variance of the noise, in variances of the response."""
LEAST_RATIO = 1e-7, 1e-9
"""Least ratio of noise to signal: a constant, and per unit of weight."""
SIGNAL_RATE = 2.0
"""Rate of the exponential prior of the signal variance, in variances of y."""
LOGIT_RATE = 0.1
"""The same for classes, whose outputs are logits."""


class StandardRows(NamedTuple):
    """Standardised training rows, on their device, in float64."""

    X: Any  # (n, D)
    Y: Any  # (n, K): centred responses of unit variance, or indicators of classes
    weights: Any  # (n,)
    total: float

    def take(self, chosen):
        """Rows of the given numbers."""
        xp = array_namespace(self.X)
        weights = xp.take(self.weights, chosen)
        return StandardRows(
            xp.take(self.X, chosen, axis=0),
            xp.take(self.Y, chosen, axis=0),
            weights,
            float(xp.sum(weights)),
        )


class Value(NamedTuple):
    """Value and derivatives of an objective, per unit of weight."""

    objective: float
    by_precision: Any
    by_centers: Any
    by_ratio: float  # by the logarithm of the free part of the ratio


class Evidence:
    """Variational bound of minus the log marginal likelihood (Titsias 2009).

    The function is a Gaussian process with kernel ``s² exp(-(x-u)'P(x-u)/2)``, seen
    through its values at the centres. Those are integrated out: for squared errors
    exactly, for classes with the quadratic bound of the likelihood (Böhning 1992).

    Parameters
    ----------
    rows : StandardRows
    loss : SquaredLoss or LogisticLoss
    alpha : float
        Factor of ``|L|²``.
    """

    def __init__(self, rows, loss, alpha):
        self.rows, self.loss, self.alpha = rows, loss, alpha
        self.least = LEAST_RATIO[0] + LEAST_RATIO[1] * rows.total
        self._start = None

    def ratio(self, log_ratio):
        """Ratio of noise variance to signal variance."""
        return self.least + math.exp(min(log_ratio, 50.0))

    def fit(self, L, C, log_ratio):
        """Best weights for given parameters."""
        return self._solve(L, C, self.ratio(log_ratio))[0]

    def _solve(self, L, C, ratio):
        X, Y, weights, total = self.rows
        xp = array_namespace(X)
        basis = Basis(X, L, C)
        squared = isinstance(self.loss, SquaredLoss)
        moments = basis_moments(basis, weights, total, Y if squared else None)
        eye = xp.eye(C.shape[0], dtype=X.dtype, device=device(X))
        K = gaussian(basis.U, basis.U)
        inverse = lower_inverse(cholesky(K + JITTER * eye))
        white = whitened(moments, inverse, ratio)
        if squared:
            fit, v = least_squares(moments, white, Y, weights, basis)
        else:
            ridge = self.loss.curvature * ratio
            fit, self._start = newton(
                self.loss, moments, white, ridge, Y, weights, basis, self._start
            )
            v = self._start[0]
        return fit, v, basis, moments, white, K

    def value(self, L, C, log_ratio):
        """Value and derivatives."""
        ratio = self.ratio(log_ratio)
        fit, v, basis, moments, white, K = self._solve(L, C, ratio)
        _, _, weights, total = self.rows
        xp = array_namespace(L)
        m, n_centers = self.loss.multiplicity, C.shape[0]
        mean = white.inverse @ moments.first
        about_zero = white.gram + total * (mean[:, None] * mean[None, :])
        missed = total - float(xp.sum(xp.linalg.diagonal(about_zero)))
        spread = lower_gram(white.factor)
        eye = xp.eye(n_centers, dtype=L.dtype, device=device(L))
        square = congruence(white.inverse, m * (spread - eye / ratio), transpose=True)
        objective = m * (
            (float(white.logdet) - n_centers * math.log(ratio)) / 2
            + missed / (2 * ratio)
        )
        by_ratio = m * (
            (float(xp.sum(white.factor**2)) - n_centers / ratio) / 2
            - missed / (2 * ratio**2)
        )
        squares = xp.sum(v * v, axis=0)
        if self.loss.curvature is None:
            noise = fit.loss / total + FLOOR
            signal = SIGNAL_RATE / ratio
            pull = 1 / (2 * noise) + signal / total
            objective += float(
                total / 2 * xp.sum(xp.log(noise)) + signal * xp.sum(noise)
            )
            by_ratio += float(xp.sum(pull * squares) - signal / ratio * xp.sum(noise))
            residuals = fit.slopes * 2 * pull
            penalty = ratio * (fit.coef * pull) @ fit.coef.T
        else:
            a = self.loss.curvature
            signal = LOGIT_RATE / (a * ratio)
            objective += float(fit.loss) + m * signal
            by_ratio += float(a / 2 * xp.sum(squares)) - m * signal / ratio
            residuals = fit.slopes
            penalty = a * ratio / 2 * fit.coef @ fit.coef.T
        slopes = Slopes(
            residuals,
            fit.coef,
            square,
            m * (white.inverse.T @ (spread @ mean)),
        )
        held = congruence(white.inverse, about_zero, transpose=True)
        by_kernel = penalty + ratio / 2 * square + m / (2 * ratio) * held
        by_L, by_C = basis_gradient(basis, slopes, weights)
        L_too, C_too = kernel_gradient(C, L, basis.U, by_kernel, K)
        return Value(
            objective / total + self.alpha * float(xp.sum(L * L)),
            (by_L + L_too) / total + 2 * self.alpha * L,
            (by_C + C_too) / total,
            by_ratio * (ratio - self.least) / total,
        )
