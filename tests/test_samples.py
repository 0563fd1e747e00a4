"""The sample schema and its files: what is kept, what is refused, and that nothing half-written stays."""

from __future__ import annotations

import errno
import os
import pickle
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import blockspin as bs
from blockspin import samples
from blockspin.alphabet import SPINS, Alphabet, labels
from blockspin.files import Damaged
from blockspin.lattice import Lattice


def spins(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).choice(np.array([-1, 1], np.int8), shape)


def test_the_schema() -> None:
    lattice = Lattice.square(3, 4)
    values = spins(5, 6, 3, 4)
    made = samples.make(values, lattice, model={"K": 0.4}, seed=7)
    assert made.dims == ("chain", "draw", "x", "y")
    assert made.dtype == np.int8
    np.testing.assert_array_equal(made.values, values)
    assert samples.lattice_of(made) == lattice
    assert samples.provenance(made)["model"] == {"K": 0.4}
    assert samples.check(made) is made
    flat = samples.make(values.reshape(5, 6, 12).astype(float), lattice)
    np.testing.assert_array_equal(flat.values, values)
    assert samples.make(spins(2, 3, 5), Lattice.chain(5)).dims == ("chain", "draw", "x")


def test_a_part_of_a_periodic_lattice_is_refused() -> None:
    made = samples.make(spins(3, 8, 8, 8), Lattice.square(8))
    with pytest.raises(ValueError, match=r"8x8.*\(4, 8\)"):
        samples.to_matrix(made.isel(x=slice(0, 4)))
    assert samples.check(made.isel(chain=[0], draw=slice(0, 4))).shape == (1, 4, 8, 8)


def test_a_cube_of_numbers_may_be_two_things() -> None:
    with pytest.raises(ValueError, match=r"can be cubic lattices .* or square ones .*; give the lattice's shape"):
        bs.read_samples(spins(10, 4, 4, 4))
    assert samples.lattice_of(bs.read_samples(spins(10, 4, 4, 4), shape=(4, 4, 4))) == Lattice.cubic(4)
    assert bs.read_samples(spins(10, 4, 4, 4), shape=(4, 4)).sizes["draw"] == 4


def test_features_go_chain_by_chain_and_site_by_site() -> None:
    lattice = Lattice.square(3, 4)
    made = samples.make(spins(5, 6, 3, 4), lattice)
    X = samples.to_matrix(made)
    assert X.shape == (30, 12)
    for chain, draw, site in ((0, 0, 0), (2, 3, 7), (4, 5, 11)):
        assert X[6 * chain + draw, site] == made.values[chain, draw, *lattice.coordinates[site]]
    np.testing.assert_array_equal(samples.by_chain(X, made), made.values.reshape(5, 6, 12))


@settings(max_examples=30)
@given(n_chains=st.integers(2, 30), fraction=st.floats(0.05, 0.95), seed=st.integers(0, 100))
def test_a_split_keeps_chains_whole_and_loses_none(n_chains: int, fraction: float, seed: int) -> None:
    number = np.arange(n_chains)[:, None] >> np.arange(5) & 1  # the chain's number is written in its spins
    made = samples.make(np.repeat(2 * number[:, None] - 1, 3, axis=1), Lattice.chain(5))
    if not 0 < round(fraction * n_chains) < n_chains:
        with pytest.raises(ValueError, match="fraction"):
            samples.split(made, fraction, seed=seed)
        return
    first, second = samples.split(made, fraction, seed=seed)
    assert first.sizes["chain"] == round(fraction * n_chains)
    numbers = [(side.values > 0) @ (1 << np.arange(5)) for side in (first, second)]
    assert all((side == side[:, :1]).all() for side in numbers)
    assert sorted(np.concatenate([side[:, 0] for side in numbers])) == list(range(n_chains))
    assert samples.lattice_of(samples.check(second)) == Lattice.chain(5)


def test_the_seed_chooses_the_chains() -> None:
    made = samples.make(spins(20, 2, 6), Lattice.chain(6))
    first = [samples.split(made, 0.5, seed=seed)[0].values for seed in (1, 1, 2)]
    np.testing.assert_array_equal(first[0], first[1])
    assert (first[0] != first[2]).any()


@pytest.mark.parametrize("lattice", [Lattice.square(3, 5), Lattice.square(4), Lattice.chain(9)], ids=str)
def test_a_file_gives_back_what_was_written(lattice: Lattice, tmp_path: Path) -> None:
    made = samples.make(spins(4, 7, *lattice.shape), lattice, model={"K": 0.44}, seed=3, note="β = 1/kT")
    bs.write_samples(made, tmp_path / "s.nc")
    xr.testing.assert_identical(bs.read_samples(tmp_path / "s.nc"), made)
    assert [path.name for path in tmp_path.iterdir()] == ["s.nc"]


def test_a_file_takes_one_bit_a_spin_and_others_may_read_it(tmp_path: Path) -> None:
    bs.write_samples(samples.make(spins(100, 10, 32, 32), Lattice.square(32)), tmp_path / "s.nc")
    assert (tmp_path / "s.nc").stat().st_size < 100 * 10 * 1024 / 8 + 20_000
    assert (tmp_path / "s.nc").stat().st_mode & 0o777 == 0o644


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = samples.make(spins(4, 7, 9), Lattice.chain(9))
    bs.write_samples(made, tmp_path / "s.nc")

    def full_disk(handle: int, data: bytes, at: int) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full_disk)
    for name in ("s.nc", "new.nc"):
        with pytest.raises(OSError, match="No space left"):
            bs.write_samples(-made, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["s.nc"]
    xr.testing.assert_identical(bs.read_samples(tmp_path / "s.nc"), made)


@pytest.mark.parametrize(
    ("shape", "given", "expected"),
    [
        ((5, 6, 4, 3), None, (5, 6, 4, 3)),
        ((5, 4, 3), None, (5, 1, 4, 3)),  # every draw a chain of its own
        ((5, 12), (4, 3), (5, 1, 4, 3)),
        ((5, 6, 12), (4, 3), (5, 6, 4, 3)),
        ((5, 12), (12,), (5, 1, 12)),
        ((5, 6, 12), (12,), (5, 6, 12)),
    ],
)
@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_own_data(
    shape: tuple[int, ...], given: tuple[int, ...] | None, expected: tuple[int, ...], suffix: str, tmp_path: Path
) -> None:
    values, path = spins(*shape), tmp_path / f"own{suffix}"
    for stored in (values, values.astype(float), (values + 1) // 2, values > 0):
        np.save(path, stored) if suffix == ".npy" else np.savez(path, spins=stored)
        found = bs.read_samples(path, shape=given)
        np.testing.assert_array_equal(found.values, values.reshape(expected))
        assert samples.check(found).dtype == np.int8
        assert samples.provenance(found)["source"] == path.name


def test_own_data_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    def read(values: np.ndarray, shape: tuple[int, ...] | None = None) -> xr.DataArray:
        np.save(tmp_path / "own.npy", values)
        return bs.read_samples(tmp_path / "own.npy", shape=shape)

    for values in ([[[-1, 0], [1, 1]]], [[[0, 1], [2, 1]]], [[[0, 0.5], [1, 1]]]):
        with pytest.raises(ValueError, match="alphabet"):
            read(np.array(values))
    with pytest.raises(ValueError, match="spins"):
        read(np.full((3, 4, 4), np.nan))
    with pytest.raises(ValueError, match=r"\(draw.*y\).*\(chain.*y\).*\(5, 16\)"):
        read(spins(5, 16))
    with pytest.raises(ValueError, match=r"12.*\(square 4x3\).*\(5, 16\)"):
        read(spins(5, 16), (4, 3))
    with pytest.raises(ValueError, match="shape"):
        read(spins(5, 8), (2, 2, 2, 2))
    with pytest.raises(ValueError, match="shape"):
        read(spins(5, 4, 1))
    with pytest.raises(ValueError, match=r"\(0.*4, 4\)"):
        read(np.ones((0, 4, 4)))


def test_no_pickle_is_loaded(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "exploded",)  # type: ignore[return-value]

    bomb = np.array([Bomb()], dtype=object)
    np.save(tmp_path / "array.npy", bomb, allow_pickle=True)
    np.savez(tmp_path / "archive.npz", bomb)
    (tmp_path / "raw.npy").write_bytes(pickle.dumps(Bomb()))
    for name in ("array.npy", "archive.npz", "raw.npy"):
        with pytest.raises(ValueError, match="pickle"):
            bs.read_samples(tmp_path / name)
    assert not (tmp_path / "exploded").exists()


def test_files_of_another_kind_are_named(tmp_path: Path) -> None:
    (tmp_path / "text.nc").write_text("not netCDF")
    xr.Dataset({"other": ("x", [1.0])}).to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
    np.savez(tmp_path / "two.npz", a=spins(2, 4, 4), b=spins(2, 4, 4))
    with pytest.raises(ValueError, match=r"text\.nc.*netCDF-4"):
        bs.read_samples(tmp_path / "text.nc")
    with pytest.raises(ValueError, match=r"other\.nc"):
        bs.read_samples(tmp_path / "other.nc")
    with pytest.raises(ValueError, match=r"two\.npz"):
        bs.read_samples(tmp_path / "two.npz")
    with pytest.raises(ValueError, match="path"):
        bs.read_samples(tmp_path / "table.xlsx")
    for name in ("missing.nc", "missing.npy"):
        with pytest.raises(FileNotFoundError, match=name):
            bs.read_samples(tmp_path / name)
    with pytest.raises(ValueError, match="path"):
        bs.write_samples(samples.make(spins(2, 2, 4), Lattice.chain(4)), tmp_path / "s.npy")


def test_what_breaks_the_schema_is_named() -> None:
    lattice = Lattice.square(3, 4)
    made = samples.make(spins(2, 3, 3, 4), lattice)
    with pytest.raises(ValueError, match=r"\(chain.*3, 4\).*\(2, 3, 4, 3\)"):
        samples.make(spins(2, 3, 4, 3), lattice)
    with pytest.raises(ValueError, match=r"values.*1\. Map 0/1.*\*.*-"):
        samples.make((made.values + 1) // 2, lattice)
    with pytest.raises(TypeError, match="samples"):
        samples.check(made.values)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="carry no 'blockspin' attribute"):
        samples.check(made.drop_attrs())
    with pytest.raises(ValueError, match=r"\('chain', 'draw', 'x', 'y'\).*\('draw', 'chain'"):
        samples.check(made.transpose("draw", "chain", "x", "y"))
    with pytest.raises(ValueError, match="must be int8; got float64"):
        samples.check(made.astype(float))
    with pytest.raises(ValueError, match="draw"):
        samples.check(made.isel(draw=slice(0)))
    for wrong in (0, 2, -128):
        with pytest.raises(ValueError, match=rf"got values .*{wrong}"):
            samples.check(made.where(made > 0, np.int8(wrong)))


def potts(q: int, *shape: int, lattice: Lattice | None = None) -> xr.DataArray:
    values = np.random.default_rng(q).integers(0, q, shape, np.int8)
    return samples.make(values, lattice or Lattice.square(*shape[2:]), alphabet=labels(q), model={"K": 1.0})


@pytest.mark.parametrize("q", [2, 3, 4, 5, 8, 9, 10])
@pytest.mark.parametrize("lattice", [Lattice.square(3, 5), Lattice.triangular(4), Lattice.cubic(2, 3, 4)], ids=str)
def test_a_file_gives_back_potts_states(q: int, lattice: Lattice, tmp_path: Path) -> None:
    made = potts(q, 4, 7, *lattice.shape, lattice=lattice)
    bs.write_samples(made, tmp_path / "s.nc")
    found = bs.read_samples(tmp_path / "s.nc")
    xr.testing.assert_identical(found, made)
    assert (samples.alphabet_of(found), found.name, found.dtype) == (labels(q), "state", np.int8)
    assert samples.alphabet_of(samples.make(spins(2, 3, 5), Lattice.chain(5))) == SPINS


@pytest.mark.parametrize(("q", "bits"), [(2, 1), (3, 2), (4, 2), (10, 4)])
def test_potts_states_take_few_bits(q: int, bits: int, tmp_path: Path) -> None:
    bs.write_samples(potts(q, 100, 10, 32, 32), tmp_path / "s.nc")
    assert (tmp_path / "s.nc").stat().st_size < bits * 100 * 10 * 1024 / 8 + 20_000


def test_potts_samples_are_split_by_chain() -> None:
    first, second = samples.split(potts(3, 8, 2, 4, 4), 0.5, seed=1)
    assert samples.alphabet_of(samples.check_any(first)) == samples.alphabet_of(samples.check_any(second)) == labels(3)


@pytest.mark.parametrize("given", [(-1, 0, 1), (0, 1), (-3, -1, 1, 3), (-127, 5), "0,1,2", "-1,1", "labels:2"])
def test_a_file_gives_back_the_letters_of_any_alphabet(given: Any, tmp_path: Path) -> None:
    letters = Alphabet.of(given)
    values = np.random.default_rng(1).choice(letters.values, (3, 4, 5, 6))
    made = samples.make(values, Lattice.square(5, 6), alphabet=given, model={"K": 1.0})
    assert samples.alphabet_of(made) == letters
    bs.write_samples(made, tmp_path / "s.nc")
    xr.testing.assert_identical(bs.read_samples(tmp_path / "s.nc"), made)
    xr.testing.assert_identical(bs.read_samples(tmp_path / "s.nc", alphabet=given), made)
    with pytest.raises(ValueError, match="alphabet"):
        bs.read_samples(tmp_path / "s.nc", alphabet=(-5, 5))
    parts = [samples.packed_bits(made.values[:, at : at + 2].reshape(3, 2, -1), letters) for at in (0, 2)]
    samples.write_packed(parts, tmp_path / "p.nc", Lattice.square(5, 6), (3, 4), alphabet=given, model={"K": 1.0})
    assert (tmp_path / "p.nc").read_bytes() == (tmp_path / "s.nc").read_bytes()
    with pytest.raises(ValueError, match="values"):
        samples.check_any(made.where(made == letters.letters[0], np.int8(77)))


def test_the_attribute_of_spins_and_of_states_is_that_of_earlier_versions() -> None:
    # so that files of spins keep their bytes, and older programs read them
    lattice = {"lattice": {"kind": "chain", "shape": [4]}}
    for values, alphabet, said in (
        ([[[1, -1, 1, 1]]], SPINS, {}),
        ([[[0, 1, 2, 1]]], labels(3), {"states": 3}),
        ([[[0, 1, -1, 1]]], (-1, 0, 1), {"alphabet": [-1, 0, 1]}),
    ):
        assert samples.provenance(samples.make(values, Lattice.chain(4), alphabet=alphabet)) == lattice | said
    with pytest.raises(ValueError, match="states"):  # what an earlier version called them is no provenance
        samples.make([[[1, -1, 1, 1]]], Lattice.chain(4), states=2)


def test_how_own_values_are_read_is_said(tmp_path: Path) -> None:
    bits = np.random.default_rng(1).integers(0, 2, (5, 6, 4, 3))
    read = bs.read_samples(bits)
    np.testing.assert_array_equal(read.values, 2 * bits - 1)
    assert samples.provenance(read)["read_as"] == "0/1 became -1/+1"
    assert "read_as" not in samples.provenance(bs.read_samples(2 * bits - 1))
    for alphabet in ((0, 1), "0,1", labels(2)):
        kept = bs.read_samples(bits, alphabet=alphabet)
        np.testing.assert_array_equal(kept.values, bits)
        assert samples.alphabet_of(kept) == Alphabet.of(alphabet)
        assert "read_as" not in samples.provenance(kept)
        as_spins = samples.as_spins(kept)
        np.testing.assert_array_equal(as_spins.values, read.values)
        assert samples.alphabet_of(samples.check(as_spins)) == SPINS
    np.save(tmp_path / "own.npy", bits + 1)
    assert samples.alphabet_of(bs.read_samples(tmp_path / "own.npy", alphabet="1,2")) == Alphabet((1, 2))
    for values in (bits - (bits == 0) * np.arange(3), bits + 1, np.where(bits, 2, 0), bits * 0.5):
        with pytest.raises(ValueError, match="values"):
            bs.read_samples(values)
    with pytest.raises(ValueError, match="two letters"):
        samples.as_spins(bs.read_samples(bits, alphabet=(0, 1, 2)))


def test_read_as_spins_a_model_of_other_values_is_forgotten() -> None:
    gas = samples.make([[[0, 1, 1, 0]]], Lattice.chain(4), alphabet=(0, 1), model={"model": "gas"}, seed=3)
    stored = samples.provenance(samples.as_spins(gas))
    assert "model" not in stored
    assert stored["seed"] == 3


def test_states_that_are_none_are_named(tmp_path: Path) -> None:
    made = potts(3, 4, 5, 4, 4)
    for wrong in (-1, 3, 100):
        with pytest.raises(ValueError, match=rf"labels 0\.\.2; got values .*{wrong}"):
            samples.check_any(made.where(made > 0, np.int8(wrong)))
    for q in (1, 128, 2.0, True):
        with pytest.raises(ValueError, match="number of states q"):
            labels(q)
    with pytest.raises(ValueError, match=r"got values 0, 1, 2"):
        samples.make(made.values, Lattice.square(4))
    bs.write_samples(made, tmp_path / "s.nc")  # a file whose bits say 3 where q = 3
    with xr.load_dataset(tmp_path / "s.nc", engine="h5netcdf") as stored:
        stored["packed"][0, 0, 0] = 255
        stored.to_netcdf(tmp_path / "bad.nc", engine="h5netcdf")
    with pytest.raises(Damaged, match=r"labels 0\.\.2"):
        bs.read_samples(tmp_path / "bad.nc")


def test_what_needs_spins_refuses_other_letters() -> None:
    made = potts(2, 4, 5, 8, 8)  # q = 2: values 0/1, the easiest to misread
    gas = samples.make(made.values, Lattice.square(8), alphabet=(0, 1))
    judged = partial(bs.judge, bs.Majority(Lattice.square(8), 2))
    for use in (samples.check, judged):
        with pytest.raises(ValueError, match=r"0\.\.1$"):
            use(made)
        with pytest.raises(ValueError, match=r"samples\.as_spins"):
            use(gas)
    for letters in (made, gas):
        with pytest.raises(ValueError, match="spins"):
            bs.rg.exponents(letters, bs.Majority, 1)  # a rule of spins; labels take bs.rules.Plurality
    np.testing.assert_array_equal(samples.to_matrix(made), made.values.reshape(20, -1))
