"""The rows of a regression as one operator: weights, constant column and ridge.

For data X (n, p), row weights w, and a ridge penalty alpha,

    A = [ √W [X 1] ]  diag(1 / scale),    b = [ √W y ]
        [  √α [I 0] ]                         [  0   ]

without a copy of X. Iterative solvers ask for products in one pass over the rows.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

__all__ = ["Design"]

BLOCK_BYTES = 2**20
"""Rows taken at a time stay in the second cache while they are used twice."""


class Design:
    """Products with A and Aᵀ, several right-hand sides at a time.

    Parameters
    ----------
    X : (n, p) array, sparse matrix or LinearOperator
    intercept : bool, default=False
        Append a column of ones, which the ridge leaves alone.
    weights : (n,) array, optional
        Positive weights of rows.
    alpha : float, default=0.0
        Ridge penalty.
    scale : (p or p + 1,) array, optional
        Divisors of columns.
    """

    def __init__(self, X, *, intercept=False, weights=None, alpha=0.0, scale=None):
        self.X = X
        self.intercept = intercept
        self.roots = None if weights is None else np.sqrt(weights)[:, None]
        self.alpha = alpha
        self.n_rows, self.n_columns = X.shape
        n_all = self.n_columns + intercept
        self.scale = np.ones(n_all) if scale is None else scale
        self.shape = (self.n_rows + (self.n_columns if alpha else 0), n_all)
        self._dense = isinstance(X, np.ndarray)
        self._transposed = X.T if sp.issparse(X) else None

    def blocks(self, n_bytes=BLOCK_BYTES):
        """Slices of rows of about this size; one of all where X is not dense."""
        if not self._dense:
            return [slice(0, self.n_rows)]
        size = max(64, n_bytes // (self.X.itemsize * max(self.n_columns, 1)))
        return [slice(i, i + size) for i in range(0, self.n_rows, size)]

    def right_hand_side(self, Y):
        """Return b of shape (rows of A, k) for responses Y (n, k), a copy."""
        b = np.zeros((self.shape[0], Y.shape[1]))
        b[: self.n_rows] = Y if self.roots is None else self.roots * Y
        return b

    def step(self, V, U, shift):
        """Set U <- A V - shift U in place and return Aᵀ U, in one pass over the rows.

        Parameters
        ----------
        V : (columns, k) array
        U : (rows, k) array
            Overwritten.
        shift : (k,) array
        """
        V = V / self.scale[:, None]
        Z = np.zeros(V.shape)
        for rows in self.blocks():
            block = U[rows] if not self.alpha else U[: self.n_rows][rows]
            block *= -shift
            block += self._product(V, rows)
            self._add_adjoint(block, rows, Z)
        if self.alpha:
            ridge, root = U[self.n_rows :], np.sqrt(self.alpha)
            ridge *= -shift
            ridge += root * V[: self.n_columns]
            Z[: self.n_columns] += root * ridge
        return Z / self.scale[:, None]

    def product(self, V):
        """Return A V of shape (rows, k)."""
        U = np.zeros((self.shape[0], V.shape[1]))
        V = V / self.scale[:, None]
        for rows in self.blocks():
            U[: self.n_rows][rows] = self._product(V, rows)
        if self.alpha:
            U[self.n_rows :] = np.sqrt(self.alpha) * V[: self.n_columns]
        return U

    def adjoint(self, U):
        """Return Aᵀ U of shape (columns, k)."""
        Z = np.zeros((self.shape[1], U.shape[1]))
        for rows in self.blocks():
            self._add_adjoint(U[: self.n_rows][rows], rows, Z)
        if self.alpha:
            Z[: self.n_columns] += np.sqrt(self.alpha) * U[self.n_rows :]
        return Z / self.scale[:, None]

    def gram(self, V):
        """Return AᵀA V in one pass, without anything of the length of the rows."""
        V = V / self.scale[:, None]
        Z = np.zeros(V.shape)
        for rows in self.blocks():
            self._add_adjoint(self._product(V, rows), rows, Z)
        if self.alpha:
            Z[: self.n_columns] += self.alpha * V[: self.n_columns]
        return Z / self.scale[:, None]

    def _product(self, V, rows):
        part = self._take(rows) @ V[: self.n_columns]
        if self.intercept:
            part = part + V[self.n_columns]
        return part if self.roots is None else self.roots[rows] * part

    def _add_adjoint(self, U, rows, Z):
        if self.roots is not None:
            U = self.roots[rows] * U
        if self._dense:
            Z[: self.n_columns] += self._take(rows).T @ U
        elif self._transposed is not None:
            Z[: self.n_columns] += self._transposed @ U
        else:
            Z[: self.n_columns] += self.X.rmatmat(U)
        if self.intercept:
            Z[self.n_columns] += U.sum(axis=0)

    def _take(self, rows):
        """Rows of X in float64."""
        if not self._dense:
            return self.X
        return np.asarray(self.X[rows], dtype=np.float64)

    def dense_blocks(self, columns=None, n_bytes=2**25):
        """Rows of A as dense arrays, some at a time, for a QR.

        Parameters
        ----------
        columns : index array, optional
            Only these columns of A.
        n_bytes : int
            Size of a block.
        """
        columns = np.arange(self.shape[1]) if columns is None else columns
        kept = columns[columns < self.n_columns]
        width = len(columns)
        size = max(8 * width, n_bytes // (8 * max(width, 1)))
        for start in range(0, self.n_rows, size):
            rows = slice(start, min(start + size, self.n_rows))
            part = self.X[rows]
            part = part.toarray() if sp.issparse(part) else part
            block = np.ones((rows.stop - start, width))
            block[:, columns < self.n_columns] = part[:, kept]
            block /= self.scale[columns]  # first: the product may overflow
            if self.roots is not None:
                block *= self.roots[rows]
            yield block
        if self.alpha:
            ridge = np.sqrt(self.alpha) * np.eye(self.n_columns, self.shape[1])
            yield (ridge / self.scale)[:, columns]

    def column_norms(self):
        """Lengths of the columns of A; X must not be a LinearOperator."""
        square = np.zeros(self.shape[1])
        scale = self.scale[: self.n_columns]
        for rows in self.blocks():
            w = None if self.roots is None else self.roots[rows, 0] ** 2
            part = self._take(rows)
            if sp.issparse(part):
                part = (part @ sp.diags_array(1.0 / scale)).power(2)
                ones = np.ones(self.n_rows) if w is None else w
                square[: self.n_columns] += part.T @ ones
            else:
                part = part / scale
                weighted = part if w is None else w[:, None] * part
                square[: self.n_columns] += np.einsum("ij,ij->j", weighted, part)
        if self.intercept:
            roots = self.roots
            square[-1] = self.n_rows if roots is None else np.sum(roots**2)
            square[-1] /= self.scale[-1] ** 2
        norms = np.sqrt(square)
        ridge = np.sqrt(self.alpha) / scale
        norms[: self.n_columns] = np.hypot(norms[: self.n_columns], ridge)
        return norms
