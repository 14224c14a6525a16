"""Subspace clusterers beside KMeans and SpectralClustering: quality, time, growth.

python benchmarks/bench_cluster.py [--tables] [--defaults] [--speed] [--growth]

Without a flag everything runs. Image sets come from the folder SKSPACE_DATA.
"""

from __future__ import annotations

import argparse
import inspect
import subprocess
import sys
import time
import warnings

import numpy as np
from _harness import Contestant, contest, peak_memory, union
from sklearn.cluster import KMeans, SpectralClustering
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

import skspace.cluster
from skspace.cluster import (
    LeastSquaresSubspaceClustering,
    OMPSubspaceClustering,
    SparseSubspaceClustering,
    ThresholdingSubspaceClustering,
)
from skspace.datasets import (
    DatasetNotFoundError,
    fetch_coil20,
    fetch_mnist_sample,
    fetch_orl,
    fetch_usps,
    fetch_yaleb,
    make_union_of_subspaces,
)
from skspace.metrics import clustering_accuracy

IMAGES = {
    "Yale B 10": fetch_yaleb,
    "ORL": fetch_orl,
    "COIL-20": fetch_coil20,
    "USPS-2000": fetch_usps,
    "MNIST-2000": fetch_mnist_sample,
}
METHODS = [
    thing
    for name in skspace.cluster.__all__
    if inspect.isclass(thing := getattr(skspace.cluster, name))
]


def image_tables():
    """Yield name, pixels in [0, 1] and labels of each image set at hand."""
    for name, fetch in IMAGES.items():
        try:
            X, y = fetch(return_X_y=True)
        except DatasetNotFoundError:
            print(f"(no {name}: set SKSPACE_DATA to the folder of the data)")
            continue
        if name.endswith("2000"):
            rows = np.random.default_rng(0).permutation(len(X))[:2000]
            X, y = X[rows], y[rows]
        yield name, X, y


def small_tables():
    """Yield data without (wine, iris) and with little (digits) subspace structure."""
    for load in (load_wine, load_iris, load_digits):
        X, y = load(return_X_y=True)
        yield f"{load.__name__[5:]}, standardised", StandardScaler().fit_transform(X), y


def judge(model, X, y, n_seeds):
    """Mean accuracy, agreement of predict with labels_, and seconds of fit."""
    rows = []
    for seed in range(n_seeds):
        model.set_params(random_state=seed, n_clusters=len(np.unique(y)))
        start = time.perf_counter()
        model.fit(X)
        seconds = time.perf_counter() - start
        agreement = np.nan
        if hasattr(model, "predict"):
            agreement = np.mean(model.predict(X) == model.labels_)
        rows.append((clustering_accuracy(y, model.labels_), agreement, seconds))
    return np.mean(rows, axis=0)


def tables(n_seeds):
    """Print accuracy / agreement / seconds of every method with its defaults."""
    peers = [KMeans(n_init=10), SpectralClustering()]
    peers.append(SpectralClustering(affinity="nearest_neighbors"))
    variants = [LeastSquaresSubspaceClustering(affine=True)]
    for title, sets in [
        ("Images, true number of clusters, defaults", list(image_tables())),
        ("Small tables: where the methods lose", list(small_tables())),
    ]:
        if not sets:
            continue
        print(f"\n{title}: accuracy (predict = labels_), seconds; {n_seeds} seeds")
        print(f"{'':58s}" + "".join(f"{name:>26s}" for name, *_ in sets))
        for model in [*peers, *(method() for method in METHODS), *variants]:
            cells = []
            for _, X, y in sets:
                accuracy, agreement, seconds = judge(model, X, y, n_seeds)
                agreed = "     " if np.isnan(agreement) else f"({agreement:.2f})"
                cells.append(f"{accuracy:.3f} {agreed} {seconds:6.2f} s")
            label = str(model.set_params(n_clusters=8, random_state=None))
            print(
                f"{' '.join(label.split()):58s}" + "".join(f"{c:>26s}" for c in cells)
            )


def defaults(n_seeds):
    """Print what the shared defaults were chosen from: one setting for all sets."""
    sets = list(image_tables())
    grids = {
        LeastSquaresSubspaceClustering: [
            *({"subspace_dim": d} for d in (6, 7, 8, 9, 12)),
            {"center": False},
            {"affinity": "doubly_stochastic"},
            {"affinity": "nearest_neighbors"},
        ],
        SparseSubspaceClustering: [
            *({"affinity": a} for a in ("symmetrize", "topk", "nearest_neighbors")),
            {"center": True},
        ],
        OMPSubspaceClustering: [
            *({"affinity": a} for a in ("symmetrize", "nearest_neighbors")),
            {"center": True},
        ],
        ThresholdingSubspaceClustering: [{}, {"center": True}, {"n_neighbors": 4}],
    }
    print(f"\nChoice of defaults: accuracy, {n_seeds} seeds")
    print(f"{'':70s}" + "".join(f"{name:>12s}" for name, *_ in sets) + f"{'mean':>12s}")
    for method, settings in grids.items():
        for setting in settings:
            found = [judge(method(**setting), X, y, n_seeds)[0] for _, X, y in sets]
            cells = "".join(f"{a:12.3f}" for a in [*found, np.mean(found)])
            print(f"{' '.join(str(method(**setting)).split()):70s}{cells}")


def speed(n_rounds):
    """Print the contest of whole fits, accuracy beside time."""
    sets = [
        ("union 5 x 4 in 30", *make_union_of_subspaces(2000, noise=0.1, random_state=0))
    ]
    sets += [t for t in image_tables() if t[0] in ("Yale B 10", "COIL-20")]
    for name, X, y in sets:
        k = len(np.unique(y))
        contestants = [
            Contestant(
                method.__name__,
                lambda method=method, X=X, k=k: method(
                    n_clusters=k, random_state=0
                ).fit_predict(X),
            )
            for method in (
                LeastSquaresSubspaceClustering,
                OMPSubspaceClustering,
                ThresholdingSubspaceClustering,
            )
        ]
        contestants += [
            Contestant(
                "KMeans",
                lambda X=X, k=k: KMeans(k, n_init=10, random_state=0).fit_predict(X),
            ),
            Contestant(
                "SpectralClustering",
                lambda X=X, k=k: SpectralClustering(k, random_state=0).fit_predict(X),
            ),
        ]
        contest(
            f"Whole fit, defaults: {name} {X.shape}",
            contestants,
            accuracy=lambda labels, y=y: (
                f"accuracy {clustering_accuracy(y, labels):.3f}"
            ),
            n_rounds=n_rounds,
        )


def growth(sizes):
    """Print time and memory as n grows, each fit in a process of its own."""
    print("\nGrowth, 200 features, 20 subspaces of dimension 6, one thread")
    for method in (
        OMPSubspaceClustering,
        SparseSubspaceClustering,
        LeastSquaresSubspaceClustering,
        ThresholdingSubspaceClustering,
    ):
        for n in sizes:
            arguments = [sys.executable, __file__, "--one", method.__name__, str(n)]
            print(subprocess.check_output(arguments, text=True).rstrip(), flush=True)


def one(name, n):
    """Fit once and print seconds, accuracy, and memory over the data."""
    method = getattr(skspace.cluster, name)
    X, y = union(20, 6, 200, 100 // 20)
    method(n_clusters=20, random_state=0, n_init=2).fit(X)  # compile
    X, y = union(20, 6, 200, n // 20)
    before = peak_memory()
    with threadpool_limits(1):
        start = time.perf_counter()
        labels = method(n_clusters=20, random_state=0).fit_predict(X)
        seconds = time.perf_counter() - start
    print(
        f"  {name:34s} n={n:6d} {seconds:8.1f} s   accuracy "
        f"{clustering_accuracy(y, labels):.3f}   memory over data "
        f"{(peak_memory() - before) / 1e9:.2f} GB"
    )


def main():
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    for section in ("tables", "defaults", "speed", "growth"):
        parser.add_argument(f"--{section}", action="store_true")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="+", default=[2000, 5000, 20_000])
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.one:
        one(options.one[0], int(options.one[1]))
        return
    chosen = {s: getattr(options, s) for s in ("tables", "defaults", "speed", "growth")}
    every = not any(chosen.values())
    if every or chosen["tables"]:
        tables(options.seeds)
    if every or chosen["defaults"]:
        defaults(options.seeds)
    if every or chosen["speed"]:
        speed(options.rounds)
    if every or chosen["growth"]:
        growth(options.sizes)


if __name__ == "__main__":
    main()
