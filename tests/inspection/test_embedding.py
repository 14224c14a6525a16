import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

from skspace.cluster import LeastSquaresSubspaceClustering
from skspace.datasets import make_union_of_subspaces
from skspace.inspection import EmbeddingDisplay


def test_points_of_each_label_are_drawn_where_they_are(rng):
    points, labels = rng.standard_normal((8, 2)), np.array([0, 1, 2, 0, 1, 2, 0, -1])
    display = EmbeddingDisplay.from_points(points, labels=labels)
    assert len(display.scatters_) == 4
    for label, scatter in zip([-1, 0, 1, 2], display.scatters_, strict=True):
        np.testing.assert_allclose(scatter.get_offsets(), points[labels == label])
    names = [t.get_text() for t in display.ax_.get_legend().get_texts()]
    assert names == ["-1", "0", "1", "2"]


def test_three_coordinates_open_three_axes(rng):
    display = EmbeddingDisplay.from_points(rng.standard_normal((5, 4)))
    assert display.points.shape == (5, 3)
    assert display.ax_.name == "3d"
    assert display.ax_.get_legend() is None


def test_two_of_three_coordinates_when_asked(rng):
    points = rng.standard_normal((5, 3))
    display = EmbeddingDisplay.from_points(points, n_components=2)
    np.testing.assert_array_equal(display.points, points[:, :2])
    assert display.ax_.name != "3d"


def test_a_transformer_shows_its_transform(rng):
    X = rng.standard_normal((20, 5))
    pca = PCA(2).fit(X)
    display = EmbeddingDisplay.from_estimator(pca, X, labels=np.arange(20) % 2)
    np.testing.assert_allclose(display.points, pca.transform(X))


def test_colours_of_a_clusterer_are_its_labels_where_they_belong_to_the_samples():
    X, _ = make_union_of_subspaces(60, n_subspaces=2, random_state=0)
    model = LeastSquaresSubspaceClustering(2, random_state=0).fit(X)
    shown = EmbeddingDisplay.from_estimator(model, X)
    np.testing.assert_array_equal(shown.labels, model.labels_)
    assert EmbeddingDisplay.from_estimator(model, X[:7]).labels is None
    means = KMeans(2, n_init=1, random_state=0).fit(sp.csr_array(X))
    shown = EmbeddingDisplay.from_estimator(means, sp.csr_array(X))
    np.testing.assert_array_equal(shown.labels, means.labels_)


@pytest.mark.parametrize("n_subspaces", [2, 3, 5])
def test_separate_clusters_are_separate_points(n_subspaces):
    """A graph without edges between clusters maps each of them to one point."""
    X, y = make_union_of_subspaces(150, n_subspaces=n_subspaces, random_state=0)
    model = LeastSquaresSubspaceClustering(n_subspaces, random_state=0).fit(X)
    assert model.n_connected_components_ == n_subspaces
    points = EmbeddingDisplay.from_estimator(model).points
    centres = np.array([points[y == k].mean(axis=0) for k in range(n_subspaces)])
    np.testing.assert_allclose(points, centres[y], atol=1e-7)
    gaps = np.linalg.norm(centres[:, None] - centres, axis=2)
    assert gaps[~np.eye(n_subspaces, dtype=bool)].min() > 0.1


def test_bad_input_is_refused(rng):
    with pytest.raises(ValueError, match="at least two coordinates"):
        EmbeddingDisplay.from_points(np.ones((4, 1)))
    with pytest.raises(ValueError, match="n_components must be 2 or 3"):
        EmbeddingDisplay.from_points(np.ones((4, 2)), n_components=3)
    with pytest.raises(ValueError, match="labels contain NaN"):
        EmbeddingDisplay.from_points(np.ones((2, 2)), labels=[0, np.nan])
    with pytest.raises(ValueError, match="pass the samples"):
        EmbeddingDisplay.from_estimator(KMeans(2).fit(np.eye(4)))


def test_flat_axes_are_refused_for_three_coordinates(rng):
    import matplotlib.pyplot as plt

    with pytest.raises(ValueError, match="projection='3d'"):
        EmbeddingDisplay.from_points(np.ones((4, 3)), ax=plt.subplots()[1])


@pytest.mark.parametrize("n_components", [2, 3])
def test_samples_outside_the_graph_are_left_out(n_components):
    X, _ = make_union_of_subspaces(200, random_state=0)
    model = LeastSquaresSubspaceClustering(5, max_samples=120, random_state=0).fit(X)
    display = EmbeddingDisplay.from_estimator(model, n_components=n_components)
    display.figure_.canvas.draw()
    shown = np.isfinite(display.points).all(axis=1)
    np.testing.assert_array_equal(shown, model.affinity_matrix_.getnnz(axis=1) > 0)
