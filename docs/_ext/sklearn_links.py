"""Lead references to scikit-learn's names to its pages; no inventory is downloaded."""

from docutils import nodes

PAGE = "https://scikit-learn.org/stable/modules/generated/{}.html"


def resolve(app, env, node, contents):
    """Link a class or function whose full name begins with ``sklearn.``."""
    name = node.get("reftarget", "")
    if node.get("refdomain") == "py" and name.startswith("sklearn."):
        page = PAGE.format(name)
        return nodes.reference("", "", contents, internal=False, refuri=page)
    return None


def setup(app):
    """Connect the hook."""
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
