"""Shared directions ordered by distance correlations with target and attribute."""

from __future__ import annotations

import numpy as np
from sklearn.utils import check_random_state

from .._array import array_namespace, asarray_like, to_numpy
from .._rows import take_rows
from ..linalg._centred import linear_scores
from ..linalg._fair_blocks import greedy_order
from ..linalg._slices import slice_response
from ..metrics import distance_correlation

MAX_ROWS = 5000
"""Rows drawn for distance correlations, which cost the square of their number."""


def numbers_of(values):
    """Columns of a response or an attribute for distances: classes as indicators."""
    table = values[:, None] if values.ndim == 1 else values
    columns = []
    for column in table.T:
        rule = slice_response(column, min_slice=1).columns[0]
        if rule.edges is None:
            columns += [column == value for value in rule.classes]
        else:
            columns.append(column)
    return np.stack(columns, axis=1).astype(np.float64)


def some_rows(n_samples, random_state, most=MAX_ROWS):
    """Draw rows without repetition, where there are more than `most`."""
    if n_samples <= most:
        return np.arange(n_samples)
    rng = check_random_state(random_state)
    return np.sort(rng.choice(n_samples, most, replace=False))


def reorder_by_dcov(X, y, attribute, random_state):
    """Make the function that orders a basis by distance correlations.

    The next direction is that for which the scores so far, enlarged by it, depend
    least on the attribute less what they depend on the target.
    """
    rows = some_rows(X.shape[0], random_state)
    X = take_rows(X, rows)
    y, z = numbers_of(y[rows]), numbers_of(attribute[rows])

    def reorder(basis, whitening):
        xp = array_namespace(basis)
        map_ = xp.matrix_transpose(whitening.forward @ basis)
        scores = to_numpy(linear_scores(X, whitening.mean, map_))

        def cost(chosen):
            part = scores[:, chosen]
            return distance_correlation(part, z) - distance_correlation(part, y)

        order = np.array(greedy_order(basis.shape[1], cost))
        return xp.take(basis, asarray_like(order, basis), axis=1)

    return reorder
