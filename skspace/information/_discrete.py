"""Mutual information of a continuous sample and classes (Ross), and of two labels."""

from __future__ import annotations

import numpy as np

from ._neighbors import (
    SortedColumn,
    count_within,
    digamma_table,
    nearest_distances,
    nearest_in_order,
)

__all__ = ["discrete_terms", "encode_rows"]


def encode_rows(Y):
    """Give every row the number of its kind, from zero."""
    _, codes = np.unique(Y + 0.0, axis=0, return_inverse=True)
    return codes.reshape(-1)


def discrete_terms(
    X, labels, n_neighbors=3, *, metric="chebyshev", n_jobs=None, ranks=None
):
    """Terms of rows whose mean is the information of X about classes, in nats.

    Parameters
    ----------
    X : ndarray of shape (n,) or (n, d)
    labels : ndarray of shape (n,), int
        Class of every row, from zero.
    n_neighbors : int, default=3
        k; less where a class has no more than k rows.
    metric : {"chebyshev", "euclidean"}, default="chebyshev"
        Distance of rows of X.
    n_jobs : int or None, default=None
        Threads, by joblib.
    ranks : SortedColumn, default=None
        X in order, where it is one column and known.

    Returns
    -------
    terms : ndarray of shape (n_kept,), float64
        Of the n_kept rows that share their class with another.

    Notes
    -----
    ψ(n_kept) + ψ(k_i) - ψ(n_c) - ψ(m_i) with n_c the rows of the class, k_i the lesser
    of k and n_c - 1, and m_i the rows, itself included, within the distance of the
    k_i-th neighbour of the class less one unit in the last place [1]_. Where that
    distance is zero, k_i and m_i are the numbers of rows at the same place in the class
    and in all, itself included: the same as if X were discrete.

    References
    ----------
    .. [1] B. C. Ross, "Mutual information between discrete and continuous data sets",
       PLoS ONE 9 (2014). :doi:`10.1371/journal.pone.0087357`
    """
    X = X[:, None] if X.ndim == 1 else X
    sizes = np.bincount(labels)
    kept = sizes[labels] > 1
    if not np.all(kept):
        X, labels, ranks = X[kept], labels[kept], None
        sizes = np.bincount(labels)
    n = len(X)
    if n == 0:
        return np.zeros(0)
    if X.shape[1] == 1 and ranks is None:
        ranks = SortedColumn.of(X[:, 0])
    radius, k = np.empty(n), np.empty(n, dtype=np.int64)
    for c in np.flatnonzero(sizes):
        own = np.flatnonzero(labels == c)
        k[own] = min(n_neighbors, sizes[c] - 1)
        if ranks is not None:
            own = ranks.order[labels[ranks.order] == c]
            radius[own] = nearest_in_order(X[own, 0], k[own[0]])
        else:
            radius[own] = nearest_distances(
                X[own], k[own[0]], metric=metric, n_jobs=n_jobs
            )
        same = own[radius[own] == 0]
        if len(same):
            at_zero = count_within(X[own], np.zeros(len(own)), n_jobs=n_jobs)
            k[same] = 1 + at_zero[radius[own] == 0]
    within = np.nextafter(radius, 0.0)
    m = 1 + count_within(X, within, metric=metric, n_jobs=n_jobs, ranks=ranks)
    psi = digamma_table(n)
    return psi[n] + psi[k] - psi[sizes[labels]] - psi[m]
