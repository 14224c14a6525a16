"""Methods whose coefficient rows are dense: form rows in blocks, keep the largest."""

from __future__ import annotations

import math

import numpy as np
import scipy.sparse as sp
from sklearn.utils.parallel import Parallel, delayed

from .._array import array_namespace, device, is_numpy_array, to_numpy
from .._validation import check_memory
from ..graph._top_k import row_top_k

BLOCK_BYTES = 64 * 1024**2
"""Size of one block of dense rows."""

GRAPH_BYTES = 80
"""Bytes per pair of samples at the peak of a fit on the graph of all coefficients:
ten tables of float64, most of them in the decomposition of a graph that is full."""


def collect_rows(rows, like, n_keep, n_jobs=None):
    """Assemble the sparse matrix of the largest entries of dense rows.

    Parameters
    ----------
    rows : callable
        ``rows(start, stop)`` gives a block of shape (stop - start, n), its own columns
        zero, in the library of `like`.
    like : array of shape (n, ...)
        The samples.
    n_keep : int
        Entries of largest magnitude kept per row.
    n_jobs : int or None
        Threads over blocks, on NumPy; a device runs them in turn.

    Returns
    -------
    csr_array of shape (n, n), on the host
    """
    n = like.shape[0]
    n_keep = min(n_keep, max(n - 1, 1))
    step = max(16, BLOCK_BYTES // (number_bytes(like) * n))
    blocks = [(start, min(start + step, n)) for start in range(0, n, step)]

    def largest(start, stop):
        values, columns = row_top_k(rows(start, stop), n_keep)
        return to_numpy(values), to_numpy(columns)

    jobs = n_jobs if is_numpy_array(like) else None
    found = Parallel(n_jobs=jobs, prefer="threads")(
        delayed(largest)(*block) for block in blocks
    )
    values = np.concatenate([v for v, _ in found])
    columns = np.concatenate([c for _, c in found])
    C = sp.csr_array(
        (values.ravel(), columns.ravel(), np.arange(n + 1) * n_keep), shape=(n, n)
    )
    C.eliminate_zeros()
    return C


def check_full_graph(n):
    """Refuse a fit on the graph of all coefficients that would not fit."""
    check_memory(
        GRAPH_BYTES * n * n,
        what=f"The graph of all coefficients between {n} samples",
        remedy='set affinity="topk" or fit on a sample (max_samples)',
    )


def sparse_rows(A):
    """CSR form of a NumPy array, with little memory beyond it where A is full."""
    stored = A != 0
    indptr = np.concatenate([[0], np.cumsum(np.sum(stored, axis=1))])
    column = np.arange(A.shape[1], dtype=np.int32)
    indices = np.broadcast_to(column, A.shape)[stored]
    return sp.csr_array((A[stored], indices, indptr.astype(np.int32)), shape=A.shape)


def zero_own_column(block, start):
    """Zero the entries of a block of rows that lie on the diagonal of the whole."""
    xp = array_namespace(block)
    own = xp.arange(start, start + block.shape[0], device=device(block))
    column = xp.arange(block.shape[1], device=device(block))
    return xp.where(
        own[:, None] == column[None, :], xp.zeros_like(block[:1, :1]), block
    )


def unit_length(V):
    """Scale rows to unit length, however small; zero rows stay."""
    xp = array_namespace(V)
    for norm in (math.inf, 2):  # the square of a row of length 1e-170 is zero
        length = xp.linalg.vector_norm(V, axis=1, keepdims=True, ord=norm)
        V = V / xp.where(length > 0, length, xp.ones_like(length))
    return V


def number_bytes(like):
    """Size of one number of a floating array, in bytes."""
    return array_namespace(like).finfo(like.dtype).bits // 8
