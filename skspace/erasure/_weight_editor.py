"""Weights of linear models with an erasure built in."""

from __future__ import annotations

import math

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._array import array_namespace, device, is_array_api_obj
from .._validation import as_table, check_same_place


class WeightEditor:
    """Edits weights by the fitted ``operator_`` and ``mean_``."""

    def edit_weights(self, coef, intercept=0.0):
        """Build the erasure into a linear model, so that it needs no transformer.

        Parameters
        ----------
        coef : array-like of shape (n_outputs, n_features) or (n_features,)
            Coefficients of a linear model, or weights of a layer that reads the
            features.
        intercept : float or array-like of shape (n_outputs,), default=0.0
            Its intercept.

        Returns
        -------
        coef : array of shape (n_outputs, n_features) or (n_features,)
            ``coef @ operator_``.
        intercept : float or array of shape (n_outputs,)
            The new model gives for x what the old one gives for ``transform(x)``.

        Raises
        ------
        ValueError
            If shapes do not fit, weights are missing or infinite, or edited ones leave
            the range of the dtype.
        """
        check_is_fitted(self, "components_")
        xp = array_namespace(self.operator_)
        coef = self._weights(coef, "coef")
        if coef.ndim not in (1, 2) or coef.shape[-1] != self.n_features_in_:
            raise ValueError(
                f"coef must have one column for each of the {self.n_features_in_} "
                f"features, got shape {tuple(coef.shape)}."
            )
        intercept = self._weights(intercept, "intercept")
        n_outputs = math.prod(coef.shape[:-1])
        if intercept.ndim and math.prod(intercept.shape) != n_outputs:
            raise ValueError(
                f"intercept must be one number, or one for each of the {n_outputs} "
                f"outputs of coef, got shape {tuple(intercept.shape)}."
            )
        if intercept.ndim:
            intercept = xp.reshape(intercept, coef.shape[:-1])
        with np.errstate(over="ignore", invalid="ignore"):
            edited = coef @ self.operator_
            moved = (coef - edited) @ self.mean_ + intercept
        if not all(bool(xp.all(xp.isfinite(x))) for x in (edited, moved)):
            raise ValueError(
                f"Edited weights leave the range of {coef.dtype}; divide coef and "
                "intercept by a constant, or fit to float64."
            )
        return edited, moved

    def _weights(self, values, name):
        """`values`, validated, as an array beside the operator."""
        xp, like = array_namespace(self.operator_), self.operator_
        if not is_array_api_obj(values):  # a number or a list
            values = np.asarray(values)
        with np.errstate(over="ignore"):
            values = as_table(
                values,
                ensure_2d=False,
                ensure_min_samples=0,
                ensure_min_features=0,
                input_name=name,
            )
            if not isinstance(values, np.ndarray):
                check_same_place(self, values, like, "edit_weights")
            return xp.asarray(values, dtype=like.dtype, device=device(like))
