"""Convolution and its transpose against loops, torch, differences and the formulas."""

import math

import numpy as np
import pytest
from oracles import relative_error

from skspace.nn import Activation, Adam, Convolution, Network, TransposedConvolution
from skspace.nn._convolution import correlate, spread, weigh

GEOMETRIES = [
    ((7, 6), 5, 2),
    ((7, 6), 3, 2),
    ((8, 8), 3, 2),
    ((6, 5), 2, 2),
    ((6, 7), 1, 2),  # kernels that leave gaps
    ((5, 4), 3, 1),
    ((9, 7), 4, 3),
    ((3, 2), 5, 2),  # kernels larger than the image
]


def same(size, kernel_size, stride):
    """Output size and zeros before, by the formulas of TensorFlow."""
    out = math.ceil(size / stride)
    total = max((out - 1) * stride + kernel_size - size, 0)
    return out, total // 2


def convolve_by_loops(x, w, bias, stride):
    """x (n, channels, height, width), w (kernels, channels, k, k)."""
    n, n_channels, height, width = x.shape
    n_kernels, _, k, _ = w.shape
    (h, top), (v, left) = same(height, k, stride), same(width, k, stride)
    y = np.zeros((n, n_kernels, h, v))
    for s, o, i, j in np.ndindex(y.shape):
        y[s, o, i, j] = bias[o]
        for c, a, b in np.ndindex(n_channels, k, k):
            p, q = i * stride + a - top, j * stride + b - left
            if 0 <= p < height and 0 <= q < width:
                y[s, o, i, j] += w[o, c, a, b] * x[s, c, p, q]
    return y


def transpose_by_loops(x, w, bias, shape, stride):
    """Lay down kernels on the full canvas, then crop: x (n, channels, h, v)."""
    n, _, h, v = x.shape
    _, n_outputs, k, _ = w.shape
    full = np.array([(h - 1) * stride + k, (v - 1) * stride + k])
    canvas = np.zeros((n, n_outputs, *np.maximum(full, shape)))
    for s, c, i, j in np.ndindex(x.shape):
        for o, a, b in np.ndindex(n_outputs, k, k):
            place = s, o, i * stride + a, j * stride + b
            canvas[place] += x[s, c, i, j] * w[c, o, a, b]
    top, left = np.maximum(full - shape, 0) // 2
    cropped = canvas[:, :, top : top + shape[0], left : left + shape[1]]
    return cropped + bias[:, None, None]


def a_pair(shape, k, stride, rng):
    """A convolution and its transpose with parameters that differ from their start."""
    there = Convolution((2, *shape), 3, k, stride)
    for layer in (there, there.mirrored()):
        parameters = layer.start(rng)
        parameters["bias"] = rng.standard_normal(parameters["bias"].shape)
        yield layer, parameters


@pytest.mark.parametrize(("shape", "k", "stride"), GEOMETRIES)
def test_layers_are_the_loops(shape, k, stride, library, rng):
    (there, p), (back, q) = a_pair(shape, k, stride, rng)
    x = rng.standard_normal((2, there.n_inputs))
    y = convolve_by_loops(x.reshape(2, *there.image_shape), *p.values(), stride)
    z = transpose_by_loops(y, *q.values(), shape, stride)
    assert y.shape[1:] == there.output_shape == back.image_shape
    assert z.shape[1:] == back.output_shape == there.image_shape
    p, q = ({k: library.asarray(v) for k, v in each.items()} for each in (p, q))
    ours, _ = there.forward(p, library.asarray(x))
    again, _ = back.forward(q, ours)
    np.testing.assert_allclose(library.to_numpy(ours), y.reshape(2, -1), atol=1e-12)
    np.testing.assert_allclose(library.to_numpy(again), z.reshape(2, -1), atol=1e-12)


@pytest.mark.parametrize(("shape", "k", "stride"), GEOMETRIES)
def test_three_maps_are_derivatives_of_one_form(shape, k, stride, library, rng):
    small = [same(size, k, stride)[0] for size in shape]
    x, y = rng.standard_normal((2, *shape, 4)), rng.standard_normal((3, *small, 4))
    w = rng.standard_normal((3, 2, k, k))
    X, Y, W = map(library.asarray, (x, y, w))
    values = [
        np.sum(y * library.to_numpy(correlate(X, W, stride))),
        np.sum(x * library.to_numpy(spread(Y, W, shape, stride))),
        np.sum(w * library.to_numpy(weigh(X, Y, k, stride))),
    ]
    np.testing.assert_allclose(values, values[0], rtol=1e-10)


@pytest.mark.parametrize("n", [300, 700])  # several pieces of a line, and of samples
def test_samples_do_not_see_each_other(n, rng):
    for layer, parameters in a_pair((7, 6), 5, 2, rng):
        x, dy = (rng.standard_normal((n, m)) for m in (layer.n_inputs, layer.n_outputs))
        y, cache = layer.forward(parameters, x)
        dx, gradients = layer.backward(parameters, cache, dy)
        weight = np.zeros_like(gradients["weight"])
        for part in np.array_split(np.arange(n), 50):
            own, cache = layer.forward(parameters, x[part])
            np.testing.assert_allclose(own, y[part], atol=1e-12)
            own, by = layer.backward(parameters, cache, dy[part])
            np.testing.assert_allclose(own, dx[part], atol=1e-12)
            weight += by["weight"]
        np.testing.assert_allclose(weight, gradients["weight"], rtol=1e-10)


def test_sizes_are_those_of_the_spec():
    assert Convolution((48, 42), 10, 5).output_shape == (10, 24, 21)
    assert Convolution((10, 24, 21), 20, 3).output_shape == (20, 12, 11)
    assert Convolution((20, 12, 11), 30, 3).output_shape == (30, 6, 6)
    layer = Convolution((20, 12, 11), 30, 3)
    assert layer.mirrored().output_shape == (20, 12, 11)
    assert (layer.n_inputs, layer.n_outputs) == (20 * 12 * 11, 30 * 6 * 6)


def autoencoder(shape, channels, kernel_sizes):
    """Encoder and mirrored decoder, each layer with a rectifier."""
    there, back = [], []
    for n_channels, k in zip(channels, kernel_sizes, strict=True):
        layer = Convolution(shape, n_channels, k)
        shape = layer.output_shape
        there += [layer, Activation()]
        back = [layer.mirrored(), Activation(), *back]
    return Network((*there, *back))


def with_torch(torch, network, parameters, x):
    """The same network of torch's own layers: the last output, and the leaves."""
    leaves = {k: torch.tensor(v, requires_grad=True) for k, v in parameters.items()}
    functional = torch.nn.functional
    for i, layer in enumerate(network.layers):
        if isinstance(layer, Activation):
            x = torch.relu(x)
            continue
        w, bias, stride = leaves[f"{i}.weight"], leaves[f"{i}.bias"], layer.stride
        k = layer.kernel_size
        large = layer.image_shape, layer.output_shape
        large = large[isinstance(layer, TransposedConvolution)][1:]
        pads = []
        for size in reversed(large):
            out, before = same(size, k, stride)
            pads += [before, (out - 1) * stride + k - size - before]
        x = x.reshape(len(x), *layer.image_shape)
        if isinstance(layer, Convolution):
            x = functional.conv2d(functional.pad(x, pads), w, bias, stride)
        else:
            x = functional.conv_transpose2d(x, w, None, stride)
            x = functional.pad(x, [-p for p in pads]) + bias[:, None, None]
        x = x.reshape(len(x), -1)
    return x, leaves


@pytest.mark.parametrize("shape", [(12, 11), (16, 16)])
def test_autoencoder_is_that_of_torch(shape, rng):
    torch = pytest.importorskip("torch")
    network = autoencoder(shape, (3, 4), (5, 3))
    X = rng.uniform(size=(6, network.n_inputs))
    parameters = network.start(rng, X)
    outputs, caches = network.forward(parameters, X)
    gradients, dx = network.backward(
        parameters, caches, outputs[-1] - X, input_gradient=True
    )
    leaf = torch.tensor(X, requires_grad=True)
    last, leaves = with_torch(torch, network, parameters, leaf)
    (0.5 * torch.sum((last - torch.tensor(X)) ** 2)).backward()
    np.testing.assert_allclose(outputs[-1], last.detach(), atol=1e-12)
    assert relative_error(dx, leaf.grad.numpy()) < 1e-10
    for key, gradient in gradients.items():
        assert relative_error(gradient, leaves[key].grad.numpy()) < 1e-10, key


def test_five_steps_are_the_same_on_every_library(library, rng):
    network, adam = autoencoder((9, 8), (3, 4), (3, 3)), Adam(1e-2)
    X = rng.uniform(size=(10, 72)).astype(np.float32)

    def trained(X):
        parameters = network.start(np.random.RandomState(1), X)
        state = adam.start(parameters)
        for _ in range(5):
            outputs, caches = network.forward(parameters, X)
            gradients, _ = network.backward(parameters, caches, outputs[-1] - X)
            parameters, state = adam.step(parameters, gradients, state)
        return parameters

    expected, found = trained(X), trained(library.asarray(X))
    for key, value in found.items():
        value = library.to_numpy(value)
        assert value.dtype == np.float32
        np.testing.assert_allclose(value, expected[key], atol=1e-4, err_msg=key)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Convolution((1, 2, 3, 4), 2, 3), "image_shape must be"),
        (lambda: Convolution((0, 3), 2, 3), "image_shape must be"),
        (lambda: Convolution((4.5, 3), 2, 3), "image_shape must be"),
        (lambda: Convolution((4, 4), 0, 3), "n_channels must be"),
        (lambda: Convolution((4, 4), 2, 0), "kernel_size must be"),
        (lambda: Convolution((4, 4), 2, 3, 0.5), "stride must be"),
        (lambda: Convolution((4, 4), 2, 3, init="ones"), "init must be"),
        (
            lambda: TransposedConvolution((2, 3, 3), (7, 6), 3),
            "belongs to images of 4 x 3",
        ),
    ],
)
def test_bad_shapes_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
