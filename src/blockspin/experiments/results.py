"""A sweep's numbers as files: results.nc, one dimension a swept key, and results.csv, one row a number."""

import csv
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5netcdf
import numpy as np
import xarray as xr

from blockspin.experiments.core import card_name
from blockspin.files import parsed
from blockspin.runs.store import writing
from blockspin.runs.sweep import Point, Sweep

RESULTS = "results.nc"
TABLE = "results.csv"
PASSED = {"pass": 1.0, "fail": 0.0}


def dataset(
    sweep: Sweep,
    seed: int,
    rows: Sequence[Mapping[str, float]],
    units: Mapping[str, str] | None = None,
) -> xr.Dataset:
    """The numbers of a sweep's points, in the order of `Sweep.points`: a variable a name, a dimension an axis and seed.

    Axes that go together share the dimension of the first of them. What a point has no number of is nan.
    """
    shape = tuple(sweep.shape.values())
    names = list(dict.fromkeys(name for row in rows for name in row))
    variables = {}
    for name in names:
        values = np.array([row.get(name, np.nan) for row in rows], float).reshape(shape)
        variables[name] = (tuple(sweep.shape), values, {"units": (units or {}).get(name, "")})
    return xr.Dataset(variables, coordinates(sweep, seed), {"sweep": json.dumps(sweep.model_dump(), default=list)})


def coordinates(sweep: Sweep, seed: int) -> dict[str, Any]:
    """The coordinates of a sweep's dimensions; values that are no numbers as JSON."""
    found: dict[str, Any] = {name: (name, _column(values)) for name, values in sweep.grid.items()}
    first = next(iter(sweep.zip), None)
    found |= {name: (first, _column(values)) for name, values in sweep.zip.items()}
    return found | {"seed": ("seed", np.arange(seed, seed + sweep.seeds))}


def of_cards(sweep: Sweep, seed: int, cards: Sequence[tuple[Point, Mapping[str, Any]]]) -> xr.Dataset:
    """The scorecards of a swept experiment over axes, seed, map and quantity: value, error, passed (nan: undecided)."""
    maps = list(dict.fromkeys(card_name(card) for _, card in cards))
    quantities = list(dict.fromkeys(_quantity(row) for _, card in cards for row in card["rows"]))
    shape = (*sweep.shape.values(), len(maps), len(quantities))
    arrays = {name: np.full(shape, np.nan) for name in ("value", "error", "passed")}
    for point, card in cards:
        for row in card["rows"]:
            place = (*point.place, maps.index(card_name(card)), quantities.index(_quantity(row)))
            numbers = {"value": row["value"], "error": row["error"], "passed": PASSED.get(row["outcome"])}
            for name, array in arrays.items():
                array[place] = np.nan if numbers[name] is None else numbers[name]
    dims = (*sweep.shape, "map", "quantity")
    return xr.Dataset(
        {name: (dims, array) for name, array in arrays.items()},
        coordinates(sweep, seed) | {"map": ("map", maps), "quantity": ("quantity", quantities)},
        {"sweep": json.dumps(sweep.model_dump(), default=list)},
    )


def write_results(folder: Path, parts: Mapping[str, xr.Dataset]) -> None:
    """Write results.nc, a group a part ("" is the root), and results.csv with a column `part`. Raises StoreError."""
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / RESULTS
        for name, part in parts.items():
            part.to_netcdf(made, engine="h5netcdf", group=name or None, mode="a" if made.exists() else "w")
        data = made.read_bytes()
    with writing(folder / RESULTS) as file:
        file.write(data)
    tables = [_table(name, part) for name, part in parts.items()]
    columns = [*dict.fromkeys(column for table in tables for column in table)]
    style = {"index": False, "float_format": "%.10g", "lineterminator": "\n"}
    lines = [table.reindex(columns=columns).to_csv(header=not n, **style) for n, table in enumerate(tables)]
    with writing(folder / TABLE) as file:
        file.write("".join(lines).encode())


def read_results(folder: Path, part: str = "") -> xr.Dataset:
    """One part of a run's results.nc, in memory; raises `Damaged` where it is none, OSError where it is missing."""
    path = folder / RESULTS
    with open(path, "rb"), parsed(path), xr.open_dataset(path, engine="h5netcdf", group=part or None) as stored:
        return stored.load()


def read_groups(folder: Path) -> dict[str, xr.Dataset]:
    """Every part of a run's results.nc, as `read_results` reads one, in the order of results.csv."""
    path = folder / RESULTS
    with open(path, "rb"), parsed(path), h5netcdf.File(path, "r") as file:
        names = [*file.groups] or [""]
    with open(folder / TABLE, newline="") as lines, parsed(folder / TABLE):  # HDF5 sorts groups by name
        order = dict.fromkeys(line["part"] for line in csv.DictReader(lines))
    return {name: read_results(folder, name) for name in dict.fromkeys([*order, *names])}


def _table(name: str, part: xr.Dataset) -> Any:
    """A pandas.DataFrame: part, dimensions, numbers, other coordinates; a row for each point with a number."""
    table = part.expand_dims(part=[name]).to_dataframe(dim_order=["part", *part.sizes])
    return table.dropna(how="all", subset=[*part.data_vars]).reset_index()


def _column(values: Sequence[Any]) -> Any:
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return np.asarray(values)
    return np.asarray(
        [value if isinstance(value, str) else json.dumps(value, default=list) for value in values], object
    )


def _quantity(row: Mapping[str, Any]) -> str:
    return f"{row['criterion']}: {row['quantity']}"
