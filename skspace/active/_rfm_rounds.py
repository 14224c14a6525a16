"""Rounds of a recursive feature machine: kernel regression, then a metric from it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from ..linalg._metric_kernels import (
    average_outer,
    function_values,
    kernel_values,
    mean_distance,
    metric_root,
    squared_distances,
)

ALPHAS = (1e-3, 1e-2, 1e-1, 1.0)
"""Ridges that "auto" tries."""
BANDWIDTHS = {"laplace": (1.0, 2.0, 4.0), "gaussian": (0.5, 1.0, 2.0)}
"""Bandwidths that "auto" tries, in mean distances."""


class KernelRows(NamedTuple):
    """Distinct rows: features and outputs of unit variance, and weights."""

    X: Any
    Y: Any
    weights: Any

    def take(self, index):
        """Return some rows."""
        return KernelRows(self.X[index], self.Y[index], self.weights[index])


class Machine(NamedTuple):
    """A kernel function and its metric."""

    matrix: Any
    """(p, p) metric, largest diagonal entry one."""
    root: Any
    centers: Any
    """(m, p) training rows, mapped by the root."""
    coef: Any
    """(m, q)."""
    intercept: Any
    scale: float
    kernel: str

    def values(self, X):
        """Values (n, q)."""
        Z = X @ self.root
        U, coef = self.centers, self.coef
        return self.intercept + function_values(Z, U, coef, self.scale, self.kernel)


class Choice(NamedTuple):
    """What the validation rows chose.

    Attributes
    ----------
    errors : ndarray of shape (n_rounds + 1,)
        Least mean squared error of validation rows after each round.
    bandwidth : float
        In mean distances.
    alphas : list of float
        Ridge of each round.
    best_round : int
    values : ndarray of shape (n_validation, n_outputs)
        Predictions of the validation rows by the machine chosen.
    """

    errors: Any
    bandwidth: float
    alphas: list
    best_round: int
    values: Any


def learn(rows, matrix, bandwidth, alphas, kernel):
    """Solve the kernel ridge regression in a metric for each of some ridges.

    Minimises ``Σ w (y - c - f(x))² + alpha ||f||²``, c the mean of y.
    """
    root = metric_root(matrix)
    Z = rows.X @ root
    squares = squared_distances(Z, Z)
    scale = bandwidth * mean_distance(squares, rows.weights)
    K = kernel_values(squares, scale, kernel)
    intercept = rows.weights @ rows.Y / np.sum(rows.weights)
    for alpha in alphas:
        A = K.copy()
        A.flat[:: len(A) + 1] += alpha / rows.weights
        coef = cho_solve(
            cho_factor(A, lower=True, overwrite_a=True, check_finite=False),
            rows.Y - intercept,
            check_finite=False,
        )
        yield Machine(matrix, root, Z, coef, intercept, scale, kernel)


def next_metric(machine, weights):
    """Average gradient outer product, its largest diagonal entry one, or None."""
    U = machine.centers
    M = average_outer(
        U, U, weights, machine.coef, machine.scale, machine.kernel, machine.root
    )
    largest = np.max(np.diagonal(M))
    return M / largest if largest > 0 else None


def _values_of_all(machines, X):
    """Values (r, n, q) of machines that differ by their coefficients only."""
    coef = np.concatenate([machine.coef for machine in machines], axis=1)
    values = machines[0]._replace(coef=coef, intercept=0.0).values(X)
    values = values.reshape(len(X), len(machines), -1).transpose(1, 0, 2)
    return values + machines[0].intercept


def choose(train, held_out, n_rounds, bandwidths, alphas, kernel):
    """Choose bandwidth, ridges and the number of rounds by held-out rows."""
    best = None
    for bandwidth in bandwidths:
        M, errors, path = np.eye(train.X.shape[1]), [], []
        chosen = None
        for i in range(n_rounds + 1):
            machines = list(learn(train, M, bandwidth, alphas, kernel))
            tried = _values_of_all(machines, held_out.X)
            left = np.sum((tried - held_out.Y) ** 2, axis=2)
            mean = left @ held_out.weights / np.sum(held_out.weights)
            k = int(np.argmin(mean))
            error, alpha, machine, values = mean[k], alphas[k], machines[k], tried[k]
            errors.append(error)
            path.append(alpha)
            if chosen is None or error < chosen[0]:
                chosen = (error, i, values)
            M = next_metric(machine, train.weights)
            if M is None:
                break
        if best is None or chosen[0] < best[0]:
            choice = Choice(np.array(errors), bandwidth, path, *chosen[1:])
            best = (chosen[0], choice)
    return best[1]


def replay(rows, choice, kernel):
    """Run the rounds chosen on all rows."""
    M = np.eye(rows.X.shape[1])
    for alpha in choice.alphas[: choice.best_round + 1]:
        (machine,) = learn(rows, M, choice.bandwidth, [alpha], kernel)
        M = next_metric(machine, rows.weights)
        if M is None:
            break
    return machine
