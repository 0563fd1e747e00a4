"""Files that are cut, garbled, swapped or foreign: the right result, bit for bit, or one error that names the file.

`damaged` spoils bytes in a dozen ways; the fast tier tries some 30 of each kind of file, the slow one 1,000.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import h5py
import numpy as np
import pytest
import xarray as xr
from pydantic import BaseModel, ConfigDict
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent / "runs"))

import toy_tasks

import blockspin as bs
from blockspin import cli, experiments
from blockspin import samples as schema
from blockspin.experiments.about import Folder, concluded
from blockspin.experiments.keeping import collect, overview
from blockspin.experiments.results import read_results
from blockspin.experiments.run import prepare, redraw, run
from blockspin.files import Damaged
from blockspin.report.page import render
from blockspin.runs.settings import SettingsError
from blockspin.runs.store import ResultError, Store
from blockspin.runs.task import Task

L = bs.Lattice.square(6)
TIERS = [pytest.param(30, id="30"), pytest.param(1000, id="1000", marks=pytest.mark.slow)]
WRONG: list[Any] = [None, True, -1, 0.5, 10**30, "", "x", [], [1], {}, {"a": 1}, [None]]


def spins(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).choice(np.array([-1, 1], np.int8), shape)


def damaged(good: bytes, random: np.random.Generator) -> bytes:
    """The bytes of a file after an accident."""
    ways = [_cut, _flipped, _flipped, _noise, _erased, _swapped, _appended, _repeated]
    if good.lstrip()[:1] == b"{":
        ways += [_wrong_value] * 6
    return ways[random.integers(len(ways))](good, random)


def _cut(good: bytes, random: np.random.Generator) -> bytes:
    return good[: random.integers(len(good))]


def _flipped(good: bytes, random: np.random.Generator) -> bytes:
    spoilt = bytearray(good)
    for place in random.integers(0, len(good), random.integers(1, 4)):
        spoilt[place] ^= 1 << int(random.integers(8))
    return bytes(spoilt)


def _noise(good: bytes, random: np.random.Generator) -> bytes:
    first, last = _span(good, random)
    return good[:first] + random.bytes(last - first) + good[last:]


def _erased(good: bytes, random: np.random.Generator) -> bytes:
    first, last = _span(good, random)
    return good[:first] + bytes([[0, 255][random.integers(2)]]) * (last - first) + good[last:]


def _swapped(good: bytes, random: np.random.Generator) -> bytes:
    a, b, c, d = sorted(random.integers(0, len(good), 4))
    return good[:a] + good[c:d] + good[b:c] + good[a:b] + good[d:]


def _appended(good: bytes, random: np.random.Generator) -> bytes:
    return good + random.bytes(random.integers(1, 200))


def _repeated(good: bytes, random: np.random.Generator) -> bytes:
    first, last = _span(good, random)
    return good[:last] + good[first:]


def _wrong_value(good: bytes, random: np.random.Generator) -> bytes:
    """JSON with one value of a wrong kind, however deep."""
    stored = json.loads(good)
    places = list(_places(stored))
    inside, key = places[random.integers(len(places))]
    inside[key] = WRONG[random.integers(len(WRONG))]
    return json.dumps(stored).encode()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key, entry in value.items() if isinstance(value, dict) else enumerate(value):
        yield value, key
        if isinstance(entry, (dict, list)):
            yield from _places(entry)


def _span(good: bytes, random: np.random.Generator) -> tuple[int, int]:
    first = int(random.integers(len(good)))
    return first, min(len(good), first + int(2 ** random.uniform(0, 9)))


@contextmanager
def names(path: Path, *errors: type[Exception]) -> Iterator[None]:
    """What is raised is one of these errors, in one line that holds the name of the file."""
    said = path.name
    try:
        yield
    except errors as error:
        said = str(error)
    assert path.name in said
    assert "\n" not in said


def check_every_accident(path: Path, n: int, use: Callable[[], None], *errors: type[Exception]) -> None:
    """`use` raises one of the errors or nothing, however the file is damaged; the file is then put back."""
    good, random = path.read_bytes(), np.random.default_rng(len(path.name))
    for number in range(n):
        path.write_bytes(damaged(good, random))
        try:
            with names(path, *errors):
                use()
        except BaseException as error:
            error.add_note(f"accident {number} of {path.name}")
            raise
    path.write_bytes(good)


@pytest.mark.parametrize("n", TIERS)
@pytest.mark.parametrize("q", [None, 3])
def test_a_sample_file_gives_its_samples_or_its_name(n: int, q: int | None, tmp_path: Path) -> None:
    values = spins(7, 8, 6, 6) if q is None else np.random.default_rng(1).integers(0, q, (7, 8, 6, 6))
    made, path = schema.make(values, L, states=q, model={"K": 0.4}), tmp_path / "s.nc"
    bs.write(made, path)

    def use() -> None:
        xr.testing.assert_identical(bs.read(path), made)
        xr.testing.assert_identical(xr.concat(schema.parts(path, 3), "draw"), made)
        assert schema.sizes(path) == {"chain": 7, "draw": 8, "byte": 5 if q is None else 9}
        assert schema.provenance_of(path) == schema.provenance(made)

    use()
    check_every_accident(path, n, use, Damaged)


@pytest.mark.parametrize("n", TIERS)
@pytest.mark.parametrize("name", ["a.npz", "b.npz", "a.npy"])
def test_an_own_array_is_read_or_named(n: int, name: str, tmp_path: Path) -> None:
    values, path = spins(5, 6, 6), tmp_path / name
    save = {"a.npz": np.savez, "b.npz": np.savez_compressed, "a.npy": np.save}[name]
    save(path, values)

    def use() -> None:
        found = bs.read(path).values
        if path.suffix == ".npz":  # which has checksums; .npy has none
            np.testing.assert_array_equal(found[:, 0], values)

    check_every_accident(path, n, use, ValueError)


@pytest.mark.parametrize("n", TIERS)
def test_weights_are_the_same_or_named(n: int, tmp_path: Path) -> None:
    machine = bs.RBM.from_weights(np.random.default_rng(1).normal(size=(4, 9)), units="spin", random_state=1)
    path = tmp_path / "w.npz"
    machine.save(path)

    def use() -> None:
        found = bs.RBM.load(path)
        assert found.components_.tobytes() == machine.components_.tobytes()
        assert found.get_params() == machine.get_params()

    check_every_accident(path, n, use, Damaged)


@pytest.mark.parametrize("n", TIERS)
def test_parts_go_on_to_the_same_file_or_are_named(n: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("blockspin.sampling.sample"), "PART", 36 * 4 * 2)  # two draws
    whole, path = tmp_path / "whole.nc", tmp_path / "s.nc"
    wanted: dict[str, Any] = {"seed": 1, "chains": 4, "algorithm": "heat-bath", "spacing": 1, "equilibration": 2}

    def draw(target: Path, patience: int = 10**9) -> None:
        calls = 0

        def impatient(fraction: float, text: str) -> None:
            nonlocal calls
            calls += 1
            if calls > patience:
                raise KeyboardInterrupt

        bs.sample_to(target, bs.Ising(L, 0.4), 24, progress=impatient, **wanted)

    draw(whole)
    with pytest.raises(KeyboardInterrupt):
        draw(path, 5)
    folder = path.with_name("s.nc.parts")
    kept = tmp_path / "kept"
    shutil.copytree(folder, kept)
    for name in ("settings.json", "state.npz", "part-0001.npz"):
        good, random = (kept / name).read_bytes(), np.random.default_rng(len(name))
        for _ in range(n // 3):
            shutil.rmtree(folder, ignore_errors=True)
            path.unlink(missing_ok=True)
            shutil.copytree(kept, folder)
            (folder / name).write_bytes(damaged(good, random))
            with names(folder, ValueError):
                draw(path)
                assert path.read_bytes() == whole.read_bytes()


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")
    samples: int = 2
    label: str = "small"


@dataclass
class Small:
    """An experiment whose page shows all that a folder holds."""

    name: ClassVar[str] = "small"
    summary: ClassVar[str] = "a made-up experiment"
    presets: ClassVar[dict[str, dict[str, Any]]] = {"quick": {}}
    Settings = Settings

    def tasks(self, settings: Settings, seed: int) -> list[Task]:
        return toy_tasks.graph(settings.samples, seed)

    def conclude(self, settings: Settings, seed: int, store: Store) -> dict[str, Any]:
        total = float(store.load(self.tasks(settings, seed)[0]).arrays["total"].sum())
        row = {"name": "sum", "value": total, "error": None, "passed": True}
        return {
            "scorecards": [{"map": "m", "verdict": "cannot tell", "criteria": [row]}],
            "claims": [{"id": "S-1", "text": "t", "status": "partly", "why": "w", "source": "s"}],
        }

    def results(self, settings: Settings, seed: int, store: Store) -> dict[str, xr.Dataset]:
        return {"": xr.Dataset({"numbers": ("x", np.arange(5.0))})}

    def page(self, folder: Path) -> str:
        found = Folder(folder)
        card = concluded(folder, "scorecards")[0]["criteria"][0]
        total = found.store.load(self.tasks(Settings(**found.stored["settings"]), found.stored["seed"])[0])
        text = f"{card['value']} {total.arrays['total'].sum()} {read_results(folder)['numbers'].values}"
        return render("small", [text], [found.claims_section("lead"), found.about_section()])


EXPERIMENT = Small()


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
        for spoil in (_cut, _flipped, _erased):
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


def refused(path: Path, *words: object) -> None:
    """The command ends with one line that holds the file's name, and exit code 2."""
    outcome = CliRunner().invoke(cli.app, [str(word) for word in words])
    assert outcome.exception is None or isinstance(outcome.exception, SystemExit), outcome.exception
    assert outcome.exit_code == 2, outcome.output
    assert path.name in outcome.stderr
    assert len(outcome.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("strange", STRANGE)
def test_commands_that_read_name_the_strange_file(strange: str, folder: Path, tmp_path: Path) -> None:
    good = tmp_path / "good.nc"
    bs.write(schema.make(spins(4, 5, 6, 6), L), good)
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
    bs.write(schema.make(spins(4, 5, 6, 6), L), path)
    path.chmod(0)
    refused(path, "judge", path, "--map", "majority")
    for path in files_of(folder):
        path.chmod(0)
        refused(path, "report", folder)
        path.chmod(0o644)


def test_a_foreign_weights_file_is_given_the_way_in(tmp_path: Path) -> None:
    path = tmp_path / "w.npz"
    for arrays in ({}, {"W": np.ones((2, 3))}, {"header": np.array(1)}, {"header": np.array('{"format": 1}')}):
        np.savez(path, **arrays)
        for kind in (bs.RBM, bs.ConvolutionalRBM):
            with pytest.raises(Damaged, match=rf"w\.npz.*{kind.__name__}\.from_weights"):
                kind.load(path)


def test_every_flipped_bit_of_a_sample_file_is_seen(tmp_path: Path) -> None:
    """Each byte of the spins, the attribute and the seal; HDF5's own sums take 0xFFFF for 0x0000."""
    path = tmp_path / "s.nc"
    ordered = np.ones((2, 4, 6, 6), np.int8)
    bs.write(schema.make(ordered, L, model={"K": 0.9}), path)
    good = path.read_bytes()
    for place in range(len(good) - 900, len(good), 7):
        path.write_bytes(good[:place] + bytes([good[place] ^ 0x10]) + good[place + 1 :])
        with pytest.raises(Damaged, match=path.name):
            bs.read(path)


def plain_file(path: Path, settings: dict[str, Any] | str, packed: np.ndarray) -> None:
    """A file as earlier versions wrote it, without checksums, of any content."""
    with h5py.File(path, "w") as file:
        file["packed"] = packed
        file.attrs["blockspin"] = settings if isinstance(settings, str) else json.dumps(settings)


def test_a_file_without_checksums_opens_where_its_sizes_agree(tmp_path: Path) -> None:
    path, made = tmp_path / "s.nc", schema.make(spins(3, 4, 6, 6), L)
    packed = schema.packed_bits(made.values.reshape(3, 4, -1))
    square = {"kind": "square", "shape": [6, 6]}
    plain_file(path, {"lattice": square}, packed)
    xr.testing.assert_identical(bs.read(path), made)
    stray = packed.copy()
    stray[0, 0, -1] |= 1  # 36 sites leave 4 bits of the fifth byte
    attributes: list[Any] = [
        {"lattice": {"kind": "square", "shape": [8, 8]}}, {"lattice": {"kind": "square", "shape": [5, 5]}},
        {"lattice": {"kind": "square", "shape": [6]}}, {"lattice": {"kind": "cube", "shape": [6, 6]}},
        {"lattice": {"kind": "square", "shape": 36}}, {"lattice": 36}, {"lattice": None}, {}, [], 3, "{", "null",
        {"lattice": {"kind": ["square"], "shape": [6, 6]}}, {"lattice": {"kind": "square", "shape": ["6", "6"]}},
        {"lattice": {"kind": "square", "shape": [10**9, 10**9]}}, {"lattice": square, "values": 1},
        *({"lattice": square, "states": q} for q in (1, 128, "3", True, [3], 3.0, 10**30)),
    ]  # fmt: skip
    arrays = [stray, packed[:, :, :4], packed[:0], packed[0], packed.astype(float), packed.astype(np.int8)]
    for settings, array in [*((one, packed) for one in attributes), *(({"lattice": square}, one) for one in arrays)]:
        plain_file(path, settings if isinstance(settings, str) else json.dumps(settings), array)
        for use in (bs.read, lambda path: list(schema.parts(path, 2))):
            with pytest.raises(Damaged, match=path.name):
                use(path)


def test_the_same_samples_give_the_same_bytes_however_they_come(tmp_path: Path) -> None:
    made = schema.make(spins(3, 50, 6, 6), L, model={"K": 0.4})
    bs.write(made, tmp_path / "a.nc")
    bs.write(bs.read(tmp_path / "a.nc"), tmp_path / "b.nc")
    packed = schema.packed_bits(made.values.reshape(3, 50, -1))
    for n in (1, 7, 50):
        pieces = (packed[:, first : first + n] for first in range(0, 50, n))
        schema.write_packed(pieces, tmp_path / "c.nc", L, (3, 50), model={"K": 0.4})
        assert (tmp_path / "c.nc").read_bytes() == (tmp_path / "b.nc").read_bytes()
    assert (tmp_path / "a.nc").read_bytes() == (tmp_path / "b.nc").read_bytes()
    assert (tmp_path / "a.nc").stat().st_size < packed.size + 12_000
    with h5py.File(tmp_path / "a.nc") as file:
        assert file["packed"].fletcher32
