"""ObjectiveMonitor: what it records, where, and that it survives its travels."""

import copy
import pickle

import numpy as np
import pytest
from loop_cases import Halving, Listener, needs_callbacks
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skspace.callback import ObjectiveMonitor
from skspace.cluster import KSubspaces
from skspace.datasets import make_union_of_subspaces

pytestmark = needs_callbacks
X = np.ones((12, 2))


class Scored(Halving):
    """Halving with a score, for searches."""

    def score(self, X, y=None):
        return -self.tol


def numbers(rows, field):
    return [row[field] for row in rows]


def test_every_scalar_of_every_iteration_is_recorded():
    monitor = ObjectiveMonitor()
    Halving(tol=0.125).set_callbacks(monitor).fit(X)
    place = {"fit": 0, "estimator": "Halving", "run": "fit", "path": (0,)}
    assert monitor.get_logs() == [
        {**place, "iteration": 1, "objective": 0.25, "change": 0.5},
        {**place, "iteration": 2, "objective": 0.0625, "change": 0.25},
        {**place, "iteration": 3, "objective": 0.015625, "change": 0.125},
    ]


def test_rows_make_a_table():
    pd = pytest.importorskip("pandas")
    monitor = ObjectiveMonitor()
    Halving(tol=0.25, n_runs=3).set_callbacks(monitor).fit(X)
    frame = pd.DataFrame(monitor.get_logs())
    assert frame.groupby("run")["objective"].min().tolist() == [0.0625] * 3


def test_runs_of_one_fit_are_told_apart():
    monitor = ObjectiveMonitor()
    Halving(tol=0.25, n_runs=2).set_callbacks(monitor).fit(X)
    rows = monitor.get_logs()
    assert numbers(rows, "run") == ["run 0", "run 0", "run 1", "run 1"]
    assert numbers(rows, "path") == [(0, 0), (0, 0), (0, 1), (0, 1)]
    assert numbers(rows, "iteration") == [1, 2, 1, 2]


def test_fitting_again_starts_a_new_record_and_keeps_the_old():
    monitor = ObjectiveMonitor()
    model = Halving(tol=0.25).set_callbacks(monitor).fit(X)
    model.set_params(tol=0.5).fit(X)
    assert numbers(monitor.get_logs(), "fit") == [1]
    assert numbers(monitor.get_logs("all"), "fit") == [0, 0, 1]


def test_within_a_pipeline():
    monitor = ObjectiveMonitor()
    pipe = make_pipeline(StandardScaler(), Halving(tol=0.25).set_callbacks(monitor))
    pipe.fit(X)
    rows = monitor.get_logs()
    assert numbers(rows, "objective") == [0.25, 0.0625]
    assert set(numbers(rows, "estimator")) == {"Halving"}


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_within_a_search_also_in_worker_processes(n_jobs):
    monitor = ObjectiveMonitor()
    search = GridSearchCV(
        Scored().set_callbacks(monitor), {"tol": [0.5, 0.25]}, cv=3, n_jobs=n_jobs
    )
    search.fit(X)
    rows = monitor.get_logs()
    # three folds of one and of two iterations, and the refit of the best
    assert len(rows) == 3 * 1 + 3 * 2 + search.best_estimator_.n_iter_
    assert set(numbers(rows, "fit")) == {0}
    assert len(set(numbers(rows, "path"))) == 7


def test_beside_the_progress_bar_of_scikit_learn(capsys):
    pytest.importorskip("rich")
    from sklearn.callback import ProgressBar

    monitor = ObjectiveMonitor()
    Halving(tol=0.25, n_runs=2).set_callbacks(ProgressBar(), monitor).fit(X)
    assert len(monitor.get_logs()) == 4
    assert "Halving" in capsys.readouterr().out


def test_iterations_up_to_an_early_stop_are_recorded():
    monitor = ObjectiveMonitor()
    stop = Listener(at=2, answer=True)
    Halving(tol=0.0).set_callbacks(stop, monitor).fit(X)
    assert numbers(monitor.get_logs(), "iteration") == [1, 2]


def test_an_interrupted_fit_keeps_its_record_and_can_be_fitted_again():
    monitor = ObjectiveMonitor()
    interrupt = Listener(at=2, error=KeyboardInterrupt())
    model = Halving(tol=0.125).set_callbacks(monitor, interrupt)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    assert numbers(monitor.get_logs(), "iteration") == [1, 2]
    model.fit(X)
    assert numbers(monitor.get_logs(), "iteration") == [1, 2, 3]
    assert len(monitor.get_logs("all")) == 5


def test_nothing_is_recorded_once_it_is_taken_off():
    monitor = ObjectiveMonitor()
    Halving().set_callbacks(monitor).set_callbacks().fit(X)
    assert monitor.get_logs() == []
    assert monitor.get_logs("all") == []


def test_clones_report_to_one_monitor():
    monitor = ObjectiveMonitor()
    model = Halving(tol=0.5).set_callbacks(monitor)
    clone(model).fit(X)
    model.fit(X)
    assert numbers(monitor.get_logs("all"), "fit") == [0, 1]


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_a_copy_has_the_records_so_far_and_its_own_from_then_on(duplicate):
    monitor = ObjectiveMonitor()
    model = Halving(tol=0.5).set_callbacks(monitor).fit(X)
    other = duplicate(monitor)
    assert other.get_logs("all") == monitor.get_logs("all")
    Halving(tol=0.5).set_callbacks(other).fit(X)
    assert len(other.get_logs("all")) == 2
    assert len(monitor.get_logs("all")) == 1
    model.fit(X)
    assert len(other.get_logs("all")) == len(monitor.get_logs("all")) == 2


def test_a_fitted_estimator_is_pickled_with_its_monitor():
    model = Halving(tol=0.5).set_callbacks(ObjectiveMonitor()).fit(X)
    assert pickle.loads(pickle.dumps(model)).n_iter_ == 1


def test_the_objective_of_k_subspaces_never_rises():
    X, _ = make_union_of_subspaces(100, noise=0.1, random_state=0)
    monitor = ObjectiveMonitor()
    model = KSubspaces(5, n_init=2, random_state=0).set_callbacks(monitor).fit(X)
    rows = monitor.get_logs()
    runs = {path: [] for path in numbers(rows, "path")}
    for row in rows:
        runs[row["path"]].append(row["objective"])
    assert len(runs) == 2
    assert model.n_iter_ in {len(values) for values in runs.values()}
    for values in runs.values():
        assert np.all(np.diff(values) <= 1e-12)


def test_repr_counts():
    monitor = ObjectiveMonitor()
    Halving(tol=0.25).set_callbacks(monitor).fit(X)
    assert repr(monitor) == "ObjectiveMonitor(2 iterations recorded)"


def test_unknown_selection_is_refused():
    with pytest.raises(ValueError, match="'select' parameter"):
        ObjectiveMonitor().get_logs("last")


def test_before_callbacks_existed_the_remedy_is_named(monkeypatch):
    monkeypatch.setattr("skspace.callback._objective_monitor.HAS_CALLBACKS", False)
    with pytest.raises(ImportError, match=r"scikit-learn 1\.9 or newer.*verbose=1"):
        ObjectiveMonitor()


class TestPlot:
    @pytest.fixture(autouse=True)
    def _agg(self):
        matplotlib = pytest.importorskip("matplotlib")
        matplotlib.use("Agg")
        yield
        matplotlib.pyplot.close("all")

    def monitor(self, **params):
        monitor = ObjectiveMonitor()
        Halving(**params).set_callbacks(monitor).fit(X)
        return monitor

    def test_one_curve_a_run(self):
        ax = self.monitor(tol=0.125, n_runs=2).plot()
        assert len(ax.lines) == 2
        for line in ax.lines:
            np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3])
            np.testing.assert_array_equal(line.get_ydata(), [0.25, 0.0625, 0.015625])
        names = [text.get_text() for text in ax.get_legend().get_texts()]
        assert names == ["Halving, run 0", "Halving, run 1"]
        assert ax.get_ylabel() == "objective"

    def test_another_field_on_given_axes(self):
        import matplotlib.pyplot as plt

        _, ax = plt.subplots()
        assert self.monitor(tol=0.25).plot("change", ax=ax) is ax
        np.testing.assert_array_equal(ax.lines[0].get_ydata(), [0.5, 0.25])

    def test_scale_is_logarithmic_over_two_decades(self):
        assert self.monitor(tol=0.25).plot().get_yscale() == "linear"
        assert self.monitor(tol=1e-3).plot().get_yscale() == "log"

    def test_unknown_field_names_those_there_are(self):
        with pytest.raises(ValueError, match=r"one of \['objective', 'change'\]"):
            self.monitor(tol=0.5).plot("rank")

    def test_nothing_recorded_says_what_to_do(self):
        with pytest.raises(ValueError, match="set_callbacks"):
            ObjectiveMonitor().plot()

    def test_a_fit_without_iterations_is_named_as_the_reason(self):
        monitor = ObjectiveMonitor()
        KSubspaces(1).set_callbacks(monitor).fit(np.eye(4))
        with pytest.raises(ValueError, match="made no iterations"):
            monitor.plot()
