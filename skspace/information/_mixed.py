"""Mutual information where values repeat: continuous, discrete and mixed variables."""

from __future__ import annotations

import numpy as np

from .._array import to_numpy
from ._neighbors import digamma_table, neighbor_counts

__all__ = ["mixed_terms"]


def mixed_terms(variables, n_neighbors=3, *, metric="chebyshev", n_jobs=None, **known):
    """Terms of every row whose mean is the information of any variables, in nats.

    Parameters
    ----------
    variables : sequence of array of shape (n,) or (n, d_v)
        Two or more, each continuous, discrete (as numbers) or a mixture of both.
    n_neighbors : int, default=3
        k, less than n.
    metric : {"chebyshev", "euclidean"}, default="chebyshev"
        Distance within a variable.
    n_jobs : int or None, default=None
        Threads, by joblib.
    **known
        Passed on to :func:`skspace.information._neighbors.neighbor_counts`.

    Returns
    -------
    terms : ndarray of shape (n,), float64

    Notes
    -----
    ψ(k_i) + (m - 1) log n - Σ_v ψ(n_v + 1) for m variables. Where the k-th neighbour is
    at a distance, k_i = k and n_v counts the rows that are nearer, as of Kraskov; where
    it is at the same place, k_i is the number of rows there and n_v the number of
    others with the same value of v. Rows of discrete variables so give the plug-in
    estimate, up to ψ for log; those of continuous ones Kraskov's, less (m - 1) / (2 n).
    No column needs to be declared as one or the other.

    This is what the authors of [1]_ compute; their printed formula has inclusive
    counts and logarithms, which is lower by several hundredths at usual sizes.

    References
    ----------
    .. [1] W. Gao, S. Kannan, S. Oh and P. Viswanath, "Estimating mutual information for
       discrete-continuous mixtures", NeurIPS 30 (2017). :arxiv:`1709.06212`
    """
    variables = [x[:, None] if x.ndim == 1 else x for x in variables]
    n, m = variables[0].shape[0], len(variables)
    found = neighbor_counts(
        variables, n_neighbors, rule="mixed", metric=metric, n_jobs=n_jobs, **known
    )
    psi = digamma_table(n)
    own = psi[to_numpy(found.n_joint)] + (m - 1) * np.log(n)
    return own - np.sum(psi[to_numpy(found.counts) + 1], axis=1)
