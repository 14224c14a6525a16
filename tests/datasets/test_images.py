"""Image fetchers: values in [0, 1], the images upright rows of the data."""

import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skspace import datasets

# name, file, n_samples, n_classes, side, subspace_dim, smallest and largest class
IMAGES = [
    ("orl", "orl_32x32", 400, 40, 32, 5, 10, 10),
    ("yaleb", "yaleb10_32x32", 640, 10, 32, 9, 64, 64),
    ("coil20", "coil20_32x32", 1440, 20, 32, 10, 72, 72),
    ("usps", "usps_16x16", 9298, 10, 16, 12, 708, 1553),
    ("mnist_sample", "mnist_t10k_28x28", 10000, 10, 28, 12, 892, 1135),
]


@pytest.fixture
def fake_images(fake_folder):
    """One file of six 2 x 3 images for every fetcher."""
    X = np.arange(36, dtype=np.uint8).reshape(6, 6)
    X[0, 0] = 255
    y = np.array([0, 0, 1, 1, 200, 200], dtype=np.uint8)
    for _, file, *_ in IMAGES:
        fake_folder(
            f"images/{file}.npz",
            X=X,
            y=y,
            image_shape=np.array([2, 3]),
            subspace_dim=np.array(4),
        )
    return X, y


@pytest.mark.parametrize("name", [row[0] for row in IMAGES])
def test_images_are_rows_scaled_to_unit_interval(name, fake_images):
    X, y = fake_images
    bunch = getattr(datasets, f"fetch_{name}")()
    assert bunch.data.dtype == np.float64
    assert bunch.target.dtype == np.int64
    assert_array_equal(bunch.data * 255, X)
    assert bunch.data.max() == 1.0
    assert_array_equal(bunch.target, y)
    assert bunch.image_shape == (2, 3)
    assert bunch.subspace_dim == 4
    assert isinstance(bunch.subspace_dim, int)
    assert bunch.frame is None
    for image, row in zip(bunch.images, bunch.data, strict=True):
        assert_array_equal(image, [row[:3], row[3:]])
    assert bunch.feature_names[4] == "pixel_1_1"
    assert ("target_names" in bunch) == (name in {"usps", "mnist_sample"})


@pytest.mark.parametrize("name", [row[0] for row in IMAGES])
def test_pair_is_data_and_target(name, fake_images):
    fetch = getattr(datasets, f"fetch_{name}")
    X, y = fetch(return_X_y=True)
    bunch = fetch()
    assert_array_equal(X, bunch.data)
    assert_array_equal(y, bunch.target)


def test_as_frame_holds_the_same_values(fake_images):
    pytest.importorskip("pandas")
    bunch, framed = datasets.fetch_orl(), datasets.fetch_orl(as_frame=True)
    assert_array_equal(framed.data.to_numpy(), bunch.data)
    assert_array_equal(framed.target.to_numpy(), bunch.target)
    assert list(framed.data.columns) == bunch.feature_names
    assert list(framed.frame.columns) == [*bunch.feature_names, "target"]
    assert_array_equal(framed.images, bunch.images)
    X, y = datasets.fetch_orl(return_X_y=True, as_frame=True)
    assert X.equals(framed.data)
    assert y.equals(framed.target)


def test_frame_without_pandas_names_it(fake_images, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="fetch_orl with as_frame=True needs pandas"):
        datasets.fetch_orl(as_frame=True)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "file", "n", "k", "side", "dim", "smallest", "largest"), IMAGES
)
def test_real_images(name, file, n, k, side, dim, smallest, largest, data_folder):
    bunch = getattr(datasets, f"fetch_{name}")()
    assert bunch.data.shape == (n, side**2)
    assert bunch.images.shape == (n, side, side)
    assert bunch.subspace_dim == dim
    counts = np.bincount(bunch.target)
    assert len(counts) == k
    assert (counts.min(), counts.max()) == (smallest, largest)
    assert bunch.data.min() >= 0
    assert bunch.data.max() <= 1
    assert f"images/{file}.npz" in bunch.DESCR


@pytest.mark.data
def test_faces_of_one_person_lie_near_nine_dimensions(data_folder):
    """Labels belong to the rows: a class is flatter than as many rows at random."""
    X, y = datasets.fetch_yaleb(return_X_y=True)
    X = X / np.linalg.norm(X, axis=1, keepdims=True)

    def energy(rows):
        values = np.linalg.svd(rows, compute_uv=False) ** 2
        return values[:9].sum() / values.sum()

    of_one = [energy(X[y == label]) for label in range(10)]
    of_many = energy(X[np.random.RandomState(0).permutation(640)[:64]])
    assert min(of_one) > 0.95
    assert min(of_one) > of_many + 0.02
    assert_allclose(np.linalg.norm(X, axis=1), 1)
