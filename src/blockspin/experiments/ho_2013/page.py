"""The figures and tables of the page; its words are in page.md."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from blockspin.experiments.core import Run
from blockspin.experiments.ho_2013.data import restored
from blockspin.experiments.ho_2013.findings import NONE, Findings, Machine
from blockspin.experiments.ho_2013.settings import IMAGES
from blockspin.experiments.stored import Array
from blockspin.report.axes import Scale
from blockspin.report.lines import Panel, line_plot
from blockspin.report.page import Figure, Table
from blockspin.report.pictures import reconstructions, weights
from blockspin.report.tables import table
from blockspin.statistics import mean_over_seeds

WORDS = {"natural": "patches of photographs", "digits": "handwritten digits"}
GREY = {"natural": (-2.0, 2.0), "digits": (0.0, 1.0)}  # black and white of a reconstruction
SHOWN, SEEN = 16, 3  # filters of an RBM; images with their reconstructions
COLUMNS: dict[str, Callable[[Findings, Machine], ArrayLike]] = {
    "living": lambda some, one: some(one, "living"),
    "participation": lambda some, one: some(one, "participation"),
    "window share": lambda some, one: some(one, "window"),
    "shuffled": lambda some, one: some(one, "window", "shuffled"),
    "undone": lambda some, one: some(one, "window", "restored"),
    "radius": lambda some, one: some(one, "radius"),
    "alike": lambda some, one: some(one, "alike"),
    "zeros, %": lambda some, one: 100 * some(one, "zeros"),
    "largest |w|": lambda some, one: some(one, "largest"),
    "gain, mnats": lambda some, one: 1e3 * some.gain(one),
    "gap, mnats": lambda some, one: 1e3 * (some(one, "training") - some(one, "held_out")),
    "reconstruction": lambda some, one: some(one, "reconstruction"),
    "last epoch, %": lambda some, one: 100 * some(one, "weight_change"),
}


def filters(run: Run, data: str) -> Figure:
    """The filters of the RBMs that are compared, on one scale."""
    some = Findings(run, data)
    fields = {str(one): _upright(_weights(run, data, IMAGES, one), some) for one in _compared(some)}
    return weights(fields, count=SHOWN)


def living(run: Run, data: str) -> str:
    """How many units of each of these RBMs live."""
    some = Findings(run, data)
    return "; ".join(f"{one}: {mean_over_seeds(some(one, 'living'))}" for one in _compared(some))


def seen(run: Run, data: str) -> Figure:
    """A few held-out images and what these RBMs make of them."""
    some, arrays = Findings(run, data), run["measured"][data][IMAGES][0].arrays
    made = {str(one): arrays["reconstructions"][some.machines.index(one), :SEEN] for one in _compared(some)}
    return reconstructions(
        _upright(arrays["originals"][:SEEN], some),
        {name: _upright(images, some) for name, images in made.items()},
        limits=GREY[data],
    )


def price(run: Run, data: str) -> Figure:
    """Locality against held-out quality for the whole scan."""
    return line_plot([_panel(Findings(run, data), size) for size in ("window", "participation")])


def _panel(some: Findings, size: str) -> Panel:
    side, paths = some.metas[0]["window"], {}
    for penalty in ("l2", "l1", "none"):
        path = [NONE, *some.family(penalty)] if penalty != "none" else [NONE]
        pairs = [
            (mean_over_seeds(100 * some.gain(one) / some.gain(NONE)), mean_over_seeds(some(one, size))) for one in path
        ]
        paths[penalty] = [(x.value, y.value, y.error, x.error) for x, y in pairs]
    random = float(some.common(size, "untrained").mean())
    lines = [(random, "random weights"), (some.halfway(size).mean(), "halfway to a window")]
    axis = f"share of w² in {side} × {side} pixels" if size == "window" else "pixels"
    scale: Scale = "log" if size == "participation" else "linear"
    return Panel("held-out gain kept, %", axis, paths, size.capitalize(), across=lines, y_scale=scale)


def permuted(run: Run, data: str) -> Figure:
    """Filters of L1 on images, on permuted images, and these with the permutation undone."""
    some = Findings(run, data, "permuted")
    (l1,) = some.family("l1")
    apart = _weights(run, data, "permuted", l1)
    back = restored(apart, "permuted", run.plan["trained"][data]["permuted"][0].settings["seed"])
    fields = {"images": _weights(run, data, IMAGES, l1), "pixels permuted": apart, "permutation undone": back}
    return weights({name: _upright(own, some) for name, own in fields.items()}, count=SHOWN)


def numbers(run: Run, data: str) -> Table:
    """Every RBM of the scan and of the controls."""
    kinds = {control: Findings(run, data, control) for control in (IMAGES, *run.settings.controls)}
    rows = [
        (f"{control}, {one}", *(mean_over_seeds(column(some, one)) for column in COLUMNS.values()))
        for control, some in kinds.items()
        for one in some.machines
    ]
    return table(("data and RBM", *COLUMNS), rows, wide=True)


def rounded(values: Array) -> str:
    """The mean over seeds in words, or a dash."""
    return f"{values.mean():.0f}" if np.isfinite(values.mean()) else "–"


def _compared(some: Findings) -> list[Machine]:
    return [NONE, *(one for one in (some.chosen("l2"), some.chosen("l1")) if one is not None)]


def _weights(run: Run, data: str, control: str, machine: Machine) -> Array:
    """The weights (M, N) of the first repetition's RBM."""
    index = Findings(run, data, control).machines.index(machine)
    return np.asarray(run["trained"][data][control][0].arrays["weights"][index])


def _upright(rows: Array, some: Findings) -> Array:
    """Rows of pixels as the report draws fields: x to the right, y upwards."""
    return np.reshape(rows, (-1, *some.metas[0]["shape"]))[:, ::-1].transpose(0, 2, 1)
