"""Residuals least in an ℓp norm: an interior point for p = 1, Newton steps above."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from .._array import array_namespace

STEP_TO_BOUNDARY = 0.9995
"""Share of the way to the nearest bound that an interior step may go."""

SMALLEST_BARRIER = 1e-30
"""Complementary products, in units of the largest residual, below any gap seen."""

WEIGHT_FLOOR = 1e-14
"""Least weight of a row relative to the largest, for p > 2."""


class LpState(NamedTuple):
    """Coefficients, the ℓp norm of their residual, and what it may be too large by.

    `change` is the relative duality gap: the norm exceeds the least one by at most
    ``change * objective``.
    """

    coef: Any
    objective: float
    change: float


def lp_residual_steps(Q, y, p, weights):
    """Minimise ``(Σ weights |y - Q coef|^p)^(1/p)``, one weighted Gram a state.

    Every state carries a certificate. The dual problem is to maximise
    ``Σ weights a y`` over ``Qᵀ (weights a) = 0`` and ``Σ weights |a|^q <= 1``,
    1/p + 1/q = 1 (``|a| <= 1`` for p = 1), and weighted residuals of a weighted least
    squares fit solve its equations.

    Parameters
    ----------
    Q : array of shape (n, r), float64
        With ``Qᵀ diag(weights) Q`` the identity.
    y : array of shape (n,), float64
    p : float
        At least 1.
    weights : array of shape (n,), float64
        Positive.

    Yields
    ------
    LpState
    """
    xp = array_namespace(Q)
    coef = _adjoint(Q, weights, y)
    residual = y - Q @ coef
    again = _adjoint(Q, weights, residual)  # rounding of the first projection
    coef, residual = coef + again, residual - Q @ again
    unit = float(xp.max(xp.abs(residual)))
    noise = 8 * float(xp.finfo(xp.float64).eps) * float(xp.max(xp.abs(y)))
    if unit <= noise * math.sqrt(Q.shape[0]) or Q.shape[1] == 0:
        yield LpState(coef, lp_norm(residual, p, weights), 0.0)
        return
    steps = _interior_points if p == 1 else _newton_steps
    for state in steps(Q, residual / unit, p, weights):
        yield LpState(
            coef + unit * state.coef, unit * state.objective, max(state.change, 0.0)
        )


def lp_norm(residual, p, weights):
    """``(Σ weights |residual|^p)^(1/p)``, without overflow."""
    xp = array_namespace(residual)
    size = xp.abs(residual)
    top = float(xp.max(size))
    if top == 0:
        return 0.0
    return top * float(xp.sum(weights * (size / top) ** p)) ** (1 / p)


def _adjoint(Q, weights, x):
    return array_namespace(Q).matrix_transpose(Q) @ (weights * x)


def _solve(Q, D, right):
    """Solve ``(Qᵀ diag(D) Q) x = right``."""
    xp = array_namespace(Q)
    G = xp.matrix_transpose(Q) @ (D[:, None] * Q)
    # At a vertex with ties directions may vanish beside the others.
    tiny = float(xp.finfo(xp.float64).eps) * float(xp.max(xp.linalg.diagonal(G)))
    values, V = xp.linalg.eigh(G)
    return V @ ((xp.matrix_transpose(V) @ right) / xp.clip(values, tiny, None))


def _lower_bound(Q, y, a, p, weights):
    """Value of the dual at `a`, made feasible."""
    xp = array_namespace(Q)
    a = a - Q @ _adjoint(Q, weights, a)
    if p == 1:
        length = float(xp.max(xp.abs(a)))
    else:
        length = lp_norm(a, p / (p - 1), weights)
    return float(xp.sum(weights * a * y)) / length if length > 0 else 0.0


class _Point(NamedTuple):
    """An interior point: ``y - Q coef = u - v``, slacks f = 1 - a and g = 1 + a.

    Slacks are kept for themselves, since 1 - a loses their digits.
    """

    coef: Any
    residual: Any
    a: Any
    u: Any
    v: Any
    f: Any
    g: Any

    def moved(self, Q, step, primal, dual):
        """Return the point a share of the step away, one for primal, one for dual."""
        return _Point(
            self.coef + primal * step.coef,
            self.residual - primal * (Q @ step.coef),
            self.a + dual * step.a,
            self.u + primal * step.u,
            self.v + primal * step.v,
            self.f - dual * step.a,
            self.g + dual * step.a,
        )

    def lengths(self, step):
        """Longest primal and dual shares of a step that stay inside."""
        primal = min(_to_boundary(self.u, step.u), _to_boundary(self.v, step.v))
        return primal, min(_to_boundary(self.f, -step.a), _to_boundary(self.g, step.a))

    def barrier(self, weights, total):
        """Mean of the complementary products, which are zero at the solution."""
        products = weights * (self.u * self.f + self.v * self.g)
        return float(array_namespace(products).sum(products)) / (2 * total)


class _Step(NamedTuple):
    coef: Any
    a: Any
    u: Any
    v: Any


def _newton_direction(Q, weights, point, mu, cross_u=0.0, cross_v=0.0):
    """Newton's step to complementary products `mu`, less products of steps."""
    u, v, f, g = point.u, point.v, point.f, point.g
    D = weights / (u / f + v / g)
    known = point.residual - (mu - cross_u) / f + (mu - cross_v) / g
    drift = _adjoint(Q, weights, point.a)  # zero but for rounding
    coef = _solve(Q, D, _adjoint(Q, D, known) + drift)
    a = D * (known - Q @ coef) / weights
    return _Step(
        coef,
        a,
        (mu - cross_u) / f - u + u * a / f,
        (mu - cross_v) / g - v - v * a / g,
    )


def _interior_points(Q, y, p, weights):
    """Mehrotra's predictor and corrector for p = 1.

    Complementary are u with f and v with g. The barrier has the weights of the rows,
    so that a weight is a repetition all the way.
    """
    xp = array_namespace(Q)
    total = float(xp.sum(weights))
    offset = 0.1 * float(xp.sum(weights * xp.abs(y))) / total
    point = _Point(
        coef=0 * Q[0, :],
        residual=y,
        a=0 * y,
        u=xp.clip(y, 0.0, None) + offset,
        v=xp.clip(-y, 0.0, None) + offset,
        f=xp.ones_like(y),
        g=xp.ones_like(y),
    )
    mu = point.barrier(weights, total)
    while mu > SMALLEST_BARRIER:
        guess = _newton_direction(Q, weights, point, 0.0)
        ahead = point.moved(Q, guess, *point.lengths(guess)).barrier(weights, total)
        step = _newton_direction(
            Q,
            weights,
            point,
            (ahead / mu) ** 3 * mu,
            cross_u=-guess.u * guess.a,
            cross_v=guess.v * guess.a,
        )
        point = point.moved(Q, step, *point.lengths(step))
        mu = point.barrier(weights, total)
        objective = lp_norm(point.residual, 1, weights)
        lower = _lower_bound(Q, y, point.a, 1, weights)
        yield LpState(point.coef, objective, 1 - lower / objective)


def _to_boundary(x, dx):
    """Longest step, at most 1, that keeps positive `x` positive."""
    xp = array_namespace(x)
    falls = dx < 0
    room = xp.where(falls, x / xp.where(falls, -dx, xp.ones_like(x)), xp.inf)
    return min(1.0, STEP_TO_BOUNDARY * float(xp.min(room)))


def _newton_steps(Q, y, p, weights):
    """Weighted least squares with weights |r|^(p-2), and a search along its step.

    The step of full length is that of reweighted least squares, 1/(p - 1) of it that
    of Newton; the search finds whichever is better. For p < 2 small residuals are
    raised to a bound that falls by the step.
    """
    xp = array_namespace(Q)
    residual, coef = y, 0 * Q[0, :]
    bound = 0.1 * float(xp.sum(weights * xp.abs(y))) / float(xp.sum(weights))
    lower = 0.0
    while True:
        size = xp.abs(residual)
        if p < 2:
            omega = (xp.clip(size, bound, None) / bound) ** (p - 2)
            bound *= 0.3
        else:
            omega = (size / xp.max(size)) ** (p - 2)
            omega = xp.clip(omega, WEIGHT_FLOOR, None)
        D = weights * omega
        step = _solve(Q, D, _adjoint(Q, D, residual))
        move = Q @ step
        lower = max(lower, _lower_bound(Q, y, omega * (residual - move), p, weights))
        t = _line_search(residual, move, p, weights)
        coef, residual = coef + t * step, residual - t * move
        objective = lp_norm(residual, p, weights)
        yield LpState(coef, objective, 1 - lower / objective)


def _line_search(residual, move, p, weights, accuracy=0.05):
    """Where the slope of ``Σ weights |residual - t move|^p`` has all but vanished."""
    xp = array_namespace(residual)
    top = float(xp.max(xp.abs(residual)))

    def slope(t):
        e = (residual - t * move) / top
        return -float(xp.sum(weights * move * xp.sign(e) * xp.abs(e) ** (p - 1)))

    low, at_low = 0.0, slope(0.0)
    if at_low >= 0:  # as far down as rounding lets us see
        return 0.0
    enough = accuracy * abs(at_low)
    t = 1.0 if p < 2 else 1 / (p - 1)
    at_t = slope(t)
    while at_t < -enough and t < 1e3:
        low, at_low, t = t, at_t, 2 * t
        at_t = slope(t)
    if at_t < 0:
        return t
    high, at_high = t, at_t
    while abs(at_t) > enough and high - low > 1e-12 * high:
        share = at_low / (at_low - at_high)
        t = low + (high - low) * min(max(share, 0.1), 0.9)
        at_t = slope(t)
        if at_t < 0:
            low, at_low = t, at_t
        else:
            high, at_high = t, at_t
    return t
