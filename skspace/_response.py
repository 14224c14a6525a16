"""Responses, attributes and weights as supervised reducers take them, on the host."""

from __future__ import annotations

from numbers import Real

import numpy as np
from sklearn.utils.validation import check_array, check_consistent_length

from ._array import is_array_api_obj, to_numpy
from .linalg._slices import are_numbers, numbers_if_all

TARGET_TYPES = {"auto", "continuous", "discrete"}


def check_response(y, X, *, name="y"):
    """Return `y` as a host array of one or two dimensions, as long as `X`.

    Raises
    ------
    ValueError
        If lengths disagree, or `y` (called `name` in the message) holds missing
        values, infinity, complex numbers, dates, or classes of types that cannot be
        ordered.
    """
    if is_array_api_obj(y):
        y = to_numpy(y)
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # in a sum, to find NaN
            y = check_array(y, ensure_2d=False, dtype=None, input_name=name)
    except (TypeError, ValueError) as error:
        # Objects are not named there, and pandas' NA cannot be compared.
        if str(error) in ("Input contains NaN", "boolean value of NA is ambiguous"):
            raise ValueError(f"Input {name} contains NaN") from None
        raise
    check_consistent_length(X, y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.dtype.kind in "mM":
        raise ValueError(
            f"{name} holds dates or durations ({y.dtype}); convert them to numbers or "
            "to the classes they stand for."
        )
    if y.dtype.kind == "O":
        if are_numbers(y):
            return y.astype(np.float64)
        for column in y.reshape(len(y), -1).T:
            _check_classes(column, name)
    return y


def check_numbers(y, X):
    """Return the response of a regressor in float64, as :func:`check_response` does.

    Raises
    ------
    ValueError
        As there, and if `y` is None or holds other than numbers of that range.
    """
    if y is None:
        raise ValueError(
            "This regressor requires y to be passed, but the target y is None."
        )
    y = check_response(y, X)
    try:
        with np.errstate(over="ignore"):  # long double; infinity is refused
            numbers = np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(
            f"y must hold numbers, got {y.dtype}; encode classes as numbers."
        ) from None
    if not np.isfinite(numbers).all():
        raise ValueError(
            f"y goes beyond the range of float64, got {y.dtype}; divide it by a "
            "constant."
        )
    return numbers


def _check_classes(column, name):
    """Refuse missing and incomparable classes in a column of objects."""
    if any(v is None for v in column):
        raise ValueError(
            f"Input {name} contains None; leave rows without a response out."
        )
    try:
        np.unique(column)
    except TypeError:
        names = ", ".join(sorted({type(v).__name__ for v in column}))
        raise ValueError(
            f"{name} mixes classes of types {names}, which cannot be ordered; convert "
            f"them to one type, for example by {name}.astype(str)."
        ) from None


def check_weights(sample_weight, X, *, any_size=False):
    """Return weights as a host float64 array, or None for none.

    Raises
    ------
    ValueError
        If they are not one finite non-negative number per row with a positive sum, or,
        but where `any_size` is allowed, if squares of the largest overflow or vanish.
    """
    if sample_weight is None:
        return None
    if is_array_api_obj(sample_weight):
        sample_weight = to_numpy(sample_weight)
    if isinstance(sample_weight, Real):
        sample_weight = np.full(X.shape[0], sample_weight)
    with np.errstate(over="ignore", invalid="ignore"):  # in a sum, to find NaN
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
    if not (any_size or 1e-150 <= np.max(weights) <= 1e150):
        raise ValueError(
            f"The largest sample_weight is {np.max(weights):.1g}: squares of such "
            "numbers leave the range of float64. Multiply all by one constant."
        )
    return weights


def response_columns(y, kind, n_slices, weights=None):
    """Columns of numbers for methods that use the values of y.

    Classes become indicators, one of two and all of more, so that their order does
    not matter; numbers stay.

    Returns
    -------
    table : ndarray of shape (n_samples, n_columns), float64
        Rows without weight repeat a number of the others.

    Raises
    ------
    ValueError
        If sums of the numbers overflow.
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
            numbers = column.astype(np.float64)
            if weights is not None:  # what is not there may hold anything
                numbers = np.where(weights > 0, numbers, float(seen[0]))
            check_sums(numbers)
            columns.append(numbers)
    return np.stack(columns, axis=1)


def check_sums(y):
    """Refuse numbers whose sums and differences overflow."""
    largest = np.max(np.abs(y))
    if largest > np.finfo(np.float64).max / (4 * len(y)):
        raise ValueError(
            f"y holds numbers up to {largest:.1g}, whose sums overflow float64; divide "
            "y by a constant."
        )
