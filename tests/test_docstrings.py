"""The reference lists every public name, and docstrings of public names are numpydoc with examples that run."""

from __future__ import annotations

import doctest
import inspect
import re
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import numpy as np
import pytest

import blockspin as bs
from blockspin.judging import Scorecard

REFERENCE = Path(__file__).parents[1] / "docs" / "reference" / "index.md"
LISTED = re.findall(r"^   ((?:rg\.|rules\.|judging\.|\b)[\w.]+)$", REFERENCE.read_text(), flags=re.MULTILINE)
PUBLIC = {
    *(name for name in bs.__all__ if name not in ("rg", "rules", "__version__")),
    *(f"{room}.{name}" for room in ("rg", "rules") for name in getattr(bs, room).__all__),
}
ONE_OF_SEVERAL = {"rg.mcrg.Spectrum", "rg.trajectories.Trajectory"}  # shown by what holds several
ENTRY = re.compile(r"(\*{0,2}\w+(?:, \*{0,2}\w+)*)(?: : |$)")


def parameters(text: str) -> set[str]:
    """The names in the section "Parameters" of a docstring; none where there is no such section."""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[\w ]*\n-+$|\Z)", text, flags=re.DOTALL | re.MULTILINE)
    lines = section[1].splitlines() if section else []
    entries = [ENTRY.match(line) for line in lines if line.strip() and not line.startswith(" ")]
    assert None not in entries, text
    return {name.lstrip("*") for entry in entries if entry for name in entry[1].split(", ")}


def test_the_reference_lists_the_public_names() -> None:
    assert set(LISTED) >= PUBLIC
    assert all(inspect.getdoc(resolve_name(f"blockspin.{name}")) for name in LISTED)


@pytest.mark.parametrize("name", LISTED)
def test_parameters_are_those_of_the_signature(name: str) -> None:
    one = resolve_name(f"blockspin.{name}")
    text = inspect.getdoc(one) or ""
    own = set(inspect.signature(one).parameters) if callable(one) and not is_a_result(one) else set()
    assert parameters(text) == own


def is_a_result(one: Any) -> bool:
    """Whether users only receive these objects and do not make them: their docstrings have attributes."""
    return inspect.isclass(one) and (issubclass(one, dict | tuple) or hasattr(one, "to_dict") or one is bs.PairModel)


@pytest.mark.parametrize("name", [*LISTED, "RBM.fit_many"])
def test_examples_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    finder = doctest.DocTestFinder(recurse=False)
    given = finder.find(resolve_name(f"blockspin.{name}"), name, globs={"bs": bs, "np": np})
    examples = [one for one in given if one.examples]
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    for one in examples:
        runner.run(one)
    assert examples or name in ONE_OF_SEVERAL
    assert runner.summarize(verbose=False).failed == 0


def test_names_of_parameters_are_found() -> None:
    text = "A line.\n\nParameters\n---\na, b : int\n    Two.\n**more : any\n    More.\n\nReturns\n---\nc : int\n"
    assert parameters(text) == {"a", "b", "more"}
    assert parameters("a : int") == set()
    assert is_a_result(Scorecard)
