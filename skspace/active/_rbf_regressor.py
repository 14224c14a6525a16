"""Regression by Gaussian basis functions whose metric shows the active subspace."""

from __future__ import annotations

import numpy as np
from sklearn.base import RegressorMixin

from .._array import array_namespace, asarray_like
from .._response import check_weights
from .._sklearn import fit_context
from .._validation import refuses_overflow, validate_X
from ._docs import rbf_docs
from ._losses import SquaredLoss
from ._preparation import column_scales
from ._rbf_base import GaussianRBF
from ._rbf_fit import fit_model, make_objective, uses_evidence
from ._targets import as_outputs

LARGEST_OUTPUT = 1e153
"""Largest standard deviation of y whose square is a number."""


@rbf_docs(
    class_weight="",
    outputs=" in standard deviations",
    bound="",
    more="",
)
class GaussianRBFRegressor(RegressorMixin, GaussianRBF):
    """Regression that learns the few directions on which its prediction depends.

    A sum of Gaussian bumps with one learned metric. The metric shows which combinations
    of features matter (`transform`), how much each feature does
    (`feature_importances_`), and the prediction needs no tuning: its complexity follows
    from the training rows.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}
    noise_variance_ : array of shape (n_outputs,)
        Variance of the noise, where the evidence estimates it.

    See Also
    --------
    GaussianRBFClassifier : The same for classes.
    skspace.decomposition.OuterProductGradients : Directions alone, by local planes.
    sklearn.gaussian_process.GaussianProcessRegressor : All rows are centres.

    Notes
    -----
    {notes}

    References
    ----------
    {references}

    Examples
    --------
    >>> from skspace.active import GaussianRBFRegressor
    >>> from skspace.datasets import make_active_subspace
    >>> X, y, basis = make_active_subspace(300, 6, random_state=0, return_basis=True)
    >>> rbf = GaussianRBFRegressor(n_components=1).fit(X, y)
    >>> bool(rbf.score(X, y) > 0.95)
    True
    >>> from skspace.linalg import subspace_distance
    >>> bool(subspace_distance(rbf.components_.T, basis) < 0.1)
    True
    >>> rbf.transform(X).shape
    (300, 1)
    """

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
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            How often each row counts.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If settings have no meaning together, `centers` are no rows like those of X,
            squares of rows or responses leave the range of numbers, or early stopping
            holds out too many rows.

        Warns
        -----
        FewerCentersWarning
            If there are fewer different rows than centres asked for.
        ConvergenceWarning
            If `max_iter` is reached.
        """
        X, _ = validate_X(
            self, X, y=None if y is None else "no_validation", ensure_min_samples=2
        )
        Y, self._flat = as_outputs(y, X)
        model, rows, frame = fit_model(self, X, Y, check_weights(sample_weight, X))
        if uses_evidence(self):
            objective = make_objective(self, rows, self._loss(Y.shape[1]))
            left = objective.fit(model.L, model.C, model.log_ratio).loss
            unit = asarray_like(frame.outputs.scale, left)
            self.noise_variance_ = left / rows.total * unit**2
        return self

    @refuses_overflow
    def predict(self, X):
        """Predict the response.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, in the array library of the training data.

        Returns
        -------
        y : array of shape (n_samples,) or (n_samples, n_outputs)
            As the response of the training data.
        """
        F, X = self._outputs(X, "predict")
        F = array_namespace(F).astype(F, X.dtype)
        return F[:, 0] if self._flat else F

    def _loss(self, n_outputs):
        return SquaredLoss(n_outputs)

    def _output_scales(self, grouped):
        scales = column_scales(grouped.Y, grouped.weights)
        if np.max(scales.scale) > LARGEST_OUTPUT:
            raise ValueError(
                f"y has a standard deviation of {np.max(scales.scale):.0e}, whose "
                "square overflows; divide y by a constant."
            )
        return scales

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
