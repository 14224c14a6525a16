"""How the span of fair scores moves with one observation."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._array import array_namespace, asarray_like
from .._slice_moments import pool_slices
from ..linalg._fair_blocks import mean_directions
from ..linalg._influence import (
    average_variance_influence,
    directional_influence,
    inverse_regression_influence,
)
from ..linalg._inverse_moments import inverse_regression_kernel, whitened_moments
from ..linalg._slices import assign_slices
from ..linalg._span_influence import (
    leading_span,
    leading_span_within,
    span_beyond,
    span_without,
    sum_of_spans,
)
from ._decomposition import Part, _leading_means, wanted_of
from ._sensitive import CONSTANT_ATTRIBUTE, MIN_SLICE

SECOND_ORDER = {
    "sir+dr": directional_influence,
    "sir+save": average_variance_influence,
}

OTHER_ROWS = 1e-4
"""Means of whitened rows above this are not those of the rows of the fit."""


class _Sliced(NamedTuple):
    """One target or attribute: its moments, and the slice of every row."""

    part: Part
    labels: Any  # (n,)
    n_mean: int  # mean directions kept
    whole: bool  # whether those are all

    def means_influence(self, rows, W):
        """Influence on B of some rows, as functions of left and right."""
        labels = self.labels[rows]
        return lambda left, right: inverse_regression_influence(
            self.part.moments, W, labels, left, right
        )

    def kernel_of_means(self):
        return inverse_regression_kernel(self.part.moments)


class _Variable(NamedTuple):
    """All attributes together, or the target, and their directions as fitted."""

    sliced: list
    method: str
    fitted: Any

    @property
    def n_beyond(self):
        return self.fitted.basis.shape[1] - self.fitted.n_mean

    def kernel_influence(self, rows, W):
        """Influence on the kernel matrix that was used."""
        second = SECOND_ORDER[self.method] if self.n_beyond else None

        def influence(left, right):
            return sum(
                (second or inverse_regression_influence)(
                    s.part.moments, W, s.labels[rows], left, right
                )
                for s in self.sliced
            )

        return influence

    def span(self, rows, W, whitening):
        """Find the moving span of all directions."""
        if len(self.sliced) == 1 or not all(s.whole for s in self.sliced):
            first = sum_of_spans(
                [
                    leading_span(
                        s.kernel_of_means(),
                        s.means_influence(rows, W),
                        s.n_mean,
                        whitening,
                    )
                    for s in self.sliced
                ]
            )
        else:  # attributes may share directions
            each = [s.means_influence(rows, W) for s in self.sliced]
            first = leading_span(
                sum(s.kernel_of_means() for s in self.sliced),
                lambda left, right: sum(f(left, right) for f in each),
                self.fitted.n_mean,
                whitening,
            )
        if not self.n_beyond:
            return first
        return span_beyond(
            first,
            self.fitted.kernel,
            self.kernel_influence(rows, W),
            self.n_beyond,
            whitening,
        )


def fair_motion(estimator, columns):
    """Say how the span of the scores of a :class:`FairSDR` moves.

    Parameters
    ----------
    estimator : FairSDR
        Fitted.
    columns : list of ndarray
        Target, if there is one, and attributes of all rows.

    Returns
    -------
    callable
        ``motion(rows, W)`` gives pairs of sign and moving span for some rows, given in
        whitened coordinates.
    """
    found = estimator._found
    whitening, blocks = found.whitening, found.blocks
    n_z = found.sensitive.basis.shape[1]
    level, complement = estimator.n_shared_, estimator.base == "complement"
    partial = 0 < level < n_z
    if partial and estimator.order == "dcov":
        raise ValueError(
            "order='dcov' puts shared directions back by distance correlations, which "
            "have no influence function here; take n_shared=0 or 'all', or another "
            "order."
        )
    if complement and level == n_z:
        return lambda rows, W: []
    for_target, for_attribute = wanted_of(estimator)
    start = int(estimator._has_target)
    attribute = _variable(
        estimator, columns, range(start, len(columns)), for_attribute, found.sensitive
    )
    target = None
    if not complement or (partial and estimator.order != "sensitivity"):
        target = _variable(estimator, columns, [0], for_target, found.target)
    if not complement and blocks.target.shape[1] < found.target.basis.shape[1]:
        raise ValueError(
            "A direction of the target is one of the attribute, next to which the rest "
            "of the target moves in jumps; use base='complement'."
        )

    def shared(G_z, rows, W):
        """Find the moving span of the directions put back."""
        M_z = found.sensitive.kernel, attribute.kernel_influence(rows, W)
        if estimator.order == "sensitivity":
            kernel, influence = M_z
            least = -kernel, lambda left, right: -influence(left, right)
            return leading_span_within(G_z, least, None, level)
        M_y = found.target.kernel, target.kernel_influence(rows, W)
        relative = M_z if estimator.order == "ratio" else None
        return leading_span_within(G_z, M_y, relative, level)

    def motion(rows, W):
        G_z = attribute.span(rows, W, whitening)
        terms = []
        if complement:
            terms.append((-1, G_z))
        else:
            G_y = target.span(rows, W, whitening)
            terms.append((1, span_without(G_y, G_z)))
            if level == n_z:
                terms.append((1, G_z))
        if partial:
            terms.append((1, shared(G_z, rows, W)))
        return terms

    return motion


def check_cells_of_fit(estimator, X, columns, weights):
    """Refuse another target or attribute, or another order, than that of the fit."""
    before, whitening = estimator._moments, estimator._found.whitening
    now = estimator._moments_of(X, columns, weights, estimator._slicing)
    xp = array_namespace(now.mean)
    weight = xp.max(xp.abs(now.weight - before.weight)) / xp.sum(before.weight)
    mean = xp.max(xp.abs((now.mean - before.mean) @ whitening.forward))
    if max(float(weight), float(mean)) > OTHER_ROWS:
        raise ValueError(
            "X, y, the attribute and sample_weight must be those of the fit, row by "
            "row: groups have other sizes or means here."
        )


def _variable(estimator, columns, numbers, wanted, fitted):
    """Slices of the columns of one variable, as the fit pooled them."""
    whitening, cross = estimator._found.whitening, estimator._slicing
    moments, sliced = estimator._moments, []
    for i in numbers:
        pooling = pool_slices(
            cross.weight_of(i, moments.weight),
            moments.n_samples,
            cross.slicings[i],
            MIN_SLICE,
            constant=CONSTANT_ATTRIBUTE,
            warn=False,
        )
        own = cross.moments_of(i, moments, pooling)
        labels = pooling.groups[assign_slices(cross.slicings[i], columns[i])]
        if np.any(labels < 0):
            raise ValueError(
                f"Row {int(np.argmin(labels))} is in a slice that held no training "
                "rows; pass the rows of the fit."
            )
        part = Part(cross.slicings[i], whitened_moments(own, whitening), own.n_samples)
        n_mean = _leading_means(part, wanted, whitening).shape[1]
        most = mean_directions(part.moments, whitening).vectors.shape[1]
        labels = asarray_like(labels, whitening.forward)
        sliced.append(_Sliced(part, labels, n_mean, n_mean == most))
    if sum(s.n_mean for s in sliced) != fitted.n_mean and not all(
        s.whole for s in sliced
    ):
        raise ValueError(
            "Attributes share directions of which only some are kept, so that their "
            "number could change with any row; take n_sensitive='auto'."
        )
    return _Variable(sliced, wanted.method, fitted)
