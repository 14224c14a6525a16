"""One step of the normal equations, with the ways to treat what is hardly seen."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..linalg._schur_blocks import (
    analyze_schur_blocks,
    factor_of_hessian,
    factor_of_rows,
    preconditioner,
)
from ._motion import rotation_log

GROUPS = (np.arange(3), np.arange(3, 6))
"""Columns of rotation and of translation."""


class Step(NamedTuple):
    """A step and how it was found."""

    step: Any
    pcg_iterations: int
    pcg_residual: float
    fallback: bool


class Analysis(NamedTuple):
    """What the Hessian says of the two blocks."""

    blocks: list
    singular: bool

    @property
    def weak(self):
        """(6,) booleans."""
        return np.concatenate([block.weak for block in self.blocks])


def analyze(hessian, sigma, rules, rows=None):
    """Analyse rotation and translation.

    `rows` of J, where given, are used in place of `hessian`.
    """
    R = factor_of_hessian(hessian) if rows is None else factor_of_rows(rows)
    return Analysis(*analyze_schur_blocks(R, GROUPS, sigma=sigma, **rules))


def solve(hessian, gradient, analysis, *, tol, max_iter, treatment, prior=None):
    """Return the step.

    Parameters
    ----------
    hessian : (6, 6) array
    gradient : (6,) array
        Right-hand side.
    analysis : Analysis
    tol : float
    max_iter : int
        Of the conjugate gradients.
    treatment : str
        As `weak_directions` of the estimator.
    prior : tuple of (6, 6) array and (6,) array, optional
        Precision times σ², and the step to the anchor.

    Returns
    -------
    Step
    """
    if treatment == "freeze":
        strong = directions(analysis, weak=False)
        return Step(direct(hessian, gradient, strong), 0, 0.0, analysis.singular)
    if treatment == "damp":
        raised = sum(
            (
                np.outer(w, w) * gap
                for w, gap in zip(
                    directions(analysis, weak=True).T, _gaps(analysis), strict=True
                )
            ),
            np.zeros((6, 6)),
        )
        return Step(direct(hessian + raised, gradient), 0, 0.0, analysis.singular)
    if treatment == "prior":
        precision, anchor = prior
        step = direct(hessian + precision, gradient + precision @ anchor)
        return Step(step, 0, 0.0, False)
    from .._numba.pcg import conjugate_gradient

    P = preconditioner(analysis.blocks)
    early = treatment == "early_stop"
    step, n_iter, residual, finite = conjugate_gradient(
        hessian, gradient, P, tol, max_iter if early else max(max_iter, 6)
    )
    if early and finite:
        return Step(step, n_iter, residual, False)
    if analysis.singular or not finite or residual > tol:
        return Step(direct(hessian, gradient), n_iter, residual, True)
    return Step(step, n_iter, residual, False)


def direct(hessian, gradient, span=None):
    """Solve by an eigendecomposition; the shortest step if singular.

    Rotation and translation are brought to one size, each as a whole: the shortest step
    then turns with the axes, and does not slide along a plane.

    Parameters
    ----------
    hessian : (6, 6) array
    gradient : (6,) or (6, m) array
    span : (6, k) array, optional
        Columns to step along; each of rotation or of translation alone.
    """
    traces = np.array([np.trace(hessian[:3, :3]), np.trace(hessian[3:, 3:])])
    scale = np.repeat(np.sqrt(np.where(traces > 0, traces, 1.0)), 3)
    W = (np.eye(6) if span is None else span) / scale[:, None]
    values, vectors = np.linalg.eigh(W.T @ hessian @ W)
    inverse = np.zeros_like(values)
    seen = values > 1e-13 * max(values.max(initial=0.0), 1e-300)
    inverse[seen] = 1 / values[seen]
    return W @ ((vectors * inverse) @ (vectors.T @ (W.T @ gradient)))


def prior_of(pose, start, std_rot, std_trans, variance):
    """Precision (times σ²) of the prior and the step from the pose to its anchor."""
    precision = np.repeat([1 / std_rot**2, 1 / std_trans**2], 3) * variance
    R = pose[:, :3]
    anchor = np.concatenate(
        [rotation_log(R.T @ start[:, :3]), R.T @ (start[:, 3] - pose[:, 3])]
    )
    return np.diag(precision), anchor


def directions(analysis, *, weak):
    """Weak or strong directions as columns of length 6."""
    columns = [np.empty((6, 0))]
    for block in analysis.blocks:
        own = np.zeros((6, 3))
        own[block.indices] = block.basis
        columns.append(own[:, block.weak == weak])
    return np.concatenate(columns, axis=1)


def _gaps(analysis):
    """How far each weak eigenvalue is lifted by clamping."""
    return np.concatenate(
        [(b.clamped - b.eigenvalues)[b.weak] for b in analysis.blocks]
    )
