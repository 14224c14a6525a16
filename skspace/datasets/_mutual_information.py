"""Samples of pairs (X, Y) whose mutual information is known."""

from __future__ import annotations

from numbers import Integral

import numpy as np

from .._sklearn import Interval, StrOptions
from ._fetch import describe, fetcher, import_pandas, load_npz, make_bunch
from ._registry import SHA256

__all__ = ["fetch_mi_task", "get_mi_task_names"]


def get_mi_task_names():
    """List the names that :func:`fetch_mi_task` knows.

    Returns
    -------
    list of str
        In alphabetical order.

    Examples
    --------
    >>> from skspace.datasets import get_mi_task_names
    >>> len(get_mi_task_names())
    15
    >>> get_mi_task_names()[0]
    '1v1-additive-0.75'
    """
    paths = [path for path in SHA256 if path.startswith("mi/")]
    return sorted({path[len("mi/") :].partition("__s")[0] for path in paths})


@fetcher(
    name=[StrOptions(set(get_mi_task_names()))],
    seed=[Interval(Integral, 0, None, closed="left")],
)
def fetch_mi_task(name, seed=0, *, data_home=None, return_X_y=False, as_frame=False):
    """Load one sample of a pair (X, Y) with known mutual information.

    Tune on seed 0 and report the other seeds. Rows are exchangeable: take the first
    n for a smaller sample. Standardise columns before comparing with tabulated
    readings of nearest-neighbour estimators; Student tasks have very large values.

    Parameters
    ----------
    name : str
        One of :func:`get_mi_task_names`. The names tell the distribution, the
        dimensions of X and Y and its strength.
    seed : int, default=0
        Which of the independent samples: 0, 1 or 2 (0 or 1 for
        ``multinormal-sparse-25-25-2-2.0`` and ``own-teacher-k4-K100-mi2``).
    {data_home}
    {return_X_y}
    as_frame : bool, default=False
        Return `data` and `target` as pandas DataFrames.

    Returns
    -------
    :class:`~sklearn.utils.Bunch` or tuple ``(data, target)``
        With attributes `data` (ndarray of shape (n_samples, n_features), float64: X),
        `target` (ndarray of shape (n_samples, n_targets), float64, two-dimensional
        also for one column: Y), `mutual_info` (float, nats), `feature_names` (x0, x1,
        ...), `target_names` (y0, y1, ...), `frame` (DataFrame of data and target, None
        unless ``as_frame=True``) and `DESCR` (origin, licence, reference, checksum).

    Raises
    ------
    DatasetNotFoundError
        When the file is in no place searched, or could not be downloaded.
    ValueError
        When the name or the seed does not exist, or the SHA-256 is not the expected
        one.
    ImportError
        When ``as_frame=True`` without pandas, or a download without pooch.

    References
    ----------
    .. [1] P. Czyż, F. Grabowski, J. Vogt, N. Beerenwinkel and A. Marx (2023). Beyond
       normal: on the evaluation of mutual information estimators. NeurIPS.
       https://doi.org/10.48550/arXiv.2306.11078

    Examples
    --------
    >>> from skspace.datasets import fetch_mi_task
    >>> task = fetch_mi_task("1v1-normal-0.75")  # doctest: +SKIP
    >>> round(task.mutual_info, 6)  # doctest: +SKIP
    0.413339
    """
    file = f"mi/{name}__s{seed}.npz"
    if file not in SHA256:
        seeds = [
            path.removesuffix(".npz").partition("__s")[2]
            for path in SHA256
            if path.startswith(f"mi/{name}__s")
        ]
        raise ValueError(
            f"Task {name!r} has no seed {seed}. Its seeds are {', '.join(seeds)}."
        )
    arrays = load_npz(file, data_home)
    # stored as float32; float64 holds the same values
    data, target = arrays["X"].astype(np.float64), arrays["Y"].astype(np.float64)
    feature_names = [f"x{j}" for j in range(data.shape[1])]
    target_names = [f"y{j}" for j in range(target.shape[1])]
    frame = None
    if as_frame:
        pd = import_pandas("fetch_mi_task")
        data = pd.DataFrame(data, columns=feature_names)
        target = pd.DataFrame(target, columns=target_names)
        frame = pd.concat([data, target], axis=1)
    return make_bunch(
        data,
        target,
        return_X_y=return_X_y,
        frame=frame,
        mutual_info=float(arrays["mi"]),
        feature_names=feature_names,
        target_names=target_names,
        DESCR=describe("mi_task", file),
    )
