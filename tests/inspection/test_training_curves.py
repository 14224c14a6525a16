import numpy as np
import pytest
from sklearn.base import BaseEstimator

from skspace.information import NeuralMutualInfo
from skspace.inspection import TrainingCurvesDisplay


class Trained(BaseEstimator):
    def __init__(self, curves=None):
        self.curves = curves

    def fit(self):
        self.training_curves_ = self.curves
        self.kept_step_ = 10
        return self


CURVES = {
    "step": np.array([0, 10, 20]),
    "loss": np.array([3.0, 2.0, 1.5]),
    "rank": np.array([4.0, np.nan, 6.0]),
}


def test_curves_stand_over_their_steps():
    display = TrainingCurvesDisplay.from_estimator(Trained(CURVES).fit())
    assert len(display.ax_) == 2
    line, mark = display.ax_[0].lines
    np.testing.assert_array_equal(line.get_xydata(), [[0, 3], [10, 2], [20, 1.5]])
    np.testing.assert_array_equal(mark.get_xdata(), [10, 10])
    assert display.figure_ is display.ax_[0].figure


def test_curves_of_a_critic_share_their_passes():
    X = np.random.RandomState(0).standard_normal((100, 2))
    model = NeuralMutualInfo(max_iter=3, hidden_layer_sizes=(4,), random_state=0)
    panels = [["train", "test", "smoothed"]]
    display = TrainingCurvesDisplay.from_estimator(
        model.fit(X, X @ [1, 1]), panels=panels
    )
    *lines, mark = display.ax_[0].lines
    assert [line.get_label() for line in lines] == panels[0]
    for name, line in zip(panels[0], lines, strict=True):
        np.testing.assert_array_equal(line.get_xdata(), range(4))
        np.testing.assert_array_equal(line.get_ydata(), model.training_curves_[name])
    assert mark.get_xdata()[0] == model.kept_step_


def test_what_was_not_taken_is_left_out():
    display = TrainingCurvesDisplay.from_curves(CURVES, panels=[["rank"]])
    np.testing.assert_array_equal(
        display.ax_[0].lines[0].get_xydata(), [[0, 4], [20, 6]]
    )


def test_steps_count_from_one():
    display = TrainingCurvesDisplay.from_curves({"loss": [5.0, 4.0]})
    np.testing.assert_array_equal(display.ax_[0].lines[0].get_xdata(), [1, 2])


def test_names_share_a_panel_and_it_draws_where_it_is_told():
    import matplotlib.pyplot as plt

    _, ax = plt.subplots()
    display = TrainingCurvesDisplay.from_curves(
        CURVES, panels=[["loss", "rank"]], ax=ax
    )
    assert list(display.ax_) == [ax]
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["loss", "rank"]


def test_what_is_refused():
    with pytest.raises(ValueError, match="no training_curves_"):
        TrainingCurvesDisplay.from_estimator(_fitted_without())
    with pytest.raises(ValueError, match="no training_curves_"):
        TrainingCurvesDisplay.from_estimator(Trained({}).fit())
    with pytest.raises(ValueError, match="no curve 'gap'"):
        TrainingCurvesDisplay.from_curves(CURVES, panels=[["gap"]])
    with pytest.raises(ValueError, match="no curves to show"):
        TrainingCurvesDisplay.from_curves({"step": [1, 2]})
    with pytest.raises(ValueError, match="one length"):
        TrainingCurvesDisplay.from_curves({"a": [1.0], "b": [1.0, 2.0]})
    display = TrainingCurvesDisplay.from_curves(CURVES)
    with pytest.raises(ValueError, match="2 panels need as many axes, got 1"):
        display.plot(ax=display.ax_[0])


def _fitted_without():
    estimator = Trained(CURVES).fit()
    del estimator.training_curves_
    return estimator
