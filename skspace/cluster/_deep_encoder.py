"""Encoders of deep subspace clustering: several small networks side by side."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter1d

from .._array import array_namespace, asarray_like
from .._validation import check_sizes
from ..nn import Activation, Convolution, Dense, Network

BATCH = 1024
"""Rows encoded at a time."""

CONTRAST_SCALE = 1 / 16
"""Width of the window of local contrast, in units of the shorter side."""

CONTRAST_FLOOR = 0.3
"""Contrast below which a window counts as flat, in units of that of the image."""


LARGE_IMAGE = 28
"""Shorter side from which on "auto" takes three layers of convolutions, not two."""


@dataclass(frozen=True)
class Encoders:
    """Networks of one shape and different weights, and their decoders.

    Layer l of an encoder is an affine map (a convolution with stride 2 for images)
    followed by ReLU, for l = 1, ..., `n_layers`; layer 0 is the input.
    """

    encoders: tuple[Network, ...]
    decoders: tuple[Network, ...]
    parameters: dict[str, Any]

    @property
    def n_layers(self):
        return len(self.encoders[0].layers) // 2

    def layer(self, i, depth, X):
        """Return the output of layer `depth` of encoder i, in batches."""
        xp = array_namespace(X)
        network = self.encoders[i]
        network = Network(network.layers[: 2 * depth], network.prefix)
        n = X.shape[0]
        parts = [
            network.apply(self.parameters, X[start : min(start + BATCH, n), :])
            for start in range(0, n, BATCH)
        ]
        return parts[0] if len(parts) == 1 else xp.concat(parts, axis=0)

    def layers(self, i, X):
        """Return outputs of all layers of encoder i, the input left out."""
        outputs, _ = self.encoders[i].forward(self.parameters, X)
        return outputs[1::2]


def build_encoders(
    n_encoders, n_features, image_shape, channels, kernel_sizes, sizes, rng, like
):
    """Draw encoders and their decoders.

    Parameters
    ----------
    n_encoders, n_features : int
    image_shape : tuple of int or None
        Of the rows; None takes fully connected layers.
    channels, kernel_sizes : sequence of int
        Of the convolutions, one each a layer.
    sizes : sequence of int
        Of the fully connected layers.
    rng : RandomState
    like : array
        Whose library, device and dtype the weights get.

    Returns
    -------
    Encoders
    """
    if image_shape is None:
        maps = [Dense(n, m) for n, m in pairwise((n_features, *sizes))]
        back = [Dense(m, n) for n, m in pairwise((n_features, *sizes))]
    else:
        maps, shape = [], image_shape
        for n_channels, size in zip(channels, kernel_sizes, strict=True):
            maps.append(Convolution(shape, n_channels, size))
            shape = maps[-1].output_shape
        back = [layer.mirrored() for layer in maps]
    forth = [x for layer in maps for x in (layer, Activation("relu"))]
    # The last layer stays affine: a ReLU there may die, and inputs may be negative.
    back = [x for layer in reversed(back) for x in (layer, Activation("relu"))][:-1]
    encoders = tuple(Network(tuple(forth), f"encoder {i} ") for i in range(n_encoders))
    decoders = tuple(Network(tuple(back), f"decoder {i} ") for i in range(n_encoders))
    parameters = {}
    for network in (*encoders, *decoders):
        parameters |= network.start(rng, like)
    return Encoders(encoders, decoders, parameters)


def local_contrast(X, image_shape):
    """Divide the deviation of every pixel from its surroundings by their contrast.

    Parameters
    ----------
    X : array of shape (n_samples, n_pixels)
    image_shape : tuple of int
        (height, width) or (n_channels, height, width).

    Returns
    -------
    contrast : array of shape (n_samples, n_pixels)
        Unchanged when an image is multiplied by a factor or a constant is added.

    Notes
    -----
    Surroundings are weighted by a Gaussian whose standard deviation is 1/16 of the
    shorter side. Changing light multiplies neighbouring pixels by nearly the same
    factor, which this removes.

    References
    ----------
    Jarrett, Kavukcuoglu, Ranzato & LeCun (2009). What is the best multi-stage
    architecture for object recognition? ICCV (local contrast normalisation).
    :doi:`10.1109/ICCV.2009.5459469`
    """
    xp = array_namespace(X)
    height, width = image_shape[-2:]
    sigma = CONTRAST_SCALE * min(height, width)
    images = xp.reshape(X, (X.shape[0], math.prod(image_shape[:-2]), height, width))
    down, across = (
        asarray_like(gaussian_filter1d(np.eye(m), sigma, axis=0), X)
        for m in (height, width)
    )

    def blurred(images):
        return down @ (images @ across.T)

    detail = images - blurred(images)
    # What is left of a flat image is rounding.
    largest = xp.max(xp.abs(images), axis=(1, 2, 3), keepdims=True)
    noise = 16 * float(xp.finfo(X.dtype).eps) * largest
    detail = xp.where(xp.abs(detail) > noise, detail, xp.zeros_like(detail))
    energy = detail * detail
    typical = xp.sqrt(xp.mean(energy, axis=(1, 2, 3), keepdims=True))
    contrast = xp.sqrt(xp.clip(blurred(energy), min=0.0)) + CONTRAST_FLOOR * typical
    contrast = xp.where(typical > 0, contrast, xp.ones_like(contrast))
    return xp.reshape(detail / contrast, X.shape)


def check_image_shape(shape, n_features):
    """Return (channels, height, width), or None without a shape."""
    if shape is None:
        return None
    shape = check_sizes(shape, "image_shape")
    if len(shape) not in {2, 3} or math.prod(shape) != n_features:
        raise ValueError(
            f"image_shape={shape} should be (height, width) or (n_channels, height, "
            f"width) with a product of {n_features}, the number of features of X."
        )
    return (1, *shape)[-3:]


def check_convolutions(channels, kernel_sizes, shape):
    """Return channels and kernel sizes of the layers, "auto" by the size of images."""
    if shape is None:
        return (), ()
    deep = min(shape[1:]) >= LARGE_IMAGE
    if isinstance(channels, str):
        channels = (10, 20, 30) if deep else (10, 20)
    if isinstance(kernel_sizes, str):
        kernel_sizes = (5 if len(channels) > 2 else 3, *[3] * (len(channels) - 1))
    channels = check_sizes(channels, "channels")
    kernel_sizes = check_sizes(kernel_sizes, "kernel_sizes")
    if len(channels) != len(kernel_sizes):
        raise ValueError(
            f"channels={channels} and kernel_sizes={kernel_sizes} should name as many "
            "layers each."
        )
    return channels, kernel_sizes
