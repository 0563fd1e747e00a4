"""Pictures of lattices: configurations, fields of weights and reconstructions, as small images inside the page.

A field of shape (Lx, Ly) is drawn with x to the right and y upwards, as the centres of fields are.
"""

from __future__ import annotations

import base64
import math
import struct
import zlib
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from markupsafe import Markup, escape
from numpy.typing import ArrayLike, NDArray

from blockspin.report.page import Figure
from blockspin.report.svg import panels

Bytes = NDArray[np.uint8]

SIGNED = "RdBu_r"  # zero is white; the page turns it to black in the dark scheme
LEVELS = 201  # an odd number, so that zero has a level of its own
SPINS = ((0x2B, 0x3A, 0x55), (0xF3, 0xEE, 0xE0))  # -1 dark, +1 light, in either scheme
TILE = 120  # pixels across a field's picture, at least


def configurations(
    images: ArrayLike,
    titles: Sequence[str],
    *,
    title: str = "",
    caption: str = "Light sites are +1, dark sites are -1.",
    alt: str | None = None,
) -> Figure:
    """Lattices of spins -1/+1, shape (n, Lx, Ly), as crisp pixels, each with its title.

    Raises ValueError where the shape does not fit, where there is not a title an image, or a value is no spin.
    """
    spins = _stack(images, "configurations")
    if len(titles) != len(spins):
        raise ValueError(f"configurations need a title an image: {len(spins)} images; got {len(titles)} titles")
    if not np.isin(spins, (-1, 1)).all():
        raise ValueError(f"configurations are made of -1 and +1; got values from {spins.min():g} to {spins.max():g}")
    cells = "".join(
        f"<div>{_image(png(picture(spin) > 0, SPINS), str(name))}<span>{escape(name)}</span></div>"
        for spin, name in zip(spins, titles, strict=True)
    )
    words = alt or f"{len(spins)} configurations of {_shape(spins)} spins: {', '.join(map(str, titles))}"
    return Figure(Markup(f'<div class="tiles">{cells}</div>'), title, caption, words)


def weights(
    fields_by_variant: Mapping[str, ArrayLike],
    *,
    count: int = 12,
    columns: int = 4,
    choose: str = "strongest",
    scale: str = "common",
    limit: float | None = None,
    unit: str = "weight",
    title: str = "Receptive fields",
    caption: str = "Each square is the lattice as one unit sees it; red weights are positive, blue negative.",
    alt: str | None = None,
) -> Figure:
    """Fields (n_units, Lx, Ly) of each variant, `count` of them, on one symmetric colour scale.

    choose "strongest" takes the largest norms, "evenly" units spread over that order from strongest to weakest.
    scale "common" shares a scale, up to limit or, where None, to the largest of the variants' 99.9th percentiles of
    abs(w); "own" gives each variant its own and writes it beside its name.
    Raises ValueError for a choice that does not exist or a shape that does not fit.
    """
    _one_of("choose", choose, ("strongest", "evenly"))
    _one_of("scale", scale, ("common", "own"))
    stacks = {name: _stack(fields, name).astype(float) for name, fields in fields_by_variant.items()}
    limits = {name: _limit(fields) for name, fields in stacks.items()}
    shared = limit if limit is not None else max(limits.values(), default=1.0)
    parts = []
    for name, fields in stacks.items():
        top = shared if scale == "common" else limits[name]
        shown = chosen(fields, count, choose)
        words = f"{len(shown)} of {len(fields)} fields of {name}"
        detail = f"{len(shown)} of {len(fields)} units" + ("" if scale == "common" else f", ±{top:.2g}")
        parts.append((name, detail, _mosaic(fields[shown], columns, top, words)))
    bar = (
        colour_bar(shared, unit) if scale == "common" else colour_bar(None, f"{unit}, each variant to its own largest")
    )
    words = alt or f"Receptive fields of {', '.join(stacks)}, red positive and blue negative"
    return Figure(bar + panels(parts), title, caption, words)


def effective_fields(
    fields_by_layer: Mapping[str, ArrayLike],
    *,
    count: int = 12,
    columns: int = 4,
    choose: str = "strongest",
    title: str = "Effective fields, layer by layer",
    caption: str = (
        "Each square is the whole lattice as one unit of that layer sees it: the product of the weight matrices up to "
        "the layer. Each layer has its own colour scale: sizes are to be compared, not strengths."
    ),
    alt: str | None = None,
) -> Figure:
    """Effective fields (n_units, Lx, Ly) of each layer of one stack, each layer on its own symmetric scale."""
    made = weights(fields_by_layer, count=count, columns=columns, choose=choose, scale="own", unit="effective weight")
    words = alt or f"Effective fields of {', '.join(fields_by_layer)}, red positive and blue negative"
    return Figure(made.body, title, caption, words)


def reconstructions(
    originals: ArrayLike,
    by_layer: Mapping[str, ArrayLike],
    *,
    limits: tuple[float, float] = (-1.0, 1.0),
    title: str = "Reconstructions",
    caption: str = "Held-out samples and what the stack makes of them from each layer on, as mean values (grey).",
    alt: str | None = None,
) -> Figure:
    """Rows of samples: the original (n, Lx, Ly) and its reconstruction from each layer, grey between the limits.

    Raises ValueError where a layer's reconstructions do not have the shape of the originals.
    """
    first = _stack(originals, "originals").astype(float)
    columns = {"original": first}
    for name, values in by_layer.items():
        stack = _stack(values, name).astype(float)
        if stack.shape != first.shape:
            raise ValueError(
                f"reconstructions of {name} must have the originals' shape {first.shape}; got {stack.shape}"
            )
        columns[name] = stack
    low, high = limits
    heads = "".join(f'<span class="head">{escape(name)}</span>' for name in columns)
    ramp = [tuple(round(a + (b - a) * i / 255) for a, b in zip(*SPINS, strict=True)) for i in range(256)]
    cells = []
    for row in range(len(first)):
        for name, stack in columns.items():
            level = np.clip((picture(stack[row]) - low) / (high - low) * 255, 0, 255).round().astype(np.uint8)
            cells.append(_image(png(level, ramp), f"sample {row + 1}, {name}"))
    style = f"grid-template-columns:repeat({len(columns)},minmax(0,1fr))"
    words = alt or f"{len(first)} samples beside their reconstructions from {', '.join(by_layer)}"
    return Figure(Markup(f'<div class="shots" style="{style}">{heads}{"".join(cells)}</div>'), title, caption, words)


def chosen(fields: ArrayLike, count: int, choose: str) -> NDArray[np.intp]:
    """Which units to show: the strongest by norm, or evenly spread over that order; ties keep the units' order."""
    stack = np.asarray(fields, float)
    norms = np.linalg.norm(stack.reshape(len(stack), -1), axis=1)
    order: NDArray[np.intp] = np.argsort(-norms, kind="stable").astype(np.intp)
    if choose == "evenly" and len(order) > count:
        order = order[np.linspace(0, len(order) - 1, count).round().astype(int)]
    return order[:count]


def picture(field: NDArray[np.float64]) -> NDArray[np.float64]:
    """A field (Lx, Ly) as the rows of an image: x to the right, y upwards."""
    return field.T[::-1]


def colour_bar(limit: float | None, unit: str) -> Markup:
    """The symmetric colour scale from -limit to limit, or from "-largest" to "largest" where None."""
    stops = ",".join(
        f"rgb{tuple(_signed_palette()[i])}".replace(" ", "") for i in np.linspace(0, LEVELS - 1, 21).astype(int)
    )
    low, high = ("−", "+") if limit is None else (f"−{limit:.2g}", f"+{limit:.2g}")
    return Markup(
        f'<div class="scale" role="img" aria-label="colour scale from {low} (blue) through 0 to {high} (red)">'
        f'<span>{low}</span><span class="ramp signed" style="background:linear-gradient(90deg,{stops})"></span>'
        f'<span>{high}</span><span class="unit">{escape(unit)}</span></div>'
    )


def png(levels: NDArray[np.generic], palette: Sequence[tuple[int, ...]], *, opacity: Sequence[int] = ()) -> bytes:
    """A palette PNG of integer levels (rows, columns): one bit a pixel for two colours, else eight.

    opacity: 0 to 255 for each colour, where they are not all opaque. Source: PNG specification (W3C, 2003), 9 and 11.
    """
    rows = np.asarray(levels).astype(np.uint8)
    height, width = rows.shape
    bits = 1 if len(palette) <= 2 else 8
    packed = np.packbits(rows, axis=1) if bits == 1 else rows
    lines = np.concatenate([np.zeros((height, 1), np.uint8), packed], axis=1)  # filter 0 before every line
    again = 1 + np.flatnonzero((packed[1:] == packed[:-1]).all(axis=1))
    lines[again] = [2, *[0] * packed.shape[1]]  # filter 2: nothing but the line above
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 3, 0, 0, 0)),
        (b"PLTE", bytes(int(part) for colour in palette for part in colour)),
        *([(b"tRNS", bytes(opacity))] if opacity else []),
        (b"IDAT", zlib.compress(lines.tobytes(), 9)),
        (b"IEND", b""),
    ]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def _mosaic(fields: NDArray[np.float64], columns: int, limit: float, words: str) -> Markup:
    count, Lx, Ly = fields.shape
    enlarge = max(1, math.ceil(TILE / max(Lx, Ly)))
    wide, high, gap = Lx * enlarge + 2, Ly * enlarge + 2, enlarge
    frame, clear, half = LEVELS, LEVELS + 1, (LEVELS - 1) // 2
    sheet = np.full((math.ceil(count / columns) * (high + gap) - gap, columns * (wide + gap) - gap), clear, np.uint8)
    for index, field in enumerate(fields):
        level = np.clip(np.nan_to_num(picture(field)) / limit, -1, 1) * half + half
        tile = np.kron(level.round().astype(np.uint8), np.ones((enlarge, enlarge), np.uint8))
        top, left = (index // columns) * (high + gap), (index % columns) * (wide + gap)
        sheet[top : top + high, left : left + wide] = frame
        sheet[top + 1 : top + high - 1, left + 1 : left + wide - 1] = tile
    grey = (128, 128, 128)
    return _image(
        png(sheet, [*_signed_palette(), grey, grey], opacity=[*[255] * LEVELS, 110, 0]), words, "mosaic signed"
    )


def _image(data: bytes, words: str, style: str = "") -> Markup:
    address = base64.b64encode(data).decode()
    width, height = struct.unpack(">II", data[16:24])
    label = f' class="{style}"' if style else ""
    return Markup(
        f'<img{label} src="data:image/png;base64,{address}" alt="{escape(words)}" width="{width}" height="{height}">'
    )


def _signed_palette() -> list[tuple[int, ...]]:
    colours = mpl.colormaps[SIGNED](np.linspace(0, 1, LEVELS))[:, :3]
    return [tuple(int(part) for part in colour) for colour in (colours * 255).round()]


def _limit(fields: NDArray[np.float64]) -> float:
    size = np.abs(fields[np.isfinite(fields)])
    top = float(np.percentile(size, 99.9)) if size.size else 0.0
    return top or (float(size.max()) if size.size and size.max() > 0 else 1.0)


def _stack(values: ArrayLike, what: str) -> NDArray[np.float64]:
    stack = np.asarray(values)
    if stack.ndim != 3 or not stack.size:
        raise ValueError(f"pictures of {what} must have shape (n, Lx, Ly); got {stack.shape}")
    return stack


def _shape(stack: NDArray[np.float64]) -> str:
    return f"{stack.shape[1]} x {stack.shape[2]}"


def _one_of(name: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}; got {value!r}")
