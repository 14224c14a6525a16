"""Distance correlation: a number that is zero only without any dependence."""

from __future__ import annotations

from scipy.spatial.distance import cdist

from .._array import (
    accelerated,
    array_namespace,
    asarray_like,
    device,
    is_numpy_array,
    same_place,
    to_numpy,
)
from ..linalg._basis import real_array

__all__ = ["distance_correlation"]

BLOCK_BYTES = 16 * 1024**2
"""Bytes of one block of distances."""
NEGLIGIBLE = 1e-12
"""Share of the mean square distance below which a distance variance is rounding."""


def distance_correlation(X, y, *, bias_corrected=False):
    """Distance correlation of two samples, of any dimensions.

    Parameters
    ----------
    X : array-like of shape (n_samples,) or (n_samples, n_features)
        First sample.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Second sample; row i belongs to row i of X, whose array library it may have or
        not. Categories are to be encoded as numbers or indicator columns first.
    bias_corrected : bool, default=False
        Estimate the **square** of the distance correlation without the bias that
        grows with the dimensions and shrinks with the samples. The estimate is
        around zero for independent samples and may be negative.

    Returns
    -------
    correlation : float
        The distance correlation R in [0, 1]: of the population, 0 exactly for
        independence; of a sample, 1 exactly where one side is the other moved,
        rotated and scaled by one factor. With ``bias_corrected=True`` the corrected
        R², at most 1. Where a side does not vary there is nothing to correlate, and
        the result is 0.0; so it is with ``bias_corrected=True`` where its corrected
        distance variance vanishes, as for a column with a single value unlike the
        others.

    Raises
    ------
    ValueError
        If the two are not finite real arrays of one length with one or two
        dimensions, or have fewer than 2 samples (4 with ``bias_corrected=True``).

    Notes
    -----
    With ``a_ij`` and ``b_ij`` the Euclidean distances within each sample, and A, B
    the same less their row and column means plus the mean of all,
    ``V²(X, y) = mean(A_ij B_ij)`` and ``R² = V²(X, y) / sqrt(V²(X, X) V²(y, y))``.
    The corrected version centres in the way that makes V² unbiased (Székely and
    Rizzo 2014). R does not change when either side is moved, rotated, reflected or
    scaled by one factor; scaling features differently does change it.

    Cost for n samples: O(n log n) time and O(n) memory for two single columns, by
    the merge sort of Chaudhuri and Hu; O(n² d) time for d features, by blocks of 16
    MiB.

    References
    ----------
    G. J. Székely, M. L. Rizzo and N. K. Bakirov, "Measuring and testing dependence
    by correlation of distances", Annals of Statistics 35 (2007).
    :doi:`10.1214/009053607000000505`

    G. J. Székely and M. L. Rizzo, "Partial distance correlation with methods for
    dissimilarities", Annals of Statistics 42 (2014). :doi:`10.1214/14-AOS1255`

    A. Chaudhuri and W. Hu, "A fast algorithm for computing distance correlation",
    Computational Statistics & Data Analysis 135 (2019).
    :doi:`10.1016/j.csda.2019.01.016`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.metrics import distance_correlation
    >>> x = np.linspace(-1, 1, 201)
    >>> round(distance_correlation(x, 3 - 2 * x), 6)
    1.0
    >>> y = x**2  # not correlated with x, and yet a function of it
    >>> round(abs(np.corrcoef(x, y)[0, 1]), 6), round(distance_correlation(x, y), 2)
    (np.float64(0.0), 0.49)
    """
    X, y = pair(X, y)
    n_samples, fewest = X.shape[0], 4 if bias_corrected else 2
    if n_samples < fewest:
        raise ValueError(
            f"Distance correlation{' without bias' if bias_corrected else ''} needs at "
            f"least {fewest} samples, got n_samples={n_samples}."
        )
    X, y = standard(X), standard(y)
    if X is None or y is None:
        return 0.0
    average = unbiased if bias_corrected else _plain
    covariance, _ = average(*sums(X, y))
    (var_x, square_x), (var_y, square_y) = (average(*sums(z, z)) for z in (X, y))
    if var_x <= NEGLIGIBLE * square_x or var_y <= NEGLIGIBLE * square_y:
        return 0.0
    ratio = covariance / (var_x**0.5 * var_y**0.5)
    if bias_corrected:
        return min(ratio, 1.0)
    return min(max(ratio, 0.0), 1.0) ** 0.5


def pair(X, y):
    """Both samples as tables of one library."""
    X, y = real_array(X, "X"), real_array(y, "y")
    if not same_place(X, y):  # as in scikit-learn, everything follows X
        y = asarray_like(to_numpy(y), X, dtype=array_namespace(X).float64)
    for name, sample in (("X", X), ("y", y)):
        if sample.ndim not in (1, 2) or (sample.ndim == 2 and sample.shape[1] == 0):
            raise ValueError(
                f"{name} must have shape (n_samples,) or (n_samples, n_columns), got "
                f"{tuple(sample.shape)}."
            )
    if X.shape[0] != y.shape[0]:
        raise ValueError(
            "X and y must be samples of the same observations, got "
            f"{X.shape[0]} and {y.shape[0]} rows."
        )
    return tuple(z[:, None] if z.ndim == 1 else z for z in (X, y))


def standard(X):
    """Move and scale a table to entries of at most one; None where rows are equal.

    Neither changes the correlation; sums then neither overflow nor cancel.
    """
    xp = array_namespace(X)
    X = xp.astype(X, xp.float64)
    X = _unit(X)  # first, so that differences of huge numbers stay in range
    X = X if X is None else _unit(X - X[:1, :])
    return X if X is None else X - xp.mean(X, axis=0, keepdims=True)


def _unit(X):
    xp = array_namespace(X)
    largest = xp.max(xp.abs(X))
    return X / largest if float(largest) > 0 else None


def sums(X, Y):
    """Σ a_ij b_ij and the row sums of both distance matrices, on the fastest way."""
    if X.shape[1] == Y.shape[1] == 1:
        return univariate_sums(X[:, 0], Y[:, 0])
    return distance_sums(X, Y)


@accelerated("skspace._numba.distance_covariance:univariate_sums")
def univariate_sums(x, y):
    """Sum of products of distances, and the sums of each row of distances.

    Parameters
    ----------
    x, y : (n,)

    Returns
    -------
    total : float64 array without dimensions, Σ |x_i - x_j| |y_i - y_j|
    rows_x, rows_y : (n,) float64, Σ_j |x_i - x_j| and the same of y
    """
    return distance_sums(x[:, None], y[:, None])


def distance_sums(X, Y):
    """Do what `univariate_sums` does for tables, by blocks of O(n²) distances."""
    xp = array_namespace(X, Y)
    X, Y = xp.astype(X, xp.float64), xp.astype(Y, xp.float64)
    n_samples = X.shape[0]
    step = max(1, BLOCK_BYTES // (8 * max(n_samples, 1)))
    total, rows_x, rows_y = xp.sum(X[:0, :]), [X[:0, 0]], [Y[:0, 0]]
    for start in range(0, n_samples, step):
        rows = slice(start, min(start + step, n_samples))
        a, b = distances(X[rows, :], X), distances(Y[rows, :], Y)
        total = total + xp.sum(a * b)
        rows_x.append(xp.sum(a, axis=1))
        rows_y.append(xp.sum(b, axis=1))
    return total, xp.concat(rows_x), xp.concat(rows_y)


@accelerated("skspace._numba.distance_covariance:permuted_sum")
def permuted_sum(A, B, order):
    """Sum of products of two symmetric matrices, one of them in another order.

    Parameters
    ----------
    A, B : (n, n), symmetric
    order : (n,) int, a permutation

    Returns
    -------
    total : float64 array without dimensions, Σ A_ij B_kl with k, l = order_i, order_j
    """
    xp = array_namespace(A, B)
    A, B = xp.astype(A, xp.float64), xp.astype(B, xp.float64)
    return xp.sum(A * xp.take(xp.take(B, order, axis=0), order, axis=1))


def centred_distances(X):
    """Distances of the rows, centred so that `unbiased` is the mean product of two.

    The sum of products of two such matrices over n (n - 3) is V² without bias. They
    stay in step when the rows and columns of one are permuted together.
    """
    xp = array_namespace(X)
    n = X.shape[0]
    D = distances(X, X)
    rows = xp.sum(D, axis=1) / (n - 2)
    D = D - rows[:, None] - rows[None, :] + xp.sum(rows) / (n - 1)
    off_diagonal = 1 - xp.eye(n, dtype=D.dtype, device=device(D))
    return D * off_diagonal


def distances(A, B):
    """Euclidean distances, from differences: those of equal rows are zero."""
    if is_numpy_array(A):
        return cdist(A, B)
    xp = array_namespace(A)
    square = 0.0
    for f in range(A.shape[1]):
        square = square + (A[:, f, None] - B[None, :, f]) ** 2
    return xp.sqrt(square)


def _plain(total, rows_x, rows_y):
    """V² as the mean of products of centred distances; and that of the products."""
    n = rows_x.shape[0]
    mean = float(total) / n**2
    across = float(rows_x @ rows_y) / n**3
    return mean + _mean(rows_x) * _mean(rows_y) - 2 * across, mean


def unbiased(total, rows_x, rows_y):
    """V² without bias, and the mean of products of distances."""
    n = rows_x.shape[0]
    mean = float(total) / (n * (n - 3))
    across = float(rows_x @ rows_y) / (n * (n - 2) * (n - 3))
    both = _mean(rows_x) * _mean(rows_y) * n**3 / ((n - 1) * (n - 2) * (n - 3))
    return mean + both - 2 * across, mean


def _mean(rows):
    """Mean of all distances from their row sums."""
    xp = array_namespace(rows)
    return float(xp.sum(rows)) / rows.shape[0] ** 2
