"""Blind gain calibration: steps, seconds and errors beside descent and linear methods.

python benchmarks/bench_calibration.py [--success] [--speed] [--noise] [--trials 8]
    [--rounds 3]

Without a flag everything runs. The linear self-calibration of Ling and Strohmer is the
least singular vector of the readings beside the operators, for unknown 1/gains and
signal; without noise it is exact and takes no steps at all.
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np
from _harness import Contestant, contest
from threadpoolctl import threadpool_limits

from skspace.calibration import blind_gain_calibration


def sensors(seed, p, m, n, spread=0.5, noise=0.0):
    """Random operators, a signal, gains of mean one, and readings."""
    rng = np.random.RandomState(seed)
    A, x = rng.standard_normal((p, m, n)), rng.standard_normal(n)
    e = rng.uniform(-1, 1, m)
    e -= e.mean()
    g = 1 + spread * e / np.abs(e).max()
    y = g * (A @ x)
    y += noise * np.sqrt(np.mean(y**2)) * rng.standard_normal(y.shape)
    return A, y, x, g


def linear(A, y):
    """Signal and gains by the least eigenvector of the normal equations."""
    m, n = A.shape[1:]
    flat = A.reshape(-1, n)
    crossed = -np.einsum("lm,lmn->mn", y, A)
    H = np.block(
        [[np.diag(np.sum(y * y, axis=0)), crossed], [crossed.T, flat.T @ flat]]
    )
    v = np.linalg.eigh(H)[1][:, 0]
    gains = 1 / v[:m]
    scale = gains.mean()
    return v[m:] * scale, gains / scale


def equal(A, y):
    """Least squares with gains of one."""
    n = A.shape[2]
    return np.linalg.lstsq(A.reshape(-1, n), y.ravel(), rcond=None)[0], np.ones(
        A.shape[1]
    )


def ours(solver):
    """Return a solver of the same interface, and the number of steps."""

    def solve(A, y):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = blind_gain_calibration(A, y, solver=solver)
        return found.signal, found.gains, found.n_iter

    return solve


METHODS = {
    "accelerated": ours("accelerated"),
    "pgd": ours("pgd"),
    "linear": linear,
    "gains 1": equal,
}


def error(found, x, g):
    """Larger relative error of both."""
    with np.errstate(all="ignore"):
        return max(
            np.linalg.norm(found[0] - x) / np.linalg.norm(x),
            np.linalg.norm(found[1] - g) / np.linalg.norm(g),
        )


def bench_success(n_trials):
    """Print successes, steps and seconds by the number of snapshots."""
    print(f"\nNo noise, {n_trials} trials: successes (error <= 1e-4), largest error,")
    print("median steps and milliseconds")
    for spread in (0.5, 0.85):
        for n, m, p in (
            (64, 64, 2),
            (64, 64, 3),
            (64, 64, 4),
            (64, 64, 8),
            (128, 64, 4),
            (128, 64, 5),
            (128, 64, 6),
        ):
            print(f"  rho={spread} n={n} m={m} p={p} mp/(m+n)={m * p / (m + n):.2f}")
            for name, solve in METHODS.items():
                errors, steps, seconds = [], [], []
                for seed in range(n_trials):
                    A, y, x, g = sensors(seed, p, m, n, spread)
                    start = time.perf_counter()
                    found = solve(A, y)
                    seconds.append(time.perf_counter() - start)
                    errors.append(error(found, x, g))
                    steps.append(found[2] if len(found) == 3 else 1)
                print(
                    f"    {name:12s} {np.sum(np.array(errors) <= 1e-4)}/{n_trials}"
                    f"  {max(errors):8.1e}  {np.median(steps):6.0f} steps"
                    f" {1e3 * np.median(seconds):8.1f} ms",
                    flush=True,
                )


def bench_noise(n_trials):
    """Print the median error by noise."""
    print(f"\nMedian error over the noise level, n=m=64, {n_trials} trials")
    for p in (4, 8):
        for noise in (1e-3, 1e-2, 1e-1, 0.3):
            line = f"  p={p} noise={noise:<6g}"
            for name, solve in METHODS.items():
                errors = []
                for seed in range(n_trials):
                    A, y, x, g = sensors(seed, p, 64, 64, noise=noise)
                    errors.append(error(solve(A, y), x, g) / noise)
                line += f"  {name} {np.median(errors):.2f}"
            print(line, flush=True)


def bench_speed(n_rounds):
    """Print the contest, interleaved."""
    for n, m, p in ((64, 64, 3), (64, 64, 8), (256, 256, 3)):
        A, y, x, g = sensors(0, p, m, n)
        contest(
            f"n={n}, m={m}, p={p}",
            [
                Contestant(name, lambda solve=solve, A=A, y=y: solve(A, y))
                for name, solve in METHODS.items()
            ],
            accuracy=lambda found, x=x, g=g: f"error {error(found, x, g):.1e}",
            n_rounds=n_rounds,
        )


def main():
    """Run what the flags ask for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parts = ("success", "speed", "noise")
    for part in parts:
        parser.add_argument(f"--{part}", action="store_true")
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    everything = not any(getattr(given, part) for part in parts)
    with threadpool_limits(1):
        if everything or given.success:
            bench_success(given.trials)
        if everything or given.noise:
            bench_noise(given.trials)
    if everything or given.speed:
        bench_speed(given.rounds)


if __name__ == "__main__":
    main()
