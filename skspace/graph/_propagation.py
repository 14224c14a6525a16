"""Random walks with loops on a graph, and filters that average their powers."""

from __future__ import annotations

import collections
import functools
import math

import numpy as np
import scipy.sparse as sp
from scipy.fft import dct

from .._array import is_numpy_array
from ._sparse_dense import SparseOperator, as_block, scale_rows
from ._threads import count_threads, row_ranges, thread_map

__all__ = ["Propagation", "filter_weights"]

CACHE_BYTES = 1024**2
"""Wide blocks are filtered in panels of columns of about this size, if that leaves
`PANEL_WIDTH` columns: the rows of a panel are gathered again and again."""

PANEL_WIDTH = 32
LONG = 20
"""Order from which a shorter series with the same values is looked for."""

CACHE_LINE = 64  # bytes

THREAD_WORK = 2**20
"""Multiply-adds of a step below which threads cost more than they bring."""


def filter_weights(order, alpha):
    """Weights ``alpha**t / sum(alpha**s)`` of the powers 0 to `order`.

    Parameters
    ----------
    order : int
        Largest power T, at least 0.
    alpha : float
        Positive: below 1 near hops count more, above 1 far ones.

    Returns
    -------
    ndarray of shape (order + 1,)
        Non-negative, with sum one, also where ``alpha**order`` overflows.
    """
    check_filter(order, alpha)
    exponent = np.arange(order + 1) * math.log(alpha)
    weights = np.exp(exponent - exponent.max())
    return weights / weights.sum()


def check_filter(order, alpha):
    if not (order >= 0 and int(order) == order):
        raise ValueError(f"order must be an integer of at least 0, got {order!r}.")
    if not 0 < alpha < math.inf:
        raise ValueError(f"alpha must be positive and finite, got {alpha!r}.")


class Propagation:
    r"""Transition matrix P of a graph in which every vertex has loops.

    With :math:`B = D_1^{-1/2}(A + I)D_1^{-1/2}`, where :math:`D_1` holds the row sums
    of A + I, and S = B + I with row sums D,

    .. math:: P = D^{-1} S = D^{-1/2} N D^{1/2}, \qquad N = D^{-1/2} S D^{-1/2},

    so the symmetric N and :math:`D^{1/2}` are all there is to keep: powers and
    filters of P, and of its transpose, are those of N with rows scaled before and
    after. A vertex without edges keeps its value.

    Parameters
    ----------
    matrix : csr_array of shape (n, n)
        N, symmetric.
    scale : ndarray of shape (n,), float64
        The diagonal of :math:`D^{1/2}`.

    Notes
    -----
    Blocks `M` of shape (n, q) or (n,) may live in any array library, and results live
    there too, in float32 for float32. A sparse `M` gives a dense result. Results on
    NumPy do not depend on `n_jobs`.

    *Cost.* O((nnz + n) q) a step; on NumPy, memory for three blocks of the width of
    `M`, whatever the order. A width that four divides, and best sixteen, suits the
    vector units.

    References
    ----------
    X. Lin, R. Yang, H. Zheng, X. Ke, "Spectral subspace clustering for attributed
    graphs", KDD 2025. :doi:`10.48550/arXiv.2411.11074`
    """

    def __init__(self, matrix, scale):
        self.operator = SparseOperator(matrix)
        self.scale = scale

    @property
    def matrix(self):
        """The symmetric matrix N, a csr_array."""
        return self.operator.matrix

    @property
    def n_vertices(self):
        """Number of vertices."""
        return self.matrix.shape[0]

    @classmethod
    def from_adjacency(cls, A, *, dtype=None):
        """Normalise a symmetric adjacency matrix.

        Parameters
        ----------
        A : csr_array of shape (n, n)
            Symmetric, finite and non-negative, as :func:`as_adjacency` and
            :func:`symmetrize` return it. Loops count, and come on top of those added.
        dtype : dtype, optional
            Of N; by default that of `A`.

        Returns
        -------
        Propagation
        """
        n = A.shape[0]
        inverse_root = 1 / np.sqrt(1 + A.sum(axis=1, dtype=np.float64))
        degree = 1 + inverse_root * (A @ inverse_root + inverse_root)  # D
        s = inverse_root / np.sqrt(degree)
        N = sp.csr_array(A + sp.eye_array(n, format="csr", dtype=A.dtype))
        N = N.astype(np.float64)  # N_ij = s_i (A + I)_ij s_j + [i = j] / D_i
        for rows in row_ranges(N.indptr, -(-N.nnz // 2**20)):
            here = slice(N.indptr[rows[0]], N.indptr[rows[1]])
            row = np.repeat(s[slice(*rows)], np.diff(N.indptr[rows[0] : rows[1] + 1]))
            N.data[here] *= row * s[N.indices[here]]
        N.setdiag(N.diagonal() + 1 / degree)
        N = N.astype(A.dtype if dtype is None else dtype, copy=False)
        if max(N.nnz, n) < np.iinfo(np.int32).max:  # half the traffic of int64
            N.indices = N.indices.astype(np.int32, copy=False)
            N.indptr = N.indptr.astype(np.int32, copy=False)
        return cls(N, np.sqrt(degree))

    def smooth(self, M, order, alpha, *, n_jobs=None):
        r"""Filter a block: :math:`\Phi(M) = \sum_t w_t P^t M`.

        The weights are those of :func:`filter_weights`. Every intermediate result is
        an average, so nothing overflows, whatever `alpha` and `order`.

        Parameters
        ----------
        M : array or sparse array of shape (n, q) or (n,)
        order : int
            Largest power.
        alpha : float
            Positive.
        n_jobs : int, optional
            Threads over rows or columns, on NumPy.

        Returns
        -------
        array of the shape of `M`
        """
        steps = shortest(order, alpha, str(as_block(M).dtype))
        return self._filter(M, self.scale, 1 / self.scale, steps, n_jobs)

    def smooth_adjoint(self, M, order, alpha, *, n_jobs=None):
        r"""Filter with the transpose: :math:`\Phi^T(M) = \sum_t w_t (P^T)^t M`.

        Parameters and result are those of :meth:`smooth`.
        """
        steps = shortest(order, alpha, str(as_block(M).dtype))
        return self._filter(M, 1 / self.scale, self.scale, steps, n_jobs)

    def smooth_orders(self, M, orders, alpha, *, n_jobs=None):
        """Yield :meth:`smooth` of `M` for several orders, at the cost of the largest.

        Parameters
        ----------
        M : array of shape (n, q) or (n,)
        orders : iterable of int
            Results come by increasing order, one for each different one.
        alpha : float
            Positive.
        n_jobs : int, optional
            Threads over rows, on NumPy.

        Yields
        ------
        order : int
        array of the shape of `M`
        """
        orders = sorted(set(orders))
        steps = horner(orders[-1], alpha)
        wanted = set(orders)
        for t, Z in enumerate(self._iterate(M, self.scale, steps, n_jobs)):
            if t in wanted:
                yield t, unscale(Z, 1 / self.scale, M)

    def _filter(self, M, before, after, steps, n_jobs):
        """Last block of a recursion, panel by panel where `M` is wide."""
        if not (sp.issparse(M) or is_numpy_array(M)) or M.ndim == 1:
            return self._last(M, before, after, steps, n_jobs)
        M = as_block(M)
        fitting = CACHE_BYTES // (M.dtype.itemsize * max(self.n_vertices, 1))
        width = max(PANEL_WIDTH, fitting)
        if sp.issparse(M):
            M = M.tocsc()
        elif M.shape[1] <= width:
            return self._last(M, before, after, steps, n_jobs)
        result = np.empty(M.shape, dtype=M.dtype)

        def filter_panel(start):
            panel = M[:, start : start + width]
            panel = panel.toarray() if sp.issparse(panel) else panel
            panel = self._last(panel, before, after, steps, None)
            result[:, start : start + width] = panel

        with thread_map(count_threads(n_jobs)) as each:
            each(filter_panel, range(0, M.shape[1], width))
        return result

    def _last(self, M, before, after, steps, n_jobs):
        """Last block of a recursion; its buffer becomes the result."""
        if is_numpy_array(M) and self._threads(M, n_jobs) == 1:
            self._check_rows(M)
            block = M if M.ndim == 2 else M[:, None]
            Z = last_compiled(self.operator.like(block), block, before, steps)
            return unscale(Z, after, M, out=Z)
        blocks = self._iterate(M, before, steps, n_jobs)
        Z = collections.deque(blocks, maxlen=1)[0]
        return unscale(Z, after, M, out=Z)

    def _threads(self, M, n_jobs):
        work = self.matrix.nnz * (M.shape[1] if M.ndim == 2 else 1)
        return count_threads(n_jobs) if work >= THREAD_WORK else 1

    def _check_rows(self, M):
        if M.shape[0] != self.n_vertices:
            raise ValueError(
                f"A graph of {self.n_vertices} vertices cannot filter a block of shape "
                f"{tuple(M.shape)}; it needs one row for each vertex."
            )

    def _iterate(self, M, before, steps, n_jobs):
        """Yield the blocks ``Q_t``, of :data:`STEPS`, from ``Q_0`` = `M` scaled."""
        self._check_rows(M)
        M = as_block(M)
        if M.ndim == 1:
            M = M[:, None]
        if is_numpy_array(M):
            n_threads = self._threads(M, n_jobs)
            N = self.operator.like(M)
            yield from iterate_compiled(N, M, before, steps, n_threads)
            return
        Q = start = scale_rows(M, before)
        older = None
        yield Q
        for a, b, c, d in steps:
            new = a * (self.operator @ Q)
            new = new + b * start if b else new
            new = new + c * Q if c else new
            new = new + d * older if d else new
            older, Q = Q, new
            yield Q


STEPS = "Q_t = a N Q_{t-1} + b Q_0 + c Q_{t-1} + d Q_{t-2}, one (a, b, c, d) a step"


@functools.lru_cache(maxsize=32)
def shortest(order, alpha, dtype):
    """Fewest steps that filter to rounding.

    N has its eigenvalues in [0, 1], because of the loops, and there a polynomial of
    high degree is a short Chebyshev series.
    """
    check_filter(order, alpha)
    if order >= LONG:
        precision = 1e-7 if "float32" in dtype else 1e-13
        series = chebyshev(order, alpha, precision)
        if len(series) <= 0.7 * order:
            return series
    return horner(order, alpha)


def chebyshev(order, alpha, precision):
    """Clenshaw's recursion for the filter on [0, 1], cut off at a precision."""
    m = order + 1
    angle = np.pi * (np.arange(m) + 0.5) / m
    values = np.polynomial.polynomial.polyval(
        (1 + np.cos(angle)) / 2, filter_weights(order, alpha)
    )
    c = dct(values, type=2) / m
    c[0] /= 2
    size = np.where(np.abs(c) > 1e-15, np.abs(c), 0.0)  # the rest is rounding
    beyond = np.cumsum(size[::-1])[::-1]
    c = c[: max(3, int(np.sum(beyond > precision)))].tolist()
    # b_j = c_j M + 2 (2N - I) b_{j+1} - b_{j+2}; the last is a multiple of M.
    top = c[-1]
    steps = [(4 * top, c[-2], -2 * top, 0.0)]
    steps += [(4.0, c_j, -2.0, -1.0) for c_j in c[-3::-1]]
    a, b, _, d = steps[1]
    steps[1] = (a, b - top, -2.0, 0.0)
    a, b, _, d = steps[-1]
    steps[-1] = (2.0, b, -1.0, d)
    return steps


def horner(order, alpha):
    """Coefficients of the recursion whose every result is an average.

    With ``r_t = 1 / sum_{s<=t} alpha**s``, ``Z_t = (1 - r_t) P Z_{t-1} + r_t M``.
    """
    check_filter(order, alpha)
    r, steps = 1.0, []
    for _ in range(order):
        r = r / (r + alpha)
        steps.append((1 - r, r, 0.0, 0.0))
    return steps


def iterate_compiled(N, M, before, steps, n_threads):
    """Run the recursion on NumPy: three buffers, one pass over them a step.

    What is yielded is overwritten two steps later.
    """
    from .._numba.propagate import propagate_rows, scale_into

    start, *buffers = (on_cache_lines(M.shape, M.dtype) for _ in range(3))
    scale_into(M, before, start)
    yield start
    Q = start
    ranges = row_ranges(N.indptr, n_threads)
    with thread_map(n_threads) as each:
        for t, step in enumerate(np.array(steps, dtype=M.dtype).reshape(-1, 4)):
            out = buffers[t % 2]
            args = (N.indptr, N.indices, N.data, step, Q, start, out)
            each(lambda rows, args=args: propagate_rows(*args, *rows), ranges)
            yield out
            Q = out


def last_compiled(N, M, before, steps):
    """Run the recursion on NumPy in one thread and one call."""
    from .._numba.propagate import propagate, scale_into

    buffers = [on_cache_lines(M.shape, M.dtype) for _ in range(3)]
    scale_into(M, before, buffers[0])
    steps = np.array(steps, dtype=M.dtype).reshape(-1, 4)
    return buffers[propagate(N.indptr, N.indices, N.data, steps, *buffers)]


def on_cache_lines(shape, dtype):
    """Empty array that begins with a cache line: gathered rows touch fewer of them."""
    size = math.prod(shape) * dtype.itemsize
    memory = np.empty(size + CACHE_LINE, dtype=np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    return memory[start : start + size].view(dtype).reshape(shape)


def unscale(Z, scale, M, out=None):
    """Rows of `Z` times `scale`, shaped like `M`; on NumPy in `out` where given."""
    if is_numpy_array(Z):
        from .._numba.propagate import scale_into

        result = np.empty(Z.shape, dtype=Z.dtype) if out is None else out
        scale_into(Z, scale, result)
    else:
        result = scale_rows(Z, scale)
    return result[:, 0] if M.ndim == 1 else result
