"""Responses of predictors: numbers of one or several outputs, on the host."""

from __future__ import annotations

import numpy as np
from sklearn.utils.validation import check_array, check_consistent_length

from .._array import is_array_api_obj, to_numpy


def check_numbers(y, X):
    """Return `y` as a host table of float64, and whether it had one dimension.

    Raises
    ------
    ValueError
        If it is not as long as `X` or holds anything but finite numbers.
    """
    if is_array_api_obj(y):
        y = to_numpy(y)
    y = check_array(y, ensure_2d=False, dtype="numeric", input_name="y")
    check_consistent_length(X, y)
    if y.ndim > 2:
        raise ValueError(f"y must have one or two dimensions, got {y.ndim}.")
    table = y.astype(np.float64).reshape(len(y), -1)
    return table, y.ndim == 1
