"""Concepts as columns of numbers: indicators of classes, and numbers as they are."""

from __future__ import annotations

import numpy as np

from ..linalg._slices import numbers_if_all

MOST_CLASSES = 20
"""More distinct whole numbers than these are numbers, unless said otherwise."""


def read_columns(table, kind, name):
    """Find what each column holds.

    Parameters
    ----------
    table : ndarray of shape (n_samples,) or (n_samples, n_columns)
    kind : {"auto", "continuous", "discrete"}
    name : str
        What messages call the table.

    Returns
    -------
    tuple with the sorted classes of each column, None for numbers

    Raises
    ------
    ValueError
        If numbers are asked for and there are none.
    """
    found = []
    for column in _columns(table):
        numeric = column.dtype.kind in "iuf"
        if kind == "continuous" and not numeric:
            raise ValueError(
                f"A continuous {name} must be numeric, got dtype {column.dtype}; use "
                "concept_type='discrete' or convert it."
            )
        numbers = kind == "continuous" or (
            kind == "auto" and numeric and not _are_classes(np.unique(column))
        )
        found.append(None if numbers else np.unique(column))
    return tuple(found)


def _columns(table):
    table = table[:, None] if table.ndim == 1 else table
    return [numbers_if_all(column) for column in table.T]


def _are_classes(values):
    return len(values) <= MOST_CLASSES and bool(np.all(values == np.round(values)))


def encode(table, columns):
    """Columns of numbers: an indicator for each class, and numbers.

    Values that are no known class are members of none.

    Returns
    -------
    ndarray of shape (n_samples, n_numbers), float64
    """
    parts = []
    for values, classes in zip(_columns(table), columns, strict=True):
        if classes is None:
            parts.append(values.astype(np.float64)[:, None])
        else:
            parts.append((values[:, None] == classes).astype(np.float64))
    return np.concatenate(parts, axis=1)


def read_more(table, columns, kind, name):
    """Find what each column holds, after other rows showed `columns`.

    Returns
    -------
    tuple
        As :func:`read_columns` for all rows at once.

    Raises
    ------
    ValueError
        If all rows at once would be read in another way than the first ones were.
    """
    values = _columns(table)
    if len(values) != len(columns):
        raise ValueError(
            f"{name} has {len(values)} columns, it had {len(columns)} in earlier calls."
        )
    found = []
    for column, classes in zip(values, columns, strict=True):
        before = "f" if classes is None else classes.dtype.kind
        if _group(before) != _group(column.dtype.kind):
            raise ValueError(
                f"{name} holds {column.dtype}, it held "
                f"{'numbers' if classes is None else classes.dtype} in earlier calls; "
                "pass values of one kind."
            )
        if classes is None:
            found.append(None)
            continue
        both = np.unique(np.concatenate([classes, column]))
        if kind == "auto" and both.dtype.kind in "iuf" and not _are_classes(both):
            raise ValueError(
                f"{name} held few whole numbers in earlier calls, which are classes, "
                "and holds others now; say in the first call what they are, by "
                "concept_type='continuous' or 'discrete'."
            )
        found.append(both)
    return tuple(found)


def _group(kind):
    return {"i": "number", "u": "number", "f": "number", "b": "boolean"}.get(
        kind, "text"
    )


def positions(some, columns):
    """Where the numbers of `some` columns stand among those of `columns`."""
    found, start = [], 0
    for few, classes in zip(some, columns, strict=True):
        at = np.zeros(1, int) if classes is None else np.searchsorted(classes, few)
        found.append(start + at)
        start += 1 if classes is None else len(classes)
    return np.concatenate(found)


def n_numbers(columns):
    """Count the columns that :func:`encode` makes."""
    return sum(1 if classes is None else len(classes) for classes in columns)
