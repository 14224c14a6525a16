"""Groups of columns as users give them: positions, names, or labels."""

from __future__ import annotations

import numpy as np

from ..linalg._schur_blocks import check_groups

__all__ = ["resolve_groups"]


def resolve_groups(groups, n_features, names):
    """Return groups as a list of index arrays that hold every column once.

    Parameters
    ----------
    groups : array-like of int of shape (n_features,), or list of lists, or None
        Labels, one a column; or positions or names of the columns of each group. None
        is one group of all.
    n_features : int
    names : sequence of str
        Names of the columns.

    Raises
    ------
    ValueError
        When a name is unknown, or columns are missing, repeated or out of range.
    """
    if groups is None:
        return [np.arange(n_features)]
    groups = list(groups)
    if groups and all(np.ndim(group) == 0 for group in groups):
        return _by_label(groups, n_features)
    position = {name: j for j, name in enumerate(names)}
    resolved = []
    for k, group in enumerate(groups):
        if isinstance(group, str) or np.ndim(group) != 1:
            raise ValueError(
                f"groups[{k}] must be a list of columns, got {group!r}; write "
                "[[...], [...]], or one integer label a column."
            )
        columns = []
        for column in group:
            if isinstance(column, str):
                if column not in position:
                    raise ValueError(
                        f"groups[{k}] names the column {column!r}, which X does not "
                        f"have; its columns are {list(map(str, names))}."
                    )
                column = position[column]
            columns.append(column)
        resolved.append(np.asarray(columns))
    return check_groups(resolved, n_features)


def _by_label(labels, n_features):
    labels = np.asarray(labels)
    if labels.shape != (n_features,):
        raise ValueError(
            f"groups gives {labels.size} labels for {n_features} columns; give one "
            "label a column, or a list of lists of columns."
        )
    if labels.dtype.kind not in "iub":
        raise ValueError(
            f"groups as labels must be integers, got {labels.dtype}; lists of names go "
            "in a list of lists."
        )
    return [np.flatnonzero(labels == label) for label in np.unique(labels)]
