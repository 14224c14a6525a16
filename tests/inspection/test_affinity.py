import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.cluster import KMeans, SpectralClustering

from skspace.cluster import LeastSquaresSubspaceClustering
from skspace.datasets import make_union_of_subspaces
from skspace.inspection import AffinityDisplay
from skspace.inspection._affinity import MAX_CELLS


@pytest.fixture
def blocks(rng):
    """Two clusters of 3 and 2, mixed: 1 within, 0.25 between, 9 on the diagonal."""
    labels = np.array([1, 0, 1, 0, 0])
    affinity = np.where(labels[:, None] == labels, 1.0, 0.25)
    np.fill_diagonal(affinity, 9.0)
    return affinity, labels


def test_samples_are_sorted_by_label_and_the_diagonal_is_left_out(blocks):
    display = AffinityDisplay.from_matrix(blocks[0], labels=blocks[1])
    expected = np.full((5, 5), 0.25)
    expected[:3, :3] = expected[3:, 3:] = 1.0
    np.fill_diagonal(expected, 0.0)
    np.testing.assert_array_equal(display.image_.get_array(), expected)
    np.testing.assert_array_equal(display.borders, [3.0])
    assert [t.get_text() for t in display.ax_.get_xticklabels()] == ["0", "1"]


def test_share_within_clusters_counts_affinity(blocks):
    display = AffinityDisplay.from_matrix(blocks[0], labels=blocks[1])
    within, between = 3 * 2 + 2 * 1, 2 * 3 * 2 * 0.25
    assert display.within == pytest.approx(within / (within + between))
    assert f"{display.within:.0%}" in display.ax_.get_title()


def test_border_lines_stand_between_clusters(blocks):
    display = AffinityDisplay.from_matrix(blocks[0], labels=blocks[1])
    lines = [line.get_xydata() for line in display.ax_.lines]
    assert sorted(line[0, 1] for line in lines if line[0, 1] == line[1, 1]) == [2.5]
    assert sorted(line[0, 0] for line in lines if line[0, 0] == line[1, 0]) == [2.5]


@pytest.mark.parametrize("make", [sp.csr_array, sp.csr_matrix, sp.coo_array, np.array])
def test_sparse_and_dense_give_one_picture(blocks, make):
    display = AffinityDisplay.from_matrix(make(blocks[0]), labels=blocks[1])
    expected = AffinityDisplay.from_matrix(blocks[0], labels=blocks[1])
    np.testing.assert_array_equal(display.image, expected.image)


def test_cells_of_a_large_matrix_are_means_of_its_pairs(rng):
    n = 3 * MAX_CELLS
    affinity = rng.uniform(size=(n, n))
    display = AffinityDisplay.from_matrix(affinity + affinity.T)
    cell = (affinity + affinity.T)[3:6, 9:12]
    assert display.image.shape == (MAX_CELLS, MAX_CELLS)
    assert display.image[1, 3] == pytest.approx(cell.mean())
    own = (affinity + affinity.T)[:3, :3]
    assert display.image[0, 0] == pytest.approx((own.sum() - np.trace(own)) / 6)


def test_a_graph_of_a_million_samples_is_never_made_dense():
    n = 10**6
    ring = sp.coo_array((np.ones(n), (np.arange(n), np.roll(np.arange(n), 1))), (n, n))
    labels = np.arange(n) % 2
    display = AffinityDisplay.from_matrix(ring + ring.T, labels=labels)
    assert display.image.shape == (MAX_CELLS, MAX_CELLS)
    assert display.within == 0.0


def test_noise_stands_last(blocks):
    labels = np.array([-1, 0, -1, 0, 0])
    display = AffinityDisplay.from_matrix(blocks[0], labels=labels)
    np.testing.assert_array_equal(display.names, [0, -1])
    np.testing.assert_array_equal(display.borders, [3.0])


def test_empty_graph_is_drawn_dark():
    display = AffinityDisplay.from_matrix(np.zeros((4, 4)), labels=[0, 0, 1, 1])
    assert display.within == 0.0
    assert not display.image.any()


def test_without_labels_the_order_stays(blocks):
    display = AffinityDisplay.from_matrix(blocks[0])
    np.testing.assert_array_equal(display.image, blocks[0] - 9.0 * np.eye(5))
    assert display.within is None
    assert not display.ax_.lines


def test_estimators_of_skspace_and_of_scikit_learn_have_a_graph():
    X, y = make_union_of_subspaces(60, n_subspaces=2, random_state=0)
    ours = LeastSquaresSubspaceClustering(2, random_state=0).fit(X)
    assert AffinityDisplay.from_estimator(ours).within == 1.0
    theirs = SpectralClustering(2, random_state=0).fit(X)
    display = AffinityDisplay.from_estimator(theirs, labels=y)
    same = theirs.affinity_matrix_ * (y[:, None] == y)
    np.fill_diagonal(theirs.affinity_matrix_, 0.0)
    np.fill_diagonal(same, 0.0)
    expected = same.sum() / theirs.affinity_matrix_.sum()
    assert display.within == pytest.approx(expected)


def test_given_axes_are_used_and_kept():
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots()
    display = AffinityDisplay.from_matrix(np.ones((3, 3)), ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert display.plot().ax_ is not ax


@pytest.mark.parametrize(
    ("affinity", "labels", "message"),
    [
        (np.ones((2, 3)), None, "square"),
        (-np.ones((2, 2)), None, "negative weights"),
        (np.full((2, 2), np.nan), None, "finite"),
        (np.full((2, 2), 1j), None, "real numbers"),
        (np.full((2, 2), "a"), None, "must be a sparse or dense matrix"),
        (np.zeros((0, 0)), [], "no samples"),
        (-np.ones((2, 2)), None, "subspace_affinity"),
        (np.ones((2, 2)), [0, 1, 2], "one label for each of the 2"),
    ],
)
def test_bad_input_is_refused(affinity, labels, message):
    with pytest.raises(ValueError, match=message):
        AffinityDisplay.from_matrix(affinity, labels=labels)


def test_an_estimator_without_a_graph_is_refused():
    with pytest.raises(ValueError, match="KMeans has no affinity_matrix_"):
        AffinityDisplay.from_estimator(KMeans(2).fit(np.eye(4)))


def test_missing_matplotlib_names_the_extra(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r'pip install "skspace\[plot\]"'):
        AffinityDisplay.from_matrix(np.ones((2, 2)))
