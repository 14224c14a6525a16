"""Attributes smoothed over a graph, as a matrix that need not be formed."""

from __future__ import annotations

from copy import copy

import numpy as np
import scipy.sparse as sp

from .._array import array_namespace, asarray_like, is_numpy_array, to_numpy
from ._sparse_dense import scale_rows
from ._threads import count_threads, row_ranges, thread_map

__all__ = ["ScaledGram", "SmoothedAttributes", "itemsize", "lengths_of_rows"]

DENSE_GAIN = 6
"""How much cheaper a multiply-add of a dense product is than one of a sparse one."""

APPLICATIONS = 10
"""Products with Z or its transpose that a decomposition takes, about."""

WIDE = 16
"""Columns of a block from which the compiled product wins."""

TRANSPOSED_ENTRIES = 10**7
"""Attributes up to which their transpose is kept beside them."""

HELD_BYTES = 2**29
"""Largest Z that is formed for the sake of speed."""


class SmoothedAttributes:
    r"""Matrix :math:`Z = \Phi(\hat X)` of attributes averaged over walks on a graph.

    Products with Z apply the filter to narrow blocks, or use Z itself, formed once,
    where that is cheaper. Either way they agree up to rounding.

    Parameters
    ----------
    propagation : Propagation
        Of the graph.
    rows : array or csr_array of shape (n, d)
        Attributes :math:`\hat X`.
    order : int
        Steps of the longest walk.
    alpha : float
        Weight of each step relative to the one before.
    width : int
        Columns of the blocks it will multiply, about.
    hold : bool, optional
        Whether to form Z; by default where that takes less time and little memory.
    n_jobs : int, optional
        Threads.
    """

    def __init__(
        self, propagation, rows, order, alpha, *, width=20, hold=None, n_jobs=None
    ):
        self.propagation, self.rows = propagation, rows
        self.order, self.alpha, self.n_jobs = order, alpha, n_jobs
        self.shape = rows.shape
        self._sparse = sp.issparse(rows)
        self._transposed = None
        hold = self._pays_to_hold(width) if hold is None else hold
        self._held = self._smooth(rows) if hold else None

    def _pays_to_hold(self, width):
        n, d = self.shape
        if n * d * itemsize(self.like) > HELD_BYTES:
            return False
        walk = self.propagation.matrix.nnz * self.order
        entries = self.rows.nnz if self._sparse else n * d / DENSE_GAIN
        held = walk * d + APPLICATIONS * n * d * width / DENSE_GAIN
        return held < APPLICATIONS * (walk + entries) * width

    def _smooth(self, block):
        return self.propagation.smooth(
            block, self.order, self.alpha, n_jobs=self.n_jobs
        )

    @property
    def like(self):
        """An array whose library, device and dtype the products have."""
        return self.rows.data if self._sparse else self.rows

    def single(self):
        """Copy in single precision, which shares the pattern of sparse attributes."""
        other = copy(self)
        other.rows = halved(self.rows)
        other._transposed, other._held = halved(self._transpose()), halved(self._held)
        return other

    def __matmul__(self, block):
        """Z @ block, for a block of shape (d, q)."""
        if self._held is not None:
            return self._held @ block
        return self._smooth(self.apply_rows(block))

    def apply_rows(self, block):
        """Product of the attributes before smoothing with a block of shape (d, q)."""
        return self._multiply(self.rows, block)

    def adjoint(self, block):
        """Z.T @ block, for a block of shape (n, q)."""
        if self._held is not None:
            return self._held.T @ block
        block = self.propagation.smooth_adjoint(
            block, self.order, self.alpha, n_jobs=self.n_jobs
        )
        transposed = self._transpose()
        if transposed is None:
            return self.rows.T @ block
        return self._multiply(transposed, block)

    def _transpose(self):
        """Transposed sparse attributes, kept where they are few; else None."""
        if not self._sparse or self.rows.nnz > TRANSPOSED_ENTRIES:
            return None
        if self._transposed is None:
            self._transposed = self.rows.T.tocsr()
        return self._transposed

    def _multiply(self, rows, block):
        """Product with attributes; compiled where that is quicker than SciPy's."""
        wide = self._sparse and block.shape[1] >= WIDE
        if not wide or block.dtype != rows.dtype:
            return rows @ block
        from .._numba.propagate import propagate_rows

        block = np.ascontiguousarray(block)
        out = np.zeros((rows.shape[0], block.shape[1]), dtype=rows.dtype)
        step = np.array([1, 0, 0, 0], dtype=rows.dtype)
        args = (rows.indptr, rows.indices, rows.data, step, block, out, out)
        n_threads = count_threads(self.n_jobs)
        ranges = (
            row_ranges(rows.indptr, n_threads) if n_threads > 1 else [(0, len(out))]
        )
        with thread_map(n_threads) as each:
            each(lambda part: propagate_rows(*args, *part), ranges)
        return out

    def formed(self):
        """Z itself, dense, of shape (n, d)."""
        return self._smooth(self.rows) if self._held is None else self._held

    def row_sums(self):
        """Sum the rows of Z, in float64 on the host."""
        ones = asarray_like(np.ones((self.shape[1], 1)), self.like)
        return to_numpy(self @ ones)[:, 0].astype(np.float64)

    def row_lengths(self):
        """Euclidean lengths of the rows of Z, float64 on the host.

        Exact, and the one thing that needs all of Z: it is formed in panels.
        """
        if self._held is not None:
            return lengths_of_rows(self._held)
        n, d = self.shape
        squares = np.zeros(n)
        width = max(64, min(d, HELD_BYTES // (8 * 64 * max(n, 1))))
        columns = self.rows.tocsc() if self._sparse else self.rows
        for start in range(0, d, width):
            panel = columns[:, start : min(start + width, d)]
            panel = panel.toarray() if self._sparse else panel
            squares += lengths_of_rows(self._smooth(panel)) ** 2
        return np.sqrt(squares)


def halved(M):
    """M in single precision; a sparse matrix shares its pattern, None stays None."""
    if M is None:
        return None
    if sp.issparse(M):
        return sp.csr_array((halved(M.data), M.indices, M.indptr), shape=M.shape)
    xp = array_namespace(M)
    return xp.astype(M, xp.float32)


def lengths_of_rows(Z):
    """Lengths of rows, in float64."""
    if is_numpy_array(Z):
        return np.sqrt(np.einsum("ij,ij->i", Z, Z, dtype=np.float64))
    xp = array_namespace(Z)
    return np.sqrt(to_numpy(xp.sum(Z * Z, axis=1, dtype=xp.float64)))


def itemsize(x):
    """Bytes of an entry."""
    return array_namespace(x).finfo(x.dtype).bits // 8


class ScaledGram:
    r"""Symmetric matrix :math:`M = D Z Z^T D - c\, \omega \omega^T`.

    With D = I and c = 0 its eigenvectors are the left singular vectors of Z.
    Otherwise :math:`\omega = D Z Z^T D 1` holds the degrees of the graph with weights
    :math:`D Z Z^T D`, and with :math:`c = \gamma / 1^T \omega` M is its modularity
    matrix at resolution γ.

    Parameters
    ----------
    Z : SmoothedAttributes
        The factor.
    scale : ndarray of shape (n,), optional
        Diagonal of D; without it M is the plain Gram matrix.
    resolution : float, default=1.0
        γ, where `scale` is given.
    """

    def __init__(self, Z, scale=None, resolution=1.0):
        self.Z, self.scale = Z, scale
        self.degrees, self.weight = None, 0.0
        if scale is not None:
            ones = asarray_like(np.ones((Z.shape[0], 1)), Z.like)
            self.column_sums = self.factor_adjoint(ones)  # Z^T D 1
            self.degrees = self.factor(self.column_sums)
            xp = array_namespace(self.degrees)
            total = float(xp.sum(self.column_sums**2))
            self.weight = resolution / total if total > 0 else 0.0

    def _scaled(self, block):
        return block if self.scale is None else scale_rows(block, self.scale)

    def factor(self, block):
        """D Z @ block."""
        return self._scaled(self.Z @ block)

    def factor_adjoint(self, block):
        """Z.T D @ block."""
        return self.Z.adjoint(self._scaled(block))

    def finish(self, half, block):
        """M @ block, given ``half = factor_adjoint(block)``."""
        product = self.factor(half)
        if self.degrees is None:
            return product
        omega = self.degrees
        return product - self.weight * (omega @ (omega.T @ block))

    def dense_factor(self):
        """D Z, formed."""
        return self._scaled(self.Z.formed())
