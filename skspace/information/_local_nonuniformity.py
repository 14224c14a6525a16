"""Correction of nearest-neighbour information where density varies inside balls."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.spatial import cKDTree

__all__ = ["nonuniformity_terms", "volume_ratio_threshold"]

TAIL = 5e-3
"""Share of uniform neighbourhoods that are corrected by mistake."""
N_DRAWS = 20_000
"""Uniform neighbourhoods whose tail gives the threshold."""
BLOCK_BYTES = 64 * 1024**2
"""Bytes of neighbourhoods at a time."""
FLAT = 1e-15
"""Relative width below which rounding hides how flat a neighbourhood is."""


def nonuniformity_terms(Z, n_neighbors):
    """Terms of every row, to be subtracted from those of Kraskov, in nats.

    Parameters
    ----------
    Z : ndarray of shape (n, d)
        All variables side by side.
    n_neighbors : int
        k, more than d and less than n.

    Returns
    -------
    terms : ndarray of shape (n,), float64
        log(W / V) where W / V is below the threshold, else 0. V is the volume of the
        smallest box about the row with sides along the axes that holds its k nearest
        rows in the largest difference of columns, W that of such a box along the
        principal axes of these.

    Notes
    -----
    Kraskov's formula takes the density as constant within V. A narrow ridge across it
    holds the points in less volume [1]_; the threshold is the ratio that one in 200
    uniform neighbourhoods falls below, so that corrections elsewhere are rare. Cost
    O(n log n + n k d² + n d³).

    References
    ----------
    .. [1] S. Gao, G. Ver Steeg and A. Galstyan, "Efficient estimation of mutual
       information for strongly dependent variables", AISTATS (2015).
       :arxiv:`1411.2003`
    """
    n, d = Z.shape
    Z = np.asarray(Z, dtype=np.float64)
    neighbors = cKDTree(Z).query(Z, n_neighbors + 1, p=np.inf)[1]
    threshold = np.log(volume_ratio_threshold(n_neighbors, d))
    step = max(1, BLOCK_BYTES // (8 * (n_neighbors + 1) * d))
    terms = []
    for start in range(0, n, step):
        rows = slice(start, min(start + step, n))
        # the row itself may be among its neighbours; at offset zero it adds nothing
        ratio = _log_volume_ratios(Z[neighbors[rows]] - Z[rows, None, :])
        terms.append(np.where(ratio < threshold, ratio, 0.0))
    return np.concatenate(terms)


def _log_volume_ratios(offsets):
    """log(W / V) of neighbourhoods (n, k, d) about the origin."""
    straight = np.max(np.abs(offsets), axis=1)
    largest = np.maximum(np.max(straight, axis=1), np.finfo(float).tiny)
    offsets = offsets / largest[:, None, None]
    straight = straight / largest[:, None]
    axes = np.linalg.eigh(np.swapaxes(offsets, 1, 2) @ offsets)[1]
    turned = np.max(np.abs(offsets @ axes), axis=1)
    return np.sum(
        np.log(np.maximum(turned, FLAT)) - np.log(np.maximum(straight, FLAT)), axis=1
    )


@lru_cache
def volume_ratio_threshold(n_neighbors, d):
    """Ratio W / V that one in 200 neighbourhoods of uniform rows falls below.

    From draws with a seed of their own: always the same number.
    """
    rng = np.random.RandomState(0)
    step = max(1, BLOCK_BYTES // (8 * n_neighbors * d))
    ratios = [
        _log_volume_ratios(
            rng.uniform(-1, 1, size=(min(step, N_DRAWS - start), n_neighbors, d))
        )
        for start in range(0, N_DRAWS, step)
    ]
    return float(np.exp(np.quantile(np.concatenate(ratios), TAIL)))
