"""A map in numbers: what each layer became, over the axes and seeds of its plane, and what most seeds say."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from blockspin.experiments.core import Run
from blockspin.experiments.locality_map.settings import Layer
from blockspin.experiments.locality_map.tasks import Found, card, layers
from blockspin.lattice import Lattice

if TYPE_CHECKING:
    import xarray as xr

UNITS = dict.fromkeys(("participation", "participation_error", "null_participation", "block"), "sites")
UNITS |= dict.fromkeys(("kl", "kl_error", "kl_uniform"), "nats a site")


def data(run: Run) -> dict[str, xr.Dataset]:
    """The numbers of every map's layers, a variable each, dims: its axes and seed.

    participation (sites a field covers, mean over units), local (1 where the judge passes locality, 0 where not), kl
    (KL divergence of the RBM from the model), kl_uniform (that of independent fair spins), y_t and y_h (nan where the
    units have no positions), renormalizes (1 where y_t and y_h pass), and the majority rule's.
    """
    from blockspin.experiments.results import dataset

    found = {}
    for name, results in run["planes"].items():
        points = layers(run.settings, name, run.seed)
        rows = [_row(layer, one) for (_, layer), one in zip(points, results, strict=True)]
        found[name] = dataset(run.settings.planes[name], run.seed, rows, UNITS)
    return found


def _row(layer: Layer, found: Found) -> dict[str, float]:
    from blockspin.experiments.results import PASSED

    judged = card(found)
    rows = {(one.criterion, one.quantity): one for one in judged.rows}
    covered = rows["locality", "participation ratio"]
    null = next(one for one in found.nulls if one["name"] == "untrained")
    untrained = next(one["value"] for one in null["measurements"] if one["quantity"] == "participation ratio")
    row = {
        "block": layer.L**2 / layer.units,
        "participation": covered.value,
        "participation_error": covered.error,
        "null_participation": untrained,
        "local": PASSED.get(judged.outcome("locality"), math.nan),
        "kl": found.divergence.value,
        "kl_error": found.divergence.error,
        "kl_uniform": uniform_divergence(layer.L, layer.K),
    }
    for name in ("y_t", "y_h"):
        one = rows["spectrum", name]
        row[name], row[f"{name}_error"] = (one.value, one.error) if one.defined else (math.nan, math.nan)
        side = one.reference
        row[f"{name}_majority"], row[f"{name}_majority_error"] = (side.value, side.error) if side else (math.nan,) * 2
    row["renormalizes"] = PASSED.get(judged.outcome("spectrum"), math.nan)
    for name, quantity in (("residual", "residual of the embedding / b"), ("dead", "dead units")):
        row[name] = rows["tiling", quantity].value if ("tiling", quantity) in rows else math.nan
    return row


def uniform_divergence(L: int, K: float) -> float:
    """KL(model, independent fair spins) in nats a site, exact: ln 2 less the entropy ln Z / N + K e."""
    from blockspin.exact import ising2d

    lattice = Lattice.square(L)
    entropy = ising2d.log_partition(lattice, K) / lattice.n_sites + K * ising2d.energy_per_site(lattice, K)
    return math.log(2) - entropy


def share(numbers: xr.Dataset) -> xr.DataArray:
    """KL as a share of that of independent spins, mean over seeds; nan where a seed has no value."""
    return (numbers["kl"] / numbers["kl_uniform"]).mean("seed", skipna=False)


def mean(values: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    """Mean over seeds and its standard error; nan where a seed has no value."""
    n = values.sizes["seed"]
    value = values.mean("seed", skipna=False)
    return value, values.std("seed", ddof=1, skipna=False) / math.sqrt(n) if n > 1 else value * math.nan


def mostly(values: xr.DataArray, outcome: float = 1.0) -> xr.DataArray:
    """True where more than half of the seeds have this outcome, 1 or 0; a seed that cannot tell has neither."""
    return (values == outcome).mean("seed") > 0.5


def lines(values: xr.DataArray, axis: str) -> tuple[int, int, int]:
    """Along how many lines of an axis, others fixed, most seeds pass at one point and fail at another.

    Also along how many they might where they cannot tell, and of how many lines.
    """
    passes, fails = (mostly(values, outcome) for outcome in (1.0, 0.0))
    turn = passes.any(axis) & fails.any(axis)
    return int(turn.sum()), int((~turn & ~(passes | fails).all(axis)).sum()), int(turn.size)
