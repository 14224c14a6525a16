"""Tests of independence: how often chance gives what the data show."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state

from .._array import to_numpy
from .._sklearn import Interval, StrOptions, validate_params
from .._validation import check_memory
from ..metrics._distance_correlation import (
    NEGLIGIBLE,
    centred_distances,
    pair,
    permuted_sum,
    standard,
    sums,
    unbiased,
)
from ._base import BaseMutualInfo
from ._ksg import KSGMutualInfo
from ._resampling import permutation_p_value

__all__ = ["IndependenceTestResult", "independence_test"]


@dataclass(frozen=True, eq=False, repr=False)
class IndependenceTestResult:
    """Outcome of a test of independence: see :func:`independence_test`.

    Attributes
    ----------
    statistic : float
        What was measured on the data.
    p_value : float
        Probability of so large a statistic if X and y were independent.
    method : str
        What the statistic is.
    n_permutations : int
        Permutations behind the p-value.
    n : int
        Number of samples.

    Examples
    --------
    >>> from skspace.information import IndependenceTestResult
    >>> IndependenceTestResult(0.31, 0.002, "distance_correlation", 499, 100)
    IndependenceTestResult(p 0.002; distance_correlation 0.31 on 100 samples, \
499 permutations)
    """

    statistic: float
    p_value: float
    method: str
    n_permutations: int
    n: int

    def __repr__(self):
        return (
            f"{type(self).__name__}(p {self.p_value:.3g}; {self.method} "
            f"{self.statistic:.3g} on {self.n} samples, {self.n_permutations} "
            "permutations)"
        )


def distance_test(X, Y, n_permutations, rng, n_jobs):
    """Bias-corrected squared distance correlation, and its p-value by permutations."""
    n = len(X)
    if n < 4:
        raise ValueError(
            f"method='distance_correlation' needs at least 4 samples, got {n}."
        )
    if max(X.shape[1], Y.shape[1]) > 1:
        check_memory(
            2 * 8 * n**2,
            what=f"Holding the distances of {n} samples on both sides",
            remedy="pass fewer rows, or method='mutual_information'",
        )
    X, Y = standard(X), standard(Y)
    if X is None or Y is None:
        return 0.0, 1.0
    (var_x, square_x), (var_y, square_y) = (unbiased(*sums(Z, Z)) for Z in (X, Y))
    if var_x <= NEGLIGIBLE * square_x or var_y <= NEGLIGIBLE * square_y:
        return 0.0, 1.0
    scale = var_x**0.5 * var_y**0.5
    if X.shape[1] == Y.shape[1] == 1:

        def correlation(X, order, _):
            return unbiased(*sums(X, Y[order]))[0] / scale

    else:
        A, B = centred_distances(X), centred_distances(Y)

        def correlation(_, order, __):
            return permuted_sum(A, B, order) / (n * (n - 3) * scale)

    observed = min(correlation(X, np.arange(n), None), 1.0)
    p_value = permutation_p_value(
        correlation,
        X,
        np.arange(n),
        observed,
        n_permutations,
        rng,
        n_jobs,
    )
    return float(observed), p_value


def default_estimator(n):
    """Mutual information for a test: more neighbours than an estimate would take.

    What a test needs is a small spread under independence, where the bias of many
    neighbours is nil. Without ties "mixed" differs from "ksg1" by a constant.
    """
    return KSGMutualInfo(n_neighbors=max(3, round(math.sqrt(n) / 2)), method="mixed")


@validate_params(
    {
        "X": "no_validation",
        "y": "no_validation",
        "method": [
            StrOptions({"distance_correlation", "mutual_information"}),
            BaseMutualInfo,
        ],
        "n_permutations": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
    },
    prefer_skip_nested_validation=False,  # parameters of an estimator are the user's
)
def independence_test(
    X,
    y,
    *,
    method="distance_correlation",
    n_permutations=999,
    random_state=None,
    n_jobs=None,
):
    """Test whether two samples are independent, by permutations.

    The rows of one side are permuted, which destroys any dependence and nothing else.
    The p-value is the share of permutations, the data themselves among them, whose
    statistic is at least that of the data: it holds for every number of samples, any
    dimensions and any distribution.

    Parameters
    ----------
    X : array-like of shape (n_samples,) or (n_samples, n_features)
        First sample.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Second sample: numbers, row i belonging to row i of `X`. Categories are to be
        encoded as indicator columns first.
    method : {"distance_correlation", "mutual_information"} or estimator, \
default="distance_correlation"
        The statistic:

        - "distance_correlation": the squared :func:`~skspace.metrics.\
distance_correlation` without bias. Strong where large values go with large
          deviations, linear or not. Columns count by their units.
        - "mutual_information": that of :class:`KSGMutualInfo` with ``√n / 2``
          neighbours, at least 3, in normal scores. Strong where dependence turns back
          on itself (circles, waves); weaker for lines. Units do not matter.
        - an estimator of mutual information, such as :class:`GaussianCopulaMutualInfo`,
          with its parameters; ``n_permutations``, ``random_state`` and ``n_jobs`` are
          those given here.

    n_permutations : int, default=999
        The smallest p-value is ``1 / (1 + n_permutations)``.
    random_state : int, RandomState instance or None, default=None
        Draws the permutations. With an int the result is the same at every call, and
        for every `n_jobs`.
    n_jobs : int, default=None
        Threads, each with permutations of its own; None means one, -1 all processors.

    Returns
    -------
    result : IndependenceTestResult
        With `statistic`, `p_value`, `method`, `n_permutations` and `n`. A side that
        does not vary depends on nothing: p-value 1.

    Raises
    ------
    ValueError
        If either is not a finite table of numbers, lengths differ, or samples are too
        few; if distances of two tables would need more than 2 GiB, with the figure.

    See Also
    --------
    skspace.metrics.distance_correlation : The statistic alone.
    mutual_info : An estimate with its error.

    Notes
    -----
    Cost of a permutation: O(n log n) for distance correlations of two single columns;
    O(n²) otherwise, whatever the dimensions, for the distances are computed once and
    kept (16 n² bytes). For mutual information, one evaluation of the estimator.

    A p-value says whether there is dependence, not how much: that is for the statistic,
    or for :func:`mutual_info`.

    References
    ----------
    G. J. Székely, M. L. Rizzo and N. K. Bakirov, "Measuring and testing dependence
    by correlation of distances", Annals of Statistics 35 (2007).
    :doi:`10.1214/009053607000000505`

    T. B. Berrett and R. J. Samworth, "Nonparametric independence testing via mutual
    information", Biometrika 106 (2019). :doi:`10.1093/biomet/asz024`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.information import independence_test
    >>> rng = np.random.RandomState(0)
    >>> x = rng.standard_normal(200)
    >>> y = x**2 + rng.standard_normal(200)
    >>> result = independence_test(x, y, random_state=0)
    >>> result.p_value
    0.001
    >>> independence_test(x, rng.standard_normal(200), random_state=0).p_value > 0.05
    True
    """
    X, Y = (np.asarray(to_numpy(Z), dtype=np.float64) for Z in pair(X, y))
    rng = check_random_state(random_state)
    if method == "distance_correlation":
        name = method
        statistic, p_value = distance_test(X, Y, n_permutations, rng, n_jobs)
    else:
        if method == "mutual_information":
            method = default_estimator(len(X))
        estimator = clone(method).set_params(
            n_permutations=n_permutations,
            confidence_level=None,
            random_state=rng,
            n_jobs=n_jobs,
        )
        result = estimator.fit(X, Y).result_
        name, statistic, p_value = result.method, result.raw, result.p_value
    return IndependenceTestResult(statistic, p_value, name, n_permutations, len(X))
