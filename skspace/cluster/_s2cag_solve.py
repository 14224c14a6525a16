"""Embedding and labels of S2CAG for one setting."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from .._array import array_namespace, asarray_like, to_numpy
from .._validation import check_memory
from ..exceptions import DegenerateDataWarning
from ..graph._leading import dense_leading, krylov, randomized
from ..graph._smoothed import HELD_BYTES, ScaledGram, SmoothedAttributes
from ..graph._snem import Partition, cluster_sums, partition_of, round_embedding
from ..graph._sparse_dense import scale_rows
from ..linalg._basis import column_signs
from ._rounding import assign_rows

__all__ = [
    "Solution",
    "count_usable",
    "decision_rule",
    "scale_from_lengths",
    "scale_from_sums",
    "solve",
]

DENSE_BELOW = 128
"""Sizes of the smaller side of Z up to which it is decomposed densely."""

FEW_LOST = 0.01
"""Share of rows with a negative sum that is not worth a warning."""

ANGLE_TOLD = 1e-3
"""Error of the subspace that is worth a warning: labels do not see smaller ones."""

NOISE = 30
"""Eigenvalues below so many rounding errors of the largest are rounding errors."""


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
    leading = _without_noise(
        gram, _decompose(gram, k + n_dropped, setting, solver, rng)
    )
    # The first singular vector is the trivial one, but where there are too few
    # others for the clusters it is needed too.
    enough = leading.vectors.shape[1] >= k + n_dropped
    first = n_dropped if enough else 0
    signs = column_signs(leading.vectors)[first:]
    U = leading.vectors[:, first:] * signs
    values = leading.values[first:]
    adjoint = leading.adjoint[:, first:] * signs
    components = _components(gram, U, adjoint, values)
    projected = _before_scaling(Z, scale, components, U)
    eps = float(array_namespace(U).finfo(U.dtype).eps)
    partition = _assign(to_host(U), values, k, n_init, assign, eps, rng)
    return Solution(setting, U, values, components, projected, measure, partition)


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
    small = small and n * d * 8 <= HELD_BYTES
    if solver == "exact" or (small and solver == "auto"):
        check_memory(
            n * d * 8 + min(n, d) ** 2 * 8,
            what=f"The dense matrix of {n} x {d} smoothed attributes",
            remedy="use solver='krylov', which does not form it",
        )
        resolution = None if gram.scale is None else setting.resolution
        Y = gram.dense_factor()
        xp = array_namespace(Y)
        # Its Gram matrix squares singular values: float32 would lose small ones.
        leading = dense_leading(
            xp.astype(Y, xp.float64), n_vectors, resolution=resolution
        )
        return leading._replace(
            vectors=xp.astype(leading.vectors, Y.dtype),
            adjoint=xp.astype(leading.adjoint, Y.dtype),
        )
    n_vectors = min(n_vectors, n, d)
    if solver == "randomized":
        return randomized(gram, n_vectors, rng=rng)
    leading = krylov(gram, n_vectors, rng=rng)
    if not leading.converged and leading.angle > ANGLE_TOLD:
        warnings.warn(
            f"The leading vectors did not converge in {leading.n_iter} products; the "
            f"angle to the true subspace may be {leading.angle:.1g}. Another "
            "n_clusters may leave a wider gap; solver='exact' needs none.",
            ConvergenceWarning,
            stacklevel=6,
        )
    return leading


def _without_noise(gram, leading):
    """Leave out what rounding made up, where the rank is too low; keep one vector."""
    vectors, compared = leading.vectors, leading.values
    if gram.degrees is not None:
        # Before the modularity term cancels most of it, the largest one is this.
        omega = to_numpy(gram.degrees).astype(np.float64)
        compared = np.append(compared, gram.weight * np.sum(omega**2))
    usable = count_usable(leading.values, compared, vectors)
    kept = max(1, usable)
    return leading._replace(
        vectors=vectors[:, :kept],
        adjoint=leading.adjoint[:, :kept],
        values=np.where(np.arange(kept) < usable, leading.values[:kept], 0.0),
    )


def count_usable(values, compared, like):
    """How many decreasing eigenvalues exceed the rounding errors of others."""
    eps = float(array_namespace(like).finfo(like.dtype).eps)
    return int(np.sum(values > NOISE * eps * np.max(compared, initial=0.0)))


def _components(gram, U, adjoint, values):
    """Matrix that takes rows of Z, once scaled, to rows of the embedding."""
    if gram.degrees is not None:
        adjoint = adjoint - gram.weight * (gram.column_sums @ (gram.degrees.T @ U))
    size = np.abs(values).max(initial=0.0)
    usable = np.abs(values) > 1e-12 * size
    inverse = np.where(usable, 1 / np.where(usable, values, 1.0), 0.0)
    return adjoint * asarray_like(inverse, adjoint)[None, :]


def _before_scaling(Z, scale, components, U):
    """Embedding before rows are scaled; Z itself only where scaling lost rows."""
    if scale is None:
        return U
    if np.all(scale > 0):
        return scale_rows(U, 1 / scale)
    return Z @ components


def _assign(U, values, k, n_init, assign, eps, rng):
    """Partition of the rows of the embedding."""
    if k == 1:
        return partition_of(U, np.zeros(U.shape[0], dtype=np.int64), 1)
    if U.shape[1] < k:
        warnings.warn(
            f"The smoothed attributes have rank {U.shape[1]} up to rounding, too "
            f"little for an embedding of n_clusters={k} dimensions; they were "
            "clustered by k-means. More attributes or shorter walks (order) give more.",
            DegenerateDataWarning,
            stacklevel=6,
        )
        labels = _few_dimensions(U * np.sqrt(values), k, n_init, eps, rng)
        return partition_of(U, labels, k)
    if assign == "snem":
        return round_embedding(U, k, n_init, rng)
    rows = _with_constant(U) if assign == "cluster_qr" else U
    return partition_of(U, assign_rows(rows, assign, n_init, rng), k)


def _with_constant(U):
    """Put the constant direction in place of the last, unless the others contain it.

    Indicators of k clusters span k - 1 directions of the embedding and the constant,
    which neither objective leaves in it. Rounding by a pivoted QR decomposition looks
    for just such indicators, and would take the last direction for one.
    """
    rest = 1 - U[:, :-1] @ np.sum(U[:, :-1], axis=0)
    length = np.linalg.norm(rest)
    if length < 1e-6 * np.sqrt(len(U)):
        return U
    return np.column_stack([rest / length, U[:, :-1]])


def decision_rule(U, values, labels, k):
    """Directions D and offsets b so that labels are where ``U @ D.T - b`` is largest.

    Those of the rounding, or of k-means where there are too few dimensions for it.
    """
    n_found = int(labels.max()) + 1
    sums, counts = cluster_sums(U, labels, n_found)
    if U.shape[1] >= k:
        return sums / np.sqrt(counts)[:, None], np.zeros(n_found)
    centers = sums / counts[:, None]  # squared distances, weighted by eigenvalues
    return centers * values, 0.5 * np.sum(centers**2 * values, axis=1)


def _few_dimensions(Z, k, n_init, eps, rng):
    """Labels by k-means, which finds fewer clusters where rows are equal."""
    unit = np.sqrt(eps) * np.max(np.abs(Z), initial=0.0)
    if unit == 0:
        return np.zeros(len(Z), dtype=np.int64)
    Z = np.round(Z / unit) * unit  # rows that differ by rounding only become equal
    k = min(k, len(np.unique(Z, axis=0)))
    return KMeans(k, n_init=n_init, tol=0, random_state=rng).fit_predict(Z)
