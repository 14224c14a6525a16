"""Kernels of later families compile beside the first one, and are all compiled then."""

import subprocess
import sys

import numba
import pytest

from skspace._tour import _ahead
from skspace._tour._ahead import compiling_ahead, prepare
from skspace._tour.families import find_families


class Process:
    def __init__(self, command, **streams):
        self.command, self.ended = command, []
        type(self).last = self

    def kill(self):
        self.ended.append("killed")

    def wait(self):
        self.ended.append("awaited")


@pytest.fixture
def process(monkeypatch):
    Process.last = None
    monkeypatch.setattr(_ahead.subprocess, "Popen", Process)
    monkeypatch.setattr(_ahead, "cpu_count", lambda: 2)
    return Process


def chosen(*names):
    return {name: family for name, family in find_families().items() if name in names}


def test_later_families_are_prepared_the_last_first(process):
    with compiling_ahead(chosen("deep", "graph", "erasure", "registration")):
        command = process.last.command
    assert command[:2] == [sys.executable, "-c"]
    assert command[2].endswith("prepare(['registration', 'graph'])")
    assert process.last.ended == ["killed", "awaited"]


def test_the_process_ends_with_the_tour(process):
    def perform():
        with compiling_ahead(find_families()):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        perform()
    assert process.last.ended == ["killed", "awaited"]


@pytest.mark.parametrize("names", [(), ("registration",), ("graph", "erasure")])
def test_nothing_is_started_for_nothing(process, names):
    with compiling_ahead(chosen(*names)):
        pass
    assert process.last is None


def test_nothing_is_started_on_one_core(process, monkeypatch):
    monkeypatch.setattr(_ahead, "cpu_count", lambda: 1)
    with compiling_ahead(find_families()):
        assert process.last is None


def test_families_are_prepared_without_a_word(capsys):
    prepare(["registration"])
    assert capsys.readouterr() == ("", "")


def test_the_process_prepares(monkeypatch):
    run = subprocess.Popen
    with monkeypatch.context() as patched:
        patched.setattr(_ahead, "cpu_count", lambda: 2)
        patched.setattr(_ahead.subprocess, "Popen", Process)
        with compiling_ahead(chosen("erasure", "graph", "registration")):
            command = Process.last.command
    process = run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.communicate()[0] == b""
    assert process.returncode == 0


PROGRAM = """
import os, pkgutil, sys
from importlib import import_module
import skspace._numba as kernels
from skspace._tour._stage import Stage
from skspace._tour.families import find_families

def compiled():
    for module in pkgutil.iter_modules(kernels.__path__):
        module = sys.modules.get(f"{kernels.__name__}.{module.name}")
        for name, kernel in vars(module).items() if module else ():
            for types in getattr(kernel, "signatures", ()):
                yield module.__name__, name, types

for name, family in find_families().items():
    if family.prepare:
        stage = Stage(open(os.devnull, "w"), output=sys.argv[1], quick=True)
        stage.draws = False
        family.prepare(stage)
        before = set(compiled())
        assert before
        family.run(stage)
        print(name, *sorted(map(str, set(compiled()) - before)))
"""


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
def test_nothing_is_left_to_compile(tmp_path):
    """What a family runs has been run by its preparation, for the same types."""
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    wanted = [name for name, family in find_families().items() if family.prepare]
    assert answer.stdout.split("\n") == [*wanted, ""]
