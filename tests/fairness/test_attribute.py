"""How the sensitive attribute comes in, and what is refused."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skspace.exceptions import DegenerateDataWarning
from skspace.fairness import FairPCA, FairSDR
from skspace.metrics import demographic_parity_difference

CLASSES = [FairSDR, FairPCA]


@pytest.fixture
def data(rng):
    X = rng.standard_normal((300, 5))
    z = np.array(list("fm"))[(X[:, 1] + 0.5 * rng.standard_normal(300) > 0) * 1]
    y = X[:, 0] + X[:, 1] + 0.3 * rng.standard_normal(300) > 0
    return X, y, z


def frame_of(X, z, library="pandas"):
    module = pytest.importorskip(library)
    columns = {f"f{i}": x for i, x in enumerate(X.T)}
    return module.DataFrame({"f0": columns.pop("f0"), "sex": z, **columns})


# -- columns of X ---------------------------------------------------------------------


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize(
    "columns",
    ["sex", ["sex"], 1, [-5], lambda X: ["sex"]],
    ids=lambda columns: "callable" if callable(columns) else str(columns),
)
def test_columns_of_a_frame_are_read_and_dropped(cls, library, columns, data):
    X, y, z = data
    frame = frame_of(X, z, library)
    inside = cls(sensitive_columns=columns).fit(frame, y)
    outside = cls().fit(X, y, sensitive_features=z)
    np.testing.assert_allclose(inside.components_, outside.components_, atol=1e-12)
    expected = outside.transform(X)
    np.testing.assert_allclose(inside.transform(frame), expected, atol=1e-12)
    assert inside.sensitive_columns_ == [1]
    assert inside.n_features_in_ == 6


@pytest.mark.parametrize("cls", CLASSES)
def test_the_attribute_is_not_needed_after_fitting(cls, data):
    X, y, z = data
    frame = frame_of(X, z)
    model = cls(sensitive_columns="sex").fit(frame, y)
    expected = model.transform(frame)
    np.testing.assert_array_equal(model.transform(frame.assign(sex=None)), expected)
    without = frame.drop(columns="sex")
    np.testing.assert_array_equal(model.transform(without), expected)
    with pytest.raises(ValueError, match="feature names"):
        model.transform(without.drop(columns="f0"))
    with pytest.raises(ValueError, match="feature names"):
        model.transform(without[["f1", "f0", "f2", "f3", "f4"]])


@pytest.mark.parametrize("cls", CLASSES)
def test_several_columns_of_several_kinds(cls, data):
    X, y, z = data
    frame = frame_of(X, z)
    frame["group"] = np.random.RandomState(0).randint(0, 3, 300)
    table = frame[["sex", "group"]]
    inside = cls(sensitive_columns=["group", "sex"]).fit(frame, y)
    outside = cls().fit(X, y, sensitive_features=table)
    np.testing.assert_allclose(inside.components_, outside.components_, atol=1e-12)


@pytest.mark.parametrize("cls", CLASSES)
def test_columns_of_arrays_and_sparse_tables(cls, data):
    import scipy.sparse as sp

    X, y, z = data
    table = np.c_[X[:, :2], z == "m", X[:, 2:]]
    expected = cls().fit(X, y, sensitive_features=z)
    for form in (np.asarray, sp.csr_array, sp.csc_matrix):
        found = cls(sensitive_columns=2).fit(form(table), y)
        np.testing.assert_allclose(
            found.transform(form(table)), expected.transform(X), atol=1e-10
        )
    kept = cls(sensitive_columns=2, drop_sensitive=False).fit(table, y)
    assert kept.components_.shape[1] == 6
    assert kept.transform(table).shape[0] == 300


def test_names_of_features_leave_the_dropped_out(data):
    X, y, z = data
    frame = frame_of(X, z)
    fair = FairSDR(sensitive_columns="sex", output="features")
    fair.set_output(transform="pandas")
    shown = fair.fit(frame, y).transform(frame)
    assert list(shown.columns) == ["f0", "f1", "f2", "f3", "f4"]
    fair.set_params(output="scores", n_shared=1)
    shown = fair.fit(frame, y).transform(frame)
    assert list(shown.columns) == [
        "fairsdr_target0",
        *[f"fairsdr_residual{i}" for i in range(3)],
        "fairsdr_shared0",
    ]


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("gender", "holds 'gender', which is no column of X; its columns are f0, sex"),
        ([7], "holds 7, which is no column"),
        ([], "selects no column"),
        ([False, True], "holds booleans"),
        (lambda X: np.arange(6) == 1, "holds booleans"),
        (range(6), "every column of X"),
    ],
)
def test_columns_that_are_not_there(cls, columns, message, data):
    X, y, z = data
    columns = list(columns) if isinstance(columns, range) else columns
    with pytest.raises(ValueError, match=message):
        cls(sensitive_columns=columns).fit(frame_of(X, z), y)


@pytest.mark.parametrize("cls", CLASSES)
def test_the_attribute_is_given_once(cls, data):
    X, y, z = data
    with pytest.raises(ValueError, match=r"needs a sensitive attribute.*set_fit_requ"):
        cls().fit(X, y)
    with pytest.raises(ValueError, match="given twice"):
        cls(sensitive_columns=[0]).fit(X, y, sensitive_features=z)


# -- bad input ------------------------------------------------------------------------


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize(
    ("z", "message"),
    [
        (["f"] * 300, "single value"),
        ([None, *["f", "m"] * 149, "f"], "sensitive_features contains None"),
        ([np.nan, *[0.0, 1.0] * 149, 1.0], "sensitive_features contains NaN"),
        (["f", "m"], "inconsistent numbers of samples"),
    ],
)
def test_attributes_that_are_refused(cls, z, message, data):
    X, y, _ = data
    z = np.array(z, dtype=object) if None in z else z
    with pytest.raises(ValueError, match=message):
        cls().fit(X, y, sensitive_features=z)


@pytest.mark.parametrize("cls", CLASSES)
def test_missing_entries_of_a_sensitive_column_are_refused(cls, data):
    X, y, z = data
    frame = frame_of(X, z)
    frame.loc[3, "sex"] = None
    with pytest.raises(ValueError, match="sensitive_columns contains N"):
        cls(sensitive_columns="sex").fit(frame, y)
    with pytest.raises(ValueError, match="sensitive_features contains N"):
        cls().fit(X, y, sensitive_features=frame["sex"])
    frame["sex"] = frame["sex"].astype("string")  # pandas' own NA
    with pytest.raises(ValueError, match="sensitive_columns contains NaN"):
        cls(sensitive_columns="sex").fit(frame, y)


@pytest.mark.parametrize("cls", CLASSES)
def test_missing_entries_of_features_are_refused(cls, data):
    X, y, z = data
    X = X.copy()
    X[3, 2] = np.nan
    with pytest.raises(ValueError, match="contains NaN"):
        cls().fit(X, y, sensitive_features=z)
    with pytest.raises(ValueError, match="contains NaN"):
        cls(sensitive_columns="sex").fit(frame_of(X, z), y)
    model = cls(sensitive_columns="sex").fit(frame_of(data[0], z), y)
    with pytest.raises(ValueError, match="contains NaN"):
        model.transform(frame_of(X, z))


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_chunk_without_the_column_of_the_attribute_is_refused(cls, library, data):
    """Another column must not stand in for it."""
    X, y, z = data
    frame = frame_of(X, z, library)
    model = cls(sensitive_columns="sex").partial_fit(frame[:150], y[:150])
    with pytest.raises(ValueError, match="lacks 'sex', which sensitive_columns names"):
        model.partial_fit(frame[150:][[f"f{i}" for i in range(5)]], y[150:])


def test_a_target_that_is_the_attribute_is_said_to_be(data):
    X, _, z = data
    with pytest.warns(DegenerateDataWarning, match="is y a function of it"):
        fair = FairSDR().fit(X, z, sensitive_features=z)
    assert fair.transform(X).shape == (300, 4)
    np.testing.assert_allclose(fair.canonical_cosines_, [1.0])
    with pytest.warns(DegenerateDataWarning) as caught:
        fair = FairSDR(base="target").fit(X, z, sensitive_features=z)
    assert "Nothing is left at this level" in str(caught[0].message)
    assert fair.transform(X).shape == (300, 0)


def test_a_constant_target_is_refused(data):
    X, _, z = data
    with pytest.raises(ValueError, match="y has a single value"):
        FairSDR().fit(X, np.ones(300), sensitive_features=z)


def test_more_features_than_samples(rng):
    X, z = rng.standard_normal((20, 50)), np.arange(20) % 2
    y = X[:, 0] > 0
    with pytest.warns(DegenerateDataWarning, match="shrinkage='auto'"):
        fair = FairSDR().fit(X, y, sensitive_features=z)
    assert np.all(np.isfinite(fair.transform(X)))
    shrunken = FairSDR(shrinkage="auto").fit(X, y, sensitive_features=z)
    R = shrunken.transform(X)
    np.testing.assert_allclose(
        R[z == 0].mean(axis=0), R[z == 1].mean(axis=0), atol=1e-12
    )
    R = FairPCA(5).fit(X, sensitive_features=z).transform(X)
    np.testing.assert_allclose(
        R[z == 0].mean(axis=0), R[z == 1].mean(axis=0), atol=1e-12
    )


@pytest.mark.parametrize("cls", CLASSES)
def test_rare_groups_are_pooled_with_a_warning(cls, data):
    X, y, z = data
    z = z.copy()
    z[:3] = "n"
    with pytest.warns(DegenerateDataWarning, match=r"of the sensitive attribute.*: 1"):
        cls().fit(X, y, sensitive_features=z)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_shared": 2}, "n_shared=2 is more than the 1 shared"),
        ({"n_sensitive": 2}, "n_sensitive=2 is more than the 1 directions"),
        ({"n_target": 2, "target_method": "sir"}, "n_target=2 is more than the 1"),
        ({"n_target": 9}, "8 directions beyond the 1 of means"),
        (
            {"sensitive_method": "sir", "n_sensitive_second_order": 1},
            "needs sensitive_method",
        ),
    ],
)
def test_more_directions_than_there_are(parameters, message, data):
    X, y, z = data
    with pytest.raises(ValueError, match=message):
        FairSDR(**parameters).fit(X, y, sensitive_features=z)


def test_what_a_stream_cannot_do(data):
    X, y, z = data
    for parameters in ({"order": "dcov"}, {"n_target": "auto"}):
        with pytest.raises(ValueError, match="look at rows again"):
            FairSDR(**parameters).partial_fit(X, y, sensitive_features=z)
    stream = FairSDR().partial_fit(X, y, sensitive_features=z)
    with pytest.raises(ValueError, match="missing in this chunk"):
        stream.partial_fit(X, sensitive_features=z)
    # no target and two attributes are no target and attribute
    stream = FairSDR().partial_fit(X, sensitive_features=np.c_[y, z])
    with pytest.raises(ValueError, match="missing in this chunk"):
        stream.partial_fit(X, y, sensitive_features=z)


@pytest.mark.parametrize(
    ("cls", "change"),
    [
        (FairSDR, {"n_sensitive_second_order": 1}),
        (FairSDR, {"shrinkage": "auto"}),
        (FairPCA, {"constraint": "covariance"}),
    ],
)
def test_a_stream_keeps_the_moments_it_began_with(cls, change, data):
    X, y, z = data
    stream = cls().partial_fit(X[:150], y[:150], sensitive_features=z[:150])
    before = stream.components_
    with pytest.raises(ValueError, match="summed for other parameters"):
        stream.set_params(**change).partial_fit(
            X[150:], y[150:], sensitive_features=z[150:]
        )
    assert stream.components_ is before


@pytest.mark.parametrize("cls", CLASSES)
def test_a_stream_keeps_the_groups_it_began_with(cls, data):
    X, y, z = data
    stream = cls().partial_fit(X, y, sensitive_features=z)
    late = np.where(X[:, 0] > 1, "x", z)
    message = "The sensitive attribute holds the class 'x'.*sensitive_classes="
    with pytest.raises(ValueError, match=message):
        stream.partial_fit(X, y, sensitive_features=late)
    with pytest.raises(ValueError, match="pass chunks of one kind"):
        stream.partial_fit(X, y, sensitive_features=np.c_[z, z])


@pytest.mark.parametrize("cls", CLASSES)
def test_a_failed_fit_leaves_nothing_behind(cls, data):
    X, y, z = data
    model = cls()
    with pytest.raises(ValueError, match="needs a sensitive"):
        model.fit(X, y)
    with pytest.raises(NotFittedError):
        model.transform(X)
    # a fit with other columns forgets those before
    model = cls(sensitive_columns=[0]).fit(X, y)
    model.set_params(sensitive_columns=None).fit(X, y, sensitive_features=z)
    assert model.analysed_columns_ == [0, 1, 2, 3, 4]
    assert not hasattr(model, "sensitive_columns_")


def test_other_libraries_and_several_outputs(data, dispatch):
    torch = pytest.importorskip("torch")
    X, y, z = data
    outputs = np.c_[y, X[:, 2] > 0]
    expected = FairSDR(2, n_shared=1).fit(X, outputs, sensitive_features=z)
    fair = FairSDR(2, n_shared=1).fit(
        torch.asarray(X), torch.asarray(outputs), sensitive_features=z
    )
    assert isinstance(fair.components_, torch.Tensor)
    np.testing.assert_allclose(
        fair.transform(torch.asarray(X)).numpy(), expected.transform(X), atol=1e-9
    )
    with pytest.raises(ValueError, match="same namespace and the same device"):
        fair.transform(X)


# -- routing --------------------------------------------------------------------------


class Witness(TransformerMixin, BaseEstimator):
    """Passes X on and checks that the attribute belongs to the rows it is given."""

    def fit(self, X, y=None, *, sensitive_features=None):
        assert sensitive_features is not None
        np.testing.assert_array_equal(X[:, -1], sensitive_features)
        self.n_rows_ = len(X)
        return self

    def transform(self, X):
        return X[:, :-1]


def test_grid_search_by_a_fairness_scorer_with_routing(data):
    X, y, z = data
    gap = make_scorer(demographic_parity_difference, greater_is_better=False)
    with config_context(enable_metadata_routing=True):
        pipe = make_pipeline(
            StandardScaler(),
            FairSDR().set_fit_request(sensitive_features=True),
            LogisticRegression(),
        )
        search = GridSearchCV(
            pipe,
            {"fairsdr__n_shared": [0, 1]},
            scoring={
                "accuracy": "accuracy",
                "gap": gap.set_score_request(sensitive_features=True),
            },
            refit="gap",
            cv=3,
        ).fit(X, y, sensitive_features=z)
        assert search.best_params_ == {"fairsdr__n_shared": 0}
        results = search.cv_results_
        assert results["mean_test_gap"][0] > results["mean_test_gap"][1] + 0.1
        assert results["mean_test_accuracy"][1] > results["mean_test_accuracy"][0]
        assert search.predict(X[:5]).shape == (5,)  # no attribute


def test_grid_search_without_routing(data):
    X, y, z = data
    pipe = make_pipeline(StandardScaler(), FairSDR(), LogisticRegression())
    search = GridSearchCV(pipe, {"fairsdr__n_shared": [0, 1]}, cv=3, scoring="accuracy")
    search.fit(X, y, fairsdr__sensitive_features=z)
    assert search.best_params_ == {"fairsdr__n_shared": 1}
    # a scorer that needs the attribute reads it from a column
    frame = frame_of(X, z)

    def gap(model, X, y):
        return -demographic_parity_difference(
            y, model.predict(X), sensitive_features=X["sex"]
        )

    pipe = make_pipeline(FairSDR(sensitive_columns="sex"), LogisticRegression())
    search = GridSearchCV(pipe, {"fairsdr__n_shared": [0, 1]}, cv=3, scoring=gap)
    assert search.fit(frame, y).best_params_ == {"fairsdr__n_shared": 0}


@pytest.mark.parametrize("routing", [True, False])
def test_cross_validation_slices_the_attribute(routing, data):
    X, y, _ = data
    X = np.c_[X, np.arange(300)]
    z = X[:, -1]
    with config_context(enable_metadata_routing=routing):
        witness = Witness()
        fair = FairSDR()
        if routing:
            witness.set_fit_request(sensitive_features=True)
            fair.set_fit_request(sensitive_features=True)
        pipe = make_pipeline(witness, fair, LogisticRegression())
        params = {"sensitive_features": z}
        if not routing:
            params = {
                "witness__sensitive_features": z,
                "fairsdr__sensitive_features": z,
            }
        result = cross_validate(pipe, X, y, cv=3, params=params, return_estimator=True)
        assert [p[0].n_rows_ for p in result["estimator"]] == [200, 200, 200]
        clone(pipe)


def test_routing_must_be_asked_for(data):
    X, y, z = data
    with config_context(enable_metadata_routing=True):
        pipe = make_pipeline(FairSDR(), LogisticRegression())
        with pytest.raises(Exception, match=r"sensitive_features.*not explicitly set"):
            pipe.fit(X, y, sensitive_features=z)
