"""Run an experiment into a folder: plan, execute, conclude, draw; and draw again from the files alone."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from blockspin.experiments import find
from blockspin.experiments.experiment import STATUSES, Experiment
from blockspin.runs import settings as settings_file
from blockspin.runs.display import Display
from blockspin.runs.execute import execute
from blockspin.runs.provenance import Provenance
from blockspin.runs.settings import SettingsError, nearest
from blockspin.runs.store import Store, StoreError, write_json, write_text
from blockspin.runs.task import Task

REPORT = "report.html"
SCORECARDS = "scorecards.json"
CLAIMS = "claims.json"


@dataclass(frozen=True)
class Plan:
    """An experiment with its settings checked and its tasks laid out; nothing has been computed or written."""

    experiment: Experiment
    preset: str
    settings: BaseModel
    seed: int
    tasks: list[Task]
    overrides: tuple[str, ...] = ()

    @property
    def document(self) -> dict[str, Any]:
        """What settings.toml will hold."""
        return settings_file.document(self.experiment.name, self.preset, self.seed, self.settings)

    def command(self, workers: int = 1) -> list[str]:
        """The command that repeats the run, without the folder."""
        words = ["blockspin", "run", self.experiment.name, "--preset", self.preset]
        for override in self.overrides:
            words += ["--set", override]
        return [*words, "--seed", str(self.seed), "--workers", str(workers)]


def prepare(
    experiment: Experiment, *, preset: str | None = None, overrides: tuple[str, ...] = (), seed: int = 1
) -> Plan:
    """Check the settings and lay out the tasks. Raises SettingsError for what does not fit."""
    name = next(iter(experiment.presets)) if preset is None else preset
    if name not in experiment.presets:
        raise SettingsError(nearest("preset", name, experiment.presets))
    if seed < 0:
        raise SettingsError(f"seed must be a non-negative integer; got {seed}")
    settings = settings_file.build(experiment.Settings, experiment.presets[name], overrides)
    try:
        tasks = experiment.tasks(settings, seed)
    except ValueError as error:
        raise SettingsError(f"these settings do not fit: {error}") from error
    return Plan(experiment, name, settings, seed, tasks, overrides)


def run(plan: Plan, folder: Path, *, workers: int = 1, display: Display | None = None) -> dict[str, Any]:
    """Run the plan into the folder, or go on with it there; returns ``{"scorecards": [...], "claims": [...]}``.

    Raises SettingsError where the folder holds something else, and what `execute` raises.
    """
    check_folder(plan, folder)
    store = Store(folder)
    with store.locked():
        settings_file.write(folder, plan.document)
        provenance = Provenance(store, seed=plan.seed)
        provenance.begin(plan.command(workers), workers)
        try:
            execute(plan.tasks, store, workers=workers, progress=display)
            concluded = _conclude(plan, store)
            provenance.end("finished")  # before the page, which shows it
            write_text(folder / REPORT, plan.experiment.page(folder))
        except BaseException as error:
            with suppress(StoreError):  # a full disk must not hide what went wrong
                provenance.end("interrupted" if isinstance(error, KeyboardInterrupt) else "failed")
            raise
    return concluded


def check_folder(plan: Plan, folder: Path) -> None:
    """Raise SettingsError unless the folder is new, empty, or holds this very run, begun or finished."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise SettingsError(f"{folder} is a file; choose another --out")
    if not (folder / settings_file.FILE).exists():
        # tasks/ alone is what a run leaves that is killed in its first moments
        strange = [path.name for path in folder.iterdir() if path.name != "tasks" and not path.name.startswith(".")]
        if strange:
            raise SettingsError(
                f"{folder} is not empty and not the folder of a run (it holds {strange[0]}); choose another --out"
            )
        return
    different = settings_file.differences(settings_file.read(folder), plan.document)
    if different:
        shown = ", ".join(different[:6]) + (f" and {len(different) - 6} more" if len(different) > 6 else "")
        raise SettingsError(
            f"{folder} holds another run, which differs in {shown}; choose another --out, or remove that folder"
        )


def redraw(folder: Path) -> Path:
    """Draw report.html again from the files of a finished run, computing nothing; returns its path.

    Raises SettingsError where the folder is not that of a finished run of a known experiment.
    """
    stored = settings_file.read(folder)
    experiment = find(stored["experiment"])
    for name in (SCORECARDS, CLAIMS):
        if not (folder / name).exists():
            raise SettingsError(f"{folder} is not finished: it has no {name}; give the same `blockspin run` again")
    report = folder / REPORT
    write_text(report, experiment.page(folder))
    return report


def verdicts(concluded: dict[str, Any], most: int = 6) -> str:
    """One line: each map's verdict (or how many of each, beyond `most` maps), then the claims by status."""
    cards, claims = concluded["scorecards"], concluded["claims"]
    if len(cards) <= most:
        parts = [f"{_name(card)}: {card['verdict']}" for card in cards]
    else:
        parts = [
            f"{n} map{'s' * (n > 1)}: {verdict}" for verdict, n in Counter(card["verdict"] for card in cards).items()
        ]
    counts = Counter(claim["status"] for claim in claims)
    if counts:
        parts.append("claims: " + ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts[status]))
    return "; ".join(parts)


def _conclude(plan: Plan, store: Store) -> dict[str, Any]:
    concluded = plan.experiment.conclude(plan.settings, plan.seed, store)
    for name, needed in (("scorecards", ("map", "verdict", "criteria")), ("claims", ("id", "text", "status", "why"))):
        for entry in concluded[name]:
            missing = [field for field in needed if field not in entry]
            if missing:
                raise TypeError(f"{plan.experiment.name}: an entry of {name} lacks {', '.join(missing)}: {entry}")
    for claim in concluded["claims"]:
        if claim["status"] not in STATUSES:
            raise TypeError(
                f"{plan.experiment.name}: claim {claim['id']} must have a status among {', '.join(STATUSES)}; "
                f"got {claim['status']!r}"
            )
    write_json(store.folder / SCORECARDS, {"schema": 1, "scorecards": concluded["scorecards"]})
    write_json(store.folder / CLAIMS, {"schema": 1, "claims": concluded["claims"]})
    return concluded


def _name(card: dict[str, Any]) -> str:
    return f"{card['map']} layer {card['layer']}" if "layer" in card else str(card["map"])
