"""What tasks cost: seconds and bytes by kind, from the logs of runs on this machine.

A task's weight is a rough cost in seconds of one core; what a kind really took, over what its weights promised, is
measured whenever a task ends, and corrects the promise of the others. A kind's first task also compiles, which took
16 s where its weight said 1: a ratio therefore starts from that of all kinds (that from 1), with the weight `PRIOR`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from blockspin.runs.task import Task

PRIOR = 20.0  # seconds


@dataclass
class Kind:
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
        known = self.kinds.setdefault(kind, Kind())
        known.n += 1
        known.weight += weight
        known.seconds += seconds
        known.bytes += size

    @property
    def pace(self) -> float:
        """Seconds a unit of weight over all kinds; 1 where nothing is measured."""
        seconds = sum(kind.seconds for kind in self.kinds.values())
        return (seconds + PRIOR) / (sum(kind.weight for kind in self.kinds.values()) + PRIOR)

    def seconds(self, task: Task) -> float:
        """Expected seconds of a task."""
        return task.weight * self.ratio(task.kind)

    def ratio(self, name: str) -> float:
        """Seconds a unit of weight of tasks of this kind."""
        kind = self.kinds.get(name, Kind())
        return (kind.seconds + PRIOR * self.pace) / (kind.weight + PRIOR)

    def bytes(self, task: Task) -> float | None:
        """Expected size of a task's file; None where none of its kind is known."""
        kind = self.kinds.get(task.kind)
        return task.weight * kind.bytes / kind.weight if kind else None

    def known(self, tasks: Iterable[Task]) -> float:
        """The share of the tasks' weight whose kind is measured."""
        weights = [(task.weight, task.kind in self.kinds) for task in tasks]
        total = sum(weight for weight, _ in weights)
        return sum(weight for weight, measured in weights if measured) / total if total else 1.0


def measured(folders: Iterable[Path]) -> Costs:
    """The costs that the logs of these runs' folders tell; a folder without a log tells none."""
    costs = Costs()
    for folder in folders:
        try:
            lines = (folder / "log.jsonl").read_text(errors="replace").splitlines()
        except OSError:
            continue
        for line in lines:
            if '"done"' not in line:
                continue
            try:
                event = json.loads(line)
                costs.add(event["kind"], event["weight"], event["seconds"], event["bytes"])
            except (ValueError, KeyError, TypeError):
                continue
    return costs


def beside(folder: Path) -> list[Path]:
    """The folder and those next to it: where runs of this machine are likely to have left their logs."""
    try:
        return [folder, *sorted(path.parent for path in folder.parent.glob("*/settings.toml") if path.parent != folder)]
    except OSError:
        return [folder]
