"""A callback that records the numbers every iteration of a fit reports."""

from __future__ import annotations

import sklearn

from .._loop import scalars
from .._plotting import PALETTE, get_axes
from .._sklearn import HAS_CALLBACKS, StrOptions, callback_transport, validate_params

SELECT = {"select": [StrOptions({"most_recent", "all"})]}


class ObjectiveMonitor:
    """Record and plot objective, residual, rank, … of every iteration of a fit.

    Every iterative estimator of skspace reports named numbers once an iteration;
    this callback keeps them. It needs neither labels nor a scorer and computes
    nothing itself.

    Attach it to the iterative estimator, also inside a pipeline or a search; clones
    report to the same monitor, from worker processes too. It stays attached until
    ``set_callbacks()`` is called with other callbacks or none.

    Raises
    ------
    ImportError
        Before scikit-learn 1.9, which brought callbacks.

    See Also
    --------
    sklearn.callback.ScoringMonitor : Scores the estimator at every iteration;
        records nothing where there is no ``y``.
    sklearn.callback.ProgressBar : Shows progress in the terminal.

    Notes
    -----
    Memory is a few numbers an iteration, never an array. A copy loaded from a
    pickle has the records up to then and records for itself.

    Examples
    --------
    >>> from skspace.callback import ObjectiveMonitor
    >>> from skspace.cluster import KSubspaces
    >>> from skspace.datasets import make_union_of_subspaces
    >>> X, y = make_union_of_subspaces(200, noise=0.01, random_state=0)
    >>> monitor = ObjectiveMonitor()
    >>> model = KSubspaces(n_clusters=5, subspace_dim=4, n_init=2, random_state=0)
    >>> model = model.set_callbacks(monitor).fit(X)
    >>> rows = monitor.get_logs()  # pandas.DataFrame(rows) makes a table of it
    >>> rows[0]["estimator"], rows[0]["iteration"]
    ('KSubspaces', 1)
    """

    def __init__(self):
        if not HAS_CALLBACKS:
            raise ImportError(
                "ObjectiveMonitor needs the callbacks of scikit-learn 1.9 or newer, "
                f"found {sklearn.__version__}; upgrade with pip install "
                '"scikit-learn>=1.9", or set verbose=1 to print the same numbers.'
            )
        self._log = []
        self._handle = None  # where copies in worker processes send their records

    # -- what scikit-learn calls ----------------------------------------------------

    def setup(self, estimator, context):
        """Do nothing before a fit; records of earlier fits stay."""

    def teardown(self, estimator, context):
        """Do nothing after a fit, finished or interrupted."""

    def on_fit_task_begin(self, estimator, context):
        """Do nothing before an iteration."""

    def on_fit_task_end(self, estimator, context):
        """Record the numbers of an iteration; never ask for an early stop."""
        state = getattr(context, "state", None)
        if state is None:
            return
        path = [context]
        while path[0].parent is not None:
            path.insert(0, path[0].parent)
        run = path[-2]
        record = {
            "fit": str(context.root_uuid),
            "estimator": context.estimator_name,
            "run": run.task_name,
            "path": tuple(task.task_id for task in path[:-1]),
            "iteration": context.task_id + 1,
            **scalars(state),
        }
        if self._handle is None:
            self._log.append(record)
        else:
            callback_transport().send(self._handle, record)

    # -- what users call --------------------------------------------------------------

    @validate_params(SELECT, prefer_skip_nested_validation=True)
    def get_logs(self, select="most_recent"):
        """Return what was recorded, one row an iteration.

        Parameters
        ----------
        select : {"most_recent", "all"}, default="most_recent"
            Only the fit that began last, or all. A search or pipeline around the
            estimator counts as one fit.

        Returns
        -------
        rows : list of dict
            Sorted by fit, run and iteration; ``pandas.DataFrame(rows)`` makes a
            table of it. Keys of each row:

            - ``fit``: number of the fit, from 0;
            - ``estimator``: class that reported;
            - ``run``: name of the run within the fit;
            - ``path``: tuple of int, place of that run among all tasks of the fit:
              rows with one path belong to one curve;
            - ``iteration``: from 1;
            - the numbers of that estimator, among them usually ``objective`` and
              ``change`` (what is compared with ``tol``).
        """
        log = list(self._log)
        number: dict[str, int] = {}
        for record in log:
            number.setdefault(record["fit"], len(number))
        rows = [{**record, "fit": number[record["fit"]]} for record in log]
        if select == "most_recent":
            rows = [row for row in rows if row["fit"] == len(number) - 1]
        return sorted(rows, key=lambda row: (row["fit"], row["path"], row["iteration"]))

    @validate_params(
        {"field": [str, None], **SELECT, "ax": "no_validation"},
        prefer_skip_nested_validation=True,
    )
    def plot(self, field=None, *, select="most_recent", ax=None):
        """Plot one recorded number against the iteration, one curve a run.

        Parameters
        ----------
        field : str, default=None
            Which number. None takes "objective" where it was recorded, else
            "change", else the first.
        select : {"most_recent", "all"}, default="most_recent"
            See :meth:`get_logs`.
        ax : matplotlib Axes, default=None
            Where to draw; None opens a figure.

        Returns
        -------
        ax : matplotlib Axes
            Its vertical axis is logarithmic where values are positive and span more
            than a factor of a hundred.

        Raises
        ------
        ValueError
            When nothing was recorded, or nothing under that name.
        ImportError
            Without matplotlib.
        """
        rows = self.get_logs(select)
        if not rows:
            raise ValueError(
                "Nothing was recorded. Attach this monitor to an iterative estimator "
                "of skspace (estimator.set_callbacks(monitor)) and fit it. If you did, "
                "the fit made no iterations: a closed form and a single cluster need "
                "none."
            )
        place = ("fit", "estimator", "run", "path", "iteration")
        fields = list(dict.fromkeys(k for row in rows for k in row if k not in place))
        if field is None:
            field = next((f for f in ("objective", "change") if f in fields), fields[0])
        if field not in fields:
            raise ValueError(f"field must be one of {fields}, got {field!r}.")

        ax = get_axes(ax)
        curves: dict[tuple, list] = {}
        for row in rows:
            if field in row:
                key = (row["fit"], row["path"], row["estimator"], row["run"])
                curves.setdefault(key, []).append((row["iteration"], row[field]))
        for i, ((*_, estimator, run), points) in enumerate(curves.items()):
            ax.plot(
                *zip(*points, strict=True),
                marker="." if len(points) < 50 else "",
                color=PALETTE[i % len(PALETTE)],
                label=f"{estimator}, {run}" if run else estimator,
            )
        values = [value for points in curves.values() for _, value in points]
        if min(values) > 0 and max(values) > 100 * min(values):
            ax.set_yscale("log")
        ax.set(xlabel="iteration", ylabel=field)
        ax.xaxis.get_major_locator().set_params(integer=True)
        if 1 < len(curves) <= len(PALETTE):
            ax.legend()
        return ax

    # -- copies in worker processes ---------------------------------------------------

    def __getstate__(self):
        if self._handle is None and not hasattr(self, "_listener"):
            transport = callback_transport()
            self._listener = transport.open_listener(self._log.append, owner=self)
        return {
            # copied: worker processes' records may arrive while this is pickled
            "_log": list(self._log),
            "_handle": self._handle or self._listener,
        }

    def __setstate__(self, state):
        self.__dict__.update(state)
        if not callback_transport().can_reuse_listener(self._handle):
            self._handle = None

    def __repr__(self):
        return f"ObjectiveMonitor({len(self._log)} iterations recorded)"
