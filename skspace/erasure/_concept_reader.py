"""What an eraser reads: rows, the concept to erase and the target to spare."""

from __future__ import annotations

from functools import partial

import numpy as np

from .._response import check_response, check_weights
from .._validation import validate_X
from ..linalg._moments import merge_moments
from ._summary import Summary, classes_to_forget, moments_of, read_all, summarise


class ConceptReader:
    """Reads and summarises what the fits of an eraser get."""

    def _validate(self, X, y, concept, sample_weight, *, reset=True):
        """Rows, what to erase, what to spare or None, and weights or None."""
        nothing = y is None and concept is None
        X = self._validate_rows(X, None if nothing else "given", reset=reset)
        concept, target = self._variables(X, y, concept)
        return X, concept, target, check_weights(sample_weight, X)

    def _validate_rows(self, X, y, *, reset):
        """Validate the table a fit gets; of `y` only that there is one."""
        X, _ = validate_X(
            self,
            X,
            reset=reset,
            y=None if y is None else "no_validation",
            ensure_min_samples=2 if reset else 1,
        )
        return X

    def _variables(self, X, y, concept):
        """Return what to erase and what to spare, or None, for the rows of X."""
        target = None
        if self.method == "oblique":
            missing = {"the target y": y, "concept": concept}
            missing = [name for name, given in missing.items() if given is None]
            if missing:
                raise ValueError(
                    "SubspaceEraser(method='oblique') requires y to be passed, but "
                    f"{missing[0]} is None: it spares y while it erases concept. Pass "
                    "both, or use method='leace'."
                )
            target = check_response(y, X)
        if concept is None:
            concept = check_response(y, X)
        else:
            concept = check_response(concept, X, name="concept")
        if self.forget is not None:
            concept = classes_to_forget(concept, self.forget, self.concept_type)
        return concept, target

    def _check_forget(self, concept, weights):
        """Refuse classes to be forgotten when there are none, or no others."""
        if self.forget is None:
            return
        seen = concept if weights is None else concept[weights > 0]
        if not np.any(seen):
            raise ValueError(
                f"No row belongs to a class to be forgotten, forget={self.forget!r}."
            )
        if np.all(seen):
            raise ValueError(
                f"All rows belong to classes to be forgotten, forget={self.forget!r}: "
                "no others are left to tell them from."
            )

    def _summarise(self, X, concept, target, weights, earlier=None):
        return summarise(
            X,
            concept,
            target,
            weights,
            concept_type=self.concept_type,
            earlier=earlier,
            **self._kept(X),
        )

    def _kept(self, X):
        """Which moments the method needs."""
        return {
            "by_class": self.method == "spectral",
            "fourth": X.shape[1] if self.shrinkage == "auto" else 0,
        }

    def _read_block(self, X, *, reset=False):
        return self._validate_rows(X, "given", reset=reset)

    def _fit_blocks(self, rows, y=None, *, concept=None, sample_weight=None):
        """Fit to :class:`Rows`."""
        if y is None and concept is None:
            raise ValueError(
                "SubspaceEraser requires y to be passed, but the target y is None: it "
                "is what to erase, where concept is not given."
            )
        concept, target = self._variables(rows, y, concept)
        weights = check_weights(sample_weight, rows)
        columns = read_all(concept, target, weights, self.concept_type)
        summarise_block = partial(moments_of, columns=columns, **self._kept(rows.head))
        moments = rows.reduce(summarise_block, merge_moments, concept, target, weights)
        self._check_forget(concept, weights)
        self._finish(rows.head, Summary(*columns, moments))
