"""Influence of single observations on what a linear model makes of fair scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._array import array_namespace, asarray_like, to_numpy
from .._sklearn import HasMethods, StrOptions, validate_params
from ..linalg._downstream_influence import (
    coefficient_influence,
    expectations,
    fit_linear,
    group_mean_influence,
)
from ..linalg._slices import effective_size
from ..linalg._span_influence import moved_vector
from ._fair_sdr import FairSDR
from ._influence_rows import check_rows_of_fit, fair_rows, reducer_rows

__all__ = ["fairness_influence"]

BLOCK_BYTES = 2**24
"""Rows are taken in blocks whose arrays have about this size."""

MOST_GROUPS = 10
"""More distinct values of the attribute than these are numbers and make no groups."""


@dataclass(frozen=True, eq=False, repr=False)
class FairnessInfluence:
    """Influence on a model and its parity gap: see :func:`fairness_influence`."""

    scores: Any
    distances: Any
    coef: Any
    intercept: Any
    coef_influence: Any
    intercept_influence: Any
    coef_standard_error: Any
    intercept_standard_error: Any
    groups: Any = None
    group_means: Any = None
    group_influence: Any = None
    gap: Any = None
    gap_influence: Any = None
    gap_standard_error: Any = None

    def __repr__(self):
        scores = to_numpy(self.scores)
        first = np.argsort(-scores, kind="stable")[:3]
        largest = ", ".join(f"{scores[i]:.2g} of {i}" for i in first)
        gap = ""
        if self.gap is not None:
            error = float(self.gap_standard_error)
            gap = f"; gap {float(self.gap):.3g} ± {error:.2g}"
        return (
            f"{type(self).__name__}({len(scores)} samples, mean score "
            f"{np.mean(scores):.2g}; largest: {largest}{gap})"
        )


@validate_params(
    {
        "estimator": [HasMethods(["fit", "transform"])],
        "model": [StrOptions({"auto", "linear", "logistic"})],
    },
    prefer_skip_nested_validation=True,
)
def fairness_influence(
    estimator, X, y, *, sensitive_features=None, sample_weight=None, model="auto"
):
    """Measure how each observation moves a model of fair scores, and its parity gap.

    A linear or logistic model without a penalty is fitted to the scores of a fitted
    reducer. An observation moves it twice: as one of the rows it is fitted to, and by
    moving the directions. The influence is the derivative of both together when the
    data move towards the observation: deleting one of n samples changes a quantity by
    about ``-influence / (n - 1)``. Large influence points at samples to look at, not at
    samples to delete.

    Parameters
    ----------
    estimator : FairSDR, SlicedInverseRegression, SlicedAverageVarianceEstimation or \
DirectionalRegression
        Fitted, without shrinkage.
    X : array-like or sparse matrix of shape (n_samples, n_features)
        The rows of the fit.
    y : array-like of shape (n_samples,)
        What the model predicts: numbers, or two classes. The directions of the target
        are those of the same y.
    sensitive_features : array-like of shape (n_samples,) or (n_samples, n_columns), \
default=None
        The attributes of the fit, where they are no columns of X; for reducers other
        than :class:`FairSDR` only the groups of the gap.
    sample_weight : array-like of shape (n_samples,), default=None
        The weights of the fit. The influence of a row is that of counting it once.
    model : {"auto", "linear", "logistic"}, default="auto"
        Least squares, or log-odds of the second class. "auto" takes "logistic" for two
        classes.

    Returns
    -------
    influence : FairnessInfluence
        With these arrays, in the library and the precision of `X`:

        - `coef`, (n_analysed,), and `intercept`: the model in the units of the
          features, ``intercept + x @ coef``, which is the same whatever basis of their
          span the scores are taken along;
        - `coef_influence`, (n_samples, n_analysed), and `intercept_influence`,
          (n_samples,): influence on these;
        - `scores`, (n_samples,): size of the change of the linear predictor, its root
          mean square over the rows; `distances`, (n_samples,): Mahalanobis distances;
        - `groups`, (n_groups,) or (n_groups, n_columns): values of the attribute;
          `group_means`, (n_groups,): mean predictions, probabilities for "logistic";
          `group_influence`, (n_samples, n_groups): influence on these;
        - `gap`: highest group mean less the lowest; `gap_influence`, (n_samples,):
          influence on the difference of these two groups;
        - `coef_standard_error`, `intercept_standard_error`, `gap_standard_error`:
          ``sqrt(mean(influence ** 2) / n_samples)``.

        All that concerns groups is None without an attribute, and for one of more
        than ten values.

    Raises
    ------
    ValueError
        If the rows are not those of the fit; if the estimator is another method, was
        shrunken, or keeps no directions; if eigenvalues leave the span of the scores
        undetermined; if ``order="dcov"`` put back some shared directions but not all;
        or if a logistic model does not exist because scores separate the classes.

    See Also
    --------
    skspace.decomposition.sdr_influence : Influence on the directions themselves.
    skspace.inspection.InfluenceDisplay : Picture of the scores.

    Notes
    -----
    *Levels.* With ``base="complement"`` and ``base="target"`` all levels of
    :class:`FairSDR` are covered, whether shared directions came by "ratio", "utility"
    or "sensitivity". The model sees the span of its scores alone, so that only the
    projector on that span has to be followed: that on the directions of the attribute
    for the complement at level 0; at level "all" nothing moves, and the influence is
    that of a regression on all features.

    *What is held.* Slices stay as the fit cut them, and so do numbers of directions
    and features that were left out as dependent.

    *Notation.* E = w wᵀ - I for the observation in whitened coordinates, Q the
    projector on the span and dQ its influence, c the coefficients there, l the loss: c
    moves by dQ c - E c / 2 + G t, with G a basis of the span and t such that the moved
    gradient vanishes along the moved span. The gap moves directly, and through the
    coefficients.

    *Differences from the source.* The reference announces influence functions of the
    parameter trained after the reduction; only its abstract and summary were at hand.
    The formulas here are our own and were checked against numerical derivatives.

    *Use.* The theory is of first order: good where n is large against the number of
    features, and eigenvalues at the cut are apart.

    Cost O(n r² d) for d directions of target and attribute among r features, more for
    second moments as in :func:`~skspace.decomposition.sdr_influence`; in blocks.

    References
    ----------
    E. Shi, P. Bhagwat, Z. Yang, L. Kong and B. Jiang, "Understanding fairness and
    prediction error through subspace decomposition and influence analysis", NeurIPS
    (2025). :arxiv:`2510.23935`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.fairness import FairSDR, fairness_influence
    >>> rng = np.random.RandomState(0)
    >>> X = rng.standard_normal((500, 4))
    >>> z = X[:, 1] + X[:, 2] + 0.3 * rng.standard_normal(500) > 0
    >>> y = X[:, 0] + X[:, 1] + rng.standard_normal(500) > 0
    >>> X[7], y[7] = [-4, -4, 0, 0], True
    >>> fair = FairSDR(base="target").fit(X, y, sensitive_features=z)
    >>> found = fairness_influence(fair, X, y, sensitive_features=z)
    >>> int(np.argmax(found.scores))
    7
    >>> found.coef.shape, found.coef_influence.shape
    ((4,), (500, 4))
    >>> bool(abs(found.gap) < 3 * found.gap_standard_error)
    True
    """
    check_is_fitted(estimator, "components_")
    if isinstance(estimator, FairSDR):
        rows = fair_rows(estimator, X, y, sensitive_features, sample_weight)
    else:
        rows = reducer_rows(estimator, X, y, sensitive_features, sample_weight)
    return _influence(rows, model)


def _influence(rows, model):
    """Fit the model, then go through the rows in blocks."""
    xp = array_namespace(rows.W)
    n = rows.W.shape[0]
    weights = np.ones(n) if rows.weights is None else rows.weights
    n_samples = effective_size(int(np.count_nonzero(weights)), np.sum(weights))
    share = asarray_like(weights / np.sum(weights), rows.W)
    check_rows_of_fit(rows.W, share)
    y, logistic = _predicted(rows.y, weights, model)
    fit = fit_linear(
        rows.W, asarray_like(y, rows.W), share, rows.basis, logistic=logistic
    )
    means = expectations(rows.W, share, fit)
    rate = fit.curvature  # derivative of the prediction, 1 or s (1 - s)
    groups, member = _groups(rows.attribute, weights)
    if groups is not None:
        member = asarray_like(member * 1.0, rows.W)
    group_means, blocks = None, []
    rank = rows.W.shape[1]
    size = max(BLOCK_BYTES // (8 * rank * max(rank, 8)), 1)
    for start in range(0, n, size):
        own = slice(start, min(start + size, n))
        W = rows.W[own, :]
        moved = [xp.zeros_like(W), xp.zeros_like(W)]
        for sign, span in rows.motion(own, W):
            moved = [
                before + sign * moved_vector(span, x)
                for before, x in zip(moved, (fit.coef, means.pull), strict=True)
            ]
        d_intercept, dc = coefficient_influence(
            W, fit.slope[own], rows.basis, fit.coef, means, *moved
        )
        block = [
            xp.sqrt(d_intercept**2 + xp.sum(dc * dc, axis=1)),
            xp.linalg.vector_norm(W, axis=1),
            dc @ xp.matrix_transpose(rows.forward),
            d_intercept - dc @ (rows.mean @ rows.forward),
        ]
        if groups is not None:
            group_means, influence = group_mean_influence(
                rows.W, fit.mean, rate, member, share, own, d_intercept, dc
            )
            block.append(influence)
        blocks.append(block)
    arrays = [xp.concat(list(parts)) for parts in zip(*blocks, strict=True)]

    def error(influence):
        return xp.sqrt(xp.tensordot(share, influence**2, axes=1) / n_samples)

    coef = rows.forward @ fit.coef
    found = {
        "scores": arrays[0],
        "distances": arrays[1],
        "coef": coef,
        "intercept": fit.intercept - rows.mean @ coef,
        "coef_influence": arrays[2],
        "intercept_influence": arrays[3],
        "coef_standard_error": error(arrays[2]),
        "intercept_standard_error": error(arrays[3]),
    }
    if groups is not None:
        high, low = int(xp.argmax(group_means)), int(xp.argmin(group_means))
        gap_influence = arrays[4][:, high] - arrays[4][:, low]
        found |= {
            "group_means": group_means,
            "group_influence": arrays[4],
            "gap": group_means[high] - group_means[low],
            "gap_influence": gap_influence,
            "gap_standard_error": error(gap_influence),
        }
    found = {
        name: float(x) if x.ndim == 0 else xp.astype(x, rows.dtype)
        for name, x in found.items()
    }
    return FairnessInfluence(groups=groups, **found)


def _predicted(y, weights, model):
    """Numbers to be predicted, and whether they are classes."""
    if y.ndim != 1:
        raise ValueError(f"y must have one column, got {y.shape[1]}.")
    classes = np.unique(y[weights > 0])
    two = len(classes) == 2
    if model == "logistic" and not two:
        raise ValueError(
            f"model='logistic' needs a y of two classes, got {len(classes)}."
        )
    if two and (model != "linear" or y.dtype.kind not in "iuf"):
        return (y == classes[1]) * 1.0, model != "linear"
    if y.dtype.kind not in "iufb":
        raise ValueError(
            f"y holds {len(classes)} classes of {y.dtype}: the model predicts numbers, "
            "or two classes. Compare one class with the others, y == some_class."
        )
    return y.astype(np.float64), False


def _groups(attribute, weights):
    """Values of the attribute and membership of every row, or None twice."""
    if attribute is None:
        return None, None
    table = attribute[:, None] if attribute.ndim == 1 else attribute
    codes = [np.unique(column, return_inverse=True)[1] for column in table.T]
    codes = np.stack(codes, axis=1)
    kept, first = np.unique(codes[weights > 0], axis=0, return_index=True)
    if len(kept) > MOST_GROUPS:
        return None, None
    if len(kept) < 2:
        raise ValueError(
            "The sensitive attribute has a single value: there is no gap to measure."
        )
    member = np.all(codes[:, None, :] == kept, axis=2)
    return attribute[weights > 0][first], member
