"""Layers: what each computes, and its gradient by hand.

Every layer maps a table with one row per sample to such a table. A layer is a frozen
description; what it learns lives in a dict of arrays that comes and goes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from .._array import accelerated, array_namespace

__all__ = ["Activation", "BatchNorm", "Dense", "Layer", "UnitRows"]


class Layer:
    """Base of all layers: one without parameters that keeps the number of columns.

    Attributes
    ----------
    n_inputs, n_outputs : int or None
        Columns of its input and output; None for a layer that takes any number and
        keeps it.
    names : tuple of str
        Names of its parameters.

    See Also
    --------
    Network : Layers in a row.

    Examples
    --------
    >>> from skspace.nn import Activation, Layer
    >>> isinstance(Activation("tanh"), Layer)
    True
    """

    n_inputs: ClassVar = None
    n_outputs: ClassVar = None
    names: ClassVar[tuple[str, ...]] = ()

    def start(self, random_state):
        """Draw start values on the host.

        Parameters
        ----------
        random_state : numpy.random.RandomState
            Source of the numbers.

        Returns
        -------
        parameters : dict of str to ndarray of float64
            One entry for each of `names`.
        """
        return {}

    def forward(self, parameters, x, training=False):
        """Compute the output.

        Parameters
        ----------
        parameters : dict of str to array
            As from :meth:`start`, in the library of `x`.
        x : array of shape (n_samples, n_inputs)
            Input.
        training : bool, default=False
            Whether batch statistics replace running ones.

        Returns
        -------
        y : array of shape (n_samples, n_outputs)
            Output.
        cache : object
            What :meth:`backward` and :meth:`statistics` need.
        """
        raise NotImplementedError

    def backward(self, parameters, cache, dy, input_gradient=True):
        """Carry a gradient from the output to the parameters and the input.

        Parameters
        ----------
        parameters : dict of str to array
            As in :meth:`forward`.
        cache : object
            From :meth:`forward`.
        dy : array of shape (n_samples, n_outputs)
            Derivative of the objective by the output.
        input_gradient : bool, default=True
            Whether the derivative by the input is wanted.

        Returns
        -------
        dx : array of shape (n_samples, n_inputs) or None
            Derivative by the input.
        gradients : dict of str to array
            Derivatives by the parameters that are trained.
        """
        raise NotImplementedError

    def statistics(self, parameters, cache):
        """Return running statistics as they are after a batch in training mode.

        Parameters
        ----------
        parameters : dict of str to array
            As in :meth:`forward`.
        cache : object
            From :meth:`forward` with ``training=True``.

        Returns
        -------
        updates : dict of str to array
            New values; empty for a layer that keeps no statistics.
        """
        return {}


def start_weights(init, shape, n_inputs, n_outputs, random_state):
    """Draw uniform weights with the variance of Glorot or of He."""
    variances = {"glorot": 2 / (n_inputs + n_outputs), "he": 2 / n_inputs}
    limit = math.sqrt(3 * variances[init])
    return random_state.uniform(-limit, limit, size=shape)


def check_init(init):
    """Refuse an unknown rule for start values."""
    if init not in {"glorot", "he"}:
        raise ValueError(f"init must be 'glorot' or 'he', got {init!r}.")


def check_sizes(**sizes):
    """Refuse numbers of columns below one."""
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{name} must be at least 1, got {size!r}.")


@dataclass(frozen=True)
class Dense(Layer):
    """Affine layer: ``y = x weight + bias``.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Columns of input and output.
    init : {"glorot", "he"}, default="glorot"
        Start of the weights, uniform: variance ``2 / (n_inputs + n_outputs)`` [1]_, or
        ``2 / n_inputs`` for layers before a rectifier [2]_. Biases start at zero.
    bias : bool, default=True
        False before :class:`BatchNorm`, which takes any shift away again: the gradient
        of a bias there is rounding error, which Adam would blow up to full steps.

    References
    ----------
    .. [1] X. Glorot and Y. Bengio, "Understanding the difficulty of training deep
       feedforward neural networks", AISTATS 2010.
    .. [2] K. He, X. Zhang, S. Ren and J. Sun, "Delving deep into rectifiers", ICCV
       2015. :doi:`10.1109/ICCV.2015.123`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.nn import Dense
    >>> layer = Dense(3, 2)
    >>> parameters = layer.start(np.random.RandomState(0))
    >>> layer.forward(parameters, np.ones((5, 3)))[0].shape
    (5, 2)
    """

    n_inputs: int = field()  # without it, None of the base would be a default
    n_outputs: int = field()
    init: str = "glorot"
    bias: bool = True

    def __post_init__(self):
        check_init(self.init)
        check_sizes(n_inputs=self.n_inputs, n_outputs=self.n_outputs)

    @property
    def names(self):
        return ("weight", "bias") if self.bias else ("weight",)

    def start(self, random_state):
        n, m = self.n_inputs, self.n_outputs
        weight = start_weights(self.init, (n, m), n, m, random_state)
        return {"weight": weight} | ({"bias": np.zeros(m)} if self.bias else {})

    def forward(self, parameters, x, training=False):
        y = x @ parameters["weight"]
        if self.bias:
            y += parameters["bias"]  # no second array: y is new
        return y, x

    def backward(self, parameters, cache, dy, input_gradient=True):
        xp = array_namespace(dy)
        gradients = {"weight": cache.T @ dy}
        if self.bias:
            gradients["bias"] = xp.sum(dy, axis=0)
        return dy @ parameters["weight"].T if input_gradient else None, gradients


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
        check_sizes(n_features=self.n_features)
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

    A row of zeros stays zero and gets the gradient zero. So does a row whose squares
    are below the range of numbers: of entries under 1e-23 in single precision.

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
