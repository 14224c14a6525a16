"""Layers: gradients against central differences and torch, closed forms, starts."""

import numpy as np
import pytest
from oracles import central_differences, relative_error

from skspace.nn import Activation, BatchNorm, Convolution, Dense, UnitRows

LAYERS = {
    "dense": Dense(4, 3),
    "without_bias": Dense(4, 3, bias=False),
    "relu": Activation("relu"),
    "leaky_relu": Activation("leaky_relu"),
    "tanh": Activation("tanh"),
    "softplus": Activation("softplus"),
    "batch_norm": BatchNorm(4),
    "unit_rows": UnitRows(),
}
for shape, k, stride in [
    ((7, 6), 5, 2),
    ((4, 5), 1, 2),
    ((5, 4), 4, 3),
    ((3, 2), 3, 1),
]:
    layer = Convolution((2, *shape), 3, k, stride)
    LAYERS[f"convolution-{k}-{stride}"] = layer
    LAYERS[f"transposed-{k}-{stride}"] = layer.mirrored()


def a_pass(layer, rng, training):
    """Parameters away from their start, an input, and weights of the outputs."""
    parameters = {
        name: value + rng.uniform(0.1, 0.6, size=value.shape)
        for name, value in layer.start(rng).items()
    }
    x = rng.standard_normal((6, layer.n_inputs or 4))
    return parameters, x, rng.standard_normal((6, layer.n_outputs or 4))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", LAYERS)
def test_gradients_equal_central_differences(name, training, rng):
    layer = LAYERS[name]
    parameters, x, weights = a_pass(layer, rng, training)

    def objective(parameters, x):
        return np.sum(weights * layer.forward(parameters, x, training)[0])

    _, cache = layer.forward(parameters, x, training)
    dx, gradients = layer.backward(parameters, cache, weights)
    expected = central_differences(lambda x: objective(parameters, x), x)
    assert relative_error(dx, expected) < 1e-6
    for key, gradient in gradients.items():
        expected = central_differences(
            lambda p, key=key: objective(parameters | {key: p}, x), parameters[key]
        )
        assert relative_error(gradient, expected) < 1e-6, key
    assert set(gradients) == {k for k in parameters if "running" not in k}
    assert layer.backward(parameters, cache, weights, input_gradient=False)[0] is None


@pytest.mark.parametrize("name", LAYERS)
def test_same_on_every_library_in_single_precision(name, library, rng):
    layer = LAYERS[name]
    parameters, x, weights = a_pass(layer, rng, True)
    y, cache = layer.forward(parameters, x, True)
    expected = [y, *layer.backward(parameters, cache, weights)]
    expected.append(layer.statistics(parameters, cache))

    def there(x):
        return library.asarray(x.astype(np.float32))

    moved, x, weights = (
        {k: there(v) for k, v in parameters.items()},
        *map(there, (x, weights)),
    )
    y, cache = layer.forward(moved, x, True)
    found = [y, *layer.backward(moved, cache, weights)]
    found.append(layer.statistics(moved, cache))
    for ours, theirs in zip(found, expected, strict=True):
        if not isinstance(ours, dict):
            ours, theirs = {"": ours}, {"": theirs}
        for key, value in ours.items():
            value = library.to_numpy(value)
            assert value.dtype == np.float32
            np.testing.assert_allclose(value, theirs[key], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["relu", "leaky_relu", "tanh", "softplus"])
def test_activations_are_those_of_torch(kind, rng):
    torch = pytest.importorskip("torch")
    theirs = {
        "relu": torch.relu,
        "leaky_relu": lambda x: torch.nn.functional.leaky_relu(x, 0.1),
        "tanh": torch.tanh,
        "softplus": torch.nn.functional.softplus,
    }[kind]
    x = np.concatenate([3 * rng.standard_normal((20, 3)), [[0.0, 800.0, -800.0]]])
    dy, leaf = rng.standard_normal((21, 3)), torch.tensor(x, requires_grad=True)
    layer = Activation(kind)
    y, cache = layer.forward({}, x)
    expected = theirs(leaf)
    expected.backward(torch.tensor(dy))
    np.testing.assert_allclose(y, expected.detach(), rtol=1e-12, atol=1e-12)
    dx = layer.backward({}, cache, dy)[0]
    np.testing.assert_allclose(dx, leaf.grad, rtol=1e-9, atol=1e-12)


def test_batch_norm_is_that_of_torch(rng):
    torch = pytest.importorskip("torch")
    layer, theirs = BatchNorm(4), torch.nn.BatchNorm1d(4, dtype=torch.float64)
    parameters = layer.start(rng)
    parameters["weight"] += rng.uniform(size=4)
    parameters["bias"] += rng.uniform(size=4)
    with torch.no_grad():
        theirs.weight.copy_(torch.tensor(parameters["weight"]))
        theirs.bias.copy_(torch.tensor(parameters["bias"]))
    for training in (True, True, False):
        theirs.train(training)
        x, dy = 3 + 2 * rng.standard_normal((2, 7, 4))
        leaf = torch.tensor(x, requires_grad=True)
        theirs.zero_grad()
        expected = theirs(leaf)
        expected.backward(torch.tensor(dy))
        y, cache = layer.forward(parameters, x, training)
        dx, gradients = layer.backward(parameters, cache, dy)
        if training:
            parameters = parameters | layer.statistics(parameters, cache)
        for ours, reference in (
            (y, expected.detach()),
            (dx, leaf.grad),
            (gradients["weight"], theirs.weight.grad),
            (gradients["bias"], theirs.bias.grad),
            (parameters["running_mean"], theirs.running_mean),
            (parameters["running_variance"], theirs.running_var),
        ):
            np.testing.assert_allclose(ours, reference, rtol=1e-9, atol=1e-12)


def test_batch_norm_leaves_its_parameters_alone(rng):
    layer = BatchNorm(4)
    parameters = layer.start(rng)
    before = {k: v.copy() for k, v in parameters.items()}
    _, cache = layer.forward(parameters, rng.standard_normal((5, 4)), True)
    layer.statistics(parameters, cache)
    for key, value in before.items():
        np.testing.assert_array_equal(parameters[key], value)


def test_batch_norm_wants_two_rows(rng):
    layer = BatchNorm(4)
    with pytest.raises(ValueError, match="at least two rows"):
        layer.forward(layer.start(rng), np.ones((1, 4)), True)
    assert np.all(np.isfinite(layer.forward(layer.start(rng), np.ones((1, 4)))[0]))


def test_constant_columns_are_no_trouble_to_batch_norm(rng):
    layer = BatchNorm(4)
    parameters = layer.start(rng)
    y, cache = layer.forward(parameters, np.full((5, 4), 7.0), True)
    dx, _ = layer.backward(parameters, cache, rng.standard_normal((5, 4)))
    np.testing.assert_allclose(y, 0)
    assert np.all(np.isfinite(dx))


def test_rows_have_unit_length_and_zero_stays_zero(rng):
    x = rng.standard_normal((5, 3)) * 10.0 ** rng.uniform(-8, 8, (5, 1))
    x[2] = 0
    z, cache = UnitRows().forward({}, x)
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), [1, 1, 0, 1, 1])
    dx, _ = UnitRows().backward({}, cache, rng.standard_normal((5, 3)))
    assert np.all(dx[2] == 0)
    # moving along the row does not change the output
    np.testing.assert_allclose(np.sum(dx * z, axis=1), 0, atol=1e-6)


@pytest.mark.parametrize(("init", "variance"), [("glorot", 2 / 500), ("he", 2 / 300)])
def test_start_has_the_variance_of_its_rule(init, variance, rng):
    start = Dense(300, 200, init=init).start(rng)
    assert np.var(start["weight"]) == pytest.approx(variance, rel=0.02)
    limit = np.sqrt(3 * variance)
    assert 0.99 * limit < np.max(np.abs(start["weight"])) <= limit
    assert not np.any(start["bias"])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dense(2, 3, init="normal"), "init must be"),
        (lambda: Activation("gelu"), "kind must be"),
        (lambda: Dense(0, 3), "n_inputs must be an integer of at least 1"),
        (lambda: Dense(2, -1), "n_outputs must be an integer of at least 1"),
        (lambda: Dense(2.5, 1), "n_inputs must be an integer of at least 1, got 2.5"),
        (lambda: BatchNorm(0), "n_features must be an integer of at least 1"),
        (lambda: BatchNorm(2, eps=0.0), "eps be positive"),
        (lambda: BatchNorm(2, momentum=1.5), "momentum must lie"),
    ],
)
def test_what_makes_no_layer_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_sizes_have_no_defaults():
    with pytest.raises(TypeError, match="n_outputs"):
        Dense(3)
