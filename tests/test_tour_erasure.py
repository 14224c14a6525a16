"""The tour of erasure: readings that follow the numbers, and what they must show."""

import io
import re

from skspace._tour._stage import Stage
from skspace._tour.families import erasure as family


def test_the_reading_follows_the_numbers():
    rows = [
        ("nothing erased", (1.0, 0.9, 0.9, 0.95, None)),
        ("leace", (0.5, 0.5, 0.8, 0.9, 0.1)),
        ("spectral", (1.0, 0.7, 0.9, 0.9, 0.1)),
    ]
    text = family.verdict(rows)
    assert "from 0.90 to 0.50, with 0.050 lost" in text
    assert "spectral leaves the linear probe 0.70" in text
    rows[1] = ("leace", (0.5, 0.5, 0.8, 0.96, 0.1))
    assert "0.010 gained" in family.verdict(rows)


def test_the_linear_probe_is_at_chance_and_the_figure_is_drawn(tmp_path):
    stream = io.StringIO()
    stage = Stage(stream, output=tmp_path, quick=True)
    family.run(stage)
    text = stream.getvalue()
    for method in ("leace", "oblique", "orthogonal"):
        found = re.findall(rf"^{method} .*", text, re.MULTILINE)
        assert [float(line.split()[2]) for line in found[:2]] == [0.5, 0.5]
    assert "nan" not in text
    assert [path.name for path in stage.figures] == ["erasure.png"]
