"""The tour of fairness: readings that follow the numbers, data that may be missing."""

import io

import numpy as np

from skspace._tour._stage import Stage
from skspace._tour.families import fairness as family


def rows(before, after):
    return [(family.UNTREATED, (*before, None)), (family.LEVEL_ZERO, (*after, 0.1))]


def test_the_reading_says_what_parity_cost_and_what_odds_did():
    text = family.verdict(rows((0.85, 0.2, 0.1), (0.83, 0.05, 0.3)))
    assert "from 0.200 to 0.050 and accuracy from 0.850 to 0.830" in text
    assert "the odds gap rose" in text
    assert "the odds gap fell" in family.verdict(rows((0.9, 0.2, 0.3), (0.8, 0.1, 0.1)))


def test_missing_adult_is_told_and_replaced(tmp_path):
    stream = io.StringIO()
    stage = Stage(stream, output=tmp_path, data=str(tmp_path), quick=True)
    name, X, y, z = family.get_table(stage)
    assert stream.getvalue().startswith("Adult is left out: ")
    assert name.startswith("Generated")
    assert X.shape == (1500, 10)
    assert set(np.unique(y)) == {0, 1}
    assert len(np.unique(z)) == 4


def test_adult_is_coded(data_folder, tmp_path):
    stage = Stage(io.StringIO(), output=tmp_path, data=data_folder, quick=True)
    _, X, y, z = family.get_table(stage)
    assert X.shape[0] == len(y) == len(z) == 4000
    assert set(np.unique(z)) == {"Female", "Male"}
    assert 70 < X.shape[1] < 90
    assert X.dtype == np.float64


def test_parity_is_bought_by_what_is_left_out(tmp_path):
    stage = Stage(io.StringIO(), output=tmp_path, quick=True)
    _, X, y, z = family.get_table(stage)
    found = dict(family.judge(stage, X, y, z))
    assert found[family.LEVEL_ZERO][1] < found[family.UNTREATED][1] / 2
    assert abs(found[family.EVERYTHING][0] - found[family.UNTREATED][0]) < 0.01
