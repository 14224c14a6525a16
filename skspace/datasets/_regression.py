"""Least-squares problems so ill-conditioned that solvers lose digits on them."""

from __future__ import annotations

import numpy as np

from .._sklearn import StrOptions
from ._fetch import describe, fetcher, import_pandas, load_npz, make_bunch
from ._registry import SHA256

__all__ = ["fetch_ill_conditioned", "get_ill_conditioned_names"]


def get_ill_conditioned_names():
    """List the names that :func:`fetch_ill_conditioned` knows.

    Returns
    -------
    list of str
        In alphabetical order.

    Examples
    --------
    >>> from skspace.datasets import get_ill_conditioned_names
    >>> get_ill_conditioned_names()
    ['filip', 'hilbert_poly9', 'longley', 'two_block', 'wampler1', 'wampler4']
    """
    folder = "regression/"
    return sorted(
        path.removeprefix(folder).removesuffix(".npz")
        for path in SHA256
        if path.startswith(folder)
    )


@fetcher(name=[StrOptions(set(get_ill_conditioned_names()))])
def fetch_ill_conditioned(name, *, data_home=None, return_X_y=False, as_frame=False):
    """Load an ill-conditioned least-squares problem with its exact solution.

    ==============   ==========   =======   =====================================
    Name             Shape        cond(X)   Origin
    ==============   ==========   =======   =====================================
    longley          (16, 7)      4.9e9     NIST, economic series
    filip            (82, 11)     1.8e15    NIST, polynomial of degree 10
    wampler1         (21, 6)      6.4e6     NIST, polynomial, no residual
    wampler4         (21, 6)      6.4e6     NIST, polynomial, large residual
    hilbert_poly9    (60, 10)     3.9e6     generated, polynomial of degree 9
    two_block        (400, 12)    8.0e10    generated, two blocks of unlike scale
    ==============   ==========   =======   =====================================

    The constant column is part of `data` where the problem has one (all but
    ``two_block``): fit with ``fit_intercept=False``.

    Parameters
    ----------
    name : {"filip", "hilbert_poly9", "longley", "two_block", "wampler1", "wampler4"}
        The problem.
    {data_home}
    {return_X_y}
    {as_frame}

    Returns
    -------
    :class:`~sklearn.utils.Bunch` or tuple ``(data, target)``
        With attributes `data` (ndarray of shape (n_samples, n_features), float64),
        `target` (ndarray of shape (n_samples,), float64), `coef` (ndarray of shape
        (n_features,): solution of exactly these float64 numbers in 120 digits,
        rounded; measure against it), `coef_certified` (ndarray of shape
        (n_features,): the published one, which belongs to the unrounded problem and
        for ``filip`` differs by 1.3e-8), `groups` (ndarray of shape (n_features,),
        int64: block of each column), `feature_names` (x0, x1, ...), `frame`
        (DataFrame of data and target, None unless ``as_frame=True``) and `DESCR`
        (origin, licence, reference, checksum).

    Raises
    ------
    DatasetNotFoundError
        When the file is in no place searched, or could not be downloaded.
    ValueError
        When the name does not exist, or the SHA-256 is not the expected one.
    ImportError
        When ``as_frame=True`` without pandas, or a download without pooch.

    References
    ----------
    .. [1] National Institute of Standards and Technology. Statistical reference
       datasets: linear regression. https://www.itl.nist.gov/div898/strd/
    .. [2] J. Longley (1967). An appraisal of least squares programs for the electronic
       computer from the point of view of the user. JASA 62(319), 819-841.
       https://doi.org/10.1080/01621459.1967.10500896

    Examples
    --------
    >>> from skspace.datasets import fetch_ill_conditioned
    >>> longley = fetch_ill_conditioned("longley")  # doctest: +SKIP
    >>> longley.data.shape  # doctest: +SKIP
    (16, 7)
    """
    file = f"regression/{name}.npz"
    arrays = load_npz(file, data_home)
    data, target = arrays["X"], arrays["y"]
    feature_names = [f"x{j}" for j in range(data.shape[1])]
    frame = None
    if as_frame:
        pd = import_pandas("fetch_ill_conditioned")
        data = pd.DataFrame(data, columns=feature_names)
        target = pd.Series(target, name="y")
        frame = pd.concat([data, target], axis=1)
    return make_bunch(
        data,
        target,
        return_X_y=return_X_y,
        frame=frame,
        coef=arrays["coef_float64_exact"],
        coef_certified=arrays["coef_certified"],
        groups=arrays["groups"].astype(np.int64),
        feature_names=feature_names,
        DESCR=describe("ill_conditioned", file),
    )
