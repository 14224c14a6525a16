"""Compiled twin of :mod:`skspace.linalg._coding_rate`: many small inverses."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def factorise(moments, scale, d):
    """Log-determinant, inverse and its trace of each I + scale * moment, packed.

    One symmetric sweep per pivot on the upper triangle: every inner loop runs along a
    row, in cache and in vector instructions, which small LAPACK calls are not. The
    matrices are the identity and something positive, so no pivot is below one.
    """
    n = moments.shape[0]
    inverses = np.empty((n, moments.shape[1]), moments.dtype)
    logs, traces = np.empty(n, moments.dtype), np.empty(n, moments.dtype)
    A = np.zeros((d, d), moments.dtype)
    column = np.empty(d, moments.dtype)
    one = A.dtype.type(1)
    for m in range(n):
        s = scale[m]
        p = 0
        for a in range(d):
            for c in range(a, d):
                A[a, c] = s * moments[m, p]
                p += 1
            A[a, a] += one
        log = 0.0
        for k in range(d):
            pivot = A[k, k]
            log += np.log(np.float64(pivot))
            for i in range(k):
                column[i] = A[i, k]
            for i in range(k, d):
                column[i] = A[k, i]
            inverse = one / pivot
            for i in range(d):
                if i == k:
                    continue
                factor = column[i] * inverse
                row, other = A[i, i:], column[i:]
                for j in range(row.size):
                    row[j] -= factor * other[j]
            for i in range(k):
                A[i, k] = column[i] * inverse
            for i in range(k + 1, d):
                A[k, i] = column[i] * inverse
            A[k, k] = -inverse
        p, trace = 0, 0.0
        for a in range(d):
            trace -= np.float64(A[a, a])
            for c in range(a, d):
                inverses[m, p] = -A[a, c]
                p += 1
        logs[m], traces[m] = log, trace
    return logs, inverses, traces


def _cases(rng, n):
    for d in (1, 3, 5):
        Z = rng.standard_normal((n, 4, d))
        moments = np.einsum("nia,nic->nac", Z, Z)
        packed = moments[:, *np.triu_indices(d)]
        yield packed, rng.uniform(0, 3, n), d


cases = {"factorise": lambda rng, n: list(_cases(rng, n))}
