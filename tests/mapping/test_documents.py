"""The teaching: the notebook runs, and every function that the explanation names exists."""

from __future__ import annotations

import operator
import re
import runpy
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "explanation" / "mapping.md").read_text()


def test_the_notebook_runs(capsys: pytest.CaptureFixture[str]) -> None:
    notebook = ROOT / "docs" / "notebooks" / "mapping.py"
    runpy.run_path(str(notebook), run_name="__main__")
    assert "decimation gives K' = 0.216890" in capsys.readouterr().out
    assert notebook.read_text().count("# %%") > 10


def test_every_name_exists() -> None:
    names = set(re.findall(r"`(blockspin(?:\.\w+)+)`", TEXT))
    assert len(names) > 30
    import_module("blockspin.exact.enumeration")
    import_module("blockspin.mapping")
    package = import_module("blockspin")
    for name in sorted(names):
        assert operator.attrgetter(name.removeprefix("blockspin."))(package) is not None, name


def test_every_formula_is_followed_by_a_function() -> None:
    for formula in re.findall(r"\n\$\$(.*?)\$\$\n(.*?)\n\n", TEXT, flags=re.DOTALL):
        near = TEXT[TEXT.index(formula[0]) :][: len(formula[0]) + 900]
        assert "`blockspin." in near, formula[0]
