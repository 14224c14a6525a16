"""Influence of one sample on subspaces that are made from others.

A span that moves is an orthonormal basis G and, for every observation, the motion dG of
that basis, such that the projector moves by dP = dG Gᵀ + G dGᵀ. How the basis turns
within its span does not matter. All of it is in whitened coordinates, which are moved
by the symmetric root; see :mod:`._influence`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .._array import array_namespace, device
from ._fair_blocks import RIDGE, directions_beyond
from ._influence import eigenvector_influence
from ._inverse_moments import TIE, leading_directions, symmetric


class MovingSpan(NamedTuple):
    """Orthonormal basis (r, d) and its motion (n, r, d)."""

    basis: Any
    motion: Any


def moved_vector(span, u):
    """Influence on the projection of a fixed vector: dP u, shape (n, r)."""
    xp = array_namespace(u)
    G, dG = span
    inner = xp.sum(dG * u[None, :, None], axis=1)  # dGᵀ u
    return dG @ (xp.matrix_transpose(G) @ u) + inner @ xp.matrix_transpose(G)


def leading_span(kernel, influence, d, whitening):
    """Span of the leading eigenvectors of a kernel matrix.

    Parameters
    ----------
    kernel : array of shape (r, r)
    influence : callable
        ``influence(left, right)`` is ``leftᵀ IF(M) right``, shape (n, q, d).
    d : int
    whitening : Whitening

    Returns
    -------
    MovingSpan
    """
    values, G = leading_directions(kernel, whitening)
    check_cut(values, d)
    dM = influence(G, G[:, :d])
    return MovingSpan(G[:, :d], G @ eigenvector_influence(dM, values, rotate=False))


def check_cut(values, d):
    """Refuse to cut between equal eigenvalues, where spans are undetermined."""
    if 0 < d < values.shape[0]:
        apart = float(values[d - 1]) - float(values[d])
        if abs(apart) <= TIE * abs(float(values[0])):
            raise ValueError(
                f"Eigenvalues {d} and {d + 1} are equal, so that the span of {d} "
                "directions is undetermined; take another number of directions."
            )


def span_of_moving_columns(Y, dY):
    """Span of columns (r, d) that move by dY (n, r, d); they must be independent."""
    xp = array_namespace(Y)
    G, R = xp.linalg.qr(Y)
    outside = dY - G @ (xp.matrix_transpose(G) @ dY)
    inverse = xp.linalg.solve(R, xp.eye(R.shape[0], dtype=R.dtype, device=device(R)))
    return MovingSpan(G, outside @ inverse)


def sum_of_spans(spans):
    """Sum of spans that meet in zero only."""
    if len(spans) == 1:
        return spans[0]
    xp = array_namespace(spans[0].basis)
    return span_of_moving_columns(
        xp.concat([s.basis for s in spans], axis=1),
        xp.concat([s.motion for s in spans], axis=2),
    )


def span_beyond(first, kernel, influence, d, whitening):
    """`first` and the leading d eigenvectors of (I - P) M (I - P) together.

    With P the projector on `first`, d(PM) and so on. Along other eigenvectors g_b,
    ``g_bᵀ (dM - dP M - M dP) g_a / (λ_a - λ_b)``; towards `first`, what keeps the two
    orthogonal.
    """
    xp = array_namespace(kernel)
    T = xp.matrix_transpose
    G1, dG1 = first
    values, G = directions_beyond(kernel, G1, whitening)
    check_cut(values, d)
    lead = G[:, :d]
    towards = T(dG1) @ lead  # dG1ᵀ g_a, (n, d1, d)
    dN = influence(G, lead)
    dN = dN - (T(G) @ dG1) @ (T(G1) @ kernel @ lead)
    dN = dN - (T(G) @ kernel @ G1) @ towards
    turned = G @ eigenvector_influence(dN, values, rotate=False)
    motion = xp.concat([dG1, turned - G1 @ towards], axis=2)
    return MovingSpan(xp.concat([G1, lead], axis=1), motion)


def span_without(span, other):
    """Leave out of a span what lies along another: the span of (I - P) G."""
    xp = array_namespace(span.basis)
    T = xp.matrix_transpose
    G, dG = span
    F, dF = other
    inner = T(F) @ G
    dY = dG - F @ (T(F) @ dG) - dF @ inner - F @ (T(dF) @ G)
    return span_of_moving_columns(G - F @ inner, dY)


def leading_span_within(span, a, b, d):
    """First d generalised eigenvectors, within a span, of a and a ridged b.

    Parameters
    ----------
    span : MovingSpan
    a : tuple of kernel (r, r) and influence
        As in :func:`leading_span`.
    b : tuple or None
        What a is relative to: ``Fᵀ b F`` plus a share of its trace. None: nothing.
    d : int

    Returns
    -------
    MovingSpan
    """
    xp = array_namespace(span.basis)
    T = xp.matrix_transpose
    F, dF = span

    def within(M, influence):
        """Fᵀ M F and its influence."""
        half = T(dF) @ (M @ F)
        return symmetric(T(F) @ M @ F), influence(F, F) + half + T(half)

    A, dA = within(*a)
    eye = xp.eye(F.shape[1], dtype=F.dtype, device=device(F))
    B, dB = eye, xp.zeros_like(dA)
    if b is not None:
        B, dB = within(*b)
        trace = xp.sum(xp.linalg.diagonal(B))
        moved = xp.sum(xp.linalg.diagonal(dB), axis=-1)
        B, dB = B + RIDGE * trace * eye, dB + RIDGE * moved[:, None, None] * eye
    values, V = xp.linalg.eigh(B)
    root = (V / xp.sqrt(values)) @ T(V)
    values, Q = xp.linalg.eigh(symmetric(root @ A @ root))
    values, V = xp.flip(values), root @ xp.flip(Q, axis=1)  # Vᵀ B V = I
    check_cut(values, d)
    lead = V[:, :d]
    change = T(V) @ dA @ lead - (T(V) @ dB @ lead) * values[:d]
    turned = V @ eigenvector_influence(change, values, rotate=False)
    return span_of_moving_columns(F @ lead, dF @ lead + F @ turned)
