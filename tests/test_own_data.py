"""Data of one's own: every format and order of axes gives the same samples, and every refusal names what to give."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

import blockspin as bs
from blockspin import memory
from blockspin import samples as schema
from blockspin.alphabet import SPINS, Alphabet, labels
from blockspin.judging import CRITERIA, evidence
from blockspin.judging.examine import examine

L16 = bs.Lattice.square(16)


def spins(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).choice(np.array([-1, 1], np.int8), shape)


X = spins(40, 6, 4)  # independent configurations of a 6 x 4 lattice
FLAT = X.reshape(40, 24)


def saved(folder: Path, name: str) -> Any:
    path = folder / name
    if path.suffix == ".npy":
        np.save(path, FLAT)
    elif path.suffix == ".npz":
        np.savez_compressed(path, spins=FLAT)
    elif path.suffix in (".h5", ".hdf5"):
        with h5py.File(path, "w") as file:
            file.create_dataset("run/spins", data=FLAT, compression="gzip")
            file.create_dataset("L", data=4)  # a number is no data
    elif name == "header.csv":
        pd.DataFrame(FLAT, columns=[f"s{i}" for i in range(24)]).to_csv(path)  # with an index that has no name
    elif path.suffix == ".csv":
        np.savetxt(path, FLAT, fmt="%d", delimiter="," if name == "plain.csv" else ";")
    else:
        np.savetxt(path, FLAT, fmt="%d", header="spins of one run")
    return path


FILES = ("a.npy", "a.npz", "a.h5", "a.hdf5", "header.csv", "plain.csv", "semicolons.csv", "a.txt", "a.dat")


@pytest.mark.parametrize("name", FILES)
def test_every_format_gives_the_same_samples(name: str, tmp_path: Path) -> None:
    read = bs.read_samples(saved(tmp_path, name), shape=(6, 4))
    np.testing.assert_array_equal(read.values, X[:, None])
    assert (read.dtype, schema.lattice_of(schema.check(read))) == (np.int8, bs.Lattice.square(6, 4))
    assert schema.provenance(read)["source"] == name
    bs.write_samples(read, tmp_path / "kept.nc")
    xr.testing.assert_identical(bs.read_samples(tmp_path / "kept.nc"), read)
    xr.testing.assert_identical(bs.read_samples(read), read)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.float32, bool])
def test_every_type_of_number(dtype: Any) -> None:
    values = (X > 0).astype(dtype) if np.dtype(dtype).kind in "bu" else X.astype(dtype)
    np.testing.assert_array_equal(bs.read_samples(values).values, X[:, None])


OBJECTS: dict[str, Callable[[], dict[str, Any]]] = {
    "list": lambda: {"source": X.tolist()},
    "table": lambda: {"source": pd.DataFrame(FLAT), "shape": (6, 4)},
    "column of lists": lambda: {"source": pd.DataFrame({"T": np.arange(40), "config": list(X)})},
    "column of flat lists": lambda: {"source": pd.DataFrame({"config": FLAT.tolist()}), "shape": (6, 4)},
    "DataArray": lambda: {
        "source": xr.DataArray(X.transpose(2, 0, 1), dims=("width", "step", "length")),
        "dims": {"step": "draw", "length": "x", "width": "y"},
    },
    "DataArray of these names": lambda: {"source": xr.DataArray(X.transpose(1, 2, 0), dims=("x", "y", "draw"))},
    "names": lambda: {"source": X.transpose(2, 0, 1), "dims": ("y", "draw", "x")},
}


@pytest.mark.parametrize("name", OBJECTS)
def test_every_object_gives_the_same_samples(name: str) -> None:
    np.testing.assert_array_equal(bs.read_samples(**OBJECTS[name]()).values, X[:, None])


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_every_order_of_axes_gives_the_same_samples(data: st.DataObject) -> None:
    extents = data.draw(st.lists(st.integers(2, 5), min_size=1, max_size=3))
    chains = data.draw(st.sampled_from([0, 3]))
    lattice = bs.Lattice({1: "chain", 2: "square", 3: "cubic"}[len(extents)], tuple(extents))
    lead = ("chain", "draw") if chains else ("draw",)
    values = spins(*([chains] if chains else []), 7, *extents)
    wanted = values.reshape(*([chains, 7] if chains else [7, 1]), *extents)
    names = (*lead, *lattice.axes)
    order = data.draw(st.permutations(range(values.ndim)))
    moved = values.transpose(order)
    named = bs.read_samples(moved, dims=[names[i] for i in order])
    np.testing.assert_array_equal(named.values, wanted)
    own = xr.DataArray(moved, dims=[f"own {names[i]}" for i in order])
    xr_named = bs.read_samples(own, dims={f"own {name}": name for name in names})
    np.testing.assert_array_equal(xr_named.values, wanted)
    axes = tuple(data.draw(st.permutations(range(values.ndim)))[: len(lead)])
    away = np.moveaxis(values, range(len(lead)), axes)
    read = bs.read_samples(away, axis=axes if len(axes) > 1 else axes[0] - data.draw(st.sampled_from([0, away.ndim])))
    np.testing.assert_array_equal(read.values, wanted)
    flat = np.moveaxis(values.reshape(*values.shape[: len(lead)], -1), -1, 0)
    last = tuple(range(1, 1 + len(lead))) if chains else -1
    np.testing.assert_array_equal(bs.read_samples(flat, lattice=lattice, axis=last).values, wanted)


def test_kinds_of_lattices() -> None:
    cube = spins(10, 4, 4, 4)
    assert schema.lattice_of(bs.read_samples(cube, lattice="cubic")) == bs.Lattice.cubic(4)
    assert schema.lattice_of(bs.read_samples(X, lattice="triangular")) == bs.Lattice.triangular(6, 4)
    assert schema.lattice_of(bs.read_samples(FLAT, lattice="triangular", shape=(6, 4))) == bs.Lattice.triangular(6, 4)
    assert schema.lattice_of(bs.read_samples(FLAT, lattice="chain")) == bs.Lattice.chain(24)
    assert bs.read_samples(cube, lattice="square").sizes["draw"] == 4
    assert bs.read_samples(FLAT, lattice=bs.Lattice.square(4, 6)).shape == (40, 1, 4, 6)


VALUES: dict[str, tuple[Any, dict[str, Any], Any, Alphabet, str]] = {
    "Potts 1..3": (np.array([1, 2, 3]), {"alphabet": "labels:3"}, [0, 1, 2], labels(3), "labels 1..3 became 0..2"),
    "Potts 0..2": (np.array([0, 1, 2]), {"alphabet": labels(3)}, [0, 1, 2], labels(3), ""),
    "spin-1": (np.array([-1, 0, 1]), {"alphabet": (-1, 0, 1)}, [-1, 0, 1], Alphabet((-1, 0, 1)), ""),
    "lattice gas": (np.array([0, 1]), {"alphabet": "0,1"}, [0, 1], Alphabet((0, 1)), ""),
    "bool": (np.array([False, True]), {}, [-1, 1], SPINS, "0/1 became -1/+1"),
    "sign": (np.array([-0.7, 1.3]), {"binarize": "sign"}, [-1, 1], SPINS, "values above 0 became +1, others -1"),
    "cut": (np.array([0.2, 0.7]), {"binarize": 0.5}, [-1, 1], SPINS, "values above 0.5 became +1, others -1"),
    "angle": (np.array([3.0, 0.1]), {"binarize": lambda a: np.cos(a) > 0}, [-1, 1], SPINS, "made spins by a function"),
}


@pytest.mark.parametrize("name", VALUES)
def test_what_values_mean(name: str) -> None:
    letters, options, wanted, alphabet, read_as = VALUES[name]
    which = np.random.default_rng(1).integers(0, len(letters), (30, 4, 6))
    read = bs.read_samples(letters[which], **options)
    np.testing.assert_array_equal(read.values[:, 0], np.array(wanted)[which])
    assert schema.alphabet_of(read) == alphabet
    assert schema.provenance(read).get("read_as", "") == read_as


def test_several_temperatures_are_several_sets(tmp_path: Path) -> None:
    T = np.linspace(1.5, 3.0, 16)
    sets = spins(16, 5, 7, 4, 6)  # (temperature, chain, draw, x, y)
    read = bs.read_samples(sets, T=T)
    assert [*read] == T.tolist()
    for t, one in zip(T, read.values(), strict=True):
        np.testing.assert_array_equal(one.values, sets[[*T].index(t)])
        assert schema.provenance(one)["T"] == t
    drawn = sets[:, 0]
    alone = bs.read_samples(drawn, T=T)  # (temperature, draw, x, y)
    assert {one.shape for one in alone.values()} == {(7, 1, 4, 6)}
    with h5py.File(tmp_path / "all.h5", "w") as file:
        file["spins"], file["T"] = np.moveaxis(drawn, (0, 1), (-1, -2)), T
    stored = bs.read_samples(tmp_path / "all.h5", T="T", axis=(-1, -2))
    for one, other in zip(stored.values(), alone.values(), strict=True):
        np.testing.assert_array_equal(one.values, other.values)
    array = xr.DataArray(drawn, dims=("T", "draw", "x", "y"), coords={"T": T})
    for one, other in zip(bs.read_samples(array, T="T").values(), alone.values(), strict=True):
        np.testing.assert_array_equal(one.values, other.values)


def test_a_temperature_a_configuration_makes_sets(tmp_path: Path) -> None:
    T = np.random.default_rng(2).choice([2.0, 2.3, 2.6], 40)
    table = pd.DataFrame(FLAT)
    table.insert(0, "T", T)
    table.to_csv(tmp_path / "t.csv", index=False)
    np.savez(tmp_path / "t.npz", X=X, T=T)
    for read in (
        bs.read_samples(X, T=T),
        bs.read_samples(table, shape=(6, 4), T="T"),
        bs.read_samples(tmp_path / "t.csv", shape=(6, 4), T="T"),
        bs.read_samples(tmp_path / "t.npz", T="T"),
    ):
        assert {t: one.sizes["chain"] for t, one in read.items()} == {t: int((t == T).sum()) for t in (2.0, 2.3, 2.6)}
        np.testing.assert_array_equal(read[2.3].values[:, 0], X[T == 2.3])
    one = bs.read_samples(X, K=0.44)
    assert schema.provenance(one)["K"] == 0.44
    assert isinstance(one, xr.DataArray)


def test_one_series_is_cut_into_blocks_of_many_tau() -> None:
    random = np.random.default_rng(3)
    renewed = random.random((8000, 5, 5)) < 0.2  # each site is drawn anew at a fifth of the steps
    series = spins(8000, 5, 5, seed=4)
    for t in range(1, len(series)):
        series[t] = np.where(renewed[t], series[t], series[t - 1])
    read = bs.read_samples(series, series=True)
    tau = schema.provenance(read)["tau"]
    assert abs(tau - 4.5) < 1  # 1/2 + sum 0.8^t
    assert read.sizes["draw"] >= 20 * tau
    assert 8 <= read.sizes["chain"] <= 50
    np.testing.assert_array_equal(read.values.reshape(-1, 5, 5), series[-read.sizes["chain"] * read.sizes["draw"] :])
    with pytest.raises(ValueError, match="series"):
        bs.read_samples(series[:300], series=True)
    with pytest.raises(ValueError, match="series"):
        bs.read_samples(series.reshape(80, 100, 5, 5)[:, :, :4], series=True)


MOVED = np.moveaxis(spins(4000, 16, 16), 0, -1)
REFUSED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "(L, L, n)": (MOVED, {}, "axis=-1"),
    "(L, n, L)": (np.moveaxis(MOVED, -1, 1), {}, "axis=-2"),
    "(Lx, Ly, n)": (MOVED[:8], {}, "axis=-1"),
    "(chain, L, L, n)": (spins(3, 8, 8, 200), {}, "axis=-1"),
    "flat without a shape": (FLAT, {}, "shape"),
    "flat of another shape": (FLAT, {"shape": (5, 5)}, "axis"),
    "flat, turned": (FLAT.T, {"shape": (6, 4)}, "axis"),
    "no lattice of three axes": (X, {"lattice": None, "axis": 0}, "lattice"),
    "a cube or squares": (spins(5, 4, 4, 4), {}, "shape"),
    "phi^4": (np.random.default_rng(1).normal(size=(20, 4, 4)), {}, "binarize"),
    "three values": (np.arange(48).reshape(3, 4, 4) % 3, {}, "alphabet"),
    "one of no letters": (np.where(X > 0, 5, 0), {"alphabet": "labels:3"}, "values"),
    "nan": (np.where(X > 0, 1.0, np.nan), {}, "finite"),
    "T of another length": (X, {"T": [1.0, 2.0]}, "T"),
    "T and K": (X, {"T": 2.0, "K": 0.5}, "K"),
    "unknown T": (X, {"T": "beta"}, "T"),
    "unnamed axes": (xr.DataArray(X, dims=("step", "i", "j")), {}, "dims"),
    "names of nothing": (xr.DataArray(X, dims=("step", "i", "j")), {"dims": {"k": "x"}}, "dims"),
    "two names for three axes": (X, {"dims": ("draw", "x")}, "dims"),
    "sets without numbers": (X, {"dims": ("set", "draw", "x")}, "K or T"),
    "three axes": (X, {"axis": (0, 1, 2)}, "axis"),
    "kind": (X, {"lattice": "honeycomb"}, "lattice"),
    "mask": (X, {"mask": np.zeros((4, 4), bool)}, "mask"),
    "binarize": (X, {"binarize": "mean"}, "binarize"),
    "two columns of lists": (pd.DataFrame({"a": list(FLAT), "b": list(FLAT)}), {}, "dataset"),
    "lists of two lengths": (pd.DataFrame({"a": [[1, -1], [1]]}), {}, "source"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_names_what_to_give(name: str) -> None:
    values, options, option = REFUSED[name]
    with pytest.raises((ValueError, TypeError), match=option) as caught:
        bs.read_samples(values, **options)
    assert "\n" not in str(caught.value)


def test_no_pickle_is_loaded_and_how_to_convert_one_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.pkl").write_bytes(pickle.dumps(X))
    with pytest.raises(ValueError, match="pickle") as caught:
        bs.read_samples("own.pkl")
    lines = str(caught.value).splitlines()[1:]
    exec("\n".join(lines))  # the two lines work
    np.testing.assert_array_equal(bs.read_samples("own.npy").values, X[:, None])
    assert len(lines) == 2


def test_files_of_several_arrays_need_a_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "two.npz", train=X, test=X[:10])
    with pytest.raises(ValueError, match="dataset"):
        bs.read_samples(tmp_path / "two.npz")
    assert bs.read_samples(tmp_path / "two.npz", dataset="test").sizes["chain"] == 10
    with h5py.File(tmp_path / "two.h5", "w") as file:
        file["a/train"], file["a/test"] = X, X[:10]
    with pytest.raises(ValueError, match=r"two\.h5.*a/test, a/train.*dataset"):
        bs.read_samples(tmp_path / "two.h5")
    assert bs.read_samples(tmp_path / "two.h5", dataset="a/test").sizes["chain"] == 10
    with pytest.raises(ValueError, match=r"dataset.*a/test"):
        bs.read_samples(tmp_path / "two.h5", dataset="a")


def test_a_large_file_is_mapped_and_its_letters_lie_in_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "LARGE", 500)
    np.save(tmp_path / "spins.npy", X)
    np.save(tmp_path / "bits.npy", np.moveaxis(X > 0, 0, -1))
    mapped = bs.read_samples(tmp_path / "spins.npy")
    assert memory.mapped(mapped.values) is not None
    assert not mapped.values.flags.writeable
    held = bs.read_samples(tmp_path / "bits.npy", axis=-1)
    assert memory.mapped(held.values) is not None
    for read in (mapped, held):
        np.testing.assert_array_equal(read.values, X[:, None])
    np.testing.assert_array_equal(np.load(tmp_path / "spins.npy"), X)


@settings(max_examples=50, deadline=None)
@given(shape=st.lists(st.integers(1, 6), min_size=1, max_size=4), most=st.integers(1, 40))
def test_pieces_cover_an_array_once(shape: list[int], most: int) -> None:
    seen = np.zeros(shape, int)
    for at in memory.pieces(tuple(shape), most):
        assert seen[at].size <= max(most, shape[-1])
        seen[at] += 1
    assert (seen == 1).all()


# --- what samples hold, and what can be requested of them


def ising(K: float, *, h: float = 0.0, seed: int = 1, n: int = 2000, lattice: bs.Lattice = L16) -> np.ndarray:
    return np.array(bs.sample(bs.Ising(lattice, K, h), n, seed=seed, chains=20).values)


def test_the_first_line_says_what_was_read() -> None:
    values = ising(0.4, n=400)
    read = {
        "400 configurations of square 16 x 16, 20 chains": bs.read_samples(values),
        "400 configurations of square 16 x 16, each a chain": bs.read_samples(values.reshape(-1, 16, 16)),
        "400 configurations of triangular 16 x 16, 20 chains, K = 0.4": bs.read_samples(
            values, lattice="triangular", K=0.4
        ),
        "400 configurations of 256 units without positions, 20 chains": bs.read_samples(
            values.reshape(20, 20, 256), lattice=None
        ),
        "400 configurations of square 16 x 16, 20 chains; 0/1 became -1/+1": bs.read_samples(values > 0),
    }
    for line, samples in read.items():
        assert schema.described(samples) == line
        assert str(bs.judge(bs.Decimation(L16, 2), samples, criteria=["locality"])).partition("\n")[0] == line
    card = bs.judge(bs.Decimation(L16, 2), samples, criteria=["locality"])
    assert type(card).from_dict(card.to_dict()) == card


def test_check_finds_coupling_and_correlations() -> None:
    found = examine(bs.read_samples(ising(0.4)))
    assert abs(found.numbers["K that fits best"].z(0.4)) < 4
    assert abs(found.numbers["magnetisation"].z(0)) < 4
    assert abs(found.numbers["bonds across the edge"].z(found.numbers["bonds elsewhere"])) < 4
    assert [*found.not_critical] == ["off critical"]
    assert found.criteria["locality"] == ""
    assert (found.criteria["spectrum"], found.criteria["generalization"]) == ("critical", "train")
    assert set(found.criteria) == set(CRITERIA)
    assert abs(sum(found.values.values()) - 1) < 1e-12
    assert found.values.keys() == {-1, 1}


def test_check_sees_what_is_wrong_with_samples() -> None:
    mixed = np.concatenate([ising(0.3, n=1000), ising(0.42, n=1000)])
    wide = ising(0.44, lattice=bs.Lattice.square(32), n=1000)
    for values, code in (
        (mixed, "mixed chains"),
        (ising(0.3, h=0.1), "field"),
        (wide[..., :16, :16], "open edges"),
        (ising(0.4)[:4], "few chains"),
        (np.ones((10, 20, 8, 8)), "frozen"),
        (ising(0.4, n=400) * (-1) ** L16.colours.reshape(16, 16), "antiferromagnet"),
    ):
        found = examine(bs.read_samples(values))
        assert code in found.not_critical, code
        assert ("mixed chains" in found.few) == (code == "mixed chains")
    for values, noted in ((mixed, True), (ising(0.3), False)):
        card = bs.judge(bs.Majority(L16, 2), bs.read_samples(values), criteria=["tiling"])
        assert ("mixed chains" in {note.code for note in card.notes}) == noted


def test_check_of_other_letters_and_of_one_chain() -> None:
    states = examine(bs.read_samples(np.random.default_rng(1).integers(1, 4, (40, 6, 6)), alphabet="labels:3"))
    assert set(states.criteria.values()) == {"other letters"}
    assert abs(states.numbers["K that fits best"].z(0)) < 4
    alone = examine(bs.read_samples(ising(0.4)[:1]))
    assert set(alone.criteria.values()) == {"few chains"}
    assert str(states).startswith(states.samples)


ANYWHERE = {"participation ratio", "spin flip", "reconstructed sites", "coverage of sites", "dead units"}


@pytest.mark.parametrize("code", ["open edges", "missing sites", "no lattice"])
def test_what_needs_a_torus_is_refused_without_one(code: str, tmp_path: Path) -> None:
    values, missing = ising(0.4, n=400), np.zeros((16, 16), bool)
    missing[3, 4] = missing[7, 7] = True
    values[..., 7, 7] = 0  # as files mark a site that is not there
    options: dict[str, dict[str, Any]] = {
        "open edges": {"periodic": False},
        "missing sites": {"mask": missing},
        "no lattice": {"lattice": None, "axis": (0, 1)},
    }
    source = values if code == "missing sites" else np.where(values == 0, 1, values)
    if code == "no lattice":
        source = source.reshape(20, 20, 256)
    samples = bs.read_samples(source, **options[code])
    n = 254 if code == "missing sites" else 256
    assert (schema.positions(samples), schema.lattice_of(samples).n_sites) == (code, n)
    bs.write_samples(samples, tmp_path / "s.nc")
    xr.testing.assert_identical(bs.read_samples(tmp_path / "s.nc"), samples)
    map_ = PCA(8).fit(bs.to_matrix(samples))
    card = bs.judge(map_, samples)
    assert code in {note.code for note in card.notes}
    assert str(card.verdict) == "cannot tell"
    for row in card.rows:
        assert row.defined or row.code == code, row
        assert not row.defined or row.quantity in ANYWHERE | {"duplicate units"}
    assert {row.quantity for row in card.rows if row.defined} >= ANYWHERE
    found = examine(samples)
    assert found.criteria["spectrum"] == found.criteria["range"] == code
    assert found.criteria["locality"] == ""
    assert found.not_critical.keys() == {code}
    for use in (bs.rg.couplings, lambda one: bs.rg.exponents(one, bs.Majority(L16, 2))):
        with pytest.raises(ValueError, match=code):
            use(samples)
    with pytest.raises(ValueError, match="samples"):
        bs.judge(map_, samples, train=bs.read_samples(samples.values, lattice=schema.lattice_of(samples)))


def test_large_samples_are_judged_part_by_part_to_the_same_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "s.npy", ising(0.4, n=400))
    rule = bs.Majority(L16, 2, random_state=1)
    whole = bs.judge(rule, bs.read_samples(tmp_path / "s.npy"))
    monkeypatch.setattr(memory, "LARGE", 20_000)
    monkeypatch.setattr(memory, "PART", 3_000)
    samples = bs.read_samples(tmp_path / "s.npy")
    assert memory.mapped(samples.values) is not None
    for every, code in ((2**16, None), (100, "every so many draws")):
        monkeypatch.setattr(evidence, "SOME", every)
        card = bs.judge(rule, samples)
        assert [row for row in card.rows if row.criterion != "information" or code is None] == [
            row for row in whole.rows if row.criterion != "information" or code is None
        ]
        assert {note.code for note in card.notes} - {note.code for note in whole.notes} == ({code} if code else set())


def test_common_mistakes_are_answered_with_what_to_give() -> None:
    flat = spins(500, 256)
    for source, options, hint in (
        (flat, {}, "shape=(16, 16)"),
        (np.hstack([flat, spins(500, 1)]), {"shape": (16, 16)}, "T='T'"),
        (flat, {"shape": (16, 16), "T": np.ones(499)}, "500"),
    ):
        with pytest.raises(ValueError, match=re.escape(hint)):
            bs.read_samples(source, **options)
    sets = bs.read_samples(flat, shape=(16, 16), T=np.repeat([2.0, 2.5], 250))
    with pytest.raises(TypeError, match=re.escape("sets[2.0]")):
        bs.judge(bs.Majority(L16, 2), sets)
    for name in ("critical", "train"):
        with pytest.raises(TypeError, match=re.escape(f"{name} must be one set")):
            bs.judge(bs.Majority(L16, 2), sets[2.0], **{name: sets})
    with pytest.raises(TypeError, match=re.escape("sets[2.0]")):
        bs.to_matrix(sets)
    with pytest.raises(TypeError, match=re.escape("own-network.md")):
        bs.judge(spins(4, 4), sets[2.0])
    with pytest.raises(TypeError, match="read_samples"):
        bs.judge(bs.Majority(L16, 2), flat)


def test_check_says_where_samples_can_be_critical_ones() -> None:
    at = {K: bs.sample(bs.Ising(L16, K), 2000, seed=4) for K in (0.4, bs.critical_coupling(bs.Ising, L16))}
    off, critical = (str(examine(samples)) for samples in at.values())
    # off criticality for one reason or two: the coupling that fits, the spread of the energy
    assert set(re.findall(r"^(not critical|critical)\b", off, flags=re.MULTILINE)) == {"not critical"}
    assert set(re.findall(r"^(not critical|critical)\b", critical, flags=re.MULTILINE)) == {"critical"}
