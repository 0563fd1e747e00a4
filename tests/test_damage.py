"""Files that are cut, garbled, swapped or foreign: the right result, bit for bit, or one error that names the file."""

from __future__ import annotations

import importlib
import json
import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr

import blockspin as bs
from blockspin import samples as schema
from blockspin.alphabet import Alphabet
from blockspin.files import Damaged
from damage import TIERS, check_every_accident, damaged, names

L = bs.Lattice.square(6)


def spins(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).choice(np.array([-1, 1], np.int8), shape)


@pytest.mark.parametrize("n", TIERS)
@pytest.mark.parametrize("letters", ["-1,1", "labels:3", "-1,0,1"])
def test_a_sample_file_gives_its_samples_or_its_name(n: int, letters: str, tmp_path: Path) -> None:
    alphabet = Alphabet.of(letters)
    values = np.random.default_rng(1).choice(alphabet.values, (7, 8, 6, 6))
    made, path = schema.make(values, L, alphabet=alphabet, model={"K": 0.4}), tmp_path / "s.nc"
    bs.write_samples(made, path)

    def use() -> None:
        xr.testing.assert_identical(bs.read_samples(path), made)
        xr.testing.assert_identical(xr.concat(schema.parts(path, 3), "draw"), made)
        with schema.opened(path) as stored:
            assert dict(stored.sizes) == {"chain": 7, "draw": 8, "byte": 5 if alphabet.q == 2 else 9}
            assert stored.settings == schema.provenance(made)

    use()
    check_every_accident(path, n, use, Damaged)


@pytest.mark.parametrize("n", TIERS)
@pytest.mark.parametrize("name", ["a.npz", "b.npz", "a.npy"])
def test_an_own_array_is_read_or_named(n: int, name: str, tmp_path: Path) -> None:
    values, path = spins(5, 6, 6), tmp_path / name
    save = {"a.npz": np.savez, "b.npz": np.savez_compressed, "a.npy": np.save}[name]
    save(path, values)

    def use() -> None:
        found = bs.read_samples(path).values
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

        bs.sample(bs.Ising(L, 0.4), 24, progress=impatient, out=target, **wanted)

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


def test_a_foreign_weights_file_is_given_the_way_in(tmp_path: Path) -> None:
    path = tmp_path / "w.npz"
    for arrays in ({}, {"W": np.ones((2, 3))}, {"header": np.array(1)}, {"header": np.array('{"format": 1}')}):
        np.savez(path, **arrays)
        for kind in (bs.RBM, bs.ConvolutionalRBM):
            with pytest.raises(Damaged, match=rf"w\.npz.*{kind.__name__}\.from_weights"):
                kind.load(path)


def test_sixteen_spins_turned_over_are_seen(tmp_path: Path) -> None:
    """0xFFFF for 0x0000, which HDF5's own sum cannot tell apart: what an erased sector does to an ordered lattice."""
    path, values = tmp_path / "s.nc", np.ones((2, 8, 8, 8), np.int8)
    values[0, 0] = -1
    bs.write_samples(schema.make(values, bs.Lattice.square(8)), path)
    good = path.read_bytes()
    place = good.index(bytes(8) + b"\xff" * 16) + 8
    spoilt = good[: place + 8] + bytes(2) + good[place + 10 :]
    path.write_bytes(spoilt)
    with pytest.raises(Damaged, match=path.name):
        bs.read_samples(path)
    path.write_bytes(spoilt[: spoilt.index(b"\nblockspin sha256 ")])  # without the seal
    assert (bs.read_samples(path).values != values).sum() == 16


def test_every_flipped_bit_of_a_sample_file_is_seen(tmp_path: Path) -> None:
    """Bytes of the spins, the attribute and the seal."""
    path = tmp_path / "s.nc"
    ordered = np.ones((2, 4, 6, 6), np.int8)
    bs.write_samples(schema.make(ordered, L, model={"K": 0.9}), path)
    good = path.read_bytes()
    for place in range(len(good) - 900, len(good), 7):
        path.write_bytes(good[:place] + bytes([good[place] ^ 0x10]) + good[place + 1 :])
        with pytest.raises(Damaged, match=path.name):
            bs.read_samples(path)


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
    xr.testing.assert_identical(bs.read_samples(path), made)
    stray = packed.copy()
    stray[0, 0, -1] |= 1  # 36 sites leave 4 bits of the fifth byte
    attributes: list[Any] = [
        {"lattice": {"kind": "square", "shape": [8, 8]}}, {"lattice": {"kind": "square", "shape": [5, 5]}},
        {"lattice": {"kind": "square", "shape": [6]}}, {"lattice": {"kind": "cube", "shape": [6, 6]}},
        {"lattice": {"kind": "square", "shape": 36}}, {"lattice": 36}, {"lattice": None}, {}, [], 3, "{", "null",
        {"lattice": {"kind": ["square"], "shape": [6, 6]}}, {"lattice": {"kind": "square", "shape": ["6", "6"]}},
        {"lattice": {"kind": "square", "shape": [10**9, 10**9]}}, {"lattice": square, "values": 1},
        *({"lattice": square, "states": q} for q in (1, 128, "3", True, [3], 3.0, 10**30)),
        *({"lattice": square, "alphabet": a} for a in ([1], [1, -1], [0, 128], "01", 3, [0, 0.5], [[0, 1]], [0, True])),
    ]  # fmt: skip
    arrays = [stray, packed[:, :, :4], packed[:0], packed[0], packed.astype(float), packed.astype(np.int8)]
    for settings, array in [*((one, packed) for one in attributes), *(({"lattice": square}, one) for one in arrays)]:
        plain_file(path, settings if isinstance(settings, str) else json.dumps(settings), array)
        for use in (bs.read_samples, lambda path: list(schema.parts(path, 2))):
            with pytest.raises(Damaged, match=path.name):
                use(path)


def test_the_same_samples_give_the_same_bytes_however_they_come(tmp_path: Path) -> None:
    made = schema.make(spins(3, 50, 6, 6), L, model={"K": 0.4})
    bs.write_samples(made, tmp_path / "a.nc")
    bs.write_samples(bs.read_samples(tmp_path / "a.nc"), tmp_path / "b.nc")
    packed = schema.packed_bits(made.values.reshape(3, 50, -1))
    for n in (1, 7, 50):
        pieces = (packed[:, first : first + n] for first in range(0, 50, n))
        schema.write_packed(pieces, tmp_path / "c.nc", L, (3, 50), model={"K": 0.4})
        assert (tmp_path / "c.nc").read_bytes() == (tmp_path / "b.nc").read_bytes()
    assert (tmp_path / "a.nc").read_bytes() == (tmp_path / "b.nc").read_bytes()
    assert (tmp_path / "a.nc").stat().st_size < packed.size + 12_000
    with h5py.File(tmp_path / "a.nc") as file:
        assert file["packed"].fletcher32
