"""Whether nearest neighbours see more in the rows than a critic says is there."""

from __future__ import annotations

import numpy as np

from ._ksg import ksg_terms

__all__ = ["rearrange", "unexplained_information"]

N_PAIRINGS = 20
"""Pairings whose spread is that of chance."""

FIRST_SWEEPS, SWEEPS = 40, 20
"""Sweeps before the first pairing, and from one to the next."""


def rearrange(scores, partners, rng, n_sweeps):
    """Pair rows anew, as they would be if the critic were right.

    Parameters
    ----------
    scores : ndarray of shape (n, n)
        Log density ratio of every x with every y, up to terms of x or y alone.
    partners : ndarray of shape (n,), int
        Which y belongs to each x at the start.
    rng : RandomState
    n_sweeps : int
        How often every row is offered an exchange.

    Returns
    -------
    partners : ndarray of shape (n,), int

    Notes
    -----
    If the ratio is right, the x and the y alone given, rows are paired by π with a
    probability in proportion to exp Σ S[i, π(i)]. In every sweep rows meet in pairs, at
    random, and exchange their y with the probability of Metropolis, which leaves that
    distribution as it is [1]_. Cost O(n) a sweep.

    References
    ----------
    .. [1] T. B. Berrett, Y. Wang, R. F. Barber and R. J. Samworth, "The conditional
       permutation test for independence while controlling for confounders", Journal of
       the Royal Statistical Society B 82 (2020). :doi:`10.1111/rssb.12340`
    """
    partners, n = partners.copy(), len(partners)
    for _ in range(n_sweeps):
        i, j = rng.permutation(n)[: n - n % 2].reshape(2, -1)
        u, v = partners[i], partners[j]
        gain = scores[i, v] + scores[j, u] - scores[i, u] - scores[j, v]
        agreed = -rng.standard_exponential(len(i)) < gain
        partners[i], partners[j] = np.where(agreed, [v, u], [u, v])
    return partners


def unexplained_information(scores, x, y, n_jobs=None):
    """How much more neighbours see in the rows than in rows that the critic paired.

    Parameters
    ----------
    scores : ndarray of shape (n, n)
        As for :func:`rearrange`.
    x, y : ndarray of shape (n, dx) and (n, dy)
        The rows, without ties.
    n_jobs : int or None, default=None
        Threads, by joblib.

    Returns
    -------
    excess : float
        In nats. Neighbours are as blind to the rows as to the others, so that what they
        miss in many columns is no part of it.
    deviation : float
        Standard deviation of what neighbours see, from one pairing to another.

    Notes
    -----
    Draws have a seed of their own. Where information is large few exchanges are agreed
    on: pairings stay near that of the rows, and the excess near zero.
    """
    rng = np.random.RandomState(0)

    def seen(partners):
        return float(np.mean(ksg_terms([x, y[partners]], n_jobs=n_jobs)))

    start = np.arange(len(x))
    partners, values = rearrange(scores, start, rng, FIRST_SWEEPS), []
    for _ in range(N_PAIRINGS):
        values.append(seen(partners))
        partners = rearrange(scores, partners, rng, SWEEPS)
    return seen(start) - float(np.mean(values)), float(np.std(values, ddof=1))
