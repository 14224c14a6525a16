"""What fair transformers share: the sensitive attribute, the features, one pass."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from numbers import Integral
from operator import itemgetter

import numpy as np
import scipy.sparse as sp
from sklearn.base import TransformerMixin
from sklearn.utils.validation import check_array, validate_data

from .._array import array_namespace, asarray_like, to_numpy
from .._estimator import Estimator
from .._response import check_response
from .._sklearn import Interval, StrOptions
from .._validation import check_memory, check_same_place, validate_X
from ..linalg._cross_slices import check_number_of_cells
from ..linalg._moments import slice_moments
from ..linalg._slices import slice_response

SPARSE = ("csr", "csc")

MIN_SLICE = 5
"""Classes with fewer samples are pooled."""

ATTRIBUTE = "The sensitive attribute", "sensitive_classes"
"""What messages call it, and the argument with its classes."""

CONSTANT_ATTRIBUTE = (
    "The sensitive attribute has a single value (to rounding), or all of it lies in "
    "one slice: there are no groups to be fair to. Pass an attribute that varies."
)


class SensitiveTransformer(TransformerMixin, Estimator, metaclass=ABCMeta):
    """A transformer that is told a sensitive attribute in `fit` and not later.

    The attribute comes as ``sensitive_features=`` or from the columns of X that the
    parameter ``sensitive_columns`` names; the latter are no features where
    ``drop_sensitive`` says so.
    """

    _parameter_constraints: dict = {
        "n_slices": [Interval(Integral, 2, None, closed="left")],
        "sensitive_columns": [Integral, str, "array-like", callable, None],
        "drop_sensitive": ["boolean"],
        "combine": [StrOptions({"union", "intersection"})],
    }

    @abstractmethod
    def fit(self, X, y=None, *, sensitive_features=None):
        """Fit to features and the attribute."""

    def _check_attribute_is_given_once(self, sensitive_features):
        if self.sensitive_columns is None and sensitive_features is None:
            raise ValueError(
                f"{type(self).__name__} needs a sensitive attribute: pass "
                "fit(X, y, sensitive_features=...), in a pipeline with "
                "set_fit_request(sensitive_features=True) and metadata routing on, or "
                "name columns of X by the parameter sensitive_columns."
            )
        if self.sensitive_columns is not None and sensitive_features is not None:
            raise ValueError(
                "The sensitive attribute is given twice: by sensitive_features= and by "
                f"sensitive_columns={self.sensitive_columns!r}. Leave out one of them."
            )

    def _read(self, X, sensitive_features, *, reset):
        """Validate what `fit` and `partial_fit` get.

        Returns
        -------
        X : array or sparse matrix of shape (n_samples, n_analysed)
            The features to be analysed.
        attribute : ndarray of shape (n_samples,) or (n_samples, n_attributes)
            On the host.
        """
        self._check_attribute_is_given_once(sensitive_features)
        features, attribute = self._read_block(X, reset=reset)
        if attribute is None:
            attribute = check_response(
                sensitive_features, features, name="sensitive_features"
            )
        return features, attribute

    def _read_block(self, X, *, reset=False):
        """Features of rows, and the attribute where columns hold it, else None."""
        names = getattr(X, "columns", None)
        if self.sensitive_columns is None or names is None:
            table = self._validate_table(X, reset=reset)
            if self.sensitive_columns is None:
                if reset:
                    self.analysed_columns_ = list(range(table.shape[1]))
                return table, None
            if reset:
                self._find_columns(X, table.shape[1])
            part = _take_columns(table, self.sensitive_columns_)
            part = part.toarray() if sp.issparse(part) else to_numpy(part)
            part = part[:, 0] if part.shape[1] == 1 else part
            return self._analysed(table), part
        if reset:
            self._find_columns(X, len(names), [str(name) for name in names])
        features = self._features(X, reset=reset)
        known = list(getattr(self, "feature_names_in_", names))
        wanted = [known[i] for i in self.sensitive_columns_]
        for name in wanted:
            if name not in names:
                raise ValueError(
                    f"X lacks {name!r}, which sensitive_columns names; all rows that "
                    "are fitted to need it."
                )
        columns = [np.asarray(X[name]) for name in wanted]
        if len(columns) > 1:
            columns = [np.stack([c.astype(object) for c in columns], axis=1)]
        return features, check_response(columns[0], X, name="sensitive_columns")

    def _attribute_of(self, rows, sensitive_features):
        """Return the attribute of all of :class:`Rows`, on the host."""
        self._check_attribute_is_given_once(sensitive_features)
        if self.sensitive_columns is None:
            return check_response(sensitive_features, rows, name="sensitive_features")
        found = rows.gather(itemgetter(1))
        return check_response(found, rows, name="sensitive_columns")

    def _find_columns(self, X, n_columns, names=()):
        """Turn ``sensitive_columns`` to positions."""
        wanted = self.sensitive_columns
        if callable(wanted):
            wanted = wanted(X)
        wanted = [wanted] if isinstance(wanted, (str, Integral)) else list(wanted)
        positions = set()
        for column in wanted:
            if isinstance(column, (bool, np.bool_)):
                raise ValueError(
                    "sensitive_columns holds booleans; name columns by their names or "
                    "positions, for example np.flatnonzero(mask)."
                )
            if isinstance(column, str) and column in names:
                positions.add(names.index(column))
            elif isinstance(column, Integral) and -n_columns <= column < n_columns:
                positions.add(int(column) % n_columns)
            else:
                there = ", ".join(names) if names else f"0 to {n_columns - 1}"
                raise ValueError(
                    f"sensitive_columns holds {column!r}, which is no column of X; "
                    f"its columns are {there}."
                )
        if not positions:
            raise ValueError("sensitive_columns selects no column of X; name one.")
        if self.drop_sensitive and len(positions) == n_columns:
            raise ValueError(
                "sensitive_columns names every column of X: nothing is left to "
                f"decompose (n_features = {n_columns}). Pass more features."
            )
        dropped = positions if self.drop_sensitive else ()
        self.sensitive_columns_ = sorted(positions)
        self.analysed_columns_ = [i for i in range(n_columns) if i not in dropped]

    def _validate_table(self, X, *, reset, fitted=None, method=None):
        return validate_X(
            self,
            X,
            reset=reset,
            fitted=fitted,
            method=method,
            accept_sparse=SPARSE,
            ensure_min_samples=2 if reset else 1,
        )[0]

    def _analysed(self, table):
        """Leave the dropped columns out."""
        if len(self.analysed_columns_) == table.shape[1]:
            return table
        return _take_columns(table, self.analysed_columns_)

    def _features(self, X, *, reset, fitted=None, method=None):
        """Validate X and leave the dropped columns out.

        In a frame, dropped columns are not looked at: they may hold anything and, after
        `fit`, be gone.
        """
        names = getattr(X, "columns", None)
        dropping = self.sensitive_columns is not None and self.drop_sensitive
        if names is None or not dropping:
            table = self._validate_table(X, reset=reset, fitted=fitted, method=method)
            return self._analysed(table)
        names, known = list(names), list(getattr(self, "feature_names_in_", ()))
        without = [known[i] for i in self.analysed_columns_] if known else None
        if reset or names != without:
            validate_data(self, X, reset=reset, skip_check_array=True)
            X = X[[names[i] for i in self.analysed_columns_]]
        X = check_array(
            X,
            dtype=[np.float64, np.float32],
            estimator=self,
            ensure_min_samples=2 if reset else 1,
        )
        if fitted is not None:
            check_same_place(self, X, fitted, method)
        return X

    def _rules(self, attribute, weights, classes=None):
        """Slices of the attribute: of each column, or of their combinations."""
        columns = [attribute]
        if attribute.ndim == 2 and self.combine == "union":
            columns = list(attribute.T)
        if classes is not None and len(columns) > 1:
            raise ValueError(
                "sensitive_classes is for one attribute, got "
                f"{len(columns)}; show all classes in the first chunk."
            )
        return [
            slice_response(column, self.n_slices, weights=weights, classes=classes)
            for column in columns
        ]

    def _variables(self, attribute):
        """Columns that belong to :meth:`_rules`."""
        if attribute.ndim == 2 and self.combine == "union":
            return list(attribute.T)
        return [attribute]

    def _summarise(
        self, X, variables, weights, cross, *, per_slice, fourth=0, has_target=False
    ):
        """Moments of the cells of a :class:`CrossSlicing`; all that is kept of rows."""
        check_number_of_cells(cross)
        if per_slice:
            check_memory(
                8 * cross.n_cells * X.shape[1] ** 2,
                what=f"One {X.shape[1]} x {X.shape[1]} matrix for each of "
                f"{cross.n_cells} cells of target and attribute",
                remedy="reduce the features, or n_slices, or use mean directions only",
            )
        cells = np.zeros(X.shape[0], dtype=np.int64)
        seen = slice(None) if weights is None else weights > 0
        names = [("y", "classes")] * has_target
        names += [ATTRIBUTE] * (len(variables) - has_target)
        cells[seen] = cross.assign([v[seen] for v in variables], names)
        return slice_moments(
            X, cells, cross.n_cells, weights=weights, per_slice=per_slice, fourth=fourth
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.array_api_support = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _take_columns(X, columns):
    if sp.issparse(X):
        return X[:, columns]
    return array_namespace(X).take(X, asarray_like(np.array(columns), X), axis=1)
