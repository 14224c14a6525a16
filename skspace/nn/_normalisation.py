"""Layers that bring columns, or rows, to one size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .._array import array_namespace
from ._layers import Layer, check_counts

__all__ = ["BatchNorm", "UnitRows"]


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Columns at mean zero and variance one over the batch, then scaled and shifted.

    In training mode mean and variance are those of the batch. Elsewhere they are the
    running ones, which live among the parameters, get no gradient, and move only
    when the caller takes over what :meth:`statistics` returns.

    Parameters
    ----------
    n_features : int
        Columns.
    momentum : float, default=0.1
        Share of the batch in the new running statistics. The running variance is
        that with divisor ``n - 1``; the batch is scaled by that with divisor ``n``.
    eps : float, default=1e-5
        Added to the variance.

    Raises
    ------
    ValueError
        In :meth:`forward` in training mode, of fewer than two rows.

    References
    ----------
    S. Ioffe and C. Szegedy, "Batch normalization: accelerating deep network training
    by reducing internal covariate shift", ICML 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.nn import BatchNorm
    >>> layer = BatchNorm(1)
    >>> parameters = layer.start(np.random.RandomState(0))
    >>> y, cache = layer.forward(parameters, np.array([[1.0], [5.0]]), training=True)
    >>> y.round(3)
    array([[-1.],
           [ 1.]])
    >>> layer.statistics(parameters, cache)["running_mean"].round(3)
    array([0.3])
    """

    n_features: int
    momentum: float = 0.1
    eps: float = 1e-5

    names: ClassVar = ("weight", "bias", "running_mean", "running_variance")

    def __post_init__(self):
        check_counts(n_features=self.n_features)
        if not (0 <= self.momentum <= 1 and self.eps > 0):
            raise ValueError(
                "momentum must lie in [0, 1] and eps be positive, got "
                f"{self.momentum!r} and {self.eps!r}."
            )

    @property
    def n_inputs(self):
        return self.n_features

    @property
    def n_outputs(self):
        return self.n_features

    def start(self, random_state):
        one, zero = np.ones(self.n_features), np.zeros(self.n_features)
        return dict(zip(self.names, (one, zero, zero.copy(), one.copy()), strict=True))

    def forward(self, parameters, x, training=False):
        xp = array_namespace(x)
        if training:
            if x.shape[0] < 2:
                raise ValueError(
                    "BatchNorm in training mode needs at least two rows in a batch, "
                    f"got {x.shape[0]}; drop the incomplete last batch."
                )
            mean = xp.mean(x, axis=0)
            normal = x - mean
            variance = xp.mean(normal * normal, axis=0)
        else:
            mean, variance = parameters["running_mean"], parameters["running_variance"]
            normal = x - mean
        scale = 1 / xp.sqrt(variance + self.eps)
        normal *= scale  # here and below, only arrays made here are written to
        y = normal * parameters["weight"]
        y += parameters["bias"]
        return y, (normal, scale, mean, variance, training)

    def backward(self, parameters, cache, dy, input_gradient=True):
        xp = array_namespace(dy)
        normal, scale, _, _, training = cache
        by_weight, by_bias = xp.sum(dy * normal, axis=0), xp.sum(dy, axis=0)
        gradients = {"weight": by_weight, "bias": by_bias}
        if not input_gradient:
            return None, gradients
        factor, n = parameters["weight"] * scale, dy.shape[0]
        if not training:
            return dy * factor, gradients
        dx = normal * (-by_weight / n)  # mean and variance depend on every row
        dx += dy
        dx -= by_bias / n
        dx *= factor
        return dx, gradients

    def statistics(self, parameters, cache):
        normal, _, mean, variance, _ = cache
        n, share = normal.shape[0], self.momentum
        new = {"running_mean": mean, "running_variance": variance * (n / (n - 1))}
        return {k: (1 - share) * parameters[k] + share * v for k, v in new.items()}


@dataclass(frozen=True)
class UnitRows(Layer):
    """Rows scaled to unit Euclidean length.

    A row of zeros stays zero and gets the gradient zero. So does one whose squares
    leave the range of numbers: entries under 1e-23 or above 1e19 in single precision.

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.nn import UnitRows
    >>> UnitRows().forward({}, np.array([[3.0, 4.0]]))[0]
    array([[0.6, 0.8]])
    """

    def forward(self, parameters, x, training=False):
        xp = array_namespace(x)
        length = xp.sqrt(xp.sum(x * x, axis=1, keepdims=True))
        scale = xp.where(length > 0, 1 / xp.where(length > 0, length, 1.0), 0.0)
        z = x * scale
        return z, (z, scale)

    def backward(self, parameters, cache, dy, input_gradient=True):
        xp = array_namespace(dy)
        if not input_gradient:
            return None, {}
        z, scale = cache
        return (dy - z * xp.sum(dy * z, axis=1, keepdims=True)) * scale, {}
