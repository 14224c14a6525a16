"""Every array-tagged estimator off the host: values of NumPy, dtype, device.

Marked ``gpu`` for CuPy and for PyTorch on a CUDA device. The same statements hold on
any library, so they are made here also of PyTorch on the CPU and of array-api-strict
on a device that is not its default, whose arrays refuse to meet others. Mixed inputs
and foreign ones are left to scikit-learn's checks (tests/test_common.py).
"""

import inspect

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_classifier, is_clusterer
from sklearn.metrics import adjusted_rand_score
from sklearn.utils import get_tags
from test_common import instances, name_of

from skspace._array import is_array_api_obj, is_numpy_array, same_place, to_numpy

pytestmark = [
    pytest.mark.usefixtures("dispatch"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skspace.exceptions.SkspaceWarning"),
]

TOLERANCE = {"float64": 1e-3, "float32": 1e-2}
"""Of the largest entry. Iterations repeat what rounding does to them."""

ILL_POSED = ("subspace_errors_", "bootstrap_", "search_results_")
"""Linear gradients have one direction, further ones are of chance; and where a search
ends among settings that are equally good is a matter of rounding."""

METHODS = [
    "transform",
    "predict",
    "predict_proba",
    "decision_function",
    "score_samples",
    "encode",
    "embed",
    "input_gradients",
]
N, D = 48, 6


PLACES = {
    "strict": ("array_api_strict", "device1", "float64"),
    "torch": ("torch", "cpu", "float32"),
    "cupy-float64": ("cupy", None, "float64"),
    "cupy-float32": ("cupy", None, "float32"),
    "cuda-torch-float64": ("torch", "cuda", "float64"),
    "cuda-torch-float32": ("torch", "cuda", "float32"),
}


class Place:
    """A library and a device of it, which NumPy arrays are taken to."""

    def __init__(self, name, where, dtype):
        strict = name == "array_api_strict"
        self.xp = pytest.importorskip(name if strict else f"array_api_compat.{name}")
        if "cu" in f"{name} {where}" and not self.xp.cuda.is_available():
            pytest.skip("no CUDA device")
        self.device = self.xp.Device(where) if strict else where
        self.dtype = dtype

    def take(self, x):
        return self.xp.asarray(x, device=self.device)


def cases(method="fit"):
    """Every tagged estimator in every place; on the slow one, one of each class."""
    seen = set()
    for estimator in instances():
        if not (get_tags(estimator).array_api_support and hasattr(estimator, method)):
            continue
        for place, where in PLACES.items():
            if place == "strict" and type(estimator) in seen:
                continue
            marks = [pytest.mark.gpu] if "cu" in place else []
            name = f"{place}-{name_of(estimator)}"
            yield pytest.param(estimator, where, id=name, marks=marks)
        seen.add(type(estimator))


def problem(estimator, dtype):
    """Table, response and, where they are taken, weights."""
    rng = np.random.RandomState(1)
    labels = np.arange(N) % 3
    # three planes in space that share no direction, in a frame of unequal lengths
    frames = rng.standard_normal((3, 2, D))
    X = np.einsum("ij,ijk->ik", rng.standard_normal((N, 2)), frames[labels])
    X += 0.05 * rng.standard_normal((N, D)) * np.arange(1, D + 1)
    X += 4 * np.eye(3, D)[labels]
    slope = X @ rng.standard_normal(D) / D
    y = slope + slope**2 + 0.1 * rng.standard_normal(N)
    given = {"X": X.astype(dtype), "y": labels if is_classifier(estimator) else y}
    if "sample_weight" in inspect.signature(estimator.fit).parameters:
        given["sample_weight"] = rng.randint(1, 4, size=N).astype(float)
    return given


def seeded(estimator):
    """Return a copy with one seed, that looks for as many clusters as there are."""
    wanted = {"random_state": 0, "n_clusters": 3}
    known = wanted.keys() & estimator.get_params().keys()
    return clone(estimator).set_params(**{name: wanted[name] for name in known})


def pairs(ours, theirs, path):
    """Leaves of two nested values side by side, with where they were found."""
    if hasattr(ours, "_asdict"):
        ours, theirs = ours._asdict(), theirs._asdict()
    if isinstance(ours, dict):
        assert ours.keys() == theirs.keys(), path
        for key in ours:
            yield from pairs(ours[key], theirs[key], f"{path}[{key!r}]")
    elif isinstance(ours, (list, tuple)):
        assert len(ours) == len(theirs), path
        for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            yield from pairs(a, b, f"{path}[{i}]")
    elif type(ours).__module__.startswith("skspace.") and hasattr(ours, "__dict__"):
        yield from pairs(vars(ours), vars(theirs), path)
    else:
        yield path, ours, theirs


def check_same(host, there, X, path, tolerance):
    """A result of NumPy and the one beside `X`: place, dtype and values.

    Values only of what is public: factors inside may have other signs.
    """
    for where, ours, theirs in pairs(host, there, path):
        if is_array_api_obj(theirs) and not is_numpy_array(theirs):
            assert same_place(theirs, X), where
            theirs = to_numpy(theirs)
        if where.startswith(ILL_POSED) or not isinstance(ours, (np.ndarray, float)):
            continue
        ours, theirs = np.asarray(ours), np.asarray(theirs)
        assert (theirs.dtype, theirs.shape) == (ours.dtype, ours.shape), where
        if where.startswith("_") or tolerance is None:
            continue
        if "labels" in where:
            assert adjusted_rand_score(ours, theirs) == 1, where
        elif ours.dtype.kind == "f" and ours.size:
            scale = max(np.max(np.abs(ours), where=np.isfinite(ours), initial=0), 1e-3)
            assert_allclose(theirs, ours, rtol=0, atol=tolerance * scale, err_msg=where)
        else:
            assert_array_equal(theirs, ours, err_msg=where)


def check_fitted(host, there, X, tolerance):
    """Attributes: arrays are beside `X`, but for the names of classes."""
    for name, ours in vars(host).items():
        theirs = getattr(there, name)
        if isinstance(ours, np.ndarray) and name != "classes_":
            assert same_place(theirs, X), name
        check_same(ours, theirs, X, name, tolerance)


def tolerance_of(host, there, dtype):
    """None where values may differ: a search ended elsewhere, clusters are renamed."""
    if hasattr(host, "search_results_") and dtype == "float32":
        return None
    if is_clusterer(host):
        labels = to_numpy(there.labels_)
        assert adjusted_rand_score(host.labels_, labels) == 1
        if np.any(host.labels_ != labels):
            return None
    return TOLERANCE[dtype]


@pytest.mark.parametrize(("estimator", "where"), list(cases()))
def test_fit_and_methods_give_what_numpy_gives_and_stay(estimator, where):
    place = Place(*where)
    given = problem(estimator, place.dtype)
    taken = {name: place.take(x) for name, x in given.items()}
    host, there = seeded(estimator).fit(**given), seeded(estimator).fit(**taken)
    X, tolerance = taken["X"], tolerance_of(host, there, place.dtype)
    check_fitted(host, there, X, tolerance)
    for method in METHODS:
        if hasattr(host, method):
            ours = getattr(host, method)(given["X"])
            theirs = getattr(there, method)(X)
            assert same_place(theirs, X)
            check_same(ours, theirs, X, method, tolerance)
            if method == "transform" and hasattr(host, "inverse_transform"):
                back = host.inverse_transform(ours), there.inverse_transform(theirs)
                check_same(*back, X, "inverse_transform", tolerance)
    if hasattr(host, "score"):
        score = there.score(X, taken["y"])
        assert isinstance(score, float)
        expected = host.score(given["X"], given["y"])
        if tolerance is not None:
            assert score == pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize(("estimator", "where"), list(cases("partial_fit")))
def test_partial_fit_gives_what_numpy_gives_and_stays(estimator, where):
    place = Place(*where)
    given = problem(estimator, place.dtype)
    taken = {name: place.take(x) for name, x in given.items()}
    host, there = seeded(estimator), seeded(estimator)
    for rows in (slice(0, N // 2), slice(N // 2, N)):
        host.partial_fit(**{name: x[rows, ...] for name, x in given.items()})
        there.partial_fit(**{name: x[rows, ...] for name, x in taken.items()})
    check_fitted(host, there, taken["X"], TOLERANCE[place.dtype])
