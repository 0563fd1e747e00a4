"""What a command imports: a list or a forecast takes a second of the processor, not that of all packages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from blockspin.experiments import EXPERIMENTS, find
from blockspin.experiments.plan import prepare
from blockspin.experiments.task import function
from blockspin.runs import settings
from blockspin.runs.task import ordered

HEAVY = {"jax", "numba", "matplotlib", "sklearn", "scipy", "pandas", "xarray"}
SCRIPT = """
import sys
from blockspin.cli import app
app(sys.argv[1:], standalone_mode=False)
print(*{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""


def imported(*words: str | Path) -> set[str]:
    done = subprocess.run([sys.executable, "-c", SCRIPT, *map(str, words)], capture_output=True, text=True, check=True)
    assert done.stdout
    return set(done.stderr.split())


def test_list_imports_nothing_heavy() -> None:
    assert not HEAVY & imported("list")


def test_runs_are_listed_without_what_runs_them(tmp_path: Path) -> None:
    for name in EXPERIMENTS:
        (tmp_path / name).mkdir()
        settings.write(tmp_path / name, prepare(find(name)).document)
    assert not HEAVY & imported("runs", "list", tmp_path)


@pytest.mark.parametrize(("name", "sweep"), [("mehta-schwab", "seeds=2"), ("locality-map", "l1=0.01,0.1")])
def test_a_forecast_imports_nothing_heavy(tmp_path: Path, name: str, sweep: str) -> None:
    assert not HEAVY & imported("run", name, "--dry-run", "--out", tmp_path / "run", "--sweep", sweep)


def test_every_task_names_a_function_that_is_there() -> None:
    tasks = {task.function.function: task for name in EXPERIMENTS for task in ordered(prepare(find(name)).tasks)}
    assert len(tasks) > 20
    for name in tasks:
        assert function(name).name == name


WORKER = """
import sys
from blockspin.experiments import find
from blockspin.experiments.plan import prepare
(task,) = [one for one in prepare(find("exact-mapping")).tasks if one.kind == "detuned"]
assert task.function(task.settings, [], lambda fraction, words: None).arrays
print(*{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""


def test_a_worker_draws_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", WORKER], capture_output=True, text=True, check=True)
    assert {"numpy", "sklearn"} <= set(done.stderr.split())
    assert not {"matplotlib", "jinja2"} & set(done.stderr.split())
