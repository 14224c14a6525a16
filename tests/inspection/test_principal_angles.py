import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

from skspace.cluster import LeastSquaresSubspaceClustering
from skspace.datasets import make_union_of_subspaces
from skspace.inspection import PrincipalAnglesDisplay
from skspace.linalg import principal_angles


def test_angles_are_drawn_in_degrees():
    A = np.eye(4)[:, :2]
    c, s = np.cos(np.pi / 6), np.sin(np.pi / 6)
    B = np.array([[1, 0], [0, c], [0, s], [0, 0]])
    display = PrincipalAnglesDisplay.from_subspaces(A, B)
    np.testing.assert_allclose(display.angles, [0.0, 30.0], atol=1e-12)
    np.testing.assert_allclose(display.ax_.lines[0].get_ydata(), display.angles)


def test_fitted_estimators_are_subspaces_too(rng):
    a, b = (PCA(2).fit(rng.standard_normal((20, 5))) for _ in range(2))
    display = PrincipalAnglesDisplay.from_subspaces(a, b)
    np.testing.assert_allclose(np.radians(display.angles), principal_angles(a, b))


def test_matrix_holds_the_smallest_angle_of_each_pair():
    X, _ = make_union_of_subspaces(
        90, n_subspaces=3, subspace_dim=[1, 2, 3], random_state=0
    )
    model = LeastSquaresSubspaceClustering(3, random_state=0).fit(X)
    display = PrincipalAnglesDisplay.from_estimator(model)
    bases = [rows[np.any(rows != 0, axis=1)].T for rows in model.subspace_components_]
    for i in range(3):
        for j in range(3):
            angle = 0.0 if i == j else principal_angles(bases[i], bases[j]).min()
            np.testing.assert_allclose(np.radians(display.angles[i, j]), angle)
    written = [t.get_text() for t in display.ax_.texts]
    assert written[0] == f"{display.angles[0, 1]:.0f}"
    assert len(written) == 6


def test_a_cluster_without_directions_has_no_angles():
    X, _ = make_union_of_subspaces(90, n_subspaces=3, random_state=0)
    model = LeastSquaresSubspaceClustering(3, random_state=0).fit(X)
    model.subspace_components_ = model.subspace_components_.copy()
    model.subspace_components_[1] = 0
    display = PrincipalAnglesDisplay.from_estimator(model)
    empty = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], dtype=bool)
    np.testing.assert_array_equal(np.isnan(display.angles), empty)
    assert len(display.ax_.texts) == 2


def test_an_estimator_without_subspaces_is_refused():
    with pytest.raises(ValueError, match="KMeans has no subspace_components_"):
        PrincipalAnglesDisplay.from_estimator(KMeans(2).fit(np.eye(4)))
