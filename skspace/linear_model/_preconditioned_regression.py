"""Least squares and ridge that keep their digits, by refinement or preconditioning."""

from __future__ import annotations

import warnings
from itertools import islice
from numbers import Integral, Real

import numpy as np
from scipy.sparse.linalg import LinearOperator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from .._loop import close_task, open_task, run
from .._response import check_weights
from .._sklearn import Interval, StrOptions, fit_context
from ..linalg._design import Design
from ..linalg._lsqr import conjugate_gradients, lsmr, lsqr
from ._base import Data, LeastSquaresRegressor, check_numbers
from ._choice import Built, build_preconditioner, choose
from ._conditioning import conditioning_of
from ._groups import resolve_groups
from ._rows import (
    Penalty,
    Rows,
    column_scale,
    factorise,
    response_scale,
    stack,
)

INNER_TOL = 1e-10
"""Of conjugate gradients inside a pass of refinement."""
SOLVERS = {"lsqr": lsqr, "lsmr": lsmr, "cg": conjugate_gradients}


class PreconditionedRegression(LeastSquaresRegressor):
    """Least squares and ridge regression that keep their digits.

    On ill-conditioned data (polynomials, trends, near-duplicate columns) solvers in
    double precision lose digits, sometimes all. With the defaults every coefficient
    here is correct to about 15 digits up to condition numbers of 1e13 of the scaled
    columns, for twice the time of ``numpy.linalg.lstsq``; very tall data are solved by
    LSQR on a random sketch's factor, in a few passes over the rows.

    Parameters
    ----------
    alpha : float, default=0.0
        Ridge penalty ``alpha * ‖coef‖²``, on no constant. 0 is least squares.
    preconditioner : {"auto", "qr", "sketch", "schur", "block", "nystrom", "jacobi", \
"none"}, default="auto"
        - "qr": triangular factor of the data, then direct solves. Dense or sparse X
          up to some thousand columns.
        - "sketch": factor of a random sketch of the rows, for many more rows than
          columns.
        - "schur": `groups` whitened by their clamped Schur complements, which need
          a QR. No fewer iterations than "block".
        - "block": each of `groups` whitened by itself.
        - "nystrom": random low-rank approximation of ``XᵀX``, for alpha > 0 and fast
          falling spectra.
        - "jacobi": columns at unit length. For wide sparse X.
        - "none": all that a LinearOperator allows.
        - "auto": "qr"; "sketch" for X of more than 2e7 entries and at least 20 rows a
          column; "jacobi" for sparse X for which both are too much; "none" for a
          LinearOperator.
    solver : {"lsqr", "lsmr", "cg"}, default="lsqr"
        Iterative method. Without effect on "qr". "cg" works on normal equations: it
        keeps nothing as long as the rows and loses twice the digits.
    refine : bool or "auto", default="auto"
        Refine with residuals in about 32 digits. "auto" does after "qr". With other
        preconditioners every pass solves again by conjugate gradients, which pays
        where the preconditioned condition number is below 1e4. Needs X dense or
        sparse.
    groups : array-like of int, or list of lists of int or str, default=None
        Column groups for "schur" and "block": a label for each column, or positions
        or names of the columns of each group. Each column in exactly one.
    fit_intercept : bool, default=True
        Fit a constant. It is one more column of the refined problem; nothing is
        centred, which would round the data.
    tol : float, default=1e-14
        Of the iterative solver: stop when ``‖Bᵀr‖ <= tol ‖B‖ ‖r‖`` or ``‖r‖ <= tol
        (‖y‖ + ‖B‖ ‖z‖)`` for the preconditioned matrix B and its solution z.
        Refinement goes on until results are correct to the last bit or corrections
        shrink no more.
    max_iter : int, default=1000
        Most iterations of the iterative solver.
    random_state : int, RandomState or None, default=None
        For "sketch" and "nystrom".
    verbose : int, default=0
        Print each iteration.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients.
    intercept_ : float or ndarray of shape (n_targets,)
        Constant; 0.0 without `fit_intercept`.
    conditioning_ : Conditioning
        Condition numbers, weak directions by name, digits to expect, the history.
    rank_ : int or None
        Rank of X, with the constant and the ridge. None where no factor was computed
        ("block", "jacobi", "none"; "nystrom" has full rank).
    converged_ : bool
        Whether the solver met `tol` and refinement its goal.
    n_iter_ : int
        Iterations of the solver; passes of refinement with "qr".
    preconditioner_ : str
        What "auto" chose.
    n_features_in_ : int
        Features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of features, where X has them.

    Warns
    -----
    RankDeficientWarning
        When columns depend on each other and alpha is 0. The coefficients are then
        those of least norm among all that minimise the residuals.
    ConvergenceWarning
        When `max_iter` is reached, or condition numbers are beyond refinement.

    See Also
    --------
    DecoupledRidge : Penalises only what the data leave open.
    LpRegression : Other norms of residuals.

    Notes
    -----
    *Refinement.* Columns are divided by powers of two (exact). With R of a QR of the
    weighted rows, each pass forms r = y - A x and c = Aᵀ W r in double-double
    arithmetic and adds R⁻¹ R⁻ᵀ c to x, kept as a pair of doubles. The error falls by
    about eps cond(A) each pass; x, r and W enter without rounding. This is Björck's
    refinement of the augmented system with r eliminated. Data in doubles are taken
    for exact: digits are those of the solution for exactly these numbers.

    *Rank.* Singular values of columns at unit length count as zero below 4 (number of
    columns) eps of the largest, 1e-14 for a dozen columns. scikit-learn's
    LinearRegression cuts at 1e-6 of the largest (its `tol`), without scaling first, and
    so treats ill-conditioned data as rank deficient: polynomials of degree 10 lose all
    digits there. With "sketch" the least norm holds likewise. "block", "jacobi" and
    "none" do not look at the rank: they converge to the solution of least norm in
    their own scaled coordinates.

    *Sketch.* LSQR starts from the solution of the sketched problem and restarts once
    from a residual computed anew: with that it is backward stable, as a QR is.

    *float32* data are solved in float64, and `coef_` rounded.

    *LinearOperator* X needs ``matvec`` and ``rmatvec``; `score` and refinement need
    a table.

    Cost: "qr" O(n p²), each pass O(n p) at 50 operations an entry and target; "sketch"
    O(n p) an iteration, about 15 iterations for 1e-14 with up to 128 columns. No
    array-API support: it rests on LAPACK and on double-double kernels; other arrays
    are brought to the host.

    References
    ----------
    Björck (1967). Iterative refinement of linear least squares solutions I. BIT 7.
    :doi:`10.1007/BF01939321`

    Avron, Maymounkov & Toledo (2010). Blendenpik: supercharging LAPACK's least-squares
    solver. SIAM J. Sci. Comput. 32. :doi:`10.1137/090767911`

    Epperly, Meier & Nakatsukasa (2024). Fast randomized least-squares solvers can be
    just as accurate and stable as classical direct solvers. arXiv:2406.03468

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.linear_model import PreconditionedRegression
    >>> x = np.arange(21.0)
    >>> X = x[:, None] ** np.arange(1, 11)  # a polynomial of degree 10
    >>> y = X.sum(axis=1) + 1
    >>> model = PreconditionedRegression().fit(X, y)
    >>> print(model.coef_, model.intercept_)
    [1. 1. 1. 1. 1. 1. 1. 1. 1. 1.] 1.0
    >>> bool(model.conditioning_.expected_digits > 15)
    True
    """

    _parameter_constraints: dict = {
        "alpha": [Interval(Real, 0, None, closed="left")],
        "preconditioner": [
            StrOptions(
                {
                    "auto",
                    "qr",
                    "sketch",
                    "schur",
                    "block",
                    "nystrom",
                    "jacobi",
                    "none",
                }
            )
        ],
        "solver": [StrOptions(set(SOLVERS))],
        "refine": ["boolean", StrOptions({"auto"})],
        "groups": ["array-like", None],
        "fit_intercept": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        alpha=0.0,
        *,
        preconditioner="auto",
        solver="lsqr",
        refine="auto",
        groups=None,
        fit_intercept=True,
        tol=1e-14,
        max_iter=1000,
        random_state=None,
        verbose=0,
    ):
        self.alpha = alpha
        self.preconditioner = preconditioner
        self.solver = solver
        self.refine = refine
        self.groups = groups
        self.fit_intercept = fit_intercept
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state
        self.verbose = verbose

    @fit_context
    def fit(self, X, y, sample_weight=None):
        """Find the coefficients.

        Parameters
        ----------
        X : array-like, sparse matrix or LinearOperator of shape (n_samples, n_features)
            Data. A LinearOperator needs ``preconditioner`` "auto" or "none".
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Responses.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of squared residuals. An integer weight equals repetition of the
            row, zero its absence.

        Returns
        -------
        self : PreconditionedRegression
            Fitted estimator.

        Raises
        ------
        ValueError
            When a preconditioner does not fit the data (the message says what does), or
            groups overlap or miss columns.
        """
        operator = isinstance(X, LinearOperator)
        data = self._operator(X, y, sample_weight) if operator else None
        if data is None:
            data = self._read(X, y, sample_weight)
        kind = choose(self.preconditioner, data.X, alpha=self.alpha, groups=self.groups)
        self.preconditioner_ = kind
        refine = kind == "qr" if self.refine == "auto" else self.refine
        if refine and operator:
            raise ValueError(
                "refine=True needs a table: a LinearOperator has no entries to compute "
                "residuals from in extended precision. Pass X dense or sparse."
            )
        if kind == "qr":
            self._fit_direct(data, refine)
        else:
            self._fit_iterative(data, kind, refine)
        return self

    def _operator(self, X, y, sample_weight):
        """Read a LinearOperator: it has neither names nor rows to leave out."""
        self.n_features_in_ = X.shape[1]
        y = np.asarray(check_numbers(y, np.empty((X.shape[0], 1))), dtype=np.float64)
        weights = check_weights(sample_weight, X, any_size=True)
        Y = y.reshape(X.shape[0], -1)
        return Data(X, Y, weights, y.ndim == 1, np.empty(0))

    # -- the two ways -------------------------------------------------------------

    def _fit_direct(self, data, refine):
        rows = self._rows(data)
        factor = factorise(rows)
        refined = None
        if refine:
            task = open_task(self, n_runs=rows.b.shape[1], X=data.X)
            refined = self._refine(rows, factor, task, X=data.X)
            close_task(task, self, X=data.X)
            coefs = refined.coefs
        else:
            coefs = factor.plain * rows.response_scale / rows.scale[:, None]
        self.rank_ = factor.rank
        self.n_iter_ = max(map(len, refined.history)) if refine else 1
        self.converged_ = not refine or refined.converged
        coefs = self._least_norm(coefs, factor.null, factor.length, rows.scale)
        self._store(coefs, data)
        found = Built(None, None, factor.R, factor.spectrum)
        self._describe(coefs, rows, found, refined, 1.0, factor.residual)

    def _fit_iterative(self, data, kind, refine):
        rng = check_random_state(self.random_state)
        rows = Rows(None, None, data.weights, self._scale(data, kind), None)
        rows = rows._replace(response_scale=response_scale(data.Y))
        if np.min(rows.scale) < 1e-300:
            raise ValueError(
                f"A feature is of the size {np.min(rows.scale):.0g}, too near zero for "
                "an iteration; multiply it by a constant, or use preconditioner='qr'."
            )
        design = Design(
            data.X,
            intercept=self.fit_intercept,
            weights=data.weights,
            alpha=self.alpha,
            scale=rows.scale,
        )
        names = self._names()
        groups = None
        if kind in {"schur", "block"}:
            groups = resolve_groups(self.groups, self.n_features_in_, names[:-1])
        Y = data.Y / rows.response_scale
        b = design.right_hand_side(Y)
        built = build_preconditioner(kind, design, b, groups, rng, names)
        # from a sketch, half of the digits and the other half, see Notes
        tols = [self.tol] if built.start is None else [self.tol**0.5, self.tol]
        task = open_task(self, n_runs=len(tols) + refine * b.shape[1], X=data.X)
        x, self.n_iter_ = built.start, 0
        for tol in tols:
            if x is not None:
                b = design.right_hand_side(Y)
                b -= design.product(x)
            right_side = design.adjoint(b) if self.solver == "cg" else b
            outcome = run(
                self,
                SOLVERS[self.solver](design, built.right, right_side),
                X=data.X,
                tol=tol,
                task=task,
                name=self.solver,
                remedy="increase max_iter, or choose a better preconditioner",
            )
            step = outcome.state.solution
            x = step if x is None else x + step
            self.n_iter_ += outcome.n_iter
        self.converged_ = outcome.converged
        high, low = outcome.state.spectrum()
        condition = high / low if low > 0 else np.inf
        coefs, refined = x * rows.response_scale / rows.scale[:, None], None
        if refine:
            refined = self._refine_iterative(data, design, built, coefs, task)
            refined = refined.by_iterations(condition)
            coefs, self.converged_ = refined.coefs, refined.converged
        close_task(task, self, X=data.X)
        self.rank_ = built.rank
        if built.null is not None:
            coefs = self._least_norm(coefs, built.null, built.length, rows.scale)
        self._store(coefs, data)
        residual = outcome.state.residual
        self._describe(coefs, rows, built, refined, condition, residual)

    def _refine_iterative(self, data, design, built, coefs, task):
        """Refine with conjugate gradients in preconditioned coordinates inside."""
        rows = self._rows(data)
        unit = 1.0 if rows.weights is None else rows.weights[0]
        if data.weights is not None:
            unit /= data.weights[0]
        scale = rows.scale / design.scale  # of columns here over columns there

        def solve(c):
            """``(AᵀWA)⁻¹ c`` for columns over `rows.scale` and weights over a unit."""
            g = (c * scale)[:, None]
            states = conjugate_gradients(design, built.right, g)
            for state in islice(states, self.max_iter):
                if state.change <= INNER_TOL:
                    break
            return state.solution[:, 0] * scale / unit

        start = coefs * rows.scale[:, None] / rows.response_scale
        return self._refine(rows, None, task, solve=solve, start=start, X=data.X)

    # -- parts ----------------------------------------------------------------------

    def _scale(self, data, kind):
        """Powers of two that columns are divided by.

        One where entries are unknown, or where the ridge must stay the same for all
        columns.
        """
        if kind in {"none", "nystrom"}:
            return np.ones(self.n_features_in_ + self.fit_intercept)
        return column_scale(data.X, self.fit_intercept)

    def _rows(self, data):
        """All rows, with powers of two divided out."""
        p, penalty = data.X.shape[1], None
        if self.alpha > 0:
            penalty = Penalty(
                np.eye(p), np.full(p, self.alpha), np.zeros((p, data.Y.shape[1]))
            )
        return stack(
            data.X,
            data.Y,
            data.weights,
            fit_intercept=self.fit_intercept,
            penalty=penalty,
        )

    def _describe(self, coefs, rows, found, refined, condition, residual):
        """Set ``conditioning_``, and warn where digits are lacking."""
        self.conditioning_ = conditioning_of(
            found,
            refined,
            coefs * rows.scale[:, None] / rows.response_scale,
            kind=self.preconditioner_,
            scale=rows.scale,
            names=self._names(),
            tol=self.tol,
            n_iter=self.n_iter_,
            condition=condition,
            residual=residual,
        )
        if refined is not None and not refined.converged:
            found, weak = self.conditioning_, self.conditioning_.weak_directions[:1]
            warnings.warn(
                f"{type(self).__name__}: refinement stopped with about "
                f"{max(refined.digits, 0):.0f} correct digits; condition number of the "
                f"scaled columns {found.condition_number_scaled:.1g}, nearly zero "
                f"combinations of {[one.features for one in weak]}. Drop a column, set "
                "alpha > 0, or choose another preconditioner.",
                ConvergenceWarning,
                stacklevel=2,
            )
