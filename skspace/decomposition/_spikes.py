"""Which eigenvalues of a sample covariance are signal, as SpikedPCA asks."""

from __future__ import annotations

import warnings
from numbers import Integral, Real

import numpy as np

from ..exceptions import DegenerateDataWarning
from ..linalg._shrinkage import (
    NoiseEstimate,
    largest_noise_eigenvalue,
    noise_from_median,
    noise_from_trace,
    optimal_hard_threshold,
)
from ._pca_base import check_number, fewest


def choose_solver(solver, n_components, n_samples, n_features):
    """Choose the solver on shapes alone, or refuse it."""
    if solver == "randomized" and not isinstance(n_components, Integral):
        raise ValueError(
            "svd_solver='randomized' needs the number of components, got "
            f"n_components={n_components!r}; pass an int, or another solver."
        )
    check_number(n_components, n_samples, n_features)
    if solver != "auto":
        return solver
    tall = n_features <= 1000 and n_samples >= 10 * n_features
    return "covariance_eigh" if tall else "full"


def find_noise(axes, n_free, n_features, *, given, leading):
    """Variance of the noise, and the number of eigenvalues it does not explain.

    Parameters
    ----------
    axes : PrincipalAxes
    n_free : int
        Degrees of freedom of the covariance.
    n_features : int
        Number of features that vary.
    given : "median" or float
        The variance, or how to estimate it.
    leading : bool
        Whether `axes` holds leading eigenvalues only, which have no median.

    Returns
    -------
    NoiseEstimate
    """
    values = axes.eigenvalues
    if given != "median":
        edge = largest_noise_eigenvalue(n_free, n_features, given)
        return NoiseEstimate(float(given), int(np.sum(values > edge)))
    if leading:
        return noise_from_trace(values, axes.total, n_free, n_features)
    return noise_from_median(values, n_free, n_features)


def keep(wanted, axes, noise, n_free, n_features):
    """Apply the parameter ``n_components``.

    Returns
    -------
    n_kept : int
        At least one.
    threshold : float
        Eigenvalues above it are signal, by the rule wanted or else by "mp".
    """
    values = axes.eigenvalues
    threshold = largest_noise_eigenvalue(n_free, n_features, noise.variance)
    if wanted is None:
        return len(values), threshold
    if isinstance(wanted, Integral):
        return int(wanted), threshold
    if isinstance(wanted, Real):
        return fewest(values, axes.total or 1.0, wanted), threshold
    n_kept = noise.n_spikes
    if wanted == "gavish-donoho":
        threshold = optimal_hard_threshold(n_free, n_features, noise.variance)
        n_kept = int(np.sum(values > threshold))
    if n_kept == 0:
        warnings.warn(
            f"No eigenvalue exceeds {threshold:.3g}, which noise of variance "
            f"{noise.variance:.3g} explains; the largest is {values[0]:.3g}. One "
            "component is kept; ask for a number of components if you know better.",
            DegenerateDataWarning,
            stacklevel=2,
        )
    return max(1, n_kept), threshold
