"""The row space of samples: leading singular vectors, and how many of them count."""

from __future__ import annotations

from numbers import Integral
from typing import Any, NamedTuple

import numpy as np

from .._array import array_namespace, to_numpy

AUTO_SHARE = 0.7
"""Share of the mean energy of a direction below which ``rank="auto"`` drops it."""

CLIFF = 10.0
"""Fall of the energy from one direction to the next that shows where noise begins."""


class RowSpace(NamedTuple):
    """Leading left singular vectors of a table, and its singular values, falling."""

    vectors: Any  # (n_samples, rank)
    values: Any  # (rank,), positive
    spectrum: Any  # (min(n_samples, n_features),), all of them


def row_space(X, rank=None, *, at_least=1):
    """Leading left singular vectors and values of X; None: all above rounding.

    The rule "auto" keeps `at_least` so many: as many as there are subspaces, which
    could not be independent otherwise.
    """
    xp = array_namespace(X)
    largest = float(xp.max(xp.abs(X)))
    if not largest > 0:
        raise ValueError(
            "X is zero, so nothing can be represented; pass rows that differ from "
            "zero (after centring, if you centred)."
        )
    U, s, _ = xp.linalg.svd(X / largest, full_matrices=False)
    noise = float(xp.finfo(X.dtype).eps) * max(X.shape) * float(s[0])
    energy = s * s
    numerical = count(s > noise)
    if rank is None:
        wanted = numerical
    elif rank == "auto":
        wanted = max(at_least, _count_of_signal(to_numpy(energy)))
    elif isinstance(rank, Integral):
        wanted = int(rank)
    else:
        before = xp.cumulative_sum(energy) - energy
        wanted = count(before < rank * xp.sum(energy))
    kept = max(1, min(wanted, numerical))
    return RowSpace(U[:, :kept], s[:kept] * largest, s * largest)


def _count_of_signal(energy):
    """Directions above a share of the mean energy, or more, to the next cliff.

    The mean leaves the first direction out, since what all samples share, their mean
    or the offset of affine subspaces, can hold most of the energy.
    """
    if len(energy) == 1:
        return 1
    kept = max(1, int(np.sum(energy >= AUTO_SHARE * np.mean(energy[1:]))))
    following = energy[kept : 2 * kept]
    cliffs = np.flatnonzero(CLIFF * following < energy[kept - 1 :][: len(following)])
    return kept + int(cliffs[0]) if len(cliffs) else kept


def count(mask):
    """Return how many entries of a boolean array are true."""
    xp = array_namespace(mask)
    return int(xp.sum(xp.astype(mask, xp.int64)))
