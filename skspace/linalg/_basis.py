"""Bases of subspaces: from arrays and estimators, by energy, and projections."""

from __future__ import annotations

import numpy as np

from .._array import array_namespace, device, is_array_api_obj, same_place

__all__ = ["as_basis", "energy_basis", "project"]


def as_basis(subspace):
    """Orthonormal basis of a subspace given as an array or a fitted estimator.

    Parameters
    ----------
    subspace : array-like or fitted estimator
        - Array of shape (n_features, k): its **columns** span the subspace. They
          need be neither orthonormal nor independent. Shape (n_features,) is one
          direction.
        - Estimator with ``components_`` of shape (k, n_features), else with
          ``coef_`` of shape (k, n_features) or (n_features,): its **rows** span
          the subspace, as scikit-learn stores them. Pass ``pca`` or
          ``pca.components_.T``, not ``pca.components_``.

    Returns
    -------
    basis : array of shape (n_features, rank), float64 or float32
        Orthonormal columns, in the library and on the device of the input.
        Independent columns give Gram-Schmidt in their order (the QR factor with
        positive diagonal), so an orthonormal input comes back as it is.
        Dependent columns give fewer: the leading left singular vectors of the
        columns scaled to unit length, ``rank`` of them. A column depends on the
        others when, so scaled, a singular value is at most
        ``max(n_features, k) * eps`` times the largest.

    Raises
    ------
    ValueError
        If the estimator has neither attribute or is not fitted, if the array is
        not real, one- or two-dimensional and finite, or if every entry is zero.

    Notes
    -----
    The mean of an estimator plays no part: subspaces pass through the origin.
    Cost O(n_features k²).

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.linalg import as_basis
    >>> as_basis([[3.0, 1.0], [4.0, 0.0]])
    array([[ 0.6,  0.8],
           [ 0.8, -0.6]])
    >>> as_basis(np.ones((4, 3))).shape  # three times the same direction
    (4, 1)
    """
    A = real_array(_spanning_columns(subspace), "a basis")
    if A.ndim == 1:
        A = A[:, None]
    if A.ndim != 2 or 0 in A.shape:
        raise ValueError(
            "A subspace is an array of shape (n_features, k) whose columns span it, "
            f"got shape {tuple(A.shape)}."
        )
    return _orthonormal_columns(A)


def energy_basis(M, energy=0.9):
    """Return the fewest leading left singular vectors that hold a share of the energy.

    Parameters
    ----------
    M : array-like of shape (n_features, n_columns)
        Columns are the vectors to be spanned; nothing is centred. For a table
        with samples in rows pass its transpose.
    energy : float, default=0.9
        Share of the squared Frobenius norm, in (0, 1]. At 1 the numerical rank
        decides: singular values of at most ``max(M.shape) * eps`` times the
        largest count as zero.

    Returns
    -------
    basis : array of shape (n_features, k)
        Orthonormal columns by falling singular value, the entry of largest
        magnitude positive.

    Raises
    ------
    ValueError
        If `energy` lies outside (0, 1], or M is not a finite real matrix with a
        non-zero entry.

    Notes
    -----
    Cost O(min(M.shape)² max(M.shape)).

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.linalg import energy_basis
    >>> M = np.diag([3.0, 1.0, 0.0])  # energies 9 and 1
    >>> energy_basis(M, 0.9).shape, energy_basis(M, 0.95).shape
    ((3, 1), (3, 2))
    """
    if not 0 < energy <= 1:
        raise ValueError(f"energy must lie in (0, 1], got {energy!r}.")
    M = real_array(M, "M")
    if M.ndim != 2 or 0 in M.shape:
        raise ValueError(f"M must have two dimensions, got shape {tuple(M.shape)}.")
    xp = array_namespace(M)
    largest = xp.max(xp.abs(M))
    if float(largest) == 0:
        raise ValueError("M is zero: it has no leading directions.")
    eps = float(xp.finfo(M.dtype).eps)
    U, s, _ = xp.linalg.svd(M / largest, full_matrices=False)
    s = xp.where(s > s[0] * (max(M.shape) * eps), s, xp.zeros_like(s))
    tail = xp.flip(xp.cumulative_sum(xp.flip(s * s)))  # energy from the i-th on
    # A share met but for rounding is met: 9 of 10 is 0.9.
    allowed = (1 - energy + s.shape[0] * eps) * tail[0]
    k = int(xp.sum(xp.astype(tail > allowed, xp.int64)))
    return fix_column_signs(U[:, : max(k, 1)])


def project(X, subspace, mode="keep", *, X_source=None):
    """Keep, remove or replace the part of every row that lies in a subspace.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features) or (n_features,)
        Rows to be changed.
    subspace : array-like of shape (n_features, k) or fitted estimator
        The subspace, see :func:`as_basis`. P is its orthogonal projector.
    mode : {"keep", "remove", "replace"}, default="keep"
        ``"keep"`` gives X P, ``"remove"`` X - X P, and ``"replace"``
        X + (X_source - X) P: the part within the subspace comes from `X_source`,
        the rest from X.
    X_source : array-like of the shape of X, optional
        Needed by, and only by, ``mode="replace"``.

    Returns
    -------
    X_new : array of the shape of X

    Raises
    ------
    ValueError
        If the mode is unknown, shapes or array libraries disagree, or `X_source` is
        missing or given for nothing.

    Notes
    -----
    Cost O(n_samples n_features k); no n_features x n_features matrix is built.

    Examples
    --------
    >>> from skspace.linalg import project
    >>> X, first_axis = [[3.0, 4.0]], [[1.0], [0.0]]
    >>> project(X, first_axis), project(X, first_axis, "remove")
    (array([[3., 0.]]), array([[0., 4.]]))
    >>> project(X, first_axis, "replace", X_source=[[7.0, 8.0]])
    array([[7., 4.]])
    """
    if mode not in ("keep", "remove", "replace"):
        raise ValueError(f"mode must be 'keep', 'remove' or 'replace', got {mode!r}.")
    if (X_source is not None) != (mode == "replace"):
        raise ValueError(
            "mode='replace' needs X_source, the rows the new part comes from."
            if mode == "replace"
            else f"X_source is only used by mode='replace', got mode={mode!r}."
        )
    X = real_array(X, "X")
    Q = as_basis(subspace)
    if X.ndim not in (1, 2) or X.shape[-1] != Q.shape[0]:
        raise ValueError(
            f"X must have rows of {Q.shape[0]} features, as the subspace has, got "
            f"shape {tuple(X.shape)}."
        )
    X, Q = same_dtype(X, Q)
    if mode == "keep":
        return _within(X, Q)
    if mode == "remove":
        return X - _within(X, Q)
    X_source = real_array(X_source, "X_source")
    if X_source.shape != X.shape:
        raise ValueError(
            f"X_source must have the shape {tuple(X.shape)} of X, got "
            f"{tuple(X_source.shape)}."
        )
    X, Q, X_source = same_dtype(X, Q, X_source)
    return X + _within(X_source - X, Q)


def _within(X, Q):
    xp = array_namespace(X, Q)
    return (X @ Q) @ xp.matrix_transpose(Q)


def _spanning_columns(subspace):
    if is_array_api_obj(subspace):
        return subspace
    for attribute in ("components_", "coef_"):
        if hasattr(subspace, attribute):
            rows = getattr(subspace, attribute)
            if getattr(rows, "ndim", 2) != 2:
                return rows
            return rows.T
    if hasattr(subspace, "fit") or hasattr(subspace, "partial_fit"):
        raise ValueError(
            f"{type(subspace).__name__} has neither components_ nor coef_; fit it "
            "first, or pass the subspace as an array of shape (n_features, k)."
        )
    return subspace


def _orthonormal_columns(A):
    """QR with a rank check, SVD where the columns depend on each other."""
    xp = array_namespace(A)
    # Unit columns make the rank independent of the units of each column, and
    # two steps keep squares of very large and very small entries in range.
    for norm in (_largest_entry, xp.linalg.vector_norm):
        length = norm(A, axis=0)
        A = A / xp.where(length > 0, length, xp.ones_like(length))
    if float(xp.max(xp.abs(A))) == 0:
        raise ValueError("Every entry of the basis is zero: it spans no subspace.")
    n_features, k = A.shape
    Q, R = xp.linalg.qr(A)
    U, s, _ = xp.linalg.svd(R, full_matrices=False)
    eps = float(xp.finfo(A.dtype).eps)
    independent = s > s[0] * (max(n_features, k) * eps)
    rank = int(xp.sum(xp.astype(independent, xp.int64)))
    if rank == k:
        return Q * _signs(xp.linalg.diagonal(R))
    return fix_column_signs(Q @ U[:, :rank])


def _largest_entry(A, axis):
    xp = array_namespace(A)
    return xp.max(xp.abs(A), axis=axis)


def _signs(x):
    """+1 where x >= 0 and -1 elsewhere (``sign`` would send 0 to 0)."""
    xp = array_namespace(x)
    return xp.where(x >= 0, xp.ones_like(x), -xp.ones_like(x))


def fix_signs(rows):
    """Turn every row so that its entry of largest magnitude is positive.

    Entries within half the digits of the largest count as equally large, and the
    first of them decides: rounding does not turn (1, -1).
    """
    return rows * row_signs(rows)[:, None]


def fix_column_signs(columns):
    """Turn every column as :func:`fix_signs` turns rows."""
    return columns * column_signs(columns)


def row_signs(rows):
    """Factors, 1 or -1, by which :func:`fix_signs` turns rows."""
    xp = array_namespace(rows)
    if 0 in rows.shape:
        return xp.ones(rows.shape[:1], dtype=rows.dtype, device=device(rows))
    size = xp.abs(rows)
    close = 1 - float(xp.finfo(rows.dtype).eps) ** 0.5
    large = size >= close * xp.max(size, axis=1, keepdims=True)
    first = xp.argmax(xp.astype(large, xp.int64), axis=1, keepdims=True)
    columns = xp.arange(rows.shape[1], dtype=first.dtype, device=device(rows))
    pivot = xp.where(columns[None, :] == first, rows, xp.zeros_like(rows))
    return _signs(xp.sum(pivot, axis=1))


def column_signs(columns):
    """Factors, 1 or -1, by which :func:`fix_column_signs` turns columns."""
    return row_signs(array_namespace(columns).matrix_transpose(columns))


def real_array(x, what):
    """Return `x` as a finite float64 or float32 array of its own library."""
    if not is_array_api_obj(x):
        x = np.asarray(x)
    xp = array_namespace(x)
    if x.dtype not in (xp.float32, xp.float64):
        if not xp.isdtype(x.dtype, ("bool", "integral", "real floating")):
            raise ValueError(
                f"{what} must be a dense array of real numbers, got dtype {x.dtype}."
            )
        x = xp.astype(x, xp.float64)
    if not bool(xp.all(xp.isfinite(x))):
        raise ValueError(
            f"{what} contains NaN or infinity; drop or impute these entries."
        )
    return x


def same_dtype(*arrays):
    """Promote arrays of one library and device to their common dtype."""
    for x in arrays[1:]:
        if not same_place(arrays[0], x):
            first, other = (
                f"{type(a).__module__} on {device(a)}" for a in (arrays[0], x)
            )
            raise ValueError(
                "Arrays must be of one library and on one device, got "
                f"{first} and {other}; convert one of them."
            )
    xp = array_namespace(*arrays)
    dtype = xp.result_type(*arrays)
    return tuple(xp.astype(x, dtype, copy=False) for x in arrays)
