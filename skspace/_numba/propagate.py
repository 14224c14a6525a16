"""Compiled kernels of :mod:`skspace.graph._propagation`: one step of a filter."""

import numpy as np
from numba import njit

from .prefetch import prefetch

AHEAD = 16
"""Edges between asking for a row of the block and reading it."""
NEAR = 2**21
"""Bytes of a block that is in a cache near enough without asking."""
CACHE_LINE = 64


@njit(cache=True, nogil=True)
def propagate_rows(indptr, indices, data, step, Q, M, out, start, stop):
    """Write rows `start` to `stop` of ``a * N @ Q + b * M + c * Q + d * out`` to `out`.

    `step` holds a, b, c and d, in the dtype of the blocks.
    `N` is given by its CSR arrays; `Q`, `M` and `out` are C-contiguous, of one width.
    Loops over columns are what the compiler vectorises. Before each it makes sure that
    `out` overlaps nothing, so four neighbours share a loop, and what four do not
    divide comes first, with `M`. Offsets are unsigned: an index that may be negative
    would be asked at every access whether it counts from the end.
    """
    a, b, c_, d = step[0], step[1], step[2], step[3]
    averages = c_ == 0 and d == 0
    one, two, three, four = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)
    width = np.uint64(Q.shape[1])
    ahead, on_line = np.uint64(AHEAD), np.uint64(CACHE_LINE // Q.itemsize)
    n_lines = (width + on_line - one) // on_line
    far = Q.nbytes > NEAR
    asked = np.uint64(max(len(indices) - AHEAD - 3, 0) if far else 0)
    q, m, o = Q.reshape(Q.size), M.reshape(M.size), out.reshape(out.size)
    for i in range(np.uint64(start), np.uint64(stop)):
        row = i * width
        p, end = np.uint64(indptr[i]), np.uint64(indptr[i + one])
        if not averages:
            for c in range(width):  # what was in `out` may be anything where d is 0
                old = d * o[row + c] if d != 0 else d
                o[row + c] = b * m[row + c] + c_ * q[row + c] + old
            if (end - p) & one:
                v0, q0 = a * data[p], np.uint64(indices[p]) * width
                for c in range(width):
                    o[row + c] += v0 * q[q0 + c]
                p += one
        elif (end - p) & one:
            v0, q0 = a * data[p], np.uint64(indices[p]) * width
            for c in range(width):
                o[row + c] = b * m[row + c] + v0 * q[q0 + c]
            p += one
        else:
            for c in range(width):
                o[row + c] = b * m[row + c]
        if (end - p) & two:
            v0, q0 = a * data[p], np.uint64(indices[p]) * width
            v1, q1 = a * data[p + one], np.uint64(indices[p + one]) * width
            for c in range(width):
                o[row + c] += v0 * q[q0 + c] + v1 * q[q1 + c]
            p += two
        while p < end:
            if p < asked:
                for t in range(4):
                    q0 = np.uint64(indices[p + ahead + np.uint64(t)]) * width
                    for line in range(n_lines):
                        prefetch(q, q0 + line * on_line)
            v0, q0 = a * data[p], np.uint64(indices[p]) * width
            v1, q1 = a * data[p + one], np.uint64(indices[p + one]) * width
            v2, q2 = a * data[p + two], np.uint64(indices[p + two]) * width
            v3, q3 = a * data[p + three], np.uint64(indices[p + three]) * width
            for c in range(width):
                o[row + c] += (v0 * q[q0 + c] + v1 * q[q1 + c]) + (
                    v2 * q[q2 + c] + v3 * q[q3 + c]
                )
            p += four


@njit(cache=True, nogil=True)
def propagate(indptr, indices, data, steps, M, first, second):
    """Run all steps from `M`; buffers take turns. Returns which holds the result.

    0 is `M` itself, for no steps, 1 the first buffer and 2 the second.
    """
    Q, out = M, first
    n = M.shape[0]
    for t in range(steps.shape[0]):
        propagate_rows(indptr, indices, data, steps[t], Q, M, out, 0, n)
        if t == 0:
            Q, out = first, second
        else:
            Q, out = out, Q
    if steps.shape[0] == 0:
        return 0
    return 1 + (steps.shape[0] + 1) % 2


@njit(cache=True, nogil=True)
def scale_into(M, scale, out):
    """Write rows of `M` times their numbers to `out`, which may be `M` itself."""
    n, width = M.shape
    for i in range(n):
        for c in range(width):
            out[i, c] = M[i, c] * scale[i]
