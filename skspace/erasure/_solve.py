"""Erasers from moments; no row is touched."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._array import array_namespace, to_numpy
from ..linalg._erasure import (
    Eraser,
    covarying_directions,
    inverse_root,
    least_squares_duals,
    sparing_duals,
    spectral_eraser,
)
from ..linalg._moments import total_moments
from ..linalg._whitening import deviations, ledoit_wolf_shrinkage
from ._concept import n_numbers


class NothingToEraseError(ValueError):
    """The rows do not show a concept; more rows may."""


class Solution(NamedTuple):
    """The point that stays, the eraser, and how it was found."""

    mean: Any
    eraser: Eraser
    shrinkage: float | None = None
    cosines: Any = None


def solve(summary, n_features, *, method, eps, rcond, shrinkage):
    """Eraser from the moments of features, concept and target.

    Parameters
    ----------
    summary : Summary
    n_features : int
    method : {"leace", "oblique", "orthogonal"}
    eps : float
        Rounding unit of the data.
    rcond : float
    shrinkage : float or "auto"

    Returns
    -------
    Solution
    """
    total = total_moments(summary.moments)
    xp = array_namespace(total.mean)
    p, q = n_features, n_numbers(summary.concept)
    scale = deviations(total.mean, xp.linalg.diagonal(total.covariance))
    mean, covariance = total.mean[:p], total.covariance[:p, :p]

    def covarying(columns, name):
        if not bool(xp.any(scale[columns] > 0)):
            raise NothingToEraseError(_one_value(name))
        cross = total.covariance[:p, columns]
        return covarying_directions(cross, scale[:p], scale[columns], eps)

    U = covarying(slice(p, p + q), "concept")
    if method == "orthogonal":
        return Solution(mean, Eraser(U, U))
    if shrinkage == "auto":
        features = total._replace(mean=mean, covariance=covariance)
        shrinkage = ledoit_wolf_shrinkage(summary.moments, features)
    root = inverse_root(covariance, scale[:p], rcond=rcond, shrinkage=shrinkage)
    if method == "leace":
        duals, cosines = least_squares_duals(U, root), None
    else:
        spared = covarying(slice(p + q, p + q + n_numbers(summary.target)), "target y")
        duals, cosines = sparing_duals(U, spared, root)
    return Solution(mean, Eraser(U, duals), float(shrinkage), cosines)


def solve_spectral(summary, alpha_forget, alpha_retain, *, center):
    """Eraser from the moments of the rows to be retained and to be forgotten.

    Returns
    -------
    Solution
    """
    moments = summary.moments
    weight = to_numpy(moments.weight)
    if len(weight) < 2 or not np.all(weight > 0):
        raise NothingToEraseError(_one_value("concept"))
    xp = array_namespace(moments.mean)
    centre = total_moments(moments).mean if center else 0 * moments.mean[0, :]
    apart = moments.mean - centre
    inner = moments.scatter / moments.weight[:, None, None]
    second = inner + apart[:, :, None] * apart[:, None, :]
    if float(xp.max(xp.abs(second[1, :, :]))) == 0:
        raise NothingToEraseError(
            "All rows to be forgotten lie at the mean (or the origin): they have no "
            "directions."
        )
    eraser = spectral_eraser(
        second[1, :, :], second[0, :, :], alpha_forget, alpha_retain
    )
    return Solution(centre, eraser)


def _one_value(name):
    return (
        f"The {name} has one value in all rows, so there is nothing in the features "
        "that could tell of it. Pass one that varies."
    )
