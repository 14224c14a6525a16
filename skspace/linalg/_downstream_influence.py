"""Influence of one sample on a linear model of scores, and on gaps between groups.

The model is fitted to the scores without a penalty, so that it depends on the span of
their directions alone: in whitened coordinates w its coefficients c lie in the range of
a projector Q. One observation moves the distribution that the model is fitted to, and
the span. Notation: l' and l'' derivatives of the loss at α + cᵀ w, E = w wᵀ - I of the
observation, v = mean(l' w), H = mean(l'' (w - m)(w - m)ᵀ) with m = mean(l'' w) /
mean(l''), G an orthonormal basis of the range of Q.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .._array import array_namespace
from .._array import device as device_of

MAX_ITER = 100
"""Newton steps of a logistic regression."""

TOL = 1e-12
"""Change of the loss, as a share, at which they stop."""


SEPARATED = 1e-6
"""Mean log-loss of a logistic regression below which nothing is left to fit."""


class LinearFit(NamedTuple):
    """A linear model in whitened coordinates, and its loss at every row."""

    intercept: Any  # α
    coef: Any  # c, (r,)
    mean: Any  # predictions, (n,)
    slope: Any  # of the loss, l', (n,)
    curvature: Any  # l'', (n,)


def fit_linear(W, y, share, basis, *, logistic):
    """Fit a model without a penalty to the scores ``W @ basis``.

    Parameters
    ----------
    W : array of shape (n, r)
        Rows in whitened coordinates, float64.
    y : array of shape (n,)
        Numbers; 0 and 1 for a logistic model.
    share : array of shape (n,)
        Weights that add up to one.
    basis : array of shape (r, m)
    logistic : bool
        Whether to fit log-odds, or numbers by least squares.

    Returns
    -------
    LinearFit

    Raises
    ------
    ValueError
        If scores separate the two classes: there is no such model then.
    """
    xp = array_namespace(W)
    one = xp.ones((W.shape[0], 1), dtype=W.dtype, device=device_of(W))
    design = xp.concat([one, W @ basis], axis=1)
    T = xp.matrix_transpose(design)
    if not logistic:
        theta = xp.linalg.solve((T * share) @ design, T @ (share * y))
        mean = design @ theta
        return LinearFit(
            theta[0], basis @ theta[1:], mean, mean - y, xp.ones_like(mean)
        )

    def loss_at(theta):
        eta = design @ theta
        return float(xp.sum(share * (xp.logaddexp(0 * eta, eta) - y * eta)))

    theta = xp.zeros_like(design[0, :])
    loss = loss_at(theta)
    for _ in range(MAX_ITER):
        mean = _sigmoid(design @ theta)
        curvature = mean * (1 - mean)
        gradient = T @ (share * (mean - y))
        step = xp.linalg.solve((T * (share * curvature)) @ design, gradient)
        length, following = 1.0, loss_at(theta - step)
        # Newton's step may overshoot; by a rounding it need not be shortened
        while following > loss * (1 + TOL) and length > TOL:
            length = length / 2
            following = loss_at(theta - length * step)
        theta, before, loss = theta - length * step, loss, following
        if loss < SEPARATED or before - loss <= TOL * loss:
            break
    if loss < SEPARATED:
        raise ValueError(
            "The scores separate the two classes of y, so that a logistic model "
            "without a penalty has no finite coefficients; use model='linear' or more "
            "rows."
        )
    mean = _sigmoid(design @ theta)
    curvature = mean * (1 - mean)
    return LinearFit(theta[0], basis @ theta[1:], mean, mean - y, curvature)


def _sigmoid(eta):
    xp = array_namespace(eta)
    return 0.5 * (1 + xp.tanh(eta / 2))


class Expectations(NamedTuple):
    """Means over all rows that influence needs."""

    curvature: Any  # mean(l'')
    centre: Any  # m, (r,)
    hessian: Any  # H, (r, r)
    pull: Any  # v, (r,)


def expectations(W, share, fit):
    """Collect :class:`Expectations` of a fit."""
    xp = array_namespace(W)
    weight = share * fit.curvature
    total = xp.sum(weight)
    centre = (weight @ W) / total
    apart = W - centre
    hessian = (xp.matrix_transpose(apart) * weight) @ apart
    return Expectations(total, centre, hessian, (share * fit.slope) @ W)


def coefficient_influence(W, slope, basis, coef, means, moved_coef, moved_pull):
    """Influence on intercept and coefficients, seen from coordinates that stay.

    Parameters
    ----------
    W : array of shape (n, r)
        Observations.
    slope : array of shape (n,)
        l' at each.
    basis : array of shape (r, m)
        G.
    coef : array of shape (r,)
        c.
    means : Expectations
    moved_coef, moved_pull : array of shape (n, r)
        dQ c and dQ v.

    Returns
    -------
    intercept : array of shape (n,)
    coef : array of shape (n, r)
        dc = u + G t with u = dQ c - E c / 2 and t the solution of
        ``GᵀHG t = -Gᵀ (l' (w - m) + H u + dQ v - E v / 2)``. The first term in the
        brackets is what any regression has; the others are the price of having
        estimated the span, and the coordinates.
    """
    xp = array_namespace(W)

    def turned(x):
        """E x for every observation."""
        return W * (W @ x)[:, None] - x

    u = moved_coef - turned(coef) / 2
    right = slope[:, None] * (W - means.centre) + u @ means.hessian
    right = (right + moved_pull - turned(means.pull) / 2) @ basis
    inner = xp.matrix_transpose(basis) @ means.hessian @ basis
    t = xp.matrix_transpose(xp.linalg.solve(inner, xp.matrix_transpose(right)))
    dc = u - t @ xp.matrix_transpose(basis)
    return -slope / means.curvature - dc @ means.centre, dc


def group_mean_influence(W, values, rate, member, share, own, d_intercept, d_coef):
    """Influence on the mean prediction of each group.

    Parameters
    ----------
    W : array of shape (n_all, r)
        All rows.
    values, rate : array of shape (n_all,)
        Their predictions, and the derivative of these by the linear predictor.
    member : array of shape (n_all, n_groups)
        1 for members.
    share : array of shape (n_all,)
    own : slice
        Rows whose influence is asked for.
    d_intercept : array of shape (n,)
    d_coef : array of shape (n, r)
        Of these rows.

    Returns
    -------
    means : array of shape (n_groups,)
    influence : array of shape (n, n_groups)
        ``1{o in g} (s_o - s_g) / π_g + E_g[s'] dα + E_g[s' w]ᵀ dc``.
    """
    xp = array_namespace(W)
    inside = member * share[:, None]
    inside = inside / xp.sum(inside, axis=0)
    means = values @ inside
    size = share @ member
    direct = member[own, :] * (values[own][:, None] - means) / size
    moved = xp.matrix_transpose(inside * rate[:, None])
    slope = xp.sum(moved, axis=1)
    through = d_intercept[:, None] * slope + d_coef @ xp.matrix_transpose(moved @ W)
    return means, direct + through
