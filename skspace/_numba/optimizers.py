"""Fused steps of :mod:`skspace.nn._optimizers`: one pass, moments in place.

Arrays are flat, of one dtype; factors come in an array of that dtype, so that no
number of another precision slows the loop. `new` may be `old`.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def adam(old, gradient, mean, square, new, factors):
    """Update `mean` and `square`, and write the step to `new`."""
    share, decay, keep, rate = factors[0], factors[1], factors[2], factors[3]
    unit, eps = factors[4], factors[5]
    b1, rest_1, b2, rest_2 = factors[6], factors[7], factors[8], factors[9]
    for i in range(old.shape[0]):
        g = share * gradient[i] + decay * old[i]
        m = b1 * mean[i] + rest_1 * g
        v = b2 * square[i] + rest_2 * (g * g)
        mean[i] = m
        square[i] = v
        new[i] = keep * old[i] - rate * (m / (unit * np.sqrt(v) + eps))


@njit(cache=True, nogil=True)
def sgd(old, gradient, velocity, new, factors):
    """Update `velocity`, and write the step to `new`."""
    share, decay, keep, rate = factors[0], factors[1], factors[2], factors[3]
    momentum = factors[4]
    for i in range(old.shape[0]):
        u = momentum * velocity[i] + share * gradient[i] + decay * old[i]
        velocity[i] = u
        new[i] = keep * old[i] - rate * u
