"""The directive ``capabilities``: a table of all estimators, read off their tags."""

import importlib.util
import inspect
import sys

from api_pages import public_modules
from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans
from sklearn.utils import get_tags

from skspace import _loop


def families():
    """Yield every public module that has estimators, with its classes."""
    for module in public_modules():
        classes = [getattr(module, name) for name in sorted(module.__all__)]
        classes = [
            c for c in classes if inspect.isclass(c) and issubclass(c, BaseEstimator)
        ]
        if classes:
            yield module.__name__, classes


def instance(cls):
    """Return one of the class, around a KMeans where it wants an estimator."""
    parameters = inspect.signature(cls).parameters.values()
    required = [p.name for p in parameters if p.default is p.empty]
    return cls(**dict.fromkeys(required, KMeans()))


def keeps_float32(estimator):
    """Whether scores of float32 samples are float32."""
    tags = get_tags(estimator).transformer_tags
    return tags is not None and "float32" in tags.preserves_dtype


def takes_weights(estimator):
    """Whether `fit` has a parameter `sample_weight`."""
    return "sample_weight" in inspect.signature(type(estimator).fit).parameters


def is_distributed(estimator):
    """Whether `skspace.distributed.fit` takes it."""
    if importlib.util.find_spec("skspace.distributed") is None:
        return False
    from skspace import distributed

    return distributed.supports(estimator)


def reports_iterations(estimator):
    """Whether its fit goes through the loop that callbacks watch.

    The loop is looked for in the files of the family that the class is made of.
    """
    classes = [c.__module__ for c in type(estimator).__mro__]
    family = type(estimator).__module__.rpartition(".")[0]
    seen, waiting = set(), classes
    while waiting:
        name = waiting.pop()
        if name in seen or not name.startswith(f"{family}."):
            continue
        seen.add(name)
        members = vars(sys.modules[name]).values()
        if any(member is _loop.run for member in members):
            return True
        waiting += [getattr(member, "__module__", None) or "" for member in members]
    return False


COLUMNS = {
    "arrays": lambda estimator: get_tags(estimator).array_api_support,
    "sparse": lambda estimator: get_tags(estimator).input_tags.sparse,
    "float32": keeps_float32,
    "weights": takes_weights,
    "partial_fit": lambda estimator: hasattr(estimator, "partial_fit"),
    "distributed": is_distributed,
    "max_samples": lambda estimator: "max_samples" in estimator.get_params(),
    "iterations": reports_iterations,
    "predict": lambda estimator: hasattr(estimator, "predict"),
    "transform": lambda estimator: hasattr(estimator, "transform"),
    "score": lambda estimator: hasattr(estimator, "score"),
}


class Capabilities(Directive):
    """Insert the table, a line of its own above each family."""

    def run(self):
        """Build the table as reStructuredText and parse that."""
        rows = [["", *COLUMNS]]
        for module, classes in families():
            blank = [""] * len(COLUMNS)
            page = f"{module.removeprefix('skspace.')} </api/generated/{module}>"
            rows.append([f":doc:`{page}`", *blank])
            for cls in classes:
                estimator = instance(cls)
                marks = ["✓" if has(estimator) else "" for has in COLUMNS.values()]
                rows.append([f":class:`~{module}.{cls.__name__}`", *marks])
        lines = [".. list-table::", "   :header-rows: 1", "   :class: capabilities", ""]
        for cells in rows:
            lines += [
                f"   {'* -' if i == 0 else '  -'} {c}" for i, c in enumerate(cells)
            ]
        node = nodes.Element()
        self.state.nested_parse(StringList(lines, "capabilities"), 0, node)
        return node.children


def setup(app):
    """Register the directive."""
    app.add_directive("capabilities", Capabilities)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
