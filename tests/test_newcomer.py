"""What a newcomer tries in the first hour, on every public estimator."""

import ast
import copy
import inspect
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import joblib
import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone, is_clusterer, is_regressor
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted
from test_common import instances
from threadpoolctl import threadpool_limits

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skspace.exceptions.SkspaceWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning"),
]

N, D = 60, 5


def table():
    """Three clusters in five columns, and two responses."""
    rng = np.random.RandomState(0)
    X = 3 * np.eye(3, D)[rng.randint(3, size=N)] + rng.standard_normal((N, D))
    continuous = X[:, 0] - X[:, 1] + 0.1 * rng.standard_normal(N)
    return X, continuous, (X[:, 0] > np.median(X[:, 0])).astype(int)


X, CONTINUOUS, CLASSES = table()

# The same numbers, said in another way.
FORMS = {
    "lists": lambda X, y: (X.tolist(), y.tolist()),
    "Fortran": lambda X, y: (np.asfortranarray(X), y),
    "every second": lambda X, y: (
        np.repeat(X, 2, axis=1)[:, ::2],
        np.repeat(y, 2)[::2],
    ),
    "read-only": lambda X, y: (locked(X), locked(y)),
    "memmap": lambda X, y: (mapped(X), y),
    "big-endian": lambda X, y: (X.astype(">f8"), y),
    "long double": lambda X, y: (X.astype(np.longdouble), y),
    "object": lambda X, y: (X.astype(object), y),
    "pandas": lambda X, y: (pandas().DataFrame(X), pandas().Series(y)),
    "polars": lambda X, y: (polars().DataFrame(X), polars().Series(y)),
}
SPARSE = {
    "csr array": sp.csr_array,
    "csc matrix": sp.csc_matrix,
    "coo array": sp.coo_array,
}
# Numbers that are hard, or little to go by: an answer without NaN, or a sentence.
HARD = {
    "float16": lambda X, y: (X.astype(np.float16), y),
    "float32": lambda X, y: (X.astype(np.float32), y),
    "int8": lambda X, y: (np.round(10 * X).astype(np.int8), y),
    "uint8": lambda X, y: (np.abs(np.round(10 * X)).astype(np.uint8), y),
    "bool": lambda X, y: (X > 0, y),
    "one row": lambda X, y: (X[:1], y[:1]),
    "two rows": lambda X, y: (X[:2], np.array([0, 1])),
    "three rows": lambda X, y: (X[:3], np.array([0, 1, 0])),
    "one column": lambda X, y: (X[:, :1], y),
    "huge": lambda X, y: (1e150 * X, y),
    "too huge": lambda X, y: (1e300 * X, y),
    "tiny": lambda X, y: (1e-150 * X, y),
    "too tiny": lambda X, y: (1e-310 * X, y),
    "mixed units": lambda X, y: (X * [1e8, 1e-8, 1, 1e4, 1e-4], y),
    "far from zero": lambda X, y: (X + 1e9, y),
    "constant": lambda X, y: (np.ones_like(X), y),
    "zeros": lambda X, y: (np.zeros_like(X), y),
    "constant column": lambda X, y: (np.where(np.arange(D) == 2, 7.0, X), y),
    "equal rows": lambda X, y: (np.repeat(X[:10], 6, axis=0), np.repeat(y[:10], 6)),
    "two points": lambda X, y: (np.repeat(X[:2], 30, axis=0), np.repeat([0, 1], 30)),
    "equal columns": lambda X, y: (X[:, [0, 0, 1, 1, 2]], y),
    "wide": lambda X, y: (np.random.RandomState(0).standard_normal((20, 80)), y[:20]),
    "y constant": lambda X, y: (X, np.ones_like(y)),
    "y column": lambda X, y: (X, y[:, None]),
    "y strings": lambda X, y: (X, np.where(y > 0, "a", "b")),
    "y missing": lambda X, y: (X, None),
}
# What means nothing.
BAD = {
    "nan": lambda X, y: (np.where(np.arange(D) == 2, np.nan, X), y),
    "inf": lambda X, y: (np.where(np.arange(D) == 2, np.inf, X), y),
    "strings": lambda X, y: (np.full(X.shape, "a"), y),
    "1-D": lambda X, y: (X[:, 0], y),
    "3-D": lambda X, y: (X[:, :, None], y),
    "number": lambda X, y: (3.0, y),
    "None": lambda X, y: (None, y),
    "no rows": lambda X, y: (X[:0], y[:0]),
    "no columns": lambda X, y: (X[:, :0], y),
    "complex": lambda X, y: (X + 1j, y),
    "ragged": lambda X, y: ([[1.0, 2.0], [3.0]], y[:2]),
}


def pandas():
    return pytest.importorskip("pandas")


def polars():
    return pytest.importorskip("polars")


def locked(x):
    x = x.copy()
    x.flags.writeable = False
    return x


def mapped(x):
    buffer = np.lib.format.open_memmap(mapped.path, "w+", shape=x.shape)
    buffer[:] = x
    buffer.flush()
    return np.load(mapped.path, mmap_mode="r")


@pytest.fixture(autouse=True)
def folder_for_memmaps(tmp_path):
    mapped.path = tmp_path / "x.npy"


def newcomers():
    """The first instance of each class that test_common names."""
    first = {}
    for estimator in instances():
        first.setdefault(type(estimator).__name__, estimator)
    first["MCR2Clustering"].set_params(max_steps=5)
    return [pytest.param(e, id=name) for name, e in sorted(first.items())]


every_estimator = pytest.mark.parametrize("estimator", newcomers())


def target(estimator):
    return CONTINUOUS if is_regressor(estimator) else CLASSES


def seeded(estimator):
    estimator = clone(estimator)
    if "random_state" in estimator.get_params():
        estimator.set_params(random_state=0)
    return estimator


def answers(estimator, X):
    """What a fitted estimator says, as arrays by name."""
    said = {}
    for method in ("predict", "transform"):
        if hasattr(estimator, method):
            result = getattr(estimator, method)(X)
            said[method] = result.toarray() if sp.issparse(result) else result
    for name in ("labels_", "mi_", "sample_indices_", "sample_weight_"):
        if hasattr(estimator, name):
            said[name] = getattr(estimator, name)
    return {name: np.asarray(value) for name, value in said.items()}


def plain_answers(estimator):
    """What it says of the table as it is; asked once a class."""
    name = type(estimator).__name__
    if name not in PLAIN:
        PLAIN[name] = answers(seeded(estimator).fit(X, target(estimator)), X)
    return PLAIN[name]


PLAIN = {}


def assert_same(said, expected, **tolerance):
    assert set(said) == set(expected)
    assert said
    for name, value in said.items():
        if value.dtype.kind == "f":
            assert_allclose(value, expected[name], err_msg=name, **tolerance)
        else:
            assert_array_equal(value, expected[name], err_msg=name)


def assert_no_nan(estimator, said):
    arrays = {k: v for k, v in vars(estimator).items() if k.endswith("_")}
    for name, value in {**arrays, **said}.items():
        value = value.data if sp.issparse(value) else value
        if (
            isinstance(value, float | np.ndarray)
            and np.asarray(value).dtype.kind == "f"
        ):
            assert not np.isnan(value).any(), name


def assert_is_a_sentence(error):
    message = str(error)
    assert len(message) > 15, message
    assert " " in message


CASES = [*FORMS, *SPARSE, *HARD, *BAD]
NOTED = []
"""What the test that runs now has seen."""


def note(estimator, case, outcome):
    NOTED.append([type(estimator).__name__, CASES.index(case), case, outcome])


@pytest.fixture(autouse=True)
def matrix(request):
    """Hand what was noted to the table that ends the run, from whatever process."""
    NOTED.clear()
    yield
    request.node.user_properties += [("newcomer", cell) for cell in NOTED]


@every_estimator
@pytest.mark.parametrize("form", FORMS)
def test_other_forms_of_the_same_numbers(estimator, form):
    y = target(estimator)
    expected = plain_answers(estimator)
    other, labels = FORMS[form](X, y)
    fitted = seeded(estimator).fit(other, labels)
    assert_same(answers(fitted, other), expected, rtol=1e-6, atol=1e-8)
    note(estimator, form, "same")


@every_estimator
@pytest.mark.parametrize("form", SPARSE)
def test_sparse_is_accepted_where_the_tag_says_so(estimator, form):
    y = target(estimator)
    if get_tags(estimator).input_tags.sparse:
        fitted = seeded(estimator).fit(SPARSE[form](X), y)
        assert_no_nan(fitted, answers(fitted, SPARSE[form](X)))
        note(estimator, form, "works")
        return
    with pytest.raises((TypeError, ValueError), match=r"(?i)sparse"):
        seeded(estimator).fit(SPARSE[form](X), y)
    note(estimator, form, "refused")


@every_estimator
@pytest.mark.parametrize("case", HARD)
def test_hard_numbers_give_an_answer_or_a_sentence(estimator, case):
    hard, y = HARD[case](X, target(estimator))
    estimator = seeded(estimator)
    before = copy.deepcopy(hard)
    try:
        estimator.fit(hard, y)
        said = answers(estimator, hard)
    except (TypeError, ValueError) as error:
        assert_is_a_sentence(error)
        note(estimator, case, "refused")
    else:
        assert_no_nan(estimator, said)
        note(estimator, case, "works")
    assert_array_equal(hard, before)


@every_estimator
@pytest.mark.parametrize("case", BAD)
def test_nonsense_is_refused_with_a_sentence(estimator, case):
    bad, y = BAD[case](X, target(estimator))
    estimator = seeded(estimator)
    with pytest.raises((TypeError, ValueError)) as caught:
        estimator.fit(bad, y)
    assert_is_a_sentence(caught.value)
    note(estimator, case, "refused")
    with pytest.raises(NotFittedError):
        check_is_fitted(estimator)


@every_estimator
def test_more_clusters_or_components_than_there_are(estimator):
    for name in ("n_clusters", "n_components", "n_features_to_select"):
        if name not in estimator.get_params():
            continue
        greedy = seeded(estimator).set_params(**{name: N + 1})
        try:
            greedy.fit(X, target(estimator))
        except (TypeError, ValueError) as error:
            assert_is_a_sentence(error)
        else:
            assert_no_nan(greedy, answers(greedy, X))


@every_estimator
def test_copies_answer_alike(estimator, tmp_path):
    """Pickle, joblib with memory mapping, skops, deep copies."""
    fitted = seeded(estimator).fit(X, target(estimator))
    expected = answers(fitted, X)
    joblib.dump(fitted, tmp_path / "model.joblib")
    copies = [
        copy.deepcopy(fitted),
        pickle.loads(pickle.dumps(fitted)),
        joblib.load(tmp_path / "model.joblib", mmap_mode="r"),
    ]
    try:
        import skops.io
    except ImportError:
        pass
    else:
        saved = skops.io.dumps(fitted)
        trusted = skops.io.get_untrusted_types(data=saved)
        assert all(
            t.startswith(("skspace.", "numpy.", "scipy.", "sklearn.")) for t in trusted
        )
        copies.append(skops.io.loads(saved, trusted=trusted))
    for other in copies:
        assert_same(answers(other, X), expected, rtol=1e-12)
        assert repr(other) == repr(fitted)
    with pytest.raises(NotFittedError):
        check_is_fitted(clone(fitted))


@every_estimator
def test_pipelines_and_searches(estimator):
    y = target(estimator)
    pipeline = make_pipeline(StandardScaler(), seeded(estimator)).fit(X, y)
    assert_no_nan(
        pipeline[-1], answers(pipeline[-1], StandardScaler().fit_transform(X))
    )
    scoring = None if hasattr(estimator, "score") else lambda *_: 0.0
    search = GridSearchCV(seeded(estimator), {}, cv=2, n_jobs=2, scoring=scoring)
    search.fit(X, y)
    assert np.isfinite(search.best_score_)


@every_estimator
def test_columns_and_unions(estimator):
    if not hasattr(estimator, "transform") or not hasattr(
        estimator, "get_feature_names_out"
    ):
        pytest.skip("no transformer")
    frame = pandas().DataFrame(X, columns=list("abcde"), index=np.arange(N) + 7)
    y = target(estimator)
    columns = ColumnTransformer(
        [("ours", seeded(estimator), list("abcd")), ("rest", StandardScaler(), ["e"])]
    ).set_output(transform="pandas")
    both = columns.fit_transform(frame, y)
    assert list(both.index) == list(frame.index)
    assert list(both.columns) == list(columns.get_feature_names_out())
    union = FeatureUnion([("ours", seeded(estimator)), ("scaled", StandardScaler())])
    alone = seeded(estimator).fit(X, y)
    width = alone.transform(X).shape[1]
    assert_allclose(union.fit(X, y).transform(X)[:, :width], alone.transform(X))


@every_estimator
@pytest.mark.parametrize("routing", [False, True], ids=["plain", "routed"])
def test_weights_reach_the_last_step_of_a_pipeline(estimator, routing):
    if "sample_weight" not in inspect.signature(estimator.fit).parameters:
        pytest.skip("no weights")
    y, weights = target(estimator), np.arange(N) % 3
    alone = seeded(estimator).fit(X, y, sample_weight=weights)
    with config_context(enable_metadata_routing=routing):
        step = seeded(estimator)
        name = "sample_weight" if routing else "ours__sample_weight"
        if routing:
            step.set_fit_request(sample_weight=True)
        pipeline = Pipeline([("as it is", FunctionTransformer()), ("ours", step)])
        pipeline.fit(X, y, **{name: weights})
    assert_same(answers(step, X), answers(alone, X), rtol=1e-12)


@every_estimator
def test_two_fits_at_once_and_one_thread_change_nothing(estimator):
    y = target(estimator)
    expected = plain_answers(estimator)
    with ThreadPoolExecutor(2) as pool:
        fits = list(pool.map(lambda e: e.fit(X, y), [seeded(estimator) for _ in "ab"]))
    with threadpool_limits(1):
        fits.append(seeded(estimator).fit(X, y))
    for fitted in fits:
        assert_same(answers(fitted, X), expected, rtol=1e-7, atol=1e-9)


class Interrupter:
    """Counts calls of Python functions; raises KeyboardInterrupt at one of them."""

    def __init__(self, at=None):
        self.at, self.count = at, 0

    def __call__(self, frame, event, argument):
        if event == "call":
            self.count += 1
            if self.count == self.at:
                sys.setprofile(None)
                raise KeyboardInterrupt

    def __enter__(self):
        self.before = sys.getprofile()
        sys.setprofile(self)
        return self

    def __exit__(self, *_):
        sys.setprofile(self.before)


def interrupted(estimator, y, at):
    """Interrupt a fit at a call or soon after it: finalisers swallow exceptions."""
    for later in range(20):
        broken = seeded(estimator)
        try:
            with Interrupter(at + later):
                broken.fit(X, y)
        except KeyboardInterrupt:
            return broken
    raise AssertionError("no call could be interrupted")


@every_estimator
def test_interrupted_fits_can_be_repeated(estimator):
    y = target(estimator)
    expected = plain_answers(estimator)
    for _ in range(2):  # the first fit may import and fill caches
        counted = seeded(estimator)
        with Interrupter() as calls:
            counted.fit(X, y)
    for share in (0.3, 0.8):
        broken = interrupted(estimator, y, int(share * calls.count))
        with pytest.raises(NotFittedError):
            check_is_fitted(broken)
        assert_same(answers(broken.fit(X, y), X), expected, rtol=1e-9, atol=1e-12)


@every_estimator
def test_fits_are_silent_and_leave_no_trace(estimator, capfd):
    y = target(estimator)
    data, response = X.copy(), y.copy()
    np.random.seed(5)
    state, errors = np.random.get_state()[1].copy(), np.geterr()
    said = [answers(seeded(estimator).fit(data, response), data) for _ in range(2)]
    assert_same(*said, rtol=0)
    assert_array_equal(np.random.get_state()[1], state)
    assert np.geterr() == errors
    assert_array_equal(data, X)
    assert_array_equal(response, y)
    assert capfd.readouterr() == ("", "")


@every_estimator
def test_identical_samples_are_not_divided_at_will(estimator):
    """Where scikit-learn's own clusterers cut equal rows into clusters."""
    if not is_clusterer(estimator):
        pytest.skip("no clusterer")
    repeated = np.repeat(X[:12], 5, axis=0)
    few = seeded(estimator)
    if "n_clusters" in few.get_params():
        few.set_params(n_clusters=3)
    labels = few.fit(repeated).labels_.reshape(12, 5)
    assert np.all(labels == labels[:, :1])


def test_kernels_are_serial():
    """So no threading layer of numba matters, and threads of ours may call them."""
    root = Path(__file__).parents[1] / "skspace"
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg in {"parallel", "fastmath"}:
                raise AssertionError(f"{path.name} sets {node.arg}")
