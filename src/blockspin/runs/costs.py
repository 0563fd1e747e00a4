"""What tasks cost: seconds and bytes by kind, from the logs of runs on this computer.

A task's weight is a rough cost in seconds of one core; what a kind really took, over what its weights promised, is
measured whenever a task ends, and corrects the promise of the others. A kind's first task also compiles, which took
16 s where its weight said 1: a ratio therefore starts from that of all kinds (that from 1), with the weight `PRIOR`.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from blockspin.runs.store import read_log
from blockspin.runs.task import Task

PRIOR = 20.0  # seconds


class Kind(NamedTuple):
    """Sums over the finished tasks of a kind: how many, their weights, seconds and bytes."""

    n: int = 0
    weight: float = 0.0
    seconds: float = 0.0
    bytes: float = 0.0


class Costs:
    """Measured costs by kind of task; `seconds` and `bytes` say what a task is likely to take."""

    def __init__(self) -> None:
        self.kinds: dict[str, Kind] = {}

    def add(self, kind: str, weight: float, seconds: float, size: float) -> None:
        """A task of this kind ended."""
        old = self.kinds.get(kind, Kind())
        self.kinds[kind] = Kind(old.n + 1, old.weight + weight, old.seconds + seconds, old.bytes + size)

    @property
    def pace(self) -> float:
        """Seconds a unit of weight over all kinds; 1 where nothing is measured."""
        seconds = sum(kind.seconds for kind in self.kinds.values())
        return (seconds + PRIOR) / (sum(kind.weight for kind in self.kinds.values()) + PRIOR)

    def ratio(self, name: str) -> float:
        """Seconds a unit of weight of tasks of this kind."""
        kind = self.kinds.get(name, Kind())
        return (kind.seconds + PRIOR * self.pace) / (kind.weight + PRIOR)

    def seconds(self, task: Task) -> float:
        """Expected seconds of a task."""
        return task.weight * self.ratio(task.kind)

    def bytes(self, task: Task) -> float | None:
        """Expected size of a task's file; None where none of its kind is known."""
        kind = self.kinds.get(task.kind)
        return task.weight * kind.bytes / kind.weight if kind else None


def measured(folders: Iterable[Path]) -> Costs:
    """The costs that the logs of these runs' folders tell; a folder without a log tells none."""
    costs = Costs()
    for event in (event for folder in folders for event in read_log(folder)):
        match event:
            case {
                "event": "done",
                "kind": str(kind),
                "weight": float() | int() as weight,
                "seconds": float() | int() as seconds,
                "bytes": float() | int() as size,
            }:
                costs.add(kind, weight, seconds, size)
    return costs


def beside(folder: Path) -> list[Path]:
    """The folder and those next to it: where runs of this computer are likely to have left their logs."""
    try:
        return [folder, *sorted(path.parent for path in folder.parent.glob("*/settings.toml") if path.parent != folder)]
    except OSError:
        return [folder]
