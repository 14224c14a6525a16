"""What a report holds, says and draws, and what cannot be analysed."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skspace.registration import DegeneracyReport, analyze_blocks

WEAK_X = np.diag([4.0, 5.0, 6.0, 0.01, 8.0, 9.0])


@pytest.fixture
def rows(rng):
    """Rows of six columns, two combinations of which are hardly seen."""
    J = rng.standard_normal((50, 6))
    for direction in ([0, 3, 4, 0, 0, 0], [0, 0, 0, 1, 0, 0]):
        d = np.array(direction) / np.linalg.norm(direction)
        J = J - 0.97 * np.outer(J @ d, d)
    return J


@pytest.mark.parametrize("scene_name", ["corridor", "tunnel", "plane", "room"])
def test_shares_sum_to_one_within_each_block(default_fit, scene_name):
    report = default_fit(scene_name, 20_000, 0).report_
    C, W = report.contributions, report.directions
    assert_allclose(C, W**2, atol=1e-15)
    assert_allclose(C.sum(axis=0), 1, rtol=1e-12)
    assert_allclose(C.sum(axis=1), 1, rtol=1e-12)
    assert not np.any(C[:3, 3:])
    assert not np.any(C[3:, :3])
    assert_allclose(W.T @ W, np.eye(6), atol=1e-12)
    assert np.all(np.diag(W) >= 0)


@pytest.mark.parametrize("scene_name", ["corridor", "room"])
def test_the_fields_of_a_fit_agree_with_each_other(default_fit, scene_name):
    report = default_fit(scene_name, 20_000, 0).report_
    assert isinstance(report, DegeneracyReport)
    assert report.names == ("roll", "pitch", "yaw", "x", "y", "z")
    assert report.mask == "".join("01"[int(weak)] for weak in report.weak)
    largest = np.repeat([report.eigenvalues[:3].max(), report.eigenvalues[3:].max()], 3)
    assert_allclose(report.ratios, largest / report.eigenvalues)
    assert_allclose(report.kappa, [report.ratios[:3].max(), report.ratios[3:].max()])
    assert_array_equal(report.weak, report.ratios > 10)
    assert_allclose(report.stds, report.sigma / np.sqrt(report.eigenvalues))
    raised = np.where(report.weak, largest / 10, report.eigenvalues)
    assert_allclose(report.clamped, raised)
    assert not report.singular
    assert report.condition > 1
    assert not np.any(report.unsafe)
    assert repr(report).startswith(f"DegeneracyReport(mask='{report.mask}', kappa=(")


def test_a_corridor_is_open_along_itself_and_in_roll(default_fit):
    report = default_fit("corridor", 20_000, 0).report_
    assert report.contributions[3, 3] > 0.95
    assert report.contributions[0, 0] > 0.95
    lines = report.summary().splitlines()
    assert lines[0] == "2 of 6 directions are weak: roll, x."
    assert len(lines) == 3
    assert lines[1].startswith("  roll: ")
    assert "degrees" in lines[1]
    assert lines[2].startswith("  x: ")
    assert "times less evidence than the best of its block" in lines[2]


def test_sentences():
    assert analyze_blocks(np.eye(6)).summary() == "None of 6 directions is weak."
    text = analyze_blocks(WEAK_X, sigma=0.1, max_std=(1.0, 0.5)).summary()
    assert text == (
        "1 of 6 directions is weak: x.\n"
        "  x: 900 times less evidence than the best of its block, standard deviation "
        "1, more than max_std"
    )
    text = analyze_blocks(np.diag([1.0, 1, 1, 0, 1, 1])).summary()
    assert "The equations are singular" in text
    assert "x: no evidence" in text


def test_mixtures_are_named_by_their_shares(rows):
    report = analyze_blocks(rows)
    weak = [j for j in range(3) if report.weak[j]]
    assert len(weak) == 1
    shares = report.contributions[:, weak[0]]
    assert_allclose(shares[:3], [0, 9 / 25, 16 / 25], atol=0.02)
    assert " yaw + " in report.summary()
    assert " pitch" in report.summary()
    assert report.weak[3]


def test_shared_eigenvalues_are_ambiguous_and_turned_to_the_axes(rng):
    Q = np.linalg.qr(rng.standard_normal((2, 2)))[0]
    H = np.diag([4.0, 5, 6, 0, 0, 9])
    H[3:5, 3:5] = Q * [0.01, 0.01] @ Q.T
    report = analyze_blocks(H, sigma=1.0)
    assert_array_equal(report.ambiguous, [False] * 3 + [True, True, False])
    assert_allclose(report.directions, np.eye(6), atol=1e-6)
    assert report.summary().count("the axis is a choice") == 2


def test_rows_and_hessian_say_the_same(rows):
    from_rows, from_hessian = analyze_blocks(rows), analyze_blocks(rows.T @ rows)
    assert from_rows.mask == from_hessian.mask
    for name in ("eigenvalues", "ratios", "clamped", "contributions", "directions"):
        ours, theirs = getattr(from_rows, name), getattr(from_hessian, name)
        assert_allclose(ours, theirs, rtol=1e-8, atol=1e-10)
    assert_allclose(from_rows.condition, from_hessian.condition, rtol=1e-8)
    assert np.all(np.isnan(from_rows.stds))
    # six rows are told from a Hessian where they are not symmetric, or when told
    square = np.linalg.qr(rows, mode="r")
    for report in (analyze_blocks(square), analyze_blocks(square, kind="jacobian")):
        assert_allclose(report.eigenvalues, from_rows.eigenvalues, rtol=1e-8)
    symmetric = analyze_blocks(WEAK_X, kind="jacobian")
    assert_allclose(symmetric.eigenvalues, np.diag(WEAK_X) ** 2)


def test_rows_keep_digits_that_the_hessian_loses(rng):
    U = np.linalg.qr(rng.standard_normal((40, 4)))[0]
    V = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    J = U * [1, 1, 1, 1e-9] @ V.T
    report = analyze_blocks(J, [[0, 1, 2, 3]])
    assert np.sqrt(report.eigenvalues.min()) == pytest.approx(1e-9, rel=1e-5)


def test_any_groups_and_names(rng):
    J = rng.standard_normal((30, 5))
    J[:, 4] = J[:, 1] + 1e-4 * rng.standard_normal(30)
    report = analyze_blocks(J, [[4, 0], [2, 1], [3]], names=list("abcde"))
    inverse = np.linalg.inv(J.T @ J)
    for block, group in zip(report.blocks, [[4, 0], [2, 1], [3]], strict=True):
        S = np.linalg.inv(inverse[np.ix_(group, group)])
        found = block.basis @ np.diag(block.eigenvalues) @ block.basis.T
        assert_allclose(found, S, rtol=1e-5, atol=1e-6 * np.max(S))
    assert report.mask == "01001"  # b and e imitate each other
    assert report.summary().startswith("2 of 5 directions are weak: b, e.")
    assert analyze_blocks(J, [[0, 1], [2, 3, 4]]).names == (
        "x0",
        "x1",
        "x2",
        "x3",
        "x4",
    )


def test_ridge_and_criteria():
    H = np.diag([4.0, 5, 6, 0, 8, 9])
    assert analyze_blocks(H).singular
    ridge = analyze_blocks(H, alpha=1.0)
    assert not ridge.singular
    assert_allclose(ridge.eigenvalues, np.diag(H) + 1)
    assert_allclose(ridge.condition, 10)
    limits = {"sigma": 0.1, "max_std": (0.045, 2.0)}
    assert analyze_blocks(WEAK_X, **limits, criterion="std").mask == "100000"
    assert analyze_blocks(WEAK_X, **limits, criterion="both").mask == "000000"
    assert analyze_blocks(WEAK_X, **limits).mask == "000100"
    assert_array_equal(analyze_blocks(WEAK_X, **limits).unsafe, [True] + [False] * 5)
    assert analyze_blocks(WEAK_X, degeneracy_threshold=1000).mask == "000000"
    assert_allclose(analyze_blocks(WEAK_X, kappa_target=3).clamped[3], 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"groups": [[0, 1, 2], [2, 3, 4, 5]]}, r"overlap: columns \[2\]"),
        ({"groups": [[0, 1, 2], [3, 4]]}, r"miss columns \[5\]"),
        ({"groups": [[0, 1, 2], [3, 4, 5, 6]]}, "there are columns"),
        ({"groups": [[0, 1, 2, 3, 4, 5], []]}, r"groups\[1\]"),
        ({"groups": [[0.5, 1]]}, r"groups\[0\]"),
        ({"H": np.ones((5, 3))}, "3 columns; name their groups"),
        ({"H": np.ones(6)}, "Expected 2D array"),
        ({"H": np.empty((0, 6))}, r"0 sample\(s\)"),
        ({"H": np.full((6, 6), np.nan)}, "H contains NaN"),
        ({"H": [["a"] * 6] * 6}, "could not convert"),
        ({"H": np.eye(6) * 1e-300}, "change their units"),
        ({"H": np.ones((7, 6)) * [1, 1, 1, 1, 1, 1e200]}, "change their units"),
        ({"H": -np.eye(6)}, "semi-definite"),
        ({"H": np.ones((7, 6)), "kind": "hessian"}, "square and symmetric"),
        ({"kind": "gram"}, "kind"),
        ({"criterion": "absolute"}, "criterion"),
        ({"criterion": "std"}, "needs sigma and max_std"),
        ({"max_std": (1.0,)}, "max_std must hold 2 positive numbers"),
        ({"max_std": (1.0, "a")}, "max_std must hold 2 positive numbers"),
        ({"alpha": -1.0}, "alpha"),
        ({"sigma": np.nan}, "sigma"),
        ({"degeneracy_threshold": 0.5}, "degeneracy_threshold"),
        ({"kappa_target": 0.0}, "kappa_target"),
        ({"names": ["a"]}, "names has 1 entries for 6"),
    ],
    ids=str,
)
def test_what_cannot_be_analysed_is_refused(arguments, message):
    H = arguments.pop("H", np.eye(6))
    with pytest.raises(ValueError, match=message):
        analyze_blocks(H, **arguments)


def test_the_picture_shows_every_direction_against_the_threshold(default_fit):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    report = default_fit("corridor", 20_000, 0).report_
    ax = report.plot()
    assert [label.get_text() for label in ax.get_yticklabels()] == list(report.names)
    assert_allclose([bar.get_width() for bar in ax.patches], report.ratios)
    assert_allclose(ax.lines[0].get_xdata(), 10)
    colors = [bar.get_facecolor() for bar in ax.patches]
    same = [color == colors[0] for color in colors]  # roll is weak
    assert_array_equal(same, report.weak)
    assert report.mask in ax.get_title()
    _, own = pyplot.subplots()
    assert analyze_blocks(np.diag([1.0, 1, 1, 0, 1, 1])).plot(ax=own) is own
    pyplot.close("all")
