"""Threads over rows, for kernels that release the interpreter lock."""

from __future__ import annotations

import contextlib
import itertools
import os
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np

__all__ = ["count_threads", "row_ranges", "thread_map"]


def count_threads(n_jobs):
    """Threads for `n_jobs`, in joblib's sense and within what it configures."""
    return max(1, min(joblib.effective_n_jobs(n_jobs), os.cpu_count() or 1))


@contextlib.contextmanager
def thread_map(n_threads):
    """Give ``map(function, items)``, which waits for all, on one pool of threads.

    Unlike a joblib call per step, the pool lives as long as the iteration: a step of
    a filter takes less time than a start of threads.
    """
    if n_threads == 1:
        yield lambda function, items: [function(item) for item in items]
        return
    with ThreadPoolExecutor(n_threads) as pool:
        yield lambda function, items: list(pool.map(function, items))


def row_ranges(indptr, n_ranges):
    """Cut the rows of a CSR matrix into ranges of about equal work.

    Returns a list of (start, stop) that covers all rows; empty ranges are left out.
    """
    work = indptr + np.arange(len(indptr))  # an empty row costs something too
    cuts = np.searchsorted(work, np.linspace(0, work[-1], n_ranges + 1)[1:-1])
    edges = np.unique(np.concatenate([[0], cuts, [len(indptr) - 1]])).tolist()
    return list(itertools.pairwise(edges))
