"""Fixtures shared by the tests of clusterers."""

import pytest

from skspace.cluster import _blocks, _sparse


@pytest.fixture(params=["whole", "blocks"])
def memory(request, monkeypatch):
    """With and without room for all inner products of a sparse representation."""
    if request.param == "blocks":
        monkeypatch.setattr(_blocks, "GRAM_BYTES", 0)
        monkeypatch.setattr(_sparse, "N_CANDIDATES", 3)
    return request.param
