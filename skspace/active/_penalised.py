"""Penalised losses of Gaussian-RBF models, with the weights eliminated or not."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._array import array_namespace
from ..linalg._rbf import Basis, Slopes, basis_gradient, basis_moments
from ._evidence import Value
from ._losses import SquaredLoss, least_squares, newton, whitened


class Penalty(NamedTuple):
    """Factors of the penalties of L, of the weights and of the centres.

    `kind` is "squared", for squared Frobenius norms, or "norm", for the norms
    themselves as in the original implementation.
    """

    precision: float
    weights: float
    centers: float
    kind: str = "squared"

    def value(self, L, coef, C):
        """Sum of the penalties."""
        return (
            self.precision * self._size(L)
            + self.weights * self._size(coef)
            + self.centers * self._size(C)
        )

    def by(self, factor, A):
        """Differentiate one penalty; the derivative of a norm is 0 at 0."""
        xp = array_namespace(A)
        if self.kind == "squared":
            return 2 * factor * A
        size = xp.sqrt(xp.sum(A * A))
        return factor * A / size if float(size) > 0 else xp.zeros_like(A)

    def _size(self, A):
        xp = array_namespace(A)
        square = float(xp.sum(A * A))
        return square if self.kind == "squared" else square**0.5


class ReducedLoss:
    """Mean loss and squared penalties, minimised over weights and intercept."""

    def __init__(self, rows, loss, penalty):
        self.rows, self.loss, self.penalty = rows, loss, penalty
        self._start = None

    def fit(self, L, C, log_ratio=None):
        """Best weights for given L and C."""
        return self._solve(L, C)[0]

    def _solve(self, L, C):
        X, Y, weights, total = self.rows
        basis = Basis(X, L, C)
        ridge = self.penalty.weights * total
        if isinstance(self.loss, SquaredLoss):
            moments = basis_moments(basis, weights, total, Y)
            white = whitened(moments, None, ridge)
            fit, _ = least_squares(moments, white, Y, weights, basis)
            return fit._replace(slopes=2 * fit.slopes), basis
        moments = basis_moments(basis, weights, total)
        white = whitened(moments, None, 2 * ridge / self.loss.curvature)
        fit, self._start = newton(
            self.loss, moments, white, 2 * ridge, Y, weights, basis, self._start
        )
        return fit, basis

    def value(self, L, C, log_ratio=None):
        """Value and derivatives."""
        fit, basis = self._solve(L, C)
        weights, total = self.rows.weights, self.rows.total
        xp = array_namespace(L)
        by_L, by_C = basis_gradient(basis, Slopes(fit.slopes, fit.coef), weights)
        bare = self.penalty._replace(weights=0.0)  # the loss holds that of the weights
        return Value(
            float(xp.sum(fit.loss)) / total + bare.value(L, fit.coef, C),
            by_L / total + bare.by(bare.precision, L),
            by_C / total + bare.by(bare.centers, C),
            0.0,
        )


class JointValue(NamedTuple):
    """Value and derivatives by everything."""

    objective: float
    by_precision: Any
    by_centers: Any
    by_coef: Any
    by_intercept: Any


def joint_value(rows, loss, penalty, L, C, coef, intercept):
    """Mean loss and penalties of some rows, at any weights and intercept."""
    X, Y, weights, total = rows
    xp = array_namespace(X)
    basis = Basis(X, L, C)
    F = basis.predict(coef, intercept)
    G = loss.slopes(F, Y)
    by_L, by_C = basis_gradient(basis, Slopes(G, coef), weights)
    G = weights[:, None] * G
    return JointValue(
        float(loss.value(F, Y, weights)) / total + penalty.value(L, coef, C),
        by_L / total + penalty.by(penalty.precision, L),
        by_C / total + penalty.by(penalty.centers, C),
        basis.project(G) / total + penalty.by(penalty.weights, coef),
        xp.sum(G, axis=0) / total,
    )
