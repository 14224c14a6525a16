import numpy as np
import pytest

from skspace.decomposition import SlicedInverseRegression, sdr_influence
from skspace.fairness import FairSDR, fairness_influence
from skspace.inspection import InfluenceDisplay


@pytest.fixture
def fitted(rng):
    X = rng.standard_normal((60, 3))
    y = X[:, 0] + 0.2 * rng.standard_normal(60)
    X[17], y[17] = [-4, 4, 0], 3
    return SlicedInverseRegression(1).fit(X, y), X, y


def test_points_are_the_scores_and_the_largest_are_labelled(fitted):
    display = InfluenceDisplay.from_estimator(*fitted, n_labels=3)
    influence = sdr_influence(*fitted)
    np.testing.assert_allclose(display.scores, influence.scores)
    points = np.vstack([c.get_offsets() for c in display.ax_.collections[1:]])
    assert len(points) == 60
    np.testing.assert_allclose(points[:, 1], influence.scores[points[:, 0].astype(int)])
    labels = [text.get_text() for text in display.ax_.texts]
    assert labels == [str(i) for i in np.argsort(-influence.scores)[:3]]
    assert labels[0] == "17"
    assert display.figure_ is display.ax_.figure


def test_leverage_is_the_mahalanobis_distance(fitted):
    influence = sdr_influence(*fitted)
    display = InfluenceDisplay.from_influence(influence, kind="leverage", original=True)
    np.testing.assert_allclose(display.scores, influence.original_scores)
    points = np.vstack([c.get_offsets() for c in display.ax_.collections])
    np.testing.assert_allclose(np.sort(points[:, 0]), np.sort(influence.distances))
    assert display.ax_.get_xlabel() == "Mahalanobis distance"


def test_names_are_labels(fitted):
    names = [f"row {i}" for i in range(60)]
    display = InfluenceDisplay.from_estimator(*fitted, n_labels=1, names=names)
    assert [text.get_text() for text in display.ax_.texts] == ["row 17"]
    with pytest.raises(ValueError, match="60 samples, got 2"):
        InfluenceDisplay.from_estimator(*fitted, names=["a", "b"])


def test_it_draws_where_it_is_told(fitted):
    import matplotlib.pyplot as plt

    _, ax = plt.subplots()
    display = InfluenceDisplay.from_estimator(*fitted, ax=ax, n_labels=0)
    assert display.ax_ is ax
    assert not ax.texts


def test_what_is_refused(fitted):
    with pytest.raises(ValueError, match="'index' or 'leverage'"):
        InfluenceDisplay.from_estimator(*fitted, kind="cook")
    with pytest.raises(ValueError, match="must not be negative"):
        InfluenceDisplay.from_estimator(*fitted, n_labels=-1)


def test_models_and_gaps_are_shown_too(fitted):
    sir, X, y = fitted
    z = X[:, 1] > 0
    fair = FairSDR().fit(X, y > 0, sensitive_features=z)
    found = fairness_influence(fair, X, y > 0, sensitive_features=z, model="linear")
    display = InfluenceDisplay.from_influence(found)
    np.testing.assert_allclose(display.scores, found.scores)
    assert display.ax_.get_ylabel() == "influence on the predictions"
    display = InfluenceDisplay.from_influence(found, quantity="gap", kind="leverage")
    np.testing.assert_allclose(display.scores, np.abs(found.gap_influence))
    assert display.ax_.get_ylabel() == "influence on the parity gap"
    with pytest.raises(ValueError, match="influence on directions"):
        InfluenceDisplay.from_influence(found, original=True)
    with pytest.raises(ValueError, match="no parity gap"):
        InfluenceDisplay.from_influence(sdr_influence(sir, X, y), quantity="gap")
    with pytest.raises(ValueError, match="'scores' or 'gap'"):
        InfluenceDisplay.from_influence(found, quantity="cook")
