"""Callers' data are what they were after every public call, also where it raises; each public name has an example.

Every function, and every method of an example of every class, is called once with arrays that can be written to, once
with read-only ones, and once with wrong values.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from sklearn.base import BaseEstimator, TransformerMixin

import blockspin as bs
from blockspin import samples as schema
from public_calls import HOOKS, public

L = bs.Lattice.square(8)


def spins(*shape: int) -> np.ndarray:
    return np.random.default_rng(len(shape)).choice(np.array([-1, 1], np.int8), shape)


def drawn(*, chains: int = 8, draws: int = 12, K: float = 0.4) -> xr.DataArray:
    """Samples that can be written to, as a caller's own are."""
    return schema.make(spins(chains, draws, 8, 8), L, model=bs.Ising(L, K).settings(), seed=1).copy(deep=True)


def states() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 3, (40, 64)).astype(np.int8)


def machine(**more: Any) -> bs.RBM:
    return bs.RBM(4, units="spin", n_iter=1, random_state=1, **more)


INSTANCES: dict[str, Callable[[], Any]] = {
    "Lattice": lambda: L,
    "Ising": lambda: bs.Ising(L, 0.4),
    "Potts": lambda: bs.Potts(L, 0.6, 3),
    "BlumeCapel": lambda: bs.BlumeCapel(L, 0.6, 0.1),
    "PairModel": lambda: bs.BlumeCapel(L, 0.6, 0.1),
    "Dimers": lambda: bs.Dimers(bs.Lattice.square(4)),
    "RBM": lambda: machine().fit(spins(40, 64)),
    "ConvolutionalRBM": lambda: bs.ConvolutionalRBM(
        bs.Lattice.square(4), 2, 2, 2, units="spin", n_iter=1, random_state=1
    ).fit(spins(40, 16)),
    "Autoencoder": lambda: bs.Autoencoder(4, n_iter=1, random_state=1).fit(spins(40, 64)),
    "ToBinary": lambda: bs.ToBinary(),
    "Majority": lambda: bs.Majority(L, 2, random_state=1),
    "Decimation": lambda: bs.Decimation(L, 2),
    "Threshold": lambda: bs.rules.Threshold(L, 2, random_state=1),
    "WeightedMajority": lambda: bs.rules.WeightedMajority(L, 2, np.array([1.0, 2.0, 3.0, 4.0]), random_state=1),
    "TriangularMajority": lambda: bs.rules.TriangularMajority(bs.Lattice.triangular(6)),
    "Plurality": lambda: bs.rules.Plurality(L, 2, random_state=1),
    "Kernel": lambda: bs.rules.Kernel(L, 2, ["block", "ring 1"], np.array([0.5, 0.2]), random_state=1),
    "SelfSimilar": lambda: bs.SelfSimilar(L, 2, ["block"], spins(40, 16), ["nn"], random_state=1).fit(spins(40, 64)),
    "rg.SelfSimilarNetwork": lambda: bs.rg.SelfSimilarNetwork(
        L, 2, ["block"], spins(40, 16), ["nn"], window=4, hidden=1, n_iter=1, random_state=1
    ).fit(spins(40, 64)),
    "rg.OneRow": lambda: bs.rg.OneRow(L, 2, ["block"], ["nn", "nnn"], random_state=1).fit(spins(40, 64)),
    "RSMI": lambda: bs.RSMI(L, n_iter=2, starts=("small",), random_state=1).fit(spins(40, 64), chains=4),
    "Placed": lambda: bs.Placed(bs.Majority(L, 2, random_state=1), L).fit(spins(40, 64)),
    "Estimate": lambda: bs.Estimate(1.0, 0.1),
}
"""An example of every public class, fitted where its methods need that."""
PLAIN = {
    "Lattice",
    "Ising",
    "Potts",
    "BlumeCapel",
    "PairModel",
    "Dimers",
    "Estimate",
}  # the others are estimators


SIZES = {"ConvolutionalRBM": (16, 8), "TriangularMajority": (36, 4)}  # columns of X and of H


def given(name: str, method: str, folder: Path) -> dict[str, Any]:
    """The arguments of the methods of a class by their names, fresh for every call."""
    sites, units = SIZES.get(name, (64, 4))
    return {
        "X": spins(40, sites),
        "H": spins(40, units),
        "validation": spins(10, sites),
        "configurations": spins(5, 8, 8),
        "settings": bs.Ising(L, 0.4).settings(),
        "weights": np.random.default_rng(2).normal(size=(4, 64)),
        "filters": np.random.default_rng(2).normal(size=(2, 2, 2)),
        "hidden": None,
        "units": "spin",
        "params": {},
        "step": np.array([[1, 0], [3, 4]]),
        "start": np.array([[1, 0], [3, 4]]),
        "end": np.array([[7, 0], [3, 3]]),
        "path": folder / "weights.npz",
        "machines": [machine(), machine()],
        **{
            "steps": 2,
            "Lx": 4,
            "L": 4,
            "b": 2,
            "n": 2,
            "n_iter": 2,
            "name": "flow",
            "reference": 1.0,
            "criterion": "flow",
            "quantity": "y_t",
            "lattice": L,
        },
        **OTHERS.get((name, method), {}),
    }


OTHERS = {
    ("Lattice", "moved"): {"step": np.array([3, -9])},
    **{
        (name, "from_settings"): {"settings": bs.BlumeCapel(L, 0.6, 0.1).settings()}
        for name in ("BlumeCapel", "PairModel")
    },
    ("Autoencoder", "inverse_transform"): {"X": spins(40, 4)},
    ("Potts", "energy"): {"configurations": states()},
    ("Potts", "from_settings"): {"settings": bs.Potts(L, 0.6, 3).settings()},
    ("Dimers", "from_settings"): {"settings": bs.Dimers(bs.Lattice.square(4)).settings()},
    ("Dimers", "energy"): {"configurations": -np.ones((3, 64), np.int8)},
    ("Dimers", "check"): {"configurations": -np.ones((3, 64), np.int8)},
    ("Kernel", "from_filter"): {"weights": np.random.default_rng(2).normal(size=(4, 4))},
    ("Plurality", "fit"): {"X": states()},
    ("Plurality", "transform"): {"X": states()},
}
"""Arguments that differ for one method."""
MAY_RAISE = {("Dimers", "energy"), ("Dimers", "check")}  # no dimer anywhere


class Square(TransformerMixin, BaseEstimator):
    """A map that works in place, as nobody keeps it from."""

    lattice = L

    def fit(self, X: np.ndarray, y: object = None) -> Square:
        X[:] = 1
        self.fitted_ = True
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        blocks = np.sign(X.reshape(-1, 4, 2, 4, 2).sum(axis=(2, 4)) + X.reshape(-1, 4, 2, 4, 2)[:, :, 0, :, 0] / 2)
        X[:] = 1
        return blocks.reshape(len(X), -1).astype(np.int8)


def functions(folder: Path) -> dict[str, dict[str, Any]]:
    """The arguments of every public function, fresh for every call."""
    s = drawn()
    stored = folder / "s.nc"
    schema.write_samples(s, stored)
    short: dict[str, Any] = {"n": 40, "seed": 1, "chains": 20, "spacing": 1, "equilibration": 2}
    return {
        "critical_coupling": {"model": bs.Ising(L, 0.3)},
        "reference": {"name": "ising-3d"},
        "sample": {"model": bs.Ising(L, 0.3), **short},
        "split": {"samples": s, "fraction": 0.5, "seed": 1},
        "to_matrix": {"samples": s},
        "read_samples": {"source": stored, "shape": [8, 8]},
        "write_samples": {"samples": s, "path": folder / "t.nc"},
        "rg.exponents": {"samples": s, "rule": Square(), "operators": ["nn", "nnn"]},
        "rg.couplings": {"samples": s, "operators": ["nn", "nnn"]},
        "rg.manifold": {
            "samples": drawn(K=0.3),
            "rule": bs.Majority(L, 2, random_state=1),
            "functions": ["nn", "nnn"],
            "operators": ["nn", "nnn"],
        },
        "rg.two_starts": {
            "first": s,
            "second": drawn(K=0.3),
            "rule": [bs.Majority(L, 2, random_state=1)],
            "operators": ["nn"],
        },
        "rg.flow": {"samples": [s, drawn(K=0.3)], "rule": [bs.Majority(L, 2, random_state=1)], "operators": ["nn"]},
        "judge": {
            "transformer": bs.Majority(L, 2, random_state=1),
            "samples": s,
            "critical": drawn(),
            "nulls": {"decimation": bs.Decimation(L, 2)},
            "name": "m",
        },
    }


def bits(value: Any) -> Any:
    """A value to compare before and after."""
    if isinstance(value, xr.DataArray):
        return value.dims, bits(value.values), repr(value.attrs), value.name
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes(), value.flags.writeable
    if isinstance(value, dict):
        return [(name, bits(entry)) for name, entry in value.items()]
    if isinstance(value, (list, tuple)):
        return type(value), [bits(entry) for entry in value]
    if isinstance(value, BaseEstimator):
        return type(value), bits(vars(value))
    if is_dataclass(value) and not isinstance(value, type):
        return type(value), [bits(getattr(value, field.name)) for field in fields(value)]
    return repr(value)


def as_read_only(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        value = value.copy()
        value.flags.writeable = False
    elif isinstance(value, xr.DataArray):
        value = value.copy(data=as_read_only(value.values))
    elif isinstance(value, list):
        value = [as_read_only(entry) for entry in value]
    return value


def spoilt(value: Any) -> Any:
    """The value with its last number wrong; None where it has none."""
    if isinstance(value, np.ndarray):
        value = value.copy()
        value.flat[-1] = 77
        return value
    if isinstance(value, xr.DataArray):
        return value.copy(data=spoilt(value.values))
    if isinstance(value, list) and isinstance(value[-1], (np.ndarray, xr.DataArray)):
        return [*value[:-1], spoilt(value[-1])]
    return None


def check_unchanged(call: Callable[..., Any], arguments: dict[str, Any], *, may_raise: bool) -> None:
    def watched() -> Any:
        # machines are fitted in place, by contract
        return bits({name: value for name, value in arguments.items() if name != "machines"})

    before = watched()
    try:
        call(**arguments)
    except Exception:
        if not may_raise:
            raise
    assert watched() == before


def public_methods(thing: Any) -> Iterator[str]:
    for name in dir(type(thing)):
        attribute = inspect.getattr_static(type(thing), name)
        function = getattr(attribute, "__func__", attribute)
        if function is TransformerMixin.fit_transform:
            continue  # fit, and then transform
        if name not in HOOKS and not name.startswith("_") and callable(function) and not isinstance(function, type):
            yield name


def ready(thing: Any, method: str) -> Callable[..., Any]:
    if method == "resume":
        thing.set_params(n_iter=thing.n_epochs_ + 1)
    call: Callable[..., Any] = getattr(thing, method)
    return call


def needed(method: Callable[..., Any], known: dict[str, Any]) -> dict[str, Any]:
    """The arguments that a method cannot do without, and its arrays."""
    parameters = inspect.signature(method).parameters.values()
    plain = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    return {p.name: known[p.name] for p in plain if p.default is p.empty or p.name in ("X", "validation")}


def test_every_public_name_has_an_example(tmp_path: Path) -> None:
    assert set(public()) == set(INSTANCES) | set(functions(tmp_path))


VARIANTS: dict[str, Callable[[Any], Any]] = {"own": lambda value: value, "read-only": as_read_only, "wrong": spoilt}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", sorted(set(public()) - set(INSTANCES)))
def test_a_function_leaves_its_arguments_alone(name: str, variant: str, tmp_path: Path) -> None:
    arguments = functions(tmp_path)[name]
    changed = {key: VARIANTS[variant](value) for key, value in arguments.items()}
    arguments |= {key: value for key, value in changed.items() if value is not None}
    check_unchanged(public()[name], arguments, may_raise=variant == "wrong")


@pytest.mark.parametrize("name", INSTANCES)
def test_a_method_leaves_its_arguments_alone(name: str, tmp_path: Path) -> None:
    thing = INSTANCES[name]()
    if hasattr(thing, "save"):
        thing.save(tmp_path / "weights.npz")
    for method in public_methods(thing):
        known = given(name, method, tmp_path)
        for variant, change in VARIANTS.items():
            arguments = needed(getattr(thing, method), known)
            changed = {key: change(value) for key, value in arguments.items()}
            arguments |= {key: value for key, value in changed.items() if value is not None}
            may_raise = variant == "wrong" or (name, method) in MAY_RAISE
            try:
                check_unchanged(ready(thing, method), arguments, may_raise=may_raise)
            except Exception as error:
                error.add_note(f"{name}.{method}, {variant}")
                raise


@pytest.mark.parametrize("name", [name for name in INSTANCES if name not in PLAIN])
def test_a_masked_value_is_refused(name: str, tmp_path: Path) -> None:
    thing = INSTANCES[name]()
    for method in public_methods(thing):
        known = given(name, method, tmp_path)
        for argument in ("X", "H", "validation", "weights", "filters"):
            parameters = inspect.signature(getattr(thing, method)).parameters
            if argument in parameters:
                arguments = needed(getattr(thing, method), known) | {argument: known[argument]}
                masked = np.ma.array(arguments[argument])
                masked[0, 0] = np.ma.masked
                with pytest.raises(ValueError, match="masked"):
                    ready(thing, method)(**arguments | {argument: masked})


def test_masks_are_refused_by_samples_and_models() -> None:
    masked = np.ma.array(spins(3, 4, 8, 8))
    bs.read_samples(masked)  # nothing is masked
    masked[1, 2, 3, 4] = np.ma.masked
    for use in (
        lambda: bs.read_samples(masked),
        lambda: schema.make(masked, L),
        lambda: bs.Ising(L, 0.4).energy(masked),
        lambda: bs.RBM.fit_many([machine()], masked.reshape(12, 64)),
    ):
        with pytest.raises(ValueError, match="masked"):
            use()


def test_samples_and_their_views_cannot_be_written_to(tmp_path: Path) -> None:
    own = spins(4, 5, 8, 8)
    made = schema.make(own, L)
    bs.write_samples(made, tmp_path / "s.nc")
    views = {
        "make": made.values,
        "features": bs.to_matrix(made),
        "features of a part": bs.to_matrix(made.isel(chain=[0, 2])),
        "features of a caller's": bs.to_matrix(made.copy(deep=True)),
        "by_chain": schema.by_chain(bs.to_matrix(made).copy(), made),
        "split": bs.split(made, 0.5, seed=1)[0].values,
        "read": bs.read_samples(tmp_path / "s.nc").values,
        "parts": next(schema.parts(tmp_path / "s.nc", 2)).values,
        "sample": bs.sample(bs.Ising(L, 0.0), 20, seed=1).values,
        "bonds": L.bonds,
        "neighbours": L.neighbours,
        "coordinates": L.coordinates,
        "colours": L.colours,
    }
    for name, view in views.items():
        assert not view.flags.writeable, name
        with pytest.raises(ValueError, match="read-only"):
            view[...] = 1
    own[:] = 1  # the caller's array is still his
    assert (made.values == -1).any()
    assert bs.to_matrix(made).base is not None  # no copy of a large set


def test_a_map_that_works_in_place_changes_nothing() -> None:
    """The same exponents and blocks as from its like that does not, fitted or not, and from Placed."""
    s = drawn(draws=16)
    X = bs.to_matrix(s)
    before = X.tobytes()
    first = schema.make(s.values.copy(), L)
    one, two = Square().fit(X.copy()), Square()
    for rule in (one, two):
        np.testing.assert_array_equal(
            bs.rg.exponents(first, rule)[0].y_t, bs.rg.exponents(first, bs.rules.Threshold(L, 2, ties="first"))[0].y_t
        )
    placed = bs.Placed(one, L, strict=False).fit(X)
    assert placed.transform(X).shape == (128, 16)
    assert X.tobytes() == before
