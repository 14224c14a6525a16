"""Columns before an estimate: maps of each column, constants, ties."""

from __future__ import annotations

import warnings

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from .._array import is_array_api_obj, to_numpy
from ..exceptions import DegenerateDataWarning

__all__ = [
    "MARGINALS",
    "as_columns",
    "drop_constant_columns",
    "in_range",
    "on_host",
    "tied_share",
    "transform_marginals",
]

MARGINALS = ("none", "standard", "normal_score", "rank")
"""Maps of each column; none of them changes the mutual information."""


def on_host(X):
    """Move an array of any library to the host; leave what is no array as it is."""
    return to_numpy(X) if is_array_api_obj(X) else X


def as_columns(X):
    """Give a sample of one dimension its column."""
    if np.ndim(X) != 1:
        return X
    return X[:, None] if is_array_api_obj(X) else np.asarray(X)[:, None]


def transform_marginals(X, marginals):
    """Map every column by an increasing function.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    marginals : {"none", "standard", "normal_score", "rank"}
        As it is; to mean 0 and variance 1; to the quantiles Φ⁻¹(r / (n + 1)) of the
        standard normal distribution; to r / (n + 1). r is the rank, the mean one among
        ties.

    Returns
    -------
    ndarray of shape (n, d), float64
    """
    X = np.asarray(X, dtype=np.float64)
    if marginals == "none":
        return X
    if marginals == "standard":
        X = in_range(X)
        X = X - np.mean(X, axis=0)
        deviation = np.std(X, axis=0)
        return X / np.where(deviation > 0, deviation, 1.0)
    ranks = rankdata(X, axis=0) / (len(X) + 1)
    return ranks if marginals == "rank" else ndtri(ranks)


def in_range(X):
    """Divide columns by powers of two, exactly, so that squares are in range."""
    return np.ldexp(X, -np.frexp(np.max(np.abs(X), axis=0))[1])


def drop_constant_columns(X, name):
    """Leave out columns of one value, with a warning, and say whether any were."""
    varies = np.any(X[:1] != X, axis=0)
    if np.all(varies):
        return X, False
    lost = np.flatnonzero(~varies)
    which = ", ".join(str(j) for j in lost[:5]) + (", ..." if len(lost) > 5 else "")
    warnings.warn(
        f"{len(lost)} of {X.shape[1]} columns of {name} hold one value only ({which}) "
        "and are left out: they carry no information.",
        DegenerateDataWarning,
        stacklevel=2,
    )
    return X[:, varies], True


def tied_share(X):
    """Share of values that another row of the same column has too, of the worst."""
    X = np.sort(X, axis=0)
    same = X[1:] == X[:-1]
    edge = np.zeros((1, X.shape[1]), dtype=bool)
    tied = np.concatenate([same, edge]) | np.concatenate([edge, same])
    return float(np.max(np.mean(tied, axis=0)))
