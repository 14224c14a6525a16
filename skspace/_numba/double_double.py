"""Residuals and inner products in double-double arithmetic: about 32 digits.

A number is a pair ``(h, l)`` of doubles with value h + l and |l| <= ulp(h) / 2. Sums
and products of doubles are turned into such pairs without error:

    s = a + b, z = s - a, error (a - (s - z)) + (b - z)                       (Knuth)
    q = a b, error ((a₁b₁ - q) + a₁b₂ + a₂b₁) + a₂b₂, a = a₁ + a₂ halves     (Dekker)

The compiler must keep every operation as written: no ``fastmath`` here, ever.
"""

import numpy as np
from numba import njit

SPLITTER = 134217729.0
"""2**27 + 1 cuts the 53 bits of a double into halves whose products are exact."""
ROWS = 256
"""Rows whose residuals stay in the fastest cache while columns go by."""
LANES = 64
"""Running sums a column has, so that the compiler can use vector instructions."""


@njit(cache=True, nogil=True)
def subtract_product(A, x_high, x_low, high, low):
    """Subtract A x from the pairs ``high + low``, in place; A in column order."""
    n, p = A.shape
    for start in range(0, n, ROWS):
        stop = min(start + ROWS, n)
        for j in range(p):
            b, b_low = -x_high[j], -x_low[j]
            t = SPLITTER * b
            b1 = t - (t - b)
            b2 = b - b1
            for i in range(start, stop):
                a = A[i, j]
                q = a * b
                t = SPLITTER * a
                a1 = t - (t - a)
                a2 = a - a1
                error = ((a1 * b1 - q) + a1 * b2 + a2 * b1) + a2 * b2
                s = high[i] + q
                z = s - high[i]
                carry = (high[i] - (s - z)) + (q - z)
                high[i] = s
                low[i] += carry + (error + a * b_low)
        for i in range(start, stop):
            s = high[i] + low[i]
            low[i] -= s - high[i]
            high[i] = s


@njit(cache=True, nogil=True)
def inner_products(A, high, low):
    """Return Aᵀ(high + low) rounded to doubles; A in column order."""
    n, p = A.shape
    half1, half2 = np.empty(n), np.empty(n)
    for i in range(n):
        t = SPLITTER * high[i]
        half1[i] = t - (t - high[i])
        half2[i] = high[i] - half1[i]
    out = np.empty(p)
    sums, lows = np.empty(LANES), np.empty(LANES)
    for j in range(p):
        sums[:] = 0.0
        lows[:] = 0.0
        for start in range(0, n, LANES):
            for k in range(min(LANES, n - start)):
                i = start + k
                a = A[i, j]
                q = a * high[i]
                t = SPLITTER * a
                a1 = t - (t - a)
                a2 = a - a1
                error = (
                    (a1 * half1[i] - q) + a1 * half2[i] + a2 * half1[i]
                ) + a2 * half2[i]
                s = sums[k] + q
                z = s - sums[k]
                carry = (sums[k] - (s - z)) + (q - z)
                sums[k] = s
                lows[k] += carry + (error + a * low[i])
        total, rest = 0.0, 0.0
        for k in range(LANES):
            s = total + sums[k]
            z = s - total
            rest += ((total - (s - z)) + (sums[k] - z)) + lows[k]
            total = s
        out[j] = total + rest
    return out


@njit(cache=True, nogil=True)
def subtract_product_csr(indptr, indices, data, x_high, x_low, high, low):
    """Subtract A x from the pairs ``high + low``, in place; A in rows of a CSR."""
    for i in range(indptr.shape[0] - 1):
        total, rest = high[i], low[i]
        for at in range(indptr[i], indptr[i + 1]):
            a, j = data[at], indices[at]
            b = -x_high[j]
            q = a * b
            t = SPLITTER * a
            a1 = t - (t - a)
            a2 = a - a1
            t = SPLITTER * b
            b1 = t - (t - b)
            b2 = b - b1
            error = ((a1 * b1 - q) + a1 * b2 + a2 * b1) + a2 * b2
            s = total + q
            z = s - total
            rest += ((total - (s - z)) + (q - z)) + (error - a * x_low[j])
            total = s
        s = total + rest
        low[i] = rest - (s - total)
        high[i] = s
