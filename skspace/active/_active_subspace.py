"""Active subspace: directions along which a function of the features changes most."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.utils import check_random_state

from .._array import array_namespace, asarray_like, to_numpy
from .._rank import NotEnoughYetError, Spectrum, choose_rank, constraints
from .._response import check_response, check_weights
from .._sklearn import (
    HasMethods,
    Interval,
    StrOptions,
    fit_context_of_meta_estimator,
)
from .._validation import check_memory, validate_X
from ..linalg._gradient_moments import gradient_moments, mean_outer
from ..linalg._slices import effective_size
from ._estimates import estimate_gradients, fitted_model, standard_deviations
from ._gradient_blocks import GradientBlocks
from ._gradients import KnownGradients, as_gradients, model_gradients
from ._resampling import (
    describe_resamples,
    evidence_of_resamples,
    intervals_of,
    resampled_outer,
)
from ._subspace_base import SubspaceTransformer, axes_and_rank


class ActiveSubspace(GradientBlocks, SubspaceTransformer):
    """Directions along which a function of the features changes most.

    The eigenvectors of the mean outer product of gradients, the matrix
    C = mean(∇f ∇fᵀ): along the first the function changes most on average, along those
    with eigenvalue zero not at all. Gradients are given, estimated from a response, or
    those of any fitted model; bootstrap intervals say how far the eigenvalues, the
    leading direction and the importances of features can be trusted.

    Parameters
    ----------
    n_components : int, float, "gap", "bootstrap" or None, default=None
        Number of directions. A float in (0, 1) takes the fewest whose eigenvalues hold
        that share of the mean squared gradient, "gap" those up to the largest drop of
        the eigenvalues, "bootstrap" the number for which the subspace moves least
        under resampling; all leave their evidence in ``rank_evidence_``. None keeps
        every direction with an eigenvalue above rounding.
    method : {"local_linear", "linear", "quadratic"}, default="local_linear"
        How gradients are estimated from y, where neither gradients nor an estimator
        are given: from planes through the nearest neighbours of each sample, or from
        one polynomial of degree 1 or 2 for all samples. Degree 1 finds one direction
        only, that of linear regression.
    estimator : estimator, default=None
        A regressor or classifier whose prediction is to be differentiated. It is
        cloned and fitted; wrapped in :class:`sklearn.frozen.FrozenEstimator` it is used
        as it is, and no y is needed. Gradients are its own where it has a method
        ``input_gradients(X)``, and else central differences of ``predict_proba`` or
        ``predict``.
    n_neighbors : int or "auto", default="auto"
        Samples of a local plane, the sample itself included, at least one more than
        there are features. "auto" takes twice the features plus one. More neighbours
        lessen noise and blur what is curved.
    step : float, default=0.1
        Half the width of a central difference, in standard deviations of each feature.
        Trees and other step functions need about 0.5; a smooth model can take less.
    standardize : bool, default=True
        Whether directions and importances are per standard deviation of each feature.
        Then units do not matter; False takes the units of X, and rotating X rotates the
        result.
    n_resamples : int, default=100
        Resamples for intervals, at least 2; 0 for none.
    confidence_level : float, default=0.95
        Of the intervals, in (0, 1).
    random_state : int, RandomState instance or None, default=None
        Fixes the resamples; nothing else is random.

    Attributes
    ----------
    components_ : array of shape (n_components, n_features)
        Orthonormal directions by falling eigenvalue, such that
        ``(X - mean_) / scale_ @ components_.T`` are the scores.
    eigenvalues_ : array of shape (n_features,)
        Mean squared derivative along each direction, per squared standard deviation;
        outputs added up.
    feature_importances_ : array of shape (n_features,)
        Activity scores Σ λ_k v_jk² over the directions kept, divided by their sum.
    gradient_covariance_ : array of shape (n_features, n_features)
        The matrix C, per standard deviations.
    eigenvalue_intervals_ : array of shape (2, n_features)
        Lower and upper ends; only of `fit`, with `n_resamples` > 0.
    direction_intervals_ : array of shape (2, n_features)
        Ends for the first row of ``components_``, coefficient by coefficient.
        Likewise.
    direction_angle_ : float
        Radians within which the resamples keep to the leading direction, at
        `confidence_level`. Likewise.
    feature_importance_intervals_ : array of shape (2, n_features)
        Ends for the importances. Likewise.
    subspace_errors_ : array of shape (n_dimensions,)
        Entry k - 1: mean sine of the largest angle between the subspaces of the first
        k directions on all samples and on resamples, for k up to 20. Likewise.
    bootstrap_ : GradientBootstrap
        Everything about each resample. Likewise.
    rank_evidence_ : RankEvidence
        What the rule for `n_components` saw; not with an int or None.
    estimator_ : estimator
        The fitted model; only with `estimator`.
    mean_ : array of shape (n_features,)
        Mean of each feature.
    scale_ : array of shape (n_features,)
        Standard deviation of each feature, ones without `standardize`.
    n_components_ : int
        Number of directions.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where X had string names.

    See Also
    --------
    skspace.decomposition.OuterProductGradients : Refines local planes to the
        directions found; surer from few samples, and slower.
    RecursiveFeatureMachineRegressor : A kernel machine that learns such a matrix.

    Notes
    -----
    *Estimates.* A local plane is fitted to a neighbourhood of distinct samples, with
    a ridge: the variance of the noise, as the planes leave it, times the total variance
    of the features over that of y. Exactly linear functions are not touched by it; what
    a neighbourhood cannot tell has no slope. Equal rows count as one, with the mean of
    their responses.

    *Intervals.* A resample draws samples with replacement. Where gradients were
    estimated from y, it also turns the signs of the residuals at random and takes the
    change of all gradients along (a wild bootstrap: nothing is searched or fitted
    again). Intervals reach as many standard errors of the resamples to both sides as
    the level asks of a normal law; those of eigenvalues and importances have their
    middle corrected for the bias that resamples show. With an
    `estimator` they are conditional on it: they say what the choice of samples does,
    not what another model would find. The bias of planes through curved neighbourhoods
    is in none of them, nor what the ridge takes off eigenvalues. The ridge and the
    noise of resamples are our own; resampling known gradients is from the book.

    *Cost.* O(n p²) for C, and n_resamples times that and O(p³) for intervals. Local
    planes add a neighbour search and O(n k p²), k neighbours; finite differences
    2 p predictions of the table.

    *When it fails.* A direction counts by the slope of the function, not by what it
    adds to a prediction: fast small ripples count for much. Local planes need samples
    by the dozen per feature.

    References
    ----------
    P. G. Constantine, "Active Subspaces: Emerging Ideas for Dimension Reduction in
    Parameter Studies", SIAM (2015). :doi:`10.1137/1.9781611973860`;
    C. F. J. Wu, "Jackknife, bootstrap and other resampling methods in regression
    analysis", Annals of Statistics 14 (1986). :doi:`10.1214/aos/1176350142`;
    P. Diaz and P. G. Constantine, "Global sensitivity metrics from active subspaces",
    Reliability Engineering and System Safety 162 (2017).
    :doi:`10.1016/j.ress.2017.01.013`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.active import ActiveSubspace
    >>> rng = np.random.RandomState(0)
    >>> X = rng.uniform(-1, 1, (400, 4))
    >>> y = np.exp(X[:, 0] + X[:, 1])
    >>> active = ActiveSubspace(n_components="gap", random_state=0).fit(X, y)
    >>> active.components_.shape
    (1, 4)
    >>> active.feature_importances_.round(1)
    array([0.5, 0.5, 0. , 0. ])
    >>> low, high = active.feature_importance_intervals_
    >>> bool(np.all(high[2:] < low[:2]))
    True

    With gradients, and of a model that was fitted before:

    >>> G = y[:, None] * [1.0, 1.0, 0.0, 0.0]
    >>> ActiveSubspace().fit(X, gradients=G).n_components_
    1
    >>> from sklearn.frozen import FrozenEstimator
    >>> from sklearn.svm import SVR
    >>> model = SVR(C=100).fit(X, y)
    >>> active = ActiveSubspace(1, estimator=FrozenEstimator(model)).fit(X)
    >>> active.feature_importances_.round(1)
    array([0.5, 0.5, 0. , 0. ])
    """

    _parameter_constraints: dict = {
        "n_components": constraints("gap", "bootstrap"),
        "method": [StrOptions({"local_linear", "linear", "quadratic"})],
        "estimator": [HasMethods(["fit"]), None],
        "n_neighbors": [
            Interval(Integral, 2, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "step": [Interval(Real, 0, None, closed="neither")],
        "standardize": ["boolean"],
        "n_resamples": [  # one resample has no spread
            Interval(Integral, 2, None, closed="left"),
            Interval(Integral, 0, 1, closed="left"),
        ],
        "confidence_level": [Interval(Real, 0, 1, closed="neither")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_components=None,
        *,
        method="local_linear",
        estimator=None,
        n_neighbors="auto",
        step=0.1,
        standardize=True,
        n_resamples=100,
        confidence_level=0.95,
        random_state=None,
    ):
        self.n_components = n_components
        self.method = method
        self.estimator = estimator
        self.n_neighbors = n_neighbors
        self.step = step
        self.standardize = standardize
        self.n_resamples = n_resamples
        self.confidence_level = confidence_level
        self.random_state = random_state

    @fit_context_of_meta_estimator
    def fit(self, X, y=None, *, gradients=None, sample_weight=None):
        """Find the directions along which a function changes most.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Where the function is known.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Its values, or classes, which count by their indicators. Not needed, and not
            looked at, with `gradients`; not needed with a frozen estimator.
        gradients : array-like of shape (n_samples, n_features) or \
(n_samples, n_outputs, n_features), default=None
            Its gradients by X, in the units of X.
        sample_weight : array-like of shape (n_samples,), default=None
            How often each sample counts.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If y is missing or constant, gradients have the wrong shape, are not finite
            or all zero, all rows are equal, or a model predicts NaN or infinity.

        Warns
        -----
        DegenerateDataWarning
            If there are fewer distinct samples than coefficients to fit; of all
            gradients that fit the smallest are taken.
        """
        if self.n_components == "bootstrap" and not self.n_resamples:
            raise ValueError("n_components='bootstrap' needs n_resamples > 0, got 0.")
        X, y, weights = self._validate(X, y, gradients, sample_weight, reset=True)
        X, field, weights = self._field(X, y, gradients, weights)
        moments = gradient_moments(X, field.gradients, weights)
        self._finish(X, moments, (field, weights))
        return self

    def _validate(self, X, y, gradients, sample_weight, *, reset):
        """Validate what a fit gets; the response and weights come on the host."""
        free = gradients is not None or isinstance(self.estimator, FrozenEstimator)
        X, _ = validate_X(
            self,
            X,
            reset=reset,
            y="no_validation" if free or y is not None else None,
            ensure_min_samples=2 if reset else 1,
        )
        if gradients is None and y is not None:
            y = check_response(y, X)
        return X, y, check_weights(sample_weight, X)

    def _field(self, X, y, gradients, weights):
        """Rows of positive weight, their gradients in units of X and y, and weights."""
        check_memory(
            8 * X.shape[1] ** 2,
            what=f"One {X.shape[1]} x {X.shape[1]} matrix",
            remedy="reduce the features first",
        )
        xp = array_namespace(X)
        w = np.ones(X.shape[0]) if weights is None else weights
        if gradients is not None:
            gradients = as_gradients(gradients, X)
        elif self.estimator is not None:
            self.estimator_ = fitted_model(self.estimator, X, y, weights)
            deviations = standard_deviations(to_numpy(xp.astype(X, xp.float64)), w)
            gradients = model_gradients(self.estimator_, X, self.step * deviations)
        if gradients is not None:
            field = KnownGradients(gradients)
            return X, field, asarray_like(w, X, dtype=xp.float64)
        return estimate_gradients(
            X,
            y,
            w,
            method=self.method,
            n_neighbors=self.n_neighbors,
            standardize=self.standardize,
        )

    def _finish(self, X, moments, rows=None):
        """Solve, choose the rank, and store everything."""
        self._moments = moments
        xp = array_namespace(X)
        found = mean_outer(moments, standardize=self.standardize)
        if float(xp.max(xp.abs(found.matrix))) == 0:
            raise NotEnoughYetError(
                "Squares of all gradients are zero: the function depends on no feature "
                "that varies. A model that is a step function may need a larger step, "
                "a function of tiny values a factor."
            )
        values, axes, rank = axes_and_rank(found.matrix)
        host = to_numpy(values)
        bootstrap = None
        if rows is not None and self.n_resamples:
            bootstrap = self._resample(*rows, found, to_numpy(axes))
        kept = self._choose(host, rank, bootstrap)
        shares = self._keep_axes(X.dtype, found, values, axes, kept)
        if bootstrap is not None:
            self._keep_intervals(bootstrap, host, to_numpy(axes), to_numpy(shares))

    def _choose(self, values, rank, bootstrap):
        """Apply the rule for the number of directions."""
        if self.n_components == "bootstrap":
            self.rank_evidence_ = evidence_of_resamples(bootstrap, rank)
            return self.rank_evidence_.n_components
        spectrum = Spectrum(values, rank, rank, 0.0, 0, False)
        kept, evidence = choose_rank(self.n_components, spectrum)
        if evidence is not None:
            self.rank_evidence_ = evidence
        return kept

    def _resample(self, field, weights, found, axes):
        """Draw resamples and describe them."""
        w = to_numpy(weights)
        size = round(effective_size(np.count_nonzero(w), np.sum(w)))
        rng = check_random_state(self.random_state)
        matrices = resampled_outer(field, w, found.scale, size, self.n_resamples, rng)
        return describe_resamples(matrices, axes)

    def _keep_intervals(self, bootstrap, values, axes, shares):
        """Store intervals in the library of the data."""
        found = intervals_of(
            bootstrap, values, axes, shares, self.n_components_, self.confidence_level
        )
        like = self.eigenvalues_
        self.eigenvalue_intervals_ = asarray_like(found.eigenvalues, like)
        self.direction_intervals_ = asarray_like(found.direction, like)
        self.feature_importance_intervals_ = asarray_like(found.importances, like)
        self.subspace_errors_ = asarray_like(found.subspace_errors, like)
        self.direction_angle_ = found.angle
        self.bootstrap_ = found.bootstrap

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.array_api_support = True
        return tags
