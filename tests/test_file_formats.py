"""docs/reference/files.md names every key of the files that a run and the judge write."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import h5netcdf
import numpy as np
import pytest

import blockspin as bs
from blockspin import experiments
from blockspin.experiments.run import prepare, run

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "reference" / "files.md").read_text()
SECTIONS = dict(re.findall(r"^#{2,3} ([^\n]+)\n(.*?)(?=^#{2,3} |\Z)", PAGE, flags=re.DOTALL | re.MULTILINE))


def keys(section: str) -> set[str]:
    """The names in the first columns of a section's tables."""
    rows = re.findall(r"^\| (`[^|]*`) \|", SECTIONS[section], flags=re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of the experiment of CONTRIBUTING.md."""
    place = tmp_path_factory.mktemp("run")
    text = (ROOT / "CONTRIBUTING.md").read_text()
    for name, code in re.findall(r"^```\w+ file=(\S+)\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE):
        (place / name).write_text(code)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(place))
        patch.setitem(experiments.EXPERIMENTS, "thermometer", "thermometer:EXPERIMENT")
        plan = prepare(import_module("thermometer").EXPERIMENT, overrides=("L=8", "n=200", "K=[0.2]"), seed=1)
        run(plan, place / "out")
        for name in ("thermometer", "thermometer_page"):
            sys.modules.pop(name, None)
    return place / "out"


def test_files_of_a_run(folder: Path) -> None:
    names = {"tasks/KEY.npz" if path.is_dir() else path.name for path in folder.iterdir()}
    assert keys("A run's folder") == names | {"results.nc", "results.csv"}  # those are of sweeps
    sums = {line.split()[1] for line in (folder / "SHA256SUMS").read_text().splitlines()}
    assert sums == {"settings.toml", "scorecards.json", "claims.json"}


def test_settings_and_provenance(folder: Path) -> None:
    stored = tomllib.loads((folder / "settings.toml").read_text())
    assert keys("settings.toml") == {*stored, "sweep"}
    provenance = json.loads((folder / "provenance.json").read_text())
    sessions = set(provenance["sessions"][0])
    assert provenance["schema"] == 2
    assert keys("provenance.json, schema 2") == set(provenance) | sessions


def test_tasks_and_log(folder: Path) -> None:
    with np.load(next((folder / "tasks").glob("*.npz"))) as file:
        header = json.loads(file["task.json"].tobytes())
    assert keys("tasks/KEY.npz") == set(header)
    events = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert keys("log.jsonl") == {key for event in events for key in event}


def test_claims(folder: Path) -> None:
    stored = json.loads((folder / "claims.json").read_text())
    assert stored["schema"] == 1
    assert keys("claims.json, schema 1") == set(stored["claims"][0])


def test_samples(tmp_path: Path) -> None:
    lattice = bs.Lattice.square(4)
    models: list[Any] = [bs.Ising(lattice, 0.4), bs.Potts(lattice, 0.4, 3), bs.BlumeCapel(lattice, 0.4, 0.1)]
    found: set[str] = set()
    for n, model in enumerate(models):
        bs.write_samples(bs.sample(model, 100, seed=1), tmp_path / f"{n}.nc")
        with h5netcdf.File(tmp_path / f"{n}.nc") as file:
            assert ({*file.variables}, {*file.attrs}) == ({"packed"}, {"blockspin"})
            found |= set(json.loads(file.attrs["blockspin"]))
    assert keys("Samples: .nc") == found | {"packed", "blockspin", "device"}  # the last where a GPU drew


def test_scorecards(folder: Path) -> None:
    stored = json.loads((folder / "scorecards.json").read_text())
    assert stored["schema"] == 2
    samples = bs.sample(bs.Ising(bs.Lattice.square(8), 0.4), 200, seed=1)
    card = bs.judge(bs.Majority(bs.Lattice.square(8)), samples, criteria=["tiling"]).to_dict()
    text = SECTIONS["scorecards.json, schema 2"]
    beyond = set(card) - {"map", "layer", "b", "rows", "notes"}
    assert [name for name in (*beyond, "ratio") if f"`{name}`" not in text] == []
