"""Random-matrix facts about sample covariances: the noise bulk and its spikes."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from .._array import array_namespace
from ._basis import real_array

__all__ = ["mp_edges", "spike_debias"]


class BulkEdges(NamedTuple):
    """Ends of the Marchenko-Pastur bulk."""

    lower: float
    upper: float


class Spikes(NamedTuple):
    """What eigenvalues above the bulk say about the signal beneath them."""

    signal_variance: Any
    squared_cosine: Any


def mp_edges(gamma, sigma2=1.0):
    """Return the edges of the Marchenko-Pastur law, where noise eigenvalues lie.

    Parameters
    ----------
    gamma : float
        Ratio n_features / n_samples.
    sigma2 : float, default=1.0
        Variance of the noise, in squared units of the data.

    Returns
    -------
    lower, upper : float
        Values sigma2 (1 - √gamma)² and sigma2 (1 + √gamma)². They bound the
        **non-zero** eigenvalues of XᵀX / n_samples as both sizes grow; for gamma > 1
        a share 1 - 1/gamma of all eigenvalues is zero besides.

    Raises
    ------
    ValueError
        If `gamma` or `sigma2` is negative or not finite.

    References
    ----------
    V. A. Marčenko and L. A. Pastur, "Distribution of eigenvalues for some sets of
    random matrices", Mathematics of the USSR-Sbornik 1 (1967).
    :doi:`10.1070/SM1967v001n04ABEH001994`

    Examples
    --------
    >>> from skspace.linalg import mp_edges
    >>> mp_edges(0.25, sigma2=2.0)
    BulkEdges(lower=0.5, upper=4.5)
    """
    for name, value in (("gamma", gamma), ("sigma2", sigma2)):
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"{name} must be finite and >= 0, got {value!r}.")
    root = math.sqrt(gamma)
    return BulkEdges(float(sigma2 * (1 - root) ** 2), float(sigma2 * (1 + root) ** 2))


def spike_debias(lam, gamma, sigma2=1.0):
    """Signal variance behind sample eigenvalues, and how well their vectors point.

    Parameters
    ----------
    lam : array-like
        Eigenvalues λ of a sample covariance XᵀX / n_samples, any shape.
    gamma : float
        Ratio n_features / n_samples.
    sigma2 : float, default=1.0
        Variance σ² of the noise.

    Returns
    -------
    signal_variance : array of the shape of `lam`
        Variance l of the signal alone: a population eigenvalue l + σ² shows
        itself as λ = (l + σ²)(1 + gamma σ² / l), and this is the inverse. At and
        below the upper edge of :func:`mp_edges` a signal cannot be told from
        noise, and l is 0.
    squared_cosine : array of the shape of `lam`
        Squared cosine between the sample eigenvector and the true one,
        (1 - gamma σ⁴ / l²) / (1 + gamma σ² / l), rising from 0 at the edge.

    Raises
    ------
    ValueError
        If `lam` is negative or not finite, or :func:`mp_edges` refuses the rest.

    Notes
    -----
    Both are limits for n_features and n_samples growing together, signals of fixed
    number and distinct variances.

    References
    ----------
    J. Baik and J. W. Silverstein, "Eigenvalues of large sample covariance matrices
    of spiked population models", Journal of Multivariate Analysis 97 (2006).
    :doi:`10.1016/j.jmva.2005.08.003`; D. Paul, "Asymptotics of sample eigenstructure
    for a large dimensional spiked covariance model", Statistica Sinica 17 (2007).

    Examples
    --------
    >>> from skspace.linalg import spike_debias
    >>> variance, squared_cosine = spike_debias([1.5, 5.625], gamma=0.5)
    >>> variance, squared_cosine.round(3)
    (array([0., 4.]), array([0.   , 0.861]))
    """
    mp_edges(gamma, sigma2)  # which refuses what is no ratio or no variance
    lam = real_array(lam, "lam")
    xp = array_namespace(lam)
    values = xp.astype(lam, xp.float64)
    if bool(xp.any(values < 0)):
        raise ValueError("Eigenvalues of a covariance are >= 0, lam has negative ones.")
    # Variances have a unit, in which sums of them stay in range.
    largest = max(float(xp.max(values)) if 0 not in lam.shape else 0.0, sigma2)
    unit = 2.0 ** (math.frexp(largest)[1] - 1)
    values, sigma2 = values / unit, sigma2 / unit
    lower, upper = mp_edges(gamma, sigma2)
    zero, one = xp.zeros_like(values), xp.ones_like(values)
    spike = values > upper
    above = xp.where(spike, values, upper * one)
    # l solves l² - (λ - (1 + γ)σ²) l + γσ⁴ = 0; the discriminant, factored, loses
    # nothing next to the edge.
    root = xp.sqrt(above - upper) * xp.sqrt(above - lower)
    variance = (above - (1 + gamma) * sigma2 + root) / 2
    # Where there is no spike anything in range will do.
    noise = sigma2 / xp.where(spike, variance, (upper or 1.0) * one)
    cosine = (1 - gamma * noise**2) / (1 + gamma * noise)
    found = xp.where(spike, variance * unit, zero), xp.where(spike, cosine, zero)
    return Spikes(*(xp.astype(x, lam.dtype) for x in found))
