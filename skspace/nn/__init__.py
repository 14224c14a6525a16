"""Small networks with gradients by hand: layers, optimizers, mini-batches."""

from ._activations import Activation
from ._batches import minibatches
from ._convolution import Convolution, TransposedConvolution
from ._layers import Dense, Layer
from ._network import Network, move, perceptron
from ._normalisation import BatchNorm, UnitRows
from ._optimizers import SGD, Adam

__all__ = [
    "SGD",
    "Activation",
    "Adam",
    "BatchNorm",
    "Convolution",
    "Dense",
    "Layer",
    "Network",
    "TransposedConvolution",
    "UnitRows",
    "minibatches",
    "move",
    "perceptron",
]
