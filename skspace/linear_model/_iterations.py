"""Preconditioned iterations over the rows of a regression, and their refinement."""

from __future__ import annotations

from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse.linalg import LinearOperator
from sklearn.utils import check_random_state

from .._loop import close_task, open_task, run
from ..linalg._conditioning import power_of_two
from ..linalg._design import Design
from ..linalg._lsqr import conjugate_gradients, lsmr, lsqr
from ._choice import build_preconditioner
from ._conditioning import MOST_CONDITION
from ._groups import resolve_groups
from ._rows import ScaledRows, column_scale, response_scale, stack_with_ridge

INNER_TOL = 1e-10
"""Of conjugate gradients inside a pass of refinement."""
SOLVERS = {"lsqr": lsqr, "lsmr": lsmr, "cg": conjugate_gradients}


class Iterated(NamedTuple):
    """A solution by iterations, and what was learnt on the way."""

    coefs: Any
    """(columns, k) in the units of the data."""
    rows: Any
    """Rows without their table: scales alone."""
    built: Any
    """The preconditioner."""
    refined: Any
    """Refined, or None."""
    condition: float
    """Of the preconditioned problem; estimated from below where it is not known."""
    residual: Any
    """(k,) lengths."""
    n_iter: int
    converged: bool


def iterate(model, data, kind, *, refine, names):
    """Solve by the solver that `model`, a PreconditionedRegression, names.

    Parameters
    ----------
    model : PreconditionedRegression
    data : Data
    kind : str
        Preconditioner.
    refine : bool
    names : list of str
        Of the columns, the constant last.

    Returns
    -------
    Iterated
    """
    rng = check_random_state(model.random_state)
    data, alpha = _of_moderate_weights(data, model.alpha)
    rows = ScaledRows(None, None, data.weights, _scale(model, data, kind, alpha), None)
    rows = rows._replace(response_scale=response_scale(data.Y))
    if np.min(rows.scale) < 1e-300:
        raise ValueError(
            f"A feature is of the size {np.min(rows.scale):.0g}, too near zero for "
            "an iteration; multiply it by a constant, or use preconditioner='qr'."
        )
    design = Design(
        data.X,
        intercept=model.fit_intercept,
        weights=data.weights,
        alpha=alpha,
        scale=rows.scale,
    )
    groups = None
    if kind in {"schur", "block"}:
        groups = resolve_groups(model.groups, model.n_features_in_, names[:-1])
    Y = data.Y / rows.response_scale
    b = design.right_hand_side(Y)
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        built = build_preconditioner(kind, design, b, groups, rng, names)
        # from a sketch, half of the digits and the other half
        tols = [model.tol] if built.start is None else [model.tol**0.5, model.tol]
        task = open_task(model, n_runs=len(tols) + refine * b.shape[1], X=data.X)
        x, n_iter = built.start, 0
        for tol in tols:
            if x is not None:
                b = design.right_hand_side(Y)
                b -= design.product(x)
            right_side = design.adjoint(b) if model.solver == "cg" else b
            outcome = run(
                model,
                SOLVERS[model.solver](design, built.right, right_side),
                X=data.X,
                tol=tol,
                task=task,
                name=model.solver,
                remedy="increase max_iter, or choose a better preconditioner",
            )
            step = outcome.state.solution
            x = step if x is None else x + step
            n_iter += outcome.n_iter
        high, low = outcome.state.spectrum()
    condition = high / low if low > 0 else np.inf
    if built.condition is not None:
        condition = built.condition
    coefs, refined = rows.to_data(x), None
    converged = outcome.converged
    if refine:
        refined = _refined(model, data, alpha, design, built, coefs, task)
        coefs = refined.coefs
        converged = refined.converged and condition <= MOST_CONDITION
    close_task(task, model, X=data.X)
    residual = outcome.state.residual
    return Iterated(coefs, rows, built, refined, condition, residual, n_iter, converged)


def _refined(model, data, alpha, design, built, coefs, task):
    """Refine with conjugate gradients in preconditioned coordinates inside."""
    rows = stack_with_ridge(data, alpha, fit_intercept=model.fit_intercept)
    unit = 1.0 if rows.weights is None else rows.weights[0]
    if data.weights is not None:
        unit /= data.weights[0]
    scale = rows.scale / design.scale  # of columns here over columns there

    def solve(c):
        """``(AᵀWA)⁻¹ c`` for columns over `rows.scale` and weights over a unit."""
        g = (c * scale)[:, None]
        states = conjugate_gradients(design, built.right, g)
        for state in islice(states, model.max_iter):
            if state.change <= INNER_TOL:
                break
        return state.solution[:, 0] * scale / unit

    start = rows.from_data(coefs)
    return model._refine(rows, None, task, solve=solve, start=start, X=data.X)


def _of_moderate_weights(data, alpha):
    """Divide weights, and the ridge, by a power of four: all roots stay exact."""
    if data.weights is None:
        return data, alpha
    unit = power_of_two(np.sqrt(np.max(data.weights))) ** 2
    return data._replace(weights=data.weights / unit), alpha / float(unit)


def _scale(model, data, kind, alpha):
    """Powers of two that columns are divided by.

    One for all where the ridge must stay the same for all columns, and 1 where entries
    are unknown.
    """
    if isinstance(data.X, LinearOperator):
        return np.ones(model.n_features_in_ + model.fit_intercept)
    scale = column_scale(data.X, model.fit_intercept)
    if kind in {"none", "nystrom"}:
        ridge = power_of_two(np.sqrt(alpha)) if alpha else 0.0
        return np.full(len(scale), max(np.max(scale), ridge))
    return scale
