"""Results on matplotlib's axes, with the colours and markers that their names have on the pages."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

from blockspin.report.theme import SOFT, SPARE, STAND_INS, known
from blockspin.statistics import Estimate

_STYLE = Path(__file__).with_name("templates").joinpath("style.css").read_text()
_LIGHT = dict(re.findall(r"(--\w+): (#\w{6})", _STYLE.partition("@media")[0]))
COLOURS = {stand_in: _LIGHT[variable[4:-1]] for stand_in, variable in STAND_INS.items()}


def curves(rows: Iterable[dict[str, Any]], x: str, axes: Any) -> Any:
    """The values of rows by their column x, a line for all that agree in the other columns; axes: None for new ones."""
    axes = plt.subplots(layout="constrained")[1] if axes is None else axes
    points: dict[str, list[Any]] = {}
    for row in rows:
        at, y = row.pop(x), row.pop("value")
        name = ", ".join(f"{key} {one:.6g}" if isinstance(one, float) else f"{key} {one}" for key, one in row.items())
        points.setdefault(name, []).append((at, y.value, y.error))
    for name, some in points.items():
        axes.errorbar(*zip(*some, strict=True), marker="o", capsize=2, label=name)
    axes.set_xlabel(x)
    axes.legend()
    return axes


def forest(rows: list[tuple[str, str, Estimate | None]], axes: Any, label: str) -> Any:
    """Estimates from top to bottom, (name, words, estimate or None), against 0; axes: None for new ones."""
    axes = plt.subplots(figsize=(6.4, 1 + 0.3 * len(rows)), layout="constrained")[1] if axes is None else axes
    own = [name for name in dict.fromkeys(name for name, _, _ in rows) if known(name) is None]
    for place, (name, _, one) in enumerate(rows):
        look = known(name) or SPARE[own.index(name) % len(SPARE)]
        if one is not None:
            axes.errorbar(one.value, place, None, one.error, look.marker, color=COLOURS[look.colour], capsize=2)
    axes.set_yticks(range(len(rows)), [words for _, words, _ in rows])
    axes.invert_yaxis()
    axes.axvline(0, color=COLOURS[SOFT], zorder=0)
    axes.set_xlabel(label)
    return axes
