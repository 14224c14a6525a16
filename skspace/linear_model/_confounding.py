"""Which combinations of columns the data leave open, and what imitates them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import solve_triangular

__all__ = ["ConfoundedDirection", "Confounding", "describe_directions"]

SHARE = 0.1
"""Columns with less of the squared loadings are not named."""


class ConfoundedDirection(NamedTuple):
    """A combination of one group's columns that the data leave open."""

    group: int
    """Number of the group."""
    features: tuple
    """Names of its columns that carry the direction, strongest first."""
    imitated_by: tuple
    """Names of columns in other groups that imitate it, strongest first."""
    ratio: float
    """The group's largest eigenvalue over this direction's."""
    std: float
    """Standard deviation of the coefficient along it without penalty, columns at unit
    length; infinite without evidence, NaN without residual degrees of freedom."""
    penalty: float
    """What was added to its eigenvalue."""
    loadings: Any
    """(n_features,) the nearly zero combination, columns centred and at unit length;
    squares over the group sum to 1."""


@dataclass(frozen=True)
class Confounding:
    """Weak directions of groups of columns; ``print`` it for sentences.

    Parameters
    ----------
    directions : tuple of ConfoundedDirection
        Weakest first: (group, features, imitated_by, ratio, std, penalty, loadings).
    kappa_target : float
        Ratio to which eigenvalues were clamped; infinite for no penalty.
    kappa_grid : ndarray of shape (n_grid,)
        Ratios that were tried.
    scores : ndarray of shape (n_grid,)
        Their cross-validation errors.

    See Also
    --------
    DecoupledRidge : Keeps one as ``report_``.

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.linear_model import DecoupledRidge
    >>> t = np.linspace(-1, 1, 50)
    >>> X = np.stack([t, np.sin(t), t**2], axis=1)
    >>> model = DecoupledRidge(groups=[[0], [1, 2]]).fit(X, np.cos(3 * t))
    >>> print(model.report_)
    Group 1: x1 is hardly told apart from x0 (ratio 4.4e+02).
    """

    directions: tuple
    kappa_target: float
    kappa_grid: Any
    scores: Any

    def __str__(self):
        if not self.directions:
            return "Every direction of every group is well determined."
        return "\n".join(_sentence(one) for one in self.directions)


def _sentence(one):
    what = ", ".join(one.features)
    if len(one.features) > 1:
        what = f"a combination of {what}"
    if one.imitated_by:
        end = f"is hardly told apart from {', '.join(one.imitated_by)}"
    elif len(one.features) > 1:
        end = "hardly varies"
    else:
        end = "hardly varies beside the rest of its group"
    return f"Group {one.group}: {what} {end} (ratio {one.ratio:.1e})."


def describe_directions(blocks, R, ridge, penalties, names):
    """Describe every weak direction of every block, weakest first.

    Parameters
    ----------
    blocks : list of BlockSpectrum
    R : (r, p) array
        Triangular factor of all columns.
    ridge : (p,) array
        Square roots of a ridge on each.
    penalties : (q,) array
        Of the weak directions in the order of the blocks.
    names : list of str

    Returns
    -------
    tuple of ConfoundedDirection
    """
    p = R.shape[1]
    T = np.linalg.qr(np.concatenate([R, np.diag(ridge)]), mode="r")
    found, penalties = [], iter(penalties)
    for k, block in enumerate(blocks):
        for j in np.flatnonzero(block.weak):
            w = block.basis[:, j]
            v = np.zeros(p)
            v[block.indices] = w
            if len(blocks) > 1:
                # the full combination of least length with this part in the group
                v = solve_triangular(T, solve_triangular(T, v, trans="T"))
                v *= block.eigenvalues[j]
            others = v.copy()
            others[block.indices] = 0.0
            found.append(
                ConfoundedDirection(
                    group=k,
                    features=_named(block.indices, w, names),
                    imitated_by=_named(np.arange(p), others, names, least=SHARE),
                    ratio=float(block.ratios[j]),
                    std=float(block.stds[j]),
                    penalty=float(next(penalties)),
                    loadings=v,
                )
            )
    return tuple(sorted(found, key=lambda one: -one.ratio))


def _named(indices, loadings, names, least=0.0):
    """Names of columns with a share of the squared loadings."""
    square = loadings**2
    total = np.sum(square)
    order = np.argsort(-square, kind="stable")
    return tuple(
        names[indices[i]]
        for i in order
        if square[i] >= SHARE * total and square[i] > least**2
    )
