"""Gradients of an unknown function from its values, and how noise would move them.

Each estimate is a small object with ``gradients`` (n, q, p) for n rows, q outputs and
p features; ``residuals`` (n, q), what the fit leaves of the outputs, or None where
gradients are known; and ``shift(rows, noise)``, the change of the gradients of some
rows if residuals were multiplied by `noise` (n, B) and added to the outputs: every
estimate from values is linear in them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.neighbors import NearestNeighbors

from .._array import array_namespace, asarray_like, device, is_array_api_obj, to_numpy
from .._validation import check_memory

BLOCK_BYTES = 8 * 1024**2
"""Bytes of a block of neighbourhoods."""
RIDGE = 1e-8
"""Least ridge of a local fit, in mean variances of its features: collinear features
share a slope."""
LEAST = float(np.finfo(np.float64).tiny)
"""Ridge where neighbours coincide to rounding."""
ANALYTIC = "input_gradients"
"""Method of fitted models that returns gradients, (n, p) or (n, q, p)."""


class KnownGradients(NamedTuple):
    """Gradients that carry no noise of the outputs."""

    gradients: Any
    residuals: Any = None


class LocalPlanes:
    """Slopes of planes through the nearest rows of each row.

    Parameters
    ----------
    X : array of shape (n, p), float64
        Distinct rows, scaled as distances are to be taken.
    Y : array of shape (n, q), float64
        Columns of about unit variance.
    weights : array of shape (n,)
        Of mean one.
    n_neighbors : int
        Rows of a neighbourhood; the row itself is one.
    """

    def __init__(self, X, Y, weights, n_neighbors):
        self._X, self._Y, self._weights = X, Y, weights
        n, p = X.shape
        host = to_numpy(X)
        others = NearestNeighbors(n_neighbors=n_neighbors - 1).fit(host)
        others = others.kneighbors(return_distance=False)
        index = np.concatenate([np.arange(n)[:, None], others], axis=1)
        self._index = asarray_like(index, X)
        step = max(1, BLOCK_BYTES // (8 * n_neighbors * p))
        self._blocks = [slice(i, min(i + step, n)) for i in range(0, n, step)]
        self._ridge = 0.0
        self._ridge = self._noise_to_slope()
        xp = array_namespace(X)
        found = [self._fit(rows) for rows in self._blocks]
        self.gradients = xp.concat([slopes for slopes, _ in found])
        self.residuals = xp.concat([left for _, left in found])

    def _hoods(self, rows):
        """Weights, centred features and slopes per unit of each output, by row.

        Shapes (m, k), (m, k, p) and (m, p, k).
        """
        xp = array_namespace(self._X)
        m, k, p = rows.stop - rows.start, self._index.shape[1], self._X.shape[1]
        flat = xp.reshape(self._index[rows, :], (-1,))
        w = xp.reshape(xp.take(self._weights, flat), (m, k))
        A = xp.reshape(xp.take(self._X, flat, axis=0), (m, k, p))
        total = xp.sum(w, axis=1)[:, None, None]
        A = A - xp.sum(w[:, :, None] * A, axis=1, keepdims=True) / total
        right = xp.matrix_transpose(w[:, :, None] * A)
        S = right @ A
        trace = xp.sum(w[:, :, None] * A * A, axis=(1, 2))
        eye = xp.eye(p, dtype=A.dtype, device=device(A))
        # Neighbours that all but coincide have no slope rather than a wild one.
        least = RIDGE * trace / p + LEAST
        ridge = (self._ridge + least)[:, None, None] * eye
        return w, A, xp.linalg.solve(S + ridge, right)

    def _at(self, rows, table):
        """Rows of `table` (n, c) in each neighbourhood, (m, k, c)."""
        xp = array_namespace(table)
        shape = (rows.stop - rows.start, self._index.shape[1], table.shape[1])
        flat = xp.reshape(self._index[rows, :], (-1,))
        return xp.reshape(xp.take(table, flat, axis=0), shape)

    def _noise_to_slope(self):
        """Variance of the noise over that of slopes, from the planes without ridge.

        With outputs of unit variance, slopes of variance 1 / Σ var(x_j) would explain
        them all: the prior of the ridge.
        """
        xp = array_namespace(self._X)
        left, n = 0.0, self._X.shape[0]
        for rows in self._blocks:
            w, A, slopes = self._hoods(rows)
            y = self._at(rows, self._Y)
            mean = xp.sum(w[:, :, None] * y, axis=1, keepdims=True)
            y = y - mean / xp.sum(w, axis=1)[:, None, None]
            y = y - A @ (slopes @ y)
            left += float(xp.sum(w[:, :, None] * y * y))
        k, p = self._index.shape[1], self._X.shape[1]
        noise = left / (n * max(k - 1 - p, 1) * self._Y.shape[1])
        mean = self._weights @ self._X / n
        spread = float(xp.sum(self._weights @ (self._X - mean) ** 2)) / n
        return noise * spread

    def _fit(self, rows):
        """Gradients of some rows, and what their planes leave of their outputs."""
        xp = array_namespace(self._X)
        w, A, slopes = self._hoods(rows)
        y = self._at(rows, self._Y)
        total = xp.sum(w, axis=1)
        mean = xp.sum(w[:, :, None] * y, axis=1) / total[:, None]
        g = slopes @ y
        here = A[:, :1, :]  # the row itself comes first
        fitted = mean + (here @ g)[:, 0, :]
        leverage = w[:, 0] / total + (here @ slopes[:, :, :1])[:, 0, 0]
        # Residuals of the variance of the noise, as far as the plane left any.
        room = xp.sqrt(xp.maximum(1 - leverage, 1e-2 * xp.ones_like(leverage)))
        return xp.matrix_transpose(g), (y[:, 0, :] - fitted) / room[:, None]

    def shift(self, rows, noise):
        """Change of the gradients of `rows`, (m, B, q, p)."""
        xp = array_namespace(self._X)
        _, _, slopes = self._hoods(rows)
        q = self.residuals.shape[1]
        drawn = noise[:, :, None] * self.residuals[:, None, :]
        drawn = xp.reshape(drawn, (drawn.shape[0], -1))
        change = xp.matrix_transpose(slopes @ self._at(rows, drawn))
        return xp.reshape(change, (change.shape[0], -1, q, self._X.shape[1]))


class GlobalPolynomial:
    """Gradients of one polynomial of degree 1 or 2, fitted to all rows.

    Parameters as of :class:`LocalPlanes`.
    """

    def __init__(self, X, Y, weights, degree):
        xp = array_namespace(X)
        n, p = X.shape
        n_terms = 1 + p + (p * (p + 1) // 2 if degree == 2 else 0)
        check_memory(
            16 * n * n_terms,
            what=f"A polynomial of {n_terms} terms at {n} rows",
            remedy="use method='linear' or 'local_linear', or reduce the features",
        )
        self._X, self._degree = X, degree
        mean = weights @ X / n
        self._Z = X - mean
        table = self._terms(self._Z)
        root = xp.sqrt(weights)[:, None]
        self._solve = xp.linalg.pinv(root * table, rtol=1e-10)
        self._solve = self._solve * xp.matrix_transpose(root)
        coef = self._solve @ Y
        leverage = xp.sum(table * xp.matrix_transpose(self._solve), axis=1)
        room = xp.sqrt(xp.maximum(1 - leverage, 1e-2 * xp.ones_like(leverage)))
        self.residuals = (Y - table @ coef) / room[:, None]
        self.gradients = self._gradients(slice(0, n), coef)

    def _terms(self, Z):
        """One, the features, and with degree 2 their products."""
        xp = array_namespace(Z)
        columns = [xp.ones_like(Z[:, :1]), Z]
        if self._degree == 2:
            columns += [Z[:, i:] * Z[:, i : i + 1] for i in range(Z.shape[1])]
        return xp.concat(columns, axis=1)

    def _gradients(self, rows, coef):
        """Gradients for columns of coefficients (t, c), as (m, c, p)."""
        xp = array_namespace(coef)
        Z, p = self._Z[rows, :], self._Z.shape[1]
        slopes = xp.matrix_transpose(coef[1 : 1 + p, :])[None, :, :]
        if self._degree == 1:
            return slopes + 0 * Z[:, :1, None]
        H, start = xp.zeros((p, p, coef.shape[1]), dtype=Z.dtype, device=device(Z)), 1
        start += p
        parts = []
        for i in range(p):  # row i of the upper triangle
            row = coef[start : start + p - i, :]
            parts.append(xp.concat([H[i, :i, :], row], axis=0)[None, :, :])
            start += p - i
        H = xp.concat(parts, axis=0)
        H = xp.permute_dims(H, (2, 0, 1))
        H = H + xp.matrix_transpose(H)
        return slopes + xp.permute_dims(Z[None, :, :] @ H, (1, 0, 2))

    def shift(self, rows, noise):
        """Change of the gradients of `rows`, (m, B, q, p)."""
        xp = array_namespace(noise)
        q = self.residuals.shape[1]
        drawn = noise[:, :, None] * self.residuals[:, None, :]
        coef = self._solve @ xp.reshape(drawn, (drawn.shape[0], -1))
        change = self._gradients(rows, coef)
        return xp.reshape(change, (change.shape[0], -1, q, change.shape[2]))


def model_gradients(model, X, steps):
    """Gradients of what a fitted model predicts, (n, q, p), float64.

    Its own where it has ``input_gradients``; else central differences of its
    predictions, of its probabilities where it is a classifier.

    Parameters
    ----------
    model : fitted estimator
    X : array of shape (n, p)
    steps : ndarray of shape (p,)
        Half the distance between the two points of a difference.
    """
    xp = array_namespace(X)
    if hasattr(model, ANALYTIC):
        found = getattr(model, ANALYTIC)(_as_seen(model, X))
        return as_gradients(found, X, name=ANALYTIC)
    p = X.shape[1]
    columns = []
    for j in range(p):
        step = np.zeros(p)
        step[j] = steps[j]
        step = asarray_like(step, X)
        above, below = X + step, X - step
        change = _predictions(model, above) - _predictions(model, below)
        # Divide by the step that was made: X + h - (X - h) is rounded.
        made = to_numpy(above[:, j] - below[:, j]).astype(np.float64)
        made = np.where(made == 0, 1.0, made)[:, None]  # a constant feature
        columns.append(change / made)
    return asarray_like(np.stack(columns, axis=2), X, dtype=xp.float64)


def _as_seen(model, X):
    """Rows as a frame where the model was fitted to one, or it would warn."""
    names = getattr(model, "feature_names_in_", None)
    if names is None or len(names) != X.shape[1]:
        return X
    import pandas as pd  # or there would be no names

    return pd.DataFrame(to_numpy(X), columns=names)


def _predictions(model, X):
    """Predictions as a finite host table (n, q)."""
    name = "predict_proba" if hasattr(model, "predict_proba") else "predict"
    if not hasattr(model, name):
        raise ValueError(
            f"{type(model).__name__} has neither predict, predict_proba nor "
            f"{ANALYTIC}; pass a regressor or a classifier."
        )
    values = getattr(model, name)(_as_seen(model, X))
    values = to_numpy(values) if is_array_api_obj(values) else np.asarray(values)
    if values.dtype.kind not in "biuf":
        raise ValueError(
            f"{type(model).__name__}.{name} returns {values.dtype}, not numbers; pass "
            "a regressor, or a classifier with predict_proba."
        )
    values = values.astype(np.float64).reshape(len(values), -1)
    if len(values) != X.shape[0]:
        raise ValueError(
            f"{type(model).__name__}.{name} returns {len(values)} predictions for "
            f"{X.shape[0]} rows; it must return one for each."
        )
    if not np.all(np.isfinite(values)):
        raise ValueError(
            f"{type(model).__name__}.{name} returns NaN or infinity next to rows of X; "
            "a smaller step keeps closer to them."
        )
    return values


def as_gradients(gradients, X, *, name="gradients"):
    """Return gradients as an array (n, q, p) beside X, float64.

    Raises
    ------
    ValueError
        If they are not finite numbers of shape (n, p) or (n, q, p).
    """
    xp = array_namespace(X)
    if not is_array_api_obj(gradients) or array_namespace(gradients) is not xp:
        if is_array_api_obj(gradients):
            gradients = to_numpy(gradients)
        gradients = np.asarray(gradients, dtype=np.float64)
        gradients = asarray_like(gradients, X, dtype=xp.float64)
    n, p = X.shape
    shape = tuple(gradients.shape)
    if len(shape) not in (2, 3) or shape[:: len(shape) - 1] != (n, p) or 0 in shape:
        raise ValueError(
            f"{name} must have the shape ({n}, {p}) of X, or ({n}, n_outputs, {p}), "
            f"got {shape}."
        )
    if xp.isdtype(gradients.dtype, "complex floating"):
        raise ValueError(f"{name} holds complex numbers; pass real ones.")
    gradients = xp.astype(gradients, xp.float64)
    if not bool(xp.all(xp.isfinite(gradients))):
        raise ValueError(f"{name} contains NaN or infinity; leave these rows out.")
    return xp.reshape(gradients, (n, -1, p))
