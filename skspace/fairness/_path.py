"""Utility and fairness along the levels of a fair decomposition."""

from __future__ import annotations

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch, check_random_state, indexable

from .._array import to_numpy
from .._sklearn import (
    HasMethods,
    StrOptions,
    safe_indexing,
    validate_params,
)
from ..metrics import (
    demographic_parity_difference,
    distance_correlation,
    equalized_odds_difference,
)
from ._dcov import numbers_of, some_rows
from ._fair_sdr import FairSDR

GAPS = {
    "demographic_parity": demographic_parity_difference,
    "equalized_odds": equalized_odds_difference,
}
MAX_ROWS = 2000
"""Rows of a test part for the distance correlation, which costs their square."""


@validate_params(
    {
        "estimator": [HasMethods("fit")],
        "X": "no_validation",
        "y": "no_validation",
        "sensitive_features": "no_validation",
        "ks": ["array-like", None],
        "cv": ["cv_object"],
        "scoring": [str, callable, None],
        "fairness": [StrOptions(set(GAPS)), callable],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def fairness_utility_path(
    estimator,
    X,
    y,
    sensitive_features=None,
    *,
    ks=None,
    cv=5,
    scoring=None,
    fairness="demographic_parity",
    random_state=None,
):
    """Measure utility and fairness gap at every level of a fair decomposition.

    In each fold the decomposition is fitted once; only what follows it is fitted
    again for each level.

    Parameters
    ----------
    estimator : Pipeline
        With a :class:`FairSDR` and at least a predictor after it. Not changed.
    X : array-like or frame of shape (n_samples, n_features)
        Rows.
    y : array-like of shape (n_samples,)
        Target.
    sensitive_features : array-like of shape (n_samples,) or \
(n_samples, n_attributes), default=None
        Sensitive attributes. None where the decomposition has ``sensitive_columns``.
    ks : array-like of shape (n_levels,), default=None
        Levels, rising; None takes every whole one from 0 to the number of shared
        directions. A level between j and j + 1 puts direction j + 1 back scaled by
        the rest: an interpolation, which changes penalised predictors only.
    cv : int, cross-validation generator or iterable, default=5
        Folds, as in :func:`~sklearn.model_selection.cross_validate`.
    scoring : str, callable or None, default=None
        Utility; None takes the predictor's own score.
    fairness : {"demographic_parity", "equalized_odds"} or callable, \
default="demographic_parity"
        Gap of the predictions: a metric of :mod:`skspace.metrics`, or a function
        ``gap(y_true, y_pred, sensitive_features=...)``.
    random_state : int, RandomState instance or None, default=None
        Fixes the 2000 rows of a test part that distance correlations look at.

    Returns
    -------
    path : :class:`~sklearn.utils.Bunch`
        With these arrays, of shape (n_levels,) where nothing else is said:

        - `k`: the levels, and `interpolated`, which of them are not whole;
        - `utility_mean`, `utility_std`, `gap_mean`, `gap_std` over folds, and
          `utility`, `gap` of shape (n_folds, n_levels);
        - `dcor_mean`: distance correlation of representation and attribute;
        - `delta_utility` of shape (n_levels - 1,): fall of the squared error of held
          out predictions (of probabilities, for classes) from each level to the
          next, the price of leaving these directions out. They add up to the fall
          over all levels; noise can make them negative;
        - `explained_target`, `explained_sensitive`: share of the target's and of the
          attribute's information that the representation holds (training rows);
        - `pareto`: levels that no other beats in mean utility and mean gap both.

        Besides `fairness` and `scoring`, the names of what was measured.

    Raises
    ------
    ValueError
        If the pipeline has no decomposition followed by a predictor, or `ks` are not
        rising or beyond what each fold has; whatever fitting raises.

    See Also
    --------
    FairSDR : The decomposition.
    skspace.inspection.FairnessUtilityPathDisplay : Draws it.

    Notes
    -----
    Information grows with the level, and so does the dependence of the representation
    on the attribute. The gap of *decisions* in a sample need not.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from skspace.fairness import FairSDR, fairness_utility_path
    >>> rng = np.random.RandomState(0)
    >>> X = rng.standard_normal((1000, 4))
    >>> z = X[:, 1] + X[:, 2] + 0.3 * rng.standard_normal(1000) > 0
    >>> y = X[:, 0] + X[:, 1] + 0.3 * rng.standard_normal(1000) > 0
    >>> pipe = make_pipeline(FairSDR(), LogisticRegression())
    >>> path = fairness_utility_path(pipe, X, y, z)
    >>> path.k
    array([0., 1.])
    >>> path.utility_mean.round(1), path.gap_mean.round(1)
    (array([0.8, 0.9]), array([0.1, 0.3]))
    """
    before, decomposition, after = _split(estimator)
    X, y, sensitive_features = indexable(X, y, sensitive_features)
    folds = list(check_cv(cv, y, classifier=is_classifier(estimator)).split(X, y))
    parts = [
        _decompose(before, decomposition, X, y, sensitive_features, train, test)
        for train, test in folds
    ]
    ks = _levels(ks, [part.model for part in parts])
    metric = GAPS.get(fairness, fairness) if isinstance(fairness, str) else fairness
    rng = check_random_state(random_state)
    rows = [
        _follow(part, after, ks, scoring, metric, rng.randint(2**31 - 1))
        for part in parts
    ]
    utility, gap, dcor, loss, target, sensitive = np.array(rows).transpose(1, 0, 2)
    return Bunch(
        k=ks,
        interpolated=ks != np.floor(ks),
        utility_mean=utility.mean(axis=0),
        utility_std=utility.std(axis=0),
        gap_mean=gap.mean(axis=0),
        gap_std=gap.std(axis=0),
        utility=utility,
        gap=gap,
        dcor_mean=dcor.mean(axis=0),
        delta_utility=-np.diff(loss.mean(axis=0)),
        explained_target=target.mean(axis=0),
        explained_sensitive=sensitive.mean(axis=0),
        pareto=pareto_optimal(utility.mean(axis=0), gap.mean(axis=0)),
        fairness=_name(fairness),
        scoring="score" if scoring is None else _name(scoring),
    )


def pareto_optimal(utility, gap):
    """Mark what nothing beats: no more utility without a larger gap."""
    no_worse = (utility[None, :] >= utility[:, None]) & (gap[None, :] <= gap[:, None])
    better = (utility[None, :] > utility[:, None]) | (gap[None, :] < gap[:, None])
    return ~np.any(no_worse & better, axis=1)


def _split(estimator):
    """Split a pipeline: steps before the decomposition, it, and what follows it."""
    remedy = (
        "estimator must be a Pipeline with a FairSDR followed by a predictor, such as "
        "make_pipeline(StandardScaler(), FairSDR(), LogisticRegression())"
    )
    if not isinstance(estimator, Pipeline):
        raise ValueError(f"{remedy}; got {type(estimator).__name__}.")
    at = [i for i, (_, step) in enumerate(estimator.steps) if isinstance(step, FairSDR)]
    if (
        len(at) != 1
        or at[0] == len(estimator.steps) - 1
        or not hasattr(estimator, "predict")
    ):
        names = ", ".join(type(step).__name__ for _, step in estimator.steps)
        raise ValueError(f"{remedy}; got the steps {names}.")
    steps, i = estimator.steps, at[0]
    before = Pipeline(steps[:i]) if i else None
    return before, steps[i][1], Pipeline(steps[i + 1 :])


def _decompose(before, decomposition, X, y, attribute, train, test):
    """Fit what comes before the levels on the training part of a fold."""
    X_train, X_test = safe_indexing(X, train), safe_indexing(X, test)
    y_train, y_test = safe_indexing(y, train), safe_indexing(y, test)
    if before is not None:
        before = clone(before)
        X_train = before.fit_transform(X_train, y_train)
        X_test = before.transform(X_test)
    z_train = z_test = None
    if attribute is not None:
        z_train, z_test = (
            safe_indexing(attribute, train),
            safe_indexing(attribute, test),
        )
    model = clone(decomposition).set_params(n_shared="all")
    model.fit(X_train, y_train, sensitive_features=z_train)
    if z_test is None:
        _, z_test = model._read(X_test, None, reset=False)
    return Bunch(
        model=model,
        X_train=X_train,
        X_test=X_test,
        y_train=y_train,
        y_test=y_test,
        z_test=z_test,
    )


def _levels(ks, models):
    """Check the levels, or take all that every fold has."""
    most = min(model.n_shared_ for model in models)
    if ks is None:
        return np.arange(most + 1.0)
    ks = np.asarray(ks, dtype=np.float64)
    rising = ks.ndim == 1 and ks.size and np.all(np.diff(ks) > 0)
    if not rising or not np.all(np.isfinite(ks)):
        raise ValueError(f"ks must hold rising levels, got {ks.tolist()}.")
    if ks[0] < 0 or ks[-1] > most:
        raise ValueError(
            f"ks must lie between 0 and the {most} shared directions that each fold "
            f"has, got {ks.tolist()}."
        )
    if models[0].output == "features" and np.any(ks != np.floor(ks)):
        raise ValueError("Levels between whole ones need output='scores'.")
    return ks


def _follow(part, after, ks, scoring, metric, seed):
    """Fit and measure what follows the decomposition at every level of a fold."""
    rows = some_rows(len(part.y_test), seed, MAX_ROWS)
    z_rows = numbers_of(np.asarray(safe_indexing(part.z_test, rows)))
    result = []
    for k in ks:
        whole = int(np.ceil(k))
        level = part.model.at_level(whole)
        R_train, R_test = (
            _scaled_last(level.transform(part[name]), k + 1 - whole)
            for name in ("X_train", "X_test")
        )
        predictor = clone(after).fit(R_train, part.y_train)
        predicted = predictor.predict(R_test)
        utility = check_scoring(predictor, scoring)(predictor, R_test, part.y_test)
        gap = metric(part.y_test, predicted, sensitive_features=part.z_test)
        result.append(
            (
                utility,
                gap,
                distance_correlation(to_numpy(R_test)[rows], z_rows),
                _squared_error(predictor, R_test, part.y_test, predicted),
                float(part.model.explained_target_ratio_[whole]),
                float(part.model.explained_sensitive_ratio_[whole]),
            )
        )
    return np.array(result, dtype=np.float64).T


def _scaled_last(scores, share):
    """Scale the direction put back last, at a level between two whole ones."""
    if share == 1:
        return scores
    scores = to_numpy(scores).copy()
    scores[:, -1] *= share
    return scores


def _squared_error(predictor, R, y, predicted):
    """Mean squared error of predictions, of probabilities where there are any."""
    y = np.asarray(to_numpy(y))
    if not is_classifier(predictor):
        return float(np.mean((y - to_numpy(predicted)) ** 2))
    if hasattr(predictor, "predict_proba"):
        shares = to_numpy(predictor.predict_proba(R))
    else:
        shares = (to_numpy(predicted)[:, None] == predictor.classes_) * 1.0
    square = np.sum(((y[:, None] == predictor.classes_) - shares) ** 2, axis=1)
    # Of two classes either probability says all.
    return float(np.mean(square)) / (2 if len(predictor.classes_) == 2 else 1)


def _name(measure):
    return (
        measure
        if isinstance(measure, str)
        else getattr(measure, "__name__", type(measure).__name__)
    )
