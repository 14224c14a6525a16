"""The stage: where a family shows progress, tables, sentences and figures."""

from __future__ import annotations

import shutil
import textwrap
import warnings
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

from ._report import Report
from ._table import format_table

WIDTH = 79

HOW_TO_DRAW = 'Figures are skipped: they need matplotlib, pip install "skspace[plot]".'


class TourError(Exception):
    """What the user can put right; the message is a sentence for the terminal."""


class Stage:
    """What a family may use.

    Parameters
    ----------
    stream : text stream
        Where everything is printed. On a terminal, progress is one line that is
        overwritten; elsewhere, one line for each :meth:`announce`.
    output : Path
        Folder for the report and its figures.
    data : str or None
        Folder of real data.
    quick : bool
        Ask families for their smallest show.

    Attributes
    ----------
    draws : bool
        Whether figures can be drawn.
    figures : list of Path
        Files written so far.
    report : Report
        All that was said.
    """

    def __init__(self, stream, *, output, data=None, quick=False):
        self.stream = stream
        self.output = Path(output)
        self.data = data
        self.quick = quick
        self.draws = find_spec("matplotlib") is not None
        self.figures = []
        self.report = Report()
        self._in_place = stream.isatty()
        self._pending = ""
        self._notes = {}
        self._known = {}
        self._warm = set()

    def open_output(self):
        """Create the folder, or say why that cannot be."""
        probe = self.output / ".skspace-tour"
        try:
            self.output.mkdir(parents=True, exist_ok=True)
            probe.touch()
            probe.unlink()
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise TourError(
                f"The folder {str(self.output)!r} cannot be written ({reason}); choose "
                "another one with --output."
            ) from error

    # -- words ----------------------------------------------------------------------

    def line(self, text=""):
        """Print one line, after wiping an unfinished progress line."""
        self.wipe()
        print(text, file=self.stream, flush=True)

    def say(self, text):
        """Print a sentence, wrapped."""
        self.report.say(text)
        for part in textwrap.wrap(text, WIDTH):
            self.line(part)

    def heading(self, text):
        """Open a family."""
        self.report.heading(text)
        self.line()
        self.line(text)
        self.line("=" * len(text))

    def announce(self, text):
        """Say what comes next; on a terminal in the line that is overwritten."""
        if self._in_place:
            self.progress(text)
        else:
            self.line(f"... {text}")

    def progress(self, text):
        """Say what is going on, where a line can be overwritten."""
        if self._in_place:
            self.wipe()
            width = min(WIDTH, shutil.get_terminal_size().columns - 1)
            self._pending = f"... {text}"[:width]
            self.stream.write(self._pending)
            self.stream.flush()

    def wipe(self):
        """Remove an unfinished progress line."""
        if self._pending:
            self.stream.write("\r" + " " * len(self._pending) + "\r")
            self._pending = ""

    def table(self, title, columns, rows):
        """Print a table (see :func:`format_table`) and what was noted on the way."""
        self.report.table(title, columns, rows)
        self.line()
        self.line(title)
        for text in format_table(columns, rows):
            self.line(text)
        for name, text in self._notes.items():
            self.say(f"{name}: {text}.")
        self._notes = {}

    # -- work -----------------------------------------------------------------------

    def expected(self, name, size):
        """Seconds that a problem of that size will take, as far as is known."""
        known_size, seconds = self._known.get(name, (1, 0.0))
        return seconds * size / known_size

    def note(self, name, text):
        """Keep a remark on a method for the next table."""
        self._notes[name] = text

    def timed(self, name, call, *, size=None):
        """Run `call`, note its first warning, and take the time.

        Parameters
        ----------
        name : str
            Who is at work: for progress and warnings.
        call : callable
            Without arguments.
        size : int, default=None
            Size of the problem, to be remembered for `expected`.

        Returns
        -------
        result : object
            What `call` returned.
        seconds : float
            How long it took.
        """
        self.progress(name)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            start = perf_counter()
            result = call()
            seconds = perf_counter() - start
        if caught:
            first = str(caught[0].message).split(". ")[0].split("; ")[0]
            first = textwrap.shorten(first.rstrip("."), 90, placeholder=" ...")
            self.note(name, f'a warning, "{first}"')
        if size is not None and size >= self._known.get(name, (0, 0.0))[0]:
            self._known[name] = size, seconds
        return result, seconds

    def warm_up(self, calls):
        """Run calls on tiny problems, so that compilation stays out of the times.

        Parameters
        ----------
        calls : dict of name to callable
            Called the first time that their name comes; warnings are dropped.
        """
        if not self._warm:
            self.announce("compiling kernels (kept on disk; later runs skip this)")
        for name, call in calls.items():
            if name not in self._warm:
                self.timed(f"warming up {name}", call)
                self._warm.add(name)
        self._notes = {}

    # -- pictures -------------------------------------------------------------------

    def figure(self, name, draw, *, size):
        """Draw a figure and write it, where matplotlib is installed.

        Parameters
        ----------
        name : str
            Of the file, without suffix.
        draw : callable
            Given an empty matplotlib Figure.
        size : tuple of float
            Width and height in inches.
        """
        if not self.draws:
            return
        from matplotlib.figure import Figure

        self.progress(f"drawing {name}")
        # not through pyplot: no window system is needed, none is touched
        figure = Figure(figsize=size, layout="constrained")
        draw(figure)
        path = self.output / f"{name}.png"
        try:
            figure.savefig(path, dpi=110)
        except OSError as error:
            raise TourError(f"The figure {path} cannot be written: {error}.") from error
        self.figures.append(path)
        self.report.figure(path)
        self.line(f"Figure: {path}")

    def write_report(self, title, subtitle):
        """Write the report; it holds its figures and needs no other file."""
        path = self.output / "report.html"
        try:
            path.write_text(self.report.page(title, subtitle), encoding="utf-8")
        except OSError as error:
            raise TourError(f"The report {path} cannot be written: {error}.") from error
        self.line(f"Report: {path}")
