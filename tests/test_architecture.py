"""Who may import whom, and what ``import skspace`` loads."""

import ast
import importlib
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "skspace"
MODULES = sorted(ROOT.rglob("*.py"))
MATHEMATICS = {"linalg", "graph", "nn", "metrics"}
LAZY = ["numba", "matplotlib", "torch", "cupy", "pandas", "dask"]


def dotted(path):
    """`skspace.linalg._basis` for skspace/linalg/_basis.py."""
    parts = ["skspace", *path.relative_to(ROOT).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path):
    """Every imported module, absolute, with the depth at which it stands."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = dotted(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    top = set(ast.iter_child_nodes(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node in top
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*base, *([node.module] if node.module else [])])
            yield base, node in top
            for alias in node.names:
                yield f"{base}.{alias.name}", node in top


def family(module):
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "skspace" else None


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_arrows_point_down(path):
    here = family(dotted(path))
    for module, _ in imports(path):
        library, target = module.split(".")[0], family(module)
        where = f"{dotted(path)} imports {module}"
        if here == "_array":
            assert library not in {"sklearn", "skspace"}, where
        elif here == "_numba":
            compilers = {"numba", "llvmlite"}  # the second is a part of the first
            allowed = {"numpy", "math", "__future__"} | compilers
            assert library in allowed or target == "_numba", where
        elif here in MATHEMATICS:
            assert library not in {"sklearn", "warnings", "matplotlib"}, where
            assert target in {None, "_array", "_numba", *MATHEMATICS}, where
        elif here not in {"inspection", "_tour", "__main__", "callback", None}:
            assert target != "inspection", where


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_only_one_file_imports_private_scikit_learn_names(path):
    if dotted(path) == "skspace._sklearn":
        return
    for module, _ in imports(path):
        if module.startswith("sklearn."):
            private = any(part.startswith("_") for part in module.split("."))
            assert not private, f"{dotted(path)} imports {module}"


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_families_leave_each_others_private_names_alone(path):
    """Estimator families share layer 1, not each other's insides."""
    here = family(dotted(path))
    shared = MATHEMATICS | {"_array", "_numba", None}
    for module, _ in imports(path):
        target = family(module)
        if target in shared or target == here or target.startswith("_"):
            continue
        private = any(part.startswith("_") for part in module.split(".")[2:])
        assert not private, f"{dotted(path)} imports {module}"


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_heavy_libraries_are_imported_inside_functions(path):
    if family(dotted(path)) == "_numba":
        return
    for module, at_top in imports(path):
        assert not (at_top and module.split(".")[0] in LAZY), (
            f"{dotted(path)} imports {module} at its top"
        )


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_a_file_opens_with_a_sentence_and_stays_readable(path):
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), f"{dotted(path)} says nothing"
    assert len(text.splitlines()) <= 450, f"{dotted(path)} wants splitting"


SCRIPTS = sorted(
    path
    for folder in ("benchmarks", "examples", "docs")
    for path in (ROOT.parent / folder).rglob("*.py")
    if "_build" not in path.parts and "auto_examples" not in path.parts
)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_what_scripts_import_exists(path):
    """Also inside functions, which nothing may run for weeks."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or node.level:
            continue
        if node.module.split(".")[0] == "skspace":
            module = importlib.import_module(node.module)
            for alias in node.names:
                where = f"{path.name} imports {alias.name} from {node.module}"
                submodule = f"{node.module}.{alias.name}"
                known = hasattr(module, alias.name) or find_spec(submodule)
                assert known, where


def _loaded(statement):
    """Modules of interest in a fresh interpreter after `statement`, and seconds."""
    program = (
        f"import sys, time\nimport sklearn\nstart = time.perf_counter()\n{statement}\n"
        f"print(time.perf_counter() - start, *(m for m in {LAZY} if m in sys.modules))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    return float(answer[0]), set(answer[1:])


def test_import_is_light():
    _, before = _loaded("pass")
    runs = [_loaded("import skspace") for _ in range(3)]
    assert all(loaded <= before for _, loaded in runs)
    assert min(seconds for seconds, _ in runs) <= 0.3


def test_importing_a_family_compiles_nothing():
    _, before = _loaded("import sklearn.cluster")
    _, loaded = _loaded("import skspace.cluster, skspace.linalg, skspace.datasets")
    assert loaded <= before


def test_unknown_family_is_an_attribute_error():
    import skspace

    with pytest.raises(AttributeError, match="no attribute 'clusters'"):
        skspace.clusters  # noqa: B018
    assert "cluster" in dir(skspace)
