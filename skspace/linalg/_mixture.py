"""Subspaces per cluster, distances to them, and their probabilistic mixture.

What the clusterers share: bases fitted to labelled rows (`fit_subspaces`), the
distance of any row to each of them (`subspace_residuals`), and the density that
scores a clustering (`fit_probabilistic_subspaces`, `log_likelihood`).

Labels are host integers, one a row; a negative label belongs to no cluster and the
row is left out of every fit.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .._array import array_namespace, asarray_like, device, to_numpy
from ._basis import fix_signs

__all__ = [
    "ProbabilisticSubspaces",
    "fit_probabilistic_subspaces",
    "fit_subspaces",
    "leading_subspace",
    "log_likelihood",
    "subspace_residuals",
]

PRIOR_DOF = 2
"""Weight of the pooled noise in that of one cluster, in degrees of freedom."""


class ProbabilisticSubspaces(NamedTuple):
    """A mixture of probabilistic PCAs. Lengths are in units of `scale`."""

    log_weights: Any  # (n_clusters,), -inf for an empty cluster
    means: Any  # (n_clusters, n_features)
    components: Any  # (n_clusters, n_dims, n_features), orthonormal or zero rows
    variances: Any  # (n_clusters, n_dims), along the components, noise included
    noise_variances: Any  # (n_clusters,), along every other direction
    scale: float  # power of two


class LeadingSubspace(NamedTuple):
    """Mean, leading right singular vectors and singular values of a table."""

    mean: Any  # (n_features,)
    components: Any  # (n_dims, n_features), orthonormal or zero rows
    singular_values: Any  # (min(n_samples, n_features),), falling; rounding is 0


def leading_subspace(X, n_dims, *, affine):
    """Fit the subspace of dimension `n_dims` nearest to the rows of X.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        At least one row.
    n_dims : int
        Rows of `components`. Directions beyond the numerical rank are zero rows: an
        arbitrary direction would pretend to be known.
    affine : bool
        Whether the subspace passes through the mean of the rows or the origin.

    Returns
    -------
    LeadingSubspace
        The mean is zero without `affine`. The entry of largest magnitude in each
        component is positive.

    Notes
    -----
    An economy SVD, O(min(n_samples, n_features)² max(n_samples, n_features)).
    """
    xp = array_namespace(X)
    n_samples, n_features = X.shape
    largest = float(xp.max(xp.abs(X)))
    mean = xp.mean(X, axis=0) if affine else xp.zeros_like(X[0, :])
    _, s, Vt = xp.linalg.svd(X - mean if affine else X, full_matrices=False)
    # Rounding of the SVD, and of the entries of the centred table, which for equal
    # rows are nothing but rounding.
    unit = float(xp.finfo(X.dtype).eps)
    noise = 4 * unit * math.sqrt(max(n_samples, n_features)) * float(s[0])
    if affine:
        noise = max(noise, 2 * unit * math.sqrt(n_samples * n_features) * largest)
    s = xp.where(s > noise, s, xp.zeros_like(s))
    rank = min(n_dims, int(xp.sum(xp.astype(s > 0, xp.int64))))
    missing = xp.zeros((n_dims - rank, n_features), dtype=X.dtype, device=device(X))
    components = xp.concat([fix_signs(Vt[:rank, :]), missing], axis=0)
    return LeadingSubspace(mean, components, s)


def fit_subspaces(X, labels, n_clusters, n_dims, *, affine):
    """Fit one subspace to the rows of each cluster.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
    labels : integer array of shape (n_samples,)
        In 0, …, n_clusters - 1, or negative for rows to leave out.
    n_clusters, n_dims : int
    affine : bool
        Whether the subspaces pass through the means of the clusters.

    Returns
    -------
    means : array of shape (n_clusters, n_features)
        Zero without `affine`.
    components : array of shape (n_clusters, n_dims, n_features)
        Orthonormal rows, zero rows beyond the rank of a cluster.

    Raises
    ------
    ValueError
        If a cluster is empty or the labels do not fit.
    """
    xp = array_namespace(X)
    scale = _power_of_two(X)
    X = X / scale
    fits = []
    for cluster, rows in enumerate(_members(labels, n_clusters, X)):
        if rows is None:
            raise ValueError(
                f"Cluster {cluster} of {n_clusters} has no member, so it has no "
                "subspace; number the labels from 0 without gaps."
            )
        fits.append(leading_subspace(rows, n_dims, affine=affine))
    means = xp.stack([fit.mean for fit in fits]) * scale
    return means, xp.stack([fit.components for fit in fits])


def subspace_residuals(X, means, components):
    """Distance of every row to every subspace.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
    means : array of shape (n_clusters, n_features)
    components : array of shape (n_clusters, n_dims, n_features)
        As :func:`fit_subspaces` returns them.

    Returns
    -------
    residuals : array of shape (n_samples, n_clusters)

    Notes
    -----
    The projection is subtracted and the rest measured. ‖z‖² - ‖Vz‖² would save half
    the work and lose half the digits exactly where labels are decided, near a
    subspace.

    Cost O(n_samples n_clusters n_features n_dims), and one table of the size of X
    at a time.
    """
    xp = array_namespace(X, means, components)
    scale = _power_of_two(X, means)
    X, means = X / scale, means / scale
    columns = []
    for k in range(means.shape[0]):
        _, rest = _split(X - means[k, :], components[k, ...])
        columns.append(xp.linalg.vector_norm(rest, axis=1))
    return xp.stack(columns, axis=1) * scale


def fit_probabilistic_subspaces(X, labels, n_clusters, n_dims):
    """Fit a probabilistic PCA to each cluster, weighted by its share of the rows.

    The density it defines scores a clustering on rows not used to fit it, over
    n_clusters and n_dims together: every parameter that only fits noise costs more
    on new rows than it gains, and no variance can shrink to zero and buy an infinite
    density.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
    labels : integer array of shape (n_samples,)
        In 0, …, n_clusters - 1, or negative for rows to leave out.
    n_clusters, n_dims : int
        n_dims may exceed what a cluster can support; see the notes.

    Returns
    -------
    ProbabilisticSubspaces

    Raises
    ------
    ValueError
        If no row belongs to a cluster or the labels do not fit.

    Notes
    -----
    With n_c rows in cluster c, a D-dimensional space, singular values s of the
    centred rows, and d_c = min(n_dims, rank) directions:

    - Variances along the directions are s_i² / (n_c - 1), as in scikit-learn's PCA.
    - The rest r_c = Σ_{i > d_c} s_i² has ν_c = (n_c - 1 - d_c)(D - d_c) degrees of
      freedom, since mean and directions were fitted to the same rows. The estimate
      r_c / ν_c is unbiased for strong signals, whereas the likelihood's
      r_c / (n_c (D - d_c)) is too small by (n_c - 1 - d_c) / n_c, much too small
      for small clusters and large dimensions.
    - Few degrees of freedom give arbitrary estimates, none give 0 / 0. So the noise
      has a scaled inverse χ² prior of 2 degrees of freedom at the pooled value
      σ₀² = Σ r_c / Σ ν_c: σ_c² = (r_c + 2 σ₀²) / (ν_c + 2). One cluster alone
      is its own pool and unaffected; a cluster with n_c <= d_c + 1, a single row
      for example, takes σ₀².
    - If no cluster has a degree of freedom left (every one interpolates its rows),
      noise and signal cannot be told apart and σ₀² is the pooled variance within
      clusters per coordinate, or, with single rows only, the variance of all rows.
    - Noise-free data have r_c = 0. The floor of σ² is the machine epsilon times the
      variance of all rows per coordinate (half the digits as a length, far above
      the rounding of a residual), plus the squared rounding of the entries.
    - A variance along a direction is at least σ_c²; a missing direction has σ_c²,
      so it counts as noise.

    Cost O(Σ min(n_c, D)² max(n_c, D)).

    Difference from the paper: it fits all parameters by EM with soft labels and
    maximum-likelihood variances; here the labels are given.

    References
    ----------
    M. E. Tipping and C. M. Bishop, "Mixtures of probabilistic principal component
    analysers", Neural Computation 11 (1999). :doi:`10.1162/089976699300016728`
    """
    xp = array_namespace(X)
    scale = _power_of_two(X)
    X = X / scale
    n_features = X.shape[1]
    sizes, fits, rests, freedoms, spreads = [], [], [], [], []
    for rows in _members(labels, n_clusters, X):
        if rows is None:
            nothing = xp.zeros(
                (n_dims + 1, n_features), dtype=X.dtype, device=device(X)
            )
            fit = LeadingSubspace(nothing[0, :], nothing[1:, :], nothing[0, :1])
        else:
            fit = leading_subspace(rows, n_dims, affine=True)
        energies = to_numpy(fit.singular_values).astype(np.float64) ** 2
        rank = min(n_dims, np.count_nonzero(energies))
        size = 0 if rows is None else rows.shape[0]
        sizes.append(size)
        fits.append(fit)
        spreads.append(energies)
        rests.append(energies[rank:].sum())
        freedoms.append(max(size - 1 - rank, 0) * (n_features - rank))
    if not sum(sizes):
        raise ValueError("Every label is negative: no row belongs to a cluster.")

    noise = _noise_variances(X, sizes, rests, freedoms, spreads)
    variances = np.repeat(noise[:, None], n_dims, axis=1)
    for c, energies in enumerate(spreads):
        own = energies[:n_dims] / max(sizes[c] - 1, 1)
        variances[c, : len(own)] = np.maximum(own, noise[c])
    weights = np.asarray(sizes) / sum(sizes)
    log_weights = np.log(weights, out=np.full(n_clusters, -np.inf), where=weights > 0)
    return ProbabilisticSubspaces(
        asarray_like(log_weights, X),
        xp.stack([fit.mean for fit in fits]),
        xp.stack([fit.components for fit in fits]),
        asarray_like(variances, X),
        asarray_like(noise, X),
        scale,
    )


def log_likelihood(X, model):
    """Log density of every row under a mixture of probabilistic PCAs.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        In the units of the rows the model was fitted to.
    model : ProbabilisticSubspaces

    Returns
    -------
    log_density : array of shape (n_samples,)
        In nats per row, of X itself: log |scale| n_features is subtracted.

    Notes
    -----
    Along the directions the squared coordinates are divided by the variances, the
    rest by the noise variance, which is Woodbury's formula for orthonormal
    directions. No n_features x n_features matrix is built.

    Cost O(n_samples n_clusters n_features n_dims), and one table of the size of X
    at a time.
    """
    xp = array_namespace(X)
    n_features = X.shape[1]
    # Farther than this is nowhere, and squares must stay finite.
    largest = float(xp.finfo(X.dtype).max)
    far = min(largest**0.25 * model.scale, largest)
    X = xp.clip(X, -far, far) / model.scale
    logs = []
    for c in range(model.means.shape[0]):
        components, noise = model.components[c, ...], model.noise_variances[c]
        # Without the zero rows, asking for more dimensions than there are changes
        # no digit, and a grid search sees a tie as a tie.
        used = xp.any(components != 0, axis=1)
        n_dims = int(xp.sum(xp.astype(used, xp.int64)))
        variances = model.variances[c, :n_dims]
        inside, rest = _split(X - model.means[c, :], components[:n_dims, :])
        distance = xp.sum(inside**2 / variances, axis=1)
        distance = distance + xp.sum(rest**2, axis=1) / noise
        volume = xp.sum(xp.log(variances)) + (n_features - n_dims) * xp.log(noise)
        logs.append(model.log_weights[c] - (volume + distance) / 2)
    logs = xp.stack(logs, axis=1)
    peak = xp.max(logs, axis=1, keepdims=True)
    total = peak[:, 0] + xp.log(xp.sum(xp.exp(logs - peak), axis=1))
    return total - n_features * (math.log(2 * math.pi) / 2 + math.log(model.scale))


def _noise_variances(X, sizes, rests, freedoms, spreads):
    """Noise variance of every cluster by the rules of the docstring above."""
    xp = array_namespace(X)
    n_features = X.shape[1]
    unit = float(xp.finfo(X.dtype).eps)
    total = float(xp.mean((X - xp.mean(X, axis=0)) ** 2))
    floor = unit * total + unit**2
    inner = sum(max(size - 1, 0) for size in sizes) * n_features
    if sum(freedoms):
        pooled = sum(rests) / sum(freedoms)
    elif inner:
        pooled = sum(energies.sum() for energies in spreads) / inner
    else:
        pooled = total
    noise = (np.asarray(rests) + PRIOR_DOF * pooled) / (
        np.asarray(freedoms) + PRIOR_DOF
    )
    return np.maximum(noise, floor)


def _split(Z, components):
    """Coordinates along the components, and what they leave of Z."""
    xp = array_namespace(Z, components)
    inside = Z @ xp.matrix_transpose(components)
    return inside, Z - inside @ components


def _power_of_two(*arrays):
    """Power of two near the largest entry: dividing by it rounds nothing."""
    xp = array_namespace(*arrays)
    largest = max(float(xp.max(xp.abs(x))) for x in arrays)
    limit = -math.frexp(float(xp.finfo(arrays[0].dtype).smallest_normal))[1]
    exponent = math.frexp(largest)[1] if largest > 0 else 0
    return 2.0 ** max(-limit, min(exponent, limit))


def _members(labels, n_clusters, X):
    """Rows of X cluster by cluster, None for an empty one."""
    xp = array_namespace(X)
    labels = to_numpy(labels)
    if labels.shape != (X.shape[0],) or labels.dtype.kind not in "iu":
        raise ValueError(
            f"labels must be {X.shape[0]} integers, one a row of X, got shape "
            f"{labels.shape} of {labels.dtype}."
        )
    if labels.max(initial=-1) >= n_clusters:
        raise ValueError(
            f"labels must be below n_clusters={n_clusters}, got {labels.max()}."
        )
    for cluster in range(n_clusters):
        index = np.flatnonzero(labels == cluster)
        if index.shape[0]:
            yield xp.take(X, asarray_like(index, X), axis=0)
        else:
            yield None
