"""What the normal equations say of each direction: data, words and a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._array import is_array_api_obj, to_numpy
from ..linalg._schur_blocks import (
    analyze_schur_blocks,
    check_groups,
    factor_of_hessian,
    factor_of_rows,
)

__all__ = ["DegeneracyReport", "analyze_blocks"]

AXES = ("roll", "pitch", "yaw", "x", "y", "z")


@dataclass(frozen=True, eq=False, repr=False)
class DegeneracyReport:
    """How well a least-squares problem determines each direction of each block.

    Made by :func:`analyze_blocks` and by :meth:`PointToPlaneICP.fit`. Every array of
    length n_columns is in the order of the columns of the Hessian; the eigenvector at
    place j is the one that belongs to column j in the best matching of the two.

    Parameters
    ----------
    blocks : list
        The analysis of each group.
    names : tuple of str
        Name of each column.
    singular : bool
        Whether the Hessian has no inverse.
    condition : float
        Condition number of the Hessian; infinite where it has none.
    sigma : float or None
        Standard deviation of the residuals, if known.
    degeneracy_threshold : float
        Ratio of eigenvalues above which a direction is weak.
    criterion : {"ratio", "std", "both"}
        The test that `weak` is the outcome of.
    max_std : tuple of float, or None
        Largest standard deviation wanted, of each group.

    Attributes
    ----------
    mask : str
        "1" for each weak direction: "100100" for a corridor along x, of the order
        roll, pitch, yaw, x, y, z.
    weak, ambiguous, unsafe : ndarray of shape (n_columns,), bool
        Weak by the criterion; sharing an eigenvalue with another (ratio below 1.05), so
        that their axes are a choice; with a standard deviation above `max_std`.
    eigenvalues, ratios, stds : ndarray of shape (n_columns,)
        Of the Schur complements; the largest of the block over each; marginal standard
        deviations (radians for rotations), NaN without `sigma`.
    clamped : ndarray of shape (n_columns,)
        Eigenvalues as the preconditioner takes them.
    contributions : ndarray of shape (n_columns, n_columns)
        Share of each column (row) in each direction (column), zero between groups;
        columns sum to 1.
    kappa : tuple of float
        Largest ratio of each group.

    See Also
    --------
    analyze_blocks : Makes one.

    Notes
    -----
    A direction is weak relative to the others of its block, and so the test needs no
    threshold in units; but one may be weak and known well enough: roll in a corridor
    (ratio 76) has a standard deviation of .01 degrees. The deviations are those of
    independent errors, of which scans have fewer than points.

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.registration import analyze_blocks
    >>> report = analyze_blocks(np.diag([4.0, 5.0, 6.0, 0.01, 8.0, 9.0]), sigma=0.1)
    >>> report.mask
    '000100'
    >>> print(report.summary())
    1 of 6 directions is weak: x.
      x: 900 times less evidence than the best of its block, standard deviation 1
    """

    blocks: Any
    names: Any
    singular: bool
    condition: float
    sigma: Any = None
    degeneracy_threshold: float = 10.0
    criterion: str = "ratio"
    max_std: Any = None

    def _collect(self, field):
        first = getattr(self.blocks[0], field)
        out = np.empty(len(self.names), dtype=np.asarray(first).dtype)
        for block in self.blocks:
            out[block.indices] = getattr(block, field)
        return out

    @property
    def mask(self):
        """Weak directions as a string of bits."""
        return "".join("1" if weak else "0" for weak in self.weak)

    @property
    def weak(self):
        """Directions that are weak by the criterion."""
        return self._collect("weak")

    @property
    def ambiguous(self):
        """Directions that share an eigenvalue with another of their block."""
        return self._collect("ambiguous")

    @property
    def unsafe(self):
        """Directions with a standard deviation above `max_std`; none without one."""
        out = np.zeros(len(self.names), dtype=bool)
        if self.max_std is not None and self.sigma is not None:
            for block, limit in zip(self.blocks, self.max_std, strict=True):
                out[block.indices] = block.stds > limit
        return out

    @property
    def eigenvalues(self):
        """Eigenvalues of the Schur complements."""
        return self._collect("eigenvalues")

    @property
    def clamped(self):
        """Eigenvalues as the preconditioner takes them."""
        return self._collect("clamped")

    @property
    def ratios(self):
        """Largest eigenvalue of the block over each."""
        return self._collect("ratios")

    @property
    def stds(self):
        """Marginal standard deviations; NaN without `sigma`."""
        stds = self._collect("stds")
        return stds if self.sigma is not None else np.full(stds.shape, np.nan)

    @property
    def kappa(self):
        """Largest ratio of each group."""
        return tuple(float(block.ratios.max()) for block in self.blocks)

    @property
    def contributions(self):
        """Share of each column in each direction."""
        n = len(self.names)
        out = np.zeros((n, n))
        for block in self.blocks:
            out[np.ix_(block.indices, block.indices)] = block.contributions
        return out

    @property
    def directions(self):
        """Eigenvectors as columns of an (n_columns, n_columns) array."""
        n = len(self.names)
        out = np.zeros((n, n))
        for block in self.blocks:
            out[np.ix_(block.indices, block.indices)] = block.basis
        return out

    def __repr__(self):
        kappa = ", ".join(f"{k:.3g}" for k in self.kappa)
        return f"{type(self).__name__}(mask={self.mask!r}, kappa=({kappa}))"

    def summary(self):
        """Say in words which directions are weak and what they are.

        Returns
        -------
        text : str
            A line for the whole and one for each weak or unsafe direction.
        """
        weak, ratios, stds = self.weak, self.ratios, self.stds
        n, count = len(self.names), int(np.sum(weak))
        named = ", ".join(np.asarray(self.names)[weak])
        lines = [
            f"None of {n} directions is weak."
            if count == 0
            else f"{count} of {n} directions {'is' if count == 1 else 'are'} weak: "
            f"{named}."
        ]
        if self.singular:
            lines.append(
                "The equations are singular: some direction changes no residual."
            )
        for j in np.flatnonzero(weak | self.unsafe):
            what = f"  {self._describe(j)}: "
            what += (
                "no evidence"
                if not self.eigenvalues[j] > 0
                else f"{ratios[j]:.0f} times less evidence than the best of its block"
            )
            if np.isfinite(stds[j]):
                what += f", standard deviation {self._in_units(j, stds[j])}"
            if self.unsafe[j]:
                what += ", more than max_std"
            if self.ambiguous[j]:
                what += "; shares its eigenvalue, so that the axis is a choice"
            lines.append(what)
        return "\n".join(lines)

    def _describe(self, j):
        """Name a direction by the columns that make it up."""
        shares = self.contributions[:, j]
        parts = np.argsort(-shares, kind="stable")
        parts = parts[shares[parts] >= 0.1]
        if len(parts) == 1:
            return self.names[parts[0]]
        return " + ".join(f"{shares[i]:.0%} {self.names[i]}" for i in parts)

    def _in_units(self, j, std):
        if self.names[j] in AXES[:3]:
            return f"{np.degrees(std):.2g} degrees"
        return f"{std:.2g}"

    def plot(self, ax=None):
        """Draw the ratio of every direction against the threshold.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None opens a figure.

        Returns
        -------
        ax : matplotlib Axes
        """
        from .._plotting import ACCENT, PALETTE, QUIET, get_axes

        ax = get_axes(ax)
        ratios = np.where(np.isfinite(self.ratios), self.ratios, 1e12)
        colors = np.where(self.weak, ACCENT, PALETTE[0])
        place = np.arange(len(ratios))
        ax.barh(place, ratios, color=colors, height=0.7)
        ax.axvline(self.degeneracy_threshold, color=QUIET, linestyle="--", linewidth=1)
        for j, std in enumerate(self.stds):
            if np.isfinite(std):
                ax.annotate(
                    f"± {self._in_units(j, std)}",
                    (ratios[j], j),
                    xytext=(4, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize="small",
                )
        ax.set_yticks(place, self.names)
        ax.invert_yaxis()
        top = max(2 * self.degeneracy_threshold, 8 * float(ratios.max()))
        ax.set(
            xscale="log", xlim=(0.8, top), xlabel="evidence, best of block over each"
        )
        ax.set_title(f"weak: {self.mask}")
        for side in ("top", "right"):
            ax.spines[side].set_visible(False)
        return ax


def make_report(blocks, singular, hessian, *, names, sigma, rules, max_std):
    """Wrap an analysis."""
    values = np.linalg.svd(hessian, compute_uv=False)
    lost = singular or not values[-1] > 0
    return DegeneracyReport(
        blocks,
        tuple(names),
        bool(singular),
        float("inf") if lost else float(values[0] / values[-1]),
        sigma,
        rules.get("degeneracy_threshold", 10.0),
        rules.get("criterion", "ratio"),
        max_std,
    )


def analyze_blocks(
    H,
    groups=None,
    *,
    kind="auto",
    names=None,
    alpha=0.0,
    sigma=None,
    degeneracy_threshold=10.0,
    kappa_target=10.0,
    criterion="ratio",
    max_std=None,
):
    """Find the directions that a least-squares problem leaves open, group by group.

    For each group of columns k the Schur complement ``S_k = J_kᵀ (I - P) J_k`` is the
    evidence on these unknowns that no other group can imitate (P projects on the range
    of all other columns). Its eigenvalues, each against the largest of its own group,
    name the weak directions; units of other groups do not matter.

    Parameters
    ----------
    H : array-like of shape (n_columns, n_columns) or (n_rows, n_columns)
        The Hessian JᵀJ, or the rows J themselves, which keep twice the digits: use them
        where the condition number of J is above 1e6.
    groups : list of lists of int, default=None
        Columns of each group; together every column once. None stands for rotation and
        translation, ``[[0, 1, 2], [3, 4, 5]]``, of six columns.
    kind : {"auto", "hessian", "jacobian"}, default="auto"
        What `H` is. "auto" takes a symmetric square matrix for the Hessian and any
        other for rows.
    names : list of str, default=None
        Names of the columns. None gives roll, pitch, yaw, x, y, z to the default
        groups, else x0, x1 and so on.
    alpha : float, default=0.0
        Analyse H + alpha I. A singular H is analysed without, too.
    sigma : float, default=None
        Standard deviation of the residuals: gives standard deviations of directions.
    degeneracy_threshold : float, default=10.0
        Ratio to the largest eigenvalue of the group above which a direction is weak.
    kappa_target : float, default=10.0
        Ratio to which a preconditioner clamps weak eigenvalues.
    criterion : {"ratio", "std", "both"}, default="ratio"
        "std" calls a direction weak when its marginal standard deviation exceeds
        `max_std` of its group, "both" when both tests do.
    max_std : list of float, default=None
        One for each group; needed, with `sigma`, by "std" and "both".

    Returns
    -------
    report : DegeneracyReport

    Raises
    ------
    ValueError
        For groups that overlap, miss columns or name others; an `H` that is not finite,
        not symmetric where a Hessian is asked for, or indefinite.

    See Also
    --------
    PointToPlaneICP : Reports this of every registration.

    Notes
    -----
    Notation of [1]_: S_R and S_t are the complements of two groups, κ the ratio of
    their extreme eigenvalues, and λ̃ = λ_max / kappa_target where weak.

    *Differences from the paper.* Eigenvectors are matched to columns by the best total
    agreement rather than one after another, eigenspaces of equal values are turned to
    the columns, and any number of groups of any size is taken, through a triangular
    factor rather than H. Where a block has no inverse the paper marks every direction
    weak; the definition by projectors needs no inverse, and still tells them apart.

    Cost O(n p²) for rows, and O(p³).

    References
    ----------
    .. [1] X. Hu, Z. Chen, B. Jia, J. Wu, W. Tan, S. L. Waslander, "DCReg: decoupled
       characterization for efficient degenerate LiDAR registration", 2025.
       :doi:`10.48550/arXiv.2509.06285`

    Examples
    --------
    Rows of one plane z = 0 see height, roll and pitch:

    >>> import numpy as np
    >>> from skspace.registration import analyze_blocks
    >>> p = np.random.RandomState(0).uniform(-1, 1, size=(60, 3)) * [1, 1, 0]
    >>> n = np.tile([0.0, 0.0, 1.0], (60, 1))
    >>> analyze_blocks(np.concatenate([np.cross(p, n), n], axis=1)).mask
    '001110'
    """
    if is_array_api_obj(H):
        H = to_numpy(H)
    H = np.asarray(H, dtype=np.float64)
    if H.ndim != 2 or 0 in H.shape or not np.all(np.isfinite(H)):
        raise ValueError(
            f"H must be a finite matrix with rows and columns, got shape {H.shape}"
            f"{' with NaN or infinite entries' if H.ndim == 2 and H.size else ''}."
        )
    n_columns = H.shape[1]
    if kind not in {"auto", "hessian", "jacobian"}:
        raise ValueError(f"kind must be auto, hessian or jacobian, got {kind!r}.")
    if criterion not in {"ratio", "std", "both"}:
        raise ValueError(f"criterion must be ratio, std or both, got {criterion!r}.")
    symmetric = H.shape[0] == n_columns and np.allclose(
        H, H.T, rtol=0, atol=1e-8 * np.max(np.abs(H))
    )
    if kind == "hessian" and not symmetric:
        raise ValueError(f"A Hessian is square and symmetric, got shape {H.shape}.")
    if groups is None:
        if n_columns != 6:
            raise ValueError(
                f"H has {n_columns} columns; name their groups (only the six of a "
                "rigid motion have some by default)."
            )
        groups, names = [[0, 1, 2], [3, 4, 5]], AXES if names is None else names
    groups = check_groups(groups, n_columns)
    if names is None:
        names = [f"x{j}" for j in range(n_columns)]
    if len(names) != n_columns:
        raise ValueError(f"names has {len(names)} entries for {n_columns} columns.")
    if criterion != "ratio" and (sigma is None or max_std is None):
        raise ValueError(f"criterion={criterion!r} needs sigma and max_std.")
    if max_std is not None and len(max_std) != len(groups):
        raise ValueError(
            f"max_std has {len(max_std)} entries for {len(groups)} groups; give one "
            "for each."
        )
    as_hessian = kind == "hessian" or (kind == "auto" and symmetric)
    rules = {
        "degeneracy_threshold": degeneracy_threshold,
        "kappa_target": kappa_target,
        "criterion": criterion,
    }
    blocks, singular = analyze_schur_blocks(
        factor_of_hessian(H) if as_hessian else factor_of_rows(H),
        groups,
        alpha=alpha,
        sigma=sigma,
        max_std=max_std,
        **rules,
    )
    gram = (H if as_hessian else H.T @ H) + alpha * np.eye(n_columns)
    return make_report(
        blocks, singular, gram, names=names, sigma=sigma, rules=rules, max_std=max_std
    )
