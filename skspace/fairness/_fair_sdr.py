"""Fair decomposition by sufficient dimension reduction."""

from __future__ import annotations

import warnings
from functools import partial
from numbers import Integral, Real

from .._rank import NotEnoughYetError
from .._sklearn import (
    Interval,
    RealNotInt,
    StrOptions,
    fit_context,
    partial_fit_context,
)
from ..exceptions import DegenerateDataWarning
from ..linalg._moments import merge_moments
from ._dcov import reorder_by_dcov
from ._docs import shared_docs
from ._representation import FairRepresentation


@shared_docs
class FairSDR(FairRepresentation):
    """Fair decomposition of the features by sufficient dimension reduction.

    Finds the directions of X that a target depends on and those that a sensitive
    attribute depends on, and splits X into four uncorrelated blocks: of the target
    alone, shared by both, of the attribute alone, of neither. The representation
    leaves the attribute's directions out and puts those it shares with the target
    back one by one, as many as `n_shared` says: a dial between parity and utility.
    `transform` never needs the attribute.

    Parameters
    ----------
    n_target : int, "auto" or None, default=None
        Number of directions of the target. None takes those in which means of its
        slices differ: all of them for classes, as many as sequential tests find for
        numbers. An int takes up to that many of these and the rest from second
        moments. "auto" lets the ladle rule say how many the latter are (100 fits).
    n_sensitive : int or "auto", default="auto"
        Number of directions in which means of the attribute's slices differ, for
        each attribute. "auto" takes all of them for classes, which is what makes
        group means equal, and as many as sequential tests find for numbers.
    n_shared : int, float or "all", default=0
        Level: how many shared directions are put back, the best first. A float in
        [0, 1] is a share of them. 0 is the fairest; "all" with
        ``base="complement"`` keeps everything.
    target_method : {"sir", "sir+dr", "sir+save"}, default="sir+dr"
        Where directions of the target come from once the mean directions are used
        up: nowhere, directional regression, or sliced average variance.
    sensitive_method : {"sir", "sir+dr", "sir+save"}, default="sir+dr"
        The same for the attribute, of which `n_sensitive_second_order` directions
        are taken.
    n_sensitive_second_order : int or "auto", default=0
        Number of directions of the attribute from second moments, after all mean
        directions. They can *raise* the parity gap of a thresholded classifier.
        "auto" asks the ladle rule (100 fits).
    base : {"complement", "target"}, default="complement"
        What level 0 holds: all that is not the attribute's, a drop-in
        preprocessing; or the directions of the target alone, few and interpretable.
    order : {"ratio", "utility", "sensitivity", "dcov"}, default="ratio"
        Which shared directions are put back first: the most target information per
        sensitive information, the most target information, the least sensitive
        information, or greedily the least distance correlation with the attribute
        less that with the target, on at most 5000 rows.
    n_slices : int, default=10
        Slices of a continuous target or attribute. Up to that many distinct numbers
        are classes, as are strings and booleans. Classes with fewer than 5 samples
        are pooled, with a warning.
    shared_tol : float, default=0.0
        Above 0, only as many directions count as shared as there are principal
        angles between target and attribute with a cosine above it.
    whiten_rcond : float, default=1e-6
        Directions of the features whose share of the largest eigenvalue of their
        correlation matrix is at most this are left out, as full one-hot blocks need.
    shrinkage : float, "auto" or None, default=None
        Weight ρ in the covariance (1 - ρ) Σ + ρ trace(Σ)/p I of the features; "auto"
        is the estimate of Ledoit and Wolf. For more features than samples, or nearly
        so; standardise first. `whiten_rcond` is not used then.
    {sensitive_columns}
    combine : {"union", "intersection"}, default="union"
        Several attributes: the directions of each, or those of the groups that their
        combinations make.
    scale : {"whitened", "raw"}, default="whitened"
        Whether scores have unit variance, or are coordinates along unit directions.
    output : {"scores", "features"}, default="scores"
        Whether `transform` gives scores, or the features rebuilt from them.
    random_state : int, RandomState instance or None, default=None
        Fixes resampling for "auto" and the rows drawn for ``order="dcov"``.

    Attributes
    ----------
    components_ : array of shape (n_components, n_analysed)
        Directions in rows, of unit length, the entry of largest magnitude positive.
    component_scales_ : array of shape (n_components,)
        Factors that give ``(X - mean_) @ components_.T`` unit variance.
    loadings_ : array of shape (n_components, n_analysed)
        Covariances of the features with the scores of unit variance.
    mean_ : array of shape (n_analysed,)
        Mean of the features.
    block_slices_ : dict of str to slice
        Rows of `components_` that belong to "target", "residual" (with
        ``base="complement"``) and "shared".
    whitening_ : array of shape (n_analysed, rank)
        Map A of centred features to uncorrelated coordinates of unit variance, in
        which the following bases are orthonormal.
    target_basis_ : array of shape (rank, n)
        Directions of the target without those of the attribute, by falling target
        information.
    shared_basis_ : array of shape (rank, n_levels - 1)
        Directions of the attribute that can be put back, in their order.
    sensitive_basis_ : array of shape (rank, n)
        The other directions of the attribute.
    residual_basis_ : array of shape (rank, n)
        Directions of neither, by falling variance of the data along them.
    canonical_cosines_ : array
        Cosines of the principal angles between the directions of the target and
        those of the attribute, falling; 1 is full conflict.
    shared_scores_ : array of shape (n_levels - 1, 2)
        Target information and sensitive information of each shared direction.
    target_eigenvalues_ : array of shape (n_target_,)
        Eigenvalues of the target's kernel matrix within its directions, where there
        is a target.
    sensitive_eigenvalues_ : array of shape (n_sensitive_,)
        The same of the attribute.
    explained_target_ratio_ : array of shape (n_levels,)
        Share of the target information held at each level, where there is a target.
    explained_sensitive_ratio_ : array of shape (n_levels,)
        Share of the sensitive information held at each level.
    n_target_ : int
        Number of directions of the target, shared ones included.
    n_sensitive_ : int
        Number of directions of the attribute, shared ones included.
    n_shared_ : int
        Number of shared directions put back.
    n_components_ : int
        Number of directions kept; 0, with a warning, where the attribute takes all.
    rank_ : int
        Number of independent features.
    {columns_seen}

    See Also
    --------
    FairPCA : Without a target.
    fairness_utility_path : All levels by cross-validation.

    Notes
    -----
    *What is guaranteed.* At level 0 the groups of a discrete attribute have exactly
    equal means of every score, in the training sample: every linear function of the
    representation has no gap between them. Where X is Gaussian given the attribute's
    directions, the representation is independent of the attribute. Binary attribute,
    ``base="complement"``: up to an invertible linear map the least-squares concept
    eraser (LEACE).

    *What is not.* The criterion is demographic parity of linear scores; equalised
    odds often get worse. Thresholded decisions need not have equal rates, and
    nonlinear learners can find the attribute in higher moments. For a continuous
    attribute the means of its slices are equal, along the directions kept.

    *Notation.* W = (X - μ) A whitened features; G_y (`n_target`), G_z (`n_sensitive`)
    orthonormal bases of the directions of target and attribute, mean directions
    (sliced inverse regression) first; T, C, S, N the four blocks. A level k is
    R_k = W [T, N, C_1 ... C_k], without N for ``base="target"``.

    *Differences from the paper.* The reference below splits features into such
    subspaces and puts the shared part back direction by direction, for a binary
    attribute. Only its abstract and summary were at hand: the construction of the
    blocks, the orders, several and continuous attributes and the statements above
    are ours, and no number of the paper is reproduced.

    Moments of the cells of target and attribute are all that is kept of the rows;
    they merge exactly (`partial_fit`), and an integer weight equals repetition. Cost
    O(n p²) for one pass over the rows, O(p³) beyond; with second moments one p x p
    matrix for each cell.

    References
    ----------
    E. Shi, P. Bhagwat, Z. Yang, L. Kong and B. Jiang, "Understanding fairness and
    prediction error through subspace decomposition and influence analysis", NeurIPS
    (2025). :arxiv:`2510.23935`

    K.-C. Li, "Sliced inverse regression for dimension reduction", Journal of the
    American Statistical Association 86 (1991).
    :doi:`10.1080/01621459.1991.10475035`

    B. Li and S. Wang, "On directional regression for dimension reduction", Journal
    of the American Statistical Association 102 (2007).
    :doi:`10.1198/016214507000000536`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.fairness import FairSDR
    >>> rng = np.random.RandomState(0)
    >>> X = rng.standard_normal((1000, 4))
    >>> z = X[:, 1] + X[:, 2] + 0.3 * rng.standard_normal(1000) > 0
    >>> y = X[:, 0] + X[:, 1] + 0.3 * rng.standard_normal(1000) > 0
    >>> fair = FairSDR().fit(X, y, sensitive_features=z)
    >>> R = fair.transform(X)
    >>> bool(np.allclose(R[z].mean(axis=0), R[~z].mean(axis=0)))
    True
    >>> fair.get_feature_names_out().tolist()
    ['fairsdr_target0', 'fairsdr_residual0', 'fairsdr_residual1']
    >>> fair.canonical_cosines_.round(1)  # target and attribute share one feature
    array([0.5])
    >>> fair.at_level("all").transform(X).shape
    (1000, 4)
    """

    _parameter_constraints: dict = {
        **FairRepresentation._parameter_constraints,
        "n_target": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
            None,
        ],
        "n_sensitive": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "n_shared": [
            Interval(Integral, 0, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="both"),
            StrOptions({"all"}),
        ],
        "target_method": [StrOptions({"sir", "sir+dr", "sir+save"})],
        "sensitive_method": [StrOptions({"sir", "sir+dr", "sir+save"})],
        "n_sensitive_second_order": [
            Interval(Integral, 0, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "base": [StrOptions({"complement", "target"})],
        "order": [StrOptions({"ratio", "utility", "sensitivity", "dcov"})],
        "shared_tol": [Interval(Real, 0, 1, closed="left")],
        "whiten_rcond": [Interval(Real, 0, 1, closed="left")],
        "shrinkage": [Interval(Real, 0, 1, closed="both"), StrOptions({"auto"}), None],
        "scale": [StrOptions({"raw", "whitened"})],
        "output": [StrOptions({"scores", "features"})],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_target=None,
        *,
        n_sensitive="auto",
        n_shared=0,
        target_method="sir+dr",
        sensitive_method="sir+dr",
        n_sensitive_second_order=0,
        base="complement",
        order="ratio",
        n_slices=10,
        shared_tol=0.0,
        whiten_rcond=1e-6,
        shrinkage=None,
        sensitive_columns=None,
        drop_sensitive=True,
        combine="union",
        scale="whitened",
        output="scores",
        random_state=None,
    ):
        self.n_target = n_target
        self.n_sensitive = n_sensitive
        self.n_shared = n_shared
        self.target_method = target_method
        self.sensitive_method = sensitive_method
        self.n_sensitive_second_order = n_sensitive_second_order
        self.base = base
        self.order = order
        self.n_slices = n_slices
        self.shared_tol = shared_tol
        self.whiten_rcond = whiten_rcond
        self.shrinkage = shrinkage
        self.sensitive_columns = sensitive_columns
        self.drop_sensitive = drop_sensitive
        self.combine = combine
        self.scale = scale
        self.output = output
        self.random_state = random_state

    @fit_context
    @shared_docs
    def fit(self, X, y=None, *, sensitive_features=None, sample_weight=None):
        """Decompose the features.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Target: numbers, or classes of any kind. May be left out with
            ``base="complement"`` and ``n_shared=0``.
        {sensitive_features}

        Returns
        -------
        self : FairSDR
            The fitted estimator.

        Raises
        ------
        ValueError
            If no attribute is given or two are; if the attribute or the target is
            constant or has missing entries; if the target is missing where it is
            needed; if more directions are asked for than there are.
        """
        X, y, attribute, weights = self._validate(
            X, y, sensitive_features, sample_weight, reset=True
        )
        reorder = None
        if self.order == "dcov" and y is not None:
            if weights is not None:
                raise ValueError(
                    "order='dcov' measures distances between rows, which have no "
                    "weights; repeat the rows, or choose another order."
                )
            reorder = reorder_by_dcov(X, y, attribute, self.random_state)
        cross = self._cross(y, attribute, weights)
        columns = self._columns(y, attribute)
        draws = partial(self._resampled, X, columns, weights, cross)
        moments = self._moments_of(X, columns, weights, cross)
        self._finish(X.dtype, moments, cross, draws=draws, reorder=reorder)
        self._moments, self._slicing = moments, cross
        return self

    @partial_fit_context
    @shared_docs
    def partial_fit(
        self,
        X,
        y=None,
        *,
        sensitive_features=None,
        sample_weight=None,
        classes=None,
        sensitive_classes=None,
    ):
        """Take in more rows; the result is that of all rows at once.

        The first call fixes the slices: classes, and quantiles of numbers in the
        first chunk. Chunks merge in any order to exactly what `fit` finds with these
        slices.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            More training rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Their targets.
        {sensitive_features}
        classes : array-like of shape (n_classes,), default=None
            All classes of the target that will ever come, where the first chunk need
            not show them. Read in the first call.
        sensitive_classes : array-like of shape (n_classes,), default=None
            The same for a single attribute.

        Returns
        -------
        self : FairSDR
            Not yet fitted (with a warning) while the rows so far show too little.

        Raises
        ------
        ValueError
            As `fit`, and for what needs all rows at once: ``order="dcov"`` and
            numbers of directions by "auto" that resample.
        """
        self._check_one_pass()
        first = getattr(self, "_moments", None) is None
        X, y, attribute, weights = self._validate(
            X, y, sensitive_features, sample_weight, reset=first
        )
        if first:
            cross = self._cross(y, attribute, weights, classes, sensitive_classes)
        else:
            cross = self._slicing
        columns = self._columns(y, attribute)
        if len(columns) != len(cross.slicings) or (y is None) == self._has_target:
            raise ValueError(
                "The target or an attribute is missing in this chunk and was there in "
                "the first one, or the other way round; pass chunks of one kind."
            )
        moments = self._moments_of(X, columns, weights, cross)
        if not first:
            moments = merge_moments(self._moments, moments)
        try:
            self._finish(X.dtype, moments, cross)
        except NotEnoughYetError as error:
            warnings.warn(
                f"Not fitted yet: {error}", DegenerateDataWarning, stacklevel=2
            )
        self._moments, self._slicing = moments, cross
        return self
