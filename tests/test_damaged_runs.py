"""Runs' folders with damaged files: the same page, or one error that names the file; a run mends what it can."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent / "runs"))

import toy_tasks

import blockspin as bs
from blockspin import cli, experiments
from blockspin import samples as schema
from blockspin.experiments.claims import Answer, claim
from blockspin.experiments.core import Experiment, Run
from blockspin.experiments.keeping import collect, overview
from blockspin.experiments.run import prepare, redraw, run
from blockspin.files import Damaged
from blockspin.judging.card import Scorecard
from blockspin.judging.measurement import State
from blockspin.judging.rules import Outcome
from blockspin.judging.verdict import Row
from blockspin.runs.settings import Section, SettingsError
from blockspin.runs.store import ResultError, Store
from damage import TIERS, check_every_accident, cut, erased, flipped, names

L = bs.Lattice.square(6)


def spins(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).choice(np.array([-1, 1], np.int8), shape)


class Settings(Section):
    samples: int = 2
    label: str = "small"


def cards(run: Run) -> dict[str, Scorecard]:
    total = float(run["tasks"][0].arrays["total"].sum())
    row = Row("range", "sum", total, float("nan"), State.MEASURED, Outcome.PASS)
    return {"m": Scorecard("m", 1, 2.0, (row,))}


@claim("S-1", "s", "t", rule="r")
def partly(run: Run) -> Answer:
    return Answer("partly", "w")


EXPERIMENT = Experiment(  # its page shows all that a folder holds
    name="small",
    summary="a made-up experiment",
    Settings=Settings,
    presets={"quick": {}},
    plan=lambda settings, seed: {"tasks": toy_tasks.graph(settings.samples, seed)},
    claims=(partly,),
    page="damaged_page",
    cards=cards,
    data=lambda run: {"": xr.Dataset({"numbers": ("x", np.arange(5.0))})},
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(experiments.EXPERIMENTS, "small", f"{__name__}:EXPERIMENT")
    run(prepare(EXPERIMENT), tmp_path / "run")
    return tmp_path / "run"


CONCLUDED = ["settings.toml", "provenance.json", "claims.json", "scorecards.json", "results.nc", "SHA256SUMS"]


def files_of(folder: Path) -> list[Path]:
    task = EXPERIMENT.tasks(Settings(), 1)[0]
    return [*(folder / name for name in CONCLUDED), Store(folder).path(task)]


@pytest.mark.parametrize("n", TIERS)
def test_a_folder_gives_its_page_or_the_name_of_a_file(n: int, folder: Path) -> None:
    page = (folder / "report.html").read_bytes()

    def use() -> None:
        for _ in overview(folder.parent):
            pass
        assert redraw(folder).read_bytes() == page

    use()
    for path in files_of(folder):
        check_every_accident(path, n, use, SettingsError, Damaged, ResultError)


@pytest.mark.parametrize("n", TIERS)
def test_settings_that_were_damaged_free_nothing(n: int, folder: Path) -> None:
    stored = sorted((folder / "tasks").glob("*.npz"))

    def use() -> None:
        collect(folder)
        assert sorted((folder / "tasks").glob("*.npz")) == stored

    check_every_accident(folder / "settings.toml", n, use, SettingsError, Damaged)
    assert sorted((folder / "tasks").glob("*.npz")) == stored


def test_a_run_goes_on_in_a_damaged_folder_or_names_the_file(folder: Path, tmp_path: Path) -> None:
    """What a run can make again it makes again: results, conclusions, page; settings and history it cannot."""
    kept = tmp_path / "kept"
    shutil.copytree(folder, kept)
    for path in files_of(folder):
        for spoil in (cut, flipped, erased):
            good, random = path.read_bytes(), np.random.default_rng(len(path.name))
            path.write_bytes(spoil(good, random))
            with names(path, SettingsError, Damaged):
                run(prepare(EXPERIMENT), folder)
                for name in ("claims.json", "scorecards.json", "results.nc"):
                    assert (folder / name).read_bytes() == (kept / name).read_bytes()
                assert path.name not in ("settings.toml", "provenance.json")
            path.write_bytes(good)


def test_a_folder_of_an_earlier_version_has_no_sums(folder: Path) -> None:
    page = (folder / "report.html").read_bytes()
    (folder / "SHA256SUMS").unlink()
    assert redraw(folder).read_bytes() == page
    for name in ("claims", "scorecards"):
        path = folder / f"{name}.json"
        good = path.read_bytes()
        for wrong in ([], None, {}, {name: {}}, {name: [1]}, {name: [{}]}, {name: [{"id": 1, "map": 1}]}):
            path.write_text(json.dumps(wrong))
            with pytest.raises(Damaged, match=path.name):
                redraw(folder)
        path.write_bytes(good)


HUGE = b"\x93NUMPY\x01\x00\xf7\x00{'descr': '|i1', 'fortran_order': False, 'shape': (1000000000, 1000000)}"
STRANGE: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "zip": lambda path: path.write_bytes(b"PK\x03\x04x"),
    "text": lambda path: path.write_text("not at all"),
    "binary": lambda path: path.write_bytes(bytes(range(256))),
    "hdf5": lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n"),
    "numpy": lambda path: path.write_bytes(b"\x93NUMPY\x01\x00"),
    "huge": lambda path: path.write_bytes(HUGE.ljust(256) + b"\n"),
    "folder": lambda path: path.mkdir(),
    "dangling": lambda path: path.symlink_to("nowhere"),
    "loop": lambda path: path.symlink_to(path.name),
}


def refused(path: Path, *words: object, code: int = 2) -> None:
    """The command ends with one line that holds the file's name, and exit code 2."""
    outcome = CliRunner().invoke(cli.app, [str(word) for word in words])
    assert outcome.exception is None or isinstance(outcome.exception, SystemExit), outcome.exception
    assert outcome.exit_code == code, outcome.output
    assert path.name in outcome.stderr
    assert len(outcome.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("strange", STRANGE)
def test_commands_that_read_name_the_strange_file(strange: str, folder: Path, tmp_path: Path) -> None:
    good = tmp_path / "good.nc"
    bs.write_samples(schema.make(spins(4, 5, 6, 6), L), good)
    for suffix in (".nc", ".npy", ".npz"):
        path = tmp_path / f"strange{suffix}"
        STRANGE[strange](path)
        refused(path, "judge", path, "--map", "majority")
        refused(path, "judge", good, "--map", "majority", "--critical", path)
    refused(path, "judge", good, "--map", path)
    for path in files_of(folder):
        kept = path.with_name("kept")
        path.rename(kept)
        STRANGE[strange](path)
        refused(path, "report", folder)
        if path.name == "settings.toml" and path.exists():
            refused(path, "runs", "gc", folder)
            assert CliRunner().invoke(cli.app, ["runs", "list", str(folder.parent)]).exit_code == 0
        if path.name in ("settings.toml", "provenance.json") and path.exists():
            refused(path, "run", "small", "--out", folder)
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        kept.rename(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "s.nc"
    bs.write_samples(schema.make(spins(4, 5, 6, 6), L), path)
    path.chmod(0)
    refused(path, "judge", path, "--map", "majority", code=1)
    for path in files_of(folder):
        path.chmod(0)
        refused(path, "report", folder, code=2 if path.suffix == ".npz" else 1)
        path.chmod(0o644)
