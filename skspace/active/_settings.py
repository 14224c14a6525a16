"""Parameters of Gaussian-RBF models that depend on each other or on the data."""

from __future__ import annotations

import warnings

import numpy as np

from ..exceptions import FewerCentersWarning

MOST_CENTERS = 200
LEAST_CENTERS = 10
ROWS_PER_CENTER = 4
LARGEST = 1e100


def check_settings(estimator):
    """Refuse combinations that no solver has.

    Raises
    ------
    ValueError
        For ``penalty="norm"`` with variable projection, which needs squares.
    """
    if estimator.penalty == "norm" and estimator.solver == "varpro":
        raise ValueError(
            "penalty='norm' has no closed form for the weights, which solver='varpro' "
            "needs; use solver='lbfgs' or solver='adam', or penalty='squared'."
        )


def check_sizes(X, scales, *, name="X", standardize=True):
    """Refuse rows whose squared distances leave the range of numbers.

    Raises
    ------
    ValueError
        For rows of the table itself only where features keep their units.
    """
    if np.min(scales.scale) < np.finfo(np.float64).smallest_normal:
        raise ValueError(
            f"A column of {name} varies by less than 2e-308, where digits are lost; "
            "multiply it by a constant."
        )
    away = np.max(np.abs(X / scales.scale - scales.mean / scales.scale), axis=0)
    if not standardize:  # what is reported is in units of X
        away = np.maximum(away, away * scales.scale)
        away = np.maximum(away, 1 / scales.scale)
    largest = float(np.max(away))
    if largest > LARGEST:
        raise ValueError(
            f"Entries of {name} are too far from the mean of X, or too near, for "
            f"squares of distances ({largest:.0e} or its inverse); set "
            "standardize=True or rescale them."
        )


def number_of_centers(n_centers, n_rows):
    """How many centres so many different rows get; fewer than asked with a warning."""
    if n_centers == "auto":
        wanted = min(MOST_CENTERS, max(LEAST_CENTERS, n_rows // ROWS_PER_CENTER))
        return min(wanted, n_rows)
    if n_centers > n_rows:
        warnings.warn(
            f"n_centers={n_centers} is more than the {n_rows} different rows; "
            f"{n_rows} centres are used. Pass more samples or ask for fewer centres.",
            FewerCentersWarning,
            stacklevel=2,
        )
    return min(n_centers, n_rows)
