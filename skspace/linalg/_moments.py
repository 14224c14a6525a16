"""Mergeable moments of the slices of a table, in one pass over its rows."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from .._array import accelerated, array_namespace, asarray_like, device, to_numpy
from ._slices import effective_size

BLOCK_BYTES = 2**22
"""Rows are taken in blocks of about this size, in float64."""


class FourthMoment(NamedTuple):
    """Sums over rows of q² and q (x - mean), q = ||x - mean||² (for Ledoit-Wolf)."""

    quartic: Any
    cubic: Any


class SliceMoments(NamedTuple):
    """Weights, means and centred cross-products of slices, all in float64.

    `scatter` has shape (n_slices, p, p) and holds the cross-products about the mean
    of each slice, or shape (p, p) and holds their sum.
    """

    weight: Any
    mean: Any
    scatter: Any
    n_rows: int
    fourth: FourthMoment | None = None

    @property
    def per_slice(self):
        """Whether cross-products are kept for each slice."""
        return self.scatter.ndim == 3

    @property
    def n_samples(self):
        """Number of samples that rows and weights stand for."""
        xp = array_namespace(self.weight)
        return effective_size(self.n_rows, xp.sum(self.weight))


class Total(NamedTuple):
    """Moments of all slices together; the covariance divides by the weight."""

    weight: Any
    mean: Any
    covariance: Any


@accelerated("skspace._numba.slices:group_by_slice")
def group_by_slice(X, pivot, labels, weights, n_slices):
    """Centre the rows of a block, order them by slice, and sum each slice.

    Parameters
    ----------
    X : array of shape (n, p)
    pivot : array of shape (p,)
        Subtracted from all rows, in float64.
    labels : array of shape (n,), int64
    weights : array of shape (n,)
    n_slices : int

    Returns
    -------
    rows : array of shape (n, p), float64
        √w (x - pivot), slice by slice.
    sums : array of shape (n_slices, p), float64
        Sums of w (x - pivot).
    weight : array of shape (n_slices,), float64
    counts : array of shape (n_slices,), int64
    """
    xp = array_namespace(X)
    order = xp.argsort(labels, stable=True)
    numbers = xp.arange(n_slices, dtype=xp.int64, device=device(X))
    member = numbers[:, None] == xp.take(labels, order)[None, :]
    w = xp.astype(xp.take(weights, order), xp.float64)
    rows = xp.astype(xp.take(X, order, axis=0), xp.float64)
    rows = rows - xp.astype(pivot, xp.float64)
    shares = xp.astype(member, xp.float64) * w[None, :]
    counts = xp.sum(xp.astype(member, xp.int64), axis=1)
    return rows * xp.sqrt(w)[:, None], shares @ rows, xp.sum(shares, axis=1), counts


def slice_moments(X, labels, n_slices, *, weights=None, per_slice, fourth=0):
    """Moments of every slice of a table.

    Parameters
    ----------
    X : array or sparse matrix of shape (n_samples, n_features)
        float64 or float32; sums are kept in float64.
    labels : ndarray of shape (n_samples,), int64
        Slice of each row, on the host.
    n_slices : int
    weights : ndarray of shape (n_samples,), optional
    per_slice : bool
        Whether to keep cross-products for each slice, or their sum only.
    fourth : int, default=0
        Number of leading columns for which to keep what the Ledoit-Wolf estimate
        needs.

    Returns
    -------
    SliceMoments

    Raises
    ------
    ValueError
        If squares of the entries, times the weights, overflow.

    Notes
    -----
    Cost O(n p²) in BLAS and O(n p) besides; memory for a block of rows and the
    result. Blocks are centred before they are multiplied and merged by
    :func:`merge_moments`, so a large offset costs no digits. Sparse rows are
    multiplied as they are: products cost what their entries cost, and digits are
    lost as the squared ratio of means to standard deviations.
    """
    if weights is None:
        weights = np.ones(len(labels))
    n_rows = int(np.count_nonzero(weights))
    with np.errstate(over="ignore", invalid="ignore"):
        if sp.issparse(X):
            make = _sparse_moments
        else:
            make = _dense_moments
        moments = make(X, labels, n_slices, weights, per_slice, fourth)
    _check_finite(moments)
    return moments._replace(n_rows=n_rows)


def _check_finite(moments):
    """Refuse moments that overflow, or whose covariance would."""
    xp = array_namespace(moments.scatter)
    weight = moments.weight
    with np.errstate(over="ignore", invalid="ignore"):
        apart = moments.mean - moments.mean[int(xp.argmax(weight)), :]
        apart = xp.where(weight[:, None] > 0, apart, 0 * apart)
        size = xp.sum(xp.abs(moments.scatter)) + xp.sum(weight @ (apart * apart))
        size = size / xp.clip(_positive(xp.sum(weight)), max=1.0)
    if not bool(xp.isfinite(size)):
        raise ValueError(
            "Squares of the features, times the weights or over their sum, overflow "
            "float64; divide the features by their largest entry."
        )


def table_moments(X, weights=None, *, fourth=0):
    """Moments of a table as one slice, see :func:`slice_moments`."""
    labels = np.zeros(X.shape[0], dtype=np.int64)
    return slice_moments(X, labels, 1, weights=weights, per_slice=False, fourth=fourth)


def _dense_moments(X, labels, n_slices, weights, per_slice, fourth):
    """Moments block by block."""
    xp = array_namespace(X)
    n_samples, n_features = X.shape
    # More rows than features, or merging would cost more than multiplying.
    size = max(BLOCK_BYTES // (8 * n_features), 4 * n_features, 1)
    labels = asarray_like(labels, X)
    weights = asarray_like(weights, X, dtype=xp.float64)
    moments = None
    for start in range(0, n_samples, size):
        rows = slice(start, min(start + size, n_samples))
        part = _block_moments(
            X[rows, :], labels[rows], weights[rows], n_slices, per_slice, fourth
        )
        moments = part if moments is None else _merged(moments, part)
    return moments


def _block_moments(X, labels, weights, n_slices, per_slice, fourth):
    """Moments of a block about a point inside it, then about the means."""
    xp = array_namespace(X)
    pivot = _point_inside(X, weights)
    rows, sums, weight, counts = group_by_slice(X, pivot, labels, weights, n_slices)
    shift = sums / _positive(weight)[:, None]
    if per_slice:
        ends = [0, *np.cumsum(to_numpy(counts)).tolist()]
        products = [_gram(rows[a:b, :]) for a, b in pairwise(ends)]
        scatter = xp.stack(products) - sums[:, :, None] * shift[:, None, :]
    else:
        scatter = _gram(rows) - xp.matrix_transpose(sums) @ shift
    mean = xp.where(weight[:, None] > 0, pivot + shift, xp.zeros_like(shift))
    part = SliceMoments(weight, mean, scatter, 0)
    if fourth:
        total = total_moments(part)
        # √w (x - mean) from √w (x - pivot); rows are in another order than weights.
        w = xp.astype(xp.take(weights, xp.argsort(labels, stable=True)), xp.float64)
        rows = rows - xp.sqrt(w)[:, None] * (total.mean - pivot)
        rows = rows[:, :fourth]
        q = xp.sum(rows * rows, axis=1)  # w ||x - mean||²
        inverse = 1 / _positive(w)
        cubic = (q * xp.sqrt(inverse)) @ rows
        part = part._replace(fourth=FourthMoment(xp.sum(q * q * inverse), cubic))
    return part


def _point_inside(X, weights):
    """Weighted mean of the first rows: rows that do not count may be far away.

    That of a constant column is its value, to the last digit.
    """
    xp = array_namespace(X)
    origin = xp.astype(X[int(xp.argmax(weights)), :], xp.float64)
    head = slice(0, min(256, X.shape[0]))
    share = weights[head] / _positive(xp.max(weights[head]))
    share = share / _positive(xp.sum(share))
    return origin + share @ (xp.astype(X[head, :], xp.float64) - origin)


def _sparse_moments(X, labels, n_slices, weights, per_slice, fourth):
    """Moments of sparse rows, by sparse products."""
    X = X.tocsr().astype(np.float64)
    n_features = X.shape[1]
    weight, mean, products = [], [], []
    groups = [np.flatnonzero(labels == h) for h in range(n_slices)]
    for rows in groups:
        w = weights[rows]
        part = X[rows]
        weight.append(w.sum())
        mean.append((part.T @ w) / max(w.sum(), np.finfo(float).tiny))
        if per_slice:
            products.append(_sparse_gram(part, w))
    weight, mean = np.array(weight), np.reshape(np.array(mean), (-1, n_features))
    if per_slice:
        products = np.stack(products)
        scatter = products - weight[:, None, None] * mean[:, :, None] * mean[:, None]
    else:
        scatter = _sparse_gram(X, weights) - (weight * mean.T) @ mean
    moments = SliceMoments(weight, mean, scatter, 0)
    if fourth:
        X = X[:, :fourth]
        square = np.asarray(X.multiply(X).sum(axis=1)).ravel()
        raw = FourthMoment(weights @ (square * square), X.T @ (weights * square))
        total = total_moments(moments)
        mean = total.mean[:fourth]
        first = total.weight * mean
        second = total.weight * total.covariance[:fourth, :fourth]
        second = second + np.outer(first, mean)
        moments = moments._replace(
            fourth=_shift_fourth(raw, total.weight, first, second, mean)
        )
    return moments


def _sparse_gram(X, w):
    product = X.T @ sp.diags_array(w) @ X
    return np.asarray(product.toarray())


def _gram(rows):
    return array_namespace(rows).matrix_transpose(rows) @ rows


def _positive(weight):
    """`weight`, with one in the place of zero: a divisor for sums that are zero."""
    xp = array_namespace(weight)
    return xp.where(weight > 0, weight, xp.ones_like(weight))


def _shift_fourth(fourth, n, first, second, shift):
    """Fourth moments about a point moved by `shift`.

    `first` and `second` are the sums of d and d dᵀ about the old point.
    """
    xp = array_namespace(shift)
    d2, trace = xp.sum(shift * shift), xp.sum(xp.linalg.diagonal(second))
    along, s_first = second @ shift, xp.sum(shift * first)
    quartic = (
        fourth.quartic + 4 * xp.sum(shift * along) - 4 * xp.sum(shift * fourth.cubic)
    )
    quartic = quartic + d2 * (n * d2 + 2 * trace - 4 * s_first)
    cubic = fourth.cubic - 2 * along + d2 * (first - n * shift)
    return FourthMoment(quartic, cubic - shift * (trace - 2 * s_first))


def merge_moments(a, b):
    """Moments of two tables as if they were one, exactly (Chan's update).

    The order of merging changes nothing but rounding.

    Raises
    ------
    ValueError
        If the one holds what the other does not, or squares overflow.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        merged = _merged(a, b)
    _check_finite(merged)
    return merged


def _merged(a, b):
    """Merge without looking for overflow."""
    # Shapes that differ could be broadcast, to moments of nothing.
    alike = a.mean.shape == b.mean.shape and a.scatter.shape == b.scatter.shape
    if not alike or (a.fourth is None) != (b.fourth is None):
        raise ValueError(
            "Earlier rows were summed for other parameters, which need other moments; "
            "call fit, or set parameters before the first partial_fit."
        )
    xp = array_namespace(a.weight)
    weight = a.weight + b.weight
    share = b.weight / _positive(weight)
    delta = b.mean - a.mean
    mean = a.mean + share[:, None] * delta
    pull = (a.weight * share)[:, None] * delta
    scatter = a.scatter + b.scatter
    if a.per_slice:
        scatter = scatter + pull[:, :, None] * delta[:, None, :]
    else:
        scatter = scatter + xp.matrix_transpose(pull) @ delta
    merged = SliceMoments(weight, mean, scatter, a.n_rows + b.n_rows)
    if a.fourth is not None:
        centre = total_moments(merged).mean
        parts = [_about(part, centre) for part in (a, b)]
        merged = merged._replace(
            fourth=FourthMoment(*(x + y for x, y in zip(*parts, strict=True)))
        )
    return merged


def _about(moments, centre):
    """Fourth moments about `centre` in place of the own mean."""
    total = total_moments(moments)
    k = moments.fourth.cubic.shape[0]
    return _shift_fourth(
        moments.fourth,
        total.weight,
        0 * total.mean[:k],
        total.weight * total.covariance[:k, :k],
        (centre - total.mean)[:k],
    )


def total_moments(moments):
    """Weight, mean and covariance of all slices together."""
    xp = array_namespace(moments.weight)
    weight = xp.sum(moments.weight)
    divisor = _positive(weight)  # a block may hold nothing but weights of zero
    mean, between = _between(moments, moments.weight / divisor)
    within = moments.scatter
    if moments.per_slice:
        within = xp.sum(within, axis=0)
    covariance = within / divisor + between
    return Total(weight, mean, (covariance + xp.matrix_transpose(covariance)) / 2)


def _between(moments, share):
    """Mean of the slice means, and their covariance, without losing an offset."""
    xp = array_namespace(share)
    # Relative to the mean of a slice that is there, not to the origin.
    origin = moments.mean[int(xp.argmax(share)), :]
    apart = xp.where(share[:, None] > 0, moments.mean - origin, 0 * moments.mean)
    centre = xp.sum(share[:, None] * apart, axis=0)
    apart = xp.where(share[:, None] > 0, apart - centre, 0 * apart)
    return origin + centre, xp.matrix_transpose(share[:, None] * apart) @ apart


def pool_moments(moments, groups, n_groups):
    """Moments of unions of slices.

    Parameters
    ----------
    moments : SliceMoments
    groups : ndarray of shape (n_slices,), int
        New number of every slice; empty slices may have -1.
    n_groups : int

    Returns
    -------
    SliceMoments with ``n_groups`` slices
    """
    xp = array_namespace(moments.weight)
    identity = np.arange(n_groups)
    if np.array_equal(groups, identity):
        return moments
    member = asarray_like((identity[:, None] == groups) * 1.0, moments.weight)
    weight = member @ moments.weight
    origin = total_moments(moments).mean
    present = moments.weight[:, None] > 0
    apart = xp.where(present, moments.mean - origin, 0 * moments.mean)
    weighted = moments.weight[:, None] * apart
    centre = (member @ weighted) / weight[:, None]
    left = xp.where(present, apart - xp.matrix_transpose(member) @ centre, 0 * apart)
    pull = moments.weight[:, None] * left
    if moments.per_slice:
        products = moments.scatter + pull[:, :, None] * left[:, None, :]
        flat = xp.reshape(products, (products.shape[0], -1))
        scatter = xp.reshape(member @ flat, (n_groups, *products.shape[1:]))
    else:
        scatter = moments.scatter + xp.matrix_transpose(pull) @ left
    return moments._replace(weight=weight, mean=origin + centre, scatter=scatter)
