"""Batch-OMP: greedy sparse coding of rows, with an incremental Cholesky factor.

Notation: ``S`` atoms chosen so far, ``G`` inner products, ``L Lᵀ = G[S, S]``,
``L z = g[S]``, ``c`` coefficients with ``Lᵀ c = z``, so that the squared residual
is ``|x|² - |z|²`` and each new atom lowers it by its entry of ``z`` squared.
"""

import numpy as np
from numba import njit

ZERO = 1e-12
"""Share of the squared norm below which a squared residual counts as zero."""
DEPENDENT = 1e-10
"""Squared sine below which an atom counts as a combination of those chosen."""
ORTHOGONAL = 1e-14
"""Products of rows below this, relative to their lengths, count as rounding."""

MAGNITUDE = np.int64(0x7FFF_FFFF_FFFF_FFFF)


@njit(cache=True, nogil=True)
def first_largest(values, slack):
    """Return the lowest index whose magnitude is the largest, give or take `slack`.

    Magnitudes are compared as integers, which order as the numbers do and let
    the compiler use vector instructions. The slack makes ties deterministic:
    BLAS rounds the products of identical rows differently.

    Also called by :mod:`skspace._numba.elastic_net`, whose compiled cache does not
    see edits made here: save that file too.
    """
    bits = values.view(np.int64)
    top = np.int64(0)
    for j in range(bits.shape[0]):
        top = max(top, bits[j] & MAGNITUDE)
    threshold = np.array([top]).view(np.float64)[0] - slack
    j = 0
    while abs(values[j]) < threshold:
        j += 1
    return j


@njit(cache=True, nogil=True)
def enter(L, size, square):
    """Append the atom whose products with the others wait in ``L[size, :size]``.

    Returns False, and leaves the factor as it was, for an atom that depends on
    those before it.
    """
    pivot = square
    for a in range(size):
        value = L[size, a]
        for b in range(a):
            value -= L[size, b] * L[a, b]
        value /= L[a, a]
        L[size, a] = value
        pivot -= value * value
    if pivot <= DEPENDENT * square:
        return False
    L[size, size] = np.sqrt(pivot)
    return True


@njit(cache=True, nogil=True)
def forward(L, size, product, z):
    """Return the entry of ``z`` which the newest atom adds."""
    for a in range(size):
        product -= L[size, a] * z[a]
    return product / L[size, size]


@njit(cache=True, nogil=True)
def backward(L, size, z, c):
    """Solve ``Lᵀ c = z`` for the coefficients of the first `size` atoms."""
    for a in range(size - 1, -1, -1):
        value = z[a]
        for b in range(a + 1, size):
            value -= L[b, a] * c[b]
        c[a] = value / L[a, a]


@njit(cache=True, nogil=True)
def inner(X, i, j):
    """Return the inner product of two rows."""
    product = 0.0
    for f in range(X.shape[1]):
        product += X[i, f] * X[j, f]
    return product


@njit(cache=True, nogil=True)
def omp_gram(G, atoms, own, square, start, stop, n_nonzero, tol):
    """Code rows `start` to `stop` on the inner products of all rows with atoms.

    Parameters
    ----------
    G : (n, m) float64, fastest with rows contiguous
        Inner products of every row with every atom.
    atoms : (m,) int64
        Row of each atom.
    own : (n,) int64
        Place of each row among the atoms, -1 when it is not one of them.
    square : (n,) float64
        Squared norms of the rows.
    start, stop : int
    n_nonzero : int
        Most atoms per row.
    tol : float
        Squared residual to stop at; negative for none.

    Returns
    -------
    support : (stop - start, n_nonzero) int64, rows of the atoms, -1 for none
    coefs : (stop - start, n_nonzero) float64
    """
    m = atoms.shape[0]
    support = np.full((stop - start, n_nonzero), -1, np.int64)
    coefs = np.zeros((stop - start, n_nonzero))
    corr = np.empty(m)
    places = np.empty(n_nonzero, np.int64)
    L = np.empty((n_nonzero, n_nonzero))
    z = np.empty(n_nonzero)
    c = np.empty(n_nonzero)
    longest = square.max()
    for i in range(start, stop):
        floor = max(tol, ZERO * square[i])
        least = ORTHOGONAL * np.sqrt(square[i] * longest)
        left = square[i]
        size = 0
        while size < n_nonzero and left > floor:
            for j in range(m):
                corr[j] = G[i, j]
            for a in range(size):
                weight = c[a]
                row = atoms[places[a]]
                for j in range(m):
                    corr[j] -= weight * G[row, j]
            if own[i] >= 0:
                corr[own[i]] = 0.0
            found = False
            while not found:
                p = first_largest(corr, least)
                if abs(corr[p]) <= least:
                    break
                atom = atoms[p]
                for a in range(size):
                    L[size, a] = G[atoms[places[a]], p]
                found = enter(L, size, square[atom])
                corr[p] = 0.0
            if not found:
                break
            z[size] = forward(L, size, G[i, p], z)
            left -= z[size] * z[size]
            places[size] = p
            size += 1
            backward(L, size, z, c)
        for a in range(size):
            support[i - start, a] = atoms[places[a]]
            coefs[i - start, a] = c[a]
    return support, coefs


@njit(cache=True, nogil=True)
def omp_step(X, atoms, own, square, start, corr, tol, size, left, support, coefs, L, z):
    """Give one more atom to each row of a block that still wants one.

    For data whose inner products do not fit in memory: `corr`, the products of
    the residuals with the atoms, arrives from BLAS and is used up; the products
    among a row's few atoms are computed here.

    Parameters
    ----------
    X : (n, d) float64
    atoms, own, square, start, tol
        As in :func:`omp_gram`.
    corr : (b, m) float64
        Correlations of the block's residuals with the atoms; overwritten.
    size : (b,) int64
        Atoms per row so far; -1 marks rows that want no more.
    left : (b,) float64
        Squared residuals.
    support, coefs, z : (b, n_nonzero)
    L : (b, n_nonzero, n_nonzero) float64
        State of each row, updated.

    Returns
    -------
    residuals : (b, d) float64
        Zero for rows that are done.
    """
    n_rows, n_nonzero = support.shape
    n_features = X.shape[1]
    residuals = np.zeros((n_rows, n_features))
    longest = square.max()
    for r in range(n_rows):
        k = size[r]
        if k < 0:
            continue
        i = start + r
        size[r] = -1
        if k == n_nonzero or left[r] <= max(tol, ZERO * square[i]):
            continue
        if own[i] >= 0:
            corr[r, own[i]] = 0.0
        least = ORTHOGONAL * np.sqrt(square[i] * longest)
        found = False
        while not found:
            p = first_largest(corr[r], least)
            if abs(corr[r, p]) <= least:
                break
            atom = atoms[p]
            for a in range(k):
                L[r, k, a] = inner(X, support[r, a], atom)
            found = enter(L[r], k, square[atom])
            corr[r, p] = 0.0
        if not found:
            continue
        z[r, k] = forward(L[r], k, inner(X, i, atom), z[r])
        left[r] -= z[r, k] * z[r, k]
        support[r, k] = atom
        size[r] = k + 1
        backward(L[r], k + 1, z[r], coefs[r])
        for f in range(n_features):
            residuals[r, f] = X[i, f]
        for a in range(k + 1):
            for f in range(n_features):
                residuals[r, f] -= coefs[r, a] * X[support[r, a], f]
    return residuals
