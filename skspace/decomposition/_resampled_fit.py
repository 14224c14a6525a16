"""Reducers solved again for resampled rows, and compared with those of all rows."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone

from .._array import array_namespace, to_numpy
from .._rank import NotEnoughYetError, most_of_ladle
from .._response import response_columns
from .._rows import RowsHere
from ..linalg._moments import slice_moments
from ..linalg._slices import Slicing, assign_slices
from ._influence import fitted_pooling
from ._principal_hessian import PrincipalHessianDirections


def resolver(estimator, X, y, weights):
    """Return a function that solves for rows that count so often."""
    if isinstance(estimator, PrincipalHessianDirections):
        table = response_columns(y, estimator.target_type, estimator.n_slices, weights)
        rows = RowsHere(X)
        return lambda counts: estimator._solve(rows, table, counts, warn=False)
    rule = estimator._slicing
    if not isinstance(rule, Slicing):
        return lambda counts: estimator._solve(
            estimator._summarise(X, y, counts, rule), rule
        )
    # Slices stay as they are, also those that a resample leaves nearly empty.
    pooling = fitted_pooling(estimator)
    labels = pooling.groups[assign_slices(rule, y)]
    solver = clone(estimator).set_params(min_slice=1)

    def resolve(counts):
        drawn = slice_moments(
            X,
            labels,
            pooling.n_slices,
            weights=counts,
            per_slice=estimator._second_order,
            fourth=X.shape[1] if estimator.shrinkage == "auto" else 0,
        )
        return solver._solve(drawn, rule)

    return resolve


class Start(NamedTuple):
    """Directions of all rows, that resampled ones are compared with."""

    spectrum: Any
    inverse: Any  # of the whitening
    vectors: Any  # whitened, at least n_components and what the ladle looks at
    basis: Any  # orthonormal, of the span in the coordinates of the features
    signs: Any  # of components_
    n_components: int


def start_of(estimator, solution):
    xp = array_namespace(solution.directions.vectors)
    d = estimator.n_components_
    vectors = solution.directions.vectors
    vectors = vectors[:, : max(d, most_of_ladle(solution.spectrum))]
    raw = solution.whitening.forward @ vectors[:, :d]
    fitted = xp.astype(estimator.components_, xp.float64)
    signs = xp.sign(xp.sum(raw * xp.matrix_transpose(fitted), axis=0))
    return Start(
        solution.spectrum,
        solution.whitening.inverse,
        vectors,
        xp.linalg.qr(raw)[0],
        signs,
        d,
    )


class Draw(NamedTuple):
    """Directions of one resample, compared with those of all rows; on the host."""

    components: Any
    distance: float
    spectrum: Any
    product: Any


def compare(start, solution, align):
    """Turn resampled directions towards those of all rows.

    Directions are compared in the metric of the covariance, where they are
    orthonormal; distances are those of the coordinates of the features.
    """
    xp = array_namespace(start.vectors)
    d, k = start.n_components, start.vectors.shape[1]
    if solution.spectrum.most < d:
        raise NotEnoughYetError("The resample shows fewer directions.")
    raw = solution.whitening.forward @ solution.directions.vectors[:, :k]
    seen = xp.matrix_transpose(start.inverse) @ raw
    towards = xp.matrix_transpose(start.vectors[:, :d]) @ seen[:, :d]
    raw = raw[:, :d]
    if align == "sign":
        turned = raw * xp.sign(xp.linalg.diagonal(towards))
    else:
        U, _, Vt = xp.linalg.svd(towards)
        turned = raw @ xp.matrix_transpose(U @ Vt)
    unit = start.signs * turned / xp.linalg.vector_norm(turned, axis=0)
    Q, _ = xp.linalg.qr(raw)
    apart = Q - start.basis @ (xp.matrix_transpose(start.basis) @ Q)
    Q, _ = xp.linalg.qr(seen)
    product = np.zeros((k, k))
    product[:, : Q.shape[1]] = to_numpy(xp.matrix_transpose(start.vectors) @ Q)
    return Draw(
        to_numpy(xp.matrix_transpose(unit)),
        float(xp.linalg.vector_norm(apart)) / math.sqrt(d),
        solution.spectrum,
        product,
    )


def unbiased(spectrum, drawn):
    """Move resampled eigenvalues to where their mean is that of all rows.

    Resampling adds noise to the noise there is, which about doubles the eigenvalues
    of directions that do not matter; every rule would find too many.
    """
    length = max(len(s.eigenvalues) for s in (spectrum, *drawn))

    def padded(values):
        return np.append(values, np.zeros(length - len(values)))

    table = np.stack([padded(s.eigenvalues) for s in drawn])
    table += padded(spectrum.eigenvalues) - np.mean(table, axis=0)
    table = -np.sort(-np.maximum(table, 0.0), axis=1)
    return [s._replace(eigenvalues=row) for s, row in zip(drawn, table, strict=True)]
