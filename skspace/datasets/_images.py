"""Images of faces, objects and digits: one row per image, values in [0, 1].

For linear self-expression scale every row to unit Euclidean length afterwards.
"""

from __future__ import annotations

import numpy as np

from ._fetch import describe, fetcher, import_pandas, load_npz, make_bunch

__all__ = [
    "fetch_coil20",
    "fetch_mnist_sample",
    "fetch_orl",
    "fetch_usps",
    "fetch_yaleb",
]


BUNCH = """With attributes `data` (ndarray of shape ({n}, {d}), float64: grey levels
divided by 255, row by row), `target` (ndarray of shape ({n},), int64, for
evaluation only), `images` (ndarray of shape ({n}, {side}, {side}), a view of the
same values), `image_shape` ({side}, {side}), `subspace_dim` (int, {subspace_dim}: the
dimension usually assumed for one class), `feature_names`,{names}
`frame` (DataFrame of data and target, None unless ``as_frame=True``) and
`DESCR` (origin, licence, reference, checksum)."""

DIGITS = """ `target_names`
(ndarray of the ten digits),"""


def _texts(n, side, subspace_dim, names=""):
    """Texts for a file of `n` square images."""
    bunch = BUNCH.format(
        n=n, d=side**2, side=side, subspace_dim=subspace_dim, names=names
    )
    return {"bunch": bunch}


def _fetch_images(dataset, file, *, data_home, return_X_y, as_frame, target_names=None):
    """Read one image file and scale it; all image fetchers end here."""
    arrays = load_npz(file, data_home)
    height, width = (int(side) for side in arrays["image_shape"])
    data = arrays["X"] / 255.0
    target = arrays["y"].astype(np.int64)
    images = data.reshape(-1, height, width)
    feature_names = [f"pixel_{i}_{j}" for i in range(height) for j in range(width)]
    frame = None
    if as_frame:
        pd = import_pandas(f"fetch_{dataset}")
        data = pd.DataFrame(data, columns=feature_names, copy=False)
        target = pd.Series(target, name="target")
        frame = pd.concat([data, target], axis=1)
    return make_bunch(
        data,
        target,
        return_X_y=return_X_y,
        frame=frame,
        images=images,
        image_shape=(height, width),
        subspace_dim=int(arrays["subspace_dim"]),
        feature_names=feature_names,
        target_names=target_names,
        DESCR=describe(dataset, file),
    )


@fetcher(_texts(400, 32, 5))
def fetch_orl(*, data_home=None, return_X_y=False, as_frame=False):
    """Load the ORL faces: 40 people, 10 pictures each.

    Pose, expression and glasses vary, the light hardly. Few samples per class make
    it hard for methods that estimate each subspace from its own members.

    ================   =================
    Classes            40
    Samples total      400
    Dimensionality     1024
    Features           real, in [0, 1]
    ================   =================

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
    .. [1] F. Samaria and A. Harter (1994). Parameterisation of a stochastic model for
       human face identification. IEEE Workshop on Applications of Computer Vision.
       https://doi.org/10.1109/ACV.1994.341300

    Examples
    --------
    >>> from skspace.datasets import fetch_orl
    >>> faces = fetch_orl()  # doctest: +SKIP
    >>> faces.data.shape  # doctest: +SKIP
    (400, 1024)
    """
    return _fetch_images(
        "orl",
        "images/orl_32x32.npz",
        data_home=data_home,
        return_X_y=return_X_y,
        as_frame=as_frame,
    )


@fetcher(_texts(640, 32, 9))
def fetch_yaleb(*, data_home=None, return_X_y=False, as_frame=False):
    """Load Extended Yale B: 10 people, each under 64 lights.

    The first 10 subjects, cropped. Pictures of one face under changing light lie
    close to a subspace of dimension 9: the textbook case for subspace clustering.

    ================   =================
    Classes            10
    Samples total      640
    Dimensionality     1024
    Features           real, in [0, 1]
    ================   =================

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
    .. [1] A. Georghiades, P. Belhumeur and D. Kriegman (2001). From few to many:
       illumination cone models for face recognition under variable lighting and
       pose. IEEE TPAMI 23(6), 643-660. https://doi.org/10.1109/34.927464
    .. [2] K. Lee, J. Ho and D. Kriegman (2005). Acquiring linear subspaces for face
       recognition under variable lighting. IEEE TPAMI 27(5), 684-698.
       https://doi.org/10.1109/TPAMI.2005.92

    Examples
    --------
    >>> from skspace.datasets import fetch_yaleb
    >>> faces = fetch_yaleb()  # doctest: +SKIP
    >>> faces.data.shape  # doctest: +SKIP
    (640, 1024)
    """
    return _fetch_images(
        "yaleb",
        "images/yaleb10_32x32.npz",
        data_home=data_home,
        return_X_y=return_X_y,
        as_frame=as_frame,
    )


@fetcher(_texts(1440, 32, 10))
def fetch_coil20(*, data_home=None, return_X_y=False, as_frame=False):
    """Load COIL-20: 20 objects, each from 72 directions.

    Each object turns on a table in steps of 5 degrees, so a class is a closed curve
    rather than a flat set.

    ================   =================
    Classes            20
    Samples total      1440
    Dimensionality     1024
    Features           real, in [0, 1]
    ================   =================

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
    .. [1] S. Nene, S. Nayar and H. Murase (1996). Columbia object image library
       (COIL-20). Technical report CUCS-005-96, Columbia University.

    Examples
    --------
    >>> from skspace.datasets import fetch_coil20
    >>> objects = fetch_coil20()  # doctest: +SKIP
    >>> objects.data.shape  # doctest: +SKIP
    (1440, 1024)
    """
    return _fetch_images(
        "coil20",
        "images/coil20_32x32.npz",
        data_home=data_home,
        return_X_y=return_X_y,
        as_frame=as_frame,
    )


@fetcher(_texts(9298, 16, 12, DIGITS))
def fetch_usps(*, data_home=None, return_X_y=False, as_frame=False):
    """Load the USPS handwritten digits, training and test part.

    The 7291 training images are followed by the 2007 test images; the classes hold
    708 to 1553 of them.

    ================   =================
    Classes            10
    Samples total      9298
    Dimensionality     256
    Features           real, in [0, 1]
    ================   =================

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
    .. [1] J. Hull (1994). A database for handwritten text recognition research. IEEE
       TPAMI 16(5), 550-554. https://doi.org/10.1109/34.291440

    Examples
    --------
    >>> from skspace.datasets import fetch_usps
    >>> digits = fetch_usps()  # doctest: +SKIP
    >>> digits.data.shape  # doctest: +SKIP
    (9298, 256)
    """
    return _fetch_images(
        "usps",
        "images/usps_16x16.npz",
        data_home=data_home,
        return_X_y=return_X_y,
        as_frame=as_frame,
        target_names=np.arange(10),
    )


@fetcher(_texts(10000, 28, 12, DIGITS))
def fetch_mnist_sample(*, data_home=None, return_X_y=False, as_frame=False):
    """Load the 10,000 test images of MNIST, in their original order.

    The classes hold 892 to 1135 images. Where a method needs an n x n matrix take
    ``numpy.random.default_rng(0).permutation(10000)[:2000]``.

    ================   =================
    Classes            10
    Samples total      10000
    Dimensionality     784
    Features           real, in [0, 1]
    ================   =================

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
    .. [1] Y. LeCun, L. Bottou, Y. Bengio and P. Haffner (1998). Gradient-based
       learning applied to document recognition. Proc. IEEE 86(11), 2278-2324.
       https://doi.org/10.1109/5.726791

    Examples
    --------
    >>> from skspace.datasets import fetch_mnist_sample
    >>> digits = fetch_mnist_sample()  # doctest: +SKIP
    >>> digits.data.shape  # doctest: +SKIP
    (10000, 784)
    """
    return _fetch_images(
        "mnist_sample",
        "images/mnist_t10k_28x28.npz",
        data_home=data_home,
        return_X_y=return_X_y,
        as_frame=as_frame,
        target_names=np.arange(10),
    )
