"""Rows as fits see them that take passes over rows: here whole, or in blocks."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import scipy.sparse as sp

from ._array import array_namespace, asarray_like, is_array_api_obj, to_numpy
from ._sklearn import safe_indexing


class Rows(ABC):
    """Rows of a validated table, of which a fit sees summaries alone.

    An estimator that can be fitted to rows elsewhere has two methods:
    ``_read_block(X, reset)`` validates a block as ``fit`` would, with `reset` for the
    two rows `head`, and ``_fit_blocks(rows, y, ...)`` is ``fit`` for them.

    Attributes
    ----------
    head : array or sparse matrix of shape (2, n_features)
        Rows validated, for what does not depend on their values: names, dtype, place.
    shape : tuple
        ``(n_samples,)``, so that lengths can be checked against it.
    """

    @abstractmethod
    def reduce(self, function, merge, *columns):
        """Find ``function(X, *columns)`` of each block and merge them in pairs.

        Parameters
        ----------
        function : callable
            Can be pickled.
        merge : callable
            Of two results, associative to rounding.
        *columns : ndarray with a row for each row, table given to `fit`, or None
            Of which each call gets its rows.
        """

    @abstractmethod
    def gather(self, function, *columns):
        """Find ``function(X, *columns)``, a row for each row, in the order of rows."""


class RowsHere(Rows):
    """A validated table as one block."""

    def __init__(self, X):
        self.head = self._X = X
        self.shape = X.shape[:1]

    def reduce(self, function, merge, *columns):
        """Find it of all rows."""
        return function(self._X, *columns)

    def gather(self, function, *columns):
        """Find it of all rows."""
        return function(self._X, *columns)


def take_rows(table, indices):
    """Rows of an array, a frame, a sparse matrix or a list, by their numbers."""
    if hasattr(table, "iloc") or hasattr(table, "columns"):  # frames of any library
        return safe_indexing(table, to_numpy(indices))
    if is_array_api_obj(table):
        xp = array_namespace(table)
        return xp.take(table, asarray_like(to_numpy(indices), table), axis=0)
    if sp.issparse(table):
        return table.tocsr()[to_numpy(indices)]
    return np.asarray(table)[to_numpy(indices)]
