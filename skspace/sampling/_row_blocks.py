"""Fits of a row sampler to rows in blocks: scores from Gram matrices that add up."""

from __future__ import annotations

from functools import partial

import numpy as np
from sklearn.utils import check_random_state

from .._array import array_namespace, asarray_like, to_numpy
from .._validation import validate_X
from ..linalg._moments import merge_moments, table_moments
from ..linalg._row_scores import (
    inverse_root_of_triangle,
    lewis_steps,
    squared_lengths,
)
from ._frames import Frame, check_squares, columns_of, frame_of
from ._scores import check_rank


class RowBlocks:
    """Scores rows where they lie; numbers for each row come to the client."""

    def _read_block(self, X, *, reset=False):
        return validate_X(self, X, reset=reset)[0]

    def _fit_blocks(self, rows, y=None):
        """Fit to :class:`Rows`."""
        self._check_method()
        if self.method in {"sensitivity", "l2_augmented"}:
            raise ValueError(
                f"method={self.method!r} looks at all rows at once; choose 'lewis', "
                "'leverage' or 'root_leverage' for rows in blocks."
            )
        moments = rows.reduce(self._summarise_block, merge_moments)
        frame = frame_of(moments, self.fit_intercept)
        self._moments = None
        self.rank_ = check_rank(frame.forward.shape[1])
        n_samples = self._sample_size(moments.n_rows, self.rank_)
        self.n_iter_ = 1
        if self.method == "uniform":
            scores = np.ones(moments.n_rows)
        elif self.method == "lewis" and self.p != 2:
            state = self._lewis(rows, frame)
            scores, frame = state.weights, Frame(frame.centre, state.forward)
        else:
            scores = _lengths(rows, frame) ** (self._power() / 2)
        if self.method != "uniform":
            self._frame = frame

        def lengths(kept, scale):
            weights = np.zeros(moments.n_rows)
            weights[kept] = scale**2
            drawn = rows.reduce(table_moments, merge_moments, weights)
            found = _lengths(rows, frame_of(drawn, self.fit_intercept))
            return found[kept] * weights[kept]

        rng = check_random_state(self.random_state)
        drawn = self._draw(scores, lengths, n_samples, rng)
        self._keep(rows.head, scores, *drawn)

    def _summarise_block(self, X):
        check_squares(X)
        return table_moments(X)

    def _lewis(self, rows, frame):
        """Find Lewis weights by two passes over the rows for each of their passes.

        The map in the state turns columns, not orthonormal coordinates, to rows.
        """

        def inverse_root(factor):
            summarise = partial(_triangle, frame)
            R = rows.reduce(summarise, _stacked, factor)
            return frame.forward @ inverse_root_of_triangle(R)

        def lengths(forward):
            return _lengths(rows, Frame(frame.centre, forward))

        leverage = _lengths(rows, frame)
        steps = lewis_steps(lengths, inverse_root, leverage, self.rank_, self.p)
        return self._run_lewis(steps, rows.head)


def _lengths(rows, frame):
    return rows.gather(partial(_squared_lengths, frame))


def _squared_lengths(frame, X):
    """Squared lengths of rows in the coordinates of a frame, on the host."""
    return to_numpy(squared_lengths(columns_of(X, frame.centre) @ frame.forward))


def _triangle(frame, X, factor):
    """R of a block in the coordinates of a frame, its rows times a factor."""
    coordinates = columns_of(X, frame.centre) @ frame.forward
    return _factor(asarray_like(factor, coordinates)[:, None] * coordinates)


def _stacked(a, b):
    return _factor(array_namespace(a).concat([a, b]))


def _factor(A):
    return array_namespace(A).linalg.qr(A)[1]
