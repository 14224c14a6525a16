"""A fair decomposition as an estimator has it: solved, at a level, and applied."""

from __future__ import annotations

import copy
import warnings
from functools import partial
from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from .._array import array_namespace, to_numpy
from .._rank import N_BOOTSTRAP, NotEnoughYetError
from .._response import check_response, check_weights
from .._sklearn import check_feature_names_in
from .._validation import check_range, refuses_overflow, validate_scores
from ..exceptions import DegenerateDataWarning
from ..linalg._centred import linear_scores
from ..linalg._cross_slices import CrossSlicing
from ..linalg._fair_blocks import information
from ..linalg._moments import merge_moments
from ..linalg._slices import slice_response
from ..linalg._whitening import linear_map
from ._decomposition import decompose, wanted_of
from ._docs import shared_docs
from ._sensitive import SensitiveTransformer

COINCIDENT = 1e-6
"""Squared sine between target and attribute below which both are one direction."""


def _gives_scores(estimator):
    if estimator.output != "scores":
        raise AttributeError(
            "With output='features' transform already gives features; there are no "
            "scores to invert."
        )
    return True


class FairRepresentation(SensitiveTransformer):
    """Representation at a level of a decomposition, which `fit` keeps in `_found`."""

    def _validate(self, X, y, sensitive_features, sample_weight, *, reset):
        """Check the inputs of a fit; all but X go to the host."""
        self._check_parameters(y)
        X, attribute = self._read(X, sensitive_features, reset=reset)
        y = None if y is None else check_response(y, X)
        if reset:
            self._has_target = y is not None
        return X, y, attribute, check_weights(sample_weight, X)

    def _check_parameters(self, y):
        if y is None and (self.base != "complement" or self.n_shared != 0):
            raise ValueError(
                "FairSDR requires y to be passed, but the target y is None. Without "
                "a target it can only remove the attribute: base='complement' and "
                "n_shared=0."
            )
        if self.sensitive_method == "sir" and self.n_sensitive_second_order != 0:
            raise ValueError(
                "n_sensitive_second_order needs sensitive_method='sir+dr' or "
                "'sir+save'; 'sir' stands for mean directions alone."
            )

    def _check_one_pass(self):
        if self.order == "dcov" or "auto" in (
            self.n_sensitive_second_order,
            self.n_target,
        ):
            raise ValueError(
                "order='dcov', n_target='auto' and n_sensitive_second_order='auto' "
                "look at rows again, which a fit in blocks does not keep; choose "
                "another order, and numbers."
            )

    def _fit_blocks(self, rows, y=None, *, sensitive_features=None, sample_weight=None):
        """Fit to :class:`Rows`."""
        self._check_one_pass()
        self._check_parameters(y)
        attribute = self._attribute_of(rows, sensitive_features)
        y = None if y is None else check_response(y, rows)
        weights = check_weights(sample_weight, rows)
        self._has_target = y is not None
        cross = self._cross(y, attribute, weights)
        summarise = partial(_moments_of_block, self, cross)
        columns = self._columns(y, attribute)
        moments = rows.reduce(summarise, merge_moments, weights, *columns)
        self._finish(rows.head[0].dtype, moments, cross)
        self._moments, self._slicing = moments, cross

    def _cross(self, y, attribute, weights, classes=None, sensitive_classes=None):
        """Slices of the target and of the attributes, and their cells."""
        rules = self._rules(attribute, weights, sensitive_classes)
        if y is not None:
            rule = slice_response(y, self.n_slices, weights=weights, classes=classes)
            rules = [rule, *rules]
        return CrossSlicing(tuple(rules))

    def _columns(self, y, attribute):
        """List what the slices of `_cross` are slices of."""
        variables = self._variables(attribute)
        return variables if y is None else [y, *variables]

    def _moments_of(self, X, columns, weights, cross):
        of_target, of_attribute = wanted_of(self)
        second = of_attribute.second_order
        second = second or (self._has_target and of_target.second_order)
        fourth = X.shape[1] if self.shrinkage == "auto" else 0
        return self._summarise(
            X,
            columns,
            weights,
            cross,
            per_slice=second,
            fourth=fourth,
            has_target=self._has_target,
        )

    def _resampled(self, X, columns, weights, cross):
        """Yield the moments of rows drawn with replacement."""
        rng, n_rows = check_random_state(self.random_state), X.shape[0]
        for _ in range(N_BOOTSTRAP):
            drawn = rng.multinomial(n_rows, np.full(n_rows, 1 / n_rows)) * 1.0
            if weights is not None:
                drawn = drawn * weights
            yield self._moments_of(X, columns, drawn, cross)

    def _finish(self, dtype, moments, cross, *, draws=None, reorder=None):
        """Solve and store everything."""
        found = decompose(
            self,
            moments,
            cross,
            has_target=self._has_target,
            draws=draws,
            reorder=reorder,
        )
        self._found, self._dtype = found, dtype
        self._assemble()
        if self.n_components_ == 0:
            warnings.warn(
                f"Nothing is left at this level: the attribute takes "
                f"{self.n_sensitive_} of {self.rank_} independent features"
                + (", the target among them" if self.base == "target" else "")
                + ". Raise n_shared, lower n_sensitive, or pass more features.",
                DegenerateDataWarning,
                stacklevel=2,
            )
        cosines = to_numpy(found.blocks.cosines)
        if self.n_target_ and np.sum(1 - cosines**2 < COINCIDENT) == self.n_target_:
            warnings.warn(
                "Every direction of the target is a direction of the attribute (is y "
                "a function of it?): without shared directions nothing linear is "
                "left of the target.",
                DegenerateDataWarning,
                stacklevel=2,
            )

    def _assemble(self):
        """Store the representation at level ``n_shared``, from what was found."""
        found, dtype = self._found, self._dtype
        blocks, whitening = found.blocks, found.whitening
        xp = array_namespace(blocks.residual)
        dim = blocks.shared.shape[1]
        level = self._level(dim)
        parts = {"target": blocks.target}
        if self.base == "complement":
            parts["residual"] = blocks.residual
        parts["shared"] = blocks.shared[:, :level]
        vectors = xp.concat(list(parts.values()), axis=1)
        rows, scales, loadings = linear_map(whitening, vectors)
        largest = xp.max(xp.abs(whitening.forward))
        check_range(largest, dtype, "An entry of the whitening")
        self.mean_ = xp.astype(whitening.mean, dtype)
        self.whitening_ = xp.astype(whitening.forward, dtype)
        self.components_ = xp.astype(rows, dtype)
        self.component_scales_ = xp.astype(scales, dtype)
        self.loadings_ = xp.astype(loadings, dtype)
        self.target_basis_ = xp.astype(blocks.target, dtype)
        self.shared_basis_ = xp.astype(blocks.shared, dtype)
        self.sensitive_basis_ = xp.astype(blocks.sensitive, dtype)
        self.residual_basis_ = xp.astype(blocks.residual, dtype)
        self.canonical_cosines_ = xp.astype(blocks.cosines, dtype)
        self.shared_scores_ = xp.astype(
            xp.stack([found.utility, found.sensitivity], axis=1), dtype
        )
        self.n_components_ = vectors.shape[1]
        self.rank_ = whitening.rank
        self.n_shared_ = level
        self.n_sensitive_ = found.sensitive.basis.shape[1]
        self.sensitive_eigenvalues_ = xp.astype(_eigenvalues(found.sensitive), dtype)
        self.explained_sensitive_ratio_ = self._explained(found.sensitive.kernel)
        self.n_target_ = 0
        if found.target is not None:
            self.n_target_ = found.target.basis.shape[1]
            self.target_eigenvalues_ = xp.astype(_eigenvalues(found.target), dtype)
            self.explained_target_ratio_ = self._explained(found.target.kernel)
        self.block_slices_, start = {}, 0
        for name, part in parts.items():
            self.block_slices_[name] = slice(start, start + part.shape[1])
            start += part.shape[1]

    def _level(self, dim):
        """Turn ``n_shared`` to a number of directions."""
        if self.n_shared == "all":
            return dim
        if isinstance(self.n_shared, Integral):
            if self.n_shared > dim:
                raise NotEnoughYetError(
                    f"n_shared={self.n_shared} is more than the {dim} shared "
                    f"directions there are; ask for at most {dim}, a share in [0, 1], "
                    "or 'all'."
                )
            return int(self.n_shared)
        return int(self.n_shared * dim + 0.5)

    def _explained(self, kernel):
        """Share of a kernel matrix that each level holds, shape (dim + 1,)."""
        xp = array_namespace(kernel)
        blocks = self._found.blocks
        base = xp.sum(information(blocks.target, kernel))
        if self.base == "complement":
            base = base + xp.sum(information(blocks.residual, kernel))
        total = xp.sum(xp.linalg.diagonal(kernel))
        added = information(blocks.shared, kernel)
        total = total if float(total) > 0 else total + 1
        held = xp.concat([xp.reshape(base, (1,)), added]) / total
        held = xp.maximum(held, xp.zeros_like(held))  # nothing is held to rounding
        return xp.astype(xp.cumulative_sum(held), self._dtype)

    def at_level(self, n_shared):
        """Give the same decomposition at another level; nothing is fitted again.

        Parameters
        ----------
        n_shared : int, float or "all"
            How many shared directions to put back, as the parameter.

        Returns
        -------
        other : FairSDR
            A fitted copy.
        """
        check_is_fitted(self, "components_")
        other = copy.copy(self)
        other.set_params(n_shared=n_shared)
        other._validate_params()
        if other.n_target_ == 0 and other.n_shared != 0:
            raise ValueError(
                "There are no shared directions without a target; fit with y."
            )
        other._assemble()
        return other

    @refuses_overflow
    @shared_docs
    def transform(self, X):
        """Give rows their fair representation; the attribute is not needed.

        Parameters
        ----------
        {new_rows}

        Returns
        -------
        X_new : array of shape (n_samples, n_components)
            Scores of the blocks in the order of ``block_slices_``; with
            ``output="features"`` the features rebuilt from them, shape (n_samples,
            n_analysed).
        """
        check_is_fitted(self, "components_")
        X = self._features(X, reset=False, fitted=self.components_, method="transform")
        scores = linear_scores(X, self.mean_, self.components_)
        if self.scale == "whitened" or self.output == "features":
            xp = array_namespace(scores)
            scores = scores * xp.astype(self.component_scales_, X.dtype)
        return self._rebuild(scores) if self.output == "features" else scores

    @available_if(_gives_scores)
    @refuses_overflow
    def inverse_transform(self, X):
        """Rebuild features from scores, as well as a linear map can.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components)
            Scores, as `transform` gives them.

        Returns
        -------
        X_original : array of shape (n_samples, n_analysed)
            The best linear prediction of the analysed features from the scores;
            scores of the result are `X` again. Dropped columns are not among them.
        """
        X = validate_scores(self, X)
        if self.scale == "raw":
            xp = array_namespace(X)
            X = X * xp.astype(self.component_scales_, X.dtype)
        return self._rebuild(X)

    def _rebuild(self, scores):
        """Features of scores of unit variance."""
        xp = array_namespace(scores)
        loadings = xp.astype(self.loadings_, scores.dtype)
        return scores @ loadings + xp.astype(self.mean_, scores.dtype)

    def get_feature_names_out(self, input_features=None):
        """Name the columns that `transform` gives.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the features, checked against those of `fit`.

        Returns
        -------
        names : ndarray of str
            ``fairsdr_target0``, ..., ``fairsdr_residual0``, ...,
            ``fairsdr_shared0``, ...; with ``output="features"`` names of features.
        """
        check_is_fitted(self, "components_")
        names = check_feature_names_in(self, input_features)
        if self.output == "features":
            return names[self.analysed_columns_]
        names = [
            f"fairsdr_{block}{i}"
            for block, part in self.block_slices_.items()
            for i in range(part.stop - part.start)
        ]
        return np.asarray(names, dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        alone = self.base == "complement" and self.n_shared == 0
        tags.target_tags.required = not alone
        tags.target_tags.multi_output = True
        return tags


def _moments_of_block(estimator, cross, read, weights, *columns):
    return estimator._moments_of(read[0], columns, weights, cross)


def _eigenvalues(variable):
    """Eigenvalues of a kernel matrix within the directions of its variable, falling."""
    xp = array_namespace(variable.basis)
    if variable.basis.shape[1] == 0:
        return variable.basis[0, :]
    inner = xp.matrix_transpose(variable.basis) @ variable.kernel @ variable.basis
    return xp.flip(xp.linalg.eigvalsh(inner))
