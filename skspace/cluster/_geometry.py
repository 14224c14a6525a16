"""The rows a subspace method works on: centred, lifted and scaled to unit length."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .._array import array_namespace, to_numpy


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
    mean = xp.zeros_like(scaled[0, ...])
    if center:
        # Running sums of float32 drift by more than a standard deviation on long
        # tables with an offset; the mean of what is left corrects them.
        for _ in range(3):
            mean = mean + xp.mean(scaled - mean, axis=0)
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
    limits = xp.finfo(X.dtype)
    # Each row in a unit of its own, a power of two near the largest of the numbers
    # that meet in it: new rows may be of quite another size than the training rows.
    meeting = max(float(xp.max(xp.abs(geometry.mean))), geometry.lift * geometry.unit)
    peak = xp.clip(xp.max(xp.abs(X), axis=1, keepdims=True), min=meeting)
    peak = xp.where(peak > 0, peak, xp.ones_like(peak))
    exponent = xp.clip(
        xp.floor(xp.log2(peak)), min=float(np.log2(float(limits.smallest_normal)))
    )
    own = 2.0**exponent
    scaled, mean = X / own, geometry.mean / own
    V = scaled - mean
    # A difference below the rounding error of its terms is no direction.
    noise = 8 * float(limits.eps) * (xp.abs(scaled) + xp.abs(mean))
    directionless = xp.all(xp.abs(V) <= noise, axis=1)
    if geometry.lift:
        V = xp.concat([V, geometry.lift * (geometry.unit / own)], axis=1)
        directionless = directionless & False
    length = xp.sqrt(xp.sum(V * V, axis=1, keepdims=True))
    directionless = directionless | (length[:, 0] == 0)
    lost = directionless[:, None]
    V = V / xp.where(lost, xp.ones_like(length), length)
    if geometry.length:
        # Lengths whose square is no number any more are as good as zero or endless.
        power = exponent - float(np.log2(geometry.unit))
        bound = float(np.log2(float(limits.max))) / 4
        length = length * 2.0 ** xp.clip(power, min=-2 * bound, max=2 * bound)
        length = xp.clip(length / geometry.length, max=2.0**bound)
        lost = lost | (length < 2.0**-bound)
        V, directionless = V * length, lost[:, 0]
    return xp.where(lost, xp.zeros_like(V), V), directionless


def distinct_directions(V):
    """Index of the first row of every direction, and the one each row repeats.

    Rows that differ by a factor, negative ones included, have one direction: they
    lie in the same linear subspaces. So do rows that differ by rounding (ten digits,
    five of float32); a sample must not be represented by its own copy.

    Returns
    -------
    first : ndarray of shape (n_distinct,)
        Positions in V.
    copy_of : ndarray of shape (n_samples,)
        Positions in `first`.
    """
    V = to_numpy(V)
    digits = 1e5 if V.dtype == np.float32 else 1e10
    magnitude = np.abs(V)
    peak = magnitude.max(axis=1, keepdims=True)
    # The sign of the first large entry: near ties for the largest do not matter.
    leading = np.argmax(magnitude >= 0.5 * peak, axis=1)[:, None]
    scale = np.take_along_axis(V, leading, axis=1)
    scale = np.where(peak > 0, np.sign(scale) * np.linalg.norm(V, axis=1)[:, None], 1.0)
    rows = np.rint(V / scale * digits).astype(np.int64)
    seen: dict[bytes, int] = {}
    copy_of = np.array([seen.setdefault(row.tobytes(), len(seen)) for row in rows])
    return np.unique(copy_of, return_index=True)[1], copy_of


def _rms_length(V, lift=0.0):
    xp = array_namespace(V)
    length = float(xp.sqrt(xp.sum(V * V) / V.shape[0]))
    return float(np.hypot(length, lift)) or 1.0
