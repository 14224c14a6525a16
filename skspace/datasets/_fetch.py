"""Finding a data file, checking its SHA-256, and wrapping it the way users expect.

The one place that reads SKSPACE_DATA, SKSPACE_DATA_URL and SKSPACE_CACHE. Nothing is
ever unpickled.
"""

from __future__ import annotations

import hashlib
import io
import os
from importlib import resources
from pathlib import Path

import numpy as np
from sklearn.utils import Bunch

from .._docs import fill_docs
from .._sklearn import validate_params
from ._registry import SHA256

__all__ = ["DatasetNotFoundError", "fetcher", "load_npz", "make_bunch", "read"]

COMMON_CONSTRAINTS = {
    "data_home": [str, os.PathLike, None],
    "return_X_y": ["boolean"],
    "as_frame": ["boolean"],
}

COMMON_TEXTS = {
    "data_home": """data_home : str or path-like, default=None
    Folder that keeps downloaded files; a file already there is used. None means
    the folder ``SKSPACE_DATA`` where that is set, else ``SKSPACE_CACHE`` or the
    user's cache folder, filled from ``SKSPACE_DATA_URL``.""",
    "return_X_y": """return_X_y : bool, default=False
    Return ``(data, target)`` instead of a Bunch.""",
    "as_frame": """as_frame : bool, default=False
    Return `data` as a pandas DataFrame and `target` as a Series.""",
    "raises": """DatasetNotFoundError
    When the file is in no place searched, or could not be downloaded.
ValueError
    When its SHA-256 is not the expected one.
ImportError
    When ``as_frame=True`` without pandas, or a download without pooch.""",
}


class DatasetNotFoundError(OSError):
    """A data file is in no place that was searched, or could not be downloaded.

    The message names the place, the reason and the remedy.

    Examples
    --------
    >>> from skspace.datasets import DatasetNotFoundError, fetch_orl
    >>> try:  # doctest: +SKIP
    ...     faces = fetch_orl()
    ... except DatasetNotFoundError as error:
    ...     print("no faces today:", error)
    """


def fetcher(texts=None, **constraints):
    """Check the parameters of a fetcher, and fill the shared parts of its docstring.

    Parameters
    ----------
    texts : dict, optional
        Texts by place, besides or instead of ``COMMON_TEXTS``.
    **constraints : list
        Of parameters that not every fetcher has.
    """

    def decorate(function):
        checked = validate_params(
            {**constraints, **COMMON_CONSTRAINTS}, prefer_skip_nested_validation=True
        )(function)
        return fill_docs(**{**COMMON_TEXTS, **(texts or {})})(checked)

    return decorate


def read(name, data_home=None):
    """Bytes of one data file, its SHA-256 checked.

    Parameters
    ----------
    name : str
        Path inside the data folder, a key of the registry.
    data_home : str or path-like, default=None
        Folder that keeps downloaded files. A file found there is used. None means
        the folder ``SKSPACE_DATA`` where that is set, and nothing is downloaded;
        otherwise the folder ``SKSPACE_CACHE``, or pooch's cache folder of the user.

    Returns
    -------
    content : bytes

    Raises
    ------
    DatasetNotFoundError
        When the file is nowhere, or the download fails.
    ValueError
        When the SHA-256 is wrong, or ``SKSPACE_DATA_URL`` is no http(s) address.
    ImportError
        When a download is needed and pooch is not installed.
    """
    path = _find(name, data_home)
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256[name]:
        raise ValueError(
            f"The SHA-256 of {path} is {found}, expected {SHA256[name]}: the file is "
            "damaged or another version. Replace it by the original, or delete it and "
            "download it again."
        )
    return content


def _find(name, data_home):
    """Path of the file on this computer, downloaded if need be; not yet checked."""
    folder = os.environ.get("SKSPACE_DATA")
    if folder and data_home is None:
        if not Path(folder).expanduser().is_dir():
            raise DatasetNotFoundError(
                f"SKSPACE_DATA={folder!r} is not a folder. Set it to the folder that "
                f"holds {name}, or unset it and set SKSPACE_DATA_URL to download."
            )
        path = Path(folder).expanduser() / name
        if not path.is_file():
            raise DatasetNotFoundError(
                f"The folder SKSPACE_DATA={folder!r} has no file {name}. Put it there, "
                "or unset SKSPACE_DATA and set SKSPACE_DATA_URL to download it."
            )
        return path
    url = os.environ.get("SKSPACE_DATA_URL")
    home = data_home or os.environ.get("SKSPACE_CACHE")
    if home and (path := Path(home).expanduser() / name).is_file():
        return path
    if not url:
        found = f"{path} does not exist" if home else "SKSPACE_DATA is not set"
        raise DatasetNotFoundError(
            f"No place to read {name} from: {found} and SKSPACE_DATA_URL is not set. "
            "Set the environment variable SKSPACE_DATA to the folder that holds it "
            "(and leave data_home out), or SKSPACE_DATA_URL to an address that serves "
            "that folder. There is no default address because the licences of the "
            "files differ."
        )
    return _download(name, url, home)


def _download(name, url, home):
    """Download one file through pooch, which keeps it only if its hash is right."""
    if not url.startswith(("http://", "https://")):
        raise ValueError(
            f"SKSPACE_DATA_URL={url!r} must start with http:// or https://. For a "
            "folder of this computer set SKSPACE_DATA instead."
        )
    try:
        import pooch
    except ImportError as error:
        raise ImportError(
            f"Downloading {name} from SKSPACE_DATA_URL needs pooch: "
            "pip install skspace[data], or set SKSPACE_DATA to a folder that has it."
        ) from error
    cache = pooch.create(
        path=home or pooch.os_cache("skspace"),
        base_url=url.rstrip("/") + "/",
        registry={name: SHA256[name]},
    )
    try:
        return Path(cache.fetch(name))
    except ValueError as error:
        raise ValueError(
            f"The file served as {cache.get_url(name)} has the wrong SHA-256, expected "
            f"{SHA256[name]}; it was not kept. Check SKSPACE_DATA_URL: it may serve "
            f"another version, or an error page. ({error})"
        ) from error
    except OSError as error:
        raise DatasetNotFoundError(
            f"Could not download {cache.get_url(name)} to {cache.abspath}: {error}. "
            "Check the network, SKSPACE_DATA_URL and that this folder can be written, "
            "or set SKSPACE_DATA to a folder that has the file."
        ) from error


def load_npz(name, data_home=None):
    """Arrays of an ``.npz`` data file by name, checked and never unpickled."""
    with np.load(io.BytesIO(read(name, data_home)), allow_pickle=False) as arrays:
        return dict(arrays)


def import_pandas(caller):
    """Pandas, or an ImportError that names it and the way round it."""
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError(
            f"{caller} with as_frame=True needs pandas: pip install pandas, or pass "
            "as_frame=False for arrays."
        ) from error
    return pd


def describe(dataset, name):
    """Text of ``descr/<dataset>.rst`` followed by the file and its checksum."""
    text = resources.files(__package__).joinpath("descr", f"{dataset}.rst")
    return (
        text.read_text(encoding="utf-8")
        + f"\n:File: ``{name}``\n:SHA-256: ``{SHA256[name]}``\n"
    )


def make_bunch(data, target, *, return_X_y, **attributes):
    """Return ``(data, target)`` or a Bunch of them and the attributes that exist."""
    if return_X_y:
        return data, target
    exist = {key: value for key, value in attributes.items() if value is not None}
    return Bunch(data=data, target=target, frame=exist.pop("frame", None), **exist)
