"""The page on information is run: exact sums print what it says to the last digit, sampled parts run through."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "information.md"
BLOCKS = re.findall(r"```python( sampled)?\n(.*?)```\n```text\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)


def test_the_page_prints_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    assert len(BLOCKS) == 4
    for sampled, code, printed in BLOCKS:
        exec(code, names)
        found = capsys.readouterr().out
        if not sampled:
            assert found == printed
        else:  # digits move with the sampler's version; what there is to print does not
            assert words(found) == words(printed)


def words(text: str) -> list[str]:
    """Numbers as #, words and brackets; numpy's padding moves with the digits."""
    return re.findall(r"[A-Za-z]+|#|[\[\]]", re.sub(r"[-\d.()]+", "#", text))
