"""Slices of several variables at once: one pass over rows serves all of them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from .._array import to_numpy
from ._moments import pool_moments
from ._slices import Slicing, assign_slices

MAX_CELLS = 5000
"""Most cells: their means are merged for every block of rows."""


class CrossSlicing(NamedTuple):
    """Cells, one for every combination of the slices of several variables.

    Moments of cells add up to those of the slices of each variable.
    """

    slicings: tuple[Slicing, ...]

    @property
    def n_cells(self):
        """Number of cells, most of which may be empty."""
        return math.prod(slicing.n_slices for slicing in self.slicings)

    def slices_of(self, i):
        """Slice of variable i in every cell, shape (n_cells,)."""
        after = math.prod(slicing.n_slices for slicing in self.slicings[i + 1 :])
        return (np.arange(self.n_cells) // after) % self.slicings[i].n_slices

    def weight_of(self, i, cell_weight):
        """Weight of each slice of variable i, on the host."""
        return np.bincount(
            self.slices_of(i),
            to_numpy(cell_weight),
            minlength=self.slicings[i].n_slices,
        )

    def moments_of(self, i, moments, pooling):
        """Moments of the pooled slices of variable i from those of cells."""
        groups = pooling.groups[self.slices_of(i)]
        return pool_moments(moments, groups, pooling.n_slices)

    def assign(self, variables, names):
        """Cell of every row.

        Parameters
        ----------
        variables : sequence of ndarrays of shape (n_samples,) or (n_samples, q)
        names : sequence of pairs of str
            What messages call each variable, and the argument with its classes.

        Raises
        ------
        ValueError
            If a variable holds a class without a slice.
        """
        cells = 0
        for slicing, values, (name, argument) in zip(
            self.slicings, variables, names, strict=True
        ):
            own = assign_slices(slicing, values, name=name, argument=argument)
            cells = cells * slicing.n_slices + own
        return cells


def check_number_of_cells(cross):
    """Refuse more cells than are worth their price."""
    if cross.n_cells > MAX_CELLS:
        sizes = " x ".join(str(slicing.n_slices) for slicing in cross.slicings)
        raise ValueError(
            f"The slices of the target and the attributes make {sizes} = "
            f"{cross.n_cells} cells, more than {MAX_CELLS}. Use fewer slices "
            "(n_slices), fewer attributes, or combine='intersection'."
        )
