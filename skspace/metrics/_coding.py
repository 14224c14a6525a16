"""Coding rates: how many nats describe features, as a whole and cluster by cluster."""

from __future__ import annotations

import math
from numbers import Real

import numpy as np

from .._array import (
    array_namespace,
    asarray_like,
    is_array_api_obj,
    same_place,
    to_numpy,
)
from ..linalg._basis import real_array
from ..linalg._coding_rate import cluster_volumes, log_volume
from ._clustering import label_codes

__all__ = ["coding_length", "coding_rate", "rate_reduction"]

LARGEST = 1e300
"""Bound of what is summed in a log-volume."""


def coding_rate(Z, eps2=0.1):
    r"""Rate of coding features up to a precision: the volume they spread over.

    .. math:: R(Z) = \tfrac{1}{2} \log\det\left(I + \frac{d}{n ε²} Z^T Z\right)

    Parameters
    ----------
    Z : array-like of shape (n_samples, n_features)
        Features, usually rows of unit length.
    eps2 : float, default=0.1
        Mean squared error ε² allowed for a row.

    Returns
    -------
    rate : float
        In nats, at least 0. Small for features in few directions.

    Raises
    ------
    ValueError
        When `Z` is not a finite table, `eps2` not positive, or squares of `Z` by it
        overflow.

    See Also
    --------
    rate_reduction : What clusters save.

    Notes
    -----
    Cost O(n d min(n, d)), in float64 whatever the precision of `Z`.

    References
    ----------
    Y. Yu, K. H. R. Chan, C. You, C. Song and Y. Ma, "Learning diverse and
    discriminative representations via the principle of maximal coding rate
    reduction", NeurIPS 2020. :doi:`10.48550/arXiv.2006.08558`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.metrics import coding_rate
    >>> line, plane = np.array([[1.0, 0.0]] * 4), np.array([[1.0, 0.0], [0.0, 1.0]] * 2)
    >>> round(coding_rate(line), 3), round(coding_rate(plane), 3)
    (1.522, 2.398)
    """
    Z = _table(Z, eps2)
    n, d = Z.shape
    return log_volume(Z, d / (n * eps2)) / 2


def rate_reduction(Z, membership, eps2=0.1):
    r"""Rate that coding every cluster on its own saves (MCR²).

    .. math:: ΔR = R(Z) - \frac{1}{2n} \sum_j t_j \log\det\left(I +
              \frac{d}{t_j ε²} Z^T \mathrm{diag}(γ_j) Z\right), \quad
              t_j = \sum_i γ_{ij}

    Large where clusters lie in different, low-dimensional subspaces and together span
    many directions. Measured on the *input*, it judges labels without a truth.

    Parameters
    ----------
    Z : array-like of shape (n_samples, n_features)
        Features, usually rows of unit length.
    membership : array-like of shape (n_samples,) or (n_samples, n_parts)
        Labels, or nonnegative weights of every sample in every part.
    eps2 : float, default=0.1
        Mean squared error ε² allowed for a row.

    Returns
    -------
    reduction : float
        In nats. Not negative for labels; 0 for a single cluster.

    Raises
    ------
    ValueError
        When `Z` is not a finite table, `membership` does not fit to it or has
        weights that are no shares, `eps2` is not positive, or squares of `Z` by it
        overflow.

    See Also
    --------
    coding_length : Compares partitions into different numbers of clusters.
    skspace.cluster.MCR2Clustering : Learns features that make it large.

    Notes
    -----
    More clusters save more, without limit: compare partitions into one number of
    clusters. Cost O(n d min(n, d)) for labels and as much for every column of
    weights, in float64.

    References
    ----------
    .. [1] Y. Yu, K. H. R. Chan, C. You, C. Song and Y. Ma, "Learning diverse and
       discriminative representations via the principle of maximal coding rate
       reduction", NeurIPS 2020. :doi:`10.48550/arXiv.2006.08558`
    .. [2] T. Ding, S. Tong, K. H. R. Chan, X. Dai, Y. Ma and B. D. Haeffele,
       "Unsupervised manifold linearizing and clustering", ICCV 2023.
       :doi:`10.1109/ICCV51070.2023.00502`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.metrics import rate_reduction
    >>> Z = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    >>> round(rate_reduction(Z, [0, 0, 1, 1]), 3)
    0.876
    >>> round(rate_reduction(Z, [0, 1, 0, 1]), 3)
    0.0
    """
    Z = _table(Z, eps2)
    n, d = Z.shape
    whole = log_volume(Z, d / (n * eps2)) / 2
    n_axes = membership.ndim if is_array_api_obj(membership) else np.ndim(membership)
    if n_axes == 1:
        sizes, volumes = cluster_volumes(Z, _labels(membership, n, "membership"), eps2)
        return whole - float(sizes @ volumes) / (2 * n)
    xp = array_namespace(Z)
    weights = real_array(membership, "membership")
    if not same_place(weights, Z):
        weights = asarray_like(to_numpy(weights), Z)
    weights = xp.astype(weights, xp.float64)
    if weights.ndim != 2 or weights.shape[0] != n:
        raise ValueError(
            f"membership must hold one label or one row of weights for each of the {n} "
            f"samples, got shape {tuple(weights.shape)}."
        )
    if not bool(xp.all((weights >= 0) & (weights < LARGEST / n))):
        raise ValueError(
            "membership has negative weights, or such whose sum overflows; weights are "
            "shares."
        )
    parts = 0.0
    for j in range(weights.shape[1]):
        share = weights[:, j]
        t = float(xp.sum(share))
        if t > 0:
            rows = Z * xp.sqrt(share / t)[:, None]
            parts += t * log_volume(rows, d / eps2)
    return whole - parts / (2 * n)


def coding_length(Z, labels, eps2=0.1):
    r"""Length of features written down cluster by cluster, clusters included.

    .. math:: L = \sum_k \frac{n_k + d}{2} \log\det\left(I + \frac{d}{n_k ε²} Z_k^T Z_k
              \right) - n_k \log\frac{n_k}{n}

    Every cluster pays for its subspace and every sample for its label, so lengths
    compare over numbers of clusters: take the shortest.

    Parameters
    ----------
    Z : array-like of shape (n_samples, n_features)
        Features, usually rows of unit length.
    labels : array-like of shape (n_samples,)
        Cluster of each sample; every value, -1 included, is a cluster.
    eps2 : float, default=0.1
        Mean squared error ε² allowed for a row.

    Returns
    -------
    length : float
        In nats.

    Raises
    ------
    ValueError
        When `Z` is not a finite table, `labels` do not fit to it, `eps2` is not
        positive, or squares of `Z` by it overflow.

    See Also
    --------
    rate_reduction : Compares partitions into one number of clusters.

    Notes
    -----
    Cost O(n d min(n, d)). The share d / (n + d) of the cost of subspaces is large where
    there are more features than samples: reduce the features first.

    References
    ----------
    Y. Ma, H. Derksen, W. Hong and J. Wright, "Segmentation of multivariate mixed data
    via lossy data coding and compression", IEEE Transactions on Pattern Analysis and
    Machine Intelligence 29 (2007). :doi:`10.1109/TPAMI.2007.1085`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.metrics import coding_length
    >>> Z = np.repeat(np.eye(3), 20, axis=0)
    >>> one, three = np.zeros(60, dtype=int), np.repeat([0, 1, 2], 20)
    >>> coding_length(Z, three) < coding_length(Z, one)
    True
    """
    Z = _table(Z, eps2)
    n, d = Z.shape
    sizes, volumes = cluster_volumes(Z, _labels(labels, n, "labels"), eps2)
    return float(np.sum((sizes + d) / 2 * volumes - sizes * np.log(sizes / n)))


def _table(Z, eps2):
    """Z as a finite table of real numbers."""
    Z = real_array(Z, "Z")
    if Z.ndim != 2 or not min(Z.shape):
        raise ValueError(
            f"Z must be a table with samples and features, got shape {tuple(Z.shape)}."
        )
    if not (isinstance(eps2, Real) and 0 < eps2 < math.inf):
        raise ValueError(f"eps2 must be a positive number, got {eps2!r}.")
    xp, (n, d) = array_namespace(Z), Z.shape
    largest = float(xp.max(xp.abs(Z)))
    if not largest * largest * max(n, d) * max(1, d / eps2) < LARGEST:
        raise ValueError(
            f"Squares of Z, of entries up to {largest:.1g}, by eps2={eps2:g} overflow; "
            "bring rows to unit length, or take a larger eps2."
        )
    return Z


def _labels(labels, n_samples, what):
    """Labels on the host, numbered."""
    codes = label_codes(labels, what)
    if codes.shape != (n_samples,):
        raise ValueError(
            f"{what} must hold one label for each of the {n_samples} samples, got "
            f"{codes.shape[0]}."
        )
    return codes
