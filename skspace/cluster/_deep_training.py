"""Stages of deep subspace clustering as generators of states."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._array import array_namespace
from ..linalg._self_expression import (
    align,
    align_backward,
    distance_pattern,
    self_expression,
    structured_norm,
    without_diagonal,
)
from ..nn import Adam, minibatches

WINDOW = 20
"""Epochs, and least steps, over which change is judged."""

GOOD_ERROR = 0.1
"""Share of the variance lost in reconstruction at which pre-training is done."""

BAD_ERROR = 0.5
"""Share above which pre-training counts as failed."""


class PretrainState(NamedTuple):
    """One epoch. `objective` is ρ = ‖X̂ - X‖² / ‖X - mean‖², or the pattern loss."""

    parameters: dict
    objective: float
    change: float


class JointState(NamedTuple):
    """One step of the joint stage; losses are relative to their start."""

    parameters: dict
    objective: float
    self_expression: float
    reconstruction: float
    change: float


class RefineState(NamedTuple):
    """One step of the refinement; the loss is relative to its start."""

    coefficients: Any
    labels: np.ndarray
    objective: float
    change: float


def settled(history, tol):
    """Whether the mean relative change of the last ten steps is below `tol`."""
    if len(history) < WINDOW:
        return False
    return float(np.mean([h["change"] for h in history[-10:]])) < tol


def pretrained(history, tol):
    """Whether reconstruction is good, or has not changed over twenty epochs."""
    values = [h["objective"] for h in history]
    if values[-1] < GOOD_ERROR:
        return True
    if len(values) <= WINDOW:
        return False
    return abs(values[-1 - WINDOW] - values[-1]) <= tol * values[-1 - WINDOW]


# -- stage 1: the autoencoder alone ---------------------------------------------------


def reconstruction_loss(encoder, decoder, parameters, X):
    """``½ ‖X̂ - X‖²`` per row and its gradient."""
    xp = array_namespace(X)
    outputs, caches = encoder.forward(parameters, X, training=True)
    images, decoder_caches = decoder.forward(parameters, outputs[-1], training=True)
    error = images[-1] - X
    gradients, d_code = decoder.backward(
        parameters, decoder_caches, error / X.shape[0], input_gradient=True
    )
    gradients |= encoder.backward(parameters, caches, d_code)[0]
    return 0.5 * float(xp.sum(error * error)) / X.shape[0], gradients


def distance_loss(encoder, parameters, X):
    """Mean over layers of how far distances are from those of X, and its gradient."""
    outputs, caches = encoder.forward(parameters, X, training=True)
    layers = range(1, len(outputs), 2)
    found = {i: distance_pattern(X, outputs[i]) for i in layers}
    d_outputs = {i: gradient / len(layers) for i, (_, gradient) in found.items()}
    gradients, _ = encoder.backward(parameters, caches, d_outputs)
    return sum(value for value, _ in found.values()) / len(layers), gradients


def pretrain(model, i, X, *, loss, batch_size, learning_rate, rng):
    """Train encoder i, and under ``loss="reconstruction"`` its decoder, by epochs.

    Parameters
    ----------
    model : Encoders
    i : int
    X : array of shape (n_samples, n_features)
    loss : {"reconstruction", "distance"}
    batch_size : int
    learning_rate : float
    rng : RandomState

    Yields
    ------
    PretrainState
        Its parameters are those of this encoder and decoder alone.
    """
    xp = array_namespace(X)
    encoder, decoder = model.encoders[i], model.decoders[i]
    names = (encoder.prefix, decoder.prefix)
    parameters = {k: v for k, v in model.parameters.items() if k.startswith(names)}
    adam = Adam(learning_rate)
    state = adam.start(parameters)
    centred = X - xp.mean(X, axis=0)
    variance = float(xp.sum(centred * centred)) or 1.0
    del centred
    previous = None
    while True:
        total, n_seen = 0.0, 0
        for rows in minibatches(X.shape[0], batch_size, rng, like=X):
            batch = xp.take(X, rows, axis=0)
            if loss == "reconstruction":
                value, gradients = reconstruction_loss(
                    encoder, decoder, parameters, batch
                )
            elif batch.shape[0] < 3:
                continue  # two points have no pattern of distances
            else:
                value, gradients = distance_loss(encoder, parameters, batch)
            parameters, state = adam.step(parameters, gradients, state)
            total, n_seen = total + value * batch.shape[0], n_seen + batch.shape[0]
        if loss == "reconstruction":
            objective = 2 * total / variance
        else:
            objective = total / max(n_seen, 1)
        yield PretrainState(parameters, objective, _change(previous, objective))
        previous = objective


# -- stage 2: encoder and representation together -------------------------------------


class Problem(NamedTuple):
    """What stays fixed while encoders and the joint matrix are trained."""

    model: Any  # Encoders
    X: Any  # (n_samples, n_features): what encoders see and decoders should return
    V: Any  # (n_samples, n_features): prepared rows, the table of the input layer
    gram: Any  # (n_samples, n_samples): V V^T, or None
    ridge: float


def joint_losses(problem, parameters, weights):
    """Losses of the joint stage and the gradient of their weighted sum.

    Parameters
    ----------
    problem : Problem
    parameters : dict of str to array
        Those of encoders and decoders, and the joint matrix as ``"C"``.
    weights : (float, float)
        Of self-expression and of reconstruction.

    Returns
    -------
    losses : (float, float)
        Self-expression with its ridge, and ``½ Σ ‖X̂ - X‖²`` over encoders; 0 where
        the weight is.
    gradients : dict of str to array
    """
    xp = array_namespace(problem.X)
    runs = [
        encoder.forward(parameters, problem.X, training=True)
        for encoder in problem.model.encoders
    ]
    aligned = [align(layer) for outputs, _ in runs for layer in outputs[1::2]]
    found = self_expression(
        parameters["C"],
        [problem.V, *(rows for rows, _ in aligned)],
        ridge=problem.ridge,
        n_fixed=1,
        fixed_gram=problem.gram,
    )
    gradients = {"C": weights[0] * found.coefficients}
    by_layer = iter(zip(found.layers[1:], aligned, strict=True))
    reconstruction = 0.0
    for (outputs, caches), encoder, decoder in zip(
        runs, problem.model.encoders, problem.model.decoders, strict=True
    ):
        d_outputs = {}
        for i in range(1, len(outputs), 2):
            d_rows, (rows, lengths) = next(by_layer)
            d_outputs[i] = weights[0] * align_backward(d_rows, rows, lengths)
        if weights[1]:
            images, back = decoder.forward(parameters, outputs[-1], training=True)
            error = images[-1] - problem.X
            reconstruction += 0.5 * float(xp.sum(error * error))
            own, d_code = decoder.backward(
                parameters, back, weights[1] * error, input_gradient=True
            )
            gradients |= own
            d_outputs[len(outputs) - 1] = d_outputs[len(outputs) - 1] + d_code
        gradients |= encoder.backward(parameters, caches, d_outputs)[0]
    return (found.value, reconstruction), gradients


def dsc_losses(problem, parameters, weights):
    r"""Compute the loss of DSC-Net and its gradient.

    .. math:: \tfrac12 \|X - \hat X\|^2 + \lambda_1 \|C\|^2
              + \tfrac{\lambda_2}{2} \|V_L - C V_L\|^2

    where the decoder gets :math:`C V_L` and not :math:`V_L`, and the diagonal of C
    counts for nothing.

    Parameters
    ----------
    problem : Problem
    parameters : dict of str to array
    weights : (float, float)
        :math:`\lambda_1, \lambda_2`.

    Returns
    -------
    losses : (float, float)
        The two terms with a weight together, and the first one.
    gradients : dict of str to array
    """
    xp = array_namespace(problem.X)
    ridge, weight = weights
    C = parameters["C"]
    gradients, terms, reconstruction = {"C": xp.zeros_like(C)}, 0.0, 0.0
    for encoder, decoder in zip(
        problem.model.encoders, problem.model.decoders, strict=True
    ):
        outputs, caches = encoder.forward(parameters, problem.X, training=True)
        code = outputs[-1]
        # The rebuilt code, and what the gradient by it gives, are linear in C.
        found = self_expression(C, [code], ridge=2 * ridge / weight)
        terms += 0.5 * weight * found.value
        rebuilt = without_diagonal(C) @ code
        images, back = decoder.forward(parameters, rebuilt, training=True)
        error = images[-1] - problem.X
        reconstruction += 0.5 * float(xp.sum(error * error))
        own, d_rebuilt = decoder.backward(parameters, back, error, input_gradient=True)
        dC = 0.5 * weight * found.coefficients + without_diagonal(d_rebuilt @ code.T)
        gradients["C"] = gradients["C"] + dC
        d_code = 0.5 * weight * found.layers[0] + without_diagonal(C).T @ d_rebuilt
        gradients |= own | encoder.backward(parameters, caches, d_code)[0]
    return (terms, reconstruction), gradients


def train_jointly(problem, C, *, loss, weights, learning_rate):
    """Train encoders, decoders and the joint matrix by one Adam.

    Parameters
    ----------
    problem : Problem
    C : array of shape (n_samples, n_samples)
        Start of the joint matrix.
    loss : {"joint", "self_expression", "dsc"}
    weights : (float, float)
        Of the loss of DSC-Net.
    learning_rate : float

    Yields
    ------
    JointState
    """
    adam = Adam(learning_rate)
    parameters = problem.model.parameters | {"C": C}
    optimiser = adam.start(parameters)
    if loss == "dsc":
        start = dsc_losses(problem, parameters, weights)[0]
    else:
        shares = (1.0, 1.0 if loss == "joint" else 0.0)
        start = joint_losses(problem, parameters, shares)[0]
        weights = tuple(
            share / value if value else 0.0
            for share, value in zip(shares, start, strict=True)
        )
    losses_of = dsc_losses if loss == "dsc" else joint_losses
    previous = None
    while True:
        losses, gradients = losses_of(problem, parameters, weights)
        parameters, optimiser = adam.step(parameters, gradients, optimiser)
        del gradients
        # DSC-Net's terms carry their weights, so they add up as they are.
        used = (1.0, 1.0) if loss == "dsc" else weights
        objective = sum(w * v for w, v in zip(used, losses, strict=True))
        ratios = [v / s if s else 0.0 for v, s in zip(losses, start, strict=True)]
        yield JointState(parameters, objective, *ratios, _change(previous, objective))
        previous = objective


# -- stage 3: the structured norm -----------------------------------------------------


def refine(C, K, ridge, cut, *, joint, every, learning_rate):
    """Weaken coefficients between clusters, and cluster again from time to time.

    Parameters
    ----------
    C : array of shape (n_samples, n_samples)
    K : array of shape (n_samples, n_samples)
        Gram matrix of all layers.
    ridge : float
    cut : callable
        ``cut(C) -> labels``.
    joint : bool
        Whether the self-expression loss is minimised as well.
    every : int
        Steps between clusterings.
    learning_rate : float

    Yields
    ------
    RefineState
        With ``change`` 0 when a clustering equals the one before: more steps would
        only confirm it.
    """
    xp = array_namespace(C)
    adam = Adam(learning_rate)
    parameters = {"C": C}
    optimiser = adam.start(parameters)
    labels, start, first, previous = cut(C), None, None, None
    step = 0
    while True:
        C = parameters["C"]
        value, gradient = structured_norm(C, labels)
        start = start or (value or 1.0)
        objective, gradient = value / start, gradient / start
        if joint:
            found = self_expression(C, [], ridge=ridge, fixed_gram=K)
            first = first or found.value
            objective = objective + found.value / first
            gradient = gradient + found.coefficients / first
        parameters, optimiser = adam.step(parameters, {"C": gradient}, optimiser)
        moved = parameters["C"]
        turn = xp.sign(moved) * xp.sign(C)
        # Momentum must not carry an entry through zero; what the structured norm
        # alone brought to zero stays there.
        crossed = turn < 0 if joint else turn <= 0
        parameters["C"] = xp.where(crossed, xp.zeros_like(moved), moved)
        step += 1
        change = _change(previous, objective)
        previous = objective
        if step % every == 0:
            new = cut(parameters["C"])
            change = 0.0 if same_partition(new, labels) else change
            labels = new
        yield RefineState(parameters["C"], labels, objective, change)


def same_partition(a, b):
    """Whether two labelings are one partition under different names."""
    pairs = np.unique(np.stack([a, b]), axis=1).shape[1]
    return pairs == len(np.unique(a)) == len(np.unique(b))


def _change(previous, value):
    """Relative change of an objective; 1 at the first step."""
    if previous is None:
        return 1.0
    return abs(previous - value) / previous if previous else 0.0
