"""A toy method that halves its change, and a callback that watches it."""

from typing import NamedTuple

import numpy as np
import pytest

from skspace._estimator import Estimator
from skspace._loop import close_task, open_task, run
from skspace._sklearn import HAS_CALLBACKS, fit_context

needs_callbacks = pytest.mark.skipif(
    not HAS_CALLBACKS, reason="callbacks came with scikit-learn 1.9"
)


class State(NamedTuple):
    point: np.ndarray
    objective: float
    change: float


class Halving(Estimator):
    """Walks from 1 towards 0 by halves; what happens on the way is written down."""

    _parameter_constraints: dict = {}

    def __init__(self, max_iter=100, tol=1e-3, verbose=0, n_steps=None, n_runs=None):
        self.max_iter = max_iter
        self.tol = tol
        self.verbose = verbose
        self.n_steps = n_steps
        self.n_runs = n_runs

    def iterations(self):
        x = 1.0
        try:
            while self.n_steps is None or x > 0.5**self.n_steps:
                self.n_computed_ += 1
                x /= 2
                yield State(np.full(3, x), x * x, x)
        finally:
            self.n_closed_ += 1

    @fit_context
    def fit(self, X=None, y=None, **options):
        self.n_computed_ = self.n_closed_ = 0
        if self.n_runs is None:
            self.outcome_ = run(self, self.iterations(), X=X, **options)
        else:
            task = open_task(self, n_runs=self.n_runs, X=X)
            for i in range(self.n_runs):
                self.outcome_ = run(
                    self, self.iterations(), task=task, name=f"run {i}", **options
                )
            close_task(task, self, X=X)
        self.n_iter_ = self.outcome_.n_iter
        return self


class Listener:
    """Sees every iteration; returns or raises what it is told at one of them."""

    def __init__(self, at=None, answer=None, error=None):
        self.at, self.answer, self.error = at, answer, error
        self.seen, self.events, self.fitted = [], [], []

    def setup(self, estimator, context):
        self.events.append("setup")

    def teardown(self, estimator, context):
        self.events.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.events.append(f"begin {context.task_name}")

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        self.events.append(f"end {context.task_name}")
        if context.task_name != "iteration":
            return None
        self.seen.append(context.state.objective)
        self.fitted.append(fitted_estimator)
        if len(self.seen) == self.at:
            if self.error is not None:
                raise self.error
            return self.answer
        return None
