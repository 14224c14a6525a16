"""The contract of the fit loop, on a toy method that halves its change."""

import warnings

import numpy as np
import pytest
from loop_cases import Halving, Listener, State, needs_callbacks
from sklearn.exceptions import ConvergenceWarning

from skspace._loop import close_task, log, open_task, run, scalars


def test_stops_at_the_first_change_within_tol():
    model = Halving(tol=0.125).fit()
    assert model.outcome_.state.change == 0.125
    assert model.outcome_.n_iter == model.n_computed_ == 3
    assert model.outcome_.converged


def test_max_iter_warns_with_the_figure_and_the_remedy():
    with pytest.warns(ConvergenceWarning) as caught:
        model = Halving(max_iter=4).fit(remedy="take larger steps")
    assert str(caught[0].message) == (
        "Halving stopped at max_iter=4 with change 0.062 > tol=0.001; "
        "take larger steps."
    )
    assert not model.outcome_.converged
    assert model.n_computed_ == model.outcome_.n_iter == 4


def test_warning_can_be_left_to_the_caller():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not Halving(max_iter=4).fit(warn=False).outcome_.converged


def test_a_generator_that_ends_by_itself_has_converged():
    model = Halving(tol=0.0, n_steps=5).fit()
    assert model.outcome_.n_iter == 5
    assert model.outcome_.converged


def test_max_iter_and_tol_given_to_the_run_override_the_estimator():
    assert Halving(tol=0.0, max_iter=1).fit(tol=0.25, max_iter=9).n_iter_ == 2


def test_converged_reads_the_history_of_scalars_instead_of_tol():
    histories = []

    def converged(history):
        histories.append(list(history))
        return len(history) == 3

    model = Halving(tol=1.0).fit(converged=converged)
    assert model.n_iter_ == 3
    assert histories[-1] == [
        {"objective": 0.25, "change": 0.5},
        {"objective": 0.0625, "change": 0.25},
        {"objective": 0.015625, "change": 0.125},
    ]


def test_the_generator_is_closed_however_the_run_ends():
    assert Halving().fit().n_closed_ == 1
    with pytest.warns(ConvergenceWarning):
        assert Halving(max_iter=2).fit().n_closed_ == 1
    assert Halving(n_steps=2, tol=0).fit().n_closed_ == 1


def test_verbose_prints_one_line_an_iteration(capsys):
    Halving(tol=0.25, verbose=1).fit(name="start 2")
    assert capsys.readouterr().out.splitlines() == [
        "[Halving] start 2 iteration 1: objective 0.25, change 0.5",
        "[Halving] start 2 iteration 2: objective 0.0625, change 0.25",
    ]


def test_silence_at_verbose_0(capsys):
    Halving(n_runs=2).fit()
    log(Halving(), "a step", 1.0)
    assert capsys.readouterr() == ("", "")


def test_log_prints_a_step_under_verbose(capsys):
    log(Halving(verbose=1), "eigenvectors", 1.234)
    assert capsys.readouterr().out == "[Halving] eigenvectors: 1.23 s\n"


def test_scalars_are_numbers_only():
    state = State(np.ones(2), np.float64(2.0), 3)
    assert scalars(state) == {"objective": 2.0, "change": 3}


@needs_callbacks
def test_each_iteration_is_a_task_of_the_fit():
    listener = Listener()
    Halving(tol=0.25).set_callbacks(listener).fit()
    assert listener.seen == [0.25, 0.0625]
    step = ["begin iteration", "end iteration"]
    assert listener.events == [
        "setup",
        "begin fit",
        *step,
        *step,
        "end fit",
        "teardown",
    ]


@needs_callbacks
def test_each_run_is_a_task_between_fit_and_iterations():
    listener = Listener()
    Halving(tol=0.5, n_runs=2).set_callbacks(listener).fit()
    step = ["begin iteration", "end iteration"]
    assert listener.events[1:-1] == [
        "begin fit",
        *["begin run 0", *step, "end run 0"],
        *["begin run 1", *step, "end run 1"],
        "end fit",
    ]


@needs_callbacks
def test_a_callback_stops_the_run_by_returning_true():
    model = Halving(tol=0.0).set_callbacks(Listener(at=2, answer=True)).fit()
    assert model.n_iter_ == 2
    assert model.outcome_.converged  # somebody decided so: no warning


@needs_callbacks
def test_a_fitted_copy_is_made_only_for_callbacks_that_ask():
    asked = []

    def attributes(state):
        asked.append(state)
        return {"point_": state.point}

    class Deaf(Listener):
        def on_fit_task_end(self, estimator, context):
            pass

    Halving(tol=0.25).set_callbacks(Deaf()).fit(attributes=attributes)
    assert asked == []
    listener = Listener()
    Halving(tol=0.25).set_callbacks(listener).fit(attributes=attributes)
    assert [copy.point_[0] for copy in listener.fitted] == [0.5, 0.25]


@needs_callbacks
def test_states_do_not_outlive_their_iteration():
    """Contexts live as long as the fit; the arrays of every state must not."""

    class Keeper(Listener):
        def on_fit_task_end(self, estimator, context):
            self.events.append(context)

    keeper = Keeper()
    Halving(tol=0.25).set_callbacks(keeper).fit()
    iterations = [
        e for e in keeper.events if getattr(e, "task_name", "") == "iteration"
    ]
    assert [context.state for context in iterations] == [None, None]


@needs_callbacks
def test_interrupt_tears_down_closes_and_leaves_the_estimator_fit_to_fit():
    listener = Listener(at=2, error=KeyboardInterrupt())
    model = Halving(tol=0.25).set_callbacks(listener)
    generators = []
    model.iterations = lambda: (
        generators.append(Halving.iterations(model)) or (generators[-1])
    )
    with pytest.raises(KeyboardInterrupt):
        model.fit()
    assert generators[0].gi_frame is None  # closed
    assert listener.events[-1] == "teardown"
    assert not hasattr(model, "outcome_")
    assert model.fit().n_iter_ == 2


def test_runs_without_callbacks_of_scikit_learn():
    """Before scikit-learn 1.9 the same loop runs in silence."""

    class Old:
        max_iter, tol, verbose = 10, 0.25, 0

    states = (State(np.ones(2), x, x) for x in (0.5, 0.25, 0.1))
    old = Old()
    task = open_task(old, n_runs=1)
    outcome = run(old, states, task=task)
    close_task(task, old)
    assert outcome.n_iter == 2
    assert getattr(task, "state", None) is None
