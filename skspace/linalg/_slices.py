"""Slices of a response: what inverse regression conditions on."""

from __future__ import annotations

from numbers import Real
from typing import Any, NamedTuple

import numpy as np

MAX_SLICES = 1000
"""Most combinations of the columns of a response that count as slices."""


class ColumnSlices(NamedTuple):
    """How one column of a response is cut: by its classes, or between its edges."""

    classes: Any
    edges: Any

    @property
    def n_slices(self):
        """Number of slices, some of which may turn out empty."""
        return len(self.classes) if self.edges is None else len(self.edges) + 1


class Slicing(NamedTuple):
    """Rule that gives every row of a response its slice.

    A slice is a combination of the slices of the columns.
    """

    columns: tuple[ColumnSlices, ...]

    @property
    def n_slices(self):
        """Number of slices before empty and small ones are pooled."""
        return int(np.prod([column.n_slices for column in self.columns]))

    @property
    def discrete(self):
        """Whether every column is cut by its classes."""
        return all(column.edges is None for column in self.columns)

    @property
    def ordered(self):
        """Whether slices with consecutive numbers are neighbours."""
        if len(self.columns) > 1:
            return False
        (column,) = self.columns
        return column.edges is not None or column.classes.dtype.kind in "iuf"


def are_numbers(values):
    """Whether an array of objects holds real numbers alone; booleans are none."""
    return all(isinstance(v, Real) and not isinstance(v, bool) for v in values.ravel())


def numbers_if_all(column):
    """Convert a column of objects that are all numbers to float64.

    Such columns come from tables in which another column holds text.
    """
    if column.dtype.kind == "O" and are_numbers(column):
        return column.astype(np.float64)
    return column


def slice_response(
    y, n_slices=10, kind="auto", *, min_slice=5, weights=None, classes=None
):
    """Find the slices of a response.

    Parameters
    ----------
    y : ndarray of shape (n_samples,) or (n_samples, n_columns)
        Numbers without NaN, booleans or strings.
    n_slices : int or array-like of shape (n_edges,), default=10
        Slices of a continuous response, or the values that separate them, rising;
        a value at an edge belongs to the slice above.
    kind : {"auto", "continuous", "discrete"}, default="auto"
        "auto" takes strings, booleans and at most `n_slices` distinct numbers as
        classes.
    min_slice : int, default=5
        A continuous response gets no more slices than leave each this many rows.
    weights : ndarray of shape (n_samples,), optional
        How often each row counts; rows of weight zero are not there.
    classes : array-like, optional
        All classes of a response of one column, where `y` need not show each.

    Returns
    -------
    Slicing

    Raises
    ------
    ValueError
        If edges are given for classes or for several columns, are not rising, or if
        there are more than 1000 combinations of slices.

    Notes
    -----
    Edges lie in the middle between two neighbouring values, where the share of the
    weight below comes nearest to k/H: weights and repetition agree upon them, equal
    values share a slice, and no slice is empty. With q columns each is cut into
    about ``n_slices ** (1/q)`` slices, two at least. Cost O(n log n).
    """
    given = None
    if not np.isscalar(n_slices):
        given = np.asarray(n_slices, dtype=np.float64)
        rising = given.ndim == 1 and given.size > 0 and np.all(np.diff(given) > 0)
        if not (rising and np.all(np.isfinite(given))):
            raise ValueError(
                "n_slices as an array holds the finite values that separate the "
                f"slices, in rising order; got {n_slices!r}."
            )
        n_slices = given.size + 1
    table = y[:, None] if y.ndim == 1 else y
    if weights is not None and not np.all(weights > 0):
        table, weights = table[weights > 0], weights[weights > 0]
    n_columns = table.shape[1]
    if n_columns > 1 and (given is not None or classes is not None):
        raise ValueError(
            "Edges of slices and classes can be given for a response of one column, "
            f"got {n_columns} columns."
        )
    if n_columns > 1:
        n_slices = max(2, int(n_slices ** (1 / n_columns) + 1e-9))
    columns = [
        _slice_column(column, n_slices, kind, min_slice, weights, given, classes)
        for column in table.T
    ]
    slicing = Slicing(tuple(columns))
    if slicing.n_slices > MAX_SLICES:
        raise ValueError(
            f"The {n_columns} columns of y make {slicing.n_slices} combinations of "
            f"slices, more than {MAX_SLICES}; pass fewer columns, for example their "
            "leading principal components."
        )
    return slicing


def _slice_column(y, n_slices, kind, min_slice, weights, given, classes):
    y = numbers_if_all(y)
    numeric = y.dtype.kind in "iuf"
    if kind == "continuous" and not numeric:
        raise ValueError(
            f"A continuous response must be numeric, got dtype {y.dtype}; use "
            "target_type='discrete' or convert it."
        )
    if classes is not None or kind == "discrete" or not numeric:
        if given is not None:
            raise ValueError("Edges of slices are for continuous y, got classes.")
        return ColumnSlices(np.unique(y if classes is None else classes), None)
    if given is not None:
        return ColumnSlices(None, given)
    values, cumulated = _distribution(y, weights)
    if kind == "auto" and len(values) <= n_slices:
        return ColumnSlices(values, None)
    n_rows = effective_size(len(y), cumulated[-1])
    n_slices = max(2, min(n_slices, int(n_rows // min_slice)))
    if len(values) < 2:
        return ColumnSlices(None, np.zeros(0))
    wanted = cumulated[-1] * np.arange(1, n_slices) / n_slices
    # Between two distinct values, where the weight below comes nearest to a share.
    below, tol = cumulated[:-1], 1e-12 * cumulated[-1]
    after = np.minimum(np.searchsorted(below, wanted - tol), len(below) - 1)
    before = np.maximum(after - 1, 0)
    nearer = wanted - below[before] <= below[after] - wanted + tol
    at = np.unique(np.where(nearer, before, after))
    middle = values[at] + (values[at + 1] - values[at]) / 2
    return ColumnSlices(None, np.where(middle > values[at], middle, values[at + 1]))


def _distribution(y, weights):
    """Distinct values in order and the weight of all rows up to each."""
    if weights is None:
        y = np.sort(y)
        cumulated = np.arange(1, len(y) + 1)
    else:
        order = np.argsort(y, kind="stable")
        y, cumulated = y[order], np.cumsum(weights[order])
    last = np.append(y[1:] != y[:-1], True)
    if y.dtype.kind != "f":  # keep integers as they are for classes
        return y[last], cumulated[last].astype(np.float64)
    return y[last].astype(np.float64), cumulated[last].astype(np.float64)


def effective_size(n_rows, total_weight):
    """Return how many samples rows with weights stand for.

    An integer weight is repetition, so the sum counts. Weights with a mean below one
    cannot be repetitions: they are shares, and rows count instead.
    """
    return max(float(n_rows), float(total_weight))


def assign_slices(slicing, y, *, name="y", argument="classes"):
    """Give every row of `y` the number of its slice.

    Messages call `y` by its `name`, and the argument that holds all classes.

    Raises
    ------
    ValueError
        If `y` holds a class the rule does not know, classes in place of numbers, or
        the wrong number of columns.
    """
    table = y[:, None] if y.ndim == 1 else y
    if table.shape[1] != len(slicing.columns):
        raise ValueError(
            f"{name} has {table.shape[1]} columns, the slices were made for "
            f"{len(slicing.columns)}."
        )
    labels = np.zeros(len(table), dtype=np.int64)
    for values, column in zip(table.T, slicing.columns, strict=True):
        values = numbers_if_all(values)
        numeric = values.dtype.kind in "iufb"
        if column.edges is not None:
            refuse_classes(values, name)
            own = np.searchsorted(column.edges, values, side="right")
        else:
            if numeric == (column.classes.dtype.kind in "iufb"):
                own = np.searchsorted(column.classes, values)
                own = np.minimum(own, len(column.classes) - 1)
                unknown = values[column.classes[own] != values].tolist()
            else:
                unknown = values.tolist()
            if unknown:
                raise ValueError(
                    f"{name} holds the class {unknown[0]!r}, for which there is no "
                    "slice: the first rows did not show it. Name all classes in the "
                    f"first call of partial_fit ({argument}=)."
                )
        labels = labels * column.n_slices + own
    return labels


def refuse_classes(values, name="y"):
    """Refuse classes where numbers came before."""
    if values.dtype.kind not in "iufb":
        raise ValueError(
            f"{name} holds {values.dtype} in place of the numbers that came first; "
            "pass values of one kind."
        )


class Pooling(NamedTuple):
    """Which slices become one: `groups[h]` is the new number, -1 for empty slices."""

    groups: Any
    n_slices: int
    n_small: int


def pool_small_slices(slicing, weight, min_slice):
    """Drop empty slices and pool those with too few rows.

    Parameters
    ----------
    slicing : Slicing
    weight : ndarray of shape (n_slices,)
        Rows, or sum of weights, in each slice.
    min_slice : float
        Slices below this are pooled: with the lighter neighbour where slices are
        ordered, else all of them with each other. At least two slices are left, and
        where all slices are small and unordered each stays.

    Returns
    -------
    Pooling
    """
    present = np.flatnonzero(weight > 0)
    n_small = int(np.sum(weight[present] < min_slice))
    groups = np.full(len(weight), -1)
    if slicing.ordered:
        bins = [[h] for h in present]
        sums = [weight[h] for h in present]
        while len(bins) > 2 and min(sums) < min_slice:
            i = int(np.argmin(sums))
            neighbours = [j for j in (i - 1, i + 1) if 0 <= j < len(bins)]
            j = min(neighbours, key=lambda k: sums[k])
            a, b = min(i, j), max(i, j)
            bins[a : b + 1] = [bins[a] + bins[b]]
            sums[a : b + 1] = [sums[a] + sums[b]]
        for g, members in enumerate(bins):
            groups[members] = g
        return Pooling(groups, len(bins), n_small)
    small = weight[present] < min_slice
    if np.all(small):
        small = np.zeros_like(small)
    large = present[~small]
    groups[large] = np.arange(len(large))
    groups[present[small]] = len(large)
    return Pooling(groups, len(large) + bool(np.any(small)), n_small)
