"""Whether the tests see faults: each mutant of `mutants.py` in a copy of the source, under the test that must fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mutants import MUTANTS, Mutant

TESTS = Path(__file__).parent
SOURCE = TESTS.parent / "src" / "blockspin"
FAILED = 1  # what pytest ends with where tests ran and failed; a process that crashes ends below 0


def test_every_mutant_is_of_today() -> None:
    for one in MUTANTS:
        assert (SOURCE / one.file).read_text().count(one.before) == 1, one
        assert (TESTS / one.test.partition("::")[0]).is_file(), one
    assert len({one.wrong for one in MUTANTS}) == len(MUTANTS)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.wrong)
def test_a_test_fails_for_the_mutant(mutant: Mutant, tmp_path: Path) -> None:
    copy = tmp_path / "src" / "blockspin"
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    file = copy / mutant.file
    file.write_text(file.read_text().replace(mutant.before, mutant.after))
    # a cache of its own: numba would not see a change in a function that another file compiles in
    env = os.environ | {"PYTHONPATH": str(copy.parent), "NUMBA_CACHE_DIR": str(tmp_path / "numba")}
    command = [sys.executable, "-P", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]  # slow tests too
    done = subprocess.run([*command, TESTS / mutant.test], cwd=TESTS.parent, env=env, capture_output=True, text=True)
    assert done.returncode == FAILED or done.returncode < 0, done.stdout[-2000:]
