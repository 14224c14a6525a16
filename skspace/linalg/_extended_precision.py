"""Numbers of twice the digits, as unevaluated sums of two doubles.

A :class:`Pair` holds ``high + low``, about 32 decimal digits. Sums and products of
doubles become pairs without error (error-free transformations), on any machine with
IEEE doubles: the same digits everywhere, where ``numpy.longdouble`` is 80 bits on some
platforms and plain double on others.

Splitting multiplies by 2**27, and the errors of products of numbers below 1e-146 are
lost in underflow: scale by powers of two first.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

SPLITTER = 134217729.0  # 2**27 + 1


class Pair(NamedTuple):
    """Value ``high + low``, elementwise, with ``|low|`` at most half an ulp of high."""

    high: Any
    low: Any

    @property
    def value(self):
        """Nearest doubles."""
        return self.high + self.low


def as_pair(x):
    """Doubles as pairs, in memory of their own."""
    x = np.array(x, dtype=np.float64)
    return Pair(x, np.zeros_like(x))


def two_sum(a, b):
    """Return the rounded sum of doubles and its error, together exactly a + b."""
    s = a + b
    z = s - a
    return Pair(s, (a - (s - z)) + (b - z))


def two_product(a, b):
    """Return the rounded product of doubles and its error, together exactly a b."""
    q = a * b
    a1, a2 = _halves(a)
    b1, b2 = _halves(b)
    return Pair(q, ((a1 * b1 - q) + a1 * b2 + a2 * b1) + a2 * b2)


def add(x, b):
    """Return the pair x plus doubles b."""
    s, error = two_sum(x.high, b)
    return two_sum(s, error + x.low)


def multiply(x, b):
    """Return the pair x times doubles b."""
    q, error = two_product(x.high, b)
    return two_sum(q, error + x.low * b)


def divide(x, b):
    """Return the pair x over doubles b."""
    q = x.high / b
    product, error = two_product(q, b)
    return two_sum(q, ((x.high - product) - error + x.low) / b)


def _halves(a):
    t = SPLITTER * a
    high = t - (t - a)
    return high, a - high


class ExtendedRows:
    """Products with a table whose sums are carried in pairs.

    Parameters
    ----------
    A : (n, p) array or sparse matrix
        Of float64. A dense one is kept in column order, a sparse one in both.

    Notes
    -----
    The error of a residual is about 2⁻¹⁰⁴ (|b| + |A||x|), that of Aᵀr as much of
    |A|ᵀ|r|, to be rounded to a double. Cost about 25 operations an entry; one thread
    does 4e8 entries a second.
    """

    def __init__(self, A):
        self.shape = A.shape
        if sp.issparse(A):
            self._rows, self._columns = sp.csr_array(A), sp.csr_array(A.T)
            self._dense = None
        else:
            self._dense = np.asfortranarray(A, dtype=np.float64)

    def residual(self, b, x):
        """Return b - A x as a Pair; `b` (n,) are doubles, `x` (p,) is a Pair."""
        from .._numba.double_double import subtract_product

        high, low = as_pair(b)
        if self._dense is None:
            _subtract_sparse(self._rows, x, high, low)
        else:
            subtract_product(self._dense, x.high, x.low, high, low)
        return Pair(high, low)

    def correlate(self, r):
        """Return Aᵀ r of shape (p,), rounded; `r` (n,) is a Pair."""
        from .._numba.double_double import inner_products

        if self._dense is not None:
            return inner_products(self._dense, r.high, r.low)
        high, low = np.zeros(self.shape[1]), np.zeros(self.shape[1])
        _subtract_sparse(self._columns, r, high, low)
        return -(high + low)


def _subtract_sparse(rows, x, high, low):
    from .._numba.double_double import subtract_product_csr

    subtract_product_csr(rows.indptr, rows.indices, rows.data, x.high, x.low, high, low)
