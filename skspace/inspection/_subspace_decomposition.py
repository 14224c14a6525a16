"""Display of the blocks that a fair decomposition splits features into."""

from __future__ import annotations

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._array import to_numpy
from .._plotting import PALETTE, QUIET, get_axes
from ._display import Display

BLOCKS = ("target", "shared", "sensitive", "residual")
KINDS = ("blocks", "loadings")


class SubspaceDecompositionDisplay(Display):
    """Sizes of the four blocks and cosines of the angles, or loadings of directions.

    Create it with :meth:`from_estimator`.

    Parameters
    ----------
    sizes : dict of str to int
        Number of directions in each block.
    cosines : ndarray
        Cosines of the principal angles between target and attribute.
    loadings : ndarray of shape (n_directions, n_features)
        Correlations of features with directions, or covariances.
    names : sequence of str
        Names of the directions.
    feature_names : sequence of str
        Names of the features.

    Attributes
    ----------
    {drawn}

    See Also
    --------
    FairnessUtilityPathDisplay : What the levels are worth.

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.inspection import SubspaceDecompositionDisplay
    >>> display = SubspaceDecompositionDisplay(
    ...     {"target": 1, "shared": 1, "sensitive": 0, "residual": 3},
    ...     np.array([0.5]),
    ...     np.eye(2, 5),
    ...     ["target 0", "shared 0"],
    ...     ["a", "b", "c", "d", "e"],
    ... )
    >>> display.sizes["residual"]
    3
    """

    def __init__(self, sizes, cosines, loadings, names, feature_names):
        self.sizes = sizes
        self.cosines = cosines
        self.loadings = loadings
        self.names = names
        self.feature_names = feature_names

    @classmethod
    def from_estimator(cls, estimator, *, kind="blocks", n_features=15, ax=None):
        """Show a fitted decomposition.

        Parameters
        ----------
        estimator : fitted FairSDR
            See :class:`skspace.fairness.FairSDR`.
        kind : {"blocks", "loadings"}, default="blocks"
            Sizes of blocks and cosines, or covariances of the features with the
            directions of the target and the shared ones.
        n_features : int, default=15
            Features with loadings, those of largest magnitude.
        {ax}

        Returns
        -------
        display : SubspaceDecompositionDisplay
        """
        check_is_fitted(estimator, "shared_basis_")
        sizes = {b: getattr(estimator, f"{b}_basis_").shape[1] for b in BLOCKS}
        whole = estimator.at_level("all") if sizes["target"] + sizes["shared"] else None
        loadings, names = np.zeros((0, estimator.mean_.shape[0])), []
        if whole is not None:
            rows = []
            for block in ("target", "shared"):
                part = to_numpy(whole.loadings_)[whole.block_slices_[block]]
                rows.append(part)
                names += [f"{block} {i}" for i in range(len(part))]
            loadings = np.concatenate(rows)
        known = getattr(estimator, "feature_names_in_", None)
        columns = estimator.analysed_columns_
        features = [f"x{i}" if known is None else str(known[i]) for i in columns]
        display = cls(
            sizes, to_numpy(estimator.canonical_cosines_), loadings, names, features
        )
        return display.plot(ax=ax, kind=kind, n_features=n_features)

    def plot(self, ax=None, *, kind="blocks", n_features=15):
        """Draw the decomposition.

        Parameters
        ----------
        {ax}
        kind : {"blocks", "loadings"}, default="blocks"
            What to draw.
        n_features : int, default=15
            Features with loadings, those of largest magnitude.

        Returns
        -------
        display : SubspaceDecompositionDisplay
            Itself, with ``ax_`` and ``figure_``.

        Raises
        ------
        ValueError
            If `kind` is neither, or there are no directions to show loadings of.
        """
        if kind not in KINDS:
            raise ValueError(f"kind must be 'blocks' or 'loadings', got {kind!r}.")
        if kind == "loadings" and not len(self.loadings):
            raise ValueError(
                "There are no directions of a target or shared with it; fit with y, or "
                "take kind='blocks'."
            )
        ax = get_axes(ax)
        if kind == "blocks":
            self._draw_blocks(ax)
        else:
            self._draw_loadings(ax, n_features)
        return self._finish(ax, hidden=())

    def _draw_blocks(self, ax):
        left = 0
        for color, (block, size) in zip(PALETTE, self.sizes.items(), strict=False):
            ax.barh(0, size, left=left, color=color, label=f"{block}: {size}")
            left += size
        for i, cosine in enumerate(self.cosines):
            ax.barh(-1.2 - 0.5 * i, cosine * left, height=0.35, color=QUIET)
            ax.text(cosine * left, -1.2 - 0.5 * i, f" cosine {cosine:.2f}", va="center")
        ax.set(xlabel="directions", yticks=[], xlim=(0, 1.25 * left), ylim=(None, 1.2))
        ax.legend(ncols=4, frameon=False, loc="upper center", fontsize="small")
        ax.set_title("blocks, and cosines of the angles between target and attribute")
        ax.spines[["top", "right", "left"]].set_visible(False)

    def _draw_loadings(self, ax, n_features):
        size = np.max(np.abs(self.loadings), axis=0, initial=0.0)
        chosen = np.sort(np.argsort(-size, kind="stable")[:n_features])
        part = self.loadings[:, chosen]
        bound = np.max(np.abs(part), initial=1e-300)
        image = ax.imshow(part, cmap="RdBu_r", vmin=-bound, vmax=bound, aspect="auto")
        ax.set_xticks(range(len(chosen)), [self.feature_names[i] for i in chosen])
        ax.tick_params(axis="x", rotation=90)
        ax.set_yticks(range(len(self.names)), self.names)
        ax.figure.colorbar(image, ax=ax, label="covariance with the direction")
