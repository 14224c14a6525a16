"""A fit to blocks of rows is the fit to all rows, whatever the blocks."""

import pickle
import sys

import numpy as np
import pytest
import scipy.sparse as sp
from block_cases import (
    CASES,
    GROUP,
    SLOPES,
    N,
    X,
    Y,
    assert_same,
    cut,
    irregular,
    whole,
)
from sklearn.base import clone
from sklearn.cluster import KMeans

from skspace.active import ActiveSubspace
from skspace.decomposition import SlicedInverseRegression, SpikedPCA
from skspace.distributed import fit, supports
from skspace.erasure import SubspaceEraser
from skspace.fairness import FairSDR
from skspace.sampling import LpRowSampler

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")

every_case = pytest.mark.parametrize(
    ("estimator", "params"),
    CASES,
    ids=[f"{type(e).__name__}{i}" for i, (e, _) in enumerate(CASES)],
)


def in_place(estimator, X, y=Y, **params):
    return fit(clone(estimator), X, y, **params)


@every_case
def test_fit_in_blocks_is_the_fit_of_all_rows(estimator, params):
    found = in_place(estimator, irregular(), **params)
    state = pickle.dumps(found)
    assert b"dask" not in state
    assert_same(pickle.loads(state), whole(estimator, params))


def delayed(table, *ends):
    return [dask.delayed(part, traverse=False) for part in cut(table, *ends)]


def filtered(array):
    """The array, in chunks of which Dask does not know the size."""
    array = da.from_array(np.concatenate([array, array[:7]]), chunks=100)
    return array[da.arange(N + 7, chunks=100) < N]


def frames(pandas, *ends, **more):
    frame = pandas.DataFrame(X, columns=list("abcde")).assign(**more)
    return delayed(frame, *ends)


LAYOUTS = {
    "one block": lambda: (da.from_array(X, chunks=-1), Y),
    "rows alone": lambda: (delayed(X, 1, 2, 3), Y),
    "empty blocks": lambda: (delayed(X, 0, 100, 100, N), Y),
    "lists": lambda: ([dask.delayed(part.tolist()) for part in cut(X, 100)], Y),
    "unknown sizes": lambda: (
        da.concatenate([filtered(X[:, :3]), filtered(X[:, 3:])], 1, True),
        Y,
    ),
    "unknown sizes of both": lambda: (filtered(X), filtered(Y)),
    "other chunks of y": lambda: (irregular(), da.from_array(Y, chunks=77)),
    "delayed y": lambda: (delayed(X, 100), delayed(Y, 100)),
    "one delayed block": lambda: (*delayed(X), *delayed(Y)),
    "y of a list": lambda: (irregular(), Y.tolist()),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_layout_of_blocks_does_not_matter(layout):
    table, y = layout()
    for estimator in (SlicedInverseRegression(2), LpRowSampler(method="leverage")):
        estimator.set_params(random_state=0)
        assert_same(in_place(estimator, table, y), whole(estimator, {}))


@pytest.mark.parametrize("form", [sp.csr_array, sp.coo_array])
def test_sparse_blocks(form):
    sparse = np.where(X > 10, X, 0)
    wanted = SlicedInverseRegression(2).fit(sp.csr_array(sparse), Y)
    blocks = [dask.delayed(form(part), traverse=False) for part in cut(sparse, 150)]
    assert_same(fit(SlicedInverseRegression(2), blocks, Y), wanted)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_names_of_frames_are_known(library):
    module = pytest.importorskip(library)
    frame = module.DataFrame(dict(zip("abcde", X.T, strict=True)))
    found = fit(SpikedPCA(2), delayed(frame, 150))
    assert_same(found, SpikedPCA(2).fit(frame))
    assert list(found.feature_names_in_) == list("abcde")
    other = [*delayed(frame[:150]), *delayed(frame[150:][list("bacde")])]
    with pytest.raises(ValueError, match="must be in the same order"):
        fit(SpikedPCA(2), other)


def test_float32_stays_float32():
    found = fit(SpikedPCA(2), da.from_array(X.astype(np.float32), chunks=(100, -1)))
    assert found.components_.dtype == found.mean_.dtype == np.float32
    np.testing.assert_allclose(found.components_, SpikedPCA(2).fit(X).components_, 1e-4)


def test_attribute_in_a_column_of_frames():
    pandas = pytest.importorskip("pandas")
    (frame,) = frames(pandas, group=GROUP)
    fair = FairSDR(sensitive_columns="group")
    found = fit(clone(fair), frames(pandas, 100, 100, group=GROUP), Y)
    assert_same(found, clone(fair).fit(frame.compute(), Y))
    assert list(found.feature_names_in_) == [*"abcde", "group"]


def test_gradients_in_blocks_of_the_same_rows():
    wanted = whole(ActiveSubspace(n_resamples=0), {"gradients": SLOPES})
    chunks = (60, 1, 139, 200)
    for gradients in (
        da.from_array(SLOPES, chunks=(chunks, 2)),
        delayed(SLOPES[:, None, :], 60, 61, 200),
    ):
        found = fit(ActiveSubspace(), irregular(), gradients=gradients)
        assert_same(found, wanted.set_params(n_resamples=100))
    with pytest.raises(ValueError, match=r"blocks of the same rows.*rechunk"):
        fit(ActiveSubspace(), irregular(), gradients=da.from_array(SLOPES, chunks=50))
    with pytest.raises(ValueError, match=r"Block \d of X has \d+ rows, but \d+ rows"):
        fit(ActiveSubspace(), irregular(), gradients=delayed(SLOPES, 59, 61, 200))


def test_rows_are_read_once():
    seen = []

    def read(i, part):
        seen.append(i)
        return part

    blocks = [dask.delayed(read)(i, part) for i, part in enumerate(cut(X, 90, 200))]
    with dask.config.set(scheduler="synchronous"):
        fit(SlicedInverseRegression(2), blocks, delayed(Y, 90, 200))
    assert sorted(seen) == [0, 0, 1, 2]  # one row comes first


def test_result_is_the_same_twice():
    first, second = (in_place(SpikedPCA(), irregular()) for _ in range(2))
    np.testing.assert_array_equal(first.components_, second.components_)


def test_failure_leaves_the_estimator_as_it_was():
    sir = SlicedInverseRegression(2).fit(X, Y)
    before = dict(vars(sir))
    broken = np.where(np.arange(N)[:, None] == 300, np.nan, X)
    with pytest.raises(ValueError, match="contains NaN"):
        fit(sir, da.from_array(broken, chunks=(100, -1)), Y)
    assert vars(sir) == before


def test_nothing_of_an_earlier_fit_remains():
    active = ActiveSubspace("gap").fit(X, gradients=SLOPES)
    active.set_params(n_components=1)
    assert fit(active, irregular(), gradients=SLOPES) is active
    assert not hasattr(active, "eigenvalue_intervals_")
    assert not hasattr(active, "rank_evidence_")


SIR = SlicedInverseRegression()
REFUSED = {
    "memory": (SIR, lambda: (X, Y), {}, "must be a Dask array.* got ndarray"),
    "vector": (SIR, lambda: (da.from_array(Y), Y), {}, "2D array"),
    "number": (SIR, lambda: (da.from_array(Y).sum(), Y), {}, "without rows"),
    "no rows": (SIR, lambda: (delayed(X[:0], 0), Y[:0]), {}, "no rows in any"),
    "short y": (SIR, lambda: (irregular(), Y[:9]), {}, "inconsistent numbers"),
    "one row": (
        SpikedPCA(),
        lambda: (da.from_array(X[:1]), None),
        {},
        "minimum of 2 is required by SpikedPCA",
    ),
    "nothing": (SIR, lambda: ([dask.delayed(None)], Y), {}, "block .* got NoneType"),
    "other places": (
        SIR,
        lambda: (filtered(X), da.from_array(Y, chunks=((50, 50, 50, 50, 200),))),
        {},
        r"Block \d of X has \d+ rows, but .*compute_chunk_sizes",
    ),
    "no y": (SIR, lambda: (irregular(), None), {}, "requires y to be passed"),
    "constant y": (SIR, lambda: (irregular(), np.ones(N)), {}, "single value"),
    "other width": (
        SIR,
        lambda: ([*delayed(X[9:]), *delayed(X[:9, :2])], Y),
        {},
        "2 feat",
    ),
    "other argument": (
        SIR,
        lambda: (irregular(), Y),
        {"sensitive_features": GROUP},
        "takes no sensitive_features",
    ),
    "parameter": (SlicedInverseRegression(0), lambda: (irregular(), Y), {}, "n_comp"),
    "ladle": (SlicedInverseRegression("ladle"), lambda: (irregular(), Y), {}, "ladle"),
    "randomized": (
        SpikedPCA(1, svd_solver="randomized"),
        lambda: (irregular(), None),
        {},
        "randomized",
    ),
    "no attribute": (FairSDR(), lambda: (irregular(), Y), {}, "needs a sensitive"),
    "dcov": (
        FairSDR(order="dcov"),
        lambda: (irregular(), Y),
        {"sensitive_features": GROUP},
        "look at rows again",
    ),
    "no gradients": (ActiveSubspace(), lambda: (irregular(), Y), {}, "FrozenEstimator"),
    "bootstrap": (ActiveSubspace("bootstrap"), lambda: (irregular(), Y), {}, "resampl"),
    "no concept": (SubspaceEraser(), lambda: (irregular(), None), {}, "requires y"),
    "sensitivity": (
        LpRowSampler(method="sensitivity"),
        lambda: (irregular(), None),
        {},
        "choose 'lewis'",
    ),
    "all rows at once": (KMeans(), lambda: (irregular(), None), {}, "all rows at once"),
    "class": (SpikedPCA, lambda: (irregular(), None), {}, "pass an instance"),
}


@pytest.mark.parametrize(
    ("estimator", "data", "params", "message"), REFUSED.values(), ids=REFUSED
)
def test_refusals_say_what_to_do(estimator, data, params, message):
    with pytest.raises(ValueError, match=message):
        fit(estimator, *data(), **params)


def test_supports_what_is_fitted_here():
    assert all(supports(estimator) for estimator, _ in CASES)
    assert all(supports(type(estimator)) for estimator, _ in CASES)
    assert not supports(KMeans())


def test_without_dask_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "dask", None)
    with pytest.raises(ImportError, match=r"pip install \"skspace\[dask\]\""):
        fit(SpikedPCA(), X)
