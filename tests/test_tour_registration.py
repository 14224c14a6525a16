"""The tour of registration: the textbook method, readings that follow the numbers."""

import io
import re

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from skspace._tour._stage import Stage
from skspace._tour.families import registration as family


def test_the_textbook_method_finds_a_motion_between_equal_points():
    points = np.random.RandomState(0).uniform(-5, 5, (300, 3))
    motion = np.eye(4)
    motion[:3, :3] = Rotation.from_rotvec([0.01, -0.02, 0.015]).as_matrix()
    motion[:3, 3] = 0.03, -0.02, 0.05
    moved = points @ motion[:3, :3].T + motion[:3, 3]
    found, n_iter = family.point_to_point(points, moved)
    assert n_iter < 20
    np.testing.assert_allclose(found, motion, atol=1e-10)


def test_errors_are_centimetres_and_degrees():
    motion = np.eye(4)
    motion[:3, :3] = Rotation.from_rotvec([0, 0, np.radians(3)]).as_matrix()
    motion[:3, 3] = 0.03, 0.0, 0.04
    assert family.error(np.eye(4), motion) == pytest.approx((5, 3))


def test_the_reading_follows_the_numbers():
    rows = [
        ("room", ("none", 2.0, 0.1, 0.1)),
        ("corridor", ("roll, x", 80.0, 1.26, 0.024)),
    ]
    text = family.verdict(rows)
    assert "a corridor leaves roll and x nearly open" in text
    assert "1.3 cm along x and 0.02 cm across" in text
    assert text.endswith("nothing is weak in the room.")
    assert family.verdict(rows[:1]).startswith("no scene leaves anything open; nothing")


def test_the_diagnosis_is_that_of_the_scene_and_the_figure_is_drawn(tmp_path):
    stream = io.StringIO()
    stage = Stage(stream, output=tmp_path, quick=True)
    family.run(stage)
    text = stream.getvalue()
    assert re.search(r"^room  +none ", text, re.MULTILINE)
    for scene in ("corridor", "tunnel"):
        assert re.search(rf"^{scene}  +roll, x ", text, re.MULTILINE)
    assert "nan" not in text
    assert [path.name for path in stage.figures] == ["registration.png"]
    errors = [
        [float(line.split()[i].rstrip("*")) for i in (-4, -3)]
        for name in ("KDTree, Procrustes", "PointToPlaneICP")
        for line in re.findall(rf"^{name} .*", text, re.MULTILINE)
    ]
    theirs, ours = np.array(errors).reshape(2, 3, 2)
    assert (ours <= theirs).all()
