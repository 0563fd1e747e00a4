"""One tiny run of each experiment, made once for all tests and all workers."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny import TINY

from blockspin import locks
from blockspin.experiments import find
from blockspin.experiments.core import Run
from blockspin.experiments.run import prepare, run
from blockspin.runs.store import Store


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of an experiment's finished tiny run, not to be written to."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "tiny"
    shared.mkdir(exist_ok=True)

    def folder(name: str) -> Path:
        while (claim := locks.claim(shared / f"{name}.lock")) is None:
            time.sleep(0.2)  # another worker makes it
        try:
            if not (shared / f"{name}.done").exists():
                run(prepare(find(name), overrides=TINY[name], seed=1), shared / name)
                (shared / f"{name}.done").touch()
        finally:
            claim.release()
        return shared / name

    return folder


@pytest.fixture(scope="session")
def tiny_run(tiny_folder: Callable[[str], Path]) -> Callable[[str], Run]:
    """An experiment's finished tiny run."""

    def finished(name: str) -> Run:
        planned = prepare(find(name), overrides=TINY[name], seed=1)
        return Run(planned.experiment, planned.settings, 1, Store(tiny_folder(name)))

    return finished
