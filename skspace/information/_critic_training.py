"""Training of a critic with held-out rows, and what is read off it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter1d, median_filter
from scipy.special import ndtri

from ..nn import Adam, minibatches
from ._bounds import BOUNDS, Bound, pointwise_infonce, pointwise_smile, score_sums
from ._critic_check import unexplained_information
from ._critics import GaussianRatio, gaussian_ratio
from ._ksg import TIED, ksg_terms
from ._marginals import tied_share

__all__ = [
    "FittedCritic",
    "Reading",
    "Settings",
    "Training",
    "normal_scores",
    "settled",
]

MOST_HELD_OUT = 2000
"""Held-out rows are no more than this: their scores are computed every epoch."""

MOST_CHECKED = 1000
"""Training rows are no more than this where they are paired anew."""

STEPS = 1000
EPOCHS = (20, 200)
"""Without `max_iter` training takes this many steps, within these passes."""

IMPROVEMENT = 1e-3
"""Relative rise of the held-out curve that counts as one."""


class NormalScores(NamedTuple):
    """Map of every column to normal scores by its ranks among training rows.

    Attributes
    ----------
    columns : ndarray of shape (n, d)
        Sorted values.
    """

    columns: Any

    def __call__(self, X):
        n = len(self.columns)
        scores = np.empty(X.shape)
        for j, column in enumerate(self.columns.T):
            # of a training row this is its rank, the mean one among ties
            below = np.searchsorted(column, X[:, j], side="left")
            up_to = np.searchsorted(column, X[:, j], side="right")
            scores[:, j] = ndtri((below + up_to + 1) / (2 * (n + 1)))
        return scores


def normal_scores(X):
    """Fit the map of every column to normal scores."""
    return NormalScores(np.sort(X, axis=0))


class Settings(NamedTuple):
    """How a critic is trained."""

    critic: Any
    bound: Bound
    batch_size: int
    learning_rate: float
    max_iter: int | None
    patience: int
    test_size: float


class FittedCritic(NamedTuple):
    """A critic with its parameters: scores of any rows.

    Attributes
    ----------
    maps : (NormalScores, NormalScores)
    ratio : GaussianRatio
    offset : float
        Of the scores against the log density ratio.
    critic : critic or None
        None where the Gaussian ratio stands alone.
    parameters : dict of str to ndarray
    columns : (ndarray, ndarray)
        Which columns of the data vary.
    """

    maps: Any
    ratio: GaussianRatio
    offset: float
    critic: Any = None
    parameters: Any = None
    columns: Any = (slice(None), slice(None))

    def values(self, bound, X, Y):
        """Part of every row in a bound on these rows at once."""
        X, Y = X[:, self.columns[0]], Y[:, self.columns[1]]
        table = tabulate(self.maps, self.ratio, self.offset, X, Y)
        return bound.values(score_blocks(self.critic, self.parameters, table), len(X))


class Table(NamedTuple):
    """Rows as training sees them, float32: inputs, and features of the ratio."""

    x: Any
    y: Any
    a: Any
    b: Any

    def take(self, rows):
        return Table(*(z[rows] for z in self))


def tabulate(maps, ratio, offset, X, Y):
    """Rows of data as training sees them."""
    x, y = (scores(Z) for scores, Z in zip(maps, (X, Y), strict=True))
    a, b = ratio.features(x, y)
    a[:, -2] += offset
    return Table(*(np.ascontiguousarray(z, dtype=np.float32) for z in (x, y, a, b)))


def score_blocks(critic, parameters, table):
    """Yield the scores of all pairs of rows, in blocks of rows."""
    if critic is None:
        yield table.a @ table.b.T
        return
    start = 0
    for block in critic.blocks(parameters, table.x, table.y):
        stop = start + len(block)
        yield block + table.a[start:stop] @ table.b.T
        start = stop


class TrainingState(NamedTuple):
    """One epoch: the bound on the held-out rows, before and after smoothing."""

    objective: float
    smoothed: float
    change: float


class Training:
    """One run of training, to be iterated, then read.

    Attributes
    ----------
    max_iter : int
        Epochs it may take.
    curve, train_curve : list of float
        Bound on the held-out rows, and on as many training rows, by epoch; the first
        is before training.
    """

    def __init__(self, X, Y, settings, rng):
        self.settings, self.rng = settings, rng
        n = len(X)
        share = max(round(settings.test_size * n), min(64, n // 3))
        n_test = min(share, MOST_HELD_OUT, n // 2)
        order = rng.permutation(n)
        self.test, self.train = order[:n_test], order[n_test:]
        self.maps = normal_scores(X), normal_scores(Y)
        self.scores = tuple(f(Z) for f, Z in zip(self.maps, (X, Y), strict=True))
        self.ratio = self._choose_ratio()
        self.critic = settings.critic.beside(len(self.ratio.correlations))
        self.table = tabulate(self.maps, self.ratio, settings.bound.offset, X, Y)
        n_train = len(self.train)
        self.batch_size = min(settings.batch_size, max(2, n_train // 2))
        self.n_steps = n_train // self.batch_size
        self.max_iter = settings.max_iter
        if self.max_iter is None:
            self.max_iter = int(np.clip(round(STEPS / self.n_steps), *EPOCHS))
        self.curve, self.train_curve, self._saved = [], [], []

    def _choose_ratio(self):
        """Fit the Gaussian ratio on training rows, its pairs chosen on held-out ones.

        Many columns that are curves of few variables have canonical pairs that follow
        from one another: as independent ones they would be counted twice.
        """
        train, test = (
            [Z[rows] for Z in self.scores] for rows in (self.train, self.test)
        )
        ratio = gaussian_ratio(*train)
        found = []
        most = min(len(ratio.correlations), self.settings.critic.max_pairs)
        for r in range(most + 1):
            a, b = ratio.leading(r).features(*test)
            found.append(np.mean(BOUNDS["infonce"].values([a @ b.T], len(a))))
        return ratio.leading(int(np.argmax(found)))

    def epochs(self):
        """Yield one state an epoch."""
        settings, critic = self.settings, self.critic
        train = self.table.take(self.train)
        parameters = critic.start(self.rng, train.x)
        state = Adam().start(parameters)
        n_total = self.max_iter * self.n_steps
        self._record(parameters)
        while True:
            for rows in minibatches(
                len(self.train), self.batch_size, self.rng, drop_last=True
            ):
                batch = train.take(rows)
                S, cache = critic.forward(parameters, batch.x, batch.y, self.rng)
                _, gradient = settings.bound.ascend(S + batch.a @ batch.b.T)
                gradients = critic.backward(parameters, cache, -gradient)
                progress = min(1.0, state["step"] / n_total)
                rate = settings.learning_rate * (1 + math.cos(math.pi * progress)) / 2
                parameters, state = Adam(rate).step(parameters, gradients, state)
            self._record(parameters)
            last = self.curve[-1]
            yield TrainingState(
                last, float(smooth(self.curve)[-1]), abs(last - self.curve[-2])
            )

    def _record(self, parameters):
        for rows, curve in (
            (self.test, self.curve),
            (self.train[: len(self.test)], self.train_curve),
        ):
            part = self.table.take(rows)
            blocks = score_blocks(self.critic, parameters, part)
            curve.append(float(np.mean(self.settings.bound.values(blocks, len(rows)))))
        self._saved.append(parameters)

    def read(self):
        """Keep the epoch at which the smoothed curve is highest, and read the bound."""
        smoothed = smooth(self.curve)
        best = int(np.argmax(smoothed))
        critic, bound = self.critic, self.settings.bound
        rows = np.concatenate([self.train[: critic.max_rows], self.test])
        seen = np.arange(len(rows)) < len(rows) - len(self.test)
        blocks = score_blocks(critic, self._saved[best], self.table.take(rows))
        sums = score_sums(blocks, len(rows), bound.clip)
        values = bound.pointwise(sums)
        control = self._control(rows)
        train, test = (
            controlled_mean(values, control, part)[0] for part in (seen, ~seen)
        )
        error = controlled_mean(values, control, ~seen)[1]
        other = pointwise_smile if bound is BOUNDS["infonce"] else pointwise_infonce
        fitted = FittedCritic(
            self.maps, self.ratio, bound.offset, critic, self._saved[best]
        )
        return Reading(
            fitted=fitted,
            values=values[seen],
            value=float(np.mean(values[seen])),
            train=train,
            test=test,
            test_error=error,
            sampling_error=float(np.std(values) / math.sqrt(len(values))),
            other=float(np.mean(other(sums)[seen])),
            n_scored=len(rows),
            best=best,
            curves={
                "epoch": np.arange(len(smoothed)),
                "train": np.asarray(self.train_curve),
                "test": np.asarray(self.curve),
                "smoothed": smoothed,
            },
        )

    def neighbor_excess(self, values, n_jobs=None):
        """How much more nearest neighbours see on training rows, and its error.

        They need no training and read low rather than high: what they see beyond the
        critic, it has not learnt. Nothing is said where values repeat.
        """
        x, y, tied = self._train_scores(len(values))
        if tied:
            return 0.0, 0.0
        more = ksg_terms([x, y], n_jobs=n_jobs) - values
        return float(np.mean(more)), float(np.std(more) / math.sqrt(len(more)))

    def unexplained(self, fitted, n_jobs=None):
        """How much more they see than the critic explains, and its deviation.

        See :func:`unexplained_information`. Nothing is said where values repeat.
        """
        x, y, tied = self._train_scores(MOST_CHECKED)
        if tied:
            return 0.0, 0.0
        part = self.table.take(self.train[:MOST_CHECKED])
        blocks = list(score_blocks(fitted.critic, fitted.parameters, part))
        return unexplained_information(np.concatenate(blocks), x, y, n_jobs)

    def _train_scores(self, n):
        """Return normal scores of some training rows, and whether values repeat."""
        x, y = (Z[self.train[:n]] for Z in self.scores)
        return x, y, max(tied_share(x), tied_share(y)) > TIED

    def _control(self, rows):
        """Gaussian log ratio of each pair, fitted to all of these rows alike."""
        x, y = (Z[rows] for Z in self.scores)
        a, b = gaussian_ratio(x, y).features(x, y)
        return np.sum(a * b, axis=1)


class Reading(NamedTuple):
    """What training found.

    Attributes
    ----------
    fitted : FittedCritic
    values : ndarray of shape (n,)
        Parts of the training rows, the first n of them, in the bound.
    value : float
        Their mean: the estimate.
    train, test : float
        Mean over training and held-out rows, less what a control variate shows of
        the chance by which they differ.
    test_error : float
        Standard error of `test`.
    sampling_error : float
        Standard error of the mean over all rows.
    other : float
        Another bound, of the same critic.
    n_scored : int
        Rows scored at once.
    best : int
        Epoch of these parameters.
    curves : dict of str to ndarray
        Columns "epoch" from 0, "train", "test" and "smoothed".
    """

    fitted: FittedCritic
    values: Any
    value: float
    train: float
    test: float
    test_error: float
    sampling_error: float
    other: float
    n_scored: int
    best: int
    curves: dict


def controlled_mean(values, control, part):
    """Mean over a part, and its standard error, with a control variate.

    `control` was fitted to all rows alike, so that its means over parts differ by
    chance only; that chance, as far as `values` share it, is taken off.
    """
    v, c = values[part], control[part]
    spread = np.var(c)
    slope = np.mean((v - np.mean(v)) * (c - np.mean(c))) / spread if spread > 0 else 0.0
    rest = np.std(v - slope * c)
    mean = np.mean(v) - slope * (np.mean(c) - np.mean(control))
    return float(mean), float(rest / math.sqrt(max(len(v) - 1, 1)))


def smooth(curve):
    """Take the running median of five epochs, then a Gaussian mean of one."""
    return gaussian_filter1d(
        median_filter(np.asarray(curve), 5, mode="nearest"), 1.0, mode="nearest"
    )


def settled(curve, patience):
    """Whether the smoothed curve has not risen by 0.1 % for so many epochs."""
    smoothed = smooth(curve)
    top = np.max(smoothed)
    first = int(np.argmax(smoothed >= top - IMPROVEMENT * abs(top)))
    return len(curve) - 1 - first >= patience
