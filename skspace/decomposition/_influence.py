"""Influence of single observations on directions, and standard errors from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.utils.validation import check_is_fitted

from .._array import array_namespace, asarray_like, to_numpy
from .._sklearn import HasMethods, StrOptions, validate_params
from .._slice_moments import check_influence_exists
from .._validation import check_memory, check_same_place
from ..linalg._centred import centred_product
from ..linalg._influence import (
    average_variance_influence,
    directional_influence,
    eigenvector_influence,
    frame_influence,
    inverse_regression_influence,
    projector_score,
)
from ..linalg._inverse_moments import (
    TIE,
    average_variance_kernel,
    directional_kernel,
    inverse_regression_kernel,
    leading_directions,
    whitened_moments,
)
from ..linalg._slices import assign_slices, effective_size, pool_small_slices
from ..linalg._triangular import lower_inverse
from ._directional_regression import DirectionalRegression
from ._sliced_average_variance import SlicedAverageVarianceEstimation
from ._sliced_inverse_regression import SlicedInverseRegression

__all__ = ["sdr_influence"]

BLOCK_BYTES = 2**24
"""Rows are taken in blocks whose arrays have about this size."""


METHODS = {
    SlicedInverseRegression: (inverse_regression_kernel, inverse_regression_influence),
    SlicedAverageVarianceEstimation: (
        average_variance_kernel,
        average_variance_influence,
    ),
    DirectionalRegression: (directional_kernel, directional_influence),
}
"""Kernel matrix and its influence, of the methods that have one."""


@dataclass(frozen=True, eq=False, repr=False)
class SDRInfluence:
    """How far each observation moves the directions: see :func:`sdr_influence`."""

    scores: Any
    original_scores: Any
    distances: Any
    standard_error: Any
    components: Any = None
    directions: Any = None
    whitening: Any = None

    def __repr__(self):
        scores = to_numpy(self.scores)
        first = np.argsort(-scores, kind="stable")[:3]
        largest = ", ".join(f"{scores[i]:.2g} of {i}" for i in first)
        return (
            f"{type(self).__name__}({len(scores)} samples, mean score "
            f"{np.mean(scores):.2g}; largest: {largest})"
        )


@validate_params(
    {
        "estimator": [HasMethods(["fit", "transform"])],
        "align": [StrOptions({"sign", "rotation"})],
        "return_components": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def sdr_influence(
    estimator, X, y, *, sample_weight=None, align="sign", return_components=False
):
    """Measure how far each observation moves the directions of a fitted reducer.

    The influence of an observation is the derivative of a quantity when the data
    move towards it: deleting one of n samples changes the quantity by about
    ``-influence / (n - 1)``. Large scores point at samples to look at, not at
    samples to delete.

    Parameters
    ----------
    estimator : SlicedInverseRegression, SlicedAverageVarianceEstimation or \
DirectionalRegression
        Fitted, by `fit` or `partial_fit`, without shrinkage, and with fewer
        directions than the features have dimensions.
    X : array-like or sparse matrix of shape (n_samples, n_features)
        Rows to assess: those of the fit, some of them, or new ones.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Their responses.
    sample_weight : array-like of shape (n_samples,), default=None
        How often each row counts in the standard errors. The influence of a row is
        that of counting it once.
    align : {"sign", "rotation"}, default="sign"
        What the directions are compared with. "sign" takes each for itself, as
        ``components_`` are. "rotation" takes them as a frame of their span, turned
        to fit best: only the span matters, and directions with close eigenvalues,
        which may turn within it, do no harm. With one direction both are the same;
        scores are always.
    return_components : bool, default=False
        Whether to return the influence on each entry of ``components_`` and of the
        whitened directions, ``n_components`` x ``n_features`` numbers a row.

    Returns
    -------
    influence : SDRInfluence
        With these arrays, in the library and the precision of `X`:

        - `scores`, (n_samples,): influence on the projector on the directions in
          whitened coordinates, its Frobenius norm; the units of the features do not
          change it;
        - `original_scores`, (n_samples,): the same of the orthogonal projector on the
          span of ``components_``, in the coordinates and units of the features;
        - `distances`, (n_samples,): Mahalanobis distances from the mean. Samples far
          out can have influence, and need not;
        - `standard_error`, (n_components, n_features): asymptotic standard errors of
          the entries of ``components_``; infinite where directions share an
          eigenvalue and each is asked for;
        - `components`, (n_samples, n_components, n_features), or None: influence on
          ``components_``;
        - `directions`, (n_samples, n_components, rank), or None: influence on the
          whitened directions;
        - `whitening`, (n_features, rank), or None: the matrix A of the whitened
          coordinates ``(X - mean_) @ A`` that they belong to.

    Raises
    ------
    ValueError
        If the estimator is another method, or all its directions are kept; if the
        features were shrunken or are all but dependent; if the eigenvalues leave the
        span of the directions, or each direction asked for, undetermined; or if a
        response falls in a slice without training rows.

    See Also
    --------
    sdr_bootstrap : Uncertainty of directions and of their number by resampling.
    skspace.inspection.InfluenceDisplay : Picture of the scores.

    Notes
    -----
    *Coordinates.* Let w = Aᵀ (x - mean) be the whitened coordinates of the fit, G the
    directions there and M the kernel matrix, so that A G are the directions of the
    features, and ``components_`` its columns at unit length. `directions` and
    `scores` belong to G and to G Gᵀ: moved data are whitened by the symmetric root of
    their covariance in the coordinates w, and only M counts. `components` and
    `original_scores` belong to what moves altogether: with E = w wᵀ - I,
    A (IF(G) - E G / 2), made to unit length.

    *What is held.* Slices stay as the fit cut them, and so do features that were
    left out as dependent. Where the method finds directions of the central subspace
    their span does not depend on the cuts to first order, so that standard errors
    under ``align="rotation"`` miss nothing; single directions within the span do.

    *Standard errors* are ``sqrt(mean(influence ** 2) / n_samples)``, with the rows
    given as the sample: pass those of the fit. They hold for many samples and well
    separated eigenvalues; :func:`sdr_bootstrap` asks less.

    Principal Hessian directions, principal fitted components and outer products of
    gradients have no formula here and are refused; resample them
    (:func:`sdr_bootstrap`).

    Cost O(n p r) for sliced inverse regression with d directions, O(n n_slices r²)
    for the others, and O(n r d (r + p)) for what is in the units of the features;
    in blocks of rows.

    References
    ----------
    L. A. Prendergast, "Influence functions for sliced inverse regression",
    Scandinavian Journal of Statistics 32 (2005).
    :doi:`10.1111/j.1467-9469.2005.00447.x`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.decomposition import SlicedInverseRegression, sdr_influence
    >>> rng = np.random.RandomState(0)
    >>> X = rng.standard_normal((300, 4))
    >>> y = X[:, 0] + 0.1 * rng.standard_normal(300)
    >>> X[7], y[7] = [-5, 5, 0, 0], 3
    >>> sir = SlicedInverseRegression(n_components=1).fit(X, y)
    >>> influence = sdr_influence(sir, X, y)
    >>> int(np.argmax(influence.scores))
    7
    >>> sir.components_.round(2) + 0.0
    array([[ 0.99,  0.14, -0.02, -0.01]])
    >>> influence.standard_error.round(2)
    array([[0.02, 0.11, 0.01, 0.02]])
    """
    frame = fitted_frame(estimator)
    d, rank = estimator.n_components_, frame.vectors.shape[1]
    if d == rank:
        raise ValueError(
            f"All {d} directions are kept, and no observation moves a projector on "
            f"everything; fit with n_components below {rank}."
        )
    X, y, weights = estimator._validate(X, y, sample_weight, reset=False)
    entries = X.data if sp.issparse(X) else X
    check_same_place(estimator, entries, estimator.mean_, "sdr_influence")
    if return_components:
        size = max(frame.forward.shape)
        check_memory(
            8 * X.shape[0] * d * size,
            what="The influence of each row on each coefficient",
            remedy="leave out return_components, or pass fewer rows",
        )
        if align == "sign" and frame.tied:
            raise ValueError(
                "Directions share an eigenvalue, so that each of them is undetermined "
                "within their span; use align='rotation'."
            )
    return influence_of_rows(frame, estimator, X, y, weights, align, return_components)


def influence_of_rows(frame, estimator, X, y, weights, align, return_components=False):
    """As :func:`sdr_influence`, of rows that are validated."""
    xp = array_namespace(frame.vectors)
    labels = asarray_like(_labels(estimator, frame, y), frame.vectors)
    share = np.ones(X.shape[0]) if weights is None else weights
    n_samples = effective_size(int(np.count_nonzero(share)), np.sum(share))
    share = asarray_like(share / np.sum(share), frame.vectors)
    rotate = align == "sign" and not frame.tied
    rank, d = frame.vectors.shape[1], estimator.n_components_
    size = max(BLOCK_BYTES // (8 * (rank + X.shape[1]) * (d + 2)), 1)
    blocks, squares = [], 0.0
    for start in range(0, X.shape[0], size):
        rows = slice(start, min(start + size, X.shape[0]))
        W = centred_product(X[rows, :], frame.mean, frame.forward)
        block = _block(frame, W, labels[rows], d, rotate)
        squares = squares + xp.sum(share[rows, None, None] * block[3] ** 2, axis=0)
        kept = block if return_components else block[:3]
        blocks.append([xp.astype(x, X.dtype) for x in kept])
    arrays = [xp.concat(list(parts)) for parts in zip(*blocks, strict=True)]
    error = xp.sqrt(squares / n_samples)
    if align == "sign" and frame.tied:
        error = xp.full_like(error, xp.inf)
    if return_components:
        arrays.append(xp.astype(frame.forward, X.dtype))
    return SDRInfluence(*arrays[:3], xp.astype(error, X.dtype), *arrays[3:])


class _Frame(NamedTuple):
    """A fitted model in whitened coordinates, all eigenvectors of it."""

    mean: Any
    forward: Any  # (p, r)
    moments: Any  # of the slices that are left after pooling
    groups: Any  # pooled number of each slice, on the host
    influence: Any  # function of layer 1
    eigenvalues: Any  # (r,)
    vectors: Any  # (r, r)
    components: Any  # (d, p), float64
    tied: bool


def _method(estimator):
    for cls, method in METHODS.items():
        if isinstance(estimator, cls):
            return method
    names = ", ".join(cls.__name__ for cls in METHODS)
    raise ValueError(
        f"Influence functions are those of {names}; got {type(estimator).__name__}. "
        "sdr_bootstrap resamples other methods."
    )


def fitted_pooling(estimator):
    """How the slices of a fitted model were pooled."""
    moments = estimator._moments
    weight = to_numpy(moments.weight)
    weight = weight * (moments.n_samples / np.sum(weight))
    return pool_small_slices(estimator._slicing, weight, estimator.min_slice)


def fitted_frame(estimator):
    """Collect what influence needs, or refuse by a ValueError."""
    kernel, influence = _method(estimator)
    check_is_fitted(estimator, "components_")
    pooled = estimator._pooled(estimator._moments, estimator._slicing, warn=False)
    whitening = estimator._whiten(pooled, warn=False)
    check_influence_exists(estimator.shrinkage, whitening)
    whitened = whitened_moments(pooled, whitening)
    eigenvalues, G = leading_directions(kernel(whitened), whitening)
    d = estimator.n_components_
    values = to_numpy(eigenvalues)
    equal = -np.diff(values) <= TIE * values[0]
    if d < len(values) and equal[d - 1]:
        raise ValueError(
            f"Eigenvalues {d} and {d + 1} are equal, so that the span of {d} "
            "directions is undetermined; fit with another n_components."
        )
    xp = array_namespace(G)
    raw = xp.matrix_transpose(whitening.forward @ G[:, :d])
    fitted = xp.astype(estimator.components_, xp.float64)
    turn = xp.sign(xp.sum(raw * fitted, axis=1))
    G = xp.concat([G[:, :d] * turn, G[:, d:]], axis=1)
    return _Frame(
        whitening.mean,
        whitening.forward,
        whitened,
        fitted_pooling(estimator).groups,
        influence,
        eigenvalues,
        G,
        fitted,
        bool(np.any(equal[: d - 1])),
    )


def _labels(estimator, frame, y):
    """Slice of each row among those in use."""
    labels = frame.groups[assign_slices(estimator._slicing, y)]
    if np.any(labels < 0):
        raise ValueError(
            f"Row {int(np.argmin(labels))} has a response in a slice that held no "
            "training rows, where influence is infinite; leave such rows out."
        )
    return labels


def _along(coefficients, basis):
    """Vectors Σ_b C[b, a] basis[:, b] in rows: (n, d, size of the basis)."""
    xp = array_namespace(basis)
    return xp.matrix_transpose(coefficients) @ xp.matrix_transpose(basis)


def _block(frame, W, labels, d, rotate):
    """Scores and influence of a block of rows.

    Returns
    -------
    scores, original_scores, distances : array of shape (n,)
    components : array of shape (n, d, p)
        Influence on components of unit length.
    directions : array of shape (n, d, r)
    """
    xp = array_namespace(W)
    G = frame.vectors
    dM = frame.influence(frame.moments, W, labels, G, G[:, :d])
    turned = eigenvector_influence(dM, frame.eigenvalues, rotate=rotate)
    moved = frame_influence(turned, W @ G)
    raw = frame.forward @ G
    # What leaves the span, from a basis that is orthonormal in the plain metric.
    Q, R = xp.linalg.qr(raw[:, :d])
    beyond = raw[:, d:] - Q @ (xp.matrix_transpose(Q) @ raw[:, d:])
    # CuPy does not solve a stack of systems with one matrix
    out = lower_inverse(xp.matrix_transpose(R)) @ _along(moved[:, d:, :], beyond)
    original = math.sqrt(2) * xp.sqrt(xp.sum(out * out, axis=(1, 2)))
    # A factor of length changes a unit vector by what is orthogonal to it.
    length = xp.linalg.vector_norm(raw[:, :d], axis=0)
    components = _along(moved, raw) / length[:, None]
    along = xp.sum(components * frame.components, axis=2)
    components = components - along[:, :, None] * frame.components
    distances = xp.linalg.vector_norm(W, axis=1)
    scores = projector_score(turned)
    return scores, original, distances, components, _along(turned, G)
