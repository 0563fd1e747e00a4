"""What the explorer shows of runs: exponents of their maps, and layers over the L1 penalty with their fields."""

from __future__ import annotations

import base64
import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from blockspin.coarse.embedding import embed
from blockspin.experiments import find
from blockspin.experiments.about import Finished, scorecards
from blockspin.experiments.plan import stored_experiment
from blockspin.experiments.run import CLAIMS, SCORECARDS
from blockspin.lattice import Lattice
from blockspin.report import explorer
from blockspin.runs import provenance
from blockspin.runs import settings as settings_file
from blockspin.runs.settings import SettingsError
from blockspin.runs.store import Store

LABELS = {"n_samples": "training samples", "K": "coupling K"}
CALLED = {"l1": "RBM with L1", "l2": "RBM with L2", "none": "RBM without penalty", "pca": "PCA"}
CALLED |= {f"rbm-{one}": CALLED[one] for one in ("l1", "none")} | {"rbm-convolutional": "convolutional RBM"}
LARGEST = 127  # of a stored weight, one byte
EXPONENTS = ("y_t", "y_h")


def page(folders: Sequence[Path], docs: str = explorer.DOCS) -> str:
    """The explorer as HTML: the package's own numbers, or in their stead what these finished runs have of them.

    Raises SettingsError where a folder is no finished run, or none has exponents or layers over l1 and one other axis.
    """
    found = of_runs(folders)
    if folders and not found["stars"] and "penalty" not in found:
        names = ", ".join(map(str, folders))
        raise SettingsError(f"the explorer shows exponents of maps, or layers over l1; {names} has neither")
    own = {key: value for key, value in found.items() if value}
    return explorer.render(explorer.data() | own | {"own": list(own)}, docs)


def of_runs(folders: Iterable[Path]) -> dict[str, Any]:
    """Stars of all maps whose exponents these runs measured, and the last one's layers over the penalty, if any."""
    found: dict[str, Any] = {"stars": []}
    for folder in folders:
        experiment, stored = stored_experiment(folder)
        name = folder.resolve().name
        title = f"{called(experiment.name, stored['preset'])}, folder {name}"
        for file in (SCORECARDS, CLAIMS):
            if not (folder / file).exists():
                raise SettingsError(f"{folder} is not finished: it has no {file}; give the same `blockspin run` again")
        for card in scorecards(folder):
            rows = {row["quantity"]: row for row in card["rows"] if row["criterion"] == "spectrum"}
            if any(name in rows for name in EXPONENTS):
                found["stars"].append(star(card["map"], card.get("layer", 1), name, title, rows))
        if experiment.name == "locality-map":
            settings: Any = settings_file.validated(experiment.Settings, stored["settings"])
            run = Finished(experiment, settings, stored["seed"], Store(folder))
            planes = [plane for plane, its in settings.planes.items() if _axes(its) is not None]
            if planes:
                found["penalty"] = _penalty(run, planes[0], name)
    return found


def called(experiment: str, preset: str) -> str:
    """What a run is, in words."""
    summary = find(experiment).summary
    return f"{summary[0].upper()}{summary[1:]} (preset {preset})"


def star(name: str, layer: int, run: str, title: str, rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A map's exponents for the plane: [value, error] each, None where it was not measured; title: what its run is."""
    numbers = {one: _pair(rows[one]) if one in rows else [None, None] for one in EXPONENTS}
    return {
        "map": name,
        "name": f"{CALLED.get(name, name.replace('-', ' '))}, layer {layer}",
        "run": run,
        "title": title,
        **numbers,
    }


def _pair(row: Mapping[str, Any]) -> list[float | None]:
    return [row["value"], row["error"]] if row["state"] == "measured" else [None, None]


def _axes(plane: Any) -> list[str] | None:
    """l1 and the other axis of a plane, or l1 alone; None for any other plane."""
    names = list(plane.grid)
    return ["l1", *(name for name in names if name != "l1")] if "l1" in names and len(names) <= 2 else None


def _penalty(run: Any, plane: str, name: str) -> dict[str, Any]:
    """A plane over l1: means over seeds with their errors, and the fields of the first seed's layers."""
    from blockspin.experiments.locality_map.tasks import layers

    axes = _axes(run.settings.planes[plane])
    assert axes is not None
    numbers = run.data[plane].transpose(*axes, "seed")
    if len(axes) == 1:
        numbers = numbers.expand_dims({"n_samples": [run.settings.layer.n_samples]}, axis=1)
    other = axes[1] if len(axes) > 1 else "n_samples"
    first, seed = {}, int(numbers["seed"][0])
    for (at, layer), task in zip(layers(run.settings, plane, run.seed), run.plan["planes"][plane], strict=True):
        if at.seed == seed:
            trained = run.read(task.parents[0])
            first[layer.l1, getattr(layer, other)] = trained.weights[trained.layers.index(layer)]
    lattice = Lattice.square(run.settings.layer.L)
    penalties, values = (sorted(float(one) for one in numbers[axis].values) for axis in ("l1", other))
    points = []
    for l1 in penalties:
        for value in values:
            here = numbers.sel({"l1": l1, other: value})
            point = {key: _mean(here[key].values) for key in ("participation", "kl", *EXPONENTS)}
            counts = {"local": int((here["local"] == 1).sum()), "undefined": int(np.isnan(here["y_t"]).sum())}
            points.append(point | counts | _fields(first[l1, value], lattice))
    marks = {"block": "block", "untrained": "null_participation", "kl_uniform": "kl_uniform"}
    marks |= {one: f"{one}_majority" for one in EXPONENTS}
    return {
        "run": name,
        "command": provenance.read(run.store.folder)["sessions"][-1]["command"],
        "plane": plane,
        "L": lattice.shape[0],
        "units": run.settings.layer.units,
        "seed": seed,
        "seeds": numbers.sizes["seed"],
        "l1": penalties,
        "other": {"name": other, "label": LABELS.get(other, other), "values": values},
        "marks": {mark: _mean(numbers[key].values.ravel())[0] for mark, key in marks.items()},
        "points": points,
    }


def _mean(values: np.ndarray[Any, Any]) -> list[float | None]:
    """Mean over seeds and its standard error; None where a seed has no value."""
    if not np.isfinite(values).all():
        return [None, None]
    return [float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else None]


def _fields(weights: np.ndarray[Any, Any], lattice: Lattice) -> dict[str, Any]:
    """Weights (M, N) in steps of 1/127 of the largest, deflated, and the best positions of the units."""
    scale = float(np.abs(weights).max()) / LARGEST or 1.0
    steps = np.round(weights / scale).astype(np.int8)
    placed = embed(steps * scale, lattice)
    site = np.arange(len(weights)) if placed is None else placed.site
    sign = np.ones(len(weights)) if placed is None else placed.sign
    text = base64.b64encode(zlib.compress(steps.tobytes(), 9)).decode()
    return {"fields": text, "scale": scale, "site": site.tolist(), "sign": sign.astype(int).tolist()}
