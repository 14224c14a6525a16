"""Products of centred rows; sparse rows are not centred for them."""

from __future__ import annotations

import scipy.sparse as sp

from .._array import array_namespace
from ._moments import BLOCK_BYTES


def centred_product(X, mean, coef):
    """(X - mean) @ coef in float64, in blocks of rows.

    Parameters
    ----------
    X : array or sparse matrix of shape (n, p)
    mean : array of shape (p,), float64
    coef : array of shape (p, k), float64

    Returns
    -------
    array of shape (n, k)
    """
    if sp.issparse(X):
        return X @ coef - mean @ coef
    xp = array_namespace(X)
    size = max(BLOCK_BYTES // (8 * X.shape[1]), 1)
    return xp.concat(
        [
            (xp.astype(X[a : min(a + size, X.shape[0]), :], xp.float64) - mean) @ coef
            for a in range(0, X.shape[0], size)
        ]
    )


def linear_scores(X, mean, components):
    """Return ``(X - mean) @ components.T`` in the dtype of X.

    Parameters
    ----------
    X : array or sparse matrix of shape (n, p)
    mean : array of shape (p,)
    components : array of shape (k, p)

    Returns
    -------
    array of shape (n, k)
    """
    xp = array_namespace(components)
    components = xp.astype(components, X.dtype)
    mean = xp.astype(mean, X.dtype)
    if sp.issparse(X):
        return X @ components.T - components @ mean
    return (X - mean) @ xp.matrix_transpose(components)
