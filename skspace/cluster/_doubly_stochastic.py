"""The doubly stochastic matrix nearest to an affinity (A-DSSC)."""

from __future__ import annotations

import warnings

import numpy as np
import scipy.sparse as sp
from scipy.optimize import Bounds, minimize
from sklearn.exceptions import ConvergenceWarning

from ._affinity import mean_of_directions

SPREAD = 3.0
"""Default penalty η, in units of the mean over rows of their largest entry."""

FIRST_ENTRIES = 0.25
"""Entries above this share of the peaks of their row and column are tried first."""


def doubly_stochastic(magnitude, *, spread=SPREAD, tol=1e-7, max_iter=2000):
    r"""Redistribute an affinity so that every sample takes part in it equally.

    With :math:`K = (|C| + |C|^T) / 2`,

    .. math:: \min_{A \ge 0} \tfrac{\eta}{2} \|A\|_F^2 - \langle K, A \rangle
              \quad\text{with}\quad A 1 \le 1, \; A^T 1 \le 1.

    Parameters
    ----------
    magnitude : csr_array of shape (n, n)
        :math:`|C|`: nonnegative, nothing on the diagonal.
    spread : float
        :math:`\eta`, in units of the mean over nonempty rows of the largest entry of
        K, so that A does not depend on the scale of C. Large values spread the weight
        of a sample over more neighbours.
    tol : float
        Largest error of a row sum.
    max_iter : int
        Iterations of L-BFGS at most.

    Returns
    -------
    csr_array of shape (n, n)
        A: symmetric, nonnegative, its support within that of K. Rows sum to one
        within `tol`, or to less where one would take links that K does not have (a
        leaf of a star, whose centre has but one unit to share) or more weight than K
        has at this `spread`. So every K has a solution; empty rows stay empty.

    Warns
    -----
    ConvergenceWarning
        When row sums are off by more than a thousand times `tol`.

    Notes
    -----
    With multipliers :math:`u \ge 0` of the row sums the solution is
    :math:`A_{ij} = (K_{ij} - u_i - u_j)_+ / \eta`, which is zero where K is, whatever
    u. The dual is a smooth convex function of these n numbers, minimised by L-BFGS
    over the large entries of K; entries that turn out to be positive are added until
    there are none, as in the active-set method of the paper. A few dozen passes over
    the entries.

    Differences from the paper: it asks for row sums of exactly one and allows links
    outside the support of K, between samples that do not represent each other (of a
    dense K both problems have one solution as long as the multipliers of the
    paper's are all negative). A is symmetric from the start, which the paper
    makes it at the end. Penalties there are absolute and tuned with labels.

    References
    ----------
    Lim, Vidal & Haeffele (2020). Doubly stochastic subspace clustering.
    :doi:`10.48550/arXiv.2011.14859` (A-DSSC).
    """
    n = magnitude.shape[0]
    K = mean_of_directions(magnitude)
    if K.nnz == 0:
        return K
    peak = K.max(axis=1).toarray().ravel()
    peak = peak / (spread * np.mean(peak[peak > 0]))
    K = (K / K.max() * peak.max()).tocoo()
    tried = K.data >= FIRST_ENTRIES * np.minimum(peak[K.row], peak[K.col])
    u = np.zeros(n)
    while True:
        u = _multipliers(K.row[tried], K.col[tried], K.data[tried], u, tol, max_iter)
        A = np.maximum(K.data - u[K.row] - u[K.col], 0.0)
        missed = (A > 0) & ~tried
        if not missed.any():
            break
        tried |= missed
    sums = np.bincount(K.row, A, minlength=n)
    error = np.max(np.where(u > 0, np.abs(sums - 1), sums - 1))
    if error > 1e3 * tol:
        warnings.warn(
            f"Row sums of the doubly stochastic affinity are off by {error:.1g} after "
            f"{max_iter} iterations; coefficients of very different size do this.",
            ConvergenceWarning,
            stacklevel=3,
        )
    A = sp.csr_array((A, (K.row, K.col)), shape=(n, n))
    A.eliminate_zeros()
    return A


def _multipliers(row, column, weight, start, tol, max_iter):
    """Minimise the dual over these entries; K and u in units of the penalty."""

    def dual(u):
        A = np.maximum(weight - u[row] - u[column], 0.0)
        sums = np.bincount(row, A, minlength=len(u))
        return 0.5 * (A @ A) + 2.0 * np.sum(u), 2.0 * (1.0 - sums)

    options = {"maxiter": max_iter, "maxfun": 2 * max_iter, "maxcor": 20}
    return minimize(
        dual,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=Bounds(0.0, np.inf),
        options={**options, "ftol": 0.0, "gtol": 2.0 * tol},
    ).x
