"""Draw a fixed number of rows by scores, with weights that keep sums unbiased."""

from __future__ import annotations

import math
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from .._array import array_namespace, asarray_like, is_array_api_obj, to_numpy
from .._sklearn import Interval, validate_params
from .._validation import as_table
from ..linalg._row_scores import draw_fixed_size, inclusion_probabilities

__all__ = ["draw_rows"]


class RowSample(NamedTuple):
    """Rows drawn, their weights, and the probability of every row."""

    indices: Any
    sample_weight: Any
    probabilities: Any


def too_many(n_samples, n_rows):
    """Message for a sample larger than the table."""
    return (
        f"n_samples={n_samples} rows cannot be drawn from {n_rows} without drawing "
        f"some twice; ask for at most {n_rows}."
    )


@validate_params(
    {
        "scores": ["array-like"],
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def draw_rows(scores, n_samples, *, random_state=None):
    """Draw rows in proportion to scores, exactly as many as asked for.

    Parameters
    ----------
    scores : array-like of shape (n_rows,)
        Importance of each row, not negative; their unit does not matter.
    n_samples : int
        Number of rows to draw, at most ``n_rows``.
    random_state : int, RandomState instance or None, default=None
        Seed of the draw.

    Returns
    -------
    sample : tuple
        Named, of three arrays in the library of `scores`: `indices` (n_samples,), of
        distinct rows, rising; `sample_weight` (n_samples,), one over the probability;
        `probabilities` (n_rows,), ``min(1, c * scores)`` with c such that they sum to
        `n_samples`.

    Raises
    ------
    ValueError
        If scores are negative, not finite or all zero, or `n_samples` exceeds their
        number.

    See Also
    --------
    LpRowSampler : Scores and draws.

    Notes
    -----
    Sums ``Σ sample_weight f(row)`` over the sample are unbiased for those over all
    rows. Clipping probabilities at 1 without scaling the others up, as is often done,
    draws fewer rows than meant: a quarter of them on a table with few large rows.

    The draw is systematic sampling in a random order. Rows of score zero are drawn
    only when all others are. Cost O(n log n).

    References
    ----------
    C.-E. Särndal, B. Swensson and J. Wretman, "Model assisted survey sampling",
    Springer (1992), section 3.6. :doi:`10.1007/978-1-4612-4378-6`

    Examples
    --------
    >>> from skspace.sampling import draw_rows
    >>> sample = draw_rows([100.0, 1.0, 1.0, 1.0, 1.0], 3, random_state=0)
    >>> sample.probabilities
    array([1. , 0.5, 0.5, 0.5, 0.5])
    >>> sample.indices, sample.sample_weight
    (array([0, 1, 4]), array([1., 2., 2.]))
    """
    host = to_numpy(scores) if is_array_api_obj(scores) else scores
    host = as_table(host, ensure_2d=False, input_name="scores")
    if host.ndim != 1:
        raise ValueError(
            f"scores must have shape (n_rows,), got {host.shape}; pass one number a "
            "row."
        )
    like = host
    if is_array_api_obj(scores):  # integers too get weights that are real numbers
        real = getattr(array_namespace(scores), host.dtype.name)
        like = asarray_like(host, scores, dtype=real)
    if np.any(host < 0) or not np.any(host):
        raise ValueError(
            f"scores must not be negative and not all zero, got a minimum of "
            f"{np.min(host):g} and a maximum of {np.max(host):g}."
        )
    if n_samples > len(host):
        raise ValueError(too_many(n_samples, len(host)))
    rng = check_random_state(random_state)
    probabilities = inclusion_probabilities(host.astype(np.float64), n_samples)
    indices = draw_fixed_size(probabilities, n_samples, rng)
    return RowSample(
        asarray_like(indices, like),
        asarray_like(1 / probabilities[indices], like),
        asarray_like(probabilities, like),
    )


def sample_size(d, p, eps):
    """Rows of rank d that keep the error of norms below eps: a rule, see the guide."""
    size = 4 * d * math.log(2 * d) / eps**2 * max(1, d ** (p / 2 - 1))
    return max(math.ceil(size), d)


def round_sizes(n_rows, n_samples, rank, p, n_rounds):
    """Sizes of the samples of all rounds of root leverage, the last `n_samples`.

    A round leaves ``n_r / d = (n / d)^((1 - p/2)^r)`` rows in theory.
    """
    shrink = 1 - p / 2
    ratio = max(n_rows / rank, 1.0)
    if n_rounds == "auto":
        n_rounds, left = 1, math.log2(ratio) * shrink
        while left > 1:
            n_rounds, left = n_rounds + 1, left * shrink
    growth = max(n_rows / n_samples, 1.0)
    return [
        min(math.ceil(n_samples * growth ** (shrink**r)), n_rows)
        for r in range(1, n_rounds)
    ] + [n_samples]


def draw_in_rounds(lengths, n_rows, sizes, p, rng):
    """Draw by root leverage, each round from the rows that the one before kept.

    Parameters
    ----------
    lengths : callable
        ``lengths(kept, scale)`` is the leverage of the rows `kept` times `scale`.
    n_rows : int
    sizes : list of int
        Of the samples of all rounds.
    p : float
    rng : RandomState

    Returns
    -------
    kept : ndarray of shape (sizes[-1],), int64
    probabilities : ndarray of shape (n_rows,)
        Products over the rounds each row took part in.
    """
    kept, probabilities = np.arange(n_rows), np.ones(n_rows)
    for size in sizes:
        scores = lengths(kept, probabilities[kept] ** (-1 / p))
        share = inclusion_probabilities(scores ** (p / 2), size)
        probabilities[kept] *= share
        kept = kept[draw_fixed_size(share, size, rng)]
    return kept, probabilities
