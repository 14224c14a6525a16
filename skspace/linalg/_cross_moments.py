"""Mergeable moments of a table beside other columns, whose number may grow."""

from __future__ import annotations

import numpy as np

from .._array import array_namespace, asarray_like
from ._moments import BLOCK_BYTES, SliceMoments, merge_moments, table_moments


def cross_moments(X, others, *, weights=None, fourth=0):
    """Moments of the rows of ``[X, others]`` together.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
    others : ndarray of shape (n_samples, n_others), float64
        On the host.
    weights : ndarray of shape (n_samples,), optional
    fourth : int, default=0
        See :func:`~skspace.linalg._moments.slice_moments`.

    Returns
    -------
    SliceMoments of one slice

    Notes
    -----
    The tables are put together a block at a time. Cost O(n (p + q)²).
    """
    xp = array_namespace(X)
    n_samples, n_features = X.shape
    width = n_features + others.shape[1]
    size = max(BLOCK_BYTES // (8 * width), 4 * width)
    moments = None
    for start in range(0, n_samples, size):
        rows = slice(start, min(start + size, n_samples))
        block = xp.astype(X[rows, :], xp.float64)
        table = xp.concat([block, asarray_like(others[rows], block)], axis=1)
        own = None if weights is None else weights[rows]
        part = table_moments(table, own, fourth=fourth)
        moments = part if moments is None else merge_moments(moments, part)
    return moments


def widen_columns(moments, at, n_columns):
    """Moments of one slice as if the table had further columns of zeros.

    Parameters
    ----------
    moments : SliceMoments
    at : ndarray of int
        New number of each column.
    n_columns : int
        Number of columns afterwards.
    """
    if len(at) == n_columns and np.array_equal(at, np.arange(n_columns)):
        return moments
    xp = array_namespace(moments.scatter)
    place = asarray_like((at[:, None] == np.arange(n_columns)) * 1.0, moments.scatter)
    return SliceMoments(
        moments.weight,
        moments.mean @ place,
        xp.matrix_transpose(place) @ moments.scatter @ place,
        moments.n_rows,
        moments.fourth,
    )


def widen_slices(moments, at, n_slices):
    """Moments as if there were further slices without rows.

    Parameters
    ----------
    moments : SliceMoments
        With cross-products for each slice.
    at : ndarray of int
        New number of each slice.
    n_slices : int
        Number of slices afterwards.
    """
    if len(at) == n_slices and np.array_equal(at, np.arange(n_slices)):
        return moments
    xp = array_namespace(moments.scatter)
    place = asarray_like((np.arange(n_slices)[:, None] == at) * 1.0, moments.scatter)
    flat = xp.reshape(moments.scatter, (len(at), -1))
    scatter = xp.reshape(place @ flat, (n_slices, *moments.scatter.shape[1:]))
    return moments._replace(
        weight=place @ moments.weight, mean=place @ moments.mean, scatter=scatter
    )
