"""Gaussian basis functions with one precision matrix: blocks, moments, gradients.

Notation: rows X (n, D) and centres C (M, D); ``P = L L'`` with L of shape (D, q); in
the latent space ``Z = X L`` and ``U = C L``; ``Phi[i, m] = exp(-|z_i - u_m|² / 2)``. A
derivative ``E = dJ/dPhi`` reaches L and C through ``A = E * Phi`` alone, and no array
of shape (n, M, D) is ever made.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .._array import accelerated, array_namespace, is_numpy_array

CACHED = 2 * 10**7
"""Entries of Phi that are kept between the two passes of a gradient (160 MB)."""
BLOCK = 2**17
"""Entries of a block in NumPy (1 MB, so that passes over it stay in the cache)."""
BLOCK_ELSEWHERE = 2**24


@accelerated("skspace._numba.rbf:gaussian")
def gaussian(Z, U):
    """Basis functions ``exp(-|z - u|² / 2)`` of latent rows at latent centres.

    Parameters
    ----------
    Z : array of shape (n, q)
    U : array of shape (M, q)

    Returns
    -------
    Phi : array of shape (n, M)
        In (0, 1]: rounding makes no squared distance negative.
    """
    xp = array_namespace(Z, U)
    z = xp.sum(Z * Z, axis=1, keepdims=True) / 2
    u = xp.sum(U * U, axis=1, keepdims=True) / 2
    exponent = Z @ U.T - z - u.T
    return xp.exp(xp.minimum(exponent, xp.zeros_like(exponent)))


@accelerated("skspace._numba.rbf:weigh")
def weigh(E, Phi, offset, residuals, coef, weights):
    """Return ``A = weights * (E - offset + residuals @ coef') * Phi`` and its sums.

    Parameters
    ----------
    E, Phi : array of shape (n, M)
    offset : array of shape (M,)
    residuals : array of shape (n, K)
    coef : array of shape (M, K)
    weights : array of shape (n,)

    Returns
    -------
    A : array of shape (n, M)
    rows : array of shape (n,)
    columns : array of shape (M,)
    """
    xp = array_namespace(E, Phi, weights)
    A = weights[:, None] * (E - offset + residuals @ coef.T) * Phi
    return A, xp.sum(A, axis=1), xp.sum(A, axis=0)


def row_blocks(n_rows, n_centers, like):
    """Slices of rows whose basis functions make one block."""
    entries = BLOCK if is_numpy_array(like) else BLOCK_ELSEWHERE
    size = max(64, entries // max(1, n_centers))
    return [slice(i, min(i + size, n_rows)) for i in range(0, n_rows, size)]


class Basis:
    """Basis functions of all rows, block by block.

    Blocks are kept where all of them are small enough, and made anew where not.

    Parameters
    ----------
    X : array of shape (n, D)
    L : array of shape (D, q)
    C : array of shape (M, D)
    """

    def __init__(self, X, L, C):
        self.X, self.L, self.C = X, L, C
        self.U = C @ L
        self.slices = row_blocks(X.shape[0], C.shape[0], X)
        self._kept = [None] * len(self.slices)
        self._keep = X.shape[0] * C.shape[0] <= CACHED

    def __iter__(self):
        """Yield the slice of rows, their latent coordinates and basis functions."""
        for i, rows in enumerate(self.slices):
            block = self._kept[i]
            if block is None:
                Z = self.X[rows, :] @ self.L
                block = Z, gaussian(Z, self.U)
                if self._keep:
                    self._kept[i] = block
            yield rows, *block

    def predict(self, W, intercept):
        """``Phi W + intercept`` for all rows."""
        xp = array_namespace(self.X)
        return xp.concat([Phi @ W + intercept for _, _, Phi in self], axis=0)

    def project(self, G):
        """``Phi' G`` for columns G over all rows."""
        return sum(Phi.T @ G[rows, :] for rows, _, Phi in self)


class BasisMoments(NamedTuple):
    """Weighted sums of basis functions and of their products with responses."""

    weight: float
    first: Any  # (M,), mean
    second: Any  # (M, M), sum of products, not centred
    response: Any  # (M, K), sum of products with centred responses


def basis_moments(basis, weights, total, Y=None):
    """One pass: weighted moments of the basis functions, with responses or without.

    `Y` is centred: its weighted sum is zero.
    """
    xp = array_namespace(weights)
    root = xp.sqrt(weights)[:, None]
    first = second = response = 0
    for rows, _, Phi in basis:
        weighted = Phi * root[rows, :]
        first = first + weighted.T @ root[rows, 0]
        second = second + weighted.T @ weighted  # symmetric, which halves the cost
        if Y is not None:
            response = response + weighted.T @ (Y[rows, :] * root[rows, :])
    return BasisMoments(total, first / total, second, None if Y is None else response)


def centred(moments):
    """Sum of products of the basis functions about their means."""
    m = moments.first
    return moments.second - moments.weight * (m[:, None] * m[None, :])


class Slopes(NamedTuple):
    """Derivatives of an objective by its residuals and by its second moments.

    ``dJ/dPhi[i] = weights[i] * (residuals[i] @ coef' + Phi[i] @ square - offset)``.
    """

    residuals: Any  # (n, K)
    coef: Any  # (M, K)
    square: Any = None  # (M, M), symmetric
    offset: Any = None  # (M,)


def basis_gradient(basis, slopes, weights):
    """Differentiate an objective of the basis functions by L and C: second pass.

    Returns
    -------
    by_L : array of shape (D, q)
    by_C : array of shape (M, D)
    """
    X, C, L, U = basis.X, basis.C, basis.L, basis.U
    xp = array_namespace(X)
    offset = slopes.offset
    if offset is None:
        offset = xp.zeros_like(U[:, 0])
    by_L = AZ = columns = 0
    for rows, Z, Phi in basis:
        A, row_sums, column_sums = weigh(
            xp.zeros_like(Phi) if slopes.square is None else Phi @ slopes.square,
            Phi,
            offset,
            slopes.residuals[rows, :],
            slopes.coef,
            weights[rows],
        )
        by_L = by_L - X[rows, :].T @ (row_sums[:, None] * Z - A @ U)
        AZ = AZ + A.T @ Z
        columns = columns + column_sums
    pull = AZ - columns[:, None] * U
    return by_L + C.T @ pull, pull @ L.T


def kernel_gradient(C, L, U, by_kernel, K):
    """Differentiate an objective of the kernel matrix of the centres by L and C."""
    xp = array_namespace(C)
    A = by_kernel * K
    pull = A @ U - xp.sum(A, axis=1)[:, None] * U
    return 2 * C.T @ pull, 2 * pull @ L.T


def input_gradients(Z, U, L, coef):
    """Gradients of ``Phi coef`` by the inputs, output by output.

    Yields
    ------
    array of shape (n, D)
        ``-L sum_m coef[m] phi_m (z - u_m)`` in rows, for each column of `coef`.
    """
    Phi = gaussian(Z, U)
    xp = array_namespace(Phi)
    for k in range(coef.shape[1]):
        A = Phi * coef[:, k]
        yield (A @ U - xp.sum(A, axis=1)[:, None] * Z) @ L.T
