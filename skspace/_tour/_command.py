"""The command line of the tour."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
import warnings
from datetime import date
from time import perf_counter

from threadpoolctl import threadpool_limits

from .._version import __version__
from ._ahead import compiling_ahead
from ._data import check_folder
from ._stage import HOW_TO_DRAW, Stage, TourError
from .families import find_families


def main(argv=None):
    """Run the tour.

    Parameters
    ----------
    argv : list of str, default=None
        Arguments after the program's name; None takes those of the process.

    Returns
    -------
    code : int
        0, or 2 for what the user can put right, 130 after Ctrl-C, 1 when nobody
        reads the output any more.
    """
    arguments = _parser().parse_args(argv)
    stage = Stage(
        sys.stdout,
        output=arguments.output,
        data=arguments.data or os.environ.get("SKSPACE_DATA") or None,
        quick=arguments.quick,
    )
    try:
        families = _chosen(arguments.family)
        if arguments.list:
            width = max(len(name) for name in families)
            for family in families.values():
                stage.line(f"{family.name:<{width}}  {family.title}")
            return 0
        check_folder(stage.data)
        stage.open_output()
        # One thread each is fair, and quicker than threads that wait for one another.
        with warnings.catch_warnings(), threadpool_limits(1):
            warnings.simplefilter("ignore")  # `Stage.timed` reports those of fits
            _perform(stage, families)
    except TourError as error:
        stage.wipe()
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        stage.wipe()
        print("The tour was interrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Who read along (head, less) has gone; nor may the flush at exit complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m skspace",
        description="A tour of skspace beside scikit-learn: tables and figures.",
    )
    parser.add_argument(
        "--family",
        action="append",
        metavar="NAME",
        help="show this family only; may be repeated (default: all)",
    )
    parser.add_argument(
        "--data",
        metavar="FOLDER",
        help="folder of real data (default: the environment variable SKSPACE_DATA)",
    )
    parser.add_argument(
        "--output",
        metavar="FOLDER",
        default="skspace-tour",
        help="folder for the report and its figures (default: skspace-tour)",
    )
    parser.add_argument("--list", action="store_true", help="list families and stop")
    parser.add_argument(
        "--quick", action="store_true", help="smaller data: a check, not a comparison"
    )
    return parser


def _chosen(names):
    """Families by name, all of them where none is named."""
    families = find_families()
    for name in names or ():
        if name not in families:
            close = difflib.get_close_matches(name, families, n=1)
            hint = f"did you mean {close[0]!r}? There are" if close else "there are"
            raise TourError(
                f"There is no family {name!r} in the tour; {hint} "
                f"{', '.join(families)}."
            )
    return {
        name: family for name, family in families.items() if not names or name in names
    }


def _perform(stage, families):
    start = perf_counter()
    stage.say(
        f"skspace {__version__}, a tour in {len(families)} "
        f"{'part' if len(families) == 1 else 'parts'}. Default settings throughout, "
        "random_state=0, one thread, the true number of clusters unless it is sought. "
        "A star, or bold type, marks the best of a column."
    )
    if not stage.data:
        stage.say(
            "Generated data and scikit-learn's digits only; faces and objects come "
            "first with --data FOLDER, or SKSPACE_DATA."
        )
    if not stage.draws:
        stage.say(HOW_TO_DRAW)
    with compiling_ahead({} if stage.quick else families):
        for family in families.values():
            stage.heading(family.title)
            family.run(stage)
    stage.line()
    took = f"The tour took {perf_counter() - start:.0f} s."
    stage.line(took)
    day = f"{date.today():%d %B %Y}".lstrip("0")
    stage.write_report(f"A tour of skspace {__version__}", f"{day}. {took}")
