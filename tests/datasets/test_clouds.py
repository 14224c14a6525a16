"""Cloud fetchers: the motion given takes the source onto the target."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial import KDTree

from skspace import datasets

# name, file, points of source and target, median distance after the motion in metres
CLOUDS = [
    ("street_lidar", "street_lidar", 64685, 64056, 0.1),
    ("car_lidar", "car_lidar", 25192, 24989, 0.1),
    ("corridor", "corridor_synth", 20000, 20000, 0.1),
]
NAMES = [row[0] for row in CLOUDS]


@pytest.fixture
def fake_clouds(fake_folder):
    motion = np.eye(4)
    motion[:3, 3] = [0.5, 0, 0]
    source = np.arange(6, dtype=np.float32).reshape(2, 3) / 10
    target = np.ones((3, 3), dtype=np.float32)
    arrays = {"source": source, "target": target, "T_target_source": motion}
    for name, file, *_ in CLOUDS:
        more = {"ref_spread": np.array([0.01, 0.1])} if name == "car_lidar" else {}
        fake_folder(f"clouds/{file}.npz", T_init=np.eye(4), **arrays, **more)
    return source, target, motion


@pytest.mark.parametrize("name", NAMES)
def test_clouds_are_what_the_file_holds_in_float64(name, fake_clouds):
    source, target, motion = fake_clouds
    bunch = getattr(datasets, f"fetch_{name}")()
    assert bunch.data.dtype == bunch.target.dtype == np.float64
    assert_array_equal(bunch.data, source)
    assert_array_equal(bunch.target, target)
    assert_array_equal(bunch.transform, motion)
    assert_array_equal(bunch.initial_transform, np.eye(4))
    assert bunch.feature_names == ["x", "y", "z"]
    assert ("transform_spread" in bunch) == (name == "car_lidar")


def test_frames_and_pairs(fake_clouds):
    pytest.importorskip("pandas")
    X, y = datasets.fetch_corridor(return_X_y=True, as_frame=True)
    assert_array_equal(X.to_numpy(), fake_clouds[0])
    assert_array_equal(y.to_numpy(), fake_clouds[1])
    assert list(X.columns) == list(y.columns) == ["x", "y", "z"]
    assert datasets.fetch_corridor(as_frame=True).frame is None


@pytest.mark.data
@pytest.mark.parametrize(("name", "file", "n", "m", "tolerance"), CLOUDS)
def test_real_motion_is_rigid_and_brings_clouds_together(
    name, file, n, m, tolerance, data_folder
):
    bunch = getattr(datasets, f"fetch_{name}")()
    assert bunch.data.shape == (n, 3)
    assert bunch.target.shape == (m, 3)
    R, t = bunch.transform[:3, :3], bunch.transform[:3, 3]
    # the street's motion is published with six digits
    assert_allclose(R @ R.T, np.eye(3), atol=5e-6)
    assert np.linalg.det(R) > 0
    assert_array_equal(bunch.transform[3], [0, 0, 0, 1])
    tree, sample = KDTree(bunch.target), bunch.data[::20]
    before = np.median(tree.query(sample)[0])
    after = np.median(tree.query(sample @ R.T + t)[0])
    backwards = np.median(tree.query((sample - t) @ R)[0])
    assert after < tolerance
    assert after < before
    assert after < backwards
