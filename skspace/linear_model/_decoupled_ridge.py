"""Ridge regression that shrinks only what the data leave open."""

from __future__ import annotations

from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.linalg import solve_triangular

from .._loop import close_task, open_task
from .._sklearn import Interval, StrOptions, fit_context
from ..linalg._conditioning import (
    dependencies,
    factor_of_design,
    independent_columns,
    rank_tolerance,
    singular_spectrum,
)
from ..linalg._design import Design
from ..linalg._schur_blocks import analyze_schur_blocks
from ._base import LeastSquaresRegressor
from ._confounding import Confounding, describe_directions
from ._groups import resolve_groups
from ._rows import Penalty, column_scale, factorise, response_scale, stack

N_GRID = 41
LEAST_SHARE = 1e-12
"""Weak eigenvalues count as this share of their group's largest at least."""


class Centred(NamedTuple):
    """Data without the constant, columns at unit length, reduced to a triangle."""

    R: Any
    """(r, p)"""
    z: Any
    """(r, k) the part of the responses in the range of X."""
    rest: Any
    """(k,) lengths of the other part."""
    length: Any
    """(p,) of the columns of X, centred and weighted."""
    n: float
    """Sum of weights."""
    unit: float
    """Unit of z and rest, a power of two: their squares stay in range."""


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
        centred = self._centre(data)
        blocks = self._analyse(centred, names)
        U, clamp = _weak(blocks, p)
        ridge = np.sqrt(self.alpha) / centred.length
        targets = U.T @ (centred.length[:, None] * prior) / centred.unit
        if isinstance(self.kappa_target, str):
            grid = _grid(clamp)
            penalised = (clamp.penalties(kappa) for kappa in grid)
            scores = np.array(
                [self._score(data, centred, ridge, U, d, targets) for d in penalised]
            )
            self.kappa_target_ = float(grid[int(np.argmin(scores))])
            with np.errstate(over="ignore"):  # errors only, the choice is made
                scores = scores * centred.unit * centred.unit
        else:
            grid, scores = np.empty(0), np.empty(0)
            self.kappa_target_ = float(self.kappa_target)
        penalties = clamp.penalties(self.kappa_target_)
        if not np.any(penalties):
            self.kappa_target_ = np.inf
        T, _ = _solve(centred, ridge, U, penalties, targets)
        fitted = solve_triangular(T, centred.R.T, trans="T")
        self.degrees_of_freedom_ = float(np.sum(fitted**2)) + self.fit_intercept
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

    def _centre(self, data):
        """Reduce [1 X y] to a triangle and drop what belongs to the constant."""
        p, constant = data.X.shape[1], int(self.fit_intercept)
        scale = column_scale(data.X, self.fit_intercept)
        design = Design(
            data.X, intercept=self.fit_intercept, weights=data.weights, scale=scale
        )
        order = np.r_[p, np.arange(p)] if constant else np.arange(p)
        unit = float(np.max(response_scale(data.Y)))
        b = design.right_hand_side(data.Y / unit)
        T = factor_of_design(_with_responses(design, order, b))
        whole = np.linalg.norm(T[:, constant : p + constant], axis=0)
        T = T[constant:, constant:]
        R = T[:p, :p]
        length = np.linalg.norm(R, axis=0)
        # a constant column less its mean is rounding: without evidence
        flat = length <= rank_tolerance(p + 1) * whole
        R = np.where(flat, 0.0, R)
        length = np.where(flat, whole, length)
        length[length == 0] = 1.0
        n = data.X.shape[0] if data.weights is None else np.sum(data.weights)
        rest = np.linalg.norm(T[p:, p:], axis=0)
        R, length = R / length, length * scale[:p]
        return Centred(R, T[:p, p:], rest, length, float(n), unit)

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

    def _score(self, data, centred, ridge, U, penalties, targets):
        """Cross-validation error of one penalty."""
        T, beta = _solve(centred, ridge, U, penalties, targets)
        n, constant = centred.n, int(self.fit_intercept)
        if self.kappa_target == "loo":
            return self._leave_one_out(data, centred, T, beta)
        shape = solve_triangular(T, centred.R.T, trans="T")
        freedom = np.sum(shape**2) + constant
        rss = np.sum((centred.R @ beta - centred.z) ** 2) + np.sum(centred.rest**2)
        left = max(n - freedom, 1e-8 * n)
        return (n / left) * (rss / left)

    def _leave_one_out(self, data, centred, T, beta):
        """Mean squared error of each row by the fit without it (once)."""
        if np.min(centred.length) < 1e-300:
            raise ValueError(
                "A feature is too near zero for errors of rows left out; multiply it "
                "by a constant, or use another kappa_target."
            )
        w = np.ones(len(data.Y)) if data.weights is None else data.weights
        beta = beta / centred.length[:, None]
        mean = np.zeros(data.X.shape[1])
        intercept, own = 0.0, 0.0
        if self.fit_intercept:
            mean = np.asarray(w @ data.X) / centred.n
            intercept = (w @ (data.Y / centred.unit)) / centred.n - mean @ beta
            own = 1.0 / centred.n
        turn = solve_triangular(T, np.diag(1.0 / centred.length), trans="T").T
        total, size = 0.0, 8192
        for start in range(0, len(w), size):
            rows = slice(start, start + size)
            X = data.X[rows]
            X = X.toarray() if sp.issparse(X) else X
            residual = data.Y[rows] / centred.unit - X @ beta - intercept
            leverage = own + np.sum(((X - mean) @ turn) ** 2, axis=1)
            left = np.maximum(1.0 - leverage, 1e-8)[:, None]
            total += np.sum(w[rows, None] * (residual / left) ** 2)
        return total / centred.n

    def _solve_exactly(self, data, centred, U, penalties, targets):
        """Solve with all digits, penalties being rows."""
        p = self.n_features_in_
        taken = penalties > 0
        rows_ = (U[:, taken] * centred.length[:, None]).T
        weights, goals = penalties[taken], targets[taken]
        if self.alpha > 0:
            rows_ = np.concatenate([rows_, np.eye(p)])
            weights = np.concatenate([weights, np.full(p, self.alpha)])
            goals = np.concatenate([goals, np.zeros((p, goals.shape[1]))])
        penalty = Penalty(rows_, weights, goals) if len(weights) else None
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


class _Clamp(NamedTuple):
    """Eigenvalues of weak directions and the largest of their groups."""

    values: Any
    largest: Any

    def penalties(self, kappa):
        """λ̃ - λ for the target ratio `kappa`."""
        raised = self.largest / kappa - self.values
        return np.where(raised > 1e-9 * self.values, raised, 0.0)  # no rounding


def _weak(blocks, p):
    """Weak directions as columns of (p, q) and their clamp."""
    columns, values, largest = [], [], []
    for block in blocks:
        top = block.eigenvalues.max()
        for j in np.flatnonzero(block.weak):
            u = np.zeros(p)
            u[block.indices] = block.basis[:, j]
            columns.append(u)
            values.append(block.eigenvalues[j])
            largest.append(top if top > 0 else 1.0)
    U = np.stack(columns, axis=1) if columns else np.zeros((p, 0))
    return U, _Clamp(np.array(values), np.array(largest))


def _grid(clamp):
    """Ratios from 1 to that of the weakest direction, which is no penalty."""
    if not len(clamp.values):
        return np.array([1.0])
    values = np.maximum(clamp.values, LEAST_SHARE * clamp.largest)
    return np.geomspace(1.0, np.max(clamp.largest / values), N_GRID)


def _solve(centred, ridge, U, penalties, targets):
    """Triangular factor of the penalised normal matrix, and the coefficients."""
    p, roots = centred.R.shape[1], np.sqrt(penalties)
    A = [centred.R, (U * roots).T]
    b = [centred.z, roots[:, None] * targets]
    if np.any(ridge):
        A.append(np.diag(ridge))
        b.append(np.zeros((p, b[0].shape[1])))
    T = np.linalg.qr(np.hstack([np.concatenate(A), np.concatenate(b)]), mode="r")
    R, z = T[:p, :p], T[:p, p:]
    return R, solve_triangular(R, z)


def _with_responses(design, columns, b):
    """Blocks of dense rows with the responses appended."""
    start = 0
    for block in design.dense_blocks(columns):
        stop = start + len(block)
        yield np.concatenate([block, b[start:stop]], axis=1)
        start = stop
