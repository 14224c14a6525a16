"""The tour: complete tables, readable figures, and sentences for what goes wrong."""

import base64
import hashlib
import html
import importlib.util
import io
import re
import subprocess
import sys
import warnings

import numpy as np
import pytest
from sklearn.base import ClusterMixin

from skspace import _tour, cluster
from skspace._tour import _stage
from skspace._tour._peers import PATIENCE, THEIRS, Peer, find_ours, fit
from skspace._tour._report import Report
from skspace._tour._stage import Stage
from skspace._tour._table import Column, format_table
from skspace._tour.families import cluster as cluster_family
from skspace._tour.families import find_families
from skspace._tour.families import predict as predict_family
from skspace.datasets import _tabular
from skspace.datasets._registry import SHA256

FAMILIES = list(find_families())


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def no_data(monkeypatch):
    monkeypatch.delenv("SKSPACE_DATA", raising=False)
    monkeypatch.delenv("SKSPACE_DATA_URL", raising=False)


@pytest.fixture
def one_of_ours(monkeypatch):
    """Compare one clusterer instead of all of them, to save time."""
    ours = tuple(p for p in find_ours() if p.name.startswith("LeastSquares"))
    for family in (cluster_family, predict_family):
        monkeypatch.setattr(family, "find_ours", lambda: ours)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Data folder with a tiny Yale B and nothing else."""
    rng = np.random.RandomState(0)
    light = rng.uniform(size=(3, 12, 2)) @ rng.uniform(size=(3, 2, 16))
    content = io.BytesIO()
    np.savez(
        content,
        X=np.round(100 * light.reshape(36, 16)).astype(np.uint8),
        y=np.repeat(np.arange(3), 12),
        image_shape=[4, 4],
        subspace_dim=2,
    )
    path = tmp_path / "data" / "images" / "yaleb10_32x32.npz"
    path.parent.mkdir(parents=True)
    path.write_bytes(content.getvalue())
    digest = hashlib.sha256(content.getvalue()).hexdigest()
    monkeypatch.setitem(SHA256, "images/yaleb10_32x32.npz", digest)
    return tmp_path / "data"


def rows_of(text, name):
    """Numbers of all table rows that open with this name (None for a dash)."""
    found = re.findall(rf"^{re.escape(name)}  +([-0-9.* ]+)$", text, re.MULTILINE)
    return [
        [None if cell == "-" else float(cell.rstrip("*")) for cell in line.split()]
        for line in found
    ]


@pytest.fixture(scope="module")
def whole_tour(tmp_path_factory):
    """All families once, without data: exit code, text and folder of figures."""
    output = tmp_path_factory.mktemp("tour") / "new" / "figures"
    text = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SKSPACE_DATA", raising=False)
        patch.setattr(sys, "stdout", text)
        code = _tour.main(["--quick", "--output", str(output)])
    return code, text.getvalue(), output


def test_the_whole_tour_ends_well(whole_tour):
    code, text, _ = whole_tour
    assert code == 0
    for family in find_families().values():
        assert family.title in text
    assert text.count("Read: ") >= len(FAMILIES)
    # Where figures go is the caller's choice, and may be long.
    lines = [line for line in text.splitlines() if "Figure: " not in line]
    assert max(map(len, lines)) < 80


def test_every_subspace_clusterer_and_every_default_has_a_row(whole_tour):
    _, text, _ = whole_tour
    assert len(find_ours()) >= 4
    for peer in [*THEIRS, *find_ours()]:
        rows = [row for row in rows_of(text, peer.name) if len(row) == 5]
        assert len(rows) == 2, peer.name  # union and digits
        for accuracy, nmi, ari, agreement, seconds in rows:
            assert 0 <= accuracy <= 1
            assert 0 <= nmi <= 1
            assert -0.5 <= ari <= 1
            assert agreement is None or 0 <= agreement <= 1
            assert 0 <= seconds < 60


def test_subspace_clusterers_are_found_not_listed(monkeypatch):
    class Newcomer(cluster.ThresholdingSubspaceClustering):
        pass

    class OfGraphs(ClusterMixin):
        def get_params(self):
            return {"n_clusters": 8, "random_state": None}

    monkeypatch.setattr(cluster, "Newcomer", Newcomer, raising=False)
    monkeypatch.setattr(cluster, "OfGraphs", OfGraphs, raising=False)
    monkeypatch.setattr(cluster, "__all__", [*cluster.__all__, "Newcomer", "OfGraphs"])
    names = [peer.name for peer in find_ours()]
    assert "Newcomer" in names
    assert "OfGraphs" not in names


def test_the_right_number_of_clusters_is_found_without_labels(whole_tour):
    _, text, _ = whole_tour
    ((clusters, dim, accuracy, n_fits, _),) = rows_of(
        text, "LeastSquares, its own score"
    )
    assert (clusters, dim) == (5, 4)
    assert accuracy > 0.9
    assert n_fits == 9


def test_new_samples_are_labelled_like_fitted_ones(whole_tour):
    _, text, _ = whole_tour
    rows = rows_of(text, "LeastSquaresSubspaceClustering")
    fitted, new, difference, _ = next(row for row in rows if len(row) == 4)
    assert difference == pytest.approx(new - fitted, abs=2e-3)
    assert new > 0.9


def test_figures_are_images_of_something(whole_tour):
    _, text, output = whole_tour
    from matplotlib.image import imread

    paths = sorted(output.glob("*.png"))
    assert {p.name for p in paths} >= {
        "cluster-accuracy.png",
        "cluster-affinity.png",
        "decomposition.png",
        "model-selection.png",
    }
    for path in paths:
        assert f"Figure: {path}" in text
        image = imread(path)
        assert min(image.shape[:2]) > 200
        assert image[..., :3].std() > 0.05


def test_the_report_is_one_file_with_all_that_was_said(whole_tour):
    _, text, output = whole_tour
    page = (output / "report.html").read_text(encoding="utf-8")
    assert f"Report: {output / 'report.html'}" in text
    for family in find_families().values():
        assert f">{html.escape(family.title)}</h2>" in page
    titles = text.count("\n---")  # one rule a table
    assert page.count("<table") == titles > 20
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    assert len(pictures) == text.count("Figure: ")
    assert all(base64.b64decode(p).startswith(b"\x89PNG") for p in pictures)
    assert not re.search(r'(src|href)="(?!data:|#)', page)  # needs no other file


def test_the_report_escapes_what_is_markup():
    report = Report()
    report.table("a < b", [Column("p<q", "high", 1)], [("<x>", [1.0]), ("y", [None])])
    report.say("R & D")
    page = report.page("t", "s")
    assert "<x>" not in page
    assert "<td class=best>1.0</td>" in page
    assert "<td>-</td>" in page
    assert "R &amp; D" in page


def test_images_come_first_and_what_is_missing_is_said(
    folder, one_of_ours, tmp_path, capsys
):
    arguments = ["--quick", "--family", "cluster", "--output", str(tmp_path / "out")]
    assert _tour.main([*arguments, "--data", str(folder)]) == 0
    text, errors = capsys.readouterr()
    assert errors == ""
    assert text.index("Yale B: faces") < text.index("Union: ") < text.index("Digits: ")
    assert "ORL is left out: " in text
    assert "COIL-20 is left out: " in text
    assert len(rows_of(text, "LeastSquaresSubspaceClustering")) == 3


def test_the_variable_names_the_folder_too(
    folder, one_of_ours, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("SKSPACE_DATA", str(folder))
    arguments = ["--quick", "--family", "predict", "--output", str(tmp_path)]
    assert _tour.main(arguments) == 0
    assert "Yale B: faces" in capsys.readouterr().out


def test_without_matplotlib_figures_are_skipped(tmp_path, monkeypatch, capsys):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        _stage, "find_spec", lambda name: None if name == "matplotlib" else real(name)
    )
    output = tmp_path / "none"
    arguments = ["--quick", "--family", "model_selection", "--output", str(output)]
    assert _tour.main(arguments) == 0
    assert 'pip install "skspace[plot]"' in capsys.readouterr().out
    assert [path.name for path in output.iterdir()] == ["report.html"]


def test_reducers_and_their_peers_have_rows(whole_tour):
    _, text, _ = whole_tour
    names = ["PCA", "SlicedInverseRegression", "DirectionalRegression"]
    for name in [*names, "SlicedAverageVariance", "OuterProductGradients"]:
        known, *real = rows_of(text, name)
        distance, score, _ = known
        assert 0 <= distance <= 1
        assert score <= 1
        assert len(real) == 1  # wine
        assert 0 < real[0][0] <= 1
    nearest = min(names, key=lambda name: rows_of(text, name)[0][0])
    assert nearest == "DirectionalRegression"
    ((error, rank, _),) = rows_of(text, "RobustPCA")
    assert error < 1e-3
    assert rank == 5
    assert rows_of(text, "SpikedPCA")[0][0] < rows_of(text, "PCA(0.9)")[0][0]


def test_tables_of_the_folder_are_reduced_too(tmp_path, capsys):
    (tmp_path / "data").mkdir()
    arguments = ["--quick", "--family", "decomposition", "--output", str(tmp_path)]
    assert _tour.main([*arguments, "--data", str(tmp_path / "data")]) == 0
    assert "Concrete is left out: " in capsys.readouterr().out


def test_tables_of_the_folder_need_no_pandas(tmp_path, monkeypatch, capsys, rng):
    def refuse(caller):
        raise ImportError(caller)

    names = [*"abcdefgh", "strength"]
    columns = dict(zip(names, rng.standard_normal((9, 300)), strict=True))
    monkeypatch.setattr(_tabular, "_read_csv", lambda file, data_home: columns.copy())
    monkeypatch.setattr(_tabular, "import_pandas", refuse)
    arguments = ["--quick", "--family", "decomposition", "--output", str(tmp_path)]
    assert _tour.main([*arguments, "--data", str(tmp_path)]) == 0
    assert "Concrete: compressive strength (100 x 8)" in capsys.readouterr().out


# -- what goes wrong is a sentence ----------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--family", "clusters"], "no family 'clusters'.* mean 'cluster'.* predict"),
        (["--family", "xyz"], "no family 'xyz' in the tour; there are cluster"),
        (["--data", "no/such"], "data folder 'no/such' does not exist; .*--data"),
        (["--output", "file/figures"], "cannot be written .*not a dir.*--output"),
    ],
)
def test_mistakes_are_answered_by_a_sentence(
    arguments, sentence, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    assert _tour.main(["--quick", *arguments]) == 2
    text, errors = capsys.readouterr()
    assert text == ""
    assert re.search(sentence, errors)
    assert errors.endswith(".\n")
    assert errors.count("\n") == 1


def test_a_wrong_variable_is_answered_by_a_sentence(monkeypatch, capsys):
    monkeypatch.setenv("SKSPACE_DATA", "no/such")
    assert _tour.main(["--quick"]) == 2
    assert "SKSPACE_DATA" in capsys.readouterr().err


def test_ctrl_c_ends_with_one_line(tmp_path, monkeypatch, capsys):
    def interrupt(self, title, columns, rows):
        raise KeyboardInterrupt

    monkeypatch.setattr(Stage, "table", interrupt)
    arguments = ["--quick", "--family", "model_selection", "--output", str(tmp_path)]
    assert _tour.main(arguments) == 130
    assert capsys.readouterr().err == "The tour was interrupted.\n"


def test_families_can_be_chosen_and_listed(capsys):
    assert _tour.main(["--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == (
        FAMILIES
    )
    assert _tour.main(["--list", "--family", "predict"]) == 0
    assert capsys.readouterr().out.startswith("predict  ")


def test_the_module_runs():
    answer = subprocess.run(
        [sys.executable, "-m", "skspace", "--list"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert [line.split()[0] for line in answer.stdout.splitlines()] == FAMILIES
    assert answer.stderr == ""


def test_a_reader_may_leave_early():
    tour = subprocess.Popen(
        [sys.executable, "-m", "skspace", "--list"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    tour.stdout.close()
    with tour.stderr:
        assert tour.stderr.read() == b""
    assert tour.wait() == 1


# -- the parts ------------------------------------------------------------------------


def test_stars_mark_the_best_that_can_be_seen():
    columns = [Column("high", "high"), Column("low", "low", 1), Column("none")]
    rows = [("a", (0.51, 2.04, 3)), ("b", (0.5099, 1.96, 1)), ("c", (None, 5.0, "x"))]
    lines = format_table(columns, rows)
    assert [line.split() for line in lines[2:]] == [
        ["a", "0.510*", "2.0*", "3.000"],
        ["b", "0.510*", "2.0*", "1.000"],
        ["c", "-", "5.0", "x"],
    ]


def test_progress_on_a_terminal_is_wiped(tmp_path):
    stream = Terminal()
    stage = Stage(stream, output=tmp_path)
    stage.announce("something")
    stage.line("done")
    shown = stream.getvalue().split("\r")
    assert shown == ["... something", " " * len("... something"), "done\n"]


def test_warnings_of_a_fit_become_one_remark(tmp_path):
    stream = io.StringIO()
    stage = Stage(stream, output=tmp_path)

    def noisy():
        warnings.warn("The graph is torn. Mend it.", stacklevel=1)
        warnings.warn("The graph is torn. Mend it.", stacklevel=1)
        return 3

    result, seconds = stage.timed("Noisy", noisy)
    assert result == 3
    assert seconds >= 0
    for _ in range(2):
        stage.table("Title", [Column("x")], [("Noisy", (1,))])
    assert stream.getvalue().count('Noisy: a warning, "The graph is torn".\n') == 1


def test_only_what_is_slow_beside_kmeans_is_left_out(tmp_path):
    stream = io.StringIO()
    stage = Stage(stream, output=tmp_path)
    calls = []

    class Model:
        def fit(self, X):
            calls.append(len(X))

    slow = Peer("Slow", True, lambda k: Model())
    X = np.zeros((100, 2))
    assert fit(stage, slow, X, 2)[0] is not None
    stage._known["Slow"] = 100, PATIENCE  # twice that on X
    assert fit(stage, slow, X[:50], 2)[0] is not None
    stage._known["Slow"] = 100, PATIENCE
    assert fit(stage, slow, X, 2)[0] is None
    stage._known[THEIRS[0].name] = 200, PATIENCE  # everything is slow here
    assert fit(stage, slow, X, 2)[0] is not None
    assert calls == [100, 50, 100]


def result(name, ours, accuracy):
    return cluster_family.Result(name, ours, accuracy, 0.0, 0.0, None, 0.0)


@pytest.mark.parametrize(
    ("ours", "sentence"),
    [
        ((0.9, 0.5), "skspace is ahead by 0.20, A 0.900 against KMeans.* 1 of 2: B"),
        ((0.4, 0.5), "scikit-learn is ahead by 0.20, B 0.500 against .* 2 of 2: A"),
        ((0.705, 0.8 - 0.1), "no difference between the best of both, A 0.705"),
    ],
)
def test_the_reading_follows_the_numbers(ours, sentence):
    kmeans = result(THEIRS[0].name, False, 0.7)
    table = [kmeans, result("A", True, ours[0]), result("B", True, ours[1])]
    assert re.search(sentence, cluster_family.verdict(table))


def test_the_summary_counts_data_sets_method_by_method():
    kmeans = result(THEIRS[0].name, False, 0.7)
    tables = {
        "one": [kmeans, result("A", True, 0.8), result("B", True, 0.9)],
        "two": [kmeans, result("A", True, 0.6), result("B", True, 0.71)],
        "three": [kmeans, result("A", True, 0.7)],
    }
    assert "B 2 of 2, A 1 of 3." in cluster_family.summary(tables)
