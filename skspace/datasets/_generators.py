"""Samples drawn from known subspaces."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state

from .._sklearn import Interval, validate_params

__all__ = ["make_union_of_subspaces"]

_AT_LEAST_ONE = Interval(Integral, 1, None, closed="left")


def _per_subspace(name, values):
    """Positive integers, one per subspace, or None where the user gave one number."""
    if isinstance(values, Integral):
        return None
    numbers = np.asarray(values)
    whole = numbers.dtype.kind in "iu" and numbers.ndim == 1
    if not (whole and numbers.size and (numbers > 0).all()):
        raise ValueError(
            f"{name}={values!r} must be a positive integer or a sequence of positive "
            "integers, one per subspace."
        )
    return numbers.tolist()


def _unit_rows(rng, n_rows, dim):
    """Directions drawn uniformly from the sphere of `dim` coordinates."""
    rows = rng.standard_normal((n_rows, dim))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@validate_params(
    {
        "n_samples": [_AT_LEAST_ONE, "array-like"],
        "n_features": [_AT_LEAST_ONE],
        "n_subspaces": [_AT_LEAST_ONE, None],
        "subspace_dim": [_AT_LEAST_ONE, "array-like"],
        "noise": [Interval(Real, 0, None, closed="left")],
        "outliers": [
            Interval(Integral, 0, None, closed="left"),
            Interval(Real, 0, 1, closed="neither"),
        ],
        "affine": ["boolean"],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "return_bases": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def make_union_of_subspaces(
    n_samples=500,
    n_features=30,
    *,
    n_subspaces=None,
    subspace_dim=4,
    noise=0.0,
    outliers=0,
    affine=False,
    shuffle=True,
    random_state=None,
    return_bases=False,
):
    """Generate points on random subspaces, for subspace clustering.

    Each subspace is drawn uniformly among those of its dimension; its points have
    standard normal coefficients in an orthonormal basis, so their variance is one
    along the subspace and ``noise**2`` across it. Points are not scaled to unit
    length: the methods do that themselves.

    Parameters
    ----------
    n_samples : int or sequence of int, default=500
        Total number of points on the subspaces, shared equally (the first ones get
        one more where it does not divide), or one number per subspace. Outliers come
        on top.
    n_features : int, default=30
        Dimension of the space around them.
    n_subspaces : int, default=None
        Number of subspaces. None means the length of `n_samples` or `subspace_dim`
        where one of them is a sequence, else 5.
    subspace_dim : int or sequence of int, default=4
        Dimension of the subspaces, or one dimension per subspace; at most
        `n_features`, below it with `affine`.
    noise : float, default=0.0
        Standard deviation, per coordinate, of the Gaussian noise added to the points
        on the subspaces. Points of a subspace of dimension k have a length of about
        ``sqrt(k)``, their noise one of ``noise * sqrt(n_features)``.
    outliers : int or float, default=0
        Points on no subspace, without noise: their number, or a float in (0, 1) for
        that share of the points on the subspaces. Their directions are uniform and
        their lengths those of points on the subspaces, so length does not tell them
        apart. Their label is -1.
    affine : bool, default=False
        Move each subspace away from the origin, by a random vector orthogonal to it
        and as long as a typical point, ``sqrt(subspace_dim)``.
    shuffle : bool, default=True
        Mix the rows; otherwise they come subspace by subspace, outliers last.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same points at every call. With one seed, changing
        `noise`, `shuffle` or `outliers` leaves subspaces and points where they are.
    return_bases : bool, default=False
        Return the true bases too, and with `affine` the offsets.

    Returns
    -------
    X : ndarray of shape (n_samples + n_outliers, n_features), float64
        The points.
    y : ndarray of shape (n_samples + n_outliers,), int64
        Number of the subspace of each point, -1 for outliers.
    bases : list of ndarray of shape (n_features, subspace_dim)
        Orthonormal columns that span each subspace. Only if ``return_bases=True``.
    offsets : ndarray of shape (n_subspaces, n_features)
        Point of each subspace nearest the origin. Only if ``return_bases=True`` and
        ``affine=True``.

    Raises
    ------
    ValueError
        When a dimension does not fit into `n_features`, a subspace would get no
        point, or the lengths of the sequences disagree.

    See Also
    --------
    sklearn.datasets.make_blobs : Points around centres.

    Notes
    -----
    Costs O(n d k) time for n points, d features and dimension k.

    Examples
    --------
    >>> from skspace.datasets import make_union_of_subspaces
    >>> X, y, bases = make_union_of_subspaces(
    ...     60, n_features=10, subspace_dim=[1, 2, 3], random_state=0, return_bases=True
    ... )
    >>> X.shape
    (60, 10)
    >>> [basis.shape for basis in bases]
    [(10, 1), (10, 2), (10, 3)]
    """
    counts, dims = _resolve(n_samples, n_features, n_subspaces, subspace_dim, affine)
    n_inliers = sum(counts)
    n_outliers = outliers
    if not isinstance(outliers, Integral):
        n_outliers = round(outliers * n_inliers)

    rng = check_random_state(random_state)
    bases = [np.linalg.qr(rng.standard_normal((n_features, k)))[0] for k in dims]
    offsets = np.zeros((len(dims), n_features))
    if affine:
        for offset, basis in zip(offsets, bases, strict=True):
            vector = rng.standard_normal(n_features)
            for _ in range(2):  # twice, or rounding leaves a component
                vector -= basis @ (basis.T @ vector)
            offset[:] = np.sqrt(basis.shape[1]) * vector / np.linalg.norm(vector)
    points = [
        rng.standard_normal((count, basis.shape[1])) @ basis.T + offset
        for count, basis, offset in zip(counts, bases, offsets, strict=True)
    ]
    # always drawn, so that one seed gives the same points at every level of noise
    clean = np.concatenate(points)
    X = clean + noise * rng.standard_normal(clean.shape)
    y = np.repeat(np.arange(len(dims)), counts)
    if n_outliers:
        lengths = np.linalg.norm(
            clean[rng.randint(len(clean), size=n_outliers)], axis=1
        )
        strangers = lengths[:, None] * _unit_rows(rng, n_outliers, n_features)
        X = np.concatenate([X, strangers])
        y = np.concatenate([y, np.full(n_outliers, -1)])
    y = y.astype(np.int64)
    if shuffle:
        order = rng.permutation(len(X))
        X, y = X[order], y[order]
    if not return_bases:
        return X, y
    return (X, y, bases, offsets) if affine else (X, y, bases)


def _resolve(n_samples, n_features, n_subspaces, subspace_dim, affine):
    """Points and dimension of every subspace, from what may be numbers or lists."""
    counts = _per_subspace("n_samples", n_samples)
    dims = _per_subspace("subspace_dim", subspace_dim)
    if n_subspaces is None:
        n_subspaces = len(counts or dims or range(5))
    if counts is None:
        share, rest = divmod(int(n_samples), n_subspaces)
        if share == 0:
            raise ValueError(
                f"n_samples={n_samples} leaves some of the {n_subspaces} subspaces "
                "without a point; ask for more samples or fewer subspaces."
            )
        counts = [share + (i < rest) for i in range(n_subspaces)]
    if dims is None:
        dims = [int(subspace_dim)] * n_subspaces
    for name, values in (("n_samples", counts), ("subspace_dim", dims)):
        if len(values) != n_subspaces:
            raise ValueError(
                f"{name} has {len(values)} entries for {n_subspaces} subspaces; pass "
                "one entry per subspace."
            )
    largest = n_features - 1 if affine else n_features
    if max(dims) > largest:
        raise ValueError(
            f"subspace_dim={max(dims)} does not fit: with n_features={n_features}"
            f"{' and affine=True' if affine else ''} it must be <= {largest}. Lower "
            "it, or raise n_features."
        )
    return counts, dims
