import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.ensemble import RandomForestRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression

from skspace.active import (
    ActiveSubspace,
    RecursiveFeatureMachineClassifier,
    RecursiveFeatureMachineRegressor,
)
from skspace.inspection import (
    ActiveSubspaceDisplay,
    EigenvalueDecayDisplay,
    FeatureImportanceDisplay,
)


@pytest.fixture
def table(rng):
    X = rng.standard_normal((120, 4))
    return X, np.sin(X[:, 0] + X[:, 1]) + 0.3 * X[:, 2] ** 2


@pytest.fixture
def fitted(table):
    X, y = table
    return ActiveSubspace(2, method="quadratic", random_state=0).fit(X, y)


class TestSummary:
    def test_points_are_scores_and_responses(self, fitted, table):
        X, y = table
        display = ActiveSubspaceDisplay.from_estimator(fitted, X, y)
        points = display.ax_.collections[0].get_offsets()
        assert_allclose(points, np.c_[fitted.transform(X)[:, 0], y])
        assert not display.ax_.lines  # no model, no curve
        degrees = np.degrees(fitted.direction_angle_)
        assert f"{degrees:.1f}° (95%)" in display.ax_.get_title()
        assert display.figure_ is display.ax_.figure

    def test_curve_is_the_model_along_the_direction(self, table):
        X, y = table
        active = ActiveSubspace(1, estimator=LinearRegression()).fit(X, y)
        display = ActiveSubspaceDisplay.from_estimator(active, X, y)
        line = display.ax_.lines[0]
        rows = active.inverse_transform(line.get_xdata()[:, None])
        assert_allclose(line.get_ydata(), active.estimator_.predict(rows))
        plain = ActiveSubspaceDisplay.from_estimator(active, X, y, model=None)
        assert not plain.ax_.lines

    def test_map_of_two_directions_has_contours_of_the_machine(self, table):
        X, y = table
        frame = pd.DataFrame(X, columns=list("abcd"))
        machine = RecursiveFeatureMachineRegressor(1, random_state=0).fit(frame, y)
        display = ActiveSubspaceDisplay.from_estimator(
            machine, frame, y, n_components=2
        )
        assert display.predictions.shape == (len(display.grid),)
        scores = np.zeros((1, machine.n_components_))
        scores[0, :2] = display.grid[77]
        row = pd.DataFrame(machine.inverse_transform(scores), columns=list("abcd"))
        assert_allclose(display.predictions[77], machine.predict(row)[0])
        assert len(display.ax_.collections) >= 2

    def test_classes_are_shown_by_probabilities(self, table):
        X, y = table
        names = np.where(y > 0, "yes", "no")
        machine = RecursiveFeatureMachineClassifier(0, random_state=0).fit(X, names)
        display = ActiveSubspaceDisplay.from_estimator(machine, X, names)
        assert set(display.y) == {0, 1}
        assert np.all((display.predictions >= 0) & (display.predictions <= 1))

    def test_what_is_refused(self, fitted, table):
        X, y = table
        for k in (0, 3):
            with pytest.raises(ValueError, match="1 or 2"):
                ActiveSubspaceDisplay.from_estimator(fitted, X, y, n_components=k)
        with pytest.raises(ValueError, match="one response for each of the 120"):
            ActiveSubspaceDisplay.from_estimator(fitted, X, y[:5])

    def test_of_two_classes_the_second_is_drawn(self, table):
        X, y = table
        machine = RecursiveFeatureMachineClassifier(1, random_state=0)
        machine.set_params(n_components=1).fit(X, y > 0)
        display = ActiveSubspaceDisplay.from_estimator(machine, X, y > 0)
        rows = machine.inverse_transform(display.grid)
        assert_allclose(display.predictions, machine.predict_proba(rows)[:, 1])

    @pytest.mark.parametrize("response", [-1, 2])
    def test_an_output_the_model_has_not_is_refused(self, table, response):
        X, y = table
        model = LinearRegression().fit(X, np.c_[y, -y])
        active = ActiveSubspace(1, estimator=FrozenEstimator(model)).fit(X)
        with pytest.raises(ValueError, match="one of the 2 outputs"):
            ActiveSubspaceDisplay.from_estimator(active, X, y, response=response)

    def test_an_inner_model_gets_rows_as_it_was_fitted(self, table):
        X, y = table
        frame = pd.DataFrame(X, columns=list("abcd"))
        for model in (LinearRegression(), FrozenEstimator(LinearRegression())):
            if isinstance(model, FrozenEstimator):
                model.estimator.fit(frame, y)
            active = ActiveSubspace(1, estimator=model, random_state=0).fit(frame, y)
            display = ActiveSubspaceDisplay.from_estimator(
                active, frame, y
            )  # no warning
            assert display.predictions is not None


class TestDecay:
    def test_values_intervals_and_errors_are_those_of_the_fit(self, fitted):
        display = EigenvalueDecayDisplay.from_estimator(fitted)
        assert_allclose(display.ax_.lines[0].get_ydata(), fitted.eigenvalues_)
        bars = display.ax_.collections[2].get_segments()
        assert_allclose([bar[1, 1] for bar in bars], fitted.eigenvalue_intervals_[1])
        errors = display.figure_.axes[1].lines[0].get_ydata()
        assert_allclose(errors, fitted.subspace_errors_)

    def test_without_intervals_there_is_one_axis(self, table):
        machine = RecursiveFeatureMachineRegressor(1, random_state=0).fit(*table)
        display = EigenvalueDecayDisplay.from_estimator(machine, n_values=3)
        assert len(display.eigenvalues) == 3
        assert len(display.figure_.axes) == 1

    def test_zeros_stay_on_the_axis(self):
        display = EigenvalueDecayDisplay(np.array([2.0, 0.5, 0.0]), 1).plot()
        assert np.all(display.ax_.lines[0].get_ydata() > 0)

    def test_what_is_refused(self, table):
        with pytest.raises(ValueError, match="no eigenvalues_"):
            EigenvalueDecayDisplay.from_estimator(LinearRegression().fit(*table))
        with pytest.raises(ValueError, match="No eigenvalue is positive"):
            EigenvalueDecayDisplay(np.zeros(3), 1).plot()


class TestImportances:
    def test_bars_fall_and_carry_names_and_intervals(self, table):
        X, y = table
        active = ActiveSubspace(2, random_state=0)
        active.fit(pd.DataFrame(X, columns=list("abcd")), y)
        display = FeatureImportanceDisplay.from_estimator(active, n_features=3)
        order = np.argsort(-active.feature_importances_)[:3]
        bars = [bar.get_width() for bar in display.ax_.patches]
        assert_allclose(bars, active.feature_importances_[order])
        labels = [text.get_text() for text in display.ax_.get_yticklabels()]
        assert labels == [list("abcd")[j] for j in order]
        (lines,) = (c.get_segments() for c in display.ax_.collections)
        assert_allclose(
            [line[:, 0] for line in lines],
            active.feature_importance_intervals_[:, order].T,
        )

    def test_direction_shows_signs(self, fitted):
        display = FeatureImportanceDisplay.from_estimator(fitted, kind="direction")
        assert_allclose(display.values, fitted.components_[0])
        assert_allclose(display.intervals, fitted.direction_intervals_)

    def test_any_model_with_importances_will_do(self, table):
        forest = RandomForestRegressor(5, random_state=0).fit(*table)
        display = FeatureImportanceDisplay.from_estimator(forest)
        assert display.intervals is None
        assert display.names == ["x0", "x1", "x2", "x3"]

    def test_what_is_refused(self, fitted, table):
        with pytest.raises(ValueError, match="'importances' or 'direction'"):
            FeatureImportanceDisplay.from_estimator(fitted, kind="bars")
        with pytest.raises(ValueError, match="each of the 4 features, got 1"):
            FeatureImportanceDisplay.from_estimator(fitted, feature_names=["a"])
        with pytest.raises(ValueError, match="no feature_importances_"):
            FeatureImportanceDisplay.from_estimator(LinearRegression().fit(*table))
