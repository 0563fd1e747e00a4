"""The house: who may import whom, and which third parties live where."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "blockspin"

MAY_IMPORT = {
    "lattice": "",
    "statistics": "",
    "randomness": "",
    "images": "randomness",
    "memory": "",
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
    "images memory",
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
    allowed = {here, *MAY_IMPORT[here].split()}
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
