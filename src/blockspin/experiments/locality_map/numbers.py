"""A map in numbers: what each layer turned out to be, over the axes and seeds of its plane, and means over seeds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from blockspin.exact import ising2d
from blockspin.experiments.locality_map.plan import Cell
from blockspin.experiments.locality_map.tasks import card
from blockspin.experiments.results import dataset
from blockspin.judging import Outcome
from blockspin.lattice import Lattice
from blockspin.runs.store import Store
from blockspin.runs.sweep import Sweep

UNITS = {
    "participation": "sites",
    "participation_error": "sites",
    "null_participation": "sites",
    "block": "sites",
    "kl": "nats a site",
    "kl_error": "nats a site",
    "kl_uniform": "nats a site",
}


def plane_numbers(sweep: Sweep, seed: int, cells: list[Cell], store: Store) -> xr.Dataset:
    """The numbers of a plane's layers, a variable each, dims: the plane's axes and seed.

    participation (sites a field covers, mean over units), local (1 where the judge passes locality, 0 where not), kl
    (KL divergence of the machine from the model), kl_uniform (that of independent fair spins), y_t and y_h (nan where
    the units have no places), renormalizes (1 where y_t and y_h pass), and the majority rule's.
    """
    return dataset(sweep, seed, [_row(cell, store.load(cell.task).meta) for cell in cells], UNITS)


def _row(cell: Cell, meta: dict[str, Any]) -> dict[str, float]:
    judged = card(meta)
    rows = {(row.criterion, row.quantity): row for row in judged.rows}
    row = {"block": float(cell.layer.L**2 / cell.layer.units)}
    covered = rows[("locality", "participation ratio")]
    row |= {"participation": covered.value, "participation_error": covered.error}
    null = next(one for one in meta["nulls"] if one["name"] == "untrained")
    row["null_participation"] = next(
        one["value"] for one in null["measurements"] if one["quantity"] == "participation ratio"
    )
    row["local"] = _passed(judged.outcome("locality"))
    row["kl"] = _number(meta["divergence"]["value"])
    row["kl_error"] = _number(meta["divergence"]["error"])
    row["kl_uniform"] = uniform_divergence(cell.layer.L, cell.layer.K)
    for name in ("y_t", "y_h"):
        found = rows[("spectrum", name)]
        row[name] = found.value if found.defined else math.nan
        row[f"{name}_error"] = found.error if found.defined else math.nan
        if found.reference is not None:
            row[f"{name}_majority"] = found.reference.value
            row[f"{name}_majority_error"] = found.reference.error
    row["renormalizes"] = _passed(judged.outcome("spectrum"))
    tiling = rows.get(("tiling", "residual of the embedding / b"))
    row["residual"] = tiling.value if tiling is not None else math.nan
    dead = rows.get(("tiling", "dead units"))
    row["dead"] = dead.value if dead is not None else math.nan
    return row


def uniform_divergence(L: int, K: float) -> float:
    """KL(model, independent fair spins) in nats a site, exact: ln 2 less the entropy ln Z / N + K e."""
    lattice = Lattice.square(L)
    entropy = ising2d.log_partition(lattice, K) / lattice.n_sites + K * ising2d.energy_per_site(lattice, K)
    return math.log(2) - entropy


def mean(values: xr.DataArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean over seeds and its standard error, (y, x); nan where a seed has no value."""
    n = values.sizes["seed"]
    value = values.mean("seed", skipna=False)
    error = values.std("seed", ddof=1, skipna=False) / math.sqrt(n) if n > 1 else value * math.nan
    return np.asarray(value, float), np.asarray(error, float)


def mostly(values: xr.DataArray) -> xr.DataArray:
    """True where more than half of the seeds say so; a seed that cannot tell says no."""
    return (values == 1).mean("seed") > 0.5


def lines(status: xr.DataArray, axis: str) -> tuple[int, int]:
    """Along how many lines of an axis, others fixed, the status turns, and of how many lines."""
    turns = status.any(axis) & ~status.all(axis)
    return int(turns.sum()), int(turns.size)


def _passed(outcome: Outcome) -> float:
    return {Outcome.PASS: 1.0, Outcome.FAIL: 0.0, Outcome.CANNOT_TELL: math.nan}[outcome]


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
