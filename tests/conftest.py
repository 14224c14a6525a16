"""Fixtures shared by all tests: array libraries, random numbers, real data."""

import os

if "PYTEST_XDIST_WORKER" in os.environ:  # one core a worker; read when BLAS is loaded
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pytest
from sklearn import config_context


def _libraries():
    yield pytest.param("numpy", id="numpy")
    yield pytest.param("numpy-readonly", id="numpy-readonly")
    yield pytest.param("array_api_strict", id="strict")
    yield pytest.param("torch", id="torch")
    yield pytest.param("cupy", id="cupy", marks=pytest.mark.gpu)


class Library:
    """One array library: makes arrays from NumPy ones and brings them back.

    Those of array-api-strict live on a device that is not its default, so that arrays
    made without naming a device show, as they would on the second of two GPUs.
    """

    def __init__(self, name):
        self.name, self.device = name, None
        if name.startswith("numpy"):
            self.xp = np
        elif name == "array_api_strict":
            self.xp = pytest.importorskip(name)
            self.device = self.xp.Device("device1")
        else:
            module = pytest.importorskip(name)
            self.xp = pytest.importorskip(f"array_api_compat.{name}")
            if name == "torch":
                module.set_num_threads(1)
            elif not module.cuda.is_available():
                pytest.skip("no CUDA device")

    def asarray(self, x):
        x = np.array(x)
        if self.name == "numpy-readonly":
            x.flags.writeable = False
        return x if self.xp is np else self.xp.asarray(x, device=self.device)

    def to_numpy(self, x):
        from skspace._array import to_numpy

        return to_numpy(x)


@pytest.fixture(params=_libraries())
def library(request):
    """Every array library that is installed, NumPy also with read-only arrays."""
    return Library(request.param)


@pytest.fixture
def dispatch():
    """Scikit-learn with array API dispatch on; skips where SciPy has it off."""
    if os.environ.get("SCIPY_ARRAY_API") != "1":
        pytest.skip("needs SCIPY_ARRAY_API=1 before SciPy is imported")
    with config_context(array_api_dispatch=True):
        yield


@pytest.fixture
def rng():
    return np.random.RandomState(0)


@pytest.fixture
def data_folder():
    """Folder of the real data; tests that need it skip without it."""
    folder = os.environ.get("SKSPACE_DATA")
    if not folder or not os.path.isdir(folder):
        pytest.skip("real data: set SKSPACE_DATA to their folder")
    return folder


def pytest_collection_modifyitems(config, items):
    """Run GPU tests only when asked for by ``-m gpu``."""
    if "gpu" in (config.getoption("-m") or ""):
        return
    skip = pytest.mark.skip(reason="GPU tests run with -m gpu")
    for item in items:
        if "gpu" in item.keywords:
            item.add_marker(skip)


def pytest_terminal_summary(terminalreporter):
    """Print what the newcomer's tests noted: one line a class, one letter a case."""
    cells = {
        (name, number): (case, outcome)
        for reports in terminalreporter.stats.values()
        for report in reports
        for key, (name, number, case, outcome) in getattr(report, "user_properties", ())
        if key == "newcomer"
    }
    if not cells:
        return
    cases = dict(sorted((number, case) for (_, number), (case, _) in cells.items()))
    letters = {"same": "=", "works": "+", "refused": "x"}
    line = terminalreporter.write_line
    line("the newcomer: same answer =, answer +, refused with a sentence x")
    for i, case in enumerate(cases.values()):
        line(f"{'':38s}{'|' * i}{case}")
    for name in sorted({name for name, _ in cells}):
        row = [letters.get(cells.get((name, i), ("", ""))[1], " ") for i in cases]
        line(f"  {name:36s}{''.join(row)}")
