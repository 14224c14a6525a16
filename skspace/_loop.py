"""The fit loop: stopping, progress, callbacks and the convergence warning.

An iterative method is a generator of named states (``NamedTuple`` with a field
``change``, usually ``objective`` and sometimes ``residual`` and ``rank``). It
knows nothing of clocks or terminals. This file does, once for all methods.
"""

from __future__ import annotations

import warnings
from itertools import islice
from numbers import Real
from typing import Any, NamedTuple

from sklearn.exceptions import ConvergenceWarning

__all__ = ["Outcome", "close_task", "log", "open_task", "run"]


class Outcome(NamedTuple):
    """Where a run ended and why."""

    state: Any
    n_iter: int
    converged: bool


def open_task(estimator, *, n_runs, X=None):
    """Open the callback task of a fit that consists of several runs.

    Returns a context to be given to each :func:`run` and closed by
    :func:`close_task`.
    """
    return _begin(estimator, X=X, max_subtasks=n_runs)


def close_task(task, estimator, *, X=None):
    """Close what :func:`open_task` opened; None, for a fit of one run, is nothing."""
    if task is not None:
        task.call_on_fit_task_end(estimator=estimator, X=X)


def run(
    estimator,
    states,
    *,
    X=None,
    max_iter=None,
    tol=None,
    converged=None,
    remedy="increase max_iter or standardise X",
    attributes=None,
    task=None,
    name="",
    warn=True,
):
    """Drive a generator of states until it converges, ends or runs out.

    Parameters
    ----------
    estimator : estimator
        Its ``max_iter``, ``tol`` and ``verbose`` rule unless given here.
    states : iterator of NamedTuple
        One state an iteration, with a field ``change`` (compared with `tol`).
    X : array, optional
        Training data, handed to callbacks.
    max_iter, tol : optional
        Override the parameters of the estimator.
    converged : callable, optional
        ``converged(history) -> bool`` in place of ``change <= tol``. `history`
        is the list of the scalar fields of every state so far.
    remedy : str
        What the convergence warning advises.
    attributes : callable, optional
        ``attributes(state) -> dict`` of fitted attributes as if the fit stopped
        here; called only when a callback asks for a fitted estimator.
    task : callback context, optional
        The task of a fit with several runs; without it this run is the fit.
    name : str
        Printed before each iteration under ``verbose``.
    warn : bool, default=True
        Whether to warn when the run does not converge.

    Returns
    -------
    Outcome
        The last state, the number of iterations, and whether it converged.

    Notes
    -----
    The caller sets ``n_iter_`` from the outcome, since a fit with several runs
    keeps that of the best. A callback that returns True stops the run; this
    counts as converged, since somebody decided so.
    """
    max_iter = estimator.max_iter if max_iter is None else max_iter
    tol = estimator.tol if tol is None else tol
    verbose = getattr(estimator, "verbose", 0)
    root = task is None
    if root:
        context = _begin(estimator, X=X, max_subtasks=max_iter)
    else:
        context = task.subcontext(task_name=name or "run", max_subtasks=max_iter)
        context.call_on_fit_task_begin(estimator=estimator, X=X)

    history, state, done = [], None, False
    try:
        for state in islice(states, max_iter):
            history.append(scalars(state))
            if verbose:
                print(_line(estimator, name, len(history), history[-1]))  # noqa: T201
            stopped = _report(context, estimator, X, state, attributes)
            done = stopped or (
                converged(history) if converged is not None else state.change <= tol
            )
            if done:
                break
        else:
            done = len(history) < max_iter  # the generator came to its own end
    finally:
        if hasattr(states, "close"):
            states.close()
    context.call_on_fit_task_end(estimator=estimator, X=X)
    if not done and warn:
        warn_not_converged(estimator, max_iter, history[-1].get("change"), tol, remedy)
    return Outcome(state, len(history), done)


def log(estimator, what, seconds):
    """Print one step of a fit that has no iterations, under ``verbose``."""
    if estimator.verbose:
        name = type(estimator).__name__
        print(f"[{name}] {what}: {seconds:.2f} s")  # noqa: T201


def warn_not_converged(estimator, max_iter, change, tol, remedy):
    """Say that a fit stopped early, by how much, and what helps."""
    reached = "" if change is None else f" with change {change:.2g} > tol={tol:g}"
    warnings.warn(
        f"{type(estimator).__name__} stopped at max_iter={max_iter}{reached}; "
        f"{remedy}.",
        ConvergenceWarning,
        stacklevel=3,
    )


def scalars(state):
    """Return the fields of a state that are single numbers, as Python numbers."""
    return {
        field: value if isinstance(value, int) else float(value)
        for field, value in state._asdict().items()
        if isinstance(value, Real)
    }


def _begin(estimator, *, X, max_subtasks):
    if not hasattr(estimator, "_init_callback_context"):
        return _SILENT
    context = estimator._init_callback_context(max_subtasks=max_subtasks)
    context.call_on_fit_task_begin(estimator=estimator, X=X)
    return context


class _Silent:
    """Stands in for callbacks before scikit-learn 1.9."""

    def subcontext(self, **_):
        return self

    def call_on_fit_task_begin(self, **_):
        return self

    def call_on_fit_task_end(self, **_):
        return False


_SILENT = _Silent()


def _report(context, estimator, X, state, attributes):
    step = context.subcontext(task_name="iteration")
    step.state = state  # read by skspace.callback.ObjectiveMonitor
    try:
        step.call_on_fit_task_begin(estimator=estimator, X=X)
        return step.call_on_fit_task_end(
            estimator=estimator,
            X=X,
            reconstruction_attributes=(
                None if attributes is None else lambda: attributes(state)
            ),
        )
    finally:
        step.state = None  # the context outlives the iteration; its arrays must not


def _line(estimator, name, n_iter, numbers):
    values = ", ".join(f"{field} {value:.6g}" for field, value in numbers.items())
    where = f" {name}" if name else ""
    return f"[{type(estimator).__name__}]{where} iteration {n_iter}: {values}"
