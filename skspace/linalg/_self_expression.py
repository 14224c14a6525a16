"""Self-expression of several tables by one matrix: loss, gradients, closed form.

Rows are samples and C is (n, n): row i of C holds the coefficients with which sample i
is rebuilt from the others, the same in every table. Only the part of C off the diagonal
counts; with it in, C = I would be a perfect and useless answer.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import lapack

from .._array import array_namespace, asarray_like, device, is_numpy_array

__all__ = [
    "SelfExpression",
    "align",
    "align_backward",
    "align_by",
    "align_to",
    "distance_pattern",
    "effective_rank",
    "regress_on_others",
    "self_expression",
    "structured_norm",
    "without_diagonal",
]

BLOCK = 512
"""Rows of a block in passes over a matrix that must not be copied."""


class SelfExpression(NamedTuple):
    """Value of a self-expression loss and its derivatives."""

    value: float
    coefficients: Any  # (n, n), zero diagonal
    layers: list  # (n, d_l) each, None where not asked for


def without_diagonal(C):
    """C with zeros on its diagonal."""
    xp = array_namespace(C)
    n = C.shape[0]
    index = xp.arange(n, device=device(C))
    return xp.where(index[:, None] == index[None, :], xp.zeros_like(C[:1, :1]), C)


def align(V):
    """Subtract column means, then scale rows to unit length.

    Parameters
    ----------
    V : array of shape (n_samples, n_features)

    Returns
    -------
    rows : array of shape (n_samples, n_features)
        Of length 1, or 0 for a row equal to the mean up to rounding.
    lengths : array of shape (n_samples, 1)
        What they were divided by; 0 for those.

    Notes
    -----
    So no table gains by being small or large, neither of two tables nor the same one
    a step later.
    """
    return align_to(V, *align_by(V))


def align_by(V):
    """Column means of a table and its largest magnitude, by which it is aligned."""
    xp = array_namespace(V)
    return xp.mean(V, axis=0), float(xp.max(xp.abs(V)))


def align_to(V, mean, peak):
    """As :func:`align`, by what :func:`align_by` found of another table."""
    xp = array_namespace(V)
    noise = 8 * float(xp.finfo(V.dtype).eps) * math.sqrt(V.shape[1])
    noise = noise * xp.clip(xp.max(xp.abs(V), axis=1, keepdims=True), min=peak)
    V = V - mean
    lengths = xp.linalg.vector_norm(V, axis=1, keepdims=True)
    lengths = xp.where(lengths > noise, lengths, xp.zeros_like(lengths))
    return V * _inverse(lengths), lengths


def align_backward(d_rows, rows, lengths):
    """Carry a gradient back through :func:`align`, whose results are given."""
    xp = array_namespace(d_rows)
    d = d_rows - xp.sum(d_rows * rows, axis=1, keepdims=True) * rows
    d = d * _inverse(lengths)
    return d - xp.mean(d, axis=0)


def _inverse(lengths):
    xp = array_namespace(lengths)
    kept = lengths > 0
    return xp.where(kept, 1 / xp.where(kept, lengths, xp.ones_like(lengths)), lengths)


def self_expression(C, layers, *, ridge=0.0, n_fixed=0, fixed_gram=None):
    r"""Error of rebuilding every row from the others, in all tables with one C.

    .. math:: \ell = \sum_l \|V_l - \bar C V_l\|_F^2 + \rho \|\bar C\|_F^2,
              \qquad \bar C = C - \mathrm{diag}(C)

    Parameters
    ----------
    C : array of shape (n, n)
    layers : list of arrays of shape (n, d_l)
        Tables :math:`V_l`, as :func:`align` leaves them.
    ridge : float, default=0.0
        :math:`\rho`.
    n_fixed : int, default=0
        The first `n_fixed` tables get no gradient.
    fixed_gram : array of shape (n, n), default=None
        :math:`\sum_l V_l V_l^T` over those tables, where it is known already. With it
        `layers` may be empty.

    Returns
    -------
    SelfExpression

    Notes
    -----
    With more columns in all than rows everything goes through
    :math:`K = \sum_l V_l V_l^T`,

    .. math:: \ell = \mathrm{tr}\, E K E^T + \rho \|\bar C\|^2, \quad
              \partial_C = 2 E K + 2 \rho \bar C, \quad
              \partial_{V_l} = 2 E^T E V_l, \qquad E = \bar C - I,

    which costs :math:`O(n^2 \sum_l d_l + n^3)`, about half of the direct form; else
    through the residuals, :math:`O(n^2 \sum_l d_l)`.
    """
    xp = array_namespace(C, *layers)
    n = C.shape[0]
    C = without_diagonal(C)
    E = C - xp.eye(n, dtype=C.dtype, device=device(C))
    free = layers[n_fixed:]
    if not layers or sum(V.shape[1] for V in layers) > n:
        known = fixed_gram is not None
        terms = [V @ V.T for V in (free if known else layers)]
        K = sum(terms, fixed_gram) if known else sum(terms[1:], terms[0])
        product = E @ K
        value = float(xp.sum(product * E))
        dC = 2 * product
        both = E.T @ E if free else None
        d_layers = [2 * (both @ V) for V in free]
    else:
        residuals = [E @ V for V in layers]
        value = sum(float(xp.sum(R * R)) for R in residuals)
        products = [R @ V.T for R, V in zip(residuals, layers, strict=True)]
        dC = 2 * sum(products[1:], products[0])
        d_layers = [2 * (E.T @ R) for R in residuals[n_fixed:]]
    if ridge:
        value = value + ridge * float(xp.sum(C * C))
        dC = dC + 2 * ridge * C
    return SelfExpression(value, without_diagonal(dC), [None] * n_fixed + d_layers)


def regress_on_others(K, alpha):
    r"""Minimise the self-expression loss over C, in closed form.

    Parameters
    ----------
    K : array of shape (n, n)
        :math:`\sum_l V_l V_l^T`, symmetric. **Used up**: a NumPy array may hold the
        result afterwards.
    alpha : float
        Ridge :math:`\rho > 0`.

    Returns
    -------
    C : array of shape (n, n)
        :math:`C_{ij} = -P_{ij} / P_{ii}` with :math:`P = (K + \rho I)^{-1}`, and a
        zero diagonal.

    Notes
    -----
    Cost :math:`O(n^3)`; on NumPy no second matrix is made.
    """
    xp = array_namespace(K)
    n = K.shape[0]
    if not is_numpy_array(K):
        P = xp.linalg.inv(K + alpha * xp.eye(n, dtype=K.dtype, device=device(K)))
        C = -P / xp.linalg.diagonal(P)[:, None]
        return without_diagonal(C)
    if not K.flags.c_contiguous or not K.flags.writeable:
        K = np.array(K, order="C")
    K.ravel()[:: n + 1] += alpha
    factor, invert = lapack.get_lapack_funcs(("potrf", "potri"), (K,))
    P, failed = factor(K.T, lower=1, clean=0, overwrite_a=1)
    if not failed:
        P, failed = invert(P, lower=1, overwrite_c=1)
    if failed:
        raise np.linalg.LinAlgError(
            "The Gram matrix is not positive definite; use a larger alpha."
        )
    P = P.T  # its upper triangle holds the inverse
    for start in range(0, n, BLOCK):
        stop = min(start + BLOCK, n)
        square = np.triu(P[start:stop, start:stop])
        P[start:stop, start:stop] = square + np.triu(square, 1).T
        P[stop:, start:stop] = P[start:stop, stop:].T
    P /= -np.diag(P)[:, None]
    P.ravel()[:: n + 1] = 0.0
    return P


def structured_norm(C, labels, *, power=0.5, smoothing=1e-8):
    r"""Weight of the affinity between different clusters, and its gradient.

    .. math:: \ell_Q = \sum_{q_i \ne q_j} (|C_{ij}| + |C_{ji}| + \delta)^p

    Parameters
    ----------
    C : array of shape (n, n)
    labels : integer ndarray of shape (n,)
        On the host.
    power : float, default=0.5
        :math:`p`.
    smoothing : float, default=1e-8
        :math:`\delta`: without it the slope at zero is infinite.

    Returns
    -------
    value : float
    gradient : array of shape (n, n)
        :math:`2 p (|C_{ij}| + |C_{ji}| + \delta)^{p - 1} \mathrm{sign}\, C_{ij}`
        between different clusters, zero elsewhere.
    """
    xp = array_namespace(C)
    labels = asarray_like(labels, C)
    different = labels[:, None] != labels[None, :]
    size = xp.abs(C)
    size = size + size.T + smoothing
    nothing = xp.zeros_like(C)
    value = float(xp.sum(xp.where(different, size**power, nothing)))
    slope = 2 * power * size ** (power - 1) * xp.sign(C)
    return value, xp.where(different, slope, nothing)


def distance_pattern(X, V):
    r"""How far squared distances of V are from a multiple of those of X.

    .. math:: \ell = \| G / \|G\|_F - H / \|H\|_F \|_F^2, \quad
              G_{ij} = \|v_i - v_j\|^2, \; H_{ij} = \|x_i - x_j\|^2

    Parameters
    ----------
    X : array of shape (n, n_features)
    V : array of shape (n, d)

    Returns
    -------
    value : float
        Zero where distances agree up to a factor, 1 where all rows of V are equal.
    gradient : array of shape (n, d)
        By V.
    """
    xp = array_namespace(X, V)
    H, G = _squared_distances(X), _squared_distances(V)
    size_h, size_g = (float(xp.linalg.vector_norm(D)) for D in (H, G))
    H = H / size_h if size_h > 0 else H
    if size_g == 0:
        return 1.0, xp.zeros_like(V)
    G = G / size_g
    E = 2 * (G - H)
    B = (E - xp.sum(E * G) * G) / size_g
    gradient = 4 * (xp.sum(B, axis=1)[:, None] * V - B @ V)
    return float(xp.sum((G - H) ** 2)), gradient


def effective_rank(V):
    """Exponential of the entropy of the spectrum of centred rows.

    Parameters
    ----------
    V : array of shape (n_samples, n_features)

    Returns
    -------
    rank : float
        Between 1 and the rank; 0 where all rows are equal.
    """
    xp = array_namespace(V)
    V = V - xp.mean(V, axis=0)
    s = xp.linalg.svdvals(V)
    if float(s[0]) == 0:
        return 0.0
    energy = (s / s[0]) ** 2
    share = energy / xp.sum(energy)
    logs = xp.log(xp.where(share > 0, share, xp.ones_like(share)))
    return math.exp(-float(xp.sum(share * logs)))


def _squared_distances(V):
    xp = array_namespace(V)
    V = V - xp.mean(V, axis=0)
    square = xp.sum(V * V, axis=1)
    D = square[:, None] + square[None, :] - 2 * (V @ V.T)
    return without_diagonal(xp.clip(D, min=0.0))
