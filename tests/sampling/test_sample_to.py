"""`sample` with out=: the same draws, in a file, however often it is interrupted."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import blockspin as bs
from blockspin import locks
from blockspin import samples as schema
from blockspin.lattice import Lattice
from blockspin.models import Ising
from blockspin.sampling import sample
from blockspin.sampling.parts import Parts

MODEL = Ising(Lattice.square(6, 4), 0.4)


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("blockspin.sampling.sample"), "PART", 24 * 20 * 3)  # 3 draws


@pytest.mark.parametrize("algorithm", ["multi-spin", "swendsen-wang", "wolff", "heat-bath"])
def test_the_file_holds_the_draws_of_sample(tmp_path: Path, algorithm: str) -> None:
    path = sample(MODEL, 200, out=tmp_path / "s.nc", seed=3, chains=20, algorithm=algorithm)
    xr.testing.assert_identical(bs.read_samples(path), sample(MODEL, 200, seed=3, chains=20, algorithm=algorithm))
    assert [entry.name for entry in tmp_path.iterdir()] == ["s.nc"]


def test_independent_draws_and_a_field(tmp_path: Path) -> None:
    for k, model in enumerate((Ising(MODEL.lattice, 0.0), Ising(MODEL.lattice, 0.3, 0.1))):
        path = sample(model, 100, out=tmp_path / f"{k}.nc", seed=1)
        xr.testing.assert_identical(bs.read_samples(path), sample(model, 100, seed=1))


@pytest.mark.parametrize("algorithm", ["multi-spin", "wolff"])
def test_interrupted_again_and_again_it_ends_with_the_same_bytes(tmp_path: Path, algorithm: str) -> None:
    whole = sample(MODEL, 200, out=tmp_path / "whole.nc", seed=3, chains=20, algorithm=algorithm)
    path, interruptions = tmp_path / "s.nc", 0
    for patience in (0, 2, 4, 5, 9, 9, 9, 99):
        calls = 0

        def impatient(fraction: float, text: str, patience: int = patience) -> None:
            nonlocal calls
            calls += 1
            if calls > patience:
                raise KeyboardInterrupt

        try:
            sample(MODEL, 200, out=path, seed=3, chains=20, algorithm=algorithm, progress=impatient)
        except KeyboardInterrupt:
            interruptions += 1
            assert not path.exists()
    assert interruptions >= 3
    assert path.read_bytes() == whole.read_bytes()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["s.nc", "whole.nc"]


def test_a_finished_file_is_left_alone(tmp_path: Path) -> None:
    path = sample(MODEL, 60, out=tmp_path / "s.nc", seed=3, chains=20)
    before = path.stat().st_mtime_ns
    assert sample(MODEL, 60, out=path, seed=3, chains=20) == path
    assert path.stat().st_mtime_ns == before


def test_a_finished_file_of_other_samples_is_refused(tmp_path: Path) -> None:
    path = sample(MODEL, 60, out=tmp_path / "s.nc", seed=3, chains=20, spacing=2)
    for change, why in (
        ({"seed": 4}, "seed is 3 there, requested is 4"),
        ({"n": 80}, "draws is 3 there, requested is 4"),
        ({"spacing": 1}, "spacing is 2 there, requested is 1"),
        ({"model": Ising(MODEL.lattice, 0.3)}, "model K is 0.4 there, requested is 0.3"),
    ):
        asked = {"model": MODEL, "n": 60, "seed": 3, "chains": 20, "spacing": 2} | change
        with pytest.raises(ValueError, match=rf"s\.nc holds other samples: {why}"):
            sample(out=path, **asked)  # type: ignore[arg-type]


@pytest.mark.parametrize("algorithm", ["multi-spin", "swendsen-wang"])
def test_parts_go_by_time_too_and_change_no_draw(
    tmp_path: Path, algorithm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = sample(MODEL, 200, out=tmp_path / "whole.nc", seed=3, chains=20, algorithm=algorithm)
    monkeypatch.setattr(importlib.import_module("blockspin.sampling.sample"), "PART_SECONDS", 0.0)

    def stop(fraction: float, text: str) -> None:
        if text.startswith("160 configurations"):
            raise KeyboardInterrupt

    path = tmp_path / "s.nc"
    with pytest.raises(KeyboardInterrupt):
        sample(MODEL, 200, out=path, seed=3, chains=20, algorithm=algorithm, progress=stop)
    assert len(list((tmp_path / "s.nc.parts").glob("part-*.npz"))) == 8  # a draw each, where three fill a part
    sample(MODEL, 200, out=path, seed=3, chains=20, algorithm=algorithm)
    assert path.read_bytes() == whole.read_bytes()


def test_parts_of_other_samples_are_refused(tmp_path: Path) -> None:
    def stop(fraction: float, text: str) -> None:
        if fraction > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sample(MODEL, 200, out=tmp_path / "s.nc", seed=3, chains=20, progress=stop)
    with pytest.raises(ValueError, match=r"s\.nc\.parts.*seed.*3.*4"):
        sample(MODEL, 200, out=tmp_path / "s.nc", seed=4, chains=20)
    with pytest.raises(ValueError, match=r"s\.npz"):
        sample(MODEL, 200, out=tmp_path / "s.npz", seed=4)


def test_a_file_can_be_read_part_by_part(tmp_path: Path) -> None:
    path = sample(MODEL, 200, out=tmp_path / "s.nc", seed=3, chains=20)
    whole, pieces = bs.read_samples(path), list(schema.parts(path, 4))
    assert [piece.sizes["draw"] for piece in pieces] == [4, 4, 2]
    for piece in pieces:
        schema.check(piece)
    np.testing.assert_array_equal(np.concatenate([piece.values for piece in pieces], axis=1), whole.values)
    with pytest.raises(ValueError, match="draws"):
        next(schema.parts(path, 0))


def stop_at(fraction: float) -> Callable[[float, str], None]:
    def stop(done: float, text: str) -> None:
        if done > fraction:
            raise KeyboardInterrupt

    return stop


def begun(path: Path, seed: int = 3) -> Path:
    """The folder of parts of an interrupted call: two parts and more."""
    with pytest.raises(KeyboardInterrupt):
        sample(MODEL, 200, out=path, seed=seed, chains=20, progress=stop_at(0.7))
    return path.with_name(f"{path.name}.parts")


def test_a_second_process_is_kept_out(tmp_path: Path) -> None:
    whole = sample(MODEL, 200, out=tmp_path / "whole.nc", seed=3, chains=20)
    path, refused = tmp_path / "s.nc", 0

    def again(fraction: float, text: str) -> None:
        nonlocal refused
        for seed in (3, 4):
            with pytest.raises(BlockingIOError, match=r"s\.nc"):
                sample(MODEL, 200, out=path, seed=seed, chains=20)
        refused += 1

    sample(MODEL, 200, out=path, seed=3, chains=20, progress=again)
    assert refused > 5
    assert path.read_bytes() == whole.read_bytes()
    assert not path.with_name("s.nc.parts").exists()


def test_who_comes_as_the_other_ends_finds_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, enter = tmp_path / "s.nc", Parts.__enter__

    def late(parts: Parts) -> Parts:
        monkeypatch.setattr(Parts, "__enter__", enter)
        sample(MODEL, 60, out=path, seed=3, chains=20)
        path.touch()
        times.append(path.stat().st_mtime_ns)
        return enter(parts)

    times: list[int] = []
    monkeypatch.setattr(Parts, "__enter__", late)
    sample(MODEL, 60, out=path, seed=3, chains=20)
    assert [path.stat().st_mtime_ns] == times
    assert [entry.name for entry in tmp_path.iterdir()] == ["s.nc"]


def test_a_folder_that_goes_between_two_steps_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = locks.claim

    def gone(path: Path) -> locks.Claim | None:
        monkeypatch.setattr(locks, "claim", claim)
        path.parent.rmdir()
        return claim(path)

    monkeypatch.setattr(locks, "claim", gone)
    sample(MODEL, 60, out=tmp_path / "s.nc", seed=3, chains=20)
    assert [entry.name for entry in tmp_path.iterdir()] == ["s.nc"]


def test_without_locks_parts_of_another_call_are_found(tmp_path: Path) -> None:
    other = begun(tmp_path / "other.nc", seed=4)
    folder = begun(tmp_path / "s.nc")
    first, second = folder / "part-0000.npz", folder / "part-0001.npz"

    def swap() -> None:
        first.rename(folder / "aside")
        second.rename(first)
        (folder / "aside").rename(second)

    def without_draws() -> None:
        with np.load(first, allow_pickle=False) as stored:
            arrays = dict(stored)
        del arrays["draws"]
        np.savez(first, **arrays)

    for damage, named in (
        (swap, first),
        (lambda: shutil.copy(first, second), second),
        (lambda: shutil.copy(other / second.name, second), second),
        (without_draws, first),
    ):
        before = {path: path.read_bytes() for path in folder.iterdir()}
        damage()
        with pytest.raises(ValueError, match=named.name):
            sample(MODEL, 200, out=tmp_path / "s.nc", seed=3, chains=20)
        for path, content in before.items():
            path.write_bytes(content)
    state = (folder / "state.npz").read_bytes()
    sample(MODEL, 200, out=tmp_path / "s.nc", seed=3, chains=20)
    # a state that is ahead of its parts: the last of them holds fewer draws than it says
    folder = begun(tmp_path / "t.nc")
    (folder / "state.npz").write_bytes(state)
    with np.load(folder / "part-0001.npz", allow_pickle=False) as stored:
        arrays = dict(stored)
    arrays["draws"] = arrays["draws"] - [0, 1]
    np.savez(folder / "part-0001.npz", **arrays)
    with pytest.raises(ValueError, match="part-000"):
        sample(MODEL, 200, out=tmp_path / "t.nc", seed=3, chains=20)


def test_what_ended_before_its_first_state_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        sample(MODEL, 200, out=tmp_path / "s.nc", seed=3, chains=20, progress=stop_at(-1.0))
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "s.nc.parts").mkdir()
    (tmp_path / "s.nc.parts" / "settings.json").write_text("{}")  # killed there by another request
    sample(MODEL, 60, out=tmp_path / "s.nc", seed=3, chains=20)
    assert [entry.name for entry in tmp_path.iterdir()] == ["s.nc"]


def test_a_file_is_overwritten_when_the_new_draws_are_there(tmp_path: Path) -> None:
    path = sample(MODEL, 60, out=tmp_path / "s.nc", seed=3, chains=20)
    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt):
        sample(MODEL, 200, out=path, seed=4, chains=20, progress=stop_at(0.7), overwrite=True)
    with pytest.raises(ValueError, match="chains"):
        sample(MODEL, 200, out=path, seed=4, chains=0, overwrite=True)
    assert path.read_bytes() == before
    sample(MODEL, 200, out=path, seed=4, chains=20, overwrite=True)
    xr.testing.assert_identical(bs.read_samples(path), sample(MODEL, 200, seed=4, chains=20))
    assert [entry.name for entry in tmp_path.iterdir()] == ["s.nc"]
