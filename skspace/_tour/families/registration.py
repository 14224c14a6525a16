"""Registration: two scans of a scene aligned, and what they leave open."""

from __future__ import annotations

import numpy as np
from scipy.spatial import KDTree
from scipy.spatial.transform import Rotation

from ...datasets import make_corridor
from ...registration import PointToPlaneICP
from .._table import Column

ORDER = 70

SCENES = ("room", "corridor", "tunnel")

ERRORS = (
    Column("cm", "low", 1),
    Column("degrees", "low", 3),
    Column("iterations", None, 0),
    Column("seconds", "low", 2),
)

DIAGNOSES = (
    Column("weak", None),
    Column("evidence", None, 0),
    Column("cm along", None, 1),
    Column("cm across", None, 2),
)


def prepare(stage):
    """Compile kernels."""
    source, target, _ = make_corridor("corridor", 1000, random_state=0)
    stage.warm_up({"PointToPlaneICP": lambda: PointToPlaneICP().fit(source, target)})


def run(stage):
    """Align scans of three scenes in three ways and compare diagnosis and error."""
    n_samples = 4000 if stage.quick else 20_000
    prepare(stage)
    fitted = {}
    for scene in SCENES:
        source, target, motion = make_corridor(scene, n_samples, random_state=0)
        stage.announce(f"two scans of a {scene}")
        found, seconds = stage.timed(
            "KDTree, Procrustes",
            lambda source=source, target=target: point_to_point(source, target),
        )
        rows = [
            ("as they are", (*error(np.eye(4), motion), None, None)),
            (
                "KDTree, Procrustes",
                (*error(found[0], motion), found[1], seconds),
            ),
        ]
        icp = PointToPlaneICP()
        _, seconds = stage.timed(
            "PointToPlaneICP",
            lambda icp=icp, source=source, target=target: icp.fit(source, target),
        )
        errors = error(icp.transformation_, motion)
        rows.append(("PointToPlaneICP", (*errors, icp.n_iter_, seconds)))
        fitted[scene] = (icp, *apart(icp, source, motion))
        stage.table(f"Two scans of a {scene} ({n_samples} points each)", ERRORS, rows)
    stage.say(
        "Read: errors are of the shift and the turn between the scans, whose points "
        "have errors of 1 cm. Nearest points drag along the walls; distances to "
        "planes do not."
    )
    rows = [
        (
            scene,
            (
                ", ".join(np.asarray(icp.report_.names)[icp.report_.weak]) or "none",
                max(icp.report_.kappa),
                along,
                across,
            ),
        )
        for scene, (icp, along, across) in fitted.items()
    ]
    stage.table("What PointToPlaneICP says of it", DIAGNOSES, rows)
    stage.say(f"Read: {verdict(rows)}")
    stage.line()
    stage.say(
        "Weak directions have ten times less evidence than the best of rotation or "
        "translation; evidence is the largest such ratio. Along and across: the error "
        "of the shift along x, the axis of corridor and tunnel, and at a right angle."
    )
    stage.figure("registration", lambda figure: _draw(figure, fitted), size=(9.5, 2.6))


def point_to_point(source, target, *, max_iter=50, tol=1e-4):
    """Align by nearest points and orthogonal Procrustes, as textbooks do.

    Returns
    -------
    motion : (4, 4) array
    n_iter : int
    """
    tree, motion, n_iter = KDTree(target), np.eye(4), 0
    center = source.mean(axis=0)
    while n_iter < max_iter:
        n_iter += 1
        moved = source @ motion[:3, :3].T + motion[:3, 3]
        partner = target[tree.query(moved)[1]]
        mean = partner.mean(axis=0)
        R, _ = Rotation.align_vectors(partner - mean, source - center)
        last, motion = motion, np.eye(4)
        motion[:3, :3] = R.as_matrix()
        motion[:3, 3] = mean - motion[:3, :3] @ center
        if np.abs(motion - last).max() < tol:
            break
    return motion, n_iter


def error(found, motion):
    """Return centimetres and degrees between two motions."""
    turn = Rotation.from_matrix(found[:3, :3].T @ motion[:3, :3])
    shift = np.linalg.norm(found[:3, 3] - motion[:3, 3])
    return 100 * shift, np.degrees(turn.magnitude())


def apart(icp, source, motion):
    """Return the error of the centroid's place along x and across, in centimetres."""
    center = source.mean(axis=0)
    truth = motion[:3, :3] @ center + motion[:3, 3]
    off = 100 * (icp.transform(center[None])[0] - truth)
    return abs(off[0]), np.hypot(*off[1:])


def verdict(rows):
    """Say where scans leave something open, and what that did to the error."""
    open_, closed = [], []
    for scene, (weak, _, along, across) in rows:
        if weak == "none":
            closed.append(scene)
        else:
            open_.append(
                f"a {scene} leaves {weak.replace(', ', ' and ')} nearly open, and the "
                f"error is {along:.1f} cm along x and {across:.2f} cm across"
            )
    text = "; ".join(open_) or "no scene leaves anything open"
    if closed:
        text += f"; nothing is weak in the {' and '.join(closed)}"
    return f"{text}."


# -- figure ---------------------------------------------------------------------------


def _draw(figure, fitted):
    """Draw the report of every scene."""
    for axes, (scene, (icp, *_)) in zip(
        figure.subplots(1, len(fitted)), fitted.items(), strict=True
    ):
        icp.report_.plot(ax=axes)
        axes.set_title(scene)
