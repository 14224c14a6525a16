"""Training steps of skspace.nn beside those of CPU torch on the same network and batch.

python benchmarks/bench_nn.py [--convolution] [--dense] [--adam]

Without a flag everything runs. Needs torch; one thread each. Ours and torch's start
from the same parameters in float32; beside the time stands how far the gradients of
the first step are from ours in float64 (a rectifier that opens for one sample by
rounding alone is seen there). Images are random: no time depends on them. They lie in
the memory order each library works in.
"""

from __future__ import annotations

import argparse
from itertools import pairwise

import numpy as np
import torch
from _harness import Contestant, contest

from skspace.nn import (
    Activation,
    Adam,
    BatchNorm,
    Convolution,
    Dense,
    Network,
    TransposedConvolution,
    UnitRows,
    perceptron,
)
from skspace.nn._convolution import same_padding


def autoencoder(shape, channels, kernel_sizes):
    """Encoder and mirrored decoder, each layer with a rectifier."""
    there, back = [], []
    for n_channels, k in zip(channels, kernel_sizes, strict=True):
        layer = Convolution(shape, n_channels, k)
        shape = layer.output_shape
        there += [layer, Activation()]
        back = [layer.mirrored(), Activation(), *back]
    return Network((*there, *back))


class UnitLength(torch.nn.Module):
    def forward(self, x):
        return torch.nn.functional.normalize(x, dim=1)


def modules(layer):
    """Return torch's modules for a layer; the one with parameters has a weight."""
    if isinstance(layer, Dense):
        return [torch.nn.Linear(layer.n_inputs, layer.n_outputs, bias=layer.bias)]
    if isinstance(layer, BatchNorm):
        return [torch.nn.BatchNorm1d(layer.n_features)]
    if isinstance(layer, Activation):
        return [torch.nn.ReLU() if layer.kind == "relu" else torch.nn.LeakyReLU(0.1)]
    if isinstance(layer, UnitRows):
        return [UnitLength()]
    transposed = isinstance(layer, TransposedConvolution)
    large = layer.output_shape if transposed else layer.image_shape
    pads = []
    for size in large[:0:-1]:
        _, before, padding = same_padding(size, layer.kernel_size, layer.stride)
        pads += [before, padding - before]
    make = torch.nn.ConvTranspose2d if transposed else torch.nn.Conv2d
    sizes = layer.image_shape[0], layer.output_shape[0], layer.kernel_size, layer.stride
    inner = [torch.nn.ZeroPad2d(pads), make(*sizes)]
    if transposed:
        inner = [inner[1], torch.nn.ZeroPad2d([-p for p in pads])]
    return [torch.nn.Unflatten(1, layer.image_shape), *inner, torch.nn.Flatten()]


class Ours:
    """A network, its parameters and the state of Adam; a call is a step."""

    def __init__(self, network, X, goal):
        self.network = network
        self.X, self.goal = np.asfortranarray(X), np.asfortranarray(goal)
        self.parameters = network.start(np.random.RandomState(0), X)
        self.adam = Adam()
        self.state = self.adam.start(self.parameters)

    def __call__(self):
        parameters, network = self.parameters, self.network
        outputs, caches = network.forward(parameters, self.X, training=True)
        gradients, _ = network.backward(parameters, caches, outputs[-1] - self.goal)
        parameters = parameters | network.statistics(parameters, caches)
        self.parameters, self.state = self.adam.step(
            parameters, gradients, self.state, overwrite=True
        )
        return gradients


class Theirs:
    """The same with torch."""

    def __init__(self, network, X, goal):
        self.X, self.goal = torch.tensor(X), torch.tensor(goal)
        self.by_name, whole = {}, []
        parameters = network.start(np.random.RandomState(0), X)
        for i, layer in enumerate(network.layers):
            own = modules(layer)
            whole += own
            for name, leaf in (p for m in own for p in m.named_parameters()):
                value = transposed(parameters[f"{i}.{name}"])
                leaf.data.copy_(torch.tensor(np.ascontiguousarray(value)))
                self.by_name[f"{i}.{name}"] = leaf
        self.network = torch.nn.Sequential(*whole)
        self.adam = torch.optim.Adam(self.network.parameters())

    def __call__(self):
        self.adam.zero_grad()
        residual = self.network(self.X) - self.goal
        (torch.sum(residual * residual) / 2).backward()
        self.adam.step()
        return {k: transposed(p.grad.numpy()) for k, p in self.by_name.items()}


def transposed(x):
    """Weights of affine layers: torch's are the transpose of ours."""
    return x.T if x.ndim == 2 else x


def compare(title, network, n):
    """A step of both, with the distance of their gradients from float64."""
    rng = np.random.RandomState(0)
    X = rng.uniform(size=(n, network.n_inputs))
    goal = (
        X
        if network.n_outputs == X.shape[1]
        else rng.uniform(size=(n, network.n_outputs))
    )
    exact = Ours(network, X, goal)()
    X, goal = X.astype(np.float32), goal.astype(np.float32)

    def accuracy(gradients):
        errors = [
            np.linalg.norm(g - exact[k]) / np.linalg.norm(exact[k])
            for k, g in gradients.items()
        ]
        return f"gradients off by {max(errors):.0e}"

    steps = {"skspace": Ours(network, X, goal), "torch": Theirs(network, X, goal)}
    contestants = [Contestant(name, step) for name, step in steps.items()]
    contest(f"{title}, {n} rows", contestants, accuracy=accuracy, n_rounds=15)


def convolution_table():
    for name, shape, channels, kernel_sizes, n in (
        ("ORL", (32, 32), (3, 3, 5), (3, 3, 3), 400),
        ("COIL-20", (32, 32), (15,), (3,), 1440),
        ("Extended Yale B 10", (48, 42), (10, 20, 30), (5, 3, 3), 640),
        ("a mini-batch", (32, 32), (10, 20, 30), (5, 3, 3), 64),
    ):
        title = f"autoencoder of {name}: channels {channels}, kernels {kernel_sizes}"
        compare(title, autoencoder(shape, channels, kernel_sizes), n)


def dense_table():
    sizes = 5, 128, 128, 32
    compare(f"critic {sizes}", Network(perceptron(sizes, "leaky_relu")), 128)
    sizes = 1024, 512, 512, 64
    trunk = [
        layer
        for n, m in pairwise(sizes[:-1])
        for layer in (Dense(n, m, bias=False), BatchNorm(m), Activation())
    ]
    network = Network((*trunk, Dense(*sizes[-2:]), UnitRows()))
    compare(f"trunk {sizes} with batch normalisation", network, 1024)


def adam_table(n=1440):
    """One step on a square matrix, as of coefficients of self-expression."""
    rng = np.random.RandomState(0)
    C, gradient = rng.standard_normal((2, n, n)).astype(np.float32)
    expected = C - 1e-3 * np.sign(gradient)

    def ours():
        (state["C"], state["state"]) = adam.step(
            state["C"], {"C": gradient}, state["state"], overwrite=True
        )
        return state["C"]["C"]

    adam = Adam()
    state = {"C": {"C": C.copy()}, "state": adam.start({"C": C})}

    def theirs(**options):
        leaf = torch.nn.Parameter(torch.tensor(C))
        leaf.grad = torch.tensor(gradient)
        optimizer = torch.optim.Adam([leaf], **options)
        return lambda: (optimizer.step(), leaf.detach().numpy())[1]

    contest(
        f"a step of Adam on {n} x {n} numbers",
        [
            Contestant("skspace", ours),
            Contestant("torch, fused", theirs(fused=True)),
            Contestant("torch", theirs()),
        ],
        accuracy=lambda C: f"off by {np.max(np.abs(C - expected)):.0e}",
        n_rounds=15,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    tables = {
        "convolution": convolution_table,
        "dense": dense_table,
        "adam": adam_table,
    }
    for name in tables:
        parser.add_argument(f"--{name}", action="store_true")
    chosen = [name for name, wanted in vars(parser.parse_args()).items() if wanted]
    torch.set_num_threads(1)
    for name in chosen or tables:
        tables[name]()
