"""A small data folder of our own, so that loaders are tested without the real one."""

import gzip
import hashlib
import io

import numpy as np
import pytest

from skspace.datasets._registry import SHA256


@pytest.fixture
def no_variables(monkeypatch):
    """None of the environment variables that say where data are."""
    for name in ("SKSPACE_DATA", "SKSPACE_DATA_URL", "SKSPACE_CACHE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def fake_folder(tmp_path, monkeypatch, no_variables):
    """Call it with a file's name and its arrays or text; SKSPACE_DATA points to it."""
    folder = tmp_path / "data"
    folder.mkdir()

    def write(name, text=None, **arrays):
        if text is None:
            file = io.BytesIO()
            np.savez_compressed(file, **arrays)
            content = file.getvalue()
        else:
            content = gzip.compress(text.encode())
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        assert name in SHA256, "a fake file must stand in for one of the registry"
        monkeypatch.setitem(SHA256, name, hashlib.sha256(content).hexdigest())
        return path

    monkeypatch.setenv("SKSPACE_DATA", str(folder))
    return write
