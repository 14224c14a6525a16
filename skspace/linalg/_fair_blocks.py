"""Whitened space in four orthogonal blocks: of a target, an attribute, both, neither.

Notation: G_y, G_z orthonormal bases of the directions that the target and the
attribute depend on; M_y, M_z kernel matrices of sufficient dimension reduction. T are
the directions of the target outside span(G_z), C and S span(G_z), those shared with the
target and the others, N the rest.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .._array import array_namespace, device
from ._basis import fix_column_signs
from ._inverse_moments import (
    Directions,
    inverse_regression_factor,
    leading_directions,
    leading_directions_of_factor,
    order_ties,
    symmetric,
)

NEGLIGIBLE = 1e-8
"""Differences of means, in standard deviations, and sines below this are rounding."""
RIDGE = 1e-3
"""Share of the trace of b that steadies the ratio a / b."""


class FairBlocks(NamedTuple):
    """Orthonormal bases in columns that together span whitened space.

    `cosines` are those of the principal angles between span(G_y) and span(G_z).
    """

    target: Any  # T
    shared: Any  # C
    sensitive: Any  # S
    residual: Any  # N
    cosines: Any


def mean_directions(moments, whitening):
    """Directions in which the means of slices differ, all of them.

    Returns
    -------
    Directions
        Eigenvalues of B = Σ p_h m_h m_hᵀ that are not rounding.
    """
    xp = array_namespace(moments.mean)
    found = leading_directions_of_factor(inverse_regression_factor(moments), whitening)
    real = xp.astype(found.eigenvalues > NEGLIGIBLE**2, xp.int64)
    most = min(int(xp.sum(real)), moments.mean.shape[0] - 1)
    return Directions(found.eigenvalues[:most], found.vectors[:, :most])


def directions_beyond(kernel, first, whitening):
    """Eigenvectors of (I - P) M (I - P), P the projector on the columns `first`."""
    rest = complement(first)
    xp = array_namespace(kernel)
    inner = symmetric(xp.matrix_transpose(rest) @ kernel @ rest)
    found = leading_directions(
        inner, whitening._replace(forward=whitening.forward @ rest)
    )
    return Directions(found.eigenvalues, rest @ found.vectors)


def complement(basis):
    """Orthonormal basis of what is orthogonal to orthonormal columns."""
    xp = array_namespace(basis)
    r, k = basis.shape
    if k == 0:
        return xp.eye(r, dtype=basis.dtype, device=device(basis))
    Q, _ = xp.linalg.qr(basis, mode="complete")
    return Q[:, k:]


def span_of(parts):
    """Orthonormal basis of the sum of the spans of orthonormal bases."""
    xp = array_namespace(*parts)
    together = xp.concat(list(parts), axis=1)
    if together.shape[1] == 0 or len(parts) == 1:
        return together
    U, s, _ = xp.linalg.svd(together, full_matrices=False)
    return U[:, : int(xp.sum(xp.astype(s > NEGLIGIBLE, xp.int64)))]


def fair_blocks(target, sensitive, target_kernel, whitening, *, shared_tol=0.0):
    """Split whitened space by a target and an attribute.

    Parameters
    ----------
    target : array of shape (r, d_y)
        G_y; no columns where there is no target.
    sensitive : array of shape (r, d_z)
        G_z, ordered: the first columns are those to be shared first.
    target_kernel : array of shape (r, r) or None
        M_y, orders T.
    whitening : Whitening
        Orders N, by falling variance of the data.
    shared_tol : float, default=0.0
        Above 0, as many directions are shared as there are cosines above it.

    Returns
    -------
    FairBlocks
    """
    xp = array_namespace(sensitive)
    d_z, d_y = sensitive.shape[1], target.shape[1]
    cosines = xp.zeros((0,), dtype=sensitive.dtype, device=device(sensitive))
    own = target
    if d_y and d_z:
        inner = xp.matrix_transpose(sensitive) @ target
        cosines = xp.linalg.svdvals(inner)
        cosines = xp.minimum(cosines, xp.ones_like(cosines))
        U, sines, _ = xp.linalg.svd(target - sensitive @ inner, full_matrices=False)
        own = U[:, : int(xp.sum(xp.astype(sines > NEGLIGIBLE, xp.int64)))]
        # Small sines leave rounding towards G_z, which a second projection removes.
        own = own - sensitive @ (xp.matrix_transpose(sensitive) @ own)
        own = xp.linalg.qr(own)[0] if own.shape[1] else own
    if own.shape[1] > 1:
        own = by_kernel(own, target_kernel, least_spread(whitening))
    n_shared = d_z if d_y else 0
    if shared_tol > 0:
        n_shared = int(xp.sum(xp.astype(cosines > shared_tol, xp.int64)))
    residual = complement(xp.concat([sensitive, own], axis=1))
    if residual.shape[1] > 1:
        residual = by_kernel(residual, None, least_spread(whitening))
    own, sensitive, residual = map(fix_column_signs, (own, sensitive, residual))
    return FairBlocks(
        own, sensitive[:, :n_shared], sensitive[:, n_shared:], residual, cosines
    )


def by_kernel(basis, kernel, last):
    """Turn a basis to the eigenvectors of a kernel within it, largest first.

    `last` (r, r) decides ties, least first; without a kernel it decides all.
    """
    xp = array_namespace(basis)
    if kernel is None:
        return basis @ xp.linalg.eigh(_within(last, basis))[1]
    values, Q = xp.linalg.eigh(_within(kernel, basis))
    values, found = xp.flip(values), basis @ xp.flip(Q, axis=1)
    return order_ties(values, found, lambda part: _within(last, part))


def order_shared(sensitive, a, b, whitening, *, order):
    """Order the directions of an attribute by what they know of a target.

    Parameters
    ----------
    sensitive : array of shape (r, d)
        G_z.
    a, b : array of shape (r, r)
        Kernel matrices of target and attribute.
    whitening : Whitening
    order : {"ratio", "utility", "sensitivity"}
        Most target information per unit of sensitive information first; most target
        information first; least sensitive information first.

    Returns
    -------
    array of shape (r, d)
        Orthonormal, of the same span.

    Notes
    -----
    "ratio": generalised eigenvectors of (a, b + ε tr(b) I) by falling eigenvalue,
    orthogonalised in this order. Ties, as between directions that know nothing of the
    target, go to the less sensitive, then to the one along which data vary more.
    """
    xp = array_namespace(sensitive)
    d = sensitive.shape[1]
    if d < 2:
        return sensitive
    inner_b = _within(b, sensitive)
    spread = least_spread(whitening)
    if order == "sensitivity":
        # Ties go to the more useful one.
        return by_kernel(sensitive, -b, 1e-3 * spread - _scaled(a))
    last = _scaled(b) + 1e-3 * spread
    if order == "utility":
        return by_kernel(sensitive, a, last)
    trace = xp.sum(xp.linalg.diagonal(inner_b))
    eye = xp.eye(d, dtype=inner_b.dtype, device=device(inner_b))
    values, V = xp.linalg.eigh(inner_b + RIDGE * trace * eye)
    root = (V / xp.sqrt(values)) @ xp.matrix_transpose(V)
    values, Q = xp.linalg.eigh(symmetric(root @ _within(a, sensitive) @ root))
    found = sensitive @ xp.linalg.qr(root @ xp.flip(Q, axis=1))[0]
    return order_ties(xp.flip(values), found, lambda part: _within(last, part))


def greedy_order(n_candidates, cost):
    """Order candidates so that each prefix costs little: one after the other.

    `cost` takes a list of candidates. Costs O(n²) evaluations.
    """
    chosen, left = [], list(range(n_candidates))
    while left:
        best = min(left, key=lambda i: cost([*chosen, i]))
        chosen.append(best)
        left.remove(best)
    return chosen


def information(basis, kernel):
    """Diagonal of basisᵀ M basis: what each direction knows."""
    xp = array_namespace(basis)
    return xp.sum(basis * (kernel @ basis), axis=0)


def _within(M, basis):
    """Symmetric matrix M between the columns of a basis."""
    xp = array_namespace(basis)
    return symmetric(xp.matrix_transpose(basis) @ M @ basis)


def least_spread(whitening):
    """Matrix that is small along whitened directions in which the data vary much."""
    xp = array_namespace(whitening.forward)
    forward = whitening.forward / xp.max(xp.abs(whitening.forward))  # squares in range
    return _scaled(xp.matrix_transpose(forward) @ forward)


def _scaled(M):
    xp = array_namespace(M)
    trace = xp.sum(xp.linalg.diagonal(M))
    return M / xp.where(trace > 0, trace, xp.ones_like(trace))
