"""The same functions of arrays on the host and on a GPU, where a GPU should pay.

python benchmarks/bench_gpu.py [--device cupy|torch-cuda|torch-cpu] [--small] [--only X]

Needs a CUDA device and CuPy, or PyTorch built for it; without them it says so and ends.
NumPy has every core of the host. Every time ends when the device has done its work; the
first call, which compiles kernels and makes room, stands apart; beside the times stands
the largest difference between the two results, in units of the largest entry. Arrays
are on the device before the clock starts: what is measured is one step of a fit, whose
data stay there. ``--device torch-cpu --small`` shows that it runs, and no more.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from _harness import Contestant, contest, union

from skspace._array import is_array_api_obj, to_numpy
from skspace.active._evidence import Evidence, StandardRows
from skspace.active._losses import SquaredLoss
from skspace.cluster._thresholding import angle_affinity
from skspace.graph._leading import randomized
from skspace.graph._propagation import Propagation
from skspace.graph._smoothed import ScaledGram, SmoothedAttributes
from skspace.information._neighbors import neighbor_counts
from skspace.linalg._coding_rate import rate_of_parts, rate_of_whole
from skspace.linalg._moments import slice_moments
from skspace.linalg._self_expression import regress_on_others, self_expression


class Problem(NamedTuple):
    """Arrays that are moved, and what is done with them."""

    title: str
    arrays: list
    solve: Any  # of the arrays, wherever they are; gives arrays


def rows_of_subspaces(n):
    X, y = union(10, 6, 200, n // 10, noise=0.02)
    return X.astype(np.float32), y


def lsr(small):
    n = 600 if small else 24_000
    X, _ = rows_of_subspaces(n)
    return Problem(
        f"LSR: coefficients of {n} rows, float32",
        [X],
        lambda X: regress_on_others(X @ X.T, 0.1),
    )


def tsc(small):
    n = 600 if small else 60_000
    X, _ = rows_of_subspaces(n)

    def solve(V):
        return np.asarray(angle_affinity(V, 5, n_jobs=-1).sum(axis=1))

    return Problem(
        f"TSC: 5 nearest of {n} rows, float32, graph to the host", [X], solve
    )


def deep(small):
    n = 400 if small else 16_000
    X, _ = rows_of_subspaces(n)
    C = np.random.RandomState(0).standard_normal((n, n)).astype(np.float32) / n

    def solve(C, X):
        found = self_expression(C, [X, X[:, :100]], ridge=1.0)
        return found.coefficients, *found.layers

    return Problem(f"Deep self-expression: gradient, {n} rows, float32", [C, X], solve)


def mcr2(small):
    n, d, k = (500, 32, 10) if small else (20_000, 128, 100)
    rng = np.random.RandomState(0)
    Z = rng.standard_normal((n, d)).astype(np.float32)
    Z /= np.linalg.norm(Z, axis=1, keepdims=True)
    membership = rng.dirichlet(np.ones(k), size=n).astype(np.float32)

    def solve(Z, membership):
        parts = rate_of_parts(Z, membership, 0.5)
        whole = rate_of_whole(Z, 0.5)
        return parts.by_features, parts.by_membership, whole.by_features

    title = f"MCR2: one step, {n} rows, {d} features, {k} clusters, float32"
    return Problem(title, [Z, membership], solve)


def s2cag(small):
    n, d = (1000, 40) if small else (300_000, 300)
    rng = np.random.RandomState(0)
    ends = rng.randint(n, size=(2, 8 * n))
    A = sp.coo_array((np.ones(8 * n), ends), shape=(n, n)).tocsr()
    propagation = Propagation.from_adjacency(
        (A + A.T + sp.eye_array(n)).tocsr(), dtype=np.float64
    )
    F = rng.standard_normal((n, d)) + 3 * np.eye(10, d)[ends[0, :n] % 10]

    def solve(F):
        Z = SmoothedAttributes(propagation, F, 10, 0.9, n_jobs=-1)
        return (randomized(ScaledGram(Z), 10, rng=np.random.RandomState(0)).values,)

    title = f"S2CAG: 10 steps and 10 singular values, {n} vertices, {d} attributes"
    return Problem(title, [F], solve)


def ksg(small):
    n = 600 if small else 60_000
    rng = np.random.RandomState(0)
    x = rng.standard_normal((n, 4))
    y = x + rng.standard_normal((n, 4))

    def solve(x, y):
        found = neighbor_counts([x, y], 3, n_jobs=-1, engine="scan")
        return found.radius, found.counts

    return Problem(f"KSG: all pairs of {n} rows, 4 + 4 columns", [x, y], solve)


def sdr(small):
    n, p = (2000, 20) if small else (1_000_000, 300)
    rng = np.random.RandomState(0)
    X = rng.standard_normal((n, p))
    slices = rng.randint(10, size=n)

    def solve(X):
        found = slice_moments(X, slices, 10, per_slice=True)
        return found.mean, found.scatter

    return Problem(f"SDR: moments of 10 slices, {n} rows, {p} features", [X], solve)


def rbf(small):
    n, p, centers = (500, 10, 20) if small else (200_000, 50, 500)
    rng = np.random.RandomState(0)
    X = rng.standard_normal((n, p))
    Y = np.sin(X[:, :1]) + 0.1 * rng.standard_normal((n, 1))
    Y -= Y.mean()
    L, C = 0.2 * rng.standard_normal((p, 5)), rng.standard_normal((centers, p))

    def solve(X, Y, weights, L, C):
        rows = StandardRows(X, Y, weights, float(n))
        found = Evidence(rows, SquaredLoss(1), 0.01).value(L, C, -2.0)
        return found.by_precision, found.by_centers

    title = f"RBF: evidence and gradient, {n} rows, {p} features, {centers} centres"
    return Problem(title, [X, Y, np.ones(n), L, C], solve)


PROBLEMS = {f.__name__: f for f in (lsr, tsc, deep, mcr2, s2cag, ksg, sdr, rbf)}


class Place:
    """Where arrays go, and how to wait for what is done there."""

    def __init__(self, name):
        library, _, where = name.partition("-")
        try:
            if library == "cupy":
                import cupy

                if cupy.cuda.runtime.getDeviceCount() == 0:
                    raise RuntimeError("CuPy finds no CUDA device")
                self.asarray, current = cupy.asarray, cupy.cuda.Device()
                self.wait = current.synchronize
                properties = cupy.cuda.runtime.getDeviceProperties(current.id)
                self.label = f"{properties['name'].decode()}, CuPy {cupy.__version__}"
            else:
                import torch

                if where == "cuda" and not torch.cuda.is_available():
                    raise RuntimeError("PyTorch finds no CUDA device")
                self.asarray = lambda x: torch.asarray(x, device=where)
                cuda = where == "cuda"
                self.wait = torch.cuda.synchronize if cuda else (lambda: None)
                device_name = torch.cuda.get_device_name() if cuda else "CPU"
                self.label = f"{device_name}, PyTorch {torch.__version__}"
        except (ImportError, RuntimeError) as error:  # CuPy's of a driver are these too
            sys.exit(f"bench_gpu measures nothing here: {error}.")


def difference(result, expected):
    """Largest difference of two results, in units of the largest entry."""
    worst = 0.0
    for a, b in zip(result, expected, strict=True):
        a, b = (np.asarray(to_numpy(x), dtype=np.float64) for x in (a, b))
        worst = max(worst, np.abs(a - b).max() / max(np.abs(b).max(), 1e-300))
    return worst


def as_tuple(result):
    return (result,) if is_array_api_obj(result) else tuple(result)


def measure(problem, place, n_threads, n_rounds):
    moved = [place.asarray(x) for x in problem.arrays]
    place.wait()

    def there():
        result = as_tuple(problem.solve(*moved))
        place.wait()
        return result

    def here():
        return as_tuple(problem.solve(*problem.arrays))

    known = []

    def accuracy(result):
        known.append(result)
        return "" if len(known) == 1 else f"differ by {difference(*known):.1e}"

    contest(
        problem.title,
        [Contestant(place.label, there), Contestant("NumPy", here)],
        accuracy=accuracy,
        n_rounds=n_rounds,
        n_threads=n_threads,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--device", default="cupy", choices=["cupy", "torch-cuda", "torch-cpu"]
    )
    parser.add_argument("--small", action="store_true", help="sizes of a smoke test")
    parser.add_argument("--only", choices=PROBLEMS, nargs="+", default=list(PROBLEMS))
    options = parser.parse_args()
    place, n_threads = Place(options.device), os.cpu_count()
    print(
        f"{time.strftime('%Y-%m-%d')}: {place.label}; host {platform.machine()}, "
        f"{n_threads} threads, NumPy {np.__version__}"
    )
    for name in options.only:
        problem = PROBLEMS[name](options.small)
        measure(problem, place, n_threads, 1 if options.small else 3)


if __name__ == "__main__":
    main()
