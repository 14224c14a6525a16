"""Tables drawn at random, for every public estimator: a finite answer or a sentence.

A few tables for each in a run, always the same. To look for more, name how many, and
run until nothing is found: ``SKSPACE_FUZZ=500 python -m pytest tests/test_fuzz.py``.
"""

import dataclasses
import inspect
import os
import traceback

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.base import is_regressor
from sklearn.utils import get_tags
from test_common import instances
from test_newcomer import assert_is_a_sentence, seeded

from skspace.cluster import KSubspaces
from skspace.model_selection import InductiveClusterer

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skspace.exceptions.SkspaceWarning"),
    # scikit-learn's, of a y with many classes
    pytest.mark.filterwarnings("ignore:The number of unique classes:UserWarning"),
]

WANTED = int(os.environ.get("SKSPACE_FUZZ", "0"))
EXAMPLES = 25
# Networks: what they share with the others, the others show.
DEAR = {"DeepSubspaceClustering": 4, "MCR2Clustering": 4, "NeuralMutualInfo": 8}

TRICKS = {
    "constant column": lambda X, rng: _with_column(X, 0, np.full(len(X), X[0, 0])),
    "zero column": lambda X, rng: _with_column(X, -1, np.zeros(len(X))),
    "equal columns": lambda X, rng: _with_column(X, 0, X[:, -1]),
    "opposite columns": lambda X, rng: _with_column(X, 0, -X[:, -1]),
    "nearly equal columns": lambda X, rng: _with_column(
        X, 0, X[:, -1] * (1 + 1e-15 * rng.standard_normal(len(X)))
    ),
    "sum of columns": lambda X, rng: _with_column(X, 0, X[:, 1:].sum(axis=1)),
    "equal rows": lambda X, rng: X[rng.randint(max(1, len(X) // 3), size=len(X))],
    "two points": lambda X, rng: X[rng.randint(min(2, len(X)), size=len(X))],
    "constant": lambda X, rng: np.full_like(X, X[0, 0]),
    "rank one": lambda X, rng: np.outer(X[:, 0], X[0]),
    "ties": lambda X, rng: np.round(X),
    "mostly zero": lambda X, rng: X * (rng.uniform(size=X.shape) < 0.2),
    "zero row": lambda X, rng: X * (np.arange(len(X)) > 0)[:, None],
    "outlier": lambda X, rng: X * np.where(np.arange(len(X)) == 1, 1e12, 1.0)[:, None],
    "sorted": lambda X, rng: np.sort(X, axis=0),
    "heavy tails": lambda X, rng: X / np.abs(rng.standard_normal(X.shape)) ** 3,
    "clusters": lambda X, rng: X + 20 * rng.randint(3, size=len(X))[:, None],
    "mixed units": lambda X, rng: X * 10.0 ** rng.randint(-12, 13, size=X.shape[1]),
    "all units": lambda X, rng: X * 10.0 ** rng.randint(-300, 301, size=X.shape[1]),
    "far from zero": lambda X, rng: X + 1e9,
}
FLOATS = ["float64", "float32", "float16", "longdouble"]
INTEGERS = ["int8", "uint8", "int16", "int32", "int64", "uint64", "bool"]
LARGEST = 0.97  # of the exponents of a dtype: 1e299, 2e37 and 5e4
EXPONENTS = st.one_of(
    st.just(0), st.sampled_from([-310, -160, -20, 20, 155, 300]), st.integers(-320, 300)
)
# What may be infinite: the uncertainty of what is open, numbers of condition, the
# logarithm of a share that is none.
UNBOUNDED = (
    "directions.std",
    "directions.ratio",
    "kappa_target_",
    "report_.kappa_target",
    "report_.blocks.ratios",
    "report_.blocks.stds",
    "report_.condition",
    "report_.scores",
    "condition_number",
    "condition_number_scaled",
    "condition_number_preconditioned",
    "condition_index",
    "mixture_log_weights_",
    "se_",
    "ci_.high",
    "result_.se",
    "result_.ci.high",
    "subsamples.mean",
)
# And what may be unknown: the spread of one value, a condition nobody computed, what
# is not looked at in every step.
UNKNOWN = (
    "subsamples.sd",
    "expected_digits",
    "condition_number",
    "condition_number_scaled",
    "training_curves_.",
)


def _with_column(X, column, values):
    X = X.copy()
    X[:, column] = values
    return X


def cast(X, dtype):
    """Numbers of a type, the largest it has in place of larger ones."""
    with np.errstate(all="ignore"):
        if dtype == "bool":
            return np.median(X) < X
        limits = (np.iinfo if np.dtype(dtype).kind in "iu" else np.finfo)(dtype)
        top, least = float(limits.max), float(limits.min)
        if np.dtype(dtype).kind == "f":
            top = min(top, np.finfo(float).max) ** LARGEST
            least = -top
        cut = np.clip(np.nan_to_num(X), least, top)
        if np.dtype(dtype).kind == "f":
            return np.clip(cut.astype(dtype), limits.min, limits.max)
        # the float nearest to the largest int64 lies above it
        inside = np.clip(cut, least, np.nextafter(top, 0)).astype(dtype)
        return np.where(top <= X, limits.max, inside)


@st.composite
def tables(draw):
    """Return a table of 1 to 40 rows and 1 to 40 columns, of any numeric type."""
    if draw(st.integers(0, 5)) == 0:
        shape = draw(st.tuples(st.integers(1, 12), st.integers(1, 4)))
        return draw(
            arrays(
                np.float64,
                shape,
                elements=st.floats(-1e300, 1e300),
            )
        )
    n = draw(st.one_of(st.integers(10, 40), st.integers(1, 9)))
    d = draw(st.one_of(st.integers(1, 6), st.sampled_from([9, 17, 40])))
    rng = np.random.RandomState(draw(st.integers(0, 5)))
    X = rng.standard_normal((n, d))
    with np.errstate(all="ignore"):
        for trick in draw(st.lists(st.sampled_from(sorted(TRICKS)), max_size=3)):
            X = TRICKS[trick](X, rng)
        dtype = draw(st.sampled_from(FLOATS + INTEGERS))
        if dtype in INTEGERS and draw(st.booleans()):
            X = 3 * X
        elif dtype in INTEGERS:
            X = np.iinfo("int8" if dtype == "bool" else dtype).max * X
        else:
            X = X * np.longdouble(10) ** draw(EXPONENTS)
    return np.asarray(cast(X, dtype), order=draw(st.sampled_from("CF")))


@st.composite
def responses(draw, X):
    """Return numbers or classes, related to the table or not."""
    n = len(X)
    rng = np.random.RandomState(draw(st.integers(0, 5)))
    with np.errstate(all="ignore"):
        first = np.argsort(np.argsort(X[:, 0], kind="stable")) / n - 0.5
    y = first + draw(st.sampled_from([0, 0.1, 10])) * rng.standard_normal(n)
    kind = draw(st.sampled_from(["numbers", "classes", "ties", "constant", "integers"]))
    if kind == "numbers":
        return cast(y * np.longdouble(10) ** draw(EXPONENTS), np.float64)
    if kind == "classes":
        return (y > rng.uniform(-0.5, 0.5)).astype(int) + (y > 0.5)
    if kind == "ties":
        return np.round(2 * y)
    if kind == "constant":
        return np.full(n, draw(st.sampled_from([0.0, 1.0, 1e300])))
    return cast(y * 2.0**70, draw(st.sampled_from(INTEGERS[:-1])))


@st.composite
def weights(draw, n):
    rng = np.random.RandomState(draw(st.integers(0, 5)))
    w = rng.uniform(size=n) * (rng.uniform(size=n) < draw(st.sampled_from([0.3, 1])))
    with np.errstate(all="ignore"):
        return cast(w * np.longdouble(10) ** draw(EXPONENTS), np.float64)


def variants():
    """All instances that test_common names, by class."""
    found = {}
    for estimator in instances():
        found.setdefault(type(estimator).__name__, []).append(estimator)
    # of our own, since others speak for themselves
    found["InductiveClusterer"] = [InductiveClusterer(KSubspaces(n_clusters=3))]
    return [pytest.param(v, id=name) for name, v in sorted(found.items())]


def numbers(thing, name):
    """All floating-point numbers in an attribute, by name."""
    if isinstance(thing, float | np.floating):
        yield name, np.asarray(thing)
    elif sp.issparse(thing):
        yield name, thing.data
    elif isinstance(thing, np.ndarray):
        if thing.dtype.kind == "f":
            yield name, thing
    elif hasattr(thing, "_asdict"):
        yield from numbers(thing._asdict(), name)
    elif isinstance(thing, dict):
        for key, value in thing.items():
            yield from numbers(value, f"{name}.{key}")
    elif isinstance(thing, list | tuple):
        for value in thing:
            yield from numbers(value, name)
    elif dataclasses.is_dataclass(thing) or type(thing).__module__[:8] == "skspace.":
        for key, value in vars(thing).items():
            yield from numbers(value, f"{name}.{key}")


def assert_finite(thing, name):
    for where, values in numbers(thing, name):
        if not any(name in where for name in UNKNOWN):
            assert not np.isnan(values).any(), f"{where} has NaN"
        if not where.endswith(UNBOUNDED):
            assert not np.isinf(values).any(), f"{where} is infinite"


def assert_meant(error):
    """It is a sentence, and of those that we wrote or scikit-learn's checks."""
    assert_is_a_sentence(error)
    kind = type(error)
    assert kind in (ValueError, TypeError) or kind.__module__[:8] == "skspace.", kind
    frame, _ = list(traceback.walk_tb(error.__traceback__))[-1]
    module = frame.f_globals["__name__"]
    assert module.startswith(("skspace.", "sklearn.utils.")), module


def asked(call, name):
    """Return what a method says, or None where it refuses in a sentence."""
    try:
        said = call()
    except (TypeError, ValueError) as error:
        assert_meant(error)
        return None
    assert_finite(said, name)
    return said


def interrogate(estimator, X, y=None, **metadata):
    """Fit, and ask everything there is to ask."""
    table = X.copy()
    arguments = (X,) if y is None else (X, y)
    if asked(lambda: bool(estimator.fit(*arguments, **metadata)), "fit") is None:
        assert not [name for name in vars(estimator) if name.endswith("_")]
        return
    for name, value in vars(estimator).items():
        if name.endswith("_") and not name.startswith("_"):
            assert_finite(value, name)
    for method in ("predict", "predict_proba", "decision_function", "score_samples"):
        if hasattr(estimator, method):
            asked(lambda m=method: getattr(estimator, m)(X), method)
    if hasattr(estimator, "transform"):
        said = asked(lambda: estimator.transform(X), "transform")
        if said is not None and hasattr(estimator, "inverse_transform"):
            asked(lambda: estimator.inverse_transform(said), "inverse_transform")
    if hasattr(estimator, "score") and not is_regressor(estimator):
        asked(lambda: estimator.score(*arguments), "score")
    np.testing.assert_array_equal(X, table)


def searching(name):
    """Return settings for few tables, always the same, or as many as asked for."""
    return settings(
        max_examples=WANTED or DEAR.get(name, EXAMPLES),
        derandomize=not WANTED,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=bool(WANTED),
    )


def noise(n, d, scale=1.0):
    return scale * np.random.RandomState(0).standard_normal((n, d))


# What such tables have found: overflow, failed factorisations, NaN.
FOUND = {
    "squares of coefficients": ("OuterProductGradients", {}, noise(10, 4, 1e-161)),
    "slopes without units": (
        "ActiveSubspace",
        {"method": "linear", "standardize": False, "n_components": 1},
        noise(25, 5, 1e-310),
    ),
    "variance in float32": ("FairPCA", {}, noise(10, 40, 1e30).astype(np.float32)),
    "a table of two values": ("GaussianMutualInfo", {}, np.sign(noise(25, 1)) * 65504),
    "nothing beside a penalty": (
        "PreconditionedRegression",
        {"alpha": 0.1, "refine": False},
        noise(9, 3, 1e-310),
    ),
    "subnormal steps": (
        "PreconditionedRegression",
        {"preconditioner": "jacobi", "solver": "lsmr"},
        noise(6, 3, 1e-310),
    ),
    "subnormal columns left out": (
        "DecoupledRidge",
        {"kappa_target": "loo"},
        noise(25, 5, 1e-310),
    ),
    "long double": ("SpikedPCA", {}, np.longdouble(10) ** 400 * noise(13, 17)),
}


@pytest.mark.parametrize("found", FOUND)
def test_what_was_found_is_answered(found):
    name, parameters, X = FOUND[found]
    y = np.arange(len(X)) % 3 - 1.0
    estimator = next(e for e in instances() if type(e).__name__ == name)
    interrogate(seeded(estimator).set_params(**parameters), X, y)


@pytest.mark.parametrize("name", ["MinRedundancyMaxRelevance", "GaussianRBFClassifier"])
def test_classes_may_be_any_number(name):
    estimator = next(e for e in instances() if type(e).__name__ == name)
    y = np.repeat([1e300, -1e300], 10)
    interrogate(seeded(estimator), noise(20, 3), y)


@pytest.mark.parametrize("kinds", variants())
def test_any_table_gives_a_finite_answer_or_a_sentence(kinds):
    weighted = "sample_weight" in inspect.signature(kinds[0].fit).parameters

    @searching(type(kinds[0]).__name__)
    @given(st.data())
    def search(data):
        estimator = seeded(data.draw(st.sampled_from(kinds), "estimator"))
        X = data.draw(tables(), "X")
        y, metadata = None, {}
        if is_regressor(estimator) or get_tags(estimator).target_tags.required:
            y = data.draw(responses(X), "y")
        if weighted and data.draw(st.booleans()):
            metadata["sample_weight"] = data.draw(weights(len(X)), "sample_weight")
        interrogate(estimator, X, y, **metadata)

    search()
