"""Choice of walks and objective for S2CAG, without labels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.metrics import adjusted_rand_score

from .._array import (
    array_namespace,
    asarray_like,
    standard_normal,
    to_numpy,
)
from ..graph._leading import dense_leading, right_directions
from ..graph._smoothed import ScaledGram, SmoothedAttributes, lengths_of_rows
from ..graph._snem import round_embedding
from ..graph._sparse_dense import scale_rows
from ..linalg._basis import fix_column_signs
from ._s2cag_solve import count_usable, scale_from_lengths, scale_from_sums, to_host

__all__ = ["Candidate", "Setting", "as_columns", "choose_settings"]

OBJECTIVES = [("conductance", None), ("modularity", "sum"), ("modularity", "l2")]
"""Objectives and row scalings that are compared."""

ORDERS = (2, 5, 10, 15, 20, 30, 40, 60, 90, 130, 180)
ALPHAS = (0.8, 0.9, 1.0, 1.2, 1.5)
RESOLUTIONS = (0.8, 1.0, 1.2)
REFERENCE = (10, 1.0)
"""Walks whose leading directions the attributes are reduced to for the search."""

N_BLOCKS = 4
N_SKETCHED = 32
"""Random columns that carry the lengths of rows outside those directions."""

N_STARTS = 4
N_ROUNDED = 2**15
"""Vertices that find the directions by which all are divided, about."""

PATIENCE = 2
"""Orders in a row without improvement after which longer walks are not tried."""

SAME = 0.98
"""Adjusted Rand index above which two partitions count as one."""

MARGIN = 0.01
"""Difference of log agreement within which another objective is tried in full."""


class Setting(NamedTuple):
    """What determines an embedding."""

    objective: str  # "conductance" or "modularity"
    row_scaling: str | None  # "sum" or "l2", for modularity
    order: int
    alpha: float
    resolution: float


class Candidate(NamedTuple):
    """A setting and the agreement of its partition with edges and attributes."""

    setting: Setting
    agreement: float
    n_found: int


def choose_settings(
    propagation,
    rows,
    agreement,
    n_clusters,
    *,
    objective,
    row_scaling,
    order,
    alpha,
    resolution,
    rng,
    n_jobs,
):
    """Choose the settings to solve in full from the parameters of the estimator.

    Parameters
    ----------
    propagation : Propagation
    rows : array or csr_array of shape (n, d)
        Attributes divided by roots of similarity degrees.
    agreement : callable
        ``agreement(labels) -> float``.
    n_clusters : int
    objective, row_scaling, order, alpha, resolution : str or number
        As :class:`S2CAG` has them.
    rng : RandomState
    n_jobs : int or None

    Returns
    -------
    wanted : list of Setting
    tried : list of Candidate
        What they were compared with; empty where nothing was left to choose.
    """
    if objective == "auto":
        objectives = OBJECTIVES
    else:
        objectives = [(objective, row_scaling if objective == "modularity" else None)]
    default = Setting(
        *objectives[0],
        REFERENCE[0] if order == "auto" else order,
        REFERENCE[1] if alpha == "auto" else alpha,
        1.0 if resolution == "auto" else resolution,
    )
    open_to_choice = [order, alpha]
    if objectives != [("conductance", None)]:
        open_to_choice.append(resolution)
    fixed = len(objectives) == 1 and "auto" not in open_to_choice
    if fixed or n_clusters == 1:
        return [default], []
    tried, leaders = search(
        propagation,
        rows,
        agreement,
        n_clusters,
        objectives=objectives,
        order=order,
        alpha=alpha,
        resolution=resolution,
        rng=rng,
        n_jobs=n_jobs,
    )
    return contenders(leaders) or [default], tried


def as_columns(tried):
    """Arrange settings that were compared as columns, like ``cv_results_``."""
    if not tried:
        return {}
    settings = [{**c.setting._asdict(), "agreement": c.agreement} for c in tried]
    return {name: np.array([s[name] for s in settings]) for name in settings[0]}


def search(
    propagation,
    rows,
    agreement,
    n_clusters,
    *,
    objectives,
    order,
    alpha,
    resolution,
    rng,
    n_jobs,
):
    """Compare settings on attributes reduced to few columns.

    Smoothing is linear in the attributes, so these are first reduced to the leading
    right singular directions of one smoothed version of them. Walks of every length
    then come from one run of the recursion over the reduced block, each followed by
    a small eigenproblem and a rounding.

    Parameters and results are those of :func:`choose_settings`, but for these.

    Parameters
    ----------
    objectives : list of (objective, row_scaling)

    Returns
    -------
    tried : list of Candidate
        All, in the order of trial.
    leaders : list of (Candidate, ndarray)
        The best of each objective and its labels.
    """
    block, n_kept = _reduce(propagation, rows, n_clusters, order, alpha, rng, n_jobs)
    xp = array_namespace(block)
    block = xp.astype(block, xp.float32, copy=False)
    some = _some_rows(to_numpy(block[:, 0]))
    orders = ORDERS if order == "auto" else (order,)
    if alpha != "auto":
        alphas = (alpha,)
    else:
        # Longer walks and larger weights of far steps do the same thing.
        alphas = (1.0,) if order == "auto" else ALPHAS
    resolutions = RESOLUTIONS if resolution == "auto" else (resolution,)
    tried, leaders = [], {}
    for weight in alphas:
        best, since = -np.inf, 0
        for steps, Z in propagation.smooth_orders(block, orders, weight, n_jobs=n_jobs):
            here = -np.inf
            for objective, scaling in objectives:
                for gamma in resolutions if objective == "modularity" else (1.0,):
                    setting = Setting(objective, scaling, steps, weight, gamma)
                    U = _embed(Z, n_kept, setting, n_clusters)
                    if U.shape[1] < n_clusters:
                        continue
                    partition = round_embedding(U, n_clusters, N_STARTS, rng, rows=some)
                    value = agreement(partition.labels)
                    candidate = Candidate(setting, value, partition.n_found)
                    tried.append(candidate)
                    leader = leaders.get(setting[:2])
                    if leader is None or _rank(candidate) > _rank(leader[0]):
                        leaders[setting[:2]] = candidate, partition.labels
                    here = max(here, value)
            del Z  # or two of these blocks exist while the next is made
            since = 0 if here > best else since + 1
            best = max(best, here)
            if since == PATIENCE:
                break
    return tried, list(leaders.values())


def contenders(leaders):
    """Choose settings to solve in full: the best, and others that may turn out better.

    The reduced attributes decide between orders, but not between objectives that are
    as close as `MARGIN`. One whose partition is the same need not be tried.
    """
    ranked = sorted(leaders, key=lambda leader: _rank(leader[0]), reverse=True)
    kept = []
    for candidate, labels in ranked:
        top = kept[0][0] if kept else candidate
        close = candidate.agreement >= top.agreement - MARGIN
        if (
            candidate.n_found == top.n_found
            and close
            and not any(adjusted_rand_score(labels, other) > SAME for _, other in kept)
        ):
            kept.append((candidate, labels))
    return [candidate.setting for candidate, _ in kept]


def _rank(candidate):
    return candidate.n_found, candidate.agreement


def _reduce(propagation, rows, n_clusters, order, alpha, rng, n_jobs):
    """Reduced attributes, sketched rest, sums of rows; and how many are reduced."""
    n, d = rows.shape
    width = N_BLOCKS * (n_clusters + 11)
    like = rows.data if sp.issparse(rows) else rows
    ones = asarray_like(np.ones((d, 1)), like)
    if n <= width and d > n:  # a square matrix of equal inner products does
        inner = rows @ rows.T
        inner = inner.toarray() if sp.issparse(inner) else to_numpy(inner)
        values, vectors = np.linalg.eigh(inner.astype(np.float64))
        factor = asarray_like(vectors * np.sqrt(np.maximum(values, 0)), like)
        return array_namespace(factor).concat([factor, rows @ ones], axis=1), n
    if d <= width + N_SKETCHED:
        dense = rows.toarray() if sp.issparse(rows) else rows
        xp = array_namespace(dense)
        return xp.concat([dense, rows @ ones], axis=1), d
    xp = array_namespace(like)
    reference = SmoothedAttributes(
        propagation,
        rows,
        REFERENCE[0] if order == "auto" else order,
        REFERENCE[1] if alpha == "auto" else alpha,
        width=width // N_BLOCKS,
        n_jobs=n_jobs,
    ).single()  # enough to compare by, and half the memory of the largest blocks here
    directions = right_directions(
        ScaledGram(reference), width // N_BLOCKS, N_BLOCKS, rng
    )
    # What the directions miss, by random projections that keep lengths on average.
    probes = standard_normal(rng, (d, N_SKETCHED), directions) / N_SKETCHED**0.5
    rest = probes - directions @ (directions.T @ probes)
    ones = xp.astype(ones, directions.dtype)
    columns = xp.concat([directions, rest, ones], axis=1)
    return reference.apply_rows(columns), directions.shape[1]


def _some_rows(values):
    """Rows spread evenly over the values, whatever their order; None where few."""
    step = len(values) // N_ROUNDED
    if step < 2:
        return None
    return np.sort(np.argsort(values, kind="stable")[step // 2 :: step])


def _embed(Z, n_kept, setting, n_clusters):
    """Embedding from the reduced smoothed attributes, on the host."""
    Y = Z[:, :n_kept]
    if setting.objective == "conductance":
        leading = dense_leading(Y, n_clusters + 1).vectors
        return to_host(fix_column_signs(leading[:, 1:]))
    if setting.row_scaling == "sum":
        scale = scale_from_sums(to_numpy(Z[:, -1]))
    else:
        scale = scale_from_lengths(lengths_of_rows(Z[:, :-1]))
    Y = scale_rows(Y, scale)
    leading = dense_leading(Y, n_clusters, resolution=setting.resolution)
    kept = count_usable(leading.values, leading.values, Y)  # one less than the rank
    return to_host(fix_column_signs(leading.vectors[:, :kept]))
