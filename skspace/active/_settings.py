"""Parameters of Gaussian-RBF models that depend on each other or on the data."""

from __future__ import annotations

import warnings

import numpy as np

from .._warnings import FewerCentersWarning

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


def check_sizes(X, scales):
    """Refuse rows whose squared distances overflow.

    Raises
    ------
    ValueError
        Which only happens where features keep their units.
    """
    largest = float(np.max(np.abs(X - scales.mean) / scales.scale))
    if largest > LARGEST:
        raise ValueError(
            f"Entries of X are up to {largest:.0e} from their mean, and squares of "
            "distances would overflow; set standardize=True or rescale X."
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
