"""Clouds drawn at random: a finite motion or a sentence, as tests/test_fuzz.py has it.

To look for more, name how many and run until nothing is found:
``SKSPACE_FUZZ=500 python -m pytest tests/registration/test_any_clouds.py``.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from test_fuzz import EXPONENTS, FLOATS, INTEGERS, asked, cast, interrogate, searching

from skspace.registration import PointToPlaneICP, analyze_blocks

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SHAPES = {
    "ball": lambda X: X,
    "plane": lambda X: X * [1, 1, 0],
    "thin": lambda X: X * [1, 1, 1e-9],
    "line": lambda X: X * [1, 0, 0],
    "slanting line": lambda X: X[:, :1] * [1, -2, 3],
    "thread": lambda X: X * [1, 1e-9, 1e-9],
    "point": lambda X: np.tile(X[0], (len(X), 1)),
    "two points": lambda X: X[np.arange(len(X)) % 2],
    "sphere": lambda X: X / np.linalg.norm(X, axis=1, keepdims=True),
    "corner": lambda X: np.where(np.arange(3) == np.arange(len(X))[:, None] % 3, 0, X),
    "grid": np.round,
    "duplicates": lambda X: X[np.arange(len(X)) // 4],
    "outlier": lambda X: np.where(np.arange(len(X))[:, None] == 3, 1e12, X),
    "unlike axes": lambda X: X * [1, 1e-150, 1e150],
    "far from zero": lambda X: X + 1e9,
}
PARAMETERS = {
    "plane": ["auto", "normals", "local"],
    "robust": [None, "huber", "tukey", "gm", "linear"],
    "robust_scale": [None, 1e-300, 0.1],
    "max_correspondence_distance": ["auto", "auto", 1.0, (2.0, 0.5), 1e300],
    "voxel_size": ["auto", "auto", None, 0.1, 1e-300],
    "n_neighbors": [10, 3],
    "max_plane_thickness": [None, 0.1],
    "chart": ["SO3xR3", "SE3"],
    "weak_directions": ["solve", "early_stop", "damp", "freeze", "prior"],
    "criterion": ["ratio", "std", "both"],
    "max_iter": [30, 2],
}


@st.composite
def clouds(draw):
    """Return a cloud of 1 to 300 points, of any numeric type."""
    if draw(st.integers(0, 5)) == 0:
        shape = (draw(st.integers(1, 30)), 3)
        return draw(arrays(np.float64, shape, elements=st.floats(-1e300, 1e300)))
    n = draw(st.one_of(st.integers(1, 40), st.sampled_from([120, 300])))
    X = np.random.RandomState(draw(st.integers(0, 5))).standard_normal((n, 3))
    X = SHAPES[draw(st.sampled_from(sorted(SHAPES)))](X)
    dtype = draw(st.sampled_from(["float64"] * 4 + FLOATS + INTEGERS))
    with np.errstate(all="ignore"):
        if dtype in INTEGERS:
            X = draw(st.sampled_from([3, 40, 1e6])) * X
        else:
            X = X * np.longdouble(10) ** draw(EXPONENTS)
    return np.asarray(cast(X, dtype), order=draw(st.sampled_from("CF")))


@st.composite
def pairs(draw):
    """Return a source and a target: the same, moved a little, or anything."""
    source = draw(clouds())
    kind = draw(st.sampled_from(["itself", "half", "moved", "anything"]))
    if kind == "anything":
        return source, draw(clouds())
    if kind == "half":
        return source, source[::2]
    if kind == "moved":
        with np.errstate(all="ignore"):
            size = np.max(np.abs(source.astype(float)))
            return source, cast(source.astype(float) + 0.01 * size, np.float64)
    return source, source


@searching("PointToPlaneICP")
@given(st.data())
def test_any_clouds_give_a_finite_motion_or_a_sentence(data):
    source, target = data.draw(pairs(), "clouds")
    chosen = st.fixed_dictionaries(
        {}, optional={name: st.sampled_from(of) for name, of in PARAMETERS.items()}
    )
    # what the criteria and the treatments drawn below may need
    icp = PointToPlaneICP(max_std=(0.1, 0.1), prior_std_rot=0.1, prior_std_trans=0.1)
    icp.set_params(**data.draw(chosen, "parameters"))
    before = target.copy()
    interrogate(icp, source, target)
    np.testing.assert_array_equal(target, before)
    if hasattr(icp, "report_"):
        asked(icp.report_.summary, "summary")
        R = icp.rotation_
        np.testing.assert_allclose(R @ R.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(R) > 0


@searching("analyze_blocks")
@given(st.data())
def test_any_rows_give_a_report_or_a_sentence(data):
    source = data.draw(clouds(), "rows")
    with np.errstate(all="ignore"):
        H = np.concatenate([source, source[::-1]], axis=1)
    asked(lambda: analyze_blocks(H), "report_")
    asked(lambda: analyze_blocks(H[:, :3], [[0], [1, 2]], sigma=1.0), "report_")
