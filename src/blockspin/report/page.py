"""The page: one self-contained HTML file, readable offline and without scripts, on a phone and at a desk.

All text given here is escaped, except `Markup`, which only the modules of this package make. Terms of glossary.md are
buttons that open their explanation, where they occur first in a section; the page closes with those that occur.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape


@dataclass(frozen=True)
class Figure:
    """A picture: body is inline SVG or images, each with words that say what it shows; page.md gives the rest."""

    body: Markup
    title: str = ""
    caption: str = ""


@dataclass(frozen=True)
class Table:
    """One or more HTML tables under a title; the caption says how to read them. open: not folded."""

    body: Markup
    title: str = ""
    caption: str = ""
    open: bool = False


Block = Figure | Table | str


@dataclass(frozen=True)
class Section:
    """A part of the page: its first figure and its paragraphs are seen, other figures and tables are folded."""

    title: str
    blocks: Sequence[Block] = ()

    def __post_init__(self) -> None:
        for block in self.blocks:
            if not isinstance(block, Figure | Table | str):
                kind = type(block).__name__
                raise TypeError(f"a block of section {self.title!r} must be a Figure, a Table or a string; got {kind}")
            if not isinstance(block, str) and not isinstance(block.body, Markup):
                kind = type(block.body).__name__
                raise TypeError(f"the body of {block.title!r} must be Markup made by blockspin.report; got {kind}")

    @property
    def shown(self) -> list[Block]:
        """What the section opens with: the first figure, tables that are not folded, then paragraphs."""
        first = [block for block in self.blocks if isinstance(block, Figure)][:1]
        tables = [block for block in self.blocks if isinstance(block, Table) and block.open]
        return [*first, *tables, *(block for block in self.blocks if isinstance(block, str))]

    @property
    def folded(self) -> list[Figure | Table]:
        """The figures and tables that a reader unfolds."""
        shown = [id(block) for block in self.shown]
        return [block for block in self.blocks if not isinstance(block, str) and id(block) not in shown]


@dataclass(frozen=True)
class Page:
    """A page's words and figures: question, answer, one picture that shows it, then sections.

    facts: a few numbers of the run beneath the title (lattice, K, samples), name -> text.
    """

    title: str
    question: str
    answer: Sequence[str]
    picture: Figure | None = None
    sections: Sequence[Section] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


def render(page: Page) -> str:
    """The page as HTML, the same bytes for the same input.

    Texts may write y_t, K_c, w^2, -> and +-: they are set as subscripts, superscripts and signs.
    Raises TypeError for a block that is no Figure, Table or string, and for a body that is not Markup.
    """
    sections = [*zip(_anchors(page.sections), page.sections, strict=True)]
    return explained(str(filled("page.html", page=page, sections=sections)))


def filled(template: str, **values: Any) -> Markup:
    """A template of this package with these values, which are escaped."""
    return Markup(_ENVIRONMENT.get_template(template).render(values))


def prose(text: str) -> Markup:
    """Escaped text with physics set: y_t, Kc, Z_λ, H_RG, Tr_h, w^2, nu, ->, +-, 2 x 2, and true minus signs."""
    safe = re.sub(r"`([^`]+)`", r"<code>\1</code>", signs(str(escape(text))))
    safe = re.sub(r"\b(\d[\d.]*)e\+?(-?)0*(\d+)\b", r"\1·10^\2\3", safe)
    safe = re.sub(r"(?<=\w)\^(-?\w+)", lambda power: f"<sup>{power[1].replace('-', '−')}</sup>", safe)
    safe = re.sub(r"\b([A-Za-zσξλ])_(RG|RBM|λ|[A-Za-z0-9])\b", r"<i>\1</i><sub>\2</sub>", safe)
    safe = re.sub(r"\bTr_([a-z])\b", r"Tr<sub>\1</sub>", safe)
    safe = re.sub(r"(?<=\d) ?[x×] ?(?=\d)", "\u00a0×\u00a0", safe)  # not broken into two lines
    safe = re.sub(r"(?<=\d) (?=%|of \d)|(?<=\d of) (?=\d)", "\u00a0", safe)
    return Markup(minus(safe).replace(" - ", " − ").replace("-&gt;", "→").replace("+-", "±"))


def signs(text: str) -> str:
    """Text with ν and ∞ for nu and inf, and K_c and T_c for Kc and Tc."""
    return re.sub(r"\b([KT])c\b", r"\1_c", re.sub(r"\bnu\b", "ν", re.sub(r"\binf\b", "∞", text)))


def minus(text: str) -> str:
    """Text with a true minus sign before numbers that begin a word."""
    return re.sub(r"(?<![\w.)\]–-])-(?=\d)", "−", text)


CLASSES = {
    "renormalizes": "good",
    "reproduced": "good",
    "renormalizes roughly": "part",
    "coarse-grains": "part",
    "partly": "part",
    "does not": "bad",
    "not reproduced": "bad",
}


def verdict_class(verdict: str) -> str:
    """The style class of a verdict or of a claim's status: good, part, bad or open."""
    return CLASSES.get(verdict, "open")


_ENVIRONMENT = Environment(
    loader=PackageLoader(__package__),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters |= {"prose": prose, "verdict_class": verdict_class}
_ENVIRONMENT.tests |= {"figure": lambda block: isinstance(block, Figure), "table": lambda b: isinstance(b, Table)}

_TEXT = re.compile(r"(?s)(<p(?: class=.(?:subtitle|caption).)?>|<figcaption>|<th scope=.col.>)(.*?)(?=</(?:p|fig|th))")
_TERM = Markup('<button type="button" class="term" popovertarget="{}" title="{}">{}</button>')


@cache
def _glossary() -> tuple[dict[str, tuple[Markup, Markup]], dict[str, str], re.Pattern[str]]:
    """Entries (term, sentence) by their anchors; the anchor of each form of a term as pages write it; all of these."""
    entries: dict[str, tuple[Markup, Markup]] = {}
    forms: dict[str, str] = {}
    for line in Path(__file__).with_name("glossary.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("- "):
            names, _, sentence = line.removeprefix("- ").partition(": ")
            anchor = "term-" + re.sub(r"\W+", "-", names.partition(", ")[0].lower()).strip("-")
            entries[anchor] = (prose(names.partition(", ")[0]), prose(sentence))
            for name in names.split(", "):
                forms |= {str(prose(one + s)): anchor for one in (name, name[0].upper() + name[1:]) for s in ("", "s")}
    some = "|".join(map(re.escape, sorted(forms, key=len, reverse=True)))
    return entries, forms, re.compile(rf"(?<![\w-])(?<!<sub>)(?:{some})(?!\w)|<[^>]*>")


def explained(html: str) -> str:
    """The page with its terms explained; only text of this package's templates is looked at."""
    entries, forms, pattern = _glossary()
    found: set[str] = set()

    def section(part: str) -> str:
        seen: set[str] = set()

        def term(match: re.Match[str]) -> str:
            anchor = forms.get(match[0])
            if anchor is None or anchor in seen:
                return match[0]
            seen.add(anchor)
            found.add(anchor)
            return _TERM.format(anchor, entries[anchor][1].replace("<sub>", "_").striptags(), Markup(match[0]))

        return _TEXT.sub(lambda words: words[1] + pattern.sub(term, words[2]), part)

    html = "".join(map(section, re.split(r"(?=<section id=)", html)))
    if not found:
        return html.replace('<li><a href="#glossary">Glossary</a></li>\n', "")
    closing = filled("glossary.html", entries={anchor: some for anchor, some in entries.items() if anchor in found})
    return html.replace("</main>", f"{closing}\n</main>")


def _anchors(sections: Sequence[Section]) -> list[str]:
    anchors: list[str] = []
    for section in sections:
        word = re.sub(r"[^a-z0-9]+", "-", section.title.lower()).strip("-") or "section"
        anchor, n = word, 2
        while anchor in anchors:
            anchor, n = f"{word}-{n}", n + 1
        anchors.append(anchor)
    return anchors
