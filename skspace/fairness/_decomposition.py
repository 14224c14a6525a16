"""From moments of cells to the four blocks: which directions, and in which order."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._array import array_namespace, to_numpy
from .._rank import NotEnoughYetError, Spectrum, most_of_ladle, rank_evidence
from .._slice_moments import pool_slices, whiten_moments
from ..linalg._fair_blocks import (
    FairBlocks,
    by_kernel,
    directions_beyond,
    fair_blocks,
    information,
    least_spread,
    mean_directions,
    order_shared,
    span_of,
)
from ..linalg._inverse_moments import (
    average_variance_kernel,
    directional_kernel,
    inverse_regression_factor,
    whitened_moments,
)
from ..linalg._whitening import Whitening
from ._sensitive import CONSTANT_ATTRIBUTE, MIN_SLICE

SECOND_ORDER = {"sir+dr": directional_kernel, "sir+save": average_variance_kernel}

CONSTANT_TARGET = (
    "y has a single value (to rounding), or all of it lies in one slice: there is "
    "nothing it could depend on. Pass a target that varies, or, with "
    "base='complement' and n_shared=0, y=None."
)


class Wanted(NamedTuple):
    """How many directions of one variable to find, and how.

    `total` counts all of them ("auto": by rules; None: mean directions, by rules),
    `beyond` those after the mean directions; where it is None, `total` decides.
    """

    method: str
    total: Any
    beyond: Any
    name: str

    @property
    def second_order(self):
        """Whether covariances of slices are needed."""
        if self.method == "sir":
            return False
        if self.beyond is not None:
            return self.beyond != 0
        return self.total == "auto" or (self.total is not None and self.total > 1)

    @property
    def mean_only(self):
        """Whether `total` counts mean directions alone."""
        return self.method == "sir" or self.beyond is not None

    def number_beyond(self, n_mean):
        """Return how many directions follow the mean directions, or "auto"."""
        if self.beyond is not None:
            return self.beyond
        if self.total is None or self.method == "sir":
            return 0
        return "auto" if self.total == "auto" else max(0, self.total - n_mean)


class Part(NamedTuple):
    """What is sliced by itself: the target, or one of the attributes."""

    rule: Any
    moments: Any
    n_samples: float

    @property
    def n_slices(self):
        """Number of slices, after pooling."""
        return self.moments.mean.shape[0]


class Variable(NamedTuple):
    """Orthonormal basis of the directions of a variable, and their kernel matrix."""

    basis: Any
    kernel: Any
    n_mean: int


class Decomposition(NamedTuple):
    """All that every level of the representation is made from, in float64."""

    whitening: Whitening
    blocks: FairBlocks
    target: Variable | None
    sensitive: Variable
    utility: Any
    sensitivity: Any


def wanted_of(estimator):
    """Return what a :class:`FairSDR` asks for, of the target and of the attribute."""
    return (
        Wanted(estimator.target_method, estimator.n_target, None, "n_target"),
        Wanted(
            estimator.sensitive_method,
            estimator.n_sensitive,
            estimator.n_sensitive_second_order,
            "n_sensitive",
        ),
    )


def decompose(
    estimator, moments, cross, *, has_target, draws=None, reorder=None, warn=True
):
    """Decompose by the parameters of a :class:`FairSDR`.

    Parameters
    ----------
    estimator : FairSDR
    moments : SliceMoments
        Of the cells of `cross`, whose first variable is the target if there is one.
    cross : CrossSlicing
    has_target : bool
    draws : callable, optional
        Yields the moments of resampled rows, for the number "auto".
    reorder : callable, optional
        ``reorder(basis, whitening)`` orders shared directions that come by utility.
    warn : bool, default=True

    Returns
    -------
    Decomposition

    Raises
    ------
    NotEnoughYetError
        A ValueError, where the rows so far do not suffice.
    """

    def whiten(moments, warn):
        return whiten_moments(
            moments,
            rcond=estimator.whiten_rcond,
            shrinkage=estimator.shrinkage,
            warn=warn,
        )

    def parts(i, moments, whitening, warn):
        """Whitened moments of the slices of variable i."""
        is_target = has_target and i == 0
        pooling = pool_slices(
            cross.weight_of(i, moments.weight),
            moments.n_samples,
            cross.slicings[i],
            MIN_SLICE,
            constant=CONSTANT_TARGET if is_target else CONSTANT_ATTRIBUTE,
            warn=warn,
            name="y" if is_target else "the sensitive attribute",
        )
        own = cross.moments_of(i, moments, pooling)
        return Part(cross.slicings[i], whitened_moments(own, whitening), own.n_samples)

    def directions(numbers, wanted):
        def resampled():
            for drawn in draws():
                moved = whiten(drawn, False)
                yield [parts(i, drawn, moved, False) for i in numbers], moved

        own = [parts(i, moments, whitening, warn) for i in numbers]
        return find_directions(own, wanted, whitening, resampled)

    whitening = whiten(moments, warn)
    for_target, for_attribute = wanted_of(estimator)
    n_variables = len(cross.slicings)
    sensitive = directions(range(int(has_target), n_variables), for_attribute)
    basis = sensitive.basis
    if not has_target:
        if basis.shape[1] > 1:
            basis = by_kernel(basis, sensitive.kernel, least_spread(whitening))
        blocks = fair_blocks(basis[:, :0], basis, None, whitening)
        none = basis[0, :0]
        return Decomposition(whitening, blocks, None, sensitive, none, none)
    target = directions([0], for_target)
    order = "utility" if estimator.order == "dcov" else estimator.order
    basis = order_shared(basis, target.kernel, sensitive.kernel, whitening, order=order)
    if estimator.order == "dcov" and basis.shape[1] > 1:
        basis = reorder(basis, whitening)
    blocks = fair_blocks(
        target.basis, basis, target.kernel, whitening, shared_tol=estimator.shared_tol
    )
    return Decomposition(
        whitening,
        blocks,
        target,
        sensitive,
        information(blocks.shared, target.kernel),
        information(blocks.shared, sensitive.kernel),
    )


def find_directions(parts, wanted, whitening, resampled):
    """Mean directions first, then those of second moments beyond them.

    Parameters
    ----------
    parts : list of Part
    wanted : Wanted
    whitening : Whitening
    resampled : callable
        Yields parts and whitening of resampled rows.

    Returns
    -------
    Variable
    """
    xp = array_namespace(whitening.forward)
    means = span_of([_leading_means(part, wanted, whitening) for part in parts])
    beyond = wanted.number_beyond(means.shape[1])
    left = whitening.rank - means.shape[1]
    if beyond != 0:
        full = sum(SECOND_ORDER[wanted.method](part.moments) for part in parts)
        if beyond == "auto":
            found = directions_beyond(full, means, whitening) if left else None
            beyond = _ladle(found, parts, wanted, whitening, resampled)
        if beyond > left:
            raise NotEnoughYetError(
                f"{beyond} directions beyond the {means.shape[1]} of means were asked "
                f"for, but there are {whitening.rank} independent features; ask for "
                f"at most {left}."
            )
    if beyond == 0:
        factors = [inverse_regression_factor(part.moments) for part in parts]
        kernel = sum(F @ xp.matrix_transpose(F) for F in factors)
        return Variable(means, kernel, means.shape[1])
    second = directions_beyond(full, means, whitening).vectors[:, :beyond]
    return Variable(xp.concat([means, second], axis=1), full, means.shape[1])


def _leading_means(part, wanted, whitening):
    """Mean directions of one part that are kept."""
    found = mean_directions(part.moments, whitening)
    size = most = found.vectors.shape[1]
    counted = wanted.total is not None and wanted.total != "auto"
    if not part.rule.discrete and most > 1 and not (counted and wanted.mean_only):
        spectrum = Spectrum(
            to_numpy(found.eigenvalues),
            whitening.rank,
            most,
            part.n_samples,
            part.n_slices,
            True,
        )
        size = max(1, rank_evidence("chi2", spectrum).n_components)
    if counted:
        if wanted.mean_only and wanted.total > most:
            raise NotEnoughYetError(
                f"{wanted.name}={wanted.total} is more than the {most} directions in "
                f"which the means of {part.n_slices} slices differ; ask for at most "
                f"{most}, or for directions of second moments."
            )
        size = min(size, wanted.total)
    return found.vectors[:, :size]


def _ladle(found, parts, wanted, whitening, resampled):
    """Choose the number of second-order directions by resampling."""
    if found is None:
        return 0
    left = found.vectors.shape[1]
    spectrum = Spectrum(
        np.abs(to_numpy(found.eigenvalues)),
        left,
        left,
        parts[0].n_samples,
        parts[0].n_slices,
        False,
    )
    if most_of_ladle(spectrum) < 1:
        return 0
    xp = array_namespace(found.vectors)
    frame = xp.matrix_transpose(whitening.inverse)

    def bootstrap(k):
        """Yield the agreement of the first k directions with those of draws."""
        own = xp.matrix_transpose(found.vectors[:, :k])
        for others, moved in resampled():
            try:
                other = find_directions(others, wanted._replace(beyond=k), moved, None)
            except NotEnoughYetError:  # a draw without some rare class or column
                yield np.zeros((k, k))
                continue
            last = moved.forward @ other.basis[:, other.n_mean :]
            Q, _ = xp.linalg.qr(frame @ last)
            yield to_numpy(own @ Q)

    return rank_evidence("ladle", spectrum, bootstrap=bootstrap).n_components
