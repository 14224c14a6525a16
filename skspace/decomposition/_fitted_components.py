"""Principal fitted components: the part of the features a basis of y explains."""

from __future__ import annotations

from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from .._array import array_namespace, asarray_like, to_numpy
from .._rank import NotEnoughYetError, Spectrum
from .._response import check_sums
from .._sklearn import Interval, StrOptions
from ..linalg._inverse_moments import (
    inverse_regression_factor,
    leading_directions_of_factor,
)
from ..linalg._moments import table_moments, total_moments
from ..linalg._slices import Slicing, numbers_if_all, refuse_classes
from ..linalg._whitening import whiten
from ._docs import shared_docs
from ._moment_sdr import MomentSDR
from ._sdr_base import NO_DEPENDENCE, Solution

DEPENDENT = 1e-12
"""Functions of the basis with less of their correlation left are dependent."""


class ResponseBasis(NamedTuple):
    """Functions of y: powers of numbers, indicators of classes.

    `columns` are the slices of each column; `center` and `spread` make powers of
    numbers well conditioned and are fixed by the first rows.
    """

    columns: tuple[Any, ...]
    center: Any
    spread: Any
    degree: int

    def values(self, y):
        """Values of all functions, shape (n_samples, n_functions)."""
        table = y[:, None] if y.ndim == 1 else y
        found = []
        for k, column in enumerate(self.columns):
            values = numbers_if_all(table[:, k])
            if column.edges is None:
                found += [(values == c).astype(np.float64) for c in column.classes[1:]]
            else:
                refuse_classes(values)
                with np.errstate(over="ignore", invalid="ignore"):
                    z = (values.astype(np.float64) - self.center[k]) / self.spread[k]
                    powers = [z**power for power in range(1, self.degree + 1)]
                if not np.all(np.isfinite(powers)):
                    raise ValueError(
                        f"y holds numbers up to {np.max(np.abs(values)):.1g} next to "
                        f"a spread of {self.spread[k]:.1g} in the first rows: their "
                        "powers overflow. Transform y, or use basis='slices'."
                    )
                found += powers
        return np.stack(found, axis=1)


@shared_docs(
    most="as many as the basis has independent functions, one fewer than slices",
    chi2="",
)
class PrincipalFittedComponents(MomentSDR):
    """Principal fitted components (PFC).

    The features are regressed on functions of the response, and directions are kept
    along which the fit is largest relative to what it leaves. A smooth version of
    sliced inverse regression: better where the features follow the response along a
    curve, with nothing to cut.

    Parameters
    ----------
    {parameters}
    basis : {"auto", "polynomial", "slices"}, default="auto"
        Functions of the response: its powers, or the indicators of its slices. "auto"
        takes powers of numbers and indicators of classes. With indicators alone the
        directions are those of :class:`SlicedInverseRegression`.
    degree : int, default=3
        Highest power.

    Attributes
    ----------
    {attributes}

    See Also
    --------
    SlicedInverseRegression : Steps in the place of powers; unmoved by outliers of y.

    Notes
    -----
    Directions v solve Σ_fit v = λ Σ_res v with Σ_res = Σ - Σ_fit, the covariances of
    the fit of X on the basis and of its residuals. ``eigenvalues_`` holds
    λ / (1 + λ), the share of variance along v that the basis explains (a squared
    canonical correlation), which stays finite.

    *Blind spot.* As sliced inverse regression: relations that leave the mean of the
    features constant given the response. Outliers of the response have large powers;
    transform it, or use slices.

    Columns of a response of several contribute their own functions, without
    products; ``basis="slices"`` takes combinations of slices. In `partial_fit` the
    centre and spread of the powers are those of the first chunk, which the
    directions do not depend on.

    Cost O(n p²) for one pass over the rows, O(p³) beyond.
    {notes}

    References
    ----------
    R. D. Cook and L. Forzani, "Principal fitted components for dimension reduction
    in regression", Statistical Science 23 (2008). :doi:`10.1214/08-STS275`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.decomposition import PrincipalFittedComponents
    >>> rng = np.random.RandomState(0)
    >>> y = rng.uniform(-1, 1, 500)
    >>> X = 0.3 * rng.standard_normal((500, 4))
    >>> X[:, 0] += y
    >>> X[:, 1] += y**2
    >>> pfc = PrincipalFittedComponents(n_components=0.9).fit(X, y)
    >>> pfc.n_components_
    2
    """

    _parameter_constraints: dict = {
        **MomentSDR._parameter_constraints,
        "basis": [StrOptions({"auto", "polynomial", "slices"})],
        "degree": [Interval(Integral, 1, None, closed="left")],
    }
    _second_order = False

    def __init__(
        self,
        n_components=None,
        *,
        n_slices=10,
        target_type="auto",
        min_slice=5,
        scale="raw",
        whiten_rcond=1e-6,
        shrinkage=None,
        random_state=None,
        basis="auto",
        degree=3,
    ):
        self.n_components = n_components
        self.n_slices = n_slices
        self.target_type = target_type
        self.min_slice = min_slice
        self.scale = scale
        self.whiten_rcond = whiten_rcond
        self.shrinkage = shrinkage
        self.random_state = random_state
        self.basis = basis
        self.degree = degree

    def _rule(self, y, weights, classes=None):
        slicing = super()._rule(y, weights, classes)
        numeric = y.dtype.kind in "iuf" and self.basis == "polynomial"
        if self.basis == "slices" or (slicing.discrete and not numeric):
            return slicing
        columns = slicing.columns
        if numeric:  # powers of all columns, classes or not
            columns = tuple(c._replace(edges=()) for c in columns)
        table = y[:, None] if y.ndim == 1 else y
        if weights is not None:
            table, weights = table[weights > 0], weights[weights > 0]
        center, spread = np.zeros(len(columns)), np.ones(len(columns))
        for k, column in enumerate(columns):
            if column.edges is not None:
                values = table[:, k].astype(np.float64)
                check_sums(values)
                share = None if weights is None else weights / np.max(weights)
                center[k] = np.average(values, weights=share)
                spread[k] = np.max(np.abs(values - center[k])) or 1.0
        return ResponseBasis(columns, center, spread, self.degree)

    def _summarise(self, X, y, weights, rule):
        if isinstance(rule, Slicing):
            return super()._summarise(X, y, weights, rule)
        values = rule.values(y if weights is None else y[weights > 0])
        if weights is not None:  # rows that are not there may hold anything
            present, values = values, np.zeros((len(y), values.shape[1]))
            values[weights > 0] = present
        fourth = X.shape[1] if self.shrinkage == "auto" else 0
        return table_moments(_joined(X, values), weights, fourth=fourth)

    def _solve(self, moments, rule, *, rows=None, warn=False):
        if isinstance(rule, Slicing):
            return super()._solve(moments, rule, rows=rows, warn=warn)
        p = self.n_features_in_
        total = total_moments(moments)
        mean, C = total.mean, total.covariance
        features = moments._replace(
            mean=moments.mean[:, :p], scatter=moments.scatter[:p, :p]
        )
        whitening = self._whiten(features, warn=warn)
        try:
            basis = whiten(mean[p:], C[p:, p:], rcond=DEPENDENT)
        except ValueError:
            raise NotEnoughYetError(NO_DEPENDENCE) from None
        xp = array_namespace(C)
        factor = xp.matrix_transpose(whitening.forward) @ C[:p, p:] @ basis.forward
        directions = leading_directions_of_factor(factor, whitening)
        return Solution(
            whitening,
            directions,
            Spectrum(
                np.abs(to_numpy(directions.eigenvalues)),
                whitening.rank,
                min(whitening.rank, basis.rank),
                moments.n_samples,
                basis.rank + 1,
                True,
            ),
        )

    def _describe(self, solution, rule):
        if isinstance(rule, Slicing):
            super()._describe(solution, rule)

    def _directions(self, moments, whitening):
        return leading_directions_of_factor(
            inverse_regression_factor(moments), whitening
        )

    def _most_directions(self, rank, n_slices):
        return min(rank, n_slices - 1)


def _joined(X, F):
    """Columns of X and F in one float64 table."""
    if sp.issparse(X):
        return sp.hstack([X, sp.csr_array(F)], format="csr", dtype=np.float64)
    xp = array_namespace(X)
    return xp.concat(
        [xp.astype(X, xp.float64), asarray_like(F, X, dtype=xp.float64)], axis=1
    )
