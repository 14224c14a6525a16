"""Scores of rows: leverage, ℓp Lewis weights, ℓp sensitivities."""

from __future__ import annotations

import warnings
from itertools import islice
from numbers import Integral, Real

from sklearn.exceptions import ConvergenceWarning

from .._array import array_namespace
from .._sklearn import Interval, StrOptions, validate_params
from .._validation import as_table
from ..linalg._lp_norm import lp_residual_steps
from ..linalg._row_scores import lewis_passes, row_coordinates, squared_lengths

__all__ = ["leverage_scores", "lewis_weights", "lp_sensitivities"]

MOST_SENSITIVITIES = 5000
"""Rows for which the sampler does not refuse one ℓp regression each."""
SENSITIVITY_STEPS = 100
"""Most steps for one sensitivity; some 10 are usual."""


def coordinates_of(X):
    """Orthonormal coordinates of the rows, of a table that is not all zero."""
    coordinates = row_coordinates(X)
    check_rank(coordinates.forward.shape[1])
    return coordinates


def check_rank(rank):
    """Return the rank of a table, unless that is zero."""
    if rank == 0:
        raise ValueError(
            "Every row of X is zero: no row counts more than another. Pass data, or "
            "draw uniformly."
        )
    return rank


def leverage_scores(X):
    """Find the leverage of each row: the most it can weigh in a sum of squares.

    ``τ_i = x_iᵀ (XᵀX)⁺ x_i``, the largest share of ``‖X b‖²`` that ``(x_iᵀ b)²`` has
    for any b.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Rows, used as they are. Put a column of ones in front for the leverage in a
        regression with an intercept.

    Returns
    -------
    scores : array of shape (n_samples,)
        Between 0 and 1, with the rank of `X` as sum; in the library and the precision
        of `X`.

    Raises
    ------
    ValueError
        If `X` is not a finite table, or is zero.

    See Also
    --------
    lewis_weights : The like for other norms.
    LpRowSampler : Draws rows by such scores.

    Notes
    -----
    By the Gram matrix of columns at unit length; by QR of the rows where that loses
    more than half of the digits. Columns that depend on others to rounding add
    nothing. Cost O(n d²).

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.sampling import leverage_scores
    >>> leverage_scores([[1.0, 0.0], [1.0, 0.0], [0.0, 9.0]]).round(3)
    array([0.5, 0.5, 1. ])
    """
    X = as_table(X)
    scores = squared_lengths(coordinates_of(X).rows)
    xp = array_namespace(X)
    return xp.astype(xp.clip(scores, None, 1.0), X.dtype)


@validate_params(
    {
        "X": "no_validation",
        "p": [Interval(Real, 0.1, 100, closed="both")],
        "tol": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "return_n_iter": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def lewis_weights(X, p=1, *, tol=1e-6, max_iter=200, return_n_iter=False):
    """Find ℓp Lewis weights: leverage made to fit the norm.

    The weights w that are the leverage of the rows they scale:
    ``w_i = τ_i(W^(1/2 - 1/p) X)``.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Rows, used as they are.
    p : float in [0.1, 100], default=1
        Exponent of the norm.
    tol : float, default=1e-6
        Stop when no weight would change by more than this factor less one. For
        sampling 1e-2 is plenty.
    max_iter : int, default=200
        Most passes over the rows.
    return_n_iter : bool, default=False
        Whether to return the number of passes too.

    Returns
    -------
    weights : array of shape (n_samples,)
        Between 0 and 1, with the rank of `X` as sum; in the library and the precision
        of `X`.
    n_iter : int
        Passes: a Gram matrix, its factors, and the lengths of the rows. One more pass
        comes before, for orthonormal coordinates. Only with `return_n_iter`.

    Raises
    ------
    ValueError
        If `X` is not a finite table or is zero, or a parameter is out of range.

    Warns
    -----
    ConvergenceWarning
        If `max_iter` passes do not reach `tol`.

    See Also
    --------
    leverage_scores : The case p = 2.
    lp_sensitivities : What the weights bound, for p <= 2.

    Notes
    -----
    Weights belong to the span of the columns and to nothing else, so the table is
    first brought to orthonormal columns, where only the weights themselves can
    make a Gram matrix ill-conditioned. A square root of it is then found by QR.

    *Difference from the paper.* In v = log w the weights are a fixed point v = T(v),
    and the derivative of T has its eigenvalues between 0 and 1 - p/2 at every v. Cohen
    and Peng repeat T, at the rate ``|1 - p/2|``, for p < 4. Here each pass adds a
    momentum to the step, the second-order Richardson iteration for that interval, at
    the rate (√b - √a)/(√b + √a), a = min(1, p/2), b = max(1, p/2), for every p: .17 in
    place of .5 at p = 1. From ``w ∝ τ^min(1, p/2)``, 1 to 7 passes reach 1e-2 for
    1 <= p <= 4 and at most 22 for p from .5 to 20, in all that we tried. Global
    convergence is known for T with p < 4 and observed here.

    Cost O(n d²) a pass, memory O(n d).

    References
    ----------
    M. B. Cohen and R. Peng, "Lp row sampling by Lewis weights", STOC (2015).
    :doi:`10.1145/2746539.2746567`

    Examples
    --------
    A row that hides ten others in the sum of squares does not do so in the sum of
    absolute values:

    >>> import numpy as np
    >>> from skspace.sampling import leverage_scores, lewis_weights
    >>> X = np.r_[10.0, np.ones(10)][:, None]
    >>> leverage_scores(X)[1:].sum().round(3)
    np.float64(0.091)
    >>> lewis_weights(X, p=1)[1:].sum().round(3)
    np.float64(0.5)
    """
    X = as_table(X)
    xp = array_namespace(X)
    rows = coordinates_of(X).rows
    n_iter = 0
    for state in islice(lewis_passes(rows, p), max_iter):
        n_iter += 1
        if state.change <= tol:
            break
    else:
        warnings.warn(
            f"Lewis weights still change by a factor {state.change:.2g} after "
            f"max_iter={max_iter} passes > tol={tol:g}; increase max_iter.",
            ConvergenceWarning,
            stacklevel=2,
        )
    weights = xp.astype(xp.clip(state.weights, None, 1.0), X.dtype)
    return (weights, n_iter) if return_n_iter else weights


@validate_params(
    {
        "X": "no_validation",
        "p": [Interval(Real, 1, 32, closed="both")],
        "method": [StrOptions({"exact", "bound"})],
        "tol": [Interval(Real, 0, None, closed="neither")],
    },
    prefer_skip_nested_validation=True,
)
def lp_sensitivities(X, p=1, *, method="exact", tol=1e-8):
    """Find ℓp sensitivities: the most each row can weigh in a sum of p-th powers.

    ``s_i = max over b of |x_iᵀ b|^p / ‖X b‖_p^p``.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Rows, used as they are.
    p : float in [1, 32], default=1
        Exponent of the norm.
    method : {"exact", "bound"}, default="exact"
        "exact" solves one ℓp regression a row, for tables of up to some thousand rows.
        "bound" returns upper bounds at the cost of some passes.
    tol : float, default=1e-8
        Relative duality gap at which the regression of a row ends.

    Returns
    -------
    scores : array of shape (n_samples,)
        Between 0 and 1; in the library and the precision of `X`. The sum lies between
        r^(p/2) and r for p <= 2, r the rank of `X` (with many rows), and between r and
        r^(p/2) for p >= 2.

    Raises
    ------
    ValueError
        If `X` is not a finite table or is zero, or a parameter is out of range.

    See Also
    --------
    lewis_weights : The bound for p <= 2.
    leverage_scores : The case p = 2.

    Notes
    -----
    In orthonormal coordinates q_i of the rows, ``1/s_i = min ‖Q b‖_p^p`` over
    ``q_iᵀ b = 1``, a regression of ``Q q_i/|q_i|²`` on the r - 1 directions orthogonal
    to q_i, which :class:`~skspace.linear_model.LpRegression` solves (a linear program
    for p = 1).

    The bounds are ``min(τ^(p/2), w)`` for p <= 2 and
    ``min(n^(p/2-1) τ^(p/2), r^(p/2-1) w, 1)`` for p >= 2, τ leverage and w Lewis
    weights.

    Cost of "exact" O(n² r²) times some 10 steps, of "bound" O(n r²) times some
    passes.

    References
    ----------
    S. Padmanabhan, D. P. Woodruff and Q. Zhang, "Computing approximate ℓp
    sensitivities", NeurIPS 36 (2023). :doi:`10.48550/arXiv.2311.04158`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.sampling import lp_sensitivities
    >>> X = np.array([[3.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    >>> lp_sensitivities(X, p=1).round(3)
    array([0.75, 0.25, 0.5 , 0.5 ])
    """
    X = as_table(X)
    xp = array_namespace(X)
    rows = coordinates_of(X).rows
    if p == 2:
        scores = squared_lengths(rows)
    elif method == "bound":
        scores = sensitivity_bounds(rows, p)
    else:
        scores = exact_sensitivities(rows, p, tol)
    return xp.astype(xp.clip(scores, None, 1.0), X.dtype)


def bounding_scores(method, rows, p):
    """Scores of orthonormal rows that no linear map of theirs has for lengths.

    By the methods "sensitivity", "l2_augmented" and "uniform" of the sampler.
    """
    n_rows = rows.shape[0]
    if method == "uniform":
        return array_namespace(rows).ones_like(rows[:, 0])
    leverage = squared_lengths(rows)
    if method == "l2_augmented":
        bounds = leverage if p == 2 else sensitivity_bounds(rows, p)
        return bounds + leverage + 1 / n_rows
    if p == 2:
        return leverage
    if n_rows > MOST_SENSITIVITIES:
        raise ValueError(
            f"method='sensitivity' solves one regression a row, {n_rows} here, and is "
            f"offered for up to {MOST_SENSITIVITIES} rows; use 'lewis', whose weights "
            "bound the sensitivities for p <= 2."
        )
    return exact_sensitivities(rows, p, 1e-6)


def sensitivity_bounds(rows, p, passes=20):
    """Upper bounds on the sensitivities of orthonormal rows."""
    xp = array_namespace(rows)
    n_rows, rank = rows.shape
    by_leverage = squared_lengths(rows) ** (p / 2)
    for state in islice(lewis_passes(rows, p), passes):
        if state.change <= 1e-3:
            break
    # What weights may still be short of the fixed point.
    weights = state.weights * (1 + state.change)
    if p > 2:
        by_leverage = by_leverage * n_rows ** (p / 2 - 1)
        weights = weights * rank ** (p / 2 - 1)
    return xp.clip(xp.minimum(by_leverage, weights), None, 1.0)


def exact_sensitivities(rows, p, tol):
    """Sensitivities of orthonormal rows, one regression each."""
    xp = array_namespace(rows)
    one = xp.ones_like(rows[:, 0])
    squares = squared_lengths(rows)
    scores = []
    for i in range(rows.shape[0]):
        square = float(squares[i])
        if square == 0:
            scores.append(0.0)
            continue
        unit = rows[i, :] / square**0.5
        # The reflection of ± the first axis to `unit`; its other columns are
        # orthonormal and orthogonal to `unit`.
        sign = 1.0 if float(unit[0]) >= 0 else -1.0
        v = xp.concat([unit[:1] + sign, unit[1:]])
        reflected = rows - (rows @ v)[:, None] * (2 / xp.sum(v * v)) * v
        along = -sign * reflected[:, 0] / square**0.5  # of q_i itself: 1
        steps = lp_residual_steps(reflected[:, 1:], along, p, one)
        for state in islice(steps, SENSITIVITY_STEPS):
            if state.change <= tol:
                break
        scores.append(state.objective**-p)
    return xp.stack([score * one[0] for score in scores])
