"""The page of an experiment: its words and figures, then what every run has, from the files of its folder."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blockspin.experiments.core import Experiment, Run
from blockspin.experiments.results import read_groups
from blockspin.experiments.tree import leaves
from blockspin.files import Damaged, parsed, read_json
from blockspin.judging import CRITERIA, Scorecard
from blockspin.judging.files import read_cards
from blockspin.report import tables, words
from blockspin.report.page import Block, Page, Section, Table, render
from blockspin.runs import provenance
from blockspin.runs import settings as settings_file
from blockspin.runs.store import Store
from blockspin.runs.task import ordered
from blockspin.statistics import Estimate

if TYPE_CHECKING:
    import xarray as xr


HEADLINES = {name: criterion.headline for name, criterion in CRITERIA.items()}
"""The quantities that stand for a criterion in the summary of scorecards; the details have all of them."""
CLAIM = ("id", "text", "status", "why")


class Finished(Run):
    """A run whose scorecards and datasets are those of its folder's files, whatever the judge would say today."""

    @cached_property
    def cards(self) -> dict[str, Scorecard]:
        """The scorecards of scorecards.json."""
        with parsed(self.store.folder / "scorecards.json"):
            cards = [Scorecard.from_dict(card) for card in scorecards(self.store.folder)]
        return {f"{card.map}, layer {card.layer}": card for card in cards}

    @cached_property
    def data(self) -> dict[str, xr.Dataset]:
        """The groups of results.nc; none where nothing was planned."""
        return read_groups(self.store.folder) if leaves(self.plan) else {}


def draw(experiment: Experiment, folder: Path) -> str:
    """The report of a finished run as HTML, computing nothing."""
    return render(page(experiment, folder))


def page(experiment: Experiment, folder: Path) -> Page:
    """The report of a finished run: its words, figures and tables.

    The experiment's page module gives the figures, the text file of its name the words. These may use `run`, `claims`,
    `cards` (the entries of claims.json and scorecards.json), `scorecards`, `number` (an estimate with its error),
    `trainings` (how many there are), and all that the module defines.
    """
    stored = settings_file.read(folder)
    settings = settings_file.validated(experiment.Settings, stored["settings"])
    run = Finished(experiment, settings, stored["seed"], Store(folder))
    module = import_module(experiment.page)
    text = Path(inspect.getfile(module)).with_suffix(".md").read_text(encoding="utf-8")
    said = {claim["id"]: claim for claim in claims(folder)}
    table = partial(tables.scorecard_table, headlines=HEADLINES)
    ours = {
        "claims": said,
        "cards": scorecards(folder),
        "scorecards": table,
        "number": _number,
        "trainings": _trainings,
    }
    names = {**vars(module), **ours, "run": run}
    written = words.read(text, names, {"preset": str(stored["preset"])})
    first = [Section("Claims", [tables.claim_cards([*said.values()])])] if said else []
    flat = settings_file.flat(stored["settings"])
    about: list[Block] = [tables.key_value_table(flat, title="Settings"), *_drawn(run)]
    with parsed(folder / provenance.FILE):
        last = Section("Settings and provenance", [*about, provenance_table(provenance.read(folder))])
    return replace(written, sections=[*first, *written.sections, last])


def _number(one: Estimate) -> str:
    return tables.number(one.value, one.error)


def _trainings(run: Run) -> str:
    n = run.settings.trainings
    return "1, a first look" if n == 1 else str(n)


def claims(folder: Path) -> list[dict[str, Any]]:
    """The entries of a folder's claims.json; raises `Damaged` where they are none."""
    path = folder / "claims.json"
    return _complete(path, read_json(path, claims=list)["claims"], dict.fromkeys(CLAIM, str))


def scorecards(folder: Path) -> list[dict[str, Any]]:
    """The entries of a folder's scorecards.json, in the present schema; raises `Damaged` where they are none."""
    path = folder / "scorecards.json"
    kinds = {"map": str, "verdict": str, "decisive": dict, "rows": list}
    with parsed(path):
        return _complete(path, read_cards(path), kinds)


def _complete(path: Path, entries: list[Any], kinds: Mapping[str, type]) -> list[dict[str, Any]]:
    for entry in entries:
        lacks = [
            key for key, kind in kinds.items() if not isinstance(entry, dict) or not isinstance(entry.get(key), kind)
        ]
        if lacks:
            raise Damaged(f"{path} is damaged: an entry lacks {', '.join(lacks)}")
    return entries


def _drawn(run: Run) -> list[Block]:
    """A table of how each set of samples was drawn: algorithm, autocorrelation times, spacing, R-hat; [] for none."""
    rows = []
    for task in ordered(leaves(run.plan)):
        one = run.store.meta(task).get("provenance") if task.kind == "sample" else None
        if one is None:
            continue
        times = [f"{what} {tables.number(*pair)}" for what, pair in (one["tau"] or {}).items()]
        mixing = [value for value in one["r_hat"].values() if value is not None]
        worst = f"{max(mixing):.3f}" if mixing else "not measured"
        told = "; ".join(times) or "not measured"
        rows.append((task.label, one["algorithm"], told, one["spacing"], one["equilibration"], worst))
    columns = ("samples", "algorithm", "tau", "spacing", "equilibration", "R-hat, largest")
    caption = "tau: integrated autocorrelation time, 1/2 + sum of rho. tau, spacing and equilibration in steps."
    return [tables.table(columns, rows, title="How the samples were drawn", caption=caption, wide=True)] if rows else []


def provenance_table(stored: dict[str, Any]) -> Table:
    """Command, time, seed, commit, versions and computer of a run's last session, from its provenance.json."""
    session = stored["sessions"][-1]
    commit = session["commit"] or {}
    facts = {
        "command": session["command"],
        "started": session["start"],
        "task seconds in all": round(sum(stored["tasks"].values()), 1),
        "workers": session["workers"],
        "seed": stored["seed"],
        "commit": f"{commit.get('hash', 'not in a checkout')}{' (with changes)' if commit.get('modified') else ''}",
        **session["versions"],
        "computer": session["machine"],
        "JAX computed on": ", ".join(stored.get("devices", [])) or "not recorded",
    }
    return tables.key_value_table(settings_file.flat(facts), title="Provenance")
