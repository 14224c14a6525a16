"""Point-to-plane registration with a diagnosis of what the clouds leave open."""

from __future__ import annotations

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._estimator import Estimator
from .._sklearn import fit_context
from .._validation import refuse_dask
from ._alignment import Alignment, schedule
from ._clouds import as_points, check_cloud, check_size
from ._motion import check_motion, orthonormal
from ._report import AXES, make_report
from ._settings import CONSTRAINTS, check_settings, drive, rules_of, warn_of
from ._target import TargetIndex, thin_alike

__all__ = ["PointToPlaneICP"]


class PointToPlaneICP(Estimator):
    """Align a point cloud with another, and say which directions they determine.

    Finds the rigid motion x -> R x + t that takes the source onto the target: each
    source point is measured along the normal of the target surface near it, the motion
    follows by least squares, and both repeat, from coarse clouds to fine ones. The
    Schur complements of rotation and translation then tell how much evidence there is
    on each direction; a corridor, for example, hardly shows how far along it one is.

    Parameters
    ----------
    init : array-like of shape (4, 4), default=None
        Where to start: a rigid motion [[R, t], [0, 1]]. None starts at rest.
    plane : {"auto", "normals", "local"}, default="auto"
        Planes of the finest stage. "normals": the plane at the nearest target point,
        fitted once. "local": the plane through the `plane_neighbors` target points
        nearest to the moved source point, dearer and finer on thin structures. "auto":
        normals where every direction is well seen; where one is weak, local planes of
        each cloud for the points of the other that tell more than most, and planes of
        whole patches for those on flat surface, of which there are many alike.
    robust : {"huber", "tukey", "gm", "linear"} or None, default=None
        Weights of large residuals, by iteratively reweighted least squares; "gm" is
        Geman and McClure's, "linear" is 1 - 0.9 r / `robust_scale`, as published with
        DCReg. None counts every pair the same. "tukey" and "gm" need a start near the
        answer where something is weak: the few points that tell are far off at first,
        and pass for errors. In corridors they end up to half a metre off.
    robust_scale : float, default=None
        Residual at which the weights begin to fall ("huber") or have fallen to one half
        ("gm") or zero ("tukey"). None measures it anew in every iteration (the median
        residual), and is 1 for "linear".
    max_correspondence_distance : "auto", float or sequence of float, default="auto"
        Pairs farther apart do not count. A number is one stage at full resolution; a
        falling sequence is a schedule, whose stage for distance d works on clouds
        thinned to cells of d / 4 where that is coarser than `voxel_size`. "auto" is
        32, 12 and 4 times the spacing of the target.
    voxel_size : float, "auto" or None, default="auto"
        Side of the cells whose points are replaced by their centroid, in both clouds.
        "auto" leaves about 16,000 points of the target; None thins nothing. Where `y`
        is a `TargetIndex`, its own rules.
    n_neighbors : int, default=10
        Target points behind each fixed normal. Where `y` is a `TargetIndex`, its own
        rules.
    plane_neighbors : int, default=5
        Target points behind each local plane.
    max_plane_thickness : float, default=None
        Local planes with a point farther off are left out. None keeps them all.
    chart : {"SO3xR3", "SE3"}, default="SO3xR3"
        How a step moves the pose: rotation and translation each for itself, or along a
        screw. Both have the same first derivative.
    weak_directions : {"solve", "early_stop", "damp", "freeze", "prior"}, \
default="solve"
        What to do in weak directions. "solve": nothing; conjugate gradients,
        preconditioned by the clamped Schur complements, find the Gauss-Newton step
        (published DCReg). "early_stop": stop them after three steps, before weak
        directions have come far. "damp": raise weak eigenvalues to the largest over
        `kappa_target`, which slows these directions down. "freeze": keep them where the
        start had them. "prior": pull the whole pose towards the start, with the
        standard deviations `prior_std_rot` and `prior_std_trans`.
    criterion : {"ratio", "std", "both"}, default="ratio"
        What makes a direction weak: a small eigenvalue beside others of its block, a
        standard deviation above `max_std`, or both together.
    degeneracy_threshold : float, default=10.0
        Ratio of eigenvalues above which a direction is weak.
    max_std : tuple of two floats, default=None
        Standard deviations wanted, of rotation (radians) and translation. Needed by the
        criteria "std" and "both"; `report_.unsafe` marks directions above. They are
        held against `report_.stds`, too small by a factor of three to four in weak
        directions.
    kappa_target : float, default=10.0
        Ratio to which weak eigenvalues are clamped in the preconditioner and in "damp".
    prior_std_rot, prior_std_trans : float, default=None
        Standard deviations of the start, in radians, and for the position of the
        source's centroid. Needed by ``weak_directions="prior"``.
    pcg_tol : float, default=1e-12
        Relative residual at which conjugate gradients stop.
    pcg_max_iter : int, default=None
        Most steps of them. None allows 10, and 3 under "early_stop"; never fewer than 6
        but there.
    max_iter : int, default=30
        Most iterations of each stage.
    tol_rot : float, default=1e-4
        A step below this angle, in radians, and below `tol_trans` ends the last stage.
    tol_trans : float or "auto", default="auto"
        Its length. "auto" is 0.003 times the spacing of the target.
    verbose : int, default=0
        Print a line an iteration.

    Attributes
    ----------
    rotation_ : ndarray of shape (3, 3)
        R.
    translation_ : ndarray of shape (3,)
        t.
    transformation_ : ndarray of shape (4, 4)
        Both, [[R, t], [0, 1]].
    report_ : DegeneracyReport
        What the equations at the final pose say of each direction, in the frame of the
        source, translations being those of its centroid.
    n_iter_ : int
        Iterations of all stages.
    rmse_ : float
        Root mean square distance of paired points to their planes.
    fitness_ : float
        Share of the (thinned) source points that have a partner, of those measured.
    converged_ : bool
        Whether the last stage met its tolerances.
    planes_ : {"normals", "local"}
        Planes that the final pose rests on.
    history_ : list of State
        One named tuple an iteration, with the equations it solved, the step and the
        pose (between the clouds about their centroids).
    n_features_in_ : int
        3.

    Raises
    ------
    ValueError
        For clouds that are not finite, not of three columns, of fewer than ten points,
        or in a unit that takes their coordinates beyond 1e30 or their extent below
        1e-20; and when fewer than ten points have a partner within a given
        `max_correspondence_distance` at the start.

    Warns
    -----
    ConvergenceWarning
        When the last stage did not converge, when fewer than 30 % of the source points
        have a partner, or fewer than ten: the clouds may not overlap.

    See Also
    --------
    TargetIndex : A target prepared once for many scans.
    analyze_blocks : The diagnosis alone, of any least-squares problem.

    Notes
    -----
    Notation of [1]_: the step is ξ = [ω, v] in the body frame, rotation first, about
    the centroid of the source; `degeneracy_threshold` is that of κ, `kappa_target` the
    clamp, and S_R, S_t the complements.

    *What the preconditioner does.* On six unknowns conjugate gradients end in six
    steps, and their step is that of any direct solver: "solve" is Gauss-Newton, and the
    pose it converges to is the same. What the analysis gives is the diagnosis.

    *Exactness.* Nearest points are exact. Each search also finds the distance of the
    runner-up; a point that has moved by less than half the difference since keeps its
    partner, and needs no search. Sums run in a fixed order, so threads change nothing.

    *What tells.* Where something is weak, both clouds are cut into patches, the leaves
    of their trees (8 to 16 points). Points of a patch whose leverage is above twice the
    mean, or which is not flat, are all measured, each against a plane through its own
    neighbours; of the others at most 6,000 are, against the planes of patches. These
    lean less at random, and what leans at random passes for evidence.

    *Differences from the paper.* Planes are fitted by principal components and
    weighted with 1 - λ₀/λ₁ of the scatter of their points, and not at all where these
    lie on a line; the derivative of robust weights is left out; the tolerance of the
    conjugate gradients is relative. A schedule from coarse to fine comes first.

    Cost O(n log m) an iteration where every point is searched, less as steps become
    short; O(m log m) once for the target.

    References
    ----------
    .. [1] X. Hu, Z. Chen, B. Jia, J. Wu, W. Tan, S. L. Waslander, "DCReg: decoupled
       characterization for efficient degenerate LiDAR registration", 2025.
       :doi:`10.48550/arXiv.2509.06285`
    .. [2] Y. Chen, G. Medioni, "Object modelling by registration of multiple range
       images", Image and Vision Computing 10 (1992).
       :doi:`10.1016/0262-8856(92)90066-C`

    Examples
    --------
    >>> from skspace.datasets import make_corridor
    >>> from skspace.registration import PointToPlaneICP
    >>> source, target, motion = make_corridor("corridor", random_state=0)
    >>> icp = PointToPlaneICP().fit(source, target)
    >>> bool(abs(icp.transformation_ - motion).max() < 0.02)
    True
    >>> icp.report_.mask
    '100100'
    """

    _parameter_constraints: dict = CONSTRAINTS

    def __init__(
        self,
        *,
        init=None,
        plane="auto",
        robust=None,
        robust_scale=None,
        max_correspondence_distance="auto",
        voxel_size="auto",
        n_neighbors=10,
        plane_neighbors=5,
        max_plane_thickness=None,
        chart="SO3xR3",
        weak_directions="solve",
        criterion="ratio",
        degeneracy_threshold=10.0,
        max_std=None,
        kappa_target=10.0,
        prior_std_rot=None,
        prior_std_trans=None,
        pcg_tol=1e-12,
        pcg_max_iter=None,
        max_iter=30,
        tol_rot=1e-4,
        tol_trans="auto",
        verbose=0,
    ):
        self.init = init
        self.plane = plane
        self.robust = robust
        self.robust_scale = robust_scale
        self.max_correspondence_distance = max_correspondence_distance
        self.voxel_size = voxel_size
        self.n_neighbors = n_neighbors
        self.plane_neighbors = plane_neighbors
        self.max_plane_thickness = max_plane_thickness
        self.chart = chart
        self.weak_directions = weak_directions
        self.criterion = criterion
        self.degeneracy_threshold = degeneracy_threshold
        self.max_std = max_std
        self.kappa_target = kappa_target
        self.prior_std_rot = prior_std_rot
        self.prior_std_trans = prior_std_trans
        self.pcg_tol = pcg_tol
        self.pcg_max_iter = pcg_max_iter
        self.max_iter = max_iter
        self.tol_rot = tol_rot
        self.tol_trans = tol_trans
        self.verbose = verbose

    @fit_context
    def fit(self, X, y):
        """Find the motion that takes the source onto the target.

        Parameters
        ----------
        X : array-like of shape (n_source, 3)
            The source.
        y : array-like of shape (n_target, 3), or TargetIndex
            The target, of any length.

        Returns
        -------
        self : PointToPlaneICP
            Fitted.
        """
        check_settings(self)
        start = np.eye(4) if self.init is None else check_motion(self.init, "init")
        check_size(start, "init")
        refuse_dask(self, X)
        cloud = check_cloud(X, "X")
        index = self._index_of(y)
        points, weights = thin_alike(cloud, index)
        pose = _about_centroids(start[:3, :3], start[:3, 3], cloud, index)
        rules = rules_of(self)
        alignment = Alignment(self, points, weights, index, pose, rules)
        history = []
        problem = drive(self, alignment, history, X)

        pose = alignment.pose
        self.rotation_ = orthonormal(pose[:, :3])
        self.translation_ = pose[:, 3] + index.offset_ - self.rotation_ @ cloud.offset
        self.transformation_ = np.eye(4)
        self.transformation_[:3, :3] = self.rotation_
        self.transformation_[:3, 3] = self.translation_
        sums = alignment.sums
        self.report_ = make_report(
            *alignment.analysis,
            sums.hessian,
            names=AXES,
            sigma=sums.sigma,
            rules=rules,
            max_std=rules["max_std"],
        )
        self.n_iter_ = len(history)
        self.rmse_, self.fitness_ = sums.rmse, sums.fitness
        self.converged_ = alignment.converged and problem is None
        self.planes_ = alignment.planes
        self.history_ = history
        self.n_features_in_ = 3
        distances = schedule(self.max_correspondence_distance, index.spacing_)
        self._distance = distances[-1][1]
        warn_of(self, problem)
        return self

    def transform(self, X):
        """Move points as the source was.

        Parameters
        ----------
        X : array-like of shape (n_points, 3)
            Points in the frame of the source.

        Returns
        -------
        X_new : ndarray of shape (n_points, 3)
            In the frame of the target; float32 for float32 input, else float64.
        """
        X = self._points(X)
        moved = X.astype(np.float64) @ self.rotation_.T + self.translation_
        return moved.astype(X.dtype)

    def inverse_transform(self, X):
        """Move points from the frame of the target into that of the source.

        Parameters
        ----------
        X : array-like of shape (n_points, 3)
            Points in the frame of the target.

        Returns
        -------
        X_new : ndarray of shape (n_points, 3)
            In the frame of the source; float32 for float32 input, else float64.
        """
        X = self._points(X)
        moved = (X.astype(np.float64) - self.translation_) @ self.rotation_
        return moved.astype(X.dtype)

    def score(self, X, y):
        """Return the negative root mean square distance to the target's planes.

        Parameters
        ----------
        X : array-like of shape (n_points, 3)
            Points in the frame of the source, moved as fitted.
        y : array-like of shape (n_target, 3), or TargetIndex
            The target.

        Returns
        -------
        score : float
            At most zero. Points without a partner within the distance of the last stage
            count with that distance, so leaving points out does not help.
        """
        from ._pairs import Side

        check_is_fitted(self)
        cloud, index = check_cloud(X, "X"), self._index_of(y)
        pose = _about_centroids(self.rotation_, self.translation_, cloud, index)
        points = cloud.points - cloud.offset
        side = Side(points, index.level(0), n_neighbors=index.n_neighbors)
        side.associate(pose, self._distance)
        found = np.abs(side.residuals(pose))
        distances = np.full(points.shape[0], self._distance)
        distances[: found.size] = np.minimum(found, self._distance)
        return -float(np.linalg.norm(distances / np.sqrt(distances.size)))

    def _points(self, X):
        check_is_fitted(self)
        X = as_points(X, "X")
        check_size(X, "X")
        return X

    def _index_of(self, y):
        if isinstance(y, TargetIndex):
            return y
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y, the target cloud, but it is None."
            )
        return TargetIndex(
            y,
            voxel_size=self.voxel_size,
            n_neighbors=self.n_neighbors,
            _private=True,
        )


def _about_centroids(R, t, cloud, index):
    """Return the motion (R, t) as a pose between the clouds about their centroids."""
    shift = R @ cloud.offset + t - index.offset_
    return np.concatenate([R, shift[:, None]], axis=1)
