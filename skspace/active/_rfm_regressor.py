"""Regression by a kernel machine that learns the metric of its kernel."""

from __future__ import annotations

import numpy as np
from sklearn.base import RegressorMixin

from .._response import check_weights
from .._sklearn import fit_context
from .._validation import refuses_overflow, validate_X
from ._estimates import standard_deviations
from ._rfm_base import LARGEST, RecursiveFeatureMachine
from ._rfm_docs import recursive_docs
from ._targets import as_outputs


@recursive_docs
class RecursiveFeatureMachineRegressor(RegressorMixin, RecursiveFeatureMachine):
    """Kernel regression that learns its features: a recursive feature machine.

    A kernel regression is fitted, the average outer product of its gradients becomes
    the metric of its kernel, and so on: directions along which the function does not
    change stop to count. Predicts, ranks features, and reduces rows to its directions.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    GaussianRBFRegressor : Learns its metric by descent, for few centres and many rows.
    ActiveSubspace : Directions of any other function, with intervals.

    Notes
    -----
    {notes}

    References
    ----------
    {references}

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.active import RecursiveFeatureMachineRegressor
    >>> rng = np.random.RandomState(0)
    >>> X = rng.standard_normal((300, 6))
    >>> y = np.sin(X[:, 0] + X[:, 1])
    >>> machine = RecursiveFeatureMachineRegressor(random_state=0).fit(X[:200], y[:200])
    >>> bool(machine.score(X[200:], y[200:]) > 0.95)
    True
    >>> np.sort(np.argsort(-machine.feature_importances_)[:2])
    array([0, 1])
    """

    @fit_context
    def fit(self, X, y, sample_weight=None):
        """Learn the metric and the function.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Responses.
        sample_weight : array-like of shape (n_samples,), default=None
            How often each row counts.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If y is constant, squares of y, or of X without `standardize`, overflow or
            vanish, or the kernel matrix exceeds the memory bound.
        """
        X, _ = validate_X(
            self, X, y=None if y is None else "no_validation", ensure_min_samples=2
        )
        Y, self._flat = as_outputs(y, X)
        weights = check_weights(sample_weight, X)
        unit = standard_deviations(Y, np.ones(len(Y)) if weights is None else weights)
        if not np.any(unit):
            raise ValueError(
                "y has a single value: it depends on nothing. Pass a response that "
                "varies."
            )
        if not 1 / LARGEST <= np.max(unit) <= LARGEST:
            raise ValueError(
                f"y has a standard deviation of {np.max(unit):.0e}, whose square "
                "overflows or vanishes; multiply y by a constant."
            )
        self._fit(X, Y, weights, np.where(unit > 0, unit, 1.0))
        return self

    @refuses_overflow
    def predict(self, X):
        """Predict responses.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            As the response of the training data.
        """
        values, X = self._outputs(X, "predict")
        values = values.astype(X.dtype)
        return values[:, 0] if self._flat else values

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
