"""Compiled twin of :mod:`skspace.graph._top_k`: a heap per row."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def _precedes(a, i, b, j):
    """Whether entry (magnitude a, index i) leaves the heap before (b, j)."""
    return a < b or (a == b and i > j)


@njit(cache=True, nogil=True)
def _sift_down(size, index, root, n):
    """Restore the heap order below `root`; the first to leave is on top."""
    while True:
        child = 2 * root + 1
        if child >= n:
            return
        other = child + 1
        if other < n and _precedes(
            size[other], index[other], size[child], index[child]
        ):
            child = other
        if not _precedes(size[child], index[child], size[root], index[root]):
            return
        size[root], size[child] = size[child], size[root]
        index[root], index[child] = index[child], index[root]
        root = child


@njit(cache=True, nogil=True)
def row_top_k(A, k):
    """Return values and indices of the k largest magnitudes of each row."""
    n_rows, n_columns = A.shape
    k = min(k, n_columns)
    indices = np.empty((n_rows, k), np.int64)
    values = np.empty((n_rows, k), A.dtype)
    if k == 0:
        return values, indices
    size = np.empty(k, A.dtype)
    for i in range(n_rows):
        index = indices[i]
        for j in range(k):
            size[j] = abs(A[i, j])
            index[j] = j
        for root in range(k // 2 - 1, -1, -1):
            _sift_down(size, index, root, k)
        for j in range(k, n_columns):
            # Columns come in order, so among equal ones those held are lower.
            if abs(A[i, j]) > size[0]:
                size[0] = abs(A[i, j])
                index[0] = j
                _sift_down(size, index, 0, k)
        index.sort()
        for j in range(k):
            values[i, j] = A[i, index[j]]
    return values, indices


def _row_top_k_cases(rng, n):
    A = rng.standard_normal(size=(n, 7))
    ties = np.round(A)
    return [(A, 3), (ties, 4), (A, 7), (A, 9), (A, 0), (np.zeros_like(A), 2)]


cases = {"row_top_k": _row_top_k_cases}
