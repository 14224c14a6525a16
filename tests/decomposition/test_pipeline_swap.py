"""Pipelines written for PCA, with each reducer in its place."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import TransformerMixin, clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_iris, load_wine
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import StandardScaler

from skspace import decomposition

REDUCERS = [
    thing
    for name in decomposition.__all__
    if isinstance(thing := getattr(decomposition, name), type)
    and issubclass(thing, TransformerMixin)
]
LINEAR_TRENDS_UNSEEN = {"SlicedAverageVarianceEstimation", "PrincipalHessianDirections"}

pytestmark = [
    pytest.mark.filterwarnings("ignore::skspace.exceptions.SkspaceWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


@pytest.fixture(params=[PCA, *REDUCERS], ids=lambda cls: cls.__name__)
def Reducer(request):
    return request.param


def swapped(pipeline, Reducer):
    """The pipeline with Reducer() in the place of PCA()."""
    parameters = clone(pipeline).get_params(deep=False)["steps"]
    return Pipeline(
        [
            (name, Reducer() if isinstance(step, PCA) else clone(step))
            for name, step in parameters
        ]
    )


def test_all_reducers_are_here():
    assert len(REDUCERS) >= 8


@pytest.mark.parametrize("load", [load_iris, load_wine])
@pytest.mark.parametrize(
    "classifier", [LogisticRegression(max_iter=1000), KNeighborsClassifier()]
)
def test_classification(Reducer, load, classifier):
    X, y = load(return_X_y=True)
    pipeline = Pipeline(
        [("scale", StandardScaler()), ("reduce", PCA()), ("classify", classifier)]
    )
    pipeline = swapped(pipeline, Reducer)
    scores = cross_val_score(pipeline, X, y, cv=3, error_score="raise")
    assert np.mean(scores) > 0.8
    names = load().target_names[y]  # classes as strings
    assert set(pipeline.fit(X, names).predict(X)) <= set(load().target_names)


def test_search_over_the_number_of_components(Reducer):
    X, y = load_wine(return_X_y=True)
    pipeline = Pipeline(
        [
            ("scale", StandardScaler()),
            ("reduce", PCA()),
            ("classify", LogisticRegression(max_iter=1000)),
        ]
    )
    search = GridSearchCV(
        swapped(pipeline, Reducer),
        {"reduce__n_components": [1, 2]},
        cv=3,
        error_score="raise",
    ).fit(X, y)
    assert search.best_estimator_["reduce"].n_components_ in (1, 2)
    if Reducer.__name__ not in LINEAR_TRENDS_UNSEEN:
        assert search.best_params_ == {"reduce__n_components": 2}
        assert search.best_score_ > 0.9


def test_regression_with_a_transformed_target(Reducer):
    X, y = load_diabetes(return_X_y=True)
    pipeline = Pipeline(
        [("scale", StandardScaler()), ("reduce", PCA()), ("fit", LinearRegression())]
    )
    model = TransformedTargetRegressor(
        swapped(pipeline, Reducer), func=np.log, inverse_func=np.exp
    )
    # all directions together span what there is to span
    assert model.fit(X, y).score(X, y) > 0.4


def test_union_of_features_and_data_frames(Reducer):
    X, y = load_iris(return_X_y=True, as_frame=True)
    union = FeatureUnion(
        [("reduced", Reducer(n_components=2)), ("best", SelectKBest(k=1))]
    ).set_output(transform="pandas")
    out = union.fit_transform(X, y)
    prefix = Reducer.__name__.lower()
    assert list(out.columns) == [
        f"reduced__{prefix}0",
        f"reduced__{prefix}1",
        "best__petal length (cm)",
    ]
    assert (out.index == X.index).all()
    assert_allclose(union.transform(X), out, rtol=1e-6, atol=1e-9)


def test_whatever_reads_components_reads_these(Reducer):
    """`components_ @ (x - mean_)` are the scores, and they can be turned back."""
    X, y = load_wine(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    reducer = Reducer(n_components=2)
    scores = reducer.fit(X, y).transform(X)
    assert reducer.components_.shape == (2, X.shape[1])
    assert_allclose(np.linalg.norm(reducer.components_, axis=1), 1, atol=1e-9)
    if Reducer.__name__ != "RobustPCA":  # which leaves errors of entries out
        projected = (X - reducer.mean_) @ reducer.components_.T
        assert_allclose(scores, projected, atol=1e-9)
    assert reducer.inverse_transform(scores).shape == X.shape
    assert len(reducer.get_feature_names_out()) == 2
