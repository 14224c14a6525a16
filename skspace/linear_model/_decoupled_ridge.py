"""Ridge regression that shrinks only what the data leave open."""

from __future__ import annotations

from numbers import Real

import numpy as np

from .._loop import close_task, open_task
from .._sklearn import Interval, StrOptions, fit_context
from ..linalg._conditioning import (
    dependencies,
    independent_columns,
    rank_tolerance,
    singular_spectrum,
)
from ..linalg._schur_blocks import analyze_schur_blocks
from ._base import LeastSquaresRegressor
from ._clamping import centre, gcv_error, hat_trace, loo_error, solve, weak
from ._confounding import Confounding, describe_directions
from ._groups import resolve_groups
from ._rows import Penalty, factorise, stack


class DecoupledRidge(LeastSquaresRegressor):
    r"""Least squares with a ridge on weak directions of column groups only.

    Columns are taken in groups (rotation and translation, trend and season, gauges of
    one make). For each group, the evidence that no other group can imitate is the
    Schur complement of it in ``XᵀX``. Its small eigenvalues are the combinations that
    the data leave open: these, and only these, are penalised, up to the largest
    eigenvalue over `kappa_target`. What the data determine is left as least squares
    has it, up to coupling. The report names the columns of each such combination and
    the columns of other groups that imitate it.

    Parameters
    ----------
    groups : array-like of int, or list of lists of int or str, default=None
        A label for each column, or positions or names of the columns of each group.
        Each column in exactly one. None is one group of all columns.
    kappa_target : {"gcv", "loo"} or float >= 1, default="gcv"
        Ratio of the largest eigenvalue of a group to which weak ones are raised. By
        generalised cross-validation or leave-one-out error, both in closed form, over
        a grid of 41 from 1 to no penalty.
    degeneracy_threshold : float > 1, default=10.0
        Directions are weak when the largest eigenvalue of their group exceeds theirs
        by more than this factor, columns at unit length.
    alpha : float, default=0.0
        Ridge on all coefficients besides, ``alpha * ‖coef‖²``. Needed where several
        groups are rank deficient together, so that no evidence can be told apart.
    coef_prior : array-like of shape (n_features,), default=None
        Or of shape (n_targets, n_features). What weak directions shrink to; None is
        zero.
    fit_intercept : bool, default=True
        Fit a constant, which belongs to no group and is not penalised.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients.
    intercept_ : float or ndarray of shape (n_targets,)
        Constant; 0.0 without `fit_intercept`.
    report_ : Confounding
        Weak directions with the columns that are confounded; ``print(report_)``.
    kappa_target_ : float
        The one used; infinite where there was nothing to penalise.
    degrees_of_freedom_ : float
        Trace of the hat matrix, with the constant.
    groups_ : list of ndarray
        Columns of each group.
    n_iter_ : int
        Passes of refinement.
    converged_ : bool
        Whether refinement met its goal.
    n_features_in_ : int
        Features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of features, where X has them.

    See Also
    --------
    PreconditionedRegression : No penalty, or one on all coefficients.
    sklearn.linear_model.Ridge : Shrinks every direction.

    Notes
    -----
    With S_k the Schur complement of group k, eigenvectors w_kj, eigenvalues λ_kj,

    .. math:: \min_\beta \|X\beta - y\|^2 + \sum_k \sum_{j\,\text{weak}}
       (\tilde\lambda_{kj} - \lambda_{kj}) (w_{kj}^T (\beta_k - \beta_k^0))^2, \quad
       \tilde\lambda_{kj} = \max(\lambda_{kj}, \max_i \lambda_{ki} / \kappa).

    All of it in coordinates of columns centred and at unit length, where the answer
    does not depend on units. With one group S is ``XᵀX`` itself, and directions of
    zero evidence are clamped like others: this also serves fewer samples than columns.
    With several groups a singular ``XᵀX`` is refused without `alpha`. The test for weak
    directions compares directions of one group: a group of one column has none.

    Penalties enter as weighted rows, and the solution is refined as in
    :class:`PreconditionedRegression`, so that the strong directions keep their digits.

    sample_weight: an integer weight equals repetition, in the choice of κ too.

    Cost O(n p²) for the factors, O(p³) a grid point, and O(n p²) a grid point for
    "loo".

    References
    ----------
    Hu et al. (2026). DCReg: decoupled characterization for efficient degenerate LiDAR
    registration. arXiv:2509.06285 (detection and clamping in two groups; use as a
    penalty, more groups, and cross-validation are this package's).

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.linear_model import DecoupledRidge
    >>> rng = np.random.RandomState(0)
    >>> a, b, c = rng.standard_normal((3, 200))
    >>> X = np.stack([a, b, b + 0.01 * c], axis=1)  # the last two are nearly equal
    >>> y = X @ [1.0, 1.0, 1.0] + rng.standard_normal(200)
    >>> model = DecoupledRidge(groups=[[0, 1], [2]]).fit(X, y)
    >>> [(one.features, one.imitated_by) for one in model.report_.directions]
    [(('x1',), ('x2',))]
    """

    _parameter_constraints: dict = {
        "groups": ["array-like", None],
        "kappa_target": [
            StrOptions({"gcv", "loo"}),
            Interval(Real, 1, None, closed="left"),
        ],
        "degeneracy_threshold": [Interval(Real, 1, None, closed="neither")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "coef_prior": ["array-like", None],
        "fit_intercept": ["boolean"],
    }

    def __init__(
        self,
        groups=None,
        *,
        kappa_target="gcv",
        degeneracy_threshold=10.0,
        alpha=0.0,
        coef_prior=None,
        fit_intercept=True,
    ):
        self.groups = groups
        self.kappa_target = kappa_target
        self.degeneracy_threshold = degeneracy_threshold
        self.alpha = alpha
        self.coef_prior = coef_prior
        self.fit_intercept = fit_intercept

    @fit_context
    @np.errstate(over="raise", divide="raise", invalid="raise")
    def fit(self, X, y, sample_weight=None):
        """Find weak directions, the penalty, and the coefficients.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Data.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Responses.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of squared residuals. An integer weight equals repetition of the
            row, zero its absence.

        Returns
        -------
        self : DecoupledRidge
            Fitted estimator.

        Raises
        ------
        ValueError
            When groups overlap or miss columns, or several groups are rank deficient
            together and alpha is 0.
        """
        data = self._read(X, y, sample_weight)
        names = self._names()
        p = self.n_features_in_
        self.groups_ = resolve_groups(self.groups, p, names[:-1])
        prior = self._prior(data.Y.shape[1])
        centred = centre(data, self.fit_intercept)
        blocks = self._analyse(centred, names)
        U, clamp = weak(blocks, p)
        ridge = np.sqrt(self.alpha) / centred.length
        targets = U.T @ (centred.length[:, None] * prior) / centred.unit
        if isinstance(self.kappa_target, str):
            error = {"gcv": gcv_error, "loo": loo_error}[self.kappa_target]
            grid = clamp.grid()
            solved = (
                solve(centred, ridge, U, clamp.penalties(kappa), targets)
                for kappa in grid
            )
            scores = np.array([error(data, centred, *pair) for pair in solved])
            self.kappa_target_ = float(grid[int(np.argmin(scores))])
            with np.errstate(over="ignore"):  # errors only, the choice is made
                scores = scores * centred.unit * centred.unit
        else:
            grid, scores = np.empty(0), np.empty(0)
            self.kappa_target_ = float(self.kappa_target)
        penalties = clamp.penalties(self.kappa_target_)
        if not np.any(penalties):
            self.kappa_target_ = np.inf
        T, _ = solve(centred, ridge, U, penalties, targets)
        self.degrees_of_freedom_ = float(hat_trace(centred, T))
        self.report_ = Confounding(
            describe_directions(blocks, centred.R, ridge, penalties, names),
            kappa_target=self.kappa_target_,
            kappa_grid=grid,
            scores=scores,
        )
        self._solve_exactly(data, centred, U, penalties, targets * centred.unit)
        return self

    def _prior(self, n_targets):
        p = self.n_features_in_
        if self.coef_prior is None:
            return np.zeros((p, n_targets))
        prior = np.asarray(self.coef_prior, dtype=np.float64)
        if prior.shape not in {(p,), (n_targets, p)} or not np.all(np.isfinite(prior)):
            raise ValueError(
                f"coef_prior must be finite of shape ({p},) or ({n_targets}, {p}), got "
                f"shape {prior.shape}."
            )
        return np.broadcast_to(prior, (n_targets, p)).T

    def _analyse(self, centred, names):
        R, p = centred.R, centred.R.shape[1]
        if self.alpha > 0:
            ridge = np.diag(np.sqrt(self.alpha) / centred.length)
            R = np.concatenate([R, ridge])
        left = centred.n - p - self.fit_intercept
        sigma = None
        if left > 0:
            sigma = float(np.sqrt(np.mean(centred.rest**2) / left)) * centred.unit
        blocks, singular = analyze_schur_blocks(
            R,
            self.groups_,
            sigma=sigma,
            degeneracy_threshold=self.degeneracy_threshold,
        )
        if singular and len(self.groups_) > 1:
            values = singular_spectrum(R).values
            rank = int(np.sum(values > rank_tolerance(p) * values[0]))
            _, _, null = independent_columns(R, min(rank, p - 1))
            which = "; ".join(map(", ".join, dependencies(null, names)))
            raise ValueError(
                f"X is rank deficient (n_samples={centred.n:g}, n_features={p}): these "
                f"columns depend on each other: [{which}]. The evidence of several "
                "groups then cannot be told apart; set alpha > 0, drop columns, or use "
                "one group."
            )
        return blocks

    def _solve_exactly(self, data, centred, U, penalties, targets):
        """Solve with all digits, penalties being rows."""
        p = self.n_features_in_
        taken = penalties > 0
        along = (U[:, taken] * centred.length[:, None]).T
        weights, goals = penalties[taken], targets[taken]
        if self.alpha > 0:
            along = np.concatenate([along, np.eye(p)])
            weights = np.concatenate([weights, np.full(p, self.alpha)])
            goals = np.concatenate([goals, np.zeros((p, goals.shape[1]))])
        penalty = Penalty(along, weights, goals) if len(weights) else None
        rows = stack(
            data.X,
            data.Y,
            data.weights,
            fit_intercept=self.fit_intercept,
            penalty=penalty,
        )
        factor = factorise(rows)
        task = open_task(self, n_runs=rows.b.shape[1], X=data.X)
        refined = self._refine(rows, factor, task, X=data.X)
        close_task(task, self, X=data.X)
        coefs = self._least_norm(refined.coefs, factor.null, factor.length, rows.scale)
        self.n_iter_ = max(map(len, refined.history))
        self.converged_ = refined.converged
        self._store(coefs, data)
