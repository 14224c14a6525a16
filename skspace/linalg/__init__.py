"""Algebra of subspaces: bases, angles, distances, manifolds, spectra, sketches."""

from ._angles import (
    expected_overlap,
    principal_angles,
    subspace_distance,
    subspace_overlap,
)
from ._basis import as_basis, energy_basis, project
from ._manifolds import (
    grassmann_exp,
    grassmann_log,
    grassmann_mean,
    stiefel_retract,
    stiefel_tangent,
)
from ._sinkhorn import sinkhorn
from ._sketch import FrequentDirections
from ._spectrum import mp_edges, spike_debias

__all__ = [
    "FrequentDirections",
    "as_basis",
    "energy_basis",
    "expected_overlap",
    "grassmann_exp",
    "grassmann_log",
    "grassmann_mean",
    "mp_edges",
    "principal_angles",
    "project",
    "sinkhorn",
    "spike_debias",
    "stiefel_retract",
    "stiefel_tangent",
    "subspace_distance",
    "subspace_overlap",
]
