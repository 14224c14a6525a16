"""Linear regression that minimises the ℓp norm of the residuals."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from .._array import array_namespace, asarray_like
from .._estimator import Estimator
from .._loop import close_task, open_task, run
from .._response import check_numbers, check_weights
from .._sklearn import Interval, fit_context
from .._validation import refuses_overflow, validate_X
from ..linalg._conditioning import power_of_two, rank_tolerance
from ..linalg._lp_norm import lp_residual_steps
from ..linalg._row_scores import row_coordinates

REMEDY = (
    "increase max_iter, or accept the gap as it is: the norm of the residuals exceeds "
    "the least one by at most that share"
)


class Design(NamedTuple):
    """Rows without those of weight zero, centred, in orthonormal coordinates.

    `Q` is ``[1, X - centre] @ forward``, or ``X @ forward``, with columns that are
    orthonormal under the weights.
    """

    Q: Any
    forward: Any
    centre: Any
    weights: Any  # in units of `unit`
    unit: float
    scales: Any
    """(n_outputs,) units of the responses, in which sums stay in range."""


class LpRegression(MultiOutputMixin, RegressorMixin, Estimator):
    """Linear regression with the least ℓp norm of the residuals.

    p = 1 is least absolute deviations, of which gross errors in y do not move the
    coefficients; p = 2 is least squares; larger p weigh the largest residuals ever
    more. Rows drawn by :class:`~skspace.sampling.LpRowSampler` with its
    ``sample_weight_`` stand in for all rows.

    Parameters
    ----------
    p : float in [1, 32], default=1
        Exponent of the norm. Beyond 32 the powers of residuals leave no digits; the
        limit p = ∞ is a linear program and not offered.
    fit_intercept : bool, default=True
        Whether to fit a constant besides the coefficients.
    tol : float, default=1e-10
        Stop when the norm of the residuals is proved to be within this share of the
        least one. Errors of coefficients are of the order of its square root for
        p > 1.
    max_iter : int, default=200
        Most iterations, each of the cost of one weighted least squares fit.
    verbose : int, default=0
        Print the norm and the gap of every iteration.

    Attributes
    ----------
    coef_ : array of shape (n_features,) or (n_outputs, n_features)
        Coefficients; those of least length (in units of weighted columns of equal
        length) where the features are dependent.
    intercept_ : float or array of shape (n_outputs,)
        Constant; 0 without an intercept.
    objective_ : float or array of shape (n_outputs,)
        ``(Σ sample_weight |y - X coef_ - intercept_|^p)^(1/p)``.
    duality_gap_ : float or array of shape (n_outputs,)
        Share of ``objective_`` by which it exceeds the least value at most.
    rank_ : int
        Dimension of the span of the features (and of the constant).
    n_iter_ : int
        Iterations, of the output that took most.
    n_features_in_ : int
        Number of features of X in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where X has names.

    See Also
    --------
    skspace.sampling.LpRowSampler : Few weighted rows in place of many.
    sklearn.linear_model.QuantileRegressor : The case p = 1 with a penalty.

    Notes
    -----
    *p = 1.* A primal-dual interior point (Mehrotra's predictor and corrector), whose
    steps are weighted least squares fits; 5 to 20 of them whatever the data. Weighted
    least squares with weights ``1/max(|r|, δ)``, δ falling, which is the textbook
    method, is left to p > 1: at p = 1 it stalls at gaps of 1e-2 to 1e-7 where the
    solution is a vertex.

    *p > 1.* Weighted least squares with weights ``|r|^(p-2)``, and a search along the
    step, which takes in the step 1/(p - 1) of Newton. For p < 2 small residuals are
    raised to a bound that falls by a factor .3 an iteration. From 1.05 to 32 some 3
    to 30 iterations are usual; between 1 and 1.02 there can be more than 200, with a
    ConvergenceWarning; p = 1 is then near by.

    *Certificate.* Weighted residuals of a weighted least squares fit are orthogonal to
    the features, hence feasible for the dual problem when scaled. Both algorithms stop
    on the duality gap and on nothing else. The gap is a share of the norm, gross errors
    included: one of 1e9 among residuals of 1 costs all but four digits at p = 1.

    With p = 1, and where there are more features than rows, there may be many
    solutions; the result is one of them, the same for weights and repetitions.

    Cost O(n d²) an iteration, memory O(n d). float32 data are solved in float64.

    References
    ----------
    S. Portnoy and R. Koenker, "The Gaussian hare and the Laplacian tortoise",
    Statistical Science 12 (1997). :doi:`10.1214/ss/1030037960`

    D. Adil, R. Peng and S. Sachdeva, "Fast, provably convergent IRLS algorithm for
    p-norm linear regression", NeurIPS 32 (2019). :doi:`10.48550/arXiv.1907.07167`
    (the damped step for p > 2; here its length is searched).

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.linear_model import LpRegression
    >>> X = np.arange(20.0)[:, None]
    >>> y = 3 * X[:, 0] + 1
    >>> y[[2, 11, 15]] = 500, -900, 700  # gross errors
    >>> model = LpRegression(p=1).fit(X, y)
    >>> model.coef_.round(6), round(float(model.intercept_), 6)
    (array([3.]), 1.0)
    """

    _parameter_constraints: dict = {
        "p": [Interval(Real, 1, 32, closed="both")],
        "fit_intercept": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "verbose": ["verbose"],
    }

    def __init__(self, p=1, *, fit_intercept=True, tol=1e-10, max_iter=200, verbose=0):
        self.p = p
        self.fit_intercept = fit_intercept
        self.tol = tol
        self.max_iter = max_iter
        self.verbose = verbose

    @fit_context
    def fit(self, X, y, sample_weight=None):
        """Find the coefficients.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Responses; each output is fitted for itself. A single column counts as one
            dimension.
        sample_weight : array-like of shape (n_samples,), default=None
            How often each row counts: factors of ``|residual|^p``.

        Returns
        -------
        self
        """
        X, _ = validate_X(self, X)
        y, weights = check_numbers(y, X), check_weights(sample_weight, X, any_size=True)
        flat = y.ndim == 1
        y = y[:, None] if flat else y
        design, y = _design(X, y, weights, self.fit_intercept)
        n_outputs = y.shape[1]
        task = None if n_outputs == 1 else open_task(self, n_runs=n_outputs, X=X)
        outcomes = []
        for k in range(n_outputs):
            outcomes.append(
                run(
                    self,
                    lp_residual_steps(design.Q, y[:, k], self.p, design.weights),
                    X=X,
                    remedy=REMEDY,
                    task=task,
                    name="" if n_outputs == 1 else f"output {k}",
                    attributes=lambda state, k=k: self._attributes(
                        [state], design.scales[k : k + 1], design, X, True
                    ),
                )
            )
        close_task(task, self, X=X)
        states = [outcome.state for outcome in outcomes]
        vars(self).update(self._attributes(states, design.scales, design, X, flat))
        self.rank_ = design.forward.shape[1]
        self.n_iter_ = max(outcome.n_iter for outcome in outcomes)
        return self

    def _attributes(self, states, scales, design, X, flat):
        """Fitted attributes from one state an output."""
        xp = array_namespace(X)
        B = xp.stack([design.forward @ state.coef for state in states])
        intercept = xp.zeros_like(B[:, 0])
        if self.fit_intercept:
            intercept, B = B[:, 0] - B[:, 1:] @ design.centre, B[:, 1:]
        unit = asarray_like(scales, X, dtype=xp.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            B, intercept = B * unit[:, None], intercept * unit
            B, intercept = xp.astype(B, X.dtype), xp.astype(intercept, X.dtype)
        objective = [state.objective for state in states]
        unit = design.unit ** (1 / self.p)
        objective = [
            x * unit * float(s) for x, s in zip(objective, scales, strict=True)
        ]
        sizes = xp.max(xp.abs(B)), xp.max(xp.abs(intercept)), *objective
        if not all(math.isfinite(float(size)) for size in sizes):
            raise ValueError(
                "Coefficients, or the norm of the residuals, are beyond the range of "
                f"{X.dtype}: y or its weights are too large, or columns of X are too "
                "small; change their units."
            )
        gap = [state.change for state in states]
        if flat:
            B, intercept = B[0, :], intercept[0]
            objective, gap = objective[0], gap[0]
        else:
            objective, gap = (asarray_like(x, X) for x in (objective, gap))
        return {
            "coef_": B,
            "intercept_": intercept,
            "objective_": objective,
            "duality_gap_": gap,
        }

    @refuses_overflow
    def predict(self, X):
        """Predict responses.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, in the array library of the training data.

        Returns
        -------
        y : array of shape (n_samples,) or (n_samples, n_outputs)
            ``X @ coef_.T + intercept_``.
        """
        check_is_fitted(self, "coef_")
        X, xp = validate_X(self, X, reset=False, fitted=self.coef_, method="predict")
        coef = xp.astype(self.coef_, X.dtype)
        if coef.ndim == 1:
            return X @ coef + xp.astype(self.intercept_, X.dtype)
        return X @ xp.matrix_transpose(coef) + xp.astype(self.intercept_, X.dtype)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.array_api_support = True
        return tags


def _design(X, y, weights, fit_intercept):
    """Design and responses in float64, where X lives."""
    xp = array_namespace(X)
    if weights is None:
        weights = np.ones(X.shape[0])
    unit = 2.0 ** math.floor(math.log2(np.max(weights)))  # exact, and in range
    weights = weights / unit
    kept = np.flatnonzero(weights)
    if len(kept) < len(weights):
        X = xp.take(X, asarray_like(kept, X), axis=0)
        y, weights = y[kept], weights[kept]
    scales = power_of_two(np.max(np.abs(y), axis=0) / 2)  # below the end of the range
    X = xp.astype(X, xp.float64)
    y, weights = asarray_like(y / scales, X), asarray_like(weights, X)
    centre = xp.zeros_like(X[0, :])
    if fit_intercept:
        share = weights / xp.sum(weights)
        centre = share @ X
        centre = centre + share @ (X - centre)  # what rounding left of the mean
        largest = xp.max(xp.abs(X), axis=0)
        X = X - centre
        # A constant feature less its mean is rounding, and no direction.
        rounding = rank_tolerance(X.shape[1] + 1) * largest
        flat = xp.max(xp.abs(X), axis=0) <= rounding
        X = xp.where(flat, xp.zeros_like(X), X)
        X = xp.concat([xp.ones_like(X[:, :1]), X], axis=1)
    root = xp.sqrt(weights)[:, None]
    rows, forward = row_coordinates(root * X)
    return Design(rows / root, forward, centre, weights, unit, scales), y
