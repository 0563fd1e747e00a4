"""Run an experiment into a folder: plan, execute, conclude, draw; and draw again from the files alone."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blockspin.experiments.core import Experiment, Run
from blockspin.experiments.plan import Plan, prepare, stored_experiment
from blockspin.files import check_place
from blockspin.runs import provenance as provenance_file
from blockspin.runs import settings as settings_file
from blockspin.runs.display import Display
from blockspin.runs.execute import execute, share_of
from blockspin.runs.interrupts import hearing
from blockspin.runs.provenance import Provenance
from blockspin.runs.settings import SettingsError
from blockspin.runs.store import ResultError, Store, StoreError, write_json, write_text
from blockspin.runs.task import ordered
from blockspin.seals import SUMS, check_sums, write_sums

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["CLAIMS", "REPORT", "SCORECARDS", "Plan", "check_folder", "prepare", "redraw", "run"]

REPORT = "report.html"
SCORECARDS = "scorecards.json"
CLAIMS = "claims.json"


def run(
    plan: Plan,
    folder: Path,
    *,
    workers: int = 1,
    cluster: str | None = None,
    shard: tuple[int, int] | None = None,
    display: Display | None = None,
) -> dict[str, Any] | None:
    """Run the plan into the folder, or go on with it there; returns ``{"scorecards": [...], "claims": [...]}``.

    shard: (3, 16) runs the third of sixteen shares of the tasks, of which the last to end draws the conclusions; None
    is returned where tasks of other shares are missing still. Other runs may be at work in the folder.
    Raises SettingsError where the folder holds something else, and what `execute` raises.
    """
    check_folder(plan, folder)
    store = Store(folder)
    tasks = plan.tasks if shard is None else share_of(plan.tasks, *shard)
    with store.at_work() as alone, hearing() as interrupts:
        (folder / SUMS).unlink(missing_ok=True)  # what they hold for changes
        settings_file.write(folder, plan.document)
        words = [] if shard is None else ["--shard", f"{shard[0]}/{shard[1]}"]
        command = [*plan.command(workers), *words]
        provenance = Provenance(store, seed=plan.seed, command=command, workers=workers, alone=alone)
        try:
            with interrupts.finally_do(lambda: provenance.end("interrupted")):
                execute(tasks, store, workers=workers, cluster=cluster, progress=display)
                if shard is not None and not all(map(store.has, ordered(plan.tasks))):
                    provenance.end("finished")
                    return None
                concluded = _conclude(plan, store)
                provenance.end("finished")  # before the page, which shows it
                write_text(folder / REPORT, _page(plan.experiment, folder, swept=bool(plan.cells)))
        except Exception:
            with suppress(StoreError):  # a full disk must not hide what went wrong
                provenance.end("failed")
            raise
    return concluded


def check_folder(plan: Plan, folder: Path) -> None:
    """Raise SettingsError unless the folder is new, empty, or holds this very run, begun or finished.

    Raises `Damaged` where the record of its earlier sessions cannot be kept on.
    """
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
    if os.path.lexists(folder / provenance_file.FILE):
        provenance_file.read(folder)
    grows = ("sweep.", *(f"settings.{name}" for name in plan.experiment.growing))
    different = [
        one
        for one in settings_file.differences(_completed(plan, settings_file.read(folder)), plan.document)
        if not one.startswith(grows)  # a sweep may be given more values: what is computed stays
    ]
    if different:
        shown = ", ".join(different[:6]) + (f" and {len(different) - 6} more" if len(different) > 6 else "")
        raise SettingsError(
            f"{folder} holds another run, which differs in {shown} ({settings_file.FILE} there); choose another --out, "
            f"or remove that folder"
        )


def _completed(plan: Plan, stored: dict[str, Any]) -> dict[str, Any]:
    """The document of a folder with settings that came later at their defaults; as it is where it does not fit."""
    if stored["experiment"] != plan.experiment.name:
        return stored
    with suppress(SettingsError):
        values = settings_file.validated(plan.experiment.Settings, stored["settings"])
        sweep = stored.get("sweep")
        return settings_file.document(stored["experiment"], stored["preset"], stored["seed"], values, sweep)
    return stored


def redraw(folder: Path) -> Path:
    """Draw report.html again from the files of a finished run, computing nothing; returns its path.

    Raises SettingsError where the folder is not that of a finished run of a known experiment, `Damaged` where its files
    are not what the run wrote, ResultError where a task's is not, OSError or StoreError where the disk fails.
    """
    experiment, stored = stored_experiment(folder)
    for name in (SCORECARDS, CLAIMS):
        if not (folder / name).exists():
            raise SettingsError(f"{folder} is not finished: it has no {name}; give the same `blockspin run` again")
    if not os.path.lexists(folder / SUMS) and provenance_file.read(folder)["sessions"][-1].get("outcome") != "finished":
        raise SettingsError(f"{folder} is not finished: it has been begun again; give the same `blockspin run` again")
    check_sums(folder, _summed(folder))
    report = folder / REPORT
    check_place(report)
    try:
        page = _page(experiment, folder, swept="sweep" in stored)
    except ResultError as error:
        raise ResultError(
            f"{error}. Where another version of blockspin made the folder, `blockspin run` computes what has changed; "
            f"{REPORT} is still the page of that version"
        ) from error
    write_text(report, page)
    return report


def _summed(folder: Path) -> list[str]:
    """The files that a run concludes with, but for the page, which is drawn from them."""
    from blockspin.experiments.results import RESULTS, TABLE

    always, some = (settings_file.FILE, SCORECARDS, CLAIMS), (RESULTS, TABLE)
    return [*always, *(name for name in some if os.path.lexists(folder / name))]


def _conclude(plan: Plan, store: Store) -> dict[str, Any]:
    from blockspin.judging.files import document

    if plan.cells:
        concluded, parts = _swept(plan, store)
    else:
        finished = Run(plan.experiment, plan.settings, plan.seed, store)
        concluded, parts = finished.concluded(), finished.data
    with store.turn():  # another run may end in this folder at the same time
        if parts:
            from blockspin.experiments.results import write_results

            write_results(store.folder, parts)
        write_json(store.folder / SCORECARDS, document(concluded["scorecards"]))
        write_json(store.folder / CLAIMS, {"schema": 1, "claims": concluded["claims"]})
        write_sums(store.folder, _summed(store.folder))
    return concluded


def _swept(plan: Plan, store: Store) -> tuple[dict[str, Any], dict[str, xr.Dataset]]:
    """The scorecards and claims of every point, with the point in them, and the cards' numbers as one dataset."""
    from blockspin.experiments.results import of_cards

    assert plan.sweep is not None
    cards, claims = [], []
    for cell in plan.cells:
        one = Run(plan.experiment, cell.settings, cell.point.seed, store).concluded()
        place = {"point": {**cell.point.values, "seed": cell.point.seed}}
        cards += [(cell.point, {**card, **place}) for card in one["scorecards"]]
        claims += [{**claim, **place} for claim in one["claims"]]
    concluded = {"scorecards": [card for _, card in cards], "claims": claims}
    return concluded, {"": of_cards(plan.sweep, plan.seed, cards)} if cards else {}


def _page(experiment: Experiment, folder: Path, *, swept: bool) -> str:
    # imported here: a run that draws nothing, such as a share of one, needs no matplotlib
    if swept:
        from blockspin.experiments.sweep_page import page

        return page(folder)
    from blockspin.experiments.about import draw

    return draw(experiment, folder)
