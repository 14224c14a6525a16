"""Stages of deep subspace clustering: gradients, steps in every library."""

from itertools import islice

import numpy as np
import pytest

from skspace.cluster._deep_encoder import build_encoders, local_contrast
from skspace.cluster._deep_training import (
    Problem,
    distance_loss,
    dsc_losses,
    joint_losses,
    pretrain,
    reconstruction_loss,
    refine,
    same_partition,
    train_jointly,
)
from skspace.cluster._deep_views import (
    Graph,
    consensus,
    normalized_association,
)
from skspace.linalg._self_expression import align, regress_on_others

SHAPE = (1, 6, 5)


def make(rng, *, images=True, dtype=np.float64, library=None, n_encoders=2):
    """Problem and parameters; numbers are the same in every library."""
    X = rng.standard_normal((9, 30)).astype(dtype)
    C = (0.1 * rng.standard_normal((9, 9))).astype(dtype)
    V = align(X)[0]
    if library is not None:
        X, C, V = (library.asarray(a) for a in (X, C, V))
    model = build_encoders(
        n_encoders, 30, SHAPE if images else None, (2, 3), (3, 3), (7, 4),
        np.random.RandomState(0), X,
    )  # fmt: skip
    parameters = model.parameters | {"C": C}
    if library is None and dtype == np.float64:
        # Biases of zero put ReLU on its kink, where there is no derivative.
        parameters = {
            k: v + 0.1 * rng.standard_normal(v.shape) for k, v in parameters.items()
        }
    return Problem(model, X, V, V @ V.T, 1.5), parameters


def check(f, parameters, gradients, rng):
    """All gradients against central differences along random directions."""
    trained = {k for k, v in gradients.items() if v is not None}
    for name in sorted(trained):
        direction = rng.standard_normal(parameters[name].shape)
        ahead, behind = (
            f(parameters | {name: parameters[name] + h * direction})
            for h in (1e-6, -1e-6)
        )
        expected = (ahead - behind) / 2e-6
        found = np.sum(gradients[name] * direction)
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-8), name


@pytest.mark.parametrize("images", [True, False])
def test_gradients_of_the_joint_loss(rng, images):
    problem, parameters = make(rng, images=images)
    weights = 0.7, 0.3

    def value(p):
        losses, _ = joint_losses(problem, p, weights)
        return weights[0] * losses[0] + weights[1] * losses[1]

    check(value, parameters, joint_losses(problem, parameters, weights)[1], rng)


def test_gradients_of_the_loss_of_dsc_net(rng):
    problem, parameters = make(rng)
    weights = 0.7, 3.0

    def value(p):
        return sum(dsc_losses(problem, p, weights)[0])

    check(value, parameters, dsc_losses(problem, parameters, weights)[1], rng)


def test_loss_of_dsc_net_is_that_of_its_paper(rng):
    problem, parameters = make(rng, n_encoders=1)
    encoder, decoder = problem.model.encoders[0], problem.model.decoders[0]
    C = parameters["C"] - np.diag(np.diag(parameters["C"]))
    code = encoder.apply(parameters, problem.X)
    error = problem.X - decoder.apply(parameters, C @ code)
    expected = (
        0.5 * np.sum(error**2)
        + 0.7 * np.sum(C**2)
        + 1.5 * np.sum((code - C @ code) ** 2)
    )
    found = sum(dsc_losses(problem, parameters, (0.7, 3.0))[0])
    assert found == pytest.approx(expected)


def test_gradients_of_pretraining(rng):
    problem, parameters = make(rng)
    encoder, decoder = problem.model.encoders[0], problem.model.decoders[0]
    X = problem.X

    def reconstruction(p):
        return reconstruction_loss(encoder, decoder, p, X)[0]

    def distance(p):
        return distance_loss(encoder, p, X)[0]

    gradients = reconstruction_loss(encoder, decoder, parameters, X)[1]
    check(reconstruction, parameters, gradients, rng)
    check(distance, parameters, distance_loss(encoder, parameters, X)[1], rng)


@pytest.mark.parametrize("loss", ["reconstruction", "distance"])
def test_pretraining_lowers_its_loss(rng, loss):
    problem, _ = make(rng)
    states = pretrain(
        problem.model, 0, problem.X, loss=loss, batch_size=4, learning_rate=1e-2,
        rng=np.random.RandomState(0),
    )  # fmt: skip
    values = [state.objective for state in islice(states, 40)]
    assert values[-1] < 0.8 * values[0]


@pytest.mark.parametrize("loss", ["joint", "self_expression", "dsc"])
def test_five_steps_in_single_precision_equal_those_of_numpy(library, loss):
    final = []
    for place in (None, library):
        problem, parameters = make(
            np.random.default_rng(0), dtype=np.float32, library=place
        )
        states = train_jointly(
            problem, parameters["C"], loss=loss, weights=(1.0, 1.0), learning_rate=1e-3
        )
        state = list(islice(states, 5))[-1]
        final.append({k: library.to_numpy(v) for k, v in state.parameters.items()})
    for name, value in final[0].items():
        assert final[1][name].dtype == np.float32
        np.testing.assert_allclose(final[1][name], value, atol=1e-4)


def test_closed_form_does_not_move_where_encoders_are_frozen(rng):
    """At the closed form the gradient by C vanishes, the diagonal aside."""
    problem, parameters = make(rng)
    parameters = dict(problem.model.parameters)
    tables = [problem.V] + [
        align(layer)[0]
        for i in range(2)
        for layer in problem.model.layers(i, problem.X)
    ]
    K = sum(T @ T.T for T in tables)
    parameters["C"] = regress_on_others(K, problem.ridge)
    gradient = joint_losses(problem, parameters, (1.0, 0.0))[1]["C"]
    np.testing.assert_allclose(gradient, 0, atol=1e-12)


def test_refinement_moves_only_what_joins_clusters(rng):
    labels = np.repeat([0, 1], 5)
    C = 0.1 + rng.uniform(size=(10, 10))
    states = refine(
        C, None, 0.0, lambda _: labels, joint=False, every=5, learning_rate=0.05
    )
    state = list(islice(states, 30))[-1]
    within = labels[:, None] == labels[None, :]
    np.testing.assert_array_equal(state.coefficients[within], C[within])
    assert np.all(state.coefficients[~within] >= 0)  # stops at zero
    assert np.all(state.coefficients[~within] < C[~within])
    assert state.change == 0  # the clustering was confirmed


def test_partitions_are_compared_without_names():
    a = np.array([0, 0, 1, 2])
    assert same_partition(a, np.array([2, 2, 0, 1]))
    assert not same_partition(a, np.array([0, 1, 1, 2]))
    assert not same_partition(a, np.array([0, 0, 1, 1]))


def test_local_contrast_does_not_see_light(rng, library):
    X = rng.uniform(size=(3, 96))
    shape = (2, 8, 6)
    plain = library.to_numpy(local_contrast(library.asarray(X), shape))
    lit = library.to_numpy(local_contrast(library.asarray(0.2 * X + 3), shape))
    np.testing.assert_allclose(lit, plain, atol=1e-9)
    assert not local_contrast(np.full((1, 96), 0.1), shape).any()
    # Channels do not mix, images neither.
    alone = local_contrast(X[1:2, :48], (1, 8, 6))
    detail = alone / np.abs(alone).max()
    both = plain[1:2, :48] / np.abs(plain[1:2, :48]).max()
    assert np.corrcoef(detail.ravel(), both.ravel())[0, 1] > 0.9


def test_association_is_the_share_of_weight_inside():
    import scipy.sparse as sp

    A = np.array([[0, 3, 1, 0], [3, 0, 0, 0], [1, 0, 0, 1], [0, 0, 1, 0.0]])
    labels = np.array([0, 0, 1, 1])
    found = normalized_association(sp.csr_array(A), labels, 2)
    assert found == pytest.approx((6 / 7 + 2 / 3) / 2)
    assert normalized_association(sp.csr_array(A), labels, 4) == found / 2
    partly = normalized_association(sp.csr_array(A), np.array([0, 0, -1, -1]), 1)
    assert partly == pytest.approx(6 / 7 / 2)


def test_consensus_prefers_small_cuts_and_ignores_empty_graphs():
    import scipy.sparse as sp

    A = sp.csr_array(np.array([[0, 1.0], [1, 0]]))
    empty = sp.csr_array((2, 2))
    graphs = [
        Graph("a", "neighbors", A, None, 0.9),
        Graph("b", "neighbors", 7 * A, None, 0.9),
        Graph("c", "neighbors", A, None, 0.8),
        Graph("d", "neighbors", empty, None, 0.0),
    ]
    affinity, weights = consensus(graphs)
    assert weights[0] == pytest.approx(weights[1])
    assert weights[2] == pytest.approx(weights[0] * np.exp(-20))
    assert weights[3] == 0
    assert affinity.nnz == 2
