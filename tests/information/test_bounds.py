"""Bounds on mutual information: definitions, gradients, streams, what they attain."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from oracles import central_differences
from scipy.special import expit, logsumexp, softmax

from skspace.information._bounds import BOUNDS, infonce, nwj, score_sums, smile

NAMES = sorted(BOUNDS)


def others(S):
    """All scores of pairs that do not belong together."""
    n = len(S)
    return np.array([S[i, j] for i in range(n) for j in range(n) if i != j])


def value_by_definition(name, S):
    pairs = np.mean(np.diag(S))
    if name == "infonce":
        rows, columns = logsumexp(S, axis=1), logsumexp(S, axis=0)
        return pairs - np.mean(rows + columns) / 2 + math.log(len(S))
    if name == "nwj":
        return pairs - np.mean(np.exp(others(S) - 1))
    return pairs - math.log(np.mean(np.exp(np.clip(others(S), -5, 5))))


def ascended(name, S):
    """What the gradient belongs to."""
    if name == "smile":
        softplus = np.logaddexp
        return -np.mean(softplus(0, -np.diag(S))) - np.mean(softplus(0, others(S)))
    return value_by_definition(name, S)


def scores(rng, n=7, scale=3.0):
    return scale * rng.standard_normal((n, n))


@pytest.mark.parametrize("name", NAMES)
def test_value_is_that_of_the_definition(rng, library, name):
    S = scores(rng)
    value, _ = BOUNDS[name].ascend(library.asarray(S))
    assert isinstance(value, float)
    assert value == pytest.approx(value_by_definition(name, S), rel=1e-13)


@pytest.mark.parametrize("name", NAMES)
def test_gradient_by_finite_differences(rng, library, name):
    S = scores(rng)
    _, gradient = BOUNDS[name].ascend(library.asarray(S))
    expected = central_differences(lambda Z: ascended(name, Z), S)
    assert_allclose(library.to_numpy(gradient), expected, atol=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_gradient_is_that_of_automatic_differentiation(rng, name):
    torch = pytest.importorskip("torch")
    S = torch.tensor(scores(rng, 9), requires_grad=True)
    beside = ~torch.eye(9, dtype=torch.bool)
    pairs = torch.diagonal(S)
    if name == "infonce":
        both = torch.logsumexp(S, 0) + torch.logsumexp(S, 1)
        objective = torch.mean(pairs - both / 2)
    elif name == "nwj":
        objective = pairs.mean() - torch.exp(S[beside] - 1).mean()
    else:
        plus = torch.nn.functional.softplus
        objective = -plus(-pairs).mean() - plus(S[beside]).mean()
    objective.backward()
    _, gradient = BOUNDS[name].ascend(S.detach())
    assert_allclose(gradient.numpy(), S.grad.numpy(), atol=1e-15)


def test_gradients_have_the_published_form(rng):
    S = scores(rng)
    n, eye = len(S), np.eye(len(S))
    expected = (eye - (softmax(S, axis=1) + softmax(S, axis=0)) / 2) / n
    assert_allclose(infonce(S)[1], expected, atol=1e-15)
    expected = eye / n - (1 - eye) * np.exp(S - 1) / (n * (n - 1))
    assert_allclose(nwj(S)[1], expected, rtol=1e-12)
    expected = eye * expit(-S) / n - (1 - eye) * expit(S) / (n * (n - 1))
    assert_allclose(smile(S)[1], expected, atol=1e-15)


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 12), st.integers(0, 10**6), st.floats(0, 300))
def test_infonce_never_exceeds_the_logarithm_of_its_rows(n, seed, scale):
    value, _ = infonce(scores(np.random.RandomState(seed), n, scale))
    assert value <= math.log(n) + 1e-9


def test_infonce_knows_no_constant(rng):
    S = scores(rng)
    assert infonce(S + 100.0)[0] == pytest.approx(infonce(S)[0], abs=1e-12)
    assert np.sum(infonce(S)[1]) == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("block", [1, 3, 7, 50])
def test_stream_of_blocks_gives_the_bound(rng, library, name, block):
    S = scores(rng, 10)
    blocks = (library.asarray(S[i : i + block]) for i in range(0, 10, block))
    values = library.to_numpy(BOUNDS[name].values(blocks, 10))
    assert values.shape == (10,)
    assert values.dtype == np.float64
    assert np.mean(values) == pytest.approx(value_by_definition(name, S), rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_part_of_a_row_depends_on_its_own_row_and_column(rng, name):
    """All of InfoNCE and NWJ; SMILE has one normaliser."""
    S = scores(rng, 8)
    T = S.copy()
    T[2:, 2:] = scores(rng, 6)
    a, b = (BOUNDS[name].values([Z], 8)[:2] for Z in (S, T))
    if name == "smile":
        assert np.diff(a) == pytest.approx(np.diff(b))
    else:
        assert_allclose(a, b, rtol=1e-12)


def test_sums_leave_pairs_out(rng):
    S = scores(rng, 5)
    sums = score_sums([S], 5)
    beside = np.where(np.eye(5, dtype=bool), -np.inf, S)
    assert_allclose(sums.rows, logsumexp(beside, axis=1))
    assert_allclose(sums.columns, logsumexp(beside, axis=0))
    assert_allclose(sums.pairs, np.diag(S))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", NAMES)
def test_huge_scores_overflow_nowhere(rng, name, dtype):
    S = (1e4 * rng.standard_normal((6, 6))).astype(dtype)
    for value, gradient in (BOUNDS[name].ascend(S), BOUNDS[name].ascend(-S)):
        assert np.isfinite(value)
        assert np.all(np.isfinite(gradient))
        assert gradient.dtype == dtype
    assert np.all(np.isfinite(BOUNDS[name].values([S[:4], S[4:]], 6)))


def test_single_precision_sums_in_double(rng):
    """The mean of many equal scores is exact."""
    S = np.full((2000, 2000), 0.1, dtype=np.float32)
    assert infonce(S)[0] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_log_density_ratio_attains_the_information(rng, name):
    """Up to sampling error: six standard errors of 2000 pairs."""
    rho, n = 0.75, 2000
    x, e = rng.standard_normal((2, n))
    y = rho * x + math.sqrt(1 - rho**2) * e
    rest = 1 - rho**2
    square = x[:, None] ** 2 + y**2
    S = (rho * np.outer(x, y) - rho**2 * square / 2) / rest - math.log(rest) / 2
    bound = BOUNDS[name]
    values = bound.values([S + bound.offset], n)
    truth = -math.log(rest) / 2
    assert np.mean(values) == pytest.approx(truth, abs=6 * rho / math.sqrt(n))


@pytest.mark.parametrize("name", NAMES)
def test_ascent_leads_to_the_log_density_ratio(name):
    """On a table of two symbols, scores that are free settle at the ratio (+ offset).

    Infinitely many samples: the expected gradient over pairs drawn from the table.
    """
    joint = np.array([[0.4, 0.1], [0.2, 0.3]])
    ratio = np.log(joint / np.outer(joint.sum(1), joint.sum(0)))
    counts = np.rint(200 * joint).astype(int)
    i, j = np.array(
        [(a, b) for a in (0, 1) for b in (0, 1) for _ in range(counts[a, b])]
    ).T
    F = ratio + BOUNDS[name].offset
    _, dS = BOUNDS[name].ascend(F[np.ix_(i, j)])
    at = np.zeros((2, 2))
    np.add.at(at, (np.repeat(i, 200), np.tile(j, 200)), dS.ravel())
    # pairs beside the diagonal are drawn without replacement: error of order 1/n
    assert_allclose(at, 0, atol=2 / 200)
    _, off = BOUNDS[name].ascend((F + 0.5 * np.eye(2))[np.ix_(i, j)])
    moved = np.zeros((2, 2))
    np.add.at(moved, (np.repeat(i, 200), np.tile(j, 200)), off.ravel())
    assert np.max(np.abs(moved)) > 4 / 200
