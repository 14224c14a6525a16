"""The outer loop: stages of a coarse-to-fine schedule, a state an iteration."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ._clouds import FEWEST, thin
from ._motion import moved
from ._pairs import Pairs, Side
from ._patches import split
from ._step import analyze, direct, directions, prior_of, solve
from ._target import make_level

REACH = 4.0
"""Distances of pairs in cells: a stage for distance d works on cells of d / 4."""
COARSE = (8.0, 3.0)
"""Cells of the automatic schedule's coarse stages, in spacings of the target."""
SAMPLE, COARSE_SAMPLE = 3_500, 1_500
"""Most source points of an automatic stage with fixed normals, last and before."""
FLAT = 6_000
"""Most points of flat patches of each cloud in a stage with local planes both ways."""
COARSE_ITER = 12
"""Most iterations of a coarse stage, which only has to come near."""
LONGEST_STRIDE = 3.0
"""Most that a step in weak directions is lengthened by."""
SMALLEST = 50
"""Points below which a coarse stage is left out."""


class State(NamedTuple):
    """One iteration: the pose it ended with and the equations it solved."""

    cell: float
    distance: float
    n_pairs: int
    fitness: float
    rmse: float
    rotation: float
    """Angle moved by, radians."""
    translation: float
    """Distance moved by."""
    pcg_iterations: int
    pcg_residual: float
    fallback: bool
    change: float
    planes: str
    """"normals" or "local"."""
    hessian: Any
    gradient: Any
    step: Any
    """(6,) solution of the equations; in weak directions more may have been moved."""
    pose: Any
    """(3, 4): rotation and translation between the clouds about their centroids."""


class TooFewPairsError(Exception):
    """Fewer than ten points have a plane."""

    def __init__(self, sums, n_points, distance):
        self.lines = sums.fitness * n_points >= FEWEST
        """Whether partners are there, whose neighbours make no plane."""
        super().__init__(
            f"Only {sums.n_pairs} of {n_points} source points have a partner within "
            f"{distance:.3g}{' that lies in a surface' if self.lines else ''}, and a "
            f"motion needs {FEWEST}"
        )


class Stage(NamedTuple):
    """What the rows of some iterations are."""

    cell: float
    """Side of the cells, 0 for the finest resolution."""
    distance: float
    """Largest distance of pairs."""
    local: bool = False
    """Planes through the neighbours of each point, or normals fitted once."""
    both: bool = False
    """Local planes of each cloud for the points of the other, where they tell much."""
    most: float = np.inf
    """Most points of a cloud that are measured; of flat patches where both are."""
    last: bool = False


def schedule(max_correspondence_distance, spacing):
    """Return cells and distances of the stages, coarse ones first."""
    if isinstance(max_correspondence_distance, str):
        cells = [c * spacing for c in COARSE]
        return [*((cell, REACH * cell) for cell in cells), (0.0, REACH * spacing)]
    distances = [float(d) for d in np.atleast_1d(max_correspondence_distance)]
    cells = [d / REACH if d > 1.5 * REACH * spacing else 0.0 for d in distances]
    return list(zip([*cells[:-1], 0.0], distances, strict=True))


class Stride:
    """Lengthen steps in weak directions, which fall short there.

    Of a direction that few points know, the many others' planes lean a little at
    random; the Hessian takes that for evidence, and steps are too short by its share.
    The change from one step to the next tells by how much (a secant). At most thrice
    the step is made, and the strong unknowns follow as the Hessian couples them; where
    steps vanish is not changed.
    """

    def __init__(self):
        self.before, self.factor = None, 1.0

    def __call__(self, step, hessian, analysis):
        """Return the step to make in place of `step`."""
        weak = directions(analysis, weak=True)
        if weak.shape[1] == 0 or analysis.singular:
            return step
        now = weak.T @ step
        if self.before is not None and self.before.shape == now.shape:
            # measured by what the steps explain, whatever the units of the two blocks
            size = weak.T @ hessian @ weak
            kept = (now @ size @ self.before) / (self.before @ size @ self.before)
            share = (1 - kept) / self.factor  # of the way that a plain step makes
            self.factor = 1 / min(max(share, 1 / LONGEST_STRIDE), 1.0)
        self.before = now
        along = direct(hessian, weak)
        along = along @ np.linalg.lstsq(weak.T @ along, now)[0]
        return step + (self.factor - 1) * along


class Alignment:
    """A run of point-to-plane registration.

    Iterate over :meth:`states`; afterwards `pose`, `sums`, `analysis` and `converged`
    describe where it ended.

    Parameters
    ----------
    settings : PointToPlaneICP
        Whose parameters rule.
    source, weights : (n, 3) and (n,) arrays
        Points about their centroid, and how many each stands for.
    index : TargetIndex
    start : (3, 4) array
        Pose between the clouds about their centroids.
    rules : dict
        Of :func:`skspace.linalg._schur_blocks.block_spectrum`, with `max_std`.
    """

    def __init__(self, settings, source, weights, index, start, rules):
        self.settings, self.index, self.rules = settings, index, rules
        self.source, self.weights = source, weights
        self.start = self.pose = start
        self.converged = self.finished = False
        self.sums = self.analysis = self.planes = None
        self._pairs = self._now = None
        self._clouds = {0.0: source}

    def states(self):
        """Yield one state an iteration, all stages in turn."""
        settings, auto = self.settings, self.settings.plane == "auto"
        stages = schedule(settings.max_correspondence_distance, self.index.spacing_)
        sampled = settings.voxel_size == "auto" and settings.plane != "local"
        for cell, distance in stages[:-1]:
            if cell > 0 and self._size(cell) < SMALLEST:
                continue
            most = COARSE_SAMPLE if sampled and not self._is_weak() else np.inf
            local = settings.plane == "local"
            yield from self._stage(Stage(cell, distance, local=local, most=most))
        distance = stages[-1][1]
        if not (auto and self._is_weak()):
            most = SAMPLE if sampled else np.inf
            local = settings.plane == "local"
            stage = Stage(0.0, distance, local=local, most=most, last=True)
            yield from self._stage(stage)
        if auto and self._is_weak():
            stage = Stage(0.0, distance, local=True, both=True, most=FLAT, last=True)
            yield from self._stage(stage)

    def _is_weak(self):
        return self.analysis is not None and bool(np.any(self.analysis.weak))

    def _size(self, cell):
        """Points of the smaller cloud at that resolution."""
        target = self.index.level(cell).points.shape[0]
        return min(self._cloud(cell).shape[0], target)

    def _cloud(self, cell):
        """Return the source at that resolution."""
        if cell not in self._clouds:
            self._clouds[cell] = thin(self.source, cell, self.weights)[0]
        return self._clouds[cell]

    def _sides(self, stage):
        settings, index = self.settings, self.index
        points, level = self._cloud(stage.cell), index.level(stage.cell)
        k = min(
            settings.plane_neighbors, min(points.shape[0], level.points.shape[0]) - 1
        )
        thickness = settings.max_plane_thickness or np.inf
        if not stage.both:
            points = sample(points, stage.most)
            if stage.local:
                return [Side(points, level, k, thickness)]
            return [Side(points, level, n_neighbors=index.n_neighbors)]
        sides = []
        levels = make_level(points)[0], level
        clouds = [split(each) for each in levels]
        for reverse in (False, True):
            other = levels[0 if reverse else 1]
            telling, flat = clouds[1 if reverse else 0][:2]
            patches = clouds[0 if reverse else 1][2:]
            flat = sample(flat, stage.most)
            sides += [
                Side(telling, other, k, thickness, reverse=reverse),
                Side(flat, other, patches=patches, reverse=reverse),
            ]
        return sides

    def _stage(self, stage):
        settings = self.settings
        treatment = settings.weak_directions
        self._pairs = Pairs(self._sides(stage), settings.robust, settings.robust_scale)
        self._now, self.finished = stage, False
        self.planes = "local" if stage.local else "normals"
        self.converged, self.analysis = False, None
        tol_rot, tol_trans = self._tolerances(stage)
        max_iter = settings.max_iter
        if not stage.last:
            max_iter = min(max_iter, COARSE_ITER)
        stride = Stride() if stage.both and treatment == "solve" else None
        for _ in range(max_iter):
            sums = self._sum()
            if self.analysis is None or treatment not in {"solve", "early_stop"}:
                self.analysis = analyze(sums.hessian, sums.sigma, self.rules)
            step = self._solve(sums)
            made = step.step
            if stride is not None:
                made = stride(made, sums.hessian, self.analysis)
            self.pose = moved(self.pose, made, settings.chart)
            rotation = float(np.linalg.norm(made[:3]))
            translation = float(np.linalg.norm(made[3:]))
            change = max(rotation / tol_rot, translation / tol_trans)
            self.converged = stage.last and change < 1
            yield State(
                stage.cell or self.index.voxel_size_ or 0.0,
                stage.distance,
                sums.n_pairs,
                sums.fitness,
                sums.rmse,
                rotation,
                translation,
                step.pcg_iterations,
                step.pcg_residual,
                step.fallback,
                change,
                self.planes,
                sums.hessian,
                sums.gradient,
                step.step,
                self.pose,
            )
            if change < 1:
                break
        if stage.last:
            self.finish()

    def _solve(self, sums):
        settings = self.settings
        treatment, prior = settings.weak_directions, None
        if treatment == "prior":
            stds = settings.prior_std_rot, settings.prior_std_trans
            prior = prior_of(self.pose, self.start, *stds, sums.sigma**2)
        max_iter = settings.pcg_max_iter
        if max_iter is None:
            max_iter = 3 if treatment == "early_stop" else 10
        return solve(
            sums.hessian,
            sums.gradient,
            self.analysis,
            tol=settings.pcg_tol,
            max_iter=max_iter,
            treatment=treatment,
            prior=prior,
        )

    def _sum(self):
        self.sums = sums = self._pairs.update(self.pose, self._now.distance)
        if sums.n_pairs < FEWEST:
            self.analysis = analyze(sums.hessian, sums.sigma, self.rules)
            raise TooFewPairsError(sums, self._pairs.n_points, self._now.distance)
        return sums

    def finish(self):
        """Sum and analyse at the pose reached; from rows where H would not do."""
        self.finished = True
        self.sums = self._pairs.update(self.pose, self._now.distance)
        H = self.sums.hessian
        scale = np.sqrt(np.maximum(np.diag(H), 1e-300))
        values = np.linalg.eigvalsh(H / scale / scale[:, None])
        rows = None
        if values[0] < 1e-12 * values[-1]:
            rows = self._pairs.rows(self.pose)
        self.analysis = analyze(H, self.sums.sigma, self.rules, rows)

    def _tolerances(self, stage):
        settings = self.settings
        if not stage.last:
            return 1e-3, 0.02 * (stage.cell or self.index.spacing_)
        tol_trans = settings.tol_trans
        if tol_trans == "auto":
            tol_trans = 0.003 * self.index.spacing_
        return settings.tol_rot, tol_trans


def sample(points, most):
    """Every j-th point along the curve the cloud is sorted by, `most` at most."""
    return np.ascontiguousarray(points[:: max(1, math.ceil(points.shape[0] / most))])
