"""Elastic net by an exact active set: a Cholesky factor, signs, and no sweeps.

Notation: one row has correlations ``g`` with its atoms, the atoms inner products
``G``. Minimised is ``λ₁|c|₁ + ½cᵀ(G + λ₂I)c - gᵀc``. With the active set ``S`` and
signs ``θ`` given, ``c = (G[S, S] + λ₂I)⁻¹(g[S] - λ₁θ)``; optimal when every
``|r_j| <= λ₁`` outside, ``r = g - Gc``, and the signs of ``c`` are θ.
"""

import numpy as np
from numba import njit

from .omp import ORTHOGONAL, first_largest

DEPENDENT = 1e-12
"""Squared sine below which an atom counts as a combination of the active ones."""


@njit(cache=True, nogil=True)
def solve_lower(L, size, b):
    """Overwrite `b` with the solution of ``L x = b``."""
    for a in range(size):
        value = b[a]
        for k in range(a):
            value -= L[a, k] * b[k]
        b[a] = value / L[a, a]


@njit(cache=True, nogil=True)
def solve_upper(L, size, b):
    """Overwrite `b` with the solution of ``Lᵀ x = b``."""
    for a in range(size - 1, -1, -1):
        b[a] /= L[a, a]
        for k in range(a):
            b[k] -= L[a, k] * b[a]


@njit(cache=True, nogil=True)
def drop(L, size, q):
    """Take atom `q` out of the factor: a rank-one update of what follows it."""
    v = np.empty(size - q - 1)
    for a in range(q + 1, size):
        v[a - q - 1] = L[a, q]
        for k in range(q):
            L[a - 1, k] = L[a, k]
        for k in range(q + 1, a + 1):
            L[a - 1, k - 1] = L[a, k]
    for k in range(q, size - 1):
        x = v[k - q]
        length = np.hypot(L[k, k], x)
        cos = length / L[k, k]
        sin = x / L[k, k]
        L[k, k] = length
        for a in range(k + 1, size - 1):
            L[a, k] = (L[a, k] + sin * v[a - q]) / cos
            v[a - q] = cos * v[a - q] - sin * L[a, k]


@njit(cache=True, nogil=True)
def forget(S, theta, c, L, size, q):
    """Take atom `q` out of the active set."""
    drop(L, size, q)
    for a in range(q, size - 1):
        S[a] = S[a + 1]
        theta[a] = theta[a + 1]
        c[a] = c[a + 1]


@njit(cache=True, nogil=True)
def first_crossing(c, towards, theta, size):
    """Find the first atom that changes sign on the way from `c` by `towards`.

    Returns the atom, -1 for none on all the way, and the share of the way.
    """
    leaving = -1
    share = np.inf
    for a in range(size):
        if towards[a] * theta[a] < 0:
            t = max(-c[a] / towards[a], 0.0)
            if t < share:
                leaving, share = a, t
    return leaving, share


@njit(cache=True, nogil=True)
def grown(S, theta, c, b, L, size):
    """Return the working arrays, larger when they are full."""
    capacity = S.shape[0]
    if size < capacity:
        return S, theta, c, b, L
    S2 = np.empty(2 * capacity, np.int64)
    theta2 = np.empty(2 * capacity)
    c2 = np.empty(2 * capacity)
    b2 = np.empty(2 * capacity)
    L2 = np.empty((2 * capacity, 2 * capacity))
    S2[:size] = S[:size]
    theta2[:size] = theta[:size]
    c2[:size] = c[:size]
    L2[:size, :size] = L[:size, :size]
    return S2, theta2, c2, b2, L2


@njit(cache=True, nogil=True)
def active_set(G, g, skip, unit, lam1, lam2, tol, max_iter, S, theta, c, b, L, size, r):
    """Solve one row; atoms enter one at a time, by their violation.

    Parameters
    ----------
    G : (m, m) float64, fastest with rows contiguous
    g : (m,) float64
    skip : int
        Atom that may not enter, -1 for none.
    unit : float
        Length of the row times that of the longest atom.
    lam1, lam2 : float
        λ₁ > 0 and λ₂ >= 0.
    tol : float
        Violation of ``|r_j| <= λ₁`` that is let pass, in those units.
    max_iter : int
        Most atoms to enter.
    S, theta, c, b, L : working arrays
    size : int
        Atoms active at the start, with their factor, signs and coefficients.
    r : (m,) float64
        Output: correlations of the residual.

    Returns
    -------
    S, theta, c, b, L, size : the arrays, perhaps larger, and the active set
    violation : float
        Largest violation of optimality, in those units.
    """
    m = g.shape[0]
    violation = 0.0
    for step in range(max_iter + 1):
        for j in range(m):
            r[j] = g[j]
        for a in range(size):
            weight = c[a]
            atom = S[a]
            for j in range(m):
                r[j] -= weight * G[atom, j]
        # who enters
        kept = np.empty(size)
        for a in range(size):
            kept[a] = r[S[a]]
            r[S[a]] = 0.0
        if skip >= 0:
            r[skip] = 0.0
        new = first_largest(r, ORTHOGONAL * unit)
        outside = abs(r[new]) - lam1
        violation = max(outside, 0.0) / unit
        for a in range(size):
            r[S[a]] = kept[a]
            stationary = abs(kept[a] - lam2 * c[a] - lam1 * theta[a])
            violation = max(violation, stationary / unit)
        if outside <= tol * unit or step == max_iter:
            break
        sign = np.sign(r[new])
        S, theta, c, b, L = grown(S, theta, c, b, L, size)
        start = 0.0
        while True:
            for a in range(size):
                L[size, a] = G[S[a], new]
            square = G[new, new] + lam2
            solve_lower(L, size, L[size])
            pivot = square
            for a in range(size):
                pivot -= L[size, a] * L[size, a]
            if pivot > DEPENDENT * square:
                break
            # The atom is a combination of active ones, but a cheaper one: trade
            # them for it, at equal fit, until one of them is used up.
            for a in range(size):
                b[a] = L[size, a]
            solve_upper(L, size, b)
            for a in range(size):
                b[a] *= -sign
            leaving, share = first_crossing(c, b, theta, size)
            if leaving < 0:  # by rounding alone: the penalty cannot fall for ever
                return S, theta, c, b, L, size, violation
            for a in range(size):
                c[a] += share * b[a]
            start += share
            forget(S, theta, c, L, size, leaving)
            size -= 1
        L[size, size] = np.sqrt(pivot)
        S[size] = new
        theta[size] = sign
        c[size] = start * sign
        size += 1
        # on to the minimiser under these signs; who hits zero on the way leaves
        while True:
            for a in range(size):
                b[a] = g[S[a]] - lam1 * theta[a]
            solve_lower(L, size, b)
            solve_upper(L, size, b)
            for a in range(size):
                b[a] -= c[a]
            leaving, share = first_crossing(c, b, theta, size)
            if leaving < 0 or share >= 1.0:
                for a in range(size):
                    c[a] += b[a]
                break
            for a in range(size):
                c[a] += share * b[a]
            forget(S, theta, c, L, size, leaving)
            size -= 1
    return S, theta, c, b, L, size, violation


@njit(cache=True, nogil=True)
def elastic_net_gram(G, start, stop, gamma, l1_ratio, tol, max_iter):
    """Code rows `start` to `stop` on all others, given all inner products.

    Parameters
    ----------
    G : (n, n) float64, fastest with rows contiguous
    start, stop : int
    gamma, l1_ratio : float
        ``λ₁ = α₀ / gamma`` and ``λ₂ = λ₁ (1 - l1_ratio) / l1_ratio``, where α₀ is
        the row's largest correlation.
    tol : float
        Violation let pass, as a cosine.
    max_iter : int

    Returns
    -------
    count : (stop - start,) int64
    indices, coefs : (sum of counts,)
    violation : (stop - start,) float64, as cosines
    """
    n = G.shape[0]
    count = np.zeros(stop - start, np.int64)
    worst = np.zeros(stop - start)
    indices = np.empty(16 * (stop - start), np.int64)
    coefs = np.empty(16 * (stop - start))
    used = 0
    capacity = 32
    S = np.empty(capacity, np.int64)
    theta = np.empty(capacity)
    c = np.empty(capacity)
    b = np.empty(capacity)
    L = np.empty((capacity, capacity))
    r = np.empty(n)
    longest = 0.0
    for j in range(n):
        longest = max(longest, G[j, j])
    for i in range(start, stop):
        unit = np.sqrt(G[i, i] * longest)
        for j in range(n):
            r[j] = G[i, j]
        r[i] = 0.0
        alpha0 = abs(r[first_largest(r, 0.0)])
        if alpha0 <= tol * unit:
            continue
        lam1 = alpha0 / gamma
        lam2 = lam1 * (1.0 - l1_ratio) / l1_ratio
        S, theta, c, b, L, size, worst[i - start] = active_set(
            G, G[i], i, unit, lam1, lam2, tol, max_iter, S, theta, c, b, L, 0, r
        )
        count[i - start] = size
        while used + size > indices.shape[0]:
            indices = np.concatenate((indices, np.empty_like(indices)))
            coefs = np.concatenate((coefs, np.empty_like(coefs)))
        indices[used : used + size] = S[:size]
        coefs[used : used + size] = c[:size]
        used += size
    return count, indices[:used], coefs[:used], worst


@njit(cache=True, nogil=True)
def elastic_net_working(X, rows, W, unit, lam1, lam2, tol, max_iter):
    """Code rows on a working set of atoms each.

    Parameters
    ----------
    X : (n, d) float64
    rows : (b,) int64
    W : (b, w) int64
        Working set of each row, in any order, padded by -1.
    unit, lam1, lam2 : (b,) float64
        Of each row, as in :func:`active_set`.
    tol : float
    max_iter : int

    Returns
    -------
    coefs : (b, w) float64
        Coefficients of the working sets.
    residuals : (b, d) float64
    violation : (b,) float64
        Largest violation of optimality within each working set, in units of
        `unit`.
    """
    n_rows, width = W.shape
    n_features = X.shape[1]
    coefs = np.zeros((n_rows, width))
    residuals = np.empty((n_rows, n_features))
    violation = np.zeros(n_rows)
    S = np.empty(32, np.int64)
    theta = np.empty(32)
    c = np.empty(32)
    b = np.empty(32)
    L = np.empty((32, 32))
    places = np.empty(width, np.int64)
    D = np.empty((width, n_features))
    for k in range(n_rows):
        i = rows[k]
        m = 0
        for a in range(width):
            if W[k, a] >= 0:
                places[m] = a
                D[m] = X[W[k, a]]
                m += 1
        G = np.dot(D[:m], D[:m].T)
        residuals[k] = X[i]
        g = np.dot(D[:m], residuals[k])
        r = np.empty(m)
        S, theta, c, b, L, size, violation[k] = active_set(
            G, g, -1, unit[k], lam1[k], lam2[k], tol, max_iter, S, theta, c, b, L, 0, r
        )
        for a in range(size):
            coefs[k, places[S[a]]] = c[a]
            for f in range(n_features):
                residuals[k, f] -= c[a] * D[S[a], f]
    return coefs, residuals, violation
