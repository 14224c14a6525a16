"""Display of how much the columns of a table tell of each other."""

from __future__ import annotations

import warnings

import numpy as np
import scipy.sparse as sp

from .._array import to_numpy
from .._plotting import SEQUENTIAL, get_axes, pyplot
from .._sklearn import safe_indexing
from .._validation import discrete_mask
from ..exceptions import TiedValuesWarning
from ..information import mutual_info_classif, mutual_info_regression
from ._display import Display

MOST_NUMBERS = 12
"""Columns up to which the coefficients are written into the picture."""
MOST_NAMES = 40
"""Columns up to which all are named."""


class DependenceMatrixDisplay(Display):
    """Informational coefficients of all pairs of columns.

    The coefficient ``sqrt(1 - exp(-2 I))`` of the mutual information I lies between 0,
    independence, and 1, and is the absolute correlation where two columns are jointly
    normal: a correlation matrix that also sees bent relations, and classes. Create it
    with :meth:`from_data` or :meth:`from_matrix`.

    Parameters
    ----------
    information : ndarray of shape (n_columns, n_columns)
        Mutual information of each pair in nats; infinite on the diagonal, where a
        column is compared with itself, and 0 there for a constant one.
    names : sequence of str of shape (n_columns,)
        Names of the columns.

    Attributes
    ----------
    coefficients : ndarray of shape (n_columns, n_columns)
        The informational coefficients.
    {drawn}
    image_ : matplotlib AxesImage
        The picture.

    Examples
    --------
    >>> import numpy as np
    >>> from skspace.inspection import DependenceMatrixDisplay
    >>> rng = np.random.RandomState(0)
    >>> x, y, e = rng.standard_normal((3, 500))
    >>> X = np.stack([x, x**2 + 0.3 * e, y], axis=1)
    >>> np.abs(np.corrcoef(X, rowvar=False)).round(1)[0]
    array([1., 0., 0.])
    >>> DependenceMatrixDisplay.from_data(X).coefficients.round(1)[0]
    array([1. , 0.9, 0. ])
    """

    def __init__(self, information, *, names):
        self.information = information
        self.names = names

    @property
    def coefficients(self):
        """Informational coefficients, in [0, 1]."""
        return np.sqrt(-np.expm1(-2 * np.maximum(self.information, 0.0)))

    @classmethod
    def from_data(
        cls,
        X,
        *,
        discrete_features="auto",
        n_neighbors=3,
        n_jobs=None,
        ax=None,
        cmap=SEQUENTIAL,
    ):
        """Estimate the mutual information of all pairs of columns and show it.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_columns)
            Without missing values. Names of columns are those of a frame.
        discrete_features : "auto", bool or array-like of shape (n_columns,) or \
(n_discrete,), default="auto"
            Which columns hold classes: all, none, a mask or their numbers. "auto" takes
            strings, categories and booleans as such.
        n_neighbors : int, default=3
            Neighbours of the estimates; more are steadier, and lower where dependence
            is strong.
        n_jobs : int, default=None
            Threads over columns. Results do not depend on it.
        {ax}
        {cmap}

        Returns
        -------
        display : DependenceMatrixDisplay

        Raises
        ------
        ValueError
            When the table has fewer than two columns or missing values, or a column of
            strings is said to be continuous.

        Notes
        -----
        Half of the pairs are estimated, each once, by the estimators of
        :func:`~skspace.information.mutual_info_regression` and
        :func:`~skspace.information.mutual_info_classif`: O(n_columns² n log n).
        """
        pyplot()
        columns, names, discrete = _columns(X, discrete_features)
        information = _pairwise(columns, discrete, n_neighbors, n_jobs)
        return cls(information, names=names).plot(ax=ax, cmap=cmap)

    @classmethod
    def from_matrix(cls, information, *, names=None, ax=None, cmap=SEQUENTIAL):
        """Show a matrix of mutual information.

        Parameters
        ----------
        information : array-like of shape (n_columns, n_columns)
            In nats, symmetric.
        names : sequence of str, default=None
            Names of the columns; None takes x0, x1, ...
        {ax}
        {cmap}

        Returns
        -------
        display : DependenceMatrixDisplay

        Raises
        ------
        ValueError
            When the matrix is not square and symmetric, or there is not one name a
            column.
        """
        pyplot()
        information = np.asarray(to_numpy(information), dtype=np.float64)
        square = information.ndim == 2 and len(information) == information.shape[1]
        if not (square and information.size):
            raise ValueError(
                "information must be a square matrix (n_columns, n_columns), got shape "
                f"{information.shape}."
            )
        if np.any(np.isnan(information)) or not np.allclose(information, information.T):
            raise ValueError(
                "information must be symmetric and without NaN: what a column tells of "
                "another is what that one tells of it."
            )
        n = len(information)
        names = [f"x{j}" for j in range(n)] if names is None else list(names)
        if len(names) != n:
            raise ValueError(
                f"names must hold one name for each of the {n} columns, got "
                f"{len(names)}."
            )
        return cls(information, names=names).plot(ax=ax, cmap=cmap)

    def plot(self, ax=None, *, cmap=SEQUENTIAL):
        """Draw the picture.

        Parameters
        ----------
        {ax}
        {cmap}

        Returns
        -------
        display : DependenceMatrixDisplay
            Itself, with ``ax_``, ``figure_`` and ``image_``.
        """
        ax = get_axes(ax)
        values, n = self.coefficients, len(self.names)
        self.image_ = ax.imshow(values, cmap=cmap, vmin=0.0, vmax=1.0)
        if n <= MOST_NUMBERS:
            for (i, j), value in np.ndenumerate(values):
                ax.text(
                    j,
                    i,
                    f"{value:.2f}",
                    ha="center",
                    va="center",
                    fontsize="small",
                    color="black" if value > 0.6 else "white",
                )
        shown = np.arange(0, n, -(-n // MOST_NAMES))
        names = [str(self.names[j]) for j in shown]
        ax.set_xticks(shown, names, rotation=45, ha="right", rotation_mode="anchor")
        ax.set_yticks(shown, names)
        ax.tick_params(length=0)
        ax.figure.colorbar(self.image_, ax=ax, label="informational coefficient")
        ax.set_title("dependence of pairs of columns")
        return self._finish(ax, hidden=())


def _columns(X, discrete_features):
    """Columns as numbers, their names, and which of them hold classes."""
    if sp.issparse(X):
        raise ValueError("X is sparse; pass the columns of interest by toarray().")
    names = getattr(X, "columns", None)
    if names is None:
        X = np.asarray(to_numpy(X))
        if X.ndim != 2:
            raise ValueError(
                f"X must have shape (n_samples, n_columns), got {X.shape}."
            )
        names = [f"x{j}" for j in range(X.shape[1])]
    names = [str(name) for name in names]
    columns = [np.asarray(safe_indexing(X, j, axis=1)) for j in range(len(names))]
    if len(columns) < 2:
        raise ValueError(f"A matrix needs at least 2 columns, got {len(columns)}.")
    if not len(columns[0]):
        raise ValueError("X has no rows.")
    if isinstance(discrete_features, str) and discrete_features == "auto":
        discrete = np.array([c.dtype.kind not in "iuf" for c in columns])
    else:
        discrete = discrete_mask(discrete_features, len(columns))
    return (
        [
            _numbers(column, name, is_class)
            for column, name, is_class in zip(columns, names, discrete, strict=True)
        ],
        names,
        discrete,
    )


def _numbers(column, name, is_class):
    """Return a column as finite floats, or the codes of its classes."""
    n_missing = sum(map(_is_missing, column.tolist()))
    if n_missing:
        raise ValueError(f"Column {name} misses {n_missing} values; impute them.")
    if is_class:
        return np.unique(column, return_inverse=True)[1].astype(np.float64)
    try:
        return column.astype(np.float64)
    except ValueError:
        raise ValueError(
            f"Column {name} holds no numbers; name it in discrete_features."
        ) from None


def _is_missing(value):
    """Whether a value is None, NaN, or pandas' NA, which cannot be compared."""
    if value is None or type(value).__name__ == "NAType":
        return True
    return bool(value != value)


def _pairwise(columns, discrete, n_neighbors, n_jobs):
    """Matrix of mutual information in nats; a column that varies is all of itself."""
    varies = np.flatnonzero([np.any(column != column[0]) for column in columns])
    information = np.zeros((len(columns), len(columns)))
    for place, j in enumerate(varies):
        information[j, j] = np.inf
        others = varies[place + 1 :]
        if len(others) == 0:
            break
        estimate, target = mutual_info_regression, columns[j]
        if discrete[j]:
            estimate, target = mutual_info_classif, target.astype(np.int64)
        with warnings.catch_warnings():
            # Repeated values are expected in a frame, and their estimator allows them.
            warnings.simplefilter("ignore", TiedValuesWarning)
            found = estimate(
                np.stack([columns[i] for i in others], axis=1),
                target,
                discrete_features=discrete[others],
                n_neighbors=n_neighbors,
                n_jobs=n_jobs,
            )
        information[j, others] = information[others, j] = found
    return information


__all__ = ["DependenceMatrixDisplay"]
