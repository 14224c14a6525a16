import numpy as np
import pytest
from sklearn.cluster import DBSCAN

from skspace.cluster import KSubspaces, LeastSquaresSubspaceClustering
from skspace.datasets import make_union_of_subspaces
from skspace.inspection import SubspaceClusteringDisplay


@pytest.fixture(scope="module")
def fitted():
    X, _ = make_union_of_subspaces(90, n_subspaces=3, noise=0.02, random_state=0)
    return LeastSquaresSubspaceClustering(3, random_state=0).fit(X), X


def test_residuals_are_own_against_nearest_other(fitted):
    model, X = fitted
    display = SubspaceClusteringDisplay.from_estimator(model, X)
    residuals = model.transform(X)
    drawn = np.concatenate([c.get_offsets() for c in display.ax_[2].collections])
    expected = np.concatenate(
        [
            np.column_stack(
                [
                    residuals[model.labels_ == k, k],
                    np.delete(residuals[model.labels_ == k], k, axis=1).min(axis=1),
                ]
            )
            for k in range(3)
        ]
    )
    np.testing.assert_allclose(drawn, expected)
    assert display.nearer == np.mean(model.predict(X) == model.labels_) == 1.0


def test_three_pictures_with_samples_two_without(fitted):
    model, X = fitted
    display = SubspaceClusteringDisplay.from_estimator(model)
    assert [ax.get_title() for ax in display.ax_] == [
        "affinity, 100% within clusters",
        f"gap {display.spectrum.gap:.2g} after 3",
    ]
    assert display.nearer is None
    assert len(SubspaceClusteringDisplay.from_estimator(model, X).ax_) == 3


def test_new_samples_count_to_the_subspace_predicted(fitted):
    model, X = fitted
    display = SubspaceClusteringDisplay.from_estimator(model, X[:10] * -2.0)
    np.testing.assert_array_equal(display.labels, model.predict(X[:10]))
    assert display.nearer == 1.0


def test_one_cluster_has_residuals_and_no_other(fitted):
    X = fitted[1]
    model = LeastSquaresSubspaceClustering(1).fit(X)
    display = SubspaceClusteringDisplay.from_estimator(model, X)
    assert display.spectrum is None
    display.figure_.canvas.draw()


def test_without_a_graph_residuals_stand_alone(fitted):
    X = fitted[1]
    model = KSubspaces(3, subspace_dim=4, random_state=0).fit(X)
    display = SubspaceClusteringDisplay.from_estimator(model, X)
    assert len(display.ax_) == 1
    assert display.nearer == 1.0
    with pytest.raises(ValueError, match=r"KSubspaces .* pass samples as X"):
        SubspaceClusteringDisplay.from_estimator(model)
    with pytest.raises(ValueError, match=r"DBSCAN .* an estimator with transform"):
        SubspaceClusteringDisplay.from_estimator(DBSCAN().fit(X), X)


def test_noise_belongs_to_no_subspace(fitted):
    X = fitted[1]
    model = KSubspaces(3, subspace_dim=4, random_state=0).fit(X)
    model.labels_ = np.where(np.arange(len(X)) < 2, -1, model.labels_)
    with pytest.raises(ValueError, match="from -1 to 2 do not name the 3 columns"):
        SubspaceClusteringDisplay.from_estimator(model, X)


def test_one_axes_a_picture(fitted):
    import matplotlib.pyplot as plt

    model, X = fitted
    figure, axes = plt.subplots(1, 3)
    display = SubspaceClusteringDisplay.from_estimator(model, X, ax=axes)
    assert display.figure_ is figure
    assert list(display.ax_) == list(axes)
    with pytest.raises(ValueError, match="3 panels need as many axes"):
        SubspaceClusteringDisplay.from_estimator(model, X, ax=axes[:2])
