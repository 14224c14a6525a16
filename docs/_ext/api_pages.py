"""Write one page for each public module from its ``__all__``, so that none is missed.

Pages and the stubs of autosummary lie in ``api/generated``, which is not committed.
Names that are gone take their stubs with them.
"""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import skspace


def public_modules():
    """Yield the package and each public module of it."""
    yield skspace
    for module in pkgutil.iter_modules(skspace.__path__):
        if not module.name.startswith("_"):
            yield importlib.import_module(f"skspace.{module.name}")


def public_names(module):
    """Classes, functions and other names of a module, sorted within."""
    groups = {"Classes": [], "Functions": []}
    for name in sorted(getattr(module, "__all__", ())):
        thing = getattr(module, name)
        if inspect.isclass(thing):
            groups["Classes"].append(name)
        elif callable(thing):
            groups["Functions"].append(name)
    return {title: names for title, names in groups.items() if names}


def page(module):
    """Text of the page of one module."""
    name = module.__name__
    summary, _, rest = inspect.cleandoc(module.__doc__ or "").partition("\n")
    lines = [name, "=" * len(name), "", f".. module:: {name}", ""]
    lines += [summary, *rest.splitlines(), ""]
    for title, names in public_names(module).items():
        lines += ["", f".. rubric:: {title}", ""]
        lines += [f".. currentmodule:: {name}", ""]
        lines += [".. autosummary::", "   :toctree: .", "   :nosignatures:", ""]
        lines += [f"   {n}" for n in names]
    return "\n".join(lines) + "\n"


def write_pages(app, config):
    """Write the pages that changed and remove the stubs of names that are gone."""
    folder = Path(app.srcdir) / "api" / "generated"
    folder.mkdir(parents=True, exist_ok=True)
    modules = [m for m in public_modules() if public_names(m)]
    pages = {f"{m.__name__}.rst": page(m) for m in modules}
    lines = [".. toctree::", "   :hidden:", ""]
    lines += [f"   generated/{m.__name__}" for m in modules]
    lines += ["", ".. list-table::", "   :widths: auto", ""]
    for module in modules:
        summary = inspect.cleandoc(module.__doc__).partition("\n")[0]
        lines += [f"   * - :mod:`{module.__name__}`", f"     - {summary}"]
    pages["modules.inc"] = "\n".join(lines) + "\n"
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
    stubs = {
        f"{m.__name__}.{name}.rst"
        for m in modules
        for names in public_names(m).values()
        for name in names
    }
    for path in folder.glob("*.rst"):
        if path.name not in stubs | pages.keys():
            path.unlink()


def skip_members_of_others(app, what, name, thing, skip, options):
    """Document the methods skspace writes; those of scikit-learn are named only."""
    if what != "class" or skip:
        return None
    function = thing.fget if isinstance(thing, property) else thing
    function = inspect.unwrap(function)
    module = getattr(function, "__module__", None) or ""
    return True if not module.startswith("skspace") else None


def attributes_are_code(app, what, name, thing, options, lines):
    """Set bare fitted attributes (``labels_``) as code; to Sphinx they are links."""
    marked = re.compile(r"(``.*?``|`.*?`|\*\*.*?\*\*)")
    word = re.compile(r"(?<![\w\\./])([A-Za-z]\w*_)(?![\w(])")
    for i, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            pieces = marked.split(line)  # every second one is marked up already
            pieces[::2] = [word.sub(r"``\1``", piece) for piece in pieces[::2]]
            lines[i] = "".join(pieces)


def setup(app):
    """Connect the hooks."""
    app.connect("config-inited", write_pages)
    app.connect("autodoc-process-docstring", attributes_are_code, priority=900)
    app.connect("autodoc-skip-member", skip_members_of_others)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
