"""Pictures of lattices: configurations, fields of weights and reconstructions, as small images inside the page.

A field of shape (Lx, Ly) is drawn with x to the right and y upwards, as the centres of fields are.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from typing import Literal

import matplotlib as mpl
import numpy as np
from markupsafe import Markup, escape
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from blockspin.arrays import Array
from blockspin.report.page import Figure
from blockspin.report.svg import panels

Palette = Sequence[tuple[int, ...]]

LEVELS = 201  # of weights, an odd number, so that zero has a level of its own
# zero is white; the page turns it to black in the dark scheme
SIGNED: Palette = [
    tuple(map(int, rgb)) for rgb in mpl.colormaps["RdBu_r"](np.linspace(0, 1, LEVELS), bytes=True)[:, :3]
]
SPINS: Palette = ((0x2B, 0x3A, 0x55), (0xF3, 0xEE, 0xE0))  # -1 dark, +1 light, in either scheme
TILE = 120  # pixels across a field's picture, at least


def configurations(images: ArrayLike, titles: Sequence[str]) -> Figure:
    """Lattices of spins -1/+1, shape (n, Lx, Ly), as crisp pixels, each with its title.

    Raises ValueError where the shape does not fit, where there is not a title an image, or a value is no spin.
    """
    spins = _stack(images, "configurations")
    if len(titles) != len(spins):
        raise ValueError(f"configurations need a title an image: {len(spins)} images; got {len(titles)} titles")
    if not np.isin(spins, (-1, 1)).all():
        raise ValueError(f"configurations are made of -1 and +1; got values from {spins.min():g} to {spins.max():g}")
    cells = "".join(
        f"<div>{_image(upright(spin) > 0, SPINS, name)}<span>{escape(name)}</span></div>"
        for spin, name in zip(spins, titles, strict=True)
    )
    return Figure(Markup(f'<div class="tiles">{cells}</div>'))


def weights(
    fields: Mapping[str, ArrayLike],
    *,
    count: int = 12,
    columns: int = 4,
    choose: Literal["strongest", "evenly"] = "strongest",
    scale: Literal["common", "own"] = "common",
    unit: str = "weight",
) -> Figure:
    """Fields (n_units, Lx, Ly) by name, `count` of each, red positive and blue negative.

    choose "strongest" takes the largest norms, "evenly" units spread over that order from strongest to weakest.
    scale "common" shares one up to the largest of the 99.9th percentiles of abs(w); "own" gives each name its own.
    Raises ValueError for a shape that does not fit.
    """
    stacks = {name: _stack(some, name).astype(float) for name, some in fields.items()}
    tops = {name: _top(stack) for name, stack in stacks.items()}
    if scale == "common":
        tops = dict.fromkeys(tops, max(tops.values(), default=1.0))
    parts = []
    for name, stack in stacks.items():
        units = chosen(stack, count, choose)
        detail = f"{len(units)} of {len(stack)} units, ±{tops[name]:.2g}"
        parts.append((name, detail, _mosaic(stack[units], columns, tops[name], f"{len(units)} fields of {name}")))
    bar = _colour_bar(unit if scale == "common" else f"{unit}, each panel to its own largest")
    return Figure(bar + panels(parts))


def reconstructions(
    originals: ArrayLike,
    made: Mapping[str, ArrayLike],
    *,
    limits: tuple[float, float] = (-1.0, 1.0),
) -> Figure:
    """Rows of samples: the original (n, Lx, Ly) and what each name makes of it, grey between the limits.

    Raises ValueError where what is made does not have the shape of the originals.
    """
    stacks = {name: _stack(some, name).astype(float) for name, some in {"original": originals, **made}.items()}
    shape = stacks["original"].shape
    for name, stack in stacks.items():
        if stack.shape != shape:
            raise ValueError(f"reconstructions of {name} must have the originals' shape {shape}; got {stack.shape}")
    ramp = [tuple(round(a + (b - a) * i / 255) for a, b in zip(*SPINS, strict=True)) for i in range(256)]
    low, high = limits
    cells = [f'<span class="head">{escape(name)}</span>' for name in stacks]
    for row in range(shape[0]):
        for name, stack in stacks.items():
            level = np.nan_to_num((upright(stack[row]) - low) / (high - low) * 255)
            cells.append(_image(np.clip(level, 0, 255).round(), ramp, f"sample {row + 1}, {name}"))
    style = f"grid-template-columns:repeat({len(stacks)},minmax(0,1fr))"
    return Figure(Markup(f'<div class="shots" style="{style}">{"".join(cells)}</div>'))


def chosen(fields: Array, count: int, choose: str) -> NDArray[np.intp]:
    """Which units to show: the strongest by norm, or evenly spread over that order; ties keep the units' order."""
    norms = np.linalg.norm(fields.reshape(len(fields), -1), axis=1)
    order: NDArray[np.intp] = np.argsort(-norms, kind="stable").astype(np.intp)
    if choose == "evenly" and len(order) > count:
        order = order[np.linspace(0, len(order) - 1, count).round().astype(int)]
    return order[:count]


def upright(field: Array) -> Array:
    """A field (Lx, Ly) as the rows of an image: x to the right, y upwards."""
    return field.T[::-1]


def png(levels: Array, palette: Palette, *, opacity: Sequence[int] = ()) -> bytes:
    """A palette PNG of levels (rows, columns), the same bytes on every call: one bit a pixel for two colours, else 8.

    opacity: 0 to 255 for each colour, where they are not all opaque.
    """
    image = Image.fromarray(np.asarray(levels).astype(np.uint8))
    image.putpalette(bytes(part for colour in palette for part in colour))
    written = io.BytesIO()
    told = {"transparency": bytes(opacity)} if opacity else {}
    image.save(written, "PNG", optimize=False, bits=1 if len(palette) <= 2 else 8, compress_level=9, **told)
    return written.getvalue()


def _image(levels: Array, palette: Palette, words: str, style: str = "", opacity: Sequence[int] = ()) -> Markup:
    address = base64.b64encode(png(levels, palette, opacity=opacity)).decode()
    height, width = levels.shape
    label = f' class="{style}"' if style else ""
    return Markup(
        f'<img{label} src="data:image/png;base64,{address}" alt="{escape(words)}" width="{width}" height="{height}">'
    )


def _mosaic(fields: Array, columns: int, top: float, words: str) -> Markup:
    count, Lx, Ly = fields.shape
    enlarge = max(1, math.ceil(TILE / max(Lx, Ly)))
    wide, high, gap = Lx * enlarge + 2, Ly * enlarge + 2, enlarge
    frame, clear, half = LEVELS, LEVELS + 1, (LEVELS - 1) // 2
    sheet = np.full((math.ceil(count / columns) * (high + gap) - gap, columns * (wide + gap) - gap), clear, np.uint8)
    for index, field in enumerate(fields):
        level = np.clip(np.nan_to_num(upright(field)) / top, -1, 1) * half + half
        tile = np.kron(level.round().astype(np.uint8), np.ones((enlarge, enlarge), np.uint8))
        y, x = (index // columns) * (high + gap), (index % columns) * (wide + gap)
        sheet[y : y + high, x : x + wide] = frame
        sheet[y + 1 : y + high - 1, x + 1 : x + wide - 1] = tile
    grey = (128, 128, 128)
    return _image(sheet, [*SIGNED, grey, grey], words, "mosaic signed", [*[255] * LEVELS, 110, 0])


def _colour_bar(unit: str) -> Markup:
    stops = ",".join("rgb({},{},{})".format(*SIGNED[i]) for i in np.linspace(0, LEVELS - 1, 21).astype(int))
    return Markup(
        '<div class="scale" role="img" aria-label="colour scale from blue, negative, through 0 to red, positive">'
        f'<span>−</span><span class="ramp signed" style="background:linear-gradient(90deg,{stops})"></span>'
        f'<span>+</span><span class="unit">{escape(unit)}</span></div>'
    )


def _top(fields: Array) -> float:
    """The 99.9th percentile of abs(w); where that is 0 the largest; where nothing is left, 1."""
    size = np.abs(fields[np.isfinite(fields)])
    top = float(np.percentile(size, 99.9)) if size.size else 0.0
    return top or float(size.max(initial=0.0)) or 1.0


def _stack(values: ArrayLike, what: str) -> Array:
    stack = np.asarray(values)
    if stack.ndim != 3 or not stack.size:
        raise ValueError(f"pictures of {what} must have shape (n, Lx, Ly); got {stack.shape}")
    return stack
