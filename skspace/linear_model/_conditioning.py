"""What a fit found out about the conditioning of its data, as data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..linalg._conditioning import (
    plain_error,
    rank_tolerance,
    singular_spectrum,
    weak_directions,
)
from ..linalg._refinement import EPS

__all__ = ["Conditioning", "conditioning_of"]

MOST_CONDITION = 1e7
"""Beyond it conjugate gradients miss weak directions, and the errors left there."""


@dataclass(frozen=True)
class Conditioning:
    """Conditioning of a least-squares problem and the digits its solution has.

    Parameters
    ----------
    condition_number : float
        Ratio of extreme singular values of the columns as they are, weighted and with
        the constant. NaN where no factor was computed.
    condition_number_scaled : float
        The same for columns at unit length: what no choice of units removes.
    condition_number_preconditioned : float
        Of the problem that was iterated on: 1 after a QR, exact with "schur", else
        estimated from below.
    weak_directions : tuple of WeakDirection
        Combinations of columns that are nearly zero, weakest first, at most five: each
        a (condition_index, features, loadings).
    expected_digits : float
        Correct significant digits of the coefficient that has least, as far as data
        in doubles are taken for exact. NaN where no factor was computed ("block",
        "nystrom", "jacobi", "none"): iterations do not see every weak direction, nor
        errors left there.
    expected_digits_unrefined : float
        What a QR in plain doubles is sure to leave; often a digit or two more. NaN
        likewise.
    n_iter : int
        Iterations of the solver.
    n_refinements : int
        Passes of refinement, the plain solve included.
    change_history : tuple of float
        Largest relative change of a coefficient in each pass.

    See Also
    --------
    PreconditionedRegression : Keeps one as ``conditioning_``.

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.linear_model import PreconditionedRegression
    >>> x = np.arange(20.0)
    >>> X = np.stack([x, x + 1e-6 * x**2], axis=1)
    >>> report = PreconditionedRegression().fit(X, x).conditioning_
    >>> report.weak_directions[0].features
    ('x0', 'x1')
    >>> report.expected_digits > 15 > 12 > report.expected_digits_unrefined
    True
    """

    condition_number: float
    condition_number_scaled: float
    condition_number_preconditioned: float
    weak_directions: tuple
    expected_digits: float
    expected_digits_unrefined: float
    n_iter: int
    n_refinements: int
    change_history: tuple


def conditioning_of(
    found, refined, x, *, kind, scale, names, tol, n_iter, condition, residual
):
    """Collect what a fit found out.

    Parameters
    ----------
    found : Built
        The preconditioner, and what its factor showed.
    refined : refinement or None
        Passes of iterative refinement.
    x : ndarray of shape (n_columns, n_targets)
        Solution, for columns divided by `scale` and responses by theirs.
    kind : str
        Name of the preconditioner.
    scale : ndarray of shape (n_columns,)
        What columns were divided by.
    names : list of str
        Of the columns.
    tol : float
        Of the iterations.
    n_iter : int
        Iterations run.
    condition : float
        Condition number of what was iterated on.
    residual : ndarray of shape (n_targets,)
        Lengths of the residuals.

    Returns
    -------
    Conditioning
    """
    raw = scaled = np.nan
    weak = ()
    if found.R is not None:
        raw = ratio(singular_spectrum(found.R * scale))
        scaled = ratio(found.spectrum)
        weak = weak_directions(found.spectrum, names[: len(x)])
    elif kind == "jacobi":
        scaled = condition
    elif kind == "none":
        raw = condition
    plain = plain_digits(found, x, residual)
    digits, passes = plain, []
    if refined is not None:
        passes = max(refined.history, key=len)
        seen = condition <= MOST_CONDITION
        digits = refined.digits if seen else min(refined.digits, plain)
    elif kind != "qr":
        digits = plain + np.log10(EPS / max(tol, EPS))
    if np.isnan(plain):
        digits = np.nan
    return Conditioning(
        condition_number=float(raw),
        condition_number_scaled=float(scaled),
        condition_number_preconditioned=float(condition),
        weak_directions=weak,
        expected_digits=float(np.maximum(digits, 0.0)),
        expected_digits_unrefined=float(np.maximum(plain, 0.0)),
        n_iter=n_iter,
        n_refinements=len(passes),
        change_history=tuple(one["change"] for one in passes),
    )


def ratio(spectrum):
    """Condition number: the largest singular value over the smallest."""
    s = spectrum.values
    with np.errstate(over="ignore"):
        return s[0] / s[-1] if s[-1] > 0 else np.inf


def plain_digits(found, x, residual):
    """Digits of the worst coefficient that plain doubles leave; NaN without a factor.

    Of dependent columns, those that their rank leaves.
    """
    R, spectrum = found.R, found.spectrum
    if R is None:
        return np.nan
    values = spectrum.values
    least = values[values > rank_tolerance(len(x)) * values[0]]
    if len(least) < len(x) or len(R) < len(x):
        return -np.log10(EPS * (values[0] / least[-1] if least.size else 1.0))
    length = np.linalg.norm(R, axis=0)
    x = x * length[:, None]
    error = plain_error(R / length, x, np.nan_to_num(residual))
    size = np.maximum(np.abs(x), EPS * np.max(np.abs(x), initial=0.0))
    size[size == 0] = 1.0
    return -np.log10(np.max(np.maximum(error / size, EPS / 2)))
