"""Attributes of vertices: term weights, unit rows, similarity degrees."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from .._array import array_namespace, asarray_like, to_numpy
from ._sparse_dense import as_block

__all__ = [
    "SimilarityRows",
    "WeightedAttributes",
    "choose_weighting",
    "similarity_rows",
    "weight_attributes",
]


MODERATE = 16
"""Exponent of two up to which the largest entry is left as it is."""


def choose_weighting(X):
    """Weighting that suits attributes: "tfidf" for counts of words, else "l2".

    Counts of words are non-negative and zero for half of the entries or more.
    """
    if sp.issparse(X):
        n_zeros = np.prod(X.shape, dtype=np.float64) - np.count_nonzero(X.data)
        negative = bool((X.data < 0).any())
    else:
        xp = array_namespace(X)
        n_zeros = int(xp.sum(xp.astype(X == 0, xp.int64)))
        negative = bool(xp.any(X < 0))
    half = np.prod(X.shape, dtype=np.float64) / 2
    return "tfidf" if not negative and n_zeros >= half else "l2"


class WeightedAttributes(NamedTuple):
    """Attributes after weighting, and what weights new rows the same way."""

    rows: Any  # (n, d), CSR for sparse attributes
    idf: np.ndarray | None  # (d,), None without term weights


def weight_attributes(X, weighting, *, idf=None):
    """Weight attributes by how rare they are and scale rows to unit length.

    Parameters
    ----------
    X : array or sparse array of shape (n, d)
        Finite.
    weighting : {"tfidf", "l2", None}
        "tfidf" multiplies each column by ``log((1 + n) / (1 + df)) + 1``, where `df`
        counts its non-zero entries, and then scales rows to length one; "l2" only
        scales rows; None leaves `X` as it is.
    idf : ndarray of shape (d,), optional
        Column weights fitted on other rows, for "tfidf".

    Returns
    -------
    WeightedAttributes
        Sparse rows share their structure with `X` where that is canonical CSR.
        float32 stays, all else becomes float64. A row of zeros stays one.
    """
    X = _canonical(X) if sp.issparse(X) else as_block(X)
    if weighting is None:
        return WeightedAttributes(X, None)
    if weighting == "l2":
        return WeightedAttributes(_unit_rows(X), None)
    if idf is None:
        idf = np.log((1 + X.shape[0]) / (1 + _document_frequency(X))) + 1
    # Rows of length one do not show a common factor, and products do not overflow.
    exponent = int(np.frexp(np.max(idf, initial=1.0))[1])
    return WeightedAttributes(_unit_rows(X, np.ldexp(idf, -exponent)), idf)


def _canonical(X):
    """CSR with sorted rows and no duplicates; shares memory with `X` if it can."""
    R = X.tocsr()
    dtype = np.float32 if R.dtype == np.float32 else np.float64
    parts = (R.data.astype(dtype, copy=False), R.indices, R.indptr)
    canonical = R.has_canonical_format
    R = sp.csr_array(parts, shape=R.shape, copy=not canonical)
    if not canonical:
        R.sum_duplicates()
    return R


class SimilarityRows(NamedTuple):
    """Attributes divided by the roots of similarity degrees."""

    rows: Any  # (n, d), diag(degree)^(-1/2) F
    degree: np.ndarray  # (n,), after the rule for those that are not positive
    column_sums: np.ndarray  # (d,), of F: they give new rows their degrees
    n_not_positive: int  # rows with attributes whose degree was replaced
    n_empty: int  # rows without attributes


def similarity_rows(F, column_sums=None):
    """Divide attributes by the roots of their degrees in the graph of inner products.

    The similarity degree of a row is the sum of its inner products with all rows,
    ``F @ (F.T @ 1)``, found without those products. Where it is not positive beyond
    rounding, as negative attributes may have it, it counts as one.

    Parameters
    ----------
    F : array or sparse array of shape (n, d)
        As :func:`weight_attributes` returns it.
    column_sums : ndarray of shape (d,), optional
        Sums over other rows, for new rows; by default those of `F`.

    Returns
    -------
    SimilarityRows
        `rows` like `F`; numbers on the host, in float64.
    """
    magnitudes = _magnitudes(F)
    peaks = _row_peaks(magnitudes)
    info = np.finfo(np.float32 if "float32" in str(F.dtype) else np.float64)
    # In units of a power of two: degrees are squares of what may be huge or tiny.
    limit = info.maxexp - 24
    exponent = int(np.clip(np.frexp(peaks.max(initial=0))[1], -limit, limit))
    exponent = exponent if abs(exponent) > MODERATE else 0
    unit = 2.0**exponent
    S = _divide_rows(F, unit)
    sums = _column_sums(S) if column_sums is None else column_sums / unit
    degree = _row_products(S, sums)
    rounding = 0.0
    if _any_negative(F):  # sums that cancel leave rounding errors of either sign
        S_abs = _divide_rows(magnitudes, unit)
        totals = _column_sums(S_abs) if column_sums is None else np.abs(sums)
        rounding = info.eps * np.sqrt(F.shape[0]) * _row_products(S_abs, totals)
    positive = degree > rounding
    root = np.sqrt(np.where(positive, degree, 1.0))
    rows = _divide_rows(S, np.where(positive, root, 1 / unit))
    with np.errstate(over="ignore"):
        degree = np.where(positive, np.ldexp(degree, 2 * exponent), 1.0)
    empty = int(np.sum(peaks == 0))
    return SimilarityRows(
        rows, degree, sums * unit, int(np.sum(~positive)) - empty, empty
    )


# What sparse and dense tables do in their own ways. Numbers per row and per column
# are float64 on the host.


def _with_data(X, data):
    """Sparse array of the same structure, which is shared."""
    return sp.csr_array((data, X.indices, X.indptr), shape=X.shape)


def _magnitudes(X):
    if sp.issparse(X):
        return _with_data(X, np.abs(X.data))
    return array_namespace(X).abs(X)


def _any_negative(X):
    if sp.issparse(X):
        return bool(np.any(X.data < 0))
    return bool(array_namespace(X).any(X < 0))


def _count_and_sum(X):
    """Non-zero entries and sums of the columns of a sparse table."""
    from .._numba.similarity import count_and_sum

    return count_and_sum(X.indices, X.data, X.shape[1])


def _document_frequency(X):
    """Non-zero entries of every column."""
    if sp.issparse(X):
        return _count_and_sum(X)[0]
    xp = array_namespace(X)
    return to_numpy(xp.sum(xp.astype(X != 0, xp.int64), axis=0))


def _column_sums(X):
    if sp.issparse(X):
        return _count_and_sum(X)[1]
    xp = array_namespace(X)
    return to_numpy(xp.sum(X, axis=0, dtype=xp.float64))


def _row_products(X, vector):
    """Products of every row with a vector."""
    if sp.issparse(X):
        return X @ vector
    return to_numpy(X @ asarray_like(vector, X)).astype(np.float64)


def _row_peaks(magnitudes):
    """Largest entry of every row of non-negative ones."""
    n, d = magnitudes.shape
    if sp.issparse(magnitudes):
        peaks = np.zeros(n)
        filled = np.flatnonzero(np.diff(magnitudes.indptr))
        if filled.size:
            starts = magnitudes.indptr[filled]
            peaks[filled] = np.maximum.reduceat(magnitudes.data, starts)
        return peaks
    if d == 0:
        return np.zeros(n)
    xp = array_namespace(magnitudes)
    return to_numpy(xp.max(magnitudes, axis=1)).astype(np.float64)


def _divide_rows(X, size):
    """Divide rows by numbers, one for each or one for all."""
    if np.ndim(size) == 0 and size == 1:
        return X
    size = np.asarray(size + np.zeros(X.shape[0]))
    if sp.issparse(X):
        from .._numba.similarity import divide_rows

        data = np.empty_like(X.data)
        divide_rows(X.indptr, X.data, size, data)
        return _with_data(X, data)
    return X / asarray_like(size, X)[:, None]


def _unit_rows(X, weights=None):
    """Rows of length one, zeros apart, after columns were weighted.

    Divided by peaks first, squares are safe.
    """
    if sp.issparse(X):
        from .._numba.similarity import weigh_rows

        data = np.empty_like(X.data)
        none = np.empty(0)
        weigh_rows(
            X.indptr, X.indices, X.data, none if weights is None else weights, data
        )
        return _with_data(X, data)
    if weights is not None:
        X = X * asarray_like(weights, X)
    peaks = _row_peaks(array_namespace(X).abs(X))
    X = _divide_rows(X, np.where(peaks > 0, peaks, 1.0))
    length = np.sqrt(_row_products(X * X, np.ones(X.shape[1])))
    return _divide_rows(X, np.where(length > 0, length, 1.0))
