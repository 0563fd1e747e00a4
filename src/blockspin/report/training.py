"""How training went: small panels over epochs, a quantity each, from the tables that RBMs keep."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from blockspin.report.axes import Scale, shown
from blockspin.report.lines import Panel, Point, line_plot
from blockspin.report.page import Figure

Table = Mapping[str, ArrayLike]

# column of a table: title, unit; the same quantity on held-out chains has "_validation" after its name
COLUMNS = {
    "weight_change": ("Weight change", "relative change per epoch"),
    "log_likelihood": ("Log-likelihood", "nats per site"),
    "pseudo_log_likelihood": ("Pseudo-log-likelihood", "nats per site"),
    "free_energy_gap": ("Free-energy gap, held out − training", "nats per sample"),
    "reconstruction_error": ("Reconstruction error", "mean squared, per site"),
}


def training(tables: Mapping[str, Table]) -> Figure:
    """A panel a quantity over epochs, a curve an RBM; tables: columns of one length, "epoch" among them.

    Held-out chains are dashed, and a ring is at the best held-out log-likelihood.
    What no RBM has gets no panel. Raises ValueError where "epoch" is missing, or no RBM has anything.
    """
    for name, table in tables.items():
        if "epoch" not in table:
            raise ValueError(f"the table of {name} must have a column epoch; got {', '.join(table)}")
    parts = []
    for column, (heading, unit) in COLUMNS.items():
        scale: Scale = "log" if column == "weight_change" else "linear"
        curves, held_out = (_curves(tables, name, scale) for name in (column, f"{column}_validation"))
        best = {name: max(some, key=lambda point: point[1]) for name, some in held_out.items()}
        parts.append(
            Panel(
                "epoch", unit, curves, heading, dashed=held_out, rings=best if column == "log_likelihood" else {},
                across=[(0.0, "")] if column == "free_energy_gap" else [], x_scale="from 0", y_scale=scale,
            )
        )  # fmt: skip
    return line_plot([part for part in parts if part.curves])


def _curves(tables: Mapping[str, Table], column: str, scale: Scale) -> dict[str, list[Point]]:
    """A column against the epoch, of the RBMs that have something there."""
    curves: dict[str, list[Point]] = {}
    for name, table in tables.items():
        values = np.asarray(table.get(column, []), float)
        seen = np.flatnonzero(shown(values, scale))
        if len(seen):
            curves[name] = [*zip(np.asarray(table["epoch"])[seen].tolist(), values[seen].tolist(), strict=True)]
    return curves
