"""Frequent Directions: a small matrix that stands in for a long stream of rows."""

from __future__ import annotations

import math
from numbers import Integral

import numpy as np

from .._array import array_namespace
from ._basis import real_array, same_dtype

__all__ = ["FrequentDirections"]


class FrequentDirections:
    """Deterministic streaming sketch of the leading directions of a table.

    Parameters
    ----------
    n_components : int, default=10
        Number ℓ of rows of the sketch.

    Attributes
    ----------
    sketch_ : array of shape (n_rows, n_features), n_rows <= n_components
        B, orthogonal rows by falling length.
    components_ : array of shape (n_rows, n_features)
        The rows of B at unit length: orthonormal.
    singular_values_ : array of shape (n_rows,)
        Their lengths.
    error_bound_ : float
        Bound on every ‖Ax‖² - ‖Bx‖², ‖x‖ = 1, for the stream seen, in squared units
        of the data.
    n_samples_seen_ : int
        Rows seen.

    See Also
    --------
    as_basis : Accepts a FrequentDirections with data as a subspace.

    Notes
    -----
    For the table A of all rows seen and its best rank-k approximation A_k,

        0 <= ‖Ax‖² - ‖Bx‖² <= error_bound_ <= ‖A - A_k‖²_F / (ℓ + 1 - k)

    for every unit vector x and every k <= ℓ, however the rows were split in batches
    and sketches merged. A table of rank at most ℓ is kept exactly. Rows are not
    centred; centre them first where a mean should not count.

    Difference from the paper: up to 2ℓ rows are collected, then squared singular
    values are lowered by the (ℓ+1)-th, not the ℓ-th, so that ℓ rows survive; the
    bound has ℓ + 1 - k in place of ℓ - k.

    Cost O(n_features ℓ) a row, memory O(n_features ℓ).

    References
    ----------
    M. Ghashami, E. Liberty, J. M. Phillips and D. P. Woodruff, "Frequent Directions:
    simple and deterministic matrix sketching", SIAM Journal on Computing 45 (2016).
    :doi:`10.1137/15M1009718`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.linalg import FrequentDirections
    >>> A = np.random.RandomState(0).randn(500, 3) @ np.eye(3, 20)
    >>> sketch = FrequentDirections(n_components=5).partial_fit(A[:200])
    >>> sketch = sketch.partial_fit(A[200:])
    >>> B = sketch.sketch_
    >>> B.shape, np.allclose(B.T @ B, A.T @ A)  # rank 3: nothing is lost
    ((3, 20), True)
    """

    def __init__(self, n_components=10):
        if not (isinstance(n_components, Integral) and n_components >= 1):
            raise ValueError(
                f"n_components must be an integer of at least 1, got {n_components!r}."
            )
        self.n_components = n_components
        self._rows = None  # up to 2 n_components rows not yet shrunk
        self._loss = 0.0  # square root of what shrinking took from ‖Bx‖² so far
        self._n_seen = 0
        self._shrunk = None  # the three results below, until new rows come

    def partial_fit(self, X):
        """Add rows to the stream.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, in the array library of the first call. Rows of float64 in a stream
            of float32 make the sketch float64.

        Returns
        -------
        self : FrequentDirections
            The sketch of all rows so far.

        Raises
        ------
        ValueError
            If X is not a finite real table of the width and library seen before, or
            its rows are together longer than its dtype can tell. Nothing is added then.

        Examples
        --------
        >>> from skspace.linalg import FrequentDirections
        >>> FrequentDirections(2).partial_fit([[1.0, 2.0]]).n_samples_seen_
        1
        """
        X = real_array(X, "X")
        if X.ndim != 2 or X.shape[1] == 0:
            raise ValueError(
                "X must have shape (n_samples, n_features), got "
                f"{tuple(X.shape)}; one row is X[None, :]."
            )
        self._add(X)
        self._n_seen += X.shape[0]
        return self

    def merge(self, other):
        """Sketch of both streams, leaving the two sketches as they are.

        Parameters
        ----------
        other : FrequentDirections
            Of the same `n_components`, over rows of the same width.

        Returns
        -------
        merged : FrequentDirections
            With the guarantee of one pass over all rows. `error_bound_` is at most
            the sum of both and what the merge itself shrinks.

        Raises
        ------
        ValueError
            If `n_components` or the widths differ.

        Examples
        --------
        >>> from skspace.linalg import FrequentDirections
        >>> left = FrequentDirections(2).partial_fit([[1.0, 2.0]])
        >>> right = FrequentDirections(2).partial_fit([[3.0, 4.0]])
        >>> left.merge(right).n_samples_seen_
        2
        """
        if other.n_components != self.n_components:
            raise ValueError(
                "Sketches of one n_components merge, got "
                f"{self.n_components} and {other.n_components}."
            )
        merged = FrequentDirections(self.n_components)
        for part in (self, other):
            if part._rows is not None:
                merged._add(part._rows)
            merged._lose(part._loss)
            merged._n_seen += part._n_seen
        return merged

    @property
    def n_samples_seen_(self):
        """Rows seen."""
        return self._n_seen

    @property
    def sketch_(self):
        """B of shape (n_rows, n_features)."""
        values, rows, _ = self._summary()
        return values[:, None] * rows

    @property
    def components_(self):
        """Orthonormal directions of the sketch, leading first."""
        return self._summary()[1]

    @property
    def singular_values_(self):
        """Lengths of the rows of the sketch."""
        return self._summary()[0]

    @property
    def error_bound_(self):
        """Bound on the squared length any unit direction has lost."""
        lost = self._summary()[2]
        return self._loss * self._loss + lost * lost

    def _add(self, X):
        if self._rows is not None and X.shape[1] != self._rows.shape[1]:
            raise ValueError(
                f"The stream has {self._rows.shape[1]} features, got {X.shape[1]}."
            )
        rows, losses = self._rows, []
        if rows is None:
            rows = X[:0, :]
        X, rows = same_dtype(X, rows)
        xp = array_namespace(X)
        start, n_samples = 0, X.shape[0]
        while start < n_samples:
            stop = min(start + 2 * self.n_components - rows.shape[0], n_samples)
            # a copy: the caller may reuse the memory of X
            rows = xp.concat([rows, X[start:stop, :]], axis=0)
            start = stop
            if rows.shape[0] >= 2 * self.n_components:
                values, rows, lost = _shrink(rows, self.n_components)
                rows = values[:, None] * rows
                losses.append(lost)
        self._rows, self._shrunk = rows, None
        for lost in losses:
            self._lose(lost)

    def _lose(self, lost):
        self._loss = math.hypot(self._loss, lost)

    def _summary(self):
        if not self._n_seen:
            raise AttributeError(
                "This FrequentDirections has seen no rows; call partial_fit first."
            )
        if self._shrunk is None:
            self._shrunk = _shrink(self._rows, self.n_components)
        return self._shrunk


def _shrink(rows, n_components):
    """Singular values √(s² - t²), right vectors, and t, the (ℓ+1)-th value."""
    xp = array_namespace(rows)
    if rows.shape[0] == 0:  # nothing but zero rows so far
        return rows[:, 0], rows, 0.0
    with np.errstate(over="ignore"):  # the largest value tells of it
        _, s, Vt = xp.linalg.svd(rows, full_matrices=False)
    if not math.isfinite(float(s[0])):
        raise ValueError(
            f"The rows are together longer than {rows.dtype} can tell; divide them by "
            "a constant."
        )
    lost = float(s[n_components]) if s.shape[0] > n_components else 0.0
    s = s[: min(n_components, s.shape[0])]
    noise = max(rows.shape) * float(xp.finfo(s.dtype).eps) * float(s[0])
    kept = int(xp.sum(xp.astype(s > max(lost, noise), xp.int64)))
    # √(s - t) √(s + t): squares of very large or small values would not fit
    s = xp.sqrt(s[:kept] - lost) * xp.sqrt(s[:kept] + lost)
    return s, Vt[:kept, :], lost
