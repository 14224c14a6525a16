"""What the normal equations say of each direction: data, words and a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["DegeneracyReport"]

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
    (ratio 76) has a standard deviation of .01 degrees.

    The deviations are those of independent errors and right partners. In weak
    directions of a registration they are bounds from below: measured errors along a
    corridor are three to four times as large, elsewhere about as large as said.

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
    lost = singular or not values[-1] > 1e-300 * values[0]
    return DegeneracyReport(
        blocks,
        tuple(names),
        bool(singular),
        float("inf") if lost else float(values[0] / values[-1]),
        sigma,
        rules["degeneracy_threshold"],
        rules["criterion"],
        max_std,
    )
