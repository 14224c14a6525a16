"""Table fetchers: columns by name, target split off, frame and array agree."""

import gzip
import io
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skspace import datasets

# name, rows, columns, target, sensitive columns, share of ones in the target
TABLES = [
    ("adult", 45222, 14, "income", ["sex", "race", "age"], 0.248),
    ("compas", 6172, 10, "two_year_recid", ["race", "sex", "age"], 0.455),
    ("law_school", 20798, 11, "pass_bar", ["race", "male"], 0.890),
    ("concrete", 1030, 8, "strength", None, None),
]


@pytest.fixture
def fake_tables(fake_folder):
    fake_folder(
        "tabular/adult.csv.gz",
        'age,sex,income,race\n30,Male,1,"a, b"\n41,Female,0,NA\n52,Male,0,None\n',
    )
    fake_folder(
        "tabular/law_school.csv.gz",
        "zfygpa,pass_bar,race\n0.5,1.0,White\n-1.25,0.0,Non-White\n",
    )
    fake_folder("tabular/concrete.csv.gz", "cement,age,strength\n1.5,28,79.9\n2,3,6\n")


def test_numbers_and_text_keep_their_kind(fake_tables):
    pytest.importorskip("pandas")
    bunch = datasets.fetch_adult()
    assert list(bunch.data.columns) == bunch.feature_names == ["age", "sex", "race"]
    assert bunch.data["age"].dtype == np.int64
    assert str(bunch.data["sex"].dtype) == "category"
    # words that pandas would read as missing are words here
    assert list(bunch.data["race"]) == ["a, b", "NA", "None"]
    assert bunch.target.name == "income"
    assert_array_equal(bunch.target, [1, 0, 0])
    assert list(bunch.frame.columns) == ["age", "sex", "race", "income"]
    assert bunch.target_names == ["<=50K", ">50K"]


def test_arrays_need_no_pandas(fake_tables, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    bunch = datasets.fetch_adult(as_frame=False)
    assert bunch.data.dtype == object
    assert bunch.data.tolist() == [
        [30, "Male", "a, b"],
        [41, "Female", "NA"],
        [52, "Male", "None"],
    ]
    assert bunch.target.dtype == np.int64
    assert bunch.frame is None
    X, y = datasets.fetch_concrete(as_frame=False, return_X_y=True)
    assert X.dtype == y.dtype == np.float64
    assert_array_equal(X, [[1.5, 28], [2, 3]])
    assert_array_equal(y, [79.9, 6])


def test_frame_without_pandas_names_it_and_the_way_round(fake_tables, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"pip install pandas, or pass as_frame=Fal"):
        datasets.fetch_adult()


def test_law_school_has_two_targets(fake_tables):
    passed = datasets.fetch_law_school(as_frame=False)
    assert passed.target.dtype == np.int64
    assert_array_equal(passed.target, [1, 0])
    assert passed.feature_names == ["zfygpa", "race"]
    grade = datasets.fetch_law_school(target="zfygpa", as_frame=False)
    assert_array_equal(grade.target, [0.5, -1.25])
    assert grade.feature_names == ["pass_bar", "race"]
    assert grade.target_names == ["zfygpa"]
    with pytest.raises(ValueError, match="'target' parameter of fetch_law_school"):
        datasets.fetch_law_school(target="race")


@pytest.mark.data
@pytest.mark.parametrize(("name", "n", "d", "target", "sensitive", "rate"), TABLES)
def test_real_tables(name, n, d, target, sensitive, rate, data_folder):
    pd = pytest.importorskip("pandas")
    bunch = getattr(datasets, f"fetch_{name}")()
    assert bunch.data.shape == (n, d)
    assert target not in bunch.data
    assert not bunch.frame.isna().any(axis=None)
    if rate is not None:
        assert round(float(bunch.target.mean()), 3) == rate
        assert set(bunch.sensitive_names) <= set(bunch.data.columns)
    assert bunch.get("sensitive_names") == sensitive
    # an independent reader finds the same table
    content = (Path(data_folder) / f"tabular/{name}.csv.gz").read_bytes()
    expected = pd.read_csv(io.BytesIO(gzip.decompress(content)), keep_default_na=False)
    for column in expected:
        assert_array_equal(
            bunch.frame[column].to_numpy(dtype=object),
            expected[column].to_numpy(dtype=object),
        )
    array = getattr(datasets, f"fetch_{name}")(as_frame=False)
    assert array.feature_names == list(bunch.data.columns)
    assert_array_equal(array.data, bunch.data.to_numpy(dtype=array.data.dtype))
    assert_array_equal(array.target, bunch.target)


@pytest.mark.data
def test_real_shares_by_sex_of_adult(data_folder):
    bunch = datasets.fetch_adult(as_frame=False)
    sex = bunch.data[:, bunch.feature_names.index("sex")]
    assert round(bunch.target[sex == "Male"].mean(), 3) == 0.312
    assert round(bunch.target[sex == "Female"].mean(), 3) == 0.114
