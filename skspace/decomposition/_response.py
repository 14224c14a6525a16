"""Responses as reducers take them, on the host."""

from __future__ import annotations

import numpy as np

from .._response import TARGET_TYPES, check_response, check_weights
from ..linalg._slices import numbers_if_all

__all__ = ["TARGET_TYPES", "check_response", "check_weights", "response_columns"]


def response_columns(y, kind, n_slices, weights=None):
    """Columns of numbers for methods that use the values of y.

    Classes become indicators, one of two and all of more, so that their order does
    not matter; numbers stay.

    Returns
    -------
    table : ndarray of shape (n_samples, n_columns), float64
    """
    table = y[:, None] if y.ndim == 1 else y
    columns = []
    for column in table.T:
        column = numbers_if_all(column)
        seen = column if weights is None else column[weights > 0]
        numeric = column.dtype.kind in "iuf"
        values = np.unique(seen)
        few = np.isscalar(n_slices) and len(values) <= n_slices
        if kind == "discrete" or not numeric or (kind == "auto" and few):
            shown = values[1:] if len(values) == 2 else values
            columns += [(column == v).astype(np.float64) for v in shown]
        else:
            columns.append(column.astype(np.float64))
    return np.stack(columns, axis=1)
