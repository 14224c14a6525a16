"""What recursive feature machines share: kernel machines that learn their metric."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .._rank import Spectrum, choose_rank, constraints
from .._sklearn import Interval, StrOptions
from .._validation import check_memory, check_overflow, refuses_overflow, validate_X
from ..linalg._gradient_moments import MeanOuter
from ..linalg._metric_kernels import average_outer, function_gradients
from ._estimates import distinct_rows, means_and_deviations
from ._rfm_rounds import ALPHAS, BANDWIDTHS, Choice, KernelRows, choose, replay
from ._subspace_base import SubspaceTransformer, axes_and_rank

LARGEST = 1e150
"""Largest number that can be squared, and one by the least."""


class RecursiveFeatureMachine(SubspaceTransformer):
    """What regressor and classifier share; they say what the outputs are."""

    _parameter_constraints: dict = {
        "n_rounds": [Interval(Integral, 0, None, closed="left")],
        "kernel": [StrOptions({"laplace", "gaussian"})],
        "bandwidth": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
        "alpha": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
        "n_components": constraints("gap"),
        "standardize": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "max_samples": [Interval(Integral, 2, None, closed="left"), None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_rounds=5,
        *,
        kernel="laplace",
        bandwidth="auto",
        alpha="auto",
        n_components=None,
        standardize=True,
        validation_fraction=0.2,
        max_samples=None,
        random_state=None,
    ):
        self.n_rounds = n_rounds
        self.kernel = kernel
        self.bandwidth = bandwidth
        self.alpha = alpha
        self.n_components = n_components
        self.standardize = standardize
        self.validation_fraction = validation_fraction
        self.max_samples = max_samples
        self.random_state = random_state

    def _fit(self, X, Y, weights, unit):
        """Fit outputs Y (n, q), each divided by its `unit` while M is found.

        Returns the validation rows' outputs and weights, and what was chosen.
        """
        rng = check_random_state(self.random_state)
        weights = np.ones(len(X)) if weights is None else weights
        dtype, X = X.dtype, X.astype(np.float64)
        distinct = distinct_rows(X, Y / unit, weights)
        rows = KernelRows(X[distinct.index], distinct.Y, distinct.weights)
        n = len(rows.X)
        if self.max_samples is not None and n > self.max_samples:
            rows = rows.take(np.sort(rng.choice(n, self.max_samples, replace=False)))
            n = self.max_samples
        check_memory(
            8 * n**2,
            what=f"A kernel matrix of {n} rows",
            remedy="set max_samples to fit a sample of the rows",
        )
        mean, scale = means_and_deviations(rows.X, rows.weights)
        if not self.standardize:
            scale = np.where(scale > 0, 1.0, 0.0)
        divisor = np.where(scale > 0, scale, 1.0)
        rows = rows._replace(X=np.where(scale > 0, (rows.X - mean) / divisor, 0.0))
        away = np.max(np.abs(rows.X))
        if away > LARGEST or 0 < away < 1 / LARGEST:
            raise ValueError(
                f"Rows lie up to {away:.0e} from their mean, whose square overflows or "
                "vanishes; set standardize=True, or multiply X by a constant."
            )
        choice, left = self._choose(rows, rng)
        machine = replay(rows, choice, self.kernel)
        self._keep(dtype, machine, rows, MeanOuter(None, mean, scale), unit)
        self.best_round_ = choice.best_round
        self.validation_errors_ = choice.errors
        self.alpha_ = choice.alphas[choice.best_round]
        self.bandwidth_ = choice.bandwidth
        return left, choice

    def _choose(self, rows, rng):
        """Split rows and choose; one row alone has nothing to choose by."""
        auto = self.bandwidth == "auto", self.alpha == "auto"
        bandwidths = BANDWIDTHS[self.kernel] if auto[0] else [float(self.bandwidth)]
        alphas = ALPHAS if auto[1] else [float(self.alpha)]
        n = len(rows.X)
        if n < 2:
            one = Choice(np.zeros(1), bandwidths[0], [alphas[0]], 0, rows.Y)
            return one, rows
        order = rng.permutation(n)
        n_held = min(n - 1, max(1, round(self.validation_fraction * n)))
        held_out, train = rows.take(order[:n_held]), rows.take(np.sort(order[n_held:]))
        return (
            choose(train, held_out, self.n_rounds, bandwidths, alphas, self.kernel),
            held_out,
        )

    def _keep(self, dtype, machine, rows, found, unit):
        """Store the function in units of the outputs, and its directions."""
        coef, intercept = machine.coef * unit, machine.intercept * unit
        self._machine = machine._replace(coef=coef, intercept=intercept)
        self.feature_matrix_ = machine.matrix
        U = machine.centers
        with np.errstate(over="ignore", invalid="ignore"):
            C = average_outer(
                U, U, rows.weights, coef, machine.scale, self.kernel, machine.root
            )
        if not np.all(np.isfinite(C)):
            raise ValueError(
                "Squares of the gradients overflow; divide y by a constant."
            )
        if not np.any(C):
            raise ValueError(
                "The function fitted is constant: distinct samples, got n_samples = "
                f"{len(U)}, do not tell how y depends on X. Pass more rows."
            )
        values, axes, rank = axes_and_rank(C)
        kept, evidence = choose_rank(
            self.n_components, Spectrum(values, rank, rank, 0.0, 0, False)
        )
        if evidence is not None:
            self.rank_evidence_ = evidence
        self._keep_axes(dtype, found._replace(matrix=C), values, axes, kept)

    def _standardised(self, X):
        """Rows as the machine takes them, in float64, and as they came."""
        check_is_fitted(self, "components_")
        X, _ = validate_X(self, X, reset=False)
        return (X.astype(np.float64) - self.mean_) / self.scale_, X

    def _outputs(self, X, method):
        """Evaluate the function at rows as users pass them, in float64."""
        with np.errstate(over="ignore", invalid="ignore"):
            Z, X = self._standardised(X)
            return check_overflow(self._machine.values(Z), self, method), X

    @refuses_overflow
    def input_gradients(self, X):
        """Gradients of the function by the features.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Where.

        Returns
        -------
        gradients : ndarray of shape (n_samples, n_outputs, n_features)
            In units of the outputs per unit of X. A classifier has one output for each
            class, the scores before they become probabilities. At a training row the
            peak that the Laplace kernel has there is left out.
        """
        (Z, X), machine = self._standardised(X), self._machine
        G = function_gradients(
            Z @ machine.root,
            machine.centers,
            machine.coef,
            machine.scale,
            self.kernel,
            machine.root,
        )
        return (G / self.scale_).astype(X.dtype)
