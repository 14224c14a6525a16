"""Fits of an active subspace to rows in pieces: chunk by chunk, or in blocks."""

from __future__ import annotations

import warnings
from functools import partial

import numpy as np
from sklearn.frozen import FrozenEstimator

from .._array import array_namespace, asarray_like, to_numpy
from .._rank import NotEnoughYetError
from .._response import check_weights
from .._sklearn import partial_fit_context
from .._validation import validate_X
from ..exceptions import DegenerateDataWarning
from ..linalg._gradient_moments import gradient_moments, merge_gradient_moments
from ..linalg._moments import merge_moments, table_moments, total_moments
from ._gradients import ANALYTIC, as_gradients, model_gradients

INTERVALS = (
    "eigenvalue_intervals_",
    "direction_intervals_",
    "direction_angle_",
    "feature_importance_intervals_",
    "subspace_errors_",
    "bootstrap_",
)
"""Attributes that need all rows at once."""


class GradientBlocks:
    """What `ActiveSubspace` does with rows of which it keeps moments of gradients only.

    Blocks come with those of their gradients, or a fitted model is asked.
    """

    _block_arguments = ("gradients",)

    @partial_fit_context
    def partial_fit(self, X, y=None, *, gradients=None, sample_weight=None):
        """Take in more samples; the result is that of the gradients of all of them.

        Given gradients, and those of a frozen estimator, merge to exactly what `fit`
        finds, in any order. Local planes and polynomials look at one chunk at a time,
        and refuse one that tells no gradients by itself. There are no intervals:
        samples are not kept.

        Parameters
        ----------
        X, y, gradients, sample_weight : array-like
            As in `fit`.

        Returns
        -------
        self
            Not yet fitted (with a warning) while the samples so far do not vary, have
            gradients of zero, or show fewer directions than `n_components`.
        """
        self._check_one_pass()
        before = getattr(self, "_moments", None)
        X, y, weights = self._validate(
            X, y, gradients, sample_weight, reset=before is None
        )
        X, field, weights = self._field(X, y, gradients, weights)
        moments = gradient_moments(X, field.gradients, weights)
        if before is not None:
            moments = merge_gradient_moments(before, moments)
        for name in INTERVALS:  # of an earlier fit
            vars(self).pop(name, None)
        try:
            self._finish(X, moments)
        except NotEnoughYetError as error:
            warnings.warn(
                f"Not fitted yet: {error}",
                DegenerateDataWarning,
                stacklevel=4,  # the caller, past two decorators
            )
        return self

    def _read_block(self, X, *, reset=False):
        return validate_X(self, X, reset=reset, y="no_validation")[0]

    def _fit_blocks(self, rows, y=None, *, gradients=None, sample_weight=None):
        """Fit to :class:`Rows`."""
        self._check_one_pass()
        weights = check_weights(sample_weight, rows)
        if gradients is not None:
            moments = rows.reduce(_of_known, merge_gradient_moments, gradients, weights)
        elif isinstance(self.estimator, FrozenEstimator):
            self.estimator_ = model = self.estimator
            steps = None
            if not hasattr(model, ANALYTIC):
                steps = self.step * _deviations(rows, weights)
            summarise = partial(_of_model, model, steps)
            moments = rows.reduce(summarise, merge_gradient_moments, weights)
        else:
            raise ValueError(
                "Gradients are estimated from neighbours, which lie in other blocks of "
                "rows. Pass gradients=, or a model fitted to a sample as "
                "estimator=FrozenEstimator(model)."
            )
        self._finish(rows.head, moments)

    def _check_one_pass(self):
        if self.n_components == "bootstrap":
            raise ValueError(
                "n_components='bootstrap' resamples rows, which a fit in blocks does "
                "not keep; choose 'gap' or a number."
            )


def _of_known(X, gradients, weights):
    """Moments of a block and its gradients, None where nothing counts."""
    if weights is None:
        weights = np.ones(X.shape[0])
    if not np.any(weights):
        return None
    xp = array_namespace(X)
    w = asarray_like(weights, X, dtype=xp.float64)
    return gradient_moments(X, as_gradients(gradients, X), w)


def _of_model(model, steps, X, weights):
    """Moments of a block and the gradients of a model there."""
    return _of_known(X, model_gradients(model, X, steps), weights)


def _deviations(rows, weights):
    """Find standard deviations, exactly zero where a feature is constant."""
    moments, least, largest = rows.reduce(_spread, _merge_spreads, weights)
    variance = np.diagonal(to_numpy(total_moments(moments).covariance))
    return np.where(largest > least, np.sqrt(variance), 0.0)


def _spread(X, weights):
    seen = to_numpy(X)
    if weights is not None:
        seen = seen[weights > 0]
    if not len(seen):
        return None
    return table_moments(X, weights), np.min(seen, axis=0), np.max(seen, axis=0)


def _merge_spreads(a, b):
    moments = merge_moments(a[0], b[0])
    return moments, np.minimum(a[1], b[1]), np.maximum(a[2], b[2])
