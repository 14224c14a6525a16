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

_PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "numba",
    "array-api-compat",
    "joblib",
    "threadpoolctl",
    "matplotlib",
    "pooch",
    "dask",
    "torch",
)
_VARIABLES = ("SCIPY_ARRAY_API", "NUMBA_DISABLE_JIT", "OMP_NUM_THREADS")


def __getattr__(name):
    if name in _FAMILIES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*__all__, *_FAMILIES])


def show_versions():
    """Print the versions of skspace and its dependencies, the system, and settings.

    Paste the output into bug reports.

    Examples
    --------
    >>> import skspace
    >>> skspace.show_versions()  # doctest: +ELLIPSIS
    skspace: ...
    """
    import os
    import platform
    import sys
    from importlib import metadata

    from sklearn import get_config
    from threadpoolctl import threadpool_info

    lines = [f"skspace: {__version__}"]
    # CuPy has a package for each CUDA
    cupy = metadata.packages_distributions().get("cupy", ["cupy"])
    for package in (*_PACKAGES, *cupy):
        try:
            version = metadata.version(package)
        except metadata.PackageNotFoundError:
            version = "not installed"
        lines.append(f"{package}: {version}")
    lines.append(f"python: {platform.python_version()} on {platform.platform()}")
    lines.append(f"executable: {sys.executable}")
    lines.append(f"array_api_dispatch: {get_config()['array_api_dispatch']}")
    for name in _VARIABLES:
        lines.append(f"{name}: {os.environ.get(name, 'not set')}")
    for pool in threadpool_info():  # of libraries that are loaded by now
        lines.append(
            f"{pool['internal_api']} {pool['version']}: {pool['num_threads']} threads"
        )
    print("\n".join(lines))  # noqa: T201
