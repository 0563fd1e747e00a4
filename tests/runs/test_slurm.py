"""A sweep through real SLURM jobs: past their time limit and a cancelled job, to the numbers of an undisturbed run."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import slurm_node
import toy_tasks as toy

from blockspin.runs.execute import execute
from blockspin.runs.store import Store

HERE = Path(__file__).parent
SCRIPT = """
import sys
sys.path.insert(0, {here!r})
import toy_tasks as toy
from blockspin.runs.display import Shown
from blockspin.runs.execute import execute
from blockspin.runs.store import Store

if __name__ == "__main__":
    tasks = toy.graph(8, steps=25, pause=1.0)
    with Shown() as display:
        execute(tasks, Store(sys.argv[1]), workers=2, cluster=sys.argv[2], progress=display)
"""
JOBS = """
jobqueue:
  slurm:
    cores: 1
    memory: 700MB
    walltime: "00:01:00"
    interface: lo
    log-directory: {folder}/logs
    local-directory: {folder}/local
"""


@pytest.fixture
def slurm():
    pytest.importorskip("dask_jobqueue", reason="the extra `cluster` is not installed")
    if why := slurm_node.missing():
        pytest.skip(why)
    with tempfile.TemporaryDirectory() as folder:
        try:
            running = slurm_node.Slurm(Path(folder))
        except RuntimeError as error:
            pytest.skip(f"SLURM does not start here: {error}")
        yield running
        running.stop()


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "tasks").glob("*.npz"))}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_sweep_outlives_time_limits_and_a_cancelled_job(tmp_path, slurm, monkeypatch):
    # 200 s of tasks on two jobs of 60 s each (SLURM may let them live half a minute longer), of which one is cancelled
    # at once: at least four jobs are needed
    folder = tmp_path / "run"
    (tmp_path / "run.py").write_text(SCRIPT.format(here=str(HERE)))
    (tmp_path / "slurm.yaml").write_text(JOBS.format(folder=tmp_path))
    environment = {**slurm.environment, "PYTHONPATH": os.pathsep.join([str(HERE), *filter(None, sys.path)])}
    command = [sys.executable, str(tmp_path / "run.py"), str(folder), str(tmp_path / "slurm.yaml")]
    client = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    seen: set[str] = set()
    cancelled = None
    deadline = time.monotonic() + 800
    while client.poll() is None and time.monotonic() < deadline:
        running = slurm.jobs()
        seen.update(running)
        begun = list((folder / "tasks").glob(".words-*"))
        if cancelled is None and running and begun:
            cancelled = running[0]
            slurm.call("scancel", "--full", cancelled)
        time.sleep(1)
    assert client.poll() is not None, "the run has not ended"
    _, told = client.communicate()
    assert client.returncode == 0, told
    assert cancelled is not None
    assert len(seen) >= 4, (seen, told)
    assert slurm.jobs("R,PD") == []
    monkeypatch.setattr(toy.time, "sleep", lambda seconds: None)
    execute(toy.graph(8, steps=25, pause=1.0), Store(tmp_path / "undisturbed"))
    assert files(folder) == files(tmp_path / "undisturbed")
    for log in (tmp_path / "logs").glob("*.err"):
        if "DUE TO TIME LIMIT" in log.read_text():
            break
    else:
        pytest.fail("no job reached its time limit")
