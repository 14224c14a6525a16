"""Optimizers against torch's, and what they may overwrite."""

import numpy as np
import pytest

from skspace.nn import SGD, Adam


def problem(rng):
    return {"w": rng.standard_normal((4, 3)), "b": rng.standard_normal(3)}


def gradients_at(parameters, step):
    """Of an objective that is not quadratic and changes by the step."""
    return {k: np.sin(p + step) + 0.3 * p for k, p in parameters.items()}


def torch_optimizer(torch, ours, parameters):
    decay = {"weight_decay": ours.weight_decay}
    if isinstance(ours, SGD):
        return torch.optim.SGD(
            parameters, ours.learning_rate, momentum=ours.momentum, **decay
        )
    make = torch.optim.AdamW if ours.decoupled else torch.optim.Adam
    betas = ours.beta_1, ours.beta_2
    return make(parameters, ours.learning_rate, betas=betas, eps=ours.eps, **decay)


@pytest.mark.parametrize(
    "optimizer",
    [
        Adam(0.01),
        Adam(0.01, weight_decay=0.1),
        Adam(0.01, weight_decay=0.1, decoupled=True),
        Adam(0.01, beta_1=0.5, beta_2=0.9, eps=1e-3, max_norm=0.7),
        SGD(0.01),
        SGD(0.01, momentum=0.0, weight_decay=0.1, max_norm=0.7),
    ],
    ids=str,
)
def test_steps_are_those_of_torch(optimizer, library, rng):
    torch = pytest.importorskip("torch")
    start = problem(rng)
    leaves = {k: torch.tensor(v, requires_grad=True) for k, v in start.items()}
    theirs = torch_optimizer(torch, optimizer, leaves.values())
    parameters = {k: library.asarray(v) for k, v in start.items()}
    state = optimizer.start(parameters)
    for step in range(20):
        here = {k: library.to_numpy(p) for k, p in parameters.items()}
        gradients = gradients_at(here, step)
        for k, leaf in leaves.items():
            leaf.grad = torch.tensor(gradients[k])
        if optimizer.max_norm is not None:
            torch.nn.utils.clip_grad_norm_(leaves.values(), optimizer.max_norm)
        theirs.step()
        gradients = {k: library.asarray(g) for k, g in gradients.items()}
        parameters, state = optimizer.step(parameters, gradients, state)
    assert state["step"] == 20
    for k, leaf in leaves.items():
        found = library.to_numpy(parameters[k])
        # torch adds 1e-6 to the norm it clips by
        np.testing.assert_allclose(found, leaf.detach(), rtol=1e-5, atol=1e-6)


def test_first_step_of_adam_has_the_length_of_the_learning_rate(rng):
    x = {"x": rng.standard_normal(9)}
    adam, gradient = Adam(0.01), rng.standard_normal(9)
    moved, _ = adam.step(x, {"x": gradient}, adam.start(x))
    np.testing.assert_allclose(moved["x"], x["x"] - 0.01 * np.sign(gradient), rtol=1e-5)


def test_decoupled_decay_of_descent_takes_off_the_parameter(rng):
    x, gradient = {"x": rng.standard_normal(9)}, rng.standard_normal(9)
    sgd = SGD(0.01, weight_decay=0.3, decoupled=True)
    moved, state = sgd.step(x, {"x": gradient}, sgd.start(x))
    expected = x["x"] * (1 - 0.003) - 0.01 * gradient
    np.testing.assert_allclose(moved["x"], expected)
    np.testing.assert_allclose(state["velocity"]["x"], gradient)


@pytest.mark.parametrize("make", [Adam, SGD])
def test_decay_by_name_touches_only_what_is_named(make, rng, library):
    start = {k: library.asarray(v) for k, v in problem(rng).items()}
    zero = {k: 0 * v for k, v in start.items()}
    optimizer = make(0.1, weight_decay={"w": 0.5}, decoupled=True)
    moved, _ = optimizer.step(start, zero, optimizer.start(start))
    w, b = (library.to_numpy(moved[k]) for k in "wb")
    np.testing.assert_allclose(w, 0.95 * library.to_numpy(start["w"]))
    np.testing.assert_array_equal(b, library.to_numpy(start["b"]))


@pytest.mark.parametrize("make", [Adam, SGD])
def test_what_has_no_gradient_stays(make, rng):
    start = problem(rng)
    optimizer = make(0.1, weight_decay=0.5)
    moved, state = optimizer.step(start, {"b": start["b"]}, optimizer.start(start))
    assert moved["w"] is start["w"]
    assert list(moved) == list(start)
    assert all(not np.any(state[b]["w"]) for b in optimizer._buffers)


@pytest.mark.parametrize("make", [Adam, SGD])
def test_clipping_is_of_all_gradients_together(make, rng):
    start, gradients = problem(rng), problem(rng)
    length = np.sqrt(sum(np.sum(g**2) for g in gradients.values()))
    short = {k: g / (10 * length) for k, g in gradients.items()}
    for these in (gradients, short):
        clipped = make(0.1, max_norm=0.2)
        share = min(1, 0.2 / np.sqrt(sum(np.sum(g**2) for g in these.values())))
        expected = make(0.1)
        scaled = {k: share * g for k, g in these.items()}
        ours, _ = clipped.step(start, these, clipped.start(start))
        theirs, _ = expected.step(start, scaled, expected.start(start))
        for k in ours:
            np.testing.assert_allclose(ours[k], theirs[k], rtol=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "F", "strided"])
@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("make", [Adam, SGD])
def test_only_what_may_be_is_overwritten(make, overwrite, order, dtype, rng):
    def laid_out(x):
        x = x.astype(dtype)
        if order == "strided":
            return np.repeat(np.repeat(x, 2, axis=0), 2, axis=1)[::2, ::2]
        return np.asarray(x, order=order)

    start, gradient = rng.standard_normal((2, 6, 4)).astype(dtype)
    optimizer = make(0.1, weight_decay=0.2)
    plain = {"x": start.copy()}
    expected, _ = optimizer.step(plain, {"x": gradient}, optimizer.start(plain))
    np.testing.assert_array_equal(plain["x"], start)

    given, kept = {"x": laid_out(start)}, laid_out(gradient)
    moved, state = optimizer.step(
        given, {"x": kept}, optimizer.start(given), overwrite=overwrite
    )
    np.testing.assert_array_equal(moved["x"], expected["x"])
    np.testing.assert_array_equal(kept, gradient)
    assert moved["x"].dtype == dtype
    in_place = np.shares_memory(moved["x"], given["x"])
    assert in_place == (overwrite and order != "strided")
    if not in_place:
        np.testing.assert_array_equal(given["x"], start)
    memory = state[optimizer._buffers[0]]["x"]
    given["x"].flags.writeable = memory.flags.writeable = False
    moved, _ = optimizer.step(given, {"x": kept}, state, overwrite=True)
    assert not np.shares_memory(moved["x"], given["x"])


@pytest.mark.parametrize("make", [Adam, SGD])
@pytest.mark.parametrize(
    "parameters",
    [
        {"learning_rate": -0.1},
        {"learning_rate": np.nan},
        {"weight_decay": -1.0},
        {"weight_decay": {"w": 0.1, "b": -0.1}},
        {"max_norm": 0.0},
    ],
)
def test_steps_that_lead_nowhere_are_refused(make, parameters):
    with pytest.raises(ValueError, match=next(iter(parameters))):
        make(**parameters)


def test_shares_are_below_one_and_eps_above_zero():
    for name in ("beta_1", "beta_2"):
        for value in (1.0, -0.1, np.nan):
            with pytest.raises(ValueError, match=rf"{name} must lie in \[0, 1\)"):
                Adam(**{name: value})
    with pytest.raises(ValueError, match="eps must be positive"):
        Adam(eps=0.0)  # an entry without a gradient would become NaN
    with pytest.raises(ValueError, match="momentum must lie"):
        SGD(momentum=1.0)
