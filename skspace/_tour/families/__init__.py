"""One file per family of the tour.

The file's name is the family's name, the first line of its docstring its title,
``ORDER`` its place in the tour, and ``run(stage)`` its performance, through the
methods of :class:`~skspace._tour._stage.Stage` alone. Where compiling its kernels takes
seconds, ``prepare(stage)`` does no more than that. Nothing else knows of it.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any, NamedTuple


class Family(NamedTuple):
    """What the tour knows of a family."""

    name: str
    title: str
    order: int
    run: Any
    prepare: Any


def find_families():
    """Return all families by name, in the order of the tour."""
    found = []
    for module in pkgutil.iter_modules(__path__):
        family = importlib.import_module(f"{__name__}.{module.name}")
        title = family.__doc__.splitlines()[0].rstrip(".")
        prepare = getattr(family, "prepare", None)
        found.append(Family(module.name, title, family.ORDER, family.run, prepare))
    found.sort(key=lambda family: (family.order, family.name))
    return {family.name: family for family in found}
