"""Methods whose coefficient rows are dense: form rows in blocks, keep the largest."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from sklearn.utils.parallel import Parallel, delayed

from .._array import array_namespace, device, is_numpy_array, to_numpy
from ..graph._top_k import row_top_k

BLOCK_BYTES = 64 * 1024**2
"""Size of one block of dense rows."""


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


def zero_own_column(block, start):
    """Zero the entries of a block of rows that lie on the diagonal of the whole."""
    xp = array_namespace(block)
    own = xp.arange(start, start + block.shape[0], device=device(block))
    column = xp.arange(block.shape[1], device=device(block))
    return xp.where(own[:, None] == column[None, :], xp.zeros_like(block), block)


def number_bytes(like):
    """Size of one number of a floating array, in bytes."""
    return array_namespace(like).finfo(like.dtype).bits // 8
