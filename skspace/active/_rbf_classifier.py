"""Classification by Gaussian basis functions with the metric of an active subspace."""

from __future__ import annotations

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_class_weight

from .._array import array_namespace, asarray_like, to_numpy
from .._response import check_weights
from .._sklearn import StrOptions, fit_context
from .._validation import validate_X
from ._docs import BOHNING, CLASS_WEIGHT, rbf_docs
from ._losses import LogisticLoss
from ._rbf_base import GaussianRBF
from ._rbf_fit import fit_model
from ._targets import check_classes, classes_with_weight


@rbf_docs(
    class_weight=CLASS_WEIGHT,
    outputs=" (logits)",
    bound=",\nwith a quadratic bound of the likelihood of classes (Böhning 1992)",
    more=BOHNING,
)
class GaussianRBFClassifier(ClassifierMixin, GaussianRBF):
    """Classification that learns the few directions on which its prediction depends.

    A sum of Gaussian bumps with one learned metric gives the logits of the classes. The
    metric shows which combinations of features tell classes apart (`transform`), how
    much each feature does (`feature_importances_`), and complexity follows from the
    training rows.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        Classes, sorted. Two have one output, more have one each.
    {attributes}

    See Also
    --------
    GaussianRBFRegressor : The same for numbers.
    sklearn.discriminant_analysis.LinearDiscriminantAnalysis : Linear directions.

    Notes
    -----
    {notes}

    References
    ----------
    {references}

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from skspace.active import GaussianRBFClassifier
    >>> X, y = load_wine(return_X_y=True)
    >>> rbf = GaussianRBFClassifier(n_components=2).fit(X, y)
    >>> rbf.transform(X).shape
    (178, 2)
    >>> bool(rbf.score(X, y) > 0.98)
    True
    """

    _parameter_constraints: dict = {
        **GaussianRBF._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        n_centers="auto",
        *,
        centers="kmeans",
        learn_centers=True,
        rank=None,
        alpha_precision="auto",
        alpha_weights="auto",
        alpha_centers=0.0,
        penalty="squared",
        solver="varpro",
        max_iter=300,
        tol=1e-3,
        n_restarts=1,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=20,
        batch_size=256,
        learning_rate=0.01,
        n_components=0.95,
        importance="eigen",
        standardize=True,
        class_weight=None,
        warm_start=False,
        random_state=None,
        verbose=0,
    ):
        self.n_centers = n_centers
        self.centers = centers
        self.learn_centers = learn_centers
        self.rank = rank
        self.alpha_precision = alpha_precision
        self.alpha_weights = alpha_weights
        self.alpha_centers = alpha_centers
        self.penalty = penalty
        self.solver = solver
        self.max_iter = max_iter
        self.tol = tol
        self.n_restarts = n_restarts
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.n_components = n_components
        self.importance = importance
        self.standardize = standardize
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    @fit_context
    def fit(self, X, y, sample_weight=None):
        """Learn metric, centres and weights.

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
            If there is one class, `class_weight` gives one no positive number, settings
            have no meaning together, `centers` are no rows like those of X, squares of
            rows leave the range of numbers, or early stopping holds out too many rows.

        Warns
        -----
        FewerCentersWarning
            If there are fewer different rows than centres asked for.
        ConvergenceWarning
            If `max_iter` is reached.
        """
        X, xp = validate_X(
            self, X, y=None if y is None else "no_validation", ensure_min_samples=2
        )
        y = check_classes(y, X)
        weights = check_weights(sample_weight, X)
        seen = slice(None) if weights is None else weights > 0
        classes = classes_with_weight(y, weights, self)
        if self.class_weight is not None:
            each = np.ones(len(y)) if weights is None else weights
            factors = compute_class_weight(
                self.class_weight,
                classes=classes,
                y=y[seen],
                sample_weight=each[seen],
            )
            if not np.all((factors > 0) & np.isfinite(factors)):
                raise ValueError(
                    "class_weight must give every class with weight a positive finite "
                    f"number, got {dict(zip(classes.tolist(), factors, strict=True))}; "
                    "leave out the rows of classes that do not count."
                )
            codes = np.minimum(np.searchsorted(classes, y), len(classes) - 1)
            weights = each * factors[codes]
        numeric = classes.dtype.kind in "iufb"
        self.classes_ = asarray_like(classes, X) if numeric else classes
        if numeric and classes.dtype.kind == "f":
            self.classes_ = asarray_like(classes, X, dtype=xp.float64)
        indicators = (y[:, None] == classes[None, :]).astype(np.float64)
        Y = indicators[:, 1:] if len(classes) == 2 else indicators
        fit_model(self, X, Y, weights)
        return self

    def decision_function(self, X):
        """Return the logits of the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, in the array library of the training data.

        Returns
        -------
        scores : array of shape (n_samples,) or (n_samples, n_classes)
            For two classes the logit of ``classes_[1]``.
        """
        F, X = self._outputs(X, "decision_function")
        F = array_namespace(F).astype(F, X.dtype)
        return F[:, 0] if F.shape[1] == 1 else F

    def predict_proba(self, X):
        """Predict the probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, in the array library of the training data.

        Returns
        -------
        probabilities : array of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        F, X = self._outputs(X, "predict_proba")
        xp = array_namespace(F)
        P = self._loss(F.shape[1]).probabilities(F)
        P = xp.concat([1 - P, P], axis=1) if P.shape[1] == 1 else P
        return xp.astype(P, X.dtype)

    def predict(self, X):
        """Predict the most probable class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, in the array library of the training data.

        Returns
        -------
        y : array of shape (n_samples,)
            Classes.
        """
        F, _ = self._outputs(X, "predict")
        xp = array_namespace(F)
        if F.shape[1] == 1:
            codes = xp.astype(F[:, 0] > 0, xp.int64)
        else:
            codes = xp.argmax(F, axis=1)
        if isinstance(self.classes_, np.ndarray):
            return self.classes_[to_numpy(codes)]
        return xp.take(self.classes_, codes)

    def _needed(self, Y):
        codes = Y[:, 0] if Y.shape[1] == 1 else np.argmax(Y, axis=1)
        return np.unique(codes, return_index=True)[1]

    def _loss(self, n_outputs):
        return LogisticLoss(n_outputs)
