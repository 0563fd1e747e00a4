"""The report of the experiment locality-map, from the files of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from blockspin.experiments.about import Folder
from blockspin.experiments.locality_map.claims import DECIDES, sentence
from blockspin.experiments.locality_map.numbers import mean, mostly
from blockspin.experiments.locality_map.settings import RECIPES, Settings
from blockspin.experiments.results import read_results
from blockspin.report import tables
from blockspin.report.page import Figure, Section, Table, render
from blockspin.report.phase_map import Axis, Map, Mark, phase_map
from blockspin.runs import settings as settings_file

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

LEAD = "What is claimed, and what these maps say."


class Run(Folder):
    """What a finished run's folder holds, read once."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.settings = settings_file.restore(Settings, self.stored)
        self.planes: dict[str, xr.Dataset] = {name: read_results(folder, name) for name in self.settings.planes}


def page(folder: Path) -> str:
    """The HTML page of a finished run."""
    run = Run(folder)
    layer = run.settings.layer
    n_points = sum(int(np.prod([n for dim, n in one.sizes.items() if dim != "seed"])) for one in run.planes.values())
    seeds = sorted({str(one.sizes["seed"]) for one in run.planes.values()})
    facts = {
        "lattice": f"square {layer.L} × {layer.L}, periodic",
        "layer": f"{layer.units} units, spins -1/+1, no biases, CD-{layer.k}",
        "points": f"{n_points}, {' or '.join(seeds)} seeds each",
        "updates": f"{layer.updates:,}",
        "preset": str(run.stored["preset"]),
    }
    return render(
        "Where an RBM learns local blocks, and where they renormalize",
        [sentence(run.planes), f"Rule: {DECIDES}."],
        [
            *(_plane(run, name) for name in run.planes),
            run.claims_section(LEAD),
            _method(run),
            run.about_section("About this run"),
        ],
        subtitle="Phase maps of one layer over the penalty, the coupling, the samples and how it is trained",
        facts=facts,
        verdicts=run.statuses,
        footer="Drawn by blockspin from the files of this run; the numbers are in results.nc and results.csv.",
    )


def _plane(run: Run, name: str) -> Section:
    numbers = run.planes[name]
    axes = [str(dim) for dim in numbers["local"].dims if dim != "seed"]
    blocks: list[Figure | Table | str] = []
    if len(axes) == 2:
        blocks.append(_maps(run, name, numbers, axes))
    blocks.append(_table(numbers, axes))
    fixed = {
        key: value
        for key, value in run.settings.layer.model_dump().items()
        if key not in run.settings.planes[name].names
    }
    told = ", ".join(
        f"{LABELS[key]} {value:g}"
        for key, value in fixed.items()
        if key in ("l1", "K", "n_samples", "learning_rate", "init_scale")
    )
    title = " × ".join(LABELS.get(axis, axis) for axis in axes) or name
    return Section(title, [f"Elsewhere on this map: {told}."], blocks)


def _maps(run: Run, name: str, numbers: xr.Dataset, axes: list[str]) -> Figure:
    x, y = axes
    values = {axis: [float(value) for value in numbers[axis].values] for axis in axes}
    units = run.settings.layer.units
    local = mostly(numbers["local"]).transpose(y, x)
    block, null = float(numbers["block"].mean()), float(numbers["null_participation"].mean())
    covered = _means(numbers["participation"], y, x)
    share = (numbers["kl"] / numbers["kl_uniform"]).mean("seed", skipna=False).transpose(y, x)
    passes = mostly(numbers["renormalizes"]).transpose(y, x)
    majority, around = (float(numbers[key].mean()) for key in ("y_t_majority", "y_t_majority_error"))
    shown = [
        Map(
            "Locality",
            f"sites a field covers; a block: {block:g}",
            *covered,
            log=True,
            limits=(block, null),
            inside=local,
            missing="dead",
        ),
        Map(
            "Fidelity",
            "KL divergence, nats a site",
            *_means(numbers["kl"], y, x),
            log=True,
            inside=share < 0.5,
        ),
        Map(
            "y_t",
            f"exact: 1; majority: {tables.number(majority, around)}",
            *_means(numbers["y_t"], y, x),
            inside=passes,
            missing="n. d.",
        ),
    ]
    marks, outside = [], []
    horizontal, vertical = (Axis(_label(axis), values[axis]) for axis in (x, y))
    for one in RECIPES:
        at = one.at(x, units), one.at(y, units)
        if at[0] is None or at[1] is None:
            continue
        mark = Mark(one.letter, one.name, at[0], at[1])
        if horizontal.place(mark.x) is None or vertical.place(mark.y) is None:
            outside.append(f"{one.name} ({LABELS[x]} {at[0]:g}, {LABELS[y]} {at[1]:g})")
        else:
            marks.append(mark)
    told = "; ".join(f"{mark.letter}: {mark.name}" for mark in marks)
    caption = (
        f"Each box: mean over seeds{' ± its standard error' if horizontal.roomy else ', with errors in the table'}. "
        "The orange line rings the points that pass. Locality: the "
        "judge passes it for most seeds. Fidelity: less than half of the KL divergence of independent spins. y_t: y_t "
        "and y_h pass for most seeds; n. d.: the units of some seed have no places on a lattice. –: ln Z was refused "
        "for some seed."
        + (f" Circles, recipes converted to these units: {told}." if marks else "")
        + (f" Outside this map: {', '.join(outside)}." if outside else "")
    )
    return phase_map(shown, horizontal, vertical, marks=marks, title=f"{LABELS[x]} and {LABELS[y]}", caption=caption)


def _label(axis: str) -> str:
    return LABELS.get(axis, axis)


def _means(values: xr.DataArray, y: str, x: str) -> tuple[Any, Any]:
    value, error = mean(values.transpose(y, x, "seed"))
    return value, error


def _table(numbers: xr.Dataset, axes: list[str]) -> Table:
    stacked = numbers.stack(point=axes)
    rows = []
    for n in range(stacked.sizes["point"]):
        one = stacked.isel(point=n)
        seeds = one.sizes["seed"]
        row = [f"{float(one[axis]):.4g}" for axis in axes]
        for key in ("participation", "kl", "y_t", "y_h"):
            value, error = mean(one[key])
            row.append(tables.number(float(value), float(error)) if np.isfinite(value) else "not defined")
        row += [f"{int((one[key] == 1).sum())} of {seeds}" for key in ("local", "renormalizes")]
        row.append(f"{float((one['kl'] / one['kl_uniform']).mean()):.2f}")
        rows.append(row)
    columns = [
        *(LABELS.get(axis, axis) for axis in axes),
        "sites covered",
        "KL a site",
        "y_t",
        "y_h",
        "local",
        "spectrum passes",
        "KL / independent",
    ]
    return tables.table(
        columns, rows, title="The map in numbers", caption="Means over seeds with their standard errors.", wide=True
    )


def _method(run: Run) -> Section:
    settings = run.settings
    rows = [
        (
            one.letter,
            one.name,
            *(
                "–" if v is None else f"{v:.3g}"
                for v in (one.K, one.a_weight, one.l1, one.learning_rate, one.init_scale)
            ),
            one.note,
        )
        for one in RECIPES
    ]
    return Section(
        "How the maps are made",
        [
            "One layer of spins -1/+1 without biases, contrastive divergence, W ~ N(0, scale²), a proximal L1 penalty "
            f"(a weight shrinks by learning rate × L1 a mini-batch), {settings.layer.updates:,} mini-batches of "
            f"{settings.layer.batch_size} whatever the number of different samples. Every seed has samples of its own.",
            "Samples a weight: n samples show n N spins to N M weights, so n / M of them a weight: "
            f"{settings.layer.n_samples} samples are {settings.layer.n_samples / settings.layer.units:.3g}.",
            "KL divergence: ln Z of the model is exact, that of the machine annealed both ways and refused where the "
            "ways disagree. y_t and y_h: Monte Carlo RG through the layer at Kc, units at their fields' centres.",
            "Recipes for 0/1 units are converted: rate / 16, scale / 4, and for a penalty inside the momentum 4 L1 / "
            "(1 - momentum). The lattices differ (40 × 40 there), and biases have no counterpart here.",
        ],
        [
            tables.table(
                ("", "recipe", "K", "n / M", "L1", "rate", "scale", "source"),
                rows,
                title="Recipes in these units",
                wide=True,
            )
        ],
    )
