"""Iterations that fit a Gaussian-RBF model, as generators of states."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .._array import asarray_like, to_numpy
from ..linalg._lbfgs import lbfgs
from ._losses import SquaredLoss
from ._penalised import joint_value

STEPS = 0.3, 3.0, 3.0
"""Units in which L, the centres and the log ratio move: such that a unit step of each
changes the objective about equally (found on generated data)."""
WINDOW = 5
"""Iterations over which the change of the objective is averaged."""
BETAS = 0.9, 0.999
"""Memories of Adam for gradients and for their squares."""
DERIVATIVES = {
    "L": "by_precision",
    "C": "by_centers",
    "log_ratio": "by_ratio",
    "coef": "by_coef",
    "intercept": "by_intercept",
}
"""What objectives call the derivatives by the fields of a model."""


class Model(NamedTuple):
    """Parameters of a model in standardised units, on the device of the data."""

    L: Any  # (D, q)
    C: Any  # (M, D)
    log_ratio: float
    coef: Any = None  # (M, K)
    intercept: Any = None  # (K,)


class State(NamedTuple):
    """Where a fit stands."""

    objective: float
    change: float
    validation: Any  # float, or None without early stopping
    model: Any


class Packing:
    """Parameters as one host vector and back.

    Parameters
    ----------
    model : Model
        For shapes and place; entries that do not vary keep its values.
    learn_centers, joint : bool
        Whether centres, and weights with the intercept, are among the parameters.
    units : tuple of float
        Of L, the centres and the log ratio.
    """

    def __init__(self, model, *, learn_centers, joint=False, units=STEPS):
        self.model = model
        fields = ["L", "C"] if learn_centers else ["L"]
        fields += ["coef", "intercept"] if joint else ["log_ratio"]
        self.fields = fields
        units = dict(zip(("L", "C", "log_ratio"), units, strict=True))
        self.units = [units.get(field, 1.0) for field in fields]
        self.shapes = [np.shape(to_numpy_number(getattr(model, f))) for f in fields]

    def pack(self, values):
        """One host vector of the parts of a model."""
        parts = [
            to_numpy_number(getattr(values, field)).ravel() / unit
            for field, unit in zip(self.fields, self.units, strict=True)
        ]
        return np.concatenate(parts)

    def pack_gradient(self, values):
        """One host vector of derivatives; `values` has fields ``by_...``."""
        parts = [
            to_numpy_number(getattr(values, DERIVATIVES[field])).ravel() * unit
            for field, unit in zip(self.fields, self.units, strict=True)
        ]
        return np.concatenate(parts)

    def unpack(self, x):
        """Model of a host vector."""
        found, place = {}, 0
        for field, unit, shape in zip(
            self.fields, self.units, self.shapes, strict=True
        ):
            size = math.prod(shape)
            part = (x[place : place + size] * unit).reshape(shape)
            place += size
            found[field] = (
                float(part) if shape == () else asarray_like(part, self.model.L)
            )
        return self.model._replace(**found)


def to_numpy_number(x):
    """Host array of an array or a number."""
    return np.asarray(x) if isinstance(x, float) else to_numpy(x)


def lbfgs_iterations(objective, packing, validate):
    """Variable projection: L-BFGS over all but the weights.

    Parameters
    ----------
    objective : Evidence or ReducedLoss
    packing : Packing
    validate : callable or None
        ``validate(model) -> float`` for early stopping.
    """

    def function(x):
        model = packing.unpack(x)
        try:
            value = objective.value(model.L, model.C, model.log_ratio)
        except np.linalg.LinAlgError:
            return math.inf, np.full_like(x, math.nan)
        return value.objective, packing.pack_gradient(value)

    def complete(x):
        model = packing.unpack(x)
        fit = objective.fit(model.L, model.C, model.log_ratio)
        return model._replace(coef=fit.coef, intercept=fit.intercept)

    logarithmic = not hasattr(objective, "least") and isinstance(
        objective.loss, SquaredLoss
    )
    yield from _states(function, packing, complete, validate, logarithmic)


def joint_iterations(rows, loss, penalty, packing, validate):
    """L-BFGS over everything, weights and intercept included."""

    def function(x):
        model = packing.unpack(x)
        value = joint_value(
            rows, loss, penalty, model.L, model.C, model.coef, model.intercept
        )
        return value.objective, packing.pack_gradient(value)

    yield from _states(
        function, packing, packing.unpack, validate, isinstance(loss, SquaredLoss)
    )


def _states(function, packing, complete, validate, logarithmic):
    """Turn iterates of L-BFGS into states.

    The change is in units of the log-likelihood per row: half the logarithm of a mean
    squared error, and the objective itself elsewhere.
    """
    before = None
    for iterate in lbfgs(function, packing.pack(packing.model)):
        if logarithmic:
            before = iterate.objective + iterate.change
            floor = max(iterate.objective, 1e-300)
            change = 0.5 * math.log(max(before, floor) / floor)
        else:
            change = iterate.change
        model = _Lazy(complete, iterate.x)
        validation = None if validate is None else validate(model())
        yield State(iterate.objective, change, validation, model)


class _Lazy:
    """A model that is made when asked for."""

    def __init__(self, make, x):
        self.make, self.x = make, x

    def __call__(self):
        return self.make(self.x)


def adam_iterations(
    rows, loss, penalty, packing, validate, *, batch_size, learning_rate, rng
):
    """Adam over mini-batches; one state an epoch."""
    x = packing.pack(packing.model)
    first, second, step = np.zeros_like(x), np.zeros_like(x), 0
    n_rows = rows.X.shape[0]
    before = None
    while True:
        order = rng.permutation(n_rows)
        total = 0.0
        for start in range(0, n_rows, batch_size):
            chosen = asarray_like(order[start : start + batch_size], rows.X)
            batch = rows.take(chosen)
            model = packing.unpack(x)
            value = joint_value(
                batch, loss, penalty, model.L, model.C, model.coef, model.intercept
            )
            gradient = packing.pack_gradient(value)
            step += 1
            first = BETAS[0] * first + (1 - BETAS[0]) * gradient
            second = BETAS[1] * second + (1 - BETAS[1]) * gradient**2
            size = learning_rate * math.sqrt(1 - BETAS[1] ** step)
            x = x - size / (1 - BETAS[0] ** step) * first / (np.sqrt(second) + 1e-8)
            total += value.objective * batch.total
        objective = total / rows.total
        change = math.inf if before is None else before - objective
        before = objective
        model = _Lazy(packing.unpack, x)
        validation = None if validate is None else validate(model())
        yield State(objective, change, validation, model)


def has_settled(tol, n_iter_no_change=None):
    """Make the stopping rule of the loop: by the objective, or by rows held out."""

    def settled(history):
        if n_iter_no_change is not None:
            scores = [state["validation"] for state in history]
            best = int(np.argmin(scores))
            return len(scores) - 1 - best >= n_iter_no_change
        changes = [state["change"] for state in history[-WINDOW:]]
        return len(changes) == WINDOW and sum(changes) <= WINDOW * tol

    return settled
