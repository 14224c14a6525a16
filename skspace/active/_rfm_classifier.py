"""Classification by a kernel machine that learns the metric of its kernel."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.base import ClassifierMixin

from .._response import check_weights
from .._sklearn import fit_context
from .._validation import validate_X
from ._rfm_base import RecursiveFeatureMachine
from ._rfm_docs import recursive_docs
from ._targets import check_classes, classes_with_weight

SHARPEST = 50.0
"""Largest factor of scores in the softmax of probabilities."""


@recursive_docs
class RecursiveFeatureMachineClassifier(ClassifierMixin, RecursiveFeatureMachine):
    """Kernel classifier that learns its features: a recursive feature machine.

    The indicators of the classes are fitted by a kernel regression, the average outer
    product of its gradients becomes the metric of its kernel, and so on: directions
    that do not tell classes apart stop to count.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Classes, sorted.
    sharpness_ : float
        Probabilities are the softmax of the scores times this factor, the one of the
        highest likelihood on the validation rows.
    {attributes}

    See Also
    --------
    GaussianRBFClassifier : Learns its metric by descent, for few centres and many rows.
    ActiveSubspace : Directions of any other classifier, with intervals.

    Notes
    -----
    {notes}

    References
    ----------
    {references}

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skspace.active import RecursiveFeatureMachineClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> machine = RecursiveFeatureMachineClassifier(random_state=0).fit(X, y)
    >>> bool(machine.score(X, y) > 0.95)
    True
    >>> machine.predict_proba(X[:1]).argmax()
    np.int64(0)
    """

    @fit_context
    def fit(self, X, y, sample_weight=None):
        """Learn the metric and the scores of the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training rows.
        y : array-like of shape (n_samples,)
            Classes.
        sample_weight : array-like of shape (n_samples,), default=None
            How often each row counts.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If there is one class, squares of X overflow or vanish without
            `standardize`, or the kernel matrix exceeds the memory bound.
        """
        X, _ = validate_X(
            self, X, y=None if y is None else "no_validation", ensure_min_samples=2
        )
        y = check_classes(y, X)
        weights = check_weights(sample_weight, X)
        classes = classes_with_weight(y, weights, self)
        Y = (y[:, None] == classes).astype(np.float64)
        (_, shown, held), choice = self._fit(X, Y, weights, np.ones(len(classes)))

        def loss(log_factor):
            chances = log_softmax(np.exp(log_factor) * choice.values, axis=1)
            return -np.average(np.sum(shown * chances, axis=1), weights=held)

        bounds = (0.0, np.log(SHARPEST))
        found = minimize_scalar(loss, bounds=bounds, method="bounded")
        self.sharpness_ = float(np.exp(found.x))
        self.classes_ = classes
        return self

    def decision_function(self, X):
        """Compute the scores of the classes, about one for the class and zero else.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        scores : ndarray of shape (n_samples, n_classes) or (n_samples,)
            Of two classes the difference, the second minus the first.
        """
        scores, X = self._outputs(X, "decision_function")
        scores = scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores
        return scores.astype(X.dtype)

    def predict_proba(self, X):
        """Estimate the probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Rows sum to one.
        """
        scores, X = self._outputs(X, "predict_proba")
        return softmax(self.sharpness_ * scores, axis=1).astype(X.dtype)

    def predict(self, X):
        """Predict classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        scores, _ = self._outputs(X, "predict")
        return self.classes_[np.argmax(scores, axis=1)]
