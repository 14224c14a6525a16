"""Lower bounds on mutual information from scores of pairs, with their gradients.

A critic scores every x against every y: S[i, j] = f(x_i, y_j). Pairs that belong
together are on the diagonal. Every bound rewards high scores there and low ones beside
it; its gradient by S is written by hand.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from .._array import array_namespace, device

__all__ = ["BOUNDS", "Bound", "ScoreSums", "infonce", "nwj", "score_sums", "smile"]

SMILE_CLIP = 5.0
"""Scores beyond this count as this much in the normaliser of SMILE."""

NWJ_CLIP = 50.0
"""Largest exponent of NWJ."""


def infonce(S):
    """Symmetric InfoNCE: mean of the bounds by rows and by columns.

    Parameters
    ----------
    S : array of shape (n, n)
        Scores; pairs on the diagonal.

    Returns
    -------
    value : float
        mean_i [S_ii - (logsumexp_j S_ij + logsumexp_j S_ji) / 2] + log n: at most
        log n.
    gradient : array of shape (n, n)
        [1 - (softmax by rows + softmax by columns) / 2] / n, the 1 on the diagonal.

    References
    ----------
    A. van den Oord, Y. Li and O. Vinyals, "Representation learning with contrastive
    predictive coding" (2018). :doi:`10.48550/arXiv.1807.03748`
    """
    xp = array_namespace(S)
    n = S.shape[0]
    total, softmax = 0.0, []
    for axis in (1, 0):
        largest = xp.max(S, axis=axis, keepdims=True)
        E = xp.exp(S - largest)
        sums = xp.sum(E, axis=axis, keepdims=True)
        total += _sum(largest) + _sum(xp.log(sums))
        softmax.append(E / sums)
    value = (_sum(xp.linalg.diagonal(S)) - total / 2) / n + math.log(n)
    gradient = (_eye(S) - (softmax[0] + softmax[1]) / 2) / n
    return value, gradient


def nwj(S):
    """Bound of Nguyen, Wainwright and Jordan, without a ceiling.

    Parameters
    ----------
    S : array of shape (n, n)
        Scores; pairs on the diagonal. The best are 1 + the log density ratio.

    Returns
    -------
    value : float
        mean_i S_ii - mean_{i≠j} exp(S_ij - 1). Exponents are cut at 50.
    gradient : array of shape (n, n)

    References
    ----------
    X. Nguyen, M. J. Wainwright and M. I. Jordan, "Estimating divergence functionals
    and the likelihood ratio by convex risk minimization", IEEE Transactions on
    Information Theory 56 (2010). :doi:`10.1109/TIT.2010.2068870`
    """
    xp = array_namespace(S)
    n, eye = S.shape[0], _eye(S)
    E = (1 - eye) * xp.exp(xp.clip(S - 1, max=NWJ_CLIP)) / (n * (n - 1))
    return _sum(xp.linalg.diagonal(S)) / n - _sum(E), eye / n - E


def smile(S):
    """SMILE: the Donsker-Varadhan value with clipped scores; no bound in the strict.

    Parameters
    ----------
    S : array of shape (n, n)
        Scores; pairs on the diagonal. The best are the log density ratio.

    Returns
    -------
    value : float
        mean_i S_ii - log mean_{i≠j} exp(clip(S_ij, -5, 5)).
    gradient : array of shape (n, n)
        Of what is ascended in its place, the bound on the Jensen-Shannon divergence
        -mean_i softplus(-S_ii) - mean_{i≠j} softplus(S_ij).

    References
    ----------
    J. Song and S. Ermon, "Understanding the limitations of variational mutual
    information estimators", ICLR 2020. :doi:`10.48550/arXiv.1910.06222`
    """
    xp = array_namespace(S)
    n, eye = S.shape[0], _eye(S)
    pairs = n * (n - 1)
    E = (1 - eye) * xp.exp(xp.clip(S, min=-SMILE_CLIP, max=SMILE_CLIP))
    value = _sum(xp.linalg.diagonal(S)) / n - math.log(_sum(E) / pairs)
    # σ(S) = (1 + tanh(S / 2)) / 2 overflows nowhere
    sigmoid = (1 + xp.tanh(S / 2)) / 2
    return value, eye * (1 - sigmoid) / n - (1 - eye) * sigmoid / pairs


class ScoreSums(NamedTuple):
    """What the bounds need of all scores of n samples, in float64.

    Attributes
    ----------
    pairs : array of shape (n,)
        The diagonal.
    rows, columns : array of shape (n,)
        Logarithms of the sums of exp(S) over each row and column, without the diagonal.
    """

    pairs: Any
    rows: Any
    columns: Any


def score_sums(blocks, n, clip=(-math.inf, math.inf)):
    """Sum exponentials over rows and columns of scores that come in blocks of rows.

    Parameters
    ----------
    blocks : iterable of array of shape (b, n)
        Rows of the score matrix from first to last.
    n : int
        Number of samples.
    clip : (low, high)
        Scores beside the diagonal are cut to this range.

    Returns
    -------
    ScoreSums

    Notes
    -----
    O(n²) time, O(b n) memory: maxima and sums of columns are carried from block to
    block. Exponentials keep the dtype of the scores, sums are float64.
    """
    pairs, rows, columns, start = [], [], None, 0
    for S in blocks:
        xp = array_namespace(S)
        places = xp.arange(n, device=device(S))
        own = places[None, :] == places[start : start + S.shape[0], None]
        pairs.append(xp.sum(xp.where(own, S, 0.0), axis=1, dtype=xp.float64))
        if clip != (-math.inf, math.inf):
            S = xp.clip(S, min=clip[0], max=clip[1])
        S = xp.where(own, -math.inf, S)
        rows.append(_log_sum_exp(xp, S, 1))
        part = _log_sum_exp(xp, S, 0)
        columns = part if columns is None else xp.logaddexp(columns, part)
        start += S.shape[0]
    return ScoreSums(xp.concat(pairs), xp.concat(rows), columns)


def _log_sum_exp(xp, S, axis):
    least = float(xp.finfo(S.dtype).min)  # in the place of the -inf of empty sums
    largest = xp.clip(xp.max(S, axis=axis, keepdims=True), min=least)
    sums = xp.sum(xp.exp(S - largest), axis=axis, dtype=xp.float64)
    tiny = float(xp.finfo(xp.float64).smallest_normal)
    logs = xp.log(xp.clip(sums, min=tiny))
    values = xp.astype(xp.squeeze(largest, axis=axis), xp.float64) + logs
    return xp.where(sums > 0, values, -math.inf)


def pointwise_infonce(sums):
    """Part of every sample in symmetric InfoNCE, shape (n,); the mean is the bound."""
    xp = array_namespace(sums.pairs)
    rows = xp.logaddexp(sums.rows, sums.pairs)
    columns = xp.logaddexp(sums.columns, sums.pairs)
    return sums.pairs - (rows + columns) / 2 + math.log(sums.pairs.shape[0])


def pointwise_nwj(sums):
    """Part of every sample in NWJ, shape (n,); the mean is the bound."""
    xp = array_namespace(sums.pairs)
    others = 2 * max(sums.pairs.shape[0] - 1, 1)
    return sums.pairs - (xp.exp(sums.rows - 1) + xp.exp(sums.columns - 1)) / others


def pointwise_smile(sums):
    """Part of every sample in SMILE, shape (n,); the mean is the value."""
    xp = array_namespace(sums.pairs)
    n = sums.pairs.shape[0]
    largest = float(xp.max(sums.rows))
    others = float(xp.mean(xp.exp(sums.rows - largest))) / (n - 1)
    return sums.pairs - largest - math.log(others)


class Bound(NamedTuple):
    """A bound as training and evaluation use it.

    Attributes
    ----------
    ascend : callable
        ``ascend(S) -> (value, gradient)`` on a batch.
    pointwise : callable
        ``pointwise(sums) -> array of shape (n,)``.
    clip : (low, high)
        Range of the scores that :func:`score_sums` is to keep.
    offset : float
        The best score less the log density ratio (any number will do for InfoNCE).
    """

    ascend: Any
    pointwise: Any
    clip: tuple = (-math.inf, math.inf)
    offset: float = 0.0

    def values(self, blocks, n):
        """Part of every sample in the bound on all n samples at once."""
        return self.pointwise(score_sums(blocks, n, self.clip))


BOUNDS = {
    "infonce": Bound(infonce, pointwise_infonce),
    "nwj": Bound(nwj, pointwise_nwj, (-math.inf, NWJ_CLIP + 1), 1.0),
    "smile": Bound(smile, pointwise_smile, (-SMILE_CLIP, SMILE_CLIP)),
}


def _eye(S):
    xp = array_namespace(S)
    return xp.eye(S.shape[0], dtype=S.dtype, device=device(S))


def _sum(x):
    xp = array_namespace(x)
    return float(xp.sum(x, dtype=xp.float64))
