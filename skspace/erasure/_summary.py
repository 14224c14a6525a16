"""What an eraser keeps of its rows: moments that merge, and what columns hold."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..linalg._cross_moments import cross_moments, widen_columns, widen_slices
from ..linalg._moments import merge_moments, slice_moments
from ._concept import encode, n_numbers, positions, read_columns, read_more


class Summary(NamedTuple):
    """What columns hold, and moments.

    `moments` are those of one slice of the table [X, concept, target], or those of X
    in a slice for each class of the concept.
    """

    concept: tuple
    target: tuple
    moments: Any


def classes_to_forget(concept, forget, concept_type):
    """Whether rows belong to a class to be forgotten."""
    if concept.ndim != 1 or concept_type == "continuous":
        raise ValueError(
            "forget names classes of a concept of one column; got "
            f"{'numbers' if concept.ndim == 1 else f'{concept.shape[1]} columns'}."
        )
    return np.isin(concept, np.asarray(forget))


def summarise(
    X, concept, target, weights, *, concept_type, by_class, fourth, earlier=None
):
    """All that is kept of rows, and of those that came before.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
    concept : ndarray of shape (n_samples,) or (n_samples, n_columns)
    target : ndarray or None
    weights : ndarray of shape (n_samples,) or None
    concept_type : {"auto", "continuous", "discrete"}
    by_class : bool
        Whether to keep the moments of X for each class of the concept.
    fourth : int
        See :func:`skspace.linalg._moments.slice_moments`.
    earlier : Summary, optional

    Returns
    -------
    Summary
    """
    columns = read_all(concept, target, weights, concept_type, earlier)
    kept = {"columns": columns, "by_class": by_class}
    moments = moments_of(X, concept, target, weights, fourth=fourth, **kept)
    if earlier is not None:
        before = _widened(earlier, *columns, X.shape[1], by_class)
        moments = merge_moments(before, moments)
    return Summary(*columns, moments)


def read_all(concept, target, weights, concept_type, earlier=None):
    """Find what the columns of concept and target hold.

    Returns
    -------
    concept, target : tuple
        As :func:`read_columns`, empty where there is no target.
    """
    seen = slice(None) if weights is None else weights > 0
    kinds = (("concept", concept, concept_type), ("y", target, "auto"))
    columns = []
    for i, (name, table, kind) in enumerate(kinds):
        if table is None:
            columns.append(())
        elif earlier is None:
            columns.append(read_columns(table[seen], kind, name))
        else:
            columns.append(read_more(table[seen], earlier[i], kind, name))
    return tuple(columns)


def moments_of(X, concept, target, weights, *, columns, by_class, fourth):
    """Moments of rows whose columns hold what `columns` says."""
    if by_class:
        return _by_class(X, concept, weights, columns[0])
    others = [encode(concept, columns[0])]
    if target is not None:
        others.append(encode(target, columns[1]))
    others = np.concatenate(others, axis=1)
    return cross_moments(X, others, weights=weights, fourth=fourth)


def _by_class(X, concept, weights, columns):
    """Moments of each of two classes."""
    if len(columns) != 1 or columns[0] is None:
        raise ValueError(
            "method='spectral' forgets rows of a class, and needs a concept of one "
            "column that holds classes; use concept_type='discrete' or another method."
        )
    (classes,) = columns
    if len(classes) > 2:
        raise ValueError(
            "method='spectral' forgets one set of rows and retains the others; the "
            f"concept has {len(classes)} classes. Say which to forget, "
            f"forget=[{classes[-1]!r}] for example."
        )
    labels = np.minimum(np.searchsorted(classes, concept), len(classes) - 1)
    return slice_moments(X, labels, len(classes), weights=weights, per_slice=True)


def _widened(earlier, concept, target, n_features, by_class):
    """Moments of earlier rows, with room for all classes known now."""
    if by_class:
        at = positions(earlier.concept, concept)
        return widen_slices(earlier.moments, at, len(concept[0]))
    start = n_features + n_numbers(concept)
    at = [np.arange(n_features), n_features + positions(earlier.concept, concept)]
    if target:
        at.append(start + positions(earlier.target, target))
    width = start + n_numbers(target)
    return widen_columns(earlier.moments, np.concatenate(at), width)
