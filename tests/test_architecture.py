"""The house: who may import whom, and which third parties live where."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "blockspin"

MAY_IMPORT = {
    "checks": "",
    "lattice": "",
    "statistics": "",
    "randomness": "",
    "images": "randomness",
    "models": "lattice",
    "samples": "lattice",
    "reweighting": "models samples statistics",
    "exact": "models lattice",
    "sampling": "models samples randomness lattice statistics",
    "coarse": "lattice randomness statistics",
    "rg": "samples lattice statistics models sampling",
    "mapping": "exact models coarse lattice",
    "judging": "rg exact models coarse samples lattice statistics randomness",
    "runs": "samples randomness",
    "report": "statistics",
    "experiments": "lattice statistics randomness models samples exact sampling coarse rg mapping judging runs report "
    "images",
    "choices": "coarse lattice models samples",
    "cli": "choices experiments runs report judging samples models coarse lattice",
}
ONLY_IN = {
    "numba": {"sampling", "exact"},
    "jax": {"coarse"},
    "matplotlib": {"report"},
    "jinja2": {"report"},
    "typer": {"cli"},
    "dask": {"runs"},
    "PIL": {"images"},
    "mlxtend": {"images"},
    "distributed": {"runs"},
    "dask_jobqueue": {"runs"},
}
MODULES = sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative imports hide where a thing comes from"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_follow_the_table(path: Path) -> None:
    here = room(path)
    if here in ("__init__", "__main__"):
        return  # the public names come from everywhere
    allowed = {here, "checks", *MAY_IMPORT[here].split()}  # what arguments must be, every room may say
    for name in imported(path):
        parts = name.split(".")
        if parts[0] == "blockspin" and len(parts) > 1 and parts[1] != "__version__":
            assert parts[1] in allowed, f"{here} may import {sorted(allowed)}; it imports {name}"
        if parts[0] in ONLY_IN:
            assert here in ONLY_IN[parts[0]], f"{parts[0]} lives in {ONLY_IN[parts[0]]} only; {here} imports it"


def test_the_table_has_no_cycles() -> None:
    order: list[str] = []
    waiting = {name: set(others.split()) for name, others in MAY_IMPORT.items()}
    while waiting:
        free = [name for name, others in waiting.items() if others <= set(order)]
        assert free, f"a cycle among {sorted(waiting)}"
        order += free
        for name in free:
            del waiting[name]


def test_every_room_is_in_the_table() -> None:
    rooms = {room(path) for path in MODULES} - {"__init__", "__main__"}
    assert rooms <= set(MAY_IMPORT)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_pickle_is_ever_loaded(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\b(import pickle|joblib\.load|allow_pickle=True)", text)
    for call in re.finditer(r"np\.load\([^)]*\)", text):
        assert "allow_pickle=False" in call.group()


STRAY = re.compile(r'"\s*\n\s*[frb]?"')  # what a wrapper of lines makes of a sentence that it takes for two strings


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_docstring_is_cut_by_quotes(path: Path) -> None:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, kinds):
            assert not STRAY.search(ast.get_docstring(node, clean=False) or ""), getattr(node, "name", path.name)


def test_every_package_that_is_imported_is_declared() -> None:
    project = tomllib.loads((PACKAGE.parents[1] / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    declared = {re.split(r"[<>=~!;\[ ]", one)[0] for one in asked}
    of_another_name = {"sklearn": "scikit-learn", "PIL": "pillow"}
    brought = {"markupsafe": "jinja2", "dask": "distributed", "llvmlite": "numba"}  # by another package
    optional = {"mlxtend"}  # asked for with a sentence where it is missing
    for path in MODULES:
        for name in imported(path):
            top = name.split(".")[0]
            if top in sys.stdlib_module_names or top == "blockspin" or top in optional:
                continue
            given = brought.get(top, of_another_name.get(top, top)).replace("_", "-")
            assert given in declared, f"{path.name} imports {top}, which pyproject.toml does not declare"
