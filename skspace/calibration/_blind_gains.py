"""Blind calibration: gains of sensors and the signal they measure, at once."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from itertools import islice
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from .._array import array_namespace, asarray_like, is_array_api_obj, to_numpy
from .._sklearn import Interval, StrOptions, validate_params
from .._validation import as_table
from ..exceptions import DegenerateDataWarning
from ..linalg import as_basis
from ._solvers import descent, n_undetermined, start, variable_projection

__all__ = ["BlindCalibrationResult", "blind_gain_calibration"]

SOLVERS = {"accelerated": variable_projection, "pgd": descent}

LEAST_CHANGE = 1e-7
"""Relative change of the estimates that counts as none."""


@dataclass(frozen=True, eq=False, repr=False)
class BlindCalibrationResult:
    """Signal and gains found: see :func:`blind_gain_calibration`.

    Attributes
    ----------
    signal : array of shape (n,)
        What the sensors measured.
    gains : array of shape (m,)
        Gain of each sensor, with mean 1; ``y / gains`` are calibrated readings.
    converged : bool
        Whether the readings are explained, or the estimates settled.
    n_iter : int
        Steps taken.
    loss_curve : ndarray of shape (n_iter + 1,)
        Sum of squares of ``gains * (A @ signal) - y`` over ``2 m p``, at the start
        and after every step; infinite where squares of readings are.

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.calibration import blind_gain_calibration
    >>> A = np.random.RandomState(0).standard_normal((6, 10, 4))
    >>> blind_gain_calibration(A, A @ np.ones(4))  # doctest: +ELLIPSIS
    BlindCalibrationResult(10 gains from 1 to 1, signal of length 4; converged in ...)
    """

    signal: Any
    gains: Any
    converged: bool
    n_iter: int
    loss_curve: Any

    def __repr__(self):
        gains = to_numpy(self.gains)
        end = "converged in" if self.converged else "NOT converged after"
        return (
            f"{type(self).__name__}({len(gains)} gains from {gains.min():.3g} to "
            f"{gains.max():.3g}, signal of length {len(self.signal)}; {end} "
            f"{self.n_iter} steps, loss {self.loss_curve[-1]:.2g})"
        )


@validate_params(
    {
        "A": "no_validation",
        "y": "no_validation",
        "subspace_signal": "no_validation",
        "subspace_gain": "no_validation",
        "rho": [Interval(Real, 0, 1, closed="neither")],
        "solver": [StrOptions(set(SOLVERS))],
        "tol": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def blind_gain_calibration(
    A,
    y,
    *,
    subspace_signal=None,
    subspace_gain=None,
    rho=0.9,
    solver="accelerated",
    tol=1e-12,
    max_iter=2000,
):
    """Find the gains of sensors and the signal they measure, from readings alone.

    Sensor i multiplies what it should read by an unknown positive gain, in all of p
    snapshots of one signal through known random operators:
    ``y[l] = gains * (A[l] @ signal) + noise``.

    Parameters
    ----------
    A : array-like of shape (p, m, n)
        Operators of p snapshots: m sensors, a signal of length n.
    y : array-like of shape (p, m)
        Readings.
    subspace_signal : array-like of shape (n, k) or fitted estimator, default=None
        Columns (rows of ``components_`` of an estimator) span a subspace that holds
        the signal; see :func:`skspace.linalg.as_basis`.
    subspace_gain : array-like of shape (m, h) or fitted estimator, default=None
        The same for the gains. Equal gains must be among them.
    rho : float in (0, 1), default=0.9
        Gains lie within ``1 - rho`` and ``1 + rho``, their mean being 1, which fixes
        the scale that signal and gains could share otherwise.
    solver : {"accelerated", "pgd"}, default="accelerated"
        Variable projection, of some 5 to 20 steps of cost O(m p n²); or projected
        gradient descent with exact line searches, of hundreds of steps of cost
        O(m p n), for signals so long that n x n matrices are out of the question.
    tol : float, default=1e-12
        Stop when the sum of squared misfits is this share of that of the readings
        themselves; or when the estimates move by less than 1e-7 of their length.
    max_iter : int, default=2000
        Most steps.

    Returns
    -------
    result : BlindCalibrationResult
        With `signal`, `gains`, `converged`, `n_iter` and `loss_curve`; arrays are in
        the library and the precision of `A`.

    Raises
    ------
    ValueError
        If shapes disagree or entries are not finite; if there are fewer readings than
        unknowns less one; if a sensor gets nothing in any snapshot, or all readings
        are zero, or orthogonal to the operators; if `subspace_gain` does not hold
        equal gains; if the signal is beyond the range of its dtype.

    Warns
    -----
    ConvergenceWarning
        If `max_iter` steps neither explain the readings nor settle.
    DegenerateDataWarning
        If gains end at the bounds that `rho` sets, or (accelerated solver) if the
        readings leave more undetermined than the scale.

    Notes
    -----
    *Notation.* A_l, y_l, x and g of the paper are ``A[l]``, ``y[l]``, `signal` and
    `gains`; g = 1 + e with sum of e zero and ``|e| <= rho``.

    *Descent* is the paper's, with the line search that is exact for signal and gains
    alone.

    *Variable projection* (not in the paper) takes the best gains for each signal,
    ``g_i = Σ_l y_li u_li / Σ_l u_li²``, u_l = A_l x, and Gauss-Newton steps on the
    signal alone, damped as by Levenberg and Marquardt. Both start at the direction of
    ``Σ A_lᵀ y_l``.

    *How many snapshots.* With Gaussian operators both succeed from about
    m p = 1.5 (m + n) on, variable projection from 1.3 on and mostly with m + n; with
    subspaces of dimensions k and h, m + n is h + k. The problem is not convex: with
    fewer snapshots it can end in a wrong minimum, which shows in the misfit, not in
    `converged`.

    *Noise* with standard deviation σ leaves an error of the order of σ. The linear
    method, the least singular vector for unknown 1/g and x, is exact without noise and
    biased with it, since the readings are its coefficients.

    References
    ----------
    V. Cambareri and L. Jacques, "Through the haze: a non-convex approach to blind
    gain calibration for linear random sensing models", Information and Inference 8
    (2019). :doi:`10.1093/imaiai/iay004`

    G. Golub and V. Pereyra, "Separable nonlinear least squares: the variable
    projection method and its applications", Inverse Problems 19 (2003).
    :doi:`10.1088/0266-5611/19/2/201`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.calibration import blind_gain_calibration
    >>> rng = np.random.RandomState(0)
    >>> A = rng.standard_normal((4, 30, 20))
    >>> signal, gains = rng.standard_normal(20), rng.uniform(0.5, 1.5, 30)
    >>> gains /= gains.mean()
    >>> result = blind_gain_calibration(A, gains * (A @ signal))
    >>> result.converged, np.abs(result.gains - gains).max() < 1e-5
    (True, np.True_)
    """
    A, y, dtype = _validated(A, y)
    xp = array_namespace(A)
    p, m, n = A.shape
    Z = _basis(subspace_signal, A, n, "subspace_signal", "n")
    B = _basis(subspace_gain, A, m, "subspace_gain", "m")
    if B is not None:
        _check_constant(B)
    k, h = n if Z is None else Z.shape[1], m if B is None else B.shape[1]
    if p * m < k + h - 1:
        raise ValueError(
            f"{p} x {m} readings cannot determine {k} + {h} unknowns (but for one "
            "scale); take more snapshots, or pass subspace_signal or subspace_gain."
        )
    operator = A if Z is None else A @ Z
    scale = float(xp.max(xp.abs(y)))
    size = float(xp.max(xp.abs(operator)))
    if size == 0:
        raise ValueError("A is zero on subspace_signal: nothing is measured.")
    operator = xp.reshape(operator / size, (p * m, k))
    begin = start(operator, y / scale)
    if begin is None:
        raise ValueError(
            "The readings have no correlation with the operators (the sum of "
            "A[l].T @ y[l] is zero): there is nowhere to start; take more snapshots."
        )
    states = SOLVERS[solver](operator, y / scale, begin, rho, B)
    target = tol * float(xp.mean((y / scale) ** 2)) / 2
    losses, converged = [], False
    for state in islice(states, max_iter + 1):
        losses.append(state.loss)
        converged = state.loss <= target or state.change <= LEAST_CHANGE
        if converged:
            break
    # A solver that came to its own end found no way down.
    converged = converged or len(losses) <= max_iter
    if not converged:
        warnings.warn(
            f"Blind calibration stopped at max_iter={max_iter} with a change of "
            f"{state.change:.2g}; increase max_iter, use solver='accelerated', or take "
            "more snapshots.",
            ConvergenceWarning,
            stacklevel=2,
        )
    _warn_of_bounds(state.gains, rho)
    if solver == "accelerated":  # it costs one of its steps
        n_open = n_undetermined(operator, y / scale, state.signal, state.gains, B)
        if n_open:
            warnings.warn(
                f"{n_open} directions of the signal can be changed, with gains to "
                "match, without changing a reading; take snapshots through operators "
                "that differ more, or pass a subspace.",
                DegenerateDataWarning,
                stacklevel=2,
            )
    signal = state.signal if Z is None else Z @ state.signal
    with np.errstate(over="ignore", invalid="ignore"):
        losses = np.array(losses) * scale * scale
        signal = xp.astype(signal * (scale / size), dtype)
    if not bool(xp.all(xp.isfinite(signal))):
        raise ValueError(
            f"The signal is beyond the range of {dtype}: y is too large beside A; "
            "change the unit of one of them."
        )
    return BlindCalibrationResult(
        signal,
        xp.astype(state.gains, dtype),
        bool(converged),
        len(losses) - 1,
        losses,
    )


def _validated(A, y):
    """Return operators and readings in float64, and the dtype of the operators."""
    A = as_table(A, allow_nd=True, input_name="A")
    if A.ndim != 3:
        raise ValueError(
            f"A must have shape (p, m, n), got {tuple(A.shape)}; one snapshot is "
            "A[None]."
        )
    y = to_numpy(y) if is_array_api_obj(y) else y
    y = np.asarray(as_table(y, input_name="y"), dtype=np.float64)
    if y.shape != tuple(A.shape[:2]):
        raise ValueError(
            f"y must have shape (p, m) = {tuple(A.shape[:2])} since A has "
            f"{tuple(A.shape)}, got {y.shape}."
        )
    if not np.any(y):
        raise ValueError("Every reading in y is zero: no gain can be told.")
    xp = array_namespace(A)
    dtype, A = A.dtype, xp.astype(A, xp.float64)
    silent = to_numpy(xp.max(xp.abs(A), axis=(0, 2))) == 0
    if np.any(silent):
        raise ValueError(
            f"Sensors {np.flatnonzero(silent).tolist()} get nothing in any snapshot "
            "(A[:, i] is zero), so that their gains cannot be told; leave them out."
        )
    return A, asarray_like(y, A), dtype


def _basis(subspace, A, size, name, letter):
    """Orthonormal float64 basis where A lives, or None."""
    if subspace is None:
        return None
    basis = as_basis(subspace)
    if basis.shape[0] != size:
        raise ValueError(
            f"{name} must have {letter} = {size} rows as A has shape {tuple(A.shape)},"
            f" got {basis.shape[0]}."
        )
    xp = array_namespace(A)
    return asarray_like(to_numpy(basis), A, dtype=xp.float64)


def _check_constant(B):
    """Refuse a subspace of gains without equal gains."""
    xp = array_namespace(B)
    one = xp.ones_like(B[:, 0])
    left = one - B @ (xp.matrix_transpose(B) @ one)
    if float(xp.max(xp.abs(left))) > 1e-5:
        raise ValueError(
            "subspace_gain must hold equal gains: put a column of ones in front of "
            "its basis."
        )


def _warn_of_bounds(gains, rho):
    excess = np.abs(to_numpy(gains) - 1)
    at_bound = np.flatnonzero(excess >= rho * (1 - 1e-6))
    if len(at_bound):
        warnings.warn(
            f"{len(at_bound)} gains end at the bounds 1 ± {rho:g} (first: sensor "
            f"{at_bound[0]}): raise rho below 1, or check these sensors.",
            DegenerateDataWarning,
            stacklevel=3,
        )
