"""Fits, predictions and joblib's work on a cluster of two workers."""

import logging

import joblib
import numpy as np
import pytest
from block_cases import CASES, X, Y, assert_same, irregular, whole
from sklearn.base import clone
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skspace.cluster import (
    KSubspaces,
    LeastSquaresSubspaceClustering,
    OMPSubspaceClustering,
    SparseSubspaceClustering,
    ThresholdingSubspaceClustering,
)
from skspace.datasets import make_corridor, make_union_of_subspaces
from skspace.decomposition import SlicedInverseRegression, sdr_bootstrap
from skspace.distributed import fit, predict, transform
from skspace.information import KSGMutualInfo
from skspace.model_selection import prediction_strength
from skspace.registration import TargetIndex

distributed = pytest.importorskip("distributed")
da = pytest.importorskip("dask.array")


def cluster_of(n_workers, **settings):
    return distributed.LocalCluster(
        n_workers=n_workers,
        threads_per_worker=1,
        dashboard_address=":0",
        silence_logs=logging.CRITICAL,
        **settings,
    )


@pytest.fixture(scope="module")
def threads():
    """A scheduler and two workers in this process."""
    with cluster_of(2, processes=False) as cluster, distributed.Client(cluster):
        yield cluster.scheduler


@pytest.mark.parametrize("i", range(0, len(CASES), 3))
def test_fit_is_that_of_one_machine(threads, i):
    estimator, params = CASES[i]
    y = da.from_array(Y, chunks=130)
    assert_same(fit(clone(estimator), irregular(), y, **params), whole(*CASES[i]))


def test_many_responses_go_past_the_scheduler(threads):
    n = 1_500_000  # 12 MB, of which Dask warns where they travel in a graph
    rows = da.arange(n, chunks=500_000, dtype=float)[:, None]
    sir = fit(SlicedInverseRegression(1), rows, np.arange(n) % 7)
    assert sir.n_slices_ == 7


UNION = make_union_of_subspaces(n_samples=60, n_features=9, random_state=0)[0]
SCANS = make_corridor("room", 600, random_state=0)
NAME = "slicedinverseregression__n_components"


def clustered(cls, **parameters):
    return lambda n_jobs: (
        cls(3, n_jobs=n_jobs, random_state=0, **parameters).fit(UNION).labels_
    )


def searched(n_jobs):
    pipeline = make_pipeline(SlicedInverseRegression(), LinearRegression())
    search = GridSearchCV(pipeline, {NAME: [1, 2]}, cv=2, n_jobs=n_jobs)
    return search.fit(X, Y).cv_results_["mean_test_score"]


def resampled(n_jobs):
    model = SlicedInverseRegression(2).fit(X, Y)
    drawn = sdr_bootstrap(model, X, Y, n_resamples=10, random_state=0, n_jobs=n_jobs)
    return drawn.distances


JOBS = {
    "OMPSubspaceClustering": clustered(OMPSubspaceClustering),
    "OMPSubspaceClustering, drop-out": clustered(
        OMPSubspaceClustering, dropout=0.5, n_dropouts=2
    ),
    "SparseSubspaceClustering": clustered(SparseSubspaceClustering),
    "ThresholdingSubspaceClustering": clustered(ThresholdingSubspaceClustering),
    "LeastSquaresSubspaceClustering": clustered(LeastSquaresSubspaceClustering),
    "KSGMutualInfo": lambda n_jobs: (
        KSGMutualInfo(n_permutations=3, random_state=0, n_jobs=n_jobs).fit(X, Y).mi_
    ),
    "sdr_bootstrap": resampled,
    "prediction_strength": lambda n_jobs: prediction_strength(
        KSubspaces(2, n_init=2), UNION, cv=2, n_jobs=n_jobs, random_state=0
    )[0],
    "GridSearchCV": searched,
    "TargetIndex.align": lambda n_jobs: (
        TargetIndex(SCANS[1]).align(SCANS[:1], n_jobs=n_jobs)[0].translation_
    ),
}


@pytest.mark.parametrize("job", JOBS.values(), ids=JOBS)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::skspace.exceptions.SkspaceWarning")
def test_work_of_joblib_moves_to_the_cluster(threads, job):
    wanted = job(None)
    before = threads.transition_counter
    with joblib.parallel_config("dask"):
        np.testing.assert_array_equal(job(2), wanted)
    assert threads.transition_counter > before


@pytest.mark.slow
def test_processes():
    """Everything that travels can be pickled: estimators, kernels, what they find."""
    job = JOBS["OMPSubspaceClustering"]
    model = clone(SlicedInverseRegression(2)).fit(X, Y)
    labels = KSubspaces(2, random_state=0).fit(X)
    with cluster_of(1, processes=True) as cluster, distributed.Client(cluster):
        for i in (0, 22):
            assert_same(
                fit(clone(CASES[i][0]), irregular(), Y, **CASES[i][1]), whole(*CASES[i])
            )
        np.testing.assert_allclose(transform(model, irregular()), model.transform(X))
        np.testing.assert_array_equal(predict(labels, irregular()), labels.predict(X))
        with joblib.parallel_config("dask"):
            np.testing.assert_array_equal(job(2), job(1))
