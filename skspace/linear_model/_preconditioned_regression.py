"""Least squares and ridge that keep their digits, by refinement or preconditioning."""

from __future__ import annotations

import warnings
from numbers import Integral, Real

import numpy as np
from scipy.sparse.linalg import LinearOperator
from sklearn.exceptions import ConvergenceWarning

from .._loop import close_task, open_task
from .._response import check_numbers, check_weights
from .._sklearn import Interval, StrOptions, fit_context
from ._base import Data, LeastSquaresRegressor
from ._choice import Built, choose
from ._conditioning import conditioning_of
from ._iterations import SOLVERS, iterate
from ._rows import factorise, stack_with_ridge


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
        Condition numbers, weak directions by name, digits to expect, the history. Of
        digits and weak directions nothing is known where no factor was computed
        ("block", "nystrom", "jacobi", "none").
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
        y = check_numbers(y, np.empty((X.shape[0], 1)))
        weights = check_weights(sample_weight, X, any_size=True)
        Y = y.reshape(X.shape[0], -1)
        return Data(X, Y, weights, y.ndim == 1, np.empty(0))

    def _fit_direct(self, data, refine):
        rows = stack_with_ridge(data, self.alpha, fit_intercept=self.fit_intercept)
        factor = factorise(rows)
        refined = None
        if refine:
            task = open_task(self, n_runs=rows.b.shape[1], X=data.X)
            refined = self._refine(rows, factor, task, X=data.X)
            close_task(task, self, X=data.X)
            coefs = refined.coefs
        else:
            coefs = rows.to_data(factor.plain)
        self.rank_ = factor.rank
        self.n_iter_ = max(map(len, refined.history)) if refine else 1
        self.converged_ = not refine or refined.converged
        coefs = self._least_norm(coefs, factor.null, factor.length, rows.scale)
        self._store(coefs, data)
        found = Built(None, None, factor.R, factor.spectrum)
        self._describe(coefs, rows, found, refined, 1.0, factor.residual)

    def _fit_iterative(self, data, kind, refine):
        found = iterate(self, data, kind, refine=refine, names=self._names())
        coefs, built = found.coefs, found.built
        self.n_iter_, self.converged_ = found.n_iter, found.converged
        self.rank_ = built.rank
        if built.null is not None:
            coefs = self._least_norm(coefs, built.null, built.length, found.rows.scale)
        self._store(coefs, data)
        self._describe(
            coefs, found.rows, built, found.refined, found.condition, found.residual
        )

    def _describe(self, coefs, rows, found, refined, condition, residual):
        """Set ``conditioning_``, and warn where digits are lacking."""
        self.conditioning_ = conditioning_of(
            found,
            refined,
            rows.from_data(coefs),
            kind=self.preconditioner_,
            scale=rows.scale,
            names=self._names(),
            tol=self.tol,
            n_iter=self.n_iter_,
            condition=condition,
            residual=residual,
        )
        if refined is not None and not self.converged_:
            found, weak = self.conditioning_, self.conditioning_.weak_directions[:1]
            digits = "an unknown number of"
            if not np.isnan(found.expected_digits):
                digits = f"about {found.expected_digits:.0f}"
            warnings.warn(
                f"{type(self).__name__}: refinement stopped with {digits} correct "
                f"digits; condition number of the scaled columns "
                f"{found.condition_number_scaled:.1g}, nearly zero "
                f"combinations of {[one.features for one in weak]}. Drop a column, set "
                "alpha > 0, or choose another preconditioner.",
                ConvergenceWarning,
                stacklevel=2,
            )
