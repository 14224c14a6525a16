"""Every compiled twin against its definition; every other kernel has an oracle.

Problems are tiny, here and in the files beside, so that this folder also runs with
NUMBA_DISABLE_JIT=1 (coverage of the kernels' lines) and with NUMBA_BOUNDSCHECK=1 (their
indices). Sizes make every line run: full working arrays, dependent atoms, dropped
atoms, rows that are done early.
"""

import importlib
import pkgutil

import numpy as np
import pytest
from kernel_cases import prepared

import skspace
from skspace import _array, _numba

for module in pkgutil.walk_packages(skspace.__path__, "skspace."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)

TWINS = sorted(_array.TWINS)

KERNELS_WITH_ORACLES = {
    "skspace._numba.double_double",
    "skspace._numba.elastic_net",
    "skspace._numba.halving",
    "skspace._numba.kd_tree",
    "skspace._numba.neighbor_ranks",
    "skspace._numba.neighbor_scan",
    "skspace._numba.neighbor_tree",
    "skspace._numba.omp",
    "skspace._numba.optimizers",
    "skspace._numba.pcg",
    "skspace._numba.planes",
    "skspace._numba.point_to_plane",
    "skspace._numba.prefetch",
    "skspace._numba.propagate",
    "skspace._numba.similarity",
    "skspace._numba.voxels",
}
"""Modules without definitions; the files beside this one test them."""


def public(key):
    """Return the dispatching function users call."""
    module, _, name = key.rpartition(".")
    return getattr(importlib.import_module(module), name)


def cases_of(key):
    twin = _array.TWINS[key]
    module = importlib.import_module(twin.module)
    assert twin.name in getattr(module, "cases", {}), (
        f"{twin.module}.{twin.name} accelerates {key} and has no entry in `cases`"
    )
    return module.cases[twin.name]


def as_tuple(result):
    return result if isinstance(result, tuple) else (result,)


def assert_same(result, expected):
    result, expected = as_tuple(result), as_tuple(expected)
    assert len(result) == len(expected)
    for ours, theirs in zip(result, expected, strict=True):
        ours, theirs = np.asarray(ours), np.asarray(theirs)
        assert ours.dtype == theirs.dtype
        assert ours.shape == theirs.shape
        scale = np.max(np.abs(theirs), initial=1.0)
        eps = np.finfo(theirs.dtype).eps if theirs.dtype.kind == "f" else 0.0
        np.testing.assert_allclose(ours, theirs, rtol=64 * eps, atol=64 * eps * scale)


def test_there_are_twins():
    assert TWINS


def test_every_compiled_module_is_tested_here():
    found = {
        f"{_numba.__name__}.{module.name}"
        for module in pkgutil.iter_modules(_numba.__path__)
    }
    twins = {twin.module for twin in _array.TWINS.values()}
    assert found == twins | KERNELS_WITH_ORACLES


@pytest.mark.parametrize("key", TWINS)
def test_twin_has_cases(key, rng):
    for n_rows in (0, 1, 5):
        assert cases_of(key)(rng, n_rows)


@pytest.mark.parametrize("n_rows", [0, 1, 6])
@pytest.mark.parametrize("writeable", [True, False], ids=["writeable", "read-only"])
@pytest.mark.parametrize("order", ["C", "F", "strided"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("key", TWINS)
def test_twin_equals_definition(key, dtype, order, writeable, n_rows, rng):
    twin = _array.TWINS[key]
    for args in cases_of(key)(rng, n_rows):
        args = list(prepared(args, dtype, order, writeable))
        before = [np.copy(x) for x in args if isinstance(x, np.ndarray)]
        assert_same(twin.load()(*args), twin.definition(*args))
        after = [x for x in args if isinstance(x, np.ndarray)]
        for x, y in zip(before, after, strict=True):
            np.testing.assert_array_equal(x, y)  # inputs are left alone


@pytest.mark.parametrize("key", TWINS)
def test_numpy_input_goes_to_the_twin(key, rng, monkeypatch):
    twin = _array.TWINS[key]
    compiled, calls = twin.load(), []

    def spy(*args, **kwargs):
        calls.append(args)
        return compiled(*args, **kwargs)

    monkeypatch.setattr(importlib.import_module(twin.module), twin.name, spy)
    args = cases_of(key)(rng, 4)[0]
    public(key)(*args)
    assert len(calls) == 1


@pytest.mark.parametrize("key", TWINS)
def test_definition_runs_on_other_libraries(key, rng, library):
    for n_rows in (0, 1, 5):
        for args in cases_of(key)(rng, n_rows):
            theirs = [
                library.asarray(x) if isinstance(x, np.ndarray) else x for x in args
            ]
            result = as_tuple(public(key)(*theirs))
            expected = _array.TWINS[key].load()(*args)
            assert_same(tuple(map(library.to_numpy, result)), expected)
