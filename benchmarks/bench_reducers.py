"""Reducers on real data: what a k-NN and a linear model make of few directions.

python benchmarks/bench_reducers.py [--data wine ...] [--dims 1 2 3] [--repeats 5]

Features are standardised, reduced to d scores by a reducer with its defaults, and given
to a model with its defaults, all fitted inside each training part of a repeated
five-fold cross-validation. R2 for numbers, accuracy for classes. Concrete is read from
the folder SKSPACE_DATA; the other sets come with scikit-learn. Digits, with its slow
local fits, is folded once and reduced to 2 and 3 unless told otherwise.
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.cross_decomposition import PLSRegression
from sklearn.datasets import load_diabetes, load_digits, load_wine
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import RepeatedKFold, RepeatedStratifiedKFold
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    NeighborhoodComponentsAnalysis,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skspace.datasets import fetch_concrete
from skspace.decomposition import (
    DirectionalRegression,
    OuterProductGradients,
    PrincipalFittedComponents,
    PrincipalHessianDirections,
    SlicedAverageVarianceEstimation,
    SlicedInverseRegression,
)

N_FOLDS = 5


class PLS(TransformerMixin, BaseEstimator):
    """Scores of partial least squares; classes by their indicators."""

    def __init__(self, n_components):
        self.n_components = n_components

    def fit(self, X, y):
        if y.dtype.kind == "i":
            y = (y[:, None] == np.unique(y)).astype(float)
        self.pls_ = PLSRegression(self.n_components).fit(X, y)
        return self

    def transform(self, X):
        return self.pls_.transform(X)


class OfSlices(TransformerMixin, BaseEstimator):
    """A reducer of classes, given tenths of the response in their place."""

    def __init__(self, reducer):
        self.reducer = reducer

    def fit(self, X, y):
        edges = np.quantile(y, np.arange(1, 10) / 10)
        self.reducer_ = clone(self.reducer).fit(X, np.searchsorted(edges, y))
        return self

    def transform(self, X):
        return self.reducer_.transform(X)


DATA = {
    "concrete": (lambda: fetch_concrete(return_X_y=True), False),
    "diabetes": (lambda: load_diabetes(return_X_y=True, scaled=False), False),
    "wine": (lambda: load_wine(return_X_y=True), True),
    "digits": (lambda: load_digits(return_X_y=True), True),
}
MODELS = {
    False: {"k-NN": KNeighborsRegressor(), "linear": LinearRegression()},
    True: {"k-NN": KNeighborsClassifier(), "linear": LogisticRegression(max_iter=1000)},
}
OURS = {
    "SIR": SlicedInverseRegression,
    "SAVE": SlicedAverageVarianceEstimation,
    "DR": DirectionalRegression,
    "pHd": PrincipalHessianDirections,
    "PFC": PrincipalFittedComponents,
    "OPG": lambda d: OuterProductGradients(d, refine=False, random_state=0),
    "MAVE": lambda d: OuterProductGradients(d, random_state=0),
}


def contestants(d, classes, n_classes):
    """Reducers to d scores by name, ours first."""
    nca = NeighborhoodComponentsAnalysis(d, random_state=0)
    found = {name: make(d) for name, make in OURS.items()}
    if classes and d >= n_classes:  # means of so few classes span fewer directions
        del found["SIR"], found["PFC"]
    found |= {"PCA": PCA(d, random_state=0), "PLS": PLS(d)}
    if classes and d < n_classes:
        found["LDA"] = LinearDiscriminantAnalysis(n_components=d)
    if classes:
        found["NCA"] = nca
    else:
        found["NCA of slices"] = OfSlices(nca)
    return found


def scores_of(reducer, folds, X, y, models):
    """Score of every model in every fold, the reducer fitted once a fold."""
    found = []
    for train, test in folds:
        pipe = make_pipeline(StandardScaler(), clone(reducer)).fit(X[train], y[train])
        A, B = pipe.transform(X[train]), pipe.transform(X[test])
        found.append(
            [clone(m).fit(A, y[train]).score(B, y[test]) for m in models.values()]
        )
    return np.array(found).T


def standard_error(each):
    """Of the mean over folds of repeated cross-validation.

    Training parts overlap, so folds vary together and repeats add little: to 1 / n,
    of independent ones, comes the ratio of test to training rows (Nadeau and Bengio
    2003).
    """
    return np.std(each, ddof=1) * np.sqrt(1 / len(each) + 1 / (N_FOLDS - 1))


def compare(name, dims, n_repeats):
    """Print the table of one data set and who is best in each column.

    Returns, for each column, whether an SDR method is best or within one standard
    error of the best mean, and of the paired difference.
    """
    load, classes = DATA[name]
    X, y = load()
    X, models = np.asarray(X, dtype=float), MODELS[classes]
    Folds = RepeatedStratifiedKFold if classes else RepeatedKFold
    folds = list(
        Folds(n_splits=N_FOLDS, n_repeats=n_repeats, random_state=0).split(X, y)
    )
    table = {}
    for d in dims:
        for reducer_name, reducer in contestants(d, classes, len(np.unique(y))).items():
            rows = scores_of(reducer, folds, X, y, models)
            for model, each in zip(models, rows, strict=True):
                table.setdefault(reducer_name, {})[d, model] = each
    columns = [(d, m) for d in dims for m in models]
    measure = "accuracy" if classes else "R2"
    print(f"\n{name} {X.shape}: {measure}, mean of {n_repeats} x {N_FOLDS} folds")
    print(" " * 15 + "".join(f"{f'd={d} {m}':>14s}" for d, m in columns))
    for reducer_name, cells in table.items():
        line = [
            f"{np.mean(cells[c]):.3f} ±{standard_error(cells[c]):.3f}"
            if c in cells
            else "-"
            for c in columns
        ]
        print(f"  {reducer_name:13s}" + "".join(f"{cell:>14s}" for cell in line))
    return [verdict(table, c) for c in columns]


def verdict(table, column):
    """Print who is best, and by how much the best SDR method is behind."""
    means = {r: np.mean(cells[column]) for r, cells in table.items() if column in cells}
    best = max(means, key=means.get)
    ours = max((r for r in means if r in OURS), key=means.get)
    text = f"  d={column[0]} {column[1]:7s} best {best} {means[best]:.3f}"
    if ours == best:
        print(text)
        return True, True
    difference = table[best][column] - table[ours][column]
    behind = means[best] - means[ours]
    error, paired = standard_error(table[best][column]), standard_error(difference)
    print(
        f"{text}; {ours} {means[ours]:.3f}, behind by {behind:.4f}, "
        f"standard error {error:.4f}, of the difference {paired:.4f}"
    )
    return behind <= error, behind <= paired


def main():
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", choices=DATA, default=list(DATA))
    parser.add_argument("--dims", nargs="+", type=int)
    parser.add_argument("--repeats", type=int)
    options = parser.parse_args()
    kept = {}
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in options.data:
            slow = name == "digits"
            dims = options.dims or ([2, 3] if slow else [1, 2, 3])
            kept[name] = compare(name, dims, options.repeats or (1 if slow else 5))
    print("\nColumns in which an SDR method is best, or within one standard error of")
    print("the best: of the best mean, and of the difference")
    for name, each in kept.items():
        mean, difference = np.sum(each, axis=0)
        print(f"  {name:10s} {mean} and {difference} of {len(each)}")


if __name__ == "__main__":
    main()
