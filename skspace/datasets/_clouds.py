"""Pairs of point clouds with the rigid motion that takes one onto the other."""

from __future__ import annotations

import numpy as np

from ._fetch import describe, fetcher, import_pandas, load_npz, make_bunch

__all__ = ["fetch_car_lidar", "fetch_corridor", "fetch_street_lidar"]


BUNCH = """With attributes `data` (ndarray of shape ({n}, 3), float64, metres: the
source cloud), `target` (ndarray of shape ({m}, 3), float64, metres: the
target cloud), `transform` (ndarray of shape (4, 4): the true motion,
``x_target = R x_source + t``), `initial_transform` (ndarray of shape (4, 4):
where to start, the identity),{spread} `feature_names`, `frame` (None: the clouds
differ in length and rows do not correspond) and `DESCR` (origin, licence,
reference, checksum)."""

SPREAD = """ `transform_spread` (ndarray of shape (2,):
largest deviation of one of the runs, metres and degrees),"""


def _texts(n, m, spread=""):
    """Texts for a pair of `n` and `m` points."""
    return {
        "as_frame": """as_frame : bool, default=False
    Return both clouds as pandas DataFrames with columns x, y, z.""",
        "bunch": BUNCH.format(n=n, m=m, spread=spread),
    }


def _fetch_pair(dataset, file, *, data_home, return_X_y, as_frame):
    """Read one pair of clouds; all cloud fetchers end here."""
    arrays = load_npz(file, data_home)
    # stored as float32; float64 holds the same values and survives registration
    data = arrays["source"].astype(np.float64)
    target = arrays["target"].astype(np.float64)
    feature_names = ["x", "y", "z"]
    if as_frame:
        pd = import_pandas(f"fetch_{dataset}")
        data = pd.DataFrame(data, columns=feature_names)
        target = pd.DataFrame(target, columns=feature_names)
    return make_bunch(
        data,
        target,
        return_X_y=return_X_y,
        transform=arrays["T_target_source"],
        initial_transform=arrays["T_init"],
        transform_spread=arrays.get("ref_spread"),
        feature_names=feature_names,
        DESCR=describe(dataset, file),
    )


@fetcher(_texts(64685, 64056))
def fetch_street_lidar(*, data_home=None, return_X_y=False, as_frame=False):
    """Load two scans of a street by a spinning LiDAR, 0.50 m apart.

    The true motion is a published estimate, good to about 2 cm and 0.3 degrees only;
    compare with tolerances of 3 cm and 0.5 degrees.

    Parameters
    ----------
    {data_home}
    {return_X_y}
    {as_frame}

    Returns
    -------
    :class:`~sklearn.utils.Bunch` or tuple ``(data, target)``
        {bunch}

    Raises
    ------
    {raises}

    References
    ----------
    .. [1] K. Koide (2024). small_gicp: efficient and parallel algorithms for point
       cloud registration. Journal of Open Source Software 9(100), 6948.
       https://doi.org/10.21105/joss.06948

    Examples
    --------
    >>> from skspace.datasets import fetch_street_lidar
    >>> clouds = fetch_street_lidar()  # doctest: +SKIP
    >>> clouds.data.shape, clouds.target.shape  # doctest: +SKIP
    ((64685, 3), (64056, 3))
    """
    return _fetch_pair(
        "street_lidar",
        "clouds/street_lidar.npz",
        data_home=data_home,
        return_X_y=return_X_y,
        as_frame=as_frame,
    )


@fetcher(_texts(25192, 24989, SPREAD))
def fetch_car_lidar(*, data_home=None, return_X_y=False, as_frame=False):
    """Load two scans from a car, 14.4 degrees and 0.21 m apart.

    The true motion is the mean of 6 runs (two methods, two voxel sizes, two programs),
    which spread by 1.1 cm and 0.08 degrees; compare with tolerances of 4 cm and 0.2
    degrees.

    Parameters
    ----------
    {data_home}
    {return_X_y}
    {as_frame}

    Returns
    -------
    :class:`~sklearn.utils.Bunch` or tuple ``(data, target)``
        {bunch}

    Raises
    ------
    {raises}

    References
    ----------
    .. [1] F. Pomerleau, F. Colas, R. Siegwart and S. Magnenat (2013). Comparing ICP
       variants on real-world data sets. Autonomous Robots 34(3), 133-148.
       https://doi.org/10.1007/s10514-013-9327-2

    Examples
    --------
    >>> from skspace.datasets import fetch_car_lidar
    >>> clouds = fetch_car_lidar()  # doctest: +SKIP
    >>> clouds.data.shape, clouds.target.shape  # doctest: +SKIP
    ((25192, 3), (24989, 3))
    """
    return _fetch_pair(
        "car_lidar",
        "clouds/car_lidar.npz",
        data_home=data_home,
        return_X_y=return_X_y,
        as_frame=as_frame,
    )


@fetcher(_texts(20000, 20000))
def fetch_corridor(*, data_home=None, return_X_y=False, as_frame=False):
    """Load two samples of a generated corridor, weak along its axis x.

    Walls, floor and ceiling leave the motion along the corridor nearly undetermined.
    The clouds are independent samples of the same surfaces, the true motion is exact;
    compare with tolerances of 1 cm and 0.02 degrees.

    Parameters
    ----------
    {data_home}
    {return_X_y}
    {as_frame}

    Returns
    -------
    :class:`~sklearn.utils.Bunch` or tuple ``(data, target)``
        {bunch}

    Raises
    ------
    {raises}

    Examples
    --------
    >>> from skspace.datasets import fetch_corridor
    >>> clouds = fetch_corridor()  # doctest: +SKIP
    >>> clouds.data.shape, clouds.target.shape  # doctest: +SKIP
    ((20000, 3), (20000, 3))
    """
    return _fetch_pair(
        "corridor",
        "clouds/corridor_synth.npz",
        data_home=data_home,
        return_X_y=return_X_y,
        as_frame=as_frame,
    )
