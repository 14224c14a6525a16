"""Tables about people, with sensitive columns, and one about concrete.

The records about people carry historical bias: for methods research only.
"""

from __future__ import annotations

import csv
import gzip
import io

import numpy as np

from .._sklearn import StrOptions
from ._fetch import describe, fetcher, import_pandas, make_bunch, read

__all__ = ["fetch_adult", "fetch_compas", "fetch_concrete", "fetch_law_school"]


TABLES = {
    "as_frame": """as_frame : bool, default=True
    Return `data` as a pandas DataFrame (text as categories) and `target` as a
    Series. False needs no pandas and gives an object array.""",
}


def _column(values):
    """Strings of one column as int64 where all are integers, float64, or objects."""
    column = np.array(values)
    for dtype in (np.int64, np.float64):
        try:
            return column.astype(dtype)
        except ValueError:
            continue
    return column.astype(object)


def _read_csv(file, data_home):
    """Columns by name, in the order of the file."""
    text = gzip.decompress(read(file, data_home)).decode("utf-8")
    header, *rows = csv.reader(io.StringIO(text))
    return {
        name: _column(values)
        for name, values in zip(header, zip(*rows, strict=True), strict=True)
    }


def _fetch_table(
    dataset,
    target_name,
    *,
    data_home,
    return_X_y,
    as_frame,
    sensitive_names=None,
    target_names=None,
):
    """Read one table and split off its target; all table fetchers end here.

    With `target_names`, names of classes, the target is made int64.
    """
    file = f"tabular/{dataset}.csv.gz"
    columns = _read_csv(file, data_home)
    target = columns.pop(target_name)
    if target_names is not None:
        target = target.astype(np.int64)
    frame = None
    if as_frame:
        pd = import_pandas(f"fetch_{dataset}")
        data = pd.DataFrame(columns)
        texts = [name for name, column in columns.items() if column.dtype == object]
        data = data.astype(dict.fromkeys(texts, "category"))
        target = pd.Series(target, name=target_name)
        frame = pd.concat([data, target], axis=1)
    else:
        # one object array where any column is text, float64 where none is
        data = np.column_stack(list(columns.values()))
        data = data if data.dtype == object else data.astype(np.float64)
    return make_bunch(
        data,
        target,
        return_X_y=return_X_y,
        frame=frame,
        feature_names=list(columns),
        target_names=target_names or [target_name],
        sensitive_names=sensitive_names,
        DESCR=describe(dataset, file),
    )


@fetcher(TABLES)
def fetch_adult(*, data_home=None, return_X_y=False, as_frame=True):
    """Load Adult: who earns above 50,000 dollars a year.

    US census of 1994; 45,222 people without missing entries, 14 columns. The usual
    sensitive column is ``sex`` (above 50K: men 31.2 %, women 11.4 %). Recommended
    features: all but ``sex``, ``fnlwgt`` (survey weight) and ``education``
    (``education_num`` says the same), text dummy-coded.

    Parameters
    ----------
    {data_home}
    {return_X_y}
    {as_frame}

    Returns
    -------
    :class:`~sklearn.utils.Bunch` or tuple ``(data, target)``
        With attributes `data` (45222, 14), `target` (45222,) of int64, 1 for above
        50K (24.8 %), `target_names` (of the two classes), `sensitive_names` (columns
        of `data`: sex, race, age), `feature_names`, `frame` (DataFrame of data and
        target, None unless ``as_frame=True``) and `DESCR` (origin, licence,
        recommended use, reference, checksum).

    Raises
    ------
    {raises}

    References
    ----------
    .. [1] B. Becker and R. Kohavi (1996). Adult. UCI Machine Learning Repository.
       https://doi.org/10.24432/C5XW20

    Examples
    --------
    >>> from skspace.datasets import fetch_adult
    >>> census = fetch_adult()  # doctest: +SKIP
    >>> census.data.shape  # doctest: +SKIP
    (45222, 14)
    """
    return _fetch_table(
        "adult",
        "income",
        data_home=data_home,
        return_X_y=return_X_y,
        as_frame=as_frame,
        sensitive_names=["sex", "race", "age"],
        target_names=["<=50K", ">50K"],
    )


@fetcher(TABLES)
def fetch_compas(*, data_home=None, return_X_y=False, as_frame=True):
    """Load COMPAS: which defendants are charged again within two years.

    Broward County, Florida; 6,172 people after the filters of the published analysis,
    10 columns. The usual sensitive column is ``race``. Benchmarks keep the
    African-American and Caucasian rows (5,278) and drop ``race`` and ``decile_score``
    (the score under examination) from the features.

    Parameters
    ----------
    {data_home}
    {return_X_y}
    {as_frame}

    Returns
    -------
    :class:`~sklearn.utils.Bunch` or tuple ``(data, target)``
        With attributes `data` (6172, 10), `target` (6172,) of int64, 1 for charged
        again (45.5 %), `target_names` (of the two classes), `sensitive_names`
        (columns of `data`: race, sex, age), `feature_names`, `frame` (DataFrame of
        data and target, None unless ``as_frame=True``) and `DESCR` (origin, licence,
        recommended use, reference, checksum).

    Raises
    ------
    {raises}

    References
    ----------
    .. [1] J. Angwin, J. Larson, S. Mattu and L. Kirchner (2016). Machine bias.
       ProPublica. https://github.com/propublica/compas-analysis

    Examples
    --------
    >>> from skspace.datasets import fetch_compas
    >>> defendants = fetch_compas()  # doctest: +SKIP
    >>> defendants.data.shape  # doctest: +SKIP
    (6172, 10)
    """
    return _fetch_table(
        "compas",
        "two_year_recid",
        data_home=data_home,
        return_X_y=return_X_y,
        as_frame=as_frame,
        sensitive_names=["race", "sex", "age"],
        target_names=["not charged again", "charged again"],
    )


@fetcher(TABLES, target=[StrOptions({"pass_bar", "zfygpa"})])
def fetch_law_school(
    *, target="pass_bar", data_home=None, return_X_y=False, as_frame=True
):
    """Load Law School: which students pass the bar examination.

    US law schools, 20,798 students, 11 columns besides the target. The usual
    sensitive column is ``race`` (White or Non-White). ``zfygpa`` (standardised grade
    of the first year) serves as a continuous target.

    Parameters
    ----------
    target : {"pass_bar", "zfygpa"}, default="pass_bar"
        The column to predict. The other one stays among the columns of `data`; drop
        ``pass_bar``, known years later, when predicting ``zfygpa``.
    {data_home}
    {return_X_y}
    {as_frame}

    Returns
    -------
    :class:`~sklearn.utils.Bunch` or tuple ``(data, target)``
        With attributes `data` (20798, 11), `target` (20798,): int64, 1 for passed
        (89.0 %), or the grade as float64; `target_names` (of the two classes, or the
        column), `sensitive_names` (columns of `data`: race, male), `feature_names`,
        `frame` (DataFrame of data and target, None unless ``as_frame=True``) and
        `DESCR` (origin, licence, recommended use, reference, checksum).

    Raises
    ------
    {raises}

    References
    ----------
    .. [1] L. Wightman (1998). LSAC national longitudinal bar passage study. Law School
       Admission Council.
    .. [2] T. Le Quy, A. Roy, V. Iosifidis, W. Zhang and E. Ntoutsi (2022). A survey on
       datasets for fairness-aware machine learning. WIREs Data Mining and Knowledge
       Discovery 12(3). https://doi.org/10.1002/widm.1452

    Examples
    --------
    >>> from skspace.datasets import fetch_law_school
    >>> students = fetch_law_school()  # doctest: +SKIP
    >>> students.data.shape  # doctest: +SKIP
    (20798, 11)
    """
    return _fetch_table(
        "law_school",
        target,
        data_home=data_home,
        return_X_y=return_X_y,
        as_frame=as_frame,
        sensitive_names=["race", "male"],
        target_names=["failed", "passed"] if target == "pass_bar" else None,
    )


@fetcher()
def fetch_concrete(*, data_home=None, return_X_y=False, as_frame=True):
    """Load Concrete: compressive strength from the mixture and its age.

    1,030 mixtures, 8 columns: seven ingredients in kg per cubic metre and the age in
    days. Regression without sensitive columns.

    Parameters
    ----------
    {data_home}
    {return_X_y}
    as_frame : bool, default=True
        Return `data` as a pandas DataFrame and `target` as a Series. False needs
        no pandas.

    Returns
    -------
    :class:`~sklearn.utils.Bunch` or tuple ``(data, target)``
        With attributes `data` (1030, 8) of float64, `target` (1030,), strength in
        MPa, `target_names` (the column), `feature_names`, `frame` (DataFrame of data
        and target, None unless ``as_frame=True``) and `DESCR` (origin, licence,
        recommended use, reference, checksum).

    Raises
    ------
    {raises}

    References
    ----------
    .. [1] I.-C. Yeh (1998). Modeling of strength of high-performance concrete using
       artificial neural networks. Cement and Concrete Research 28(12), 1797-1808.
       https://doi.org/10.1016/S0008-8846(98)00165-3

    Examples
    --------
    >>> from skspace.datasets import fetch_concrete
    >>> mixtures = fetch_concrete()  # doctest: +SKIP
    >>> mixtures.data.shape  # doctest: +SKIP
    (1030, 8)
    """
    return _fetch_table(
        "concrete",
        "strength",
        data_home=data_home,
        return_X_y=return_X_y,
        as_frame=as_frame,
    )
