import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils import Bunch

from skspace.fairness import FairSDR, fairness_utility_path
from skspace.inspection import (
    FairnessUtilityPathDisplay,
    SubspaceDecompositionDisplay,
)


@pytest.fixture
def data(rng):
    X, z = rng.standard_normal((300, 5)), rng.randint(0, 3, 300)
    X[:, 0] += z == 1
    X[:, 1] += z == 2
    return X, X[:, 0] + X[:, 3] > 0, z


def path_of(gap, utility):
    gap, utility = np.array(gap), np.array(utility)
    from skspace.fairness._path import pareto_optimal

    return Bunch(
        k=np.arange(len(gap)) * 1.0,
        gap_mean=gap,
        utility_mean=utility,
        pareto=pareto_optimal(utility, gap),
    )


def test_the_hull_is_concave_and_above_all_points(rng):
    for _ in range(20):
        gap, utility = rng.uniform(size=(2, 12))
        path = path_of(gap, utility)
        hull = FairnessUtilityPathDisplay(path).hull()
        x, y = gap[hull], utility[hull]
        assert np.all(np.diff(x) > 0)
        assert np.all(np.diff(y) > 0)
        if len(hull) > 2:
            assert np.all(np.diff(np.diff(y) / np.diff(x)) < 0)
        inside = (gap >= x[0]) & (gap <= x[-1])
        assert np.all(utility[inside] <= np.interp(gap[inside], x, y) + 1e-12)


def test_every_level_is_a_point_with_its_number(data):
    X, y, z = data
    pipe = make_pipeline(FairSDR(), LogisticRegression())
    path = fairness_utility_path(pipe, X, y, z, cv=3)
    display = FairnessUtilityPathDisplay.from_path(path)
    points = np.vstack([c.get_offsets() for c in display.ax_.collections[-2:]])
    np.testing.assert_allclose(
        np.sort(points[:, 0]), np.sort(path.gap_mean), atol=1e-12
    )
    assert [t.get_text() for t in display.ax_.texts] == ["0", "1", "2"]
    assert display.ax_.get_xlabel() == "demographic parity gap"
    again = FairnessUtilityPathDisplay.from_estimator(
        pipe, X, y, z, cv=3, ax=display.ax_
    )
    np.testing.assert_allclose(again.path.gap, path.gap)
    assert again.ax_ is display.ax_


def test_blocks_and_cosines_are_bars(data):
    X, y, z = data
    fair = FairSDR(2).fit(X, y, sensitive_features=z)
    display = SubspaceDecompositionDisplay.from_estimator(fair)
    widths = [bar.get_width() for bar in display.ax_.patches]
    expected = [
        fair.target_basis_.shape[1],
        fair.shared_basis_.shape[1],
        fair.sensitive_basis_.shape[1],
        fair.residual_basis_.shape[1],
    ]
    assert widths[:4] == expected
    np.testing.assert_allclose(widths[4:], 5 * fair.canonical_cosines_)
    assert display.figure_ is display.ax_.figure


def test_loadings_are_covariances_of_features_and_scores(data):
    X, y, z = data
    fair = FairSDR(2).fit(X, y, sensitive_features=z)
    display = SubspaceDecompositionDisplay.from_estimator(
        fair, kind="loadings", n_features=2
    )
    whole = fair.at_level("all")
    R = whole.transform(X)
    covariance = R.T @ (X - X.mean(axis=0)) / len(X)
    rows = [*range(2), *range(R.shape[1] - 2, R.shape[1])]
    np.testing.assert_allclose(display.loadings, covariance[rows], atol=1e-10)
    assert [t.get_text() for t in display.ax_.get_yticklabels()] == [
        "target 0",
        "target 1",
        "shared 0",
        "shared 1",
    ]
    assert len(display.ax_.get_xticklabels()) == 2
    with pytest.raises(ValueError, match="'blocks' or 'loadings'"):
        display.plot(kind="angles")


def test_a_decomposition_without_a_target_has_blocks_only(data):
    X, _, z = data
    fair = FairSDR().fit(X, sensitive_features=z)
    display = SubspaceDecompositionDisplay.from_estimator(fair)
    assert display.sizes == {"target": 0, "shared": 0, "sensitive": 2, "residual": 3}
    assert display.loadings.shape == (0, 5)


def test_loadings_of_no_directions_are_refused(data):
    X, _, z = data
    fair = FairSDR().fit(X, sensitive_features=z)
    assert SubspaceDecompositionDisplay.from_estimator(fair).sizes["residual"] == 3
    with pytest.raises(ValueError, match="no directions of a target"):
        SubspaceDecompositionDisplay.from_estimator(fair, kind="loadings")
