"""Moments of slices as estimators take them: small slices pooled, then whitened."""

from __future__ import annotations

import warnings

import numpy as np

from ._array import to_numpy
from ._rank import NotEnoughYetError
from .exceptions import DegenerateDataWarning
from .linalg._moments import total_moments
from .linalg._slices import pool_small_slices
from .linalg._whitening import ledoit_wolf_shrinkage, whiten

ILL_CONDITIONED = 1e10
"""Above this ratio of the eigenvalues of correlations a covariance lacks digits."""


def pool_slices(weight, n_samples, rule, min_slice, *, constant, warn, name="y"):
    """Pool slices with fewer than `min_slice` samples.

    Parameters
    ----------
    weight : array of shape (n_slices,)
        Sum of weights in each slice.
    n_samples : float
        Number of samples that these weights stand for.
    rule : Slicing
    min_slice : int
    constant : str
        Message where fewer than two slices hold samples.
    warn : bool
    name : str, default="y"
        What was sliced.

    Returns
    -------
    Pooling

    Raises
    ------
    NotEnoughYetError
    """
    weight = to_numpy(weight)
    pooling = pool_small_slices(rule, weight * (n_samples / np.sum(weight)), min_slice)
    if pooling.n_slices < 2:
        raise NotEnoughYetError(constant)
    if warn and pooling.n_small and rule.discrete:
        how = "neighbours" if rule.ordered else "each other"
        whose = "" if name == "y" else f" of {name}"
        warnings.warn(
            f"Classes{whose} with fewer than min_slice={min_slice} samples: "
            f"{pooling.n_small}. They are pooled with {how} where that leaves "
            f"two slices or more; {pooling.n_slices} slices are left.",
            DegenerateDataWarning,
            stacklevel=2,
        )
    return pooling


def whiten_moments(moments, *, rcond, shrinkage, warn):
    """Whitened coordinates; ``shrinkage="auto"`` is that of Ledoit and Wolf.

    Raises
    ------
    NotEnoughYetError
        If no feature varies.
    """
    total = total_moments(moments)
    shrinkage = shrinkage or 0.0
    if shrinkage == "auto":
        shrinkage = ledoit_wolf_shrinkage(moments, total)
    try:
        whitening = whiten(
            total.mean, total.covariance, rcond=rcond, shrinkage=shrinkage
        )
    except ValueError as error:
        raise NotEnoughYetError(str(error)) from None
    if warn and not shrinkage and whitening.rank >= moments.n_samples - 1:
        warnings.warn(
            f"{whitening.rank} independent features of {moments.n_samples:g} "
            "samples: whitened samples are all equally far apart, and the "
            "directions fit these samples only. Pass shrinkage='auto', or reduce "
            "the features first.",
            DegenerateDataWarning,
            stacklevel=2,
        )
    return whitening


def check_influence_exists(shrinkage, whitening):
    """Refuse influence on directions of features that no influence function suits.

    Raises
    ------
    ValueError
        If the features were shrunken, or are all but dependent.
    """
    if shrinkage:
        raise ValueError(
            f"Influence needs whitened features, got shrinkage={shrinkage!r}:"
            " shrunken directions are biased in a way no influence function shows. "
            "Fit with shrinkage=None on fewer features."
        )
    if whitening.condition > ILL_CONDITIONED:
        raise ValueError(
            "The features are all but dependent, which leaves no digits for influence:"
            f" the eigenvalues of their correlations span {whitening.condition:.1g}. "
            "Leave whiten_rcond at its default, or drop features."
        )
