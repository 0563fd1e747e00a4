"""The core of every experiment: a plan of tasks, claims that read the run, and a page of words and figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from blockspin.experiments.claims import Claim
from blockspin.experiments.task import labelled, laid_out, value
from blockspin.experiments.tree import Tree, lazy, leaves
from blockspin.runs.store import ResultError, Store
from blockspin.runs.task import Result, Task

if TYPE_CHECKING:
    import xarray as xr

    from blockspin.judging import Scorecard
    from blockspin.runs.sweep import Sweep

SMALL = 2**20  # bytes of a result that is kept once it is read


def _nothing(run: Run) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Experiment:
    """One paper, or one question: everything that `blockspin run NAME` needs.

    name: "mehta-schwab"; summary: one line for `blockspin list`; Settings: a `runs.settings.Section`; presets: settings
    by name ("quick", "paper"), the first being the default; plan(settings, seed): a tree of tasks, raises ValueError
    for settings that do not fit; claims: in the order of the page; page: "package.module" of the page's figures, with
    the page's words in a file of the same name, `.md`.

    repeated: settings have `trainings`, and plan(settings, seed, n) is the tree of training n = 1, 2, ...: it shares
    with the first what does not depend on the training. Claims are then decided in each training, and cards are means.

    cards(run): the scorecards by name, for scorecards.json; data(run): datasets for results.nc by group; swept(sweep):
    the settings that make a sweep, where the experiment sweeps by itself (any other is run whole at every point);
    growing: settings that may change in a folder since they only add tasks; check(settings, seed): raises ValueError
    before a run begins for what must be there (memory, images) and a stored run needs no longer.
    """

    name: str
    summary: str
    Settings: type[BaseModel]
    presets: Mapping[str, Mapping[str, Any]]
    plan: Callable[..., dict[str, Tree]]
    claims: Sequence[Claim]
    page: str
    cards: Callable[[Run], Mapping[str, Scorecard]] = _nothing
    data: Callable[[Run], Mapping[str, xr.Dataset]] = _nothing
    swept: Callable[[Sweep], dict[str, Any]] | None = None
    growing: tuple[str, ...] = ()
    repeated: bool = False
    check: Callable[[Any, int], None] | None = None

    def tasks(self, settings: Any, seed: int) -> list[Task]:
        """Every task of the plan; parents are reached through them. Raises ValueError for settings that do not fit."""
        tasks = leaves(self.plan(settings, seed))
        for n in self.trainings(settings)[1:]:
            tasks += labelled(leaves(self.plan(settings, seed, n)), f"training {n}", known=tasks)
        return laid_out(tasks)

    def trainings(self, settings: Any) -> range:
        """The numbers of the trainings; one where the experiment does not repeat them."""
        return range(1, 1 + (settings.trainings if self.repeated else 1))


class Run:
    """A run's settings and results: ``run["measured"]["pca"]`` is the result of that task of the plan.

    A result is read when it is used, one at a time: samples are large. What is found by name is of the first training;
    `each` has a run for each of them.
    """

    def __init__(self, experiment: Experiment, settings: Any, seed: int, store: Store) -> None:
        self.experiment, self.settings, self.seed, self.store = experiment, settings, seed, store
        self.plan = experiment.plan(settings, seed)
        self._small: dict[str, Any] = {}

    @cached_property
    def each(self) -> list[Run]:
        """The run as it would be with one training, for each training."""
        numbers = self.experiment.trainings(self.settings)
        return [Training(self, n) for n in numbers] if len(numbers) > 1 else [self]

    def __getitem__(self, name: str) -> Tree:
        return lazy(self.plan, self.read)[name]

    def read(self, task: Task) -> Any:
        """The result of a task, of the type that its function returns."""
        if task.key in self._small:
            return self._small[task.key]
        result = self.store.load(task)
        try:
            read = value(task, result)
        except (ValueError, TypeError, KeyError) as error:
            raise ResultError(
                f"{self.store.path(task)} ({task.label}) is not what this version reads: {error}"
            ) from error
        if _size(result) < SMALL:
            self._small[task.key] = read
        return read

    @cached_property
    def cards(self) -> dict[str, Scorecard]:
        """The scorecards by name."""
        return dict(self.experiment.cards(self))

    @cached_property
    def data(self) -> dict[str, xr.Dataset]:
        """The datasets of results.nc by group."""
        return dict(self.experiment.data(self))

    def concluded(self) -> dict[str, Any]:
        """``{"scorecards": [...], "claims": [...]}``, as JSON."""
        claims = [claim(*self.each) for claim in self.experiment.claims]
        return {"scorecards": [card.to_dict() for card in self.cards.values()], "claims": claims}


class Training(Run):
    """One training of a run that has several."""

    def __init__(self, whole: Run, n: int) -> None:
        super().__init__(whole.experiment, whole.settings, whole.seed, whole.store)
        self.plan = self.experiment.plan(self.settings, self.seed, n)
        self._small, self.each = whole._small, [self]


def card_name(card: Mapping[str, Any]) -> str:
    """What an entry of scorecards.json is called in tables and lines."""
    return f"{card['map']} layer {card['layer']}" if "layer" in card else str(card["map"])


def _size(result: Result) -> int:
    return sum(array.nbytes for array in result.arrays.values())
