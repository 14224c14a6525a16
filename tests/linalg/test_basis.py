"""Bases: what they span, what they are refused for, and projections on them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import projector
from sklearn.decomposition import NMF, PCA, KernelPCA
from sklearn.linear_model import LinearRegression, LogisticRegression

from skspace.linalg import as_basis, energy_basis, project
from skspace.linalg._basis import column_signs, fix_column_signs, fix_signs


@settings(max_examples=50, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 8), st.integers(1, 8)),
    rank=st.integers(1, 8),
    seed=st.integers(0, 1000),
)
def test_basis_is_orthonormal_and_spans_the_columns(shape, rank, seed):
    rng = np.random.RandomState(seed)
    rank = min(rank, *shape)
    A = rng.standard_normal((shape[0], rank)) @ rng.standard_normal((rank, shape[1]))
    Q = as_basis(A)
    assert Q.shape == (shape[0], rank)
    np.testing.assert_allclose(Q.T @ Q, np.eye(rank), atol=1e-13)
    np.testing.assert_allclose(Q @ (Q.T @ A), A, atol=1e-12 * abs(A).max())


def test_orthonormal_columns_come_back_as_they_are(rng):
    Q, _ = np.linalg.qr(rng.standard_normal((6, 3)))
    np.testing.assert_allclose(as_basis(Q), Q, atol=1e-15)
    np.testing.assert_allclose(as_basis(-Q), -Q, atol=1e-15)


def test_independent_columns_are_taken_in_order(rng):
    """Gram-Schmidt: the first j columns span what the first j inputs span."""
    A = rng.standard_normal((6, 3))
    Q = as_basis(A)
    for j in range(1, 4):
        np.testing.assert_allclose(projector(Q[:, :j]), projector(A[:, :j]), atol=1e-13)
        assert Q[:, j - 1] @ A[:, j - 1] > 0


def test_rank_ignores_the_units_of_columns():
    A = np.array([[1.0, 1e-150], [0.0, 1e-150], [0.0, 0.0]])
    np.testing.assert_allclose(abs(as_basis(A)), np.eye(3)[:, :2], atol=1e-15)


def test_more_columns_than_features_span_the_space(rng):
    Q = as_basis(rng.standard_normal((3, 5)))
    np.testing.assert_allclose(Q @ Q.T, np.eye(3), atol=1e-14)


def test_a_vector_is_one_direction():
    np.testing.assert_allclose(as_basis([3, 4]), [[0.6], [0.8]], atol=1e-15)


def test_estimators_are_read_by_rows(rng):
    X = abs(rng.standard_normal((30, 5)))
    y = X @ [1.0, 2.0, 0, 0, 0]
    pca = PCA(2).fit(X)
    np.testing.assert_allclose(as_basis(pca), pca.components_.T, atol=1e-14)
    nmf = NMF(2, init="nndsvda").fit(X)
    np.testing.assert_allclose(
        projector(as_basis(nmf)), projector(nmf.components_.T), atol=1e-12
    )
    line = LinearRegression().fit(X, y)  # coef_ of shape (n_features,)
    assert as_basis(line).shape == (5, 1)
    classes = LogisticRegression().fit(X, np.arange(30) % 3)  # coef_ (3, n_features)
    # softmax coefficients add up to zero: three rows, two directions
    assert as_basis(classes).shape == (5, 2)


def test_estimators_without_a_linear_subspace_are_refused(rng):
    X = rng.standard_normal((10, 3))
    for estimator in (PCA(2), KernelPCA(2).fit(X)):
        with pytest.raises(ValueError, match="neither components_ nor coef_"):
            as_basis(estimator)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.zeros((3, 2)), "spans no subspace"),
        ([[1.0], [np.nan]], "NaN or infinity"),
        (np.ones((2, 2, 2)), r"got shape \(2, 2, 2\)"),
        (np.ones((0, 2)), r"got shape \(0, 2\)"),
        (np.array([[1j], [0]]), "real numbers"),
        (np.array([["a"]]), "real numbers"),
    ],
)
def test_what_spans_nothing_is_refused(bad, message):
    with pytest.raises(ValueError, match=message):
        as_basis(bad)


@pytest.mark.parametrize(
    ("dtype", "result"),
    [
        (np.float32, np.float32),
        (np.int64, np.float64),
        (bool, np.float64),
        (np.float16, np.float64),
    ],
)
def test_dtypes(dtype, result):
    assert as_basis(np.array([[1, 0], [0, 1]], dtype=dtype)).dtype == result


def test_every_library_gives_the_same_basis(library, rng):
    A = rng.standard_normal((6, 3))
    A[:, 2] = A[:, 0] - A[:, 1]
    for table in (A[:, :2], A):
        got = as_basis(library.asarray(table))
        assert type(got) is type(library.asarray(table))
        np.testing.assert_allclose(library.to_numpy(got), as_basis(table), atol=1e-13)


def test_energy_basis_takes_the_fewest_directions_that_suffice(rng):
    U, _ = np.linalg.qr(rng.standard_normal((6, 4)))
    V, _ = np.linalg.qr(rng.standard_normal((9, 4)))
    s = np.sqrt([50.0, 30.0, 15.0, 5.0])
    M = (U * s) @ V.T
    for energy, k in ((0.3, 1), (0.5, 1), (0.51, 2), (0.8, 2), (0.95, 3), (1.0, 4)):
        Q = energy_basis(M, energy)
        assert Q.shape == (6, k), energy
        np.testing.assert_allclose(abs(Q.T @ U[:, :k]), np.eye(k), atol=1e-13)
        assert (Q.max(axis=0) >= -Q.min(axis=0)).all()


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_energy_basis_does_not_depend_on_scale(scale, rng):
    M = rng.standard_normal((5, 8)) * [[5], [4], [3], [2], [1]]
    np.testing.assert_allclose(energy_basis(M * scale), energy_basis(M), atol=1e-13)


@pytest.mark.parametrize("energy", [0, 1.5, np.nan])
def test_energy_outside_its_range_is_refused(energy):
    with pytest.raises(ValueError, match=r"energy must lie in \(0, 1\]"):
        energy_basis(np.eye(2), energy)


def test_energy_basis_of_nothing_is_refused():
    with pytest.raises(ValueError, match="M is zero"):
        energy_basis(np.zeros((3, 2)))
    with pytest.raises(ValueError, match="two dimensions"):
        energy_basis(np.ones(3))


def test_projection_modes(library, rng):
    X, X_source = rng.standard_normal((2, 7, 5))
    A = rng.standard_normal((5, 2))
    P = projector(A)
    A, X_in, source = map(library.asarray, (A, X, X_source))
    for got, expected in (
        (project(X_in, A), X @ P),
        (project(X_in, A, "remove"), X - X @ P),
        (
            project(X_in, A, "replace", X_source=source),
            X @ (np.eye(5) - P) + X_source @ P,
        ),
    ):
        np.testing.assert_allclose(library.to_numpy(got), expected, atol=1e-13)


def test_kept_and_removed_parts_are_orthogonal_and_add_up(rng):
    X, A = rng.standard_normal((7, 5)), rng.standard_normal((5, 2))
    kept, rest = project(X, A), project(X, A, "remove")
    np.testing.assert_allclose(kept + rest, X, atol=1e-14)
    np.testing.assert_allclose(rest @ A, 0, atol=1e-13)
    np.testing.assert_allclose(project(kept, A), kept, atol=1e-14)


def test_one_row_and_precision(rng):
    x = rng.standard_normal(5).astype(np.float32)
    A = np.eye(5, dtype=np.float32)[:, :2]
    assert project(x, A).dtype == np.float32
    np.testing.assert_array_equal(project(x, A), x * [1, 1, 0, 0, 0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mode": "drop"}, "'keep', 'remove' or 'replace'"),
        ({"mode": "replace"}, "needs X_source"),
        ({"X_source": np.ones((2, 3))}, "only used by mode='replace'"),
        ({"mode": "replace", "X_source": np.ones((1, 3))}, r"the shape \(2, 3\)"),
    ],
)
def test_bad_calls_of_project_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        project(np.ones((2, 3)), np.eye(3)[:, :1], **arguments)
    with pytest.raises(ValueError, match="rows of 3 features"):
        project(np.ones((2, 4)), np.eye(3)[:, :1])


def test_arrays_of_two_libraries_are_refused(library):
    other = pytest.importorskip("torch") if library.xp is np else np
    X = library.asarray(np.eye(3))
    with pytest.raises(ValueError, match="of one library and on one device, got"):
        project(X, other.eye(3)[:, :1])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_signs_make_the_largest_entry_positive(library, dtype):
    U = np.array([[0.1, -0.9, 0.0], [-0.7, 0.2, 0.0], [0.3, 0.8, 0.0]], dtype)
    columns = library.asarray(U)
    for found, expected in (
        (column_signs(columns), [-1, -1, 1]),
        (fix_column_signs(columns), U * [-1, -1, 1]),
        (fix_signs(library.asarray(U.T)), U.T * [[-1], [-1], [1]]),
    ):
        found = library.to_numpy(found)
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, expected)
    assert fix_column_signs(columns[:, :0]).shape == (3, 0)


def test_rounding_does_not_turn_entries_of_one_size():
    for rounding in (-1e-15, 1e-15):
        rows = fix_signs(np.array([[-1.0, 1.0 + rounding]]))
        np.testing.assert_allclose(rows, [[1, -1]])
