"""Steps on the Grassmann manifold (subspaces) and the Stiefel manifold (bases)."""

from __future__ import annotations

from .._array import array_namespace, device
from ._basis import as_basis, real_array, same_dtype

__all__ = [
    "grassmann_exp",
    "grassmann_log",
    "grassmann_mean",
    "stiefel_retract",
    "stiefel_tangent",
]

MAX_STEPS = 1000


def grassmann_exp(basis, tangent, t=1.0):
    """Follow the geodesic of subspaces that starts at `basis` with a velocity.

    Parameters
    ----------
    basis : array-like of shape (n_features, k)
        Y, orthonormal columns: where the geodesic starts.
    tangent : array-like of shape (n_features, k)
        G, its velocity, in the coordinates of Y. Tangents satisfy YᵀG = 0; the part
        of G within the subspace turns the basis only and is taken out.
    t : float, default=1.0
        Time. At 1 the principal angles to Y are the singular values of G (up to
        pi/2, where the subspace has turned past its farthest).

    Returns
    -------
    end : array of shape (n_features, k)
        Orthonormal columns: (Y V cos(tS) + U sin(tS)) Vᵀ with G = U S Vᵀ.

    Raises
    ------
    ValueError
        If Y is not orthonormal, the shapes differ or `t` times G is not finite.

    Notes
    -----
    Cost O(n_features k²).

    References
    ----------
    A. Edelman, T. A. Arias and S. T. Smith, "The geometry of algorithms with
    orthogonality constraints", SIAM Journal on Matrix Analysis and Applications 20
    (1998). :doi:`10.1137/S0895479895290954`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.linalg import grassmann_exp
    >>> grassmann_exp([[1.0], [0.0]], [[0.0], [np.pi / 6]]).round(3)
    array([[0.866],
           [0.5  ]])
    """
    Y, G = _point_and_direction(basis, tangent)
    xp = array_namespace(Y, G)
    U, s, Vt = xp.linalg.svd(_out_of(Y, G), full_matrices=False)
    V = xp.matrix_transpose(Vt)
    largest = float(xp.finfo(s.dtype).max)
    if not abs(t) <= largest / (float(s[0]) + 1):
        raise ValueError(f"t times the velocity must be finite, got t={t!r}.")
    angles = float(t) * s
    return ((Y @ V) * xp.cos(angles) + U * xp.sin(angles)) @ Vt


def grassmann_log(basis, other):
    """Velocity of the shortest geodesic from one subspace to another.

    Parameters
    ----------
    basis : array-like of shape (n_features, k)
        Y, orthonormal columns: where the geodesic starts.
    other : array-like of shape (n_features, k) or fitted estimator
        Where it arrives at time 1: a subspace of dimension k, see :func:`as_basis`.

    Returns
    -------
    tangent : array of shape (n_features, k)
        G with YᵀG = 0, the principal angles as singular values, and
        ``grassmann_exp(Y, G)`` spanning `other`.

    Raises
    ------
    ValueError
        If Y is not orthonormal or the subspaces differ in dimension or features.

    Notes
    -----
    The other basis X is first turned towards Y (Procrustes), so that YᵀX = H is
    symmetric with the cosines as eigenvalues. Then G = (X - YH) g(H) with
    g(cos θ) = θ / sin θ, a smooth function: unlike the textbook formula this
    inverts nothing, and it keeps full precision for small, equal and right angles.
    At a right angle several shortest geodesics exist and one of them comes back.

    Cost O(n_features k²).

    References
    ----------
    T. Bendokat, R. Zimmermann and P.-A. Absil, "A Grassmann manifold handbook",
    Advances in Computational Mathematics 50 (2024).
    :doi:`10.1007/s10444-023-10090-8`

    Examples
    --------
    >>> from skspace.linalg import grassmann_log
    >>> grassmann_log([[1.0], [0.0]], [[1.0], [1.0]]).round(4)
    array([[0.    ],
           [0.7854]])
    """
    Y, X = _point_and_direction(basis, as_basis(other), what="other")
    xp = array_namespace(Y, X)
    U, cosines, Vt = xp.linalg.svd(xp.matrix_transpose(X) @ Y)
    angles = xp.acos(xp.clip(cosines, 0.0, 1.0))
    moved = angles > 0
    ratio = xp.where(
        moved,
        angles / xp.where(moved, xp.sin(angles), xp.ones_like(angles)),
        xp.ones_like(angles),
    )
    # X U Vᵀ is the turned basis and V g(C) Vᵀ the function of H.
    return (_out_of(Y, X) @ (U * ratio)) @ Vt


def grassmann_mean(bases):
    """Mean of subspaces: the one with the least sum of squared geodesic distances.

    Parameters
    ----------
    bases : sequence of (n_features, k) array-like or fitted estimators
        Subspaces of one dimension, see :func:`as_basis`. A stack of shape
        (n_subspaces, n_features, k) is a sequence.

    Returns
    -------
    mean : array of shape (n_features, k)
        Orthonormal columns.

    Raises
    ------
    ValueError
        If there is no subspace, dimensions differ, or the subspaces spread so widely
        that no single mean exists (two orthogonal lines, say).

    Notes
    -----
    Karcher mean: from the leading directions of the summed projectors, repeated
    steps to the mean of the tangents, until that mean vanishes to rounding. It is
    unique when all subspaces lie within a geodesic ball of radius pi/4.

    Cost O(n_subspaces n_features k²) a step and
    O(n_features (k n_subspaces)²) to start.

    References
    ----------
    H. Karcher, "Riemannian center of mass and mollifier smoothing", Communications
    on Pure and Applied Mathematics 30 (1977). :doi:`10.1002/cpa.3160300502`

    Examples
    --------
    >>> from skspace.linalg import grassmann_mean
    >>> abs(grassmann_mean([[[1.0], [0.0]], [[0.0], [1.0]], [[1.0], [1.0]]])).round(4)
    array([[0.7071],
           [0.7071]])
    """
    stack = getattr(bases, "shape", None)
    bases = [bases[i, ...] for i in range(stack[0])] if stack else list(bases)
    points = [as_basis(basis) for basis in bases]
    shapes = {tuple(point.shape) for point in points}
    if len(shapes) != 1:
        raise ValueError(
            "The mean needs at least one subspace, all of one dimension; got bases of "
            f"shapes {sorted(shapes)} (after dependent columns were dropped)."
        )
    points = same_dtype(*points)
    xp = array_namespace(*points)
    n_features, k = points[0].shape
    eps = float(xp.finfo(points[0].dtype).eps)
    tol = 10 * eps * k**0.5

    U, s, _ = xp.linalg.svd(xp.concat(points, axis=1), full_matrices=False)
    mean = U[:, :k]
    following = float(s[k]) if k < s.shape[0] else 0.0
    spread = float(s[k - 1]) - following <= 10 * n_features * eps * float(s[0])
    if not (spread and k < n_features):
        for _ in range(MAX_STEPS):
            tangents = [grassmann_log(mean, point) for point in points]
            step = sum(tangents[1:], start=tangents[0]) / len(points)
            if float(xp.linalg.vector_norm(step)) <= tol:
                return mean
            mean, _ = xp.linalg.qr(grassmann_exp(mean, step))  # no drift
    raise ValueError(
        "The subspaces spread too widely to have one mean; look at their "
        "principal_angles, or average clusters of them."
    )


def stiefel_tangent(Y, G):
    """Project a matrix on the tangent space of the Stiefel manifold.

    Parameters
    ----------
    Y : array-like of shape (n_features, k)
        Orthonormal columns.
    G : array-like of shape (n_features, k)
        Any matrix, such as a Euclidean gradient.

    Returns
    -------
    tangent : array of shape (n_features, k)
        G - Y sym(YᵀG), the nearest D with YᵀD skew-symmetric.

    Raises
    ------
    ValueError
        If Y is not orthonormal or the shapes differ.

    Examples
    --------
    >>> from skspace.linalg import stiefel_tangent
    >>> stiefel_tangent([[1.0], [0.0]], [[5.0], [3.0]])
    array([[0.],
           [3.]])
    """
    Y, G = _point_and_direction(Y, G)
    return _tangent(Y, G)


def stiefel_retract(Y, D, kind="polar"):
    """Move an orthonormal basis in a direction, ending on an orthonormal basis.

    Parameters
    ----------
    Y : array-like of shape (n_features, k)
        Orthonormal columns.
    D : array-like of shape (n_features, k)
        Direction. Its part off the tangent space is taken out first, see
        :func:`stiefel_tangent`; every direction is thus admissible.
    kind : {"polar", "qr", "exp"}, default="polar"
        ``"polar"``: the orthonormal matrix nearest to Y + D. ``"qr"``: its QR factor
        with positive diagonal, the cheapest. ``"exp"``: the geodesic of the
        canonical metric.

    Returns
    -------
    moved : array of shape (n_features, k)
        Orthonormal columns, Y + D up to second order in D.

    Raises
    ------
    ValueError
        If the kind is unknown, Y is not orthonormal or the shapes differ.

    Notes
    -----
    Cost O(n_features k²).

    References
    ----------
    A. Edelman, T. A. Arias and S. T. Smith, "The geometry of algorithms with
    orthogonality constraints", SIAM Journal on Matrix Analysis and Applications 20
    (1998). :doi:`10.1137/S0895479895290954`

    Examples
    --------
    >>> from skspace.linalg import stiefel_retract
    >>> stiefel_retract([[1.0], [0.0]], [[0.0], [1.0]]).round(4)
    array([[0.7071],
           [0.7071]])
    """
    if kind not in ("polar", "qr", "exp"):
        raise ValueError(f"kind must be 'polar', 'qr' or 'exp', got {kind!r}.")
    Y, D = _point_and_direction(Y, D)
    xp = array_namespace(Y, D)
    D = _tangent(Y, D)
    if kind == "exp":
        return _canonical_geodesic(Y, D)
    if kind == "polar":
        U, _, Vt = xp.linalg.svd(Y + D, full_matrices=False)
        return U @ Vt
    Q, R = xp.linalg.qr(Y + D)
    return Q * xp.sign(xp.linalg.diagonal(R))  # full rank: no zero on the diagonal


def _canonical_geodesic(Y, D):
    """[Y Q] exp([[A, -Rᵀ], [R, 0]]) [I; 0] with A = YᵀD and QR = D - YA."""
    xp = array_namespace(Y, D)
    k = Y.shape[1]
    A = xp.matrix_transpose(Y) @ D
    A = (A - xp.matrix_transpose(A)) / 2  # skew to the last digit
    Q, R = xp.linalg.qr(_out_of(Y, D))
    upper = xp.concat([A, -xp.matrix_transpose(R)], axis=1)
    lower = xp.concat([R, xp.zeros_like(R @ xp.matrix_transpose(R))], axis=1)
    turn = _exp_skew(xp.concat([upper, lower], axis=0))
    return Y @ turn[:k, :k] + Q @ turn[k:, :k]


def _exp_skew(K):
    """Exponential of a skew matrix: -iK is Hermitian, so ``eigh`` gives it."""
    xp = array_namespace(K)
    values, W = xp.linalg.eigh(-1j * K)
    turned = W * xp.exp(1j * values)
    return xp.real(turned @ xp.conj(xp.matrix_transpose(W)))


def _tangent(Y, G):
    xp = array_namespace(Y, G)
    inner = xp.matrix_transpose(Y) @ G
    return G - Y @ ((inner + xp.matrix_transpose(inner)) / 2)


def _out_of(Y, G):
    """Take out of G what lies in the span of Y."""
    xp = array_namespace(Y, G)
    return G - Y @ (xp.matrix_transpose(Y) @ G)


def _point_and_direction(Y, G, what="the direction"):
    Y, G = same_dtype(real_array(Y, "the basis"), real_array(G, what))
    if Y.ndim != 2 or 0 in Y.shape or Y.shape != G.shape:
        raise ValueError(
            f"The basis and {what} must have one shape (n_features, k), with k of at "
            f"least 1, got {tuple(Y.shape)} and {tuple(G.shape)}."
        )
    xp = array_namespace(Y, G)
    inner = xp.matrix_transpose(Y) @ Y
    off = xp.max(xp.abs(inner - xp.eye(Y.shape[1], dtype=Y.dtype, device=device(Y))))
    if float(off) > float(xp.finfo(Y.dtype).eps) ** 0.5:
        raise ValueError(
            "The columns of the basis must be orthonormal, YᵀY is off by "
            f"{float(off):.1g}; pass as_basis(Y)."
        )
    return Y, G
