"""Kernels of later families compile in a second process while the first performs."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager

from joblib import cpu_count

from ._stage import Stage
from .families import find_families


@contextmanager
def compiling_ahead(families):
    """Let a process on another core prepare all but the first, the last one first.

    What it compiles is kept on disk, where this process finds it.
    """
    names = [name for name, family in list(families.items())[:0:-1] if family.prepare]
    if not names or cpu_count() == 1:
        yield
        return
    process = subprocess.Popen(
        [sys.executable, "-c", f"from {__name__} import prepare; prepare({names})"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


def prepare(names):
    """Prepare families, without a word."""
    families = find_families()
    with open(os.devnull, "w") as nowhere:
        stage = Stage(nowhere, output=os.curdir)
        for name in names:
            families[name].prepare(stage)
