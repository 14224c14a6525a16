"""skspace: subspace methods with the interface of scikit-learn.

Families are imported on first use: ``import skspace`` loads neither numba nor
matplotlib nor any GPU library.
"""

from __future__ import annotations

import importlib
import pkgutil

from ._version import __version__

__all__ = ["__version__", "show_versions"]

_FAMILIES = tuple(
    module.name
    for module in pkgutil.iter_modules(__path__)
    if not module.name.startswith("_")
)


def __getattr__(name):
    if name in _FAMILIES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*__all__, *_FAMILIES])


def show_versions():
    """Print the versions of skspace, its dependencies and the system.

    Paste the output into bug reports.

    Examples
    --------
    >>> import skspace
    >>> skspace.show_versions()  # doctest: +ELLIPSIS
    skspace: ...
    """
    import platform
    from importlib import metadata

    print(f"skspace: {__version__}")  # noqa: T201
    for package in (
        "numpy",
        "scipy",
        "scikit-learn",
        "numba",
        "array-api-compat",
        "array-api-extra",
        "threadpoolctl",
        "matplotlib",
        "pooch",
        "cupy",
    ):
        try:
            version = metadata.version(package)
        except metadata.PackageNotFoundError:
            version = "not installed"
        print(f"{package}: {version}")  # noqa: T201
    print(f"python: {platform.python_version()} on {platform.platform()}")  # noqa: T201
