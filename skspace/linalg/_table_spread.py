"""What principal axes need of a table, in a form that merges."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .._array import array_namespace


class TableSpread(NamedTuple):
    """Centre, extremes and spread of rows, in float64.

    `spread` is the scatter S about the mean, of shape (p, p), or a triangle R with
    ``RᵀR = S``, which holds twice the digits.
    """

    n_rows: int
    mean: Any
    least: Any
    largest: Any
    spread: Any
    triangular: bool


def table_spread(X, *, triangular):
    """Summarise a table; a triangle costs several times a scatter.

    Parameters
    ----------
    X : array of shape (n, p)
    triangular : bool

    Returns
    -------
    TableSpread
    """
    xp = array_namespace(X)
    X = xp.astype(X, xp.float64)
    with np.errstate(over="ignore", invalid="ignore"):  # extremes tell of overflow
        mean = xp.mean(X, axis=0)
        away = X - mean
        if triangular:
            spread = xp.linalg.qr(away)[1]
        else:
            spread = xp.matrix_transpose(away) @ away
    extremes = xp.min(X, axis=0), xp.max(X, axis=0)
    return TableSpread(X.shape[0], mean, *extremes, spread, triangular)


def merge_spreads(a, b):
    """Summaries of two tables as if they were one.

    The order of merging changes nothing but rounding.
    """
    xp = array_namespace(a.mean)
    n_rows = a.n_rows + b.n_rows
    delta = b.mean - a.mean
    apart = math.sqrt(a.n_rows * (b.n_rows / n_rows)) * delta[None, :]
    with np.errstate(over="ignore", invalid="ignore"):
        if a.triangular:
            spread = xp.linalg.qr(xp.concat([a.spread, b.spread, apart]))[1]
        else:
            spread = a.spread + b.spread + xp.matrix_transpose(apart) @ apart
    return TableSpread(
        n_rows,
        a.mean + (b.n_rows / n_rows) * delta,
        xp.minimum(a.least, b.least),
        xp.maximum(a.largest, b.largest),
        spread,
        a.triangular,
    )
