"""Attributed graphs: a sparse adjacency matrix, sparse vertex attributes, classes."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from ._fetch import describe, fetcher, import_pandas, load_npz, make_bunch

__all__ = ["fetch_acm", "fetch_citeseer", "fetch_cora", "fetch_wiki"]


GRAPHS = {
    "return_X_y": """return_X_y : bool, default=False
    Return ``(data, target)`` instead of a Bunch, without the adjacency.""",
    "as_frame": """as_frame : bool, default=False
    Return `data` as a pandas DataFrame with sparse columns and `target` as a
    Series. The adjacency stays sparse.""",
}


def _csr(arrays, key):
    # float64: the files hold int8, whose sums overflow
    return csr_array(
        (
            arrays[f"{key}_data"].astype(np.float64),
            arrays[f"{key}_indices"],
            arrays[f"{key}_indptr"],
        ),
        shape=tuple(arrays[f"{key}_shape"]),
    )


def _fetch_graph(dataset, *, data_home, return_X_y, as_frame):
    """Read one graph file; all graph fetchers end here."""
    file = f"graphs/{dataset}.npz"
    arrays = load_npz(file, data_home)
    data = _csr(arrays, "attr")
    target = arrays["labels"].astype(np.int64)
    feature_names = [f"attribute_{j}" for j in range(data.shape[1])]
    frame = None
    if as_frame:
        pd = import_pandas(f"fetch_{dataset}")
        data = pd.DataFrame.sparse.from_spmatrix(data, columns=feature_names)
        target = pd.Series(target, name="target")
        frame = pd.concat([data, target], axis=1)
    return make_bunch(
        data,
        target,
        return_X_y=return_X_y,
        frame=frame,
        adjacency=_csr(arrays, "adj"),
        feature_names=feature_names,
        DESCR=describe(dataset, file),
    )


@fetcher(GRAPHS)
def fetch_cora(*, data_home=None, return_X_y=False, as_frame=False):
    """Load Cora: machine-learning papers joined by citations.

    An attribute says whether a word occurs in the paper. The classes are topics.

    ===================   ======
    Vertices              2708
    Edges without loops   5278
    Attributes            1433
    Classes               7
    Edge homophily        0.810
    Components            78
    ===================   ======

    Parameters
    ----------
    {data_home}
    {return_X_y}
    {as_frame}

    Returns
    -------
    :class:`~sklearn.utils.Bunch` or tuple ``(data, target)``
        With attributes `adjacency` (csr_array of shape (2708, 2708), float64,
        symmetric), `data` (csr_array of shape (2708, 1433), float64, 0 or 1),
        `target` (ndarray of shape (2708,), int64, 0 to 6, for evaluation only),
        `feature_names`, `frame` (DataFrame of data and target, None unless
        ``as_frame=True``) and `DESCR` (origin, licence, reference, checksum).

    Raises
    ------
    {raises}

    References
    ----------
    .. [1] P. Sen, G. Namata, M. Bilgic, L. Getoor, B. Gallagher and T. Eliassi-Rad
       (2008). Collective classification in network data. AI Magazine 29(3), 93-106.
       https://doi.org/10.1609/aimag.v29i3.2157

    Examples
    --------
    >>> from skspace.datasets import fetch_cora
    >>> graph = fetch_cora()  # doctest: +SKIP
    >>> graph.adjacency.shape  # doctest: +SKIP
    (2708, 2708)
    """
    return _fetch_graph(
        "cora", data_home=data_home, return_X_y=return_X_y, as_frame=as_frame
    )


@fetcher(GRAPHS)
def fetch_citeseer(*, data_home=None, return_X_y=False, as_frame=False):
    """Load Citeseer: computer-science papers joined by citations.

    An attribute says whether a word occurs in the paper. Of the vertices 15 have no
    attribute and 48 no neighbour.

    ===================   ======
    Vertices              3327
    Edges without loops   4552
    Attributes            3703
    Classes               6
    Edge homophily        0.736
    Components            438
    ===================   ======

    Parameters
    ----------
    {data_home}
    {return_X_y}
    {as_frame}

    Returns
    -------
    :class:`~sklearn.utils.Bunch` or tuple ``(data, target)``
        With attributes `adjacency` (csr_array of shape (3327, 3327), float64,
        symmetric, 124 self-loops), `data` (csr_array of shape (3327, 3703), float64,
        0 or 1), `target` (ndarray of shape (3327,), int64, 0 to 5, for evaluation
        only), `feature_names`, `frame` (DataFrame of data and target, None unless
        ``as_frame=True``) and `DESCR` (origin, licence, reference, checksum).

    Raises
    ------
    {raises}

    References
    ----------
    .. [1] P. Sen, G. Namata, M. Bilgic, L. Getoor, B. Gallagher and T. Eliassi-Rad
       (2008). Collective classification in network data. AI Magazine 29(3), 93-106.
       https://doi.org/10.1609/aimag.v29i3.2157

    Examples
    --------
    >>> from skspace.datasets import fetch_citeseer
    >>> graph = fetch_citeseer()  # doctest: +SKIP
    >>> graph.adjacency.shape  # doctest: +SKIP
    (3327, 3327)
    """
    return _fetch_graph(
        "citeseer", data_home=data_home, return_X_y=return_X_y, as_frame=as_frame
    )


@fetcher(GRAPHS)
def fetch_acm(*, data_home=None, return_X_y=False, as_frame=False):
    """Load ACM: papers joined by a common author.

    An attribute says whether a word occurs in the paper. Of the vertices 561 have only
    their self-loop.

    ===================   ======
    Vertices              3025
    Edges without loops   13128
    Attributes            1870
    Classes               3
    Edge homophily        0.821
    Components            717
    ===================   ======

    Parameters
    ----------
    {data_home}
    {return_X_y}
    {as_frame}

    Returns
    -------
    :class:`~sklearn.utils.Bunch` or tuple ``(data, target)``
        With attributes `adjacency` (csr_array of shape (3025, 3025), float64,
        symmetric, every vertex with a self-loop), `data` (csr_array of shape (3025,
        1870), float64, 0 or 1), `target` (ndarray of shape (3025,), int64, 0 to 2,
        for evaluation only), `feature_names`, `frame` (DataFrame of data and target,
        None unless ``as_frame=True``) and `DESCR` (origin, licence, reference,
        checksum).

    Raises
    ------
    {raises}

    References
    ----------
    .. [1] X. Wang, H. Ji, C. Shi, B. Wang, Y. Ye, P. Cui and P. Yu (2019).
       Heterogeneous graph attention network. The Web Conference.
       https://doi.org/10.1145/3308558.3313562
    .. [2] D. Bo, X. Wang, C. Shi, M. Zhu, E. Lu and P. Cui (2020). Structural deep
       clustering network. The Web Conference.
       https://doi.org/10.1145/3366423.3380214

    Examples
    --------
    >>> from skspace.datasets import fetch_acm
    >>> graph = fetch_acm()  # doctest: +SKIP
    >>> graph.adjacency.shape  # doctest: +SKIP
    (3025, 3025)
    """
    return _fetch_graph(
        "acm", data_home=data_home, return_X_y=return_X_y, as_frame=as_frame
    )


@fetcher(GRAPHS)
def fetch_wiki(*, data_home=None, return_X_y=False, as_frame=False):
    """Load Wiki: web pages joined by links, with weighted words.

    Edge weights are integers from 1 to 16 (several links join two pages). Of the
    vertices 88 have no attribute and 42 no neighbour.

    ===================   ======
    Vertices              2405
    Edges without loops   11596
    Attributes            4973
    Classes               17
    Edge homophily        0.610
    Components            45
    ===================   ======

    Parameters
    ----------
    {data_home}
    {return_X_y}
    {as_frame}

    Returns
    -------
    :class:`~sklearn.utils.Bunch` or tuple ``(data, target)``
        With attributes `adjacency` (csr_array of shape (2405, 2405), float64,
        symmetric, 1165 self-loops), `data` (csr_array of shape (2405, 4973), float64,
        positive or 0), `target` (ndarray of shape (2405,), int64, 0 to 16, for
        evaluation only), `feature_names`, `frame` (DataFrame of data and target, None
        unless ``as_frame=True``) and `DESCR` (origin, licence, reference, checksum).

    Raises
    ------
    {raises}

    References
    ----------
    .. [1] C. Yang, Z. Liu, D. Zhao, M. Sun and E. Chang (2015). Network representation
       learning with rich text information. IJCAI, 2111-2117.

    Examples
    --------
    >>> from skspace.datasets import fetch_wiki
    >>> graph = fetch_wiki()  # doctest: +SKIP
    >>> graph.adjacency.shape  # doctest: +SKIP
    (2405, 2405)
    """
    return _fetch_graph(
        "wiki", data_home=data_home, return_X_y=return_X_y, as_frame=as_frame
    )
