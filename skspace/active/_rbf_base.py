"""What the Gaussian-RBF regressor and classifier share: fitting, and the subspace."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .._array import array_namespace, asarray_like, to_numpy
from .._estimator import Estimator
from .._loop import close_task, open_task, run
from .._rank import constraints
from .._sklearn import Interval, StrOptions
from .._validation import (
    check_overflow,
    refuses_overflow,
    validate_scores,
    validate_X,
)
from ..linalg._rbf import gaussian, input_gradients, row_blocks
from ._evidence import Evidence, Rows
from ._iterations import (
    Model,
    Packing,
    adam_iterations,
    has_settled,
    joint_iterations,
    lbfgs_iterations,
    take_rows,
)
from ._penalised import Penalty, ReducedLoss
from ._preparation import (
    Scales,
    column_scales,
    distinct_rows,
    group_rows,
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


class GaussianRBF(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, Estimator, metaclass=ABCMeta
):
    """A network of Gaussian basis functions that share a learned precision matrix.

    A concrete class says what it predicts (`_encode`, `_decode`) and with which loss.
    """

    _parameter_constraints: dict = {
        "n_centers": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "centers": [StrOptions({"kmeans", "random"}), "array-like"],
        "learn_centers": ["boolean"],
        "rank": [Interval(Integral, 1, None, closed="left"), None],
        "alpha_precision": [
            Interval(Real, 0, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "alpha_weights": [
            Interval(Real, 0, None, closed="neither"),
            StrOptions({"auto"}),
        ],
        "alpha_centers": [Interval(Real, 0, None, closed="left")],
        "penalty": [StrOptions({"squared", "norm"})],
        "solver": [StrOptions({"varpro", "lbfgs", "adam"})],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "n_restarts": [Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "n_components": constraints("gap"),
        "importance": [StrOptions({"eigen", "diagonal", "gradient"})],
        "standardize": ["boolean"],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    @abstractmethod
    def _loss(self, n_outputs):
        """Loss of so many outputs."""

    def _fit(self, X, Y, weights):
        """Fit encoded responses Y (host, float64, two-dimensional)."""
        check_settings(self)
        rng = check_random_state(self.random_state)
        before = vars(self).pop("_warm", None)
        grouped = group_rows(to_numpy(X).astype(np.float64), Y, weights)
        frame = Frame(
            column_scales(grouped.X, grouped.weights, standardize=self.standardize),
            self._output_scales(grouped),
        )
        check_sizes(grouped.X, frame.inputs, standardize=self.standardize)
        float64 = array_namespace(X).float64
        rows = Rows(
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
        loss = self._loss(Y.shape[1])
        rows, held_out = self._split(rows, rng)

        task = open_task(self, n_runs=self.n_restarts, X=X)
        runs = [
            self._run(rows, held_out, loss, start, task, X, frame, rng)
            for start in self._starts(rows, frame, before, rng)
        ]
        close_task(task, self, X=X)
        best = min(runs, key=lambda each: each.criterion)
        self.n_iter_, self.converged_ = best.outcome.n_iter, best.outcome.converged
        self.loss_curve_ = best.curve
        self.objective_ = best.objective
        if self.warm_start:
            self._warm = best.model, frame.inputs
        vars(self).update(describe(self, best.model, rows, frame))
        self._n_features_out = self.n_components_
        return best.model, rows, frame

    def _output_scales(self, grouped):
        """Scales in which the loss takes the responses."""
        n_outputs = grouped.Y.shape[1]
        return Scales(np.zeros(n_outputs), np.ones(n_outputs), None)

    def _split(self, rows, rng):
        """Rows to fit, and rows held out for early stopping or None."""
        if not self.early_stopping:
            return rows, None
        n_rows = rows.X.shape[0]
        n_held = max(1, round(self.validation_fraction * n_rows))
        if n_rows - n_held < 2:
            raise ValueError(
                f"early_stopping holds out {n_held} of {n_rows} different rows, which "
                "leaves too few; pass more samples or early_stopping=False."
            )
        order = rng.permutation(n_rows)
        needed = self._needed(to_numpy(rows.Y)[order])
        if len(needed) > n_rows - n_held:
            raise ValueError(
                f"early_stopping holds out {n_held} of {n_rows} different rows, which "
                f"leaves none of some of the {len(needed)} classes; lower "
                "validation_fraction or pass early_stopping=False."
            )
        order = np.concatenate([np.delete(order, needed), order[needed]])
        return (
            take_rows(rows, asarray_like(np.sort(order[n_held:]), rows.X)),
            take_rows(rows, asarray_like(np.sort(order[:n_held]), rows.X)),
        )

    def _needed(self, Y):
        """Numbers of rows that a fit cannot do without."""
        return np.zeros(0, dtype=np.int64)

    def _starts(self, rows, frame, before, rng):
        """Yield the models to start from."""
        X, Y, weights = (to_numpy(part) for part in rows[:3])
        varies = ~frame.inputs.constant
        n_varying = int(np.sum(varies))
        rank = X.shape[1] if self.rank is None else min(self.rank, X.shape[1])
        C = self._first_centers(X, weights, frame.inputs, rng)
        L = np.zeros((X.shape[1], rank))
        if n_varying:
            L[varies] = start_of_precision(X[:, varies], Y, weights, rank)
        log_ratio = 0.0
        if self.warm_start and before is not None:
            model, scales = before
            if model.L.shape == L.shape:
                L = to_numpy(model.L) * (frame.inputs.scale / scales.scale)[:, None]
                L = np.where(varies[:, None], L, 0.0)
                if self.n_centers == "auto" or len(model.C) == len(C):
                    C = to_numpy(model.C) * scales.scale + scales.mean
                    C = standardise(C, frame.inputs)
                log_ratio = model.log_ratio
        for i in range(self.n_restarts):
            start = L
            if i:
                noise = rng.standard_normal(L.shape) * varies[:, None]
                start = L + PERTURBATION * noise / max(1.0, np.linalg.norm(noise))
            yield Model(asarray_like(start, rows.X), asarray_like(C, rows.X), log_ratio)

    def _first_centers(self, X, weights, scales, rng):
        if isinstance(self.centers, str):
            X, weights = distinct_rows(X, weights)
            n_centers = number_of_centers(self.n_centers, len(X))
            return place_centers(X, weights, n_centers, self.centers, rng)
        centers = np.asarray(self.centers, dtype=np.float64)
        if centers.ndim != 2 or centers.shape[1] != X.shape[1] or not len(centers):
            raise ValueError(
                f"centers must have the shape (n_centers, {X.shape[1]}) of rows of X, "
                f"got {centers.shape}."
            )
        if not np.all(np.isfinite(centers)):
            raise ValueError("centers contains NaN or infinity; pass finite rows.")
        check_sizes(centers, scales, name="centers", standardize=self.standardize)
        return standardise(centers, scales)

    def _run(self, rows, held_out, loss, start, task, X, frame, rng):
        """Iterate from one start."""
        validate = None
        if held_out is not None:

            def validate(model):
                F = gaussian(held_out.X @ model.L, model.C @ model.L) @ model.coef
                value = loss.value(F + model.intercept, held_out.Y, held_out.weights)
                return float(value) / held_out.total

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
            self,
            watched(self._iterations(rows, loss, start, validate, rng)),
            X=X,
            task=task,
            name="fit",
            converged=has_settled(
                self.tol, self.n_iter_no_change if self.early_stopping else None
            ),
            attributes=lambda state: describe(self, state.model(), rows, frame),
            remedy="increase max_iter or tol, or set early_stopping=True",
        )
        if best is None:  # no step decreases the objective: the start is a minimum
            objective = self._objective(rows, loss)
            value = objective.value(start.L, start.C, start.log_ratio).objective
            fit = objective.fit(start.L, start.C, start.log_ratio)
            model = start._replace(coef=fit.coef, intercept=fit.intercept)
            score = value if validate is None else validate(model)
            return Run(score, model, outcome, curve, value)
        return Run(best[0], best[1](), outcome, curve, best[2])

    def _uses_evidence(self):
        return self.alpha_weights == "auto" and self.solver == "varpro"

    def _objective(self, rows, loss):
        """Make the function that variable projection minimises."""
        alpha = self.alpha_precision
        if self._uses_evidence():
            if alpha == "auto":
                xp = array_namespace(rows.X)
                varies = xp.any(rows.X[:1, :] != rows.X, axis=0)
                alpha = int(xp.sum(xp.astype(varies, xp.int64))) / rows.total
            return Evidence(rows, loss, alpha)
        return ReducedLoss(rows, loss, self._penalty())

    def _penalty(self):
        return Penalty(
            *(
                default if value == "auto" else value
                for value, default in (
                    (self.alpha_precision, ALPHA["precision"]),
                    (self.alpha_weights, ALPHA["weights"]),
                )
            ),
            self.alpha_centers,
            self.penalty,
        )

    def _iterations(self, rows, loss, start, validate, rng):
        if self.solver == "varpro":
            packing = Packing(start, learn_centers=self.learn_centers)
            return lbfgs_iterations(self._objective(rows, loss), packing, validate)
        penalty = self._penalty()
        squared = penalty._replace(kind="squared")
        fit = ReducedLoss(rows, loss, squared).fit(start.L, start.C)
        start = start._replace(coef=fit.coef, intercept=fit.intercept)
        if self.solver == "lbfgs":
            packing = Packing(start, learn_centers=self.learn_centers, joint=True)
            return joint_iterations(rows, loss, penalty, packing, validate)
        packing = Packing(
            start, learn_centers=self.learn_centers, joint=True, units=(1, 1, 1)
        )
        return adam_iterations(
            rows,
            loss,
            penalty,
            packing,
            validate,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            rng=rng,
        )

    def _outputs(self, X, method):
        """Evaluate the network at rows as users pass them, in float64."""
        check_is_fitted(self, "centers_")
        X, xp = validate_X(self, X, reset=False, fitted=self.centers_, method=method)
        U = self._standardised(self.centers_) @ self.cholesky_
        parts = []
        with np.errstate(over="ignore", invalid="ignore"):
            for block in row_blocks(X.shape[0], U.shape[0], X):
                rows = self._standardised(xp.astype(X[block, :], xp.float64))
                Phi = gaussian(rows @ self.cholesky_, U)
                parts.append(Phi @ self.dual_coef_ + self.intercept_)
        return check_overflow(xp.concat(parts, axis=0), self, method), X

    def _standardised(self, X):
        return X / self.scale_ - self.mean_ / self.scale_

    @refuses_overflow
    def input_gradients(self, X):
        """Differentiate the outputs by the features.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Where, in the array library of the training data.

        Returns
        -------
        gradients : array of shape (n_samples, n_outputs, n_features)
            In units of the outputs (logits, for classes) per unit of X.
        """
        check_is_fitted(self, "centers_")
        X, xp = validate_X(
            self, X, reset=False, fitted=self.centers_, method="input_gradients"
        )
        U = self._standardised(self.centers_) @ self.cholesky_
        parts = []
        for block in row_blocks(X.shape[0], U.shape[0], X):
            Z = self._standardised(xp.astype(X[block, :], xp.float64)) @ self.cholesky_
            each = input_gradients(Z, U, self.cholesky_, self.dual_coef_)
            parts.append(xp.stack([g / self.scale_ for g in each], axis=1))
        return xp.astype(xp.concat(parts, axis=0), X.dtype)

    @refuses_overflow
    def transform(self, X):
        """Project rows on the active subspace.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, in the array library of the training data.

        Returns
        -------
        X_new : array of shape (n_samples, n_components)
            ``(X - mean_) @ components_.T``.
        """
        check_is_fitted(self, "components_")
        X, xp = validate_X(
            self, X, reset=False, fitted=self.components_, method="transform"
        )
        scores = (xp.astype(X, xp.float64) - self.mean_) @ self.components_.T
        return xp.astype(scores, X.dtype)

    @refuses_overflow
    def inverse_transform(self, X):
        """Rows with given scores, and nothing in the directions left out.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components)
            Scores, as `transform` gives them.

        Returns
        -------
        X_original : array of shape (n_samples, n_features)
            Scores of the result are `X` again.
        """
        X = validate_scores(self, X)
        xp = array_namespace(X)
        rows = xp.astype(X, xp.float64) @ (self.components_ * self.scale_)
        return xp.astype(rows * self.scale_ + self.mean_, X.dtype)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.array_api_support = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
