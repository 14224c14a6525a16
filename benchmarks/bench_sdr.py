"""Sufficient dimension reduction against a plain QR-and-loop implementation.

python benchmarks/bench_sdr.py [--growth] [--grouping] [--speed] [--error] [--slices]
    [--rank] [--coverage] [--rounds 5] [--seeds 20] [--rows 1000000]

Without a flag everything runs. The peers are written here as public packages do it: QR
of the centred table for the whitening, then a loop over slices that gathers rows.
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np
from _harness import Contestant, contest, peak_memory
from threadpoolctl import threadpool_limits

from skspace.datasets import make_sdr_regression
from skspace.decomposition import (
    DirectionalRegression,
    PrincipalFittedComponents,
    PrincipalHessianDirections,
    SlicedAverageVarianceEstimation,
    SlicedInverseRegression,
    sdr_bootstrap,
)
from skspace.linalg import subspace_distance
from skspace.linalg._moments import group_by_slice

N_SLICES = 10
MODELS = ("cubic", "symmetric", "rational", "mixed")


def regression(model, n, p, seed):
    """Draw one of four standard models; returns X, y and the central subspace."""
    return make_sdr_regression(n, p, model=model, random_state=seed, return_basis=True)


def error(directions, basis):
    """Projector distance over √(2 d), in [0, 1]."""
    d = basis.shape[1]
    return subspace_distance(directions, basis, "projection") / np.sqrt(2 * d)


def whiten_by_qr(X, y):
    """Whitened rows, the triangular factor, and slices at quantiles."""
    Q, R = np.linalg.qr(X - X.mean(axis=0))
    edges = np.quantile(y, np.arange(1, N_SLICES) / N_SLICES)
    scale = np.sqrt(len(X))
    return Q * scale, R / scale, np.searchsorted(edges, y, side="right")


def sir_by_qr(X, y, d):
    """Slice means of whitened rows, one slice after the other."""
    Z, R, labels = whiten_by_qr(X, y)
    M = np.zeros((X.shape[1], X.shape[1]))
    for h in range(N_SLICES):
        mean = Z[labels == h].mean(axis=0)
        M += np.mean(labels == h) * np.outer(mean, mean)
    return np.linalg.solve(R, np.linalg.eigh(M)[1][:, -d:])


def save_by_qr(X, y, d):
    """Covariances of whitened slices, one after the other."""
    Z, R, labels = whiten_by_qr(X, y)
    eye, M = np.eye(X.shape[1]), 0
    for h in range(N_SLICES):
        D = eye - np.cov(Z[labels == h].T, bias=True)
        M = M + np.mean(labels == h) * D @ D
    return np.linalg.solve(R, np.linalg.eigh(M)[1][:, -d:])


def bench_error(n_seeds):
    """Print the mean distance to the truth of every method on four models."""
    methods = {
        "SIR": SlicedInverseRegression,
        "SAVE": SlicedAverageVarianceEstimation,
        "DR": DirectionalRegression,
        "pHd": PrincipalHessianDirections,
        "PFC": PrincipalFittedComponents,
    }
    for n, p in [(500, 10), (2000, 20)]:
        print(f"\nMean distance to the central subspace, n={n}, p={p}, {n_seeds} seeds")
        print("  " + " " * 12 + "".join(f"{name:>8s}" for name in methods))
        for model in MODELS:
            errors = []
            for Reducer in methods.values():
                each = []
                for seed in range(n_seeds):
                    X, y, basis = regression(model, n, p, seed)
                    found = Reducer(n_components=basis.shape[1]).fit(X, y)
                    each.append(error(found, basis))
                errors.append(np.mean(each))
            print(f"  {model:12s}" + "".join(f"{e:8.3f}" for e in errors))


def bench_slices(n_seeds):
    """Print the mean distance to the truth by the number of slices."""
    numbers = (5, 10, 20)
    print(f"\nMean distance by slices {numbers}, n=500, p=10, {n_seeds} seeds")
    for Reducer in (
        SlicedInverseRegression,
        SlicedAverageVarianceEstimation,
        DirectionalRegression,
    ):
        for model in MODELS:
            draws = [regression(model, 500, 10, seed) for seed in range(n_seeds)]
            cells = ""
            for number in numbers:
                each = [
                    error(Reducer(basis.shape[1], n_slices=number).fit(X, y), basis)
                    for X, y, basis in draws
                ]
                cells += f"{np.mean(each):8.3f}"
            print(f"  {Reducer.__name__:32s}{model:12s}{cells}", flush=True)


def bench_speed(n_rounds):
    """Print the contest with the peers on 100,000 x 100."""
    X, y, basis = regression("mixed", 100_000, 100, 0)
    pairs = [
        ("SIR", SlicedInverseRegression, "SIR by QR", sir_by_qr),
        ("DR", DirectionalRegression, "SAVE by QR", save_by_qr),
        ("SAVE", SlicedAverageVarianceEstimation, "SAVE by QR", save_by_qr),
    ]
    for ours, Reducer, theirs, peer in pairs:
        contest(
            f"{ours} on {X.shape[0]} x {X.shape[1]}, {N_SLICES} slices, mixed model",
            [
                Contestant(ours, lambda R=Reducer: R(n_components=2).fit(X, y)),
                Contestant(theirs, lambda f=peer: f(X, y, 2)),
            ],
            accuracy=lambda found: f"distance {error(found, basis):.4f}",
            n_rounds=n_rounds,
        )


def bench_grouping(n_rounds):
    """Print the contest of the compiled grouping of rows with plain ways."""
    rng = np.random.RandomState(0)
    X, labels = rng.standard_normal((5000, 100)), rng.randint(0, N_SLICES, 5000)
    pivot, weights = X.mean(axis=0), np.ones(5000)

    def gathers():
        parts = [X[labels == h] - pivot for h in range(N_SLICES)]
        return np.concatenate(parts), np.stack([part.sum(axis=0) for part in parts])

    expected = gathers()

    def accuracy(found):
        close = all(map(np.allclose, found, expected))
        return "equal" if close else "NOT EQUAL"

    args = X, pivot, labels, weights, N_SLICES
    contest(
        f"Rows centred, grouped and summed by slice {X.shape}",
        [
            Contestant("compiled twin", lambda: group_by_slice(*args)[:2]),
            Contestant("definition", lambda: group_by_slice.__wrapped__(*args)[:2]),
            Contestant("a boolean gather per slice", gathers),
        ],
        accuracy=accuracy,
        n_rounds=n_rounds,
    )


def bench_growth(n_rows):
    """Print time and memory of chunks of 10,000 rows of 100 features."""
    print("\nChunks of 10,000 x 100 by partial_fit, one thread; drawing not counted")
    for Reducer in (SlicedInverseRegression, DirectionalRegression):
        model = Reducer(n_components=2)
        seconds, seen = 0.0, 0
        marks = [n_rows // 10, n_rows // 2, n_rows]
        with threadpool_limits(1):
            while seen < n_rows:
                X, y, basis = regression("mixed", 10_000, 100, seen)
                start = time.perf_counter()
                model.partial_fit(X, y)
                seconds += time.perf_counter() - start
                seen += len(X)
                if seen in marks:
                    print(
                        f"  {Reducer.__name__:24s} n={seen:8d} {seconds:7.2f} s"
                        f"   {seconds / seen * 1e6:6.2f} s per million"
                        f"   distance {error(model, basis):.4f}"
                        f"   peak {peak_memory() / 1e6:.0f} MB"
                    )


def bench_rank(n_seeds):
    """Print in how many draws each rule finds the true number of directions."""
    rules = {
        "SIR": (SlicedInverseRegression, ("gap", "chi2", "bic", "ladle")),
        "SAVE": (SlicedAverageVarianceEstimation, ("gap", "bic", "ladle")),
        "DR": (DirectionalRegression, ("gap", "bic", "ladle")),
    }
    for n, p in [(500, 10), (2000, 20)]:
        print(f"\nTrue number of directions found, n={n}, p={p}, of {n_seeds} draws")
        print("  " + " " * 14 + "".join(f"{model:>12s}" for model in MODELS))
        for name, (Reducer, names) in rules.items():
            for rule in names:
                if rule == "ladle" and n > 500:
                    continue  # 100 fits each
                right = []
                for model in MODELS:
                    hits = 0
                    for seed in range(n_seeds):
                        X, y, basis = regression(model, n, p, seed)
                        with warnings.catch_warnings():
                            warnings.simplefilter("ignore")
                            found = Reducer(rule, random_state=0).fit(X, y)
                        hits += found.rank_evidence_.n_components == basis.shape[1]
                    right.append(hits)
                cells = "".join(f"{hits:12d}" for hits in right)
                print(f"  {name + ', ' + rule:14s}{cells}", flush=True)


def bench_coverage(n_draws=200, n_resamples=200):
    """Print how often intervals of level 0.95 hold the true coefficients."""
    print(f"\nCoverage of intervals of level 0.95, {n_draws} draws, 5 features")
    for name, Reducer, model, n in [
        ("SIR", SlicedInverseRegression, "cubic", 300),
        ("SAVE", SlicedAverageVarianceEstimation, "symmetric", 800),
        ("DR", DirectionalRegression, "symmetric", 800),
    ]:
        held = {"bootstrap": [], "asymptotic": []}
        for seed in range(n_draws):
            X, y, basis = regression(model, n, 5, seed)
            fitted = Reducer(1).fit(X, y)
            result = sdr_bootstrap(
                fitted, X, y, n_resamples=n_resamples, random_state=seed
            )
            truth = basis.T * np.sign(fitted.components_ @ basis)
            low, high, _ = result.confidence_interval
            held["bootstrap"].append((low <= truth) & (truth <= high))
            off = np.abs(result.components - truth)
            held["asymptotic"].append(off <= 1.96 * result.asymptotic_standard_error)
        cells = ", ".join(f"{kind} {np.mean(each):.3f}" for kind, each in held.items())
        print(f"  {name} on {model}, n={n}: {cells}", flush=True)


def main():
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parts = {  # growth first: peak memory is that of the whole process
        "growth": lambda: bench_growth(options.rows),
        "grouping": lambda: bench_grouping(options.rounds),
        "speed": lambda: bench_speed(options.rounds),
        "error": lambda: bench_error(options.seeds),
        "slices": lambda: bench_slices(options.seeds),
        "rank": lambda: bench_rank(options.seeds),
        "coverage": bench_coverage,
    }
    for name in parts:
        parser.add_argument(f"--{name}", action="store_true")
    options = parser.parse_args()
    asked = [name for name in parts if getattr(options, name)]
    for name in asked or parts:
        parts[name]()


if __name__ == "__main__":
    main()
