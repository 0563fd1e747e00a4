"""Tasks have one thread of BLAS and their share of the cores, unless the user's own variables say otherwise.

Tried on purpose, each fails a test below: a limit that only numpy's BLAS obeys; variables of the user that are written
over; a limit that outlasts its block; workers with a share of the cores for BLAS, too.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from blockspin import blas
from blockspin.runs import devices
from blockspin.runs.execute import execute
from blockspin.runs.store import Store
from blockspin.runs.task import Result, Task
from blockspin.runs.work import POOLS, THREAD_VARIABLES, cores, thread_variables


def variables(settings, parents, progress):
    return Result(meta={name: os.environ[name] for name in THREAD_VARIABLES if name in os.environ})


def libraries(settings, parents, progress):
    return Result(meta={"threads": in_use()})


def in_use() -> list[int]:
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in THREAD_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize("said", [{}, {"OMP_NUM_THREADS": "3"}, {"NUMBA_NUM_THREADS": "1"}])
def test_workers_have_their_share_and_one_thread_of_blas(tmp_path, silent, said):
    for name, value in said.items():
        silent.setenv(name, value)
    tasks = [Task("variables", str(i), variables, {"i": i}) for i in range(2)]
    execute(tasks, Store(tmp_path), workers=2)
    one = {} if "OMP_NUM_THREADS" in said else dict.fromkeys(blas.VARIABLES, "1")
    assert Store(tmp_path).load(tasks[0]).meta == one | dict.fromkeys(POOLS, str(max(1, cores() // 2))) | said
    assert {name: os.environ[name] for name in THREAD_VARIABLES if name in os.environ} == said


def test_a_worker_of_many_cores_has_one_thread_of_blas():
    shared = devices.SHARED
    assert thread_variables(8, {}) == dict.fromkeys(blas.VARIABLES, "1") | dict.fromkeys(POOLS, "8") | shared
    said = {"MKL_NUM_THREADS": "5", "NPROC": "2"}
    assert thread_variables(8, said) == dict.fromkeys(POOLS[:2], "8") | shared
    assert thread_variables(8, said | dict.fromkeys(shared, "true")) == dict.fromkeys(POOLS[:2], "8")


@pytest.mark.parametrize(("said", "threads"), [("", 1), ("3", 2)])
def test_a_task_in_this_process_has_one_thread_of_blas(tmp_path, silent, said, threads):
    if said:
        silent.setenv("OPENBLAS_NUM_THREADS", said)
    with threadpool_limits(2, user_api="blas"):  # what this process came with
        task = Task("libraries", "libraries", libraries, {})
        execute([task], Store(tmp_path))
        assert set(Store(tmp_path).load(task).meta["threads"]) == {threads}
        assert set(in_use()) == {2}


def test_a_library_that_is_not_yet_loaded_has_one_thread_too(silent):
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\nimport numpy\nfrom blockspin import blas\n"
        "with blas.one_thread():\n    import scipy.linalg, test_threads; print(*test_threads.in_use())"
    )
    said = subprocess.run(
        [sys.executable, "-c", program, str(Path(__file__).parent)], check=True, capture_output=True, text=True
    ).stdout
    assert set(said.split()) == {"1"}
