"""Products and inverses of lower triangular matrices, at half the cost in NumPy."""

from __future__ import annotations

from scipy.linalg import get_blas_funcs, get_lapack_funcs

from .._array import array_namespace, device, is_numpy_array


def lower_inverse(R):
    """Inverse of a lower triangular matrix without zeros on its diagonal."""
    if is_numpy_array(R):
        (trtri,) = get_lapack_funcs(("trtri",), (R,))
        return trtri(R.T, lower=0)[0].T  # transposes are in the order LAPACK wants
    xp = array_namespace(R)
    identity = xp.eye(R.shape[0], dtype=R.dtype, device=device(R))
    return xp.linalg.solve(R, identity)


def lower_gram(T):
    """``T' T`` of a lower triangular matrix."""
    if is_numpy_array(T):
        (trmm,) = get_blas_funcs(("trmm",), (T,))
        return trmm(1.0, T.T, T)
    return T.T @ T


def congruence(T, A, *, transpose=False):
    """``T A T'`` of a lower triangular matrix T, or ``T' A T``."""
    if is_numpy_array(T):
        (trmm,) = get_blas_funcs(("trmm",), (T, A))
        half = trmm(1.0, T.T, A, trans_a=not transpose)
        return trmm(1.0, T.T, half, side=1, trans_a=transpose, overwrite_b=True)
    return T.T @ A @ T if transpose else T @ A @ T.T
