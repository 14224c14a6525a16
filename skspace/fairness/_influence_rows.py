"""Rows of a fit as their influence needs them, and how the span of scores moves."""

from __future__ import annotations

from typing import Any, NamedTuple

import scipy.sparse as sp

from .._array import array_namespace
from .._response import check_response
from .._slice_moments import check_influence_exists
from .._validation import check_same_place
from ..decomposition import sdr_influence
from ..linalg._centred import centred_product
from ..linalg._span_influence import MovingSpan
from ._motion import OTHER_ROWS, check_cells_of_fit, fair_motion

__all__ = ["FitRows", "check_rows_of_fit", "fair_rows", "reducer_rows"]


class FitRows(NamedTuple):
    """Rows of a fit, and how the span of their scores moves.

    ``motion(rows, W)`` gives pairs of sign and moving span for some of the rows; the
    projector on the span of the scores moves as theirs do, with these signs.
    """

    W: Any  # (n, r), float64
    forward: Any  # (p, r)
    mean: Any  # (p,)
    basis: Any  # (r, m)
    motion: Any
    y: Any  # on the host
    attribute: Any  # on the host, or None
    weights: Any  # on the host, or None
    dtype: Any


def reducer_rows(estimator, X, y, attribute, sample_weight):
    """Rows and motion of a sufficient dimension reducer."""
    found = sdr_influence(
        estimator,
        X,
        y,
        sample_weight=sample_weight,
        align="rotation",
        return_components=True,
    )
    X, y, weights = estimator._validate(X, y, sample_weight, reset=False)
    if attribute is not None:
        attribute = check_response(attribute, X, name="sensitive_features")
    xp = array_namespace(found.whitening)
    forward = xp.astype(found.whitening, xp.float64)
    mean = xp.astype(estimator.mean_, xp.float64)
    raw = xp.astype(xp.matrix_transpose(estimator.components_), xp.float64)
    basis = xp.linalg.pinv(forward) @ raw
    basis = basis / xp.linalg.vector_norm(basis, axis=0)
    moved = xp.matrix_transpose(xp.astype(found.directions, xp.float64))

    def motion(rows, _):
        return [(1, MovingSpan(basis, moved[rows, :, :]))]

    W = centred_product(X, mean, forward)
    return FitRows(W, forward, mean, basis, motion, y, attribute, weights, X.dtype)


def fair_rows(estimator, X, y, sensitive_features, sample_weight):
    """Rows and motion of a fair decomposition."""
    if y is None:
        raise ValueError("fairness_influence needs y, which the model predicts.")
    found = estimator._found
    _check_covered(estimator, found)
    X, y, attribute, weights = estimator._validate(
        X, y, sensitive_features, sample_weight, reset=False
    )
    check_same_place(
        estimator,
        X.data if sp.issparse(X) else X,
        estimator.components_,
        "fairness_influence",
    )
    blocks = found.blocks
    xp = array_namespace(blocks.residual)
    parts = [blocks.target, blocks.shared[:, : estimator.n_shared_]]
    if estimator.base == "complement":
        parts.insert(1, blocks.residual)
    columns = estimator._columns(y if estimator._has_target else None, attribute)
    check_cells_of_fit(estimator, X, columns, weights)
    motion = fair_motion(estimator, columns)
    W = centred_product(X, found.whitening.mean, found.whitening.forward)
    return FitRows(
        W,
        found.whitening.forward,
        found.whitening.mean,
        xp.concat(parts, axis=1),
        motion,
        y,
        attribute,
        weights,
        X.dtype,
    )


def _check_covered(estimator, found):
    """Refuse what has no influence function."""
    check_influence_exists(estimator.shrinkage, found.whitening)
    if estimator.n_components_ == 0:
        raise ValueError("No direction is kept at this level; raise n_shared.")


def check_rows_of_fit(W, share):
    """Refuse other rows than those that were whitened."""
    xp = array_namespace(W)
    mean = xp.max(xp.abs(share @ W))
    spread = xp.max(xp.abs(share @ (W * W) - 1))
    if max(float(mean), float(spread)) > OTHER_ROWS:
        raise ValueError(
            "X and sample_weight must be those of the fit: the model is fitted to the "
            "rows that the directions were found from."
        )
