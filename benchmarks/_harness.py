"""Ours and peers in one process, in turn: ratios of time with accuracy beside them.

What counts is the ratio to a peer in the same run. Contestants take turns, so that
whatever else the machine does falls on all of them; the first call (compilation,
caches) is kept apart; BLAS has one thread.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits


@dataclass
class Contestant:
    """A way to solve the problem.

    `share` is the part of the problem it is given, where all of it takes too long;
    its times are divided by that.
    """

    name: str
    solve: Any
    share: float = 1.0


@dataclass
class Line:
    """What one contestant did."""

    name: str
    first: float
    times: list[float]
    accuracy: str
    share: float


def contest(title, contestants, *, accuracy, n_rounds=5, n_threads=1):
    """Run all contestants in turn and print a line for each.

    Parameters
    ----------
    title : str
    contestants : list of Contestant
        The first is ours; ratios are of the others to it.
    accuracy : callable
        ``accuracy(result) -> str``, printed beside the times.
    n_rounds : int
    n_threads : int
        Of BLAS and OpenMP.

    Returns
    -------
    dict of name -> median ratio of time to ours
    """
    with threadpool_limits(n_threads):
        lines = []
        for c in contestants:
            seconds, result = clock(c.solve)
            lines.append(Line(c.name, seconds / c.share, [], accuracy(result), c.share))
        for _ in range(n_rounds):
            for c, line in zip(contestants, lines, strict=True):
                line.times.append(clock(c.solve)[0] / c.share)
    print(f"\n{title}")
    ratios = {}
    for line in lines:
        each = [t / o for t, o in zip(line.times, lines[0].times, strict=True)]
        ratios[line.name] = statistics.median(each)
        times = (
            f"{statistics.median(line.times) * 1e3:10.1f} ms"
            f" (first {line.first * 1e3:.0f})"
        )
        spread = f"{ratios[line.name]:8.1f}x [{min(each):.1f}, {max(each):.1f}]"
        part = "" if line.share == 1 else f"  from {line.share:.0%} of the rows"
        print(f"  {line.name:34s}{times:34s}{spread:28s}{line.accuracy}{part}")
    return ratios


def clock(solve):
    """Return seconds and result of one call."""
    start = time.perf_counter()
    result = solve()
    return time.perf_counter() - start, result


def peak_memory():
    """Return the largest memory this process has held, in bytes."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024)


def images(name):
    """Load unit rows and labels of an image set, or None without its file."""
    path = Path(os.environ.get("SKSPACE_DATA", "")) / "images" / f"{name}.npz"
    if not path.is_file():
        print(f"(no {name}: set SKSPACE_DATA to the folder of the data)")
        return None
    with np.load(path) as file:
        X = file["X"].astype(float)
        y = file["y"].astype(int)
    return X / np.linalg.norm(X, axis=1, keepdims=True), y


def union(n_subspaces, dim, n_features, size, noise=0.01, seed=0):
    """Draw unit rows from a union of random subspaces."""
    rng = np.random.RandomState(seed)
    X = [
        rng.standard_normal(size=(size, dim))
        @ np.linalg.qr(rng.standard_normal(size=(n_features, dim)))[0].T
        for _ in range(n_subspaces)
    ]
    X = np.concatenate(X)
    X += noise * rng.standard_normal(size=X.shape)
    y = np.repeat(np.arange(n_subspaces), size)
    return X / np.linalg.norm(X, axis=1, keepdims=True), y
