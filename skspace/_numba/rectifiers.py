"""Compiled twins of the rectifiers of :mod:`skspace.nn._activations`: one pass each.

Arrays are taken in the order they have in memory, samples first or last.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def _rectify(x, slope, y):
    for i in range(x.shape[0]):
        y[i] = x[i] if x[i] > 0 else slope * x[i]


@njit(cache=True, nogil=True)
def _slopes(y, dy, slope, dx):
    for i in range(y.shape[0]):
        dx[i] = dy[i] if y[i] > 0 else slope * dy[i]


def _order(x):
    """Memory order in which the entries of `x` follow each other."""
    return "F" if x.flags.f_contiguous and not x.flags.c_contiguous else "C"


def rectify(x, slope):
    """Bend entries below zero, see the definition."""
    order = _order(x)
    flat = x.ravel(order)
    y = np.empty_like(flat)
    _rectify(flat, x.dtype.type(slope), y)
    return y.reshape(x.shape, order=order)


def rectify_back(y, dy, slope):
    """Carry a gradient back, see the definition."""
    order = _order(y)
    flat = dy.ravel(order)
    dx = np.empty_like(flat)
    _slopes(y.ravel(order), flat, dy.dtype.type(slope), dx)
    return dx.reshape(dy.shape, order=order)


cases = {
    "rectify": lambda rng, n: [(rng.standard_normal((n, 5)), s) for s in (0.0, 0.1)],
    "rectify_back": lambda rng, n: [
        (rng.standard_normal((n, 5)), rng.standard_normal((n, 5)), s)
        for s in (0.0, 0.1)
    ],
}
