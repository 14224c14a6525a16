"""Orthonormal blocks of a Krylov subspace, and the matrix projected on it."""

from __future__ import annotations

import numpy as np

from .._array import array_namespace, asarray_like, device, to_numpy

__all__ = ["Subspace", "orthonormal"]

DEPENDENT = 1e-3
"""Ratio of sizes of columns below which they are orthonormalised by reflections."""


class Subspace:
    """Orthonormal blocks, what the factor makes of them, and the projected matrix.

    Blocks are kept as rows, so that products with all of them are one each.
    """

    def __init__(self, gram, block, n_blocks):
        xp, (n, width) = array_namespace(block), block.shape
        place = {"dtype": block.dtype, "device": device(block)}
        self.gram, self.size = gram, 0
        self.recent = (0, 0)  # where the last two blocks begin
        self._basis = xp.empty((n_blocks * width, n), **place)
        self._halves = xp.empty((n_blocks * width, gram.Z.shape[1]), **place)
        self.matrix = np.zeros((0, 0))

    @property
    def basis(self):
        return self._basis[: self.size, :]

    @property
    def halves(self):
        return self._halves[: self.size, :]

    def add(self, block):
        """Append a block; returns its product with the transposed factor."""
        half = self.gram.factor_adjoint(block)
        old, size = self.size, self.size + block.shape[1]
        self._basis[old:size, :] = block.T
        self._halves[old:size, :] = half.T
        self.size, self.recent = size, (self.recent[1], old)
        new = to_numpy(self.halves @ half).astype(np.float64)
        if self.gram.degrees is not None:
            c = to_numpy(self.basis @ self.gram.degrees).astype(np.float64)
            new -= self.gram.weight * (c @ c[old:].T)
        matrix = np.zeros((size, size))
        matrix[:old, :old] = self.matrix
        matrix[:, old:] = new
        matrix[old:, :old] = new[:old].T
        self.matrix = matrix
        return half

    def extend(self, block):
        """Orthonormalise a block against the basis; returns it and its coupling.

        Columns that lie in the span of those before them, up to rounding, are left
        out. Nearly all of what is in the basis is in its last two blocks. These are
        taken out first; what is left is then small enough for one pass over all.
        """
        xp = array_namespace(block)
        size = float(xp.linalg.matrix_norm(block))
        left = self._outside(self.basis[self.recent[0] :, :], block)
        eps = float(xp.finfo(block.dtype).eps)
        Q, coupling = by_cholesky(left, 1e4 * eps * size)
        if Q is not None:
            Q, correction = by_cholesky(self._outside(self.basis, Q), 0.0)
        if Q is not None:
            return Q, correction @ coupling
        Q, R = xp.linalg.qr(self._outside(self.basis, left), mode="reduced")
        coupling = to_numpy(R).astype(np.float64)
        # Where nothing is left but rounding errors, these are orthogonal to nothing.
        new = np.abs(np.diag(coupling)) > 100 * eps * size
        if not new.all():
            Q = Q @ asarray_like(np.eye(len(new))[:, new], Q)
            coupling = coupling[new]
        return Q, coupling

    @staticmethod
    def _outside(B, block):
        """Project a block on what is orthogonal to the rows of B."""
        return block - B.T @ (B @ block)

    def eigenpairs(self):
        """Ritz values and vectors, decreasing."""
        values, rotation = np.linalg.eigh((self.matrix + self.matrix.T) / 2)
        return values[::-1], rotation[:, ::-1]

    def combine(self, rotation):
        """Combine the basis linearly."""
        return self.basis.T @ asarray_like(rotation, self._basis)

    def combine_halves(self, rotation):
        """Combine what the factor makes of the basis."""
        return self.halves.T @ asarray_like(rotation, self._halves)


def orthonormal(block):
    """Orthonormal columns that span those of `block`."""
    return array_namespace(block).linalg.qr(block, mode="reduced")[0]


def by_cholesky(block, least):
    """Orthonormalise columns; also returns the triangular factor, on the host.

    Quicker than reflections. None where columns add less than `least` to those before
    them, or so little that this would be inaccurate.
    """
    gram = to_numpy(block.T @ block).astype(np.float64)
    try:
        factor = np.linalg.cholesky(gram).T
    except np.linalg.LinAlgError:
        return None, None
    sizes = np.diag(factor)
    if not sizes.min(initial=np.inf) > max(least, DEPENDENT * sizes.max(initial=0.0)):
        return None, None
    inverse = np.linalg.inv(factor)
    return block @ asarray_like(inverse, block), factor
