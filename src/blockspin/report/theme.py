"""How a name looks in every figure of every page: colour, marker and line, in one place.

Colours are Okabe and Ito's, which the colour-blind distinguish; a figure holds a stand-in for each, which the style
sheet gives its value in the light and in the dark scheme. No two maps have both colour and marker in common.
"""

from collections.abc import Iterable
from dataclasses import dataclass

NAMES = "ink soft line grid page blue vermilion green orange purple sky grey"  # of the page's colours
# the stand-in that a figure draws with -> the colour of the page's style sheet
STAND_INS = {f"#{n:02x}{n:02x}{n:02x}": f"var(--{name})" for n, name in enumerate(NAMES.split(), start=1)}
INK, SOFT, LINE, GRID, PAGE, BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, GREY = STAND_INS

DASHES = {"-": "", "--": "6 3", ":": "1.5 2.5", "-.": "6 2.5 1.5 2.5"}  # matplotlib's line -> SVG's stroke-dasharray


@dataclass(frozen=True)
class Style:
    """Colour (a stand-in), marker (matplotlib's letter) and line (a key of DASHES) of a name."""

    colour: str
    marker: str
    line: str = "-"


KNOWN = {
    # block rules are grey
    "majority": Style(INK, "P", "--"),
    "decimation": Style(SOFT, "X", "--"),
    "threshold": Style(GREY, "s", "--"),
    "weighted-majority": Style(GREY, "D", "--"),
    # learned maps
    "l1": Style(VERMILION, "o"),
    "l2": Style(BLUE, "s"),
    "none": Style(GREEN, "^"),
    "sklearn-default": Style(PURPLE, "D"),
    "sklearn-matched": Style(ORANGE, "v"),
    "autoencoder": Style(SKY, "^"),
    "autoencoder-l2": Style(SKY, "v"),
    "autoencoder-l1": Style(SKY, "o"),
    "rbm-convolutional": Style(SKY, "p"),
    "pca": Style(BLUE, "v"),
    "random-projection": Style(PURPLE, "<"),
    "bond RBM": Style(SKY, "s"),
    "sublattice RBM": Style(GREEN, "D"),
    "maximum likelihood": Style(ORANGE, "o"),
    "CD-1": Style(PURPLE, "h"),
    "self-similar": Style(VERMILION, "*"),
    # what maps are held against
    "data": Style(INK, "."),
    "block centres": Style(GREY, "+"),
    "from below Kc": Style(BLUE, "h"),
    "from Kc": Style(INK, "s", "--"),
    "from above Kc": Style(VERMILION, "^"),
    "fixed point": Style(GREEN, "P"),
}
SAME = {
    "rbm-l1": "l1",
    "rbm-none": "none",
    "majority rule": "majority",
    "PCA": "pca",
    "likelihood": "maximum likelihood",
}  # a map under another name
SPARE = [
    Style(colour, marker, line)
    for line in ("-", ":")
    for colour, marker in (
        (BLUE, "o"), (VERMILION, "D"), (GREEN, "s"), (ORANGE, "^"), (PURPLE, "v"), (SKY, "h"), (GREY, "X"), (SOFT, "P"),
    )
]  # fmt: skip
EXACT = [Style(INK, "", "--"), Style(INK, "", ":"), Style(SOFT, "", "-."), Style(SOFT, "", "-")]


def known(name: str) -> Style | None:
    """The look that a name has in every figure, and a null ("l1, untrained") of its map; None for other names."""
    first = name.partition(", ")[0]
    return KNOWN.get(SAME.get(first, first))


def styles(names: Iterable[str]) -> dict[str, Style]:
    """A style a name: the known ones their own, the others what is left, in order.

    Raises ValueError where more names have no style of their own than can be distinguished.
    """
    chosen: dict[str, Style] = {}
    every = list(dict.fromkeys(names))
    for name in every:
        own = KNOWN.get(SAME.get(name, name))
        if own is not None and own not in chosen.values():
            chosen[name] = own
    others = [name for name in every if name not in chosen]
    left = [style for style in SPARE if style not in chosen.values()]
    if len(others) > len(left):
        raise ValueError(f"at most {len(left)} more curves are distinguished; got {len(others)}: {', '.join(others)}")
    return {name: (chosen | dict(zip(others, left, strict=False)))[name] for name in every}


def dashed(names: Iterable[str]) -> dict[str, Style]:
    """Lines without points, one a name, for curves that are exact. Raises ValueError for more than there are."""
    every = list(dict.fromkeys(names))
    if len(every) > len(EXACT):
        raise ValueError(f"at most {len(EXACT)} exact curves are distinguished; got {len(every)}: {', '.join(every)}")
    return dict(zip(every, EXACT, strict=False))
