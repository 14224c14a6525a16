"""Convolution and its transpose: three derivatives of one trilinear form.

With images x (channel, height, width, sample), kernels w and responses y,

    T(w, x, y) = Σ w[o, c, a, b] x[c, s i + a - top, s j + b - left, n] y[o, i, j, n]

for the stride s, where x is zero outside. :func:`correlate` is its derivative by y,
:func:`spread` by x and :func:`weigh` by w: a convolution and its two gradients are
these three, and so are a transposed convolution and its two, in another order.
Samples come last in memory, so that every step is made on long runs of numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral
from typing import ClassVar

import numpy as np

from .._array import accelerated, array_namespace, device, is_numpy_array
from ._layers import Layer, check_counts, check_init, start_weights

__all__ = ["Convolution", "TransposedConvolution"]


def same_padding(size, kernel_size, stride):
    """Length of the output, zeros before and zeros in all, as TensorFlow's "SAME"."""
    n = -(-size // stride)
    padding = max((n - 1) * stride + kernel_size - size, 0)
    return n, padding // 2, padding


def slices(shape, kernel_size, stride):
    """Return the shape of responses, and where entries of a kernel meet images."""
    (h, *_), (w, *_) = (same_padding(n, kernel_size, stride) for n in shape)
    offsets = range(kernel_size)
    places = [
        (
            slice(None),
            slice(a, a + (h - 1) * stride + 1, stride),
            slice(b, b + (w - 1) * stride + 1, stride),
            ...,
        )
        for a in offsets
        for b in offsets
    ]
    return (h, w), places


def zeros_around(shape, kernel_size, stride, n_channels, n_samples, like):
    """Return padded images of zeros, and where the images are in them."""
    xp = array_namespace(like)
    (_, top, height), (_, left, width) = (
        same_padding(n, kernel_size, stride) for n in shape
    )
    size = n_channels, shape[0] + height, shape[1] + width, n_samples
    inside = slice(top, top + shape[0]), slice(left, left + shape[1])
    return xp.zeros(size, dtype=like.dtype, device=device(like)), (
        slice(None),
        *inside,
        ...,
    )


def patches(x, kernel_size, stride):
    """Columns: for every response, the part of the image its kernel lies on."""
    xp = array_namespace(x)
    c, *shape, n = x.shape
    padded, inside = zeros_around(shape, kernel_size, stride, c, n, x)
    padded[inside] = x
    _, places = slices(shape, kernel_size, stride)
    columns = xp.stack([padded[place] for place in places], axis=1)
    return xp.reshape(columns, (c * kernel_size**2, math.prod(columns.shape[2:])))


@accelerated("skspace._numba.convolution:correlate")
def correlate(x, w, stride):
    """Response of every kernel at every place.

    Parameters
    ----------
    x : array of shape (n_channels, height, width, n_samples)
    w : array of shape (n_kernels, n_channels, kernel_size, kernel_size)
    stride : int

    Returns
    -------
    y : array of shape (n_kernels, ceil(height / stride), ceil(width / stride), n)
    """
    xp = array_namespace(x, w)
    n_kernels, k = w.shape[0], w.shape[-1]
    shape, _ = slices(x.shape[1:3], k, stride)
    flat = xp.reshape(w, (n_kernels, math.prod(w.shape[1:])))
    y = flat @ patches(x, k, stride)
    return xp.reshape(y, (n_kernels, *shape, x.shape[-1]))


@accelerated("skspace._numba.convolution:spread")
def spread(y, w, shape, stride):
    """Images in which every response has laid down its kernel.

    Parameters
    ----------
    y : array of shape (n_kernels, ceil(height / stride), ceil(width / stride), n)
    w : array of shape (n_kernels, n_channels, kernel_size, kernel_size)
    shape : (height, width)
    stride : int

    Returns
    -------
    x : array of shape (n_channels, height, width, n)
    """
    xp = array_namespace(y, w)
    n_kernels, c, k, _ = w.shape
    n = y.shape[-1]
    responses, places = slices(shape, k, stride)
    flat = xp.reshape(w, (n_kernels, c * k * k))
    columns = flat.T @ xp.reshape(y, (n_kernels, math.prod(responses) * n))
    columns = xp.reshape(columns, (c, k * k, *responses, n))
    x, inside = zeros_around(shape, k, stride, c, n, y)
    for i, place in enumerate(places):
        x[place] += columns[:, i, ...]
    return x[inside]


@accelerated("skspace._numba.convolution:weigh")
def weigh(x, y, kernel_size, stride):
    """Products of responses with the parts of images they stand for.

    Parameters
    ----------
    x : array of shape (n_channels, height, width, n_samples)
    y : array of shape (n_kernels, ceil(height / stride), ceil(width / stride), n)
    kernel_size, stride : int

    Returns
    -------
    w : array of shape (n_kernels, n_channels, kernel_size, kernel_size)
    """
    xp = array_namespace(x, y)
    flat = xp.reshape(y, (y.shape[0], math.prod(y.shape[1:])))
    w = flat @ patches(x, kernel_size, stride).T
    return xp.reshape(w, (y.shape[0], x.shape[0], kernel_size, kernel_size))


def images(x, shape):
    """Rows as images with the sample last; no copy where columns are contiguous."""
    xp = array_namespace(x)
    x = np.ascontiguousarray(x.T) if is_numpy_array(x) else x.T
    return xp.reshape(x, (*shape, x.shape[-1]))


def rows(x):
    """Images as rows: a view."""
    xp = array_namespace(x)
    return xp.reshape(x, (math.prod(x.shape[:-1]), x.shape[-1])).T


@dataclass(frozen=True)
class _ImageLayer(Layer):
    """What both have: shapes, start values, the bias."""

    names: ClassVar = ("weight", "bias")

    @property
    def n_inputs(self):
        return math.prod(self.image_shape)

    @property
    def n_outputs(self):
        return math.prod(self.output_shape)

    def _check(self, **shapes):
        check_init(self.init)
        for name, shape in shapes.items():
            shape = (1, *shape) if len(shape) == 2 else tuple(shape)
            positive = all(isinstance(n, Integral) and n >= 1 for n in shape)
            if len(shape) != 3 or not positive:
                raise ValueError(
                    f"{name} must be (height, width) or (n_channels, height, width), "
                    f"positive integers; got {shape}."
                )
            object.__setattr__(self, name, tuple(int(n) for n in shape))
        check_counts(kernel_size=self.kernel_size, stride=self.stride)

    def start(self, random_state):
        c, o, k = self.image_shape[0], self.output_shape[0], self.kernel_size
        shape = (*self._channels, k, k)
        area = k * k
        weight = start_weights(self.init, shape, c * area, o * area, random_state)
        return {"weight": weight, "bias": np.zeros(o)}

    def forward(self, parameters, x, training=False):
        x = images(x, self.image_shape)
        y = self._respond(x, parameters["weight"])
        y += parameters["bias"][:, None, None, None]
        return rows(y), x

    def backward(self, parameters, cache, dy, input_gradient=True):
        xp = array_namespace(dy)
        dy = images(dy, self.output_shape)
        gradients = {
            "weight": self._weigh(cache, dy),
            "bias": xp.sum(dy, axis=(1, 2, 3)),
        }
        if not input_gradient:
            return None, gradients
        return rows(self._return(dy, parameters["weight"])), gradients


@dataclass(frozen=True)
class Convolution(_ImageLayer):
    """Convolution of images with kernels, in strides, zeros around them.

    A row is an image, read channel by channel, line by line.

    Parameters
    ----------
    image_shape : (height, width) or (n_channels, height, width)
        Of the input; two numbers mean one channel.
    n_channels : int
        Of the output.
    kernel_size : int
        Side of the square kernels.
    stride : int, default=2
        Step between responses; the output has ``ceil(height / stride)`` lines and
        ``ceil(width / stride)`` columns.
    init : {"glorot", "he"}, default="glorot"
        Start of the weights, as in :class:`Dense`, of shape (n_channels, input
        channels, kernel_size, kernel_size). Biases start at zero, one a channel.

    Notes
    -----
    Zeros are put around the images as by TensorFlow's ``"SAME"``: in all
    ``max((o - 1) stride + kernel_size - height, 0)`` lines for o lines of the output,
    the smaller half of them before.

    Cost: one product of (n_channels, area) with (area, n_samples times responses),
    ``area = input channels * kernel_size²``, forward; twice that backward.

    Outputs are laid out in memory with the samples of one column side by side
    (Fortran order), and inputs laid out like that are not copied.

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.nn import Convolution, Network
    >>> layer = Convolution((48, 42), 10, 5)
    >>> layer.output_shape
    (10, 24, 21)
    >>> network, X = Network((layer, layer.mirrored())), np.ones((2, 48 * 42))
    >>> parameters = network.start(np.random.RandomState(0), X)
    >>> network.apply(parameters, X).shape
    (2, 2016)
    """

    image_shape: tuple[int, ...]
    n_channels: int
    kernel_size: int
    stride: int = 2
    init: str = "glorot"

    def __post_init__(self):
        self._check(image_shape=self.image_shape)
        check_counts(n_channels=self.n_channels)

    @property
    def output_shape(self):
        """Channels, height and width of the output."""
        shape, _ = slices(self.image_shape[1:], self.kernel_size, self.stride)
        return (self.n_channels, *shape)

    def mirrored(self):
        """Return the transposed layer that leads back to the shape of the input.

        Returns
        -------
        layer : TransposedConvolution
            With the same kernel size and stride.
        """
        return TransposedConvolution(
            self.output_shape,
            self.image_shape,
            self.kernel_size,
            self.stride,
            self.init,
        )

    @property
    def _channels(self):
        return self.n_channels, self.image_shape[0]

    def _respond(self, x, w):
        return correlate(x, w, self.stride)

    def _return(self, dy, w):
        return spread(dy, w, self.image_shape[1:], self.stride)

    def _weigh(self, x, dy):
        return weigh(x, dy, self.kernel_size, self.stride)


@dataclass(frozen=True)
class TransposedConvolution(_ImageLayer):
    """Transpose of a convolution: small images to larger ones.

    Every entry of the input lays down a kernel; the sum is cropped to the wanted size,
    the smaller half before. As a linear map of images it is the transpose of
    :class:`Convolution` from `output_shape` to `image_shape`.

    Parameters
    ----------
    image_shape : (height, width) or (n_channels, height, width)
        Of the input; two numbers mean one channel.
    output_shape : (height, width) or (n_channels, height, width)
        Of the output. Height and width, divided by the stride and rounded up, must be
        those of the input.
    kernel_size : int
        Side of the square kernels.
    stride : int, default=2
        As in :class:`Convolution`.
    init : {"glorot", "he"}, default="glorot"
        As in :class:`Convolution`; weights have shape (input channels, output
        channels, kernel_size, kernel_size).

    See Also
    --------
    Convolution.mirrored : Makes the transposed layer of a convolution.

    Examples
    --------
    >>> from skspace.nn import TransposedConvolution
    >>> layer = TransposedConvolution((10, 24, 21), (48, 42), 5)
    >>> layer.n_inputs, layer.n_outputs
    (5040, 2016)
    """

    image_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    kernel_size: int
    stride: int = 2
    init: str = "glorot"

    def __post_init__(self):
        self._check(image_shape=self.image_shape, output_shape=self.output_shape)
        shape, _ = slices(self.output_shape[1:], self.kernel_size, self.stride)
        if shape != self.image_shape[1:]:
            raise ValueError(
                f"output_shape {self.output_shape} with stride={self.stride} belongs "
                f"to images of {shape[0]} x {shape[1]}, got image_shape "
                f"{self.image_shape}."
            )

    @property
    def _channels(self):
        return self.image_shape[0], self.output_shape[0]

    def _respond(self, x, w):
        return spread(x, w, self.output_shape[1:], self.stride)

    def _return(self, dy, w):
        return correlate(dy, w, self.stride)

    def _weigh(self, x, dy):
        return weigh(dy, x, self.kernel_size, self.stride)
