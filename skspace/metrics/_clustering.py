"""Scores of a clustering against known labels."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import issparse

from .._array import array_namespace, asarray_like, is_array_api_obj, to_numpy
from ..linalg._basis import real_array

__all__ = ["clustering_accuracy", "subspace_recovery_error"]


def clustering_accuracy(y_true, y_pred):
    """Share of samples labelled right under the best matching of cluster names.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_samples,)
        Labels of any sortable kind: integers, strings, booleans. The two need not
        share names, and -1 is a label like any other.

    Returns
    -------
    accuracy : float
        In (0, 1]; 1 for the same partition. Each cluster is matched with at most one
        class; where their numbers differ, the members of what stays unmatched count
        as wrong.

    Raises
    ------
    ValueError
        If the labels are not two one-dimensional arrays of one positive length, or
        contain NaN or kinds that cannot be compared.

    Notes
    -----
    The matching is a maximum-weight assignment on the contingency table. Cost
    O(n log n + c³) for n samples and c clusters or classes, the more of the two.

    References
    ----------
    H. W. Kuhn, "The Hungarian method for the assignment problem", Naval Research
    Logistics Quarterly 2 (1955). :doi:`10.1002/nav.3800020109`

    Examples
    --------
    >>> from skspace.metrics import clustering_accuracy
    >>> clustering_accuracy(["cat", "cat", "dog", "dog"], [1, 1, 0, 1])
    0.75
    """
    true = label_codes(y_true, "y_true")
    pred = label_codes(y_pred, "y_pred")
    if true.shape != pred.shape:
        raise ValueError(
            "y_true and y_pred must label the same samples, got "
            f"{true.shape[0]} and {pred.shape[0]} labels."
        )
    counts = np.zeros((true.max() + 1, pred.max() + 1), dtype=np.int64)
    np.add.at(counts, (true, pred), 1)
    matched = linear_sum_assignment(counts, maximize=True)
    return float(counts[matched].sum() / true.shape[0])


def subspace_recovery_error(C, labels):
    """Mean share of each row of a self-representation outside its own subspace.

    Parameters
    ----------
    C : array-like or sparse matrix of shape (n_samples, n_samples)
        Row i holds the coefficients that express sample i by the others.
    labels : array-like of shape (n_samples,)
        True subspace of each sample.

    Returns
    -------
    error : float
        Mean over rows of Σ_{j: labels[j] ≠ labels[i]} abs(c_ij) / Σ_j abs(c_ij), in
        [0, 1]. 0 means that every sample is expressed by its own subspace alone
        (subspace-preserving). A row without coefficients has no such share and is
        left out of the mean; look at the number of zero rows beside this error.

    Raises
    ------
    ValueError
        If C is not real, square, finite and of the length of `labels`, or is zero.

    Notes
    -----
    The subspace-preserving representation error of the sparse subspace clustering
    literature. Cost linear in the stored entries.

    References
    ----------
    C. You, D. Robinson and R. Vidal, "Scalable sparse subspace clustering by
    orthogonal matching pursuit", CVPR (2016). :doi:`10.1109/CVPR.2016.425`

    Examples
    --------
    >>> from skspace.metrics import subspace_recovery_error
    >>> C = [[0.0, 1.0, 0.0], [0.75, 0.0, -0.25], [0.0, 0.0, 0.0]]
    >>> subspace_recovery_error(C, ["a", "a", "b"])  # mean of 0 and 0.25
    0.125
    """
    codes = label_codes(labels, "labels")
    if not (issparse(C) or is_array_api_obj(C)):
        C = np.asarray(C)
    if tuple(C.shape) != (codes.shape[0], codes.shape[0]):
        raise ValueError(
            f"C must have a row and a column for each of the {codes.shape[0]} labels, "
            f"got shape {tuple(C.shape)}."
        )
    outside, total = _sparse_mass(C, codes) if issparse(C) else _dense_mass(C, codes)
    used = total > 0
    if not used.any():
        raise ValueError("C is zero: no row has coefficients to judge.")
    return float(np.mean(outside[used] / total[used]))


def _sparse_mass(C, codes):
    """Absolute mass of every row outside its own subspace, and in all.

    In units of the largest entry of C's row, so that no sum overflows.
    """
    real_array(C.data, "C")
    C = C.tocsr().astype(np.float64)
    C.sum_duplicates()
    mass = abs(C)
    largest = mass.max(axis=1).toarray().ravel()
    rows = np.repeat(np.arange(C.shape[0]), np.diff(mass.indptr))
    share = mass.data / np.where(largest > 0, largest, 1.0)[rows]
    foreign = share * (codes[rows] != codes[mass.indices])
    return (
        np.bincount(rows, weights=foreign, minlength=C.shape[0]),
        np.bincount(rows, weights=share, minlength=C.shape[0]),
    )


def _dense_mass(C, codes):
    """Do for a dense C what `_sparse_mass` does."""
    C = real_array(C, "C")
    xp = array_namespace(C)
    mass = xp.abs(xp.astype(C, xp.float64))
    largest = xp.max(mass, axis=1, keepdims=True)
    share = mass / xp.where(largest > 0, largest, xp.ones_like(largest))
    own = asarray_like(codes, C)
    foreign = xp.where(own[:, None] != own[None, :], share, xp.zeros_like(share))
    return to_numpy(xp.sum(foreign, axis=1)), to_numpy(xp.sum(share, axis=1))


def label_codes(labels, name):
    """Give labels of any kind numbers from 0, in their order, on the host."""
    labels = to_numpy(labels) if is_array_api_obj(labels) else np.asarray(labels)
    if labels.ndim != 1 or labels.shape[0] == 0:
        raise ValueError(
            f"{name} must be one-dimensional and not empty, got shape {labels.shape}."
        )
    if labels.dtype.kind == "f" and np.isnan(labels).any():
        raise ValueError(f"{name} contains NaN; drop the samples without a label.")
    try:
        return np.unique(labels, return_inverse=True)[1]
    except TypeError as error:
        raise ValueError(
            f"{name} mixes kinds that cannot be compared ({error}); convert all labels "
            "to one type."
        ) from error
