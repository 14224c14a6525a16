"""The 1/n protocol on any estimator: extrapolate, scan, and try to refute."""

from __future__ import annotations

import math
from numbers import Integral
from typing import NamedTuple

import numpy as np
from sklearn.base import clone

from .._sklearn import (
    HasMethods,
    Interval,
    StrOptions,
    fit_context_of_meta_estimator,
)
from ._base import DISAGREEMENT, BaseMutualInfo
from ._dimension_scan import DIMENSION_PARAMETERS, dimension_grid, summarise_scan
from ._docs import shared_docs
from ._extrapolation import extrapolate, extrapolation_flags
from ._resampling import (
    MOST_SEEDS,
    cut,
    permutation_p_value,
    run_replicates,
    summarise,
)
from ._result import Estimate

__all__ = ["ReliableMutualInfo"]


class Evaluation(NamedTuple):
    """One fit, in nats."""

    value: float
    flags: tuple = ()
    curves: dict = {}
    se: float | None = None


def evaluate(estimator, X, Y, seed, *, level=None, **params):
    """Fit a clone of an estimator, or call a function, on some rows."""
    if not hasattr(estimator, "fit"):
        value = float(estimator(X, Y))
        if not math.isfinite(value):
            raise ValueError(
                f"The function of two tables returned {value} for {len(X)} rows; it "
                "must give a finite number for every part of the rows. Raise "
                "min_chunk_size where it needs more of them."
            )
        return Evaluation(value)
    model = clone(estimator)
    own = model.get_params(deep=False)
    fixed = {
        "confidence_level": level,
        "n_permutations": 0,
        "n_jobs": None,
        "random_state": int(seed),
        "units": "nats",
    }
    model.set_params(**{k: v for k, v in fixed.items() if k in own}, **params)
    model.fit(X, Y)
    result = getattr(model, "result_", None)
    if result is None:
        raise ValueError(
            f"{type(model).__name__} estimates no mutual information: after fit it has "
            "no result_. Pass an estimator of this module, or a function of two tables."
        )
    return Evaluation(result.raw, result.flags, result.curves, result.se)


@shared_docs(
    level="0.95",
    cost="nothing: the chunks are those of the extrapolation",
    p_value="0 leaves ``p_value_`` None.",
    n_permutations="19",
)
class ReliableMutualInfo(BaseMutualInfo):
    """Try to refute an estimate of mutual information before it is reported.

    Any estimator is fitted on all rows, on halves, on thirds and so on. If its values
    lie on a line in 1/n, the line is extended to infinitely many samples, which takes
    the bias of order 1/n away. If they do not, or anything else speaks against the
    estimate, the value on all rows is reported with flags.

    Parameters
    ----------
    estimator : estimator or callable
        With ``fit(X, y)`` and ``result_``, as all in this module; or a function
        ``(X, Y) -> float`` of two tables, in nats.
    max_chunks : int, default=10
        Chunks of the last level: levels 1 to 10 take 55 fits, together about as long as
        10 fits of cost O(n), or 3 of cost O(n²).
    min_chunk_size : int, default=200
        Levels with smaller chunks are left out.
    embedding_dims : array-like of int, "auto" or None, default=None
        Embedding dimensions to scan first, for estimators with a parameter
        `embedding_dim` or `n_components`; "auto" takes 1, 2, 3, 4, 6, 8, 12, 16, 24,
        32, 64, as far as the data have dimensions where it is `n_components`. The
        extrapolation takes twice the smallest dimension on the plateau. None leaves
        the parameter as it is.
    n_init : int, default=2
        Fits of each dimension, of which the largest value counts.
    second_estimator : estimator, callable or None, default=None
        Another kind of estimator, fitted to all rows, that should agree.
    {parameters}

    Attributes
    ----------
    {attributes}
    embedding_dim_ : int
        Dimension chosen by the scan, where there was one.

    Raises
    ------
    ValueError
        If the estimator is none of mutual information, or has no embedding dimension
        to scan; if lengths differ, or values are not finite, those of a function among
        them.

    See Also
    --------
    mutual_info : Chooses an estimator.
    skspace.inspection.MIExtrapolationDisplay : Picture of the values and the line.

    Notes
    -----
    The line is fitted by least squares with weight 1/γ for a chunk of level γ (n/γ
    rows), and the largest level is dropped while a quadratic term is significant. Its
    interval by Student's distribution knows the scatter about the line only, though
    the chunks of all levels share their rows; the variance of subsampling is added to
    it: ``se_² = se_line² + B / n`` [2]_, with the degrees of freedom of the last level.

    ======================= ========================================================
    flag                    raised when
    ======================= ========================================================
    no_signal               p > 0.05 by `n_permutations` refits
    curved_extrapolation    five levels are no line, or there are fewer
    slow_convergence        lines in γ^½ or γ^¼ fit as well, and end elsewhere by more
                            than two standard errors
    anchor_dependent        the intercept moves by more than 20 % and a standard
                            error without the first point
    extrapolation_moves     it leaves the value on all rows by more than 5 % and two
                            standard errors, while levels rise and fall
    no_plateau              the last dimension exceeds half of it by more than 5 %
    overfit_dimension       the last dimension falls 10 % below the best
    estimator_disagreement  the second estimator differs by more than 15 % and two
                            standard errors
    ======================= ========================================================

    Biases by nearest neighbours fall more slowly than 1/n where columns are many, which
    the curvature over ten levels hardly shows: hence "slow_convergence". Flags of the
    estimator on all rows, and "ceiling" on any level, are taken over.

    *Differences from the paper.* After [1]_, except: the interval is widened; where the
    extrapolation is refuted its intercept is not reported; movements within the error
    raise no flag.

    No flag proves that there is no bias: one that is the same at all n passes.

    References
    ----------
    .. [1] E. Abdelaleem, K. M. Martini and I. Nemenman, "Accurate estimation of mutual
       information in high dimensional data" (2025). :doi:`10.48550/arXiv.2506.00330`
    .. [2] C. M. Holmes and I. Nemenman, "Estimation of mutual information for
       real-valued data with error bars and controlled bias", Physical Review E 100
       (2019). :doi:`10.1103/PhysRevE.100.022404`

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.information import GaussianCopulaMutualInfo, ReliableMutualInfo
    >>> x, e = np.random.RandomState(0).standard_normal((2, 4000, 1))
    >>> y = 0.75 * x + np.sqrt(1 - 0.75**2) * e  # -log(1 - 0.75²) / 2 = 0.413
    >>> model = ReliableMutualInfo(GaussianCopulaMutualInfo(), random_state=0).fit(x, y)
    >>> model.reliable_, model.ci_.low < 0.413 < model.ci_.high
    (True, True)
    """

    _parameter_constraints = {
        **BaseMutualInfo._parameter_constraints,
        "estimator": [HasMethods(["fit"]), callable],
        "max_chunks": [Interval(Integral, 2, None, closed="left")],
        "min_chunk_size": [Interval(Integral, 1, None, closed="left")],
        "embedding_dims": ["array-like", StrOptions({"auto"}), None],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "second_estimator": [HasMethods(["fit"]), callable, None],
    }

    def __init__(
        self,
        estimator,
        *,
        max_chunks=10,
        min_chunk_size=200,
        embedding_dims=None,
        n_init=2,
        second_estimator=None,
        n_permutations=19,
        confidence_level=0.95,
        units="nats",
        n_jobs=None,
        random_state=None,
    ):
        self.estimator = estimator
        self.max_chunks = max_chunks
        self.min_chunk_size = min_chunk_size
        self.embedding_dims = embedding_dims
        self.n_init = n_init
        self.second_estimator = second_estimator
        self.n_permutations = n_permutations
        self.confidence_level = confidence_level
        self.units = units
        self.n_jobs = n_jobs
        self.random_state = random_state

    @fit_context_of_meta_estimator
    def fit(self, X, y):
        """Estimate, extrapolate and test.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            First sample.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Second sample: numbers, row i belonging to row i of `X`.

        Returns
        -------
        self : ReliableMutualInfo
            With ``mi_`` and ``result_``.
        """
        for name in ("estimator", "second_estimator"):
            given = getattr(self, name)
            if isinstance(given, type):
                raise ValueError(
                    f"{name} must be an instance, got the class {given.__name__}; pass "
                    f"{given.__name__}()."
                )
        return self._fit(X, y)

    def _method(self):
        inner = self.estimator
        name = getattr(inner, "__name__", type(inner).__name__)
        return f"Reliable({name.removesuffix('MutualInfo')})"

    def _estimate(self, X, Y, rng, n_jobs=None):
        raise NotImplementedError  # chunks are evaluated by the estimator inside

    def _min_samples(self, dx, dy):
        least = getattr(self.estimator, "_min_samples", None)
        return 4 if least is None else least(dx, dy)

    def _evaluate(self, X, Y, rng):
        curves, flags, params, details = {}, [], {}, {}
        if self.embedding_dims is not None:
            name, scan = self._scan(X, Y, rng)
            params[name] = self.embedding_dim_ = scan.chosen
            curves["dimension"] = scan.table()
            flags += scan.flags()
            details["sufficient_dimension"] = scan.sufficient
        chunks, evaluations = self._chunks(X, Y, rng, params)
        whole = evaluations[0]
        flags += whole.flags
        value, se, degrees = whole.value, whole.se, math.inf
        if chunks.degrees:
            line = extrapolate(chunks.levels, chunks.values)
            spread = max(whole.se or 0.0, math.sqrt(chunks.variance))
            se = math.hypot(line.se, spread)
            degrees = min(line.degrees, chunks.degrees)
            levels, means, _ = chunks.means()
            raised = extrapolation_flags(line, value, means[levels <= line.last], se)
            curves["extrapolation"] = {
                "n_chunks": chunks.levels,
                "value": chunks.values,
                "fit": line.intercept + line.slope * chunks.levels,
                "kept": chunks.levels <= line.last,
            }
            if not raised:
                value = line.intercept
            flags += raised
            details |= {"extrapolated": not raised, "intercept": line.intercept}
            details |= {"se_line": line.se, "se_subsamples": spread}
            kept = evaluations[: int(np.sum(chunks.levels <= line.last))]
            flags += ["ceiling"] * any("ceiling" in e.flags for e in kept)
        else:
            flags.append("curved_extrapolation")
        if self.second_estimator is not None:
            second = evaluate(
                self.second_estimator, X, Y, rng.randint(MOST_SEEDS), level=0.95
            )
            details["second_value"] = second.value
            error = math.hypot(se or 0.0, second.se or 0.0)
            if abs(second.value - value) > max(DISAGREEMENT * abs(value), 2 * error):
                flags.append("estimator_disagreement")
        found = Estimate(
            value,
            tuple(flags),
            whole.curves | curves,
            details | {"value_on_all_rows": whole.value},
            se,
            degrees,
            self._p_value(X, Y, whole.value, rng, params),
        )
        return found, None

    def _p_value(self, X, Y, value, rng, params):
        if not self.n_permutations:
            return None

        def refit(X, Y, own):
            return evaluate(
                self.estimator, X, Y, own.randint(MOST_SEEDS), **params
            ).value

        return permutation_p_value(
            refit, X, Y, value, self.n_permutations, rng, self.n_jobs
        )

    def _chunks(self, X, Y, rng, params):
        """Fits on all rows and on the chunks of every level."""
        least = max(self.min_chunk_size, self._min_samples(X.shape[1], Y.shape[1]))
        most = max(1, min(self.max_chunks, len(X) // least))
        levels, tasks = cut(len(X), np.arange(1, most + 1), rng)

        def one(rows, seed):
            return evaluate(self.estimator, X[rows], Y[rows], seed, **params)

        evaluations = run_replicates(one, tasks, self.n_jobs)
        return summarise(levels, [e.value for e in evaluations], len(X)), evaluations

    def _scan(self, X, Y, rng):
        """Values over embedding dimensions."""
        own = getattr(self.estimator, "get_params", dict)()
        name = next((p for p in DIMENSION_PARAMETERS if p in own), None)
        if name is None:
            raise ValueError(
                f"embedding_dims={self.embedding_dims!r} needs an estimator with one "
                f"of the parameters {', '.join(DIMENSION_PARAMETERS)}, got "
                f"{self.estimator!r}; set embedding_dims=None."
            )
        most = min(X.shape[1], Y.shape[1]) if name == "n_components" else np.inf
        grid = dimension_grid(self.embedding_dims, most)
        tasks = [
            (k, seed)
            for k in grid
            for seed in rng.randint(MOST_SEEDS, size=self.n_init)
        ]

        def one(k, seed):
            return evaluate(self.estimator, X, Y, seed, **{name: k}).value

        values = np.reshape(run_replicates(one, tasks, self.n_jobs), (len(grid), -1))
        return name, summarise_scan(grid, np.max(values, axis=1))
