import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from skspace.metrics import (
    demographic_parity_difference,
    equalized_odds_difference,
    kolmogorov_smirnov_difference,
)

GAPS = [
    demographic_parity_difference,
    equalized_odds_difference,
    kolmogorov_smirnov_difference,
]
PEERS = ["demographic_parity_difference", "equalized_odds_difference"]


def draw(seed, n=200, n_groups=3):
    rng = np.random.RandomState(seed)
    return rng.randint(0, 2, n), rng.randint(0, 2, n), rng.randint(0, n_groups, n)


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("method", ["between_groups", "to_overall"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("labels", [(0, 1), (-1, 1)])
def test_fairlearn_agrees(name, method, weighted, labels):
    theirs = pytest.importorskip("fairlearn.metrics")
    ours = {gap.__name__: gap for gap in GAPS}[name]
    for seed in range(5):
        y_true, y_pred, z = draw(seed)
        y_true, y_pred = np.asarray(labels)[y_true], np.asarray(labels)[y_pred]
        options = {"sensitive_features": z, "method": method}
        if weighted:
            options["sample_weight"] = np.random.RandomState(seed).uniform(size=200)
        expected = getattr(theirs, name)(y_true, y_pred, **options)
        assert ours(y_true, y_pred, **options) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", PEERS)
def test_fairlearn_agrees_on_combinations_of_attributes(name):
    theirs = pytest.importorskip("fairlearn.metrics")
    pd = pytest.importorskip("pandas")
    ours = {gap.__name__: gap for gap in GAPS}[name]
    y_true, y_pred, z = draw(0, n=2000)
    table = pd.DataFrame({"race": np.array(list("abc"))[z], "sex": draw(1, 2000)[0]})
    expected = getattr(theirs, name)(y_true, y_pred, sensitive_features=table)
    assert ours(y_true, y_pred, sensitive_features=table) == pytest.approx(expected)
    together = [f"{a}{b}" for a, b in table.to_numpy()]
    assert ours(y_true, y_pred, sensitive_features=together) == pytest.approx(expected)


@pytest.mark.parametrize("gap", GAPS)
@given(seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=20)
def test_integer_weights_equal_repetition(gap, seed):
    y_true, y_pred, z = draw(seed, n=60)
    scores = y_pred + np.random.RandomState(seed).randint(0, 4, 60) / 8
    weights = np.random.RandomState(seed).randint(0, 4, 60)
    rows = np.repeat(np.arange(60), weights)
    assert gap(
        y_true, scores, sensitive_features=z, sample_weight=weights
    ) == pytest.approx(gap(y_true[rows], scores[rows], sensitive_features=z[rows]))


@pytest.mark.parametrize("gap", GAPS)
@pytest.mark.parametrize("size", [1e-310, 1e308])
def test_size_of_weights_does_not_matter(gap, size):
    y_true, y_pred, z = draw(0)
    weights = 0.1 + draw(1)[2] / 2
    plain, sized = (
        gap(y_true, y_pred, sensitive_features=z, sample_weight=w)
        for w in (weights, size * weights)
    )
    assert sized == pytest.approx(plain, rel=1e-9)


@pytest.mark.parametrize("gap", GAPS)
def test_integer_weights_equal_repetition_at_the_quartiles(gap, rng):
    age, weights = rng.uniform(20, 60, 50), rng.randint(0, 4, 50)
    y_true, scores = rng.randint(0, 2, 50), rng.uniform(size=50)
    rows = np.repeat(np.arange(50), weights)
    assert gap(
        y_true, scores, sensitive_features=age, sample_weight=weights
    ) == pytest.approx(gap(y_true[rows], scores[rows], sensitive_features=age[rows]))


def test_scores_are_compared_by_their_means():
    scores, z = [0.1, 0.3, 0.6, 0.8], ["a", "a", "b", "b"]
    gap = demographic_parity_difference([0] * 4, scores, sensitive_features=z)
    assert gap == pytest.approx(0.5)
    y_true = [0, 1, 0, 1]
    gap = equalized_odds_difference(y_true, scores, sensitive_features=z)
    assert gap == pytest.approx(0.5)


def test_a_continuous_attribute_is_cut_at_its_quartiles():
    age = np.arange(100)
    decisions = (age >= 75).astype(int)  # the oldest quarter, and no one else
    gap = demographic_parity_difference(decisions, decisions, sensitive_features=age)
    assert gap == 1.0
    overall = demographic_parity_difference(
        decisions, decisions, sensitive_features=age, method="to_overall"
    )
    assert overall == pytest.approx(0.75)


def test_kolmogorov_smirnov_is_that_of_scipy(rng):
    scores = rng.standard_normal(300).round(1)  # with ties
    z = np.repeat([0, 1], [100, 200])
    expected = ks_2samp(scores[:100], scores[100:]).statistic
    found = kolmogorov_smirnov_difference(0 * z, scores, sensitive_features=z)
    assert found == pytest.approx(expected)


def test_kolmogorov_smirnov_is_the_largest_gap_of_any_threshold(rng):
    scores, z = rng.uniform(size=90), rng.randint(0, 3, 90)
    gaps = [
        demographic_parity_difference(z, (scores > t).astype(int), sensitive_features=z)
        for t in scores
    ]
    found = kolmogorov_smirnov_difference(z, scores, sensitive_features=z)
    assert found == pytest.approx(max(gaps))


def test_a_group_without_samples_of_a_class_plays_no_part_there():
    y_true = np.array([0, 1, 0, 1, 1])
    y_pred = np.array([1, 1, 1, 1, 1])
    z = ["a", "a", "b", "b", "c"]  # no c of class 0: its rate there is no number
    assert equalized_odds_difference(y_true, y_pred, sensitive_features=z) == 0.0


def test_other_libraries_are_read(library, rng):
    y_true, y_pred, z = draw(0)
    expected = equalized_odds_difference(y_true, y_pred, sensitive_features=z)
    arrays = [library.asarray(x) for x in (y_true, y_pred, z)]
    found = equalized_odds_difference(*arrays[:2], sensitive_features=arrays[2])
    assert found == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y_pred": ["yes", "no", "no"]}, "encode classes as 0 and 1"),
        ({"y_pred": [0, 1]}, "3 and 2 rows"),
        ({"sensitive_features": ["a", None, "b"]}, "sensitive_features contains miss"),
        ({"sensitive_features": [0.0, np.nan, 1.0]}, "sensitive_features contains mis"),
        ({"sensitive_features": []}, "sensitive_features is empty"),
        ({"sensitive_features": np.array(["a", 1, 2], object)}, "types int, str"),
        ({"y_pred": [0.0, np.inf, 1.0]}, "y_pred contains missing values or infinity"),
        ({"y_pred": np.zeros((3, 2))}, "y_pred must have shape"),
        ({"y_pred": [1e300, 0, 1]}, "divide the scores by a constant"),
        ({"sample_weight": [1, -1, 1]}, "must not be negative"),
        ({"sample_weight": [0, 0, 0]}, "nor zero throughout"),
        ({"method": "worst"}, "'between_groups' or 'to_overall'"),
    ],
)
def test_what_is_refused(change, message):
    given = {
        "y_true": [0, 1, 1],
        "y_pred": [0, 1, 0],
        "sensitive_features": ["a", "b", "b"],
        **change,
    }
    y_true, y_pred = given.pop("y_true"), given.pop("y_pred")
    with pytest.raises(ValueError, match=message):
        demographic_parity_difference(y_true, y_pred, **given)


def test_missing_entries_of_pandas_are_refused():
    pd = pytest.importorskip("pandas")
    groups = pd.array(["a", None, "b"], dtype="string")
    with pytest.raises(ValueError, match="sensitive_features contains missing"):
        demographic_parity_difference([0, 1, 1], [0, 1, 0], sensitive_features=groups)


def test_a_continuous_target_has_no_equalised_odds(rng):
    y = rng.uniform(size=20)
    with pytest.raises(ValueError, match="20 distinct numbers"):
        equalized_odds_difference(y, y, sensitive_features=np.arange(20) % 2)
