"""How many eigenvalues are signal, how strong the noise is, and what to shrink.

All of it concerns the spectrum of a sample covariance, a short list of numbers, and
runs on the host in float64.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq

from ._spectrum import spike_debias

TRACY_WIDOM_99 = 2.0234
"""Quantile .99 of the Tracy-Widom law of real matrices (order 1)."""


class NoiseEstimate(NamedTuple):
    """Noise variance and the number of eigenvalues that it does not explain."""

    variance: float
    n_spikes: int


def mp_median(gamma):
    """Median of the non-zero part of the Marchenko-Pastur law of unit variance.

    `gamma` is n_features / n_samples. With λ = 1 + γ - 2√γ cos θ the density is
    2 sin²θ / (π λ), smooth in θ.
    """
    if gamma > 1:  # the non-zero eigenvalues of XᵀX and XXᵀ are the same
        return gamma * mp_median(1.0 / gamma)

    def value(theta):
        return 1.0 + gamma - 2.0 * math.sqrt(gamma) * math.cos(theta)

    def share(theta):
        return quad(lambda t: 2 * math.sin(t) ** 2 / (math.pi * value(t)), 0, theta)[0]

    return value(brentq(lambda theta: share(theta) - 0.5, 1e-3, math.pi))


def largest_noise_eigenvalue(n_free, n_features, sigma2=1.0):
    """Return what pure noise exceeds with an eigenvalue once in a hundred fits.

    The edge of the bulk is exceeded about once in six fits; the Tracy-Widom law
    (Johnstone 2001) says how far, for a known variance. `n_free` are the degrees of
    freedom of the samples.
    """
    a, b = math.sqrt(n_free), math.sqrt(n_features)
    spread = (a + b) * (1 / a + 1 / b) ** (1 / 3)
    return sigma2 * ((a + b) ** 2 + TRACY_WIDOM_99 * spread) / n_free


def optimal_hard_threshold(n_free, n_features, sigma2=1.0):
    """Eigenvalue below which a component costs more than it brings, when not shrunk.

    The square of the threshold of Gavish & Donoho (2014), 4/√3 for square tables.
    """
    beta = min(n_free, n_features) / max(n_free, n_features)
    root = math.sqrt(beta * beta + 14 * beta + 1)
    squared = 2 * (beta + 1) + 8 * beta / (beta + 1 + root)
    return sigma2 * squared * max(n_free, n_features) / n_free


def noise_from_median(eigenvalues, n_free, n_features):
    """Noise variance that puts the median of the bulk where theory has it.

    Eigenvalues above what noise explains leave the bulk, which lowers the median,
    until none leaves any more. Without r directions and r degrees of freedom of the
    samples, the rest has the law of a smaller table.
    """
    size = min(n_free, n_features)
    bulk = np.sort(np.asarray(eigenvalues, dtype=float))[::-1][:size]
    n_spikes = 0
    while True:
        n, d = n_free - n_spikes, n_features - n_spikes
        median = float(np.median(bulk[n_spikes:]))
        variance = median / mp_median(d / n) * n_free / n
        edge = largest_noise_eigenvalue(n_free, n_features, variance)
        found = min(int(np.sum(bulk > edge)), size - 1)
        if found <= n_spikes or variance == 0.0:
            return NoiseEstimate(variance, max(found, n_spikes))
        n_spikes = found


def noise_from_trace(eigenvalues, total, n_free, n_features):
    """Noise variance for which signals and noise add up to the total variance.

    Needs the leading eigenvalues only, as many as there are signals or more.
    """
    variance = total / n_features
    for _ in range(1000):  # falls monotonically; linear convergence
        signal = spike_debias(eigenvalues, n_features / n_free, variance)
        following = max(0.0, total - float(np.sum(signal.signal_variance))) / n_features
        if variance - following <= 1e-12 * total / n_features:
            break
        variance = following
    edge = largest_noise_eigenvalue(n_free, n_features, variance)
    return NoiseEstimate(variance, int(np.sum(eigenvalues > edge)))


def shrink_eigenvalues(eigenvalues, gamma, sigma2, loss):
    """Return population eigenvalues, noise included, of least expected loss.

    Below the edge of the bulk that is sigma2 for every loss (Donoho, Gavish &
    Johnstone 2018). With ℓ the debiased eigenvalue and c², s² the squared cosine and
    sine between true and sample vector, all over sigma2: ℓ for the operator norm,
    c²ℓ + s² for the Frobenius norm, ℓ / (c² + s²ℓ) for Stein's loss.
    """
    signal, cosine = spike_debias(eigenvalues, gamma, sigma2)
    if loss == "operator":
        return signal + sigma2
    if loss == "frobenius":
        return signal * cosine + sigma2
    if sigma2 == 0.0:
        return signal
    return (signal + sigma2) / (cosine + (1.0 - cosine) * (1.0 + signal / sigma2))


def denoising_factors(eigenvalues, gamma, sigma2):
    """Factor of every coordinate that brings the rows nearest to their signals.

    Optimal for the Frobenius norm of the table (Gavish & Donoho 2017): with l the
    signal variance and c² the squared cosine, c² l / (l + sigma2). It is 0 up to the
    edge and rises to 1.
    """
    signal, cosine = spike_debias(eigenvalues, gamma, sigma2)
    total = signal + sigma2
    return cosine * np.divide(signal, total, out=np.zeros_like(signal), where=total > 0)
