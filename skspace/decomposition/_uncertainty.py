"""Uncertainty of directions, and of their number, by resampling."""

from __future__ import annotations

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state
from sklearn.utils.parallel import Parallel, delayed

from .._array import to_numpy
from .._intervals import ConfidenceInterval
from .._rank import NotEnoughYetError, rank_evidence
from .._rows import take_rows
from .._sklearn import (
    HasMethods,
    Interval,
    RealNotInt,
    StrOptions,
    validate_params,
)
from ..exceptions import DegenerateDataWarning
from ..linalg._slices import effective_size
from ._bootstrap_result import SDRBootstrapResult
from ._influence import fitted_frame, influence_of_rows
from ._moment_sdr import MomentSDR
from ._principal_hessian import PrincipalHessianDirections
from ._resampled_fit import compare, resolver, start_of, unbiased
from ._sliced_inverse_regression import SlicedInverseRegression

__all__ = ["sdr_bootstrap"]

MOST_DRAWS = 10**15
"""Most rows of a resample, whatever the weights: larger ones hardly differ."""


@validate_params(
    {
        "estimator": [HasMethods(["fit", "transform"])],
        "n_resamples": [Interval(Integral, 2, None, closed="left")],
        "confidence_level": [Interval(Real, 0, 1, closed="neither")],
        "align": [StrOptions({"sign", "rotation"})],
        "rank_rule": [
            StrOptions({"gap", "bic", "chi2"}),
            Interval(RealNotInt, 0, 1, closed="neither"),
            None,
        ],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def sdr_bootstrap(
    estimator,
    X,
    y,
    *,
    sample_weight=None,
    n_resamples=500,
    confidence_level=0.95,
    align="sign",
    rank_rule=None,
    n_jobs=None,
    random_state=None,
):
    """Measure by resampling how certain directions and their number are.

    The estimator is cloned, fitted to the rows, and solved again for resamples: rows
    drawn with replacement. Rows are drawn by counting them, not by copying, and the
    slices stay where the fit cut them.

    Parameters
    ----------
    estimator : SlicedInverseRegression, SlicedAverageVarianceEstimation, \
DirectionalRegression, PrincipalFittedComponents or PrincipalHessianDirections
        Fitted or not; it stays as it is.
    X : array-like or sparse matrix of shape (n_samples, n_features)
        Rows.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Their responses.
    sample_weight : array-like of shape (n_samples,), default=None
        How often each row counts. As many rows as the weights stand for are drawn,
        in proportion to them.
    n_resamples : int, default=500
        Number of resamples.
    confidence_level : float, default=0.95
        Of the intervals and of the radius, in (0, 1).
    align : {"sign", "rotation"}, default="sign"
        How resampled directions are laid on those of all rows. "sign" takes each for
        itself, up to its sign: the intervals are those of ``components_``, and wide
        where eigenvalues are close, for directions then turn within their span or
        change places. "rotation" turns all of them together to fit best: the
        intervals are those of a frame of the span.
    rank_rule : {"bic", "chi2", "gap"}, float or None, default=None
        Rule for the number of directions that each resample is asked, see
        ``n_components`` of the estimator; "chi2" is for sliced inverse regression.
        None takes the rule of the estimator; where that is a number, None or
        "ladle", "chi2" for sliced inverse regression and "bic" elsewhere.
    n_jobs : int, default=None
        Threads over resamples; the result does not depend on it.
    random_state : int, RandomState instance or None, default=None
        Fixes the resamples.

    Returns
    -------
    result : SDRBootstrapResult
        With these fields, NumPy arrays in float64:

        - `components`, (n_components, n_features): directions of all rows;
        - `standard_error`, of that shape: standard deviations over the resamples;
        - `asymptotic_standard_error`, of that shape: by :func:`sdr_influence`, or
          None where it refuses the method or the fit;
        - `confidence_interval`: a named tuple of `low` and `high`, of that shape,
          quantiles over the resamples, for each coefficient by itself, and `level`;
        - `bootstrap_distribution`, (n_resamples, n_components, n_features): directions
          of the resamples, unit length, aligned;
        - `distances`, (n_resamples,): between the span of ``components_`` and that of
          the resample, ‖P - P*‖ / √(2 n_components), 0 for the same and 1 for
          orthogonal ones;
        - `radius`: the distance that `confidence_level` of the resamples keep; the
          true span lies about that near;
        - `rank`: number of directions by `rank_rule` on all rows;
        - `rank_frequencies`: share of the resamples in which that rule finds 0, 1, …
          directions;
        - `ladle`: a ``RankEvidence``; its `criterion` for `candidates` directions is
          least where directions are stable and the rest of the spectrum small.

    Raises
    ------
    ValueError
        If the estimator is another method, the rule is not one of its own, or all
        resamples but one show too few directions. What the fit raises.

    Warns
    -----
    DegenerateDataWarning
        If some resamples show fewer directions than asked for; they are left out.

    See Also
    --------
    sdr_influence : Standard errors without resampling, and who causes them.

    Notes
    -----
    *What the intervals hold.* The coefficients of unit directions in the units of the
    features, with the number of directions and the slices fixed. They are
    first-order intervals: of second-order methods with heavy-tailed kernels they are
    somewhat short (in a simulation of sliced average variance estimation with 800
    samples, 0.91 of the intervals of level 0.95 held the truth; of sliced inverse
    regression with 300, 0.95).

    *Number of directions.* Resampling adds noise to the noise in the eigenvalues,
    and about doubles those of directions that do not matter. Their mean over the
    resamples is therefore moved back to the eigenvalues of all rows before the rule
    looks at them; uncorrected, "chi2" found too many directions in every resample.
    The shares tell how firmly the rule decides, not whether it is right: "bic" is as
    cautious here as it is there.

    Cost `n_resamples` times O(n p²), and p² numbers per slice and thread.

    References
    ----------
    W. Luo and B. Li, "Combining eigenvalues and variation of eigenvectors for order
    determination", Biometrika 103 (2016). :doi:`10.1093/biomet/asw051`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.decomposition import SlicedInverseRegression, sdr_bootstrap
    >>> rng = np.random.RandomState(0)
    >>> X = rng.standard_normal((200, 3))
    >>> y = X[:, 0] + X[:, 1] + 0.5 * rng.standard_normal(200)
    >>> sir = SlicedInverseRegression(n_components=1)
    >>> result = sdr_bootstrap(sir, X, y, n_resamples=100, random_state=0)
    >>> result.confidence_interval.low.round(1)
    array([[ 0.7,  0.6, -0.1]])
    >>> result.confidence_interval.high.round(1) + 0.0
    array([[0.8, 0.7, 0. ]])
    >>> int(np.argmax(result.rank_frequencies))
    1
    """
    if not isinstance(estimator, (MomentSDR, PrincipalHessianDirections)):
        raise ValueError(
            "sdr_bootstrap resamples methods that need moments only: "
            "SlicedInverseRegression, SlicedAverageVarianceEstimation, "
            "DirectionalRegression, PrincipalFittedComponents and "
            f"PrincipalHessianDirections; got {type(estimator).__name__}."
        )
    rule = _rank_rule(estimator, rank_rule)
    estimator = clone(estimator).fit(X, y, sample_weight=sample_weight)
    X, y, weights = estimator._validate(X, y, sample_weight, reset=False)
    if weights is not None and not np.all(weights > 0):  # absent rows draw nothing
        present = np.flatnonzero(weights > 0)
        X, y, weights = take_rows(X, present), y[present], weights[present]
    resolve = resolver(estimator, X, y, weights)
    start = start_of(estimator, resolve(weights))
    share = np.ones(X.shape[0]) if weights is None else weights
    n_samples = round(min(effective_size(X.shape[0], np.sum(share)), MOST_DRAWS))
    share = share / np.sum(share)

    def resample(seed):
        counts = np.random.RandomState(seed).multinomial(n_samples, share)
        try:
            return compare(start, resolve(counts.astype(np.float64)), align)
        except NotEnoughYetError:
            return None

    seeds = check_random_state(random_state).randint(
        np.iinfo(np.int32).max, size=n_resamples
    )
    tried = Parallel(n_jobs=n_jobs, prefer="threads")(
        delayed(resample)(seed) for seed in seeds
    )
    draws = [draw for draw in tried if draw is not None]
    if len(draws) < n_resamples:
        message = (
            f"{n_resamples - len(draws)} of {n_resamples} resamples show fewer than "
            f"{estimator.n_components_} directions"
        )
        if len(draws) < 2:
            raise ValueError(f"{message}; ask for fewer, or pass more samples.")
        warnings.warn(
            f"{message} and are left out.", DegenerateDataWarning, stacklevel=2
        )

    components = to_numpy(estimator.components_).astype(np.float64)
    sample = np.stack([draw.components for draw in draws])
    error = np.std(sample, axis=0, ddof=1)
    distances = np.array([draw.distance for draw in draws])
    spectra = unbiased(start.spectrum, [draw.spectrum for draw in draws])
    chosen = [rank_evidence(rule, spectrum).n_components for spectrum in spectra]
    counts = np.bincount(chosen, minlength=start.spectrum.most + 1)
    return SDRBootstrapResult(
        components=components,
        standard_error=error,
        confidence_interval=_interval(sample, confidence_level),
        asymptotic_standard_error=_asymptotic(estimator, X, y, weights, align),
        bootstrap_distribution=sample,
        distances=distances,
        radius=float(np.quantile(distances, confidence_level)),
        rank_rule=rule,
        rank=rank_evidence(rule, start.spectrum).n_components,
        rank_frequencies=counts / len(draws),
        ladle=rank_evidence(
            "ladle",
            start.spectrum,
            bootstrap=lambda k: (draw.product[:k, :k] for draw in draws),
        ),
        feature_names=_names(estimator),
    )


def _asymptotic(estimator, X, y, weights, align):
    try:
        frame = fitted_frame(estimator)
    except ValueError:
        return None
    influence = influence_of_rows(frame, estimator, X, y, weights, align)
    return to_numpy(influence.standard_error).astype(np.float64)


def _names(estimator):
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        names = [f"x{j}" for j in range(estimator.n_features_in_)]
    return np.asarray(names, dtype=object)


def _rank_rule(estimator, rule):
    """Rule to ask each resample; the ladle asks all of them at once."""
    own = estimator.n_components
    tests = isinstance(estimator, SlicedInverseRegression)
    if rule is None:
        if isinstance(own, float) or (isinstance(own, str) and own != "ladle"):
            return own
        return "chi2" if tests else "bic"
    if rule == "chi2" and not tests:
        raise ValueError(
            "rank_rule='chi2' is a test of SlicedInverseRegression, got "
            f"{type(estimator).__name__}; use 'bic' or 'gap'."
        )
    return rule


def _interval(sample, level):
    tail = (1 - level) / 2
    low, high = np.quantile(sample, [tail, 1 - tail], axis=0)
    return ConfidenceInterval(low, high, level)
