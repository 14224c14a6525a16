"""Erase a concept from a table by an affine map."""

from __future__ import annotations

import warnings
from numbers import Real

from sklearn.base import OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .._array import array_namespace, device
from .._estimator import Estimator
from .._response import TARGET_TYPES
from .._sklearn import Interval, StrOptions, fit_context, partial_fit_context
from .._validation import check_range, refuses_overflow, validate_X
from ..exceptions import DegenerateDataWarning, IllConditionedErasureWarning
from ..linalg._erasure import erase
from ._concept_reader import ConceptReader
from ._solve import NothingToEraseError, solve, solve_spectral
from ._weight_editor import WeightEditor

NEARLY_SAME = 0.99
"""Canonical correlation of concept and target above which sparing is costly."""


class SubspaceEraser(
    ConceptReader, WeightEditor, OneToOneFeatureMixin, TransformerMixin, Estimator
):
    r"""Take a concept out of a table, so that linear models cannot find it.

    A row becomes ``mean + E (x - mean)``, in the same columns, with a matrix E that is
    the identity but for a few directions. After "leace", "oblique" and "orthogonal" no
    feature is correlated with the concept on the training rows, exactly; a linear
    model then predicts the concept no better than a constant does [1]_. Nonlinear
    models may still see it.

    Parameters
    ----------
    method : {"leace", "oblique", "orthogonal", "spectral"}, default="leace"
        - "leace": of all affine maps that leave no correlation with the concept, the
          one that moves rows least, in whatever norm [1]_.
        - "oblique": also leaves the covariance of the features with a target y as it
          is, and moves rows least for that [2]_. Needs `concept` and y.
        - "orthogonal": projects out the directions in which the features covary with
          the concept (differences of class means), at right angles. Moves rows further
          than "leace" does, and changes nothing but these directions.
        - "spectral": softly projects out where the rows of one class lie, except for
          where the other rows lie [3]_. Guarantees nothing of correlations; for sets
          of rows to be forgotten, and for editing weights.
    concept_type : {"auto", "continuous", "discrete"}, default="auto"
        Whether the concept holds numbers, whose linear trend is erased, or classes.
        "auto" takes strings, booleans and at most 20 distinct whole numbers as
        classes.
    forget : array-like of shape (n_forget,) or None, default=None
        Classes of the concept to be told apart from all others and erased. None
        erases the whole concept, all classes told apart; with "spectral" the concept
        then must have two classes, of which the second is forgotten.
    alpha_forget : float, default=30.0
        How hard "spectral" projects out: 1 weights directions by their share of the
        variance of the rows to be forgotten, ``np.inf`` takes all of them whole.
    alpha_retain : float, default=1.0
        How hard "spectral" spares the directions of the other rows, the retain set:
        from 0, not at all, to ``np.inf``.
    center : bool, default=True
        Whether "spectral" sees rows relative to the mean of all, or to the origin.
    whiten_rcond : float, default=1e-6
        Eigenvalues of the correlation matrix of the features below this share of the
        largest are raised to it. It bounds how far new rows can be moved and leaves the
        guarantee as it is.
    shrinkage : float, "auto" or None, default=None
        Weight ρ in the covariance (1 - ρ) Σ + ρ trace(Σ)/p I by which "leace" and
        "oblique" measure how far rows move; "auto" is the estimate of Ledoit and Wolf.
        For fewer than ten rows per feature, or so. The guarantee stays; 1 makes "leace"
        "orthogonal".
    strength : float, default=1.0
        Share of what is to be taken away that is taken, from 0 to 1. Below 1 the
        correlations with the concept shrink by that share and do not vanish.

    Attributes
    ----------
    operator_ : array of shape (n_features, n_features)
        The matrix E, ``I - components_.T @ duals_``.
    components_ : array of shape (n_components_, n_features)
        Orthonormal directions along which rows are moved, in rows.
    duals_ : array of shape (n_components_, n_features)
        ``duals_ @ (x - mean_)`` is how far x is moved along each.
    mean_ : array of shape (n_features,)
        The point that stays: the mean of the features, or the origin with "spectral"
        and ``center=False``.
    n_components_ : int
        Number of directions; at most one fewer than there are classes, or one for
        each column of numbers. 0 where no feature is correlated with the concept.
    canonical_cosines_ : array of shape (n_cosines,)
        "oblique" only: canonical correlations of what is erased and what is spared,
        falling. Near 1 rows are moved far.
    shrinkage_ : float
        The weight ρ used. Not with "spectral".
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where X has them.

    Warns
    -----
    IllConditionedErasureWarning
        When "oblique" has to spare nearly what it has to erase.

    See Also
    --------
    skspace.fairness.FairSDR : Erases a sensitive attribute direction by direction.
    skspace.fairness.FairPCA : Fewer features besides.

    Notes
    -----
    *Which argument is erased.* `concept` where it is given, else y. In a pipeline that
    ends in a classifier, y is its label: forgetting to pass `concept` erases the label.
    `concept` is metadata to be routed: ``set_fit_request(concept=True)``, or
    ``pipeline.fit(X, y, subspaceeraser__concept=z)``. `transform` needs neither.

    *Notation.* S covariance of features and concept (indicators of classes, numbers as
    they are), U an orthonormal basis of its columns, M a metric: E = I - U Dᵀ with D =
    M U (Uᵀ M U)⁻¹. As Dᵀ U = I, the covariance after erasure is S - U Dᵀ S = 0,
    whatever M is. "leace" takes M = Σ⁻¹, "orthogonal" M = I, "oblique" Σ⁻¹ less its
    projection on V, the covariances with y: then Dᵀ V = 0. "spectral" is E = I - M_f +
    M_f M_r with soft projectors M = Σ w v vᵀ of the forget and the retain set, whose
    directions v of energy share r have the weight w = α r / ((α - 1) r + 1).

    *Differences from the papers.* Where Σ is singular [1]_ takes its pseudo-inverse;
    here small eigenvalues are raised, which gives the same map for those that are zero
    and keeps the guarantee for those that are small. "spectral" takes the other rows of
    the table as its retain set, and relative to the mean unless told otherwise; its
    formulas are those of the code of [4]_, of which [3]_ grew, where no code of the
    eraser is public.

    *What is not guaranteed.* Correlations vanish on the training rows; on others they
    are of the size of the sampling error, so that probes fitted there see chance. Trees
    and networks may find the concept in variances and shapes. In pipelines without a
    penalty all methods but "spectral" make the same predictions, since these depend on
    the span of what is left alone.

    Sums over rows merge: chunks of `partial_fit` give what `fit` gives, in any order,
    and a weight equals repetition. Cost O(n p²) for one pass over the rows, O(p³)
    beyond; O(n p k) to transform for k directions.

    References
    ----------
    .. [1] Belrose, Schneider-Joseph, Ravfogel, Cotterell, Raff & Biderman (2023).
       LEACE: Perfect linear concept erasure in closed form. NeurIPS.
       :doi:`10.48550/arXiv.2306.03819`
    .. [2] Holstege, Ravfogel & Wouters (2025). Preserving task-relevant information
       under linear concept removal. :doi:`10.48550/arXiv.2506.10703`
    .. [3] Biswas, Roy & Roy (2025). CURE: Concept unlearning via orthogonal
       representation editing in diffusion models. :doi:`10.48550/arXiv.2505.12677`
    .. [4] Kodge, Saha & Roy (2024). Deep unlearning: fast and efficient gradient-free
       class forgetting. Transactions on Machine Learning Research.

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.erasure import SubspaceEraser
    >>> rng = np.random.RandomState(0)
    >>> z = rng.randint(2, size=300)
    >>> X = rng.standard_normal((300, 4)) + z[:, None] * [2, 1, 0, 0]
    >>> eraser = SubspaceEraser().fit(X, z)
    >>> X_clean = eraser.transform(X)
    >>> X.shape == X_clean.shape
    True
    >>> apart = X_clean[z == 1].mean(axis=0) - X_clean[z == 0].mean(axis=0)
    >>> bool(np.max(np.abs(apart)) < 1e-12)
    True
    """

    _parameter_constraints: dict = {
        "method": [StrOptions({"leace", "oblique", "orthogonal", "spectral"})],
        "concept_type": [StrOptions(TARGET_TYPES)],
        "forget": ["array-like", None],
        "alpha_forget": [Interval(Real, 0, None, closed="right")],
        "alpha_retain": [Interval(Real, 0, None, closed="both")],
        "center": ["boolean"],
        "whiten_rcond": [Interval(Real, 0, 1, closed="left")],
        "shrinkage": [Interval(Real, 0, 1, closed="both"), StrOptions({"auto"}), None],
        "strength": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(
        self,
        method="leace",
        *,
        concept_type="auto",
        forget=None,
        alpha_forget=30.0,
        alpha_retain=1.0,
        center=True,
        whiten_rcond=1e-6,
        shrinkage=None,
        strength=1.0,
    ):
        self.method = method
        self.concept_type = concept_type
        self.forget = forget
        self.alpha_forget = alpha_forget
        self.alpha_retain = alpha_retain
        self.center = center
        self.whiten_rcond = whiten_rcond
        self.shrinkage = shrinkage
        self.strength = strength

    @fit_context
    def fit(self, X, y=None, *, concept=None, sample_weight=None):
        """Find the map that erases a concept.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            What is erased where `concept` is not given. With "oblique" the target to
            be spared; else it is not used where `concept` is given.
        concept : array-like of shape (n_samples,) or (n_samples, n_columns), \
default=None
            What is erased: classes of any kind or numbers, also several columns.
        sample_weight : array-like of shape (n_samples,), default=None
            How often each row counts.

        Returns
        -------
        self : SubspaceEraser
            The fitted estimator.

        Raises
        ------
        ValueError
            If there is nothing to erase (one class only, a constant), if "oblique"
            lacks the concept or the target or has to spare what it has to erase, if
            "spectral" does not know which of several classes to forget, or if numbers
            leave the range of their dtype.
        """
        X, concept, target, weights = self._validate(X, y, concept, sample_weight)
        summary = self._summarise(X, concept, target, weights)
        self._check_forget(concept, weights)
        self._finish(X, summary)
        return self

    @partial_fit_context
    def partial_fit(self, X, y=None, *, concept=None, sample_weight=None):
        """Take in more rows; the result is that of all rows at once.

        New classes may come at any time. Whether a concept holds classes or numbers is
        read in the first call; `concept_type` says it where that could be wrong.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            More training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            See :meth:`fit`.
        concept : array-like of shape (n_samples,) or (n_samples, n_columns), \
default=None
            See :meth:`fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            How often each row counts.

        Returns
        -------
        self : SubspaceEraser
            Not yet fitted (with a warning) while the rows so far show no concept.
        """
        earlier = getattr(self, "_summary", None)
        X, concept, target, weights = self._validate(
            X, y, concept, sample_weight, reset=earlier is None
        )
        summary = self._summarise(X, concept, target, weights, earlier)
        try:
            self._finish(X, summary)
        except NothingToEraseError as error:
            warnings.warn(
                f"Not fitted yet: {error}", DegenerateDataWarning, stacklevel=2
            )
            self._summary = summary
        return self

    @refuses_overflow
    def transform(self, X):
        """Erase the concept from rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, in the array library of the training data.

        Returns
        -------
        X_new : array of shape (n_samples, n_features)
            ``mean_ + (X - mean_) @ operator_.T``.
        """
        check_is_fitted(self, "components_")
        X, xp = validate_X(
            self, X, reset=False, fitted=self.components_, method="transform"
        )
        if self.n_components_ == 0:
            return xp.asarray(X, copy=True)
        arrays = (self.mean_, self.components_, self.duals_)
        return erase(X, *(xp.astype(array, X.dtype) for array in arrays))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.array_api_support = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _finish(self, X, summary):
        """Solve and store everything."""
        if self.method == "spectral":
            found = solve_spectral(
                summary, self.alpha_forget, self.alpha_retain, center=self.center
            )
        else:
            found = solve(
                summary,
                self.n_features_in_,
                method=self.method,
                eps=float(array_namespace(X).finfo(X.dtype).eps),
                rcond=self.whiten_rcond,
                shrinkage=self.shrinkage or 0.0,
            )
        xp = array_namespace(found.mean)
        rows = xp.matrix_transpose(found.eraser.directions)
        duals = self.strength * xp.matrix_transpose(found.eraser.duals)
        identity = xp.eye(rows.shape[1], dtype=xp.float64, device=device(rows))
        operator = identity - found.eraser.directions @ duals
        largest = xp.max(xp.abs(xp.concat([operator, duals])))
        check_range(largest, X.dtype, "An entry of the eraser")
        self.mean_ = xp.astype(found.mean, X.dtype)
        self.operator_ = xp.astype(operator, X.dtype)
        self.components_ = xp.astype(rows, X.dtype)
        self.duals_ = xp.astype(duals, X.dtype)
        self.n_components_ = int(rows.shape[0])
        if found.shrinkage is not None:
            self.shrinkage_ = found.shrinkage
        if found.cosines is not None:
            self.canonical_cosines_ = xp.astype(found.cosines, X.dtype)
            largest = float(found.cosines[0]) if found.cosines.shape[0] else 0.0
            if largest > NEARLY_SAME:
                warnings.warn(
                    "Concept and target covary with nearly the same direction of the "
                    f"features (canonical correlation {largest:.4f}): sparing the one "
                    "moves rows far. method='leace' does not spare it.",
                    IllConditionedErasureWarning,
                    stacklevel=2,
                )
        self._summary = summary
