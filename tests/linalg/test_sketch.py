"""Frequent Directions: the guarantee, however the stream is cut or merged."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skspace.linalg import FrequentDirections, as_basis, subspace_distance


def gap(A, B):
    """Eigenvalues of AᵀA - BᵀB: the range of ‖Ax‖² - ‖Bx‖² over unit vectors."""
    return np.linalg.eigvalsh(A.T @ A - B.T @ B)


def check_guarantee(A, sketch):
    rounding = 1e-12 * np.sum(A**2)
    values = gap(A, sketch.sketch_)
    assert values[0] >= -rounding
    assert values[-1] <= sketch.error_bound_ + rounding
    s2 = np.linalg.svd(A, compute_uv=False) ** 2
    for k in range(sketch.n_components):
        tail = s2[k:].sum()
        assert sketch.error_bound_ <= tail / (sketch.n_components + 1 - k) + rounding


def table(seed, n=60, d=12):
    rng = np.random.RandomState(seed)
    return (
        rng.standard_normal((n, d))
        * 0.7 ** np.arange(d)
        @ np.linalg.qr(rng.standard_normal((d, d)))[0]
    )


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1000),
    n_components=st.integers(1, 14),
    cuts=st.lists(st.integers(0, 60), max_size=6),
)
def test_guarantee_for_every_cut_of_the_stream(seed, n_components, cuts):
    A = table(seed)
    sketch = FrequentDirections(n_components)
    for part in np.split(A, sorted(cuts)):
        sketch.partial_fit(part)
    check_guarantee(A, sketch)
    assert sketch.n_samples_seen_ == 60
    assert sketch.sketch_.shape[0] <= n_components


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1000),
    n_components=st.integers(1, 14),
    cut=st.integers(0, 60),
)
def test_guarantee_survives_merging(seed, n_components, cut):
    A = table(seed)
    left = FrequentDirections(n_components).partial_fit(A[:cut])
    right = FrequentDirections(n_components).partial_fit(A[cut:])
    merged = left.merge(right)
    check_guarantee(A, merged)
    assert merged.n_samples_seen_ == 60


def test_merging_changes_neither_part(rng):
    left = FrequentDirections(3).partial_fit(rng.standard_normal((20, 5)))
    right = FrequentDirections(3).partial_fit(rng.standard_normal((20, 5)))
    before = left.sketch_.copy(), right.sketch_.copy()
    merged = left.merge(right)
    merged.partial_fit(rng.standard_normal((20, 5)))
    np.testing.assert_array_equal(left.sketch_, before[0])
    np.testing.assert_array_equal(right.sketch_, before[1])


def test_error_is_real_when_directions_are_many(rng):
    """White noise: every row counts, so the bound is used up to a good part."""
    A = rng.standard_normal((400, 30))
    sketch = FrequentDirections(5).partial_fit(A)
    assert gap(A, sketch.sketch_)[-1] > 0.3 * sketch.error_bound_ > 0


def test_low_rank_is_kept_exactly(rng):
    A = rng.standard_normal((200, 4)) @ rng.standard_normal((4, 15))
    sketch = FrequentDirections(4).partial_fit(A)
    assert sketch.error_bound_ == pytest.approx(0, abs=1e-12 * np.sum(A**2))
    np.testing.assert_allclose(sketch.sketch_.T @ sketch.sketch_, A.T @ A, atol=1e-9)
    leading = np.linalg.svd(A)[2][:4]
    assert subspace_distance(sketch, leading.T) < 1e-10


def test_components_are_the_directions_of_the_sketch(rng):
    sketch = FrequentDirections(4).partial_fit(rng.standard_normal((50, 8)))
    V, s = sketch.components_, sketch.singular_values_
    np.testing.assert_allclose(V @ V.T, np.eye(V.shape[0]), atol=1e-13)
    np.testing.assert_allclose(sketch.sketch_, s[:, None] * V)
    assert (np.diff(s) <= 0).all()
    assert (s > 0).all()
    assert as_basis(sketch).shape == (8, 4)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_scale_passes_through(scale, rng):
    A = rng.standard_normal((50, 8))
    plain = FrequentDirections(3).partial_fit(A)
    scaled = FrequentDirections(3).partial_fit(A * scale)
    np.testing.assert_allclose(
        scaled.singular_values_, plain.singular_values_ * scale, rtol=1e-12
    )


def test_rows_are_copied(rng):
    A = rng.standard_normal((3, 4))
    sketch = FrequentDirections(5).partial_fit(A)
    expected = A.T @ A
    A[:] = 0
    np.testing.assert_allclose(sketch.sketch_.T @ sketch.sketch_, expected)


def test_zero_rows_and_no_rows(rng):
    sketch = FrequentDirections(2).partial_fit(np.zeros((9, 3)))
    assert sketch.sketch_.shape == (0, 3)
    assert sketch.error_bound_ == 0
    row = rng.standard_normal((1, 3))
    sketch.partial_fit(row).partial_fit(np.zeros((0, 3)))
    np.testing.assert_allclose(sketch.sketch_.T @ sketch.sketch_, row.T @ row)


def test_every_library_and_precision(library):
    A = table(0)
    expected = FrequentDirections(4).partial_fit(A)
    for dtype, tol in ((np.float64, 1e-10), (np.float32, 1e-3)):
        got = FrequentDirections(4)
        for part in np.split(A.astype(dtype), [7, 31]):
            got.partial_fit(library.asarray(part))
        B = library.to_numpy(got.sketch_)
        assert B.dtype == dtype
        np.testing.assert_allclose(
            B.T @ B, expected.sketch_.T @ expected.sketch_, atol=tol
        )


def test_pickling_keeps_the_stream(rng):
    A, more = rng.standard_normal((2, 30, 6))
    sketch = FrequentDirections(3).partial_fit(A)
    copy = pickle.loads(pickle.dumps(sketch))
    np.testing.assert_array_equal(
        copy.partial_fit(more).sketch_, sketch.partial_fit(more).sketch_
    )


def test_bad_input_is_refused(rng):
    for bad in (0, 2.5, np.nan, "2"):
        with pytest.raises(ValueError, match="an integer of at least 1, got"):
            FrequentDirections(bad)
    sketch = FrequentDirections(2).partial_fit(rng.standard_normal((3, 4)))
    with pytest.raises(ValueError, match="has 4 features, got 5"):
        sketch.partial_fit(rng.standard_normal((3, 5)))
    with pytest.raises(ValueError, match="NaN or infinity"):
        sketch.partial_fit([[1.0, 2.0, 3.0, np.nan]])
    with pytest.raises(ValueError, match="one row is"):
        sketch.partial_fit([1.0, 2.0, 3.0, 4.0])
    with pytest.raises(ValueError, match="one n_components merge, got 2 and 3"):
        sketch.merge(FrequentDirections(3))


def test_without_rows_there_is_no_subspace():
    with pytest.raises(AttributeError, match="call partial_fit"):
        FrequentDirections(2).components_  # noqa: B018
    with pytest.raises(ValueError, match="fit it first"):
        as_basis(FrequentDirections(2))


def test_a_stream_takes_the_larger_precision(rng):
    small, large = rng.standard_normal((9, 3)).astype(np.float32), np.eye(3) * 1e200
    for first, second in ((small, large), (large, small)):
        sketch = FrequentDirections(3).partial_fit(first).partial_fit(second)
        merged = FrequentDirections(3).partial_fit(first)
        merged = merged.merge(FrequentDirections(3).partial_fit(second))
        for found in (sketch, merged):
            np.testing.assert_allclose(found.singular_values_, 1e200)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_rows_too_long_to_tell_are_refused_and_not_added(dtype, rng):
    sketch = FrequentDirections(2).partial_fit(
        rng.standard_normal((9, 3)).astype(dtype)
    )
    before = sketch.sketch_
    with pytest.raises(ValueError, match=r"longer than float\d\d can tell"):
        sketch.partial_fit(np.full((9, 3), np.finfo(dtype).max))
    assert sketch.n_samples_seen_ == 9
    np.testing.assert_array_equal(sketch.sketch_, before)


def test_no_rows_have_a_width(library):
    sketch = FrequentDirections(2).partial_fit(library.asarray(np.zeros((0, 3))))
    with pytest.raises(ValueError, match="has 3 features, got 5"):
        sketch.partial_fit(library.asarray(np.zeros((1, 5))))
    with pytest.raises(AttributeError, match="seen no rows"):
        sketch.components_  # noqa: B018


def test_a_stream_stays_in_its_library(library):
    sketch = FrequentDirections(2).partial_fit(library.asarray(np.eye(3)))
    other = pytest.importorskip("torch") if library.xp is np else np
    with pytest.raises(ValueError, match="of one library and on one device"):
        sketch.partial_fit(other.eye(3))
