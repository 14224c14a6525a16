"""Tables as the sampler sees them: columns, and frames of coordinates."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._array import array_namespace
from ..linalg._moments import total_moments

LEAST_ENTRY = 1e-140
"""Entries below have squares that lose digits in underflow."""


class Frame(NamedTuple):
    """What scores a row x: [1, x - centre] or x, times `forward`, to some power."""

    centre: Any
    forward: Any


def check_squares(X):
    """Refuse features whose squares vanish; sums of squares refuse overflow."""
    xp = array_namespace(X)
    largest = xp.max(xp.abs(double(X)), axis=0)
    if bool(xp.any((largest > 0) & (largest < LEAST_ENTRY))):
        raise ValueError(
            f"A feature has no entry above {LEAST_ENTRY:g}, and squares of these "
            "underflow; divide the features by their largest entry."
        )


def double(X):
    xp = array_namespace(X)
    return xp.astype(X, xp.float64)


def columns_of(X, centre):
    """[1, X - centre], or X without a centre, in float64."""
    X, xp = double(X), array_namespace(X)
    if centre is None:
        return X
    return xp.concat([xp.ones_like(X[:, :1]), X - centre], axis=1)


def frame_of(moments, fit_intercept):
    """Frame from mergeable moments: a Gram matrix, of centred rows or of all."""
    xp = array_namespace(moments.mean)
    total = total_moments(moments)
    n = float(total.weight)
    second, centre = n * total.covariance, total.mean
    if fit_intercept:
        scale = xp.ones_like(second[:1, 0])
        zero = 0 * second
        second = xp.concat(
            [
                xp.concat([n * scale[:, None], zero[:1, :]], axis=1),
                xp.concat([xp.matrix_transpose(zero[:1, :]), second], axis=1),
            ]
        )
    else:
        second, centre = second + n * centre[:, None] * centre[None, :], None
    length = xp.sqrt(xp.linalg.diagonal(second))
    length = xp.where(length > 0, length, xp.ones_like(length))
    values, V = xp.linalg.eigh(second / length[:, None] / length[None, :])
    cut = 1e-14 * second.shape[0] * float(values[-1])
    n_small = int(xp.sum(xp.astype(values <= cut, xp.int64)))
    V = V[:, n_small:] / length[:, None]
    return Frame(centre, V / xp.sqrt(values[n_small:]))
