"""Compiled twin of :mod:`skspace.linalg._moments`: slices in one pass over rows."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def group_by_slice(X, pivot, labels, weights, n_slices):
    """Centre, weigh, group and sum rows; see the definition."""
    n_rows, n_features = X.shape
    counts = np.zeros(n_slices, np.int64)
    weight = np.zeros(n_slices)
    for i in range(n_rows):
        counts[labels[i]] += 1
        weight[labels[i]] += weights[i]
    place = np.zeros(n_slices, np.int64)
    for h in range(1, n_slices):
        place[h] = place[h - 1] + counts[h - 1]
    rows = np.empty((n_rows, n_features))
    sums = np.zeros((n_slices, n_features))
    for i in range(n_rows):
        h = labels[i]
        at = place[h]
        place[h] += 1
        w = np.float64(weights[i])
        if w == 1.0:
            for j in range(n_features):
                d = np.float64(X[i, j]) - np.float64(pivot[j])
                rows[at, j] = d
                sums[h, j] += d
        else:
            root = np.sqrt(w)
            for j in range(n_features):
                d = np.float64(X[i, j]) - np.float64(pivot[j])
                rows[at, j] = root * d
                sums[h, j] += w * d
    return rows, sums, weight, counts


def _group_by_slice_cases(rng, n):
    X, pivot = rng.standard_normal(size=(n, 4)), rng.standard_normal(size=4)
    labels = rng.randint(0, 3, size=n)
    ones, weights = np.ones(n), rng.randint(0, 3, size=n) / 2.0
    return [
        (X, pivot, labels, ones, 3),
        (X, pivot, labels, weights, 5),  # two empty slices
        (X, pivot, np.zeros(n, np.int64), weights, 1),
    ]


cases = {"group_by_slice": _group_by_slice_cases}
