"""Registration beside small_gicp and Open3D: errors, masks, starts, solves, time.

python benchmarks/bench_registration.py [--scenes] [--starts] [--solves] [--iteration]
    [--whole] [--rounds 15] [--seeds 5]

Without a flag everything runs. Everything has one thread, on one core where the system
lets a process choose (Open3D's own threads heed nothing else); contestants take turns,
and a figure is the median of ratios within a turn. Errors are those of the translation
and of the rotation, to the reference motion. small_gicp and Open3D take part when
installed; SKSPACE_DATA is the folder of the LiDAR pairs.
"""

from __future__ import annotations

import argparse
import importlib
import os
import statistics
import warnings
from functools import partial

import numpy as np
from _harness import clock
from scipy.spatial.transform import Rotation
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from skspace.datasets import (
    DatasetNotFoundError,
    fetch_car_lidar,
    fetch_corridor,
    fetch_street_lidar,
    make_corridor,
)
from skspace.registration import PointToPlaneICP, TargetIndex
from skspace.registration._alignment import Alignment
from skspace.registration._clouds import check_cloud, thin
from skspace.registration._settings import rules_of

CELL, REACH = 0.25, 1.0
"""Cells and largest distance of pairs, metres: the defaults of small_gicp."""


def optional(name):
    """Import a peer, or None."""
    try:
        return importlib.import_module(name)
    except ImportError:
        print(f"({name} is not installed)")
        return None


def pairs(n_seeds=0):
    """Yield name, source, target, motion; LiDAR pairs, then generated scenes."""
    fetchers = {
        "street": fetch_street_lidar,
        "car": fetch_car_lidar,
        "corridor": fetch_corridor,
    }
    for name, fetch in fetchers.items():
        try:
            data = fetch()
        except (DatasetNotFoundError, ImportError):
            print(f"(no {name}: set SKSPACE_DATA to the folder of the data)")
        else:
            yield name, data.data, data.target, data.transform
    for scene in ("tunnel", "corridor", "plane", "room") if n_seeds else ("tunnel",):
        for seed in range(max(n_seeds, 1)):
            yield f"made {scene}", *make_corridor(scene, random_state=seed)


def error(found, motion):
    """Return centimetres and degrees between two motions."""
    turn = Rotation.from_matrix(found[:3, :3].T @ motion[:3, :3])
    shift = np.linalg.norm(found[:3, 3] - motion[:3, 3])
    return 100 * shift, np.degrees(turn.magnitude())


def quietly(call):
    """Call without warnings of fits that are still moving."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return call()


# -- contestants: everything, from two clouds to a motion ------------------------------


def ours(source, target, init, **parameters):
    """Default configuration."""
    icp = PointToPlaneICP(init=init, **parameters)
    return quietly(lambda: icp.fit(source, target)).transformation_


def by_small_gicp(kind, module, source, target, init):
    """Downsample, prepare and align by its own defaults."""
    return module.align(
        target, source, init_T_target_source=init, registration_type=kind, num_threads=1
    ).T_target_source


def by_open3d(module, source, target, init):
    """Downsample, fit normals and align, point to plane."""
    o3d, clouds = module, []
    for points in (source, target):
        cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(points))
        clouds.append(cloud.voxel_down_sample(CELL))
    clouds[1].estimate_normals(o3d.geometry.KDTreeSearchParamKNN(10))
    estimation = o3d.pipelines.registration.TransformationEstimationPointToPlane()
    return o3d.pipelines.registration.registration_icp(
        *clouds, REACH, init, estimation
    ).transformation


def contestants():
    """Return name -> call(source, target, init)."""
    found = {"skspace": ours}
    if small_gicp := optional("small_gicp"):
        found["small_gicp GICP"] = partial(by_small_gicp, "GICP", small_gicp)
        found["small_gicp plane"] = partial(by_small_gicp, "PLANE_ICP", small_gicp)
    if open3d := optional("open3d"):
        open3d.utility.set_verbosity_level(open3d.utility.VerbosityLevel.Error)
        found["open3d plane"] = partial(by_open3d, open3d)
    return found


# -- parts -----------------------------------------------------------------------------


def bench_scenes(n_seeds):
    """Print errors, masks and iterations of one configuration on every scene."""
    print("\nOne default configuration; median [largest] over draws")
    print(f"  {'':14s}{'cm':>14s}{'degrees':>18s}  iterations  planes   masks")
    found = {}
    for name, source, target, motion in pairs(n_seeds):
        icp = quietly(partial(PointToPlaneICP().fit, source, target))
        plain = {
            plane: error(ours(source, target, None, plane=plane), motion)
            for plane in ("normals", "local")
        }
        found.setdefault(name, []).append(
            (error(icp.transformation_, motion), icp, plain)
        )
    for name, draws in found.items():
        cm, degrees = np.array([errors for errors, _, _ in draws]).T
        fits = [icp for _, icp, _ in draws]
        masks = [icp.report_.mask for icp in fits]
        counted = ", ".join(f"{m} x{masks.count(m)}" for m in sorted(set(masks)))
        moving = sum(not icp.converged_ for icp in fits)
        print(
            f"  {name:14s}{np.median(cm):7.2f} [{cm.max():.2f}]"
            f"{np.median(degrees):9.4f} [{degrees.max():.4f}]"
            f"{np.median([icp.n_iter_ for icp in fits]):8.0f}"
            f"     {'/'.join(sorted({icp.planes_ for icp in fits})):8s} {counted}"
            + (f"  ({moving} still moving)" if moving else "")
        )
        for plane in ("normals", "local"):
            cm, degrees = np.array([plain[plane] for _, _, plain in draws]).T
            print(
                f"    {plane:12s}{np.median(cm):7.2f} [{cm.max():.2f}]"
                f"{np.median(degrees):9.4f} [{degrees.max():.4f}]"
            )


def bench_starts(n_starts):
    """Print how many starts 15 degrees and 1 m off end where the truth is."""
    limits = {"street": (3, 0.5), "corridor": (1, 0.02), "made tunnel": (2, 0.05)}
    methods = contestants()
    print(f"\nOf {n_starts} starts 15 degrees and 1 m off, how many end near the truth")
    for name, source, target, motion in pairs():
        if name not in limits:
            continue
        rng, centre = np.random.RandomState(0), source.mean(axis=0)
        ends = {method: [] for method in methods}
        for _ in range(n_starts):
            axis, shift = (v / np.linalg.norm(v) for v in rng.standard_normal((2, 3)))
            init = np.eye(4)
            init[:3, :3] = Rotation.from_rotvec(np.radians(15) * axis).as_matrix()
            init[:3, 3] = centre + shift - init[:3, :3] @ centre
            for method, call in methods.items():
                ends[method].append(error(call(source, target, motion @ init), motion))
        cm, degrees = limits[name]
        print(f"  {name}, within {cm} cm and {degrees} degrees")
        for method, errors in ends.items():
            errors = np.array(errors)
            near = int(np.sum((errors[:, 0] <= cm) & (errors[:, 1] <= degrees)))
            worst = f"median {np.median(errors[:, 0]):.2f} cm"
            worst += f", largest {errors[:, 0].max():.1f} cm"
            print(f"    {method:18s}{near:3d}/{n_starts}   {worst}", flush=True)


def bench_solves():
    """Print what each treatment of weak directions does, and how PCG compares."""
    print("\nSteps by conjugate gradients beside a direct solve")
    for name, source, target, _ in pairs():
        icp = PointToPlaneICP().fit(source, target)
        differences, counts = [], []
        for state in icp.history_:
            direct = np.linalg.solve(state.hessian, state.gradient)
            length = np.linalg.norm(direct)
            differences.append(np.linalg.norm(state.step - direct) / length)
            counts.append(state.pcg_iterations)
        print(
            f"  {name:14s}largest relative difference {max(differences):.0e} of "
            f"{len(counts)} steps, at most {max(counts)} iterations, "
            f"{sum(state.fallback for state in icp.history_)} fallbacks"
        )
    treatments = {
        "solve": {},
        "early_stop": {},
        "damp": {},
        "freeze": {},
        "prior": {"prior_std_rot": 0.02, "prior_std_trans": 0.2},
    }
    for name, source, target, motion in pairs():
        if name not in {"corridor", "made tunnel"}:
            continue
        print(
            f"  {name}: treatments of weak directions (start off by the whole motion)"
        )
        for treatment, more in treatments.items():
            icp = PointToPlaneICP(weak_directions=treatment, **more)
            quietly(partial(icp.fit, source, target))
            cm, degrees = error(icp.transformation_, motion)
            print(
                f"    {treatment:12s}{cm:8.2f} cm {degrees:8.4f} degrees  "
                f"{icp.n_iter_:3d} iterations, "
                f"{'converged' if icp.converged_ else 'still moving'}"
            )


def bench_iteration(n_rounds):
    """Print the time of one iteration with fixed normals on equal clouds."""
    small_gicp = optional("small_gicp")
    if small_gicp is None:
        return
    print("\nOne iteration, fixed normals, same points: skspace over small_gicp")
    medians = []
    for name, source, target, _ in pairs():
        (theirs, their_tree), (their_source, _) = (
            small_gicp.preprocess_points(cloud, CELL, num_threads=1)
            for cloud in (target, source)
        )
        index = TargetIndex(theirs.points()[:, :3], voxel_size=None)
        cloud = check_cloud(their_source.points()[:, :3], "source")
        points, weights = thin(cloud.points, 0.0, offset=cloud.offset)
        start = np.eye(3, 4)
        start[:, 3] = cloud.offset - index.offset_

        def align(
            theirs=theirs, their_source=their_source, their_tree=their_tree, **more
        ):
            return small_gicp.align(
                theirs,
                their_source,
                their_tree,
                registration_type="PLANE_ICP",
                max_correspondence_distance=REACH,
                num_threads=1,
                **more,
            )

        n_iter = align().iterations + 1  # it counts from zero
        settings = PointToPlaneICP(
            plane="normals",
            voxel_size=None,
            max_correspondence_distance=REACH,
            max_iter=n_iter,
            tol_rot=1e-300,
            tol_trans=1e-300,
        )

        def iterate(
            settings=settings, points=points, weights=weights, index=index, start=start
        ):
            run = Alignment(
                settings, points, weights, index, start, rules_of(settings)
            ).states()
            return [clock(lambda: next(run))[0] for _ in range(settings.max_iter)]

        first = sum(iterate())
        ratios, every, mine, other = [], [], [], []
        for _ in range(n_rounds):
            each = iterate()
            seconds = clock(align)[0] / n_iter
            mine.append(np.mean(each))
            other.append(seconds)
            ratios.append(mine[-1] / seconds)
            every.append(each[0] / seconds)
        medians.append((statistics.median(ratios), statistics.median(every)))
        print(
            f"  {name:14s}{medians[-1][0]:6.2f} [{min(ratios):.2f}, {max(ratios):.2f}]"
            f"  ({statistics.median(mine) * 1e3:.2f} and "
            f"{statistics.median(other) * 1e3:.2f} ms, mean of {n_iter}; "
            f"first call {first / n_iter * 1e3:.1f})"
            f"   iteration that searches every point {medians[-1][1]:.2f}",
            flush=True,
        )
    mean, every = np.exp(np.mean(np.log(medians), axis=0))
    print(f"  {'geometric mean':14s}{mean:6.2f}   every point searched {every:.2f}")


def bench_whole(n_rounds):
    """Print the time from two clouds to a motion, error beside it."""
    print("\nFrom two clouds to a motion by defaults: time of the others over skspace")
    methods, logs = contestants(), {}
    methods["skspace, normals"] = partial(ours, plane="normals")
    for name, source, target, motion in pairs():
        calls = {
            method: partial(call, source, target, np.eye(4))
            for method, call in methods.items()
        }
        lines = {}
        for method, call in calls.items():
            first, found = clock(call)
            lines[method] = (first, [], error(found, motion))
        for _ in range(n_rounds):
            for method, call in calls.items():
                lines[method][1].append(clock(call)[0])
        print(f"  {name} ({len(source)} and {len(target)} points)")
        base = lines["skspace"][1]
        for method, (first, times, (cm, degrees)) in lines.items():
            each = [t / o for t, o in zip(times, base, strict=True)]
            ratio = statistics.median(each)
            logs.setdefault(method, []).append(np.log(ratio))
            print(
                f"    {method:18s}{statistics.median(times) * 1e3:8.1f} ms "
                f"(first {first * 1e3:.0f})  {ratio:5.2f}x "
                f"[{min(each):.2f}, {max(each):.2f}]   {cm:.2f} cm {degrees:.4f} deg",
                flush=True,
            )
    print("  geometric means")
    for method, values in logs.items():
        ratio = np.exp(np.mean(values))
        print(f"    {method:18s}{ratio:5.2f}x of ours; ours {1 / ratio:.2f}x of it")


def main():
    """Run what the flags ask for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parts = ("scenes", "starts", "solves", "iteration", "whole")
    for part in parts:
        parser.add_argument(f"--{part}", action="store_true")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--n-starts", type=int, default=20)
    given = parser.parse_args()
    everything = not any(getattr(given, part) for part in parts)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with threadpool_limits(1):
        if everything or given.scenes:
            bench_scenes(given.seeds)
        if everything or given.starts:
            bench_starts(given.n_starts)
        if everything or given.solves:
            bench_solves()
        if everything or given.iteration:
            bench_iteration(given.rounds)
        if everything or given.whole:
            bench_whole(given.rounds)


if __name__ == "__main__":
    main()
