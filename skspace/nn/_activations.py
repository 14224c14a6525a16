"""Activations: a function of every entry, and its derivative from the output."""

from __future__ import annotations

from dataclasses import dataclass

from .._array import accelerated, array_namespace
from ._layers import Layer

__all__ = ["Activation"]

SLOPES = {"relu": 0.0, "leaky_relu": 0.1}
"""Slopes of the rectifiers below zero."""


@accelerated("skspace._numba.rectifiers:rectify")
def rectify(x, slope):
    """Entries of `x`, times `slope` where they are not positive."""
    return array_namespace(x).where(x > 0, x, slope * x)


@accelerated("skspace._numba.rectifiers:rectify_back")
def rectify_back(y, dy, slope):
    """Entries of `dy`, times `slope` where those of the output are not positive."""
    return array_namespace(y, dy).where(y > 0, dy, slope * dy)


@dataclass(frozen=True)
class Activation(Layer):
    """A function of every entry.

    Parameters
    ----------
    kind : {"relu", "leaky_relu", "tanh", "softplus"}, default="relu"
        ``max(x, 0)``; ``max(x, 0.1 x)``; tanh; ``log(1 + exp(x))``. At the kink of the
        rectifiers the derivative is that from below.

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.nn import Activation
    >>> Activation("leaky_relu").forward({}, np.array([[-2.0, 3.0]]))[0]
    array([[-0.2,  3. ]])
    """

    kind: str = "relu"

    def __post_init__(self):
        if self.kind not in {"relu", "leaky_relu", "tanh", "softplus"}:
            raise ValueError(
                "kind must be 'relu', 'leaky_relu', 'tanh' or 'softplus', "
                f"got {self.kind!r}."
            )

    def forward(self, parameters, x, training=False):
        xp = array_namespace(x)
        if self.kind in SLOPES:
            y = rectify(x, SLOPES[self.kind])
        elif self.kind == "tanh":
            y = xp.tanh(x)
        else:
            y = xp.clip(x, min=0.0) + xp.log1p(xp.exp(-xp.abs(x)))
        return y, y

    def backward(self, parameters, cache, dy, input_gradient=True):
        xp = array_namespace(dy)  # each derivative is a function of the output
        if not input_gradient:
            return None, {}
        if self.kind in SLOPES:
            return rectify_back(cache, dy, SLOPES[self.kind]), {}
        if self.kind == "tanh":
            return dy * (1 - cache * cache), {}
        return -dy * xp.expm1(-cache), {}
