"""The result: what it converts to, that it says its flags first, that it is frozen."""

import dataclasses
import math

import numpy as np
import pytest

from skspace._intervals import ConfidenceInterval
from skspace.information import GaussianMutualInfo, MIResult
from skspace.information._result import FLAGS, NOTES, is_reliable


@pytest.fixture
def result():
    return MIResult(
        0.5,
        0.5,
        ci=ConfidenceInterval(0.4, 0.6, 0.95),
        p_value=0.01,
        n=100,
        method="KSG<1>",
        flags=("ties", "subsample_drift"),
        reliable=False,
        reason="because",
        candidates={"copula": 0.3},
    )


def test_it_is_a_number_and_frozen(result):
    assert float(result) == 0.5
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.estimate = 1.0


def test_flags_come_first(result):
    assert repr(result) == (
        "MIResult(UNRELIABLE [ties, subsample_drift] 0.5000 nats, 95 % interval 0.4000 "
        "to 0.6000, p 0.01; KSG<1> on 100 samples)"
    )
    page = result._repr_html_()
    assert page.index("subsample_drift") < page.index("0.5000")
    assert "KSG&lt;1&gt;" in page


def test_notes_alone_leave_a_result_reliable(result):
    noted = dataclasses.replace(
        result, flags=("ties",), reliable=is_reliable(("ties",))
    )
    assert noted.reliable
    assert "UNRELIABLE" not in repr(noted)
    assert not is_reliable(("ties", "no_signal"))
    assert not set(FLAGS) & set(NOTES)


def test_explanations_name_flags_reason_and_candidates(result):
    lines = result.explain()
    assert [line.split(":")[0] for line in lines[:2]] == list(result.flags)
    assert lines[2:] == ["because", "copula: 0.3000 nats"]


def test_bits_are_nats_over_log_two(rng):
    X = rng.standard_normal((100, 2))
    y = X[:, 0] + rng.standard_normal(100)
    nats, bits = (
        GaussianMutualInfo(units=units, random_state=0).fit(X, y).result_
        for units in ("nats", "bits")
    )
    factor = 1 / math.log(2)
    assert bits.estimate == pytest.approx(nats.estimate * factor)
    assert bits.se == pytest.approx(nats.se * factor)
    assert bits.ci.high == pytest.approx(nats.ci.high * factor)
    assert bits.ci.level == nats.ci.level
    a, b = bits.curves["subsamples"], nats.curves["subsamples"]
    np.testing.assert_allclose(a["mean"], b["mean"] * factor)
    assert np.array_equal(a["n_chunks"], b["n_chunks"])
