"""An example of valid arguments for every public call, and what may come in place of one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse
import xarray as xr
from sklearn.decomposition import PCA

import blockspin as bs
from blockspin.alphabet import labels
from blockspin.samples import make

L = bs.Lattice.square(4)
TRIANGULAR = bs.Lattice.triangular(6)
ISING = bs.Ising(L, 0.3)
POTTS = bs.Potts(L, 0.5, 3)
BLUME_CAPEL = bs.BlumeCapel(L, 0.5, 0.1)
DIMERS = bs.Dimers(L)
OWN = np.random.default_rng(1).choice(np.array([-1, 1], np.int8), (40, 4))  # rows of the coarse lattice
HOOKS = {"bond", "site", "checked"}  # functions of a model that PairModel calls, and nobody else


@dataclass(frozen=True)
class Call:
    """A call: `make` gives the function and its valid arguments by name, for a folder where files may lie.

    counts: arguments that say how much to do, which a huge value would; also: other names that a refusal of one
    argument may rest on, such as a layer that a lattice does not fit; slow: longer than a tenth of a second.
    """

    make: Callable[[Path], tuple[Callable[..., Any], dict[str, Any]]]
    counts: tuple[str, ...] = ()
    also: dict[str, tuple[str, ...]] = field(default_factory=dict)
    slow: bool = False


def of(function: Callable[..., Any], *counts: str, slow: bool = False, also: Any = None, **arguments: Any) -> Call:
    return Call(lambda folder: (function, dict(arguments)), counts, also or {}, slow)


@cache
def spins(model: Any = ISING, chains: int = 4, draws: int = 10, seed: int = 0) -> xr.DataArray:
    """Spins without correlations that name a model, which serves for calls that only look at them."""
    values = np.random.default_rng(seed).choice(np.array([-1, 1], np.int8), (chains, draws, *model.lattice.shape))
    return make(values, model.lattice, model=model.settings())


@cache
def states() -> xr.DataArray:
    values = np.random.default_rng(0).integers(0, 3, (4, 10, *L.shape), np.int8)
    return make(values, L, alphabet=labels(3), model=POTTS.settings())


def rows(model: Any = ISING) -> np.ndarray:
    return np.array(bs.to_matrix(spins(model)))


def fit(kind: type, X: np.ndarray, **defaults: Any) -> Callable[..., Any]:
    """An estimator's constructor and fit as one function, for parameters are checked by the latter."""

    def fitted(**arguments: Any) -> Any:
        own = {
            name: arguments.pop(name) for name in ("X", "y", "validation", "checkpoint", "chains") & arguments.keys()
        }
        return kind(**{**defaults, **arguments}).fit(**{"X": X, **own})

    return fitted


@cache
def machine(kind: str = "RBM") -> Any:
    made = bs.RBM(3, n_iter=1, random_state=0) if kind == "RBM" else bs.ConvolutionalRBM(L, n_iter=1, random_state=0)
    return made.fit(rows())


@cache
def autoencoder() -> Any:
    return bs.Autoencoder(3, n_iter=1, random_state=0).fit(rows())


@cache
def rsmi() -> Any:
    return bs.RSMI(L, buffer=0, n_iter=1, batch_size=4, random_state=0).fit(rows())


@cache
def self_similar() -> Any:
    return bs.SelfSimilar(L, features=["block"], own=OWN, operators=["nn"], random_state=0).fit(rows())


@cache
def learned(name: str) -> Any:
    """A fitted rule of `bs.rg`."""
    more = {} if name == "OneRow" else {"own": OWN, "window": 2, "hidden": 1, "n_iter": 1}
    operators = ["nn", "plaquette"] if name == "OneRow" else ["nn"]
    return getattr(bs.rg, name)(L, features=["block"], operators=operators, random_state=0, **more).fit(rows())


def method(instance: Callable[[], Any], name: str, *counts: str, slow: bool = False, **arguments: Any) -> Call:
    return Call(lambda folder: (getattr(instance(), name), dict(arguments)), counts, slow=slow)


def fitting(kind: type, X: np.ndarray, *counts: str, slow: bool = False, also: Any = None, **defaults: Any) -> Call:
    """Of every parameter of an estimator, whose defaults are valid, and of fit."""
    parameters = {**kind(**defaults).get_params(deep=False), "X": X}
    return Call(lambda folder: (fit(kind, X), dict(parameters)), counts, also or {}, slow)


def file(function: Callable[..., Any], suffix: str, write: Callable[[Path], Any], **arguments: Any) -> Call:
    """Of a function that reads a file."""

    def made(folder: Path) -> tuple[Callable[..., Any], dict[str, Any]]:
        path = folder / f"example{suffix}"
        if not path.exists():
            write(path)
        return function, {"path": path, **arguments}

    return Call(made)


def machines(kind: str) -> dict[str, Call]:
    """Methods of a fitted machine; the ones that train work on a copy."""
    of_this = partial(machine, kind)
    fresh = partial(_trained, kind)
    hidden = np.ones((2, 3 if kind == "RBM" else 4), np.int8)
    seeded = {"random_state": 0}
    return {
        "free_energy": method(of_this, "free_energy", X=rows()),
        "gibbs_chain": method(of_this, "gibbs_chain", "steps", X=rows(), steps=2, thin=1, **seeded),
        "log_likelihood": method(of_this, "log_likelihood", X=rows(), chains=4, partition=None),
        "log_partition": method(of_this, "log_partition", X=rows()),
        "partition": method(
            of_this, "partition", "n_chains", "n_steps", X=rows(), method="auto", n_chains=4, n_steps=5, **seeded
        ),
        "partial_fit": method(fresh, "partial_fit", X=rows(), slow=True),
        "pseudo_log_likelihood": method(of_this, "pseudo_log_likelihood", X=rows()),
        "reconstruct": method(of_this, "reconstruct", X=rows()),
        "resume": method(fresh, "resume", X=rows(), validation=None, checkpoint=None, slow=True),
        "save": Call(lambda folder: (of_this().save, {"path": folder / "saved.npz"})),
        "score_samples": method(of_this, "score_samples", X=rows()),
        "transform": method(of_this, "transform", X=rows()),
        "visible_mean": method(of_this, "visible_mean", H=hidden),
        "load": file(type(of_this()).load, ".npz", lambda path: of_this().save(path)),
        "set_fit_request": of(lambda: None),  # scikit-learn's
    }


def _trained(kind: str) -> Any:
    made = bs.RBM(3, n_iter=1, random_state=0) if kind == "RBM" else bs.ConvolutionalRBM(L, n_iter=1, random_state=0)
    return made.fit(rows()).set_params(n_iter=2)


def rules(kind: type, lattice: bs.Lattice = L, X: np.ndarray | None = None) -> dict[str, Call]:
    given = rows() if X is None else X
    methods = [name for name in ("transform", "chance") if hasattr(kind, name)]
    return {
        "": of(kind, lattice=lattice),
        ".fit": fitting(kind, given, lattice=lattice),
        **{f".{name}": method(lambda: kind(lattice).fit(given), name, X=given) for name in methods},
    }


def public() -> dict[str, Any]:
    """Every public name and what it is, those of `bs.rg` as rg.NAME, those of `bs.rules` bare."""
    found = {name: getattr(bs, name) for name in bs.__all__ if name not in ("rg", "rules", "__version__")}
    found |= {f"rg.{name}": getattr(bs.rg, name) for name in bs.rg.__all__}
    return found | {name: getattr(bs.rules, name) for name in bs.rules.__all__}


def calls() -> dict[str, Call]:
    """Name to example: a public function, a class (its constructor), or Class.method."""
    found: dict[str, Call] = {
        "Lattice": of(bs.Lattice, kind="square", shape=(4, 4)),
        "Lattice.square": of(bs.Lattice.square, Lx=4, Ly=4),
        "Lattice.triangular": of(bs.Lattice.triangular, Lx=4, Ly=4),
        "Lattice.cubic": of(bs.Lattice.cubic, Lx=4, Ly=4, Lz=4),
        "Lattice.chain": of(bs.Lattice.chain, L=4),
        "Lattice.coarse": of(L.coarse, b=2),
        "Lattice.blocks": of(L.blocks, b=2),
        "Lattice.displacement": of(L.displacement, start=(0, 0), end=(1, 2)),
        "Lattice.distance": of(L.distance, start=(0, 0), end=(1, 2)),
        "Lattice.length": of(L.length, step=(1, 2)),
        "Lattice.cartesian": of(L.cartesian, step=(1, 2)),
        "Lattice.moved": of(L.moved, step=(1, 2)),
        "Lattice.shell": of(L.shell, n=2),
        "Lattice.settings": of(L.settings),
        "Ising": of(bs.Ising, lattice=L, K=0.4, h=0.0),
        "Potts": of(bs.Potts, lattice=L, K=0.4, q=3, h=0.0),
        "BlumeCapel": of(bs.BlumeCapel, lattice=L, K=0.4, D=0.2, h=0.0),
        "PairModel": of(bs.PairModel),
        "Dimers": of(bs.Dimers, vertices=L, T=1.0, noise=0.1),
        "critical_coupling": of(bs.critical_coupling, model=ISING, lattice=L),
        "reference": of(bs.reference, name="ising-3d"),
        "Dimers.check": of(DIMERS.check, configurations=_columns()),
        "split": of(bs.split, samples=spins(), fraction=0.5, seed=0),
        "to_matrix": of(bs.to_matrix, samples=spins()),
        "read_samples": of(
            bs.read_samples, source=np.array(spins().values), shape=(4, 4), lattice="square", alphabet=None,
            binarize="sign", axis=(0, 1), dims=None, dataset=None, K=None, T=None, series=False, periodic=True,
            mask=np.eye(4) > 0, also={"source": ("values", "shape", "lattice", "axis", "samples"), "lattice": ("axis",),
            "axis": ("values",), "dims": ("values",),
            "shape": ("axis", "values")},
        ),
        "write_samples": Call(lambda folder: (bs.write_samples, {"samples": spins(), "path": folder / "written.nc"})),
        "sample": of(
            bs.sample, "n", "chains", "spacing", "equilibration", model=bs.Ising(L, 0.0), n=10, seed=1, chains=2,
            algorithm="auto", spacing=1, equilibration=0, progress=None,
        ),
        "RBM.fit_many": of(
            bs.RBM.fit_many, machines=[bs.RBM(3, n_iter=1, random_state=0)] * 1, X=rows(), validation=None, slow=True
        ),
        "rg.exponents": of(
            bs.rg.exponents, samples=spins(), rule=bs.Majority, steps=1, operators=["nn", "magnetisation"], seed=0,
            also={"samples": ("rule", "X"), "rule": ("X", "lattice"), "operators": ("operator",)},
        ),
        "rg.flow": of(
            bs.rg.flow, samples=spins(), rule=bs.Majority, steps=1, operators=["nn"], seed=0,
            also={"samples": ("rule", "X"), "rule": ("X", "lattice"), "operators": ("operator",)},
        ),
        "rg.manifold": of(
            bs.rg.manifold, samples=spins(), rule=bs.Majority, steps=1, functions=["nn", "nnn"],
            operators=["nn", "nnn"], seed=0,
            also={"samples": ("rule", "X"), "rule": ("X", "lattice"), "functions": ("operator",),
            "operators": ("operator",)},
        ),
        "rg.two_starts": of(
            bs.rg.two_starts, first=spins(), second=spins(seed=1), rule=bs.Majority, steps=1, operators=["nn"], seed=0,
            also={"first": ("rule", "X", "samples", "second"), "second": ("rule", "X", "samples", "first"),
            "rule": ("X", "lattice"), "operators": ("operator",)},
        ),
        "rg.couplings": of(bs.rg.couplings, samples=spins(), operators=["nn"], also={"operators": ("operator",)}),
        "judge": of(
            bs.judge, transformer=bs.Majority(L, 2, random_state=0), samples=spins(), model=None, critical=None,
            train=None, nulls={}, criteria=["locality"], reference="majority", name="majority", seed=0, progress=None,
            slow=True,
        ),
        "Estimate": of(bs.Estimate, value=1.0, error=0.1),
        "Estimate.z": of(bs.Estimate(1.0, 0.1).z, reference=1.0),
        "RBM": of(bs.RBM, n_components=3),
        "RBM.fit": fitting(
            bs.RBM, rows(), "n_components", "batch_size", "k", "n_iter", n_components=3,
            n_iter=1, random_state=0, slow=True,
        ),
        "RBM.from_weights": of(
            bs.RBM.from_weights, weights=np.ones((3, 16)), visible=np.zeros(16), hidden=np.zeros(3), units="spin",
            also={"visible": ("weights",), "hidden": ("weights",), "weights": ("visible",)},
        ),
        "ConvolutionalRBM": of(bs.ConvolutionalRBM, lattice=L),
        "ConvolutionalRBM.fit": fitting(
            bs.ConvolutionalRBM, rows(), "n_filters", "batch_size", "k", "n_iter", lattice=L, n_iter=1,
            random_state=0, slow=True, also={"filter_side": ("block",)},
        ),
        "ConvolutionalRBM.on": method(partial(machine, "ConvolutionalRBM"), "on", lattice=bs.Lattice.square(8)),
        "Autoencoder": of(bs.Autoencoder, n_components=3),
        "Autoencoder.fit": fitting(
            bs.Autoencoder, rows(), "n_components", "batch_size", "n_iter", n_components=3, n_iter=1, random_state=0,
            slow=True,
        ),
        "Autoencoder.transform": method(autoencoder, "transform", X=rows()),
        "Autoencoder.reconstruct": method(autoencoder, "reconstruct", X=rows()),
        "Autoencoder.inverse_transform": method(autoencoder, "inverse_transform", X=np.ones((2, 3), np.int8)),
        "ToBinary": of(bs.ToBinary),
        "ToBinary.fit": fitting(bs.ToBinary, rows()),
        "ToBinary.transform": method(lambda: bs.ToBinary().fit(rows()), "transform", X=rows()),
        "Kernel.from_filter": of(bs.rules.Kernel.from_filter, lattice=L, weights=np.ones((2, 2)), random_state=0),
        "SelfSimilar": of(bs.SelfSimilar, lattice=L),
        "SelfSimilar.fit": fitting(
            bs.SelfSimilar, rows(), "n_rows", lattice=L, features=["block"], own=OWN, operators=["nn"],
            also={"lattice": ("own",), "own": ("kernel",), "b": ("own", "kernel")},
        ),
        "SelfSimilar.on": method(self_similar, "on", lattice=bs.Lattice.square(8)),
        "SelfSimilar.transform": method(self_similar, "transform", X=rows()),
        "SelfSimilar.chance": method(self_similar, "chance", X=rows()),
        "SelfSimilar.score": method(self_similar, "score", X=rows()),
        "rg.SelfSimilarNetwork": of(bs.rg.SelfSimilarNetwork, lattice=L),
        "rg.SelfSimilarNetwork.fit": fitting(
            bs.rg.SelfSimilarNetwork, rows(), "n_rows", "window", "hidden", "n_iter", lattice=L, features=["block"],
            own=OWN, operators=["nn"], window=2, hidden=1, n_iter=1, random_state=0, slow=True,
            also={"lattice": ("own",), "own": ("kernel",), "b": ("own", "kernel", "window")},
        ),
        "rg.OneRow": of(bs.rg.OneRow, lattice=L),
        "rg.OneRow.fit": fitting(
            bs.rg.OneRow, rows(), "n_rows", lattice=L, features=["block"], operators=["nn", "plaquette"], slow=True,
            also={"lattice": ("operators",), "b": ("operators",)},
        ),
        **{
            f"rg.{name}.{one}": method(partial(learned, name), one, **given)
            for name in ("SelfSimilarNetwork", "OneRow")
            for one, given in (
                ("on", {"lattice": bs.Lattice.square(8)}), ("transform", {"X": rows()}), ("chance", {"X": rows()})
            )
        },
        "rg.SelfSimilarNetwork.score": method(partial(learned, "SelfSimilarNetwork"), "score", X=rows()),
        "RSMI": of(bs.RSMI, lattice=L),
        "RSMI.fit": fitting(
            bs.RSMI, rows(), "n_components", "n_iter", "batch_size", "project", lattice=L, buffer=0,
            n_iter=1, batch_size=4, random_state=0, slow=True,
            also={"states": ("components",), "buffer": ("lattice",), "environment": ("lattice",)},
        ),
        "RSMI.on": method(rsmi, "on", lattice=bs.Lattice.square(8)),
        "RSMI.transform": method(rsmi, "transform", X=rows()),
        "RSMI.set_fit_request": of(lambda: None),  # scikit-learn's
        "Placed": of(bs.Placed, transformer=bs.Majority(L, 2, random_state=0), lattice=L),
        "Placed.fit": fitting(
            bs.Placed, rows(), transformer=bs.Majority(L, 2, random_state=0), lattice=L,
            also={"transformer": ("map", "X")},
        ),
        "Placed.transform": method(
            lambda: bs.Placed(bs.Majority(L, 2, random_state=0), L).fit(rows()), "transform", X=rows()
        ),
        "Placed.chance": method(lambda: bs.Placed(bs.Majority(L, 2), L).fit(rows()), "chance", X=rows()),
    }  # fmt: skip
    examples = {"BlumeCapel": (BLUME_CAPEL, rows()), "PairModel": (BLUME_CAPEL, rows()), "Ising": (ISING, rows())}
    examples |= {"Potts": (POTTS, states().values), "Dimers": (DIMERS, _columns())}
    for name, (model, configurations) in examples.items():
        found[f"{name}.energy"] = of(model.energy, configurations=configurations)
        found[f"{name}.settings"] = of(model.settings)
        found[f"{name}.from_settings"] = of(type(model).from_settings, settings=model.settings())
    for kind in ("RBM", "ConvolutionalRBM"):
        found |= {f"{kind}.{name}": call for name, call in machines(kind).items()}
    for rule in (bs.Majority, bs.Decimation, bs.rules.Threshold, bs.rules.WeightedMajority, bs.rules.Kernel):
        found |= {f"{rule.__name__}{name}": call for name, call in rules(rule).items()}
    triangular = rows(bs.Ising(TRIANGULAR, 0.2))
    found |= {
        f"TriangularMajority{name}": call
        for name, call in rules(bs.rules.TriangularMajority, TRIANGULAR, triangular).items()
    }
    potts = states().values.reshape(-1, L.n_sites)
    return found | {f"Plurality{name}": call for name, call in rules(bs.rules.Plurality, X=potts).items()}


def _columns() -> np.ndarray:
    cells = np.full((1, 8, 8), -1, np.int8)
    cells[:, 1::4, ::2] = 1
    return cells


def wrong() -> Iterator[tuple[str, Any]]:
    """What is wrong, or may be, for some argument: name and value, made anew at every call."""
    bare = xr.DataArray(np.ones((2, 3, 4, 4), np.int8), dims=("chain", "draw", "x", "y"))
    matrix = np.ones((40, 16))
    yield from {
        "None": None, "word": "x", "empty word": "", "bytes": b"x", "-1": -1, "0": 0, "1": 1, "3": 3, "1.5": 1.5,
        "-0.5": -0.5, "nan": float("nan"), "inf": float("inf"), "-inf": float("-inf"), "True": True, "huge": 10**30,
        "complex": 1j, "list": [], "list of one": [1], "list of words": ["x"], "list of None": [None],
        "ragged": [[1, 2], [3]], "tuple": (), "dict": {}, "dict of words": {"x": 1}, "set": set(), "object": object(),
        "class": PCA, "estimator": PCA(2), "numpy scalar": np.float32(2.5), "numpy word": np.array("x"),
        "0-dimensional": np.array(1), "no rows": np.zeros((0, 16)), "no entries": np.zeros(0), "vector": np.ones(3),
        "two by two": np.ones((2, 2)), "cube": np.ones((2, 3, 4, 4)), "complex matrix": matrix * 1j,
        "words": matrix.astype(str), "objects": np.full((40, 16), None), "nans": matrix * np.nan, "0/1": matrix * 0,
        "threes": 3 * matrix, "bools": matrix > 0, "masked": np.ma.masked_equal(np.tile([1, -1], (40, 8)), -1),
        "sparse": scipy.sparse.csr_matrix(matrix), "times": np.zeros((40, 16), "datetime64[s]"),
        "no attributes": bare, "no lattice": bare.assign_attrs(blockspin="{}"),
        "no JSON": bare.assign_attrs(blockspin="{"), "odd JSON": bare.assign_attrs(blockspin='{"lattice": 3}'),
        "other lattice": spins(bs.Ising(bs.Lattice.square(6), 0.3)),
        "a ring": spins(bs.Ising(bs.Lattice.chain(6), 0.3)),
        "one chain": spins(chains=1), "states": states(), "a lattice": bs.Lattice.square(6),
        "triangles": bs.Lattice.triangular(6), "a model": bs.Potts(L, 0.3, 2), "a folder": Path("/"),
        "no such file": Path("/none/x.nc"), "a bad name": "a\0b",
    }.items()  # fmt: skip
