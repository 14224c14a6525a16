"""Small networks with gradients by hand: layers, optimizers, mini-batches."""

from ._batches import minibatches
from ._layers import Activation, BatchNorm, Dense, Layer, UnitRows
from ._network import Network, move, perceptron
from ._optimizers import SGD, Adam

__all__ = [
    "SGD",
    "Activation",
    "Adam",
    "BatchNorm",
    "Dense",
    "Layer",
    "Network",
    "UnitRows",
    "minibatches",
    "move",
    "perceptron",
]
