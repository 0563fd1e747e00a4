"""The page on renormalization is run: closed forms print what it says to the last digit, sampled parts run
through (those marked long in `docs/write.py` alone)."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "renormalization.md"
BLOCKS = re.findall(r"```python( sampled| long)?\n(.*?)```\n```text\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize("number", [n for n, (sampled, _, _) in enumerate(BLOCKS) if not sampled])
def test_closed_forms_print_what_the_page_says(number: int) -> None:
    _, code, printed = BLOCKS[number]
    assert run(code) == printed


@pytest.mark.slow
def test_sampled_blocks_run_one_after_the_other() -> None:
    code = "".join(code for sampled, code, _ in BLOCKS if sampled == " sampled")
    printed = "".join(text for sampled, _, text in BLOCKS if sampled == " sampled")
    # digits move with the sampler's version; what there is to print does not
    found, expected = (re.sub(r"[-\d.()]+", "#", re.sub(r"[][]", " ", text)).split() for text in (run(code), printed))
    assert found == expected
