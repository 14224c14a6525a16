"""From a self-representation matrix to the affinity graph of its samples."""

from __future__ import annotations

from numbers import Integral

import numpy as np
import scipy.sparse as sp

from .._sklearn import Interval, StrOptions, validate_params
from .._validation import sparse_output
from ._blocks import fits
from ._dense_rows import collect_rows, sparse_rows, zero_own_column

AFFINITIES = ("symmetrize", "topk", "nearest_neighbors", "doubly_stochastic")

DENSE = 0.05
"""Share of stored entries above which a dense table does the work of a sparse one."""


@validate_params(
    {
        "C": ["array-like", "sparse matrix"],
        "method": [StrOptions(set(AFFINITIES))],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def subspace_affinity(C, *, method="symmetrize", n_neighbors=9):
    """Turn a self-representation matrix into a symmetric nonnegative affinity.

    Parameters
    ----------
    C : array-like or sparse matrix of shape (n_samples, n_samples)
        Row i holds the coefficients that rebuild sample i from the others.
    method : {"symmetrize", "topk", "nearest_neighbors", "doubly_stochastic"}, \
default="symmetrize"
        - ``"symmetrize"``: ``(|C| + |C|^T) / 2``.
        - ``"topk"``: the same, of the `n_neighbors` largest entries of each row.
        - ``"nearest_neighbors"``: each sample is joined to the `n_neighbors` whose
          rows of ``|C|``, scaled to unit length, have the largest inner product with
          its own (weights 1, symmetrised). Rows that agree need not share a large
          coefficient.
        - ``"doubly_stochastic"``: the matrix A with unit row and column sums that is
          nearest to ``|C|`` in the sense of [1]_; it scales away samples that take
          part in too many or too few representations.
    n_neighbors : int, default=9
        Entries kept per row by ``"topk"`` and ``"nearest_neighbors"``.

    Returns
    -------
    affinity : sparse matrix of shape (n_samples, n_samples)
        Symmetric, nonnegative, zero diagonal, CSR.

    Raises
    ------
    ValueError
        When C is not square, or its entries are not finite real numbers.

    Notes
    -----
    Cost: linear in the stored entries of C, except ``"nearest_neighbors"``, which
    multiplies ``|C| |C|^T`` in row blocks, and ``"doubly_stochastic"``, a few dozen
    passes over the entries.

    The last two do not depend on the unit of C, and ``"nearest_neighbors"`` not on
    that of any row, however large or small the entries.

    References
    ----------
    .. [1] Lim, Vidal & Haeffele (2020). Doubly stochastic subspace clustering.
       :doi:`10.48550/arXiv.2011.14859`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.cluster import subspace_affinity
    >>> C = np.array([[0.0, 2.0, 0.0], [-1.0, 0.0, 0.5], [0.0, 0.0, 0.0]])
    >>> subspace_affinity(C).toarray()
    array([[0.  , 1.5 , 0.  ],
           [1.5 , 0.  , 0.25],
           [0.  , 0.25, 0.  ]])
    """
    magnitude = _magnitude(C)
    if method == "topk":
        magnitude = keep_largest(magnitude, n_neighbors)
    elif method == "nearest_neighbors":
        magnitude = _similar_rows(magnitude, n_neighbors)
    elif method == "doubly_stochastic":
        from ._doubly_stochastic import doubly_stochastic

        magnitude = doubly_stochastic(_rescaled(magnitude, magnitude.max()))
    return sparse_output(mean_of_directions(magnitude))


def mean_of_directions(magnitude):
    """``(|C| + |C|^T) / 2`` in CSR, without overflow, and no stored zeros."""
    if _is_dense(magnitude):
        half = magnitude.toarray()
        half *= 0.5
        return sparse_rows(half + half.T)
    half = 0.5 * magnitude
    affinity = sp.csr_array(half + half.T)
    affinity.eliminate_zeros()
    affinity.sort_indices()
    return affinity


def keep_largest(magnitude, k):
    """Keep the k largest stored entries of each row, of equal ones the first."""
    lengths = np.diff(magnitude.indptr)
    if lengths.size == 0 or lengths.max() <= k:
        return magnitude
    row = np.repeat(np.arange(magnitude.shape[0]), lengths)
    order = np.lexsort((magnitude.indices, -magnitude.data, row))
    rank = np.arange(len(order)) - magnitude.indptr[row[order]]
    kept = np.sort(order[rank < k])
    return sp.csr_array(
        (magnitude.data[kept], (row[kept], magnitude.indices[kept])),
        shape=magnitude.shape,
    )


def _magnitude(C):
    """``|C|`` in CSR with an empty diagonal and no stored zeros."""
    if not sp.issparse(C):
        C = np.asarray(C)
    if C.dtype.kind not in "biuf":
        raise ValueError(
            f"C must hold real numbers, got dtype {C.dtype}; pass np.abs(C) where "
            "coefficients are complex."
        )
    if C.ndim != 2 or C.shape[0] != C.shape[1] or 0 in C.shape:
        raise ValueError(
            f"C must be a square matrix (n_samples, n_samples), got shape {C.shape}."
        )
    C = sp.csr_array(C, dtype=np.float64)
    if not C.has_canonical_format:
        C = C.copy()
        C.sum_duplicates()
    if not np.all(np.isfinite(C.data)):
        raise ValueError("C contains NaN or infinite entries; they have no magnitude.")
    keep = (_row_of_entries(C) != C.indices) & (C.data != 0)
    if keep.all():
        return sp.csr_array((np.abs(C.data), C.indices, C.indptr), shape=C.shape)
    indptr = np.concatenate([[0], np.cumsum(keep)])[C.indptr]
    return sp.csr_array((np.abs(C.data[keep]), C.indices[keep], indptr), shape=C.shape)


def _row_of_entries(matrix):
    rows = np.arange(matrix.shape[0], dtype=matrix.indices.dtype)
    return np.repeat(rows, np.diff(matrix.indptr))


def _is_dense(matrix):
    n = matrix.shape[0]
    return matrix.nnz > DENSE * n * n and fits(n, n)


def _rescaled(magnitude, largest):
    """Divide entries by the power of two next to the largest, of all or of the row.

    Rounds nothing but what vanishes beside the largest.
    """
    exponent = np.frexp(largest)[1]
    if exponent.ndim:
        exponent = exponent[_row_of_entries(magnitude)]
    data = np.ldexp(magnitude.data, -exponent)
    return sp.csr_array((data, magnitude.indices, magnitude.indptr), magnitude.shape)


def _similar_rows(magnitude, k, block_bytes=2**27):
    """Join every row to the k rows most parallel to it, with weight 1."""
    n = magnitude.shape[0]
    if magnitude.nnz == 0:
        return magnitude
    magnitude = _rescaled(magnitude, magnitude.max(axis=1).toarray().ravel())
    length = np.sqrt(np.asarray(magnitude.multiply(magnitude).sum(axis=1)).ravel())
    unit = sp.diags_array(1.0 / np.where(length > 0, length, 1.0)) @ magnitude
    unit = sp.csr_array(unit)
    if _is_dense(unit):
        unit = unit.toarray()
        joined = collect_rows(
            lambda start, stop: zero_own_column(unit[start:stop] @ unit.T, start),
            unit,
            k,
        )
        joined.data = np.ones_like(joined.data)
        return joined
    transposed = sp.csr_array(unit.T)
    step = max(1, block_bytes // (8 * max(n, 1)))
    blocks = []
    for start in range(0, n, step):
        similarity = sp.csr_array(unit[start : start + step] @ transposed).tocoo()
        off = similarity.row + start != similarity.col
        blocks.append(
            keep_largest(
                sp.csr_array(
                    (
                        similarity.data[off],
                        (similarity.row[off], similarity.col[off]),
                    ),
                    shape=similarity.shape,
                ),
                k,
            )
        )
    joined = sp.csr_array(sp.vstack(blocks, format="csr"))
    joined.data = np.ones_like(joined.data)
    return joined
