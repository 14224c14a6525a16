"""Compiled twins of :mod:`skspace.metrics._distance_correlation`: sums over pairs.

Notation: with the pairs in the order of x, ``(x_j - x_i) |y_j - y_i|``, i before j, is
``(x_j - x_i) (y_j - y_i)`` with its sign turned where ``y_i`` is the larger. Merging
two runs sorted by y meets every pair once, and four running sums over the left run
(number, x, y, xy) give what an element of the right run owes to all of it.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def _row_sums(x, order):
    """Sum of distances from each number to all others."""
    n = x.shape[0]
    sums = np.empty(n)
    total = 0.0
    for i in range(n):
        total += x[i]
    before = 0.0
    for k in range(n):
        value = x[order[k]]
        after = total - before - value
        sums[order[k]] = k * value - before + after - (n - 1 - k) * value
        before += value
    return sums


@njit(cache=True, nogil=True)
def _owed(x, y, count, sum_x, sum_y, sum_xy):
    """Σ (x - x_i) (y - y_i) over elements i that are known by their sums."""
    return count * x * y - x * sum_y - y * sum_x + sum_xy


@njit(cache=True, nogil=True)
def _pair_sum(x, y):
    """Σ over ordered pairs of |x_i - x_j| |y_i - y_j|, x sorted; both are used up."""
    n = x.shape[0]
    new_x, new_y = np.empty(n), np.empty(n)
    total = 0.0
    width = 1
    while width < n:
        for start in range(0, n, 2 * width):
            middle, stop = min(start + width, n), min(start + 2 * width, n)
            all_x, all_y, all_xy = 0.0, 0.0, 0.0
            for i in range(start, middle):
                all_x += x[i]
                all_y += y[i]
                all_xy += x[i] * y[i]
            sum_x, sum_y, sum_xy = 0.0, 0.0, 0.0
            left, right = start, middle
            for k in range(start, stop):
                if right == stop or (left < middle and y[left] <= y[right]):
                    i = left
                    left += 1
                    sum_x += x[i]
                    sum_y += y[i]
                    sum_xy += x[i] * y[i]
                else:
                    i = right
                    right += 1
                    below = _owed(x[i], y[i], left - start, sum_x, sum_y, sum_xy)
                    both = _owed(x[i], y[i], middle - start, all_x, all_y, all_xy)
                    total += 2 * below - both
                new_x[k], new_y[k] = x[i], y[i]
        x, y, new_x, new_y = new_x, new_y, x, y
        width *= 2
    return 2 * total


@njit(cache=True, nogil=True)
def _univariate_sums(x, y):
    by_x = np.argsort(x, kind="mergesort")
    by_y = np.argsort(y, kind="mergesort")
    return _pair_sum(x[by_x], y[by_x]), _row_sums(x, by_x), _row_sums(y, by_y)


def univariate_sums(x, y):
    """Sum of products of distances, and the sums of each row of distances."""
    return _univariate_sums(x.astype(np.float64), y.astype(np.float64))


@njit(cache=True, nogil=True)
def permuted_sum(A, B, order):
    """Sum over pairs i > j, twice, and over the diagonal."""
    below, diagonal = 0.0, 0.0
    for i in range(A.shape[0]):
        k = order[i]
        total = 0.0
        for j in range(i):
            total += np.float64(A[i, j]) * B[k, order[j]]
        below += total
        diagonal += np.float64(A[i, i]) * B[k, k]
    return 2 * below + diagonal


def _permuted_sum_cases(rng, n):
    A, B = rng.standard_normal(size=(2, n, n))
    return [(A + A.T, B + B.T, rng.permutation(n))]


def _univariate_sums_cases(rng, n):
    x, y = rng.standard_normal(size=(2, n))
    few = rng.randint(-1, 2, size=n).astype(float)
    return [(x, y), (few, y), (x, few), (few, few), (x, x), (x, np.zeros(n))]


cases = {
    "permuted_sum": _permuted_sum_cases,
    "univariate_sums": _univariate_sums_cases,
}
