"""The seam: host draws, moves between libraries, who runs an accelerated function."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skspace._array import (
    TWINS,
    accelerated,
    array_namespace,
    asarray_like,
    cholesky,
    device,
    same_place,
    standard_normal,
    to_numpy,
)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_seed_gives_one_start_in_every_library(library, dtype):
    like = library.asarray(np.ones(2, dtype=dtype))
    drawn = standard_normal(np.random.RandomState(3), (4, 2), like)
    assert same_place(drawn, like)
    expected = np.random.RandomState(3).standard_normal((4, 2)).astype(dtype)
    assert_array_equal(to_numpy(drawn), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_moved_numbers_follow_and_moved_integers_stay(library, dtype):
    like = library.asarray(np.ones(2, dtype=dtype))
    assert to_numpy(asarray_like(np.array([0.5]), like)).dtype == dtype
    for kind in (np.int64, np.bool_):
        moved = asarray_like(np.array([1, 0], dtype=kind), like)
        assert same_place(moved, like)
        assert to_numpy(moved).dtype == kind
    assert to_numpy(asarray_like(0.5, like)).shape == ()


def test_the_second_device_of_the_strict_library_comes_back():
    strict = pytest.importorskip("array_api_strict")
    there = strict.asarray([1.0, 2.0], device=strict.Device("device1"))
    assert_array_equal(to_numpy(there), [1, 2])
    assert not same_place(there, strict.asarray([1.0]))
    assert device(asarray_like(np.ones(3), there)) == device(there)


def test_a_matrix_that_is_not_positive_definite_has_no_cholesky_factor(library, rng):
    root = rng.standard_normal(size=(2, 3, 3))
    good = root @ root.transpose(0, 2, 1) + np.eye(3)
    L = to_numpy(cholesky(library.asarray(good)))
    np.testing.assert_allclose(L @ L.transpose(0, 2, 1), good, rtol=1e-12)
    for bad in (np.diag([1.0, -1.0, 1.0]), np.full((3, 3), np.nan), np.ones((3, 3))):
        for stack in (bad, np.stack([np.eye(3), bad])):
            with pytest.raises(np.linalg.LinAlgError, match="not positive definite"):
                cholesky(library.asarray(stack))


def test_numpy_goes_to_the_twin_and_others_to_the_definition(library, monkeypatch):
    calls = []

    @accelerated("tests_twin:double")
    def double(x):
        """Twice x."""
        calls.append("definition")
        return 2 * x

    key = next(name for name in TWINS if name.endswith("double"))
    monkeypatch.delitem(TWINS, key)
    monkeypatch.setattr(
        "skspace._array.importlib.import_module",
        lambda _: type("Twin", (), {"double": staticmethod(_twin(calls))}),
    )
    x = library.asarray(np.ones(2))
    assert_array_equal(to_numpy(double(x)), [2, 2])
    assert calls == ["twin" if array_namespace(x).__name__.endswith("numpy") else
                     "definition"]  # fmt: skip


def _twin(calls):
    def double(x):
        calls.append("twin")
        return 2 * x

    return double
