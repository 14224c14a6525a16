"""Compiled kernel of :mod:`skspace.graph._propagation`: one step of a filter."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def propagate_rows(indptr, indices, data, a, Q, b, M, out, start, stop):
    """Write rows `start` to `stop` of ``a * (N @ Q) + b * M`` to `out`.

    `N` is given by its CSR arrays. Eight neighbours at a time: the loop over columns
    is what the compiler vectorises, and eight rows of `Q` are under way from memory
    at once. A neighbour is cast to unsigned, or each access would ask whether it
    counts from the end.
    """
    width = Q.shape[1]
    for i in range(start, stop):
        row = out[i]
        rest = M[i]
        for c in range(width):
            row[c] = b * rest[c]
        p, end = indptr[i], indptr[i + 1]
        while p + 8 <= end:
            v0, v1 = a * data[p], a * data[p + 1]
            v2, v3 = a * data[p + 2], a * data[p + 3]
            v4, v5 = a * data[p + 4], a * data[p + 5]
            v6, v7 = a * data[p + 6], a * data[p + 7]
            q0, q1 = Q[np.uint64(indices[p])], Q[np.uint64(indices[p + 1])]
            q2, q3 = Q[np.uint64(indices[p + 2])], Q[np.uint64(indices[p + 3])]
            q4, q5 = Q[np.uint64(indices[p + 4])], Q[np.uint64(indices[p + 5])]
            q6, q7 = Q[np.uint64(indices[p + 6])], Q[np.uint64(indices[p + 7])]
            for c in range(width):
                row[c] += ((v0 * q0[c] + v1 * q1[c]) + (v2 * q2[c] + v3 * q3[c])) + (
                    (v4 * q4[c] + v5 * q5[c]) + (v6 * q6[c] + v7 * q7[c])
                )
            p += 8
        if p + 4 <= end:
            v0, v1 = a * data[p], a * data[p + 1]
            v2, v3 = a * data[p + 2], a * data[p + 3]
            q0, q1 = Q[np.uint64(indices[p])], Q[np.uint64(indices[p + 1])]
            q2, q3 = Q[np.uint64(indices[p + 2])], Q[np.uint64(indices[p + 3])]
            for c in range(width):
                row[c] += (v0 * q0[c] + v1 * q1[c]) + (v2 * q2[c] + v3 * q3[c])
            p += 4
        while p < end:
            v0 = a * data[p]
            q0 = Q[np.uint64(indices[p])]
            for c in range(width):
                row[c] += v0 * q0[c]
            p += 1
