"""Plots as inline SVG: text stays text, colours follow the page's scheme, the same bytes for the same plot."""

import hashlib
import io
import re
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.figure import Figure
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from blockspin.report.page import prose, signs
from blockspin.report.theme import DASHES, GRID, INK, SOFT, STAND_INS, Style

WIDTH = 5.0  # inches, that is 360 units of the picture: about the width of a phone's page in its pixels
NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
TEXT = 12.0  # text size in the same units, so about 12 px on a phone

_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "blockspin",
    "text.parse_math": False,
    "font.size": TEXT,
    "font.family": "DejaVu Sans",  # wider than the page's own letters, so that what fits here fits there
    "xtick.labelsize": TEXT - 1,
    "ytick.labelsize": TEXT - 1,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": GRID,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def plot(draw: Callable[[Any], None], *, alt: str, height: float, margins: Sequence[float]) -> Markup:
    """Inline SVG of what draw(axes) draws, `WIDTH` by height inches; alt is its description in words.

    margins: (left, right, bottom, top) in inches.
    """
    left, right, bottom, top = margins
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        figure = Figure(figsize=(WIDTH, height))
        draw(figure.add_axes((left / WIDTH, bottom / height, 1 - (left + right) / WIDTH, 1 - (bottom + top) / height)))
        written = io.StringIO()
        figure.savefig(written, format="svg", metadata=NO_METADATA, transparent=True)
    return _inline(written.getvalue(), alt)


def swatch(style: Style, *, line: bool = True) -> Markup:
    """A sample of a style for a legend: its line and its marker."""
    parts = []
    colour = STAND_INS[style.colour]
    left, width = (0, 36) if line else (11, 14)
    if line:
        dash = f' stroke-dasharray="{DASHES[style.line]}"' if DASHES[style.line] else ""
        parts.append(f'<path d="M1 7H35" stroke="{colour}" stroke-width="2.2" fill="none"{dash}/>')
    if style.marker:
        parts.append(f'<path d="{_outline(style.marker)}" fill="{colour}" stroke="{colour}"/>')
    size = f'viewBox="{left} 0 {width} 14" style="width:{width / 16:g}em"'
    return Markup(f'<svg {size} aria-hidden="true">{"".join(parts)}</svg>')


def legend(entries: Sequence[tuple[str, Style]], *, line: bool = True) -> Markup:
    """A legend outside the plots: (name, style) pairs that wrap on a narrow page."""
    items = [f"<li>{swatch(style, line=line)}<span>{prose(name)}</span></li>" for name, style in entries]
    return Markup(f'<ul class="legend">{"".join(items)}</ul>')


def panels(parts: Sequence[tuple[str, str, Markup]]) -> Markup:
    """(title, detail, body) panels in a grid: side by side on a desk, one under the other on a phone."""
    cells = []
    for title, detail, body in parts:
        small = f" <small>{prose(detail)}</small>" if detail else ""
        head = f"<h4>{prose(title)}{small}</h4>" if title else ""
        cells.append(f'<div class="panel">{head}{body}</div>')
    grid = "panels two" if len(parts) in (1, 2, 4) else "panels"
    return Markup(f'<div class="{grid}">{"".join(cells)}</div>')


def _outline(marker: str) -> str:
    """The path of matplotlib's marker about (18, 7), for legends."""
    shape = MarkerStyle(marker)
    placed = shape.get_transform() + Affine2D().scale(9, -9).translate(18, 7)
    letters = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE4: "C"}
    steps = shape.get_path().transformed(placed).iter_segments(simplify=False)
    return "".join(letters[c] + " ".join(f"{v:.3g}" for v in at) if c in letters else "Z" for at, c in steps)


def _inline(text: str, alt: str) -> Markup:
    mark = "f" + hashlib.sha256((text + alt).encode()).hexdigest()[:10]
    text = text[text.index("<svg") :]
    text = re.sub(r"<style .*?</style>", "", text, flags=re.S)  # in a page it would style every element of it
    text = re.sub(r"<!--.*?-->", "", text, flags=re.S)
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    text = re.sub(r'id="([^"]*)"', rf'id="{mark}-\1"', text)
    text = re.sub(r"url\(#([^)]*)\)", rf"url(#{mark}-\1)", text)
    text = re.sub(r'xlink:href="#([^"]*)"', rf'href="#{mark}-\1"', text)
    text = re.sub(r"font-family: [^;\"]*;? ?", "", text)
    text = re.sub(r"(<text[^>]*>)([^<]*)</text>", lambda found: f"{found[1]}{_subscripts(found[2])}</text>", text)
    for stand_in, colour in STAND_INS.items():
        text = text.replace(stand_in, colour)
    viewbox = re.search(r'viewBox="[^"]*"', text)
    assert viewbox is not None
    text = re.sub(
        r"<svg[^>]*>", f'<svg class="plot" {viewbox[0]} role="img" aria-label="{escape(alt)}">', text, count=1
    )
    return Markup(re.sub(r"\s*\n\s*", "\n", text).strip())


def _subscripts(text: str) -> str:
    return re.sub(
        r"\b([A-Za-zσξλ])_([A-Za-z0-9])\b",
        r'<tspan font-style="italic">\1</tspan><tspan dy="3" font-size="85%">\2</tspan><tspan dy="-3">&#8203;</tspan>',
        signs(text),
    )
