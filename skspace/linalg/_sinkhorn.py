"""Doubly stochastic matrices by Sinkhorn iterations."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from .._array import array_namespace
from ._basis import real_array

__all__ = [
    "Scaling",
    "SinkhornResult",
    "eta_of_perplexity",
    "mean_perplexity",
    "sinkhorn",
    "symmetric_scaling",
    "symmetric_sinkhorn",
]

FAR = 1e6
"""Scaling factors beyond this, or its inverse, are taken into the exponents."""

ROWS_BOUND = 2**17
"""Numbers in a block of rows of similarities, so that temporaries stay in cache ..."""

LEAST_ROWS = 64
"""... unless rows are long: blocks may be products of matrices, and want height."""

NOTHING = 1e-30
"""Smallest sum divided by: one that vanished asks for new exponents anyway."""


class SinkhornResult(NamedTuple):
    """A doubly stochastic matrix, its potentials, and how far it got.

    Attributes
    ----------
    plan : array of shape (n, n)
        Rows and columns sum to one.
    row_potential, column_potential : array of shape (n,)
        f and g in ``plan = exp((S + f[:, None] + g) / eta)``; equal where S is
        symmetric.
    n_iter : int
        Iterations.
    error : float
        Largest error of a row or column sum.
    """

    plan: Any
    row_potential: Any
    column_potential: Any
    n_iter: int
    error: float


def sinkhorn(S, eta, *, max_iter=200, tol=1e-6):
    r"""Doubly stochastic matrix that follows similarities as far as entropy allows.

    .. math:: \max_Γ \; \langle S, Γ \rangle - η \sum_{ij} Γ_{ij} \log Γ_{ij}
              \quad\text{with}\quad Γ 1 = Γ^T 1 = 1

    Parameters
    ----------
    S : array-like of shape (n, n)
        Similarities of any sign.
    eta : float
        Weight η > 0 of the entropy, in units of S. Small values give nearly a
        permutation, large ones the constant 1 / n.
    max_iter : int, default=200
        Iterations at most.
    tol : float, default=1e-6
        Largest error of a row or column sum. Of float32 no less is asked than its
        rounding allows.

    Returns
    -------
    SinkhornResult
        With fields ``plan``, ``row_potential``, ``column_potential``, ``n_iter`` and
        ``error``, all arrays in the library and precision of S.

    Raises
    ------
    ValueError
        When S is not a square table of finite numbers, η is not positive, or S / η
        leaves the range of the numbers.

    See Also
    --------
    skspace.cluster.MCR2Clustering : Clusters with such a membership.

    Notes
    -----
    The solution is :math:`Γ_{ij} = \exp((S_{ij} + f_i + g_j) / η)`. A symmetric S has
    f = g, found by a damped fixed point with one potential,

    .. math:: f_i \leftarrow \tfrac{1}{2}
              (f_i - η \log \sum_j \exp((f_j + S_{ij}) / η)),

    whose error shrinks by ½(1 - λ) along an eigenvector of Γ with eigenvalue λ: by a
    half or better where Γ is positive semi-definite, slowly near λ = -1 (bipartite S).
    Γ is exactly symmetric. Any other S alternates between rows and columns.

    These are iterations in the log domain, and as safe for small η, yet cost one
    exponential an entry in all rather than one an iteration: with the exponentials at
    a first potential kept, an iteration on the factors :math:`\exp(δ / η)` is a
    product with a vector. Where a factor leaves [1e-6, 1e6] the exponentials are
    formed anew. O(n²) an iteration, 16 n² bytes beside S in float64.

    References
    ----------
    .. [1] M. Cuturi, "Sinkhorn distances: lightspeed computation of optimal
       transport", NeurIPS 2013. :doi:`10.48550/arXiv.1306.0895`
    .. [2] P. A. Knight, D. Ruiz and B. Uçar, "A symmetry preserving algorithm for
       matrix scaling", SIAM Journal on Matrix Analysis and Applications 35 (2014).
       :doi:`10.1137/110825753`
    .. [3] B. Schmitzer, "Stabilized sparse scaling algorithms for entropy regularized
       transport problems", SIAM Journal on Scientific Computing 41 (2019).
       :doi:`10.1137/16M1106018`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.linalg import sinkhorn
    >>> S = np.array([[1.0, 0.9, 0.0], [0.9, 1.0, 0.0], [0.0, 0.0, 1.0]])
    >>> sinkhorn(S, 0.1).plan.round(2)
    array([[0.73, 0.27, 0.  ],
           [0.27, 0.73, 0.  ],
           [0.  , 0.  , 1.  ]])
    """
    S = real_array(S, "S")
    xp = array_namespace(S)
    if S.ndim != 2 or S.shape[0] != S.shape[1] or not S.shape[0]:
        raise ValueError(f"S must be a square table, got shape {tuple(S.shape)}.")
    if not (math.isfinite(eta) and eta > 0):
        raise ValueError(f"eta must be a positive number, got {eta!r}.")
    eta, largest = float(eta), float(xp.max(xp.abs(S)))
    limit = float(xp.finfo(S.dtype).max) / 64  # for sums of a few, and logarithms
    if eta > limit or largest > limit * min(eta, 1.0):
        raise ValueError(
            f"S and S / eta must stay in the range of {S.dtype}; entries of S reach "
            f"{largest:.2g}, and eta is {eta:.2g}."
        )
    if _is_symmetric(S, xp):
        return symmetric_sinkhorn(S, eta, max_iter=max_iter, tol=tol)
    # rounding of a product of matrices leaves S nearly symmetric
    unit = 64 * float(xp.finfo(S.dtype).eps) * largest
    if float(xp.max(xp.abs(S - S.T))) <= unit:
        return symmetric_sinkhorn((S + S.T) / 2, eta, max_iter=max_iter, tol=tol)
    tol = _reachable(S.dtype, largest / eta, tol, xp)
    return _two_sided(S, eta, max_iter, tol)


def symmetric_sinkhorn(S, eta, *, max_iter, tol):
    """:func:`sinkhorn` of a table known to be symmetric and finite.

    Parameters
    ----------
    S : array of shape (n, n)
    eta, max_iter, tol
        As there.

    Returns
    -------
    SinkhornResult
    """
    xp = array_namespace(S)
    tol = _reachable(S.dtype, float(xp.max(xp.abs(S))) / eta, tol, xp)
    scaling = symmetric_scaling(
        lambda rows: S[rows, :], S.shape[0], eta, max_iter=max_iter, tol=tol
    )
    plan = scaling.kernel * (scaling.factor[:, None] * scaling.factor)
    f = scaling.potential
    return SinkhornResult(plan, f, f, scaling.n_iter, scaling.error)


class Scaling(NamedTuple):
    """A symmetric plan as ``factor[:, None] * kernel * factor``."""

    kernel: Any  # (n, n)
    factor: Any  # (n,)
    potential: Any  # (n,)
    n_iter: int
    error: float


def symmetric_scaling(rows, n, eta, *, max_iter, tol):
    """Find a symmetric plan whose similarities are given in blocks of rows.

    Parameters
    ----------
    rows : callable
        ``rows(slice)`` gives these rows of S, (height, n). The plan takes 16 n² bytes
        in float64 while it is put together, 8 n² then; S is never whole.
    n : int
    eta, max_iter, tol
        As in :func:`sinkhorn`; `tol` must be within reach of the rounding.

    Returns
    -------
    Scaling
    """
    height = max(LEAST_ROWS, ROWS_BOUND // n)
    blocks = [slice(i, min(i + height, n)) for i in range(0, n, height)]
    S = rows(blocks[0])  # a single block is not asked for twice
    xp = array_namespace(S)
    get = rows if len(blocks) > 1 else lambda _: S

    def half_step(f):
        parts = [_log_sum_exp((get(block) + f) / eta) for block in blocks]
        return 0.5 * (f - eta * xp.concat(parts))

    def kernel(f):
        parts = [xp.exp((get(block) + f[block][:, None] + f) / eta) for block in blocks]
        return parts[0] if len(parts) == 1 else xp.concat(parts, axis=0)

    f = half_step(xp.zeros_like(S[0, :]))
    # f_i and f_j are at most -S_ij / 2 here, so no exponent is positive; nor do later
    # steps make one so, since each entry bounds its row sum from below.
    E, u = kernel(f), xp.ones_like(f)
    error, n_iter = math.inf, 0
    while True:
        sums = u * (E @ u)
        error = float(xp.max(xp.abs(sums - 1)))
        if error <= tol or n_iter >= max_iter:
            break
        n_iter += 1
        factor = u / xp.sqrt(xp.clip(sums, min=NOTHING))
        if not _near(factor):
            del E
            f = half_step(f + eta * xp.log(u))
            E, factor = kernel(f), xp.ones_like(u)
        u = factor
    return Scaling(E, u, f + eta * xp.log(u), n_iter, error)


def mean_perplexity(plan):
    r"""Mean over rows of :math:`\exp(-\sum_j Γ_{ij} \log Γ_{ij})`.

    Parameters
    ----------
    plan : array of shape (n_rows, n)
        Rows sum to one.

    Returns
    -------
    float
        Effective number of neighbours, in [1, n].
    """
    xp = array_namespace(plan)
    tiny = float(xp.finfo(plan.dtype).smallest_normal)
    entropy = -xp.sum(plan * xp.log(xp.clip(plan, min=tiny)), axis=1)
    return float(xp.mean(xp.exp(entropy)))


def eta_of_perplexity(S, perplexity, *, low=1e-3, high=10.0, n_halvings=20):
    """Find η at which the plan has a given mean perplexity, which rises with η.

    Parameters
    ----------
    S : array of shape (n, n)
        Symmetric similarities of order one.
    perplexity : float
    low, high : float
        Where to look; an end is returned where the answer lies beyond it.
    n_halvings : int, default=20
        Bisections on a logarithmic scale.

    Returns
    -------
    float
    """
    for _ in range(n_halvings):
        middle = math.sqrt(low * high)
        plan = symmetric_sinkhorn(S, middle, max_iter=50, tol=1e-4).plan
        if mean_perplexity(plan) > perplexity:
            high = middle
        else:
            low = middle
    return math.sqrt(low * high)


def _two_sided(S, eta, max_iter, tol):
    """Alternate rows and columns; E holds the exponentials at f and g."""
    xp = array_namespace(S)
    g = xp.zeros_like(S[0, :])
    f = -eta * _log_sum_exp((S + g) / eta)
    E, u, v = xp.exp((S + f[:, None] + g) / eta), xp.ones_like(f), xp.ones_like(g)
    error, n_iter = math.inf, 0
    while True:
        rows = u * (E @ v)
        columns = v * (E.T @ u)
        error = float(xp.max(xp.abs(rows - 1)))
        error = max(error, float(xp.max(xp.abs(columns - 1))))
        if error <= tol or n_iter >= max_iter:
            break
        n_iter += 1
        new_v = v / xp.clip(columns, min=NOTHING)
        new_u = 1 / xp.clip(E @ new_v, min=NOTHING) if _near(new_v) else u
        if not (_near(new_v) and _near(new_u)):
            f, g = f + eta * xp.log(u), g + eta * xp.log(v)
            g = -eta * _log_sum_exp((S.T + f) / eta)
            f = -eta * _log_sum_exp((S + g) / eta)
            E = xp.exp((S + f[:, None] + g) / eta)
            new_u, new_v = xp.ones_like(u), xp.ones_like(v)
        u, v = new_u, new_v
    f, g = f + eta * xp.log(u), g + eta * xp.log(v)
    return SinkhornResult((E * u[:, None]) * v, f, g, n_iter, error)


def _is_symmetric(S, xp):
    """Whether a table equals its transpose, compared in strips that stay in cache."""
    n = S.shape[0]
    strips = [slice(i, min(i + LEAST_ROWS, n)) for i in range(0, n, LEAST_ROWS)]
    return all(
        bool(xp.all(S[strip, strip.start :] == S[strip.start :, strip].T))
        for strip in strips
    )


def _near(factor):
    """Whether all factors are of moderate size."""
    xp = array_namespace(factor)
    low, high = float(xp.min(factor)), float(xp.max(factor))
    return low >= 1 / FAR and high <= FAR


def _reachable(dtype, exponent, tol, xp):
    """Smallest error of a sum that rounding of the exponents leaves."""
    return max(tol, 4 * float(xp.finfo(dtype).eps) * (exponent + 1))


def _log_sum_exp(T):
    """Logarithm of the sum of exponentials of each row."""
    xp = array_namespace(T)
    peak = xp.max(T, axis=1)
    return peak + xp.log(xp.sum(xp.exp(T - peak[:, None]), axis=1))
