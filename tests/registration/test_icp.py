"""Motions that are found, directions that are not, and what leaves both unchanged."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning

from skspace import datasets
from skspace.registration import PointToPlaneICP, TargetIndex, analyze_blocks
from skspace.registration._motion import rotation_exp

MASKS = {
    "corridor": "100100",
    "tunnel": "100100",
    "plane": "001110",
    "room": "000000",
}
PLAIN = {"voxel_size": None, "max_correspondence_distance": 1.0, "plane": "normals"}
"""One stage at full resolution: nothing depends on a grid."""


def a_motion(rng, angle, length):
    axis, shift = rng.standard_normal((2, 3))
    motion = np.eye(4)
    motion[:3, :3] = rotation_exp(angle * axis / np.linalg.norm(axis))
    motion[:3, 3] = length * shift / np.linalg.norm(shift)
    return motion


def apply(motion, X):
    return X @ motion[:3, :3].T + motion[:3, 3]


def start_away(rng, truth, source, degrees, length):
    """A start that is off by a turn about the scan's centroid and a shift."""
    off = a_motion(rng, np.deg2rad(degrees), length)
    center = truth[:3, :3] @ source.mean(axis=0) + truth[:3, 3]
    off[:3, 3] += center - off[:3, :3] @ center
    return off @ truth


@pytest.mark.parametrize("scene_name", MASKS)
@pytest.mark.parametrize("seed", [0, 1])
def test_masks_name_what_each_scene_leaves_open(default_fit, scene_name, seed):
    icp = default_fit(scene_name, 20_000, seed)
    assert icp.report_.mask == MASKS[scene_name]
    assert icp.planes_ == ("normals" if scene_name == "room" else "local")


@pytest.mark.parametrize(
    ("scene_name", "length", "angle"),
    [("corridor", 0.006, 0.02), ("tunnel", 0.016, 0.025), ("room", 0.002, 0.03)],
)
def test_motions_of_generated_scans_are_found(
    default_fit, scene, error_of, scene_name, length, angle
):
    errors = [
        error_of(
            default_fit(scene_name, 20_000, seed).transformation_,
            scene(scene_name, 20_000, seed)[2],
            scene(scene_name, 20_000, seed)[0],
        )
        for seed in (0, 1)
    ]
    assert np.mean(errors, axis=0)[0] < length
    assert np.mean(errors, axis=0)[1] < angle


def test_a_plane_is_found_across(default_fit, scene):
    source, _, motion = scene("plane", 20_000, 0)
    icp = default_fit("plane", 20_000, 0)
    off = icp.transform(source) - apply(motion, source)
    assert np.max(np.abs(off[:, 2])) < 0.015


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "mask", "length", "angle"),
    [
        ("street_lidar", "000000", 0.03, 0.5),
        ("car_lidar", "000000", 0.035, 0.2),
        ("corridor", "100100", 0.01, 0.02),
    ],
)
def test_real_pairs_meet_their_reference(
    name, mask, length, angle, data_folder, error_of
):
    bunch = getattr(datasets, f"fetch_{name}")()
    icp = PointToPlaneICP().fit(bunch.data, bunch.target)
    off = error_of(icp.transformation_, bunch.transform, bunch.data)
    assert icp.report_.mask == mask
    assert off[0] <= length
    assert off[1] <= angle


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "length", "angle"),
    [("street_lidar", 0.03, 0.5), ("corridor", 0.01, 0.02)],
)
def test_starts_fifteen_degrees_and_a_metre_off_converge(
    name, length, angle, data_folder, error_of
):
    bunch = getattr(datasets, f"fetch_{name}")()
    index = TargetIndex(bunch.target)
    for seed in range(3):
        rng = np.random.RandomState(seed)
        init = start_away(rng, bunch.transform, bunch.data, 15, 1)
        icp = PointToPlaneICP(init=init).fit(bunch.data, index)
        off = error_of(icp.transformation_, bunch.transform, bunch.data)
        assert off[0] <= length
        assert off[1] <= angle


@pytest.mark.parametrize("plane", ["auto", "normals", "local"])
def test_a_cloud_on_itself_stays_where_it_is(scene, plane):
    X = scene("room", 2000)[0]
    icp = PointToPlaneICP(plane=plane).fit(X, X)
    # a plane through five noisy points passes by the one that is measured
    atol = 0.003 if plane == "local" else 1e-10
    assert_allclose(icp.transformation_, np.eye(4), atol=atol)
    assert icp.fitness_ == 1


def test_a_moved_cloud_comes_back_exactly(scene, rng):
    X = scene("room", 3000)[0]
    motion = a_motion(rng, 0.05, 0.1)
    icp = PointToPlaneICP(**PLAIN, tol_rot=1e-9, tol_trans=1e-9, max_iter=100)
    icp.fit(X, apply(motion, X))
    assert_allclose(icp.transformation_, motion, atol=1e-11)


@pytest.mark.parametrize("plane", ["normals", "local"])
@pytest.mark.parametrize("chart", ["SO3xR3", "SE3"])
def test_moving_both_clouds_moves_the_answer(scene, rng, plane, chart):
    source, target, _ = scene("room", 2000)
    settings = {**PLAIN, "plane": plane, "chart": chart}
    before = PointToPlaneICP(**settings).fit(source, target).transformation_
    for _ in range(2):
        G = a_motion(rng, rng.uniform(0, 3), 50.0)
        icp = PointToPlaneICP(**settings).fit(apply(G, source), apply(G, target))
        assert_allclose(icp.transformation_, G @ before @ np.linalg.inv(G), atol=1e-8)
    # each on its own, the start likewise
    G, K = a_motion(rng, 2.0, 20.0), a_motion(rng, 1.0, 9.0)
    icp = PointToPlaneICP(**settings, init=G @ np.linalg.inv(K))
    icp.fit(apply(K, source), apply(G, target))
    assert_allclose(icp.transformation_, G @ before @ np.linalg.inv(K), atol=1e-8)


def test_shifting_both_clouds_changes_nothing_by_default(scene, default_fit):
    source, target, _ = scene("corridor")
    before = default_fit("corridor")
    shift = np.array([1000.0, -2000, 500])
    icp = PointToPlaneICP().fit(source + shift, target + shift)
    assert_allclose(icp.rotation_, before.rotation_, atol=1e-10)
    center = source.mean(axis=0)
    moved = icp.transform(center[None] + shift) - shift
    assert_allclose(moved, before.transform(center[None]), atol=1e-8)
    assert icp.report_.mask == before.report_.mask


@pytest.mark.parametrize("scene_name", ["room", "corridor"])
def test_the_unit_of_length_is_of_no_consequence(scene, default_fit, scene_name):
    source, target, _ = scene(scene_name)
    before = default_fit(scene_name)
    icp = PointToPlaneICP().fit(1024 * source, 1024 * target)
    assert_allclose(icp.rotation_, before.rotation_, atol=1e-10)
    assert_allclose(icp.translation_, 1024 * before.translation_, atol=1e-8)
    assert icp.report_.mask == before.report_.mask
    assert_allclose(icp.report_.kappa, before.report_.kappa, rtol=1e-8)


@pytest.mark.parametrize("scene_name", ["room", "corridor"])
def test_the_order_of_points_is_of_no_consequence(scene, default_fit, rng, scene_name):
    source, target, _ = scene(scene_name)
    icp = PointToPlaneICP().fit(rng.permutation(source), rng.permutation(target))
    before = default_fit(scene_name)
    assert_allclose(icp.transformation_, before.transformation_, atol=1e-10)
    assert icp.n_iter_ == before.n_iter_


@pytest.mark.parametrize("scene_name", MASKS)
def test_the_preconditioned_step_is_the_direct_one(default_fit, scene_name):
    history = default_fit(scene_name, 20_000, 0).history_
    assert history
    for state in history:
        step = np.linalg.solve(state.hessian, state.gradient)
        assert np.linalg.norm(state.step - step) <= 1e-9 * np.linalg.norm(step)
        assert not state.fallback
        assert state.pcg_iterations <= 10


@pytest.mark.data
@pytest.mark.parametrize("name", ["street_lidar", "car_lidar", "corridor"])
def test_the_step_is_the_direct_one_on_real_pairs(name, data_folder):
    bunch = getattr(datasets, f"fetch_{name}")()
    for state in PointToPlaneICP().fit(bunch.data, bunch.target).history_:
        step = np.linalg.solve(state.hessian, state.gradient)
        assert np.linalg.norm(state.step - step) <= 1e-9 * np.linalg.norm(step)


def test_history_tells_every_iteration(default_fit):
    icp = default_fit("room")
    for state in icp.history_:
        assert_allclose(state.rotation, np.linalg.norm(state.step[:3]))
        assert_allclose(state.translation, np.linalg.norm(state.step[3:]))
        assert state.hessian.shape == (6, 6)
        assert_array_equal(state.hessian, state.hessian.T)
        assert np.linalg.eigvalsh(state.hessian)[0] > 0
        assert state.n_pairs >= 10
        assert 0 < state.fitness <= 1
        assert state.planes in {"normals", "local"}
    distances = [state.distance for state in icp.history_]
    assert distances == sorted(distances, reverse=True)
    assert_allclose(distances[-1], 4 * TargetIndex(datasets_target()).spacing_)
    assert icp.history_[-1].change < 1


def datasets_target():
    return datasets.make_corridor("room", 4000, random_state=0)[1]


# What is done about weak directions.


@pytest.fixture(scope="module")
def treated(scene):
    """Fits of one corridor with every treatment, at one stage."""
    source, target, _ = scene("corridor")

    def fit(weak_directions, **more):
        icp = PointToPlaneICP(
            **{**PLAIN, "max_iter": 200, **more}, weak_directions=weak_directions
        )
        return icp.fit(source, target)

    return fit


def weak_and_strong(state):
    report = analyze_blocks(state.hessian)
    assert report.mask == "100100"
    directions = report.directions
    return directions[:, report.weak], directions[:, ~report.weak], report


def test_freeze_takes_no_step_in_weak_directions(treated):
    for state in treated("freeze").history_:
        weak, strong, _ = weak_and_strong(state)
        assert np.max(np.abs(weak.T @ state.step)) < 1e-10
        # and the best one in all others
        left = strong.T @ (state.hessian @ state.step - state.gradient)
        assert np.max(np.abs(left)) < 1e-9 * np.max(np.abs(state.hessian))


def test_damp_is_the_step_with_weak_eigenvalues_raised(treated):
    with pytest.warns(ConvergenceWarning, match="stopped at max_iter=30"):
        icp = treated("damp", max_iter=30)
    for state in icp.history_:
        weak, _, report = weak_and_strong(state)
        gap = (report.clamped - report.eigenvalues)[report.weak]
        raised = state.hessian + weak * gap @ weak.T
        assert_allclose(
            state.step, np.linalg.solve(raised, state.gradient), rtol=1e-8, atol=1e-12
        )
        assert np.all(gap > 0)


def test_damp_is_slow_and_ends_where_solve_ends(treated):
    settings = {"tol_rot": 1e-7, "tol_trans": 1e-6, "max_iter": 2000}
    free, damped = treated("solve", **settings), treated("damp", **settings)
    assert damped.n_iter_ > 2 * free.n_iter_
    ten = damped.history_[9].pose[:, 3] - free.history_[-1].pose[:, 3]
    end = damped.history_[-1].pose[:, 3] - free.history_[-1].pose[:, 3]
    assert np.linalg.norm(end) < 0.2 * np.linalg.norm(ten)


def test_early_stop_reaches_strong_directions_first(treated):
    history = treated("early_stop", max_iter=60).history_
    assert max(state.pcg_iterations for state in history) <= 3
    state = history[0]
    weak, strong, _ = weak_and_strong(state)
    step = np.linalg.solve(state.hessian, state.gradient)
    off = [
        np.linalg.norm(part.T @ (state.step - step)) / np.linalg.norm(part.T @ step)
        for part in (weak, strong)
    ]
    assert off[1] < 0.5 * off[0]
    shorter = treated("early_stop", pcg_max_iter=1, max_iter=200)
    assert max(state.pcg_iterations for state in shorter.history_) <= 1


def test_a_prior_is_as_strong_as_it_is_narrow(treated, scene):
    free = treated("solve")
    source = scene("corridor")[0]

    def shift(icp):
        return np.linalg.norm(icp.transform(source) - source, axis=1).max()

    def prior(std):
        return treated("prior", prior_std_rot=std, prior_std_trans=std)

    assert shift(prior(1e-9)) < 1e-6
    assert_allclose(prior(1e6).transformation_, free.transformation_, atol=1e-5)
    middle = [shift(prior(std)) for std in (1e-5, 1e-4, 1e-2)]
    assert middle == sorted(middle)


def test_a_prior_pulls_weak_directions_more_than_strong_ones(treated, scene):
    free = treated("solve").transformation_
    held = treated("prior", prior_std_rot=1.0, prior_std_trans=2e-3).transformation_
    center = np.append(scene("corridor")[0].mean(axis=0), 1.0)
    along, across, _, _ = np.abs((held - free) @ center) / np.abs(
        (free - np.eye(4)) @ center
    ).clip(1e-3)
    assert along > 2 * across


def test_both_charts_and_every_treatment_of_nothing_weak_agree(scene):
    source, target, _ = scene("room")
    settings = {**PLAIN, "tol_rot": 1e-9, "tol_trans": 1e-9, "max_iter": 100}
    poses = [
        PointToPlaneICP(**settings, **more).fit(source, target).transformation_
        for more in (
            {},
            {"chart": "SE3"},
            {"weak_directions": "freeze"},
            {"weak_directions": "damp"},
        )
    ]
    for pose in poses[1:]:
        assert_allclose(pose, poses[0], atol=1e-8)


def test_criteria_by_deviation(scene):
    source, target, _ = scene("corridor")

    def mask(**settings):
        return PointToPlaneICP(**settings).fit(source, target).report_.mask

    assert mask(criterion="std", max_std=(1e-9, 1e-9)) == "111111"
    assert mask(criterion="std", max_std=(10.0, 10.0)) == "000000"
    assert mask(criterion="both", max_std=(10.0, 1e-9)) == "000100"
    assert mask(criterion="both", max_std=(1e-9, 1e-9)) == "100100"
    assert mask(degeneracy_threshold=1e9) == "000000"


@pytest.mark.parametrize("robust", ["huber", "tukey", "gm"])
def test_robust_weights_withstand_points_of_something_else(
    scene, rng, error_of, robust
):
    source, target, motion = scene("room")
    # a fifth of the source stands off the walls, all on one side
    strange = source.copy()
    strange[::5] += [0.15, 0.1, 0.12]
    fits = [
        PointToPlaneICP(**PLAIN, robust=loss).fit(strange, target).transformation_
        for loss in (None, robust)
    ]
    plain, robust = (error_of(fit, motion, source)[0] for fit in fits)
    assert robust < 0.5 * plain


# Targets made ready once.


@pytest.mark.parametrize("scene_name", ["room", "corridor"])
def test_an_index_gives_what_the_cloud_gives(scene, default_fit, scene_name):
    source, target, _ = scene(scene_name)
    index = TargetIndex(target)
    for _ in range(2):  # levels made by the first are used by the second
        icp = PointToPlaneICP().fit(source, index)
        assert_array_equal(icp.transformation_, default_fit(scene_name).transformation_)
        assert icp.n_iter_ == default_fit(scene_name).n_iter_
        assert icp.report_.mask == default_fit(scene_name).report_.mask


def test_many_scans_in_threads_are_the_same_as_one_after_another(scene):
    source, target, _ = scene("room")
    scans = [source, source[::2], source[1::2], source[:3000]]
    starts = [np.eye(4), np.eye(4), a_motion(np.random.RandomState(0), 0.02, 0.05)]
    starts.append(np.eye(4))
    template = PointToPlaneICP(plane="normals")
    expected = [
        PointToPlaneICP(plane="normals", init=start).fit(scan, TargetIndex(target))
        for scan, start in zip(scans, starts, strict=True)
    ]
    for n_jobs in (None, 1, 2, 4):
        index = TargetIndex(target)
        fits = index.align(scans, estimator=template, init=starts, n_jobs=n_jobs)
        for ours, theirs in zip(fits, expected, strict=True):
            assert_array_equal(ours.transformation_, theirs.transformation_)
    assert template.init is None
    assert not hasattr(template, "transformation_")
    with pytest.raises(ValueError, match="2 motions for 4 scans"):
        index.align(scans, init=starts[:2])


def test_an_index_describes_its_cloud(scene):
    target = scene("room", 2000)[1]
    index = TargetIndex(target, voxel_size=None)
    assert index.voxel_size_ is None
    assert index.n_points_ == 2000
    assert_allclose(index.offset_, target.mean(axis=0))
    # a square of this side is what one point has of the surface
    area = 2 * (48 + 8 * 2.8 + 6 * 2.8) + 5.76 + 6.84 + 4.48
    assert index.spacing_ == pytest.approx(np.sqrt(area / 2000), rel=0.1)
    coarse = TargetIndex(target, voxel_size=0.5)
    assert coarse.voxel_size_ == coarse.spacing_ == 0.5
    cells = {tuple(c) for c in np.floor((target - target.mean(axis=0)) / 0.5)}
    assert coarse.n_points_ == len(cells)
    level = index.level(0)
    assert_allclose(np.linalg.norm(level.normals, axis=1), 1)
    assert np.all(level.trust >= 0)
    assert np.all(level.trust <= 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"voxel_size": -1.0}, "voxel_size"),
        ({"voxel_size": np.nan}, "voxel_size"),
        ({"voxel_size": 50.0}, "left"),
        ({"voxel_size": "small"}, "voxel_size"),
        ({"voxel_size": [0.5]}, "voxel_size"),
        ({"n_neighbors": 2}, "n_neighbors"),
        ({"n_neighbors": "many"}, "n_neighbors"),
    ],
)
def test_an_index_refuses_what_makes_none(scene, arguments, message):
    target = scene("room", 2000)[1]
    with pytest.raises(ValueError, match=message):
        TargetIndex(target, **arguments)
    with pytest.raises(ValueError, match="NaN"):
        TargetIndex(np.full((20, 3), np.nan))
