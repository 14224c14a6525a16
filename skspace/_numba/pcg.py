"""Preconditioned conjugate gradients for one small dense system."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def conjugate_gradient(H, b, P, tol, max_iter):
    """Solve H x = b from x = 0.

    Parameters
    ----------
    H, P : (p, p) float64
        Symmetric, `P` positive definite: the preconditioner, applied as P r.
    b : (p,) float64
    tol : float
        Stop at ``rᵀ P r <= tol² bᵀ P b``.
    max_iter : int

    Returns
    -------
    x : (p,) float64
    n_iter : int
    residual : float
        √(rᵀ P r / bᵀ P b) of the recursion.
    finite : bool
        False where H was found not to be positive definite.
    """
    p = b.shape[0]
    x, r, z = np.zeros(p), b.copy(), np.zeros(p)
    for i in range(p):
        for j in range(p):
            z[i] += P[i, j] * r[j]
    d, q = z.copy(), np.zeros(p)
    rho = np.sum(r * z)
    first = rho
    if not first > 0.0:
        return x, 0, 0.0, np.isfinite(first)
    for n_iter in range(1, max_iter + 1):
        curvature = 0.0
        for i in range(p):
            q[i] = 0.0
            for j in range(p):
                q[i] += H[i, j] * d[j]
            curvature += d[i] * q[i]
        # not a number included
        if not curvature > 1e-15 * np.max(np.abs(q)) * np.max(np.abs(d)):
            return x, n_iter - 1, np.sqrt(rho / first), False
        step = rho / curvature
        for i in range(p):
            x[i] += step * d[i]
            r[i] -= step * q[i]
        rho_next = 0.0
        for i in range(p):
            z[i] = 0.0
            for j in range(p):
                z[i] += P[i, j] * r[j]
            rho_next += r[i] * z[i]
        if rho_next <= tol * tol * first:
            return x, n_iter, np.sqrt(max(rho_next, 0.0) / first), True
        for i in range(p):
            d[i] = z[i] + rho_next / rho * d[i]
        rho = rho_next
    return x, max_iter, np.sqrt(rho / first), True
