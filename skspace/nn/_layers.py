"""What a layer is, and the affine one.

Every layer maps a table with one row per sample to such a table. A layer is a frozen
description; what it learns lives in a dict of arrays that comes and goes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from numbers import Integral
from typing import ClassVar

import numpy as np

from .._array import array_namespace

__all__ = ["Dense", "Layer"]


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


def check_counts(**counts):
    """Refuse what is no integer of at least 1."""
    for name, count in counts.items():
        if not (isinstance(count, Integral) and count >= 1):
            raise ValueError(f"{name} must be an integer of at least 1, got {count!r}.")


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
        check_counts(n_inputs=self.n_inputs, n_outputs=self.n_outputs)

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
