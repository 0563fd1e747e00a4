"""The words of a page: a text file with a title, paragraphs and sections, in which figures are called by name.

The file is a Jinja template. Its first line is ``# The title``; lines ``- name: text`` below it are the facts under the
title. Then comes the question, then the answer, all in paragraphs; a line ``## A section`` begins a section.
``{{ flow(run) }}`` in a paragraph of its own puts the figure or table there that the function returns; its title and
its caption may follow in the same paragraph: ``**The title** The caption.`` Anything else in braces is text.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from jinja2 import Environment, StrictUndefined

from blockspin.report.page import Block, Figure, Page, Section, Table

_FACTS = re.compile(r"\A\s*((?:- .+:.*\n\s*)*)")
_MARK = "\x00{}\x00"
_PLACED = re.compile(r"\x00(\d+)\x00(?: \*\*(.+?)\*\*(.*))?")


def read(template: str, names: Mapping[str, Any], facts: Mapping[str, str]) -> Page:
    """The page that a template gives with these names; facts: more of them, after its own.

    Raises ValueError where it has no title or no question, or where a figure shares a paragraph with text.
    """
    blocks: list[Figure | Table] = []

    def placed(value: Any) -> Any:
        if not isinstance(value, Figure | Table):
            return " ".join(str(value).replace("\x00", "").split())
        blocks.append(value)
        return _MARK.format(len(blocks) - 1)

    environment = Environment(finalize=placed, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    head, *rest = re.split(r"^## +", environment.from_string(template).render(names), flags=re.MULTILINE)
    title, _, opening = head.strip().partition("\n")
    _, listed, opening = _FACTS.split(opening, maxsplit=1)
    own = [
        line.removeprefix("- ").split(": ", 1)
        for line in map(str.strip, listed.splitlines())
        if line[-1:] not in ("", ":")
    ]
    question, *answer = _paragraphs(opening, blocks) or [""]
    if not title.startswith("# ") or not isinstance(question, str) or not question:
        raise ValueError("a page's words must begin with a line '# The title' and a paragraph that is its question")
    sections = []
    for part in rest:
        name, _, body = part.partition("\n")
        sections.append(Section(name.strip(), _paragraphs(body, blocks)))
    words = [block for block in answer if isinstance(block, str)]
    others = [block for block in answer if not isinstance(block, str)]
    if len(others) > 1 or any(isinstance(block, Table) for block in others):
        raise ValueError("a page opens with one figure; tables and other figures belong into its sections")
    picture = next((block for block in others if isinstance(block, Figure)), None)
    return Page(title.removeprefix("# ").strip(), question, words, picture, sections, {**dict(own), **facts})


def _paragraphs(text: str, blocks: list[Figure | Table]) -> list[Block]:
    paragraphs = (" ".join(part.split()) for part in re.split(r"\n\s*\n", text))
    return [_block(one, blocks) for one in paragraphs if one]


def _block(paragraph: str, blocks: list[Figure | Table]) -> Block:
    mark = _PLACED.fullmatch(paragraph)
    if mark is None:
        if "\x00" in paragraph:
            said = re.sub(r"\x00\d+\x00", "{{ ... }}", paragraph)
            raise ValueError(f"a figure is alone in its paragraph, or before **a title** and a caption; got {said!r}")
        return paragraph
    number, title, caption = mark.groups()
    block = blocks[int(number)]
    return block if title is None else replace(block, title=title, caption=caption.strip() or block.caption)
