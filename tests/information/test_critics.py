"""Critics: what they score, gradients of all parameters, streams, Gaussian ratio."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from oracles import central_differences
from scipy.stats import multivariate_normal

from skspace.information import _critics
from skspace.information._critics import (
    CRITICS,
    ConcatenatedCritic,
    GaussianRatio,
    ProbabilisticCritic,
    SeparableCritic,
    gaussian_ratio,
)

KINDS = sorted(CRITICS)


def made(kind):
    """A small critic with all parameters away from zero."""
    critic, rng = CRITICS[kind](2, 3, (5, 4), 2), np.random.RandomState(1)
    start = critic.start(rng, np.ones(1))
    return critic, {k: v + 0.3 * rng.standard_normal(v.shape) for k, v in start.items()}


def tables(rng, n=6, m=6):
    return rng.standard_normal((n, 2)), rng.standard_normal((m, 3))


def leaky(x):
    return np.where(x > 0, x, 0.1 * x)


def perceptron(parameters, prefix, x, places):
    """Layer by layer, written to be read."""
    for place in places:
        weight, bias = (parameters[f"{prefix}{place}.{n}"] for n in ("weight", "bias"))
        x = (x if place == places[0] else leaky(x)) @ weight + bias
    return x


def score_by_definition(kind, p, x, y):
    """One pair."""
    if kind == "concatenated":
        first = np.concatenate([p["x.0.weight"], p["y.0.weight"]])
        hidden = leaky(np.concatenate([x, y]) @ first + p["y.0.bias"])
        return perceptron(p, "pair.", hidden, (1, 3))[0]
    g, h = (perceptron(p, s, z, (0, 2, 4)) for s, z in (("x.", x), ("y.", y)))
    u, v = g[:2], h[:2]
    curvature = p["x.curvature"] @ u**2 + p["y.curvature"] @ v**2
    return u @ v - curvature / 2 + g[-1] + h[-1]


@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_those_of_the_definition(rng, library, kind):
    x, y = tables(rng, 4, 6)
    critic, parameters = made(kind)
    expected = [[score_by_definition(kind, parameters, a, b) for b in y] for a in x]
    moved = {k: library.asarray(v) for k, v in parameters.items()}
    S, _ = critic.forward(moved, library.asarray(x), library.asarray(y))
    assert_allclose(library.to_numpy(S), expected, rtol=1e-12, atol=1e-13)


def divergence(output):
    """Mean divergence of two means and log variances from the standard normal ones."""
    mean, log_variance = output[:, :2], output[:, 2:4]
    each = mean**2 + np.exp(log_variance) - 1 - log_variance
    return np.sum(each) / (2 * len(output))


@pytest.mark.parametrize("kind", KINDS)
def test_gradient_by_finite_differences(rng, library, kind):
    """Of Σ D ∘ S, less the divergence at its rate where there is one."""
    x, y = tables(rng)
    D = rng.standard_normal((6, 6))
    critic, parameters = made(kind)

    def objective(values):
        S, cache = critic.forward(values, x, y, np.random.RandomState(3))
        total = np.sum(D * S)
        if kind == "probabilistic":
            total -= sum(divergence(side[1]) for side in cache[0]) / critic.beta
        return total

    moved = {k: library.asarray(v) for k, v in parameters.items()}
    _, cache = critic.forward(
        moved, library.asarray(x), library.asarray(y), np.random.RandomState(3)
    )
    gradients = critic.backward(moved, cache, library.asarray(D))
    assert set(gradients) == set(parameters)
    for name, value in parameters.items():
        expected = central_differences(
            lambda v, name=name: objective(parameters | {name: v}), value
        )
        assert_allclose(library.to_numpy(gradients[name]), expected, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_gradient_is_that_of_automatic_differentiation(rng, kind):
    torch = pytest.importorskip("torch")
    critic, parameters = made(kind)
    parameters = {k: torch.tensor(v, requires_grad=True) for k, v in parameters.items()}
    x, y, D = (torch.tensor(z) for z in (*tables(rng), rng.standard_normal((6, 6))))
    S, cache = critic.forward(parameters, x, y)
    torch.sum(D * S).backward()
    with torch.no_grad():
        if kind == "probabilistic":  # its gradient is of draws; without noise here
            critic = ProbabilisticCritic(2, 3, (5, 4), 2, beta=math.inf)
            sides, A, B = cache
            sides = [(*side[:3], torch.zeros(6, 2)) for side in sides]
            cache = sides, A, B
        gradients = critic.backward(parameters, cache, D)
    for name, value in parameters.items():
        expected = torch.zeros_like(value) if value.grad is None else value.grad
        assert_allclose(gradients[name].detach(), expected, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [1, 4, 100])
def test_blocks_are_all_scores_in_order(rng, library, monkeypatch, kind, size):
    monkeypatch.setattr(_critics, "ROW_BLOCK", size)
    monkeypatch.setattr(_critics, "PAIR_BLOCK", 9 * size)
    x, y = (library.asarray(z) for z in tables(rng, 9, 9))
    critic, parameters = made(kind)
    parameters = {k: library.asarray(v) for k, v in parameters.items()}
    S, _ = critic.forward(parameters, x, y)
    blocks = [library.to_numpy(b) for b in critic.blocks(parameters, x, y)]
    assert max(len(b) for b in blocks) <= size
    assert_allclose(np.concatenate(blocks), library.to_numpy(S), atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_single_precision_stays(rng, library, kind):
    x, y = (library.asarray(z.astype(np.float32)) for z in tables(rng))
    critic = CRITICS[kind](2, 3, (5, 4), 2)
    parameters = critic.start(np.random.RandomState(0), x)
    S, cache = critic.forward(parameters, x, y, np.random.RandomState(0))
    gradients = critic.backward(parameters, cache, S)
    assert S.dtype == x.dtype
    assert {g.dtype for g in gradients.values()} == {x.dtype}


def test_noise_is_that_of_training_alone(rng):
    x, y = tables(rng)
    critic, parameters = made("probabilistic")
    plain = [critic.forward(parameters, x, y)[0] for _ in range(2)]
    assert_allclose(*plain)
    drawn = np.random.RandomState(0)
    assert np.max(np.abs(critic.forward(parameters, x, y, drawn)[0] - plain[0])) > 0.01
    # without curvature the mean score is the product of the means
    zero = {k: 0 * v if "curvature" in k else v for k, v in parameters.items()}
    noisy = [critic.forward(zero, x, y, drawn)[0] for _ in range(1000)]
    error = np.mean(noisy, axis=0) - critic.forward(zero, x, y)[0]
    assert np.max(np.abs(error) / np.std(noisy, axis=0)) < 6 / math.sqrt(1000)


def test_divergence_is_that_of_normal_distributions():
    """By integration on a grid; the second pair is standard normal."""
    mean, log_variance = 0.7, -0.9
    t, step = np.linspace(-12, 12, 48001, retstep=True)
    q = multivariate_normal(mean, math.exp(log_variance)).pdf(t)
    expected = np.sum(q * (np.log(q + 1e-300) - multivariate_normal(0, 1).logpdf(t)))
    output = np.array([[mean, 0.0, log_variance, 0.0]])
    assert divergence(output) == pytest.approx(expected * step, abs=1e-9)


def canonical(correlations, n_x, n_y, rng, n):
    X, E = rng.standard_normal((n, n_x)), rng.standard_normal((n, n_y))
    Y, r = E.copy(), len(correlations)
    rho = np.asarray(correlations)
    Y[:, :r] = rho * X[:, :r] + np.sqrt(1 - rho**2) * E[:, :r]
    return X, Y


def test_gaussian_ratio_is_the_log_ratio_of_densities(rng):
    """Also of mixed, shifted, scaled columns, in whose terms densities are known."""
    rho = np.array([0.8, 0.5])
    A, B = rng.standard_normal((2, 2)), rng.standard_normal((3, 3))
    a, b = np.array([3.0, -1.0]), np.array([0.0, 10.0, 2.0])
    inverse_b = np.linalg.inv(B)
    ratio = GaussianRatio(a, np.linalg.inv(A), b, inverse_b[:, :2], rho)
    cross = A.T @ np.diag(rho) @ B[:2]
    C = np.block([[A.T @ A, cross], [cross.T, B.T @ B]])
    X = a + rng.standard_normal((5, 2)) @ A
    Y = b + rng.standard_normal((4, 3)) @ B
    left, right = ratio.features(X, Y)
    joint = multivariate_normal(np.concatenate([a, b]), C)
    own = (multivariate_normal(m, S) for m, S in ((a, A.T @ A), (b, B.T @ B)))
    of_x, of_y = next(own).logpdf(X), next(own).logpdf(Y)
    for i in range(5):
        for j in range(4):
            expected = joint.logpdf(np.concatenate([X[i], Y[j]])) - of_x[i] - of_y[j]
            assert left[i] @ right[j] == pytest.approx(expected, abs=1e-9)


def test_fitted_gaussian_ratio_finds_correlations(rng):
    X, Y = canonical([0.8, 0.5], 4, 3, rng, 4000)
    turn = rng.standard_normal((4, 4))
    found = gaussian_ratio(X @ turn + 5, Y)
    assert found.correlations == pytest.approx([0.8, 0.5], abs=0.06)
    scores = (X @ turn + 5 - found.mean_x) @ found.forward_x
    assert_allclose(scores.T @ scores / 4000, np.eye(2), atol=1e-10)
    a, b = found.features(X @ turn + 5, Y)
    plug_in = -0.5 * np.sum(np.log(1 - found.correlations**2))
    # in the sample that it is fitted to, the mean of the ratio is the plug-in value
    assert np.mean(np.sum(a * b, axis=1)) == pytest.approx(plug_in, abs=1e-10)
    first = found.leading(1)
    assert_allclose(first.correlations, found.correlations[:1])
    assert first.features(X, Y)[0].shape == (4000, 3)


@pytest.mark.parametrize("constant", [False, True])
def test_independence_has_the_ratio_one(rng, constant):
    X, Y = canonical([], 3, 2, rng, 500)
    if constant:
        Y[:] = 1.0
    found = gaussian_ratio(X, Y)
    a, b = found.features(X, Y)
    assert len(found.correlations) == 0
    assert_allclose(a @ b.T, 0, atol=1e-15)


def test_weak_principal_directions_are_left_out(rng):
    """Forty columns that are three variables and a little noise."""
    X, Y = canonical([0.9, 0.9, 0.9], 3, 3, rng, 300)
    wide = [
        Z @ rng.standard_normal((3, 40)) + 0.01 * rng.standard_normal((300, 40))
        for Z in (X, Y)
    ]
    found = gaussian_ratio(*wide)
    assert len(found.correlations) == 3
    assert found.correlations == pytest.approx(0.9, abs=0.06)


def test_perfect_correlation_is_finite(rng):
    X = rng.standard_normal((200, 2))
    found = gaussian_ratio(X, X)
    a, b = found.features(X, X)
    assert np.all(np.isfinite(a @ b.T))


def test_separable_critic_contains_the_gaussian_ratio():
    """Linear embeddings √α u with curvatures β/α, α = ρ/(1 - ρ²), β = ρ²/(1 - ρ²)."""
    rho = 0.6
    critic = SeparableCritic(1, 1, (), 1)
    alpha, beta = rho / (1 - rho**2), rho**2 / (1 - rho**2)
    parameters = critic.start(np.random.RandomState(0), np.ones(1))
    for side in ("x.", "y."):
        parameters[f"{side}0.weight"] = np.array([[math.sqrt(alpha), 0.0]])
        parameters[f"{side}curvature"] = np.array([beta / alpha])
    parameters["x.0.bias"] = np.array([0.0, -math.log(1 - rho**2) / 2])
    x = np.linspace(-2, 2, 5)[:, None]
    one = np.ones((1, 1))
    a, b = GaussianRatio([0.0], one, [0.0], one, np.array([rho])).features(x, x)
    assert_allclose(critic.forward(parameters, x, x)[0], a @ b.T, atol=1e-13)


def test_one_seed_gives_one_start_everywhere(library):
    like = library.asarray(np.ones((1, 1)))
    for kind in KINDS:
        critic = CRITICS[kind](2, 3)
        found = critic.start(np.random.RandomState(0), like)
        expected = critic.start(np.random.RandomState(0), np.ones(1))
        assert list(found) == list(expected)
        for name, value in expected.items():
            assert_allclose(library.to_numpy(found[name]), value)


def test_concatenated_critic_shares_its_first_layer_between_pairs(rng):
    """Parameters are those of one network on n_x + n_y columns."""
    critic = ConcatenatedCritic(2, 3, (5, 4))
    parameters = critic.start(np.random.RandomState(0), np.ones(1))
    sizes = {k: v.shape for k, v in parameters.items()}
    assert sizes["x.0.weight"] == (2, 5)
    assert sizes["y.0.weight"] == (3, 5)
    assert "x.0.bias" not in sizes
