"""Layers in a row, their parameters in one plain dict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from .._array import array_namespace, asarray_like, to_numpy
from ._activations import Activation
from ._layers import Dense, Layer

__all__ = ["Network", "move", "perceptron"]


@dataclass(frozen=True)
class Network:
    """Layers one after the other.

    Parameters
    ----------
    layers : sequence of Layer
        From input to output.
    prefix : str, default=""
        Put before the names of its parameters, so that several networks share one
        dict and one optimizer.

    Raises
    ------
    ValueError
        If a layer does not take what the one before it gives.

    Notes
    -----
    **Parameters** are a plain dict such as ``{"0.weight": …, "0.bias": …}``, named by
    the place of the layer, in the array library of the data. They pickle, and
    :func:`move` brings them to another library or device. A dict may hold more than
    this network's; no function changes a dict or an array it is given.

    **Batch normalisation** keeps running means and variances under names such as
    ``"1.running_mean"``. They get no gradient, hence no optimizer touches them. In
    training mode ``parameters | network.statistics(parameters, caches)`` is the dict
    with those of the new batch taken in.

    Examples
    --------
    One step down the gradient of half the squared error:

    >>> import numpy as np
    >>> from skspace.nn import Adam, Network, perceptron
    >>> X = np.random.RandomState(0).standard_normal((20, 3))
    >>> network, adam = Network(perceptron((3, 8, 3), "tanh")), Adam()
    >>> parameters = network.start(np.random.RandomState(0), like=X)
    >>> state = adam.start(parameters)
    >>> outputs, caches = network.forward(parameters, X, training=True)
    >>> gradients, _ = network.backward(parameters, caches, outputs[-1] - X)
    >>> parameters, state = adam.step(parameters, gradients, state)
    >>> list(parameters)
    ['0.weight', '0.bias', '2.weight', '2.bias']
    >>> network.apply(parameters, X).shape
    (20, 3)
    """

    layers: tuple[Layer, ...]
    prefix: str = ""

    def __post_init__(self):
        object.__setattr__(self, "layers", tuple(self.layers))
        width = None
        for i, layer in enumerate(self.layers):
            if width is not None and layer.n_inputs not in {None, width}:
                raise ValueError(
                    f"Layer {i} ({layer}) takes {layer.n_inputs} columns and gets "
                    f"{width} from the layers before it."
                )
            width = layer.n_outputs or width

    @property
    def n_inputs(self):
        """Columns of the input, None where any number is taken."""
        return next((n.n_inputs for n in self.layers if n.n_inputs is not None), None)

    @property
    def n_outputs(self):
        """Columns of the output, None where it has those of the input."""
        widths = (n.n_outputs for n in reversed(self.layers))
        return next((width for width in widths if width is not None), None)

    def start(self, random_state, like, dtype=None):
        """Draw start values on the host and bring them to the data.

        Parameters
        ----------
        random_state : numpy.random.RandomState
            One seed gives one start on every library.
        like : array
            Whose library, device and dtype the parameters get.
        dtype : dtype, optional
            Of the library of `like`, in place of that of `like`.

        Returns
        -------
        parameters : dict of str to array
            By name, see the class.
        """
        return {
            self._name(i, name): asarray_like(value, like, dtype=dtype)
            for i, layer in enumerate(self.layers)
            for name, value in layer.start(random_state).items()
        }

    def forward(self, parameters, x, *, training=False):
        """Compute the output of every layer.

        Parameters
        ----------
        parameters : dict of str to array
            From :meth:`start`, and later from an optimizer.
        x : array of shape (n_samples, n_inputs)
            Input.
        training : bool, default=False
            Whether batch statistics replace running ones.

        Returns
        -------
        outputs : list of array
            ``outputs[i]`` is that of layer i, of shape (n_samples, n_outputs).
        caches : list
            For :meth:`backward` and :meth:`statistics`; good for one pass.
        """
        outputs, caches = [], []
        for i, layer in enumerate(self.layers):
            x, cache = layer.forward(self._own(parameters, i), x, training)
            outputs.append(x)
            caches.append(cache)
        return outputs, caches

    def apply(self, parameters, x):
        """Return the last output in inference mode.

        Parameters
        ----------
        parameters : dict of str to array
            As in :meth:`forward`.
        x : array of shape (n_samples, n_inputs)
            Input.

        Returns
        -------
        y : array of shape (n_samples, n_outputs)
            No other output is kept.
        """
        for i, layer in enumerate(self.layers):
            x, _ = layer.forward(self._own(parameters, i), x)
        return x

    def backward(self, parameters, caches, d_outputs, *, input_gradient=False):
        """Carry gradients from any outputs to the parameters.

        Parameters
        ----------
        parameters : dict of str to array
            As in :meth:`forward`.
        caches : list
            From :meth:`forward`.
        d_outputs : array or dict of int to array
            Derivative of the objective by the last output, or by the output of each
            layer named; negative places count from the end.
        input_gradient : bool, default=False
            Whether the derivative by the input is wanted.

        Returns
        -------
        gradients : dict of str to array
            By name. Layers above the last one named in `d_outputs` are left out.
        dx : array of shape (n_samples, n_inputs) or None
            Derivative by the input.
        """
        n = len(self.layers)
        if not isinstance(d_outputs, Mapping):
            d_outputs = {n - 1: d_outputs}
        injected = {range(n)[i]: d for i, d in d_outputs.items()}
        gradients, dy = {}, None
        for i in reversed(range(n)):
            if i in injected:
                dy = injected[i] if dy is None else dy + injected[i]
            if dy is None:
                continue
            dy, own = self.layers[i].backward(
                self._own(parameters, i), caches[i], dy, input_gradient or i > 0
            )
            gradients.update({self._name(i, name): g for name, g in own.items()})
        return gradients, dy

    def statistics(self, parameters, caches):
        """Return running statistics as they are after a batch in training mode.

        Parameters
        ----------
        parameters : dict of str to array
            As in :meth:`forward`.
        caches : list
            From :meth:`forward` with ``training=True``.

        Returns
        -------
        updates : dict of str to array
            New values by name, to be put in the place of the old.
        """
        return {
            self._name(i, name): value
            for i, (layer, cache) in enumerate(zip(self.layers, caches, strict=True))
            for name, value in layer.statistics(self._own(parameters, i), cache).items()
        }

    def _name(self, i, name):
        return f"{self.prefix}{i}.{name}"

    def _own(self, parameters, i):
        return {n: parameters[self._name(i, n)] for n in self.layers[i].names}


def perceptron(sizes, activation="relu", *, init="glorot"):
    """Affine layers with an activation between each two.

    Parameters
    ----------
    sizes : sequence of int
        Columns of the input, of every hidden layer, and of the output.
    activation : {"relu", "leaky_relu", "tanh", "softplus"}, default="relu"
        Between the affine layers; there is none after the last.
    init : {"glorot", "he"}, default="glorot"
        Start of the weights, see :class:`Dense`.

    Returns
    -------
    layers : tuple of Layer
        For :class:`Network`.

    Examples
    --------
    >>> from skspace.nn import perceptron
    >>> [type(layer).__name__ for layer in perceptron((4, 8, 2))]
    ['Dense', 'Activation', 'Dense']
    """
    layers = []
    for n, m in pairwise(sizes):
        layers += [Dense(n, m, init), Activation(activation)]
    return tuple(layers[:-1])


def move(parameters, like):
    """Bring a dict of arrays to the library and device of an array.

    Parameters
    ----------
    parameters : dict
        Of arrays, or of such dicts (the state of an optimizer); other values stay.
    like : array
        Whose library and device the arrays get; they keep their dtype.

    Returns
    -------
    moved : dict
        Of the same shape.

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.nn import Network, move, perceptron
    >>> network, like = Network(perceptron((3, 2))), np.ones(1)
    >>> parameters = network.start(np.random.RandomState(0), like)
    >>> move(parameters, like)["0.weight"].shape
    (3, 2)
    """
    return {name: _moved(value, like) for name, value in parameters.items()}


def _moved(value, like):
    if isinstance(value, Mapping):
        return move(value, like)
    if not hasattr(value, "dtype"):
        return value
    value = to_numpy(value)
    return asarray_like(
        value, like, dtype=getattr(array_namespace(like), value.dtype.name)
    )
