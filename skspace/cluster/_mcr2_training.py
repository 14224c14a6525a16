"""The network of MCR2Clustering, its objective, and the steps that train it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from .._array import (
    array_namespace,
    asarray_like,
    is_array_api_obj,
    standard_normal,
    to_numpy,
)
from .._validation import check_memory
from ..linalg._coding_rate import rate_of_parts, rate_of_whole
from ..linalg._sinkhorn import mean_perplexity, symmetric_sinkhorn
from ..linalg._sinkhorn_gradient import sinkhorn_gradient
from ..nn import Activation, BatchNorm, Dense, Network, UnitRows, minibatches

AGREEMENT = 30.0
"""Weight of the agreement of views in the warm-up, as published for images."""


@dataclass(frozen=True)
class TwoHeads:
    """A trunk and two affine heads with rows of unit length.

    Parameters
    ----------
    n_inputs : int
    hidden_layer_sizes : tuple of int
        Batch normalisation stands after the first.
    n_components : int
        Columns of either head.
    """

    n_inputs: int
    hidden_layer_sizes: tuple
    n_components: int

    @cached_property
    def trunk(self):
        """Affine layers and rectifiers."""
        layers, width = [], self.n_inputs
        for size in self.hidden_layer_sizes:
            # a bias before batch normalisation would be taken away again
            layers.append(Dense(width, size, "he", bias=bool(layers)))
            if len(layers) == 1:
                layers.append(BatchNorm(size))
            layers.append(Activation("relu"))
            width = size
        return Network(layers, prefix="trunk.")

    @cached_property
    def heads(self):
        """Networks of features and of clusters."""
        width = self.hidden_layer_sizes[-1]
        return tuple(
            Network([Dense(width, self.n_components), UnitRows()], prefix=prefix)
            for prefix in ("features.", "clusters.")
        )

    def start(self, rng, like):
        """Draw the trunk and the head of features; that of clusters is a copy."""
        parameters = self.trunk.start(rng, like) | self.heads[0].start(rng, like)
        return copy_head(parameters)

    def apply(self, parameters, x, head=0):
        """Return the rows of one head in inference mode."""
        hidden = self.trunk.apply(parameters, x)
        return self.heads[head].apply(parameters, hidden)

    def forward(self, parameters, x, n_heads):
        """Return the rows of the first heads in training mode, and their caches."""
        hidden, below = self.trunk.forward(parameters, x, training=True)
        outputs, caches = [], [below]
        for head in self.heads[:n_heads]:
            rows, cache = head.forward(parameters, hidden[-1], training=True)
            outputs.append(rows[-1])
            caches.append(cache)
        return outputs, caches

    def backward(self, parameters, caches, d_outputs):
        """Carry derivatives by the rows of the heads to the parameters."""
        gradients, d_hidden = {}, 0.0
        for head, cache, d in zip(self.heads, caches[1:], d_outputs, strict=False):
            own, dx = head.backward(parameters, cache, d, input_gradient=True)
            gradients |= own
            d_hidden = d_hidden + dx
        below, _ = self.trunk.backward(parameters, caches[0], d_hidden)
        return gradients | below


def copy_head(parameters):
    """Parameters with those of the head of features in the head of clusters."""
    own = {name: p for name, p in parameters.items() if name.startswith("features.")}
    return parameters | {
        name.replace("features.", "clusters."): array_namespace(p).asarray(p, copy=True)
        for name, p in own.items()
    }


class StepState(NamedTuple):
    """A step of training; `change` is that of the objective over ten steps."""

    objective: float
    rate: float
    rate_of_parts: float
    change: float
    perplexity: float
    parameters: Any


@dataclass(frozen=True)
class Objective:
    """What is fixed during training."""

    network: TwoHeads
    optimizer: Any
    eps2: float
    membership_reg: float
    compression_columns: int | None
    views: Any  # callable (x, rng) -> list of tables
    sinkhorn_max_iter: int
    sinkhorn_tol: float


def check_tables(estimator, V):
    """Refuse a membership, or a batch, that would not fit into memory."""
    n_bytes = array_namespace(V).finfo(V.dtype).bits // 8
    m = min(V.shape[0], estimator.max_spectral)
    check_memory(
        2 * m * m * n_bytes,
        what=f"The membership of {m} samples",
        remedy=f"lower max_spectral={estimator.max_spectral} (the other samples go to "
        "their nearest subspace) or set max_samples",
    )
    b, d = min(V.shape[0], estimator.batch_size), estimator.n_components
    check_memory(
        (3 * b * d * d // 2 + 6 * b * b) * n_bytes,
        what=f"A step with {b} samples and {d} components",
        remedy=f"lower batch_size={estimator.batch_size}, n_components or max_samples",
    )


def batches(X, batch_size, rng):
    """Yield tables of random rows without end; whole epochs, incomplete ones left."""
    xp = array_namespace(X)
    while True:
        for rows in minibatches(X.shape[0], batch_size, rng, drop_last=True, like=X):
            yield xp.take(X, rows, axis=0)


def noisy_views(n_views, noise_scale, augment, deviation):
    """Make the function that gives the views of a batch."""

    def views(x, rng):
        if augment is not None:
            return [_augmented(x, augment, rng) for _ in range(n_views)]
        if noise_scale == 0:
            return [x]
        size = noise_scale * deviation
        return [x + size * standard_normal(rng, x.shape, x) for _ in range(n_views)]

    return views


def _augmented(x, augment, rng):
    """Return another view of rows, as the user's function makes it."""
    view = augment(x, rng)
    view = asarray_like(to_numpy(view) if is_array_api_obj(view) else view, x)
    xp = array_namespace(x)
    if view.shape != x.shape or not bool(xp.all(xp.isfinite(view))):
        raise ValueError(
            f"augment must return finite rows of the shape {tuple(x.shape)} of those "
            f"it is given, got shape {tuple(view.shape)}."
        )
    return view


def warm_up(goal, parameters, data, rng):
    """Spread the features: raise the rate of a batch by a step each (TCR).

    With several views their mean is spread, and views of one row are drawn together.
    """
    state, network = goal.optimizer.start(parameters), goal.network
    objective = 0.0
    while True:
        views = goal.views(next(data), rng)
        passes = [network.forward(parameters, x, 1) for x in views]
        Z = [outputs[0] for outputs, _ in passes]
        whole = rate_of_whole(sum(Z) / len(Z), goal.eps2)
        agreement, pulls = _agreement(Z)
        gradients = _sum_gradients(
            network.backward(
                parameters,
                caches,
                [-whole.by_features / len(Z) - AGREEMENT * pull],
            )
            for (_, caches), pull in zip(passes, pulls, strict=True)
        )
        parameters, state = _move(goal, parameters, gradients, state, passes)
        change, objective = abs(whole.value - objective), whole.value
        yield StepState(
            objective + AGREEMENT * agreement, whole.value, 0.0, change, 0.0, parameters
        )


def train(goal, parameters, data, rng, eta):
    """Raise the rate of all and lower that of the parts, by a step each (MLC)."""
    state, network = goal.optimizer.start(parameters), goal.network
    past = []
    while True:
        views = goal.views(next(data), rng)
        passes = [network.forward(parameters, x, 2) for x in views]
        Z, back = _mean_direction([outputs[0] for outputs, _ in passes])
        plans = [_membership(outputs[1], eta, goal) for outputs, _ in passes]
        plan = sum(p for p, _ in plans) / len(plans)
        whole = rate_of_whole(Z, goal.eps2)
        parts = _sampled_parts(Z, plan, goal, rng)
        by_features = back(parts.by_features - whole.by_features)
        by_plan = parts.by_membership + goal.membership_reg * plan
        gradients = _sum_gradients(
            network.backward(
                parameters,
                caches,
                [
                    by_features,
                    _by_clusters(outputs[1], signs, plan_, by_plan / len(plans), eta),
                ],
            )
            for (outputs, caches), (plan_, signs) in zip(passes, plans, strict=True)
        )
        parameters, state = _move(goal, parameters, gradients, state, passes)
        objective = whole.value - parts.value
        past = [*past[-10:], objective]
        change = abs(objective - past[0]) / max(abs(objective), 1e-12)
        if len(past) < 11:
            change = np.inf
        yield StepState(
            objective,
            whole.value,
            parts.value,
            change,
            mean_perplexity(plan),
            parameters,
        )


def _membership(C, eta, goal):
    """Doubly stochastic membership of rows of unit length, and the signs it hides."""
    xp = array_namespace(C)
    products = C @ C.T
    plan = symmetric_sinkhorn(
        xp.abs(products), eta, max_iter=goal.sinkhorn_max_iter, tol=goal.sinkhorn_tol
    ).plan
    return plan, xp.sign(products)


def _by_clusters(C, signs, plan, by_plan, eta):
    """Carry a derivative by the membership to the rows it is made of."""
    by_products = sinkhorn_gradient(plan, by_plan, eta) * signs
    return 2.0 * (by_products @ C)  # both are symmetric


def _sampled_parts(Z, plan, goal, rng):
    """Rate of the parts, or its unbiased estimate from some of them."""
    n, columns = plan.shape[1], goal.compression_columns
    if columns is None or columns >= n:
        return rate_of_parts(Z, plan, goal.eps2)
    xp = array_namespace(Z)
    chosen = np.sort(rng.choice(n, columns, replace=False))
    parts = rate_of_parts(
        Z, xp.take(plan, asarray_like(chosen, plan), axis=1), goal.eps2
    )
    weight = n / columns
    place = np.full(n, columns)
    place[chosen] = np.arange(columns)
    padded = xp.concat([parts.by_membership, xp.zeros_like(plan[:, :1])], axis=1)
    by_plan = xp.take(padded, asarray_like(place, plan), axis=1)
    return parts._replace(
        value=weight * parts.value,
        by_features=weight * parts.by_features,
        by_membership=weight * by_plan,
    )


def _mean_direction(Z):
    """Mean of views at unit length, and the way back of a derivative to each view."""
    if len(Z) == 1:
        return Z[0], lambda d: d
    unit = UnitRows()
    mean, cache = unit.forward({}, sum(Z) / len(Z))
    return mean, lambda d: unit.backward({}, cache, d)[0] / len(Z)


def _agreement(Z):
    """Mean magnitude of the cosine between views of a row, and its derivatives."""
    xp = array_namespace(*Z)
    n, n_views = Z[0].shape[0], len(Z)
    pulls = [xp.zeros_like(z) for z in Z]
    total = 0.0
    for a in range(n_views):
        for b in range(a):
            cosine = xp.sum(Z[a] * Z[b], axis=1, keepdims=True)
            weight = 2 / (n * n_views * (n_views - 1))
            total += weight * float(xp.sum(xp.abs(cosine)))
            sign = weight * xp.sign(cosine)
            pulls[a], pulls[b] = pulls[a] + sign * Z[b], pulls[b] + sign * Z[a]
    return total, pulls


def _sum_gradients(gradients):
    """Sum of dicts of arrays with the same names."""
    total = None
    for own in gradients:
        total = own if total is None else {k: total[k] + own[k] for k in own}
    return total


def _move(goal, parameters, gradients, state, passes):
    """Take an optimizer's step, and the statistics of the batch in."""
    parameters, state = goal.optimizer.step(parameters, gradients, state)
    for _, caches in passes:
        parameters = parameters | goal.network.trunk.statistics(parameters, caches[0])
    return parameters, state
