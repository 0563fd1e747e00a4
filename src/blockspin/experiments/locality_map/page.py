"""The figures and tables of the page; its words are in page.md."""

from typing import Any

import xarray as xr

from blockspin.experiments.core import Run
from blockspin.experiments.locality_map.claims import DECIDES as DECIDES
from blockspin.experiments.locality_map.claims import points as points
from blockspin.experiments.locality_map.claims import turns
from blockspin.experiments.locality_map.numbers import mean, mostly, share
from blockspin.experiments.locality_map.recipes import RECIPES
from blockspin.report import tables
from blockspin.report.page import Figure, Table
from blockspin.report.phase_map import Axis, Map, Mark, phase_map

LABELS = {
    "l1": "L1 penalty",
    "K": "coupling K",
    "n_samples": "training samples n",
    "learning_rate": "learning rate",
    "init_scale": "initial scale of W",
    "updates": "updates",
    "L": "lattice L",
    "units": "hidden units",
    "momentum": "momentum",
    "batch_size": "mini-batch",
    "k": "steps k of CD",
}


def axes_of(numbers: xr.Dataset) -> list[str]:
    """What a map varies."""
    return [str(dim) for dim in numbers["local"].dims if dim != "seed"]


def two_axes(run: Run) -> list[str]:
    """The maps that can be drawn."""
    return [name for name, one in run.data.items() if len(axes_of(one)) == 2]


def title(numbers: xr.Dataset) -> str:
    """The heading of a map."""
    words = " × ".join(LABELS[axis] for axis in axes_of(numbers))
    return words[:1].upper() + words[1:]


def decisive(run: Run) -> list[str]:
    """The parameters that decide locality on a map at least."""
    found = (LABELS[axis] for (_, axis), (turned, _, of) in turns(run.data).items() if 2 * turned > of)
    return list(dict.fromkeys(found))


def turned(run: Run, name: str) -> str:
    """Along how many lines of each axis locality turns, on one map."""
    found = {LABELS[axis]: counts for (plane, axis), counts in turns(run.data).items() if plane == name}
    return ", ".join(f"{n} of {of} lines of {label}" for label, (n, _, of) in found.items()) or "no line"


def fixed(run: Run, name: str) -> str:
    """The parameters that a map does not vary."""
    main = ("l1", "K", "n_samples", "learning_rate", "init_scale")
    kept = {key: getattr(run.settings.layer, key) for key in main if key not in run.settings.planes[name].names}
    return ", ".join(f"{LABELS[key]} {value:g}" for key, value in kept.items())


def phases(run: Run, name: str) -> Figure:
    """Locality, fidelity and y_t over the two axes of a map."""
    numbers = run.data[name]
    x, y = axes_of(numbers)
    numbers = numbers.transpose(y, x, "seed")
    block, untrained = float(numbers["block"].mean()), float(numbers["null_participation"].mean())
    majority = tables.number(float(numbers["y_t_majority"].mean()), float(numbers["y_t_majority_error"].mean()))
    covered, kl, y_t = (mean(numbers[key]) for key in ("participation", "kl", "y_t"))
    local, near, passes = mostly(numbers["local"]), share(numbers) < 0.5, mostly(numbers["renormalizes"])
    sites = f"sites a field covers; a block: {block:g}"
    maps = [
        Map("Locality", sites, *covered, log=True, limits=(block, untrained), inside=local, missing="dead"),
        Map("Fidelity", "KL divergence, nats per site", *kl, log=True, inside=near),
        Map("y_t", f"exact: 1; majority: {majority}", *y_t, inside=passes, missing="n. d."),
    ]
    return phase_map(maps, *_axes(run, name), marks=marks(run, name))


def _axes(run: Run, name: str) -> list[Axis]:
    return [Axis(LABELS[axis], run.data[name][axis].values.astype(float).tolist()) for axis in axes_of(run.data[name])]


def marks(run: Run, name: str) -> list[Mark]:
    """The recipes that lie on a map."""
    (across, up), found = _axes(run, name), []
    for one in RECIPES:
        x, y = (one.at(axis, run.settings.layer.units) for axis in axes_of(run.data[name]))
        if x is not None and y is not None and across.place(x) is not None and up.place(y) is not None:
            found.append(Mark(one.letter, one.name, x, y))
    return found


def in_numbers(run: Run, name: str) -> Table:
    """A map's points in numbers."""
    found = run.data[name]
    axes = axes_of(found)
    stacked = found.stack(point=axes)
    means = {key: mean(stacked[key]) for key in ("participation", "kl", "y_t", "y_h")}
    shares, seeds = share(stacked), found.sizes["seed"]
    rows: list[tuple[Any, ...]] = []
    for n in range(stacked.sizes["point"]):
        one = stacked.isel(point=n)
        cells = [tables.number(float(value[n]), float(error[n])) for value, error in means.values()]
        passed = [f"{int((one[key] == 1).sum())} of {seeds}" for key in ("local", "renormalizes")]
        part = f"{float(shares[n]):.2f}" if shares[n] == shares[n] else "–"
        rows.append((*(f"{float(one[axis]):.6g}" for axis in axes), *cells, *passed, part))
    names = ("sites covered", "KL a site", "y_t", "y_h", "local", "spectrum passes", "KL / independent")
    columns = (*(LABELS[axis] for axis in axes), *names)
    return tables.table(columns, rows, wide=True)


def recipes(run: Run) -> Table:
    """The recipes that the maps mark."""
    keys = ("K", "n / M", "l1", "learning_rate", "init_scale")
    rows = [
        (one.letter, one.name, *(f"{one.values[key]:.3g}" if key in one.values else "–" for key in keys), one.source)
        for one in RECIPES
    ]
    columns = ("", "recipe", "K", "n / M", "L1", "rate", "scale", "source")
    return tables.table(columns, rows, wide=True)
