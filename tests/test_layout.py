"""The rules about folders, imports and sizes that no linter knows. Each check names what it would catch."""

import ast
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = {
    "schemas": set[str](),
    "synth": {"schemas"},
    "filters": {"schemas", "synth"},
    "pipelines": {"schemas", "synth", "filters"},
    "model": {"schemas"},
    "dags": {"schemas", "synth", "filters", "pipelines", "model"},
}
"""The import packages, and which of the others each may import."""
ONLY_IN = {"ray": {"pipelines", "dags"}, "torch": {"model"}, "playwright": {"synth"}, "paddleocr": {"synth"}, "tesserocr": {"synth"}}
"""Libraries that belong to some packages."""
MAX_LINES, MAX_FUNCTION_LINES = 400, 80  # chosen: two screens of scrolling, one tall screen
PACKAGES = [name for name in LAYERS if any((ROOT / name).glob("**/*.py"))]
MODULES = sorted(path.relative_to(ROOT) for name in PACKAGES for path in (ROOT / name).rglob("*.py"))


def parse(module: Path) -> ast.Module:
    return ast.parse((ROOT / module).read_text(encoding="utf-8"))


def imported(module: Path) -> Iterator[str]:
    """The top-level names that a module imports, wherever in it."""
    for node in ast.walk(parse(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno}: a relative import"
            yield (node.module or "").split(".")[0]


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_imports_only_what_is_below_it(module: Path) -> None:
    """Catches `from synth import …` in schemas, and `import ray` in a family."""
    layer = module.parts[0]
    names = set(imported(module))
    assert names & LAYERS.keys() - {layer} <= LAYERS[layer]
    assert not {name for name in names if layer not in ONLY_IN.get(name, {layer})}


def project_table() -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def distributions(extras: set[str]) -> set[str]:
    """Names of the distributions that the project asks for with some extras; the engines that read text back count as one of them."""
    project = project_table()
    chosen = [need for extra in extras for need in project["optional-dependencies"].get(extra, [])]
    if "readback" in extras:
        chosen += tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]["paddle"]
    return {re.split(r"[\[=<>]", need)[0] for need in (*project["dependencies"], *chosen)}


def test_every_library_imported_is_declared_where_it_is_needed() -> None:
    """Catches a library that is there only because another needs it, and one that would bring the builder's packages to a trainer."""
    providers = importlib.metadata.packages_distributions()
    extras = {"schemas": set[str](), "model": {"train"}, "synth": {"build", "readback"}}
    ours = LAYERS.keys() | sys.stdlib_module_names
    undeclared = {
        f"{module}: {name}"
        for module in MODULES
        for name in set(imported(module)) - ours
        if not {normal(provider) for provider in providers.get(name, [name])} & distributions(extras.get(module.parts[0], {"build"}))
    }
    assert not undeclared


def normal(distribution: str) -> str:
    """A distribution's name as PEP 503 normalises it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def test_every_package_is_a_regular_one() -> None:
    """Catches a folder without `__init__.py`: any installed package of that name would be imported in its place."""
    assert not {str(path.parent) for path in MODULES if not (ROOT / path.parent / "__init__.py").exists()}


def test_no_name_hides_one_of_the_standard_library() -> None:
    """Catches `schemas/types.py`, which breaks the standard library for whatever is started from its folder."""
    assert not {str(path) for path in MODULES if path.stem in sys.stdlib_module_names}
    assert not LAYERS.keys() & sys.stdlib_module_names


def test_no_loose_modules_at_the_root() -> None:
    """Catches `setup.py` and `utils.py`: importable from a checkout, missing from the wheel."""
    assert not list(ROOT.glob("*.py"))


def is_blanket(handler: ast.ExceptHandler) -> bool:
    """Whether a handler catches everything and keeps it; one that ends in a bare `raise` only tidies up."""
    last = handler.body[-1]
    if isinstance(last, ast.Raise) and last.exc is None:
        return False
    caught = [None] if handler.type is None else [node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)]
    return bool({None, "Exception", "BaseException"} & set(caught))


def test_one_blanket_except_at_most() -> None:
    """Catches errors swallowed anywhere but in `attempt`, where a failing sample becomes a quarantined row."""
    places = [
        str(module) for module in MODULES for node in ast.walk(parse(module)) if isinstance(node, ast.ExceptHandler) and is_blanket(node)
    ]
    assert places in ([], ["pipelines/quarantine.py"])


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_can_be_read(module: Path) -> None:
    """Catches a module without its opening paragraph, a file over 400 lines, a function over 80."""
    tree = parse(module)
    assert ast.get_docstring(tree), "no module docstring"
    assert len((ROOT / module).read_text(encoding="utf-8").splitlines()) <= MAX_LINES
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert not {node.name: size for node in functions if (size := (node.end_lineno or 0) - node.lineno + 1) > MAX_FUNCTION_LINES}


def files_of_a_clone() -> list[Path]:
    """What a commit of everything here would hold: tracked files and those git does not ignore."""
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("this copy of the project is no git checkout, or git is not installed, so what a clone would hold is not known")
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [Path(name) for name in listing.split("\0") if name and (ROOT / name).exists()]


KERNELS = tuple(Path(f"model/{name}_kernel.py") for name in ("loss", "optimizer", "rotate"))
IMPORT_ALL = """
import importlib, pathlib, sys
root = pathlib.Path(sys.argv[1])
for name in sys.argv[2:]:
    where = pathlib.Path(importlib.import_module(name).__file__)
    assert where.is_relative_to(root), f"{name} came from {where}"
"""


def test_a_copy_elsewhere_works_with_only_pythonpath(tmp_path: Path) -> None:
    """Catches a needed file that git ignores, a path into this checkout, and a module that imports only where the project is installed."""
    root, elsewhere = tmp_path / "copy", tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in files_of_a_clone():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes((ROOT / name).read_bytes())
    has_triton = importlib.util.find_spec("triton") is not None  # it comes with torch for CUDA only
    modules = [path for path in MODULES if has_triton or path not in KERNELS]
    names = [".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in modules]
    env = {"PYTHONPATH": str(root), "PATH": os.environ["PATH"], "HOME": str(elsewhere)}
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL, str(root), *names], cwd=elsewhere, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_wheel_holds_every_file_of_the_packages(tmp_path: Path) -> None:
    """Catches wording or recipes that work from a checkout and are missing once installed."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("assay_vl-*.whl")
    wanted = {path.as_posix() for path in files_of_a_clone() if path.parts[0] in PACKAGES}
    with zipfile.ZipFile(wheel) as archive:
        assert wanted <= set(archive.namelist())
        assert not {name for name in archive.namelist() if name.startswith(("tests/", "bench/"))}


def test_the_lock_agrees_with_the_project() -> None:
    """Catches a version raised in pyproject.toml without `make lock`, and torch in an environment that only builds data."""
    locked = dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    project = project_table()
    needs = [*project["dependencies"], *(need for extra in ("build", "dev") for need in project["optional-dependencies"][extra])]
    pins = {re.sub(r"\[.*\]", "", name): version for name, version in (need.split("==") for need in needs)}
    assert {name: locked.get(name) for name in pins} == pins
    assert not {"torch", "playwright", "paddlepaddle"} & locked.keys()
