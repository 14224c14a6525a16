"""Products of SciPy sparse matrices with dense blocks of any array library."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from .._array import (
    array_namespace,
    asarray_like,
    csr_like,
    device,
    is_numpy_array,
    to_numpy,
)

__all__ = ["SparseOperator"]


class SparseOperator:
    """A sparse matrix that multiplies dense blocks where they live.

    SciPy matrices are outside the array API. The matrix is moved to the library,
    device and dtype of a block at the first product and kept there; a library without
    sparse matrices gets its products from the host.

    Parameters
    ----------
    matrix : sparse array of shape (m, n)
        Real. It is not copied where it is CSR; leave it as it is.
    """

    def __init__(self, matrix):
        self.matrix = sp.csr_array(matrix)
        self._moved = {}

    def __getstate__(self):
        return {"matrix": self.matrix, "_moved": {}}

    @property
    def shape(self):
        return self.matrix.shape

    def like(self, block):
        """Matrix in the library, device and dtype of `block`; None without one."""
        if is_numpy_array(block):
            if block.dtype == self.matrix.dtype:
                return self.matrix
            key = block.dtype
        else:
            # by its name: a device of CuPy has no hash
            key = (array_namespace(block).__name__, str(device(block)), block.dtype)
        if key not in self._moved:
            self._moved[key] = (
                self.matrix.astype(block.dtype)
                if is_numpy_array(block)
                else csr_like(self.matrix, block)
            )
        return self._moved[key]

    def __matmul__(self, block):
        """Product with a dense block of shape (n, q), in the dtype of the block."""
        if block.shape[0] != self.shape[1]:
            raise ValueError(
                f"A matrix of shape {self.shape} cannot multiply a block of shape "
                f"{tuple(block.shape)}."
            )
        matrix = self.like(block)
        if matrix is None:
            host = to_numpy(block)
            return asarray_like(self.matrix.astype(host.dtype) @ host, block)
        return matrix @ block

    @property
    def T(self):
        """Operator of the transpose, as rows of its own."""
        return SparseOperator(self.matrix.T.tocsr())


def as_block(M):
    """Real numbers of `M` as float32 or float64, in its own library."""
    if sp.issparse(M):
        return M if M.dtype == np.float32 else M.astype(np.float64, copy=False)
    xp = array_namespace(M)
    if M.dtype in (xp.float32, xp.float64):
        return M
    return xp.astype(M, xp.float64)


def scale_rows(M, scale):
    """Multiply each row of `M` by its number, kept on the host in float64."""
    return M * asarray_like(scale, M)[:, None]
