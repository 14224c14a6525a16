"""Local-linear fits and the directions in which their slopes lie: OPG and MAVE.

Around each centre samples count by a Gaussian weight of their distance within the
current subspace. Everything that follows (slopes, their outer products, the least
squares of MAVE) is a function of the weighted second moments of each such
neighbourhood, and those are matrix products: no loop over pairs of samples remains,
and once the moments are there, no pass over the samples either.

Notation: ``B`` basis (p, d), ``b`` slopes (d, q) at a centre, ``S`` local covariance
of the features; the local fit of the responses is ``b' B' x`` plus a constant.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._array import array_namespace, asarray_like, device, to_numpy

__all__ = []

BLOCK_BYTES = 4 * 1024**2
"""Bytes of a block of weights, and of a block of products of features."""
RIDGE = 1e-6
"""Shrinkage of slopes, as if each unknown had been seen at zero so many times: it
keeps thin windows solvable and is too small to be seen elsewhere."""
BLUR = 1e-12
"""Variance in a window, next to one and the squared norm of its centre, below which it
is rounding."""
LEAST_SPREAD = 1e-3
"""Added to the variance of the features in a window, in squared bandwidths."""
ENOUGH = 2 / 3
"""Mean reliability of the slopes, in (0, 1), below which windows are widened."""
WIDEN = 1.2
"""Factor by which they are widened."""
FINEST = 1e-6
"""Narrowest windows, relative to the range: squared distances keep four digits."""
EVERYONE = 0.9
"""Share of all samples in the mean window at which widening ends."""
DAMPING = 1e-4
"""Added to the normal matrix of a step, as a share of its mean eigenvalue."""
MAX_STEPS = 20
"""Steps for the basis at fixed weights."""
MAX_HALVINGS = 6
"""Halvings of a step that would raise the objective."""
AT_REST = 1e-7
"""Move of the basis at which the least squares at fixed weights are solved."""
ROUNDING = 1e-9
"""Relative fall of the objective that does not count as one."""
PERFECT = 1e-4
"""Share of the variance of the responses below which falls count relative to it."""


class Neighbourhoods(NamedTuple):
    """Weighted second moments around each of m centres, divided by their weight."""

    size: Any
    """(m,) effective number of samples, (Σw)² / Σw²."""
    xx: Any
    """(m, p, p) covariance of the features."""
    xy: Any
    """(m, p, q) covariance of features and responses."""
    yy: Any
    """(m,) variance of the responses, summed over them."""


class GradientState(NamedTuple):
    """One iteration: windows in a subspace, and the directions their slopes give."""

    basis: Any
    """Orthonormal columns by falling eigenvalue: all p of OPG, the d of MAVE."""
    eigenvalues: Any
    """Of the mean outer product of slopes in that basis."""
    n_directions: int
    """Dimension of the subspace found."""
    objective: float
    """Mean local variance of the responses that the fits leave."""
    change: float
    """Norm of the sines of the angles to the subspace of the windows before."""
    bandwidth: float


def neighbourhoods(X, Y, weights, basis, bandwidth, centers):
    """Moments of the samples near each centre, as seen within a subspace.

    Sample i counts ``weights[i] * exp(-|(x_i - x_j) B|² / (2 bandwidth²))`` at
    centre j, one of the rows `centers` of the centred X (n, p); Y is (n, q). Cost
    O(m n (p² + p q)) time, in matrix products, O(m (p² + p q)) memory and two blocks.
    """
    xp = array_namespace(X)
    p, q, m = X.shape[1], Y.shape[1], centers.shape[0]
    upper, whole = _triangle(p, X)
    n_pairs = upper[0].shape[0]

    def products(rows):
        x, y = X[rows, :], Y[rows, :]
        pairs = xp.take(x, upper[0], axis=1) * xp.take(x, upper[1], axis=1)
        xy = xp.reshape(x[:, :, None] * y[:, None, :], (x.shape[0], p * q))
        yy = xp.sum(y * y, axis=1, keepdims=True)
        return xp.concat([xp.ones_like(yy), x, y, pairs, xy, yy], axis=1)

    width = 2 + p + q + n_pairs + p * q
    sums, squares = _local_sums(
        X @ basis / bandwidth, weights, centers, products, width
    )
    mean = sums / sums[:, :1]
    x, y = mean[:, 1 : 1 + p], mean[:, 1 + p : 1 + p + q]
    pairs = mean[:, 1 + p + q : 1 + p + q + n_pairs]
    xy = mean[:, 1 + p + q + n_pairs : -1]
    yy = mean[:, -1] - xp.sum(y * y, axis=1)
    return Neighbourhoods(
        sums[:, 0] ** 2 / squares,
        xp.reshape(xp.take(pairs, whole, axis=1), (m, p, p))
        - x[:, :, None] * x[:, None, :],
        xp.reshape(xy, (m, p, q)) - x[:, :, None] * y[:, None, :],
        xp.maximum(yy, xp.zeros_like(yy)),
    )


def window_sizes(X, weights, basis, bandwidth, centers):
    """Effective number of samples around each centre, without other moments."""
    xp = array_namespace(X)
    sums, squares = _local_sums(
        X @ basis / bandwidth, weights, centers, lambda r: xp.ones_like(X[r, :1]), 1
    )
    return sums[:, 0] ** 2 / squares


def _local_sums(U, weights, centers, products, width):
    """Sum products of the rows, and the weights, around each centre, by blocks.

    Returns Σ w K F for the table F of `products`, `width` columns, and Σ w K².
    """
    xp = array_namespace(U)
    n, m = U.shape[0], centers.shape[0]
    half, one = xp.sum(U * U, axis=1, keepdims=True) / 2, xp.ones_like(U[:, :1])
    # One product gives minus half the squared distances.
    at = xp.take(xp.concat([U, -half, one], axis=1), centers, axis=0)
    across = xp.matrix_transpose(xp.concat([U, one, -half], axis=1))
    n_rows = min(n, max(1, BLOCK_BYTES // (8 * width)))
    n_centers = max(1, BLOCK_BYTES // (8 * n_rows))
    starts = range(0, m, n_centers)
    sums, squares = [0.0] * len(starts), [0.0] * len(starts)
    for i in range(0, n, n_rows):
        rows = slice(i, min(i + n_rows, n))
        w = weights[rows, None]
        F = w * products(rows)
        for b, start in enumerate(starts):
            c = slice(start, min(start + n_centers, m))
            K = xp.exp(at[c, :] @ across[:, rows])
            sums[b] = sums[b] + K @ F
            squares[b] = squares[b] + ((K * K) @ w)[:, 0]
    return xp.concat(sums), xp.concat(squares)


def _triangle(p, like):
    """Row and column of each entry on and above the diagonal, and all from those."""
    pairs = [(a, b) for a in range(p) for b in range(a, p)]
    place = {pair: i for i, pair in enumerate(pairs)}
    whole = [place[min(a, b), max(a, b)] for a in range(p) for b in range(p)]
    upper = tuple(asarray_like(list(side), like) for side in zip(*pairs, strict=True))
    return upper, asarray_like(whole, like)


def default_bandwidth(n_samples, n_directions):
    """Silverman's rule for a standard normal density, in standard deviations."""
    d = n_directions
    return float((4 / ((d + 2) * n_samples)) ** (1 / (d + 4)))


def reliability(size, n_unknowns):
    """Weight of a centre by the samples that its fit rests on, in (0, 1)."""
    return size / (size + n_unknowns)


def observe(X, Y, weights, basis, bandwidth, centers, n_unknowns):
    """Moments in windows wide enough for fits with so many unknowns.

    Returns them, the weights of the centres (sum one) and the bandwidth used.
    """
    xp = array_namespace(X)
    n_samples = float(xp.sum(weights))
    at = xp.take(weights, centers)
    at = at / xp.sum(at)

    def wide_enough(size):
        return float(xp.sum(at * reliability(size, n_unknowns))) >= ENOUGH or (
            float(xp.sum(at * size)) >= EVERYONE * n_samples
        )

    farthest, least = float(xp.max(xp.abs(X @ basis))), blur(X, centers)
    bandwidth = max(bandwidth, FINEST * farthest)
    hoods = neighbourhoods(X, Y, weights, basis, bandwidth, centers)
    if not wide_enough(hoods.size):
        size = hoods.size
        while not wide_enough(size):
            bandwidth = WIDEN * bandwidth
            size = window_sizes(X, weights, basis, bandwidth, centers)
        hoods = neighbourhoods(X, Y, weights, basis, bandwidth, centers)
    # Rows that stand for very many samples are no neighbours of themselves.
    while bandwidth < farthest and not bool(xp.any(_spread(hoods) > least)):
        bandwidth = 2 * bandwidth
        hoods = neighbourhoods(X, Y, weights, basis, bandwidth, centers)
    rho = at * reliability(hoods.size, n_unknowns)
    return hoods, rho / xp.sum(rho), bandwidth


def blur(X, centers):
    """Variances of the features in windows up to these, (m,), are rounding."""
    xp = array_namespace(X)
    x = xp.take(X, centers, axis=0)
    return BLUR * (1 + xp.sum(x * x, axis=1))


def _spread(hoods):
    """Variance of the features around each centre, summed over them."""
    return array_namespace(hoods.xx).linalg.trace(hoods.xx)


def local_slopes(hoods, basis=None, ridge=None):
    """Slopes of every local fit, within a subspace or in all directions.

    `ridge` (m,) is added to the diagonal of the local covariances. Returns the
    slopes (m, d, q), the covariances solved with (m, d, d) and ``S B`` (m, p, d).
    """
    xp = array_namespace(hoods.xx)
    if basis is None:
        SB, S, Sy = hoods.xx, hoods.xx, hoods.xy
    else:
        SB = hoods.xx @ basis
        S, Sy = basis.T @ SB, basis.T @ hoods.xy
    S = S + ridge[:, None, None] * _eye(S.shape[1], S)
    return xp.linalg.solve(S, Sy), S, SB


def _left_over(hoods, basis, slopes, rho):
    """Mean over the centres of the local variance, ridge included, not fitted."""
    xp = array_namespace(slopes)
    Sy = hoods.xy if basis is None else basis.T @ hoods.xy
    return float(xp.sum(rho * (hoods.yy - xp.sum(slopes * Sy, axis=(1, 2)))))


def outer_products(slopes, rho):
    """Weighted mean over the centres of the outer products ``b b'``, (d, d)."""
    xp = array_namespace(slopes)
    return xp.sum(rho[:, None, None] * (slopes @ xp.matrix_transpose(slopes)), axis=0)


def gauss_newton_step(hoods, basis, rho, ridge):
    """One step for the basis at fixed weights, constants and slopes profiled out.

    Minimises ``Σ rho (local variance left by the best constant and slopes)``: the
    part of the features that the local fit leaves, times the slopes, regressed on
    the residuals, gives the step in the complement of `basis`; it is halved until
    the objective does not rise. Returns (basis, objective, move); a move of zero says
    that no step helps.
    """
    xp = array_namespace(basis)
    p, d = basis.shape
    b, S, SB = local_slopes(hoods, basis, ridge)
    objective = _left_over(hoods, basis, b, rho)
    if d == p:
        return basis, objective, 0.0
    complement = xp.linalg.qr(
        xp.concat([basis, _eye(p, basis)], axis=1), mode="reduced"
    ).Q[:, d:p]

    # Normal matrix Σ rho (b b') ⊗ (S - S B (B'S B + ridge)^-1 B'S), by (p, p) blocks.
    bb = rho[:, None, None] * (b @ xp.matrix_transpose(b))
    flat = xp.reshape(hoods.xx, (-1, p * p))
    blocks = xp.reshape(xp.reshape(bb, (-1, d * d)).T @ flat, (d, d, p, p))
    inverse = xp.matrix_transpose(xp.linalg.solve(S, xp.matrix_transpose(SB)))
    rows = []
    for a in range(d):
        row = []
        for c in range(d):
            fitted = xp.tensordot(
                bb[:, a, c, None, None] * SB, inverse, axes=((0, 2), (0, 2))
            )
            row.append(complement.T @ (blocks[a, c, :, :] - fitted) @ complement)
        rows.append(xp.concat(row, axis=1))
    normal = xp.concat(rows)
    slope = xp.sum(
        rho[:, None, None] * ((hoods.xy - SB @ b) @ xp.matrix_transpose(b)), axis=0
    )
    right = xp.reshape(xp.matrix_transpose(complement.T @ slope), (-1,))
    # Damped, so that directions without information stay where they are.
    scale = xp.linalg.trace(normal) / normal.shape[0]
    if float(scale) <= 0:
        return basis, objective, 0.0
    normal = normal + DAMPING * scale * _eye(normal.shape[0], normal)
    step = xp.linalg.solve(normal, right[:, None])
    step = complement @ xp.matrix_transpose(xp.reshape(step, (d, p - d)))

    for _ in range(MAX_HALVINGS):
        new = xp.linalg.qr(basis + step, mode="reduced").Q
        slopes, _, _ = local_slopes(hoods, new, ridge)
        left = _left_over(hoods, new, slopes, rho)
        if left <= objective:
            return new, left, _sines(new, basis)
        step = step / 2
    return basis, objective, 0.0


def n_leading(eigenvalues):
    """Count directions before the largest ratio of consecutive eigenvalues.

    Each is raised by their median, so that ratios within the noise do not count.
    """
    values = np.maximum(to_numpy(eigenvalues), 0)
    if len(values) < 2 or values[0] == 0:
        return 1
    values = values + max(np.median(values), 1e-12 * values[0])
    return 1 + int(np.argmax(values[:-1] / values[1:]))


def opg_iterations(X, Y, weights, centers, choose, bandwidth):
    """Outer products of gradients: slopes in all features, windows in ever fewer.

    Windows start in all p directions and at most halve their number from one
    iteration to the next, until it is ``choose(eigenvalues)``; ``bandwidth(d)`` is
    that of windows in d directions.
    """
    xp = array_namespace(X)
    p = X.shape[1]
    basis, least = _eye(p, X), blur(X, centers)
    while True:
        k = basis.shape[1]
        hoods, rho, h = observe(X, Y, weights, basis, bandwidth(k), centers, p + 1)
        # Nobody is near a far outlier: no spread, and no slope.
        spread = _spread(hoods) / p + LEAST_SPREAD * h**2
        ridge = xp.maximum(RIDGE * (p + 1) / hoods.size * spread, least)
        slopes, _, _ = local_slopes(hoods, None, ridge)
        values, vectors = _leading(outer_products(slopes, rho))
        wanted = min(k, choose(values))
        new = vectors[:, : max(wanted, k // 2)]
        change = _sines(new, basis) if new.shape[1] == k else 1.0
        left = _left_over(hoods, None, slopes, rho)
        yield GradientState(vectors, values, wanted, left, change, h)
        basis = new


def mave_iterations(X, Y, weights, centers, basis, bandwidth):
    """Minimum average variance estimation: least squares in windows, then new windows.

    Each iteration solves for the basis that leaves the least local variance in the
    windows of the present one, and goes as far towards it as the windows seen from
    there leave no more: the objective never rises. It ends where no step helps.
    """
    xp = array_namespace(X)
    d, least = basis.shape[1], blur(X, centers)

    def look(basis):
        hoods, rho, h = observe(X, Y, weights, basis, bandwidth, centers, d + 1)
        ridge = xp.maximum(RIDGE * (d + 1) / hoods.size * h**2, least)
        slopes, _, _ = local_slopes(hoods, basis, ridge)
        left = _left_over(hoods, basis, slopes, rho)
        values, turn = _leading(outer_products(slopes, rho))
        state = GradientState(basis @ turn, values, d, left, 1.0, h)
        return state, (hoods, rho, ridge)

    state, windows = look(basis)
    yield state
    while True:
        target = state.basis
        for _ in range(MAX_STEPS):
            target, _, move = gauss_newton_step(windows[0], target, *windows[1:])
            if move <= AT_REST:
                break
        for _ in range(MAX_HALVINGS):
            new, new_windows = look(target)
            fall = state.objective - new.objective
            if fall > ROUNDING * max(state.objective, PERFECT * Y.shape[1]):
                break
            target = _halfway(state.basis, target)
        else:
            return
        change = _sines(new.basis, state.basis)
        state, windows = new._replace(change=change), new_windows
        yield state


def _leading(matrix):
    """Eigenvalues and eigenvectors of a symmetric matrix, largest first."""
    xp = array_namespace(matrix)
    values, vectors = xp.linalg.eigh((matrix + matrix.T) / 2)
    return xp.flip(values), xp.flip(vectors, axis=1)


def _sines(new, old):
    """Norm of the sines of the principal angles between two orthonormal bases."""
    xp = array_namespace(new)
    return float(xp.linalg.matrix_norm(new - old @ (old.T @ new)))


def _halfway(start, end):
    """Orthonormal basis of the subspace in the middle between two."""
    xp = array_namespace(start)
    U, _, Vt = xp.linalg.svd(start.T @ end, full_matrices=False)
    return xp.linalg.qr(start + end @ (U @ Vt).T, mode="reduced")[0]


def _eye(n, like):
    xp = array_namespace(like)
    return xp.eye(n, dtype=like.dtype, device=device(like))
