"""Networks: gradients injected at any layer, one result on all libraries, pickles."""

import pickle

import numpy as np
import pytest
from oracles import central_differences, relative_error

from skspace.nn import (
    Activation,
    Adam,
    BatchNorm,
    Dense,
    Network,
    UnitRows,
    move,
    perceptron,
)


def a_network(prefix=""):
    dense = Dense(5, 7, bias=False)
    layers = (dense, BatchNorm(7), Activation("tanh"), Dense(7, 3), UnitRows())
    return Network(layers, prefix)


def test_gradients_injected_at_several_layers_add_up(rng):
    network, X = a_network(), rng.standard_normal((8, 5))
    parameters = network.start(rng, X)
    weights = {2: rng.standard_normal((8, 7)), -1: rng.standard_normal((8, 3))}

    def objective(parameters, X):
        outputs, _ = network.forward(parameters, X, training=True)
        return sum(np.sum(w * outputs[i]) for i, w in weights.items())

    _, caches = network.forward(parameters, X, training=True)
    gradients, dx = network.backward(parameters, caches, weights, input_gradient=True)
    expected = central_differences(lambda X: objective(parameters, X), X)
    assert relative_error(dx, expected) < 1e-6
    for key, gradient in gradients.items():
        expected = central_differences(
            lambda p, key=key: objective(parameters | {key: p}, X), parameters[key]
        )
        assert relative_error(gradient, expected) < 1e-6, key


def test_only_layers_below_the_gradient_get_one(rng):
    network, X = a_network(), rng.standard_normal((8, 5))
    parameters = network.start(rng, X)
    outputs, caches = network.forward(parameters, X, training=True)
    gradients, dx = network.backward(parameters, caches, {2: outputs[2]})
    assert set(gradients) == {"0.weight", "1.weight", "1.bias"}
    assert dx is None


def test_one_array_is_the_gradient_of_the_last_output(rng):
    network, X = a_network(), rng.standard_normal((8, 5))
    parameters = network.start(rng, X)
    outputs, caches = network.forward(parameters, X)
    ones = np.ones_like(outputs[-1])
    short, _ = network.backward(parameters, caches, ones)
    long, _ = network.backward(parameters, caches, {4: ones})
    for key, gradient in long.items():
        np.testing.assert_array_equal(short[key], gradient)


def test_apply_is_the_last_output_with_running_statistics(rng):
    network, X = a_network(), 3 + rng.standard_normal((50, 5))
    parameters = network.start(rng, X)
    for _ in range(200):
        _, caches = network.forward(parameters, X, training=True)
        parameters = parameters | network.statistics(parameters, caches)
    outputs, _ = network.forward(parameters, X)
    np.testing.assert_array_equal(network.apply(parameters, X), outputs[-1])
    trained, _ = network.forward(parameters, X, training=True)
    # running statistics of one repeated batch are those of the batch, but for n - 1
    np.testing.assert_allclose(outputs[1] * np.sqrt(50 / 49), trained[1], rtol=1e-3)


def test_five_steps_are_the_same_on_every_library(library, rng):
    network, adam = a_network(), Adam(1e-2)
    X = rng.standard_normal((20, 5)).astype(np.float32)
    goal = rng.standard_normal((20, 3)).astype(np.float32)

    def trained(X, goal):
        parameters = network.start(np.random.RandomState(1), X)
        state = adam.start(parameters)
        for _ in range(5):
            outputs, caches = network.forward(parameters, X, training=True)
            parameters = parameters | network.statistics(parameters, caches)
            d = {-1: outputs[-1] - goal, 2: 0.1 * outputs[2]}
            gradients, _ = network.backward(parameters, caches, d)
            parameters, state = adam.step(parameters, gradients, state)
        return parameters

    expected = trained(X, goal)
    found = trained(library.asarray(X), library.asarray(goal))
    for key, value in found.items():
        value = library.to_numpy(value)
        assert value.dtype == np.float32
        np.testing.assert_allclose(value, expected[key], atol=1e-4, err_msg=key)


def test_nothing_it_is_given_is_changed(rng):
    network, X = a_network(), rng.standard_normal((8, 5))
    X.flags.writeable = False
    parameters = network.start(rng, X)
    for value in parameters.values():
        value.flags.writeable = False
    outputs, caches = network.forward(parameters, X, training=True)
    outputs[-1].flags.writeable = False
    network.backward(parameters, caches, outputs[-1])
    network.statistics(parameters, caches)


def test_networks_with_prefixes_share_one_dict(rng):
    X = rng.standard_normal((8, 5))
    trunk, head = Network(perceptron((5, 6, 4)), "trunk."), Network((UnitRows(),))
    parameters = trunk.start(rng, X) | a_network("head.").start(rng, X)
    plain = {k[6:]: v for k, v in parameters.items() if k.startswith("trunk.")}
    np.testing.assert_array_equal(
        trunk.apply(parameters, X), Network(trunk.layers).apply(plain, X)
    )
    assert head.start(rng, X) == {}


def test_sizes_follow_from_layers():
    network = a_network()
    assert (network.n_inputs, network.n_outputs) == (5, 3)
    assert (Network((UnitRows(),)).n_inputs, Network(()).n_outputs) == (None, None)
    with pytest.raises(ValueError, match=r"Layer 2 .* takes 4 columns and gets 3"):
        Network((Dense(2, 3), Activation(), Dense(4, 1)))


def test_pickles_and_moves(library, rng):
    network, X = a_network(), rng.standard_normal((8, 5)).astype(np.float32)
    parameters, adam = network.start(rng, X), Adam()
    state = adam.start(parameters)
    again, kept, restored = pickle.loads(pickle.dumps((network, parameters, state)))
    assert again == network
    assert restored["step"] == 0
    np.testing.assert_array_equal(again.apply(kept, X), network.apply(parameters, X))
    there = move({"parameters": parameters, "state": state}, library.asarray(X))
    assert there["state"]["step"] == 0
    y = network.apply(there["parameters"], library.asarray(X))
    np.testing.assert_allclose(
        library.to_numpy(y), network.apply(parameters, X), atol=1e-6
    )
    back = move(there, X)["state"]["mean"]["0.weight"]
    assert isinstance(back, np.ndarray)
    assert back.dtype == np.float32
