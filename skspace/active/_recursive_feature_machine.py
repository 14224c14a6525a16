"""Recursive feature machines: kernel machines that learn the metric of their kernel."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    check_array,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
)

from .._rank import Spectrum, choose_rank, constraints
from .._response import check_weights
from .._sklearn import Interval, StrOptions, fit_context
from .._validation import check_memory, validate_X
from ..linalg._gradient_moments import MeanOuter
from ..linalg._metric_kernels import average_outer, function_gradients
from ._estimates import distinct_rows, standard_deviations
from ._rfm_docs import recursive_docs
from ._rfm_rounds import ALPHAS, BANDWIDTHS, Choice, Rows, choose, replay
from ._subspace_base import SubspaceTransformer, axes_and_rank

SHARPEST = 50.0
"""Largest factor of scores in the softmax of probabilities."""


class RecursiveFeatureMachine(SubspaceTransformer):
    """What regressor and classifier share; they say what the outputs are."""

    _parameter_constraints: dict = {
        "n_rounds": [Interval(Integral, 0, None, closed="left")],
        "kernel": [StrOptions({"laplace", "gaussian"})],
        "bandwidth": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
        "alpha": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
        "n_components": constraints("gap"),
        "standardize": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "max_samples": [Interval(Integral, 2, None, closed="left"), None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_rounds=5,
        *,
        kernel="laplace",
        bandwidth="auto",
        alpha="auto",
        n_components=None,
        standardize=True,
        validation_fraction=0.2,
        max_samples=None,
        random_state=None,
    ):
        self.n_rounds = n_rounds
        self.kernel = kernel
        self.bandwidth = bandwidth
        self.alpha = alpha
        self.n_components = n_components
        self.standardize = standardize
        self.validation_fraction = validation_fraction
        self.max_samples = max_samples
        self.random_state = random_state

    def _fit(self, X, Y, weights, unit):
        """Fit outputs Y (n, q), each divided by its `unit` while M is found.

        Returns the validation rows' outputs and weights, and what was chosen.
        """
        rng = check_random_state(self.random_state)
        weights = np.ones(len(X)) if weights is None else weights
        dtype, X = X.dtype, X.astype(np.float64)
        distinct = distinct_rows(X, Y / unit, weights)
        rows = Rows(X[distinct.index], distinct.Y, distinct.weights)
        n = len(rows.X)
        if self.max_samples is not None and n > self.max_samples:
            rows = rows.take(np.sort(rng.choice(n, self.max_samples, replace=False)))
            n = self.max_samples
        check_memory(
            8 * n**2,
            what=f"A kernel matrix of {n} rows",
            remedy="set max_samples to fit a sample of the rows",
        )
        mean = np.average(rows.X, axis=0, weights=rows.weights)
        scale = standard_deviations(rows.X, rows.weights)
        if not self.standardize:
            scale = np.where(scale > 0, 1.0, 0.0)
        divisor = np.where(scale > 0, scale, 1.0)
        rows = rows._replace(X=np.where(scale > 0, (rows.X - mean) / divisor, 0.0))
        choice, left = self._choose(rows, rng)
        machine = replay(rows, choice, self.kernel)
        self._keep(dtype, machine, rows, MeanOuter(None, mean, scale), unit)
        self.best_round_ = choice.best_round
        self.validation_errors_ = choice.errors
        self.alpha_ = choice.alphas[choice.best_round]
        self.bandwidth_ = choice.bandwidth
        return left, choice

    def _choose(self, rows, rng):
        """Split rows and choose; one row alone has nothing to choose by."""
        auto = self.bandwidth == "auto", self.alpha == "auto"
        bandwidths = BANDWIDTHS[self.kernel] if auto[0] else [float(self.bandwidth)]
        alphas = ALPHAS if auto[1] else [float(self.alpha)]
        n = len(rows.X)
        if n < 2:
            one = Choice(np.zeros(1), bandwidths[0], [alphas[0]], 0, rows.Y)
            return one, rows
        order = rng.permutation(n)
        n_held = min(n - 1, max(1, round(self.validation_fraction * n)))
        held_out, train = rows.take(order[:n_held]), rows.take(np.sort(order[n_held:]))
        return (
            choose(train, held_out, self.n_rounds, bandwidths, alphas, self.kernel),
            held_out,
        )

    def _keep(self, dtype, machine, rows, found, unit):
        """Store the function in units of the outputs, and its directions."""
        coef, intercept = machine.coef * unit, machine.intercept * unit
        self._machine = machine._replace(coef=coef, intercept=intercept)
        self.feature_matrix_ = machine.matrix
        U = machine.centers
        C = average_outer(
            U, U, rows.weights, coef, machine.scale, self.kernel, machine.root
        )
        if not np.all(np.isfinite(C)):
            raise ValueError(
                "Squares of the gradients overflow; divide y by a constant."
            )
        if not np.any(C):
            raise ValueError(
                "The function fitted is constant: distinct samples, got n_samples = "
                f"{len(U)}, do not tell how y depends on X. Pass more rows."
            )
        values, axes, rank = axes_and_rank(C)
        kept, evidence = choose_rank(
            self.n_components, Spectrum(values, rank, rank, 0.0, 0, False)
        )
        if evidence is not None:
            self.rank_evidence_ = evidence
        self._keep_axes(dtype, found._replace(matrix=C), values, axes, kept)

    def _standardised(self, X):
        """Rows as the machine takes them."""
        check_is_fitted(self, "components_")
        X, _ = validate_X(self, X, reset=False)
        return (X.astype(np.float64) - self.mean_) / self.scale_

    def _values(self, X):
        """Compute the outputs (n, q)."""
        X = self._standardised(X)
        return self._machine.values(X)

    def input_gradients(self, X):
        """Gradients of the function by the features.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Where.

        Returns
        -------
        gradients : ndarray of shape (n_samples, n_outputs, n_features)
            In units of the outputs per unit of X. A classifier has one output for each
            class, the scores before they become probabilities. At a training row the
            peak that the Laplace kernel has there is left out.
        """
        X, machine = self._standardised(X), self._machine
        G = function_gradients(
            X @ machine.root,
            machine.centers,
            machine.coef,
            machine.scale,
            self.kernel,
            machine.root,
        )
        return G / self.scale_


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
            If y is constant, or the kernel matrix exceeds the memory bound.
        """
        X, _ = validate_X(
            self, X, y=None if y is None else "no_validation", ensure_min_samples=2
        )
        y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
        check_consistent_length(X, y)
        if y.ndim > 1 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        weights = check_weights(sample_weight, X)
        Y = y.reshape(len(y), -1)
        unit = standard_deviations(Y, np.ones(len(Y)) if weights is None else weights)
        if not np.any(unit):
            raise ValueError(
                "y has a single value: it depends on nothing. Pass a response that "
                "varies."
            )
        self._fit(X, Y, weights, np.where(unit > 0, unit, 1.0))
        self._single = y.ndim == 1
        return self

    def predict(self, X):
        """Predict responses.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        values = self._values(X)
        return values[:, 0] if self._single else values


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
            If there is one class, or the kernel matrix exceeds the memory bound.
        """
        X, _ = validate_X(
            self, X, y=None if y is None else "no_validation", ensure_min_samples=2
        )
        y = column_or_1d(y, warn=True)
        check_array(y, ensure_2d=False, dtype=None, input_name="y")
        check_consistent_length(X, y)
        check_classification_targets(y)
        weights = check_weights(sample_weight, X)
        seen = y if weights is None else y[weights > 0]
        classes = np.unique(seen)
        if len(classes) < 2:
            raise ValueError(
                f"{type(self).__name__} needs samples of at least two classes, got one "
                f"class: {classes[0]!r}."
            )
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
        scores = self._values(X)
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores

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
        scores = self._values(X)
        return softmax(self.sharpness_ * scores, axis=1)

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
        scores = self._values(X)
        return self.classes_[np.argmax(scores, axis=1)]
