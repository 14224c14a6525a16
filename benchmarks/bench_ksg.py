"""Information by nearest neighbours against scikit-learn and a pipeline of kd-trees.

python benchmarks/bench_ksg.py [--growth] [--readings] [--oracle] [--pairs]
    [--screening] [--spaces] [--crossover] [--rounds 5]

Without a flag everything runs. Peers: scikit-learn's ``mutual_info_regression``; for
several columns SciPy's ``cKDTree`` as the NPEET package uses trees: a joint query for
the radii, then a count in each marginal. One thread each.
"""

from __future__ import annotations

import argparse
import time
from functools import partial

import numpy as np
from _harness import Contestant, contest, peak_memory
from scipy.spatial import cKDTree
from scipy.special import digamma
from sklearn.feature_selection import mutual_info_regression as of_sklearn
from threadpoolctl import threadpool_limits

from skspace.datasets import fetch_mi_task
from skspace.information import mutual_info_regression
from skspace.information._ksg import ksg
from skspace.information._neighbors import neighbor_counts

READINGS = {
    "1v1-normal-0.75": (0.415, 0.420),
    "1v1-additive-0.75": (0.322, 0.319),
    "wiggly-1v1-normal-0.75": (0.414, 0.416),
    "student-identity-1-1-1": (0.165, 0.154),
    "swissroll_x-normal_cdf-1v1-normal-0.75": (0.411, 0.412),
    "multinormal-dense-5-5-0.5": (0.567, 0.555),
    "multinormal-sparse-3-3-2-2.0": (0.979, 0.945),
    "multinormal-sparse-25-25-2-2.0": (0.132, 0.117),
    "student-identity-3-3-2": (0.135, 0.124),
    "half_cube-multinormal-sparse-5-5-2-2.0": (0.650, 0.608),
    "spiral-multinormal-sparse-3-3-2-2.0": (0.741, 0.698),
    "normal_cdf-multinormal-sparse-5-5-2-2.0": (0.707, 0.680),
    "own-independent-3-3": (0.007, -0.001),
    "own-gauss-3-3-mi4": (3.681, 3.584),
    "own-teacher-k4-K100-mi2": (1.636, 1.539),
}
"""NPEET on the same rows: k = 3, mean of all seeds; k = 5, mean of the first two."""


def sample(n, d, seed=0):
    """Draw d correlated normal pairs."""
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n, d))
    return X, 0.6 * X + 0.8 * rng.standard_normal((n, d))


def standard(task, seed):
    """Columns of mean 0 and variance 1, of the first 5000 rows of a task."""
    data = fetch_mi_task(task, seed)
    for Z in (data.data, data.target):
        Z = np.asarray(Z[:5000], dtype=float).reshape(min(len(Z), 5000), -1)
        yield (Z - Z.mean(axis=0)) / Z.std(axis=0)


def by_trees(X, Y, k=3):
    """Kraskov's first estimate as NPEET computes it, on SciPy's trees."""
    Z = np.concatenate([X, Y], axis=1)
    radius = cKDTree(Z).query(Z, k + 1, p=np.inf)[0][:, -1]
    radius = np.nextafter(radius, 0)
    value = digamma(k) + digamma(len(Z))
    for A in (X, Y):
        near = cKDTree(A).query_ball_point(A, radius, p=np.inf, return_length=True)
        value -= np.mean(digamma(near))
    return value


def nats(result):
    """Print the value, or the mean of several."""
    return f"{np.mean(result):.6f} nats"


def bench_growth():
    """Time of the processor against rows, in turn, and the peak of memory."""
    sizes = (1000, 10_000, 100_000, 1_000_000)
    pairs = [sample(n, 1) for n in sizes]
    for X, Y in pairs[:2]:
        ksg(X, Y)
    best = np.full(len(sizes), np.inf)
    for _ in range(3):
        for j, (X, Y) in enumerate(pairs):
            for _ in range(max(1, 10_000 // len(X))):
                start = time.process_time()
                ksg(X, Y)
                best[j] = min(best[j], time.process_time() - start)
    slopes = np.diff(np.log(best)) / np.diff(np.log(sizes))
    overall = np.polyfit(np.log(sizes), np.log(best), 1)[0]
    print("\nGrowth, 1 + 1 columns")
    print("  seconds " + ", ".join(f"{t:.4f}" for t in best))
    print(
        f"  exponent {overall:.2f}, by decade " + ", ".join(f"{s:.2f}" for s in slopes)
    )
    print(f"  peak of memory {peak_memory() / 1e9:.2f} GB")


def bench_readings():
    """Values on tasks of known information, beside NPEET's."""
    print("\nReadings, k = 3 and 5, less those of NPEET")
    worst = 0.0
    for task, known in READINGS.items():
        seeds = 2 if "25-25" in task or "k4" in task else 3
        errors = []
        for k, expected, last in zip((3, 5), known, (seeds, 2), strict=True):
            values = [ksg(*standard(task, s), k) for s in range(last)]
            errors.append(np.mean(values) - expected)
        worst = max(worst, *np.abs(errors))
        print(f"  {task:45s}" + ", ".join(f"{e:+.4f}" for e in errors))
    print(f"  largest {worst:.4f}")


def by_definition(X, Y, numbers):
    """Kraskov's first estimates from all distances, a row at a time."""
    n = len(X)
    values = digamma(numbers) + digamma(n)
    for i in range(n):
        apart = [np.max(np.abs(A - A[i]), axis=1) for A in (X, Y)]
        for d in apart:
            d[i] = np.inf  # not its own neighbour
        ranked = np.partition(np.maximum(*apart), np.subtract(numbers, 1))
        for j, k in enumerate(numbers):
            near = [np.sum(d < ranked[k - 1]) for d in apart]
            values[j] -= np.sum(digamma(np.add(near, 1))) / n
    return values


def bench_oracle():
    """Values beside the definition, on every file."""
    worst = 0.0
    for task in READINGS:
        for seed in range(2 if "25-25" in task or "k4" in task else 3):
            X, Y = standard(task, seed)
            found = [ksg(X, Y, k) for k in (3, 5)]
            worst = max(worst, *np.abs(found - by_definition(X, Y, (3, 5))))
    print(f"\nLargest difference from the definition, all files: {worst:.1e} nats")


def bench_pairs(rounds):
    """Two columns."""
    for n in (1000, 5000, 20_000, 100_000):
        X, Y = sample(n, 1)
        contest(
            f"1 + 1 columns, {n} rows",
            [
                Contestant("ours", partial(mutual_info_regression, X, Y[:, 0])),
                Contestant("scikit-learn", partial(of_sklearn, X, Y[:, 0])),
            ],
            accuracy=nats,
            n_rounds=rounds if n > 1000 else 20 * rounds,  # a call is a moment
        )


def bench_screening(rounds):
    """Many features against one target."""
    X, Y = sample(2000, 30)
    y = Y[:, 0] + X[:, 1] ** 2
    contest(
        "30 features, 2000 rows",
        [
            Contestant("ours", lambda: mutual_info_regression(X, y)),
            Contestant("scikit-learn", lambda: of_sklearn(X, y)),
        ],
        accuracy=nats,
        n_rounds=rounds,
    )


def bench_spaces(rounds):
    """Several columns on both sides."""
    for d in (3, 5, 25):
        X, Y = sample(5000, d)
        contest(
            f"{d} + {d} columns, 5000 rows",
            [
                Contestant("ours", partial(ksg, X, Y)),
                Contestant("cKDTree pipeline", partial(by_trees, X, Y)),
            ],
            accuracy=nats,
            n_rounds=rounds if d < 25 else min(rounds, 2),
        )


def bench_crossover(rounds):
    """Tree against comparison of all pairs: where the engine changes over."""
    for d, sizes in {
        2: (100, 200, 400, 800),
        3: (400, 800, 1600, 3200),
        4: (1000, 2000, 4000, 8000),
        6: (10_000, 20_000, 40_000),
    }.items():
        for n in sizes:
            Z = sample(n, d)[0]
            variables = [Z[:, : d // 2], Z[:, d // 2 :]]
            contest(
                f"{d} columns in all, {n} rows",
                [
                    Contestant(
                        engine, partial(neighbor_counts, variables, 3, engine=engine)
                    )
                    for engine in ("tree", "scan")
                ],
                accuracy=lambda found: f"{np.mean(found.counts):.2f} neighbours",
                n_rounds=rounds if n < 10_000 else 1,
            )


def main():
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parts = {  # growth first: peak memory is that of the whole process
        "growth": bench_growth,
        "readings": bench_readings,
        "oracle": bench_oracle,
        "pairs": lambda: bench_pairs(options.rounds),
        "screening": lambda: bench_screening(options.rounds),
        "spaces": lambda: bench_spaces(options.rounds),
        "crossover": lambda: bench_crossover(options.rounds),
    }
    for name in parts:
        parser.add_argument(f"--{name}", action="store_true")
    options = parser.parse_args()
    asked = [name for name in parts if getattr(options, name)]
    with threadpool_limits(1):
        for name in asked or parts:
            parts[name]()


if __name__ == "__main__":
    main()
