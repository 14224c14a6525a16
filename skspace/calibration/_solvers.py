"""Bilinear least squares ``gains * (A @ signal) = y``: descent and variable projection.

Arrays are float64 in one library: A of shape (p * m, k), snapshots below each other,
y of shape (p, m), and `basis`, None or an orthonormal (m, h) with the constant in its
span, for gains ``basis @ b``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .._array import array_namespace, device

START_DAMPING = 1e-2
LEAST_DAMPING = 1e-8
MOST_DAMPING = 1e8
"""Beyond it steps are too short to matter; relative to the mean curvature."""

FLAT = 1e-10
"""Curvature, relative to the mean, of a direction that readings leave open."""

ROUNDING = 1e-15
"""Share of the lengths of factors below which their product is rounding."""

BISECTIONS = 60


class State(NamedTuple):
    """Estimates, mean squared misfit over 2, and the relative change of estimates."""

    signal: Any
    gains: Any
    loss: float
    change: float


def misfit(A, y, signal, gains):
    """Return residuals gains * u - y and products u = A signal, both (p, m)."""
    xp = array_namespace(A)
    u = xp.reshape(A @ signal, y.shape)
    return gains * u - y, u


def loss_of(residual):
    """Sum of squares over twice the number of readings."""
    xp = array_namespace(residual)
    return float(xp.sum(residual * residual)) / (
        2 * residual.shape[0] * residual.shape[1]
    )


def gradients(A, y, signal, gains):
    """Return the gradients of the loss with respect to signal and gains."""
    xp = array_namespace(A)
    residual, u = misfit(A, y, signal, gains)
    count = y.shape[0] * y.shape[1]
    by_signal = xp.reshape(gains * residual, (-1,)) @ A / count
    return by_signal, xp.sum(u * residual, axis=0) / count


def start(A, y):
    """Signal in the direction of Aᵀy at its best length, or None where that is zero."""
    xp = array_namespace(A)
    signal = xp.reshape(y, (-1,)) @ A
    length = float(xp.linalg.vector_norm(signal))
    lengths = float(xp.linalg.vector_norm(A)) * float(xp.linalg.vector_norm(y))
    if length <= ROUNDING * lengths:
        return None
    u = A @ signal
    return signal * (xp.sum(u * xp.reshape(y, (-1,))) / xp.sum(u * u))


def tangent(direction, basis):
    """Part of a direction of gains that keeps their sum and stays in the subspace."""
    xp = array_namespace(direction)
    if basis is not None:
        direction = basis @ (xp.matrix_transpose(basis) @ direction)
    return direction - xp.mean(direction)


def into_box(gains, rho, basis):
    """Bring gains of mean one to within rho of one.

    The nearest such gains; with a subspace those on the way to one, which stay in it.
    """
    xp = array_namespace(gains)
    excess = gains - 1
    largest = float(xp.max(xp.abs(excess)))
    if largest <= rho:
        return gains
    if basis is not None:
        return 1 + (rho / largest) * excess
    low, high = -largest, largest  # the shift at which clipped deviations sum to zero
    for _ in range(BISECTIONS):
        shift = (low + high) / 2
        if float(xp.sum(xp.clip(excess - shift, -rho, rho))) > 0:
            low = shift
        else:
            high = shift
    return 1 + xp.clip(excess - shift, -rho, rho)


def relative_change(signal, gains, before):
    """Larger of the relative changes of both estimates."""
    norm = array_namespace(signal).linalg.vector_norm
    moved = float(norm(signal - before.signal)) / float(norm(signal))
    return max(moved, float(norm(gains - before.gains)) / float(norm(gains)))


def descent(A, y, signal, rho, basis):
    """Projected gradient descent, the exact line search for each of the two blocks."""
    xp = array_namespace(A)
    gains = xp.ones_like(y[0, :])
    state = State(signal, gains, loss_of(misfit(A, y, signal, gains)[0]), 1.0)
    count = y.shape[0] * y.shape[1]
    while True:
        yield state
        by_signal, by_gains = gradients(A, y, state.signal, state.gains)
        by_gains = tangent(by_gains, basis)
        along = state.gains * xp.reshape(A @ by_signal, y.shape)
        across = xp.reshape(A @ state.signal, y.shape) * by_gains
        signal = state.signal - by_signal * _exact_step(by_signal, along, count)
        gains = state.gains - by_gains * _exact_step(by_gains, across, count)
        gains = into_box(gains, rho, basis)
        loss = loss_of(misfit(A, y, signal, gains)[0])
        state = State(signal, gains, loss, relative_change(signal, gains, state))


def _exact_step(gradient, image, count):
    """Minimiser of a quadratic along its gradient; zero where that is zero."""
    xp = array_namespace(gradient)
    curvature = float(xp.sum(image * image))
    return count * float(xp.sum(gradient * gradient)) / curvature if curvature else 0.0


def variable_projection(A, y, signal, rho, basis):
    """Gauss-Newton on the signal, gains being the best for each signal.

    Eliminating the gains leaves the Schur complement of their block in the normal
    equations, which is diagonal (h x h with a subspace). Steps are damped as Levenberg
    and Marquardt do, until they lower the loss.
    """
    xp = array_namespace(A)
    signal, gains = best_gains(A, y, signal, rho, basis)
    residual, u = misfit(A, y, signal, gains)
    state, damping = State(signal, gains, loss_of(residual), 1.0), START_DAMPING
    identity = xp.eye(A.shape[1], dtype=xp.float64, device=device(A))
    scale = mean_curvature(A)
    while True:
        yield state
        S, gradient = reduced_equations(A, u, state.gains, residual, basis)
        while damping <= MOST_DAMPING:
            step = xp.linalg.solve(S + damping * scale * identity, gradient)
            signal, gains = best_gains(A, y, state.signal - step, rho, basis)
            residual, u = misfit(A, y, signal, gains)
            loss = loss_of(residual)
            if loss < state.loss:
                break
            damping *= 4
        else:
            return  # no step lowers the loss: rounding, or a bound, is reached
        damping = max(damping / 5, LEAST_DAMPING)
        state = State(signal, gains, loss, relative_change(signal, gains, state))


def reduced_equations(A, u, gains, residual, basis):
    """Return normal matrix and gradient of the signal once gains are eliminated.

    Returns
    -------
    S : array of shape (k, k)
    gradient : array of shape (k,)
    """
    xp = array_namespace(A)
    p, m = u.shape
    scaled = A * xp.reshape(xp.broadcast_to(gains, (p, m)), (-1, 1))
    S = xp.matrix_transpose(scaled) @ scaled
    gradient = xp.reshape(residual, (-1,)) @ scaled
    crossed = xp.reshape(scaled * xp.reshape(u, (-1, 1)), (p, m, -1))
    C = xp.sum(crossed, axis=0)  # (m, k)
    D = positive(xp.sum(u * u, axis=0))
    by_gains = xp.sum(u * residual, axis=0)
    if basis is None:
        W = C / D[:, None]
        return S - xp.matrix_transpose(C) @ W, gradient - by_gains @ W
    C = xp.matrix_transpose(basis) @ C
    W = xp.linalg.solve(xp.matrix_transpose(basis) @ (D[:, None] * basis), C)
    return (
        S - xp.matrix_transpose(C) @ W,
        gradient - (xp.matrix_transpose(basis) @ by_gains) @ W,
    )


def mean_curvature(A):
    """Mean eigenvalue of the normal matrix of the signal for gains of one."""
    return float(array_namespace(A).sum(A * A)) / A.shape[1]


def n_undetermined(A, y, signal, gains, basis):
    """Count directions of the signal, its scale aside, that change no reading."""
    xp = array_namespace(A)
    residual, u = misfit(A, y, signal, gains)
    S, _ = reduced_equations(A, u, gains, residual, basis)
    flat = xp.linalg.eigvalsh(S) <= FLAT * mean_curvature(A)
    return max(int(xp.sum(xp.astype(flat, xp.int64))) - 1, 0)


def best_gains(A, y, signal, rho, basis):
    """Gains of least misfit for a signal, then both at the scale of mean gain one."""
    xp = array_namespace(A)
    u = xp.reshape(A @ signal, y.shape)
    D, right = positive(xp.sum(u * u, axis=0)), xp.sum(u * y, axis=0)
    if basis is None:
        gains = right / D
    else:
        Bt = xp.matrix_transpose(basis)
        gains = basis @ xp.linalg.solve(Bt @ (D[:, None] * basis), Bt @ right)
    mean = xp.mean(gains)
    if float(xp.abs(mean)) <= 1e-12 * float(xp.max(xp.abs(gains))):
        return signal, xp.ones_like(gains)  # no scale of mean one: a hopeless trial
    return signal * mean, into_box(gains / mean, rho, basis)


def positive(D):
    """Raise zeros, of sensors to which a signal gives no reading, to something tiny."""
    xp = array_namespace(D)
    return xp.maximum(D, xp.full_like(D, 1e-14) * xp.max(D))
