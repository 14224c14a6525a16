"""Gradients through doubly stochastic matrices, by the equations that they solve."""

from __future__ import annotations

from .._array import array_namespace

__all__ = ["sinkhorn_gradient"]


def sinkhorn_gradient(plan, by_plan, eta, *, symmetric=True, tol=1e-10, max_iter=500):
    r"""Carry a gradient from a doubly stochastic matrix to the similarities.

    Differentiates the equations that the plan solves rather than the iterations, so
    the plan must have converged.

    Parameters
    ----------
    plan : array of shape (n, n)
        Γ.
    by_plan : array of shape (n, n)
        Derivative of the objective by Γ.
    eta : float
    symmetric : bool, default=True
        Whether S, and so Γ, is symmetric by construction; its derivative then is.
    tol : float, default=1e-10
        Relative residual of the linear system. Of float32 no less than 1e-6.
    max_iter : int, default=500
        Iterations of conjugate gradients at most.

    Returns
    -------
    by_similarity : array of shape (n, n)

    Notes
    -----
    With H = Γ ∘ G: (I + Γ) a = H1 after H is made symmetric, and the derivative is
    (H - Γ ∘ (a1ᵀ + 1aᵀ)) / η. The matrix has its spectrum in [0, 2], in [1, 2] where Γ
    is positive semi-definite: five to ten products by conjugate gradients. Without
    symmetry the system is [I Γ; Γᵀ I] [a; b] = [H1; Hᵀ1], singular along (1, -1), which
    conjugate gradients from zero never enter.
    """
    xp = array_namespace(plan, by_plan)
    H = plan * by_plan
    if symmetric:
        H = (H + H.T) / 2
        rows = xp.sum(H, axis=1)
        a = b = _solve(lambda x: x + plan @ x, rows, tol, max_iter)
    else:
        n = plan.shape[0]
        sums = xp.concat([xp.sum(H, axis=1), xp.sum(H, axis=0)])

        def product(x):
            a, b = x[:n], x[n:]
            return xp.concat([a + plan @ b, b + plan.T @ a])

        both = _solve(product, sums, tol, max_iter)
        a, b = both[:n], both[n:]
    return (H - plan * (a[:, None] + b)) / eta


def _solve(product, b, tol, max_iter):
    """Conjugate gradients from zero for a positive semi-definite system."""
    xp = array_namespace(b)
    tol = max(tol, 8 * float(xp.finfo(b.dtype).eps))
    x, r = xp.zeros_like(b), b
    p, square = r, float(xp.sum(r * r))
    enough = tol * tol * square
    for _ in range(max_iter):
        if square <= enough:
            break
        q = product(p)
        step = square / float(xp.sum(p * q))
        x, r = x + step * p, r - step * q
        before, square = square, float(xp.sum(r * r))
        p = r + (square / before) * p
    return x
