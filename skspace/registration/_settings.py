"""Parameters of a registration, how it is driven, and what it warns of."""

from __future__ import annotations

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from .._loop import run
from .._sklearn import Interval, StrOptions
from ._alignment import TooFewPairsError
from ._target import check_voxel_size

POOR = 0.3
"""Share of points with a partner below which the clouds may not overlap."""
LINES = (
    "Neighbours of the others stand on lines or in one place; pass denser clouds, or "
    "more n_neighbors and plane_neighbors."
)
"""What to do where partners have no planes."""

CONSTRAINTS = {
    "init": ["array-like", None],
    "plane": [StrOptions({"auto", "normals", "local"})],
    "robust": [StrOptions({"huber", "tukey", "gm", "linear"}), None],
    "robust_scale": [Interval(Real, 0, None, closed="neither"), None],
    "max_correspondence_distance": [
        StrOptions({"auto"}),
        Interval(Real, 0, None, closed="neither"),
        "array-like",
    ],
    "voxel_size": [
        StrOptions({"auto"}),
        Interval(Real, 0, None, closed="neither"),
        None,
    ],
    "n_neighbors": [Interval(Integral, 3, None, closed="left")],
    "plane_neighbors": [Interval(Integral, 3, None, closed="left")],
    "max_plane_thickness": [Interval(Real, 0, None, closed="neither"), None],
    "chart": [StrOptions({"SO3xR3", "SE3"})],
    "weak_directions": [StrOptions({"solve", "early_stop", "damp", "freeze", "prior"})],
    "criterion": [StrOptions({"ratio", "std", "both"})],
    "degeneracy_threshold": [Interval(Real, 1, None, closed="left")],
    "max_std": [tuple, list, None],
    "kappa_target": [Interval(Real, 1, None, closed="left")],
    "prior_std_rot": [Interval(Real, 0, None, closed="neither"), None],
    "prior_std_trans": [Interval(Real, 0, None, closed="neither"), None],
    "pcg_tol": [Interval(Real, 0, 1, closed="both")],
    "pcg_max_iter": [Interval(Integral, 1, None, closed="left"), None],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "tol_rot": [Interval(Real, 0, None, closed="neither")],
    "tol_trans": [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither")],
    "verbose": ["verbose"],
}


def check_settings(icp):
    """Refuse parameters that do not go together."""
    if icp.weak_directions == "prior" and None in (
        icp.prior_std_rot,
        icp.prior_std_trans,
    ):
        raise ValueError(
            "weak_directions='prior' needs prior_std_rot (radians) and "
            "prior_std_trans: how well the start is known."
        )
    if icp.criterion != "ratio" and icp.max_std is None:
        raise ValueError(
            f"criterion={icp.criterion!r} needs max_std=(rotation in radians, "
            "translation), such as (0.009, 0.05)."
        )
    if icp.max_std is not None and positive_numbers(icp.max_std).shape != (2,):
        raise ValueError(
            "max_std must hold two positive numbers, of rotation and translation; got "
            f"{icp.max_std!r}."
        )
    if not isinstance(icp.max_correspondence_distance, str):
        distances = positive_numbers(icp.max_correspondence_distance)
        falling = distances[1:] <= distances[:-1]
        if not (distances.size and np.isfinite(distances[0]) and np.all(falling)):
            raise ValueError(
                "max_correspondence_distance must be a positive number or a falling "
                f"sequence of them; got {icp.max_correspondence_distance!r}."
            )
    check_voxel_size(icp.voxel_size)


def positive_numbers(values):
    """Return a sequence as an array, an empty one where it is not of such numbers."""
    try:
        numbers = np.atleast_1d(np.asarray(values, dtype=np.float64))
    except (TypeError, ValueError):
        return np.empty(0)
    return numbers if numbers.ndim == 1 and np.all(numbers > 0) else np.empty(0)


def rules_of(icp):
    """Return what decides that a direction is weak."""
    max_std = None if icp.max_std is None else tuple(map(float, icp.max_std))
    return {
        "criterion": icp.criterion,
        "degeneracy_threshold": icp.degeneracy_threshold,
        "kappa_target": icp.kappa_target,
        "max_std": max_std,
    }


def drive(icp, alignment, history, X):
    """Run all stages; return what went wrong, or None."""

    def recorded():
        for state in alignment.states():
            history.append(state)
            yield state

    try:
        run(
            icp,
            recorded(),
            X=X,
            # for every stage: three, or those given, and one more
            max_iter=(3 + np.size(icp.max_correspondence_distance)) * icp.max_iter,
            tol=1.0,
            converged=lambda _: False,
            warn=False,
        )
    except TooFewPairsError as problem:
        given = not isinstance(icp.max_correspondence_distance, str)
        if given and not history:
            advice = (
                LINES
                if problem.lines
                else (
                    "Do the clouds overlap at the start? Pass a better init or a "
                    "larger max_correspondence_distance."
                )
            )
            raise ValueError(f"{problem}. {advice}") from None
        return problem
    if not alignment.finished:  # a callback ended it
        alignment.finish()
    return None


def warn_of(icp, problem):
    """Say what a caller should not overlook."""
    advice = (
        "The clouds may not overlap, or differ in unit; pass a better init or a larger "
        "max_correspondence_distance."
    )
    fitness = f"fitness {icp.fitness_:.2f}"
    if problem is not None:
        advice = LINES if problem.lines else advice
        text = f"{problem} ({fitness}); the motion stays where it had got to. {advice}"
    elif icp.fitness_ < POOR:
        text = (
            f"Only {icp.fitness_:.0%} of the source points have a partner ({fitness}, "
            f"rmse {icp.rmse_:.2g}). {advice}"
        )
    elif not icp.converged_:
        last = icp.history_[-1]
        text = (
            f"{type(icp).__name__} stopped at max_iter={icp.max_iter} with a step of "
            f"{last.rotation:.2g} rad and {last.translation:.2g} ({fitness}); increase "
            "max_iter or the tolerances."
        )
    else:
        return
    warnings.warn(text, ConvergenceWarning, stacklevel=5)
