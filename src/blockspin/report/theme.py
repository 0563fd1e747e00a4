"""How a name looks in every figure: colour, marker and line, in one place.

Colours are Okabe and Ito's, told apart by the colour-blind; a figure holds a stand-in for each, which the page's style
sheet gives its value in the light and in the dark scheme. Each name has a marker of its own too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# the stand-in that a figure draws with -> the colour of the page's style sheet
STAND_INS = {
    "#010101": "var(--ink)",
    "#020202": "var(--soft)",
    "#030303": "var(--line)",
    "#040404": "var(--grid)",
    "#050505": "var(--page)",
    "#060606": "var(--blue)",
    "#070707": "var(--vermilion)",
    "#080808": "var(--green)",
    "#090909": "var(--orange)",
    "#0a0a0a": "var(--purple)",
    "#0b0b0b": "var(--sky)",
    "#0c0c0c": "var(--grey)",
}
INK, SOFT, LINE, GRID, PAGE, BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, GREY = STAND_INS

DASHES = {"-": "", "--": "6 3", ":": "1.5 2.5"}  # matplotlib's line style -> SVG's stroke-dasharray


@dataclass(frozen=True)
class Style:
    """Colour (a stand-in), marker (matplotlib's letter) and line ("-", "--" or ":") of a name."""

    colour: str
    marker: str
    line: str = "-"


KNOWN = {
    "l1": Style(VERMILION, "o"),
    "l2": Style(BLUE, "s"),
    "none": Style(GREEN, "^"),
    "sklearn-default": Style(PURPLE, "D"),
    "sklearn-matched": Style(ORANGE, "v"),
    "majority": Style(INK, "P", "--"),
    "decimation": Style(SOFT, "X", "--"),
    "exact": Style(INK, "", "-"),
    "data": Style(INK, ".", "-"),
}
KINDS = {  # how a row of a kind looks where it is the kind that matters
    "learned": Style(VERMILION, "o"),
    "reference": Style(BLUE, "s"),
    "null": Style(GREY, "X"),
    "exact": Style(INK, "|"),
}
_OTHERS = (
    Style(SKY, "o", "--"),
    Style(GREY, "s", "--"),
    *(Style(s.colour, "h", ":") for s in list(KNOWN.values())[:5]),
)


def styles(names: Sequence[str]) -> dict[str, Style]:
    """A style a name: the known ones their own, the others what is left, in order."""
    chosen: dict[str, Style] = {}
    others = 0
    for name in dict.fromkeys(names):
        if name in KNOWN:
            chosen[name] = KNOWN[name]
        else:
            chosen[name] = _OTHERS[others % len(_OTHERS)]
            others += 1
    return chosen
