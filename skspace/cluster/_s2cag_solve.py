"""Embedding and labels of S2CAG for one setting."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from .._array import asarray_like, to_numpy
from .._validation import check_memory
from .._warnings import DegenerateDataWarning
from ..graph._leading import dense_leading, fix_signs, krylov, randomized
from ..graph._smoothed import ScaledGram, SmoothedAttributes, itemsize
from ..graph._snem import Partition, partition_of, round_embedding
from ..graph._spectral import cluster_qr, discretize, unit_rows

__all__ = ["Solution", "scale_from_lengths", "scale_from_sums", "solve"]

DENSE_BELOW = 128
"""Sizes of the smaller side of Z up to which it is decomposed densely."""

FEW_LOST = 0.01


class Solution(NamedTuple):
    """What one setting leads to."""

    setting: Any
    embedding: Any  # (n, r)
    values: np.ndarray  # (r,), eigenvalues
    components: Any  # (d, r): smoothed attributes times these, scaled, embed
    projected: Any  # (n, r), Z @ components
    measure: np.ndarray | None  # (n,), sums or lengths of rows that scale them
    partition: Partition


def solve(
    propagation, rows, setting, *, n_clusters, solver, n_init, assign, rng, n_jobs
):
    """Decompose the smoothed attributes and round the embedding."""
    k = n_clusters
    Z = SmoothedAttributes(
        propagation, rows, setting.order, setting.alpha, width=k + 5, n_jobs=n_jobs
    )
    measure, scale = _row_scale(Z, setting)
    gram = ScaledGram(Z, scale, setting.resolution)
    n_dropped = int(setting.objective == "conductance")
    leading = _decompose(gram, k + n_dropped, setting, solver, rng)
    # The first singular vector is the trivial one, but where there are too few
    # others for the clusters it is needed too.
    enough = leading.vectors.shape[1] >= k + n_dropped
    first = n_dropped if enough else 0
    U = fix_signs(leading.vectors[:, first:])[0]
    values = leading.values[first:]
    components = _components(gram, U, values)
    partition = _assign(to_host(U), values, k, n_init, assign, rng)
    return Solution(setting, U, values, components, Z @ components, measure, partition)


def to_host(U):
    """Embedding on the host, in float64, row by row in memory."""
    return np.ascontiguousarray(to_numpy(U), dtype=np.float64)


def _row_scale(Z, setting):
    if setting.objective == "conductance":
        return None, None
    if setting.row_scaling == "l2":
        lengths = Z.row_lengths()
        return lengths, scale_from_lengths(lengths)
    sums = Z.row_sums()
    n_lost = int(np.sum(sums < 0))
    if n_lost > FEW_LOST * len(sums):
        warnings.warn(
            f"{n_lost} of {len(sums)} rows of smoothed attributes have a negative sum "
            "and were set to zero. With attributes of both signs use "
            "row_scaling='l2'.",
            DegenerateDataWarning,
            stacklevel=6,
        )
    return sums, scale_from_sums(sums)


def scale_from_sums(sums):
    """Roots of the sums of rows, zero for negative ones."""
    return np.sqrt(np.maximum(np.asarray(sums, dtype=np.float64), 0))


def scale_from_lengths(lengths):
    """Reciprocal lengths of rows; zero rows stay zero."""
    lengths = np.asarray(lengths, dtype=np.float64)
    return np.where(lengths > 0, 1 / np.where(lengths > 0, lengths, 1), 0.0)


def _decompose(gram, n_vectors, setting, solver, rng):
    n, d = gram.Z.shape
    small = min(n, d) <= max(DENSE_BELOW, 3 * (n_vectors + 4))
    if solver == "exact" or (small and solver == "auto"):
        check_memory(
            n * d * itemsize(gram.Z.like) + min(n, d) ** 2 * 8,
            what=f"The dense matrix of {n} x {d} smoothed attributes",
            remedy="use solver='krylov', which does not form it",
        )
        resolution = None if gram.scale is None else setting.resolution
        return dense_leading(gram.dense_factor(), n_vectors, resolution=resolution)
    n_vectors = min(n_vectors, n, d)
    if solver == "randomized":
        return randomized(gram, n_vectors, rng=rng)
    leading = krylov(gram, n_vectors, rng=rng)
    if not leading.converged:
        warnings.warn(
            f"The leading vectors did not converge in {leading.n_iter} products; the "
            f"angle to the true subspace may be {leading.angle:.1g}.",
            ConvergenceWarning,
            stacklevel=6,
        )
    return leading


def _components(gram, U, values):
    """Matrix that takes rows of Z, once scaled, to rows of the embedding."""
    C = gram.factor_adjoint(U)
    if gram.degrees is not None:
        C = C - gram.weight * (gram.column_sums @ (gram.degrees.T @ U))
    values = np.asarray(values)
    size = np.abs(values).max(initial=0.0)
    usable = np.abs(values) > 1e-12 * size
    inverse = np.where(usable, 1 / np.where(usable, values, 1.0), 0.0)
    return C * asarray_like(inverse, C)[None, :]


def _assign(U, values, k, n_init, assign, rng):
    """Partition of the rows of the embedding."""
    if k == 1:
        return partition_of(U, np.zeros(U.shape[0], dtype=np.int64), 1)
    if U.shape[1] < k:
        warnings.warn(
            f"The smoothed attributes have rank {U.shape[1]}, too little for an "
            f"embedding of n_clusters={k} dimensions; they were clustered by k-means.",
            DegenerateDataWarning,
            stacklevel=6,
        )
        Z = U * np.sqrt(np.maximum(values, 0))
        labels = KMeans(k, n_init=n_init, random_state=rng).fit_predict(Z)
        return partition_of(U, labels, k)
    if assign == "snem":
        return round_embedding(U, k, n_init, rng)
    if assign == "cluster_qr":
        labels = cluster_qr(U)
    elif assign == "discretize":
        labels = discretize(U, rng)
    else:
        labels = KMeans(k, n_init=n_init, random_state=rng).fit_predict(unit_rows(U))
    return partition_of(U, labels, k)
