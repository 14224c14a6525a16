"""Pairs of samples whose mutual information is known in closed form."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral, Real

import numpy as np
from scipy.optimize import brentq
from scipy.special import digamma, gammaln
from sklearn.utils import check_random_state

from .._sklearn import Interval, StrOptions, validate_params
from ._distortions import transformed

__all__ = ["make_additive_noise", "make_correlated_gaussian", "make_correlated_student"]


SHARED_CONSTRAINTS = {
    "n_samples": [Interval(Integral, 1, None, closed="left")],
    "n_features": [Interval(Integral, 1, None, closed="left")],
    "n_targets": [Interval(Integral, 1, None, closed="left")],
    "n_pairs": [Interval(Integral, 1, None, closed="left"), None],
    "structure": [StrOptions({"pairs", "dense"})],
    "transform": [Sequence, None],
    "random_state": ["random_state"],
}


LEAST_NOISE = 1e-14
"""Share of y that rounding would drown."""


def dense_information(rest, dx, dy):
    """Information of dx + dy normal numbers, any two with the correlation 1 - rest."""

    def log_determinant(d):
        return (d - 1) * math.log(rest) + math.log(rest + d * (1 - rest))

    return (log_determinant(dx) + log_determinant(dy) - log_determinant(dx + dy)) / 2


def student_excess(df, dx, dy):
    """Information that rows share by their common factor in a Student distribution."""

    def h(v):
        return gammaln(v / 2) - v / 2 * digamma(v / 2)

    return float(h(df) + h(df + dx + dy) - h(df + dx) - h(df + dy))


def normal_pair(rng, shape, structure, n_pairs, correlation, mutual_info):
    """Draw correlated standard normal tables; returns them and their information."""
    n, dx, dy = shape
    if (correlation is None) == (mutual_info is None):
        raise ValueError(
            "Give one of correlation and mutual_info, got correlation="
            f"{correlation} and mutual_info={mutual_info}."
        )
    X, E = rng.standard_normal((n, dx)), rng.standard_normal((n, dy))
    if structure == "dense":
        if n_pairs is not None:
            raise ValueError(
                "structure='dense' correlates all columns; leave n_pairs out."
            )
        if correlation is None:
            rest = dense_rest(mutual_info, dx, dy)
        elif correlation < 0:
            raise ValueError(
                "structure='dense' needs a correlation in [0, 1), got "
                f"correlation={correlation}; all columns cannot oppose each other."
            )
        else:
            rest = 1 - correlation
        common = math.sqrt(1 - rest) * rng.standard_normal((n, 1))
        X, Y = math.sqrt(rest) * X + common, math.sqrt(rest) * E + common
        return X, Y, max(0.0, dense_information(rest, dx, dy))
    n_pairs = min(dx, dy) if n_pairs is None else n_pairs
    if n_pairs > min(dx, dy):
        raise ValueError(
            f"n_pairs={n_pairs} pairs need as many columns on either side, got "
            f"n_features={dx} and n_targets={dy}."
        )
    if correlation is None:
        rest = math.exp(-mutual_info / n_pairs)  # no digit of 1 - ρ² is lost
        if rest < LEAST_NOISE:
            raise ValueError(
                f"mutual_info={mutual_info} needs a correlation indistinguishable from "
                f"1 in {n_pairs} pairs; ask for less, or for more pairs."
            )
        correlation = math.sqrt((1 - rest) * (1 + rest))
    else:
        rest = math.sqrt((1 - correlation) * (1 + correlation))
        mutual_info = n_pairs * math.log(1 / rest)
    Y = E.copy()
    Y[:, :n_pairs] = correlation * X[:, :n_pairs] + rest * E[:, :n_pairs]
    return X, Y, float(mutual_info)


def dense_rest(mutual_info, dx, dy):
    """Find the 1 - correlation with that information, which falls with it."""
    least = 1e-12
    if mutual_info > dense_information(least, dx, dy):
        raise ValueError(
            f"mutual_info={mutual_info} needs a correlation indistinguishable from 1 "
            "in structure='dense'; ask for less."
        )

    def excess(log_rest):
        return dense_information(math.exp(log_rest), dx, dy) - mutual_info

    return math.exp(brentq(excess, math.log(least), 0.0, xtol=1e-14))


@validate_params(
    {
        **SHARED_CONSTRAINTS,
        "correlation": [Interval(Real, -1, 1, closed="neither"), None],
        "mutual_info": [Interval(Real, 0, None, closed="left"), None],
    },
    prefer_skip_nested_validation=True,
)
def make_correlated_gaussian(
    n_samples=1000,
    n_features=1,
    n_targets=1,
    *,
    correlation=None,
    mutual_info=None,
    n_pairs=None,
    structure="pairs",
    transform=None,
    random_state=None,
):
    """Generate two correlated samples with known mutual information.

    Both are standard normal before `transform`, which bends them without changing their
    mutual information: what is exact for one shape is a test of estimators on another.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of rows.
    n_features : int, default=1
        Columns of X, before `transform`.
    n_targets : int, default=1
        Columns of y.
    correlation : float in (-1, 1), default=None
        Correlation of each pair of columns; not negative with ``structure="dense"``.
        Give either this or `mutual_info`.
    mutual_info : float, default=None
        Mutual information to reach, in nats.
    n_pairs : int, default=None
        How many columns of X correlate with one column of y each; the others are noise.
        None correlates as many as there are.
    structure : {"pairs", "dense"}, default="pairs"
        "pairs": column j of X correlates with column j of y alone. "dense": any two
        columns, of both sides, have the same correlation.
    transform : str or sequence of str, default=None
        Maps to apply in turn: "half_cube" (``x * sqrt(|x|)``, long tails),
        "normal_cdf" (to uniform numbers), "wiggly" (increasing, with bumps), "asinh",
        "spiral" (turns rows by their squared length; two columns or more on both
        sides), "swiss_roll" (rolls a single column of X within [0, 1] up in a plane;
        put "normal_cdf" before it).
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same data at every call. With one seed, the strength of the
        dependence changes y and leaves X where it is (``structure="pairs"``).

    Returns
    -------
    X : ndarray of shape (n_samples, n_features), float64
        First sample; two columns after "swiss_roll".
    y : ndarray of shape (n_samples,) or (n_samples, n_targets), float64
        Second sample, a vector for one target.
    mutual_info : float
        The true mutual information of X and y in nats.

    Raises
    ------
    ValueError
        Unless exactly one of `correlation` and `mutual_info` is given; if it is more
        information than doubles can show; if pairs, columns and transforms do not fit
        together.

    See Also
    --------
    make_correlated_student : The same with heavy tails.
    make_additive_noise : Uniform numbers with uniform noise.
    fetch_mi_task : Samples that others have measured estimators on.

    Notes
    -----
    ``-n_pairs / 2 log(1 - correlation²)`` for pairs; half the logarithms of the
    determinants of both sides less that of all columns for "dense". In the names of the
    benchmark [1]_, "multinormal-sparse-5-5-2-2.0" is 5 + 5 columns with ``n_pairs=2,
    correlation=0.8`` (strength s is s² / (1 + s²)), "multinormal-dense-5-5-0.5" is
    ``structure="dense", correlation=0.5``, and prefixes are transforms, the last to
    apply in front.

    References
    ----------
    .. [1] P. Czyż, F. Grabowski, J. Vogt, N. Beerenwinkel and A. Marx, "Beyond normal:
       on the evaluation of mutual information estimators", NeurIPS 2023.
       https://doi.org/10.48550/arXiv.2306.11078

    Examples
    --------
    >>> from skspace.datasets import make_correlated_gaussian
    >>> X, y, mi = make_correlated_gaussian(500, correlation=0.75, random_state=0)
    >>> X.shape, y.shape, round(mi, 4)
    ((500, 1), (500,), 0.4133)
    >>> X, y, mi = make_correlated_gaussian(
    ...     500, 3, 3, mutual_info=2, transform="spiral", random_state=0
    ... )
    >>> X.shape, y.shape, mi
    ((500, 3), (500, 3), 2.0)
    """
    X, Y, information = normal_pair(
        check_random_state(random_state),
        (n_samples, n_features, n_targets),
        structure,
        n_pairs,
        correlation,
        mutual_info,
    )
    return *transformed(X, Y, transform), information


@validate_params(
    {
        **SHARED_CONSTRAINTS,
        "df": [Interval(Real, 0.1, None, closed="left")],
        "correlation": [Interval(Real, -1, 1, closed="neither")],
    },
    prefer_skip_nested_validation=True,
)
def make_correlated_student(
    n_samples=1000,
    n_features=1,
    n_targets=1,
    *,
    df=2.0,
    correlation=0.0,
    n_pairs=None,
    structure="pairs",
    transform=None,
    random_state=None,
):
    """Generate two heavy-tailed samples with known mutual information.

    The columns of both sides together have a multivariate Student distribution. They
    depend on each other even without correlation, for a row far out is far out on both
    sides: a dependence that correlations, also of ranks, do not see.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of rows.
    n_features : int, default=1
        Columns of X, before `transform`.
    n_targets : int, default=1
        Columns of y.
    df : float, default=2.0
        Degrees of freedom, at least 0.1; 1 is Cauchy's distribution, without a mean.
    correlation : float in (-1, 1), default=0.0
        Correlation of each pair of columns in the scale matrix.
    n_pairs : int, default=None
        How many columns of X correlate with one column of y each.
    structure : {"pairs", "dense"}, default="pairs"
        As in :func:`make_correlated_gaussian`.
    transform : str or sequence of str, default=None
        As in :func:`make_correlated_gaussian`; "asinh" tames the tails.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same data at every call. With one seed the rows are those
        of :func:`make_correlated_gaussian`, each divided by its factor.

    Returns
    -------
    X : ndarray of shape (n_samples, n_features), float64
        First sample.
    y : ndarray of shape (n_samples,) or (n_samples, n_targets), float64
        Second sample, a vector for one target.
    mutual_info : float
        The true mutual information of X and y in nats.

    Raises
    ------
    ValueError
        If pairs, columns and transforms do not fit together.

    See Also
    --------
    make_correlated_gaussian : The limit of many degrees of freedom.

    Notes
    -----
    The information of the normal distribution with the same correlations, plus
    ``h(df) + h(df + dx + dy) - h(df + dx) - h(df + dy)`` with
    ``h(v) = log Γ(v / 2) - v / 2 ψ(v / 2)`` [1]_.

    References
    ----------
    .. [1] R. B. Arellano-Valle, J. E. Contreras-Reyes and M. G. Genton, "Shannon
       entropy and mutual information for multivariate skew-elliptical distributions",
       Scandinavian Journal of Statistics 40 (2013).
       :doi:`10.1111/j.1467-9469.2011.00774.x`

    Examples
    --------
    >>> from skspace.datasets import make_correlated_student
    >>> X, y, mi = make_correlated_student(500, 5, 5, df=2, random_state=0)
    >>> X.shape, y.shape, round(mi, 4)
    ((500, 5), (500, 5), 0.4482)
    """
    rng = check_random_state(random_state)
    X, Y, information = normal_pair(
        rng,
        (n_samples, n_features, n_targets),
        structure,
        n_pairs,
        correlation,
        None,
    )
    factor = np.sqrt(rng.chisquare(df, (n_samples, 1)) / df)
    excess = student_excess(df, n_features, n_targets)
    return *transformed(X / factor, Y / factor, transform), information + excess


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "noise": [Interval(Real, 0, None, closed="neither")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_additive_noise(n_samples=1000, *, noise=0.75, random_state=None):
    """Generate a uniform number and the same with uniform noise.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of rows.
    noise : float, default=0.75
        The noise is uniform between minus and plus this; X between 0 and 1.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same data at every call. With one seed, changing `noise`
        scales the same draws.

    Returns
    -------
    X : ndarray of shape (n_samples, 1), float64
        Uniform numbers.
    y : ndarray of shape (n_samples,), float64
        Uniform numbers with noise.
    mutual_info : float
        The true mutual information of X and y in nats: ``noise - log(2 noise)`` up to
        a noise of 1/2, ``1 / (4 noise)`` beyond.

    See Also
    --------
    make_correlated_gaussian : Normal samples and maps of them.

    Examples
    --------
    >>> from skspace.datasets import make_additive_noise
    >>> X, y, mi = make_additive_noise(500, noise=0.1, random_state=0)
    >>> X.shape, y.shape, round(mi, 4)
    ((500, 1), (500,), 1.7094)
    """
    rng = check_random_state(random_state)
    x = rng.uniform(size=n_samples)
    y = x + noise * rng.uniform(-1, 1, size=n_samples)
    information = noise - math.log(2 * noise) if noise <= 0.5 else 1 / (4 * noise)
    return x[:, None], y, float(information)
