"""A task: a function, its complete settings and the tasks it builds on, named by a key.

Equal keys mean equal results, so a stored result is never computed twice and never served to another task.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

Progress = Callable[[float, str], None]
"""Called by a running task with the fraction done, in [0, 1], and a few words."""

Function = Callable[[dict[str, Any], "list[Result]", Progress], "Result"]
"""Called with the task's settings and the results of its parents."""


@dataclass(frozen=True)
class Result:
    """What a task leaves: arrays by name, and JSON-able facts about them."""

    arrays: dict[str, np.ndarray[Any, Any]] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Task:
    """One step of an experiment; ``function(settings, parents' results, progress)`` returns its `Result`.

    function: what another process can unpickle: a function at the top of a module, or a call of one by name
    (`experiments.task.Call`).
    kind: what it does, such as "train"; version: raised when the meaning of the kind changes.
    settings: JSON-able and complete, the seed included; kept as JSON reads them back, so tuples become lists.
    label: for people. weight: rough cost relative to the other tasks, for the progress bar.
    Neither label, weight nor function is part of the key. Two tasks are equal where their keys are.

    Raises ValueError where the settings are not JSON, the weight is not positive, or the function cannot be
    imported by name (a lambda, a local function), since another process may have to run it.
    """

    kind: str
    label: str
    function: Function
    settings: dict[str, Any]
    version: int = 1
    parents: tuple[Task, ...] = ()
    weight: float = 1.0

    def __post_init__(self) -> None:
        name = getattr(self.function, "__qualname__", type(self.function).__qualname__)
        if not name.replace(".", "_").isidentifier():
            raise ValueError(f"the function of task {self.label!r} must be defined at the top of a module; got {name}")
        if not self.weight > 0:
            raise ValueError(f"the weight of task {self.label!r} must be positive; got {self.weight}")
        if not isinstance(self.settings, dict):
            raise ValueError(f"the settings of task {self.label!r} must be a dict; got {type(self.settings).__name__}")
        try:
            frozen = json.loads(canonical(self.settings))
        except (TypeError, ValueError) as error:
            raise ValueError(f"the settings of task {self.label!r} must be JSON, without nan: {error}") from error
        object.__setattr__(self, "settings", frozen)
        object.__setattr__(self, "parents", tuple(self.parents))
        self.key  # noqa: B018  computed here, parents first, so that a long chain needs no deep recursion

    @property
    def identity(self) -> dict[str, Any]:
        """What the key is the hash of: kind, version, settings and the parents' keys, in order."""
        parents = [parent.key for parent in self.parents]
        return {"kind": self.kind, "version": self.version, "settings": self.settings, "parents": parents}

    @cached_property
    def key(self) -> str:
        """The first 24 hex digits of the SHA-256 of the identity as canonical JSON."""
        return hashlib.sha256(canonical(self.identity).encode()).hexdigest()[:24]

    def alone(self) -> Task:
        """The same task, key included, whose parents have lost theirs: short to send to another process."""
        light = copy.copy(self)
        object.__setattr__(light, "parents", tuple(copy.copy(parent) for parent in self.parents))
        for parent in light.parents:
            object.__setattr__(parent, "parents", ())
        return light

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Task) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return f"{self.label} ({self.kind} {self.key[:8]})"


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces, in ASCII: one text for one value. Raises for what JSON cannot hold."""
    _check_names(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def ordered(tasks: Iterable[Task]) -> list[Task]:
    """The tasks and all that they build on, each once, parents before children, otherwise in the order given."""
    found: dict[str, Task] = {}
    # a stack of our own: a long chain of checkpoints would exhaust Python's
    stack = [(task, False) for task in reversed(list(tasks))]
    while stack:
        task, ready = stack.pop()
        if task.key in found:
            continue
        if ready:
            found[task.key] = task
        else:
            stack.append((task, True))
            stack.extend((parent, False) for parent in reversed(task.parents))
    return list(found.values())


def _check_names(value: Any) -> None:
    # json.dumps would turn the key 1 into "1" and silently merge the two
    if isinstance(value, dict):
        for name, entry in value.items():
            if not isinstance(name, str):
                raise TypeError(f"names in JSON are strings; got {name!r}")
            _check_names(entry)
    elif isinstance(value, (list, tuple)):
        for entry in value:
            _check_names(entry)
