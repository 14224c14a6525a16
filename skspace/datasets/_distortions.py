"""Invertible maps of a pair of samples, which change no mutual information."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

__all__ = ["TRANSFORMS", "transformed"]


def spiral(X):
    """Turn the first two columns by the squared length of the row over its dimension.

    The length stays, so that the turn can be undone.
    """
    if X.shape[1] < 2:
        raise ValueError(
            "transform='spiral' turns the first two columns of X and of y: it needs "
            "n_features and n_targets of at least 2."
        )
    angle = np.sum(X * X, axis=1) / X.shape[1]
    cos, sin = np.cos(angle), np.sin(angle)
    Y = X.copy()
    Y[:, 0] = cos * X[:, 0] - sin * X[:, 1]
    Y[:, 1] = sin * X[:, 0] + cos * X[:, 1]
    return Y


def swiss_roll(X):
    """Roll a column of numbers in [0, 1] up in the plane."""
    if X.shape[1] != 1 or np.min(X) < 0 or np.max(X) > 1:
        raise ValueError(
            "transform='swiss_roll' needs n_features=1 and numbers between 0 and 1; "
            "use transform=('normal_cdf', 'swiss_roll')."
        )
    t = 1.5 * np.pi * (1 + 2 * X[:, 0])
    return np.stack([t * np.cos(t), t * np.sin(t)], axis=1) / 21


def wiggle_x(x):
    """Increasing function with bumps."""
    bumps = 0.2 * np.sin(1.7 * x + 1) + 0.03 * np.sin(3.3 * x - 2.5)
    return x + 0.4 * np.sin(x) + bumps


def wiggle_y(y):
    """Another increasing function with bumps."""
    bumps = 0.17 * np.sin(1.3 * y + 3.5) + 0.02 * np.sin(4.3 * y - 2.5)
    return y - 0.4 * np.sin(0.4 * y) + bumps


MAPS = {
    "asinh": (np.arcsinh, np.arcsinh),
    "half_cube": (lambda x: x * np.sqrt(np.abs(x)),) * 2,
    "normal_cdf": (ndtr, ndtr),
    "spiral": (spiral, spiral),
    "swiss_roll": (swiss_roll, lambda Y: Y),
    "wiggly": (wiggle_x, wiggle_y),
}
"""Invertible maps of X and of y: none changes their mutual information."""
TRANSFORMS = tuple(MAPS)


def transformed(X, Y, transform):
    """Apply maps to both sides in turn; a target of one column becomes a vector."""
    names = [transform] if isinstance(transform, str) else list(transform or ())
    for name in names:
        if name not in MAPS:
            raise ValueError(
                f"transform names some of {', '.join(TRANSFORMS)}, got {name!r}."
            )
        map_x, map_y = MAPS[name]
        X, Y = map_x(X), map_y(Y)
    return X, Y[:, 0] if Y.shape[1] == 1 else Y
