"""What a command requests, laid out before anything is computed: settings, points of a sweep, tasks, costs."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from blockspin.experiments import find
from blockspin.experiments.core import Experiment
from blockspin.experiments.task import labelled
from blockspin.progress import duration
from blockspin.runs import settings as settings_file
from blockspin.runs.costs import beside, measured
from blockspin.runs.settings import SettingsError, nearest
from blockspin.runs.store import header
from blockspin.runs.sweep import Point, Sweep, build_sweep
from blockspin.runs.task import Task, ordered


@dataclass(frozen=True)
class Cell:
    """One point of a sweep with its complete settings."""

    point: Point
    settings: BaseModel


@dataclass(frozen=True)
class Plan:
    """An experiment with its settings checked and its tasks laid out; nothing has been computed or written.

    cells: the points of a sweep over the whole experiment; empty where there is none, or where the experiment takes
    the sweep into its own settings.
    """

    experiment: Experiment
    preset: str
    settings: BaseModel
    seed: int
    tasks: list[Task]
    overrides: tuple[str, ...] = ()
    sweep: Sweep | None = None
    cells: tuple[Cell, ...] = ()
    options: tuple[str, ...] = ()
    file: str | None = None

    @property
    def document(self) -> dict[str, Any]:
        """What settings.toml will hold."""
        swept = self.sweep.model_dump() if self.sweep is not None and self.cells else None
        return settings_file.document(self.experiment.name, self.preset, self.seed, self.settings, swept)

    def command(self, workers: int = 1) -> list[str]:
        """The command that repeats the run, without the folder and without the cluster."""
        words = ["blockspin", "run", self.experiment.name, "--preset", self.preset]
        if self.file is not None:
            words += ["--settings", self.file]
        for override in self.overrides:
            words += ["--set", override]
        for option in self.options:
            words += ["--sweep", option]
        return [*words, "--seed", str(self.seed), "--workers", str(workers)]


def prepare(
    experiment: Experiment,
    *,
    preset: str | None = None,
    overrides: tuple[str, ...] = (),
    seed: int | None = None,
    sweep: tuple[str, ...] = (),
    file: Path | None = None,
) -> Plan:
    """Check the settings and lay out the tasks. Raises SettingsError for what does not fit.

    file: a TOML file with [settings], [sweep], preset and seed, over which the other arguments win; the settings.toml
    of a run is one. A seed that is given nowhere is 1.
    """
    given = settings_file.read_file(file) if file is not None else {}
    if given.get("experiment", experiment.name) != experiment.name:
        raise SettingsError(f"{file} is for the experiment {given['experiment']}, not for {experiment.name}")
    name = preset or given.get("preset") or next(iter(experiment.presets))
    if name not in experiment.presets:
        raise SettingsError(nearest("preset", name, experiment.presets))
    seed = given.get("seed", 1) if seed is None else seed
    if seed < 0:
        raise SettingsError(f"seed must be a non-negative integer; got {seed}")
    varied = build_sweep(given.get("sweep"), sweep)
    own = experiment.swept(varied) if experiment.swept is not None and varied is not None else {}
    written = {"file": given.get("settings"), "values": own}
    settings = settings_file.build(experiment.Settings, experiment.presets[name], overrides, **written)
    about = {"preset": name, "overrides": overrides, "options": sweep, "file": file.name if file else None}
    return _laid_out(experiment, settings, seed, None if own else varied, check=True, **about)


def stored_plan(folder: Path) -> Plan:
    """The plan of the settings.toml in a folder; raises SettingsError, which names the file."""
    stored = settings_file.read(folder)
    with _named_in(folder):
        experiment = find(stored["experiment"])
        settings = settings_file.validated(experiment.Settings, stored["settings"])
        sweep = build_sweep(stored.get("sweep"))
        return _laid_out(experiment, settings, stored["seed"], sweep, check=False, preset=stored["preset"])


def stored_experiment(folder: Path) -> tuple[Experiment, dict[str, Any]]:
    """The experiment of the settings.toml in a folder, and what it holds; raises SettingsError, which names the file.

    No task is laid out.
    """
    stored = settings_file.read(folder)
    with _named_in(folder):
        experiment = find(stored["experiment"])
        settings_file.validated(experiment.Settings, stored["settings"])
    return experiment, stored


@contextmanager
def _named_in(folder: Path) -> Iterator[None]:
    try:
        yield
    except SettingsError as error:
        raise SettingsError(f"{folder / settings_file.FILE}: {error}") from error


def forecast(plan: Plan, folder: Path, workers: int = 1) -> Iterator[str]:
    """What the run would do and cost, in lines, by the costs measured in this folder and in those next to it."""
    costs = measured(beside(folder))
    tasks = ordered(plan.tasks)
    stored = {path.stem for path in (folder / "tasks").glob("*.npz")}
    left = [task for task in tasks if task.key not in stored]
    points = f"{len(plan.cells)} points, " if plan.cells else ""
    yield f"{plan.experiment.name}, preset {plan.preset}: {points}{len(tasks)} tasks, {len(tasks) - len(left)} stored"
    yield from unused(plan, folder)
    if len(left) < len(tasks):
        done = Counter(task.kind for task in tasks if task.key in stored)
        yield f"  done already: {', '.join(f'{n} {kind}' for kind, n in done.items())}"
    if not left:
        return
    size = 0.0
    unknown = []
    for kind, n in Counter(task.kind for task in left).items():
        these = [task for task in left if task.kind == kind]
        seconds = sum(map(costs.seconds, these))
        sizes = [costs.bytes(task) for task in these]
        known = [one for one in sizes if one is not None]
        size += sum(known)
        if len(known) < len(sizes):
            unknown.append(kind)
        told = f"{told_bytes(sum(known))}" if known else "size not known yet"
        source = f"measured on {costs.kinds[kind].n}" if kind in costs.kinds else "not measured yet: from its weight"
        yield f"  {n} {kind}: {duration(seconds)}, {told} ({source})"
    alone = sum(map(costs.seconds, left))
    on = f"{duration(alone / workers)} on {workers} worker{'s' * (workers > 1)}"
    yield f"expected time: {duration(alone)} one after the other, {on}"
    parts = [told_bytes(size)] if size else []
    parts += [f"not known yet for the {', '.join(unknown)} tasks"] if unknown else []
    yield f"expected disk: {', '.join(parts)}"


def unused(plan: Plan, folder: Path) -> Iterator[str]:
    """A line a kind of task, where results in the folder do not serve and others are to be computed in their place."""
    tasks = {task.key: task for task in ordered(plan.tasks)}
    stored = {path.stem: path for path in (folder / "tasks").glob("*.npz")}
    others: dict[str, list[int]] = defaultdict(list)
    for key in stored.keys() - tasks.keys():
        with suppress(Exception):  # a damaged file tells nothing
            about = header(stored[key])
            others[about["kind"]].append(about["version"])
    left = Counter((task.kind, task.version) for key, task in tasks.items() if key not in stored)
    for (kind, version), n in left.items():
        if some := others[kind]:
            because = "serve other settings" if set(some) == {version} else "are of another version"
            yield f"{folder}: {len(some)} stored results of {kind} {because}; {n} are computed anew"


def _laid_out(
    experiment: Experiment, settings: BaseModel, seed: int, sweep: Sweep | None, *, check: bool, **about: Any
) -> Plan:
    """The plan of one run, or of all points of a sweep; check: what a run begins with must be there."""
    cells = () if sweep is None else tuple(_cells(experiment, settings, seed, sweep))
    if check:
        for one, own in [(cell.settings, cell.point.seed) for cell in cells] or [(settings, seed)]:
            _check(experiment, one, own)
    tasks = [] if cells else _tasks(experiment, settings, seed)
    for cell in cells:
        tasks += labelled(_tasks(experiment, cell.settings, cell.point.seed), str(cell.point))
    return Plan(experiment=experiment, settings=settings, seed=seed, tasks=tasks, sweep=sweep, cells=cells, **about)


def _check(experiment: Experiment, settings: BaseModel, seed: int) -> None:
    if experiment.check is None:
        return
    try:
        experiment.check(settings, seed)
    except ValueError as error:
        raise SettingsError(str(error)) from error


def _tasks(experiment: Experiment, settings: BaseModel, seed: int) -> list[Task]:
    try:
        return experiment.tasks(settings, seed)
    except ValueError as error:
        raise SettingsError(f"these settings do not fit: {error}") from error


def _cells(experiment: Experiment, base: BaseModel, seed: int, sweep: Sweep) -> Iterator[Cell]:
    for point in sweep.points(seed):
        try:
            settings = settings_file.build(experiment.Settings, base.model_dump(), values=point.values)
        except SettingsError as error:
            raise SettingsError(f"at the point {point}: {error}") from error
        yield Cell(point, settings)


def told_bytes(size: float) -> str:
    """A number of bytes for people: 1.25 MB."""
    power = min(4, int(math.log(max(size, 1.0), 1000)))
    return f"{size / 1000**power:.3g} {('B', 'kB', 'MB', 'GB', 'TB')[power]}"
