"""Responses of predictors, on the host: numbers of several outputs, or classes."""

from __future__ import annotations

import numpy as np
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    check_array,
    check_consistent_length,
    column_or_1d,
)

from .._array import is_array_api_obj, to_numpy


def as_outputs(y, X):
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
    table = y.astype(np.float64).reshape(len(y), -1)
    return table, y.ndim == 1


def check_classes(y, X):
    """Return `y` as a host column of classes.

    Raises
    ------
    ValueError
        If it is not a column as long as `X`, holds missing values, or numbers that are
        no classes.
    """
    if is_array_api_obj(y):
        y = to_numpy(y)
    y = column_or_1d(y, warn=True)
    check_array(y, ensure_2d=False, dtype=None, input_name="y")
    check_consistent_length(X, y)
    with np.errstate(invalid="ignore"):  # large numbers become no integers
        check_classification_targets(y)
    return y


def classes_with_weight(y, weights, estimator):
    """Find the classes of rows that count, at least two."""
    classes = np.unique(y if weights is None else y[weights > 0])
    if len(classes) < 2:
        raise ValueError(
            f"{type(estimator).__name__} needs at least 2 classes with weight, got one "
            f"class: {classes[0]!r}."
        )
    return classes
