"""Rows in blocks: what the sparse self-representation functions share."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from .._array import to_numpy
from .._validation import as_table

GRAM_BYTES = 512 * 1024**2
"""Largest matrix of inner products kept whole; beyond it work goes by blocks."""

BLOCK_BYTES = 32 * 1024**2
"""Size of the block of inner products one thread holds beyond that."""


def as_rows(X):
    """Validate a table and bring it to float64 numbers of moderate size, on the host.

    Returns the rows divided by a power of two, that power, and the dtype in
    which results are due. The division is exact, and keeps squares of rows of
    length 1e±200 from over- and underflowing.
    """
    X = to_numpy(as_table(X))
    _, exponent = np.frexp(np.max(np.abs(X)))
    exponent = int(np.clip(exponent, -1000, 1000))
    rows = np.multiply(X, 2.0**-exponent, dtype=np.float64, order="C")
    return rows, exponent, X.dtype


def fits(n_rows, n_columns):
    """Whether a matrix of inner products is kept whole."""
    return 8 * n_rows * n_columns <= GRAM_BYTES


def row_blocks(n_rows, n_columns):
    """Cut rows into blocks that depend on sizes alone, never on `n_jobs`."""
    step = max(16, min(256, BLOCK_BYTES // (8 * max(n_columns, 1))))
    return [(start, min(start + step, n_rows)) for start in range(0, n_rows, step)]


def from_padded(support, coefs, n_samples, dtype):
    """Build the sparse matrix from rows of atoms padded by -1."""
    kept = (support >= 0) & (coefs != 0)
    indptr = np.concatenate([[0], np.cumsum(kept.sum(axis=1))])
    C = csr_array(
        (coefs[kept].astype(dtype), support[kept], indptr), shape=(n_samples, n_samples)
    )
    C.sort_indices()
    return C
