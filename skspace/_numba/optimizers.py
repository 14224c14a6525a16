"""Fused steps of :mod:`skspace.nn._optimizers`: one pass, all in place.

Arrays are flat, of one dtype, and share no memory; factors come in an array of that
dtype, so that no number of another precision slows the loop.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def adam(values, gradient, mean, square, factors):
    """Take one step, and update both moments."""
    share, decay, keep, rate = factors[0], factors[1], factors[2], factors[3]
    unit, eps = factors[4], factors[5]
    b1, rest_1, b2, rest_2 = factors[6], factors[7], factors[8], factors[9]
    for i in range(values.shape[0]):
        g = share * gradient[i] + decay * values[i]
        m = b1 * mean[i] + rest_1 * g
        v = b2 * square[i] + rest_2 * (g * g)
        mean[i] = m
        square[i] = v
        values[i] = keep * values[i] - rate * (m / (unit * np.sqrt(v) + eps))


@njit(cache=True, nogil=True)
def sgd(values, gradient, velocity, factors):
    """Take one step, and update the velocity."""
    share, decay, keep, rate = factors[0], factors[1], factors[2], factors[3]
    momentum = factors[4]
    for i in range(values.shape[0]):
        u = momentum * velocity[i] + share * gradient[i] + decay * values[i]
        velocity[i] = u
        values[i] = keep * values[i] - rate * u
