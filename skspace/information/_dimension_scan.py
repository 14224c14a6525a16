"""Values against the embedding dimension: which to try, and which is enough."""

from __future__ import annotations

from numbers import Integral
from typing import Any, NamedTuple

import numpy as np

__all__ = ["DIMENSION_PARAMETERS", "DimensionScan", "dimension_grid", "summarise_scan"]

DIMENSIONS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64)
"""Embedding dimensions of a scan."""

DIMENSION_PARAMETERS = ("embedding_dim", "n_components")
"""Names under which estimators have an embedding dimension."""

PLATEAU = 0.95
"""Share of the largest value at which the curve over dimensions is on its plateau."""

RISING, FALLING = 0.05, 0.1
"""Changes at large dimensions that are none of a plateau."""


def dimension_grid(asked, most):
    """Rising dimensions up to `most`: those asked for, or a grid for "auto"."""
    grid = DIMENSIONS if isinstance(asked, str) else tuple(asked)
    whole = all(isinstance(k, Integral) for k in grid)
    kept = sorted({int(k) for k in grid if k <= most}) if whole else []
    if not kept or kept[0] < 1:
        raise ValueError(
            "embedding_dims must hold integers from 1 to the dimensions of the data, "
            f"got {asked!r}."
        )
    return kept


class DimensionScan(NamedTuple):
    """Values against the embedding dimension, and what they say.

    Attributes
    ----------
    dimensions : ndarray of int
    values : ndarray
        Largest of all fits of a dimension.
    plateau : float
        Largest of all dimensions.
    sufficient : int
        Smallest dimension with 95 % of it.
    chosen : int
        Smallest one on the plateau that is at least twice that, or else itself.
    """

    dimensions: Any
    values: Any
    plateau: float
    sufficient: int
    chosen: int

    def table(self):
        """Curve of a result."""
        return {
            "dimension": self.dimensions,
            "value": self.values,
            "fit": np.maximum.accumulate(self.values),
        }

    def flags(self):
        """Say whether the curve has a plateau, and whether it falls after it."""
        found, k, v = [], self.dimensions, self.values
        half = v[np.searchsorted(k, k[-1] / 2, side="right") - 1]
        if v[-1] - half > RISING * abs(v[-1]):
            found.append("no_plateau")
        if self.plateau - v[-1] > FALLING * abs(self.plateau):
            found.append("overfit_dimension")
        return tuple(found)


def summarise_scan(dimensions, values):
    """Find the plateau of values over rising dimensions."""
    dimensions, values = np.asarray(dimensions), np.asarray(values)
    plateau = float(np.max(values))
    on = values >= plateau - (1 - PLATEAU) * abs(plateau)  # it may be negative
    sufficient = int(dimensions[np.argmax(on)])
    further = dimensions[on & (dimensions >= 2 * sufficient)]
    chosen = int(further[0]) if len(further) else sufficient
    return DimensionScan(dimensions, values, plateau, sufficient, chosen)
