"""How far eigenvalues, directions and importances move under resampling."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtri

from .._array import array_namespace, asarray_like, to_numpy
from .._rank import RankEvidence
from ..linalg._gradient_moments import MOST_CANDIDATES, subspace_errors

MOST_DRAWS = 10**15
"""Most rows of a resample, whatever the weights: larger ones hardly differ."""
BLOCK_BYTES = 16 * 1024**2
"""Bytes of a block of resampled gradients."""


class GradientBootstrap(NamedTuple):
    """What an active subspace is on each resample, on the host.

    Attributes
    ----------
    eigenvalues : ndarray of shape (n_resamples, n_features)
        In falling order.
    axes : ndarray of shape (n_resamples, n_features, n_features)
        Eigenvectors in columns, in the coordinates of the eigenvalues.
    importances : ndarray of shape (n_resamples, n_features)
        Activity scores, each row summing to one.
    direction : ndarray of shape (n_resamples, n_features)
        The leading eigenvector, turned towards that of all rows.
    subspace_errors : ndarray of shape (n_resamples, n_dimensions)
        Column k - 1: the sine of the largest angle between the first k
        eigenvectors and those of all rows.
    """

    eigenvalues: Any
    axes: Any
    importances: Any
    direction: Any
    subspace_errors: Any


def resampled_outer(field, weights, unit, n_draws, n_resamples, rng):
    """Mean outer products of gradients on resamples, (n_resamples, p, p).

    A resample draws rows in proportion to their weights and, where gradients were
    estimated from outputs, turns the sign of the residual of each row at random: the
    first is the noise of a finite sample, the second that of the estimate.

    Parameters
    ----------
    field : estimate of gradients
        See :mod:`skspace.active._gradients`.
    weights : ndarray of shape (n,)
    unit : array of shape (p,)
        Gradients are multiplied by it.
    n_draws : int
        Rows of a resample.
    n_resamples : int
    rng : RandomState
    """
    xp = array_namespace(field.gradients)
    n, q, p = field.gradients.shape
    n_draws = min(n_draws, MOST_DRAWS)
    counts = rng.multinomial(n_draws, weights / np.sum(weights), size=n_resamples)
    counts = asarray_like(counts.astype(np.float64) / n_draws, unit)
    noise = None
    if field.residuals is not None:
        signs = 2.0 * rng.randint(0, 2, size=(n, n_resamples)) - 1.0
        noise = asarray_like(signs, unit)
    step = max(1, BLOCK_BYTES // (8 * n_resamples * q * p))
    total = 0.0
    for start in range(0, n, step):
        rows = slice(start, min(start + step, n))
        G = field.gradients[rows, :, :][None, :, :, :]
        if noise is not None:
            G = G + xp.permute_dims(field.shift(rows, noise), (1, 0, 2, 3))
        G = G * unit
        W = G * counts[:, rows][:, :, None, None]
        if noise is None:  # one table of gradients for all resamples
            G = xp.reshape(G, (-1, p))
            W = xp.reshape(W, (n_resamples, -1, p))
            total = total + xp.matrix_transpose(W) @ G
        else:
            G, W = (xp.reshape(A, (n_resamples, -1, p)) for A in (G, W))
            total = total + xp.matrix_transpose(W) @ G
    return to_numpy(total)


def describe_resamples(matrices, axes):
    """Eigenvalues, axes, importances and errors of resampled mean outer products.

    Parameters
    ----------
    matrices : ndarray of shape (n_resamples, p, p)
    axes : ndarray of shape (p, p)
        Eigenvectors of all rows.

    Returns
    -------
    GradientBootstrap
        With importances of all dimensions.
    """
    values, vectors = np.linalg.eigh((matrices + matrices.transpose(0, 2, 1)) / 2)
    values, vectors = np.maximum(values[:, ::-1], 0), vectors[:, :, ::-1]
    direction = vectors[:, :, 0]
    direction = direction * np.where(direction @ axes[:, 0] < 0, -1.0, 1.0)[:, None]
    return GradientBootstrap(
        values,
        vectors,
        importances(values, vectors, values.shape[1]),
        direction,
        subspace_errors(axes, vectors),
    )


def evidence_of_resamples(bootstrap, rank):
    """Choose the dimension whose subspace moves least, with its evidence."""
    errors = bootstrap.subspace_errors[:, : max(rank - 1, 1)]
    # Without a second direction there is nothing to choose.
    criterion = np.mean(errors, axis=0) if errors.size else np.zeros(1)
    return RankEvidence(
        "bootstrap",
        1 + int(np.argmin(criterion)),
        criterion,
        np.arange(1, len(criterion) + 1),
        "mean sine of the largest angle to subspaces of resamples; the "
        f"smallest, of at most {MOST_CANDIDATES}",
    )


class GradientIntervals(NamedTuple):
    """Intervals of the estimates of all rows, on the host."""

    eigenvalues: Any  # (2, p)
    direction: Any  # (2, p)
    importances: Any  # (2, p)
    subspace_errors: Any  # (n_dimensions,)
    angle: float
    bootstrap: GradientBootstrap


def intervals_of(bootstrap, values, axes, shares, n_components, level):
    """Find intervals about eigenvalues, the first axis and importances.

    Parameters
    ----------
    bootstrap : GradientBootstrap
        What :func:`describe_resamples` finds.
    values : ndarray of shape (p,)
    axes : ndarray of shape (p, p)
    shares : ndarray of shape (p,)
        Importances by the first `n_components` axes.
    n_components : int
    level : float

    Returns
    -------
    GradientIntervals
        Its resamples have importances by as many axes.
    """
    shared = importances(bootstrap.eigenvalues, bootstrap.axes, n_components)
    cosines = np.minimum(np.abs(bootstrap.direction @ axes[:, 0]), 1)
    return GradientIntervals(
        interval(values, bootstrap.eigenvalues, level, unbias=True, low=0),
        interval(axes[:, 0], bootstrap.direction, level, low=-1, high=1),
        interval(shares, shared, level, unbias=True, low=0, high=1),
        np.mean(bootstrap.subspace_errors, axis=0),
        float(np.quantile(np.arccos(cosines), level)),
        bootstrap._replace(importances=shared),
    )


def importances(values, vectors, k):
    """Activity scores of the first k dimensions of each resample."""
    scores = (vectors[:, :, :k] ** 2 @ values[:, :k, None])[:, :, 0]
    return scores / np.maximum(np.sum(scores, axis=1, keepdims=True), 1e-300)


def interval(found, draws, level, *, unbias=False, low=-np.inf, high=np.inf):
    """Interval (2, p): as many standard errors of the resamples as the level asks.

    Quantiles would not do: entries of a unit vector never exceed one on a resample,
    and the noise that resampling adds to that of the data raises eigenvalues. With
    `unbias` the rise is taken off the middle as well.
    """
    size = max(np.max(np.abs(draws)), np.finfo(float).tiny)  # squares stay in range
    found, draws, low, high = found / size, draws / size, low / size, high / size
    middle = 2 * found - np.mean(draws, axis=0) if unbias else found
    reach = ndtri((1 + level) / 2) * np.std(draws, axis=0, ddof=1)
    return size * np.clip(np.stack([middle - reach, middle + reach]), low, high)
