"""What the tasks share: samples, and the machines of each variant, built and put together again from stored weights."""

from __future__ import annotations

from typing import Any

import xarray as xr
from sklearn.neural_network import BernoulliRBM
from sklearn.pipeline import Pipeline, make_pipeline

from blockspin.coarse.fields import ToBinary
from blockspin.coarse.rbm import RBM
from blockspin.coarse.stack import machine_from
from blockspin.lattice import Lattice
from blockspin.models.ising import Ising
from blockspin.randomness import integer
from blockspin.runs.task import Progress, Result
from blockspin.samples import make, provenance
from blockspin.sampling.sample import sample


def run_sample(settings: dict[str, Any], parents: list[Result], progress: Progress) -> Result:
    """Draw Ising samples; arrays: spins (chain, draw, x, y)."""
    model = Ising(Lattice.square(settings["L"]), settings["K"])
    drawn = sample(
        model,
        settings["n"],
        seed=settings["seed"],
        chains=settings["chains"],
        algorithm="swendsen-wang",
        progress=progress,
    )
    return Result({"spins": drawn.values}, {"provenance": provenance(drawn)})


def stored_samples(result: Result) -> xr.DataArray:
    """The samples that a sample task left."""
    about = dict(result.meta["provenance"])
    kept = about.pop("lattice")
    return make(result.arrays["spins"], Lattice(kept["kind"], tuple(kept["shape"])), **about)


def build(variant: str, units: int, recipe: dict[str, Any], layer: int, seed: int) -> Any:
    """An unfitted machine of a variant with the parameters that `recipe_of` gives."""
    machine = BernoulliRBM if variant.startswith("sklearn") else RBM
    return machine(units, random_state=integer(seed, "train", variant, layer), **recipe)


def stack_of(variant: str, units: str, trained: list[Result], seed: int) -> Pipeline:
    """The fitted stack of layers trained so far, reading spins -1/+1; the empty stack passes them on."""
    own = not variant.startswith("sklearn")
    binary = units == "binary" or not own
    steps: list[Any] = [ToBinary() if binary else "passthrough"]
    for layer, result in enumerate(trained, start=1):
        n_units = len(result.arrays["components"])
        random_state = integer(seed, "pass on", variant, layer)
        if own:
            fresh: Any = RBM(n_units, units=units, output=result.meta["output"], random_state=random_state)
        else:
            fresh = BernoulliRBM(n_units)
        steps.append(machine_from(result.arrays, fresh))
    return make_pipeline(*steps)
