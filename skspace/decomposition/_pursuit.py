"""Principal component pursuit as RobustPCA runs it, with its price found."""

from __future__ import annotations

import math
from itertools import islice

from .._array import array_namespace
from .._loop import run
from ..linalg._low_rank_plus_sparse import low_rank_plus_sparse

MOST_ERRORS = 0.5
"""Share of the entries above which errors are not sparse."""

DEARER = 1.25
"""Factor by which the price of an error rises then."""

GLANCE = 100, 1e-3
"""Iterations and change after which it is seen what is sparse."""


def pursue(estimator, table, n_exact, n_seen, *, X, tol):
    """Split a table into a part of low rank and a sparse one.

    Parameters
    ----------
    estimator : RobustPCA
    table : array of shape (n_rows, n_features), float64
    n_exact : int
        So many leading rows hold no errors.
    n_seen : int
        Number of rows that the table stands for.
    X : array
        New rows as they came, for callbacks.
    tol : float

    Returns
    -------
    outcome : Outcome or None
        None where the new rows equal their medians.
    alpha : float
        Price used.
    """
    xp = array_namespace(table)
    new = table[n_exact:, :]
    n_entries = int(xp.sum(xp.astype(new != 0.0, xp.int64)))
    alpha = estimator.alpha or 1.0 / math.sqrt(max(n_seen, table.shape[1]))
    if n_entries == 0:
        return None, alpha
    while estimator.alpha is None:
        # what is sparse shows long before the digits are right
        for state in islice(low_rank_plus_sparse(table, alpha, n_exact), GLANCE[0]):
            if state.change <= GLANCE[1]:
                break
        n_errors = int(xp.sum(xp.astype(state.sparse != 0.0, xp.int64)))
        if n_errors <= MOST_ERRORS * n_entries:
            break
        alpha *= DEARER
    outcome = run(
        estimator,
        low_rank_plus_sparse(table, alpha, n_exact),
        X=X,
        tol=tol,
        remedy="increase max_iter, standardise X, or choose a larger alpha",
    )
    return outcome, alpha
