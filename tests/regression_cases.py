"""Correct digits of regressions, and the preconditioners that iterate."""

import numpy as np

ITERATIVE = ["none", "jacobi", "block", "schur", "sketch"]


def digits(found, truth):
    """Correct digits of the worst coefficient."""
    with np.errstate(divide="ignore"):
        return np.min(-np.log10(np.abs(np.asarray(found) / truth - 1)))


def both(model):
    """Constant and coefficients."""
    return np.r_[model.intercept_, model.coef_]
