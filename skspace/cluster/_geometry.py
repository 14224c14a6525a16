"""The rows a subspace method works on: centred, lifted and scaled to unit length."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .._array import array_namespace, asarray_like, to_numpy


class Geometry(NamedTuple):
    """How input rows become prepared rows; found in ``fit``, reused in ``predict``."""

    unit: float  # power of two near max|X|: no square overflows or vanishes
    mean: object  # (n_features,) subtracted column means, zeros without centring
    lift: float  # the constant appended to every row, 0 without `affine`
    length: float  # common divisor of rows, 0 when each has its own


def find_geometry(X, *, center, normalize, affine):
    """Find the geometry of training rows.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
    center : bool
        Subtract column means. Done before rows are scaled: the reverse order costs
        up to eighteen points of accuracy on faces.
    normalize : bool
        Scale every row to unit length; else all rows by their root mean square.
    affine : bool
        Append a constant to every row (homogeneous coordinates). An affine subspace
        of dimension d becomes a linear one of dimension d + 1, for every method
        alike. The constant is the root mean square row length, so that offset and
        direction weigh the same.

    Returns
    -------
    Geometry
    """
    xp = array_namespace(X)
    largest = float(xp.max(xp.abs(X)))
    unit = float(2.0 ** np.floor(np.log2(largest))) if largest > 0 else 1.0
    scaled = X / unit
    mean = xp.mean(scaled, axis=0) if center else xp.zeros_like(scaled[0, ...])
    centred = scaled - mean
    lift = _rms_length(centred) if affine else 0.0
    length = 0.0 if normalize else _rms_length(centred, lift)
    return Geometry(unit, mean * unit, lift, length)


def prepare(X, geometry):
    """Prepare rows, and say which of them have no direction.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
    geometry : Geometry

    Returns
    -------
    V : array of shape (n_samples, n_features) or, affine, (n_samples, n_features + 1)
        Rows without a direction (equal to the subtracted mean up to rounding, or
        zero) are zero.
    directionless : boolean array of shape (n_samples,)
    """
    xp = array_namespace(X)
    scaled, mean = X / geometry.unit, geometry.mean / geometry.unit
    V = scaled - mean
    # A difference below the rounding error of its terms is no direction.
    noise = 8 * float(xp.finfo(X.dtype).eps) * (xp.abs(scaled) + xp.abs(mean))
    directionless = xp.all(xp.abs(V) <= noise, axis=1)
    if geometry.lift:
        constant = xp.full_like(V[:, :1], geometry.lift)
        V, directionless = xp.concat([V, constant], axis=1), directionless & False
    if geometry.length:
        length = xp.full_like(V[:, :1], geometry.length)
    else:
        peak = xp.max(xp.abs(V), axis=1, keepdims=True)
        peak = xp.where(peak > 0, peak, xp.ones_like(peak))
        V = V / peak
        length = xp.sqrt(xp.sum(V * V, axis=1, keepdims=True))
    usable = ~directionless[:, None] & (length > 0)
    ones = xp.ones_like(length)
    V = xp.where(usable, V / xp.where(usable, length, ones), xp.zeros_like(V))
    return V, directionless


def distinct_rows(V):
    """Index of the first copy of every row, in order, and the copy each row is of.

    Returns
    -------
    first : ndarray of shape (n_distinct,)
        Positions in V.
    copy_of : ndarray of shape (n_samples,)
        Positions in `first`.
    """
    rows = np.ascontiguousarray(to_numpy(V)) + 0.0  # -0.0 and 0.0 are one number
    seen: dict[bytes, int] = {}
    copy_of = np.array([seen.setdefault(row.tobytes(), len(seen)) for row in rows])
    return np.unique(copy_of, return_index=True)[1], copy_of


def take_rows(V, rows):
    """Rows of V by host indices, in the library of V."""
    return array_namespace(V).take(V, asarray_like(rows, V), axis=0)


def _rms_length(V, lift=0.0):
    xp = array_namespace(V)
    length = float(xp.sqrt(xp.sum(V * V) / V.shape[0]))
    return float(np.hypot(length, lift)) or 1.0
