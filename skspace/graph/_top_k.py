"""The largest entries of every row."""

from __future__ import annotations

from .._array import accelerated, array_namespace


@accelerated("skspace._numba.top_k:row_top_k")
def row_top_k(A, k):
    r"""Find the k entries of largest magnitude in each row.

    Parameters
    ----------
    A : array of shape (n_rows, n_columns)
        Real and finite.
    k : int
        Number of entries; all of them when it exceeds `n_columns`.

    Returns
    -------
    values : array of shape (n_rows, k)
        Entries of `A` with their signs, by increasing index.
    indices : array of shape (n_rows, k), int64
        Their columns. Among entries of equal magnitude the lowest index is kept.

    Notes
    -----
    *Cost.* :math:`O(n \log k)` per row of n entries on NumPy, where a compiled
    heap reads the row once; :math:`O(n \log n)` elsewhere, where rows are sorted.
    """
    xp = array_namespace(A)
    order = xp.argsort(xp.abs(A), axis=1, descending=True, stable=True)
    indices = xp.sort(xp.astype(order[:, : min(k, A.shape[1])], xp.int64), axis=1)
    return xp.take_along_axis(A, indices, axis=1), indices
