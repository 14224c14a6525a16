"""The clusterers that cut the graph of who represents whom."""

from __future__ import annotations

from abc import abstractmethod
from time import perf_counter

import scipy.sparse as sp

from .._loop import log
from .._sklearn import StrOptions
from .._validation import sparse_output
from ._affinity import AFFINITIES, subspace_affinity
from ._base import SubspaceClusterer, kept_per_row, place_among
from ._rounding import ASSIGN_LABELS, spectral_labels


class SelfExpressiveClusterer(SubspaceClusterer):
    """Clusters the graph of who represents whom.

    A concrete class says how each row is represented by the others (`_represent`).
    """

    _parameter_constraints: dict = {
        **SubspaceClusterer._parameter_constraints,
        "affinity": [StrOptions(set(AFFINITIES))],
        "assign_labels": [StrOptions(set(ASSIGN_LABELS))],
    }

    @abstractmethod
    def _represent(self, V, n_keep, rng):
        """Represent each prepared row by the others.

        Parameters
        ----------
        V : array of shape (n_rows, n_prepared_features)
        n_keep : int or None
            Coefficients of largest magnitude to keep per row; None keeps all.
        rng : RandomState

        Returns
        -------
        C : csr_array of shape (n_rows, n_rows)
            On the host, with a zero diagonal.
        """

    def _find_labels(self, V, rows, n_samples, rng):
        n_keep = min(kept_per_row(self.subspace_dim), max(1, len(rows) - 1))
        start = perf_counter()
        C = self._represent(V, n_keep if self.affinity == "topk" else None, rng)
        log(self, f"representation of {len(rows)} samples", perf_counter() - start)

        start = perf_counter()
        affinity = subspace_affinity(C, method=self.affinity, n_neighbors=n_keep)
        rounding = spectral_labels(
            affinity,
            self.n_clusters,
            assign_labels=self.assign_labels,
            n_init=self.n_init,
            rng=rng,
        )
        log(self, "affinity, eigenvectors and labels", perf_counter() - start)
        self.representation_matrix_ = place_among(C, rows, n_samples)
        self.affinity_matrix_ = place_among(affinity, rows, n_samples)
        self.n_connected_components_ = rounding.n_connected
        return rounding.labels

    def _find_nothing(self, V):
        empty = sparse_output(sp.csr_array((V.shape[0], V.shape[0])))
        self.representation_matrix_ = self.affinity_matrix_ = empty
        self.n_connected_components_ = 1
