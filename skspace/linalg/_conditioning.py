"""Rank, condition and weak directions of a table, from its triangular factor.

All of it is asked of columns at unit length: a change of units is not
ill-conditioning.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import get_lapack_funcs, qr, solve_triangular

__all__ = [
    "WeakDirection",
    "dependencies",
    "factor_of_design",
    "independent_columns",
    "plain_error",
    "power_of_two",
    "rank_tolerance",
    "singular_spectrum",
    "weak_directions",
]

EPS = 2.0**-52
"""Rounding unit of doubles: the distance from 1 to the next."""
SVD_COLUMNS = 1000
"""Beyond this a few inverse iterations find the weakest directions."""
N_WEAK = 5


class Spectrum(NamedTuple):
    """Singular values of R, falling, and right vectors as rows; a few of the ends."""

    values: Any
    vectors: Any


class WeakDirection(NamedTuple):
    """A combination of columns that is nearly zero.

    Columns at unit length with these loadings (of unit length together) give a
    combination `condition_index` times shorter than the longest of all.
    """

    condition_index: float
    """Largest singular value over that of this direction; 30 is collinear."""
    features: tuple
    """Names or numbers of columns of at least a tenth of the squared loadings."""
    loadings: Any
    """(p,) for columns at unit length, squares summing to 1."""


def power_of_two(length):
    """Return the nearest power of two of positive numbers, one for zero.

    Dividing by it is exact, so that no digit of the data changes. At the end of the
    range it is the largest there is, 2¹⁰²³.
    """
    length = np.asarray(length, dtype=np.float64)
    exponent = np.round(np.log2(np.where(length > 0, length, 1.0)))
    return np.exp2(np.minimum(exponent, 1023.0))


def factor_of_design(blocks):
    """Return R (r, p), r <= p, with RᵀR = AᵀA, of A given in blocks of rows.

    Cost O(n p²); memory of a block and p². Orthogonal throughout: cond(A) is lost in no
    square.
    """
    R = None
    for block in blocks:
        R = np.linalg.qr(block if R is None else np.concatenate([R, block]), mode="r")
    return R


def rank_tolerance(p):
    """Share of the largest singular value below which one counts as zero.

    Rounding in a QR of columns of unit length moves singular values by about this.
    """
    return 4 * p * EPS


def singular_spectrum(R):
    """Return the Spectrum of R, columns at unit length: all of it up to 1000 columns.

    Beyond that only the largest and the few smallest values, by power iterations on R
    and on its inverse, which take O(p²) each. They need R square and not singular; else
    all are computed.
    """
    p = R.shape[1]
    if p > SVD_COLUMNS and R.shape[0] == p:
        trcon = get_lapack_funcs("trcon", (R,))
        if trcon(R, norm="1", uplo="U")[0] > rank_tolerance(p):
            return _ends(R)
    _, s, Vt = np.linalg.svd(R, full_matrices=R.shape[0] < p)
    return Spectrum(np.concatenate([s, np.zeros(p - s.size)]), Vt)


def _ends(R, n_steps=30):
    rng = np.random.RandomState(0)
    V = rng.standard_normal((R.shape[1], N_WEAK + 2))
    top = V[:, 0]
    for _ in range(n_steps):
        V = np.linalg.qr(solve_triangular(R, solve_triangular(R, V, trans="T")))[0]
        top = R.T @ (R @ top)
        top /= np.linalg.norm(top)
    _, s, Wt = np.linalg.svd(R @ V, full_matrices=False)
    values = np.concatenate([[np.linalg.norm(R @ top)], s])
    return Spectrum(values, np.concatenate([top[None], Wt @ V.T]))


def weak_directions(spectrum, names, *, threshold=30.0):
    """Describe directions whose condition index exceeds `threshold`, weakest first.

    At most five. 30 is the customary limit of Belsley, Kuh & Welsch (1980).
    """
    values, vectors = spectrum
    found = []
    for j in range(len(values) - 1, 0, -1):
        index = values[0] / values[j] if values[j] > 0 else np.inf
        if index <= threshold or len(found) == N_WEAK:
            break
        v = vectors[j] * np.sign(vectors[j][np.argmax(np.abs(vectors[j]))])
        order = np.argsort(-np.abs(v), kind="stable")
        features = tuple(names[i] for i in order if v[i] ** 2 >= 0.1)
        found.append(WeakDirection(float(index), features, v))
    return tuple(found)


def plain_error(R, x, residual):
    """Bound the error of each coefficient of a QR solution in plain doubles.

    Parameters
    ----------
    R : (p, p) array
        Triangular factor, columns at unit length.
    x : (p, k) array
        Solution for these columns.
    residual : (k,) array
        Lengths of the residuals.

    Returns
    -------
    (p, k) array

    Notes
    -----
    A backward stable solution is exact for columns changed by about eps, E. To first
    order x moves by ``-A⁺ E x + (AᵀA)⁻¹ Eᵀ r``, in coordinate j by at most about
    ``eps (|row j of R⁻¹| |x| + |row j of R⁻¹R⁻ᵀ| |r|)``.
    """
    inverse = solve_triangular(R, np.eye(len(R)))
    first = np.linalg.norm(inverse, axis=1)[:, None] * np.linalg.norm(x, axis=0)
    second = np.linalg.norm(inverse @ inverse.T, axis=1)[:, None] * residual
    return EPS * (first + second)


def independent_columns(R, rank):
    """Choose as many independent columns of R, and how the others depend on them.

    Parameters
    ----------
    R : (r, p) array
        Triangular factor, columns at unit length.
    rank : int

    Returns
    -------
    columns : (rank,) array of int
    factor : (rank, rank) array
        Triangular factor of those columns.
    null : (p, p - rank) array
        A basis of the null space.
    """
    p = R.shape[1]
    T, order = qr(R, mode="r", pivoting=True)
    factor = T[:rank, :rank]
    null = np.zeros((p, p - rank))
    null[order[:rank]] = -solve_triangular(factor, T[:rank, rank:])
    null[order[rank:], np.arange(p - rank)] = 1.0
    return order[:rank], factor, null


def dependencies(null, names):
    """Name the columns of each vector of a null space, columns at unit length.

    At most five vectors; columns with a hundredth of the squares count.
    """
    found = []
    for v in null.T[:N_WEAK]:
        square = v**2 / np.sum(v**2)
        order = np.argsort(-square, kind="stable")
        found.append(tuple(names[i] for i in order if square[i] >= 0.01))
    return found
