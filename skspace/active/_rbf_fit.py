"""Course of a fit of a Gaussian-RBF model, from rows and outputs to the best model."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from .._array import array_namespace, asarray_like, to_numpy
from .._loop import close_task, open_task, run
from ..linalg._rbf import Basis
from ._evidence import Evidence, StandardRows
from ._iterations import (
    Model,
    Packing,
    adam_iterations,
    has_settled,
    joint_iterations,
    lbfgs_iterations,
)
from ._penalised import Penalty, ReducedLoss
from ._preparation import (
    column_scales,
    group_rows,
    merge_equal_rows,
    place_centers,
    standardise,
    start_of_precision,
)
from ._settings import check_settings, check_sizes, number_of_centers
from ._subspace import describe

ALPHA = {"precision": 1e-3, "weights": 1e-4}
"""Penalties of the solvers that have no evidence, where none are given."""
PERTURBATION = 0.5
"""Of the first L by restarts after the first, in units of its own norm."""


class Frame(NamedTuple):
    """Units of a fit: scales of inputs and outputs."""

    inputs: Any
    outputs: Any


class Run(NamedTuple):
    """The best model of one run, and how it was found."""

    criterion: float
    model: Any
    outcome: Any
    curve: Any
    objective: float


def fit_model(estimator, X, Y, weights):
    """Find the best model of outputs, and store what it is as attributes.

    Parameters
    ----------
    estimator : GaussianRBF
        Whose parameters rule.
    X : array of shape (n_samples, n_features)
    Y : ndarray of shape (n_samples, n_outputs), float64
    weights : ndarray of shape (n_samples,), or None

    Returns
    -------
    model : Model
    rows : StandardRows
        It was fitted to.
    frame : Frame
        Units of both.
    """
    check_settings(estimator)
    rng = check_random_state(estimator.random_state)
    before = vars(estimator).pop("_warm", None)
    grouped = group_rows(to_numpy(X).astype(np.float64), Y, weights)
    frame = Frame(
        column_scales(grouped.X, grouped.weights, standardize=estimator.standardize),
        estimator._output_scales(grouped),
    )
    check_sizes(grouped.X, frame.inputs, standardize=estimator.standardize)
    float64 = array_namespace(X).float64
    rows = StandardRows(
        *(
            asarray_like(table, X, dtype=float64)
            for table in (
                standardise(grouped.X, frame.inputs),
                standardise(grouped.Y, frame.outputs),
                grouped.weights,
            )
        ),
        float(np.sum(grouped.weights)),
    )
    loss = estimator._loss(Y.shape[1])
    rows, held_out = _split(estimator, rows, rng)

    task = open_task(estimator, n_runs=estimator.n_restarts, X=X)
    runs = [
        _run(estimator, rows, held_out, loss, start, task, X, frame, rng)
        for start in _starts(estimator, rows, frame, before, rng)
    ]
    close_task(task, estimator, X=X)
    best = min(runs, key=lambda each: each.criterion)
    estimator.n_iter_ = best.outcome.n_iter
    estimator.converged_ = best.outcome.converged
    estimator.loss_curve_ = best.curve
    estimator.objective_ = best.objective
    if estimator.warm_start:
        estimator._warm = best.model, frame.inputs
    vars(estimator).update(describe(estimator, best.model, rows, frame))
    estimator._n_features_out = estimator.n_components_
    return best.model, rows, frame


def _split(estimator, rows, rng):
    """Rows to fit, and rows held out for early stopping or None."""
    if not estimator.early_stopping:
        return rows, None
    n_rows = rows.X.shape[0]
    n_held = max(1, round(estimator.validation_fraction * n_rows))
    if n_rows - n_held < 2:
        raise ValueError(
            f"early_stopping holds out {n_held} of {n_rows} different rows, which "
            "leaves too few; pass more samples or early_stopping=False."
        )
    order = rng.permutation(n_rows)
    needed = estimator._needed(to_numpy(rows.Y)[order])
    if len(needed) > n_rows - n_held:
        raise ValueError(
            f"early_stopping holds out {n_held} of {n_rows} different rows, which "
            f"leaves none of some of the {len(needed)} classes; lower "
            "validation_fraction or pass early_stopping=False."
        )
    order = np.concatenate([np.delete(order, needed), order[needed]])
    return (
        rows.take(asarray_like(np.sort(order[n_held:]), rows.X)),
        rows.take(asarray_like(np.sort(order[:n_held]), rows.X)),
    )


def _starts(estimator, rows, frame, before, rng):
    """Yield the models to start from."""
    X, Y, weights = (to_numpy(part) for part in rows[:3])
    varies = ~frame.inputs.constant
    n_varying = int(np.sum(varies))
    rank = X.shape[1] if estimator.rank is None else min(estimator.rank, X.shape[1])
    C = _first_centers(estimator, X, weights, frame.inputs, rng)
    L = np.zeros((X.shape[1], rank))
    if n_varying:
        L[varies] = start_of_precision(X[:, varies], Y, weights, rank)
    log_ratio = 0.0
    if estimator.warm_start and before is not None:
        model, scales = before
        if model.L.shape == L.shape:
            L = to_numpy(model.L) * (frame.inputs.scale / scales.scale)[:, None]
            L = np.where(varies[:, None], L, 0.0)
            if estimator.n_centers == "auto" or len(model.C) == len(C):
                C = to_numpy(model.C) * scales.scale + scales.mean
                C = standardise(C, frame.inputs)
            log_ratio = model.log_ratio
    for i in range(estimator.n_restarts):
        start = L
        if i:
            noise = rng.standard_normal(L.shape) * varies[:, None]
            start = L + PERTURBATION * noise / max(1.0, np.linalg.norm(noise))
        yield Model(asarray_like(start, rows.X), asarray_like(C, rows.X), log_ratio)


def _first_centers(estimator, X, weights, scales, rng):
    """Find standardised centres by the rule asked for, or check those given."""
    if isinstance(estimator.centers, str):
        X, weights = merge_equal_rows(X, weights)
        n_centers = number_of_centers(estimator.n_centers, len(X))
        return place_centers(X, weights, n_centers, estimator.centers, rng)
    centers = np.asarray(estimator.centers, dtype=np.float64)
    if centers.ndim != 2 or centers.shape[1] != X.shape[1] or not len(centers):
        raise ValueError(
            f"centers must have the shape (n_centers, {X.shape[1]}) of rows of X, "
            f"got {centers.shape}."
        )
    if not np.all(np.isfinite(centers)):
        raise ValueError("centers contains NaN or infinity; pass finite rows.")
    check_sizes(centers, scales, name="centers", standardize=estimator.standardize)
    return standardise(centers, scales)


def _run(estimator, rows, held_out, loss, start, task, X, frame, rng):
    """Iterate from one start."""
    validate = None
    if held_out is not None:

        def validate(model):
            basis = Basis(held_out.X, model.L, model.C)
            F = basis.predict(model.coef, model.intercept)
            return float(loss.value(F, held_out.Y, held_out.weights)) / held_out.total

    curve, best = [], None

    def watched(states):
        nonlocal best
        for state in states:
            curve.append(state.objective)
            score = state.objective if validate is None else state.validation
            if best is None or score < best[0]:
                best = score, state.model, state.objective
            yield state

    outcome = run(
        estimator,
        watched(_iterations(estimator, rows, loss, start, validate, rng)),
        X=X,
        task=task,
        name="fit",
        converged=has_settled(
            estimator.tol,
            estimator.n_iter_no_change if estimator.early_stopping else None,
        ),
        attributes=lambda state: describe(estimator, state.model(), rows, frame),
        remedy="increase max_iter or tol, or set early_stopping=True",
    )
    if best is None:  # no step decreases the objective: the start is a minimum
        objective = make_objective(estimator, rows, loss)
        value = objective.value(start.L, start.C, start.log_ratio).objective
        fit = objective.fit(start.L, start.C, start.log_ratio)
        model = start._replace(coef=fit.coef, intercept=fit.intercept)
        score = value if validate is None else validate(model)
        return Run(score, model, outcome, curve, value)
    return Run(best[0], best[1](), outcome, curve, best[2])


def uses_evidence(estimator):
    """Whether the weights are integrated out."""
    return estimator.alpha_weights == "auto" and estimator.solver == "varpro"


def make_objective(estimator, rows, loss):
    """Make the function that variable projection minimises."""
    alpha = estimator.alpha_precision
    if uses_evidence(estimator):
        if alpha == "auto":
            xp = array_namespace(rows.X)
            varies = xp.any(rows.X[:1, :] != rows.X, axis=0)
            alpha = int(xp.sum(xp.astype(varies, xp.int64))) / rows.total
        return Evidence(rows, loss, alpha)
    return ReducedLoss(rows, loss, _penalty(estimator))


def _penalty(estimator):
    """Make the penalties of the solvers that have no evidence."""
    return Penalty(
        *(
            default if value == "auto" else value
            for value, default in (
                (estimator.alpha_precision, ALPHA["precision"]),
                (estimator.alpha_weights, ALPHA["weights"]),
            )
        ),
        estimator.alpha_centers,
        estimator.penalty,
    )


def _iterations(estimator, rows, loss, start, validate, rng):
    """Make the states of the solver asked for."""
    if estimator.solver == "varpro":
        packing = Packing(start, learn_centers=estimator.learn_centers)
        return lbfgs_iterations(
            make_objective(estimator, rows, loss), packing, validate
        )
    penalty = _penalty(estimator)
    squared = penalty._replace(kind="squared")
    fit = ReducedLoss(rows, loss, squared).fit(start.L, start.C)
    start = start._replace(coef=fit.coef, intercept=fit.intercept)
    if estimator.solver == "lbfgs":
        packing = Packing(start, learn_centers=estimator.learn_centers, joint=True)
        return joint_iterations(rows, loss, penalty, packing, validate)
    packing = Packing(
        start, learn_centers=estimator.learn_centers, joint=True, units=(1, 1, 1)
    )
    return adam_iterations(
        rows,
        loss,
        penalty,
        packing,
        validate,
        batch_size=estimator.batch_size,
        learning_rate=estimator.learning_rate,
        rng=rng,
    )
