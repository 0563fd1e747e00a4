"""The page of the made-up experiment of test_damaged_runs.py."""

from typing import Any

from blockspin.experiments.core import Run
from blockspin.experiments.results import read_results


def numbers(run: Run) -> Any:
    return read_results(run.store.folder)["numbers"].values
