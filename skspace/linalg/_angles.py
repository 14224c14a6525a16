"""Principal angles between two subspaces, and the distances they define."""

from __future__ import annotations

import math
from numbers import Integral

from .._array import array_namespace
from ._basis import as_basis, same_dtype

__all__ = [
    "expected_overlap",
    "principal_angles",
    "subspace_distance",
    "subspace_overlap",
]

METRICS = (
    "geodesic",
    "chordal",
    "projection",
    "binet-cauchy",
    "procrustes",
    "martin",
    "asimov",
)


def principal_angles(A, B):
    """Principal angles between two subspaces, in radians.

    Parameters
    ----------
    A, B : array-like of shape (n_features, k) or fitted estimator
        Subspaces through the origin, see :func:`as_basis`: columns of arrays, rows
        of ``components_`` or ``coef_``. Their dimensions may differ.

    Returns
    -------
    angles : array of shape (min(rank of A, rank of B),)
        Rising, in [0, pi/2].

    Raises
    ------
    ValueError
        If the numbers of features or the array libraries differ, or
        :func:`as_basis` refuses an input.

    Notes
    -----
    Sines are the singular values of B - A AᵀB, cosines those of AᵀB. Each angle is
    taken from both (``atan2``), so its error is a few units of rounding for nearly
    equal and for nearly orthogonal subspaces alike; cosines alone would leave half
    the digits to a small angle, sines alone to one near pi/2. Bases that are not
    orthonormal are made so first, which costs digits in proportion to their
    condition number. Dependent columns span less than they seem to, and fewer
    angles come back.

    :func:`scipy.linalg.subspace_angles` returns the same angles falling.

    Cost O(n_features (kA² + kB²)).

    References
    ----------
    Å. Björck and G. H. Golub, "Numerical methods for computing angles between
    linear subspaces", Mathematics of Computation 27 (1973).
    :doi:`10.1090/S0025-5718-1973-0348991-3`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.linalg import principal_angles
    >>> plane = np.eye(3)[:, :2]
    >>> line = [[0.0], [1.0], [1e-9]]
    >>> principal_angles(plane, line)
    array([1.e-09])
    """
    sines, cosines = _sines_cosines(A, B)
    xp = array_namespace(sines)
    return xp.atan2(sines, cosines)


def subspace_distance(A, B, metric="geodesic"):
    """Distance between two subspaces, a function of their principal angles θ.

    Parameters
    ----------
    A, B : array-like of shape (n_features, k) or fitted estimator
        Subspaces, see :func:`as_basis`.
    metric : str, default="geodesic"
        One of these functions of the angles; the last column is its range for k
        angles.

        ============== ==================================== ===============
        metric         definition                           range
        ============== ==================================== ===============
        "geodesic"     (Σ θ²)^½, the arc length             [0, √k π/2]
        "chordal"      (Σ sin² θ)^½                         [0, √k]
        "projection"   ‖P_A - P_B‖_F, projectors            [0, √(kA + kB)]
        "binet-cauchy" (1 - Π cos² θ)^½                     [0, 1]
        "procrustes"   2 (Σ sin² θ/2)^½                     [0, √(2k)]
        "martin"       (-Σ log cos² θ)^½                    [0, ∞]
        "asimov"       max θ                                [0, π/2]
        ============== ==================================== ===============

        All are radians or pure numbers.

    Returns
    -------
    distance : float

    Raises
    ------
    ValueError
        If the metric is unknown, the numbers of features or the array libraries
        differ, or :func:`as_basis` refuses an input.

    Notes
    -----
    "projection" is (abs(kA - kB) + 2 Σ sin² θ)^½, √2 times "chordal" for equal
    dimensions. Between subspaces of unequal dimension it alone is a metric: the
    others then measure the min(kA, kB) angles and vanish when one subspace contains
    the other. "martin" is infinite once a direction of one subspace is orthogonal to
    the other, that is, to a few units of rounding.

    References
    ----------
    K. Ye and L.-H. Lim, "Schubert varieties and distances between subspaces of
    different dimensions", SIAM Journal on Matrix Analysis and Applications 37
    (2016). :doi:`10.1137/15M1054201`

    Examples
    --------
    >>> from skspace.linalg import subspace_distance
    >>> axis, diagonal = [[1.0], [0.0]], [[1.0], [1.0]]
    >>> round(subspace_distance(axis, diagonal), 6)  # pi / 4
    0.785398
    >>> round(subspace_distance(axis, diagonal, "chordal"), 6)
    0.707107
    """
    if metric not in METRICS:
        raise ValueError(f"metric must be one of {', '.join(METRICS)}, got {metric!r}.")
    A, B = _bases(A, B)
    sines, cosines = _sines_cosines(A, B)
    xp = array_namespace(sines)
    angles = xp.atan2(sines, cosines)
    if metric == "geodesic":
        return float(xp.linalg.vector_norm(angles))
    if metric == "chordal":
        return float(xp.linalg.vector_norm(sines))
    if metric == "projection":
        excess = abs(A.shape[1] - B.shape[1])
        return math.sqrt(excess + 2 * float(xp.sum(sines**2)))
    if metric == "procrustes":
        return 2 * float(xp.linalg.vector_norm(xp.sin(angles / 2)))
    if metric == "asimov":
        return float(angles[-1])
    log_cosines = _sum_log_cosines(sines, cosines)
    if metric == "martin":
        return math.sqrt(-2 * log_cosines)
    return math.sqrt(-math.expm1(2 * log_cosines))


def subspace_overlap(A, B):
    """Mean squared cosine of the principal angles between two subspaces.

    Parameters
    ----------
    A, B : array-like of shape (n_features, k) or fitted estimator
        Subspaces, see :func:`as_basis`.

    Returns
    -------
    overlap : float
        ‖AᵀB‖²_F / min(kA, kB) for orthonormal bases: 1 when one subspace contains
        the other, 0 when they are orthogonal. Compare it with
        :func:`expected_overlap`, what chance gives.

    Raises
    ------
    ValueError
        If the numbers of features or the array libraries differ, or
        :func:`as_basis` refuses an input.

    Examples
    --------
    >>> from skspace.linalg import subspace_overlap
    >>> round(subspace_overlap([[1.0], [0.0]], [[1.0], [1.0]]), 6)
    0.5
    """
    _, cosines = _sines_cosines(A, B)
    xp = array_namespace(cosines)
    return float(xp.mean(cosines**2))


def expected_overlap(n_features, n_components_a, n_components_b):
    """Overlap that two independent random subspaces have on average.

    Parameters
    ----------
    n_features : int
        Dimension of the space.
    n_components_a, n_components_b : int
        Dimensions of the subspaces, at most `n_features`.

    Returns
    -------
    overlap : float
        Value max(kA, kB) / n_features, the mean of :func:`subspace_overlap` when at
        least one of the two is uniformly distributed (Haar).

    Raises
    ------
    ValueError
        Unless both dimensions lie in 1, …, n_features.

    Examples
    --------
    >>> from skspace.linalg import expected_overlap
    >>> expected_overlap(100, 5, 20)
    0.2
    """
    for k in (n_components_a, n_components_b):
        if not (isinstance(k, Integral) and 1 <= k <= n_features):
            raise ValueError(
                f"A subspace of R^{n_features} has a dimension in 1, …, {n_features}, "
                f"got {k}."
            )
    return max(n_components_a, n_components_b) / n_features


def _bases(A, B):
    A, B = as_basis(A), as_basis(B)
    if A.shape[0] != B.shape[0]:
        raise ValueError(
            f"Subspaces of one space are compared, got {A.shape[0]} and {B.shape[0]} "
            "features. Columns of an array span its subspace; transpose one whose "
            "rows do."
        )
    return same_dtype(A, B)


def _sines_cosines(A, B):
    """Sines (rising) and cosines (falling) of the principal angles."""
    A, B = _bases(A, B)
    if A.shape[1] < B.shape[1]:  # the residual of the smaller holds every sine
        A, B = B, A
    xp = array_namespace(A, B)
    inner = xp.matrix_transpose(A) @ B
    cosines = xp.linalg.svdvals(inner)
    sines = xp.flip(xp.linalg.svdvals(B - A @ inner))
    return xp.clip(sines, 0.0, 1.0), xp.clip(cosines, 0.0, 1.0)


def _sum_log_cosines(sines, cosines):
    """Σ log cos θ, from the sine where θ is small; -inf at a right angle."""
    xp = array_namespace(sines, cosines)
    if float(xp.min(cosines)) <= 10 * float(xp.finfo(cosines.dtype).eps):
        return -math.inf
    squares = sines**2
    small = squares < 0.5
    half = xp.zeros_like(squares)
    logs = xp.where(
        small, xp.log1p(-xp.where(small, squares, half)) / 2, xp.log(cosines)
    )
    return float(xp.sum(logs))
