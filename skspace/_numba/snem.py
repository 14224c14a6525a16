"""Compiled twin of :mod:`skspace.graph._snem`: one round over all rows."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def snem_round(U, directions):
    """Assign rows to directions and sum up what each direction got.

    The loop over clusters is innermost, over rows of the transposed directions, so
    that the compiler vectorises it.
    """
    n, r = U.shape
    k = directions.shape[0]
    columns = np.empty((r, k))
    for j in range(k):
        for c in range(r):
            columns[c, j] = directions[j, c]
    labels = np.empty(n, dtype=np.int64)
    sums = np.zeros((k, r))
    counts = np.zeros(k, dtype=np.int64)
    scores = np.empty(k)
    for i in range(n):
        scores[:] = 0.0
        for c in range(r):
            u = np.float64(U[i, c])
            column = columns[c]
            for j in range(k):
                scores[j] += u * column[j]
        best = 0
        for j in range(1, k):
            if scores[j] > scores[best]:
                best = j
        labels[i] = best
        counts[best] += 1
        for c in range(r):
            sums[best, c] += U[i, c]
    return labels, sums, counts


def _cases(rng, n):
    for r, k in ((3, 3), (2, 5), (7, 7)):
        U = rng.standard_normal((n, r))
        directions = rng.standard_normal((k, r))
        yield U, directions
        yield np.asfortranarray(U).astype(np.float32), directions


cases = {"snem_round": lambda rng, n: list(_cases(rng, n))}
