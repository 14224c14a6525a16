"""PointToPlaneICP as an estimator: its contract, and what it says to bad clouds.

Both of its inputs are clouds in space, so scikit-learn's checks on tables of samples
do not apply; what they would check is checked here.
"""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from skspace.registration import PointToPlaneICP, TargetIndex

PARAMETERS = {
    "init": np.eye(4),
    "plane": "local",
    "robust": "huber",
    "robust_scale": 0.1,
    "max_correspondence_distance": (2.0, 1.0),
    "voxel_size": 0.3,
    "n_neighbors": 8,
    "plane_neighbors": 6,
    "max_plane_thickness": 0.3,
    "chart": "SE3",
    "weak_directions": "prior",
    "criterion": "both",
    "degeneracy_threshold": 20.0,
    "max_std": (0.01, 0.1),
    "kappa_target": 5.0,
    "prior_std_rot": 0.1,
    "prior_std_trans": 0.5,
    "pcg_tol": 1e-10,
    "pcg_max_iter": 8,
    "max_iter": 40,
    "tol_rot": 1e-5,
    "tol_trans": 1e-4,
    "verbose": 0,
}
FITTED = {
    "rotation_": (3, 3),
    "translation_": (3,),
    "transformation_": (4, 4),
}


@pytest.fixture(scope="module")
def room(scene):
    return scene("room", 2000)[:2]


def test_every_parameter_is_read_and_set():
    icp = PointToPlaneICP()
    assert set(icp.get_params()) == set(PARAMETERS)
    assert icp.set_params(**PARAMETERS) is icp
    for name, value in PARAMETERS.items():
        assert getattr(icp, name) is value
    copy = clone(icp)
    for name, value in PARAMETERS.items():
        assert_array_equal(np.asarray(copy.get_params()[name]), np.asarray(value))
    with pytest.raises(ValueError, match="Invalid parameter 'radius'"):
        icp.set_params(radius=1)
    with pytest.raises(TypeError):
        PointToPlaneICP(np.eye(4))


def test_every_parameter_together_fits(room):
    icp = PointToPlaneICP(**PARAMETERS).fit(*room)
    assert icp.fitness_ > 0.9
    for name, value in PARAMETERS.items():
        assert getattr(icp, name) is value


def test_making_one_sets_nothing_but_parameters():
    assert set(vars(PointToPlaneICP())) == set(PARAMETERS)


def test_fitting_sets_what_it_documents(room):
    icp = PointToPlaneICP()
    assert icp.fit(*room) is icp
    for name, shape in FITTED.items():
        assert getattr(icp, name).shape == shape
        assert getattr(icp, name).dtype == np.float64
    assert_array_equal(icp.transformation_[:3, :3], icp.rotation_)
    assert_array_equal(icp.transformation_[:3, 3], icp.translation_)
    assert_array_equal(icp.transformation_[3], [0, 0, 0, 1])
    R = icp.rotation_
    assert_allclose(R @ R.T, np.eye(3), atol=1e-15)
    assert np.linalg.det(R) > 0
    assert icp.n_iter_ == len(icp.history_) > 0
    assert icp.n_features_in_ == 3
    assert icp.converged_
    assert 0 < icp.fitness_ <= 1
    assert icp.rmse_ > 0
    documented = PointToPlaneICP.__doc__.partition("Attributes\n")[2]
    documented = documented.partition("See Also")[0]
    for name in vars(icp):
        if name.endswith("_") and not name.startswith("_"):
            assert name in documented


def test_results_do_not_depend_on_what_was_fitted_before(room, scene):
    fresh = PointToPlaneICP().fit(*room)
    used = PointToPlaneICP().fit(*scene("room", 1000, 1)[:2]).fit(*room)
    assert_array_equal(used.transformation_, fresh.transformation_)
    assert used.n_iter_ == fresh.n_iter_


@pytest.mark.parametrize("bad", [np.full((20, 3), np.nan), np.empty((0, 3))])
def test_it_fits_after_it_failed(room, bad):
    fresh = PointToPlaneICP().fit(*room)
    icp = PointToPlaneICP()
    for arguments in ((bad, room[1]), (room[0], bad)):
        with pytest.raises(ValueError, match=r"NaN|0 sample"):
            icp.fit(*arguments)
    assert_array_equal(icp.fit(*room).transformation_, fresh.transformation_)


def test_inputs_are_left_alone(room):
    before = [cloud.copy() for cloud in room]
    frozen = [cloud.copy() for cloud in room]
    for cloud in frozen:
        cloud.flags.writeable = False
    icp = PointToPlaneICP().fit(*frozen)
    icp.inverse_transform(icp.transform(frozen[0]))
    for ours, theirs in zip(frozen, before, strict=True):
        assert_array_equal(ours, theirs)


def test_pickles_transform_alike(room):
    icp = PointToPlaneICP().fit(*room)
    again = pickle.loads(pickle.dumps(icp))
    assert_array_equal(again.transform(room[0]), icp.transform(room[0]))
    assert again.report_.mask == icp.report_.mask
    assert again.report_.summary() == icp.report_.summary()
    assert again.score(*room) == icp.score(*room)
    index = pickle.loads(pickle.dumps(TargetIndex(room[1])))
    other = PointToPlaneICP().fit(room[0], index)
    assert_array_equal(other.transformation_, icp.transformation_)


def test_repr_names_what_differs_from_the_defaults(room):
    assert repr(PointToPlaneICP()) == "PointToPlaneICP()"
    icp = PointToPlaneICP(plane="local").fit(*room)
    assert repr(icp) == "PointToPlaneICP(plane='local')"
    assert len(icp._repr_html_()) < 200_000


def test_feature_names_are_not_kept(room):
    pandas = pytest.importorskip("pandas")
    frames = [pandas.DataFrame(cloud, columns=["x", "y", "z"]) for cloud in room]
    icp = PointToPlaneICP().fit(*frames)
    assert not hasattr(icp, "feature_names_in_")
    assert_array_equal(
        icp.transformation_, PointToPlaneICP().fit(*room).transformation_
    )


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_distances_without_a_limit_score(room):
    icp = PointToPlaneICP(max_correspondence_distance=1e300).fit(*room)
    assert -1 < icp.score(*room) < 0


def test_clouds_of_any_origin_are_read(room):
    expected = PointToPlaneICP().fit(*room).transformation_
    lists = PointToPlaneICP().fit(*[cloud.tolist() for cloud in room])
    assert_array_equal(lists.transformation_, expected)
    layouts = PointToPlaneICP().fit(
        np.asfortranarray(room[0]), room[1][:, ::-1][:, ::-1]
    )
    assert_allclose(layouts.transformation_, expected, atol=1e-12)
    torch = pytest.importorskip("torch")
    tensors = PointToPlaneICP().fit(*[torch.asarray(cloud) for cloud in room])
    assert_array_equal(tensors.transformation_, expected)


def test_float32_clouds_give_the_same_motion_and_come_back_as_float32(room):
    single = [cloud.astype(np.float32) for cloud in room]
    icp = PointToPlaneICP().fit(*single)
    expected = PointToPlaneICP().fit(*room)
    assert icp.transformation_.dtype == np.float64
    assert_allclose(icp.transformation_, expected.transformation_, atol=1e-5)
    for method in (icp.transform, icp.inverse_transform):
        assert method(single[0]).dtype == np.float32
        assert method(room[0]).dtype == np.float64
        assert method(np.ones((2, 3), dtype=int)).dtype == np.float64


def test_transform_is_the_motion_and_its_inverse_undoes_it(room):
    icp = PointToPlaneICP().fit(*room)
    X = room[0][:7]
    moved = X @ icp.rotation_.T + icp.translation_
    assert_allclose(icp.transform(X), moved, rtol=1e-12)
    assert_allclose(icp.inverse_transform(icp.transform(X)), X, atol=1e-12)
    assert_allclose(icp.transform(icp.inverse_transform(X)), X, atol=1e-12)
    assert icp.transform(X[:1]).shape == (1, 3)


def test_methods_ask_for_a_fit_and_for_three_columns(room):
    for method in ("transform", "inverse_transform"):
        with pytest.raises(NotFittedError):
            getattr(PointToPlaneICP(), method)(room[0])
        icp = PointToPlaneICP().fit(*room)
        with pytest.raises(ValueError, match=r"three columns.*\(2000, 2\)"):
            getattr(icp, method)(room[0][:, :2])
        with pytest.raises(ValueError, match="NaN"):
            getattr(icp, method)(np.full((1, 3), np.nan))
    with pytest.raises(NotFittedError):
        PointToPlaneICP().score(*room)


def test_score_is_a_distance_that_a_worse_motion_makes_longer(room):
    icp = PointToPlaneICP().fit(*room)
    assert -0.1 < icp.score(*room) < 0
    assert_allclose(icp.score(room[0], TargetIndex(room[1])), icp.score(*room))
    assert icp.score(room[0] + 0.3, room[1]) < 2 * icp.score(*room)
    assert icp.score(room[0] + 100, room[1]) == pytest.approx(-icp._distance)


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        (np.empty((0, 3)), None, "0 sample"),
        (None, np.empty((0, 3)), "0 sample"),
        (np.eye(9)[:, :3], None, "X has 9 points, and at least 10"),
        (None, np.eye(9)[:, :3], "has 9 points, and at least 10"),
        (np.full((20, 3), np.nan), None, "X contains NaN"),
        (None, np.full((20, 3), np.nan), "contains NaN"),
        (np.full((20, 3), np.inf), None, "X contains infinity"),
        (np.ones((20, 2)), None, r"three columns x, y, z, got shape \(20, 2\)"),
        (None, np.ones((20, 4)), r"three columns x, y, z, got shape \(20, 4\)"),
        (np.ones((3, 20)), None, "pass its transpose"),
        (np.ones(20), None, "Expected 2D array"),
        (np.ones((4, 5, 3)), None, "dim 3"),
        (np.ones((20, 3), dtype=complex), None, "Complex"),
        ([["a"] * 3] * 20, None, "could not convert"),
        (None, np.ones((50, 3)), "stand in one place"),
        (1e155 * np.eye(30)[:, :3], None, "X has coordinates of 1e.155"),
        (None, 1e-160 * np.eye(30)[:, :3], "extends over 1e-160"),
    ],
)
def test_what_is_no_cloud_is_refused(room, source, target, message):
    source = room[0] if source is None else source
    target = room[1] if target is None else target
    with pytest.raises(ValueError, match=message):
        PointToPlaneICP().fit(source, target)


def test_a_target_is_needed(room):
    with pytest.raises(ValueError, match="requires y"):
        PointToPlaneICP().fit(room[0], None)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"init": np.eye(3)}, r"\(4, 4\) matrix"),
        ({"init": np.full((4, 4), np.nan)}, "init contains NaN"),
        ({"init": [["a"] * 4] * 4}, "could not convert"),
        ({"init": np.eye(4) + 1e300 * np.eye(4, k=3)}, "larger unit"),
        ({"init": np.diag([2.0, 2, 2, 1])}, "Scale and shear"),
        ({"init": np.diag([1.0, 1, -1, 1])}, "mirrors"),
        ({"init": np.eye(4) + np.eye(4, k=-3)}, "rigid motion"),
        ({"plane": "global"}, "plane"),
        ({"robust": "cauchy"}, "robust"),
        ({"robust_scale": 0}, "robust_scale"),
        ({"max_correspondence_distance": -1.0}, "max_correspondence_distance"),
        ({"max_correspondence_distance": (1.0, 2.0)}, "falling sequence"),
        ({"max_correspondence_distance": ()}, "falling sequence"),
        ({"max_correspondence_distance": (1.0, np.nan)}, "falling sequence"),
        ({"max_correspondence_distance": ["far", "near"]}, "falling sequence"),
        ({"max_correspondence_distance": [[2.0], [1.0, 0.5]]}, "falling sequence"),
        ({"voxel_size": 0}, "voxel_size"),
        ({"voxel_size": 1e-9}, "too small"),
        ({"voxel_size": 100.0}, "Thinning the target .* left"),
        ({"n_neighbors": 2}, "n_neighbors"),
        ({"plane_neighbors": 2}, "plane_neighbors"),
        ({"chart": "quaternion"}, "chart"),
        ({"weak_directions": "ignore"}, "weak_directions"),
        ({"weak_directions": "prior"}, "prior_std_rot"),
        ({"weak_directions": "prior", "prior_std_rot": 0.1}, "prior_std_trans"),
        ({"criterion": "std"}, "needs max_std"),
        ({"criterion": "both"}, "needs max_std"),
        ({"max_std": (0.1,)}, "two positive numbers"),
        ({"max_std": (0.1, -1)}, "two positive numbers"),
        ({"max_std": (1, "a")}, "two positive numbers"),
        ({"max_std": (1, np.nan)}, "two positive numbers"),
        ({"max_std": [[1, 1]]}, "two positive numbers"),
        ({"degeneracy_threshold": 0.5}, "degeneracy_threshold"),
        ({"kappa_target": 0.5}, "kappa_target"),
        ({"max_iter": 0}, "max_iter"),
        ({"tol_rot": 0}, "tol_rot"),
        ({"tol_trans": "small"}, "tol_trans"),
        ({"pcg_max_iter": 0}, "pcg_max_iter"),
    ],
    ids=str,
)
def test_parameters_out_of_range_are_named(room, parameters, message):
    with pytest.raises(ValueError, match=message):
        PointToPlaneICP(**parameters).fit(*room)


def test_too_few_pairs_at_the_start_are_an_error_that_names_the_distance(room):
    icp = PointToPlaneICP(max_correspondence_distance=0.5)
    with pytest.raises(ValueError, match=r"Only 0 of \d+ .* within 0.5.*overlap"):
        icp.fit(room[0] + 100, room[1])


@pytest.mark.parametrize("plane", ["auto", "normals", "local"])
def test_clouds_far_apart_warn_with_their_fitness(room, plane):
    icp = PointToPlaneICP(plane=plane)
    with pytest.warns(ConvergenceWarning, match=r"fitness 0\.00.*may not overlap"):
        icp.fit(room[0] + 100, room[1])
    assert icp.fitness_ == 0
    assert not icp.converged_
    assert_allclose(icp.transformation_, np.eye(4), atol=1e-12)
    assert icp.report_.mask == "111111"


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_clouds_in_other_units_warn_or_are_refused(room, factor):
    with pytest.warns(ConvergenceWarning, match="differ in unit"):
        PointToPlaneICP().fit(factor * room[0], room[1])
    with pytest.raises(ValueError, match="differ in unit"):
        PointToPlaneICP(voxel_size=30.0).fit(room[0], room[1])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_every_stage_of_a_long_schedule_has_its_iterations(room):
    distances = np.linspace(4, 1, 150)
    icp = PointToPlaneICP(max_correspondence_distance=distances, max_iter=1)
    visited = {state.distance for state in icp.fit(*room).history_}
    assert visited == set(distances)


def test_stopping_early_warns(room):
    with pytest.warns(ConvergenceWarning, match="max_iter=1 with a step of"):
        icp = PointToPlaneICP(max_iter=1).fit(*room)
    assert not icp.converged_


@pytest.mark.parametrize("plane", ["auto", "normals", "local"])
@pytest.mark.parametrize("turn", [np.eye(3), np.linalg.qr(np.vander([1.0, 2, 4]))[0]])
def test_an_exact_plane_is_reported_and_nothing_slides(rng, plane, turn):
    source, target = (
        np.pad(rng.uniform(-5, 5, size=(1500, 2)), [(0, 0), (0, 1)]) for _ in range(2)
    )
    icp = PointToPlaneICP(plane=plane)
    shift = np.array([0, 0, 0.1])
    icp.fit((source + shift) @ turn, target @ turn)
    assert icp.report_.singular
    assert sum(icp.report_.weak) >= 3
    assert "singular" in icp.report_.summary()
    center = np.mean(source + shift, axis=0) @ turn
    moved = icp.transform(center[None])[0] - center
    # the tenth of a metre across the plane is found, and along it there is no motion
    assert_allclose(moved, -shift @ turn, atol=1e-7)
    if np.all(turn == np.eye(3)):
        assert icp.report_.mask == "001110"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_points_on_a_line_are_reported(rng, room):
    line = np.linspace(0, 10, 500)[:, None] * [1.0, 0, 0]
    away = line + 0.01
    for source, target in [(line, line), (away, line), (line, room[1])]:
        icp = PointToPlaneICP().fit(source, target)
        assert np.all(np.isfinite(icp.transformation_))
        assert "1" in icp.report_.mask
        if target is line:
            assert np.max(np.abs(icp.transform(source) - source)) < 0.1
        assert not np.any(np.isnan(icp.report_.stds))
        assert icp.report_.summary()
    blurred = [line + 0.001 * rng.standard_normal(line.shape) for _ in range(2)]
    mask = PointToPlaneICP().fit(*blurred).report_.mask
    assert mask[0] == mask[3] == "1"


def test_partners_without_a_plane_are_not_called_missing():
    line = np.linspace(0, 10, 500)[:, None] * [1.0, 0, 0]
    with pytest.warns(ConvergenceWarning, match=r"stand on lines.*n_neighbors") as told:
        PointToPlaneICP().fit(line, line)
    assert "may not overlap" not in str(told[0].message)
    with pytest.raises(ValueError, match=r"lies in a surface.*stand on lines"):
        PointToPlaneICP(max_correspondence_distance=1.0).fit(line, line)


def test_more_neighbours_than_points_are_all_points(scene):
    source, target, _ = scene("room", 200)
    icp = PointToPlaneICP(n_neighbors=5000, plane="normals").fit(source, target)
    # one normal for all of them: a plane
    assert icp.report_.singular
    assert np.max(np.abs(icp.transform(source) - source)) < 2
