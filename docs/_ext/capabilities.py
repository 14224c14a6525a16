"""The directive ``capabilities``: a table of all estimators, read off their tags."""

import inspect

from api_pages import public_modules
from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans
from sklearn.utils import get_tags

YES, NO = "✓", ""


def estimators():
    """Yield every public estimator with an instance of it."""
    for module in public_modules():
        for name in sorted(getattr(module, "__all__", ())):
            thing = getattr(module, name)
            if not (inspect.isclass(thing) and issubclass(thing, BaseEstimator)):
                continue
            required = [
                p.name
                for p in inspect.signature(thing).parameters.values()
                if p.default is p.empty
            ]
            yield (
                f"{module.__name__}.{name}",
                thing(**dict.fromkeys(required, KMeans())),
            )


def row(path, estimator):
    """Cells of one estimator."""
    tags = get_tags(estimator)
    transformer = tags.transformer_tags
    keeps = transformer is not None and "float32" in transformer.preserves_dtype
    parameters = estimator.get_params()
    return [
        f":class:`~{path}`",
        YES if tags.array_api_support else NO,
        YES if tags.input_tags.sparse else NO,
        YES if keeps else NO,
        YES if hasattr(estimator, "predict") else NO,
        YES if hasattr(estimator, "transform") else NO,
        YES if hasattr(estimator, "score") else NO,
        YES if "max_samples" in parameters else NO,
        YES if "max_iter" in parameters else NO,
    ]


HEADER = [
    "estimator",
    "GPU",
    "sparse",
    "float32",
    "predict",
    "transform",
    "score",
    "sample",
    "iterative",
]


class Capabilities(Directive):
    """Insert the table."""

    def run(self):
        """Build the table as reStructuredText and parse that."""
        rows = [HEADER, *(row(path, estimator) for path, estimator in estimators())]
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
