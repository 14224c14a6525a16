"""Responses and weights as reducers take them, on the host."""

from __future__ import annotations

from numbers import Real

import numpy as np
from sklearn.utils.validation import check_array, check_consistent_length

from .._array import is_array_api_obj, to_numpy

TARGET_TYPES = {"auto", "continuous", "discrete"}


def check_response(y, X):
    """Return `y` as a host array of one or two dimensions, as long as `X`.

    Raises
    ------
    ValueError
        If lengths disagree, or `y` holds NaN, infinity or complex numbers.
    """
    if is_array_api_obj(y):
        y = to_numpy(y)
    y = check_array(y, ensure_2d=False, dtype=None, input_name="y")
    check_consistent_length(X, y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.dtype.kind == "O":
        values = y.ravel()
        if all(isinstance(v, Real) and not isinstance(v, bool) for v in values):
            return y.astype(np.float64)
    return y


def check_weights(sample_weight, X):
    """Return weights as a host float64 array, or None for none.

    Raises
    ------
    ValueError
        If they are not one finite non-negative number per row with a positive sum.
    """
    if sample_weight is None:
        return None
    if is_array_api_obj(sample_weight):
        sample_weight = to_numpy(sample_weight)
    if isinstance(sample_weight, Real):
        sample_weight = np.full(X.shape[0], sample_weight)
    weights = check_array(
        sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight"
    )
    if weights.ndim != 1 or len(weights) != X.shape[0]:
        raise ValueError(
            f"sample_weight must have the shape ({X.shape[0]},) of the rows of X, got "
            f"{weights.shape}."
        )
    if np.any(weights < 0):
        raise ValueError("Negative values in sample_weight: rows cannot be taken away.")
    if not np.any(weights):
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return weights


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
