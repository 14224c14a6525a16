"""What a fitted Gaussian-RBF model says of its active subspace."""

from __future__ import annotations

import numpy as np

from .._array import asarray_like, to_numpy
from .._rank import Spectrum, choose_rank
from ..linalg._gradient_moments import leading_axes
from ..linalg._rbf import input_gradients, row_blocks


def describe(estimator, model, rows, frame):
    """Fitted attributes of a model in standardised units, as a dict.

    Parameters
    ----------
    estimator : GaussianRBF
        For ``n_components`` and ``importance``.
    model : Model
    rows : Rows
        At which gradients are averaged.
    frame : Frame
        Units of inputs and outputs.
    """
    like, (scales, outputs) = rows.X, frame
    unit = asarray_like(outputs.scale, like)
    L = to_numpy(model.L)
    centers = to_numpy(model.C) * scales.scale + scales.mean
    gradients = gradient_covariance(model, rows)
    scale = scales.scale
    if not estimator.standardize:  # the one scale of all features goes back
        L, gradients = L / scale[0], gradients / scale[0] ** 2
        scale = np.ones_like(scale)
    cholesky = lower(L)
    precision = cholesky @ cholesky.T
    eigenvalues, vectors = leading_axes(precision)
    n_components, evidence = choose(
        estimator.n_components, eigenvalues, L.shape[1], rows
    )
    found = {
        "centers_": asarray_like(centers, like),
        "dual_coef_": model.coef * unit,
        "intercept_": model.intercept * unit + asarray_like(outputs.mean, like),
        "cholesky_": asarray_like(cholesky, like),
        "precision_": asarray_like(precision, like),
        "eigenvalues_": asarray_like(eigenvalues, like),
        "components_": asarray_like(vectors[:, :n_components].T / scale, like),
        "explained_precision_ratio_": asarray_like(
            share(eigenvalues)[:n_components], like
        ),
        "gradient_covariance_": asarray_like(gradients, like),
        "feature_importances_": asarray_like(
            importances(
                estimator.importance,
                precision,
                eigenvalues,
                vectors,
                gradients,
                n_components,
            ),
            like,
        ),
        "mean_": asarray_like(scales.mean, like),
        "scale_": asarray_like(scale, like),
        "n_components_": n_components,
    }
    if evidence is not None:
        found["rank_evidence_"] = evidence
    return found


def lower(L):
    """Lower trapezoidal factor with ``P = L L'`` and no negative diagonal."""
    _, R = np.linalg.qr(L.T)
    sign = np.where(np.diagonal(R) < 0, -1.0, 1.0)
    return np.tril((R * sign[:, None]).T)


def share(values):
    """Values by their sum, or zeros."""
    total = np.sum(values)
    return values / total if total > 0 else np.zeros_like(values)


def choose(rule, eigenvalues, rank, rows):
    """Apply the rule for the number of components; with its evidence."""
    if not np.any(eigenvalues > 0):
        return 1, None
    return choose_rank(
        rule,
        Spectrum(eigenvalues, rank, rank, rows.total, 0, first_order=False),
    )


def gradient_covariance(model, rows):
    """Mean outer product of the gradients of the outputs, summed over outputs."""
    U = model.C @ model.L
    covariance = 0
    for block in row_blocks(rows.X.shape[0], model.C.shape[0], rows.X):
        Z = rows.X[block, :] @ model.L
        weights = rows.weights[block, None]
        for gradients in input_gradients(Z, U, model.L, model.coef):
            covariance = covariance + gradients.T @ (weights * gradients)
    covariance = to_numpy(covariance) / rows.total
    return (covariance + covariance.T) / 2


def importances(kind, precision, eigenvalues, vectors, gradients, n_components):
    """Share importance among features; shares sum to one where any is positive."""
    if kind == "eigen":
        return share(np.abs(vectors) @ eigenvalues)
    if kind == "diagonal":
        return share(np.maximum(np.diagonal(precision), 0.0))
    values, axes = leading_axes(gradients)
    return share(axes[:, :n_components] ** 2 @ values[:n_components])
