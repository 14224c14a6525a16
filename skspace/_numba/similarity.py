"""Compiled kernels of :mod:`skspace.graph._similarity`: rows of CSR matrices."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def weigh_rows(indptr, indices, data, weights, out):
    """Write entries times the weights of their columns, in rows of length one.

    Rows are divided by their largest magnitude first, so that squares are safe.
    `weights` may be empty, for weights of one. Rows of zeros stay.
    """
    weighted = weights.size > 0
    for i in range(indptr.size - 1):
        peak = 0.0
        for p in range(indptr[i], indptr[i + 1]):
            v = np.float64(data[p])
            if weighted:
                v *= weights[indices[p]]
            peak = max(peak, abs(v))
        if peak == 0.0:
            for p in range(indptr[i], indptr[i + 1]):
                out[p] = 0.0
            continue
        squares = 0.0
        for p in range(indptr[i], indptr[i + 1]):
            v = np.float64(data[p])
            if weighted:
                v *= weights[indices[p]]
            v /= peak
            squares += v * v
            out[p] = v
        length = np.sqrt(squares)
        for p in range(indptr[i], indptr[i + 1]):
            out[p] /= length


@njit(cache=True, nogil=True)
def divide_rows(indptr, data, size, out):
    """Write the entries of each row divided by its number."""
    for i in range(indptr.size - 1):
        for p in range(indptr[i], indptr[i + 1]):
            out[p] = data[p] / size[i]


@njit(cache=True, nogil=True)
def count_and_sum(indices, data, n_columns):
    """Non-zero entries of every column, and their sums in float64."""
    counts = np.zeros(n_columns, dtype=np.int64)
    sums = np.zeros(n_columns)
    for p in range(indices.size):
        j = indices[p]
        counts[j] += data[p] != 0
        sums[j] += data[p]
    return counts, sums
