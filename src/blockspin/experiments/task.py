"""A task of an experiment is a function call: `@task` makes the call of a typed function a `Task`."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from blockspin.experiments.stored import decode, encode
from blockspin.experiments.tree import Tree, leaves, mapped
from blockspin.runs.task import Progress, Result, Task, ordered

Weight = float | Callable[..., float]
_adapter = functools.cache(TypeAdapter)


def task(
    *, label: str | Callable[..., str], kind: str = "", version: int = 1, weight: Weight = 1.0
) -> Callable[[Callable[..., Any]], Function]:
    """Make a function's call a `Task`: what is positional-only are parents, all others are its settings.

    A parent is a task, a list or a mapping of tasks, or None; the function gets their results in the same order, each
    of the type that its own function returns: `Samples`, a `Stored`, or a `Result`. Settings are JSON or pydantic
    models, read by their annotations; one that is not given is not in the task's key, so a default must mean "not
    used". A keyword ``progress`` is the task's `Progress`, and no setting.

    kind (the function's name unless given) and version are in the key, the function is not: raise the version where a
    stream, a setting's meaning or the result changes. label, weight: a text to format and rough seconds, or functions
    of the arguments. A module of tasks imports what lays them out; what computes is imported where it is used.
    """
    return lambda plain: Function(plain, kind or plain.__name__, version, label, weight)


class Function:
    """What `task` makes of a function: calling it lays out a task and computes nothing."""

    def __init__(self, plain: Callable[..., Any], kind: str, version: int, label: Any, weight: Any) -> None:
        functools.update_wrapper(self, plain)
        self.plain, self.kind, self.version, self.label, self.weight = plain, kind, version, label, weight
        self.name = f"{plain.__module__}:{plain.__name__}"
        parameters = list(inspect.signature(plain).parameters.values())
        self.reports = any(one.name == "progress" for one in parameters)
        self.parents = [one.name for one in parameters if one.kind is one.POSITIONAL_ONLY]
        self.more = next((one.name for one in parameters if one.kind is one.VAR_KEYWORD), "")
        self.signature = inspect.Signature([one for one in parameters if one.name != "progress"])

    def __call__(self, *args: Any, **kwargs: Any) -> Task:
        given = self.signature.bind(*args, **kwargs).arguments
        given |= given.pop(self.more, {})
        above = {name: given.get(name) for name in self.parents}
        tasks = leaves(above)
        places = iter(range(len(tasks)))
        call = Call(self.name, mapped(above, lambda _: next(places)), tuple(_function_of(one).name for one in tasks))
        settings = {
            name: value.model_dump(mode="json") if isinstance(value, BaseModel) else value
            for name, value in given.items()
            if name not in above
        }
        self.read(settings)
        label = self.label(**given) if callable(self.label) else self.label.format(**given)
        weight = self.weight(**given) if callable(self.weight) else self.weight
        return Task(self.kind, label, call, settings, self.version, tuple(tasks), weight)

    @cached_property
    def types(self) -> dict[str, Any]:
        """The annotations."""
        return typing.get_type_hints(self.plain, include_extras=True)

    def read(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Settings as the annotations want them, from JSON. Raises ValueError for what does not fit."""
        try:
            return {
                name: _adapter(self.types.get(name, Any)).validate_python(value) for name, value in settings.items()
            }
        except ValidationError as error:
            raise ValueError(f"the task {self.name}: {error}") from error

    def value(self, result: Result) -> Any:
        """A stored result as the type that the return annotation names."""
        return decode(result, self.types.get("return"))


@dataclass(frozen=True)
class Call:
    """What a worker runs: a function by name, and where among its arguments the parents' results go."""

    function: str
    places: dict[str, Tree]
    parents: tuple[str, ...]

    def __call__(self, settings: dict[str, Any], results: list[Result], progress: Progress) -> Result:
        """Call the function with its parents' results in their positions, and encode what it returns."""
        called = function(self.function)
        values = [function(name).value(result) for name, result in zip(self.parents, results, strict=True)]
        given = mapped(self.places, values.__getitem__)
        extra = {"progress": progress} if called.reports else {}
        return encode(called.plain(*given.values(), **called.read(settings), **extra))


def function(name: str) -> Function:
    """The task's function of that name, "module:function", imported."""
    module, _, attribute = name.partition(":")
    found: Function = getattr(import_module(module), attribute)
    return found


def value(one: Task, result: Result) -> Any:
    """A task's stored result as the type that its function returns; the result itself where it is no `@task`'s."""
    return function(one.function.function).value(result) if isinstance(one.function, Call) else result


def laid_out(tasks: Iterable[Task]) -> list[Task]:
    """The tasks as they are; raises ValueError where two have one key and their parents in other positions.

    Positions are not in the key: f([a], [b]) and f([a, b], []) would be taken for one another.
    """
    tasks = list(tasks)
    first: dict[str, Task] = {}
    for one in _with_parents(tasks):
        other = first.setdefault(one.key, one)
        if one.function != other.function:
            raise ValueError(f"the tasks {other} and {one} have one key, but not their parents in the same positions")
    return tasks


def labelled(tasks: Sequence[Task], words: str, known: Iterable[Task] = ()) -> list[Task]:
    """The tasks with words in their labels, and in those of all that they build on; the known ones keep theirs."""
    named = {task.key: task for task in ordered(known)}
    for task in ordered(tasks):  # parents first
        if task.key not in named:
            parents = tuple(named[parent.key] for parent in task.parents)
            named[task.key] = replace(task, label=f"{task.label} ({words})", parents=parents)
    return [named[task.key] for task in tasks]


def _with_parents(tasks: list[Task]) -> Iterator[Task]:
    seen: set[int] = set()
    left = [*tasks]
    while left:
        one = left.pop()
        if id(one) not in seen:
            seen.add(id(one))
            left.extend(one.parents)
            yield one


def _function_of(one: Any) -> Function:
    if isinstance(one, Task) and isinstance(one.function, Call):
        return function(one.function.function)
    raise TypeError(f"a parent must be a task, a list or a mapping of tasks, or None; got {type(one).__name__}")
