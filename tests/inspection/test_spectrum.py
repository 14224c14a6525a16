import numpy as np
import pytest
import scipy.linalg as sl
import scipy.sparse as sp
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

from skspace.cluster import LeastSquaresSubspaceClustering
from skspace.datasets import make_union_of_subspaces
from skspace.inspection import SpectrumDisplay


def test_values_fall_and_the_widest_gap_is_found():
    display = SpectrumDisplay.from_values([0.3, 3.0, 0.4, 2.8])
    np.testing.assert_array_equal(display.line_.get_ydata(), [3.0, 2.8, 0.4, 0.3])
    np.testing.assert_array_equal(display.line_.get_xdata(), [1, 2, 3, 4])
    assert display.n_leading == 2
    assert display.gap == pytest.approx(2.4)
    assert display.ax_.get_title() == "gap 2.4 after 2"


def test_the_gap_asked_for_is_the_gap_shown():
    display = SpectrumDisplay.from_values([3.0, 2.8, 0.4, 0.3], n_leading=3)
    assert display.gap == pytest.approx(0.1)
    leading, rest = (c.get_offsets() for c in display.ax_.collections[:2])
    np.testing.assert_allclose(leading[:, 1], [3.0, 2.8, 0.4])
    np.testing.assert_allclose(rest[:, 1], [0.3])


def test_all_values_leading_leaves_no_gap():
    assert SpectrumDisplay.from_values([2.0, 1.0], n_leading=5).gap == 0.0
    assert SpectrumDisplay.from_values([2.0]).n_leading == 1


def test_eigenvalues_are_those_of_the_normalised_affinity(rng):
    A = rng.uniform(size=(30, 30))
    A = A + A.T
    np.fill_diagonal(A, 0.0)
    scale = 1 / np.sqrt(A.sum(axis=1))
    expected = sl.eigvalsh(scale[:, None] * A * scale)[::-1]
    for matrix in (A, sp.csr_matrix(A)):
        display = SpectrumDisplay.from_affinity(matrix, n_values=6)
        np.testing.assert_allclose(display.values, expected[:6], atol=1e-12)


def test_a_clusterer_shows_its_number_of_clusters():
    X, _ = make_union_of_subspaces(300, noise=0.01, random_state=0)
    model = LeastSquaresSubspaceClustering(5, random_state=0).fit(X)
    display = SpectrumDisplay.from_estimator(model)
    assert display.n_leading == 5
    assert len(display.values) == 10
    np.testing.assert_allclose(display.values[:5], 1.0)
    assert display.gap > 0.05


def test_a_reducer_shows_its_singular_values(rng):
    pca = PCA().fit(rng.standard_normal((20, 4)) * [9, 8, 1, 1])
    display = SpectrumDisplay.from_estimator(pca)
    np.testing.assert_allclose(display.values, pca.singular_values_)
    assert display.n_leading == 2
    assert display.ax_.get_ylabel() == "singular value"
    assert len(SpectrumDisplay.from_estimator(pca, n_values=3).values) == 3


def test_of_a_directed_affinity_the_symmetric_part_counts(rng):
    A = rng.uniform(size=(9, 9))
    found, wanted = (SpectrumDisplay.from_affinity(B) for B in (A, (A + A.T) / 2))
    np.testing.assert_allclose(found.values, wanted.values)


@pytest.mark.parametrize(
    ("affinity", "options", "message"),
    [
        (np.full((3, 3), np.nan), {}, "non-finite"),
        (-np.ones((3, 3)), {}, "negative weights"),
        (np.ones((3, 2)), {}, "square"),
        (np.zeros((3, 3)), {}, "joins no two samples"),
        (np.ones((3, 3)), {"n_values": 0}, "n_values must be at least 1, got 0"),
        (np.ones((3, 3)), {"n_leading": 1.5}, "integer of at least 1, got 1.5"),
    ],
)
def test_what_is_no_affinity_is_refused(affinity, options, message):
    with pytest.raises(ValueError, match=message):
        SpectrumDisplay.from_affinity(affinity, **options)


@pytest.mark.parametrize("values", [[], [1.0, np.nan], [[1.0]], [1j], ["a"]])
def test_bad_values_are_refused(values):
    with pytest.raises(ValueError, match="finite number"):
        SpectrumDisplay.from_values(values)


def test_no_leading_value_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        SpectrumDisplay.from_values([1.0, 0.0], n_leading=0)


def test_an_estimator_without_a_spectrum_is_refused():
    with pytest.raises(ValueError, match="KMeans has none of"):
        SpectrumDisplay.from_estimator(KMeans(2).fit(np.eye(4)))
