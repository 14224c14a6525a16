"""What a fit found out about the conditioning of its data, as data."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Conditioning"]


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
        Of the problem that was iterated on; 1 after a QR, else estimated from below.
    weak_directions : tuple of WeakDirection
        Combinations of columns that are nearly zero, weakest first, at most five: each
        a (condition_index, features, loadings).
    expected_digits : float
        Correct significant digits of the coefficient that has least, as far as data
        in doubles are taken for exact.
    expected_digits_unrefined : float
        What a QR in plain doubles is sure to leave; often a digit or two more.
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
