"""The page: one self-contained HTML file, readable offline and without scripts, on a phone and at a desk.

All text given here is escaped, except `Markup`, which only the modules of this package make.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape


@dataclass(frozen=True)
class Figure:
    """A picture with its caption: body is inline SVG or images, alt says in words what the picture shows."""

    body: Markup
    title: str
    caption: str
    alt: str


@dataclass(frozen=True)
class Table:
    """One or more HTML tables under a title; the caption says how to read them."""

    body: Markup
    title: str = ""
    caption: str = ""


@dataclass(frozen=True)
class Section:
    """A part of the page: a title, paragraphs that lead in, then blocks (a plain string is a paragraph)."""

    title: str
    lead: Sequence[str] = ()
    blocks: Sequence[Figure | Table | str] = ()


def render(
    title: str,
    summary: Sequence[str],
    sections: Sequence[Section],
    *,
    subtitle: str = "",
    facts: Mapping[str, str] | None = None,
    verdicts: Sequence[tuple[str, str]] = (),
    footer: str = "",
) -> str:
    """The page as HTML, the same bytes for the same input.

    summary: paragraphs that give the verdict in words, the first set large; verdicts: (name, verdict) pairs shown as
    badges beneath it; facts: a few numbers of the run beneath the title (lattice, K, samples), name -> text.
    Texts may write y_t, K_c, w^2, -> and +-: they are set as subscripts, superscripts and signs.
    Raises TypeError for a block that is no Figure, Table or string, and for a body that is not Markup.
    """
    for section in sections:
        for block in section.blocks:
            _check(block, section.title)
    page: str = template("page.html").render(
        title=title,
        subtitle=subtitle,
        summary=summary,
        facts=facts or {},
        verdicts=verdicts,
        sections=list(zip(_anchors(sections), sections, strict=True)),
        footer=footer,
        style=Markup((_TEMPLATES / "style.css").read_text(encoding="utf-8")),
    )
    return page


def template(name: str) -> Any:
    """A template of this package, with escaping on."""
    return _environment().get_template(name)


def prose(text: str) -> Markup:
    """Escaped text with physics set: y_t, K_c, Z_λ, H_RG, Tr_h, w^2, ->, +-, and a true minus before a digit."""
    safe = str(escape(text))
    safe = re.sub(r"\b([A-Za-zσξλ])_(RG|RBM|λ|[A-Za-z0-9])\b", r"<i>\1</i><sub>\2</sub>", safe)
    safe = re.sub(r"\bTr_([a-z])\b", r"Tr<sub>\1</sub>", safe)
    safe = re.sub(r"(?<=\w)\^(-?\d+|[A-Za-z])\b", r"<sup>\1</sup>", safe)
    return Markup(minus(safe).replace("-&gt;", "→").replace("+-", "±"))


def minus(text: str) -> str:
    """Text with a true minus sign before numbers that begin a word."""
    return re.sub(r"(?<![\w.)\]–-])-(?=\d)", "−", text)


CLASSES = {
    "renormalizes": "good",
    "reproduced": "good",
    "coarse-grains": "part",
    "partly": "part",
    "does not": "bad",
    "not reproduced": "bad",
}


def verdict_class(verdict: str) -> str:
    """The style class of a verdict or of a claim's status: good, part, bad or open."""
    return CLASSES.get(verdict, "open")


_TEMPLATES = Path(__file__).parent / "templates"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"prose": prose, "minus": minus, "verdict_class": verdict_class}
    environment.tests |= {"figure": lambda block: isinstance(block, Figure), "table": lambda b: isinstance(b, Table)}
    return environment


def _check(block: Any, where: str) -> None:
    if isinstance(block, str):
        return
    if not isinstance(block, Figure | Table):
        raise TypeError(
            f"a block of section {where!r} must be a Figure, a Table or a string; got {type(block).__name__}"
        )
    if not isinstance(block.body, Markup):
        raise TypeError(
            f"the body of {block.title!r} must be Markup made by blockspin.report; got {type(block.body).__name__}"
        )


def _anchors(sections: Sequence[Section]) -> list[str]:
    anchors: list[str] = []
    for section in sections:
        word = re.sub(r"[^a-z0-9]+", "-", section.title.lower()).strip("-") or "section"
        anchor, n = word, 2
        while anchor in anchors:
            anchor, n = f"{word}-{n}", n + 1
        anchors.append(anchor)
    return anchors
