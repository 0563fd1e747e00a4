"""What the explorer shows of runs: exponents of their maps, and layers over the L1 penalty with their fields."""

import base64
import zlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
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
from blockspin.runs.settings import SettingsError, validated
from blockspin.runs.store import Store

LABELS = {"n_samples": "training samples", "K": "coupling K"}
CALLED = {"l1": "RBM with L1", "l2": "RBM with L2", "none": "RBM without penalty", "pca": "PCA"}
CALLED |= {f"rbm-{one}": CALLED[one] for one in ("l1", "none")} | {"rbm-convolutional": "convolutional RBM"}
EXPONENTS = ("y_t", "y_h")


def page(folders: Sequence[Path], docs: str = explorer.DOCS) -> str:
    """The explorer as HTML: the package's own numbers, or in their stead what these finished runs have of them.

    Raises SettingsError where a folder is no finished run, or has neither exponents nor layers over l1 and one other
    axis.
    """
    own = {key: value for key, value in of_runs(folders).items() if value}
    return explorer.render(explorer.data() | own | {"own": list(own)}, docs)


def of_runs(folders: Iterable[Path]) -> dict[str, Any]:
    """Stars of all maps whose exponents these runs measured, and the last one's layers over the penalty, if any.

    Raises SettingsError as `page`.
    """
    found: dict[str, Any] = {"stars": []}
    for folder in folders:
        (experiment, stored), name = stored_experiment(folder), folder.resolve().name
        trainings = stored["settings"].get("trainings", 1)
        title = f"{called(experiment.name, stored['preset'], trainings)} (folder {name})"
        for file in (SCORECARDS, CLAIMS):
            if not (folder / file).exists():
                raise SettingsError(f"{folder} is not finished: it has no {file}; give the same `blockspin run` again")
        stars = []
        for card in scorecards(folder):
            rows = {row["quantity"]: row for row in card["rows"] if row["criterion"] == "spectrum"}
            if any(name in rows for name in EXPONENTS):
                stars.append(star(card["map"], card.get("layer", 1), name, title, rows))
        found["stars"] += stars
        planes = []
        if experiment.name == "locality-map":
            settings: Any = validated(experiment.Settings, stored["settings"])
            planes = [plane for plane, its in settings.planes.items() if "l1" in its.grid and len(its.grid) <= 2]
        if planes:
            run = Finished(experiment, settings, stored["seed"], Store(folder))
            found["penalty"] = _penalty(run, planes[0], name)
        elif not stars:
            raise SettingsError(f"the explorer shows exponents of maps, or layers over l1; {folder} has neither")
    return found


def called(experiment: str, preset: str, trainings: int = 1) -> str:
    """What a run is, in words."""
    several = f", {trainings} trainings" if trainings > 1 else ""
    return f"Preset {preset}{several}: {find(experiment).summary}"


def star(name: str, layer: int, run: str, title: str, rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A map's exponents for the plane: [value, error] each, None where it was not measured; title: what its run is."""
    words = f"{CALLED.get(name, name.replace('-', ' '))}, layer {layer}"
    measured = {one: rows[one] for one in EXPONENTS if one in rows and rows[one]["state"] == "measured"}
    numbers = {one: [measured.get(one, {}).get(key) for key in ("value", "error")] for one in EXPONENTS}
    return {"map": name, "name": words, "run": run, "title": title, **numbers}


def _penalty(run: Any, plane: str, name: str) -> dict[str, Any]:
    """A plane over l1: means over seeds with their errors, and the fields of the first seed's layers."""
    from blockspin.experiments.locality_map.tasks import layers

    numbers, other = run.data[plane], next((one for one in run.settings.planes[plane].grid if one != "l1"), "n_samples")
    if other not in numbers.dims:
        numbers = numbers.expand_dims({other: [getattr(run.settings.layer, other)]})
    first, seed = {}, int(numbers["seed"][0])
    for (at, layer), task in zip(layers(run.settings, plane, run.seed), run.plan["planes"][plane], strict=True):
        if at.seed == seed:
            trained = run.read(task.parents[0])
            first[layer.l1, getattr(layer, other)] = trained.weights[trained.layers.index(layer)]
    lattice = Lattice.square(run.settings.layer.L)
    penalties, values = (sorted(float(one) for one in numbers[axis].values) for axis in ("l1", other))
    points = []
    for l1, value in product(penalties, values):
        here = numbers.sel({"l1": l1, other: value})
        point = {key: _mean(here[key].values) for key in ("participation", "kl", *EXPONENTS)}
        counts = {"local": int((here["local"] == 1).sum()), "undefined": int(np.isnan(here["y_t"]).sum())}
        points.append(point | counts | _fields(first[l1, value], lattice))
    marks = {"block": "block", "untrained": "null_participation", "kl_uniform": "kl_uniform"}
    marks |= {one: f"{one}_majority" for one in EXPONENTS}
    means = {mark: _mean(numbers[key].values.ravel())[0] for mark, key in marks.items()}
    command = provenance.read(run.store.folder)["sessions"][-1]["command"]
    about = {"run": name, "command": command, "plane": plane, "L": lattice.shape[0], "units": run.settings.layer.units}
    about |= {"seed": seed, "seeds": numbers.sizes["seed"], "l1": penalties, "marks": means, "points": points}
    return about | {"other": {"name": other, "label": LABELS.get(other, other), "values": values}}


def _mean(values: np.ndarray[Any, Any]) -> list[float | None]:
    """Mean over seeds and its standard error; None where a seed has no value."""
    if not np.isfinite(values).all():
        return [None, None]
    return [float(values.mean()), float(values.std(ddof=1) / len(values) ** 0.5) if len(values) > 1 else None]


def _fields(weights: np.ndarray[Any, Any], lattice: Lattice) -> dict[str, Any]:
    """Weights (M, N) in bytes, steps of 1/127 of the largest, deflated, and the best positions of the units."""
    scale = float(np.abs(weights).max()) / 127 or 1.0
    steps = np.round(weights / scale).astype(np.int8)
    placed = embed(steps * scale, lattice)
    site = np.arange(len(weights)) if placed is None else placed.site
    sign = np.ones(len(weights)) if placed is None else placed.sign
    text = base64.b64encode(zlib.compress(steps.tobytes(), 9)).decode()
    return {"fields": text, "scale": scale, "site": site.tolist(), "sign": sign.astype(int).tolist()}
