"""What a drawing shows, read off its SVG in the units of its axes, by the ticks and their labels."""

from __future__ import annotations

import math
import re

import numpy as np

NUMBER = r"(-?[\d.]+(?:e-?\d+)?)"
Place = tuple[float, float]


class Drawing:
    """One plot of a figure's body: the points and bars of a colour ("vermilion"), and the lines between points."""

    def __init__(self, body: str, *, which: int = 0, log: str = "") -> None:
        self.text = re.findall(r'<svg class="plot".*?</svg>', body, re.S)[which]
        ticks = re.findall(
            rf'<use [^>]*x="{NUMBER}" y="{NUMBER}" style="fill: var\(--soft\)[^>]*/>\s*</g>\s*</g>\s*<g>\s*'
            r"<text [^>]*text-anchor: (middle|end)[^>]*>([^<]*)<",
            self.text,
        )
        self.scales = {}
        for axis, anchor, column in (("x", "middle", 0), ("y", "end", 1)):
            found = [(float(tick[column]), number(tick[3])) for tick in ticks if tick[2] == anchor]
            self.scales[axis] = ([(px, math.log10(v)) for px, v in found] if axis in log else found, axis in log)

    def at(self, x: str | float, y: str | float) -> Place:
        """Data coordinates of a place in the picture."""
        return self._value("x", float(x)), self._value("y", float(y))

    def _value(self, axis: str, place: float) -> float:
        ticks, log = self.scales[axis]
        if not ticks:  # rows of a forest have no scale
            return place
        (low, first), (high, last) = ticks[0], ticks[-1]
        value = first + (place - low) * (last - first) / (high - low)
        return 10**value if log else value

    def points(self, colour: str) -> list[Place]:
        """Where markers of a colour stand."""
        found = re.findall(rf'<use [^>]*x="{NUMBER}" y="{NUMBER}" style="fill: var\(--{colour}\)', self.text)
        return [self.at(x, y) for x, y in found]

    def bars(self, colour: str) -> list[tuple[Place, Place]]:
        """Both ends of every error bar of a colour."""
        found = re.findall(
            rf'd="M {NUMBER} {NUMBER}\s*L {NUMBER} {NUMBER}\s*"[^>]*stroke: var\(--{colour}\); stroke-width: 1.[58]"',
            self.text,
        )
        return [(self.at(*bar[:2]), self.at(*bar[2:])) for bar in found]

    def lines(self, colour: str) -> list[list[Place]]:
        """The corners of every line of a colour, apart where it is broken."""
        paths = re.findall(rf'd="(M [^"]*)"[^>]*fill: none; [^"]*stroke: var\(--{colour}\); stroke-width', self.text)
        parts = [part for path in paths for part in path.split("M")[1:]]
        found = [[self.at(*pair) for pair in re.findall(rf"{NUMBER} {NUMBER}", part)] for part in parts]
        return [line for line in found if len(line) > 1]


def number(label: str) -> float:
    """The value of a tick's label."""
    plain = label.replace("−", "-").translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    found = re.fullmatch(r"(?:([\d.]+)·)?10([-\d]+)", plain) if set(label) & set("⁻⁰¹²³⁴⁵⁶⁷⁸⁹") else None
    return float(found[1] or 1) * 10.0 ** int(found[2]) if found else float(plain)


def same(one: object, other: object) -> bool:
    """Whether places agree to the rounding of a picture."""
    return bool(np.allclose(np.array(one, float), np.array(other, float), rtol=2e-4, atol=2e-4))
