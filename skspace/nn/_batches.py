"""Mini-batches: a permutation drawn on the host, cut into pieces."""

from __future__ import annotations

from .._array import asarray_like
from ._layers import check_counts

__all__ = ["minibatches"]


def minibatches(n_samples, batch_size, random_state, *, drop_last=False, like=None):
    """Yield the rows of the batches of one epoch.

    Parameters
    ----------
    n_samples : int
        Rows to choose from.
    batch_size : int
        Rows of a batch. With ``batch_size >= n_samples`` all rows are one batch.
    random_state : numpy.random.RandomState
        Source of the permutation, drawn once, when the first batch is asked for.
    drop_last : bool, default=False
        Whether an incomplete last batch is left out. An only batch never is.
    like : array, optional
        Whose library and device the indices get, for ``xp.take(X, rows, axis=0)``;
        NumPy otherwise.

    Yields
    ------
    rows : array of int64 of shape (at most batch_size,)
        No row comes twice.

    Raises
    ------
    ValueError
        If `batch_size` is no integer of at least 1.

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.nn import minibatches
    >>> rng = np.random.RandomState(0)
    >>> [len(rows) for rows in minibatches(10, 4, rng)]
    [4, 4, 2]
    >>> [len(rows) for rows in minibatches(10, 4, rng, drop_last=True)]
    [4, 4]
    """
    check_counts(batch_size=batch_size)
    order = random_state.permutation(n_samples).astype("int64", copy=False)
    for start in range(0, n_samples, batch_size):
        rows = order[start : start + batch_size]
        if drop_last and start > 0 and rows.shape[0] < batch_size:
            return
        yield rows if like is None else asarray_like(rows, like)
