"""The house: who may import whom, and which third parties live where."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "blockspin"

MAY_IMPORT = {
    "checks": "",
    "arrays": "",
    "blas": "",
    "memory": "",
    "progress": "",
    "lattice": "memory",
    "files": "",
    "statistics": "",
    "randomness": "",
    "locks": "",
    "extras": "",
    "alphabet": "memory",
    "models": "alphabet lattice report statistics",
    "seals": "files",
    "sample_files": "alphabet lattice files seals",
    "samples": "alphabet lattice files memory sample_files",
    "own_data": "alphabet lattice files memory samples statistics",
    "exact": "alphabet models lattice",
    "sampling": "models samples randomness lattice statistics files locks memory progress",
    "coarse": "alphabet lattice files randomness statistics memory progress",
    "rg": "alphabet coarse memory samples lattice statistics models report",
    "boltzmann_map": "alphabet exact models coarse lattice randomness",
    "judging": "alphabet blas memory rg exact models coarse samples lattice statistics randomness files "
    "progress report",
    "runs": "blas samples randomness files seals locks extras progress",
    "report": "statistics",
    "experiments": "lattice statistics randomness models samples exact sampling coarse rg boltzmann_map judging runs "
    "report extras files seals locks memory progress",
    "rules": "coarse",
    "cli": "experiments runs report judging samples models own_data coarse lattice files sampling",
}
ONLY_IN = {
    "numba": {"sampling", "exact"},
    "jax": {"coarse", "rg", "sampling"},
    "matplotlib": {"report"},
    "pandas": {"report"},
    "jinja2": {"report"},
    "typer": {"cli"},
    "dask": {"runs"},
    "PIL": {"experiments", "report"},
    "mlxtend": {"experiments"},
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
    allowed = {here, "checks", "arrays", *MAY_IMPORT[here].split()}  # what arguments are, every room may say
    for name in imported(path):
        parts = name.split(".")
        if parts[0] == "blockspin" and len(parts) > 1 and parts[1] != "__version__":
            assert parts[1] in allowed, f"{here} may import {sorted(allowed)}; it imports {name}"
        if parts[0] in ONLY_IN:
            assert here in ONLY_IN[parts[0]], f"{parts[0]} lives in {ONLY_IN[parts[0]]} only; {here} imports it"


def name_of(path: Path) -> str:
    """The name one imports a module by."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(path): path for path in MODULES}


def uses(path: Path) -> set[str]:
    """Modules of the package that one imports, inside functions too."""
    return {name if name in NAMES else name.rpartition(".")[0] for name in imported(path)} & set(NAMES)


def reached(start: Iterable[str], graph: Mapping[str, set[str]]) -> set[str]:
    """All that one comes to from these modules."""
    waiting, found = list(start), set()
    while waiting:
        for name in graph[waiting.pop()] - found:
            found.add(name)
            waiting.append(name)
    return found


def test_no_module_imports_itself_by_way_of_others() -> None:
    # a package gathers what lies in it, so its own file is no module here
    graph = {name: uses(path) for name, path in NAMES.items() if path.name != "__init__.py"}
    graph = {name: others & set(graph) for name, others in graph.items()}
    after = {name: reached([name], graph) for name in graph}
    circles = {
        " ".join(sorted(one.removeprefix("blockspin.") for one in after[name] if name in after[one]))
        for name in graph
        if name in after[name]
    }
    assert not circles


def test_no_experiment_imports_another() -> None:
    def experiment(name: str) -> str:
        first = name.removeprefix("blockspin.experiments.").split(".")[0]
        return first if (PACKAGE / "experiments" / first).is_dir() else ""

    pairs = {(name, other) for name, path in NAMES.items() if experiment(name) for other in uses(path)}
    found = {pair for pair in pairs if experiment(pair[1]) not in ("", experiment(pair[0]))}
    assert not found


CALLED_BY_USERS = {  # of their own samples, as docs/explanation/renormalization.md shows
    "blockspin.rg.matching",
}


def test_every_module_is_reached_by_a_public_name_or_a_command() -> None:
    # a module that only tests reach is an oracle and belongs into tests/oracles;
    # some are named as "module:function", a page as "module", and a package's own file is run before what lies in it
    graph = {
        name: uses(path)
        | ({name.rpartition(".")[0], *re.findall(r"\b(blockspin[\w.]+)[:\"]", path.read_text())} & set(NAMES))
        for name, path in NAMES.items()
    }
    start = {"blockspin", "blockspin.__main__"}
    assert set(NAMES) - reached(start, graph) - start == CALLED_BY_USERS


AIM = 2_500  # lines a room, a folder without its subfolders: what one reads in an hour
MOST = 37_945  # in all, with the words, templates and scripts of pages


def test_rooms_stay_small() -> None:
    files = [path for path in PACKAGE.rglob("*") if path.suffix in (".py", ".md", ".html", ".css", ".js")]
    lines: Counter[str] = Counter()
    for path in files:
        lines[path.parent.relative_to(PACKAGE).as_posix().removeprefix(".")] += len(path.read_text().splitlines())
    print(*(f"{name:30} {n}" for name, n in sorted(lines.items())), f"{'all':30} {lines.total()}", sep="\n")
    assert not {name: n for name, n in lines.items() if n > AIM}
    assert lines.total() <= MOST


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


SENTENCES = {"why", "why_", "why_t", "why_h", "words", "message"}
READS = {"startswith", "endswith", "find", "index", "count", "partition", "split", "removeprefix", "removesuffix"}
READS |= {"match", "search", "fullmatch", "findall"}


def mentions_a_sentence(node: ast.AST) -> bool:
    """Whether an expression is made of a sentence for readers: why, row.why, row["why"]."""
    names = [
        getattr(one, "id", None) or getattr(one, "attr", None) or getattr(one, "value", None) for one in ast.walk(node)
    ]
    return any(isinstance(name, str) and name in SENTENCES for name in names)


def reads_a_sentence(tree: ast.AST) -> list[int]:
    """Lines that look into a sentence: a method of str or of re on one, `in` one, or one compared with words."""
    lines = []
    for node in ast.walk(tree):
        looked_at: list[ast.AST] = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in READS:
            looked_at = [node.func.value, *node.args]
        elif isinstance(node, ast.Compare):
            for op, one in zip(node.ops, node.comparators, strict=True):
                if isinstance(op, ast.In | ast.NotIn) and not isinstance(one, ast.Tuple | ast.List | ast.Set):
                    looked_at.append(one)
                elif isinstance(op, ast.Eq | ast.NotEq) and isinstance(one, ast.Constant) and one.value:
                    looked_at.append(node.left)
        lines += [node.lineno for one in looked_at if mentions_a_sentence(one)]
    return lines


def test_what_reads_a_sentence_is_seen() -> None:
    for code in (
        "row.why.startswith('not defined')", "'no places' in why", "row['why'].partition(':')", "why == 'no null'",
        "'few' not in card['why'].lower()", "re.match('not', row.why)",
    ):  # fmt: skip
        assert reads_a_sentence(ast.parse(code)), code
    for code in ("row.code == 'forced'", "if why: pass", "row.why + why", "'why' in row", "name.startswith('l1')"):
        assert not reads_a_sentence(ast.parse(code)), code


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_decides_by_a_sentence(path: Path) -> None:
    if path.relative_to(PACKAGE) == Path("judging/files.py"):
        return  # schema 1 of scorecards.json had nothing else
    assert reads_a_sentence(ast.parse(path.read_text())) == []


def test_the_judge_reads_no_beginnings() -> None:
    for path in (PACKAGE / "judging").rglob("*.py"):
        found = re.findall(r"(\w+)\.(?:startswith|endswith)\(", path.read_text())
        # names of parameters, and of what fit sets, are scikit-learn's convention
        assert (
            set(found) <= ({"name"} if path.name in ("nulls.py", "judge.py", "trainings.py") else set())
            or path.name == "files.py"
        ), path.name


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
    brought = {
        "markupsafe": "jinja2",
        "dask": "distributed",
        "llvmlite": "numba",
        "pandas": "xarray",
    }  # by another package
    optional = {"mlxtend"}  # asked for with a sentence where it is missing
    for path in MODULES:
        for name in imported(path):
            top = name.split(".")[0]
            if top in sys.stdlib_module_names or top == "blockspin" or top in optional:
                continue
            given = brought.get(top, of_another_name.get(top, top)).replace("_", "-")
            assert given in declared, f"{path.name} imports {top}, which pyproject.toml does not declare"


SENTENCE = re.compile(r"(?:\b[a-z]+,? ){4}[a-z]+\b")  # five plain words


@pytest.mark.parametrize("path", sorted(Path(__file__).parent.rglob("*.py")), ids=lambda path: path.name)
def test_tests_match_names_and_values_not_sentences(path: Path) -> None:
    matched = [node.value for node in ast.walk(ast.parse(path.read_text()))
               if isinstance(node, ast.keyword) and node.arg == "match"]  # fmt: skip
    for one in matched:
        text = "".join(str(part.value) for part in ast.walk(one) if isinstance(part, ast.Constant))
        assert not SENTENCE.search(text), f"{path.name}:{one.lineno}: wordings change; match names, values, codes"
