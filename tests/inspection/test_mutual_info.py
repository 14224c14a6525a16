import numpy as np
import pytest

from skspace.information import GaussianMutualInfo, MIResult, ReliableMutualInfo
from skspace.inspection import (
    MIDimensionDisplay,
    MIExtrapolationDisplay,
    MITrainingDisplay,
)


@pytest.fixture
def extrapolated(rng):
    x, e = rng.standard_normal((2, 2000))
    model = ReliableMutualInfo(GaussianMutualInfo(), random_state=0, units="bits")
    return model.fit(x[:, None], x + e)


def test_every_chunk_is_a_point_and_the_line_starts_at_the_estimate(extrapolated):
    display = MIExtrapolationDisplay.from_estimator(extrapolated)
    result = extrapolated.result_
    points = display.ax_.collections[0].get_offsets()
    table = result.curves["extrapolation"]
    np.testing.assert_allclose(np.sort(points[:, 1]), np.sort(table["value"]))
    line = display.ax_.lines[0]
    np.testing.assert_allclose(line.get_ydata()[0], result.estimate, rtol=1e-6)
    assert "bits" in display.ax_.get_ylabel()
    assert display.figure_ is display.ax_.figure


def test_levels_left_out_are_hollow_and_flags_are_the_title():
    levels = np.repeat([1, 2, 3], [1, 2, 3])
    table = {
        "n_chunks": levels,
        "value": levels * 1.0,
        "fit": levels * 1.0,
        "kept": levels < 3,
    }
    result = MIResult(
        0.0,
        0.0,
        n=600,
        flags=("curved_extrapolation",),
        curves={"extrapolation": table},
    )
    ax = MIExtrapolationDisplay.from_result(result).ax_
    kept, left_out = ax.collections[:2]
    assert len(kept.get_offsets()) == 3
    assert len(left_out.get_offsets()) == 3
    assert len(left_out.get_facecolors()) == 0
    assert ax.get_title() == "curved_extrapolation"


def test_sufficient_dimension_is_the_first_on_the_plateau():
    curve = {
        "dimension": np.array([1, 2, 4, 8]),
        "value": np.array([0.2, 0.96, 1, 0.9]),
    }
    display = MIDimensionDisplay.from_result(
        MIResult(1, 1, curves={"dimension": curve})
    )
    assert display.sufficient_ == 2
    np.testing.assert_allclose(display.ax_.lines[0].get_ydata(), curve["value"])


def test_kept_epoch_is_where_the_smoothed_curve_is_highest():
    curve = {
        "epoch": np.arange(4),
        "train": np.array([0, 1, 2, 3.0]),
        "test": np.array([0, 5, 1, 1.0]),
        "smoothed": np.array([0, 1, 2, 1.0]),
    }
    display = MITrainingDisplay.from_result(MIResult(1, 1, curves={"training": curve}))
    assert display.best_epoch_ == 2
    names = [line.get_label() for line in display.ax_.lines]
    assert names == ["train", "test", "smoothed", "kept: 2", "reported"]


@pytest.mark.parametrize(
    "display", [MIExtrapolationDisplay, MIDimensionDisplay, MITrainingDisplay]
)
def test_results_without_the_curve_are_refused_with_a_remedy(display):
    with pytest.raises(ValueError, match=f"{display.curve}.*fit "):
        display.from_result(MIResult(1.0, 1.0))
