"""Principal components in which the groups of an attribute have equal means."""

from __future__ import annotations

import warnings
from numbers import Integral, Real

import numpy as np
import scipy.sparse as sp
from sklearn.base import ClassNamePrefixFeaturesOutMixin
from sklearn.utils.validation import check_is_fitted

from .._array import array_namespace, asarray_like, to_numpy
from .._rank import NotEnoughYetError
from .._response import check_weights
from .._sklearn import (
    Interval,
    RealNotInt,
    StrOptions,
    fit_context,
    partial_fit_context,
)
from .._slice_moments import pool_slices
from .._validation import check_range, refuses_overflow, validate_scores
from ..exceptions import DegenerateDataWarning
from ..linalg._basis import fix_signs
from ..linalg._centred import linear_scores
from ..linalg._cross_slices import CrossSlicing
from ..linalg._fair_components import Part, fair_components
from ..linalg._moments import merge_moments, total_moments
from ._docs import shared_docs
from ._sensitive import (
    CONSTANT_ATTRIBUTE,
    MIN_SLICE,
    SensitiveTransformer,
)


def _with_columns(X, columns):
    """Append columns of the host to a table, in float64: they may need the digits."""
    if not columns:
        return X
    block = np.stack([np.asarray(c, dtype=np.float64) for c in columns], axis=1)
    if sp.issparse(X):
        return sp.hstack([X.astype(np.float64), sp.csr_array(block)], format="csr")
    xp = array_namespace(X)
    X = xp.astype(X, xp.float64)
    return xp.concat([X, asarray_like(block, X)], axis=1)


@shared_docs
class FairPCA(ClassNamePrefixFeaturesOutMixin, SensitiveTransformer):
    """Principal component analysis in which groups have equal means.

    The components of largest variance among all directions in which the groups of a
    sensitive attribute have equal means (to which a continuous attribute has no
    correlation), and, if asked for, similar covariances. `transform` does not need the
    attribute.

    Parameters
    ----------
    n_components : int, float or None, default=None
        Number of components. A float in (0, 1) takes the fewest that hold that share
        of the variance; None all that are left.
    constraint : {"mean", "covariance"}, default="mean"
        What may not differ between groups. "covariance" keeps, among the directions
        of equal means, those in which the covariances of groups differ least.
    share : float, default=0.85
        Share of the directions of equal means that ``constraint="covariance"``
        keeps.
    n_slices : int, default=10
        Up to that many distinct numbers are classes, as are strings and booleans; more
        are a continuous attribute, which ``constraint="covariance"`` cuts to that many
        groups. Classes with fewer than 5 samples are pooled, with a warning.
    {sensitive_columns}
    combine : {"union", "intersection"}, default="union"
        Several attributes: equal means between the groups of each, or between the
        groups that their combinations make.

    Attributes
    ----------
    components_ : array of shape (n_components, n_analysed)
        Components in rows, orthonormal, the entry of largest magnitude positive.
    explained_variance_ : array of shape (n_components,)
        Variance of the scores (divided by n).
    explained_variance_ratio_ : array of shape (n_components,)
        Their share of the total variance of the features.
    mean_ : array of shape (n_analysed,)
        Mean of the features.
    n_components_ : int
        Number of components; 0, with a warning, where groups differ in every
        direction.
    n_excluded_ : int
        Number of directions in which means of groups differ, and of correlations with
        continuous attributes.
    {columns_seen}

    See Also
    --------
    FairSDR : Keeps what a target depends on, and knows the way back.

    Notes
    -----
    With D the differences of group means, and the covariances with an attribute that
    holds numbers, N an orthonormal basis of the null space of
    Dᵀ: principal components of X N. "covariance": N is first cut to the directions of
    smallest eigenvalue of Σ p_h (V_h - V)², V_h the covariances of groups with shares
    p_h, V their mean; for two groups these are the smallest magnitudes of eigenvalues
    of the difference of both covariances, as in the references. Components depend on
    the units of the features, as those of PCA do: standardise.

    Moments of the groups merge exactly (`partial_fit`). Cost O(n p² + p³).

    References
    ----------
    M. Olfat and A. Aswani, "Convex formulations for fair principal component
    analysis", AAAI (2019). :doi:`10.1609/aaai.v33i01.3301663`

    M. Kleindessner, M. Donini, C. Russell and M. B. Zafar, "Efficient fair PCA for
    fair representation learning", AISTATS (2023). :arxiv:`2302.13319`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.fairness import FairPCA
    >>> rng = np.random.RandomState(0)
    >>> z = rng.randint(0, 2, 500)
    >>> X = rng.standard_normal((500, 4)) * [4, 3, 2, 1]
    >>> X[:, 0] += 2 * z
    >>> R = FairPCA(n_components=2).fit_transform(X, sensitive_features=z)
    >>> bool(np.allclose(R[z == 0].mean(axis=0), R[z == 1].mean(axis=0)))
    True
    """

    _parameter_constraints: dict = {
        **SensitiveTransformer._parameter_constraints,
        "n_components": [
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="neither"),
            None,
        ],
        "constraint": [StrOptions({"mean", "covariance"})],
        "share": [Interval(Real, 0, 1, closed="right")],
    }

    def __init__(
        self,
        n_components=None,
        *,
        constraint="mean",
        share=0.85,
        n_slices=10,
        sensitive_columns=None,
        drop_sensitive=True,
        combine="union",
    ):
        self.n_components = n_components
        self.constraint = constraint
        self.share = share
        self.n_slices = n_slices
        self.sensitive_columns = sensitive_columns
        self.drop_sensitive = drop_sensitive
        self.combine = combine

    @fit_context
    @shared_docs
    def fit(self, X, y=None, *, sensitive_features=None, sample_weight=None):
        """Find the components.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Training rows.
        y : None
            Not used.
        {sensitive_features}

        Returns
        -------
        self : FairPCA
            The fitted estimator.

        Raises
        ------
        ValueError
            If no attribute is given or two are, if it is constant or has missing
            entries, or if more components are asked for than there are.
        """
        return self._take_in(X, sensitive_features, sample_weight, None)

    @partial_fit_context
    @shared_docs
    def partial_fit(
        self,
        X,
        y=None,
        *,
        sensitive_features=None,
        sample_weight=None,
        sensitive_classes=None,
    ):
        """Take in more rows; the result is that of all rows at once.

        The first call fixes the slices of the attribute; chunks then merge in any
        order to exactly what `fit` finds with these slices.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            More training rows.
        y : None
            Not used.
        {sensitive_features}
        sensitive_classes : array-like of shape (n_classes,), default=None
            All classes of a single attribute, where the first chunk need not show
            them. Read in the first call.

        Returns
        -------
        self : FairPCA
            Not yet fitted (with a warning) while the rows so far show one group.
        """
        before = getattr(self, "_moments", None)
        try:
            return self._take_in(
                X, sensitive_features, sample_weight, before, sensitive_classes
            )
        except NotEnoughYetError as error:
            warnings.warn(
                f"Not fitted yet: {error}", DegenerateDataWarning, stacklevel=2
            )
        return self

    def _take_in(self, X, sensitive_features, sample_weight, before, classes=None):
        X, attribute = self._read(X, sensitive_features, reset=before is None)
        weights = check_weights(sample_weight, X)
        if before is None:
            rules = self._rules(attribute, weights, classes)
            self._slicing = CrossSlicing(tuple(rules))
        columns = self._variables(attribute)
        if len(columns) != len(self._slicing.slicings):
            raise ValueError(
                f"{len(columns)} sensitive attributes, but the first rows had "
                f"{len(self._slicing.slicings)}; pass chunks of one kind."
            )
        moments = self._moments_of((X, attribute), weights, *columns)
        if before is not None:
            moments = merge_moments(before, moments)
        self._moments = moments
        self._keep(moments, X.shape[1], X.dtype)
        return self

    def _fit_blocks(self, rows, y=None, *, sensitive_features=None, sample_weight=None):
        """Fit to :class:`Rows`."""
        attribute = self._attribute_of(rows, sensitive_features)
        weights = check_weights(sample_weight, rows)
        self._slicing = CrossSlicing(tuple(self._rules(attribute, weights)))
        columns = self._variables(attribute)
        moments = rows.reduce(self._moments_of, merge_moments, weights, *columns)
        head, _ = rows.head
        self._keep(moments, head.shape[1], head.dtype)
        self._moments = moments

    def _moments_of(self, read, weights, *columns):
        """Moments of what `_read_block` reads."""
        numbers = [columns[i] for i in self._continuous()]
        return self._summarise(
            _with_columns(read[0], numbers),
            columns,
            weights,
            self._slicing,
            per_slice=self.constraint == "covariance",
        )

    def _continuous(self):
        """Positions of the attributes that hold numbers; they follow the features."""
        rules = self._slicing.slicings
        alone = [len(rule.columns) == 1 and not rule.discrete for rule in rules]
        return [i for i, is_number in enumerate(alone) if is_number]

    def _keep(self, moments, p, dtype):
        """Solve and store everything."""
        xp = array_namespace(moments.mean)
        total = total_moments(moments)
        cross, spread = total.covariance[:p, p:], total.covariance[p:, p:]
        total = total._replace(mean=total.mean[:p], covariance=total.covariance[:p, :p])
        parts, numbers = [], self._continuous()
        for i, rule in enumerate(self._slicing.slicings):
            pooling = pool_slices(
                self._slicing.weight_of(i, moments.weight),
                moments.n_samples,
                rule,
                MIN_SLICE,
                constant=CONSTANT_ATTRIBUTE,
                warn=True,
                name="the sensitive attribute",
            )
            groups = self._slicing.moments_of(i, moments, pooling)
            groups = groups._replace(
                mean=groups.mean[:, :p], scatter=groups.scatter[..., :p, :p]
            )
            covariance = None
            if i in numbers:
                j = numbers.index(i)
                if not float(spread[j, j]) > 0:
                    raise NotEnoughYetError(
                        "Squares of the sensitive attribute underflow float64; divide "
                        "it by its standard deviation."
                    )
                covariance = cross[:, j : j + 1] / xp.sqrt(spread[j, j])
            parts.append(Part(groups, covariance))
        found = fair_components(
            parts,
            total,
            share=self.share if self.constraint == "covariance" else None,
            fewest=self.n_components if isinstance(self.n_components, Integral) else 1,
        )
        k = self._number_of_components(found, moments.n_samples)
        trace = xp.sum(xp.linalg.diagonal(total.covariance))
        rows = fix_signs(xp.matrix_transpose(found.vectors[:, :k]))
        variance = found.variance[:k]
        check_range(trace, dtype, "The variance")
        self.mean_ = xp.astype(total.mean, dtype)
        self.components_ = xp.astype(rows, dtype)
        self.explained_variance_ = xp.astype(variance, dtype)
        ratio = variance / xp.where(trace > 0, trace, xp.ones_like(trace))
        self.explained_variance_ratio_ = xp.astype(ratio, dtype)
        self.n_excluded_ = found.n_excluded
        self.n_components_ = self._n_features_out = k
        if k == 0:
            warnings.warn(
                "Nothing is left: groups differ in their means in every direction in "
                "which the features vary. Pass more features, or fewer groups.",
                DegenerateDataWarning,
                stacklevel=2,
            )

    def _number_of_components(self, found, n_samples):
        most = min(found.vectors.shape[1], int(n_samples))
        if self.n_components is None:
            return most
        if isinstance(self.n_components, Integral):
            if self.n_components > most:
                raise NotEnoughYetError(
                    f"n_components={self.n_components} is more than the {most} that "
                    f"are left: groups differ in {found.n_excluded} directions of "
                    f"{found.vectors.shape[0]} features. Ask for at most {most}."
                )
            return int(self.n_components)
        held = np.cumsum(to_numpy(found.variance)) / np.sum(to_numpy(found.variance))
        return min(
            1 + int(np.searchsorted(held, self.n_components * (1 - 1e-12))), most
        )

    @refuses_overflow
    @shared_docs
    def transform(self, X):
        """Give the scores of rows; the attribute is not needed.

        Parameters
        ----------
        {new_rows}

        Returns
        -------
        X_new : array of shape (n_samples, n_components)
            ``(X - mean_) @ components_.T`` of the analysed columns.
        """
        check_is_fitted(self, "components_")
        X = self._features(X, reset=False, fitted=self.components_, method="transform")
        return linear_scores(X, self.mean_, self.components_)

    @refuses_overflow
    def inverse_transform(self, X):
        """Rebuild the analysed features from scores.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components)
            Scores, as `transform` gives them.

        Returns
        -------
        X_original : array of shape (n_samples, n_analysed)
            ``X @ components_ + mean_``; dropped columns are not among them.
        """
        X = validate_scores(self, X)
        xp = array_namespace(X)
        components = xp.astype(self.components_, X.dtype)
        return X @ components + xp.astype(self.mean_, X.dtype)
