"""Rows before a fit: identical ones grouped, columns standardised, centres placed."""

from __future__ import annotations

import math
import warnings
from typing import Any, NamedTuple

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

PER_CENTER = 300
"""Most rows per centre that k-means looks at."""
KMEANS_ITER = 30


class Grouped(NamedTuple):
    """Different rows in a fixed order, and how much each counts."""

    X: Any  # (n, D), float64
    Y: Any  # (n, K), float64
    weights: Any  # (n,)


def group_rows(X, Y, weights):
    """Sort rows, add up the weights of identical ones and drop those without any.

    What follows sees weights only through sums, so that a weight equals repetition and
    the order of rows does not matter.
    """
    if weights is not None:
        seen = weights > 0
        X, Y, weights = X[seen], Y[seen], weights[seen]
    else:
        weights = np.ones(len(X))
    table = np.concatenate([X, Y], axis=1) + 0.0  # no negative zeros
    order = np.lexsort(table.T[::-1])
    table, weights = merge_equal_rows(table[order], weights[order])
    return Grouped(table[:, : X.shape[1]], table[:, X.shape[1] :], weights)


class Scales(NamedTuple):
    """Mean and scale of columns: their standard deviation, or one for all."""

    mean: Any
    scale: Any
    constant: Any  # (D,), bool


def column_scales(X, weights, *, standardize=True):
    """Weighted means and standard deviations, for numbers of any size.

    Constant columns have scale 1. Without `standardize` all columns have the root of
    the mean variance of those that vary.
    """
    size = np.max(np.abs(X), axis=0)
    size = np.where(size > 0, size, 1.0)
    share = (weights / np.sum(weights))[:, None]
    shrunken = X / size
    mean = np.sum(share * shrunken, axis=0)
    spread = np.sqrt(np.sum(share * (shrunken - mean) ** 2, axis=0))
    constant = (np.ptp(X, axis=0) == 0) | (spread <= 1e-13)
    mean = np.where(constant, X[0], mean * size)
    scale = np.where(constant, 1.0, spread * size)
    scale = np.where(scale > 0, scale, 1.0)
    if not standardize and not np.all(constant):
        largest = np.max(scale[~constant])
        shares = np.mean((scale[~constant] / largest) ** 2)
        scale = np.full_like(scale, largest * np.sqrt(shares))
    return Scales(mean, scale, constant)


def standardise(X, scales):
    """Columns about their means, in standard deviations."""
    return (X / scales.scale) - scales.mean / scales.scale


def merge_equal_rows(X, weights):
    """Different rows of a sorted table, and the sums of their weights."""
    new = np.ones(len(X), dtype=bool)
    new[1:] = np.any(X[1:] != X[:-1], axis=1)
    starts = np.flatnonzero(new)
    return X[starts], np.add.reduceat(weights, starts)


def place_centers(X, weights, n_centers, how, rng):
    """Standardised centres: k-means, always from the same draws, or random rows.

    Rows are different ones; there are at least `n_centers`.
    """
    chance = weights / np.sum(weights)
    if how == "random":
        return X[np.sort(rng.choice(len(X), n_centers, replace=False, p=chance))]
    if n_centers == len(X):
        return X
    most = PER_CENTER * n_centers
    if len(X) > most:
        chosen = np.random.RandomState(0).choice(len(X), most, replace=False, p=chance)
        X, weights = X[np.sort(chosen)], np.ones(most)
    kmeans = KMeans(n_centers, n_init=1, max_iter=KMEANS_ITER, random_state=0)
    with warnings.catch_warnings():  # rows that differ by roundings only
        warnings.simplefilter("ignore", ConvergenceWarning)
        return kmeans.fit(X, sample_weight=weights).cluster_centers_


def start_of_precision(X, Y, weights, rank):
    """First L: the identity, or linear fits and random directions where rank is low.

    Entries are such that typical rows are at an exponent of -1 from each other.
    """
    n_features = X.shape[1]
    if rank >= n_features:
        return np.eye(n_features, rank) / math.sqrt(n_features)
    w = (weights / np.sum(weights))[:, None]
    covariance = X.T @ (w * X) + 0.1 * np.eye(n_features)
    linear = np.linalg.solve(covariance, X.T @ (w * (Y - np.sum(w * Y, axis=0))))
    noise = np.random.RandomState(0).standard_normal((n_features, rank))
    length = np.linalg.norm(linear, axis=0)
    linear = linear[:, length > 0] / length[length > 0]
    frame = np.concatenate([linear, 1e-3 * noise], axis=1)[:, :rank]
    directions, _ = np.linalg.qr(frame)
    return directions / math.sqrt(rank)
