"""The tour of mutual information: known truths, flags that are shown."""

import io

import pytest

from skspace._tour._stage import Stage
from skspace._tour.families import information as family


def test_samples_have_the_information_they_say():
    shown = dict(family.samples(50))
    assert len(shown) == 6
    for X, y, truth in shown.values():
        assert len(X) == len(y) == 50
        assert 0 < truth < 2
    truths = [truth for *_, truth in shown.values()]
    assert truths[0] == pytest.approx(truths[4])  # rolling up loses nothing


def test_flagged_estimates_are_marked_and_named(tmp_path, monkeypatch):
    spiral = dict(family.samples(500))["spiral"]
    monkeypatch.setattr(family, "samples", lambda n: [("spiral", spiral)])
    monkeypatch.setattr(family, "ESTIMATORS", ("copula", "auto"))
    monkeypatch.setattr(family, "COLUMNS", (family.COLUMNS[0], *family.COLUMNS[-2:]))
    monkeypatch.setattr(family, "_extrapolate", lambda stage, n: None)
    text = io.StringIO()
    family.run(Stage(text, output=tmp_path, quick=True))
    shown = text.getvalue()
    row = next(line for line in shown.splitlines() if line.startswith("spiral "))
    assert row.count("!") == 2
    assert "flagged with 'auto':" in " ".join(shown.split())
    assert "spiral (" in " ".join(shown.split())
