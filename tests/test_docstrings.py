"""Every public object is documented as numpydoc asks, by the rules of pyproject."""

import importlib
import inspect
import pkgutil
import tomllib
from pathlib import Path

import pytest
from numpydoc.validate import validate

import skspace

RULES = tomllib.loads(
    (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
)["tool"]["numpydoc_validation"]["checks"]


def public_objects():
    """Dotted names of all that ``__all__`` exports, and of public methods."""
    for module in pkgutil.iter_modules(skspace.__path__):
        if module.name.startswith("_"):
            continue
        family = importlib.import_module(f"skspace.{module.name}")
        for name in family.__all__:
            thing = getattr(family, name)
            if not callable(thing):
                continue
            yield f"skspace.{module.name}.{name}"
            if inspect.isclass(thing):
                for method, function in vars(thing).items():
                    if not method.startswith("_") and inspect.isfunction(function):
                        yield f"skspace.{module.name}.{name}.{method}"


@pytest.mark.parametrize("name", list(public_objects()))
def test_docstring_is_complete(name):
    assert RULES[0] == "all"
    errors = [
        f"{code}: {message}"
        for code, message in validate(name)["errors"]
        if code not in RULES[1:]
    ]
    assert not errors, "\n".join(errors)


@pytest.mark.parametrize(
    "name", [name for name in public_objects() if name.count(".") == 2]
)
def test_public_objects_show_an_example(name):
    """Displays and fetchers may do without: they need a figure, or data."""
    _, module, attribute = name.split(".")
    thing = getattr(importlib.import_module(f"skspace.{module}"), attribute)
    if inspect.isclass(thing) and issubclass(thing, BaseException):
        return
    assert ">>>" in (inspect.getdoc(thing) or ""), f"{name} shows no example"
